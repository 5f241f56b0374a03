//! Templates that would overflow the stack or never end.

use super::*;
use crate::prompt::code;

/// Refused with this code, rather than running on.
fn refused(template: &str, list: &[(&str, &str)], code: &str) {
    let error = compile_with(template, None, list).expect_err("refused");
    assert!(error.starts_with(code), "{error}");
}

#[test]
fn what_is_too_deep_is_refused() {
    let blocks = |count: usize| format!("{}{}", "{{#if x}}".repeat(count), "{{/if}}".repeat(count));
    refused(&blocks(10_000), &[], "P108");
    refused(&blocks(101), &[], "P108 10:905");
    assert!(compile(&blocks(100)).is_ok());
    refused(&"{{#if x}}".repeat(1_000), &[], "P108");
    refused(
        &format!("{{{{#if x}}}}{}{{{{/if}}}}", "{{else if x}}".repeat(500)),
        &[],
        "P108",
    );

    let calls = |count: usize| format!("{{{{{}x{}}}}}", "upper (".repeat(count), ")".repeat(count));
    refused(&calls(10_000), &[], "P108");
    refused(
        &format!("{{{{upper {}", "(upper ".repeat(10_000)),
        &[],
        "P101",
    );
    assert_eq!(render(&calls(50), json!({"x": "a"})).as_deref(), Ok("A"));
    refused(
        &format!("{{{{json {}{}}}}}", "[".repeat(10_000), "]".repeat(10_000)),
        &[],
        "P108",
    );
}

#[test]
fn the_deepest_that_is_allowed_fits_the_stack() {
    let deep = format!(
        "{}{{{{{}x{}}}}}{}",
        "{{#if x}}".repeat(100),
        "upper (".repeat(50),
        ")".repeat(50),
        "{{/if}}".repeat(100)
    );
    assert_eq!(render(&deep, json!({"x": "a"})).as_deref(), Ok("A"));
    let list = [("p", deep.as_str())];
    refused(
        &format!(
            "{}{{{{> p}}}}{}",
            "{{#if x}}".repeat(60),
            "{{/if}}".repeat(60)
        ),
        &list,
        "P108",
    );
}

#[test]
fn what_is_too_large_is_refused() {
    refused(&"{{x}}".repeat(2_001), &[], "P108 10:10005");
    refused(&format!("{}{{{{x}}}}", "a".repeat(1_000_001)), &[], "P108");
    refused(&"a".repeat(10_000_001), &[], "P108");
    refused(&"{{".repeat(5_000_000), &[], "P108");
    refused(&format!("{{{{{}}}}}", "x ".repeat(40_000)), &[], "P108");
    refused(&"{{".repeat(400_000), &[], "P101");
    let plain = "a\n".repeat(4_000_000);
    assert_eq!(
        render(&plain, json!({})).map(|text| text.len()),
        Ok(plain.len())
    );
    let jinja = "{% if ".repeat(1_000_000);
    assert!(compile(&jinja).is_ok());
}

#[test]
fn partials_that_multiply_are_refused() {
    let names: Vec<String> = (0..60).map(|at| format!("p{at}")).collect();
    let chain: Vec<(String, String)> = (0..60)
        .map(|at| (names[at].clone(), format!("{{{{> p{}}}}}", at + 1)))
        .collect();
    let chain: Vec<(&str, &str)> = chain
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    refused("{{> p0}}", &chain, "P108");
    let doubling: Vec<(String, String)> = (0..40)
        .map(|at| {
            (
                names[at].clone(),
                format!("{{{{> p{0}}}}}{{{{> p{0}}}}}", at + 1),
            )
        })
        .collect();
    let doubling: Vec<(&str, &str)> = doubling
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    refused("{{> p0}}", &doubling, "P10");
}

#[test]
fn loops_that_multiply_end() {
    let loops = format!(
        "{}{}",
        "{{#each @root.xs}}".repeat(30),
        "{{/each}}".repeat(30)
    );
    let error = error(&loops, json!({"xs": [1, 2, 3]}));
    assert!(error.starts_with("P108"), "{error}");
}

#[test]
fn helpers_that_multiply_end_before_they_make_what_they_are_asked_for() {
    let list: Vec<Value> = (0..1_000).map(|at| json!(format!("item {at}\n"))).collect();
    let values = json!({"xs": list, "x": "a\n".repeat(1_000), "n": 1e300, "deep": {"a": {"b": {"c": [1, 2, 3]}}}});
    let joins = "(join xs separator=".repeat(20);
    for template in [
        format!("{{{{join xs separator={joins}x{}}}}}", ")".repeat(20)),
        format!("{{{{{}indent x 1000{}}}}}", "indent (".repeat(20), ") 1000".repeat(20)),
        format!("{{{{{}deep{} indent=1000}}}}", "json (json ", " indent=1000)"),
        "{{#each xs}}{{#each @root.xs}}{{json @root.xs indent=1000}}{{/each}}{{/each}}".to_owned(),
        "{{#each xs}}{{#each @root.xs}}{{#if (json @root)}}{{/if}}{{/each}}{{/each}}".to_owned(),
        "{{#each xs}}{{#each @root.xs}}{{#if (eq @root @root)}}{{/if}}{{/each}}{{/each}}".to_owned(),
        "{{#each xs}}{{#each @root.xs}}{{#with (default @root.xs)}}{{/with}}{{/each}}{{/each}}"
            .replace("default @root.xs", "default @root.xs 1"),
        "{{#each xs}}{{#each @root.xs}}{{#if (upper (join @root.xs))}}{{/if}}{{/each}}{{/each}}".to_owned(),
        "{{#with (join xs) as |t|}}{{#each @root.xs}}{{#each @root.xs}}{{t}}{{/each}}{{/each}}{{/with}}".to_owned(),
        "{{#each xs}}{{#each @root.xs}}{{currency @root.n thousands=@root.x digits=20}}{{/each}}{{/each}}".to_owned(),
        "{{#each xs}}{{#each @root.xs}}{{truncate (join @root.xs) 3}}{{/each}}{{/each}}".to_owned(),
    ] {
        let error = render(&template, values.clone()).map(|text| text.len());
        let Err(error) = error else {
            // What a tag with few lines makes is small.
            assert!(template.starts_with("{{json"), "{template}: {error:?}");
            continue;
        };
        assert!(error.starts_with("P108 "), "{template}: {error}");
    }
    let format = error("{{date \"2026-11-20\" (join xs)}}", values);
    assert!(format.starts_with("P1"), "{format}");
}

#[test]
fn an_indented_partial_cannot_multiply_its_indentation() {
    let list = [("p", "{{#each xs}}a\n{{/each}}")];
    let template = format!("{}{{{{> p}}}}\n", " ".repeat(60_000));
    let values = json!({"xs": vec![1; 5_000]});
    let compiled = compile_with(&template, None, &list).expect("a template");
    let error = compiled
        .render(values.as_object().unwrap())
        .expect_err("too much");
    assert_eq!(error.code, code::TEMPLATE_TOO_COMPLEX);
}

#[test]
fn all_messages_together_have_one_budget() {
    let message = "  - {role: user, content: \"{{#each xs}}{{@root.x}}{{/each}}\"}\n";
    let text = format!("messages:\n{}", message.repeat(20));
    let document = crate::prompt::document::parse(&text).expect("a prompt");
    let compiled = Compiled::new(&document, &Partials::default()).expect("templates");
    let values = json!({"xs": vec![1; 3_000], "x": "a".repeat(1_000)});
    let error = compiled
        .render(values.as_object().unwrap())
        .expect_err("too much");
    assert_eq!(error.code, code::TEMPLATE_TOO_COMPLEX);
    assert!(error.span.is_some());
}

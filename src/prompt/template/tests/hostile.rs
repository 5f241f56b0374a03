//! Templates that would overflow the stack or never end.

use super::*;

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

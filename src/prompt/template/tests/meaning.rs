//! What templates mean.

use super::*;

#[track_caller]
fn means(template: &str, values: Value, expected: &str) {
    assert_eq!(
        render(template, values).as_deref(),
        Ok(expected),
        "{template}"
    );
}

#[test]
fn values_print_as_they_are() {
    means("{{x}}", json!({"x": "a < b & \"c\""}), "a < b & \"c\"");
    means("{{{x}}} {{&x}}", json!({"x": "<b>"}), "<b> <b>");
    means("{{x}}", json!({"x": "{{y}} \\{{z}}"}), "{{y}} \\{{z}}");
    means("{{x}}", json!({"x": 3}), "3");
    means("{{x}}", json!({"x": 0.1}), "0.1");
    means("{{x}}", json!({"x": true}), "true");
    means("{{x}}", json!({"x": [1, "a", null]}), "[1,\"a\",null]");
    means(
        "{{x}}",
        json!({"x": {"b": 1, "a": [2]}}),
        "{\"b\":1,\"a\":[2]}",
    );
    means("[{{x}}]", json!({"x": ""}), "[]");
}

#[test]
fn spellings_that_people_use_mean_the_variable() {
    means(
        "{{CAPITAL}}|{{ spaced }}|{{.input}}|{{ .input }}|{{with-dash}}",
        json!({"CAPITAL": 1, "spaced": 2, "input": 3, "with-dash": 4}),
        "1|2|3|3|4",
    );
    // Names of helpers, of blocks and of the parser's own words are names of variables too.
    means(
        "{{title}} {{date}} {{json}} {{if}} {{elsewhere}} {{null}}",
        json!({"title": 1, "date": 2, "json": 3, "if": 4, "elsewhere": 5, "null": 6}),
        "1 2 3 4 5 6",
    );
    means(
        "{{#if x}}{{elsewhere}}{{/if}}",
        json!({"x": 1, "elsewhere": 5}),
        "5",
    );
    means(
        "{{größe}} {{$json.id}} {{1}}",
        json!({"größe": 1, "$json": {"id": 2}, "1": 3}),
        "1 2 3",
    );
}

#[test]
fn paths_lead_into_values() {
    let values = json!({"user": {"name": "Ada", "a b": 1, "tags": ["x", "y"]}, "n": 0});
    means(
        "{{user.tags.length}}{{#if user.tags.length}}!{{/if}}",
        values.clone(),
        "2!",
    );
    means(
        "{{user.name}} {{user/name}} {{user.tags.1}} {{user.[a b]}} {{user.tags.[0]}}",
        values.clone(),
        "Ada Ada y 1 x",
    );
    means(
        "{{this.user.name}} {{./user.name}} {{@root.user.name}}",
        values.clone(),
        "Ada Ada Ada",
    );
    means(
        "{{#with user}}{{name}} {{this.name}} {{../n}} {{@root.n}}{{/with}}",
        values,
        "Ada Ada 0 0",
    );
}

#[test]
fn loops_know_where_they_are() {
    let values = json!({"xs": ["a", "b"], "map": {"k": 1, "l": 2}, "none": []});
    means(
        "{{#each xs}}{{@index}}{{@key}}{{this}}{{@first}}{{@last}};{{/each}}",
        values.clone(),
        "00atruefalse;11bfalsetrue;",
    );
    means(
        "{{#each map}}{{@key}}={{this}}{{#unless @last}},{{/unless}}{{/each}}",
        values.clone(),
        "k=1,l=2",
    );
    means(
        "{{#each map}}{{@index}}{{.}}{{/each}}",
        values.clone(),
        "0112",
    );
    means(
        "{{#each none}}x{{else}}empty{{/each}}",
        values.clone(),
        "empty",
    );
    means(
        "{{#each xs as |x i|}}{{i}}{{x}}{{/each}}",
        values.clone(),
        "0a1b",
    );
    means(
        "{{#each map as |v k|}}{{k}}{{v}}{{/each}}",
        values.clone(),
        "k1l2",
    );
    means(
        "{{#each xs}}{{#each ../map}}{{@../index}}{{@key}}{{../this}} {{/each}}{{/each}}",
        values.clone(),
        "0ka 0la 1kb 1lb ",
    );
    means(
        "{{#each xs as |x|}}{{#with @root.map}}{{x}}{{k}}{{@index}}{{/with}}{{/each}}",
        values,
        "a10b11",
    );
}

#[test]
fn conditions_choose() {
    let template = "{{#if a}}A{{else if b}}B{{else unless c}}C{{else}}D{{/if}}";
    means(template, json!({"a": 1, "b": 1, "c": 1}), "A");
    means(template, json!({"a": 0, "b": 1, "c": 1}), "B");
    means(template, json!({"a": "", "b": [], "c": {}}), "C");
    means(template, json!({"a": null, "b": false, "c": 1}), "D");
    means(
        "{{#if n includeZero=true}}zero{{/if}}",
        json!({"n": 0}),
        "zero",
    );
    means(
        "{{#if (and (gt n 1) (not (eq s \"x\")))}}yes{{/if}}",
        json!({"n": 2, "s": "y"}),
        "yes",
    );
    means(
        "{{#if a}}{{else}}{{#if b}}x{{else if c}}y{{/if}}{{/if}}",
        json!({"a": 0, "b": 0, "c": 1}),
        "y",
    );
    means(
        "{{#with n}}{{this}}{{else}}-{{/with}}",
        json!({"n": 0}),
        "0",
    );
    means("{{#unless a}}no{{^}}yes{{/unless}}", json!({"a": 1}), "yes");
}

#[test]
fn text_stays_as_it_is_written() {
    means("{", json!({}), "{");
    means("", json!({}), "");
    means("a { b } }} \\ \\n", json!({}), "a { b } }} \\ \\n");
    means("\\{{x}} {{x}} \\\\{{x}}", json!({"x": 1}), "{{x}} 1 \\1");
    means("only \\{{x}}", json!({}), "only {{x}}");
    means(
        "{{{{raw}}}}{{x}} {{#if}}{{{{/raw}}}}{{y}}",
        json!({"y": 1}),
        "{{x}} {{#if}}1",
    );
    means("a{{! no {{x }}b{{!-- {{x}} }} --}}c", json!({}), "abc");
    means(
        "a\r\n{{#if x}}\r\nb\r\n{{/if}}\r\nc",
        json!({"x": 1}),
        "a\r\nb\r\nc",
    );
    means(
        "a\n  {{#each x}}\n  - {{this}}\n  {{/each}}\nc\n",
        json!({"x": [1, 2]}),
        "a\n  - 1\n  - 2\nc\n",
    );
    means("a {{~x~}} b", json!({"x": 1}), "a1b");
    means(
        "Größe: {{x}} – 漢字 {{x}}",
        json!({"x": "é"}),
        "Größe: é – 漢字 é",
    );
}

#[track_caller]
fn includes(template: &str, list: &[(&str, &str)], values: Value, expected: &str) {
    assert_eq!(
        render_all(template, None, list, values).as_deref(),
        Ok(expected),
        "{template}"
    );
}

#[test]
fn partials_are_put_in_place() {
    let list = [
        ("tone", "Be {{how}}.\n"),
        ("a/b", "[{{> c}}]"),
        ("c", "{{x}}"),
        ("lines", "1\n{{x}}\n"),
    ];
    includes(
        "{{> tone}}\nGo.",
        &list,
        json!({"how": "kind"}),
        "Be kind.\nGo.",
    );
    includes(
        "{{> tone how=\"short\"}}Go.",
        &list,
        json!({}),
        "Be short.\nGo.",
    );
    includes(
        "{{> a/b}}{{> \"a/b\"}}{{> 'a/b'}}{{~> c ~}} {{>c}}",
        &list,
        json!({"x": 1}),
        "[1][1][1]11",
    );
    includes("{{> a/b x=y}}", &list, json!({"y": 2}), "[2]");
    includes("{{> c user}}", &list, json!({"user": {"x": 3}}), "3");
    includes(
        "{{#each us}}{{> c}}{{/each}}",
        &list,
        json!({"us": [{"x": 1}, {"x": 2}]}),
        "12",
    );
    // Every line of a partial that stands alone is indented, and only then.
    includes(
        "-\n  {{> lines}}\nx {{> lines}}",
        &list,
        json!({"x": "a\nb"}),
        "-\n  1\n  a\n  b\nx 1\na\nb\n",
    );
}

#[test]
fn partial_blocks_and_inline_partials() {
    let list = [
        ("layout", "<{{> @partial-block}}|{{#> nav}}none{{/nav}}>"),
        ("bare", "{{#> @partial-block}}-{{/@partial-block}}"),
    ];
    includes(
        "{{#> layout}}{{x}}{{/layout}}",
        &list,
        json!({"x": 1}),
        "<1|none>",
    );
    includes(
        "{{#> layout}}{{#*inline \"nav\"}}N{{x}}{{/inline}}b{{/layout}}",
        &list,
        json!({"x": 1}),
        "<b|N1>",
    );
    includes(
        "{{#> \"layout\"}}b{{/layout}}{{#> layout}}c{{/}}",
        &list,
        json!({}),
        "<b|none><c|none>",
    );
    includes("{{> bare}}{{#> bare}}b{{/bare}}", &list, json!({}), "-b");
    includes(
        "{{#*inline \"i\"}}({{v}}){{/inline}}{{> i v=1}}{{> i v=x}}",
        &list,
        json!({"x": 2}),
        "(1)(2)",
    );
    includes(
        "{{#> gone}}fallback {{x}}{{/gone}}",
        &list,
        json!({"x": 2}),
        "fallback 2",
    );
}

#[test]
fn a_partial_sees_its_context_and_not_the_block_parameters_outside() {
    let list = [("up", "{{../n}}"), ("x", "{{x}}")];
    includes(
        "{{#each xs}}{{> up}}{{/each}}",
        &list,
        json!({"xs": [1], "n": 5}),
        "5",
    );
    includes(
        "{{#each xs}}{{> up v=1}}{{/each}}",
        &list,
        json!({"xs": [{"n": 6}], "n": 5}),
        "6",
    );
    let outside = render_all(
        "{{#each xs as |x|}}{{> x}}{{/each}}",
        None,
        &list,
        json!({"xs": [{}]}),
    );
    assert!(outside.is_err_and(|error| error.starts_with("P102")));
}

#[test]
fn every_text_of_a_message_is_a_template() {
    let mut document = document(&["{{a}}"], None);
    let Entry::Message(message) = &mut document.messages[0] else {
        panic!("a message");
    };
    message.is_plain = false;
    message.parts.push(Part::Image {
        source: Attachment::Url(text("https://{{host}}/x")),
        detail: Some("low".to_owned()),
    });
    message.parts.push(Part::File {
        source: Attachment::Path(text("{{file}}.pdf")),
        filename: Some(text("{{name}}")),
    });
    let compiled = Compiled::new(&document, &Partials::new()).expect("compiles");
    let names: Vec<&str> = compiled
        .variables()
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["a", "host", "file", "name"]);
    let values = json!({"a": 1, "host": "h", "file": "f", "name": "n"});
    let messages = compiled.render(&object(values)).expect("renders");
    assert_eq!(
        messages[0].to_json(),
        json!({"role": "user", "content": [
            {"type": "text", "text": "1"},
            {"type": "image", "url": "https://h/x", "detail": "low"},
            {"type": "file", "path": "f.pdf", "filename": "n"},
        ]})
    );
}

#[test]
fn partials_are_gathered_through_each_other() {
    let document = document(&["{{> a}} {{> gone}} {{! {{> no}} }}"], None);
    let files = partials(&[
        ("a", "{{> b}}"),
        ("b", "{{> a}} {{> c}}"),
        ("c", ""),
        ("d", ""),
    ]);
    let found =
        gather(&document, |name| Ok::<_, String>(files.get(name).cloned())).expect("no error");
    assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    let failed = gather(&document, |name| Err::<Option<Partial>, _>(name.to_owned()));
    assert!(failed.is_err());
}

#[test]
fn inclusions_are_found_without_parsing() {
    let text = "{{> a}}{{>b}}{{~> c}}{{#> d}}{{/d}}{{> \"e/f\" x=1}} {{! {{> g}} }}{{!-- }} {{> h}} --}}\
        \\{{> i}} {{{{raw}}}}{{> j}}{{{{/raw}}}}{{#*inline \"k\"}}{{> l}}{{/inline}}{{> k}}{{> @partial-block}}{{> (m)}}{{x \"{{> n}}\"}}";
    let found = inclusions(text);
    let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e/f", "l"]);
    assert!(found.iter().all(|one| text[one.offset..].starts_with("{{")));
}

#[test]
fn a_placeholder_is_filled_with_messages_that_are_no_templates() {
    let mut document = document(&["Hi {{name}}", "{{ask}}"], None);
    document
        .messages
        .insert(1, Entry::Placeholder(text("history")));
    let compiled = Compiled::new(&document, &Partials::new()).expect("compiles");
    let variables: Vec<_> = compiled
        .variables()
        .iter()
        .map(|one| (one.name.as_str(), one.required))
        .collect();
    assert_eq!(
        variables,
        [("name", true), ("history", false), ("ask", true)]
    );
    let render = |history: Value| {
        let mut values = object(json!({"name": "Ada", "ask": "{{x}}"}));
        values.insert("history".to_owned(), history);
        compiled.render(&values)
    };
    let told = |history: Value| -> Vec<String> {
        let messages = render(history).expect("renders");
        messages
            .iter()
            .map(|it| format!("{} {}", it.role, it.text()))
            .collect()
    };
    assert_eq!(
        told(json!([{"role": "assistant", "content": "{{name}} {{> gone}} \\{{"}])),
        [
            "user Hi Ada",
            "assistant {{name}} {{> gone}} \\{{",
            "user {{x}}"
        ]
    );
    for none in [json!([]), json!(null)] {
        assert_eq!(told(none), ["user Hi Ada", "user {{x}}"]);
    }
    let absent = object(json!({"name": "Ada", "ask": "?"}));
    assert_eq!(compiled.render(&absent).expect("renders").len(), 2);
    assert_eq!(
        render(json!("Hi")).expect_err("no list").code,
        crate::prompt::code::BAD_MESSAGES
    );
    let many = vec![json!({"role": "user", "content": "Hi"}); 10_000];
    assert_eq!(render(json!(many)).expect("renders").len(), 10_002);
    let large = json!([{"role": "user", "content": "x".repeat(41_000_000)}]);
    assert_eq!(
        render(large).expect_err("too much").code,
        crate::prompt::code::TEMPLATE_TOO_COMPLEX
    );
}

//! The readers of `promptctl help services` beside `promptctl render`: a table of hostile templates
//! and values, which both must fill in alike or refuse, and templates that are too large or too deep.

use serde_json::json;

use super::services::{Reader, rendered, snapshot};
use crate::env::TestEnv;

/// A schema of `x`, a template, and values of `x` as JSON.
const TABLE: &[(&str, &str, &[&str])] = &[
    (
        "",
        "{{abs x}}",
        &["\"1e999\"", "\"@long\"", "1e999", "\"-0\"", "\"1e30\""],
    ),
    (
        "",
        "{{round x}}",
        &["\"1e999\"", "1e30", "\"100000000000000000000\""],
    ),
    ("", "{{currency x}}", &["\"1e999\"", "1e21"]),
    ("", "{{percent x}}", &["\"1e999\"", "0.125"]),
    (
        "",
        "{{#if (gt x 1)}}a{{else}}b{{/if}}",
        &["\"1e999\"", "\"-1e999\"", "\"1e3\""],
    ),
    (
        "",
        "{{json x}}",
        &[
            "\"@deep\"",
            "\"@nan\"",
            "\"\\ud800\"",
            "{\"\\ud800\": 1}",
            "\"@nested\"",
            "\"@fits\"",
            "{\"__proto__\": {\"a\": 1}}",
        ],
    ),
    (
        "type: number",
        "{{x}}",
        &[
            "\"@long\"",
            "\"@blanks\"",
            "\"-0\"",
            "\"1e999\"",
            "\" 1.5\\n\"",
            "1000000000000000000000000000000",
            "\"1000000000000000000000000000000\"",
        ],
    ),
    (
        "type: integer",
        "{{x}}",
        &[
            "\"1000000000000000000000000000000\"",
            "\"-0\"",
            "\"18446744073709551616\"",
            "\"12\"",
            "\"@long\"",
            "1000000000000000000000000000000",
        ],
    ),
    (
        "",
        "{{datetime x}}",
        &[
            "\"\u{662}\u{660}\u{662}\u{666}-01-02\"",
            "\"\u{ff12}026-01-02\"",
            "\"2026-01-02T03:04:05+10:99\"",
            "\"2026-01-02T03:04:05+10:59\"",
            "\"2026-01-02T03:04:05+24:00\"",
            "\"2026-01-02T03:04:60Z\"",
            "\"2026-01-02T03:04:61Z\"",
            "\"9999-12-31T23:59:60-23:59\"",
            "\"9999-12-31\"",
            "253402207200",
            "253402207201",
            "0.9999999999",
            "0.9999996",
            "-0.5",
            "-1e-11",
            "\"@long\"",
            "1e300",
            "\"-0\"",
        ],
    ),
    (
        "",
        "{{date x tz=\"Europe/Berlin\" format=\"%F %T %z\"}}",
        &[
            "-2500000000",
            "\"1890-10-10\"",
            "\"2026-03-29T02:30:00\"",
            "\"2026-10-25T02:30:00\"",
        ],
    ),
    (
        "",
        "{{date 0 tz=x format=\"%F %T %z\"}}",
        &[
            "\"utc\"",
            "\"europe/berlin\"",
            "\"localtime\"",
            "\"posixrules\"",
            "\"posix/Europe/Berlin\"",
            "\"right/UTC\"",
            "\"+01:00\"",
            "\"IST\"",
            "\"\"",
            "\"../etc\"",
        ],
    ),
    (
        "",
        "{{date 0 format=x}}",
        &["\"%-%\"", "\"%-d\"", "\"%%-\""],
    ),
    ("", "{{! @spaces -- }} A --}} B", &["1"]),
    (
        "type: array",
        "{{lookup x \"0\"}}{{x.[0000000000000000000000001]}}",
        &["[1, 2]", "[1]"],
    ),
];

#[test]
fn no_hostile_value_makes_a_reader_crash_or_say_what_render_does_not_say() {
    let env = TestEnv::new();
    let repo = env.repo();
    let mut asked = Vec::new();
    let spaces = " ".repeat(1200);
    for (at, (schema, template, values)) in TABLE.iter().enumerate() {
        let content = json!(template.replace(" @spaces ", &spaces));
        repo.write(
            &format!("prompts/odd/p{at}.prompt.yml"),
            format!("version: 1\nmodel: m\ninput: {{schema: {{properties: {{x: {{{schema}}}}}}}}}\nmessages:\n  - {{role: user, content: {content}}}\n"),
        );
        for value in *values {
            let value = value
                .replace("@long", &"7".repeat(5001))
                .replace("@blanks", &format!("{}1", " ".repeat(100_000)))
                .replace(
                    "\"@nested\"",
                    &format!("{}{}", "[".repeat(900), "]".repeat(900)),
                )
                .replace(
                    "\"@fits\"",
                    &format!("{}{}", "[".repeat(126), "]".repeat(126)),
                );
            asked.push((format!("odd/p{at}"), format!("{{\"x\": {value}}}")));
        }
    }
    repo.write(
        "prompts/odd/history.prompt.yml",
        "version: 1\nmodel: m\nextraBody: {\"__proto__\": {\"a\": 1}, constructor: {b: 2}}\ninput: {schema: {properties: {\"__proto__\": {default: {b: 2}}, x: {}}}}\nmessages:\n  - {role: user, content: \"{{json @root}}\"}\n  - {placeholder: x}\n",
    );
    for value in [
        r#"[{"role":"user","content":[{"type":[],"text":"a"}]}]"#,
        r#"[{"role":"user","content":[{"type":{},"text":"a"}]}]"#,
        r#"[{"role":[],"content":"a"}]"#,
        "null",
    ] {
        asked.push(("odd/history".to_owned(), format!("{{\"x\": {value}}}")));
    }
    repo.git("add prompts");
    repo.git("commit --quiet --message Odd");
    snapshot(&repo);
    let wanted: Vec<_> = asked
        .iter()
        .map(|(name, values)| {
            let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
            let values = values
                .replace("\"@nan\"", "NaN")
                .replace("\"@deep\"", &deep);
            rendered(&repo, name, &values, name == "odd/history")
        })
        .collect();
    let pairs: Vec<String> = asked
        .iter()
        .map(|(name, values)| format!("[\"{name}\", {values}]"))
        .collect();
    for reader in Reader::here() {
        let answers = reader.answers_to(&repo, format!("[{}]", pairs.join(",")));
        let mut wrong = Vec::new();
        for (at, (name, values)) in asked.iter().enumerate() {
            let answer = &answers[at];
            let is_same = match &wanted[at] {
                Some((messages, request)) => {
                    answer["messages"] == *messages
                        && request.as_ref().is_none_or(|it| answer["request"] == *it)
                }
                None => answer["error"].is_string(),
            };
            if !is_same {
                let short: String = values.chars().take(80).collect();
                let want = wanted[at].as_ref().map(|it| it.0.to_string());
                wrong.push(format!("{name} {short}: {answer}, and not {want:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}:\n{}", reader.file, wrong.join("\n"));
    }
}

#[test]
fn what_is_too_large_or_too_deep_to_publish_is_refused_when_it_loads() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "prompts/odd.prompt.yml",
        "version: 1\nmodel: m\nmessages:\n  - {role: user, content: \"{{x}}\"}\n",
    );
    repo.git("add prompts");
    repo.git("commit --quiet --message Odd");
    let good = snapshot(&repo);
    let nested = |count: usize| format!("{}{}", "{{#if x}}".repeat(count), "{{/if}}".repeat(count));
    let brackets = |count: usize| {
        format!(
            "{{{{abs {}x{}}}}}",
            "(abs ".repeat(count),
            ")".repeat(count)
        )
    };
    let text = |text: &str| json!([{"name": "a", "text": text}]);
    for (template, partials, reason) in [
        (nested(300), json!([]), "nested more than 100 levels"),
        (brackets(60), json!([]), "nested more than 50 levels"),
        ("{{> a}}".to_owned(), text("{{> a}}"), "include each other"),
        ("{{!-- }}".repeat(30_000), json!([]), "more than 2000 tags"),
        (
            format!("{{{{x}}}}{}", " ".repeat(1_000_000)),
            json!([]),
            "1 MB",
        ),
        (
            format!("{{{{x{}}}}}", " y".repeat(33_000)),
            json!([]),
            "64000 bytes",
        ),
        ("{{abs 1e999}}".to_owned(), json!([]), "too large"),
    ] {
        let mut snapshot = good.clone();
        let prompt = &mut snapshot["prompts"][0];
        prompt["document"]["messages"][0]["content"] = json!(template);
        prompt["partials"] = partials;
        repo.write("prompts.json", snapshot.to_string());
        for reader in Reader::here() {
            let refused = reader.answers(&repo, &[]);
            let said = refused["refused"].as_str().unwrap_or_default();
            assert!(said.contains(reason), "{}: {refused}", reader.file);
        }
    }
}

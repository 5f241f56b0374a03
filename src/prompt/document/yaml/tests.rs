use proptest::prelude::*;
use serde_json::json;

use super::*;

fn refused(text: &str) -> String {
    let finding = parse_value(text).expect_err("an error");
    format!(
        "{} {} {}",
        finding.code,
        finding.location().unwrap_or_default(),
        finding.message
    )
}

#[test]
fn words_that_yaml_1_1_reads_as_booleans_stay_text() {
    assert_eq!(
        parse_value("[yes, no, on, off, y, true, 1e3, ~, '012']"),
        Ok(json!([
            "yes", "no", "on", "off", "y", true, 1000.0, null, "012"
        ]))
    );
}

#[test]
fn what_other_readers_let_pass_is_refused_with_its_place() {
    insta::assert_snapshot!(
        [
            "a: 1\nb:\n  c: 1\n  c: 2\n",
            "a: 1\n---\nb: 2\n",
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            "a: !ruby/object 1\n",
            "a: {{name}}\n",
            "a: b: c\n",
            "a:\n\t- b\n",
            "a: *b\n",
            "a: &a [*a]\n",
            "~: a\n",
            "a: [\n",
        ].map(refused).join("\n"),
        @"
    P002 4:3 `c` stands twice in this map
    P001 3:1 a second document begins here
    P001 3:3 merge keys (`<<`) are not read
    P001 1:17 the tag `!ruby/object` is not known
    P001 1:5 a key is a list or a map
    P001 1:5 mapping values are not allowed in this context
    P001 2:2 tabs disallowed within this context (block indentation)
    P001 1:4 the alias has no anchor before it
    P010 1:8 an alias stands inside its own anchor
    P001 1:1 a key is empty
    P001 1:4 unclosed bracket '['
    "
    );
}

#[test]
fn bombs_end_quickly_in_a_clear_error() {
    let row = |count| vec!["*a"; count].join(",");
    let levels = |from: &str, to: &str| format!("{to}: &{to} [{from},{from},{from},{from}]\n");
    let chain: String = (0..30)
        .map(|level| levels(&format!("*l{level}"), &format!("l{}", level + 1)))
        .collect();
    let deep: String = (0..4000)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    for bomb in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(10_000),
        deep,
        format!("l0: &l0 x\n{chain}"),
        format!("a: &a '{}'\nb: [{}]\n", "x".repeat(100_000), row(5000)),
    ] {
        assert!(refused(&bomb).starts_with("P010"), "{}", refused(&bomb));
    }
    assert!(refused(&"a: b\n".repeat(3_000_000)).starts_with("P009"));
}

#[test]
fn depth_up_to_the_limit_is_read() {
    let text = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(parse_value(&text).is_ok());
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read() {
    assert_eq!(
        parse_value("\u{feff}a: |\r\n  x\r\n  y\r\n"),
        Ok(json!({"a": "x\ny\n"}))
    );
}

#[test]
fn forty_comment_lines_in_a_row_are_no_error() {
    let text = format!("a:\n{}  b: 1\n", "  # why\n".repeat(40));
    assert_eq!(parse_value(&text), Ok(json!({"a": {"b": 1}})));
}

#[test]
fn control_characters_never_reach_a_message() {
    let finding = parse_value("\"\\e[31m\": 1\n\"\\e[31m\": 2\n").expect_err("twice");
    assert!(!finding.message.contains('\u{1b}'), "{}", finding.message);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_makes_the_parser_panic(text in "[-a \\n:\\[\\]{},&*|>'\"#!~\\t\u{e9}0-9%?@]{0,80}") {
        if let Ok(tree) = parse_tree(&text) {
            let _ = tree.root.to_value();
        }
    }

    #[test]
    fn json_is_read_as_it_stands(text in "[ -~\u{e9}\u{1f600}]{0,40}", number in any::<i64>()) {
        let value = json!({"text": text, "list": [number, {"deep": null}]});
        prop_assert_eq!(parse_value(&value.to_string()), Ok(value));
    }
}

mod properties;

use serde_json::json;

use super::super::document::parse_value;
use super::super::version::Version;
use super::*;

const DIGEST: &str = "9f3c2a1b77e0";

fn bumped(text: &str) -> String {
    bumped_to(text, DIGEST)
}

fn bumped_to(text: &str, digest: &str) -> String {
    let version = Version::new(4).expect("a version");
    set_version(text, version, digest).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn edited(text: &str, path: &str, value: Value) -> String {
    let path = parse_path(path).expect("a path");
    set(text, &path, &value).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn without(text: &str, path: &str) -> String {
    let path = parse_path(path).expect("a path");
    remove(text, &path).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

const FILE: &str = "\
# yaml-language-server: $schema=../prompt.schema.json

name: 'Triage'   # title
description: >
  Sorts
  tickets.

# which one
model: \"openai/gpt-5\"
modelParameters: # all of them
  max_tokens: 800 # enough

  # above topP
  topP: 1
messages:
  - role: system
    content: |
      Be kind.

      Be brief.
  # between
  - role: user
    content: hi # hi
tags: [a, 'b']
# the end
";

#[test]
fn a_bump_touches_two_lines() {
    insta::assert_snapshot!(
        bumped(FILE).lines().take(10).collect::<Vec<_>>().join("\n"),
        @"
        # yaml-language-server: $schema=../prompt.schema.json

        name: 'Triage'   # title
        description: >
          Sorts
          tickets.
        version: 4
        digest: 9f3c2a1b77e0

        # which one
        "
    );
    for (before, after) in [
        ("a: 1\n", "version: 4\ndigest: 9f3c2a1b77e0\na: 1\n"),
        ("a: 1", "version: 4\ndigest: 9f3c2a1b77e0\na: 1"),
        ("name: a", "name: a\nversion: 4\ndigest: 9f3c2a1b77e0"),
        ("version: 3\n", "version: 4\ndigest: 9f3c2a1b77e0\n"),
        ("a: 1\nversion: 3", "a: 1\nversion: 4\ndigest: 9f3c2a1b77e0"),
        (
            "a: 1\r\nversion: 3\r\nb: 2\r\n",
            "a: 1\r\nversion: 4\r\ndigest: 9f3c2a1b77e0\r\nb: 2\r\n",
        ),
        (
            "\u{feff}a: 1\r\n",
            "\u{feff}version: 4\r\ndigest: 9f3c2a1b77e0\r\na: 1\r\n",
        ),
        (
            "\u{feff}version: 1",
            "\u{feff}version: 4\ndigest: 9f3c2a1b77e0",
        ),
        (
            "version:   3   # three\ndigest: \"abc\" # x\n",
            "version:   4   # three\ndigest: \"9f3c2a1b77e0\" # x\n",
        ),
        (
            "version: 3 #\ndigest: 'abc'\n",
            "version: 4 #\ndigest: '9f3c2a1b77e0'\n",
        ),
        (
            "version: # none\ndigest:\na: 1\n",
            "version: 4 # none\ndigest: 9f3c2a1b77e0\na: 1\n",
        ),
        ("version: '3'\n", "version: 4\ndigest: 9f3c2a1b77e0\n"),
        ("version: three\n", "version: 4\ndigest: 9f3c2a1b77e0\n"),
        (
            "a: 1\ndigest: 123456789012\n",
            "a: 1\nversion: 4\ndigest: 9f3c2a1b77e0\n",
        ),
        (
            "digest: abc\nversion: 3\n",
            "digest: 9f3c2a1b77e0\nversion: 4\n",
        ),
        (
            "# why\n---\n# what\na: 1\n...\n",
            "# why\n---\n# what\nversion: 4\ndigest: 9f3c2a1b77e0\na: 1\n...\n",
        ),
        (
            "name: x\n...\n",
            "name: x\nversion: 4\ndigest: 9f3c2a1b77e0\n...\n",
        ),
        (
            "name: x\n\n# about b\nb: 1\n",
            "name: x\nversion: 4\ndigest: 9f3c2a1b77e0\n\n# about b\nb: 1\n",
        ),
        (
            "description: |+\n  x\n\nb: 1\n",
            "description: |+\n  x\n\nversion: 4\ndigest: 9f3c2a1b77e0\nb: 1\n",
        ),
        (
            "  name: x\n  b: 1\n",
            "  name: x\n  version: 4\n  digest: 9f3c2a1b77e0\n  b: 1\n",
        ),
        (
            "\"version\": 3\n\"digest\" : x\n",
            "\"version\": 4\n\"digest\" : 9f3c2a1b77e0\n",
        ),
        (
            "{version: 3, digest: abc}\n",
            "{version: 4, digest: 9f3c2a1b77e0}\n",
        ),
        (
            "{\"name\": \"x\"}\n",
            "{\"name\": \"x\", \"version\": 4, \"digest\": \"9f3c2a1b77e0\"}\n",
        ),
        (
            "version: &v 3\na: 1\n",
            "version: &v 4\ndigest: 9f3c2a1b77e0\na: 1\n",
        ),
    ] {
        assert_eq!(bumped(before), after);
    }
}

#[test]
fn a_digest_that_looks_like_a_number_is_quoted() {
    for (digest, shown) in [
        ("123456789012", "\"123456789012\""),
        ("1e5555555555", "\"1e5555555555\""),
        ("000000000000", "\"000000000000\""),
        ("0b1010101010", "\"0b1010101010\""),
        ("12345678901e", "12345678901e"),
        ("e12345678901", "e12345678901"),
    ] {
        let text = bumped_to("version: 3\n", digest);
        assert_eq!(text, format!("version: 4\ndigest: {shown}\n"));
        assert_eq!(bumped_to(&text, digest), text);
    }
}

#[test]
fn a_bump_that_would_change_more_is_refused() {
    let version = Version::new(4).expect("a version");
    for text in [
        "a: &v 3\nversion: *v\n",
        "version: &v 3\na: *v\n",
        "version: [3]\n",
        "",
        "- a\n",
        "a: 1\na: 2\n",
    ] {
        assert!(set_version(text, version, DIGEST).is_err(), "{text}");
    }
}

#[test]
fn one_value_changes_and_the_rest_stays() {
    for (path, value, from, to) in [
        (
            "model",
            json!("openai/gpt-6"),
            "\"openai/gpt-5\"",
            "\"openai/gpt-6\"",
        ),
        (
            "name",
            json!("It's"),
            "'Triage'   # title",
            "'It''s'   # title",
        ),
        (
            "modelParameters.maxTokens",
            json!(900),
            "800 # enough",
            "900 # enough",
        ),
        ("modelParameters.topP", json!(0.5), "topP: 1", "topP: 0.5"),
        (
            "modelParameters.seed",
            json!(7),
            "  topP: 1\n",
            "  topP: 1\n  seed: 7\n",
        ),
        (
            "messages[1].content",
            json!("a\nb\n"),
            "content: hi # hi",
            "content: | # hi\n      a\n      b",
        ),
        (
            "messages[0].content",
            json!("a\n\n  b"),
            "|\n      Be kind.\n\n      Be brief.",
            "|-\n      a\n\n        b",
        ),
        (
            "messages[0].content",
            json!("a"),
            "|\n      Be kind.\n\n      Be brief.",
            "a",
        ),
        (
            "messages[0].role",
            json!("developer"),
            "role: system",
            "role: developer",
        ),
        (
            "messages[2]",
            json!({"role": "user", "content": "x\ny\n"}),
            "hi # hi\n",
            "hi # hi\n  - role: user\n    content: |\n      x\n      y\n",
        ),
        ("tags[1]", json!("c"), "'b'", "'c'"),
        ("tags[2]", json!("c"), "'b']", "'b', c]"),
        (
            "archived",
            json!(true),
            "tags: [a, 'b']\n",
            "tags: [a, 'b']\narchived: true\n",
        ),
        (
            "category",
            json!("yes"),
            "  tickets.\n",
            "  tickets.\ncategory: \"yes\"\n",
        ),
        (
            "extraBody.store",
            json!(false),
            "content: hi # hi\n",
            "content: hi # hi\nextraBody:\n  store: false\n",
        ),
        (
            "mine",
            json!("1"),
            "tags: [a, 'b']\n",
            "tags: [a, 'b']\nmine: \"1\"\n",
        ),
    ] {
        assert!(FILE.contains(from));
        assert_eq!(
            edited(FILE, path, value.clone()),
            FILE.replace(from, to),
            "{path}"
        );
        let windows = FILE.replace('\n', "\r\n");
        let expected = FILE.replace(from, to).replace('\n', "\r\n");
        assert_eq!(edited(&windows, path, value), expected, "{path}");
    }
}

#[test]
fn a_value_in_an_empty_file_and_in_an_empty_map() {
    assert_eq!(edited("", "a.b", json!(1)), "a:\n  b: 1\n");
    assert_eq!(
        edited("# why", "a", json!("x\ny")),
        "# why\na: |-\n  x\n  y\n"
    );
    assert_eq!(edited("a:\nb: 1\n", "a.c", json!(1)), "a:\n  c: 1\nb: 1\n");
    assert_eq!(edited("a: {}\n", "a.c", json!(1)), "a: {c: 1}\n");
    assert_eq!(edited("a: 1", "b", json!(2)), "a: 1\nb: 2");
}

#[test]
fn what_is_equal_already_stays_byte_for_byte() {
    assert_eq!(edited(FILE, "modelParameters.maxTokens", json!(800)), FILE);
}

#[test]
fn one_value_goes_and_the_rest_stays() {
    for (path, from) in [
        ("name", "name: 'Triage'   # title\n"),
        ("modelParameters.maxTokens", "  max_tokens: 800 # enough\n"),
        ("tags", "tags: [a, 'b']\n"),
    ] {
        assert_eq!(without(FILE, path), FILE.replace(from, ""), "{path}");
    }
    assert_eq!(without("a: [1, 2, 3]\n", "a[1]"), "a: [1, 3]\n");
    assert_eq!(without("a:\n  b: 1\n", "a.b"), "a: {}\n");
    assert_eq!(without("a: 1\nb: 2", "b"), "a: 1");
}

#[test]
fn what_cannot_be_done_says_why() {
    let said = |result: Result<String, EditError>| {
        let finding = result.expect_err("an error").finding();
        format!(
            "{} {} — {}",
            finding.code,
            finding.message,
            crate::output::words::words(&finding.help.unwrap_or_default())
        )
    };
    let try_set = |text: &str, path: &str| {
        said(parse_path(path).and_then(|path| set(text, &path, &json!(2))))
    };
    insta::assert_snapshot!(
        [
            try_set("a: [", "a"),
            try_set("a: 1\na: 2\n", "a"),
            try_set("a: 1\n", "a.b"),
            try_set("a: 1\n", "a[0]"),
            try_set("a: [1]\n", "a[2]"),
            try_set("- 1\n", "a"),
            try_set("a: &x {b: 1}\nc: *x\n", "c.b"),
            try_set("a: 1\n", ""),
            try_set("a: 1\n", "a..b"),
            try_set("a: 1\n", "a[x]"),
            try_set("a: 1\n", "a[0"),
            try_set("a: 1\n", &"a.".repeat(50_000)),
            said(remove("a: 1\n", &[Step::Key("b".into())])),
            said(set("a: 1\n", &[], &json!(1))),
            said(set("a: 1\n", &vec![Step::Index(0); 100_000], &json!(1))),
        ]
        .join("\n"),
        @"
    P001 unclosed bracket '[' — close the `[` that opens on line 1
    P002 `a` stands twice in this map — remove one of the two lines
    P005 `a` is not a map — name the value itself, or change the value above it
    P005 `a` is not a list — name the value itself, or change the value above it
    P005 the file has no `a[2]` — `promptctl show --format json` shows what the file has
    P005 the file is not a map — name the value itself, or change the value above it
    P001 `c.b` cannot be changed without touching the rest of the file — change the line in an editor: it uses an alias, an anchor or a rare style
    P005 `` is not a path: a key is empty — write a path such as modelParameters.maxTokens or messages[0].content
    P005 `a..b` is not a path: a key is empty — write a path such as modelParameters.maxTokens or messages[0].content
    P005 `a[x]` is not a path: a number stands between `[` and `]`, as in messages[0] — write a path such as modelParameters.maxTokens or messages[0].content
    P005 `a[0` is not a path: a `[` is not closed — write a path such as modelParameters.maxTokens or messages[0].content
    P005 `a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.` is not a path: it ends in a dot — write a path such as modelParameters.maxTokens or messages[0].content
    P005 the file has no `b` — `promptctl show --format json` shows what the file has
    P005 `` is not a path: it is empty — write a path such as modelParameters.maxTokens or messages[0].content
    P005 `[0][0][0][0][0][0][0][0][0][0]` is not a path: it has more than 40 steps — write a path such as modelParameters.maxTokens or messages[0].content
    "
    );
}

#[test]
fn paths_are_read() {
    let key = |key: &str| Step::Key(key.to_owned());
    assert_eq!(
        parse_path("a.b_c[0][12].d"),
        Ok(vec![
            key("a"),
            key("b_c"),
            Step::Index(0),
            Step::Index(12),
            key("d")
        ])
    );
    assert_eq!(
        parse_path("a.\"b.c\".d"),
        Ok(vec![key("a"), key("b.c"), key("d")])
    );
    for wrong in [
        "", ".", "a.", ".a", "a..b", "a[", "a[]", "a[-1]", "a]b[", "a.[0]", "\"a", "a[0]b",
    ] {
        assert!(parse_path(wrong).is_err() || wrong == "a]b[", "{wrong}");
    }
}

#[test]
fn blank_lines_below_a_block_scalar_stay_where_they_separate() {
    let text = "description: |\n  a\n  b\n\n# about model\nmodel: x\n\nname: y\n";
    for (path, from, to) in [
        ("description", "|\n  a\n  b", "z"),
        ("model", "x", "z"),
        ("name", "y", "z"),
    ] {
        assert_eq!(edited(text, path, json!("z")), text.replace(from, to));
    }
    assert_eq!(
        edited(text, "description", json!("c\n")),
        text.replace("a\n  b", "c")
    );
    let padded = "messages:\n  - content: |\n      a\n      \n  - content: b\n";
    assert_eq!(
        edited(padded, "messages[0].content", json!("c")),
        padded.replace("|\n      a", "c")
    );
}

#[test]
fn a_file_that_ends_in_the_middle_of_a_line_is_edited() {
    assert_eq!(
        edited("name: a # caf\u{e9}", "version", json!(2)),
        "name: a # caf\u{e9}\nversion: 2"
    );
    let odd = "\u{e9}:\r#\u{feff}";
    drop(set(odd, &parse_path("a").expect("a path"), &json!("x")));
}

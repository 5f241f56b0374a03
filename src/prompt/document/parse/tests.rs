use proptest::prelude::*;
use serde_json::json;

use super::super::{Attachment, Message, Origin, Part, Role, Text};
use super::*;

mod places;

const EXAMPLE: &str = r#"
name: Support triage
version: 3
digest: 9f3c2a1b77e0
tags: [tickets]
model: openai/gpt-5-mini
modelParameters:
  maxTokens: 800
  reasoningEffort: low
input:
  schema:
    type: object
    properties: {ticket: {type: string}}
responseFormat: json_schema
jsonSchema:
  name: triage
  schema: {type: object}
messages:
  - role: system
    content: |
      Be kind.
      Answer in {{locale}}.
  - role: user
    content: "{{ticket}}"
testData:
  - ticket: I was charged twice
evaluators:
  - name: right queue
    string: {contains: "{{expected}}"}
extraBody:
  store: false
openai:
  promptId: pmpt_123
  promptVersion: 6
  environments: {staging: {promptId: pmpt_456, promptVersion: "2"}}
"#;

/// A file with one message and these other lines.
fn with(lines: &str) -> String {
    format!("{lines}\nmessages:\n  - {{role: user, content: hi}}\n")
}

fn document(text: &str) -> Document {
    parse(text).unwrap_or_else(|findings| panic!("{findings:?}"))
}

/// The findings of a file, errors and warnings, one a line.
fn findings(text: &str) -> String {
    let found = match parse(text) {
        Ok(document) => document.warnings,
        Err(findings) => findings,
    };
    let lines = found.iter().map(|finding| {
        let kind = if finding.is_error() {
            "error"
        } else {
            "warning"
        };
        let location = finding.location().unwrap_or_default();
        format!("{} {kind} {location} {}", finding.code, finding.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn message(document: &Document, at: usize) -> &Message {
    document.messages[at].message().expect("no placeholder")
}

fn content(document: &Document, at: usize) -> &Text {
    match &message(document, at).parts[0] {
        Part::Text(text) => text,
        part => panic!("{part:?}"),
    }
}

#[test]
fn the_example_of_the_format_is_read_whole() {
    let document = document(EXAMPLE);
    assert_eq!(document.title.as_deref(), Some("Support triage"));
    assert_eq!(document.version, Version::new(3));
    assert_eq!(document.digest.as_deref(), Some("9f3c2a1b77e0"));
    assert_eq!(document.parameters["maxTokens"], json!(800));
    assert_eq!(message(&document, 0).role, Role::System);
    assert_eq!(content(&document, 1).value, "{{ticket}}");
    assert_eq!(document.test_data.len(), 1);
    assert_eq!(document.extra_body["store"], json!(false));
    let openai = document.openai.as_ref().expect("a stored prompt");
    assert_eq!(openai.prompt_version.as_deref(), Some("6"));
    assert_eq!(
        openai.environments["staging"].prompt_version.as_deref(),
        Some("2")
    );
    assert_eq!(document.warnings, []);
    assert_eq!(
        document.written.raw().keys().next().map(String::as_str),
        Some("name")
    );
}

#[test]
fn every_finding_of_a_file_is_told_at_once_in_the_order_of_the_file() {
    insta::assert_snapshot!(
        findings(
            "version: 3.0\ndigest: ABC\nauthor: me\nmesages: []\nmodelParameters:\n  temperature: '0.5'\n  \
             maxTokenz: 3\n  topK: 4\ntags: {a: b}\nmessages:\n  - role: usr\n    content: x\n  \
             - content: y\n  - role: user\n  - text\narchived: maybe\nevaluators: x\n"
        ),
        @"
        P020 error 1:10 `version: 3.0` is not a positive whole number
        P019 error 2:9 `digest` is not 12 hexadecimal digits
        P003 warning 3:1 `author` is not a key that promptctl knows; it has no effect
        P004 error 4:1 `mesages` is not a key; `messages` is meant
        P005 error 6:16 `modelParameters.temperature` wants a number, this is text
        P004 error 7:3 `maxTokenz` is not a key; `maxTokens` is meant
        P003 warning 8:3 `modelParameters.topK` is not a key that promptctl knows; it has no effect
        P005 error 9:7 `tags` wants a list of texts, this is a map
        P007 error 11:11 `usr` is not a role; `user` is meant
        P007 error 13:5 `messages[1]` has no `role`
        P006 error 14:5 `messages[2]` has no `content`
        P005 error 15:5 `messages[3]` wants a map, this is text
        P005 error 16:11 `archived` wants true or false, this is text
        P005 error 17:13 `evaluators` wants a list, this is text
        "
    );
}

#[test]
fn files_that_are_no_prompt_say_why() {
    insta::assert_snapshot!(
        ["", "# nothing\n", "- a\n", "text\n", "name: x\n", "messages: []\n", "messages:\n", "messages: hi\n", "a: [\n"]
            .map(findings)
            .join("\n"),
        @"
        P006 error  the file is empty
        P006 error  the file is empty
        P005 error 1:1 a prompt file is a map, this is a list
        P005 error 1:1 a prompt file is a map, this is text
        P006 error 1:1 the prompt has no messages
        P006 error 1:11 `messages` is empty
        P006 error 1:1 the prompt has no messages
        P005 error 1:11 `messages` wants a list, this is text
        P001 error 1:4 unclosed bracket '['
        "
    );
}

#[test]
fn empty_values_read_as_absent() {
    let document = document(&with(
        "name:\ndescription: ~\nversion:\ndigest:\ntags: []\nmodel: ''\nmodelParameters:\ninput:\n\
         responseFormat:\njsonSchema: ''\ntestData:\nevaluators: []\nextraBody:\nopenai:",
    ));
    assert_eq!(document.title, None);
    assert_eq!(document.version, None);
    assert_eq!(document.model, None);
    assert_eq!(document.json_schema, None);
    assert_eq!(document.openai, None);
    assert!(document.test_data.is_empty() && document.evaluators.is_empty());
    assert_eq!(document.warnings, []);
}

#[test]
fn versions_are_plain_positive_numbers() {
    for fine in ["1", "3", "4294967295"] {
        assert_eq!(findings(&with(&format!("version: {fine}"))), "");
    }
    for wrong in [
        "0",
        "-1",
        "012",
        "1_000",
        "3.0",
        "'3'",
        "v3",
        "0x3",
        "1e1",
        "true",
        "[1]",
        "4294967296",
    ] {
        let found = findings(&with(&format!("version: {wrong}")));
        assert!(found.starts_with("P020 error 1:10"), "{wrong}: {found}");
    }
}

#[test]
fn a_digest_of_digits_only_is_still_text() {
    for digest in [
        "123456789012",
        "1e5555555555",
        "012345678901",
        "\"123456789012\"",
        "9f3c2a1b77e0",
    ] {
        let document = document(&with(&format!("digest: {digest}")));
        assert_eq!(document.digest.as_deref(), Some(digest.trim_matches('"')));
        assert_eq!(document.warnings, []);
    }
    for wrong in ["9F3C2A1B77E0", "9f3c", "9f3c2a1b77e0a", "xyz"] {
        let found = findings(&with(&format!("digest: {wrong}")));
        assert!(found.starts_with("P019 error 1:9"), "{wrong}: {found}");
    }
}

#[test]
fn numbers_that_readers_disagree_about_are_warned_of() {
    insta::assert_snapshot!(
        findings(&with("testData:\n  - {zip: 01234, big: 1_000, far: 123456789012345678901, ok: 12, no: .nan, list: [0o7, 10, '012']}")),
        @r#"
        P016 warning 2:11 `01234` of `testData[0].zip` is read as 1234.0, and differently elsewhere
        P016 warning 2:23 `1_000` of `testData[0].big` is read as 1000, and differently elsewhere
        P016 warning 2:35 `123456789012345678901` of `testData[0].far` is read as 1.2345678901234568e+20, and differently elsewhere
        P016 warning 2:70 `.nan` of `testData[0].no` is read as ".nan", and differently elsewhere
        P016 warning 2:83 `0o7` of `testData[0].list[0]` is read as 7, and differently elsewhere
    "#
    );
}

#[test]
fn unknown_tags_are_ignored_with_a_warning() {
    let text = "messages:\n  - role: user\n    content: !include ./a.yml\n  - role: user\n    content: !x |\n      !y z\n";
    let read = document(text);
    assert_eq!(content(&read, 0).value, "./a.yml");
    assert_eq!(content(&read, 1).value, "!y z\n");
    insta::assert_snapshot!(
        findings(text),
        @"
        P022 warning 3:14 the tag `!include` is not known; its value is read as it stands
        P022 warning 5:14 the tag `!x` is not known; its value is read as it stands
        "
    );
}

#[test]
fn parameters_have_one_name_each() {
    let document = document(&with(
        "model_parameters:\n  max_tokens: 5\n  top_p: 0.5\n  reasoning_effort: low\n  stop: [a, 1]\n  seed: 7.0\n  top_k: 3",
    ));
    assert_eq!(
        serde_json::Value::Object(document.parameters),
        json!({"maxTokens": 5, "topP": 0.5, "reasoningEffort": "low", "stop": ["a", "1"], "seed": 7, "top_k": 3})
    );
    insta::assert_snapshot!(
        findings(&with("modelParameters: {maxTokens: 1, max_completion_tokens: 2, temperature: hot, seed: 1.5, stop: {a: b}}\nmodel_parameters: {}")),
        @"
        P021 error 1:33 `max_completion_tokens` is `maxTokens` once more
        P005 error 1:72 `modelParameters.temperature` wants a number, this is text
        P325 warning 1:77 the Responses API has no `seed`, `stop`; they are left out of the request
        P005 error 1:83 `modelParameters.seed` wants a whole number, this is 1.5
        P005 error 1:94 `modelParameters.stop` wants a text, this is a map
        P002 error 2:1 `model_parameters` is `modelParameters` once more
        "
    );
}

#[test]
fn a_json_schema_is_read_from_a_map_and_from_json_and_named() {
    let named = json!({"name": "x", "strict": true, "schema": {"type": "object"}});
    for text in [
        "jsonSchema: {name: x, strict: true, schema: {type: object}}",
        "json_schema: '{\"name\": \"x\", \"strict\": true, \"schema\": {\"type\": \"object\"}}'",
        "jsonSchema: {type: json_schema, json_schema: {name: x, strict: true, schema: {type: object}}}",
    ] {
        let schema = document(&with(text))
            .json_schema
            .map(serde_json::Value::Object);
        assert_eq!(schema.as_ref(), Some(&named), "{text}");
    }
    let bare = document(&with("jsonSchema: {type: object, properties: {}}")).json_schema;
    assert_eq!(
        bare.map(serde_json::Value::Object),
        Some(json!({"name": "output", "schema": {"type": "object", "properties": {}}}))
    );
    insta::assert_snapshot!(
        [
            "jsonSchema: |\n  {\n    \"name\": x\n  }",
            "jsonSchema: '[1]'",
            "jsonSchema: {name: x}",
            "jsonSchema: 3",
            "responseFormat: json_schema",
            "responseFormat: json_shema",
        ]
        .map(|lines| findings(&with(lines)))
        .join("\n"),
        @"
        P014 error 3:13 `jsonSchema` is not valid JSON: expected value
        P014 error 1:13 `jsonSchema` is JSON and not an object
        P014 error 1:13 `jsonSchema` has no `schema`
        P005 error 1:13 `jsonSchema` wants a map or a JSON text, this is 3
        P014 warning 1:17 `responseFormat: json_schema` has no `jsonSchema`
        P005 error 1:17 `json_shema` is not a response format; `json_schema` is meant
        "
    );
}

#[test]
fn parts_are_read_in_our_spelling_and_in_openai_s() {
    let document = document(
        "messages:\n  - role: user\n    content:\n      - {type: text, text: a}\n      - {type: input_text, text: b}\n      \
         - {type: image, url: u, detail: low}\n      - {type: image_url, image_url: {url: u, detail: low}}\n      \
         - {type: input_image, image_url: u, detail: low}\n      - {type: file, path: p, filename: f}\n      \
         - {type: input_file, file_id: i}\n      - {type: file, file: {file_id: i}}\n",
    );
    let message = message(&document, 0);
    assert!(!message.is_plain);
    let shown: Vec<String> = message
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => format!("text {}", text.value),
            Part::Image { source, detail } => {
                format!(
                    "image {} {}",
                    source.text().value,
                    detail.as_deref().unwrap_or("")
                )
            }
            Part::File {
                source: Attachment::Path(text),
                filename,
            } => format!(
                "file at {} named {}",
                text.value,
                filename.as_ref().map_or("", |name| name.value.as_str())
            ),
            Part::File { source, .. } => format!("file {}", source.text().value),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "text a",
            "text b",
            "image u low",
            "image u low",
            "image u low",
            "file at p named f",
            "file i",
            "file i"
        ]
    );
    assert_eq!(document.warnings, []);
    insta::assert_snapshot!(
        findings(
            "messages:\n  - role: user\n    content:\n      - {type: text}\n      - {type: image}\n      \
             - {type: image, url: a, path: b}\n      - {type: sound, url: a}\n      - {text: a}\n      - 3\n      \
             - {type: text, text: a, txt: b}\n  - {role: user, content: {a: b}}\n  - {role: user, content: []}\n"
        ),
        @"
        P015 error 4:9 `messages[0].content[0]` has no `text`
        P015 error 5:9 `messages[0].content[1]` wants one of url, path and fileId, it has none
        P015 error 6:9 `messages[0].content[2]` wants one of url, path and fileId, it has more than one
        P015 error 7:9 `messages[0].content[3]` has the unknown type `sound`
        P015 error 8:9 `messages[0].content[4]` has no `type`
        P015 error 9:9 `messages[0].content[5]` is not a part
        P004 error 10:31 `txt` is not a key; `text` is meant
        P005 error 11:27 `messages[1].content` wants a text or a list of parts, this is a map
        P006 error 12:27 `messages[2].content` is an empty list
        "
    );
}

#[test]
fn an_unquoted_number_is_a_content_and_an_empty_text_too() {
    let document =
        document("messages:\n  - {role: user, content: 042}\n  - {role: user, content: ''}\n");
    assert_eq!(content(&document, 0).value, "042");
    assert_eq!(content(&document, 1).value, "");
}

#[test]
fn the_same_content_reads_the_same_with_windows_line_ends_and_a_byte_order_mark() {
    let plain = document(EXAMPLE);
    let windows = document(&format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n")));
    assert_eq!(windows.written.raw(), plain.written.raw());
    assert_eq!(windows.written.places(), plain.written.places());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_lines_make_the_reader_panic(
        lines in prop::collection::vec(
            prop::sample::select(vec![
                "version: 3", "version: x", "digest: 1e5", "name: [a]", "tags: a", "messages:",
                "  - role: user", "    content: |", "      \u{e9}{{a}}", "    content:", "      - {type: image}",
                "      - type: text", "        text: >-", "modelParameters:", "  temperature: 1", "  maxTokenz: 1",
                "jsonSchema: '{'", "input: {schema: 1}", "openai: {environments: [1]}", "a: &a [1]", "b: *a",
                "testData: [{a: {b: {c: 012}}}]", "\t", "", "# c", "  - *a", "- x", "? |", "  k", ": v",
            ]),
            0..12,
        ),
        ending in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let _ = parse(&lines.join(ending));
    }
}

#[test]
fn a_placeholder_names_a_variable_and_nothing_else() {
    let read = document(
        "messages:\n  - {role: system, content: Hi}\n  - placeholder: history\n  - {role: user, content: a}\n",
    );
    let names: Vec<_> = read.placeholders().map(|it| it.value.as_str()).collect();
    assert_eq!(names, ["history"]);
    assert_eq!(read.own_messages().count(), 2);
    let refused = |entry: &str| {
        let text = format!("messages:\n  - {{role: user, content: a}}\n  - {entry}\n");
        format!("{entry}: {}", findings(&text))
    };
    let all = [
        "{placeholder: history, role: user}",
        "{placeholder: history, content: a}",
        "placeholder:",
        "placeholder: \"{{history}}\"",
        "placeholder: a.b",
        "placeholder: [history]",
        "placeholder: 7",
        "placeholdr: history",
    ]
    .map(refused);
    insta::assert_snapshot!(all.join("\n"), @r#"
    {placeholder: history, role: user}: P342 error 3:34 `messages[1].role` stands beside `placeholder`: the messages of the variable bring their own
    {placeholder: history, content: a}: P342 error 3:37 `messages[1].content` stands beside `placeholder`: the messages of the variable bring their own
    placeholder:: P342 error 3:16 `messages[1].placeholder` does not name a variable
    placeholder: "{{history}}": P342 error 3:18 `messages[1].placeholder` does not name a variable
    placeholder: a.b: P342 error 3:18 `messages[1].placeholder` does not name a variable
    placeholder: [history]: P005 error 3:18 `messages[1].placeholder` wants a text, this is a list
    placeholder: 7: P342 error 3:18 `messages[1].placeholder` does not name a variable
    placeholdr: history: P004 error 3:5 `placeholdr` is not a key; `placeholder` is meant
    P007 error 3:5 `messages[1]` has no `role`
    P006 error 3:5 `messages[1]` has no `content`
    "#);
    let alone = findings("messages:\n  - placeholder: history\n");
    insta::assert_snapshot!(alone, @"P006 error 1:1 `messages` holds placeholders alone: without a value nothing is left");
}

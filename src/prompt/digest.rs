//! Digests of contents.
//!
//! The content is what a model and its callers see. Its digest is SHA-256 over the content as
//! canonical JSON (RFC 8785). Digests are permanent: they stand in files and tags, so what goes
//! into the content, and how it is written, never changes.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::{Number, Value, json};
use sha2::{Digest as _, Sha256};

use super::document::{Document, Entry, Message, Object, Part, StoredPrompt, Text};
use super::template::Partials;

/// The length of a short digest, in hexadecimal digits.
pub const SHORT: usize = 12;

/// The digest of a content: 64 hexadecimal digits, of which files and people see the first 12.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    /// The digest with these 64 small hexadecimal digits, if they are that.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 64 && text.bytes().all(is_hex)).then(|| Self(text.to_owned()))
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits, as the `digest:` line has them.
    pub fn short(&self) -> &str {
        &self.0[..SHORT]
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or(BadDigest)
    }
}

/// The text is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: a digest has 64 small hexadecimal digits")]
pub struct BadDigest;

/// The digest of what a model and its callers see of `document`, which includes `partials`, and no
/// other partials.
pub fn digest(document: &Document, partials: &Partials) -> Digest {
    let content = content(document, partials);
    // Writing canonical JSON fails only for numbers that are not finite, which a value cannot hold.
    let bytes = serde_json_canonicalizer::to_vec(&content)
        .unwrap_or_else(|_| content.to_string().into_bytes());
    digest_bytes(&bytes)
}

/// The digest of any value: of its canonical JSON, with line ends and large numbers as in a content.
pub fn digest_of(value: Value) -> Digest {
    let value = normalise(value);
    let bytes =
        serde_json_canonicalizer::to_vec(&value).unwrap_or_else(|_| value.to_string().into_bytes());
    digest_bytes(&bytes)
}

/// The digest of bytes as they are.
pub fn digest_bytes(bytes: &[u8]) -> Digest {
    let hash = Sha256::digest(bytes);
    let mut digits = String::with_capacity(2 * hash.len());
    for byte in hash {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    Digest(digits)
}

/// What a model and its callers see of `document`, which includes `partials`: what is absent or
/// empty is left out, line ends are `\n`, and keys have one spelling.
pub fn content(document: &Document, partials: &Partials) -> Value {
    let input = document
        .input_schema
        .as_ref()
        .filter(|schema| !is_empty(schema))
        .map(|schema| json!({ "schema": schema }));
    let partials: Object = partials
        .iter()
        .map(|(name, partial)| (name.clone(), json!(partial.text)))
        .collect();
    let parts = [
        ("model", json!(document.model)),
        ("modelParameters", json!(document.parameters)),
        ("input", json!(input)),
        (
            "responseFormat",
            json!(document.response_format.map(|format| format.as_str())),
        ),
        ("jsonSchema", json!(document.json_schema)),
        (
            "messages",
            document.messages.iter().map(entry_content).collect(),
        ),
        ("extraBody", json!(document.extra_body)),
        (
            "openai",
            json!(document.openai.as_ref().map(stored_content)),
        ),
        ("partials", Value::Object(partials)),
    ];
    let present = parts.into_iter().filter(|(_, value)| !is_empty(value));
    let content = present
        .map(|(key, value)| (key.to_owned(), normalise(value)))
        .collect();
    Value::Object(content)
}

fn entry_content(entry: &Entry) -> Value {
    match entry {
        Entry::Message(message) => message_content(message),
        Entry::Placeholder(variable) => json!({ "placeholder": variable.value }),
    }
}

fn message_content(message: &Message) -> Value {
    let content = match message.parts.as_slice() {
        [Part::Text(text)] if message.is_plain => json!(text.value),
        parts => parts.iter().map(part_content).collect(),
    };
    json!({ "role": message.role.as_str(), "content": content })
}

fn part_content(part: &Part) -> Value {
    use super::document::Attachment;

    let value = |text: &Text| json!(text.value);
    let (kind, source, name, extra) = match part {
        Part::Text(text) => return json!({ "type": "text", "text": text.value }),
        Part::Image { source, detail } => (
            "image",
            source,
            "detail",
            detail.as_ref().map(|it| json!(it)),
        ),
        Part::File { source, filename } => {
            ("file", source, "filename", filename.as_ref().map(value))
        }
    };
    let key = match source {
        Attachment::Url(_) => "url",
        Attachment::Path(_) => "path",
        Attachment::FileId(_) => "fileId",
    };
    let mut content = json!({ "type": kind, key: source.text().value });
    if let Some(extra) = extra {
        content[name] = extra;
    }
    content
}

fn stored_content(stored: &StoredPrompt) -> Value {
    let entry = |id: &Option<String>, version: &Option<String>| {
        without_empty([("promptId", json!(id)), ("promptVersion", json!(version))])
    };
    let mut content = entry(&stored.prompt_id, &stored.prompt_version);
    let environments: Object = stored
        .environments
        .iter()
        .map(|(name, it)| {
            (
                name.clone(),
                entry(&it.prompt_id, &it.prompt_version).into(),
            )
        })
        .collect();
    if !environments.is_empty() {
        content.insert("environments".to_owned(), environments.into());
    }
    content.into()
}

fn without_empty<const N: usize>(entries: [(&str, Value); N]) -> Object {
    let present = entries.into_iter().filter(|(_, value)| !is_empty(value));
    present
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The value with `\n` line ends, and with whole numbers that canonical JSON would round as text.
fn normalise(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(line_ends(text)),
        Value::Number(number) if is_rounded(&number) => Value::String(number.to_string()),
        Value::Array(items) => items.into_iter().map(normalise).collect(),
        Value::Object(object) => object
            .into_iter()
            .map(|(key, value)| (line_ends(key), normalise(value)))
            .collect(),
        other => other,
    }
}

fn line_ends(text: String) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text
    }
}

/// Whether canonical JSON, whose numbers are all floats, would write another whole number.
fn is_rounded(number: &Number) -> bool {
    const EXACT: u64 = 1 << 53;
    let size = number
        .as_u64()
        .or_else(|| number.as_i64().map(i64::unsigned_abs));
    size.is_some_and(|size| size > EXACT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::document::parse;
    use super::super::template::Partial;
    use super::*;

    const PLAIN: &str = "\
name: Triage
version: 3
model: openai/gpt-5-mini
modelParameters:
  maxTokens: 800
  topP: 0.5
input:
  schema: {type: object, properties: {ticket: {type: string}}}
responseFormat: json_schema
jsonSchema:
  name: triage
  schema: {type: object}
messages:
  - role: system
    content: |
      Be kind.
      Be brief.
  - role: user
    content: \"{{ticket}}\"
extraBody: {store: false}
openai: {promptId: pmpt_1, promptVersion: 6}
";

    fn of(text: &str) -> Digest {
        digest(&parse(text).expect("a prompt"), &Partials::new())
    }

    fn partials(text: &str) -> Partials {
        let partial = Partial {
            text: text.to_owned(),
            path: "prompts/_tone.hbs".to_owned(),
        };
        Partials::from([("tone".to_owned(), partial)])
    }

    /// This digest stands in files and tags all over the world: if this test fails, the code is wrong.
    #[test]
    fn digests_are_permanent() {
        let document = parse(PLAIN).expect("a prompt");
        let content = content(&document, &partials("Hello.\r\n"));
        insta::assert_snapshot!(
            serde_json_canonicalizer::to_string(&content).expect("JSON"),
            @r#"{"extraBody":{"store":false},"input":{"schema":{"properties":{"ticket":{"type":"string"}},"type":"object"}},"jsonSchema":{"name":"triage","schema":{"type":"object"}},"messages":[{"content":"Be kind.\nBe brief.\n","role":"system"},{"content":"{{ticket}}","role":"user"}],"model":"openai/gpt-5-mini","modelParameters":{"maxTokens":800,"topP":0.5},"openai":{"promptId":"pmpt_1","promptVersion":"6"},"partials":{"tone":"Hello.\n"},"responseFormat":"json_schema"}"#
        );
        insta::assert_snapshot!(
            digest(&document, &partials("Hello.\r\n")),
            @"6746224355e61bc03e24316873bb1b1af0cdcbc64876dff7b936c3898c8e516b"
        );
    }

    #[test]
    fn what_nobody_sees_changes_no_digest() {
        let plain = of(PLAIN);
        for (from, to) in [
            ("name: Triage", "name: Other"),
            ("version: 3\n", ""),
            ("version: 3\n", "version: 4\ndigest: 9f3c2a1b77e0\n"),
            (
                "version: 3",
                "version: 3 # why\n\n# more\ndescription: x\ncategory: y\ntags: [z]",
            ),
            (
                "version: 3",
                "testData: [{a: b}]\ndatasets: [datasets/a.jsonl]\nevaluators: [{name: c}]\neval: {repeat: 3}\narchived: true\nmine: 1",
            ),
            ("modelParameters", "model_parameters"),
            ("maxTokens: 800", "max_completion_tokens: 800.0"),
            (
                "  maxTokens: 800\n  topP: 0.5",
                "  top_p: 5e-1\n  max_tokens: 800",
            ),
            (
                "jsonSchema:\n  name: triage\n  schema: {type: object}",
                "jsonSchema: '{\"schema\": {\"type\": \"object\"}, \"name\": \"triage\"}'",
            ),
            ("promptVersion: 6", "promptVersion: \"6\", environments: {}"),
            (
                "|\n      Be kind.\n      Be brief.",
                "\"Be kind.\\r\\nBe brief.\\r\"",
            ),
            (
                "extraBody: {store: false}\n",
                "extraBody:\n  store: false\n",
            ),
        ] {
            let text = PLAIN.replace(from, to);
            assert_ne!(text, PLAIN);
            assert_eq!(of(&text), plain, "{from} → {to}");
        }
        assert_eq!(of(&PLAIN.replace('\n', "\r\n")), plain);
    }

    #[test]
    fn what_a_model_or_a_caller_sees_changes_the_digest() {
        let plain = of(PLAIN);
        for (from, to) in [
            ("gpt-5-mini", "gpt-5"),
            ("maxTokens: 800", "maxTokens: 801"),
            ("  topP: 0.5\n", ""),
            ("{type: string}", "{type: number}"),
            ("json_schema\n", "text\n"),
            ("name: triage", "name: sort"),
            ("role: system", "role: developer"),
            ("Be kind.", "Be kind. "),
            ("{{ticket}}", "{{tickets}}"),
            ("store: false", "store: true"),
            ("pmpt_1", "pmpt_2"),
            ("promptVersion: 6", "promptVersion: 7"),
            ("messages:\n", "messages:\n  - placeholder: history\n"),
        ] {
            let text = PLAIN.replace(from, to);
            assert_ne!(text, PLAIN);
            assert_ne!(of(&text), plain, "{from} → {to}");
        }
    }

    #[test]
    fn a_placeholder_has_a_permanent_form_of_its_own() {
        let with = |name: &str| {
            let line = format!("messages:\n  - placeholder: {name}\n");
            PLAIN.replace("messages:\n", &line)
        };
        let document = parse(&with("history")).expect("a prompt");
        insta::assert_snapshot!(
            content(&document, &Partials::new())["messages"][0],
            @r#"{"placeholder":"history"}"#
        );
        assert_eq!(of(&with("history")), of(&with("'history' # earlier turns")));
        assert_ne!(of(&with("history")), of(&with("turns")));
    }

    #[test]
    fn the_text_of_a_partial_counts_and_its_place_does_not() {
        let document = parse(PLAIN).expect("a prompt");
        let hello = digest(&document, &partials("Hello."));
        assert_ne!(hello, digest(&document, &partials("Hallo.")));
        assert_ne!(hello, of(PLAIN));
        let mut moved = partials("Hello.");
        moved
            .entry("tone".to_owned())
            .and_modify(|it| it.path = "elsewhere".to_owned());
        assert_eq!(hello, digest(&document, &moved));
    }

    #[test]
    fn numbers_that_floats_cannot_tell_apart_are_told_apart() {
        let seed = |seed: &str| {
            of(&format!(
                "messages: [{{role: user, content: a}}]\nextraBody: {{seed: {seed}}}"
            ))
        };
        assert_ne!(seed("9007199254740993"), seed("9007199254740994"));
        assert_ne!(seed("-9223372036854775808"), seed("-9223372036854775807"));
        assert_ne!(seed("18446744073709551615"), seed("18446744073709551614"));
        assert_eq!(seed("10"), seed("1e1"));
        let _ = (seed(".nan"), seed("1e400"), seed("99999999999999999999999"));
    }

    #[test]
    fn a_digest_prints_as_it_was_read() {
        let digest = of(PLAIN);
        assert_eq!(Digest::parse(&digest.to_string()).as_ref(), Some(&digest));
        assert_eq!(digest.short().len(), 12);
        for wrong in ["", "abc", &"A".repeat(64), &"g".repeat(64), &"a".repeat(65)] {
            assert_eq!(wrong.parse::<Digest>(), Err(BadDigest));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn line_ends_and_key_order_never_matter(
            text in "[a-z \\r\\n\u{e9}]{1,30}",
            mut entries in prop::collection::btree_map("[a-z]{1,5}", any::<f32>().prop_filter("finite", |it| it.is_finite()), 0..5)
                .prop_map(|map| map.into_iter().collect::<Vec<_>>()),
        ) {
            let file = |text: &str, entries: &[(String, f32)]| {
                let body: Object = entries.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
                json!({"messages": [{"role": "user", "content": text}], "extraBody": body}).to_string()
            };
            let before = of(&file(&text, &entries));
            entries.reverse();
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(of(&file(&text, &entries)), before.clone());
            prop_assert_eq!(of(&file(&text.replace('\n', "\r\n"), &entries)), before);
        }
    }
}

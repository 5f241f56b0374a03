//! What an answer says about the prompt: `instructions` and `prompt`, as OpenAI's own answers say it.
//!
//! The answer of the API is edited at the bytes of these two values, and nowhere else.

use std::ops::Range;

use serde_json::{Map, Value, json};

use crate::openai::request::input_part;
use crate::prompt::document::{Object, Role};
use crate::prompt::rendered::{RenderedMessage, RenderedPart};

/// Without this in `include`, the API does not repeat the URLs of pictures.
const IMAGE_URLS: &str = "message.input_image.image_url";

/// What the answer to a call says about its prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Echo {
    /// `instructions`, as JSON text; none where the caller sent its own.
    instructions: Option<String>,
    /// `prompt`, as JSON text.
    prompt: String,
}

impl Echo {
    /// What is said about a prompt with these messages.
    pub(super) fn new(
        (id, version): (&str, &str),
        variables: &Object,
        messages: &[RenderedMessage],
        caller: &Object,
    ) -> Self {
        let include = caller.get("include").and_then(Value::as_array);
        let has_urls = include.is_some_and(|list| list.iter().any(|it| it == IMAGE_URLS));
        let has_own = super::merge::has_instructions(caller);
        let variables: Object = variables
            .iter()
            .map(|(name, value)| (name.clone(), whole(value, has_urls)))
            .collect();
        let prompt = json!({ "id": id, "variables": variables, "version": version });
        Self {
            instructions: (!has_own).then(|| instructions(messages, has_urls).to_string()),
            prompt: prompt.to_string(),
        }
    }

    /// The answer with these values in place of the API's own; `None` where it is no answer.
    pub(super) fn in_answer(&self, answer: &[u8]) -> Option<Vec<u8>> {
        self.spliced(answer, 0)
    }

    /// The data of an event with these values in its `response`; `None` where it has none.
    pub(super) fn in_event(&self, data: &[u8]) -> Option<Vec<u8>> {
        let response = Fields::of(data, 0)?.find("response")?;
        (data.get(response.start) == Some(&b'{')).then_some(())?;
        self.spliced(data, response.start)
    }

    fn spliced(&self, text: &[u8], start: usize) -> Option<Vec<u8>> {
        let fields = Fields::of(text, start)?;
        let wanted = [
            ("instructions", self.instructions.as_deref()),
            ("prompt", Some(&*self.prompt)),
        ];
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        for (key, value) in wanted {
            let Some(value) = value else { continue };
            match fields.find(key) {
                Some(at) => edits.push((at, value.to_owned())),
                None => {
                    let is_first = fields.fields.is_empty() && edits.is_empty();
                    let comma = if is_first { "" } else { "," };
                    edits.push((fields.end..fields.end, format!("{comma}\"{key}\":{value}")));
                }
            }
        }
        edits.sort_by_key(|(at, _)| at.start);
        let mut out = Vec::with_capacity(text.len() + self.prompt.len() + 256);
        let mut from = 0;
        for (at, value) in edits {
            out.extend_from_slice(&text[from..at.start]);
            out.extend_from_slice(value.as_bytes());
            from = at.end;
        }
        out.extend_from_slice(&text[from..]);
        Some(out)
    }
}

/// The messages of the prompt as the API lists them. Those that hold nothing are left out.
fn instructions(messages: &[RenderedMessage], has_urls: bool) -> Value {
    messages
        .iter()
        .filter_map(|message| {
            let parts = message.parts.iter().filter_map(|part| match part {
                RenderedPart::Text(text) if text.is_empty() => None,
                // The API says `input_text` of all roles.
                RenderedPart::Text(text) => Some(json!({ "type": "input_text", "text": text })),
                part => Some(whole(&input_part(part, Role::User).ok()?, has_urls)),
            });
            let content: Vec<Value> = parts.collect();
            (!content.is_empty()).then(
                || json!({ "type": "message", "content": content, "role": message.role.as_str() }),
            )
        })
        .collect()
}

/// A part with the keys that the API adds.
fn whole(part: &Value, has_urls: bool) -> Value {
    let get = |key: &str| part.get(key).cloned().unwrap_or(Value::Null);
    let mut whole = Map::new();
    let mut put = |key: &str, value: Value| drop(whole.insert(key.to_owned(), value));
    match part.get("type").and_then(Value::as_str) {
        Some("input_image") => {
            put("type", json!("input_image"));
            put(
                "detail",
                part.get("detail")
                    .filter(|it| !it.is_null())
                    .cloned()
                    .unwrap_or(json!("auto")),
            );
            put("file_id", get("file_id"));
            put(
                "image_url",
                if has_urls {
                    get("image_url")
                } else {
                    Value::Null
                },
            );
        }
        Some("input_file") => {
            put("type", json!("input_file"));
            put("file_id", get("file_id"));
            for key in ["file_data", "file_url", "filename"] {
                if part.get(key).is_some() {
                    put(key, get(key));
                }
            }
        }
        _ => return part.clone(),
    }
    Value::Object(whole)
}

/// Whether a text is an object with this key and a value, though it may not be JSON throughout.
pub(super) fn names(text: &[u8], key: &str) -> bool {
    let found = Fields::of(text, 0).and_then(|fields| fields.find(key));
    found.is_some_and(|at| &text[at] != b"null")
}

/// The fields of an object in a JSON text: where each value stands, and where the object's `}` does.
struct Fields<'t> {
    text: &'t [u8],
    /// Key, without its quotes, and value.
    fields: Vec<(Range<usize>, Range<usize>)>,
    end: usize,
}

impl<'t> Fields<'t> {
    fn of(text: &'t [u8], start: usize) -> Option<Self> {
        let mut at = blanks(text, start);
        (text.get(at) == Some(&b'{')).then_some(())?;
        at = blanks(text, at + 1);
        let mut fields = Vec::new();
        if text.get(at) == Some(&b'}') {
            return Some(Self {
                text,
                fields,
                end: at,
            });
        }
        loop {
            let key = at + 1..string(text, at)? - 1;
            at = blanks(text, key.end + 1);
            (text.get(at) == Some(&b':')).then_some(())?;
            at = blanks(text, at + 1);
            let value = at..value(text, at)?;
            at = blanks(text, value.end);
            fields.push((key, value));
            match text.get(at)? {
                b',' => at = blanks(text, at + 1),
                b'}' => {
                    return Some(Self {
                        text,
                        fields,
                        end: at,
                    });
                }
                _ => return None,
            }
        }
    }

    fn find(&self, key: &str) -> Option<Range<usize>> {
        let is_key = |at: &Range<usize>| self.text.get(at.clone()) == Some(key.as_bytes());
        // The last of two counts, as it does for readers of JSON.
        let mut found = self.fields.iter().rev().filter(|(at, _)| is_key(at));
        found.next().map(|(_, value)| value.clone())
    }
}

fn blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// The end of the string that begins at `at`.
fn string(text: &[u8], at: usize) -> Option<usize> {
    (text.get(at) == Some(&b'"')).then_some(())?;
    let mut at = at + 1;
    loop {
        let rest = text.get(at..)?;
        let step = memchr::memchr2(b'"', b'\\', rest)?;
        match rest[step] {
            b'"' => return Some(at + step + 1),
            _ => at += step + 2,
        }
    }
}

/// The end of the value that begins at `at`.
fn value(text: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = at;
    loop {
        match text.get(at)? {
            b'"' => at = string(text, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth > 0 => {
                at += 1;
                continue;
            }
            _ => {
                let is_end =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                let rest = text.get(at..)?;
                let length = rest.iter().position(is_end).unwrap_or(rest.len());
                (length > 0).then_some(())?;
                at += length;
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(role: Role, parts: Vec<RenderedPart>) -> RenderedMessage {
        RenderedMessage {
            role,
            parts,
            is_plain: false,
            stands: crate::prompt::rendered::MessageOrigin::Filled,
        }
    }

    fn text(text: &str) -> RenderedPart {
        RenderedPart::Text(text.to_owned())
    }

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap()
    }

    fn echo(caller: Value) -> Echo {
        let messages = [
            message(Role::Developer, vec![text("")]),
            message(Role::Assistant, vec![text("Yes?")]),
            message(
                Role::User,
                vec![
                    text("Look: "),
                    RenderedPart::Given(object(
                        json!({"type": "input_image", "image_url": "https://x/a.png"}),
                    )),
                    RenderedPart::Given(object(
                        json!({"type": "input_file", "file_url": "https://x/a.pdf"}),
                    )),
                ],
            ),
        ];
        let variables = object(
            json!({"word": {"type": "input_text", "text": "cat"}, "picture": {"type": "input_image", "image_url": "https://x/a.png"}}),
        );
        Echo::new(("pmpt_1", "3"), &variables, &messages, &object(caller))
    }

    #[test]
    fn the_echo_has_the_shape_of_recorded_answers() {
        let answer = echo(json!({})).in_answer(b"{\"id\":\"resp_1\"}").unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(
            answer["instructions"],
            json!([
                {"type": "message", "role": "assistant", "content": [{"type": "input_text", "text": "Yes?"}]},
                {"type": "message", "role": "user", "content": [
                    {"type": "input_text", "text": "Look: "},
                    {"type": "input_image", "detail": "auto", "file_id": null, "image_url": null},
                    {"type": "input_file", "file_id": null, "file_url": "https://x/a.pdf"},
                ]},
            ])
        );
        assert_eq!(
            answer["prompt"],
            json!({"id": "pmpt_1", "version": "3", "variables": {
                "word": {"type": "input_text", "text": "cat"},
                "picture": {"type": "input_image", "detail": "auto", "file_id": null, "image_url": null},
            }})
        );
        let asked = echo(json!({"include": [IMAGE_URLS]}));
        assert!(asked.prompt.contains("https://x/a.png"));
        assert!(asked.instructions.unwrap().contains("https://x/a.png"));
    }

    #[test]
    fn nothing_but_the_two_values_changes() {
        let answer = "{\n  \"id\": \"a \\\" } \u{e9}\",\n  \"temperature\": 1.0,\n  \"instructions\": [\"x\", {\"prompt\": 1}],\n  \"big\": 12345678901234567890,\n  \"prompt\": null,\n  \"z\": {\"instructions\": null}\n}\n";
        let echo = echo(json!({}));
        let edited = String::from_utf8(echo.in_answer(answer.as_bytes()).unwrap()).unwrap();
        let expected = answer
            .replace(
                "[\"x\", {\"prompt\": 1}]",
                echo.instructions.as_deref().unwrap(),
            )
            .replace("\"prompt\": null", &format!("\"prompt\": {}", echo.prompt));
        assert_eq!(edited, expected);
    }

    #[test]
    fn instructions_that_the_caller_sent_stay_in_the_answer() {
        let echo = echo(json!({"instructions": "Be short."}));
        let edited = echo
            .in_answer(b"{\"instructions\": \"Be short.\"}")
            .unwrap();
        let edited: Value = serde_json::from_slice(&edited).unwrap();
        assert_eq!(edited["instructions"], "Be short.");
        assert_eq!(edited["prompt"]["id"], "pmpt_1");
    }

    #[test]
    fn what_is_no_answer_is_left_alone() {
        let echo = echo(json!({}));
        for text in [
            "",
            "[]",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\" 1}",
            "{\"a\":1]",
            "<html>",
            "{\"a\":,}",
        ] {
            assert_eq!(echo.in_answer(text.as_bytes()), None, "{text}");
        }
        assert_eq!(echo.in_event(b"{\"type\":\"x\",\"response\":null}"), None);
        assert_eq!(
            echo.in_event(b"{\"type\":\"x\",\"delta\":\"response\"}"),
            None
        );
    }

    proptest! {
        #[test]
        fn any_answer_says_the_same_besides(
            before in proptest::collection::btree_map("[a-z\"\\\\ \n{}]{0,4}", "\\PC{0,6}", 0..5),
            depth in 0usize..3,
        ) {
            let mut value = json!(before);
            for _ in 0..depth {
                value = json!({"a": [value, 1.50, -2e3, true, null], "prompt ": {"x": "}"}});
            }
            value["instructions"] = json!([1, {"prompt": "x"}]);
            for text in [value.to_string(), format!("{value:#}")] {
                let edited = echo(json!({})).in_answer(text.as_bytes()).unwrap();
                let mut edited: Value = serde_json::from_slice(&edited).unwrap();
                let edited = edited.as_object_mut().unwrap();
                let mut original = value.clone();
                let original = original.as_object_mut().unwrap();
                for key in ["instructions", "prompt"] {
                    prop_assert!(edited.shift_remove(key).is_some());
                    original.shift_remove(key);
                }
                prop_assert_eq!(&*edited, &*original);
            }
        }
    }
}

//! `- placeholder: history`: an entry of `messages:` that a variable fills with messages.
//!
//! The variable is a list of `{role, content}`. No value, null and an empty list are no messages.
//! The texts are somebody else's: they are never templates, and no path among them is read.

use serde_json::Value;

use super::code;
use super::document::{Object, Role};
use super::finding::Finding;
use super::hint::Hint;
use super::name::nearest;
use super::rendered::{MessageOrigin, RenderedMessage, RenderedPart};
use super::template::schema::Schema;
use super::validator::short;

/// How `input.schema` declares such a variable, on one line. Its values bring no message of the
/// system.
pub const DECLARATION: &str = "{type: array, items: {type: object, required: [role, content], properties: {role: {enum: [user, assistant]}}}}";

const ROLES: [Role; 4] = [Role::System, Role::Developer, Role::User, Role::Assistant];

/// The keys that the API knows of a picture and of a file, beside `type`.
const IMAGE: &[&str] = &["image_url", "file_id", "detail"];
const FILE: &[&str] = &["file_url", "file_data", "file_id", "filename"];

/// The messages that the value of a placeholder's variable holds.
///
/// # Errors
/// It is something else; the message says which entry is wrong.
pub fn messages(variable: &str, value: &Value) -> Result<Vec<RenderedMessage>, Finding> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        other => {
            let what = format!(
                "`{variable}` must be a list of messages, and {} was given",
                short(other)
            );
            let help = Hint::GiveMessages(variable.to_owned());
            return Err(Finding::error(code::BAD_MESSAGES, what).help(help));
        }
    };
    let entries = items.iter().enumerate();
    entries
        .map(|(at, item)| message(&format!("{variable}[{at}]"), item))
        .collect()
}

fn wrong(message: String, help: &str) -> Finding {
    Finding::error(code::BAD_MESSAGES, message).help(help)
}

fn message(at: &str, item: &Value) -> Result<RenderedMessage, Finding> {
    const HELP: &str = "a message is {role: user, content: …}, and holds nothing else";
    let Value::Object(entry) = item else {
        let what = format!("`{at}` must be a message, and {} was given", short(item));
        return Err(wrong(what, HELP));
    };
    let is_known = |key: &&String| matches!(key.as_str(), "role" | "content");
    if let Some(other) = entry.keys().find(|key| !is_known(key)) {
        let key = short(&Value::String(other.clone()));
        return Err(wrong(format!("`{at}` may not hold {key}"), HELP));
    }
    let Some(role) = entry.get("role") else {
        return Err(wrong(format!("`{at}` lacks `role`"), HELP));
    };
    let role = self::role(at, role)?;
    let (parts, is_plain) = match entry.get("content") {
        None => return Err(wrong(format!("`{at}` lacks `content`"), HELP)),
        Some(Value::String(text)) => (vec![RenderedPart::Text(text.clone())], true),
        Some(Value::Array(items)) if !items.is_empty() => {
            let items = items.iter().enumerate();
            let parts = items.map(|(index, it)| part(&format!("{at}.content[{index}]"), it, role));
            (parts.collect::<Result<_, _>>()?, false)
        }
        Some(other) => {
            let what = format!(
                "`{at}.content` must be a text or a list of parts, and {} was given",
                short(other)
            );
            return Err(wrong(what, HELP));
        }
    };
    Ok(RenderedMessage {
        role,
        parts,
        is_plain,
        stands: MessageOrigin::Given,
    })
}

fn role(at: &str, given: &Value) -> Result<Role, Finding> {
    let text = given.as_str().unwrap_or_default();
    let role = ROLES.into_iter().find(|role| role.as_str() == text);
    role.ok_or_else(|| {
        let meant = nearest(text, ROLES.map(Role::as_str));
        let meant = meant.map_or(String::new(), |meant| format!("; `{meant}` is meant"));
        let what = format!("`{at}.role` is {}, which is no role{meant}", short(given));
        wrong(what, "roles are system, developer, user and assistant")
    })
}

fn part(at: &str, item: &Value, role: Role) -> Result<RenderedPart, Finding> {
    const HELP: &str = "a part is {type: input_text, text: …}; a user's message takes input_image and input_file too";
    let not_a_part = || {
        wrong(
            format!("`{at}` is not a part that the API takes: {}", short(item)),
            HELP,
        )
    };
    let part = item.as_object().ok_or_else(not_a_part)?;
    let kind = part.get("type").and_then(Value::as_str);
    match kind {
        Some("text" | "input_text" | "output_text") => {
            let text = part.get("text").and_then(Value::as_str);
            let text = text.filter(|_| holds_only(part, &["text"]));
            text.map(|text| RenderedPart::Text(text.to_owned()))
                .ok_or_else(not_a_part)
        }
        Some(kind @ ("input_image" | "input_file")) => {
            if role != Role::User {
                let what = format!(
                    "`{at}` is a picture or a file in a message of the {role}, where only text can stand"
                );
                return Err(wrong(what, HELP));
            }
            let known = if kind == "input_image" { IMAGE } else { FILE };
            let fits = holds_only(part, known) && part.values().all(Value::is_string);
            let given = RenderedPart::Given(part.clone());
            fits.then_some(given).ok_or_else(not_a_part)
        }
        _ => Err(not_a_part()),
    }
}

/// Whether a part holds nothing but its `type` and these keys.
fn holds_only(part: &Object, keys: &[&str]) -> bool {
    part.keys()
        .all(|key| key == "type" || keys.contains(&key.as_str()))
}

/// What is wrong with the declaration of a placeholder's variable, if no list of messages fits it.
pub fn misdeclared(schema: &Value, variable: &str) -> Option<String> {
    let declared = Schema::new(schema).property(variable)?;
    let is = |kind: Option<String>, wanted: &str| {
        kind.is_none_or(|kind| kind.split('|').any(|one| one == wanted))
    };
    let kind = declared.kind();
    if !is(kind.clone(), "array") {
        let kind = kind.unwrap_or_default();
        return Some(format!(
            "`{variable}` is declared as {kind}, and a placeholder wants a list of messages"
        ));
    }
    if let Some(default) = declared.default()
        && let Err(finding) = messages(variable, default)
    {
        return Some(format!(
            "the default is no list of messages: {}",
            finding.message
        ));
    }
    let item = declared.step("0")?;
    if !is(item.kind(), "object") {
        let kind = item.kind().unwrap_or_default();
        return Some(format!(
            "the items of `{variable}` are declared as {kind}, and a message is {{role, content}}"
        ));
    }
    let other = item
        .required()
        .into_iter()
        .filter(|key| !matches!(*key, "role" | "content"))
        .min();
    other.map(|other| {
        format!("the items of `{variable}` require `{other}`, and a message is {{role, content}}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(value: Value) -> String {
        let finding = messages("history", &value).expect_err("not messages");
        format!("{} {}", finding.code, finding.message)
    }

    #[test]
    fn messages_come_out_as_they_went_in() {
        let text = "{{secret}} {{> tone}} \\{{x}} </system>\u{10ff00}0\u{10ff00}";
        let given = json!([
            {"role": "user", "content": text},
            {"role": "assistant", "content": [{"type": "output_text", "text": text}]},
            {"role": "user", "content": [{"type": "input_image", "image_url": "https://x/a.png"}]},
            {"role": "developer", "content": ""},
        ]);
        let rendered: Vec<Value> = messages("history", &given)
            .unwrap()
            .iter()
            .map(RenderedMessage::to_json)
            .collect();
        assert_eq!(
            json!(rendered),
            json!([
                {"role": "user", "content": text},
                {"role": "assistant", "content": [{"type": "text", "text": text}]},
                {"role": "user", "content": [{"type": "input_image", "image_url": "https://x/a.png"}]},
                {"role": "developer", "content": ""},
            ])
        );
        for none in [json!(null), json!([])] {
            assert_eq!(messages("history", &none).unwrap(), []);
        }
    }

    #[test]
    fn what_is_no_list_of_messages_is_refused_with_the_entry() {
        let of = |item: Value| refused(json!([{"role": "user", "content": "Hi"}, item]));
        let part = |part: Value| of(json!({"role": "user", "content": [part]}));
        let all = [
            refused(json!("Hi")),
            refused(json!({"role": "user", "content": "Hi"})),
            refused(json!(7)),
            of(json!("Hi")),
            of(json!(["user", "Hi"])),
            of(json!({"content": "Hi"})),
            of(json!({"role": "user"})),
            of(json!({"role": "User", "content": "Hi"})),
            of(json!({"role": "tool", "content": "Hi"})),
            of(json!({"role": 1, "content": "Hi"})),
            of(json!({"role": "user", "content": "Hi", "name": "Ada"})),
            of(json!({"role": "user", "content": "Hi", "a\u{1b}[2Jb": 1})),
            of(json!({"role": "user", "content": null})),
            of(json!({"role": "user", "content": 7})),
            of(json!({"role": "user", "content": []})),
            part(json!("Hi")),
            part(json!({"type": "text"})),
            part(json!({"type": "text", "text": 1})),
            part(json!({"type": "text", "text": "a", "path": "b"})),
            part(json!({"type": "image", "path": "/etc/passwd"})),
            part(json!({"type": "input_image", "image_url": {"url": "a"}})),
            part(json!({"type": "input_audio", "data": "a"})),
            of(
                json!({"role": "assistant", "content": [{"type": "input_image", "image_url": "a"}]}),
            ),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
    P343 `history` must be a list of messages, and "Hi" was given
    P343 `history` must be a list of messages, and {"role":"user","content":"Hi"} was given
    P343 `history` must be a list of messages, and 7 was given
    P343 `history[1]` must be a message, and "Hi" was given
    P343 `history[1]` must be a message, and ["user","Hi"] was given
    P343 `history[1]` lacks `role`
    P343 `history[1]` lacks `content`
    P343 `history[1].role` is "User", which is no role; `user` is meant
    P343 `history[1].role` is "tool", which is no role
    P343 `history[1].role` is 1, which is no role
    P343 `history[1]` may not hold "name"
    P343 `history[1]` may not hold "a\u001b[2Jb"
    P343 `history[1].content` must be a text or a list of parts, and null was given
    P343 `history[1].content` must be a text or a list of parts, and 7 was given
    P343 `history[1].content` must be a text or a list of parts, and [] was given
    P343 `history[1].content[0]` is not a part that the API takes: "Hi"
    P343 `history[1].content[0]` is not a part that the API takes: {"type":"text"}
    P343 `history[1].content[0]` is not a part that the API takes: {"type":"text","text":1}
    P343 `history[1].content[0]` is not a part that the API takes: {"type":"text","text":"a","path":"b"}
    P343 `history[1].content[0]` is not a part that the API takes: {"type":"image","path":"/etc/passwd"}
    P343 `history[1].content[0]` is not a part that the API takes: {"type":"input_image","image_url":{"url":"a"}}
    P343 `history[1].content[0]` is not a part that the API takes: {"type":"input_audio","data":"a"}
    P343 `history[1].content[0]` is a picture or a file in a message of the assistant, where only text can stand
    "#);
    }

    #[test]
    fn a_declaration_that_no_messages_fit_is_told() {
        let of = |declared: Value| {
            misdeclared(&json!({"properties": {"history": declared}}), "history")
                .unwrap_or_default()
        };
        for fine in [
            json!({}),
            json!({"type": "array"}),
            json!({"type": ["array", "null"], "default": []}),
            json!({"type": "array", "items": {"type": "object", "required": ["role", "content"]}}),
        ] {
            assert_eq!(of(fine.clone()), "", "{fine}");
        }
        let all = [
            of(json!({"type": "string"})),
            of(json!({"type": "array", "items": {"type": "string"}})),
            of(json!({"type": "array", "items": {"type": "object", "required": ["role", "text"]}})),
            of(json!({"type": "array", "default": [{"role": "bot", "content": ""}]})),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
    `history` is declared as string, and a placeholder wants a list of messages
    the items of `history` are declared as string, and a message is {role, content}
    the items of `history` require `text`, and a message is {role, content}
    the default is no list of messages: `history[0].role` is "bot", which is no role
    "#);
    }

    #[test]
    fn ten_thousand_messages_are_messages() {
        let many: Vec<Value> = (0..10_000)
            .map(|_| json!({"role": "user", "content": "Hi"}))
            .collect();
        assert_eq!(messages("history", &json!(many)).unwrap().len(), 10_000);
    }
}

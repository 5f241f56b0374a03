//! The text of a prompt as messages: one, or a chat as JSON.

use serde_json::{Value, json};

use super::super::draft::{Draft, refused};
use super::super::langfuse::known_role;
use super::prompts::Text;
use crate::exchange::dialect::{Dialect, Known};
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::{Finding, Span};
use crate::prompt::json;

/// A text, or a chat as JSON or YAML.
pub(super) fn messages(
    text: &Text,
    place: &dyn Fn(Span) -> Option<Span>,
    draft: &mut Draft,
) -> Result<(), Finding> {
    let start = place(Span::point(1, 1));
    let located = parse_located(&text.text).unwrap_or_default();
    let said = match text.is_yaml {
        true => located.value.to_string(),
        false => text.text.clone(),
    };
    let Some(list) = list(said.trim(), start, draft)? else {
        let place = |part| match text.is_yaml {
            true => start,
            false => place(part),
        };
        let template = draft.template(Dialect::Nunjucks, &said, &known(draft), place)?;
        draft.message("user", template);
        return Ok(());
    };
    let above = match located.value.is_object() {
        true => "messages",
        false => "",
    };
    let mut reader = Reader {
        known: known(draft),
        at: start,
        located: &located,
        place,
        path: String::new(),
        draft,
    };
    for (index, message) in list.iter().enumerate() {
        reader.path = format!("{above}[{index}]");
        reader.at = located.place(&reader.path).and_then(place).or(start);
        reader.message(message)?;
    }
    Ok(())
}

/// What is known of the variables: `env` is the environment, where no test gives one.
fn known(draft: &Draft) -> Known {
    Known {
        has_environment: !draft.test_data.iter().any(|row| row.get("env").is_some()),
        ..Known::default()
    }
}

/// The messages of a chat; none where the text is no chat.
fn list(text: &str, at: Option<Span>, draft: &mut Draft) -> Result<Option<Vec<Value>>, Finding> {
    let is_tag = ["{{", "{%", "{#"].iter().any(|sign| text.starts_with(sign));
    if is_tag || !text.starts_with(['[', '{']) {
        return Ok(None);
    }
    match json::parse(text) {
        Ok(Value::Array(items)) => Ok(Some(items)),
        Ok(value) => match value.get("messages") {
            Some(Value::Array(items)) => {
                leave_out(&value, &["messages"], "a chat", at, draft);
                Ok(Some(items.clone()))
            }
            _ => Err(refused(
                at,
                "this JSON is no list of messages",
                "write `[{\"role\": …, \"content\": …}]`",
            )),
        },
        Err(why) if why.is_twice => Err(refused(
            at,
            format!("the chat is JSON in which {}", why.reason),
            "take one of the two out",
        )),
        Err(_) if text.contains("\"role\"") => Err(refused(
            at,
            "the chat is JSON only once its variables and blocks are filled in, so its messages cannot be told apart",
            "put each variable into quotes, and give earlier messages as a list: `- placeholder: history`",
        )),
        Err(_) => Ok(None),
    }
}

/// Names the keys of a map in a chat that have no counterpart here.
fn leave_out(value: &Value, known: &[&str], of: &str, at: Option<Span>, draft: &mut Draft) {
    if let Some(map) = value.as_object() {
        draft.leave_out(map, (known, &[]), of, |_| at);
    }
}

/// A chat that is read.
struct Reader<'d> {
    known: Known,
    /// Where the message stands.
    at: Option<Span>,
    /// The places in the text of the chat, and where that stands.
    located: &'d Located,
    place: &'d dyn Fn(Span) -> Option<Span>,
    /// The path of the message.
    path: String,
    draft: &'d mut Draft,
}

impl Reader<'_> {
    fn message(&mut self, message: &Value) -> Result<(), Finding> {
        let role = message.get("role").and_then(Value::as_str);
        let role = known_role(role.unwrap_or_default(), self.at)?;
        leave_out(
            message,
            &["role", "content"],
            "a message",
            self.at,
            self.draft,
        );
        match message.get("content") {
            Some(Value::String(text)) => {
                let text = self.template(text, "content")?;
                self.draft.message(role, text);
            }
            Some(Value::Array(parts)) => {
                let all: Result<Vec<Value>, Finding> = (parts.iter().enumerate())
                    .map(|(at, item)| self.part(at, item))
                    .collect();
                let all = all?;
                match all.as_slice() {
                    [only] if only["type"] == "text" => {
                        self.draft.message(role, only["text"].clone());
                    }
                    _ => self.draft.message(role, Value::Array(all)),
                }
            }
            _ => {
                return Err(refused(
                    self.at,
                    "a message has no content",
                    "write its text",
                ));
            }
        }
        Ok(())
    }

    /// The template at a path of the message.
    fn template(&mut self, text: &str, below: &str) -> Result<String, Finding> {
        let (located, place, at) = (self.located, self.place, self.at);
        let path = format!("{}.{below}", self.path);
        let place = |part| located.place_in(&path, part).and_then(place).or(at);
        self.draft
            .template(Dialect::Nunjucks, text, &self.known, place)
    }

    /// A text or a picture.
    fn part(&mut self, index: usize, item: &Value) -> Result<Value, Finding> {
        let kind = ["type", "modality"].iter().find_map(|key| item.get(*key));
        let is_text = kind
            .and_then(Value::as_str)
            .is_none_or(|kind| kind.ends_with("text"));
        let text = ["text", "value"]
            .iter()
            .find_map(|key| Some((*key, item.get(*key)?.as_str()?)))
            .filter(|_| is_text);
        let known: &[&str] = match text {
            Some(_) => &["type", "modality", "text", "value"],
            None => &["type", "modality", "image_url", "value", "source"],
        };
        leave_out(item, known, "a part of a message", self.at, self.draft);
        if let Some((key, text)) = text {
            let text = self.template(text, &format!("content[{index}].{key}"))?;
            return Ok(json!({ "type": "text", "text": text }));
        }
        let inner: [(&str, &[&str]); 3] = [
            ("image_url", &["url", "detail"]),
            ("source", &["type", "url", "media_type", "data"]),
            ("value", &["url"]),
        ];
        for (key, known) in inner {
            if let Some(inner) = item.get(key) {
                leave_out(inner, known, "a picture", self.at, self.draft);
            }
        }
        let Some(url) = address(item) else {
            return Err(refused(
                self.at,
                "a part of a message is neither a text nor a picture at an address",
                "parts are `{type: text, text}` and `{type: image_url, image_url: {url}}`",
            ));
        };
        let url = self.template(&url, &format!("content[{index}]"))?;
        let mut image = self.draft.picture(url, self.at);
        let detail = item.get("image_url").and_then(|url| url.get("detail"));
        if let Some(detail) = detail {
            image["detail"] = detail.clone();
        }
        Ok(image)
    }
}

/// The address of a picture, as OpenAI's API or Anthropic's has it.
fn address(item: &Value) -> Option<String> {
    let of_source = |source: &Value| {
        let text = |key: &str| source.get(key).and_then(Value::as_str);
        match text("type")? {
            "url" => text("url").map(str::to_owned),
            "base64" => Some(format!(
                "data:{};base64,{}",
                text("media_type")?,
                text("data")?
            )),
            _ => None,
        }
    };
    item.get("image_url")
        .and_then(|url| url.as_str().or_else(|| url.get("url")?.as_str()))
        .or_else(|| item.get("value")?.get("url")?.as_str())
        .map(str::to_owned)
        .or_else(|| of_source(item.get("source")?))
}

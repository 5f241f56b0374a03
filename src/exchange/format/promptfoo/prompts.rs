//! The prompts of a configuration: texts, files, and chats as JSON.

use serde_json::{Value, json};

use super::super::Source;
use super::super::draft::{Draft, refused};
use super::super::langfuse::known_role;
use crate::exchange::dialect::{Dialect, Known};
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::{Finding, Span};

/// The most prompts of one file.
const MAX_PROMPTS: usize = 500;

/// A prompt as the configuration names it.
pub(super) struct Wanted {
    pub(super) name: String,
    /// Where it stands in the configuration.
    pub(super) path: String,
    /// Its text, and the file that it stands in if it has one of its own.
    pub(super) text: Result<(String, Option<String>), Finding>,
}

/// The name of a configuration: that of its folder, where its own says nothing.
pub(super) fn config_name(source: &Source<'_>) -> String {
    let (folder, file) = source.stem.rsplit_once('/').unwrap_or(("", source.stem));
    let rest = file
        .strip_prefix("promptfooconfig")
        .map(|rest| rest.trim_start_matches(['.', '-', '_']));
    match (rest, folder) {
        (Some(""), "") => "promptfoo".to_owned(),
        (Some(""), folder) => folder.to_owned(),
        (Some(rest), "") => rest.replace('.', "-"),
        (Some(rest), folder) => format!("{folder}/{}", rest.replace('.', "-")),
        (None, "") => file.replace('.', "-"),
        (None, folder) => format!("{folder}/{}", file.replace('.', "-")),
    }
}

pub(super) fn prompts(
    value: Option<&Value>,
    located: &Located,
    source: &Source<'_>,
    stem: &str,
    wanted: &mut Vec<Wanted>,
) {
    let items: Vec<(String, &Value)> = match value {
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("prompts[{index}]"), item))
            .collect(),
        Some(only) => vec![("prompts".to_owned(), only)],
        None => Vec::new(),
    };
    for (path, item) in items {
        if wanted.len() >= MAX_PROMPTS {
            return;
        }
        let label = ["label", "display"]
            .iter()
            .find_map(|key| item.get(*key)?.as_str());
        let text = item.as_str().or_else(|| {
            ["raw", "id", "file"]
                .iter()
                .find_map(|key| item.get(*key)?.as_str())
        });
        let Some(text) = text else {
            let at = located.place(&path);
            wanted.push(Wanted {
                name: format!("{stem}/prompt-{}", wanted.len() + 1),
                path,
                text: Err(refused(
                    at,
                    "this entry is neither a text nor a file",
                    "write the prompt, or `file://…`",
                )),
            });
            continue;
        };
        let file = text.strip_prefix("file://").or_else(|| {
            let is_file = !text.contains('\n') && !text.contains(' ') && is_known_ending(text);
            (is_file && item.get("raw").is_none()).then_some(text)
        });
        match file {
            None => wanted.push(Wanted {
                name: match label {
                    Some(label) => format!("{stem}/{label}"),
                    None => format!("{stem}/prompt-{}", wanted.len() + 1),
                },
                path,
                text: Ok((text.to_owned(), None)),
            }),
            Some(file) => of_file(file, label, path, located, source, stem, wanted),
        }
    }
}

fn is_known_ending(text: &str) -> bool {
    [
        "txt", "json", "yaml", "yml", "md", "j2", "js", "cjs", "mjs", "ts", "py",
    ]
    .iter()
    .any(|ending| {
        text.rsplit_once('.')
            .is_some_and(|(_, it)| it.split(':').next() == Some(ending))
    })
}

fn of_file(
    file: &str,
    label: Option<&str>,
    path: String,
    located: &Located,
    source: &Source<'_>,
    stem: &str,
    wanted: &mut Vec<Wanted>,
) {
    let at = located.place(&path);
    let plain = file.split(':').next().unwrap_or(file);
    let own = plain.rsplit('/').next().unwrap_or(plain);
    let (own, ending) = own.rsplit_once('.').unwrap_or((own, ""));
    let name = format!("{stem}/{}", label.unwrap_or(own));
    let mut fail = |message: String, help: &'static str| {
        wanted.push(Wanted {
            name: name.clone(),
            path: path.clone(),
            text: Err(refused(at, message, help)),
        });
    };
    if matches!(
        ending,
        "js" | "cjs" | "mjs" | "ts" | "py" | "sh" | "go" | "rb"
    ) {
        return fail(
            format!("{file} is a program that makes the prompt, and programs are not run"),
            "write down what it makes, as text",
        );
    }
    if plain.contains('*') {
        return fail(
            format!("{file} stands for several files"),
            "name each of them",
        );
    }
    let text = match (source.beside)(plain) {
        Ok(text) => text.replace("\r\n", "\n"),
        Err(why) => {
            return fail(
                format!("{plain} could not be read: {why}"),
                "it is looked for beside the configuration",
            );
        }
    };
    let folder = source
        .path
        .rsplit_once('/')
        .map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let shown = format!("{folder}{}", plain.trim_start_matches("./"));
    if ending == "txt" {
        // Several prompts stand between lines of dashes.
        let parts: Vec<&str> = text.split("\n---\n").collect();
        let count = parts.len();
        for (index, part) in parts.into_iter().enumerate().take(MAX_PROMPTS) {
            let name = if count > 1 {
                format!("{name}-{}", index + 1)
            } else {
                name.clone()
            };
            wanted.push(Wanted {
                name,
                path: path.clone(),
                // promptfoo takes the blanks around a text of a file away.
                text: Ok((part.trim().to_owned(), (index == 0).then(|| shown.clone()))),
            });
        }
        return;
    }
    let text = match ending {
        "yaml" | "yml" => match parse_located(&text) {
            Ok(located) => located.value.to_string(),
            Err(why) => return fail(format!("{plain}: {}", why.message), "mend the file"),
        },
        _ => text,
    };
    wanted.push(Wanted {
        name,
        path,
        text: Ok((text, Some(shown))),
    });
}

/// The address of a picture as Anthropic's API has it.
fn of_source(source: &Value) -> Option<String> {
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
}

/// A text, or a chat as JSON.
pub(super) fn messages(
    text: &str,
    place: impl Fn(Span) -> Option<Span>,
    draft: &mut Draft,
) -> Result<(), Finding> {
    let trimmed = text.trim();
    if !trimmed.starts_with(['[', '{'])
        || trimmed.starts_with("{{")
        || trimmed.starts_with("{%")
        || trimmed.starts_with("{#")
    {
        let template = draft.template(Dialect::Nunjucks, text, &Known::default(), place)?;
        draft.message("user", template);
        return Ok(());
    }
    let start = place(Span::point(1, 1));
    let value: Result<Value, _> = serde_json::from_str(trimmed);
    let list = match &value {
        Ok(Value::Array(items)) => items.clone(),
        Ok(Value::Object(map)) => match map.get("messages") {
            Some(Value::Array(items)) => items.clone(),
            _ => {
                return Err(refused(
                    start,
                    "this JSON is no list of messages",
                    "write `[{\"role\": …, \"content\": …}]`",
                ));
            }
        },
        Ok(_) => Vec::new(),
        Err(_) if trimmed.contains("\"role\"") => {
            return Err(refused(
                start,
                "the chat is JSON only once its variables and blocks are filled in, so its messages cannot be told apart",
                "put each variable into quotes, and give earlier messages as a list: `- placeholder: history`",
            ));
        }
        Err(_) => {
            let template = draft.template(Dialect::Nunjucks, text, &Known::default(), place)?;
            draft.message("user", template);
            return Ok(());
        }
    };
    for message in &list {
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let role = known_role(role, start)?;
        let part = |text: &str, draft: &mut Draft| {
            draft.template(Dialect::Nunjucks, text, &Known::default(), |_| start)
        };
        match message.get("content") {
            Some(Value::String(text)) => {
                let text = part(text, draft)?;
                draft.message(role, text);
            }
            Some(Value::Array(parts)) => {
                let mut all = Vec::new();
                for item in parts {
                    let text = ["text", "value"]
                        .iter()
                        .find_map(|key| item.get(*key)?.as_str());
                    let url = item
                        .get("image_url")
                        .and_then(|url| url.as_str().or_else(|| url.get("url")?.as_str()))
                        .or_else(|| item.get("value")?.get("url")?.as_str())
                        .map(str::to_owned)
                        .or_else(|| of_source(item.get("source")?));
                    let is_text = item
                        .get("type")
                        .or_else(|| item.get("modality"))
                        .and_then(Value::as_str)
                        .is_none_or(|kind| kind.ends_with("text"));
                    match (text.filter(|_| is_text), url) {
                        (Some(text), _) => {
                            all.push(json!({ "type": "text", "text": part(text, draft)? }));
                        }
                        (None, Some(url)) => {
                            let mut image = json!({ "type": "image", "url": part(&url, draft)? });
                            let detail = item.get("image_url").and_then(|url| url.get("detail"));
                            if let Some(detail) = detail {
                                image["detail"] = detail.clone();
                            }
                            all.push(image);
                        }
                        (None, None) => {
                            return Err(refused(
                                start,
                                "a part of a message is neither a text nor a picture at an address",
                                "parts are `{type: text, text}` and `{type: image_url, image_url: {url}}`",
                            ));
                        }
                    }
                }
                match all.as_slice() {
                    [only] if only["type"] == "text" => draft.message(role, only["text"].clone()),
                    _ => draft.message(role, Value::Array(all)),
                }
            }
            _ => return Err(refused(start, "a message has no content", "write its text")),
        }
    }
    Ok(())
}

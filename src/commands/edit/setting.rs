//! What `--set` and `--unset` say, and how it is applied to a file.

use serde_json::Value;

use super::super::numbering::edit_failure;
use super::super::session::Session;
use super::read_text;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::edit::{
    EditError, Step, is_text, messages_by_role, parse_path, place_of_key, remove, set,
};
use crate::prompt::quote::shell_word;
use crate::prompt::{code, document};

/// How much of a value an error repeats, in characters.
const MAX_SHOWN: usize = 40;

/// The path of a value.
#[derive(Debug, Clone)]
pub(super) struct Key {
    text: String,
    path: Vec<Step>,
}

/// A path, and the value that it is to have.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    key: Key,
    given: Given,
}

#[derive(Debug, Clone)]
enum Given {
    /// `KEY=VALUE`: a number where a number fits, and text where only text does.
    Plain(String),
    /// `KEY=@FILE`.
    File(String),
    /// `KEY:=JSON`.
    Json(Value),
}

pub(super) fn parse_key(text: &str) -> Result<Key, String> {
    let path = parse_path(text).map_err(|error| error.to_string())?;
    Ok(Key {
        text: text.to_owned(),
        path,
    })
}

pub(super) fn parse_setting(text: &str) -> Result<Setting, String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("write KEY=VALUE, or KEY:=JSON, such as modelParameters.maxTokens=600")?;
    if let Some(key) = key.strip_suffix(':') {
        let value = serde_json::from_str(value)
            .map_err(|error| format!("the value of {key} is not JSON: {error}"))?;
        return Ok(Setting {
            key: parse_key(key)?,
            given: Given::Json(value),
        });
    }
    let given = match value.strip_prefix('@') {
        Some("") => {
            return Err(format!(
                "{key}=@ lacks the path of a file; write {key}=@@ for the text @"
            ));
        }
        Some(text) if text.starts_with('@') => Given::Plain(text.to_owned()),
        Some(file) => Given::File(file.to_owned()),
        None => Given::Plain(value.to_owned()),
    };
    Ok(Setting {
        key: parse_key(key)?,
        given,
    })
}

impl Setting {
    /// The text of a file with this value in it.
    ///
    /// # Errors
    /// The value cannot be set there, or nobody would read it.
    pub(super) fn apply(
        &self,
        text: &str,
        before: &Loaded,
        session: &Session,
    ) -> Result<String, Failure> {
        let wrong = |error: EditError| edit_failure(&before.path, &error);
        let path = messages_by_role(text, &self.key.path).map_err(wrong)?;
        let edited = match &self.given {
            Given::Json(value) => set(text, &path, value),
            Given::File(file) => {
                let content = read_text(file, session).map_err(|failure| {
                    failure.hint(format!(
                        "{}=@@… is for a text that begins with @",
                        self.key.text
                    ))
                })?;
                set(text, &path, &Value::String(content))
            }
            Given::Plain(value) => set_plain(text, &path, value),
        }
        .map_err(wrong)?;
        if has_new_dead_key(text, &edited) {
            return Err(self.dead(&path, before));
        }
        Ok(edited)
    }

    /// That nobody reads this key, and which one is meant.
    fn dead(&self, path: &[Step], before: &Loaded) -> Failure {
        let key = &self.key.text;
        let failure = Failure::new(
            code::UNKNOWN_KEY,
            format!("`{key}` is not a key that promptctl knows: it would have no effect"),
        )
        .at(before.path.clone());
        let (sign, value) = match &self.given {
            Given::Plain(value) => ("=", value.clone()),
            Given::File(file) => ("=", format!("@{file}")),
            Given::Json(value) => (":=", value.to_string()),
        };
        let value: String = match value.char_indices().nth(MAX_SHOWN) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value,
        };
        match place_of_key(path) {
            Some(meant) => failure.hint(format!(
                "promptctl edit {} --set {}",
                before.name,
                shell_word(&format!("{meant}{sign}{value}"))
            )),
            None => failure
                .hint(format!(
                    "a field of the API request stands under extraBody: --set {}",
                    shell_word(&format!(
                        "extraBody.{}{sign}{value}",
                        key.strip_prefix("modelParameters.").unwrap_or(key)
                    ))
                ))
                .hint(format!(
                    "a key of your own is written by hand: promptctl edit {}",
                    before.name
                )),
        }
    }
}

/// Whether an edit wrote a key that means nothing and was not there before.
fn has_new_dead_key(text: &str, edited: &str) -> bool {
    let dead = |text: &str| {
        // What cannot be read is told elsewhere.
        let warnings = document::parse(text).map_or_else(|_| Vec::new(), |it| it.warnings);
        let dead = warnings
            .into_iter()
            .filter(|it| it.code == code::UNKNOWN_KEY);
        dead.map(|it| it.message).collect::<Vec<_>>()
    };
    let known = dead(text);
    dead(edited).iter().any(|message| !known.contains(message))
}

/// Sets a value. `600` is a number where a number fits, and text where only text does.
fn set_plain(text: &str, path: &[Step], plain: &str) -> Result<String, EditError> {
    let is_text = is_text(path);
    let typed = serde_json::from_str::<Value>(plain)
        .ok()
        .filter(|typed| !typed.is_string())
        .filter(|typed| !is_text || typed.is_array() || typed.is_object());
    let value = typed.unwrap_or_else(|| Value::String(plain.to_owned()));
    let typed = set(text, path, &value)?;
    if value.is_string() || document::parse(&typed).is_ok() {
        return Ok(typed);
    }
    let as_text = set(text, path, &Value::String(plain.to_owned()))?;
    Ok(if document::parse(&as_text).is_ok() {
        as_text
    } else {
        typed
    })
}

impl Key {
    /// The text of a file without this value.
    ///
    /// # Errors
    /// There is no such value, or it cannot be taken out.
    pub(super) fn take_out(&self, text: &str, before: &Loaded) -> Result<String, Failure> {
        remove(text, &self.path).map_err(|error| not_removed(before, &self.text, &error))
    }
}

/// A value that cannot be taken out, or is not there.
fn not_removed(before: &Loaded, key: &str, error: &EditError) -> Failure {
    let name = &before.name;
    let EditError::Missing { path } = error else {
        return edit_failure(&before.path, error);
    };
    let failure = Failure::new(
        code::INVALID_PROMPT,
        format!("{name} has no `{path}`: there is nothing to take out"),
    )
    .at(before.path.clone());
    if key == "openai" {
        return failure.hint(format!(
            "it calls no stored prompt of OpenAI's: promptctl run {name} sends its own messages"
        ));
    }
    failure.hint(format!("promptctl get {name} shows the keys that it has"))
}

//! What `--set` and `--unset` say, and how it is applied to a file.

use serde_json::Value;

use super::super::input::read_text;
use super::super::numbering::edit_failure;
use super::super::session::Session;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::edit::{
    EditError, Step, is_text, messages_by_role, parse_path, place_of_key, remove, set, show_path,
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
        self.key.require_settable(before)?;
        let wrong = |error: EditError| {
            let mut failure = edit_failure(&before.path, &error);
            let Some(meant) = self.key.with_indices() else {
                return failure;
            };
            failure.hints = vec![self.line(&meant, before).into()];
            failure
        };
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
            return Err(self.dead(&path, text, before));
        }
        Ok(edited)
    }

    /// That nobody reads this key, and which one is meant.
    fn dead(&self, path: &[Step], text: &str, before: &Loaded) -> Failure {
        let key = &self.key.text;
        let failure = Failure::new(
            code::UNKNOWN_KEY,
            format!("`{key}` is not a key that promptctl knows: it would have no effect"),
        )
        .at(before.path.clone());
        match place_of_key(path) {
            Some(meant) => match self.refused_at(&meant, text) {
                // The line would only lead to the next error.
                Some(why) => failure
                    .hint(format!("{meant} is the key that may be meant"))
                    .hint(why),
                None => failure.hint(self.line(&meant, before)),
            },
            None => failure
                .hint(format!(
                    "a field of the API request stands under extraBody: --set {}",
                    shell_word(&self.shown_at(&format!(
                        "extraBody.{}",
                        key.strip_prefix("modelParameters.").unwrap_or(key)
                    )))
                ))
                .hint(format!(
                    "a key of your own is written by hand: promptctl edit {}",
                    before.name
                )),
        }
    }
}

impl Setting {
    /// The same value at another path, as it is typed.
    fn shown_at(&self, path: &str) -> String {
        let (sign, value) = match &self.given {
            Given::Plain(value) => ("=", value.clone()),
            Given::File(file) => ("=", format!("@{file}")),
            Given::Json(value) => (":=", value.to_string()),
        };
        let value: String = match value.char_indices().nth(MAX_SHOWN) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value,
        };
        format!("{path}{sign}{value}")
    }

    /// The line that sets the same value at another path.
    fn line(&self, path: &str, before: &Loaded) -> String {
        format!(
            "promptctl edit {} --set {}",
            before.name,
            shell_word(&self.shown_at(path))
        )
    }

    /// Why the value cannot stand at the path that may be meant, if so.
    fn refused_at(&self, meant: &str, text: &str) -> Option<String> {
        let path = parse_path(meant).ok()?;
        let edited = match &self.given {
            Given::Plain(value) => set_plain(text, &path, value),
            Given::Json(value) => set(text, &path, value),
            Given::File(_) => return None,
        };
        let findings = document::parse(&edited.ok()?).err()?;
        Some(findings.first()?.message.clone())
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
        self.require_settable(before)?;
        remove(text, &self.path).map_err(|error| {
            let mut failure = not_removed(before, &self.text, &error);
            let Some(meant) = self.with_indices() else {
                return failure;
            };
            let line = format!(
                "promptctl edit {} --unset {}",
                before.name,
                shell_word(&meant)
            );
            failure.hints = vec![line.into()];
            failure
        })
    }

    /// Fails for the lines that number a version: they say what was counted and computed.
    fn require_settable(&self, before: &Loaded) -> Result<(), Failure> {
        let name = &before.name;
        let (why, hint) = match self.path.first() {
            Some(Step::Key(key)) if key == "version" => (
                "`version` is counted by promptctl, so that no number is used twice",
                format!(
                    "leave it out: edit raises it with the content; promptctl bump {name} raises it after a change by hand"
                ),
            ),
            Some(Step::Key(key)) if key == "digest" => (
                "`digest` is computed by promptctl from the content",
                format!(
                    "leave it out: edit writes it; promptctl bump {name} does after a change by hand"
                ),
            ),
            _ => return Ok(()),
        };
        Err(Failure::usage(why).at(before.path.clone()).hint(hint))
    }

    /// The path with its numbers as places in a list: `messages[1].content` for `messages.1.content`.
    fn with_indices(&self) -> Option<String> {
        let as_place = |step: &Step| match step {
            Step::Key(key) => key.parse().ok().map(Step::Index),
            Step::Index(_) => None,
        };
        let mut is_other = false;
        let steps = self.path.iter().map(|step| match as_place(step) {
            Some(place) => {
                is_other = true;
                place
            }
            None => step.clone(),
        });
        let mut steps: Vec<Step> = steps.collect();
        if let [Step::Key(first), Step::Index(_)] = steps.as_slice()
            && first == "messages"
        {
            steps.push(Step::Key("content".to_owned()));
        }
        is_other.then(|| show_path(&steps))
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

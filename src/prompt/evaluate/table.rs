//! What the tables of checks are made of: a row a key, with what it takes and how it is decided.
//!
//! A row turns its value into a [`Test`] once, before any output is seen, where the value asks for no
//! field of the case; else once a case. Regular expressions and schemas are compiled there.

use std::borrow::Cow;
use std::fmt;

use regex::escape;
use serde_json::{Value, json};

use super::answer::Answer;
use super::fill::{self, Fields};
use super::{Finding, Object, bad, cut, shown};
use crate::prompt::validator::{memory, memory_of_pattern};

/// How large a regular expression may be once it is compiled, in bytes, so that a hostile file cannot
/// eat the memory.
pub(super) const MAX_PATTERN: usize = 1 << 20;

/// A key of an evaluator: a check, or a setting of the checks beside it.
pub(super) struct Row {
    pub(super) name: &'static str,
    /// Of a check: it passes when the output, without the blanks around it, …. Of a setting: what it
    /// does.
    pub(super) words: &'static str,
    pub(super) takes: Takes,
    pub(super) role: Role,
}

pub(super) enum Role {
    Check(Make),
    /// A check whose value others look at too.
    Shared(Make),
    /// Looks whether a value of the setting can be used.
    Setting(fn(&Given<'_>) -> Result<(), Finding>),
}

/// Makes a test of a value in which no template is left.
pub(super) type Make = fn(&Given<'_>) -> Result<Test, Finding>;

/// Decides about an answer; the second is the value at `path`, for the checks of `json`.
pub(super) type Test = Box<dyn Fn(&Answer<'_>, &Value) -> Outcome + Send + Sync>;

/// A key with its value, and the settings that stand beside it.
pub(super) struct Given<'a> {
    pub(super) key: &'static str,
    pub(super) value: &'a Value,
    pub(super) settings: &'a Object,
}

/// What a test says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Passes,
    /// What was expected, and what was got.
    Fails(String),
    /// How good the answer is, and why it is not good enough, if it is not.
    Scores(f64, Option<String>),
    /// Why it cannot be told.
    Unknown(String),
}

/// `expected …, got …`, where the answer does not pass.
pub(super) fn unless(passes: bool, reason: impl FnOnce() -> String) -> Outcome {
    if passes {
        Outcome::Passes
    } else {
        Outcome::Fails(reason())
    }
}

/// Why an answer fails.
pub(super) fn expected(expected: impl fmt::Display, got: impl fmt::Display) -> String {
    format!("expected {expected}, got {got}")
}

/// `1 word`, `2 words`.
pub(super) fn counted(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

pub(super) const fn check(
    name: &'static str,
    words: &'static str,
    takes: Takes,
    make: Make,
) -> Row {
    Row {
        name,
        words,
        takes,
        role: Role::Check(make),
    }
}

pub(super) const fn setting(
    name: &'static str,
    words: &'static str,
    takes: Takes,
    look: fn(&Given<'_>) -> Result<(), Finding>,
) -> Row {
    Row {
        name,
        words,
        takes,
        role: Role::Setting(look),
    }
}

/// The row as one whose value other checks look at too.
pub(super) const fn shared(row: Row) -> Row {
    match row.role {
        Role::Check(make) => Row {
            role: Role::Shared(make),
            ..row
        },
        _ => row,
    }
}

/// What a key takes. Each can also be a template over the case, but for what a model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// A text that GitHub reads as left out where it is empty.
    GitHubsText,
    Text,
    Texts,
    TextOrTexts,
    /// A regular expression, in which a field of the case is plain text.
    Pattern,
    Count,
    Number,
    /// A number from 0 to 1.
    Share,
    /// A number, or a part of another such as `1%`.
    Tolerance,
    /// `2s` or `500ms`.
    Time,
    Flag,
    Pointer,
    Schema,
    Value,
    Values,
    OneOf(&'static [&'static str]),
    Choices,
}

impl Takes {
    /// The JSON Schema of it, for editors.
    pub(super) fn schema(self) -> Object {
        let text = json!({ "type": ["string", "number", "boolean"] });
        let schema = match self {
            Self::GitHubsText | Self::Text => text,
            Self::Texts => json!({ "type": ["array", "string"], "items": text }),
            Self::TextOrTexts => {
                json!({ "type": ["array", "string", "number", "boolean"], "items": text })
            }
            Self::Pattern | Self::Pointer | Self::Time => json!({ "type": "string" }),
            Self::Count => json!({ "type": ["integer", "string"], "minimum": 0 }),
            Self::Number => json!({ "type": ["number", "string"] }),
            Self::Tolerance => json!({ "type": ["number", "string"], "minimum": 0 }),
            Self::Share => json!({ "type": ["number", "string"], "minimum": 0, "maximum": 1 }),
            Self::Flag => json!({ "type": ["boolean", "string"] }),
            Self::Schema => json!({ "type": ["object", "boolean", "string"] }),
            Self::Value => json!({}),
            Self::Values => json!({ "type": ["array", "string"], "minItems": 1 }),
            Self::OneOf(words) => {
                json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": "\\{\\{" }] })
            }
            Self::Choices => json!({
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["choice", "score"],
                    "properties": {
                        "choice": text,
                        "score": { "type": "number", "minimum": 0, "maximum": 1 },
                    },
                },
            }),
        };
        schema.as_object().cloned().unwrap_or_default()
    }
}

/// The keys that are given below one key of an evaluator, made ready as far as can be without a case.
pub(super) struct Plan {
    checks: Vec<(&'static Row, Slot)>,
    settings: Object,
    /// Whether a setting asks for a field of the case.
    open: bool,
    memory: u64,
}

enum Slot {
    Ready(Test),
    Open(Value),
}

impl Plan {
    /// Reads what is given below `kind`.
    pub(super) fn new(kind: &str, known: &'static [Row], given: &Object) -> Result<Self, Finding> {
        let mut settings = Object::new();
        let mut checks = Vec::new();
        for (key, value) in given {
            let row = find(kind, key, known)?;
            fill::check(value)?;
            match row.role {
                Role::Check(_) if is_left_out(row, value) => {}
                Role::Check(make) | Role::Shared(make) => checks.push((row, make, value)),
                Role::Setting(_) => {}
            }
            if !matches!(row.role, Role::Check(_)) {
                settings.insert(key.clone(), value.clone());
            }
        }
        let open = settings.values().any(fill::is_open);
        let mut known_settings = settings.clone();
        known_settings.retain(|_, value| !fill::is_open(value));
        look_at(known, &known_settings)?;
        let heavy = checks.iter().map(|(row, _, value)| match row.takes {
            Takes::Pattern => {
                memory_of_pattern(value.as_str().unwrap_or_default()).min(MAX_PATTERN as u64)
            }
            Takes::Schema => memory(value),
            _ => 0,
        });
        let memory = heavy.sum();
        let slots = checks.into_iter().map(|(row, make, value)| {
            if fill::is_open(value) {
                return Ok((row, Slot::Open(value.clone())));
            }
            let test = make(&Given {
                key: row.name,
                value,
                settings: &known_settings,
            })?;
            let slot = if open {
                Slot::Open(value.clone())
            } else {
                Slot::Ready(test)
            };
            Ok((row, slot))
        });
        Ok(Self {
            checks: slots.collect::<Result<_, Finding>>()?,
            settings,
            open,
            memory,
        })
    }

    /// How many bytes its regular expressions and schemas take, about.
    pub(super) fn memory(&self) -> u64 {
        self.memory
    }

    pub(super) fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }

    /// The settings for a case.
    pub(super) fn settings(
        &self,
        known: &'static [Row],
        fields: Fields<'_>,
    ) -> Result<Cow<'_, Object>, Finding> {
        if !self.open {
            return Ok(Cow::Borrowed(&self.settings));
        }
        let filled = self.settings.iter();
        let filled: Object = filled
            .map(|(key, value)| Ok((key.clone(), fields.fill(value)?)))
            .collect::<Result<_, Finding>>()?;
        look_at(known, &filled)?;
        Ok(Cow::Owned(filled))
    }

    /// Decides the checks that `which` names, up to the first that fails.
    pub(super) fn run(
        &self,
        which: impl Fn(&str) -> bool,
        settings: &Object,
        fields: Fields<'_>,
        answer: &Answer<'_>,
        at: &Value,
    ) -> Result<Outcome, Finding> {
        let mut all = Outcome::Passes;
        for (row, slot) in self.checks.iter().filter(|(row, _)| which(row.name)) {
            let outcome = match slot {
                Slot::Ready(test) => test(answer, at),
                Slot::Open(value) => made(row, value, settings, fields)?(answer, at),
            };
            match outcome {
                Outcome::Passes => {}
                Outcome::Fails(_) | Outcome::Scores(_, Some(_)) => return Ok(outcome),
                Outcome::Unknown(_) | Outcome::Scores(_, None) => all = outcome,
            }
        }
        Ok(all)
    }

    /// Makes the tests that only a case makes whole, and forgets them: what asks for the output too is
    /// left alone.
    pub(super) fn check(&self, known: &'static [Row], fields: Fields<'_>) -> Result<(), Finding> {
        if fill::asks_for_output(self.settings.values()) {
            return Ok(());
        }
        let settings = self.settings(known, fields)?;
        for (row, slot) in &self.checks {
            if let Slot::Open(value) = slot
                && !fill::asks_for_output([value])
            {
                drop(made(row, value, &settings, fields)?);
            }
        }
        Ok(())
    }
}

fn made(
    row: &'static Row,
    value: &Value,
    settings: &Object,
    fields: Fields<'_>,
) -> Result<Test, Finding> {
    let value = match (row.takes, value) {
        (Takes::Pattern, Value::String(pattern)) => Value::from(fields.fill_text(pattern, escape)?),
        _ => fields.fill(value)?,
    };
    let given = Given {
        key: row.name,
        value: &value,
        settings,
    };
    match row.role {
        Role::Check(make) | Role::Shared(make) => make(&given),
        Role::Setting(look) => look(&given).map(|()| -> Test { Box::new(|_, _| Outcome::Passes) }),
    }
}

fn is_left_out(row: &Row, value: &Value) -> bool {
    row.takes == Takes::GitHubsText && value.as_str() == Some("")
}

fn look_at(known: &'static [Row], settings: &Object) -> Result<(), Finding> {
    for row in known {
        if let (Role::Setting(look), Some(value)) = (&row.role, settings.get(row.name)) {
            look(&Given {
                key: row.name,
                value,
                settings,
            })?;
        }
    }
    Ok(())
}

/// The row of a key; one that is not known is refused with the key that was probably meant.
pub(super) fn find(kind: &str, key: &str, known: &'static [Row]) -> Result<&'static Row, Finding> {
    if let Some(row) = known.iter().find(|row| row.name == key) {
        return Ok(row);
    }
    let key = cut(key);
    let names = || known.iter().map(|row| row.name);
    let nearest = names()
        .map(|name| (strsim::damerau_levenshtein(&key, name), name))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    let what = if kind == "llm" { "key" } else { "check" };
    let message = match nearest {
        Some((_, name)) => format!("`{kind}.{key}` is not a {what}; `{name}` is meant"),
        None => format!("`{kind}.{key}` is not a {what}"),
    };
    let names: Vec<String> = names().map(|name| format!("`{name}`")).collect();
    Err(bad(message).help(format!("The {what}s of `{kind}` are {}.", names.join(", "))))
}

impl Given<'_> {
    fn wants(&self, what: &str) -> Finding {
        bad(format!(
            "`{}` must be {what}, not {}",
            self.key,
            shown(self.value)
        ))
    }

    /// A finding about this key's value.
    pub(super) fn wrong(&self, what: &str, help: impl Into<String>) -> Finding {
        self.wants(what).help(help.into())
    }

    /// Another key beside this one, as a value to read.
    pub(super) fn beside(&self, key: &'static str) -> Option<Given<'_>> {
        Some(Given {
            key,
            value: self.settings.get(key)?,
            settings: self.settings,
        })
    }

    /// A whole number from 0, for `minLength` and its like.
    pub(super) fn count(&self) -> Result<u64, Finding> {
        let count = self.value.as_u64();
        count.ok_or_else(|| self.wants("a whole number from 0"))
    }

    /// A number from 0 to 1.
    pub(super) fn share(&self) -> Result<f64, Finding> {
        let share = self.value.as_f64().filter(|it| (0.0..=1.0).contains(it));
        share.ok_or_else(|| self.wants("a number from 0 to 1"))
    }

    pub(super) fn flag(&self) -> Result<bool, Finding> {
        let flag = self.value.as_bool();
        flag.ok_or_else(|| self.wants("true or false"))
    }

    pub(super) fn text(&self) -> Result<String, Finding> {
        self.text_of(self.value)
    }

    fn text_of(&self, value: &Value) -> Result<String, Finding> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            other => Err(bad(format!(
                "`{}` must be a text, not {}",
                self.key,
                shown(other)
            ))),
        }
    }

    /// A text to look for, which must not be empty: every output contains an empty text.
    pub(super) fn part(&self) -> Result<String, Finding> {
        self.part_of(self.value)
    }

    fn part_of(&self, value: &Value) -> Result<String, Finding> {
        let text = self.text_of(value)?;
        if text.is_empty() {
            return Err(bad(format!("`{}` looks for an empty text", self.key))
                .help("Every output contains an empty text. Give the case a value to look for."));
        }
        Ok(text)
    }

    pub(super) fn parts(&self) -> Result<Vec<String>, Finding> {
        let Value::Array(items) = self.value else {
            let help = format!("Write it as `{}: [one, two]`.", self.key);
            return Err(self.wrong("a list of texts", help));
        };
        items.iter().map(|item| self.part_of(item)).collect()
    }

    pub(super) fn one_or_more(&self) -> Result<Vec<String>, Finding> {
        match self.value {
            Value::Array(_) => self.parts(),
            _ => self.part().map(|part| vec![part]),
        }
    }

    /// One of the words that the key takes.
    pub(super) fn word<T: Copy>(&self, words: &[(&'static str, T)]) -> Result<T, Finding> {
        let text = self.value.as_str().unwrap_or_default();
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.wants(&format!("one of {}", words.join(", ")))
        })
    }
}

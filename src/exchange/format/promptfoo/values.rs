//! The values of a test, as promptfoo gives them to a prompt: files read, names in them filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::super::Source;
use crate::prompt::document::parse_located;

/// How often promptfoo looks for names to fill in.
const ROUNDS: usize = 5;
/// The most that filling in may add to the values of a test, in bytes.
const MAX_FILLED: usize = 1_000_000;
/// The most that it may add to those of all tests.
const MAX_FILLED_IN_ALL: usize = 10_000_000;

/// What promptfoo does not read as text.
const NO_TEXTS: [&str; 28] = [
    "js", "cjs", "mjs", "ts", "cts", "mts", "py", "rb", "go", "sh", "pdf", "jpg", "jpeg", "png",
    "gif", "bmp", "webp", "svg", "mp4", "webm", "ogg", "mov", "avi", "wmv", "mkv", "m4v", "mp3",
    "wav",
];

/// Why a value is not what promptfoo gives to a prompt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// The file that it names is no text, or cannot be read.
    File(String),
    /// A program makes it.
    Program,
    /// It reads the environment.
    Environment,
    /// It is a template itself.
    Template,
    /// It is too large once all is filled in.
    TooLarge,
    /// It names itself, maybe by way of others.
    Circle,
}

/// Files that values name, each read once.
pub(super) struct Files<'s> {
    source: &'s Source<'s>,
    read: BTreeMap<String, Option<String>>,
    /// How much may still be filled in.
    left: usize,
}

impl<'s> Files<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        Self {
            source,
            read: BTreeMap::new(),
            left: MAX_FILLED_IN_ALL,
        }
    }

    /// The text of a file, as a value.
    fn text(&mut self, file: &str) -> Option<String> {
        if let Some(known) = self.read.get(file) {
            return known.clone();
        }
        let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
        let text = match NO_TEXTS.contains(&ending.to_ascii_lowercase().as_str()) {
            true => None,
            false => (self.source.beside)(file).ok(),
        };
        let text = match ending {
            "yaml" | "yml" => text
                .and_then(|text| parse_located(&text).ok())
                .map(|located| located.value.to_string()),
            _ => text.map(|text| text.trim().to_owned()),
        };
        self.read.insert(file.to_owned(), text.clone());
        text
    }

    /// The values that a prompt is given, and those that are others here.
    pub(super) fn given(
        &mut self,
        row: Map<String, Value>,
    ) -> (Map<String, Value>, Vec<(String, Other)>) {
        let mut given = Map::new();
        let mut others = Vec::new();
        for (name, value) in row {
            let Value::String(text) = value else {
                given.insert(name, value);
                continue;
            };
            let text = match (text.strip_prefix("file://"), text.starts_with("package:")) {
                (Some(file), _) => self.text(file).ok_or_else(|| Other::File(text.clone())),
                (None, true) => Err(Other::Program),
                (None, false) => Ok(text),
            };
            match text {
                Ok(text) => {
                    let text = text.strip_suffix('\n').unwrap_or(&text);
                    given.insert(name, Value::from(text));
                }
                Err(why) => others.push((name, why)),
            }
        }
        let before = MAX_FILLED.min(self.left);
        let mut left_over = before;
        fill(&mut given, &mut others, &mut left_over);
        self.left -= before - left_over;
        given.retain(|name, value| match value.as_str().and_then(left) {
            Some(Other::Environment) => {
                others.push((name.clone(), Other::Environment));
                false
            }
            Some(why) => {
                others.push((name.clone(), why));
                true
            }
            None => true,
        });
        (given, others)
    }
}

static TAG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{\{[\s\u{feff}]*([A-Za-z0-9_]+)[\s\u{feff}]*\}\}").ok());

/// The values that name themselves, maybe by way of others: filling in would never end.
fn circles(given: &Map<String, Value>) -> Vec<String> {
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in given {
        let text = value.as_str().unwrap_or_default();
        let found = TAG.iter().flat_map(|tag| tag.captures_iter(text));
        let inner = found.filter_map(|found| Some(found.get(1)?.as_str()));
        let inner: BTreeSet<&str> = inner.filter(|it| given.contains_key(*it)).collect();
        if !inner.is_empty() {
            names.insert(name, inner);
        }
    }
    // What names nothing that is left is in no circle, and neither is what nothing names.
    loop {
        let before = names.len();
        let named: BTreeSet<&str> = names.values().flatten().copied().collect();
        let has_inner = |inner: &BTreeSet<&str>| inner.iter().any(|it| names.contains_key(it));
        let stays = |name: &str, inner: &BTreeSet<&str>| named.contains(name) && has_inner(inner);
        let gone: Vec<&str> = names
            .iter()
            .filter(|(name, inner)| !stays(name, inner))
            .map(|(name, _)| *name)
            .collect();
        for name in gone {
            names.remove(name);
        }
        if names.len() == before {
            return names.keys().map(|name| (*name).to_owned()).collect();
        }
    }
}

/// Fills names of other values in, one of each value at a time, while it adds no more than `left`.
fn fill(given: &mut Map<String, Value>, others: &mut Vec<(String, Other)>, left: &mut usize) {
    let Some(tag) = TAG.as_ref() else {
        return;
    };
    for name in circles(given) {
        given.remove(&name);
        others.push((name, Other::Circle));
    }
    let names: Vec<String> = given
        .iter()
        .filter(|(_, value)| value.as_str().is_some_and(|text| tag.is_match(text)))
        .map(|(name, _)| name.clone())
        .collect();
    for _ in 0..ROUNDS {
        let mut has_changed = false;
        for name in &names {
            let Some(Value::String(text)) = given.get(name) else {
                continue;
            };
            let Some(found) = tag.captures(text) else {
                continue;
            };
            let (Some(whole), Some(value)) = (
                found.get(0),
                found.get(1).and_then(|inner| given.get(inner.as_str())),
            ) else {
                continue;
            };
            if value.as_str().is_some_and(|value| value.len() > *left) {
                given.remove(name);
                others.push((name.clone(), Other::TooLarge));
                continue;
            }
            let value = in_words(value);
            if value.len() > *left {
                given.remove(name);
                others.push((name.clone(), Other::TooLarge));
                continue;
            }
            *left -= value.len();
            let (before, after) = (&text[..whole.start()], &text[whole.end()..]);
            let filled = format!(
                "{before}{}{after}",
                replaced(&value, whole.as_str(), before, after)
            );
            given.insert(name.clone(), Value::from(filled));
            has_changed = true;
        }
        if !has_changed {
            return;
        }
    }
}

/// A value as JavaScript puts it into a text.
fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items = items.iter().map(|item| match item {
                Value::Null => String::new(),
                item => in_words(item),
            });
            items.collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
        other => other.to_string(),
    }
}

/// What stands for a tag: `$$`, `$&`, `` $` `` and `$'` mean something to the function that puts it there.
fn replaced(value: &str, tag: &str, before: &str, after: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((plain, sign)) = rest.split_once('$') {
        out.push_str(plain);
        let told = match sign.chars().next() {
            Some('$') => Some("$"),
            Some('&') => Some(tag),
            Some('`') => Some(before),
            Some('\'') => Some(after),
            _ => None,
        };
        out.push_str(told.unwrap_or("$"));
        rest = &sign[usize::from(told.is_some())..];
    }
    out.push_str(rest);
    out
}

/// Why a value that is filled in is not all: promptfoo renders the whole prompt once more.
fn left(text: &str) -> Option<Other> {
    if reads_environment(text) {
        return Some(Other::Environment);
    }
    let is_template = ["{{", "{%", "{#"].iter().any(|sign| text.contains(sign));
    is_template.then_some(Other::Template)
}

/// Whether a text asks for a part of the environment.
pub(super) fn reads_environment(text: &str) -> bool {
    static READS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\{[{%][^}]*\benv\s*[.\[]").ok());
    READS.as_ref().is_some_and(|env| env.is_match(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(row: Value) -> (Value, Vec<(String, Other)>) {
        let mut row = row.as_object().unwrap().clone();
        let mut others = Vec::new();
        fill(&mut row, &mut others, &mut MAX_FILLED.clone());
        (Value::Object(row), others)
    }

    #[test]
    fn names_are_filled_in_as_promptfoo_does() {
        let of = |row: Value| filled(row).0;
        assert_eq!(
            of(json!({ "name": "{{k}} b {{ k }}", "k": "{{z}}", "z": "Z" })),
            json!({ "name": "Z b Z", "k": "Z", "z": "Z" })
        );
        // A name that nobody gives stays, and holds up what stands behind it.
        assert_eq!(
            of(json!({ "a": "{{gone}} {{b}}", "b": "B" }))["a"],
            "{{gone}} {{b}}"
        );
        assert_eq!(
            of(json!({ "a": "{{l}} {{m}}", "l": [1, null, "x"], "m": {} }))["a"],
            "1,,x [object Object]"
        );
        assert_eq!(
            of(json!({ "a": "<{{b}}>", "b": "$$ $' $x $` $" }))["a"],
            "<$ > $x < $>"
        );
        let (row, others) =
            filled(json!({ "a": "{{b}}{{b}}{{b}}", "b": "x".repeat(MAX_FILLED / 2) }));
        assert!(row.get("a").is_none());
        assert_eq!(others, [("a".to_owned(), Other::TooLarge)]);
    }

    #[test]
    fn a_value_that_names_itself_is_none() {
        let (row, others) = filled(json!({
            "grow": "{{grow}}{{grow}}", "a": "{{b}}", "b": "{{c}} {{d}}", "c": "{{a}}", "d": "D", "e": "{{d}} {{a}}",
        }));
        assert_eq!(row, json!({ "d": "D", "e": "D {{a}}" }));
        let names: Vec<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "grow"]);
        assert!(others.iter().all(|(_, why)| *why == Other::Circle));
    }

    #[test]
    fn values_that_double_are_stopped_early() {
        let mut row = Map::new();
        for at in 0..900 {
            let (a, b) = (at + 1, at + 2);
            row.insert(
                format!("v{at}"),
                json!(format!("{{{{v{a}}}}}{{{{v{b}}}}}").repeat(20)),
            );
        }
        row.insert("v900".to_owned(), json!("x".repeat(1_000)));
        let (row, _) = filled(Value::Object(row));
        assert!(row.to_string().len() < 2 * MAX_FILLED);
    }

    #[test]
    fn a_part_of_the_environment_is_known_by_its_name() {
        for text in [
            "{{env.KEY}}",
            "a {{ env['KEY'] }}",
            "{% if env.KEY %}x{% endif %}",
            "{{ x or env.KEY }}",
        ] {
            assert_eq!(left(text), Some(Other::Environment), "{text}");
        }
        assert_eq!(left("{{environment.x}}"), Some(Other::Template));
        assert_eq!(left("env.KEY and {env.KEY}"), None);
    }
}

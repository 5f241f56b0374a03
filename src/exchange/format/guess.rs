//! Which format a file has.

use serde_json::Value;

use super::Format;
use super::front::Front;
use crate::prompt::document::parse_located;
use crate::prompt::finding::Finding;

/// What a file seems to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guess {
    /// One format.
    Is(Format),
    /// It could be any of these.
    Either(Vec<Format>),
    /// None that is known.
    Unknown,
    /// It cannot be read, so its form says nothing.
    Broken(Box<Finding>),
}

/// What the ending of a file's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is of this format.
    Is(Format),
    /// Dotprompt and Humanloop name their files alike: what stands in it says which.
    Prompt,
    /// It is JSON: its form says what it is.
    Json,
    /// It is YAML: its form says what it is.
    Yaml,
}

/// The endings of all formats, a longer one before the one that ends it.
const ENDINGS: [(&str, Ending); 15] = [
    (".prompt.yml", Ending::Yaml),
    (".prompt.yaml", Ending::Yaml),
    (".prompt.md", Ending::Is(Format::Text)),
    (".prompty", Ending::Is(Format::Prompty)),
    (".prompt", Ending::Prompt),
    (".agent", Ending::Is(Format::Humanloop)),
    (".json", Ending::Json),
    (".yaml", Ending::Yaml),
    (".yml", Ending::Yaml),
    (".txt", Ending::Is(Format::Text)),
    (".md", Ending::Is(Format::Text)),
    (".jinja2", Ending::Is(Format::Jinja)),
    (".jinja", Ending::Is(Format::Jinja)),
    (".j2", Ending::Is(Format::Jinja)),
    (".njk", Ending::Is(Format::Jinja)),
];

/// What the ending of a file's name says, and the name without it.
pub fn ending(name: &str) -> Option<(&str, Ending)> {
    ENDINGS.iter().find_map(|(ending, says)| {
        let start = name.len().checked_sub(ending.len())?;
        let is_it = name.get(start..)?.eq_ignore_ascii_case(ending);
        is_it.then_some((&name[..start], *says))
    })
}

/// What the file at `path` seems to be: its ending says so, else its form.
pub fn guess(path: &str, text: &str) -> Guess {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let says = ending(&name).map(|(_, says)| says);
    if name.ends_with("skprompt.txt") {
        return Guess::Is(Format::SemanticKernel);
    }
    if name.contains("promptfooconfig") && says == Some(Ending::Yaml) {
        return Guess::Is(Format::Promptfoo);
    }
    let value = match says {
        Some(Ending::Is(format)) => return Guess::Is(format),
        Some(Ending::Prompt) => return of_prompt(text),
        Some(Ending::Json) => match super::json::form(text) {
            Ok(value) => Some(value),
            Err(why) => return Guess::Broken(Box::new(why)),
        },
        Some(Ending::Yaml) => match parse_located(text) {
            Ok(located) => Some(located.value),
            Err(why) => return Guess::Broken(Box::new(why)),
        },
        None => serde_json::from_str(text).ok(),
    };
    let Some(value) = value else {
        return Guess::Unknown;
    };
    let mut fits: Vec<Format> = super::FORMATS
        .iter()
        .map(|row| row.format)
        .filter(|format| has_form(*format, &value))
        .collect();
    match fits.len() {
        0 => Guess::Unknown,
        1 => Guess::Is(fits.remove(0)),
        _ => Guess::Either(fits),
    }
}

/// Dotprompt and Humanloop name their files alike.
fn of_prompt(text: &str) -> Guess {
    let Ok(front) = Front::read(text) else {
        return Guess::Is(Format::Dotprompt);
    };
    let body = &front.text[front.body.clone()];
    if !super::humanloop::has_form(body) || body.contains("{{role") {
        return Guess::Is(Format::Dotprompt);
    }
    let keys = front.map();
    let has = |names: &[&str]| names.iter().any(|name| keys.contains_key(*name));
    match (
        has(&["endpoint", "provider"]),
        has(&["config", "input", "output"]),
    ) {
        (true, false) => Guess::Is(Format::Humanloop),
        (false, true) => Guess::Is(Format::Dotprompt),
        _ => Guess::Either(vec![Format::Dotprompt, Format::Humanloop]),
    }
}

/// Whether a JSON or YAML text has a word that each form of a prompt has: without one it is not parsed.
pub fn may_hold_prompts(text: &str) -> bool {
    let words = [
        "prompt",
        "template",
        "model_versions",
        "\"lc\"",
        "lc:",
        "_type",
        "lastConfig",
    ];
    words.iter().any(|word| text.contains(word))
}

fn has_form(format: Format, value: &Value) -> bool {
    match format {
        Format::Dotprompt | Format::Prompty | Format::Humanloop | Format::Text | Format::Jinja => {
            false
        }
        Format::Mlflow => {
            let first = match value {
                Value::Array(items) => items.first(),
                map => match map.get("model_versions") {
                    Some(Value::Array(items)) => items.first(),
                    _ => Some(map),
                },
            };
            let has = |key: &str| first.is_some_and(|it| it.get(key).is_some());
            let of_sdk = has("template") && !has("input_variables") && !has("template_format");
            has("name") && has("version") && (of_sdk || value.get("model_versions").is_some())
        }
        Format::Promptfoo => {
            let has = |key: &str| value.get(key).is_some();
            has("prompts")
                && (has("tests") || has("providers") || has("targets") || has("defaultTest"))
        }
        Format::Langchain => {
            let inner = value.get("manifest").unwrap_or(value);
            let is_old = inner.get("template").is_some()
                && inner.get("input_variables").is_some_and(|it| {
                    it.as_array()
                        .is_none_or(|all| all.iter().all(Value::is_string))
                });
            inner.get("lc").is_some() || inner.get("_type").is_some() || is_old
        }
        Format::SemanticKernel => {
            let is_map_list = |key: &str| {
                value
                    .get(key)
                    .and_then(Value::as_array)
                    .is_some_and(|all| all.iter().all(Value::is_object))
            };
            let is_kernel = value.get("execution_settings").is_some()
                || is_map_list("input_variables")
                || value.get("output_variable").is_some();
            let is_named = value.get("name").is_some() && value.get("template_format").is_some();
            let is_other = is_named
                || matches!(
                    value.get("template_format").and_then(Value::as_str),
                    Some("semantic-kernel" | "handlebars" | "liquid")
                );
            value.get("template").is_some_and(Value::is_string)
                && value.get("_type").is_none()
                && (is_kernel || is_other)
        }
        Format::Langfuse => {
            let first = match value {
                Value::Array(items) => items.first(),
                Value::Object(map) => match map.get("data").or_else(|| map.get("prompts")) {
                    Some(Value::Array(items)) => items.first(),
                    _ => Some(value),
                },
                _ => None,
            };
            let has = |key: &str| first.is_some_and(|it| it.get(key).is_some());
            has("name")
                && (has("prompt") || (has("versions") && has("lastConfig")))
                && !has("messages")
        }
    }
}

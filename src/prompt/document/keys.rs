//! The keys of a prompt file: their spellings, and what is nearly one of them.

use std::borrow::Cow;

/// One known key and its other names.
#[derive(Debug, Clone, Copy)]
pub(in crate::prompt) struct Known {
    /// The key in camelCase, as `promptctl` writes it.
    pub(in crate::prompt) key: &'static str,
    /// Other names of the same key, in camelCase. Each name is read in snake_case too.
    pub(in crate::prompt) aliases: &'static [&'static str],
}

const fn key(key: &'static str) -> Known {
    Known { key, aliases: &[] }
}

/// The keys at the top of a file.
pub(in crate::prompt) const TOP: &[Known] = &[
    key("$schema"),
    key("name"),
    key("description"),
    key("version"),
    key("digest"),
    key("category"),
    key("tags"),
    key("archived"),
    key("model"),
    key("modelParameters"),
    key("input"),
    key("responseFormat"),
    key("jsonSchema"),
    key("messages"),
    key("testData"),
    key("datasets"),
    key("evaluators"),
    key("eval"),
    key("extraBody"),
    key("openai"),
    key("source"),
];

/// The keys of `modelParameters:`.
pub(in crate::prompt) const PARAMETERS: &[Known] = &[
    key("temperature"),
    key("topP"),
    Known {
        key: "maxTokens",
        aliases: &["maxCompletionTokens", "maxOutputTokens"],
    },
    key("reasoningEffort"),
    key("verbosity"),
    key("stop"),
    key("seed"),
    key("frequencyPenalty"),
    key("presencePenalty"),
];

/// The paths of the keys whose value is one text or number, and which a person may set.
pub fn settable() -> impl Iterator<Item = String> {
    let top = [
        "model",
        "description",
        "name",
        "category",
        "tags",
        "responseFormat",
    ];
    let parameters = PARAMETERS.iter();
    let parameters = parameters.map(|known| format!("modelParameters.{}", known.key));
    top.map(str::to_owned).into_iter().chain(parameters)
}

/// The keys of `input:`.
pub(in crate::prompt) const INPUT: &[Known] = &[key("schema")];

/// The keys of `eval:`.
pub(in crate::prompt) const EVAL: &[Known] = &[
    key("repeat"),
    key("minPassRate"),
    key("margin"),
    key("judge"),
];

/// The keys of a message.
pub(in crate::prompt) const MESSAGE: &[Known] = &[key("role"), key("content"), key("placeholder")];

/// The keys of a content part, those that OpenAI's APIs use instead included.
pub(in crate::prompt) const PART: &[Known] = &[
    key("type"),
    key("text"),
    Known {
        key: "url",
        aliases: &["imageUrl", "fileUrl", "fileData"],
    },
    key("path"),
    key("fileId"),
    key("detail"),
    key("filename"),
    key("file"),
];

/// The keys of `openai:`.
pub(in crate::prompt) const OPENAI: &[Known] =
    &[key("promptId"), key("promptVersion"), key("environments")];

/// The keys of `source:`; importers of other formats may add theirs.
pub(in crate::prompt) const SOURCE: &[Known] = &[
    key("format"),
    key("id"),
    key("path"),
    key("line"),
    key("commit"),
    key("place"),
    key("version"),
    key("versions"),
    key("current"),
    key("project"),
    key("digest"),
];

/// The keys of one entry of `openai.environments:`.
pub(in crate::prompt) const OPENAI_ENVIRONMENT: &[Known] = &[key("promptId"), key("promptVersion")];

/// Keys that people use for something else, however near they are to one of ours.
const ORDINARY: &[&str] = &[
    "inputs",
    "minp",
    "mintokens",
    "mode",
    "models",
    "names",
    "node",
    "speed",
    "tabs",
    "topk",
];

/// What a key of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::prompt) enum Lookup {
    /// The known key, however it is spelt.
    Known(&'static str),
    /// Nearly the known key.
    Misspelt(&'static str),
    /// A key of somebody else.
    Unknown,
}

/// What `text` is among the keys of one map.
pub(in crate::prompt) fn look_up(text: &str, known: &[Known]) -> Lookup {
    let camel = camel_case(text);
    let names = |entry: &Known| entry.key == camel || entry.aliases.contains(&&*camel);
    if let Some(entry) = known.iter().find(|entry| names(entry)) {
        return Lookup::Known(entry.key);
    }
    let plain = normalise(text);
    if text.starts_with(['_', '$', '.']) || ORDINARY.contains(&plain.as_str()) {
        return Lookup::Unknown;
    }
    known
        .iter()
        .flat_map(|entry| std::iter::once(&entry.key).chain(entry.aliases))
        .filter_map(|name| Some((distance(&plain, &normalise(name))?, *name)))
        .min_by_key(|(distance, _)| *distance)
        .map_or(Lookup::Unknown, |(_, name)| Lookup::Misspelt(name))
}

/// The number of slips between two keys, if one is a slip of the other: one for a short key, two
/// for a long one, and never one that changes the first letter, which tells other words apart.
fn distance(text: &str, name: &str) -> Option<usize> {
    let allowed = if name.len() < 8 { 1 } else { 2 };
    if text.len().abs_diff(name.len()) > allowed {
        return None;
    }
    let slips = strsim::damerau_levenshtein(text, name);
    let same_start = text.chars().next() == name.chars().next();
    let swapped = slips == 1 && text.chars().nth(1) == name.chars().next();
    (slips <= allowed && (same_start || swapped)).then_some(slips)
}

fn normalise(text: &str) -> String {
    text.chars()
        .filter(|each| !matches!(each, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// `max_tokens` as `maxTokens`; other spellings as they stand.
fn camel_case(text: &str) -> Cow<'_, str> {
    if !text.contains('_') || text.starts_with('_') {
        return Cow::Borrowed(text);
    }
    let mut camel = String::with_capacity(text.len());
    let mut after_underscore = false;
    for each in text.chars() {
        if each == '_' {
            after_underscore = true;
        } else if std::mem::take(&mut after_underscore) {
            camel.extend(each.to_uppercase());
        } else {
            camel.push(each);
        }
    }
    Cow::Owned(camel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_key_are_that_key() {
        for (text, key) in [
            ("modelParameters", "modelParameters"),
            ("model_parameters", "modelParameters"),
            ("json_schema", "jsonSchema"),
            ("test_data", "testData"),
        ] {
            assert_eq!(look_up(text, TOP), Lookup::Known(key));
        }
        for text in [
            "maxTokens",
            "max_tokens",
            "maxCompletionTokens",
            "max_completion_tokens",
            "max_output_tokens",
        ] {
            assert_eq!(look_up(text, PARAMETERS), Lookup::Known("maxTokens"));
        }
    }

    #[test]
    fn a_slip_is_named() {
        for (text, key) in [
            ("mesages", "messages"),
            ("message", "messages"),
            ("emssages", "messages"),
            ("Messages", "messages"),
            ("model-parameters", "modelParameters"),
            ("modelParamters", "modelParameters"),
            ("modle", "model"),
            ("tag", "tags"),
            ("evaluator", "evaluators"),
            ("verison", "version"),
            ("jsonshema", "jsonSchema"),
        ] {
            assert_eq!(look_up(text, TOP), Lookup::Misspelt(key), "{text}");
        }
        for (text, key) in [
            ("maxTokenz", "maxTokens"),
            ("max_token", "maxTokens"),
            ("temprature", "temperature"),
            ("top-p", "topP"),
        ] {
            assert_eq!(look_up(text, PARAMETERS), Lookup::Misspelt(key), "{text}");
        }
    }

    #[test]
    fn ordinary_words_are_no_slips() {
        for text in [
            "author",
            "type",
            "tests",
            "test",
            "note",
            "notes",
            "title",
            "label",
            "models",
            "mode",
            "inputs",
            "outputs",
            "tasks",
            "tools",
            "session",
            "vision",
            "metadata",
            "config",
            "region",
            "status",
            "owner",
            "prompt",
            "language",
            "id",
            "_name",
            "$id",
            "x-anchors",
            "",
            "\u{e9}",
        ] {
            assert_eq!(look_up(text, TOP), Lookup::Unknown, "{text}");
        }
        for text in [
            "topK",
            "top_k",
            "min_p",
            "min_tokens",
            "n",
            "logprobs",
            "store",
        ] {
            assert_eq!(look_up(text, PARAMETERS), Lookup::Unknown, "{text}");
        }
    }
}

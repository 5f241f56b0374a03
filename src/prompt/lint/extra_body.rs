//! `extraBody`: whether its fields are what OpenAI's API documents.

use serde_json::Value;

use super::{Finding, Subject};
use crate::prompt::code;
use crate::prompt::parameters::WORDS;

/// How many findings one file gives at most.
const MAX_FINDINGS: usize = 20;
/// The most pairs of `metadata`.
const MAX_PAIRS: usize = 16;
/// The longest key of `metadata`, in characters.
const MAX_KEY: usize = 64;
/// The longest value of `metadata`, in characters.
const MAX_VALUE: usize = 512;

/// What a field of a request may be; every field may be null, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Flag,
    Whole,
    Number,
    Text,
    Map,
    List,
    TextOrMap,
    TextOrList,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Flag => value.is_boolean(),
            Self::Whole => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::Map => value.is_object(),
            Self::List => value.is_array(),
            Self::TextOrMap => value.is_string() || value.is_object(),
            Self::TextOrList => value.is_string() || value.is_array(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Flag => "true or false",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Map => "a map",
            Self::List => "a list",
            Self::TextOrMap => "a text or a map",
            Self::TextOrList => "a text or a list",
        }
    }
}

/// The fields of a request that the API documents.
const FIELDS: &[(&str, Kind)] = &[
    ("background", Kind::Flag),
    ("conversation", Kind::TextOrMap),
    ("include", Kind::List),
    ("input", Kind::TextOrList),
    ("instructions", Kind::Text),
    ("max_output_tokens", Kind::Whole),
    ("max_tool_calls", Kind::Whole),
    ("metadata", Kind::Map),
    ("model", Kind::Text),
    ("parallel_tool_calls", Kind::Flag),
    ("previous_response_id", Kind::Text),
    ("prompt", Kind::Map),
    ("prompt_cache_key", Kind::Text),
    ("reasoning", Kind::Map),
    ("reasoning.effort", Kind::Text),
    ("reasoning.summary", Kind::Text),
    ("safety_identifier", Kind::Text),
    ("service_tier", Kind::Text),
    ("store", Kind::Flag),
    ("stream", Kind::Flag),
    ("stream_options", Kind::Map),
    ("temperature", Kind::Number),
    ("text", Kind::Map),
    ("text.format", Kind::Map),
    ("text.verbosity", Kind::Text),
    ("tool_choice", Kind::TextOrMap),
    ("tools", Kind::List),
    ("top_logprobs", Kind::Whole),
    ("top_p", Kind::Number),
    ("truncation", Kind::Text),
    ("user", Kind::Text),
];

/// Fields of the Chat Completions API, and how a prompt file says the same.
const OF_CHAT: &[(&str, &str)] = &[
    ("frequency_penalty", "remove it"),
    ("function_call", "write `tool_choice`"),
    ("functions", "write `tools`"),
    ("logit_bias", "remove it"),
    ("logprobs", "write `top_logprobs`"),
    ("max_completion_tokens", "write `max_output_tokens`"),
    ("max_tokens", "write `max_output_tokens`"),
    ("messages", "write `messages` at the top of the file"),
    ("n", "remove it"),
    ("presence_penalty", "remove it"),
    ("reasoning_effort", "write `reasoning: {effort: …}`"),
    (
        "response_format",
        "write `responseFormat` and `jsonSchema` at the top of the file",
    ),
    ("seed", "remove it"),
    ("stop", "remove it"),
    ("verbosity", "write `text: {verbosity: …}`"),
];

/// Fields of a request that the file says in another place, with that place.
const OF_THE_FILE: &[(&str, &str)] = &[
    (
        "model",
        "write `model:` at the top of the file: that is what is shown, compared and priced first",
    ),
    (
        "max_output_tokens",
        "write `maxTokens` below `modelParameters`",
    ),
    ("input", "write `messages:`: what they say is not sent so"),
    (
        "instructions",
        "write a system message: what the first ones say is not sent so",
    ),
    ("prompt", "write `openai: {promptId: …}`"),
    (
        "stream",
        "leave it out: a stream is asked for where somebody reads one",
    ),
    (
        "background",
        "leave it out: the answer is waited for, and such a call gives none",
    ),
    (
        "store",
        "leave it out, or write `store: false`: with `true` the API keeps what is asked and answered",
    ),
];

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    // Servers of others may take what OpenAI's does not.
    if subject.document.extra_body.is_empty() || subject.model.is_some_and(|it| !it.is_openai) {
        return;
    }
    let mut found = Vec::new();
    let mut add = |path: &str, finding: Finding, help: &str| {
        let at = subject.document.span_of(&format!("extraBody.{path}"));
        found.push(finding.at(at).help(help));
    };
    for (path, kind) in FIELDS {
        let Some(value) = value_at(subject, path).filter(|it| !it.is_null() && !kind.fits(it))
        else {
            continue;
        };
        let message = format!(
            "`extraBody.{path}` is {}, and OpenAI's API takes {}",
            noun(value),
            kind.words()
        );
        add(
            path,
            Finding::error(code::BAD_EXTRA_BODY, message),
            "change the value, or leave the field out",
        );
    }
    // The other words are parameters, and checked with them.
    let (path, words) = WORDS[1];
    if let Some(given) = value_at(subject, path).and_then(Value::as_str)
        && !words.contains(&given)
    {
        let message = format!("`extraBody.{path}: {given}` is not known");
        add(
            path,
            Finding::error(code::BAD_EXTRA_BODY, message),
            &format!("it is one of {}", words.join(", ")),
        );
    }
    for (key, instead) in OF_CHAT {
        if value_at(subject, key).is_some() {
            let message =
                format!("the Responses API has no `{key}`, and refuses a request with it");
            add(
                key,
                Finding::warning(code::BAD_EXTRA_BODY, message),
                instead,
            );
        }
    }
    for (key, instead) in OF_THE_FILE {
        let is_given =
            value_at(subject, key).is_some_and(|it| !it.is_null() && it != &Value::Bool(false));
        // Nothing is overridden where the file says nothing.
        let is_limit =
            *key == "max_output_tokens" && !subject.document.parameters.contains_key("maxTokens");
        if is_given && !is_limit {
            let message =
                format!("`extraBody.{key}` is sent in place of what the file says elsewhere");
            add(key, Finding::new(code::BODY_OVERRIDES, message), instead);
        }
    }
    metadata(subject, &mut add);
    found.truncate(MAX_FINDINGS);
    findings.append(&mut found);
}

fn metadata(subject: &Subject<'_>, add: &mut impl FnMut(&str, Finding, &str)) {
    let Some(Value::Object(pairs)) = subject.document.extra_body.get("metadata") else {
        return;
    };
    let error = |message: String| Finding::error(code::BAD_EXTRA_BODY, message);
    if pairs.len() > MAX_PAIRS {
        let message = format!(
            "`extraBody.metadata` has {} pairs, and OpenAI's API takes {MAX_PAIRS}",
            pairs.len()
        );
        add("metadata", error(message), "keep those that you search by");
    }
    for (key, value) in pairs.iter().take(1000) {
        let path = format!("metadata.{key}");
        let shown: String = key.chars().take(MAX_KEY).collect();
        let length = key.chars().count();
        if length > MAX_KEY {
            let message = format!(
                "the key `{shown}…` of `extraBody.metadata` has {length} characters, and OpenAI's API takes {MAX_KEY}"
            );
            add(&path, error(message), "shorten it");
        }
        match value {
            Value::String(text) => {
                let length = text.chars().count();
                if length > MAX_VALUE {
                    let message = format!(
                        "`extraBody.metadata.{shown}` has {length} characters, and OpenAI's API takes {MAX_VALUE}"
                    );
                    add(&path, error(message), "shorten it");
                }
            }
            other => {
                let message = format!(
                    "`extraBody.metadata.{shown}` is {}, and OpenAI's API takes only texts there",
                    noun(other)
                );
                add(&path, error(message), "quote it");
            }
        }
    }
}

fn value_at<'a>(subject: &Subject<'a>, path: &str) -> Option<&'a Value> {
    let mut keys = path.split('.');
    let first = subject.document.extra_body.get(keys.next()?)?;
    keys.try_fold(first, |value, key| value.get(key))
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::super::ModelFacts;
    use super::super::testing::{found_after, found_with};

    #[test]
    fn metadata_has_limits() {
        let pairs: String = (0..17).map(|at| format!("k{at}: v, ")).collect();
        let (key, value) = ("k".repeat(65), "v".repeat(513));
        insta::assert_snapshot!(
            [
                found_after(&format!("extraBody:\n  metadata: {{{pairs}}}\n")),
                found_after(&format!("extraBody:\n  metadata:\n    {key}: a\n    b: {value}\n    c: 7\n    d: [x]\n    e: null\n")),
            ].join("\n"),
            @"
        error P326 4:13 `extraBody.metadata` has 17 pairs, and OpenAI's API takes 16
        error P326 5:72 the key `kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…` of `extraBody.metadata` has 65 characters, and OpenAI's API takes 64
        error P326 6:8 `extraBody.metadata.b` has 513 characters, and OpenAI's API takes 512
        error P326 7:8 `extraBody.metadata.c` is a number, and OpenAI's API takes only texts there
        error P326 8:8 `extraBody.metadata.d` is a list, and OpenAI's API takes only texts there
        error P326 9:8 `extraBody.metadata.e` is null, and OpenAI's API takes only texts there
        "
        );
        let pairs: String = (0..16).map(|at| format!("k{at}: v, ")).collect();
        assert_eq!(
            found_after(&format!("extraBody: {{metadata: {{{pairs}}}}}\n")),
            ""
        );
        let umlauts = "ü".repeat(512);
        assert_eq!(
            found_after(&format!("extraBody: {{metadata: {{k: {umlauts}}}}}\n")),
            ""
        );
    }

    #[test]
    fn documented_fields_have_their_type() {
        insta::assert_snapshot!(
            found_after("extraBody: {store: 'no', tools: {type: web_search}, max_output_tokens: 1.5, text: plain, reasoning: {summary: long}, metadata: [a], service_tier: 1, max_tokens: 5, seed: 1}\n"),
            @"
    error P326 3:20 `extraBody.store` is a text, and OpenAI's API takes true or false
    warning P413 3:20 `extraBody.store` is sent in place of what the file says elsewhere
    error P326 3:33 `extraBody.tools` is a map, and OpenAI's API takes a list
    error P326 3:72 `extraBody.max_output_tokens` is a number, and OpenAI's API takes a whole number
    error P326 3:83 `extraBody.text` is a text, and OpenAI's API takes a map
    error P326 3:111 `extraBody.reasoning.summary: long` is not known
    error P326 3:128 `extraBody.metadata` is a list, and OpenAI's API takes a map
    error P326 3:147 `extraBody.service_tier` is a number, and OpenAI's API takes a text
    warning P326 3:162 the Responses API has no `max_tokens`, and refuses a request with it
    warning P326 3:171 the Responses API has no `seed`, and refuses a request with it
    "
        );
        assert_eq!(
            found_after(
                "extraBody: {store: null, tools: [], tool_choice: auto, reasoning: {summary: auto}, include: [a], whatever: 1, service_tier: new}\n"
            ),
            ""
        );
    }

    #[test]
    fn servers_of_others_may_take_more() {
        let text = "version: 1\nmodel: local/m\nmessages: [{role: user, content: Hi}]\nextraBody: {metadata: {a: 1}, seed: 7}\n";
        assert_eq!(found_with(text, &[], Some(ModelFacts::default())), "");
    }
}

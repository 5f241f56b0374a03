//! The requests that bring a stored prompt to light.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::sentinel::Sentinels;

/// A version that no prompt has.
pub const NO_VERSION: &str = "999999";

/// An answer that never was: the API looks for the prompt first, then for this, and no model runs.
const NO_RESPONSE: &str = "resp_promptctl_probe";

/// A request for a stored prompt, its variables filled with sentinels. Nothing else stands in it:
/// each further key would hide what was stored.
pub fn request(
    id: &str,
    version: Option<&str>,
    sentinels: &Sentinels,
    without: &BTreeSet<String>,
) -> Value {
    let mut prompt = Map::new();
    prompt.insert("id".to_owned(), json!(id));
    if let Some(version) = version {
        prompt.insert("version".to_owned(), json!(version));
    }
    let variables: Map<String, Value> = sentinels
        .iter()
        .filter(|(name, _)| !without.contains(*name))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    if !variables.is_empty() {
        prompt.insert("variables".to_owned(), Value::Object(variables));
    }
    json!({
        "prompt": prompt,
        "input": ".",
        "stream": true,
        "store": false,
        "include": ["message.input_image.image_url"],
    })
}

/// The same request as a question that costs nothing: it is refused after the prompt was looked for.
pub fn probe(mut request: Value) -> Value {
    request["previous_response_id"] = json!(NO_RESPONSE);
    request
}

/// The same request for an API that tells nothing before its answer is whole.
pub fn whole(mut request: Value) -> Value {
    request["stream"] = json!(false);
    // The least that the API takes.
    request["max_output_tokens"] = json!(16);
    request
}

/// A value that a server would change if it changed any: it looks like a template, has quotes and
/// backslashes, line ends, and blanks at both ends.
pub fn awkward(name: &str, index: usize) -> String {
    format!(
        " \t{{{{{name}}}}} {{{{{{x}}}}}} {{%x%}} \\ \\n \"'`<b>&amp;\u{e9}\u{1f389}\r\n\n  $1 {index} end \n "
    )
}

/// What the API answers for a model without any prompt.
pub fn control(model: &str) -> Value {
    json!({
        "model": model,
        "input": ".",
        "stream": true,
        "store": false,
        "include": ["message.input_image.image_url"],
    })
}

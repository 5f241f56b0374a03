//! What a call may cost at its worst, by what is sent.

use jiff::Timestamp;
use serde_json::Value;

use super::stored::Request;
use crate::openai::prices::{OwnPrices, cost_usd};
use crate::openai::response::Usage;
use crate::openai::tokens;

/// How many tokens an answer is taken to have where nothing says more.
pub const UNKNOWN_OUTPUT: u64 = 500;

/// How many tokens a picture is taken to have.
const PICTURE: u64 = 2000;

/// So many bytes of a file's data URL are taken to be a token.
const BYTES: u64 = 5;

/// What a call may cost at its worst.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worst {
    /// In US dollars.
    pub cost: f64,
    /// Whether nothing limits how long the answer may be, so that another call may cost more.
    pub is_guess: bool,
}

impl Worst {
    /// The worst of a request: the tokens that it is, and as many as its answer may have. `usual` is
    /// how many an answer usually has, where the request does not limit it.
    pub fn of(
        request: &Request,
        usual: impl FnOnce() -> Option<u64>,
        prices: &OwnPrices,
        now: Timestamp,
    ) -> Self {
        let most = most_output(&request.body);
        let output = most.unwrap_or_else(|| usual().unwrap_or(UNKNOWN_OUTPUT));
        let cost = price(request, input_of(&request.body), output, prices, now);
        Self {
            cost: cost.unwrap_or(0.0),
            is_guess: most.is_none() || cost.is_none(),
        }
    }
}

/// How many tokens the answer to a request may have, where it says so.
pub fn most_output(body: &Value) -> Option<u64> {
    body.get("max_output_tokens").and_then(Value::as_u64)
}

/// What a request costs with so many tokens, by the model that it names.
pub fn price(
    request: &Request,
    input: u64,
    output: u64,
    prices: &OwnPrices,
    now: Timestamp,
) -> Option<f64> {
    let usage = Usage {
        input: Some(input),
        cached: Some(0),
        output: Some(output),
        ..Usage::default()
    };
    let model = request.model.as_ref()?;
    let tier = request.body.get("service_tier").and_then(Value::as_str);
    let at = |tier| cost_usd(&model.provider, &model.name, tier, &usage, now, prices);
    // Of a tier without a price nobody knows more than of the usual one.
    at(tier).or_else(|| at(None))
}

/// About how many tokens a request is: all its texts, also those of tools and schemas.
pub fn input_of(body: &Value) -> u64 {
    fn collect(value: &Value, text: &mut String, data: &mut u64) {
        match value {
            Value::String(part) if part.starts_with("data:image/") => *data += PICTURE,
            Value::String(part) if part.starts_with("data:") => *data += part.len() as u64 / BYTES,
            Value::String(part) => {
                text.push_str(part);
                text.push('\n');
            }
            Value::Array(parts) => parts.iter().for_each(|part| collect(part, text, data)),
            Value::Object(parts) => parts.values().for_each(|part| collect(part, text, data)),
            _ => {}
        }
    }
    let (mut text, mut data) = (String::new(), 0);
    for key in ["instructions", "input", "tools", "text"] {
        collect(&body[key], &mut text, &mut data);
    }
    tokens::count(&text) as u64 + data
}

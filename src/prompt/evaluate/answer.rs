//! What is judged: the answer of a model, with what the checks of one case share about it.

use std::cell::OnceCell;

use serde_json::Value;

/// What came back for a case.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    pub text: &'a str,
    /// How the API says that it ended.
    pub status: Ended,
    /// How long it took in milliseconds; of a cached answer, how long it took the first time.
    pub latency_ms: Option<u64>,
    /// What it cost in dollars; none where the price is unknown.
    pub cost_usd: Option<f64>,
    /// How many tokens the answer had.
    pub output_tokens: Option<u64>,
    /// The functions that the model called, in their order.
    pub tools: &'a [ToolCall],
}

impl<'a> Output<'a> {
    /// An answer of which nothing but the text is known.
    pub fn of(text: &'a str) -> Self {
        Self {
            text,
            status: Ended::Completed,
            latency_ms: None,
            cost_usd: None,
            output_tokens: None,
            tools: &[],
        }
    }
}

/// A function that the model called.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    pub name: String,
    /// What it was called with; a text where that was no JSON.
    pub arguments: Value,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The model said all that it had to say.
    Completed,
    /// The model refused.
    Refused,
    /// It was cut off, by its limit of tokens or a filter.
    Incomplete,
}

/// An output, with what more than one check wants to know about it.
pub(super) struct Answer<'a> {
    pub(super) output: &'a Output<'a>,
    /// The text without the blanks around it.
    pub(super) text: &'a str,
    lower: OnceCell<String>,
    json: OnceCell<Result<Value, String>>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(output: &'a Output<'a>) -> Self {
        Self {
            output,
            text: output.text.trim(),
            lower: OnceCell::new(),
            json: OnceCell::new(),
        }
    }

    /// The text in lower case.
    pub(super) fn lower(&self) -> &str {
        self.lower.get_or_init(|| self.text.to_lowercase())
    }

    /// What stands inside the one code fence that the text is.
    pub(super) fn fenced(&self) -> Option<&'a str> {
        let inner = self.text.strip_prefix("```")?.strip_suffix("```")?;
        let (language, inner) = inner.split_once('\n')?;
        matches!(language.trim(), "" | "json" | "JSON").then_some(inner)
    }

    /// The text, or what its one fence holds, as JSON.
    pub(super) fn json(&self) -> Result<&Value, &String> {
        let value = self.json.get_or_init(|| {
            let text = self.fenced().unwrap_or(self.text);
            serde_json::from_str(text).map_err(|error| error.to_string())
        });
        value.as_ref()
    }
}

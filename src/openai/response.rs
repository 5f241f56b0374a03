//! The answer of the API, read leniently: compatible servers leave much out.

use serde::Serialize;
use serde_json::{Map, Value};

use super::key::{ApiKey, Redactor};
use crate::error::Failure;
use crate::prompt::code;

/// An answer of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The text of all messages, one after the other.
    pub text: String,
    /// The model's words where it declined.
    pub refusal: Option<String>,
    /// The tools that the model wants called. They are not executed.
    pub tool_calls: Vec<ToolCall>,
    /// Whether the output holds anything for whoever asked: a text, even an empty one, a refusal or a
    /// call.
    pub has_output: bool,
    /// Whether the answer is whole.
    pub status: Status,
    /// Why it is not whole, such as `max_output_tokens`.
    pub incomplete_reason: Option<String>,
    /// The model that answered, with its date where the API says it.
    pub model: Option<String>,
    /// The tier that the call was billed at.
    pub service_tier: Option<String>,
    /// The tokens, as far as the server counts them.
    pub usage: Usage,
    /// The id of the answer, such as `resp_…`.
    pub response_id: Option<String>,
    /// The id of the request, which OpenAI's support asks for.
    pub request_id: Option<String>,
    /// How much the rate limit leaves.
    pub rate_limit: RateLimit,
    /// How many requests were sent. More than one may have been billed.
    pub attempts: u32,
    /// How many of them brought no answer and may be billed all the same.
    pub unsure: u32,
    /// From the first request to the end of the answer, in milliseconds.
    pub duration_ms: u64,
    /// The answer as the server sent it; `null` for what came of a broken stream.
    pub raw: Value,
}

/// Whether an answer is whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// It is.
    #[default]
    Completed,
    /// It stopped at a limit or a filter.
    Incomplete,
    /// The API failed, was cancelled, or has not answered yet.
    Failed,
}

/// A tool that the model wants called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolCall {
    /// The id that the result refers to.
    pub call_id: Option<String>,
    /// The name of the tool.
    pub name: String,
    /// The arguments as the model wrote them: JSON for a function, any text for other tools.
    pub arguments: String,
}

/// Tokens of one call; what the server does not say is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens read, the cached ones included.
    pub input: Option<u64>,
    /// Tokens of the input that came from the cache.
    pub cached: Option<u64>,
    /// Tokens of the input that were written to the cache.
    pub cache_write: Option<u64>,
    /// Tokens written, those of reasoning included.
    pub output: Option<u64>,
    /// Tokens of the output spent on reasoning.
    pub reasoning: Option<u64>,
    /// Input and output.
    pub total: Option<u64>,
}

/// What the headers say about the rate limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RateLimit {
    /// `x-ratelimit-remaining-requests`.
    pub remaining_requests: Option<u64>,
    /// `x-ratelimit-remaining-tokens`.
    pub remaining_tokens: Option<u64>,
}

impl Answer {
    /// Reads the response object of the API. Everything may be missing.
    pub fn read(raw: Value) -> Self {
        let mut answer = Self {
            status: status(&raw),
            incomplete_reason: text_at(&raw, "/incomplete_details/reason"),
            model: text_at(&raw, "/model"),
            service_tier: text_at(&raw, "/service_tier"),
            usage: usage(&raw),
            response_id: text_at(&raw, "/id"),
            ..Self::default()
        };
        for item in raw
            .get("output")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            answer.read_item(item);
        }
        // Only SDKs and some servers give the text a second time at the top.
        if answer.text.is_empty() && answer.refusal.is_none() {
            answer.text = text_at(&raw, "/output_text").unwrap_or_default();
        }
        answer.has_output |= !answer.text.is_empty();
        answer.raw = raw;
        answer
    }

    /// Takes a key out of every text.
    pub(super) fn redact(&mut self, key: &ApiKey) {
        let clean = |text: &mut String| *text = key.redact(text);
        clean(&mut self.text);
        [
            &mut self.refusal,
            &mut self.incomplete_reason,
            &mut self.model,
            &mut self.service_tier,
            &mut self.response_id,
        ]
        .into_iter()
        .flatten()
        .for_each(clean);
        for call in &mut self.tool_calls {
            call.call_id.iter_mut().for_each(clean);
            clean(&mut call.name);
            clean(&mut call.arguments);
        }
        Redactor::value(std::slice::from_ref(key), &mut self.raw);
    }

    /// Whether it says that it is whole, and holds nothing: it is no answer of a model.
    pub(super) fn is_hollow(&self) -> bool {
        self.status == Status::Completed
            && !self.has_output
            && self.text.is_empty()
            && self.refusal.is_none()
    }

    /// Adds one item of the output.
    pub(super) fn read_item(&mut self, item: &Value) {
        match item.get("type").and_then(Value::as_str) {
            Some("message") | None => match item.get("content") {
                Some(Value::String(text)) => {
                    self.text.push_str(text);
                    self.has_output = true;
                }
                Some(Value::Array(parts)) => parts.iter().for_each(|part| self.read_part(part)),
                _ => {}
            },
            Some("function_call") => self.read_tool_call(item, "arguments"),
            Some("custom_tool_call") => self.read_tool_call(item, "input"),
            // What a tool of the server did, such as a picture that it made.
            Some(kind) => self.has_output |= kind.contains("_call") || kind.starts_with("mcp_"),
        }
    }

    fn read_part(&mut self, part: &Value) {
        match part.get("type").and_then(Value::as_str) {
            Some("output_text" | "text") => {
                let text = part.get("text").and_then(Value::as_str);
                self.text.push_str(text.unwrap_or_default());
                self.has_output |= text.is_some();
            }
            Some("refusal") => {
                self.has_output = true;
                let words = part
                    .get("refusal")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                self.refusal.get_or_insert_default().push_str(words);
            }
            _ => {}
        }
    }

    fn read_tool_call(&mut self, item: &Value, arguments: &str) {
        let arguments = match item.get(arguments) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        self.has_output = true;
        self.tool_calls.push(ToolCall {
            call_id: text_at(item, "/call_id").or_else(|| text_at(item, "/id")),
            name: text_at(item, "/name").unwrap_or_default(),
            arguments,
        });
    }

    /// What keeps this answer from being a good one: `P314` where the model refused, `P313`
    /// where it stopped early.
    pub fn verdict(&self) -> Option<Failure> {
        if let Some(words) = &self.refusal {
            let message = format!("the model refused: {}", words.trim());
            return Some(Failure::new(code::REFUSED, message));
        }
        if self.status != Status::Incomplete {
            return None;
        }
        let reason = self
            .incomplete_reason
            .as_deref()
            .unwrap_or("no reason given");
        let failure = Failure::new(
            code::INCOMPLETE,
            format!("the answer is incomplete: {reason}"),
        );
        Some(match reason {
            "max_output_tokens" => failure
                .hint("raise `modelParameters.maxTokens`; tokens of reasoning count against it"),
            _ => failure,
        })
    }
}

fn status(raw: &Value) -> Status {
    match raw.get("status").and_then(Value::as_str) {
        Some("incomplete") => Status::Incomplete,
        Some("failed" | "cancelled" | "queued" | "in_progress") => Status::Failed,
        _ if raw.get("error").is_some_and(|error| !error.is_null()) => Status::Failed,
        _ if raw
            .get("incomplete_details")
            .is_some_and(|it| !it.is_null()) =>
        {
            Status::Incomplete
        }
        _ => Status::Completed,
    }
}

fn usage(raw: &Value) -> Usage {
    let Some(usage) = raw.get("usage").and_then(Value::as_object) else {
        return Usage::default();
    };
    // The second spelling is that of chat completions, which some servers keep.
    let input = count(usage, "input_tokens").or_else(|| count(usage, "prompt_tokens"));
    let output = count(usage, "output_tokens").or_else(|| count(usage, "completion_tokens"));
    let detail = |names: [&str; 2], key: &str| {
        names
            .iter()
            .find_map(|name| count(usage.get(*name)?.as_object()?, key))
    };
    let of_input = ["input_tokens_details", "prompt_tokens_details"];
    let of_output = ["output_tokens_details", "completion_tokens_details"];
    Usage {
        input,
        cached: detail(of_input, "cached_tokens"),
        cache_write: detail(of_input, "cache_write_tokens"),
        output,
        reasoning: detail(of_output, "reasoning_tokens"),
        total: count(usage, "total_tokens").or_else(|| input?.checked_add(output?)),
    }
}

/// A count, also where a server writes it as a float. What no call can have used is no count.
fn count(object: &Map<String, Value>, key: &str) -> Option<u64> {
    let value = object.get(key)?;
    let count = value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        // Every whole number up to 2^53 is exact in a float.
        (number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number))
            .then_some(number as u64)
    });
    count.filter(|count| *count <= MOST_TOKENS)
}

/// The most tokens that are believed of one call.
const MOST_TOKENS: u64 = 1_000_000_000_000;

fn text_at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_text_is_all_text_of_all_messages() {
        let answer = Answer::read(json!({
            "id": "resp_1", "status": "completed", "model": "gpt-5-mini-2025-08-07",
            "service_tier": "default", "error": null, "incomplete_details": null,
            "output": [
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
                {"type": "message", "phase": "commentary", "content": [
                    {"type": "output_text", "text": "Hello"}, {"type": "output_text", "text": " "}]},
                {"type": "message", "content": [{"type": "output_text", "text": "world"}]},
            ],
            "usage": {
                "input_tokens": 10, "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
                "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 15,
            },
        }));
        assert_eq!(answer.text, "Hello world");
        assert_eq!(answer.status, Status::Completed);
        assert_eq!(answer.model.as_deref(), Some("gpt-5-mini-2025-08-07"));
        assert_eq!(
            answer.usage,
            Usage {
                input: Some(10),
                cached: Some(4),
                cache_write: Some(2),
                output: Some(5),
                reasoning: Some(3),
                total: Some(15),
            }
        );
        assert!(answer.verdict().is_none());
    }

    #[test]
    fn a_compatible_server_may_leave_nearly_everything_out() {
        let answer = Answer::read(json!({
            "output": [{"content": [{"type": "text", "text": "hi"}]}],
            "usage": {"prompt_tokens": 3.0, "completion_tokens": 2},
        }));
        assert_eq!(
            (answer.text.as_str(), answer.status),
            ("hi", Status::Completed)
        );
        assert_eq!(answer.usage.total, Some(5));
        assert_eq!(answer.usage.cached, None);

        for odd in [
            json!(null),
            json!([1]),
            json!({"output": {}, "usage": 3, "id": 4}),
        ] {
            assert_eq!(Answer::read(odd).usage, Usage::default());
        }
        assert_eq!(Answer::read(json!({"output_text": "top"})).text, "top");
    }

    #[test]
    fn a_refusal_and_a_limit_are_told() {
        let refused = Answer::read(json!({"output": [{"type": "message", "content": [
            {"type": "refusal", "refusal": "I can't help with that."}]}]}));
        let failure = refused.verdict().unwrap();
        assert_eq!(failure.code, Some(code::REFUSED));
        assert_eq!(
            failure.message,
            "the model refused: I can't help with that."
        );

        let cut = Answer::read(json!({"status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": [{"type": "message", "content": [{"type": "output_text", "text": "{\"a"}]}]}));
        assert_eq!(cut.text, "{\"a");
        let failure = cut.verdict().unwrap();
        assert_eq!(failure.code, Some(code::INCOMPLETE));
        insta::assert_snapshot!(crate::output::words::words(&failure.hints[0]), @"raise `modelParameters.maxTokens`; tokens of reasoning count against it");
    }

    #[test]
    fn tool_calls_are_kept_as_they_came() {
        let answer = Answer::read(json!({"output": [
            {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": "{\"id\":1}"},
            {"type": "custom_tool_call", "id": "ct_1", "name": "sql", "input": "select 1"},
            {"type": "web_search_call", "id": "ws_1"},
        ]}));
        let calls: Vec<_> = answer
            .tool_calls
            .iter()
            .map(|call| {
                (
                    call.call_id.as_deref(),
                    call.name.as_str(),
                    call.arguments.as_str(),
                )
            })
            .collect();
        assert_eq!(
            calls,
            [
                (Some("call_1"), "look_up", "{\"id\":1}"),
                (Some("ct_1"), "sql", "select 1"),
            ]
        );
    }
}

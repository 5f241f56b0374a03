//! The model `echo`, answered here as the API would answer it, so that a service can be tried
//! without a network.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::openai::echo;
use crate::record::id::new_id;

/// Whether this request is answered here.
pub(super) fn is_ours(body: &Value) -> bool {
    body.get("model").and_then(Value::as_str) == Some(echo::MODEL)
}

/// The answer to a request, with the id `resp_…`.
pub(super) fn answer(body: &Value, now: Timestamp) -> Value {
    let answer = echo::answer(body);
    let id = new_id(now).replace('-', "");
    let usage = answer.usage;
    let given = |key: &str| body.get(key).cloned().unwrap_or(Value::Null);
    json!({
        "id": format!("resp_{id}"),
        "object": "response",
        "created_at": now.as_second(),
        "status": "completed",
        "background": false,
        "error": null,
        "incomplete_details": null,
        "instructions": given("instructions"),
        "max_output_tokens": given("max_output_tokens"),
        "model": echo::MODEL,
        "output": [{
            "id": format!("msg_{id}"),
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{ "type": "output_text", "annotations": [], "logprobs": [], "text": answer.text }],
        }],
        "parallel_tool_calls": true,
        "previous_response_id": given("previous_response_id"),
        "prompt": null,
        "store": false,
        "temperature": 1.0,
        "text": { "format": { "type": "text" } },
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": {
            "input_tokens": usage.input,
            "input_tokens_details": { "cached_tokens": 0 },
            "output_tokens": usage.output,
            "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": usage.total,
        },
        "metadata": {},
    })
}

/// The same answer as a stream of events, one a word.
pub(super) fn events(answer: &Value) -> Vec<u8> {
    let item = &answer["output"][0];
    let part = &item["content"][0];
    let text = part["text"].as_str().unwrap_or_default();
    let mut started = answer.clone();
    for (key, value) in [
        ("status", json!("in_progress")),
        ("output", json!([])),
        ("usage", Value::Null),
    ] {
        started[key] = value;
    }
    let mut empty_item = item.clone();
    empty_item["status"] = json!("in_progress");
    empty_item["content"] = json!([]);
    let mut empty_part = part.clone();
    empty_part["text"] = json!("");
    let place = json!({ "item_id": item["id"], "output_index": 0, "content_index": 0 });
    let mut steps = vec![
        ("response.created", json!({ "response": started })),
        ("response.in_progress", json!({ "response": started })),
        (
            "response.output_item.added",
            json!({ "output_index": 0, "item": empty_item }),
        ),
        (
            "response.content_part.added",
            with(&place, json!({ "part": empty_part })),
        ),
    ];
    steps.extend(text.split_inclusive(' ').map(|word| {
        let delta = json!({ "delta": word, "logprobs": [] });
        ("response.output_text.delta", with(&place, delta))
    }));
    steps.extend([
        (
            "response.output_text.done",
            with(&place, json!({ "text": text, "logprobs": [] })),
        ),
        (
            "response.content_part.done",
            with(&place, json!({ "part": part })),
        ),
        (
            "response.output_item.done",
            json!({ "output_index": 0, "item": item }),
        ),
        ("response.completed", json!({ "response": answer })),
    ]);
    let mut out = String::new();
    for (number, (kind, fields)) in steps.into_iter().enumerate() {
        let head = json!({ "type": kind, "sequence_number": number });
        let data = with(&head, fields);
        out.push_str(&format!("event: {kind}\ndata: {data}\n\n"));
    }
    out.into_bytes()
}

fn with(first: &Value, rest: Value) -> Value {
    let mut all = first.as_object().cloned().unwrap_or_default();
    if let Value::Object(rest) = rest {
        all.extend(rest);
    }
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::events::Events;

    #[test]
    fn the_stream_says_the_same_as_the_answer() {
        let body =
            json!({"model": "echo", "input": [{"role": "user", "content": "one two three"}]});
        assert!(is_ours(&body));
        let answer = answer(&body, Timestamp::UNIX_EPOCH);
        let stream = events(&answer);
        let mut read = Events::new(None);
        read.take(&stream);
        assert_eq!(read.last().unwrap()["response"], answer);
        let deltas: String = String::from_utf8(stream)
            .unwrap()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
            .filter_map(|event| Some(event.get("delta")?.as_str()?.to_owned()))
            .collect();
        assert_eq!(deltas, "one two three");
    }
}

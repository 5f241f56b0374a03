//! The model `echo`: it answers offline with what it was asked.

use serde_json::{Value, json};

use super::response::{Answer, Status, Usage};

/// The name of the model.
pub const MODEL: &str = "echo";

/// Answers a request with the text of its last user message, or with its instructions where no
/// user speaks. Tokens are counted as words between blanks, so that figures differ
/// without a tokenizer; it costs nothing.
pub fn answer(body: &Value) -> Answer {
    let instructions = body.get("instructions").and_then(Value::as_str);
    let messages = body.get("input").and_then(Value::as_array);
    let messages: Vec<&Value> = messages.into_iter().flatten().collect();
    let last = messages
        .iter()
        .rev()
        .find(|message| message["role"] == "user")
        .or_else(|| messages.last())
        .map(|message| text_of(&message["content"]));
    let text = last
        .or_else(|| body.get("input")?.as_str().map(str::to_owned))
        .or_else(|| instructions.map(str::to_owned))
        .unwrap_or_default();

    let read: u64 = messages
        .iter()
        .map(|message| words(&text_of(&message["content"])))
        .sum();
    let input = read + instructions.map_or(0, words);
    let output = words(&text);
    Answer {
        status: Status::Completed,
        model: Some(MODEL.to_owned()),
        usage: Usage {
            input: Some(input),
            cached: Some(0),
            cache_write: None,
            output: Some(output),
            reasoning: Some(0),
            total: Some(input + output),
        },
        attempts: 1,
        raw: json!({ "model": MODEL, "status": "completed", "output_text": text }),
        text,
        ..Answer::default()
    }
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .collect(),
        _ => String::new(),
    }
}

fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_user_message_comes_back() {
        let answer = answer(&json!({
            "model": "echo",
            "instructions": "Be kind.",
            "input": [
                {"role": "user", "content": "one"},
                {"role": "user", "content": [{"type": "input_text", "text": "two "}, {"type": "input_image"}, {"type": "input_text", "text": "three"}]},
                {"role": "assistant", "content": "four"},
            ],
        }));
        assert_eq!(answer.text, "two three");
        assert_eq!(
            (answer.usage.input, answer.usage.output),
            (Some(6), Some(2))
        );
        assert!(answer.verdict().is_none());
    }

    #[test]
    fn without_a_user_the_instructions_come_back() {
        assert_eq!(answer(&json!({"instructions": "a b"})).text, "a b");
        assert_eq!(
            answer(&json!({"input": [{"role": "system", "content": "s"}]})).text,
            "s"
        );
        assert_eq!(answer(&json!({})).text, "");
    }
}

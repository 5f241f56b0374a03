//! The answer in pieces: from server-sent events to an answer.

use serde_json::Value;

use super::response::{Answer, Status};

/// What one event means for the caller.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// More text.
    Delta(String),
    /// The answer as a whole, also an incomplete or a failed one.
    End(Box<Answer>),
    /// The API gave up; the object has `message` and `code`.
    Error(Value),
    /// Nothing that matters.
    Nothing,
}

/// The answer as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    text: String,
    refusal: String,
    /// The response object of the newest event that had one: it names id and model.
    response: Option<Value>,
    /// The items of the output that are whole.
    items: Vec<Value>,
    /// Whether the server said that the text is whole.
    is_text_done: bool,
}

impl Assembly {
    /// Takes the `data` of one event. What it is, its own `type` says: some servers send no
    /// `event:` line. Data that is not JSON is `Err`.
    pub(super) fn take(&mut self, data: &str) -> Result<Step, serde_json::Error> {
        if data.trim() == "[DONE]" {
            return Ok(self.finish_without_last_event());
        }
        let mut event: Value = serde_json::from_str(data)?;
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        Ok(match kind.as_str() {
            "response.output_text.delta" => match event.get("delta").and_then(Value::as_str) {
                Some(delta) => {
                    self.text.push_str(delta);
                    self.is_text_done = false;
                    Step::Delta(delta.to_owned())
                }
                None => Step::Nothing,
            },
            "response.refusal.delta" => {
                self.refusal.push_str(
                    event
                        .get("delta")
                        .and_then(Value::as_str)
                        .unwrap_or_default(),
                );
                Step::Nothing
            }
            "response.output_text.done" => {
                self.is_text_done = true;
                Step::Nothing
            }
            "response.output_item.done" => {
                self.take_item(event["item"].take());
                Step::Nothing
            }
            "response.created" | "response.in_progress" => {
                self.response = Some(event["response"].take());
                Step::Nothing
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                Step::End(Box::new(self.finish(&kind, event["response"].take())))
            }
            "error" => Step::Error(event),
            // Some servers send the error object alone, after a status of 200.
            "" if event.get("error").is_some_and(Value::is_object) => {
                Step::Error(event["error"].take())
            }
            _ => Step::Nothing,
        })
    }

    fn take_item(&mut self, item: Value) {
        let kind = item.get("type").and_then(Value::as_str);
        self.is_text_done |= matches!(kind, Some("message" | "function_call"));
        self.items.push(item);
    }

    /// The answer of the last event, with what came in pieces where the event leaves it out.
    fn finish(&mut self, kind: &str, response: Value) -> Answer {
        let mut answer = Answer::read(response);
        answer.status = match kind {
            "response.completed" => Status::Completed,
            "response.incomplete" => Status::Incomplete,
            _ => Status::Failed,
        };
        self.fill(&mut answer);
        answer
    }

    /// `[DONE]` is an end only where the server had said that the text is whole.
    fn finish_without_last_event(&mut self) -> Step {
        if !self.is_text_done {
            return Step::Nothing;
        }
        let mut answer = self.partial();
        answer.status = Status::Completed;
        Step::End(Box::new(answer))
    }

    /// What has come so far, as an incomplete answer.
    pub(super) fn partial(&self) -> Answer {
        let mut answer = Answer::read(self.response.clone().unwrap_or_default());
        answer.status = Status::Incomplete;
        self.fill(&mut answer);
        answer
    }

    /// What the answer says itself wins over what came in pieces.
    fn fill(&self, answer: &mut Answer) {
        let says_nothing =
            answer.text.is_empty() && answer.tool_calls.is_empty() && answer.refusal.is_none();
        let has_text = !answer.text.is_empty();
        if says_nothing {
            self.items.iter().for_each(|item| answer.read_item(item));
        }
        if !has_text && answer.text.len() < self.text.len() {
            answer.text.clone_from(&self.text);
        }
        if answer.refusal.is_none() && !self.refusal.is_empty() {
            answer.refusal = Some(self.refusal.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn steps(events: &[Value]) -> (Assembly, Vec<Step>) {
        let mut assembly = Assembly::default();
        let steps = events
            .iter()
            .map(|event| assembly.take(&event.to_string()).unwrap())
            .filter(|step| *step != Step::Nothing)
            .collect();
        (assembly, steps)
    }

    fn delta(text: &str) -> Value {
        json!({"type": "response.output_text.delta", "delta": text})
    }

    #[test]
    fn unknown_events_are_passed_over() {
        let (_, steps) = steps(&[
            json!({"type": "response.created", "response": {"id": "resp_1"}}),
            json!({"type": "response.web_search_call.searching"}),
            json!({"type": "response.output_text.delta"}),
            json!({"no": "type"}),
            json!(7),
            delta("a"),
        ]);
        assert_eq!(steps, [Step::Delta("a".to_owned())]);
    }

    #[test]
    fn the_last_event_may_leave_the_text_out() {
        let (_, mut steps) = steps(&[
            delta("He"),
            delta("llo"),
            json!({"type": "response.completed", "response": {"id": "resp_1", "output": [], "usage": {"input_tokens": 1}}}),
        ]);
        let Some(Step::End(answer)) = steps.pop() else {
            panic!("no end: {steps:?}")
        };
        assert_eq!(answer.text, "Hello");
        assert_eq!(answer.usage.input, Some(1));
        assert_eq!(answer.status, Status::Completed);
    }

    #[test]
    fn the_last_event_may_leave_a_tool_call_out() {
        let (_, mut steps) = steps(&[
            json!({"type": "response.output_item.done", "item":
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}}),
            json!({"type": "response.completed", "response": {}}),
        ]);
        assert!(matches!(steps.pop(), Some(Step::End(answer)) if answer.tool_calls[0].name == "f"));
    }

    #[test]
    fn done_is_an_end_only_after_whole_text() {
        let mut assembly = Assembly::default();
        assembly.take(&delta("half").to_string()).unwrap();
        assert_eq!(assembly.take("[DONE]").unwrap(), Step::Nothing);
        let whole = json!({"type": "response.output_text.done", "text": "half"});
        assembly.take(&whole.to_string()).unwrap();
        assert!(
            matches!(assembly.take(" [DONE]").unwrap(), Step::End(answer)
            if answer.text == "half" && answer.status == Status::Completed)
        );
    }

    #[test]
    fn what_came_is_kept() {
        let (assembly, _) = steps(&[
            json!({"type": "response.created", "response": {"id": "resp_1", "model": "m"}}),
            delta("ha"),
        ]);
        let partial = assembly.partial();
        assert_eq!(partial.text, "ha");
        assert_eq!(partial.response_id.as_deref(), Some("resp_1"));
        assert_eq!(partial.status, Status::Incomplete);
    }

    #[test]
    fn an_error_may_come_with_or_without_its_type() {
        let (_, steps) = steps(&[
            json!({"type": "error", "code": "server_error", "message": "x"}),
            json!({"error": {"code": "server_error", "message": "x"}}),
        ]);
        assert!(
            steps
                .iter()
                .all(|step| matches!(step, Step::Error(error) if error["message"] == "x"))
        );
        assert_eq!(steps.len(), 2);
    }
}

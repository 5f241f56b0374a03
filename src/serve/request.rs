//! What a call asks for: `prompt` in the body of a request.

use serde_json::Value;

use super::problem::Problem;
use crate::prompt::document::Object;

/// The stored prompt that a request asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PromptRequest {
    /// `prompt.id`.
    pub(super) id: String,
    /// `prompt.version`; none asks for what is live.
    pub(super) version: Option<String>,
    /// `prompt.variables`.
    pub(super) variables: Object,
}

impl PromptRequest {
    /// Reads `prompt`. `None` where the request has none.
    ///
    /// # Errors
    /// It is not what the API takes, in the API's words.
    pub(super) fn of(body: &Object) -> Result<Option<Self>, Problem> {
        let prompt = match body.get("prompt") {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(prompt)) => prompt,
            Some(other) => return Err(Problem::wrong_type("prompt", "an object", other)),
        };
        let text = |key: &str| match prompt.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => {
                let param = format!("prompt.{key}");
                Err(Problem::wrong_type(&param, "a string", other))
            }
        };
        let id = match (text("id")?, text("prompt_id")?) {
            (Some(id), Some(other)) if id != other => {
                return Err(Problem::new(
                    400,
                    Some("invalid_value"),
                    "'prompt.id' and 'prompt.prompt_id' name two prompts.",
                )
                .param("prompt.prompt_id")
                .hint("send `id` alone"));
            }
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => {
                return Err(Problem::new(
                    400,
                    Some("missing_required_parameter"),
                    "Missing required parameter: 'prompt.id'.",
                )
                .param("prompt.id"));
            }
        };
        let variables = match prompt.get("variables") {
            None | Some(Value::Null) => Object::new(),
            Some(Value::Object(variables)) => variables.clone(),
            Some(other) => {
                return Err(Problem::wrong_type("prompt.variables", "an object", other));
            }
        };
        Ok(Some(Self {
            id,
            version: text("version")?,
            variables,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(prompt: Value) -> Result<Option<PromptRequest>, Problem> {
        PromptRequest::of(json!({ "prompt": prompt }).as_object().unwrap())
    }

    #[test]
    fn both_names_of_the_id_are_read() {
        for key in ["id", "prompt_id"] {
            let asked = asked(json!({ key: "pmpt_1", "version": "3", "variables": {"a": "b"} }));
            let asked = asked.unwrap().unwrap();
            assert_eq!(
                (asked.id.as_str(), asked.version.as_deref()),
                ("pmpt_1", Some("3"))
            );
            assert_eq!(asked.variables["a"], "b");
        }
        assert!(asked(json!({"id": "a", "prompt_id": "a"})).is_ok());
        let problem = asked(json!({"id": "a", "prompt_id": "b"})).unwrap_err();
        assert_eq!(problem.status, 400);
    }

    #[test]
    fn a_request_without_a_prompt_asks_for_none() {
        assert_eq!(asked(Value::Null), Ok(None));
        assert_eq!(PromptRequest::of(&Object::new()), Ok(None));
    }

    #[test]
    fn what_is_not_taken_is_refused_by_its_place() {
        for (prompt, param) in [
            (json!("pmpt_1"), "prompt"),
            (json!({}), "prompt.id"),
            (json!({"id": 3}), "prompt.id"),
            (json!({"id": "a", "version": 3}), "prompt.version"),
            (json!({"id": "a", "variables": []}), "prompt.variables"),
        ] {
            let problem = asked(prompt.clone()).unwrap_err();
            assert_eq!(problem.to_json()["error"]["param"], param, "{prompt}");
        }
    }
}

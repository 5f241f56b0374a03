//! The model that a prompt of LangChain's is bound to.

use serde_json::Value;

use super::{Reader, below};
use crate::prompt::code;
use crate::prompt::finding::Finding;

impl Reader<'_> {
    /// A prompt and the model that it is bound to.
    pub(super) fn sequence(&mut self, kwargs: &Value, path: &str) -> Result<(), Finding> {
        let steps = [("first", kwargs.get("first")), ("last", kwargs.get("last"))];
        if kwargs
            .get("middle")
            .and_then(Value::as_array)
            .is_some_and(|steps| !steps.is_empty())
        {
            self.draft.lose(
                code::SOURCE_DROPPED,
                self.located.place(&below(path, "middle")),
                "the steps of `middle` are programs: left out",
            );
        }
        for (key, step) in steps {
            let Some(step) = step else { continue };
            let path = below(path, key);
            let is_prompt = step["kwargs"].get("messages").is_some()
                || step["kwargs"].get("template").is_some();
            if is_prompt {
                self.object(step, &path)?;
                continue;
            }
            let (kwargs, _) = self.constructor(step, &path);
            let bound = match kwargs.get("bound") {
                Some(bound) => {
                    let known: (&[&str], &[&str]) = (
                        &["bound", "kwargs"],
                        &[
                            "config",
                            "custom_input_type",
                            "custom_output_type",
                            "config_factories",
                        ],
                    );
                    let at = self.located.place(&path);
                    if let Some(map) = kwargs.as_object() {
                        self.draft.leave_out(map, known, "a binding", |_| at);
                    }
                    self.constructor(bound, &below(&below(&path, "kwargs"), "bound"));
                    bound
                }
                None => step,
            };
            let class = bound
                .get("id")
                .and_then(Value::as_array)
                .and_then(|id| id.last()?.as_str())
                .unwrap_or("-");
            let at = self.located.place(&path);
            let settings = bound.get("kwargs").and_then(Value::as_object);
            let Some(mut settings) = settings.filter(|_| !class.ends_with("Parser")).cloned()
            else {
                let message = format!("the step `{class}` is a program: left out");
                self.draft.lose(code::SOURCE_DROPPED, at, message);
                continue;
            };
            let model = ["model", "model_name"]
                .iter()
                .find_map(|key| settings.remove(*key));
            let model = model.and_then(|model| self.draft.text("model", &model, at));
            self.draft.model = model.map(|name| match provider(class) {
                Some(provider) if !name.contains('/') => format!("{provider}/{name}"),
                _ => name,
            });
            let is_secret = |key: &str, value: &Value| {
                value.get("lc").is_some()
                    || key.ends_with("_key")
                    || key.ends_with("_base")
                    || key.ends_with("organization")
            };
            let secrets: Vec<String> = settings
                .iter()
                .filter(|(key, value)| is_secret(key, value) && !value.is_null())
                .map(|(key, _)| key.clone())
                .collect();
            if !secrets.is_empty() {
                let message = format!(
                    "what says where and with which key the model is reached ({}) was left out: it is no part of a prompt here",
                    secrets.join(", ")
                );
                self.draft.note(code::SOURCE_DROPPED, at, message);
            }
            settings.retain(|key, value| !is_secret(key, value) && !value.is_null());
            if let Some(Value::Object(bound)) = step["kwargs"].get("kwargs") {
                settings.extend(bound.clone());
            }
            let located = self.located;
            self.draft
                .settings(&settings, |key| located.place(&below(&path, key)));
        }
        Ok(())
    }
}

/// The provider of a class of models that is not OpenAI's.
fn provider(class: &str) -> Option<&'static str> {
    Some(match class {
        "ChatAnthropic" => "anthropic",
        "ChatGoogleGenerativeAI" | "ChatVertexAI" => "google",
        "ChatMistralAI" => "mistral",
        "ChatCohere" => "cohere",
        "ChatGroq" => "groq",
        "ChatOllama" => "ollama",
        _ => return None,
    })
}

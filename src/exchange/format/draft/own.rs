//! What our own export wrote under `promptctl`.

use serde_json::{Map, Value};

use super::Draft;
use crate::prompt::code;
use crate::prompt::finding::Span;

impl Draft {
    /// Keeps what stands under `promptctl` until the rest is read.
    pub(in super::super) fn keep_block(&mut self, block: Option<&Value>, at: Option<Span>) {
        match block {
            Some(Value::Object(block)) => self.block.clone_from(block),
            Some(Value::Null) | None => {}
            Some(_) => {
                self.lose(code::SOURCE_DROPPED, at, "`promptctl` is no map: left out");
            }
        }
    }

    /// Takes what our own export wrote down, as it is.
    pub(super) fn take_own(&mut self, own: &Map<String, Value>) {
        for (key, value) in own {
            let map = || value.as_object().cloned().unwrap_or_default();
            let list = || value.as_array().cloned().unwrap_or_default();
            let text = || value.as_str().map(str::to_owned);
            match key.as_str() {
                "name" => self.title = text(),
                "description" => self.description = text(),
                "model" => self.model = text(),
                "modelParameters" => self.parameters = map(),
                "inputSchema" => {
                    self.schema = map();
                    self.has_own_schema = true;
                }
                "responseFormat" => {
                    self.response_format = ["text", "json_object", "json_schema"]
                        .into_iter()
                        .find(|it| value.as_str() == Some(it));
                }
                "jsonSchema" => self.json_schema = value.is_object().then(|| value.clone()),
                "testData" => self.test_data = list(),
                "evaluators" => self.evaluators = list(),
                "extraBody" => self.extra_body = map(),
                "messages" => self.messages = list(),
                "category" | "eval" | "datasets" | "openai" | "tags" => {
                    self.own.insert(key.clone(), value.clone());
                }
                _ => self.note(
                    code::SOURCE_DROPPED,
                    None,
                    format!("the key `promptctl.{key}` is not known: left out"),
                ),
            }
        }
    }

    /// Says of what is lost how often it is.
    pub(in super::super) fn say_counts(&mut self) {
        for lost in &mut self.lost {
            let count = self.told.get(&(lost.code, lost.message.clone()));
            if let Some(count @ 2..) = count {
                lost.message += &format!(" ({count} times)");
            }
        }
    }
}

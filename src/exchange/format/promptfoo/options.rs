//! The options of a test: the model that judges, and whether lists are values.

use serde_json::{Map, Value};

use super::super::draft::Draft;
use super::providers;
use crate::prompt::finding::Span;

/// What the options of a test say.
#[derive(Default)]
pub(super) struct Options {
    /// Whether a list is a value, and not a test for each item.
    pub(super) is_whole: Option<bool>,
    /// The model that decides assertions.
    pub(super) judge: Option<String>,
}

impl Options {
    /// Reads them, and names what has no counterpart here.
    pub(super) fn read(
        test: &Map<String, Value>,
        place: &dyn Fn(&str) -> Option<Span>,
        draft: &mut Draft,
    ) -> Self {
        let Some(Value::Object(options)) = test.get("options") else {
            return Self::default();
        };
        let whole = options.get("disableVarExpansion");
        let said = Self {
            is_whole: whole.and_then(Value::as_bool),
            judge: options.get("provider").and_then(judge),
        };
        let known = [
            ("disableVarExpansion", said.is_whole.is_some()),
            ("provider", said.judge.is_some()),
        ];
        let known = known.into_iter().filter(|(_, is_read)| *is_read);
        let known: Vec<&str> = known.map(|(key, _)| key).collect();
        let at = |key: &str| place(&format!("options.{key}"));
        draft.leave_out(options, (&known, &[]), "the options of a test", at);
        said
    }
}

/// The model of a provider that judges, where nothing else is said of it: its settings have no counterpart.
pub(super) fn judge(provider: &Value) -> Option<String> {
    let id = match provider {
        Value::String(id) => id,
        Value::Object(map) if map.len() == 1 => match (map.get("id"), map.get("text")) {
            (Some(Value::String(id)), _) => id,
            (_, Some(text)) => return judge(text),
            _ => return None,
        },
        _ => return None,
    };
    providers::plain_model(id)
}

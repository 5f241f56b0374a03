//! The options of a test: the model that judges, and whether lists are values.

use serde_json::{Map, Value};

use super::super::draft::Draft;
use super::providers;
use crate::prompt::code;
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
        if let Some(provider) = options.get("provider").filter(|it| has_settings(it)) {
            lose_settings(provider, at("provider"), draft);
        }
        said
    }
}

/// Whether a provider that judges says more than its model.
pub(super) fn has_settings(provider: &Value) -> bool {
    match provider {
        Value::Object(map) => match map.get("text") {
            Some(text) => has_settings(text),
            None => map.len() > 1,
        },
        _ => false,
    }
}

/// Says that only the model is taken of a provider that judges.
pub(super) fn lose_settings(provider: &Value, at: Option<Span>, draft: &mut Draft) {
    if judge(provider).is_some() {
        let message = "the settings of a provider that judges have no counterpart here: left out";
        draft.lose(code::SOURCE_DROPPED, at, message.to_owned());
    }
}

/// The model of a provider that judges.
pub(super) fn judge(provider: &Value) -> Option<String> {
    let id = match provider {
        Value::String(id) => id,
        Value::Object(map) => match (map.get("id"), map.get("text")) {
            (Some(Value::String(id)), _) => id,
            (_, Some(text)) => return judge(text),
            _ => return None,
        },
        _ => return None,
    };
    providers::plain_model(id)
}

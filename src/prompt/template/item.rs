//! A value while a template is filled in, and the way into it.

use serde_json::Value;

use super::budget::Held;
use super::missing::Absence;
use super::schema::{Presence, Schema};

/// A value with what the input schema says about it.
#[derive(Debug, Clone)]
pub(super) struct Item<'r> {
    pub(super) value: Held<'r>,
    pub(super) schema: Option<Schema<'r>>,
    /// Whether it is the map of all variables.
    is_all: bool,
}

impl<'r> Item<'r> {
    pub(super) fn all(values: &'r Value, schema: Option<Schema<'r>>) -> Self {
        Self {
            value: Held::Given(values),
            schema,
            is_all: true,
        }
    }

    pub(super) fn literal(value: &'r Value) -> Self {
        Self {
            value: Held::Given(value),
            schema: None,
            is_all: false,
        }
    }

    pub(super) fn made(value: Value) -> Self {
        Self {
            value: Held::made(value),
            schema: None,
            is_all: false,
        }
    }

    /// What stands under a key or an index.
    pub(super) fn step(&self, key: &str) -> Result<Self, Absence> {
        let value = match &self.value {
            Held::Given(value) => child(value, key).map(Held::Given),
            Held::Made(value) => child(value, key).cloned().map(Held::made),
        };
        let Some(value) = value else {
            // `{{xs.length}}` is common, because it works in JavaScript.
            if let (Value::Array(items), "length") = (&*self.value, key) {
                return Ok(Self::made(items.len().into()));
            }
            let presence = self
                .schema
                .map_or(Presence::Unknown, |schema| schema.presence(key));
            return Err(match presence {
                Presence::Optional => Absence::Optional,
                Presence::Unknown if !self.is_all => Absence::Optional,
                _ => Absence::Wrong,
            });
        };
        Ok(Self {
            value,
            schema: self.schema.and_then(|schema| schema.step(key)),
            is_all: false,
        })
    }
}

fn child<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    }
}

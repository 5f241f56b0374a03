//! JSON Schemas as they are used: checked, bounded, and free of what is outside of the file.
//!
//! A schema of a kilobyte can ask for more work than a machine has, by itself or together with a
//! value. How much it asks for is counted before the library is let loose on it.

mod pattern;
mod work;

use std::sync::atomic::{AtomicU64, Ordering};

use jsonschema::{PatternOptions, ValidationError};
use serde_json::Value;

use super::code;
use super::document::Object;
use super::finding::Finding;

/// How many maps a schema may consist of.
const MAX_MAPS: usize = 20_000;

/// How many steps a pattern may go back in one text.
const MAX_BACKTRACKS: usize = 100_000;

/// The largest that a compiled pattern may be, in bytes.
const MAX_PATTERN: usize = 4 * 1024 * 1024;

/// How many misfits of one value are reported.
const MAX_MISFITS: usize = 100;

/// A schema that is valid and takes no more work than it may.
#[derive(Debug)]
pub struct Validator {
    schema: Value,
    inner: jsonschema::Validator,
    /// The steps of all values so far.
    spent: AtomicU64,
}

/// How a value fits a schema.
#[derive(Debug)]
pub enum Validity<'v> {
    /// It does.
    Fits,
    /// It does not, for these reasons.
    Misfits(Vec<ValidationError<'v>>),
    /// It does not, and value and schema are too large to say where.
    Misfit,
}

impl Validator {
    /// Checks the schema.
    ///
    /// # Errors
    /// Where and why it is not valid, or takes too much work.
    pub fn new(schema: &Value) -> Result<Self, Finding> {
        if !schema.is_object() && !schema.is_boolean() {
            let finding = Finding::error(code::BAD_SCHEMA, "a JSON Schema is a map");
            return Err(finding.help("it begins with `type: object`"));
        }
        if every_map(schema).nth(MAX_MAPS).is_some() {
            return Err(too_complex(format!(
                "the schema consists of more than {MAX_MAPS} maps"
            )));
        }
        if let Some(outside) = outside_reference(schema) {
            let message = format!("the schema refers to `{outside}`, which is outside of the file");
            let help = "only references such as `#/$defs/name` are followed; copy the schema into the file";
            return Err(Finding::error(code::BAD_SCHEMA, message).help(help));
        }
        pattern::check(schema)?;
        work::check(schema)?;
        let patterns = PatternOptions::fancy_regex()
            .backtrack_limit(MAX_BACKTRACKS)
            .size_limit(MAX_PATTERN);
        let inner = jsonschema::options()
            .offline()
            .with_pattern_options(patterns)
            .build(schema)
            .map_err(|error| invalid(&error))?;
        Ok(Self {
            schema: schema.clone(),
            inner,
            spent: AtomicU64::new(0),
        })
    }

    /// How many steps all values so far took at most.
    pub fn spent(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }

    /// How many bytes it takes, about.
    pub(super) fn memory(&self) -> u64 {
        memory(&self.schema)
    }

    /// How a value fits the schema.
    ///
    /// # Errors
    /// It would take too much work to tell.
    pub fn judge<'v>(&'v self, value: &'v Value) -> Result<Validity<'v>, Finding> {
        let work = work::of(&self.schema, value)?;
        self.spent.fetch_add(work, Ordering::Relaxed);
        if self.inner.is_valid(value) {
            return Ok(Validity::Fits);
        }
        if work > work::MAX_LISTED {
            return Ok(Validity::Misfit);
        }
        let misfits: Vec<_> = self.inner.iter_errors(value).take(MAX_MISFITS).collect();
        Ok(if misfits.is_empty() {
            Validity::Misfit
        } else {
            Validity::Misfits(misfits)
        })
    }
}

/// How many bytes a schema takes once it is compiled, about.
pub(super) fn memory(schema: &Value) -> u64 {
    /// What one map of it takes.
    const MAP: u64 = 1_000;
    let maps = every_map(schema).count() as u64;
    pattern::all(schema).saturating_add(maps * MAP)
}

/// How many bytes a regular expression takes once it is compiled, about.
pub(super) fn memory_of_pattern(pattern: &str) -> u64 {
    pattern::weight(pattern)
}

/// What a schema is that asks for too much.
pub(super) fn too_complex(message: impl Into<String>) -> Finding {
    Finding::error(code::SCHEMA_TOO_COMPLEX, message)
        .help("a small schema can ask for more work than a machine has; write it with fewer references and alternatives")
}

fn invalid(error: &ValidationError<'_>) -> Finding {
    let place = error.instance_path().to_string();
    let reason = if place.ends_with("/type") {
        let types = "string, number, integer, boolean, array, object and null";
        format!(
            "{} is not a type; types are {types}",
            short(error.instance())
        )
    } else {
        error.masked_with(short(error.instance())).to_string()
    };
    let place = if place.is_empty() {
        String::new()
    } else {
        format!(" at `{place}`")
    };
    let message = format!("the schema is not valid{place}: {reason}");
    Finding::error(code::BAD_SCHEMA, message)
        .help("it must be a JSON Schema, see https://json-schema.org")
}

/// A value short enough for a message.
pub(super) fn short(value: &Value) -> String {
    const LONGEST: usize = 60;
    // What stands in a large value is not written out to be cut off.
    let text = match value {
        Value::String(text) => {
            let start: String = text.chars().take(LONGEST + 1).collect();
            Value::String(start).to_string()
        }
        Value::Array(items) if items.len() > LONGEST => {
            Value::Array(items.iter().take(LONGEST).cloned().collect()).to_string()
        }
        Value::Object(map) if map.len() > LONGEST => {
            let start = map.iter().take(LONGEST);
            let start: Object = start.map(|(k, v)| (k.clone(), v.clone())).collect();
            Value::Object(start).to_string()
        }
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    format!("{}…", text.chars().take(LONGEST).collect::<String>())
}

/// Keys whose values are references.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Keys whose values are data, whatever they look like.
const DATA: [&str; 4] = ["const", "enum", "default", "examples"];

/// A reference to something outside of the schema.
fn outside_reference(schema: &Value) -> Option<&str> {
    every_map(schema).find_map(|map| {
        let targets = REFERENCES.iter().filter_map(|key| map.get(*key)?.as_str());
        targets.into_iter().find(|target| !target.starts_with('#'))
    })
}

/// Every map inside a schema, found without recursion.
fn every_map(value: &Value) -> impl Iterator<Item = &Object> {
    let mut pending = vec![value];
    std::iter::from_fn(move || {
        while let Some(next) = pending.pop() {
            match next {
                Value::Array(items) => pending.extend(items),
                Value::Object(map) => {
                    let schemas = map.iter().filter(|(key, _)| !DATA.contains(&key.as_str()));
                    pending.extend(schemas.map(|(_, inner)| inner));
                    return Some(map);
                }
                _ => {}
            }
        }
        None
    })
}

#[cfg(test)]
mod tests;

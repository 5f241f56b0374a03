//! Properties that got another name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Spot;

/// So alike must two names be (0 to 1) to count as one that was changed.
const SIMILAR: f64 = 0.6;

/// Above this many new names, renamed ones are not looked for.
const MAX_NAMES: usize = 200;

/// The place in `candidates` of the new name of the property `name`, if one looks like it: the
/// same schema under a similar name.
pub(super) fn target(
    name: &str,
    schema: &Spot<'_>,
    candidates: &[&str],
    schemas: &BTreeMap<&str, Spot<'_>>,
) -> Option<usize> {
    if candidates.len() > MAX_NAMES {
        return None;
    }
    let wanted = bare(schema.schema);
    candidates
        .iter()
        .enumerate()
        .filter(|(_, other)| bare(schemas[*other].schema) == wanted)
        .map(|(at, other)| (at, likeness(name, other)))
        .filter(|(_, likeness)| *likeness >= SIMILAR)
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
        .map(|(at, _)| at)
}

/// The schema without what says nothing about its values.
fn bare(schema: &Value) -> Map<String, Value> {
    const NOTES: [&str; 5] = ["title", "description", "default", "examples", "$comment"];
    let keywords = schema.as_object().into_iter().flatten();
    let says = keywords.filter(|(key, _)| !NOTES.contains(&key.as_str()));
    says.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// How alike two names are: one within the other, or few letters apart.
fn likeness(name: &str, other: &str) -> f64 {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-'], "");
    let (name, other) = (plain(name), plain(other));
    let (short, long) = if name.len() < other.len() {
        (&name, &other)
    } else {
        (&other, &name)
    };
    if short.len() >= 3 && long.contains(short.as_str()) {
        return 0.9;
    }
    strsim::normalized_damerau_levenshtein(&name, &other)
}

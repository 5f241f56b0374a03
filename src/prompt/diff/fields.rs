//! What changed in the file, field by field: what a model sees first, what only people see last.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use serde_json::{Value, json};

use super::align::Budget;
use super::messages::{self, ChangeList, text_change};
use super::rules::{self, Rule};
use super::value::{Difference, differences, object_differences};
use super::{Change, ChangeKind, Side};
use crate::prompt::document::{Document, Entry, Object, Part};
use crate::prompt::parameters::request_path;
use crate::prompt::template::{self, Partial};

/// Keys of the file that are compared as what they mean, or that are no change by themselves.
const UNDERSTOOD: &[&str] = &[
    "version",
    "digest",
    "model",
    "modelParameters",
    "model_parameters",
    "input",
    "responseFormat",
    "response_format",
    "jsonSchema",
    "json_schema",
    "messages",
    "extraBody",
    "extra_body",
    "openai",
];

/// Keys of `extraBody` that are about tools.
const TOOLS: &[&str] = &[
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_tool_calls",
];

/// Every change between two sides, either of which may be missing.
pub(super) fn changes(before: Option<&Side<'_>>, after: Option<&Side<'_>>) -> Vec<Change> {
    let (old, new) = (before.map(|it| it.document), after.map(|it| it.document));
    let budget = &mut Budget::default();
    let mut changes = Vec::new();
    changes.extend(model(old, new));
    let parameters = |side: Option<&Document>| side.map(|it| it.parameters.clone());
    let parameters =
        object_differences(budget, "modelParameters", parameters(old), parameters(new));
    changes.extend(parameters.into_iter().map(parameter));
    changes.extend(input(budget, old, new));
    changes.extend(response_format(budget, old, new));
    let schema = |side: Option<&Document>| {
        side.and_then(|it| it.json_schema.clone())
            .map(Value::Object)
    };
    let schema = differences(
        budget,
        "jsonSchema",
        schema(old).as_ref(),
        schema(new).as_ref(),
    );
    changes.extend(by_rule(rules::OUTPUT_DESCRIBED, schema));
    changes.extend(extra_body(budget, old, new));
    let stored = differences(budget, "openai", raw(old, "openai"), raw(new, "openai"));
    changes.extend(by_rule(rules::STORED_PROMPT, stored));
    let mut found = ChangeList { changes, budget };
    let (said, says) = (Spoken::new(before), Spoken::new(after));
    messages::changes(&said.messages, &says.messages, &mut found);
    let ChangeList {
        mut changes,
        budget,
    } = found;
    changes.extend(said.inclusion_change(&says, before.is_some() && after.is_some()));
    changes.extend(partial_changes(budget, &said.apart, &says.apart));
    changes.extend(other(budget, old, new));
    changes
}

fn by_rule(rule: Rule, differences: Vec<Difference>) -> Vec<Change> {
    let change = |difference| Change::from_difference(rule, difference);
    differences.into_iter().map(change).collect()
}

fn raw<'a>(document: Option<&'a Document>, key: &str) -> Option<&'a Value> {
    document?.written.raw().get(key)
}

/// The messages as a model reads them: with the partials in place.
#[derive(Default)]
struct Spoken<'s> {
    messages: Cow<'s, [Entry]>,
    /// All partials that they include, also through each other.
    included: BTreeMap<String, String>,
    /// Those whose text is not in place, because they are given arguments.
    apart: BTreeMap<String, String>,
}

impl<'s> Spoken<'s> {
    fn new(side: Option<&Side<'s>>) -> Self {
        let Some(side) = side else {
            return Self::default();
        };
        let included = included(side);
        let mut messages = Cow::Borrowed(side.document.messages.as_slice());
        if included.is_empty() {
            return Self {
                messages,
                ..Self::default()
            };
        }
        let mut apart = BTreeMap::new();
        let entries = messages.to_mut().iter_mut();
        let own = entries.filter_map(|entry| match entry {
            Entry::Message(message) => Some(message),
            Entry::Placeholder(_) => None,
        });
        for part in own.flat_map(|it| &mut it.parts) {
            let Part::Text(text) = part else { continue };
            let effective = template::effective(&text.value, side.partials);
            text.value = effective.text;
            follow(effective.kept, &included, &mut apart);
        }
        Self {
            messages,
            included,
            apart,
        }
    }

    /// That other partials are included; what that does to the text is shown with the messages.
    fn inclusion_change(&self, after: &Self, both: bool) -> Option<Change> {
        let names = |side: &Self| {
            let names = side.included.keys();
            let names = names.filter(|name| !side.apart.contains_key(*name));
            json!(names.collect::<Vec<_>>())
        };
        let (old, new) = (names(self), names(after));
        (both && old != new).then(|| Change {
            before: Some(old),
            after: Some(new),
            ..Change::new(rules::INCLUDED, "partials", ChangeKind::Changed)
        })
    }
}

/// Adds these partials, and those that they include.
fn follow(
    names: BTreeSet<String>,
    included: &BTreeMap<String, String>,
    apart: &mut BTreeMap<String, String>,
) {
    let mut wanted: Vec<String> = names.into_iter().collect();
    while let Some(name) = wanted.pop() {
        let Some(text) = included.get(&name).filter(|_| !apart.contains_key(&name)) else {
            continue;
        };
        wanted.extend(template::inclusions(text).into_iter().map(|it| it.name));
        apart.insert(name, text.clone());
    }
}

fn model(before: Option<&Document>, after: Option<&Document>) -> Option<Change> {
    let model = |document: Option<&Document>| document.and_then(|it| it.model.clone());
    let (old, new) = (model(before), model(after));
    if old == new {
        return None;
    }
    let full = |model: &Option<String>| {
        model.as_ref().map(|model| match model.contains('/') {
            true => model.clone(),
            false => format!("openai/{model}"),
        })
    };
    let rule = if full(&old) == full(&new) {
        rules::MODEL_SPELLING
    } else {
        rules::MODEL
    };
    let (old, new) = (old.map(Value::from), new.map(Value::from));
    let kind = ChangeKind::of(old.as_ref(), new.as_ref());
    Some(Change {
        before: old,
        after: new,
        ..Change::new(rule, "model", kind)
    })
}

/// The schema of the variables; what it means for callers is weighed later.
fn input(budget: &mut Budget, before: Option<&Document>, after: Option<&Document>) -> Vec<Change> {
    let schema = |document: Option<&Document>| document.and_then(|it| it.input_schema.clone());
    let rest = |document: Option<&Document>| {
        let mut input = raw(document, "input").and_then(Value::as_object).cloned();
        input
            .iter_mut()
            .for_each(|input| drop(input.shift_remove("schema")));
        input
    };
    let schema = differences(
        budget,
        "input.schema",
        schema(before).as_ref(),
        schema(after).as_ref(),
    );
    let rest = object_differences(budget, "input", rest(before), rest(after));
    let mut found = by_rule(rules::NOT_CONTENT, schema);
    found.extend(by_rule(rules::VARIABLE_DEFAULT, rest));
    found
}

/// Whether leaving the format out means the same is weighed later, with the notes for callers.
fn response_format(
    budget: &mut Budget,
    before: Option<&Document>,
    after: Option<&Document>,
) -> Vec<Change> {
    let format = |document: Option<&Document>| {
        document
            .and_then(|it| it.response_format)
            .map(|format| json!(format.as_str()))
    };
    let (old, new) = (format(before), format(after));
    by_rule(
        rules::NOT_CONTENT,
        differences(budget, "responseFormat", old.as_ref(), new.as_ref()),
    )
}

fn parameter(difference: Difference) -> Change {
    let below = difference.path.strip_prefix("modelParameters.");
    let rule = match below.map(|below| below.split(['.', '[']).next().unwrap_or_default()) {
        Some(name) if request_path(name).is_none() => rules::PARAMETER_UNSENT,
        _ => rules::PARAMETER,
    };
    Change::from_difference(rule, difference)
}

fn extra_body(
    budget: &mut Budget,
    before: Option<&Document>,
    after: Option<&Document>,
) -> Vec<Change> {
    let body = |side: Option<&Document>| side.map(|it| it.extra_body.clone());
    let found = object_differences(budget, "extraBody", body(before), body(after));
    let change = |difference: Difference| {
        let below = difference
            .path
            .strip_prefix("extraBody.")
            .unwrap_or_default();
        let key = below.split(['.', '[']).next().unwrap_or_default();
        let rule = if TOOLS.contains(&key) {
            rules::TOOLS
        } else {
            rules::EXTRA_BODY
        };
        Change::from_difference(rule, difference)
    };
    found.into_iter().map(change).collect()
}

fn partial_changes(
    budget: &mut Budget,
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Vec<Change> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |name: &String| {
        let path = format!("partials.{name}");
        let (before, after) = (old.get(name), new.get(name));
        if let (Some(before), Some(after)) = (before, after) {
            return text_change(budget, rules::PARTIAL, path, before, after);
        }
        let (before, after) = (
            before.cloned().map(Value::from),
            after.cloned().map(Value::from),
        );
        let kind = ChangeKind::of(before.as_ref(), after.as_ref());
        Some(Change {
            before,
            after,
            ..Change::new(rules::PARTIAL, path, kind)
        })
    };
    names.into_iter().filter_map(change).collect()
}

/// The texts of the partials that a side includes, by name.
fn included(side: &Side<'_>) -> BTreeMap<String, String> {
    let read = |name: &str| Ok::<_, Infallible>(side.partials.get(name).cloned());
    let Ok(partials) = template::gather(side.document, read);
    let text = |(name, partial): (String, Partial)| (name, partial.text);
    partials.into_iter().map(text).collect()
}

/// What no model sees, unknown keys included.
fn other(budget: &mut Budget, before: Option<&Document>, after: Option<&Document>) -> Vec<Change> {
    let rest = |document: Option<&Document>| -> Option<Object> {
        let keys = document?
            .written
            .raw()
            .iter()
            .filter(|(key, _)| !UNDERSTOOD.contains(&key.as_str()));
        Some(
            keys.map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        )
    };
    by_rule(
        rules::NOT_CONTENT,
        object_differences(budget, "", rest(before), rest(after)),
    )
}

//! What changed in the file, field by field: what a model sees first, what only people see last.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::messages::{self, text_change};
use super::rules::{self, Rule};
use super::value::{Difference, differences, object_differences};
use super::{Change, ChangeKind, Side, partials};
use crate::prompt::document::{Document, Message, Object};

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
    let mut found = Vec::new();
    found.extend(model(old, new));
    let parameters = |side: Option<&Document>| side.map(|it| it.parameters.clone());
    let parameters = object_differences("modelParameters", parameters(old), parameters(new));
    found.extend(by_rule(rules::PARAMETER, parameters));
    found.extend(input(old, new));
    found.extend(response_format(old, new));
    let schema = |side: Option<&Document>| {
        side.and_then(|it| it.json_schema.clone())
            .map(Value::Object)
    };
    let schema = differences("jsonSchema", schema(old).as_ref(), schema(new).as_ref());
    found.extend(by_rule(rules::OUTPUT_DESCRIBED, schema));
    found.extend(extra_body(old, new));
    let stored = differences("openai", raw(old, "openai"), raw(new, "openai"));
    found.extend(by_rule(rules::STORED_PROMPT, stored));
    messages::changes(spoken(old), spoken(new), &mut found);
    found.extend(partial_changes(before, after));
    found.extend(other(old, new));
    found
}

fn by_rule(rule: Rule, differences: Vec<Difference>) -> impl Iterator<Item = Change> {
    let change = move |difference| Change::from_difference(rule, difference);
    differences.into_iter().map(change)
}

fn raw<'a>(document: Option<&'a Document>, key: &str) -> Option<&'a Value> {
    document?.raw.get(key)
}

fn spoken(document: Option<&Document>) -> &[Message] {
    document.map_or(&[], |document| &document.messages)
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
fn input(before: Option<&Document>, after: Option<&Document>) -> Vec<Change> {
    let schema = |document: Option<&Document>| document.and_then(|it| it.input_schema.clone());
    let rest = |document: Option<&Document>| {
        let mut input = raw(document, "input").and_then(Value::as_object).cloned();
        input
            .iter_mut()
            .for_each(|input| drop(input.shift_remove("schema")));
        input
    };
    let schema = differences(
        "input.schema",
        schema(before).as_ref(),
        schema(after).as_ref(),
    );
    let rest = object_differences("input", rest(before), rest(after));
    by_rule(rules::NOT_CONTENT, schema)
        .chain(by_rule(rules::VARIABLE_DEFAULT, rest))
        .collect()
}

/// Whether leaving the format out means the same is weighed later, with the notes for callers.
fn response_format(
    before: Option<&Document>,
    after: Option<&Document>,
) -> impl Iterator<Item = Change> {
    let format = |document: Option<&Document>| {
        document
            .and_then(|it| it.response_format)
            .map(|format| json!(format.as_str()))
    };
    let (old, new) = (format(before), format(after));
    by_rule(
        rules::NOT_CONTENT,
        differences("responseFormat", old.as_ref(), new.as_ref()),
    )
}

fn extra_body(before: Option<&Document>, after: Option<&Document>) -> impl Iterator<Item = Change> {
    let body = |side: Option<&Document>| side.map(|it| it.extra_body.clone());
    let found = object_differences("extraBody", body(before), body(after));
    found.into_iter().map(|difference: Difference| {
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
    })
}

fn partial_changes(before: Option<&Side<'_>>, after: Option<&Side<'_>>) -> Vec<Change> {
    let (old, new) = (included(before), included(after));
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let change = |name: &str| {
        let path = format!("partials.{name}");
        let (before, after) = (old.get(name).copied(), new.get(name).copied());
        if let (Some(before), Some(after)) = (before, after) {
            return text_change(rules::PARTIAL, path, before, after);
        }
        let (before, after) = (before.map(Value::from), after.map(Value::from));
        let kind = ChangeKind::of(before.as_ref(), after.as_ref());
        Some(Change {
            before,
            after,
            ..Change::new(rules::PARTIAL, path, kind)
        })
    };
    names.into_iter().filter_map(change).collect()
}

fn included<'a>(side: Option<&Side<'a>>) -> BTreeMap<&'a str, &'a str> {
    side.map(|side| partials::included(&side.document.messages, side.partials))
        .unwrap_or_default()
}

/// What no model sees, unknown keys included.
fn other(before: Option<&Document>, after: Option<&Document>) -> impl Iterator<Item = Change> {
    let rest = |document: Option<&Document>| -> Option<Object> {
        let keys = document?
            .raw
            .iter()
            .filter(|(key, _)| !UNDERSTOOD.contains(&key.as_str()));
        Some(
            keys.map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        )
    };
    by_rule(
        rules::NOT_CONTENT,
        object_differences("", rest(before), rest(after)),
    )
}

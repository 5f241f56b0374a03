//! What the changes of a prompt mean for its callers: what they pass in and what they get back.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::rules::{self, Rule};
use super::schema::{self, Event, LimitKind, SchemaChange};
use super::{Side, messages, quote};
use crate::prompt::answer;
use crate::prompt::document::{Document, Object, ResponseFormat};
use crate::prompt::rendered::Variable;

/// Something that callers must know, and the changes that it is about.
pub(super) struct ContractChange {
    pub(super) rule: Rule,
    pub(super) message: String,
    /// Paths of changes, or of values above or below them.
    pub(super) at: Vec<String>,
}

impl ContractChange {
    fn new(rule: Rule, message: impl Into<String>, at: &str) -> Self {
        Self {
            rule,
            message: message.into(),
            at: vec![at.to_owned()],
        }
    }
}

/// Everything that callers must know.
pub(super) fn notes(before: &Side<'_>, after: &Side<'_>) -> Vec<ContractChange> {
    let mut notes = input(before, after);
    if before.document.model.is_some() && after.document.model.is_none() {
        notes.push(ContractChange::new(
            rules::MODEL_REMOVED,
            "the prompt no longer names a model: callers that do not name one get an error",
            "model",
        ));
    }
    notes.extend(output(before.document, after.document));
    let broken = messages::broken_roles(before.document, after.document);
    // It is about all messages together: none of their changes weighs more for it.
    notes.extend(broken.map(|message| ContractChange {
        rule: rules::ROLE_STRUCTURE,
        message,
        at: Vec::new(),
    }));
    notes
}

/// What callers pass in.
fn input(before: &Side<'_>, after: &Side<'_>) -> Vec<ContractChange> {
    const AT: &str = "input.schema";
    let (old, new) = (input_schema(before), input_schema(after));
    match (old, new) {
        (None, None) => Vec::new(),
        (Some(old), Some(new)) => {
            let events = schema::compare(&old, &new, AT).into_iter();
            events.map(input_note).collect()
        }
        _ => vec![ContractChange::new(
            rules::INPUT_UNDECIDED,
            "only one side says which variables there are; what callers must pass can't be compared",
            AT,
        )],
    }
}

/// What callers may pass: the declared schema with what the templates ask for, as far as known.
fn input_schema<'a>(side: &Side<'a>) -> Option<Cow<'a, Value>> {
    let declared = side.document.input_schema.as_ref();
    let variables = side.variables;
    let Some(declared) = declared else {
        let properties = variables?
            .iter()
            .map(|variable| (variable.name.clone(), schema_of(variable)));
        let properties: Map<_, _> = properties.collect();
        return Some(Cow::Owned(with_required(
            Map::new(),
            properties,
            Vec::new(),
            variables,
        )));
    };
    let Some((mut object, mut properties)) = plain_properties(declared) else {
        return Some(Cow::Borrowed(declared));
    };
    for variable in variables.unwrap_or_default() {
        properties
            .entry(&variable.name)
            .or_insert_with(|| schema_of(variable));
    }
    let listed = object.remove("required");
    let listed = listed
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let listed = listed.map(str::to_owned).collect();
    Some(Cow::Owned(with_required(
        object, properties, listed, variables,
    )))
}

/// A schema that is a plain list of variables, taken apart.
fn plain_properties(schema: &Value) -> Option<(Object, Object)> {
    let mut object = schema.as_object()?.clone();
    if ["$ref", "allOf", "anyOf", "oneOf"]
        .iter()
        .any(|key| object.contains_key(*key))
    {
        return None;
    }
    if !object.get("required").is_none_or(Value::is_array) {
        return None;
    }
    match object.remove("properties").unwrap_or_else(|| json!({})) {
        Value::Object(properties) => Some((object, properties)),
        _ => None,
    }
}

/// The schema with the `required` that callers feel: a default makes a variable optional.
fn with_required(
    mut object: Object,
    properties: Object,
    listed: Vec<String>,
    variables: Option<&[Variable]>,
) -> Value {
    let known: HashMap<&str, &Variable> = variables
        .unwrap_or_default()
        .iter()
        .map(|variable| (variable.name.as_str(), variable))
        .collect();
    let all: HashSet<&String> = listed.iter().collect();
    let is_required = |name: &&String| match known.get(name.as_str()) {
        Some(variable) => variable.required,
        None => {
            all.contains(name)
                && properties
                    .get(*name)
                    .is_none_or(|schema| schema.get("default").is_none())
        }
    };
    let unnamed = listed.iter().filter(|name| !properties.contains_key(*name));
    let required: Vec<&String> = properties
        .keys()
        .chain(unnamed)
        .filter(is_required)
        .collect();
    let required = json!(required);
    object.entry("type").or_insert_with(|| json!("object"));
    object.insert("required".to_owned(), required);
    object.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(object)
}

fn schema_of(variable: &Variable) -> Value {
    let mut schema = Map::new();
    if let Some(kind) = &variable.kind {
        schema.insert("type".to_owned(), json!(kind));
    }
    if let Some(default) = &variable.default {
        schema.insert("default".to_owned(), default.clone());
    }
    Value::Object(schema)
}

fn input_note(event: Event) -> ContractChange {
    let name = shown_name(&event.path, "variable", "the variables as a whole");
    let (rule, message) = match event.what {
        SchemaChange::Added { is_required: true } => (
            rules::VARIABLE_REQUIRED,
            format!("{name} is new and required: callers must pass it"),
        ),
        SchemaChange::Added { is_required: false } => (
            rules::VARIABLE_OPTIONAL,
            format!("{name} is new and optional"),
        ),
        SchemaChange::Removed => (
            rules::VARIABLE_REMOVED,
            format!("{name} was removed: what callers pass for it has no effect"),
        ),
        SchemaChange::Renamed { to } => (
            rules::VARIABLE_RENAMED,
            format!(
                "{name} looks renamed to `{}`: callers must pass the new name",
                quote(&to)
            ),
        ),
        SchemaChange::Required => (
            rules::VARIABLE_NEEDED,
            format!("{name} was optional and is required"),
        ),
        SchemaChange::Optional => (
            rules::VARIABLE_SPARED,
            format!("{name} was required and is optional"),
        ),
        SchemaChange::Default { before, after } => (
            rules::VARIABLE_DEFAULT,
            format!("the default of {name} was {before} and is {after}"),
        ),
        SchemaChange::Shift {
            narrower: false,
            detail,
            ..
        } => (rules::INPUT_WIDENED, format!("{name}: {detail}")),
        SchemaChange::Shift { what, detail, .. } => {
            let rule = match what {
                LimitKind::Type => rules::INPUT_TYPE,
                LimitKind::Enum => rules::INPUT_ENUM,
                LimitKind::Constraint => rules::INPUT_TIGHTENED,
            };
            (rule, format!("{name}: {detail}"))
        }
        SchemaChange::Closed => (
            rules::INPUT_TIGHTENED,
            format!(
                "{name}: what the schema does not name is refused now (`additionalProperties`)"
            ),
        ),
        SchemaChange::Opened => (
            rules::INPUT_WIDENED,
            format!(
                "{name}: what the schema does not name is accepted now (`additionalProperties`)"
            ),
        ),
        SchemaChange::Undecided { reason } => (
            rules::INPUT_UNDECIDED,
            format!("{name}: it can't be decided what changed for callers: {reason}"),
        ),
    };
    ContractChange {
        rule,
        message,
        at: event.at,
    }
}

/// What callers get back: what the file asks for, with what `extraBody` puts over it.
fn output(before: &Document, after: &Document) -> Vec<ContractChange> {
    let mut notes = output_notes(&answer::format_sent(before), &answer::format_sent(after));
    let is_over = |document| answer::extra_format(document).is_some();
    if is_over(before) || is_over(after) {
        for note in &mut notes {
            let own = note.at.clone().into_iter();
            note.at.extend(own.map(|at| {
                let below = at.strip_prefix("jsonSchema").unwrap_or_default();
                format!("extraBody.text.format{below}")
            }));
        }
    }
    notes
}

fn output_notes(old: &Object, new: &Object) -> Vec<ContractChange> {
    let (old_type, new_type) = (type_of(old), type_of(new));
    if old_type != new_type {
        let message = format!(
            "the answer was `{}` and is `{}`: callers that read it must change",
            quote(old_type),
            quote(new_type)
        );
        return vec![ContractChange::new(
            rules::RESPONSE_FORMAT,
            message,
            "responseFormat",
        )];
    }
    if old_type != ResponseFormat::JsonSchema.as_str() {
        return Vec::new();
    }
    let mut notes: Vec<ContractChange> = strictness(old, new).into_iter().collect();
    match (old.get("schema"), new.get("schema")) {
        (Some(old), Some(new)) => {
            let events = schema::compare(old, new, "jsonSchema.schema").into_iter();
            notes.extend(events.filter_map(output_note));
        }
        (Some(_), None) => notes.push(ContractChange::new(
            rules::OUTPUT_LENIENT,
            "the output schema is gone: the answer may be any JSON",
            "jsonSchema.schema",
        )),
        (None, Some(_)) => notes.push(ContractChange::new(
            rules::OUTPUT_NARROWED,
            "an output schema was added",
            "jsonSchema.schema",
        )),
        (None, None) => {}
    }
    notes
}

/// The form of the answer; free text where nothing is said.
fn type_of(format: &Object) -> &str {
    let said = format.get("type").and_then(Value::as_str);
    said.unwrap_or(ResponseFormat::Text.as_str())
}

fn strictness(before: &Object, after: &Object) -> Option<ContractChange> {
    const AT: &str = "jsonSchema.strict";
    let is_strict = |object: &Object| object.get("strict") == Some(&Value::Bool(true));
    match (is_strict(before), is_strict(after)) {
        (true, false) => Some(ContractChange::new(
            rules::OUTPUT_LENIENT,
            "`strict` is off: the model may answer what the schema does not allow",
            AT,
        )),
        (false, true) => Some(ContractChange::new(
            rules::OUTPUT_NARROWED,
            "`strict` is on: the schema is enforced now",
            AT,
        )),
        _ => None,
    }
}

fn output_note(event: Event) -> Option<ContractChange> {
    let name = shown_name(&event.path, "output", "the output as a whole");
    let (rule, message) = match event.what {
        SchemaChange::Added { .. } => (rules::OUTPUT_ADDED, format!("{name} is new")),
        SchemaChange::Removed => (
            rules::OUTPUT_REMOVED,
            format!("{name} was removed: callers that read it find nothing"),
        ),
        SchemaChange::Renamed { to } => (
            rules::OUTPUT_REMOVED,
            format!(
                "{name} looks renamed to `{}`: callers must read the new name",
                quote(&to)
            ),
        ),
        SchemaChange::Required => (
            rules::OUTPUT_NARROWED,
            format!("{name} is always there now"),
        ),
        SchemaChange::Optional => (rules::OUTPUT_OPTIONAL, format!("{name} may be missing now")),
        SchemaChange::Default { .. } => return None,
        SchemaChange::Shift {
            wider: false,
            detail,
            ..
        } => (rules::OUTPUT_NARROWED, format!("{name}: {detail}")),
        SchemaChange::Shift { what, detail, .. } => {
            let rule = match what {
                LimitKind::Type => rules::OUTPUT_TYPE,
                LimitKind::Enum => rules::OUTPUT_ENUM,
                LimitKind::Constraint => rules::OUTPUT_LOOSENED,
            };
            (rule, format!("{name}: {detail}"))
        }
        SchemaChange::Closed => (
            rules::OUTPUT_NARROWED,
            format!(
                "{name}: there is nothing in it any more that the schema does not name (`additionalProperties`)"
            ),
        ),
        SchemaChange::Opened => (
            rules::OUTPUT_OPENED,
            format!(
                "{name}: there may be more in it than the schema names (`additionalProperties`)"
            ),
        ),
        SchemaChange::Undecided { reason } => (
            rules::OUTPUT_UNDECIDED,
            format!("{name}: it can't be decided what changed for callers: {reason}"),
        ),
    };
    Some(ContractChange {
        rule,
        message,
        at: event.at,
    })
}

fn shown_name(path: &str, word: &str, whole: &str) -> String {
    match path {
        "" => whole.to_owned(),
        path => format!("{word} `{}`", quote(path)),
    }
}

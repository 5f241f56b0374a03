//! The input schema that a prompt could declare: what its templates ask for, and what its cases give.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::case_file;
use crate::prompt::document::{Document, Object, parse_value};
use crate::prompt::placeholder;
use crate::prompt::template::{Outline, Partials, Use};

/// How deep the items of lists are looked at.
const MAX_DEPTH: usize = 3;

/// A schema for the variables of a prompt that declares none; none where it has no variables, has a
/// schema, or cannot be parsed. A type is said only where a case or the template shows it. `cases` are
/// the values that cases give; a variable is required where the templates cannot do without it, or
/// could not so far and every case has it.
pub fn input_schema<'c>(
    document: &Document,
    partials: &Partials,
    cases: impl Iterator<Item = &'c Object>,
) -> Option<Value> {
    if document.input_schema.is_some() {
        return None;
    }
    let outline = Outline::new(document, partials).ok()?;
    let cases: Vec<&Object> = cases.collect();
    let mut properties = Object::new();
    for one in outline.uses() {
        if !properties.contains_key(&one.name) {
            let uses = outline.uses().iter().filter(|it| it.name == one.name);
            let values = cases.iter().filter_map(|case| case.get(&one.name));
            properties.insert(one.name.clone(), property(uses, values));
        }
    }
    if properties.is_empty() {
        return None;
    }
    // What may be left out is asked for by fewer places.
    let mut relaxed = document.clone();
    relaxed.input_schema = Some(json!({ "type": "object", "properties": properties }));
    let relaxed = Outline::new(&relaxed, partials).ok()?;
    let needed: BTreeSet<&str> = names_required(&relaxed);
    let is_given = |name: &str| {
        let lacks = |case: &&Object| case.get(name).is_none_or(Value::is_null);
        !cases.iter().any(lacks)
    };
    let required: Vec<String> = outline
        .variables()
        .iter()
        .filter(|it| it.required)
        .map(|it| it.name.clone())
        .filter(|name| needed.contains(name.as_str()) || is_given(name))
        .collect();
    for (name, property) in &mut properties {
        let is_null = |case: &&Object| case.get(name).is_some_and(Value::is_null);
        if !required.contains(name) && cases.iter().any(is_null) {
            allow_null(property);
        }
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("properties".to_owned(), properties.into());
    Some(schema.into())
}

fn names_required(outline: &Outline) -> BTreeSet<&str> {
    let variables = outline.variables().iter();
    let required = variables.filter(|it| it.required);
    required.map(|it| it.name.as_str()).collect()
}

/// Lets a variable be null, which is the same as leaving it out.
fn allow_null(property: &mut Value) {
    let Some(kind) = property.get_mut("type") else {
        return;
    };
    let mut kinds = match kind.take() {
        Value::Array(kinds) => kinds,
        one => vec![one],
    };
    if !kinds.iter().any(|kind| kind == "null") {
        kinds.push(json!("null"));
    }
    *kind = kinds.into();
}

/// The schema of one variable.
fn property<'u, 'v>(
    mut uses: impl Iterator<Item = &'u Use> + Clone,
    values: impl Iterator<Item = &'v Value>,
) -> Value {
    if uses.clone().any(|it| it.is_placeholder) {
        return parse_value(placeholder::DECLARATION).unwrap_or_else(|_| json!({}));
    }
    let values: Vec<&Value> = values.filter(|value| !value.is_null()).collect();
    if !values.is_empty() {
        return schema_of(&values, 0);
    }
    // Only a text, a number or a boolean can be printed, and nobody showed one of the latter.
    match uses.any(|it| it.is_printed) {
        true => json!({ "type": "string" }),
        false => json!({}),
    }
}

/// What all of these values fit.
fn schema_of(values: &[&Value], depth: usize) -> Value {
    let mut kinds: Vec<&str> = Vec::new();
    for value in values {
        let kind = kind_of(value);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.contains(&"number") {
        kinds.retain(|kind| *kind != "integer");
    }
    let mut schema = Map::new();
    match kinds.as_slice() {
        [] => return json!({}),
        [kind] => schema.insert("type".to_owned(), json!(kind)),
        kinds => schema.insert("type".to_owned(), json!(kinds)),
    };
    let items: Vec<&Value> = values
        .iter()
        .filter_map(|value| value.as_array())
        .flatten()
        .collect();
    let kinds_of_items: BTreeSet<&str> = items.iter().map(|item| kind_of(item)).collect();
    // Of items of several kinds the next may be of another.
    if depth < MAX_DEPTH && kinds_of_items.len() == 1 {
        schema.insert("items".to_owned(), schema_of(&items, depth + 1));
    }
    schema.into()
}

/// The type of a value, as a schema says it; a file is sent as a text.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) if case_file(value).is_some() => "string",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::document::parse;

    /// The schema for a message and cases, as JSON on one line.
    fn inferred(message: &str, cases: &str) -> String {
        let text = format!(
            "messages:\n  - role: user\n    content: {}\ntestData: {cases}\n",
            Value::from(message)
        );
        let document = parse(&text).unwrap();
        let cases = document.test_data.iter();
        let schema = input_schema(&document, &Partials::new(), cases);
        schema.map_or_else(|| "none".to_owned(), |it| it.to_string())
    }

    #[test]
    fn what_is_printed_is_text_and_what_cases_show_has_their_type() {
        insta::assert_snapshot!(inferred("{{a}} {{b}} {{c}} {{d}} {{#each e}}{{this}}{{/each}}",
            "[{b: 1, c: 1, d: true, e: [x, y], expected: z}, {b: 2, c: 1.5, d: false, e: []}]"), @r#"{"type":"object","required":["a","b","c","d","e"],"properties":{"a":{"type":"string"},"b":{"type":"integer"},"c":{"type":"number"},"d":{"type":"boolean"},"e":{"type":"array","items":{"type":"string"}}}}"#);
    }

    #[test]
    fn what_nobody_shows_has_no_type() {
        insta::assert_snapshot!(inferred("{{#each xs}}{{this.a}}{{/each}}{{#with user}}{{name}}{{/with}}{{place.town}}{{length list}}", "[]"), @r#"{"type":"object","required":["xs","user","place","list"],"properties":{"xs":{},"user":{},"place":{},"list":{}}}"#);
    }

    #[test]
    fn what_a_case_leaves_out_is_required_only_where_the_template_needs_it() {
        insta::assert_snapshot!(inferred("{{#if a}}{{a}}{{/if}}{{b}}{{default c \"x\"}}", "[{b: 1}]"), @r#"{"type":"object","required":["b"],"properties":{"a":{"type":"string"},"b":{"type":"integer"},"c":{}}}"#);
        insta::assert_snapshot!(inferred("{{#if a}}{{a}}{{/if}}", "[{a: x}]"), @r#"{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}"#);
        insta::assert_snapshot!(inferred("{{#if a}}{{a}}{{/if}}", "[]"), @r#"{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}"#);
        insta::assert_snapshot!(inferred("{{#if a}}{{a}}{{/if}}", "[{a: null}, {a: x}]"), @r#"{"type":"object","properties":{"a":{"type":["string","null"]}}}"#);
    }

    #[test]
    fn values_of_several_kinds_are_all_allowed() {
        insta::assert_snapshot!(inferred("{{a}}{{b}}", "[{a: 1, b: {file: x.png}}, {a: x, b: y}]"), @r#"{"type":"object","required":["a","b"],"properties":{"a":{"type":["integer","string"]},"b":{"type":"string"}}}"#);
        insta::assert_snapshot!(inferred("{{json a}}", "[{a: [1, x]}, {a: {k: 1}}]"), @r#"{"type":"object","required":["a"],"properties":{"a":{"type":["array","object"]}}}"#);
    }

    #[test]
    fn a_prompt_without_variables_needs_no_schema() {
        assert_eq!(inferred("Hello", "[{expected: x}]"), "none");
    }
}

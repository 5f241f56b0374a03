//! Output schemas that OpenAI takes as `strict`, a part of JSON Schema.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Finding;
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::finding::Span;

/// Keywords that a strict schema may not have.
const REFUSED: [&str; 16] = [
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contains",
    "minProperties",
    "maxProperties",
    "uniqueItems",
];

/// How deep objects may nest.
const MAX_DEPTH: usize = 10;

/// How many properties there may be in all.
const MAX_PROPERTIES: usize = 5000;

/// How many findings one schema gives at most: the same slip tends to come in rows.
const MAX_FINDINGS: usize = 20;

/// A schema inside another, with the path to it, such as `jsonSchema.schema.properties.a`.
struct Pending<'a> {
    schema: &'a Object,
    path: String,
    depth: usize,
}

/// Checks a schema; `place` tells where a path of the file stands, or its nearest parent.
pub(super) fn check(
    root: &Value,
    place: &dyn Fn(&str) -> Option<Span>,
    findings: &mut Vec<Finding>,
) {
    let Some(schema) = root.as_object() else {
        return;
    };
    let mut found = Vec::new();
    let mut add = |path: &str, message: String, help: &str| {
        found.push(
            Finding::new(code::STRICT_SCHEMA, message)
                .at(place(path))
                .help(help),
        );
    };
    let top = "jsonSchema.schema".to_owned();
    if schema.get("$ref").is_none() && schema.get("type").and_then(Value::as_str) != Some("object")
    {
        add(
            &top,
            "a strict schema is an object at the top".to_owned(),
            "write `type: object`, with the answer as one of its properties",
        );
    }
    let mut properties = 0;
    let mut pending = vec![Pending {
        schema,
        path: top,
        depth: 1,
    }];
    while let Some(next) = pending.pop() {
        let shown = shown(&next.path);
        if next.depth > MAX_DEPTH {
            add(
                &next.path,
                format!("{shown} lies deeper than {MAX_DEPTH} levels"),
                "flatten the schema",
            );
            continue;
        }
        for word in REFUSED
            .iter()
            .filter(|word| next.schema.contains_key(**word))
        {
            add(
                &format!("{}.{word}", next.path),
                format!("`{word}` is not permitted in a strict schema"),
                instead(word),
            );
        }
        if is_object(next.schema) {
            properties += next
                .schema
                .get("properties")
                .and_then(Value::as_object)
                .map_or(0, Object::len);
            check_object(&next, &shown, &mut add);
        }
        push_inner(&next, &mut pending);
    }
    if properties > MAX_PROPERTIES {
        add(
            "jsonSchema.schema",
            format!(
                "the schema has {properties} properties; a strict one has at most {MAX_PROPERTIES}"
            ),
            "split the answer",
        );
    }
    found.sort_by_key(|finding| finding.span);
    found.truncate(MAX_FINDINGS);
    findings.append(&mut found);
}

fn instead(word: &str) -> &'static str {
    match word {
        "oneOf" => "write `anyOf`",
        "allOf" => "write the schemas as one",
        _ => "remove it, or set `strict: false` and check the answer yourself",
    }
}

fn is_object(schema: &Object) -> bool {
    let has_type = match schema.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => false,
    };
    has_type || schema.contains_key("properties")
}

fn check_object(next: &Pending<'_>, shown: &str, add: &mut impl FnMut(&str, String, &str)) {
    if next.schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        let message = format!("{shown} lacks `additionalProperties: false`");
        add(
            &next.path,
            message,
            "a strict schema says so in every object",
        );
    }
    let required: BTreeSet<&str> = next
        .schema
        .get("required")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let properties = next.schema.get("properties").and_then(Value::as_object);
    let left_out: Vec<&str> = properties
        .into_iter()
        .flat_map(Object::keys)
        .map(String::as_str)
        .filter(|name| !required.contains(name))
        .collect();
    if !left_out.is_empty() {
        let message = format!("{shown} does not require `{}`", left_out.join("`, `"));
        let help = "a strict schema requires every property; one that may be left out has `null` among its types";
        add(&format!("{}.required", next.path), message, help);
    }
}

/// The schemas directly inside this one.
fn push_inner<'a>(next: &Pending<'a>, pending: &mut Vec<Pending<'a>>) {
    for (word, deeper) in [("properties", 1), ("$defs", 0), ("definitions", 0)] {
        let map = next.schema.get(word).and_then(Value::as_object);
        for (name, inner) in map.into_iter().flatten() {
            push(
                inner,
                format!("{}.{word}.{name}", next.path),
                next.depth + deeper,
                pending,
            );
        }
    }
    if let Some(items) = next.schema.get("items") {
        push(items, format!("{}.items", next.path), next.depth, pending);
    }
    for word in ["anyOf", "prefixItems"] {
        let list = next.schema.get(word).and_then(Value::as_array);
        for (index, inner) in list.into_iter().flatten().enumerate() {
            push(
                inner,
                format!("{}.{word}[{index}]", next.path),
                next.depth,
                pending,
            );
        }
    }
}

fn push<'a>(inner: &'a Value, path: String, depth: usize, pending: &mut Vec<Pending<'a>>) {
    if let Some(schema) = inner.as_object() {
        pending.push(Pending {
            schema,
            path,
            depth,
        });
    }
}

/// A schema's path in a message.
fn shown(path: &str) -> String {
    match path.strip_prefix("jsonSchema.schema.") {
        None => "the schema".to_owned(),
        Some(path) => format!("`{path}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found_after;

    #[test]
    fn every_slip_of_a_strict_schema_is_named_at_its_place() {
        insta::assert_snapshot!(
            found_after(
                "jsonSchema:
  name: a
  strict: true
  schema:
    type: object
    additionalProperties: false
    required: [a]
    properties:
      a: {type: object, properties: {b: {type: string}}}
      c:
        type: array
        uniqueItems: true
        items: {oneOf: [{type: string}]}
"
            ),
            @r"
        error P024 9:15 the schema does not require `c`
        error P024 11:10 `properties.a` lacks `additionalProperties: false`
        error P024 11:10 `properties.a` does not require `b`
        error P024 14:22 `uniqueItems` is not permitted in a strict schema
        error P024 15:24 `oneOf` is not permitted in a strict schema
        "
        );
    }

    #[test]
    fn a_list_at_the_top_is_refused() {
        insta::assert_snapshot!(
            found_after("jsonSchema: {name: a, strict: true, schema: {type: array, items: {type: string}}}\n"),
            @"error P024 3:45 a strict schema is an object at the top"
        );
    }

    #[test]
    fn a_strict_schema_passes_and_a_loose_one_is_not_asked() {
        let sound = "{type: object, additionalProperties: false, required: [a], properties: {a: {type: [string, \"null\"]}}}";
        assert_eq!(
            found_after(&format!(
                "jsonSchema: {{name: a, strict: true, schema: {sound}}}\n"
            )),
            ""
        );
        assert_eq!(
            found_after("jsonSchema: {name: a, schema: {type: object, properties: {a: {}}}}\n"),
            ""
        );
    }
}

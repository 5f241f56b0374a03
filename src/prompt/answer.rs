//! The form of the answer, as a request asks for it.

use serde_json::{Map, Value, json};

use super::document::{Document, Object, ResponseFormat};

/// The name of a schema that has none: the API wants one.
const SCHEMA_NAME: &str = "answer";

/// The format wants a schema, and the file has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSchema;

/// What `responseFormat` and `jsonSchema` say, as `text.format` of a request; none where the file
/// says nothing.
///
/// # Errors
/// `responseFormat: json_schema` stands without a schema.
pub fn written(document: &Document) -> Result<Option<Object>, NoSchema> {
    let format = match (document.response_format, &document.json_schema) {
        (None, None) => return Ok(None),
        (None, Some(_)) => ResponseFormat::JsonSchema,
        (Some(format), _) => format,
    };
    let mut flat = Map::new();
    flat.insert("type".to_owned(), json!(format.as_str()));
    if format != ResponseFormat::JsonSchema {
        return Ok(Some(flat));
    }
    let given = document.json_schema.as_ref().ok_or(NoSchema)?;
    flat.insert("name".to_owned(), json!(SCHEMA_NAME));
    match given.get("schema") {
        Some(_) => {
            for key in ["name", "description", "schema", "strict"] {
                if let Some(value) = given.get(key).filter(|value| !value.is_null()) {
                    flat.insert(key.to_owned(), value.clone());
                }
            }
        }
        // The map is the schema itself.
        None => drop(flat.insert("schema".to_owned(), Value::Object(given.clone()))),
    }
    Ok(Some(flat))
}

/// What `extraBody` puts over `text.format`; none where it leaves the format alone.
pub fn extra_format(document: &Document) -> Option<&Value> {
    let text = document.extra_body.get("text")?;
    match text {
        Value::Object(text) => text.get("format"),
        other => Some(other),
    }
}

/// `text.format` of the request, with what `extraBody` puts over it.
pub fn format_sent(document: &Document) -> Object {
    let mut format = match written(document) {
        Ok(format) => format.unwrap_or_default(),
        Err(NoSchema) => Object::from_iter([(
            "type".to_owned(),
            json!(ResponseFormat::JsonSchema.as_str()),
        )]),
    };
    match extra_format(document) {
        Some(Value::Object(over)) => merge(&mut format, over),
        Some(_) => format.clear(),
        None => {}
    }
    format
}

/// Merges objects key by key; any other value takes the place of the old one.
pub fn merge(target: &mut Object, source: &Object) {
    for (key, value) in source {
        merge_value(
            target.entry(key.clone()).or_insert(Value::Null),
            value.clone(),
        );
    }
}

/// Merges one value into another: objects key by key, others by taking their place.
pub fn merge_value(target: &mut Value, source: Value) {
    match (target, source) {
        (Value::Object(target), Value::Object(source)) => merge(target, &source),
        (target, source) => *target = source,
    }
}

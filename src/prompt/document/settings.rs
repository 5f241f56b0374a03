//! What goes with the messages: parameters, schemas, the answer's format, the stored prompt.

use serde_json::{Number, Value, json};

use super::super::code;
use super::super::name::nearest;
use super::super::parameters::request_path;
use super::keys::{EVAL, INPUT, Lookup, OPENAI, OPENAI_ENVIRONMENT, PARAMETERS, SOURCE, look_up};
use super::node::{Kind, Node, to_object};
use super::reader::{Field, Reader};
use super::{
    Eval, MAX_REPEAT, Object, Provenance, ResponseFormat, Span, StoredPrompt, StoredPromptVersion,
    Text,
};

/// The keywords that show that a map is a JSON Schema itself.
const SCHEMA_WORDS: [&str; 12] = [
    "$ref",
    "$defs",
    "$schema",
    "type",
    "properties",
    "items",
    "required",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "allOf",
];

impl Reader<'_> {
    /// `modelParameters:` with canonical keys.
    pub(super) fn parameters(&mut self, field: &Field<'_>) -> Object {
        let mut parameters = Object::new();
        let mut unsent = Vec::new();
        for (key, node) in self.map(field).unwrap_or_default() {
            let field = field.child(key, node);
            if matches!(node.kind, Kind::Null) {
                continue;
            }
            let (name, value) = match look_up(&key.text, PARAMETERS) {
                Lookup::Known(name) => {
                    if request_path(name).is_none() {
                        unsent.push((name, key.at));
                    }
                    (name, self.parameter(name, &field))
                }
                Lookup::Misspelt(meant) => {
                    self.misspelt(key, meant);
                    continue;
                }
                Lookup::Unknown => {
                    // Never sent either: what the file says of it is true.
                    self.unknown(&field.path, key);
                    (key.text.as_str(), Some(node.to_value()))
                }
            };
            if parameters.contains_key(name) {
                self.twice(code::DUPLICATE_PARAMETER, key, name);
            } else if let Some(value) = value {
                parameters.insert(name.to_owned(), value);
            }
        }
        self.tell_unsent(&unsent);
        parameters
    }

    /// Warns of parameters of the Chat Completions API, which files made for GitHub Models have.
    fn tell_unsent(&mut self, unsent: &[(&str, Span)]) {
        let Some((_, at)) = unsent.first() else {
            return;
        };
        let names: Vec<String> = unsent.iter().map(|(name, _)| format!("`{name}`")).collect();
        let (it, are) = match names.len() {
            1 => ("it", "is"),
            _ => ("they", "are"),
        };
        let names = names.join(", ");
        let message =
            format!("the Responses API has no {names}; {it} {are} left out of the request");
        let help = "remove what is never sent";
        self.warn(code::UNSENT_PARAMETER, *at, message, help);
    }

    fn parameter(&mut self, name: &str, field: &Field<'_>) -> Option<Value> {
        let value = match name {
            "maxTokens" => whole(field.node)
                .filter(|number| number.as_u64() > Some(0))
                .map(Value::Number),
            "seed" => whole(field.node).map(Value::Number),
            "reasoningEffort" | "verbosity" => match &field.node.kind {
                Kind::Text(text) => Some(json!(text)),
                _ => None,
            },
            "stop" => return self.stop(field),
            _ => match &field.node.kind {
                Kind::Number(number) => Some(Value::Number(number.clone())),
                _ => None,
            },
        };
        if value.is_none() {
            let wants = match name {
                "maxTokens" => "a whole number above 0",
                "seed" => "a whole number",
                "reasoningEffort" | "verbosity" => "a text",
                _ => "a number",
            };
            self.wrong_type(field, wants);
        }
        value
    }

    fn stop(&mut self, field: &Field<'_>) -> Option<Value> {
        if !matches!(field.node.kind, Kind::List(_)) {
            return self.text(field).map(Value::String);
        }
        let items = self.list(field);
        let texts: Vec<String> = items.iter().filter_map(|item| self.text(item)).collect();
        Some(json!(texts))
    }

    /// `input.schema`.
    pub(super) fn input_schema(&mut self, field: &Field<'_>) -> Option<Value> {
        let entries = self.map(field)?;
        let fields = self.fields(Some(field), entries, INPUT);
        let schema = fields.get("schema")?;
        self.map(schema)?;
        Some(schema.node.to_value())
    }

    /// `responseFormat:`.
    pub(super) fn response_format(&mut self, field: &Field<'_>) -> Option<ResponseFormat> {
        let text = self.text(field)?;
        let formats = [
            ResponseFormat::Text,
            ResponseFormat::JsonObject,
            ResponseFormat::JsonSchema,
        ];
        let format = formats.into_iter().find(|format| format.as_str() == text);
        if format.is_none() {
            let meant = nearest(&text, formats.map(ResponseFormat::as_str))
                .map_or(String::new(), |format| format!("; `{format}` is meant"));
            let message = format!("`{text}` is not a response format{meant}");
            let help = "formats are text, json_object and json_schema";
            self.error(code::WRONG_TYPE, field.span(), message, help);
        }
        format
    }

    /// `jsonSchema:` as `{name, strict, schema}`, from a map or from GitHub's JSON text.
    pub(super) fn json_schema(&mut self, field: &Field<'_>) -> Option<Object> {
        let object = match &field.node.kind {
            Kind::Text(text) if text.trim().is_empty() => return None,
            Kind::Text(_) => self.json_text(field)?,
            Kind::Map(entries) => to_object(entries),
            _ => {
                self.wrong_type(field, "a map or a JSON text");
                return None;
            }
        };
        self.named_schema(field, object)
    }

    fn json_text(&mut self, field: &Field<'_>) -> Option<Object> {
        let text = self.located_text(field)?;
        match serde_json::from_str(&text.value) {
            Ok(Value::Object(object)) => Some(object),
            Ok(_) => {
                let message = format!("`{}` is JSON and not an object", field.path);
                self.error(
                    code::BAD_SCHEMA,
                    field.span(),
                    message,
                    "write {name, strict, schema}",
                );
                None
            }
            Err(error) => {
                let at = text
                    .origin
                    .locate(Span::point(error.line().max(1), error.column().max(1)));
                let reason = error.to_string();
                let reason = reason.split(" at line ").next().unwrap_or_default();
                let message = format!("`{}` is not valid JSON: {reason}", field.path);
                self.error(
                    code::BAD_SCHEMA,
                    at,
                    message,
                    "a YAML map can stand here as well",
                );
                None
            }
        }
    }

    /// The schema with the name that the API wants, which a bare schema lacks.
    fn named_schema(&mut self, field: &Field<'_>, mut object: Object) -> Option<Object> {
        // The Chat Completions API writes `{type: json_schema, json_schema: {…}}`.
        if object.get("type").and_then(Value::as_str) == Some("json_schema")
            && let Some(Value::Object(inner)) = object.remove("json_schema")
        {
            object = inner;
        }
        if object.is_empty() {
            return None;
        }
        let is_named = object.get("schema").is_some_and(Value::is_object);
        let is_bare = SCHEMA_WORDS.iter().any(|word| object.contains_key(*word));
        if is_named {
            object.entry("name").or_insert_with(|| json!("output"));
            return Some(object);
        }
        if is_bare {
            return Some(Object::from_iter([
                ("name".to_owned(), json!("output")),
                ("schema".to_owned(), Value::Object(object)),
            ]));
        }
        let message = format!("`{}` has no `schema`", field.path);
        let help = "write {name: …, strict: true, schema: {type: object, …}}";
        self.error(code::BAD_SCHEMA, field.span(), message, help);
        None
    }

    /// `openai:`.
    pub(super) fn stored_prompt(&mut self, field: &Field<'_>) -> Option<StoredPrompt> {
        let entries = self.map(field)?;
        let fields = self.fields(Some(field), entries, OPENAI);
        let mut stored = StoredPrompt {
            prompt_id: fields.get("promptId").and_then(|field| self.text(field)),
            prompt_version: fields
                .get("promptVersion")
                .and_then(|field| self.text(field)),
            ..StoredPrompt::default()
        };
        if let Some(environments) = fields.get("environments") {
            for (key, node) in self.map(environments).unwrap_or_default() {
                let version = self.stored_version(&environments.child(key, node));
                stored.environments.insert(key.text.clone(), version);
            }
        }
        Some(stored)
    }

    /// Where the prompt came from.
    pub(super) fn source(&mut self, field: &Field<'_>) -> Option<Provenance> {
        let entries = self.map(field)?;
        let fields = self.fields(Some(field), entries, SOURCE);
        let mut text = |key: &str| fields.get(key).and_then(|field| self.text(field));
        let mut source = Provenance {
            format: text("format"),
            id: text("id"),
            path: text("path"),
            versions: text("version").into_iter().collect(),
            current: text("current"),
            digest: text("digest"),
            place: text("place"),
        };
        if let Some(versions) = fields.get("versions") {
            let items = self.list(versions);
            source
                .versions
                .extend(items.iter().filter_map(|item| self.text(item)));
        }
        Some(source)
    }

    /// `datasets:`, a list of paths, or one.
    pub(super) fn datasets(&mut self, field: Option<&Field<'_>>) -> Vec<Text> {
        let Some(field) = field else {
            return Vec::new();
        };
        match field.node.kind {
            Kind::Text(_) => self.located_text(field).into_iter().collect(),
            _ => {
                let items = self.list(field);
                let paths = items.iter().filter_map(|item| self.located_text(item));
                paths.collect()
            }
        }
    }

    /// `eval:`.
    pub(super) fn eval(&mut self, field: &Field<'_>) -> Eval {
        let Some(entries) = self.map(field) else {
            return Eval::default();
        };
        let fields = self.fields(Some(field), entries, EVAL);
        Eval {
            repeat: fields.get("repeat").and_then(|field| self.repeat(field)),
            min_pass_rate: fields
                .get("minPassRate")
                .and_then(|field| self.ratio(field)),
            margin: fields.get("margin").and_then(|field| self.ratio(field)),
            judge: fields
                .get("judge")
                .and_then(|field| self.text(field))
                .filter(|judge| !judge.is_empty()),
        }
    }

    fn repeat(&mut self, field: &Field<'_>) -> Option<u32> {
        let number = whole(field.node).and_then(|number| u32::try_from(number.as_u64()?).ok());
        let repeat = number.filter(|number| (1..=MAX_REPEAT).contains(number));
        if repeat.is_none() {
            self.wrong_type(field, &format!("a whole number from 1 to {MAX_REPEAT}"));
        }
        repeat
    }

    /// A part of a whole, from 0 to 1.
    fn ratio(&mut self, field: &Field<'_>) -> Option<f64> {
        let number = match &field.node.kind {
            Kind::Number(number) => number.as_f64(),
            _ => None,
        };
        let ratio = number.filter(|ratio| (0.0..=1.0).contains(ratio));
        if ratio.is_none() {
            self.wrong_type(field, "a number from 0 to 1, such as 0.95");
        }
        ratio
    }

    fn stored_version(&mut self, field: &Field<'_>) -> StoredPromptVersion {
        let entries = self.map(field).unwrap_or_default();
        let fields = self.fields(Some(field), entries, OPENAI_ENVIRONMENT);
        StoredPromptVersion {
            prompt_id: fields.get("promptId").and_then(|field| self.text(field)),
            prompt_version: fields
                .get("promptVersion")
                .and_then(|field| self.text(field)),
        }
    }
}

/// A whole number, also one written `800.0`.
fn whole(node: &Node) -> Option<Number> {
    let Kind::Number(number) = &node.kind else {
        return None;
    };
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    let float = number
        .as_f64()
        .filter(|float| float.fract() == 0.0 && float.abs() < 9e15)?;
    format!("{float:.0}").parse::<i64>().ok().map(Number::from)
}

//! Variables: their declaration, and the values given for them.

mod argument;

use std::collections::BTreeSet;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::code;
use super::document::Object;
use super::finding::Finding;
use super::name::nearest;
use super::quote::shell_word;
use super::rendered::Variable;
use super::template::schema::Schema;

pub use self::argument::{BadVarArg, Given, VarArg};

/// How deep defaults are looked for in a schema.
const MAX_DEPTH: usize = 50;

/// Completes the values given with the defaults of the input schema, and checks them.
///
/// A text given for a variable that the schema declares as a number or a boolean becomes one if
/// it is exactly one; nothing else is converted. The second part of the result are warnings
/// about values that the prompt has no variable for.
///
/// # Errors
/// Every required variable without a value, every value that does not fit the schema, and the values
/// whose names are nearly that of a variable without one.
pub fn complete(
    schema: Option<&Value>,
    variables: &[Variable],
    given: Object,
) -> Result<(Object, Vec<Finding>), Vec<Finding>> {
    let names: BTreeSet<String> = given.keys().cloned().collect();
    let mut values = given;
    let mut errors = Vec::new();
    if let Some(root) = schema {
        convert(Schema::new(root), &mut values);
        add_defaults(Schema::new(root), &mut values, 0);
    }
    for variable in variables {
        if variable.required && values.get(&variable.name).is_none_or(Value::is_null) {
            errors.push(missing(&variable.name));
        }
    }
    if let Some(root) = schema {
        errors.extend(misfits(root, &values, variables));
    }
    if errors.is_empty() {
        let warnings = unknown(variables, &names);
        return Ok((values, warnings));
    }
    errors.extend(mistaken(variables, &names));
    Err(errors)
}

fn missing(name: &str) -> Finding {
    Finding::error(code::MISSING_VARIABLE, format!("`{name}` has no value")).help(format!(
        "pass `--var {}=…`, or give it a `default` in `input.schema`",
        shell_word(name)
    ))
}

/// Values that were given under a name that is nearly the one that is missing.
fn mistaken(variables: &[Variable], given: &BTreeSet<String>) -> Vec<Finding> {
    let is_variable = |name: &str| variables.iter().any(|one| one.name == name);
    given
        .iter()
        .filter(|name| !is_variable(name))
        .filter_map(|name| {
            let meant = meant(name, variables, given)?;
            let message = format!("`{name}` was given: did you mean `{meant}`?");
            Some(Finding::error(code::UNKNOWN_VARIABLE, message))
        })
        .collect()
}

/// The variable that was not given whose name is nearest to `name`.
fn meant<'v>(name: &str, variables: &'v [Variable], given: &BTreeSet<String>) -> Option<&'v str> {
    let names = variables.iter().map(|variable| variable.name.as_str());
    nearest(name, names.filter(|known| !given.contains(*known)))
}

/// Warnings about values for which the prompt has no variable.
fn unknown(variables: &[Variable], given: &BTreeSet<String>) -> Vec<Finding> {
    let names = || variables.iter().map(|variable| variable.name.as_str());
    let unknown = given
        .iter()
        .filter(|name| !names().any(|known| known == *name));
    unknown
        .map(|name| {
            let message = format!("the prompt has no variable `{name}`");
            let warning = Finding::warning(code::UNKNOWN_VARIABLE, message);
            warning.help(match meant(name, variables, given) {
                Some(near) => format!("`{near}` is meant"),
                None if variables.is_empty() => "it has no variables at all".to_owned(),
                None => format!(
                    "its variables are {}",
                    names().collect::<Vec<_>>().join(", ")
                ),
            })
        })
        .collect()
}

/// Turns texts into the numbers and booleans that the schema wants.
fn convert(schema: Schema<'_>, values: &mut Object) {
    for (name, property) in schema.properties() {
        let Some(value) = values.get_mut(name) else {
            continue;
        };
        let kinds = property.kind().unwrap_or_default();
        let parsed = value.as_str().and_then(|text| exactly(text, &kinds));
        if let Some(parsed) = parsed {
            *value = parsed;
        }
    }
}

/// The number or boolean that a text is, if one of these kinds wants it and none wants text.
fn exactly(text: &str, kinds: &str) -> Option<Value> {
    let wants = |kind: &str| kinds.split('|').any(|one| one == kind);
    if wants("string") {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let fits = match &value {
        Value::Bool(_) => wants("boolean"),
        Value::Number(number) => wants("number") || (wants("integer") && !number.is_f64()),
        _ => false,
    };
    fits.then_some(value)
}

/// Puts defaults where a value is absent, also inside maps that were given.
fn add_defaults(schema: Schema<'_>, values: &mut Object, depth: usize) {
    if depth >= MAX_DEPTH {
        return;
    }
    for (name, property) in schema.properties() {
        match (values.get_mut(name), property.default()) {
            (Some(Value::Object(inner)), _) => add_defaults(property, inner, depth + 1),
            (None, Some(default)) => {
                values.insert(name.clone(), default.clone());
            }
            _ => {}
        }
    }
}

/// What the schema says against the values.
fn misfits(schema: &Value, values: &Object, variables: &[Variable]) -> Vec<Finding> {
    match InputSchema::new(schema) {
        Ok(checked) => checked.misfits(values, variables),
        Err(finding) => vec![finding],
    }
}

/// An input schema that is valid, ready to check many values.
#[derive(Debug)]
pub struct InputSchema<'a> {
    schema: &'a Value,
    validator: jsonschema::Validator,
}

impl<'a> InputSchema<'a> {
    /// Checks the schema.
    ///
    /// # Errors
    /// Where and why it is not valid.
    pub fn new(schema: &'a Value) -> Result<Self, Finding> {
        Ok(Self {
            schema,
            validator: validator(schema)?,
        })
    }

    /// What is wrong with a case as values of the variables, its defaults filled in. Fields of the
    /// case that are no variables are not looked at, and those that are missing not reported.
    pub fn check_case(&self, variables: &[Variable], case: &Object) -> Vec<Finding> {
        let is_variable = |name: &String| variables.iter().any(|one| one.name == *name);
        let given = case.iter().filter(|(name, _)| is_variable(name));
        let mut values: Object = given
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        convert(Schema::new(self.schema), &mut values);
        add_defaults(Schema::new(self.schema), &mut values, 0);
        let mut findings = self.misfits(&values, variables);
        findings.retain(|finding| finding.code != code::MISSING_VARIABLE);
        findings
    }

    fn misfits(&self, values: &Object, variables: &[Variable]) -> Vec<Finding> {
        let Self { schema, validator } = self;
        misfits_of(schema, validator, values, variables)
    }
}

fn misfits_of(
    schema: &Value,
    validator: &jsonschema::Validator,
    values: &Object,
    variables: &[Variable],
) -> Vec<Finding> {
    let instance = Value::Object(values.clone());
    let is_missing = |name: &str| {
        let is_required = variables.iter().any(|one| one.name == name && one.required);
        is_required && values.get(name).is_none_or(Value::is_null)
    };
    let mut findings = Vec::new();
    for error in validator.iter_errors(&instance) {
        let path = error.instance_path().to_string();
        let name = match error.kind() {
            ValidationErrorKind::Required { property } if path.is_empty() => property.as_str(),
            _ => path.strip_prefix('/'),
        };
        // A required variable without a value is reported once, as missing.
        if name.is_some_and(is_missing) {
            continue;
        }
        let finding = misfit(&path, &error, schema);
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

/// One value that does not fit, named as a template would name it.
fn misfit(path: &str, error: &ValidationError<'_>, schema: &Value) -> Finding {
    let name = path.trim_start_matches('/').replace('/', ".");
    let subject = if name.is_empty() {
        "the values".to_owned()
    } else {
        format!("`{name}`")
    };
    let message = match error.kind() {
        ValidationErrorKind::Required { property } if name.is_empty() => {
            return missing(property.as_str().unwrap_or_default());
        }
        ValidationErrorKind::Required { property } => format!(
            "{subject} lacks `{}`",
            property.as_str().unwrap_or_default()
        ),
        ValidationErrorKind::Type { kind } => {
            let mut kinds: Vec<String> = match kind {
                TypeKind::Single(kind) => vec![kind.to_string()],
                TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect(),
            };
            kinds.sort_by_key(|kind| kind == "null");
            let kinds = kinds.join("|");
            format!(
                "{subject} must be {}, and {} was given",
                article(&kinds),
                short(error.instance())
            )
        }
        ValidationErrorKind::Enum { options } => format!(
            "{subject} must be one of {options}, and {} was given",
            short(error.instance())
        ),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("{subject} may not hold `{}`", unexpected.join("`, `"))
        }
        _ => format!(
            "{subject} does not fit: {}",
            error.masked_with(short(error.instance()))
        ),
    };
    let variable = name.split('.').next().unwrap_or_default();
    let kind = Schema::new(schema)
        .property(variable)
        .and_then(Schema::kind);
    let wants_json = kind.is_some_and(|kind| kind != "string");
    let is_type = matches!(
        error.kind(),
        ValidationErrorKind::Type { .. } | ValidationErrorKind::Required { .. }
    );
    Finding::error(code::BAD_VALUE, message).help(if wants_json && is_type {
        format!("pass `--var {variable}:=…` with the value as JSON")
    } else {
        "`input.schema` in the prompt file says what is allowed".to_owned()
    })
}

/// A type of JSON Schema in a sentence.
fn article(kind: &str) -> String {
    let first = kind.split('|').next().unwrap_or_default();
    let article = if first.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {}", kind.replace('|', " or "))
}

/// A value short enough for a message.
fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 {
        return text;
    }
    format!("{}…", text.chars().take(60).collect::<String>())
}

/// Checks that a JSON Schema is one, and that it refers to nothing outside of itself.
///
/// # Errors
/// Where and why the schema is not valid.
pub fn check_schema(schema: &Value) -> Result<(), Finding> {
    validator(schema).map(|_| ())
}

/// The validator of a schema, which may only refer to itself.
///
/// # Errors
/// Where and why the schema is not valid.
pub fn validator(schema: &Value) -> Result<jsonschema::Validator, Finding> {
    if !schema.is_object() && !schema.is_boolean() {
        let finding = Finding::error(code::BAD_SCHEMA, "a JSON Schema is a map");
        return Err(finding.help("it begins with `type: object`"));
    }
    if let Some(outside) = outside_reference(schema) {
        let message = format!("the schema refers to `{outside}`, which is outside of the file");
        let help =
            "only references such as `#/$defs/name` are followed; copy the schema into the file";
        return Err(Finding::error(code::BAD_SCHEMA, message).help(help));
    }
    jsonschema::options().build(schema).map_err(|error| {
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
    })
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

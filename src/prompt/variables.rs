//! Variables: their declaration, and the values given for them.

mod argument;
mod infer;

use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::code;
use super::document::Object;
use super::finding::Finding;
use super::hint::Hint;
use super::name::nearest;
use super::rendered::Variable;
use super::template::schema::Schema;
use super::validator::{Validator, Validity, short, too_complex};
use super::weight::weight;

pub use self::argument::{BadVarArg, VarArg, VarValue};
pub use self::infer::input_schema;

/// How deep defaults are looked for in a schema.
const MAX_DEPTH: usize = 50;

/// The most that the defaults of one schema may take, in bytes.
const MAX_DEFAULTS: usize = 20_000_000;

/// The most steps that all cases of a prompt may take together.
const MAX_FOR_CASES: u64 = 10_000_000;

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
    schema: Option<(&Value, &Check)>,
    variables: &[Variable],
    given: Object,
) -> Result<(Object, Vec<Finding>), Vec<Finding>> {
    let names: BTreeSet<String> = given.keys().cloned().collect();
    let mut values = given;
    let mut errors = Vec::new();
    if let Some((root, _)) = schema {
        convert(Schema::new(root), &mut values);
        if let Err(finding) = add_defaults(Schema::new(root), &mut values) {
            return Err(vec![finding]);
        }
    }
    for variable in variables {
        let is_absent = match values.get(&variable.name) {
            None => true,
            Some(Value::Null) => schema.is_none_or(|(root, _)| !takes_null(root, &variable.name)),
            Some(_) => false,
        };
        if variable.required && is_absent {
            errors.push(missing(&variable.name));
        }
    }
    if let Some((root, check)) = schema {
        errors.extend(check.misfits(root, &values, variables));
    }
    if errors.is_empty() {
        let warnings = unknown(variables, &names);
        return Ok((values, warnings));
    }
    errors.extend(mistaken(variables, &names));
    Err(errors)
}

/// Whether the schema of a variable lists null among its types: a null that is given is a value then.
fn takes_null(root: &Value, name: &str) -> bool {
    let types = root
        .get("properties")
        .and_then(|all| all.get(name)?.get("type"));
    types.is_some_and(|types| match types {
        Value::Array(types) => types.iter().any(|it| it == "null"),
        only => only == "null",
    })
}

fn missing(name: &str) -> Finding {
    Finding::error(code::MISSING_VARIABLE, format!("`{name}` has no value"))
        .about(name)
        .help(Hint::GiveValue(name.to_owned()))
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
///
/// # Errors
/// The defaults are too large: many references may lead to one.
fn add_defaults(schema: Schema<'_>, values: &mut Object) -> Result<(), Finding> {
    let mut left = MAX_DEFAULTS;
    add_defaults_below(schema, values, 0, &mut left).ok_or_else(|| {
        let message = format!("the defaults of the schema take more than {MAX_DEFAULTS} bytes");
        Finding::error(code::SCHEMA_TOO_COMPLEX, message)
            .help("write a large default once, where it is used")
    })
}

fn add_defaults_below(
    schema: Schema<'_>,
    values: &mut Object,
    depth: usize,
    left: &mut usize,
) -> Option<()> {
    if depth >= MAX_DEPTH {
        return Some(());
    }
    for (name, property) in schema.properties() {
        match (values.get_mut(name), property.default()) {
            (Some(Value::Object(inner)), _) => {
                add_defaults_below(property, inner, depth + 1, left)?;
            }
            (None, Some(default)) => {
                *left = left.checked_sub(weight(default, *left))?;
                values.insert(name.clone(), default.clone());
            }
            _ => {}
        }
    }
    Some(())
}

/// What checks values by one schema: made at the first values, since that takes far longer than to
/// check them, and many prompts that are held ready are never called.
#[derive(Debug, Default)]
pub struct Check(OnceLock<Result<Validator, Finding>>);

impl Check {
    /// The steps that all values so far took, by one schema that was made once.
    #[cfg(test)]
    pub(crate) fn spent(&self) -> u64 {
        let made = self.0.get().and_then(|made| made.as_ref().ok());
        made.map_or(0, Validator::spent)
    }

    /// What the schema says against the values.
    fn misfits(&self, schema: &Value, values: &Object, variables: &[Variable]) -> Vec<Finding> {
        match self.0.get_or_init(|| Validator::new(schema)) {
            Ok(validator) => misfits_of(schema, validator, values, variables),
            Err(finding) => vec![finding.clone()],
        }
    }
}

/// An input schema that is valid, ready to check many values.
#[derive(Debug)]
pub struct InputSchema<'a> {
    schema: &'a Value,
    validator: Validator,
}

impl<'a> InputSchema<'a> {
    /// Checks the schema.
    ///
    /// # Errors
    /// Where and why it is not valid.
    pub fn new(schema: &'a Value) -> Result<Self, Finding> {
        Ok(Self {
            schema,
            validator: Validator::new(schema)?,
        })
    }

    fn misfits(&self, values: &Object, variables: &[Variable]) -> Vec<Finding> {
        let Self { schema, validator } = self;
        misfits_of(schema, validator, values, variables)
    }
}

/// The path, where a value of a case stands for a file: `{file: charts/a.png}`.
pub fn case_file(value: &Value) -> Option<&str> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.get("file")?.as_str()
}

/// An input schema and the variables of a prompt, ready to check many cases.
pub struct CaseCheck<'a> {
    input: &'a InputSchema<'a>,
    variables: &'a [Variable],
    names: HashSet<&'a str>,
}

impl<'a> CaseCheck<'a> {
    /// Ready for these variables.
    pub fn new(input: &'a InputSchema<'a>, variables: &'a [Variable]) -> Self {
        let names = variables.iter().map(|variable| variable.name.as_str());
        Self {
            input,
            variables,
            names: names.collect(),
        }
    }

    /// What is wrong with a case as values of the variables, its defaults filled in. Fields of the
    /// case that are no variables are not looked at, nor are files, and those that are missing not
    /// reported.
    pub fn misfits(&self, case: &Object) -> Vec<Finding> {
        if self.input.validator.spent() > MAX_FOR_CASES {
            let message = "the cases so far took so many steps that the others are not checked";
            return vec![too_complex(message)];
        }
        let given = case.iter().filter(|(name, value)| {
            self.names.contains(name.as_str()) && case_file(value).is_none()
        });
        let mut values: Object = given
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let schema = Schema::new(self.input.schema);
        convert(schema, &mut values);
        if let Err(finding) = add_defaults(schema, &mut values) {
            return vec![finding];
        }
        let mut findings = self.input.misfits(&values, self.variables);
        findings.retain(|finding| finding.code != code::MISSING_VARIABLE);
        findings
    }
}

fn misfits_of(
    schema: &Value,
    validator: &Validator,
    values: &Object,
    variables: &[Variable],
) -> Vec<Finding> {
    let instance = Value::Object(values.clone());
    let is_missing = |name: &str| {
        let is_required = variables.iter().any(|one| one.name == name && one.required);
        is_required && values.get(name).is_none_or(Value::is_null)
    };
    let mut findings = Vec::new();
    let errors = match validator.judge(&instance) {
        Ok(Validity::Fits) => return findings,
        Ok(Validity::Misfits(errors)) => errors,
        Ok(Validity::Misfit) => {
            let message = "the values do not fit `input.schema`, and are too many to say where";
            return vec![
                Finding::error(code::BAD_VALUE, message)
                    .help("check a part of them, such as a shorter list"),
            ];
        }
        Err(finding) => return vec![finding],
    };
    for error in errors {
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
            "{subject} must be one of {}, and {} was given",
            choices(options),
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
        Hint::GiveJson(variable.to_owned())
    } else {
        "`input.schema` in the prompt file says what is allowed".into()
    })
}

/// The values that a schema lists, or the first of many.
fn choices(options: &Value) -> String {
    const MOST: usize = 20;
    match options.as_array() {
        Some(list) if list.len() > MOST => {
            let first: Vec<String> = list.iter().take(MOST).map(short).collect();
            format!("[{},…]", first.join(","))
        }
        _ => options.to_string(),
    }
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

/// Checks that a JSON Schema is one, and that it refers to nothing outside of itself.
///
/// # Errors
/// Where and why the schema is not valid.
pub fn check_schema(schema: &Value) -> Result<(), Finding> {
    Validator::new(schema).map(drop)
}

#[cfg(test)]
mod tests;

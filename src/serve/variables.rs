//! The values that a caller gives for variables, by what they are.

use serde_json::{Value, json};

use super::problem::{Problem, listed};
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::name::nearest;
use crate::prompt::rendered::Variable;

/// The values of a call, as templates take them and as the answer repeats them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct CallVariables {
    /// For the templates.
    pub(super) values: Object,
    /// For the answer: each an object of the API's.
    pub(super) echo: Object,
}

/// Reads the values that were given for these variables.
///
/// # Errors
/// - A name that the prompt does not know, and a variable without a value.
/// - A value of a kind that the API does not take, where the prompt's schema does not ask for it.
pub(super) fn read(variables: &[Variable], given: &Object) -> Result<CallVariables, Problem> {
    let find = |name: &str| variables.iter().find(|it| it.name == name);
    let unknown: Vec<&str> = given
        .keys()
        .map(String::as_str)
        .filter(|name| find(name).is_none())
        .collect();
    if let Some(first) = unknown.first() {
        let names = variables.iter().map(|it| it.name.as_str());
        let problem = Problem::new(
            400,
            Some("prompt_variable_unknown"),
            format!(
                "Unknown prompt variables: {}",
                listed(unknown.iter().copied())
            ),
        )
        .param(format!("prompt.variables.{first}"))
        .own(code::UNKNOWN_VARIABLE);
        return Err(match nearest(first, names.clone()) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint(match variables.is_empty() {
                true => "the prompt has no variables".to_owned(),
                false => format!("its variables are {}", listed(names)),
            }),
        });
    }
    let missing: Vec<&str> = variables
        .iter()
        .filter(|it| it.required && given.get(&it.name).is_none_or(Value::is_null))
        .map(|it| it.name.as_str())
        .collect();
    if let Some(first) = missing.first() {
        return Err(Problem::new(
            400,
            Some("prompt_variable_missing"),
            format!(
                "Missing prompt variables: {}",
                listed(missing.iter().copied())
            ),
        )
        .param(format!("prompt.variables.{first}"))
        .own(code::MISSING_VARIABLE)
        .hint("send a value, or give the variable a `default` in the prompt's `input.schema`"));
    }
    let mut read = CallVariables::default();
    for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        let kinds = find(name)
            .and_then(|it| it.kind.as_deref())
            .unwrap_or_default();
        let value = value_of(value, kinds).ok_or_else(|| {
            let param = format!("prompt.variables.{name}");
            Problem::wrong_type(
                &param,
                "a string or an object with 'type' 'input_text', 'input_image' or 'input_file'",
                value,
            )
            .hint("a number or a list is taken where the prompt's `input.schema` says that the variable is one")
        })?;
        read.echo.insert(name.clone(), echo(&value));
        read.values.insert(name.clone(), value);
    }
    Ok(read)
}

/// The value for the templates; `None` for one that neither the API nor the schema takes.
fn value_of(value: &Value, kinds: &str) -> Option<Value> {
    let wants = |kind: &str| kinds.split('|').any(|one| one == kind);
    match value {
        Value::String(text) => Some(parsed(text, kinds).unwrap_or_else(|| value.clone())),
        Value::Object(part) => match part.get("type").and_then(Value::as_str) {
            Some("input_text") => value_of(part.get("text").filter(|it| it.is_string())?, kinds),
            Some("input_image" | "input_file") => Some(value.clone()),
            _ => wants("object").then(|| value.clone()),
        },
        Value::Array(_) => wants("array").then(|| value.clone()),
        Value::Bool(_) => wants("boolean").then(|| value.clone()),
        Value::Number(number) => {
            let is_whole = !number.is_f64() && wants("integer");
            (is_whole || wants("number")).then(|| value.clone())
        }
        Value::Null => None,
    }
}

/// A text as JSON, where the schema wants something and that is no text.
fn parsed(text: &str, kinds: &str) -> Option<Value> {
    if kinds.is_empty() || kinds.split('|').any(|kind| kind == "string") {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    if value.is_string() || value.is_null() {
        return None;
    }
    value_of(&value, kinds)
}

/// A value as the answer repeats it.
fn echo(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({ "type": "input_text", "text": text }),
        Value::Object(part) if part.get("type").is_some_and(Value::is_string) => {
            Value::Object(part.clone())
        }
        other => json!({ "type": "input_text", "text": other.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, kind: Option<&str>, required: bool) -> Variable {
        Variable {
            name: name.to_owned(),
            required,
            kind: kind.map(str::to_owned),
            default: None,
            description: None,
        }
    }

    fn given(kind: Option<&str>, value: Value) -> Result<CallVariables, Problem> {
        let given = json!({ "x": value });
        read(&[variable("x", kind, true)], given.as_object().unwrap())
    }

    #[test]
    fn each_kind_of_value_reaches_the_template() {
        for (kind, value, expected) in [
            (None, json!("cat"), json!("cat")),
            (None, json!(""), json!("")),
            (
                None,
                json!({"type": "input_text", "text": "cat"}),
                json!("cat"),
            ),
            (Some("string"), json!("30"), json!("30")),
            (Some("integer"), json!("30"), json!(30)),
            (Some("integer"), json!(30), json!(30)),
            (Some("number|string"), json!("30"), json!("30")),
            (Some("boolean"), json!("true"), json!(true)),
            (Some("array"), json!("[1]"), json!([1])),
            (Some("array"), json!(["a"]), json!(["a"])),
            (Some("integer"), json!("many"), json!("many")),
        ] {
            assert_eq!(
                given(kind, value.clone()).unwrap().values["x"],
                expected,
                "{value}"
            );
        }
        let image = json!({"type": "input_image", "file_id": "file_1"});
        assert_eq!(given(None, image.clone()).unwrap().values["x"], image);
    }

    #[test]
    fn a_value_that_neither_the_api_nor_the_schema_takes_is_refused() {
        for (kind, value) in [
            (None, json!(30)),
            (Some("string"), json!(true)),
            (Some("integer"), json!(1.5)),
            (None, json!(["a"])),
            (None, json!({"a": 1})),
            (None, json!({"type": "input_text", "text": 3})),
        ] {
            let problem = given(kind, value.clone()).unwrap_err();
            assert_eq!(problem.code, Some("invalid_type"), "{value}");
            assert_eq!(problem.to_json()["error"]["param"], "prompt.variables.x");
        }
    }

    #[test]
    fn unknown_and_missing_variables_have_the_places_that_callers_know() {
        let variables = [variable("name", None, true), variable("more", None, false)];
        let read = |value: Value| read(&variables, value.as_object().unwrap());
        let unknown = read(json!({"name": "a", "nmae": "b"})).unwrap_err();
        assert_eq!(
            unknown.to_json()["error"],
            json!({"message": "Unknown prompt variables: nmae", "type": "invalid_request_error",
                "param": "prompt.variables.nmae", "code": "prompt_variable_unknown"})
        );
        for nothing in [json!({}), json!({"name": null})] {
            let missing = read(nothing).unwrap_err();
            assert_eq!(missing.code, Some("prompt_variable_missing"));
            assert_eq!(missing.to_json()["error"]["param"], "prompt.variables.name");
        }
        assert!(
            read(json!({"name": ""})).is_ok(),
            "an empty text is a value"
        );
    }

    #[test]
    fn the_answer_repeats_texts_as_parts() {
        let read = given(None, json!("cat")).unwrap();
        assert_eq!(read.echo["x"], json!({"type": "input_text", "text": "cat"}));
        let number = given(Some("integer"), json!("30")).unwrap();
        assert_eq!(
            number.echo["x"],
            json!({"type": "input_text", "text": "30"})
        );
    }
}

//! Variables as arguments of a command.

use std::str::FromStr;

use serde_json::Value;

/// A value given on the command line, still to be resolved where it names a file.
#[derive(Debug, Clone, PartialEq)]
pub enum VarValue {
    /// `name=text`.
    Text(String),
    /// `name=@path`: the text of a file.
    File(String),
    /// `name:=json`.
    Json(Value),
}

/// A variable given as an argument: `name=text`, `name=@file`, `name=@@text` or `name:=json`.
#[derive(Debug, Clone, PartialEq)]
pub struct VarArg {
    /// The variable.
    pub name: String,
    /// Its value.
    pub given: VarValue,
}

/// The argument does not have the form of a variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadVarArg {
    /// There is no `=`, or nothing before it.
    #[error(
        "`{0}` is not `name=value`; `name=@file` takes the text of a file, `name:=json` numbers, lists and maps"
    )]
    Form(String),
    /// What follows `:=` is not JSON.
    #[error("the value of `{name}` is not JSON: {reason}; write `{name}=…` for plain text")]
    Json {
        /// The variable.
        name: String,
        /// What the JSON parser says.
        reason: String,
    },
    /// Nothing follows `=@`.
    #[error("`{0}=@` lacks the path of a file; write `{0}=@@` for the text `@`")]
    NoFile(String),
}

impl FromStr for VarArg {
    type Err = BadVarArg;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || BadVarArg::Form(text.to_owned());
        let (name, value) = text.split_once('=').ok_or_else(form)?;
        let (name, is_json) = match name.strip_suffix(':') {
            Some(name) => (name.trim(), true),
            None => (name.trim(), false),
        };
        if name.is_empty() || name.contains(['{', '}', '"']) {
            return Err(form());
        }
        let given = if is_json {
            VarValue::Json(
                serde_json::from_str(value).map_err(|error| BadVarArg::Json {
                    name: name.to_owned(),
                    reason: error.to_string(),
                })?,
            )
        } else {
            match value.strip_prefix('@') {
                Some("") => return Err(BadVarArg::NoFile(name.to_owned())),
                Some(text) if text.starts_with('@') => VarValue::Text(text.to_owned()),
                Some(path) => VarValue::File(path.to_owned()),
                None => VarValue::Text(value.to_owned()),
            }
        };
        Ok(Self {
            name: name.to_owned(),
            given,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_say_what_they_give() {
        let given = |text: &str| text.parse::<VarArg>().map(|arg| (arg.name, arg.given));
        let fine = |name: &str, given: VarValue| Ok((name.to_owned(), given));
        assert_eq!(given("k=v"), fine("k", VarValue::Text("v".to_owned())));
        assert_eq!(given("k="), fine("k", VarValue::Text(String::new())));
        assert_eq!(
            given("k=a=b:=c"),
            fine("k", VarValue::Text("a=b:=c".to_owned()))
        );
        assert_eq!(
            given("k=@a/b.txt"),
            fine("k", VarValue::File("a/b.txt".to_owned()))
        );
        assert_eq!(given("k=@@me"), fine("k", VarValue::Text("@me".to_owned())));
        assert_eq!(
            given("k:=[1, \"a\"]"),
            fine("k", VarValue::Json(json!([1, "a"])))
        );
        assert_eq!(
            given("k:=@x").map_err(|error| matches!(error, BadVarArg::Json { .. })),
            Err(true)
        );
        for wrong in ["", "k", "=v", ":=1", "{{k}}=v"] {
            assert_eq!(given(wrong), Err(BadVarArg::Form(wrong.to_owned())));
        }
        assert_eq!(given("k=@"), Err(BadVarArg::NoFile("k".to_owned())));
        insta::assert_snapshot!(given("k").expect_err("no value"), @"`k` is not `name=value`; `name=@file` takes the text of a file, `name:=json` numbers, lists and maps");
        insta::assert_snapshot!(given("k:=x").expect_err("no JSON"), @"the value of `k` is not JSON: expected value at line 1 column 1; write `k=…` for plain text");
    }
}

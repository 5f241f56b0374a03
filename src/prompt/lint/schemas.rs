//! The JSON Schemas of the variables and of the answer.

use serde_json::Value;

use super::{Finding, Subject, strict};
use crate::prompt::code;
use crate::prompt::variables::{InputSchema, check_schema};

/// Checks both schemas; returns that of the variables if there is one and it is valid.
pub(super) fn check<'a>(
    subject: &Subject<'a>,
    findings: &mut Vec<Finding>,
) -> Option<InputSchema<'a>> {
    let document = subject.document;
    if let Some(answer) = &document.json_schema {
        check_answer(subject, answer, findings);
    }
    let schema = document.input_schema.as_ref()?;
    match InputSchema::new(schema) {
        Ok(checked) => Some(checked),
        Err(finding) => {
            findings.push(finding.at(document.span_of("input.schema")));
            None
        }
    }
}

fn check_answer(
    subject: &Subject<'_>,
    answer: &crate::prompt::document::Object,
    findings: &mut Vec<Finding>,
) {
    let place = |path: &str| {
        let document = subject.document;
        document
            .span_of(path)
            .or_else(|| document.span_of("json_schema"))
    };
    let name = answer
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
        findings.push(
            Finding::new(
                code::STRICT_SCHEMA,
                format!("`{name}` is not a name that OpenAI takes for a schema"),
            )
            .at(place("jsonSchema.name"))
            .help("a name has 1 to 64 letters, digits, `_` and `-`"),
        );
    }
    let Some(schema) = answer.get("schema") else {
        return;
    };
    if let Err(finding) = check_schema(schema) {
        findings.push(finding.at(place("jsonSchema.schema")));
        return;
    }
    if answer.get("strict") == Some(&Value::Bool(true)) {
        strict::check(schema, &place, findings);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found_after;

    #[test]
    fn schemas_that_are_none_are_refused_with_their_place() {
        insta::assert_snapshot!(
            [
                "input:\n  schema:\n    type: objekt\n",
                "jsonSchema:\n  name: a b\n  schema: {type: object, required: x}\n",
            ].map(found_after).join("\n"),
            @r#"
        error P014 4:3 the schema is not valid at `/type`: "objekt" is not a type; types are string, number, integer, boolean, array, object and null
        error P024 4:9 `a b` is not a name that OpenAI takes for a schema
        error P014 5:11 the schema is not valid at `/required`: "x" is not of type "array"
        "#
        );
    }

    #[test]
    fn sound_schemas_pass() {
        assert_eq!(
            found_after("jsonSchema: '{\"name\": \"a\", \"schema\": {\"type\": \"object\"}}'\n"),
            ""
        );
    }
}

//! A prompt that a model wrote: from its answer, which has the form of the bundled writer's
//! `jsonSchema`, to a prompt file. The answer decides about words, variables, the form of answers,
//! checks and cases, and about nothing else.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::yaml;

/// How many cases of each kind there are.
const OF_EACH_KIND: usize = 2;

/// Names that a variable cannot have: they mean something in a case or to an evaluator.
const TAKEN: [&str; 7] = [
    "case",
    "expected",
    "must_mention",
    "forbidden",
    "completion",
    "this",
    "else",
];

/// The answer of the writer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: String,
    description: String,
    messages: Vec<Message>,
    inputs: Vec<Input>,
    output: Output,
    checks: Vec<Check>,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: Role,
    content: String,
}

#[derive(Debug, Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Role {
    System,
    User,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
        }
    }
}

#[derive(Debug, Deserialize)]
struct Input {
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    about: String,
    required: bool,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    String,
    Number,
    Integer,
    Boolean,
    List,
}

impl Kind {
    /// The schema of a value.
    fn schema(self) -> Map<String, Value> {
        let word = match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::List => "array",
        };
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!(word));
        if self == Self::List {
            schema.insert("items".to_owned(), json!({ "type": "string" }));
        }
        schema
    }

    /// The value that a text of the answer stands for.
    fn value(self, text: &str) -> Option<Value> {
        if self == Self::String {
            return Some(json!(text));
        }
        let value: Value = serde_json::from_str(text.trim()).ok()?;
        let fits = match self {
            Self::String => true,
            Self::Number => value.is_number(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::List => value
                .as_array()
                .is_some_and(|items| items.iter().all(Value::is_string)),
        };
        fits.then_some(value)
    }
}

#[derive(Debug, Deserialize)]
struct Output {
    format: Format,
    fields: Vec<Field>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Deserialize)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    values: Vec<String>,
    about: String,
}

#[derive(Debug, Deserialize)]
struct Check {
    name: String,
    check: CheckKind,
    field: String,
    value: String,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum CheckKind {
    Equals,
    Contains,
    NotContains,
    Matches,
    OneOf,
    MaxWords,
}

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    kind: CaseKind,
    values: Vec<Given>,
    expected: String,
    must_mention: Vec<String>,
    forbidden: Vec<String>,
    why: String,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum CaseKind {
    Typical,
    Edge,
    Hostile,
}

impl CaseKind {
    const ALL: [Self; 3] = [Self::Typical, Self::Edge, Self::Hostile];

    fn as_str(self) -> &'static str {
        match self {
            Self::Typical => "typical",
            Self::Edge => "edge",
            Self::Hostile => "hostile",
        }
    }
}

#[derive(Debug, Deserialize)]
struct Given {
    name: String,
    value: String,
}

/// The text of the prompt file that an answer describes, without version and digest. `inputs` are the
/// variables that were asked for; none where the writer chose.
///
/// # Errors
/// What the writer has to mend, in words for the writer.
pub fn file(answer: &Value, model: &str, inputs: &[String]) -> Result<String, Vec<String>> {
    let written: Written = serde_json::from_value(answer.clone())
        .map_err(|error| vec![format!("the answer has another form: {error}")])?;
    let mut wrong = Vec::new();
    written.check_inputs(inputs, &mut wrong);
    let cases = written.cases(&mut wrong);
    let evaluators = written.evaluators(&mut wrong);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut top = Map::new();
    let mut put = |key: &str, value: Value| {
        top.insert(key.to_owned(), value);
    };
    put("name", json!(one_line(&written.title)));
    put("description", json!(one_line(&written.description)));
    put("model", json!(model));
    if !written.inputs.is_empty() {
        put("input", json!({ "schema": written.input_schema() }));
    }
    if written.output.format == Format::Json {
        put("responseFormat", json!("json_schema"));
        put("jsonSchema", written.output_schema());
    }
    let messages = written
        .messages
        .iter()
        .map(|it| json!({ "role": it.role.as_str(), "content": it.content }));
    put("messages", messages.collect());
    put("testData", cases.into());
    put("evaluators", evaluators.into());
    let mut text = String::new();
    yaml::entries(&top, 0, &mut text);
    Ok(text)
}

/// A text on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Written {
    fn check_inputs(&self, asked: &[String], wrong: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        for input in &self.inputs {
            let name = &input.name;
            let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
                && name
                    .bytes()
                    .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
            if !is_name || TAKEN.contains(&name.as_str()) {
                wrong.push(format!("`{name}` cannot be the name of a variable"));
            }
            if !seen.insert(name.as_str()) {
                wrong.push(format!("the variable `{name}` is declared twice"));
            }
        }
        let lacking = asked.iter().filter(|name| !seen.contains(name.as_str()));
        wrong.extend(lacking.map(|name| format!("the variable `{name}` was asked for")));
        let more = seen.iter().filter(|name| {
            let is_asked = asked.iter().any(|it| it == *name);
            !asked.is_empty() && !is_asked
        });
        wrong.extend(more.map(|name| format!("the variable `{name}` was not asked for")));
        if self.output.format == Format::Json && self.output.fields.is_empty() {
            wrong.push("an answer of JSON needs fields".to_owned());
        }
    }

    fn input_schema(&self) -> Value {
        let mut properties = Map::new();
        for input in &self.inputs {
            let mut schema = input.kind.schema();
            schema.insert("description".to_owned(), json!(one_line(&input.about)));
            properties.insert(input.name.clone(), schema.into());
        }
        let required = self.inputs.iter().filter(|it| it.required);
        let required: Vec<&str> = required.map(|it| it.name.as_str()).collect();
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema.insert("properties".to_owned(), properties.into());
        schema.into()
    }

    fn output_schema(&self) -> Value {
        let mut properties = Map::new();
        for field in &self.output.fields {
            let mut schema = field.kind.schema();
            if !field.values.is_empty() && field.kind == Kind::String {
                schema.insert("enum".to_owned(), json!(field.values));
            }
            schema.insert("description".to_owned(), json!(one_line(&field.about)));
            properties.insert(field.name.clone(), schema.into());
        }
        let names: Vec<&String> = properties.keys().collect();
        json!({
            "name": "answer",
            "strict": true,
            "schema": {
                "type": "object",
                "additionalProperties": false,
                "required": names,
                "properties": properties,
            },
        })
    }

    /// The type of a field of the answer.
    fn field(&self, name: &str) -> Option<Kind> {
        let mut fields = self.output.fields.iter();
        let found = fields.find(|it| it.name == name)?;
        (self.output.format == Format::Json).then_some(found.kind)
    }

    /// What `expected` of the cases is compared with.
    fn kind_of_expected(&self) -> Kind {
        let checks = self.checks.iter();
        let mut kinds = checks
            .filter(|it| it.value.contains("{{expected}}") && it.check == CheckKind::Equals)
            .filter_map(|it| self.field(&it.field));
        kinds.next().unwrap_or(Kind::String)
    }

    fn asks_for_expected(&self) -> bool {
        let mut checks = self.checks.iter();
        checks.any(|it| it.value.contains("{{expected}}"))
    }

    fn mentions(&self) -> bool {
        self.cases.iter().any(|it| !it.must_mention.is_empty())
    }

    fn forbids(&self) -> bool {
        self.cases.iter().any(|it| !it.forbidden.is_empty())
    }

    fn cases(&self, wrong: &mut Vec<String>) -> Vec<Value> {
        for kind in CaseKind::ALL {
            let found = self.cases.iter().filter(|it| it.kind == kind).count();
            if found != OF_EACH_KIND {
                wrong.push(format!(
                    "there are to be {OF_EACH_KIND} {} cases, and there are {found}",
                    kind.as_str()
                ));
            }
        }
        let cases = self.cases.iter();
        cases.map(|case| self.case(case, wrong)).collect()
    }

    fn case(&self, case: &Case, wrong: &mut Vec<String>) -> Value {
        let mut map = Map::new();
        for given in &case.values {
            let Some(input) = self.inputs.iter().find(|it| it.name == given.name) else {
                wrong.push(format!(
                    "the case `{}` gives `{}`, which is no variable",
                    case.id, given.name
                ));
                continue;
            };
            match input.kind.value(&given.value) {
                Some(value) => {
                    map.insert(given.name.clone(), value);
                }
                None => wrong.push(format!(
                    "the case `{}` gives `{}` a value that is not of its type",
                    case.id, given.name
                )),
            }
        }
        if self.asks_for_expected() || !case.expected.is_empty() {
            match self.kind_of_expected().value(&case.expected) {
                Some(value) => {
                    map.insert("expected".to_owned(), value);
                }
                None => wrong.push(format!(
                    "`expected` of the case `{}` is not of the type of the field that it is compared with",
                    case.id
                )),
            }
        }
        if self.mentions() {
            map.insert("must_mention".to_owned(), json!(case.must_mention));
        }
        if self.forbids() {
            map.insert("forbidden".to_owned(), json!(case.forbidden));
        }
        let about = json!({
            "id": case.id,
            "tags": [case.kind.as_str()],
            "rule": one_line(&case.why),
            "source": "generated",
            "reviewed": false,
        });
        map.insert("case".to_owned(), about);
        map.into()
    }

    fn evaluators(&self, wrong: &mut Vec<String>) -> Vec<Value> {
        let mut all = Vec::new();
        if self.output.format == Format::Json {
            all.push(json!({ "name": "fits its schema", "json": { "schema": "output" } }));
        }
        for check in &self.checks {
            match self.evaluator(check) {
                Ok(evaluator) => all.push(evaluator),
                Err(why) => wrong.push(format!("the check `{}`: {why}", check.name)),
            }
        }
        if self.mentions() {
            let words = json!({ "containsAll": "{{must_mention}}" });
            all.push(json!({ "name": "says what it must", "string": words }));
        }
        if self.forbids() {
            let words = json!({ "notContains": "{{forbidden}}" });
            all.push(json!({ "name": "says nothing that it must not", "string": words }));
        }
        all
    }

    fn evaluator(&self, check: &Check) -> Result<Value, String> {
        let name = one_line(&check.name);
        let text = &check.value;
        let list = || {
            Kind::List
                .value(text)
                .or_else(|| text.contains("{{").then(|| json!(text)))
                .ok_or("`one_of` wants a JSON list of texts")
        };
        let words = || {
            let number: Result<u32, _> = text.trim().parse();
            number.map_err(|_| "`max_words` wants a number")
        };
        if check.field.is_empty() {
            let (key, value) = match check.check {
                CheckKind::Equals => ("equals", json!(text)),
                CheckKind::Contains => ("contains", json!(text)),
                CheckKind::NotContains => ("notContains", json!(text)),
                CheckKind::Matches => ("matches", json!(text)),
                CheckKind::MaxWords => ("maxWords", json!(words()?)),
                CheckKind::OneOf => {
                    return Err("`one_of` looks at a field: name it in `field`".to_owned());
                }
            };
            return Ok(json!({ "name": name, "string": { key: value } }));
        }
        let Some(kind) = self.field(&check.field) else {
            return Err(format!("the answer has no field `{}`", check.field));
        };
        let (key, value) = match check.check {
            CheckKind::Equals if text.contains("{{") => ("equals", json!(text)),
            CheckKind::Equals => {
                let value = kind.value(text);
                (
                    "equals",
                    value.ok_or("its value is not of the field's type")?,
                )
            }
            CheckKind::Contains => ("contains", json!(text)),
            CheckKind::OneOf => ("oneOf", list()?),
            CheckKind::Matches => ("schema", json!({ "type": "string", "pattern": text })),
            CheckKind::NotContains | CheckKind::MaxWords => {
                return Err("it looks at the whole answer: leave `field` empty".to_owned());
            }
        };
        let pointer = check.field.replace('~', "~0").replace('/', "~1");
        let looked = json!({ "path": format!("/{pointer}"), key: value });
        Ok(json!({ "name": name, "json": looked }))
    }
}

#[cfg(test)]
mod tests;

//! The kinds of evaluators, and the keys that any of them may have.

mod any;

use std::borrow::Cow;

use serde_json::{Value, json};

use super::answer::Answer;
use super::fill::Fields;
use super::json::Json;
use super::model::{self, Model};
use super::table::{Outcome, Plan, Role, Row};
use super::{BUILT_IN, Finding, Object, bad, facts, number, shown, string, text};

/// A kind: the key below which its checks stand.
struct KindRow {
    name: &'static str,
    /// What it is about, for editors.
    about: &'static str,
    /// Of a kind that is a check by itself: it passes when the output ….
    words: Option<&'static str>,
    rows: &'static [Row],
    shape: Shape,
    asks_model: bool,
}

/// What stands below the key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A map of the rows.
    Map,
    /// The value of the only row, which has the kind's name.
    Value,
    /// A list of evaluators with nothing but a kind.
    List,
    /// The name of an evaluator.
    Name,
}

static KINDS: [KindRow; 10] = [
    kind(
        "string",
        "What the answer must say. Values are templates over the case.",
        &string::ROWS,
    ),
    KindRow {
        words: Some("is JSON; `json: {}` checks only that"),
        ..kind(
            "json",
            "What the answer must hold as JSON. Values are templates over the case.",
            &super::json::ROWS,
        )
    },
    kind(
        "number",
        "Which number the answer must hold. Values are templates over the case.",
        &number::ROWS,
    ),
    kind(
        "text",
        "Which text the answer must be like. Values are templates over the case.",
        &text::ROWS,
    ),
    kind(
        "limits",
        "How long the answer may take, and what it may cost.",
        &facts::LIMITS,
    ),
    KindRow {
        shape: Shape::Value,
        ..kind("answer", "How the answer must end.", &facts::ANSWER)
    },
    kind(
        "tools",
        "Which functions the model must call.",
        &facts::TOOLS,
    ),
    KindRow {
        words: Some(
            "passes one of these, such as `any: [{string: {equals: yes}}, {json: {}}]`; none of them may ask a model",
        ),
        shape: Shape::List,
        ..kind("any", "Several checks of which one must pass.", &[])
    },
    KindRow {
        asks_model: true,
        ..kind("llm", "A model that judges the answer.", &model::LLM)
    },
    KindRow {
        shape: Shape::Name,
        asks_model: true,
        ..kind(
            "uses",
            "A judge: one of GitHub's, or a prompt below `judges/`, such as `judges/tone@v3`.",
            &[],
        )
    },
];

const fn kind(name: &'static str, about: &'static str, rows: &'static [Row]) -> KindRow {
    KindRow {
        name,
        about,
        words: None,
        rows,
        shape: Shape::Map,
        asks_model: false,
    }
}

/// Keys of any evaluator, with what they do.
const OPTIONS: [(&str, &str); 4] = [
    (
        "weight",
        "how much its score counts in that of the case, 1 without it",
    ),
    (
        "required",
        "`false`: the case may pass without it; its score counts all the same",
    ),
    (
        "atLeast",
        "for `text`, `llm` and `uses`: the score from 0 to 1 from which it passes",
    ),
    (
        "when",
        "such as `{tags: [smoke]}`: only cases with one of these tags are asked",
    ),
];

/// Each check as the reference lists it, such as `string.equals`, with what it passes for.
pub fn checks() -> Vec<(String, &'static str)> {
    let mut list = Vec::new();
    for kind in &KINDS {
        list.extend(kind.words.map(|words| (kind.name.to_owned(), words)));
        let rows = kind.rows.iter();
        let checks = rows.filter(|row| !matches!(row.role, Role::Setting(_)));
        list.extend(checks.map(|row| (kind.path(row), row.words)));
    }
    list
}

/// Each setting as the reference lists it, such as `string.caseSensitive` or `weight`, with what it does.
pub fn settings() -> Vec<(String, &'static str)> {
    let mut list = Vec::new();
    for kind in &KINDS {
        let rows = kind.rows.iter();
        let settings = rows.filter(|row| matches!(row.role, Role::Setting(_)));
        list.extend(settings.map(|row| (kind.path(row), row.words)));
    }
    list.extend(OPTIONS.map(|(name, words)| (name.to_owned(), words)));
    list
}

/// The JSON Schema of each key of an evaluator but its name.
pub fn properties() -> Object {
    let mut properties: Object = KINDS
        .iter()
        .map(|kind| (kind.name.to_owned(), kind.schema()))
        .collect();
    for (name, words) in OPTIONS {
        let mut schema = match name {
            "weight" => json!({ "type": "number", "minimum": 0, "maximum": MOST_WEIGHT }),
            "required" => json!({ "type": "boolean" }),
            "atLeast" => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
            _ => json!({
                "type": "object",
                "properties": { "tags": { "type": ["array", "string"], "items": { "type": "string" } } },
                "additionalProperties": false,
            }),
        };
        schema["description"] = Value::from(sentence(words));
        properties.insert(name.to_owned(), schema);
    }
    properties
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

impl KindRow {
    fn path(&self, row: &Row) -> String {
        match self.shape {
            Shape::Value => self.name.to_owned(),
            _ => format!("{}.{}", self.name, row.name),
        }
    }

    fn schema(&self) -> Value {
        let property = |row: &Row| {
            let description = match row.role {
                Role::Setting(_) => sentence(row.words),
                _ => format!("Passes when the answer {}.", row.words),
            };
            let mut schema = Object::new();
            schema.insert("description".to_owned(), Value::from(description));
            schema.extend(row.takes.schema());
            (row.name.to_owned(), Value::Object(schema))
        };
        let mut properties: Object = self.rows.iter().map(property).collect();
        match self.shape {
            Shape::Map => {
                json!({ "description": self.about, "type": "object", "properties": properties })
            }
            Shape::Value => properties.remove(self.name).unwrap_or_default(),
            Shape::List => json!({
                "description": self.about,
                "type": "array",
                "minItems": 1,
                "items": { "$ref": "#/$defs/evaluator" },
            }),
            Shape::Name => {
                json!({ "description": self.about, "type": "string", "examples": BUILT_IN })
            }
        }
    }
}

/// The largest `weight`.
const MOST_WEIGHT: f64 = 1_000_000.0;

/// What the keys of any evaluator say.
pub(super) struct Options {
    pub(super) weight: f64,
    pub(super) required: bool,
    pub(super) at_least: Option<f64>,
    pub(super) tags: Option<Vec<String>>,
}

impl Options {
    pub(super) fn of(evaluator: &Object) -> Result<Self, Finding> {
        let given = |key: &str| evaluator.get(key).filter(|value| !value.is_null());
        let wrong = |key: &str, what: &str, value: &Value| {
            bad(format!("`{key}` must be {what}, not {}", shown(value)))
        };
        let number = |key: &str, most: f64| match given(key) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if (0.0..=most).contains(&number) => Ok(Some(number)),
                _ => Err(wrong(key, &format!("a number from 0 to {most}"), value)),
            },
        };
        let required = match given("required") {
            None => true,
            Some(Value::Bool(required)) => *required,
            Some(value) => return Err(wrong("required", "true or false", value)),
        };
        Ok(Self {
            weight: number("weight", MOST_WEIGHT)?.unwrap_or(1.0),
            required,
            at_least: number("atLeast", 1.0)?,
            tags: given("when").map(tags).transpose()?,
        })
    }
}

/// The tags that `when` names.
fn tags(when: &Value) -> Result<Vec<String>, Finding> {
    let wrong = || {
        bad(format!("`when` must name tags, not {}", shown(when)))
            .help("Write it as `when: {tags: [smoke]}`.")
    };
    let map = when.as_object().ok_or_else(wrong)?;
    let (Some(tags), 1) = (map.get("tags"), map.len()) else {
        return Err(wrong());
    };
    let tags = match tags {
        Value::Array(tags) => tags.iter().map(Value::as_str).collect(),
        tag => tag.as_str().map(|tag| vec![tag]),
    };
    let tags = tags
        .filter(|tags: &Vec<&str>| !tags.is_empty())
        .ok_or_else(wrong)?;
    Ok(tags.into_iter().map(str::to_owned).collect())
}

/// What an evaluator does.
pub(super) enum Kind {
    Plain(&'static [Row], Plan),
    Json(Json),
    Any(Vec<Self>),
    Model(Model),
}

impl Kind {
    /// The kind that an evaluator is of, and the score from which it passes.
    pub(super) fn of(
        evaluator: &Object,
        at_least: Option<f64>,
        schema: Option<&Value>,
    ) -> Result<(Self, Option<f64>), Finding> {
        let (row, value) = one_of(evaluator)?;
        let mut below = value.clone();
        let Some(least) = at_least else {
            let own = value.get("atLeast").filter(|_| row.asks_model);
            let own = own.and_then(Value::as_f64);
            return Ok((Self::new(row, value, schema)?, own));
        };
        match row.name {
            "text" | "llm" if value.get("atLeast").is_some() => {
                return Err(bad("it says `atLeast` twice").help(format!(
                    "Leave one of them out: the one below `{}`, or the one beside it.",
                    row.name
                )));
            }
            "text" => {
                if let Some(map) = below.as_object_mut() {
                    map.insert("atLeast".to_owned(), Value::from(least));
                }
            }
            "llm" | "uses" => {}
            name => {
                return Err(
                    bad(format!("`atLeast` is for scores, and `{name}` has none"))
                        .help("It passes or fails. `atLeast` is for `text`, `llm` and `uses`."),
                );
            }
        }
        Ok((Self::new(row, &below, schema)?, at_least))
    }

    fn new(row: &'static KindRow, value: &Value, schema: Option<&Value>) -> Result<Self, Finding> {
        match row.shape {
            Shape::Name => return model::uses(value).map(Self::Model),
            Shape::List => return any::checks(value, schema).map(Self::Any),
            Shape::Value => {
                let mut given = Object::new();
                given.insert(row.name.to_owned(), value.clone());
                return Ok(Self::Plain(
                    row.rows,
                    Plan::new(row.name, row.rows, &given)?,
                ));
            }
            Shape::Map => {}
        }
        let name = row.name;
        let Value::Object(given) = value else {
            return Err(bad(format!("`{name}` must be a map of checks"))
                .help(format!("Write the checks below `{name}:`, one a line.")));
        };
        match name {
            "llm" => return model::llm(given).map(Self::Model),
            "json" => return Json::new(given, schema).map(Self::Json),
            "text" if given.contains_key("like") => text::check_enough(given)?,
            _ => {}
        }
        let plan = Plan::new(name, row.rows, given)?;
        if plan.is_empty() {
            let mut rows = row.rows.iter();
            let first = rows.find(|row| !matches!(row.role, Role::Setting(_)));
            let first = first.map_or("", |row| row.name);
            let example = match name {
                "string" => "contains: \"{{expected}}\"".to_owned(),
                "limits" => "latency: 2s".to_owned(),
                _ => format!("{first}: \"{{{{expected}}}}\""),
            };
            return Err(bad(format!("`{name}` has nothing to check"))
                .help(format!("Write a check such as `{example}`.")));
        }
        Ok(Self::Plain(row.rows, plan))
    }

    pub(super) fn memory(&self) -> u64 {
        match self {
            Self::Plain(_, plan) => plan.memory(),
            Self::Json(json) => json.memory(),
            Self::Any(kinds) => kinds.iter().map(Self::memory).sum(),
            Self::Model(_) => 0,
        }
    }

    pub(super) fn check(&self, fields: Fields<'_>) -> Result<(), Finding> {
        match self {
            Self::Plain(rows, plan) => plan.check(rows, fields),
            Self::Json(json) => json.check(fields),
            Self::Any(kinds) => kinds.iter().try_for_each(|kind| kind.check(fields)),
            Self::Model(Model::Llm(llm)) => llm.question(fields.case, "", str::to_owned).map(drop),
            Self::Model(_) => Ok(()),
        }
    }

    /// What it says; none where a model has to be asked.
    pub(super) fn run(
        &self,
        fields: Fields<'_>,
        answer: &Answer<'_>,
    ) -> Result<Option<Outcome>, Finding> {
        match self {
            Self::Plain(rows, plan) => {
                let settings = plan.settings(rows, fields)?;
                let outcome = plan.run(|_| true, &settings, fields, answer, &Value::Null)?;
                Ok(Some(outcome))
            }
            Self::Json(json) => json.run(fields, answer).map(Some),
            Self::Any(kinds) => any::run(kinds, fields, answer).map(Some),
            Self::Model(_) => Ok(None),
        }
    }
}

/// The name of an evaluator's kind.
pub(super) fn name_of_kind(evaluator: &Object) -> Option<&'static str> {
    one_of(evaluator).ok().map(|(kind, _)| kind.name)
}

/// Every key that an evaluator may have.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    let kinds = KINDS.iter().map(|kind| kind.name);
    let options = OPTIONS.iter().map(|(name, _)| *name);
    std::iter::once("name").chain(kinds).chain(options)
}

/// The kind of an evaluator, with what stands below it.
fn one_of(evaluator: &Object) -> Result<(&'static KindRow, &Value), Finding> {
    let given = |kind: &'static KindRow| {
        let value = evaluator.get(kind.name).filter(|value| !value.is_null())?;
        Some((kind, value))
    };
    let given: Vec<_> = KINDS.iter().filter_map(given).collect();
    match given.as_slice() {
        [(first, _), (second, _), ..] => Err(bad(format!(
            "it has both `{}` and `{}`",
            first.name, second.name
        ))
        .help("Make two evaluators of it, each with its own name.")),
        [one] => Ok(*one),
        [] => {
            let names: Vec<_> = KINDS
                .iter()
                .map(|kind| format!("`{}`", kind.name))
                .collect();
            Err(bad("it has nothing to check").help(format!(
                "Give it one of {}, such as `string: {{contains: \"{{{{expected}}}}\"}}`.",
                names.join(", ")
            )))
        }
    }
}

/// An evaluator as it is asked: one that names nothing to check is judged by this judge, where there is
/// one.
pub fn with_judge<'e>(evaluator: &'e Object, judge: Option<&str>) -> Cow<'e, Object> {
    let names_a_kind = || KINDS.iter().any(|kind| evaluator.contains_key(kind.name));
    match judge {
        Some(judge) if !names_a_kind() => {
            let mut whole = evaluator.clone();
            whole.insert("uses".to_owned(), Value::from(judge));
            Cow::Owned(whole)
        }
        _ => Cow::Borrowed(evaluator),
    }
}

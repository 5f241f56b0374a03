//! `json:`, checks of the output as JSON.

use serde_json::Value;

use super::answer::Answer;
use super::fill::Fields;
use super::number::{Near, fits};
use super::table::{
    Given, Outcome, Plan, Row, Takes, Test, check, counted, expected, setting, unless,
};
use super::{Finding, Object, bad, cut, quoted, shown};
use crate::prompt::validator::{Validator, Validity};

pub(super) static ROWS: [Row; 11] = [
    check(
        "schema",
        "fits: `output` is the prompt's own `jsonSchema` for the whole output, a schema written out is for the value at `path`",
        Takes::Schema,
        |given| match given.value {
            // The prompt's own is for the whole output, and looked at before.
            Value::String(text) if text == "output" => Ok(Box::new(|_, _| Outcome::Passes)),
            Value::Object(_) | Value::Bool(_) => {
                let validator = compile(given)?;
                Ok(Box::new(move |_, at| misfit(&validator, at)))
            }
            _ => Err(given.wrong(
                "`output` or a JSON Schema",
                "Write `schema: output` for the prompt's own `jsonSchema`, or the schema itself.",
            )),
        },
    ),
    setting(
        "path",
        "a JSON pointer such as `/issues/0/title`: the answer has a value there, and the other checks look at it",
        Takes::Pointer,
        |given| path(given).map(drop),
    ),
    check(
        "equals",
        "is this value; `1` and `1.0` are the same",
        Takes::Value,
        |given| {
            let wanted = given.value.clone();
            Ok(Box::new(move |_, at| {
                unless(same(&wanted, at), || expected(shown(&wanted), shown(at)))
            }))
        },
    ),
    check(
        "oneOf",
        "is one of these values; `1` and `1.0` are the same",
        Takes::Values,
        |given| match given.value {
            Value::Array(choices) if !choices.is_empty() => {
                let choices = choices.clone();
                Ok(Box::new(move |_, at| {
                    unless(choices.iter().any(|choice| same(choice, at)), || {
                        let choices = shown(&Value::Array(choices.clone()));
                        expected(format!("one of {choices}"), shown(at))
                    })
                }))
            }
            _ => Err(given.wrong("a list of values", "Write it as `oneOf: [low, high]`.")),
        },
    ),
    check(
        "contains",
        "is a text that holds this text, in upper or lower case, or a list with this item",
        Takes::Value,
        contains,
    ),
    check(
        "near",
        "is a number as near to this one as `tolerance` allows",
        Takes::Number,
        |given| {
            let near = Near::of(given)?;
            Ok(Box::new(move |_, at| {
                let is_near = at.as_f64().is_some_and(|number| fits(number, &near));
                unless(is_near, || expected(&near, shown(at)))
            }))
        },
    ),
    check(
        "minItems",
        "is a list of at least so many items",
        Takes::Count,
        |given| items(given, "at least", u64::ge),
    ),
    check(
        "maxItems",
        "is a list of at most so many items",
        Takes::Count,
        |given| items(given, "at most", u64::le),
    ),
    setting(
        "tolerance",
        "how far from `near` a number may be: a number, or a part of `near` such as `1%`; without it, not at all",
        Takes::Tolerance,
        Near::look,
    ),
    setting(
        "fenced",
        "`true`: the JSON may stand inside one Markdown code fence",
        Takes::Flag,
        |given| given.flag().map(drop),
    ),
    setting(
        "anywhere",
        "`true`: the JSON may stand anywhere in the text; the first whole object or list that fits `schema`, if one is given, is looked at",
        Takes::Flag,
        |given| given.flag().map(drop),
    ),
];

/// What stands below `json:`.
pub(super) struct Json {
    plan: Plan,
    /// The prompt's own schema, where `schema: output` asks for it.
    own: Option<Validator>,
}

impl Json {
    pub(super) fn new(given: &Object, own: Option<&Value>) -> Result<Self, Finding> {
        let plan = Plan::new("json", &ROWS, given)?;
        let asks = given.get("schema").and_then(Value::as_str) == Some("output");
        let own = asks.then(|| own_schema(own)).transpose()?;
        Ok(Self { plan, own })
    }

    pub(super) fn memory(&self) -> u64 {
        let own = self.own.as_ref().map_or(0, Validator::memory);
        self.plan.memory().saturating_add(own)
    }

    pub(super) fn check(&self, fields: Fields<'_>) -> Result<(), Finding> {
        self.plan.check(&ROWS, fields)
    }

    pub(super) fn run(&self, fields: Fields<'_>, answer: &Answer<'_>) -> Result<Outcome, Finding> {
        let settings = self.plan.settings(&ROWS, fields)?;
        let is_set = |key: &str| settings.get(key).and_then(Value::as_bool) == Some(true);
        let path = settings.get("path").and_then(Value::as_str);
        let look = Look {
            json: self,
            settings: &settings,
            path: path.unwrap_or_default(),
            fields,
            answer,
        };
        if is_set("anywhere") {
            return look.anywhere();
        }
        if answer.fenced().is_some() && !is_set("fenced") {
            let got = "JSON in a code fence; `fenced: true` takes it";
            return Ok(Outcome::Fails(expected("JSON alone", got)));
        }
        match answer.json() {
            Ok(value) => look.whole(value, |_| true),
            Err(why) => Ok(not_json(answer, why)),
        }
    }
}

fn not_json(answer: &Answer<'_>, why: &str) -> Outcome {
    let got = format!("{} ({why})", quoted(answer.text));
    Outcome::Fails(expected("JSON", got))
}

/// One look at an answer.
struct Look<'a> {
    json: &'a Json,
    settings: &'a Object,
    path: &'a str,
    fields: Fields<'a>,
    answer: &'a Answer<'a>,
}

impl Look<'_> {
    /// Decides the checks that `which` names about a value, with the place in the reason.
    fn whole(&self, value: &Value, which: impl Fn(&str) -> bool) -> Result<Outcome, Finding> {
        if let (Some(own), true) = (&self.json.own, which("schema")) {
            let outcome = misfit(own, value);
            if outcome != Outcome::Passes {
                return Ok(outcome);
            }
        }
        let Some(at) = value.pointer(self.path) else {
            let wanted = format!("a value at `{}`", cut(self.path));
            return Ok(Outcome::Fails(expected(wanted, "none")));
        };
        let (fields, answer) = (self.fields, self.answer);
        let outcome = self
            .json
            .plan
            .run(which, self.settings, fields, answer, at)?;
        Ok(match outcome {
            Outcome::Fails(why) if !self.path.is_empty() => {
                Outcome::Fails(format!("at `{}`: {why}", cut(self.path)))
            }
            other => other,
        })
    }

    /// Looks at the first object or list in the text that fits.
    fn anywhere(&self) -> Result<Outcome, Finding> {
        /// So many are held against a schema.
        const MOST: usize = 1_000;
        let mut first = None;
        for value in values_in(self.answer.text).take(MOST) {
            match self.whole(&value, |row| row == "schema")? {
                Outcome::Passes => return self.whole(&value, |row| row != "schema"),
                misfit => first = first.or(Some(misfit)),
            }
        }
        Ok(first.unwrap_or_else(|| {
            let wanted = "a JSON object or list in the text";
            Outcome::Fails(expected(wanted, quoted(self.answer.text)))
        }))
    }
}

/// Every whole object and list of JSON in a text, without those inside another; none behind so many
/// brackets that begin no JSON.
fn values_in(text: &str) -> impl Iterator<Item = Value> {
    const MOST_FALSE: usize = 10_000;
    let (mut at, mut wrong) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            at += text.get(at..)?.find(['{', '['])?;
            let rest = &text[at..];
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            // What begins and is not whole costs its length at most 128 times: it may not nest deeper.
            match values.next() {
                Some(Ok(value)) => {
                    at += values.byte_offset();
                    return Some(value);
                }
                _ if wrong == MOST_FALSE => return None,
                _ => (at, wrong) = (at + 1, wrong + 1),
            }
        }
    })
}

fn path<'a>(given: &Given<'a>) -> Result<&'a str, Finding> {
    let path = given.value.as_str();
    let is_pointer = |path: &&str| path.is_empty() || path.starts_with('/');
    path.filter(is_pointer).ok_or_else(|| {
        given.wrong(
            "a JSON pointer",
            "A JSON pointer begins with `/`, such as `/issues/0/title`.",
        )
    })
}

fn own_schema(schema: Option<&Value>) -> Result<Validator, Finding> {
    let schema = schema.ok_or_else(|| {
        bad("`schema: output` needs a schema, and the prompt has no `jsonSchema`")
            .help("Give the prompt a `jsonSchema`, or write the schema out in the evaluator.")
    })?;
    Validator::new(schema).map_err(|mut finding| {
        finding.message = format!("`jsonSchema.schema`: {}", finding.message);
        finding
    })
}

/// The schema that a key holds.
pub(super) fn compile(given: &Given<'_>) -> Result<Validator, Finding> {
    Validator::new(given.value)
        .map_err(|finding| bad(format!("`{}`: {}", given.key, finding.message)))
}

/// Why the value does not fit, with the places of the first few misfits.
pub(super) fn misfit(validator: &Validator, value: &Value) -> Outcome {
    let errors = match validator.judge(value) {
        Ok(Validity::Fits) => return Outcome::Passes,
        Ok(Validity::Misfits(errors)) => errors,
        Ok(Validity::Misfit) => {
            return Outcome::Fails(expected("what the schema says", shown(value)));
        }
        Err(finding) => return Outcome::Unknown(finding.message),
    };
    let reasons: Vec<_> = errors
        .iter()
        .take(3)
        .map(|error| match error.instance_path().as_str() {
            "" => cut(&error.to_string()),
            place => format!("`{}`: {}", cut(place), cut(&error.to_string())),
        })
        .collect();
    Outcome::Fails(format!("does not fit the schema: {}", reasons.join("; ")))
}

fn contains(given: &Given<'_>) -> Result<Test, Finding> {
    let wanted = given.value.clone();
    if wanted.as_str() == Some("") {
        return Err(bad("`contains` looks for an empty text")
            .help("Every text contains an empty text. Give the case a value to look for."));
    }
    let lower = wanted.as_str().map(str::to_lowercase);
    Ok(Box::new(move |_, at| {
        let found = match (at, &lower) {
            (Value::String(text), Some(part)) => text.to_lowercase().contains(part),
            (Value::Array(items), _) => items.iter().any(|item| same(item, &wanted)),
            _ => false,
        };
        unless(found, || {
            expected(format!("to contain {}", shown(&wanted)), shown(at))
        })
    }))
}

fn items(
    given: &Given<'_>,
    how: &'static str,
    fits: fn(&u64, &u64) -> bool,
) -> Result<Test, Finding> {
    let limit = given.count()?;
    Ok(Box::new(move |_, at| {
        let Value::Array(items) = at else {
            return Outcome::Fails(expected("a list", shown(at)));
        };
        let length = items.len() as u64;
        unless(fits(&length, &limit), || {
            expected(format!("{how} {}", counted(limit, "item")), length)
        })
    }))
}

/// Whether two values are equal, numbers by value: `1` is `1.0`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) if x.is_f64() || y.is_f64() => {
            x.as_f64() == y.as_f64()
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter()
                    .all(|(key, value)| y.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

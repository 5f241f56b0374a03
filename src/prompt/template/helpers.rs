//! Helpers: the functions that a template can call, such as `{{upper name}}`.

mod number;
mod text;
mod time;
mod words;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::budget::{Budget, Held};

use crate::prompt::name::nearest;

/// A function that a template can call.
#[derive(Debug)]
pub struct Helper {
    pub name: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// A template that calls it, over [`EXAMPLE_VALUES`].
    pub example: &'static str,
    /// What that template renders.
    pub result: &'static str,
    /// How many values it takes.
    pub(super) count: RangeInclusive<usize>,
    /// The options it takes, as in `digits=2`.
    pub(super) options: &'static [&'static str],
    pub(super) accepts: Accepts,
    pub(super) run: fn(&Args<'_, '_>) -> Result<Value, String>,
}

/// What a helper accepts where a value is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepts {
    /// A value that is there and not null.
    Value,
    /// A value that is there; null is one.
    Null,
    /// The last argument stands in for those before it that are absent or null: `default`.
    Absent,
    /// Conditions, judged from the left until one decides: `and`, `or`, `not`.
    Conditions,
}

/// The values with which a helper is called.
pub(super) struct Args<'a, 'v> {
    pub(super) values: &'a [Held<'v>],
    pub(super) options: &'a [(&'a str, Held<'v>)],
    pub(super) budget: &'a Budget,
}

/// The variables of the examples, as a JSON object.
pub const EXAMPLE_VALUES: &str = r#"{"name": "ada lovelace", "colours": ["red", "green"], "price": 1234.56, "change": -0.4, "day": "2026-11-20", "nickname": null}"#;

/// No value: the most that any helper is likely to need.
const MANY: usize = 100;

const fn helper(
    name: &'static str,
    doc: &'static str,
    (example, result): (&'static str, &'static str),
    count: RangeInclusive<usize>,
    options: &'static [&'static str],
    run: fn(&Args<'_, '_>) -> Result<Value, String>,
) -> Helper {
    Helper {
        name,
        doc,
        example,
        result,
        count,
        options,
        accepts: Accepts::Value,
        run,
    }
}

const fn accepting(accepts: Accepts, helper: Helper) -> Helper {
    Helper { accepts, ..helper }
}

/// All helpers, as they are listed.
pub static HELPERS: &[Helper] = &[
    accepting(
        Accepts::Absent,
        helper(
            "default",
            "the first value that is given: `{{default x \"y\"}}`",
            ("{{default nickname \"none\"}}", "none"),
            2..=MANY,
            &[],
            words::default,
        ),
    ),
    accepting(
        Accepts::Null,
        helper(
            "json",
            "a value as JSON; `pretty=true` or `indent=2` on several lines",
            ("{{json colours}}", "[\"red\",\"green\"]"),
            1..=1,
            &["pretty", "indent"],
            text::json,
        ),
    ),
    helper(
        "upper",
        "text in capitals",
        ("{{upper name}}", "ADA LOVELACE"),
        1..=1,
        &[],
        text::upper,
    ),
    helper(
        "lower",
        "text in small letters",
        ("{{lower \"Ada\"}}", "ada"),
        1..=1,
        &[],
        text::lower,
    ),
    helper(
        "title",
        "text with a capital at the start of each word",
        ("{{title name}}", "Ada Lovelace"),
        1..=1,
        &[],
        text::title,
    ),
    helper(
        "trim",
        "text without blanks around it",
        ("{{trim \"  red  \"}}", "red"),
        1..=1,
        &[],
        text::trim,
    ),
    helper(
        "truncate",
        "the first characters of a text: `{{truncate x 80}}`; `length=`, `ellipsis=\"…\"`",
        ("{{truncate name 5}}", "ada…"),
        1..=2,
        &["length", "ellipsis"],
        text::truncate,
    ),
    helper(
        "indent",
        "text with blanks before each line: `{{indent x 4}}`; `spaces=`",
        ("{{indent name 2}}", "  ada lovelace"),
        1..=2,
        &["spaces"],
        text::indent,
    ),
    helper(
        "join",
        "the items of a list as one text: `{{join xs}}`; `separator=\", \"`",
        ("{{join colours \" or \"}}", "red or green"),
        1..=2,
        &["separator"],
        text::join,
    ),
    helper(
        "first",
        "the first item of a list",
        ("{{first colours}}", "red"),
        1..=1,
        &[],
        text::first,
    ),
    helper(
        "last",
        "the last item of a list",
        ("{{last colours}}", "green"),
        1..=1,
        &[],
        text::last,
    ),
    helper(
        "length",
        "how many items a list or map has, or how many characters a text",
        ("{{length colours}}", "2"),
        1..=1,
        &[],
        text::length,
    ),
    helper(
        "lookup",
        "the item of a list or map under a key: `{{lookup xs 0}}`",
        ("{{lookup colours 1}}", "green"),
        2..=2,
        &[],
        text::lookup,
    ),
    helper(
        "round",
        "a number rounded; `digits=0`",
        ("{{round price digits=1}}", "1234.6"),
        1..=2,
        &["digits"],
        number::round,
    ),
    helper(
        "abs",
        "a number without its sign",
        ("{{abs change}}", "0.4"),
        1..=1,
        &[],
        number::abs,
    ),
    helper(
        "percent",
        "a share as a percentage, 0.123 as 12.3%; `digits=1`",
        ("{{percent change}}", "-40.0%"),
        1..=2,
        &["digits"],
        number::percent,
    ),
    helper(
        "currency",
        "an amount of money: `{{currency x \"EUR\"}}`; `code=\"USD\"`, `symbol=`, `digits=2`, `thousands=\",\"`",
        ("{{currency price \"EUR\"}}", "€1,234.56"),
        1..=2,
        &["code", "symbol", "digits", "thousands"],
        number::currency,
    ),
    helper(
        "date",
        "a date: `{{date x \"%d %B %Y\"}}`; `format=\"%Y-%m-%d\"`, `tz=\"UTC\"`",
        ("{{date day \"%d %B %Y\"}}", "20 November 2026"),
        1..=2,
        &["format", "tz"],
        time::date,
    ),
    helper(
        "datetime",
        "a date and time; `format=\"%Y-%m-%d %H:%M:%S %Z\"`, `tz=\"UTC\"`",
        ("{{datetime day}}", "2026-11-20 00:00:00 UTC"),
        1..=2,
        &["format", "tz"],
        time::datetime,
    ),
    helper(
        "trend_label",
        "`up`, `down` or `flat` for a change; `threshold=0`, `up=`, `down=`, `flat=`",
        ("{{trend_label change}}", "down"),
        1..=1,
        &["threshold", "up", "down", "flat"],
        words::trend_label,
    ),
    helper(
        "signal_label",
        "`buy`, `hold` or `sell` for a score; `buy=0.5`, `sell=-0.5`, `buy_label=`, `hold_label=`, `sell_label=`",
        ("{{signal_label change}}", "hold"),
        1..=1,
        &["buy", "sell", "buy_label", "hold_label", "sell_label"],
        words::signal_label,
    ),
    accepting(
        Accepts::Null,
        helper(
            "eq",
            "whether two values are equal",
            ("{{eq name \"ada\"}}", "false"),
            2..=2,
            &[],
            words::eq,
        ),
    ),
    accepting(
        Accepts::Null,
        helper(
            "ne",
            "whether two values differ",
            ("{{ne name \"ada\"}}", "true"),
            2..=2,
            &[],
            words::ne,
        ),
    ),
    helper(
        "gt",
        "whether the first number or text is greater",
        ("{{gt price 1000}}", "true"),
        2..=2,
        &[],
        words::gt,
    ),
    helper(
        "gte",
        "whether the first number or text is greater or equal",
        ("{{gte price 1000}}", "true"),
        2..=2,
        &[],
        words::gte,
    ),
    helper(
        "lt",
        "whether the first number or text is less",
        ("{{lt price 1000}}", "false"),
        2..=2,
        &[],
        words::lt,
    ),
    helper(
        "lte",
        "whether the first number or text is less or equal",
        ("{{lte price 1000}}", "false"),
        2..=2,
        &[],
        words::lte,
    ),
    accepting(
        Accepts::Conditions,
        helper(
            "and",
            "whether all conditions hold",
            ("{{and name (lt change 0)}}", "true"),
            1..=MANY,
            &[],
            words::and,
        ),
    ),
    accepting(
        Accepts::Conditions,
        helper(
            "or",
            "whether one of the conditions holds",
            ("{{or (gt change 0) name}}", "true"),
            1..=MANY,
            &[],
            words::or,
        ),
    ),
    accepting(
        Accepts::Conditions,
        helper(
            "not",
            "whether a condition does not hold",
            ("{{not (gt change 0)}}", "true"),
            1..=1,
            &[],
            words::not,
        ),
    ),
];

/// The helper of this name.
pub(super) fn find(name: &str) -> Option<&'static Helper> {
    HELPERS.iter().find(|helper| helper.name == name)
}

impl Helper {
    /// Checks how many values and which options a call gives; the error is a message and a help.
    pub(super) fn check(&self, count: usize, options: &[&str]) -> Result<(), (String, String)> {
        let (name, doc) = (self.name, self.doc);
        if !self.count.contains(&count) {
            let wanted = match (*self.count.start(), *self.count.end()) {
                (1, 1) => "one value".to_owned(),
                (least, MANY) => format!("{least} values or more"),
                (least, most) if least == most => format!("{least} values"),
                (least, most) => format!("{least} to {most} values"),
            };
            let message = format!("`{name}` takes {wanted}, and {count} were given");
            return Err((message, format!("`{name}`: {doc}")));
        }
        for option in options {
            if !self.options.contains(option) {
                let help = match nearest(option, self.options.iter().copied()) {
                    Some(meant) => format!("`{meant}` is meant"),
                    None => format!("`{name}`: {doc}"),
                };
                return Err((format!("`{name}` has no option `{option}`"), help));
            }
        }
        Ok(())
    }
}

/// What an option wants that was given something else.
fn wrong(option: &str, wanted: &str, given: &Value) -> String {
    format!(
        "wants {wanted} for `{option}`, and {} was given",
        describe(given)
    )
}

impl<'v> Args<'_, 'v> {
    /// The value at a place; the count was checked before.
    fn value(&self, at: usize) -> &Value {
        self.values.get(at).map_or(&Value::Null, |value| &**value)
    }

    /// The option of this name, or the second value, which is the same said shorter.
    fn option_or_second(&self, name: &str) -> Option<&Held<'v>> {
        self.option(name).or_else(|| self.values.get(1))
    }

    fn option(&self, name: &str) -> Option<&Held<'v>> {
        self.options
            .iter()
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value)
    }

    /// An option that is text.
    fn text<'a>(&'a self, name: &str, default: &'a str) -> Result<&'a str, String> {
        match self.option(name) {
            None => Ok(default),
            Some(value) => {
                self.budget.take_value(value)?;
                value.as_str().ok_or_else(|| wrong(name, "a text", value))
            }
        }
    }

    /// An option that is a number.
    fn number(&self, name: &str, default: f64) -> Result<f64, String> {
        match self.option(name) {
            None => Ok(default),
            Some(value) => value.as_f64().ok_or_else(|| wrong(name, "a number", value)),
        }
    }

    /// An option or second value that is a whole number up to a limit.
    fn count(&self, name: &str, default: Option<usize>, most: usize) -> Result<usize, String> {
        let Some(value) = self.option_or_second(name) else {
            return default.ok_or_else(|| format!("wants `{name}=`, a whole number"));
        };
        value
            .as_u64()
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| *count <= most)
            .ok_or_else(|| wrong(name, &format!("a whole number from 0 to {most}"), value))
    }

    /// The first value as text: a text, a number, or true or false.
    fn subject(&self) -> Result<Cow<'_, str>, String> {
        let value = self.value(0);
        self.budget.take_value(value)?;
        plain(value).ok_or_else(|| format!("wants a text, and {} was given", describe(value)))
    }
}

/// A value that prints on its own as text; `None` for lists, maps and null.
fn plain(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(_) | Value::Bool(_) => Some(Cow::Owned(value.to_string())),
        _ => None,
    }
}

/// The value as `{{x}}` prints it: lists and maps as compact JSON, null as nothing.
pub(super) fn print<'v>(value: &'v Value, budget: &Budget) -> Result<Cow<'v, str>, String> {
    match (value, plain(value)) {
        (Value::Null, _) => Ok(Cow::Borrowed("")),
        (_, Some(text)) => Ok(text),
        _ => budget.json(value, 0).map(Cow::Owned),
    }
}

/// What kind of value it is, with the value where it is short.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.chars().count() <= 30 => format!("the text {value}"),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

/// Whether a value counts as true: not null, false, 0, nor an empty text, list or map.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// A number, or a text that is exactly one.
fn as_number(value: &Value) -> Option<serde_json::Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

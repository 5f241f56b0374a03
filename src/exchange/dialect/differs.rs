//! Where Python and JavaScript print, compare and name values otherwise than templates here do.

use std::ops::Range;

use serde_json::Value;

use super::tree::{Expr, Key, LoopValue};
use super::{Known, Mistake, beyond};

/// What Python's maps have after a dot in the place of a key.
pub(super) const OF_MAPS: [&str; 11] = [
    "clear",
    "copy",
    "fromkeys",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
];

/// What Python's texts and lists have after a dot, where a map has a key.
const OF_TEXTS: [&str; 31] = [
    "append",
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "extend",
    "find",
    "format",
    "index",
    "insert",
    "join",
    "lower",
    "lstrip",
    "partition",
    "remove",
    "replace",
    "reverse",
    "rstrip",
    "sort",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
    "expandtabs",
];

/// The functions that a template has without being given them.
pub(super) fn functions(is_nunjucks: bool) -> &'static [&'static str] {
    match is_nunjucks {
        true => &["range", "cycler", "joiner"],
        false => &["range", "dict", "lipsum", "cycler", "joiner", "namespace"],
    }
}

/// Whether a letter is a blank there.
pub(super) fn is_blank(letter: char, is_nunjucks: bool) -> bool {
    match is_nunjucks {
        true => letter == '\u{feff}' || (letter.is_whitespace() && letter != '\u{85}'),
        false => letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter),
    }
}

/// Whether a value is one that Python takes for true or false, and the other way round.
pub(super) fn is_one_or_zero(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(Value::Number(number)) => number
            .as_f64()
            .is_some_and(|number| number == 0.0 || number == 1.0),
        Expr::Literal(Value::Bool(_)) => true,
        _ => false,
    }
}

/// Whether a value is a condition, which Python prints as `True`.
fn is_condition(expr: &Expr) -> bool {
    match expr {
        Expr::Call(helper, _) => {
            ["eq", "ne", "lt", "lte", "gt", "gte", "and", "or", "not"].contains(helper)
        }
        Expr::Loop(LoopValue::First | LoopValue::Last)
        | Expr::Literal(Value::Bool(_) | Value::Null) => true,
        _ => false,
    }
}

/// Whether a helper prints what it is given, or a part of it.
fn prints_its_values(helper: &str) -> bool {
    [
        "default", "upper", "lower", "trim", "first", "last", "join", "abs",
    ]
    .contains(&helper)
}

/// What a value prints as, where that is the same here.
pub(super) fn printable(expr: &Expr, at: Range<usize>) -> Result<(), Mistake> {
    if let Expr::Literal(Value::Number(number)) = expr
        && let Some(float) = number.as_f64().filter(|_| number.is_f64())
        && (float.fract() == 0.0 || !(1e-4..1e15).contains(&float.abs()))
    {
        return Err(beyond(at, "this number, which prints another way here: it"));
    }
    if is_condition(expr) {
        return Err(beyond(at, "the printed value of a condition"));
    }
    match expr {
        Expr::Call(helper, args) if prints_its_values(helper) => {
            args.iter().try_for_each(|arg| printable(arg, at.clone()))
        }
        _ => Ok(()),
    }
}

/// Whether a value may print another way: all but texts and whole numbers do.
pub(super) fn may_print_otherwise(expr: &Expr, known: &Known) -> bool {
    match expr {
        Expr::Path(name, keys) => !(keys.is_empty() && known.texts.contains(name)),
        Expr::Item(_) => true,
        Expr::Call(helper, args) if prints_its_values(helper) => {
            args.iter().any(|arg| may_print_otherwise(arg, known))
        }
        Expr::Call(..) | Expr::Literal(_) | Expr::Loop(_) => false,
    }
}

/// Whether a value is there even where nobody gave it: a letter of a text, or a function of it.
pub(super) fn may_be_of_a_text(expr: &Expr) -> bool {
    let Expr::Path(_, keys) = expr else {
        return false;
    };
    keys.iter().any(|key| match key {
        Key::Name(name) => OF_TEXTS.contains(&name.as_str()),
        Key::Index(_) => true,
    })
}

/// How sure it is that `<` orders two values here as it does there.
pub(super) enum Order {
    /// Both are numbers, or neither can be taken for one.
    Same,
    /// Texts that are numbers may be among them.
    Doubtful,
    /// Texts that are numbers, which are compared as texts there.
    Other,
}

/// How `<` orders these values: here texts that are numbers are compared as numbers.
pub(super) fn order(left: &Expr, right: &Expr, known: &Known) -> Order {
    let is_number = |expr: &Expr| match expr {
        Expr::Literal(value) => value.is_number(),
        Expr::Call(helper, _) => ["length", "abs"].contains(helper),
        Expr::Loop(value) => *value == LoopValue::Index,
        Expr::Path(name, keys) => keys.is_empty() && known.numbers.contains(name),
        Expr::Item(_) => false,
    };
    let text = |expr: &Expr| match expr {
        Expr::Literal(Value::String(text)) => Some(text.trim().parse::<f64>().is_ok()),
        _ => None,
    };
    let is_text = |expr: &Expr| match expr {
        Expr::Path(name, keys) => keys.is_empty() && known.texts.contains(name),
        _ => false,
    };
    if is_number(left) || is_number(right) {
        return Order::Same;
    }
    match (text(left), text(right)) {
        (Some(false), _) | (_, Some(false)) => Order::Same,
        (Some(true), _) | (_, Some(true)) => Order::Other,
        _ if is_text(left) && is_text(right) => Order::Other,
        _ => Order::Doubtful,
    }
}

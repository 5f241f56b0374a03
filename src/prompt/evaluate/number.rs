//! `number:`, the number in a text.

use std::fmt;

use serde_json::Value;

use super::table::{Given, Outcome, Row, Takes, check, expected, setting, unless};
use super::{Finding, bad, quoted};

pub(super) static ROWS: [Row; 3] = [
    check(
        "near",
        "holds this number, or one as near to it as `tolerance` allows: with a sign, thousands commas and an exponent; `25` is no `5`",
        Takes::Number,
        |given| {
            let near = Near::of(given)?;
            let take = match given.beside("take") {
                Some(take) => take.word(&TAKES)?,
                None => Take::Last,
            };
            Ok(Box::new(move |answer, _| take.judge(answer.text, &near)))
        },
    ),
    setting(
        "tolerance",
        "how far from `near` the number may be: a number, or a part of `near` such as `1%`; without it, not at all",
        Takes::Tolerance,
        Near::look,
    ),
    setting(
        "take",
        "which number of the text counts: `last` (which is meant without it), `first`, `any` of them, or the `only` one",
        Takes::OneOf(&["last", "first", "any", "only"]),
        |given| given.word(&TAKES).map(drop),
    ),
];

#[derive(Clone, Copy)]
enum Take {
    Last,
    First,
    Any,
    Only,
}

const TAKES: [(&str, Take); 4] = [
    ("last", Take::Last),
    ("first", Take::First),
    ("any", Take::Any),
    ("only", Take::Only),
];

impl Take {
    fn judge(self, text: &str, near: &Near) -> Outcome {
        let mut found = numbers(text);
        let taken = match self {
            Self::Last => found.last(),
            Self::First => found.next(),
            Self::Any => {
                let mut last = None;
                for number in found {
                    if fits(number, near) {
                        return Outcome::Passes;
                    }
                    last = Some(number);
                }
                last
            }
            Self::Only => {
                let first = found.next();
                let more = found.count();
                if more > 0 {
                    let got = format!("{} numbers", more + 1);
                    return Outcome::Fails(expected(format!("{near} and no other number"), got));
                }
                first
            }
        };
        let Some(number) = taken else {
            let got = format!("no number in {}", quoted(text));
            return Outcome::Fails(expected(near, got));
        };
        unless(fits(number, near), || match self {
            Self::Any => expected(near, "no such number"),
            _ => expected(near, number),
        })
    }
}

/// A number, and how far another one may be from it.
pub(super) struct Near {
    number: f64,
    tolerance: f64,
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)?;
        if self.tolerance > 0.0 {
            write!(f, " within {}", self.tolerance)?;
        }
        Ok(())
    }
}

impl Near {
    /// What `near` says, with the `tolerance` beside it.
    pub(super) fn of(given: &Given<'_>) -> Result<Self, Finding> {
        let number = match given.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => only_number(text),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite()).ok_or_else(|| {
            given.wrong(
                "a number",
                "Write it as `near: 12.5`, or give the case a field that holds one number.",
            )
        })?;
        let tolerance = given.beside("tolerance");
        let tolerance = tolerance.map(|given| tolerance_of(&given)).transpose()?;
        let tolerance = match tolerance {
            None => 0.0,
            Some(Tolerance::Absolute(tolerance)) => tolerance,
            Some(Tolerance::Part(part)) => number.abs() * part,
        };
        if !tolerance.is_finite() {
            return Err(bad("`tolerance` is so large that every number would pass"));
        }
        Ok(Self { number, tolerance })
    }

    /// Looks whether a `tolerance` can be used.
    pub(super) fn look(given: &Given<'_>) -> Result<(), Finding> {
        tolerance_of(given).map(drop)
    }
}

enum Tolerance {
    Absolute(f64),
    Part(f64),
}

fn tolerance_of(given: &Given<'_>) -> Result<Tolerance, Finding> {
    let (number, is_part) = match given.value {
        Value::Number(number) => (number.as_f64(), false),
        Value::String(text) => match text.trim().strip_suffix('%') {
            Some(part) => (part.trim_end().parse().ok(), true),
            None => (text.trim().parse().ok(), false),
        },
        _ => (None, false),
    };
    let number = number.filter(|number: &f64| number.is_finite() && *number >= 0.0);
    let number = number.ok_or_else(|| {
        given.wrong(
            "a number from 0, or a part such as `1%`",
            "Write `tolerance: 0.5`, or `tolerance: 1%` for a part of `near`.",
        )
    })?;
    Ok(if is_part {
        Tolerance::Part(number / 100.0)
    } else {
        Tolerance::Absolute(number)
    })
}

/// Whether a number is near enough. A difference that is only how computers hold `0.1` is none.
pub(super) fn fits(number: f64, near: &Near) -> bool {
    if !number.is_finite() {
        return false;
    }
    if near.tolerance == 0.0 {
        return number == near.number;
    }
    let noise = 4.0 * f64::EPSILON * number.abs().max(near.number.abs());
    (number - near.number).abs() <= near.tolerance + noise
}

/// The number of a text that holds exactly one.
fn only_number(text: &str) -> Option<f64> {
    let mut found = numbers(text);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The numbers in a text, in their order. Digits that are part of a word (`v5`), of a version or a
/// date with points (`1.2.3`) are none; a minus counts where no word or number stands before it.
fn numbers(text: &str) -> impl Iterator<Item = f64> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let (number, end) = number_at(text, at);
            at = end;
            if number.is_some() {
                return number;
            }
        }
        None
    })
}

/// The next number from a place on, if there is one before `end`, from where to look on.
fn number_at(text: &str, from: usize) -> (Option<f64>, usize) {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let Some(found) = bytes[from..].iter().position(u8::is_ascii_digit) else {
        return (None, text.len());
    };
    let digits = from + found;
    // `.5`, where neither a word nor a number ends at the point, as it does in `No.5`.
    let has_point = digits > from
        && bytes[digits - 1] == b'.'
        && !(digits > 1 && bytes[digits - 2].is_ascii_alphanumeric());
    let start = if has_point { digits - 1 } else { digits };
    let before = &text[..start];
    if is_in_word(before) {
        let rest = bytes[digits..].iter();
        let length = rest.take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let end = digits + length.count();
        // `v1.2` is one word.
        let more = bytes.get(end) == Some(&b'.') && is_digit(end + 1);
        return (None, if more { end_of_run(bytes, end) } else { end });
    }
    let run = |from: usize| {
        from + bytes[from..]
            .iter()
            .take_while(|it| it.is_ascii_digit())
            .count()
    };
    let mut plain = String::new();
    let mut end = digits;
    if has_point {
        plain.push_str("0.");
        end = run(digits);
        plain.push_str(&text[digits..end]);
    } else {
        end = run(end);
        plain.push_str(&text[digits..end]);
        if end - digits <= 3 {
            while bytes.get(end) == Some(&b',') && run(end + 1) == end + 4 {
                plain.push_str(&text[end + 1..end + 4]);
                end += 4;
            }
        }
        if bytes.get(end) == Some(&b'.') && is_digit(end + 1) {
            let fraction = run(end + 1);
            plain.push_str(&text[end..fraction]);
            end = fraction;
        }
    }
    if bytes.get(end) == Some(&b'.') && is_digit(end + 1) {
        return (None, end_of_run(bytes, end));
    }
    if let Some((exponent, after)) = exponent(text, end) {
        plain.push_str(&exponent);
        end = after;
    }
    let number = plain.parse::<f64>().ok();
    let number = if is_negative(before) {
        number.map(|number| -number)
    } else {
        number
    };
    (number, end)
}

/// The end of digits and points.
fn end_of_run(bytes: &[u8], from: usize) -> usize {
    let rest = bytes[from..].iter();
    let length = rest.take_while(|&&byte| byte.is_ascii_digit() || byte == b'.');
    from + length.count()
}

fn exponent(text: &str, at: usize) -> Option<(String, usize)> {
    let rest = text.get(at..)?.strip_prefix(['e', 'E'])?;
    let sign = rest
        .chars()
        .next()
        .filter(|it| ['+', '-', '−'].contains(it));
    let skip = sign.map_or(0, char::len_utf8);
    let digits = rest[skip..].bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    let minus = if matches!(sign, Some('-' | '−')) {
        "-"
    } else {
        ""
    };
    let power = &rest[skip..skip + digits];
    Some((format!("e{minus}{power}"), at + 1 + skip + digits))
}

/// Whether what follows this text would be part of a word.
fn is_in_word(before: &str) -> bool {
    let mut letters = before.chars().rev();
    match letters.next() {
        // `_5_` is emphasis, `a_5` is a name.
        Some('_') => letters.next().is_some_and(|it| it.is_ascii_alphanumeric()),
        Some(letter) => letter.is_ascii_alphanumeric(),
        None => false,
    }
}

/// Whether a minus stands before a number, perhaps with a currency between.
fn is_negative(before: &str) -> bool {
    let before = before.strip_suffix(['$', '€', '£', '¥']).unwrap_or(before);
    let Some(before) = before.strip_suffix(['-', '−']) else {
        return false;
    };
    let last = before.chars().next_back();
    !last.is_some_and(|it| it.is_alphanumeric() || [')', ']', '%', '-', '−'].contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, found) in [
            ("25", vec![25.0]),
            ("It costs $1,234.50 in all.", vec![1234.5]),
            ("1,234,567", vec![1_234_567.0]),
            ("1,2,3", vec![1.0, 2.0, 3.0]),
            ("1,2345", vec![1.0, 2345.0]),
            ("-5 and −6 and +7", vec![-5.0, -6.0, 7.0]),
            ("-$3.20, $-4", vec![-3.2, -4.0]),
            ("10-5", vec![10.0, 5.0]),
            ("(-5)", vec![-5.0]),
            ("x=-2", vec![-2.0]),
            ("- 5", vec![5.0]),
            ("1e3, 1.5E-2, 2e−1", vec![1000.0, 0.015, 0.2]),
            ("5e", vec![5.0]),
            (".5 and -.25", vec![0.5, -0.25]),
            ("The answer is 5.", vec![5.0]),
            ("**42**, _7_", vec![42.0, 7.0]),
            ("5kg at 20%", vec![5.0, 20.0]),
            ("共25元", vec![25.0]),
            ("gpt5 v1.2 a_5 x86_64", vec![]),
            ("1.2.3 and 10.0.0.1", vec![]),
            ("21.11.2026", vec![]),
            ("2026-11-21", vec![2026.0, 11.0, 21.0]),
            ("1/2 and No.5", vec![1.0, 2.0, 5.0]),
            ("no", vec![]),
        ] {
            assert_eq!(numbers(text).collect::<Vec<_>>(), found, "{text}");
        }
    }

    #[test]
    fn a_megabyte_of_digits_ends() {
        assert_eq!(numbers(&"9".repeat(1_000_000)).next(), Some(f64::INFINITY));
        assert_eq!(numbers(&"1,".repeat(500_000)).count(), 500_000);
        assert_eq!(numbers(&"1.".repeat(500_000)).count(), 0);
        assert_eq!(numbers(&"-".repeat(1_000_000)).count(), 0);
        assert_eq!(numbers(&"a1".repeat(500_000)).count(), 0);
    }
}

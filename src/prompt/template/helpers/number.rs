//! Helpers for numbers. They work on the decimal digits as a person wrote them, so that 1.005
//! rounds to 1.01.

use serde_json::Value;

use super::{Args, as_number, describe};

/// The most digits after the point.
const MAX_DIGITS: usize = 20;

/// A number in decimal digits.
struct Decimal {
    is_negative: bool,
    /// The digits without a point.
    digits: Vec<u8>,
    /// How many of the digits stand after the point.
    scale: usize,
}

impl Decimal {
    fn of(args: &Args<'_, '_>) -> Result<Self, String> {
        let value = args.value(0);
        args.budget.take_value(value)?;
        let number = as_number(value)
            .ok_or_else(|| format!("wants a number, and {} was given", describe(value)))?;
        // `f64` prints without an exponent, unlike JSON.
        let text = match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => whole.to_string(),
            (_, Some(whole), _) => whole.to_string(),
            (_, _, Some(float)) => float.to_string(),
            _ => number.to_string(),
        };
        let unsigned = text.trim_start_matches('-');
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        Ok(Self {
            is_negative: text.starts_with('-'),
            digits: whole
                .bytes()
                .chain(fraction.bytes())
                .map(|digit| digit.saturating_sub(b'0'))
                .collect(),
            scale: fraction.len(),
        })
    }

    /// The number a hundred times as large.
    fn times_hundred(mut self) -> Self {
        for _ in 0..2 {
            if self.scale > 0 {
                self.scale -= 1;
            } else {
                self.digits.push(0);
            }
        }
        self
    }

    /// The number with so many digits after the point, halves rounded away from zero.
    fn rounded(mut self, digits: usize) -> Self {
        if self.scale > digits {
            let cut = self.digits.len() - (self.scale - digits);
            let is_up = self.digits[cut] >= 5;
            self.digits.truncate(cut);
            if is_up {
                self.add_one();
            }
        } else {
            self.digits
                .extend(std::iter::repeat_n(0, digits - self.scale));
        }
        self.scale = digits;
        if self.digits.iter().all(|digit| *digit == 0) {
            self.is_negative = false;
        }
        self
    }

    fn add_one(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
    }

    /// The number as text, its sign left out, with a separator between thousands.
    fn unsigned(&self, thousands: &str) -> String {
        let split = self.digits.len() - self.scale;
        let (whole, fraction) = self.digits.split_at(split);
        let zeros = whole.iter().take_while(|digit| **digit == 0).count();
        let whole = &whole[zeros.min(whole.len().saturating_sub(1))..];
        let mut text = String::new();
        if whole.is_empty() {
            text.push('0');
        }
        for (at, digit) in whole.iter().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                text.push_str(thousands);
            }
            text.push(char::from(b'0' + digit));
        }
        if !fraction.is_empty() {
            text.push('.');
            text.extend(fraction.iter().map(|digit| char::from(b'0' + digit)));
        }
        text
    }

    fn sign(&self) -> &'static str {
        if self.is_negative { "-" } else { "" }
    }
}

pub(super) fn round(args: &Args<'_, '_>) -> Result<Value, String> {
    let digits = args.count("digits", Some(0), MAX_DIGITS)?;
    let decimal = Decimal::of(args)?.rounded(digits);
    let text = format!("{}{}", decimal.sign(), decimal.unsigned(""));
    // A whole number beyond 64 bits stays text, so that no digit is lost.
    Ok(
        serde_json::from_str::<serde_json::Number>(&text)
            .map_or(Value::String(text), Value::Number),
    )
}

pub(super) fn abs(args: &Args<'_, '_>) -> Result<Value, String> {
    let value = args.value(0);
    args.budget.take_value(value)?;
    let number = as_number(value)
        .ok_or_else(|| format!("wants a number, and {} was given", describe(value)))?;
    Ok(match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => whole.unsigned_abs().into(),
        (None, Some(float)) if number.is_f64() => float.abs().into(),
        _ => Value::Number(number),
    })
}

pub(super) fn percent(args: &Args<'_, '_>) -> Result<Value, String> {
    let digits = args.count("digits", Some(1), MAX_DIGITS)?;
    let decimal = Decimal::of(args)?.times_hundred().rounded(digits);
    Ok(format!("{}{}%", decimal.sign(), decimal.unsigned("")).into())
}

pub(super) fn currency(args: &Args<'_, '_>) -> Result<Value, String> {
    let code = match args.option_or_second("code") {
        None => "USD",
        Some(value) => value
            .as_str()
            .ok_or_else(|| super::wrong("code", "a text", value))?,
    };
    let (known, usual) = match code {
        "USD" => ("$", 2),
        "EUR" => ("€", 2),
        "GBP" => ("£", 2),
        "INR" => ("₹", 2),
        "JPY" => ("¥", 0),
        "KRW" => ("₩", 0),
        _ => ("", 2),
    };
    let digits = match args.option("digits") {
        None => usual,
        Some(_) => args.count("digits", None, MAX_DIGITS)?,
    };
    let symbol = match args.text("symbol", known)? {
        "" => format!("{code} "),
        symbol => symbol.to_owned(),
    };
    let decimal = Decimal::of(args)?.rounded(digits);
    let thousands = args.text("thousands", ",")?;
    args.budget
        .take(thousands.len().saturating_mul(decimal.digits.len()))?;
    let amount = decimal.unsigned(thousands);
    Ok(format!("{}{symbol}{amount}", decimal.sign()).into())
}

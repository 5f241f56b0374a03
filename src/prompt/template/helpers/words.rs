//! Helpers that compare and choose.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Args, as_number, describe, is_true};

pub(super) fn default(args: &Args<'_, '_>) -> Result<Value, String> {
    let found = args.values.iter().find(|value| !value.is_null());
    let found = found.ok_or_else(|| "has no value that is given".to_owned())?;
    args.budget.take_value(found)?;
    Ok((**found).clone())
}

pub(super) fn trend_label(args: &Args<'_, '_>) -> Result<Value, String> {
    let change = number(args)?;
    let threshold = args.number("threshold", 0.0)?.abs();
    Ok(if change > threshold {
        args.text("up", "up")?
    } else if change < -threshold {
        args.text("down", "down")?
    } else {
        args.text("flat", "flat")?
    }
    .into())
}

pub(super) fn signal_label(args: &Args<'_, '_>) -> Result<Value, String> {
    let score = number(args)?;
    let (buy, sell) = (args.number("buy", 0.5)?, args.number("sell", -0.5)?);
    if sell >= buy {
        return Err(format!(
            "wants `sell` below `buy`, and {sell} is not below {buy}"
        ));
    }
    Ok(if score >= buy {
        args.text("buy_label", "buy")?
    } else if score <= sell {
        args.text("sell_label", "sell")?
    } else {
        args.text("hold_label", "hold")?
    }
    .into())
}

fn number(args: &Args<'_, '_>) -> Result<f64, String> {
    let value = args.value(0);
    args.budget.take_value(value)?;
    as_number(value)
        .and_then(|number| number.as_f64())
        .ok_or_else(|| format!("wants a number, and {} was given", describe(value)))
}

/// Whether two values are equal; 1 and 1.0 are.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) if x.is_f64() || y.is_f64() => {
            x.as_f64() == y.as_f64()
        }
        _ => a == b,
    }
}

pub(super) fn eq(args: &Args<'_, '_>) -> Result<Value, String> {
    args.budget.take_value(args.value(0))?;
    Ok(equal(args.value(0), args.value(1)).into())
}

pub(super) fn ne(args: &Args<'_, '_>) -> Result<Value, String> {
    args.budget.take_value(args.value(0))?;
    Ok((!equal(args.value(0), args.value(1))).into())
}

/// How two values are ordered: as numbers where both are numbers, else as texts.
fn order(args: &Args<'_, '_>) -> Result<Ordering, String> {
    let (a, b) = (args.value(0), args.value(1));
    args.budget.take_value(a)?;
    args.budget.take_value(b)?;
    if let (Some(x), Some(y)) = (as_number(a), as_number(b)) {
        if let (Some(x), Some(y)) = (x.as_i64(), y.as_i64()) {
            return Ok(x.cmp(&y));
        }
        if let Some(order) = x.as_f64().and_then(|x| x.partial_cmp(&y.as_f64()?)) {
            return Ok(order);
        }
    }
    match (a, b) {
        (Value::String(a), Value::String(b)) => Ok(a.cmp(b)),
        _ => Err(format!(
            "compares two numbers or two texts, and {} and {} were given",
            describe(a),
            describe(b)
        )),
    }
}

pub(super) fn gt(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok(order(args)?.is_gt().into())
}

pub(super) fn gte(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok(order(args)?.is_ge().into())
}

pub(super) fn lt(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok(order(args)?.is_lt().into())
}

pub(super) fn lte(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok(order(args)?.is_le().into())
}

pub(super) fn and(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok(args.values.iter().all(|value| is_true(value)).into())
}

pub(super) fn or(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok(args.values.iter().any(|value| is_true(value)).into())
}

pub(super) fn not(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok((!is_true(args.value(0))).into())
}

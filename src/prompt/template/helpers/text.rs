//! Helpers for texts and lists.

use serde_json::Value;

use super::{Args, describe, print, wrong};

/// The most blanks that `indent` puts before a line.
const MAX_INDENT: usize = 1_000;

pub(super) fn json(args: &Args<'_, '_>) -> Result<Value, String> {
    let is_pretty = match args.option("pretty") {
        None => false,
        Some(flag) => flag
            .as_bool()
            .ok_or_else(|| wrong("pretty", "true or false", flag))?,
    };
    let indent = match args.option("indent") {
        None => {
            if is_pretty {
                2
            } else {
                0
            }
        }
        Some(_) => args.count("indent", None, MAX_INDENT)?,
    };
    args.budget.json(args.value(0), indent).map(Value::String)
}

pub(super) fn upper(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok(args.subject()?.to_uppercase().into())
}

pub(super) fn lower(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok(args.subject()?.to_lowercase().into())
}

pub(super) fn title(args: &Args<'_, '_>) -> Result<Value, String> {
    let mut result = String::new();
    let mut is_inside_word = false;
    for letter in args.subject()?.chars() {
        if is_inside_word {
            result.extend(letter.to_lowercase());
        } else {
            result.extend(letter.to_uppercase());
        }
        // An apostrophe is part of its word: "don't" is one word.
        is_inside_word =
            letter.is_alphanumeric() || (is_inside_word && matches!(letter, '\'' | '’'));
    }
    Ok(result.into())
}

pub(super) fn trim(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok(args.subject()?.trim().into())
}

pub(super) fn truncate(args: &Args<'_, '_>) -> Result<Value, String> {
    let text = args.subject()?;
    let length = args.count("length", None, usize::MAX)?;
    let ellipsis = args.text("ellipsis", "…")?;
    if text.chars().nth(length).is_none() {
        return Ok(text.into());
    }
    let kept = length.saturating_sub(ellipsis.chars().count());
    let cut = text.chars().take(kept).collect::<String>();
    let shortened = format!("{}{ellipsis}", cut.trim_end());
    Ok(shortened.chars().take(length).collect::<String>().into())
}

pub(super) fn indent(args: &Args<'_, '_>) -> Result<Value, String> {
    let text = args.subject()?;
    let spaces = args.count("spaces", None, MAX_INDENT)?;
    let lines = text.lines().count();
    args.budget.take(lines.saturating_mul(spaces))?;
    let blanks = " ".repeat(spaces);
    let lines = text.split_inclusive('\n').map(|line| {
        if line.trim_end_matches(['\r', '\n']).is_empty() {
            line.to_owned()
        } else {
            format!("{blanks}{line}")
        }
    });
    Ok(lines.collect::<String>().into())
}

fn list<'a>(args: &'a Args<'_, '_>) -> Result<&'a Vec<Value>, String> {
    let value = args.value(0);
    value
        .as_array()
        .ok_or_else(|| format!("wants a list, and {} was given", describe(value)))
}

pub(super) fn join(args: &Args<'_, '_>) -> Result<Value, String> {
    let separator = match args.option_or_second("separator") {
        None => ", ",
        Some(value) => value
            .as_str()
            .ok_or_else(|| wrong("separator", "a text", value))?,
    };
    let mut text = String::new();
    for (at, item) in list(args)?.iter().enumerate() {
        let item = print(item, args.budget)?;
        args.budget.take(separator.len() + item.len())?;
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(&item);
    }
    Ok(text.into())
}

fn copy(args: &Args<'_, '_>, item: Option<&Value>) -> Result<Option<Value>, String> {
    if let Some(item) = item {
        args.budget.take_value(item)?;
    }
    Ok(item.cloned())
}

pub(super) fn first(args: &Args<'_, '_>) -> Result<Value, String> {
    copy(args, list(args)?.first())?
        .ok_or_else(|| "wants a list with items, and an empty one was given".to_owned())
}

pub(super) fn last(args: &Args<'_, '_>) -> Result<Value, String> {
    copy(args, list(args)?.last())?
        .ok_or_else(|| "wants a list with items, and an empty one was given".to_owned())
}

pub(super) fn length(args: &Args<'_, '_>) -> Result<Value, String> {
    Ok(match args.value(0) {
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        Value::String(text) => {
            args.budget.take(text.len())?;
            text.chars().count()
        }
        other => {
            return Err(format!(
                "wants a list, a map or a text, and {} was given",
                describe(other)
            ));
        }
    }
    .into())
}

pub(super) fn lookup(args: &Args<'_, '_>) -> Result<Value, String> {
    let (value, key) = (args.value(0), args.value(1));
    let item = match value {
        Value::Array(items) => super::as_number(key)
            .and_then(|index| usize::try_from(index.as_u64()?).ok())
            .and_then(|index| items.get(index)),
        Value::Object(map) => map.get(print(key, args.budget)?.as_ref()),
        _ => {
            return Err(format!(
                "wants a list or a map, and {} was given",
                describe(value)
            ));
        }
    };
    copy(args, item)?.ok_or_else(|| format!("finds nothing under {}", describe(key)))
}

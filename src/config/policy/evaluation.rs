//! `requireEval:`, what an environment asks of an evaluation.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::super::{bad, unknown};
use crate::error::Failure;
use crate::prompt::evidence::EvalRule;

const KEYS: [&str; 7] = [
    "minPassRate",
    "required",
    "hostile",
    "against",
    "margin",
    "judgeKappa",
    "maxAge",
];

/// Reads it; none where it is off.
pub(super) fn rule(value: &Value) -> Result<Option<EvalRule>, Failure> {
    match value {
        Value::Bool(false) => Ok(None),
        Value::Bool(true) => Ok(Some(EvalRule::default())),
        Value::String(tag) if !tag.trim().is_empty() => Ok(Some(EvalRule {
            tag: Some(tag.clone()),
            ..EvalRule::default()
        })),
        Value::Object(map) => of_map(map).map(Some),
        _ => Err(bad(
            "`requireEval` is true, the tag of the cases that have to pass, or a map",
            "write requireEval: true, or requireEval: {minPassRate: 0.95, hostile: all, maxAge: 30d}",
        )),
    }
}

fn of_map(map: &Map<String, Value>) -> Result<EvalRule, Failure> {
    let mut rule = EvalRule::default();
    for (key, value) in map {
        match key.as_str() {
            "minPassRate" => rule.min_pass_rate = Some(share(key, value)?),
            "margin" => rule.margin = Some(share(key, value)?),
            "judgeKappa" => rule.judge_kappa = Some(share(key, value)?),
            "required" => rule.required = is(key, "all", value)?,
            "hostile" => rule.hostile = is(key, "all", value)?,
            "against" => rule.against_live = is(key, "live", value)?,
            "maxAge" => rule.max_age = Some(age(key, value)?),
            _ => return Err(unknown(key, &KEYS)),
        }
    }
    if rule.margin.is_some() && !rule.against_live {
        return Err(bad(
            "`margin` of `requireEval` means nothing without `against: live`",
            "write requireEval: {against: live, margin: 0.05}",
        ));
    }
    Ok(rule)
}

fn share(key: &str, value: &Value) -> Result<f64, Failure> {
    let share = match value {
        Value::String(text) => read_share(text),
        other => other.as_f64().filter(|share| (0.0..=1.0).contains(share)),
    };
    share.ok_or_else(|| {
        bad(
            format!("`{key}` of `requireEval` is a share from 0 to 1"),
            format!("write {key}: 0.95, or 95%"),
        )
    })
}

/// `0.95` or `95%`: a share from 0 to 1.
pub fn read_share(text: &str) -> Option<f64> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => number(percent).map(|it| it / 100.0),
        None => number(text),
    };
    share.filter(|share| (0.0..=1.0).contains(share))
}

/// Whether the only word stands there that a key can have.
fn is(key: &str, word: &str, value: &Value) -> Result<bool, Failure> {
    match value.as_str() {
        Some(text) if text == word => Ok(true),
        _ => Err(bad(
            format!("`{key}` of `requireEval` can only be {word}"),
            format!("write {key}: {word}, or leave it out"),
        )),
    }
}

/// `30d` or `12h`.
fn age(key: &str, value: &Value) -> Result<SignedDuration, Failure> {
    let hours = value.as_str().and_then(|text| {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let hours = match unit {
            "h" => 1,
            "d" => 24,
            _ => return None,
        };
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = number.parse().ok().filter(|_| is_plain)?;
        // A hundred years are for ever.
        (1..=876_000)
            .contains(&(number.checked_mul(hours)?))
            .then_some(number * hours)
    });
    hours.map(SignedDuration::from_hours).ok_or_else(|| {
        bad(
            format!("`{key}` of `requireEval` is a time in days or hours"),
            format!("write {key}: 30d, or 12h"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        let read = |value: Value| match rule(&value) {
            Ok(Some(rule)) => rule.to_string(),
            Ok(None) => "none".to_owned(),
            Err(failure) => format!("{failure:#}"),
        };
        for (value, expected) in [
            (json!(false), "none"),
            (json!(true), "requireEval"),
            (json!("smoke"), "requireEval (smoke)"),
            (json!({}), "requireEval"),
            (
                json!({"minPassRate": 0.95, "required": "all", "hostile": "all", "against": "live", "margin": 0.1, "maxAge": "30d"}),
                "requireEval (at least 95.0 %, all required, all hostile, against live, margin 0.1, at most 30 days old)",
            ),
            (
                json!({"minPassRate": "95%"}),
                "requireEval (at least 95.0 %)",
            ),
            (
                json!({"maxAge": "12h"}),
                "requireEval (at most 12 hours old)",
            ),
            (
                json!(null),
                "`requireEval` is true, the tag of the cases that have to pass, or a map",
            ),
            (
                json!(" "),
                "`requireEval` is true, the tag of the cases that have to pass, or a map",
            ),
            (
                json!({"minPassRate": 95}),
                "`minPassRate` of `requireEval` is a share from 0 to 1",
            ),
            (
                json!({"hostile": true}),
                "`hostile` of `requireEval` can only be all",
            ),
            (
                json!({"against": "main"}),
                "`against` of `requireEval` can only be live",
            ),
            (
                json!({"margin": 0.1}),
                "`margin` of `requireEval` means nothing without `against: live`",
            ),
            (
                json!({"maxAge": 30}),
                "`maxAge` of `requireEval` is a time in days or hours",
            ),
            (
                json!({"maxAge": "0d"}),
                "`maxAge` of `requireEval` is a time in days or hours",
            ),
            (
                json!({"maxAge": "99999999999999999999d"}),
                "`maxAge` of `requireEval` is a time in days or hours",
            ),
            (
                json!({"maxAge": "é"}),
                "`maxAge` of `requireEval` is a time in days or hours",
            ),
            (
                json!({"judgeKappa": 0.6}),
                "requireEval (judges with a kappa of 0.6 or more)",
            ),
            (
                json!({"judgeKappa": 7}),
                "`judgeKappa` of `requireEval` is a share from 0 to 1",
            ),
            (
                json!({"judgesKappa": 0.6}),
                "`judgesKappa` is not a key of the configuration",
            ),
        ] {
            assert_eq!(read(value.clone()), expected, "{value}");
        }
    }
}

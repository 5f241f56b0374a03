//! A comparison as scripts read it.

use serde_json::{Value as Json, json};

use super::words::Words;
use crate::output::json::time;
use crate::record::compare::{CompareOptions, Comparison, Design, Measured, TooFew, Whole};

/// All that `--format json` prints.
pub(super) fn shape(found: &Comparison, options: &CompareOptions, words: &Words) -> Json {
    let strata: Vec<Json> = found
        .strata
        .iter()
        .map(|it| {
            json!({
                "model": it.model,
                "environment": it.environment,
                "from": time(it.from),
                "until": time(it.until),
                "a": it.calls.0,
                "b": it.calls.1,
            })
        })
        .collect();
    let split = found
        .split
        .map(|it| json!({"expected": it.expected, "seen": it.seen, "p": it.p}));
    let changed: Vec<Json> = found
        .changed
        .iter()
        .map(|(name, share)| json!({"what": name, "share": share}))
        .collect();
    json!({
        "a": side(&words.base, &found.base),
        "b": side(&words.head, &found.head),
        "design": match found.design {
            Design::SideBySide => "side_by_side",
            Design::BeforeAfter => "before_after",
        },
        "hours": found.hours,
        "strata": strata,
        "unit": found.unit.as_ref().map(|key| format!("label:{key}")),
        "split": split,
        "level": options.level,
        "measures": found.measures.iter().map(measure).collect::<Vec<_>>(),
        "changed": changed,
        "verdict": found.verdict.word(),
        "reasons": std::iter::once(&words.verdict).chain(&words.reasons).collect::<Vec<_>>(),
        "notes": words.notes,
    })
}

fn side(name: &str, whole: &Whole) -> Json {
    json!({
        "name": name,
        "calls": whole.calls,
        "counted": whole.counted,
        "left_out": whole.outside_strata,
        "coverage": whole.coverage,
        "interrupted": whole.interrupted,
        "first_used": whole.times.map(|it| time(it.0)),
        "last_used": whole.times.map(|it| time(it.1)),
    })
}

fn measure(it: &Measured) -> Json {
    let value = |mean: f64, n: u64, units: u64, plain: f64| {
        let has_any = n > 0;
        json!({
            "value": has_any.then_some(mean),
            "plain": has_any.then_some(plain),
            "n": n,
            "units": units,
        })
    };
    let difference = it.difference.map(|found| {
        json!({
            "value": found.value,
            "low": found.interval.map(|it| it.low),
            "high": found.interval.map(|it| it.high),
            "p": found.p,
            "p_adjusted": found.p_adjusted,
            "method": found.method,
            "design_effect": found.effect,
        })
    });
    let too_few = it.too_few.map(|why| match why {
        TooFew::Calls => "calls",
        TooFew::Failures => "failures",
        TooFew::Units => "units",
        TooFew::Spread => "spread",
        TooFew::Strata => "strata",
    });
    json!({
        "name": it.what.to_string(),
        "decides": it.decides,
        "a": value(it.means.0, it.n.0, it.units.0, it.plain.0),
        "b": value(it.means.1, it.n.1, it.units.1, it.plain.1),
        "difference": difference,
        "left_out": it.outside_strata,
        "too_few": too_few,
        "not_covered": it.is_not_covered,
        "needed": it.needed.map(|it| json!({"difference": it.difference, "calls": it.calls.ceil()})),
        "unseen_below": it.seen,
    })
}

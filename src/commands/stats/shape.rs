//! Figures as scripts read them: JSON, and one flat row a group.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::super::measured::key::{Row, common, of_key};
use super::super::measured::notes::Note;
use super::alerts::Alert;
use crate::output::json::time;
use crate::prompt::visible;
use crate::record::groups::{Answers, Group, Groups, Measure, Outcomes, Value};
use crate::statistics::{Count, Moments, wilson};

/// All that `--format json` prints.
pub(super) fn shape(
    groups: &Groups,
    rows: &[Row<'_>],
    alerts: &[Alert<'_>],
    notes: &[Note],
    level: f64,
) -> Json {
    let logs: Vec<Json> = groups
        .sources
        .iter()
        .map(|source| {
            let skipped: Vec<Json> = source
                .skipped
                .iter()
                .map(|it| {
                    json!({
                        "reason": it.reason,
                        "count": it.count,
                        "line": (it.line > 0).then_some(it.line),
                        "newer_schema": it.newer_schema,
                    })
                })
                .collect();
            json!({
                "path": source.path.display().to_string(),
                "lines": source.lines,
                "skipped": skipped,
            })
        })
        .collect();
    let span = groups.span();
    let met = groups.met;
    json!({
        "logs": logs,
        "from": span.map(|it| time(it.0)),
        "until": span.map(|it| time(it.1)),
        "level": level,
        "met": {
            "duplicates": met.duplicates,
            "unknown_outcomes": met.unknown,
            "replaced_outcomes": met.replaced,
            "already_summed": met.summed,
            "ahead": met.ahead,
            "ahead_outcomes": met.ahead_outcomes,
            "backwards": groups.sources.iter().map(|it| it.backwards).sum::<u64>(),
        },
        "past": {
            "executions": groups.past.executions,
            "left_out": groups.past.unanswered.values().sum::<u64>(),
            "repeated": groups.past.repeated,
            "overlapping": groups.past.overlapping,
        },
        "groups": rows.iter().map(|row| group(groups, row, level)).collect::<Vec<_>>(),
        "alerts": alerts.iter().map(Alert::shape).collect::<Vec<_>>(),
        "notes": notes.iter().map(|it| &it.text).collect::<Vec<_>>(),
    })
}

fn group(groups: &Groups, (key, it): &Row<'_>, level: f64) -> Json {
    let latency = it.latency.figures([0.5, 0.9, 0.99]);
    let mut shape = json!({
        "by": common(&groups.by, key),
        "executions": it.executions,
        "success": with_ends(&Measure::Success, it, level),
        "invalid": it.invalid,
        "errors": it.errors,
        "interrupted": it.interrupted,
        "fallbacks": it.fallbacks,
        "latency_ms": {
            "p50": latency.map(|it| it[0]),
            "p90": latency.map(|it| it[1]),
            "p99": latency.map(|it| it[2]),
            "exact": it.latency.is_exact(),
        },
        "tokens": {
            "input": it.tokens.input,
            "cached": it.tokens.cached,
            "output": it.tokens.output,
            "reasoning": it.tokens.reasoning,
        },
        "cost_usd": {
            "total": it.cost.sum(),
            "per_call": it.cost.mean(),
            "per_win": it.cost_per_win(),
            "unpriced": it.unpriced,
        },
        "outcomes": outcomes(&it.outcomes, it, level),
        "first_used": it.first().map(time),
        "last_used": it.last().map(time),
    });
    if !groups.values.is_empty() {
        let values = groups.values.iter().zip(&it.answers);
        let values: Map<String, Json> = values
            .map(|(pointer, it)| (pointer.clone(), answers(it, level)))
            .collect();
        shape["values"] = Json::Object(values);
    }
    shape
}

/// A figure with its interval.
fn with_ends(measure: &Measure, group: &Group, level: f64) -> Json {
    let figure = measure.of(group, &[], level);
    let interval = figure.and_then(|it| it.interval);
    json!({
        "value": figure.map(|it| it.value),
        "low": interval.map(|it| it.low),
        "high": interval.map(|it| it.high),
    })
}

/// A figure alone.
fn value_of(measure: &Measure, group: &Group, level: f64) -> Option<f64> {
    Some(measure.of(group, &[], level)?.value)
}

/// A label or a word: how often it was said, and how often among all.
fn rated(count: u64, of: u64, level: f64) -> Json {
    let interval = wilson(Count { passed: count, of }, level);
    json!({
        "count": count,
        "rate": interval.map(|_| count as f64 / of as f64),
        "low": interval.map(|it| it.low),
        "high": interval.map(|it| it.high),
    })
}

fn moments(it: &Moments, level: f64) -> Json {
    let interval = it.interval(level);
    json!({
        "count": it.n(),
        "sum": it.sum(),
        "mean": it.mean(),
        "low": interval.map(|it| it.low),
        "high": interval.map(|it| it.high),
        "best": it.most(),
        "worst": it.least(),
    })
}

fn outcomes(it: &Outcomes, group: &Group, level: f64) -> Json {
    let labels = it.labels.iter();
    let labels: Map<String, Json> = labels
        .map(|(label, count)| (label.clone(), rated(*count, it.labelled, level)))
        .collect();
    let metrics = it.metrics.iter();
    let metrics: Map<String, Json> = metrics
        .map(|(name, it)| (name.clone(), moments(it, level)))
        .collect();
    json!({
        "count": it.count,
        "coverage": value_of(&Measure::Coverage, group, level),
        "score": moments(&it.score, level),
        "win": rated(it.won, it.labelled, level),
        "labels": labels,
        "metrics": metrics,
    })
}

fn answers(it: &Answers, level: f64) -> Json {
    let said: u64 = it.words.values().sum::<u64>() + it.beyond;
    let words = it.words.iter();
    let words: Map<String, Json> = words
        .map(|(word, count)| (word.clone(), rated(*count, said, level)))
        .collect();
    json!({ "numbers": moments(&it.numbers, level), "words": words, "without": it.without })
}

/// The header and the rows of a table in which every figure has a column.
pub(super) fn flat(groups: &Groups, rows: &[Row<'_>], level: f64) -> (Vec<String>, Vec<Vec<Json>>) {
    if rows.is_empty() {
        let (key, nothing) = (vec![Value::Missing; groups.by.len()], Group::default());
        let (header, _) = flat(groups, &[(&key, &nothing)], level);
        return (header, Vec::new());
    }
    let names = |of: fn(&Outcomes) -> Vec<&String>| -> BTreeSet<&String> {
        rows.iter()
            .flat_map(|(_, group)| of(&group.outcomes))
            .collect()
    };
    let labels = names(|it| it.labels.keys().collect());
    let metrics = names(|it| it.metrics.keys().collect());
    let mut lines = Vec::new();
    let mut header: Vec<String> = Vec::new();
    for row in rows {
        let line = line(groups, row, &metrics, &labels, level).into_iter();
        // A line of the table is one line, whatever others call their figures.
        let line = line.map(|(name, value)| (visible::line(&name).into_owned(), value));
        let (names, values): (Vec<_>, Vec<_>) = line.unzip();
        header = names;
        lines.push(values);
    }
    (header, lines)
}

/// All figures of a group with the names of their columns.
fn line(
    groups: &Groups,
    (key, it): &Row<'_>,
    metrics: &BTreeSet<&String>,
    labels: &BTreeSet<&String>,
    level: f64,
) -> Vec<(String, Json)> {
    let mut line: Vec<(String, Json)> = Vec::new();
    let mut add = |name: &str, value: Json| line.push((name.to_owned(), value));
    for (by, value) in groups.by.iter().zip(key.iter()) {
        add(&by.to_string(), plain(of_key(value)));
    }
    add("executions", json!(it.executions));
    let mut with_ends = |name: &str, measure: &Measure| {
        let figure = measure.of(it, &groups.values, level);
        let interval = figure.and_then(|it| it.interval);
        add(name, json!(figure.map(|it| it.value)));
        add(&format!("{name}_low"), json!(interval.map(|it| it.low)));
        add(&format!("{name}_high"), json!(interval.map(|it| it.high)));
    };
    with_ends("success", &Measure::Success);
    with_ends("score", &Measure::Score);
    with_ends("win", &Measure::Win);
    for name in metrics {
        with_ends(&format!("metric:{name}"), &Measure::Metric((*name).clone()));
    }
    for pointer in &groups.values {
        with_ends(pointer, &Measure::Answer(pointer.clone()));
    }
    for name in metrics {
        let it = it.outcomes.metrics.get(*name).copied().unwrap_or_default();
        add(&format!("metric:{name}_count"), json!(it.n()));
        add(&format!("metric:{name}_sum"), json!(it.sum()));
        add(&format!("metric:{name}_best"), json!(it.most()));
        add(&format!("metric:{name}_worst"), json!(it.least()));
    }
    for label in labels {
        let count = it.outcomes.labels.get(*label).copied().unwrap_or(0);
        add(&format!("label:{label}"), json!(count));
    }
    for (name, value) in counted(it, level) {
        add(name, value);
    }
    line
}

/// What every group has.
fn counted(it: &Group, level: f64) -> [(&'static str, Json); 20] {
    let latency = it.latency.figures([0.5, 0.9, 0.99]);
    [
        ("invalid", json!(it.invalid)),
        ("errors", json!(it.errors)),
        ("interrupted", json!(it.interrupted)),
        ("fallbacks", json!(it.fallbacks)),
        ("p50_ms", json!(latency.map(|it| it[0]))),
        ("p90_ms", json!(latency.map(|it| it[1]))),
        ("p99_ms", json!(latency.map(|it| it[2]))),
        ("exact", json!(it.latency.is_exact())),
        ("input_tokens", json!(it.tokens.input)),
        ("cached_tokens", json!(it.tokens.cached)),
        ("output_tokens", json!(it.tokens.output)),
        ("reasoning_tokens", json!(it.tokens.reasoning)),
        ("cost_usd", json!(it.cost.sum())),
        ("cost_per_call", json!(it.cost.mean())),
        ("cost_per_win", json!(it.cost_per_win())),
        ("unpriced", json!(it.unpriced)),
        ("outcomes", json!(it.outcomes.count)),
        ("coverage", json!(value_of(&Measure::Coverage, it, level))),
        ("first_used", json!(it.first().map(time))),
        ("last_used", json!(it.last().map(time))),
    ]
}

/// A text that stays on its line.
fn plain(value: Json) -> Json {
    match value {
        Json::String(text) => Json::String(visible::line(&text).into_owned()),
        other => other,
    }
}

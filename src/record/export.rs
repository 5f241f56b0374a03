//! The log for other programs: CSV, JSON lines, and OpenTelemetry traces.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::entry::{Outcome, Record, Status};
use super::log::Execution;
use crate::prompt::quote::csv_cell;
use crate::prompt::visible;

/// The columns of [`csv()`], in order.
pub const COLUMNS: [&str; 34] = [
    "id",
    "time",
    "prompt",
    "version",
    "digest",
    "commit",
    "blob",
    "dirty",
    "environment",
    "variant",
    "source",
    "model",
    "status",
    "duration_ms",
    "attempts",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "total_tokens",
    "cost_usd",
    "response_id",
    "request_hash",
    "case",
    "labels",
    "fallback",
    "error_code",
    "error",
    "score",
    "label",
    "metrics",
    "note",
    "variables",
    "output",
];

/// Writes a table (RFC 4180) with a line of [`COLUMNS`]. Maps are JSON, unknown values are empty,
/// and of several outcomes the newest that says something counts. A text that a spreadsheet would
/// run as a formula begins with `'`.
///
/// # Errors
/// Writing fails.
pub fn csv<'a>(
    executions: impl IntoIterator<Item = &'a Execution>,
    to: &mut dyn Write,
) -> io::Result<()> {
    writeln!(to, "{}", COLUMNS.join(","))?;
    for execution in executions {
        let cells = row(execution);
        let cells = COLUMNS.map(|column| cells.get(column).cloned().unwrap_or_default());
        writeln!(to, "{}", csv_line(&cells))?;
    }
    Ok(())
}

/// An execution as one flat object.
fn row(execution: &Execution) -> Map<String, Value> {
    let Ok(Value::Object(mut row)) = serde_json::to_value(&execution.record) else {
        return Map::new();
    };
    if let Some(Value::Object(usage)) = row.shift_remove("usage") {
        row.extend(usage);
    }
    if let Some(Value::Object(error)) = row.shift_remove("error") {
        let part = |key: &str| error.get(key).cloned().unwrap_or_default();
        row.insert("error_code".to_owned(), part("code"));
        row.insert("error".to_owned(), part("message"));
    }
    let newest = |pick: fn(&Outcome) -> Value| {
        let said = execution.outcomes.iter().rev().map(pick);
        said.into_iter()
            .find(|value| !value.is_null())
            .unwrap_or_default()
    };
    row.insert("score".to_owned(), newest(|it| json!(it.score)));
    row.insert("label".to_owned(), newest(|it| json!(it.label)));
    row.insert("note".to_owned(), newest(|it| json!(it.note)));
    let metrics: Map<String, Value> = execution
        .outcomes
        .iter()
        .flat_map(|outcome| &outcome.metrics)
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    row.insert("metrics".to_owned(), Value::Object(metrics));
    row
}

/// A line of a table.
pub fn csv_line(cells: &[Value]) -> String {
    let cells: Vec<String> = cells.iter().map(|value| csv_cell(&cell(value))).collect();
    cells.join(",")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if is_formula(text) => format!("'{text}"),
        Value::String(text) => text.clone(),
        Value::Object(map) if map.is_empty() => String::new(),
        other => other.to_string(),
    }
}

/// Whether a spreadsheet would compute this text, or what stands behind its first blanks. A number
/// is none, whatever its sign.
fn is_formula(text: &str) -> bool {
    const STARTS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
    let is_number = || {
        let is_plain = |letter: u8| letter.is_ascii_digit() || b"+-.eE".contains(&letter);
        text.bytes().all(is_plain) && text.parse::<f64>().is_ok_and(f64::is_finite)
    };
    let inner = text.trim_start_matches([' ', '\n', '\u{a0}', '\u{feff}']);
    inner.starts_with(STARTS) && !is_number()
}

#[derive(Serialize)]
struct WithOutcomes<'a> {
    #[serde(flatten)]
    record: &'a Record,
    outcomes: &'a [Outcome],
}

/// Writes one JSON object a line: the record, with its outcomes under `outcomes`.
///
/// # Errors
/// Writing fails.
pub fn jsonl<'a>(
    executions: impl IntoIterator<Item = &'a Execution>,
    to: &mut dyn Write,
) -> io::Result<()> {
    for execution in executions {
        let line = WithOutcomes {
            record: &execution.record,
            outcomes: &execution.outcomes,
        };
        let line = serde_json::to_string(&line)?;
        writeln!(to, "{}", visible::json(&line))?;
    }
    Ok(())
}

/// The executions as OTLP/JSON traces, which an OpenTelemetry collector takes at `/v1/traces`:
/// one span an execution, with the GenAI semantic conventions, and an event for each outcome.
/// Variables and answers are left out.
pub fn otlp<'a>(executions: impl IntoIterator<Item = &'a Execution>) -> Value {
    let spans: Vec<Value> = executions.into_iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": attributes([("service.name", json!("promptctl"))]) },
        "scopeSpans": [{
            "scope": { "name": "promptctl", "version": env!("CARGO_PKG_VERSION") },
            "spans": spans,
        }],
    }]})
}

fn span(execution: &Execution) -> Value {
    let record = &execution.record;
    let (trace_id, span_id) = span_ids(&record.id);
    let start = record.time.as_nanosecond();
    let end = start + i128::from(record.duration_ms.unwrap_or(0)) * 1_000_000;
    let model = record.model.as_deref().unwrap_or_default();
    json!({
        "traceId": trace_id,
        "spanId": span_id,
        "name": format!("chat {model}").trim_end(),
        // A client's call.
        "kind": 3,
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": end.to_string(),
        "attributes": span_attributes(record),
        "events": execution.outcomes.iter().map(event).collect::<Vec<_>>(),
        "status": span_status(record),
    })
}

/// A trace's id is the id of the execution; its span's is the random half of it.
fn span_ids(id: &str) -> (String, String) {
    let mut hex: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    if hex.len() != 32 {
        // Not an id of ours: any 32 digits that stand for it.
        let canonical = super::privacy::hash_text(id);
        hex = canonical
            .trim_start_matches("sha256:")
            .chars()
            .take(32)
            .collect();
    }
    let span = hex[16..].to_owned();
    (hex, span)
}

fn span_status(record: &Record) -> Value {
    match (record.status, &record.error) {
        (Status::Ok, _) => json!({ "code": 1 }),
        (_, Some(error)) => json!({ "code": 2, "message": error.message }),
        (status, None) => json!({ "code": 2, "message": status.as_str() }),
    }
}

fn span_attributes(record: &Record) -> Value {
    let usage = &record.usage;
    let error = record.error.as_ref();
    let error_type = error.map(|it| it.code.as_deref().unwrap_or("_OTHER"));
    let known = [
        ("gen_ai.operation.name", json!("chat")),
        ("gen_ai.provider.name", json!("openai")),
        ("gen_ai.response.model", json!(record.model)),
        ("gen_ai.response.id", json!(record.response_id)),
        ("gen_ai.usage.input_tokens", json!(usage.input_tokens)),
        ("gen_ai.usage.output_tokens", json!(usage.output_tokens)),
        (
            "gen_ai.usage.cache_read.input_tokens",
            json!(usage.cached_tokens),
        ),
        (
            "gen_ai.usage.cache_creation.input_tokens",
            json!(usage.cache_write_tokens),
        ),
        (
            "gen_ai.usage.reasoning.output_tokens",
            json!(usage.reasoning_tokens),
        ),
        ("gen_ai.prompt.name", json!(record.prompt)),
        ("error.type", json!(error_type)),
        ("promptctl.version", json!(record.version)),
        ("promptctl.digest", json!(record.digest)),
        ("promptctl.commit", json!(record.commit)),
        ("promptctl.environment", json!(record.environment)),
        ("promptctl.variant", json!(record.variant)),
        ("promptctl.source", json!(record.source)),
        ("promptctl.status", json!(record.status)),
        ("promptctl.attempts", json!(record.attempts)),
        ("promptctl.cost_usd", json!(record.cost_usd)),
        ("promptctl.case", json!(record.case)),
    ];
    let labels: Vec<(String, Value)> = record
        .labels
        .iter()
        .map(|(name, value)| (format!("promptctl.label.{name}"), json!(value)))
        .collect();
    attributes(
        known.into_iter().chain(
            labels
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        ),
    )
}

fn event(outcome: &Outcome) -> Value {
    let metrics: Vec<(String, Value)> = outcome
        .metrics
        .iter()
        .map(|(name, value)| (format!("promptctl.metric.{name}"), json!(value)))
        .collect();
    let known = [
        ("gen_ai.evaluation.name", json!("outcome")),
        ("gen_ai.evaluation.score.value", json!(outcome.score)),
        ("gen_ai.evaluation.score.label", json!(outcome.label)),
        ("gen_ai.evaluation.explanation", json!(outcome.note)),
    ];
    json!({
        "timeUnixNano": outcome.time.as_nanosecond().to_string(),
        "name": "gen_ai.evaluation.result",
        "attributes": attributes(
            known
                .into_iter()
                .chain(metrics.iter().map(|(name, value)| (name.as_str(), value.clone()))),
        ),
    })
}

/// Attributes as OTLP/JSON writes them, without those that are not known.
fn attributes<'a>(pairs: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let known = pairs.into_iter().filter_map(|(key, value)| {
        let value = match value {
            Value::Null => return None,
            Value::Bool(_) => json!({ "boolValue": value }),
            // Whole numbers of 64 bits are texts in OTLP/JSON.
            Value::Number(number) if !number.is_f64() => json!({ "intValue": number.to_string() }),
            Value::Number(_) => json!({ "doubleValue": value }),
            Value::String(_) => json!({ "stringValue": value }),
            other => json!({ "stringValue": other.to_string() }),
        };
        Some(json!({ "key": key, "value": value }))
    });
    Value::Array(known.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::entry::ErrorNote;

    #[test]
    fn no_cell_is_run_by_a_spreadsheet() {
        for (text, written) in [
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("+1;=2", "\"'+1;=2\""),
            ("-cmd", "\"'-cmd\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            (" =1", "\"' =1\""),
            ("＝1", "\"'＝1\""),
            ("a;=1", "\"a;=1\""),
            ("-0.5", "-0.5"),
            ("+1e3", "+1e3"),
            ("-inf", "\"'-inf\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(csv_cell(&cell(&json!(text))), written);
        }
        assert_eq!(csv_cell(&cell(&json!(-0.5))), "-0.5");
    }

    fn execution() -> Execution {
        let mut record = Record::new("support/triage", "2026-11-20T12:00:00Z".parse().unwrap());
        record.id = "019a0000-0000-7000-8000-00000000abcd".to_owned();
        record.version = Some(3);
        record.model = Some("gpt-5-mini-2025-08-07".to_owned());
        record.duration_ms = Some(812);
        record.usage.input_tokens = Some(10);
        record.cost_usd = Some(0.25);
        record.output = Some("say \"hi\",\nnow".to_owned());
        let outcome = |score, label: Option<&str>| Outcome {
            score,
            label: label.map(str::to_owned),
            ..Outcome::new(&record.id, "2026-11-21T12:00:00Z".parse().unwrap())
        };
        let outcomes = vec![outcome(Some(0.5), Some("win")), outcome(Some(0.9), None)];
        Execution { record, outcomes }
    }

    #[test]
    fn a_table_has_a_cell_for_every_column() {
        let mut text = Vec::new();
        csv(&[execution()], &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let (head, row) = text.split_once('\n').unwrap();
        assert_eq!(head.split(',').count(), COLUMNS.len());
        assert_eq!(
            row,
            "019a0000-0000-7000-8000-00000000abcd,2026-11-20T12:00:00.000Z,support/triage,3,,,,false,,,local,\
             gpt-5-mini-2025-08-07,ok,812,1,10,,,,,0.25,,,,,,,,0.9,win,,,,\"say \"\"hi\"\",\nnow\"\n"
        );
    }

    #[test]
    fn every_field_of_a_record_has_a_column_or_is_left_out_on_purpose() {
        let mut execution = execution();
        execution.record.error = Some(ErrorNote {
            message: "m".to_owned(),
            ..ErrorNote::default()
        });
        for key in row(&execution).keys() {
            let is_left_out = ["schema", "request_id"].contains(&key.as_str());
            assert!(is_left_out || COLUMNS.contains(&key.as_str()), "{key}");
        }
    }

    #[test]
    fn a_line_holds_the_record_and_its_outcomes() {
        let mut text = Vec::new();
        jsonl(&[execution()], &mut text).unwrap();
        let line: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(line["outcomes"][1]["score"], 0.9);
        let record: Record = serde_json::from_value(line).unwrap();
        assert_eq!(record, execution().record);
    }

    #[test]
    fn a_span_follows_the_conventions() {
        let traces = otlp(&[execution()]);
        let span = &traces["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(
            span["traceId"],
            "019a00000000700080000000 0000abcd".replace(' ', "")
        );
        assert_eq!(span["spanId"], "800000000000abcd");
        assert_eq!(span["name"], "chat gpt-5-mini-2025-08-07");
        assert_eq!(span["startTimeUnixNano"], "1795176000000000000");
        assert_eq!(span["endTimeUnixNano"], "1795176000812000000");
        assert_eq!(span["status"], json!({ "code": 1 }));
        let all = span["attributes"].as_array().unwrap();
        let value = |key: &str| &all.iter().find(|it| it["key"] == key).unwrap()["value"];
        assert_eq!(
            value("gen_ai.usage.input_tokens"),
            &json!({ "intValue": "10" })
        );
        assert_eq!(value("promptctl.cost_usd"), &json!({ "doubleValue": 0.25 }));
        assert!(!span.to_string().contains("say"), "the answer is left out");
        assert_eq!(span["events"][0]["name"], "gen_ai.evaluation.result");
    }

    #[test]
    fn any_id_makes_a_trace() {
        for id in ["", "x", "019a", "not-a-uuid-at-all-but-quite-long-\u{e9}"] {
            let (trace, span) = span_ids(id);
            assert_eq!((trace.len(), span.len()), (32, 16), "{id}");
        }
    }
}

//! Evaluators alone, on one core: how many checks a second.
//!
//! `cargo bench --bench evaluators` prints a Markdown table. A target that is missed is said and fails
//! nothing: the figures depend on the machine.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use promptctl::prompt::document::Object;
use promptctl::prompt::evaluate::{Output, judge_case, prepare};
use serde_json::{Value, json};

/// So many answers are judged by each set of evaluators.
const ANSWERS: usize = 20_000;

/// What is measured: evaluators, the answers that they see, and how many checks a second are wanted.
struct Row {
    what: &'static str,
    evaluators: Value,
    answer: fn(usize) -> String,
    wanted: Option<f64>,
}

fn main() -> io::Result<()> {
    // `cargo test --benches` only wants to know that this starts.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| checks of 1 KB on one core | a second | target | |\n|---|---|---|---|"
    )?;
    for row in rows() {
        writeln!(out, "{}", measure(&row))?;
    }
    Ok(())
}

fn rows() -> Vec<Row> {
    let schema = json!({
        "type": "object",
        "required": ["queue", "priority", "reasons"],
        "additionalProperties": false,
        "properties": {
            "queue": { "enum": ["billing", "tech", "sales"] },
            "priority": { "type": "integer", "minimum": 1, "maximum": 5 },
            "reasons": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["text", "weight"],
                    "properties": {
                        "text": { "type": "string", "minLength": 1, "pattern": "^[A-Za-z]" },
                        "weight": { "type": "number" },
                    },
                },
            },
        },
    });
    vec![
        Row {
            what: "`string`: five evaluators, of which two ask for a field of the case",
            evaluators: json!([
                { "name": "a", "string": { "contains": "{{expected}}" } },
                { "name": "b", "string": { "notContains": ["as an AI", "I cannot", "{{forbidden}}"] } },
                { "name": "c", "string": { "matches": "(?i)queue \\d+$" } },
                { "name": "d", "string": { "startsWith": "the customer" } },
                { "name": "e", "string": { "maxWords": 400, "maxLength": 4000 } },
            ]),
            answer: prose,
            wanted: Some(200_000.0),
        },
        Row {
            what: "`json.schema`",
            evaluators: json!([{ "name": "a", "json": { "schema": schema } }]),
            answer: object,
            wanted: Some(20_000.0),
        },
        Row {
            what: "`json.schema` with `anywhere`",
            evaluators: json!([{ "name": "a", "json": { "anywhere": true, "schema": schema } }]),
            answer: |at| format!("Here it is:\n\n{}\n\nAnything else?", object(at)),
            wanted: None,
        },
        Row {
            what: "`text` by `levenshtein`",
            evaluators: json!([{ "name": "a", "text": { "like": prose(1), "atLeast": 0.5 } }]),
            answer: |at| prose(at).replace("billing", "invoices"),
            wanted: None,
        },
        Row {
            what: "`text` by `rougeL`",
            evaluators: json!([{ "name": "a", "text": { "like": prose(1), "metric": "rougeL", "atLeast": 0.5 } }]),
            answer: |at| prose(at).replace("billing", "invoices"),
            wanted: None,
        },
        Row {
            what: "`number`",
            evaluators: json!([{ "name": "a", "number": { "near": 7, "take": "any" } }]),
            answer: prose,
            wanted: None,
        },
    ]
}

/// A kilobyte of text.
fn prose(at: usize) -> String {
    let mut text =
        String::from("The customer was charged twice and asks for billing to look at it. ");
    while text.len() < 1_000 {
        text.push_str(
            "Nothing else in the e-mail says what happened, and nobody has answered yet. ",
        );
    }
    text.push_str(&format!("queue {at}"));
    text
}

/// A kilobyte of JSON.
fn object(at: usize) -> String {
    let reason =
        json!({ "text": "Charged twice for the same order, says so plainly", "weight": 0.25 });
    json!({ "queue": "billing", "priority": at % 5 + 1, "reasons": vec![reason; 13] }).to_string()
}

/// The best of five rounds, as a row of the table.
fn measure(row: &Row) -> String {
    let list = row.evaluators.as_array().into_iter().flatten();
    let list: Vec<Object> = list.filter_map(|it| it.as_object().cloned()).collect();
    let evaluators = prepare(&list, None).unwrap_or_else(|finding| panic!("{}", finding.message));
    let answers: Vec<String> = (0..100).map(row.answer).collect();
    let case = json!({ "expected": "billing", "forbidden": "lawyer" });
    let case = case.as_object().cloned().unwrap_or_default();
    let round = || {
        let start = Instant::now();
        for text in answers.iter().cycle().take(ANSWERS) {
            black_box(judge_case(&evaluators, &case, &[], &Output::of(text)));
        }
        start.elapsed().as_secs_f64()
    };
    let best = (0..5).map(|_| round()).fold(f64::INFINITY, f64::min);
    let rate = (ANSWERS * evaluators.len()) as f64 / best;
    let (target, verdict) = match row.wanted {
        Some(wanted) if rate >= wanted => (format!("≥ {wanted}"), "reached"),
        Some(wanted) => (format!("≥ {wanted}"), "**missed**"),
        None => ("-".to_owned(), "-"),
    };
    format!("| {} | {rate:.0} | {target} | {verdict} |", row.what)
}

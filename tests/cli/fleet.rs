//! The topic `fleet`: each of its queries, taken from its text, in DuckDB and in ClickHouse, gives the figures of
//! the commands.

use std::process::Command;

use promptctl::statistics::mean_interval;
use serde_json::{Value, json};

use super::stats::{Line, outcome};
use crate::env::{Shell, TestEnv, python_with};

const TOPIC: &str = include_str!("../../src/help/fleet.md");

/// Statements to run, and queries with the names that they have in the topic.
struct Block {
    engine: String,
    name: Option<String>,
    text: String,
}

fn blocks() -> Vec<Block> {
    let pieces = TOPIC.split("```sql ").skip(1);
    let block = |piece: &str| {
        let (info, text) = piece.split_once('\n').unwrap();
        let text = text.split_once("```").unwrap().0;
        let name = text.strip_prefix("-- ").and_then(|it| it.lines().next());
        Block {
            engine: info.to_owned(),
            name: name.map(str::to_owned),
            text: text.to_owned(),
        }
    };
    pieces.map(block).collect()
}

/// What a Python says of the blocks that an engine is meant to run: the rows of each query, by its name.
fn ask(python: &str, driver: &str, engine: &str, repo: &Shell) -> Value {
    let blocks: Vec<Value> = blocks()
        .into_iter()
        .filter(|it| it.engine == engine || it.engine == "both")
        .map(|it| json!({"name": it.name, "text": it.text}))
        .collect();
    repo.write("blocks.json", json!(blocks).to_string());
    let folder = repo.line("promptctl").get_current_dir().unwrap().to_owned();
    let output = Command::new(python)
        .args(["-c", driver])
        .current_dir(folder)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

const DUCKDB: &str = "
import duckdb, json
db, found = duckdb.connect(), {}
for block in json.load(open('blocks.json')):
    for text in block['text'].split(';\\n'):
        if text.strip():
            rows = db.execute(text)
    if block['name']:
        names = [it[0] for it in rows.description]
        found[block['name']] = [dict(zip(names, row)) for row in rows.fetchall()]
print(json.dumps(found, default=str))
";

const CHDB: &str = "
import json
from chdb.session import Session
db, found = Session(), {}
db.query('CREATE DATABASE fleet')
db.query('USE fleet')
db.query('CREATE TABLE otel_logs (Body String) ENGINE = MergeTree ORDER BY tuple()')
blocks = json.load(open('blocks.json'))
def run(block):
    for text in block['text'].split(';\\n'):
        if text.strip():
            rows = db.query(text, 'JSON')
    if block['name']:
        found[block['name']] = json.loads(str(rows))['data']
made = [block for block in blocks if not block['name']]
for block in made:
    run(block)
db.query(\"INSERT INTO lines (line) SELECT line FROM file('logs/a.jsonl', LineAsString, 'line String')\")
db.query(\"INSERT INTO otel_logs SELECT line FROM file('logs/b.jsonl', LineAsString, 'line String')\")
for block in blocks:
    if block['name']:
        run(block)
print(json.dumps(found))
";

/// The logs of two machines, which have some executions in common; one ends in the middle of a line.
fn logs(repo: &Shell) {
    let (mut lines, mut outcomes) = (Vec::new(), Vec::new());
    for number in 0..2400_u32 {
        // Numbers without an order that anybody could see.
        let dice = number.wrapping_mul(2_654_435_761) >> 16 & 1023;
        let mut line = Line::new(number);
        let user = number * 13 % 90;
        line.version = 1 + user % 2;
        let minute = number % 200 * 60 / 200;
        line.time = format!(
            "2026-11-01T{:02}:{minute:02}:{:02}.{:03}Z",
            number / 200,
            number * 7 % 60,
            number % 1000
        );
        // Of both versions as many were broken off: else `compare` would judge nothing.
        let is_cut = number % 61 == 0;
        let is_ok = !is_cut && dice > if line.version == 1 { 60 } else { 220 };
        line.status = match (is_ok, number % 3) {
            (true, _) => "ok",
            _ if is_cut => "interrupted",
            (_, 0) => "error",
            _ => "invalid_output",
        };
        line.source = if number % 40 == 0 {
            "fallback"
        } else {
            "local"
        };
        line.duration_ms = 100 + u64::from(dice);
        line.cost_usd = (number % 50 > 0).then(|| f64::from(1 + number % 9) / 1000.0);
        line.labels = json!({"user": format!("u{user}"), "market": "EU"});
        let text = line.text();
        lines.push(match number % 3 {
            0 => text.replace("gpt-5-mini-2025-08-07", "gpt-5-2025-08-07"),
            _ => text,
        });
        let score = f64::from(dice) / 1000.0;
        if is_ok && number % 10 > 0 {
            let label = if dice % 5 < 3 { "win" } else { "loss" };
            let r_multiple = f64::from(dice % 400) / 100.0 - 1.0;
            let fields =
                json!({"score": score, "label": label, "metrics": {"r_multiple": r_multiple}});
            outcomes.push(outcome(number, &fields));
        }
        if is_ok && number % 25 == 1 {
            let later = outcome(number, &json!({"score": 1.0 - score / 2.0}));
            outcomes.push(later.replace("2026-11-03", "2026-11-04"));
        }
        // A clock that is years ahead: any other outcome counts in its place.
        if is_ok && number % 25 == 10 {
            let ahead = outcome(number, &json!({"score": score / 3.0}));
            outcomes.push(ahead.replace("2026-11-03", "2099-11-03"));
        }
    }
    let a = lines[..1300].concat() + &outcomes[..900].concat();
    let b = lines[1200..].concat() + &outcomes[850..].concat() + "{\"schema\":1,\"id\":\"torn";
    repo.write("logs/a.jsonl", a);
    repo.write("logs/b.jsonl", b);
}

const LOGS: &str = "--log logs/a.jsonl --log logs/b.jsonl --format json";

#[track_caller]
fn same(theirs: &Value, ours: &Value, what: &str) {
    let (Some(one), Some(other)) = (theirs.as_f64(), ours.as_f64()) else {
        panic!("{what}: {theirs} against {ours}");
    };
    let away = (one - other).abs();
    assert!(
        away <= 1e-9 * other.abs().max(1e-3),
        "{what}: {one} against {other}"
    );
}

/// Holds what an engine found against the commands.
fn hold(found: &Value, repo: &Shell) {
    let stats = repo.json(&format!("promptctl stats {LOGS}"));
    let rows = found["stats"].as_array().unwrap();
    let groups = stats["groups"].as_array().unwrap();
    assert_eq!((rows.len(), groups.len()), (2, 2));
    for (row, group) in rows.iter().zip(groups) {
        assert_eq!(row["version"], group["by"]["version"]);
        for (name, pointer) in [
            ("executions", "/executions"),
            ("success", "/success/value"),
            ("success_low", "/success/low"),
            ("success_high", "/success/high"),
            ("invalid", "/invalid"),
            ("fallbacks", "/fallbacks"),
            ("p50", "/latency_ms/p50"),
            ("p90", "/latency_ms/p90"),
            ("p99", "/latency_ms/p99"),
            ("tokens_in", "/tokens/input"),
            ("tokens_out", "/tokens/output"),
            ("cost", "/cost_usd/total"),
            ("cost_per_call", "/cost_usd/per_call"),
            ("unpriced", "/cost_usd/unpriced"),
            ("outcomes", "/outcomes/count"),
            ("coverage", "/outcomes/coverage"),
            ("score_mean", "/outcomes/score/mean"),
            ("win", "/outcomes/win/rate"),
            ("r_mean", "/outcomes/metrics/r_multiple/mean"),
            ("r_sum", "/outcomes/metrics/r_multiple/sum"),
            ("r_best", "/outcomes/metrics/r_multiple/best"),
            ("r_worst", "/outcomes/metrics/r_multiple/worst"),
        ] {
            same(&row[name], group.pointer(pointer).unwrap(), name);
        }
        let score = &group["outcomes"]["score"];
        let n = score["count"].as_f64().unwrap();
        let se = row["score_sd"].as_f64().unwrap() / n.sqrt();
        let interval = mean_interval(row["score_mean"].as_f64().unwrap(), se, n - 1.0, 0.95);
        same(&json!(interval.low), &score["low"], "score low");
        same(&json!(interval.high), &score["high"], "score high");
    }
    let board = repo.json(&format!("promptctl leaderboard {LOGS}"));
    for (row, ours) in found["leaderboard"]
        .as_array()
        .unwrap()
        .iter()
        .zip(board["rows"].as_array().unwrap())
    {
        assert_eq!(row["version"], ours["version"]);
        for name in ["n", "value", "low", "high"] {
            same(&row[name], &ours[name], name);
        }
        let is_first = [json!(true), json!(1)].contains(&row["tied"]);
        assert_eq!(is_first, ours["rank"] == 1);
    }
    let alert = format!("promptctl stats {LOGS} --by prompt --fail-on 'success < 0.95'");
    let run = repo.run(&alert);
    let fired = found["alert"].as_array().unwrap();
    assert_eq!((run.code, fired.len()), (Some(3), 1));
    assert_eq!(fired[0]["prompt"], "support/triage");
    let last = stats["until"].as_str().unwrap().replace(['T', 'Z'], " ");
    let silent = found["silent"][0]["last_used"].as_str().unwrap();
    assert!(silent.starts_with(last.trim()), "{silent} {last}");

    let run = repo.run(&format!(
        "promptctl compare support/triage@v1 support/triage@v2 --unit label:user {LOGS}"
    ));
    let compared: Value = serde_json::from_str(&run.stdout).unwrap();
    let ours = &compared["measures"][0];
    let row = &found["compare"][0];
    assert_eq!(
        (&ours["name"], &compared["design"]),
        (&json!("success"), &json!("side_by_side"))
    );
    for (name, pointer) in [
        ("n_a", "/a/n"),
        ("n_b", "/b/n"),
        ("a", "/a/value"),
        ("b", "/b/value"),
        ("difference", "/difference/value"),
        ("p", "/difference/p"),
    ] {
        same(&row[name], ours.pointer(pointer).unwrap(), name);
    }
    let [difference, se, degrees] =
        ["difference", "se", "degrees"].map(|name| row[name].as_f64().unwrap());
    let interval = mean_interval(difference, se, degrees, 0.95);
    same(
        &json!(interval.low),
        &ours["difference"]["low"],
        "difference low",
    );
    same(
        &json!(interval.high),
        &ours["difference"]["high"],
        "difference high",
    );
}

#[test]
fn every_query_of_the_topic_gives_the_figures_of_the_commands_in_duckdb() {
    let env = TestEnv::new();
    let repo = env.triage();
    logs(&repo);
    if let Some(python) = python_with("duckdb") {
        hold(&ask(&python, DUCKDB, "duckdb", &repo), &repo);
    }
}

#[test]
fn every_query_of_the_topic_gives_the_figures_of_the_commands_in_clickhouse() {
    let env = TestEnv::new();
    let repo = env.triage();
    logs(&repo);
    if let Some(python) = python_with("chdb") {
        hold(&ask(&python, CHDB, "clickhouse", &repo), &repo);
    }
}

#[test]
fn each_query_of_the_topic_is_there_for_both_engines() {
    for engine in ["clickhouse", "duckdb"] {
        let names: Vec<String> = blocks()
            .into_iter()
            .filter(|it| it.engine == engine || it.engine == "both")
            .filter_map(|it| it.name)
            .collect();
        assert_eq!(
            names,
            ["stats", "leaderboard", "alert", "silent", "compare"],
            "{engine}"
        );
    }
}

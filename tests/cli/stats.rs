//! `stats`: figures of a log that stands here, line by line.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::{Shell, TestEnv};

pub(crate) const LOG: &str = ".promptctl/executions.jsonl";

/// A record as promptctl writes it.
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) time: String,
    pub(crate) prompt: &'static str,
    pub(crate) version: u32,
    pub(crate) status: &'static str,
    pub(crate) source: &'static str,
    pub(crate) duration_ms: u64,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) labels: Value,
    pub(crate) output: String,
}

impl Line {
    pub(crate) fn new(number: u32) -> Self {
        Self {
            id: format!("00000000-0000-7000-8000-{number:012}"),
            time: format!(
                "2026-11-0{}T0{}:00:00.000Z",
                1 + number / 10 % 3,
                number % 10
            ),
            prompt: "support/triage",
            version: 1,
            status: "ok",
            source: "local",
            duration_ms: 100 * u64::from(number % 10 + 1),
            cost_usd: Some(0.001),
            labels: json!({}),
            output: "billing".to_owned(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let usage = json!({"input_tokens": 100, "cached_tokens": 10, "output_tokens": 20, "reasoning_tokens": null, "total_tokens": 120});
        let Self {
            id,
            time,
            prompt,
            version,
            status,
            source,
            duration_ms,
            ..
        } = self;
        let (cost, labels, output) = (json!(self.cost_usd), &self.labels, json!(self.output));
        format!(
            r#"{{"schema":1,"id":"{id}","time":"{time}","prompt":"{prompt}","version":{version},"digest":null,"commit":null,"blob":null,"dirty":false,"environment":"production","variant":null,"source":"{source}","model":"gpt-5-mini-2025-08-07","status":"{status}","duration_ms":{duration_ms},"attempts":1,"usage":{usage},"cost_usd":{cost},"response_id":null,"request_id":null,"request_hash":null,"case":null,"labels":{labels},"fallback":null,"error":null,"variables":{{}},"output":{output}}}"#
        ) + "\n"
    }
}

pub(crate) fn outcome(number: u32, fields: &Value) -> String {
    let mut line =
        json!({"schema": 1, "outcome_of": Line::new(number).id, "time": "2026-11-03T10:00:00Z"});
    let line = line.as_object_mut().unwrap();
    line.extend(fields.as_object().unwrap().clone());
    let order = [
        "schema",
        "outcome_of",
        "time",
        "score",
        "label",
        "metrics",
        "note",
    ];
    let written: serde_json::Map<String, Value> = order
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), line.get(key)?.clone())))
        .collect();
    format!("{}\n", Value::Object(written))
}

/// Thirty calls of two versions, with what became of some.
fn calls() -> String {
    let mut text = String::new();
    for number in 0..30 {
        let mut line = Line::new(number);
        line.version = 1 + number / 15;
        match number {
            3 | 20 => line.status = "error",
            4 => line.status = "invalid_output",
            5 => line.status = "interrupted",
            6 => line.source = "fallback",
            7 | 8 => line.cost_usd = None,
            _ => {}
        }
        line.labels = json!({"market": if number % 3 == 0 { "EU" } else { "US" }});
        line.output = format!("{{\"confidence\":0.{}}}", number % 10);
        text += &line.text();
    }
    for number in 0..12 {
        let label = if number % 3 == 0 { "loss" } else { "win" };
        text += &outcome(
            number,
            &json!({"score": 0.5, "label": label, "metrics": {"r_multiple": f64::from(number) - 4.0}}),
        );
    }
    text
}

pub(crate) fn repo(env: &TestEnv, log: &str) -> Shell {
    let repo = env.triage();
    repo.write(LOG, log);
    repo
}

#[test]
fn the_figures_of_two_versions() {
    let env = TestEnv::new();
    let repo = repo(&env, &calls());
    let wide = repo.with("PROMPTCTL_WIDTH", "180");
    assert_snapshot!(wide.play(
        "promptctl stats
         promptctl stats --by version --sort success --ascending --top 1
         promptctl stats --by day,label:market --status ok"
    ), @"
    $ promptctl stats
    PROMPT          VERSION  CALLS       SUCCESS     P50      P99    COST  PER CALL  FALLBACKS  INVALID  COVERAGE  SCORE           WIN      R_MULTIPLE  LAST USED    OVER TIME
    support/triage  v1          15  86 % (60–96)  <n> ms   <n> ms  $0.013    $0.001      6.7 %    7.1 %    75.0 %    0.5  67 % (39–86)  1.5 (-0.8–3.8)  1 day ago    ▄██···▆▄·······
    support/triage  v2          15  93 % (70–99)  <n> ms  <n> ms  $0.015    $0.001      0.0 %    0.0 %     0.0 %      -             -               -  3 hours ago  ·······▃▅···█▆▂
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no verdict between the versions of support/triage: 0 % of the calls of v2 have an outcome, and 75 % of those of v1; --mature leaves out the young ones
    no room for p90, interrupted, per win, tokens in/out; --format csv has all columns
    $ promptctl stats --by version --sort success --ascending --top 1
    VERSION  CALLS       SUCCESS     P50     P99    COST  PER CALL  FALLBACKS  INVALID  INTERRUPTED  COVERAGE  SCORE           WIN   PER WIN      R_MULTIPLE  LAST USED  OVER TIME
    v1          15  86 % (60–96)  <n> ms  <n> ms  $0.013    $0.001      6.7 %    7.1 %        6.7 %    75.0 %    0.5  67 % (39–86)  $0.00167  1.5 (-0.8–3.8)  1 day ago  ▄██···▆▄·······
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no verdict between the versions: 0 % of the calls of v2 have an outcome, and 75 % of those of v1; --mature leaves out the young ones
    no room for p90, tokens in/out; --format csv has all columns
    not shown: 1 more group
    $ promptctl stats --by day,label:market --status ok
    DAY         LABEL:MARKET  CALLS         SUCCESS     P50     P99    COST  PER CALL  FALLBACKS  COVERAGE  SCORE             WIN  PER WIN  R_MULTIPLE  TOKENS IN/OUT  LAST USED
    2026-11-01  EU                3  100 % (44–100)  <n> ms  <n> ms  $0.003    $0.001     33.3 %   100.0 %    0.5      0 % (0–56)        -  1 (-10–12)         300/60  2 days ago
    2026-11-01  US                4  100 % (51–100)  <n> ms  <n> ms  $0.002    $0.001      0.0 %   100.0 %    0.5  100 % (51–100)   $0.001    0 (-5–6)         400/80  2 days ago
    2026-11-02  EU                3  100 % (44–100)  <n> ms  <n> ms  $0.003    $0.001      0.0 %     0.0 %      -               -        -           -         300/60  1 day ago
    2026-11-02  US                7  100 % (65–100)  <n> ms  <n> ms  $0.007    $0.001      0.0 %    28.6 %    0.5  100 % (34–100)   $0.001    6 (0–13)        700/140  1 day ago
    2026-11-03  EU                3  100 % (44–100)  <n> ms  <n> ms  $0.003    $0.001      0.0 %     0.0 %      -               -        -           -         300/60  5 hours ago
    2026-11-03  US                6  100 % (61–100)  <n> ms  <n> ms  $0.006    $0.001      0.0 %     0.0 %      -               -        -           -        600/120  3 hours ago
    --- stderr
    2 of 26 calls have no known price; costs are those of the others
    days and hours are those of UTC
    no room for p90; --format csv has all columns
    ");
    assert_snapshot!(repo.with("PROMPTCTL_WIDTH", "80").play("promptctl stats"), @"
    $ promptctl stats
    PROMPT          VERSION  CALLS  SUCCESS    COST  COVERAGE  SCORE     WIN
    support/triage  v1          15   85.7 %  $0.013    75.0 %    0.5  66.7 %
    support/triage  v2          15   93.3 %  $0.015     0.0 %      -       -
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no verdict between the versions of support/triage: 0 % of the calls of v2 have an outcome, and 75 % of those of v1; --mature leaves out the young ones
    no room for p50, p90, p99, per call, fallbacks, invalid, interrupted, per win, r_multiple, tokens in/out, last used, over time; --format csv has all columns
    ");
    assert_snapshot!(repo.with("PROMPTCTL_WIDTH", "60").play("promptctl stats\npromptctl stats --by version\npromptctl stats --by day --utc"), @"
    $ promptctl stats
    PROMPT
      VERSION  CALLS  SUCCESS    COST  COVERAGE  SCORE     WIN
    support/triage
      v1          15   85.7 %  $0.013    75.0 %    0.5  66.7 %
      v2          15   93.3 %  $0.015     0.0 %      -       -
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no verdict between the versions of support/triage: 0 % of the calls of v2 have an outcome, and 75 % of those of v1; --mature leaves out the young ones
    no room for p50, p90, p99, per call, fallbacks, invalid, interrupted, per win, r_multiple, tokens in/out, last used, over time; --format csv has all columns
    $ promptctl stats --by version
    VERSION  CALLS  SUCCESS    COST  COVERAGE  SCORE     WIN
    v1          15   85.7 %  $0.013    75.0 %    0.5  66.7 %
    v2          15   93.3 %  $0.015     0.0 %      -       -
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no verdict between the versions: 0 % of the calls of v2 have an outcome, and 75 % of those of v1; --mature leaves out the young ones
    no room for p50, p90, p99, per call, fallbacks, invalid, interrupted, per win, r_multiple, tokens in/out, last used, over time; --format csv has all columns
    $ promptctl stats --by day --utc
    DAY         CALLS  SUCCESS    COST  COVERAGE  SCORE      WIN
    2026-11-01     10   77.8 %  $0.008   100.0 %    0.5   60.0 %
    2026-11-02     10  100.0 %   $0.01    20.0 %    0.5  100.0 %
    2026-11-03     10   90.0 %   $0.01     0.0 %      -        -
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no room for p50, p90, p99, per call, fallbacks, invalid, interrupted, per win, r_multiple, tokens in/out, last used; --format csv has all columns
    ");
    assert_snapshot!(repo.play(
        "promptctl stats
         promptctl stats --by version --format markdown
         promptctl stats --by version --format csv"
    ), @"
    $ promptctl stats
    support/triage	v1	15	86 % (60–96)	<n> ms	<n> ms	<n> ms	$0.013	$0.001	6.7 %	7.1 %	6.7 %	75.0 %	0.5	67 % (39–86)	$0.00167	1.5 (-0.8–3.8)	1.5k/300	2026-11-02T04:00:00Z
    support/triage	v2	15	93 % (70–99)	<n> ms	<n> ms	<n> ms	$0.015	$0.001	0.0 %	0.0 %	0.0 %	0.0 %	-	-	-	-	1.5k/300	2026-11-03T09:00:00Z
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no verdict between the versions of support/triage: 0 % of the calls of v2 have an outcome, and 75 % of those of v1; --mature leaves out the young ones
    $ promptctl stats --by version --format markdown
    | version | calls | success | p50 | p90 | p99 | cost | per call | fallbacks | invalid | interrupted | coverage | score | win | per win | `r_multiple` | tokens in/out | last used |
    |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
    | v1 | 15 | 86 % (60–96) | <n> ms | <n> ms | <n> ms | $0.013 | $0.001 | 6.7 % | 7.1 % | 6.7 % | 75.0 % | 0.5 | 67 % (39–86) | $0.00167 | 1.5 (-0.8–3.8) | 1.5k/300 | 2026-11-02T04:00:00Z |
    | v2 | 15 | 93 % (70–99) | <n> ms | <n> ms | <n> ms | $0.015 | $0.001 | 0.0 % | 0.0 % | 0.0 % | 0.0 % | - | - | - | - | 1.5k/300 | 2026-11-03T09:00:00Z |
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no verdict between the versions: 0 % of the calls of v2 have an outcome, and 75 % of those of v1; --mature leaves out the young ones
    $ promptctl stats --by version --format csv
    version,executions,success,success_low,success_high,score,score_low,score_high,win,win_low,win_high,metric:r_multiple,metric:r_multiple_low,metric:r_multiple_high,metric:r_multiple_count,metric:r_multiple_sum,metric:r_multiple_best,metric:r_multiple_worst,label:loss,label:win,invalid,errors,interrupted,fallbacks,p50_ms,p90_ms,p99_ms,exact,input_tokens,cached_tokens,output_tokens,reasoning_tokens,cost_usd,cost_per_call,cost_per_win,unpriced,outcomes,coverage,first_used,last_used
    1,15,0.8571428571428571,0.6005862050302965,0.9599060787285351,0.5,0.5,0.5,0.6666666666666666,0.39062208887279953,0.8618799089087867,1.5,-0.7908579865461407,3.7908579865461407,12,18.0,7.0,-4.0,4,8,1,1,1,1,400.0,860.0,986.0,true,1500,150,300,,0.013000000000000001,0.001,0.0016666666666666668,2,12,0.75,2026-11-01T00:00:00Z,2026-11-02T04:00:00Z
    2,15,0.9333333333333333,0.7018347012621997,0.9881331045067314,,,,,,,,,,0,,,,0,0,0,1,0,0,700.0,960.0,1000.0,true,1500,150,300,,0.015,0.001,,0,0,0.0,2026-11-02T05:00:00Z,2026-11-03T09:00:00Z
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no verdict between the versions: 0 % of the calls of v2 have an outcome, and 75 % of those of v1; --mature leaves out the young ones
    ");
}

#[test]
fn scripts_read_every_figure() {
    let env = TestEnv::new();
    let repo = repo(&env, &calls());
    assert_snapshot!(repo.play("promptctl stats --version v1 --value /confidence --format json"), @r#"
    $ promptctl stats --version v1 --value /confidence --format json
    {
      "schema": 1,
      "logs": [
        {
          "path": "$ROOT/repo/.promptctl/executions.jsonl",
          "lines": 42,
          "skipped": []
        }
      ],
      "from": "2026-11-01T00:00:00Z",
      "until": "2026-11-02T04:00:00Z",
      "level": 0.95,
      "met": {
        "duplicates": 0,
        "unknown_outcomes": 0,
        "replaced_outcomes": 0,
        "already_summed": 0,
        "ahead": 0,
        "ahead_outcomes": 0,
        "backwards": 0
      },
      "past": {
        "executions": 0,
        "left_out": 0,
        "repeated": 0,
        "overlapping": 0
      },
      "groups": [
        {
          "by": {
            "prompt": "support/triage",
            "version": 1
          },
          "executions": 15,
          "success": {
            "value": 0.8571428571428571,
            "low": 0.6005862050302965,
            "high": 0.9599060787285351
          },
          "invalid": 1,
          "errors": 1,
          "interrupted": 1,
          "fallbacks": 1,
          "latency_ms": {
            "p50": 400.0,
            "p90": 860.0,
            "p99": 986.0,
            "exact": true
          },
          "tokens": {
            "input": 1500,
            "cached": 150,
            "output": 300,
            "reasoning": null
          },
          "cost_usd": {
            "total": 0.013000000000000001,
            "per_call": 0.001,
            "per_win": 0.0016666666666666668,
            "unpriced": 2
          },
          "outcomes": {
            "count": 12,
            "coverage": 0.75,
            "score": {
              "count": 12,
              "sum": 6.0,
              "mean": 0.5,
              "low": 0.5,
              "high": 0.5,
              "best": 0.5,
              "worst": 0.5
            },
            "win": {
              "count": 8,
              "rate": 0.6666666666666666,
              "low": 0.39062208887279953,
              "high": 0.8618799089087867
            },
            "labels": {
              "loss": {
                "count": 4,
                "rate": 0.3333333333333333,
                "low": 0.13812009109121315,
                "high": 0.6093779111272004
              },
              "win": {
                "count": 8,
                "rate": 0.6666666666666666,
                "low": 0.39062208887279953,
                "high": 0.8618799089087867
              }
            },
            "metrics": {
              "r_multiple": {
                "count": 12,
                "sum": 18.0,
                "mean": 1.5,
                "low": -0.7908579865461407,
                "high": 3.7908579865461407,
                "best": 7.0,
                "worst": -4.0
              }
            }
          },
          "first_used": "2026-11-01T00:00:00Z",
          "last_used": "2026-11-02T04:00:00Z",
          "values": {
            "/confidence": {
              "numbers": {
                "count": 15,
                "sum": 5.5,
                "mean": 0.36666666666666664,
                "low": 0.20910401203554416,
                "high": 0.5242293212977891,
                "best": 0.9,
                "worst": 0.0
              },
              "words": {},
              "without": 0
            }
          }
        }
      ],
      "alerts": [],
      "notes": [
        "2 of 15 calls have no known price; costs are those of the others"
      ]
    }
    "#);
}

#[test]
fn what_is_odd_in_a_log_is_said_and_left_out() {
    let env = TestEnv::new();
    let mut log = Line::new(1).text() + &Line::new(2).text() + &Line::new(1).text();
    log +=
        "{\"schema\":1,\"id\":\"0000\n{\"schema\":2,\"id\":\"1\"}\n{\"schema\":2,\"id\":\"2\"}\n";
    log += &(outcome(1, &json!({"score": 1.0}))
        + &outcome(1, &json!({"score": 0.0}))
        + &outcome(99, &json!({"score": 1.0})));
    let mut early = Line::new(3);
    early.time = "2026-10-01T00:00:00.000Z".to_owned();
    let mut late = Line::new(4);
    late.time = "2026-12-01T00:00:00.000Z".to_owned();
    log += &(early.text() + &late.text());
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play("promptctl stats --by all"), @"
    $ promptctl stats --by all
    4	100 % (51–100)	<n> ms	<n> ms	<n> ms	$0.004	$0.001	25.0 %	0	400/80	2026-12-01T00:00:00Z
    --- stderr
    warning: left out: $ROOT/repo/.promptctl/executions.jsonl:4: the line is torn: its writer was stopped in the middle
    warning: left out: $ROOT/repo/.promptctl/executions.jsonl:5: the line has schema 2, of a newer version of promptctl (2 lines)
    1 record in the logs more than once, and counted once: as it stands first
    1 outcome replaced by another one of the same execution; the last by time counts
    1 outcome of executions that no log here has
    1 record dated more than a day ahead of now
    1 place where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    ");
}

#[test]
fn outcomes_that_are_not_in_yet_make_no_verdict() {
    let env = TestEnv::new();
    let mut log = String::new();
    for number in 0..40 {
        let mut line = Line::new(number);
        line.version = 1 + number / 20;
        log += &line.text();
        if number < 20 || number % 2 == 0 {
            log += &outcome(number, &json!({"score": 0.5}));
        }
    }
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play(
        "promptctl stats --by version
         promptctl stats --by version --until 2026-11-02"
    ), @"
    $ promptctl stats --by version
    v1	20	100 % (84–100)	<n> ms	<n> ms	<n> ms	$0.02	$0.001	100.0 %	0.5	2.0k/400	2026-11-02T09:00:00Z
    v2	20	100 % (84–100)	<n> ms	<n> ms	<n> ms	$0.02	$0.001	50.0 %	0.5	2.0k/400	2026-11-03T09:00:00Z
    --- stderr
    1 place where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    no verdict between the versions: 50 % of the calls of v2 have an outcome, and 100 % of those of v1; --mature leaves out the young ones
    $ promptctl stats --by version --until 2026-11-02
    v1	20	100 % (84–100)	<n> ms	<n> ms	<n> ms	$0.02	$0.001	100.0 %	0.5	2.0k/400	2026-11-02T09:00:00Z
    v2	10	100 % (72–100)	<n> ms	<n> ms	<n> ms	$0.01	$0.001	50.0 %	0.5	1.0k/200	2026-11-01T09:00:00Z
    --- stderr
    1 place where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    no verdict between the versions: 50 % of the calls of v2 have an outcome, and 100 % of those of v1; --mature leaves out the young ones
    ");
    // What is too young to have one is left out on both sides.
    let shape = repo.json("promptctl stats --by version --mature 1d --format json");
    assert_eq!(shape["groups"].as_array().unwrap().len(), 2, "{shape}");
}

#[test]
fn other_logs_are_read_without_a_repository_and_must_be_there() {
    let env = TestEnv::new();
    let root = env.root();
    root.write("one.jsonl", Line::new(1).text());
    root.write("two.jsonl", Line::new(1).text() + &Line::new(2).text());
    assert_snapshot!(root.play(
        "promptctl stats --log one.jsonl two.jsonl --by prompt
         promptctl stats --log one.jsonl none.jsonl
         promptctl stats --log home
         promptctl stats"
    ), @"
    $ promptctl stats --log one.jsonl two.jsonl --by prompt
    support/triage	2	100 % (34–100)	<n> ms	<n> ms	<n> ms	$0.002	$0.001	200/40	2026-11-01T02:00:00Z
    --- stderr
    1 record in the logs more than once, and counted once: as it stands first
    $ promptctl stats --log one.jsonl none.jsonl
    error[P420]: the log cannot be read: No such file or directory (os error 2)
      at: $ROOT/none.jsonl
    [exit 1]
    $ promptctl stats --log home
    error[P420]: the log is not a file
      at: $ROOT/home
      hint: name the file itself, such as .promptctl/executions.jsonl
    [exit 1]
    $ promptctl stats
    error[P219]: $ROOT is not inside a git repository
      hint: promptctl init makes a repository of prompts here; -C DIR names another folder
    [exit 1]
    ");
}

#[test]
fn the_release_that_was_live_is_a_group() {
    let env = TestEnv::new();
    let mut early = Line::new(1);
    early.time = "2026-11-03T10:00:00.000Z".to_owned();
    let mut late = Line::new(2);
    late.time = "2026-11-03T11:30:00.000Z".to_owned();
    let repo = repo(&env, &(early.text() + &late.text()));
    // It took effect at the time that tags bear here: 11:00.
    repo.ok("promptctl publish --quiet support/triage");
    let shape = repo.json("promptctl stats --by release --format json");
    let by: Vec<&Value> = shape["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["by"]["release"])
        .collect();
    assert_eq!(by, [&json!("production/1"), &Value::Null]);
}

#[test]
fn foreign_words_stay_in_their_cell() {
    let env = TestEnv::new();
    let mut line = Line::new(1);
    line.labels = json!({"market": "a|b `c` \u{1b}[31m @ada\n::error::x"});
    let mut log = line.text();
    log += &outcome(1, &json!({"metrics": {"=1+1|\n::error::": 1.0}}));
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play(
        "promptctl stats --by label:market
         promptctl stats --by label:market --format markdown
         promptctl stats --by label:market --format csv"
    ), @r"
    $ promptctl stats --by label:market
    a|b `c` \u{1b}[31m @ada ::error::x	1	100 % (21–100)	<n> ms	<n> ms	<n> ms	$0.001	$0.001	100.0 %	1	100/20	2026-11-01T01:00:00Z
    $ promptctl stats --by label:market --format markdown
    | `label:market` | calls | success | p50 | p90 | p99 | cost | per call | coverage | `=1+1\|\n::error::` | tokens in/out | last used |
    |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
    | ``a\|b `c` \u{1b}[31m @ada\n::error::x`` | 1 | 100 % (21–100) | <n> ms | <n> ms | <n> ms | $0.001 | $0.001 | 100.0 % | 1 | 100/20 | 2026-11-01T01:00:00Z |
    $ promptctl stats --by label:market --format csv
    label:market,executions,success,success_low,success_high,score,score_low,score_high,win,win_low,win_high,metric:=1+1|\n::error::,metric:=1+1|\n::error::_low,metric:=1+1|\n::error::_high,metric:=1+1|\n::error::_count,metric:=1+1|\n::error::_sum,metric:=1+1|\n::error::_best,metric:=1+1|\n::error::_worst,invalid,errors,interrupted,fallbacks,p50_ms,p90_ms,p99_ms,exact,input_tokens,cached_tokens,output_tokens,reasoning_tokens,cost_usd,cost_per_call,cost_per_win,unpriced,outcomes,coverage,first_used,last_used
    a|b `c` \u{1b}[31m @ada\n::error::x,1,1.0,0.20654931437723745,1.0,,,,,,,1.0,,,1,1.0,1.0,1.0,0,0,0,0,200.0,200.0,200.0,true,100,10,20,,0.001,0.001,,0,1,1.0,2026-11-01T01:00:00Z,2026-11-01T01:00:00Z
    ");
}

#[test]
fn how_many_calls_were_interrupted_is_a_figure() {
    let env = TestEnv::new();
    let repo = repo(&env, &calls());
    let wide = repo.with("PROMPTCTL_WIDTH", "240");
    assert_snapshot!(wide.play("promptctl stats --by version --sort interrupted"), @"
    $ promptctl stats --by version --sort interrupted
    VERSION  CALLS       SUCCESS     P50     P90      P99    COST  PER CALL  FALLBACKS  INVALID  INTERRUPTED  COVERAGE  SCORE           WIN   PER WIN      R_MULTIPLE  TOKENS IN/OUT  LAST USED    OVER TIME
    v1          15  86 % (60–96)  <n> ms  <n> ms   <n> ms  $0.013    $0.001      6.7 %    7.1 %        6.7 %    75.0 %    0.5  67 % (39–86)  $0.00167  1.5 (-0.8–3.8)       1.5k/300  1 day ago    ▄██···▆▄·······
    v2          15  93 % (70–99)  <n> ms  <n> ms  <n> ms  $0.015    $0.001      0.0 %    0.0 %        0.0 %     0.0 %      -             -         -               -       1.5k/300  3 hours ago  ·······▃▅···█▆▂
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no verdict between the versions: 0 % of the calls of v2 have an outcome, and 75 % of those of v1; --mature leaves out the young ones
    ");
    let alert = repo.run("promptctl stats --fail-on 'interrupted > 0.5' --min-calls 1");
    assert_eq!(alert.code, Some(0), "{alert}");
}

#[test]
fn a_table_without_a_row_has_its_header() {
    let env = TestEnv::new();
    let repo = repo(&env, "");
    let table = repo
        .run("promptctl stats --by version,label:a --format csv")
        .stdout;
    assert!(
        table.starts_with("version,label:a,executions,success,"),
        "{table}"
    );
    assert_eq!(table.lines().count(), 1, "{table}");
}

#[test]
fn whole_lines_of_a_newer_version_are_left_out_and_said() {
    let env = TestEnv::new();
    let newer = |text: String| text.replace("{\"schema\":1", "{\"schema\":2");
    let log = Line::new(1).text()
        + &Line::new(2).text()
        + &newer(Line::new(3).text())
        + &newer(outcome(1, &json!({"score": 0.0, "label": "loss"})));
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play(
        "promptctl stats --by all
         promptctl log --quiet
         promptctl log prune --older-than 1h --dry-run"
    ), @"
    $ promptctl stats --by all
    2	100 % (34–100)	<n> ms	<n> ms	<n> ms	$0.002	$0.001	200/40	2026-11-01T02:00:00Z
    --- stderr
    warning: left out: $ROOT/repo/.promptctl/executions.jsonl:3: the line has schema 2, of a newer version of promptctl (2 lines)
    $ promptctl log --quiet
    <uuid>	2026-11-01T02:00:00Z	support/triage	v1	ok	gpt-5-mini-2025-08-07	120	$0.001	<n> ms
    <uuid>	2026-11-01T01:00:00Z	support/triage	v1	ok	gpt-5-mini-2025-08-07	120	$0.001	<n> ms
    --- stderr
    warning: 2 lines of the log are not records; the first is $ROOT/repo/.promptctl/executions.jsonl:3
    $ promptctl log prune --older-than 1h --dry-run
    2 records and 0 outcomes would be taken out (1180 bytes); 2 lines stay
    1 daily sum of them would be kept in $ROOT/repo/.promptctl/history.jsonl
    ");
    let found = repo.json("promptctl stats --by all --format json");
    assert_eq!(found["groups"][0]["executions"], 2);
    assert_eq!(found["groups"][0]["outcomes"]["count"], 0);
}

#[test]
fn lines_that_are_wrong_in_the_same_way_have_one_warning() {
    let env = TestEnv::new();
    let log: String = (0..25)
        .map(|number| {
            let mut line = Line::new(number);
            line.output = "x".repeat(number as usize);
            let text = line.text().replace("\"source\":\"local\",", "");
            text.replace("triage", &"triage".repeat(1 + number as usize))
        })
        .collect();
    let repo = repo(&env, &(log + &Line::new(99).text()));
    assert_snapshot!(repo.play("promptctl stats --by all"), @"
    $ promptctl stats --by all
    1	100 % (21–100)	<n> ms	<n> ms	<n> ms	$0.001	$0.001	100/20	2026-11-01T09:00:00Z
    --- stderr
    warning: left out: $ROOT/repo/.promptctl/executions.jsonl:1: the line is not a record: missing field `source` (25 lines)
    ");
}

#[test]
fn what_leaves_out_all_that_there_is_is_said() {
    let env = TestEnv::new();
    let repo = repo(&env, &calls());
    assert_snapshot!(repo.play(
        "promptctl stats --mature 300d
         promptctl stats --costs --model gpt-6 --since 1h
         promptctl leaderboard --mature 300d
         promptctl compare support/triage@v8 support/triage@v9 --mature 1d"
    ), @"
    $ promptctl stats --mature 300d
    none of 30 executions fits --mature
    $ promptctl stats --costs --model gpt-6 --since 1h
    none of 30 executions fits --model and --since
    $ promptctl leaderboard --mature 300d
    none of 30 executions fits --mature
    $ promptctl compare support/triage@v8 support/triage@v9 --mature 1d
    none of 30 executions fits v8 or v9 and --mature
    ");
}

#[test]
fn what_stands_nowhere_is_said() {
    let env = TestEnv::new();
    let log = calls() + &outcome(1, &json!({"label": "win", "metrics": {"profit": 2.0}}));
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play(
        "promptctl stats --by all --sort metric:profits
         promptctl stats --by all --sort label:lost
         promptctl stats --by all --value /nope --value /confidence"
    ), @"
    $ promptctl stats --by all --sort metric:profits
    30	90 % (74–96)	<n> ms	<n> ms	<n> ms	$0.028	$0.001	3.3 %	3.4 %	3.3 %	34.6 %	0.5	67 % (39–86)	$0.00167	2	1.5 (-0.8–3.8)	3.0k/600	2026-11-03T09:00:00Z
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no outcome here has the metric profits, and nothing is sorted by it; there is profit
    $ promptctl stats --by all --sort label:lost
    30	90 % (74–96)	<n> ms	<n> ms	<n> ms	$0.028	$0.001	3.3 %	3.4 %	3.3 %	34.6 %	0.5	67 % (39–86)	$0.00167	2	1.5 (-0.8–3.8)	3.0k/600	2026-11-03T09:00:00Z
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no outcome here has the label lost, and nothing is sorted by it; there is loss
    $ promptctl stats --by all --value /nope --value /confidence
    30	90 % (74–96)	<n> ms	<n> ms	<n> ms	$0.028	$0.001	3.3 %	3.4 %	3.3 %	34.6 %	0.5	67 % (39–86)	$0.00167	2	1.5 (-0.8–3.8)	-	0.45 (0.34–0.56)	3.0k/600	2026-11-03T09:00:00Z
    --- stderr
    2 of 30 calls have no known price; costs are those of the others
    no answer has /nope
    ");
    assert_snapshot!(repo.run_with("promptctl outcome -", "").to_string(), @"standard input has no outcome: nothing is recorded");
}

//! What `log prune` took away and what comes back, and figures that no call can have.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::past::{LOG, id, record, repo, sums, with_outcomes};
use crate::env::TestEnv;

#[test]
fn what_was_pruned_and_is_appended_again_counts_once() {
    let env = TestEnv::new();
    let log = with_outcomes(60);
    let repo = repo(&env, &log);
    let questions = ["--by version", "--by day", "--by status --version v2"];
    let before = questions.map(|question| sums(&repo, question));
    let same = |what: &str| {
        for (at, question) in questions.iter().enumerate() {
            assert_eq!(sums(&repo, question), before[at], "{what}: {question}");
        }
    };
    assert_eq!(
        repo.run("promptctl log prune --older-than 30d").code,
        Some(0)
    );
    // A service sends the file once more, and another machine has a copy of the whole log.
    let again: String = (0..50).map(record).collect();
    assert_snapshot!(repo.run_with("promptctl log append", &again), @"
    10 of 50 records are in the log, or above, already
    40 of 50 records are in the daily sums already, for `log prune` took them away
    0 records appended
    ");
    let put_back = || repo.write(LOG, repo.read(LOG) + &again);
    put_back();
    repo.write("copy/executions.jsonl", &log);
    same("appended again");
    assert_snapshot!(repo.run("promptctl stats --by version --log copy/executions.jsonl --log .promptctl/executions.jsonl").stderr, @"
    40 executions that `log prune` took away count too, by their daily sums
    70 records in the logs more than once, and counted once: as it stands first
    40 records in a log again that `log prune` took away; their daily sums stand for them
    1 place where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    latencies of more than 100,000 calls and of past sums are within 0.5 %
    ");
    for question in questions {
        let logs = "--log .promptctl/executions.jsonl --log copy/executions.jsonl";
        assert_eq!(
            sums(&repo, &format!("{question} {logs}")),
            sums(&repo, question)
        );
    }
    // What is appended again goes away again, and is not summed up once more.
    let history = repo.read(".promptctl/history.jsonl");
    assert_eq!(
        repo.run("promptctl log prune --older-than 30d").code,
        Some(0)
    );
    assert_eq!(repo.read(".promptctl/history.jsonl"), history);
    same("pruned again");
    // What sums cannot answer, nothing answers by half: what became of these calls went with them.
    put_back();
    let stats =
        repo.json("promptctl stats --utc --by hour --fail-on 'coverage < 0.4' --format json");
    let all: u64 = (stats["groups"].as_array().unwrap().iter())
        .map(|group| group["executions"].as_u64().unwrap())
        .sum();
    assert_eq!(
        (all, &stats["past"]["left_out"]),
        (20, &json!(40)),
        "{stats}"
    );
    let compared = repo.json("promptctl compare support/triage@v1 support/triage@v2 --format json");
    let calls = ["a", "b"].map(|side| compared[side]["calls"].as_u64().unwrap());
    assert_eq!(calls, [10, 10], "{compared}");
}

/// Calls, most of them with a score, of which one has a figure that no call has.
fn with_impossible(outcome: &Value) -> String {
    let mut log: String = (0..40).map(record).collect();
    for number in 0..40 {
        let plain = json!({"score": 0.9});
        let mut told = if number == 3 { outcome } else { &plain }.clone();
        told["schema"] = json!(1);
        told["outcome_of"] = json!(id(number));
        told["time"] = json!("2026-10-15T00:00:00.000Z");
        writeln!(log, "{told}").unwrap();
    }
    log
}

#[test]
fn a_prune_takes_no_outcome_of_a_record_that_stays() {
    let env = TestEnv::new();
    let log = with_impossible(&json!({"score": 0.9, "label": "win"}));
    let impossible = record(3).replace("\"duration_ms\":400", "\"duration_ms\":99000000000000");
    let repo = repo(&env, &log.replace(&record(3), &impossible));
    let before = sums(&repo, "--by status");
    let plan = repo.json("promptctl log prune --older-than 1d --dry-run --format json");
    assert_eq!(plan["impossible"], 1);
    assert_snapshot!(repo.run("promptctl log prune --older-than 1d"), @"
    39 records and 39 outcomes taken out (28262 bytes); 2 lines stay
    1 old record stays: daily sums cannot hold a figure that no call has, such as a negative cost, of the call or of an outcome
    16 daily sums of them kept in $ROOT/repo/.promptctl/history.jsonl, which `stats` counts too
    ");
    let stays = repo.read(LOG);
    assert!(stays.starts_with(&impossible), "{stays}");
    assert_eq!(stays.lines().count(), 2, "{stays}");
    assert!(stays.contains("\"label\":\"win\""), "{stays}");
    assert_eq!(sums(&repo, "--by status"), before);
}

#[test]
fn a_prune_silences_no_alert_about_figures_that_no_call_has() {
    for (outcome, condition) in [
        (json!({"score": 1e20}), "score < 0.5"),
        (
            json!({"score": 0.9, "metrics": {"profit": -1e20}}),
            "metric:profit < 0",
        ),
    ] {
        let env = TestEnv::new();
        let repo = repo(&env, &with_impossible(&outcome));
        let alert = format!("promptctl stats --fail-on '{condition}'");
        assert_eq!(repo.run(&alert).code, Some(3), "{condition}");
        assert_eq!(
            repo.run("promptctl log prune --older-than 1d").code,
            Some(0)
        );
        assert_eq!(repo.read(LOG).lines().count(), 2);
        assert_eq!(repo.run(&alert).code, Some(3), "{condition}");
        // Once it is corrected, it is summed up like any other.
        let right = json!({"id": id(3), "score": 0.9, "metrics": {"profit": 1}});
        let told = repo.run_with("promptctl outcome -", right.to_string());
        assert_eq!(told.code, Some(0), "{told}");
        assert_eq!(repo.run(&alert).code, Some(0), "{condition}");
        assert_eq!(
            repo.run("promptctl log prune --older-than 1d").code,
            Some(0)
        );
        assert_eq!(repo.read(LOG), "");
        assert_eq!(repo.run(&alert).code, Some(0), "{condition}");
    }
}

#[test]
fn a_history_that_was_copied_counts_once() {
    let env = TestEnv::new();
    let repo = repo(&env, &with_outcomes(60));
    let before = sums(&repo, "--by version");
    repo.write("copy/executions.jsonl", with_outcomes(60));
    assert_eq!(
        repo.run("promptctl log prune --older-than 30d").code,
        Some(0)
    );
    repo.write("copy/history.jsonl", repo.read(".promptctl/history.jsonl"));
    let logs = "--log .promptctl/executions.jsonl --log copy/executions.jsonl";
    assert_eq!(sums(&repo, &format!("--by version {logs}")), before);
    assert_snapshot!(repo.run(&format!("promptctl stats --by version {logs}")).stderr, @"
    40 executions that `log prune` took away count too, by their daily sums
    40 executions in the past sums of several logs, as where one was copied, and counted once
    20 records in the logs more than once, and counted once: as it stands first
    40 records in a log again that `log prune` took away; their daily sums stand for them
    latencies of more than 100,000 calls and of past sums are within 0.5 %
    ");
    // A copy that was pruned by itself, elsewhere, cannot be taken apart: that is said.
    let (lines, half) = (repo.read(".promptctl/history.jsonl"), 35);
    std::fs::remove_dir_all(env.root().dir.join("repo/copy")).unwrap();
    let other: String = (half..60).chain(100..105).map(record).collect();
    repo.write("copy/executions.jsonl", &other);
    repo.write(".promptctl/executions.jsonl", &other);
    std::fs::remove_file(env.root().dir.join("repo/.promptctl/history.jsonl")).unwrap();
    assert_eq!(
        repo.run("promptctl log prune --older-than 30d").code,
        Some(0)
    );
    repo.write("copy/history.jsonl", lines);
    assert_snapshot!(repo.run(&format!("promptctl stats --by version {logs}")).stderr, @"
    44 executions that `log prune` took away count too, by their daily sums
    1 execution in the past sums of several logs, as where one was copied, and counted once
    warning: 4 executions count twice: past sums of several logs have some executions in common and others not, as where one was copied and both were pruned
    25 records in the logs more than once, and counted once: as it stands first
    5 records in a log again that `log prune` took away; their daily sums stand for them
    latencies of more than 100,000 calls and of past sums are within 0.5 %
    ");
}

#[test]
fn a_figure_that_no_call_can_have_is_refused_with_its_line() {
    let env = TestEnv::new();
    let repo = repo(&env, "");
    repo.write(
        "calls.jsonl",
        "{\"prompt\":\"a\"}\n{\"prompt\":\"a\",\"cost_usd\":1e308}\n",
    );
    assert_snapshot!(repo.run("promptctl log append calls.jsonl"), @"
    error[P320]: `cost_usd` is more than any call has: 1000000
      at: calls.jsonl:2
      hint: one such figure would hide all others; leave it out where it is not known
    [exit 1]
    ");
    for (wrong, name) in [
        ("\"duration_ms\":99000000000000", "duration_ms"),
        ("\"usage\":{\"input_tokens\":2000000000000}", "input_tokens"),
    ] {
        let run = repo.run_with(
            "promptctl log append",
            format!("{{\"prompt\":\"a\",{wrong}}}\n"),
        );
        assert_eq!(run.code, Some(1), "{run}");
        assert!(
            run.stderr.contains(name) && run.stderr.contains("standard input:1"),
            "{run}"
        );
    }
    assert_eq!(repo.read(LOG), "");
}

#[test]
fn tokens_are_counted_whole_however_many_they_are() {
    let env = TestEnv::new();
    let many = record(1).replace("\"input_tokens\":100", "\"input_tokens\":6000000000");
    let repo = repo(&env, &(many + &record(2)));
    let stats = repo.json("promptctl stats --by all --format json");
    let tokens = &stats["groups"][0]["tokens"];
    assert_eq!(
        (&tokens["input"], &tokens["output"]),
        (&json!(6_000_000_100_u64), &json!(40))
    );
}

#[test]
fn a_prune_says_that_it_tells_only_so_many_labels_apart() {
    let env = TestEnv::new();
    let mut log = String::new();
    for number in 0..1300 {
        let text = record(1).replace(&id(1), &id(number));
        log += &text;
        writeln!(
            log,
            r#"{{"schema":1,"outcome_of":"{}","time":"2026-10-15T00:00:00.000Z","score":null,"label":"l{number}","metrics":{{}},"note":null}}"#,
            id(number)
        )
        .unwrap();
    }
    log += &record(2);
    log += &format!(
        r#"{{"schema":1,"outcome_of":"{}","time":"2026-10-15T00:00:00.000Z","score":null,"label":"l1","metrics":{{}},"note":null}}"#,
        id(2)
    );
    let repo = repo(&env, &(log + "\n"));
    let label = || {
        let alert =
            "promptctl stats --by version --version v2 --format json --fail-on 'label:l1 > 0.9'";
        let stats: Value = serde_json::from_str(&repo.run(alert).stdout).unwrap();
        (stats["alerts"][0]["n"].clone(), stats["notes"].to_string())
    };
    let (before, _) = label();
    assert_eq!(before, json!(1300));
    repo.ok("promptctl log prune --older-than 1d");
    let (after, notes) = label();
    assert_eq!(after, before);
    assert!(notes.contains("the first 1000 are told apart"), "{notes}");
}

#[test]
fn the_first_record_of_an_id_counts_under_a_filter_too() {
    let env = TestEnv::new();
    let first = record(1);
    let other = first.replace("\"status\":\"ok\"", "\"status\":\"error\"");
    assert_ne!(first, other);
    let repo = repo(&env, &format!("{first}{}{other}", record(2)));
    assert_snapshot!(repo.play(
        "promptctl stats --by status --format csv
         promptctl stats --status error --format csv"
    ), @"
    $ promptctl stats --by status --format csv
    status,executions,success,success_low,success_high,score,score_low,score_high,win,win_low,win_high,invalid,errors,interrupted,fallbacks,p50_ms,p90_ms,p99_ms,exact,input_tokens,cached_tokens,output_tokens,reasoning_tokens,cost_usd,cost_per_call,cost_per_win,unpriced,outcomes,coverage,first_used,last_used
    ok,2,1.0,0.34238022750665315,1.0,,,,,,,0,0,0,0,250.0,290.0,299.0,true,200,20,40,,0.005,0.0025,,0,0,0.0,2026-10-01T01:00:00Z,2026-10-01T02:00:00Z
    --- stderr
    1 record in the logs more than once, and counted once: as it stands first
    $ promptctl stats --status error --format csv
    prompt,version,executions,success,success_low,success_high,score,score_low,score_high,win,win_low,win_high,invalid,errors,interrupted,fallbacks,p50_ms,p90_ms,p99_ms,exact,input_tokens,cached_tokens,output_tokens,reasoning_tokens,cost_usd,cost_per_call,cost_per_win,unpriced,outcomes,coverage,first_used,last_used
    --- stderr
    1 record in the logs more than once, and counted once: as it stands first
    ");
}

#[test]
fn of_two_records_of_one_id_the_first_counts_everywhere() {
    let env = TestEnv::new();
    let first = record(1);
    let other = first.replace("\"cost_usd\":0.002", "\"cost_usd\":0.5");
    assert_ne!(first, other);
    let repo = repo(&env, &format!("{first}{}{other}", record(2)));
    assert_snapshot!(repo.play(&format!(
        "promptctl log --until 2026-10-01T02:00
         promptctl log show {0} --format json
         promptctl log export --format csv --until 2026-10-01T02:00 --output one.csv
         promptctl stats --by version --version v2 --format csv", id(1)
    )), @r#"
    $ promptctl log --until 2026-10-01T02:00
    <uuid>	2026-10-01T01:00:00Z	support/triage	v2	ok	gpt-5-mini	120	$0.002	<n> ms
    --- stderr
    warning: 1 more record of the same id says something else; what stands first in the log is shown, and counts
    $ promptctl log show <uuid> --format json
    {
      "schema": 1,
      "id": "<uuid>",
      "time": "2026-10-01T01:00:00.000Z",
      "prompt": "support/triage",
      "version": 2,
      "digest": null,
      "commit": null,
      "blob": null,
      "dirty": false,
      "environment": "production",
      "variant": null,
      "source": "local",
      "model": "gpt-5-mini",
      "status": "ok",
      "duration_ms": <n>,
      "attempts": 1,
      "usage": {
        "input_tokens": 100,
        "cached_tokens": 10,
        "output_tokens": 20,
        "reasoning_tokens": null,
        "total_tokens": 120
      },
      "cost_usd": 0.002,
      "response_id": "resp_1",
      "request_id": null,
      "request_hash": null,
      "case": null,
      "labels": {
        "order": "A-0",
        "single": "S-1"
      },
      "fallback": null,
      "error": null,
      "variables": {},
      "output": "billing"
    }
    --- stderr
    warning: 1 more record of the same id says something else; what stands first in the log is shown, and counts
    $ promptctl log export --format csv --until 2026-10-01T02:00 --output one.csv
    warning: 1 more record of the same id says something else; what stands first in the log is shown, and counts
    $ promptctl stats --by version --version v2 --format csv
    version,executions,success,success_low,success_high,score,score_low,score_high,win,win_low,win_high,invalid,errors,interrupted,fallbacks,p50_ms,p90_ms,p99_ms,exact,input_tokens,cached_tokens,output_tokens,reasoning_tokens,cost_usd,cost_per_call,cost_per_win,unpriced,outcomes,coverage,first_used,last_used
    2,1,1.0,0.20654931437723745,1.0,,,,,,,0,0,0,0,200.0,200.0,200.0,true,100,10,20,,0.002,0.002,,0,0,0.0,2026-10-01T01:00:00Z,2026-10-01T01:00:00Z
    --- stderr
    1 record in the logs more than once, and counted once: as it stands first
    "#);
    assert!(
        repo.read("one.csv").contains(",0.002,"),
        "{}",
        repo.read("one.csv")
    );
}

#[test]
fn an_outcome_dated_ahead_keeps_no_later_one_from_counting() {
    let env = TestEnv::new();
    let ahead = |number| json!({"schema": 1, "outcome_of": id(number), "time": "2099-01-01T00:00:00Z", "label": "win"});
    let log = record(1) + &record(2) + &format!("{}\n{}\n", ahead(1), ahead(2));
    let repo = repo(&env, &log);
    let table = format!("id,label,time\n{},win,2099-01-01T00:00:00Z\n", id(1));
    assert_snapshot!(repo.run_with("promptctl outcome -", &table), @"
    error[P323]: `time` is when it was told, and this is more than a day ahead of now: 2099-01-01T00:00:00Z
      at: standard input:2:42
    [exit 1]
    ");
    let stats = "promptctl stats --by prompt --format json";
    let labels = || {
        let labels = &repo.json(stats)["groups"][0]["outcomes"]["labels"];
        ["win", "loss"].map(|label| labels[label]["count"].as_u64().unwrap_or(0))
    };
    assert_eq!(labels(), [2, 0]);
    assert_snapshot!(repo.play(&format!(
        "promptctl outcome {0} --label loss
         promptctl log show {0}
         promptctl stats --by prompt", id(1)
    )), @r#"
    $ promptctl outcome <uuid> --label loss
    outcome recorded for <uuid>
    it says something else than was told before; the last by time counts
    $ promptctl log show <uuid>
    id            <uuid>
    time          2026-10-01T01:00:00.000Z
    prompt        support/triage
    version       2
    dirty         false
    environment   production
    source        local
    model         gpt-5-mini
    status        ok
    duration_ms   <n>
    attempts      1
    usage         {"input_tokens":100,"cached_tokens":10,"output_tokens":20,"reasoning_tokens":null,"total_tokens":120}
    cost_usd      0.002
    response_id   resp_1
    labels        {"order":"A-0","single":"S-1"}
    outcomes      [{"schema":1,"outcome_of":"<uuid>","time":"2099-01-01T00:00:00.000Z","score":null,"label":"win","metrics":{},"note":null},{"schema":1,"outcome_of":"<uuid>","time":"2026-11-03T12:00:00.000Z","score":null,"label":"loss","metrics":{},"note":null}]

    billing
    --- stderr
    warning: 1 outcome dated more than a day ahead of now; any other of this execution counts in its place
    $ promptctl stats --by prompt
    support/triage	2	100 % (34–100)	<n> ms	<n> ms	<n> ms	$0.005	$0.0025	100.0 %	50 % (9–91)	$0.005	200/40	2026-10-01T02:00:00Z
    --- stderr
    1 outcome replaced by another one of the same execution; the last by time counts
    2 outcomes dated more than a day ahead of now; any other of the same execution counts in its place
    "#);
    assert_eq!(labels(), [1, 1]);
    assert_eq!(repo.json(stats)["met"]["ahead_outcomes"], 2);
    let exported = repo.run("promptctl log export --format csv").stdout;
    assert!(exported.contains(",loss,"), "{exported}");
    // What counts is the same once the calls are sums.
    let code = repo.run("promptctl log prune --older-than 1d").code;
    assert_eq!((code, labels()), (Some(0), [1, 1]));
}

#[test]
fn a_line_without_an_id_is_known_again_by_what_it_says() {
    let env = TestEnv::new();
    let repo = repo(&env, "");
    // Two calls of one moment are two, and of a whole second nobody knows.
    let line = |time: &str| json!({"prompt": "a", "duration_ms": 5, "time": time}).to_string();
    let (moment, second) = (
        line("2026-11-01T10:00:00.123Z"),
        line("2026-11-01T10:00:00Z"),
    );
    let answer = json!({"prompt": "a", "response_id": "resp_1"});
    repo.write(
        "calls.jsonl",
        format!("{moment}\n{moment}\n{second}\n{answer}\n"),
    );
    assert_snapshot!(repo.play(
        "promptctl log append calls.jsonl
         promptctl log append calls.jsonl"
    ), @"
    $ promptctl log append calls.jsonl
    4 records appended
    $ promptctl log append calls.jsonl
    3 of 4 records are in the log, or above, already
    1 record appended
    ");
    let ids: std::collections::BTreeSet<String> = repo
        .read(LOG)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 5);
}

#[test]
fn a_record_that_the_log_holds_is_not_appended_again_and_is_listed_once() {
    let env = TestEnv::new();
    let repo = repo(&env, "");
    let calls: String = (0..3).map(record).collect();
    repo.write("calls.jsonl", calls + &record(2));
    assert_snapshot!(repo.play(
        "promptctl log append calls.jsonl --dry-run
         promptctl log append calls.jsonl
         promptctl log append calls.jsonl
         promptctl log append calls.jsonl --format json"
    ), @r#"
    $ promptctl log append calls.jsonl --dry-run
    3 records would be appended
    --- stderr
    1 of 4 records is in the log, or above, already
    $ promptctl log append calls.jsonl
    1 of 4 records is in the log, or above, already
    3 records appended
    $ promptctl log append calls.jsonl
    4 of 4 records are in the log, or above, already
    0 records appended
    $ promptctl log append calls.jsonl --format json
    {
      "schema": 1,
      "ids": [],
      "already": [
        "<uuid>",
        "<uuid>",
        "<uuid>",
        "<uuid>"
      ]
    }
    "#);
    let once = repo.read(LOG);
    assert_eq!(once.lines().count(), 3);
    // Two machines' logs were put together; what became of a call stands between its lines.
    let outcome =
        json!({"schema": 1, "outcome_of": id(1), "time": "2026-10-02T00:00:00Z", "score": 0.5});
    repo.write(LOG, format!("{once}{outcome}\n{once}"));
    let found = repo.json("promptctl log --format json");
    let records = found["records"].as_array().unwrap();
    assert_eq!(records.len(), 3, "{found}");
    assert_eq!(records[1]["outcomes"][0]["score"], 0.5, "{found}");
    let exported = repo.run("promptctl log export --format jsonl").stdout;
    assert_eq!(exported.lines().count(), 3, "{exported}");
    assert_eq!(
        repo.run(&format!("promptctl log show {}", &id(1)[30..]))
            .code,
        Some(0)
    );
}

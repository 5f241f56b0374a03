//! `stats --fail-on`: what fires, and what must not keep it from firing.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::past;
use super::stats::{LOG, Line, outcome, repo};
use crate::env::TestEnv;

#[test]
fn an_alert_ends_with_3_beyond_doubt_and_with_0_for_want_of_calls() {
    let env = TestEnv::new();
    let mut log = String::new();
    for number in 0..100 {
        let mut line = Line::new(number);
        line.status = if number % 10 < 3 { "error" } else { "ok" };
        log += &line.text();
    }
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play(
        "promptctl stats --quiet --fail-on 'success < 0.95'
         promptctl stats --quiet --fail-on 'success < 0.8'
         promptctl stats --quiet --fail-on 'success.low < 0.8' --fail-on 'calls < 1'
         promptctl stats --quiet --fail-on 'success < 0.8' --level 95
         promptctl stats --fail-on 'success < 0.95' --fail-on 'score < 1' --since 2026-11-03
         promptctl stats --prompt other --fail-on 'calls < 1' --fail-on 'success < 1'
         promptctl stats --by version,status --fail-on 'p50 > 0.1s'
         promptctl stats --fail-on 'sucess < 1'"
    ), @"
    $ promptctl stats --quiet --fail-on 'success < 0.95'
    100	70 % (60–78)	<n> ms	<n> ms	<n> ms	$0.1	$0.001	10.0k/2.0k	2026-11-03T09:00:00Z
    --- stderr
    alert: success < 0.95: 70.0 % (53.6 % to 82.5 % at 99.9 %, 100 calls)
    [exit 3]
    $ promptctl stats --quiet --fail-on 'success < 0.8'
    100	70 % (60–78)	<n> ms	<n> ms	<n> ms	$0.1	$0.001	10.0k/2.0k	2026-11-03T09:00:00Z
    $ promptctl stats --quiet --fail-on 'success.low < 0.8' --fail-on 'calls < 1'
    100	70 % (60–78)	<n> ms	<n> ms	<n> ms	$0.1	$0.001	10.0k/2.0k	2026-11-03T09:00:00Z
    --- stderr
    alert: success.low < 0.8: 70.0 % (53.6 % to 82.5 % at 99.9 %, 100 calls)
    [exit 3]
    $ promptctl stats --quiet --fail-on 'success < 0.8' --level 95
    100	70 % (60–78)	<n> ms	<n> ms	<n> ms	$0.1	$0.001	10.0k/2.0k	2026-11-03T09:00:00Z
    --- stderr
    alert: success < 0.8: 70.0 % (60.4 % to 78.1 % at 95 %, 100 calls)
    [exit 3]
    $ promptctl stats --fail-on 'success < 0.95' --fail-on 'score < 1' --since 2026-11-03
    30	70 % (52–83)	<n> ms	<n> ms	<n> ms	$0.03	$0.001	3.0k/600	2026-11-03T09:00:00Z
    --- stderr
    3 places where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    alert: success < 0.95: 70.0 % (40.5 % to 88.9 % at 99.9 %, 30 calls)
    score < 1: nothing to judge
    [exit 3]
    $ promptctl stats --prompt other --fail-on 'calls < 1' --fail-on 'success < 1'
    3 places where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    none of 100 executions fits --prompt
    alert: calls < 1: 0
    success < 1: nothing to judge
    [exit 3]
    $ promptctl stats --by version,status --fail-on 'p50 > 0.1s'
    v1	error	30	0 % (0–11)	<n> ms	<n> ms	<n> ms	$0.03	$0.001	3.0k/600	2026-11-03T02:00:00Z
    v1	ok	70	100.0 % (94.8–100.0)	<n> ms	<n> ms	<n> ms	$0.07	$0.001	7.0k/1.4k	2026-11-03T09:00:00Z
    --- stderr
    3 places where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    alert: v1 ok: p50 > 0.1s: <n> ms (<n> ms to <n> ms at 99.9 %, 70 calls)
    [exit 3]
    $ promptctl stats --fail-on 'sucess < 1'
    error: invalid value 'sucess < 1' for '--fail-on <CONDITION>': the figures are calls, success, invalid, errors, interrupted, fallbacks, p50, p90, p99, tokens, cost, cost_per_call, cost_per_win, unpriced, coverage, score, win, label:NAME, metric:NAME, and /POINTER into the answers

    For more information, try '--help'.
    [exit 2]
    ");
    let shape = repo.json("promptctl stats --fail-on 'success < 0.95' --format json");
    assert_eq!(shape["alerts"][0]["fired"], true);
    assert_eq!(shape["alerts"][0]["condition"], "success < 0.95");
    assert_eq!(shape["alerts"][0]["unsound"], 0);
    assert_eq!(shape["alerts"][0]["too_few"], Value::Null);
    assert_eq!(shape["alerts"][0]["level"], 0.999);
}

#[test]
fn a_share_that_no_group_can_have_is_refused() {
    let env = TestEnv::new();
    let repo = repo(&env, "");
    assert_snapshot!(repo.play(
        "promptctl stats --fail-on 'errors > 5'
         promptctl stats --fail-on 'success < 95'
         promptctl stats --fail-on 'errors.high > 100%'
         promptctl stats --fail-on 'cost_per_win.low < 1'
         promptctl stats --fail-on 'p99 > 95%'
         promptctl stats --quiet --fail-on 'errors > 5%' --fail-on 'success < 0.95'"
    ), @"
    $ promptctl stats --fail-on 'errors > 5'
    error: invalid value 'errors > 5' for '--fail-on <CONDITION>': `errors` is a share from 0 to 1, so this never holds: did you mean 0.05 or 5%?

    For more information, try '--help'.
    [exit 2]
    $ promptctl stats --fail-on 'success < 95'
    error: invalid value 'success < 95' for '--fail-on <CONDITION>': `success` is a share from 0 to 1, so this always holds: did you mean 0.95 or 95%?

    For more information, try '--help'.
    [exit 2]
    $ promptctl stats --fail-on 'errors.high > 100%'
    error: invalid value 'errors.high > 100%' for '--fail-on <CONDITION>': `errors` is a share from 0 to 1, so this never holds

    For more information, try '--help'.
    [exit 2]
    $ promptctl stats --fail-on 'cost_per_win.low < 1'
    error: invalid value 'cost_per_win.low < 1' for '--fail-on <CONDITION>': `cost_per_win` has no interval: leave `.low` out

    For more information, try '--help'.
    [exit 2]
    $ promptctl stats --fail-on 'p99 > 95%'
    error: invalid value 'p99 > 95%' for '--fail-on <CONDITION>': `p99` is not measured in `%`: write it as in `2s`

    For more information, try '--help'.
    [exit 2]
    $ promptctl stats --quiet --fail-on 'errors > 5%' --fail-on 'success < 0.95'
    ");
}

#[test]
fn groups_that_have_too_few_are_counted_in_one_line_and_listed_for_scripts() {
    let env = TestEnv::new();
    let log: String = (0..30).map(|number| Line::new(number).text()).collect();
    let repo = repo(&env, &log);
    let alert = "promptctl stats --utc --by hour --top 1 --fail-on 'success < 0.95'";
    assert_snapshot!(repo.play(alert), @"
    $ promptctl stats --utc --by hour --top 1 --fail-on 'success < 0.95'
    2026-11-01T00	1	100 % (21–100)	<n> ms	<n> ms	<n> ms	$0.001	$0.001	100/20	2026-11-01T00:00:00Z
    --- stderr
    not shown: 29 more groups
    success < 0.95: too few in 30 of 30 groups (--min-calls 30); --format json lists them
    ");
    let shape = repo.json(&format!("{alert} --format json"));
    let alerts = shape["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), 30);
    assert!(alerts.iter().all(|alert| alert["too_few"] == "calls"));
}

/// A hundred calls of which most failed, and a history of many that did not.
fn with_foreign_past(env: &TestEnv) -> crate::env::Shell {
    let well: String = (0..60)
        .map(past::record)
        .map(|line| line.replace("\"error\"", "\"ok\""))
        .collect();
    let repo = repo(env, &well.replace("\"ok\":null", "\"error\":null"));
    assert_eq!(
        repo.run("promptctl log prune --older-than 1d").code,
        Some(0)
    );
    let failing: String = (0..100)
        .map(|number| {
            let mut line = Line::new(number);
            line.status = if number % 2 == 0 { "error" } else { "ok" };
            line.text()
        })
        .collect();
    repo.write(LOG, failing);
    repo
}

#[test]
fn past_sums_that_git_tracks_silence_no_alert_unless_their_log_is_named() {
    let env = TestEnv::new();
    let repo = with_foreign_past(&env);
    let alert = "promptctl stats --by all --fail-on 'success < 0.7'";
    assert_eq!(repo.run(alert).code, Some(0));
    repo.git("add --force .promptctl/history.jsonl");
    assert_snapshot!(repo.run(alert), @"
    100	50 % (40–60)	<n> ms	<n> ms	<n> ms	$0.1	$0.001	10.0k/2.0k	2026-11-03T09:00:00Z
    --- stderr
    warning: git tracks files in .promptctl, or another repository is there, so somebody else may have written what the log says
    left out: 60 executions of which only daily sums are left: somebody else may have written them, since git tracks them
    3 places where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    alert: success < 0.7: 50.0 % (34.4 % to 65.6 % at 99.9 %, 100 calls)
    [exit 3]
    ");
    let named = format!("{alert} --log {LOG}");
    assert_eq!(repo.run(&named).code, Some(0));
}

#[test]
fn no_check_goes_by_a_log_that_git_tracks() {
    let env = TestEnv::new();
    let log: String = (0..100).map(|number| Line::new(number).text()).collect();
    let repo = repo(&env, &log);
    repo.git("add --force .promptctl/executions.jsonl");
    assert_snapshot!(repo.play(
        "promptctl stats --quiet --fail-on 'success < 0.5'
         promptctl compare support/triage@v1 support/triage@v2 --fail-on worse"
    ), @"
    $ promptctl stats --quiet --fail-on 'success < 0.5'
    warning: git tracks files in .promptctl, or another repository is there, so somebody else may have written what the log says
    error[P427]: the log may have come with the repository, and no check goes by such a log
      at: .promptctl/executions.jsonl
      hint: git rm --cached takes it out of git; --log PATH takes the log at its word
    [exit 1]
    $ promptctl compare support/triage@v1 support/triage@v2 --fail-on worse
    warning: git tracks files in .promptctl, or another repository is there, so somebody else may have written what the log says
    error[P427]: the log may have come with the repository, and no check goes by such a log
      at: .promptctl/executions.jsonl
      hint: git rm --cached takes it out of git; --log PATH takes the log at its word
    [exit 1]
    ");
    let named = format!("promptctl stats --fail-on 'success < 0.5' --log {LOG}");
    assert_eq!(repo.run(&named).code, Some(0));
    // Other files there are no log.
    repo.git("rm --quiet --cached .promptctl/executions.jsonl");
    repo.write(".promptctl/note.txt", "x");
    repo.git("add --force .promptctl/note.txt");
    let own = "promptctl stats --fail-on 'success < 0.5'";
    assert_eq!(repo.run(own).code, Some(0));
}

/// What a link leads to, the index lists under its own path.
#[cfg(unix)]
#[test]
fn no_check_goes_by_a_log_or_past_sums_behind_a_link_that_git_tracks() {
    use std::os::unix::fs::symlink;

    let log: String = (0..100).map(|number| Line::new(number).text()).collect();
    let alert = "promptctl stats --by all --fail-on 'success < 0.7'";
    for is_folder in [true, false] {
        let env = TestEnv::new();
        let repo = repo(&env, &log);
        let own = repo.dir.join(".promptctl");
        std::fs::rename(&own, repo.dir.join("logs")).unwrap();
        match is_folder {
            true => symlink("logs", own).unwrap(),
            false => {
                std::fs::create_dir(&own).unwrap();
                symlink("../logs/executions.jsonl", own.join("executions.jsonl")).unwrap();
            }
        }
        repo.git("add --force .promptctl logs");
        let run = repo.run(alert);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(run.stderr.contains("P427"), "{}", run.stderr);
    }
    let env = TestEnv::new();
    let repo = with_foreign_past(&env);
    std::fs::create_dir(repo.dir.join("logs")).unwrap();
    std::fs::rename(
        repo.dir.join(".promptctl/history.jsonl"),
        repo.dir.join("logs/past"),
    )
    .unwrap();
    symlink("../logs/past", repo.dir.join(".promptctl/history.jsonl")).unwrap();
    repo.git("add --force .promptctl/history.jsonl logs");
    assert_eq!(repo.run(alert).code, Some(3));
}

#[test]
fn figures_that_no_call_has_are_left_out_and_silence_no_alert() {
    let env = TestEnv::new();
    let root = env.root();
    let mut log = String::new();
    for number in 0..40 {
        let text = Line::new(number).text();
        log += &match number {
            1 => text.replace("\"cost_usd\":0.001", "\"cost_usd\":-5"),
            2 => text.replace("\"cost_usd\":0.001", "\"cost_usd\":1e308"),
            3 => text.replace("\"duration_ms\":400", "\"duration_ms\":99000000000000"),
            4 => text.replace("\"output_tokens\":20", "\"output_tokens\":2000000000000"),
            5 => text.replace("\"output_tokens\":20", "\"output_tokens\":-3"),
            6 => text.replace("\"cost_usd\":0.001", "\"cost_usd\":NaN"),
            7 => text.replace("\"output\":\"billing\"", r#""output":"{\"sure\":1e308}""#),
            _ => text.replace("\"output\":\"billing\"", r#""output":"{\"sure\":0.5}""#),
        };
    }
    log += &outcome(8, &json!({"score": 1e308, "metrics": {"r": -1e308}}));
    log += &outcome(9, &json!({"score": 0.5, "metrics": {"r": 1.5}}));
    root.write("calls.jsonl", log);
    assert_snapshot!(root.run("promptctl stats --by all --log calls.jsonl --value /sure"), @"
    38	100.0 % (90.8–100.0)	<n> ms	<n> ms	<n> ms	$0.036	$0.001	5.3 %	0.5	1.5	0.5	3.8k/740	2026-11-03T09:00:00Z
    --- stderr
    warning: left out: $ROOT/calls.jsonl:2: only a figure, the rest of the line counts: `cost_usd` is negative
    warning: left out: $ROOT/calls.jsonl:3: only a figure, the rest of the line counts: `cost_usd` is more than any call has: 1000000
    warning: left out: $ROOT/calls.jsonl:4: only a figure, the rest of the line counts: `duration_ms` is more than any call has: 31622400000
    warning: left out: $ROOT/calls.jsonl:5: only a figure, the rest of the line counts: `output_tokens` is more than any call has: 1000000000000
    warning: left out: $ROOT/calls.jsonl:6: the line is not a record: invalid value: integer `-3`, expected u64
    warning: left out: $ROOT/calls.jsonl:7: the line is not JSON
    warning: left out: $ROOT/calls.jsonl:41: only a figure, the rest of the line counts: a score or a metric is beyond 1e15
    1 place where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    2 of 38 calls have no known price; costs are those of the others
    ");
    for (condition, fires) in [
        ("success < 0.1", false),
        ("cost > 1", true),
        ("p50 > 20s", true),
        ("tokens > 1000000", true),
        ("score < 0.1", true),
        ("metric:r < 0", true),
        ("/sure < 0.1", true),
        ("win < 0.1", false),
    ] {
        let run = root.run(&format!(
            "promptctl stats --log calls.jsonl --fail-on '{condition}'"
        ));
        assert_eq!(
            run.code,
            Some(if fires { 3 } else { 0 }),
            "{condition}: {run}"
        );
    }
    let run = root.run("promptctl stats --quiet --log calls.jsonl --fail-on 'cost > 1'");
    assert!(
        run.stderr.ends_with(
            "alert: cost > 1: 2 figures that no call has are left out, and the others come to $0.036\n"
        ),
        "{run}"
    );
    let alert = "promptctl stats --log calls.jsonl --fail-on 'cost > 1' --format json";
    let alert: Value = serde_json::from_str(&root.run(alert).stdout).unwrap();
    assert_eq!(alert["alerts"][0]["unsound"], 2, "{alert}");
    let shape = root.json("promptctl stats --by all --log calls.jsonl --format json");
    assert_eq!(shape["groups"][0]["cost_usd"]["unpriced"], 2);
    let left_out: Vec<&Value> = shape["logs"][0]["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(left_out.len(), 7, "{shape}");
    // Two versions are compared without them too.
    let run = root.run("promptctl compare label:a=1 label:b=1 --log calls.jsonl");
    assert!(run.stderr.contains("`cost_usd` is negative"), "{run}");
}

#[test]
fn a_figure_that_no_call_has_makes_no_other_figure_fire() {
    let env = TestEnv::new();
    let root = env.root();
    let mut log: String = (0..40).map(|number| Line::new(number).text()).collect();
    for number in 1..40 {
        log += &outcome(
            number,
            &json!({"score": 0.9, "metrics": {"profit": 1, "loss": 1}}),
        );
    }
    let wrong = outcome(
        0,
        &json!({"score": 0.9, "metrics": {"profit": 1e20, "loss": 1}}),
    );
    let code = |log: String, condition: &str| {
        root.write("calls.jsonl", log);
        root.run(&format!(
            "promptctl stats --log calls.jsonl --fail-on '{condition}'"
        ))
        .code
    };
    for (condition, fires) in [
        ("score < 0.5", 0),
        ("metric:loss < 0", 0),
        ("metric:profit < 0", 3),
    ] {
        assert_eq!(
            code(log.clone() + &wrong, condition),
            Some(fires),
            "{condition}"
        );
    }
    // A later outcome corrects it, and an earlier one does not.
    let right = outcome(0, &json!({"metrics": {"profit": 2}}));
    let before = right.replace("2026", "2020");
    assert_eq!(
        code(log.clone() + &wrong + &right, "metric:profit < 0"),
        Some(0)
    );
    assert_eq!(code(log + &wrong + &before, "metric:profit < 0"), Some(3));
}

#[test]
fn a_quantile_that_cannot_be_so_sure_says_how_many_calls_it_needs() {
    let env = TestEnv::new();
    let log: String = (0..120).map(|number| Line::new(number).text()).collect();
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play(
        "promptctl stats --quiet --top 1 --by day --utc --fail-on 'p99 > 10ms'
         promptctl stats --top 1 --by day --utc --fail-on 'p99 > 10ms' --fail-on 'p50 > 10s'
         promptctl stats --quiet --fail-on 'p99 > 10ms'
         promptctl stats --quiet --fail-on 'p90 > 10ms'"
    ), @"
    $ promptctl stats --quiet --top 1 --by day --utc --fail-on 'p99 > 10ms'
    2026-11-01	40	100.0 % (91.2–100.0)	<n> ms	<n> ms	<n> ms	$0.04	$0.001	4.0k/800	2026-11-01T09:00:00Z
    $ promptctl stats --top 1 --by day --utc --fail-on 'p99 > 10ms' --fail-on 'p50 > 10s'
    2026-11-01	40	100.0 % (91.2–100.0)	<n> ms	<n> ms	<n> ms	$0.04	$0.001	4.0k/800	2026-11-01T09:00:00Z
    --- stderr
    3 places where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    not shown: 2 more groups
    p99 > 10ms: too few for p99 at 99.9 %, which needs 757 calls (--level) in 3 of 3 groups; --format json lists them
    $ promptctl stats --quiet --fail-on 'p99 > 10ms'
    120	100.0 % (96.9–100.0)	<n> ms	<n> ms	<n> ms	$0.12	$0.001	12.0k/2.4k	2026-11-03T09:00:00Z
    $ promptctl stats --quiet --fail-on 'p90 > 10ms'
    120	100.0 % (96.9–100.0)	<n> ms	<n> ms	<n> ms	$0.12	$0.001	12.0k/2.4k	2026-11-03T09:00:00Z
    --- stderr
    alert: p90 > 10ms: <n> ms (<n> ms to <n> ms at 99.9 %, 120 calls)
    [exit 3]
    ");
    let shape = repo.json("promptctl stats --fail-on 'p99 > 10ms' --format json");
    let alert = &shape["alerts"][0];
    assert_eq!(
        (&alert["too_few"], &alert["needed"]),
        (&json!("level"), &json!(757))
    );
}

#[test]
fn a_group_that_fell_silent_has_no_calls() {
    let env = TestEnv::new();
    let mut log = String::new();
    for number in 0..60 {
        let mut line = Line::new(number);
        if number >= 30 {
            line.prompt = "support/reply";
            line.time = "2026-11-03T11:30:00.000Z".to_owned();
        }
        log += &line.text();
    }
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play(
        "promptctl stats --since 2h --by prompt --fail-on 'calls < 1'
         promptctl stats --since 2h --by prompt --fail-on 'success < 0.95'
         promptctl stats --since 2h --by prompt,hour --utc --fail-on 'calls < 1'
         promptctl stats --since 2h --prompt support/triage --by prompt --fail-on 'calls < 1' --fail-on 'success < 0.95'"
    ), @"
    $ promptctl stats --since 2h --by prompt --fail-on 'calls < 1'
    support/reply	30	100 % (89–100)	<n> ms	<n> ms	<n> ms	$0.03	$0.001	3.0k/600	2026-11-03T11:30:00Z
    --- stderr
    alert: support/triage: calls < 1: 0
    [exit 3]
    $ promptctl stats --since 2h --by prompt --fail-on 'success < 0.95'
    support/reply	30	100 % (89–100)	<n> ms	<n> ms	<n> ms	$0.03	$0.001	3.0k/600	2026-11-03T11:30:00Z
    $ promptctl stats --since 2h --by prompt,hour --utc --fail-on 'calls < 1'
    support/reply	2026-11-03T11	30	100 % (89–100)	<n> ms	<n> ms	<n> ms	$0.03	$0.001	3.0k/600	2026-11-03T11:30:00Z
    $ promptctl stats --since 2h --prompt support/triage --by prompt --fail-on 'calls < 1' --fail-on 'success < 0.95'
    none of 60 executions fits --prompt and --since
    alert: support/triage: calls < 1: 0
    success < 0.95: nothing to judge
    [exit 3]
    ");
}

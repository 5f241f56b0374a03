//! `leaderboard`: ranks of what differs beyond doubt.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::json;

use super::stats::{Line, outcome, repo};
use crate::env::TestEnv;

#[test]
fn the_leaderboard_tells_apart_only_what_differs() {
    let env = TestEnv::new();
    let mut log = String::new();
    let mut number = 0;
    // Version 1 mostly well, version 2 as well as far as few calls tell, 3 badly, 4 too few.
    for (version, of, good) in [(1, 4000, 3600), (2, 100, 95), (3, 100, 40), (4, 29, 29)] {
        for at in 0..of {
            let mut line = Line::new(number);
            line.time = format!(
                "2026-1{}-01T00:00:{:02}.{:03}Z",
                u32::from(version < 3),
                at / 100,
                at % 100
            );
            line.version = version;
            line.status = if at < good { "ok" } else { "error" };
            line.labels = json!({"market": if version == 3 { "EU" } else { "US" }});
            log += &line.text();
            number += 1;
        }
    }
    for at in 0..1000 {
        let profit = f64::from(at % 10) - 4.0;
        write!(
            log,
            "{}",
            outcome(at, &json!({"metrics": {"profit": profit}}))
        )
        .unwrap();
    }
    let repo = repo(&env, &log);
    let wide = repo.with("PROMPTCTL_WIDTH", "110");
    assert_snapshot!(wide.play(
        "promptctl leaderboard
         promptctl leaderboard --by prompt --metric profit --category support
         promptctl leaderboard --category tickets
         promptctl leaderboard --metric p99"
    ), @"
    $ promptctl leaderboard
    RANK     PROMPT          VERSION  SUCCESS     LOW     HIGH     N  FIRST USED  LAST USED
    1=       support/triage  v1        90.0 %  89.0 %   90.9 %  4000  2026-11-01  2026-11-01
    1=       support/triage  v2        95.0 %  88.8 %   97.8 %   100  2026-11-01  2026-11-01
    3        support/triage  v3        40.0 %  30.9 %   49.8 %   100  2026-10-01  2026-10-01
    too few  support/triage  v4       100.0 %  88.3 %  100.0 %    29  2026-10-01  2026-10-01
    --- stderr
    1 place where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    other times: support/triage v1 was used from 2026-11-01 to 2026-11-01, support/triage v3 from 2026-10-01 to 2026-10-01
    other calls: support/triage v1 and support/triage v3 differ in label market for 100 % of theirs
    too few: fewer than 30 are no ground for a rank
    a rank with = is shared: those are not told apart
    it describes what was used and decides nothing; each call counts as independent
    $ promptctl leaderboard --by prompt --metric profit --category support
    RANK  PROMPT          PROFIT     LOW    HIGH     N  COVERAGE  FIRST USED  LAST USED
    1     support/triage     0.5  0.3217  0.6783  1000    26.6 %  2026-10-01  2026-11-01
    --- stderr
    1 place where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    it describes what was used and decides nothing; each call counts as independent
    $ promptctl leaderboard --category tickets
    error: no prompt has the category `tickets`
      hint: the categories are support
    [exit 2]
    $ promptctl leaderboard --metric p99
    RANK     PROMPT          VERSION      P99      LOW     HIGH     N  FIRST USED  LAST USED
    1        support/triage  v1       <n> ms  <n> ms  <n> ms  4000  2026-11-01  2026-11-01
    too few  support/triage  v2       <n> ms        -        -   100  2026-11-01  2026-11-01
    too few  support/triage  v3       <n> ms        -        -   100  2026-10-01  2026-10-01
    too few  support/triage  v4       <n> ms        -        -    29  2026-10-01  2026-10-01
    --- stderr
    1 place where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time
    too few: fewer than 30, and what has too few for an interval, are no ground for a rank
    it describes what was used and decides nothing; each call counts as independent
    ");
    let narrow = repo.with("PROMPTCTL_WIDTH", "60");
    assert_snapshot!(narrow.ok("promptctl leaderboard"), @"
    PROMPT
      RANK     VERSION  SUCCESS     LOW     HIGH     N
    support/triage
      1=       v1        90.0 %  89.0 %   90.9 %  4000
      1=       v2        95.0 %  88.8 %   97.8 %   100
      3        v3        40.0 %  30.9 %   49.8 %   100
      too few  v4       100.0 %  88.3 %  100.0 %    29
    ");
    let shape = repo.json("promptctl leaderboard --format json");
    let rows: Vec<_> = shape["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["rank"], &row["tied"], &row["version"]))
        .collect();
    assert_eq!(
        rows,
        [
            (&json!(1), &json!(true), &json!(1)),
            (&json!(1), &json!(true), &json!(2)),
            (&json!(3), &json!(false), &json!(3))
        ]
    );
    assert_eq!(shape["too_few"][0]["n"], 29);
}

#[test]
fn a_figure_of_outcomes_stands_beside_its_coverage_on_a_narrow_terminal_too() {
    let env = TestEnv::new();
    let mut log = String::new();
    for number in 0..120 {
        let mut line = Line::new(number);
        line.version = 1 + number % 2;
        log += &line.text();
        if number % 2 == 0 || number < 80 {
            log += &outcome(number, &json!({"score": f64::from(number % 5) / 5.0}));
        }
    }
    let repo = repo(&env, &log);
    for (width, ends) in [("100", "LAST USED"), ("60", "COVERAGE")] {
        let run = repo
            .with("PROMPTCTL_WIDTH", width)
            .run("promptctl leaderboard --metric score");
        assert!(run.stdout.lines().any(|it| it.ends_with(ends)), "{run}");
        for coverage in ["100.0 %", "66.7 %"] {
            assert!(run.stdout.contains(coverage), "{run}");
        }
    }
}

#[test]
fn who_says_what_a_win_is_ranks_by_wins() {
    let env = TestEnv::new();
    let mut log = String::new();
    for number in 0..40 {
        log += &Line::new(number).text();
        let label = if number < 30 { "sold" } else { "lost" };
        log += &outcome(number, &json!({ "label": label }));
    }
    let repo = repo(&env, &log);
    let figure = |line: &str| {
        let board = repo.json(&format!("promptctl leaderboard {line} --format json"));
        (board["figure"].clone(), board["rows"][0]["value"].clone())
    };
    assert_eq!(figure("--win sold"), (json!("win"), json!(0.75)));
    assert_eq!(figure("").0, "success");
    assert_eq!(figure("--win sold --metric success").0, "success");
}

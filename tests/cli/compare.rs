//! `compare`: two versions side by side, and one after the other.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::stats::{Line, outcome};
use crate::env::{Shell, TestEnv};

const LOG: &str = ".promptctl/executions.jsonl";

/// So many calls in an hour, of 80 users by turns.
const AN_HOUR: u32 = 60;

/// Calls of ten hours; `version` says which a user has in which hour, `fails` which calls fail.
fn calls(version: impl Fn(u32, u32) -> u32, fails: impl Fn(u32, u32) -> bool) -> String {
    let mut text = String::new();
    for number in 0..10 * AN_HOUR {
        let (hour, user) = (number / AN_HOUR, number % 80);
        let mut line = Line::new(number);
        line.time = format!("2026-11-01T{hour:02}:{:02}:00.000Z", number % AN_HOUR);
        line.version = version(hour, user);
        line.status = if fails(number, line.version) {
            "error"
        } else {
            "ok"
        };
        line.labels =
            json!({"market": if user < 60 { "EU" } else { "US" }, "user": format!("u{user}")});
        text += &line.text();
    }
    text
}

fn repo(env: &TestEnv, log: &str) -> Shell {
    let repo = env.triage();
    repo.write(LOG, log);
    repo
}

/// A split by user in which v2 fails more often.
fn split() -> String {
    calls(
        |_, user| 1 + user % 2,
        |number, version| number % 30 < if version == 1 { 2 } else { 12 },
    )
}

const SIDES: &str = "promptctl compare support/triage@v1 support/triage@v2";

#[test]
fn a_worse_version_is_found_side_by_side() {
    let env = TestEnv::new();
    let repo = repo(&env, &split());
    assert_snapshot!(repo.with("PROMPTCTL_WIDTH", "120").play(&format!("{SIDES} --unit label:user --fail-on worse")), @"
    $ promptctl compare support/triage@v1 support/triage@v2 --unit label:user --fail-on worse
    support/triage v2 compared with v1, side by side in 10 hours from 2026-11-01 00:00 to 2026-11-01 10:00 (UTC), 298 calls
        against 298 calls
    FIGURE             V1      V2                  DIFFERENCE             P  N
    success        94.0 %  59.7 %      -34.2 (-40.3 to -28.1)  below 0.0001  298/298
    mean latency   <n> ms  <n> ms  +<n> ms (-<n> ms to +<n> ms)     describes  298/298
    tokens            120     120                           0     describes  298/298
    cost_per_call  $0.001  $0.001                          $0     describes  298/298
    v2 is worse than v1: success
    success: v2 is 34.2 points lower (28.1 to 40.3 points at this look), p below 0.0001
    --- stderr
    4 calls of times when only one side was called do not count
    by user: 40 and 40; the variance is 0.9 times that of independent calls
    p holds however often somebody looks, over the figure that decides; intervals are those of this look
    what only describes has an interval and no p; --by names what decides
    [exit 3]
    ");
    assert_snapshot!(repo.play(&format!(
        "{SIDES} --format markdown
         {SIDES} --by latency,metric:r --difference 5 --unit call"
    )), @"
    $ promptctl compare support/triage@v1 support/triage@v2 --format markdown
    #### `support/triage` v2 compared with v1, side by side in 10 hours from `2026-11-01 00:00` to `2026-11-01 10:00` (UTC), 298 calls against 298 calls

    **v2 is worse than v1: success**

    |  | v1 | v2 | difference | p | n |
    |---|---:|---:|---:|---:|---|
    | success | 94.0 % | 59.7 % | -34.2 (-40.3 to -27.9) | below 0.0001 | 298/298 |
    | mean latency | <n> ms | <n> ms | +<n> ms (+<n> ms to +<n> ms) | describes | 298/298 |
    | tokens | 120 | 120 | 0 | describes | 298/298 |
    | `cost_per_call` | $0.001 | $0.001 | $0 | describes | 298/298 |

    - success: v2 is 34.2 points lower (27.9 to 40.3 points at this look), p below 0.0001
    - 4 calls of times when only one side was called do not count
    - each call counted as independent; if users call often, this is too sure: `--unit label:KEY` names who called
    - p holds however often somebody looks, over the figure that decides; intervals are those of this look
    - what only describes has an interval and no p; `--by` names what decides
    $ promptctl compare support/triage@v1 support/triage@v2 --by latency,metric:r --difference 5 --unit call
    support/triage v2 compared with v1, side by side in 10 hours from 2026-11-01 00:00 to 2026-11-01 10:00 (UTC), 298 calls against 298 calls
    success	94.0 %	59.7 %	-34.2 (-40.3 to -27.9)	describes	298/298
    mean latency	<n> ms	<n> ms	+<n> ms (+<n> ms to +<n> ms)	0.01	298/298
    tokens	120	120	0	describes	298/298
    cost_per_call	$0.001	$0.001	$0	describes	298/298
    v2 is worse than v1: latency
    latency: v2 is <n> ms higher (<n> ms to <n> ms at this look), p 0.01
    metric:r: no call has it
    success: v2 is 34.2 points lower (27.9 to 40.3 points at this look); it decides nothing here, and is another measure than latency, metric:r: --by latency,metric:r,success judges by it too
    --- stderr
    4 calls of times when only one side was called do not count
    each call counted as independent; if users call often, this is too sure: --unit label:KEY names who called
    p holds however often somebody looks, over the figure that decides; intervals are those of this look
    what only describes has an interval and no p; --by names what decides
    ");
}

#[test]
fn scripts_read_what_was_compared() {
    let env = TestEnv::new();
    let repo = repo(&env, &split());
    let run = repo.run(&format!(
        "{SIDES} --unit label:user --share 1:1 --format json"
    ));
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["design"], "side_by_side");
    assert_eq!(found["verdict"], "worse");
    assert_eq!(
        (&found["hours"], &found["unit"]),
        (&json!(10), &json!("label:user"))
    );
    let success = &found["measures"][0];
    assert_eq!(success["name"], "success");
    assert!(
        success["difference"]["p_adjusted"].as_f64().unwrap() < 0.05,
        "{success}"
    );
    assert!(
        success["difference"]["high"].as_f64().unwrap() < 0.0,
        "{success}"
    );
    assert_eq!(success["a"]["units"], 40);
    assert_eq!(found["split"]["seen"], 0.5);
}

#[test]
fn what_one_version_alone_was_called_for_is_left_out_and_said() {
    let env = TestEnv::new();
    let mut log = split();
    for number in 0..300 {
        let mut line = Line::new(1000 + number);
        line.time = format!("2026-11-01T{:02}:{:02}:30.000Z", number / 30, number % 30);
        line.version = 1;
        log += &line.text().replace("\"production\"", "\"staging\"");
    }
    let repo = repo(&env, &log);
    let run = repo.run(&format!("{SIDES} --share 50:50"));
    assert!(!run.stdout.contains("the split is wrong"), "{run}");
    assert!(
        run.stderr.contains(
            "left out: 298 calls of v1: with their model, in their environment and period, a side has fewer than 5\n"
        ),
        "{run}"
    );
    let found = repo.json(&format!("{SIDES} --share 50:50 --format json"));
    assert_eq!(found["a"]["left_out"], 298);
    assert_eq!(found["b"]["left_out"], 0);
    assert_eq!(found["measures"][0]["left_out"], 0);
    assert_eq!(found["split"]["seen"], 0.5);
}

#[test]
fn what_came_one_after_the_other_has_no_verdict_and_no_p() {
    let env = TestEnv::new();
    // A plain release, after which everything fails.
    let log = calls(
        |hour, user| 1 + u32::from(hour >= 5 || hour == 4 && user >= 20),
        |_, version| version == 2,
    );
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play(&format!("{SIDES} --fail-on worse")), @"
    $ promptctl compare support/triage@v1 support/triage@v2 --fail-on worse
    support/triage v2 compared with v1, before and after, 260 calls against 340 calls
    success	100.0 %	0.0 %	-100	-	260/340
    mean latency	<n> ms	<n> ms	+<n> ms	-	260/340
    tokens	120	120	0	-	260/340
    cost_per_call	$0.001	$0.001	$0	-	260/340
    can't tell: v1 was called from 2026-11-01 00:00 to 2026-11-01 04:19 and v2 was called from 2026-11-01 04:20 to 2026-11-01 09:59, before and after. What else changed meanwhile is in the figures too, so that there is no verdict
    --- stderr
    can't tell whether B is worse: --fail-on worse ends with 3
    [exit 3]
    ");
    let run = repo.run(&format!("{SIDES} --format json"));
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["design"], "before_after");
    for measure in found["measures"].as_array().unwrap() {
        assert_eq!(measure["difference"]["p"], Value::Null, "{measure}");
        assert_eq!(measure["difference"]["low"], Value::Null, "{measure}");
    }
}

#[test]
fn outcomes_that_are_not_in_are_no_verdict() {
    let env = TestEnv::new();
    let mut log = calls(|_, user| 1 + user % 2, |number, _| number % 30 < 3);
    for number in 0..10 * AN_HOUR {
        let is_told = number % 2 == 0 || number % 8 == 1;
        if is_told {
            log += &outcome(
                number,
                &json!({"score": f64::from(number % 10) / 10.0, "label": "win"}),
            );
        }
    }
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play(&format!("{SIDES} --fail-on worse")), @"
    $ promptctl compare support/triage@v1 support/triage@v2 --fail-on worse
    support/triage v2 compared with v1, side by side in 10 hours from 2026-11-01 00:00 to 2026-11-01 10:00 (UTC), 298 calls against 298 calls
    success	87.2 %	93.3 %	+6 (+1.3 to +10.9)	0.37	298/298
    score	0.4027	0.5	+0.09732 (+0.0251 to +0.1695)	-	298/75
    win	100.0 %	100.0 %	0 (-4.9 to +1.3)	-	298/75
    mean latency	<n> ms	<n> ms	+<n> ms (+<n> ms to +<n> ms)	describes	298/298
    tokens	120	120	0	describes	298/298
    cost_per_call	$0.001	$0.001	$0	describes	298/298
    can't tell: v2's outcomes are not in yet (25 % against 100 %)
    success: not told apart, though its interval leaves out 0: what may be looked at every day is told only below p 0.05, and this is 0.37; if 6 points is real, about 1000 more calls show it; differences below about 12 points go unseen with these calls; about 13000 calls in all show 2 points
    score: no verdict while outcomes are missing on one side
    win: no verdict while outcomes are missing on one side
    --- stderr
    4 calls of times when only one side was called do not count
    each call counted as independent; if users call often, this is too sure: --unit label:KEY names who called
    p holds however often somebody looks, over the figure that decides; intervals are those of this look
    what only describes has an interval and no p; --by names what decides
    can't tell whether B is worse: --fail-on worse ends with 3
    [exit 3]
    ");
}

#[test]
fn a_measure_that_says_otherwise_than_what_decides_is_named() {
    let env = TestEnv::new();
    let mut log = calls(|_, user| 1 + user % 2, |_, _| false);
    for number in 0..10 * AN_HOUR {
        // Version 2 is won more often, by answers that are liked less.
        let is_new = number % 80 % 2 == 1;
        let is_won = number % 30 < if is_new { 20 } else { 15 };
        let score = if is_new { 0.6 } else { 0.8 } + f64::from(number % 7) / 100.0;
        let label = if is_won { "win" } else { "loss" };
        log += &outcome(number, &json!({"score": score, "label": label}));
    }
    let repo = repo(&env, &log);
    let said = |by: &str| {
        let told = repo.run(&format!("{SIDES} {by}")).stdout;
        let from = told.find("\nv2 ").unwrap();
        told[from..].to_owned()
    };
    assert_snapshot!(said("--by score") + &said("--by win") + &said("--by score,win"), @"
    v2 is worse than v1: score
    score: v2 is 0.2002 lower (0.197 to 0.2035 at this look), p below 0.0001
    win: v2 is 14.1 points higher (6.2 to 21.7 points at this look); it decides nothing here, and is another measure than score: --by score,win judges by it too

    v2 and v1 are not told apart by win
    win: not told apart, though its interval leaves out 0: what may be looked at every day is told only below p 0.05, and this is 0.32; if 14.1 points is real, about 660 more calls show it; differences below about 25 points go unseen with these calls; about 36000 calls in all show 2 points
    score: v2 is 0.2002 lower (0.197 to 0.2035 at this look); it decides nothing here, and is another measure than win: --by win,score judges by it too

    v2 is worse than v1: score
    score: v2 is 0.2002 lower (0.197 to 0.2035 at this look), p below 0.0001
    win: not told apart, though its interval leaves out 0: what may be looked at every day is told only below p 0.05, and this is 0.32; if 14.1 points is real, about 660 more calls show it; differences below about 25 points go unseen with these calls; about 36000 calls in all show 2 points
    ");
}

#[test]
fn outcomes_that_will_never_come_are_not_said_to_be_on_their_way() {
    let env = TestEnv::new();
    let mut log = calls(|_, user| 1 + user % 2, |_, _| false);
    for number in (0..10 * AN_HOUR).step_by(2) {
        log += &outcome(number, &json!({"score": 0.5}));
    }
    // A month ago, and told after two days.
    let repo = repo(&env, &log.replace("2026-11-0", "2026-10-0"));
    let run = repo.run(SIDES);
    assert_snapshot!(run.stdout.lines().find(|line| line.starts_with("can't tell")).unwrap(), @"can't tell: many calls of v2 have no outcome (0 % against 100 %) and are too old for one to come: of 100 outcomes 99 came within 3 days");
}

#[test]
fn a_split_that_is_not_as_meant_is_said_first() {
    let env = TestEnv::new();
    let log = calls(
        |_, user| 1 + u32::from(user % 5 == 0),
        |number, version| version == 2 && number % 3 == 0,
    );
    let repo = repo(&env, &log);
    assert_snapshot!(repo.play(&format!("{SIDES} --share 50:50 --fail-on worse")), @"
    $ promptctl compare support/triage@v1 support/triage@v2 --share 50:50 --fail-on worse
    the split is wrong: 80.0 % of the calls are on v1, and 50.0 % are meant (p below 0.0001). Something keeps them from a side, so that the sides are not alike, and no figure below can be trusted
    support/triage v2 compared with v1, side by side in 10 hours from 2026-11-01 00:00 to 2026-11-01 10:00 (UTC), 472 calls against 118 calls
    success	100.0 %	67.8 %	-32.2 (-41.1 to -24.4)	-	472/118
    mean latency	<n> ms	<n> ms	-<n> ms (-<n> ms to -<n> ms)	describes	472/118
    tokens	120	120	0	describes	472/118
    cost_per_call	$0.001	$0.001	$0	describes	472/118
    --- stderr
    10 calls of times when only one side was called do not count
    each call counted as independent; if users call often, this is too sure: --unit label:KEY names who called
    what only describes has an interval and no p; --by names what decides
    can't tell whether B is worse: --fail-on worse ends with 3
    [exit 3]
    ");
    // Without the share that was meant, the same calls are judged.
    assert_eq!(
        repo.json(&format!("{SIDES} --format json"))["verdict"],
        "worse"
    );
    let found = repo.json(&format!("{SIDES} --share 50:50 --format json"));
    for measure in found["measures"].as_array().unwrap() {
        assert_eq!(measure["difference"]["p"], Value::Null, "{measure}");
        assert_eq!(
            measure["difference"]["p_adjusted"],
            Value::Null,
            "{measure}"
        );
    }
}

#[test]
fn labels_are_sides_and_what_is_on_both_counts_on_none() {
    let env = TestEnv::new();
    let repo = repo(&env, &split());
    assert_snapshot!(repo.play(
        "promptctl compare label:market=EU label:market=US
         promptctl compare support/triage@v1 label:market=US
         promptctl compare support/triage support/triage@v1
         promptctl compare label:market support/triage@v1
         promptctl compare label:market=EU label:market=DE"
    ), @"
    $ promptctl compare label:market=EU label:market=US
    market=US compared with market=EU, too seldom in the same hours, 460 calls against 140 calls
    success	77.2 %	75.0 %	-2.2	-	460/140
    mean latency	<n> ms	<n> ms	-<n> ms	-	460/140
    tokens	120	120	0	-	460/140
    cost_per_call	$0.001	$0.001	$0	-	460/140
    can't tell: market=EU was called from 2026-11-01 00:00 to 2026-11-01 09:59 and market=US was called from 2026-11-01 01:00 to 2026-11-01 09:19, too seldom in the same hours. What else changed meanwhile is in the figures too, so that there is no verdict
    $ promptctl compare support/triage@v1 label:market=US
    market=US compared with support/triage v1, too seldom in the same hours, 230 calls against 70 calls
    success	93.5 %	57.1 %	-36.3	-	230/70
    mean latency	<n> ms	<n> ms	+<n> ms	-	230/70
    tokens	120	120	0	-	230/70
    cost_per_call	$0.001	$0.001	$0	-	230/70
    can't tell: support/triage v1 was called from 2026-11-01 00:00 to 2026-11-01 09:58 and market=US was called from 2026-11-01 01:01 to 2026-11-01 09:19, too seldom in the same hours. What else changed meanwhile is in the figures too, so that there is no verdict
    --- stderr
    70 calls fit both sides, and count on none
    $ promptctl compare support/triage support/triage@v1
    error: both sides are the same
      hint: name two versions, such as support/triage@v3 support/triage@v4
    [exit 2]
    $ promptctl compare label:market support/triage@v1
    error: invalid value 'label:market' for '<A>': a label is written label:KEY=VALUE, such as label:arm=a

    For more information, try '--help'.
    [exit 2]
    $ promptctl compare label:market=EU label:market=DE
    market=DE compared with market=EU, before and after, 460 calls against 0 calls
    success	77.2 %	-	-	-	460/0
    mean latency	<n> ms	-	-	-	460/0
    tokens	120	-	-	-	460/0
    cost_per_call	$0.001	-	-	-	460/0
    can't tell: there is no call of market=DE
    ");
}

#[test]
fn a_unit_that_no_call_has_is_refused() {
    let env = TestEnv::new();
    let repo = repo(&env, &split());
    assert_snapshot!(repo.play(&format!(
        "{SIDES} --unit label:nobody
         {SIDES} --unit label:users --format json
         promptctl compare label:market=EU label:user=u70 --unit label:subject"
    )), @r#"
    $ promptctl compare support/triage@v1 support/triage@v2 --unit label:nobody
    error: no call of either side has the label nobody
      hint: they have market, user
    [exit 2]
    $ promptctl compare support/triage@v1 support/triage@v2 --unit label:users --format json
    {"schema":1,"error":{"code":null,"message":"no call of either side has the label users","location":null,"hints":["did you mean --unit label:user?"],"causes":[]}}
    [exit 2]
    $ promptctl compare label:market=EU label:user=u70 --unit label:subject
    error: no call of either side has the label subject
      hint: --unit call counts each as independent; run --label KEY=VALUE gives calls a label
    [exit 2]
    "#);
}

#[test]
fn a_win_that_no_outcome_has_is_said() {
    let env = TestEnv::new();
    let mut log = calls(|_, user| 1 + user % 2, |number, _| number % 30 < 3);
    for number in 0..10 * AN_HOUR {
        let label = if number % 3 == 0 { "bought" } else { "left" };
        log += &outcome(number, &json!({"label": label}));
    }
    let repo = repo(&env, &log);
    let says = |line: &str, wanted: Option<&str>| {
        let run = repo.run(line);
        let said: Vec<&str> = run
            .stderr
            .lines()
            .filter(|it| it.contains("counts as a win"))
            .collect();
        assert_eq!(said, wanted.into_iter().collect::<Vec<_>>(), "{run}");
        let notes = repo.json(&format!("{line} --format json"))["notes"].to_string();
        assert_eq!(
            wanted.is_some(),
            notes.contains("counts as a win"),
            "{notes}"
        );
        assert!(wanted.is_none_or(|it| notes.contains(it)), "{notes}");
    };
    let near = "no outcome here has the label bougth, so that none counts as a win: the labels are bought, left; did you mean bought?";
    let others = "no outcome here has the label sold, so that none counts as a win: the labels are bought, left";
    let usual = "no outcome here has the label win, so that none counts as a win: the labels are bought, left; --win LABEL says which one is";
    let asked = [
        (SIDES, Some(usual)),
        ("promptctl stats", None),
        ("promptctl stats --sort win", Some(usual)),
        ("promptctl leaderboard", None),
        ("promptctl leaderboard --metric win", Some(usual)),
    ];
    for (command, bare) in asked {
        says(&format!("{command} --win bougth"), Some(near));
        says(&format!("{command} --win sold"), Some(others));
        says(&format!("{command} --win bought"), None);
        says(command, bare);
    }
}

#[test]
fn a_share_takes_calls_side_by_side() {
    let env = TestEnv::new();
    let log = calls(|hour, _| 1 + u32::from(hour >= 5), |_, _| false);
    let repo = repo(&env, &log);
    let said = "the split was not checked: --share needs calls of both side by side, with the same model and environment";
    let run = repo.run(&format!("{SIDES} --share 50:50"));
    assert!(run.stderr.contains(said), "{run}");
    let found = repo.json(&format!("{SIDES} --share 50:50 --format json"));
    assert!(found["notes"].as_array().unwrap().contains(&json!(said)));
    assert_eq!(found["split"], Value::Null);
}

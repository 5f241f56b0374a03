//! The log's past: outcomes told later and many at once, daily sums of what was pruned, what is kept of an
//! answer, and budgets.

use std::fmt::Write as _;
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::{Shell, TestEnv};

pub(crate) const LOG: &str = ".promptctl/executions.jsonl";

pub(crate) fn id(number: u32) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

/// A record as promptctl writes it: ten a day from the first of October on, four of five of them ok.
pub(crate) fn record(number: u32) -> String {
    let (day, hour) = (1 + number / 10, number % 10);
    let (version, order) = (1 + number % 2, number / 2);
    let status = if number.is_multiple_of(5) {
        "error"
    } else {
        "ok"
    };
    let (cost, duration) = (f64::from(number + 1) / 1000.0, 100 * (number % 10 + 1));
    format!(
        r#"{{"schema":1,"id":"{}","time":"2026-10-{day:02}T{hour:02}:00:00.000Z","prompt":"support/triage","version":{version},"digest":null,"commit":null,"blob":null,"dirty":false,"environment":"production","variant":null,"source":"local","model":"gpt-5-mini","status":"{status}","duration_ms":{duration},"attempts":1,"usage":{{"input_tokens":100,"cached_tokens":10,"output_tokens":20,"reasoning_tokens":null,"total_tokens":120}},"cost_usd":{cost},"response_id":"resp_{number}","request_id":null,"request_hash":null,"case":null,"labels":{{"order":"A-{order}","single":"S-{number}"}},"fallback":null,"error":null,"variables":{{}},"output":"billing"}}"#,
        id(number)
    ) + "\n"
}

fn records(count: u32) -> String {
    (0..count).map(record).collect()
}

pub(crate) fn repo(env: &TestEnv, log: &str) -> Shell {
    let repo = env.triage();
    repo.write(LOG, log);
    repo
}

#[test]
fn outcomes_are_told_by_label_by_answer_and_by_id() {
    let env = TestEnv::new();
    let repo = repo(&env, &records(10));
    let table = "label:single,label,profit\nS-1,win,2.5\nS-2,loss,-1\nS-3,,\n";
    assert_snapshot!(repo.run_with("promptctl outcome - --dry-run", table), @"
    outcome would be recorded for 2 executions
    --- stderr
    1 row without a score, label, metric or note is left out
    ");
    assert_eq!(repo.read(LOG), records(10), "a plan writes nothing");
    assert_snapshot!(repo.run_with("promptctl outcome -", table), @"
    1 row without a score, label, metric or note is left out
    outcome recorded for 2 executions
    ");
    let lines = format!(
        "{{\"response_id\":\"resp_4\",\"score\":1}}\n{{\"id\":\"{}\",\"score\":0}}\n",
        id(5)
    );
    assert_snapshot!(repo.run_with("promptctl outcome -", lines), @"outcome recorded for 2 executions");
    let stats = repo.json("promptctl stats --by all --format json");
    let outcomes = &stats["groups"][0]["outcomes"];
    assert_eq!(
        (
            &outcomes["count"],
            &outcomes["score"]["sum"],
            &outcomes["metrics"]["profit"]["sum"]
        ),
        (&json!(4), &json!(1.0), &json!(1.5))
    );
}

#[test]
fn a_label_that_fits_several_executions_is_listed_and_nothing_is_kept() {
    let env = TestEnv::new();
    let repo = repo(&env, &records(10));
    let before = repo.read(LOG);
    let table = "label:order,label\nA-1,win\nA-2,win\nA-77,win\n";
    assert_snapshot!(repo.run_with("promptctl outcome -", table), @"
    error[P426]: the label `order=A-1` fits 2 executions: <uuid>, <uuid>
      at: standard input:2
      hint: name the one that is meant by its `id`; nothing was kept
      hint: no single execution fits standard input:3, standard input:4 either
    [exit 1]
    ");
    let unknown = "response_id,label\nresp_1,win\nresp_1000,win\n";
    assert_snapshot!(repo.run_with("promptctl outcome -", unknown), @"
    error[P321]: no execution has the response id `resp_1000`
      at: standard input:3
      hint: nothing was kept
      hint: `promptctl log list` shows the ids that this machine's log holds
    [exit 1]
    ");
    assert_eq!(repo.read(LOG), before);
}

#[test]
fn rows_that_are_wrong_say_where_and_nothing_is_kept() {
    let env = TestEnv::new();
    let repo = repo(&env, &records(3));
    let before = repo.read(LOG);
    let good = id(1);
    for (text, place) in [
        (
            format!("id,score\n{good},1\n{good},\u{1b}[31mhigh\n"),
            "3:38",
        ),
        (format!("id,score\n{good},NaN\n"), "2:38"),
        (
            format!("{{\"id\":\"{good}\",\"score\":1}}\n{{\"id\":\"{good}\",\"scor\":1}}\n"),
            "2:46",
        ),
        ("{\"id\":[[[[[[\n".to_owned(), "1:12"),
        ("id,label:order,score\na,b,1\n".to_owned(), "2:1"),
        ("id,id,score\na,b,1\n".to_owned(), "1:4"),
    ] {
        let run = repo.run_with("promptctl outcome -", &text);
        assert_eq!(run.code, Some(1), "{text}");
        assert!(
            run.stderr.contains(&format!("standard input:{place}")),
            "{text}\n{}",
            run.stderr
        );
        assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
    }
    assert_eq!(repo.read(LOG), before);
}

#[test]
fn the_last_outcome_by_time_wins_and_how_many_were_told_before_is_said() {
    let env = TestEnv::new();
    let repo = repo(&env, &records(10));
    let tell = |text: &str| repo.run_with("promptctl outcome -", text);
    let times = |first: &str, second: &str| {
        format!(
            "{{\"id\":\"{0}\",\"score\":0.25,\"time\":\"{first}\"}}\n{{\"id\":\"{0}\",\"score\":0.75,\"time\":\"{second}\"}}\n",
            id(1)
        )
    };
    assert_snapshot!(tell(&times("2026-10-05T00:00:00Z", "2026-10-04T00:00:00Z")), @"
    outcome recorded for 1 execution
    1 of 2 say something else than was told before; the last by time counts
    ");
    let score = || {
        let stats = repo.json("promptctl stats --by all --format json");
        stats["groups"][0]["outcomes"]["score"]["sum"].clone()
    };
    assert_eq!(score(), json!(0.25));
    assert_snapshot!(tell(&times("2026-10-06T00:00:00Z", "2026-10-07T00:00:00Z")), @"
    outcome recorded for 1 execution
    1 of 2 say something else than was told before; the last by time counts
    ");
    assert_eq!(score(), json!(0.75));
}

#[test]
fn an_outcome_told_by_id_says_whether_something_was_told_before() {
    let env = TestEnv::new();
    let repo = repo(&env, &records(10));
    let tell = |what: &str| {
        let told = repo.json(&format!("promptctl outcome {} {what} --format json", id(1)));
        told["replaced"].clone()
    };
    assert_eq!(tell("--score 0.25 --dry-run"), 0);
    assert_eq!(tell("--score 0.25"), 0);
    assert_eq!(tell("--label win"), 0);
    assert_eq!(tell("--score 0.75"), 1);
    let run = repo.run(&format!("promptctl outcome {} --score 0.5", id(1)));
    assert!(
        run.stderr
            .contains("it says something else than was told before; the last by time counts\n"),
        "{run}"
    );
}

#[test]
fn a_job_that_sends_the_same_outcomes_again_adds_nothing() {
    let env = TestEnv::new();
    let repo = repo(&env, &records(10));
    let tell = |text: &str| repo.run_with("promptctl outcome -", text);
    let lines = |repo: &Shell| repo.read(LOG).lines().count();
    // A figure whose digits end differently where it is read again, a correction on a later row, a note, a time.
    let table = "label:single,label,profit,note,time\n\
        S-1,win,0.1,kept,\nS-2,win,,,\nS-2,loss,2.0000000000000004,,\nS-3,win,,,2026-10-05T00:00:00.1239Z\n";
    assert_snapshot!(tell(table), @"
    outcome recorded for 3 executions
    1 of 4 say something else than was told before; the last by time counts
    ");
    let after = lines(&repo);
    assert_eq!(after, 14);
    let later = repo.with("PROMPTCTL_NOW", "2026-12-20T13:00:00Z");
    assert_snapshot!(later.run_with("promptctl outcome -", table), @"the log has all 4 outcomes already: nothing is recorded");
    assert_eq!(lines(&repo), after);
    let json = |text: &str| -> Value {
        let run = later.run_with("promptctl outcome - --format json", text);
        serde_json::from_str(&run.stdout).unwrap()
    };
    let more = json(&format!("{table}S-4,win,,,\n"));
    assert_eq!(more["already"], json!([id(1), id(2), id(2), id(3)]));
    assert_eq!(more["outcomes"].as_array().unwrap().len(), 1);
    assert_eq!(more["replaced"], 0);
    assert_eq!(lines(&repo), after + 1);
    // What is new in any part is recorded, and so is what stopped counting, and what is said of another time.
    for (text, new) in [
        ("label:single,label,profit\nS-1,win,0.2\n", 1),
        ("label:single,label,profit\nS-1,win,0.1\n", 1),
        ("label:single,note\nS-1,other\n", 1),
        ("label:single,label\nS-1,win\n", 0),
        ("label:single,label,time\nS-3,win,2026-10-06T00:00:00Z\n", 1),
        (
            "label:single,label,time\nS-3,win,2026-10-05T00:00:00.123Z\n",
            0,
        ),
    ] {
        let told = json(text);
        assert_eq!(told["outcomes"].as_array().unwrap().len(), new, "{text}");
        assert_eq!(told["already"].as_array().unwrap().len(), 1 - new, "{text}");
    }
    let one = format!("promptctl outcome {} --score 0.5", id(6));
    assert_snapshot!(repo.run(&one), @"outcome recorded for <uuid>");
    assert_snapshot!(repo.run(&one), @"the log has this outcome already: nothing is recorded");
}

/// What `stats` says of all executions, without what only a whole log tells.
pub(crate) fn sums(repo: &Shell, more: &str) -> Value {
    let mut stats = repo.json(&format!("promptctl stats --utc --format json {more}"));
    for group in stats["groups"].as_array_mut().unwrap() {
        group["latency_ms"] = Value::Null;
        round(group);
    }
    stats["groups"].take()
}

/// Sums in another order differ in the last digits.
fn round(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            *value = json!((number * 1e9).round() / 1e9);
        }
        Value::Array(list) => list.iter_mut().for_each(round),
        Value::Object(map) => map.values_mut().for_each(round),
        _ => {}
    }
}

pub(crate) fn with_outcomes(count: u32) -> String {
    let mut log = records(count);
    for number in 0..count / 2 {
        let label = if number % 3 == 0 { "loss" } else { "win" };
        writeln!(
            log,
            r#"{{"schema":1,"outcome_of":"{}","time":"2026-10-15T00:00:00.000Z","score":0.{number:02},"label":"{label}","metrics":{{"profit":{number}.5}},"note":null}}"#,
            id(number)
        )
        .unwrap();
    }
    log
}

#[test]
fn what_was_pruned_still_counts() {
    let env = TestEnv::new();
    let repo = repo(&env, &with_outcomes(60));
    let questions = [
        "--by all",
        "--by prompt,version",
        "--by model,status",
        "--by day",
        "--by week,environment",
        "--by version --until 2026-10-04",
        "--by status --version v2 --status ok",
    ];
    let before = questions.map(|question| sums(&repo, question));
    assert_snapshot!(repo.play(
        "promptctl log prune --older-than 30d --dry-run
         promptctl log prune --older-than 30d
         promptctl log prune --older-than 30d"
    ), @"
    $ promptctl log prune --older-than 30d --dry-run
    40 records and 30 outcomes would be taken out (29464 bytes); 20 lines stay
    16 daily sums of them would be kept in $ROOT/repo/.promptctl/history.jsonl
    $ promptctl log prune --older-than 30d
    40 records and 30 outcomes taken out (29464 bytes); 20 lines stay
    16 daily sums of them kept in $ROOT/repo/.promptctl/history.jsonl, which `stats` counts too
    $ promptctl log prune --older-than 30d
    0 records and 0 outcomes taken out (0 bytes); 20 lines stay
    ");
    assert!(repo.exists(".promptctl/history.jsonl"));
    let after = questions.map(|question| sums(&repo, question));
    for (at, question) in questions.iter().enumerate() {
        assert_eq!(before[at], after[at], "{question}");
    }
    let line = repo.read(".promptctl/history.jsonl");
    assert_snapshot!(line.lines().next().unwrap(), @r#"{"schema":1,"day":"2026-10-01","prompt":"support/triage","version":1,"environment":"production","model":"gpt-5-mini","status":"error","executions":1,"subjects":0,"fallbacks":0,"first":"2026-10-01T00:00:00Z","last":"2026-10-01T00:00:00Z","duration_ms":{"first":461,"counts":[1],"least":100.0,"most":100.0},"tokens":{"input":100,"cached":10,"output":20,"reasoning":null},"cost_usd":{"count":1,"sum":0.001,"squares":1e-6,"least":0.001,"most":0.001},"outcomes":{"count":1,"score":{"count":1,"sum":0.0,"squares":0.0,"least":0.0,"most":0.0},"labels":{"loss":[1,1]},"metrics":{"profit":{"count":1,"sum":0.5,"squares":0.25,"least":0.5,"most":0.5}},"labelled_cost_usd":{"count":1,"sum":0.001,"squares":1e-6,"least":0.001,"most":0.001}},"ids":"r8eL0L4F"}"#);
    assert_snapshot!(repo.play(
        "promptctl stats --by version
         promptctl stats --by label:order --top 1
         promptctl stats --by all --since 2026-10-02T05:00:00Z"
    ), @"
    $ promptctl stats --by version
    v1	30	80 % (63–90)	<n> ms	<n> ms	<n> ms	$0.9	$0.03	50.0 %	0.140 (0.090–0.190)	67 % (42–85)	$0.0225	14.5 (9.5–19.5)	3.0k/600	2026-10-06T08:00:00Z
    v2	30	80 % (63–90)	<n> ms	<n> ms	<n> ms	$0.93	$0.031	50.0 %	0.150 (0.100–0.200)	67 % (42–85)	$0.024	15.5 (10.5–20.5)	3.0k/600	2026-10-06T09:00:00Z
    --- stderr
    40 executions that `log prune` took away count too, by their daily sums
    latencies of more than 100,000 calls and of past sums are within 0.5 %
    $ promptctl stats --by label:order --top 1
    A-20	2	50 % (9–91)	<n> ms	<n> ms	<n> ms	$0.083	$0.0415	200/40	2026-10-05T01:00:00Z
    --- stderr
    left out: 40 executions of which only daily sums are left: they tell no label:order
    not shown: 9 more groups
    $ promptctl stats --by all --since 2026-10-02T05:00:00Z
    41	78 % (63–88)	<n> ms	<n> ms	<n> ms	$1.636	$0.0399	25.0 %	0.236 (0.209–0.264)	64 % (35–85)	$0.03871	24.1 (21.4–26.9)	4.1k/820	2026-10-06T09:00:00Z
    --- stderr
    21 executions that `log prune` took away count too, by their daily sums
    left out: 8 executions of which only daily sums are left: they tell of whole days only
    latencies of more than 100,000 calls and of past sums are within 0.5 %
    ");
}

#[test]
fn figures_that_cannot_be_added_up_lose_nothing_and_silence_no_alert() {
    let env = TestEnv::new();
    let cost = r#""cost_usd":1e308,"#;
    let log: String = (0..2)
        .map(|number| {
            let own = format!(r#""cost_usd":{},"#, f64::from(number + 1) / 1000.0);
            record(number).replace(&own, cost)
        })
        .collect();
    let repo = repo(&env, &log);
    let alert = "promptctl stats --by all --fail-on 'cost > 1' --min-calls 1";
    assert_eq!(repo.run(alert).code, Some(3));
    // No sum could keep them, so that they stay.
    let run = repo.run("promptctl log prune --older-than 1d");
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(repo.read(LOG), log);
    let run = repo.run(&format!("promptctl outcome {} --score nan", id(0)));
    assert_eq!(run.code, Some(2), "{run}");
    assert_eq!(repo.read(LOG), log);
}

#[test]
fn two_prunes_at_once_count_nothing_twice() {
    let env = TestEnv::new();
    let repo = repo(&env, &with_outcomes(60));
    let before = sums(&repo, "--by version");
    for age in ["31d", "30d", "29d"] {
        let line = format!("promptctl log prune --older-than {age}");
        let prune = || {
            let mut command = repo.line(&line);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        };
        let both = [prune(), prune()];
        for mut child in both {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(sums(&repo, "--by version"), before, "{age}");
    }
    assert!(!repo.exists(".promptctl/history.jsonl.pending"));
}

/// A log that is large enough to keep answers of.
fn large() -> String {
    let padding = "x".repeat(4000);
    let lines = (0..2400).map(|number| {
        record(number % 200)
            .replace(&id(number % 200), &id(number))
            .replace("\"billing\"", &format!("\"{padding}\""))
    });
    lines.collect()
}

fn executions(repo: &Shell) -> (Value, bool) {
    let stats = repo.json("promptctl stats --by all --format json");
    let said = stats["notes"].to_string();
    (
        stats["groups"][0]["executions"].clone(),
        said.contains("did not fit"),
    )
}

#[test]
fn what_is_kept_of_an_answer_never_makes_another_one() {
    let env = TestEnv::new();
    let log = large();
    let repo = repo(&env, &log);
    let kept = ".promptctl/executions.jsonl.stats";
    let folder = env.root().dir.join("repo").join(kept);
    let answer = || {
        let entries = std::fs::read_dir(&folder).unwrap().map(Result::unwrap);
        let mut files = entries.filter(|it| it.file_name() != ".gitignore");
        files.next().unwrap().path()
    };
    assert_eq!(executions(&repo), (json!(2400), false));
    assert_eq!(executions(&repo), (json!(2400), false));
    // Deleting it loses nothing.
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(executions(&repo), (json!(2400), false));
    // The log is appended to.
    let longer = log.clone() + &record(100).replace(&id(100), &id(9000)) + &record(3);
    repo.write(LOG, &longer);
    assert_eq!(executions(&repo), (json!(2401), false));
    // It is torn, changed, or another's.
    let whole = std::fs::read(answer()).unwrap();
    let mut changed = whole.clone();
    changed[200] ^= 1;
    for wrong in [&whole[..whole.len() / 2], &changed, b"", b"{}"] {
        std::fs::write(answer(), wrong).unwrap();
        assert_eq!(executions(&repo), (json!(2401), true));
        assert_eq!(executions(&repo), (json!(2401), false));
    }
    // The log is cut, and replaced by another one of the same length.
    let lines: Vec<&str> = longer.split_inclusive('\n').collect();
    repo.write(LOG, lines[..2300].concat());
    assert_eq!(executions(&repo), (json!(2300), true));
    repo.write(LOG, lines[..2300].concat().replace(&id(0), &id(8)));
    assert_eq!(executions(&repo), (json!(2299), true));
    assert_eq!(executions(&repo), (json!(2299), false));
}

#[test]
fn a_rank_may_go_by_the_lowest() {
    let env = TestEnv::new();
    let mut log = records(200);
    for number in 0..200 {
        let complaints = if number % 2 == 0 {
            number % 3
        } else {
            5 + number % 3
        };
        writeln!(
            log,
            r#"{{"schema":1,"outcome_of":"{}","time":"2026-10-21T00:00:00.000Z","score":null,"label":null,"metrics":{{"complaints":{complaints}}},"note":null}}"#,
            id(number)
        )
        .unwrap();
    }
    let repo = repo(&env, &log);
    let first = |line: &str| {
        let shape = repo.json(&format!("promptctl leaderboard --format json {line}"));
        (
            shape["rows"][0]["version"].clone(),
            shape["rows"][0]["rank"].clone(),
            shape["rows"][1]["rank"].clone(),
            shape["best"].clone(),
        )
    };
    let (one, two) = (json!(1), json!(2));
    assert_eq!(
        first("--metric complaints"),
        (two.clone(), one.clone(), two.clone(), json!("highest"))
    );
    assert_eq!(
        first("--metric complaints --lowest"),
        (one.clone(), one.clone(), two, json!("lowest"))
    );
    assert_eq!(first("--metric errors").3, json!("lowest"));
    assert_eq!(first("--metric p90").3, json!("lowest"));
}

#[test]
fn status_says_what_is_spent_of_the_budgets_of_the_day() {
    let env = TestEnv::new();
    let repo = repo(&env, &records(50)).at("2026-10-05T12:00:00Z");
    assert_eq!(
        repo.json("promptctl status --format json")["budgets"],
        Value::Null
    );
    repo.write(
        "promptctl.yaml",
        "budgets: {perDay: 5, perPrompt: {support/: 0.4, support/other: 1}}\n",
    );
    // Ten calls of the fifth of October: 41 to 50 thousandths.
    let status = repo.json("promptctl status --format json");
    assert_snapshot!(status["budgets"], @r#"[{"prompt":null,"limit_usd":5.0,"spent_usd":0.4549999999999999,"over":false},{"prompt":"support/","limit_usd":0.4,"spent_usd":0.4549999999999999,"over":true},{"prompt":"support/other","limit_usd":1.0,"spent_usd":0.0,"over":false}]"#);
    assert_snapshot!(repo.run("promptctl status"), @"
    production	support/triage	-	v1	-	-	never published
    --- stderr
    warning: `budgets.perPrompt` has `support/other`, and no prompt here is called so
    budget of today: $0.455 of $5 for all prompts
    warning: the budget of today is used up: $0.455 of $0.4 for support/
    budget of today: $0 of $1 for support/other
    ");
    assert_snapshot!(repo.run("promptctl status --at 2026-10-04"), @"  no prompts");
}

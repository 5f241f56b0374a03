//! Many calls at once: their order, what a kill leaves, and when they stop.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use serde_json::Value;

#[cfg(unix)]
use crate::env::Run;
use crate::env::{Shell, TestEnv};
#[cfg(unix)]
use crate::server::press_ctrl_c;
use crate::server::{Reply, Request, Server, records};

fn cases(count: usize) -> String {
    (0..count)
        .map(|number| format!("{{\"id\": \"case-{number}\", \"ticket\": \"t{number}\"}}\n"))
        .collect()
}

/// Case, status and output of each line.
fn told(lines: &str) -> String {
    lines
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            format!(
                "{} {} {} {}\n",
                line["index"], line["case"], line["status"], line["output"]
            )
        })
        .collect()
}

#[test]
fn results_come_in_the_order_of_the_inputs() {
    // The first call is answered last.
    let (send, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let send = Mutex::new(send);
    let server = Server::answering(move |request| {
        let ticket = request.ticket();
        match ticket.as_str() {
            "t0" => drop(wait.lock().unwrap().recv()),
            "t3" => drop(send.lock().unwrap().send(())),
            _ => {}
        }
        Reply::answer(&format!("re {ticket}"))
    });
    let env = TestEnv::new();
    let repo = server.repo(&env);
    let run = repo.run_with("promptctl run echo --inputs - --concurrency 2", cases(4));
    assert_snapshot!(told(&run.stdout), @r#"
    0 "case-0" "ok" "re t0"
    1 "case-1" "ok" "re t1"
    2 "case-2" "ok" "re t2"
    3 "case-3" "ok" "re t3"
    "#);
    assert_snapshot!(run.stderr, @"4 of 4 answered; cost $0.0016");
    assert_eq!(run.code, Some(0));
    assert_eq!(records(&repo)[0]["case"], "case-1");
    assert_eq!(records(&repo).len(), 4);
}

#[test]
fn inputs_are_checked_before_the_first_is_sent() {
    let server = Server::start(Vec::new());
    let env = TestEnv::new();
    let repo = server.repo(&env);
    for (input, part) in [
        (
            "{\"ticket\": \"a\"}\n{\"tickt\": \"b\"}\n",
            "`ticket` has no value",
        ),
        ("{\"ticket\": \"a\"}\nx\n", "not JSON"),
        ("[]\n", "not a JSON object"),
    ] {
        let run = repo.run_with("promptctl run echo --inputs -", input);
        assert_eq!(run.code, Some(1), "{run}");
        assert!(run.stderr.contains(part), "{run}");
        let is_typo = part.contains("ticket");
        assert_eq!(run.stderr.contains("error[P323]"), !is_typo, "{run}");
        assert_eq!(run.stderr.contains("`tickt` was given"), is_typo, "{run}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn some_may_fail() {
    let server = Server::answering(|request| match request.ticket().as_str() {
        "t1" => Reply::error(
            400,
            Some("unknown_parameter"),
            Some("foo"),
            "Unknown parameter: 'foo'.",
        ),
        ticket => Reply::answer(ticket),
    });
    let env = TestEnv::new();
    let repo = server.repo(&env);
    let run = repo.run_with("promptctl run echo --inputs -", cases(3));
    assert_snapshot!(told(&run.stdout), @r#"
    0 "case-0" "ok" "t0"
    1 "case-1" "error" null
    2 "case-2" "ok" "t2"
    "#);
    assert_eq!(run.code, Some(3), "{run}");
    let run = repo.run_with(
        "promptctl run echo --inputs - --concurrency 1 --fail-fast",
        cases(3),
    );
    assert_snapshot!(told(&run.stdout), @r#"
    0 "case-0" "ok" "t0"
    1 "case-1" "error" null
    "#);
    assert_eq!(run.code, Some(3), "{run}");
}

#[test]
fn a_key_refused_stops_the_batch() {
    let server = Server::answering(|_| {
        Reply::error(
            401,
            Some("invalid_api_key"),
            None,
            "Incorrect API key provided",
        )
    });
    let env = TestEnv::new();
    let repo = server.repo(&env);
    let run = repo.run_with("promptctl run echo --inputs - --concurrency 2", cases(50));
    assert_eq!(run.code, Some(4), "{run}");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_batch_stops_at_its_cost() {
    let server = Server::answering(|request| Reply::answer(&request.ticket()));
    let env = TestEnv::new();
    let repo = server.repo(&env);
    // Each call costs $0.000405.
    let run = repo.run_with(
        "promptctl run echo --inputs - --concurrency 1 --max-cost 0.002",
        cases(9),
    );
    assert_snapshot!(told(&run.stdout), @r#"
    0 "case-0" "ok" "t0"
    1 "case-1" "ok" "t1"
    2 "case-2" "ok" "t2"
    "#);
    assert_snapshot!(run.stderr, @"
    3 of 9 answered; cost $0.0012
    error[P316]: stopped at $0.0012: the next call may cost $0.001002, and the limit on the cost leaves $0.000785
      hint: with --output FILE, a batch that stopped can be gone on with
      hint: a call begins only if it fits at its worst: what it reads, and as many tokens as `maxTokens` lets it write, or as earlier calls did
    ");
    assert_eq!(run.code, Some(3));
    let run = repo.run_with(
        "promptctl run echo --inputs - --max-cost 1 --model house",
        cases(2),
    );
    assert_snapshot!(run, @r"
    error[P315]: no price is known for house, so a limit on the cost cannot be kept
      hint: a price file, named by PROMPTCTL_PRICES, can tell it
    [exit 1]
    ");
}

/// Calls with the inputs of `cases`, one after the other.
const SIX: &str = "promptctl run echo --inputs cases.jsonl --concurrency 1 --output out.jsonl";

fn spawn(repo: &Shell, line: &str) -> std::process::Child {
    let mut command = repo.line(line);
    command.stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    command.spawn().unwrap()
}

#[test]
#[cfg(unix)]
fn a_killed_batch_goes_on_without_paying_twice() {
    let (server, is_asked, _go) = Server::holding("t3");
    let env = TestEnv::new();
    let repo = server.repo(&env);
    repo.write("cases.jsonl", cases(6));
    let line = SIX;
    let mut child = spawn(&repo, line);
    is_asked.recv().unwrap();
    assert_snapshot!(repo.run(&format!("{line} --resume")), @"
    error[P221]: another process writes $ROOT/repo/out.jsonl
      hint: wait until it ends, or name another file with --output
    [exit 1]
    ");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!repo.exists("out.jsonl"));

    assert_snapshot!(repo.run(line), @r"
    error: $ROOT/repo/out.jsonl.part exists
      hint: --resume goes on with it; or name another file
    [exit 2]
    ");
    // A half line, as a kill in the middle of a write would leave it.
    let part = repo.read("out.jsonl.part");
    repo.write("out.jsonl.part", format!("{part}{{\"schema\":1,\"ind"));
    let run = repo.run(&format!("{line} --resume"));
    assert_snapshot!(run, @"6 of 6 answered, 3 of them before; cost $0.0012");
    assert_snapshot!(told(&repo.read("out.jsonl")), @r#"
    0 "case-0" "ok" "re t0"
    1 "case-1" "ok" "re t1"
    2 "case-2" "ok" "re t2"
    3 "case-3" "ok" "re t3"
    4 "case-4" "ok" "re t4"
    5 "case-5" "ok" "re t5"
    "#);
    assert!(!repo.exists("out.jsonl.part"));
    let asked: Vec<String> = server.requests().iter().map(Request::ticket).collect();
    assert_eq!(asked, ["t0", "t1", "t2", "t3", "t3", "t4", "t5"]);

    // Done is done, whatever the order of the inputs now.
    let turned: String = cases(6)
        .lines()
        .rev()
        .map(|line| format!("{line}\n"))
        .collect();
    repo.write("cases.jsonl", turned);
    assert_snapshot!(repo.run(&format!("{line} --resume")).stderr, @"6 of 6 answered, 6 of them before; cost $0.0000");
    assert!(told(&repo.read("out.jsonl")).starts_with("0 \"case-5\""));
    assert_eq!(server.requests().len(), 7);
}

#[cfg(unix)]
fn statuses(repo: &Shell) -> Vec<Value> {
    let records = records(repo).into_iter();
    records.map(|record| record["status"].clone()).collect()
}

#[test]
#[cfg(unix)]
fn ctrl_c_waits_for_what_is_paid_for_and_begins_no_more() {
    let (server, is_asked, go) = Server::holding("t3");
    let env = TestEnv::new();
    let repo = server.repo(&env);
    repo.write("cases.jsonl", cases(6));
    let child = press_ctrl_c(&repo, SIX, &is_asked);
    go.send(()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_snapshot!(Run::new(&repo, SIX, &output), @"
    4 of 6 answered; cost $0.0016
    error: interrupted
      hint: --resume goes on where the batch stopped
    [exit 130]
    ");
    assert_snapshot!(told(&repo.read("out.jsonl")), @r#"
    0 "case-0" "ok" "re t0"
    1 "case-1" "ok" "re t1"
    2 "case-2" "ok" "re t2"
    3 "case-3" "ok" "re t3"
    "#);
    assert_eq!(statuses(&repo), ["ok"; 4]);
    // Nothing is paid for twice.
    repo.ok(&format!("{SIX} --resume"));
    assert_eq!(server.requests().len(), 6);
}

#[test]
#[cfg(unix)]
fn a_second_ctrl_c_stops_a_batch_at_once_and_keeps_what_came() {
    let (server, is_asked, _go) = Server::holding("t3");
    let env = TestEnv::new();
    let repo = server.repo(&env);
    repo.write("cases.jsonl", cases(6));
    let mut child = press_ctrl_c(&repo, SIX, &is_asked);
    repo.ok(&format!("kill -INT {}", child.id()));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_snapshot!(told(&repo.read("out.jsonl")), @r#"
    0 "case-0" "ok" "re t0"
    1 "case-1" "ok" "re t1"
    2 "case-2" "ok" "re t2"
    3 "case-3" "interrupted" ""
    "#);
    assert_eq!(statuses(&repo), ["ok", "ok", "ok", "interrupted"]);
}

#[test]
#[cfg(unix)]
fn ctrl_c_is_seen_also_where_nothing_is_waited_for() {
    let server = Server::start(vec![]);
    let env = TestEnv::new();
    let repo = server.repo(&env);
    repo.write("cases.jsonl", cases(20_000));
    let mut command = repo.line(&format!("{SIX} --model echo"));
    command.stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    // Its first results are there.
    let is_on = || std::fs::metadata(repo.dir.join("out.jsonl.part")).is_ok_and(|it| it.len() > 0);
    while !is_on() {
        std::thread::yield_now();
    }
    use std::os::unix::fs::PermissionsExt as _;
    let part = std::fs::metadata(repo.dir.join("out.jsonl.part")).unwrap();
    assert_eq!(part.permissions().mode() & 0o777, 0o600);
    repo.ok(&format!("kill -INT {}", child.id()));
    let output = child.wait_with_output().unwrap();
    let run = Run::new(&repo, SIX, &output);
    assert_eq!(run.code, Some(130), "{run}");
    assert!(
        run.stderr.contains(" of 20000 answered; cost $0.0000"),
        "{run}"
    );
    assert!(run.stderr.contains("hint: --resume goes on where"), "{run}");
}

#[test]
fn as_many_are_under_way_as_asked_for() {
    // Each call waits until all eight are there.
    let barrier = Arc::new(std::sync::Barrier::new(8));
    let server = Server::answering(move |request| {
        barrier.wait();
        Reply::answer(&request.ticket())
    });
    let env = TestEnv::new();
    let repo = server.repo(&env);
    let run = repo.run_with(
        "promptctl run echo --inputs - --concurrency 8 --no-log",
        cases(16),
    );
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(run.stdout.lines().count(), 16);
}

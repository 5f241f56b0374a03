//! What evaluating costs besides the model: many cases beside their ideal, the same from the cache,
//! and a hundred thousand answers of a file. `cargo bench --bench eval`.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement stops at the first surprise"
)]
#![allow(clippy::print_stdout, reason = "the figures are its output")]

#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../env.rs"]
mod env;
#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../server.rs"]
mod server;
#[path = "../template.rs"]
mod template;

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::env::{Shell, TestEnv};
use crate::server::{KEY, Reply, Server};

const ROUNDS: usize = 11;
const CASES: usize = 500;
const CONCURRENCY: u32 = 32;
const LATENCY: Duration = Duration::from_millis(50);

fn main() {
    asked_and_cached();
    many_cached();
    given();
}

fn prompt(evaluators: &str) -> String {
    format!(
        "model: openai/gpt-5-mini\nmessages: [{{role: user, content: \"Sort: {{{{ticket}}}}\"}}]\ndatasets: [datasets/cases.jsonl]\nevaluators:\n{evaluators}"
    )
}

const THREE: &str = "  - {name: right, string: {contains: \"{{expected}}\"}}\n  - {name: short, string: {maxLength: 100}}\n  - {name: polite, string: {notContains: [damn, fool]}}\n";

const FIVE: &str = "  - {name: right, string: {contains: \"{{expected}}\"}}\n  - {name: short, string: {maxLength: 4000}}\n  - {name: polite, string: {notContains: [damn, fool]}}\n  - {name: words, string: {matches: \"(?i)hell[aeo]\"}}\n  - {name: starts, string: {startsWith: H}}\n";

fn cases(count: usize) -> String {
    let case = |number| {
        format!(
            "{{\"ticket\":\"ticket {number}\",\"expected\":\"hello\",\"case\":{{\"id\":\"c{number}\"}}}}\n"
        )
    };
    (0..count).map(case).collect()
}

fn repo(env: &TestEnv, server: &Server, evaluators: &str, count: usize) -> Shell {
    let repo = env
        .repo()
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", server.url());
    repo.write("datasets/cases.jsonl", cases(count));
    repo.write("prompts/triage.prompt.yml", prompt(evaluators));
    repo.git("add datasets");
    repo
}

/// How long a line takes, and the most memory that it had, in MB.
fn measured(repo: &Shell, line: &str) -> (Duration, f64) {
    let start = Instant::now();
    let mut child = repo
        .line(line)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0.0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
        let most = status.unwrap_or_default();
        let most = most.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = most.and_then(|it| it.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        peak = kilobytes.map_or(peak, |it| it / 1000.0);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{line}: {status}");
            return (start.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A server that takes its time: asked, and asked again.
fn asked_and_cached() {
    let server = Server::answering(|_| {
        std::thread::sleep(LATENCY);
        Reply::kept_answer("Hello.")
    });
    let env = TestEnv::new();
    let repo = repo(&env, &server, THREE, CASES);
    let line = format!("promptctl eval triage --concurrency {CONCURRENCY}");
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        repo.ok("promptctl eval --clear-cache");
        first.push(measured(&repo, &line).0);
        let asked = server.requests().len();
        again.push(measured(&repo, &line).0);
        assert_eq!(server.requests().len(), asked, "a connection was opened");
    }
    let ideal = (LATENCY * u32::try_from(CASES).unwrap() / CONCURRENCY).as_secs_f64();
    let first = median(first).as_secs_f64();
    println!(
        "{CASES} cases of 50 ms, {CONCURRENCY} at once: {first:.2} s, {:.2} times the ideal of {ideal:.2} s (at most 1.1)",
        first / ideal
    );
    println!(
        "the same from the cache: {:.0} ms, no connection (at most 100 ms)",
        median(again).as_secs_f64() * 1e3
    );
}

fn many_cached() {
    const MANY: usize = 10_000;
    let server = Server::answering(|_| Reply::kept_answer("Hello."));
    let env = TestEnv::new();
    let repo = repo(&env, &server, FIVE, MANY);
    let line = "promptctl eval triage --concurrency 64";
    measured(&repo, line);
    let (mut times, mut peak) = (Vec::new(), 0.0_f64);
    for _ in 0..3 {
        let (time, memory) = measured(&repo, line);
        times.push(time);
        peak = peak.max(memory);
    }
    println!(
        "{MANY} cached cases, 5 evaluators: {:.2} s, {peak:.0} MB (at most 1 s, 150 MB)",
        median(times).as_secs_f64()
    );
}

/// Answers of 2 KB from a file, to small cases and to cases of 2 KB.
fn given() {
    const MANY: usize = 100_000;
    let server = Server::answering(|_| Reply::Close);
    let env = TestEnv::new();
    let repo = repo(&env, &server, FIVE, MANY);
    let text = "x".repeat(2000);
    let answer = |number| format!("{{\"case\":\"c{number}\",\"output\":\"Hello {text}\"}}\n");
    let answers: String = (0..MANY).map(answer).collect();
    repo.write("answers.jsonl", answers);
    let line = "promptctl eval triage --answers answers.jsonl";
    let (time, peak) = measured(&repo, line);
    println!(
        "{MANY} answers of 2 KB from a file: {:.1} s, {peak:.0} MB (at most 300 MB)",
        time.as_secs_f64()
    );
    let cases: String = (0..MANY)
        .map(|number| format!("{{\"ticket\":\"{number} {text}\",\"expected\":\"hello\",\"case\":{{\"id\":\"c{number}\"}}}}\n"))
        .collect();
    repo.write("datasets/cases.jsonl", cases);
    let (time, peak) = measured(&repo, line);
    println!(
        "the same with cases of 2 KB: {:.1} s, {peak:.0} MB (at most 300 MB)",
        time.as_secs_f64()
    );
}

//! What a call costs besides the model: `run` beside `curl`, a batch beside its ideal, and many
//! processes that append to one log. `cargo bench --bench run`.

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

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use promptctl::record::entry::Record;
use promptctl::record::log::{Log, Query};

use crate::env::{Shell, TestEnv};
use crate::server::{Reply, Server};

const ROUNDS: usize = 40;
const CALLS: usize = 1000;
const CONCURRENCY: u32 = 32;
const LATENCY: Duration = Duration::from_millis(50);
const WRITERS: usize = 32;
const RECORDS: usize = 250;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, path, sizes] = arguments.as_slice()
        && word == "append"
    {
        append(Path::new(path), sizes == "equal");
        return;
    }
    overhead();
    memory();
    batch();
    writers("2 KB each", "equal");
    writers("2 KB to 200 KB", "spread");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn timed(command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.stdout(Stdio::null()).output().unwrap();
    let taken = start.elapsed();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    taken
}

/// One call, and the same request sent by curl, in turns.
fn overhead() {
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::answer("Hello."));
    let repo = server.repo(&env);
    let line = "promptctl run echo --var ticket=hi";
    let body = repo.ok(&format!("{line} --dry-run"));
    repo.write("body.json", &body);
    let curl = format!(
        "curl --silent --header 'Content-Type: application/json' --data-binary @body.json {}/responses",
        server.url()
    );
    if repo.line("curl --version").output().is_err() {
        println!("overhead: skipped, there is no curl here");
        return;
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(timed(&mut repo.line(line)));
        theirs.push(timed(&mut repo.line(&curl)));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "overhead of run: {:.1} ms ({:.1} ms; curl {:.1} ms; at most 15 ms)",
        (ours.as_secs_f64() - theirs.as_secs_f64()) * 1e3,
        ours.as_secs_f64() * 1e3,
        theirs.as_secs_f64() * 1e3,
    );
}

/// The most memory of a run, read while it waits for its second answer.
fn memory() {
    if !Path::new("/proc/self/status").exists() {
        println!("memory: skipped, there is no /proc here");
        return;
    }
    let (asked, wait) = channel();
    let (go, may_go) = channel::<()>();
    let (asked, may_go) = (Mutex::new(asked), Mutex::new(may_go));
    let server = Server::answering(move |_| {
        asked.lock().unwrap().send(()).unwrap();
        may_go.lock().unwrap().recv().ok();
        Reply::answer("Hello.")
    });
    let env = TestEnv::new();
    let repo = server.repo(&env);
    repo.write("cases.jsonl", "{\"ticket\":\"a\"}\n{\"ticket\":\"b\"}\n");
    let mut child = repo
        .line("promptctl run echo --inputs cases.jsonl --concurrency 1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait.recv().unwrap();
    go.send(()).unwrap();
    wait.recv().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    go.send(()).unwrap();
    child.wait().unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!(
        "memory of run: {} (at most 60 MB)",
        peak.unwrap_or("?").trim()
    );
}

fn batch() {
    let env = TestEnv::new();
    let server = Server::answering(|_| {
        std::thread::sleep(LATENCY);
        Reply::kept_answer("Hello.")
    });
    let repo: Shell = server.repo(&env);
    let cases: String = (0..CALLS)
        .map(|number| format!("{{\"ticket\":\"t{number}\"}}\n"))
        .collect();
    repo.write("cases.jsonl", cases);
    let line = format!("promptctl run echo --inputs cases.jsonl --concurrency {CONCURRENCY}");
    let taken = median((0..3).map(|_| timed(&mut repo.line(&line))).collect());
    let ideal = LATENCY * u32::try_from(CALLS).unwrap() / CONCURRENCY;
    println!(
        "batch of {CALLS}: {:.2} s, {:.2} times the ideal of {:.2} s (at most 1.15)",
        taken.as_secs_f64(),
        taken.as_secs_f64() / ideal.as_secs_f64(),
        ideal.as_secs_f64(),
    );
}

/// Many processes that append to one log at once.
fn writers(what: &str, sizes: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = Arc::new(folder.path().join("executions.jsonl"));
    let program = std::env::current_exe().unwrap();
    let start = Instant::now();
    let children: Vec<_> = (0..WRITERS)
        .map(|_| {
            let mut command = Command::new(&program);
            command
                .arg("append")
                .arg(&*path)
                .arg(sizes)
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let taken = start.elapsed();
    let listing = Log::at(&*path).list(&Query::default()).unwrap();
    println!(
        "{WRITERS} processes, {RECORDS} records each, {what}: {} whole, {} torn, {:.0} a second",
        listing.executions.len(),
        listing.bad.len(),
        (WRITERS * RECORDS) as f64 / taken.as_secs_f64(),
    );
}

/// One of the processes. Sizes are equal, or spread evenly over their logarithm.
fn append(path: &Path, is_equal: bool) {
    let log = Log::at(path);
    let now = jiff::Timestamp::now();
    for number in 0..RECORDS {
        let share = number as f64 / (RECORDS - 1) as f64;
        let size = if is_equal {
            2000.0
        } else {
            2000.0 * 100f64.powf(share)
        };
        let mut record = Record::new("bench", now);
        record.output = Some("x".repeat(size as usize));
        log.append(&record).unwrap();
    }
}

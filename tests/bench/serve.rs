//! What the gateway costs beside nginx, what it holds in memory, how soon it serves, and what
//! releases and a dead remote do to its callers. `cargo bench --bench serve`, or a part of it:
//! `cargo bench --bench serve -- calls`. Ratios are of rounds in turns, in one run.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement stops at the first surprise"
)]
#![allow(clippy::print_stdout, reason = "the figures are its output")]

#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../env.rs"]
mod env;
#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../gateway.rs"]
mod gateway;
mod load;
mod rivals;
#[path = "../template.rs"]
mod template;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::env::{Shell, TestEnv};
use crate::gateway::Gateway;
use crate::load::{
    EVENTS, Load, Upstream, answer_text, get, is_answer, load, median, post, slow_stream,
    stream_text,
};
use crate::rivals::{Rival, free_address};

/// How long one side has a turn.
const TURN: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;
const CALLERS: usize = 64;
const RELEASES: usize = 20;
/// How long the remote is dead, and how long a release is made each second.
const DEAD: Duration = Duration::from_secs(60);
const FULL_LOAD: Duration = Duration::from_secs(30);

/// A template of 2 KB, whose text tells its version, with a schema, as imported prompts have one.
fn template(version: usize) -> String {
    let line =
        "    You sort support tickets into queues, and say why in one sentence, for {{name}}.\n";
    format!(
        "model: openai/gpt-5-mini\ninput:\n  schema:\n    type: object\n    required: [name]\n    properties:\n      name: {{type: string}}\nmessages:\n- role: system\n  content: |\n    version {version}\n{}- role: user\n  content: \"{{{{#if name}}}}Hello {{{{name}}}}{{{{/if}}}}\"\n",
        line.repeat(24)
    )
}

fn call(id: &str, more: Value) -> String {
    let mut body = json!({"prompt": {"id": id, "variables": {"name": "Ada"}}, "input": "Where is my invoice?"});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body.to_string()
}

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|it| !it.starts_with('-'))
        .collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|it| it == part);
    let upstream = Upstream::start();
    let env = TestEnv::new();
    let repo = env
        .repo()
        .with("OPENAI_BASE_URL", format!("http://{}/v1", upstream.address));
    repo.add("triage", &template(1));
    for number in 1..100 {
        repo.add(&format!("p/n{number}"), &template(number));
    }
    repo.ok("promptctl publish --quiet --all");
    println!("| what | figure | target | verdict |\n|---|---|---|---|");
    if is_wanted("ready") {
        ready(&repo);
    }
    if is_wanted("calls") {
        calls(&env, &repo, &upstream);
    }
    if is_wanted("same") {
        same_bytes(&repo);
    }
    if is_wanted("streams") {
        streams_open(&repo);
    }
    if is_wanted("many") {
        many_prompts(&env, &repo);
    }
    if is_wanted("releases") {
        releases(&env, &upstream.address);
    }
}

enum Target {
    Most(f64),
    Least(f64),
    None,
}

fn row(what: &str, figure: f64, target: Target) {
    let (target, is_reached) = match target {
        Target::Most(most) => (format!("≤ {most}"), Some(figure <= most)),
        Target::Least(least) => (format!("≥ {least}"), Some(figure >= least)),
        Target::None => ("-".to_owned(), None),
    };
    let verdict = match is_reached {
        Some(true) => "reached",
        Some(false) => "**missed**",
        None => "-",
    };
    let digits = if figure.abs() < 100.0 { 2 } else { 0 };
    println!("| {what} | {figure:.digits$} | {target} | {verdict} |");
}

fn same_row(what: &str, is_same: bool) {
    let (figure, verdict) = match is_same {
        true => ("identical", "reached"),
        false => ("differ", "**missed**"),
    };
    println!("| {what} | {figure} | identical | {verdict} |");
}

/// A turn of one side.
fn turn(address: &str, request: &str, callers: usize) -> Load {
    let until = Instant::now() + TURN;
    let requests = [request.to_owned()];
    let lasts = move |now| now < until;
    load(address, &requests, callers, lasts, is_answer)
}

/// A line of `/proc/PROCESS/status`, in MB.
fn memory(process: u32) -> f64 {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else {
        return f64::NAN;
    };
    let line = status.lines().find(|line| line.starts_with("RssAnon"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<f64>().unwrap() / 1024.0
}

/// The processor time that a process has used, in µs.
fn processor(process: u32) -> f64 {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else {
        return f64::NAN;
    };
    // The name, in parentheses, may hold blanks.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    let ticks: f64 = fields[11..13]
        .iter()
        .map(|it| it.parse::<f64>().unwrap())
        .sum();
    // The kernel counts a hundred a second, wherever Linux runs.
    ticks * 1e4
}

/// What one side did in one round.
struct Side {
    /// The median of one caller, in µs.
    median: f64,
    /// Calls a second of all callers, and the processor time of each in µs.
    rate: f64,
    processor: f64,
    /// Streams a second of all callers.
    streams: f64,
    failed: u64,
}

impl Side {
    fn measure((address, process): (&str, u32), call: &str, stream: &str) -> Self {
        let one = turn(address, &post(address, call), 1);
        let before = processor(process);
        let many = turn(address, &post(address, call), CALLERS);
        let processor = (processor(process) - before) / many.calls as f64;
        let streams = turn(address, &post(address, stream), CALLERS);
        Self {
            median: one.median,
            rate: many.rate,
            processor,
            streams: streams.rate,
            failed: one.failed + many.failed + streams.failed,
        }
    }
}

struct Round {
    direct: f64,
    ours: Side,
    /// Answers of 304 a second.
    ours_read: f64,
    nginx: Option<Side>,
    nginx_file: f64,
    litellm: Option<Side>,
    /// The medians of a slow stream: from event to event, and from sending to having one.
    slow: (f64, f64),
    slow_direct: (f64, f64),
}

impl Round {
    fn added(&self, side: &Side) -> f64 {
        side.median - self.direct
    }
}

fn calls(env: &TestEnv, repo: &Shell, upstream: &Upstream) {
    let gateway = Gateway::start(repo, "--no-log");
    let folder = env.root().dir;
    let nginx = Rival::nginx(&folder, &upstream.address);
    let litellm = Rival::litellm(&folder, &upstream.address);
    let plain = json!({"model": "gpt-5-mini", "input": "x".repeat(2000)});
    let mut plain_stream = plain.clone();
    plain_stream["stream"] = json!(true);
    let (plain, plain_stream) = (plain.to_string(), plain_stream.to_string());
    let own = &*gateway.address;
    let (rendered, streamed) = (
        call("triage", json!({})),
        call("triage", json!({"stream": true})),
    );
    let slow = call("triage", json!({"stream": true, "metadata": {"a": "slow"}}));
    let plain_slow =
        json!({"model": "gpt-5-mini", "input": "x", "stream": true, "metadata": {"a": "slow"}})
            .to_string();
    let tag = gateway.get("/v1/prompts/triage");
    let tag = format!("if-none-match: {}\r\n", tag.header("etag").unwrap());
    let read = get(own, "/v1/prompts/triage", &tag);
    let rival = |rival: &Rival| {
        let side = (&*rival.address, rival.process());
        Side::measure(side, &plain, &plain_stream)
    };
    let measured = (0..ROUNDS).map(|_| Round {
        direct: turn(&upstream.address, &post(&upstream.address, &plain), 1).median,
        ours: Side::measure((own, gateway.process()), &rendered, &streamed),
        ours_read: turn(own, &read, CALLERS).rate,
        nginx: nginx.as_ref().map(rival),
        nginx_file: nginx.as_ref().map_or(f64::NAN, |nginx| {
            let file = get(&nginx.address, "/v1/prompt.json", "");
            turn(&nginx.address, &file, CALLERS).rate
        }),
        litellm: litellm.as_ref().map(rival),
        slow: slow_stream(upstream, own, &slow),
        slow_direct: slow_stream(upstream, &upstream.address, &plain_slow),
    });
    let rounds: Vec<Round> = measured.collect();
    let of = |figure: &dyn Fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let failed: u64 = rounds.iter().map(|it| it.ours.failed).sum();
    row(
        "failed calls of all below",
        failed as f64,
        Target::Most(0.0),
    );
    row(
        "one caller, directly: median (µs)",
        of(&|it| it.direct),
        Target::None,
    );
    row(
        "one caller, added to the median (µs)",
        of(&|it| it.added(&it.ours)),
        Target::Most(100.0),
    );
    row(
        "calls a second, 64 callers",
        of(&|it| it.ours.rate),
        Target::None,
    );
    row(
        "processor time a call, 64 callers (µs)",
        of(&|it| it.ours.processor),
        Target::None,
    );
    row(
        &format!("streams of {EVENTS} events a second, 64 callers"),
        of(&|it| it.ours.streams),
        Target::None,
    );
    row(
        "answers of 304 a second, 64 callers",
        of(&|it| it.ours_read),
        Target::None,
    );
    row(
        "slow stream: an event's delay, over the direct one (ms)",
        of(&|it| it.slow.1 - it.slow_direct.1),
        Target::Most(0.5),
    );
    row(
        "slow stream: from event to event, over the direct one (ms)",
        of(&|it| it.slow.0 - it.slow_direct.0),
        Target::Most(0.5),
    );
    if nginx.is_some() {
        let of = |figure: &dyn Fn(&Round, &Side) -> f64| {
            of(&|it| figure(it, it.nginx.as_ref().unwrap()))
        };
        row(
            "nginx: added to the median (µs)",
            of(&|it, nginx| it.added(nginx)),
            Target::None,
        );
        row(
            "nginx: calls a second",
            of(&|_, nginx| nginx.rate),
            Target::None,
        );
        row(
            "nginx: processor time a call (µs)",
            of(&|_, nginx| nginx.processor),
            Target::None,
        );
        row(
            "nginx: streams a second",
            of(&|_, nginx| nginx.streams),
            Target::None,
        );
        row(
            "nginx: a file, times a second",
            of(&|it, _| it.nginx_file),
            Target::None,
        );
        row(
            "added to the median / nginx's",
            of(&|it, nginx| it.added(&it.ours) / it.added(nginx).max(1.0)),
            Target::Most(6.0),
        );
        row(
            "processor time a call / nginx's",
            of(&|it, nginx| it.ours.processor / nginx.processor),
            Target::Most(3.5),
        );
        row(
            "calls a second / nginx's",
            of(&|it, nginx| it.ours.rate / nginx.rate),
            Target::Least(0.33),
        );
        row(
            "streams a second / nginx's",
            of(&|it, nginx| it.ours.streams / nginx.streams),
            Target::Least(0.15),
        );
        row(
            "answers of 304 / a file of nginx's",
            of(&|it, _| it.ours_read / it.nginx_file),
            Target::Least(0.5),
        );
    }
    if litellm.is_some() {
        let of = |figure: &dyn Fn(&Round, &Side) -> f64| {
            of(&|it| figure(it, it.litellm.as_ref().unwrap()))
        };
        row(
            "LiteLLM: calls a second",
            of(&|_, litellm| litellm.rate),
            Target::None,
        );
        row(
            "LiteLLM: added to the median / ours",
            of(&|it, litellm| it.added(litellm) / it.added(&it.ours)),
            Target::Least(100.0),
        );
        row(
            "LiteLLM: processor time a call / ours",
            of(&|it, litellm| litellm.processor / it.ours.processor),
            Target::Least(150.0),
        );
        row(
            "calls a second / LiteLLM's",
            of(&|it, litellm| it.ours.rate / litellm.rate),
            Target::Least(100.0),
        );
        row(
            "streams a second / LiteLLM's",
            of(&|it, litellm| it.ours.streams / litellm.streams),
            Target::Least(100.0),
        );
    }
    row(
        "memory, 100 prompts, after 64 callers (MB)",
        memory(gateway.process()),
        Target::Most(30.0),
    );
}

/// From the start of the program to the first answer of /readyz.
fn ready(repo: &Shell) {
    let figures = (0..ROUNDS).map(|_| {
        let address = free_address();
        let start = Instant::now();
        let mut child = repo
            .line(&format!(
                "promptctl --quiet serve --no-log --listen {address}"
            ))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let taken = loop {
            if let Ok(mut connection) = TcpStream::connect(&address) {
                connection
                    .write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                    .unwrap();
                let mut text = String::new();
                connection.read_to_string(&mut text).unwrap();
                if text.starts_with("HTTP/1.1 200") {
                    break start.elapsed();
                }
            }
            thread::sleep(Duration::from_millis(1));
        };
        child.kill().unwrap();
        child.wait().unwrap();
        taken.as_secs_f64()
    });
    row(
        "start to ready, 100 prompts (s)",
        median(figures.collect()),
        Target::Most(0.2),
    );
}

fn same_bytes(repo: &Shell) {
    let gateway = Gateway::start(repo, "--no-log --no-echo");
    let body = |more: Value| serde_json::from_str::<Value>(&call("triage", more)).unwrap();
    let answer = gateway.call(&body(json!({})));
    same_row(
        "bytes of an answer without echo",
        answer.body == answer_text().as_bytes(),
    );
    let stream = gateway.call(&body(json!({"stream": true})));
    same_row(
        "bytes of a stream without echo",
        stream.body == stream_text().as_bytes(),
    );
}

fn streams_open(repo: &Shell) {
    let gateway = Gateway::start(repo, "--no-log");
    let body = call("triage", json!({"stream": true, "metadata": {"a": "hang"}}));
    let request = post(&gateway.address, &body);
    let mut open = Vec::new();
    for _ in 0..1000 {
        let mut connection = TcpStream::connect(&gateway.address).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        open.push(connection);
    }
    for connection in &mut open {
        let mut head = [0; 12];
        connection.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
    }
    row(
        "memory, 1,000 open streams (MB)",
        memory(gateway.process()),
        Target::Most(100.0),
    );
}

fn many_prompts(env: &TestEnv, repo: &Shell) {
    let mut snapshot = repo.json("promptctl get --all --format json");
    let one = snapshot["prompts"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    let many = (0..10_000).map(|number| {
        let mut prompt = one.clone();
        prompt["name"] = json!(format!("p/n{number}"));
        prompt
    });
    snapshot["prompts"] = many.collect();
    let path = env.root().dir.join("many.json");
    std::fs::write(&path, snapshot.to_string()).unwrap();
    let start = Instant::now();
    let gateway = Gateway::start(repo, &format!("--no-log --snapshot {}", path.display()));
    row(
        "start to ready, 10,000 prompts of 2 KB (s)",
        start.elapsed().as_secs_f64(),
        Target::None,
    );
    let address = &*gateway.address;
    let requests: Vec<String> = (0..10_000)
        .map(|number| post(address, &call(&format!("p/n{number}"), json!({}))))
        .collect();
    // Twice as many, since some connections are faster than others.
    let left = Arc::new(AtomicUsize::new(2 * requests.len()));
    let lasts = move |_| {
        left.fetch_update(Relaxed, Relaxed, |it| it.checked_sub(1))
            .is_ok()
    };
    let load = load(address, &requests, CALLERS, lasts, is_answer);
    assert_eq!(load.failed, 0);
    row(
        &format!(
            "memory, 10,000 prompts of 2 KB, after {} calls (MB)",
            load.calls
        ),
        memory(gateway.process()),
        Target::Most(200.0),
    );
}

/// Whether an answer is whole and of one version: its text tells the version that its head names.
fn is_of_one_version(message: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(message) else {
        return false;
    };
    let head = text.split_once("promptctl-version: ").map(|it| it.1);
    let version = head.and_then(|it| it.split("\r\n").next());
    is_answer(message)
        && version.is_some_and(|version| {
            memchr::memmem::find(message, format!("version {version}\\n").as_bytes()).is_some()
        })
}

/// Callers in a thread of their own, until they are told to stop.
struct Callers {
    is_over: Arc<AtomicBool>,
    thread: thread::JoinHandle<Load>,
}

impl Callers {
    fn start(address: &str, count: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (address, told) = (address.to_owned(), Arc::clone(&is_over));
        let requests = [post(&address, &call("triage", json!({})))];
        let thread = thread::spawn(move || {
            let lasts = |_| !told.load(Ordering::Relaxed);
            load(&address, &requests, count, lasts, is_of_one_version)
        });
        Self { is_over, thread }
    }

    fn stop(self) -> Load {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// How soon a release made elsewhere is served, whether any answer mixes two, and what a dead
/// remote fails.
fn releases(env: &TestEnv, upstream: &str) {
    let ada = env.with_origin();
    ada.add("triage", &template(1));
    ada.ok("git push --quiet origin main");
    ada.ok("promptctl publish --quiet triage");
    let clone = env
        .clone_of_origin("Bob")
        .with("OPENAI_BASE_URL", format!("http://{upstream}/v1"));
    let gateway = Gateway::start(&clone, "--no-log --fetch-every 1s");
    let mut version = 1;
    let mut release = || {
        let (from, to) = (
            format!("version {version}"),
            format!("version {}", version + 1),
        );
        version += 1;
        ada.next_version("triage", &from, &to);
        ada.ok("git push --quiet origin main");
        ada.ok("promptctl publish --quiet triage");
        version
    };
    let mut times = Vec::new();
    for _ in 0..RELEASES {
        let version = release();
        let start = Instant::now();
        while gateway.get("/v1/prompts/triage").json()["version"] != version {
            thread::sleep(Duration::from_millis(5));
        }
        times.push(start.elapsed().as_secs_f64());
    }
    row(
        &format!("a release elsewhere is served, the slowest of {RELEASES} (s)"),
        times.iter().copied().fold(0.0, f64::max),
        Target::Most(1.5),
    );
    row("the same, the median (s)", median(times), Target::None);

    let callers = Callers::start(&gateway.address, CALLERS);
    let began = Instant::now();
    let (mut made, mut last) = (0, 0);
    while began.elapsed() < FULL_LOAD {
        let next = Instant::now() + Duration::from_secs(1);
        last = release();
        made += 1;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let load = callers.stop();
    row(
        &format!(
            "failed or mixed of {} answers to 64 callers in 30 s, with {made} releases",
            load.calls
        ),
        load.failed as f64,
        Target::Most(0.0),
    );
    while gateway.get("/v1/prompts/triage").json()["version"] != last {
        thread::sleep(Duration::from_millis(5));
    }

    let root = env.root().dir;
    std::fs::rename(root.join("origin.git"), root.join("gone.git")).unwrap();
    let callers = Callers::start(&gateway.address, 1);
    thread::sleep(DEAD);
    let load = callers.stop();
    row(
        &format!(
            "failed of {} calls while the remote was dead for 60 s",
            load.calls
        ),
        load.failed as f64,
        Target::Most(0.0),
    );
    assert!(
        gateway.said().contains("warning"),
        "the remote was never missed"
    );
}

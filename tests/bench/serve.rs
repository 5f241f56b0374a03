//! What the gateway costs beside nginx, what it holds in memory, and how soon it serves.
//! `cargo bench --bench serve`; all figures of a row come from one run, so that ratios count.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement stops at the first surprise"
)]
#![allow(clippy::print_stdout, reason = "the figures are its output")]

#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../cli/env.rs"]
mod env;
#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../api/gateway.rs"]
mod gateway;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use promptctl::prompt::digest::digest;
use promptctl::prompt::document::parse;
use promptctl::prompt::template::Partials;
use serde_json::{Value, json};

use crate::env::{Shell, TestEnv};
use crate::gateway::Gateway;

const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;
const EVENTS: usize = 35;

/// A template of 2 KB, and the values for it.
fn template(version: usize) -> String {
    let line =
        "    You sort support tickets into queues, and say why in one sentence, for {{name}}.\n";
    format!(
        "model: openai/gpt-5-mini\nmessages:\n- role: system\n  content: |\n    version {version}\n{}- role: user\n  content: \"{{{{#if name}}}}Hello {{{{name}}}}{{{{/if}}}}\"\n",
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
    let upstream = Upstream::start();
    let env = TestEnv::new();
    let repo = env
        .repo()
        .with("OPENAI_BASE_URL", format!("http://{}/v1", upstream.0));
    repo.add("triage", &template(1));
    for number in 1..100 {
        repo.add(&format!("p/n{number}"), &template(number));
    }
    repo.ok("promptctl publish --quiet --all");
    println!("| what | figure | target | verdict |\n|---|---|---|---|");
    ready(&repo);
    let gateway = Gateway::start(&repo, "--no-log");
    let nginx = Nginx::start(&env, &upstream.0);
    calls(&gateway, nginx.as_ref(), &upstream.0);
    row(
        "memory, 100 prompts after 64 callers (MB)",
        memory(&gateway),
        Some(30.0),
    );
    same_bytes(&repo, &upstream.0);
    drop(gateway);
    streams_open(&repo);
    many_prompts(&env, &repo);
    releases(&env, &upstream.0);
}

/// A row whose figure may be the target at most.
fn row(what: &str, figure: f64, most: Option<f64>) {
    let (target, verdict) = match most {
        Some(most) => (
            format!("≤ {most}"),
            if figure <= most {
                "reached"
            } else {
                "**missed**"
            },
        ),
        None => ("-".to_owned(), "-"),
    };
    println!("| {what} | {figure:.2} | {target} | {verdict} |");
}

/// A row whose figure must be the target at least.
fn row_least(what: &str, figure: f64, least: f64) {
    let verdict = if figure >= least {
        "reached"
    } else {
        "**missed**"
    };
    println!("| {what} | {figure:.2} | ≥ {least} | {verdict} |");
}

/// An API that always says the same.
struct Upstream(String);

impl Upstream {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answer = json!({"id": "resp_1", "status": "completed", "model": "gpt-5-mini", "instructions": null, "prompt": null,
            "output": [{"type": "message", "content": [{"type": "output_text", "text": "x".repeat(700)}]}],
            "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}).to_string();
        let whole = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        let stream = stream_text();
        let streamed = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{stream}",
            stream.len()
        );
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            listener.set_nonblocking(true).unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((connection, _)) = listener.accept().await {
                    connection.set_nodelay(true).unwrap();
                    let (whole, streamed) = (whole.clone(), streamed.clone());
                    tokio::spawn(async move { answer_all(connection, &whole, &streamed).await });
                }
            });
        });
        Self(address)
    }
}

fn stream_text() -> String {
    let response = json!({"id": "resp_1", "model": "gpt-5-mini", "usage": {"input_tokens": 1, "output_tokens": 1}});
    let mut text = format!(
        "data: {}\n\n",
        json!({"type": "response.created", "response": response})
    );
    for _ in 0..EVENTS - 2 {
        text.push_str(&format!(
            "data: {}\n\n",
            json!({"type": "response.output_text.delta", "delta": "a word "})
        ));
    }
    text + &format!(
        "data: {}\n\n",
        json!({"type": "response.completed", "response": response})
    )
}

async fn answer_all(connection: tokio::net::TcpStream, whole: &str, streamed: &str) {
    let mut buffer = Vec::new();
    loop {
        let Some(length) = read_message(&connection, &mut buffer).await else {
            return;
        };
        let request: Vec<u8> = buffer.drain(..length).collect();
        let has = |part: &str| memchr::memmem::find(&request, part.as_bytes()).is_some();
        let answer = match has("\"stream\":true") {
            _ if has("\"hang\"") => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                let first = "data: {\"type\":\"response.created\",\"response\":{}}\n\n";
                write(
                    &connection,
                    format!("{head}{:x}\r\n{first}\r\n", first.len()).as_bytes(),
                )
                .await;
                std::future::pending::<()>().await;
                return;
            }
            true => streamed,
            false => whole,
        };
        write(&connection, answer.as_bytes()).await;
    }
}

async fn write(to: &tokio::net::TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        if to.writable().await.is_err() {
            return;
        }
        match to.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// Reads until a whole message stands in the buffer, and returns its length.
async fn read_message(from: &tokio::net::TcpStream, buffer: &mut Vec<u8>) -> Option<usize> {
    loop {
        if let Some(length) = message_length(buffer) {
            return Some(length);
        }
        from.readable().await.ok()?;
        match from.try_read_buf(buffer) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
}

fn message_length(buffer: &[u8]) -> Option<usize> {
    let head = memchr::memmem::find(buffer, b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head])
        .ok()?
        .to_ascii_lowercase();
    if text.contains("transfer-encoding: chunked") {
        return Some(head + memchr::memmem::find(&buffer[head..], b"0\r\n\r\n")? + 5);
    }
    let length = text.split("content-length: ").nth(1).map_or(0, |rest| {
        rest.split("\r\n")
            .next()
            .unwrap()
            .trim()
            .parse::<usize>()
            .unwrap()
    });
    (buffer.len() >= head + length).then_some(head + length)
}

/// One request over and over on so many connections: the median in µs, and how many a second.
fn load(address: &str, request: &str, connections: usize) -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut times: Vec<u64> = runtime.block_on(async {
        let until = Instant::now() + ROUND;
        let tasks = (0..connections).map(|_| {
            let (address, request) = (address.to_owned(), request.to_owned());
            tokio::spawn(async move {
                let connection = tokio::net::TcpStream::connect(address).await.unwrap();
                connection.set_nodelay(true).unwrap();
                let (mut buffer, mut times) = (Vec::new(), Vec::new());
                while Instant::now() < until {
                    let start = Instant::now();
                    write(&connection, request.as_bytes()).await;
                    let length = read_message(&connection, &mut buffer)
                        .await
                        .expect("an answer");
                    assert!(
                        buffer.starts_with(b"HTTP/1.1 200") || buffer.starts_with(b"HTTP/1.1 304"),
                        "{}",
                        String::from_utf8_lossy(&buffer)
                    );
                    buffer.drain(..length);
                    times.push(u64::try_from(start.elapsed().as_nanos()).unwrap());
                }
                times
            })
        });
        let mut all = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            all.extend(task.await.unwrap());
        }
        all
    });
    times.sort_unstable();
    (
        times[times.len() / 2] as f64 / 1e3,
        times.len() as f64 / ROUND.as_secs_f64(),
    )
}

fn post(address: &str, path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// nginx with one worker before the same API.
struct Nginx(Child, String);

impl Nginx {
    fn start(env: &TestEnv, upstream: &str) -> Option<Self> {
        let root = env.root().dir.join("nginx");
        std::fs::create_dir_all(root.join("www/v1")).unwrap();
        std::fs::write(root.join("www/v1/prompt.json"), "x".repeat(5000)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = root.display();
        let conf = format!(
            "worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{ worker_connections 1024; }}\n\
             http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
             keepalive_requests 1000000000; upstream api {{ server {upstream}; keepalive 256; keepalive_requests 1000000000; }}\n\
             server {{ listen 127.0.0.1:{port}; root {folder}/www; location /v1/responses {{ proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; }} }} }}\n"
        );
        std::fs::write(root.join("nginx.conf"), conf).unwrap();
        let child = Command::new("nginx")
            .args([
                "-c",
                &root.join("nginx.conf").display().to_string(),
                "-p",
                &root.display().to_string(),
            ])
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            println!("nginx is not installed here: its rows are skipped");
            return None;
        };
        let address = format!("127.0.0.1:{port}");
        for _ in 0..200 {
            if TcpStream::connect(&address).is_ok() {
                return Some(Self(child, address));
            }
            thread::sleep(Duration::from_millis(10));
        }
        println!("nginx did not start here: its rows are skipped");
        None
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The worker ends with its master, and the master at a signal.
        drop(Command::new("kill").arg(self.0.id().to_string()).status());
        drop(self.0.wait());
    }
}

fn calls(gateway: &Gateway, nginx: Option<&Nginx>, upstream: &str) {
    let own = &gateway.address;
    let rendered = call("triage", json!({}));
    let plain = json!({"model": "gpt-5-mini", "input": "x".repeat(2000)}).to_string();
    let streamed = call("triage", json!({"stream": true}));
    let plain_stream =
        json!({"model": "gpt-5-mini", "input": "x".repeat(2000), "stream": true}).to_string();
    let path = "/v1/responses";
    let mut figures: Vec<[f64; 9]> = Vec::new();
    let tag = gateway
        .get("/v1/prompts/triage")
        .header("etag")
        .unwrap()
        .to_owned();
    let read =
        format!("GET /v1/prompts/triage HTTP/1.1\r\nhost: {own}\r\nif-none-match: {tag}\r\n\r\n");
    for _ in 0..ROUNDS {
        let direct = load(upstream, &post(upstream, path, &plain), 1).0;
        let ours = load(own, &post(own, path, &rendered), 1).0;
        let ours_many = load(own, &post(own, path, &rendered), 64).1;
        let ours_stream = load(own, &post(own, path, &streamed), 64).1;
        let ours_read = load(own, &read, 64).1;
        let theirs = nginx.map(|nginx| {
            let at = &nginx.1;
            let file = format!("GET /v1/prompt.json HTTP/1.1\r\nhost: {at}\r\n\r\n");
            [
                load(at, &post(at, path, &plain), 1).0,
                load(at, &post(at, path, &plain), 64).1,
                load(at, &post(at, path, &plain_stream), 64).1,
                load(at, &file, 64).1,
            ]
        });
        let theirs = theirs.unwrap_or([f64::NAN; 4]);
        figures.push([
            direct,
            ours,
            ours_many,
            ours_stream,
            ours_read,
            theirs[0],
            theirs[1],
            theirs[2],
            theirs[3],
        ]);
    }
    let middle = |at: usize| median(figures.iter().map(|row| row[at]).collect());
    let ratio = |of: &dyn Fn(&[f64; 9]) -> f64| median(figures.iter().map(of).collect());
    row(
        "added median, one caller (µs)",
        ratio(&|it| it[1] - it[0]),
        Some(100.0),
    );
    println!("| calls a second, 64 callers | {:.0} | - | - |", middle(2));
    println!(
        "| streams of {EVENTS} events a second, 64 callers | {:.0} | - | - |",
        middle(3)
    );
    if nginx.is_some() {
        row(
            "the same over nginx's added",
            ratio(&|it| (it[1] - it[0]) / (it[5] - it[0]).max(1.0)),
            Some(6.0),
        );
        row_least(
            "calls a second, 64 callers, of nginx's",
            ratio(&|it| it[2] / it[6]),
            0.33,
        );
        row_least(
            "streams a second, 64 callers, of nginx's",
            ratio(&|it| it[3] / it[7]),
            0.15,
        );
        row_least(
            "304 answers a second, of nginx's with a file",
            ratio(&|it| it[4] / it[8]),
            0.5,
        );
    }
}

/// The anonymous memory of the gateway, in MB.
fn memory(gateway: &Gateway) -> f64 {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", gateway.process())) else {
        return f64::NAN;
    };
    let line = status
        .lines()
        .find(|line| line.starts_with("RssAnon"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<f64>()
        .unwrap()
        / 1024.0
}

/// From the start of the program to the first answer of /readyz.
fn ready(repo: &Shell) {
    let figures = (0..ROUNDS).map(|_| {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let start = Instant::now();
        let mut child = repo
            .line(&format!(
                "promptctl --quiet serve --no-log --listen 127.0.0.1:{port}"
            ))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let taken = loop {
            if let Ok(mut connection) = TcpStream::connect(("127.0.0.1", port)) {
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
        Some(0.2),
    );
}

fn same_bytes(repo: &Shell, upstream: &str) {
    let gateway = Gateway::start(repo, "--no-log --no-echo");
    let _ = upstream;
    let stream =
        gateway.call(&serde_json::from_str(&call("triage", json!({"stream": true}))).unwrap());
    let is_same = stream.body == stream_text().as_bytes();
    println!(
        "| bytes of a stream without echo | {} | identical | {} |",
        if is_same { "identical" } else { "differ" },
        if is_same { "reached" } else { "**missed**" }
    );
}

fn streams_open(repo: &Shell) {
    let gateway = Gateway::start(repo, "--no-log");
    let body = call("triage", json!({"stream": true, "metadata": {"a": "hang"}}));
    let request = post(&gateway.address, "/v1/responses", &body);
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
        memory(&gateway),
        Some(100.0),
    );
}

fn many_prompts(env: &TestEnv, repo: &Shell) {
    let prompts: Vec<Value> = (0..10_000)
        .map(|number| {
            let text = template(number);
            let document = parse(&text).unwrap();
            let digest = digest(&document, &Partials::new());
            json!({"name": format!("p/n{number}"), "path": "x", "blob": "", "digest": digest, "version": 1, "document": document.written.raw()})
        })
        .collect();
    let snapshot = json!({"schema": 1, "environment": "production", "prompts": prompts});
    let path = env.root().dir.join("many.json");
    std::fs::write(&path, snapshot.to_string()).unwrap();
    let start = Instant::now();
    let gateway = Gateway::start(repo, &format!("--no-log --snapshot {}", path.display()));
    row(
        "start to ready, 10,000 prompts of 2 KB (s)",
        start.elapsed().as_secs_f64(),
        None,
    );
    row(
        "memory, 10,000 prompts of 2 KB (MB)",
        memory(&gateway),
        Some(200.0),
    );
}

/// How soon a release made elsewhere is served, whether any answer mixes two, and what a dead remote fails.
fn releases(env: &TestEnv, upstream: &str) {
    let ada = env.with_origin();
    ada.add("triage", &template(1));
    ada.ok("git push --quiet origin main");
    ada.ok("promptctl publish --quiet triage");
    let clone = env
        .clone_of_origin("Bob")
        .with("OPENAI_BASE_URL", format!("http://{upstream}/v1"));
    let gateway = Gateway::start(&clone, "--no-log --fetch-every 1s");
    let address = gateway.address.clone();
    let body = call("triage", json!({}));
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let caller = thread::spawn(move || {
        let (mut calls, mut failed, mut mixed) = (0u64, 0u64, 0u64);
        let mut connection = TcpStream::connect(&address).unwrap();
        while stopped.try_recv().is_err() {
            connection
                .write_all(post(&address, "/v1/responses", &body).as_bytes())
                .unwrap();
            let mut buffer = Vec::new();
            while message_length(&buffer).is_none() {
                let mut chunk = [0; 16 * 1024];
                let count = connection.read(&mut chunk).unwrap();
                assert!(count > 0);
                buffer.extend_from_slice(&chunk[..count]);
            }
            let text = String::from_utf8(buffer).unwrap();
            let version = text
                .split("promptctl-version: ")
                .nth(1)
                .and_then(|it| it.split("\r\n").next());
            calls += 1;
            match version {
                Some(version) if text.contains(&format!("version {version}\\n")) => {}
                Some(_) => mixed += 1,
                None => failed += 1,
            }
        }
        (calls, failed, mixed)
    });
    let mut slowest = 0f64;
    for version in 2..12 {
        ada.next_version(
            "triage",
            &format!("version {}", version - 1),
            &format!("version {version}"),
        );
        ada.ok("git push --quiet origin main");
        ada.ok("promptctl publish --quiet triage");
        let start = Instant::now();
        loop {
            let answer = gateway.get("/v1/prompts/triage");
            if answer.json()["version"] == version {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        slowest = slowest.max(start.elapsed().as_secs_f64());
    }
    row(
        "a release elsewhere is served, the slowest of 10 (s)",
        slowest,
        Some(1.5),
    );
    std::fs::rename(
        env.root().dir.join("origin.git"),
        env.root().dir.join("gone.git"),
    )
    .unwrap();
    thread::sleep(Duration::from_secs(20));
    stop.send(()).unwrap();
    let (calls, failed, mixed) = caller.join().unwrap();
    println!(
        "| calls while ten releases were made and the remote was dead for 20 s | {calls} | - | - |"
    );
    row(
        "failed or mixed of these",
        (failed + mixed) as f64,
        Some(0.0),
    );
}

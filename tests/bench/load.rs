//! An API that always says the same, and callers that ask the same over and over.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpStream;

/// How many events a stream has.
pub(crate) const EVENTS: usize = 35;
/// From one event of a slow stream to the next.
pub(crate) const GAP: Duration = Duration::from_millis(20);
/// Begins an event that says when it was sent: in nanoseconds since `Upstream::start`.
const SENT: &str = "\"sent\":";

/// The API. A request that holds `"hang"` gets the first event of a stream that never ends, one
/// that holds `"slow"` an event at a time.
pub(crate) struct Upstream {
    pub(crate) address: String,
    began: Instant,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let began = Instant::now();
        thread::spawn(move || {
            listener.set_nonblocking(true).unwrap();
            runtime().block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((connection, _)) = listener.accept().await {
                    connection.set_nodelay(true).unwrap();
                    tokio::spawn(answer_all(connection, began));
                }
            });
        });
        Self { address, began }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// The body of an answer: 1.1 KB.
pub(crate) fn answer_text() -> String {
    json!({"id": "resp_1", "object": "response", "created_at": 1_795_000_000, "status": "completed", "model": "gpt-5-mini",
        "instructions": null, "prompt": null, "metadata": {}, "temperature": 1.0, "top_p": 1.0, "parallel_tool_calls": true, "tool_choice": "auto", "tools": [],
        "output": [{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": "x".repeat(600), "annotations": []}]}],
        "usage": {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 1, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 2}})
    .to_string()
}

/// The body of a stream.
pub(crate) fn stream_text() -> String {
    let response = serde_json::from_str::<serde_json::Value>(&answer_text()).unwrap();
    let mut text = String::new();
    for number in 0..EVENTS {
        let event = match number {
            0 => json!({"type": "response.created", "response": response, "sequence_number": 0}),
            last if last == EVENTS - 1 => {
                json!({"type": "response.completed", "response": response, "sequence_number": last})
            }
            middle => {
                json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
                    "delta": "a word ", "sequence_number": middle})
            }
        };
        text.push_str(&format!(
            "event: {}\ndata: {event}\n\n",
            event["type"].as_str().unwrap()
        ));
    }
    text
}

async fn answer_all(connection: TcpStream, began: Instant) {
    let whole = |kind: &str, text: &str| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        )
    };
    let answer = whole("application/json", &answer_text());
    let stream = whole("text/event-stream", &stream_text());
    let mut buffer = Vec::new();
    while let Some(length) = read_message(&connection, &mut buffer).await {
        let has = |part: &str| memchr::memmem::find(&buffer[..length], part.as_bytes()).is_some();
        let is_stream = has("\"stream\":true") || has("\"stream\": true");
        let (hangs, is_slow) = (is_stream && has("\"hang\""), is_stream && has("\"slow\""));
        buffer.drain(..length);
        if hangs || is_slow {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            write(&connection, head.as_bytes()).await;
        }
        if hangs {
            chunk(
                &connection,
                "data: {\"type\":\"response.created\",\"response\":{}}\n\n",
            )
            .await;
            std::future::pending::<()>().await;
        } else if is_slow {
            for _ in 0..EVENTS {
                tokio::time::sleep(GAP).await;
                let sent = began.elapsed().as_nanos();
                chunk(&connection, &format!("data: {{\"type\":\"response.output_text.delta\",{SENT}{sent},\"delta\":\"a word \"}}\n\n")).await;
            }
            write(&connection, b"0\r\n\r\n").await;
        } else {
            let text = if is_stream { &stream } else { &answer };
            write(&connection, text.as_bytes()).await;
        }
    }
}

async fn chunk(to: &TcpStream, text: &str) {
    write(to, format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await;
}

async fn write(to: &TcpStream, mut bytes: &[u8]) {
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

/// Reads more into the buffer; whether there was any.
async fn read(from: &TcpStream, buffer: &mut Vec<u8>) -> bool {
    loop {
        if from.readable().await.is_err() {
            return false;
        }
        match from.try_read_buf(buffer) {
            Ok(count) => return count > 0,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
    }
}

/// Reads until a whole message stands in the buffer, and returns its length.
async fn read_message(from: &TcpStream, buffer: &mut Vec<u8>) -> Option<usize> {
    loop {
        if let Some(length) = message_length(buffer) {
            return Some(length);
        }
        buffer.reserve(16 * 1024);
        if !read(from, buffer).await {
            return None;
        }
    }
}

/// The length of the message that begins the buffer, if all of it is there.
fn message_length(buffer: &[u8]) -> Option<usize> {
    let head = memchr::memmem::find(buffer, b"\r\n\r\n")? + 4;
    let value = |name: &str| {
        let mut lines = buffer[..head].split(|byte| *byte == b'\n');
        lines.find_map(|line| {
            let (start, rest) = line.split_at_checked(name.len())?;
            let is_named = start.eq_ignore_ascii_case(name.as_bytes());
            is_named.then(|| std::str::from_utf8(rest).unwrap().trim())
        })
    };
    if value("transfer-encoding:") == Some("chunked") {
        let end = if buffer[head..].starts_with(b"0\r\n\r\n") {
            0
        } else {
            memchr::memmem::find(&buffer[head..], b"\r\n0\r\n\r\n")? + 2
        };
        return Some(head + end + 5);
    }
    // No answer of 304 has a body, whatever its head says.
    let has_body = !buffer.starts_with(b"HTTP/1.1 304");
    let length = value("content-length:").filter(|_| has_body);
    let length = length.map_or(0, |text| text.parse::<usize>().unwrap());
    (buffer.len() >= head + length).then_some(head + length)
}

/// A request with a body.
pub(crate) fn post(address: &str, body: &str) -> String {
    format!(
        "POST /v1/responses HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nauthorization: Bearer sk-bench\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A request without one.
pub(crate) fn get(address: &str, path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{more}\r\n")
}

/// What a load showed. Without a single answer there is no median.
pub(crate) struct Load {
    /// In µs.
    pub(crate) median: f64,
    /// Calls a second.
    pub(crate) rate: f64,
    pub(crate) calls: u64,
    pub(crate) failed: u64,
}

/// Requests in turns on so many connections, for so long; each connection begins at another one, so
/// that together they soon have sent all. An answer that `is_good` refuses, or
/// that does not come, has failed.
pub(crate) fn load(
    address: &str,
    requests: &[String],
    connections: usize,
    lasts: impl Fn(Instant) -> bool + Clone,
    is_good: impl Fn(&[u8]) -> bool + Clone,
) -> Load {
    let began = Instant::now();
    let mut times: Vec<Vec<u64>> = runtime().block_on(async {
        let callers = (0..connections).map(|at| {
            let (lasts, is_good) = (lasts.clone(), is_good.clone());
            async move {
                let mut times = Vec::new();
                let mut failed = 0;
                let first = at * requests.len() / connections;
                let mut turns = requests.iter().cycle().skip(first);
                let mut buffer = Vec::new();
                'connections: loop {
                    let connection = TcpStream::connect(address).await.unwrap();
                    connection.set_nodelay(true).unwrap();
                    buffer.clear();
                    loop {
                        let start = Instant::now();
                        if !lasts(start) {
                            break 'connections;
                        }
                        write(&connection, turns.next().unwrap().as_bytes()).await;
                        let Some(length) = read_message(&connection, &mut buffer).await else {
                            failed += 1;
                            continue 'connections;
                        };
                        if !is_good(&buffer[..length]) {
                            failed += 1;
                        }
                        buffer.drain(..length);
                        times.push(u64::try_from(start.elapsed().as_nanos()).unwrap());
                    }
                }
                times.push(failed);
                times
            }
        });
        futures_util::future::join_all(callers).await
    });
    let took = began.elapsed();
    let failed = times.iter_mut().map(|times| times.pop().unwrap()).sum();
    let mut times: Vec<u64> = times.into_iter().flatten().collect();
    times.sort_unstable();
    let calls = u64::try_from(times.len()).unwrap();
    Load {
        median: times
            .get(times.len() / 2)
            .map_or(f64::NAN, |it| *it as f64 / 1e3),
        rate: calls as f64 / took.as_secs_f64(),
        calls,
        failed,
    }
}

/// Whether an answer is what was asked for.
pub(crate) fn is_answer(message: &[u8]) -> bool {
    message.starts_with(b"HTTP/1.1 200") || message.starts_with(b"HTTP/1.1 304")
}

/// A slow stream: the median time from one event to the next, and from sending an event to having
/// it, in ms.
pub(crate) fn slow_stream(upstream: &Upstream, address: &str, body: &str) -> (f64, f64) {
    let request = post(address, body);
    let (gaps, delays) = runtime().block_on(async {
        let connection = TcpStream::connect(address).await.unwrap();
        connection.set_nodelay(true).unwrap();
        write(&connection, request.as_bytes()).await;
        let (mut buffer, mut seen, mut last) = (Vec::new(), 0, None);
        let (mut gaps, mut delays) = (Vec::new(), Vec::new());
        while delays.len() < EVENTS && read(&connection, &mut buffer).await {
            let now = upstream.began.elapsed();
            while let Some(at) = memchr::memmem::find(&buffer[seen..], b"\"delta\":") {
                let text = std::str::from_utf8(&buffer[seen..seen + at]).unwrap();
                let sent = text.rsplit_once(SENT).unwrap().1;
                let sent: u64 = sent.trim_end_matches(',').parse().unwrap();
                delays.push((now.as_secs_f64() - sent as f64 / 1e9) * 1e3);
                if let Some(last) = last.replace(now) {
                    gaps.push((now - last).as_secs_f64() * 1e3);
                }
                seen += at + 1;
            }
        }
        (gaps, delays)
    });
    assert_eq!(delays.len(), EVENTS, "a slow stream of {address}");
    (median(gaps), median(delays))
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

//! A server on this machine that answers what a test has queued, and keeps what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::retry::{Pace, Pause};

/// What the server does with one connection.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// It sends these bytes and closes.
    Bytes(Vec<u8>),
    /// It sends these pieces, each for itself, and closes.
    Pieces(Vec<Vec<u8>>),
    /// It sends these bytes and then nothing, until the client goes away.
    Hang(Vec<u8>),
    /// It sends bytes without end, until the client goes away.
    Flood(Vec<u8>),
    /// It closes at once.
    Close,
}

impl Reply {
    /// A JSON answer with this status.
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::with_headers(status, &[], &body.to_string())
    }

    /// An answer with headers of its own.
    pub(crate) fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        Self::Bytes(Self::head(status, headers, Some(body.len()), body).into_bytes())
    }

    fn head(status: u16, headers: &[(&str, &str)], length: Option<usize>, body: &str) -> String {
        let mut text = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            text.push_str("content-type: application/json\r\n");
        }
        if let Some(length) = length {
            text.push_str(&format!("content-length: {length}\r\n"));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text + "\r\n" + body
    }

    /// The beginning of a stream, whose end is the end of the connection.
    pub(crate) fn stream_head() -> String {
        Self::head(
            200,
            &[
                ("content-type", "text/event-stream"),
                ("x-request-id", "req_1"),
            ],
            None,
            "",
        )
    }

    /// A stream of events with these data.
    pub(crate) fn stream(data: &[String]) -> Self {
        let events = data
            .iter()
            .map(|data| format!("data: {data}\n\n").into_bytes());
        let head = [Self::stream_head().into_bytes()];
        Self::Pieces(head.into_iter().chain(events).collect())
    }

    /// An answer that says to be longer than it is.
    pub(crate) fn cut(body: &str) -> Self {
        Self::Bytes(Self::head(200, &[], Some(body.len() + 100), body).into_bytes())
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Method, path and version.
    pub(crate) line: String,
    /// Names are in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// The server. It ends with the test.
pub(crate) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// A server that gives these replies, one a connection, and closes every later connection.
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            let mut replies = replies.into_iter();
            for connection in listener.incoming() {
                let Ok(connection) = connection else { return };
                let reply = replies.next().unwrap_or(Reply::Close);
                // A client may go away whenever it likes.
                drop(answer(connection, reply, &seen));
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(mut to: TcpStream, reply: Reply, seen: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    to.set_nodelay(true)?;
    let request = read_request(&to)?;
    seen.lock().unwrap().push(request);
    match reply {
        Reply::Close => {}
        Reply::Bytes(bytes) => to.write_all(&bytes)?,
        Reply::Pieces(pieces) => {
            for piece in pieces {
                to.write_all(&piece)?;
                to.flush()?;
            }
        }
        Reply::Hang(bytes) => {
            to.write_all(&bytes)?;
            // Ends when the client closes.
            let mut rest = Vec::new();
            to.read_to_end(&mut rest)?;
        }
        Reply::Flood(head) => {
            to.write_all(&head)?;
            let block = vec![b'x'; 1 << 20];
            loop {
                to.write_all(&block)?;
            }
        }
    }
    to.shutdown(Shutdown::Write)
}

fn read_request(from: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(from);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap_or(0));
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request {
        line: line.trim_end().to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// A clock that stands still, waits for nothing, and keeps how long it was asked to wait.
#[derive(Debug, Default)]
pub(crate) struct StillPace {
    waits: Mutex<Vec<Duration>>,
}

impl StillPace {
    /// The waits asked for, in seconds.
    pub(crate) fn waits(&self) -> Vec<f64> {
        self.waits
            .lock()
            .unwrap()
            .iter()
            .map(Duration::as_secs_f64)
            .collect()
    }
}

impl Pace for StillPace {
    fn sleep(&self, duration: Duration) -> Pause {
        self.waits.lock().unwrap().push(duration);
        Box::pin(std::future::ready(()))
    }

    fn now(&self) -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn random(&self) -> f64 {
        0.0
    }
}

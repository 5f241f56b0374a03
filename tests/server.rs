//! A server on this machine that answers what a test wants, and keeps what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
#[cfg(unix)]
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::env::{Shell, TestEnv};

/// The key that no output may ever hold.
pub(crate) const KEY: &str = "sk-test-0123456789abcdefghijklmnop";

/// A prompt with one variable.
pub(crate) const ECHO: &str = "model: openai/gpt-5-mini\nmessages:\n  - role: system\n    content: Be brief.\n  - role: user\n    content: \"{{ticket}}\"\n";

/// A prompt whose answer must fit a schema.
pub(crate) const SORTER: &str = "\
model: openai/gpt-5-mini
messages:
  - role: user
    content: \"{{ticket}}\"
responseFormat: json_schema
jsonSchema:
  name: triage
  strict: true
  schema:
    type: object
    required: [queue]
    properties: {queue: {enum: [billing, tech]}}
    additionalProperties: false
";

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// It sends these bytes and closes.
    Bytes(Vec<u8>),
    /// It sends these bytes and waits for the next request on the same connection.
    Kept(Vec<u8>),
    /// It sends these bytes, whose length is told to be greater, and closes.
    Cut(Vec<u8>),
    /// It sends these bytes and then nothing, until the client goes away.
    Hang(Vec<u8>),
    /// It closes at once.
    Close,
}

impl Reply {
    /// A JSON answer with this status.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &[], &body.to_string())
    }

    /// An error of the API with this status.
    pub(crate) fn error(
        status: u16,
        code: Option<&str>,
        param: Option<&str>,
        message: &str,
    ) -> Self {
        let error = json!({ "message": message, "type": "invalid_request_error", "param": param, "code": code });
        // A wait that no test feels.
        let headers = [("retry-after-ms", "1"), ("x-request-id", "req_1")];
        Self::text(status, &headers, &json!({ "error": error }).to_string())
    }

    /// An answer with headers of its own.
    pub(crate) fn text(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut head = format!("content-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            head.push_str("content-type: application/json\r\n");
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        Self::Bytes(
            format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{head}\r\n{body}").into_bytes(),
        )
    }

    /// A good answer with this text.
    pub(crate) fn answer(text: &str) -> Self {
        Self::json(200, &answer(text))
    }

    /// A good answer after which the connection stays open, as the API's own does.
    pub(crate) fn kept_answer(text: &str) -> Self {
        let body = answer(text).to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        let length = body.len();
        Self::Kept(format!("{head}content-length: {length}\r\n\r\n{body}").into_bytes())
    }

    /// The beginning of a stream with these texts.
    pub(crate) fn stream(texts: &[&str]) -> Vec<u8> {
        let mut bytes =
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n"
                .to_vec();
        let created = json!({ "type": "response.created", "response": { "id": "resp_1", "model": "gpt-5-mini-2025-08-07", "status": "in_progress" } });
        bytes.extend(event(&created));
        for text in texts {
            bytes.extend(event(
                &json!({ "type": "response.output_text.delta", "delta": text }),
            ));
        }
        bytes
    }

    /// A whole stream with these texts.
    pub(crate) fn whole_stream(texts: &[&str]) -> Self {
        let mut bytes = Self::stream(texts);
        let response = answer(&texts.concat());
        bytes.extend(event(
            &json!({ "type": "response.completed", "response": response }),
        ));
        Self::Bytes(bytes)
    }
}

fn event(data: &Value) -> Vec<u8> {
    format!("data: {data}\n\n").into_bytes()
}

/// The response object of a good answer.
pub(crate) fn answer(text: &str) -> Value {
    json!({
        "id": "resp_1", "status": "completed", "model": "gpt-5-mini-2025-08-07", "service_tier": "default",
        "output": [
            { "type": "reasoning", "summary": [] },
            { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": text }] },
        ],
        "usage": {
            "input_tokens": 1000, "input_tokens_details": { "cached_tokens": 200 },
            "output_tokens": 100, "output_tokens_details": { "reasoning_tokens": 40 }, "total_tokens": 1100,
        },
    })
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Method and path.
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

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What the first message says.
    pub(crate) fn ticket(&self) -> String {
        let body = self.json();
        body["input"][0]["content"].as_str().unwrap().to_owned()
    }
}

/// Runs a line of calls and presses Ctrl-C once the server holds one: that call is waited for.
#[cfg(unix)]
pub(crate) fn press_ctrl_c(
    repo: &Shell,
    line: &str,
    is_asked: &Receiver<()>,
) -> std::process::Child {
    let mut command = repo.line(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    is_asked.recv().unwrap();
    repo.ok(&format!("kill -INT {}", child.id()));
    let mut said = [0; 64];
    let count = child.stderr.as_mut().unwrap().read(&mut said).unwrap();
    let said = String::from_utf8_lossy(&said[..count]);
    assert!(said.contains("waiting for 1 call under way"), "{said}");
    child
}

/// The server. It ends with the test.
pub(crate) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// A server that gives these replies in turn, and closes every later connection.
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter());
        Self::answering(move |_| replies.lock().unwrap().next().unwrap_or(Reply::Close))
    }

    /// A server that is asked for each reply.
    pub(crate) fn answering(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let reply = Arc::new(reply);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (reply, seen) = (Arc::clone(&reply), Arc::clone(&seen));
                // A client may go away whenever it likes.
                thread::spawn(move || drop(serve(connection, &*reply, &seen)));
            }
        });
        Self { port, requests }
    }

    /// A server that repeats what the user's message says. The first time that it is `held`, it says so
    /// and answers once it is told to; where nobody can tell it any more, never.
    pub(crate) fn holding(held: &'static str) -> (Self, Receiver<()>, Sender<()>) {
        let (asked, is_asked) = channel();
        let (go, may_go) = channel::<()>();
        let turns = Mutex::new(Some((asked, may_go)));
        let server = Self::answering(move |request| {
            let ticket = request.ticket();
            let turn = (ticket == held).then(|| turns.lock().unwrap().take());
            if let Some((asked, may_go)) = turn.flatten() {
                asked.send(()).unwrap();
                if may_go.recv().is_err() {
                    return Reply::Hang(Vec::new());
                }
            }
            Reply::answer(&format!("re {ticket}"))
        });
        (server, is_asked, go)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Its address, as errors name it.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// A repository with the prompts of the tests, whose calls go here.
    pub(crate) fn repo(&self, env: &TestEnv) -> Shell {
        let repo = env
            .repo()
            .with("OPENAI_API_KEY", KEY)
            .with("OPENAI_BASE_URL", self.url());
        repo.add("echo", ECHO);
        repo.add("sorter", SORTER);
        repo
    }
}

fn serve(
    mut to: TcpStream,
    reply: &dyn Fn(&Request) -> Reply,
    seen: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    to.set_nodelay(true)?;
    loop {
        let request = read_request(&to)?;
        if request.line.is_empty() {
            return Ok(());
        }
        seen.lock().unwrap().push(request.clone());
        let reply = reply(&request);
        if let Reply::Kept(bytes) = reply {
            to.write_all(&bytes)?;
            continue;
        }
        return give(to, reply);
    }
}

fn give(mut to: TcpStream, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Close => {}
        Reply::Bytes(bytes) | Reply::Kept(bytes) => to.write_all(&bytes)?,
        Reply::Cut(bytes) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
            write!(to, "{head}content-length: {}\r\n\r\n", bytes.len() + 100)?;
            to.write_all(&bytes)?;
        }
        Reply::Hang(bytes) => {
            to.write_all(&bytes)?;
            to.flush()?;
            // Ends when the client closes.
            to.read_to_end(&mut Vec::new())?;
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
        line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// The records in the log of a repository, without what differs from one run to the next.
pub(crate) fn records(repo: &Shell) -> Vec<Value> {
    let text = repo.read(".promptctl/executions.jsonl");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The last record, in lines that can be compared.
pub(crate) fn last_record(repo: &Shell) -> String {
    let mut record = records(repo).pop().unwrap();
    for key in ["schema", "time", "digest", "commit", "blob"] {
        record.as_object_mut().unwrap().shift_remove(key);
    }
    for key in ["id", "request_hash", "duration_ms"] {
        assert!(!record[key].is_null(), "{key}");
        record[key] = json!("…");
    }
    record
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| format!("{key}: {value}\n"))
        .collect()
}

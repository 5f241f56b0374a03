//! A gateway that a test starts, and what it asks of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::env::Shell;

/// A gateway. It is killed with the test, unless it ended before.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) address: String,
    said: Arc<Mutex<String>>,
    lines: Receiver<String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names are in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn read(from: &mut BufReader<TcpStream>) -> Self {
        let mut answer = Self::read_head(from);
        let length = answer
            .header("content-length")
            .map(|it| it.parse::<usize>().unwrap());
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = read_chunks(from);
        } else if let Some(length) = length {
            answer.body = vec![0; length];
            from.read_exact(&mut answer.body).unwrap();
        }
        answer
    }

    pub(crate) fn read_head(from: &mut BufReader<TcpStream>) -> Self {
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        let status = line
            .split(' ')
            .nth(1)
            .unwrap_or_else(|| panic!("no answer: {line:?}"));
        let status = status.parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            from.read_line(&mut header).unwrap();
            let Some((name, value)) = header.trim_end().split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Self {
            status,
            headers,
            body: Vec::new(),
        }
    }
}

/// The next chunk; none at the end, or where the connection broke off.
pub(crate) fn read_chunk(from: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut size = String::new();
    from.read_line(&mut size).unwrap();
    let size = usize::from_str_radix(size.trim_end(), 16)
        .ok()
        .filter(|size| *size > 0)?;
    let mut chunk = vec![0; size + 2];
    from.read_exact(&mut chunk).ok()?;
    chunk.truncate(size);
    Some(chunk)
}

fn read_chunks(from: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(chunk) = read_chunk(from) {
        body.extend(chunk);
    }
    body
}

impl Gateway {
    /// Starts a gateway in a folder with a person; `more` are further arguments.
    pub(crate) fn start(shell: &Shell, more: &str) -> Self {
        Self::of(shell.line(&format!(
            "promptctl serve --listen 127.0.0.1:0 --drain 0s {more}"
        )))
    }

    /// Starts this command, which is a gateway.
    pub(crate) fn of(mut command: std::process::Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (tell, lines) = channel();
        let heard = Arc::clone(&said);
        let err = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in err.lines().map_while(Result::ok) {
                heard.lock().unwrap().push_str(&format!("{line}\n"));
                drop(tell.send(line));
            }
        });
        let mut gateway = Self {
            child,
            address: String::new(),
            said,
            lines,
        };
        let line = gateway.wait_for("serving ");
        let address = line.split("http://").nth(1).unwrap();
        gateway.address = address.split('/').next().unwrap().to_owned();
        gateway
    }

    /// Waits until it says a line that holds this.
    #[track_caller]
    pub(crate) fn wait_for(&self, part: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv() else {
                panic!(
                    "the gateway ended without saying {part:?}:\n{}",
                    self.said()
                );
            };
            if line.contains(part) {
                return line;
            }
        }
    }

    /// All that it said to a person.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn connect(&self) -> BufReader<TcpStream> {
        BufReader::new(TcpStream::connect(&self.address).unwrap())
    }

    /// Sends a request and reads its answer. `head` is the first line without the version, then
    /// headers.
    pub(crate) fn ask(&self, head: &str, body: impl AsRef<[u8]>) -> Answer {
        let mut connection = self.connect();
        self.send(&mut connection, head, body);
        Answer::read(&mut connection)
    }

    /// Sends a request.
    pub(crate) fn send(
        &self,
        connection: &mut BufReader<TcpStream>,
        head: &str,
        body: impl AsRef<[u8]>,
    ) {
        let body = body.as_ref();
        let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
        let mut text = format!("{line} HTTP/1.1\r\n");
        if !headers.to_ascii_lowercase().contains("host:") {
            text.push_str(&format!("host: {}\r\n", self.address));
        }
        for header in headers.lines() {
            text.push_str(&format!("{}\r\n", header.trim()));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let to = connection.get_mut();
        to.write_all(text.as_bytes()).unwrap();
        // A gateway that refuses may close before it has all.
        drop(to.write_all(body));
    }

    /// A call of the Responses API.
    pub(crate) fn call(&self, body: &Value) -> Answer {
        self.ask("POST /v1/responses\nauthorization: Bearer sk-caller-0123456789\ncontent-type: application/json", body.to_string())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), "")
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process().to_string();
        let status = std::process::Command::new("kill")
            .args(["-s", name, &id])
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Asks it to end, and waits until it has. Its code, and what it wrote to standard output.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let mut out = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        let code = self.child.wait().unwrap().code();
        assert!(!self.said().contains("panicked"), "{}", self.said());
        (code, out)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

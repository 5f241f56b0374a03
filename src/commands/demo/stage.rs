//! Where a demonstration is played: a folder, and this program in it.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::config::Environ;
use crate::error::Failure;
use crate::prompt::code;
use crate::repository::OF_ONE_REPOSITORY;

/// git's configuration there.
pub(super) const GIT_CONFIG: &str = "gitconfig";

/// What stands for the URL of the gateway that runs.
const URL: &str = "{URL}";

/// How long is waited for what another process does in a moment.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

pub(super) struct Stage {
    program: PathBuf,
    folder: PathBuf,
    config: PathBuf,
    width: usize,
    gateway: Option<Gateway>,
}

/// A gateway that runs beside the commands; it ends with the demonstration.
struct Gateway {
    child: Child,
    url: String,
    /// Calls that it answered.
    calls: usize,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Stage {
    pub(super) fn new(folder: &Path, width: usize) -> Result<Self, Failure> {
        Ok(Self {
            program: Environ::program()?,
            folder: folder.to_path_buf(),
            config: folder.join(GIT_CONFIG),
            width,
            gateway: None,
        })
    }

    /// A command with the address of the gateway that runs.
    pub(super) fn named(&self, line: &str) -> String {
        match &self.gateway {
            Some(gateway) => line.replace(URL, &gateway.url),
            None => line.to_owned(),
        }
    }

    /// Runs one command and returns what it printed on both streams, in order.
    pub(super) fn play(&mut self, line: &str) -> Result<String, Failure> {
        if let Some(line) = line.strip_suffix(" &") {
            return self.start(line);
        }
        let words = words(line);
        let first = words.first().map_or("", String::as_str);
        match (first, self.gateway.is_some()) {
            ("cd", _) => {
                self.folder.push(words.get(1).map_or("", String::as_str));
                Ok(String::new())
            }
            ("curl", true) => self.call(line, &words),
            ("promptctl", true) if words.iter().any(|it| it == "publish") => {
                let before = self.served();
                let output = self.run(line)?;
                self.wait_until(|stage| stage.served() != before);
                Ok(output)
            }
            _ => self.run(line),
        }
    }

    fn run(&self, line: &str) -> Result<String, Failure> {
        let failed = |error: std::io::Error| unrun(line, error);
        let (mut reader, writer) = std::io::pipe().map_err(failed)?;
        let mut command = self.command(&words(line));
        command
            .stdout(writer.try_clone().map_err(failed)?)
            .stderr(writer);
        let mut child = command.spawn().map_err(failed)?;
        // The command holds the writing end too; without this the reading below would never end.
        drop(command);
        let mut output = Vec::new();
        reader.read_to_end(&mut output).map_err(failed)?;
        let output = String::from_utf8_lossy(&output).into_owned();
        let status = child.wait().map_err(failed)?;
        if status.success() {
            Ok(output)
        } else {
            Err(
                Failure::new(code::GIT_FAILED, format!("`{line}` failed: {status}"))
                    .caused_by(std::io::Error::other(output))
                    .hint("is git installed, 2.31 or newer?"),
            )
        }
    }

    fn command(&self, words: &[String]) -> Command {
        let (program, arguments) = words
            .split_first()
            .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        let mut command = if program == "promptctl" {
            Command::new(&self.program)
        } else {
            Command::new(program)
        };
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("GIT_CONFIG_GLOBAL", &self.config)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("PROMPTCTL_WIDTH", self.width.to_string())
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .env_remove("OPENAI_BASE_URL")
            .env_remove("PROMPTCTL_LOG")
            .env_remove("PROMPTCTL_CONFIG")
            .env("GIT_DEFAULT_HASH", "sha1")
            .env("GIT_DEFAULT_REF_FORMAT", "files")
            .stdin(Stdio::null());
        for name in OF_ONE_REPOSITORY {
            command.env_remove(name);
        }
        command
    }

    /// Starts the gateway, and returns the line that says where it listens.
    fn start(&mut self, line: &str) -> Result<String, Failure> {
        let failed = |error: std::io::Error| unrun(line, error);
        let mut command = self.command(&words(line));
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(failed)?;
        let out = child.stdout.take();
        let mut gateway = Gateway {
            child,
            url: String::new(),
            calls: 0,
        };
        let mut said = String::new();
        if let Some(out) = out {
            BufReader::new(out).read_line(&mut said).map_err(failed)?;
        }
        gateway.url = said.trim().to_owned();
        if gateway.url.is_empty() {
            let status = gateway.child.wait().map_err(failed)?;
            return Err(Failure::new(
                code::CANNOT_LISTEN,
                format!("`{line}` ended at once: {status}"),
            )
            .hint("may programs listen on 127.0.0.1 here?"));
        }
        self.gateway = Some(gateway);
        Ok(said)
    }

    /// Calls the gateway by curl, or without it where there is none.
    fn call(&mut self, line: &str, words: &[String]) -> Result<String, Failure> {
        let has_curl = Command::new("curl")
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let output = match has_curl {
            Ok(status) if status.success() => self.run(line)?,
            _ => {
                let file = words.iter().find_map(|it| it.strip_prefix('@'));
                let body = file.map(|it| std::fs::read_to_string(self.folder.join(it)));
                let body = body.transpose().map_err(|error| unrun(line, error))?;
                self.ask("POST", "/responses", &body.unwrap_or_default())
                    .map_err(|error| unrun(line, error))?
            }
        };
        if let Some(gateway) = &mut self.gateway {
            gateway.calls += 1;
            let calls = gateway.calls;
            // The record is kept after the last byte, in a moment.
            self.wait_until(|stage| stage.recorded() >= calls);
        }
        Ok(output)
    }

    /// What the gateway serves now.
    fn served(&self) -> Option<String> {
        self.ask("GET", "/snapshot", "").ok()
    }

    /// How many calls the log holds.
    fn recorded(&self) -> usize {
        let log = self.folder.join(".promptctl/executions.jsonl");
        std::fs::read_to_string(log).map_or(0, |text| text.lines().count())
    }

    fn wait_until(&self, is_so: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_so(self) && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
    }

    /// Asks the gateway by one plain request, and returns the body of its answer.
    fn ask(&self, method: &str, path: &str, body: &str) -> std::io::Result<String> {
        let Some(gateway) = &self.gateway else {
            return Ok(String::new());
        };
        let url = gateway.url.trim_start_matches("http://");
        let (host, base) = url.split_once('/').unwrap_or((url, ""));
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = body.len();
        write!(
            stream,
            "{method} /{base}{path} HTTP/1.0\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
            .unwrap_or_default())
    }
}

fn unrun(line: &str, error: std::io::Error) -> Failure {
    Failure::from_io(code::NO_GIT, format!("`{line}` could not be run"), error)
        .hint("is git installed, 2.31 or newer?")
}

/// Splits a command at blanks; double quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, piece) in line.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

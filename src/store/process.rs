//! The `git` program: what it is asked, what it answers, and what its errors mean.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::error::{Exit, Failure};
use crate::prompt::code;

/// How long a lock that another process holds is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// One call of the `git` program.
pub(super) struct Git {
    command: Command,
    input: Option<Vec<u8>>,
}

/// What a call of `git` said.
pub(super) struct Said {
    /// Whether git exited with 0.
    pub(super) ok: bool,
    /// Its standard output.
    pub(super) out: String,
    /// Its standard error.
    pub(super) err: String,
}

impl Said {
    /// Whether git found that the remote has no such reference.
    pub(super) fn is_missing(&self, reference: &str) -> bool {
        let line = format!("couldn't find remote ref {reference}");
        self.err.lines().any(|said| said.ends_with(&line))
    }

    fn new(output: &Output) -> Self {
        Self {
            ok: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A call of git that goes on beside this process, and also when this process dies.
pub(super) struct Running(Child);

impl Running {
    /// Waits for its end.
    ///
    /// # Errors
    /// The system does not tell how it ended.
    pub(super) fn end(self) -> Result<Said, Failure> {
        let output = self.0.wait_with_output().map_err(not_started)?;
        Ok(Said::new(&output))
    }
}

impl Git {
    /// A call of git in `directory`.
    pub(super) fn new(directory: &Path) -> Self {
        let mut command = Command::new("git");
        command.arg("-C").arg(directory);
        // Messages are read below, so they must not be translated.
        command.env("LC_ALL", "C").env("LANGUAGE", "C");
        Self {
            command,
            input: None,
        }
    }

    pub(super) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(super) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Never asks for a password or a passphrase on the terminal.
    pub(super) fn quiet_terminal(self, nobody_there: bool) -> Self {
        if nobody_there {
            self.env("GIT_TERMINAL_PROMPT", "0")
        } else {
            self
        }
    }

    pub(super) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Runs git and returns what it said, whether it succeeded or not.
    ///
    /// # Errors
    /// git could not be started.
    pub(super) fn say(mut self) -> Result<Said, Failure> {
        let output = self.output().map_err(not_started)?;
        Ok(Said::new(&output))
    }

    /// Starts git without an input and goes on; [`Running::end`] tells what it said.
    ///
    /// # Errors
    /// git could not be started.
    pub(super) fn begin(mut self) -> Result<Running, Failure> {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.command.spawn().map(Running).map_err(not_started)
    }

    /// Starts git, which waits for its input; what it says of errors is not heard.
    pub(super) fn spawn(mut self) -> std::io::Result<Child> {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    }

    /// Runs git and returns its standard output.
    ///
    /// # Errors
    /// git could not be started or failed; its words are in the failure.
    pub(super) fn read(self) -> Result<String, Failure> {
        let said = self.say()?;
        if said.ok {
            Ok(said.out)
        } else {
            Err(explain(&said.err))
        }
    }

    /// Runs git as [`Git::read`] does, and waits for a lock that another process holds.
    ///
    /// # Errors
    /// As [`Git::read`]; a lock that nobody gave up is named with its age.
    pub(super) fn read_when_unlocked(build: impl Fn() -> Self) -> Result<String, Failure> {
        let said = Self::say_when_free(build)?;
        if said.ok {
            Ok(said.out)
        } else {
            Err(explain(&said.err))
        }
    }

    /// Runs git as [`Git::say`] does, and waits for a lock that another process holds.
    pub(super) fn say_when_free(build: impl Fn() -> Self) -> Result<Said, Failure> {
        Self::say_until(build, is_lock_message)
    }

    /// Runs git as [`Git::say`] does, waits for a lock that another process holds, and starts again
    /// where one moved a reference meanwhile: for what is right on top of whatever the other did.
    pub(super) fn say_when_unlocked(build: impl Fn() -> Self) -> Result<Said, Failure> {
        Self::say_until(build, |err| is_lock_message(err) || has_moved(err))
    }

    fn say_until(
        build: impl Fn() -> Self,
        is_passing: impl Fn(&str) -> bool,
    ) -> Result<Said, Failure> {
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_millis(10);
        loop {
            let said = build().say()?;
            if said.ok || waited >= LOCK_PATIENCE || !is_passing(&said.err) {
                return Ok(said);
            }
            // A lock whose file is old was left by a process that died: waiting would not help.
            if lock_path(&said.err).is_some_and(|path| age_of(&path) > LOCK_PATIENCE) {
                return Ok(said);
            }
            std::thread::sleep(pause);
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    /// Runs git and calls `see` with each entry of its output that a NUL ends, as it comes.
    ///
    /// # Errors
    /// git could not be started or failed; its words are in the failure.
    pub(super) fn each_entry(mut self, mut see: impl FnMut(&str)) -> Result<(), Failure> {
        self.command.stdin(Stdio::null());
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(not_started)?;
        // Read beside the output, so that neither pipe is ever full while the other is read.
        let errors = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut words = Vec::new();
                drop(stderr.read_to_end(&mut words));
                words
            })
        });
        if let Some(stdout) = child.stdout.take() {
            let mut entries = BufReader::new(stdout);
            let mut entry = Vec::new();
            while matches!(entries.read_until(0, &mut entry), Ok(1..)) {
                see(String::from_utf8_lossy(entry.strip_suffix(b"\0").unwrap_or(&entry)).as_ref());
                entry.clear();
            }
        }
        let status = child.wait().map_err(not_started)?;
        let words = errors
            .and_then(|errors| errors.join().ok())
            .unwrap_or_default();
        if status.success() {
            Ok(())
        } else {
            Err(explain(&String::from_utf8_lossy(&words)))
        }
    }

    fn output(&mut self) -> std::io::Result<Output> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let Some(input) = self.input.take() else {
            return self.command.stdin(Stdio::null()).output();
        };
        let mut child = self.command.stdin(Stdio::piped()).spawn()?;
        let writer = child.stdin.take().map(|mut stdin| {
            // git may stop reading early; what it says then is the answer.
            std::thread::spawn(move || drop(stdin.write_all(&input)))
        });
        let output = child.wait_with_output();
        if let Some(writer) = writer {
            drop(writer.join());
        }
        output
    }
}

fn not_started(error: std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::NotFound {
        Failure::new(code::NO_REPOSITORY, "the `git` program was not found")
            .hint("install git 2.31 or newer, and make sure that it is on the PATH")
    } else {
        Failure::new(
            code::NO_REPOSITORY,
            format!("`git` could not be started: {error}"),
        )
    }
}

pub(super) fn is_lock_message(err: &str) -> bool {
    err.contains(".lock': File exists")
        || err.contains("could not lock config file")
        || err.contains("cannot lock ref")
            && !err.contains("reference already exists")
            && !err.contains("is at ")
            && !err.contains("Permission denied")
}

/// Whether another process changed a reference between git's look at it and its own change.
fn has_moved(err: &str) -> bool {
    err.contains("cannot lock ref")
        && (err.contains("is at ") || err.contains("reference already exists"))
}

fn lock_path(err: &str) -> Option<String> {
    let end = err.find(".lock'")? + ".lock".len();
    let start = err[..end].rfind('\'')? + 1;
    Some(err[start..end].to_owned())
}

fn age_of(path: &str) -> Duration {
    std::fs::metadata(path)
        .and_then(|data| data.modified())
        .ok()
        .and_then(|time| time.elapsed().ok())
        .unwrap_or_default()
}

/// What git's words mean, and what to do about them.
pub(super) fn explain(err: &str) -> Failure {
    let words = words_of(err);
    let has = |needle: &str| err.contains(needle);
    if is_lock_message(err) {
        return locked(err, &words);
    }
    if has("Please tell me who you are")
        || has("empty ident name")
        || has("unable to auto-detect email")
        || has("no email was given")
    {
        return Failure::new(code::NO_IDENTITY, "git does not know who you are")
            .hint("git config --global user.name \"Your Name\"")
            .hint("git config --global user.email \"you@example.com\"");
    }
    if has("dubious ownership") {
        let path = err.split('\'').nth(1).unwrap_or(".").to_owned();
        return Failure::new(
            code::UNSAFE_OWNER,
            format!("the repository at {path} belongs to another user"),
        )
        .hint(format!("git config --global --add safe.directory {path}"));
    }
    if has("No space left on device") {
        return Failure::new(code::WRITE_FAILED, "the disk is full")
            .hint("free some space, then run the same command again");
    }
    if has("Read-only file system")
        || has("Permission denied") && !has("publickey")
        || has("insufficient permission")
    {
        return Failure::new(code::WRITE_FAILED, format!("the repository could not be written: {words}"))
            .hint("check who owns the files below the repository's .git folder, and whether the disk is mounted read-only");
    }
    Failure::new(code::HOOK_REFUSED, format!("git failed: {words}"))
}

fn locked(err: &str, words: &str) -> Failure {
    match lock_path(err) {
        Some(path) => {
            let age = age_of(&path).as_secs();
            Failure::new(
                if age > LOCK_PATIENCE.as_secs() {
                    code::STALE_LOCK
                } else {
                    code::LOCKED
                },
                format!("{path} is held by another process (it is {age} s old)"),
            )
            .hint(format!(
                "if no git process is running, remove it: rm '{path}'"
            ))
        }
        None => Failure::new(
            code::LOCKED,
            format!("git could not lock a reference: {words}"),
        )
        .hint("another process is writing the same tags: try again"),
    }
}

/// git's message in one line, without its prefixes and advice.
pub(super) fn words_of(err: &str) -> String {
    let lines: Vec<&str> = err
        .lines()
        .map(|line| {
            line.trim()
                .trim_start_matches("fatal: ")
                .trim_start_matches("error: ")
        })
        .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
        // Where git keeps the message of a tag that it could not sign is of no use: we have it.
        .filter(|line| !line.starts_with("The tag message has been left in"))
        .collect();
    if lines.is_empty() {
        "it gave no reason".to_owned()
    } else {
        lines.join("; ")
    }
}

/// A failure to write that the operating system reported.
pub(super) fn write_failure(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::new(
        code::WRITE_FAILED,
        format!("{} could not be written: {error}", path.display()),
    );
    match error.kind() {
        std::io::ErrorKind::StorageFull => {
            failure.hint("free some space, then run the same command again")
        }
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            failure.hint("check who owns the file, and whether the disk is mounted read-only")
        }
        _ => failure,
    }
}

/// The exit code of a refusal by a remote.
pub(super) fn refused(message: String) -> Failure {
    Failure::new(code::REMOTE_REFUSED, message).exit(Exit::Denied)
}

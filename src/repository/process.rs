//! The `git` program: what it is asked, what it answers, and what its errors mean.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::running::RunMarker;
use crate::error::Failure;
use crate::prompt::code;

mod words;

pub(crate) use words::{
    GitError, RefsError, TagError, explain, is_lock_message, refused, words_of, write_failure,
};
use words::{age_of, has_moved, lock_path};

/// How long a lock that another process holds is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// One call of the `git` program.
pub(crate) struct Git {
    command: Command,
    input: Option<Vec<u8>>,
    hooks: Hooks,
    note: Option<Arc<RunMarker>>,
}

/// What a call of `git` said.
pub(crate) struct GitOutput {
    /// Whether git exited with 0.
    pub(crate) ok: bool,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
}

impl GitOutput {
    fn new(output: &Output) -> Self {
        Self {
            ok: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A call of git that goes on beside this process, and also when this process dies.
pub(crate) struct Running(Child);

impl Running {
    /// Waits for its end.
    ///
    /// # Errors
    /// The system does not tell how it ended.
    pub(crate) fn end(self) -> Result<GitOutput, Failure> {
        let output = self.0.wait_with_output().map_err(not_started)?;
        Ok(GitOutput::new(&output))
    }
}

/// The options and variables of every call of git, whatever a repository says: only the repository that was opened
/// counts, nothing is done in submodules, nothing is tidied up, and no program watches files.
const SETTINGS: [&str; 7] = [
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.fsmonitor=false",
];

/// Variables that git sets for the hooks of one repository and that are wrong in another.
pub const OF_ONE_REPOSITORY: [&str; 12] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// Variables that would make git read something else than what was opened, or read our arguments
/// in another way.
const NEVER: [&str; 8] = [
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_CONFIG",
    "GIT_REPLACE_REF_BASE",
    "GIT_ATTR_SOURCE",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// The repository that a call of git works on: none but this one, however git would find another.
pub(crate) struct GitTarget<'a> {
    /// Where git is started.
    pub(crate) top: &'a Path,
    /// The repository itself; none where there is no repository yet.
    pub(crate) git_dir: Option<&'a Path>,
    /// Its working tree, where it has one.
    pub(crate) work_tree: Option<&'a Path>,
    /// Whether the variables of [`OF_ONE_REPOSITORY`] are of another repository.
    pub(crate) is_elsewhere: bool,
    /// An empty file instead of the person's configuration.
    pub(crate) no_config: Option<&'a Path>,
    /// Whether git must not ask, because nobody can answer.
    pub(crate) unattended: bool,
    /// Whether the person has set up how ssh is called.
    pub(crate) has_own_ssh: bool,
    /// Where it is written down that a git that writes is started.
    pub(crate) note: Option<&'a Arc<RunMarker>>,
}

/// The commands that change a repository, besides `config`.
const WRITES: [&str; 11] = [
    "add",
    "commit",
    "commit-graph",
    "fetch",
    "pack-refs",
    "push",
    "reset",
    "rm",
    "symbolic-ref",
    "tag",
    "update-ref",
];

/// What follows `config` where it only reads.
const READS_CONFIG: [&str; 4] = ["--get-all", "--get-colorbool", "--list", "-z"];

/// Whether a call of git runs the person's hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hooks {
    /// It runs none.
    Silent,
    /// It is a commit or a push, which they may stop.
    Run,
}

impl Git {
    /// A call of git on one repository.
    pub(crate) fn new(pinned: &GitTarget<'_>, hooks: Hooks) -> Self {
        let mut command = Command::new("git");
        command.arg("-C").arg(pinned.top);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for name in NEVER {
            command.env_remove(name);
        }
        if pinned.is_elsewhere || pinned.git_dir.is_none() {
            for name in OF_ONE_REPOSITORY {
                command.env_remove(name);
            }
        }
        match hooks {
            Hooks::Silent => {
                command.arg("-c").arg(no_hooks(pinned.git_dir));
                command.env("GIT_LITERAL_PATHSPECS", "1");
                // What only looks writes nothing, not even what it learnt of the index.
                command.env("GIT_OPTIONAL_LOCKS", "0");
            }
            // Hooks are to find git as the person has it: our own paths are marked one by one.
            Hooks::Run => drop(command.env_remove("GIT_LITERAL_PATHSPECS")),
        }
        if let Some(git_dir) = pinned.git_dir {
            command.env("GIT_DIR", git_dir);
            match pinned.work_tree {
                Some(tree) => command.env("GIT_WORK_TREE", tree),
                None => command.env_remove("GIT_WORK_TREE"),
            };
        }
        if let Some(empty) = pinned.no_config {
            command.env("GIT_CONFIG_GLOBAL", empty);
            command.env("GIT_CONFIG_NOSYSTEM", "1");
        }
        command.env("GIT_NO_REPLACE_OBJECTS", "1");
        // Messages are read below, so they must not be translated.
        command.env("LC_ALL", "C").env("LANGUAGE", "C");
        if pinned.unattended {
            command.env("GIT_TERMINAL_PROMPT", "0");
            command.env("SSH_ASKPASS_REQUIRE", "never");
            if !pinned.has_own_ssh {
                command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
            }
        }
        Self {
            command,
            input: None,
            hooks,
            note: pinned.note.cloned(),
        }
    }

    /// The same call on a scratch repository that writes its objects elsewhere.
    pub(crate) fn in_scratch(mut self, git_dir: &Path, objects: &Path) -> Self {
        for name in OF_ONE_REPOSITORY {
            self.command.env_remove(name);
        }
        self.env("GIT_DIR", git_dir)
            .env("GIT_OBJECT_DIRECTORY", objects)
    }

    /// The end of the options, and then files, each of which is that file and no pattern.
    pub(crate) fn paths(self, paths: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mark = match self.hooks {
            Hooks::Silent => "",
            Hooks::Run => ":(top,literal)",
        };
        let mut git = self.arg("--");
        for path in paths {
            git = git.arg(format!("{mark}{}", path.as_ref()));
        }
        git
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// A call that the Ctrl-C of a terminal does not reach: it is short, and asks nobody.
    pub(crate) fn apart(mut self) -> Self {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut self.command, 0);
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Runs git and returns what it said, whether it succeeded or not.
    ///
    /// # Errors
    /// git could not be started.
    pub(crate) fn run(mut self) -> Result<GitOutput, Failure> {
        let output = self.output().map_err(not_started)?;
        Ok(GitOutput::new(&output))
    }

    /// Starts git without an input and goes on; [`Running::end`] tells what it said.
    ///
    /// # Errors
    /// git could not be started.
    pub(crate) fn begin(mut self) -> Result<Running, Failure> {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.start().map(Running).map_err(not_started)
    }

    /// Starts git, which waits for its input; what it says of errors is not heard.
    pub(crate) fn spawn(mut self) -> std::io::Result<Child> {
        self.command.stdin(Stdio::piped());
        self.command.stdout(Stdio::piped()).stderr(Stdio::null());
        self.start()
    }

    /// Runs git and returns its standard output.
    ///
    /// # Errors
    /// git could not be started or failed; its words are in the failure.
    pub(crate) fn read(self) -> Result<String, Failure> {
        let output = self.run()?;
        if output.ok {
            Ok(output.out)
        } else {
            Err(explain(&output.err))
        }
    }

    /// Runs git as [`Git::read`] does, and waits for a lock that another process holds.
    ///
    /// # Errors
    /// As [`Git::read`]; a lock that nobody gave up is named with its age.
    pub(crate) fn read_when_unlocked(build: impl Fn() -> Self) -> Result<String, Failure> {
        let output = Self::run_when_free(build)?;
        if output.ok {
            Ok(output.out)
        } else {
            Err(explain(&output.err))
        }
    }

    /// Runs git as [`Git::say`] does, and waits for a lock that another process holds.
    pub(crate) fn run_when_free(build: impl Fn() -> Self) -> Result<GitOutput, Failure> {
        Self::run_until(build, is_lock_message)
    }

    /// Runs git as [`Git::say`] does, waits for a lock that another process holds, and starts again
    /// where one moved a reference meanwhile: for what is right on top of whatever the other did.
    pub(crate) fn run_when_unlocked(build: impl Fn() -> Self) -> Result<GitOutput, Failure> {
        Self::run_until(build, |err| is_lock_message(err) || has_moved(err))
    }

    fn run_until(
        build: impl Fn() -> Self,
        is_passing: impl Fn(&str) -> bool,
    ) -> Result<GitOutput, Failure> {
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_millis(10);
        loop {
            let output = build().run()?;
            if output.ok || waited >= LOCK_PATIENCE || !is_passing(&output.err) {
                return Ok(output);
            }
            // A lock whose file is old was left by a process that died: waiting would not help.
            if lock_path(&output.err).is_some_and(|path| age_of(&path) > LOCK_PATIENCE) {
                return Ok(output);
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
    pub(crate) fn each_entry(mut self, mut see: impl FnMut(&str)) -> Result<(), Failure> {
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

    /// Starts git; that one which writes is started is written down before, and which one after.
    fn start(&mut self) -> std::io::Result<Child> {
        let note = self.note.clone().filter(|_| self.writes());
        if let Some(note) = &note {
            note.git_starts();
        }
        let child = self.command.spawn()?;
        if let Some(note) = &note {
            note.git_started(child.id());
        }
        Ok(child)
    }

    /// Whether this call changes the repository, and so takes its locks.
    fn writes(&self) -> bool {
        let mut words = self.command.get_args().filter_map(OsStr::to_str);
        let mut word = words.next();
        // Before the command stand `-C DIR` and `-c SETTING`.
        while matches!(word, Some("-C" | "-c")) {
            words.next();
            word = words.next();
        }
        match word {
            Some("config") => !words
                .next()
                .is_some_and(|next| READS_CONFIG.contains(&next)),
            word => word.is_some_and(|word| WRITES.contains(&word)),
        }
    }

    fn output(&mut self) -> std::io::Result<Output> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let Some(input) = self.input.take() else {
            self.command.stdin(Stdio::null());
            return self.start()?.wait_with_output();
        };
        self.command.stdin(Stdio::piped());
        let mut child = self.start()?;
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

/// The setting that leaves out all hooks: a folder that only who may write into the repository could
/// make, on every system.
fn no_hooks(git_dir: Option<&Path>) -> OsString {
    let mut setting = OsString::from("core.hooksPath=");
    match git_dir {
        Some(git_dir) => setting.push(git_dir.join("promptctl-runs-no-hooks")),
        None => setting.push("/dev/null"),
    }
    setting
}

/// Makes sure that git knows who commits.
///
/// # Errors
/// `P222`: it does not.
pub(crate) fn require_identity(git: impl Fn() -> Git) -> Result<(), Failure> {
    for who in ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"] {
        git().args(["var", who]).read()?;
    }
    Ok(())
}

fn not_started(error: std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::NotFound {
        Failure::new(code::NO_GIT, "the `git` program was not found")
            .hint("install git 2.31 or newer, and make sure that it is on the PATH")
    } else {
        Failure::from_io(code::NO_GIT, "`git` could not be started", error)
    }
}

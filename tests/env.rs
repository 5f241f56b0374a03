//! A place to run commands in: folders of its own, a fixed clock, and an environment that holds
//! nothing of the machine's but the path to its programs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

use crate::template::Template;

/// The time that commits and tags bear unless a test says otherwise.
pub(crate) const WRITTEN: &str = "2026-11-03T11:00:00Z";
/// The time that counts as now.
const NOW: &str = "2026-11-03T12:00:00Z";

/// A prompt with comments, a folded style and quotes, all of which edits must leave alone.
pub(crate) const TRIAGE: &str = "\
name: Support triage
description: Sorts an incoming ticket.   # for the support team
tags: [tickets]
category: support
model: openai/gpt-5-mini
modelParameters:
  maxTokens: 800        # room for the draft
input:
  schema:
    type: object
    required: [ticket]
    properties:
      ticket: {type: string}
      locale: {type: string, default: en}
messages:
  - role: system
    content: |
      You sort support tickets. Answer in {{locale}}.
      Say which queue the ticket belongs to: billing or tech.
  - role: user
    content: \"{{ticket}}\"
";

/// What git of the person at the keyboard is told.
const GIT_CONFIG: &str = "[user]\n\tname = Ada\n\temail = ada@example.com\n\
    [init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n[protocol \"file\"]\n\tallow = always\n\
    [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";

/// The shortest prompt there is.
pub(crate) const SMALL: &str =
    "model: openai/gpt-5-mini\nmessages:\n  - role: user\n    content: Hello {{name}}\n";

/// The top of this project.
pub(crate) fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Says aloud that a test could not run here.
#[allow(
    clippy::print_stderr,
    reason = "the reader of the test run must see it"
)]
pub(crate) fn skipped(why: &str) {
    // Past the capture of the test harness, which hides what a passing test prints.
    let mut err = std::io::stderr().lock();
    drop(writeln!(err, "SKIPPED: {why}"));
}

/// A Python that has these packages, where one is here.
pub(crate) fn python_with(packages: &str) -> Option<String> {
    let python = of_this_process("PROMPTCTL_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let python = python.to_string_lossy().into_owned();
    let found = Command::new(&python)
        .args(["-c", &format!("import {packages}")])
        .output();
    let is_there = found.is_ok_and(|it| it.status.success());
    if !is_there {
        skipped(&format!(
            "{python} lacks {packages}: .ci/engines installs it, PROMPTCTL_TEST_PYTHON names another"
        ));
    }
    is_there.then_some(python)
}

/// The folder that holds these packages of node, where one is named.
pub(crate) fn node_modules_with(packages: &[&str]) -> Option<PathBuf> {
    let modules = of_this_process("PROMPTCTL_TEST_NODE_MODULES").map(PathBuf::from);
    let found = modules.filter(|it| packages.iter().all(|name| it.join(name).exists()));
    if found.is_none() {
        let packages = packages.join(" and ");
        skipped(&format!(
            "PROMPTCTL_TEST_NODE_MODULES names no folder with {packages}: .ci/engines makes one"
        ));
    }
    found
}

/// How often a test does something: as often as the variable `name` says, else `usually` times.
pub(crate) fn often(name: &str, usually: usize) -> usize {
    of_this_process(name).map_or(usually, |count| count.to_string_lossy().parse().unwrap())
}

/// Writes a program.
pub(crate) fn executable(shell: &Shell, path: &str, text: &str) {
    if cfg!(windows) {
        return shell.write(path, text);
    }
    // By another process: one that this one forks meanwhile would hold the file open for writing,
    // and Linux starts no such file.
    let script = "mkdir -p \"$(dirname \"$0\")\" && cat > \"$0\" && chmod 755 \"$0\"";
    let mut child = shell
        .command("sh")
        .args(["-c", script, path])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success(), "{path}");
}

/// Makes a hook that git runs.
pub(crate) fn hook(repo: &Shell, path: &str, script: &str) {
    executable(repo, path, &format!("#!/bin/sh\n{script}\n"));
}

/// Folders that are removed when the test is over.
pub(crate) struct TestEnv {
    root: TempDir,
}

impl TestEnv {
    pub(crate) fn new() -> Self {
        let root = TempDir::new().unwrap();
        for folder in ["home", "tmp"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        fs::write(root.path().join("home/.gitconfig"), GIT_CONFIG).unwrap();
        Self { root }
    }

    /// The folder that holds everything.
    pub(crate) fn root(&self) -> Shell {
        // macOS names its temporary folders by a link; Windows would answer with a verbatim path.
        let root = match cfg!(windows) {
            true => self.root.path().to_owned(),
            false => fs::canonicalize(self.root.path()).unwrap(),
        };
        let mut vars = BTreeMap::new();
        for name in [
            "PATH",
            "SystemRoot",
            "SYSTEMDRIVE",
            "PATHEXT",
            "LLVM_PROFILE_FILE",
        ] {
            if let Some(value) = of_this_process(name) {
                vars.insert(name.to_owned(), value);
            }
        }
        let home = root.join("home");
        for (name, value) in [
            ("HOME", home.clone()),
            ("USERPROFILE", home.clone()),
            ("XDG_CONFIG_HOME", home.join(".config")),
            ("GIT_CONFIG_GLOBAL", home.join(".gitconfig")),
            ("TMPDIR", root.join("tmp")),
            ("TEMP", root.join("tmp")),
            ("TMP", root.join("tmp")),
        ] {
            vars.insert(name.to_owned(), value.into_os_string());
        }
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_DATE", WRITTEN),
            ("GIT_COMMITTER_DATE", WRITTEN),
            ("PROMPTCTL_NOW", NOW),
            ("COLUMNS", "100"),
            ("TZ", "UTC"),
        ] {
            vars.insert(name.to_owned(), value.into());
        }
        Shell {
            dir: root.clone(),
            root,
            vars,
        }
    }

    /// A repository of prompts without a remote.
    pub(crate) fn repo(&self) -> Shell {
        static MADE: Template = Template::new();
        self.begin_with(&MADE, |root| {
            root.ok("promptctl init --quiet repo");
        });
        self.root().cd("repo")
    }

    /// A repository of prompts with `support/triage` v1.
    pub(crate) fn triage(&self) -> Shell {
        static MADE: Template = Template::new();
        self.begin_with(&MADE, |root| {
            root.ok("promptctl init --quiet repo");
            root.cd("repo").add("support/triage", TRIAGE);
        });
        self.root().cd("repo")
    }

    /// A bare repository `origin.git`, and `ada`, a clone of it with `support/triage` v1.
    pub(crate) fn with_origin(&self) -> Shell {
        static MADE: Template = Template::new();
        self.begin_with(&MADE, |root| {
            root.ok("git init --quiet --bare origin.git");
            root.ok("git clone --quiet origin.git ada");
            let ada = root.cd("ada");
            ada.ok("promptctl init --quiet");
            ada.add("support/triage", TRIAGE);
            ada.ok("git push --quiet origin main");
        });
        self.root().cd("ada")
    }

    /// Makes folders, or copies what was made elsewhere in the same way.
    fn begin_with(&self, template: &Template, make: impl Fn(&Shell)) {
        let root = self.root();
        // On Windows git writes paths in another way than it is given them.
        if cfg!(windows) || !self.is_new() {
            return make(&root);
        }
        template.write(&root.dir, || {
            let elsewhere = Self::new();
            make(&elsewhere.root());
            elsewhere
        });
        // git knows files by more than their contents.
        for folder in ["repo", "ada"] {
            if root.dir.join(folder).exists() {
                root.cd(folder).git("update-index -q --refresh");
            }
        }
    }

    /// Whether there is nothing but what [`Self::new`] made.
    fn is_new(&self) -> bool {
        let count = |folder: &str| fs::read_dir(self.root.path().join(folder)).unwrap().count();
        let config = fs::read_to_string(self.root.path().join("home/.gitconfig")).unwrap();
        count("") == 2 && count("home") == 1 && count("tmp") == 0 && config == GIT_CONFIG
    }

    /// The same `origin.git` and clone `ada` in other folders.
    pub(crate) fn copy_of_origin(&self) -> (Self, Shell) {
        let env = self.copy(&["ada"]);
        let ada = env.root().cd("ada");
        (env, ada)
    }

    /// The same `origin.git` and clones of it in other folders.
    pub(crate) fn copy(&self, clones: &[&str]) -> Self {
        let env = Self::new();
        let root = env.root();
        let origin = root.dir.join("origin.git");
        for folder in ["origin.git"].iter().chain(clones) {
            let from = self.root().dir.join(folder);
            root.ok(&format!("cp -r {} .", from.display()));
        }
        for clone in clones {
            root.cd(clone)
                .git(&format!("remote set-url origin {}", origin.display()));
        }
        env
    }

    /// Another clone of `origin.git`, of somebody else.
    pub(crate) fn clone_of_origin(&self, person: &str) -> Shell {
        let dir = person.to_lowercase();
        self.root()
            .ok(&format!("git clone --quiet origin.git {dir}"));
        self.root().cd(&dir).person(person)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the harness, not the program, reads it"
)]
pub(crate) fn of_this_process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A folder with a person in it, who types commands.
#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) dir: PathBuf,
    root: PathBuf,
    vars: BTreeMap<String, OsString>,
}

impl Shell {
    /// The same person in a folder below.
    pub(crate) fn cd(&self, below: &str) -> Self {
        Self {
            dir: self.dir.join(below),
            ..self.clone()
        }
    }

    /// The same person with a variable of the environment.
    pub(crate) fn with(&self, name: &str, value: impl Into<OsString>) -> Self {
        let mut shell = self.clone();
        shell.vars.insert(name.to_owned(), value.into());
        shell
    }

    /// The same person without a variable of the environment.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut shell = self.clone();
        shell.vars.remove(name);
        shell
    }

    /// Whether a variable of the environment is set.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.vars.contains_key(name)
    }

    /// Another person in the same folder.
    pub(crate) fn person(&self, name: &str) -> Self {
        let mail = format!("{}@example.com", name.to_lowercase());
        self.with("GIT_AUTHOR_NAME", name)
            .with("GIT_COMMITTER_NAME", name)
            .with("GIT_AUTHOR_EMAIL", &mail)
            .with("GIT_COMMITTER_EMAIL", &mail)
    }

    /// The same person whose clock shows `time`.
    pub(crate) fn at(&self, time: &str) -> Self {
        self.with("GIT_AUTHOR_DATE", time)
            .with("GIT_COMMITTER_DATE", time)
            .with("PROMPTCTL_NOW", time)
    }

    /// A command of this program or another, not yet started.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = match program {
            "promptctl" => Command::new(env!("CARGO_BIN_EXE_promptctl")),
            other => Command::new(other),
        };
        command
            .current_dir(&self.dir)
            .env_clear()
            .envs(&self.vars)
            .stdin(Stdio::null());
        command
    }

    /// A line of words, the first of which is the program.
    pub(crate) fn line(&self, line: &str) -> Command {
        let words = words(line);
        let (program, arguments) = words.split_first().expect("a command");
        let mut command = self.command(program);
        command.args(arguments);
        command
    }

    /// Runs a line and returns what came of it.
    pub(crate) fn run(&self, line: &str) -> Run {
        Run::new(self, line, &self.line(line).output().unwrap())
    }

    /// Runs a line that reads `input`.
    pub(crate) fn run_with(&self, line: &str, input: impl AsRef<[u8]>) -> Run {
        let mut child = self
            .line(line)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that reads nothing closes the pipe.
        drop(stdin.write_all(input.as_ref()));
        drop(stdin);
        Run::new(self, line, &child.wait_with_output().unwrap())
    }

    /// Runs a line that must succeed, and returns what came of it.
    #[track_caller]
    pub(crate) fn ran(&self, line: &str) -> Run {
        let run = self.run(line);
        assert_eq!(run.code, Some(0), "$ {line}\n{run}");
        run
    }

    /// Runs a line that must succeed and returns its standard output.
    #[track_caller]
    pub(crate) fn ok(&self, line: &str) -> String {
        self.ran(line).stdout
    }

    /// Runs a line that must fail, and returns what came of it.
    #[track_caller]
    pub(crate) fn fails(&self, line: &str) -> Run {
        let run = self.run(line);
        assert_ne!(run.code, Some(0), "$ {line}\n{run}");
        run
    }

    /// Runs a line whose standard output is one JSON value.
    #[track_caller]
    pub(crate) fn json(&self, line: &str) -> Value {
        let text = self.run(line).stdout;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("$ {line}\n{error}\n{text}"))
    }

    /// Runs git, which must succeed, and returns its standard output without the last line end.
    #[track_caller]
    pub(crate) fn git(&self, line: &str) -> String {
        self.ok(&format!("git {line}")).trim_end().to_owned()
    }

    /// Runs several lines and returns each with what came of it, as a terminal would show it.
    pub(crate) fn play(&self, lines: &str) -> String {
        lines
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| format!("$ {}\n{}", steady(line, &self.root), self.run(line)))
            .collect()
    }

    /// Adds a prompt by `promptctl new`.
    #[track_caller]
    pub(crate) fn add(&self, name: &str, text: &str) {
        let run = self.run_with(&format!("promptctl new {name} --file -"), text);
        assert_eq!(run.code, Some(0), "{run}");
    }

    /// Replaces a text that stands in a file.
    #[track_caller]
    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(
            text.contains(from),
            "{path} does not hold {from:?}:\n{text}"
        );
        self.write(path, text.replace(from, to));
    }

    /// Changes a prompt by hand, bumps and commits it.
    #[track_caller]
    pub(crate) fn next_version(&self, name: &str, from: &str, to: &str) {
        self.replace(&format!("prompts/{name}.prompt.yml"), from, to);
        self.ok(&format!("promptctl bump --quiet {name}"));
        self.ok("git commit --quiet --all --message Change");
    }

    /// Publishes `support/triage`, which has `maxTokens: 800`, and so many versions in all, each with
    /// 200 tokens less than the one before it.
    #[track_caller]
    pub(crate) fn publish_versions(&self, versions: usize) {
        self.ok("promptctl publish support/triage");
        let has_remote = !self.git("remote").is_empty();
        for below in 1..versions {
            let tokens = 800 - 200 * below;
            self.next_version(
                "support/triage",
                &format!("maxTokens: {}", tokens + 200),
                &format!("maxTokens: {tokens}"),
            );
            if has_remote {
                self.ok("git push --quiet");
            }
            self.ok("promptctl publish support/triage");
        }
    }

    /// Writes a file, and the folders on the way to it.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The text of a file.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.dir.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Whether a file or folder exists.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.dir.join(path).exists()
    }

    /// All references and what they name: two repositories with the same are in the same state.
    pub(crate) fn refs(&self) -> String {
        self.git("for-each-ref --format='%(refname) %(objectname)'")
    }

    /// The names of the tags, one a line.
    pub(crate) fn tags(&self) -> String {
        self.git("tag --list")
    }
}

/// What came of a command.
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
    root: PathBuf,
}

impl Run {
    pub(crate) fn new(shell: &Shell, line: &str, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let run = Self {
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            code: output.status.code(),
            root: shell.root.clone(),
        };
        assert!(!run.stderr.contains("panicked at"), "$ {line}\n{run}");
        run
    }

    /// The object of an error that was printed as JSON.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error}\n{self}"));
        value["error"].clone()
    }
}

/// Standard output, standard error and the exit code as one block, without what differs from one
/// run to the next.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&steady(&self.stdout, &self.root))?;
        if !self.stderr.is_empty() {
            if !self.stdout.is_empty() {
                f.write_str(if self.stdout.ends_with('\n') {
                    ""
                } else {
                    "\n"
                })?;
                f.write_str("--- stderr\n")?;
            }
            f.write_str(&steady(&self.stderr, &self.root))?;
        }
        match self.code {
            Some(0) => Ok(()),
            Some(code) => writeln!(f, "[exit {code}]"),
            None => writeln!(f, "[killed]"),
        }
    }
}

/// A text without what differs from one run to the next: ids, digests, durations, folders.
pub(crate) fn steady(text: &str, root: &Path) -> String {
    static UNSTEADY: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            (
                r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b",
                "<uuid>",
            ),
            (r"\b([0-9a-f]{64}|[0-9a-f]{40})\b", "<id>"),
            (r"\b[0-9a-f]{12}\b", "xxxxxxxxxxxx"),
            (r"(?m)^[0-9a-f]{8}  ", "<id-end>  "),
            (r"\b[0-9a-f]{7}\.\.[0-9a-f]{7}\b", "xxxxxxx..xxxxxxx"),
            (r"\b\d+ ms\b", "<n> ms"),
            (r#"\b(duration_ms(":)? +)\d+"#, "$1<n>"),
        ]
        .map(|(pattern, instead)| (Regex::new(pattern).unwrap(), instead))
        .into()
    });
    let text = text.replace(&*root.to_string_lossy(), "$ROOT");
    UNSTEADY.iter().fold(text, |text, (pattern, instead)| {
        pattern.replace_all(&text, *instead).into_owned()
    })
}

/// Splits a line at blanks; single and double quotes hold words together.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for char in line.chars() {
        match quote {
            Some(open) if char == open => quote = None,
            Some(_) => word.get_or_insert_default().push(char),
            None if char == '\'' || char == '"' => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            None if char.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(char),
        }
    }
    assert_eq!(quote, None, "a quote is open: {line}");
    words.extend(word);
    words
}

#[test]
fn a_line_is_split_as_a_shell_splits_it() {
    assert_eq!(
        words("a  'b c' --x=\"d 'e'\" ''"),
        ["a", "b c", "--x=d 'e'", ""]
    );
}

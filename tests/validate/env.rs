//! A repository in a folder of its own, and an environment that holds nothing of the machine's but
//! the path to its programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::ValueEnum;
use promptctl::output::report::ReportFormat;
use serde_json::Value;
use tempfile::TempDir;

/// A prompt without a fault, not numbered yet.
pub(crate) const GREETING: &str = "\
model: openai/gpt-5-mini
input:
  schema:
    type: object
    required: [name]
    properties:
      name: {type: string}
messages:
  - role: system
    content: Be kind.
  - role: user
    content: Greet {{name}}.
";

/// The names of all formats of a report, so that no test forgets one.
pub(crate) fn formats() -> Vec<String> {
    let formats = ReportFormat::value_variants().iter();
    formats
        .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
        .collect()
}

/// A folder with repositories in it; removed when the test is over.
pub(crate) struct Env {
    root: TempDir,
    /// The folder that commands run in.
    pub(crate) dir: PathBuf,
    vars: Vec<(String, String)>,
}

/// What a command said.
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

impl Env {
    /// A repository with nothing in it but the configuration that `init` makes.
    pub(crate) fn new() -> Self {
        let root = TempDir::new().unwrap();
        let dir = fs::canonicalize(root.path()).unwrap().join("repo");
        fs::create_dir(&dir).unwrap();
        let config = "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n\
            [core]\n\tautocrlf = false\n[protocol \"file\"]\n\tallow = always\n";
        fs::write(root.path().join("gitconfig"), config).unwrap();
        let env = Self {
            root,
            dir,
            vars: Vec::new(),
        };
        env.git("init --quiet");
        env.ok("init --quiet");
        env
    }

    /// A repository with `greeting` v1 committed.
    pub(crate) fn with_greeting() -> Self {
        let env = Self::new();
        env.commit_new("greeting", GREETING);
        env
    }

    /// The same environment in another folder beside the repository.
    pub(crate) fn beside(self, folder: &str) -> Self {
        let dir = fs::canonicalize(self.root.path()).unwrap().join(folder);
        Self { dir, ..self }
    }

    /// The same environment with one more variable.
    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, program: &Path) -> Command {
        let root = self.root.path();
        let mut command = Command::new(program);
        command.current_dir(&self.dir).env_clear();
        for name in ["PATH", "SystemRoot", "LLVM_PROFILE_FILE"] {
            #[allow(
                clippy::disallowed_methods,
                reason = "the harness, not the program, reads it"
            )]
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", root)
            .env("GIT_CONFIG_GLOBAL", root.join("gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "2026-11-03T11:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-11-03T11:00:00Z")
            .env("PROMPTCTL_NOW", "2026-11-20T12:00:00Z")
            .envs(self.vars.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `promptctl` with these words.
    pub(crate) fn run(&self, words: &str) -> Said {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_promptctl")));
        said(command.args(words.split_whitespace()).output().unwrap())
    }

    /// Runs `promptctl`, which must succeed.
    pub(crate) fn ok(&self, words: &str) -> Said {
        let said = self.run(words);
        assert_eq!(said.code, 0, "{words}: {}{}", said.out, said.err);
        said
    }

    /// Runs `git`, which must succeed; returns what it printed.
    pub(crate) fn git(&self, words: &str) -> String {
        let said = said(
            self.command(Path::new("git"))
                .args(words.split_whitespace())
                .output()
                .unwrap(),
        );
        assert_eq!(said.code, 0, "git {words}: {}", said.err);
        said.out
    }

    /// Runs a line as a shell would.
    pub(crate) fn shell(&self, line: &str) {
        let said = said(
            self.command(Path::new("sh"))
                .args(["-c", line])
                .output()
                .unwrap(),
        );
        assert_eq!(said.code, 0, "{line}: {}", said.err);
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.dir.join(path)).unwrap()
    }

    /// Replaces a text that stands in a file once.
    pub(crate) fn change(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
        self.write(path, text.replace(from, to));
    }

    /// Commits everything.
    pub(crate) fn commit(&self, message: &str) {
        self.git("add -A");
        self.git(&format!("commit --quiet --allow-empty -m {message}"));
    }

    /// Makes version 1 of a prompt and commits it.
    pub(crate) fn commit_new(&self, name: &str, text: &str) {
        self.write(&format!("prompts/{name}.prompt.yml"), text);
        self.commit("add");
        self.ok(&format!("bump {name}"));
        self.commit("number");
    }

    /// The findings of `validate`, one line each: code, severity and place.
    pub(crate) fn findings(&self, words: &str) -> String {
        let said = self.run(&format!("validate --format json {words}"));
        let report: Value =
            serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
        let findings = report["findings"].as_array().unwrap().iter();
        let lines = findings.map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or("-").to_owned();
            let place = match (finding["line"].as_u64(), finding["column"].as_u64()) {
                (Some(line), Some(column)) => format!(":{line}:{column}"),
                _ => String::new(),
            };
            format!(
                "{} {} {}{place} {}",
                text("severity"),
                text("code"),
                text("path"),
                text("message")
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn said(output: Output) -> Said {
    Said {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap_or(-1),
    }
}

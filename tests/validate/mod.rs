//! `promptctl validate` as a person and as a CI job run it, over real git.

mod base;
mod bounded;
mod fix;
mod formats;
mod hidden;
mod hostile;
mod live;
mod rules;
mod suites;

use clap::ValueEnum;
use promptctl::output::report::ReportFormat;

use crate::env::{Shell, TestEnv};

/// A prompt without a fault, not numbered yet.
const GREETING: &str = "\
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
fn formats() -> Vec<String> {
    let formats = ReportFormat::value_variants().iter();
    formats
        .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
        .collect()
}

/// A repository with `greeting` v1 committed.
fn greeting(env: &TestEnv) -> Shell {
    let repo = env.repo();
    repo.commit_new("greeting", GREETING);
    repo
}

impl Shell {
    /// Runs a script of `sh`.
    #[track_caller]
    fn sh(&self, script: &str) {
        let output = self.command("sh").args(["-c", script]).output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
    }

    /// Commits everything.
    #[track_caller]
    fn commit(&self, message: &str) {
        self.git("add -A");
        self.git(&format!("commit --quiet --allow-empty -m {message}"));
    }

    /// Makes version 1 of a prompt by hand and commits it.
    #[track_caller]
    fn commit_new(&self, name: &str, text: &str) {
        self.write(&format!("prompts/{name}.prompt.yml"), text);
        self.commit("add");
        self.ok(&format!("promptctl bump {name}"));
        self.commit("number");
    }

    /// The findings of `validate`, one a line: severity, code, place and message.
    #[track_caller]
    fn findings(&self, words: &str) -> String {
        let report = self.json(&format!("promptctl validate --format json {words}"));
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

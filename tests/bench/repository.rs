//! Makes repositories of prompts of any size, with the tags that promptctl would have made.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::Stdio;

use promptctl::prompt::digest::{Digest, digest};
use promptctl::prompt::document::parse;
use promptctl::prompt::template::{Partial, gather};
use rayon::prelude::*;

use crate::timing::command;

/// The published versions of each prompt.
const VERSIONS: usize = 5;
/// What was released of each prompt: environment, release, action, version, and what lies under it.
const RELEASES: [(&str, usize, &str, usize, &str); 5] = [
    ("production", 1, "publish", 2, "none"),
    ("production", 2, "publish", 3, "1"),
    ("production", 3, "rollback", 2, "none"),
    ("production", 4, "publish", 4, "3"),
    ("staging", 1, "publish", 5, "none"),
];
const TONE: &str = "Be kind and brief. Never promise what the policy does not say.\n";
const START: usize = 1_700_000_000;
const PERSON: &str = "Ada Example <ada@example.com>";

/// How much a repository holds: for each prompt five commits and ten tags.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) prompts: usize,
}

impl Size {
    pub(crate) fn commits(self) -> usize {
        self.prompts * VERSIONS
    }

    pub(crate) fn tags(self) -> usize {
        self.prompts * (VERSIONS + RELEASES.len())
    }

    /// Prompts whose newest version is committed and not published.
    pub(crate) fn ahead(self) -> usize {
        (self.prompts / 10).clamp(1, 200)
    }
}

/// A repository of prompts, packed as `git gc` leaves one.
pub(crate) struct Repository {
    pub(crate) path: PathBuf,
    pub(crate) size: Size,
}

/// The name of a prompt: there are folders of a hundred.
pub(crate) fn name(prompt: usize) -> String {
    format!("team-{:02}/prompt-{prompt:05}", prompt / 100)
}

pub(crate) fn path(prompt: usize) -> String {
    format!("prompts/{}.prompt.yml", name(prompt))
}

impl Repository {
    /// Makes one in a new folder.
    pub(crate) fn make(path: PathBuf, size: Size) -> io::Result<Self> {
        fs::create_dir_all(&path)?;
        let made = Self { path, size };
        made.git(&["init", "--quiet", "--initial-branch=main"])?;
        for (key, value) in [
            ("user.name", "Ada Example"),
            ("user.email", "ada@example.com"),
            ("gc.auto", "0"),
        ] {
            made.git(&["config", key, value])?;
        }
        made.import()?;
        made.git(&["pack-refs", "--all"])?;
        made.git(&["repack", "-a", "-d", "--quiet"])?;
        made.git(&["reset", "--quiet", "--hard"])?;
        Ok(made)
    }

    /// Runs git here; it must succeed.
    pub(crate) fn git(&self, arguments: &[&str]) -> io::Result<String> {
        let output = command("git", &self.path).args(arguments).output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(io::Error::other(format!("git {arguments:?}: {said}")))
        }
    }

    /// Writes the version behind the newest into the file of a prompt, without a commit.
    pub(crate) fn write_next(&self, prompt: usize) -> io::Result<()> {
        fs::write(
            self.path.join(path(prompt)),
            File::new(prompt, VERSIONS + 1).text,
        )
    }

    fn import(&self) -> io::Result<()> {
        // A hundred thousand references need not survive a power cut.
        let mut child = command("git", &self.path)
            .args(["-c", "core.fsync=none", "fast-import", "--quiet"])
            .stdin(Stdio::piped())
            .spawn()?;
        let pipe = child
            .stdin
            .take()
            .ok_or_else(|| io::Error::other("git has no standard input"))?;
        let mut stream = Stream {
            out: BufWriter::with_capacity(1 << 20, pipe),
            mark: 0,
        };
        stream.history(self.size)?;
        stream.out.flush()?;
        drop(stream);
        if child.wait()?.success() {
            Ok(())
        } else {
            Err(io::Error::other("git fast-import failed"))
        }
    }
}

/// A version of a prompt as a file.
struct File {
    text: String,
    digest: Digest,
}

impl File {
    fn new(prompt: usize, version: usize) -> Self {
        let text = text(prompt, version);
        let document = parse(&text).expect("the text is a prompt");
        let partials = gather(&document, |_| {
            Ok::<_, ()>(Some(Partial {
                text: TONE.to_owned(),
                path: String::new(),
            }))
        })
        .expect("nothing is read that could fail");
        let digest = digest(&document, &partials);
        let line = format!("version: {version}\n");
        let text = text.replace(&line, &format!("{line}digest: {}\n", digest.short()));
        Self { text, digest }
    }
}

/// A prompt of about 2 KB.
fn text(prompt: usize, version: usize) -> String {
    let mut text = format!(
        "name: Ticket triage {prompt}
description: Sorts an incoming ticket of queue {prompt} and drafts the first reply.
version: {version}
category: support
tags: [tickets, team-{}]
model: openai/gpt-5-mini
modelParameters:
  maxTokens: {}
  reasoningEffort: low
input:
  schema:
    type: object
    required: [ticket]
    properties:
      ticket: {{type: string}}
      locale: {{type: string, default: en}}
messages:
  - role: system
    content: |
      {{{{> tone}}}}
      Answer in {{{{locale}}}}, in at most {version} sentences.
",
        prompt / 100,
        400 + version * 100,
    );
    let mut words = Words(prompt as u64);
    while text.len() < 1_800 {
        let _ = write!(text, "      -");
        for _ in 0..10 {
            let _ = write!(text, " {}", words.next());
        }
        text.push_str(".\n");
    }
    text.push_str(
        "  - role: user
    content: \"{{ticket}}\"
testData:
  - ticket: I was charged twice for the same order
    expected: billing
evaluators:
  - name: right queue
    string: {contains: \"{{expected}}\"}
",
    );
    text
}

/// Words that look like prose to a compressor, the same in each run.
struct Words(u64);

impl Words {
    fn next(&mut self) -> &'static str {
        const WORDS: [&str; 32] = [
            "refund",
            "order",
            "customer",
            "ticket",
            "reply",
            "never",
            "always",
            "policy",
            "amount",
            "invoice",
            "before",
            "after",
            "send",
            "check",
            "the",
            "of",
            "a",
            "with",
            "without",
            "name",
            "address",
            "date",
            "reason",
            "polite",
            "short",
            "first",
            "second",
            "agent",
            "queue",
            "billing",
            "technical",
            "escalate",
        ];
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        WORDS[(self.0 >> 59) as usize]
    }
}

/// What `git fast-import` reads.
struct Stream<W> {
    out: W,
    mark: usize,
}

impl<W: Write> Stream<W> {
    fn history(&mut self, size: Size) -> io::Result<()> {
        let mut commits = vec![[0; VERSIONS]; size.prompts];
        let first = files(size.prompts, 1);
        self.commit("Add all prompts")?;
        self.file("prompts/_tone.hbs", TONE)?;
        for (prompt, file) in first.iter().enumerate() {
            self.file(&path(prompt), &file.text)?;
            commits[prompt][0] = self.mark;
        }
        let mut digests = vec![digests(first)];
        for version in 2..=VERSIONS {
            let files = files(size.prompts, version);
            for step in 0..size.prompts {
                // 7,919 is prime, so that every prompt has its turn and neighbours do not follow each other.
                let prompt = step * 7_919 % size.prompts;
                self.commit(&format!("Reword {} v{version}", name(prompt)))?;
                self.file(&path(prompt), &files[prompt].text)?;
                commits[prompt][version - 1] = self.mark;
            }
            digests.push(self::digests(files));
        }
        for prompt in 0..size.ahead().min(size.commits().saturating_sub(self.mark)) {
            self.commit(&format!("Reword {} again", name(prompt)))?;
            self.file(&path(prompt), &File::new(prompt, VERSIONS + 1).text)?;
        }
        while self.mark < size.commits() {
            self.commit("Work beside the prompts")?;
            let text = format!("{} days without an incident\n", self.mark);
            self.file("notes/days.md", &text)?;
        }
        for prompt in 0..size.prompts {
            let digests: Vec<&Digest> = digests.iter().map(|all| &all[prompt]).collect();
            self.tags(&name(prompt), &commits[prompt], &digests)?;
        }
        Ok(())
    }

    fn commit(&mut self, message: &str) -> io::Result<()> {
        self.mark += 1;
        let (mark, time, length) = (self.mark, START + self.mark * 600, message.len());
        writeln!(
            self.out,
            "commit refs/heads/main\nmark :{mark}\ncommitter {PERSON} {time} +0000\ndata {length}\n{message}"
        )
    }

    fn file(&mut self, path: &str, text: &str) -> io::Result<()> {
        writeln!(
            self.out,
            "M 100644 inline {path}\ndata {}\n{text}",
            text.len()
        )
    }

    fn tags(&mut self, name: &str, commits: &[usize], digests: &[&Digest]) -> io::Result<()> {
        let trailers = |version: usize| {
            format!(
                "Prompt: {name}\nVersion: {version}\nDigest: {}\n",
                digests[version - 1]
            )
        };
        for (version, commit) in (1..).zip(commits) {
            let message = format!("{name} v{version}\n\n{}", trailers(version));
            self.tag(&format!("{name}/v{version}"), *commit, &message)?;
        }
        for (environment, number, action, version, under) in RELEASES {
            let message = format!(
                "Release {name} v{version} to {environment}\n\n{}Environment: {environment}\nAction: {action}\nUnder: {under}\n",
                trailers(version)
            );
            self.tag(
                &format!("{name}/{environment}/{number}"),
                commits[version - 1],
                &message,
            )?;
        }
        Ok(())
    }

    fn tag(&mut self, tag: &str, commit: usize, message: &str) -> io::Result<()> {
        let (time, length) = (START + commit * 600 + 60, message.len());
        writeln!(
            self.out,
            "tag prompts/{tag}\nfrom :{commit}\ntagger {PERSON} {time} +0000\ndata {length}\n{message}"
        )
    }
}

fn files(prompts: usize, version: usize) -> Vec<File> {
    (0..prompts)
        .into_par_iter()
        .map(|prompt| File::new(prompt, version))
        .collect()
}

fn digests(files: Vec<File>) -> Vec<Digest> {
    files.into_iter().map(|file| file.digest).collect()
}

//! Whole commands against the `git` commands they stand for, in the same run.
//!
//! `cargo bench` makes a repository of 10,000 prompts, 50,000 commits and 100,000 tags in a
//! temporary folder and prints a Markdown table. `PROMPTCTL_BENCH_PROMPTS` sets the number of
//! prompts (at least 100) and `PROMPTCTL_BENCH_ROUNDS` how often each pair is run. A target that
//! is missed is said and fails nothing: the figures depend on the machine.
//! `cargo bench --bench store -- make DIR` makes only the repository, to look into, and `make-real DIR`
//! the one of 3,000 prompts of real size. `PROMPTCTL_BENCH_OTHER` names another build of promptctl,
//! which is compared with this one on those.

mod real;
mod repository;
mod review;
mod timing;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use promptctl::prompt::document::parse;
use promptctl::{releases::Store, repository::Start};
use rayon::prelude::*;

use repository::{Repository, Size, name, path};
use timing::{Comparison, command, time};

const PROMPTCTL: &str = env!("CARGO_BIN_EXE_promptctl");
/// The argument with which this program starts itself to load files in a process of its own.
const LOAD: &str = "load-files";
/// The argument that asks for the repository alone.
const MAKE: &str = "make";
/// The argument that asks for the repository of prompts of real size alone.
const MAKE_REAL: &str = "make-real";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, how, directory] = arguments.as_slice()
        && first == LOAD
    {
        return load(how, Path::new(directory));
    }
    let prompts = number("PROMPTCTL_BENCH_PROMPTS").unwrap_or(10_000).max(100);
    if let [first, directory, ..] = arguments.as_slice()
        && first == MAKE
    {
        return Repository::make(directory.into(), Size { prompts }).map(drop);
    }
    if let [first, directory, ..] = arguments.as_slice()
        && first == MAKE_REAL
    {
        return real::make(Path::new(directory));
    }
    // `cargo test --benches` only wants to know that this starts.
    if arguments.iter().any(|argument| argument == "--test") {
        return Ok(());
    }
    let rounds = number("PROMPTCTL_BENCH_ROUNDS").unwrap_or(25).max(3);
    let place = tempfile::tempdir()?;
    let start = Instant::now();
    let large = Repository::make(place.path().join("large"), Size { prompts })?;
    let small = Repository::make(place.path().join("small"), Size { prompts: 10 })?;
    say(&machine()?)?;
    say(&format!(
        "{} prompts, {} commits, {} tags, made in {} s; medians of {rounds} rounds, whole processes in turns\n",
        large.size.prompts,
        large.size.commits(),
        large.size.tags(),
        start.elapsed().as_secs()
    ))?;
    say("| | promptctl | git | ratio | target | |\n|---|---|---|---|---|---|")?;
    let bench = Bench {
        large,
        small,
        rounds,
    };
    bench.answers_agree()?;
    bench.starting()?;
    bench.reading("")?;
    bench.releasing()?;
    bench.history()?;
    review::run(&bench.large, bench.rounds)?;
    bench.with_mirror()?;
    bench.loading()?;
    say("\n| | promptctl | the other | ratio | target | |\n|---|---|---|---|---|---|")?;
    real::run(
        PROMPTCTL,
        text("PROMPTCTL_BENCH_OTHER").as_deref(),
        &place.path().join("real"),
        rounds,
        &say,
    )
}

#[allow(
    clippy::disallowed_methods,
    reason = "a benchmark has no configuration of its own"
)]
fn text(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.is_empty())
}

fn number(variable: &str) -> Option<usize> {
    text(variable)?.parse().ok()
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// The machine in words.
fn machine() -> io::Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown processor", |(_, model)| model);
    let git = Command::new("git").arg("--version").output()?;
    Ok(format!(
        "{cpu}, {} cores, {}, {}",
        std::thread::available_parallelism()?,
        std::env::consts::OS,
        String::from_utf8_lossy(&git.stdout).trim()
    ))
}

struct Bench {
    large: Repository,
    small: Repository,
    rounds: usize,
}

impl Bench {
    /// A prompt that is not among those ahead, another one in each round.
    fn prompt(&self, round: usize) -> usize {
        let first = self.large.size.ahead();
        first + round * 37 % (self.large.size.prompts - first)
    }

    fn ours(&self, arguments: &[&str]) -> io::Result<Duration> {
        time(PROMPTCTL, &self.large.path, arguments)
    }

    fn git(&self, arguments: &[&str]) -> io::Result<Duration> {
        time("git", &self.large.path, arguments)
    }

    /// What is fast and wrong is worth nothing.
    fn answers_agree(&self) -> io::Result<()> {
        let ours = |arguments: &[&str]| -> io::Result<String> {
            let output = command(PROMPTCTL, &self.large.path)
                .args(arguments)
                .output()?;
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let prompt = self.prompt(1);
        let blob = format!("prompts/{}/production/4:{}", name(prompt), path(prompt));
        assert_eq!(
            ours(&["get", &format!("{}@production", name(prompt))])?,
            self.large.git(&["cat-file", "-p", &blob])?
        );
        let list = ours(&["list"])?;
        assert_eq!(
            list.lines().count(),
            self.large.size.prompts,
            "prompts listed"
        );
        assert!(
            list.lines()
                .all(|line| line.contains("production v4, staging v5")),
            "what is live"
        );
        assert_eq!(
            ours(&["history", &name(prompt)])?.lines().count(),
            5,
            "versions in history"
        );
        Ok(())
    }

    fn starting(&self) -> io::Result<()> {
        for argument in ["--version", "--help"] {
            let row = Comparison::run(
                &format!("`{argument}` / `git --version`"),
                1.5,
                self.rounds * 4,
                &mut |_| self.ours(&[argument]),
                &mut |_| self.git(&["--version"]),
            )?;
            say(&row.to_string())?;
        }
        Ok(())
    }

    fn reading(&self, note: &str) -> io::Result<()> {
        let live = |prompt: usize| format!("{}@production", name(prompt));
        let get = &mut |round| self.ours(&["get", &live(self.prompt(round))]);
        let row = Comparison::run(
            &format!("`get name@production`{note} / `git cat-file -p <tag>:<path>`"),
            1.5,
            self.rounds * 4,
            get,
            &mut |round| {
                let prompt = self.prompt(round);
                let blob = format!("prompts/{}/production/4:{}", name(prompt), path(prompt));
                self.git(&["cat-file", "-p", &blob])
            },
        )?;
        say(&row.to_string())?;
        let row = Comparison::run(
            &format!("`get name@production`{note} / the same among 10 prompts"),
            1.3,
            self.rounds * 4,
            get,
            &mut |round| time(PROMPTCTL, &self.small.path, &["get", &live(round % 10)]),
        )?;
        say(&row.to_string())?;
        let row = Comparison::run(
            &format!("`list`{note} / `git for-each-ref` and reading the files"),
            3.0,
            self.rounds.div_ceil(2),
            &mut |_| self.ours(&["list"]),
            &mut |_| {
                let tags = self.git(&["for-each-ref", "refs/tags/prompts/"])?;
                Ok(tags + self.read_files()?)
            },
        )?;
        say(&row.to_string())
    }

    fn read_files(&self) -> io::Result<Duration> {
        let start = Instant::now();
        let mut bytes = 0;
        for prompt in 0..self.large.size.prompts {
            bytes += fs::read(self.large.path.join(path(prompt)))?.len();
        }
        let took = start.elapsed();
        assert!(bytes > self.large.size.prompts * 1_000);
        Ok(took)
    }

    fn releasing(&self) -> io::Result<()> {
        let tag = |round: usize, what: &str| {
            self.git(&[
                "tag",
                "-a",
                "-m",
                "a message",
                &format!("bench/{round}/{what}"),
                "HEAD",
            ])
        };
        let rounds = self.rounds.min(self.large.size.ahead() - 1);
        let row = Comparison::run(
            "`publish --no-push` / two `git tag -a`",
            2.0,
            rounds,
            &mut |round| self.ours(&["publish", "--no-push", "--quiet", &name(round)]),
            &mut |round| Ok(tag(round, "v6")? + tag(round, "publish")?),
        )?;
        say(&row.to_string())?;
        let row = Comparison::run(
            "`rollback --no-push` / one `git tag -a`",
            2.0,
            rounds,
            &mut |round| self.ours(&["rollback", "--no-push", "--quiet", &name(round)]),
            &mut |round| tag(round, "rollback"),
        )?;
        say(&row.to_string())
    }

    fn history(&self) -> io::Result<()> {
        for graph in [false, true] {
            if graph {
                self.large.git(&[
                    "commit-graph",
                    "write",
                    "--reachable",
                    "--changed-paths",
                    "--no-progress",
                ])?;
            }
            let row = Comparison::run(
                &format!(
                    "`history`{} / `git log -- <path>`",
                    if graph {
                        " with a commit-graph of changed paths"
                    } else {
                        ""
                    }
                ),
                1.2,
                if graph {
                    self.rounds
                } else {
                    self.rounds.div_ceil(3)
                },
                &mut |round| self.ours(&["history", &name(self.prompt(round))]),
                &mut |round| self.git(&["log", "--", &path(self.prompt(round))]),
            )?;
            say(&row.to_string())?;
        }
        Ok(())
    }

    /// As a clone has it: the tags of its remote stand there a second time.
    fn with_mirror(&self) -> io::Result<()> {
        self.large.git(&["remote", "add", "origin", "."])?;
        self.large
            .git(&["config", "promptctl.mirror", "origin/prompts/"])?;
        self.large.git(&[
            "-c",
            "core.fsync=none",
            "fetch",
            "--quiet",
            "--no-tags",
            "origin",
            "+refs/tags/prompts/*:refs/promptctl/origin/prompts/*",
        ])?;
        self.large.git(&["pack-refs", "--all"])?;
        self.reading(" in a clone with a mirror")
    }

    /// Loading all files against the bare parse of them.
    fn loading(&self) -> io::Result<()> {
        let (mut our_peak, mut bare_peak) = (0, 0);
        let row = Comparison::run(
            "loading all files, with digests and what is modified / parsing them",
            None,
            self.rounds.div_ceil(3),
            &mut |_| load_apart(&self.large, "load", &mut our_peak),
            &mut |_| load_apart(&self.large, "parse", &mut bare_peak),
        )?;
        say(&row.to_string())?;
        let per_file = row.ours / u32::try_from(self.large.size.prompts).unwrap_or(u32::MAX);
        say(&format!(
            "\nLoading takes {} µs a file and at most {} MB of memory; the bare parse {} MB.",
            per_file.as_micros(),
            our_peak / 1024,
            bare_peak / 1024
        ))
    }
}

/// Loads in a process of its own, whose memory is its own too.
fn load_apart(large: &Repository, how: &str, peak: &mut u64) -> io::Result<Duration> {
    let program = std::env::current_exe()?;
    let output = command(&program.to_string_lossy(), &large.path)
        .args([LOAD, how, "."])
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut numbers = said
        .split_whitespace()
        .filter_map(|word| word.parse::<u64>().ok());
    let (Some(microseconds), Some(used)) = (numbers.next(), numbers.next()) else {
        return Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ));
    };
    *peak = used.max(*peak);
    Ok(Duration::from_micros(microseconds))
}

/// Loads all files of a repository, prints the microseconds and the peak of memory in KB.
fn load(how: &str, directory: &Path) -> io::Result<()> {
    let place = Start {
        directory: directory.to_path_buf(),
        ..Start::default()
    };
    let store = Store::open(&place).map_err(|failure| io::Error::other(failure.message))?;
    let start = Instant::now();
    let count = if how == "load" {
        store.load_all().0.len()
    } else {
        let listing = store.list();
        let documents: Vec<_> = listing
            .files
            .par_iter()
            .filter_map(|file| parse(&fs::read_to_string(directory.join(&file.path)).ok()?).ok())
            .collect();
        documents.len()
    };
    let took = start.elapsed();
    assert!(count > 0, "no prompt was loaded");
    say(&format!(
        "{} {}",
        took.as_micros(),
        peak_memory().unwrap_or_default()
    ))
}

/// The most memory that this process ever had, in KB; only Linux tells.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

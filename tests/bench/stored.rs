//! The way out of OpenAI's stored prompts: `scan --ids` beside ripgrep, and an import of 400
//! versions from a server of this machine. `cargo bench --bench stored`.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement stops at the first surprise"
)]
#![allow(clippy::print_stdout, reason = "the figures are its output")]

#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../env.rs"]
mod env;
#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../server.rs"]
mod server;
#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../store_of_prompts.rs"]
mod store_of_prompts;
#[path = "../template.rs"]
mod template;
#[allow(dead_code, reason = "other measurements use the rest of it")]
mod timing;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::env::{Shell, TestEnv};
use crate::server::{KEY, Server};
use crate::store_of_prompts::many;
use crate::timing::Comparison;

const ROUNDS: usize = 9;
const PROMPTS: u64 = 50;
const VERSIONS: u64 = 8;
const IMPORTS: usize = 3;

fn main() {
    let env = TestEnv::new();
    println!("| what | promptctl | ripgrep | ratio | target | |\n|---|---|---|---|---|---|");
    if rg(&env.root().dir).is_err() {
        println!("ripgrep is not installed here: the rows of `scan` are skipped");
    } else {
        let tree = tree(&env.root());
        scan(&env, "a repository of 6,000 files, 120 with ids", &tree);
        match sources() {
            Some(folder) => scan(&env, "the sources of the crates of this machine", &folder),
            None => println!("there is no ~/.cargo/registry/src here: its row is skipped"),
        }
    }
    import();
}

fn timed(command: &mut Command) -> io::Result<Duration> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output()?;
    let took = start.elapsed();
    // ripgrep ends with 1 where it finds nothing.
    match output.status.code() {
        Some(0 | 1) => Ok(took),
        _ => Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )),
    }
}

/// How long ripgrep takes for the lines with ids.
fn rg(folder: &Path) -> io::Result<Duration> {
    timed(Command::new("rg").args(["-c", "pmpt_"]).arg(folder))
}

fn scan(env: &TestEnv, what: &str, tree: &Path) {
    let root = env.root();
    let ours = || {
        let mut command = root.command("promptctl");
        timed(command.args(["scan", "--ids"]).arg(tree))
    };
    let row = Comparison::run(
        &format!("`scan --ids` / `rg -c pmpt_`: {what}"),
        3.0,
        ROUNDS,
        &mut |_| ours(),
        &mut |_| rg(tree),
    );
    println!("{}", row.unwrap());
}

/// Code as it is found: many files without an id, some with a call, settings beside them.
fn tree(root: &Shell) -> PathBuf {
    for number in 0..6000 {
        let folder = format!("tree/package{:02}/module{:02}", number / 100, number % 10);
        let mut text = String::from("from openai import OpenAI\n\nclient = OpenAI()\n\n");
        for line in 0..40 {
            text.push_str(&format!(
                "def handle_{line}(request, *, limit={number}):\n    \"\"\"Answers request {line}.\"\"\"\n    return [row for row in request.rows if row.value < limit]\n\n"
            ));
        }
        if number % 50 == 0 {
            text.push_str(&format!(
                "def answer(ticket):\n    return client.responses.create(\n        prompt={{\"id\": \"pmpt_{number:048x}\", \"version\": \"3\", \"variables\": {{\"ticket\": ticket}}}},\n    )\n"
            ));
        }
        root.write(&format!("{folder}/file_{number}.py"), text);
    }
    root.git("init --quiet tree");
    let tree = root.cd("tree");
    tree.git("add --all");
    tree.git("commit --quiet --message Code");
    tree.dir
}

/// The sources that cargo unpacked on this machine.
fn sources() -> Option<PathBuf> {
    let home = env::of_this_process("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::of_this_process("HOME")?).join(".cargo")));
    home.map(|home| home.join("registry/src"))
        .filter(|folder| folder.is_dir())
}

fn import() {
    let mut times = Vec::new();
    for _ in 0..IMPORTS {
        let env = TestEnv::new();
        let prompts = many(PROMPTS, VERSIONS, |number| {
            format!("Version {number}: sort {{{{ticket}}}} into queues.")
        });
        let ids: Vec<String> = prompts.prompts.keys().cloned().collect();
        let asked = prompts.clone();
        let server = Server::answering(move |request| asked.answer(request));
        let repo = env
            .repo()
            .with("OPENAI_API_KEY", KEY)
            .with("OPENAI_BASE_URL", server.url());
        let line = format!("promptctl import --quiet {}", ids.join(" "));
        let start = Instant::now();
        repo.ok(&line);
        times.push(start.elapsed().as_secs_f64());
        let commits = repo.git("log --format=%s").lines().count();
        assert_eq!(commits as u64, PROMPTS * VERSIONS + 1);
        // One for each version, each prompt and each of the two models.
        assert_eq!(prompts.paid() as u64, PROMPTS * VERSIONS + PROMPTS + 2);
    }
    times.sort_by(f64::total_cmp);
    let middle = times[times.len() / 2];
    let verdict = if middle <= 10.0 {
        "reached"
    } else {
        "**missed**"
    };
    println!(
        "| `import` of {PROMPTS} prompts of {VERSIONS} versions, a commit each | {middle:.1} s | - | - | ≤ 10 s | {verdict} |"
    );
}

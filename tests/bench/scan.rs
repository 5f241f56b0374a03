//! Prompts found in code, beside ripgrep in the same run: `cargo bench --bench scan`. The folder that
//! `PROMPTCTL_TREE` names is measured as source that calls models.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement stops at the first surprise"
)]
#![allow(clippy::print_stdout, reason = "the figures are its output")]

#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../env.rs"]
mod env;
#[path = "../template.rs"]
mod template;
#[allow(dead_code, reason = "other measurements use the rest of it")]
mod timing;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::env::{Shell, TestEnv};
use crate::timing::Comparison;

const ROUNDS: usize = 7;
const TARGET: Duration = Duration::from_secs(2);
const MEMORY: u64 = 150 << 10;

fn main() {
    let env = TestEnv::new();
    let root = env.root();
    println!("| what | promptctl | ripgrep | ratio | target | |\n|---|---|---|---|---|---|");
    if rg(&root.dir).is_err() {
        println!("ripgrep is not installed here: its row is skipped");
    } else {
        let tree = tree(&root);
        let row = Comparison::run(
            "`scan` / `rg -c pmpt_`: 6,000 files without an anchor",
            3.0,
            ROUNDS,
            &mut |_| scan(&root, &tree).map(|(took, _)| took),
            &mut |_| rg(&tree),
        );
        println!("{}", row.unwrap());
    }
    let Some(folder) = env::of_this_process("PROMPTCTL_TREE").map(PathBuf::from) else {
        println!("PROMPTCTL_TREE names no source that calls models: its rows are skipped");
        return;
    };
    scan(&root, &folder).unwrap();
    let mut rounds: Vec<(Duration, u64)> =
        (0..ROUNDS).map(|_| scan(&root, &folder).unwrap()).collect();
    rounds.sort();
    let (took, _) = rounds[ROUNDS / 2];
    let memory = rounds.iter().map(|(_, memory)| *memory).max().unwrap_or(0);
    let verdict = |is_reached| if is_reached { "reached" } else { "**missed**" };
    println!(
        "| `scan` of {} MB of source that calls models | {:.2} s | | | ≤ 2 s | {} |",
        size(&folder) >> 20,
        took.as_secs_f64(),
        verdict(took <= TARGET)
    );
    match memory {
        0 => println!("memory is read from /proc, which is not here: its row is skipped"),
        memory => println!(
            "| its memory | {} MB | | | ≤ 150 MB | {} |",
            memory >> 10,
            verdict(memory <= MEMORY)
        ),
    }
}

/// How long ripgrep takes for the lines with ids.
fn rg(folder: &Path) -> io::Result<Duration> {
    let start = Instant::now();
    Command::new("rg")
        .args(["-c", "pmpt_"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    Ok(start.elapsed())
}

/// How long our own scan takes, and the most memory that was seen, in KB.
fn scan(root: &Shell, folder: &Path) -> io::Result<(Duration, u64)> {
    let start = Instant::now();
    let mut child = root
        .command("promptctl")
        .args(["scan", "--tests", "--format", "json"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    loop {
        if let Ok(text) = std::fs::read_to_string(&status) {
            let most = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let most = most.and_then(|it| it.split_whitespace().next()?.parse().ok());
            memory = most.unwrap_or(0).max(memory);
        }
        if let Some(status) = child.try_wait()? {
            let took = start.elapsed();
            return match status.success() {
                true => Ok((took, memory)),
                false => Err(io::Error::other(format!("promptctl scan: {status}"))),
            };
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How much the files below a folder hold.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size(&entry.path()),
            Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |it| it.len()),
            _ => 0,
        })
        .sum()
}

/// Code that calls no model.
fn tree(root: &Shell) -> PathBuf {
    for number in 0..6000 {
        let folder = format!("tree/package{:02}/module{:02}", number / 100, number % 10);
        let mut text = String::from("import sys\n\n");
        for line in 0..40 {
            text.push_str(&format!(
                "def handle_{line}(request, *, limit={number}):\n    \"\"\"Answers request {line}.\"\"\"\n    return [row for row in request.rows if row.value < limit]\n\n"
            ));
        }
        root.write(&format!("{folder}/file_{number}.py"), text);
    }
    root.cd("tree").dir
}

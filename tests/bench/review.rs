//! Checking all prompts, and comparing a branch that changed some of them.

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::repository::Repository;
use crate::timing::{Comparison, command, time};
use crate::{PROMPTCTL, load_apart, say};

/// Of so many prompts the branch changes one.
const STEP: usize = 20;

/// What a script in Python would do: parse each file and check it against the JSON Schema.
const PYTHON: &str = "
import json, pathlib, sys, yaml
from jsonschema import Draft202012Validator
loader = getattr(yaml, sys.argv[2])
schema = Draft202012Validator(json.load(open(sys.argv[1])))
wrong = 0
for path in pathlib.Path('prompts').rglob('*.prompt.yml'):
    with open(path) as file:
        wrong += any(True for _ in schema.iter_errors(yaml.load(file, loader)))
sys.exit(wrong)
";

/// Times `validate` and `diff`, a row each.
pub(crate) fn run(large: &Repository, rounds: usize) -> io::Result<()> {
    validating(large, rounds)?;
    comparing(large, rounds)
}

fn validating(large: &Repository, rounds: usize) -> io::Result<()> {
    let mut bare_peak = 0;
    let row = Comparison::run(
        "`validate` / reading and parsing the files alone",
        3.0,
        rounds.div_ceil(3),
        &mut |_| time(PROMPTCTL, &large.path, &["validate", "--quiet"]),
        &mut |_| load_apart(large, "parse", &mut bare_peak),
    )?;
    say(&row.to_string())?;
    // What `yaml.safe_load` uses, and the loader in C that few scripts ask for.
    for (loader, target) in [("SafeLoader", Some(20.0)), ("CSafeLoader", None)] {
        say(&python_row(
            loader,
            target,
            python(large, loader)?,
            row.ours,
        ))?;
    }
    match memory(large)? {
        Some(kilobytes) => say(&format!(
            "| Memory of `validate` | {} MB | - | - | ≤ 300 MB | {} |",
            kilobytes / 1024,
            if kilobytes <= 300 * 1024 {
                "reached"
            } else {
                "**missed**"
            }
        )),
        None => Ok(()),
    }
}

/// A row of the table, the other way round: how many times as long the script takes.
fn python_row(
    loader: &str,
    target: Option<f64>,
    theirs: Option<Duration>,
    ours: Duration,
) -> String {
    let what = format!("a check in Python, by `yaml.{loader}` and jsonschema / `validate`");
    let wanted = target.map_or("-".to_owned(), |target| format!("≥ {target}"));
    let Some(theirs) = theirs else {
        return format!(
            "| {what} | - | - | - | {wanted} | not measured: `python3 -m pip install pyyaml jsonschema` |"
        );
    };
    let times = theirs.as_secs_f64() / ours.as_secs_f64();
    let verdict = match target {
        Some(target) if times >= target => "reached",
        Some(_) => "**missed**",
        None => "-",
    };
    format!(
        "| {what} | {:.0} ms | {:.1} s | {times:.1} | {wanted} | {verdict} |",
        ours.as_secs_f64() * 1000.0,
        theirs.as_secs_f64(),
    )
}

/// How long the script takes, once; none where Python or its packages are missing.
fn python(large: &Repository, loader: &str) -> io::Result<Option<Duration>> {
    let schema = command(PROMPTCTL, &large.path).arg("schema").output()?;
    let file = large.path.join(".git/prompt.schema.json");
    fs::write(&file, schema.stdout)?;
    let mut script = Command::new("python3");
    script
        .current_dir(&large.path)
        .args(["-c", PYTHON])
        .arg(&file)
        .arg(loader)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let success = script.status().is_ok_and(|status| status.success());
    Ok(success.then(|| start.elapsed()))
}

/// The most memory that `validate` has, in KB; only Linux tells.
fn memory(large: &Repository) -> io::Result<Option<u64>> {
    let mut child = command(PROMPTCTL, &large.path)
        .args(["validate", "--quiet"])
        .stdout(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:"));
        let now = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        peak = peak.max(now);
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(peak)
}

fn comparing(large: &Repository, rounds: usize) -> io::Result<()> {
    large.git(&["switch", "--quiet", "--create", "topic"])?;
    let mut changed = 0;
    for prompt in (large.size.ahead()..large.size.prompts).step_by(STEP) {
        large.write_next(prompt)?;
        changed += 1;
    }
    large.git(&["commit", "--quiet", "--all", "--message", "Change some"])?;
    let mut peak = 0;
    // Of the bare parse of all files, the share that these have.
    let share = f64::from(u32::try_from(changed).unwrap_or(u32::MAX))
        / f64::from(u32::try_from(large.size.prompts).unwrap_or(u32::MAX));
    let row = Comparison::run(
        &format!(
            "`diff main...topic` of {changed} changed prompts / `git diff --stat` and parsing them"
        ),
        2.0,
        rounds,
        &mut |_| time(PROMPTCTL, &large.path, &["diff", "main...topic"]),
        &mut |_| {
            let stat = time("git", &large.path, &["diff", "--stat", "main...topic"])?;
            Ok(stat + load_apart(large, "parse", &mut peak)?.mul_f64(share))
        },
    )?;
    say(&row.to_string())?;
    large.git(&["switch", "--quiet", "main"]).map(drop)
}

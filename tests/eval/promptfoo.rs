//! promptfoo and `import`: the same verdict for every case.
//!
//! Skipped aloud unless `PROMPTCTL_TEST_PROMPTFOO` names the program: `npm install promptfoo@0.123`, then
//! `PROMPTCTL_TEST_PROMPTFOO=node_modules/.bin/promptfoo`. It wants node 22.22 or newer in the `PATH`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::env::{TestEnv, of_this_process, skipped, top};

/// The suites: each a configuration whose answers are its prompts.
fn suites() -> Vec<PathBuf> {
    let files = fs::read_dir(top().join("tests/eval/promptfoo")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// What promptctl says of each test of a suite, in their order.
fn ours(suite: &Path) -> Vec<(String, bool)> {
    let name = suite.file_stem().unwrap().to_str().unwrap();
    let env = TestEnv::new();
    let repo = env.repo();
    let file = format!("{name}.yaml");
    repo.write(&file, fs::read_to_string(suite).unwrap());
    let run = repo.run(&format!("promptctl import {file} --yes"));
    assert_eq!(run.code, Some(0), "{run}");
    assert!(!run.to_string().contains("left out"), "{run}");
    let listed = repo.json("promptctl list --format json");
    let prompt = listed["prompts"][0]["name"].as_str().unwrap().to_owned();
    repo.run(&format!(
        "promptctl eval {prompt} --model echo -o answers.jsonl"
    ));
    let lines = repo.read("answers.jsonl");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let cases = repo.json(&format!("promptctl cases list {prompt} --format json"));
    let cases = cases["cases"].as_array().unwrap().iter();
    cases
        .map(|case| {
            let line = lines.iter().find(|line| line["case"] == case["id"]);
            let status = &line.unwrap_or_else(|| panic!("{case}"))["status"];
            assert!(
                status == "pass" || status == "fail",
                "{name} {case} {status}"
            );
            (case["variables"].to_string(), status == "pass")
        })
        .collect()
}

/// What promptfoo says of them.
fn theirs(env: &TestEnv, program: &Path, suite: &Path) -> Vec<(String, bool)> {
    let out = env.root().dir.join("promptfoo.json");
    drop(fs::remove_file(&out));
    let status = Command::new(program)
        .args([
            "eval",
            "--no-cache",
            "--no-table",
            "--no-progress-bar",
            "-c",
        ])
        .arg(suite)
        .arg("-o")
        .arg(&out)
        .env("PROMPTFOO_CONFIG_DIR", env.root().dir.join("home"))
        .env("PROMPTFOO_DISABLE_TELEMETRY", "1")
        .env("PROMPTFOO_DISABLE_UPDATE", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    // 100: tests failed.
    assert!([Some(0), Some(100)].contains(&status.code()), "{status}");
    let text = fs::read_to_string(&out).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    let mut results = whole["results"]["results"].as_array().unwrap().clone();
    results.sort_by_key(|result| result["testIdx"].as_u64());
    results
        .iter()
        .map(|result| (result["vars"].to_string(), result["success"] == true))
        .collect()
}

#[test]
fn promptfoo_and_an_imported_suite_agree_on_every_case() {
    let suites = suites();
    assert_eq!(suites.len(), 10);
    let Some(program) = of_this_process("PROMPTCTL_TEST_PROMPTFOO") else {
        return skipped("PROMPTCTL_TEST_PROMPTFOO names no promptfoo to compare with");
    };
    let program = fs::canonicalize(program).unwrap();
    let env = TestEnv::new();
    for suite in suites {
        let (ours, theirs) = (ours(&suite), theirs(&env, &program, &suite));
        assert_eq!(ours.len(), theirs.len(), "{}", suite.display());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let what = format!("{}: {} and {}", suite.display(), ours.0, theirs.0);
            assert_eq!(ours.1, theirs.1, "{what}");
        }
    }
}

#[test]
fn every_assertion_of_the_suites_is_taken_and_decides() {
    for suite in suites() {
        let ours = ours(&suite);
        assert!(
            ours.iter().any(|(_, passed)| *passed),
            "{}",
            suite.display()
        );
    }
}

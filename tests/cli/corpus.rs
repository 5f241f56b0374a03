//! Real prompt files of other people, where a folder of them stands beside this project: each is
//! read, rendered, numbered, published and rolled back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::env::{Shell, TestEnv, skipped, top};

fn corpus() -> Option<Vec<PathBuf>> {
    let folder = top().join("../shared/corpus");
    if !folder.is_dir() {
        skipped("there is no ../shared/corpus, so no prompts of other people are tried");
        return None;
    }
    let mut files = Vec::new();
    walk(&folder, &mut files);
    files.sort();
    Some(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy();
        // What waits to be imported is in the formats of others.
        if path.is_dir() && !path.ends_with("import") {
            walk(&path, files);
        } else if name.ends_with(".prompt.yml") || name.ends_with(".prompt.yaml") {
            files.push(path);
        }
    }
}

/// A value for a variable, of its type.
fn value_of(variable: &Value) -> Value {
    match variable["type"].as_str() {
        Some("integer" | "number") => json!(3),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => json!({}),
        _ => json!(format!(
            "a value for {}",
            variable["name"].as_str().unwrap()
        )),
    }
}

/// The lines of a file without those that a bump touches.
fn others(text: &str) -> Vec<&str> {
    text.split_inclusive('\n')
        .filter(|line| !line.starts_with("version:") && !line.starts_with("digest:"))
        .collect()
}

#[test]
fn every_prompt_of_other_people_has_a_life_here() {
    let Some(files) = corpus() else { return };
    let env = TestEnv::new();
    let repo = env.repo();
    let names: Vec<String> = (0..files.len())
        .map(|number| format!("corpus/p{number}"))
        .collect();
    for (name, file) in names.iter().zip(&files) {
        repo.write(
            &format!("prompts/{name}.prompt.yml"),
            std::fs::read(file).unwrap(),
        );
    }
    repo.git("add --all");
    repo.git("commit --quiet --message 'Of other people'");

    let listed = repo.run("promptctl list");
    assert_eq!(
        listed.stdout.lines().count(),
        files.len(),
        "{}",
        listed.stderr
    );
    for (name, file) in names.iter().zip(&files) {
        let file = file.display();
        render(&repo, name, &file.to_string());
    }

    let all = names.join(" ");
    let before: Vec<String> = names.iter().map(|name| text(&repo, name)).collect();
    repo.ok(&format!("promptctl bump --quiet {all}"));
    for ((name, file), before) in names.iter().zip(&files).zip(&before) {
        let after = text(&repo, name);
        assert_eq!(others(&after), others(before), "{}", file.display());
        assert_eq!(
            after
                .lines()
                .filter(|line| line.starts_with("version:"))
                .count(),
            1,
            "{}",
            file.display()
        );
    }
    repo.git("commit --quiet --all --message Numbered");
    let refused = repo.run(&format!("promptctl publish --quiet {}", names[0]));
    let allowed = allowed(&repo);
    assert_eq!(
        refused.code == Some(3),
        !errors(&repo, &names[0]).is_empty()
    );
    repo.ok(&format!("promptctl publish --quiet {all}{allowed}"));

    repo.ok(&format!(
        "promptctl edit --quiet {all} --set model=openai/another"
    ));
    repo.ok(&format!("promptctl publish --quiet {all}{allowed}"));
    for (name, file) in names.iter().zip(&files) {
        repo.ok(&format!("promptctl rollback --quiet {name}"));
        let live = repo.ok(&format!("promptctl get {name}@production"));
        let first = repo.ok(&format!("git show HEAD~1:prompts/{name}.prompt.yml"));
        assert_eq!(live, first, "{}", file.display());
    }
    assert_eq!(repo.git("status --porcelain"), "");
    repo.git("fsck --strict");
}

/// The codes of the errors that `validate` finds in these prompts, or in all.
fn errors(repo: &Shell, names: &str) -> BTreeSet<String> {
    let validated = repo.run(&format!("promptctl validate {names} --format json"));
    let found: Value = serde_json::from_str(&validated.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["severity"] == "error")
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

/// What lets the files of other people through as they are.
fn allowed(repo: &Shell) -> String {
    let codes = errors(repo, "").into_iter();
    codes.map(|code| format!(" --allow {code}")).collect()
}

fn text(repo: &Shell, name: &str) -> String {
    repo.read(&format!("prompts/{name}.prompt.yml"))
}

fn render(repo: &Shell, name: &str, file: &str) {
    let shown = repo.json(&format!("promptctl show {name} --format json"));
    let values: serde_json::Map<String, Value> = shown["variables"]
        .as_array()
        .unwrap_or_else(|| panic!("{file}: {shown}"))
        .iter()
        .filter(|variable| variable["default"].is_null())
        .map(|variable| {
            (
                variable["name"].as_str().unwrap().to_owned(),
                value_of(variable),
            )
        })
        .collect();
    let run = repo.run_with(
        &format!("promptctl render {name} --vars - --format json"),
        Value::Object(values).to_string(),
    );
    assert_eq!(run.code, Some(0), "{file}: {run}");
}

/// The ids of stored prompts in all files below a folder, with file and line.
fn ids_below(folder: &Path, top: &Path, found: &mut BTreeSet<(String, String, usize)>) {
    let id = regex::Regex::new("pmpt_[0-9a-f]{32,}").unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            ids_below(&path, top, found);
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let file = path
            .strip_prefix(top)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        for (number, line) in (1..).zip(text.lines()) {
            for id in id.find_iter(line) {
                found.insert((id.as_str().to_owned(), file.clone(), number));
            }
        }
    }
}

#[test]
fn no_id_of_a_stored_prompt_is_overlooked() {
    if corpus().is_none() {
        return;
    }
    let folder = top().join("../shared/corpus").canonicalize().unwrap();
    let mut expected = BTreeSet::new();
    ids_below(&folder, &folder, &mut expected);
    assert!(!expected.is_empty());
    let env = TestEnv::new();
    let shell = env.root().cd(&folder.to_string_lossy());
    let shown = shell.json("promptctl scan --ids . --format json");
    let mut found = BTreeSet::new();
    for finding in shown["findings"].as_array().unwrap() {
        for place in finding["places"].as_array().unwrap() {
            found.insert((
                finding["id"].as_str().unwrap().to_owned(),
                place["path"].as_str().unwrap().to_owned(),
                usize::try_from(place["line"].as_u64().unwrap()).unwrap(),
            ));
        }
    }
    found.retain(|(id, ..)| expected.iter().any(|(known, ..)| known == id));
    assert_eq!(found, expected);
}

//! Each list is kept in one table: what a table says is said nowhere else.

use std::fs;

use promptctl::prompt::code::{DefaultLevel, EXPLANATIONS};

use super::architecture::sources;
use crate::env::top;

/// The names that the table of codes gives them, such as `UNUSED_VARIABLE`, by code.
fn names_of_codes() -> Vec<(&'static str, String)> {
    let files = sources("src/prompt");
    let (_, table) = files.iter().find(|(path, _)| path == "code.rs").unwrap();
    let name = |code: &str| {
        let (before, _) = table.split_once(&format!(" = \"{code}\",")).unwrap();
        before.split_whitespace().last().unwrap().to_owned()
    };
    let codes = EXPLANATIONS.iter().map(|entry| entry.code.as_str());
    codes.map(|code| (code, name(code))).collect()
}

/// `Finding::new` takes the level from the table, so that there are not two that differ.
#[test]
fn no_rule_repeats_the_level_that_the_table_of_codes_gives_it() {
    let names = names_of_codes();
    let mut repeated = Vec::new();
    for (path, text) in sources("src") {
        let code: String = text.split_whitespace().collect();
        for (entry, (number, name)) in EXPLANATIONS.iter().zip(&names) {
            let has_level = matches!(entry.level, DefaultLevel::Error | DefaultLevel::Warning);
            let says = ["error", "warning"].iter().any(|level| {
                let call = format!("Finding::{level}(code::{name}");
                let mut found = code.match_indices(&call);
                found.any(|(at, _)| code[at + call.len()..].starts_with([',', ')']))
            });
            if has_level && says {
                repeated.push(format!("{path} says the level of {number} ({name}) again"));
            }
        }
    }
    assert_eq!(repeated, [""; 0], "write Finding::new(code::NAME, …)");
}

/// The other way about: without a level in the table, the place says it.
#[test]
fn what_has_no_level_in_the_table_says_its_own() {
    let names = names_of_codes();
    for (path, text) in sources("src") {
        let code: String = text.split_whitespace().collect();
        for (entry, (number, name)) in EXPLANATIONS.iter().zip(&names) {
            if matches!(entry.level, DefaultLevel::Fixed | DefaultLevel::Varies) {
                let call = format!("Finding::new(code::{name},");
                assert!(!code.contains(&call), "{path}: {number} has no level");
            }
        }
    }
}

/// The files of `src` that no module names: they would not even be compiled.
#[test]
fn no_source_file_is_forgotten() {
    let read = |path: &str| fs::read_to_string(top().join("src").join(path)).unwrap_or_default();
    let mut forgotten = Vec::new();
    for (path, _) in sources("src") {
        let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
        let (parents, name) = match module.rsplit_once('/') {
            Some((room, name)) => (format!("{room}.rs {room}/mod.rs"), name),
            None => ("lib.rs main.rs".to_owned(), module),
        };
        let line = format!("mod {name};\n");
        if !["lib", "main"].contains(&module)
            && !parents.split(' ').any(|it| read(it).contains(&line))
        {
            forgotten.push(path);
        }
    }
    assert_eq!(forgotten, [""; 0], "no module names them");
}

#[test]
fn every_file_of_a_command_has_a_row_in_the_table_of_commands() {
    let files = sources("src/commands");
    let (_, table) = files
        .iter()
        .find(|(path, _)| path == "command_line.rs")
        .unwrap();
    let mut forgotten = Vec::new();
    for (path, code) in &files {
        let is_command = code.contains("struct Args") && code.contains("fn run(");
        if let Some(name) = path
            .strip_suffix(".rs")
            .filter(|name| is_command && !name.contains('/'))
            && !table.contains(&format!("({name})"))
        {
            forgotten.push(name);
        }
    }
    assert_eq!(
        forgotten, [""; 0],
        "write a row for them in src/commands/command_line.rs"
    );
}

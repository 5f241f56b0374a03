//! What the topic `json` says of the fields that scripts read.

use std::fs;

use promptctl::commands::command_line;
use serde_json::Value;

use super::world::{STORED, World, has_shell};
use crate::env::top;

/// A command for each row of the table.
const COMMANDS: [(&str, &str); 52] = [
    ("list", "promptctl list"),
    ("show", "promptctl show support/triage"),
    ("get", "promptctl get support/triage@v1"),
    ("get --all", "promptctl get --all --versions"),
    ("render", "promptctl render support/triage --var ticket=x"),
    ("history", "promptctl history support/triage"),
    ("releases", "promptctl releases support/triage"),
    ("status", "promptctl status"),
    ("init", "promptctl init --adopt --dry-run"),
    ("new", "promptctl new other --from support/triage --dry-run"),
    ("generate", "promptctl generate other Sorts --yes"),
    (
        "cases add",
        "promptctl cases add support/triage --var ticket=x --expected billing --dry-run",
    ),
    ("cases list", "promptctl cases list support/triage"),
    ("cases show", "promptctl cases show support/triage question"),
    (
        "bisect",
        "promptctl bisect support/triage --case question --model echo",
    ),
    ("cases check", "promptctl cases check"),
    (
        "cases from-log",
        "promptctl cases from-log support/triage --dry-run",
    ),
    (
        "edit",
        "promptctl edit support/triage --set description=x --dry-run",
    ),
    ("archive", "promptctl archive support/triage --dry-run"),
    ("unarchive", "promptctl unarchive support/triage --dry-run"),
    ("bump", "promptctl bump"),
    (
        "mv",
        "promptctl mv --dry-run support/triage support/routing",
    ),
    ("seed", "promptctl seed core --dry-run"),
    ("publish", "promptctl publish support/triage@v2 --dry-run"),
    ("rollback", "promptctl rollback support/triage --dry-run"),
    ("unpublish", "promptctl unpublish support/triage --dry-run"),
    ("push", "promptctl push"),
    ("fetch", "promptctl fetch"),
    (
        "diff",
        "promptctl diff support/triage@v1 support/triage@v3 --cost",
    ),
    ("validate", "promptctl validate"),
    ("doctor", "promptctl doctor"),
    ("verify", "promptctl verify"),
    (
        "run",
        "promptctl run support/triage --var ticket=x --model echo",
    ),
    ("eval", "promptctl eval support/triage --model echo"),
    ("eval --dry-run", "promptctl eval support/triage --dry-run"),
    ("eval --list", "promptctl eval --list"),
    ("judge", ""),
    ("stats", "promptctl stats --fail-on 'calls < 1'"),
    ("stats --costs", "promptctl stats --costs"),
    (
        "compare",
        "promptctl compare support/triage@v1 support/triage@v2",
    ),
    ("leaderboard", "promptctl leaderboard"),
    ("log", "promptctl log"),
    ("log path", "promptctl log path"),
    (
        "log prune",
        "promptctl log prune --older-than 90d --dry-run",
    ),
    ("outcome", ""),
    ("models", "promptctl models"),
    ("scan", "promptctl scan desk.py"),
    ("scan --ids", "promptctl scan --ids src"),
    ("import", ""),
    ("import FILE", "promptctl import chat.prompty --dry-run"),
    ("export", "promptctl export support/triage --to dotprompt"),
    ("explain", "promptctl explain P206"),
];

/// The rows of the table: what stands in the first column, and the fields.
fn rows() -> Vec<(String, String)> {
    let text = fs::read_to_string(top().join("src/help/json.md")).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = lines.map(|line| line.split_once("` | ").unwrap());
    rows.map(|(commands, fields)| (commands.replace('`', ""), fields.to_owned()))
        .collect()
}

/// The fields of a command, as the table names them.
#[track_caller]
fn row_of<'a>(rows: &'a [(String, String)], command: &str) -> &'a str {
    let found = rows
        .iter()
        .find(|(commands, _)| commands.split(", ").any(|it| it == command));
    &found.unwrap_or_else(|| panic!("{command} has no row")).1
}

/// Whether a row names a field.
fn names(row: &str, field: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    row.split(|char| !is_part(char)).any(|word| word == field)
}

#[track_caller]
fn all_are_named(row: &str, value: &Value, command: &str) {
    let Value::Object(fields) = value else {
        panic!("{command}: {value}")
    };
    for (field, value) in fields.iter().filter(|(field, _)| *field != "schema") {
        assert!(names(row, field), "{command}: {field} is not in the table");
        // What is inside is told where the row tells of it at all.
        let inner = value
            .as_array()
            .and_then(|items| items.first())
            .unwrap_or(value);
        if row.contains(&format!("{field}[] {{")) && inner.is_object() {
            all_are_named(row, inner, command);
        }
    }
}

#[test]
fn every_field_that_is_printed_is_in_the_table() {
    if !has_shell() {
        return;
    }
    let mut world = World::new();
    let repo = world.copy();
    repo.write("desk.py", "f({'role': 'system', 'content': f'Sort {x}'})\n");
    let rows = rows();
    for (command, line) in COMMANDS {
        let row = row_of(&rows, command);
        let printed = match command {
            "outcome" => {
                let line = "promptctl outcome - --format json";
                let run = repo.run_with(line, repo.read("outcomes.csv"));
                serde_json::from_str(&run.stdout).unwrap()
            }
            "judge" => {
                repo.write(
                    "labels.jsonl",
                    "{\"completion\":\"x\",\"label\":\"pass\"}\n",
                );
                let line =
                    "promptctl judge judges/default --labels labels.jsonl --cached --format json";
                let dry = format!("{line} --dry-run");
                all_are_named(row_of(&rows, "judge --dry-run"), &repo.json(&dry), &dry);
                serde_json::from_str(&repo.run(line).stdout).unwrap()
            }
            "import" => {
                let dry = format!("promptctl import {STORED} --dry-run --format json");
                all_are_named(row_of(&rows, "import --dry-run"), &repo.json(&dry), &dry);
                repo.json(&format!(
                    "promptctl import {STORED} --var-name ticket --yes --format json"
                ))
            }
            _ => repo.json(&format!("{line} --format json")),
        };
        all_are_named(row, &printed, command);
    }
}

/// The commands that take `--format json`, those below others too.
fn with_json(command: &clap::Command, above: &str, found: &mut Vec<String>) {
    for below in command.get_subcommands() {
        let name = format!("{above}{}", below.get_name());
        let format = below.get_arguments().find(|it| it.get_id() == "format");
        let values = format
            .map(clap::Arg::get_possible_values)
            .unwrap_or_default();
        if values.iter().any(|value| value.get_name() == "json") {
            found.push(name.clone());
        }
        with_json(below, &format!("{name} "), found);
    }
}

/// The commands that print what another row tells of, or no one object, with the reason.
const OF_OTHERS: [(&str, &str); 4] = [
    ("log list", "it is log"),
    ("log show", "a record of log, with its outcomes"),
    ("log tail", "a record of log a line"),
    ("log append", "the ids of the records that it was given"),
];

#[test]
fn every_command_that_prints_json_is_in_the_table_and_is_tried() {
    let rows = rows();
    let mut line = command_line();
    line.build();
    let mut commands = Vec::new();
    with_json(&line, "", &mut commands);
    assert!(commands.len() > 20, "{commands:?}");
    let is_tried = |name: &str| COMMANDS.iter().any(|(tried, _)| *tried == name);
    for (command, why) in OF_OTHERS {
        let found = commands.iter().position(|it| it == command);
        commands.swap_remove(found.unwrap_or_else(|| panic!("{command}: {why}, no more")));
    }
    for command in &commands {
        row_of(&rows, command);
        assert!(is_tried(command), "COMMANDS has no line for {command}");
    }
    // What the table tells of is tried too, in the test above where an option makes another answer.
    let told = rows.iter().flat_map(|(commands, _)| commands.split(", "));
    let is_of_others = |name: &&str| OF_OTHERS.iter().any(|(other, _)| other == name);
    let is_in_another = |name: &&str| ["import --dry-run", "judge --dry-run"].contains(name);
    let told = told.filter(|name| !is_in_another(name) && !is_of_others(name));
    for name in told {
        assert!(is_tried(name), "COMMANDS has no line for {name}");
    }
}

//! The examples at the end of every help text, typed.

use promptctl::commands::command_line;
use serde_json::Value;

use super::world::{STORED, World, has_shell, is_command_line, typed};

/// Commands that do not end by themselves, or that another test plays from beginning to end.
const ELSEWHERE: [(&str, &str); 3] = [
    ("promptctl serve", "tests/api/serve.rs"),
    ("promptctl demo", "tests/cli/demo.rs"),
    ("promptctl log tail -f", "tests/api/log.rs"),
];

/// Commands whose examples do not follow each other: each begins anew.
const ONCE: [&str; 6] = [
    "promptctl new",
    "promptctl generate",
    "promptctl rollback",
    "promptctl mv",
    "promptctl import",
    "promptctl export",
];

/// Every command with its help, below `log` too.
fn all_help() -> Vec<(String, String)> {
    fn below(command: &clap::Command, name: &str, all: &mut Vec<(String, String)>) {
        let help = command.clone().render_long_help().to_string();
        all.push((name.to_owned(), help));
        for inner in command.get_subcommands() {
            // git types these.
            let is_of_git = ["promptctl hook", "promptctl driver"].contains(&name);
            if inner.get_name() != "help" && !is_of_git {
                below(inner, &format!("{name} {}", inner.get_name()), all);
            }
        }
    }
    let mut line = command_line();
    line.build();
    let mut all = Vec::new();
    for command in line.get_subcommands().filter(|it| it.get_name() != "help") {
        below(
            command,
            &format!("promptctl {}", command.get_name()),
            &mut all,
        );
    }
    all
}

/// The examples of a help text.
fn examples(help: &str) -> Vec<&str> {
    let list = help
        .split_once("\nExamples:\n")
        .map_or("", |(_, list)| list);
    list.lines().map(str::trim).collect()
}

#[test]
fn the_help_of_every_command_ends_with_examples() {
    let all = all_help();
    assert!(all.len() > 40, "{}", all.len());
    for (name, help) in all {
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{name} has no examples");
        for line in examples {
            assert!(
                line.contains("promptctl"),
                "{name} does not end with its examples: {line}"
            );
            assert!(line.chars().count() <= 98, "{name}: {line}");
        }
    }
}

#[test]
fn every_example_of_the_help_works() {
    if !has_shell() {
        return;
    }
    let mut world = World::new();
    let mut ran = 0;
    let mut failed = Vec::new();
    for (name, help) in all_help() {
        let mut repo = world.person();
        let mut goes_on = false;
        for line in examples(&help) {
            if ELSEWHERE.iter().any(|(other, _)| line.starts_with(other)) {
                is_command_line(line);
                continue;
            }
            if !goes_on || ONCE.contains(&name.as_str()) {
                repo = world.copy();
            }
            goes_on = true;
            if name == "promptctl init" {
                repo = world.empty();
                repo.ok("git init --quiet");
                repo.write(
                    "hello.prompt.yml",
                    "messages: [{role: user, content: Hi}]\n",
                );
            }
            if line.contains("label:order") {
                repo.ok(
                    "promptctl run support/triage --model echo --var ticket=x --label order=A-17",
                );
            }
            if line.contains("scan") && line.contains("--fail") {
                repo.ok("promptctl scan --write-baseline");
            }
            let mut line = line.replace("pmpt_…", &format!("{STORED} --var-name ticket --yes"));
            if line.contains(" ID") {
                let log: Value = repo.json("promptctl log --format json");
                let id = log["records"][0]["id"].as_str().unwrap().to_owned();
                line = line.replace(" ID", &format!(" {id}"));
            }
            failed.extend(typed(&repo, &line).err());
            ran += 1;
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert!(ran > 70, "{ran}");
}

//! What holds for the options of every command: a new command has to say its answer here.

use std::collections::BTreeMap;

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::ArgValueCompleter;

use super::command_line;
use super::out::OUT;

/// The commands that write nothing and cost nothing.
const LOOKS: &[&str] = &[
    "cases check",
    "cases list",
    "cases show",
    "compare",
    "completions",
    "diff",
    "explain",
    "get",
    "history",
    "leaderboard",
    "list",
    "log",
    "log export",
    "log list",
    "log path",
    "log show",
    "log tail",
    "man",
    "models",
    "releases",
    "render",
    "report",
    "schema",
    "show",
    "stats",
    "status",
    "verify",
];

/// The commands that write or cost and have no `--dry-run`, each with the reason.
const WITHOUT_A_PLAN: &[(&str, &str)] = &[
    ("demo", "it writes into a scratch folder alone"),
    ("serve", "it runs until it is stopped, and writes its log"),
    (
        "hook pre-commit",
        "git calls it, and its commit is what is planned",
    ),
    ("hook pre-merge-commit", "git calls it, and it only refuses"),
    ("driver diff", "git calls it, and it only prints"),
    ("driver textconv", "git calls it, and it only prints"),
    ("driver tool", "git calls it, and it only prints"),
    ("driver merge", "git calls it for the file that it made"),
];

/// The commands without `--format json`, each with the reason.
const WITHOUT_JSON: &[(&str, &str)] = &[
    ("completions", "it prints a script"),
    ("demo", "it shows other commands"),
    ("driver diff", "git reads it"),
    ("driver merge", "git reads it"),
    ("driver textconv", "git reads it"),
    ("driver tool", "git reads it"),
    ("hook pre-commit", "git reads its exit code"),
    ("hook pre-merge-commit", "git reads its exit code"),
    ("log export", "its formats are jsonl, otlp and csv"),
    ("man", "it prints a page for man"),
    ("report", "it prints a page; stats has its figures"),
    ("schema", "it prints JSON already"),
    ("serve", "it answers over HTTP, in JSON"),
];

/// The commands that look, or that find something, and have no `--output`, each with the reason.
const WITHOUT_A_FILE: &[(&str, &str)] = &[
    ("log path", "it prints a line"),
    ("log tail", "it goes on, and others read along"),
];

/// Commands that write on demand, but whose output is a document all the same.
const DOCUMENTS_TOO: &[&str] = &["doctor", "scan", "validate"];

/// Every command that does something, by what a person types.
fn commands() -> BTreeMap<String, Command> {
    fn add(found: &mut BTreeMap<String, Command>, words: &str, command: &Command) {
        let below = command
            .get_subcommands()
            .filter(|it| it.get_name() != "help");
        let mut is_leaf = true;
        for command in below {
            is_leaf = false;
            let words = format!("{words} {}", command.get_name());
            add(found, words.trim(), command);
        }
        if is_leaf || command.is_args_conflicts_with_subcommands_set() {
            found.insert(words.to_owned(), command.clone());
        }
    }
    let mut line = command_line();
    line.build();
    let mut found = BTreeMap::new();
    add(&mut found, "", &line);
    found.remove("");
    found
}

fn option<'a>(command: &'a Command, long: &str) -> Option<&'a Arg> {
    let mut arguments = command.get_arguments();
    arguments.find(|it| it.get_long() == Some(long))
}

fn has_reason(table: &[(&str, &str)], words: &str) -> bool {
    table.iter().any(|(name, _)| *name == words)
}

fn all_are_there<'a>(table: impl IntoIterator<Item = &'a str>) {
    let commands = commands();
    for words in table {
        assert!(commands.contains_key(words), "{words} is no command");
    }
}

#[test]
fn every_command_that_writes_or_costs_has_a_dry_run() {
    all_are_there(LOOKS.iter().copied());
    all_are_there(WITHOUT_A_PLAN.iter().map(|(words, _)| *words));
    for (words, command) in commands() {
        let has_plan = option(&command, "dry-run").is_some();
        let is_excused = LOOKS.contains(&words.as_str()) || has_reason(WITHOUT_A_PLAN, &words);
        assert_ne!(
            has_plan, is_excused,
            "{words}: it has --dry-run, or stands in one of the two lists"
        );
    }
}

#[test]
fn n_is_the_dry_run_or_the_count_and_nothing_else() {
    const COUNTING: [&str; 5] = ["history", "log", "log list", "log tail", "releases"];
    for (words, command) in commands() {
        let of_n = command
            .get_arguments()
            .find(|it| it.get_short() == Some('n'));
        let of_n = of_n.and_then(Arg::get_long);
        let is_counting = COUNTING.contains(&words.as_str());
        match of_n {
            Some("limit" | "lines") => assert!(is_counting, "{words}: the count is -L"),
            Some(long) => assert_eq!(long, "dry-run", "{words}"),
            None => {
                assert!(!is_counting, "{words}: -n is the count");
                assert!(option(&command, "dry-run").is_none(), "{words}: -n");
            }
        }
        let limit = option(&command, "limit").and_then(Arg::get_short);
        assert!(
            is_counting || limit.is_none_or(|short| short == 'L'),
            "{words}: the count is -L"
        );
    }
}

#[test]
fn every_command_prints_json_or_says_why_not() {
    all_are_there(WITHOUT_JSON.iter().map(|(words, _)| *words));
    for (words, command) in commands() {
        let values = option(&command, "format").map(Arg::get_possible_values);
        let has_json = values.is_some_and(|values| values.iter().any(|it| it.get_name() == "json"));
        assert_ne!(has_json, has_reason(WITHOUT_JSON, &words), "{words}");
    }
}

#[test]
fn every_document_can_be_written_to_a_file() {
    all_are_there(WITHOUT_A_FILE.iter().map(|(words, _)| *words));
    for (words, command) in commands() {
        let mut arguments = command.get_arguments();
        let own = arguments.find(|it| it.get_id() == OUT);
        let is_document = LOOKS.contains(&words.as_str()) && !has_reason(WITHOUT_A_FILE, &words);
        let is_document = is_document || DOCUMENTS_TOO.contains(&words.as_str());
        assert_eq!(own.is_some(), is_document, "{words}");
        assert!(
            own.is_none_or(|own| own.get_short() == Some('o')),
            "{words}"
        );
    }
}

#[test]
fn an_environment_can_stand_beside_a_prompt() {
    for (words, command) in commands() {
        let mut names = command.get_positionals();
        let takes_reference = names.any(|it| {
            let names = it.get_value_names().unwrap_or_default();
            names
                .iter()
                .any(|name| ["REF", "A"].contains(&name.as_str()))
        });
        let env = option(&command, "env").and_then(Arg::get_short);
        assert!(!takes_reference || env == Some('e'), "{words}");
    }
}

#[test]
fn every_file_and_every_prompt_is_completed() {
    /// Names that are new, or no prompts.
    const OTHERS: [&str; 7] = [
        "bump NAME",
        "generate NAME",
        "import NAME",
        "man NAME",
        "mv NEW",
        "new NAME",
        "serve NAME",
    ];
    for (words, command) in commands() {
        if words.starts_with("driver") || words.starts_with("hook") {
            // Git calls them.
            continue;
        }
        for argument in command.get_arguments() {
            let names = argument.get_value_names().unwrap_or_default();
            let Some(name) = names.first() else { continue };
            let what = format!("{words} {name}");
            let completes = argument.get::<ArgValueCompleter>().is_some();
            // The source of `run` is one of a few words.
            let is_file = name.as_str() != "SOURCE" || argument.is_positional();
            match name.as_str() {
                "FILE" | "PATH" | "SOURCE" if is_file => {
                    let is_hinted = argument.get_value_hint() != ValueHint::Unknown;
                    assert!(is_hinted || completes, "{what}: a file is completed");
                }
                "NAME" | "REF" | "OLD" | "A" | "B" | "JUDGE" if argument.is_positional() => {
                    let is_other = OTHERS.contains(&what.as_str());
                    assert!(completes || is_other, "{what}: a prompt is completed");
                }
                _ => {}
            }
        }
    }
}

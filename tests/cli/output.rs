//! Where things go: data to standard output, talk to standard error, colours to terminals only.

use std::process::Stdio;

use super::foreign::in_terminal;
use crate::env::{Shell, TestEnv, skipped};

const LOOKING: [&str; 9] = [
    "list",
    "show support/triage",
    "get support/triage",
    "history support/triage",
    "releases support/triage",
    "status",
    "diff support/triage@v1 support/triage@v2",
    "render support/triage --var ticket=Help",
    "validate",
];

fn released(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo
}

#[test]
fn a_closed_pipe_is_no_error() {
    let env = TestEnv::new();
    let repo = released(&env);
    for line in LOOKING.into_iter().chain([
        "--help",
        "explain",
        "schema",
        "completions bash",
        "man",
        "demo",
    ]) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = repo
            .line(&format!("promptctl {line}"))
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{line}: {told}");
        assert!(!told.contains("panicked"), "{line}: {told}");
    }
}

#[test]
fn no_output_is_lost_on_a_full_disk_without_an_error() {
    if !std::path::Path::new("/dev/full").exists() {
        return skipped("this system has no /dev/full");
    }
    let env = TestEnv::new();
    let repo = released(&env);
    repo.write("inputs.jsonl", "{\"ticket\": \"Help\"}\n");
    for line in LOOKING.into_iter().filter(|it| *it != "validate").chain([
        "get --all --format json",
        "help services --lang python",
        "help templates",
        "list --format json",
        "schema",
        "completions bash",
        "man",
        "demo",
        "explain",
        "run support/triage --model echo --var ticket=Help",
        "run support/triage --model echo --inputs inputs.jsonl",
        "log",
        "--help",
        "--version",
        "list --help",
    ]) {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = repo
            .line(&format!("promptctl {line}"))
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {told}");
        assert!(
            [
                "P375",
                "standard output could not be written",
                "os error 28"
            ]
            .iter()
            .all(|part| told.contains(part)),
            "{line}: {told}"
        );
    }
}

#[test]
fn nothing_is_coloured_in_a_pipe() {
    let env = TestEnv::new();
    let repo = released(&env);
    for line in LOOKING.into_iter().chain([
        "list --nothing",
        "get nobody",
        "publish support/triage --dry-run",
        "--help",
    ]) {
        let run = repo.run(&format!("promptctl {line}"));
        assert!(
            !format!("{}{}", run.stdout, run.stderr).contains('\u{1b}'),
            "{line}: {run}"
        );
    }
}

#[test]
fn colours_can_be_wanted() {
    let env = TestEnv::new();
    let repo = released(&env);
    assert!(
        repo.ok("promptctl show support/triage --color always")
            .contains('\u{1b}')
    );
    assert!(
        repo.fails("promptctl get nobody --color always")
            .stderr
            .contains('\u{1b}')
    );
    assert!(
        !repo
            .ok("promptctl show support/triage --color never")
            .contains('\u{1b}')
    );
}

#[test]
fn a_terminal_is_coloured_unless_it_is_declined() {
    let env = TestEnv::new();
    let repo = released(&env).with("TERM", "xterm");
    let show = |shell: &Shell| in_terminal(shell, "promptctl show support/triage");
    let Some(coloured) = show(&repo) else {
        skipped("`script` makes no terminal here, so colours on one are not seen");
        return;
    };
    assert!(coloured.contains('\u{1b}'), "{coloured}");
    for declined in [repo.with("NO_COLOR", "1"), repo.with("TERM", "dumb")] {
        let plain = show(&declined).unwrap();
        assert!(!plain.contains('\u{1b}'), "{plain}");
    }
}

#[test]
fn data_goes_to_standard_output_and_talk_to_standard_error() {
    let env = TestEnv::new();
    let repo = released(&env);
    for line in [
        "publish support/triage",
        "rollback support/triage",
        "fetch",
        "seed core",
        "bump",
    ] {
        assert_eq!(repo.run(&format!("promptctl {line}")).stdout, "", "{line}");
    }
    for line in [
        "list",
        "get support/triage",
        "history support/triage",
        "releases support/triage",
        "status",
    ] {
        assert_eq!(repo.run(&format!("promptctl {line}")).stderr, "", "{line}");
    }
}

#[test]
fn quiet_silences_what_was_done_and_never_an_error() {
    let env = TestEnv::new();
    let repo = released(&env);
    let run = repo.run("promptctl publish support/triage --quiet");
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    assert!(
        repo.fails("promptctl --quiet get nobody")
            .stderr
            .contains("P201")
    );
    assert!(repo.ok("promptctl --quiet list").contains("support/triage"));
}

#[test]
fn json_is_one_document_with_its_schema() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.ok("promptctl run support/triage --var ticket=Help --model echo");
    for line in [
        "list",
        "show support/triage",
        "get support/triage",
        "get --all",
        "history support/triage",
        "releases support/triage",
        "status",
        "diff support/triage@v1 support/triage@v2",
        "render support/triage --var ticket=Help",
        "validate",
        "doctor",
        "log",
        "bump",
        "seed --check core",
        "publish support/triage --dry-run",
        "explain P001",
        "run support/triage --var ticket=Help --model echo",
    ] {
        let value = repo.json(&format!("promptctl {line} --format json"));
        assert_eq!(value["schema"], 1, "{line}: {value}");
    }
}

#[test]
fn an_error_is_json_where_json_was_asked_for() {
    let env = TestEnv::new();
    let repo = released(&env);
    for (line, code) in [
        ("show nobody", "P201"),
        ("get support/triage@v9", "P202"),
        ("get support/triage@nowhere", "P225"),
        ("render support/triage", "P102"),
        ("run support/triage --var ticket=a", "P301"),
        ("history nobody", "P201"),
        ("releases nobody", "P201"),
        ("publish nobody", "P201"),
        ("rollback support/triage", "P213"),
        ("diff support/triage@v1 support/triage@v9", "P202"),
        ("fetch", "P215"),
        ("log show 000", "P321"),
    ] {
        let run = repo.fails(&format!("promptctl {line} --format json"));
        let error = run.error();
        assert_eq!(error["code"], code, "{line}: {run}");
        assert!(
            error["hints"]
                .as_array()
                .is_some_and(|hints| !hints.is_empty()),
            "{line}: {run}"
        );
        assert_eq!(run.stdout, "", "{line}");
    }
}

#[test]
fn nothing_asks_without_a_terminal() {
    let env = TestEnv::new();
    let repo = released(&env);
    // Standard input is empty: a question would end the command or hang it.
    repo.ok("promptctl init --adopt");
    repo.ok("promptctl publish support/triage");
    repo.ok("promptctl unpublish support/triage");
}

#[test]
fn what_nobody_expected_has_causes_and_a_mistake_has_none() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.write("folder/kept", "");
    let run = repo.fails("promptctl render support/triage --var ticket=@folder --format json");
    let error = run.error();
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("folder could not be read: "), "{run}");
    assert_eq!(error["causes"], serde_json::json!([]), "{run}");
    let there = repo.with("PROMPTCTL_LOG", "folder");
    let run = there.fails("promptctl log list --format json");
    let error = run.error();
    assert_eq!(error["message"], "the execution log could not be read");
    assert_eq!(error["causes"].as_array().map(Vec::len), Some(1), "{run}");
    let run = there.fails("promptctl log list");
    assert!(run.stderr.contains("\n  caused by: "), "{run}");
    if std::path::Path::new("/dev/full").exists() {
        let full = repo.with("PROMPTCTL_LOG", "/dev/full");
        let run = full.run("promptctl run support/triage --model echo --var ticket=Help");
        assert!(run.stderr.contains("the disk is full"), "{run}");
        assert!(run.stderr.contains("os error 28"), "{run}");
    }
}

#[test]
fn wrong_usage_is_json_where_json_is_asked_for() {
    let env = TestEnv::new();
    let repo = env.repo();
    for line in [
        "promptctl list --format json --nothing",
        "promptctl show --format=json",
        "promptctl publish a --format json --env V3",
    ] {
        let run = repo.run(line);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run}");
        let message = run.error()["message"].as_str().unwrap().to_owned();
        assert!(
            !message.is_empty() && !message.starts_with("error"),
            "{message}"
        );
    }
    for (line, meant) in [
        (
            "promptctl list --json",
            "--format json prints one JSON object",
        ),
        ("promptctl get", "promptctl get --all --format json"),
    ] {
        let run = repo.run(line);
        assert_eq!(run.code, Some(2), "{run}");
        assert!(run.stderr.contains(meant), "{run}");
    }
}

#[test]
fn colours_can_be_forced_into_a_pipe() {
    let env = TestEnv::new();
    let repo = env.triage();
    let forced = repo.with("CLICOLOR_FORCE", "1");
    assert!(forced.ok("promptctl show support/triage").contains('\x1b'));
    for not in [
        forced.with("NO_COLOR", "1"),
        repo.with("CLICOLOR_FORCE", "0"),
    ] {
        assert!(!not.ok("promptctl show support/triage").contains('\x1b'));
    }
}

#[test]
fn an_environment_beside_a_name_is_the_same_as_behind_it_and_never_another() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish --quiet support/triage");
    repo.replace(
        "prompts/support/triage.prompt.yml",
        "billing or tech",
        "one",
    );
    for command in ["get", "show", "render --var ticket=x"] {
        let beside = repo.ok(&format!(
            "promptctl {command} support/triage --env production"
        ));
        assert_eq!(
            beside,
            repo.ok(&format!("promptctl {command} support/triage@production"))
        );
        assert_eq!(
            beside,
            repo.ok(&format!(
                "promptctl {command} support/triage@production -e production"
            ))
        );
        assert_ne!(
            beside,
            repo.ok(&format!("promptctl {command} support/triage"))
        );
        for other in ["@v1", "@staging"] {
            let run = repo.run(&format!(
                "promptctl {command} support/triage{other} -e production"
            ));
            assert_eq!(run.code, Some(2), "{run}");
            assert!(
                run.stderr.contains("does not go with --env production"),
                "{run}"
            );
        }
    }
}

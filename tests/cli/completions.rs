//! Completions, in the shells that this machine has.

use std::ffi::OsString;
use std::path::Path;

use crate::env::{Shell, TestEnv, skipped, top};

/// The shells, and where their completions stand in this project.
const SHELLS: [(&str, &str); 5] = [
    ("bash", "completions/promptctl.bash"),
    ("zsh", "completions/_promptctl"),
    ("fish", "completions/promptctl.fish"),
    ("powershell", "completions/_promptctl.ps1"),
    ("elvish", "completions/promptctl.elv"),
];

#[test]
fn the_files_are_what_the_program_prints() {
    let env = TestEnv::new();
    for (shell, path) in SHELLS {
        let printed = env.root().ok(&format!("promptctl completions {shell}"));
        let kept = std::fs::read_to_string(top().join(path)).unwrap();
        assert_eq!(
            kept.replace("\r\n", "\n"),
            printed,
            "promptctl completions {shell} > {path}"
        );
    }
}

/// A repository with two versions and two environments, in a shell that finds the program by name.
fn repository(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.ok("promptctl publish --quiet support/triage --env staging --create-env");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.with("PATH", path())
}

/// The folders of programs, that of this program first.
#[allow(
    clippy::disallowed_methods,
    reason = "the harness, not the program, reads it"
)]
fn path() -> OsString {
    let own = Path::new(env!("CARGO_BIN_EXE_promptctl")).parent().unwrap();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let folders = [own.to_owned()]
        .into_iter()
        .chain(std::env::split_paths(&others));
    std::env::join_paths(folders).unwrap()
}

/// Whether this shell is here; says aloud that its test is skipped if not.
fn is_here(shell: &str) -> bool {
    let here = std::process::Command::new(shell)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !here {
        skipped(&format!(
            "{shell} is not installed, so its completions were not tried"
        ));
    }
    here
}

/// Runs a script in a shell and returns the lines that it prints.
fn lines(repo: &Shell, shell: &str, options: &[&str], script: &str) -> Vec<String> {
    let output = repo
        .command(shell)
        .args(options)
        .args(["-c", script])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{script}\n{said}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

const PINNED: [&str; 4] = [
    "support/triage@production",
    "support/triage@staging",
    "support/triage@v1",
    "support/triage@v2",
];

#[test]
fn bash_completes_names_versions_and_environments() {
    if cfg!(windows) || !is_here("bash") {
        return;
    }
    let env = TestEnv::new();
    let repo = repository(&env);
    // The words are those that bash makes of the line: it splits at `@` and `=`.
    let complete = |line: &str, words: &str| {
        let script = format!(
            "eval \"$(promptctl completions bash)\"\n\
             COMP_LINE='{line}' COMP_TYPE=9 COMP_WORDS=({words})\n\
             COMP_POINT=${{#COMP_LINE}} COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _promptctl\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        lines(&repo, "bash", &["--norc", "--noprofile"], &script)
    };
    assert_eq!(
        complete("promptctl show sup", "promptctl show sup"),
        ["support/triage"]
    );
    // What stands before `@` is not replaced.
    assert_eq!(
        complete(
            "promptctl show support/triage@",
            "promptctl show support/triage @"
        ),
        PINNED.map(|pinned| pinned.trim_start_matches("support/triage"))
    );
    assert_eq!(
        complete(
            "promptctl show support/triage@st",
            "promptctl show support/triage @ st"
        ),
        ["@staging"]
    );
    assert_eq!(
        complete(
            "promptctl diff support/triage@v1  sup",
            "promptctl diff support/triage @ v1 sup"
        ),
        ["support/triage"]
    );
    assert_eq!(
        complete("promptctl status --env=st", "promptctl status --env = st"),
        ["staging"]
    );
    repo.write("some.txt", "x");
    for command in [
        "edit support/triage --file",
        "new other --system",
        "run support/triage --inputs",
        "judge support/triage --labels",
        "eval support/triage --cases",
        "import",
    ] {
        let line = format!("promptctl {command} som");
        assert_eq!(complete(&line, &line), ["some.txt"], "{line}");
    }
}

/// Types `$2` and a tab into another zsh, behind a terminal of its own, and prints what it offers.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'PS1=Rea""dy; PS2=; fpath=(../zsh $fpath); autoload -U compinit; compinit -u -D; '$1
zpty -w inner 'compadd() {
    if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
        local -a offered
        builtin compadd -A offered "$@"
        print -rl -- "OFFERED:"$^offered
    fi
    builtin compadd "$@"
}; print -r -- REA""DY'
# Only once it prompts again is the terminal its own: a tab that comes before is no completion.
zpty -r inner text '*READY*Ready*'
zpty -w inner "$2"$'\t'"; print -r -- FIN""ISHED"
zpty -r inner text '*FINISHED*'
print -r -- $text | tr -d '\r' | sed -n 's/.*OFFERED:\(.*\)/\1/p'
zpty -d inner
"#;

#[test]
fn zsh_completes_names_versions_and_environments() {
    if cfg!(windows) || !is_here("zsh") {
        return;
    }
    let env = TestEnv::new();
    let repo = repository(&env);
    repo.write("../zsh/_promptctl", repo.ok("promptctl completions zsh"));
    repo.write("../type.zsh", ZSH);
    let complete = |load: &str, line: &str| {
        let output = repo
            .command("zsh")
            .args(["-f", "../type.zsh", load, line])
            .output()
            .unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    // Found in `fpath`, and sourced.
    for load in ["", "source <(promptctl completions zsh)"] {
        assert_eq!(
            complete(load, "promptctl show sup"),
            ["support/triage"],
            "{load}"
        );
        assert_eq!(
            complete(load, "promptctl show support/triage@"),
            PINNED,
            "{load}"
        );
    }
    assert_eq!(complete("", "promptctl status --env st"), ["staging"]);
}

#[test]
fn fish_completes_names_versions_and_environments() {
    if !is_here("fish") {
        return;
    }
    let env = TestEnv::new();
    let repo = repository(&env);
    let complete = |line: &str| {
        let script = format!("promptctl completions fish | source; complete -C '{line}'");
        lines(&repo, "fish", &["--no-config"], &script)
    };
    assert_eq!(complete("promptctl show sup"), ["support/triage"]);
    assert_eq!(complete("promptctl show support/triage@"), PINNED);
    assert_eq!(complete("promptctl status --env st"), ["staging"]);
}

#[test]
fn another_folder_is_completed_where_one_is_named() {
    if !is_here("fish") {
        return;
    }
    let env = TestEnv::new();
    repository(&env);
    let elsewhere = env.root().with("PATH", path());
    let script = "promptctl completions fish | source; complete -C 'promptctl -C repo show sup'";
    assert_eq!(
        lines(&elsewhere, "fish", &["--no-config"], script),
        ["support/triage"]
    );
}

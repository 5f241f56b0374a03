//! Text that strangers wrote, on its way out: nothing of it is obeyed by a terminal or a build
//! server.

use regex::Regex;

use crate::env::{Shell, TestEnv, skipped};

/// What a terminal would obey or hide, as a quoted text of YAML and as it is meant.
const QUOTED: &str = "\"T\\e]0;pwned\\a\\e[8mx\\x9b2J\\u202Ey\\u200Bz\\U000E0041\"";
const MEANT: &str = "T\u{1b}]0;pwned\u{7}\u{1b}[8mx\u{9b}2J\u{202e}y\u{200b}z\u{e0041}";

/// What a command prints to a terminal; none where there is no way to make one.
pub(crate) fn in_terminal(shell: &Shell, line: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_promptctl");
    let line = line.strip_prefix("promptctl").unwrap();
    let output = shell
        .command("script")
        .args(["-qec", &format!("'{program}'{line}"), "/dev/null"])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Without the colours that the program itself chose.
fn without_colours(text: &str) -> String {
    let colour = Regex::new("\u{1b}\\[(?:[0-2]|22|3[0-9]|38;5;[0-9]+)m").unwrap();
    colour
        .replace_all(&text.replace("\r\n", "\n"), "")
        .into_owned()
}

fn hostile(env: &TestEnv) -> Shell {
    let repo = env.repo().with("TERM", "xterm");
    repo.add(
        "hostile",
        &format!(
            "name: {QUOTED}\ndescription: {QUOTED}\ncategory: {QUOTED}\ntags: [{QUOTED}]\nmodel: openai/gpt-5-mini\n\
             input: {{schema: {{properties: {{name: {{type: string, description: {QUOTED}, default: {QUOTED}}}}}}}}}\n\
             messages:\n  - role: user\n    content: {QUOTED}\n  - role: assistant\n    content: \"{{{{name}}}}\"\n"
        ),
    );
    let mut publish = repo.line("promptctl publish hostile --message");
    assert!(publish.arg(MEANT).output().unwrap().status.success());
    repo.replace(
        "prompts/hostile.prompt.yml",
        "role: assistant",
        "role: system",
    );
    repo.ok("promptctl bump hostile");
    let mut commit = repo.command("git");
    let commit = commit.args(["commit", "--quiet", "--all", "--message", MEANT]);
    assert!(commit.output().unwrap().status.success());
    repo.ok("promptctl run hostile --model echo");
    repo
}

#[test]
fn nothing_that_a_stranger_wrote_reaches_a_terminal_as_it_stands() {
    let env = TestEnv::new();
    let repo = hostile(&env);
    if in_terminal(&repo, "promptctl list").is_none() {
        return skipped("`script` makes no terminal here, so output on one is not seen");
    }
    for line in [
        "promptctl list",
        "promptctl list --format json",
        "promptctl show hostile",
        "promptctl show hostile --format json",
        "promptctl get hostile",
        "promptctl render hostile",
        "promptctl render hostile --format request",
        "promptctl history hostile",
        "promptctl releases hostile",
        "promptctl status",
        "promptctl diff hostile@v1 hostile@v2",
        "promptctl diff hostile@v1 hostile@v2 --format markdown",
        "promptctl run hostile --model echo",
        "promptctl run hostile --curl",
        "promptctl log",
        "promptctl log --format json",
        "promptctl log tail",
        "promptctl log export --format csv",
        "promptctl log export --format jsonl",
        "promptctl log export --format otlp",
        "promptctl validate",
        "promptctl validate --format junit",
        "promptctl validate --format github",
        "promptctl verify",
    ] {
        let shown = in_terminal(&repo, line).unwrap_or_else(|| panic!("{line}"));
        let bare = without_colours(&shown);
        let foreign: Vec<char> = bare
            .chars()
            .filter(|each| {
                each.is_control() && !matches!(each, '\n' | '\t')
                    || matches!(each, '\u{202e}' | '\u{200b}' | '\u{e0041}')
            })
            .collect();
        assert!(foreign.is_empty(), "{line}\n{}", bare.escape_debug());
    }
}

#[test]
fn json_means_what_was_written_and_shows_all_of_it() {
    let env = TestEnv::new();
    let repo = hostile(&env);
    for line in [
        "promptctl show hostile --format json",
        "promptctl list --format json",
        "promptctl releases hostile --format json",
        "promptctl render hostile --format json",
        "promptctl log --format json",
        "promptctl log export --format jsonl",
    ] {
        let text = repo.ok(line);
        assert!(
            !text.contains(['\u{9b}', '\u{202e}', '\u{200b}', '\u{e0041}']),
            "{line}\n{text}"
        );
        assert!(text.contains("\\u202e"), "{line}\n{text}");
    }
    assert_eq!(
        repo.json("promptctl show hostile --format json")["document"]["name"],
        MEANT
    );
}

#[test]
fn data_in_a_pipe_is_exact() {
    let env = TestEnv::new();
    let repo = hostile(&env);
    let rendered = repo.ok("promptctl render hostile");
    assert_eq!(rendered, format!("user:\n{MEANT}\n\nsystem:\n{MEANT}\n"));
    assert_eq!(
        repo.ok("promptctl get hostile"),
        repo.read("prompts/hostile.prompt.yml")
    );
}

#[test]
fn foreign_text_never_starts_a_line() {
    let env = TestEnv::new();
    let repo = env.repo();
    let evil = "x\\n::error::pwned\\n##[error]pwned\\r::error::pwned";
    repo.add("fine", &format!("name: \"{evil}\"\ndescription: \"{evil}\"\nmodel: openai/gpt-5-mini\nmessages:\n  - role: user\n    content: \"::error::pwned {{{{name}}}}\\n##[error]pwned\"\n"));
    for (name, text) in [
        (
            "key",
            format!(
                "\"{evil}\": 1\n\"mesages{evil}\": 1\nmodel: m\nmessages: [{{role: user, content: x}}]\n"
            ),
        ),
        (
            "role",
            format!("model: m\nmessages: [{{role: \"{evil}\", content: x}}]\n"),
        ),
        (
            "model",
            format!("model: \"{evil}\"\nmessages: [{{role: user, content: x}}]\n"),
        ),
        (
            "parameter",
            format!(
                "model: m\nmodelParameters: {{\"{evil}\": 1}}\nmessages: [{{role: user, content: x}}]\n"
            ),
        ),
        (
            "schema",
            format!(
                "model: m\ninput: {{schema: {{properties: {{\"{evil}\": {{type: \"{evil}\"}}}}}}}}\nmessages: [{{role: user, content: \"{{{{x}}}}\"}}]\n"
            ),
        ),
        (
            "part",
            format!(
                "model: m\nmessages: [{{role: user, content: [{{type: file, path: \"{evil}\"}}]}}]\n"
            ),
        ),
        (
            "twice",
            format!(
                "model: m\n\"{evil}\": 1\n\"{evil}\": 2\nmessages: [{{role: user, content: x}}]\n"
            ),
        ),
        (
            "partial",
            format!("model: m\nmessages: [{{role: user, content: \"{{{{> {evil}}}}}\"}}]\n"),
        ),
    ] {
        repo.write(&format!("prompts/{name}.prompt.yml"), text);
    }
    #[cfg(unix)]
    repo.write("prompts/a\n::error::pwned.prompt.yml", "x");
    let job = repo.with("GITHUB_ACTIONS", "true");
    let mut said = String::new();
    for line in [
        "validate",
        "validate --format github",
        "validate --format junit",
        "list",
        "status",
        "doctor",
        "show fine",
        "publish fine",
        "diff HEAD",
        "render key",
        "render role",
        "render schema --var x=1",
        "render part",
        "render partial",
        "run model --var 'x=1'",
        "run parameter --model echo",
        "edit fine --set '::error::pwned=1'",
        "get 'fine@::error::pwned'",
        "bump",
    ] {
        let run = job.run(&format!("promptctl {line}"));
        for told in run.stdout.lines().chain(run.stderr.lines()) {
            // The runner ends a line at each of them.
            for part in told.split('\r') {
                assert!(!part.trim_start().starts_with("::error::"), "{line}\n{run}");
                assert!(!part.contains("##["), "{line}\n{run}");
            }
        }
        said.push_str(&run.stderr);
    }
    assert!(said.contains("x\\n::error::pwned"), "it is shown: {said}");
}

#[cfg(unix)]
#[test]
fn the_name_of_a_file_forges_no_line() {
    const EVIL: &str = "\u{1b}[31m\u{202e}\n::error::pwn2\n";
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("checkout --quiet -b pr");
    repo.write(
        &format!("prompts/sup/a{EVIL}.prompt.yml"),
        "messages: [{role: user, content: x}]\n",
    );
    repo.write(
        &format!("prompts/e{EVIL}/b.prompt.yml"),
        "# promptctl: allow P105\nmessages: [}\n",
    );
    repo.write(&format!("prompts/p{EVIL}.hbs"), "x");
    repo.write(
        &format!("prompts/key{EVIL}.txt"),
        format!("AKIA{}\n", "Q7RK2MWZ3XBT4VNC"),
    );
    repo.git("add --all");
    repo.git("commit --quiet --message evil");
    for line in [
        "",
        "list",
        "status",
        "doctor",
        "validate",
        "validate --verbose --base main",
        "validate --format github",
        "validate --format junit",
        "validate --format sarif",
        "validate --format gitlab",
        "validate --fix --dry-run",
        "diff main...pr",
        "diff main...pr --format markdown",
        "diff main...pr --format json",
        "diff main pr",
        "scan",
        "scan --format github",
        "scan --format json",
        "init --adopt --dry-run",
        "publish --all --dry-run",
        "eval --all --dry-run",
    ] {
        let run = repo.run(&format!("promptctl {line}"));
        for told in run.stdout.lines().chain(run.stderr.lines()) {
            assert!(!told.starts_with("::error::pwn2"), "{line}\n{run}");
            assert!(!told.starts_with(".prompt.yml"), "{line}\n{run}");
            assert!(!told.contains("at: ::"), "{line}\n{run}");
            assert!(!told.contains(['\u{1b}', '\u{202e}']), "{line}\n{run}");
        }
    }
    let run = repo.run("promptctl diff main...pr");
    let shown = "prompts/sup/a\\u{1b}[31m\\u{202e}\\n::error::pwn2\\n.prompt.yml";
    assert!(
        run.stdout.contains(&format!("{shown}  cannot be read\n")),
        "{run}"
    );
    assert!(run.stderr.contains(&format!("  at: {shown}\n")), "{run}");
}

#[test]
fn a_wrong_command_line_repeats_no_command() {
    let env = TestEnv::new();
    let repo = env.repo();
    for foreign in [
        "a b\n::error::pwned\n",
        "::error::pwned",
        "x ##[error]pwned",
        "x\u{1b}]0;pwned\u{7}",
        "x\r::error::pwned",
    ] {
        for line in ["promptctl get", "promptctl", "promptctl list --no-such"] {
            let output = repo.line(line).arg(foreign).output().unwrap();
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(!told.is_empty());
            for part in told.split(['\n', '\r']) {
                assert!(!part.trim_start().starts_with("::error::"), "{told}");
                assert!(!part.contains("##[") && !part.contains('\u{1b}'), "{told}");
            }
        }
    }
}

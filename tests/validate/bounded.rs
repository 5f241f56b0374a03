//! Attachments that `render` will refuse, numbers that leap, and files with far too much of anything.

use super::{GREETING, greeting};
use crate::env::TestEnv;

const PATH: &str = "prompts/greeting.prompt.yml";

/// A prompt that attaches a file.
fn attaching(path: &str) -> String {
    format!(
        "version: 1\nmodel: openai/gpt-5-mini\nmessages:\n  - role: user\n    content:\n      - {{type: text, text: Look}}\n      - {{type: image, path: \"{path}\"}}\n"
    )
}

#[test]
fn an_attachment_that_render_refuses_is_found() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/there.png", "png");
    repo.write("outside.png", "png");
    repo.sh("ln -s ../outside.png prompts/link.png");
    repo.sh("truncate -s 21M prompts/large.png; truncate -s 80M prompts/huge.png");
    for (path, code) in [
        ("there.png", None),
        ("../outside.png", None),
        ("{{picture}}", None),
        ("gone.png", Some("P018")),
        ("../../secret.png", Some("P013")),
        ("/etc/passwd", Some("P013")),
        ("link.png", Some("P013")),
        ("large.png", Some("P018")),
        ("huge.png", Some("P009")),
    ] {
        repo.write("prompts/a.prompt.yml", attaching(path));
        repo.git("add -A");
        let findings = repo.findings("a");
        let render = repo.run("promptctl render a --var picture=there.png");
        match code {
            None => {
                assert!(!findings.contains("error"), "{path}: {findings}");
                assert_eq!(render.code, Some(0), "{path}: {}", render.stderr);
            }
            Some(code) => {
                let place = format!("error {code} prompts/a.prompt.yml:7:");
                assert!(findings.contains(&place), "{path}: {findings}");
                assert_ne!(render.code, Some(0), "{path}");
            }
        }
    }
}

#[test]
fn the_last_number_is_never_written_twice() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.replace(PATH, "version: 1", "version: 4294967295");
    repo.commit("poison");
    repo.replace(PATH, "Be kind.", "Be terse.");
    let before = repo.read(PATH);
    for words in [
        "bump",
        "bump greeting",
        "validate --fix",
        "edit greeting --set model=openai/gpt-5",
    ] {
        let said = repo.run(&format!("promptctl {words}"));
        assert_ne!(said.code, Some(0), "{words}: {}", said.stderr);
        assert!(said.stderr.contains("P035"), "{words}: {}", said.stderr);
        assert!(
            said.stderr.contains("`version: 2`"),
            "{words}: {}",
            said.stderr
        );
        assert_eq!(repo.read(PATH), before, "{words}");
    }
    repo.replace(PATH, "version: 4294967295", "version: 2");
    let said = repo.ran("promptctl bump greeting");
    assert!(said.stderr.contains("passed over"), "{}", said.stderr);
    assert!(
        repo.read(PATH).contains("version: 2\n"),
        "{}",
        repo.read(PATH)
    );
    let said = repo.ran("promptctl new other --from greeting");
    assert!(said.stderr.contains("other v1 made"), "{}", said.stderr);
}

#[test]
fn a_tag_with_the_last_number_does_not_stop_the_next_version() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.git("tag -a -m poison prompts/greeting/v4294967295");
    repo.replace(PATH, "Be kind.", "Be terse.");
    let said = repo.ran("promptctl bump");
    assert!(
        said.stderr.contains("v4294967295 is taken"),
        "{}",
        said.stderr
    );
    assert!(
        repo.read(PATH).contains("version: 2\n"),
        "{}",
        repo.read(PATH)
    );
}

#[test]
fn a_number_that_leaps_is_told() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.git("checkout --quiet -b topic");
    repo.replace(PATH, "Be kind.", "Be terse.");
    repo.replace(PATH, "version: 1", "version: 20261120");
    repo.ok("promptctl bump greeting");
    repo.commit("leap");
    insta::assert_snapshot!(repo.findings("--base main"), @"warning P036 prompts/greeting.prompt.yml:1:10 v20261120 is far above: the highest before is v1");
    repo.write(
        PATH,
        repo.read(PATH).replace(
            "version: 20261120",
            "version: 20261120 # promptctl: allow P036 a date",
        ),
    );
    assert_eq!(repo.findings("--base main"), "");
    repo.replace(
        PATH,
        "version: 20261120 # promptctl: allow P036 a date",
        "version: 1001",
    );
    assert_eq!(repo.findings("--base main").matches("P036").count(), 0);
}

#[test]
fn many_of_anything_is_checked_without_being_held_against_each_other() {
    let env = TestEnv::new();
    let repo = env.repo();
    let many = 60_000;
    let keys: String = (0..many).map(|at| format!("key_{at}: 1\n")).collect();
    let comments = "# promptctl: allow P003\n".repeat(many);
    let tags: String = (0..many).map(|at| format!("  - t{at}\n")).collect();
    let cases: String = (0..many)
        .map(|at| format!("  - {{name: a{at}}}\n"))
        .collect();
    let messages = "  - {role: user, content: \"Hi\"}\n".repeat(many);
    for (what, text) in [
        ("keys", format!("{GREETING}{keys}")),
        ("comments", format!("{GREETING}{comments}{keys}")),
        ("tags", format!("{GREETING}tags:\n{tags}")),
        ("cases", format!("{GREETING}testData:\n{cases}")),
        ("messages", format!("{GREETING}{messages}")),
        (
            "parameters",
            format!(
                "{GREETING}modelParameters:\n{}",
                keys.replace("key_", "  key_")
            ),
        ),
    ] {
        repo.write(PATH, text);
        let said = repo.run("promptctl validate");
        assert!(matches!(said.code, Some(0 | 3)), "{what}: {}", said.stderr);
        // What is printed is bounded whatever the file.
        assert!(said.stdout.len() < 200_000, "{what}: {}", said.stdout.len());
    }
    repo.write(PATH, format!("{GREETING}{keys}"));
    let findings = repo.findings("");
    let last = findings.lines().last().unwrap_or_default();
    assert!(last.starts_with("warning P034 "), "{last}");
    assert!(
        last.ends_with("more findings in this file are not shown"),
        "{last}"
    );
}

//! Attachments that `render` will refuse, numbers that leap, and files with far too much of anything.

use super::env::{Env, GREETING};

const PATH: &str = "prompts/greeting.prompt.yml";

/// A prompt that attaches a file.
fn attaching(path: &str) -> String {
    format!(
        "version: 1\nmodel: openai/gpt-5-mini\nmessages:\n  - role: user\n    content:\n      - {{type: text, text: Look}}\n      - {{type: image, path: \"{path}\"}}\n"
    )
}

#[test]
fn an_attachment_that_render_refuses_is_found() {
    let env = Env::new();
    env.write("prompts/there.png", "png");
    env.write("outside.png", "png");
    env.shell("ln -s ../outside.png prompts/link.png");
    env.shell("truncate -s 21M prompts/large.png; truncate -s 80M prompts/huge.png");
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
        env.write("prompts/a.prompt.yml", attaching(path));
        env.git("add -A");
        let findings = env.findings("a");
        let render = env.run("render a --var picture=there.png");
        match code {
            None => {
                assert!(!findings.contains("error"), "{path}: {findings}");
                assert_eq!(render.code, 0, "{path}: {}", render.err);
            }
            Some(code) => {
                let place = format!("error {code} prompts/a.prompt.yml:7:");
                assert!(findings.contains(&place), "{path}: {findings}");
                assert_ne!(render.code, 0, "{path}");
            }
        }
    }
}

#[test]
fn the_last_number_is_never_written_twice() {
    let env = Env::with_greeting();
    env.change(PATH, "version: 1", "version: 4294967295");
    env.commit("poison");
    env.change(PATH, "Be kind.", "Be terse.");
    let before = env.read(PATH);
    for words in [
        "bump",
        "bump greeting",
        "validate --fix",
        "edit greeting --set model=openai/gpt-5",
    ] {
        let said = env.run(words);
        assert_ne!(said.code, 0, "{words}: {}", said.err);
        assert!(said.err.contains("P035"), "{words}: {}", said.err);
        assert!(said.err.contains("`version: 2`"), "{words}: {}", said.err);
        assert_eq!(env.read(PATH), before, "{words}");
    }
    env.change(PATH, "version: 4294967295", "version: 2");
    let said = env.ok("bump greeting");
    assert!(said.err.contains("passed over"), "{}", said.err);
    assert!(
        env.read(PATH).contains("version: 2\n"),
        "{}",
        env.read(PATH)
    );
    let said = env.ok("new other --from greeting");
    assert!(said.err.contains("other v1 made"), "{}", said.err);
}

#[test]
fn a_tag_with_the_last_number_does_not_stop_the_next_version() {
    let env = Env::with_greeting();
    env.git("tag -a -m poison prompts/greeting/v4294967295");
    env.change(PATH, "Be kind.", "Be terse.");
    let said = env.ok("bump");
    assert!(said.err.contains("v4294967295 is taken"), "{}", said.err);
    assert!(
        env.read(PATH).contains("version: 2\n"),
        "{}",
        env.read(PATH)
    );
}

#[test]
fn a_number_that_leaps_is_told() {
    let env = Env::with_greeting();
    env.git("checkout --quiet -b topic");
    env.change(PATH, "Be kind.", "Be terse.");
    env.change(PATH, "version: 1", "version: 20261120");
    env.ok("bump greeting");
    env.commit("leap");
    insta::assert_snapshot!(env.findings("--base main"), @"warning P036 prompts/greeting.prompt.yml:1:10 v20261120 is far above: the highest before is v1");
    env.write(
        PATH,
        env.read(PATH).replace(
            "version: 20261120",
            "version: 20261120 # promptctl: allow P036 a date",
        ),
    );
    assert_eq!(env.findings("--base main"), "");
    env.change(
        PATH,
        "version: 20261120 # promptctl: allow P036 a date",
        "version: 1001",
    );
    assert_eq!(env.findings("--base main").matches("P036").count(), 0);
}

#[test]
fn many_of_anything_is_checked_without_being_held_against_each_other() {
    let env = Env::new();
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
        env.write(PATH, text);
        let said = env.run("validate");
        assert!(said.code == 0 || said.code == 3, "{what}: {}", said.err);
        // What is printed is bounded whatever the file.
        assert!(said.out.len() < 200_000, "{what}: {}", said.out.len());
    }
    env.write(PATH, format!("{GREETING}{keys}"));
    let findings = env.findings("");
    let last = findings.lines().last().unwrap_or_default();
    assert!(last.starts_with("warning P034 "), "{last}");
    assert!(
        last.ends_with("more findings in this file are not shown"),
        "{last}"
    );
}

//! `validate --fix`: what needs no judgement, and no more.

use super::{GREETING, greeting};
use crate::env::TestEnv;

const PATH: &str = "prompts/greeting.prompt.yml";

#[test]
fn keys_are_spelt_and_the_file_is_numbered_in_one_go() {
    let env = TestEnv::new();
    let repo = env.repo();
    let slips = GREETING
        .replace("messages:", "mesages: # mine")
        .replace("role: system", "rol: system");
    repo.write(PATH, &slips);
    let said = repo.ran("promptctl validate --fix");
    insta::assert_snapshot!(said.stderr, @"
    fixed prompts/greeting.prompt.yml: its keys are spelt right, it is v1
    1 checked, 0 errors, 0 warnings
    ");
    insta::assert_snapshot!(repo.read(PATH), @r"
    version: 1
    digest: bf0f561cbf59
    model: openai/gpt-5-mini
    input:
      schema:
        type: object
        required: [name]
        properties:
          name: {type: string}
    messages: # mine
      - role: system
        content: Be kind.
      - role: user
        content: Greet {{name}}.
    ");
    // Done once, it is done.
    let before = repo.read(PATH);
    assert_eq!(
        repo.ran("promptctl validate --fix").stderr,
        "1 checked, 0 errors, 0 warnings\n"
    );
    assert_eq!(repo.read(PATH), before);
}

#[test]
fn line_ends_become_alike_and_those_that_are_stay() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    let text = repo.read(PATH);
    let mixed = text.replacen('\n', "\r\n", 2);
    repo.write(PATH, &mixed);
    insta::assert_snapshot!(repo.findings(""), @r"warning P029 prompts/greeting.prompt.yml:1:1 2 lines end in `\r\n`, the others in `\n`");
    repo.ok("promptctl validate --fix");
    assert_eq!(repo.read(PATH), text);
    let windows = text.replace('\n', "\r\n");
    repo.write(PATH, &windows);
    assert_eq!(repo.findings(""), "");
    repo.ok("promptctl validate --fix");
    assert_eq!(repo.read(PATH), windows);
}

#[test]
fn an_unraised_version_is_raised_and_nothing_else_is_touched() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.replace(PATH, "Be kind.", "Be terse. # as ever");
    repo.ok("promptctl validate --fix");
    let text = repo.read(PATH);
    insta::assert_snapshot!(repo.git("diff -U0 --no-color -- prompts").lines().filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---")).collect::<Vec<_>>().join("\n"), @r"
    -version: 1
    -digest: bf0f561cbf59
    +version: 2
    +digest: 99aad17abf9c
    -    content: Be kind.
    +    content: Be terse. # as ever
    ");
    assert!(text.contains("version: 2\n"));
}

#[test]
fn what_needs_judgement_is_left() {
    let env = TestEnv::new();
    let repo = env.repo();
    for (name, text) in [
        (
            "undeclared",
            GREETING
                .replace("{{name}}", "{{nmae}}")
                .replace("model:", "version: 1\nmodel:"),
        ),
        ("broken", GREETING.replace("{{name}}", "{{#if name}}")),
        ("twice", format!("{GREETING}mesages: []\n")),
        (
            "unknown",
            GREETING.replace("model:", "version: 1\nauthor: me\nmodel:"),
        ),
    ] {
        let path = format!("prompts/{name}.prompt.yml");
        repo.write(&path, &text);
        repo.run("promptctl validate --fix");
        assert_eq!(repo.read(&path), text, "{name}");
        std::fs::remove_file(repo.dir.join(path)).unwrap();
    }
}

#[test]
fn only_what_is_named_is_mended() {
    let env = TestEnv::new();
    let repo = env.repo();
    for name in ["a", "b"] {
        repo.write(&format!("prompts/{name}.prompt.yml"), GREETING);
    }
    repo.ok("promptctl validate --fix a");
    assert!(repo.read("prompts/a.prompt.yml").contains("version: 1\n"));
    assert_eq!(repo.read("prompts/b.prompt.yml"), GREETING);
}

#[test]
fn only_placeholders_that_can_mean_nothing_else_are_rewritten() {
    let env = TestEnv::new();
    let repo = env.repo();
    let left = GREETING.replace("Greet {{name}}.", "Greet ${name}, and say {this}.");
    repo.write(PATH, format!("version: 1\n{left}"));
    let told = repo.run("promptctl validate");
    assert!(
        told.stderr.contains("0 errors, 1 warning\n"),
        "{}",
        told.stderr
    );
    assert!(
        told.stdout.contains("`${name}`") && !told.stdout.contains("`{this}`"),
        "{}",
        told.stdout
    );
    let told = repo.run("promptctl validate --verbose --strict");
    assert!(
        told.stderr.contains("1 warning, 1 note\n"),
        "{}",
        told.stderr
    );
    assert!(told.stdout.contains("note[P116]"), "{}", told.stdout);
    let said = repo.ran("promptctl validate --fix");
    assert!(
        said.stderr.contains("its placeholders are Handlebars"),
        "{}",
        said.stderr
    );
    assert!(repo.read(PATH).contains("Greet {{name}}, and say {this}."));
    let said = repo.ran("promptctl validate --fix --strict");
    assert_eq!(said.stderr, "1 checked, 0 errors, 0 warnings\n");
    // A note is no warning, also where it is shown.
    assert_eq!(
        repo.ran("promptctl validate --verbose --strict").stderr,
        "1 checked, 0 errors, 0 warnings, 1 note\n"
    );
}

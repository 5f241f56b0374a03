//! `validate --fix`: what needs no judgement, and no more.

use super::env::{Env, GREETING};

const PATH: &str = "prompts/greeting.prompt.yml";

#[test]
fn keys_are_spelt_and_the_file_is_numbered_in_one_go() {
    let env = Env::new();
    let slips = GREETING
        .replace("messages:", "mesages: # mine")
        .replace("role: system", "rol: system");
    env.write(PATH, &slips);
    let said = env.ok("validate --fix");
    insta::assert_snapshot!(said.err, @r"
    fixed prompts/greeting.prompt.yml: its keys are spelt right
    fixed prompts/greeting.prompt.yml: it is v1 now
    1 checked, 0 errors, 0 warnings
    ");
    insta::assert_snapshot!(env.read(PATH), @r"
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
    let before = env.read(PATH);
    assert_eq!(
        env.ok("validate --fix").err,
        "1 checked, 0 errors, 0 warnings\n"
    );
    assert_eq!(env.read(PATH), before);
}

#[test]
fn line_ends_become_alike_and_those_that_are_stay() {
    let env = Env::with_greeting();
    let text = env.read(PATH);
    let mixed = text.replacen('\n', "\r\n", 2);
    env.write(PATH, &mixed);
    insta::assert_snapshot!(env.findings(""), @r"warning P029 prompts/greeting.prompt.yml:1:1 2 lines end in `\r\n`, the others in `\n`");
    env.ok("validate --fix");
    assert_eq!(env.read(PATH), text);
    let windows = text.replace('\n', "\r\n");
    env.write(PATH, &windows);
    assert_eq!(env.findings(""), "");
    env.ok("validate --fix");
    assert_eq!(env.read(PATH), windows);
}

#[test]
fn an_unraised_version_is_raised_and_nothing_else_is_touched() {
    let env = Env::with_greeting();
    env.change(PATH, "Be kind.", "Be terse. # as ever");
    env.ok("validate --fix");
    let text = env.read(PATH);
    insta::assert_snapshot!(env.git("diff -U0 --no-color -- prompts").lines().filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---")).collect::<Vec<_>>().join("\n"), @r"
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
    let env = Env::new();
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
        env.write(&path, &text);
        env.run("validate --fix");
        assert_eq!(env.read(&path), text, "{name}");
        std::fs::remove_file(env.dir.join(path)).unwrap();
    }
}

#[test]
fn only_what_is_named_is_mended() {
    let env = Env::new();
    for name in ["a", "b"] {
        env.write(&format!("prompts/{name}.prompt.yml"), GREETING);
    }
    env.ok("validate --fix a");
    assert!(env.read("prompts/a.prompt.yml").contains("version: 1\n"));
    assert_eq!(env.read("prompts/b.prompt.yml"), GREETING);
}

#[test]
fn only_placeholders_that_can_mean_nothing_else_are_rewritten() {
    let env = Env::new();
    let left = GREETING.replace("Greet {{name}}.", "Greet ${name}, and say {this}.");
    env.write(PATH, format!("version: 1\n{left}"));
    let told = env.run("validate");
    assert!(told.err.contains("0 errors, 1 warning\n"), "{}", told.err);
    assert!(
        told.out.contains("`${name}`") && !told.out.contains("`{this}`"),
        "{}",
        told.out
    );
    let told = env.run("validate --verbose --strict");
    assert!(told.err.contains("1 warning, 1 note\n"), "{}", told.err);
    assert!(told.out.contains("note[P116]"), "{}", told.out);
    let said = env.ok("validate --fix");
    assert!(
        said.err.contains("its placeholders are Handlebars"),
        "{}",
        said.err
    );
    assert!(env.read(PATH).contains("Greet {{name}}, and say {this}."));
    let said = env.ok("validate --fix --strict");
    assert_eq!(said.err, "1 checked, 0 errors, 0 warnings\n");
    // A note is no warning, also where it is shown.
    assert_eq!(
        env.ok("validate --verbose --strict").err,
        "1 checked, 0 errors, 0 warnings, 1 note\n"
    );
}

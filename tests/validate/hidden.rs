//! What a pull request could write so that a check sees nothing.

use super::env::{Env, GREETING};

const PATH: &str = "prompts/greeting.prompt.yml";

/// `main` with a sound prompt, and a branch that breaks it.
fn broken_on_a_branch() -> Env {
    let env = Env::with_greeting();
    env.git("checkout --quiet -b topic");
    env.change(PATH, "{{name}}", "{{nobody}}");
    env.write("prompts/_tone.hbs", "Be kind.\n");
    env.commit("break");
    env
}

#[test]
fn no_ignore_file_hides_a_tracked_prompt() {
    for (file, rule) in [
        ("prompts/.ignore", "*\n"),
        ("prompts/.gitignore", "*\n"),
        ("prompts/.gitignore", "greeting.prompt.yml\n_tone.hbs\n"),
        (".gitignore", "prompts/\n"),
        (".ignore", "prompts\n"),
        (".git/info/exclude", "*.prompt.yml\n*.hbs\n"),
    ] {
        let env = broken_on_a_branch();
        let words = [
            "",
            "--base main",
            "greeting",
            "prompts",
            "--base main greeting",
        ];
        let before: Vec<String> = words.iter().map(|words| env.findings(words)).collect();
        assert!(
            before[0].contains("P104 prompts/greeting.prompt.yml"),
            "{}",
            before[0]
        );
        assert!(
            before[0].contains("P115 prompts/_tone.hbs"),
            "{}",
            before[0]
        );
        let listed = env.ok("list").out;
        env.write(file, rule);
        env.git("add --force --all -- . :!.git");
        env.git("commit --quiet --allow-empty -m hide");
        for (words, before) in words.iter().zip(before) {
            assert_eq!(env.findings(words), before, "{file} {rule} {words}");
        }
        assert_eq!(env.ok("list").out, listed, "{file}");
        assert!(env.ok("diff main").out.contains("greeting"), "{file}");
    }
}

#[test]
fn what_is_ignored_and_not_tracked_stays_out() {
    let env = Env::with_greeting();
    env.write("prompts/.gitignore", "draft*\n");
    env.write("prompts/draft.prompt.yml", "mesages: []\n");
    assert_eq!(env.findings(""), "");
    // Tracked by HEAD alone, tracked by the index alone.
    env.git("add --force prompts/draft.prompt.yml");
    assert!(env.findings("").contains("prompts/draft.prompt.yml"));
    env.git("commit --quiet -m draft");
    env.git("rm --quiet --cached prompts/draft.prompt.yml");
    assert!(env.findings("").contains("prompts/draft.prompt.yml"));
}

#[test]
fn a_change_of_the_folders_is_said_and_both_are_compared() {
    let env = broken_on_a_branch();
    env.write("promptctl.yaml", "roots: [elsewhere]\n");
    env.write("elsewhere/evil.prompt.yml", "mesages: []\n");
    env.commit("away");
    insta::assert_snapshot!(env.findings("--base main"), @r"
    warning P031 promptctl.yaml the folders that hold prompts were prompts and are elsewhere
    error P004 elsewhere/evil.prompt.yml:1:1 `mesages` is not a key; `messages` is meant
    warning P115 prompts/_tone.hbs no prompt includes `tone`
    error P207 prompts/greeting.prompt.yml:2:9 the content changed and v1 did not
    warning P105 prompts/greeting.prompt.yml:9:7 no message uses `name`
    error P104 prompts/greeting.prompt.yml:14:20 `nobody` is not declared in `input.schema`
    ");
    assert_eq!(env.run("validate --base main").code, 3);
    let diff = env.ok("diff main...topic");
    assert!(diff.err.contains("P031"), "{}", diff.err);
    assert!(diff.out.contains("greeting"), "{}", diff.out);

    // A file that was no prompt becomes one without a change of its own.
    let env = Env::with_greeting();
    env.write("elsewhere/evil.prompt.yml", "mesages: []\n");
    env.commit("file");
    env.git("checkout --quiet -b topic");
    env.write("promptctl.yaml", "roots: [prompts, elsewhere]\n");
    env.commit("in");
    insta::assert_snapshot!(env.findings("--base main"), @r"
    warning P031 promptctl.yaml the folders that hold prompts were prompts and are prompts, elsewhere
    error P004 elsewhere/evil.prompt.yml:1:1 `mesages` is not a key; `messages` is meant
    ");
}

#[test]
fn moved_folders_alone_are_no_error_and_strict_lets_them_pass() {
    let env = Env::with_greeting();
    env.git("checkout --quiet -b topic");
    env.git("mv prompts texts");
    env.write("promptctl.yaml", "roots: [texts]\n");
    env.commit("move");
    let said = env.ok("validate --base main --strict");
    assert!(said.out.contains("P031"), "{}", said.out);
    let said = env.ok("diff main...topic");
    assert_eq!(said.out, "", "{}", said.err);
}

#[test]
fn nothing_to_check_is_no_silent_success() {
    let env = Env::new();
    env.shell("rm -rf prompts/* promptctl.yaml");
    let said = env.ok("validate");
    insta::assert_snapshot!(said.err, @r"
    0 checked, 0 errors, 0 warnings
    warning: there are no prompts below prompts/
    hint: promptctl new NAME makes one; `roots:` in promptctl.yaml names the folders that hold prompts
    ");
    assert!(!env.ok("validate --quiet").err.is_empty());

    env.shell("rm -rf prompts .git/index && git update-ref -d HEAD");
    let said = env.run("validate");
    insta::assert_snapshot!(said.err, @r"
    error[P032]: there is nothing to check: this repository is not set up for prompts
      hint: promptctl init sets it up; -C DIR names another repository
    ");
    assert_eq!(said.code, 1);
    assert_eq!(env.run("validate --base HEAD").code, 1);
}

#[test]
fn a_prompt_that_is_named_and_cannot_be_read_is_checked() {
    let env = Env::with_greeting();
    env.write(PATH, "messages: [\n");
    let by_name = env.findings("greeting");
    assert_eq!(by_name, env.findings(PATH));
    assert!(by_name.starts_with("error P001"), "{by_name}");
    env.write(PATH, b"messages: \xff\n");
    assert!(env.findings("greeting").starts_with("error P008"));
    env.write(PATH, GREETING);
    env.write("README.md", "Ours.\n");
    let said = env.run(&format!("validate {PATH} README.md"));
    assert_eq!(said.code, 1, "{}", said.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_no_text_is_told() {
    let env = Env::with_greeting();
    env.shell("printf 'mesages: []\\n' > \"prompts/$(printf 'a\\377').prompt.yml\"");
    insta::assert_snapshot!(env.findings(""), @"error P011 prompts/a\u{fffd}.prompt.yml the name of the file is not UTF-8 text");
}

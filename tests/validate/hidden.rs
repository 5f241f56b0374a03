//! What a pull request could write so that a check sees nothing.

use super::{GREETING, greeting};
use crate::env::{Shell, TestEnv};

const PATH: &str = "prompts/greeting.prompt.yml";

/// `main` with a sound prompt, and a branch that breaks it.
fn broken_on_a_branch(env: &TestEnv) -> Shell {
    let repo = greeting(env);
    repo.git("checkout --quiet -b topic");
    repo.replace(PATH, "{{name}}", "{{nobody}}");
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.commit("break");
    repo
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
        let env = TestEnv::new();
        let repo = broken_on_a_branch(&env);
        let words = [
            "",
            "--base main",
            "greeting",
            "prompts",
            "--base main greeting",
        ];
        let before: Vec<String> = words.iter().map(|words| repo.findings(words)).collect();
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
        let listed = repo.ok("promptctl list");
        repo.write(file, rule);
        repo.git("add --force --all -- . :!.git");
        repo.git("commit --quiet --allow-empty -m hide");
        for (words, before) in words.iter().zip(before) {
            assert_eq!(repo.findings(words), before, "{file} {rule} {words}");
        }
        assert_eq!(repo.ok("promptctl list"), listed, "{file}");
        assert!(
            repo.ok("promptctl diff main").contains("greeting"),
            "{file}"
        );
    }
}

#[test]
fn what_is_ignored_and_not_tracked_stays_out() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.write("prompts/.gitignore", "draft*\n");
    repo.write("prompts/draft.prompt.yml", "mesages: []\n");
    assert_eq!(repo.findings(""), "");
    // Tracked by HEAD alone, tracked by the index alone.
    repo.git("add --force prompts/draft.prompt.yml");
    assert!(repo.findings("").contains("prompts/draft.prompt.yml"));
    repo.git("commit --quiet -m draft");
    repo.git("rm --quiet --cached prompts/draft.prompt.yml");
    assert!(repo.findings("").contains("prompts/draft.prompt.yml"));
}

#[test]
fn a_change_of_the_folders_is_said_and_both_are_compared() {
    let env = TestEnv::new();
    let repo = broken_on_a_branch(&env);
    repo.write("promptctl.yaml", "roots: [elsewhere]\n");
    repo.write("elsewhere/evil.prompt.yml", "mesages: []\n");
    repo.commit("away");
    insta::assert_snapshot!(repo.findings("--base main"), @r"
    warning P031 promptctl.yaml the folders that hold prompts were prompts and are elsewhere
    error P004 elsewhere/evil.prompt.yml:1:1 `mesages` is not a key; `messages` is meant
    warning P115 prompts/_tone.hbs no prompt includes `tone`
    error P207 prompts/greeting.prompt.yml:2:9 the content changed and v1 did not
    warning P105 prompts/greeting.prompt.yml:9:7 no message uses `name`
    error P104 prompts/greeting.prompt.yml:14:20 `nobody` is not declared in `input.schema`
    ");
    assert_eq!(repo.run("promptctl validate --base main").code, Some(3));
    let diff = repo.ran("promptctl diff main...topic");
    assert!(diff.stderr.contains("P031"), "{}", diff.stderr);
    assert!(diff.stdout.contains("greeting"), "{}", diff.stdout);

    // A file that was no prompt becomes one without a change of its own.
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.write("elsewhere/evil.prompt.yml", "mesages: []\n");
    repo.commit("file");
    repo.git("checkout --quiet -b topic");
    repo.write("promptctl.yaml", "roots: [prompts, elsewhere]\n");
    repo.commit("in");
    insta::assert_snapshot!(repo.findings("--base main"), @r"
    warning P031 promptctl.yaml the folders that hold prompts were prompts and are prompts, elsewhere
    error P004 elsewhere/evil.prompt.yml:1:1 `mesages` is not a key; `messages` is meant
    ");
}

#[test]
fn moved_folders_alone_are_no_error_and_strict_lets_them_pass() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.git("checkout --quiet -b topic");
    repo.git("mv prompts texts");
    repo.write("promptctl.yaml", "roots: [texts]\n");
    repo.commit("move");
    let said = repo.ran("promptctl validate --base main --strict");
    assert!(said.stdout.contains("P031"), "{}", said.stdout);
    let said = repo.ran("promptctl diff main...topic");
    assert_eq!(said.stdout, "", "{}", said.stderr);
}

#[test]
fn nothing_to_check_is_no_silent_success() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.sh("rm -rf prompts/* promptctl.yaml");
    let said = repo.ran("promptctl validate");
    insta::assert_snapshot!(said.stderr, @r"
    0 checked, 0 errors, 0 warnings
    warning: there are no prompts below prompts/
    hint: promptctl new NAME makes one; `roots:` in promptctl.yaml names the folders that hold prompts
    ");
    assert!(!repo.ran("promptctl validate --quiet").stderr.is_empty());

    repo.sh("rm -rf prompts .git/index && git update-ref -d HEAD");
    let said = repo.run("promptctl validate");
    insta::assert_snapshot!(said.stderr, @r"
    error[P032]: there is nothing to check: this repository is not set up for prompts
      hint: promptctl init sets it up; -C DIR names another repository
    ");
    assert_eq!(said.code, Some(1));
    assert_eq!(repo.run("promptctl validate --base HEAD").code, Some(1));
}

#[test]
fn a_prompt_that_is_named_and_cannot_be_read_is_checked() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.write(PATH, "messages: [\n");
    let by_name = repo.findings("greeting");
    assert_eq!(by_name, repo.findings(PATH));
    assert!(by_name.starts_with("error P001"), "{by_name}");
    repo.write(PATH, b"messages: \xff\n");
    assert!(repo.findings("greeting").starts_with("error P008"));
    repo.write(PATH, GREETING);
    repo.write("README.md", "Ours.\n");
    let said = repo.run(&format!("promptctl validate {PATH} README.md"));
    assert_eq!(said.code, Some(1), "{}", said.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_no_text_is_told() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.sh("printf 'mesages: []\\n' > \"prompts/$(printf 'a\\377').prompt.yml\"");
    insta::assert_snapshot!(repo.findings(""), @"error P011 prompts/a\u{fffd}.prompt.yml the name of the file is not UTF-8 text");
}

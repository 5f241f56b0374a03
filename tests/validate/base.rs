//! `validate --base`: what a branch changed.

use super::{GREETING, greeting};
use crate::env::{Shell, TestEnv};

const PATH: &str = "prompts/greeting.prompt.yml";

/// `repo` with a bare `origin.git` beside it that holds `main`.
fn with_origin(env: &TestEnv) -> Shell {
    let repo = greeting(env);
    repo.commit_new("other", "messages: [{role: user, content: Hi}]\n");
    repo.git("clone --quiet --bare . ../origin.git");
    repo.git("remote add origin ../origin.git");
    repo.git("fetch --quiet origin");
    repo.git("checkout --quiet -b topic");
    repo
}

#[test]
fn only_what_changed_is_checked() {
    let env = TestEnv::new();
    let repo = with_origin(&env);
    // Wrong on main already: not the branch's fault.
    repo.git("checkout --quiet main");
    repo.write("prompts/old.prompt.yml", "mesages: []\n");
    repo.commit("old");
    repo.git("push --quiet origin main");
    repo.git("checkout --quiet -b next");
    assert_eq!(repo.findings("--base origin/main"), "");
    assert_eq!(repo.run("promptctl validate").code, Some(3));

    repo.replace(PATH, "Be kind.", "Be terse.");
    repo.ok("promptctl bump greeting");
    repo.commit("change");
    let said = repo.ran("promptctl validate --base origin/main");
    assert_eq!(said.stderr, "1 checked, 0 errors, 0 warnings\n");
}

#[test]
fn a_version_must_be_raised_whatever_the_digest_says() {
    let env = TestEnv::new();
    let repo = with_origin(&env);
    repo.replace(PATH, "Be kind.", "Be terse.");
    repo.ok("promptctl bump");
    repo.replace(PATH, "version: 2", "version: 1");
    repo.commit("change");
    // Without the base the number looks right, for nothing was published.
    assert_eq!(repo.findings(""), "");
    insta::assert_snapshot!(repo.findings("--base origin/main"), @r"error P207 prompts/greeting.prompt.yml:1:10 the content changed since the branch began, and v1 did not");
    repo.ok("promptctl validate --base origin/main --fix");
    assert!(
        repo.read(PATH).contains("version: 2\n"),
        "{}",
        repo.read(PATH)
    );
    assert_eq!(repo.findings("--base origin/main"), "");
}

#[test]
fn a_reworded_description_needs_no_version() {
    let env = TestEnv::new();
    let repo = with_origin(&env);
    repo.write(PATH, format!("description: Greets.\n{}", repo.read(PATH)));
    repo.commit("describe");
    let said = repo.ran("promptctl validate --base origin/main");
    assert_eq!(said.stderr, "1 checked, 0 errors, 0 warnings\n");
}

#[test]
fn a_partial_reaches_the_prompts_that_include_it() {
    let env = TestEnv::new();
    let repo = with_origin(&env);
    repo.git("checkout --quiet main");
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.commit_new("a", "messages: [{role: user, content: \"{{> tone}}\"}]\n");
    repo.git("push --quiet origin main");
    repo.git("checkout --quiet -b partial");
    repo.write("prompts/_tone.hbs", "Be terse.\n");
    repo.commit("tone");
    insta::assert_snapshot!(repo.findings("--base origin/main"), @r"error P207 prompts/a.prompt.yml:2:9 the content changed through prompts/_tone.hbs, and v1 did not");
    let said = repo.run("promptctl validate --base origin/main");
    insta::assert_snapshot!(said.stderr, @r"
    prompts/_tone.hbs changed, and is part of a
    1 checked, 1 error, 0 warnings
    ");
}

#[test]
fn two_branches_that_took_one_number_are_told_which_to_use() {
    let env = TestEnv::new();
    let repo = with_origin(&env);
    repo.replace(PATH, "Be kind.", "Be terse.");
    repo.ok("promptctl bump");
    repo.commit("mine");
    repo.git("checkout --quiet main");
    repo.replace(PATH, "Be kind.", "Be funny.");
    repo.ok("promptctl bump");
    repo.commit("theirs");
    repo.git("push --quiet origin main");
    repo.git("checkout --quiet topic");
    insta::assert_snapshot!(repo.findings("--base origin/main"), @r"error P234 prompts/greeting.prompt.yml:1:10 the other branch holds v2 with other content");
    let said = repo.run("promptctl validate --base origin/main");
    assert!(said.stdout.contains("use v3"), "{}", said.stdout);
    repo.ok("promptctl validate --base origin/main --fix");
    assert!(repo.read(PATH).contains("version: 3\n"));
    assert_eq!(repo.findings("--base origin/main"), "");
}

#[test]
fn a_new_prompt_is_checked_whole() {
    let env = TestEnv::new();
    let repo = with_origin(&env);
    repo.write(
        "prompts/new.prompt.yml",
        GREETING.replace("{{name}}", "{{other}}"),
    );
    repo.commit("new");
    insta::assert_snapshot!(repo.findings("--base origin/main"), @r"
    warning P030 prompts/new.prompt.yml the file has no `version:`, so that its changes go unnoticed
    warning P105 prompts/new.prompt.yml:7:7 no message uses `name`
    error P104 prompts/new.prompt.yml:12:20 `other` is not declared in `input.schema`
    ");
}

#[test]
fn a_job_finds_the_base_of_its_pull_request() {
    for variable in ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] {
        let env = TestEnv::new();
        let repo = with_origin(&env);
        repo.replace(PATH, "Be kind.", "Be terse.");
        repo.commit("change");
        let repo = repo.with(variable, "main");
        assert_eq!(repo.run("promptctl validate --base").code, Some(3));
        assert!(repo.findings("--base").starts_with("error P207"));
    }
    let env = TestEnv::new();
    let said = with_origin(&env).run("promptctl validate --base");
    assert_eq!(said.code, Some(2));
    insta::assert_snapshot!(said.stderr, @r"
    error: no pull request is known here, so --base wants a revision
      hint: promptctl validate --base origin/main; a job for a pull request on GitHub or GitLab knows it by itself
    ");
}

#[test]
fn a_merge_request_on_gitlab_names_the_commit_where_it_began() {
    let env = TestEnv::new();
    let repo = with_origin(&env);
    let began = repo.git("rev-parse HEAD").trim().to_owned();
    repo.replace(PATH, "Be kind.", "Be terse.");
    repo.commit("change");
    repo.git("update-ref -d refs/remotes/origin/main");
    let repo = repo.with("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main");
    // Neither the branch nor the commit: the command that brings the branch.
    let other = repo.git("rev-parse HEAD^{tree}").trim().to_owned();
    let repo = repo.with("CI_MERGE_REQUEST_DIFF_BASE_SHA", &other);
    assert!(
        repo.run("promptctl validate --base")
            .stderr
            .contains("git fetch --no-tags")
    );
    let repo = repo.with("CI_MERGE_REQUEST_DIFF_BASE_SHA", &began);
    assert_eq!(
        repo.findings("--base"),
        "error P207 prompts/greeting.prompt.yml:2:9 the content changed and v1 did not"
    );
    repo.ok("promptctl validate --base --fix");
    assert_eq!(repo.findings("--base"), "");
}

#[test]
fn a_shallow_clone_names_the_command_that_helps() {
    let env = TestEnv::new();
    let repo = with_origin(&env);
    repo.replace(PATH, "Be kind.", "Be terse.");
    repo.ok("promptctl bump");
    repo.commit("change");
    repo.git("push --quiet origin topic");
    repo.git(
        "clone --quiet --depth 1 --branch topic file://../origin.git ../shallow"
            .replace("..", &repo.dir.parent().unwrap().to_string_lossy())
            .as_str(),
    );
    let repo = env.root().cd("shallow");
    let said = repo.run("promptctl validate --base origin/main");
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(said.stderr, @r"
    error[P229]: this clone does not have origin/main
      hint: git fetch --no-tags --unshallow origin +refs/heads/main:refs/remotes/origin/main
    ");
    let command = said
        .stderr
        .lines()
        .find_map(|line| line.trim().strip_prefix("hint: "))
        .unwrap()
        .to_owned();
    repo.sh(&command);
    assert_eq!(
        repo.ran("promptctl validate --base origin/main").stderr,
        "1 checked, 0 errors, 0 warnings\n"
    );
}

#[test]
fn a_base_that_is_known_and_unrelated_is_told_from_one_that_is_cut_off() {
    let env = TestEnv::new();
    let repo = with_origin(&env);
    repo.git("fetch --quiet --depth 1 --update-shallow origin main");
    let said = repo.run("promptctl validate --base origin/nothing");
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr.contains("git fetch --no-tags") && said.stderr.contains("refs/heads/nothing"),
        "{}",
        said.stderr
    );
    let said = repo.run("promptctl validate --base nonsense");
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr.contains("git knows no revision `nonsense`"),
        "{}",
        said.stderr
    );
    for (typed, near) in [("master", "main"), ("origin/master", "main")] {
        let said = repo.run(&format!("promptctl validate --base {typed}"));
        let hint = format!("did you mean `{near}`?");
        assert!(said.stderr.contains(&hint), "{typed}: {}", said.stderr);
    }
}

// The usual disks of other systems hold only one of two names that differ in case.
#[cfg(target_os = "linux")]
#[test]
fn what_breaks_files_that_did_not_change_is_the_branchs_fault() {
    let env = TestEnv::new();
    let repo = with_origin(&env);
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.write("prompts/_rule.hbs", "{{> tone}} Always.\n");
    repo.commit_new(
        "toned",
        "messages: [{role: system, content: '{{> rule}}'}, {role: user, content: Hi}]\n",
    );
    repo.git("push --quiet origin HEAD:main");
    repo.git("fetch --quiet origin");
    assert_eq!(repo.findings("--base origin/main"), "");
    // A name that another has in other letters, and sorts before it.
    repo.write(
        "prompts/Other.prompt.yml",
        "messages: [{role: user, content: Evil}]\n",
    );
    // A second file of a name.
    repo.write(
        "prompts/greeting.prompt.yaml",
        "messages: [{role: user, content: Evil}]\n",
    );
    // A partial that others include, through partials too.
    repo.git("rm --quiet prompts/_tone.hbs");
    repo.commit("break");
    let found = repo.findings("--base origin/main");
    for part in [
        "differ only in case",
        "have the same name",
        "P106",
        "toned.prompt.yml",
    ] {
        assert!(found.contains(part), "{part}\n{found}");
    }
}

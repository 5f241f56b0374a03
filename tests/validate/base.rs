//! `validate --base`: what a branch changed.

use super::env::{Env, GREETING};

const PATH: &str = "prompts/greeting.prompt.yml";

/// `repo` with a bare `origin.git` beside it that holds `main`.
fn with_origin() -> Env {
    let env = Env::with_greeting();
    env.commit_new("other", "messages: [{role: user, content: Hi}]\n");
    env.git("clone --quiet --bare . ../origin.git");
    env.git("remote add origin ../origin.git");
    env.git("fetch --quiet origin");
    env.git("checkout --quiet -b topic");
    env
}

#[test]
fn only_what_changed_is_checked() {
    let env = with_origin();
    // Wrong on main already: not the branch's fault.
    env.git("checkout --quiet main");
    env.write("prompts/old.prompt.yml", "mesages: []\n");
    env.commit("old");
    env.git("push --quiet origin main");
    env.git("checkout --quiet -b next");
    assert_eq!(env.findings("--base origin/main"), "");
    assert_eq!(env.run("validate").code, 3);

    env.change(PATH, "Be kind.", "Be terse.");
    env.ok("bump greeting");
    env.commit("change");
    let said = env.ok("validate --base origin/main");
    assert_eq!(said.err, "1 checked, 0 errors, 0 warnings\n");
}

#[test]
fn a_version_must_be_raised_whatever_the_digest_says() {
    let env = with_origin();
    env.change(PATH, "Be kind.", "Be terse.");
    env.ok("bump");
    env.change(PATH, "version: 2", "version: 1");
    env.commit("change");
    // Without the base the number looks right, for nothing was published.
    assert_eq!(env.findings(""), "");
    insta::assert_snapshot!(env.findings("--base origin/main"), @r"error P207 prompts/greeting.prompt.yml:1:10 the content changed since the branch began, and v1 did not");
    env.ok("validate --base origin/main --fix");
    assert!(
        env.read(PATH).contains("version: 2\n"),
        "{}",
        env.read(PATH)
    );
    assert_eq!(env.findings("--base origin/main"), "");
}

#[test]
fn a_reworded_description_needs_no_version() {
    let env = with_origin();
    env.write(PATH, format!("description: Greets.\n{}", env.read(PATH)));
    env.commit("describe");
    let said = env.ok("validate --base origin/main");
    assert_eq!(said.err, "1 checked, 0 errors, 0 warnings\n");
}

#[test]
fn a_partial_reaches_the_prompts_that_include_it() {
    let env = with_origin();
    env.git("checkout --quiet main");
    env.write("prompts/_tone.hbs", "Be kind.\n");
    env.commit_new("a", "messages: [{role: user, content: \"{{> tone}}\"}]\n");
    env.git("push --quiet origin main");
    env.git("checkout --quiet -b partial");
    env.write("prompts/_tone.hbs", "Be terse.\n");
    env.commit("tone");
    insta::assert_snapshot!(env.findings("--base origin/main"), @r"error P207 prompts/a.prompt.yml:2:9 the content changed through prompts/_tone.hbs, and v1 did not");
    let said = env.run("validate --base origin/main");
    insta::assert_snapshot!(said.err, @r"
    prompts/_tone.hbs changed, and is part of a
    1 checked, 1 error, 0 warnings
    ");
}

#[test]
fn two_branches_that_took_one_number_are_told_which_to_use() {
    let env = with_origin();
    env.change(PATH, "Be kind.", "Be terse.");
    env.ok("bump");
    env.commit("mine");
    env.git("checkout --quiet main");
    env.change(PATH, "Be kind.", "Be funny.");
    env.ok("bump");
    env.commit("theirs");
    env.git("push --quiet origin main");
    env.git("checkout --quiet topic");
    insta::assert_snapshot!(env.findings("--base origin/main"), @r"error P234 prompts/greeting.prompt.yml:1:10 the other branch holds v2 with other content");
    let said = env.run("validate --base origin/main");
    assert!(said.out.contains("use v3"), "{}", said.out);
    env.ok("validate --base origin/main --fix");
    assert!(env.read(PATH).contains("version: 3\n"));
    assert_eq!(env.findings("--base origin/main"), "");
}

#[test]
fn a_new_prompt_is_checked_whole() {
    let env = with_origin();
    env.write(
        "prompts/new.prompt.yml",
        GREETING.replace("{{name}}", "{{other}}"),
    );
    env.commit("new");
    insta::assert_snapshot!(env.findings("--base origin/main"), @r"
    warning P030 prompts/new.prompt.yml the file has no `version:`, so that its changes go unnoticed
    warning P105 prompts/new.prompt.yml:7:7 no message uses `name`
    error P104 prompts/new.prompt.yml:12:20 `other` is not declared in `input.schema`
    ");
}

#[test]
fn a_job_finds_the_base_of_its_pull_request() {
    for variable in ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] {
        let env = with_origin();
        env.change(PATH, "Be kind.", "Be terse.");
        env.commit("change");
        let env = env.var(variable, "main");
        assert_eq!(env.run("validate --base").code, 3);
        assert!(env.findings("--base").starts_with("error P207"));
    }
    let said = with_origin().run("validate --base");
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.err, @r"
    error: no pull request is known here, so --base wants a revision
      hint: promptctl validate --base origin/main; a job for a pull request on GitHub or GitLab knows it by itself
    ");
}

#[test]
fn a_merge_request_on_gitlab_names_the_commit_where_it_began() {
    let env = with_origin();
    let began = env.git("rev-parse HEAD").trim().to_owned();
    env.change(PATH, "Be kind.", "Be terse.");
    env.commit("change");
    env.git("update-ref -d refs/remotes/origin/main");
    let env = env.var("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main");
    // Neither the branch nor the commit: the command that brings the branch.
    let other = env.git("rev-parse HEAD^{tree}").trim().to_owned();
    let env = env.var("CI_MERGE_REQUEST_DIFF_BASE_SHA", &other);
    assert!(
        env.run("validate --base")
            .err
            .contains("git fetch --no-tags")
    );
    let env = env.var("CI_MERGE_REQUEST_DIFF_BASE_SHA", &began);
    assert_eq!(
        env.findings("--base"),
        "error P207 prompts/greeting.prompt.yml:2:9 the content changed and v1 did not"
    );
    env.ok("validate --base --fix");
    assert_eq!(env.findings("--base"), "");
}

#[test]
fn a_shallow_clone_names_the_command_that_helps() {
    let env = with_origin();
    env.change(PATH, "Be kind.", "Be terse.");
    env.ok("bump");
    env.commit("change");
    env.git("push --quiet origin topic");
    env.git(
        "clone --quiet --depth 1 --branch topic file://../origin.git ../shallow"
            .replace("..", &env.dir.parent().unwrap().to_string_lossy())
            .as_str(),
    );
    let env = env.beside("shallow");
    let said = env.run("validate --base origin/main");
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(said.err, @r"
    error[P229]: this clone does not have origin/main
      hint: git fetch --no-tags --unshallow origin +refs/heads/main:refs/remotes/origin/main
    ");
    let command = said
        .err
        .lines()
        .find_map(|line| line.trim().strip_prefix("hint: "))
        .unwrap()
        .to_owned();
    env.shell(&command);
    assert_eq!(
        env.ok("validate --base origin/main").err,
        "1 checked, 0 errors, 0 warnings\n"
    );
}

#[test]
fn a_base_that_is_known_and_unrelated_is_told_from_one_that_is_cut_off() {
    let env = with_origin();
    env.git("fetch --quiet --depth 1 --update-shallow origin main");
    let said = env.run("validate --base origin/nothing");
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("git fetch --no-tags") && said.err.contains("refs/heads/nothing"),
        "{}",
        said.err
    );
    let said = env.run("validate --base nonsense");
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("git knows no revision `nonsense`"),
        "{}",
        said.err
    );
}

#[test]
fn what_breaks_files_that_did_not_change_is_the_branchs_fault() {
    let env = with_origin();
    env.write("prompts/_tone.hbs", "Be kind.\n");
    env.write("prompts/_rule.hbs", "{{> tone}} Always.\n");
    env.commit_new(
        "toned",
        "messages: [{role: system, content: '{{> rule}}'}, {role: user, content: Hi}]\n",
    );
    env.git("push --quiet origin HEAD:main");
    env.git("fetch --quiet origin");
    assert_eq!(env.findings("--base origin/main"), "");
    // A name that another has in other letters, and sorts before it.
    env.write(
        "prompts/Other.prompt.yml",
        "messages: [{role: user, content: Evil}]\n",
    );
    // A second file of a name.
    env.write(
        "prompts/greeting.prompt.yaml",
        "messages: [{role: user, content: Evil}]\n",
    );
    // A partial that others include, through partials too.
    env.git("rm --quiet prompts/_tone.hbs");
    env.commit("break");
    let found = env.findings("--base origin/main");
    for part in [
        "differ only in case",
        "have the same name",
        "P106",
        "toned.prompt.yml",
    ] {
        assert!(found.contains(part), "{part}\n{found}");
    }
}

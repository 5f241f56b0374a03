//! `init --diff-driver`: what git itself merges then.

use insta::assert_snapshot;

use super::drivers::with_drivers;
use crate::env::{SMALL, Shell, TestEnv};

const FILE: &str = "prompts/support/triage.prompt.yml";

/// `main` and `other` parted after v1: `main` made the first edit its v2, `other` the second.
fn parted(env: &TestEnv, main: (&str, &str), other: (&str, &str)) -> Shell {
    let repo = with_drivers(env);
    repo.git("switch --quiet --create other");
    repo.next_version("support/triage", other.0, other.1);
    repo.git("switch --quiet main");
    repo.next_version("support/triage", main.0, main.1);
    repo
}

/// Whether git and promptctl find nothing wrong with what is committed.
#[track_caller]
fn is_sound(repo: &Shell) {
    assert_eq!(repo.git("status --porcelain"), "");
    assert_eq!(repo.ok("promptctl validate --quiet"), "");
}

fn version(repo: &Shell) -> u64 {
    let shown = repo.json("promptctl show support/triage --format json");
    shown["version"].as_u64().unwrap()
}

#[test]
fn two_edits_of_different_fields_merge() {
    let env = TestEnv::new();
    let repo = parted(
        &env,
        ("800  ", "600  "),
        ("billing or tech", "billing, tech or sales"),
    );
    assert_snapshot!(repo.play("git merge --quiet --no-edit other"), @"
    $ git merge --quiet --no-edit other
    Auto-merging prompts/support/triage.prompt.yml
    ");
    assert_snapshot!(repo.play("git diff --no-ext-diff --no-textconv HEAD^1 HEAD"), @r#"
    $ git diff --no-ext-diff --no-textconv HEAD^1 HEAD
    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -1,7 +1,7 @@
     name: Support triage
     description: Sorts an incoming ticket.   # for the support team
    -version: 2
    -digest: xxxxxxxxxxxx
    +version: 3
    +digest: xxxxxxxxxxxx
     tags: [tickets]
     category: support
     model: openai/gpt-5-mini
    @@ -18,6 +18,6 @@ messages:
       - role: system
         content: |
           You sort support tickets. Answer in {{locale}}.
    -      Say which queue the ticket belongs to: billing or tech.
    +      Say which queue the ticket belongs to: billing, tech or sales.
       - role: user
         content: "{{ticket}}"
    "#);
    assert_eq!(version(&repo), 3);
    is_sound(&repo);
    // The other way round it is the same content with the same number.
    let ours = repo.read(FILE);
    repo.git("switch --quiet --create back other");
    repo.git("merge --quiet --no-edit main^1");
    assert_eq!(repo.read(FILE), ours);
}

#[test]
fn the_number_is_the_next_only_where_the_content_is_new() {
    let env = TestEnv::new();
    let repo = with_drivers(&env);
    repo.git("switch --quiet --create other");
    repo.replace(FILE, "name: Support triage", "name: Triage");
    repo.git("commit --quiet --all --message Title");
    repo.git("switch --quiet main");
    repo.next_version("support/triage", "800  ", "600  ");
    repo.git("merge --quiet --no-edit other");
    assert_eq!(version(&repo), 2);
    is_sound(&repo);
}

#[test]
fn a_number_that_was_published_is_not_given_again() {
    let env = TestEnv::new();
    let repo = parted(&env, ("800  ", "600  "), ("billing or tech", "sales"));
    repo.git("switch --quiet --create hotfix main");
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo.ok("promptctl publish support/triage");
    repo.git("switch --quiet main");
    repo.git("merge --quiet --no-edit other");
    assert_eq!(version(&repo), 4);
}

#[test]
fn rebase_and_cherry_pick_merge_too() {
    let env = TestEnv::new();
    let repo = parted(
        &env,
        ("800  ", "600  "),
        ("billing or tech", "billing, tech or sales"),
    );
    repo.git("switch --quiet other");
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo.git("branch picked");
    repo.git("rebase --quiet main");
    assert_eq!(version(&repo), 4);
    is_sound(&repo);
    assert_eq!(repo.git("log --format=%s main..other").lines().count(), 2);
    let rebased = repo.read(FILE);
    repo.git("switch --quiet main");
    repo.git("cherry-pick picked~1 picked");
    assert_eq!(repo.read(FILE), rebased);
    is_sound(&repo);
}

#[test]
fn partials_of_both_sides_count() {
    let env = TestEnv::new();
    let repo = with_drivers(&env);
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.git("add prompts/_tone.hbs");
    repo.next_version("support/triage", "You sort", "{{> tone}}\n      You sort");
    repo.git("switch --quiet --create other");
    repo.write("prompts/_tone.hbs", "Be very kind.\n");
    repo.next_version(
        "support/triage",
        "billing or tech",
        "billing, tech or sales",
    );
    repo.git("switch --quiet main");
    repo.next_version("support/triage", "800  ", "600  ");
    repo.git("branch before");
    repo.git("merge --quiet --no-edit other");
    assert_eq!(version(&repo), 4);
    is_sound(&repo);
    repo.git("switch --quiet other");
    repo.git("rebase --quiet before");
    is_sound(&repo);
    repo.git("switch --quiet before");
    repo.git("cherry-pick main^2");
    is_sound(&repo);
}

#[test]
fn a_real_conflict_is_marked_around_its_field() {
    let env = TestEnv::new();
    let repo = parted(&env, ("800  ", "600  "), ("800  ", "900  "));
    assert_snapshot!(repo.play(
        "git merge other
         git diff
         head -20 prompts/support/triage.prompt.yml
         promptctl validate"
    ), @"
    $ git merge other
    Auto-merging prompts/support/triage.prompt.yml
    CONFLICT (content): Merge conflict in prompts/support/triage.prompt.yml
    Automatic merge failed; fix conflicts and then commit the result.
    --- stderr
    warning: prompts/support/triage.prompt.yml: both sides changed modelParameters.maxTokens
    hint: resolve what is marked, then: promptctl bump support/triage && git add prompts/support/triage.prompt.yml
    [exit 1]
    $ git diff
    diff --cc prompts/support/triage.prompt.yml
    index 64a6abb,xxxxxxx..xxxxxxx
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@@ -1,10 -1,10 +1,14 @@@
      name: Support triage
      description: Sorts an incoming ticket.
    --version: 2
    ++version: 3
      category: support
      tags: tickets
      model: openai/gpt-5-mini
    ++<<<<<<< ours
     +modelParameters.maxTokens: 600
    ++=======
    + modelParameters.maxTokens: 900
    ++>>>>>>> theirs
      input.schema.type: object
      input.schema.required: ticket
      input.schema.properties.ticket.type: string
    $ head -20 prompts/support/triage.prompt.yml
    name: Support triage
    description: Sorts an incoming ticket.   # for the support team
    version: 3
    digest: xxxxxxxxxxxx
    tags: [tickets]
    category: support
    model: openai/gpt-5-mini
    modelParameters:
    <<<<<<< HEAD
      maxTokens: 600        # room for the draft
    =======
      maxTokens: 900        # room for the draft
    >>>>>>> other
    input:
      schema:
        type: object
        required: [ticket]
        properties:
          ticket: {type: string}
          locale: {type: string, default: en}
    $ promptctl validate
    error[P001]: git marked a conflict here
     --> prompts/support/triage.prompt.yml:9:1
      |
    9 | <<<<<<< HEAD
      | ^^^^^^^^^^^^
      = help: keep what is right of both sides and remove the three marks

    --- stderr
    1 checked, 1 error, 0 warnings
    [exit 3]
    ");
    repo.replace(FILE, "<<<<<<< HEAD\n", "");
    let text = repo.read(FILE);
    let (head, tail) = text.split_once("=======\n").unwrap();
    let (_, tail) = tail.split_once(">>>>>>> other\n").unwrap();
    repo.write(FILE, format!("{head}{tail}").replace("600  ", "700  "));
    // Before the bump, the number does not fit.
    assert!(repo.fails("promptctl validate").stdout.contains("P207"));
    assert_snapshot!(repo.play("promptctl bump support/triage"), @"
    $ promptctl bump support/triage
    support/triage v3, with its digest
    hint: commit the change: git commit -a
    ");
    repo.git("commit --quiet --all --no-edit");
    assert_eq!(version(&repo), 3);
    is_sound(&repo);
}

#[test]
fn conflicts_in_long_texts_are_marked_by_line() {
    let env = TestEnv::new();
    let repo = parted(
        &env,
        ("You sort support tickets.", "You sort tickets."),
        ("You sort support tickets.", "Sort the tickets."),
    );
    repo.fails("git merge --quiet other");
    let text = repo.read(FILE);
    let marked: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with('<'))
        .take(6)
        .collect();
    assert_snapshot!(marked.join("\n"), @"
    <<<<<<< HEAD
          You sort tickets. Answer in {{locale}}.
    =======
          Sort the tickets. Answer in {{locale}}.
    >>>>>>> other
          Say which queue the ticket belongs to: billing or tech.
    ");
}

#[test]
fn what_promptctl_cannot_read_is_merged_by_line() {
    let env = TestEnv::new();
    let repo = with_drivers(&env);
    repo.git("switch --quiet --create other");
    repo.replace(FILE, "category: support", "category: other");
    repo.git("commit --quiet --all --message Other");
    repo.git("switch --quiet main");
    repo.replace(FILE, "  - role: user", "  - rle: user");
    repo.git("commit --quiet --all --message Broken");
    assert_snapshot!(repo.play("git merge --no-edit other"), @"
    $ git merge --no-edit other
    Auto-merging prompts/support/triage.prompt.yml
    Merge made by the 'ort' strategy.
     prompts/support/triage.prompt.yml | 2 +-
     1 file changed, 1 insertion(+), 1 deletion(-)
    --- stderr
    warning: prompts/support/triage.prompt.yml is merged by line: promptctl cannot read it as a prompt on every side
    ");
    assert!(repo.read(FILE).contains("category: other") && repo.read(FILE).contains("rle"));
}

#[test]
fn without_the_program_git_does_what_it_did() {
    let env = TestEnv::new();
    let repo = parted(&env, ("800  ", "600  "), ("billing or tech", "sales"));
    let program = env!("CARGO_BIN_EXE_promptctl").replace('\\', "/");
    for key in [
        "diff.promptctl.command",
        "diff.promptctl.textconv",
        "merge.promptctl.driver",
    ] {
        let value = repo.git(&format!("config {key}"));
        assert!(value.contains(&program), "{value}");
        let status = repo
            .command("git")
            .args(["config", key, &value.replace(&program, "/gone/promptctl")])
            .status();
        assert!(status.unwrap().success());
    }
    assert!(repo.git("diff HEAD^ HEAD").contains("-  maxTokens: 800"));
    assert!(repo.git("log -p -1").contains("-  maxTokens: 800"));
    let run = repo.fails("git merge --no-edit other");
    assert!(run.stdout.contains("CONFLICT (content)"), "{run}");
    assert!(repo.read(FILE).contains("<<<<<<<"));
    assert!(repo.read(FILE).contains("sales"));
}

#[test]
fn stashes_and_merges_with_two_ancestors() {
    let env = TestEnv::new();
    let repo = parted(
        &env,
        ("800  ", "600  "),
        ("billing or tech", "billing, tech or sales"),
    );
    // Each side merges the other, then goes on: git merges the two ancestors first.
    repo.git("branch main-before");
    repo.git("merge --quiet --no-edit other");
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo.git("switch --quiet other");
    repo.git("merge --quiet --no-edit main-before");
    repo.next_version("support/triage", "{{ticket}}\"", "> {{ticket}}\"");
    assert_eq!(repo.git("merge-base --all main other").lines().count(), 2);
    repo.git("merge --quiet --no-edit main");
    assert_eq!(version(&repo), 5);
    is_sound(&repo);
    repo.replace(FILE, "600  ", "700  ");
    repo.git("stash --quiet");
    repo.next_version("support/triage", "Reply in", "Write in");
    repo.git("stash pop --quiet");
    let text = repo.read(FILE);
    assert!(
        text.contains("700  ") && text.contains("Write in"),
        "{text}"
    );
    assert_eq!(version(&repo), 7);
    repo.ok("promptctl validate");
}

#[test]
fn a_file_that_both_sides_made_and_one_that_a_side_removed() {
    let env = TestEnv::new();
    let repo = with_drivers(&env);
    repo.git("switch --quiet --create other");
    repo.add("small", SMALL);
    repo.git("switch --quiet main");
    repo.add("small", &format!("name: Small\n{SMALL}"));
    repo.git("merge --quiet --no-edit other");
    is_sound(&repo);
    assert!(
        repo.read("prompts/small.prompt.yml")
            .starts_with("name: Small\nversion: 1\n")
    );
    repo.git("switch --quiet other");
    repo.git("rm --quiet prompts/small.prompt.yml");
    repo.git("commit --quiet --message Gone");
    repo.git("switch --quiet main");
    repo.next_version("small", "Hello", "Hi");
    let run = repo.fails("git merge --no-edit other");
    assert!(run.stdout.contains("CONFLICT (modify/delete)"), "{run}");
}

//! `bump`: numbers for what was changed by hand.

use insta::assert_snapshot;

use crate::env::{SMALL, TRIAGE, TestEnv};

const FILE: &str = "prompts/support/triage.prompt.yml";

#[test]
fn a_change_by_hand_gets_the_next_number_and_nothing_else_is_touched() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.replace(FILE, "Answer in", "Reply in");
    assert_snapshot!(repo.play(
        "promptctl bump --dry-run
         promptctl bump
         git diff -U0 -- prompts
         promptctl bump"
    ), @"
    $ promptctl bump --dry-run
    support/triage would become v2 (was v1)
    $ promptctl bump
    support/triage v2 (was v1)
    hint: commit the change: git commit -a
    $ git diff -U0 -- prompts
    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -3,2 +3,2 @@ description: Sorts an incoming ticket.   # for the support team
    -version: 1
    -digest: xxxxxxxxxxxx
    +version: 2
    +digest: xxxxxxxxxxxx
    @@ -20 +20 @@ messages:
    -      You sort support tickets. Answer in {{locale}}.
    +      You sort support tickets. Reply in {{locale}}.
    $ promptctl bump
    nothing to bump: every version fits its content
    ");
}

#[test]
fn comments_quotes_and_order_stay_as_they_were() {
    let env = TestEnv::new();
    let repo = env.repo();
    let text = "# a head\nmessages:   # first\n- {role: user, content: 'It''s {{name}}'}\n- role: \"system\"\n  content: >-\n    folded\n    text\nversion:   7    # seventh\nname: \"A \\u00e9\"\n# a tail";
    repo.write("prompts/odd.prompt.yml", text);
    repo.git("add --all");
    repo.git("commit --quiet --message Odd");
    repo.replace("prompts/odd.prompt.yml", "folded", "unfolded");
    assert_snapshot!(repo.play(
        "promptctl bump
         cat prompts/odd.prompt.yml"
    ), @r#"
    $ promptctl bump
    odd v8 (was v7)
    hint: commit the change: git commit -a
    $ cat prompts/odd.prompt.yml
    # a head
    messages:   # first
    - {role: user, content: 'It''s {{name}}'}
    - role: "system"
      content: >-
        unfolded
        text
    version:   8    # seventh
    digest: xxxxxxxxxxxx
    name: "A \u00e9"
    # a tail
    "#);
}

#[test]
fn what_no_model_sees_needs_no_number() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.replace(FILE, "Sorts an incoming ticket.", "Sorts tickets.");
    repo.replace(FILE, "# room for the draft", "# room");
    assert_snapshot!(repo.play("promptctl bump"), @"
    $ promptctl bump
    nothing to bump: every version fits its content
    ");
}

#[test]
fn a_changed_partial_raises_those_that_include_it() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.write("prompts/_deep.hbs", "{{> tone}}Be brief.\n");
    let with = |partial: &str| {
        SMALL.replace(
            "Hello {{name}}",
            &format!("\"{{{{> {partial}}}}} Hello {{{{name}}}}\""),
        )
    };
    repo.git("add --all");
    repo.git("commit --quiet --message Partials");
    repo.add("direct", &with("tone"));
    repo.add("through", &with("deep"));
    repo.add("without", SMALL);
    repo.write("prompts/_tone.hbs", "Be very kind.\n");
    assert_snapshot!(repo.play(
        "promptctl validate
         promptctl bump
         git status --short"
    ), @"
    $ promptctl validate
    error[P207]: the content changed through prompts/_tone.hbs, and v1 did not
     --> prompts/direct.prompt.yml:2:9
      |
    2 | digest: xxxxxxxxxxxx
      |         ^^^^^^^^^^^^
      = help: promptctl bump direct

    error[P207]: the content changed through prompts/_tone.hbs, and v1 did not
     --> prompts/through.prompt.yml:2:9
      |
    2 | digest: xxxxxxxxxxxx
      |         ^^^^^^^^^^^^
      = help: promptctl bump through

    --- stderr
    prompts/_tone.hbs changed, and is part of direct, through
    3 checked, 2 errors, 0 warnings
    [exit 3]
    $ promptctl bump
    direct v2 (was v1)
    through v2 (was v1)
    hint: commit the change: git commit -a
    $ git status --short
     M prompts/_tone.hbs
     M prompts/direct.prompt.yml
     M prompts/through.prompt.yml
    ");
    repo.git("commit --quiet --all --message Kinder");
    assert_snapshot!(repo.play(
        "promptctl validate
         promptctl bump
         promptctl history through
         promptctl diff direct@v1 direct@v2"
    ), @"
    $ promptctl validate
    3 checked, 0 errors, 0 warnings
    $ promptctl bump
    nothing to bump: every version fits its content
    $ promptctl history through
    v2	not published	wording	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Kinder
    v1	not published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add through
    $ promptctl diff direct@v1 direct@v2
    direct  v1 → v2  wording
      messages[0].content:
        Be {+very +}kind.
         Hello {{name}}
    ");
}

#[test]
fn adopted_files_are_numbered_when_they_change_or_are_named() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(FILE, TRIAGE);
    repo.write("prompts/other.prompt.yml", SMALL);
    repo.git("add --all");
    repo.git("commit --quiet --message Adopted");
    assert_snapshot!(repo.play("promptctl bump"), @"
    $ promptctl bump
    nothing to bump: every version fits its content
    ");
    repo.replace(FILE, "Answer in", "Reply in");
    assert_snapshot!(repo.play(
        "promptctl bump
         promptctl bump other
         git diff -U0 -- prompts"
    ), @"
    $ promptctl bump
    support/triage v2, numbered for the first time
    hint: commit the change: git commit -a
    $ promptctl bump other
    other v1, numbered for the first time
    hint: commit the change: git commit -a
    $ git diff -U0 -- prompts
    diff --git a/prompts/other.prompt.yml b/prompts/other.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/other.prompt.yml
    +++ b/prompts/other.prompt.yml
    @@ -0,0 +1,2 @@
    +version: 1
    +digest: xxxxxxxxxxxx
    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -2,0 +3,2 @@ description: Sorts an incoming ticket.   # for the support team
    +version: 2
    +digest: xxxxxxxxxxxx
    @@ -18 +20 @@ messages:
    -      You sort support tickets. Answer in {{locale}}.
    +      You sort support tickets. Reply in {{locale}}.
    ");
}

#[test]
fn the_number_is_above_every_one_that_is_taken() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    // Another branch has v2 and v3, and v3 was published from it.
    repo.git("switch --quiet --create other");
    repo.next_version("support/triage", "800", "700");
    repo.next_version("support/triage", "700", "600");
    repo.ok("promptctl publish support/triage");
    repo.git("switch --quiet main");
    repo.replace(FILE, "800", "500");
    assert_snapshot!(repo.play("promptctl bump"), @"
    $ promptctl bump
    support/triage v4 (was v1)
    hint: commit the change: git commit -a
    ");
}

#[test]
fn a_number_chosen_by_hand_is_kept_if_it_is_new() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.replace(FILE, "800", "700");
    repo.replace(FILE, "version: 1\n", "version: 10\n");
    assert_snapshot!(repo.play("promptctl bump"), @"
    $ promptctl bump
    support/triage v10, with its digest
    hint: commit the change: git commit -a
    ");
    assert!(repo.read(FILE).contains("version: 10\n"));
}

#[test]
fn two_branches_that_both_make_a_version_conflict_when_they_merge() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("switch --quiet --create other");
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo.git("switch --quiet main");
    repo.next_version("support/triage", "800", "700");
    let merge = repo.fails("git merge other");
    assert!(merge.stdout.contains("CONFLICT"), "{merge}");
    let text = repo.read(FILE);
    assert!(text.contains("<<<<<<<"), "{text}");
    // The lines of the conflict are told with their place.
    assert_snapshot!(repo.play("promptctl validate"), @"
    $ promptctl validate
    error[P001]: git marked a conflict here
     --> prompts/support/triage.prompt.yml:4:1
      |
    4 | <<<<<<< HEAD
      | ^^^^^^^^^^^^
      = help: keep what is right of both sides and remove the three marks

    --- stderr
    1 checked, 1 error, 0 warnings
    [exit 3]
    ");
}

#[test]
fn one_broken_file_does_not_keep_the_others_from_their_number() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("prompts/broken.prompt.yml", "messages: [\n");
    repo.replace(FILE, "800", "700");
    assert_snapshot!(repo.play(
        "promptctl bump
         promptctl bump broken
         promptctl bump nobody"
    ), @"
    $ promptctl bump
    error[P001]: unclosed bracket '['
      at: prompts/broken.prompt.yml:1:11
      help: close the `[` that opens on line 1
    support/triage v2 (was v1)
    hint: commit the change: git commit -a
    [exit 3]
    $ promptctl bump broken
    error[P001]: unclosed bracket '['
      at: prompts/broken.prompt.yml:1:11
      hint: close the `[` that opens on line 1
    [exit 1]
    $ promptctl bump nobody
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
    [exit 1]
    ");
}

#[test]
fn the_answer_for_scripts() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.replace(FILE, "800", "700");
    assert_snapshot!(repo.play(
        "promptctl bump --format json
         promptctl bump --format json"
    ), @r#"
    $ promptctl bump --format json
    {
      "schema": 1,
      "bumped": [
        {
          "name": "support/triage",
          "from": 1,
          "to": 2
        }
      ]
    }
    $ promptctl bump --format json
    {
      "schema": 1,
      "bumped": []
    }
    "#);
}

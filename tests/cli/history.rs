//! `history`: the versions of a prompt, from git.

use insta::assert_snapshot;

use crate::env::{SMALL, TestEnv};

#[test]
fn versions_with_what_they_meant_for_callers() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.replace(
        "prompts/support/triage.prompt.yml",
        "required: [ticket]",
        "required: [ticket, customer]",
    );
    repo.replace(
        "prompts/support/triage.prompt.yml",
        "ticket: {type: string}",
        "ticket: {type: string}\n      customer: {type: string}",
    );
    repo.next_version(
        "support/triage",
        "{{ticket}}\"",
        "{{customer}}: {{ticket}}\"",
    );
    repo.ok("promptctl publish support/triage@v2");
    repo.ok("promptctl publish support/triage@v3 --env staging --create-env");
    assert_snapshot!(repo.play(
        "promptctl history support/triage
         promptctl history support/triage --limit 2
         promptctl history support/triage --limit 1 --format json"
    ), @r#"
    $ promptctl history support/triage
    v4	not published	breaking	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v3	live in staging	behavior	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v2	live in production	wording	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v1	not published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add support/triage
    $ promptctl history support/triage --limit 2
    v4	not published	breaking	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v3	live in staging	behavior	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    $ promptctl history support/triage --limit 1 --format json
    {
      "schema": 1,
      "name": "support/triage",
      "versions": [
        {
          "version": 4,
          "digest": "<id>",
          "commit": "<id>",
          "author": "Ada",
          "time": "2026-11-03T11:00:00Z",
          "message": "Change",
          "published": false,
          "environments": [],
          "impact": "breaking"
        }
      ]
    }
    "#);
    assert_snapshot!(repo.with("PROMPTCTL_WIDTH", "100").play("promptctl history support/triage"), @"
    $ promptctl history support/triage
    VERSION  STATE               IMPACT    COMMIT        WHEN        AUTHOR  MESSAGE
    v4       not published       breaking  xxxxxxxxxxxx  1 hour ago  Ada     Change
    v3       live in staging     behavior  xxxxxxxxxxxx  1 hour ago  Ada     Change
    v2       live in production  wording   xxxxxxxxxxxx  1 hour ago  Ada     Change
    v1       not published       -         xxxxxxxxxxxx  1 hour ago  Ada     Add support/triage
    ");
}

#[test]
fn a_version_is_told_by_the_commit_that_made_it() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo.ok("promptctl archive support/triage");
    repo.ok("promptctl unarchive support/triage");
    repo.ok("promptctl edit support/triage --set description=Sorts -m Reworded");
    assert_snapshot!(repo.play("promptctl history support/triage"), @"
    $ promptctl history support/triage
    v2	not published	wording	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v1	not published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add support/triage
    ");
    let made = repo.json("promptctl history support/triage --format json")["versions"][0].clone();
    assert_eq!(made["commit"], repo.git("rev-parse HEAD~3"));
    let live = repo.json("promptctl get support/triage --format json");
    assert_eq!(made["digest"], live["digest"]);
    // Content that changed under its old number is not that version's.
    repo.replace("prompts/support/triage.prompt.yml", "Reply in", "Write in");
    repo.git("commit --quiet --all --message Unbumped");
    assert_snapshot!(repo.play("promptctl history support/triage --limit 1"), @"
    $ promptctl history support/triage --limit 1
    v2	not published	wording	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    ");
}

#[test]
fn versions_that_only_a_tag_holds() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("switch --quiet --create topic");
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo.ok("promptctl publish support/triage");
    repo.git("switch --quiet main");
    assert_snapshot!(repo.play("promptctl history support/triage"), @"
    $ promptctl history support/triage
    v2	live in production	wording	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v1	not published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add support/triage
    ");
}

#[test]
fn a_deleted_prompt_still_has_one() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo.git("rm --quiet prompts/support/triage.prompt.yml");
    repo.git("commit --quiet --message Gone");
    assert_snapshot!(repo.play("promptctl history support/triage"), @"
    $ promptctl history support/triage
    v2	not published	wording	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v1	not published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add support/triage
    ");
}

#[test]
fn one_that_nobody_numbered() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/greeting.prompt.yml", SMALL);
    repo.git("add --all");
    repo.git("commit --quiet --message First");
    repo.replace("prompts/greeting.prompt.yml", "Hello", "Hi");
    repo.git("commit --quiet --all --message Second");
    assert_snapshot!(repo.play(
        "promptctl history greeting
         promptctl history nobody
         promptctl history greting"
    ), @"
    $ promptctl history greeting
    v1	not published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Second
    $ promptctl history nobody
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
    [exit 1]
    $ promptctl history greting
    error[P201]: there is no prompt named greting
      hint: did you mean greeting?
    [exit 1]
    ");
}

#[test]
fn a_file_that_moved_to_another_root_goes_on() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("promptctl.yaml", "roots: [prompts, more]\n");
    repo.git("add --all");
    repo.git("commit --quiet --message Roots");
    repo.ok("promptctl publish support/triage");
    repo.write("more/support/.keep", "");
    repo.git("mv prompts/support/triage.prompt.yml more/support/triage.prompt.yml");
    repo.git("commit --quiet --message Moved");
    repo.replace("more/support/triage.prompt.yml", "Answer in", "Reply in");
    repo.ok("promptctl bump");
    repo.git("commit --quiet --all --message Changed");
    assert_snapshot!(repo.play("promptctl history support/triage"), @"
    $ promptctl history support/triage
    v2	not published	wording	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Changed
    v1	live in production	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add support/triage
    ");
    assert_eq!(
        repo.json("promptctl get support/triage@v1 --format json")["path"],
        "prompts/support/triage.prompt.yml"
    );
}

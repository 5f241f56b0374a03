//! `rollback` and `unpublish`: the stack.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv};

/// Versions 1, 2 and 3, each published to production in turn.
fn three_releases(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    for (from, to) in [("800", "600"), ("600", "400")] {
        repo.next_version(
            "support/triage",
            &format!("maxTokens: {from}"),
            &format!("maxTokens: {to}"),
        );
        repo.ok("promptctl publish support/triage");
    }
    repo
}

fn live(repo: &Shell) -> serde_json::Value {
    repo.json("promptctl status --format json")["environments"][0]["prompts"][0]["active"].clone()
}

#[test]
fn each_rollback_goes_one_further_back_and_never_forward() {
    let env = TestEnv::new();
    let repo = three_releases(&env);
    assert_snapshot!(repo.play(
        "promptctl rollback support/triage -m 'Refuses refunds'
         promptctl rollback support/triage
         promptctl rollback support/triage
         promptctl releases support/triage
         git tag --list --format='%(refname:short) %(contents:subject) %(contents:trailers:key=Under)' prompts/support/triage/production/*"
    ), @"
    $ promptctl rollback support/triage -m 'Refuses refunds'
    support/triage rolled back to v2 in production (was v3)
      goes:       v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v2; a service with a snapshot has v3 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v3
    $ promptctl rollback support/triage
    support/triage rolled back to v1 in production (was v2)
      goes:       v2, brought back by Ada 1 hour ago (2026-11-03 11:00 UTC): Refuses refunds
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v2
    $ promptctl rollback support/triage
    error[P213]: there is nothing to roll support/triage back to in production: nothing was live before v1
      hint: promptctl publish support/triage@vN --env production releases another version
      hint: promptctl unpublish support/triage --env production takes it out
    [exit 1]
    $ promptctl releases support/triage
    5	production	v1	rollback	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Roll support/triage back to v1 in production
    4	production	v2	rollback	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Refuses refunds
    3	production	v3	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v3 to production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    $ git tag --list --format='%(refname:short) %(contents:subject) %(contents:trailers:key=Under)' prompts/support/triage/production/*
    prompts/support/triage/production/1 Publish support/triage v1 to production Under: none

    prompts/support/triage/production/2 Publish support/triage v2 to production Under: 1

    prompts/support/triage/production/3 Publish support/triage v3 to production Under: 2

    prompts/support/triage/production/4 Refuses refunds Under: 1

    prompts/support/triage/production/5 Roll support/triage back to v1 in production Under: none
    ");
    assert_eq!(live(&repo), 1);
}

#[test]
fn a_release_after_a_rollback_stands_on_what_was_rolled_back_to() {
    let env = TestEnv::new();
    let repo = three_releases(&env);
    repo.ok("promptctl rollback support/triage");
    repo.ok("promptctl publish support/triage@v3");
    repo.ok("promptctl rollback support/triage");
    assert_eq!(live(&repo), 2);
    repo.ok("promptctl rollback support/triage");
    assert_eq!(live(&repo), 1);
}

#[test]
fn to_goes_to_a_version_further_down() {
    let env = TestEnv::new();
    let repo = three_releases(&env);
    assert_snapshot!(repo.play(
        "promptctl rollback support/triage --to v3
         promptctl rollback support/triage --to v9
         promptctl rollback support/triage --to v1
         promptctl rollback support/triage --to v2
         promptctl rollback support/triage"
    ), @"
    $ promptctl rollback support/triage --to v3
    support/triage v3 is live in production already (Ada made release 3): nothing to do
    $ promptctl rollback support/triage --to v9
    error[P202]: support/triage has no v9
      hint: promptctl history support/triage shows its versions
      hint: a rollback can return to v2, v1
    [exit 1]
    $ promptctl rollback support/triage --to v1
    support/triage rolled back to v1 in production (was v3)
      goes:       v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v1; a service with a snapshot has v3 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v3
    $ promptctl rollback support/triage --to v2
    error[P214]: v2 is not below the active release of support/triage in production
      hint: promptctl publish support/triage@v2 --env production releases any version
    [exit 1]
    $ promptctl rollback support/triage
    error[P213]: there is nothing to roll support/triage back to in production: nothing was live before v1
      hint: promptctl publish support/triage@vN --env production releases another version
      hint: promptctl unpublish support/triage --env production takes it out
    [exit 1]
    ");
    assert_eq!(live(&repo), 1);
}

#[test]
fn to_takes_the_topmost_entry_of_that_version() {
    let env = TestEnv::new();
    let repo = three_releases(&env);
    repo.ok("promptctl publish support/triage@v1");
    repo.ok("promptctl publish support/triage@v3");
    // The stack from the top: v3, v1, v3, v2, v1.
    repo.ok("promptctl rollback support/triage --to v1");
    repo.ok("promptctl rollback support/triage");
    assert_eq!(live(&repo), 3);
}

#[test]
fn unpublish_takes_out_and_rollback_restores() {
    let env = TestEnv::new();
    let repo = three_releases(&env);
    assert_snapshot!(repo.play(
        "promptctl unpublish support/triage -m 'Legal asked'
         promptctl unpublish support/triage
         promptctl get support/triage@production
         promptctl get --all
         promptctl status
         promptctl rollback support/triage
         promptctl rollback support/triage
         promptctl releases support/triage"
    ), @"
    $ promptctl unpublish support/triage -m 'Legal asked'
    support/triage unpublished from production (was v3)
    live in production now: nothing of support/triage; a service with a snapshot has v3 until it is deployed again
    hint: to undo it: promptctl rollback support/triage
    $ promptctl unpublish support/triage
    support/triage is not live in production: nothing to do
    $ promptctl get support/triage@production
    error[P203]: support/triage is not live in production: Ada unpublished it (release 4)
      hint: promptctl rollback support/triage --env production brings it back
    [exit 1]
    $ promptctl get --all
    error: --all prints a snapshot for programs
      hint: promptctl get --all --env production --format json
    [exit 2]
    $ promptctl status
    production	support/triage	-	v3	2026-11-03T11:00:00Z	Ada	unpublished
    $ promptctl rollback support/triage
    support/triage rolled back to v3 in production
      goes:       nothing, since Ada unpublished it 1 hour ago (2026-11-03 11:00 UTC): Legal asked
      comes back: v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v3; a service with a snapshot has none of it until it is deployed again
    hint: to undo it: promptctl unpublish support/triage
    $ promptctl rollback support/triage
    support/triage rolled back to v2 in production (was v3)
      goes:       v3, brought back by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v2; a service with a snapshot has v3 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v3
    $ promptctl releases support/triage
    6	production	v2	rollback	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Roll support/triage back to v2 in production
    5	production	v3	rollback	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Roll support/triage back to v3 in production
    4	production	v3	unpublish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Legal asked
    3	production	v3	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v3 to production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    ");
    assert_eq!(live(&repo), 2);
}

#[test]
fn publishing_after_an_unpublish_has_an_empty_entry_below() {
    let env = TestEnv::new();
    let repo = three_releases(&env);
    repo.ok("promptctl unpublish support/triage");
    repo.ok("promptctl publish support/triage@v3");
    assert_snapshot!(repo.play(
        "promptctl rollback support/triage
         promptctl rollback support/triage --to v2"
    ), @"
    $ promptctl rollback support/triage
    error[P213]: before v3 nothing of support/triage was live in production: release 4 had unpublished it
      hint: promptctl rollback support/triage --env production --to v3 goes further back
      hint: promptctl unpublish support/triage --env production takes it out
    [exit 1]
    $ promptctl rollback support/triage --to v2
    support/triage rolled back to v2 in production (was v3)
      goes:       v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v2; a service with a snapshot has v3 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v3
    ");
    assert_eq!(live(&repo), 2);
}

#[test]
fn nothing_to_go_back_to() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl rollback support/triage
         promptctl unpublish support/triage
         promptctl rollback support/triage --env staging
         promptctl rollback nobody
         promptctl unpublish nobody"
    ), @"
    $ promptctl rollback support/triage
    error[P203]: support/triage was never published to production
      hint: promptctl publish support/triage --env production
    [exit 1]
    $ promptctl unpublish support/triage
    error[P203]: support/triage was never published to production
      hint: promptctl publish support/triage --env production
    [exit 1]
    $ promptctl rollback support/triage --env staging
    error[P257]: there is no environment staging: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: the environments are production
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env staging --create-env
    [exit 2]
    $ promptctl rollback nobody
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
    [exit 1]
    $ promptctl unpublish nobody
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
    [exit 1]
    ");
    repo.ok("promptctl publish support/triage");
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl rollback support/triage
         promptctl rollback support/triage --env staging"
    ), @"
    $ promptctl rollback support/triage
    error[P213]: there is nothing to roll support/triage back to in production: nothing was live before v1
      hint: promptctl publish support/triage@vN --env production releases another version
      hint: promptctl unpublish support/triage --env production takes it out
    [exit 1]
    $ promptctl rollback support/triage --env staging
    error[P257]: there is no environment staging: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: the environments are production
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env staging --create-env
    [exit 2]
    ");
    assert_eq!(repo.refs(), before);
}

#[test]
fn environments_have_stacks_of_their_own() {
    let env = TestEnv::new();
    let repo = three_releases(&env);
    repo.ok("promptctl publish support/triage@v1 --env staging --create-env");
    repo.ok("promptctl publish support/triage@v3 --env staging");
    repo.ok("promptctl rollback support/triage --env staging");
    assert_snapshot!(repo.play("promptctl status"), @"
    $ promptctl status
    production	support/triage	v3	-	2026-11-03T11:00:00Z	Ada	
    staging	support/triage	v1	v3	2026-11-03T11:00:00Z	Ada
    ");
}

#[test]
fn a_rollback_shows_what_callers_meet_again() {
    let env = TestEnv::new();
    let repo = env.repo();
    let old = TRIAGE.replace("openai/gpt-5-mini", "openai/gpt-4-32k");
    repo.add("support/triage", &old);
    repo.ok("promptctl publish support/triage");
    repo.replace(
        "prompts/support/triage.prompt.yml",
        "gpt-4-32k",
        "gpt-5-mini",
    );
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
    repo.next_version("support/triage", "{{ticket}}", "{{customer}}: {{ticket}}");
    repo.ok("promptctl publish support/triage");
    assert_snapshot!(repo.play("promptctl rollback support/triage"), @"
    $ promptctl rollback support/triage
    support/triage rolled back to v1 in production (was v2)
      goes:       v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      breaking: variable `customer` was removed: what callers pass for it has no effect
    live in production now: support/triage v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v2
    ");
}

#[test]
fn a_model_that_has_ended_is_warned_of_and_no_obstacle() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add(
        "support/triage",
        &TRIAGE.replace("openai/gpt-5-mini", "openai/gpt-4o"),
    );
    repo.ok("promptctl publish support/triage");
    for (from, to) in [("gpt-4o", "gpt-5-mini"), ("gpt-5-mini", "gpt-5")] {
        repo.next_version("support/triage", from, to);
        repo.ok("promptctl publish support/triage");
    }
    assert_snapshot!(repo.at("2026-12-24T12:00:00Z").play("promptctl rollback support/triage --dry-run --to v1"), @"
    $ promptctl rollback support/triage --dry-run --to v1
    support/triage would be rolled back to v1 in production (was v3)
      would make the tag prompts/support/triage/production/4
      goes:       v3, published by Ada 1 month ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 month ago (2026-11-03 11:00 UTC)
    --- stderr
    warning: the model openai/gpt-4o of v1 ends on 2027-01-14, in 21 days
    ");
    assert_snapshot!(repo.at("2027-02-01T12:00:00Z").play("promptctl rollback support/triage --to v1"), @"
    $ promptctl rollback support/triage --to v1
    support/triage rolled back to v1 in production (was v3)
      goes:       v3, published by Ada 3 months ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 3 months ago (2026-11-03 11:00 UTC)
    warning: the model openai/gpt-4o of v1 was shut down on 2027-01-14
    live in production now: support/triage v1; a service with a snapshot has v3 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v3
    ");
}

#[test]
fn a_deleted_prompt_can_still_be_rolled_back() {
    let env = TestEnv::new();
    let repo = three_releases(&env);
    repo.git("rm --quiet prompts/support/triage.prompt.yml");
    repo.git("commit --quiet --message 'Not needed'");
    assert_snapshot!(repo.play(
        "promptctl status
         promptctl rollback support/triage
         promptctl unpublish support/triage
         promptctl status"
    ), @"
    $ promptctl status
    production	support/triage	v3	-	2026-11-03T11:00:00Z	Ada	file deleted, still live
    $ promptctl rollback support/triage
    support/triage rolled back to v2 in production (was v3)
      goes:       v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v2; a service with a snapshot has v3 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v3
    $ promptctl unpublish support/triage
    support/triage unpublished from production (was v2)
    live in production now: nothing of support/triage; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl rollback support/triage
    $ promptctl status
    production	support/triage	-	-	2026-11-03T11:00:00Z	Ada	unpublished
    ");
}

#[test]
fn the_answer_for_scripts() {
    let env = TestEnv::new();
    let repo = three_releases(&env);
    assert_snapshot!(repo.play(
        "promptctl rollback support/triage --format json
         promptctl unpublish support/triage --format json
         promptctl unpublish support/triage --format json"
    ), @r#"
    $ promptctl rollback support/triage --format json
    {
      "schema": 1,
      "changes": [
        {
          "name": "support/triage",
          "environment": "production",
          "action": "rollback",
          "from": 3,
          "to": 2,
          "tags": [
            "prompts/support/triage/production/4"
          ],
          "pushed": false
        }
      ]
    }
    $ promptctl unpublish support/triage --format json
    {
      "schema": 1,
      "changes": [
        {
          "name": "support/triage",
          "environment": "production",
          "action": "unpublish",
          "from": 2,
          "to": null,
          "tags": [
            "prompts/support/triage/production/5"
          ],
          "pushed": false
        }
      ]
    }
    $ promptctl unpublish support/triage --format json
    {
      "schema": 1,
      "changes": []
    }
    --- stderr
    support/triage is not live in production: nothing to do
    "#);
    assert_eq!(
        repo.fails("promptctl rollback support/triage --to v9 --format json")
            .error()["code"],
        "P202"
    );
}

#[test]
fn a_version_that_does_not_exist_is_told_as_such() {
    let env = TestEnv::new();
    let repo = three_releases(&env);
    repo.next_version("support/triage", "maxTokens: 400", "maxTokens: 200");
    assert_snapshot!(repo.play(
        "promptctl rollback support/triage --to v9
         promptctl rollback support/triage --to v4"
    ), @"
    $ promptctl rollback support/triage --to v9
    error[P202]: support/triage has no v9
      hint: promptctl history support/triage shows its versions
      hint: a rollback can return to v2, v1
    [exit 1]
    $ promptctl rollback support/triage --to v4
    error[P214]: v4 is not below the active release of support/triage in production
      hint: a rollback can return to v2, v1
      hint: promptctl publish support/triage@v4 --env production releases any version
    [exit 1]
    ");
}

#[test]
fn of_several_prompts_each_keeps_its_own_reason() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.add("other", SMALL);
    ada.ok("promptctl publish --quiet --all");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.next_version("other", "Hello", "Good day to you");
    ada.ok("promptctl publish --quiet --all");
    ada.git("push --quiet");
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch --quiet");
    ada.ok("promptctl rollback --quiet support/triage");
    ada.ok("promptctl rollback --quiet other");
    // Both were rolled back without bob's knowledge, and this is the only time that it can be said.
    let run = bob.run("promptctl rollback other support/triage");
    assert_eq!(run.code, Some(3), "{run}");
    for name in ["other", "support/triage"] {
        let reason = format!("error[P253]: Ada has rolled {name} back to v1");
        assert!(run.stderr.contains(&reason), "{run}");
    }
    assert_eq!(
        run.stderr
            .matches("none of them was rolled back: other, support/triage")
            .count(),
        1,
        "{run}"
    );
}

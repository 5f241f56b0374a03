//! Releases through a remote, which is the truth.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TestEnv, hook};

pub(crate) fn origin(env: &TestEnv) -> Shell {
    env.root().cd("origin.git")
}

#[test]
fn both_tags_arrive_in_one_push() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    hook(
        &origin(&env),
        "hooks/pre-receive",
        "cut -d' ' -f3 >> pushes; echo . >> pushes",
    );
    assert_snapshot!(ada.play("promptctl publish support/triage -m Approved"), @"
    $ promptctl publish support/triage -m Approved
    support/triage v1 published to production, and the remote has it
    ");
    assert_snapshot!(origin(&env).read("pushes"), @"
    refs/tags/prompts/support/triage/v1
    refs/tags/prompts/support/triage/production/1
    .
    ");
    assert_eq!(origin(&env).tags(), ada.tags());
}

#[test]
fn a_second_release_of_a_version_sends_one_tag() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage --env staging --create-env");
    hook(
        &origin(&env),
        "hooks/pre-receive",
        "cut -d' ' -f3 >> pushes",
    );
    ada.ok("promptctl publish support/triage");
    assert_eq!(
        origin(&env).read("pushes"),
        "refs/tags/prompts/support/triage/production/1\n"
    );
}

#[test]
fn a_clone_that_knows_nothing_decides_by_what_the_remote_says() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let bob = env.clone_of_origin("Bob");
    ada.publish_versions(2);
    // Bob has not fetched for a week, and has none of these tags.
    assert_eq!(bob.tags(), "");
    assert_snapshot!(bob.play("promptctl rollback support/triage -m 'Refuses refunds'"), @"
    $ promptctl rollback support/triage -m 'Refuses refunds'
    support/triage rolled back to v1 in production (was v2), and the remote has it
      goes:       v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v2
    ");
    assert_snapshot!(bob.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    support/triage v1 is live in production already: nothing to do
    ");
}

#[test]
fn nothing_to_do_means_that_the_remote_agrees() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl unpublish support/triage");
    assert_snapshot!(ada.play(
        "promptctl get support/triage@production --format text
         promptctl publish support/triage@v1
         promptctl publish support/triage"
    ), @r#"
    $ promptctl get support/triage@production --format text
    name: Support triage
    description: Sorts an incoming ticket.   # for the support team
    version: 1
    digest: xxxxxxxxxxxx
    tags: [tickets]
    category: support
    model: openai/gpt-5-mini
    modelParameters:
      maxTokens: 800        # room for the draft
    input:
      schema:
        type: object
        required: [ticket]
        properties:
          ticket: {type: string}
          locale: {type: string, default: en}
    messages:
      - role: system
        content: |
          You sort support tickets. Answer in {{locale}}.
          Say which queue the ticket belongs to: billing or tech.
      - role: user
        content: "{{ticket}}"
    $ promptctl publish support/triage@v1
    support/triage v1 published to production, and the remote has it
    $ promptctl publish support/triage
    support/triage v1 is live in production already: nothing to do
    "#);
}

#[test]
fn tags_made_without_a_push_are_pending_and_not_live() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl fetch");
    assert_snapshot!(ada.play(
        "promptctl publish support/triage --no-push
         promptctl get support/triage@production
         promptctl status
         promptctl releases support/triage
         promptctl publish support/triage"
    ), @"
    $ promptctl publish support/triage --no-push
    support/triage v1 published to production, pending until it is sent
    warning: the tags are pending: nothing is live until the remote has them
    hint: promptctl push
    $ promptctl get support/triage@production
    error[P203]: support/triage was never published to production
      hint: promptctl publish support/triage --env production
    [exit 1]
    $ promptctl status
    production	support/triage	-	v1	-	-	pending: v1
    --- stderr
    warning: 2 tags are pending: the remote has not confirmed them
    hint: promptctl push sends them
    $ promptctl releases support/triage
    1	production	v1	publish	pending	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    --- stderr
    hint: pending releases are not live: promptctl push sends them
    $ promptctl publish support/triage
    error[P218]: release 1 of support/triage in production is pending: it was made here and never sent
      hint: promptctl push support/triage sends it first
    [exit 1]
    ");
    assert_eq!(origin(&env).tags(), "");
    assert_snapshot!(ada.play(
        "promptctl push
         promptctl push
         promptctl status"
    ), @"
    $ promptctl push
    sent prompts/support/triage/v1
    sent prompts/support/triage/production/1
    $ promptctl push
    nothing to send: the remote has every tag that was made here
    $ promptctl status
    production	support/triage	v1	-	2026-11-03T11:00:00Z	Ada
    ");
    assert_eq!(origin(&env).tags(), ada.tags());
}

#[test]
fn several_pending_releases_are_sent_in_their_order() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl fetch");
    ada.ok("promptctl publish support/triage --no-push");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.ok("promptctl publish support/triage --no-push");
    ada.ok("promptctl rollback support/triage --no-push");
    ada.ok("promptctl publish support/triage --env staging --create-env --no-push");
    assert_snapshot!(ada.play(
        "promptctl releases support/triage
         promptctl push
         promptctl releases support/triage"
    ), @"
    $ promptctl releases support/triage
    3	production	v1	rollback	pending	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Roll support/triage back to v1 in production
    2	production	v2	publish	pending	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	pending	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    1	staging	v2	publish	pending	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to staging
    --- stderr
    hint: pending releases are not live: promptctl push sends them
    $ promptctl push
    sent prompts/support/triage/v1
    sent prompts/support/triage/production/1
    sent prompts/support/triage/v2
    sent prompts/support/triage/production/2
    sent prompts/support/triage/production/3
    sent prompts/support/triage/staging/1
    $ promptctl releases support/triage
    3	production	v1	rollback	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Roll support/triage back to v1 in production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    1	staging	v2	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to staging
    ");
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch");
    assert_eq!(
        bob.json("promptctl get support/triage@production --format json")["version"],
        1
    );
}

#[test]
fn pending_tags_that_lost_are_told_and_discarded_by_doctor() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl fetch");
    let bob = env.clone_of_origin("Bob");
    ada.ok("promptctl publish support/triage --no-push");
    bob.ok("promptctl publish support/triage -m 'I was first'");
    assert_snapshot!(ada.play(
        "promptctl push
         promptctl releases support/triage
         promptctl doctor
         promptctl doctor --fix
         promptctl releases support/triage
         promptctl push"
    ), @"
    $ promptctl push
    warning: prompts/support/triage/v1 is lost: somebody was faster
    warning: prompts/support/triage/production/1 is lost: somebody was faster
    warning: Bob published support/triage v1 in production at 2026-11-03T11:00:00Z (release 1)
    hint: promptctl doctor --fix discards what is lost; what is still wanted is published again
    [exit 1]
    $ promptctl releases support/triage
    1	production	v1	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Bob	I was first
    $ promptctl doctor
    error[P218]: the tag prompts/support/triage/v1 was made here and lost: somebody was faster at origin
      at: prompts/support/triage/v1
      help: promptctl doctor --fix
    error[P218]: the tag prompts/support/triage/production/1 was made here and lost: somebody was faster at origin
      at: prompts/support/triage/production/1
      help: promptctl doctor --fix
    2 errors, 0 warnings
    [exit 3]
    $ promptctl doctor --fix
    2 of 2 troubles fixed
    everything is sound
    $ promptctl releases support/triage
    1	production	v1	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Bob	I was first
    $ promptctl push
    nothing to send: the remote has every tag that was made here
    ");
    assert_eq!(
        ada.git("rev-parse prompts/support/triage/production/1"),
        origin(&env).git("rev-parse prompts/support/triage/production/1")
    );
}

#[test]
fn a_rollback_is_possible_with_a_pending_release() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.ok("promptctl publish support/triage");
    ada.next_version("support/triage", "maxTokens: 600", "maxTokens: 400");
    ada.ok("promptctl publish support/triage --no-push");
    assert_snapshot!(ada.play(
        "promptctl rollback support/triage -m 'Refuses refunds'
         promptctl releases support/triage
         promptctl doctor"
    ), @"
    $ promptctl rollback support/triage -m 'Refuses refunds'
    support/triage rolled back to v1 in production (was v2), and the remote has it
      goes:       v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v2
    $ promptctl releases support/triage
    3	production	v1	rollback	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Refuses refunds
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    $ promptctl doctor
    warning[P218]: the tag prompts/support/triage/v3 is pending: origin has not confirmed it
      at: prompts/support/triage/v3
      help: promptctl push
    error[P218]: the tag prompts/support/triage/production/3 was made here and lost: somebody was faster at origin
      at: prompts/support/triage/production/3
      help: promptctl doctor --fix
    1 error, 1 warning
    [exit 3]
    ");
}

#[test]
fn without_a_remote_there_is_nothing_to_fetch_or_push() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl fetch
         promptctl push"
    ), @"
    $ promptctl fetch
    error[P215]: this repository has no remote
      hint: git remote add origin URL
    [exit 1]
    $ promptctl push
    error[P215]: this repository has no remote
      hint: git remote add origin URL
    [exit 1]
    ");
}

#[test]
fn fetch_says_what_is_new_and_sets_the_clone_up() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let bob = env.clone_of_origin("Bob");
    ada.ok("promptctl publish support/triage");
    assert_snapshot!(bob.play(
        "promptctl fetch
         promptctl fetch
         git config --get-all remote.origin.fetch"
    ), @"
    $ promptctl fetch
    2 new tags from origin
    $ promptctl fetch
    origin has nothing new
    $ git config --get-all remote.origin.fetch
    +refs/heads/*:refs/remotes/origin/*
    +refs/tags/prompts/*:refs/promptctl/origin/prompts/*
    ");
    ada.ok("promptctl publish support/triage --env staging --create-env");
    bob.ok("git fetch --quiet --prune --prune-tags");
    assert_eq!(
        bob.json("promptctl get support/triage@staging --format json")["version"],
        1
    );
    assert_snapshot!(bob.play("promptctl fetch --format json"), @r#"
    $ promptctl fetch --format json
    {
      "schema": 1,
      "remote": "origin",
      "new": [],
      "gone": [],
      "moved": [],
      "refused": [],
      "pending": [],
      "foreign": []
    }
    "#);
}

#[test]
fn all_goes_in_one_push() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.add("greeting", SMALL);
    hook(
        &origin(&env),
        "hooks/pre-receive",
        "cut -d' ' -f3 >> pushes; echo . >> pushes",
    );
    assert_snapshot!(ada.play("promptctl publish --all"), @"
    $ promptctl publish --all
    greeting v1 published to production, and the remote has it
    support/triage v1 published to production, and the remote has it
    warning: the commit xxxxxxxxxxxx of greeting, support/triage is on no branch of the remote that this clone knows
    hint: git push sends the branch, or git fetch, where somebody did; `requireBranch` in promptctl.yaml makes it a rule
    ");
    assert_snapshot!(origin(&env).read("pushes"), @"
    refs/tags/prompts/greeting/v1
    refs/tags/prompts/greeting/production/1
    refs/tags/prompts/support/triage/v1
    refs/tags/prompts/support/triage/production/1
    .
    ");
    assert_snapshot!(ada.play("promptctl publish --all"), @"
    $ promptctl publish --all
    nothing to publish: no version is above those released in production
    ");
}

#[test]
fn another_remote_can_be_the_truth() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    env.root().ok("git init --quiet --bare upstream.git");
    ada.git("remote add upstream ../upstream.git");
    ada.write("promptctl.yaml", "remote: upstream\n");
    ada.git("commit --quiet --all --message Upstream");
    ada.ok("promptctl publish support/triage");
    assert_eq!(origin(&env).tags(), "");
    assert_eq!(env.root().cd("upstream.git").tags(), ada.tags());
    ada.write("promptctl.yaml", "remote: nowhere\n");
    assert_snapshot!(ada.play("promptctl publish support/triage@HEAD --env staging --create-env"), @"
    $ promptctl publish support/triage@HEAD --env staging --create-env
    error[P226]: `remote` names nowhere, which is not a remote of this clone
      at: promptctl.yaml
      hint: git remote add nowhere URL
    [exit 1]
    ");
}

//! Tags that `promptctl` did not make, or that somebody deleted: an error that names the command
//! which helps, never an answer.

use insta::assert_snapshot;

use crate::env::{Shell, TestEnv};

const FILE: &str = "prompts/support/triage.prompt.yml";

/// Versions 1 to 3 published in turn, without a remote.
fn released(env: &TestEnv) -> Shell {
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

const EVERYTHING: &str = "
    promptctl get support/triage@production
    promptctl publish support/triage@v1
    promptctl rollback support/triage
    promptctl releases support/triage
    promptctl status
    promptctl doctor";

#[test]
fn a_gap() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.git("tag --delete prompts/support/triage/production/2");
    let before = repo.refs();
    assert_snapshot!(repo.play(EVERYTHING), @"
    $ promptctl get support/triage@production
    error[P209]: release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched
      hint: git fsck --no-reflogs --unreachable lists the deleted tags that git still has
      hint: git update-ref refs/tags/prompts/support/triage/production/2 ID puts one back
    [exit 1]
    $ promptctl publish support/triage@v1
    error[P209]: release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched
      hint: git fsck --no-reflogs --unreachable lists the deleted tags that git still has
      hint: git update-ref refs/tags/prompts/support/triage/production/2 ID puts one back
    [exit 1]
    $ promptctl rollback support/triage
    error[P209]: release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched
      hint: git fsck --no-reflogs --unreachable lists the deleted tags that git still has
      hint: git update-ref refs/tags/prompts/support/triage/production/2 ID puts one back
    [exit 1]
    $ promptctl releases support/triage
    error[P209]: release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched
      hint: git fsck --no-reflogs --unreachable lists the deleted tags that git still has
      hint: git update-ref refs/tags/prompts/support/triage/production/2 ID puts one back
    [exit 1]
    $ promptctl status
    production	support/triage	-	v3	-	-	unsound
    --- stderr
    warning: release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched
    $ promptctl doctor
    error[P209]: release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched
      at: prompts/support/triage/production/2
      help: git update-ref refs/tags/prompts/support/triage/production/2 <id>
    1 error, 0 warnings
    [exit 3]
    ");
    assert_eq!(repo.refs(), before);
}

#[test]
fn the_newest_release_deleted_here_is_still_in_the_mirror() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    ada.ok("promptctl unpublish support/triage");
    ada.git("tag --delete prompts/support/triage/production/2");
    assert_snapshot!(ada.play("promptctl get support/triage@production"), @"
    $ promptctl get support/triage@production
    error[P203]: support/triage is not live in production: Ada unpublished it (release 2)
      hint: promptctl rollback support/triage --env production brings it back
    [exit 1]
    ");
}

#[test]
fn a_gap_at_the_remote() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    for line in ["publish", "unpublish", "rollback"] {
        ada.ok(&format!("promptctl {line} support/triage"));
    }
    env.root()
        .cd("origin.git")
        .git("tag --delete prompts/support/triage/production/2");
    // Nothing is lost here until the mirror agrees with the remote.
    ada.ok("promptctl get support/triage@production");
    assert_snapshot!(ada.play(
        "promptctl unpublish support/triage
         promptctl fetch
         promptctl get support/triage@production"
    ), @"
    $ promptctl unpublish support/triage
    error[P209]: release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched
      hint: promptctl fetch brings the tags that the remote has
      hint: a clone that still has it can put it back: git push origin refs/tags/prompts/support/triage/production/2
    [exit 1]
    $ promptctl fetch
    origin has nothing new
    warning: 1 tag is pending: the remote has not confirmed them
    hint: promptctl push sends them
    $ promptctl get support/triage@production
    error[P209]: release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched
      hint: promptctl fetch brings the tags that the remote has
      hint: a clone that still has it can put it back: git push origin refs/tags/prompts/support/triage/production/2
    [exit 1]
    ");
    // The hint works: another clone, here this one, still has the tag.
    ada.ok("git push --quiet origin refs/tags/prompts/support/triage/production/2");
    ada.ok("promptctl unpublish support/triage");
}

#[test]
fn a_lightweight_tag_in_the_place_of_a_release() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.git("tag prompts/support/triage/production/4");
    assert_snapshot!(repo.play(EVERYTHING), @"
    $ promptctl get support/triage@production
    error[P210]: the tag prompts/support/triage/production/4 is not annotated: promptctl did not make it
      hint: look at it with git show prompts/support/triage/production/4, then remove it: git tag -d prompts/support/triage/production/4
    [exit 1]
    $ promptctl publish support/triage@v1
    error[P210]: the tag prompts/support/triage/production/4 is not annotated: promptctl did not make it
      hint: look at it with git show prompts/support/triage/production/4, then remove it: git tag -d prompts/support/triage/production/4
    [exit 1]
    $ promptctl rollback support/triage
    error[P210]: the tag prompts/support/triage/production/4 is not annotated: promptctl did not make it
      hint: look at it with git show prompts/support/triage/production/4, then remove it: git tag -d prompts/support/triage/production/4
    [exit 1]
    $ promptctl releases support/triage
    error[P210]: the tag prompts/support/triage/production/4 is not annotated: promptctl did not make it
      hint: look at it with git show prompts/support/triage/production/4, then remove it: git tag -d prompts/support/triage/production/4
    [exit 1]
    $ promptctl status
    production	support/triage	-	v3	-	-	unsound
    --- stderr
    warning: the tag prompts/support/triage/production/4 is not annotated: promptctl did not make it
    $ promptctl doctor
    error[P210]: the tag prompts/support/triage/production/4 is not annotated: promptctl did not make it
      at: prompts/support/triage/production/4
      help: git tag -d prompts/support/triage/production/4
    1 error, 0 warnings
    [exit 3]
    ");
}

#[test]
fn a_lightweight_tag_in_the_place_of_a_version() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.next_version("support/triage", "maxTokens: 400", "maxTokens: 200");
    repo.git("tag prompts/support/triage/v4");
    assert_snapshot!(repo.play(
        "promptctl publish support/triage
         promptctl get support/triage@v4
         promptctl history support/triage
         promptctl doctor"
    ), @"
    $ promptctl publish support/triage
    error[P210]: the tag prompts/support/triage/v4 is not annotated: promptctl did not make it
      hint: look at it with git show prompts/support/triage/v4, then remove it: git tag -d prompts/support/triage/v4
    [exit 1]
    $ promptctl get support/triage@v4
    error[P210]: the tag prompts/support/triage/v4 is not annotated: promptctl did not make it
      hint: look at it with git show prompts/support/triage/v4, then remove it: git tag -d prompts/support/triage/v4
    [exit 1]
    $ promptctl history support/triage
    v4	published	behavior	xxxxxxxxxxxx	1 hour ago	Ada	Change
    v3	production	behavior	xxxxxxxxxxxx	1 hour ago	Ada	Change
    v2	published	behavior	xxxxxxxxxxxx	1 hour ago	Ada	Change
    v1	published	-	xxxxxxxxxxxx	1 hour ago	Ada	Add support/triage
    $ promptctl doctor
    error[P210]: the tag prompts/support/triage/v4 is not annotated: promptctl did not make it
      at: prompts/support/triage/v4
      help: git tag -d prompts/support/triage/v4
    1 error, 0 warnings
    [exit 3]
    ");
}

#[test]
fn an_annotated_tag_without_trailers() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.git("tag --annotate --message 'By hand' prompts/support/triage/production/4");
    assert_snapshot!(repo.play(EVERYTHING), @"
    $ promptctl get support/triage@production
    error[P210]: the tag prompts/support/triage/production/4 has no trailers: promptctl did not make it
      hint: look at it with git show prompts/support/triage/production/4, then remove it: git tag -d prompts/support/triage/production/4
    [exit 1]
    $ promptctl publish support/triage@v1
    error[P210]: the tag prompts/support/triage/production/4 has no trailers: promptctl did not make it
      hint: look at it with git show prompts/support/triage/production/4, then remove it: git tag -d prompts/support/triage/production/4
    [exit 1]
    $ promptctl rollback support/triage
    error[P210]: the tag prompts/support/triage/production/4 has no trailers: promptctl did not make it
      hint: look at it with git show prompts/support/triage/production/4, then remove it: git tag -d prompts/support/triage/production/4
    [exit 1]
    $ promptctl releases support/triage
    error[P210]: the tag prompts/support/triage/production/4 has no trailers: promptctl did not make it
      hint: look at it with git show prompts/support/triage/production/4, then remove it: git tag -d prompts/support/triage/production/4
    [exit 1]
    $ promptctl status
    production	support/triage	-	v3	-	-	unsound
    --- stderr
    warning: the tag prompts/support/triage/production/4 has no trailers: promptctl did not make it
    $ promptctl doctor
    error[P210]: the tag prompts/support/triage/production/4 has no trailers: promptctl did not make it
      at: prompts/support/triage/production/4
      help: git tag -d prompts/support/triage/production/4
    1 error, 0 warnings
    [exit 3]
    ");
}

#[test]
fn a_release_that_disagrees_with_its_version() {
    let env = TestEnv::new();
    let repo = released(&env);
    let message = repo.git("tag --list --format=%(contents) prompts/support/triage/production/3");
    repo.write("../message", message);
    repo.git("tag --annotate --cleanup=verbatim --file ../message prompts/support/triage/production/4 HEAD~1");
    assert_snapshot!(repo.play(EVERYTHING), @"
    $ promptctl get support/triage@production
    error[P211]: release 4 of support/triage in production disagrees with the tag of v3
      hint: promptctl publish support/triage@vN --env production makes a sound release
    [exit 1]
    $ promptctl publish support/triage@v1
    support/triage v1 published to production (was v3)
    $ promptctl rollback support/triage
    support/triage rolled back to v2 in production (was v1)
    $ promptctl releases support/triage
    6	production	v2	rollback	active	xxxxxxxxxxxx	1 hour ago	Ada	Roll support/triage back to v2 in production
    5	production	v1	publish	-	xxxxxxxxxxxx	1 hour ago	Ada	Publish support/triage v1 to production
    4	production	v3	publish	-	xxxxxxxxxxxx	1 hour ago	Ada	Publish support/triage v3 to production
    3	production	v3	publish	-	xxxxxxxxxxxx	1 hour ago	Ada	Publish support/triage v3 to production
    2	production	v2	publish	-	xxxxxxxxxxxx	1 hour ago	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	1 hour ago	Ada	Publish support/triage v1 to production
    $ promptctl status
    production	support/triage	v2	v3	1 hour ago	Ada	
    $ promptctl doctor
    everything is sound
    ");
}

#[test]
fn a_version_tag_whose_commit_holds_other_content() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.ok("promptctl publish support/triage");
    let message = repo.git("tag --list --format=%(contents) prompts/support/triage/v2");
    repo.write("../message", message);
    repo.git("tag --force --annotate --cleanup=verbatim --file ../message prompts/support/triage/v2 HEAD~1");
    assert_snapshot!(repo.play(
        "promptctl get support/triage@v2
         promptctl get support/triage@production
         promptctl doctor"
    ), @"
    $ promptctl get support/triage@v2
    error[P211]: the tag prompts/support/triage/v2 does not hold the content that its message names
      hint: the tag was made or moved by hand: promptctl doctor tells what is wrong
    [exit 1]
    $ promptctl get support/triage@production
    error[P211]: release 1 of support/triage in production disagrees with the tag of v2
      hint: promptctl publish support/triage@vN --env production makes a sound release
    [exit 1]
    $ promptctl doctor
    error[P211]: the tag prompts/support/triage/v2 does not hold the content that its message names
      at: prompts/support/triage/v2
      help: git update-ref refs/tags/prompts/support/triage/v2 <id>
    1 error, 0 warnings
    [exit 3]
    ");
}

#[test]
fn a_release_without_its_version_tag() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.git("tag --delete prompts/support/triage/v3");
    assert_snapshot!(repo.play(
        "promptctl get support/triage@production
         promptctl status
         promptctl doctor"
    ), @"
    $ promptctl get support/triage@production
    error[P211]: release 3 of support/triage in production names v3, which has no tag
      hint: promptctl publish support/triage@vN --env production makes a sound release
    [exit 1]
    $ promptctl status
    production	support/triage	-	v3	-	-	unsound
    --- stderr
    warning: release 3 of support/triage in production names v3, which has no tag
    $ promptctl doctor
    error[P211]: release 3 of support/triage in production names v3, which has no tag
      help: git update-ref refs/tags/prompts/support/triage/v3 <id>
    1 error, 0 warnings
    [exit 3]
    ");
}

#[test]
fn one_broken_prompt_does_not_hide_the_others() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.add("greeting", crate::env::SMALL);
    repo.ok("promptctl publish greeting");
    repo.git("tag --delete prompts/support/triage/production/2");
    assert_snapshot!(repo.play(
        "promptctl list
         promptctl status
         promptctl get --all --format json"
    ), @r#"
    $ promptctl list
    greeting	v1	production v1	openai/gpt-5-mini	
    support/triage	v3	-	openai/gpt-5-mini	Support triage
    --- stderr
    warning: release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched
    $ promptctl status
    production	greeting	v1	-	1 hour ago	Ada	
    production	support/triage	-	v3	-	-	unsound
    --- stderr
    warning: release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched
    $ promptctl get --all --format json
    {"schema":1,"error":{"code":"P209","message":"release 2 of support/triage in production is missing: the tag prompts/support/triage/production/2 was deleted or not fetched","location":null,"hints":["git fsck --no-reflogs --unreachable lists the deleted tags that git still has","git update-ref refs/tags/prompts/support/triage/production/2 ID puts one back"]}}
    [exit 1]
    "#);
    repo.ok("promptctl get greeting@production");
}

#[test]
fn tags_of_others_below_the_prefix_are_left_alone() {
    let env = TestEnv::new();
    let repo = released(&env);
    for tag in [
        "prompts/note",
        "prompts/support/triage/v0",
        "prompts/support/triage/production/0",
        "prompts/support/triage/production/04",
        "v1.0.0",
    ] {
        repo.git(&format!("tag {tag}"));
    }
    assert_snapshot!(repo.play(
        "promptctl get support/triage@production --format text
         promptctl doctor"
    ), @r#"
    $ promptctl get support/triage@production --format text
    name: Support triage
    description: Sorts an incoming ticket.   # for the support team
    version: 3
    digest: xxxxxxxxxxxx
    tags: [tickets]
    category: support
    model: openai/gpt-5-mini
    modelParameters:
      maxTokens: 400        # room for the draft
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
    $ promptctl doctor
    everything is sound
    "#);
    repo.ok("promptctl rollback support/triage");
    assert_eq!(repo.read(FILE).matches("maxTokens: 400").count(), 1);
}

//! Tags that `promptctl` did not make, or that somebody deleted: they are told of and passed over, and
//! what is live stays what it is.

use insta::assert_snapshot;

use crate::env::{Shell, TestEnv};

const FILE: &str = "prompts/support/triage.prompt.yml";

/// Versions 1 to 3 published in turn, without a remote.
fn released(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.publish_versions(3);
    repo
}

const EVERYTHING: &str = "
    promptctl list --env production
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
    assert_snapshot!(repo.play(EVERYTHING), @"
    $ promptctl list --env production
    support/triage	v3	2026-11-03T11:00:00Z	openai/gpt-5-mini	Support triage
    --- stderr
    warning[P209]: release 2 of support/triage in production is missing
      help: a tag was deleted: promptctl doctor tells whether this clone still has it
    $ promptctl publish support/triage@v1
    support/triage v1 published to production (was v3)
    $ promptctl rollback support/triage
    support/triage rolled back to v3 in production (was v1)
      goes:       v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v3; a service with a snapshot has v1 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v1
    $ promptctl releases support/triage
    5	production	v3	rollback	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Roll support/triage back to v3 in production
    4	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    3	production	v3	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v3 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    --- stderr
    warning[P209]: release 2 of support/triage in production is missing
      help: a tag was deleted: promptctl doctor tells whether this clone still has it
    $ promptctl status
    production	support/triage	v3	-	2026-11-03T11:00:00Z	Ada	
    --- stderr
    warning[P209]: release 2 of support/triage in production is missing
      help: a tag was deleted: promptctl doctor tells whether this clone still has it
    $ promptctl doctor
    warning[P209]: release 2 of support/triage in production is missing
      at: prompts/support/triage/production/2
      help: git update-ref refs/tags/prompts/support/triage/production/2 <id>
    0 errors, 1 warning
    ");
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
    support/triage unpublished from production (was v1), and the remote has it
    live in production now: nothing of support/triage; a service with a snapshot has v1 until it is deployed again
    hint: to undo it: promptctl rollback support/triage
    $ promptctl fetch
    origin has nothing new
    error[P244]: origin no longer has the tag prompts/support/triage/production/2 (xxxxxxxxxxxx); what this clone saw first goes on counting here
      help: ask who did it; git push origin <id>:refs/tags/prompts/support/triage/production/2 && promptctl fetch puts it back, promptctl fetch --accept prompts/support/triage/production/2 takes the remote's word
    $ promptctl get support/triage@production
    error[P203]: support/triage is not live in production: Ada unpublished it (release 4)
      hint: promptctl rollback support/triage --env production brings it back
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
    $ promptctl list --env production
    support/triage	v3	2026-11-03T11:00:00Z	openai/gpt-5-mini	Support triage
    --- stderr
    warning[P210]: the tag prompts/support/triage/production/4 is not annotated (promptctl did not make it): it is passed over
      help: promptctl doctor tells what to do about it
    $ promptctl publish support/triage@v1
    support/triage v1 published to production (was v3)
    $ promptctl rollback support/triage
    support/triage rolled back to v3 in production (was v1)
      goes:       v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v3; a service with a snapshot has v1 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v1
    $ promptctl releases support/triage
    6	production	v3	rollback	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Roll support/triage back to v3 in production
    5	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    3	production	v3	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v3 to production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    --- stderr
    warning[P210]: the tag prompts/support/triage/production/4 is not annotated (promptctl did not make it): it is passed over
      help: promptctl doctor tells what to do about it
    $ promptctl status
    production	support/triage	v3	-	2026-11-03T11:00:00Z	Ada	
    $ promptctl doctor
    warning[P210]: the tag prompts/support/triage/production/4 is not annotated (promptctl did not make it): it is passed over
      at: prompts/support/triage/production/4
      help: git tag -d prompts/support/triage/production/4
    0 errors, 1 warning
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
    error[P210]: the tag prompts/support/triage/v4 is not annotated (promptctl did not make it)
      hint: promptctl doctor tells what to do about it
    [exit 1]
    $ promptctl get support/triage@v4
    error[P210]: the tag prompts/support/triage/v4 is not annotated (promptctl did not make it)
      hint: promptctl doctor tells what to do about it
    [exit 1]
    $ promptctl history support/triage
    v4	published	behavior	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v3	live in production	behavior	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v2	published	behavior	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v1	published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add support/triage
    $ promptctl doctor
    error[P210]: the tag prompts/support/triage/v4 is not annotated (promptctl did not make it)
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
    $ promptctl list --env production
    support/triage	v3	2026-11-03T11:00:00Z	openai/gpt-5-mini	Support triage
    --- stderr
    warning[P210]: the tag prompts/support/triage/production/4 lacks trailers or has wrong ones (promptctl did not make it): it is passed over
      help: promptctl doctor tells what to do about it
    $ promptctl publish support/triage@v1
    support/triage v1 published to production (was v3)
    $ promptctl rollback support/triage
    support/triage rolled back to v3 in production (was v1)
      goes:       v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v3; a service with a snapshot has v1 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v1
    $ promptctl releases support/triage
    6	production	v3	rollback	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Roll support/triage back to v3 in production
    5	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    3	production	v3	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v3 to production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    --- stderr
    warning[P210]: the tag prompts/support/triage/production/4 lacks trailers or has wrong ones (promptctl did not make it): it is passed over
      help: promptctl doctor tells what to do about it
    $ promptctl status
    production	support/triage	v3	-	2026-11-03T11:00:00Z	Ada	
    $ promptctl doctor
    warning[P210]: the tag prompts/support/triage/production/4 lacks trailers or has wrong ones (promptctl did not make it): it is passed over
      at: prompts/support/triage/production/4
      help: git tag -d prompts/support/triage/production/4
    0 errors, 1 warning
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
    $ promptctl list --env production
    support/triage	v3	2026-11-03T11:00:00Z	openai/gpt-5-mini	Support triage
    --- stderr
    warning[P210]: the tag prompts/support/triage/production/4 disagrees with the tag of v3: it is passed over
      help: promptctl doctor tells what to do about it
    $ promptctl publish support/triage@v1
    support/triage v1 published to production (was v3)
    $ promptctl rollback support/triage
    support/triage rolled back to v3 in production (was v1)
      goes:       v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v3; a service with a snapshot has v1 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v1
    $ promptctl releases support/triage
    6	production	v3	rollback	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Roll support/triage back to v3 in production
    5	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    3	production	v3	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v3 to production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    --- stderr
    warning[P210]: the tag prompts/support/triage/production/4 disagrees with the tag of v3: it is passed over
      help: promptctl doctor tells what to do about it
    $ promptctl status
    production	support/triage	v3	-	2026-11-03T11:00:00Z	Ada	
    $ promptctl doctor
    warning[P210]: the tag prompts/support/triage/production/4 disagrees with the tag of v3: it is passed over
      at: prompts/support/triage/production/4
      help: git tag -d prompts/support/triage/production/4
    0 errors, 1 warning
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
    error[P210]: no release tag of support/triage in production is sound: nobody can say what is live
      hint: the tag prompts/support/triage/production/1 disagrees with the tag of v2: it is passed over
      hint: promptctl publish support/triage --env production makes a sound one
    [exit 1]
    $ promptctl doctor
    error[P211]: the tag prompts/support/triage/v2 does not hold the content that its message names
      at: prompts/support/triage/v2
      help: git update-ref refs/tags/prompts/support/triage/v2 <id>
    error[P210]: no release tag of support/triage in production is sound: nobody can say what is live
      help: promptctl publish support/triage --env production
    2 errors, 0 warnings
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
    ), @r#"
    $ promptctl get support/triage@production
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
    --- stderr
    warning[P211]: release 3 of support/triage in production names v3, which has no tag
      help: promptctl doctor tells what to do about it
    $ promptctl status
    production	support/triage	v3	-	2026-11-03T11:00:00Z	Ada	
    --- stderr
    warning[P211]: release 3 of support/triage in production names v3, which has no tag
      help: promptctl doctor tells what to do about it
    $ promptctl doctor
    error[P211]: release 3 of support/triage in production names v3, which has no tag
      help: git update-ref refs/tags/prompts/support/triage/v3 <id>
    1 error, 0 warnings
    [exit 3]
    "#);
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
    support/triage	v3	production v3	openai/gpt-5-mini	Support triage
    --- stderr
    warning[P209]: release 2 of support/triage in production is missing
      help: a tag was deleted: promptctl doctor tells whether this clone still has it
    $ promptctl status
    production	greeting	v1	-	2026-11-03T11:00:00Z	Ada	
    production	support/triage	v3	-	2026-11-03T11:00:00Z	Ada	
    --- stderr
    warning[P209]: release 2 of support/triage in production is missing
      help: a tag was deleted: promptctl doctor tells whether this clone still has it
    $ promptctl get --all --format json
    {
      "schema": 1,
      "environment": "production",
      "prompts": [
        {
          "name": "greeting",
          "reference": "greeting@production",
          "version": 1,
          "digest": "<id>",
          "commit": "<id>",
          "blob": "<id>",
          "dirty": false,
          "path": "prompts/greeting.prompt.yml",
          "document": {
            "version": 1,
            "digest": "xxxxxxxxxxxx",
            "model": "openai/gpt-5-mini",
            "messages": [
              {
                "role": "user",
                "content": "Hello {{name}}"
              }
            ]
          },
          "variables": [
            {
              "name": "name",
              "required": true,
              "type": null,
              "default": null,
              "description": null
            }
          ],
          "partials": [],
          "environments": {
            "production": 1
          }
        },
        {
          "name": "support/triage",
          "reference": "support/triage@production",
          "version": 3,
          "digest": "<id>",
          "commit": "<id>",
          "blob": "<id>",
          "dirty": false,
          "path": "prompts/support/triage.prompt.yml",
          "document": {
            "name": "Support triage",
            "description": "Sorts an incoming ticket.",
            "version": 3,
            "digest": "xxxxxxxxxxxx",
            "tags": [
              "tickets"
            ],
            "category": "support",
            "model": "openai/gpt-5-mini",
            "modelParameters": {
              "maxTokens": 400
            },
            "input": {
              "schema": {
                "type": "object",
                "required": [
                  "ticket"
                ],
                "properties": {
                  "ticket": {
                    "type": "string"
                  },
                  "locale": {
                    "type": "string",
                    "default": "en"
                  }
                }
              }
            },
            "messages": [
              {
                "role": "system",
                "content": "You sort support tickets. Answer in {{locale}}.\nSay which queue the ticket belongs to: billing or tech.\n"
              },
              {
                "role": "user",
                "content": "{{ticket}}"
              }
            ]
          },
          "variables": [
            {
              "name": "locale",
              "required": false,
              "type": "string",
              "default": "en",
              "description": null
            },
            {
              "name": "ticket",
              "required": true,
              "type": "string",
              "default": null,
              "description": null
            }
          ],
          "partials": [],
          "environments": {
            "production": 3
          }
        }
      ],
      "warnings": [
        {
          "code": "P209",
          "severity": "warning",
          "path": null,
          "line": null,
          "column": null,
          "message": "release 2 of support/triage in production is missing",
          "help": "a tag was deleted: promptctl doctor tells whether this clone still has it"
        }
      ]
    }
    --- stderr
    warning[P209]: release 2 of support/triage in production is missing
      help: a tag was deleted: promptctl doctor tells whether this clone still has it
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

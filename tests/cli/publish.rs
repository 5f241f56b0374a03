//! `publish`: what it makes live.

use insta::assert_snapshot;

use crate::env::{SMALL, TRIAGE, TestEnv};

const FILE: &str = "prompts/support/triage.prompt.yml";

#[test]
fn a_version_becomes_two_annotated_tags() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl publish support/triage -m 'Approved by support'
         git for-each-ref --format='%(objecttype) %(refname) %(*objecttype)' refs/tags
         git tag --list --format='%(contents)' prompts/support/triage/v1
         git tag --list --format='%(contents)' prompts/support/triage/production/1"
    ), @"
    $ promptctl publish support/triage -m 'Approved by support'
    support/triage v1 published to production
    $ git for-each-ref --format='%(objecttype) %(refname) %(*objecttype)' refs/tags
    tag refs/tags/prompts/support/triage/production/1 commit
    tag refs/tags/prompts/support/triage/v1 commit
    $ git tag --list --format='%(contents)' prompts/support/triage/v1
    support/triage v1

    Prompt: support/triage
    Version: 1
    Digest: <id>

    $ git tag --list --format='%(contents)' prompts/support/triage/production/1
    Approved by support

    Prompt: support/triage
    Version: 1
    Digest: <id>
    Environment: production
    Action: publish
    Under: none
    Previous: none
    ");
    let head = repo.git("rev-parse HEAD");
    assert_eq!(
        repo.git("rev-parse prompts/support/triage/v1^{commit}"),
        head
    );
    assert_eq!(
        repo.git("rev-parse prompts/support/triage/production/1^{commit}"),
        head
    );
}

#[test]
fn what_is_live_already_is_nothing_to_do() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl publish support/triage
         promptctl publish support/triage@v1 --format json"
    ), @r#"
    $ promptctl publish support/triage
    support/triage v1 is live in production already: nothing to do
    $ promptctl publish support/triage@v1 --format json
    {
      "schema": 1,
      "changes": []
    }
    --- stderr
    support/triage v1 is live in production already: nothing to do
    "#);
    assert_eq!(repo.refs(), before);
}

#[test]
fn a_dry_run_changes_nothing() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl fetch");
    let (here, there) = (ada.refs(), env.root().cd("origin.git").refs());
    assert_snapshot!(ada.play(
        "promptctl publish support/triage --dry-run
         promptctl publish support/triage --dry-run --format json"
    ), @r#"
    $ promptctl publish support/triage --dry-run
    support/triage v1 would be published to production
      would make the tag prompts/support/triage/v1
      would make the tag prompts/support/triage/production/1
    $ promptctl publish support/triage --dry-run --format json
    {
      "schema": 1,
      "changes": [
        {
          "name": "support/triage",
          "environment": "production",
          "action": "publish",
          "from": null,
          "to": 1,
          "tags": [
            "prompts/support/triage/v1",
            "prompts/support/triage/production/1"
          ],
          "pushed": false
        }
      ]
    }
    "#);
    assert_eq!(ada.refs(), here);
    assert_eq!(env.root().cd("origin.git").refs(), there);
    ada.ok("promptctl publish support/triage");
    let published = ada.refs();
    assert_snapshot!(ada.play(
        "promptctl unpublish support/triage --dry-run
         promptctl rollback support/triage --dry-run"
    ), @"
    $ promptctl unpublish support/triage --dry-run
    support/triage would be unpublished from production (was v1)
      would make the tag prompts/support/triage/production/2
    $ promptctl rollback support/triage --dry-run
    error[P213]: there is nothing to roll support/triage back to in production: nothing was live before v1
      hint: promptctl publish support/triage@vN --env production releases another version
      hint: promptctl unpublish support/triage --env production takes it out
    [exit 1]
    ");
    assert_eq!(ada.refs(), published);
}

#[test]
fn the_answer_for_scripts() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    assert_snapshot!(ada.play("promptctl publish support/triage --format json"), @r#"
    $ promptctl publish support/triage --format json
    {
      "schema": 1,
      "changes": [
        {
          "name": "support/triage",
          "environment": "production",
          "action": "publish",
          "from": null,
          "to": 1,
          "tags": [
            "prompts/support/triage/v1",
            "prompts/support/triage/production/1"
          ],
          "pushed": true
        }
      ]
    }
    "#);
}

#[test]
fn several_prompts_at_once() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("greeting", SMALL);
    assert_snapshot!(repo.play(
        "promptctl publish support/triage greeting --env staging --create-env
         promptctl publish greeting nobody support/triage"
    ), @"
    $ promptctl publish support/triage greeting --env staging --create-env
    support/triage v1 published to staging
    greeting v1 published to staging
    $ promptctl publish greeting nobody support/triage
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
    [exit 1]
    ");
}

#[test]
fn any_version_can_be_published_again() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.ok("promptctl publish support/triage");
    assert_snapshot!(repo.play(
        "promptctl publish support/triage@v1
         promptctl releases support/triage"
    ), @"
    $ promptctl publish support/triage@v1
    support/triage v1 published to production (was v2)
    $ promptctl releases support/triage
    3	production	v1	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    ");
    // An unpublished version of the past is found in the history.
    repo.next_version("support/triage", "maxTokens: 600", "maxTokens: 500");
    repo.next_version("support/triage", "maxTokens: 500", "maxTokens: 400");
    repo.ok("promptctl publish support/triage@v3");
    assert_eq!(
        repo.git("rev-parse prompts/support/triage/v3^{commit}"),
        repo.git("rev-parse HEAD~1")
    );
    assert!(
        repo.ok("promptctl get support/triage@production")
            .contains("maxTokens: 500")
    );
}

#[test]
fn all_takes_only_what_is_above_everything_released() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("greeting", SMALL);
    assert_snapshot!(repo.play(
        "promptctl publish --all
         promptctl publish --all"
    ), @"
    $ promptctl publish --all
    greeting v1 published to production
    support/triage v1 published to production
    $ promptctl publish --all
    nothing to publish: no version is above those released in production
    ");
    repo.next_version("greeting", "Hello", "Hi");
    assert_snapshot!(repo.play(
        "promptctl publish --all --format json"
    ), @r#"
    $ promptctl publish --all --format json
    {
      "schema": 1,
      "changes": [
        {
          "name": "greeting",
          "environment": "production",
          "action": "publish",
          "from": 1,
          "to": 2,
          "tags": [
            "prompts/greeting/v2",
            "prompts/greeting/production/2"
          ],
          "pushed": false
        }
      ]
    }
    "#);
}

#[test]
fn all_never_undoes_a_rollback_or_an_unpublish() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("greeting", SMALL);
    repo.ok("promptctl publish --all");
    repo.next_version("greeting", "Hello", "Hi");
    repo.ok("promptctl publish --all");
    repo.ok("promptctl rollback greeting");
    repo.ok("promptctl unpublish support/triage");
    let before = repo.refs();
    assert_snapshot!(repo.play("promptctl publish --all"), @"
    $ promptctl publish --all
    nothing to publish: no version is above those released in production
    ");
    assert_eq!(repo.refs(), before);
    repo.next_version("greeting", "Hi", "Good day");
    assert_snapshot!(repo.play("promptctl publish --all"), @"
    $ promptctl publish --all
    greeting v3 published to production (was v1)
    ");
}

#[test]
fn a_late_job_with_all_never_downgrades() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.ok("promptctl publish --all");
    // A job that was started for an older commit.
    repo.git("checkout --quiet HEAD~1");
    assert_snapshot!(repo.play("promptctl publish --all"), @"
    $ promptctl publish --all
    warning: support/triage v2 is live in production, above v1, which the file has: it stays live
    hint: promptctl rollback support/triage --env production --to v1, if what was reverted shall go
    nothing to publish: no version is above those released in production
    ");
    assert_eq!(
        repo.tags()
            .lines()
            .filter(|tag| tag.contains("/production/"))
            .count(),
        1
    );
}

#[test]
fn all_goes_on_after_a_prompt_that_is_broken_and_says_so() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("prompts/broken.prompt.yml", "messages: [\n");
    repo.git("add --all");
    repo.git("commit --quiet --message Broken");
    assert_snapshot!(repo.play("promptctl publish --all"), @"
    $ promptctl publish --all
    error[P001]: unclosed bracket '['
      at: prompts/broken.prompt.yml:1:11
      help: close the `[` that opens on line 1
    support/triage v1 published to production
    [exit 3]
    ");
}

#[test]
fn tags_are_signed_where_git_is_set_up_to_sign() {
    let env = TestEnv::new();
    let repo = env.triage();
    let keygen = repo
        .command("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f", "../key"])
        .output();
    if !keygen.is_ok_and(|output| output.status.success()) {
        crate::env::skipped("no ssh-keygen, so no signed tags");
        return;
    }
    repo.git("config gpg.format ssh");
    repo.git("config user.signingKey ../key.pub");
    repo.git("config tag.gpgSign true");
    let key = repo.read("../key.pub");
    repo.write("../allowed", format!("ada@example.com {key}"));
    repo.git("config gpg.ssh.allowedSignersFile ../allowed");
    repo.ok("promptctl publish support/triage");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.ok("promptctl publish support/triage");
    repo.ok("promptctl rollback support/triage");
    for tag in ["v1", "v2", "production/1", "production/2", "production/3"] {
        let verified = repo.run(&format!("git tag --verify prompts/support/triage/{tag}"));
        assert!(
            verified
                .stderr
                .contains("Good \"git\" signature for ada@example.com"),
            "{verified}"
        );
    }
    // The trailers are read in front of the signature.
    assert_eq!(
        repo.json("promptctl get support/triage@production --format json")["version"],
        1
    );
    repo.git("config user.signingKey ../gone.pub");
    let tags = repo.tags();
    for line in [
        "promptctl unpublish support/triage",
        "promptctl publish support/triage@v2",
    ] {
        let refused = repo.run(line);
        assert_eq!(refused.code, Some(1), "{refused}");
        assert!(
            refused.stderr.contains("unable to sign the tag"),
            "{refused}"
        );
        assert!(!refused.stderr.contains("TAG_EDITMSG"), "{refused}");
        assert_eq!(repo.tags(), tags);
    }
}

#[test]
fn an_adopted_prompt_without_a_number_is_version_1() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(FILE, TRIAGE);
    repo.git("add --all");
    repo.git("commit --quiet --message 'Made for GitHub Models'");
    assert_snapshot!(repo.play(
        "promptctl publish support/triage
         git status --short
         promptctl list"
    ), @"
    $ promptctl publish support/triage
    support/triage v1 published to production
    $ git status --short
    $ promptctl list
    support/triage	v1	production v1	openai/gpt-5-mini	Support triage
    ");
}

#[test]
fn a_clone_that_is_behind_does_not_take_back_what_others_released() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.add("greeting", SMALL);
    ada.git("push --quiet origin main");
    ada.ok("promptctl publish --quiet --all");
    let bob = env.clone_of_origin("Bob");
    ada.ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    ada.git("push --quiet origin main");
    ada.ok("promptctl publish support/triage");
    assert_snapshot!(bob.play(
        "promptctl publish support/triage
         promptctl publish support/
         promptctl publish support/triage@v1 --dry-run"
    ), @"
    $ promptctl publish support/triage
    error[P259]: support/triage v2 is live in production, above v1, which the file has: Ada published it 1 hour ago (2026-11-03 11:00 UTC)
      hint: promptctl publish support/triage@v1 makes v1 live all the same
    [exit 1]
    $ promptctl publish support/
    warning: support/triage v2 is live in production, above v1, which the file has: Ada published it 1 hour ago (2026-11-03 11:00 UTC)
    $ promptctl publish support/triage@v1 --dry-run
    support/triage v1 would be published to production (was v2)
      would make the tag prompts/support/triage/production/3
    ");
    ada.ok("promptctl rollback support/triage -m 'Refuses refunds'");
    bob.git("pull --quiet");
    assert_snapshot!(bob.play(
        "promptctl publish support/triage
         promptctl publish support/ greeting
         promptctl publish support/triage@v2"
    ), @"
    $ promptctl publish support/triage
    error[P259]: support/triage v2 is not new in production: Ada rolled it back to v1 1 hour ago (2026-11-03 11:00 UTC): Refuses refunds
      hint: promptctl publish support/triage@v2 makes v2 live all the same
    [exit 1]
    $ promptctl publish support/ greeting
    warning: support/triage v2 is not new in production: Ada rolled it back to v1 1 hour ago (2026-11-03 11:00 UTC): Refuses refunds
    greeting v1 is live in production already: nothing to do
    $ promptctl publish support/triage@v2
    support/triage v2 published to production (was v1), and the remote has it
    ");
    ada.ok("promptctl unpublish greeting");
    assert_snapshot!(bob.play("promptctl publish greeting"), @"
    $ promptctl publish greeting
    error[P259]: greeting v1 is not new in production: Ada took the prompt out 1 hour ago (2026-11-03 11:00 UTC)
      hint: promptctl publish greeting@v1 makes v1 live all the same
    [exit 1]
    ");
}

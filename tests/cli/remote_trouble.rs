//! Remotes that refuse, are away, or heard of somebody else first.

use insta::assert_snapshot;

use super::remote::origin;
use crate::env::{Shell, TestEnv, hook};

/// A command that `promptctl` runs in another clone in the middle of a push.
fn meanwhile(repo: &Shell, other: &Shell, command: &str) {
    let script = format!(
        "unset $(git rev-parse --local-env-vars)\n\
         export GIT_COMMITTER_NAME=Bob GIT_COMMITTER_EMAIL=bob@example.com\n\
         cd '{}' && '{}' {command} >/dev/null 2>&1",
        other.dir.display(),
        env!("CARGO_BIN_EXE_promptctl"),
    );
    hook(repo, ".git/hooks/pre-push", &script);
}

#[test]
fn a_remote_that_refuses_says_why_and_nothing_is_changed() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    hook(
        &origin(&env),
        "hooks/pre-receive",
        "echo 'Only the release bot may do this.' >&2; exit 1",
    );
    let before = ada.refs();
    assert_snapshot!(ada.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P216]: the remote origin refused the tags
      hint: git says: refs/tags/prompts/support/triage/v1 [remote rejected] (pre-receive hook declined)
      hint: git says: refs/tags/prompts/support/triage/production/1 [remote rejected] (pre-receive hook declined)
      hint: git says: Only the release bot may do this.
      hint: nothing was changed; a host's tag rules say who may create tags below the prefix
    [exit 4]
    ");
    assert_eq!(ada.refs(), before);
    assert_eq!(origin(&env).tags(), "");
}

#[test]
fn a_remote_that_refuses_one_of_two_tags_gets_none() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    hook(
        &origin(&env),
        "hooks/update",
        "case $1 in */production/*) echo 'No production on Fridays.' >&2; exit 1;; esac",
    );
    let before = ada.refs();
    assert_snapshot!(ada.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P216]: the remote origin refused the tags
      hint: git says: refs/tags/prompts/support/triage/v1 [remote rejected] (atomic push failure)
      hint: git says: refs/tags/prompts/support/triage/production/1 [remote rejected] (hook declined)
      hint: git says: No production on Fridays.
      hint: git says: error: hook declined to update refs/tags/prompts/support/triage/production/1
      hint: nothing was changed; a host's tag rules say who may create tags below the prefix
    [exit 4]
    ");
    assert_eq!(ada.refs(), before);
    assert_eq!(origin(&env).tags(), "");
    ada.ok("promptctl publish support/triage --env staging --create-env");
}

#[test]
fn a_remote_that_is_away_changes_nothing() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage --env staging --create-env");
    std::fs::rename(
        env.root().dir.join("origin.git"),
        env.root().dir.join("elsewhere"),
    )
    .unwrap();
    let before = ada.refs();
    assert_snapshot!(ada.play(
        "promptctl publish support/triage
         promptctl rollback support/triage --env staging
         promptctl fetch
         promptctl push"
    ), @"
    $ promptctl publish support/triage
    error[P215]: the remote origin could not be reached: '$ROOT/origin.git' does not appear to be a git repository; Could not read from remote repository.; Please make sure you have the correct access rights; and the repository exists.
      hint: git ls-remote origin shows whether git can reach it
    [exit 1]
    $ promptctl rollback support/triage --env staging
    error[P215]: the remote origin could not be reached: '$ROOT/origin.git' does not appear to be a git repository; Could not read from remote repository.; Please make sure you have the correct access rights; and the repository exists.
      hint: git ls-remote origin shows whether git can reach it
    [exit 1]
    $ promptctl fetch
    error[P215]: the remote origin could not be reached: '$ROOT/origin.git' does not appear to be a git repository; Could not read from remote repository.; Please make sure you have the correct access rights; and the repository exists.
      hint: git ls-remote origin shows whether git can reach it
    [exit 1]
    $ promptctl push
    error[P215]: the remote origin could not be reached: '$ROOT/origin.git' does not appear to be a git repository; Could not read from remote repository.; Please make sure you have the correct access rights; and the repository exists.
      hint: git ls-remote origin shows whether git can reach it
    [exit 1]
    ");
    assert_eq!(ada.refs(), before);
    // Reading needs no network, and a release can be prepared.
    assert_eq!(
        ada.json("promptctl get support/triage@staging --format json")["version"],
        1
    );
    ada.ok("promptctl publish support/triage --no-push");
}

#[test]
fn somebody_who_was_faster_is_named() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.ok("git push --quiet");
    let bob = env.clone_of_origin("Bob");
    meanwhile(&ada, &bob, "unpublish support/triage");
    let tags = ada.tags();
    assert_snapshot!(ada.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P212]: somebody was faster: Bob unpublished support/triage v1 in production at 2026-11-03T11:00:00Z (release 2)
      hint: nothing was changed; promptctl releases support/triage --env production
    [exit 1]
    ");
    assert_eq!(ada.tags(), tags, "no tag is left behind");
    assert_snapshot!(ada.play("promptctl releases support/triage"), @"
    $ promptctl releases support/triage
    2	production	v1	unpublish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Bob	Unpublish support/triage from production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    ");
}

#[test]
fn a_rollback_is_never_retried_by_itself() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    for (from, to) in [("800", "600"), ("600", "400")] {
        ada.ok("promptctl publish support/triage");
        ada.next_version(
            "support/triage",
            &format!("maxTokens: {from}"),
            &format!("maxTokens: {to}"),
        );
    }
    ada.ok("promptctl publish support/triage");
    let bob = env.clone_of_origin("Bob");
    meanwhile(&ada, &bob, "rollback support/triage");
    assert_snapshot!(ada.play(
        "promptctl rollback support/triage
         promptctl releases support/triage"
    ), @"
    $ promptctl rollback support/triage
    error[P212]: somebody was faster: Bob rolled back to support/triage v2 in production at 2026-11-03T11:00:00Z (release 4)
      hint: nothing was changed; promptctl releases support/triage --env production
    [exit 1]
    $ promptctl releases support/triage
    4	production	v2	rollback	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Bob	Roll support/triage back to v2 in production
    3	production	v3	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v3 to production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    ");
}

#[test]
fn the_same_version_published_by_both_is_success_for_both() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let bob = env.clone_of_origin("Bob");
    meanwhile(&ada, &bob, "publish support/triage");
    assert_snapshot!(ada.play(
        "promptctl publish support/triage
         promptctl releases support/triage"
    ), @"
    $ promptctl publish support/triage
    support/triage v1 is live in production already: nothing to do
    $ promptctl releases support/triage
    1	production	v1	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Bob	Publish support/triage v1 to production
    ");
}

#[test]
fn an_answer_that_was_lost_is_looked_up() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    // The tags arrive by another way, and the push itself is turned away.
    hook(
        &ada,
        ".git/hooks/pre-push",
        "while read -r _ id name _; do git push --quiet --no-verify origin $id:$name 2>/dev/null; done",
    );
    assert_snapshot!(ada.play(
        "promptctl publish support/triage
         promptctl releases support/triage"
    ), @"
    $ promptctl publish support/triage
    support/triage v1 published to production, and the remote has it
    $ promptctl releases support/triage
    1	production	v1	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    ");
    assert_eq!(origin(&env).tags(), ada.tags());
}

#[test]
fn a_hook_of_the_user_that_refuses_the_push_is_heard() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    hook(
        &ada,
        ".git/hooks/pre-push",
        "echo 'Ask the on-call first.' >&2; exit 1",
    );
    let before = ada.refs();
    assert_snapshot!(ada.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P216]: git did not send the tags to origin: Ask the on-call first.; failed to push some refs to '$ROOT/origin.git'
      hint: nothing was changed; a pre-push hook or a missing permission to write stops a push
    [exit 4]
    ");
    assert_eq!(ada.refs(), before);
}

#[test]
fn pruning_tags_cannot_hurt() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    ada.git("tag --delete prompts/support/triage/v1 prompts/support/triage/production/1");
    assert_eq!(
        ada.json("promptctl get support/triage@production --format json")["version"],
        1
    );
    ada.ok("promptctl publish support/triage --env staging --create-env");
    assert_snapshot!(origin(&env).tags(), @"
    prompts/support/triage/production/1
    prompts/support/triage/staging/1
    prompts/support/triage/v1
    ");
}

/// Ctrl-C while git pushes: the hook presses it, and does `then`.
#[cfg(unix)]
fn stop_the_push(ada: &Shell, then: &str) {
    let hook = format!("kill -INT \"$(ps -o ppid= -p \"$PPID\" | tr -d ' ')\"\n{then}\nexit 1");
    crate::env::hook(ada, ".git/hooks/pre-push", &hook);
}

#[cfg(unix)]
#[test]
fn a_release_that_is_stopped_says_what_is_known_of_its_tags() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish --quiet support/triage");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.git("push --quiet");
    stop_the_push(&ada, "");
    assert_snapshot!(ada.play(
        "promptctl publish support/triage
         promptctl unpublish support/triage
         promptctl publish --no-push support/triage
         promptctl push"
    ), @"
    $ promptctl publish support/triage
    error: interrupted: nothing was published; of support/triage the remote took no tag
      hint: the same command again completes it, or says that it is done
    [exit 130]
    $ promptctl unpublish support/triage
    error: interrupted: nothing was unpublished; of support/triage the remote took no tag
      hint: the same command again completes it, or says that it is done
    [exit 130]
    $ promptctl publish --no-push support/triage
    support/triage v2 published to production (was v1), pending until it is sent
    warning: the tags are pending: nothing is live until the remote has them
    hint: promptctl push
    $ promptctl push
    error: interrupted: the remote took 0 tags; of support/triage the remote took no tag
      hint: the same command again completes it, or says that it is done
    [exit 130]
    ");
    // Where the remote cannot be asked either, nobody knows.
    stop_the_push(&ada, "mv ../origin.git ../away");
    let run = ada.run("promptctl unpublish support/triage");
    ada.ok("mv ../away ../origin.git");
    ada.ok("rm .git/hooks/pre-push");
    assert_snapshot!(run, @"
    error: interrupted: nothing was unpublished; it is not known whether the remote has prompts/support/triage/production/2
      hint: promptctl fetch asks the remote, and promptctl status shows what is live then
      hint: the same command again completes it, or says that it is done
    [exit 130]
    ");
    ada.ok("promptctl push");
    stop_the_push(&ada, "");
    assert_snapshot!(ada.run("promptctl rollback support/triage"), @"
    error: interrupted: nothing was rolled back; of support/triage the remote took no tag
      hint: the same command again completes it, or says that it is done
    [exit 130]
    ");
    ada.ok("rm .git/hooks/pre-push");
    ada.ok("promptctl rollback support/triage");
}

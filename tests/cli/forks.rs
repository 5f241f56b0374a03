//! Tags that came from elsewhere: a fork, a colleague's hand, a clone that was copied. They are never
//! live, never sent, and no obstacle.

use insta::assert_snapshot;

use super::policy::{keys, require_signatures, sign_as};
use super::remote::origin;
use crate::env::{Shell, TestEnv};

/// A fork whose owner published a version of their own.
fn fork(env: &TestEnv, ada: &Shell) {
    env.root()
        .ok("git clone --quiet --bare origin.git fork.git");
    env.root().ok("git clone --quiet fork.git eve");
    let eve = env.root().cd("eve").person("Eve");
    eve.next_version("support/triage", "maxTokens: 800", "maxTokens: 900");
    eve.ok("git push --quiet");
    eve.ok("promptctl publish support/triage");
    ada.ok("git remote add fork ../fork.git");
}

#[test]
fn tags_of_a_fork_are_neither_live_nor_sent() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    fork(&env, &ada);
    ada.ok("git fetch --quiet --tags fork");
    // In a clone without a mirror they say nothing of what is live,
    let got = ada.fails("promptctl get support/triage@production --format json");
    assert_eq!(got.error()["code"], "P217");
    ada.ok("promptctl fetch");
    assert_snapshot!(ada.play(
        "promptctl status
         promptctl push
         promptctl doctor"
    ), @"
    $ promptctl status
    production	support/triage	-	v1	-	-	never published
    $ promptctl push
    nothing to send: the remote has every tag that was made here
    $ promptctl doctor
    warning[P252]: the tag prompts/support/triage/production/1 was not made in this clone, and origin does not have it: it does not count
      at: prompts/support/triage/production/1
      help: git tag -d prompts/support/triage/production/1
    warning[P252]: the tag prompts/support/triage/v2 was not made in this clone, and origin does not have it: it does not count
      at: prompts/support/triage/v2
      help: git tag -d prompts/support/triage/v2
    0 errors, 2 warnings
    ");
    // nor do they become so by a release that is not sent.
    ada.ok("promptctl publish support/triage --env staging --create-env --no-push");
    let got = ada.fails("promptctl get support/triage@production --format json");
    assert_eq!(got.error()["code"], "P203");
    assert_eq!(origin(&env).tags(), "");
    // They are no obstacle: a release of that name is made and sent.
    ada.ok("promptctl push --env staging");
    ada.ok("promptctl publish support/triage");
    let live = ada.json("promptctl get support/triage@production --format json");
    assert_eq!(live["version"], 1);
}

#[test]
fn a_pending_release_is_held_to_every_rule_when_it_is_sent() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    if keys(&ada, &["ada"]).is_none() {
        return;
    }
    ada.ok("promptctl fetch");
    ada.ok("promptctl publish support/triage --no-push");
    // Meanwhile a rule is made.
    let bob = env.clone_of_origin("Bob");
    require_signatures(&bob, &["ada"]);
    bob.ok("git push --quiet");
    let before = origin(&env).tags();
    assert_snapshot!(ada.play("promptctl push"), @"
    $ promptctl push
    error[P240]: the tag prompts/support/triage/v1 is not signed
      hint: git config user.signingkey names the key that git signs with
      hint: who may release stands in allowed_signers: a change of it is reviewed and merged first
      hint: nothing was changed
    warning: not sent, and still pending: prompts/support/triage/v1, prompts/support/triage/production/1
    [exit 3]
    ");
    assert_eq!(origin(&env).tags(), before);
    sign_as(&ada, "ada");
    ada.ok("git pull --quiet --rebase");
}

#[test]
fn after_one_lost_release_all_later_ones_of_the_row_are_lost() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl fetch");
    let bob = env.clone_of_origin("Bob");
    ada.ok("promptctl publish support/triage --no-push");
    ada.ok("promptctl unpublish support/triage --no-push");
    ada.ok("promptctl publish support/triage --env staging --create-env --no-push");
    bob.ok("promptctl publish support/triage -m first");
    assert_snapshot!(ada.play(
        "promptctl push
         promptctl doctor --fix
         promptctl status"
    ), @"
    $ promptctl push
    sent prompts/support/triage/staging/1
    warning: prompts/support/triage/v1 is lost: somebody was faster
    warning: prompts/support/triage/production/1 is lost: somebody was faster
    warning: prompts/support/triage/production/2 is lost: somebody was faster
    warning: Bob published support/triage v1 in production at 2026-11-03T11:00:00Z (release 1)
    hint: promptctl doctor --fix discards what is lost; what is still wanted is published again
    [exit 1]
    $ promptctl doctor --fix
    3 of 3 troubles fixed
    everything is sound
    $ promptctl status
    production	support/triage	v1	-	2026-11-03T11:00:00Z	Bob	
    staging	support/triage	v1	-	2026-11-03T11:00:00Z	Ada
    ");
    // Everybody reads the same, and nobody's release was overridden.
    bob.ok("promptctl fetch");
    for clone in [&ada, &bob] {
        let live = clone.json("promptctl releases support/triage --env production --format json");
        assert_eq!(live["releases"].as_array().unwrap().len(), 1);
        assert_eq!(live["releases"][0]["message"], "first");
    }
}

#[test]
fn push_goes_on_with_other_prompts_after_a_refusal() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.add("greeting", crate::env::SMALL);
    ada.ok("git push --quiet origin main");
    ada.ok("promptctl fetch");
    ada.ok("promptctl publish greeting support/triage --no-push");
    crate::env::hook(
        &origin(&env),
        "hooks/update",
        "case \"$1\" in *greeting*) echo 'Not this one.' >&2; exit 1;; esac",
    );
    assert_snapshot!(ada.play("promptctl push"), @"
    $ promptctl push
    sent prompts/support/triage/v1
    sent prompts/support/triage/production/1
    error[P216]: the remote origin refused the tags
      hint: git says: refs/tags/prompts/greeting/v1 [remote rejected] (hook declined)
      hint: git says: refs/tags/prompts/greeting/production/1 [remote rejected] (atomic push failure)
      hint: git says: Not this one.
      hint: git says: error: hook declined to update refs/tags/prompts/greeting/v1
      hint: nothing was changed; a host's tag rules say who may create tags below the prefix
    warning: not sent, and still pending: prompts/greeting/v1, prompts/greeting/production/1
    [exit 4]
    ");
    let live = ada.json("promptctl get support/triage@production --format json");
    assert_eq!(live["version"], 1);
}

#[test]
fn push_sends_only_what_it_is_asked_for() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl fetch");
    ada.ok("promptctl publish support/triage --no-push");
    ada.ok("promptctl publish support/triage --env staging --create-env --no-push");
    ada.ok("promptctl push support/triage --env staging");
    assert_eq!(
        origin(&env).tags(),
        "prompts/support/triage/staging/1\nprompts/support/triage/v1"
    );
}

#[test]
fn what_this_clone_made_does_not_travel_with_it() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl fetch");
    ada.ok("promptctl publish support/triage --no-push");
    env.root().ok("git clone --quiet --mirror ada copy.git");
    let copy = env.root().cd("copy.git").person("Eve");
    copy.ok("git remote set-url origin ../origin.git");
    copy.ok("promptctl -C . fetch");
    let sent = copy.json("promptctl -C . push --format json");
    assert_eq!(sent["sent"].as_array().unwrap().len(), 0);
    assert_eq!(origin(&env).tags(), "");
}

#[test]
fn a_release_is_sent_with_its_version_whatever_became_of_the_others() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl fetch");
    ada.ok("promptctl publish support/triage --no-push");
    ada.ok("promptctl publish support/triage --env staging --create-env --no-push");
    crate::env::hook(
        &origin(&env),
        "hooks/update",
        "case \"$1\" in *production*) exit 1;; esac",
    );
    assert_eq!(ada.run("promptctl push").code, Some(4));
    assert_eq!(
        origin(&env).tags(),
        "prompts/support/triage/staging/1\nprompts/support/triage/v1"
    );
}

#[test]
fn what_waits_to_be_sent_survives_a_new_name_of_the_remote() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl fetch");
    ada.ok("promptctl publish support/triage --no-push");
    ada.git("remote rename origin upstream");
    ada.ok("promptctl fetch");
    ada.ok("promptctl push");
    assert!(origin(&env).tags().contains("production/1"));
}

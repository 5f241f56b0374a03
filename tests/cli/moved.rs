//! Tags that the remote moved or dropped after a clone saw them: what was seen first goes on counting,
//! and a person decides.

use insta::assert_snapshot;

use super::remote::origin;
use crate::env::{Shell, TestEnv};

/// A remote with two releases, a clone that saw them, and the remote itself.
fn seen(env: &TestEnv) -> (Shell, Shell) {
    let ada = env.with_origin();
    ada.publish_versions(2);
    let remote = origin(env);
    (ada, remote)
}

fn live(clone: &Shell) -> u64 {
    let state = clone.json("promptctl list --format json");
    state["prompts"][0]["environments"]["production"]
        .as_u64()
        .unwrap()
}

const RELEASE: &str = "prompts/support/triage/production/2";

/// What a stranger does to the newest release at the remote.
fn moves() -> Vec<(&'static str, String)> {
    let again = |commit: &str| {
        format!(
            "git -c user.name=Eve -c user.email=e@e tag --force -a -m 'x

Prompt: support/triage
Version: 1
Digest: {}
Environment: production
Action: publish
Under: none' {RELEASE} {commit}",
            "0".repeat(64)
        )
    };
    vec![
        ("the same commit", again(&format!("{RELEASE}^{{}}"))),
        ("an ancestor", again("main~1")),
        (
            "a descendant",
            format!(
                "sh -c 'git update-ref refs/tags/{RELEASE} $(git -c user.name=E -c user.email=e@e commit-tree -p {RELEASE}^{{}} -m x main^{{tree}})'"
            ),
        ),
        (
            "a blob",
            format!(
                "sh -c 'git update-ref refs/tags/{RELEASE} $(echo x | git hash-object -w --stdin)'"
            ),
        ),
        ("nothing", format!("git update-ref -d refs/tags/{RELEASE}")),
    ]
}

#[test]
fn a_moved_or_deleted_tag_is_never_taken_in_silently() {
    let world = TestEnv::new();
    seen(&world);
    for (to, line) in moves() {
        for fetch in [
            "promptctl fetch",
            "git fetch --quiet",
            "git fetch --quiet --prune",
            "git -c fetch.prune=true -c fetch.pruneTags=true fetch --quiet",
        ] {
            if (to, fetch) == ("nothing", "git fetch --quiet") {
                // git itself does not look for what is gone.
                continue;
            }
            let (env, ada) = world.copy_of_origin();
            let remote = origin(&env);
            remote.ok(&line);
            ada.run(fetch);
            let what = format!("{to}, by {fetch}");
            let got = ada.run("promptctl get support/triage@production --format json");
            assert_eq!(got.code, Some(0), "{what}");
            let shape: serde_json::Value = serde_json::from_str(&got.stdout).unwrap();
            assert_eq!(shape["version"], 2, "{what}");
            assert_eq!(shape["warnings"][0]["code"], "P244", "{what}");
            assert!(got.stderr.contains("P244"), "{what}: {}", got.stderr);
            let strict = ada.run("promptctl get support/triage@production --strict");
            assert_eq!(strict.code, Some(3), "{what}");
            assert_eq!(ada.run("promptctl verify").code, Some(3), "{what}");
            // A publish is refused, and a rollback goes on.
            ada.next_version("support/triage", "maxTokens: 600", "maxTokens: 400");
            ada.git("push --quiet origin main");
            let refused = ada.fails("promptctl publish support/triage --format json");
            assert_eq!(refused.error()["code"], "P244", "{what}");
            ada.ok("promptctl rollback support/triage");
            assert_eq!(live(&ada), 1, "{what}");
        }
    }
}

#[test]
fn what_was_seen_first_survives_the_garbage_collection_of_git() {
    let env = TestEnv::new();
    let (ada, remote) = seen(&env);
    ada.git(&format!("tag --delete {RELEASE}"));
    remote.ok(&moves()[0].1);
    ada.ok("promptctl fetch");
    ada.git("reflog expire --expire=now --all");
    ada.git("gc --quiet --prune=now");
    assert_eq!(live(&ada), 2);
    ada.git("fsck --strict");
}

#[test]
fn a_person_takes_the_remotes_word_or_puts_the_tag_back() {
    let env = TestEnv::new();
    let (ada, remote) = seen(&env);
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch");
    remote.git(&format!("update-ref -d refs/tags/{RELEASE}"));
    assert_snapshot!(ada.play(
        "promptctl fetch
         promptctl doctor --fix"
    ), @"
    $ promptctl fetch
    origin has nothing new
    error[P244]: origin no longer has the tag prompts/support/triage/production/2 (xxxxxxxxxxxx); what this clone saw first goes on counting here
      help: ask who did it; git push origin <id>:refs/tags/prompts/support/triage/production/2 && promptctl fetch puts it back, promptctl fetch --accept prompts/support/triage/production/2 takes the remote's word
    $ promptctl doctor --fix
    0 of 1 trouble fixed
    error[P244]: origin no longer has the tag prompts/support/triage/production/2 (xxxxxxxxxxxx); what this clone saw first goes on counting here
      at: prompts/support/triage/production/2
      help: git push origin <id>:refs/tags/prompts/support/triage/production/2 && promptctl fetch
    1 error, 0 warnings
    [exit 3]
    ");
    // Ada takes the remote's word.
    assert_snapshot!(ada.play(&format!(
        "promptctl fetch --accept {RELEASE}
         promptctl status
         promptctl doctor
         promptctl fetch --accept {RELEASE}"
    )), @"
    $ promptctl fetch --accept prompts/support/triage/production/2
    prompts/support/triage/production/2 counts as deleted from now on
    $ promptctl status
    production	support/triage	v1	v2	2026-11-03T11:00:00Z	Ada	
    $ promptctl doctor
    everything is sound
    $ promptctl fetch --accept prompts/support/triage/production/2
    error: the remote has not moved or dropped the tag prompts/support/triage/production/2
      hint: promptctl doctor lists the tags that it has
    [exit 2]
    ");
    assert_eq!(live(&ada), 1);
    // Bob puts it back, as he is told.
    let help = bob.json("promptctl fetch --format json");
    assert_eq!(help["gone"][0], RELEASE);
    let id = bob.ok(&format!(
        "git for-each-ref --format='%(objectname)' refs/promptctl-kept/origin/{RELEASE}/"
    ));
    bob.ok(&format!(
        "git push --quiet origin {}:refs/tags/{RELEASE}",
        id.trim()
    ));
    bob.ok("promptctl fetch");
    assert_eq!(
        bob.ok("promptctl verify --format json --env production")
            .matches("P244")
            .count(),
        0
    );
    // For Ada it counts again.
    ada.ok("promptctl fetch");
    assert_eq!(live(&ada), 2);
}

#[test]
fn a_deleted_middle_tag_changes_nothing_in_any_clone() {
    let env = TestEnv::new();
    let (ada, remote) = seen(&env);
    ada.ok("promptctl rollback support/triage");
    remote.git(&format!("update-ref -d refs/tags/{RELEASE}"));
    ada.ok("promptctl fetch");
    let fresh = env.clone_of_origin("Eve");
    fresh.ok("promptctl fetch");
    for clone in [&ada, &fresh] {
        assert_eq!(live(clone), 1);
    }
    // Nor does a version tag.
    remote.git("update-ref -d refs/tags/prompts/support/triage/v1");
    for clone in [&ada, &fresh, &env.clone_of_origin("Zoe")] {
        clone.ok("promptctl fetch");
        assert_eq!(live(clone), 1);
    }
}

#[test]
fn a_number_that_was_accepted_as_gone_and_used_again_is_protected_again() {
    let env = TestEnv::new();
    let (ada, remote) = seen(&env);
    remote.git(&format!("update-ref -d refs/tags/{RELEASE}"));
    ada.ok(&format!("promptctl fetch --accept {RELEASE}"));
    ada.ok("promptctl publish support/triage");
    assert_eq!(live(&ada), 2);
    remote.ok(&moves()[1].1);
    ada.ok("promptctl fetch");
    assert_eq!(live(&ada), 2);
    assert_eq!(ada.run("promptctl verify").code, Some(3));
}

#[test]
fn a_tag_that_counted_for_nothing_stands_in_nobodys_way_when_it_is_gone() {
    let env = TestEnv::new();
    let (ada, remote) = seen(&env);
    let stray = "prompts/support/triage/production/77777";
    remote.git(&format!("tag {stray} main"));
    ada.ok("promptctl fetch");
    remote.git(&format!("update-ref -d refs/tags/{stray}"));
    ada.ok("promptctl fetch");
    ada.next_version("support/triage", "maxTokens: 600", "maxTokens: 400");
    ada.ok("git push --quiet");
    ada.ok("promptctl publish support/triage");
    assert_eq!(live(&ada), 3);
}

//! Rollbacks that somebody else made meanwhile, that are repeated, and that are made by hand.

use insta::assert_snapshot;

use super::remote::origin;
use crate::env::{Shell, TestEnv, executable, of_this_process};

/// A remote with three releases.
fn released(env: &TestEnv) -> Shell {
    let ada = env.with_origin();
    ada.publish_versions(3);
    ada
}

fn live(clone: &Shell) -> u64 {
    clone.json("promptctl get support/triage@production --format json")["version"]
        .as_u64()
        .unwrap()
}

#[test]
fn a_rollback_that_this_clone_had_not_seen_is_not_undone_by_another() {
    let env = TestEnv::new();
    let ada = released(&env);
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch");
    ada.ok("promptctl rollback support/triage -m 'It refuses refunds'");
    assert_snapshot!(bob.play("promptctl rollback support/triage"), @"
    $ promptctl rollback support/triage
    error[P253]: Ada has rolled support/triage back to v2 in production already, at 2026-11-03T11:00:00Z (release 4): It refuses refunds
      hint: promptctl rollback support/triage --env production --again goes one version further back
      hint: nothing was changed
    [exit 3]
    ");
    assert_eq!(live(&bob), 2);
    // Now it was seen, and is meant.
    bob.ok("promptctl rollback support/triage");
    assert_eq!(live(&bob), 1);
}

#[test]
fn again_goes_one_further_and_undo_can_be_repeated() {
    let env = TestEnv::new();
    let ada = released(&env);
    let bob = env.clone_of_origin("Bob");
    ada.ok("promptctl rollback support/triage");
    assert_snapshot!(bob.play(
        "promptctl rollback support/triage --undo v3
         promptctl rollback support/triage --again
         promptctl rollback support/triage --undo v1 --dry-run"
    ), @"
    $ promptctl rollback support/triage --undo v3
    support/triage v2 is live in production already (Ada made release 4): nothing to do
    $ promptctl rollback support/triage --again
    support/triage rolled back to v1 in production (was v2), and the remote has it
      goes:       v2, brought back by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v2
    $ promptctl rollback support/triage --undo v1 --dry-run
    error[P213]: there is nothing to roll support/triage back to in production: nothing was live before v1
      hint: promptctl publish support/triage@vN --env production releases another version
      hint: promptctl unpublish support/triage --env production takes it out
    [exit 1]
    ");
    assert_eq!(live(&bob), 1);
}

#[test]
fn a_laptop_of_last_week_gets_through() {
    let env = TestEnv::new();
    let ada = released(&env);
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch");
    ada.next_version("support/triage", "maxTokens: 400", "maxTokens: 200");
    ada.ok("git push --quiet");
    ada.ok("promptctl publish support/triage");
    bob.ok("promptctl rollback support/triage");
    assert_eq!(live(&bob), 3);
}

#[test]
fn a_rollback_whose_push_was_accepted_is_done_whatever_fails_here() {
    let env = TestEnv::new();
    let ada = released(&env);
    // A reference of this clone is locked while the push goes through.
    let lock = ".git/refs/promptctl/origin/prompts/support/triage/production/4.lock";
    ada.write(lock, "");
    let done = ada.run("promptctl rollback support/triage");
    assert_eq!(done.code, Some(0), "{done}");
    assert!(done.stderr.contains("could not write that down"), "{done}");
    std::fs::remove_file(ada.dir.join(lock)).unwrap();
    // Repeated, it is done already, and does not go one further back.
    assert_snapshot!(ada.play("promptctl rollback support/triage"), @"
    $ promptctl rollback support/triage
    support/triage v2 is live in production already (Ada made release 4): nothing to do
    ");
    assert_eq!(live(&ada), 2);
    ada.ok("promptctl rollback support/triage");
    assert_eq!(live(&ada), 1);
}

#[cfg(unix)]
#[test]
fn a_rollback_that_was_killed_after_its_push_is_done_already() {
    let env = TestEnv::new();
    let ada = released(&env);
    let git = ada.ok("sh -c 'command -v git'");
    executable(
        &env.root(),
        "bin/git",
        &format!(
            "#!/bin/sh\n{git} \"$@\"\ncode=$?\ncase \" $* \" in *' push '*) kill -KILL $PPID;; esac\nexit $code\n",
            git = git.trim()
        ),
    );
    let path = format!(
        "{}:{}",
        env.root().dir.join("bin").display(),
        of_this_process("PATH").unwrap().display()
    );
    let killed = ada
        .with("PATH", path)
        .run("promptctl rollback support/triage");
    assert_eq!(killed.code, None, "{killed}");
    assert_snapshot!(ada.play("promptctl rollback support/triage"), @"
    $ promptctl rollback support/triage
    support/triage v2 is live in production already (Ada made release 4): nothing to do
    ");
    assert_eq!(live(&ada), 2);
}

#[test]
fn without_atomic_pushes_no_release_stands_without_its_version() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    origin(&env).git("config receive.advertiseAtomic false");
    crate::env::hook(
        &origin(&env),
        "hooks/update",
        "case \"$1\" in */v1) exit 1;; esac",
    );
    let refused = ada.fails("promptctl publish support/triage");
    assert_eq!(refused.code, Some(4), "{refused}");
    assert_eq!(origin(&env).tags(), "");
}

/// The recipe for a rollback without promptctl, as `promptctl help releases` has it.
#[test]
fn the_recipe_for_an_emergency_by_hand_works() {
    for with_previous in [true, false] {
        let env = TestEnv::new();
        let ada = released(&env);
        let topic = ada.ok("promptctl help releases");
        let recipe = topic
            .split_once("Without promptctl")
            .map(|(_, recipe)| recipe)
            .expect("the recipe stands in the topic");
        let lines: Vec<&str> = recipe
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .filter(|line| with_previous || !line.contains("Previous:"))
            .collect();
        assert!(lines.len() > 3, "{recipe}");
        let script = lines
            .join("\n")
            .replace("NAME", "support/triage")
            .replace("ENV", "production")
            .replace("VERSION", "2")
            .replace("LIVE", "3")
            .replace("NEXT", "4")
            .replace("BELOW", "1");
        ada.write("recipe.sh", script);
        ada.ok("sh -e recipe.sh");
        ada.ok("promptctl fetch");
        assert_eq!(live(&ada), 2, "{with_previous}");
        let verified = ada.run("promptctl verify");
        assert_eq!(
            verified.code,
            Some(if with_previous { 0 } else { 3 }),
            "{verified}"
        );
        ada.ok("promptctl rollback support/triage --again");
        assert_eq!(live(&ada), 1);
        ada.ok("promptctl publish support/triage@v3");
        assert_eq!(live(&ada), 3);
    }
}

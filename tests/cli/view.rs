//! How old a clone's view of its remote is.

use insta::assert_snapshot;

use crate::env::TestEnv;

#[test]
fn an_old_view_of_the_remote_is_told_and_a_fresh_one_is_not() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish --quiet support/triage");
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch --quiet");
    let lines = [
        "promptctl status",
        "promptctl releases support/triage",
        "promptctl show support/triage",
    ];
    for line in lines {
        assert_eq!(bob.run(line).stderr, "", "{line}");
        let json = bob.json(&format!("{line} --format json"));
        assert_eq!(json["fetched"], "2026-11-03T12:00:00Z", "{line}");
    }
    let later = bob.with("PROMPTCTL_NOW", "2026-11-06T09:00:00Z");
    for line in lines {
        insta::allow_duplicates! { assert_snapshot!(later.run(line).stderr, @"
    warning: this is what was live when this clone last fetched, 2 days ago (2026-11-03 12:00 UTC)
    hint: promptctl fetch brings what was released since
    ") }
        let json = later.json(&format!("{line} --format json"));
        assert_eq!(json["fetched"], "2026-11-03T12:00:00Z", "{line}");
    }
    later.ok("promptctl fetch --quiet");
    assert_eq!(later.run("promptctl status").stderr, "");
    // Without a remote there is no view to grow old.
    let alone = env.root().with("PROMPTCTL_NOW", "2027-11-06T09:00:00Z");
    alone.ok("promptctl init --quiet alone");
    let json = alone.cd("alone").json("promptctl status --format json");
    assert_eq!(json.get("fetched"), None);
}

#[test]
fn a_plain_git_fetch_makes_the_view_fresh_and_that_of_a_branch_does_not() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish --quiet support/triage");
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch --quiet");
    let later = bob.with("PROMPTCTL_NOW", "2026-11-06T09:00:00Z");
    bob.git("fetch --quiet origin main");
    assert!(
        later
            .run("promptctl status")
            .stderr
            .contains("last fetched")
    );
    bob.git("fetch --quiet");
    // Git notes its fetches by the clock of the machine.
    let fetched = later.json("promptctl status --format json")["fetched"].clone();
    assert_ne!(fetched, "2026-11-03T12:00:00Z");
}

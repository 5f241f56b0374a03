//! An environment that was never declared nor used is a slip of the pen, in every command.

use insta::assert_snapshot;

use crate::env::{SMALL, TestEnv};

#[test]
fn a_word_that_nobody_knows_is_wrong_usage_in_every_command() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    let before = repo.refs();
    for line in [
        "publish support/triage --env prodd",
        "publish support/triage --env prodd --dry-run",
        "publish --all --env prodd",
        "rollback support/triage --env prodd",
        "unpublish support/triage --env prodd",
        "push --env prodd",
        "verify --env prodd",
        "validate --env prodd",
        "status --env prodd",
        "list --env prodd",
        "releases support/triage --env prodd",
        "get --all --env prodd --format json",
        "get support/triage@prodd",
        "render support/triage@prodd",
        "diff support/triage@prodd support/triage",
        "serve --env prodd",
        "log --env prodd",
        "import pmpt_0123456789abcdef --publish prodd",
    ] {
        let run = repo.run(&format!("promptctl {line}"));
        // Without a remote, `push` has nowhere to ask first.
        let code = if line.starts_with("push") { 1 } else { 2 };
        assert_eq!(run.code, Some(code), "{run}");
        if code == 2 {
            let hint = run.stderr.contains("did you mean production?")
                || run
                    .stderr
                    .contains("did you mean support/triage@production?");
            assert!(hint, "{run}");
        }
        assert_eq!(run.stdout, "", "{run}");
    }
    assert_eq!(repo.refs(), before);
    assert_snapshot!(repo.play(
        "promptctl publish support/triage --env prodd
         promptctl status --env qa
         promptctl get support/triage@prodd"
    ), @"
    $ promptctl publish support/triage --env prodd
    error[P257]: there is no environment prodd: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: did you mean production?
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env prodd --create-env
    [exit 2]
    $ promptctl status --env qa
    error[P257]: there is no environment qa: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: the environments are production
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env qa --create-env
    [exit 2]
    $ promptctl get support/triage@prodd
    error[P225]: `prodd` is neither a version, an environment nor a git revision
      hint: did you mean support/triage@production?
    [exit 2]
    ");
}

#[test]
fn a_new_one_is_declared_or_made_on_purpose() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl publish support/triage --env qa --create-env --dry-run
         promptctl publish support/triage --env qa
         promptctl publish support/triage --env qa --create-env
         promptctl status --env qa
         promptctl get support/triage@qb"
    ), @"
    $ promptctl publish support/triage --env qa --create-env --dry-run
    support/triage v1 would be published to qa
      would make the tag prompts/support/triage/v1
      would make the tag prompts/support/triage/qa/1
    $ promptctl publish support/triage --env qa
    error[P257]: there is no environment qa: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: the environments are production
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env qa --create-env
    [exit 2]
    $ promptctl publish support/triage --env qa --create-env
    support/triage v1 published to qa
    $ promptctl status --env qa
    qa	support/triage	v1	-	2026-11-03T11:00:00Z	Ada	
    $ promptctl get support/triage@qb
    error[P225]: `qb` is neither a version, an environment nor a git revision
      hint: did you mean support/triage@qa?
    [exit 2]
    ");
    repo.write("promptctl.yaml", "environments: [production, canary]\n");
    repo.ok("promptctl status --env canary");
    repo.ok("promptctl verify --env canary");
    repo.ok("promptctl publish support/triage --env canary");
}

#[test]
fn production_is_no_environment_where_the_settings_list_others() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("promptctl.yaml", "environments: [staging]\n");
    repo.git("commit --quiet --all --message Settings");
    assert_snapshot!(repo.play(
        "promptctl publish support/triage
         promptctl publish support/triage --env staging"
    ), @"
    $ promptctl publish support/triage
    error[P257]: there is no environment production: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: the environments are staging
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env production --create-env
    [exit 2]
    $ promptctl publish support/triage --env staging
    support/triage v1 published to staging
    ");
}

#[test]
fn a_clone_that_has_not_fetched_says_so() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage --env qa --create-env");
    let bob = env.clone_of_origin("Bob");
    bob.git("config remote.origin.tagOpt --no-tags");
    assert_snapshot!(bob.play(
        "promptctl status --env qa
         promptctl list --env prodction
         promptctl get support/triage@qa
         promptctl get --all --env qa --format json"
    ), @r#"
    $ promptctl status --env qa
    error[P217]: the environment qa is not known here; the releases are not fetched
      hint: promptctl fetch
    [exit 1]
    $ promptctl list --env prodction
    error[P217]: the environment prodction is not known here; the releases are not fetched
      hint: promptctl fetch
      hint: did you mean production?
    [exit 1]
    $ promptctl get support/triage@qa
    error[P217]: `qa` is not known here; the releases are not fetched
      hint: promptctl fetch
    [exit 1]
    $ promptctl get --all --env qa --format json
    {"schema":1,"error":{"code":"P217","message":"the environment qa is not known here; the releases are not fetched","location":null,"hints":["promptctl fetch"],"causes":[]}}
    [exit 1]
    "#);
    // What asks the remote anyway finds it there, and what nobody knows there either is refused.
    assert_snapshot!(bob.play(
        "promptctl rollback support/triage --env qu
         promptctl unpublish support/triage --env qa
         promptctl status --env qu"
    ), @"
    $ promptctl rollback support/triage --env qu
    error[P257]: there is no environment qu: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: did you mean qa?
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env qu --create-env
    [exit 2]
    $ promptctl unpublish support/triage --env qa
    support/triage unpublished from qa (was v1), and the remote has it
    live in qa now: nothing of support/triage; a service with a snapshot has v1 until it is deployed again
    hint: to undo it: promptctl rollback support/triage --env qa
    $ promptctl status --env qu
    error[P257]: there is no environment qu: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: did you mean qa?
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env qu --create-env
    [exit 2]
    ");
}

#[test]
fn somebody_elses_new_environment_is_found_at_the_remote() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.add("greeting", SMALL);
    ada.git("push --quiet origin main");
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch");
    ada.ok("promptctl publish greeting --env qa --create-env");
    bob.ok("promptctl publish support/triage --env qa");
    // One that is pending is known to who made it.
    bob.ok("promptctl publish support/triage --env canary --create-env --no-push");
    bob.ok("promptctl releases support/triage --env canary");
    bob.ok("promptctl push --env canary");
}

#[test]
fn what_is_live_in_an_unknown_environment_is_not_fetched() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage --env qa --create-env");
    let url = format!("file://{}/origin.git", env.root().dir.display());
    env.root()
        .ok(&format!("git clone --quiet --no-tags --depth 1 {url} ci"));
    let ci = env.root().cd("ci").person("CI");
    let before = ci.read(".git/config");
    assert_snapshot!(ci.play("promptctl fetch --env qu"), @"
    $ promptctl fetch --env qu
    error[P257]: there is no environment qu: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: did you mean qa?
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env qu --create-env
    [exit 2]
    ");
    assert_eq!(ci.read(".git/config"), before);
    ci.ok("promptctl fetch --env qa");
    ci.ok("promptctl get --all --env qa --format json");
    let wrong = ci.fails("promptctl get --all --env qu --format json");
    assert_eq!(wrong.error()["code"], "P217");
    ci.ok("promptctl fetch");
    let wrong = ci.fails("promptctl fetch --env qu --format json");
    assert_eq!(wrong.error()["code"], "P257");
}

/// A rollback refuses to go further back than what this clone had seen: to look for the environment
/// at the remote must not count as seeing.
#[test]
fn looking_for_an_environment_at_the_remote_is_not_seeing_its_releases() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch");
    ada.ok("promptctl publish support/triage --env qa --create-env");
    for (from, to) in [("800", "700"), ("700", "600")] {
        ada.next_version("support/triage", from, to);
        ada.ok("promptctl publish support/triage --env qa");
    }
    ada.ok("promptctl rollback support/triage --env qa");
    let refused = bob.fails("promptctl rollback support/triage --env qa --format json");
    assert_eq!(refused.error()["code"], "P253");
}

#[test]
fn a_name_that_is_not_live_is_not_silently_left_out_of_what_is_checked() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("greeting", SMALL);
    repo.ok("promptctl publish support/triage");
    repo.git("rm --quiet prompts/support/triage.prompt.yml");
    repo.git("commit --quiet --message Gone");
    assert_snapshot!(repo.play(
        "promptctl validate --env production greeting
         promptctl validate --env production support/triage
         promptctl validate --env production support/triag"
    ), @"
    $ promptctl validate --env production greeting
    error[P203]: greeting was never published to production
      hint: promptctl publish greeting --env production
    [exit 1]
    $ promptctl validate --env production support/triage
    1 checked, 0 errors, 0 warnings
    $ promptctl validate --env production support/triag
    error[P201]: there is no prompt named support/triag
      hint: promptctl list shows all prompts
    [exit 1]
    ");
}

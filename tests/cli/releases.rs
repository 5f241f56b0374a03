//! `releases` and `status`: what was and what is live, also at another time.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TestEnv};

/// Three releases by clocks that disagree: the second bears an earlier time than the first.
fn skewed(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.at("2026-11-01T10:00:00Z")
        .ok("promptctl publish support/triage");
    repo.next_version("support/triage", "800", "600");
    repo.at("2026-11-01T09:00:00Z")
        .ok("promptctl publish support/triage");
    repo.next_version("support/triage", "600", "400");
    repo.at("2026-11-02T10:00:00Z")
        .ok("promptctl publish support/triage");
    repo.at("2026-11-03T10:00:00Z")
        .ok("promptctl unpublish support/triage");
    repo
}

#[test]
fn order_is_the_number_never_the_clock() {
    let env = TestEnv::new();
    let repo = skewed(&env);
    assert_snapshot!(repo.play("promptctl releases support/triage"), @"
    $ promptctl releases support/triage
    4	production	v3	unpublish	-	xxxxxxxxxxxx	2026-11-03T10:00:00Z	Ada	Unpublish support/triage from production
    3	production	v3	publish	-	xxxxxxxxxxxx	2026-11-02T10:00:00Z	Ada	Publish support/triage v3 to production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-01T09:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-01T10:00:00Z	Ada	Publish support/triage v1 to production
    ");
    repo.ok("promptctl rollback support/triage");
    repo.ok("promptctl rollback support/triage");
    assert_eq!(
        repo.json("promptctl get support/triage@production --format json")["version"],
        2
    );
}

#[test]
fn at_a_time() {
    let env = TestEnv::new();
    let repo = skewed(&env);
    let live = |time: &str| {
        let got = repo.run(&format!(
            "promptctl get support/triage@production --at {time} --format json"
        ));
        serde_json::from_str::<serde_json::Value>(&got.stdout)
            .map_or(0, |value| value["version"].as_u64().unwrap())
    };
    for (time, version) in [
        ("2026-11-01T08:00:00Z", 0),
        ("2026-11-01T09:30:00Z", 0),
        ("2026-11-01T10:00:00Z", 2),
        ("2026-11-02T09:59:59Z", 2),
        ("2026-11-02T10:00:00Z", 3),
        ("2026-11-02", 3),
        ("2026-11-03T09:00:00Z", 3),
        ("2026-11-03T10:00:00Z", 0),
    ] {
        assert_eq!(live(time), version, "{time}");
    }
    assert_snapshot!(repo.play(
        "promptctl status --at 2026-11-02
         promptctl status --at 2026-10-01
         promptctl releases support/triage --at 2026-11-01T12:00:00Z
         promptctl get --all --at 2026-10-01 --format json
         promptctl show support/triage@production --at 2026-10-01
         promptctl status --at yesterday"
    ), @r#"
    $ promptctl status --at 2026-11-02
    production	support/triage	v3	-	2026-11-02T10:00:00Z	Ada	
    $ promptctl status --at 2026-10-01
    production	support/triage	-	-	-	-	not yet published
    $ promptctl releases support/triage --at 2026-11-01T12:00:00Z
    2	production	v2	publish	active	xxxxxxxxxxxx	2026-11-01T09:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-01T10:00:00Z	Ada	Publish support/triage v1 to production
    $ promptctl get --all --at 2026-10-01 --format json
    {
      "schema": 1,
      "environment": "production",
      "prompts": []
    }
    $ promptctl show support/triage@production --at 2026-10-01
    error[P203]: support/triage was not live in production at 2026-10-01T23:59:59Z
      hint: promptctl releases support/triage --env production
    [exit 1]
    $ promptctl status --at yesterday
    production	support/triage	v3	-	2026-11-02T10:00:00Z	Ada
    "#);
}

#[test]
fn the_answers_for_scripts() {
    let env = TestEnv::new();
    let repo = skewed(&env);
    repo.ok("promptctl publish support/triage --env staging --create-env -m 'Try it'");
    assert_snapshot!(repo.play(
        "promptctl releases support/triage --env staging --format json
         promptctl status --format json"
    ), @r#"
    $ promptctl releases support/triage --env staging --format json
    {
      "schema": 1,
      "releases": [
        {
          "number": 1,
          "name": "support/triage",
          "environment": "staging",
          "version": 3,
          "action": "publish",
          "under": null,
          "commit": "<id>",
          "by": "Ada",
          "time": "2026-11-03T11:00:00Z",
          "message": "Try it",
          "active": true,
          "pending": false
        }
      ]
    }
    $ promptctl status --format json
    {
      "schema": 1,
      "environments": [
        {
          "name": "production",
          "prompts": [
            {
              "name": "support/triage",
              "active": null,
              "ahead": 3,
              "behind": null,
              "pending": [],
              "since": "2026-11-03T10:00:00Z",
              "by": "Ada",
              "problem": null
            }
          ]
        },
        {
          "name": "staging",
          "prompts": [
            {
              "name": "support/triage",
              "active": 3,
              "ahead": null,
              "behind": null,
              "pending": [],
              "since": "2026-11-03T11:00:00Z",
              "by": "Ada",
              "problem": null
            }
          ]
        }
      ]
    }
    "#);
}

#[test]
fn for_people() {
    let env = TestEnv::new();
    let repo = skewed(&env);
    repo.add("greeting", SMALL);
    repo.ok("promptctl publish greeting --env staging --create-env");
    assert_snapshot!(repo.with("PROMPTCTL_WIDTH", "100").play(
        "promptctl releases support/triage
         promptctl status"
    ), @"
    $ promptctl releases support/triage
    RELEASE  ENVIRONMENT  VERSION  ACTION     COMMIT        WHEN         TIME                  BY
          4  production   v3       unpublish  xxxxxxxxxxxx  2 hours ago  2026-11-03 10:00 UTC  Ada
          3  production   v3       publish    xxxxxxxxxxxx  1 day ago    2026-11-02 10:00 UTC  Ada
          2  production   v2       publish    xxxxxxxxxxxx  2 days ago   2026-11-01 09:00 UTC  Ada
          1  production   v1       publish    xxxxxxxxxxxx  2 days ago   2026-11-01 10:00 UTC  Ada
    $ promptctl status
    production
    NAME            LIVE  AHEAD  SINCE        TIME                  BY   NOTE
    support/triage  -     v3     2 hours ago  2026-11-03 10:00 UTC  Ada  unpublished
    never published: 1 (greeting)

    staging
    NAME      LIVE  AHEAD  SINCE       TIME                  BY   NOTE
    greeting  v1    -      1 hour ago  2026-11-03 11:00 UTC  Ada
    never published: 1 (support/triage)
    ");
}

#[test]
fn nothing_to_show() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("promptctl.yaml", "environments: [production, staging]\n");
    assert_snapshot!(repo.play(
        "promptctl releases support/triage
         promptctl releases nobody
         promptctl releases support/triage --env staging
         promptctl status --env staging"
    ), @"
    $ promptctl releases support/triage
    support/triage was never published
    hint: promptctl publish support/triage
    $ promptctl releases nobody
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
    [exit 1]
    $ promptctl releases support/triage --env staging
    support/triage was never published to staging
    hint: promptctl publish support/triage --env staging
    $ promptctl status --env staging
    staging	support/triage	-	v1	-	-	never published
    ");
}

#[test]
fn configured_environments_stand_first() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("promptctl.yaml", "environments: [staging, production]\n");
    repo.git("commit --quiet --all --message Environments");
    repo.ok("promptctl publish support/triage --env canary --create-env");
    assert_snapshot!(repo.play("promptctl status"), @"
    $ promptctl status
    staging	support/triage	-	v1	-	-	never published
    production	support/triage	-	v1	-	-	never published
    canary	support/triage	v1	-	2026-11-03T11:00:00Z	Ada
    ");
}

#[test]
fn what_is_ahead_is_judged_by_content() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    repo.replace("prompts/support/triage.prompt.yml", "Answer in", "Reply in");
    // Changed and not yet numbered.
    assert_snapshot!(repo.play("promptctl status"), @"
    $ promptctl status
    production	support/triage	v1	v1	2026-11-03T11:00:00Z	Ada	changed, not bumped
    ");
}

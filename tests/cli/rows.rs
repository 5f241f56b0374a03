//! A stranger who may push tags and has no key: what they push is told of, and changes nothing that it
//! must not.

use insta::assert_snapshot;

use super::policy::{keys, require_signatures, sign_as};
use super::remote::origin;
use crate::env::{Shell, TestEnv};

/// Pushes a release tag as somebody without a key makes it.
fn forge(env: &TestEnv, number: u64, version: u64, action: &str, under: &str) {
    let eve = origin(env).person("Eve");
    let version_tag = format!("prompts/support/triage/v{version}");
    let digest = eve.ok(&format!("git cat-file -p {version_tag}"));
    let digest = digest
        .lines()
        .find_map(|line| line.strip_prefix("Digest: "))
        .unwrap();
    let message = format!(
        "Trust me\n\nPrompt: support/triage\nVersion: {version}\nDigest: {digest}\nEnvironment: production\nAction: {action}\nUnder: {under}\n"
    );
    eve.write("message", &message);
    eve.git(&format!(
        "-c user.name=Eve -c user.email=e@e tag -a --cleanup=verbatim -F message prompts/support/triage/production/{number} {version_tag}^{{}}"
    ));
}

/// Three signed versions, where signatures are required, and one that nobody signed.
fn signed(env: &TestEnv) -> Option<Shell> {
    let ada = env.with_origin();
    keys(&ada, &["ada"])?;
    require_signatures(&ada, &["ada"]);
    sign_as(&ada, "ada");
    ada.ok("git push --quiet");
    ada.ok("promptctl publish support/triage");
    for (from, to) in [("800", "600"), ("600", "400")] {
        ada.next_version(
            "support/triage",
            &format!("maxTokens: {from}"),
            &format!("maxTokens: {to}"),
        );
        ada.ok("git push --quiet");
        ada.ok("promptctl publish support/triage");
    }
    // Version 9 of a stranger, on no branch.
    let eve = env.clone_of_origin("Eve");
    eve.git("switch --quiet --create evil");
    eve.next_version("support/triage", "maxTokens: 400", "maxTokens: 9");
    let digest = eve.json("promptctl get support/triage --format json")["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    eve.write(
        "message",
        format!("Evil\n\nPrompt: support/triage\nVersion: 4\nDigest: {digest}\n"),
    );
    eve.git("tag -a --cleanup=verbatim -F message prompts/support/triage/v4");
    eve.git("push --quiet origin prompts/support/triage/v4");
    Some(ada)
}

fn live(clone: &Shell) -> u64 {
    clone.json("promptctl get support/triage@production --format json")["version"]
        .as_u64()
        .unwrap()
}

#[test]
fn a_rollback_does_not_launder_what_nobody_signed() {
    let env = TestEnv::new();
    let Some(ada) = signed(&env) else { return };
    forge(&env, 4, 4, "publish", "3");
    forge(&env, 5, 3, "rollback", "4");
    ada.next_version("support/triage", "maxTokens: 400", "maxTokens: 200");
    ada.ok("promptctl edit support/triage --set modelParameters.maxTokens=100");
    ada.ok("git push --quiet");
    ada.ok("promptctl publish support/triage");
    assert_snapshot!(ada.play(
        "promptctl rollback support/triage
         promptctl verify --env production"
    ), @"
    $ promptctl rollback support/triage
    support/triage rolled back to v3 in production (was v5), and the remote has it
      goes:       v5, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v3; a service with a snapshot has v5 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v5
    $ promptctl verify --env production
    production	support/triage	v3	7	xxxxxxxxxxxx	ada@example.com	from 5	2026-11-03	proven
    --- stderr
    warning[P251]: release 4 of support/triage in production does not name the release before it as the one it follows
      help: a tag between them was deleted, or this one was made by hand: promptctl releases shows who made it
    1 active version proven
    by the rules of HEAD (xxxxxxxxxxxx)
    not seen here: tags that were removed before this clone first fetched them (column since)
    ");
    assert_eq!(live(&ada), 3);
}

#[test]
fn what_a_stranger_made_live_is_undone_by_one_rollback() {
    for (action, under) in [
        ("publish", "3"),
        ("publish", "none"),
        ("publish", "1"),
        ("rollback", "2"),
    ] {
        let env = TestEnv::new();
        let Some(ada) = signed(&env) else { return };
        forge(&env, 4, 4, action, under);
        ada.ok("promptctl fetch");
        assert_eq!(live(&ada), 4, "{action} {under}");
        assert_eq!(
            ada.run("promptctl verify").code,
            Some(3),
            "{action} {under}"
        );
        ada.ok("promptctl rollback support/triage --again");
        assert_eq!(live(&ada), 3, "{action} {under}");
        assert_eq!(
            ada.run("promptctl verify").code,
            Some(0),
            "{action} {under}"
        );
    }
}

#[test]
fn an_unsigned_unpublish_stops_a_bare_rollback() {
    let env = TestEnv::new();
    let Some(ada) = signed(&env) else { return };
    forge(&env, 4, 3, "unpublish", "3");
    ada.ok("promptctl publish support/triage@v3");
    assert_snapshot!(ada.play(
        "promptctl rollback support/triage
         promptctl rollback support/triage --to v2"
    ), @"
    $ promptctl rollback support/triage
    error[P213]: before v3 nothing of support/triage was live in production: release 4 had unpublished it
      hint: promptctl rollback support/triage --env production --to v3 goes further back
      hint: promptctl unpublish support/triage --env production takes it out
    [exit 1]
    $ promptctl rollback support/triage --to v2
    support/triage rolled back to v2 in production (was v3), and the remote has it
      goes:       v3, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v2; a service with a snapshot has v3 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v3
    ");
}

#[test]
fn removing_a_key_never_widens_trust() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    if keys(&ada, &["ada", "bob"]).is_none() {
        return;
    }
    // What was released before the rule, then by a key, then by another.
    ada.ok("promptctl publish support/triage");
    require_signatures(&ada, &["ada", "bob"]);
    ada.ok("git push --quiet");
    for (person, from, to) in [("ada", "800", "600"), ("bob", "600", "400")] {
        sign_as(&ada, person);
        ada.next_version(
            "support/triage",
            &format!("maxTokens: {from}"),
            &format!("maxTokens: {to}"),
        );
        ada.ok("git push --quiet");
        ada.ok("promptctl publish support/triage");
    }
    // Ada's key is stolen: its line is deleted, and what it signed does not count.
    let list = ada.read("allowed_signers");
    let kept: String = list
        .lines()
        .filter(|line| line.starts_with("bob"))
        .collect();
    ada.write("allowed_signers", kept + "\n");
    ada.git("commit --quiet --all --message 'Without Ada'");
    ada.ok("git push --quiet");
    assert_snapshot!(ada.play("promptctl rollback support/triage"), @"
    $ promptctl rollback support/triage
    error[P254]: nobody whose signature counts today signed for what was live before v3 of support/triage in production
      hint: promptctl rollback support/triage --env production --to v2 goes to what Ada released without such a signature (release 2)
      hint: promptctl rollback support/triage --env production --to v1 goes to what Ada released without such a signature (release 1)
      hint: nothing was changed
    [exit 3]
    ");
    ada.ok("promptctl rollback support/triage --to v2");
    assert_eq!(ada.run("promptctl verify").code, Some(3));
    sign_as(&ada, "bob");
    ada.ok("promptctl publish support/triage@v2");
    assert_eq!(ada.run("promptctl verify").code, Some(0));
}

#[test]
fn one_bad_tag_does_not_stop_a_prompt() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    let eve = origin(&env).person("Eve");
    for number in ["2", "7", "5000", "9007199254740991", "9007199254740992"] {
        eve.git(&format!(
            "tag prompts/support/triage/production/{number} main"
        ));
    }
    ada.ok("promptctl fetch");
    assert_snapshot!(ada.play("promptctl get support/triage@production --strict --format json"), @r#"
    $ promptctl get support/triage@production --strict --format json
    {
      "schema": 1,
      "name": "support/triage",
      "reference": "support/triage@production",
      "version": 1,
      "digest": "<id>",
      "commit": "<id>",
      "blob": "<id>",
      "dirty": false,
      "path": "prompts/support/triage.prompt.yml",
      "document": {
        "name": "Support triage",
        "description": "Sorts an incoming ticket.",
        "version": 1,
        "digest": "xxxxxxxxxxxx",
        "tags": [
          "tickets"
        ],
        "category": "support",
        "model": "openai/gpt-5-mini",
        "modelParameters": {
          "maxTokens": 800
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
        "production": 1
      },
      "warnings": [
        {
          "code": "P209",
          "severity": "warning",
          "path": null,
          "line": null,
          "column": null,
          "message": "releases 3 to 6 of support/triage in production are missing",
          "help": "a tag was deleted: promptctl doctor tells whether this clone still has it"
        },
        {
          "code": "P250",
          "severity": "warning",
          "path": null,
          "line": null,
          "column": null,
          "message": "2 tags lie far above the releases of support/triage in production and are not read, from prompts/support/triage/production/5000 on",
          "help": "releases count 1, 2, 3; the host can delete the tag"
        },
        {
          "code": "P210",
          "severity": "warning",
          "path": null,
          "line": null,
          "column": null,
          "message": "the tag prompts/support/triage/production/7 is not annotated (promptctl did not make it): it is passed over",
          "help": "promptctl doctor tells what to do about it"
        },
        {
          "code": "P210",
          "severity": "warning",
          "path": null,
          "line": null,
          "column": null,
          "message": "the tag prompts/support/triage/production/2 is not annotated (promptctl did not make it): it is passed over",
          "help": "promptctl doctor tells what to do about it"
        }
      ]
    }
    --- stderr
    warning[P209]: releases 3 to 6 of support/triage in production are missing
      help: a tag was deleted: promptctl doctor tells whether this clone still has it
    warning[P250]: 2 tags lie far above the releases of support/triage in production and are not read, from prompts/support/triage/production/5000 on
      help: releases count 1, 2, 3; the host can delete the tag
    warning[P210]: the tag prompts/support/triage/production/7 is not annotated (promptctl did not make it): it is passed over
      help: promptctl doctor tells what to do about it
    warning[P210]: the tag prompts/support/triage/production/2 is not annotated (promptctl did not make it): it is passed over
      help: promptctl doctor tells what to do about it
    [exit 3]
    "#);
    assert_eq!(live(&ada), 1);
    ada.ok("promptctl unpublish support/triage");
    ada.ok("promptctl rollback support/triage");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.ok("git push --quiet");
    ada.ok("promptctl publish support/triage");
    assert_eq!(live(&ada), 2);
    let releases = ada.json("promptctl releases support/triage --format json");
    let numbers: Vec<u64> = releases["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|release| release["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [10, 9, 8, 1]);
    // A clone that sees it all for the first time gives the same answer.
    let fresh = env.clone_of_origin("Bob");
    fresh.ok("promptctl fetch");
    assert_eq!(live(&fresh), 2);
}

#[test]
fn what_cannot_be_read_is_never_taken_for_void() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.publish_versions(2);
    // The object of the newest release is not here.
    let id = ada.git("rev-parse prompts/support/triage/production/2");
    let id = id.trim();
    ada.ok("git repack -d --quiet");
    std::fs::remove_file(
        ada.dir
            .join(format!(".git/objects/{}/{}", &id[..2], &id[2..])),
    )
    .ok();
    let packed = ada.run(&format!("git cat-file -e {id}"));
    if packed.code == Some(0) {
        ada.ok("git repack -A -d --quiet --unpack-unreachable=now");
    }
    if ada.run(&format!("git cat-file -e {id}")).code == Some(0) {
        return;
    }
    let got = ada.fails("promptctl get support/triage@production --format json");
    assert_eq!(got.error()["code"], "P217");
}

#[test]
fn a_replaced_tag_object_does_not_count() {
    let env = TestEnv::new();
    let Some(ada) = signed(&env) else { return };
    forge(&env, 4, 4, "publish", "3");
    ada.ok("promptctl fetch");
    let id = |number: u64| {
        ada.git(&format!(
            "rev-parse refs/promptctl/origin/prompts/support/triage/production/{number}"
        ))
    };
    ada.git(&format!("replace -f {} {}", id(4).trim(), id(3).trim()));
    assert_eq!(ada.run("promptctl verify").code, Some(3));
    assert_eq!(live(&ada), 4);
}

#[test]
fn a_release_that_is_dated_ahead_is_said_where_a_time_is_asked_for() {
    let env = TestEnv::new();
    let ada = env.triage();
    ada.ok("promptctl publish support/triage");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.at("2031-01-01T00:00:00Z")
        .ok("promptctl publish support/triage");
    assert_snapshot!(ada.play(
        "promptctl releases support/triage --at 2026-11-03T12:00:00Z
         promptctl status --at 2026-11-03T12:00:00Z
         promptctl status"
    ), @"
    $ promptctl releases support/triage --at 2026-11-03T12:00:00Z
    1	production	v1	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    --- stderr
    warning[P256]: release 2 of support/triage in production is dated ahead of now: what was live at a given time is not known from there on
      help: the order of releases is their number and never the clock; promptctl releases shows them all
    $ promptctl status --at 2026-11-03T12:00:00Z
    production	support/triage	v1	-	2026-11-03T11:00:00Z	Ada	
    --- stderr
    warning[P256]: release 2 of support/triage in production is dated ahead of now: what was live at a given time is not known from there on
      help: the order of releases is their number and never the clock; promptctl releases shows them all
    $ promptctl status
    production	support/triage	v2	-	2031-01-01T00:00:00Z	Ada
    ");
}

#[test]
fn a_version_number_that_leaps_is_not_released_by_accident() {
    let env = TestEnv::new();
    let ada = env.triage();
    ada.replace(
        "prompts/support/triage.prompt.yml",
        "version: 1",
        "version: 4294967295",
    );
    ada.git("commit --quiet --all --message Leap");
    assert_snapshot!(ada.play(
        "promptctl publish support/triage
         promptctl publish support/triage --allow P036"
    ), @"
    $ promptctl publish support/triage
    error[P036]: support/triage v4294967295 is more than 1,000 above 0 (no version has a tag yet)
      at: prompts/support/triage.prompt.yml
      hint: promptctl publish support/triage@v4294967295 --allow P036 releases it all the same, if the number is meant
    [exit 3]
    $ promptctl publish support/triage --allow P036
    support/triage v4294967295 published to production
    ");
    let tag = ada.git("cat-file -p prompts/support/triage/production/1");
    assert!(tag.contains("\nAllowed: P036"), "{tag}");
}

#[test]
fn a_remote_with_two_places_to_push_to_is_not_published_through() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.git("remote set-url --add --push origin ../one.git");
    ada.git("remote set-url --add --push origin ../two.git");
    let refused = ada.fails("promptctl publish support/triage --format json");
    assert_eq!(refused.error()["code"], "P255");
}

#[test]
fn of_several_remotes_one_is_chosen_before_anything_is_live() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.git("remote rename origin upstream");
    ada.git("remote add mine ../mine.git");
    assert_snapshot!(ada.play(
        "promptctl get support/triage@production
         promptctl publish support/triage
         git config promptctl.remote upstream
         promptctl publish support/triage"
    ), @"
    $ promptctl get support/triage@production
    error[P215]: this clone has several remotes, and none of them is called origin: mine, upstream
      hint: git config promptctl.remote mine says which one decides what is live
    [exit 1]
    $ promptctl publish support/triage
    error[P215]: this clone has several remotes, and none of them is called origin: mine, upstream
      hint: git config promptctl.remote mine says which one decides what is live
    [exit 1]
    $ git config promptctl.remote upstream
    $ promptctl publish support/triage
    support/triage v1 published to production, and the remote has it
    ");
    assert!(origin(&env).tags().contains("production/1"));
}

#[test]
fn two_prefixes_have_two_mirrors() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    ada.write("promptctl.yaml", "tagPrefix: other/\n");
    let got = ada.fails("promptctl get support/triage@production --format json");
    assert_eq!(got.error()["code"], "P217");
    ada.ok("promptctl fetch");
    let got = ada.fails("promptctl get support/triage@production --format json");
    assert_eq!(got.error()["code"], "P203");
}

#[test]
fn a_partial_fetch_brings_what_is_live_and_says_so_of_the_rest() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    ada.ok("promptctl publish support/triage --env staging --create-env");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.ok("git push --quiet");
    ada.ok("promptctl publish support/triage");
    // The newest is void: the one below it is brought.
    origin(&env).git("tag prompts/support/triage/production/3 main");
    // A branch can be called like a tag.
    origin(&env).git("branch refs/tags/prompts/support/triage/production/9 main");
    let url = format!("file://{}/origin.git", env.root().dir.display());
    env.root()
        .ok(&format!("git clone --quiet --depth 1 --no-tags {url} ci"));
    let ci = env.root().cd("ci").person("CI");
    ci.ok("promptctl fetch --env production");
    assert_eq!(
        ci.git("for-each-ref --format=%(refname) refs/promptctl/"),
        "refs/promptctl/origin/prompts/support/triage/production/2\n\
         refs/promptctl/origin/prompts/support/triage/production/3\n\
         refs/promptctl/origin/prompts/support/triage/v2"
    );
    assert_eq!(live(&ci), 2);
    ci.ok("promptctl render support/triage@production --var ticket=Help");
    assert_snapshot!(ci.play(
        "promptctl get support/triage@staging
         promptctl releases support/triage"
    ), @"
    $ promptctl get support/triage@staging
    error[P217]: `staging` is not known here; the releases are not fetched
      hint: promptctl fetch
    [exit 1]
    $ promptctl releases support/triage
    error[P217]: this clone has fetched only what is live in production from origin
      hint: promptctl fetch
    [exit 1]
    ");
    ci.ok("promptctl fetch");
    ci.ok("promptctl releases support/triage");
}

#[test]
fn a_name_that_this_disk_cannot_hold_does_not_fail_the_fetch_of_the_others() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    let id = origin(&env).git("rev-parse prompts/support/triage/v1");
    let long = "x".repeat(255);
    // Packed, since no file can have the name.
    let packed = origin(&env);
    packed.git("pack-refs --all");
    let refs = packed.read("packed-refs");
    packed.write(
        "packed-refs",
        format!("{refs}{} refs/tags/prompts/{long}\n", id.trim()),
    );
    let bob = env.clone_of_origin("Bob");
    let fetched = bob.run("promptctl fetch");
    assert_eq!(fetched.code, Some(0), "{fetched}");
    assert!(fetched.stderr.contains("could not take it in"), "{fetched}");
    assert_eq!(live(&bob), 1);
}

#[test]
fn a_tag_below_the_name_of_the_next_release_stops_nothing() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.publish_versions(2);
    origin(&env).git("tag prompts/support/triage/production/3/x main");
    ada.ok("promptctl rollback support/triage");
    assert_eq!(live(&ada), 1);
    ada.ok("promptctl publish support/triage@v2");
    assert_eq!(live(&ada), 2);
    let fix = ada.json("promptctl doctor --format json")["findings"][0]["help"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_snapshot!(ada.play("promptctl doctor"), @"
    $ promptctl doctor
    warning[P210]: the tag prompts/support/triage/production/3/x is neither a version nor a release, and stands where they must be made
      at: prompts/support/triage/production/3/x
      help: git push origin --delete refs/tags/prompts/support/triage/production/3/x && promptctl fetch --accept prompts/support/triage/production/3/x
    0 errors, 1 warning
    ");
    for line in fix.split(" && ") {
        ada.ok(line);
    }
    assert_eq!(live(&ada), 2);
}

#[test]
fn a_branch_that_could_not_be_fetched_does_not_decide_by_what_it_was() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch");
    ada.write(
        "promptctl.yaml",
        "environments: {production: {requireBranch: release}}\n",
    );
    ada.git("commit --quiet --all --message Policy");
    ada.git("push --quiet origin main");
    let lock = ".git/refs/remotes/origin/main.lock";
    bob.write(lock, "");
    let file = std::fs::File::options()
        .write(true)
        .open(bob.dir.join(lock))
        .unwrap();
    let hours = std::time::Duration::from_secs(7200);
    file.set_modified(std::time::SystemTime::now() - hours)
        .unwrap();
    let refused = bob.fails("promptctl publish support/triage");
    assert!(refused.stderr.contains("main.lock"), "{refused}");
    assert_eq!(origin(&env).tags(), "");
}

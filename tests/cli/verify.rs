//! `verify`: what is live is proven, or it is told what is not.

use insta::assert_snapshot;

use super::policy::{keys, require_signatures, sign_as};
use crate::env::{SMALL, Shell, TestEnv};

/// Makes a tag as somebody would who wants to get past the rules: by hand, with a good message.
fn forge(repo: &Shell, tag: &str, message: &str, commit: &str) {
    repo.write("../message", message);
    repo.git(&format!(
        "tag --annotate --no-sign --cleanup=verbatim --file ../message {tag} {commit}"
    ));
}

#[test]
fn nothing_is_live() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl verify
         promptctl verify --env staging"
    ), @"
    $ promptctl verify
    nothing is live in production
    $ promptctl verify --env staging
    error[P257]: there is no environment staging: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: the environments are production
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env staging --create-env
    [exit 2]
    ");
    repo.ok("promptctl publish support/triage");
    repo.ok("promptctl unpublish support/triage");
    assert_snapshot!(repo.play("promptctl verify --env production"), @"
    $ promptctl verify --env production
    nothing is live in production
    ");
}

#[test]
fn what_is_live_is_proven() {
    let env = TestEnv::new();
    let repo = env.triage();
    if keys(&repo, &["ada"]).is_none() {
        return;
    }
    require_signatures(&repo, &["ada"]);
    sign_as(&repo, "ada");
    repo.add("greeting", SMALL);
    repo.ok("promptctl publish greeting support/triage");
    repo.ok("promptctl publish greeting --env staging --create-env");
    assert_snapshot!(repo.play("promptctl verify"), @"
    $ promptctl verify
    staging	greeting	v1	1	xxxxxxxxxxxx	-	whole	-	sound
    production	greeting	v1	1	xxxxxxxxxxxx	ada@example.com	whole	-	proven
    production	support/triage	v1	1	xxxxxxxxxxxx	ada@example.com	whole	-	proven
    --- stderr
    3 active versions: 2 proven, 1 sound
    by the rules of HEAD (xxxxxxxxxxxx)
    ");
    let mut told = repo.json("promptctl verify --env production --format json");
    for prompt in told["environments"][0]["prompts"].as_array_mut().unwrap() {
        let key = prompt["signed_by"]["key"].take();
        assert!(key.as_str().unwrap().starts_with("SHA256:"), "{key}");
    }
    assert_snapshot!(
        crate::env::steady(&serde_json::to_string_pretty(&told).unwrap(), &repo.dir),
        @r#"
    {
      "schema": 1,
      "checked": 2,
      "errors": 0,
      "warnings": 0,
      "environments": [
        {
          "name": "production",
          "rules": {
            "branches": [],
            "allowed_signers": "allowed_signers",
            "from": [],
            "evaluations": []
          },
          "prompts": [
            {
              "name": "greeting",
              "proven": true,
              "version": 1,
              "release": 1,
              "action": "publish",
              "release_tag": "prompts/greeting/production/1",
              "version_tag": "prompts/greeting/v1",
              "commit": "<id>",
              "digest": "<id>",
              "by": "Ada",
              "time": "2026-11-03T11:00:00Z",
              "chain_to": 1,
              "seen_since": null,
              "signed_by": {
                "principal": "ada@example.com",
                "key": null
              }
            },
            {
              "name": "support/triage",
              "proven": true,
              "version": 1,
              "release": 1,
              "action": "publish",
              "release_tag": "prompts/support/triage/production/1",
              "version_tag": "prompts/support/triage/v1",
              "commit": "<id>",
              "digest": "<id>",
              "by": "Ada",
              "time": "2026-11-03T11:00:00Z",
              "chain_to": 1,
              "seen_since": null,
              "signed_by": {
                "principal": "ada@example.com",
                "key": null
              }
            }
          ]
        }
      ],
      "findings": []
    }
    "#
    );
}

#[test]
fn each_thing_that_is_not_proven_is_told_with_its_fix() {
    let env = TestEnv::new();
    let repo = env.triage();
    if keys(&repo, &["ada", "eve"]).is_none() {
        return;
    }
    repo.ok("promptctl publish support/triage");
    require_signatures(&repo, &["ada"]);
    sign_as(&repo, "ada");
    // Not signed, as before the rule.
    assert_snapshot!(repo.play(
        "promptctl verify --env production
         promptctl publish support/triage@v1 --env production
         promptctl verify --env production"
    ), @"
    $ promptctl verify --env production
    production	support/triage	v1	1	xxxxxxxxxxxx	-	whole	-	not proven
    --- stderr
    error[P240]: release 1 of support/triage in production is not signed
      help: promptctl publish support/triage@v1 --env production
    1 active version not proven
    by the rules of HEAD (xxxxxxxxxxxx)
    [exit 3]
    $ promptctl publish support/triage@v1 --env production
    support/triage v1 published to production again
    $ promptctl verify --env production
    production	support/triage	v1	2	xxxxxxxxxxxx	ada@example.com	whole	-	proven
    --- stderr
    1 active version proven
    by the rules of HEAD (xxxxxxxxxxxx)
    ");
    // Signed by somebody else.
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    let message = repo
        .git("tag --list --format=%(contents) prompts/support/triage/production/2")
        .split("-----BEGIN")
        .next()
        .unwrap()
        .to_owned();
    sign_as(&repo, "eve");
    repo.write("../message", &message);
    repo.git("tag --sign --cleanup=verbatim --file ../message prompts/support/triage/production/3 prompts/support/triage/v1^{commit}");
    let run = repo.run("promptctl verify --env production");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stderr.contains(
            "error[P240]: release 3 of support/triage in production is signed by a key that is not in allowed_signers: SHA256:"
        ),
        "{run}"
    );
    repo.git("tag --delete prompts/support/triage/production/3");
    repo.git("reflog expire --expire=now --all");
    repo.git("prune --expire=now");
    // A signed release under a number that was not signed.
    let second = repo.git("rev-parse refs/tags/prompts/support/triage/production/2");
    repo.git(&format!(
        "update-ref refs/tags/prompts/support/triage/production/3 {second}"
    ));
    assert_snapshot!(repo.play("promptctl verify --env production"), @"
    $ promptctl verify --env production
    production	support/triage	v1	2	xxxxxxxxxxxx	ada@example.com	whole	-	proven
    --- stderr
    warning[P210]: the tag prompts/support/triage/production/3 was made as prompts/support/triage/production/2: it is passed over
      help: promptctl doctor tells what to do about it
    1 active version proven
    by the rules of HEAD (xxxxxxxxxxxx)
    ");
    repo.git("update-ref -d refs/tags/prompts/support/triage/production/3");
    // A gap.
    repo.git("tag --delete prompts/support/triage/production/1");
    assert_snapshot!(repo.play("promptctl verify --env production"), @"
    $ promptctl verify --env production
    production	support/triage	v1	2	xxxxxxxxxxxx	ada@example.com	-	-	not proven
    --- stderr
    error[P209]: release 1 of support/triage in production is missing
      help: git update-ref refs/tags/prompts/support/triage/production/1 <id>
    1 active version not proven
    by the rules of HEAD (xxxxxxxxxxxx)
    [exit 3]
    ");
}

#[test]
fn a_tag_that_lies_about_its_content() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    let first = repo.git("rev-parse HEAD");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    // Both tags agree with each other, and not with the commit.
    for tag in ["v1", "production/1"] {
        let tag = format!("prompts/support/triage/{tag}");
        let message = repo.git(&format!("tag --list --format=%(contents) {tag}"));
        repo.git(&format!("tag --delete {tag}"));
        forge(&repo, &tag, &message, "HEAD");
    }
    assert_ne!(repo.git("rev-parse HEAD"), first);
    assert_snapshot!(repo.play("promptctl verify"), @"
    $ promptctl verify
    production	support/triage	v1	1	xxxxxxxxxxxx	-	whole	-	not proven
    --- stderr
    error[P211]: release 1 of support/triage in production does not hold the content that it names
      help: git update-ref refs/tags/prompts/support/triage/v1 <id>
    1 active version not proven
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (xxxxxxxxxxxx)
    [exit 3]
    ");
}

#[test]
fn a_rollback_that_is_none_is_held_to_every_rule() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(
        "promptctl.yaml",
        "environments: {staging: {}, production: {from: staging, requireBranch: main}}\n",
    );
    repo.git("commit --quiet --all --message Policy");
    for line in ["--env staging", ""] {
        repo.ok(&format!("promptctl publish support/triage {line}"));
    }
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    for line in ["--env staging", ""] {
        repo.ok(&format!("promptctl publish support/triage {line}"));
    }
    repo.ok("promptctl verify");
    // A true one needs none of them: v1 is on no branch of that name any more.
    repo.ok("promptctl rollback support/triage");
    repo.git("switch --quiet --orphan other");
    repo.git("checkout --quiet main -- .");
    repo.git("commit --quiet --message 'Without the past'");
    repo.git("branch --quiet --force main other");
    repo.ok("promptctl verify");
    // One that says so of a version that never lay below.
    repo.next_version("support/triage", "maxTokens: 600", "maxTokens: 400");
    repo.ok("promptctl publish support/triage --env staging --create-env");
    let message = repo
        .git("tag --list --format=%(contents) prompts/support/triage/staging/3")
        .replace("Environment: staging", "Environment: production")
        .replace("Action: publish", "Action: rollback")
        .replace("Under: 2", "Under: none");
    repo.ok("promptctl unpublish support/triage --env staging");
    forge(
        &repo,
        "prompts/support/triage/production/4",
        &message,
        "HEAD",
    );
    assert_snapshot!(repo.play("promptctl verify --env production"), @"
    $ promptctl verify --env production
    production	support/triage	v3	4	xxxxxxxxxxxx	-	-	-	not proven
    --- stderr
    error[P251]: release 4 of support/triage in production does not name the release before it as the one it follows
      help: promptctl releases support/triage --env production
    error[P208]: support/triage v3 is not on main, which production requires
      help: merge it into main, or promptctl rollback support/triage --env production
    1 active version not proven
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (xxxxxxxxxxxx)
    [exit 3]
    ");
}

#[test]
fn what_never_was_where_it_must_come_from_is_not_proven() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish --quiet support/triage");
    repo.write(
        "promptctl.yaml",
        "environments: {staging: {}, production: {from: staging}}\n",
    );
    repo.git("commit --quiet --all --message Policy");
    assert_snapshot!(repo.play(
        "promptctl verify --env production
         promptctl publish --quiet support/triage --env staging
         promptctl unpublish --quiet support/triage --env staging
         promptctl verify --env production"
    ), @"
    $ promptctl verify --env production
    production	support/triage	v1	1	xxxxxxxxxxxx	-	whole	-	not proven
    --- stderr
    error[P242]: support/triage v1 is live in production and never was in staging
      help: promptctl publish support/triage@v1 --env staging
    1 active version not proven
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (xxxxxxxxxxxx)
    [exit 3]
    $ promptctl publish --quiet support/triage --env staging
    $ promptctl unpublish --quiet support/triage --env staging
    $ promptctl verify --env production
    production	support/triage	v1	1	xxxxxxxxxxxx	-	whole	-	sound
    --- stderr
    1 active version sound
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (xxxxxxxxxxxx)
    ");
}

#[test]
fn a_clone_that_fetched_no_releases_proves_nothing() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    let url = format!("file://{}/origin.git", env.root().dir.display());
    env.root()
        .ok(&format!("git clone --quiet --depth 1 --no-tags {url} ci"));
    let ci = env.root().cd("ci");
    assert_snapshot!(ci.play(
        "promptctl verify
         promptctl fetch
         git remote set-url origin https://example.invalid/x.git
         promptctl verify"
    ), @"
    $ promptctl verify
    error[P217]: this clone has not fetched the releases of origin
      hint: promptctl fetch
    [exit 3]
    $ promptctl fetch
    2 new tags from origin
    $ git remote set-url origin https://example.invalid/x.git
    $ promptctl verify
    production	support/triage	v1	1	xxxxxxxxxxxx	-	whole	2026-11-03	sound
    --- stderr
    1 active version sound
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of origin/main (xxxxxxxxxxxx) and HEAD (xxxxxxxxxxxx)
    not seen here: tags that were removed before this clone first fetched them (column since)
    ");
}

#[test]
fn a_rollback_without_a_signature_is_told_and_signed_for_later() {
    let env = TestEnv::new();
    let repo = env.triage();
    if keys(&repo, &["ada"]).is_none() {
        return;
    }
    repo.ok("promptctl publish support/triage");
    require_signatures(&repo, &["ada"]);
    sign_as(&repo, "ada");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.ok("promptctl publish support/triage");
    // Back to what nobody signed for: a bare rollback does not, and `--to` does.
    std::fs::rename(repo.dir.join("../ada.key"), repo.dir.join("../away")).unwrap();
    let bare = repo.fails("promptctl rollback support/triage --format json");
    assert_eq!(bare.error()["code"], "P254");
    repo.ok("promptctl rollback support/triage --to v1");
    std::fs::rename(repo.dir.join("../away"), repo.dir.join("../ada.key")).unwrap();
    assert_snapshot!(repo.play(
        "promptctl verify --env production
         promptctl publish support/triage@v1 --env production
         promptctl verify --env production
         promptctl doctor
         promptctl releases support/triage --env production"
    ), @"
    $ promptctl verify --env production
    production	support/triage	v1	3	xxxxxxxxxxxx	-	whole	-	not proven
    --- stderr
    error[P240]: release 3 of support/triage in production is not signed
      help: promptctl publish support/triage@v1 --env production
    1 active version not proven
    by the rules of HEAD (xxxxxxxxxxxx)
    [exit 3]
    $ promptctl publish support/triage@v1 --env production
    support/triage v1 published to production again
    $ promptctl verify --env production
    production	support/triage	v1	4	xxxxxxxxxxxx	ada@example.com	whole	-	proven
    --- stderr
    1 active version proven
    by the rules of HEAD (xxxxxxxxxxxx)
    $ promptctl doctor
    everything is sound
    $ promptctl releases support/triage --env production
    4	production	v1	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    3	production	v1	rollback	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Roll support/triage back to v1 in production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    ");
}

#[test]
fn many_prompts_are_proven_as_few_are() {
    let env = TestEnv::new();
    let repo = env.repo();
    if keys(&repo, &["ada"]).is_none() {
        return;
    }
    for number in 0..9 {
        repo.write(
            &format!("prompts/p{number}.prompt.yml"),
            format!("version: 1\n{SMALL}"),
        );
    }
    repo.git("add --all");
    repo.git("commit --quiet --message Many");
    repo.ok("promptctl publish p8");
    require_signatures(&repo, &["ada"]);
    sign_as(&repo, "ada");
    repo.ok("promptctl publish --all");
    let run = repo.run("promptctl verify --env production");
    let names: Vec<&str> = run
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').nth(1))
        .collect();
    assert_eq!(
        names,
        ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"]
    );
    let (told, rules) = run.stderr.split_once("by the rules").unwrap();
    assert!(rules.starts_with(" of HEAD ("), "{rules}");
    assert_snapshot!(told, @"
    error[P240]: release 1 of p8 in production is not signed
      help: promptctl publish p8@v1 --env production
    9 active versions: 8 proven, 1 not proven
    ");
}

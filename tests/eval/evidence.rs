//! Evidence: tags that say what an evaluation came to, and environments that want them.

use std::thread;

use insta::assert_snapshot;
use regex::Regex;

use super::{repo, sorting, told};
use crate::cli::policy::{keys, sign_as};
use crate::env::{Shell, TestEnv};
use crate::server::{KEY, Reply, Server, answer};

mod refused;

/// A prompt that answers itself: the cases pass without any server.
pub(super) const ECHO: &str = "\
model: openai/echo
messages:
  - role: user
    content: \"{{ticket}}\"
testData:
  - ticket: billing please
    expected: billing
    case: {id: double-charge, tags: [smoke], required: true}
  - ticket: tech please
    expected: tech
    case: {id: crash, tags: [hostile]}
evaluators:
  - name: right queue
    string: {contains: \"{{expected}}\"}
";

pub(super) fn configure(repo: &Shell, text: &str) {
    repo.write("promptctl.yaml", text);
    repo.git("add --all");
    repo.git("commit --quiet --message Policy");
}

/// A clone with the prompt `triage`, whose production wants what `rule` says.
pub(super) fn wanting(env: &TestEnv, rule: &str) -> Shell {
    let ada = env.with_origin();
    ada.add("triage", ECHO);
    configure(
        &ada,
        &format!("environments: {{staging: {{}}, production: {{requireEval: {rule}}}}}\n"),
    );
    ada.git("push --quiet origin main");
    ada
}

/// What a text says, without ids, digests and times.
fn steady(text: &str) -> String {
    let ids = Regex::new(r"[0-9a-f]{40,64}").unwrap();
    ids.replace_all(text, "<id>").into_owned()
}

/// Makes a tag of evidence by hand, and sends it.
fn forge(repo: &Shell, tag: &str, message: &str) {
    repo.write("../message", message);
    repo.git(&format!("tag --annotate --file ../message prompts/{tag}"));
    repo.git(&format!("push --quiet origin prompts/{tag}"));
}

#[test]
fn an_environment_that_wants_evidence_refuses_until_it_is_recorded() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    assert_snapshot!(ada.play(
        "promptctl publish triage
         promptctl publish --all
         promptctl publish triage --env staging
         promptctl eval triage --record --quiet
         promptctl eval triage --record
         promptctl publish triage
         promptctl verify --env production"
    ), @"
    $ promptctl publish triage
    error[P409]: production requires an evaluation of triage v1, and none is recorded
      hint: promptctl eval triage --record
    [exit 3]
    $ promptctl publish --all
    error[P409]: production requires an evaluation of support/triage v1, which has no cases
      at: prompts/support/triage.prompt.yml
      hint: write them below `testData:`, or name files under `datasets:`
    warning: support/triage was not published
    error[P409]: production requires an evaluation of triage v1, and none is recorded
      hint: promptctl eval triage --record
    warning: triage was not published
    [exit 3]
    $ promptctl publish triage --env staging
    triage v1 published to staging, and the remote has it
    $ promptctl eval triage --record --quiet
    triage v1   2 cases, 1 answer each   echo
    passed       2 of 2   100.0 %
    required     1 of 1
    hostile      1 of 1
    right queue  2 of 2

    pass   $0.0000 spent
        every case has to pass: 2 of 2 did
    $ promptctl eval triage --record
    recorded already: prompts/triage/_eval/1 (pass, 2 of 2)
    $ promptctl publish triage
    triage v1 published to production, and the remote has it
    $ promptctl verify --env production
    production	triage	v1	1	xxxxxxxxxxxx	-	whole	2026-11-03	sound
    --- stderr
    1 active version sound
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (xxxxxxxxxxxx)
    not seen here: tags that were removed before this clone first fetched them (column since)
    ");
    let listed = ada.ok("promptctl eval --list");
    let listed = listed.lines().last();
    assert_eq!(
        listed,
        Some("prompts/triage/_eval/1\t1 hour ago\t2 of 2\tpass\tv1\techo\tAda")
    );
    let tag = ada.git("cat-file tag prompts/triage/_eval/1");
    assert_snapshot!(steady(&tag), @r#"
    object <id>
    type commit
    tag prompts/triage/_eval/1
    tagger Ada <ada@example.com> 1793703600 +0000

    triage v1: 2 of 2 pass, 100.0 %

    pass      double-charge  right queue 1
    pass      crash  right queue 1

    Prompt: triage
    Version: 1
    Digest: <id>
    Suite: <id>
    Model: echo
    Repeat: 1
    Passed: 2/2
    Required: 1/1
    Hostile: 1/1
    Undecided: 0
    Tags: {"hostile":"1/1","smoke":"1/1"}
    Cost: 0.000000
    Results: sha256:<id>
    Verdict: pass
    "#);
    let object = ada.git("rev-parse prompts/triage/_eval/1");
    let release = ada.git("cat-file tag prompts/triage/production/1");
    assert!(
        release.contains(&format!("\nEval: 1 {object}")),
        "{release}"
    );
    // Another clone has it by a fetch, and names no such environment or prompt.
    let ben = env.clone_of_origin("Ben");
    assert_snapshot!(ben.play(
        "promptctl fetch
         promptctl status
         promptctl doctor
         promptctl releases triage --env production
         promptctl verify --env production"
    ), @"
    $ promptctl fetch
    4 new tags from origin
    $ promptctl status
    staging	support/triage	-	v1	-	-	never published
    staging	triage	v1	-	2026-11-03T11:00:00Z	Ada	
    production	support/triage	-	v1	-	-	never published
    production	triage	v1	-	2026-11-03T11:00:00Z	Ada	
    $ promptctl doctor
    everything is sound
    $ promptctl releases triage --env production
    1	production	v1	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish triage v1 to production
    $ promptctl verify --env production
    production	triage	v1	1	xxxxxxxxxxxx	-	whole	2026-11-03	sound
    --- stderr
    1 active version sound
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of origin/main (xxxxxxxxxxxx) and HEAD (xxxxxxxxxxxx)
    not seen here: tags that were removed before this clone first fetched them (column since)
    ");
}

#[test]
fn evidence_compares_with_what_is_live_where_the_environment_asks_for_it() {
    let env = TestEnv::new();
    let ada = wanting(&env, "{against: live, margin: 0.3}");
    let cases: String = (0..12)
        .map(|at| format!("  - ticket: billing {at}\n    expected: billing\n"))
        .collect();
    let (head, tail) = ECHO.split_once("testData:\n").unwrap();
    let (_, evaluators) = tail.split_once("evaluators:").unwrap();
    let text = format!("{head}testData:\n{cases}evaluators:{evaluators}");
    ada.write("prompts/triage.prompt.yml", &text);
    ada.git("commit --quiet --all --message Cases");
    ada.git("push --quiet origin main");
    // Where nothing is live there is nothing to compare with.
    ada.ok("promptctl eval triage --record");
    ada.ok("promptctl publish triage");
    ada.next_version("triage", "{{ticket}}", "{{ticket}}!");
    assert_snapshot!(ada.play(
        "promptctl eval triage --record --quiet
         promptctl publish triage
         promptctl eval triage --record --base live --quiet
         promptctl publish triage
         promptctl eval triage --record --base live --quiet
         promptctl verify --env production"
    ), @"
    $ promptctl eval triage --record --quiet
    triage v2   12 cases, 1 answer each   echo
    passed       12 of 12   100.0 % (75.8 to 100.0)
    right queue  12 of 12

    pass   $0.0000 spent
        figures in brackets are intervals at 95 %
        every case has to pass: 12 of 12 did
    $ promptctl publish triage
    error[P409]: production requires an evaluation of triage v2, and prompts/triage/_eval/2 does not compare with v1, which is live
      hint: promptctl eval triage --record --base live
    [exit 3]
    $ promptctl eval triage --record --base live --quiet
    triage  v1 → v2 (wording)   12 cases, 1 answer each   echo

            v1                v2                change
    passed  12 of 12          12 of 12          +0.0 points (-24.2 to +24.2)   p 1.00
            100.0 % (76-100)  100.0 % (76-100)
    flaky        none measured: --repeat 3 would tell

    Can't tell: differences below about 58 points go unseen with these 12 cases; about 160 would show 5.

    pass   $0.0000 spent
        figures in brackets are intervals at 95 %
        every case has to pass: 12 of 12 did
    $ promptctl publish triage
    triage v2 published to production (was v1), and the remote has it
    warning: the commit xxxxxxxxxxxx of triage is on no branch of the remote that this clone knows
    hint: git push sends the branch, or git fetch, where somebody did; `requireBranch` in promptctl.yaml makes it a rule
    $ promptctl eval triage --record --base live --quiet
    $ promptctl verify --env production
    production	triage	v2	2	xxxxxxxxxxxx	-	whole	2026-11-03	sound
    --- stderr
    1 active version sound
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (xxxxxxxxxxxx)
    not seen here: tags that were removed before this clone first fetched them (column since)
    ");
    let tag = ada.git("cat-file tag prompts/triage/_eval/3");
    assert_snapshot!(steady(&tag), @"
    object <id>
    type commit
    tag prompts/triage/_eval/3
    tagger Ada <ada@example.com> 1793703600 +0000

    triage v2: 12 of 12 pass, 100.0 % (75.8 to 100.0)

    pass      9d3faace5833  right queue 1
    pass      387fdc3fada0  right queue 1
    pass      476fd3292b0c  right queue 1
    pass      b12186656b0a  right queue 1
    pass      b9385f03d9ec  right queue 1
    pass      9d646e228108  right queue 1
    pass      7f7aa190045e  right queue 1
    pass      ee91b8e72d78  right queue 1
    pass      944e8b182c2d  right queue 1
    pass      90c5087c55cd  right queue 1
    pass      7de5bd278cf6  right queue 1
    pass      dd84bc6e072d  right queue 1

    Prompt: triage
    Version: 2
    Digest: <id>
    Suite: <id>
    Model: echo
    Repeat: 1
    Passed: 12/12
    Required: 0/0
    Hostile: 0/0
    Undecided: 0
    Base: v1 <id> 12/12
    Difference: +0.000000 [-0.242494, +0.242494] p=1.000000 worst=-0.183981
    Cost: 0.000000
    Results: sha256:<id>
    Verdict: pass
    ");
    // A field that is no variable of the new version any more makes no new cases.
    ada.ok("promptctl rollback triage --quiet");
    ada.next_version("triage", "{{ticket}}!", "never");
    assert_snapshot!(ada.play(
        "promptctl eval triage --record --base live --quiet
         promptctl publish triage"
    ), @r#"
    $ promptctl eval triage --record --base live --quiet
    triage  v1 → v3 (breaking)   12 cases, 1 answer each   echo

            v1                v3            change
    passed  12 of 12          0 of 12       -100.0 points (-100.0 to -65.7)   p 0.0005
            100.0 % (76-100)  0.0 % (0-24)

    worse (12)   xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
                 xxxxxxxxxxxx   right queue: expected to contain "billing", got "never"
    flaky        none measured: --repeat 3 would tell

    Worse than v1: 100 points fewer pass, at least 65.7.

    fail   $0.0000 spent
        figures in brackets are intervals at 95 %
        every case has to pass: 0 of 12 did
        Worse than v1: 100 points fewer pass, at least 65.7.
    [exit 3]
    $ promptctl publish triage
    error[P409]: production requires an evaluation of triage v3, and prompts/triage/_eval/4 did not pass: 0 of 12 cases do
      hint: git show prompts/triage/_eval/4 says which cases failed
      hint: mend it, raise its version, and record that: promptctl eval triage --record
    [exit 3]
    "#);
}

#[test]
fn a_rollback_wants_no_evidence() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    ada.ok("promptctl eval triage --record");
    ada.ok("promptctl publish triage");
    ada.next_version("triage", "{{ticket}}", "{{ticket}}!");
    ada.ok("promptctl eval triage --record");
    ada.ok("promptctl publish triage");
    ada.git("push --quiet origin main");
    // The evidence of v1 is gone, and what is live must be taken back all the same.
    ada.git("push --quiet origin --delete prompts/triage/_eval/1");
    assert_snapshot!(ada.play("promptctl rollback triage\n promptctl verify --env production"), @"
    $ promptctl rollback triage
    triage rolled back to v1 in production (was v2), and the remote has it
      goes:       v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: triage v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish triage@v2
    $ promptctl verify --env production
    production	triage	v1	3	xxxxxxxxxxxx	-	whole	2026-11-03	sound
    --- stderr
    1 active version sound
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (xxxxxxxxxxxx)
    not seen here: tags that were removed before this clone first fetched them (column since)
    ");
}

#[test]
fn each_form_of_the_rule_is_asked() {
    let env = TestEnv::new();
    let ada = wanting(&env, "smoke");
    // One case fails that is not among them.
    ada.replace(
        "prompts/triage.prompt.yml",
        "ticket: tech please",
        "ticket: teck please",
    );
    ada.git("commit --quiet --all --message Typo");
    assert_eq!(ada.run("promptctl eval triage --record").code, Some(3));
    for (rule, refusal) in [
        ("true", "_eval/1 did not pass: 1 of 2 cases do"),
        ("nightly", "_eval/1 has no case with the tag nightly"),
        (
            "hostile",
            "_eval/1 has 0 of 1 of the cases with the tag hostile pass",
        ),
        ("{maxAge: 30}", "`maxAge` of `requireEval` is a time"),
        (
            "{judgeKappa: 7}",
            "`judgeKappa` of `requireEval` is a share",
        ),
    ] {
        configure(
            &ada,
            &format!("environments: {{production: {{requireEval: {rule}}}}}\n"),
        );
        ada.git("push --quiet origin main");
        let run = ada.fails("promptctl publish triage");
        assert_eq!(run.code, Some(3), "{run}");
        assert!(run.stderr.contains(refusal), "{rule}: {run}");
    }
    configure(&ada, "environments: {production: {requireEval: smoke}}\n");
    ada.git("push --quiet origin main");
    ada.ok("promptctl publish triage");
}

#[test]
fn evidence_that_is_too_old_has_to_be_made_again() {
    let env = TestEnv::new();
    let ada = wanting(
        &env,
        "{minPassRate: 1, required: all, hostile: all, maxAge: 30d}",
    );
    let before = ada.at("2026-09-01T12:00:00Z");
    before.ok("promptctl eval triage --record");
    let later = ada.at("2026-11-01T12:00:00Z");
    assert_snapshot!(later.play("promptctl publish triage"), @r#"
    $ promptctl publish triage
    error[P409]: production requires an evaluation of triage v1, and prompts/triage/_eval/1 is older than 30 days
      hint: promptctl eval triage --record --fresh -m "older than it may be"
    [exit 3]
    "#);
    later.ok("promptctl eval triage --record --fresh -m \"older than it may be\"");
    later.ok("promptctl publish triage");
    // What is live does not become unproven by growing old.
    let much_later = ada.at("2027-11-01T12:00:00Z");
    much_later.ok("promptctl verify --env production");
}

#[test]
fn two_jobs_at_once_lose_no_evidence_and_make_none_twice() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    let ben = env.clone_of_origin("Ben");
    let cho = env.clone_of_origin("Cho");
    cho.next_version("triage", "{{ticket}}", "{{ticket}}!");
    let jobs: Vec<_> = [ada.clone(), ben, cho]
        .into_iter()
        .map(|clone| thread::spawn(move || clone.run("promptctl eval triage --record")))
        .collect();
    for job in jobs {
        let run = job.join().unwrap();
        assert_eq!(run.code, Some(0), "{run}");
    }
    let theirs = ada.git("ls-remote --refs origin refs/tags/prompts/*");
    let mut numbers: Vec<&str> = theirs
        .lines()
        .filter_map(|line| Some(line.split_once("/_eval/")?.1))
        .collect();
    numbers.sort_unstable();
    // Two contents, and the same of two clones is one.
    assert_eq!(numbers, ["1", "2"], "{theirs}");
}

#[test]
fn evidence_waits_until_it_is_pushed() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    ada.ok("promptctl fetch");
    assert_snapshot!(ada.play(
        "promptctl eval triage --record --no-push --quiet
         promptctl publish triage
         promptctl publish triage --no-push
         promptctl push --dry-run
         promptctl push"
    ), @"
    $ promptctl eval triage --record --no-push --quiet
    triage v1   2 cases, 1 answer each   echo
    passed       2 of 2   100.0 %
    required     1 of 1
    hostile      1 of 1
    right queue  2 of 2

    pass   $0.0000 spent
        every case has to pass: 2 of 2 did
    $ promptctl publish triage
    error[P409]: production requires an evaluation of triage v1, and prompts/triage/_eval/1 was not sent yet
      hint: promptctl push triage
    [exit 3]
    $ promptctl publish triage --no-push
    triage v1 published to production, pending until it is sent
    warning: the tags are pending: nothing is live until the remote has them
    hint: promptctl push
    $ promptctl push --dry-run
    would send prompts/triage/_eval/1
    would send prompts/triage/v1
    would send prompts/triage/production/1
    $ promptctl push
    sent prompts/triage/_eval/1
    sent prompts/triage/v1
    sent prompts/triage/production/1
    ");
    ada.ok("promptctl verify --env production");
}

#[test]
fn a_shallow_clone_of_a_job_records_and_publishes() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    ada.next_version("triage", "{{ticket}}", "{{ticket}}!");
    ada.git("push --quiet origin main");
    let url = format!("file://{}", env.root().dir.join("origin.git").display());
    env.root()
        .git(&format!("clone --quiet --depth 1 {url} job"));
    let job = env.root().cd("job").person("Bot");
    job.ok("promptctl eval --record");
    job.ok("promptctl publish triage");
    job.ok("promptctl verify --env production");
}

#[test]
fn a_comment_says_whether_the_evidence_is_there() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    ada.ok("promptctl eval triage --record");
    ada.ok("promptctl publish triage");
    ada.git("switch --quiet --create better");
    ada.next_version("triage", "{{ticket}}", "{{ticket}}!");
    let comment = ada.ok("promptctl diff main...HEAD --format markdown");
    assert!(
        comment.contains(
            "because production requires an evaluation of triage v2, and none is recorded"
        ),
        "{comment}"
    );
    ada.ok("promptctl eval triage --record");
    let comment = ada.ok("promptctl diff main...HEAD --format markdown");
    assert!(
        comment.contains("`prompts/triage/_eval/2` shows that it passes"),
        "{comment}"
    );
}

#[test]
fn a_dry_run_records_nothing_and_scripts_read_what_was() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    let before = ada.refs();
    ada.ok("promptctl eval triage --record --dry-run");
    assert_eq!(ada.refs(), before);
    let first = ada.json("promptctl eval triage --record --format json");
    assert_eq!(first["evidence"][0]["tag"], "prompts/triage/_eval/1");
    assert_eq!(first["evidence"][0]["recorded"], true);
    assert_eq!(first["evidence"][0]["pushed"], true);
    let second = ada.json("promptctl eval triage --record --format json");
    assert_eq!(second["evidence"][0]["recorded"], false);
    assert_eq!(second["evidence"][0]["verdict"], "pass");
    let listed = ada.json("promptctl eval --list --format json");
    assert_eq!(listed["evidence"][0]["passed"], 2);
}

#[test]
fn a_table_that_is_too_long_is_told_by_its_hash() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    let cases: String = (0..3000)
        .map(|at| format!("{{\"ticket\": \"t{at} tech\", \"expected\": \"tech\", \"case\": {{\"id\": \"case-{at}\"}}}}\n"))
        .collect();
    ada.write("datasets/many.jsonl", cases);
    ada.replace(
        "prompts/triage.prompt.yml",
        "evaluators:",
        "datasets: [datasets/many.jsonl]\nevaluators:",
    );
    ada.git("add --all");
    ada.git("commit --quiet --message Many");
    ada.ok("promptctl eval triage --record");
    let tag = ada.git("cat-file tag prompts/triage/_eval/1");
    assert!(
        tag.len() < 4096 && tag.contains("too long for a tag"),
        "{tag}"
    );
    assert!(tag.contains("Passed: 3002/3002"), "{tag}");
    ada.ok("promptctl publish triage");
}

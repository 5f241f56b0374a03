//! What `requireEval` asks of judges, and of what was live before it was asked.

use insta::assert_snapshot;

use super::evidence::{ECHO, configure};
use super::judges::TONE;
use super::labels::{greeting, many_labels};
use super::steady;
use crate::cli::setup_github::{job as github_job, steps};
use crate::cli::setup_gitlab::{job as gitlab_job, script as gitlab};
use crate::env::{Shell, TestEnv, skipped};
use crate::server::{KEY, Server};

/// A clone with a judge, and labels with all of which it agrees.
fn with_judge(env: &TestEnv, server: &Server, policy: &str) -> Shell {
    let ada = env
        .with_origin()
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", server.url());
    ada.add("judges/tone", TONE);
    ada.write("labels.csv", many_labels());
    configure(&ada, policy);
    ada.git("push --quiet origin main");
    ada
}

fn keep_figures(ada: &Shell) {
    ada.ok("promptctl judge judges/tone --labels labels.csv --record");
    ada.git("add --all");
    ada.git("commit --quiet --message Figures");
}

#[test]
fn a_judge_goes_live_by_its_labels_and_needs_no_cases() {
    let (server, env) = (greeting(), TestEnv::new());
    let ada = with_judge(
        &env,
        &server,
        "environments: {staging: {}, production: {requireEval: {judgeKappa: 0.6}}}\n",
    );
    // Its version stays at a commit without figures.
    ada.ok("promptctl publish judges/tone --env staging");
    assert_snapshot!(ada.play("promptctl publish judges/tone"), @"
    $ promptctl publish judges/tone
    error[P409]: production requires an evaluation of judges/tone v1, which is a judge that no labels have checked
      at: prompts/judges/tone.prompt.yml
      hint: promptctl judge judges/tone --labels FILE --record, with 20 labels or more; commit FILE and what it keeps
    [exit 3]
    ");
    keep_figures(&ada);
    ada.git("push --quiet origin main");
    assert_snapshot!(ada.play(
        "promptctl publish judges/tone
         promptctl verify --env production"
    ), @"
    $ promptctl publish judges/tone
    judges/tone v1 published to production, and the remote has it
    $ promptctl verify --env production
    production	judges/tone	v1	1	xxxxxxxxxxxx	-	whole	2026-11-03	sound
    --- stderr
    1 active version sound
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (xxxxxxxxxxxx)
    not seen here: tags that were removed before this clone first fetched them (column since)
    ");
    let all = ada.run("promptctl publish --all");
    assert!(
        !all.stderr.contains("judges/tone was not published"),
        "{all}"
    );
    // Other figures come later; those of the content that is live are found all the same.
    ada.ok("promptctl edit judges/tone --set messages[0].content=Warm?");
    assert_snapshot!(ada.play("promptctl publish judges/tone"), @"
    $ promptctl publish judges/tone
    error[P409]: production requires an evaluation of judges/tone v2, which is a judge that no labels have checked
      at: prompts/judges/tone.prompt.yml
      hint: promptctl judge judges/tone --labels FILE --record, with 20 labels or more; commit FILE and what it keeps
    [exit 3]
    ");
    keep_figures(&ada);
    ada.ok("promptctl verify --env production");
    ada.ok("promptctl publish judges/tone");
    ada.ok("promptctl verify --env production");
}

#[test]
fn figures_of_a_judge_that_nobody_merged_gate_nothing() {
    let (server, env) = (greeting(), TestEnv::new());
    let ada = with_judge(
        &env,
        &server,
        "environments: {staging: {}, production: {requireBranch: main, requireEval: true}}\n",
    );
    ada.git("switch --quiet --create figures");
    keep_figures(&ada);
    assert_snapshot!(ada.play("promptctl publish judges/tone"), @"
    $ promptctl publish judges/tone
    error[P409]: production requires an evaluation of judges/tone v1, a judge, by labels on main, and no commit of main has figures of this content
      at: prompts/judges/tone.prompt.yml
      hint: promptctl judge judges/tone --labels FILE --record, with 20 labels or more; commit FILE and what it keeps
      hint: merge them into main first, so that they are reviewed
    [exit 3]
    ");
    ada.git("push --quiet origin figures:main");
    ada.ok("promptctl publish judges/tone");
    ada.ok("promptctl verify --env production");
}

#[test]
fn a_judge_with_cases_needs_its_labels_and_its_evaluation() {
    let (server, env) = (greeting(), TestEnv::new());
    let ada = with_judge(
        &env,
        &server,
        "environments: {production: {requireEval: true}}\n",
    );
    let text = ada.read("prompts/judges/tone.prompt.yml");
    ada.write(
        "prompts/judges/tone.prompt.yml",
        format!(
            "{text}testData: [{{input: Hi, completion: Hello!}}]\nevaluators: [{{name: warm, json: {{path: /choice, equals: warm}}}}]\n"
        ),
    );
    ada.git("commit --quiet --all --message Cases");
    ada.ok("promptctl eval judges/tone --record");
    let refused = ada.fails("promptctl publish judges/tone");
    assert!(
        refused.stderr.contains("no labels have checked"),
        "{refused}"
    );
    keep_figures(&ada);
    ada.ok("promptctl publish judges/tone");
    ada.ok("promptctl verify --env production");
    let release = ada.git("cat-file tag prompts/judges/tone/production/1");
    assert!(release.contains("\nEval: 1 "), "{release}");
}

#[test]
fn what_became_live_before_the_rule_is_proven_by_what_is_recorded_since() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.add("triage", ECHO);
    ada.ok("promptctl publish triage");
    ada.next_version("triage", "{{ticket}}", "{{ticket}}!");
    configure(
        &ada,
        "environments: {staging: {}, production: {requireEval: {maxAge: 30d}}}\n",
    );
    ada.git("push --quiet origin main");
    assert_snapshot!(ada.play(
        "promptctl verify --env production
         promptctl eval triage@v1 --record --quiet
         promptctl verify --env production"
    ), @"
    $ promptctl verify --env production
    production	triage	v1	1	xxxxxxxxxxxx	-	whole	2026-11-03	not proven
    --- stderr
    error[P409]: release 1 of triage in production names no evaluation, and production requires one, and none is recorded
      help: promptctl eval triage@v1 --record; v1 need not be published again
    1 active version not proven
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (xxxxxxxxxxxx)
    not seen here: tags that were removed before this clone first fetched them (column since)
    [exit 3]
    $ promptctl eval triage@v1 --record --quiet
    triage v1   2 cases, 1 answer each   echo
    passed       2 of 2   100.0 %
    required     1 of 1
    hostile      1 of 1
    right queue  2 of 2

    pass   $0.0000 spent
        every case has to pass: 2 of 2 did
    $ promptctl verify --env production
    production	triage	v1	1	xxxxxxxxxxxx	-	whole	2026-11-03	sound
    --- stderr
    1 active version sound
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (xxxxxxxxxxxx)
    not seen here: tags that were removed before this clone first fetched them (column since)
    ");
    // It need not be recorded again as it grows old.
    let later = ada.at("2027-03-01T12:00:00Z");
    later.ok("promptctl verify --env production");
    // Once it does not pass, that counts.
    ada.git("push --quiet origin --delete prompts/triage/_eval/1");
    let ben = env.clone_of_origin("Ben");
    ben.ok("promptctl fetch");
    let gone = ben.run("promptctl verify --env production");
    assert_eq!(gone.code, Some(3), "{gone}");
}

#[test]
fn what_became_live_without_cases_is_told_that_the_next_version_needs_them() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    configure(&ada, "environments: {production: {requireEval: true}}\n");
    let run = ada.run("promptctl verify --env production");
    assert_snapshot!(steady(&run.stderr), @"
    error[P409]: release 1 of support/triage in production names no evaluation, and production requires one, which has no cases
      help: what is added counts for the next version: write them below `testData:`, or name files under `datasets:`; raise its version, then promptctl eval support/triage --record and promptctl publish support/triage --env production
    1 active version not proven
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of HEAD (4495a72ec502)
    not seen here: tags that were removed before this clone first fetched them (column since)
    ");
}

#[test]
fn the_job_that_publishes_records_what_the_rule_asks_for() {
    if cfg!(windows) {
        return skipped("the steps are for the runners with Linux");
    }
    for (init, host) in [("--github", "github"), ("--gitlab", "gitlab")] {
        let env = TestEnv::new();
        let ada = env.with_origin();
        ada.add("triage", ECHO);
        ada.add("wrong", &ECHO.replace("\"{{ticket}}\"", "never"));
        configure(
            &ada,
            "environments: {staging: {requireEval: true}, production: {}}\n",
        );
        ada.ok(&format!("promptctl init --quiet {init}"));
        ada.git("push --quiet origin main");
        let publish = |job: &Shell| match host {
            "github" => steps("publish", job).pop().unwrap(),
            _ => gitlab("prompts:publish:staging", job),
        };
        let job = match host {
            "github" => github_job(&env, &ada).with("MAX_COST", "0.50"),
            _ => gitlab_job(&env, &ada).with("PROMPTCTL_EVAL", "0.50"),
        };
        let tags = || {
            env.root()
                .git("--git-dir origin.git tag --list *triage/* *wrong/*")
        };
        // Nobody pays without a key, and what is not recorded is refused.
        let run = publish(&job.with("OPENAI_API_KEY", ""));
        assert_eq!(run.code, Some(3), "{run}");
        assert!(run.stderr.contains("error[P409]"), "{run}");
        assert_eq!(tags(), "", "{host}");
        let run = publish(&job.with("OPENAI_API_KEY", KEY));
        assert_eq!(run.code, Some(3), "{run}");
        assert_eq!(
            tags(),
            "prompts/triage/_eval/1\nprompts/triage/staging/1\nprompts/triage/v1\nprompts/wrong/_eval/1",
            "{host}: {run}"
        );
    }
}

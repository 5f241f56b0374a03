//! What is no evidence, and evidence that somebody made up.

use super::*;

#[test]
fn scores_of_a_file_and_fewer_questions_are_no_evidence() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.add(
        "triage",
        &ECHO.replace("id: crash,", "id: crash, repeat: 5,"),
    );
    assert_snapshot!(ada.play(
        "promptctl eval triage --record --scores scores.jsonl
         promptctl eval triage --record --repeat 3"
    ), @"
    $ promptctl eval triage --record --scores scores.jsonl
    error: the argument '--record' cannot be used with '--scores <FILE>'

    Usage: promptctl eval --record <REF>...

    For more information, try '--help'.
    [exit 2]
    $ promptctl eval triage --record --repeat 3
    error: triage asks a case 5 times, and --repeat less often: that is no evidence
      hint: promptctl eval triage --record asks as often as the file says
    [exit 2]
    ");
    assert_eq!(ada.git("tag --list prompts/triage/_eval/*"), "");
}

#[test]
fn evidence_is_of_one_content_and_of_the_cases_of_its_commit() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    ada.ok("promptctl eval triage --record");
    // Another content under the next number.
    ada.next_version("triage", "{{ticket}}", "{{ticket}}!");
    let refused = ada.fails("promptctl publish triage");
    assert!(refused.stderr.contains("none is recorded"), "{refused}");
    // The same content with other cases.
    ada.ok("promptctl eval triage --record");
    ada.replace("prompts/triage.prompt.yml", "tech please", "tech, please");
    let run = ada.fails("promptctl eval triage --record");
    assert_snapshot!(run, @r#"
    error[P204]: triage has changes that are not committed
      at: prompts/triage.prompt.yml
      hint: git add prompts/triage.prompt.yml && git commit -m "…" -- prompts/triage.prompt.yml
    [exit 1]
    "#);
    ada.git("commit --quiet --all --message Cases");
    assert_snapshot!(ada.play("promptctl publish triage"), @"
    $ promptctl publish triage
    error[P409]: production requires an evaluation of triage v2 by the cases and evaluators of its commit, and prompts/triage/_eval/2 is by others
      hint: promptctl eval triage --record
    [exit 3]
    ");
    ada.ok("promptctl eval triage --record");
    ada.ok("promptctl publish triage");
    // What is released is that commit: cases that came later change nothing of it.
    ada.replace("prompts/triage.prompt.yml", "tech, please", "tech!");
    ada.git("commit --quiet --all --message More");
    ada.ok("promptctl unpublish triage");
    ada.ok("promptctl publish triage@v2");
    let verified = ada.ran("promptctl verify --env production");
    assert!(verified.stdout.contains("sound"), "{verified}");
}

#[test]
fn what_was_not_asked_whole_is_no_evidence() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    for refused in [
        "--case crash",
        "--tag smoke",
        "--only failed",
        "--cases other.jsonl",
        "--answers answers.jsonl",
        "--model openai/echo",
        "--min-pass-rate 0",
        "--allow-undecided 2",
    ] {
        let run = ada.fails(&format!("promptctl eval triage --record {refused}"));
        assert_eq!(run.code, Some(2), "{run}");
    }
    let run = ada.fails("promptctl eval triage --no-push");
    assert_eq!(run.code, Some(2), "{run}");
    assert!(!ada.tags().contains("_eval"), "{}", ada.tags());
    // Fewer answers than the suite asks for.
    ada.replace(
        "prompts/triage.prompt.yml",
        "evaluators:",
        "eval: {repeat: 2}\nevaluators:",
    );
    ada.git("commit --quiet --all --message Twice");
    let run = ada.fails("promptctl eval triage --record --repeat 1");
    assert!(run.stderr.contains("that is no evidence"), "{run}");
    ada.ok("promptctl eval triage --record --repeat 3");
    ada.ok("promptctl publish triage");
}

#[test]
fn a_run_that_was_cut_short_or_met_two_models_is_no_evidence() {
    let server = Server::answering(|request| {
        let ticket = request.ticket();
        match ticket.as_str() {
            "The app crashes" => Reply::error(400, None, None, "no"),
            _ => Reply::answer("billing tech"),
        }
    });
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    let run = repo.run("promptctl eval triage --record --quiet");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stderr
            .contains("triage v1 was not recorded: 1 of 3 cases have no answer"),
        "{run}"
    );
    assert!(!repo.tags().contains("_eval"), "{}", repo.tags());
    let capped =
        repo.run("promptctl eval triage --record --max-cost 0.0000001 --fresh --concurrency 1");
    assert!(capped.stderr.contains("was not recorded"), "{capped}");
}

#[test]
fn answers_of_two_models_are_no_evidence() {
    let server = Server::answering(|request| {
        let mut body = answer("billing tech");
        if request.ticket() == "The app crashes" {
            body["model"] = "gpt-5-mini-2026-01-01".into();
        }
        Reply::json(200, &body)
    });
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    let run = repo.run("promptctl eval triage --record --quiet");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stderr.contains("come from several models"), "{run}");
    assert!(!repo.tags().contains("_eval"), "{}", repo.tags());
}

#[test]
fn asking_until_it_passes_needs_a_reason() {
    let server = sorting("The app crashes");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    configure(&repo, "environments: {production: {requireEval: true}}\n");
    let failed = repo.run("promptctl eval triage --record");
    assert_eq!(failed.code, Some(3), "{failed}");
    let asked = server.requests().len();
    // Again it is not asked, and the verdict stays.
    let again = repo.run("promptctl eval triage --record");
    assert_snapshot!(told(&again), @"
    recorded already: prompts/triage/_eval/1 (fail, 2 of 3)
    [exit 3]
    ");
    assert_eq!(server.requests().len(), asked);
    let fresh = repo.run("promptctl eval triage --record --fresh");
    assert_snapshot!(told(&fresh), @r#"
    error: triage v1 was evaluated already (prompts/triage/_eval/1), and --fresh could ask until it passes
      hint: -m "…" says why it is asked again
    [exit 2]
    "#);
    assert_snapshot!(repo.play("promptctl publish triage"), @"
    $ promptctl publish triage
    error[P409]: production requires an evaluation of triage v1, and prompts/triage/_eval/1 did not pass: 2 of 3 cases do
      hint: git show prompts/triage/_eval/1 says which cases failed
      hint: mend it, raise its version, and record that: promptctl eval triage --record
    [exit 3]
    ");
    assert_eq!(server.requests().len(), asked);
    // With a reason it is, and the newest counts.
    let good = sorting("nothing");
    let repo = repo
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", good.url());
    repo.ok("promptctl eval triage --record --fresh -m 'the model was down'");
    let tag = repo.git("cat-file tag prompts/triage/_eval/2");
    assert!(tag.contains("\n\nthe model was down\n\n"), "{tag}");
    repo.ok("promptctl publish triage");
}

#[test]
fn what_only_looks_like_evidence_counts_for_nothing() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    ada.ok("promptctl fetch");
    ada.ok("promptctl eval triage --record --no-push");
    let sound = ada.git("for-each-ref --format=%(contents) refs/tags/prompts/triage/_eval/1");
    ada.git("tag --delete prompts/triage/_eval/1");
    let eve = env.clone_of_origin("Eve");
    eve.add("other", ECHO);
    eve.git("push --quiet origin main");
    eve.git("tag prompts/triage/_eval/1");
    eve.git("push --quiet origin prompts/triage/_eval/1");
    forge(&eve, "triage/_eval/notanumber", &sound);
    forge(
        &eve,
        "triage/_eval/2",
        &sound.replace("Prompt: triage", "Prompt: other"),
    );
    forge(
        &eve,
        "triage/_eval/3",
        &sound.replace("Passed: 2/2", "Passed: 3/2"),
    );
    forge(&eve, "triage/_eval/v3", &sound);
    forge(&eve, "triage/_eval/4/5", &sound);
    forge(&eve, "triage/_eval/9007199254740991", &sound);
    // Made under another name, and pushed under this one.
    eve.git("push --quiet origin prompts/triage/_eval/9007199254740991:refs/tags/prompts/triage/_eval/6");
    let ben = env.clone_of_origin("Ben");
    assert_snapshot!(ben.play(
        "promptctl publish triage
         promptctl list
         promptctl status
         promptctl eval --list
         promptctl doctor
         promptctl eval triage --record --quiet
         promptctl publish triage"
    ), @"
    $ promptctl publish triage
    error[P409]: production requires an evaluation of triage v1, and none is recorded
      hint: promptctl eval triage --record
    [exit 3]
    $ promptctl list
    other	v1	-	openai/echo	
    support/triage	v1	-	openai/gpt-5-mini	Support triage
    triage	v1	-	openai/echo	
    $ promptctl status
    staging	other	-	v1	-	-	never published
    staging	support/triage	-	v1	-	-	never published
    staging	triage	-	v1	-	-	never published
    production	other	-	v1	-	-	never published
    production	support/triage	-	v1	-	-	never published
    production	triage	-	v1	-	-	never published
    $ promptctl eval --list
    no run is kept here; promptctl eval makes one
    $ promptctl doctor
    warning[P210]: the tag prompts/triage/_eval/1 is not annotated (promptctl did not make it): it is no evidence
      at: prompts/triage/_eval/1
      help: git push origin --delete refs/tags/prompts/triage/_eval/1 && git tag -d prompts/triage/_eval/1 && promptctl fetch --accept prompts/triage/_eval/1
    warning[P210]: the tag prompts/triage/_eval/2 names another prompt, version or environment in its message: it is no evidence
      at: prompts/triage/_eval/2
      help: git push origin --delete refs/tags/prompts/triage/_eval/2 && git tag -d prompts/triage/_eval/2 && promptctl fetch --accept prompts/triage/_eval/2
    warning[P210]: the tag prompts/triage/_eval/3 lacks trailers or has wrong ones (promptctl did not make it): it is no evidence
      at: prompts/triage/_eval/3
      help: git push origin --delete refs/tags/prompts/triage/_eval/3 && git tag -d prompts/triage/_eval/3 && promptctl fetch --accept prompts/triage/_eval/3
    warning[P210]: the tag prompts/triage/_eval/6 was made as prompts/triage/_eval/9007199254740991: it is no evidence
      at: prompts/triage/_eval/6
      help: git push origin --delete refs/tags/prompts/triage/_eval/6 && git tag -d prompts/triage/_eval/6 && promptctl fetch --accept prompts/triage/_eval/6
    warning[P210]: the tag prompts/triage/_eval/4/5 is neither a version nor a release, and stands where they must be made
      at: prompts/triage/_eval/4/5
      help: git tag -d prompts/triage/_eval/4/5 && git push origin --delete refs/tags/prompts/triage/_eval/4/5 && promptctl fetch --accept prompts/triage/_eval/4/5
    0 errors, 5 warnings
    $ promptctl eval triage --record --quiet
    triage v1   2 cases, 1 answer each   echo
    passed       2 of 2   100.0 %
    required     1 of 1
    hostile      1 of 1
    right queue  2 of 2

    pass   $0.0000 spent
        every case has to pass: 2 of 2 did
    $ promptctl publish triage
    triage v1 published to production, and the remote has it
    ");
    let theirs = ben.git("ls-remote --refs origin refs/tags/prompts/triage/_eval/7");
    assert!(!theirs.is_empty());
}

#[test]
fn evidence_is_signed_where_releases_are() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    if keys(&ada, &["ada", "eve"]).is_none() {
        return;
    }
    // Before the rule it was not.
    ada.ok("promptctl eval triage --record");
    let key = ada.read("../ada.key.pub");
    ada.write("allowed_signers", format!("ada@example.com {key}"));
    configure(
        &ada,
        "allowedSigners: allowed_signers\nenvironments: {staging: {}, production: {requireSigned: true, requireEval: true}}\n",
    );
    ada.git("push --quiet origin main");
    sign_as(&ada, "ada");
    let refused = ada.fails("promptctl publish triage");
    assert!(
        refused.stderr.contains("_eval/1 is not signed"),
        "{refused}"
    );
    // Who is not listed records nothing.
    sign_as(&ada, "eve");
    let eve = ada.fails("promptctl eval triage --record");
    assert!(
        eve.stderr.contains("signed by a key that is not in"),
        "{eve}"
    );
    assert!(!ada.tags().contains("_eval/2"), "{}", ada.tags());
    sign_as(&ada, "ada");
    ada.ok("promptctl eval triage --record");
    ada.ok("promptctl publish triage");
    let verified = ada.ran("promptctl verify --env production");
    assert!(verified.stdout.contains("proven"), "{verified}");
}

#[test]
fn verify_alarms_where_the_evidence_of_a_release_is_gone_or_another() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    ada.ok("promptctl eval triage --record");
    ada.ok("promptctl publish triage");
    ada.git("push --quiet origin --delete prompts/triage/_eval/1");
    let ben = env.clone_of_origin("Ben");
    ben.ok("promptctl fetch");
    let gone = ben.run("promptctl verify --env production");
    assert_eq!(gone.code, Some(3), "{gone}");
    assert!(
        gone.stderr
            .contains("names the evidence prompts/triage/_eval/1, which is gone"),
        "{gone}"
    );
    // Who saw it knows that the remote dropped it.
    ada.run("promptctl fetch");
    let dropped = ada.run("promptctl verify --env production");
    assert_eq!(dropped.code, Some(3), "{dropped}");
    assert!(
        dropped.stderr.contains("no longer has the tag"),
        "{dropped}"
    );
    // Made again it is another.
    ben.git("config tag.gpgSign false");
    let again = ben.at("2026-12-01T12:00:00Z");
    again.ok("promptctl eval triage --record");
    let other = ben.run("promptctl verify --env production");
    assert!(other.stderr.contains("names another object"), "{other}");
}

#[test]
fn evidence_of_a_fork_does_not_count() {
    let env = TestEnv::new();
    let ada = wanting(&env, "true");
    env.root().git("clone --quiet --bare origin.git fork.git");
    env.root().git("clone --quiet fork.git eve");
    let eve = env.root().cd("eve").person("Eve");
    eve.ok("promptctl eval triage --record");
    ada.git("remote add eve ../fork.git");
    ada.git("fetch --quiet --tags eve");
    assert!(ada.tags().contains("_eval/1"), "{}", ada.tags());
    let refused = ada.fails("promptctl publish triage");
    assert!(refused.stderr.contains("none is recorded"), "{refused}");
    // It stands in nobody's way.
    ada.ok("promptctl eval triage --record");
    ada.ok("promptctl publish triage");
}

//! What evidence must not get around: cases that nobody reviewed, and cases that are gone.

use insta::assert_snapshot;

use super::evidence::{ECHO, configure, wanting};
use super::*;

#[test]
fn a_suite_that_no_reviewed_branch_has_is_no_ground_for_a_release() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.add("triage", &ECHO.replace("tech please", "teck please"));
    configure(
        &ada,
        "environments: {production: {requireBranch: main, requireEval: true}}\n",
    );
    ada.git("push --quiet origin main");
    assert_eq!(ada.run("promptctl eval triage --record").code, Some(3));
    // The case that fails is gone on a branch, where the content is the same.
    ada.git("switch --quiet --create weak");
    ada.replace("prompts/triage.prompt.yml", "teck please", "tech please");
    ada.git("commit --quiet --all --message Weaker");
    ada.git("push --quiet origin weak");
    ada.ok("promptctl eval triage --record");
    assert_snapshot!(ada.run("promptctl publish triage"), @"
    error[P409]: production requires an evaluation of triage v1 by cases of main, and no commit of main has it with these cases
      hint: merge them into main first, so that they are reviewed
    [exit 3]
    ");
    // After a squash the same suite is reviewed, whatever commit was evaluated.
    ada.git("switch --quiet main");
    ada.git("merge --quiet --squash weak");
    ada.git("commit --quiet --message Squashed");
    ada.git("push --quiet origin main");
    ada.git("switch --quiet weak");
    ada.ok("promptctl publish triage");
    ada.ok("promptctl verify --env production");
}

/// A prompt with so many cases.
fn with_cases(count: usize, more: &str) -> String {
    let cases: String = (0..count)
        .map(|at| format!("  - ticket: billing {at}\n    expected: billing\n"))
        .collect();
    let (head, tail) = ECHO.split_once("testData:\n").unwrap();
    let (_, evaluators) = tail.split_once("evaluators:").unwrap();
    format!("{head}testData:\n{cases}{more}evaluators:{evaluators}")
}

#[test]
fn cases_that_are_gone_count_as_failed_against_what_is_live() {
    let env = TestEnv::new();
    let ada = wanting(&env, "{against: live, margin: 0.3}");
    let path = "prompts/triage.prompt.yml";
    ada.write(path, with_cases(24, ""));
    ada.git("commit --quiet --all --message Cases");
    ada.git("push --quiet origin main");
    ada.ok("promptctl eval triage --record");
    ada.ok("promptctl publish triage");
    // Twelve are deleted, and one is skipped.
    let skipped = "  - ticket: billing 12\n    expected: billing\n    case: {skip: later}\n";
    ada.write(path, with_cases(12, skipped));
    ada.git("commit --quiet --all --message Fewer");
    ada.next_version("triage", "{{ticket}}", "{{ticket}}!");
    let run = ada.run("promptctl eval triage --record --base live --quiet");
    assert!(
        run.stdout
            .contains("12 of v1's 24 cases are gone, skipped or changed: that counts as failed"),
        "{run}"
    );
    let tag = ada.git("cat-file tag prompts/triage/_eval/2");
    assert!(tag.contains("\nGone: 12\n"), "{tag}");
    assert_snapshot!(ada.run("promptctl publish triage"), @"
    error[P409]: production requires an evaluation of triage v2, and prompts/triage/_eval/2 may be worse than v1, which is live, by 65.9 points, and 30.0 are the most (12 cases of v1 are asked no more, and count as failed)
      hint: git show prompts/triage/_eval/2 says which cases failed
      hint: mend it, raise its version, and record that: promptctl eval triage --record
    [exit 3]
    ");
    // A comparison with the same content where it had fewer cases leaves them out.
    ada.ok("promptctl eval triage --record --base HEAD~1 --fresh -m again --quiet");
    let tag = ada.git("cat-file tag prompts/triage/_eval/3");
    assert!(
        !tag.contains("Gone:") && tag.contains("\nBase: v1 "),
        "{tag}"
    );
    assert_snapshot!(ada.run("promptctl publish triage"), @r#"
    error[P409]: production requires an evaluation of triage v2, and prompts/triage/_eval/3 leaves out 12 of the 24 cases of v1, which is live
      hint: promptctl eval triage --record --base live --fresh -m "with the cases of what is live"
    [exit 3]
    "#);
    // With all of them it is no worse.
    ada.write(
        path,
        with_cases(24, "").replace("{{ticket}}", "{{ticket}}!"),
    );
    ada.ok("promptctl bump --quiet triage");
    ada.git("commit --quiet --all --message All");
    ada.ok("promptctl eval triage --record --base live --quiet");
    ada.ok("promptctl publish triage");
    ada.ok("promptctl verify --env production");
}

#[test]
fn what_is_not_proven_says_what_proves_it() {
    let env = TestEnv::new();
    let ada = wanting(&env, "{against: live}");
    ada.ok("promptctl eval triage --record");
    ada.ok("promptctl publish triage");
    ada.next_version("triage", "{{ticket}}", "{{ticket}}!");
    assert_snapshot!(ada.run("promptctl publish triage"), @"
    error[P409]: production requires an evaluation of triage v2, and none is recorded
      hint: promptctl eval triage --record --base live
    [exit 3]
    ");
    ada.ok("promptctl eval triage --record --base live --quiet");
    assert_snapshot!(ada.run("promptctl publish triage"), @"
    error[P409]: production requires an evaluation of triage v2, and prompts/triage/_eval/2 may be worse than v1, which is live, by 100.0 points, and 5.0 are the most
      hint: more cases, or answers to each (`eval: {repeat: 3}`), narrow what it may be; a wider `margin` asks for less
    [exit 3]
    ");
}

#[test]
fn a_required_case_that_is_skipped_is_no_evidence() {
    let env = TestEnv::new();
    let ada = wanting(&env, "{required: all}");
    ada.replace(
        "prompts/triage.prompt.yml",
        "required: true",
        "required: true, skip: later",
    );
    ada.git("commit --quiet --all --message Later");
    let run = ada.run("promptctl eval triage --record --quiet");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stderr
            .contains("the required case double-charge is skipped, which is no pass"),
        "{run}"
    );
    assert!(!ada.tags().contains("_eval"), "{}", ada.tags());
}

#[test]
fn a_server_that_answers_with_another_model_is_told_in_report_and_tag() {
    let server = Server::answering(|_| {
        let mut body = crate::server::answer("billing tech");
        body["model"] = "gpt-4o-2024-08-06".into();
        Reply::json(200, &body)
    });
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    let run = repo.run("promptctl eval triage --record");
    let told = "gpt-4o-2024-08-06 (asked for openai/gpt-5-mini)";
    assert!(run.stdout.contains(told), "{run}");
    let tag = repo.git("cat-file tag prompts/triage/_eval/1");
    assert!(tag.contains(&format!("\nModel: {told}\n")), "{tag}");
}

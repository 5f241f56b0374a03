//! `import` where the API, the network or the repository is not as one hopes.

use insta::assert_snapshot;

use super::import::{ID, simple, with};
use crate::env::TestEnv;
use crate::server::KEY;
use crate::store_of_prompts::{Missing, NoVersion, Prompts, Version};

fn two_variables() -> Vec<Version> {
    vec![
        Version::new(&[("user", "{{a}}")]),
        Version::new(&[("user", "{{a}} and {{b}}")]),
        Version::new(&[("user", "{{b}} and {{c}}")]),
    ]
}

#[test]
fn variables_are_found_however_the_api_answers_for_missing_ones() {
    for missing in [Missing::Refused, Missing::Left] {
        for is_blind in [false, true] {
            let env = TestEnv::new();
            let mut prompts = Prompts::new(ID, 3, two_variables());
            prompts.missing = missing;
            prompts.is_blind = is_blind;
            let (_server, repo) = with(&env, &prompts);
            let run = repo.run(&format!("promptctl import {ID} --name p --var-name a"));
            assert_eq!(run.code, Some(0), "{missing:?} {is_blind}: {run}");
            for (version, text) in [
                ("1", "{{a}}"),
                ("2", "{{a}} and {{b}}"),
                ("3", "{{b}} and {{c}}"),
            ] {
                let shown = repo.json(&format!("promptctl show p@v{version} --format json"));
                assert_eq!(shown["document"]["messages"][0]["content"], text);
                let names = shown["document"]["input"]["schema"]["required"].to_string();
                assert_eq!(
                    names.matches(',').count() + 1,
                    text.matches("{{").count(),
                    "{names}"
                );
            }
        }
    }
}

#[test]
fn variables_that_vanish_are_warned_about() {
    let env = TestEnv::new();
    let mut prompts = Prompts::new(ID, 3, two_variables());
    prompts.missing = Missing::Emptied;
    let (_server, repo) = with(&env, &prompts);
    let run = repo.run(&format!(
        "promptctl import {ID} --name p --var-name a --var-name b"
    ));
    assert!(
        run.stderr
            .contains("does not say when a variable is missing"),
        "{run}"
    );
}

#[test]
fn versions_end_where_the_api_says_that_there_is_none() {
    for no_version in [NoVersion::NotFound, NoVersion::BadRequest] {
        for is_blind in [false, true] {
            let env = TestEnv::new();
            let mut prompts = simple(4);
            prompts.prompts.get_mut(ID).unwrap().1.remove(&2);
            prompts.prompts.get_mut(ID).unwrap().0 = 3;
            prompts.no_version = no_version;
            prompts.is_blind = is_blind;
            let (_server, repo) = with(&env, &prompts);
            let run = repo.run(&format!("promptctl import {ID} --name p --var-name ticket"));
            assert_eq!(run.code, Some(0), "{run}");
            assert_eq!(
                repo.git("log --format=%s --reverse -- prompts/p.prompt.yml"),
                "Import p v1 from OpenAI\nImport p v3 from OpenAI"
            );
            assert!(run.stderr.contains("no version 2"), "{run}");
            assert_eq!(
                run.stderr
                    .contains("later versions than its current one (4)"),
                !is_blind,
                "{run}"
            );
            let run = repo.run(&format!("promptctl import {ID} --version all"));
            assert!(run.stderr.contains("p v4 made"), "{run}");
        }
    }
}

#[test]
fn an_api_that_ignores_versions_gives_no_copies() {
    let env = TestEnv::new();
    let mut prompts = simple(2);
    prompts.no_version = NoVersion::Ignored;
    let (_server, repo) = with(&env, &prompts);
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --name p --var-name ticket")), @"
    error[P506]: the API answers for a version that does not exist: it ignores versions, and every one would be a copy of the current one
      hint: --version current takes that one alone
    3 calls that OpenAI bills, 5 refused without cost; 1 failed
    [exit 1]
    ");
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --name p --var-name ticket --version current")), @"
    p v2 made from pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (OpenAI's current one is 2)
      OpenAI's version 2: message 1 (developer) is empty, and the model never sees it: left out
    1 new version of 1 prompt here; 3 calls that OpenAI bills, 5 refused without cost
    ");
}

#[test]
fn instructions_that_come_late_or_only_at_the_end_are_read_too() {
    for (tells_early, tells_in_stream, code) in [(false, true, 0), (false, false, 3)] {
        let env = TestEnv::new();
        let mut prompts = simple(2);
        prompts.tells_early = tells_early;
        prompts.tells_in_stream = tells_in_stream;
        let (_server, repo) = with(&env, &prompts);
        let run = repo.run(&format!("promptctl import {ID} --name p --var-name ticket"));
        assert_eq!(run.code, Some(code), "{run}");
        assert!(
            repo.read("prompts/p.prompt.yml")
                .contains("Sort {{ticket}} in 2 words.")
        );
        assert!(!repo.read("prompts/p.prompt.yml").contains("maxTokens"));
    }
}

#[test]
fn a_prompt_of_another_project_is_found_by_its_key() {
    let env = TestEnv::new();
    let mut prompts = simple(1);
    prompts.key = "sk-other-project-0123456789".to_owned();
    let (_server, repo) = with(&env, &prompts);
    assert_snapshot!(repo.run(&format!("promptctl import {ID}")), @"
    error[P505]: pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: not found, or it belongs to another project
      hint: an id is visible to its own project only: --key-env VARIABLE names the variable with that project's key
    0 calls that OpenAI bills, 2 refused without cost; 1 failed
    [exit 1]
    ");
    let repo = repo.with("OTHER_KEY", "sk-other-project-0123456789");
    let run = repo.run(&format!("promptctl import {ID} --name p --var-name ticket --key-env OPENAI_API_KEY --key-env OTHER_KEY"));
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        repo.read("prompts/p.prompt.yml")
            .contains("project: proj_1")
    );
    assert!(!run.stderr.contains(KEY));
}

#[test]
fn a_model_that_is_gone_is_replaced_only_when_asked() {
    let env = TestEnv::new();
    let mut prompts = simple(1);
    prompts.gone = Some("o4-mini-2025-04-16");
    let (_server, repo) = with(&env, &prompts);
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --name p --var-name ticket")), @"
    error[P506]: the model of pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is gone: The model `o4-mini-2025-04-16` does not exist.
      hint: --model gpt-5-mini lets another one answer; the text of the prompt does not depend on it
    0 calls that OpenAI bills, 10 refused without cost; 1 failed
    [exit 1]
    ");
    let run = repo.run(&format!(
        "promptctl import {ID} --name p --var-name ticket --model gpt-5-mini"
    ));
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        repo.read("prompts/p.prompt.yml")
            .contains("model: openai/o4-mini-2025-04-16")
    );
}

#[test]
fn a_busy_api_is_asked_again_and_costs_nothing_more() {
    let env = TestEnv::new();
    let prompts = simple(4);
    *prompts.busy_after.lock().unwrap() = Some(12);
    let (_server, repo) = with(&env, &prompts);
    let run = repo.run(&format!("promptctl import {ID} --name p --var-name ticket"));
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(prompts.paid(), 4 + 1 + 1);
}

#[test]
fn what_broke_off_is_completed_by_the_same_command() {
    let env = TestEnv::new();
    let prompts = simple(4);
    let (_server, repo) = with(&env, &prompts);
    // After the free questions, the current version, the control and two more.
    for ends_after in [3, 14, 15, 16] {
        *prompts.ends_after.lock().unwrap() = Some(ends_after);
        let run = repo.run(&format!("promptctl import {ID} --name p --var-name ticket"));
        assert_ne!(run.code, Some(0), "{run}");
        assert_eq!(repo.git("status --porcelain"), "");
        assert_eq!(repo.run("promptctl validate --quiet").code, Some(0));
    }
    *prompts.ends_after.lock().unwrap() = None;
    repo.ok(&format!("promptctl import {ID} --name p --var-name ticket"));
    assert_eq!(
        repo.git("log --format=%s --reverse -- prompts/p.prompt.yml"),
        "Import p v1 from OpenAI\nImport p v2 from OpenAI\nImport p v3 from OpenAI\nImport p v4 from OpenAI"
    );
}

#[test]
fn a_run_that_was_killed_between_two_versions_is_completed() {
    let env = TestEnv::new();
    let prompts = simple(3);
    let (_server, repo) = with(&env, &prompts);
    repo.ok(&format!("promptctl import {ID} --name p --var-name ticket"));
    let third = repo.read("prompts/p.prompt.yml");
    repo.ok("git reset --quiet --hard HEAD~1");
    // The third was written and not committed.
    repo.write("prompts/p.prompt.yml", &third);
    repo.ok(&format!("promptctl import {ID}"));
    assert_eq!(repo.read("prompts/p.prompt.yml"), third);
    assert_eq!(repo.git("status --porcelain"), "");
    assert_eq!(repo.git("log -1 --format=%s"), "Import p v3 from OpenAI");
}

#[test]
fn an_edit_made_here_is_never_written_over() {
    let env = TestEnv::new();
    let mut prompts = simple(2);
    let (_server, repo) = with(&env, &prompts);
    repo.ok(&format!("promptctl import {ID} --name p --var-name ticket"));
    repo.next_version("p", "in 2 words", "in few words");
    assert_snapshot!(repo.run(&format!("promptctl import {ID}")), @"
    p is up to date with pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: nothing to do
    0 new versions of 1 prompt here; 1 call that OpenAI bills, 9 refused without cost
    ");
    let versions = (1..=3).map(|number| {
        Version::new(&[("user", &format!("Sort {{{{ticket}}}} in {number} words."))])
    });
    prompts.add(ID, 3, versions.collect());
    let (_server, other) = with(&TestEnv::new(), &prompts);
    drop(other);
    let inner = prompts.clone();
    let server = crate::server::Server::answering(move |request| inner.answer(request));
    let repo = repo.with("OPENAI_BASE_URL", server.url());
    assert_snapshot!(repo.run(&format!("promptctl import {ID}")), @"
    error[P508]: p was edited here since it was imported; OpenAI has version 3 now, which was not written
      hint: promptctl import pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa --name p-openai brings theirs beside it, to compare
    1 call that OpenAI bills, 10 refused without cost; 1 failed
    [exit 1]
    ");
    assert!(repo.read("prompts/p.prompt.yml").contains("in few words"));
}

#[test]
fn the_cost_is_limited_before_a_call_and_not_after() {
    let env = TestEnv::new();
    let prompts = simple(4);
    let (_server, repo) = with(&env, &prompts);
    let run = repo.run(&format!(
        "promptctl import {ID} --name p --var-name ticket --max-cost 0.02"
    ));
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stderr.contains("error[P507]"), "{run}");
    assert!(prompts.paid() < 5);
}

#[test]
fn what_cannot_be_imported_is_told_with_what_to_do() {
    let env = TestEnv::new();
    let prompts = Prompts::new(ID, 1, vec![Version::new(&[("user", "{{a}}")])]);
    let (_server, repo) = with(&env, &prompts);
    repo.write("x.json", "{\"a\": 1}");
    repo.write("y.json", "no");
    assert_snapshot!(repo.play("
        promptctl import x.json
        promptctl import y.json
        promptctl import pmpt_
        promptctl import nowhere.json
    "), @"
    $ promptctl import x.json
    error[P521]: x.json is of no format that is known by its name or form
      at: x.json
      hint: name it: --from dotprompt, prompty, langfuse, promptfoo, langchain, semantic-kernel, mlflow, humanloop, text, jinja
      hint: stored prompts of OpenAI's are named by ids (pmpt_…), saved answers of the API, or what `promptctl scan --ids --format json` prints
    [exit 1]
    $ promptctl import y.json
    error[P323]: y.json is not JSON: expected ident
      at: y.json:1:2
      hint: stored prompts of OpenAI's are named by ids (pmpt_…), saved answers of the API, or what `promptctl scan --ids --format json` prints
    [exit 1]
    $ promptctl import pmpt_
    error: pmpt_ is not the id of a stored prompt
    [exit 2]
    $ promptctl import nowhere.json
    error[P017]: nowhere.json could not be read: No such file or directory (os error 2)
      hint: import takes files and folders of other tools: promptctl help moving-in
      hint: stored prompts of OpenAI's are named by ids (pmpt_…), saved answers of the API, or what `promptctl scan --ids --format json` prints
    [exit 1]
    ");
    repo.add("taken", crate::server::ECHO);
    let run = repo.run(&format!("promptctl import {ID} --name taken"));
    assert!(run.stderr.contains("error[P224]"), "{run}");
    let without = repo.without("OPENAI_API_KEY");
    assert_eq!(without.run(&format!("promptctl import {ID}")).code, Some(4));
}

#[test]
fn a_variable_that_is_a_word_of_templates_is_refused_by_name() {
    let env = TestEnv::new();
    let versions = vec![
        Version::new(&[("user", "{{a}}")]),
        Version::new(&[("user", "{{a}} {{else}}")]),
    ];
    let prompts = Prompts::new(ID, 2, versions);
    let (_server, repo) = with(&env, &prompts);
    let run = repo.run(&format!("promptctl import {ID} --name p --var-name a"));
    // What lies below is sound, and kept.
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stderr.contains("error[P504]") && run.stderr.contains("`else`"),
        "{run}"
    );
    assert_eq!(repo.git("log -1 --format=%s"), "Import p v1 from OpenAI");
}

#[test]
fn parts_that_no_file_can_hold_are_refused_and_those_that_are_not_given_away_are_told() {
    let env = TestEnv::new();
    let repo = env.repo();
    let answer = |item: &str| {
        format!(
            "{{\"model\": \"m\", \"output\": [], \"instructions\": [{item}], \"prompt\": {{\"id\": \"{ID}\", \"version\": \"1\"}}}}"
        )
    };
    repo.write(
        "call.json",
        answer("{\"type\": \"function_call\", \"name\": \"f\"}"),
    );
    let run = repo.run("promptctl import call.json --name p");
    assert!(
        run.code == Some(1) && run.stderr.contains("error[P501]"),
        "{run}"
    );
    repo.write(
        "picture.json",
        answer("{\"role\": \"user\", \"content\": [{\"type\": \"input_text\", \"text\": \"Look.\"}, {\"type\": \"input_image\", \"image_url\": null}]}"),
    );
    let run = repo.run("promptctl import picture.json --name p");
    assert!(
        run.code == Some(3) && run.stderr.contains("[P502]"),
        "{run}"
    );
    assert!(repo.read("prompts/p.prompt.yml").contains("content: Look."));
}

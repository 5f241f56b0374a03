//! `import`: what its options promise, and repositories that are not as one hopes.

use insta::assert_snapshot;

use super::import::{ID, simple, with};
use crate::env::TestEnv;
use crate::server::ECHO;
use crate::store_of_prompts::Version;

const OTHER: &str = "pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

#[test]
fn a_proof_is_one_more_call_a_prompt_with_awkward_values() {
    let env = TestEnv::new();
    let prompts = simple(3);
    let (server, repo) = with(&env, &prompts);
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --name p --var-name ticket --prove")), @"
    p v1 to v3 made from pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (OpenAI's current one is 3)
      proven with awkward values: OpenAI changes none
      OpenAI's version 1, 2, 3: message 1 (developer) is empty, and the model never sees it: left out
    3 new versions of 1 prompt here; 6 calls that OpenAI bills, 11 refused without cost
    ");
    assert_eq!(prompts.paid(), 3 + 1 + 1 + 1);
    let awkward = server.requests().pop().unwrap().json();
    let value = awkward["prompt"]["variables"]["ticket"].as_str().unwrap();
    for part in ["{{ticket}}", "{{{x}}}", "\\", "\"'", "\r\n\n", "\u{e9}"] {
        assert!(value.contains(part), "{value:?}");
    }
    assert_ne!(value, value.trim());
    // Nothing is new: nothing is to be proven.
    repo.ok(&format!("promptctl import {ID} --prove"));
    assert_eq!(prompts.paid(), 3 + 1 + 1 + 1 + 1);
}

#[test]
fn values_that_openai_changes_stop_the_prompt_before_it_is_written() {
    let env = TestEnv::new();
    let mut prompts = simple(3);
    prompts.trims = true;
    let (_server, repo) = with(&env, &prompts);
    let head = repo.git("rev-parse HEAD");
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --name p --var-name ticket --prove")), @"
    error[P506]: pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, version 3: with awkward values OpenAI sends another text than the file: message 1 has another text
      hint: nothing of it was written; without --prove the file is written, which is exact for plain values
    6 calls that OpenAI bills, 11 refused without cost; 1 failed
    [exit 1]
    ");
    assert_eq!(repo.git("rev-parse HEAD"), head);
    assert_eq!(repo.git("status --porcelain"), "");
    repo.ok(&format!("promptctl import {ID} --name p --var-name ticket"));
}

#[test]
fn strict_writes_all_or_nothing() {
    let env = TestEnv::new();
    let mut prompts = simple(2);
    // The stored limit cannot be known: something is lost.
    prompts.tells_early = false;
    prompts.tells_in_stream = false;
    let (_server, repo) = with(&env, &prompts);
    let head = repo.git("rev-parse HEAD");
    let line = format!("promptctl import {ID} --name p --var-name ticket");
    assert_snapshot!(repo.run(&format!("{line} --strict")), @"
      OpenAI's version 1, 2: message 1 (developer) is empty, and the model never sees it: left out
    warning: pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, OpenAI's version 1, 2: max_output_tokens is not known: the API does not say before its answer is complete [P502]
    error[P512]: pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: something would be lost, so nothing was written (--strict)
      hint: without --strict what can be is written, and what was left out is reported
    7 calls that OpenAI bills, 10 refused without cost; 1 failed
    [exit 1]
    ");
    assert_eq!(repo.git("rev-parse HEAD"), head);
    assert!(!repo.exists("prompts/p.prompt.yml"));
    assert_eq!(repo.run(&line).code, Some(3));
    // One that did not come whole keeps the other out, too.
    let env = TestEnv::new();
    let mut prompts = simple(1);
    prompts.add(OTHER, 1, vec![Version::new(&[("user", "{{a}} {{else}}")])]);
    let (_server, repo) = with(&env, &prompts);
    assert_snapshot!(repo.run(&format!("promptctl import {ID} {OTHER} --strict")), @"
      OpenAI's version 1: message 1 (developer) is empty, and the model never sees it: left out
    error[P512]: pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: not written, because another one did not come whole (--strict)
      hint: without --strict what can be is written, and what was left out is reported
    error[P504]: pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, version 1: the variable `else` has a name that no template can hold
      hint: names are letters, digits and `_`; rename the variable in a new version at OpenAI, and where it is sent
    5 calls that OpenAI bills, 16 refused without cost; 2 failed
    [exit 1]
    ");
    assert_eq!(repo.git("log --format=%s"), "Set up promptctl");
    // Notes are no loss.
    repo.ok(&format!("promptctl import {ID} --strict"));
}

#[test]
fn without_a_commit_the_file_waits_for_one() {
    let env = TestEnv::new();
    let (_server, repo) = with(&env, &simple(3));
    let head = repo.git("rev-parse HEAD");
    let line = format!("promptctl import {ID} --name p --var-name ticket");
    assert_snapshot!(repo.run(&format!("{line} --no-commit")), @"
    p v3 made from pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (OpenAI's current one is 3)
      written to prompts/p.prompt.yml, not committed; without --no-commit every version becomes a commit
      OpenAI's version 1, 2, 3: message 1 (developer) is empty, and the model never sees it: left out
    1 new version of 1 prompt here; 5 calls that OpenAI bills, 11 refused without cost
    ");
    assert_eq!(repo.git("rev-parse HEAD"), head);
    assert_eq!(
        repo.git("status --porcelain --untracked-files=all"),
        "?? prompts/p.prompt.yml"
    );
    assert!(repo.read("prompts/p.prompt.yml").contains("version: 3\n"));
    // It stands in nobody's way afterwards, and the message is the person's.
    repo.ok(&format!(
        "{line} --message Bring-it-home --publish production"
    ));
    assert_eq!(
        repo.git("log --format=%s|%b -1 -- prompts/p.prompt.yml"),
        format!("Bring-it-home|Stored prompt {ID}, version 3.")
    );
    assert_eq!(
        repo.git("log --format=%s -- prompts/p.prompt.yml")
            .lines()
            .count(),
        3
    );
    assert!(repo.ok("promptctl releases p").contains("Bring-it-home"));
    assert_eq!(
        repo.run(&format!("{line} --no-commit --publish production"))
            .code,
        Some(2)
    );
    assert_eq!(repo.run(&format!("{line} --message=")).code, Some(2));
}

#[test]
fn an_api_that_answers_for_another_prompt_is_not_believed() {
    let env = TestEnv::new();
    let mut prompts = simple(2);
    prompts.answers_for = Some(OTHER);
    let (_server, repo) = with(&env, &prompts);
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --var-name ticket --name p")), @"
    error[P506]: pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: the API answered for pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
      hint: check OPENAI_BASE_URL: the server must be OpenAI's API itself
    1 call that OpenAI bills, 10 refused without cost; 1 failed
    [exit 1]
    ");
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn two_ids_do_not_share_a_name() {
    let env = TestEnv::new();
    let mut prompts = simple(1);
    prompts.add(OTHER, 1, vec![Version::new(&[("user", "Hi.")])]);
    let (_server, repo) = with(&env, &prompts);
    assert_snapshot!(repo.run(&format!("promptctl import {ID} {OTHER} --name p")), @"
    error: --name names one prompt, and several were given
      hint: import them one by one, or leave --name out: scan proposes names, and --into DIR puts them below a folder
    [exit 2]
    ");
    assert_eq!(prompts.paid(), 0);
    // A list that was edited by hand names both alike: the first is written, the second told.
    let finding = |id: &str| format!("{{\"name\": \"p\", \"stored\": {{\"id\": \"{id}\"}}}}");
    let list = format!("{{\"findings\": [{}, {}]}}", finding(ID), finding(OTHER));
    assert_snapshot!(repo.run_with("promptctl import -", &list), @"
    error[P224]: pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb would be named p, as pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is
      hint: promptctl import pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --name NAME gives it another name
    p v1 made from pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (OpenAI's current one is 1)
      OpenAI's version 1: message 1 (developer) is empty, and the model never sees it: left out
    1 new version of 1 prompt here; 3 calls that OpenAI bills, 15 refused without cost; 1 failed
    [exit 3]
    ");
    // And one that is there already is not written over.
    repo.add("taken", ECHO);
    let run = repo.run(&format!("promptctl import {OTHER} --name taken"));
    assert_snapshot!(run, @"
    error[P224]: a prompt named taken exists, and it is not pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
      hint: promptctl import pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --name NAME gives it another name
    0 calls that OpenAI bills, 7 refused without cost; 1 failed
    [exit 1]
    ");
}

#[test]
fn a_repository_without_commits_takes_an_import() {
    let env = TestEnv::new();
    let (server, _repo) = with(&env, &simple(2));
    let root = env.root();
    root.ok("git init --quiet fresh");
    let fresh = root
        .cd("fresh")
        .with("OPENAI_API_KEY", crate::server::KEY)
        .with("OPENAI_BASE_URL", server.url());
    let run = fresh.run(&format!(
        "promptctl import {ID} --name p --var-name ticket --publish production"
    ));
    assert_snapshot!(run, @"
    p v1 to v2 made from pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (OpenAI's current one is 2)
      OpenAI's version 1, 2: message 1 (developer) is empty, and the model never sees it: left out
    p v2 published to production
    2 new versions of 1 prompt here; 4 calls that OpenAI bills, 10 refused without cost
    hint: this repository is not set up for prompts yet: promptctl init writes its settings and the schema for editors
    ");
}

#[test]
fn what_else_is_staged_stays_staged() {
    let env = TestEnv::new();
    let mut prompts = simple(2);
    let (_server, repo) = with(&env, &prompts);
    repo.write("notes.txt", "mine\n");
    repo.ok("git add notes.txt");
    repo.ok(&format!("promptctl import {ID} --name p --var-name ticket"));
    assert_eq!(repo.git("status --porcelain"), "A  notes.txt");
    // A change of the file itself that nobody committed is not written over.
    repo.write(
        "prompts/p.prompt.yml",
        repo.read("prompts/p.prompt.yml") + "# mine\n",
    );
    repo.ok("git add prompts/p.prompt.yml");
    repo.ok(&format!("promptctl import {ID}"));
    let versions = (1..=3).map(|number| {
        Version::new(&[("user", &format!("Sort {{{{ticket}}}} in {number} words."))])
    });
    prompts.add(ID, 3, versions.collect());
    let server = crate::server::Server::answering(move |request| prompts.answer(request));
    let repo = repo.with("OPENAI_BASE_URL", server.url());
    assert_snapshot!(repo.run(&format!("promptctl import {ID}")), @"
    error[P508]: p has changes that are not committed, and what OpenAI has would be written over them
      at: prompts/p.prompt.yml
      hint: commit them or put them away (git stash), then promptctl import pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa again
    3 calls that OpenAI bills, 10 refused without cost; 1 failed
    [exit 1]
    ");
    assert!(repo.read("prompts/p.prompt.yml").ends_with("# mine\n"));
    assert_eq!(
        repo.git("status --porcelain"),
        "A  notes.txt\nM  prompts/p.prompt.yml"
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let env = TestEnv::new();
    let prompts = simple(2);
    let (_server, repo) = with(&env, &prompts);
    repo.write("prompts/team", "a file where a folder should be\n");
    let run = repo.run(&format!(
        "promptctl import {ID} --name team/p --var-name ticket"
    ));
    assert_snapshot!(run, @"
    error[P223]: prompts/team is a file, and team/p needs a folder of that name
      at: prompts/team
      hint: promptctl import pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa --name NAME gives it another name
    0 calls that OpenAI bills, 10 refused without cost; 1 failed
    [exit 1]
    ");
    assert_eq!(repo.git("log --format=%s"), "Set up promptctl");
    let outside = repo.run(&format!(
        "promptctl import {ID} --var-name ticket --record-calls prompts/team"
    ));
    assert_eq!(outside.code, Some(1));
    assert!(
        outside.stderr.contains("prompts/team") && outside.stderr.contains("hint: "),
        "{outside}"
    );
}

#[cfg(unix)]
#[test]
fn what_is_recorded_follows_no_link() {
    use std::os::unix::fs::symlink;
    let env = TestEnv::new();
    let (_server, repo) = with(&env, &simple(1));
    repo.write("victim", "important\n");
    std::fs::create_dir(repo.dir.join("calls")).unwrap();
    symlink("../victim", repo.dir.join("calls/01-created.json")).unwrap();
    let line = format!("promptctl import {ID} --var-name ticket --record-calls calls");
    repo.ok(&line);
    assert_eq!(repo.read("victim"), "important\n");
    assert!(repo.read("calls/01-created.json").contains("pmpt_"));
    symlink("elsewhere", repo.dir.join("led")).unwrap();
    let run = repo.fails(&line.replace("calls calls", "calls led"));
    assert!(run.stderr.contains("it is a link"), "{run}");
}

#[test]
fn without_a_key_the_hint_is_of_use_to_the_command() {
    let env = TestEnv::new();
    let (_server, repo) = with(&env, &simple(1));
    let repo = repo.without("OPENAI_API_KEY");
    assert_snapshot!(repo.play(&format!(
        "promptctl import {ID}
         promptctl import {ID} --key-env TEAM_KEY
         promptctl import {ID} --record-calls calls
         promptctl models --refresh"
    )), @"
    $ promptctl import pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    error[P301]: no API key: OPENAI_API_KEY is not set
      hint: export OPENAI_API_KEY=…
      hint: the key must be of the project that the prompts belong to; --key-env VARIABLE takes it from another variable
      hint: saved answers are read without one: promptctl import answer.json
    [exit 4]
    $ promptctl import pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa --key-env TEAM_KEY
    error[P301]: no API key: TEAM_KEY is not set
      hint: export TEAM_KEY=…
      hint: the key must be of the project that the prompts belong to; --key-env VARIABLE takes it from another variable
      hint: saved answers are read without one: promptctl import answer.json
    [exit 4]
    $ promptctl import pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa --record-calls calls
    error[P301]: no API key: OPENAI_API_KEY is not set
      hint: export OPENAI_API_KEY=…
      hint: the key must be of the project that the prompts belong to; --key-env VARIABLE takes it from another variable
      hint: saved answers are read without one: promptctl import answer.json
    [exit 4]
    $ promptctl models --refresh
    error[P301]: no API key: OPENAI_API_KEY is not set
      hint: export OPENAI_API_KEY=…
      hint: the list comes from the API; without --refresh, promptctl models shows what is built in
    [exit 4]
    ");
}

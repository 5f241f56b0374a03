//! Stored prompts at OpenAI, while they last.

use insta::assert_snapshot;
use serde_json::Value;

use crate::env::{Shell, TestEnv};
use crate::server::{ECHO, Reply, Server, records};

const STORED: &str = "openai:\n  promptId: pmpt_1\n  promptVersion: \"6\"\n  environments:\n    staging: {promptId: pmpt_2, promptVersion: \"2\"}\n";

fn gone() -> Reply {
    Reply::error(404, None, None, "Prompt with id 'pmpt_1' not found.")
}

fn repo(server: &Server, env: &TestEnv) -> Shell {
    let repo = server.repo(env);
    repo.add("stored", &format!("{ECHO}{STORED}"));
    repo
}

/// The body that would be sent.
fn body(repo: &Shell, line: &str) -> Value {
    repo.json(&format!("promptctl run {line} --dry-run --var ticket=hi"))
}

#[test]
fn a_stored_prompt_is_called_by_its_id() {
    let env = TestEnv::new();
    let server = Server::start(vec![Reply::answer("Hello.")]);
    let repo = repo(&server, &env);
    assert_snapshot!(repo.run("promptctl run stored --var ticket=hi"), @"Hello.");
    assert_snapshot!(server.requests()[0].body, @r#"{"prompt":{"id":"pmpt_1","version":"6","variables":{"ticket":"hi"}}}"#);
    assert_eq!(records(&repo)[0]["source"], "openai");
    assert_eq!(body(&repo, "stored"), server.requests()[0].json());
}

#[test]
fn the_environment_of_the_process_names_it_too() {
    let env = TestEnv::new();
    let server = Server::start(Vec::new());
    let repo = repo(&server, &env);
    repo.ok("promptctl publish stored");
    repo.write("promptctl.yaml", "environments: [production, staging]\n");
    repo.ok("promptctl publish stored --env staging --create-env");
    let id = |shell: &Shell, reference: &str| {
        let body = body(shell, reference);
        let part = |key: &str| body["prompt"][key].as_str().unwrap_or("-").to_owned();
        format!("{} {}", part("id"), part("version"))
    };
    assert_eq!(id(&repo, "stored@production"), "pmpt_1 6");
    assert_eq!(id(&repo, "stored@staging"), "pmpt_2 2");
    assert_eq!(id(&repo, "echo"), "- -");
    let set = repo
        .with("OPENAI_PROMPT_ID_STORED", "pmpt_3")
        .with("OPENAI_PROMPT_ID_STORED__STAGING", "pmpt_4")
        .with("OPENAI_PROMPT_VERSION_STORED__STAGING", "9")
        .with("OPENAI_PROMPT_ID_ECHO", "pmpt_5");
    assert_eq!(id(&set, "stored"), "pmpt_3 -");
    assert_eq!(id(&set, "stored@staging"), "pmpt_4 9");
    assert_eq!(id(&set, "echo"), "pmpt_5 -");
    assert_eq!(id(&set, "stored --source local"), "- -");
    // Offline means offline.
    assert_eq!(id(&set, "stored --model echo"), "- -");
}

#[test]
fn a_variable_for_two_prompts_is_an_error() {
    let env = TestEnv::new();
    let server = Server::start(Vec::new());
    let repo = repo(&server, &env);
    repo.add("a/b", ECHO);
    repo.add("a-b", ECHO);
    let repo = repo.with("OPENAI_PROMPT_ID_A_B", "pmpt_1");
    assert_snapshot!(repo.run("promptctl run a/b --var ticket=hi --dry-run"), @r"
    error[P226]: OPENAI_PROMPT_ID_A_B could mean a/b and a-b
      hint: write the ids into the files, under `openai:`, and unset the variable
    [exit 1]
    ");
    assert_snapshot!(repo.run("promptctl run echo --source openai --var ticket=hi"), @r"
    error: echo names no stored prompt
      hint: write `openai: {promptId: pmpt_…}` into the file, or export OPENAI_PROMPT_ID_ECHO=pmpt_…
    [exit 2]
    ");
}

#[test]
fn the_version_here_answers_when_the_stored_one_is_gone() {
    let env = TestEnv::new();
    let server = Server::start(vec![gone(), Reply::answer("Hello.")]);
    let repo = repo(&server, &env);
    assert_snapshot!(repo.run("promptctl run stored --var ticket=hi"), @r"
    Hello.
    --- stderr
    warning: stored v1 from this repository answered: the stored prompt is gone: Prompt with id 'pmpt_1' not found. OpenAI's stored prompts end on 2026-11-30
    hint: remove `openai:` from the file, or pass --source local
    ");
    let record = &records(&repo)[0];
    assert_eq!(record["source"], "fallback");
    assert_eq!(record["attempts"], 2);
    assert_snapshot!(record["fallback"], @r#""the stored prompt is gone: Prompt with id 'pmpt_1' not found.""#);
    // What was asked is what the version here says.
    let local = body(&repo, "stored --source local");
    assert_eq!(server.requests()[1].json(), local);
    let id = record["id"].as_str().unwrap();
    repo.ok(&format!("promptctl log show {id} --rendered"));
    // The log says it, in lists and whole.
    let listed = repo.ok("promptctl log");
    assert!(listed.contains("\tok, fallback\t"), "{listed}");
    let shown = repo.ok(&format!("promptctl log show {id}"));
    assert!(
        shown.contains("fallback      the stored prompt is gone"),
        "{shown}"
    );
}

#[test]
fn without_the_fallback_it_is_an_error() {
    let env = TestEnv::new();
    let server = Server::start(vec![gone()]);
    let repo = repo(&server, &env);
    assert_snapshot!(repo.run("promptctl run stored --var ticket=hi --no-fallback"), @r"
    error[P312]: the stored prompt is gone: Prompt with id 'pmpt_1' not found.
      hint: OpenAI's stored prompts end on 2026-11-30; `--source local` renders the version here
      hint: the request's id is req_1
    [exit 1]
    ");
    assert_eq!(records(&repo)[0]["source"], "openai");
}

#[test]
fn nothing_else_falls_back() {
    for reply in [
        Reply::error(
            404,
            Some("model_not_found"),
            None,
            "The model of this prompt does not exist",
        ),
        Reply::error(401, Some("invalid_api_key"), None, "Prompt key"),
        Reply::error(
            400,
            Some("unknown_parameter"),
            Some("prompt.variables"),
            "Unknown prompt variables: a",
        ),
        Reply::error(429, Some("insufficient_quota"), None, "Prompt quota"),
    ] {
        let env = TestEnv::new();
        let server = Server::start(vec![reply]);
        let repo = repo(&server, &env);
        let run = repo.run("promptctl run stored --var ticket=hi");
        assert_ne!(run.code, Some(0), "{run}");
        assert_eq!(server.requests().len(), 1, "{run}");
        assert_eq!(records(&repo)[0]["source"], "openai");
    }
}

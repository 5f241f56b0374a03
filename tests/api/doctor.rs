//! `doctor --online`: whether the API answers with this key, and has the models of the prompts.

use insta::assert_snapshot;
use serde_json::json;

use crate::env::{Shell, TestEnv};
use crate::server::{KEY, Reply, Server};

fn offers(models: &[&str]) -> Reply {
    let list: Vec<_> = models
        .iter()
        .map(|id| json!({ "id": id, "object": "model" }))
        .collect();
    Reply::json(200, &json!({ "object": "list", "data": list }))
}

#[track_caller]
fn asks_once(server: &Server) {
    let requests = server.requests();
    let lines: Vec<&str> = requests
        .iter()
        .map(|request| request.line.as_str())
        .collect();
    assert_eq!(lines, ["GET /v1/models"]);
}

#[test]
fn the_models_of_all_prompts_are_looked_up_in_one_call() {
    let env = TestEnv::new();
    let server = Server::start(vec![offers(&["gpt-5-mini", "gpt-5.1"])]);
    let repo = server.repo(&env);
    // Not the network's business.
    repo.write(
        "prompts/offline.prompt.yml",
        "model: echo\nmessages: [{role: user, content: Hello}]\n",
    );
    assert_snapshot!(repo.play("promptctl doctor --online"), @"
    $ promptctl doctor --online
    everything is sound
    ");
    asks_once(&server);
    let header = server.requests()[0]
        .header("authorization")
        .unwrap()
        .to_owned();
    assert_eq!(header, format!("Bearer {KEY}"));
}

#[test]
fn a_model_that_the_key_cannot_use_is_told_of_its_prompt() {
    let env = TestEnv::new();
    let server = Server::answering(|_| offers(&["gpt-5.1"]));
    let repo = server.repo(&env);
    assert_snapshot!(repo.play("promptctl doctor --online"), @"
    $ promptctl doctor --online
    error[P341]: echo asks for gpt-5-mini, which this key cannot use
      at: prompts/echo.prompt.yml:3:8
      help: promptctl models openai shows those that it can; promptctl edit echo --set model=… takes one
    error[P341]: sorter asks for gpt-5-mini, which this key cannot use
      at: prompts/sorter.prompt.yml:3:8
      help: promptctl models openai shows those that it can; promptctl edit sorter --set model=… takes one
    2 errors, 0 warnings
    [exit 3]
    ");
    asks_once(&server);
    // The help is a way out of it.
    repo.ok("promptctl edit echo --set model=openai/gpt-5.1");
    repo.ok("promptctl edit sorter --set model=openai/gpt-5.1");
    let after = repo.run("promptctl doctor --online");
    assert_eq!(after.stderr, "everything is sound\n", "{after}");
}

#[test]
fn an_api_that_does_not_answer_is_told_and_the_rest_too() {
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::error(401, None, None, "Incorrect API key provided"));
    let repo = server.repo(&env);
    repo.git("tag prompts/echo/v1");
    let told = |repo: &Shell| {
        let told = repo.json("promptctl doctor --online --format json");
        let findings = told["findings"].as_array().unwrap().iter();
        let codes: Vec<String> = findings
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect();
        codes.join(" ")
    };
    assert_eq!(told(&repo), "P210 P302");
    assert_eq!(told(&repo.without("OPENAI_API_KEY")), "P210 P301");
    let nobody = repo.with("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    assert_eq!(told(&nobody), "P210 P307");
    // Without the flag nobody is asked.
    let before = server.requests().len();
    repo.run("promptctl doctor");
    assert_eq!(server.requests().len(), before);
}

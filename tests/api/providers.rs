//! Where a model is, and with which key: never said by the repository.

use insta::assert_snapshot;

use crate::env::TestEnv;
use crate::server::{ECHO, Reply, Server};

#[test]
fn a_provider_that_is_not_mapped() {
    let env = TestEnv::new();
    let repo = Server::start(Vec::new()).repo(&env);
    let run = repo.run("promptctl run echo --var ticket=hi --model x-ai/grok");
    assert_snapshot!(run, @r#"
    error[P310]: the provider x-ai is not configured
      hint: add to $ROOT/home/.config/promptctl/config.yaml: providers: {x-ai: {baseUrl: "https://…/v1", apiKeyVariable: X_AI_API_KEY}}
      hint: or export X_AI_BASE_URL=https://…/v1 and X_AI_API_KEY=…
      hint: the repository may not say where a key is sent, so this belongs to your own configuration
    [exit 1]
    "#);
}

#[test]
fn no_key() {
    let env = TestEnv::new();
    let repo = Server::start(Vec::new())
        .repo(&env)
        .without("OPENAI_API_KEY");
    assert_snapshot!(repo.run("promptctl run echo --var ticket=hi"), @r"
    error[P301]: no API key: OPENAI_API_KEY is not set
      hint: export OPENAI_API_KEY=…
      hint: --model echo answers offline
    [exit 4]
    ");
    let broken = repo.with("OPENAI_API_KEY", "sk-secret part");
    let run = broken.run("promptctl run echo --var ticket=hi");
    assert_snapshot!(run, @"
    error[P301]: the API key holds blanks, line ends or characters outside ASCII
      at: $OPENAI_API_KEY
      hint: copy the key again, on one line and without quotes
      hint: --model echo answers offline
    [exit 4]
    ");
}

#[test]
fn the_repository_cannot_say_where_a_key_goes() {
    let env = TestEnv::new();
    let repo = Server::start(Vec::new()).repo(&env);
    repo.write(
        "promptctl.yaml",
        "providers: {openai: {baseUrl: https://evil.example}}\n",
    );
    assert_snapshot!(repo.run("promptctl run echo --var ticket=hi"), @r"
    error[P226]: `providers` may not stand in promptctl.yaml
      at: promptctl.yaml:1
      hint: it decides where a secret goes, so it belongs to your own configuration, which no pull request can change
    [exit 1]
    ");
}

#[test]
fn a_provider_of_the_environment() {
    let env = TestEnv::new();
    let server = Server::start(vec![Reply::answer("Hello.")]);
    let repo = server
        .repo(&env)
        .with("VLLM_BASE_URL", server.url())
        .with("OPENAI_ORG_ID", "org_1");
    let run = repo.run("promptctl run echo --var ticket=hi --model vllm/meta/llama");
    assert_snapshot!(run, @r"
    Hello.
    --- stderr
    warning: no price is known for gpt-5-mini-2025-08-07: the cost is recorded as unknown
    hint: a price file, named by PROMPTCTL_PRICES, can tell it
    ");
    let request = &server.requests()[0];
    assert_eq!(request.json()["model"], "meta/llama");
    // What is OpenAI's stays with OpenAI.
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("openai-organization"), None);
}

#[test]
#[cfg(unix)]
fn a_key_command_is_run_again_once_when_the_key_is_refused() {
    let env = TestEnv::new();
    let refused = || {
        Reply::error(
            401,
            Some("invalid_api_key"),
            None,
            "Incorrect API key provided",
        )
    };
    let server = Server::start(vec![
        refused(),
        Reply::answer("Hello."),
        refused(),
        refused(),
    ]);
    let repo = server.repo(&env).without("OPENAI_API_KEY");
    let config = env.root().dir.join("home/.config/promptctl/config.yaml");
    let command = "echo x >> count; echo key-number-$(grep -c x count)";
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(
        &config,
        format!("providers: {{openai: {{apiKeyCommand: \"{command}\"}}}}\n"),
    )
    .unwrap();
    assert_eq!(repo.ok("promptctl run echo --var ticket=hi"), "Hello.\n");
    let keys: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(keys, ["Bearer key-number-1", "Bearer key-number-2"]);
    let run = repo.run("promptctl run echo --var ticket=hi");
    assert_eq!(run.code, Some(4), "{run}");
    assert_eq!(server.requests().len(), 4);
    std::fs::write(&config, "providers: {openai: {apiKeyCommand: exit 3}}\n").unwrap();
    assert_snapshot!(repo.run("promptctl run echo --var ticket=hi"), @r"
    error[P301]: the key command failed: exit status: 3
      hint: run the command of `apiKeyCommand:` by hand to see what is wrong
    [exit 4]
    ");
}

#[test]
fn own_prices_and_unknown_ones() {
    let env = TestEnv::new();
    let server = Server::answering(|_| {
        Reply::json(200, &{
            let mut answer = crate::server::answer("Hello.");
            answer["model"] = "house-model".into();
            answer
        })
    });
    let repo = server.repo(&env);
    repo.add("house", &ECHO.replace("gpt-5-mini", "house-model"));
    assert_snapshot!(repo.run("promptctl run house --var ticket=hi"), @r"
    Hello.
    --- stderr
    warning: no price is known for house-model: the cost is recorded as unknown
    hint: a price file, named by PROMPTCTL_PRICES, can tell it
    ");
    repo.write(
        "../prices.yaml",
        "house-model: {input: 1, cached: 0.5, output: 10}\n",
    );
    let priced = repo.with("PROMPTCTL_PRICES", repo.dir.join("../prices.yaml"));
    assert_eq!(
        priced.json("promptctl run house --var ticket=hi --format json")["cost_usd"],
        0.0019
    );
}

#[test]
fn budgets_warn_and_refuse() {
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::answer("Hello."));
    let repo = server.repo(&env);
    repo.write(
        "promptctl.yaml",
        "budgets: {perRun: 0.0001, perPrompt: {echo: 0.0004}}\n",
    );
    assert_snapshot!(repo.play("
        promptctl run echo --var ticket=hi
        promptctl run echo --var ticket=hi
    "), @r"
    $ promptctl run echo --var ticket=hi
    Hello.
    --- stderr
    warning: the run cost $0.0004, more than the budget of $0.0001 a run
    $ promptctl run echo --var ticket=hi
    Hello.
    --- stderr
    warning: the budget of $0.0004 a day for echo is used up: $0.0004 were spent today (counted from this machine's log, since midnight in UTC)
    warning: the run cost $0.0004, more than the budget of $0.0001 a run
    ");
    repo.write(
        "promptctl.yaml",
        "budgets: {perDay: 0.0004, onExceed: refuse}\n",
    );
    assert_snapshot!(repo.run("promptctl run echo --var ticket=hi"), @r"
    error[P316]: the budget of $0.0004 a day for all prompts is used up: $0.0008 were spent today
      hint: counted from this machine's log, since midnight in UTC
      hint: `budgets:` in promptctl.yaml sets the limits
    [exit 3]
    ");
    assert_eq!(server.requests().len(), 2);
    // Another day, another budget.
    repo.at("2026-11-04T00:00:00Z")
        .ok("promptctl run echo --var ticket=hi");
}

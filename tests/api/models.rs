//! What the API offers, and models that end.

use insta::assert_snapshot;
use serde_json::json;

use crate::env::TestEnv;
use crate::server::{Reply, Server};

fn list() -> Reply {
    Reply::json(
        200,
        &json!({ "object": "list", "data": [
            { "id": "gpt-5-mini", "object": "model", "owned_by": "system", "shutdown_date": "2026-12-20" },
            { "id": "gpt-4o", "object": "model", "owned_by": "system" },
            { "id": "house", "object": "model", "owned_by": "acme", "shutdown_date": null },
        ]}),
    )
}

#[test]
fn the_list_is_kept_and_read_without_the_network() {
    let env = TestEnv::new();
    let server = Server::start(vec![list()]);
    let repo = server.repo(&env);
    assert_snapshot!(repo.play("
        promptctl models
        promptctl models
    "), @r"
    $ promptctl models
    gpt-4o	$2.5	$1.25	$10	2027-01-14
    gpt-5-mini	$0.25	$0.025	$2	2026-12-20
    house	-	-	-	-
    $ promptctl models
    gpt-4o	$2.5	$1.25	$10	2027-01-14
    gpt-5-mini	$0.25	$0.025	$2	2026-12-20
    house	-	-	-	-
    --- stderr
    as of just now; --refresh asks again
    ");
    assert_eq!(server.requests().len(), 1);
    assert_eq!(server.requests()[0].line, "GET /v1/models");
    // Two days later the API cannot be asked.
    let later = repo.at("2026-11-05T12:00:00Z").without("OPENAI_API_KEY");
    assert_snapshot!(later.run("promptctl models --format json"), @r#"
    {
      "schema": 1,
      "provider": "openai",
      "fetched": "2026-11-03T12:00:00Z",
      "models": [
        {
          "id": "gpt-4o",
          "owned_by": "system",
          "shutdown_date": "2027-01-14",
          "price": {
            "input": 2.5,
            "cached": 1.25,
            "output": 10.0
          }
        },
        {
          "id": "gpt-5-mini",
          "owned_by": "system",
          "shutdown_date": "2026-12-20",
          "price": {
            "input": 0.25,
            "cached": 0.025,
            "output": 2.0
          }
        },
        {
          "id": "house",
          "owned_by": "acme",
          "shutdown_date": null,
          "price": null
        }
      ]
    }
    --- stderr
    warning: the API could not be asked; this is as of 2 days ago
    "#);
    assert_snapshot!(later.run("promptctl models --refresh"), @"
    error[P301]: no API key: OPENAI_API_KEY is not set
      hint: export OPENAI_API_KEY=…
      hint: the list comes from the API; without a key, `promptctl validate` knows names and ends of models from what is built in
    [exit 4]
    ");
}

#[test]
fn a_model_that_ends_soon_is_warned_of() {
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::answer("a"));
    let repo = server.repo(&env);
    let line = "promptctl run echo --var ticket=hi --model gpt-4o";
    assert_eq!(repo.at("2026-07-01T00:00:00Z").run(line).stderr, "");
    // The table that promptctl was built with.
    assert_snapshot!(repo.at("2026-12-01T00:00:00Z").run(line).stderr, @"warning: gpt-4o ends on 2027-01-14, in 44 days");
    // The list that the API gave.
    let server = Server::start(vec![list(), Reply::answer("a")]);
    let repo = repo.with("OPENAI_BASE_URL", server.url());
    repo.ok("promptctl models");
    assert_snapshot!(repo.run("promptctl run echo --var ticket=hi").stderr, @"warning: gpt-5-mini ends on 2026-12-20, in 47 days");
}

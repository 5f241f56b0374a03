//! Every row of the table of errors, from the server to the exit code and the record.

use insta::assert_snapshot;
use serde_json::json;

use crate::env::TestEnv;
use crate::server::{KEY, Reply, Server, records};

/// What is seen when the server answers so, how often it was asked, and how the record ends.
fn seen(replies: Vec<Reply>) -> String {
    let env = TestEnv::new();
    let server = Server::start(replies);
    let repo = server.repo(&env);
    let run = repo.run("promptctl run echo --var ticket=hi");
    let record = &records(&repo)[0];
    let host = server.host();
    format!(
        "{run}asked {} times; record: {} {} attempts={} cost={}\n",
        server.requests().len(),
        record["status"],
        record["error"]["code"],
        record["attempts"],
        record["cost_usd"],
    )
    .replace(&host, "SERVER")
}

#[test]
fn every_error_says_what_happened_and_what_to_do_next() {
    let refused =
        |status, code, param, message: &str| vec![Reply::error(status, code, param, message)];
    let limit = Reply::error(429, Some("rate_limit_exceeded"), None, "Rate limit reached");
    let failed = Reply::error(500, Some("server_error"), None, "The server had an error");
    let page = "<html><body><h1>403 Forbidden</h1></body></html>";
    let rows = [
        (
            "an unknown model",
            refused(
                400,
                Some("model_not_found"),
                None,
                "The model `gpt-x` does not exist or you do not have access to it.",
            ),
        ),
        (
            "an unknown model, as other servers say it",
            refused(
                404,
                Some("model_not_found"),
                None,
                "The model `gpt-x` does not exist or you do not have access to it.",
            ),
        ),
        (
            "an unknown previous response",
            refused(
                400,
                Some("previous_response_not_found"),
                Some("previous_response_id"),
                "Previous response with id 'resp_x' not found.",
            ),
        ),
        (
            "a wrong type",
            refused(
                400,
                Some("invalid_type"),
                Some("temperature"),
                "Invalid type for 'temperature': expected a decimal, but got a string instead.",
            ),
        ),
        (
            "an unknown parameter",
            refused(
                400,
                Some("unknown_parameter"),
                Some("foo"),
                "Unknown parameter: 'foo'.",
            ),
        ),
        (
            "a temperature for a reasoning model",
            refused(
                400,
                None,
                Some("temperature"),
                "Unsupported parameter: 'temperature' is not supported with this model.",
            ),
        ),
        (
            "a quota used up is not tried again",
            refused(
                429,
                Some("insufficient_quota"),
                None,
                "You exceeded your current quota, please check your plan and billing details.",
            ),
        ),
        (
            "a rate limit that lasts",
            vec![limit.clone(), limit.clone(), limit.clone()],
        ),
        (
            "a rate limit that ends",
            vec![limit, Reply::answer("Hello.")],
        ),
        (
            "a key refused, which the API repeats",
            refused(
                401,
                Some("invalid_api_key"),
                None,
                &format!("Incorrect API key provided: {KEY}."),
            ),
        ),
        (
            "a server that fails",
            vec![failed.clone(), failed.clone(), failed],
        ),
        (
            "a compatible server that says `detail`",
            vec![Reply::json(
                422,
                &json!({ "detail": "model field required" }),
            )],
        ),
        (
            "a page of a proxy",
            vec![Reply::text(403, &[("content-type", "text/html")], page)],
        ),
        (
            "an answer that is not JSON",
            vec![Reply::text(200, &[], "{\"id\": ")],
        ),
        (
            "an answer that is cut is asked for again",
            vec![
                Reply::Cut(b"{\"id\": \"resp".to_vec()),
                Reply::answer("Hello."),
            ],
        ),
        (
            "a redirect is not followed",
            vec![Reply::text(
                307,
                &[("location", "http://elsewhere.example/v1/responses")],
                "",
            )],
        ),
    ];
    let told = rows.map(|(what, replies)| format!("# {what}\n{}", seen(replies)));
    assert_snapshot!(told.concat(), @r#"
    # an unknown model
    error[P303]: the API does not know the model: The model `gpt-x` does not exist or you do not have access to it.
      hint: `promptctl models` lists what this key may use
      hint: the request's id is req_1
    [exit 1]
    asked 1 times; record: "error" "P303" attempts=1 cost=null
    # an unknown model, as other servers say it
    error[P303]: the API does not know the model: The model `gpt-x` does not exist or you do not have access to it.
      hint: `promptctl models` lists what this key may use
      hint: the request's id is req_1
    [exit 1]
    asked 1 times; record: "error" "P303" attempts=1 cost=null
    # an unknown previous response
    error[P304]: the API refused the request (400): Previous response with id 'resp_x' not found.
      hint: the API names `previous_response_id`
      hint: the request's id is req_1
    [exit 1]
    asked 1 times; record: "error" "P304" attempts=1 cost=null
    # a wrong type
    error[P304]: the API refused the request (400): Invalid type for 'temperature': expected a decimal, but got a string instead.
      hint: the API names `temperature`
      hint: the request's id is req_1
    [exit 1]
    asked 1 times; record: "error" "P304" attempts=1 cost=null
    # an unknown parameter
    error[P304]: the API refused the request (400): Unknown parameter: 'foo'.
      hint: the API names `foo`
      hint: the request's id is req_1
    [exit 1]
    asked 1 times; record: "error" "P304" attempts=1 cost=null
    # a temperature for a reasoning model
    error[P304]: the API refused the request (400): Unsupported parameter: 'temperature' is not supported with this model.
      hint: the API names `temperature`
      hint: the request's id is req_1
    [exit 1]
    asked 1 times; record: "error" "P304" attempts=1 cost=null
    # a quota used up is not tried again
    error[P306]: the quota is used up: You exceeded your current quota, please check your plan and billing details.
      hint: add credit at the provider, or use another key
      hint: the request's id is req_1
    [exit 1]
    asked 1 times; record: "error" "P306" attempts=1 cost=null
    # a rate limit that lasts
    error[P305]: the API's rate limit is reached: Rate limit reached
      hint: wait, or lower `--concurrency`
      hint: tried 3 times
      hint: the request's id is req_1
    [exit 1]
    asked 3 times; record: "error" "P305" attempts=3 cost=null
    # a rate limit that ends
    Hello.
    asked 2 times; record: "ok" null attempts=2 cost=0.000405
    # a key refused, which the API repeats
    error[P302]: the API refused the key: Incorrect API key provided: [key].
      hint: check the key, its project and what it is allowed to do
      hint: the request's id is req_1
    [exit 4]
    asked 1 times; record: "error" "P302" attempts=1 cost=null
    # a server that fails
    error[P308]: the API failed (500): The server had an error
      hint: tried 3 times
      hint: the request's id is req_1
    [exit 1]
    asked 3 times; record: "error" "P308" attempts=3 cost=null
    # a compatible server that says `detail`
    error[P304]: the API refused the request (422): model field required
    [exit 1]
    asked 1 times; record: "error" "P304" attempts=1 cost=null
    # a page of a proxy
    error[P308]: SERVER answered with a web page (403)
      hint: a proxy, a gateway or a login page stands between: check the base URL and `HTTPS_PROXY`
    [exit 1]
    asked 1 times; record: "error" "P308" attempts=1 cost=null
    # an answer that is not JSON
    error[P308]: the answer from SERVER is not JSON: {"id":
      hint: check the base URL: the server must offer OpenAI's Responses API
    [exit 1]
    asked 1 times; record: "error" "P308" attempts=1 cost=null
    # an answer that is cut is asked for again
    Hello.
    asked 2 times; record: "ok" null attempts=2 cost=0.000405
    # a redirect is not followed
    error[P308]: SERVER redirects to elsewhere.example (307)
      hint: redirects are not followed, because they could take the key elsewhere: set the base URL to where the API is
    [exit 1]
    asked 1 times; record: "error" "P308" attempts=1 cost=null
    "#);
}

#[test]
fn a_stream_refused_comes_whole() {
    let env = TestEnv::new();
    let message = "Your organization must be verified to stream this model";
    let server = Server::start(vec![
        Reply::error(400, None, Some("stream"), message),
        Reply::answer("Hello."),
    ]);
    let repo = server.repo(&env);
    assert_snapshot!(repo.run("promptctl run echo --var ticket=hi --stream"), @"Hello.");
    assert_eq!(server.requests()[1].json()["stream"], false);
}

#[test]
fn no_server_at_all() {
    let env = TestEnv::new();
    let server = Server::start(Vec::new());
    let repo = server.repo(&env);
    // Nobody may listen on the lowest port.
    let run = repo
        .with("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
        .run("promptctl run echo --var ticket=hi");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("error[P307]"), "{run}");
}

#[test]
fn a_server_that_is_too_slow() {
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::Hang(Vec::new()));
    let repo = server.repo(&env);
    let run = repo.run("promptctl run echo --var ticket=hi --timeout 1");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("error[P307]"), "{run}");
    // The limit is that of the whole call, so that nothing is tried again.
    assert_eq!(records(&repo)[0]["attempts"], 1);
}

#[test]
fn nothing_that_a_server_says_starts_a_line() {
    let evil = "x\n::error::pwned\r::error::pwned\n##[error]pwned\u{1b}]0;pwned\u{202e}";
    let refusal = json!({ "output": [{ "type": "message", "content": [{ "type": "refusal", "refusal": evil }] }] });
    let mut incomplete = crate::server::answer("x");
    incomplete["status"] = json!("incomplete");
    incomplete["incomplete_details"] = json!({ "reason": evil });
    let key = json!({ evil: 1 }).to_string();
    let replies = vec![
        Reply::error(400, Some(evil), Some(evil), evil),
        Reply::error(404, None, None, &format!("prompt {evil}")),
        Reply::json(200, &refusal),
        Reply::json(200, &incomplete),
        Reply::text(
            500,
            &[("content-type", "text/html"), ("retry-after-ms", "1")],
            &format!("<title>{evil}</title>"),
        ),
        Reply::text(200, &[], evil),
        Reply::answer(&key),
        Reply::answer(evil),
    ];
    for reply in replies {
        let env = TestEnv::new();
        let server = Server::answering(move |_| reply.clone());
        let repo = server.repo(&env);
        for line in [
            "promptctl run sorter --var ticket=hi",
            "promptctl run sorter --var ticket=hi --format json",
            "promptctl models --refresh",
            "promptctl doctor --online",
            "promptctl log",
        ] {
            let run = repo.run(line);
            // An answer is data; what is said about it is not.
            let said = match line.contains("run") {
                true => run.stderr.clone(),
                false => format!("{}{}", run.stdout, run.stderr),
            };
            for part in said.split(['\n', '\r']) {
                assert!(!part.trim_start().starts_with("::error::"), "{run}");
                assert!(!part.contains("##[error]"), "{run}");
                assert!(!part.contains(['\u{1b}', '\u{202e}']), "{run}");
            }
        }
    }
}

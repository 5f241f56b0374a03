use std::time::Duration;

use serde_json::json;

use super::*;
use crate::openai::key::ApiKey;
use crate::openai::testing::{Reply, Request, Server, StillPace};
use crate::output::words::words;

const KEY: &str = "sk-test-0123456789abcdefghij";

mod opening;
mod stream;

/// What came of a call against a server with these replies.
struct Run {
    outcome: Result<Answer, Box<CallError>>,
    deltas: Vec<String>,
    requests: Vec<Request>,
    waits: Vec<f64>,
}

impl Run {
    /// What is said of the failure, without the address of the server, whose port is another each
    /// time.
    fn message(&self) -> String {
        let words = self.error().message.split(' ');
        let words = words.map(|word| match word.starts_with("127.0.0.1:") {
            true => "HOST",
            false => word,
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn answer(self) -> Answer {
        self.outcome.unwrap()
    }

    fn error(&self) -> &CallError {
        self.outcome.as_ref().unwrap_err()
    }
}

fn settings(server: &Server) -> Settings {
    Settings {
        key: Some(ApiKey::new(KEY).unwrap()),
        ..Settings::new(server.url())
    }
}

fn run_with(settings: Settings, server: &Server, body: &Value) -> Run {
    let pace = Arc::new(StillPace::default());
    let client = Client::new(settings).unwrap().with_pace(pace.clone());
    let mut deltas = Vec::new();
    let outcome = block_on(client.create(body, &mut |text| deltas.push(text.to_owned()))).unwrap();
    let run = Run {
        outcome,
        deltas,
        requests: server.requests(),
        waits: pace.waits(),
    };
    // Whatever happens, the key is in none of it.
    let said = format!("{:?} {:?}", run.outcome, run.deltas);
    assert!(!said.contains(KEY), "{said}");
    run
}

fn run(replies: Vec<Reply>, body: &Value) -> Run {
    let server = Server::start(replies);
    run_with(settings(&server), &server, body)
}

fn whole() -> Value {
    json!({"model": "m", "input": "hi"})
}

fn streamed() -> Value {
    json!({"model": "m", "input": "hi", "stream": true})
}

fn ok() -> Value {
    json!({
        "id": "resp_1", "status": "completed", "model": "m-2026-01-01", "error": null,
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}],
        "usage": {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4},
    })
}

fn api_error(message: &str, param: Option<&str>, code: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}})
}

fn delta(text: &str) -> String {
    json!({"type": "response.output_text.delta", "delta": text}).to_string()
}

fn end() -> String {
    json!({"type": "response.completed", "response": ok()}).to_string()
}

#[test]
fn a_whole_answer_comes_with_what_the_headers_say() {
    let server = Server::start(vec![Reply::with_headers(
        200,
        &[
            ("x-request-id", "req_7"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-remaining-tokens", "1000"),
        ],
        &ok().to_string(),
    )]);
    let settings = Settings {
        organization: Some("org_1".to_owned()),
        project: Some("proj_1".to_owned()),
        ..settings(&server)
    };
    let run = run_with(settings, &server, &whole());
    let request = &run.requests[0];
    assert_eq!(request.line, "POST /v1/responses HTTP/1.1");
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_eq!(request.header("openai-organization"), Some("org_1"));
    assert_eq!(request.header("openai-project"), Some("proj_1"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.json(), whole());
    assert!(run.deltas.is_empty(), "nobody asked for pieces");

    let answer = run.answer();
    assert_eq!(answer.text, "Hello");
    assert_eq!(answer.request_id.as_deref(), Some("req_7"));
    assert_eq!(answer.rate_limit.remaining_requests, Some(59));
    assert_eq!(answer.rate_limit.remaining_tokens, Some(1000));
    assert_eq!(answer.attempts, 1);
}

#[test]
fn a_server_without_a_key_is_sent_none() {
    let server = Server::start(vec![Reply::json(200, &ok())]);
    let run = run_with(Settings::new(server.url()), &server, &whole());
    assert_eq!(run.requests[0].header("authorization"), None);
    assert_eq!(run.answer().text, "Hello");
}

#[test]
fn every_row_of_the_error_table_is_told() {
    use CallErrorKind::*;
    let prompt = json!({"prompt": {"id": "pmpt_x"}});
    #[rustfmt::skip]
    let table = [
        (404, api_error("Prompt with id 'pmpt_x' not found.", None, None), &prompt, StoredPromptGone),
        (404, api_error("Prompt with id 'pmpt_x' not found.", None, None), &whole(), BadRequest),
        (400, api_error("The requested model 'x' does not exist.", Some("model"), Some("model_not_found")), &whole(), UnknownModel),
        (404, api_error("The model `x` does not exist.", None, Some("model_not_found")), &prompt, UnknownModel),
        (400, api_error("Previous response with id 'resp_x' not found.", Some("previous_response_id"), Some("previous_response_not_found")), &whole(), BadRequest),
        (400, api_error("Invalid type for 'temperature'", Some("temperature"), Some("invalid_type")), &whole(), BadRequest),
        (400, api_error("Unknown parameter: 'foo'.", Some("foo"), Some("unknown_parameter")), &prompt, BadRequest),
        (400, api_error("Unsupported parameter: 'temperature' is not supported with this model.", Some("temperature"), None), &whole(), BadRequest),
        (429, api_error("You exceeded your current quota", None, Some("insufficient_quota")), &whole(), Quota),
        (401, api_error("Incorrect API key provided", None, Some("invalid_api_key")), &prompt, KeyRefused),
        (403, json!({"detail": "not for you"}), &whole(), KeyRefused),
        (404, json!({"detail": "Not Found"}), &whole(), BadRequest),
        (422, json!({"detail": [{"msg": "field required"}]}), &whole(), BadRequest),
    ];
    for (status, reply, body, kind) in table {
        let run = run(
            vec![Reply::json(status, &reply), Reply::json(200, &ok())],
            body,
        );
        let error = run.error();
        assert_eq!((error.kind, error.status), (kind, Some(status)), "{reply}");
        assert_eq!(error.attempts, 1, "none of these is tried again: {reply}");
        assert!(run.waits.is_empty());
    }
}

#[test]
fn what_may_pass_is_tried_again_twice() {
    for status in [408, 409, 429, 500, 503] {
        let bad = Reply::json(status, &api_error("later", None, None));
        let good = run(
            vec![bad.clone(), bad.clone(), Reply::json(200, &ok())],
            &whole(),
        );
        assert_eq!(good.waits, [0.5, 1.0], "{status}");
        assert_eq!(good.answer().attempts, 3);

        let never = run(
            vec![
                bad.clone(),
                bad.clone(),
                bad.clone(),
                Reply::json(200, &ok()),
            ],
            &whole(),
        );
        assert_eq!(never.requests.len(), 3, "{status}");
        assert_eq!(never.error().attempts, 3);
    }
}

#[test]
fn a_lost_connection_is_tried_again() {
    let run = run(
        vec![
            Reply::Close,
            Reply::cut("{\"id\":"),
            Reply::json(200, &ok()),
        ],
        &whole(),
    );
    assert_eq!(run.waits, [0.5, 1.0]);
    assert_eq!(run.answer().text, "Hello");
}

#[test]
fn a_server_that_is_gone_is_named() {
    let server = Server::start(Vec::new());
    let run = run_with(settings(&server), &server, &whole());
    assert_eq!(run.error().kind, CallErrorKind::Unreachable);
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let gone = Settings::new(format!("http://127.0.0.1:{port}/v1"));
    let run = run_with(gone, &server, &whole());
    let message = &run.error().message;
    assert!(
        message.starts_with(&format!("127.0.0.1:{port} could not be reached: ")),
        "{message}"
    );
    assert_eq!(run.waits.len(), 2);
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    for body in [whole(), streamed()] {
        let server = Server::start(vec![Reply::Hang(Vec::new()); 3]);
        let settings = Settings {
            timeout: Duration::from_millis(50),
            ..settings(&server)
        };
        let run = run_with(settings, &server, &body);
        let error = run.error();
        assert_eq!(
            (error.kind, error.attempts),
            (CallErrorKind::Unreachable, 3)
        );
        let message = &error.message;
        assert!(message.starts_with("no answer from 127.0.0.1"), "{message}");
        assert!(message.ends_with("within 0.05 seconds"), "{message}");
    }
}

#[test]
fn the_headers_decide_about_another_try() {
    let reply = |status, headers: &[(&str, &str)]| {
        Reply::with_headers(status, headers, &api_error("m", None, None).to_string())
    };
    let good = Reply::json(200, &ok());
    let waited = run(
        vec![reply(429, &[("retry-after", "7")]), good.clone()],
        &whole(),
    );
    assert_eq!(waited.waits, [7.0]);
    let waited = run(
        vec![reply(429, &[("retry-after-ms", "40")]), good.clone()],
        &whole(),
    );
    assert_eq!(waited.waits, [0.04]);
    let dated = [("retry-after", "Fri, 20 Nov 2026 12:00:09 GMT")];
    assert_eq!(
        run(vec![reply(503, &dated), good.clone()], &whole()).waits,
        [9.0]
    );

    let too_long = run(
        vec![reply(429, &[("retry-after", "3600")]), good.clone()],
        &whole(),
    );
    assert_eq!(too_long.error().kind, CallErrorKind::RateLimited);
    assert!(
        crate::output::words::words(too_long.error().hint.as_ref().unwrap())
            .contains("3600 seconds")
    );
    let forbidden = run(
        vec![reply(503, &[("x-should-retry", "false")]), good.clone()],
        &whole(),
    );
    assert_eq!(forbidden.requests.len(), 1);
    let wanted = run(
        vec![reply(400, &[("x-should-retry", "true")]), good.clone()],
        &whole(),
    );
    assert_eq!(wanted.answer().attempts, 2);
    let quota = Reply::with_headers(
        429,
        &[("x-should-retry", "true")],
        &api_error("q", None, Some("insufficient_quota")).to_string(),
    );
    assert_eq!(run(vec![quota, good], &whole()).requests.len(), 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Server::start(vec![Reply::json(200, &ok())]);
    let location = other.url() + "/responses";
    for status in [301, 302, 307, 308] {
        let run = run(
            vec![Reply::with_headers(status, &[("location", &location)], "")],
            &whole(),
        );
        assert_eq!(run.error().kind, CallErrorKind::ApiFailed);
        let expected = format!("HOST redirects to 127.0.0.1 ({status})");
        assert_eq!(run.message(), expected);
    }
    assert!(other.requests().is_empty(), "the key went nowhere else");
}

#[test]
fn a_web_page_is_not_an_answer() {
    let page = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
    let html = [("content-type", "text/html")];
    let told = [200, 403, 404].map(|status| {
        let run = run(vec![Reply::with_headers(status, &html, page)], &whole());
        assert_eq!(run.error().kind, CallErrorKind::ApiFailed, "{status}");
        let hint = words(run.error().hint.as_ref().unwrap());
        format!("{}\n  hint: {hint}", run.message())
    });
    insta::assert_snapshot!(told.join("\n"), @"
    HOST answered with a web page titled “Sign in”
      hint: a proxy, a gateway or a login page stands between: check the base URL and `HTTPS_PROXY`
    HOST answered with a web page titled “Sign in” (403)
      hint: a proxy, a gateway or a login page stands between: check the base URL and `HTTPS_PROXY`
    HOST answered with a web page titled “Sign in” (404)
      hint: a proxy, a gateway or a login page stands between: check the base URL and `HTTPS_PROXY`
    ");
}

#[test]
fn what_is_not_an_answer_is_told() {
    let told = [
        "",
        "{\"id\": \"resp_1\", \"outp",
        "red",
        "[1, 2]",
        "{\"choices\": []}",
    ]
    .map(|body| {
        let run = run(vec![Reply::with_headers(200, &[], body)], &whole());
        assert_eq!(run.error().kind, CallErrorKind::ApiFailed, "{body}");
        run.message()
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    HOST answered with nothing
    the answer from HOST is not JSON: {"id": "resp_1", "outp
    the answer from HOST is not JSON: red
    HOST answered with something that is not an answer of a model
    HOST answered with something that is not an answer of a model
    "#);
}

#[test]
fn an_endless_answer_is_given_up() {
    let head = "HTTP/1.1 200 X\r\ncontent-type: application/json\r\n\r\n";
    let run = run(vec![Reply::Flood(head.as_bytes().to_vec())], &whole());
    assert_eq!(
        run.error().message.split_once(" is ").unwrap().1,
        "larger than 64 MB"
    );
    assert_eq!(run.error().attempts, 1);
}

#[test]
fn an_answer_that_failed_is_an_error_that_keeps_it() {
    let failed = json!({
        "id": "resp_1", "status": "failed", "output": [],
        "error": {"code": "server_error", "message": "The model failed."}, "usage": {"input_tokens": 3},
    });
    let run = run(vec![Reply::json(200, &failed)], &whole());
    assert_eq!(run.error().kind, CallErrorKind::ApiFailed);
    assert_eq!(
        run.error().message,
        "the API failed (200): The model failed."
    );
    let partial = run.error().partial.as_ref().unwrap();
    assert_eq!((partial.usage.input, partial.attempts), (Some(3), 1));

    let queued = super::tests::run(
        vec![Reply::json(200, &json!({"status": "queued"}))],
        &whole(),
    );
    insta::assert_snapshot!(queued.message(), @"the API failed (200): the status of the answer is `queued`");
}

#[test]
fn an_incomplete_answer_and_a_refusal_are_answers() {
    let mut incomplete = ok();
    incomplete["status"] = json!("incomplete");
    incomplete["incomplete_details"] = json!({"reason": "max_output_tokens"});
    let answer = run(vec![Reply::json(200, &incomplete)], &whole()).answer();
    assert_eq!(answer.status, Status::Incomplete);
    assert_eq!(answer.verdict().unwrap().code, Some(code::INCOMPLETE));
}

#[test]
fn the_key_is_in_nothing_that_comes_back() {
    let echoed = |text: &str| {
        let mut answer = ok();
        answer["output"][0]["content"][0]["text"] = json!(text);
        answer["metadata"] = json!({"header": format!("Bearer {KEY}")});
        answer
    };
    let bearer = format!("Bearer {KEY}");
    // `run` looks for the key in the answer, the error and the pieces.
    for replies in [
        vec![Reply::json(
            401,
            &api_error(
                &format!("Incorrect API key provided: {KEY}"),
                Some(KEY),
                Some(KEY),
            ),
        )],
        vec![Reply::with_headers(500, &[("x-request-id", KEY)], &bearer); 3],
        vec![Reply::with_headers(
            200,
            &[],
            &format!("<title>{bearer}</title>"),
        )],
        vec![Reply::with_headers(
            302,
            &[("location", &format!("https://{KEY}.example/"))],
            "",
        )],
        vec![Reply::json(200, &echoed(&bearer))],
        vec![Reply::stream(&[
            delta(&bearer),
            json!({"type": "response.completed", "response": echoed(&bearer)}).to_string(),
        ])],
        vec![Reply::stream(&[delta(&bearer)])],
        vec![Reply::json(
            200,
            &json!({"status": "failed", "error": {"message": bearer}}),
        )],
        vec![Reply::json(200, &json!({"status": KEY, "error": bearer}))],
    ] {
        let run = run(replies, &streamed());
        if let Err(error) = run.outcome {
            let failure = Failure::from(error);
            assert!(!format!("{failure:?}").contains(KEY));
        }
    }
    let server = Server::start(Vec::new());
    assert!(!format!("{:?}", settings(&server)).contains(KEY));
}

#[test]
fn a_base_url_that_cannot_be_used_is_refused() {
    for url in [
        "",
        "api.openai.com/v1",
        "ftp://x/v1",
        "https://user:hunter2@x/v1",
        "file:///etc/passwd",
    ] {
        let Err(failure) = Client::new(Settings::new(url)) else {
            panic!("{url} was taken")
        };
        assert_eq!(failure.code, Some(code::BAD_CONFIG), "{url}");
        assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    }
}

#[test]
fn the_models_are_listed() {
    let list = json!({"object": "list", "data": [{"id": "gpt-5", "owned_by": "openai"}]});
    let server = Server::start(vec![
        Reply::json(503, &json!({})),
        Reply::json(200, &list),
        Reply::json(200, &json!({})),
    ]);
    let client = Client::new(settings(&server))
        .unwrap()
        .with_pace(Arc::new(StillPace::default()));
    let models = block_on(client.models()).unwrap().unwrap();
    assert_eq!(models[0].id, "gpt-5");
    assert_eq!(server.requests()[0].line, "GET /v1/models HTTP/1.1");
    let error = block_on(client.models()).unwrap().unwrap_err();
    assert_eq!(error.kind, CallErrorKind::ApiFailed);
}

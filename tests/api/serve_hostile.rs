//! `serve`: callers and APIs that send what nobody should.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use super::serve::{greeting, sha256};
use crate::env::TestEnv;
use crate::gateway::{Answer, Gateway};
use crate::server::{KEY, Reply, Server, records};

/// Sends these bytes and reads until the gateway closes.
fn raw(gateway: &Gateway, bytes: impl AsRef<[u8]>) -> String {
    let mut connection = gateway.connect();
    // Who refuses may close before it has all.
    drop(connection.get_mut().write_all(bytes.as_ref()));
    let mut said = Vec::new();
    drop(connection.read_to_end(&mut said));
    String::from_utf8_lossy(&said).into_owned()
}

fn status(said: &str) -> &str {
    said.split(' ').nth(1).unwrap_or_default()
}

fn greet() -> Value {
    json!({"prompt": {"id": "pmpt_greet", "variables": {"name": "Ada"}}})
}

#[test]
fn a_head_that_can_be_read_in_two_ways_goes_nowhere() {
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::answer("Hi!"));
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let host = "Host: localhost\r\n";
    for (head, expected) in [
        (
            format!("GET /v1/models HTTP/1.1\r\n{host}Host: evil.example\r\n"),
            "400",
        ),
        ("GET /v1/models HTTP/1.1\r\n".to_owned(), "400"),
        (
            format!("GET http://evil.example/v1/models HTTP/1.1\r\n{host}"),
            "400",
        ),
        (
            format!("GET /v1/models HTTP/1.1\r\n{host}X-A: a\r\n b\r\n"),
            "400",
        ),
        (
            "GET /v1/models HTTP/1.1\r\nHost : localhost\r\n".to_owned(),
            "400",
        ),
        (
            format!("POST /v1/files HTTP/1.1\r\n{host}Content-Length: 5\r\nContent-Length: 6\r\n"),
            "400",
        ),
        (
            format!("POST /v1/files HTTP/1.1\r\n{host}Content-Length: +5\r\n"),
            "400",
        ),
        (
            format!("POST /v1/files HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n"),
            "400",
        ),
        (
            format!("POST /v1/files HTTP/1.1\r\n{host}Transfer-Encoding: gzip, chunked\r\n"),
            "501",
        ),
        (format!("TRACE /v1/models HTTP/1.1\r\n{host}"), "405"),
        (
            "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n".to_owned(),
            "405",
        ),
        (format!("GET /v1/models/../files HTTP/1.1\r\n{host}"), "400"),
        (
            format!("GET /v1/models/%2e%2e/files HTTP/1.1\r\n{host}"),
            "400",
        ),
        (format!("GET /v1//files HTTP/1.1\r\n{host}"), "400"),
        (format!("GET //v1/files HTTP/1.1\r\n{host}"), "400"),
        (
            format!("GET /v1/models/%0d%0aX:1 HTTP/1.1\r\n{host}"),
            "400",
        ),
    ] {
        let said = raw(&gateway, format!("{head}Connection: close\r\n\r\n"));
        assert_eq!(status(&said), expected, "{head}\n{said}");
    }
    assert_eq!(server.requests().len(), 0, "nothing went on");
    // Of two lengths the chunks count, as the standard says; what follows is never read.
    let smuggled = raw(
        &gateway,
        format!(
            "POST /v1/files HTTP/1.1\r\n{host}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/models HTTP/1.1\r\n{host}\r\n"
        ),
    );
    assert_eq!(smuggled.matches("HTTP/1.1").count(), 1, "{smuggled}");
    let request = server.requests().remove(0);
    assert_eq!(
        (request.line.as_str(), request.body.as_str()),
        ("POST /v1/files", "")
    );
    assert_eq!(server.requests().len(), 1);
    let absolute =
        format!("GET http://localhost/v1/models HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
    assert_eq!(status(&raw(&gateway, absolute)), "200");
    assert_eq!(gateway.end().0, Some(0));
}

#[test]
fn a_body_that_readers_of_json_disagree_about_is_not_guessed() {
    let env = TestEnv::new();
    let server = Server::answering(|request| Reply::json(200, &json!({"seen": request.body})));
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let prompt = r#"{"id": "pmpt_greet", "variables": {"name": "Ada"}}"#;
    for body in [
        format!(
            "{{\"prompt\": {{\"id\": \"pmpt_greet\", \"variables\": {{\"name\": {}}}}}}}",
            deep(5000)
        ),
        format!("{{\"prompt\": {prompt}, \"tools\": {}}}", deep(5000)),
        r#"{"prompt": {"id": "pmpt_greet", "variables": {"name": NaN}}}"#.to_owned(),
        r#"{"prompt": {"id": "pmpt_greet", "variables": {"name": "\ud800"}}}"#.to_owned(),
        format!("{{\"prompt\": {prompt}, \"temperature\": 1e999}}"),
    ] {
        let answer = gateway.ask("POST /v1/responses", &body);
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "invalid_json");
        assert!(answer.text().contains("line 1 column"), "{}", answer.text());
    }
    assert_eq!(server.requests().len(), 0);
    // Without a prompt it is the API's affair.
    for body in [
        format!(
            "{{\"input\": {}, \"metadata\": {{\"prompt\": 1}}}}",
            deep(5000)
        ),
        r#"{"input": NaN, "prompt": null}"#.to_owned(),
    ] {
        assert_eq!(
            gateway.ask("POST /v1/responses", &body).json()["seen"],
            body
        );
    }
    // Of two the last counts, as for every reader that takes both.
    let name = |body: &str| {
        let answer = gateway.ask("POST /v1/responses", body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        server.requests().pop().unwrap().json()["input"][0]["content"].clone()
    };
    assert_eq!(
        name(&format!(
            "{{\"prompt\": {{\"id\": \"none\"}}, \"prompt\": {prompt}}}"
        )),
        "Hello Ada"
    );
    assert_eq!(
        name(
            r#"{"prompt": {"id": "none", "id": "pmpt_greet", "variables": {"name": "A", "name": "B"}}}"#
        ),
        "Hello B"
    );
    assert_eq!(gateway.end().0, Some(0));
}

#[test]
fn an_error_does_not_grow_with_what_was_sent() {
    let env = TestEnv::new();
    let server = Server::start(vec![]);
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let many: serde_json::Map<String, Value> = (0..300_000)
        .map(|at| (format!("v{at}"), json!("x")))
        .collect();
    let long = "n".repeat(4_000_000);
    for (prompt, code) in [
        (
            json!({"id": "pmpt_greet", "variables": many}),
            json!("prompt_variable_unknown"),
        ),
        (
            json!({"id": "pmpt_greet", "variables": {long.clone(): "x"}}),
            json!("prompt_variable_unknown"),
        ),
        (json!({"id": long}), Value::Null),
        (
            json!({"id": "pmpt_greet", "version": long}),
            json!("prompt_version_not_found"),
        ),
    ] {
        let answer = gateway.call(&json!({"prompt": prompt}));
        assert_eq!(answer.json()["error"]["code"], code);
        assert!(answer.body.len() < 10_000, "{} bytes", answer.body.len());
    }
    let first =
        gateway.call(&json!({"prompt": {"id": "pmpt_greet", "variables": {"a": "", "b": ""}}}));
    assert_eq!(
        first.json()["error"]["message"],
        "Unknown prompt variables: a, b"
    );
    assert_eq!(gateway.end().0, Some(0));
}

/// The bytes of an answer.
fn bytes(head: &str, body: &str) -> Reply {
    Reply::Bytes(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}").into_bytes())
}

#[test]
fn an_api_that_does_not_speak_http_fails_that_call_alone() {
    let env = TestEnv::new();
    let wrong = [
        bytes("200 OK\r\ncontent-length: 100", "{}"),
        bytes("200 OK\r\ncontent-length: 5\r\ncontent-length: 6", "{}"),
        bytes("200 OK\r\ncontent-length: -5", "{}"),
        bytes("200 OK\r\ntransfer-encoding: chunked", "zz\r\n{}"),
        bytes("000 X", "{}"),
        bytes("101 Switching\r\nupgrade: x", ""),
        bytes(
            &format!("200 OK\r\nx-long: {}", "a".repeat(1_000_000)),
            "{}",
        ),
        Reply::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec()),
        Reply::Close,
    ];
    let count = wrong.len();
    let last = [Reply::answer("Hi!")];
    let server = Server::start(wrong.into_iter().chain(last).collect());
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    for at in 0..count {
        let answer = gateway.call(&greet());
        assert_eq!(answer.status, 502, "{at}: {}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "upstream_unreachable");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains("gave no whole answer"), "{message}");
    }
    assert_eq!(gateway.call(&greet()).status, 200);
    assert_eq!(gateway.end().0, Some(0));
    let states: Vec<Value> = records(&repo)
        .iter()
        .map(|it| it["status"].clone())
        .collect();
    assert_eq!(states.iter().filter(|it| **it == "error").count(), count);
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let env = TestEnv::new();
    let elsewhere = Server::answering(|_| Reply::answer("stolen"));
    let to = format!("http://{}/v1/responses", elsewhere.host());
    let server = Server::answering(move |_| Reply::text(307, &[("location", &to)], ""));
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    assert_eq!(gateway.call(&greet()).status, 307);
    assert_eq!(gateway.get("/v1/models").status, 307);
    assert_eq!(elsewhere.requests().len(), 0, "no key goes there");
    gateway.end();
    assert_eq!(records(&repo).remove(0)["status"], "error");
}

#[test]
fn counts_that_cannot_be_are_none_in_the_record_and_the_figures() {
    let env = TestEnv::new();
    let counts = [
        "-5",
        "18446744073709551615",
        "1e300",
        "1.5",
        "\"7\"",
        "[]",
        "null",
    ];
    let replies = counts.map(|count| {
        bytes(
            "200 OK\r\ncontent-type: application/json",
            &format!("{{\"id\": \"resp_1\", \"status\": \"completed\", \"model\": \"gpt-5-mini\", \"usage\": {{\"input_tokens\": {count}, \"output_tokens\": {count}, \"total_tokens\": {count}, \"input_tokens_details\": {{\"cached_tokens\": {count}}}}}}}"),
        )
    });
    // Twice, so that sums that run over would show.
    let server = Server::start(replies.iter().chain(&replies).cloned().collect());
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    for count in counts.iter().chain(&counts) {
        let answer = gateway.call(&greet());
        assert_eq!(answer.status, 200, "{count}");
        assert!(
            answer.text().contains(count),
            "the caller gets what the API said"
        );
    }
    assert!(
        !gateway.get("/metrics").text().contains("tokens_total{"),
        "nothing is counted"
    );
    assert_eq!(gateway.end().0, Some(0));
    for record in records(&repo) {
        let usage = record["usage"].as_object().unwrap();
        assert!(usage.values().all(Value::is_null), "{record}");
        assert_eq!(record["cost_usd"], Value::Null);
    }
}

#[test]
fn an_answer_without_an_end_is_passed_on_and_not_held() {
    let env = TestEnv::new();
    const PIECE: usize = 70 * 1024 * 1024;
    let server = Server::answering(|request| {
        let (head, body) = match request.json().get("stream") {
            Some(_) => ("content-type: text/event-stream", "data: "),
            None => ("content-type: application/json", "{\"a\": \""),
        };
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n\r\n{body}").into_bytes();
        bytes.resize(bytes.len() + PIECE, b'x');
        Reply::Bytes(bytes)
    });
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "--no-echo");
    for is_stream in [false, true] {
        let mut call = greet();
        if is_stream {
            call["stream"] = json!(true);
        }
        assert!(gateway.call(&call).body.len() > PIECE);
    }
    assert_eq!(gateway.end().0, Some(0));
}

#[test]
fn the_key_of_this_machine_is_covered_wherever_the_api_repeats_it() {
    let env = TestEnv::new();
    let covered = "*".repeat(KEY.len());
    let server = Server::answering(move |request| {
        let said = json!({"error": {"message": format!("wrong key {KEY}"), "type": "x", "code": "invalid_api_key"}});
        let is_stream = request.body.contains("\"stream\":true");
        match request.line.as_str() {
            "GET /v1/models" => Reply::text(
                200,
                &[("x-said", &format!("Bearer {KEY}"))],
                &format!("a{KEY}b"),
            ),
            _ if is_stream && request.body.contains("refuse") => Reply::json(401, &said),
            _ if is_stream => {
                let mut bytes = Reply::stream(&[&format!("word {KEY} word")]);
                for event in [
                    json!({"type": "error", "message": format!("wrong key {KEY}")}),
                    json!({"type": "response.failed", "response": {"error": {"message": "and sk-of-another-0123456789"}}}),
                ] {
                    bytes.extend(format!("data: {event}\n\n").into_bytes());
                }
                Reply::Bytes(bytes)
            }
            _ => Reply::json(401, &said),
        }
    });
    let repo = greeting(&env, &server).with("OPENAI_API_KEY", KEY);
    let config = env.root().dir.join("home/.config/promptctl/config.yaml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    let hash = sha256("secret-of-web");
    let keys = format!("serve: {{keys: [{{name: web, sha256: {hash}, may: [call]}}]}}\n");
    std::fs::write(&config, keys).unwrap();
    let gateway = Gateway::start(&repo, "--auth keys");
    let ask = |head: &str, body: &str| {
        gateway.ask(
            &format!("{head}\nauthorization: Bearer secret-of-web\naccept-encoding: gzip"),
            body,
        )
    };
    let mut call = greet();
    call["stream"] = json!(true);
    let streamed = ask("POST /v1/responses", &call.to_string()).text();
    assert!(
        streamed.contains(&format!("word {covered} word")),
        "{streamed}"
    );
    assert!(
        streamed.contains("wrong key [key]") && streamed.contains("and [key]"),
        "{streamed}"
    );
    call["metadata"] = json!({"please": "refuse"});
    let refused = ask("POST /v1/responses", &call.to_string());
    assert_eq!(refused.status, 401);
    assert!(
        refused.text().contains("wrong key [key]"),
        "{}",
        refused.text()
    );
    let passed = ask("POST /v1/responses", "{\"input\": \"x\"}");
    assert!(
        passed.text().contains(&format!("wrong key {covered}")),
        "{}",
        passed.text()
    );
    let models = ask("GET /v1/models", "");
    assert_eq!(models.text(), format!("a{covered}b"));
    assert_eq!(models.header("x-said"), Some(&*format!("Bearer {covered}")));
    let packed = server.requests().pop().unwrap();
    assert_eq!(packed.header("accept-encoding"), Some("identity"));
    gateway.end();
    let log = repo.read(".promptctl/executions.jsonl");
    assert!(
        !log.contains(KEY) && !log.contains("sk-of-another"),
        "{log}"
    );
}

#[test]
fn callers_with_keys_of_their_own_get_every_byte() {
    let env = TestEnv::new();
    let body = json!({"error": {"message": format!("wrong key {KEY}")}}).to_string();
    let said = body.clone();
    let server = Server::answering(move |_| Reply::text(401, &[], &said));
    let repo = greeting(&env, &server).with("OPENAI_API_KEY", KEY);
    let gateway = Gateway::start(&repo, "");
    assert_eq!(gateway.call(&greet()).text(), body);
    assert_eq!(gateway.get("/v1/models").text(), body);
}

#[test]
fn a_small_body_that_unpacks_to_a_large_one_is_refused() {
    let env = TestEnv::new();
    let server = Server::start(vec![]);
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let piece = vec![b' '; 1024 * 1024];
    for _ in 0..65 {
        gzip.write_all(&piece).unwrap();
    }
    let answer = gateway.ask(
        "POST /v1/responses\ncontent-encoding: gzip",
        gzip.finish().unwrap(),
    );
    assert_eq!(answer.status, 413, "{}", answer.text());
    let twice = gateway.ask("POST /v1/responses\ncontent-encoding: gzip, gzip", "x");
    assert_eq!(twice.status, 415);
}

#[test]
fn a_large_value_is_answered_while_others_are_served() {
    let env = TestEnv::new();
    let server = Server::start(vec![]);
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let name = "x".repeat(5_000_000);
    let call =
        json!({"model": "echo", "prompt": {"id": "pmpt_greet", "variables": {"name": name}}});
    let mut connection = gateway.connect();
    gateway.send(&mut connection, "POST /v1/responses", call.to_string());
    assert_eq!(gateway.get("/healthz").status, 200);
    let answer = Answer::read(&mut connection);
    assert_eq!(answer.status, 200);
    assert!(
        answer.json()["output"][0]["content"][0]["text"]
            .as_str()
            .unwrap()
            .ends_with("xxx")
    );
}

#[test]
fn a_get_brings_no_body_that_could_be_taken_for_the_next_request() {
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::answer("Hi!"));
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let inner = "POST /v1/files/all HTTP/1.1\r\nHost: localhost\r\nX-Rest: ";
    for head in [
        format!("Content-Length: {}\r\n\r\n{inner}", inner.len()),
        format!(
            "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n",
            inner.len()
        ),
    ] {
        let said = raw(
            &gateway,
            format!("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}"),
        );
        assert_eq!(status(&said), "400", "{said}");
    }
    assert_eq!(server.requests().len(), 0);
}

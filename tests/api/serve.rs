//! `serve`: calls with a prompt, streams, and what is passed on.

use serde_json::{Value, json};

use crate::env::{Shell, TestEnv};
use crate::gateway::{Answer, Gateway, read_chunk};
use crate::server::{KEY, Reply, Server, answer, records};

/// A prompt as the import writes it.
pub(crate) const GREET: &str = "model: openai/gpt-5-mini\nsource: {format: openai, id: pmpt_greet, version: '6'}\nmessages:\n  - role: system\n    content: Be kind.\n  - role: user\n    content: \"Hello {{name}}\"\n";

/// A repository with `greet`, whose first version is live, and whose calls go to this server.
pub(crate) fn greeting(env: &TestEnv, server: &Server) -> Shell {
    let repo = env.repo().with("OPENAI_BASE_URL", server.url());
    repo.add("greet", GREET);
    repo.ok("promptctl publish --quiet greet");
    repo
}

/// The answer of the API, as it writes it.
fn recorded() -> Value {
    let mut recorded = answer("Hi!");
    recorded["instructions"] = json!("Be kind.");
    recorded["prompt"] = Value::Null;
    recorded["temperature"] = json!(1.0);
    recorded
}

fn greet(version: Option<&str>) -> Value {
    let mut call = json!({"prompt": {"id": "pmpt_greet", "variables": {"name": "Ada"}}});
    if let Some(version) = version {
        call["prompt"]["version"] = json!(version);
    }
    call
}

#[test]
fn a_call_by_id_reaches_the_api_as_an_ordinary_request() {
    let env = TestEnv::new();
    let server = Server::answering(|_| {
        Reply::text(
            200,
            &[("x-request-id", "req_1"), ("set-cookie", "a=b")],
            &format!("{:#}", recorded()),
        )
    });
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    for version in [None, Some("6")] {
        let answer = gateway.call(&greet(version));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let said = answer.json();
        assert_eq!(
            said["instructions"],
            json!([
                {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be kind."}]},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello Ada"}]},
            ])
        );
        assert_eq!(
            said["prompt"],
            json!({"id": "pmpt_greet", "version": "6", "variables": {"name": {"type": "input_text", "text": "Ada"}}})
        );
        let mut rest = said.as_object().unwrap().clone();
        let mut expected = recorded().as_object().unwrap().clone();
        for key in ["instructions", "prompt"] {
            rest.shift_remove(key);
            expected.shift_remove(key);
        }
        assert_eq!(rest, expected, "nothing else changes");
        assert!(answer.text().contains("\"temperature\": 1.0"));
        let own = |name: &str| answer.header(name).unwrap().to_owned();
        assert_eq!(
            [
                own("promptctl-prompt"),
                own("promptctl-version"),
                own("promptctl-environment")
            ],
            ["greet", "1", "production"]
        );
        assert_eq!(own("x-request-id"), "req_1");
        assert_eq!(answer.header("set-cookie"), None);
    }
    let request = server.requests().remove(0);
    assert_eq!(request.line, "POST /v1/responses");
    assert_eq!(
        request.json(),
        json!({"model": "gpt-5-mini", "instructions": "Be kind.", "input": [{"role": "user", "content": "Hello Ada"}]})
    );
    assert_eq!(
        request.header("authorization"),
        Some("Bearer sk-caller-0123456789")
    );
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_eq!(gateway.end().0, Some(0));

    let record = records(&repo).remove(0);
    assert_eq!(record["prompt"], "greet");
    assert_eq!(record["environment"], "production");
    assert_eq!(record["variables"], json!({"name": "Ada"}));
    assert_eq!(record["output"], "Hi!");
    assert_eq!(record["usage"]["input_tokens"], 1000);
    assert!(record["cost_usd"].as_f64().unwrap() > 0.0);
    assert_eq!(record["request_id"], "req_1");
    let id = record["id"].as_str().unwrap();
    assert!(
        repo.ok(&format!("promptctl log show {id} --rendered"))
            .contains("Hello Ada")
    );
}

#[test]
fn messages_of_a_placeholder_reach_the_api_in_their_place() {
    const CHAT: &str = "model: openai/gpt-5-mini\ninput: {schema: {required: [message], properties: {message: {type: string}, history: {type: array}}}}\nmessages:\n  - {role: system, content: Be kind.}\n  - placeholder: history\n  - {role: user, content: '{{message}}'}\n";
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::answer("Hi!"));
    let repo = greeting(&env, &server).with("OPENAI_API_KEY", KEY);
    repo.add("chat", CHAT);
    repo.ok("promptctl publish --quiet chat");
    let history = json!([
        {"role": "system", "content": "Obey {{message}}"},
        {"role": "assistant", "content": "Yes?"},
    ]);
    let values = json!({"message": "Now?", "history": history});
    let wanted = json!({
        "model": "gpt-5-mini", "instructions": "Be kind.",
        "input": [history[0], history[1], {"role": "user", "content": "Now?"}],
    });

    let gateway = Gateway::start(&repo, "--stored-turns once");
    let call =
        json!({"prompt": {"id": "chat", "variables": values}, "previous_response_id": "resp_0"});
    let answer = gateway.call(&call);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut sent = server.requests()[0].json();
    sent.as_object_mut()
        .unwrap()
        .shift_remove("previous_response_id");
    assert_eq!(sent, wanted, "they are no turns of the prompt's own");
    let wrong = json!({"prompt": {"id": "chat", "variables": {"message": "a", "history": [{"role": "tool", "content": "a"}]}}});
    let refused = gateway.call(&wrong);
    assert_eq!(refused.status, 400);
    assert!(
        refused.text().contains("history[0].role"),
        "{}",
        refused.text()
    );
    assert_eq!(gateway.end().0, Some(0));

    let run = repo.run_with("promptctl run chat@production --vars -", values.to_string());
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(server.requests()[1].json(), wanted);
    let record = records(&repo).pop().unwrap();
    assert_eq!(record["variables"], values);
    let id = record["id"].as_str().unwrap();
    let again = repo.run(&format!("promptctl log show {id} --rendered"));
    assert!(again.stdout.contains("Obey {{message}}"), "{again}");
    assert!(again.stderr.contains("the request is the same"), "{again}");
}

#[test]
fn what_the_caller_adds_is_sent_and_told_in_the_record() {
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::answer("Hi!"));
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let mut call = greet(None);
    call["input"] = json!("And Bob?");
    call["previous_response_id"] = json!("resp_0");
    call["reasoning"] = json!({});
    call["model"] = json!("gpt-5");
    assert_eq!(gateway.call(&call).status, 200);
    let sent = server.requests().remove(0).json();
    assert_eq!(sent["model"], "gpt-5");
    assert_eq!(
        sent["input"][1],
        json!({"role": "user", "content": "And Bob?"})
    );
    assert_eq!(sent.get("reasoning"), None);
    gateway.end();
    let record = records(&repo).remove(0);
    assert_eq!(
        record["sent"],
        json!(["input", "previous_response_id", "model"])
    );
    assert_ne!(record["sent_hash"], record["request_hash"]);
    assert!(
        !record.to_string().contains("And Bob?"),
        "what the caller added is not kept"
    );
    // The prompt's own part is proven all the same.
    repo.ok(&format!(
        "promptctl log show {} --rendered",
        record["id"].as_str().unwrap()
    ));
}

/// The body of a stream as the API sends it.
fn stream() -> Vec<u8> {
    let event = |value: Value| {
        format!(
            "event: {}\ndata: {value}\n\n",
            value["type"].as_str().unwrap()
        )
    };
    let started = json!({"id": "resp_1", "instructions": "Be kind.", "status": "in_progress"});
    let mut text =
        event(json!({"type": "response.created", "sequence_number": 0, "response": started}));
    for word in ["one ", "\"response\": {", "\u{e9}"] {
        text.push_str(&event(
            json!({"type": "response.output_text.delta", "delta": word}),
        ));
    }
    text.push_str(&event(
        json!({"type": "response.completed", "response": recorded()}),
    ));
    text.into_bytes()
}

fn stream_reply() -> Reply {
    let mut bytes = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n".to_vec();
    bytes.extend(stream());
    Reply::Bytes(bytes)
}

fn streamed(gateway: &Gateway) -> Answer {
    let mut call = greet(None);
    call["stream"] = json!(true);
    gateway.call(&call)
}

#[test]
fn a_stream_tells_the_prompt_in_each_event_that_tells_the_answer() {
    let env = TestEnv::new();
    let server = Server::answering(|_| stream_reply());
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let answer = streamed(&gateway);
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    let own = |text: &str| -> Vec<Value> {
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap())
            .collect()
    };
    let (events, originals) = (
        own(&answer.text()),
        own(&String::from_utf8(stream()).unwrap()),
    );
    assert_eq!(events.len(), originals.len());
    for (mut event, mut original) in events.into_iter().zip(originals) {
        if event.get("response").is_some() {
            assert_eq!(event["response"]["prompt"]["id"], "pmpt_greet");
            assert_eq!(
                event["response"]["instructions"][1]["content"][0]["text"],
                "Hello Ada"
            );
            for value in [&mut event, &mut original] {
                let response = value["response"].as_object_mut().unwrap();
                response.shift_remove("instructions");
                response.shift_remove("prompt");
            }
        }
        assert_eq!(event, original);
    }
    gateway.end();
    let record = records(&repo).remove(0);
    assert_eq!(
        (record["status"].as_str(), record["output"].as_str()),
        (Some("ok"), Some("Hi!"))
    );
}

#[test]
fn without_an_echo_no_byte_of_an_answer_changes() {
    let env = TestEnv::new();
    let pretty = format!("{:#}\n", recorded());
    let body = pretty.clone();
    let server = Server::answering(move |request| match request.json().get("stream") {
        Some(_) => stream_reply(),
        None => Reply::text(200, &[], &body),
    });
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "--no-echo");
    assert_eq!(streamed(&gateway).body, stream());
    assert_eq!(gateway.call(&greet(None)).text(), pretty);
}

#[test]
fn everything_else_goes_through_byte_for_byte() {
    let env = TestEnv::new();
    let server = Server::answering(|request| {
        let seen = json!({"line": request.line, "body": request.body}).to_string();
        match request.line.as_str() {
            "GET /v1/responses/resp_1?stream=true" => stream_reply(),
            _ => Reply::text(
                201,
                &[
                    ("x-ratelimit-remaining-requests", "7"),
                    ("openai-version", "x"),
                ],
                &seen,
            ),
        }
    });
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let odd = "{ \"input\" : \"a prompt\\u00e9\", \"n\": 1.50, \"n\": 2 }\n";
    for (head, body) in [
        ("POST /v1/responses", odd),
        ("POST /v1/responses", "not json, a prompt"),
        ("POST /v1/responses", ""),
        ("POST /v1/responses", "[{\"prompt\": 1}]"),
        ("GET /v1/models?limit=2", ""),
        ("DELETE /v1/files/file-1", ""),
        (
            "POST /v1/chat/completions",
            "{\"prompt\": {\"id\": \"pmpt_greet\"}}",
        ),
        (
            "POST /v1/files\ncontent-type: application/octet-stream",
            "\u{0}\u{1}binary",
        ),
        ("PATCH /v1/x/%2Fa%2Fy", "z"),
    ] {
        let answer = gateway.ask(head, body);
        assert_eq!(answer.status, 201, "{head}: {}", answer.text());
        let line = head.lines().next().unwrap();
        assert_eq!(answer.json(), json!({"line": line, "body": body}), "{head}");
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some("7"));
        assert!(answer.header("content-length").is_some(), "{head}");
        assert_eq!(answer.header("promptctl-prompt"), None);
    }
    assert_eq!(
        gateway.get("/v1/responses/resp_1?stream=true").body,
        stream()
    );
    let private = "POST /v1/files\nconnection: close, x-mine\nx-mine: 1\ncookie: a=b\nx-forwarded-for: 10.0.0.1\nopenai-beta: b";
    gateway.ask(private, "x");
    let request = server.requests().pop().unwrap();
    for name in ["x-mine", "cookie", "x-forwarded-for"] {
        assert_eq!(request.header(name), None, "{name}");
    }
    assert_eq!(request.header("openai-beta"), Some("b"));
    assert_eq!(gateway.end().0, Some(0));
    assert!(
        !repo.exists(".promptctl/executions.jsonl"),
        "nothing of it is recorded"
    );
}

#[test]
fn errors_have_openais_own_shape_and_say_what_to_do() {
    let env = TestEnv::new();
    let server = Server::start(vec![]);
    let repo = greeting(&env, &server);
    repo.next_version("greet", "Be kind.", "Be very kind.");
    repo.add("draft", GREET);
    let gateway = Gateway::start(&repo, "");
    let with = |prompt: Value| gateway.call(&json!({ "prompt": prompt }));
    let vars = json!({"name": "Ada"});
    for (prompt, status, code, param) in [
        (
            json!("pmpt_greet"),
            400,
            json!("invalid_type"),
            json!("prompt"),
        ),
        (json!({"id": "pmpt_none"}), 404, Value::Null, Value::Null),
        (json!({"id": "draft"}), 404, Value::Null, Value::Null),
        (
            json!({"id": "pmpt_greet", "variables": {"name": "a", "nam": "b"}}),
            400,
            json!("prompt_variable_unknown"),
            json!("prompt.variables.nam"),
        ),
        (
            json!({"id": "pmpt_greet"}),
            400,
            json!("prompt_variable_missing"),
            json!("prompt.variables.name"),
        ),
        (
            json!({"id": "pmpt_greet", "variables": {"name": 3}}),
            400,
            json!("invalid_type"),
            json!("prompt.variables.name"),
        ),
        (
            json!({"id": "pmpt_greet", "version": "7", "variables": vars}),
            404,
            json!("prompt_version_not_found"),
            json!("prompt.version"),
        ),
        (
            json!({"id": "greet", "version": "2", "variables": vars}),
            404,
            json!("prompt_version_not_found"),
            json!("prompt.version"),
        ),
        (
            json!({"id": "pmpt_greet", "prompt_id": "greet"}),
            400,
            json!("invalid_value"),
            json!("prompt.prompt_id"),
        ),
    ] {
        let answer = with(prompt.clone());
        assert_eq!(answer.status, status, "{prompt}: {}", answer.text());
        let said = answer.json();
        assert_eq!(
            (&said["error"]["code"], &said["error"]["param"]),
            (&code, &param),
            "{prompt}"
        );
        assert_eq!(said["error"]["type"], "invalid_request_error");
    }
    let unknown = with(json!({"id": "pmpt_none"})).json();
    assert_eq!(
        unknown["error"]["message"],
        "Prompt with id 'pmpt_none' not found."
    );
    assert!(
        unknown["promptctl"]["hints"][0]
            .as_str()
            .unwrap()
            .contains("promptctl import pmpt_none")
    );
    let version = with(json!({"id": "pmpt_greet", "version": "7", "variables": vars})).json();
    assert!(
        version["promptctl"]["hints"][0]
            .as_str()
            .unwrap()
            .contains("import pmpt_greet --version 7")
    );
    assert_eq!(server.requests().len(), 0, "nothing was sent");
}

#[test]
fn unknown_ids_go_on_to_the_api_as_long_as_it_knows_any() {
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::answer("from OpenAI"));
    let repo = greeting(&env, &server);
    let call = json!({"prompt": {"id": "pmpt_other", "version": "1"}});
    let last_day = repo.at("2026-11-30T23:59:59Z");
    let gateway = Gateway::start(&last_day, "--unknown-prompts forward");
    assert_eq!(gateway.call(&call).status, 200);
    assert_eq!(server.requests().remove(0).json(), call);
    gateway.wait_for("pmpt_other, version 1 is not here, and was sent on to the API");
    // A version that OpenAI may have goes there too.
    let newer = json!({"prompt": {"id": "pmpt_greet", "version": "99"}});
    assert_eq!(gateway.call(&newer).status, 200);
    gateway.wait_for("pmpt_greet, version 99 is not here");
    drop(gateway);
    let after = Gateway::start(
        &repo.at("2026-12-01T00:00:00Z"),
        "--unknown-prompts forward",
    );
    assert_eq!(after.call(&call).status, 404);
    assert_eq!(after.call(&newer).status, 404);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn what_the_api_refuses_is_told_as_it_stands() {
    let env = TestEnv::new();
    let server = Server::answering(|_| {
        Reply::error(
            429,
            Some("rate_limit_exceeded"),
            None,
            "Slow down, sk-proj-0123456789abcdef",
        )
    });
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let answer = gateway.call(&greet(None));
    assert_eq!(
        (answer.status, answer.header("retry-after-ms")),
        (429, Some("1"))
    );
    assert_eq!(answer.json()["error"]["code"], "rate_limit_exceeded");
    assert_eq!(answer.json().get("prompt"), None);
    assert_eq!(
        server.requests().len(),
        1,
        "the SDKs try again by themselves"
    );
    gateway.end();
    let record = records(&repo).remove(0);
    assert_eq!(record["status"], "error");
    assert!(
        record["error"]["message"]
            .as_str()
            .unwrap()
            .contains("Slow down, [key]"),
        "{record}"
    );
}

#[test]
fn an_api_that_is_gone_or_breaks_off_fails_that_call_alone() {
    let env = TestEnv::new();
    let server = Server::start(vec![
        Reply::Close,
        Reply::Cut(b"{\"id\": \"resp_1\"".to_vec()),
        Reply::Bytes(Reply::stream(&["half"])),
        Reply::answer("Hi!"),
    ]);
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let mut failed: Vec<String> = Vec::new();
    for _ in 0..2 {
        let answer = gateway.call(&greet(None));
        assert_eq!(answer.status, 502, "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "upstream_unreachable");
        assert_eq!(answer.json()["error"]["type"], "server_error");
        // What was asked for, and where it is recorded.
        assert_eq!(answer.header("promptctl-version"), Some("1"));
        let id = answer.header("promptctl-execution-id").unwrap();
        failed.push(id.to_owned());
    }
    assert!(streamed(&gateway).text().contains("half"));
    assert_eq!(gateway.call(&greet(None)).status, 200);
    assert_eq!(gateway.end().0, Some(0));
    for (record, id) in records(&repo).iter().zip(&failed) {
        assert_eq!(record["id"], **id);
    }
    let states: Vec<Value> = records(&repo)
        .iter()
        .map(|it| it["status"].clone())
        .collect();
    assert_eq!(states, ["error", "error", "error", "ok"]);
}

#[test]
fn a_caller_that_goes_away_ends_its_call_and_no_other() {
    let env = TestEnv::new();
    let (gone, is_gone) = std::sync::mpsc::channel();
    let gone = std::sync::Mutex::new(gone);
    let server = Server::answering(move |request| match request.json().get("stream") {
        Some(_) => {
            gone.lock().unwrap().send(()).unwrap();
            Reply::Hang(Reply::stream(&["half "]))
        }
        None => Reply::answer("Hi!"),
    });
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let mut call = greet(None);
    call["stream"] = json!(true);
    let mut connection = gateway.connect();
    gateway.send(&mut connection, "POST /v1/responses", call.to_string());
    Answer::read_head(&mut connection);
    assert!(
        read_chunk(&mut connection).is_some(),
        "what has come is given at once"
    );
    is_gone.recv().unwrap();
    drop(connection);
    assert_eq!(gateway.call(&greet(None)).status, 200);
    // The gateway notices when it has something to do with the connection: at the latest at its end.
    assert_eq!(gateway.end().0, Some(0));
    let mut states: Vec<String> = records(&repo)
        .iter()
        .map(|it| it["status"].to_string())
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["\"interrupted\"", "\"ok\""]);
}

#[test]
fn the_model_echo_answers_here_whole_and_in_pieces() {
    let env = TestEnv::new();
    let repo = env.repo().with("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    repo.add(
        "parrot",
        "model: echo\nmessages: [{role: user, content: \"Say {{word}}\"}]\n",
    );
    repo.ok("promptctl publish --quiet parrot");
    let gateway = Gateway::start(&repo, "");
    let mut call = json!({"prompt": {"id": "parrot", "variables": {"word": "yes"}}});
    let answer = gateway.call(&call).json();
    assert_eq!(answer["output"][0]["content"][0]["text"], "Say yes");
    assert_eq!(answer["prompt"]["version"], "1");
    call["stream"] = json!(true);
    let stream = gateway.call(&call).text();
    assert!(stream.contains("event: response.completed"), "{stream}");
}

#[test]
fn a_key_of_the_api_is_never_said() {
    let env = TestEnv::new();
    let server = Server::answering(|_| {
        Reply::error(
            401,
            Some("invalid_api_key"),
            None,
            &format!("Incorrect API key provided: {KEY}"),
        )
    });
    let repo = greeting(&env, &server).with("OPENAI_API_KEY", KEY);
    let config = env.root().dir.join("home/.config/promptctl/config.yaml");
    let hash = sha256("secret-of-web");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(
        &config,
        format!("serve: {{keys: [{{name: web, sha256: {hash}, may: [call]}}]}}\n"),
    )
    .unwrap();
    let gateway = Gateway::start(&repo, "--auth keys --access-log");
    let ask = |key: &str, path: &str, body: &str| {
        gateway.ask(&format!("POST {path}\nauthorization: Bearer {key}"), body)
    };
    let call = greet(None).to_string();
    let refused = ask("secret-of-web", "/v1/responses", &call);
    assert_eq!(refused.status, 401);
    assert!(!refused.text().contains(KEY), "{}", refused.text());
    let request = server.requests().remove(0);
    assert_eq!(
        request.header("authorization"),
        Some(&*format!("Bearer {KEY}"))
    );
    assert_eq!(ask("secret-of-web", "/v1/files", "x").status, 403);
    assert_eq!(ask("other", "/v1/responses", &call).status, 401);
    assert_eq!(gateway.get("/v1/prompts").status, 401);
    assert_eq!(gateway.get("/healthz").status, 200);
    assert_eq!(server.requests().len(), 1, "nothing else went on");
    for _ in 0..9 {
        ask("other", "/v1/responses", &call);
    }
    assert_eq!(
        ask("other", "/v1/responses", &call).status,
        429,
        "too many wrong keys"
    );
    // Behind a balancer all callers have one address: who has a right key is not shut out.
    assert_eq!(ask("secret-of-web", "/v1/files", "x").status, 403);
    let said = gateway.said();
    assert!(
        said.lines()
            .any(|line| line.contains(" 401 greet@v1 ") && line.contains(" web ")),
        "{said}"
    );
    gateway.end();
    let log = repo.read(".promptctl/executions.jsonl");
    assert!(log.contains("\"caller\":\"web\""), "{log}");
    for text in [said, log] {
        assert!(
            !text.contains(KEY) && !text.contains("secret-of-web"),
            "{text}"
        );
    }
}

/// What `printf %s TEXT | sha256sum` prints.
pub(crate) fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(text);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

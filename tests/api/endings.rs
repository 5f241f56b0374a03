//! How a call can end: what a person sees, and what the record says.

use std::io::Read as _;
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::json;

use crate::env::{Run, Shell, TestEnv};
use crate::server::{Reply, Server, last_record, records};

/// The last record without the lines that every call here has.
fn record(repo: &Shell) -> String {
    let always = [
        "id: \"…\"\n",
        "version: 1\n",
        "dirty: false\n",
        "source: \"local\"\n",
        "duration_ms: \"…\"\n",
        "request_hash: \"…\"\n",
        "variables: {\"ticket\":\"hi\"}\n",
    ];
    always.iter().fold(last_record(repo), |record, line| {
        assert!(record.contains(line), "{line}{record}");
        record.replace(line, "")
    })
}

/// Runs a line against a server with these replies: what is seen, and the record.
fn ending(line: &str, replies: Vec<Reply>) -> String {
    let env = TestEnv::new();
    let server = Server::start(replies);
    let repo = server.repo(&env);
    let run = repo.run(line);
    let host = server.host();
    format!("{run}--- record\n{}", record(&repo)).replace(&host, "SERVER")
}

#[test]
fn an_answer() {
    let told = ending(
        "promptctl run echo --var ticket=hi --label team=a",
        vec![Reply::answer("Hello.")],
    );
    assert_snapshot!(told, @r#"
    Hello.
    --- record
    prompt: "echo"
    model: "gpt-5-mini-2025-08-07"
    status: "ok"
    attempts: 1
    usage: {"input_tokens":1000,"cached_tokens":200,"output_tokens":100,"reasoning_tokens":40,"total_tokens":1100}
    cost_usd: 0.000405
    response_id: "resp_1"
    labels: {"team":"a"}
    output: "Hello."
    "#);
}

#[test]
fn an_answer_as_json() {
    let line = "promptctl run sorter --var ticket=hi --format json --no-log";
    let env = TestEnv::new();
    let server = Server::start(vec![Reply::answer("{\"queue\":\"tech\"}")]);
    let repo = server.repo(&env);
    assert_snapshot!(repo.run(line), @r#"
    {
      "schema": 1,
      "id": "<uuid>",
      "name": "sorter",
      "version": 1,
      "environment": null,
      "case": null,
      "source": "local",
      "fallback": null,
      "model": "gpt-5-mini-2025-08-07",
      "status": "ok",
      "error": null,
      "output": "{\"queue\":\"tech\"}",
      "parsed": {
        "queue": "tech"
      },
      "tool_calls": [],
      "usage": {
        "input_tokens": 1000,
        "cached_tokens": 200,
        "output_tokens": 100,
        "reasoning_tokens": 40,
        "total_tokens": 1100
      },
      "cost_usd": 0.000405,
      "duration_ms": <n>,
      "attempts": 1,
      "response_id": "resp_1",
      "request_id": null,
      "request_hash": "<id>"
    }
    "#);
    assert!(!repo.exists(".promptctl/executions.jsonl"));
}

#[test]
fn a_refusal() {
    let refusal = json!({ "id": "resp_1", "status": "completed", "model": "gpt-5-mini-2025-08-07", "output": [
        { "type": "message", "content": [{ "type": "refusal", "refusal": "I can't help with that." }] }],
        "usage": { "input_tokens": 10, "output_tokens": 5 } });
    assert_snapshot!(ending("promptctl run echo --var ticket=hi", vec![Reply::json(200, &refusal)]), @r#"
    error[P314]: the model refused: I can't help with that.
    [exit 1]
    --- record
    prompt: "echo"
    model: "gpt-5-mini-2025-08-07"
    status: "error"
    attempts: 1
    usage: {"input_tokens":10,"cached_tokens":null,"output_tokens":5,"reasoning_tokens":null,"total_tokens":15}
    cost_usd: 0.0000125
    response_id: "resp_1"
    labels: {}
    error: {"code":"P314","message":"the model refused: I can't help with that."}
    output: ""
    "#);
}

#[test]
fn an_incomplete_answer() {
    let mut cut = crate::server::answer("Half of");
    cut["status"] = json!("incomplete");
    cut["incomplete_details"] = json!({ "reason": "max_output_tokens" });
    assert_snapshot!(ending("promptctl run echo --var ticket=hi", vec![Reply::json(200, &cut)]), @r#"
    Half of
    --- stderr
    error[P313]: the answer is incomplete: max_output_tokens
      hint: raise `modelParameters.maxTokens`; tokens of reasoning count against it
    [exit 1]
    --- record
    prompt: "echo"
    model: "gpt-5-mini-2025-08-07"
    status: "error"
    attempts: 1
    usage: {"input_tokens":1000,"cached_tokens":200,"output_tokens":100,"reasoning_tokens":40,"total_tokens":1100}
    cost_usd: 0.000405
    response_id: "resp_1"
    labels: {}
    error: {"code":"P313","message":"the answer is incomplete: max_output_tokens","reason":"max_output_tokens"}
    output: "Half of"
    "#);
}

#[test]
fn a_failed_answer() {
    let failed = json!({ "id": "resp_1", "status": "failed", "model": "gpt-5-mini",
        "error": { "code": "server_error", "message": "The server had an error" } });
    assert_snapshot!(ending("promptctl run echo --var ticket=hi", vec![Reply::json(200, &failed)]), @r#"
    error[P308]: the API failed (200): The server had an error
    [exit 1]
    --- record
    prompt: "echo"
    model: "gpt-5-mini"
    status: "error"
    attempts: 1
    usage: {"input_tokens":null,"cached_tokens":null,"output_tokens":null,"reasoning_tokens":null,"total_tokens":null}
    response_id: "resp_1"
    labels: {}
    error: {"code":"P308","message":"the API failed (200): The server had an error"}
    output: ""
    "#);
}

#[test]
fn tools_that_the_model_wants_called() {
    let calls = json!({ "id": "resp_1", "status": "completed", "model": "gpt-5-mini-2025-08-07", "output": [
        { "type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": "{\"id\":1}" }],
        "usage": { "input_tokens": 10, "output_tokens": 5 } });
    assert_snapshot!(ending("promptctl run sorter --var ticket=hi", vec![Reply::json(200, &calls)]), @r#"
    {"call_id":"call_1","name":"look_up","arguments":"{\"id\":1}"}
    --- stderr
    the model wants tools called; promptctl shows and records that, and runs none
    --- record
    prompt: "sorter"
    model: "gpt-5-mini-2025-08-07"
    status: "ok"
    attempts: 1
    usage: {"input_tokens":10,"cached_tokens":null,"output_tokens":5,"reasoning_tokens":null,"total_tokens":15}
    cost_usd: 0.0000125
    response_id: "resp_1"
    labels: {}
    tool_calls: [{"call_id":"call_1","name":"look_up","arguments":"{\"id\":1}"}]
    output: ""
    "#);
}

#[test]
fn an_answer_that_does_not_fit() {
    let wrong = "{\"queue\":\"sales\",\"more\":1}";
    assert_snapshot!(ending("promptctl run sorter --var ticket=hi", vec![Reply::answer(wrong)]), @r#"
    {"queue":"sales","more":1}
    --- stderr
    error[P311]: the answer does not fit what the prompt asks for
      hint: /queue: "sales" is not one of "billing" or "tech"
      hint: the answer: Additional properties are not allowed ('more' was unexpected)
    [exit 3]
    --- record
    prompt: "sorter"
    model: "gpt-5-mini-2025-08-07"
    status: "invalid_output"
    attempts: 1
    usage: {"input_tokens":1000,"cached_tokens":200,"output_tokens":100,"reasoning_tokens":40,"total_tokens":1100}
    cost_usd: 0.000405
    response_id: "resp_1"
    labels: {}
    error: {"code":"P311","message":"the answer does not fit what the prompt asks for: /queue: \"sales\" is not one of \"billing\" or \"tech\"; the answer: Additional properties are not allowed ('more' was unexpected)"}
    output: "{\"queue\":\"sales\",\"more\":1}"
    "#);
}

#[test]
fn an_answer_that_fits_the_second_time() {
    let env = TestEnv::new();
    let server = Server::start(vec![
        Reply::answer("{}"),
        Reply::answer("{\"queue\":\"tech\"}"),
    ]);
    let repo = server.repo(&env);
    let run = repo.run("promptctl run sorter --var ticket=hi --retry-invalid 2");
    assert_snapshot!(run, @r#"
    {"queue":"tech"}
    "#);
    let asked = server.requests()[1].json();
    assert_snapshot!(serde_json::to_string_pretty(&asked["input"]).unwrap(), @r#"
    [
      {
        "role": "user",
        "content": "hi"
      },
      {
        "role": "assistant",
        "content": "{}"
      },
      {
        "role": "user",
        "content": "Your answer does not fit the JSON Schema:\n- the answer: \"queue\" is a required property\n\nAnswer again, with the corrected JSON alone."
      }
    ]
    "#);
    // Both were paid for.
    let record = &records(&repo)[0];
    assert_eq!(record["attempts"], 2);
    assert_eq!(record["usage"]["output_tokens"], 200);
    assert_eq!(record["cost_usd"], 0.00081);
}

#[test]
fn a_stream_in_a_pipe() {
    let told = ending(
        "promptctl run echo --var ticket=hi --stream",
        vec![Reply::whole_stream(&["Hel", "lo."])],
    );
    assert_snapshot!(told, @r#"
    Hello.
    --- record
    prompt: "echo"
    model: "gpt-5-mini-2025-08-07"
    status: "ok"
    attempts: 1
    usage: {"input_tokens":1000,"cached_tokens":200,"output_tokens":100,"reasoning_tokens":40,"total_tokens":1100}
    cost_usd: 0.000405
    response_id: "resp_1"
    labels: {}
    output: "Hello."
    "#);
}

#[test]
fn a_stream_that_is_cut() {
    let told = ending(
        "promptctl run echo --var ticket=hi --stream",
        vec![Reply::Bytes(Reply::stream(&["Hel"]))],
    );
    assert_snapshot!(told, @r#"
    Hel
    --- stderr
    error[P309]: the answer from SERVER broke off
      hint: the call may have been billed; run it again for a whole answer
    [exit 1]
    --- record
    prompt: "echo"
    model: "gpt-5-mini-2025-08-07"
    status: "error"
    attempts: 1
    usage: {"input_tokens":null,"cached_tokens":null,"output_tokens":null,"reasoning_tokens":null,"total_tokens":null}
    response_id: "resp_1"
    labels: {}
    error: {"code":"P309","message":"the answer from SERVER broke off"}
    output: "Hel"
    "#);
}

#[test]
#[cfg(unix)]
fn a_stream_that_is_stopped_keeps_what_came() {
    let env = TestEnv::new();
    let server = Server::start(vec![Reply::Hang(Reply::stream(&["Once upon", " a time"]))]);
    let repo = server.repo(&env);
    let line = "promptctl run echo --var ticket=hi --stream";
    let mut child = repo
        .line(line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The text is there as it comes.
    let mut came = [0; 16];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut came)
        .unwrap();
    assert_eq!(&came, b"Once upon a time");
    repo.ok(&format!("kill -INT {}", child.id()));
    let run = Run::new(&repo, line, &child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(130), "{run}");
    assert_snapshot!(format!("{run}--- record\n{}", record(&repo)), @r#"
    --- stderr
    error: interrupted
    [exit 130]
    --- record
    prompt: "echo"
    model: "gpt-5-mini-2025-08-07"
    status: "interrupted"
    attempts: 1
    usage: {"input_tokens":null,"cached_tokens":null,"output_tokens":null,"reasoning_tokens":null,"total_tokens":null}
    response_id: "resp_1"
    labels: {}
    error: {"code":null,"message":"interrupted"}
    output: "Once upon a time"
    "#);
}

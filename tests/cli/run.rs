//! `run` and `log`: a call, offline or to a server on the loopback, and its record.

use insta::assert_snapshot;
use serde_json::json;

use crate::env::TestEnv;
use crate::server::{Reply, Server, records};

const LOG: &str = ".promptctl/executions.jsonl";

fn answer() -> Reply {
    Reply::json(
        200,
        &json!({
            "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "gpt-5-mini-2025-08-07",
            "output": [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "billing", "annotations": []}]}],
            "usage": {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 10,
                "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 110},
        }),
    )
}

#[test]
fn echo_answers_offline_and_is_recorded() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    assert_snapshot!(repo.play(
        "promptctl run support/triage@production --var ticket='I was charged twice' --model echo
         promptctl run support/triage --var ticket=Help --model echo --format json --label shift=night
         promptctl log
         promptctl log --label shift=night --format json"
    ), @r#"
    $ promptctl run support/triage@production --var ticket='I was charged twice' --model echo
    I was charged twice
    $ promptctl run support/triage --var ticket=Help --model echo --format json --label shift=night
    {
      "schema": 1,
      "id": "<uuid>",
      "name": "support/triage",
      "version": 1,
      "environment": null,
      "case": null,
      "source": "local",
      "fallback": null,
      "model": "echo",
      "status": "ok",
      "error": null,
      "output": "Help",
      "parsed": null,
      "tool_calls": [],
      "usage": {
        "input_tokens": 18,
        "cached_tokens": 0,
        "output_tokens": 1,
        "reasoning_tokens": 0,
        "total_tokens": 19
      },
      "cost_usd": 0.0,
      "duration_ms": <n>,
      "attempts": 1,
      "response_id": null,
      "request_id": null,
      "request_hash": "<id>"
    }
    $ promptctl log
    <uuid>	2026-11-03T12:00:00Z	support/triage	v1	ok	echo	19	$0	<n> ms
    <uuid>	2026-11-03T12:00:00Z	support/triage	v1	ok	echo	25	$0	<n> ms
    $ promptctl log --label shift=night --format json
    {
      "schema": 1,
      "records": [
        {
          "schema": 1,
          "id": "<uuid>",
          "time": "2026-11-03T12:00:00.000Z",
          "prompt": "support/triage",
          "version": 1,
          "digest": "<id>",
          "commit": "<id>",
          "blob": "<id>",
          "dirty": false,
          "environment": null,
          "variant": null,
          "source": "local",
          "model": "echo",
          "status": "ok",
          "duration_ms": <n>,
          "attempts": 1,
          "usage": {
            "input_tokens": 18,
            "cached_tokens": 0,
            "output_tokens": 1,
            "reasoning_tokens": 0,
            "total_tokens": 19
          },
          "cost_usd": 0.0,
          "response_id": null,
          "request_id": null,
          "request_hash": "<id>",
          "case": null,
          "labels": {
            "shift": "night"
          },
          "fallback": null,
          "error": null,
          "variables": {
            "ticket": "Help",
            "locale": "en"
          },
          "overrides": {
            "model": "echo"
          },
          "output": "Help"
        }
      ]
    }
    "#);
    assert_eq!(records(&repo).len(), 2);
    assert_eq!(
        repo.git("status --porcelain"),
        "",
        "the log is ignored by git"
    );
}

#[test]
fn a_dry_run_prints_the_request_and_sends_nothing() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play("promptctl run support/triage --var ticket=Help --dry-run"), @r#"
    $ promptctl run support/triage --var ticket=Help --dry-run
    {
      "model": "gpt-5-mini",
      "instructions": "You sort support tickets. Answer in en.\nSay which queue the ticket belongs to: billing or tech.\n",
      "input": [
        {
          "role": "user",
          "content": "Help"
        }
      ],
      "max_output_tokens": 800
    }
    "#);
    assert!(!repo.exists(LOG));
    assert_eq!(
        repo.ok("promptctl run support/triage --var ticket=Help --dry-run"),
        repo.ok("promptctl render support/triage --var ticket=Help --format request")
    );
}

#[test]
fn a_call_to_the_api() {
    let env = TestEnv::new();
    let repo = env.triage();
    let server = Server::start(vec![answer()]);
    let ada = repo
        .with("OPENAI_BASE_URL", server.url())
        .with("OPENAI_API_KEY", "sk-secret-1234567890");
    assert_snapshot!(ada.play("promptctl run support/triage --var ticket=Help"), @"
    $ promptctl run support/triage --var ticket=Help
    billing
    ");
    let asked = &server.requests()[0];
    assert_eq!(asked.line, "POST /v1/responses");
    assert_eq!(
        asked.header("authorization"),
        Some("Bearer sk-secret-1234567890")
    );
    assert_eq!(asked.json()["max_output_tokens"], 800);
    let record = &records(&repo)[0];
    assert_eq!(record["usage"]["total_tokens"], 110);
    assert_eq!(record["response_id"], "resp_1");
    assert!(!repo.read(LOG).contains("sk-secret"));
    // Variables, digest and commit are enough to render the same text again.
    assert_eq!(
        record["request_hash"],
        ada.json("promptctl render support/triage --var ticket=Help --format json")["request_hash"]
    );
}

#[test]
fn a_key_that_is_refused() {
    let env = TestEnv::new();
    let repo = env.triage();
    let server = Server::start(vec![Reply::json(
        401,
        &json!({"error": {"message": "Incorrect API key provided: sk-secr*****7890.", "type": "invalid_request_error", "code": "invalid_api_key"}}),
    )]);
    let ada = repo
        .with("OPENAI_BASE_URL", server.url())
        .with("OPENAI_API_KEY", "sk-secret-1234567890");
    assert_snapshot!(ada.play("promptctl run support/triage --var ticket=Help"), @"
    $ promptctl run support/triage --var ticket=Help
    error[P302]: the API refused the key: Incorrect API key provided: sk-secr*****7890.
      hint: check the key, its project and what it is allowed to do
    [exit 4]
    ");
    assert_eq!(records(&repo)[0]["status"], "error");
}

#[test]
fn without_a_key_or_a_server() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl run support/triage --var ticket=Help
         promptctl run support/triage --var ticket=Help --model nobody/x
         promptctl run support/triage --model echo
         promptctl run support/triage --var ticket=Help --model echo --no-log"
    ), @r#"
    $ promptctl run support/triage --var ticket=Help
    error[P301]: no API key: OPENAI_API_KEY is not set
      hint: export OPENAI_API_KEY=…
      hint: --model echo answers offline
    [exit 4]
    $ promptctl run support/triage --var ticket=Help --model nobody/x
    error[P310]: the provider nobody is not configured
      hint: add to $ROOT/home/.config/promptctl/config.yaml: providers: {nobody: {baseUrl: "https://…/v1", apiKeyVariable: NOBODY_API_KEY}}
      hint: or export NOBODY_BASE_URL=https://…/v1 and NOBODY_API_KEY=…
      hint: the repository may not say where a key is sent, so this belongs to your own configuration
    [exit 1]
    $ promptctl run support/triage --model echo
    error[P102]: `ticket` has no value
      at: prompts/support/triage.prompt.yml:23:15
      hint: pass `--var ticket=…`, or give it a `default` in `input.schema`
    [exit 1]
    $ promptctl run support/triage --var ticket=Help --model echo --no-log
    Help
    "#);
    assert!(!repo.exists(LOG));
}

#[test]
fn a_repository_cannot_say_where_a_key_goes() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl edit support/triage --set model=evil/model");
    let ada = repo.with("OPENAI_API_KEY", "sk-secret-1234567890");
    assert_snapshot!(ada.play("promptctl run support/triage --var ticket=Help"), @r#"
    $ promptctl run support/triage --var ticket=Help
    error[P310]: the provider evil is not configured
      hint: add to $ROOT/home/.config/promptctl/config.yaml: providers: {evil: {baseUrl: "https://…/v1", apiKeyVariable: EVIL_API_KEY}}
      hint: or export EVIL_BASE_URL=https://…/v1 and EVIL_API_KEY=…
      hint: the repository may not say where a key is sent, so this belongs to your own configuration
    [exit 1]
    "#);
    repo.write("promptctl.yaml", "baseUrl: http://evil.example/v1\n");
    assert_snapshot!(ada.play("promptctl run support/triage --var ticket=Help"), @"
    $ promptctl run support/triage --var ticket=Help
    error[P226]: `baseUrl` may not stand in promptctl.yaml
      at: promptctl.yaml:1
      hint: it decides where a secret goes, so it belongs to your own configuration, which no pull request can change
    [exit 1]
    ");
}

#[test]
fn a_provider_of_the_user_is_used() {
    let env = TestEnv::new();
    let repo = env.triage();
    let server = Server::start(vec![answer()]);
    env.root().write(
        "home/.config/promptctl/config.yaml",
        format!(
            "providers: {{mine: {{baseUrl: \"{}\", apiKeyVariable: MY_KEY}}}}\n",
            server.url()
        ),
    );
    let ada = repo
        .with("MY_KEY", "key-of-mine")
        .with("OPENAI_API_KEY", "sk-secret-1234567890");
    ada.ok("promptctl run support/triage --var ticket=Help --model mine/large");
    let asked = format!("{:?}", server.requests()[0]);
    assert!(
        asked.contains("key-of-mine") && !asked.contains("sk-secret"),
        "{asked}"
    );
    assert_eq!(server.requests()[0].json()["model"], "large", "{asked}");
}

#[test]
fn what_the_log_may_keep_is_configured() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("promptctl.yaml", "log: {variables: hash, output: none}\n");
    repo.ok("promptctl run support/triage --var ticket='my own words' --model echo");
    assert!(
        !repo.read(LOG).contains("my own words"),
        "{}",
        repo.read(LOG)
    );
}

#[test]
fn the_log_is_filtered_and_shown() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage --env staging --create-env");
    repo.at("2026-11-01T12:00:00Z")
        .ok("promptctl run support/triage --var ticket=one --model echo");
    repo.at("2026-11-02T12:00:00Z")
        .ok("promptctl run support/triage@staging --var ticket=two --model echo --label who=ada");
    let id = records(&repo)[1]["id"].as_str().unwrap().to_owned();
    assert_snapshot!(repo.play(&format!(
        "promptctl log
         promptctl log --env staging
         promptctl log --since 2026-11-02T00:00:00Z
         promptctl log --until 2026-11-02T00:00:00Z
         promptctl log --limit 1
         promptctl log --status error
         promptctl log --prompt nobody
         promptctl log show {id}
         promptctl log show 0000
         promptctl log path"
    )), @r#"
    $ promptctl log
    <uuid>	2026-11-02T12:00:00Z	support/triage	v1	ok	echo	19	$0	<n> ms
    <uuid>	2026-11-01T12:00:00Z	support/triage	v1	ok	echo	19	$0	<n> ms
    $ promptctl log --env staging
    <uuid>	2026-11-02T12:00:00Z	support/triage	v1	ok	echo	19	$0	<n> ms
    $ promptctl log --since 2026-11-02T00:00:00Z
    <uuid>	2026-11-02T12:00:00Z	support/triage	v1	ok	echo	19	$0	<n> ms
    $ promptctl log --until 2026-11-02T00:00:00Z
    <uuid>	2026-11-01T12:00:00Z	support/triage	v1	ok	echo	19	$0	<n> ms
    $ promptctl log --limit 1
    <uuid>	2026-11-02T12:00:00Z	support/triage	v1	ok	echo	19	$0	<n> ms
    $ promptctl log --status error
    no executions
    hint: promptctl run REF --model echo makes one offline
    $ promptctl log --prompt nobody
    no executions
    hint: promptctl run REF --model echo makes one offline
    $ promptctl log show <uuid>
    id            <uuid>
    time          2026-11-02T12:00:00.000Z
    prompt        support/triage
    version       1
    digest        <id>
    commit        <id>
    blob          <id>
    dirty         false
    environment   staging
    source        local
    model         echo
    status        ok
    duration_ms   <n>
    attempts      1
    usage         {"input_tokens":18,"cached_tokens":0,"output_tokens":1,"reasoning_tokens":0,"total_tokens":19}
    cost_usd      0.0
    request_hash  <id>
    labels        {"who":"ada"}
    variables     {"ticket":"two","locale":"en"}
    overrides     {"model":"echo"}

    two
    $ promptctl log show 0000
    error[P321]: no execution has the id `0000`
      hint: `promptctl log list` shows the ids that this machine's log holds
    [exit 1]
    $ promptctl log path
    $ROOT/repo/.promptctl/executions.jsonl
    "#);
    assert_snapshot!(repo.with("PROMPTCTL_WIDTH", "100").play("promptctl log"), @"
    $ promptctl log
    ID        WHEN        PROMPT          VERSION  STATUS  MODEL  TOKENS  COST  TIME
    <id-end>  1 day ago   support/triage  v1       ok      echo       19    $0  <n> ms
    <id-end>  2 days ago  support/triage  v1       ok      echo       19    $0  <n> ms
    ");
}

#[test]
fn a_torn_line_is_skipped_and_told() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl run support/triage --var ticket=one --model echo");
    let text = repo.read(LOG);
    repo.write(LOG, format!("{}\n{text}", &text[..text.len() / 2]));
    assert_snapshot!(repo.play(
        "promptctl log
         promptctl doctor"
    ), @"
    $ promptctl log
    <uuid>	2026-11-03T12:00:00Z	support/triage	v1	ok	echo	19	$0	<n> ms
    --- stderr
    warning: 1 lines of the log are not records; the first is $ROOT/repo/.promptctl/executions.jsonl:1
    $ promptctl doctor
    warning[P320]: line 1 of the execution log is not a record: the line is torn: its writer was stopped in the middle
      at: $ROOT/repo/.promptctl/executions.jsonl
      help: promptctl doctor --fix
    0 errors, 1 warning
    ");
    repo.ok("promptctl run support/triage --var ticket=two --model echo");
    assert_eq!(
        repo.json("promptctl log --format json")["records"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn the_log_can_be_elsewhere() {
    let env = TestEnv::new();
    let repo = env.triage();
    let elsewhere = repo.with("PROMPTCTL_LOG", repo.dir.join("../elsewhere.jsonl"));
    elsewhere.ok("promptctl run support/triage --var ticket=one --model echo");
    assert!(!repo.exists(LOG) && repo.exists("../elsewhere.jsonl"));
}

#[test]
fn a_batch_without_a_key_leaves_no_file_behind() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.ok("ls -A");
    let run = repo.run_with(
        "promptctl run support/triage --inputs - -o out.jsonl",
        "{\"ticket\":\"Help\"}\n",
    );
    assert_eq!(run.code, Some(4), "{run}");
    assert_eq!(repo.ok("ls -A"), before);
}

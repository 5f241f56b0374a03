//! The key is in nothing that is written, whatever happens.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::env::TestEnv;
use crate::server::{KEY, Reply, Server, answer};

/// Every file below a folder that holds the key.
fn leaks(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            leaks(&path, found);
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            if String::from_utf8_lossy(&bytes).contains(KEY) {
                found.push(path.display().to_string());
            }
        }
    }
}

#[test]
fn no_ending_shows_the_key() {
    let said = format!("you sent {KEY}");
    let mut failed =
        json!({ "id": KEY, "status": "failed", "error": { "message": said, "code": KEY } });
    failed["model"] = json!(KEY);
    let mut incomplete = answer(&said);
    incomplete["status"] = json!("incomplete");
    incomplete["incomplete_details"] = json!({ "reason": said });
    let refusal = json!({ "output": [{ "type": "message", "content": [{ "type": "refusal", "refusal": said }] }] });
    let tool = json!({ "output": [{ "type": "function_call", "name": KEY, "call_id": KEY, "arguments": said }] });
    let replies = vec![
        Reply::answer(&said),
        Reply::error(401, Some(KEY), Some(KEY), &said),
        Reply::error(400, Some(KEY), Some(KEY), &said),
        Reply::error(429, Some("insufficient_quota"), None, &said),
        Reply::text(
            502,
            &[("content-type", "text/html"), ("retry-after", "900")],
            &format!("<p>{said}"),
        ),
        Reply::text(302, &[("location", &format!("https://{KEY}.example/"))], ""),
        Reply::text(200, &[("x-request-id", KEY)], &said),
        Reply::json(200, &failed),
        Reply::json(200, &incomplete),
        Reply::json(200, &refusal),
        Reply::json(200, &tool),
        Reply::Bytes(Reply::stream(&[&said])),
    ];
    let env = TestEnv::new();
    let count = replies.len();
    let server = Server::start(replies);
    let repo = server.repo(&env);
    for number in 0..count {
        for line in [
            "promptctl run sorter --var ticket=hi",
            "promptctl run sorter --var ticket=hi --format json",
        ] {
            // Half of the endings are seen as text, half as JSON.
            if (number % 2 == 0) == line.ends_with("json") {
                continue;
            }
            let run = repo.run(line);
            assert!(!run.stdout.contains(KEY), "{number}\n{run}");
            assert!(!run.stderr.contains(KEY), "{number}\n{run}");
        }
    }
    assert!(server.requests().len() >= count);
    for line in [
        "promptctl run echo --var ticket=hi --curl",
        "promptctl run echo --var ticket=hi --dry-run",
        "promptctl models",
        "promptctl log --format json",
        "promptctl doctor",
        "promptctl doctor --online",
    ] {
        let run = repo.run(line);
        assert!(
            !run.stdout.contains(KEY) && !run.stderr.contains(KEY),
            "{run}"
        );
    }
    let mut found = Vec::new();
    leaks(&env.root().dir, &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn an_error_stores_nothing_that_the_log_may_not_keep() {
    let said = "no, hunter2 is not nice";
    let refusal = json!({ "output": [{ "type": "message", "content": [{ "type": "refusal", "refusal": said }] }] });
    let mut failed = json!({ "id": "resp_1", "status": "failed", "error": { "message": said } });
    failed["output"] = json!([]);
    let replies = vec![
        Reply::error(400, None, Some("input"), said),
        Reply::json(200, &refusal),
        Reply::json(200, &failed),
        Reply::answer("{\"queue\": \"hunter2\"}"),
        Reply::answer("{\"hunter2\": 1}"),
        Reply::answer("hunter2"),
        Reply::error(404, None, None, "Prompt hunter2 not found"),
        Reply::answer("hunter2"),
    ];
    let env = TestEnv::new();
    let server = Server::start(replies);
    let repo = server.repo(&env);
    repo.write("promptctl.yaml", "log: {variables: hash, output: none}\n");
    for _ in 0..3 {
        let run = repo.run("promptctl run echo --var ticket=hunter2 --user hunter2");
        assert!(run.stderr.contains(said), "the person is told: {run}");
    }
    for _ in 0..3 {
        let run = repo.run("promptctl run sorter --var ticket=hunter2 --format json");
        assert!(run.stdout.contains("\"error\": {"), "{run}");
    }
    let stored = repo.with("OPENAI_PROMPT_ID_ECHO", "pmpt_1");
    let run = stored.run("promptctl run echo --var ticket=hunter2 --format json");
    assert!(run.stdout.contains("Prompt hunter2 not found"), "{run}");
    let log = repo.read(".promptctl/executions.jsonl");
    assert_eq!(log.lines().count(), 7);
    assert!(!log.contains("hunter2"), "{log}");
    for (line, title) in log.lines().zip([
        "the API refused the request",
        "the model refused",
        "the API failed",
        "the answer does not fit",
        "the answer does not fit",
        "the answer does not fit",
        "the stored prompt is gone",
    ]) {
        assert!(line.contains(title), "{title}: {line}");
    }
}

#[test]
fn a_key_in_two_pieces_of_a_stream_reaches_nobody() {
    let (start, end) = KEY.split_at(20);
    let letters: Vec<String> = KEY.chars().map(String::from).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    let env = TestEnv::new();
    let server = Server::start(vec![
        Reply::whole_stream(&["you sent ", start, end, ", and sk-"]),
        Reply::whole_stream(&letters),
        Reply::Bytes(Reply::stream(&["you sent ", start])),
    ]);
    let repo = server.repo(&env);
    let run = repo.run("promptctl run echo --var ticket=hi --stream");
    assert_eq!(run.stdout, "you sent [key], and sk-\n", "{run}");
    let run = repo.run("promptctl run echo --var ticket=hi --stream");
    assert_eq!(run.stdout, "[key]\n", "{run}");
    let run = repo.run("promptctl run echo --var ticket=hi --stream");
    assert_eq!(run.stdout, "you sent [key]\n", "{run}");
    let log = repo.read(".promptctl/executions.jsonl");
    assert!(!log.contains(start), "{log}");
}

#[test]
fn a_secret_in_the_base_url_is_not_shown() {
    let env = TestEnv::new();
    let repo = Server::start(Vec::new()).repo(&env);
    for url in [
        "https://me:hunter2@api.example/v1",
        "https://api.example/v1?api-key=hunter2",
    ] {
        let repo = repo.with("OPENAI_BASE_URL", url);
        for line in [
            "promptctl run echo --var ticket=hi --curl",
            "promptctl run echo --var ticket=hi",
            "promptctl models",
            "promptctl doctor --online",
        ] {
            let run = repo.run(line);
            let all = format!("{}{}", run.stdout, run.stderr);
            assert!(!all.contains("hunter2"), "{run}");
            assert!(all.contains("the base URL holds"), "{run}");
        }
    }
}

#[test]
fn a_key_is_not_sent_in_the_open_without_a_word() {
    let env = TestEnv::new();
    let repo = Server::start(Vec::new()).repo(&env);
    let open = repo.with("OPENAI_BASE_URL", "http://gpu.example:8000/v1");
    let line = "promptctl run echo --var ticket=hi --curl";
    insta::assert_snapshot!(open.run(line).stderr, @r"
    warning[P335]: key, prompts and answers go to gpu.example:8000 unencrypted
      help: write https:// in the base URL, or reach the server through a tunnel
    ");
    assert_eq!(repo.run(line).stderr, "", "this machine is no other");
}

#[test]
fn a_negative_cost_lifts_no_budget() {
    let env = TestEnv::new();
    let repo = Server::start(Vec::new()).repo(&env);
    repo.write("promptctl.yaml", "budgets: {perDay: 1, onExceed: refuse}\n");
    let line = |cost: &str| format!("{{\"prompt\":\"echo\",\"cost_usd\":{cost}}}\n");
    assert_eq!(
        repo.run_with("promptctl log append", line("1")).code,
        Some(0)
    );
    insta::assert_snapshot!(repo.run_with("promptctl log append", line("-5")), @r"
    error[P320]: `cost_usd` is negative
      at: standard input:1
      hint: a cost below 0 would make room in the budgets; leave it out where the cost is not known
    [exit 1]
    ");
    // Somebody else's program wrote it.
    let log = repo.read(".promptctl/executions.jsonl");
    let gift = log.replace("\"cost_usd\":1.0", "\"cost_usd\":-5.0");
    assert_ne!(gift, log);
    repo.write(".promptctl/executions.jsonl", format!("{log}{gift}"));
    let run = repo.run("promptctl run echo --var ticket=hi");
    assert!(run.stderr.contains("P316"), "{run}");
    for amount in ["nan", "inf", "-1"] {
        let run = repo.run(&format!(
            "promptctl run echo --inputs - --max-cost={amount}"
        ));
        assert_eq!(run.code, Some(2), "{run}");
    }
}

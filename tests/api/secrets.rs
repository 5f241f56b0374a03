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

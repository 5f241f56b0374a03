//! The beginning of an answer, where it does not come at once.

use super::*;

const INSTRUCTED: &str = r#"{"type":"response.created","response":{"id":"r","instructions":[{"role":"user","content":"x"}]}}"#;
const EARLY: &str = r#"{"type":"response.created","response":{"id":"r"}}"#;

fn body() -> Value {
    json!({"prompt": {"id": "pmpt_1"}, "input": ".", "stream": true})
}

/// What came, how many requests there were, and how many waits between them.
fn open(replies: Vec<Reply>) -> (Result<Opening, Box<CallError>>, usize, usize) {
    let server = Server::start(replies);
    let pace = Arc::new(StillPace::default());
    let client = Client::new(settings(&server))
        .unwrap()
        .with_retries(5)
        .with_pace(pace.clone());
    let outcome = block_on(client.opening(&body())).unwrap();
    (outcome, server.requests().len(), pace.waits().len())
}

fn stream(events: &[&str]) -> Reply {
    let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
    Reply::stream(&events)
}

fn failing(code: &str) -> Reply {
    let error =
        json!({"type": "error", "error": {"code": code, "message": "It broke."}}).to_string();
    stream(&[EARLY, &error])
}

#[test]
fn a_stream_that_breaks_is_asked_for_six_times_like_a_server_that_fails() {
    for broken in [
        Reply::Close,
        stream(&[]),
        // It ends before the model has spoken, and before anything was reported.
        stream(&[EARLY]),
        stream(&["{\"type\": \"response.cre"]),
        failing("server_error"),
        failing("rate_limit_exceeded"),
        Reply::json(503, &json!({"error": {"message": "overloaded"}})),
        Reply::cut("{"),
    ] {
        let (outcome, requests, waits) = open(vec![broken.clone(); 8]);
        assert!(outcome.is_err(), "{broken:?}");
        assert_eq!((requests, waits), (6, 5), "{broken:?}");
        let mut replies = vec![broken.clone(); 5];
        replies.push(stream(&[INSTRUCTED]));
        let (outcome, requests, _) = open(replies);
        assert_eq!(outcome.unwrap().response["id"], "r", "{broken:?}");
        assert_eq!(requests, 6);
    }
}

#[test]
fn what_another_attempt_would_meet_again_is_not_tried_again() {
    for reply in [
        failing("insufficient_quota"),
        failing("model_not_found"),
        Reply::json(400, &json!({"error": {"message": "no"}})),
    ] {
        let (outcome, requests, _) = open(vec![reply.clone(); 3]);
        assert!(outcome.is_err());
        assert_eq!(requests, 1, "{reply:?}");
    }
}

#[test]
fn a_model_that_speaks_before_anything_was_told_ends_the_wait() {
    let delta = r#"{"type":"response.output_text.delta","delta":"Hm"}"#;
    let (outcome, requests, _) = open(vec![stream(&[EARLY, delta])]);
    assert_eq!(outcome.unwrap().response, json!({"id": "r"}));
    assert_eq!(requests, 1);
}

//! Answers that come in pieces.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

use super::*;

#[test]
fn a_stream_comes_in_pieces() {
    let run = run(
        vec![Reply::stream(&[
            delta("Hel"),
            "{\"type\":\"response.new_thing\"}".to_owned(),
            delta("lo"),
            end(),
            "[DONE]".to_owned(),
        ])],
        &streamed(),
    );
    assert_eq!(run.requests[0].header("accept"), Some("text/event-stream"));
    assert_eq!(run.deltas, ["Hel", "lo"]);
    let answer = run.answer();
    assert_eq!(
        (answer.text.as_str(), answer.usage.total),
        ("Hello", Some(4))
    );
    assert_eq!(answer.request_id.as_deref(), Some("req_1"));
}

#[test]
fn a_stream_is_read_whatever_its_pieces() {
    let text = format!(
        "\u{feff}: a comment\r\nevent: response.output_text.delta\r\ndata: {}\r\n\r\ndata: {}",
        delta("h\u{e9}\u{1f600}"),
        end(),
    );
    // One byte a write, no empty line at the end, and a character torn over writes.
    let mut pieces = vec![Reply::stream_head().into_bytes()];
    pieces.extend(text.bytes().map(|byte| vec![byte]));
    let run = run(vec![Reply::Pieces(pieces)], &streamed());
    assert_eq!(run.deltas, ["h\u{e9}\u{1f600}"]);
    assert_eq!(run.answer().text, "Hello");
}

#[test]
fn a_stream_that_breaks_off_keeps_what_came() {
    let created =
        json!({"type": "response.created", "response": {"id": "resp_1", "model": "m"}}).to_string();
    let torn = [created, delta("Hel"), "{\"type\":\"respon".to_owned()];
    for data in [&torn[..2], &torn[..]] {
        let run = run(
            vec![Reply::stream(data), Reply::stream(&[end()])],
            &streamed(),
        );
        let error = run.error();
        assert_eq!((error.kind, error.attempts), (CallErrorKind::StreamCut, 1));
        let partial = error.partial.as_ref().unwrap();
        assert_eq!(partial.text, "Hel");
        assert_eq!(partial.response_id.as_deref(), Some("resp_1"));
        assert_eq!(Failure::from(error.clone()).code, Some(code::STREAM_CUT));
    }
}

#[test]
fn a_stream_that_falls_silent_keeps_what_came() {
    let start = Reply::stream_head() + &format!("data: {}\n\n", delta("Hel"));
    // A busy machine may be late even with the beginning: then the client tries again.
    let server = Server::start(vec![Reply::Hang(start.into_bytes()); 20]);
    let settings = Settings {
        timeout: Duration::from_millis(200),
        retries: 19,
        ..settings(&server)
    };
    let run = run_with(settings, &server, &streamed());
    assert_eq!(run.error().kind, CallErrorKind::StreamCut);
    insta::assert_snapshot!(run.message(), @"the answer from HOST broke off: nothing came for 0 seconds");
    assert_eq!(run.error().partial.as_ref().unwrap().text, "Hel");
}

#[test]
fn a_stream_that_never_ends_is_cut_off_after_the_whole_time() {
    let start = Reply::stream_head() + &format!("data: {}\n\n", delta("Hel"));
    let server = Server::start(vec![Reply::Hang(start.into_bytes()); 3]);
    // Silence would be borne for ever; attempts and waits count too.
    let settings = Settings {
        timeout: Duration::from_secs(3_600),
        overall: Duration::from_millis(300),
        ..settings(&server)
    };
    let run = run_with(settings, &server, &streamed());
    let error = run.error();
    insta::assert_snapshot!(run.message(), @"no whole answer from HOST within 0.3 seconds");
    assert!(error.partial.is_some());
}

#[test]
fn a_stream_without_line_ends_is_refused() {
    let mut pieces = vec![Reply::stream_head().into_bytes()];
    pieces.extend(vec![vec![b'x'; 1 << 20]; 18]);
    let run = run(vec![Reply::Pieces(pieces)], &streamed());
    insta::assert_snapshot!(run.message(), @"the answer from HOST is larger than 64 MB");
}

#[test]
fn a_failure_after_the_first_pieces_is_told() {
    let failed = json!({"type": "response.failed", "response": {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow"}}});
    let error =
        json!({"type": "error", "code": "server_error", "message": "broken", "param": null});
    for (event, kind) in [
        (failed, CallErrorKind::RateLimited),
        (error, CallErrorKind::ApiFailed),
    ] {
        let run = run(
            vec![Reply::stream(&[delta("Hel"), event.to_string()])],
            &streamed(),
        );
        assert_eq!(run.error().kind, kind);
        assert_eq!(run.error().partial.as_ref().unwrap().text, "Hel");
    }
}

#[test]
fn done_alone_ends_a_stream_only_after_whole_text() {
    let done = "[DONE]".to_owned();
    let whole_text = json!({"type": "response.output_text.done", "text": "Hel"}).to_string();
    let good = run(
        vec![Reply::stream(&[delta("Hel"), whole_text, done.clone()])],
        &streamed(),
    );
    assert_eq!(good.answer().text, "Hel");
    let cut = run(vec![Reply::stream(&[delta("Hel"), done])], &streamed());
    assert_eq!(cut.error().kind, CallErrorKind::StreamCut);
}

#[test]
fn a_server_that_does_not_stream_answers_whole() {
    let run = run(vec![Reply::json(200, &ok())], &streamed());
    assert_eq!(run.deltas, ["Hello"]);
    assert_eq!(run.answer().text, "Hello");
}

#[test]
fn where_streaming_is_refused_the_answer_comes_whole() {
    let refused = api_error(
        "Your organization must be verified to stream this model",
        Some("stream"),
        None,
    );
    let run = run(
        vec![Reply::json(400, &refused), Reply::json(200, &ok())],
        &streamed(),
    );
    assert_eq!(run.requests[1].json()["stream"], json!(false));
    assert!(run.waits.is_empty());
    assert_eq!(run.answer().attempts, 2);

    let twice = super::run(vec![Reply::json(400, &refused); 3], &streamed());
    assert_eq!(twice.requests.len(), 2);
}

#[test]
fn a_call_that_is_stopped_keeps_what_came() {
    let start = Reply::stream_head() + &format!("data: {}\n\n", delta("Hel"));
    let server = Server::start(vec![Reply::Hang(start.into_bytes())]);
    let client = Client::new(settings(&server)).unwrap();
    let has_come = Cell::new(false);
    let stop = poll_fn(|_| match has_come.get() {
        true => Poll::Ready(()),
        false => Poll::Pending,
    });
    let outcome = block_on(client.create_until(&streamed(), &mut |_| has_come.set(true), stop));
    let error = outcome.unwrap().unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Interrupted);
    assert_eq!(error.partial.as_ref().unwrap().text, "Hel");
    assert_eq!(error.partial.as_ref().unwrap().attempts, 1);
}

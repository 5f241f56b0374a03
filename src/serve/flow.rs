//! A stream of events on its way to the caller.

use std::time::Duration;

use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame};
use serde_json::json;
use tokio::sync::watch;

use super::body::{Broken, Outgoing};
use super::count_guard::CountGuard;
use super::events::Events;
use super::finish::Finish;

/// How long a stream may be silent before it says that it lives: balancers give up after a minute.
const PING: Duration = Duration::from_secs(25);

/// A stream of events on its way to the caller.
pub(super) struct Flow {
    pub(super) response: reqwest::Response,
    pub(super) events: Events,
    pub(super) finish: Finish,
    pub(super) cut: watch::Receiver<bool>,
    pub(super) is_over: bool,
    pub(super) _counted: [CountGuard; 2],
}

impl Flow {
    pub(super) fn into_body(self) -> Outgoing {
        let pieces = stream::unfold(self, |mut flow| async move {
            let piece = flow.next().await?;
            Some((piece.map(Frame::data), flow))
        });
        StreamBody::new(pieces).boxed_unsync()
    }

    async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        loop {
            if self.is_over {
                return None;
            }
            let ping = self.events.is_between().then_some(PING);
            let chunk = match heard(&mut self.response, &mut self.cut, ping).await {
                StreamEvent::Chunk(chunk) => chunk,
                StreamEvent::Silence => return Some(Ok(Bytes::from_static(b": ping\n\n"))),
                StreamEvent::End => {
                    self.is_over = true;
                    self.finish.interrupted();
                    return Some(Ok(last_words()));
                }
            };
            match chunk {
                Ok(Some(bytes)) => {
                    let out = self.events.take(&bytes);
                    if !out.is_empty() {
                        return Some(Ok(Bytes::from(out)));
                    }
                }
                Ok(None) => {
                    self.is_over = true;
                    let out = self.events.finish();
                    self.finish.stream_done(self.events.last());
                    return (!out.is_empty()).then(|| Ok(Bytes::from(out)));
                }
                Err(error) => {
                    self.is_over = true;
                    self.finish.stream_done(self.events.last());
                    return Some(Err(error.into()));
                }
            }
        }
    }
}

/// What a stream waits for.
enum StreamEvent {
    Chunk(reqwest::Result<Option<Bytes>>),
    /// Nothing came for so long that somebody could give up.
    Silence,
    /// The gateway ends.
    End,
}

/// Waits for the next chunk; without a `ping` for as long as it takes.
async fn heard(
    response: &mut reqwest::Response,
    cut: &mut watch::Receiver<bool>,
    ping: Option<Duration>,
) -> StreamEvent {
    tokio::select! {
        biased;
        _ = cut.wait_for(|is_cut| *is_cut) => StreamEvent::End,
        chunk = response.chunk() => StreamEvent::Chunk(chunk),
        () = tokio::time::sleep(ping.unwrap_or_default()), if ping.is_some() => StreamEvent::Silence,
    }
}

/// What a stream says when the gateway ends before it.
fn last_words() -> Bytes {
    let event = json!({ "type": "error", "code": "gateway_ends", "message": "The gateway ends, and the stream with it.", "param": null, "sequence_number": 0 });
    Bytes::from(format!("event: error\ndata: {event}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openai::client::block_on;

    /// A response with these chunks, after which nothing comes and nothing ends.
    fn response(chunks: &[&'static str]) -> reqwest::Response {
        let chunks: Vec<Result<&'static str, Broken>> = chunks.iter().map(|it| Ok(*it)).collect();
        let endless = stream::StreamExt::chain(stream::iter(chunks), stream::pending());
        hyper::Response::new(reqwest::Body::wrap_stream(endless)).into()
    }

    #[test]
    fn a_silent_stream_says_that_it_lives_between_events_alone() {
        let soon = Some(Duration::from_millis(1));
        let (cut_now, mut cut) = watch::channel(false);
        let heard = |response: &mut reqwest::Response, ping| {
            block_on(heard(response, &mut cut, ping)).unwrap()
        };
        let mut silent = response(&[]);
        let mut heard = heard;
        assert!(matches!(heard(&mut silent, soon), StreamEvent::Silence));
        assert!(
            matches!(heard(&mut silent, soon), StreamEvent::Silence),
            "again"
        );
        let mut speaking = response(&["a"]);
        let chunk = heard(&mut speaking, Some(PING));
        assert!(matches!(chunk, StreamEvent::Chunk(Ok(Some(bytes))) if bytes == "a"));
        // In the middle of an event nothing is said, and the end is still heard.
        cut_now.send(true).unwrap();
        assert!(matches!(heard(&mut speaking, None), StreamEvent::End));
        assert!(
            PING < Duration::from_secs(60),
            "balancers give up after a minute"
        );
    }
}

//! A stream of events on its way to the caller.

use std::time::Duration;

use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame};
use serde_json::json;
use tokio::sync::watch;

use super::body::{Broken, Outgoing};
use super::events::Events;
use super::finish::Finish;
use super::proxy::Counted;

/// How long a stream may be silent before it says that it lives: balancers give up after a minute.
const PING: Duration = Duration::from_secs(25);

/// A stream of events on its way to the caller.
pub(super) struct Flow {
    pub(super) response: reqwest::Response,
    pub(super) events: Events,
    pub(super) finish: Finish,
    pub(super) cut: watch::Receiver<bool>,
    pub(super) is_over: bool,
    pub(super) _counted: [Counted; 2],
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
            let is_between = self.events.is_between();
            let chunk = tokio::select! {
                biased;
                _ = self.cut.wait_for(|is_cut| *is_cut) => {
                    self.is_over = true;
                    self.finish.interrupted();
                    return Some(Ok(last_words()));
                }
                chunk = self.response.chunk() => chunk,
                () = tokio::time::sleep(PING), if is_between => {
                    return Some(Ok(Bytes::from_static(b": ping\n\n")));
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

/// What a stream says when the gateway ends before it.
fn last_words() -> Bytes {
    let event = json!({ "type": "error", "code": "gateway_ends", "message": "The gateway ends, and the stream with it.", "param": null, "sequence_number": 0 });
    Bytes::from(format!("event: error\ndata: {event}\n\n"))
}

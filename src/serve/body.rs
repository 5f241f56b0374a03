//! Bodies: what is read whole, within limits, and what is handed on.

use std::io::Read as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use flate2::read::{GzDecoder, ZlibDecoder};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, HeaderMap};

use super::problem::Problem;
use super::state::State;

/// An error while a body was handed on.
pub(super) type Broken = Box<dyn std::error::Error + Send + Sync>;
/// The body of an answer.
pub(super) type Outgoing = UnsyncBoxBody<Bytes, Broken>;

/// The largest body that is read whole.
pub(super) const LARGEST: usize = 64 * 1024 * 1024;
/// The most bytes of all such bodies together.
const MOST_HELD: usize = 512 * 1024 * 1024;
/// How long a body may bring no byte.
pub(super) const SILENCE: Duration = Duration::from_secs(30);

pub(super) fn whole(bytes: impl Into<Bytes>) -> Outgoing {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A body, and what is kept until it has gone.
pub(super) struct Kept<T> {
    body: Outgoing,
    _kept: T,
}

impl<T> Kept<T> {
    pub(super) fn new(body: Outgoing, kept: T) -> Self {
        Self { body, _kept: kept }
    }
}

impl<T: Unpin> Body for Kept<T> {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// A body that was read whole. What it holds is counted until it is dropped.
pub(super) struct Whole {
    pub(super) bytes: Vec<u8>,
    _held: Held,
}

/// Bytes that count towards the limit of all bodies.
struct Held(Arc<State>, usize);

impl Held {
    fn none(state: &Arc<State>) -> Self {
        Self(Arc::clone(state), 0)
    }

    fn add(&mut self, more: usize) -> Result<(), Problem> {
        self.1 += more;
        match add(&self.0.held, more) > MOST_HELD {
            true => Err(Problem::new(
                503,
                Some("busy"),
                "The gateway holds too many large requests.",
            )
            .retry_after(1)),
            false => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.held.fetch_sub(self.1, Ordering::Relaxed);
    }
}

fn add(counter: &AtomicUsize, more: usize) -> usize {
    counter.fetch_add(more, Ordering::Relaxed) + more
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        413,
        Some("request_too_large"),
        format!("The request is larger than {limit} bytes."),
    )
    .hint("files go to /v1/files, which has no limit here; name them by their ids")
}

/// Reads a body whole.
///
/// # Errors
/// It is larger than `limit`, too many are held, or it does not come.
pub(super) async fn read(
    state: &Arc<State>,
    headers: &HeaderMap,
    mut body: Incoming,
    limit: usize,
) -> Result<Whole, Problem> {
    let length = headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    let length: Option<usize> = length.and_then(|it| it.parse().ok());
    if length.is_some_and(|length| length > limit) {
        if !headers.contains_key(EXPECT) {
            drain(&mut body, limit).await;
        }
        return Err(too_large(limit));
    }
    let mut held = Held::none(state);
    let mut bytes = Vec::with_capacity(length.unwrap_or(0).min(1024 * 1024));
    loop {
        let frame = match tokio::time::timeout(SILENCE, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => {
                return Err(Problem::new(
                    400,
                    None,
                    "The body of the request broke off.",
                ));
            }
            Err(_) => {
                return Err(Problem::new(
                    408,
                    Some("request_timeout"),
                    "The body of the request did not come.",
                ));
            }
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > limit {
            drain(&mut body, limit).await;
            return Err(too_large(limit));
        }
        held.add(data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(Whole { bytes, _held: held })
}

/// Takes what still comes, so that a caller who has not finished sees the answer and no broken
/// connection. Nothing of it is kept.
async fn drain(body: &mut Incoming, most: usize) {
    let mut taken = 0;
    while taken <= most {
        match tokio::time::timeout(SILENCE, body.frame()).await {
            Ok(Some(Ok(frame))) => taken += frame.data_ref().map_or(0, Bytes::len),
            _ => return,
        }
    }
}

/// What a body says once it is unpacked.
///
/// # Errors
/// It is packed in a way that is not known, is broken, or larger than `limit`.
pub(super) fn unpacked(
    headers: &HeaderMap,
    bytes: &[u8],
    limit: usize,
) -> Result<Option<Vec<u8>>, Problem> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .and_then(|it| it.to_str().ok());
    let encoding = encoding.unwrap_or("identity").trim().to_ascii_lowercase();
    let mut out = Vec::new();
    let most = limit as u64 + 1;
    let read = match encoding.as_str() {
        "identity" | "" => return Ok(None),
        "gzip" | "x-gzip" => GzDecoder::new(bytes).take(most).read_to_end(&mut out),
        "deflate" => ZlibDecoder::new(bytes).take(most).read_to_end(&mut out),
        other => {
            return Err(Problem::new(
                415,
                Some("unsupported_encoding"),
                format!(
                    "The body is packed as '{}', which is not known here.",
                    other.escape_debug()
                ),
            )
            .hint("send it as it is, or packed by gzip"));
        }
    };
    if read.is_err() {
        return Err(Problem::new(
            400,
            None,
            format!("The body is not what its Content-Encoding, {encoding}, says."),
        ));
    }
    match out.len() > limit {
        true => Err(too_large(limit)),
        false => Ok(Some(out)),
    }
}

/// A body that is handed on as it comes; one that falls silent breaks off.
pub(super) struct Patient {
    body: Incoming,
    silence: Pin<Box<tokio::time::Sleep>>,
}

impl Patient {
    pub(super) fn new(body: Incoming) -> Self {
        Self {
            body,
            silence: Box::pin(tokio::time::sleep(SILENCE)),
        }
    }
}

impl Body for Patient {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                let next = tokio::time::Instant::now() + SILENCE;
                self.silence.as_mut().reset(next);
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => match self.silence.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err("the body fell silent".into()))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn packed(encoding: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, encoding.parse().unwrap())])
    }

    #[test]
    fn a_packed_body_is_unpacked_within_the_limit() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&[b'a'; 1000]).unwrap();
        let bytes = gzip.finish().unwrap();
        assert_eq!(
            unpacked(&packed("GZIP"), &bytes, 1000).unwrap(),
            Some(vec![b'a'; 1000])
        );
        assert_eq!(
            unpacked(&packed("gzip"), &bytes, 999).unwrap_err().status,
            413
        );
        assert_eq!(
            unpacked(&packed("gzip"), b"not gzip", 1000)
                .unwrap_err()
                .status,
            400
        );
        assert_eq!(
            unpacked(&packed("br"), &bytes, 1000).unwrap_err().status,
            415
        );
        assert_eq!(unpacked(&HeaderMap::new(), &bytes, 1).unwrap(), None);
    }
}

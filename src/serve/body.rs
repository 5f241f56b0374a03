//! Bodies: what is read whole, within limits, and what is handed on.

use std::io::Read as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, HeaderMap};

use super::problem::Problem;
use super::state::State;
use crate::openai::key::Mask;

/// An error while a body was handed on.
pub(super) type Broken = Box<dyn std::error::Error + Send + Sync>;
/// The body of an answer.
pub(super) type Outgoing = UnsyncBoxBody<Bytes, Broken>;

/// The largest body that is read whole.
pub(super) const LARGEST: usize = 64 * 1024 * 1024;
/// The largest body of a read, in bytes.
pub(super) const LARGEST_OF_OURS: usize = 1024 * 1024;
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
pub(super) struct GuardedBody<T> {
    body: Outgoing,
    _kept: T,
}

impl<T> GuardedBody<T> {
    pub(super) fn new(body: Outgoing, kept: T) -> Self {
        Self { body, _kept: kept }
    }
}

impl<T: Unpin> Body for GuardedBody<T> {
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
pub(super) struct FullBody {
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
) -> Result<FullBody, Problem> {
    let length = headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    let length: Option<usize> = length.and_then(|it| it.parse().ok());
    if length.is_some_and(|length| length > limit) {
        if !headers.contains_key(EXPECT) {
            drain(&mut body, limit).await;
        }
        return Err(too_large(limit));
    }
    let mut held = Held::none(state);
    let expected = length.unwrap_or(0).min(1024 * 1024);
    let bytes = gather(&mut body, (expected, limit), SILENCE, |more| held.add(more)).await?;
    Ok(FullBody { bytes, _held: held })
}

/// Reads what comes, up to a limit; each piece is held before it is kept.
async fn gather<B>(
    body: &mut B,
    (expected, limit): (usize, usize),
    silence: Duration,
    mut hold: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<Vec<u8>, Problem>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut bytes = Vec::with_capacity(expected);
    loop {
        let frame = match tokio::time::timeout(silence, body.frame()).await {
            Ok(None) => return Ok(bytes),
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
            drain(body, limit).await;
            return Err(too_large(limit));
        }
        hold(data.len())?;
        bytes.extend_from_slice(&data);
    }
}

/// Takes what still comes, so that a caller who has not finished sees the answer and no broken
/// connection. Nothing of it is kept.
async fn drain<B: Body<Data = Bytes> + Unpin>(body: &mut B, most: usize) {
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
        "gzip" | "x-gzip" => MultiGzDecoder::new(bytes).take(most).read_to_end(&mut out),
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

/// A body in which a key is covered. Its length stays.
pub(super) struct Masked {
    body: Outgoing,
    mask: Mask,
}

impl Masked {
    pub(super) fn new(body: Outgoing, mask: Mask) -> Self {
        Self { body, mask }
    }
}

impl Body for Masked {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                None if self.mask.is_holding() => {
                    let rest = Bytes::from(self.mask.finish());
                    return Poll::Ready(Some(Ok(Frame::data(rest))));
                }
                ended => return Poll::Ready(ended),
            };
            let Some(data) = frame.data_ref() else {
                return Poll::Ready(Some(Ok(frame)));
            };
            match self.mask.take(data) {
                None => return Poll::Ready(Some(Ok(frame))),
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => return Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes))))),
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.mask.is_holding() {
            true => SizeHint::default(),
            false => self.body.size_hint(),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && !self.mask.is_holding()
    }
}

/// A body that is handed on as it comes; one that falls silent breaks off.
pub(super) struct TimeoutBody<B> {
    body: B,
    limit: Duration,
    silence: Pin<Box<tokio::time::Sleep>>,
}

impl<B> TimeoutBody<B> {
    pub(super) fn new(body: B, limit: Duration) -> Self {
        Self {
            body,
            limit,
            silence: Box::pin(tokio::time::sleep(limit)),
        }
    }
}

impl<B> Body for TimeoutBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Broken>,
{
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                let next = tokio::time::Instant::now() + self.limit;
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

    /// A body with these pieces, after which nothing comes and nothing ends.
    fn stopping(pieces: &[&'static str]) -> impl Body<Data = Bytes, Error = Broken> + Unpin {
        use futures_util::stream::{StreamExt as _, iter, pending};
        let pieces = pieces.iter().map(|it| Ok(Frame::data(Bytes::from(*it))));
        let pieces: Vec<Result<_, Broken>> = pieces.collect();
        http_body_util::StreamBody::new(iter(pieces).chain(pending()))
    }

    #[test]
    fn a_body_that_stops_half_way_ends_after_its_silence() {
        use crate::openai::client::block_on;
        let soon = Duration::from_millis(1);
        let read = block_on(gather(&mut stopping(&["half"]), (0, 100), soon, |_| Ok(())));
        assert_eq!(read.unwrap().unwrap_err().status, 408);
        let (first, second) = block_on(async {
            let mut passed = TimeoutBody::new(stopping(&["half"]), soon);
            (passed.frame().await, passed.frame().await)
        })
        .unwrap();
        assert_eq!(first.unwrap().unwrap().into_data().unwrap(), "half");
        assert!(second.unwrap().is_err());
    }

    #[test]
    fn what_is_held_is_counted_before_it_is_kept() {
        use crate::openai::client::block_on;
        let full = || Problem::new(503, Some("busy"), "full");
        let mut counted = 0;
        let read = block_on(gather(
            &mut stopping(&["ab", "cd"]),
            (0, 100),
            SILENCE,
            |more| {
                counted += more;
                match counted > 3 {
                    true => Err(full()),
                    false => Ok(()),
                }
            },
        ));
        assert_eq!(read.unwrap().unwrap_err().status, 503);
        assert_eq!(counted, 4);
    }

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
        let twice = [&bytes[..], &bytes[..]].concat();
        assert_eq!(
            unpacked(&packed("gzip"), &twice, 2000).unwrap(),
            Some(vec![b'a'; 2000])
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

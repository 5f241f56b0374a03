//! Keys that stand in somebody else's words.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::body::{Broken, Outgoing};
use crate::openai::key::Mask;

/// What a key of the API begins with.
pub(super) const START: &str = "sk-";
/// Shorter words are no keys.
const SHORTEST: usize = 12;

/// A text without what looks like a key.
pub(super) fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '*' | '.');
        let end = from.find(|it| !is_part(it)).unwrap_or(from.len());
        let is_begun = before.ends_with(|it: char| it.is_ascii_alphanumeric());
        match end >= SHORTEST && !is_begun {
            true => out.push_str("[key]"),
            false => out.push_str(&from[..end]),
        }
        rest = &from[end..];
    }
    out.push_str(rest);
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_out_wherever_it_stands() {
        for (text, expected) in [
            (
                "Incorrect API key provided: sk-proj-abc********xyz.",
                "Incorrect API key provided: [key]",
            ),
            (
                "(sk-1234567890abcdef) and sk-1234567890abcdef",
                "([key]) and [key]",
            ),
            (
                "a task-1234567890abcdef, sk-short",
                "a task-1234567890abcdef, sk-short",
            ),
            ("", ""),
        ] {
            assert_eq!(redacted(text), expected);
        }
    }
}

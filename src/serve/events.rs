//! A stream of server-sent events on its way through: its bytes stay as they are, but for what
//! the events with a `response` say about the prompt. The last one of these tells the usage.

use std::borrow::Cow;

use serde_json::Value;

use super::echo::Echo;
use super::redact;

/// The longest event that is held until it is whole. A longer one goes through as it is.
const LONGEST: usize = 1024 * 1024;

/// The state between two chunks.
#[derive(Debug, Default)]
pub(super) struct Events {
    echo: Option<Echo>,
    /// The beginning of an event whose end has not come.
    held: Vec<u8>,
    /// Whether the event that is under way was too long to hold.
    is_too_long: bool,
    /// The last event that ended the answer.
    last: Option<Value>,
    /// Whether an error may hold a key that the caller must not learn.
    hides_keys: bool,
}

impl Events {
    /// A stream whose events say this about the prompt.
    pub(super) fn new(echo: Option<Echo>) -> Self {
        Self {
            echo,
            ..Self::default()
        }
    }

    /// The same, with what looks like a key taken out of errors.
    pub(super) fn hiding_keys(mut self, hides_keys: bool) -> Self {
        self.hides_keys = hides_keys;
        self
    }

    /// Takes a chunk and returns what can go on: whole events, in order.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(chunk.len());
        self.held.extend_from_slice(chunk);
        let mut from = 0;
        // An end may straddle two chunks.
        while let Some(end) = end_of_event(&self.held[from..]) {
            let event = &self.held[from..from + end];
            match std::mem::take(&mut self.is_too_long) {
                true => out.extend_from_slice(event),
                false => {
                    let event = self.without_keys(event);
                    pass(&event, self.echo.as_ref(), &mut self.last, &mut out);
                }
            }
            from += end;
        }
        self.held.drain(..from);
        if self.held.len() > LONGEST || self.is_too_long {
            // The last bytes may be the first of an end.
            let keep = self.held.len().saturating_sub(3);
            out.extend(self.held.drain(..keep));
            self.is_too_long = true;
        }
        out
    }

    /// What is left when the stream ends.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let rest = std::mem::take(&mut self.held);
        match self.is_too_long {
            true => out = rest,
            false => {
                let rest = self.without_keys(&rest);
                pass(&rest, self.echo.as_ref(), &mut self.last, &mut out);
            }
        }
        out
    }

    /// An event as it goes on: one that tells an error, without what looks like a key.
    fn without_keys<'e>(&self, event: &'e [u8]) -> Cow<'e, [u8]> {
        let has = |text: &str| memchr::memmem::find(event, text.as_bytes()).is_some();
        let is_error = self.hides_keys
            && has(redact::START)
            && (has("\"error\"") || has("\"response.failed\""))
            && data_of(event)
                .and_then(|data| serde_json::from_slice::<Value>(&event[data]).ok())
                .is_some_and(|said| {
                    matches!(said["type"].as_str(), Some("error" | "response.failed"))
                });
        match std::str::from_utf8(event) {
            Ok(text) if is_error => Cow::Owned(redact::redacted(text).into_bytes()),
            _ => Cow::Borrowed(event),
        }
    }

    /// Whether the bytes that went on end with a whole event.
    pub(super) fn is_between(&self) -> bool {
        self.held.is_empty() && !self.is_too_long
    }

    /// The event that ended the answer, if it came.
    pub(super) fn last(&self) -> Option<&Value> {
        self.last.as_ref()
    }
}

/// The length of the first event, its empty line included.
fn end_of_event(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = at + memchr::memchr2(b'\n', b'\r', text.get(at..)?)?;
        let next = match text[line..] {
            [b'\r', b'\n', ..] => line + 2,
            // The `\n` of a pair may still come.
            [b'\r'] => return None,
            _ => line + 1,
        };
        if line == at && at > 0 {
            return Some(next);
        }
        at = next;
        if line == 0 {
            // An empty line before the first field is nothing.
            return Some(next);
        }
    }
}

fn pass(event: &[u8], echo: Option<&Echo>, last: &mut Option<Value>, out: &mut Vec<u8>) {
    // Most events are pieces of text, and name no response.
    let is_about = memchr::memmem::find(event, b"\"response\"").is_some();
    let Some(data) = is_about.then(|| data_of(event)).flatten() else {
        note_error(event, last);
        out.extend_from_slice(event);
        return;
    };
    let text = &event[data.clone()];
    note(text, last);
    match echo.and_then(|echo| echo.in_event(text)) {
        Some(edited) => {
            out.extend_from_slice(&event[..data.start]);
            out.extend_from_slice(&edited);
            out.extend_from_slice(&event[data.end..]);
        }
        None => out.extend_from_slice(event),
    }
}

/// Where the data of an event stands that has one line of it.
fn data_of(event: &[u8]) -> Option<std::ops::Range<usize>> {
    const FIELD: &[u8] = b"data:";
    let mut found = None;
    let mut at = 0;
    while at < event.len() {
        let rest = &event[at..];
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        if rest.starts_with(FIELD) {
            let blank = usize::from(rest.get(FIELD.len()) == Some(&b' '));
            if found.is_some() {
                return None;
            }
            found = Some(at + FIELD.len() + blank..at + end);
        }
        at += end + 1;
    }
    found
}

/// Keeps an event that ends an answer.
fn note(data: &[u8], last: &mut Option<Value>) {
    let ends = [
        "response.completed",
        "response.incomplete",
        "response.failed",
    ];
    // The type stands first or last; looking for its text is cheaper than reading all.
    let is_end = ends
        .iter()
        .any(|end| memchr::memmem::find(data, end.as_bytes()).is_some());
    if is_end
        && let Ok(event) = serde_json::from_slice::<Value>(data)
        && event["type"]
            .as_str()
            .is_some_and(|kind| ends.contains(&kind))
    {
        *last = Some(event);
    }
}

/// Keeps an event that says that there will be no answer.
fn note_error(event: &[u8], last: &mut Option<Value>) {
    if event.len() < 64 * 1024
        && memchr::memmem::find(event, b"\"error\"").is_some()
        && let Some(data) = data_of(event)
        && let Ok(event) = serde_json::from_slice::<Value>(&event[data])
        && event["type"] == "error"
    {
        *last = Some(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::document::Object;
    use proptest::prelude::*;

    fn echo() -> Echo {
        Echo::new(("pmpt_1", "3"), &Object::new(), &[], &Object::new())
    }

    const STREAM: &str = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"instructions\":null}}\n\n\
        : ping\n\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"a \\\"response\\\" b\"}\r\n\r\n\
        data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":3}}}\n\n";

    #[test]
    fn each_event_with_a_response_tells_the_prompt() {
        let mut events = Events::new(Some(echo()));
        let out = events.take(STREAM.as_bytes());
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.matches("pmpt_1").count(), 2, "{out}");
        assert!(out.contains("\"delta\":\"a \\\"response\\\" b\"}\r\n\r\n"));
        assert_eq!(
            events.last().unwrap()["response"]["usage"]["input_tokens"],
            3
        );
    }

    #[test]
    fn without_an_echo_no_byte_changes() {
        let mut events = Events::new(None);
        let mut out = events.take(STREAM.as_bytes());
        out.extend(events.finish());
        assert_eq!(String::from_utf8(out).unwrap(), STREAM);
    }

    #[test]
    fn an_event_that_is_too_long_is_not_held() {
        let mut events = Events::new(Some(echo()));
        let start = b"data: {\"type\":\"image\",\"b64\":\"";
        let long = vec![b'A'; LONGEST + 10];
        let mut out = events.take(start);
        out.extend(events.take(&long));
        assert!(out.len() > LONGEST, "it goes on before it is whole");
        assert!(events.held.len() < 8);
        assert!(!events.is_between());
        out.extend(events.take(b"\"}\n\n"));
        out.extend(events.take(STREAM.as_bytes()));
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("data: {\"type\":\"image\",\"b64\":\"AAAA"));
        assert!(text.contains("AAAA\"}\n\nevent: response.created"));
        assert_eq!(
            text.matches("pmpt_1").count(),
            2,
            "the next ones are edited"
        );
        assert!(events.is_between());
    }

    #[test]
    fn an_error_in_the_stream_is_noted() {
        let mut events = Events::new(None);
        events.take(b"data: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"m\"}\n\n");
        assert_eq!(events.last().unwrap()["message"], "m");
        events.take(b"data: {\"type\":\"x\",\"error\":null}\n\n");
        assert_eq!(events.last().unwrap()["message"], "m");
    }

    #[test]
    fn a_key_is_taken_out_of_errors_alone() {
        let stream = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"sk-0123456789abcdef\"}\n\n\
            data: {\"type\":\"error\",\"message\":\"bad key sk-0123456789abcdef\"}\n\n\
            data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"message\":\"sk-0123456789abcdef\"}}}\n\n";
        let said = |hides_keys: bool| {
            let mut events = Events::new(None).hiding_keys(hides_keys);
            String::from_utf8(events.take(stream.as_bytes())).unwrap()
        };
        assert_eq!(said(false), stream);
        let (first, errors) = stream.split_once("\n\n").unwrap();
        let errors = errors.replace("sk-0123456789abcdef", "[key]");
        assert_eq!(said(true), format!("{first}\n\n{errors}"));
    }

    proptest! {
        #[test]
        fn cuts_between_chunks_change_nothing(cuts in proptest::collection::vec(0usize..STREAM.len(), 0..6), has_echo: bool) {
            let echo = has_echo.then(echo);
            let mut whole = Events::new(echo.clone());
            let mut expected = whole.take(STREAM.as_bytes());
            expected.extend(whole.finish());
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let mut events = Events::new(echo);
            let mut out = Vec::new();
            for pair in cuts.windows(2) {
                out.extend(events.take(&STREAM.as_bytes()[pair[0]..pair[1]]));
            }
            out.extend(events.finish());
            prop_assert_eq!(String::from_utf8(out).unwrap(), String::from_utf8(expected).unwrap());
        }
    }
}

//! Server-sent events, read as they come: every byte is looked at once, and no event is held that is
//! larger than it may be.

/// The largest line or event, in bytes.
const LARGEST: usize = 16 << 20;

/// What keeps a stream from being one of events.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoEvent {
    /// A line or an event is larger than any should be.
    TooLarge,
    /// Bytes that are no text.
    NotText,
}

/// Reads events from pieces.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The line that is not whole yet.
    line: Vec<u8>,
    /// The data of the event that is not whole yet.
    data: String,
    has_data: bool,
    /// Whether the last byte was a carriage return, after which a line feed ends no other line.
    was_return: bool,
    /// Whether the first line is past, which may begin with a byte order mark.
    is_past_first: bool,
}

impl Events {
    /// Takes the next piece and hands over the data of each event that it ends.
    pub(super) fn take(&mut self, piece: &[u8], each: &mut Vec<String>) -> Result<(), NoEvent> {
        let mut rest = piece;
        while let Some(&first) = rest.first() {
            if std::mem::take(&mut self.was_return) && first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = memchr::memchr2(b'\n', b'\r', rest);
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + part.len() > LARGEST {
                return Err(NoEvent::TooLarge);
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else {
                return Ok(());
            };
            self.was_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut self.line);
            self.take_line(&line, each)?;
            // The room is used again.
            self.line = line;
            self.line.clear();
        }
        Ok(())
    }

    fn take_line(&mut self, line: &[u8], each: &mut Vec<String>) -> Result<(), NoEvent> {
        let line = std::str::from_utf8(line).map_err(|_| NoEvent::NotText)?;
        let line = if std::mem::replace(&mut self.is_past_first, true) {
            line
        } else {
            line.strip_prefix('\u{feff}').unwrap_or(line)
        };
        if line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                each.push(std::mem::take(&mut self.data));
            }
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field != "data" {
            return Ok(());
        }
        let value = value.strip_prefix(' ').unwrap_or(value);
        if self.data.len() + value.len() > LARGEST {
            return Err(NoEvent::TooLarge);
        }
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push('\n');
        }
        self.data.push_str(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<String>, NoEvent> {
        let (mut events, mut all) = (Events::default(), Vec::new());
        for piece in pieces {
            events.take(piece, &mut all)?;
        }
        Ok(all)
    }

    #[test]
    fn events_are_read_as_the_specification_says() {
        let text = "\u{feff}: a comment\r\nevent: x\r\ndata: a\r\ndata:b\r\n\r\n\r\ndata\n\nid: 1\n\ndata: c\rdata:  d\r\rdata: not ended\n";
        assert_eq!(
            read(&[text.as_bytes()]),
            Ok(vec!["a\nb".to_owned(), String::new(), "c\n d".to_owned()])
        );
        assert_eq!(read(&[b"data: \xff\n\n"]), Err(NoEvent::NotText));
    }

    #[test]
    fn a_line_without_an_end_is_held_once_and_not_for_ever() {
        let piece = vec![b'x'; 64 << 10];
        let (mut events, mut all) = (Events::default(), Vec::new());
        let mut taken = 0;
        let error = loop {
            match events.take(&piece, &mut all) {
                Ok(()) => taken += piece.len(),
                Err(error) => break error,
            }
            assert_eq!(events.line.len(), taken);
            assert!(events.line.capacity() <= 2 * LARGEST);
        };
        assert_eq!(error, NoEvent::TooLarge);
        assert!(taken <= LARGEST);
        let lines = "data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
            .repeat(LARGEST / 32);
        assert_eq!(read(&[lines.as_bytes()]), Err(NoEvent::TooLarge));
        // Comments are not held at all.
        let comments = ": still here\n".repeat(100_000);
        assert_eq!(read(&[comments.as_bytes()]), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn it_makes_no_difference_where_a_stream_is_torn(
            text in "(data: ?[a-c]{0,3}|: c|event: e|\r\n|\n|\r|é){0,20}",
            size in 1usize..7,
        ) {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            prop_assert_eq!(read(&pieces), read(&[text.as_bytes()]));
        }
    }
}

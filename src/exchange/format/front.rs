//! Files that begin with YAML between two lines of dashes.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::exchange::places::Places;
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::{Finding, Span};

/// A file with front matter.
pub(super) struct Front<'t> {
    /// The whole text.
    pub(super) text: &'t str,
    /// The keys; none where there are no dashes.
    pub(super) keys: Option<Located>,
    /// Where the body stands, in bytes.
    pub(super) body: Range<usize>,
    /// Where its parts stand.
    pub(super) places: Places<'t>,
}

impl<'t> Front<'t> {
    /// A text that is all body.
    pub(super) fn without_keys(text: &'t str) -> Self {
        Self {
            text,
            keys: None,
            body: 0..text.len(),
            places: Places::new(text),
        }
    }

    /// Cuts a text; comments may stand above the dashes.
    pub(super) fn read(text: &'t str) -> Result<Self, Finding> {
        let whole = Self::without_keys(text);
        let mut at = 0;
        let mut opened = None;
        for line in text.split_inclusive('\n') {
            let plain = line.trim_end();
            let start = at;
            at += line.len();
            match opened {
                None if plain == "---" => opened = Some(at),
                None if plain.is_empty() || plain.starts_with('#') => {}
                None => return Ok(whole),
                Some(from) if plain == "---" => {
                    // The lines above keep their number.
                    let above = text[..from].matches('\n').count();
                    let yaml = format!("{}{}", "\n".repeat(above), &text[from..start]);
                    let located = parse_located(&yaml)?;
                    if !matches!(located.value, Value::Object(_) | Value::Null) {
                        return Err(
                            Finding::error(code::WRONG_TYPE, "the front matter is no map")
                                .at(Span::point(above + 1, 1))
                                .help("write `key: value` between the two lines of dashes"),
                        );
                    }
                    return Ok(Self {
                        text,
                        keys: Some(located),
                        body: at..text.len(),
                        places: whole.places,
                    });
                }
                Some(_) => {}
            }
        }
        match opened {
            Some(from) => Err(Finding::error(
                code::YAML_SYNTAX,
                "the front matter is never closed",
            )
            .at(whole.span(from.saturating_sub(4)..from))
            .help("close it with a line `---`")),
            None => Ok(whole),
        }
    }

    /// The keys as a map.
    pub(super) fn map(&self) -> Map<String, Value> {
        match self.keys.as_ref().map(|keys| &keys.value) {
            Some(Value::Object(map)) => map.clone(),
            _ => Map::new(),
        }
    }

    /// The place of a key.
    pub(super) fn place(&self, path: &str) -> Option<Span> {
        self.keys.as_ref()?.place(path)
    }

    /// The place of some bytes of the text.
    pub(super) fn span(&self, at: Range<usize>) -> Span {
        self.places.span(at)
    }
}

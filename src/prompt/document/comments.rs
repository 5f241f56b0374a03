//! The comments of a YAML text, from the parser's tokens.

use std::ops::Range;

use granit_parser::{Scanner, StrInput, TokenType};

/// A comment of a YAML text.
pub(in crate::prompt) struct Remark {
    /// Its line, counted from 1.
    pub(in crate::prompt) line: usize,
    /// Its bytes, from the `#` on.
    pub(in crate::prompt) bytes: Range<usize>,
}

/// The comments of a text, in its order; of one that is no YAML, those before its mistake.
pub(in crate::prompt) fn remarks(text: &str) -> impl Iterator<Item = Remark> {
    let tokens = Scanner::new(StrInput::new(text)).map_while(Result::ok);
    tokens.filter_map(|token| {
        let (extent, kind) = token.into_parts();
        let bytes = extent.byte_range()?;
        matches!(kind, TokenType::Comment(_)).then_some(Remark {
            line: extent.start.line(),
            bytes,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_text_is_no_comment() {
        let text = "\u{feff}# one\na: \"# b\" # two\r\nc: |\n  # d\nd: '# e'\ne: [1, # three\n 2]\nf: a#b\n# four";
        let found: Vec<(usize, &str)> = remarks(text)
            .map(|remark| (remark.line, &text[remark.bytes]))
            .collect();
        let wanted = [(1, "# one"), (2, "# two"), (6, "# three"), (9, "# four")];
        assert_eq!(found.len(), wanted.len());
        for ((line, text), (wanted_line, wanted)) in found.into_iter().zip(wanted) {
            assert_eq!((line, text.trim_end()), (wanted_line, wanted));
        }
    }
}

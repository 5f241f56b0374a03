//! Text and variables as a template that renders to exactly that.

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands.
    Text(String),
    /// The value of a variable.
    Variable(String),
}

/// The template of some pieces.
///
/// A backslash before a tag escapes it, so that one more is written where one stands there; `{{` is
/// escaped; and `{` before a tag is kept apart from it by a blank that the tag takes away.
pub fn template(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => put_text(text, &mut out),
            Piece::Variable(name) => {
                if out.ends_with('{') {
                    out.push_str(" {{~");
                } else {
                    if out.ends_with('\\') {
                        out.push('\\');
                    }
                    out.push_str("{{");
                }
                out.push_str(name);
                out.push_str("}}");
            }
        }
    }
    out
}

fn put_text(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        if out.ends_with('\\') {
            // A comment parts the backslash from the one that escapes.
            out.push_str("\\{{!}}");
        } else if out.ends_with('{') {
            out.push_str(" {{~!}}");
        }
        out.push_str("\\{{");
        rest = &after[2..];
    }
    out.push_str(rest);
}

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
            Piece::Variable(name) => put_tag(name, &mut out),
        }
    }
    out
}

/// Writes a tag, kept apart from the text before it.
pub(super) fn put_tag(inner: &str, out: &mut String) {
    if out.ends_with('{') {
        out.push_str(" {{~");
    } else {
        if out.ends_with('\\') {
            out.push('\\');
        }
        out.push_str("{{");
    }
    out.push_str(inner);
    out.push_str("}}");
}

/// Writes a text that renders to itself.
pub(super) fn put_text(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        if out.ends_with('\\') {
            // A comment parts the backslash from the one that escapes.
            out.push_str("\\{{!}}");
        }
        let mut braces = after.bytes().take_while(|byte| *byte == b'{').count();
        rest = &after[braces..];
        // Four braces are escaped as one sign, two as another.
        while braces > 1 {
            let taken = if braces > 3 { 4 } else { 2 };
            out.push('\\');
            out.push_str(&"{{{{"[..taken]);
            braces -= taken;
        }
        out.push_str(&"{"[..braces]);
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::document::{self, Object};
    use crate::prompt::template::{Compiled, Partials};
    use proptest::prelude::*;
    use serde_json::json;

    fn rendered(pieces: &[Piece]) -> String {
        let file = json!({ "messages": [{ "role": "user", "content": template(pieces) }] });
        let document = document::parse(&file.to_string()).unwrap();
        let compiled = Compiled::new(&document, &Partials::new())
            .unwrap_or_else(|findings| panic!("{file}: {findings:?}"));
        let mut values = Object::new();
        values.insert("x".to_owned(), json!("V"));
        compiled.render(&values).unwrap()[0].text()
    }

    fn stored(pieces: &[Piece]) -> String {
        let texts = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Variable(_) => "V",
        });
        texts.collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn any_text_renders_to_itself(texts in proptest::collection::vec("[{}\\\\ \n!~#a]{0,7}", 1..4)) {
            let mut pieces = Vec::new();
            for text in texts {
                pieces.push(Piece::Text(text));
                pieces.push(Piece::Variable("x".to_owned()));
            }
            prop_assert_eq!(rendered(&pieces), stored(&pieces));
            pieces.pop();
            prop_assert_eq!(rendered(&pieces), stored(&pieces));
        }
    }
}

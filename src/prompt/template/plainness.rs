//! Whether a template needs no more than putting values in the place of names.

use crate::prompt::document::{Document, Part};

/// Whether a template holds nothing but text and `{{name}}`, so that any program can fill it in.
pub fn is_plain_text(template: &str) -> bool {
    let mut pieces = template.split("{{");
    let mut before = pieces.next().unwrap_or_default();
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|it| it.is_alphanumeric() || it == '_');
    pieces.all(|piece| {
        let is_escaped = std::mem::replace(&mut before, piece).ends_with('\\');
        let name = piece.split_once("}}").map(|(name, _)| name.trim());
        !is_escaped && name.is_some_and(is_name)
    })
}

/// Whether all messages of a prompt are plain texts.
pub fn is_plain(document: &Document) -> bool {
    let is_plain = |part: &Part| matches!(part, Part::Text(text) if is_plain_text(&text.value));
    let mut entries = document.messages.iter();
    // Who can put values in the place of names need not know what a placeholder is.
    entries.all(|entry| {
        entry
            .message()
            .is_some_and(|message| message.parts.iter().all(is_plain))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_and_names_are_plain() {
        for plain in ["", "Hello", "{{a}} and {{ b_1 }}", "{single}"] {
            assert!(is_plain_text(plain), "{plain}");
        }
        for other in [
            "{{#if a}}x{{/if}}",
            "{{upper a}}",
            "{{a.b}}",
            "{{> p}}",
            "{{{a}}}",
            "\\{{a}}",
            "{{a",
            "{{~a}}",
        ] {
            assert!(!is_plain_text(other), "{other}");
        }
    }
}

//! Texts, as they are written between quotes.

use tree_sitter::Node;

use super::{File, Part};
use crate::scan::found::language::Quotes;
use crate::scan::found::literal;

impl<'t> File<'t> {
    /// The pieces of a text, and whether all of it was understood; none where it is no text.
    pub(super) fn parts(&self, node: Node<'t>) -> Option<(Vec<Part<'t>>, bool)> {
        let mut cursor = node.walk();
        let children: Vec<Node<'t>> = node.children(&mut cursor).collect();
        let (parts, is_whole) = match self.traits().quotes {
            Quotes::Python => self.python_parts(node, &children)?,
            Quotes::Script => self.script_parts(node, &children),
        };
        Some((parts, is_whole && !node.has_error()))
    }

    fn python_parts(&self, node: Node<'t>, children: &[Node<'t>]) -> Option<(Vec<Part<'t>>, bool)> {
        let start = children.iter().find(|it| it.kind() == "string_start")?;
        let end = children
            .iter()
            .rfind(|it| it.kind() == "string_end")
            .map_or(node.end_byte(), Node::start_byte);
        let word = self.word(*start);
        let prefix = word.trim_end_matches(['"', '\'']).to_ascii_lowercase();
        // Bytes are no text, and a template is none yet.
        if prefix.contains(['b', 't']) {
            return None;
        }
        let is_format = prefix.contains('f');
        let mut parts = Vec::new();
        let mut is_whole = true;
        let mut put = |from: usize, to: usize, parts: &mut Vec<Part<'t>>| {
            if let Some(written) = self.text.get(from..to).filter(|it| !it.is_empty()) {
                let (text, is_read) = match prefix.contains('r') {
                    true => (literal::raw(written), true),
                    false => literal::python(written, is_format),
                };
                let text = match (is_format, prefix.contains('r')) {
                    (true, true) => text.replace("{{", "{").replace("}}", "}"),
                    _ => text,
                };
                parts.push(Part::Text(text));
                is_whole &= is_read;
            }
        };
        let mut from = start.end_byte();
        for child in children.iter().filter(|it| it.kind() == "interpolation") {
            put(from, child.start_byte(), &mut parts);
            from = child.end_byte();
            let Some(value) = self.field(*child, "expression") else {
                continue;
            };
            let mut cursor = child.walk();
            // `{x!r}`, `{x:>9}`, and `{x=}`, which says its own name.
            let is_formatted = child
                .children(&mut cursor)
                .any(|it| matches!(it.kind(), "type_conversion" | "format_specifier" | "="));
            let formatted = is_formatted.then(|| self.word(*child));
            parts.push(Part::Value(value, formatted));
        }
        put(from, end, &mut parts);
        Some((parts, is_whole))
    }

    /// The text between the quotes is read as it stands, since line ends are no nodes.
    fn script_parts(&self, node: Node<'t>, children: &[Node<'t>]) -> (Vec<Part<'t>>, bool) {
        let range = node.byte_range();
        let (mut from, end) = (range.start + 1, range.end.saturating_sub(1));
        let mut parts = Vec::new();
        let mut is_whole = true;
        let mut put = |from: usize, to: usize, parts: &mut Vec<Part<'t>>| {
            if let Some(written) = self.text.get(from..to).filter(|it| !it.is_empty()) {
                let (text, is_read) = literal::script(written);
                parts.push(Part::Text(text));
                is_whole &= is_read;
            }
        };
        for child in children {
            if child.kind() == "template_substitution" {
                put(from, child.start_byte(), &mut parts);
                from = child.end_byte();
                if let Some(value) = Self::children(*child).first() {
                    parts.push(Part::Value(*value, None));
                }
            }
        }
        put(from, end, &mut parts);
        (parts, is_whole)
    }

    /// What is added, from left to right, each with all from the first to it.
    pub(super) fn added(&self, node: Node<'t>) -> Vec<(Node<'t>, Node<'t>)> {
        let mut all = Vec::new();
        let mut whole = node;
        loop {
            let is_added = matches!(whole.kind(), "binary_operator" | "binary_expression")
                && self.field(whole, "operator").map(|it| self.word(it)) == Some("+");
            match (self.field(whole, "left"), self.field(whole, "right")) {
                (Some(left), Some(right)) if is_added => {
                    all.push((right, whole));
                    whole = left;
                }
                _ => break,
            }
        }
        all.push((whole, whole));
        all.reverse();
        all
    }
}

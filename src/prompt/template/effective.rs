//! What a template says once its partials are in, still without values.

use std::collections::BTreeSet;

use super::Partials;
use super::scan::{Kind, PARTIAL_BLOCK, Tag, scan};

/// Longer texts, in bytes, are not put together: the rest of their partials stay tags.
const MAX_TEXT: usize = 2_000_000;
/// Partials are followed so many levels deep.
const MAX_DEPTH: usize = 32;
/// So many partials are put in place in one text.
const MAX_PLACED: usize = 10_000;

/// A template with its partials in place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effective {
    /// The text, itself a template.
    pub text: String,
    /// The partials that stayed tags, because they are given arguments or a block of their own.
    pub kept: BTreeSet<String>,
}

/// Puts every partial in place that is included as it stands, as rendering would: a tag alone on
/// its line gives its indentation to every line. Blanks around the tags behind a partial may differ.
pub fn effective(text: &str, partials: &Partials) -> Effective {
    let mut expander = Expander {
        partials,
        placed: 0,
        done: Effective::default(),
    };
    expander.expand(text, 0);
    expander.done
}

/// The texts between the tags of a template, and whether a value stands before each.
pub fn literals(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let tags = scan(text).tags;
    let mut from = 0;
    let mut is_behind = false;
    let ends: Vec<(usize, usize, bool)> = tags
        .iter()
        .map(|tag| (tag.start, tag.end, tag.kind != Kind::Comment))
        .chain([(text.len(), text.len(), false)])
        .collect();
    ends.into_iter().map(move |(start, end, is_value)| {
        let literal = (is_behind, &text[from..start.max(from)]);
        from = end;
        is_behind |= is_value;
        literal
    })
}

struct Expander<'p> {
    partials: &'p Partials,
    placed: usize,
    done: Effective,
}

impl<'p> Expander<'p> {
    fn expand(&mut self, text: &str, depth: usize) {
        let tags = scan(text).tags;
        let own: Vec<&str> = tags
            .iter()
            .filter(|tag| tag.kind == Kind::InlineOpen)
            .filter_map(Tag::inline_name)
            .collect();
        let mut from = 0;
        for tag in &tags {
            let name = match tag.kind {
                Kind::Partial | Kind::PartialOpen => tag.partial_name(),
                _ => None,
            };
            let Some(name) = name.filter(|name| *name != PARTIAL_BLOCK && !own.contains(name))
            else {
                continue;
            };
            let Some(partial) = self.placeable(&text[tag.start..tag.end], name, depth) else {
                self.done.kept.insert(name.to_owned());
                continue;
            };
            self.placed += 1;
            let line = Line::of(text, tag);
            self.done.text.push_str(&text[from..line.start.max(from)]);
            from = line.end;
            let start = self.done.text.len();
            self.expand(partial, depth + 1);
            if !line.indent.is_empty() {
                let inner = self.done.text.split_off(start);
                for row in inner.split_inclusive('\n') {
                    self.done.text.push_str(line.indent);
                    self.done.text.push_str(row);
                }
            }
        }
        self.done.text.push_str(&text[from..]);
    }

    /// The text that takes the place of a tag, if nothing but the text is meant.
    fn placeable(&self, tag: &str, name: &str, depth: usize) -> Option<&'p str> {
        let inner = tag.strip_prefix("{{>")?.strip_suffix("}}")?.trim();
        let is_bare = inner.trim_matches(['"', '\'', '[', ']']) == name;
        if !is_bare || depth >= MAX_DEPTH || self.placed >= MAX_PLACED {
            return None;
        }
        let text = self.partials.get(name)?.text.as_str();
        // What a partial defines for itself has its own scope.
        let is_plain = !text.contains("{{#*inline") && !text.contains(PARTIAL_BLOCK);
        (is_plain && self.done.text.len() + text.len() <= MAX_TEXT).then_some(text)
    }
}

/// What a tag takes with it: itself, or its whole line where it stands alone.
struct Line<'t> {
    start: usize,
    end: usize,
    indent: &'t str,
}

impl<'t> Line<'t> {
    fn of(text: &'t str, tag: &Tag<'_>) -> Self {
        let begin = text[..tag.start].rfind('\n').map_or(0, |at| at + 1);
        let indent = &text[begin..tag.start];
        let rest = &text[tag.end..];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
        let is_last = rest.is_empty();
        let is_alone = indent.trim_matches([' ', '\t']).is_empty()
            && (is_last || rest[blank..].starts_with('\n'));
        if is_alone {
            Self {
                start: begin,
                end: tag.end + blank + usize::from(!is_last),
                indent,
            }
        } else {
            Self {
                start: tag.start,
                end: tag.end,
                indent: "",
            }
        }
    }
}

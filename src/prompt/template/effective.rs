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
        is_exact: false,
        placed: 0,
        done: Effective::default(),
    };
    expander.expand(text, 0);
    expander.done
}

/// A template with every partial in place whose text means the same there, whatever the values are.
/// The others stay tags.
pub fn inlined(text: &str, partials: &Partials) -> String {
    let mut expander = Expander {
        partials,
        is_exact: true,
        placed: 0,
        done: Effective::default(),
    };
    expander.expand(text, 0);
    expander.done.text
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
    /// Whether a partial is put in place only where rendering stays the same to the byte.
    is_exact: bool,
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
            let line = Line::of(text, tag);
            if self.is_exact && !is_same_in_place(text, tag, &line, partial) {
                self.done.kept.insert(name.to_owned());
                continue;
            }
            self.placed += 1;
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

/// Whether a partial's text means the same in the place of its tag: tags that stand alone on their
/// line take the line with them, so none may come to stand alone, or cease to.
fn is_same_in_place(text: &str, tag: &Tag<'_>, line: &Line<'_>, partial: &str) -> bool {
    // Signs that take blanks away reach beyond the partial, `\\` changes what follows it, and
    // names in `as |item|` are not seen inside of one.
    let is_odd = |text: &str| text.contains(['~', '\\', '\r']) || text.contains("as |");
    let joins = text[..tag.start].ends_with('{')
        || text[tag.end..].starts_with(['{', '}']) && !text[tag.end..].starts_with("{{!")
        || partial.starts_with(['{', '}']) && text[..tag.start].ends_with(['{', '}'])
        || partial.ends_with('{');
    if is_odd(text) || is_odd(partial) || joins {
        return false;
    }
    let is_bare = |text: &str| scan(text).tags.iter().all(|tag| tag.kind == Kind::Print);
    // A comment takes its line with it only where nothing else stands there.
    let is_silent = |text: &str| {
        let is_it = |tag: &Tag<'_>| matches!(tag.kind, Kind::Print | Kind::Comment);
        scan(text).tags.iter().all(is_it)
    };
    let last = partial.rsplit('\n').next().unwrap_or_default();
    if !line.indent.is_empty() {
        // Every line that it renders is indented, those of a value too.
        return scan(partial).tags.is_empty()
            && (partial.ends_with('\n') || line.end == text.len());
    }
    let next = |from: usize| text[from..].split('\n').next().unwrap_or_default();
    if line.start != tag.start || line.end != tag.end {
        return partial.ends_with('\n') || is_bare(last) && is_bare(next(line.end));
    }
    let begin = text[..tag.start].rfind('\n').map_or(0, |at| at + 1);
    let first = partial.split('\n').next().unwrap_or_default();
    let beside = |side: &str, edge: &str| match edge.trim().is_empty() {
        true => is_bare(side),
        false => is_silent(side),
    };
    let before = &text[begin..tag.start];
    beside(before, first) && beside(next(tag.end), last) && is_bare(first) && is_bare(last)
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

//! Mustache: variables, sections, inverted sections, comments.
//!
//! What a section means depends on its value: a list repeats it, a map opens it, anything else is a
//! condition. So one is translated only where the source tells which it is.

use std::ops::Range;

use super::tree::{Expr, Key, Node, Note, Template};
use super::{Known, Mistake, is_name, variable};

/// How deep sections may nest.
const MAX_DEPTH: usize = 80;

const ESCAPES: &str =
    "mustache writes `&`, `<`, `>` and quotes in values as HTML; here they stay as they are";

pub(super) fn read(text: &str, known: &Known) -> Result<Template, Mistake> {
    let tags = tags(text)?;
    let mut reader = Reader {
        text,
        tags,
        at: 0,
        from: 0,
        known,
        notes: Vec::new(),
        is_in_items: false,
        depth: 0,
    };
    let nodes = reader.nodes(None)?;
    Ok(Template {
        nodes,
        notes: reader.notes,
    })
}

#[derive(Debug, Clone)]
struct Tag<'t> {
    /// `#`, `^`, `/`, `!`, `&` or a blank for a plain variable.
    sign: char,
    name: &'t str,
    /// The tag with the line that it stands alone on.
    whole: Range<usize>,
    at: Range<usize>,
}

fn tags(text: &str) -> Result<Vec<Tag<'_>>, Mistake> {
    let mut all: Vec<Tag<'_>> = Vec::new();
    let mut from = 0;
    let mut line = Line::default();
    while let Some(found) = text[from..].find("{{") {
        let start = from + found;
        let is_triple = text[start..].starts_with("{{{");
        let (open, close) = if is_triple { (3, "}}}") } else { (2, "}}") };
        let inside = start + open;
        let Some(length) = text[inside..].find(close) else {
            return Err(Mistake::new(
                start..inside,
                "a tag that is never closed",
                "the template's own language refuses this, too",
            ));
        };
        let inner = &text[inside..inside + length];
        let end = inside + length + close.len();
        let at = start..end;
        let sign = inner.chars().next().unwrap_or(' ');
        let (sign, name) = match sign {
            _ if is_triple => ('&', inner),
            '#' | '^' | '/' | '!' | '&' => (sign, &inner[1..]),
            '>' | '=' | '<' | '$' => {
                return Err(Mistake::new(
                    at,
                    format!("`{{{{{sign}` has no counterpart in a template here"),
                    "put the text that it brings in its place",
                ));
            }
            _ => (' ', inner),
        };
        let mut whole = at.clone();
        if matches!(sign, '#' | '^' | '/' | '!') {
            line.advance(text, start);
            if line.ink == start
                && let Some(line_end) = blank_end(text, end)
            {
                whole = line.begin..line_end;
            }
        }
        all.push(Tag {
            sign,
            name: name.trim(),
            whole,
            at,
        });
        from = end;
    }
    Ok(all)
}

/// The line of a place that moves forward through a text.
#[derive(Default)]
struct Line {
    /// Up to where the text was looked at.
    seen: usize,
    begin: usize,
    /// Where the first letter of the line stands that is no blank.
    ink: usize,
}

impl Line {
    fn advance(&mut self, text: &str, to: usize) {
        let passed = text[self.seen..to].rfind('\n');
        if passed.is_some() || self.seen == 0 {
            self.begin = passed.map_or(0, |at| self.seen + at + 1);
            self.ink = to - text[self.begin..to].trim_start().len();
        }
        self.seen = to;
    }
}

/// Where the line ends, if nothing but blanks follows on it.
fn blank_end(text: &str, from: usize) -> Option<usize> {
    let ends = |letter: char| letter == '\n' || !letter.is_whitespace();
    match text[from..].find(ends) {
        None => Some(text.len()),
        Some(at) if text[from + at..].starts_with('\n') => Some(from + at + 1),
        Some(_) => None,
    }
}

struct Reader<'t, 'k> {
    text: &'t str,
    tags: Vec<Tag<'t>>,
    at: usize,
    from: usize,
    known: &'k Known,
    notes: Vec<Note>,
    /// Whether names may be keys of the item of a list.
    is_in_items: bool,
    depth: usize,
}

impl Reader<'_, '_> {
    fn is_variable(&self, name: &str) -> bool {
        let listed = self.known.variables.as_ref();
        listed.is_none_or(|all| all.contains(name))
    }

    fn path(&self, name: &str, at: &Range<usize>) -> Result<Expr, Mistake> {
        if name == "." {
            return match self.is_in_items {
                true => Ok(Expr::Item(Vec::new())),
                false => Err(Mistake::new(
                    at.clone(),
                    "`.` stands for nothing here",
                    "name a variable",
                )),
            };
        }
        let mut parts = name.split('.');
        let first = variable(parts.next().unwrap_or_default(), at.clone())?;
        let keys: Vec<Key> = parts.map(|key| Key::Name(key.to_owned())).collect();
        if keys
            .iter()
            .any(|key| matches!(key, Key::Name(key) if !is_name(key)))
        {
            return Err(Mistake::new(
                at.clone(),
                format!("`{name}` names no value"),
                "name a variable",
            ));
        }
        if self.is_in_items && !self.is_variable(&first) {
            let keys = std::iter::once(Key::Name(first)).chain(keys).collect();
            return Ok(Expr::Item(keys));
        }
        Ok(Expr::Path(first, keys))
    }

    fn nodes(&mut self, open: Option<&Tag<'_>>) -> Result<Vec<Node>, Mistake> {
        let mut nodes = Vec::new();
        while let Some(tag) = self.tags.get(self.at).cloned() {
            self.at += 1;
            // Two tags on a line are not alone on it.
            let start = tag.whole.start.max(self.from);
            nodes.push(Node::Text(self.text[self.from..start].to_owned()));
            self.from = tag.whole.end;
            match tag.sign {
                '!' => {}
                ' ' | '&' => {
                    if tag.sign == ' ' && self.notes.is_empty() {
                        self.notes.push(Note {
                            at: tag.at.clone(),
                            message: ESCAPES.to_owned(),
                            decides: false,
                        });
                    }
                    nodes.push(Node::Print(self.path(tag.name, &tag.at)?));
                }
                '/' => {
                    return match open {
                        Some(open) if open.name == tag.name => Ok(nodes),
                        _ => Err(Mistake::unbalanced(
                            tag.at,
                            format!("`{{{{/{}}}}}` closes nothing", tag.name),
                        )),
                    };
                }
                _ => nodes.push(self.section(&tag)?),
            }
        }
        if let Some(open) = open {
            return Err(Mistake::unbalanced(
                open.at.clone(),
                format!("`{{{{{}{}}}}}` is never closed", open.sign, open.name),
            ));
        }
        nodes.push(Node::Text(self.text[self.from..].to_owned()));
        Ok(nodes)
    }

    fn section(&mut self, tag: &Tag<'_>) -> Result<Node, Mistake> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Mistake::new(
                tag.at.clone(),
                "sections nest too deeply",
                "take the inner ones out",
            ));
        }
        let subject = self.path(tag.name, &tag.at)?;
        let node = if tag.sign == '^' {
            let body = self.nodes(Some(tag))?;
            Node::If {
                arms: vec![(Expr::Call("not", vec![subject]), body)],
                otherwise: Vec::new(),
            }
        } else if self.is_list(tag)? {
            let outer = std::mem::replace(&mut self.is_in_items, true);
            let body = self.nodes(Some(tag))?;
            self.is_in_items = outer;
            Node::Each {
                item: None,
                list: subject,
                body,
                otherwise: Vec::new(),
            }
        } else {
            Node::If {
                arms: vec![(subject, self.nodes(Some(tag))?)],
                otherwise: Vec::new(),
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    /// Whether the section that this tag opens is of a list.
    fn is_list(&self, tag: &Tag<'_>) -> Result<bool, Mistake> {
        if self.known.lists.contains(tag.name) {
            return Ok(true);
        }
        if self.known.flags.contains(tag.name) {
            return Ok(false);
        }
        let mut depth = 0;
        let mut names = Vec::new();
        for inner in &self.tags[self.at..] {
            match inner.sign {
                '#' | '^' => {
                    depth += 1;
                    names.push(inner.name);
                }
                '/' if depth == 0 => break,
                '/' => depth -= 1,
                '!' => {}
                _ => names.push(inner.name),
            }
        }
        let is_of_items = |name: &&str| {
            let first = name.split('.').next().unwrap_or_default();
            **name == *"." || !self.is_variable(first)
        };
        if names.iter().any(is_of_items) {
            return Ok(true);
        }
        Err(Mistake::new(
            tag.at.clone(),
            format!(
                "`{{{{#{}}}}}` may be a list or a condition, and the file does not say which",
                tag.name
            ),
            "declare the variable as a list or as true or false in the source",
        ))
    }
}

//! Jinja2 and Nunjucks, as far as prompts use them: variables, conditions, loops, comments, filters.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::differs::{is_blank, may_be_of_a_text, may_print_otherwise, printable};
use super::expression::Parser;
use super::tree::{Expr, Node, Note, Template};
use super::{Known, Mistake, variable};

/// How deep blocks may nest.
const MAX_DEPTH: usize = 80;

pub(super) fn read(text: &str, is_nunjucks: bool, known: &Known) -> Result<Template, Mistake> {
    // Every line end is the same to Jinja, and it drops one at the very end.
    let lines: Cow<'_, str> = match !is_nunjucks && text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    };
    let body = match is_nunjucks {
        true => &*lines,
        false => lines.strip_suffix('\n').unwrap_or(&lines),
    };
    let mut reader = Reader {
        pieces: pieces(body, is_nunjucks)?,
        at: 0,
        is_nunjucks,
        known,
        loops: 0,
        depth: 0,
        notes: Vec::new(),
    };
    let (nodes, end) = reader.nodes()?;
    if let Some(tag) = end {
        return Err(Mistake::unbalanced(
            tag.at,
            format!("`{{% {} %}}` closes nothing", tag.word),
        ));
    }
    let mut notes = reader.notes;
    notes.sort_by_key(|note| note.at.start);
    let mut told = BTreeSet::new();
    notes.retain(|note| told.insert(note.message.clone()));
    Ok(Template { nodes, notes })
}

/// A piece of the text.
#[derive(Debug, Clone)]
enum Piece<'t> {
    Text(&'t str),
    /// `{{ … }}`, and where its inside begins.
    Print(&'t str, usize, Range<usize>),
    /// `{% … %}`.
    Tag(Tag<'t>),
}

#[derive(Debug, Clone)]
struct Tag<'t> {
    word: &'t str,
    /// What follows the word, and where.
    rest: &'t str,
    offset: usize,
    at: Range<usize>,
}

/// Cuts the text at its tags; what a `-` takes away is gone.
fn pieces(text: &str, is_nunjucks: bool) -> Result<Vec<Piece<'_>>, Mistake> {
    let mut all = Vec::new();
    let mut from = 0;
    let mut is_trimmed = false;
    let is_blank = |letter: char| is_blank(letter, is_nunjucks);
    loop {
        let (start, open) = opening(text, from).unwrap_or((text.len(), ""));
        let mut part = &text[from..start];
        if std::mem::take(&mut is_trimmed) {
            part = part.trim_start_matches(is_blank);
        }
        if open.is_empty() {
            all.push(Piece::Text(part));
            return Ok(all);
        }
        let inside = start + 2;
        let has_sign = text[inside..].starts_with(['-', '+']);
        if text[inside..].starts_with('-') {
            part = part.trim_end_matches(is_blank);
        }
        all.push(Piece::Text(part));
        let close = match open {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        let begin = inside + usize::from(has_sign);
        let end = if open == "{#" {
            text[begin..].find(close).map(|at| begin + at)
        } else {
            closing(text, begin, close)
        };
        let Some(end) = end else {
            return Err(Mistake::new(
                start..inside,
                format!("`{open}` is never closed"),
                "the template's own language refuses this, too",
            ));
        };
        let mut inner = &text[begin..end];
        from = end + 2;
        if let Some(shorter) = inner.strip_suffix('-') {
            inner = shorter;
            is_trimmed = true;
        } else if let Some(shorter) = inner.strip_suffix('+') {
            inner = shorter;
        }
        match open {
            "{{" => all.push(Piece::Print(inner, begin, start..from)),
            "{%" => {
                let trimmed = inner.trim_start();
                let offset = begin + inner.len() - trimmed.len();
                let is_inner = |letter: char| letter.is_alphanumeric() || letter == '_';
                let length = trimmed
                    .find(|letter| !is_inner(letter))
                    .unwrap_or(trimmed.len());
                let tag = Tag {
                    word: &trimmed[..length],
                    rest: &trimmed[length..],
                    offset: offset + length,
                    at: start..from,
                };
                if matches!(tag.word, "raw" | "verbatim") {
                    let (raw, after, trims) = raw(text, from, &tag, is_blank)?;
                    let raw = match is_trimmed {
                        true => raw.trim_start_matches(is_blank),
                        false => raw,
                    };
                    all.push(Piece::Text(raw));
                    from = after;
                    is_trimmed = trims;
                } else {
                    all.push(Piece::Tag(tag));
                }
            }
            _ => {}
        }
    }
}

/// Where the next tag begins, and how.
fn opening(text: &str, from: usize) -> Option<(usize, &'static str)> {
    memchr::memchr_iter(b'{', &text.as_bytes()[from..]).find_map(|at| {
        let open = match text.as_bytes().get(from + at + 1)? {
            b'{' => "{{",
            b'%' => "{%",
            b'#' => "{#",
            _ => return None,
        };
        Some((from + at, open))
    })
}

/// Where a tag ends; what stands in quotes does not end it.
fn closing(text: &str, from: usize, close: &str) -> Option<usize> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, letter) in text[from..].char_indices() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if letter == '\\' => is_escaped = true,
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if text[from + at..].starts_with(close) => return Some(from + at),
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None => {}
        }
    }
    None
}

/// What stands up to `{% endraw %}`, where it goes on, and whether blanks are taken away there.
fn raw<'t>(
    text: &'t str,
    from: usize,
    tag: &Tag<'_>,
    is_blank: impl Fn(char) -> bool,
) -> Result<(&'t str, usize, bool), Mistake> {
    let mut at = from;
    while let Some(found) = text[at..].find("{%") {
        let start = at + found;
        let inside = start + 2;
        let Some(length) = text[inside..].find("%}") else {
            break;
        };
        let inner = &text[inside..inside + length];
        let word = inner.trim_matches(['-', '+']).trim();
        if word.strip_prefix("end") == Some(tag.word) {
            let body = &text[from..start];
            let body = match inner.starts_with('-') {
                true => body.trim_end_matches(is_blank),
                false => body,
            };
            return Ok((body, inside + length + 2, inner.ends_with('-')));
        }
        at = inside;
    }
    Err(Mistake::unbalanced(
        tag.at.clone(),
        format!("`{{% {} %}}` is never closed", tag.word),
    ))
}

struct Reader<'t> {
    pieces: Vec<Piece<'t>>,
    at: usize,
    is_nunjucks: bool,
    known: &'t Known,
    loops: usize,
    depth: usize,
    notes: Vec<Note>,
}

impl<'t> Reader<'t> {
    /// The nodes up to a tag that ends them, and that tag.
    fn nodes(&mut self) -> Result<(Vec<Node>, Option<Tag<'t>>), Mistake> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.get(self.at).cloned() {
            self.at += 1;
            match piece {
                Piece::Text(text) => nodes.push(Node::Text(text.to_owned())),
                Piece::Print(inner, offset, at) => nodes.push(self.print(inner, offset, at)?),
                Piece::Tag(tag) => match tag.word {
                    "if" => nodes.push(self.condition(&tag)?),
                    "for" => nodes.push(self.each(&tag)?),
                    "elif" | "elseif" | "else" | "endif" | "endfor" => {
                        return Ok((nodes, Some(tag)));
                    }
                    word => {
                        return Err(Mistake::new(
                            tag.at,
                            format!("`{{% {word} %}}` has no counterpart in a template here"),
                            match word {
                                "include" | "import" | "extends" | "block" | "from" => {
                                    "put the text that it brings in its place"
                                }
                                _ => {
                                    "compute it in the program that fills the template, and give the result as a variable"
                                }
                            },
                        ));
                    }
                },
            }
        }
        Ok((nodes, None))
    }

    fn parser(&self, text: &str, offset: usize) -> Result<Parser<'t>, Mistake> {
        Parser::new(text, offset, self.is_nunjucks, self.known, self.loops)
    }

    fn print(&mut self, inner: &str, offset: usize, at: Range<usize>) -> Result<Node, Mistake> {
        let mut parser = self.parser(inner, offset)?;
        if let Some(text) = parser.only_text() {
            return Ok(Node::Text(text));
        }
        let value = parser.condition()?;
        let node = if parser.take_word("if") {
            let condition = parser.condition()?;
            let other = match parser.take_word("else") {
                true => {
                    let other = parser.condition()?;
                    printable(&other, at.clone())?;
                    self.printed(&other, at.clone());
                    vec![Node::Print(other)]
                }
                false => Vec::new(),
            };
            self.judged(&condition, &at);
            printable(&value, at.clone())?;
            self.printed(&value, at);
            Node::If {
                arms: vec![(condition, vec![Node::Print(value)])],
                otherwise: other,
            }
        } else {
            printable(&value, at.clone())?;
            self.printed(&value, at);
            Node::Print(value)
        };
        parser.end()?;
        self.notes.append(&mut parser.notes);
        Ok(node)
    }

    fn note(&mut self, at: Range<usize>, message: String, decides: bool) {
        self.notes.push(Note {
            at,
            message,
            decides,
        });
    }

    /// Notes that a value is printed that may be no text.
    fn printed(&mut self, value: &Expr, at: Range<usize>) {
        if may_print_otherwise(value, self.known) {
            let message = match self.is_nunjucks {
                true => {
                    "null, lists, maps and numbers such as 1.0 print as in JSON here, and as JavaScript writes them there"
                }
                false => {
                    "true, null, lists, maps and numbers such as 1e20 print as in JSON here, and as Python writes them there"
                }
            };
            self.note(at, message.to_owned(), false);
        }
    }

    /// Notes what decides another way: an empty list in JavaScript, a part of a text.
    fn judged(&mut self, condition: &Expr, at: &Range<usize>) {
        match condition {
            Expr::Path(name, keys) => {
                let is_plain = self.known.texts.contains(name) || self.known.flags.contains(name);
                if self.is_nunjucks && !(is_plain && keys.is_empty()) {
                    let message = "a list or map counts as a condition there even when it is empty, and not here";
                    self.note(at.clone(), message.to_owned(), false);
                }
                if may_be_of_a_text(condition) {
                    let message = "a text has letters by their number, and functions such as `.title`, as conditions there, and not here";
                    self.note(at.clone(), message.to_owned(), false);
                }
            }
            Expr::Call("and" | "or" | "not", args) => {
                args.iter().for_each(|arg| self.judged(arg, at));
            }
            _ => {}
        }
    }

    fn enter(&mut self, tag: &Tag<'_>) -> Result<(), Mistake> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => Err(Mistake::new(
                tag.at.clone(),
                "blocks nest too deeply",
                "take the inner ones out",
            )),
            false => Ok(()),
        }
    }

    fn unclosed(tag: &Tag<'_>) -> Mistake {
        Mistake::unbalanced(
            tag.at.clone(),
            format!("`{{% {} %}}` is never closed", tag.word),
        )
    }

    fn condition(&mut self, tag: &Tag<'t>) -> Result<Node, Mistake> {
        self.enter(tag)?;
        let mut arms = Vec::new();
        let mut otherwise = Vec::new();
        let mut open = Some(tag.clone());
        loop {
            let condition = match &open {
                Some(tag) => {
                    let mut parser = self.parser(tag.rest, tag.offset)?;
                    let condition = parser.condition()?;
                    parser.end()?;
                    self.notes.append(&mut parser.notes);
                    self.judged(&condition, &tag.at.clone());
                    Some(condition)
                }
                None => None,
            };
            let (body, end) = self.nodes()?;
            let is_last = condition.is_none();
            match condition {
                Some(condition) => arms.push((condition, body)),
                None => otherwise = body,
            }
            let end = end.ok_or_else(|| Self::unclosed(tag))?;
            match end.word {
                "endif" => break,
                "else" if !is_last => open = None,
                "elif" | "elseif" if !is_last => open = Some(end),
                _ => {
                    return Err(Mistake::new(
                        end.at,
                        format!("`{{% {} %}}` does not belong here", end.word),
                        "the template's own language refuses this, too",
                    ));
                }
            }
        }
        self.depth -= 1;
        Ok(Node::If { arms, otherwise })
    }

    fn each(&mut self, tag: &Tag<'t>) -> Result<Node, Mistake> {
        self.enter(tag)?;
        let mut parser = self.parser(tag.rest, tag.offset)?;
        let (name, at) = parser.word()?;
        let name = variable(&name, at)?;
        if parser.take_sign(",") || !parser.take_word("in") {
            return Err(Mistake::new(
                tag.at.clone(),
                "a loop over keys and values has no counterpart in a template here",
                "give the variable as a list of maps, and name their keys in the body",
            ));
        }
        let list = parser.value()?;
        parser.end()?;
        if !matches!(list, Expr::Path(..)) {
            return Err(Mistake::new(
                tag.at.clone(),
                "a loop over a computed list has no counterpart in a template here",
                "give the list as a variable",
            ));
        }
        if let Expr::Path(name, keys) = &list
            && !(keys.is_empty() && self.known.lists.contains(name))
        {
            let message = format!(
                "a loop over `{name}` goes over its values here where it is a map, and over its keys there"
            );
            // Nearly every loop goes over a list: it is said, and does not make an import fail.
            self.note(tag.at.clone(), message, false);
        }
        self.loops += 1;
        let (body, end) = self.nodes()?;
        self.loops -= 1;
        let end = end.ok_or_else(|| Self::unclosed(tag))?;
        let otherwise = match end.word {
            "endfor" => Vec::new(),
            "else" => {
                let (body, end) = self.nodes()?;
                match end {
                    Some(end) if end.word == "endfor" => body,
                    Some(end) => {
                        return Err(Mistake::new(
                            end.at,
                            format!("`{{% {} %}}` does not belong here", end.word),
                            "the template's own language refuses this, too",
                        ));
                    }
                    None => return Err(Self::unclosed(tag)),
                }
            }
            word => {
                return Err(Mistake::new(
                    end.at.clone(),
                    format!("`{{% {word} %}}` does not belong here"),
                    "the template's own language refuses this, too",
                ));
            }
        };
        self.depth -= 1;
        Ok(Node::Each {
            item: Some(name),
            list,
            body,
            otherwise,
        })
    }
}

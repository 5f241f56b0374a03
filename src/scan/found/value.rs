//! The text that an expression makes, as far as the file says it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use tree_sitter::Node;

use super::facts::Facts;
use super::names::{Bound, Moved, Names, SiteKind};
use super::syntax::{Argument, Expr, File, Part, index_of};

mod called;
mod formats;
mod lists;
mod named;
mod shape;

pub(super) use lists::Items;

/// How deep expressions are followed.
const DEEPEST: usize = 40;

/// How much of an expression is shown.
const LONGEST_EXPRESSION: usize = 300;

/// The longest text that names are followed for, so that doubling ends.
const LONGEST_TEXT: usize = 1 << 20;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bit<'t> {
    Text(String),
    Hole(Hole<'t>),
}

/// A value that the code fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hole<'t> {
    /// The words that name it, where it has some.
    pub(super) name: Option<String>,
    /// What the code says.
    pub(super) expression: String,
    /// Where it says so.
    pub(super) node: Node<'t>,
}

impl<'t> Hole<'t> {
    /// Where it stands, and whether it is a part of what stands there: a key of a map that is given.
    pub(super) fn place(&self) -> (Node<'t>, bool) {
        (self.node, self.expression.ends_with(']'))
    }
}

/// Something to say of a text, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) line: usize,
    pub(super) words: String,
}

impl Remark {
    pub(super) fn new(node: Node<'_>, words: impl Into<String>) -> Self {
        Self {
            line: node.start_position().row + 1,
            words: words.into(),
        }
    }
}

/// What another file may give another value before a function here uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settable<'t> {
    pub(super) name: &'t str,
    /// The map or the class that has it; none where the file itself does.
    pub(super) owner: Option<&'t str>,
    pub(super) line: usize,
}

/// A text, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Value<'t> {
    pub(super) bits: Vec<Bit<'t>>,
    /// What was written, the first and the last of it.
    pub(super) written: Option<(Node<'t>, Node<'t>)>,
    /// The constant that holds it.
    pub(super) constant: Option<&'t str>,
    /// What is written in another way here.
    pub(super) notes: Vec<Remark>,
    /// Why the program may send another text.
    pub(super) doubts: Vec<Remark>,
    /// What it is made of that other files may set.
    pub(super) settable: Vec<Settable<'t>>,
    /// Whether the code chooses between this and others.
    is_choice: bool,
}

impl<'t> Value<'t> {
    pub(super) fn hole(name: Option<String>, expression: String, node: Node<'t>) -> Self {
        Self {
            bits: vec![Bit::Hole(Hole {
                name,
                expression,
                node,
            })],
            ..Self::default()
        }
    }

    /// Puts a piece at the end; texts side by side are one.
    pub(super) fn put(&mut self, bit: Bit<'t>) {
        match (self.bits.last_mut(), bit) {
            (_, Bit::Text(text)) if text.is_empty() => {}
            (Some(Bit::Text(before)), Bit::Text(text)) => before.push_str(&text),
            (_, bit) => self.bits.push(bit),
        }
    }

    /// Puts another text behind this one.
    pub(super) fn append(&mut self, other: Self) {
        other.bits.into_iter().for_each(|bit| self.put(bit));
        self.written = match (self.written, other.written) {
            (Some((first, last)), Some((one, end))) => {
                let first = if one.start_byte() < first.start_byte() {
                    one
                } else {
                    first
                };
                let last = if end.end_byte() > last.end_byte() {
                    end
                } else {
                    last
                };
                Some((first, last))
            }
            (own, others) => own.or(others),
        };
        self.constant = self.constant.or(other.constant);
        for (own, others) in [
            (&mut self.notes, other.notes),
            (&mut self.doubts, other.doubts),
        ] {
            for remark in others {
                if own.len() < 100 && !own.contains(&remark) {
                    own.push(remark);
                }
            }
        }
        for one in other.settable {
            self.rely_on(one);
        }
        self.is_choice |= other.is_choice;
    }

    /// Notes that other files may set what it is made of.
    fn rely_on(&mut self, one: Settable<'t>) {
        if self.settable.len() < 100 && !self.settable.contains(&one) {
            self.settable.push(one);
        }
    }

    pub(super) fn doubt(&mut self, node: Node<'t>, words: impl Into<String>) {
        let remark = Remark::new(node, words);
        if !self.doubts.contains(&remark) {
            self.doubts.push(remark);
        }
    }

    fn note(&mut self, node: Node<'t>, words: impl Into<String>) {
        let remark = Remark::new(node, words);
        if !self.notes.contains(&remark) {
            self.notes.push(remark);
        }
    }

    /// Whether the code chooses between this and others.
    pub(super) fn is_choice(&self) -> bool {
        self.is_choice
    }

    /// What is written of it.
    pub(super) fn text(&self) -> String {
        let texts = self.bits.iter().filter_map(|bit| match bit {
            Bit::Text(text) => Some(text.as_str()),
            Bit::Hole(_) => None,
        });
        texts.collect()
    }

    /// How much there is of it.
    fn size(&self) -> usize {
        let size = |bit: &Bit<'_>| match bit {
            Bit::Text(text) => text.len(),
            Bit::Hole(hole) => hole.expression.len() + 8,
        };
        self.bits.iter().map(size).sum()
    }

    pub(super) fn words(&self) -> usize {
        let is_word = |word: &&str| word.chars().any(char::is_alphabetic);
        self.bits
            .iter()
            .map(|bit| match bit {
                Bit::Text(text) => text.split_whitespace().filter(is_word).count(),
                Bit::Hole(_) => 0,
            })
            .sum()
    }

    /// Whether it is a text, and not just values between quotes.
    pub(super) fn says_something(&self) -> bool {
        let is_blank = self.text().trim().is_empty();
        self.written.is_some() && !(is_blank && self.has_values())
    }

    pub(super) fn has_values(&self) -> bool {
        self.bits.iter().any(|bit| matches!(bit, Bit::Hole(_)))
    }

    fn holes(&self) -> impl Iterator<Item = &Hole<'t>> {
        self.bits.iter().filter_map(|bit| match bit {
            Bit::Hole(hole) => Some(hole),
            Bit::Text(_) => None,
        })
    }
}

/// Reads texts of one file.
///
/// What is not sure becomes a value that the code fills in, where the reader is strict; else it is
/// taken as it seems to be, with the reason why it may be otherwise.
pub(super) struct Reader<'r, 't> {
    pub(super) file: &'r File<'t>,
    pub(super) facts: &'r Facts<'t>,
    pub(super) names: &'r Names<'t>,
    /// Where what is read is sent: until then, what has a name may change.
    pub(super) sent_at: Cell<usize>,
    is_strict: Cell<bool>,
    /// What names stand for, by the expressions that they are bound to.
    known: RefCell<HashMap<(usize, bool), Value<'t>>>,
}

impl<'r, 't> Reader<'r, 't> {
    pub(super) fn new(file: &'r File<'t>, facts: &'r Facts<'t>, names: &'r Names<'t>) -> Self {
        Self {
            file,
            facts,
            names,
            sent_at: Cell::new(0),
            is_strict: Cell::new(false),
            known: RefCell::default(),
        }
    }

    /// The text that a node makes; a value where nothing of it is written. What is doubtful in it is a
    /// value if enough remains, and else a doubt.
    pub(super) fn value(&self, node: Node<'t>) -> Value<'t> {
        let loose = self.value_at(node, 0);
        if loose.doubts.is_empty() && !loose.is_choice {
            return loose;
        }
        let strict = self.strict(node);
        match strict.words() >= 2 {
            true => strict,
            false => loose,
        }
    }

    /// Why a list or a map that has a name may hold something else where it is sent.
    pub(super) fn unsteady(&self, name: &'t str, node: Node<'t>, is_list: bool) -> Option<String> {
        let until = self.sent_at.get();
        self.names.unsteady(name, node, until, is_list)
    }

    /// The text of a node in which all that is doubtful is a value.
    fn strict(&self, node: Node<'t>) -> Value<'t> {
        let before = self.is_strict.replace(true);
        let value = self.value_at(node, 0);
        self.is_strict.set(before);
        value
    }

    /// A text that is all written, such as a role.
    pub(super) fn exact(&self, node: Node<'t>) -> Option<String> {
        let value = self.strict(node);
        let is_whole = value.written.is_some() && !value.has_values() && value.doubts.is_empty();
        is_whole.then(|| value.text())
    }

    fn value_at(&self, node: Node<'t>, depth: usize) -> Value<'t> {
        if depth > DEEPEST || !self.facts.spend(1) {
            self.facts.give_up(node);
            return self.unknown(node);
        }
        match self.file.expr(node) {
            Expr::Text(parts, is_whole) => self.written(node, parts, is_whole, depth),
            Expr::Join(nodes) => self.joined(node, &nodes, depth),
            Expr::Name(name) => self.named(name, node, depth),
            Expr::Member(object, name) => self.member(node, object, name, depth),
            Expr::Index(object, key) => match self.entry(object, key, node, depth) {
                Some(value) => value,
                None => self.unknown(node),
            },
            Expr::Choice(nodes) => self.chosen(node, &nodes, depth),
            Expr::Percent(text, given) if self.file.traits().fills_in_by_percent => {
                let value = self.value_at(text, depth + 1);
                match value.written {
                    Some(_) => self.percent(node, value, given),
                    None => self.unknown(node),
                }
            }
            Expr::Call(call) => self.called(node, &call, depth),
            Expr::Plain(plain) if !plain.is_boolean() => match is_counted(&plain.to_string()) {
                true => Value {
                    bits: vec![Bit::Text(plain.to_string())],
                    ..Value::default()
                },
                false => self.unknown(node),
            },
            _ => self.unknown(node),
        }
    }

    /// A text, with what is filled in.
    fn written(
        &self,
        node: Node<'t>,
        parts: Vec<Part<'t>>,
        is_whole: bool,
        depth: usize,
    ) -> Value<'t> {
        let mut value = Value {
            written: Some((node, node)),
            ..Value::default()
        };
        for part in parts {
            match part {
                Part::Text(text) => value.put(Bit::Text(text)),
                Part::Value(inner, None) => {
                    let place = value.written;
                    value.append(self.value_at(inner, depth + 1));
                    value.written = place;
                }
                // How it is formatted is for the program to say.
                Part::Value(inner, Some(formatted)) => {
                    let name = self.name_of(inner);
                    let quote = ["\"", "'", "\"\"\"", "'''"]
                        .into_iter()
                        .find(|quote| !formatted.contains(*quote))
                        .unwrap_or("\"");
                    let expression = format!("f{quote}{formatted}{quote}");
                    value.append(Value::hole(name, expression, inner));
                }
            }
        }
        match is_whole {
            true => value,
            false => self.or_hole(node, value, "an escape in the text is not understood"),
        }
    }

    /// Texts that are added, or stand side by side.
    fn joined(&self, node: Node<'t>, nodes: &[(Node<'t>, Node<'t>)], depth: usize) -> Value<'t> {
        let mut values: Vec<Value<'t>> = Vec::with_capacity(nodes.len());
        for (inner, _) in nodes {
            values.push(self.value_at(*inner, depth + 1));
        }
        let Some(first) = values.iter().position(|value| value.written.is_some()) else {
            return self.unknown(node);
        };
        // `1 + x + "a"` adds numbers first.
        let mut all = Value::default();
        let mut values = values.into_iter();
        if first > 1 {
            all.append(self.unknown(nodes[first - 1].1));
            values.by_ref().take(first).for_each(drop);
        }
        values.for_each(|value| all.append(value));
        all
    }

    /// One of several texts: the longest that is written.
    fn chosen(&self, node: Node<'t>, nodes: &[Node<'t>], depth: usize) -> Value<'t> {
        if self.is_strict.get() {
            return self.unknown(node);
        }
        let says = |value: &Value<'t>| value.written.is_some() && !value.text().is_empty();
        let values: Vec<Value<'t>> = nodes
            .iter()
            .map(|inner| self.value_at(*inner, depth + 1))
            .collect();
        let texts = values.iter().filter(|value| says(value)).count();
        let longest = values
            .into_iter()
            .filter(says)
            .max_by_key(|value| value.text().len());
        match longest {
            Some(mut value) => {
                value.is_choice = true;
                let words = match texts {
                    1 => "the code may take something else than this text",
                    _ => "the code chooses between texts",
                };
                value.doubt(node, words);
                value
            }
            None => self.unknown(node),
        }
    }

    /// A value that is not sure: what the code fills in, where the reader is strict.
    fn or_hole(&self, node: Node<'t>, mut value: Value<'t>, why: impl Into<String>) -> Value<'t> {
        if self.is_strict.get() {
            return self.unknown(node);
        }
        value.doubt(node, why);
        value
    }

    pub(super) fn unknown(&self, node: Node<'t>) -> Value<'t> {
        Value::hole(self.name_of(node), self.shown(node), node)
    }

    /// The name of a value: `user.name` as `user_name`.
    pub(super) fn name_of(&self, node: Node<'t>) -> Option<String> {
        let mut words = Vec::new();
        let mut node = node;
        for _ in 0..6 {
            match self.file.expr(node) {
                Expr::Name(name) => {
                    if !self.file.traits().own_objects.contains(&name) || words.is_empty() {
                        words.push(name);
                    }
                    words.reverse();
                    let joined: String = words.join("_");
                    let trimmed = joined.trim_start_matches(['_', '$', '#']).replace('$', "_");
                    return is_name(&trimmed).then_some(trimmed);
                }
                Expr::Member(object, name) => {
                    words.push(name.trim_start_matches('#'));
                    node = object;
                }
                Expr::Index(object, key) => {
                    words.push(key);
                    node = object;
                }
                _ => return None,
            }
        }
        None
    }

    /// What the code says, on one line.
    pub(super) fn shown(&self, node: Node<'t>) -> String {
        let word = self.file.word(node);
        let mut end = word.floor_char_boundary(LONGEST_EXPRESSION.min(word.len()));
        // Texts and comments of several lines cannot stand on one.
        if word.contains('\n') {
            let odd = ["#", "//", "/*", "\"\"\"", "'''", "`", "\\\n"];
            let first = odd.iter().filter_map(|odd| word.find(odd)).min();
            end = first.map_or(end, |at| end.min(at));
        }
        let lines: Vec<&str> = word[..end].lines().map(str::trim).collect();
        let mut shown = lines.join(" ");
        if end < word.len() {
            shown.truncate(shown.trim_end().len());
            shown.push('…');
        } else if matches!(node.kind(), "expression_list" | "sequence_expression") {
            shown = format!("({shown})");
        }
        shown
    }
}

/// Whether a number is written as every language prints it.
fn is_counted(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let is_plain = digits == "0" || !digits.starts_with('0');
    is_plain && number != "-0" && digits.len() < 16 && digits.bytes().all(|it| it.is_ascii_digit())
}

pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

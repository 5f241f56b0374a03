//! The text that an expression makes, as far as the file says it.

use tree_sitter::Node;

use super::facts::{BindingKind, Facts};
use super::syntax::{Call, Expr, File, Part, value_of};

mod formats;

/// How deep expressions are followed.
const DEEPEST: usize = 40;

/// How much of an expression is shown.
const LONGEST_EXPRESSION: usize = 300;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bit {
    Text(String),
    /// A value: the words that name it, where it has some, and what the code says.
    Value(Option<String>, String),
}

/// A text, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Value<'t> {
    pub(super) bits: Vec<Bit>,
    /// What was written, the first and the last of it.
    pub(super) written: Option<(Node<'t>, Node<'t>)>,
    /// The constant that holds it.
    pub(super) constant: Option<&'t str>,
    /// What the file says otherwise.
    pub(super) lost: Vec<&'static str>,
}

impl<'t> Value<'t> {
    fn hole(name: Option<String>, expression: String) -> Self {
        Self {
            bits: vec![Bit::Value(name, expression)],
            ..Self::default()
        }
    }

    /// Puts another text behind this one.
    pub(super) fn append(&mut self, other: Self) {
        self.bits.extend(other.bits);
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
        self.lost.extend(other.lost);
    }

    /// What is written of it.
    pub(super) fn text(&self) -> String {
        let texts = self.bits.iter().filter_map(|bit| match bit {
            Bit::Text(text) => Some(text.as_str()),
            Bit::Value(..) => None,
        });
        texts.collect()
    }

    pub(super) fn words(&self) -> usize {
        let is_word = |word: &&str| word.chars().any(char::is_alphabetic);
        self.bits
            .iter()
            .map(|bit| match bit {
                Bit::Text(text) => text.split_whitespace().filter(is_word).count(),
                Bit::Value(..) => 0,
            })
            .sum()
    }

    pub(super) fn has_values(&self) -> bool {
        self.bits.iter().any(|bit| matches!(bit, Bit::Value(..)))
    }

    /// The documentation of a class as `inspect.cleandoc` gives it: without the margin of all lines
    /// but the first.
    pub(super) fn cleaned(&mut self) {
        let text = self.text();
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let first = first.trim_start().to_owned();
        self.bits = vec![Bit::Text(rest.to_owned())];
        self.dedent();
        let rest = self.text();
        let whole = if rest.is_empty() {
            first
        } else {
            format!("{first}\n{rest}")
        };
        self.bits = vec![Bit::Text(whole.trim().to_owned())];
    }

    /// Every text that is `from` becomes what `to` is.
    fn replace(&mut self, from: &str, to: &[Bit]) {
        let mut bits = Vec::new();
        for bit in self.bits.drain(..) {
            match bit {
                Bit::Text(text) if text.contains(from) => {
                    for (index, part) in text.split(from).enumerate() {
                        if index > 0 {
                            bits.extend_from_slice(to);
                        }
                        bits.push(Bit::Text(part.to_owned()));
                    }
                }
                other => bits.push(other),
            }
        }
        self.bits = bits;
    }

    fn trim(&mut self, start: bool, end: bool) {
        if let (true, Some(Bit::Text(text))) = (start, self.bits.first_mut()) {
            *text = text.trim_start().to_owned();
        }
        if let (true, Some(Bit::Text(text))) = (end, self.bits.last_mut()) {
            text.truncate(text.trim_end().len());
        }
    }

    /// Takes away the blanks that all lines begin with, as `textwrap.dedent` does.
    fn dedent(&mut self) {
        const VALUE: char = '\u{fff9}';
        let mut flat = String::new();
        let mut values = Vec::new();
        for bit in self.bits.drain(..) {
            match bit {
                Bit::Text(text) => flat.push_str(&text),
                value @ Bit::Value(..) => {
                    flat.push(VALUE);
                    values.push(value);
                }
            }
        }
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let lines = flat.lines().filter(|line| !line.trim().is_empty());
        let margin = lines.map(indent).min().unwrap_or(0);
        let mut values = values.into_iter();
        let mut text = String::new();
        for line in flat.split_inclusive('\n') {
            let is_blank = line.trim().is_empty();
            let line = match is_blank {
                true => line.trim_start_matches([' ', '\t']),
                false => line.get(margin..).unwrap_or(line),
            };
            for letter in line.chars() {
                match values.len() {
                    left if letter == VALUE && left > 0 => {
                        self.bits.push(Bit::Text(std::mem::take(&mut text)));
                        self.bits.extend(values.next());
                    }
                    _ => text.push(letter),
                }
            }
        }
        self.bits.push(Bit::Text(text));
    }
}

/// Reads texts of one file.
pub(super) struct Reader<'r, 't> {
    pub(super) file: &'r File<'t>,
    pub(super) facts: &'r Facts<'t>,
}

impl<'t> Reader<'_, 't> {
    /// The text that a node makes; a value where nothing of it is written.
    pub(super) fn value(&self, node: Node<'t>) -> Value<'t> {
        self.value_at(node, 0)
    }

    fn value_at(&self, node: Node<'t>, depth: usize) -> Value<'t> {
        if depth > DEEPEST || !self.facts.spend(1) {
            return self.unknown(node);
        }
        let next = |inner: Node<'t>| self.value_at(inner, depth + 1);
        match self.file.expr(node) {
            Expr::Text(parts) => {
                let mut value = Value {
                    written: Some((node, node)),
                    ..Value::default()
                };
                for part in parts {
                    match part {
                        Part::Text(text) => value.bits.push(Bit::Text(text)),
                        Part::Value(inner, None) => {
                            let place = value.written;
                            value.append(next(inner));
                            value.written = place;
                        }
                        // How it is formatted is for the program to say.
                        Part::Value(inner, Some(formatted)) => {
                            let name = self.name_of(inner);
                            value
                                .bits
                                .push(Bit::Value(name, format!("f\"{formatted}\"")));
                        }
                    }
                }
                value
            }
            Expr::Join(nodes) => {
                let mut all = Value::default();
                for inner in nodes {
                    all.append(next(inner));
                }
                all
            }
            Expr::Name(name) => self.named(name, node, depth),
            Expr::Member(object, name) => {
                let is_own = matches!(self.file.expr(object), Expr::Name("self" | "cls" | "this"))
                    || self.file.word(object).starts_with(char::is_uppercase);
                let bound = self.facts.bound_once(name).filter(|_| is_own);
                let bound = self.entry(object, name).or(bound);
                match bound.map(next).filter(|value| value.written.is_some()) {
                    Some(value) => Value {
                        constant: Some(name),
                        ..value
                    },
                    None => self.unknown(node),
                }
            }
            Expr::Index(object, key) => match self.entry(object, key) {
                Some(entry) => {
                    let value = next(entry);
                    match value.written {
                        Some(_) => value,
                        None => self.unknown(node),
                    }
                }
                None => self.unknown(node),
            },
            Expr::Choice(nodes) => {
                let values = nodes.into_iter().map(next);
                let longest =
                    values.max_by_key(|value| (value.written.is_some(), value.text().len()));
                let says = |value: &Value<'t>| value.written.is_some() && !value.text().is_empty();
                match longest.filter(says) {
                    Some(mut value) => {
                        value
                            .lost
                            .push("the code chooses between texts: the longest was taken");
                        value
                    }
                    None => self.unknown(node),
                }
            }
            Expr::Percent(text, given) => {
                let mut value = next(text);
                self.percent(&mut value, given);
                value
            }
            Expr::Call(call) => self.called(node, &call, depth),
            Expr::Plain(plain) if !plain.is_boolean() => Value {
                bits: vec![Bit::Text(plain.to_string())],
                ..Value::default()
            },
            _ => self.unknown(node),
        }
    }

    /// The value of a key in a map that has a name.
    fn entry(&self, object: Node<'t>, key: &str) -> Option<Node<'t>> {
        let Expr::Name(name) = self.file.expr(object) else {
            return None;
        };
        let bound = self.facts.bound(name, object.start_byte())?;
        match self.file.expr(bound.value) {
            Expr::Map(entries) => value_of(&entries, &[key]),
            _ => None,
        }
    }

    fn named(&self, name: &'t str, node: Node<'t>, depth: usize) -> Value<'t> {
        let Some(bound) = self.facts.bound(name, node.start_byte()) else {
            return self.unknown(node);
        };
        let is_itself = bound.value.byte_range().contains(&node.start_byte());
        if is_itself {
            return self.unknown(node);
        }
        let mut value = self.value_at(bound.value, depth + 1);
        if value.written.is_none() {
            return self.unknown(node);
        }
        for added in bound.added {
            if let BindingKind::Add(more) = added {
                value.append(self.value_at(more, depth + 1));
                value
                    .lost
                    .push("the text is put together in steps: all of them were taken");
            }
        }
        if bound.is_one_of_several {
            value
                .lost
                .push("the text is set in several places: the last one was taken");
        }
        value.constant = Some(name);
        value
    }

    fn called(&self, node: Node<'t>, call: &Call<'t>, depth: usize) -> Value<'t> {
        let next = |inner: Node<'t>| self.value_at(inner, depth + 1);
        let first = call.arguments.first().map(|it| it.value);
        let (object, method) = match self.file.expr(call.callee) {
            // What a bundler makes of an import: `dedent.default`.
            Expr::Member(object, "default") => match self.file.expr(object) {
                Expr::Name(name) | Expr::Member(_, name) => (None, name),
                _ => return self.unknown(node),
            },
            Expr::Member(object, method) => (Some(object), method),
            Expr::Name(name) => (None, name),
            _ => return self.unknown(node),
        };
        let written = |value: Value<'t>| match value.written {
            Some(_) => value,
            None => self.unknown(node),
        };
        match (object, method, first) {
            (_, "cleandoc", Some(text)) => {
                let mut value = next(text);
                match value.has_values() {
                    true => self.unknown(node),
                    false => {
                        value.cleaned();
                        written(value)
                    }
                }
            }
            (_, "dedent" | "stripIndent" | "outdent", Some(text)) => {
                let mut value = next(text);
                value.dedent();
                // `textwrap.dedent` keeps the first line end and the last.
                if !self.file.language.is_python() {
                    value.trim(true, true);
                }
                written(value)
            }
            (
                Some(text),
                way @ ("strip" | "trim" | "lstrip" | "trimStart" | "rstrip" | "trimEnd"),
                None,
            ) => {
                let mut value = next(text);
                let start = !matches!(way, "rstrip" | "trimEnd");
                value.trim(start, !matches!(way, "lstrip" | "trimStart"));
                written(value)
            }
            (Some(text), "format", _) if self.file.language.is_python() => {
                let value = next(text);
                if value.written.is_none() {
                    return self.unknown(node);
                }
                self.formatted(value, &call.arguments)
            }
            (Some(text), "replace" | "replaceAll", Some(from)) => {
                let mut value = next(text);
                let from = next(from);
                let to = call.arguments.get(1).map(|it| next(it.value));
                // `replace` of JavaScript changes the first only, and that of Python takes a number.
                let is_whole = match self.file.language.is_python() || method == "replaceAll" {
                    true => call.arguments.len() == 2,
                    false => value.text().matches(&from.text()).count() < 2,
                };
                match (from.has_values() || !is_whole, to) {
                    (false, Some(to)) if !from.text().is_empty() && value.written.is_some() => {
                        value.replace(&from.text(), &to.bits);
                        value
                    }
                    _ => self.unknown(node),
                }
            }
            // `"\n".join(lines)` and `lines.join("\n")`
            (Some(object), "join", given) => {
                let (list, between) = match self.file.language.is_python() {
                    true => (given, Some(object)),
                    false => (Some(object), given),
                };
                let between = between.map_or_else(|| ",".to_owned(), |it| next(it).text());
                let Some(items) = list.and_then(|list| self.items(list)) else {
                    return self.unknown(node);
                };
                let mut all = Value::default();
                for (index, item) in items.into_iter().enumerate() {
                    if index > 0 {
                        all.bits.push(Bit::Text(between.clone()));
                    }
                    all.append(next(item));
                }
                written(all)
            }
            (Some(list), "filter", _) => written(next(list)),
            (None, "str" | "String" | "Template", Some(text)) => written(next(text)),
            _ => self.unknown(node),
        }
    }

    /// The items of a list, also of one that has a name and to which some are added later.
    pub(super) fn items(&self, node: Node<'t>) -> Option<Vec<Node<'t>>> {
        match self.file.expr(node) {
            Expr::List(items) => Some(items),
            Expr::Name(name) => {
                let bound = self.facts.bound(name, node.start_byte())?;
                if bound.value.byte_range().contains(&node.start_byte()) {
                    return None;
                }
                let Expr::List(mut items) = self.file.expr(bound.value) else {
                    return None;
                };
                for added in bound.added {
                    match added {
                        BindingKind::Append(item) => items.push(item),
                        BindingKind::Add(more) => match self.file.expr(more) {
                            Expr::List(more) => items.extend(more),
                            _ => return Some(items),
                        },
                        _ => {}
                    }
                }
                Some(items)
            }
            // `[a, b] + more`, and `[a].filter(Boolean)`
            Expr::Join(nodes) => {
                let mut all = Vec::new();
                for inner in nodes {
                    match self.file.expr(inner) {
                        Expr::List(items) => all.extend(items),
                        _ => all.push(inner),
                    }
                }
                (!all.is_empty()).then_some(all)
            }
            Expr::Call(call) => match self.file.expr(call.callee) {
                Expr::Member(list, "filter") => match self.file.expr(list) {
                    Expr::List(items) => Some(items),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn unknown(&self, node: Node<'t>) -> Value<'t> {
        Value::hole(self.name_of(node), self.shown(node))
    }

    /// The name of a value: `user.name` as `user_name`.
    pub(super) fn name_of(&self, node: Node<'t>) -> Option<String> {
        let mut words = Vec::new();
        let mut node = node;
        for _ in 0..6 {
            match self.file.expr(node) {
                Expr::Name(name) => {
                    if !matches!(name, "self" | "this" | "cls") || words.is_empty() {
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
        let end = word.floor_char_boundary(LONGEST_EXPRESSION.min(word.len()));
        let words: Vec<&str> = word[..end].split_whitespace().collect();
        let mut shown = words.join(" ");
        if end < word.len() {
            shown.push('…');
        }
        shown
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

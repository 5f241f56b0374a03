//! Texts that code fills in itself: `str.format` and `%`.

use tree_sitter::Node;

use super::{Bit, Reader, Value, is_counted, is_name};
use crate::scan::found::syntax::{Argument, Expr};

/// What a format asks for.
enum Given<'t> {
    Node(Node<'t>),
    /// The value of a key in what is given, and where that stands.
    Key(String, Node<'t>),
    Nothing,
}

impl<'t> Reader<'_, 't> {
    /// `{name}` and `{}` of `str.format`.
    pub(super) fn formatted(
        &self,
        node: Node<'t>,
        mut value: Value<'t>,
        arguments: &[Argument<'t>],
        depth: usize,
    ) -> Value<'t> {
        let by_place: Vec<Node<'t>> = arguments
            .iter()
            .filter(|it| it.is_by_place())
            .map(|it| it.value)
            .collect();
        let spread = arguments.iter().find(|it| it.is_spread).map(|it| it.value);
        let given = |name: &str, at: &mut usize| match name.parse::<usize>() {
            Ok(index) => by_place
                .get(index)
                .map_or(Given::Nothing, |it| Given::Node(*it)),
            Err(_) if name.is_empty() => {
                *at += 1;
                by_place
                    .get(*at - 1)
                    .map_or(Given::Nothing, |it| Given::Node(*it))
            }
            Err(_) => {
                let named = arguments.iter().find(|it| it.key == Some(name));
                match (named, spread) {
                    (Some(named), _) => Given::Node(named.value),
                    (None, Some(map)) => {
                        Given::Key(format!("{}[\"{name}\"]", self.shown(map)), map)
                    }
                    (None, None) => Given::Nothing,
                }
            }
        };
        // What was filled in before is read as a format, too.
        let mut is_sure = !value.has_values();
        let mut at = 0;
        let bits = std::mem::take(&mut value.bits);
        for bit in bits {
            let Bit::Text(text) = bit else {
                value.put(bit);
                continue;
            };
            let mut rest = text.as_str();
            while let Some(found) = rest.find(['{', '}']) {
                value.put(Bit::Text(rest[..found].to_owned()));
                rest = &rest[found..];
                let is_double = rest.starts_with("{{") || rest.starts_with("}}");
                let field = rest
                    .find('}')
                    .filter(|_| rest.starts_with('{') && !is_double);
                let Some(end) = field else {
                    is_sure &= is_double;
                    value.put(Bit::Text(rest[..1].to_owned()));
                    rest = &rest[if is_double { 2 } else { 1 }..];
                    continue;
                };
                let inner = &rest[1..end];
                rest = &rest[end + 1..];
                // A format within a format.
                is_sure &= !inner.contains('{');
                let name = inner.split([':', '!', '.', '[']).next().unwrap_or_default();
                let is_plain = inner == name;
                match given(name, &mut at) {
                    Given::Node(one) if is_plain => {
                        let own = self.value_at(one, depth + 1);
                        let place = value.written;
                        match own.written {
                            Some(_) => value.append(own),
                            None => {
                                let hint = is_name(name).then(|| name.to_owned());
                                let hint = hint.or_else(|| self.name_of(one));
                                value.append(Value::hole(hint, self.shown(one), one));
                            }
                        }
                        value.written = place;
                    }
                    Given::Node(one) => {
                        let quote = if inner.contains('\'') { '"' } else { '\'' };
                        let expression = format!(
                            "{quote}{{0{}}}{quote}.format({})",
                            &inner[name.len()..],
                            self.shown(one)
                        );
                        value.append(Value::hole(self.name_of(one), expression, one));
                    }
                    Given::Key(expression, map) => {
                        is_sure &= is_plain;
                        value.append(Value::hole(Some(name.to_owned()), expression, map));
                    }
                    Given::Nothing => {
                        is_sure = false;
                        let hint = is_name(name).then(|| name.to_owned());
                        value.append(Value::hole(hint, name.to_owned(), node));
                    }
                }
            }
            value.put(Bit::Text(rest.to_owned()));
        }
        match is_sure {
            true => value,
            false => self.or_hole(node, value, "`format` is given what is not followed"),
        }
    }

    /// `%s`, `%d` and `%(name)s`.
    pub(super) fn percent(
        &self,
        node: Node<'t>,
        mut value: Value<'t>,
        given: Node<'t>,
    ) -> Value<'t> {
        let (by_place, by_name, map) = match self.file.expr(given) {
            Expr::List(items) => (items, Vec::new(), None),
            Expr::Map(entries) => (Vec::new(), entries, None),
            _ => (vec![given], Vec::new(), Some(given)),
        };
        let mut is_sure = !value.has_values() && !by_name.iter().any(|it| it.is_spread);
        is_sure &= !by_place
            .iter()
            .any(|it| matches!(self.file.expr(*it), Expr::Spread(_)));
        let mut is_by_name = false;
        let mut places = by_place.into_iter();
        let bits = std::mem::take(&mut value.bits);
        for bit in bits {
            let Bit::Text(text) = bit else {
                value.put(bit);
                continue;
            };
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once('%') {
                value.put(Bit::Text(before.to_owned()));
                if let Some(after) = after.strip_prefix('%') {
                    value.put(Bit::Text("%".to_owned()));
                    rest = after;
                    continue;
                }
                let Some((name, spec, after)) = specification(after) else {
                    is_sure = false;
                    value.put(Bit::Text("%".to_owned()));
                    rest = after;
                    continue;
                };
                rest = after;
                is_by_name |= name.is_some();
                let one = match (name, map) {
                    (Some(name), Some(map)) => {
                        Given::Key(format!("{}[\"{name}\"]", self.shown(map)), map)
                    }
                    (Some(name), None) => by_name
                        .iter()
                        .rfind(|it| it.key == Some(name))
                        .map_or(Given::Nothing, |it| Given::Node(it.value)),
                    (None, _) => places.next().map_or(Given::Nothing, Given::Node),
                };
                if let Given::Node(one) = one
                    && let Some(text) = self.folded(one, spec)
                {
                    value.put(Bit::Text(text));
                    continue;
                }
                let hint = name.filter(|name| is_name(name)).map(str::to_owned);
                let (expression, place, own) = match one {
                    Given::Node(one) => (self.shown(one), one, self.name_of(one)),
                    Given::Key(expression, map) => (expression, map, None),
                    Given::Nothing => {
                        is_sure = false;
                        ("?".to_owned(), node, None)
                    }
                };
                let expression = match spec {
                    "s" => expression,
                    spec => format!("'%{spec}' % ({expression},)"),
                };
                value.append(Value::hole(hint.or(own), expression, place));
            }
            value.put(Bit::Text(rest.to_owned()));
        }
        // More is given than is asked for.
        is_sure &= is_by_name || places.next().is_none();
        match is_sure {
            true => value,
            false => self.or_hole(node, value, "`%` is given what is not followed"),
        }
    }
}

impl<'t> Reader<'_, 't> {
    /// What a written text or a whole number is where it is filled in as such.
    fn folded(&self, node: Node<'t>, spec: &str) -> Option<String> {
        let plain = match self.file.expr(node) {
            Expr::Plain(plain) => Some(plain.to_string()).filter(|it| is_counted(it)),
            _ => None,
        };
        match spec {
            "s" => plain.or_else(|| self.exact(node)),
            "d" | "i" => plain,
            _ => None,
        }
    }
}

/// What stands behind a `%`: a name, how it is printed, and the rest.
fn specification(text: &str) -> Option<(Option<&str>, &str, &str)> {
    let (name, rest) = match text.strip_prefix('(') {
        Some(rest) => {
            let (name, rest) = rest.split_once(')')?;
            (Some(name), rest)
        }
        None => (None, text),
    };
    let flags = rest.trim_start_matches(['#', '0', '-', ' ', '+']);
    let width = flags.trim_start_matches(|it: char| it.is_ascii_digit());
    let precision = match width.strip_prefix('.') {
        Some(digits) => digits.trim_start_matches(|it: char| it.is_ascii_digit()),
        None => width,
    };
    let kind = precision.trim_start_matches(['h', 'l', 'L']);
    if !kind.starts_with([
        'd', 'i', 'o', 'u', 'x', 'X', 'e', 'E', 'f', 'F', 'g', 'G', 'c', 'r', 's', 'a',
    ]) {
        return None;
    }
    let length = rest.len() - kind.len() + 1;
    Some((name, &rest[..length], &rest[length..]))
}

//! Texts that code fills in itself: `str.format` and `%`.

use tree_sitter::Node;

use super::{Bit, DEEPEST, Reader, Value, is_name};
use crate::scan::found::syntax::{Argument, Expr};

impl<'t> Reader<'_, 't> {
    /// `{name}` and `{}` of `str.format`.
    pub(super) fn formatted(&self, mut value: Value<'t>, arguments: &[Argument<'t>]) -> Value<'t> {
        let mut positions = arguments.iter().filter(|it| it.key.is_none());
        let by_place: Vec<Node<'t>> = positions.by_ref().map(|it| it.value).collect();
        let mut at = 0;
        let mut bits = Vec::new();
        for bit in std::mem::take(&mut value.bits) {
            let Bit::Text(text) = bit else {
                bits.push(bit);
                continue;
            };
            let mut plain = String::new();
            let mut rest = text.as_str();
            while let Some(found) = rest.find(['{', '}']) {
                plain.push_str(&rest[..found]);
                rest = &rest[found..];
                let is_double = rest.starts_with("{{") || rest.starts_with("}}");
                let field = rest
                    .find('}')
                    .filter(|_| rest.starts_with('{') && !is_double);
                let Some(end) = field else {
                    plain.push_str(&rest[..1]);
                    rest = &rest[if is_double { 2 } else { 1 }..];
                    continue;
                };
                let inner = &rest[1..end];
                rest = &rest[end + 1..];
                let name = inner.split([':', '!', '.', '[']).next().unwrap_or_default();
                let given = match name.parse::<usize>() {
                    Ok(index) => by_place.get(index).copied(),
                    Err(_) if name.is_empty() => {
                        at += 1;
                        by_place.get(at - 1).copied()
                    }
                    Err(_) => arguments
                        .iter()
                        .find(|it| it.key == Some(name))
                        .map(|it| it.value),
                };
                bits.push(Bit::Text(std::mem::take(&mut plain)));
                let is_plain = inner == name;
                match given {
                    Some(node) if is_plain => {
                        let own = self.value_at(node, DEEPEST - 2);
                        match own.written {
                            Some(_) => bits.extend(own.bits),
                            None => {
                                let is_name = name.parse::<usize>().is_err() && !name.is_empty();
                                let hint = is_name.then(|| name.to_owned());
                                bits.push(Bit::Value(
                                    hint.or_else(|| self.name_of(node)),
                                    self.shown(node),
                                ));
                            }
                        }
                    }
                    Some(node) => {
                        let expression = format!(
                            "'{{0{}}}'.format({})",
                            &inner[name.len()..],
                            self.shown(node)
                        );
                        bits.push(Bit::Value(self.name_of(node), expression));
                    }
                    None => {
                        let hint = is_name(name).then(|| name.to_owned());
                        bits.push(Bit::Value(hint, name.to_owned()));
                    }
                }
            }
            plain.push_str(rest);
            bits.push(Bit::Text(plain));
        }
        value.bits = bits;
        value
    }

    /// `%s`, `%d` and `%(name)s`.
    pub(super) fn percent(&self, value: &mut Value<'t>, given: Node<'t>) {
        let (by_place, by_name) = match self.file.expr(given) {
            Expr::List(items) => (items, Vec::new()),
            Expr::Map(entries) => (Vec::new(), entries),
            _ => (vec![given], Vec::new()),
        };
        let mut places = by_place.into_iter();
        let mut bits = Vec::new();
        for bit in std::mem::take(&mut value.bits) {
            let Bit::Text(text) = bit else {
                bits.push(bit);
                continue;
            };
            let mut plain = String::new();
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once('%') {
                plain.push_str(before);
                if let Some(after) = after.strip_prefix('%') {
                    plain.push('%');
                    rest = after;
                    continue;
                }
                let name = after
                    .strip_prefix('(')
                    .and_then(|after| after.split_once(')'));
                let (name, after) = match name {
                    Some((name, after)) => (Some(name), after),
                    None => (None, after),
                };
                let Some(end) = after.find(|it: char| it.is_ascii_alphabetic()) else {
                    plain.push('%');
                    rest = after;
                    continue;
                };
                let (spec, after) = after.split_at(end + 1);
                rest = after;
                let node = match name {
                    Some(name) => by_name
                        .iter()
                        .find(|it| it.key == Some(name))
                        .map(|it| it.value),
                    None => places.next(),
                };
                bits.push(Bit::Text(std::mem::take(&mut plain)));
                let shown = node.map(|node| self.shown(node));
                let hint = name
                    .filter(|name| is_name(name))
                    .map(str::to_owned)
                    .or_else(|| node.and_then(|node| self.name_of(node)));
                let expression = shown.unwrap_or_else(|| "?".to_owned());
                bits.push(Bit::Value(
                    hint,
                    match spec {
                        "s" | "d" => expression,
                        spec => format!("'%{spec}' % ({expression},)"),
                    },
                ));
            }
            plain.push_str(rest);
            bits.push(Bit::Text(plain));
        }
        value.bits = bits;
    }
}

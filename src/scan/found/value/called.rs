//! Texts that calls make of others.

use tree_sitter::Node;

use super::{Bit, Expr, Reader, Value};
use crate::scan::found::language::Dedent;
use crate::scan::found::syntax::Call;

impl<'t> Reader<'_, 't> {
    pub(super) fn called(&self, node: Node<'t>, call: &Call<'t>, depth: usize) -> Value<'t> {
        let next = |inner: Node<'t>| self.value_at(inner, depth + 1);
        let traits = self.file.traits();
        if call.arguments.iter().any(|it| it.is_spread) && !traits.names_arguments {
            return self.unknown(node);
        }
        let first = call.arguments.first().filter(|it| !it.is_spread);
        let first = first.map(|it| it.value);
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
        let is_alone = call.arguments.len() == 1;
        match (object, method, first) {
            (_, "cleandoc", Some(text)) if is_alone && self.is_of_library(call.callee) => {
                let mut value = next(text);
                let is_plain =
                    value.is_plain_block(Dedent::Textwrap) && !value.text().contains('\t');
                match (value.has_values(), value.written) {
                    (false, Some(_)) => {
                        value.cleaned();
                        match is_plain {
                            true => value,
                            false => self.or_hole(node, value, "`cleandoc` changes more blanks"),
                        }
                    }
                    _ => self.unknown(node),
                }
            }
            (_, "dedent" | "stripIndent" | "outdent", Some(text))
                if is_alone && self.is_of_library(call.callee) =>
            {
                let value = next(text);
                match value.written {
                    Some(_) => self.dedented(node, value),
                    None => self.unknown(node),
                }
            }
            (
                Some(text),
                way @ ("strip" | "trim" | "lstrip" | "trimStart" | "rstrip" | "trimEnd"),
                None,
            ) if call.arguments.is_empty() => {
                let mut value = next(text);
                if value.written.is_none() {
                    return self.unknown(node);
                }
                let start = !matches!(way, "rstrip" | "trimEnd");
                let end = !matches!(way, "lstrip" | "trimStart");
                if value.trim(start, end, traits.is_blank) {
                    value.note(
                        node,
                        format!("blanks that `{way}` takes from the values at the ends stay"),
                    );
                }
                value
            }
            (Some(text), "format", _) if traits.fills_in_by_format => {
                let value = next(text);
                match value.written {
                    Some(_) => self.formatted(node, value, &call.arguments, depth),
                    None => self.unknown(node),
                }
            }
            (Some(text), "replace" | "replaceAll", Some(from)) => {
                self.replaced(node, call, (next(text), next(from)), depth)
            }
            // `"\n".join(lines)` and `lines.join("\n")`
            (Some(object), "join", given) if call.arguments.len() < 2 => {
                self.put_together(node, object, given, depth)
            }
            (None, "str" | "String", Some(text)) if is_alone && self.is_of_library(call.callee) => {
                written(next(text))
            }
            (None, "Template", Some(text)) => {
                let value = next(text);
                match value.written {
                    Some(_) => self.or_hole(node, value, "`Template` is filled in later"),
                    None => self.unknown(node),
                }
            }
            _ => self.unknown(node),
        }
    }

    /// Whether a function is none of the file.
    fn is_of_library(&self, callee: Node<'t>) -> bool {
        let mut root = callee;
        for _ in 0..4 {
            match self.file.expr(root) {
                Expr::Member(object, _) => root = object,
                Expr::Name(name) => return self.names.is_from_outside(name, root.start_byte()),
                _ => return false,
            }
        }
        false
    }

    fn dedented(&self, node: Node<'t>, mut value: Value<'t>) -> Value<'t> {
        let traits = self.file.traits();
        // Tags read the escapes of a text themselves.
        let is_plain = value.is_plain_block(traits.dedent)
            && match traits.dedent {
                Dedent::Textwrap => true,
                Dedent::Tags => !self.file.word(node).contains('\\'),
            };
        let has_values = value.has_values();
        value.dedent();
        match traits.dedent {
            Dedent::Textwrap => {}
            Dedent::Tags => drop(value.trim(true, true, traits.is_blank)),
        }
        if !is_plain {
            return self.or_hole(node, value, "`dedent` may move these lines otherwise");
        }
        if has_values {
            value.note(
                node,
                "`dedent` moves the lines of what is filled in, too, where that has several",
            );
        }
        value
    }

    fn replaced(
        &self,
        node: Node<'t>,
        call: &Call<'t>,
        (mut value, from): (Value<'t>, Value<'t>),
        depth: usize,
    ) -> Value<'t> {
        let replaces_all = self.file.traits().replaces_all;
        let [_, to] = call.arguments.as_slice() else {
            return self.unknown(node);
        };
        let is_function = match self.file.expr(to.value) {
            Expr::Name(name) => self.names.is_function(name, to.value.start_byte()),
            Expr::Other => true,
            _ => false,
        };
        let from_text = from.text();
        let is_known = from.written.is_some()
            && !from.has_values()
            && !from_text.is_empty()
            && from.doubts.is_empty();
        if is_function || !is_known || value.written.is_none() || !to.is_by_place() {
            return self.unknown(node);
        }
        let to = self.value_at(to.value, depth + 1);
        let count: usize = value
            .bits
            .iter()
            .map(|bit| match bit {
                Bit::Text(text) => text.matches(&from_text).count(),
                Bit::Hole(_) => 0,
            })
            .sum();
        let is_whole = replaces_all || self.file.word(call.callee).ends_with("replaceAll");
        // `$` of JavaScript says more than itself.
        if (!is_whole && count > 1) || (!replaces_all && to.text().contains('$')) {
            return self.unknown(node);
        }
        if value.has_values() {
            value.note(
                node,
                format!("a value that holds `{from_text}` itself is not filled in once more"),
            );
        }
        value.replace(&from_text, &to.bits);
        let (bits, place) = (std::mem::take(&mut value.bits), value.written);
        value.append(Value {
            bits: Vec::new(),
            ..to
        });
        value.bits = bits;
        value.written = place;
        value
    }

    fn put_together(
        &self,
        node: Node<'t>,
        object: Node<'t>,
        given: Option<Node<'t>>,
        depth: usize,
    ) -> Value<'t> {
        let (list, between) = match self.file.traits().joins_by_separator {
            true => (given, Some(object)),
            false => (Some(object), given),
        };
        let mut separator = Value {
            bits: vec![Bit::Text(",".to_owned())],
            ..Value::default()
        };
        if let Some(between) = between {
            separator = self.value_at(between, depth + 1);
            if separator.written.is_none() || separator.has_values() {
                return self.unknown(node);
            }
        }
        let Some(items) = list.and_then(|list| self.items(list)) else {
            return self.unknown(node);
        };
        let mut all = Value::default();
        let mut is_open = false;
        for (index, item) in items.all.iter().enumerate() {
            if index > 0 {
                all.put(Bit::Text(separator.text()));
            }
            is_open |= item.is_spread;
            all.append(self.value_at(item.node, depth + 1));
        }
        if all.written.is_none() || is_open {
            return self.unknown(node);
        }
        all.doubts.extend(separator.doubts);
        let why = items.doubts.into_iter().next().map(|doubt| doubt.words);
        self.moved(all, node, why)
    }
}

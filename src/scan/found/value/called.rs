//! Texts that calls make of others.

use tree_sitter::Node;

use super::{Bit, Expr, Reader, Value};
use crate::scan::found::language::Dedent;
use crate::scan::found::syntax::Call;

/// Why a function of a known name may do something else.
const OTHERS: &str = "a function of its own module may change the text otherwise";

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
            (_, "cleandoc", Some(text)) if is_alone && self.root(call.callee).is_some() => {
                let mut value = next(text);
                if !self.is_of(call.callee, &["inspect"]) {
                    return self.or_hole(node, value, OTHERS);
                }
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
            (_, method, Some(text))
                if is_alone && traits.dedents.iter().any(|(name, _)| *name == method) =>
            {
                let value = next(text);
                match value.written {
                    Some(_) if !self.dedents(method, call.callee) => match self.root(call.callee) {
                        Some(_) => self.or_hole(node, self.dedented(node, value), OTHERS),
                        None => self.unknown(node),
                    },
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
            (None, "str" | "String", Some(text)) if is_alone && self.is_built_in(call.callee) => {
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

    /// The name that a callee begins with, where the file binds nothing else to it than an import.
    fn root(&self, callee: Node<'t>) -> Option<&'t str> {
        let mut root = callee;
        for _ in 0..4 {
            match self.file.expr(root) {
                Expr::Member(object, _) => root = object,
                Expr::Name(name) => {
                    let is_outside = self.names.is_from_outside(name, root.start_byte());
                    return is_outside.then_some(name);
                }
                _ => return None,
            }
        }
        None
    }

    /// Whether one of these modules gives a function. Another one may have any function of its name.
    fn is_of(&self, callee: Node<'t>, modules: &[&str]) -> bool {
        let origin = self.root(callee);
        let origin = origin.and_then(|name| self.facts.origins.get(name));
        origin.is_some_and(|origin| modules.contains(&origin.module))
    }

    /// Whether a function is one of the language.
    fn is_built_in(&self, callee: Node<'t>) -> bool {
        let root = self.root(callee);
        root.is_some_and(|name| !self.facts.origins.contains_key(name))
    }

    /// Whether a function takes the margin of a text away.
    fn dedents(&self, name: &str, callee: Node<'t>) -> bool {
        let mut known = self.file.traits().dedents.iter();
        let known = known.find(|(known, _)| *known == name);
        known.is_some_and(|(_, modules)| self.is_of(callee, modules))
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

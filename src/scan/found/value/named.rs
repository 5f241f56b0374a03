//! Texts that have names.

use tree_sitter::Node;

use super::{Argument, index_of};
use super::{Bound, DEEPEST, Expr, LONGEST_TEXT, Moved, Reader, Settable, SiteKind, Value};

impl<'t> Reader<'_, 't> {
    /// What a name stands for.
    pub(super) fn named(&self, name: &'t str, node: Node<'t>, depth: usize) -> Value<'t> {
        let Some(bound) = self.names.bound(name, node) else {
            return self.unknown(node);
        };
        if bound.value.byte_range().contains(&node.start_byte()) {
            return self.unknown(node);
        }
        let mut value = self.bound(&bound, node, depth);
        if value.written.is_none() {
            return self.unknown(node);
        }
        if let Some(settable) = self.settable(name, node) {
            value.rely_on(settable);
        }
        Value {
            constant: Some(name),
            ..value
        }
    }

    /// The text that something is bound to, as it is where it is used.
    fn bound(&self, bound: &Bound<'t>, node: Node<'t>, depth: usize) -> Value<'t> {
        let mut value = self.known_at(bound.value, depth + 1);
        // An empty text is one, too, if something is added to it.
        let is_text = value.written.is_some();
        if !is_text {
            return value;
        }
        let mut why = bound.doubt.clone();
        for added in &bound.added {
            match added {
                SiteKind::Add(more) => value.append(self.value_at(*more, depth + 1)),
                SiteKind::Append(_) | SiteKind::Extend(_) => {
                    why = why.or_else(|| Some("something is put into a text".to_owned()));
                }
                _ => {}
            }
        }
        if value.size() > LONGEST_TEXT {
            self.facts.give_up(node);
            return self.unknown(node);
        }
        if !bound.is_always && value.has_values() {
            why = why.or_else(|| Some("it is made in a branch or a loop".to_owned()));
        }
        self.moved(value, node, why)
    }

    /// A text that was made elsewhere.
    pub(super) fn moved(
        &self,
        mut value: Value<'t>,
        node: Node<'t>,
        why: Option<String>,
    ) -> Value<'t> {
        let mut why = why;
        let mut called = Vec::new();
        for hole in value.holes() {
            match self.names.moved(self.file, hole.place(), node) {
                Moved::Same => {}
                Moved::IfCalled => called.push((hole.node, hole.expression.clone())),
                Moved::No => {
                    why = why.or_else(|| {
                        Some(format!(
                            "`{}` may be something else by then",
                            hole.expression
                        ))
                    });
                }
            }
        }
        for (place, expression) in called {
            value.note(
                place,
                format!("`{expression}` is called where the prompt is filled in"),
            );
        }
        match why {
            Some(why) => self.or_hole(node, value, why),
            None => value,
        }
    }

    /// The text of an expression, which is read once.
    fn known_at(&self, node: Node<'t>, depth: usize) -> Value<'t> {
        let key = (node.id(), self.is_strict.get());
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let value = self.value_at(node, depth);
        if depth < DEEPEST && value.size() <= LONGEST_TEXT {
            self.known.borrow_mut().insert(key, value.clone());
        }
        value
    }

    /// A member of an object, or the value of a key in a map.
    pub(super) fn member(
        &self,
        node: Node<'t>,
        object: Node<'t>,
        name: &'t str,
        depth: usize,
    ) -> Value<'t> {
        if let Some(value) = self.entry(object, name, node, depth) {
            return value;
        }
        let Some(bound) = self
            .names
            .member(self.file, object, name, node.start_byte())
        else {
            return self.unknown(node);
        };
        if bound.value.byte_range().contains(&node.start_byte()) {
            return self.unknown(node);
        }
        let mut value = self.bound(&bound, node, depth);
        if value.written.is_none() {
            return self.unknown(node);
        }
        value.rely_on(Settable {
            name,
            owner: self.names.class_at(bound.value.start_byte()),
            line: node.start_position().row + 1,
        });
        Value {
            constant: Some(name),
            ..value
        }
    }

    /// A name of the file itself, where other files may set it before it is used.
    pub(in crate::scan::found) fn settable(
        &self,
        name: &'t str,
        node: Node<'t>,
    ) -> Option<Settable<'t>> {
        let is_open = self.file.traits().modules_are_open && self.names.is_used_later(name, node);
        is_open.then(|| Settable {
            name,
            owner: None,
            line: node.start_position().row + 1,
        })
    }

    /// The text of a key in a map that has a name.
    pub(super) fn entry(
        &self,
        object: Node<'t>,
        key: &str,
        node: Node<'t>,
        depth: usize,
    ) -> Option<Value<'t>> {
        let Expr::Name(name) = self.file.expr(object) else {
            return None;
        };
        let bound = self.names.bound(name, object)?;
        let Expr::Map(entries) = self.file.expr(bound.value) else {
            return None;
        };
        let index = index_of(&entries, &[key])?;
        if entries[index]
            .value
            .byte_range()
            .contains(&node.start_byte())
        {
            return None;
        }
        let mut value = self.known_at(entries[index].value, depth + 1);
        value.written?;
        if self.names.is_used_later(name, object) {
            // The key as the file says it.
            value.rely_on(Settable {
                name: entries[index].key?,
                owner: Some(name),
                line: node.start_position().row + 1,
            });
        }
        if let Some(settable) = self.settable(name, object) {
            value.rely_on(settable);
        }
        let mut why = bound.doubt.clone();
        if !bound.added.is_empty() {
            why = why.or_else(|| Some(format!("`{name}` is changed")));
        }
        let is_open = |it: &Argument<'t>| it.is_spread;
        if entries[index..].iter().any(is_open) {
            why = why.or_else(|| {
                Some(format!(
                    "`{key}` may be given another value in the same map"
                ))
            });
        }
        if !bound.is_always && value.has_values() {
            why = why.or_else(|| Some("it is made in a branch or a loop".to_owned()));
        }
        let why = why.or_else(|| self.unsteady(name, object, false));
        Some(self.moved(value, node, why))
    }
}

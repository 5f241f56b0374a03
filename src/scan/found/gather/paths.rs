//! What calls and classes are, where the file gives them other names.

use tree_sitter::Node;

use super::{DEEPEST, Gatherer};
use crate::scan::found::syntax::Expr;

impl<'t> Gatherer<'_, 't> {
    /// The words of what is called, by the names that its library gives it: `go` is
    /// `client.responses.create` after `go = client.responses.create`, and `completion` after
    /// `from litellm import completion as go`.
    pub(super) fn path(&self, callee: Node<'t>) -> Vec<&'t str> {
        let mut words = self.file.path(callee);
        let mut root = callee;
        let mut behind = 0;
        for _ in 0..DEEPEST {
            let mut node = root;
            // To the name that it all begins with, or the member of an object of the class.
            let value = loop {
                match self.file.expr(node) {
                    Expr::Name(name) => {
                        if let Some(item) = self.imported(name, node) {
                            if let Some(first) = words.first_mut() {
                                *first = item;
                            }
                            return words;
                        }
                        let bound = self.reader.names.bound(name, node);
                        break bound.map(|bound| bound.value);
                    }
                    Expr::Member(object, name) => {
                        let at = node.start_byte();
                        let names = self.reader.names;
                        if let Some(bound) = names.member(self.file, object, name, at) {
                            behind += 1;
                            break Some(bound.value);
                        }
                        node = object;
                    }
                    Expr::Index(object, _) => node = object,
                    _ => break None,
                }
            };
            let is_other = |value: &Node<'t>| {
                !value.byte_range().contains(&node.start_byte())
                    && matches!(
                        self.file.expr(*value),
                        Expr::Name(_) | Expr::Member(..) | Expr::Index(..)
                    )
            };
            let Some(value) = value.filter(is_other) else {
                break;
            };
            let mut before = self.file.path(value);
            before.extend(words.drain(..).skip(1 + behind));
            words = before;
            root = value;
            behind = 0;
        }
        words
    }

    /// What another file calls a name that has another one here.
    fn imported(&self, name: &'t str, node: Node<'t>) -> Option<&'t str> {
        let origin = self.facts.origins.get(name)?;
        let item = origin
            .item
            .filter(|item| *item != name && *item != "default")?;
        let is_outside = self.reader.names.is_from_outside(name, node.start_byte());
        is_outside.then_some(item)
    }
}

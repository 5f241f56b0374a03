//! Every node of a tree but signs and words of the language, which hold nothing.

use std::num::NonZeroU16;

use tree_sitter::{Node, Tree, TreeCursor};

/// A node that is entered or left.
pub(in crate::scan::found) struct Visit<'t> {
    pub(in crate::scan::found) node: Node<'t>,
    /// What it is to the one around it, by its number.
    pub(in crate::scan::found) field: Option<NonZeroU16>,
    pub(in crate::scan::found) is_entered: bool,
}

/// Every such node in its order, entered and left.
pub(in crate::scan::found) struct Walk<'t> {
    cursor: TreeCursor<'t>,
    next: Option<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Enter,
    Leave,
}

impl<'t> Walk<'t> {
    pub(in crate::scan::found) fn new(tree: &'t Tree) -> Self {
        Self {
            cursor: tree.walk(),
            next: Some(Step::Enter),
        }
    }
}

impl<'t> Iterator for Walk<'t> {
    type Item = Visit<'t>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let step = self.next?;
            let node = self.cursor.node();
            if !node.is_named() {
                self.next = self.beside();
                continue;
            }
            let is_entered = step == Step::Enter;
            let field = is_entered.then(|| self.cursor.field_id()).flatten();
            self.next = match step {
                Step::Enter if self.cursor.goto_first_child() => Some(Step::Enter),
                Step::Enter => Some(Step::Leave),
                Step::Leave => self.beside(),
            };
            return Some(Visit {
                node,
                field,
                is_entered,
            });
        }
    }
}

impl Walk<'_> {
    /// What comes behind a node that is left.
    fn beside(&mut self) -> Option<Step> {
        match () {
            () if self.cursor.goto_next_sibling() => Some(Step::Enter),
            () if self.cursor.goto_parent() => Some(Step::Leave),
            () => None,
        }
    }
}

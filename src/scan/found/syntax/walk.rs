//! Every node of a tree but signs and words of the language, which hold nothing.

use tree_sitter::{Node, Tree, TreeCursor};

/// Every such node in its order, each with whether it is entered or left.
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
    type Item = (Node<'t>, bool);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let step = self.next?;
            let node = self.cursor.node();
            if !node.is_named() {
                self.next = self.beside();
                continue;
            }
            self.next = match step {
                Step::Enter if self.cursor.goto_first_child() => Some(Step::Enter),
                Step::Enter => Some(Step::Leave),
                Step::Leave => self.beside(),
            };
            return Some((node, step == Step::Enter));
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

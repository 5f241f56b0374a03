//! Every node of a tree.

use tree_sitter::{Node, Tree, TreeCursor};

/// Every node of a tree in its order, each with whether it is entered or left.
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
        let step = self.next?;
        let node = self.cursor.node();
        self.next = match step {
            Step::Enter if self.cursor.goto_first_child() => Some(Step::Enter),
            Step::Enter => Some(Step::Leave),
            Step::Leave if self.cursor.goto_next_sibling() => Some(Step::Enter),
            Step::Leave if self.cursor.goto_parent() => Some(Step::Leave),
            Step::Leave => None,
        };
        Some((node, step == Step::Enter))
    }
}

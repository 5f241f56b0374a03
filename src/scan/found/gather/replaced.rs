//! Whether a function is, when it is called, what its file says that it is.

use tree_sitter::Node;

use super::Gatherer;
use super::flow::makes_objects;
use crate::scan::found::Settable;
use crate::scan::found::syntax::Expr;
use crate::scan::found::value::Remark;

/// Decorators that neither change what a function is given nor what it answers with.
const HARMLESS: &[&str] = &[
    "staticmethod",
    "classmethod",
    "property",
    "cached_property",
    "cache",
    "lru_cache",
    "abstractmethod",
    "override",
    "overload",
    "final",
    "retry",
    "observe",
    "traceable",
];

/// Decorators that leave the methods of a class as they are.
const HARMLESS_TO_CLASSES: &[&str] = &[
    "dataclass",
    "define",
    "frozen",
    "attrs",
    "final",
    "runtime_checkable",
    "total_ordering",
    "Injectable",
    "injectable",
];

/// What is known of the functions that texts are followed through.
#[derive(Clone, Default)]
pub(super) struct Through {
    /// What makes the texts doubtful.
    pub(super) unsure: Vec<Remark>,
    /// What other files may set.
    pub(super) relied: Vec<Settable>,
}

impl<'t> Gatherer<'_, 't> {
    /// Notes what may stand in the place of a function that texts are followed through.
    pub(super) fn go_through(&mut self, function: usize) {
        let why = self.replaced(function);
        self.through.unsure.extend(why);
        let settable = self.settable_function(function);
        self.through.relied.extend(settable);
    }

    /// Why a function may be another one, or do something else, when it is called.
    pub(super) fn replaced(&self, function: usize) -> Vec<Remark> {
        let scope = &self.facts.scopes[function];
        let Some(node) = scope.node else {
            return Vec::new();
        };
        let class = self.facts.class_of(function);
        let class = class.and_then(|class| self.facts.scopes[class].node);
        let decorator = self
            .decorator(node, HARMLESS)
            .or_else(|| self.decorator(class?, HARMLESS_TO_CLASSES));
        let changed = decorator.map(|it| {
            let shown = self.reader.shown(it);
            let words = format!("`{shown}` may change what the function takes or answers");
            Remark::new(it, words)
        });
        let other = scope.name.and_then(|name| {
            let why = self.reader.names.replaced(name, node)?;
            Some(Remark::new(node, format!("`{name}` {why}")))
        });
        changed.into_iter().chain(other).collect()
    }

    /// A function that other files may put their own in the place of.
    fn settable_function(&self, function: usize) -> Option<Settable> {
        let scope = &self.facts.scopes[function];
        let (name, node) = (scope.name?, scope.node?);
        let class = self.facts.class_of(function);
        let is_of_file = function > 0 && scope.parent == 0;
        let is_open = is_of_file && self.file.traits().modules_are_open;
        let is_settable = (is_open || class.is_some()) && !makes_objects(name);
        is_settable.then(|| Settable {
            name: name.to_owned(),
            owner: class
                .and_then(|class| self.facts.scopes[class].name)
                .map(str::to_owned),
            module: None,
            line: node.start_position().row + 1,
        })
    }

    /// The first decorator of a function or a class that may change it.
    fn decorator(&self, node: Node<'t>, harmless: &[&str]) -> Option<Node<'t>> {
        let children = |node: Node<'t>| {
            let mut cursor = node.walk();
            node.named_children(&mut cursor).collect::<Vec<_>>()
        };
        let mut all = children(node);
        if let Some(around) = node
            .parent()
            .filter(|it| matches!(it.kind(), "decorated_definition" | "export_statement"))
        {
            all.extend(children(around));
        }
        let mut before = node.prev_named_sibling();
        while let Some(decorator) = before.filter(|it| it.kind() == "decorator") {
            all.push(decorator);
            before = decorator.prev_named_sibling();
        }
        let is_harmless = |decorator: &Node<'t>| {
            let Some(called) = decorator.named_child(0) else {
                return false;
            };
            // `again = retry(3)`, and `@again`.
            let made = match self.file.expr(called) {
                Expr::Name(name) => self.reader.names.bound(name, called).map(|it| it.value),
                _ => None,
            };
            let called = match made.map(|it| (it, self.file.expr(it))) {
                Some((_, Expr::Call(call))) => call.callee,
                _ => called,
            };
            let path = self.file.path(called);
            let is_known = path.last().is_some_and(|last| harmless.contains(last));
            let is_outside = path.first().is_some_and(|first| {
                self.reader
                    .names
                    .is_from_outside(first, called.start_byte())
            });
            is_known && is_outside
        };
        all.into_iter()
            .find(|it| it.kind() == "decorator" && !is_harmless(it))
    }
}

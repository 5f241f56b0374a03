//! Values that prompt files give: the code that `--lift` prints, where somebody put it to use.

use tree_sitter::Node;

use super::{DEEPEST, Gatherer};
use crate::scan::found::syntax::Expr;

impl<'t> Gatherer<'_, 't> {
    /// Whether a value is what a prompt file renders: `prompts["a/b"].render(…)`, or a part of it.
    pub(super) fn is_rendered(&self, node: Node<'t>, depth: usize) -> bool {
        if depth > DEEPEST {
            return false;
        }
        let is_rendered = |node: Node<'t>| self.is_rendered(node, depth + 1);
        match self.file.expr(node) {
            Expr::Call(call) => match self.file.expr(call.callee) {
                Expr::Member(prompt, "render" | "request") => self.is_prompt_file(prompt),
                _ => {
                    let functions = self.functions(call.callee);
                    let mut answers = self.facts.answers.iter();
                    let answers = answers.by_ref().filter(|(it, _)| functions.contains(it));
                    let all: Vec<Node<'t>> = answers.map(|(_, answer)| *answer).collect();
                    !all.is_empty() && all.into_iter().all(is_rendered)
                }
            },
            Expr::Name(name) => {
                let names = self.reader.names;
                match names.bound(name, node) {
                    Some(bound) => is_rendered(bound.value),
                    // `system, *messages = …`
                    None => names.taken_out_of(name, node).is_some_and(is_rendered),
                }
            }
            Expr::Spread(inner) | Expr::Member(inner, _) | Expr::Index(inner, _) => {
                is_rendered(inner)
            }
            _ => self.indexed(node).is_some_and(is_rendered),
        }
    }

    /// Whether a value is a prompt file: `prompts["a/b"]`, `prompts.get("a/b")`.
    fn is_prompt_file(&self, node: Node<'t>) -> bool {
        let all = match self.file.expr(node) {
            Expr::Call(call) => match self.file.expr(call.callee) {
                Expr::Member(all, "get") => Some(all),
                _ => None,
            },
            Expr::Name(name) => {
                let bound = self.reader.names.bound(name, node);
                return bound.is_some_and(|it| {
                    !matches!(self.file.expr(it.value), Expr::Name(_))
                        && self.is_prompt_file(it.value)
                });
            }
            _ => self.indexed(node),
        };
        let Some(all) = all else { return false };
        let made = match self.file.expr(all) {
            Expr::Name(name) => self.reader.names.bound(name, all).map(|it| it.value),
            _ => None,
        };
        match made.map(|it| self.file.expr(it)) {
            Some(Expr::Call(call)) => self.file.path(call.callee).last() == Some(&"Prompts"),
            // Where another file reads them.
            _ => self.file.word(all).ends_with("prompts") && self.origin(all).is_some(),
        }
    }

    /// What a part of is taken by its number, or its key.
    fn indexed(&self, node: Node<'t>) -> Option<Node<'t>> {
        let child = |field| self.file.traits().spelled.child(node, field);
        match self.file.kind(node) {
            "subscript" => child("value"),
            "subscript_expression" => child("object"),
            _ => None,
        }
    }
}

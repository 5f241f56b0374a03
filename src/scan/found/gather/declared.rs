//! Texts that no call is seen to send: what names say, and how texts begin.

use tree_sitter::Node;

use super::words::{
    is_about_others, says_prompt, speaks, speaks_to_a_model, surely_says_prompt, tells_people,
};
use super::{Draft, Gatherer};
use crate::scan::found::syntax::Expr;
use crate::scan::found::{Confidence, FoundKind};

impl<'t> Gatherer<'_, 't> {
    /// Constants whose names say that they are prompts; where not `all` are wanted, those that surely
    /// are.
    pub(super) fn declared(&mut self, all: bool) {
        for (name, value, scope) in &self.facts.declared {
            let is_local = *scope > 0 && !self.facts.scopes[*scope].is_class;
            if is_local && name.len() < 4 {
                continue;
            }
            let draft = self.text(self.made_of(*value), "system");
            if self.is_prompt(&draft, Some(name), all) {
                let place = (*name).to_owned();
                self.push_named(*value, draft, FoundKind::Declared, Some(place));
            }
        }
    }

    /// What functions answer whose names say that it is a prompt.
    pub(super) fn returned(&mut self, all: bool) {
        for value in &self.facts.returned {
            let place = self.facts.place_of(value.start_byte());
            let name = place.as_deref().and_then(|place| place.rsplit('.').next());
            let draft = self.text(self.made_of(*value), "system");
            if self.is_prompt(&draft, name, all) {
                self.push_named(*value, draft, FoundKind::Returned, None);
            }
        }
    }

    /// Texts that begin as prompts do, wherever they go but to people.
    pub(super) fn spoken(&mut self, all: bool) {
        for node in &self.facts.texts {
            let quotes = |it: char| "fFrRuU\"'`\\(".contains(it) || it.is_whitespace();
            if !speaks_to_a_model(self.file.word(*node).trim_start_matches(quotes)) {
                continue;
            }
            let draft = self.text(*node, "system");
            let least = if all { 4 } else { 8 };
            if draft.value.words() >= least
                && speaks_to_a_model(&draft.value.text())
                && !self.is_told(*node)
            {
                self.push_named(*node, draft, FoundKind::Declared, None);
            }
        }
    }

    fn push_named(
        &mut self,
        node: Node<'t>,
        draft: Draft<'t>,
        kind: FoundKind,
        place: Option<String>,
    ) {
        let set = self.file.set_by(node);
        self.push(
            node,
            vec![draft],
            0,
            |prompt| {
                prompt.kind = kind;
                prompt.confidence = Confidence::Medium;
                if place.is_some() {
                    prompt.around = std::mem::replace(&mut prompt.place, place);
                }
                prompt.set = set;
            },
            &[],
        );
    }

    /// The text of which something is made that says that it is a prompt: `TextPrompt("…")`.
    fn made_of(&self, node: Node<'t>) -> Node<'t> {
        let Expr::Call(call) = self.file.expr(node) else {
            return node;
        };
        let path = self.file.path(call.callee);
        let is_class = path.last().is_some_and(|last| {
            last.starts_with(char::is_uppercase) && says_prompt(last) && !is_about_others(last)
        });
        match call.arguments.as_slice() {
            [first, ..] if is_class && first.is_by_place() => first.value,
            _ => node,
        }
    }

    /// Whether a text is given to what tells people something.
    fn is_told(&self, node: Node<'t>) -> bool {
        let above = std::iter::successors(node.parent(), Node::parent);
        let call = above.take(4).find_map(|it| self.file.call(it));
        call.is_some_and(|call| {
            let path = self.file.path(call.callee);
            path.last().is_some_and(|last| tells_people(last))
        })
    }

    /// Whether a text is as long as prompts are, and no other language; one that no name calls a prompt
    /// has to begin as prompts do.
    fn is_prompt(&self, draft: &Draft<'t>, name: Option<&str>, all: bool) -> bool {
        let Some((first, _)) = draft.value.written else {
            return false;
        };
        if self.used.contains(&first.id()) {
            return false;
        }
        let name = name.filter(|name| !is_about_others(name));
        let is_named = name.is_some_and(match all {
            true => says_prompt,
            false => surely_says_prompt,
        });
        let text = draft.value.text();
        let start = text.trim_start();
        let words = draft.value.words();
        let least = if all { 4 } else { 8 };
        let is_enough = match () {
            () if speaks_to_a_model(start) => words >= least,
            () if is_named => text.trim().len() >= 60 && words >= 8,
            () if all && speaks(start) => {
                let is_notice = name.is_none_or(|it| it.to_ascii_lowercase().contains("msg"));
                words >= 8 && !is_notice
            }
            () => false,
        };
        let is_markup = start.starts_with("<!")
            || start.starts_with("<html")
            || start.starts_with("<div")
            || start.starts_with("{%");
        let is_query = ["SELECT ", "INSERT ", "CREATE ", "UPDATE ", "WITH "]
            .iter()
            .any(|word| start.starts_with(word));
        is_enough && !is_markup && !is_query && !self.is_told(first)
    }
}

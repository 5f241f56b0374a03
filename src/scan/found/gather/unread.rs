//! What a call sends and this file does not say: noted, and where another file says it.

use tree_sitter::Node;

use super::sending::{Open, Sending, Taken, Unseen};
use super::{DEEPEST, Draft, Gatherer};
use crate::scan::found::names::Moved;
use crate::scan::found::syntax::Expr;
use crate::scan::found::value::Bit;
use crate::scan::found::{Stands, Unread};

/// Where a text comes from, and what it is filled in with.
pub(super) type FilledIn<'t> = ((String, String), Vec<(String, Node<'t>)>);

/// Methods that make another text of one.
const FILLS_IN: &[&str] = &[
    "format",
    "format_map",
    "replace",
    "replaceAll",
    "substitute",
    "safe_substitute",
    "strip",
    "trim",
];

impl<'t> Gatherer<'_, 't> {
    /// Notes a value that a call sends by way of a function: what another file gives, so that it is
    /// read there, and a system text. Whether it is noted.
    pub(super) fn note_unwritten(
        &mut self,
        (node, inside): (Node<'t>, Option<Node<'t>>),
        drafts: Vec<Draft<'t>>,
        stands: Stands,
        taken: Taken,
        sending: &Sending<'t>,
    ) -> bool {
        let mut what: Vec<String> = Vec::new();
        let (mut is_imported, mut is_system) = (false, false);
        for draft in drafts.iter().filter(|draft| !draft.is_placeholder) {
            for bit in &draft.value.bits {
                let Bit::Hole(hole) = bit else { continue };
                let is_from_file = self.origin(hole.node).is_some();
                let is_rule = matches!(draft.role, "system" | "developer");
                is_imported |= is_from_file;
                is_system |= is_rule;
                if (is_from_file || is_rule) && !what.contains(&hole.expression) {
                    what.push(hole.expression.clone());
                }
            }
        }
        let is_value = !matches!(self.file.expr(node), Expr::Plain(_) | Expr::Map(_));
        let is_given = stands == Stands::Given && is_system && is_value;
        if self.is_rendered(node, 0) {
            return false;
        }
        if taken.is_part() || self.used.contains(&node.id()) || !(is_imported || is_given) {
            return false;
        }
        let call = self.call_around(node, inside);
        let mut prompt = self.made(node, drafts, &sending.settings);
        sending.describe(&mut prompt);
        prompt.stands = stands;
        prompt.is_list = matches!(taken, Taken::Messages | Taken::More);
        self.unread.push(Unread {
            at: self.span(node),
            call,
            what,
            lost: Vec::new(),
            cell: None,
            is_allowed: false,
            instead: (!prompt.imports.is_empty()).then(|| Box::new(prompt)),
        });
        true
    }

    /// What is called with a value, or the function that answers with it.
    fn call_around(&self, node: Node<'t>, inside: Option<Node<'t>>) -> String {
        let above = std::iter::successors(inside, tree_sitter::Node::parent);
        let mut calls = above.take(8).filter_map(|it| self.file.call(it));
        calls.next().map_or_else(
            || self.facts.place_of(node.start_byte()).unwrap_or_default(),
            |call| self.path(call.callee).join("."),
        )
    }

    /// Notes what a call sends and cannot be read here, where it may be a prompt.
    pub(super) fn note_unread(
        &mut self,
        call: Unseen<'_, 't>,
        sending: &Sending<'t>,
        unread: &[Open<'t>],
        is_any_read: bool,
    ) {
        if !call.is_sure {
            return;
        }
        let is_shown = |open: &&Open<'t>| {
            let is_system = matches!(open.taken, Taken::Text("system" | "developer"));
            let is_value = !matches!(self.file.expr(open.node), Expr::Map(_) | Expr::Plain(_));
            is_value && (is_system || !is_any_read)
        };
        let mut what: Vec<String> = unread
            .iter()
            .filter(is_shown)
            .filter(|open| !self.is_rendered(open.node, 0))
            .map(|open| self.reader.shown(open.node))
            .collect();
        // `create(**request)`: all that is sent.
        if what.is_empty() && unread.is_empty() && !is_any_read {
            let whole = sending.settings.iter().filter(|it| it.key.is_none());
            let whole = whole.filter(|it| !self.is_rendered(it.value, 0));
            what.extend(whole.map(|it| self.reader.shown(it.value)));
        }
        if what.is_empty() {
            return;
        }
        what.dedup();
        // What another file says may still make a prompt of it.
        let mut instead = None;
        if let Some(said) = call.said {
            self.notes = said.notes;
            self.doubts = said.doubts;
            self.settable = said.settable;
            let mut prompt = self.made(call.node, call.drafts, &sending.settings);
            prompt.confidence = sending.confidence;
            prompt.sdk = sending.sdk;
            prompt.syntax = sending.syntax;
            prompt.stands = Stands::Elsewhere;
            prompt.call = call.words;
            instead = (!prompt.imports.is_empty()).then(|| Box::new(prompt));
        }
        self.unread.push(Unread {
            at: self.span(call.node),
            call: call.path.join("."),
            what,
            lost: Vec::new(),
            cell: None,
            is_allowed: false,
            instead,
        });
    }

    /// Where a text comes from that another file gives and this one fills in by `format`, and with what:
    /// the names in the text, or the numbers, and the values.
    pub(super) fn filled_origin(&self, node: Node<'t>) -> Option<FilledIn<'t>> {
        let names = self.reader.names;
        let made = match self.file.expr(node) {
            Expr::Name(name) => {
                let bound = names.bound(name, node)?;
                let is_sure = bound.doubt.is_none() && bound.added.is_empty() && bound.is_always;
                is_sure.then_some(bound.value)?
            }
            _ => node,
        };
        let Expr::Call(call) = self.file.expr(made) else {
            return None;
        };
        let Expr::Member(text, "format") = self.file.expr(call.callee) else {
            return None;
        };
        let is_format = self.file.traits().fills_in_by_format;
        if !is_format || call.arguments.iter().any(|it| it.is_spread) {
            return None;
        }
        let mut given = Vec::new();
        for (index, argument) in call.arguments.iter().enumerate() {
            let field = argument
                .key
                .map_or_else(|| index.to_string(), str::to_owned);
            let moved = names.moved(self.file, (argument.value, false), node);
            given.push((field, argument.value));
            if !matches!(moved, Moved::Same) {
                return None;
            }
        }
        Some((self.origin(text)?, given))
    }

    /// Where a text comes from that another file gives and this one fills in, or adds to.
    pub(super) fn changed_origin(&self, node: Node<'t>, depth: usize) -> Option<(String, String)> {
        let of = |inner: Node<'t>| {
            self.origin(inner).or_else(|| {
                self.changed_origin(inner, depth + 1)
                    .filter(|_| depth < DEEPEST)
            })
        };
        match self.file.expr(node) {
            Expr::Name(name) if depth < DEEPEST => {
                let bound = self.reader.names.bound(name, node)?;
                self.changed_origin(bound.value, depth + 1)
            }
            Expr::Percent(text, _) => of(text),
            Expr::Join(nodes) => nodes.into_iter().find_map(|(inner, _)| of(inner)),
            Expr::Call(call) => match self.file.expr(call.callee) {
                Expr::Member(text, method) if FILLS_IN.contains(&method) => of(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Where a value comes from that another file gives: the file, and its name there.
    pub(super) fn origin(&self, node: Node<'t>) -> Option<(String, String)> {
        let outside = |name: &'t str| {
            let (names, at) = (self.reader.names, node.start_byte());
            let is_outside = names.is_from_outside(name, at) && !names.is_taken_over(name, at);
            self.facts.origins.get(name).filter(|_| is_outside)
        };
        match self.file.expr(node) {
            Expr::Name(name) => {
                let origin = outside(name)?;
                Some((origin.module.to_owned(), origin.item?.to_owned()))
            }
            Expr::Member(object, item) => {
                let Expr::Name(name) = self.file.expr(object) else {
                    // `import app.texts`, and `app.texts.ASK`.
                    let whole = self.file.path(object).join(".");
                    let origin = self.facts.origins.get(whole.as_str())?;
                    let is_file = origin.item.is_none() && origin.module == whole;
                    return is_file.then(|| (whole, item.to_owned()));
                };
                let origin = outside(name)?;
                let module = match origin.item {
                    None => origin.module.to_owned(),
                    // `from app import prompts`: a file of the folder.
                    Some(file) if self.file.traits().has_packages => {
                        let dot = if origin.module.ends_with('.') {
                            ""
                        } else {
                            "."
                        };
                        format!("{}{dot}{file}", origin.module)
                    }
                    Some(_) => return None,
                };
                Some((module, item.to_owned()))
            }
            _ => None,
        }
    }
}

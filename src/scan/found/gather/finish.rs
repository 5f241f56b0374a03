//! The prompt that messages make, with its settings and the names of its values.

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;
use tree_sitter::Node;

use super::{Draft, Gatherer};
use crate::prompt::finding::Span;
use crate::scan::found::syntax::Expr;
use crate::scan::found::value::Bit;
use crate::scan::found::{
    Confidence, Content, FoundKind, FoundMessage, FoundPrompt, Piece, Syntax, Variable,
};

impl<'t> Gatherer<'_, 't> {
    pub(super) fn model(&self, node: Node<'t>) -> Option<String> {
        if let Expr::Call(call) = self.file.expr(node) {
            // `openai("gpt-5")` of the AI SDK.
            let provider = *self.file.path(call.callee).last()?;
            let name = self.reader.value(call.arguments.first()?.value);
            let is_name = name.written.is_some() && !name.has_values();
            return is_name.then(|| format!("{}/{}", provider.to_ascii_lowercase(), name.text()));
        }
        let value = self.reader.value(node);
        let is_name = value.written.is_some() && !value.has_values();
        let text = value.text();
        let fits = |text: &str| {
            !text.is_empty() && text.len() < 200 && !text.contains(char::is_whitespace)
        };
        (is_name && fits(&text)).then_some(text)
    }

    pub(super) fn setting(&self, node: Node<'t>) -> Option<Json> {
        match self.file.expr(node) {
            Expr::Plain(value) => Some(value),
            Expr::List(items) => {
                let texts = items.into_iter().map(|item| self.setting(item));
                texts.collect::<Option<Vec<Json>>>().map(Json::Array)
            }
            Expr::Text(_) => {
                let value = self.reader.value(node);
                (!value.has_values()).then(|| Json::String(value.text()))
            }
            Expr::Name(name) => {
                let bound = self.facts.bound(name, node.start_byte())?;
                match self.file.expr(bound.value) {
                    Expr::Plain(value) => Some(value),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The prompt of some messages: values get their names, which are one for all of them.
    pub(super) fn finished(&mut self, drafts: Vec<Draft<'t>>, node: Node<'t>) -> FoundPrompt {
        let mut names = Names::default();
        let mut lost: Vec<String> = Vec::new();
        let mut constant = None;
        let mut span: Option<(Node<'t>, Node<'t>)> = None;
        let mut messages = Vec::new();
        for draft in drafts {
            let (first, last) = draft.value.written.unwrap_or((draft.node, draft.node));
            if draft.value.written.is_some() {
                self.used.insert(first.id());
                span = Some(match span {
                    None => (first, last),
                    Some((begin, _)) => (begin, last),
                });
                constant = constant.or(draft.value.constant);
            }
            for note in draft.value.lost {
                let line = first.start_position().row + 1;
                let note = format!("line {line}: {note}");
                if !lost.contains(&note) {
                    lost.push(note);
                }
            }
            let mut pieces: Vec<Piece> = Vec::new();
            let mut variables: Vec<Variable> = Vec::new();
            for bit in draft.value.bits {
                match bit {
                    Bit::Text(text) => match pieces.last_mut() {
                        _ if text.is_empty() => {}
                        Some(Piece::Text(before)) => before.push_str(&text),
                        _ => pieces.push(Piece::Text(text)),
                    },
                    Bit::Value(hint, expression) => {
                        let name = names.of(hint, &expression);
                        if !variables.iter().any(|it| it.name == name) {
                            variables.push(Variable {
                                name: name.clone(),
                                expression,
                            });
                        }
                        pieces.push(Piece::Variable(name));
                    }
                }
            }
            let content = match (draft.is_placeholder, variables.first()) {
                (true, Some(variable)) => Content::Placeholder(variable.name.clone()),
                _ => Content::Text(pieces),
            };
            messages.push(FoundMessage {
                role: draft.role,
                content,
                line: first.start_position().row + 1,
                end_line: last.end_position().row + 1,
                variables,
            });
        }
        let (first, last) = span.unwrap_or((node, node));
        FoundPrompt {
            kind: FoundKind::Sent,
            confidence: Confidence::High,
            at: self.span(first),
            end_line: last.end_position().row + 1,
            call_line: node.start_position().row + 1,
            sdk: self.libraries.first().copied(),
            call: Vec::new(),
            language: Some(self.file.language),
            name: constant.map(str::to_owned),
            place: None,
            ordinal: 0,
            model: None,
            parameters: Vec::new(),
            messages,
            syntax: Syntax::Plain,
            lost,
            is_allowed: false,
            is_known: false,
        }
    }

    pub(super) fn span(&self, node: Node<'t>) -> Span {
        let start = node.start_position();
        let line_start = node.start_byte().saturating_sub(start.column.min(4_000));
        let before = self.file.text.get(line_start..node.start_byte());
        Span {
            line: start.row + 1,
            column: before.map_or(start.column, |before| before.chars().count()) + 1,
            length: crate::prompt::finding::length(self.file.text, node.byte_range()),
        }
    }
}

/// The names of the values of one prompt.
#[derive(Default)]
struct Names {
    by_expression: HashMap<String, String>,
    taken: HashSet<String>,
    unnamed: usize,
}

impl Names {
    fn of(&mut self, hint: Option<String>, expression: &str) -> String {
        if let Some(known) = self.by_expression.get(expression) {
            return known.clone();
        }
        const WORDS: [&str; 6] = ["else", "this", "true", "false", "null", "undefined"];
        let name = match hint.filter(|hint| !WORDS.contains(&hint.as_str())) {
            Some(hint) => {
                let mut name = hint.clone();
                let mut number = 2;
                while !self.taken.insert(name.clone()) {
                    name = format!("{hint}_{number}");
                    number += 1;
                }
                name
            }
            None => loop {
                self.unnamed += 1;
                let name = format!("value_{}", self.unnamed);
                if self.taken.insert(name.clone()) {
                    break name;
                }
            },
        };
        self.by_expression
            .insert(expression.to_owned(), name.clone());
        name
    }
}

//! The prompt that messages make, with its settings and the names of its values.

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;
use tree_sitter::Node;

use super::{Draft, Gatherer};
use crate::prompt::finding::Span;
use crate::scan::found::names::Moved;
use crate::scan::found::sinks;
use crate::scan::found::syntax::{Argument, Expr, File, value_of};
use crate::scan::found::value::{self, Bit, Hole, Reader, Remark, is_name};
use crate::scan::found::{
    Confidence, Content, Doubt, FoundKind, FoundMessage, FoundPrompt, Imported, Made, Piece,
    Settable, Stands, Syntax, Variable,
};

/// How many remarks of a kind are made about one prompt.
const MOST_REMARKS: usize = 20;

impl<'t> Reader<'_, 't> {
    pub(super) fn model(&self, node: Node<'t>) -> Option<String> {
        if let Expr::Call(call) = self.file.expr(node) {
            // `openai("gpt-5")` of the AI SDK.
            let provider = *self.file.path(call.callee).last()?;
            let name = self.value(call.arguments.first()?.value);
            let is_name = name.written.is_some() && !name.has_values() && name.doubts.is_empty();
            return is_name.then(|| format!("{}/{}", provider.to_ascii_lowercase(), name.text()));
        }
        let text = self.exact(node)?;
        let fits = |text: &str| {
            !text.is_empty() && text.len() < 200 && !text.contains(char::is_whitespace)
        };
        fits(&text).then_some(text)
    }

    /// What a setting is made of that other files may set.
    pub(super) fn relied_on(&self, node: Node<'t>) -> Vec<value::Settable<'t>> {
        let mut all = self.value(node).settable;
        if let Expr::Name(name) = self.file.expr(node) {
            all.extend(self.settable(name, node));
        }
        all
    }

    pub(super) fn setting(&self, node: Node<'t>) -> Option<Json> {
        match self.file.expr(node) {
            Expr::Plain(value) => Some(value),
            Expr::List(items) => {
                let texts = items.into_iter().map(|item| self.setting(item));
                texts.collect::<Option<Vec<Json>>>().map(Json::Array)
            }
            Expr::Text(..) => self.exact(node).map(Json::String),
            Expr::Name(name) => {
                let bound = self.names.bound(name, node)?;
                let is_sure = bound.doubt.is_none() && bound.added.is_empty();
                match self.file.expr(bound.value) {
                    Expr::Plain(value) if is_sure => Some(value),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl From<value::Settable<'_>> for Settable {
    fn from(it: value::Settable<'_>) -> Self {
        Self {
            name: it.name.to_owned(),
            owner: it.owner.map(str::to_owned),
            module: None,
            line: it.line,
        }
    }
}

impl<'t> Gatherer<'_, 't> {
    /// The prompt of a call, with what else that is given.
    pub(super) fn made(
        &mut self,
        node: Node<'t>,
        drafts: Vec<Draft<'t>>,
        arguments: &[Argument<'t>],
    ) -> FoundPrompt {
        self.used.insert(node.id());
        let mut kept = self.besides(arguments);
        let mut left = |node: Node<'t>, what: &str| {
            let words = format!("{what} is left to the code: `{}`", self.reader.shown(node));
            self.notes.push(Remark::new(node, words));
        };
        let given = value_of(arguments, sinks::MODEL_KEYS);
        let model = given.and_then(|model| self.reader.model(model));
        let mut settable = Vec::new();
        let mut relied = |given: Node<'t>| settable.extend(self.reader.relied_on(given));
        if let (Some(given), Some(_)) = (given, &model) {
            relied(given);
        }
        if let (Some(given), None) = (given, &model) {
            left(given, "the model");
            kept.insert(0, (Some("model".to_owned()), self.reader.shown(given)));
        }
        for key in sinks::ASKS {
            if let Some(given) = value_of(arguments, &[key]) {
                left(given, &format!("`{key}`"));
            }
        }
        let mut parameters = Vec::new();
        for key in sinks::SETTINGS {
            if let Some(given) = value_of(arguments, &[key]) {
                match self.reader.setting(given) {
                    Some(value) => {
                        relied(given);
                        parameters.push(((*key).to_owned(), value));
                    }
                    None => {
                        left(given, key);
                        kept.push((Some((*key).to_owned()), self.reader.shown(given)));
                    }
                }
            }
        }
        let place = self.facts.place_of(node.start_byte());
        let call_line = node.start_position().row + 1;
        self.settable.append(&mut settable);
        let mut prompt = self.finished(drafts, node);
        prompt.model = model;
        prompt.parameters = parameters;
        prompt.kept = kept;
        prompt.place = place;
        prompt.call_line = call_line;
        prompt
    }

    /// The prompt of some messages: values get their names, which are one for all of them.
    pub(super) fn finished(&mut self, drafts: Vec<Draft<'t>>, node: Node<'t>) -> FoundPrompt {
        let mut names = Names::default();
        let mut remarks = Remarks::default();
        remarks.notes.append(&mut self.notes);
        remarks.doubts.append(&mut self.doubts);
        let mut settable = std::mem::take(&mut self.settable);
        let mut constant = None;
        let mut span: Option<(Node<'t>, Node<'t>)> = None;
        let mut messages = Vec::new();
        let mut imports: Vec<Imported> = Vec::new();
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
            // What another file gives is said where that is looked for.
            if matches!(draft.role, "system" | "developer")
                && draft.value.written.is_none()
                && let [Bit::Hole(hole)] = draft.value.bits.as_slice()
                && self.origin(hole.node).is_none()
                && self.filled_origin(hole.node).is_none()
            {
                let words = format!(
                    "all of the system text is left to the code: `{}`",
                    hole.expression
                );
                remarks.notes.push(Remark::new(hole.node, words));
            }
            remarks.notes.extend(draft.value.notes);
            remarks.doubts.extend(draft.value.doubts);
            settable.extend(draft.value.settable);
            let mut pieces: Vec<Piece> = Vec::new();
            let mut variables: Vec<Variable> = Vec::new();
            let mut named = HashSet::new();
            for bit in draft.value.bits {
                match bit {
                    Bit::Text(text) => {
                        if text.contains('\r') {
                            let words = "the text holds a carriage return, which files do not keep";
                            remarks.doubts.push(Remark::new(first, words));
                        }
                        pieces.push(Piece::Text(text));
                    }
                    Bit::Hole(hole) => {
                        let name = names.of(&hole, draft.is_placeholder, self.file);
                        let filled = self.filled_origin(hole.node);
                        if filled.is_none() {
                            self.check(&hole, node, &mut remarks);
                        }
                        let (origin, made) = match (self.origin(hole.node), filled) {
                            (Some(origin), _) => (Some(origin), Made::Same),
                            (None, Some((origin, given))) => {
                                let mut field = |(field, value): (String, Node<'t>)| {
                                    let hole = Hole {
                                        name: Some(field.clone())
                                            .filter(|it| is_name(it))
                                            .or_else(|| self.reader.name_of(value)),
                                        expression: self.reader.shown(value),
                                        node: value,
                                    };
                                    self.check(&hole, node, &mut remarks);
                                    let name = names.of(&hole, false, self.file);
                                    let expression = hole.expression;
                                    (field, Variable { name, expression })
                                };
                                let fields = given.into_iter().map(&mut field).collect();
                                (Some(origin), Made::Filled(fields))
                            }
                            (None, None) => (self.changed_origin(hole.node, 0), Made::Other),
                        };
                        let origin = origin.filter(|_| !draft.is_placeholder);
                        imports.extend(origin.map(|(module, item)| Imported {
                            variable: name.clone(),
                            module,
                            item,
                            expression: hole.expression.clone(),
                            line: hole.node.start_position().row + 1,
                            made,
                        }));
                        if named.insert(name.clone()) {
                            variables.push(Variable {
                                name: name.clone(),
                                expression: hole.expression,
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
        let (lost, doubts) = remarks.sorted();
        FoundPrompt {
            kind: FoundKind::Sent,
            stands: Stands::InCall,
            is_list: false,
            confidence: Confidence::High,
            at: self.span(first),
            cell: None,
            end_line: last.end_position().row + 1,
            call_line: node.start_position().row + 1,
            sdk: self.libraries.first().copied(),
            call: Vec::new(),
            language: Some(self.file.language),
            name: constant.map(str::to_owned),
            place: None,
            around: None,
            ordinal: 0,
            model: None,
            parameters: Vec::new(),
            kept: Vec::new(),
            bound: self.parameters_around(node),
            taken: self.taken.clone(),
            set: constant.and_then(|_| self.file.set_by(first)),
            imports,
            messages,
            syntax: Syntax::Plain,
            lost,
            doubts,
            settable: settable
                .into_iter()
                .map(Into::into)
                .chain(self.through.relied.iter().cloned())
                .collect(),
            is_allowed: false,
            is_known: false,
        }
    }

    /// The names that callers give to the function around a call.
    fn parameters_around(&self, node: Node<'t>) -> Vec<String> {
        let scope = self.facts.scope_at(node.start_byte());
        let all = self.facts.scopes[scope].node;
        let all = all.map(|function| self.file.parameters(function));
        let names = all.into_iter().flatten().map(|it| it.name.to_owned());
        names.collect()
    }

    /// Whether a value is the same where the prompt is sent.
    fn check(&self, hole: &Hole<'t>, node: Node<'t>, remarks: &mut Remarks) {
        let words = match self.reader.names.moved(self.file, hole.place(), node) {
            Moved::Same => return,
            Moved::IfCalled => {
                let words = "is called where the prompt is filled in";
                remarks.notes.push(Remark::new(
                    hole.node,
                    format!("`{}` {words}", hole.expression),
                ));
                return;
            }
            Moved::No => "may be something else where the prompt is sent",
        };
        remarks.doubts.push(Remark::new(
            hole.node,
            format!("`{}` {words}", hole.expression),
        ));
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

/// What is to be said of a prompt.
#[derive(Default)]
struct Remarks {
    notes: Vec<Remark>,
    doubts: Vec<Remark>,
}

impl Remarks {
    fn sorted(mut self) -> (Vec<String>, Vec<Doubt>) {
        for all in [&mut self.notes, &mut self.doubts] {
            all.sort_by(|one, other| (one.line, &one.words).cmp(&(other.line, &other.words)));
            all.dedup();
            all.truncate(MOST_REMARKS);
        }
        let lost = |it: Remark| format!("line {}: {}", it.line, it.words);
        let doubt = |it: Remark| Doubt {
            line: it.line,
            why: it.words,
        };
        (
            self.notes.into_iter().map(lost).collect(),
            self.doubts.into_iter().map(doubt).collect(),
        )
    }
}

/// The names of the values of one prompt.
#[derive(Default)]
struct Names {
    /// By the kind of value, the expression, and the place of one that may say two things.
    by_expression: HashMap<(bool, String, usize), String>,
    taken: HashSet<String>,
    last: HashMap<String, usize>,
    unnamed: usize,
}

impl Names {
    fn of<'t>(&mut self, hole: &Hole<'t>, is_list: bool, file: &File<'t>) -> String {
        let is_called = file.identifiers(hole.node).has_call;
        let place = if is_called { hole.node.id() } else { 0 };
        let key = (is_list, hole.expression.clone(), place);
        if let Some(known) = self.by_expression.get(&key) {
            return known.clone();
        }
        const WORDS: [&str; 6] = ["else", "this", "true", "false", "null", "undefined"];
        let hint = hole.name.as_deref();
        let name = match hint.filter(|hint| !WORDS.contains(hint)) {
            Some(hint) => {
                let mut name = hint.to_owned();
                let number = self.last.entry(name.clone()).or_insert(1);
                while !self.taken.insert(name.clone()) {
                    *number += 1;
                    name = format!("{hint}_{number}");
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
        self.by_expression.insert(key, name.clone());
        name
    }
}

//! Filling a template in. The parser's own renderer is not used, because it lets missing
//! variables through in many places, knows no places for others, and has no limits.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::Source;
use super::budget::{Budget, Held, TOO_MUCH};
use super::cut::{self, Cuts};
use super::helpers::{Accepts, Args, describe, is_true, print};
use super::item::Item;
use super::missing::{Absence, Missing};
use super::path::{Path, Start};
use super::scan::PARTIAL_BLOCK;
use super::schema::Schema;
use super::scope::{Locals, PathRoot, Scopes};
use super::tree::{Block, BlockKind, Body, Call, Expr, ExprKind, Include, Node};
use crate::prompt::code;
use crate::prompt::document::Origin;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::hint::Hint;
use crate::prompt::rendered::RenderedPart;

/// How many pieces a rendering may take: loops inside loops end.
const MAX_STEPS: usize = 2_000_000;

/// How an expression is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It must have a value that is not null.
    Value,
    /// It must have a value.
    Null,
    /// It decides about a branch.
    Condition,
    /// It may be absent.
    Absent,
}

/// One rendering of one text.
pub(super) struct Renderer<'r> {
    partials: &'r BTreeMap<String, Body>,
    sources: &'r [Source],
    scopes: Scopes<Item<'r>>,
    inlines: Vec<(&'r str, &'r Body)>,
    /// The text of the block with which each open partial was included.
    blocks: Vec<Option<String>>,
    source: usize,
    steps: usize,
    budget: Budget,
    out: String,
    cuts: Cuts<'r>,
}

impl<'r> Renderer<'r> {
    pub(super) fn new(
        partials: &'r BTreeMap<String, Body>,
        sources: &'r [Source],
        values: &'r Value,
        schema: Option<Schema<'r>>,
    ) -> Self {
        let all = Item::all(values, schema);
        Self {
            cuts: Cuts::new(values),
            partials,
            sources,
            scopes: Scopes::new(all),
            inlines: Vec::new(),
            blocks: Vec::new(),
            source: 0,
            steps: 0,
            budget: Budget::new(),
            out: String::new(),
        }
    }

    /// Renders one text.
    pub(super) fn text(&mut self, body: &'r Body) -> Result<String, Finding> {
        self.cuts.may_cut = false;
        self.body(body)?;
        Ok(std::mem::take(&mut self.out))
    }

    /// Takes what the messages of a placeholder bring from what there is room for.
    pub(super) fn takes(&mut self, value: &Value, origin: &Origin) -> Result<(), Finding> {
        self.budget.take_value(value).map_err(|_| {
            Finding::error(code::TEMPLATE_TOO_COMPLEX, TOO_MUCH)
                .at(origin.start)
                .help("give fewer messages, or shorter ones")
        })
    }

    /// Renders one text, cut where it prints a picture or a file.
    pub(super) fn parts(&mut self, body: &'r Body) -> Result<Vec<RenderedPart>, Finding> {
        self.cuts.may_cut = true;
        self.body(body)?;
        Ok(self.cuts.parts(std::mem::take(&mut self.out)))
    }

    fn print(&mut self, value: &Value, at: Span) -> Result<(), Finding> {
        let Some(part) = cut::attachment(value) else {
            let text = print(value, &self.budget).map_err(|_| self.too_much(at))?;
            return self.push(&text, at);
        };
        if self.cuts.may_cut {
            self.cuts.put(part, &mut self.out);
            return Ok(());
        }
        let finding = Finding::error(
            code::BAD_PART,
            "a picture or a file is printed where only text can stand",
        );
        Err(self.with_span(
            finding.help("print it in a user message; texts of other roles, URLs and names of files are text alone"),
            at,
        ))
    }

    fn with_span(&self, finding: Finding, at: Span) -> Finding {
        match self.sources.get(self.source) {
            Some(source) => source.with_span(finding.at(at)),
            None => finding,
        }
    }

    fn count(&mut self, at: Span) -> Result<(), Finding> {
        self.steps += 1;
        if self.steps <= MAX_STEPS {
            return Ok(());
        }
        Err(self.too_much(at))
    }

    fn too_much(&self, at: Span) -> Finding {
        let finding = Finding::error(code::TEMPLATE_TOO_COMPLEX, TOO_MUCH);
        let help = "give shorter lists, or put fewer loops and helpers inside each other";
        self.with_span(finding.help(help), at)
    }

    /// Adds to the text, if there is room.
    fn push(&mut self, text: &str, at: Span) -> Result<(), Finding> {
        if self.budget.take(text.len()).is_err() {
            return Err(self.too_much(at));
        }
        self.out.push_str(text);
        Ok(())
    }

    /// Takes what it costs to copy a value that a helper made.
    fn copied(&self, item: &Item<'_>, at: Span) -> Result<(), Finding> {
        match &item.value {
            Held::Made(value) => self.budget.take_value(value).map_err(|_| self.too_much(at)),
            Held::Given(_) => Ok(()),
        }
    }

    fn body(&mut self, body: &'r Body) -> Result<(), Finding> {
        let outer = std::mem::replace(&mut self.source, body.source);
        let known = self.inlines.len();
        self.define(body);
        for node in &body.nodes {
            match node {
                Node::Text(text) => self.push(text, Span::point(1, 1))?,
                Node::Print(expr) => {
                    self.count(expr.at)?;
                    if let Some(item) = self.expr(expr, Mode::Value)? {
                        self.print(&item.value, expr.at)?;
                    }
                }
                Node::Block(block) => self.block(block)?,
                Node::Include(include) => self.include(include)?,
            }
        }
        self.inlines.truncate(known);
        self.source = outer;
        Ok(())
    }

    fn define(&mut self, body: &'r Body) {
        let inlines = body.inlines.iter();
        self.inlines
            .extend(inlines.map(|inline| (inline.name.as_str(), &inline.body)));
    }

    fn block(&mut self, block: &'r Block) -> Result<(), Finding> {
        self.count(block.at)?;
        let subject = self.expr(&block.subject, Mode::Condition)?;
        let is_zero_fine = block.include_zero || block.kind == BlockKind::With;
        let holds = subject
            .as_ref()
            .is_some_and(|item| is_true(&item.value) || (is_zero_fine && item.value.is_number()));
        match (block.kind, subject) {
            (BlockKind::Unless, _) if !holds => self.body(&block.body),
            (BlockKind::If, _) if holds => self.body(&block.body),
            (BlockKind::With, Some(item)) if holds => {
                let params = block
                    .params
                    .first()
                    .map(|name| (name.clone(), item.clone()));
                self.scopes.enter(item, params.into_iter().collect(), None);
                self.body(&block.body)?;
                self.scopes.leave();
                Ok(())
            }
            (BlockKind::Each, Some(item)) if holds => self.each(block, &item),
            (BlockKind::Each, Some(item)) if !is_empty(&item.value) => {
                Err(self.not_a_list(block, &item))
            }
            _ => self.body(&block.otherwise),
        }
    }

    fn not_a_list(&self, block: &Block, item: &Item<'_>) -> Finding {
        let message = format!(
            "`{{{{#each}}}}` wants a list or a map, and {} was given",
            describe(&item.value)
        );
        let is_list = |text: &str| {
            let value = serde_json::from_str(text);
            value.is_ok_and(|it: Value| it.is_array() || it.is_object())
        };
        let variable = match &block.subject.kind {
            ExprKind::Path(path) if path.up == 0 && path.start != Start::Local => {
                path.segments.first().filter(|_| path.segments.len() == 1)
            }
            _ => None,
        };
        // A list that was written as a text is meant as a list.
        let help = match (&*item.value, variable) {
            (Value::String(text), Some(name)) if is_list(text) => Hint::GiveJson(name.clone()),
            _ => "use `{{#if}}` for a condition".into(),
        };
        self.with_span(
            Finding::error(code::HELPER_FAILED, message).help(help),
            block.at,
        )
    }

    fn each(&mut self, block: &'r Block, item: &Item<'r>) -> Result<(), Finding> {
        let keys: Vec<Option<String>> = match &*item.value {
            Value::Array(items) => vec![None; items.len()],
            Value::Object(map) => map.keys().cloned().map(Some).collect(),
            _ => return Err(self.not_a_list(block, item)),
        };
        let count = keys.len();
        for (index, key) in keys.into_iter().enumerate() {
            self.count(block.at)?;
            let name = key.clone().unwrap_or_else(|| index.to_string());
            let Ok(value) = item.step(&name) else {
                continue;
            };
            self.copied(&value, block.at)?;
            let label = key.clone().map_or_else(|| index.into(), Value::String);
            let params = block
                .params
                .iter()
                .cloned()
                .zip([value.clone(), Item::made(label)]);
            let locals = Locals {
                index,
                key,
                is_first: index == 0,
                is_last: index + 1 == count,
            };
            self.scopes.enter(value, params.collect(), Some(locals));
            self.body(&block.body)?;
            self.scopes.leave();
        }
        Ok(())
    }

    fn include(&mut self, include: &'r Include) -> Result<(), Finding> {
        self.count(include.at)?;
        let context = match &include.context {
            Some(expr) => self.expr(expr, Mode::Null)?,
            None => None,
        };
        let mut given = Vec::new();
        for (name, expr) in &include.options {
            if let Some(item) = self.expr(expr, Mode::Null)? {
                given.push((name.clone(), item));
            }
        }
        if include.indent.is_empty() {
            return self.included(include, context, given);
        }
        // A tag that stands alone on its line gives its indentation to every line of the partial.
        let outer = std::mem::take(&mut self.out);
        let result = self.included(include, context, given);
        let inner = std::mem::replace(&mut self.out, outer);
        for line in inner.split_inclusive('\n') {
            self.push(&include.indent, include.at)?;
            self.push(line, include.at)?;
        }
        result
    }

    fn included(
        &mut self,
        include: &'r Include,
        context: Option<Item<'r>>,
        given: Vec<(String, Item<'r>)>,
    ) -> Result<(), Finding> {
        let name = include.name.as_str();
        if name == PARTIAL_BLOCK {
            if let Some(Some(text)) = self.blocks.last() {
                if self.budget.take(text.len()).is_err() {
                    return Err(self.too_much(include.at));
                }
                self.out.push_str(text);
                return Ok(());
            }
            return include
                .block
                .as_ref()
                .map_or(Ok(()), |fallback| self.body(fallback));
        }
        let inline = self.inlines.iter().rev().find(|(known, _)| *known == name);
        let found = inline
            .map(|(_, body)| *body)
            .or_else(|| self.partials.get(name));
        let known = self.inlines.len();
        self.scopes.enter_partial(context, given);
        match (found, &include.block) {
            (Some(body), Some(block)) => {
                let text = self.aside(block)?;
                self.define(block);
                self.blocks.push(Some(text));
                self.body(body)?;
                self.blocks.pop();
            }
            (Some(body), None) => {
                self.blocks.push(None);
                self.body(body)?;
                self.blocks.pop();
            }
            (None, Some(block)) => self.body(block)?,
            (None, None) => {}
        }
        self.scopes.leave();
        self.inlines.truncate(known);
        Ok(())
    }

    /// Renders a body to a text of its own.
    fn aside(&mut self, body: &'r Body) -> Result<String, Finding> {
        let outer = std::mem::take(&mut self.out);
        let result = self.body(body);
        let text = std::mem::replace(&mut self.out, outer);
        result.map(|()| text)
    }

    /// The value of an expression; `None` where it is absent and may be.
    fn expr(&mut self, expr: &'r Expr, mode: Mode) -> Result<Option<Item<'r>>, Finding> {
        match &expr.kind {
            ExprKind::Literal(value) => Ok(Some(Item::literal(value))),
            ExprKind::Path(path) => self.path(path, mode, expr.at),
            ExprKind::Call(call) => self
                .call(call, mode, expr.at)
                .map(|value| Some(Item::made(value))),
        }
    }

    fn path(&self, path: &Path, mode: Mode, at: Span) -> Result<Option<Item<'r>>, Finding> {
        let absence = match self.resolve(path) {
            Ok(item) if item.value.is_null() && mode == Mode::Value => Absence::Null,
            Ok(item) => {
                if !path.segments.is_empty() {
                    self.copied(&item, at)?;
                }
                return Ok(Some(item));
            }
            Err(_) if mode == Mode::Absent => return Ok(None),
            Err(Absence::Optional) if mode == Mode::Condition => return Ok(None),
            Err(absence) => absence,
        };
        let missing = Missing {
            path,
            absence,
            is_condition: mode == Mode::Condition,
            is_nested: self.scopes.is_nested(),
            all: self.scopes.root().value.as_object(),
        };
        Err(self.with_span(missing.finding(), at))
    }

    fn resolve(&self, path: &Path) -> Result<Item<'r>, Absence> {
        match self.scopes.find(path) {
            PathRoot::Item(item, used) => {
                let mut item = Cow::Borrowed(item);
                for segment in &path.segments[used.min(path.segments.len())..] {
                    item = Cow::Owned(item.step(segment)?);
                }
                Ok(item.into_owned())
            }
            PathRoot::Locals(locals) => {
                let name = path
                    .segments
                    .first()
                    .map(String::as_str)
                    .unwrap_or_default();
                let locals = locals.ok_or(Absence::NoLoop)?;
                Ok(Item::made(match name {
                    "index" => locals.index.into(),
                    "key" => locals
                        .key
                        .clone()
                        .map_or_else(|| locals.index.into(), Value::String),
                    "first" => locals.is_first.into(),
                    "last" => locals.is_last.into(),
                    _ => return Err(Absence::NoLoop),
                }))
            }
            PathRoot::Outside => Err(Absence::Outside),
        }
    }

    fn call(&mut self, call: &'r Call, mode: Mode, at: Span) -> Result<Value, Finding> {
        self.count(at)?;
        let mut values = Vec::with_capacity(call.args.len());
        for (index, arg) in call.args.iter().enumerate() {
            let is_last = index + 1 == call.args.len();
            let wanted = match call.helper.accepts {
                Accepts::Value => Mode::Value,
                Accepts::Null => Mode::Null,
                Accepts::Absent => {
                    if is_last {
                        Mode::Value
                    } else {
                        Mode::Absent
                    }
                }
                Accepts::Conditions => {
                    if mode == Mode::Condition {
                        Mode::Condition
                    } else {
                        Mode::Null
                    }
                }
            };
            let value = self
                .expr(arg, wanted)?
                .map_or(Held::Given(&Value::Null), |item| item.value);
            let is_decided = match call.helper.name {
                "default" => !value.is_null(),
                "and" => !is_true(&value),
                "or" => is_true(&value),
                _ => false,
            };
            values.push(value);
            if is_decided {
                break;
            }
        }
        let mut options = Vec::with_capacity(call.options.len());
        for (name, expr) in &call.options {
            if let Some(item) = self.expr(expr, Mode::Value)? {
                options.push((name.as_str(), item.value));
            }
        }
        let args = Args {
            values: &values,
            options: &options,
            budget: &self.budget,
        };
        let result = match (call.helper.run)(&args) {
            Ok(Value::Null) if mode == Mode::Value => {
                Err("finds null, which is no value".to_owned())
            }
            other => other,
        };
        result.map_err(|reason| {
            if self.budget.is_spent() {
                return self.too_much(at);
            }
            let finding = Finding::error(
                code::HELPER_FAILED,
                format!("`{}` {reason}", call.helper.name),
            );
            self.with_span(
                finding.help(format!("`{}`: {}", call.helper.name, call.helper.doc)),
                at,
            )
        })
    }
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null)
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(serde_json::Map::is_empty)
}

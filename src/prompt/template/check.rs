//! What can be known without values: which variables a template uses and where, whether each
//! partial exists, and that inclusion ends.

use std::collections::{BTreeMap, BTreeSet};

use super::helpers::Accepts;
use super::path::Path;
use super::scan::PARTIAL_BLOCK;
use super::schema::{Presence, Schema};
use super::scope::{PathRoot, Scopes};
use super::tree::{Block, BlockKind, Body, Call, Expr, ExprKind, Include, Node};
use super::{Source, Use};
use crate::prompt::code::{self, Code};
use crate::prompt::finding::{Finding, Span};

/// How deep partials may include each other.
const MAX_PARTIALS: usize = 50;
/// How deep blocks and partials may nest together.
const MAX_DEPTH: usize = 150;
/// How many pieces a prompt may have once its partials are put in place.
const MAX_PIECES: usize = 200_000;

/// What is known of a value before there are values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// All variables.
    All,
    /// What stands in this variable, or somewhere below it.
    Variable(String),
    /// Something that is made in the template.
    Made,
}

/// How an expression is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It must have a value.
    Required,
    /// It must have a value, and is printed as it is.
    Printed,
    /// It decides about a branch.
    Condition,
    /// It may be absent, because something else stands in for it.
    Optional,
}

/// The walk over a prompt's templates and, where they are included, its partials.
pub(super) struct Checker<'c> {
    partials: &'c BTreeMap<String, Body>,
    sources: &'c [Source],
    schema: Option<Schema<'c>>,
    scopes: Scopes<Known>,
    inlines: Vec<(&'c str, &'c Body)>,
    /// The partials inside of which the walk is.
    active: Vec<(&'c str, *const Body)>,
    /// Whether the partial was included with a block, for each of those.
    blocks: Vec<bool>,
    /// The variables that have a value here, because a condition says so.
    guards: Vec<String>,
    source: usize,
    depth: usize,
    pieces: usize,
    pub(super) uses: Vec<Use>,
    /// Where each use stands in `uses`: a partial that is included twice is met twice.
    known_uses: BTreeMap<(usize, Span, &'c str, String), usize>,
    pub(super) findings: Vec<Finding>,
    known_findings: BTreeSet<(usize, Span, Code)>,
}

impl<'c> Checker<'c> {
    pub(super) fn new(
        partials: &'c BTreeMap<String, Body>,
        sources: &'c [Source],
        schema: Option<Schema<'c>>,
    ) -> Self {
        Self {
            partials,
            sources,
            schema,
            scopes: Scopes::new(Known::All),
            inlines: Vec::new(),
            active: Vec::new(),
            blocks: Vec::new(),
            guards: Vec::new(),
            source: 0,
            depth: 0,
            pieces: 0,
            uses: Vec::new(),
            known_uses: BTreeMap::new(),
            findings: Vec::new(),
            known_findings: BTreeSet::new(),
        }
    }

    fn report(&mut self, finding: Finding, at: Span) {
        let is_new = self.known_findings.insert((self.source, at, finding.code));
        if let Some(source) = self.sources.get(self.source).filter(|_| is_new) {
            self.findings.push(source.with_span(finding.at(at)));
        }
    }

    /// Counts a piece; `None` where the walk must stop.
    fn count(&mut self, at: Span) -> Option<()> {
        self.pieces += 1;
        if self.pieces == MAX_PIECES {
            let message = "with its partials in place the prompt has more than 200,000 pieces";
            let finding = Finding::error(code::TEMPLATE_TOO_COMPLEX, message);
            self.report(finding.help("include fewer partials, or less often"), at);
        }
        (self.pieces < MAX_PIECES).then_some(())
    }

    pub(super) fn body(&mut self, body: &'c Body) {
        let outer = std::mem::replace(&mut self.source, body.source);
        let known = self.inlines.len();
        self.define(body);
        for node in &body.nodes {
            match node {
                Node::Text(_) => {}
                Node::Print(expr) => {
                    self.expr(expr, Mode::Printed);
                }
                Node::Block(block) => self.block(block),
                Node::Include(include) => self.include(include),
            }
        }
        self.inlines.truncate(known);
        self.source = outer;
    }

    /// Makes the partials known that a body defines.
    fn define(&mut self, body: &'c Body) {
        let inlines = body.inlines.iter();
        self.inlines
            .extend(inlines.map(|inline| (inline.name.as_str(), &inline.body)));
    }

    /// Enters one more level, unless there are too many.
    fn nested(&mut self, at: Span, inside: impl FnOnce(&mut Self)) {
        if self.count(at).is_none() {
            return;
        }
        if self.depth >= MAX_DEPTH {
            let message = "blocks and partials are nested more than 150 levels deep";
            let finding = Finding::error(code::TEMPLATE_TOO_COMPLEX, message);
            self.report(finding.help("nest fewer blocks"), at);
            return;
        }
        self.depth += 1;
        inside(self);
        self.depth -= 1;
    }

    fn block(&mut self, block: &'c Block) {
        let subject = self.expr(&block.subject, Mode::Condition);
        let is_positive = block.kind != BlockKind::Unless;
        self.nested(block.at, |this| {
            let marks = this.guard(&block.subject, is_positive);
            match block.kind {
                BlockKind::If | BlockKind::Unless => this.body(&block.body),
                BlockKind::With | BlockKind::Each => {
                    let values = [subject.clone(), Known::Made];
                    let params = block.params.iter().cloned().zip(values).collect();
                    this.scopes.enter(subject, params, None);
                    this.body(&block.body);
                    this.scopes.leave();
                }
            }
            this.guards.truncate(marks);
            let marks = this.guard(&block.subject, !is_positive);
            this.body(&block.otherwise);
            this.guards.truncate(marks);
        });
    }

    /// Adds what has a value once a condition was judged; returns what to cut the list back to.
    fn guard(&mut self, condition: &'c Expr, holds: bool) -> usize {
        let mark = self.guards.len();
        let mut pending = vec![(condition, holds)];
        while let Some((expr, holds)) = pending.pop() {
            match &expr.kind {
                ExprKind::Path(path) if holds => {
                    if let Known::Variable(name) = self.resolve(path) {
                        self.guards.push(name);
                    }
                }
                ExprKind::Call(call) => match call.helper.name {
                    "not" => pending.extend(call.args.iter().map(|arg| (arg, !holds))),
                    "and" if holds => pending.extend(call.args.iter().map(|arg| (arg, true))),
                    "or" if !holds => pending.extend(call.args.iter().map(|arg| (arg, false))),
                    _ => {}
                },
                _ => {}
            }
        }
        mark
    }

    fn include(&mut self, include: &'c Include) {
        let context = include
            .context
            .as_ref()
            .map(|expr| self.expr(expr, Mode::Required));
        let mut given = Vec::new();
        for (name, expr) in &include.options {
            given.push((name.clone(), self.expr(expr, Mode::Required)));
        }
        if include.name == PARTIAL_BLOCK {
            self.include_block(include);
            return;
        }
        let name = include.name.as_str();
        let inline = self.inlines.iter().rev().find(|(known, _)| *known == name);
        let body = inline
            .map(|(_, body)| *body)
            .or_else(|| self.partials.get(name));
        let Some(body) = body.or(include.block.as_ref()) else {
            self.missing(include);
            return;
        };
        let is_found = include
            .block
            .as_ref()
            .is_none_or(|block| !std::ptr::eq(block, body));
        if is_found && !self.may_enter(name, body, include.at) {
            return;
        }
        self.nested(include.at, |this| {
            let known = this.inlines.len();
            this.scopes.enter_partial(context, given);
            if let Some(block) = include.block.as_ref().filter(|_| is_found) {
                this.body(block);
                this.define(block);
            }
            if is_found {
                this.active.push((name, body));
                this.blocks.push(include.block.is_some());
            }
            this.body(body);
            if is_found {
                this.active.pop();
                this.blocks.pop();
            }
            this.scopes.leave();
            this.inlines.truncate(known);
        });
    }

    /// `{{> @partial-block}}`.
    fn include_block(&mut self, include: &'c Include) {
        let has_block = self.blocks.last().copied().unwrap_or_default();
        match &include.block {
            Some(fallback) if !has_block => self.nested(include.at, |this| this.body(fallback)),
            None if !has_block => {
                let message = "`{{> @partial-block}}` stands where no block was given";
                let help = "include the partial as `{{#> name}} … {{/name}}`";
                self.report(
                    Finding::error(code::MISSING_PARTIAL, message).help(help),
                    include.at,
                );
            }
            _ => {}
        }
    }

    fn missing(&mut self, include: &Include) {
        if self
            .known_findings
            .contains(&(self.source, include.at, code::MISSING_PARTIAL))
        {
            return;
        }
        let name = &include.name;
        let near = crate::prompt::name::nearest(name, self.partials.keys().map(String::as_str));
        let help = match (near, crate::prompt::name::partial_path(name)) {
            (Some(near), _) => format!("`{near}` exists"),
            (None, Some(path)) => format!("make the file `{path}` below a root"),
            (None, None) => {
                "the name is a path below a root, such as `tone` or `support/refund`".to_owned()
            }
        };
        let finding = Finding::error(
            code::MISSING_PARTIAL,
            format!("there is no partial `{name}`"),
        );
        self.report(finding.help(help), include.at);
    }

    /// Whether a partial may be entered: it is not inside itself, and not too deep.
    fn may_enter(&mut self, name: &'c str, body: &'c Body, at: Span) -> bool {
        let inside = self
            .active
            .iter()
            .position(|(_, active)| std::ptr::eq(*active, body));
        if let Some(first) = inside {
            let names = self.active[first..]
                .iter()
                .map(|(name, _)| *name)
                .chain([name]);
            let chain = names.collect::<Vec<_>>().join(" → ");
            let finding = Finding::error(
                code::PARTIAL_CYCLE,
                format!("partials include each other: {chain}"),
            );
            self.report(finding.help("remove one of the inclusions"), at);
            return false;
        }
        if self.active.len() >= MAX_PARTIALS {
            let message = "partials include each other more than 50 levels deep";
            let finding = Finding::error(code::TEMPLATE_TOO_COMPLEX, message);
            self.report(finding.help("merge some of the partials"), at);
            return false;
        }
        true
    }

    fn expr(&mut self, expr: &'c Expr, mode: Mode) -> Known {
        match &expr.kind {
            ExprKind::Literal(_) => Known::Made,
            ExprKind::Path(path) => {
                let known = self.resolve(path);
                if let Known::Variable(name) = &known {
                    self.record(name.clone(), path, mode, expr.at);
                }
                known
            }
            ExprKind::Call(call) => {
                if self.count(expr.at).is_some() {
                    self.call(call, mode);
                }
                Known::Made
            }
        }
    }

    fn call(&mut self, call: &'c Call, mode: Mode) {
        let mark = self.guards.len();
        for (at, arg) in call.args.iter().enumerate() {
            let is_last = at + 1 == call.args.len();
            let inner = match call.helper.accepts {
                Accepts::Absent if !is_last => Mode::Optional,
                Accepts::Conditions if mode == Mode::Condition => Mode::Condition,
                _ => Mode::Required,
            };
            self.expr(arg, inner);
            // What follows in `and` is judged only when this holds, in `or` when it does not.
            if inner == Mode::Condition && call.helper.name != "not" {
                self.guard(arg, call.helper.name == "and");
            }
        }
        self.guards.truncate(mark);
        for (_, option) in &call.options {
            self.expr(option, Mode::Required);
        }
    }

    /// What a path stands for.
    fn resolve(&self, path: &Path) -> Known {
        match self.scopes.find(path) {
            PathRoot::Item(Known::All, used) => match path.segments.get(used) {
                Some(name) => Known::Variable(name.clone()),
                None => Known::All,
            },
            PathRoot::Item(known, _) => known.clone(),
            PathRoot::Locals(_) | PathRoot::Outside => Known::Made,
        }
    }

    /// Whether a path stands for a variable itself, and not for something in it.
    fn is_whole(&self, path: &Path) -> bool {
        matches!(self.scopes.find(path), PathRoot::Item(Known::All, used) if path.segments.len() == used + 1)
    }

    fn record(&mut self, name: String, path: &'c Path, mode: Mode, at: Span) {
        let is_declared_optional = self
            .schema
            .is_some_and(|schema| schema.presence(&name) == Presence::Optional);
        let is_guarded = match mode {
            Mode::Optional => true,
            Mode::Condition if is_declared_optional => true,
            _ => self.guards.contains(&name),
        };
        let key = (self.source, at, path.raw.as_str(), name.clone());
        if let Some(known) = self
            .known_uses
            .get(&key)
            .and_then(|known| self.uses.get_mut(*known))
        {
            known.is_guarded &= is_guarded;
            return;
        }
        self.known_uses.insert(key, self.uses.len());
        let place = self
            .sources
            .get(self.source)
            .map(|source| source.locate(at));
        let (file, position) = place.unwrap_or((None, at));
        self.uses.push(Use {
            name,
            text: path.raw.clone(),
            path: file.map(str::to_owned),
            position,
            is_guarded,
            is_printed: mode == Mode::Printed && self.is_whole(path),
            is_placeholder: false,
        });
    }
}

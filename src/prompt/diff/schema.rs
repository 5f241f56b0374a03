//! How one JSON Schema became another: which values it accepts no more, and which only now.
//!
//! The comparison follows nested properties, local `$ref`s, `allOf`, `anyOf`, `oneOf` and lists.
//! What it can't decide it reports as such; it never guesses that a change is harmless.

mod keywords;
mod limits;
mod refs;
mod rename;
#[cfg(test)]
mod tests;
mod view;

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::Value;

use super::value;
use view::{Alternatives, View};

/// Schemas nested deeper than this are not followed.
const MAX_DEPTH: usize = 48;

/// So many pairs of schemas are compared; the rest is undecided.
const MAX_STEPS: usize = 20_000;

/// How many events are reported; more would only repeat.
const MAX_EVENTS: usize = 5_000;

/// So many schemas are laid flat for one comparison.
const MAX_FLAT: usize = 200_000;

/// What happened at one place of a schema.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) what: SchemaChange,
    /// The place in the value that the schema describes, such as `customer.lines[].sku`.
    pub(super) path: String,
    /// The places in the files, as changes name them.
    pub(super) at: Vec<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SchemaChange {
    /// A property is new.
    Added { is_required: bool },
    /// A property is gone.
    Removed,
    /// A property is gone, and this one looks like it.
    Renamed { to: String },
    /// A property must now be there.
    Required,
    /// A property may now be missing.
    Optional,
    /// The default of a property is another.
    Default { before: String, after: String },
    /// The type or the set of values is another.
    Shift {
        what: LimitKind,
        narrower: bool,
        wider: bool,
        detail: String,
    },
    /// Properties that the schema does not name are refused now.
    Closed,
    /// Properties that the schema does not name are allowed now.
    Opened,
    /// It can't be decided what the change means.
    Undecided { reason: String },
}

/// What kind of limit moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum LimitKind {
    Type,
    Enum,
    Constraint,
}

/// Compares two schemas that stand at the path `at` in their files.
pub(super) fn compare(before: &Value, after: &Value, at: &str) -> Vec<Event> {
    if before == after {
        return Vec::new();
    }
    let left = Cell::new(MAX_FLAT);
    let mut comparer = Comparer {
        before: Root::new(before, at, &left),
        after: Root::new(after, at, &left),
        has_same_definitions: has_same_definitions(before, after),
        active: Vec::new(),
        known: HashMap::new(),
        steps: 0,
        told: 0,
        events: Vec::new(),
    };
    comparer.schemas(&Spot::new(before, at), &Spot::new(after, at), "");
    comparer.events
}

fn has_same_definitions(before: &Value, after: &Value) -> bool {
    let is_elsewhere = |target: &str| {
        let is_definition = |start| target.starts_with(start);
        target.starts_with('#')
            && !["#/$defs/", "#/definitions/"]
                .into_iter()
                .any(is_definition)
    };
    let is_same = |key: &&str| before.get(key) == after.get(key);
    ["$defs", "definitions"].iter().all(is_same)
        && !refs::refers(before, is_elsewhere)
        && !refs::refers(after, is_elsewhere)
}

/// A whole schema, in which `$ref`s are looked up.
#[derive(Clone, Copy)]
struct Root<'a> {
    schema: &'a Value,
    at: &'a str,
    /// How many more schemas may be laid flat.
    left: &'a Cell<usize>,
}

impl<'a> Root<'a> {
    fn new(schema: &'a Value, at: &'a str, left: &'a Cell<usize>) -> Self {
        Self { schema, at, left }
    }
}

/// A schema within a whole one, and the path of its place in the file.
#[derive(Debug, Clone)]
struct Spot<'a> {
    schema: &'a Value,
    at: String,
}

impl<'a> Spot<'a> {
    fn new(schema: &'a Value, at: &str) -> Self {
        Self {
            schema,
            at: at.to_owned(),
        }
    }
}

/// The two schemas being compared.
#[derive(Clone, Copy)]
struct Spots<'s, 'a>(&'s Spot<'a>, &'s Spot<'a>);

impl Spots<'_, '_> {
    fn at(self) -> [String; 2] {
        [self.0.at.clone(), self.1.at.clone()]
    }
}

/// A schema may be put together from schemas nested this deep.
const MAX_NESTING: usize = 24;

/// The schema that accepts everything, for where there is none.
static ANYTHING: Value = Value::Bool(true);

struct Comparer<'a> {
    before: Root<'a>,
    after: Root<'a>,
    /// Whether `$ref`s lead to the same on both sides.
    has_same_definitions: bool,
    /// The pairs being compared: coming back to one through a `$ref` adds nothing.
    active: Vec<(*const Value, *const Value)>,
    /// Whether two schemas say the same, once that was found out.
    known: HashMap<(*const Value, *const Value), bool>,
    steps: usize,
    /// How many events were found, those of trials included.
    told: usize,
    events: Vec<Event>,
}

impl<'a> Comparer<'a> {
    fn report(&mut self, what: SchemaChange, path: &str, at: impl IntoIterator<Item = String>) {
        self.told += 1;
        if self.told == MAX_EVENTS {
            self.steps = self.steps.max(MAX_STEPS);
        }
        self.events.push(Event {
            what,
            path: path.to_owned(),
            at: at.into_iter().collect(),
        });
    }

    /// Compares two schemas that describe the value at `path`.
    fn schemas(&mut self, before: &Spot<'a>, after: &Spot<'a>, path: &str) {
        let (before, after) = (&self.before.follow(before), &self.after.follow(after));
        let pair = (
            std::ptr::from_ref(before.schema),
            std::ptr::from_ref(after.schema),
        );
        if self.steps > MAX_STEPS || self.active.contains(&pair) {
            return;
        }
        if self.is_known_same(before.schema, after.schema) {
            return;
        }
        self.steps += 1;
        if self.active.len() >= MAX_DEPTH || self.steps > MAX_STEPS {
            self.undecided("it is too large or too deep", Spots(before, after), path);
            return;
        }
        self.active.push(pair);
        match (
            Alternatives::of(before, self.before),
            Alternatives::of(after, self.after),
        ) {
            (Ok(old), Ok(new)) => self.alternatives(&old, &new, Spots(before, after), path),
            (Err(reason), _) | (_, Err(reason)) => {
                self.undecided(&reason, Spots(before, after), path);
            }
        }
        self.active.pop();
    }

    fn undecided(&mut self, reason: &str, spots: Spots<'_, 'a>, path: &str) {
        let reason = reason.to_owned();
        self.report(SchemaChange::Undecided { reason }, path, spots.at());
    }

    /// The same, found out once for each pair: many references may lead to one schema.
    fn is_known_same(&mut self, before: &Value, after: &Value) -> bool {
        let pair = (std::ptr::from_ref(before), std::ptr::from_ref(after));
        if let Some(known) = self.known.get(&pair) {
            return *known;
        }
        let is_same = self.is_same(before, after);
        self.known.insert(pair, is_same);
        is_same
    }

    /// Whether two schemas say the same, definitions that they refer to included.
    fn is_same(&self, before: &Value, after: &Value) -> bool {
        before == after && (!refs::refers(before, |_| true) || self.has_same_definitions)
    }

    /// Compares what the schemas accept, alternative by alternative.
    fn alternatives(
        &mut self,
        old: &Alternatives<'a>,
        new: &Alternatives<'a>,
        spots: Spots<'_, 'a>,
        path: &str,
    ) {
        if let ([before], [after]) = (old.views.as_slice(), new.views.as_slice()) {
            self.views(before, after, spots, path);
            return;
        }
        let (old, new) = (old.by_type(), new.by_type());
        if !(old.is_decidable() && new.is_decidable()) {
            self.undecided("the alternatives of its `oneOf` may overlap", spots, path);
            return;
        }
        let matched = self.matched(&old.views, &new.views, spots);
        for (before, after) in matched.pairs {
            self.views(before, after, spots, path);
        }
        for (views, is_new) in [(matched.gone, false), (matched.come, true)] {
            for view in views {
                let word = if is_new {
                    "it may now also be"
                } else {
                    "it may no longer be"
                };
                let what = SchemaChange::Shift {
                    what: LimitKind::Type,
                    narrower: !is_new,
                    wider: is_new,
                    detail: format!("{word} {}", view.describe()),
                };
                self.report(what, path, spots.at());
            }
        }
    }

    /// Which alternative became which. Those that accept the same are left out.
    fn matched<'v>(
        &mut self,
        old: &'v [View<'a>],
        new: &'v [View<'a>],
        spots: Spots<'_, 'a>,
    ) -> Matched<'v, 'a> {
        let mut matched = Matched {
            come: new.iter().collect(),
            ..Matched::default()
        };
        let mut left = Vec::new();
        for before in old {
            match matched
                .come
                .iter()
                .position(|after| self.trial(before, after, spots))
            {
                Some(at) => drop(matched.come.remove(at)),
                None => left.push(before),
            }
        }
        for before in left {
            match matched
                .come
                .iter()
                .position(|after| !before.is_disjoint(after))
            {
                Some(at) => matched.pairs.push((before, matched.come.remove(at))),
                None => matched.gone.push(before),
            }
        }
        matched
    }

    /// Whether two alternatives accept the same.
    fn trial(&mut self, before: &View<'a>, after: &View<'a>, spots: Spots<'_, 'a>) -> bool {
        let events = std::mem::take(&mut self.events);
        self.views(before, after, spots, "");
        std::mem::replace(&mut self.events, events).is_empty()
    }

    /// Compares two alternatives keyword by keyword.
    fn views(&mut self, before: &View<'a>, after: &View<'a>, spots: Spots<'_, 'a>, path: &str) {
        for (what, keywords) in limits::compare(before, after) {
            let said = keywords
                .iter()
                .flat_map(|keyword| [before.at(keyword), after.at(keyword)]);
            let mut at: Vec<String> = said.flatten().collect();
            if at.is_empty() {
                at.extend(spots.at());
            }
            self.report(what, path, at);
        }
        if before.is_never || after.is_never {
            return;
        }
        self.properties(before, after, path);
        self.unnamed_properties(before, after, path);
        self.items(before, after, path);
        let added = after
            .other_keywords()
            .filter(|keyword| before.keyword(keyword).is_none());
        for keyword in before.other_keywords().chain(added) {
            let is_same = match (before.keyword(keyword), after.keyword(keyword)) {
                (Some(old), Some(new)) => self.is_same(old, new),
                _ => false,
            };
            if !is_same {
                self.undecided(&format!("`{}` changed", super::quote(keyword)), spots, path);
            }
        }
    }

    fn properties(&mut self, before: &View<'a>, after: &View<'a>, path: &str) {
        let is_gone = |name: &&str| !after.properties.contains_key(*name);
        let is_new = |name: &&str| !before.properties.contains_key(*name);
        let gone: Vec<&str> = before.properties.keys().copied().filter(is_gone).collect();
        let mut come: Vec<&str> = after.properties.keys().copied().filter(is_new).collect();
        for name in gone {
            let at = before.property_at(name);
            let below = value::join(path, name);
            match rename::target(name, &before.properties[name], &come, &after.properties) {
                Some(place) => {
                    let to = come.remove(place);
                    let at = at.into_iter().chain(after.property_at(to));
                    self.report(SchemaChange::Renamed { to: to.to_owned() }, &below, at);
                }
                // Nothing described it, and it may still be there.
                None if before.is_unlisted(name) => self.report(SchemaChange::Optional, &below, at),
                None => self.report(SchemaChange::Removed, &below, at),
            }
        }
        for name in come {
            let is_required = after.required.contains_key(name);
            let at = after.property_at(name);
            self.report(
                SchemaChange::Added { is_required },
                &value::join(path, name),
                at,
            );
        }
        for (name, old) in &before.properties {
            let Some(new) = after.properties.get(name) else {
                continue;
            };
            let below = value::join(path, name);
            match (before.required.get(name), after.required.get(name)) {
                (None, Some(at)) => {
                    self.report(SchemaChange::Required, &below, [at.clone(), new.at.clone()]);
                }
                (Some(at), None) => {
                    self.report(SchemaChange::Optional, &below, [at.clone(), new.at.clone()]);
                }
                _ => {}
            }
            self.default(old, new, &below);
            self.schemas(old, new, &below);
        }
    }

    fn default(&mut self, before: &Spot<'a>, after: &Spot<'a>, path: &str) {
        let (old, new) = (before.schema.get("default"), after.schema.get("default"));
        if old != new {
            let show = |value: Option<&Value>| {
                value.map_or("none".to_owned(), |value| format!("`{}`", short(value)))
            };
            let what = SchemaChange::Default {
                before: show(old),
                after: show(new),
            };
            self.report(
                what,
                path,
                [
                    value::join(&after.at, "default"),
                    value::join(&before.at, "default"),
                ],
            );
        }
    }

    /// Compares what is allowed in properties that the schema does not name.
    fn unnamed_properties(&mut self, before: &View<'a>, after: &View<'a>, path: &str) {
        let (old, new) = (before.unnamed(), after.unnamed());
        match (old.schema, new.schema) {
            (Value::Bool(false), Value::Bool(false)) => {}
            (_, Value::Bool(false)) => self.report(SchemaChange::Closed, path, [old.at, new.at]),
            (Value::Bool(false), _) => self.report(SchemaChange::Opened, path, [old.at, new.at]),
            _ => {
                let dot = if path.is_empty() { "" } else { "." };
                self.schemas(&old, &new, &format!("{path}{dot}*"));
            }
        }
    }

    /// Compares what is allowed in lists.
    fn items(&mut self, before: &View<'a>, after: &View<'a>, path: &str) {
        let (old, new) = (before.first_items(), after.first_items());
        for at in 0..old.len().max(new.len()) {
            let old = old.get(at).cloned().unwrap_or_else(|| before.items());
            let new = new.get(at).cloned().unwrap_or_else(|| after.items());
            self.schemas(&old, &new, &format!("{path}[{at}]"));
        }
        self.schemas(&before.items(), &after.items(), &format!("{path}[]"));
    }
}

/// Which alternative became which.
#[derive(Default)]
struct Matched<'v, 'a> {
    pairs: Vec<(&'v View<'a>, &'v View<'a>)>,
    gone: Vec<&'v View<'a>>,
    come: Vec<&'v View<'a>>,
}

/// A value in few characters, safe between backticks.
fn short(value: &Value) -> String {
    super::quote(&value.to_string())
}

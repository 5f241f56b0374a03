//! The walk that finds regions, sites and uses.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroU16;

use tree_sitter::Node;

use super::flows::{Frame, Goes};
use super::members::{Class, Classes, Member};
use super::uses::{self, Aim};
use super::{A_FUNCTION, MOST_KEPT, MOST_WORK, Names, Region, RegionKind, Site, SiteKind};
use crate::scan::found::syntax::{File, Visit};

pub(in crate::scan::found) struct Collector<'r, 't> {
    file: &'r File<'t>,
    names: Names<'t>,
    stack: Vec<Frame<'t>>,
    /// Assignments to names that are declared elsewhere.
    pending: Vec<(&'t str, Site<'t>)>,
    patterns: usize,
    count: usize,
}

impl<'r, 't> Collector<'r, 't> {
    pub(in crate::scan::found) fn new(file: &'r File<'t>) -> Self {
        Self {
            file,
            names: Names {
                traits: file.traits(),
                regions: vec![Region {
                    start: 0,
                    end: usize::MAX,
                    parent: 0,
                    function: 0,
                    class: 0,
                    methods: 0,
                    kind: RegionKind::File,
                }],
                sites: HashMap::new(),
                uses: HashMap::new(),
                aliases: Vec::new(),
                trusted: Vec::new(),
                own: HashSet::new(),
                members: HashMap::new(),
                classes: Classes::default(),
                put: HashMap::new(),
                foreign: HashSet::new(),
                is_wild: None,
                sets_members: false,
                sets_classes: false,
                wildcards: Vec::new(),
                work_left: Cell::new(MOST_WORK),
            },
            stack: Vec::new(),
            pending: Vec::new(),
            patterns: 0,
            count: 0,
        }
    }

    pub(in crate::scan::found) fn finish(mut self) -> Names<'t> {
        for (name, mut site) in std::mem::take(&mut self.pending) {
            let scope = self.names.scope(name, site.region).unwrap_or(0);
            site.is_far = self.names.function(site.region) != self.names.function(scope);
            self.names
                .sites
                .entry((name, scope))
                .or_default()
                .push(site);
        }
        for sites in self.names.sites.values_mut() {
            sites.sort_by_key(|site| site.at);
        }
        self.names.join_members();
        self.names.join_known();
        if self.count > MOST_KEPT || self.names.work_left.get() == 0 {
            self.names.is_wild = Some("the file names more than is followed");
        }
        self.names.work_left.set(MOST_WORK);
        self.names
    }

    /// Takes the next step of a walk.
    pub(in crate::scan::found) fn visit(&mut self, visit: &Visit<'t>) {
        match visit.is_entered {
            true => self.enter(visit.node, visit.field),
            false => self.leave(),
        }
    }

    fn leave(&mut self) {
        if let Some(frame) = self.stack.pop()
            && frame.kind == "case_pattern"
        {
            self.patterns = self.patterns.saturating_sub(1);
        }
    }

    fn region(&self) -> usize {
        self.stack.last().map_or(0, |frame| frame.region)
    }

    fn enter(&mut self, node: Node<'t>, field: Option<NonZeroU16>) {
        let region = self.region();
        let spelled = self.names.traits.spelled;
        let (kind, field) = (spelled.kind(node), spelled.field(field));
        match kind {
            "identifier"
            | "shorthand_property_identifier"
            | "shorthand_property_identifier_pattern" => {
                self.push(node, kind, field, region);
                self.identifier();
                return;
            }
            "attribute" | "member_expression" | "subscript" | "subscript_expression" => {
                self.push(node, kind, field, region);
                self.member();
                return;
            }
            "case_pattern" => self.patterns += 1,
            "wildcard_import" => self.names.wildcards.push(node.start_byte()),
            "call" | "call_expression" => self.call(node),
            "public_field_definition" => self.field(node, self.child(node, "value")),
            "required_parameter" | "optional_parameter" => self.parameter_field(node),
            "method_definition" | "pair" => self.names.own_member(self.file, node),
            "with_statement" if self.names.traits.has_dynamic_with => {
                self.names.is_wild = Some("`with` may give every name another meaning");
            }
            _ => {}
        }
        let named = self.declares(node, kind, region);
        // The statements of a case are no blocks of their own.
        let is_in_case = self
            .stack
            .last()
            .is_some_and(|it| matches!(it.kind, "switch_case" | "switch_default"));
        let opened = RegionKind::of(self.file, (node, kind), field.filter(|_| !is_in_case))
            .map(|of| self.open((node, kind), of, region));
        let region = opened.unwrap_or(region);
        // A function that is a value knows itself by its name.
        if let (Some(name), false) = (named, is_statement(kind)) {
            self.site(name, region, node, SiteKind::Other(A_FUNCTION));
        }
        self.push(node, kind, field, region);
    }

    fn push(
        &mut self,
        node: Node<'t>,
        kind: &'static str,
        field: Option<&'static str>,
        region: usize,
    ) {
        self.stack.push(Frame {
            node,
            kind,
            field,
            region,
        });
    }

    fn open(&mut self, (node, word): (Node<'t>, &str), kind: RegionKind, parent: usize) -> usize {
        let index = self.names.regions.len();
        let is_own = matches!(kind, RegionKind::Function(_) | RegionKind::Class(_));
        let (mut class, mut methods) = {
            let around = &self.names.regions[parent];
            (around.class, around.methods)
        };
        match kind {
            RegionKind::Class(_) => {
                (class, methods) = (index, 0);
                let known = self.class(node);
                self.names.classes.all.insert(index, known);
            }
            RegionKind::Function(_) if word != "arrow_function" => methods += 1,
            _ => {}
        }
        self.names.regions.push(Region {
            start: node.start_byte(),
            end: node.end_byte(),
            parent,
            function: if is_own {
                index
            } else {
                self.names.regions[parent].function
            },
            class,
            methods,
            kind,
        });
        index
    }

    fn child(&self, node: Node<'t>, field: &str) -> Option<Node<'t>> {
        self.names.traits.spelled.child(node, field)
    }

    /// A class by its name and the words of what it is made from.
    fn class(&self, node: Node<'t>) -> Class<'t> {
        let mut cursor = node.walk();
        let heritage = node
            .named_children(&mut cursor)
            .find(|it| it.kind() == "class_heritage")
            .and_then(|it| it.named_child(0))
            .filter(|it| it.kind() != "implements_clause")
            .or_else(|| self.child(node, "superclasses"));
        let words = heritage.map_or("", |it| self.file.word(it));
        let is_letter = |it: char| it.is_alphanumeric() || matches!(it, '_' | '$');
        Class {
            name: self.child(node, "name").map(|it| self.file.word(it)),
            bases: words
                .split(|it| !is_letter(it))
                .filter(|it| !matches!(*it, "" | "extends" | "metaclass" | "ABCMeta"))
                .collect(),
        }
    }

    /// A field of a class, with what it is given where it is declared.
    fn field(&mut self, node: Node<'t>, value: Option<Node<'t>>) {
        let name = self.child(node, "name").map(|it| self.file.word(it));
        if let (Some(name), Some(_)) = (name, value) {
            self.spelled(name);
            self.add_member(name, value, true, (node, true));
        }
    }

    /// `constructor(private system: string)`: a parameter that is a field, too.
    fn parameter_field(&mut self, node: Node<'t>) {
        let mut cursor = node.walk();
        let is_field = node.children(&mut cursor).any(|it| {
            matches!(
                it.kind(),
                "accessibility_modifier" | "override_modifier" | "readonly"
            )
        });
        if let Some(pattern) = self.child(node, "pattern").filter(|_| is_field) {
            self.add_member(self.file.word(pattern), None, true, (node, false));
        }
    }

    /// The name of a function or a class, which is bound where it stands.
    fn declares(&mut self, node: Node<'t>, kind: &str, region: usize) -> Option<&'t str> {
        let is_named = matches!(
            kind,
            "function_definition"
                | "function_declaration"
                | "generator_function_declaration"
                | "function_expression"
                | "generator_function"
                | "class_definition"
                | "class_declaration"
                | "abstract_class_declaration"
                | "class"
                | "enum_declaration"
                | "internal_module"
        );
        if !is_named {
            return None;
        }
        let name = self.child(node, "name").map(|it| self.file.word(it))?;
        if is_statement(kind) {
            let scope = self.scope_of(region, self.names.traits.has_block_scopes);
            self.site_in(scope, name, region, node, SiteKind::Other(A_FUNCTION));
        }
        Some(name)
    }

    /// Where a declaration in a region counts: in the block, or in the function around it.
    fn scope_of(&self, region: usize, is_block: bool) -> usize {
        let mut scope = region;
        loop {
            let is_scope = match self.names.regions[scope].kind {
                RegionKind::File | RegionKind::Function(_) => true,
                RegionKind::Class(_) => self.names.traits.classes_are_scopes || is_block,
                RegionKind::Case => false,
                _ => is_block,
            };
            if is_scope {
                return scope;
            }
            scope = self.names.regions[scope].parent;
        }
    }

    fn site(&mut self, name: &'t str, scope: usize, node: Node<'t>, kind: SiteKind<'t>) {
        self.site_in(scope, name, self.region(), node, kind);
    }

    fn site_in(
        &mut self,
        scope: usize,
        name: &'t str,
        region: usize,
        node: Node<'t>,
        kind: SiteKind<'t>,
    ) {
        self.count += 1;
        if self.count <= MOST_KEPT {
            self.names
                .sites
                .entry((name, scope))
                .or_default()
                .push(Site {
                    at: node.start_byte(),
                    end: node.end_byte(),
                    region,
                    kind,
                    is_far: false,
                });
        }
    }

    /// A name that may be declared elsewhere is given a value.
    fn assigned(&mut self, name: &'t str, node: Node<'t>, kind: SiteKind<'t>) {
        let region = self.region();
        if self.names.traits.assigning_declares {
            self.site(name, self.scope_of(region, false), node, kind);
            return;
        }
        self.changed(name, node, kind);
    }

    /// What a name that is declared elsewhere stands for is changed.
    fn changed(&mut self, name: &'t str, node: Node<'t>, kind: SiteKind<'t>) {
        let region = self.region();
        self.count += 1;
        if self.count <= MOST_KEPT {
            let site = Site {
                at: node.start_byte(),
                end: node.end_byte(),
                region,
                kind,
                is_far: false,
            };
            self.pending.push((name, site));
        }
    }

    fn identifier(&mut self) {
        let Some(frame) = self.stack.last().copied() else {
            return;
        };
        let name = self.file.word(frame.node);
        self.spelled(name);
        if self.patterns > 0 {
            self.assigned(
                name,
                frame.node,
                SiteKind::Other("may be taken by a pattern"),
            );
            return;
        }
        let region = self.region();
        let aim = uses::aim(self.file, &self.stack);
        if let Aim::Assigned(SiteKind::Import, _) | Aim::Declared(SiteKind::Import, ..) = aim {
            let around = self.stack.iter().rev().map(|it| it.node);
            self.names.imported(self.file, around, name);
        }
        match aim {
            Aim::Not => {}
            Aim::Foreign => {
                self.names.foreign.insert(name);
            }
            Aim::Declared(kind, is_block, node) => {
                let scope = self.scope_of(region, is_block && self.names.traits.has_block_scopes);
                self.site(name, scope, node, kind);
            }
            Aim::Inner(kind) => self.site(name, region, frame.node, kind),
            Aim::Assigned(kind, node) => self.assigned(name, node, kind),
            Aim::Goes(Goes::Items(items, is_all, node)) => {
                for item in items {
                    let kind = match is_all {
                        true => SiteKind::Extend(item),
                        false => SiteKind::Append(item),
                    };
                    self.changed(name, node, kind);
                }
            }
            Aim::Goes(Goes::Used(used, others)) => {
                self.count += 1 + others.len();
                if self.count <= MOST_KEPT {
                    for used in others.into_iter().chain([used]) {
                        self.names.keep(self.file, name, (frame.node, region), used);
                    }
                }
            }
        }
    }

    /// A name that the language may take for another one: Python folds letters, scripts read escapes.
    fn spelled(&mut self, name: &str) {
        let is_odd = match self.names.traits.folds_names {
            true => !name.is_ascii() && !name.chars().all(super::stands_for_itself),
            false => name.contains('\\'),
        };
        if is_odd {
            self.names.is_wild = Some("a name may be written in two ways");
        }
    }

    /// A member, or an item, where it is given a value.
    fn member(&mut self) {
        let Some(frame) = self.stack.last().copied() else {
            return;
        };
        let Some(value) = uses::given(self.names.traits.spelled, &self.stack) else {
            return;
        };
        let key = ["attribute", "property", "subscript", "index"]
            .iter()
            .find_map(|name| self.child(frame.node, name));
        let Some(key) = key else { return };
        let name = self.file.word(key).trim_matches(['"', '\'']);
        let is_own = self
            .child(frame.node, "object")
            .is_some_and(|it| self.file.traits().own_objects.contains(&self.file.word(it)));
        let object = ["object", "value"]
            .iter()
            .find_map(|name| self.child(frame.node, name))
            .filter(|it| it.kind() == "identifier");
        if let (Some(object), Some(value)) = (object, value) {
            let object = self.file.word(object);
            self.names
                .put
                .entry(object)
                .or_default()
                .push((name, value));
        }
        self.spelled(name);
        self.add_member(name, value.filter(|_| is_own), is_own, (frame.node, false));
    }

    fn add_member(
        &mut self,
        name: &'t str,
        value: Option<Node<'t>>,
        is_own: bool,
        (node, is_field): (Node<'t>, bool),
    ) {
        let region = self.region();
        let class = match is_own {
            true => self.names.regions[region].class,
            false => 0,
        };
        self.names.members.entry(name).or_default().push(Member {
            value,
            at: node.start_byte(),
            region,
            class,
            is_field,
        });
    }

    fn call(&mut self, node: Node<'t>) {
        let Some(callee) = self.names.traits.spelled.child(node, "function") else {
            return;
        };
        let word = self.file.word(callee);
        let (before, last) = word.rsplit_once('.').unwrap_or(("", word));
        let sets = match (before, last) {
            ("", "exec" | "eval" | "globals") => {
                self.names.is_wild = Some("the file makes or changes code as it runs");
                return;
            }
            ("", "vars") | (_, "setattr" | "__setattr__") => true,
            ("Object", "assign" | "defineProperty" | "defineProperties")
            | ("Reflect", "set" | "defineProperty") => true,
            (patch, "object" | "multiple") => patch.ends_with("patch"),
            _ => false,
        };
        if !sets {
            return;
        }
        let given = self.child(node, "arguments");
        let given = |index| given.and_then(|it| it.named_child(index));
        let first = given(0);
        // `Object.assign({}, …)` makes a new map.
        if first.is_some_and(|it| it.kind() == "object") {
            return;
        }
        self.names.sets_members = true;
        // `setattr(desk, "ask", other)`
        if let Some(name) = given(1).filter(|it| it.kind() == "string") {
            let name = self.file.word(name).trim_matches(['"', '\'']);
            self.add_member(name, None, false, (node, false));
        }
        let word = first.map_or("", |it| self.file.word(it));
        let last = word.rsplit('.').next().unwrap_or(word);
        self.names.sets_classes |= last.starts_with(char::is_uppercase)
            || matches!(last, "prototype" | "__class__" | "cls")
            || word.starts_with("type(");
    }
}

/// Whether a function or a class of this kind is a statement, which binds its name around it.
fn is_statement(kind: &str) -> bool {
    !matches!(kind, "function_expression" | "generator_function" | "class")
}

//! What functions are given and answer with, and what other files give.

use tree_sitter::Node;

use super::File;

/// A value that callers give to a function.
#[derive(Clone, Copy)]
pub(in crate::scan::found) struct Parameter<'t> {
    pub(in crate::scan::found) name: &'t str,
    /// Which argument it is; none where only its name says so.
    pub(in crate::scan::found) place: Option<usize>,
    /// The key in the map that is given there.
    pub(in crate::scan::found) key: Option<&'t str>,
    /// What it is where callers do not give it.
    pub(in crate::scan::found) default: Option<Node<'t>>,
}

impl<'t> Parameter<'t> {
    /// By what a call gives it: its name, its place, and the key in the map that is there.
    pub(in crate::scan::found) fn sought(&self) -> (&'t str, Option<usize>, Option<&'t str>) {
        (self.name, self.place, self.key)
    }
}

/// Where a name comes from that another file gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::scan::found) struct Origin<'t> {
    /// The other file, as the code names it.
    pub(in crate::scan::found) module: &'t str,
    /// What it is called there; none where the name is the whole file.
    pub(in crate::scan::found) item: Option<&'t str>,
}

impl<'t> File<'t> {
    /// What a function is given, each by its name.
    pub(in crate::scan::found) fn parameters(&self, function: Node<'t>) -> Vec<Parameter<'t>> {
        let mut all = Vec::new();
        if let Some(only) = self.field(function, "parameter") {
            self.parameter(only, Some(0), &mut all);
        }
        let Some(list) = self.field(function, "parameters") else {
            return all;
        };
        let mut place = Some(0);
        for (index, node) in Self::children(list).into_iter().enumerate() {
            let pattern = self.pattern(node);
            // The object that a method is of.
            if index == 0 && self.traits().own_objects.contains(&self.word(pattern)) {
                continue;
            }
            match pattern.kind() {
                // What stands behind is given by its name alone.
                "keyword_separator" | "list_splat_pattern" => place = None,
                "positional_separator" => {}
                _ => {
                    self.parameter(node, place, &mut all);
                    place = place.map(|place| place + 1);
                }
            }
        }
        all
    }

    /// What a parameter is called, or what is taken apart, without its type and its default.
    fn pattern(&self, node: Node<'t>) -> Node<'t> {
        ["pattern", "name"]
            .iter()
            .find_map(|name| self.field(node, name))
            .or_else(|| (node.kind() == "typed_parameter").then(|| node.named_child(0))?)
            .unwrap_or(node)
    }

    fn parameter(&self, node: Node<'t>, place: Option<usize>, all: &mut Vec<Parameter<'t>>) {
        let pattern = self.pattern(node);
        match pattern.kind() {
            "identifier" => all.push(Parameter {
                name: self.word(pattern),
                place,
                key: None,
                default: self.field(node, "value"),
            }),
            "object_pattern" => {
                for entry in Self::children(pattern) {
                    let (key, name) = match entry.kind() {
                        "pair_pattern" => (self.field(entry, "key"), self.field(entry, "value")),
                        "object_assignment_pattern" => {
                            (self.field(entry, "left"), self.field(entry, "left"))
                        }
                        "shorthand_property_identifier_pattern" => (Some(entry), Some(entry)),
                        _ => (None, None),
                    };
                    if let (Some(key), Some(name)) = (key, name) {
                        all.push(Parameter {
                            name: self.word(name),
                            place,
                            key: Some(self.word(key)),
                            default: self.field(entry, "right"),
                        });
                    }
                }
            }
            _ => {}
        }
    }

    /// What a function answers with that is one expression.
    pub(in crate::scan::found) fn answer(&self, function: Node<'t>) -> Option<Node<'t>> {
        let is_short = matches!(function.kind(), "arrow_function" | "lambda");
        self.field(function, "body")
            .filter(|body| is_short && body.kind() != "statement_block")
            .map(Self::inner)
    }

    /// The names that `const … = require("m")` binds, by the call.
    pub(in crate::scan::found) fn required_names(
        &self,
        call: Node<'t>,
    ) -> Vec<(&'t str, Origin<'t>)> {
        let Some(module) = self.required_module(call) else {
            return Vec::new();
        };
        let mut above = call.parent();
        while let Some(awaited) = above.filter(|it| it.kind() == "await_expression") {
            above = awaited.parent();
        }
        // `require("m").default`
        let mut member = None;
        if let Some(part) = above.filter(|it| it.kind() == "member_expression") {
            member = self.field(part, "property").map(|it| self.word(it));
            above = part.parent();
        }
        let declared = above.filter(|it| it.kind() == "variable_declarator");
        let Some(pattern) = declared.and_then(|it| self.field(it, "name")) else {
            return Vec::new();
        };
        let of = |name: &'t str, item| (name, Origin { module, item });
        match (pattern.kind(), member) {
            ("identifier", item) => vec![of(self.word(pattern), item)],
            ("object_pattern", None) => {
                let mut all = Vec::new();
                self.parameter(pattern, None, &mut all);
                let all = all.into_iter().filter(|it| it.default.is_none());
                all.filter_map(|it| Some(of(it.name, Some(it.key?))))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// The names that an import binds.
    pub(in crate::scan::found) fn origins(&self, node: Node<'t>) -> Vec<(&'t str, Origin<'t>)> {
        let from = self
            .field(node, "source")
            .or_else(|| self.field(node, "module_name"));
        let module = from.map(|it| self.word(it).trim_matches(['"', '\'']));
        let mut all = Vec::new();
        let mut left = Self::children(node);
        while let Some(part) = left.pop() {
            if Some(part) == from {
                continue;
            }
            let name = self.field(part, "name").map(|it| self.word(it));
            let alias = self.field(part, "alias").map(|it| self.word(it));
            match (part.kind(), module, name) {
                ("import_clause" | "named_imports", ..) => left.extend(Self::children(part)),
                ("import_specifier" | "aliased_import", Some(module), Some(name)) => {
                    let item = Some(name);
                    all.push((alias.unwrap_or(name), Origin { module, item }));
                }
                ("aliased_import", None, Some(module)) => {
                    all.extend(alias.map(|alias| (alias, Origin { module, item: None })));
                }
                ("dotted_name", Some(module), _) => {
                    let item = Some(self.word(part));
                    all.push((self.word(part), Origin { module, item }));
                }
                ("dotted_name", None, _) => {
                    let module = self.word(part);
                    all.push((module, Origin { module, item: None }));
                }
                ("namespace_import", Some(module), _) => {
                    let name = part.named_child(0).map(|it| self.word(it));
                    all.extend(name.map(|name| (name, Origin { module, item: None })));
                }
                // What the file gives without a name.
                ("identifier", Some(module), _) => {
                    let item = Some("default");
                    all.push((self.word(part), Origin { module, item }));
                }
                _ => {}
            }
        }
        all
    }
}

//! What a file gives to others, in scripts.

use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use super::{Expr, File, Origin};

/// What stands behind a name that a file gives.
#[derive(Clone, Copy)]
pub(in crate::scan::found) enum Export<'t> {
    /// What has this name in the file.
    Named(&'t str),
    /// A value that has none.
    Value(Node<'t>),
    /// What a third file gives.
    Passed(Origin<'t>),
}

/// What a file gives, by the names that others read.
#[derive(Default)]
pub(in crate::scan::found) struct Exports<'t> {
    pub(in crate::scan::found) all: HashMap<&'t str, Export<'t>>,
    /// The files of which it gives all.
    pub(in crate::scan::found) wholes: Vec<&'t str>,
    /// Names that are given more than once: which of the values it is, nobody knows.
    pub(in crate::scan::found) unsure: HashSet<&'t str>,
}

impl<'t> Exports<'t> {
    fn add(&mut self, name: &'t str, export: Export<'t>) {
        if self.all.insert(name, export).is_some() {
            self.unsure.insert(name);
        }
    }
}

impl<'t> File<'t> {
    /// What the statements of a file give to others.
    pub(in crate::scan::found) fn exports(&self, root: Node<'t>) -> Exports<'t> {
        let mut exports = Exports::default();
        for node in Self::children(root) {
            match node.kind() {
                "export_statement" => self.exported(node, &mut exports),
                "expression_statement" => {
                    let inner = Self::children(node).first().copied();
                    if let Some(set) = inner.filter(|it| it.kind() == "assignment_expression") {
                        self.put_into_exports(set, &mut exports);
                    }
                }
                "import_from_statement" => {
                    let is_all = Self::children(node)
                        .iter()
                        .any(|it| it.kind() == "wildcard_import");
                    let module = self.field(node, "module_name").filter(|_| is_all);
                    exports.wholes.extend(module.map(|it| self.word(it)));
                }
                _ => {}
            }
        }
        exports
    }

    /// What third files give, and the file gives on.
    pub(in crate::scan::found) fn given_on(&self, root: Node<'t>) -> Vec<(&'t str, Origin<'t>)> {
        let exports = self.exports(root);
        let named = exports
            .all
            .iter()
            .filter_map(|(name, export)| match export {
                Export::Passed(origin) => Some((*name, *origin)),
                Export::Named(_) | Export::Value(_) => None,
            });
        let wholes = exports.wholes.iter().map(|module| {
            let item = Some("*");
            (*module, Origin { module, item })
        });
        named.chain(wholes).collect()
    }

    /// `export { A as B }`, `export { A } from "m"`, `export * from "m"`, `export default A`.
    fn exported(&self, node: Node<'t>, exports: &mut Exports<'t>) {
        let from = self.field(node, "source").and_then(|it| self.key(it));
        if let Some(value) = self.field(node, "value") {
            exports.add("default", self.export_of(value));
            return;
        }
        let mut has_names = false;
        for part in Self::children(node) {
            has_names |= matches!(part.kind(), "export_clause" | "namespace_export");
            if part.kind() != "export_clause" {
                continue;
            }
            for one in Self::children(part) {
                let name = self.field(one, "name").map(|it| self.word(it));
                let alias = self.field(one, "alias").map(|it| self.word(it));
                let Some(name) = name else { continue };
                let export = match from {
                    Some(module) => Export::Passed(Origin {
                        module,
                        item: Some(name),
                    }),
                    None => Export::Named(name),
                };
                exports.add(alias.unwrap_or(name), export);
            }
        }
        if !has_names {
            exports.wholes.extend(from);
        }
    }

    /// `module.exports = { A, B: C }`, `exports.A = …`.
    fn put_into_exports(&self, set: Node<'t>, exports: &mut Exports<'t>) {
        let sides = self.field(set, "left").zip(self.field(set, "right"));
        let Some((left, right)) = sides else { return };
        if self.word(left) == "module.exports" {
            match self.expr(right) {
                Expr::Map(entries) => {
                    for entry in entries {
                        if let Some(key) = entry.key.filter(|_| !entry.is_spread) {
                            exports.add(key, self.export_of(entry.value));
                        }
                    }
                }
                _ => exports.add("default", self.export_of(right)),
            }
            return;
        }
        let Expr::Member(object, name) = self.expr(left) else {
            return;
        };
        if matches!(self.word(object), "module.exports" | "exports") {
            exports.add(name, self.export_of(right));
        }
    }

    fn export_of(&self, value: Node<'t>) -> Export<'t> {
        match self.expr(value) {
            Expr::Name(name) => Export::Named(name),
            _ => Export::Value(value),
        }
    }
}

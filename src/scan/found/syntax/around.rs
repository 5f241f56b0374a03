//! What an expression takes from around it, and what takes its value.

use tree_sitter::Node;

use super::{Expr, File};

/// Functions and methods that answer the same wherever they are called.
const PURE: &[&str] = &[
    "upper",
    "lower",
    "strip",
    "lstrip",
    "rstrip",
    "title",
    "capitalize",
    "format",
    "replace",
    "join",
    "split",
    "get",
    "trim",
    "trimStart",
    "trimEnd",
    "toUpperCase",
    "toLowerCase",
    "toString",
    "replaceAll",
    "slice",
    "len",
    "str",
    "repr",
    "String",
    "dumps",
    "stringify",
    "isoformat",
    "toISOString",
    "strftime",
    "toFixed",
    "int",
    "float",
    "round",
    "dedent",
    "cleandoc",
    "concat",
    "repeat",
    "padStart",
    "padEnd",
    "Boolean",
    "Number",
    "min",
    "max",
];

/// What an expression takes from around it.
#[derive(Default)]
pub(in crate::scan::found) struct Around<'t> {
    /// Names, with where they stand.
    pub(in crate::scan::found) names: Vec<(&'t str, usize)>,
    /// Names of members.
    pub(in crate::scan::found) members: Vec<&'t str>,
    /// Whether a call may answer otherwise elsewhere.
    pub(in crate::scan::found) has_call: bool,
    /// Whether names of its own are bound.
    pub(in crate::scan::found) has_function: bool,
    pub(in crate::scan::found) has_this: bool,
}

impl<'t> File<'t> {
    /// What a value is given to, as the code says it.
    pub(in crate::scan::found) fn set_by(&self, value: Node<'t>) -> Option<String> {
        let set = value.parent()?;
        let name = self
            .field(set, "left")
            .or_else(|| self.field(set, "name"))?;
        let is_short = name.start_position().row == name.end_position().row;
        let word = Some(self.word(name)).filter(|_| is_short)?;
        match self.kind(set) {
            "variable_declarator" => {
                let kind = self.field(set.parent()?, "kind");
                Some(format!("{} {word}", kind.map_or("var", |it| self.word(it))))
            }
            "assignment" | "assignment_expression" | "public_field_definition" => {
                Some(word.to_owned())
            }
            _ => None,
        }
    }

    /// The name that a map or a list is given, perhaps within others.
    pub(in crate::scan::found) fn named_for(&self, node: Node<'t>) -> Option<&'t str> {
        let mut node = node;
        for _ in 0..super::DEEPEST_BRACKETS {
            let parent = node.parent()?;
            let name = match self.kind(parent) {
                "list"
                | "tuple"
                | "array"
                | "dictionary"
                | "object"
                | "pair"
                | "parenthesized_expression"
                | "as_expression"
                | "satisfies_expression" => {
                    node = parent;
                    continue;
                }
                "argument_list" | "keyword_argument" => {
                    let inside = match self.kind(parent) {
                        "keyword_argument" => parent.parent()?,
                        _ => parent,
                    };
                    node = inside.parent().filter(|call| self.makes_map(*call))?;
                    continue;
                }
                "assignment" | "assignment_expression" => self.field(parent, "left")?,
                "variable_declarator" => self.field(parent, "name")?,
                _ => return None,
            };
            return (name.kind() == "identifier").then(|| self.word(name));
        }
        None
    }

    /// Whether a call makes a map: `dict(a=1)`.
    pub(super) fn makes_map(&self, call: Node<'t>) -> bool {
        let callee = self.field(call, "function");
        self.traits().names_arguments && callee.is_some_and(|it| self.word(it) == "dict")
    }

    pub(in crate::scan::found) fn identifiers(&self, node: Node<'t>) -> Around<'t> {
        let mut around = Around::default();
        let mut cursor = node.walk();
        let mut depth = 0_usize;
        loop {
            let here = cursor.node();
            self.note(here, cursor.field_name().filter(|_| depth > 0), &mut around);
            if cursor.goto_first_child() {
                depth += 1;
                continue;
            }
            loop {
                if depth == 0 {
                    return around;
                }
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return around;
                }
                depth -= 1;
            }
        }
    }

    fn note(&self, node: Node<'t>, field: Option<&str>, around: &mut Around<'t>) {
        match node.kind() {
            "identifier" if field == Some("attribute") => around.members.push(self.word(node)),
            "identifier" if field == Some("name") => {}
            "identifier" | "shorthand_property_identifier" => {
                around.names.push((self.word(node), node.start_byte()));
            }
            "property_identifier" => around.members.push(self.word(node)),
            "subscript" | "subscript_expression" => around.members.push(""),
            "this" | "super" => around.has_this = true,
            "call" | "call_expression" | "new_expression" => {
                let is_pure = self
                    .call(node)
                    .is_some_and(|call| match self.expr(call.callee) {
                        Expr::Name(name) | Expr::Member(_, name) => PURE.contains(&name),
                        _ => false,
                    });
                around.has_call |= !is_pure;
            }
            "await" | "await_expression" | "yield" | "yield_expression" => around.has_call = true,
            "lambda"
            | "arrow_function"
            | "function_expression"
            | "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression"
            | "named_expression"
            | "assignment_expression"
            | "update_expression"
            | "augmented_assignment_expression"
            | "ERROR" => around.has_function = true,
            _ => {}
        }
    }

    /// Whether the value is given to a name with a type.
    pub(in crate::scan::found) fn is_annotated(&self, value: Node<'t>) -> bool {
        value.parent().is_some_and(|parent| {
            self.field(parent, "type").is_some_and(|kind| {
                let word = self.word(kind);
                !word.contains("ClassVar") && !word.contains("Final")
            })
        })
    }
}

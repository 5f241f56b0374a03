//! What an expression takes from around it.

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

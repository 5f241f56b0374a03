//! What an identifier does where it stands.

use tree_sitter::Node;

use super::SiteKind;
use super::flows::{self, Frame, Goes, Used, is_statement};
use crate::scan::found::language::Spelled;
use crate::scan::found::syntax::File;

/// What an identifier is for.
pub(super) enum Aim<'t> {
    /// A name of something else.
    Not,
    /// A function takes it from around.
    Foreign,
    /// It is declared: for the block or for the function, by a node.
    Declared(SiteKind<'t>, bool, Node<'t>),
    /// It is declared for the region that it stands in.
    Inner(SiteKind<'t>),
    /// It is given something by a node.
    Assigned(SiteKind<'t>, Node<'t>),
    /// What it stands for goes somewhere.
    Goes(Goes<'t>),
}

const TAKEN_APART: &str = "is taken out of another value";
const IN_A_LOOP: &str = "is set by a loop";
const WITHIN: &str = "is set within an expression";

/// How many frames up the pattern of a target ends, and whether it takes a value apart.
fn target<'s, 't>(stack: &'s [Frame<'t>]) -> Option<(&'s Frame<'t>, usize, bool)> {
    let mut index = stack.len().checked_sub(1)?;
    let mut is_apart = false;
    loop {
        let parent = stack.get(index.checked_sub(1)?)?;
        let field = stack[index].field;
        match parent.kind {
            "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "list_splat_pattern"
            | "dictionary_splat_pattern"
            | "object_pattern"
            | "array_pattern"
            | "rest_pattern" => {}
            "pair_pattern" if field == Some("value") => {}
            "object_assignment_pattern" | "assignment_pattern" if field == Some("left") => {}
            "as_pattern_target" => {}
            "tuple" | "list" | "list_splat" | "parenthesized_expression"
                if is_behind_as(&stack[..index]) => {}
            _ => return Some((parent, index, is_apart)),
        }
        is_apart = true;
        index -= 1;
    }
}

/// Whether brackets stand behind `as`: the grammar takes `with all as (a, [b])` for values.
fn is_behind_as(stack: &[Frame<'_>]) -> bool {
    let is_bracket = |kind: &str| {
        matches!(
            kind,
            "tuple" | "list" | "list_splat" | "parenthesized_expression"
        )
    };
    let around = stack.iter().rev().find(|it| !is_bracket(it.kind));
    around.is_some_and(|it| it.kind == "as_pattern_target")
}

pub(super) fn aim<'t>(file: &File<'t>, stack: &[Frame<'t>]) -> Aim<'t> {
    let Some((parent, index, is_apart)) = target(stack) else {
        return Aim::Goes(Goes::Used(Used::Change, Vec::new()));
    };
    let node = parent.node;
    let field = stack[index].field;
    let value = |name: &str| file.traits().spelled.child(node, name);
    let given = |kind: SiteKind<'t>| match is_apart {
        true => SiteKind::Other(TAKEN_APART),
        false => kind,
    };
    let default = |stack: &[Frame<'t>]| {
        let pattern = stack.get(stack.len().checked_sub(2)?)?;
        (pattern.kind == "object_assignment_pattern")
            .then(|| file.traits().spelled.child(pattern.node, "right"))
            .flatten()
    };
    match (parent.kind, field) {
        ("assignment" | "assignment_expression", Some("left")) => {
            let Some(right) = value("right") else {
                return Aim::Not;
            };
            let kind = match is_statement(stack, index - 1) {
                true => given(SiteKind::Set(right)),
                false => SiteKind::Other(WITHIN),
            };
            Aim::Assigned(kind, node)
        }
        ("augmented_assignment" | "augmented_assignment_expression", Some("left")) => {
            let is_more = value("operator").map(|it| file.word(it)) == Some("+=");
            let kind = match (value("right"), is_statement(stack, index - 1)) {
                (Some(right), true) if is_more => SiteKind::Add(right),
                _ => SiteKind::Other("is changed by an operator that is not followed"),
            };
            Aim::Assigned(kind, node)
        }
        ("named_expression", Some("name")) => Aim::Assigned(SiteKind::Other(WITHIN), node),
        ("update_expression", _) => Aim::Assigned(SiteKind::Other("is counted"), node),
        ("for_statement", Some("left")) => Aim::Assigned(SiteKind::Other(IN_A_LOOP), node),
        ("for_in_clause", Some("left")) => Aim::Inner(SiteKind::Other(IN_A_LOOP)),
        ("for_in_statement", Some("left")) => match value("kind") {
            Some(kind) => {
                let is_block = file.word(kind) != "var";
                Aim::Declared(SiteKind::Other(IN_A_LOOP), is_block, stack[index].node)
            }
            None => Aim::Assigned(SiteKind::Other(IN_A_LOOP), node),
        },
        ("as_pattern" | "with_item", _) if is_apart => {
            Aim::Assigned(SiteKind::Other("is set by `as`"), node)
        }
        ("except_clause", Some("alias")) => Aim::Assigned(SiteKind::Other("is set by `as`"), node),
        ("delete_statement", _) => Aim::Assigned(SiteKind::Other("is deleted"), node),
        ("global_statement" | "nonlocal_statement", _) => Aim::Foreign,
        ("variable_declarator", Some("name")) => {
            let around = index.checked_sub(2).and_then(|at| stack.get(at));
            let is_var = around.is_some_and(|it| it.kind == "variable_declaration");
            let is_header = index
                .checked_sub(3)
                .and_then(|at| stack.get(at))
                .is_some_and(|it| matches!(it.kind, "for_statement" | "for_in_statement"));
            let kind = match value("value") {
                _ if is_header => SiteKind::Other(IN_A_LOOP),
                Some(given) if is_required(file, given) => SiteKind::Import,
                Some(value) => match default(stack) {
                    Some(default) => SiteKind::Default(default),
                    None => given(SiteKind::Set(value)),
                },
                None => given(SiteKind::Nothing),
            };
            Aim::Declared(kind, !is_var, node)
        }
        ("parameters" | "lambda_parameters" | "typed_parameter", _)
        | ("arrow_function", Some("parameter")) => Aim::Declared(
            default(stack).map_or(SiteKind::Parameter, SiteKind::Default),
            false,
            stack[index].node,
        ),
        ("default_parameter" | "typed_default_parameter", Some("name"))
        | ("required_parameter" | "optional_parameter", Some("pattern")) => {
            let own = value("value").filter(|_| !is_apart);
            let kind = own
                .or_else(|| default(stack))
                .map_or(SiteKind::Parameter, SiteKind::Default);
            Aim::Declared(kind, false, node)
        }
        ("type" | "generic_type", _) if is_type_name(stack, index) => {
            Aim::Assigned(SiteKind::Other("is set by `type`"), stack[index].node)
        }
        ("catch_clause", Some("parameter")) => Aim::Inner(SiteKind::Other("is set by `catch`")),
        ("import_clause" | "namespace_import" | "import_require_clause" | "import_alias", _)
        | ("import_specifier", Some("alias"))
        | ("aliased_import", Some("alias")) => Aim::Assigned(SiteKind::Import, node),
        ("import_specifier", Some("name")) => match value("alias") {
            Some(_) => Aim::Not,
            None => Aim::Assigned(SiteKind::Import, node),
        },
        ("dotted_name", _) => {
            let around = index.checked_sub(2).and_then(|at| stack.get(at));
            let is_first = node.named_child(0).map(|it| it.id()) == Some(stack[index].node.id());
            let is_import = around
                .is_some_and(|it| matches!(it.kind, "import_statement" | "import_from_statement"));
            match is_import && is_first && stack[index - 1].field == Some("name") {
                true => Aim::Assigned(SiteKind::Import, node),
                false => Aim::Not,
            }
        }
        ("ERROR", _) => Aim::Assigned(
            SiteKind::Other("stands in code that is not understood"),
            stack[index].node,
        ),
        ("keyword_argument" | "function_definition" | "class_definition", Some("name"))
        | ("attribute", Some("attribute"))
        | (
            "function_declaration"
            | "generator_function_declaration"
            | "function_expression"
            | "generator_function"
            | "enum_declaration"
            | "internal_module"
            | "class_declaration"
            | "class",
            Some("name"),
        )
        | ("export_specifier", _) => Aim::Not,
        _ if is_apart => Aim::Assigned(SiteKind::Other(TAKEN_APART), node),
        _ => Aim::Goes(flows::used(file, stack)),
    }
}

/// Whether a name is that of a type that a statement makes: `type Name[T] = …`.
fn is_type_name(stack: &[Frame<'_>], index: usize) -> bool {
    let mut around = stack[..index].iter().rev();
    let outer = around.find(|it| !matches!(it.kind, "type" | "generic_type"));
    let target = outer.and_then(|it| it.node.child_by_field_name("left"));
    outer.is_some_and(|it| it.kind == "type_alias_statement")
        && target.is_some_and(|it| it.start_byte() == stack[index].node.start_byte())
}

/// Whether a value is what another file gives: `require("m")`, `await import("m")`.
fn is_required<'t>(file: &File<'t>, value: Node<'t>) -> bool {
    let mut node = value;
    if node.kind() == "await_expression" {
        node = node.named_child(0).unwrap_or(node);
    }
    if node.kind() == "member_expression" {
        let object = file.traits().spelled.child(node, "object");
        node = object.unwrap_or(node);
    }
    node.kind() == "call_expression" && file.required_module(node).is_some()
}

/// For a member that is given something: the value where it is a plain one.
pub(super) fn given<'t>(spelled: &Spelled, stack: &[Frame<'t>]) -> Option<Option<Node<'t>>> {
    let (parent, index, is_apart) = target(stack)?;
    let field = stack[index].field;
    match (parent.kind, field) {
        ("assignment" | "assignment_expression", Some("left")) => {
            let right = spelled.child(parent.node, "right")?;
            let is_plain = !is_apart && is_statement(stack, index - 1);
            Some(is_plain.then_some(right))
        }
        (
            "augmented_assignment"
            | "augmented_assignment_expression"
            | "for_statement"
            | "for_in_statement",
            Some("left"),
        )
        | ("update_expression" | "delete_statement", _) => Some(None),
        ("as_pattern" | "with_item", _) if is_apart => Some(None),
        _ => None,
    }
}

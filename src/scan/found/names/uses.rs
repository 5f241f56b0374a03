//! What an identifier does where it stands.

use tree_sitter::Node;

use super::{SiteKind, UseKind};
use crate::scan::found::language::Spelled;
use crate::scan::found::syntax::File;

/// Methods that change nothing.
const READERS: &[&str] = &[
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
    "splitlines",
    "startswith",
    "endswith",
    "get",
    "keys",
    "values",
    "items",
    "copy",
    "count",
    "index",
    "find",
    "encode",
    "isoformat",
    "strftime",
    "trim",
    "trimStart",
    "trimEnd",
    "toUpperCase",
    "toLowerCase",
    "toString",
    "toISOString",
    "replaceAll",
    "slice",
    "map",
    "filter",
    "concat",
    "includes",
    "startsWith",
    "endsWith",
    "padStart",
    "padEnd",
    "at",
    "has",
    "repeat",
    "substring",
    "toFixed",
    "length",
];

/// Functions that change nothing of what they are given.
const HARMLESS: &[&str] = &[
    "print",
    "len",
    "str",
    "repr",
    "sorted",
    "enumerate",
    "zip",
    "any",
    "all",
    "isinstance",
    "type",
    "bool",
    "int",
    "float",
    "min",
    "max",
    "sum",
    "String",
    "Number",
    "Boolean",
    "dumps",
    "stringify",
    "debug",
    "info",
    "warning",
    "warn",
    "error",
    "log",
    "create",
    "acreate",
    "parse",
    "stream",
    "generate",
    "completion",
    "acompletion",
    "generateText",
    "streamText",
    "generateObject",
    "streamObject",
    "generate_content",
    "generateContent",
    "dedent",
    "cleandoc",
];

/// A node that is entered and not left.
#[derive(Clone, Copy)]
pub(super) struct Frame<'t> {
    pub(super) node: Node<'t>,
    /// Its kind; asking a node for it takes time.
    pub(super) kind: &'static str,
    pub(super) field: Option<&'static str>,
    pub(super) region: usize,
}

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
    /// Items are put at the end of it, one by one or all of some list.
    Items(Vec<Node<'t>>, bool, Node<'t>),
    /// It is used.
    Used(UseKind),
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
            _ => return Some((parent, index, is_apart)),
        }
        is_apart = true;
        index -= 1;
    }
}

/// Whether the frame is a statement of its own.
fn is_statement(stack: &[Frame<'_>], index: usize) -> bool {
    let parent = index.checked_sub(1).and_then(|index| stack.get(index));
    parent.is_some_and(|parent| parent.kind == "expression_statement")
}

pub(super) fn aim<'t>(file: &File<'t>, stack: &[Frame<'t>]) -> Aim<'t> {
    let Some((parent, index, is_apart)) = target(stack) else {
        return Aim::Used(UseKind::Change);
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
        _ => used(file, stack),
    }
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

/// What is done with the value.
fn used<'t>(file: &File<'t>, stack: &[Frame<'t>]) -> Aim<'t> {
    let mut at = stack.len() - 1;
    let mut parts = 0;
    let mut is_numbered = false;
    while at > 0 {
        let parent = &stack[at - 1];
        let field = stack[at].field;
        match (parent.kind, field) {
            ("attribute" | "member_expression", Some("object")) => parts += 1,
            ("subscript", Some("value")) | ("subscript_expression", Some("object")) => {
                parts += 1;
                let key = ["subscript", "index"]
                    .iter()
                    .find_map(|name| file.traits().spelled.child(parent.node, name));
                is_numbered |= key.is_none_or(|key| key.kind() != "string");
            }
            (
                "parenthesized_expression"
                | "non_null_expression"
                | "as_expression"
                | "satisfies_expression"
                | "await"
                | "await_expression",
                _,
            ) => {}
            _ => break,
        }
        at -= 1;
    }
    let Some(parent) = at.checked_sub(1).map(|at| &stack[at]) else {
        return Aim::Used(UseKind::Change);
    };
    let field = stack[at].field;
    let other_name = match (parts, is_numbered) {
        (0, _) | (_, true) => UseKind::Change,
        _ => UseKind::Part,
    };
    let node = parent.node;
    Aim::Used(match (parent.kind, field) {
        ("call" | "call_expression", Some("function")) if parts == 0 => UseKind::Read,
        ("call" | "call_expression", Some("function")) => {
            let callee = stack[at].node;
            let method = ["attribute", "property"]
                .iter()
                .find_map(|name| file.traits().spelled.child(callee, name))
                .map_or("", |it| file.word(it));
            if parts == 1
                && matches!(method, "append" | "push" | "extend")
                && is_statement(stack, at - 1)
                && let Some(call) = file.call(node)
                && call
                    .arguments
                    .iter()
                    .all(|it| it.key.is_none() && !it.is_spread)
            {
                let items = call.arguments.iter().map(|it| it.value).collect();
                return Aim::Items(items, method == "extend", node);
            }
            match READERS.contains(&method) {
                true => UseKind::Read,
                false => UseKind::Change,
            }
        }
        ("arguments" | "argument_list", _) | ("keyword_argument", Some("value")) => {
            let call = stack[..at]
                .iter()
                .rev()
                .find(|it| matches!(it.kind, "call" | "call_expression" | "new_expression"));
            let callee = call.and_then(|it| file.traits().spelled.child(it.node, "function"));
            let last = callee.map_or("", |it| {
                let word = file.word(it);
                word.rsplit('.').next().unwrap_or(word)
            });
            match HARMLESS.contains(&last) {
                true => UseKind::Read,
                false => other_name,
            }
        }
        (
            "interpolation"
            | "template_substitution"
            | "binary_operator"
            | "comparison_operator"
            | "not_operator"
            | "expression_statement"
            | "list_splat"
            | "dictionary_splat"
            | "spread_element"
            | "if_statement"
            | "elif_clause"
            | "while_statement"
            | "assert_statement"
            | "concatenated_string",
            _,
        )
        | ("subscript", Some("subscript"))
        | ("subscript_expression", Some("index"))
        | ("ternary_expression", Some("condition")) => UseKind::Read,
        ("binary_expression", _) => {
            let operator = file.traits().spelled.child(node, "operator");
            let operator = operator.map(|it| file.word(it));
            match operator {
                Some("||" | "&&" | "??") => other_name,
                _ => UseKind::Read,
            }
        }
        ("unary_expression", _) if !file.word(node).starts_with("delete") => UseKind::Read,
        (
            "assignment"
            | "assignment_expression"
            | "augmented_assignment"
            | "augmented_assignment_expression"
            | "for_statement"
            | "for_in_statement",
            Some("left"),
        )
        | ("delete_statement" | "update_expression" | "unary_expression", _) => UseKind::Change,
        ("for_statement" | "for_in_statement" | "for_in_clause", Some("right")) => UseKind::Part,
        _ => other_name,
    })
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

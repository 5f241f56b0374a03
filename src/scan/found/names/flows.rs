//! Where the value of a name goes from where it is used, and whether it can be changed there.

use tree_sitter::Node;

use super::known::{self, Trust, is_one_of};
use super::{Alias, Names, Use, UseKind};
use crate::scan::found::syntax::File;

/// Methods that answer with a text, or with nothing of the value.
const TEXTS: &str = "upper lower strip lstrip rstrip title capitalize format replace join split splitlines \
    startswith endswith keys count index encode isoformat strftime trim trimStart trimEnd \
    toUpperCase toLowerCase toString toISOString replaceAll includes indexOf startsWith \
    endsWith padStart padEnd has repeat substring toFixed length";

/// Methods that answer with a part of the value.
const PARTS: &str = "get values items entries at find findLast";

/// Methods that answer with something new that holds parts of the value.
const COPIES: &str = "copy slice map filter concat flatMap";

/// Methods that ask a function about each part.
const CHECKS: &str = "some every forEach findIndex";

/// Methods that give each part to a function.
const CALLING: &str = "map filter flatMap find findLast findIndex some every forEach";

/// Methods that change the value.
const CHANGES: &str = "insert pop popitem remove clear update setdefault append extend push \
    splice shift unshift sort reverse fill";

/// A node that is entered and not left.
#[derive(Clone, Copy)]
pub(super) struct Frame<'t> {
    pub(super) node: Node<'t>,
    /// Its kind; asking a node for it takes time.
    pub(super) kind: &'static str,
    pub(super) field: Option<&'static str>,
    pub(super) region: usize,
}

/// Whether the frame is a statement of its own.
pub(super) fn is_statement(stack: &[Frame<'_>], index: usize) -> bool {
    let parent = index.checked_sub(1).and_then(|index| stack.get(index));
    parent.is_some_and(|parent| parent.kind == "expression_statement")
}

/// What an expression around a use is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// The value itself.
    Whole,
    /// Something in it.
    Part,
    /// Something new that holds the value, or else parts of it.
    New { is_whole: bool },
}

impl Flow {
    /// Something in it.
    fn part(self) -> Self {
        match self {
            Self::New { is_whole: true } => Self::Whole,
            _ => Self::Part,
        }
    }

    /// Something new that holds what this holds.
    fn copied(self) -> Self {
        match self {
            Self::New { .. } => self,
            _ => Self::New { is_whole: false },
        }
    }

    /// Something new that holds this.
    fn held(self) -> Self {
        match self {
            Self::New { .. } => self,
            _ => Self::New {
                is_whole: self == Self::Whole,
            },
        }
    }

    fn is_part(self) -> bool {
        matches!(self, Self::Part | Self::New { is_whole: false })
    }
}

/// What is done with a value.
pub(super) enum Used<'t> {
    /// It is read.
    Read,
    /// A part of it goes where it could be changed.
    Part,
    /// It goes there itself.
    Given,
    /// It is changed, or a part of it.
    Change,
    /// It is given to this function, which is known unless the file has one; or a part of it is.
    Trusted(&'t str, bool),
    /// It has these other names, as a part of it, or as something new.
    Renamed(Vec<Node<'t>>, bool, bool),
}

impl<'t> Names<'t> {
    /// Keeps what is done with the value of a name.
    pub(super) fn keep(
        &mut self,
        file: &File<'t>,
        name: &'t str,
        (node, region): (Node<'t>, usize),
        used: Used<'t>,
    ) {
        let at = node.start_byte();
        if let Used::Trusted(callee, is_part) = used {
            let kind = known::distrusted(is_part);
            let used = Use { at, region, kind };
            self.trusted.push(Trust { name, callee, used });
            return;
        }
        let uses = self.uses.entry(name).or_default();
        let mut keep = |kind| uses.push(Use { at, region, kind });
        match used {
            Used::Read => keep(UseKind::Read),
            Used::Part => keep(UseKind::Part),
            Used::Given => keep(UseKind::Given),
            Used::Change => keep(UseKind::Change),
            Used::Trusted(..) => {}
            Used::Renamed(all, is_part, is_new) => {
                for other in all {
                    keep(UseKind::Renamed(self.aliases.len()));
                    self.aliases.push(Alias {
                        name: file.word(other),
                        at: other.start_byte(),
                        is_part,
                        is_new,
                    });
                }
            }
        }
    }
}

/// Where the value of a name goes.
pub(super) enum Goes<'t> {
    /// Items are put at the end of it, one by one or all of some list.
    Items(Vec<Node<'t>>, bool, Node<'t>),
    /// It is used, and by its parts perhaps in other ways, too.
    Used(Used<'t>, Vec<Used<'t>>),
}

/// What is done with the value of the name at the end of a stack.
pub(super) fn used<'t>(file: &File<'t>, stack: &[Frame<'t>]) -> Goes<'t> {
    let mut trace = Trace {
        file,
        stack,
        at: stack.len() - 1,
        flow: Flow::Whole,
        is_numbered: false,
        others: Vec::new(),
    };
    loop {
        match trace.step() {
            Step::Up(levels) => trace.at -= levels,
            Step::Items(items) => return items,
            Step::End(used) => return Goes::Used(used, trace.others),
        }
    }
}

enum Step<'t> {
    /// The value goes on, to a node so far above.
    Up(usize),
    Items(Goes<'t>),
    End(Used<'t>),
}

struct Trace<'s, 't> {
    file: &'s File<'t>,
    stack: &'s [Frame<'t>],
    at: usize,
    flow: Flow,
    /// Whether a part is taken by a key that is no text.
    is_numbered: bool,
    /// What functions do that are given the value on the way.
    others: Vec<Used<'t>>,
}

impl<'t> Trace<'_, 't> {
    fn child(&self, node: Node<'t>, field: &str) -> Option<Node<'t>> {
        self.file.traits().spelled.child(node, field)
    }

    /// What stands so far above.
    fn above(&self, levels: usize) -> Option<Frame<'t>> {
        let index = self.at.checked_sub(levels)?;
        self.stack.get(index).copied()
    }

    /// Whether just a part of it is at stake.
    fn is_part_seen(&self) -> bool {
        self.flow.is_part() && !self.is_numbered
    }

    /// It goes where nobody sees what is done with it.
    fn escapes(&self) -> Used<'t> {
        match self.is_part_seen() {
            true => Used::Part,
            false => Used::Given,
        }
    }

    fn on(&mut self, flow: Flow) -> Step<'t> {
        self.flow = flow;
        Step::Up(1)
    }

    fn step(&mut self) -> Step<'t> {
        let Some(parent) = self.above(1) else {
            return Step::End(Used::Change);
        };
        let (node, field) = (parent.node, self.stack[self.at].field);
        match (parent.kind, field) {
            ("attribute" | "member_expression", Some("object")) => {
                let call = self.above(2).filter(|it| {
                    matches!(it.kind, "call" | "call_expression")
                        && self.stack[self.at - 1].field == Some("function")
                });
                match call {
                    Some(call) => self.method(parent.node, call.node),
                    None if self.is_length(node) => Step::End(Used::Read),
                    None => self.on(self.flow.part()),
                }
            }
            ("subscript", Some("value")) | ("subscript_expression", Some("object")) => {
                let keys = ["subscript", "index"];
                let key = keys.iter().find_map(|name| self.child(node, name));
                if key.is_some_and(|key| key.kind() == "slice") {
                    return self.on(self.flow.copied());
                }
                self.is_numbered |= key.is_none_or(|key| key.kind() != "string");
                self.on(self.flow.part())
            }
            (
                "parenthesized_expression"
                | "non_null_expression"
                | "as_expression"
                | "satisfies_expression"
                | "await"
                | "await_expression"
                | "boolean_operator",
                _,
            )
            | ("ternary_expression", Some("consequence" | "alternative")) => Step::Up(1),
            ("conditional_expression", _) => match node.named_child(1) {
                Some(condition) if condition.id() == self.stack[self.at].node.id() => {
                    Step::End(Used::Read)
                }
                _ => Step::Up(1),
            },
            ("list_splat" | "dictionary_splat" | "spread_element", _) => {
                self.on(self.flow.copied())
            }
            (
                "list" | "tuple" | "array" | "set" | "expression_list" | "dictionary" | "object",
                _,
            )
            | ("pair", Some("value"))
            | ("list_comprehension" | "set_comprehension" | "generator_expression", Some("body")) => {
                self.on(self.flow.held())
            }
            // What it answers is a part of what the method answers.
            ("arrow_function", Some("body")) if self.is_own_parameter(node) => {
                Step::End(Used::Read)
            }
            ("call" | "call_expression", Some("function")) => {
                Step::End(match self.flow == Flow::Whole {
                    true => Used::Read,
                    false => Used::Given,
                })
            }
            ("arguments" | "argument_list", _) | ("keyword_argument", Some("value")) => {
                self.argument()
            }
            (
                "interpolation"
                | "template_substitution"
                | "comparison_operator"
                | "not_operator"
                | "expression_statement"
                | "if_statement"
                | "elif_clause"
                | "while_statement"
                | "assert_statement"
                | "concatenated_string",
                _,
            )
            | ("subscript", Some("subscript"))
            | ("subscript_expression", Some("index"))
            | ("ternary_expression", Some("condition")) => Step::End(Used::Read),
            ("binary_operator" | "binary_expression", _) => {
                let operator = self.child(node, "operator");
                match (parent.kind, operator.map(|it| self.file.word(it))) {
                    ("binary_operator", Some("+" | "*" | "|")) => self.on(self.flow.copied()),
                    (_, Some("||" | "&&" | "??")) => Step::Up(1),
                    _ => Step::End(Used::Read),
                }
            }
            ("unary_expression", _) if !self.file.word(node).starts_with("delete") => {
                Step::End(Used::Read)
            }
            (
                "assignment"
                | "assignment_expression"
                | "augmented_assignment"
                | "augmented_assignment_expression"
                | "for_statement"
                | "for_in_statement",
                Some("left"),
            )
            | ("delete_statement" | "update_expression" | "unary_expression", _) => {
                Step::End(Used::Change)
            }
            _ => Step::End(self.renamed(parent, field)),
        }
    }

    /// Whether a member is the length of the value, and read.
    fn is_length(&self, member: Node<'t>) -> bool {
        let name = self.child(member, "property");
        let is_set = self.stack[self.at - 1].field == Some("left")
            || self
                .above(2)
                .is_some_and(|it| it.kind == "update_expression");
        !is_set && name.is_some_and(|it| self.file.word(it) == "length")
    }

    /// Whether a method gives a function each part, and the use is that of its parameter.
    fn is_own_parameter(&self, function: Node<'t>) -> bool {
        let name = self.stack.last().map(|it| self.file.word(it.node));
        let callee = self
            .above(3)
            .and_then(|call| self.child(call.node, "function"));
        let method = callee.and_then(|it| self.child(it, "property"));
        method.is_some_and(|it| is_one_of(CALLING, self.file.word(it)))
            && first_parameter(self.file, function).map(|it| self.file.word(it)) == name
    }

    /// The value gets another name here, or goes elsewhere.
    fn renamed(&self, parent: Frame<'t>, field: Option<&str>) -> Used<'t> {
        let node = parent.node;
        let (flow, target) = match (parent.kind, field) {
            ("assignment" | "assignment_expression", Some("right"))
                if is_statement(self.stack, self.at - 1) =>
            {
                (self.flow, self.child(node, "left"))
            }
            ("variable_declarator", Some("value")) => (self.flow, self.child(node, "name")),
            ("for_statement" | "for_in_clause", Some("right")) => {
                (self.flow.part(), self.child(node, "left"))
            }
            ("for_in_statement", Some("right")) => {
                let operator = self.child(node, "operator").map(|it| self.file.word(it));
                if operator == Some("in") {
                    return Used::Read;
                }
                (self.flow.part(), self.child(node, "left"))
            }
            _ => return self.escapes(),
        };
        target.map_or(self.escapes(), |target| self.named(flow, target))
    }

    /// The names that a target is, or of what it takes apart.
    fn named(&self, flow: Flow, target: Node<'t>) -> Used<'t> {
        let is_new = matches!(flow, Flow::New { .. });
        let is_name = |node: &Node<'t>| {
            matches!(
                node.kind(),
                "identifier" | "shorthand_property_identifier_pattern"
            )
        };
        if is_name(&target) {
            return Used::Renamed(vec![target], flow.is_part() && !self.is_numbered, is_new);
        }
        // What is put into a member or an item is changed there.
        let is_pattern = matches!(
            target.kind(),
            "pattern_list" | "tuple_pattern" | "list_pattern" | "array_pattern" | "object_pattern"
        );
        let mut cursor = target.walk();
        let parts: Vec<Node<'t>> = target.named_children(&mut cursor).collect();
        match is_pattern && !parts.is_empty() && parts.iter().all(is_name) {
            true => Used::Renamed(parts, flow.part().is_part() && !self.is_numbered, false),
            false => self.escapes(),
        }
    }

    /// A method of the value is called.
    fn method(&mut self, callee: Node<'t>, call: Node<'t>) -> Step<'t> {
        let names = ["attribute", "property"];
        let name = names.iter().find_map(|name| self.child(callee, name));
        let name = name.map_or("", |it| self.file.word(it));
        let is_added = matches!(name, "append" | "push" | "extend")
            && self.flow == Flow::Whole
            && self.stack[self.at].node.kind() == "identifier"
            && is_statement(self.stack, self.at - 2);
        if is_added && let Some(call) = self.file.call(call) {
            let mut given = call.arguments.iter();
            if given.all(|it| it.key.is_none() && !it.is_spread) {
                let items = call.arguments.iter().map(|it| it.value).collect();
                let node = self.stack[self.at - 2].node;
                return Step::Items(Goes::Items(items, name == "extend", node));
            }
        }
        if is_one_of(CALLING, name) {
            self.callback(call);
        }
        self.flow = match name {
            name if is_one_of(TEXTS, name) || is_one_of(CHECKS, name) => {
                return Step::End(Used::Read);
            }
            name if is_one_of(PARTS, name) => self.flow.part(),
            name if is_one_of(COPIES, name) => self.flow.copied(),
            name if is_one_of(CHANGES, name) => return Step::End(Used::Change),
            _ => return Step::End(Used::Given),
        };
        Step::Up(2)
    }

    /// A function is given each part of the value.
    fn callback(&mut self, call: Node<'t>) {
        let given = self.child(call, "arguments");
        let Some(function) = given.and_then(|it| it.named_child(0)) else {
            return;
        };
        let flow = self.flow.part();
        let parts = Self {
            flow,
            others: Vec::new(),
            ..*self
        };
        let used = match function.kind() {
            "arrow_function" | "function_expression" => {
                let list = self.child(function, "parameters");
                let count = list.map_or(0, |it| it.named_child_count());
                let has_rest = list.is_some_and(|it| self.file.word(it).contains("..."));
                let is_seen = function.kind() == "arrow_function"
                    || !self.file.word(function).contains("arguments");
                match first_parameter(self.file, function) {
                    None if is_seen => return,
                    // The third is the list itself, and may be among the rest.
                    Some(first) if is_seen && count < 3 && !has_rest => parts.named(flow, first),
                    _ => self.escapes(),
                }
            }
            "identifier" if known::is_harmless(self.file.word(function)) => {
                Used::Trusted(self.file.word(function), self.is_part_seen())
            }
            // A text is asked where another one stands in it.
            "string" | "number" | "null" | "undefined" => return,
            _ => self.escapes(),
        };
        self.others.push(used);
    }

    /// A function is given the value.
    fn argument(&mut self) -> Step<'t> {
        let is_call =
            |it: &Frame<'t>| matches!(it.kind, "call" | "call_expression" | "new_expression");
        let Some(index) = self.stack[..self.at].iter().rposition(is_call) else {
            return Step::End(self.escapes());
        };
        let callee = self.child(self.stack[index].node, "function");
        let word = callee.map_or("", |it| self.file.word(it));
        let trusted = Used::Trusted(word, self.is_part_seen());
        match word {
            word if known::is_harmless(word) => Step::End(trusted),
            word if known::is_passing(word) => {
                self.others.push(trusted);
                self.flow = self.flow.copied();
                Step::Up(self.at - index)
            }
            _ => Step::End(self.escapes()),
        }
    }
}

/// What a function calls what it is given first.
fn first_parameter<'t>(file: &File<'t>, function: Node<'t>) -> Option<Node<'t>> {
    let child = |node: Node<'t>, field| file.traits().spelled.child(node, field);
    let list = child(function, "parameters");
    let first = child(function, "parameter").or_else(|| list?.named_child(0))?;
    Some(child(first, "pattern").unwrap_or(first))
}

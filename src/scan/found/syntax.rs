//! A file as a syntax tree, seen the same way in each language.

use tree_sitter::Node;

use super::language::{Language, Traits};

mod around;
mod exports;
mod function;
mod text;
mod walk;

pub(super) use exports::Export;
pub(super) use function::{Origin, Parameter};
pub(super) use walk::{Visit, Walk};

/// How many brackets around a value are looked through.
const DEEPEST_BRACKETS: usize = 50;

/// The method that says what is sent in the place of a map.
pub(super) const TO_JSON: &str = "toJSON";

/// An expression, one level deep.
pub(super) enum Expr<'t> {
    /// A text, of what is written and what is filled in, and whether all of it was understood.
    Text(Vec<Part<'t>>, bool),
    /// Texts side by side, or added: each with all from the first to it.
    Join(Vec<(Node<'t>, Node<'t>)>),
    /// A text filled in by `%`.
    Percent(Node<'t>, Node<'t>),
    Name(&'t str),
    /// A part of a value, by its name.
    Member(Node<'t>, &'t str),
    /// A part of a value, by a written key.
    Index(Node<'t>, &'t str),
    /// A call, or the making of an object.
    Call(Call<'t>),
    Map(Vec<Argument<'t>>),
    /// A list, or a tuple.
    List(Vec<Node<'t>>),
    /// One of several values.
    Choice(Vec<Node<'t>>),
    /// A number, true or false.
    Plain(serde_json::Value),
    /// All items of a list that is put into another.
    Spread(Node<'t>),
    /// Anything else.
    Other,
}

/// A piece of a text.
pub(super) enum Part<'t> {
    /// What is written, without escapes.
    Text(String),
    /// A value, and how it is written where it is formatted.
    Value(Node<'t>, Option<&'t str>),
}

pub(super) struct Call<'t> {
    pub(super) callee: Node<'t>,
    pub(super) arguments: Vec<Argument<'t>>,
}

/// An argument, or an entry of a map.
#[derive(Clone, Copy)]
pub(super) struct Argument<'t> {
    pub(super) key: Option<&'t str>,
    pub(super) value: Node<'t>,
    /// Whether it stands for all that a list or a map holds, or has a key that is computed.
    pub(super) is_spread: bool,
}

impl<'t> Argument<'t> {
    fn of(key: Option<&'t str>, value: Node<'t>) -> Self {
        Self {
            key,
            value,
            is_spread: false,
        }
    }

    /// All that a value holds.
    pub(super) fn of_all(value: Node<'t>) -> Self {
        Self {
            key: None,
            value,
            is_spread: true,
        }
    }

    /// Whether it is an argument by its place.
    pub(super) fn is_by_place(&self) -> bool {
        self.key.is_none() && !self.is_spread
    }
}

/// The value of the first of these keys that is there; of a key that stands twice, the last.
pub(super) fn value_of<'t>(entries: &[Argument<'t>], keys: &[&str]) -> Option<Node<'t>> {
    let index = index_of(entries, keys)?;
    Some(entries[index].value)
}

/// Where that value stands.
pub(super) fn index_of(entries: &[Argument<'_>], keys: &[&str]) -> Option<usize> {
    keys.iter()
        .find_map(|key| entries.iter().rposition(|entry| entry.key == Some(*key)))
}

/// What a node does in a file, where it matters.
pub(super) enum Role<'t> {
    /// A function or a class, with its name.
    Scope(Option<&'t str>, bool),
    /// A name is given a value.
    Set(&'t str, Node<'t>),
    /// The value of a key in a map, or of an argument: a function there has that name.
    Keyed(&'t str),
    /// What a function answers.
    Return(Node<'t>),
    /// The name of a library.
    Import(String),
    Call,
    Map,
    /// Anything else.
    Other,
}

/// A file that was parsed.
pub(super) struct File<'t> {
    pub(super) text: &'t str,
    pub(super) language: Language,
}

impl<'t> File<'t> {
    /// In what its language differs from others.
    pub(super) fn traits(&self) -> &'static Traits {
        self.language.traits()
    }

    pub(super) fn word(&self, node: Node<'t>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// What kind of node it is.
    pub(super) fn kind(&self, node: Node<'t>) -> &'static str {
        self.traits().spelled.kind(node)
    }

    fn field(&self, node: Node<'t>, name: &str) -> Option<Node<'t>> {
        self.traits().spelled.child(node, name)
    }

    fn children(node: Node<'t>) -> Vec<Node<'t>> {
        let mut cursor = node.walk();
        let children: Vec<Node<'t>> = node
            .named_children(&mut cursor)
            .filter(|child| child.kind() != "comment")
            .collect();
        children
    }

    /// What a key says: `a`, `"a"` or `'a'`.
    fn key(&self, node: Node<'t>) -> Option<&'t str> {
        match node.kind() {
            "identifier" | "property_identifier" | "shorthand_property_identifier" => {
                Some(self.word(node))
            }
            "string" => {
                let word = self.word(node);
                word.get(1..word.len().saturating_sub(1))
                    .filter(|key| !key.contains(['"', '\'', '\\']))
            }
            _ => None,
        }
    }

    /// The name that is assigned: `x`, or `x` of `self.x`.
    fn assigned(&self, node: Node<'t>) -> Option<&'t str> {
        match node.kind() {
            "identifier" | "property_identifier" | "private_property_identifier" => {
                Some(self.word(node))
            }
            "attribute" => self.field(node, "attribute").map(|it| self.word(it)),
            "member_expression" => self.field(node, "property").map(|it| self.word(it)),
            _ => None,
        }
    }

    pub(super) fn role(&self, node: Node<'t>) -> Role<'t> {
        let set = |name: &str, value: &str| {
            let name = self.field(node, name).and_then(|it| self.assigned(it))?;
            Some((name, self.field(node, value)?))
        };
        let role = match self.kind(node) {
            "function_definition"
            | "function_declaration"
            | "generator_function_declaration"
            | "method_definition" => {
                let name = self.field(node, "name").map(|it| self.word(it));
                Some(Role::Scope(name, false))
            }
            "class_definition" | "class_declaration" | "class" | "abstract_class_declaration" => {
                let name = self.field(node, "name").map(|it| self.word(it));
                Some(Role::Scope(name, true))
            }
            "arrow_function" | "function_expression" | "lambda" => Some(Role::Scope(None, false)),
            "assignment" | "assignment_expression" => {
                set("left", "right").map(|(name, value)| Role::Set(name, value))
            }
            "variable_declarator"
            | "public_field_definition"
            | "named_expression"
            | "default_parameter"
            | "typed_default_parameter"
            | "enum_assignment" => set("name", "value").map(|(name, value)| Role::Set(name, value)),
            "object_assignment_pattern" => {
                let name = self.field(node, "left").map(|it| self.word(it));
                name.zip(self.field(node, "right"))
                    .map(|(name, value)| Role::Set(name, value))
            }
            "required_parameter" | "optional_parameter" => {
                set("pattern", "value").map(|(name, value)| Role::Set(name, value))
            }
            "pair" => self
                .field(node, "key")
                .and_then(|key| self.key(key))
                .map(Role::Keyed),
            "return_statement" => Self::children(node).first().copied().map(Role::Return),
            "import_statement" | "import_from_statement" => {
                let from = self
                    .field(node, "source")
                    .or_else(|| self.field(node, "module_name"));
                let words = from.map_or_else(|| self.word(node), |it| self.word(it));
                Some(Role::Import(
                    words.trim_matches(['"', '\'']).trim().to_owned(),
                ))
            }
            "call" if self.makes_map(node) => Some(Role::Map),
            "call" | "call_expression" | "new_expression" => Some(Role::Call),
            "dictionary" | "object" => Some(Role::Map),
            _ => None,
        };
        role.unwrap_or(Role::Other)
    }

    /// The library of `require("…")` and `import("…")`.
    pub(super) fn required(&self, node: Node<'t>) -> Option<String> {
        self.required_module(node).map(str::to_owned)
    }

    pub(super) fn required_module(&self, node: Node<'t>) -> Option<&'t str> {
        let callee = self.field(node, "function")?;
        if !matches!(self.word(callee), "require" | "import") {
            return None;
        }
        let first = *Self::children(self.field(node, "arguments")?).first()?;
        self.key(first).filter(|_| first.kind() == "string")
    }

    /// What a class is made from, by its words.
    pub(super) fn bases(&self, class: Node<'t>) -> Vec<&'t str> {
        let mut cursor = class.walk();
        let heritage = class
            .named_children(&mut cursor)
            .find(|it| it.kind() == "class_heritage")
            .or_else(|| self.field(class, "superclasses"));
        let words = heritage.map_or("", |it| self.word(it));
        let is_letter = |it: char| it.is_alphanumeric() || matches!(it, '_' | '$');
        words
            .split(|it| !is_letter(it))
            .filter(|it| !matches!(*it, "" | "extends"))
            .collect()
    }

    /// The body of a class that is below one of these, with its documentation.
    pub(super) fn documentation(&self, node: Node<'t>) -> Option<(&'t str, Node<'t>)> {
        if node.kind() != "class_definition" {
            return None;
        }
        let above = self.word(self.field(node, "superclasses")?);
        let first = Self::children(self.field(node, "body")?).first().copied()?;
        let text = match first.kind() {
            "expression_statement" => Self::children(first).first().copied()?,
            _ => first,
        };
        (text.kind() == "string").then_some((above, text))
    }

    /// What stands in brackets, or is waited for, or said to be of a type.
    fn inner(node: Node<'t>) -> Node<'t> {
        let mut node = node;
        for _ in 0..DEEPEST_BRACKETS {
            let is_wrapper = matches!(
                node.kind(),
                "parenthesized_expression"
                    | "await"
                    | "await_expression"
                    | "non_null_expression"
                    | "as_expression"
                    | "satisfies_expression"
            );
            match node.named_child(0).filter(|_| is_wrapper) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    pub(super) fn expr(&self, node: Node<'t>) -> Expr<'t> {
        let node = Self::inner(node);
        let field = |name: &str| self.field(node, name);
        let found = match self.kind(node) {
            "string" | "template_string" => {
                self.parts(node).map(|(parts, all)| Expr::Text(parts, all))
            }
            "concatenated_string" => {
                let texts = Self::children(node).into_iter();
                Some(Expr::Join(texts.map(|text| (text, node)).collect()))
            }
            "binary_operator" | "binary_expression" => {
                let operator = field("operator").map(|it| self.word(it));
                match (field("left"), operator, field("right")) {
                    (Some(_), Some("+"), Some(_)) => Some(Expr::Join(self.added(node))),
                    (Some(left), Some("%"), Some(right)) => Some(Expr::Percent(left, right)),
                    (Some(left), Some("??" | "||"), Some(right)) => {
                        Some(Expr::Choice(vec![left, right]))
                    }
                    _ => None,
                }
            }
            "boolean_operator" => {
                let is_or = field("operator").map(|it| self.word(it)) == Some("or");
                field("left")
                    .zip(field("right"))
                    .filter(|_| is_or)
                    .map(|(left, right)| Expr::Choice(vec![left, right]))
            }
            "conditional_expression" => match Self::children(node).as_slice() {
                [one, _, other] => Some(Expr::Choice(vec![*one, *other])),
                _ => None,
            },
            "ternary_expression" => field("consequence")
                .zip(field("alternative"))
                .map(|(one, other)| Expr::Choice(vec![one, other])),
            "identifier" | "shorthand_property_identifier" => Some(Expr::Name(self.word(node))),
            "attribute" => field("object")
                .zip(field("attribute"))
                .map(|(object, name)| Expr::Member(object, self.word(name))),
            "member_expression" => field("object")
                .zip(field("property"))
                .map(|(object, name)| Expr::Member(object, self.word(name))),
            "subscript" | "subscript_expression" => {
                let object = field("value").or_else(|| field("object"));
                let key = field("subscript").or_else(|| field("index"));
                object
                    .zip(key.and_then(|key| self.key(key).filter(|_| key.kind() == "string")))
                    .map(|(object, key)| Expr::Index(object, key))
            }
            "call" if self.makes_map(node) => self.call(node).map(|call| {
                // `dict(base, a=1)` holds all that the base does.
                let entry = |it: Argument<'t>| match it.is_by_place() {
                    true => Argument::of_all(it.value),
                    false => it,
                };
                Expr::Map(call.arguments.into_iter().map(entry).collect())
            }),
            "call" | "call_expression" | "new_expression" => self.call(node).map(Expr::Call),
            "dictionary" | "object" => Some(Expr::Map(self.entries(node))),
            // `["a", , "b"]` has an item that is not written.
            "array" if Self::has_gaps(node) => None,
            "list" | "tuple" | "array" | "expression_list" => {
                Some(Expr::List(Self::children(node)))
            }
            "list_splat" | "spread_element" => {
                Self::children(node).first().copied().map(Expr::Spread)
            }
            "integer" | "float" | "number" => {
                let digits = self.word(node).replace('_', "");
                serde_json::from_str(&digits).ok().map(Expr::Plain)
            }
            "unary_operator" | "unary_expression" => serde_json::from_str(self.word(node))
                .ok()
                .filter(serde_json::Value::is_number)
                .map(Expr::Plain),
            "true" => Some(Expr::Plain(true.into())),
            "false" => Some(Expr::Plain(false.into())),
            _ => None,
        };
        found.unwrap_or(Expr::Other)
    }

    fn has_gaps(list: Node<'t>) -> bool {
        let mut cursor = list.walk();
        let mut was_item = false;
        list.children(&mut cursor).any(|child| {
            let is_gap = child.kind() == "," && !was_item;
            if child.kind() != "comment" {
                was_item = child.is_named();
            }
            is_gap
        })
    }

    pub(super) fn call(&self, node: Node<'t>) -> Option<Call<'t>> {
        let callee = self
            .field(node, "function")
            .or_else(|| self.field(node, "constructor"))?;
        let arguments = match self.field(node, "arguments") {
            // A template with a tag is a call with one text.
            Some(text) if text.kind() == "template_string" => vec![Argument::of(None, text)],
            Some(list) => Self::children(list)
                .into_iter()
                .filter_map(|argument| match argument.kind() {
                    "keyword_argument" => Some(Argument::of(
                        self.field(argument, "name").map(|it| self.word(it)),
                        self.field(argument, "value")?,
                    )),
                    "dictionary_splat" | "list_splat" | "spread_element" => {
                        Some(Argument::of_all(*Self::children(argument).first()?))
                    }
                    _ => Some(Argument::of(None, argument)),
                })
                .collect(),
            None => Vec::new(),
        };
        Some(Call { callee, arguments })
    }

    /// The words of what is called: `client.responses.create`. A class with parameters, such as
    /// `Agent[Context]`, is the class.
    pub(super) fn path(&self, callee: Node<'t>) -> Vec<&'t str> {
        let mut words = Vec::new();
        let mut node = callee;
        for _ in 0..12 {
            node = match self.expr(node) {
                Expr::Name(name) => {
                    words.push(name);
                    break;
                }
                Expr::Member(object, name) => {
                    words.push(name);
                    object
                }
                Expr::Call(call) => call.callee,
                Expr::Index(object, key) => {
                    words.push(key);
                    object
                }
                _ if matches!(node.kind(), "subscript") => match self.field(node, "value") {
                    Some(inner) => inner,
                    None => break,
                },
                _ => break,
            };
        }
        words.reverse();
        words
    }

    fn entries(&self, node: Node<'t>) -> Vec<Argument<'t>> {
        let keys_are_names = self.traits().keys_are_names;
        let entry = |child: Node<'t>| match child.kind() {
            "pair" => {
                let key = self.field(child, "key")?;
                let value = self.field(child, "value")?;
                let is_name = key.kind() == "identifier" && !keys_are_names;
                match self.key(key).filter(|_| !is_name) {
                    Some(key) => Some(Argument::of(Some(key), value)),
                    None if matches!(key.kind(), "number" | "integer") => None,
                    None => Some(Argument::of_all(child)),
                }
            }
            "shorthand_property_identifier" => Some(Argument::of(Some(self.word(child)), child)),
            "dictionary_splat" | "spread_element" => {
                Some(Argument::of_all(*Self::children(child).first()?))
            }
            "method_definition" => {
                let name = self.field(child, "name").map(|it| self.word(it));
                match name.filter(|name| *name == TO_JSON) {
                    Some(name) => Some(Argument::of(Some(name), child)),
                    None => Some(Argument::of_all(child)),
                }
            }
            _ => None,
        };
        Self::children(node).into_iter().filter_map(entry).collect()
    }
}

//! The tree between the languages.

use std::ops::Range;

use serde_json::Value;

/// A template that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    /// What it prints.
    pub nodes: Vec<Node>,
    /// What prints another way here for some values, said once each.
    pub notes: Vec<Note>,
}

/// Something that prints another way here for some values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where it stands first, in bytes.
    pub at: Range<usize>,
    /// What prints another way.
    pub message: String,
    /// Whether another text may be said, and not only a value be written another way.
    pub decides: bool,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Text as it stands.
    Text(String),
    /// A value.
    Print(Expr),
    /// The body of the first condition that holds, else the last.
    If {
        /// Conditions and their bodies.
        arms: Vec<(Expr, Vec<Self>)>,
        /// What stands where none holds.
        otherwise: Vec<Self>,
    },
    /// The body for each item of a list.
    Each {
        /// The name of an item; none where the body names only its keys.
        item: Option<String>,
        list: Expr,
        /// What stands for each item.
        body: Vec<Self>,
        /// What stands where there is none.
        otherwise: Vec<Self>,
    },
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A variable, or a part of it.
    Path(String, Vec<Key>),
    /// The item of the loop around, or a part of it.
    Item(Vec<Key>),
    /// A text, a number, true, false or null.
    Literal(Value),
    /// What a helper makes of values.
    Call(&'static str, Vec<Self>),
    /// Something that the loop around knows.
    Loop(LoopValue),
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// The key of a map.
    Name(String),
    /// The place in a list.
    Index(u64),
}

/// What a loop knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopValue {
    /// How many items came before.
    Index,
    /// Whether this is the first item.
    First,
    /// Whether this is the last item.
    Last,
}

impl Template {
    /// The variables that it names, and the items of its loops, in their order.
    pub fn names(&self, names: &mut Vec<String>) {
        names_of(&self.nodes, names);
    }
}

fn names_of(nodes: &[Node], names: &mut Vec<String>) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Print(expr) => expr.names(names),
            Node::If { arms, otherwise } => {
                for (condition, body) in arms {
                    condition.names(names);
                    names_of(body, names);
                }
                names_of(otherwise, names);
            }
            Node::Each {
                list,
                body,
                otherwise,
                ..
            } => {
                list.names(names);
                names_of(body, names);
                names_of(otherwise, names);
            }
        }
    }
}

impl Expr {
    fn names(&self, names: &mut Vec<String>) {
        match self {
            Self::Path(name, _) if !names.contains(name) => names.push(name.clone()),
            Self::Call(_, args) => args.iter().for_each(|arg| arg.names(names)),
            _ => {}
        }
    }
}

/// The same nodes: texts side by side are one, empty ones none.
pub fn tidy(nodes: Vec<Node>) -> Vec<Node> {
    let mut all: Vec<Node> = Vec::new();
    for node in nodes {
        let node = match node {
            Node::Text(text) => {
                match all.last_mut() {
                    _ if text.is_empty() => {}
                    Some(Node::Text(before)) => before.push_str(&text),
                    _ => all.push(Node::Text(text)),
                }
                continue;
            }
            Node::Print(expr) => Node::Print(expr),
            Node::If { arms, otherwise } => Node::If {
                arms: arms
                    .into_iter()
                    .map(|(condition, body)| (condition, tidy(body)))
                    .collect(),
                otherwise: tidy(otherwise),
            },
            Node::Each {
                item,
                list,
                body,
                otherwise,
            } => Node::Each {
                item,
                list,
                body: tidy(body),
                otherwise: tidy(otherwise),
            },
        };
        all.push(node);
    }
    all
}

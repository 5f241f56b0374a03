//! Lists, as far as the file says them.

use tree_sitter::Node;

use super::{Argument, Expr, Reader, Remark, Settable, SiteKind};

/// The items of a list.
pub(in crate::scan::found) struct Items<'t> {
    pub(in crate::scan::found) all: Vec<Item<'t>>,
    /// Why the list may hold something else.
    pub(in crate::scan::found) doubts: Vec<Remark>,
    /// What other files may set.
    pub(in crate::scan::found) settable: Vec<Settable<'t>>,
}

/// An item, or all items of another list.
#[derive(Clone, Copy)]
pub(in crate::scan::found) struct Item<'t> {
    pub(in crate::scan::found) node: Node<'t>,
    pub(in crate::scan::found) is_spread: bool,
}

/// The entries of a map.
pub(in crate::scan::found) struct Entries<'t> {
    pub(in crate::scan::found) all: Vec<Argument<'t>>,
    pub(in crate::scan::found) doubt: Option<Remark>,
    /// What other files may set.
    pub(in crate::scan::found) settable: Option<Settable<'t>>,
}

impl<'t> Reader<'_, 't> {
    /// The items of a list, also of one that has a name and to which some are added later.
    pub(in crate::scan::found) fn items(&self, node: Node<'t>) -> Option<Items<'t>> {
        match self.file.expr(node) {
            Expr::List(nodes) => Some(Items {
                all: nodes.into_iter().map(|node| self.item(node)).collect(),
                doubts: Vec::new(),
                settable: Vec::new(),
            }),
            Expr::Name(name) => self.named_items(name, node),
            // `[a, b] + more`
            Expr::Join(nodes) if self.file.traits().adds_lists => {
                let is_list = |node: Node<'t>| matches!(self.file.expr(node), Expr::List(_));
                if !nodes.iter().any(|(node, _)| is_list(*node)) {
                    return None;
                }
                let mut items = Items {
                    all: Vec::new(),
                    doubts: Vec::new(),
                    settable: Vec::new(),
                };
                for (inner, _) in nodes {
                    match self.file.expr(inner) {
                        Expr::List(nodes) => {
                            items
                                .all
                                .extend(nodes.into_iter().map(|node| self.item(node)));
                        }
                        _ => items.all.push(Item {
                            node: inner,
                            is_spread: true,
                        }),
                    }
                }
                Some(items)
            }
            // `[a, b].filter(Boolean)`, `[a].concat(b)`
            Expr::Call(call) => match self.file.expr(call.callee) {
                Expr::Member(list, method @ ("filter" | "concat")) => {
                    let Expr::List(nodes) = self.file.expr(list) else {
                        return None;
                    };
                    let mut items: Vec<Item<'t>> =
                        nodes.into_iter().map(|node| self.item(node)).collect();
                    let words = match method {
                        "filter" => "`filter` may leave items out",
                        _ => "`concat` may take lists or items",
                    };
                    let mut doubts = vec![Remark::new(node, words)];
                    if method == "concat" {
                        let is_list = |argument: &Argument<'t>| {
                            matches!(self.file.expr(argument.value), Expr::List(_))
                        };
                        if call.arguments.iter().all(is_list) {
                            doubts.clear();
                        }
                        items.extend(call.arguments.iter().map(|argument| Item {
                            node: argument.value,
                            is_spread: true,
                        }));
                    }
                    Some(Items {
                        all: items,
                        doubts,
                        settable: Vec::new(),
                    })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The items of a list of which something is made: a part of it, or the same in another order.
    pub(in crate::scan::found) fn derived(
        &self,
        node: Node<'t>,
        depth: usize,
    ) -> Option<Items<'t>> {
        if depth > 4 {
            return None;
        }
        let field = |name| self.file.traits().spelled.child(node, name);
        let base = match (node.kind(), self.file.expr(node)) {
            // `"…%s" % (a, b)` is a text.
            (_, Expr::Percent(..)) => return None,
            ("subscript", _) if field("subscript")?.kind() == "slice" => field("value")?,
            ("binary_operator", _) => {
                let sides = [field("left")?, field("right")?];
                sides.into_iter().find(|it| self.items(*it).is_some())?
            }
            (_, Expr::Call(call)) => match self.file.expr(call.callee) {
                Expr::Member(list, _) if self.items(list).is_some() => list,
                Expr::Member(list, _) if self.derived(list, depth + 1).is_some() => list,
                Expr::Name(_) | Expr::Member(..) => {
                    let given = call.arguments.iter().filter(|it| it.is_by_place());
                    let mut given = given.map(|it| it.value);
                    let is_list = |it: &Node<'t>| {
                        let is_read = |list: Items<'t>| !list.all.is_empty();
                        self.items(*it).is_some_and(is_read)
                    };
                    given.find(is_list)?
                }
                _ => return None,
            },
            _ => return None,
        };
        let mut items = self.items(base).or_else(|| self.derived(base, depth + 1))?;
        items.doubts.push(Remark::new(
            node,
            format!("`{}` may make other messages of these", self.shown(node)),
        ));
        Some(items)
    }

    fn item(&self, node: Node<'t>) -> Item<'t> {
        match self.file.expr(node) {
            Expr::Spread(inner) => Item {
                node: inner,
                is_spread: true,
            },
            _ => Item {
                node,
                is_spread: false,
            },
        }
    }

    fn named_items(&self, name: &'t str, node: Node<'t>) -> Option<Items<'t>> {
        let bound = self.names.bound(name, node)?;
        if bound.value.byte_range().contains(&node.start_byte()) {
            return None;
        }
        if let Expr::Name(_) = self.file.expr(bound.value) {
            return None;
        }
        let mut items = self.items(bound.value)?;
        for added in &bound.added {
            match added {
                SiteKind::Append(inner) => items.all.push(self.item(*inner)),
                SiteKind::Extend(more) | SiteKind::Add(more) => match self.file.expr(*more) {
                    Expr::List(nodes) => {
                        items
                            .all
                            .extend(nodes.into_iter().map(|node| self.item(node)));
                    }
                    _ => items.all.push(Item {
                        node: *more,
                        is_spread: true,
                    }),
                },
                _ => {}
            }
        }
        let why = bound.doubt.or_else(|| self.unsteady(name, node, true));
        items.doubts.extend(why.map(|why| Remark::new(node, why)));
        items.settable.extend(self.settable(name, node));
        Some(items)
    }

    /// Whether a value may be a list or a map, which can be changed by other names.
    pub(in crate::scan::found) fn may_have_parts(&self, node: Node<'t>) -> bool {
        let is_flat = |node: Node<'t>| {
            let expr = self.file.expr(node);
            matches!(expr, Expr::Text(..) | Expr::Join(_) | Expr::Plain(_))
        };
        match self.file.expr(node) {
            Expr::Name(name) => match self.names.bound(name, node) {
                Some(bound) => !is_flat(bound.value),
                // What callers give is said by them.
                None => false,
            },
            _ => !is_flat(node),
        }
    }

    /// The entries of a map, also of one that has a name.
    pub(in crate::scan::found) fn entries(&self, node: Node<'t>) -> Option<Entries<'t>> {
        match self.file.expr(node) {
            Expr::Map(all) => Some(Entries {
                all,
                doubt: None,
                settable: None,
            }),
            Expr::Name(name) => {
                let bound = self.names.bound(name, node)?;
                let Expr::Map(mut all) = self.file.expr(bound.value) else {
                    return None;
                };
                all.extend(self.names.put_into(name, node));
                if bound.value.byte_range().contains(&node.start_byte()) {
                    return None;
                }
                let has_parts = all.iter().any(|it| self.may_have_parts(it.value));
                let why = bound.doubt.or_else(|| self.unsteady(name, node, has_parts));
                Some(Entries {
                    all,
                    doubt: why.map(|why| Remark::new(node, why)),
                    settable: self.settable(name, node),
                })
            }
            _ => None,
        }
    }
}

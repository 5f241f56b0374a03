//! What calls are given, with what maps and lists give them.

use tree_sitter::Node;

use super::{DEEPEST, Gatherer};
use crate::scan::found::sinks::{
    CONFIG_KEYS, EXTRA_KEYS, LIST_KEYS, MODEL_KEYS, SETTINGS, SYSTEM_KEYS, USER_KEYS,
};
use crate::scan::found::syntax::{Argument, Expr, TO_JSON, index_of, value_of};
use crate::scan::found::value::{Remark, Settable};

/// Whether a prompt file holds what is given by this key.
fn is_held(key: &str) -> bool {
    [SYSTEM_KEYS, LIST_KEYS, USER_KEYS, MODEL_KEYS, SETTINGS]
        .iter()
        .any(|keys| keys.contains(&key))
}

/// A map that says itself what is sent in its place.
pub(super) fn written_otherwise(method: Node<'_>) -> Remark {
    let words = format!("`{TO_JSON}` may give another text in its place");
    Remark::new(method, words)
}

/// Arguments by their names.
#[derive(Default)]
pub(super) struct Flat<'t> {
    pub(super) all: Vec<Argument<'t>>,
    pub(super) doubts: Vec<Remark>,
    pub(super) settable: Vec<Settable<'t>>,
}

impl<'t> Gatherer<'_, 't> {
    /// The arguments by their names, those of a map and those of a configuration among them.
    pub(super) fn flat(&self, arguments: &[Argument<'t>]) -> Flat<'t> {
        let mut flat = Flat::default();
        for argument in arguments {
            self.flatten(argument, &mut flat, 0);
        }
        let inner: Vec<Argument<'t>> = flat
            .all
            .iter()
            .filter(|it| it.key.is_some_and(|key| CONFIG_KEYS.contains(&key)))
            .filter_map(|it| match self.file.expr(it.value) {
                Expr::Call(call) => Some(call.arguments),
                _ => self.map(it.value),
            })
            .flatten()
            .collect();
        flat.all.extend(inner);
        self.overridden(&mut flat);
        let own = value_of(&flat.all, &[TO_JSON]);
        flat.doubts.extend(own.map(written_otherwise));
        flat
    }

    /// What `extra_body` puts in the place of other arguments.
    fn overridden(&self, flat: &mut Flat<'t>) {
        let is_extra = |it: &&Argument<'t>| it.key.is_some_and(|key| EXTRA_KEYS.contains(&key));
        let extras: Vec<Argument<'t>> = flat.all.iter().filter(is_extra).copied().collect();
        for extra in extras {
            let name = extra.key.unwrap_or_default();
            let Some(entries) = self.reader.entries(extra.value) else {
                if !matches!(self.file.word(extra.value), "None" | "null" | "undefined") {
                    let shown = self.reader.shown(extra.value);
                    let words = format!("`{name}={shown}` may give another text in its place");
                    flat.doubts.push(Remark::new(extra.value, words));
                }
                continue;
            };
            for entry in entries.all {
                if entry.is_spread {
                    let words = format!("`{name}` may give another text in its place");
                    flat.doubts.push(Remark::new(extra.value, words));
                } else if let Some(key) = entry.key.filter(|key| is_held(key)) {
                    let words =
                        format!("`{name}` gives `{key}` in the place of what the call says");
                    flat.doubts.push(Remark::new(entry.value, words));
                    flat.all.push(entry);
                }
            }
        }
    }

    /// What a map stands for that is given as a whole, by its name, too.
    fn flatten(&self, argument: &Argument<'t>, flat: &mut Flat<'t>, depth: usize) {
        let is_open = argument.is_spread || (argument.key.is_none() && depth == 0);
        let entries = match is_open && depth < DEEPEST {
            true => self.reader.entries(argument.value),
            false => None,
        };
        match entries {
            Some(entries) => {
                flat.doubts.extend(entries.doubt);
                flat.settable.extend(entries.settable);
                for entry in &entries.all {
                    self.flatten(entry, flat, depth + 1);
                }
            }
            None => flat.all.push(*argument),
        }
    }

    /// What is given as a whole, and not known, may hold more, or something else.
    pub(super) fn left_open(&mut self, arguments: &[Argument<'t>]) {
        let first = [SYSTEM_KEYS, LIST_KEYS, USER_KEYS]
            .iter()
            .filter_map(|keys| index_of(arguments, keys))
            .min();
        for (index, argument) in arguments.iter().enumerate() {
            if !argument.is_spread {
                continue;
            }
            let shown = self.reader.shown(argument.value);
            // Python refuses a keyword that is given twice; in a map the last one counts.
            let splat = argument.value.parent();
            let is_keyword = splat
                .and_then(|it| it.parent())
                .is_some_and(|it| it.kind() == "argument_list");
            let is_last_word = !(self.file.traits().names_arguments && is_keyword)
                && first.is_some_and(|first| first < index);
            match is_last_word {
                true => self.doubts.push(Remark::new(
                    argument.value,
                    format!("`{shown}` may give another text in its place"),
                )),
                false => self.notes.push(Remark::new(
                    argument.value,
                    format!("what `{shown}` gives besides is left to the code"),
                )),
            }
        }
    }

    /// What a call is given that is no part of a prompt file.
    pub(super) fn besides(&self, arguments: &[Argument<'t>]) -> Vec<(Option<String>, String)> {
        let given = arguments.iter().filter_map(|argument| {
            let shown = || self.reader.shown(argument.value);
            match argument.key {
                _ if argument.is_spread => Some((None, shown())),
                Some(key) if !is_held(key) && !CONFIG_KEYS.contains(&key) => {
                    Some((Some(key.to_owned()), shown()))
                }
                _ => None,
            }
        });
        given.collect()
    }

    /// A map, where it stands.
    pub(super) fn map(&self, node: Node<'t>) -> Option<Vec<Argument<'t>>> {
        match self.file.expr(node) {
            Expr::Map(entries) => Some(entries),
            _ => None,
        }
    }
}

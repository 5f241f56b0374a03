//! Functions that are known by their names, and what they do with what they are given.

use std::collections::HashMap;

use tree_sitter::Node;

use super::{A_FUNCTION, Names, SiteKind, Use, UseKind};
use crate::scan::found::syntax::File;

/// Functions that change nothing of what they are given, and answer with nothing of it.
const HARMLESS: &str = "print len str repr any all isinstance type bool int float sum deepcopy structuredClone \
    String Number Boolean dumps stringify debug info warning warn error log create acreate \
    parse stream generate completion acompletion generateText streamText generateObject \
    streamObject generate_content generateContent dedent cleandoc";

/// Functions that answer with parts of what they are given, or with something new that holds them.
const PASSING: &str = "sorted enumerate zip min max list tuple dict reversed copy";

/// Modules whose functions of these names are the known ones.
const LIBRARIES: &str = "copy json textwrap inspect builtins pprint rich litellm ai";

/// Whether a word is one of some, with blanks between.
pub(super) fn is_one_of(words: &str, word: &str) -> bool {
    words.split(' ').any(|it| it == word)
}

/// The last word of what is called.
fn last(callee: &str) -> &str {
    callee.rsplit('.').next().unwrap_or(callee)
}

pub(super) fn is_harmless(callee: &str) -> bool {
    is_one_of(HARMLESS, last(callee))
}

pub(super) fn is_passing(callee: &str) -> bool {
    is_one_of(PASSING, last(callee))
}

/// How a file binds a name.
#[derive(Default)]
struct Binding {
    /// Whether it does so by more than importing it.
    is_own: bool,
    is_function: bool,
}

/// A value that is given to a function which is known, if the file has none of that name.
pub(super) struct Trust<'t> {
    pub(super) name: &'t str,
    pub(super) callee: &'t str,
    pub(super) used: Use,
}

/// Whether a name that is imported is taken from a library with known functions.
fn is_of_library<'t>(
    file: &File<'t>,
    mut around: impl Iterator<Item = Node<'t>>,
    name: &str,
) -> bool {
    let fields = [
        ("import_from_statement", "module_name"),
        ("import_statement", "source"),
        ("variable_declarator", "value"),
    ];
    let module = around.find_map(|node| {
        let (_, field) = fields.iter().find(|(kind, _)| *kind == node.kind())?;
        file.traits().spelled.child(node, field)
    });
    let text = module.map_or(name, |it| file.word(it));
    is_one_of(LIBRARIES, text.split(['"', '\'']).nth(1).unwrap_or(text))
}

impl<'t> Names<'t> {
    /// Keeps that the file may give a known name to a function of its own, as a method or a member.
    pub(super) fn own(&mut self, word: &'t str) {
        if is_harmless(word) || is_passing(word) {
            self.own.insert(word);
        }
    }

    pub(super) fn own_member(&mut self, file: &File<'t>, node: Node<'t>) {
        let fields = ["name", "key"];
        let name = (fields.iter()).find_map(|it| file.traits().spelled.child(node, it));
        let name = name.map_or("", |it| file.word(it));
        // The items of a map are its members in scripts alone.
        self.own(match self.traits.has_block_scopes {
            true => name.trim_matches(['"', '\'']),
            false => name,
        });
    }

    /// Keeps that a name is imported.
    pub(super) fn imported(
        &mut self,
        file: &File<'t>,
        around: impl Iterator<Item = Node<'t>>,
        name: &'t str,
    ) {
        if (is_harmless(name) || is_passing(name)) && !is_of_library(file, around, name) {
            self.own(name);
        }
    }

    /// What is given to a function of the file itself is not known to stay as it is.
    pub(super) fn join_known(&mut self) {
        let trusted = std::mem::take(&mut self.trusted);
        let mut bound: HashMap<&str, Binding> = HashMap::new();
        for ((name, _), sites) in self.sites.iter().filter(|_| !trusted.is_empty()) {
            let known = bound.entry(name).or_default();
            for site in sites {
                known.is_own |= site.kind != SiteKind::Import;
                known.is_function |= matches!(site.kind, SiteKind::Other(A_FUNCTION));
            }
        }
        for it in trusted {
            if self.is_own(it.callee, &bound) {
                self.uses.entry(it.name).or_default().push(it.used);
            }
        }
    }

    /// Whether what is called may be of the file itself.
    fn is_own(&self, callee: &'t str, bound: &HashMap<&str, Binding>) -> bool {
        let word = last(callee);
        let end = callee.find(|it: char| !(it.is_alphanumeric() || matches!(it, '_' | '$')));
        let root = &callee[..end.unwrap_or(callee.len())];
        let is_declared = |is_meant: fn(&Binding) -> bool| {
            self.own.contains(word) || bound.get(word).is_some_and(is_meant)
        };
        if root == word {
            return is_declared(|it| it.is_own);
        }
        let is_root_own =
            bound.contains_key(root) || matches!(root, "this" | "self" | "cls" | "super" | "");
        self.members.contains_key(word) || (is_root_own && is_declared(|it| it.is_function))
    }
}

/// What a use is where the function that is called is not the known one.
pub(super) fn distrusted(is_part: bool) -> UseKind {
    match is_part {
        true => UseKind::Part,
        false => UseKind::Given,
    }
}

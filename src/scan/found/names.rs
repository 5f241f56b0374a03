//! Names: where each is bound, and whether what it stands for where it is used is sure.
//!
//! What a name stands for counts as known only if every place of its scope that could bind or
//! change it is plain: a statement that sets it, or adds to it, on the way to where it is used.
//! Loops, branches, closures, deletions, other operators and all else make it doubtful.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use super::language::Traits;
use super::syntax::File;
pub(super) use collect::Collector;
use known::Trust;
use members::{Classes, Member};

mod collect;
mod flows;
mod known;
mod members;
mod sure;
mod uses;

/// How many steps one file may take, so that hostile nesting ends.
const MOST_WORK: usize = 4_000_000;

/// Why a name is no constant of the file, in words that follow the name of the file.
pub(super) const THIRD_FILE: &str = "has it from a third file";
pub(super) const UNSAID: &str = "does not say it";

/// Why a name stands for no text, in words that follow it.
const A_FUNCTION: &str = "is a function or a class";

/// The most of a kind that is kept of one file.
const MOST_KEPT: usize = 200_000;

/// A part of a file that runs as a whole, or not, or again and again; the first is the file.
struct Region {
    start: usize,
    end: usize,
    parent: usize,
    /// The innermost region around it, or itself, that is a function, a class or the file.
    function: usize,
    /// The innermost class around it, or itself; 0 outside of classes.
    class: usize,
    /// How many functions with an object of their own stand around it in the class.
    methods: usize,
    kind: RegionKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RegionKind {
    File,
    /// Whether it makes the object.
    Function(bool),
    /// Whether its fields are what callers give, or its members are no texts.
    Class(bool),
    Comprehension,
    Loop,
    Block,
    /// What runs or not, and declares its names in the block around it.
    Case,
}

impl RegionKind {
    /// The kind that a node opens, if it opens one.
    fn of<'t>(
        file: &File<'t>,
        (node, kind): (Node<'t>, &str),
        field: Option<&str>,
    ) -> Option<Self> {
        let word = |name: &str| {
            let child = file.traits().spelled.child(node, name);
            child.map_or("", |it| file.word(it))
        };
        Some(match kind {
            "function_definition" | "method_definition" => {
                Self::Function(matches!(word("name"), "__init__" | "constructor"))
            }
            "function_declaration"
            | "generator_function_declaration"
            | "generator_function"
            | "arrow_function"
            | "function_expression"
            | "lambda" => Self::Function(false),
            "class_definition" => Self::Class(word("superclasses").contains("Enum")),
            "class_declaration" | "class" | "abstract_class_declaration" | "enum_declaration" => {
                Self::Class(false)
            }
            "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression" => Self::Comprehension,
            "for_statement" | "while_statement" | "do_statement" | "for_in_statement" => Self::Loop,
            "block" | "statement_block" | "switch_body" | "case_clause" | "else_clause"
            | "elif_clause" | "except_clause" | "finally_clause" | "catch_clause"
            | "class_static_block" => Self::Block,
            "switch_case" | "switch_default" => Self::Case,
            "class_body" | "enum_body" => return None,
            _ if matches!(field, Some("consequence" | "alternative" | "body")) => Self::Block,
            _ => return None,
        })
    }
}

/// A place that binds a name, or changes what it stands for.
#[derive(Clone, Copy)]
pub(super) struct Site<'t> {
    at: usize,
    end: usize,
    region: usize,
    pub(super) kind: SiteKind<'t>,
    /// Whether a function inside of the scope does it.
    is_far: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SiteKind<'t> {
    /// It is given a value.
    Set(Node<'t>),
    /// Something is added.
    Add(Node<'t>),
    /// An item is put at the end of the list.
    Append(Node<'t>),
    /// Items are put at the end of the list.
    Extend(Node<'t>),
    /// Callers may give another value.
    Default(Node<'t>),
    /// Callers give the value.
    Parameter,
    /// Another file gives it.
    Import,
    /// It is named, and has no value yet.
    Nothing,
    /// Anything else, in words that follow the name.
    Other(&'static str),
}

/// What is done with a value by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UseKind {
    /// It is read.
    Read,
    /// A part of it goes where it could be changed.
    Part,
    /// It goes there itself.
    Given,
    /// It is changed, or a part of it.
    Change,
    /// It gets another name, by its place among those.
    Renamed(usize),
}

/// Another name of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Alias<'t> {
    name: &'t str,
    at: usize,
    /// Whether it stands for a part of it.
    is_part: bool,
    /// Whether it is a list or a map of its own, with the same parts.
    is_new: bool,
}

struct Use {
    at: usize,
    region: usize,
    kind: UseKind,
}

/// What a file says of its names.
pub(super) struct Names<'t> {
    traits: &'static Traits,
    regions: Vec<Region>,
    sites: HashMap<(&'t str, usize), Vec<Site<'t>>>,
    uses: HashMap<&'t str, Vec<Use>>,
    aliases: Vec<Alias<'t>>,
    /// What is given to functions that are known, if the file has none of their names.
    trusted: Vec<Trust<'t>>,
    /// Names of known functions that the file may give to functions of its own.
    own: HashSet<&'t str>,
    members: HashMap<&'t str, Vec<Member<'t>>>,
    classes: Classes<'t>,
    /// What maps are given under a key, by the names of the maps.
    put: HashMap<&'t str, Vec<(&'t str, Node<'t>)>>,
    /// Names that a function takes from around it.
    foreign: HashSet<&'t str>,
    /// Why no name of the file is sure.
    is_wild: Option<&'static str>,
    /// Whether members are given values by their names as texts.
    sets_members: bool,
    /// Whether that is done to what may be a class, and not just to an object.
    sets_classes: bool,
    /// Where all names of another file come in.
    wildcards: Vec<usize>,
    work_left: Cell<usize>,
}

/// What a name stands for.
pub(super) struct Bound<'t> {
    /// Whether something may be otherwise, and what.
    pub(super) doubt: Option<String>,
    pub(super) value: Node<'t>,
    pub(super) added: Vec<SiteKind<'t>>,
    /// Whether it is surely set where it is used; else it might not be at all.
    pub(super) is_always: bool,
}

/// Whether a value is the same elsewhere.
pub(super) enum Moved {
    Same,
    /// It is, if a call answers the same there.
    IfCalled,
    No,
}

impl<'t> Names<'t> {
    /// Whether there is work left to do, and takes some of it.
    fn spend(&self, work: usize) -> bool {
        let left = self.work_left.get();
        self.work_left.set(left.saturating_sub(work));
        left > work
    }

    fn region_at(&self, at: usize) -> usize {
        let mut region = self
            .regions
            .partition_point(|region| region.start <= at)
            .saturating_sub(1);
        while region > 0 && self.regions[region].end <= at {
            self.spend(1);
            region = self.regions[region].parent;
        }
        region
    }

    fn function(&self, region: usize) -> usize {
        self.regions[region].function
    }

    /// Whether a region is another one, or around it.
    fn is_around(&self, outer: usize, inner: usize) -> bool {
        self.regions[outer].start <= self.regions[inner].start
            && self.regions[inner].end <= self.regions[outer].end
            && outer <= inner
    }

    /// The loops around a region that are not around the other.
    fn loops_without(&self, inner: usize, other: usize) -> Vec<usize> {
        let mut loops = Vec::new();
        let mut region = inner;
        while region > 0 && self.spend(1) {
            let kind = self.regions[region].kind;
            if matches!(kind, RegionKind::Loop | RegionKind::Comprehension)
                && !self.is_around(region, other)
            {
                loops.push(region);
            }
            region = self.regions[region].parent;
        }
        loops
    }

    /// The scope that a name belongs to in a region.
    fn scope(&self, name: &'t str, region: usize) -> Option<usize> {
        let mut scope = region;
        // Functions do not see the names of the class that they stand in.
        let mut is_inside = false;
        loop {
            let kind = self.regions[scope].kind;
            let is_hidden =
                self.traits.hides_class_names && is_inside && matches!(kind, RegionKind::Class(_));
            if !is_hidden && self.sites.contains_key(&(name, scope)) {
                return Some(scope);
            }
            if scope == 0 || !self.spend(1) {
                return None;
            }
            is_inside |= matches!(kind, RegionKind::Function(_));
            scope = self.regions[scope].parent;
        }
    }

    fn scope_at(&self, name: &'t str, at: usize) -> Option<usize> {
        self.scope(name, self.region_at(at))
    }

    /// Whether the file binds a name anywhere.
    pub(super) fn binds(&self, name: &str) -> bool {
        self.sites.keys().any(|(known, _)| *known == name)
    }

    /// Whether nothing in the file binds the name to something of its own.
    pub(super) fn is_from_outside(&self, name: &'t str, at: usize) -> bool {
        self.scope_at(name, at).is_none_or(|scope| {
            let sites = &self.sites[&(name, scope)];
            sites.iter().all(|site| site.kind == SiteKind::Import)
        })
    }

    /// Whether what another file gives under the name may be what `import *` gives behind that.
    pub(super) fn is_taken_over(&self, name: &'t str, at: usize) -> bool {
        self.sites_of(name, at).is_some_and(|(_, sites)| {
            let last = sites.last();
            last.is_some_and(|last| self.may_come_with_all(last.at))
        })
    }

    /// Whether the name is that of a function or a class of the file.
    pub(super) fn is_function(&self, name: &'t str, at: usize) -> bool {
        self.scope_at(name, at).is_some_and(|scope| {
            let sites = &self.sites[&(name, scope)];
            sites
                .iter()
                .any(|site| matches!(site.kind, SiteKind::Other(A_FUNCTION)))
        })
    }
}

/// Whether no other letters stand for this one in names (NFKC), nor it for others.
fn stands_for_itself(letter: char) -> bool {
    matches!(letter, '\0'..='\x7f' | 'À'..='ÿ' | 'Ā'..='ı' | 'Ĵ'..='ľ' | 'Ł'..='ň' | 'Ŋ'..='ž'
        | 'Α'..='ώ' | 'Ѐ'..='џ' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | '一'..='鿿' | '가'..='힣')
}

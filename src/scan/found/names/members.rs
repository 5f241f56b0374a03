//! Members of objects: of which class each is, and what it stands for there.

use std::collections::HashMap;

use tree_sitter::Node;

use super::{A_FUNCTION, Bound, Names, RegionKind, Site, SiteKind};
use crate::scan::found::syntax::File;

/// How many classes above or below one are asked.
const DEEPEST: usize = 8;

/// Bases that give no texts.
const EMPTY_BASES: &[&str] = &["object", "ABC"];

/// A class, by what it is called and made from.
pub(super) struct Class<'t> {
    pub(super) name: Option<&'t str>,
    pub(super) bases: Vec<&'t str>,
}

/// The classes of a file, by their regions.
#[derive(Default)]
pub(super) struct Classes<'t> {
    pub(super) all: HashMap<usize, Class<'t>>,
    named: HashMap<&'t str, Vec<usize>>,
    /// Those that are made from one of this name.
    below: HashMap<&'t str, Vec<usize>>,
    /// Whether one is made from something that may be any class of the file.
    has_odd_base: bool,
}

impl<'t> Classes<'t> {
    /// The one class of a name.
    fn named(&self, name: &str) -> Option<usize> {
        match self.named.get(name)?.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }
}

/// A member of objects is given a value.
pub(super) struct Member<'t> {
    pub(super) value: Option<Node<'t>>,
    pub(super) at: usize,
    pub(super) region: usize,
    /// The class whose objects have it; 0 where the code does not say so.
    pub(super) class: usize,
    /// Whether the class gives it by itself, and not a statement as it runs.
    pub(super) is_field: bool,
}

impl<'t> Names<'t> {
    /// Puts together what was gathered of members and classes.
    pub(super) fn join_members(&mut self) {
        for ((name, scope), sites) in &self.sites {
            if !matches!(self.regions[*scope].kind, RegionKind::Class(_)) {
                continue;
            }
            let members = self.members.entry(name).or_default();
            members.extend(sites.iter().map(|site| Member {
                value: match site.kind {
                    SiteKind::Set(value) => Some(value),
                    _ => None,
                },
                at: site.at,
                region: *scope,
                class: *scope,
                is_field: true,
            }));
        }
        for members in self.members.values_mut() {
            members.sort_by_key(|member| (member.class, member.at));
        }
        let mut classes = std::mem::take(&mut self.classes);
        for (region, class) in &classes.all {
            if let Some(name) = class.name {
                classes.named.entry(name).or_default().push(*region);
            }
            for base in &class.bases {
                classes.below.entry(base).or_default().push(*region);
            }
        }
        classes.has_odd_base = classes.all.iter().any(|(region, class)| {
            let is_plain = |base: &&'t str| {
                let scope = self.scope(base, self.regions[*region].parent);
                let is_import = scope.is_none_or(|scope| {
                    let sites = &self.sites[&(*base, scope)];
                    sites.iter().all(|site| site.kind == SiteKind::Import)
                });
                is_import || classes.named.contains_key(base)
            };
            !class.bases.iter().all(is_plain)
        });
        self.classes = classes;
    }

    /// What a member of an object of the class around stands for, or of a class of the file.
    pub(in crate::scan::found) fn member(
        &self,
        file: &File<'t>,
        object: Node<'t>,
        name: &'t str,
        at: usize,
    ) -> Option<Bound<'t>> {
        let word = file.word(object);
        let is_self = self.traits.own_objects.contains(&word);
        if !is_self && !word.starts_with(char::is_uppercase) {
            return None;
        }
        let class = match (is_self, self.classes.named(word)) {
            (true, _) => self.class_of_object(word, at)?,
            (false, Some(class)) => class,
            // What another file gives is none of this one's classes.
            (false, None) if self.is_from_outside(word, at) => return None,
            (false, None) => 0,
        };
        let all = self.members.get(name)?.as_slice();
        let member = match (all, self.of_class(name, class)) {
            (_, []) if class > 0 && !self.is_shared(class, name) => return None,
            ([only], _) => only,
            (_, [only]) if all[0].class > 0 && !(is_self && self.is_shared(class, name)) => only,
            _ => return None,
        };
        let value = member.value?;
        // `x: str = "…"` in a class is what callers of its constructor may give otherwise.
        let is_field = self.traits.has_typed_fields && file.is_annotated(value);
        let is_plain = matches!(
            self.regions[member.region].kind,
            RegionKind::Function(true) | RegionKind::Class(false)
        ) || self.is_first_block(member.region);
        let why = match () {
            () if self.is_wild.is_some() || self.sets_members => "may be set by its name",
            () if class == 0 || member.class != class => "may belong to another class",
            () if is_field => "is a field: callers may give another value",
            () if !is_plain => "is set in a branch, or later",
            () => "",
        };
        Some(Bound {
            doubt: (!why.is_empty()).then(|| format!("`{word}.{name}` {why}")),
            value,
            added: Vec::new(),
            is_always: true,
        })
    }

    /// The class whose object a method means by this word, 0 outside of classes; none where another
    /// object may be meant.
    fn class_of_object(&self, word: &str, at: usize) -> Option<usize> {
        let region = &self.regions[self.region_at(at)];
        let is_other = word == "this" && region.methods > 1;
        (!is_other).then_some(region.class)
    }

    /// The name of the class around a byte.
    pub(in crate::scan::found) fn class_at(&self, at: usize) -> Option<&'t str> {
        let class = self.regions[self.region_at(at)].class;
        self.classes.all.get(&class)?.name
    }

    /// Why a function may be another one when it is called, in words that follow its name.
    pub(in crate::scan::found) fn replaced(
        &self,
        name: &'t str,
        function: Node<'t>,
    ) -> Option<&'static str> {
        const ANOTHER: &str = "is given another value in its file";
        let outside = self.regions[self.region_at(function.start_byte())].parent;
        let around = self.function(outside);
        let is_itself = |value: Node<'t>| value.end_byte() == function.end_byte();
        if self.is_wild.is_some() {
            return Some("stands in a file that changes names as it runs");
        }
        if !matches!(self.regions[around].kind, RegionKind::Class(_)) {
            let scope = self.scope(name, outside);
            let sites = scope.map_or(&[][..], |scope| self.sites[&(name, scope)].as_slice());
            let is_other = |site: &Site<'t>| match site.kind {
                SiteKind::Other(A_FUNCTION) | SiteKind::Nothing => false,
                SiteKind::Set(value) => !is_itself(value),
                _ => true,
            };
            let last = sites.last();
            return match last {
                _ if self.foreign.contains(name) || sites.iter().any(is_other) => Some(ANOTHER),
                Some(last) if self.may_come_with_all(last.at) => Some("may come from `import *`"),
                _ => None,
            };
        }
        let class = self.regions[around].class;
        let is_other = |member: &Member<'t>| match (member.is_field, member.value) {
            (true, Some(value)) => member.class == class && !is_itself(value),
            (true, None) => false,
            (false, _) => member.class == 0 || member.class == class,
        };
        let all = self.members.get(name).map_or(&[][..], Vec::as_slice);
        let is_named = self
            .classes
            .all
            .get(&class)
            .is_some_and(|it| it.name.is_some());
        match () {
            () if self.sets_classes => Some("may be set by its name"),
            () if all.iter().any(is_other) => Some(ANOTHER),
            () if is_named && self.is_given_below(class, name, DEEPEST) => {
                Some("may be another one in a class that is made from its own")
            }
            () => None,
        }
    }

    /// What a class gives its objects under a name.
    fn of_class(&self, name: &str, class: usize) -> &[Member<'t>] {
        let all = self.members.get(name).map_or(&[][..], Vec::as_slice);
        let start = all.partition_point(|member| member.class < class);
        let end = all.partition_point(|member| member.class <= class);
        match class {
            0 => &[],
            _ => &all[start..end],
        }
    }

    /// Whether another class may give objects of this one a member.
    fn is_shared(&self, class: usize, name: &str) -> bool {
        self.classes.has_odd_base
            || self
                .classes
                .all
                .get(&class)
                .is_none_or(|it| it.name.is_none())
            || self.is_given_above(class, name, DEEPEST)
            || self.is_given_below(class, name, DEEPEST)
    }

    /// Whether what a class is made from may give a member.
    fn is_given_above(&self, class: usize, name: &str, depth: usize) -> bool {
        let Some(class) = self.classes.all.get(&class).filter(|_| depth > 0) else {
            return true;
        };
        class
            .bases
            .iter()
            .any(|base| self.may_give(base, name, depth))
    }

    fn may_give(&self, base: &str, name: &str, depth: usize) -> bool {
        match self.classes.named(base) {
            _ if !self.spend(1) => true,
            Some(base) => {
                !self.of_class(name, base).is_empty() || self.is_given_above(base, name, depth - 1)
            }
            None => !EMPTY_BASES.contains(&base),
        }
    }

    /// Whether a class that is made from this one gives a member, or may take it from elsewhere.
    fn is_given_below(&self, class: usize, name: &str, depth: usize) -> bool {
        let own = self.classes.all.get(&class).and_then(|it| it.name);
        let Some(own) = own.filter(|_| depth > 0) else {
            return true;
        };
        let below = self.classes.below.get(own).into_iter().flatten();
        below.into_iter().any(|child| {
            let bases = &self.classes.all[child].bases;
            !self.spend(1)
                || !self.of_class(name, *child).is_empty()
                || bases
                    .iter()
                    .any(|base| *base != own && self.may_give(base, name, depth))
                || self.is_given_below(*child, name, depth - 1)
        })
    }

    /// Whether a region is the body of a constructor, or of a class.
    fn is_first_block(&self, region: usize) -> bool {
        let region = &self.regions[region];
        region.kind == RegionKind::Block
            && matches!(
                self.regions[region.parent].kind,
                RegionKind::Function(true) | RegionKind::Class(false)
            )
    }
}

//! What a name stands for where it is used, and whether that is sure.

use tree_sitter::Node;

use super::{
    Alias, Bound, Moved, Names, RegionKind, Site, SiteKind, THIRD_FILE, UNSAID, Use, UseKind,
};
use crate::scan::found::syntax::{Argument, File};

/// How many other names of a value are followed, one after the other.
const DEEPEST_ALIAS: usize = 4;

/// Whether what happens at a place, in a region, happens in the time that is asked about.
type When<'w> = &'w dyn Fn(usize, usize) -> bool;

impl<'t> Names<'t> {
    /// Where the scope that a name belongs to is, and all places of the file that bind it there.
    pub(super) fn sites_of(&self, name: &'t str, at: usize) -> Option<(usize, &[Site<'t>])> {
        let scope = self.scope_at(name, at)?;
        Some((scope, &self.sites[&(name, scope)]))
    }

    /// What a name stands for at a node; none where the file does not say so.
    pub(in crate::scan::found) fn bound(&self, name: &'t str, node: Node<'t>) -> Option<Bound<'t>> {
        let at = node.start_byte();
        let here = self.region_at(at);
        let (scope, sites) = self.sites_of(name, at)?;
        if !self.spend(sites.len()) {
            return None;
        }
        let is_same = self.function(here) == self.function(scope);
        // A function runs after what stands below it in the file.
        let seen = match is_same {
            true => &sites[..sites.partition_point(|site| site.at < at)],
            false => sites,
        };
        let is_value = |site: &Site<'t>| {
            matches!(
                site.kind,
                SiteKind::Set(_) | SiteKind::Default(_) | SiteKind::Parameter
            ) && !(site.at <= at && at < site.end && matches!(site.kind, SiteKind::Set(_)))
        };
        let last = seen.iter().rposition(is_value)?;
        let set = &seen[last];
        let (SiteKind::Set(value) | SiteKind::Default(value)) = set.kind else {
            return None;
        };
        let is_always = self.is_around(set.region, here);
        let after = &seen[last + 1..];
        let why = self.why_not(name, sites, last, after, here, is_same);
        Some(Bound {
            doubt: why.map(|why| format!("`{name}` {why}")),
            value,
            // What another function adds comes when it is called, if ever.
            added: (after.iter().filter(|site| !site.is_far))
                .map(|site| site.kind)
                .collect(),
            is_always,
        })
    }

    /// Why what was set last may not be what the name stands for, in words that follow the name.
    fn why_not(
        &self,
        name: &str,
        sites: &[Site<'t>],
        last: usize,
        after: &[Site<'t>],
        here: usize,
        is_same: bool,
    ) -> Option<&'static str> {
        let set = &sites[last];
        if self.is_wild.is_some() {
            return Some(
                "stands in a file that changes names as it runs, writes one in two ways, or holds more than is followed",
            );
        }
        if self.foreign.contains(name) {
            return Some("is set by a function around or inside (`global`, `nonlocal`)");
        }
        if self.may_come_with_all(set.at) {
            return Some("may come from `import *`");
        }
        if matches!(set.kind, SiteKind::Default(_)) {
            return Some("is a parameter: callers may give another value");
        }
        if sites.iter().any(|site| site.is_far) {
            return Some("is changed by a function inside");
        }
        if let Some(other) = after.iter().find_map(|site| match site.kind {
            SiteKind::Other(why) => Some(why),
            _ => None,
        }) {
            return Some(other);
        }
        let is_always = self.is_around(set.region, here);
        if !is_same {
            let is_alone = sites.len() == 1 && (self.traits.needs_values || is_always);
            return (!is_alone).then_some("is set in several places");
        }
        if !(is_always || (self.traits.needs_values && sites.len() == 1)) {
            return Some("is set in a branch or a loop");
        }
        for site in after {
            let is_plain = matches!(
                site.kind,
                SiteKind::Add(_) | SiteKind::Append(_) | SiteKind::Extend(_)
            ) && self.is_around(site.region, here);
            if !is_plain {
                return Some("is changed in a branch or a loop");
            }
        }
        for around in self.loops_without(here, set.region) {
            if sites.iter().any(|site| self.is_around(around, site.region)) {
                return Some("is changed in a loop");
            }
        }
        None
    }

    /// The value that a name is taken out of where it is set last.
    pub(in crate::scan::found) fn taken_out_of(
        &self,
        name: &'t str,
        node: Node<'t>,
    ) -> Option<Node<'t>> {
        let (_, sites) = self.sites_of(name, node.start_byte())?;
        let before = sites.iter().rev().find(|it| it.at < node.start_byte())?;
        let mut root = node;
        while let Some(above) = root.parent() {
            root = above;
        }
        let set = root.descendant_for_byte_range(before.at, before.end)?;
        ["right", "value"]
            .iter()
            .find_map(|field| self.traits.spelled.child(set, field))
    }

    /// Whether a name of the file itself is used by a function, which may run after other files did.
    pub(in crate::scan::found) fn is_used_later(&self, name: &'t str, node: Node<'t>) -> bool {
        let at = node.start_byte();
        let above = |region: &usize| (*region > 0).then(|| self.regions[*region].parent);
        let mut around = std::iter::successors(Some(self.region_at(at)), above);
        let is_function = |it: usize| matches!(self.regions[it].kind, RegionKind::Function(_));
        self.scope_at(name, at) == Some(0) && around.any(is_function)
    }

    /// The function whose callers give what a name stands for, as its place in the file.
    pub(in crate::scan::found) fn given_by_callers(
        &self,
        name: &'t str,
        node: Node<'t>,
    ) -> Option<(usize, usize)> {
        let at = node.start_byte();
        let (scope, sites) = self.sites_of(name, at)?;
        let is_value = |site: &&Site<'t>| {
            let is_before = site.at < at;
            is_before
                && matches!(
                    site.kind,
                    SiteKind::Set(_) | SiteKind::Default(_) | SiteKind::Parameter
                )
        };
        let last = sites.iter().rev().find(is_value)?;
        let is_given = matches!(last.kind, SiteKind::Default(_) | SiteKind::Parameter);
        let region = &self.regions[scope];
        (is_given && matches!(region.kind, RegionKind::Function(_)))
            .then_some((region.start, region.end))
    }

    /// Whether all names of another file come in behind a place.
    pub(super) fn may_come_with_all(&self, at: usize) -> bool {
        self.wildcards.iter().any(|all| *all > at)
    }

    /// The one value that a name of the file itself has, and why that is not sure.
    pub(in crate::scan::found) fn constant(&self, name: &str) -> Result<Node<'t>, &'static str> {
        if self.is_wild.is_some() {
            return Err("changes names as it runs");
        }
        let key = self
            .sites
            .keys()
            .find(|(known, scope)| (*known, *scope) == (name, 0));
        let sites = key.map(|key| self.sites[key].as_slice());
        let first = sites.and_then(<[Site<'_>]>::first);
        if first.is_some_and(|first| self.may_come_with_all(first.at)) {
            return Err("may have it from `import *` behind it");
        }
        match sites {
            Some(
                [
                    Site {
                        kind: SiteKind::Set(value),
                        ..
                    },
                ],
            ) if !self.foreign.contains(name) => Ok(*value),
            Some(
                [
                    Site {
                        kind: SiteKind::Import,
                        ..
                    },
                ],
            ) => Err(THIRD_FILE),
            Some(_) => Err("sets it in several places, or in no plain way"),
            None => Err(UNSAID),
        }
    }

    /// Why a list or a map that has a name may hold something else where it is used. `is_list` says
    /// that its items matter, which can be changed by other names; `until` is where it is sent.
    pub(in crate::scan::found) fn unsteady(
        &self,
        name: &'t str,
        node: Node<'t>,
        until: usize,
        is_list: bool,
    ) -> Option<String> {
        let at = node.start_byte();
        let until = until.max(at);
        let (scope, sites) = self.sites_of(name, at)?;
        let here = self.region_at(at);
        let set = sites
            .iter()
            .rev()
            .find(|site| matches!(site.kind, SiteKind::Set(_)) && site.at < at)
            .or(sites.first())?;
        let is_same = self.function(here) == self.function(scope);
        let loops = self.loops_without(here, set.region);
        for used in self.uses.get(name).into_iter().flatten() {
            if !self.spend(1) {
                return Some(format!("`{name}` is used more often than is followed"));
            }
            if used.at == at || self.scope(name, used.region) != Some(scope) {
                continue;
            }
            let is_later = used.at > until
                && is_same
                && self.function(used.region) == self.function(here)
                && !loops
                    .iter()
                    .any(|around| self.is_around(*around, used.region));
            let is_earlier = used.at < set.at && is_same && loops.is_empty();
            let is_safe = is_later || is_earlier;
            if !is_safe && self.may_change(used, is_list, true, (&|_, _| true, DEEPEST_ALIAS)) {
                return Some(format!("`{name}` may be changed where it is used besides"));
            }
        }
        None
    }

    /// Whether a use may change a value, or a part of it where `is_list` says that those matter. Where
    /// it is not `is_sent` from here, what it is given to does what the program wants. What runs at
    /// another time counts for nothing.
    fn may_change(
        &self,
        used: &Use,
        is_list: bool,
        is_sent: bool,
        (when, depth): (When<'_>, usize),
    ) -> bool {
        match used.kind {
            UseKind::Read => false,
            UseKind::Part => is_list && is_sent && when(used.at, used.region),
            UseKind::Given => is_sent && when(used.at, used.region),
            UseKind::Change => when(used.at, used.region),
            UseKind::Renamed(index) => {
                let alias = &self.aliases[index];
                (is_list || !alias.is_part) && self.is_changed_as(alias, is_sent, (when, depth))
            }
        }
    }

    /// Whether a value may be changed by another name that it has.
    fn is_changed_as(
        &self,
        alias: &Alias<'t>,
        is_sent: bool,
        (when, depth): (When<'_>, usize),
    ) -> bool {
        let Some((scope, sites)) = self.sites_of(alias.name, alias.at) else {
            return true;
        };
        if depth == 0 || self.foreign.contains(alias.name) {
            return true;
        }
        let adds = |site: &Site<'t>| {
            let is_added = matches!(
                site.kind,
                SiteKind::Add(_) | SiteKind::Append(_) | SiteKind::Extend(_)
            );
            is_added && !alias.is_new && when(site.at, site.region)
        };
        let mut uses = self.uses.get(alias.name).into_iter().flatten();
        sites.iter().any(adds)
            || uses.any(|used| {
                !self.spend(1)
                    || (self.scope(alias.name, used.region) == Some(scope)
                        && self.may_change(used, true, is_sent, (when, depth - 1)))
            })
    }

    /// Why a list or a map that is given a name may be changed before it is sent from elsewhere.
    pub(in crate::scan::found) fn rewritten(&self, name: &'t str, at: usize) -> Option<String> {
        let (scope, _) = self.sites_of(name, at)?;
        let here = self.function(self.region_at(at));
        let mut uses = self.uses.get(name).into_iter().flatten();
        let is_changed = uses.any(|used| {
            let is_before = used.at < at && self.function(used.region) == here;
            !self.spend(1)
                || (!is_before
                    && self.scope(name, used.region) == Some(scope)
                    && self.may_change(used, true, false, (&|_, _| true, DEEPEST_ALIAS)))
        });
        is_changed.then(|| format!("`{name}` is changed where it is used besides"))
    }

    /// What is put into a map that has a name, under its keys.
    pub(in crate::scan::found) fn put_into(
        &self,
        name: &'t str,
        node: Node<'t>,
    ) -> Vec<Argument<'t>> {
        let scope = self.scope_at(name, node.start_byte());
        let all = self.put.get(name).into_iter().flatten();
        all.filter(|(_, value)| self.scope_at(name, value.start_byte()) == scope)
            .map(|(key, value)| Argument {
                key: Some(key),
                value: *value,
                is_spread: false,
            })
            .collect()
    }

    /// Whether what is written at one place says the same at another; `is_part` tells that it stands
    /// for a part of itself.
    pub(in crate::scan::found) fn moved(
        &self,
        file: &File<'t>,
        (from, is_part): (Node<'t>, bool),
        to: Node<'t>,
    ) -> Moved {
        let inside = to.byte_range();
        if inside.contains(&from.start_byte()) && from.end_byte() <= inside.end {
            return Moved::Same;
        }
        let (here, there) = (
            self.region_at(from.start_byte()),
            self.region_at(to.start_byte()),
        );
        let is_near = self.function(here) == self.function(there);
        let mut loops = self.loops_without(here, there);
        loops.extend(self.loops_without(there, here));
        let parts = file.identifiers(from);
        if parts.has_function || (parts.has_this && !is_near) {
            return Moved::No;
        }
        let between = |start: usize, end: usize, region: usize| {
            // What holds the place itself is set after it.
            let is_between = end >= from.end_byte() && start < to.start_byte();
            (is_near && is_between) || loops.iter().any(|it| self.is_around(*it, region))
        };
        for (name, at) in &parts.names {
            let own = self.scope_at(name, *at);
            if own != self.scope(name, there) || self.foreign.contains(name) {
                return Moved::No;
            }
            if self.is_wild.is_some() {
                return Moved::No;
            }
            let Some(scope) = own else { continue };
            let sites = &self.sites[&(*name, scope)];
            if !self.spend(sites.len()) || sites.iter().any(|site| site.is_far) {
                return Moved::No;
            }
            let is_local = is_near && self.function(scope) == self.function(here);
            let is_changed = match is_local {
                true => sites
                    .iter()
                    .any(|site| between(site.at, site.end, site.region)),
                false => {
                    let is_looped =
                        |site: &Site<'t>| !self.loops_without(site.region, there).is_empty();
                    sites.len() > 1 || sites.iter().any(is_looped)
                }
            };
            if is_changed {
                return Moved::No;
            }
            if parts.members.is_empty() && !parts.has_call && !is_part {
                continue;
            }
            // What a function inside does, it does whenever it is called.
            let when = |at: usize, region: usize| {
                let is_inner = is_local && self.function(region) != self.function(here);
                !(from.byte_range().contains(&at) || inside.contains(&at))
                    && (!is_near || is_inner || between(at, at + 1, region))
            };
            for used in self.uses.get(name).into_iter().flatten() {
                let is_changed = match used.kind {
                    // What a part of it is given to gets a text as a rule.
                    UseKind::Renamed(index) => {
                        let alias = &self.aliases[index];
                        self.is_changed_as(alias, !alias.is_part, (&when, DEEPEST_ALIAS))
                    }
                    _ => self.may_change(used, false, true, (&when, DEEPEST_ALIAS)),
                };
                let is_own = self.scope(name, used.region) == Some(scope);
                if !self.spend(1) || (is_own && is_changed) {
                    return Moved::No;
                }
            }
        }
        for member in &parts.members {
            let sites = self.members.get(member).into_iter().flatten();
            for site in sites.filter(|site| !site.is_field) {
                if !is_near || between(site.at, site.at + 1, site.region) {
                    return Moved::No;
                }
            }
        }
        match parts.has_call {
            true => Moved::IfCalled,
            false => Moved::Same,
        }
    }
}

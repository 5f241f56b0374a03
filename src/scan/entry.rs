//! One entry an id, of all that the files say about it.

use std::collections::{BTreeMap, BTreeSet};

use super::{ApiKind, Call, EnvRead, IdPlace, ValueKind, ids};
use crate::prompt::finding::Span;

/// A place of an id, or of the variable of the environment that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The file.
    pub path: String,
    /// Where in the file.
    pub at: Span,
    /// The calls that send it.
    pub calls: Vec<Call>,
    /// The variable of the environment that is set or read here.
    pub variable: Option<String>,
    /// Whether the variable is read here; else the id itself stands here.
    pub is_read: bool,
    /// Whether the line allows the id.
    pub is_allowed: bool,
    /// Whether the id is known to stand in this file.
    pub is_known: bool,
}

/// What calls ask for: a version, with the variables that they send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedVersion {
    /// The version; OpenAI's current one when there is none.
    pub version: Option<String>,
    /// Whether the version cannot be read from the files.
    pub has_unknown_version: bool,
    pub variables: BTreeMap<String, ValueKind>,
    /// Whether more variables may be sent than can be read from the files.
    pub has_more_variables: bool,
}

impl Occurrence {
    /// The part of the API that `serve` does not answer for, if a call goes there.
    pub fn not_served(&self) -> Option<ApiKind> {
        let surfaces = self.calls.iter().map(|call| call.surface);
        surfaces
            .filter(|surface| *surface != ApiKind::Responses)
            .max()
    }
}

/// A stored prompt, as the files speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    /// Whether the id is a stand-in, such as `pmpt_123`.
    pub is_placeholder: bool,
    /// What it may be called.
    pub name: Option<String>,
    /// The versions that calls ask for, in order.
    pub versions: Vec<String>,
    /// Whether a call asks for OpenAI's current version.
    pub is_unpinned: bool,
    /// Whether a call asks for a version that cannot be read from the files.
    pub has_unknown_version: bool,
    /// The variables that calls send.
    pub variables: BTreeMap<String, ValueKind>,
    /// Whether calls may send more variables than can be read from the files.
    pub has_more_variables: bool,
    /// All places.
    pub spots: Vec<Occurrence>,
    is_named_by_variable: bool,
}

/// The numbers that files of settings give to variables, by file and variable.
pub type Values = BTreeMap<(String, String), String>;

/// The version of a call that reads it from a variable: as the file says that sets the id, else as
/// all files say.
fn with_version(mut call: Call, path: &str, values: &Values) -> Call {
    let Some(variable) = call.version_variable.clone() else {
        return call;
    };
    let own = values.get(&(path.to_owned(), variable.clone()));
    let mut all = values
        .iter()
        .filter(|((_, name), _)| *name == variable)
        .map(|(_, value)| value);
    let first = all.next();
    let only = first.filter(|first| all.all(|other| other == *first));
    match own.or(only) {
        Some(version) => call.version = Some(version.clone()),
        None => call.has_unknown_version = true,
    }
    call
}

/// Makes one entry an id, in the order of the first places; stand-ins come last.
pub fn join(
    places: Vec<(String, IdPlace)>,
    reads: Vec<(String, EnvRead)>,
    values: &Values,
) -> Vec<Entry> {
    let mut by_variable: BTreeMap<String, Vec<(String, EnvRead)>> = BTreeMap::new();
    for (path, read) in reads {
        by_variable
            .entry(read.variable.clone())
            .or_default()
            .push((path, read));
    }
    let mut order: Vec<String> = Vec::new();
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    let mut joined: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, place) in places {
        let entry = entries.entry(place.id.clone()).or_insert_with(|| {
            order.push(place.id.clone());
            Entry::new(&place.id)
        });
        entry.take_name(place.name.as_deref(), place.variable.is_some());
        let variable = place.variable.clone();
        let settings = path.clone();
        entry.take(Occurrence {
            path,
            at: place.at,
            calls: place.calls,
            variable: place.variable,
            is_read: false,
            is_allowed: place.is_allowed,
            is_known: false,
        });
        let is_new = |name: &&String| joined.insert((place.id.clone(), (*name).clone()));
        for (path, read) in variable
            .iter()
            .filter(is_new)
            .filter_map(|name| by_variable.get(name))
            .flatten()
        {
            entry.take_name(read.name.as_deref(), false);
            entry.take(Occurrence {
                path: path.clone(),
                at: read.at,
                calls: read
                    .calls
                    .iter()
                    .map(|call| with_version(call.clone(), &settings, values))
                    .collect(),
                variable: variable.clone(),
                is_read: true,
                is_allowed: false,
                is_known: false,
            });
        }
    }
    let mut all: Vec<Entry> = order
        .into_iter()
        .filter_map(|id| entries.remove(&id))
        .collect();
    all.sort_by_key(|entry| entry.is_placeholder);
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for entry in all.iter_mut().filter(|entry| !entry.is_placeholder) {
        entry.finish(&mut taken);
    }
    for entry in all.iter_mut().filter(|entry| entry.is_placeholder) {
        entry.finish(&mut taken);
    }
    all
}

impl Entry {
    fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            is_placeholder: !ids::is_real(id),
            name: None,
            versions: Vec::new(),
            is_unpinned: false,
            has_unknown_version: false,
            variables: BTreeMap::new(),
            has_more_variables: false,
            spots: Vec::new(),
            is_named_by_variable: false,
        }
    }

    /// The name of a variable says more than that of a file, and the first name wins.
    fn take_name(&mut self, name: Option<&str>, is_of_variable: bool) {
        if let Some(name) = name
            && (self.name.is_none() || (is_of_variable && !self.is_named_by_variable))
        {
            self.name = Some(name.to_owned());
            self.is_named_by_variable |= is_of_variable;
        }
    }

    fn take(&mut self, spot: Occurrence) {
        for call in &spot.calls {
            match &call.version {
                Some(version) if !self.versions.contains(version) => {
                    self.versions.push(version.clone());
                }
                Some(_) => {}
                None if call.has_unknown_version => self.has_unknown_version = true,
                None => self.is_unpinned = true,
            }
            for (name, kind) in &call.variables {
                let known = self.variables.entry(name.clone()).or_insert(*kind);
                *known = (*known).max(*kind);
            }
            self.has_more_variables |= call.has_more_variables;
        }
        self.spots.push(spot);
    }

    fn finish(&mut self, taken: &mut BTreeSet<String>) {
        self.versions
            .sort_by_key(|version| (version.parse::<u64>().unwrap_or(u64::MAX), version.clone()));
        self.spots
            .sort_by(|one, other| (&one.path, one.at).cmp(&(&other.path, other.at)));
        if let Some(name) = &self.name {
            let mut free = name.clone();
            let mut number = 2;
            while !taken.insert(free.to_lowercase()) {
                free = format!("{name}-{number}");
                number += 1;
            }
            self.name = Some(free);
        }
    }

    /// The places that are neither allowed by their line nor known.
    pub fn new_spots(&self) -> impl Iterator<Item = &Occurrence> {
        self.spots.iter().filter(|spot| self.is_new(spot))
    }

    /// Whether this place of it is neither allowed by its line nor known.
    pub fn is_new(&self, spot: &Occurrence) -> bool {
        !self.is_placeholder && !spot.is_read && !spot.is_allowed && !spot.is_known
    }

    /// What the calls ask for, each once, in the order of the versions. Calls that send different
    /// variables stay apart.
    pub fn asked(&self) -> Vec<RequestedVersion> {
        let mut all: Vec<RequestedVersion> = Vec::new();
        for call in self.spots.iter().flat_map(|spot| &spot.calls) {
            let asked = RequestedVersion {
                version: call.version.clone(),
                has_unknown_version: call.version.is_none() && call.has_unknown_version,
                variables: call.variables.clone(),
                has_more_variables: call.has_more_variables,
            };
            if !all.contains(&asked) {
                all.push(asked);
            }
        }
        let rank = |asked: &RequestedVersion| match &asked.version {
            Some(version) => (0, version.parse::<u64>().unwrap_or(u64::MAX)),
            None => (1 + u8::from(asked.has_unknown_version), 0),
        };
        all.sort_by_key(rank);
        all
    }
}

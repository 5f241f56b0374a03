//! What was found, for people, scripts and GitHub.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use super::super::common::count;
use super::super::session::Session;
use super::prompts::{Lifted, Prompts, UnreadCalls};
use super::scanned::Scanned;
use super::shapes::{PromptJson, UnreadJson};
use crate::output::json;
use crate::output::ui::{BOLD, paint};
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;
use crate::prompt::quote::shell_paths;
use crate::prompt::visible;
use crate::scan::Call;
use crate::scan::entry::{Entry, Occurrence, RequestedVersion};

/// The prompts that are here already, by their ids.
pub(super) type Imported = BTreeMap<String, PromptName>;

#[derive(Serialize)]
struct ScanJson<'a> {
    scanned: ScannedJson,
    findings: Vec<AnyJson<'a>>,
    unread: Vec<UnreadJson<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum AnyJson<'a> {
    Id(FindingJson<'a>),
    Prompt(PromptJson<'a>),
}

#[derive(Serialize)]
struct ScannedJson {
    files: usize,
    bytes: u64,
    parsed: usize,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    id: &'a str,
    kind: &'static str,
    confidence: &'static str,
    path: Option<&'a str>,
    line: Option<usize>,
    name: Option<&'a str>,
    imported: Option<&'a str>,
    stored: StoredJson<'a>,
    places: Vec<PlaceJson<'a>>,
}

#[derive(Serialize)]
struct StoredJson<'a> {
    id: &'a str,
    version: Option<&'a str>,
    versions: &'a [String],
    unpinned: bool,
    unknown_version: bool,
    variables: Vec<VariableJson<'a>>,
    more_variables: bool,
    placeholder: bool,
}

#[derive(Serialize)]
struct VariableJson<'a> {
    name: &'a str,
    kind: &'static str,
}

#[derive(Serialize)]
struct PlaceJson<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    variable: Option<&'a str>,
    read: bool,
    allowed: bool,
    known: bool,
    new: bool,
    calls: Vec<CallJson<'a>>,
}

#[derive(Serialize)]
struct CallJson<'a> {
    line: usize,
    version: Option<&'a str>,
    unknown_version: bool,
    variables: Vec<VariableJson<'a>>,
    more_variables: bool,
    beside: Vec<&'a str>,
    surface: &'static str,
    served: bool,
}

impl<'a> FindingJson<'a> {
    fn new(entry: &'a Entry, imported: &'a Imported) -> Self {
        let first = entry.spots.first();
        Self {
            id: &entry.id,
            kind: "stored_id",
            confidence: if entry.is_placeholder { "low" } else { "high" },
            path: first.map(|spot| spot.path.as_str()),
            line: first.map(|spot| spot.at.line),
            name: entry.name.as_deref(),
            imported: imported.get(&entry.id).map(PromptName::as_str),
            stored: StoredJson {
                id: &entry.id,
                version: match entry.versions.as_slice() {
                    [only] => Some(only),
                    _ => None,
                },
                versions: &entry.versions,
                unpinned: entry.is_unpinned,
                unknown_version: entry.has_unknown_version,
                variables: variables(&entry.variables),
                more_variables: entry.has_more_variables,
                placeholder: entry.is_placeholder,
            },
            places: entry
                .spots
                .iter()
                .map(|spot| PlaceJson::new(entry, spot))
                .collect(),
        }
    }
}

fn variables(
    all: &std::collections::BTreeMap<String, crate::scan::ValueKind>,
) -> Vec<VariableJson<'_>> {
    all.iter()
        .map(|(name, kind)| VariableJson {
            name,
            kind: kind.as_str(),
        })
        .collect()
}

impl<'a> PlaceJson<'a> {
    fn new(entry: &Entry, spot: &'a Occurrence) -> Self {
        Self {
            path: &spot.path,
            line: spot.at.line,
            column: spot.at.column,
            variable: spot.variable.as_deref(),
            read: spot.is_read,
            allowed: spot.is_allowed,
            known: spot.is_known,
            new: entry.is_new(spot),
            calls: spot.calls.iter().map(CallJson::from).collect(),
        }
    }
}

impl<'a> From<&'a Call> for CallJson<'a> {
    fn from(call: &'a Call) -> Self {
        Self {
            line: call.line,
            version: call.version.as_deref(),
            unknown_version: call.has_unknown_version,
            variables: variables(&call.variables),
            more_variables: call.has_more_variables,
            beside: call.beside.iter().map(String::as_str).collect(),
            surface: call.surface.as_str(),
            served: call.surface == crate::scan::ApiKind::Responses,
        }
    }
}

pub(super) fn json(
    entries: &[Entry],
    (prompts, unread): (&Prompts, &UnreadCalls),
    scanned: &Scanned,
    (imported, lifted): (&Imported, &Lifted),
) -> String {
    let ids = entries
        .iter()
        .map(|entry| AnyJson::Id(FindingJson::new(entry, imported)));
    let prompts = prompts
        .iter()
        .map(|prompt| AnyJson::Prompt(PromptJson::new(prompt, lifted)));
    json::document(&ScanJson {
        scanned: ScannedJson {
            files: scanned.files,
            bytes: scanned.bytes,
            parsed: scanned.parsed,
        },
        findings: ids.chain(prompts).collect(),
        unread: unread.iter().map(UnreadJson::from).collect(),
    })
}

/// Paths as they are typed after a command, with a blank before.
pub(super) fn paths(paths: &[PathBuf]) -> String {
    match paths {
        [] => String::new(),
        paths => format!(
            " {}",
            shell_paths(paths.iter().map(|path| path.to_string_lossy()))
        ),
    }
}

/// The line that imports what these paths hold.
pub(super) fn again(named: &[PathBuf]) -> String {
    format!(
        "promptctl scan --ids{} --format json | promptctl import -",
        paths(named)
    )
}

/// The ids that are new as findings.
pub(super) fn findings(entries: &[Entry], again: &str, imported: &Imported) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in entries {
        for spot in entry.new_spots() {
            let not_served = spot
                .not_served()
                .map(|surface| format!(" ({}: not covered by serve)", surface.as_str()))
                .unwrap_or_default();
            let message = format!(
                "{} is a stored prompt at OpenAI, which ends on 2026-11-30{not_served}",
                entry.id
            );
            let finding = Finding::warning(code::STORED_ID, message)
                .in_file(&spot.path)
                .at(spot.at);
            findings.push(match imported.get(&entry.id) {
                Some(name) => finding.help(format!("it was imported here as {name}")),
                None => finding.help(again.to_owned()),
            });
        }
    }
    findings
}

/// Puts the entries first that have new places.
pub(super) fn new_first(entries: &mut [Entry]) {
    if has_old(entries) {
        entries.sort_by_key(|entry| entry.new_spots().next().is_none());
    }
}

/// Whether any place is allowed or known, so that being new means something.
fn has_old(entries: &[Entry]) -> bool {
    let mut spots = entries.iter().flat_map(|entry| &entry.spots);
    spots.any(|spot| spot.is_known || spot.is_allowed)
}

pub(super) fn text(
    entries: &[Entry],
    scanned: &Scanned,
    (again, imported): (&str, &Imported),
    only_new: bool,
    session: &mut Session,
) {
    let marks_new = has_old(entries);
    let colors = session.ui.colors_out();
    let is_told = |entry: &&Entry| !only_new || entry.new_spots().next().is_some();
    for entry in entries.iter().filter(is_told) {
        let id = paint(colors, BOLD, &entry.id);
        let note = match (&entry.name, entry.is_placeholder) {
            (_, true) => "  a stand-in, not an id of OpenAI's".to_owned(),
            (Some(name), _) => format!("  {name}"),
            (None, _) => String::new(),
        };
        let note = match imported.get(&entry.id) {
            Some(name) => format!("{note}  imported here as {name}"),
            None => note,
        };
        session.ui.styled(format!("{id}{}\n", on_one_line(&note)));
        if !entry.is_placeholder {
            for line in asked(entry) {
                session.ui.line(format!("  {}", on_one_line(&line)));
            }
        }
        let spots = entry.spots.iter();
        for spot in spots.filter(|spot| !only_new || entry.is_new(spot)) {
            let is_new = marks_new && entry.is_new(spot);
            session
                .ui
                .line(format!("  {}", on_one_line(&occurrence_json(spot, is_new))));
        }
        session.ui.line("");
    }
    summary(entries, scanned, (again, imported), session);
}

/// Words of files, which must not begin a line or reach a terminal as commands.
fn on_one_line(text: &str) -> String {
    visible::line(text).replace('\t', " ")
}

/// The versions that are asked for, each with the variables that are sent with it.
fn asked(entry: &Entry) -> Vec<String> {
    let all = entry.asked();
    let labels: Vec<String> = all.iter().map(label).collect();
    let width = labels.iter().map(|label| label.chars().count()).max();
    let width = width.unwrap_or(0).min(30);
    let lines = labels.iter().zip(&all);
    lines
        .map(|(label, asked)| format!("{label:<width$}  {}", variables_text(asked)))
        .collect()
}

fn label(asked: &RequestedVersion) -> String {
    match &asked.version {
        Some(version) => format!("version {version}"),
        None if asked.has_unknown_version => "a computed version".to_owned(),
        None => "current version".to_owned(),
    }
}

fn variables_text(asked: &RequestedVersion) -> String {
    let mut words: Vec<String> = asked
        .variables
        .iter()
        .map(|(name, kind)| match kind.as_str() {
            "text" => name.clone(),
            kind => format!("{name} ({kind})"),
        })
        .collect();
    match (words.is_empty(), asked.has_more_variables) {
        (true, true) => words.push("variables that the code computes".to_owned()),
        (true, false) => words.push("no variables".to_owned()),
        (false, true) => words.push("others that the code computes".to_owned()),
        (false, false) => {}
    }
    words.join(", ")
}

fn occurrence_json(spot: &Occurrence, is_new: bool) -> String {
    let mut notes = Vec::new();
    if is_new {
        notes.push("new".to_owned());
    }
    match (&spot.variable, spot.is_read) {
        (Some(variable), true) => notes.push(format!("reads {variable}")),
        (Some(variable), false) => notes.push(format!("sets {variable}")),
        _ => {}
    }
    for call in &spot.calls {
        if call.line != spot.at.line {
            notes.push(format!("sent in line {}", call.line));
        }
        if !call.beside.is_empty() {
            let beside: Vec<&str> = call.beside.iter().map(String::as_str).collect();
            notes.push(format!("beside prompt: {}", beside.join(", ")));
        }
    }
    if let Some(surface) = spot.not_served() {
        notes.push(format!("{}: not covered by serve", surface.as_str()));
    }
    if spot.is_allowed {
        notes.push("allowed".to_owned());
    } else if spot.is_known {
        notes.push("in the baseline".to_owned());
    }
    notes.dedup();
    let place = format!("{}:{}:{}", spot.path, spot.at.line, spot.at.column);
    if notes.is_empty() {
        return place;
    }
    format!("{place}  {}", notes.join("; "))
}

fn summary(
    entries: &[Entry],
    scanned: &Scanned,
    (again, imported): (&str, &Imported),
    session: &mut Session,
) {
    let files = count(scanned.files, "file");
    let real: Vec<&Entry> = entries
        .iter()
        .filter(|entry| !entry.is_placeholder)
        .collect();
    let stand_ins = entries.len() - real.len();
    let beside = match stand_ins {
        0 => String::new(),
        stand_ins => format!(", and {}", count(stand_ins, "stand-in")),
    };
    if real.is_empty() {
        session
            .ui
            .status(format!("no id of a stored prompt in {files}{beside}"));
        return;
    }
    let places: usize = real.iter().map(|entry| entry.spots.len()).sum();
    let holding: BTreeSet<&str> = real
        .iter()
        .flat_map(|entry| &entry.spots)
        .map(|spot| spot.path.as_str())
        .collect();
    let new: usize = real.iter().map(|entry| entry.new_spots().count()).sum();
    let new = match (has_old(entries), new) {
        (false, _) => String::new(),
        (true, 0) => "; none is new".to_owned(),
        (true, 1) => "; 1 place is new".to_owned(),
        (true, new) => format!("; {new} places are new"),
    };
    session.ui.status(format!(
        "{} in {} of {} ({files} read){beside}{new}",
        count(real.len(), "stored prompt"),
        count(places, "place"),
        count(holding.len(), "file"),
    ));
    let not_served = real
        .iter()
        .flat_map(|entry| &entry.spots)
        .filter(|spot| spot.not_served().is_some());
    match not_served.count() {
        0 => {}
        places => session.ui.warning(format!(
            "realtime sessions and batches ({}) are not covered by serve: put the text there yourself before 2026-11-30",
            count(places, "place")
        )),
    }
    if real.iter().any(|entry| !imported.contains_key(&entry.id)) {
        session
            .ui
            .hint(format!("{again} brings them here, until 2026-11-30"));
    }
}

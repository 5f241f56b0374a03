//! What was found, for people, scripts and GitHub.

use serde::Serialize;

use super::super::Session;
use super::super::common::count;
use super::Scanned;
use crate::output::ui::{BOLD, paint};
use crate::output::{annotations, json};
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::visible;
use crate::scan::Call;
use crate::scan::entry::{Entry, Spot};

#[derive(Serialize)]
struct ScanJson<'a> {
    scanned: ScannedJson,
    findings: Vec<FindingJson<'a>>,
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
    calls: Vec<CallJson<'a>>,
}

#[derive(Serialize)]
struct CallJson<'a> {
    line: usize,
    version: Option<&'a str>,
    variables: Vec<VariableJson<'a>>,
    beside: Vec<&'a str>,
    surface: &'static str,
    served: bool,
}

impl<'a> From<&'a Entry> for FindingJson<'a> {
    fn from(entry: &'a Entry) -> Self {
        let first = entry.spots.first();
        Self {
            id: &entry.id,
            kind: "stored_id",
            confidence: if entry.is_placeholder { "low" } else { "high" },
            path: first.map(|spot| spot.path.as_str()),
            line: first.map(|spot| spot.at.line),
            name: entry.name.as_deref(),
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
            places: entry.spots.iter().map(PlaceJson::from).collect(),
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

impl<'a> From<&'a Spot> for PlaceJson<'a> {
    fn from(spot: &'a Spot) -> Self {
        Self {
            path: &spot.path,
            line: spot.at.line,
            column: spot.at.column,
            variable: spot.variable.as_deref(),
            read: spot.is_read,
            allowed: spot.is_allowed,
            calls: spot.calls.iter().map(CallJson::from).collect(),
        }
    }
}

impl<'a> From<&'a Call> for CallJson<'a> {
    fn from(call: &'a Call) -> Self {
        Self {
            line: call.line,
            version: call.version.as_deref(),
            variables: variables(&call.variables),
            beside: call.beside.iter().map(String::as_str).collect(),
            surface: call.surface.as_str(),
            served: call.surface == crate::scan::Surface::Responses,
        }
    }
}

pub(super) fn json(entries: &[Entry], scanned: &Scanned) -> String {
    json::document(&ScanJson {
        scanned: ScannedJson {
            files: scanned.files,
            bytes: scanned.bytes,
            parsed: scanned.parsed,
        },
        findings: entries.iter().map(FindingJson::from).collect(),
    })
}

pub(super) fn annotations(entries: &[Entry]) -> String {
    let mut findings = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.is_placeholder) {
        for spot in entry
            .spots
            .iter()
            .filter(|spot| !spot.is_read && !spot.is_allowed)
        {
            let not_served = spot
                .not_served()
                .map(|surface| format!(" ({}: not covered by serve)", surface.as_str()))
                .unwrap_or_default();
            let message = format!(
                "{} is a stored prompt at OpenAI, which ends on 2026-11-30{not_served}",
                entry.id
            );
            findings.push(
                Finding::warning(code::STORED_ID, message)
                    .in_file(&spot.path)
                    .at(spot.at)
                    .help("promptctl scan --ids --format json | promptctl import -"),
            );
        }
    }
    annotations::render(&findings)
}

pub(super) fn text(entries: &[Entry], scanned: &Scanned, session: &mut Session) {
    let colors = session.ui.colors_out();
    for entry in entries {
        let id = paint(colors, BOLD, &entry.id);
        let note = match (&entry.name, entry.is_placeholder) {
            (_, true) => "  a stand-in, not an id of OpenAI's".to_owned(),
            (Some(name), _) => format!("  {name}"),
            (None, _) => String::new(),
        };
        session.ui.styled(format!("{id}{}\n", on_one_line(&note)));
        if !entry.is_placeholder {
            let versions = versions(entry);
            if !versions.is_empty() {
                session
                    .ui
                    .line(format!("  versions   {}", on_one_line(&versions)));
            }
            let variables = variables_text(entry);
            if !variables.is_empty() {
                session
                    .ui
                    .line(format!("  variables  {}", on_one_line(&variables)));
            }
        }
        for spot in &entry.spots {
            session.ui.line(format!("  {}", on_one_line(&place(spot))));
        }
        session.ui.line("");
    }
    summary(entries, scanned, session);
}

/// Words of files, which must not begin a line or reach a terminal as commands.
fn on_one_line(text: &str) -> String {
    visible::line(text).replace('\t', " ")
}

fn versions(entry: &Entry) -> String {
    let mut words = entry.versions.clone();
    if entry.is_unpinned {
        words.push("OpenAI's current one".to_owned());
    }
    if entry.has_unknown_version {
        words.push("one that the code computes".to_owned());
    }
    words.join(", ")
}

fn variables_text(entry: &Entry) -> String {
    let mut words: Vec<String> = entry
        .variables
        .iter()
        .map(|(name, kind)| match kind.as_str() {
            "text" => name.clone(),
            kind => format!("{name} ({kind})"),
        })
        .collect();
    if entry.has_more_variables {
        words.push("others that the code computes".to_owned());
    }
    words.join(", ")
}

fn place(spot: &Spot) -> String {
    let mut notes = Vec::new();
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
    }
    notes.dedup();
    let place = format!("{}:{}:{}", spot.path, spot.at.line, spot.at.column);
    if notes.is_empty() {
        return place;
    }
    format!("{place}  {}", notes.join("; "))
}

fn summary(entries: &[Entry], scanned: &Scanned, session: &mut Session) {
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
    session.ui.status(format!(
        "{} in {} of {files}{beside}",
        count(real.len(), "stored prompt"),
        count(places, "place"),
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
    session.ui.hint("promptctl scan --ids --format json | promptctl import - brings them here, until 2026-11-30");
}

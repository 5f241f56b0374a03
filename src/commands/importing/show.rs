//! What became of the files.

use std::collections::HashSet;
use std::str::FromStr;

use serde_json::{Value, json};

use super::super::common::count;
use super::super::gate::Gate;
use super::super::session::Session;
use super::incoming::{Action, FileResult, Options};
use crate::error::Exit;
use crate::output::json::{self, FailureJson, FindingJson};
use crate::prompt::code;
use crate::prompt::finding::{Severity, Span};
use crate::prompt::name::{Environment, PromptName};
use crate::releases::Store;

pub(in crate::commands) fn results(
    results: &[FileResult],
    commits: usize,
    options: &Options<'_>,
    session: &mut Session,
) -> Exit {
    if session.ui.json {
        let prompts: Vec<Value> = results.iter().map(shape).collect();
        let formats: std::collections::BTreeSet<&str> =
            results.iter().map(|it| it.format).collect();
        let from = match formats.len() {
            1 => json!(formats.first()),
            _ => json!(formats),
        };
        session.ui.block(json::document(
            &json!({ "from": from, "dry_run": options.dry_run, "prompts": prompts }),
        ));
    } else {
        let mut told = Told::default();
        for result in results {
            tell(result, options, &mut told, session);
        }
    }
    let number = |action: Action| results.iter().filter(|it| it.action == action).count();
    let written = number(Action::Created) + number(Action::Updated);
    let refused = number(Action::Refused);
    let lossy = results
        .iter()
        .filter(|it| it.action != Action::Refused && it.is_lossy())
        .count();
    if results.len() > 1 && !session.ui.json {
        let mut said = Vec::new();
        let verb = if options.dry_run {
            "to be written"
        } else {
            "written"
        };
        for (how_many, what) in [
            (written, verb),
            (number(Action::Unchanged), "up to date"),
            (refused, "refused"),
        ] {
            if how_many > 0 {
                said.push(format!("{} {what}", count(how_many, "prompt")));
            }
        }
        if lossy > 0 {
            said.push(format!("{lossy} not whole"));
        }
        session.ui.status(said.join("; "));
        if commits > 1 && written > 0 {
            let made = if options.dry_run { " to be made" } else { "" };
            session.ui.status(format!(
                "{commits} commits{made}: each version of several has one of its own, and so has each prompt that came with a commit message"
            ));
        }
    }
    match (refused, written + number(Action::Unchanged), lossy) {
        (0, _, 0) => Exit::Done,
        (0, _, _) => Exit::Verdict,
        (_, 0, _) => Exit::Failed,
        _ => Exit::Verdict,
    }
}

/// Says that labels of what was taken make nothing live here, and what does.
pub(in crate::commands) fn labels(results: &[FileResult], session: &mut Session) {
    let is_taken = |it: &&FileResult| matches!(it.action, Action::Created | Action::Updated);
    let mut labels: Vec<&str> = results
        .iter()
        .filter(is_taken)
        .flat_map(|it| it.labels.iter().map(String::as_str))
        .collect();
    labels.sort_unstable();
    labels.dedup();
    if labels.is_empty() {
        return;
    }
    session.ui.status(format!(
        "labels say there what is live ({}), and make nothing live here",
        some_of(&labels)
    ));
    session
        .ui
        .hint("--labels-as-environments prints the commands that make the same versions live here");
}

/// The first of many.
fn some_of(all: &[&str]) -> String {
    const MOST: usize = 5;
    let more = all.len().saturating_sub(MOST);
    let mut said = all[..all.len() - more].join(", ");
    if more > 0 {
        said.push_str(&format!(" and {more} more"));
    }
    said
}

/// The commands that make versions live where their labels say they are; nothing is published here.
pub(in crate::commands) fn publishes(results: &[FileResult], store: &Store, session: &mut Session) {
    let known = store.environments();
    let mut lines = Vec::new();
    for result in results.iter().filter(|it| it.action != Action::Refused) {
        let Some(version) = result.version else {
            continue;
        };
        for label in &result.labels {
            let Ok(environment) = Environment::from_str(label) else {
                session.ui.warning(format!(
                    "{}: the label {label} cannot be the name of an environment",
                    result.name
                ));
                continue;
            };
            let new = match known.contains(&environment) {
                true => "",
                false => " --create-env",
            };
            lines.push(format!(
                "promptctl publish {}@{version} --env {environment}{new}",
                result.name
            ));
        }
    }
    if lines.is_empty() {
        return session
            .ui
            .status("no label says what is live: nothing to publish");
    }
    session
        .ui
        .status("To make live here what is live there; nothing was published:");
    for line in lines {
        session.ui.line(line);
    }
}

/// Where the text of what was written comes from.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) enum Origin {
    /// Code of a program.
    Code,
    /// A file of another tool.
    File,
}

/// Says what `promptctl validate` will find in what was written; whether one of them is an error.
pub(in crate::commands) fn is_any_invalid(
    results: &[FileResult],
    store: &Store,
    gate: &Gate,
    origin: Origin,
    session: &mut Session,
) -> bool {
    let mut is_any = false;
    for result in results.iter().filter(|it| it.action != Action::Refused) {
        let (Some(path), Some(text)) = (&result.path, &result.text) else {
            continue;
        };
        let Ok(name) = PromptName::from_str(&result.name) else {
            continue;
        };
        let Ok(loaded) = store.with_new_text(&name, path, text.clone()) else {
            continue;
        };
        let findings = gate.find(store, &loaded);
        for finding in findings.iter().filter(|it| it.is_error()) {
            is_any = true;
            session.ui.finding(finding);
        }
    }
    if is_any {
        let (says, mend) = match origin {
            Origin::Code => ("code sends", "mend the code and lift again"),
            Origin::File => ("source says", "mend the source and import again"),
        };
        session.ui.hint(format!(
            "the files say what the {says}, and promptctl validate refuses them: {mend}, or edit the files"
        ));
    }
    is_any
}

/// What was said already: of several prompts in the same words, it is said once.
#[derive(Default)]
struct Told<'r> {
    /// Of places.
    places: HashSet<(Option<&'r str>, usize, usize, &'r str)>,
    failures: HashSet<(Option<&'r str>, &'r str)>,
}

fn tell<'r>(
    result: &'r FileResult,
    options: &Options<'_>,
    told: &mut Told<'r>,
    session: &mut Session,
) {
    let FileResult { name, source, .. } = result;
    let number = result
        .version
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    let format = match result.is_guessed {
        true => format!("{source}, which looks like {}", result.format),
        false => format!("{source} ({})", result.format),
    };
    match (result.action, options.dry_run) {
        (Action::Created, false) => session
            .ui
            .status(format!("{name}{number} made from {format}")),
        (Action::Updated, false) => session
            .ui
            .status(format!("{name}{number} updated from {format}")),
        (Action::Created, true) => session
            .ui
            .line(format!("{name}{number} would be made from {format}")),
        (Action::Updated, true) => session
            .ui
            .line(format!("{name}{number} would be updated from {format}")),
        (Action::Unchanged, _) => session
            .ui
            .status(format!("{name} is up to date with {source}: nothing to do")),
        (Action::Refused, _) => {}
    }
    if options.dry_run
        && let (Some(path), Some(text)) = (&result.path, &result.text)
    {
        session.ui.line(format!("  {path}"));
        for line in text.lines() {
            session.ui.line(format!("    {line}"));
        }
    }
    if options.no_commit && result.text.is_some() && !options.dry_run {
        let path = result.path.as_deref().unwrap_or_default();
        session
            .ui
            .status(format!("  written to {path}, not committed"));
    }
    for lost in &result.lost {
        // What was left out and changes nothing for the model is said by --dry-run and JSON.
        let is_quiet = lost.severity == Severity::Note && lost.code != code::SOURCE_CHANGED;
        let path = lost.path.as_deref();
        let is_new = |at: Span| {
            told.places
                .insert((path, at.line, at.column, &lost.message))
        };
        if (!is_quiet || options.dry_run) && lost.span.is_none_or(is_new) {
            session.ui.finding(lost);
        }
    }
    if let Some(failure) = &result.failure
        && told
            .failures
            .insert((failure.location.as_deref(), &failure.message))
    {
        session.ui.failure(failure);
    }
}

fn shape(result: &FileResult) -> Value {
    let lost: Vec<Value> = result
        .lost
        .iter()
        .map(|lost| {
            let mut shape = json!(FindingJson::from(lost));
            shape["note"] = json!(lost.severity == Severity::Note);
            shape
        })
        .collect();
    json!({
        "name": result.name,
        "path": result.path,
        "action": result.action.as_str(),
        "version": result.version,
        "labels": result.labels,
        "source": {
            "format": result.format, "path": result.source, "version": result.source_version.map(|it| it.to_string()),
        },
        "lost": lost,
        "error": result.failure.as_ref().map(FailureJson::from),
    })
}

//! `promptctl releases`.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::aftermath::env_option;
use super::common::{AtArg, FetchedJson, FormatArg, say_age_of_view, short, warn_all, when};
use super::moment::{Moment, clock};
use super::out::OutArg;
use super::session::Session;
use super::shapes::ReleaseJson;
use super::typed::{Selection, Typed};
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{DIM, GOOD, NOTE};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::reference::Reference;
use crate::releases::{Action, Release, Releases, Store, TagName};

/// Show the releases of prompts, or of all
///
/// The newest comes first: what changed last, wherever that was.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help releases

Examples:
  promptctl releases support/triage
  promptctl releases support/ --since 2h
  promptctl releases --since yesterday --action rollback
  promptctl releases support/triage --env staging --format json")]
pub(super) struct Args {
    /// The prompts: names, files, folder/ for all below it, or a pattern; without one, all
    #[arg(value_name = "NAME", value_parser = super::typed::several, add = super::candidates::names())]
    names: Vec<Typed>,
    /// Only this environment
    #[arg(short, long, value_name = "ENV", add = super::candidates::environments())]
    env: Option<Environment>,
    /// Only what was released since: "2026-11-20 22:00", a date (its beginning), yesterday, 22:00 or 2h (ago)
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only releases that did this
    #[arg(long, value_name = "ACTION")]
    action: Vec<ActionArg>,
    /// At most so many
    #[arg(short = 'n', long, value_name = "COUNT")]
    limit: Option<usize>,
    #[command(flatten)]
    at: AtArg,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

/// What a release did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ActionArg {
    /// A version became live
    Publish,
    /// An earlier one became live again
    Rollback,
    /// A prompt was taken out
    Unpublish,
}

impl ActionArg {
    fn means(self, action: Action) -> bool {
        matches!(
            (self, action),
            (Self::Publish, Action::Publish)
                | (Self::Rollback, Action::Rollback)
                | (Self::Unpublish, Action::Unpublish)
        )
    }
}

#[derive(Serialize)]
struct Report {
    /// When the tags of the remote were last fetched; left out where there is no remote.
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched: Option<FetchedJson>,
    releases: Vec<ReleaseJson>,
}

/// A release as it is shown.
struct Shown {
    release: Release,
    active: bool,
    /// When it took effect: never before the releases below it, whatever the clocks said.
    effective: Timestamp,
}

impl Args {
    fn is_all(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether some releases are left out.
    fn is_filtered(&self) -> bool {
        self.since.is_some() || !self.action.is_empty()
    }

    fn means(&self, shown: &Shown, since: Option<Timestamp>) -> bool {
        let action = shown.release.action;
        since.is_none_or(|since| shown.effective >= since)
            && (self.action.is_empty() || self.action.iter().any(|it| it.means(action)))
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, _) = session.store_and_remote()?;
    if let Some(environment) = &args.env {
        store.require_environment(environment)?;
    }
    let names = names(args, &store, session)?;
    let mut rows: Vec<Shown> = Vec::new();
    for name in &names {
        let before = rows.len();
        for (environment, releases) in of_prompt(name, args, &store, session)? {
            let notes = store.words_of(&releases.notes, name, &environment);
            warn_all(session, &notes);
            shown(releases, args.at.time(session), &mut rows);
        }
        if rows.len() == before && !args.is_all() {
            require_known(name, &store)?;
            if !json {
                say_none(name, args.env.as_ref(), session);
            }
        }
    }
    let is_empty = rows.is_empty();
    let since = args.since.map(|since| since.begin(session.now));
    rows.retain(|shown| args.means(shown, since));
    // A row's order is that of its numbers, which a stable sort keeps.
    rows.sort_by_key(|shown| Reverse(shown.effective));
    rows.truncate(args.limit.unwrap_or(usize::MAX));
    let fetched = say_age_of_view(&store, session)?;
    if json {
        let shapes: Vec<ReleaseJson> = rows
            .iter()
            .map(|shown| ReleaseJson::new(&shown.release, shown.active))
            .collect();
        let report = Report {
            fetched,
            releases: shapes,
        };
        session.ui.block(json::document(&report));
        return Ok(Exit::Done);
    }
    if !rows.is_empty() {
        let has_pattern = args.names.iter().any(|it| matches!(it, Typed::Pattern(_)));
        let with_names = names.len() != 1 || args.is_all() || has_pattern;
        print(&rows, with_names, session);
    } else if is_empty && args.is_all() {
        store.require_releases()?;
        session.ui.status("nothing was ever published");
    } else if !is_empty && args.is_filtered() {
        session.ui.status("no release fits");
    }
    Ok(Exit::Done)
}

/// The prompts that are meant: those that are named, of patterns those that fit, else all that were ever
/// released.
fn names(args: &Args, store: &Store, session: &mut Session) -> Result<Vec<PromptName>, Failure> {
    let selection = Selection::new(&args.names, session);
    if !args.is_all() && !selection.has_pattern() {
        return selection.among(std::iter::empty());
    }
    store.require_releases()?;
    let overview = store.overview()?;
    let mut known: BTreeSet<PromptName> = overview.states.into_keys().collect();
    known.extend(overview.unsound.into_iter().map(|(name, _)| name));
    for entry in store.pending()? {
        if let TagName::Release { name, .. } = entry.tag.name {
            known.insert(name);
        }
    }
    match args.is_all() {
        true => Ok(known.into_iter().collect()),
        false => selection.among(known.iter()),
    }
}

/// The releases of a prompt by environment. Among all prompts, one whose releases cannot be read hides
/// none of the others.
fn of_prompt(
    name: &PromptName,
    args: &Args,
    store: &Store,
    session: &mut Session,
) -> Result<Vec<(Environment, Releases)>, Failure> {
    let environments = match &args.env {
        Some(environment) => vec![environment.clone()],
        None => store.environments_of(name)?,
    };
    let mut found = Vec::new();
    for environment in environments {
        let releases = match args.at.time(session) {
            Some(_) => store.releases_at(name, &environment),
            None => store.releases(name, &environment),
        };
        match releases {
            Ok(releases) => found.push((environment, releases)),
            Err(failure) if args.is_all() => session.ui.warning(&failure),
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}

/// The releases of a row as they are shown, the newest first: all, or those until a time.
fn shown(releases: Releases, at: Option<Timestamp>, rows: &mut Vec<Shown>) {
    let newest = match at {
        Some(time) => releases.newest_at(time),
        None => releases.newest(),
    }
    .map(|entry| entry.number);
    let mut effective = Timestamp::MIN;
    let mut found = Vec::new();
    for release in releases.entries {
        effective = effective.max(release.time);
        if at.is_some() && newest.is_none_or(|newest| release.number > newest) {
            continue;
        }
        let is_newest = !release.pending && Some(release.number) == newest;
        found.push(Shown {
            active: is_newest && release.action != Action::Unpublish,
            release,
            effective,
        });
    }
    rows.extend(found.into_iter().rev());
}

/// An empty answer is one only of a prompt that exists, in a clone that knows its releases.
fn require_known(name: &PromptName, store: &Store) -> Result<(), Failure> {
    store.require_releases()?;
    let reference = Reference::working_copy(name.clone());
    store.load(&reference).map(drop)
}

fn say_none(name: &PromptName, environment: Option<&Environment>, session: &mut Session) {
    let place = environment
        .map(|it| format!(" to {it}"))
        .unwrap_or_default();
    let option = environment.map(env_option).unwrap_or_default();
    session
        .ui
        .status(format!("{name} was never published{place}"));
    session.ui.hint(format!("promptctl publish {name}{option}"));
}

fn print(rows: &[Shown], with_names: bool, session: &mut Session) {
    let piped = session.ui.width().is_none();
    let mut titles = vec![
        "release",
        "environment",
        "version",
        "action",
        "state",
        "commit",
        "when",
        "by",
        "message",
    ];
    if with_names {
        titles.insert(0, "name");
    }
    // Beside "2 hours ago" stands the time that somebody else may ask for. Rows keep their columns.
    let time = titles.iter().position(|title| *title == "when");
    let time = time.filter(|_| !piped).map(|when| when + 1);
    if let Some(time) = time {
        titles.insert(time, "time");
    }
    let place = |title: &str| titles.iter().position(|it| *it == title);
    let spare = ["commit", "message", "time", "release", "state"];
    let spare: Vec<usize> = spare.iter().filter_map(|title| place(title)).collect();
    let right: Vec<usize> = place("release").into_iter().collect();
    let when_column: Vec<usize> = place("when").into_iter().collect();
    let mut table = Table::new(&titles)
        .right(&right)
        .spare(&spare)
        .dropped(&when_column);
    for Shown {
        release, active, ..
    } in rows
    {
        let state = match (active, release.pending) {
            (true, _) => TableCell::styled("active", GOOD),
            (_, true) => TableCell::styled("pending", NOTE),
            _ => TableCell::from("-"),
        };
        let mut cells = vec![
            TableCell::from(release.number.to_string()),
            TableCell::from(release.environment.as_str()),
            TableCell::from(release.version.to_string()),
            TableCell::from(release.action.as_str()),
            state,
            TableCell::styled(short(release.commit), DIM),
            TableCell::from(when(&session.ui, session.now, release.time)),
            TableCell::from(release.by.as_str()),
            // A message that says what the row says already only takes room.
            TableCell::from(if piped || release.has_own_message() {
                release.message.as_str()
            } else {
                ""
            }),
        ];
        if with_names {
            cells.insert(0, TableCell::from(release.name.as_str()));
        }
        if let Some(time) = time {
            cells.insert(time, TableCell::styled(clock(release.time), DIM));
        }
        table.row(cells);
    }
    table.print(&mut session.ui);
    if rows.iter().any(|shown| shown.release.pending) {
        session
            .ui
            .hint("pending releases are not live: promptctl push sends them");
    }
}

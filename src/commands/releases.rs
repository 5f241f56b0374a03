//! `promptctl releases`.

use super::common::{AtArg, FormatArg, short, warn_all, when};
use super::session::Session;
use super::shapes::ReleaseJson;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{DIM, GOOD, NOTE};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::reference::Reference;
use crate::releases::{Action, Release, Store};

/// Show the releases of a prompt
///
/// The newest comes first.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help releases

Examples:
  promptctl releases support/triage
  promptctl releases support/triage --env staging --format json")]
pub(super) struct Args {
    /// The prompt
    #[arg(add = super::completions::names())]
    name: PromptName,
    /// Only this environment
    #[arg(short, long, value_name = "ENV", add = super::completions::environments())]
    env: Option<Environment>,
    /// At most so many
    #[arg(short = 'n', long, value_name = "COUNT")]
    limit: Option<usize>,
    #[command(flatten)]
    at: AtArg,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, _) = session.store_and_remote()?;
    let environments = match &args.env {
        Some(environment) => {
            store.require_environment(environment)?;
            vec![environment.clone()]
        }
        None => store.environments_of(&args.name)?,
    };
    let mut rows: Vec<(Release, bool)> = Vec::new();
    for environment in &environments {
        let releases = match args.at.at {
            Some(_) => store.releases_at(&args.name, environment)?,
            None => store.releases(&args.name, environment)?,
        };
        let notes = store.words_of(&releases.notes, &args.name, environment);
        warn_all(session, &notes);
        let newest = match args.at.at {
            Some(time) => releases.newest_at(time),
            None => releases.newest(),
        }
        .map(|entry| entry.number);
        let shown = |entry: &&Release| {
            args.at.at.is_none() || newest.is_some_and(|newest| entry.number <= newest)
        };
        rows.extend(releases.entries.iter().filter(shown).rev().map(|entry| {
            let is_newest = !entry.pending && Some(entry.number) == newest;
            (
                entry.clone(),
                is_newest && entry.action != Action::Unpublish,
            )
        }));
    }
    if rows.is_empty() {
        require_known(args, &store)?;
    }
    rows.truncate(args.limit.unwrap_or(usize::MAX));
    if json {
        let shapes: Vec<ReleaseJson> = rows
            .iter()
            .map(|(release, active)| ReleaseJson::new(release, *active))
            .collect();
        session
            .ui
            .line(json::document(&serde_json::json!({ "releases": shapes })));
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        say_none(args, session);
    } else {
        print(&rows, session);
    }
    Ok(Exit::Done)
}

/// An empty answer is one only of a prompt that exists, in a clone that knows its releases.
fn require_known(args: &Args, store: &Store) -> Result<(), Failure> {
    store.require_releases()?;
    let reference = Reference::working_copy(args.name.clone());
    store.load(&reference).map(drop)
}

fn say_none(args: &Args, session: &mut Session) {
    let (place, option) = match &args.env {
        Some(environment) => (
            format!(" to {environment}"),
            format!(" --env {environment}"),
        ),
        None => (String::new(), String::new()),
    };
    session
        .ui
        .status(format!("{} was never published{place}", args.name));
    session
        .ui
        .hint(format!("promptctl publish {}{option}", args.name));
}

fn print(rows: &[(Release, bool)], session: &mut Session) {
    let mut table = Table::new(&[
        "release",
        "environment",
        "version",
        "action",
        "state",
        "commit",
        "when",
        "by",
        "message",
    ])
    .right(&[0])
    .spare(&[5, 8, 0, 4]);
    let piped = session.ui.width().is_none();
    for (release, active) in rows {
        let state = match (active, release.pending) {
            (true, _) => TableCell::styled("active", GOOD),
            (_, true) => TableCell::styled("pending", NOTE),
            _ => TableCell::from("-"),
        };
        table.row(vec![
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
        ]);
    }
    table.print(&mut session.ui);
    if rows.iter().any(|(release, _)| release.pending) {
        session
            .ui
            .hint("pending releases are not live: promptctl push sends them");
    }
}

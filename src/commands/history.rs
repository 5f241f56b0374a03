//! `promptctl history`.

use serde::Serialize;

use super::common::{FormatArg, short, warn_of_unknown_releases, when};
use super::out::OutArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::output::table::{NoRoom, Table, TableCell};
use crate::output::ui::{BOLD, DIM, GOOD, NOTE, paint};
use crate::prompt::diff::{Side, compare};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::quote::shell_path;
use crate::prompt::version::Version;
use crate::releases::{HistoryEntry, State, Store};

/// Show the versions of prompts
///
/// Of each version: its state (live in which environments; published, and live nowhere now; pending,
/// so that its tag waits to be sent; or not published), what the change from the version before it
/// means for callers (breaking, behavior, wording or none: promptctl help rules), and the commit that
/// made it. Several prompts stand below their names; in JSON under `prompts`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help versions

Examples:
  promptctl history support/triage
  promptctl history support/triage core/chat-assistant -n 5")]
pub(super) struct Args {
    /// The prompts
    #[arg(value_name = "NAME", required = true, value_parser = super::typed::name, add = super::candidates::names())]
    names: Vec<PromptName>,
    /// At most so many versions of each, the newest first
    #[arg(short = 'n', long, value_name = "COUNT")]
    limit: Option<usize>,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

#[derive(Serialize)]
struct Row {
    version: Version,
    digest: Option<String>,
    commit: String,
    author: String,
    time: String,
    message: String,
    published: bool,
    environments: Vec<Environment>,
    impact: Option<&'static str>,
    #[serde(skip)]
    pending: bool,
    #[serde(skip)]
    when: jiff::Timestamp,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, _) = session.store()?;
    let mut found = Vec::new();
    for name in &args.names {
        let entries = store.history(name)?;
        if entries.is_empty() {
            return Err(not_committed(&store, name));
        }
        found.push((name, entries));
    }
    warn_of_unknown_releases(&store, session);
    let mut shapes = Vec::new();
    let mut no_room = NoRoom::default();
    for (at, (name, entries)) in found.iter().enumerate() {
        let live = live(&store, name, session)?;
        let rows: Vec<Row> = entries
            .iter()
            .enumerate()
            .take(args.limit.unwrap_or(usize::MAX))
            .map(|(at, entry)| row(entry, entries.get(at + 1), &live))
            .collect();
        if json {
            shapes.push(serde_json::json!({ "name": name, "versions": rows }));
            continue;
        }
        if found.len() > 1 {
            let title = paint(session.ui.colors_out(), BOLD, name.as_str());
            let gap = if at > 0 { "\n" } else { "" };
            session.ui.styled(format!("{gap}{title}\n"));
        }
        table(&rows, &mut no_room, session);
        warn_of_odd(name, &entries[..rows.len()], session);
    }
    if json {
        let shape = match shapes.as_slice() {
            [one] => one.clone(),
            several => serde_json::json!({ "prompts": several }),
        };
        session.ui.block(json::document(&shape));
        return Ok(Exit::Done);
    }
    no_room.say(&mut session.ui);
    if store.is_shallow() {
        session
            .ui
            .warning("this clone is shallow, so older versions may be missing");
        session.ui.hint("git fetch --unshallow");
    }
    Ok(Exit::Done)
}

fn table(rows: &[Row], no_room: &mut NoRoom, session: &mut Session) {
    let mut table = Table::new(&[
        "version", "state", "impact", "commit", "when", "author", "message",
    ])
    .flexible(&[1, 6])
    .spare(&[3, 2, 4]);
    for row in rows {
        let state = if !row.environments.is_empty() {
            let names: Vec<&str> = row.environments.iter().map(Environment::as_str).collect();
            TableCell::styled(format!("live in {}", names.join(", ")), GOOD)
        } else if row.pending {
            TableCell::styled("pending", NOTE)
        } else if row.published {
            TableCell::from("published")
        } else {
            TableCell::styled("not published", DIM)
        };
        table.row(vec![
            TableCell::from(row.version.to_string()),
            state,
            TableCell::from(row.impact.unwrap_or("-")),
            TableCell::styled(short(&row.commit), DIM),
            TableCell::from(when(&session.ui, session.now, row.when)),
            TableCell::from(row.author.as_str()),
            TableCell::from(row.message.as_str()),
        ]);
    }
    table.print_as_one_of(no_room, &mut session.ui);
}

/// Says which versions no commit holds as their number says.
fn warn_of_odd(name: &PromptName, entries: &[HistoryEntry], session: &mut Session) {
    let odd = entries.iter().filter(|entry| {
        let loaded = entry.loaded.as_ref();
        loaded.is_some_and(|loaded| loaded.is_unbumped())
    });
    for entry in odd {
        session.ui.warning(format!(
            "no commit here holds {name} {}: where a file has this number, its content was changed and its number was not",
            entry.version
        ));
        session.ui.hint(format!(
            "promptctl bump {name} gives what the file says now a number of its own"
        ));
    }
}

fn not_committed(store: &Store, name: &PromptName) -> Failure {
    match store.load(&crate::prompt::reference::Reference::working_copy(
        name.clone(),
    )) {
        Ok(loaded) => Failure::new(
            crate::prompt::code::UNCOMMITTED,
            format!("{name} was never committed"),
        )
        .at(loaded.path.clone())
        .hint(format!(
            "git add {0} && git commit -- {0}",
            shell_path(&loaded.path)
        )),
        Err(failure) => failure,
    }
}

fn live(
    store: &Store,
    name: &PromptName,
    session: &mut Session,
) -> Result<Vec<(Environment, Version)>, Failure> {
    let mut live = Vec::new();
    for environment in store.environments_of(name)? {
        match store.state(name, &environment) {
            Ok(State::Live(active)) => live.push((environment, active.version)),
            Ok(_) => {}
            Err(failure) => session.ui.warning(failure),
        }
    }
    Ok(live)
}

/// A version, with its impact compared with the one before it.
fn row(
    entry: &HistoryEntry,
    before: Option<&HistoryEntry>,
    live: &[(Environment, Version)],
) -> Row {
    let side = |entry: &'_ HistoryEntry| entry.loaded.clone();
    let impact = before.and_then(|before| {
        let (before, after) = (side(before)?, side(entry)?);
        let diff = compare(
            Some(Side {
                document: &before.document,
                partials: &before.partials,
                variables: None,
            }),
            Some(Side {
                document: &after.document,
                partials: &after.partials,
                variables: None,
            }),
        );
        Some(diff.impact.as_str())
    });
    Row {
        version: entry.version,
        digest: entry
            .loaded
            .as_ref()
            .map(|loaded| loaded.digest().to_string()),
        commit: entry.commit.to_string(),
        author: entry.author.clone(),
        time: json::time(entry.time),
        message: entry.message.clone(),
        published: entry.published,
        environments: live
            .iter()
            .filter(|(_, version)| *version == entry.version)
            .map(|(environment, _)| environment.clone())
            .collect(),
        impact,
        pending: entry.pending,
        when: entry.time,
    }
}

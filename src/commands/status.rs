//! `promptctl status`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::budgets;
use super::common::{
    AtArg, FetchedJson, FormatArg, exit_of_list, say_age_of_view, warn_all, warn_of_releases, when,
};
use super::moment::clock;
use super::out::OutArg;
use super::session::Session;
use super::typed::{Selection, Typed};
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::output::json;
use crate::output::table::{NoRoom, Table, TableCell};
use crate::output::ui::{BOLD, DIM, GOOD, NOTE, paint};
use crate::prompt::finding::Finding;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;
use crate::releases::{Overview, State, Store, TagName};

/// Show what is live where, what is ahead and what is pending
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help releases

Examples:
  promptctl status
  promptctl status --env production
  promptctl status --recent
  promptctl status support/
  promptctl status --at 2026-11-17")]
pub(super) struct Args {
    /// Only these prompts: names, files, folder/ for all below it, or a pattern
    #[arg(value_name = "NAME", value_parser = super::typed::several, add = super::candidates::names())]
    names: Vec<Typed>,
    /// Only this environment
    #[arg(short, long, value_name = "ENV", add = super::candidates::environments())]
    env: Option<Environment>,
    /// What changed last first
    #[arg(long)]
    recent: bool,
    #[command(flatten)]
    at: AtArg,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

#[derive(Serialize)]
struct Report {
    /// When the tags of the remote were last fetched; left out where there is no remote.
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched: Option<FetchedJson>,
    environments: Vec<Section>,
    /// What may be spent today and what was, by this machine's log.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    budgets: Vec<budgets::Budget>,
}

#[derive(Serialize)]
struct Section {
    name: Environment,
    prompts: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: PromptName,
    /// The live version; null where nothing is.
    active: Option<Version>,
    /// The version of the working copy, where it is not what is live.
    ahead: Option<Version>,
    /// The version of the working copy, where it is below what is live, as after a revert.
    behind: Option<Version>,
    /// Versions of releases that the remote has not confirmed.
    pending: Vec<Version>,
    since: Option<String>,
    by: Option<String>,
    /// Why nobody can say what is live: `unsound` tags, or `not_fetched`.
    problem: Option<&'static str>,
    #[serde(skip)]
    when: Option<jiff::Timestamp>,
    #[serde(skip)]
    note: &'static str,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, config) = session.store_and_remote()?;
    if let Some(environment) = &args.env {
        store.require_environment(environment)?;
    }
    let (overview, (loaded, findings)) = store.overview_beside(|| store.load_all());
    let overview = overview?;
    if args.at.time(session).is_none() {
        warn_all(session, &findings);
    }
    let exit = exit_of_list(&findings);
    warn_of_releases(&overview, &store, session);
    let named = Selection::new(&args.names, session);
    let files = loaded.iter().map(|prompt| &prompt.name);
    if exit == Exit::Done {
        named.require(files.chain(overview.states.keys()), &store)?;
    }
    let files = Files::new(&loaded, &findings, &store);
    let mut sections = sections(args, &store, &overview, &files, session)?;
    for section in &mut sections {
        section.prompts.retain(|row| named.wants(&row.name));
    }
    let fetched = say_age_of_view(&store, session)?;
    let budgets = match args.at.time(session) {
        None => budgets::today(&store, &config, session)?,
        Some(_) => Vec::new(),
    };
    if json {
        let report = Report {
            fetched,
            environments: sections,
            budgets,
        };
        session.ui.block(json::document(&report));
        return Ok(exit);
    }
    let piped = session.ui.width().is_none();
    let mut no_room = NoRoom::default();
    for section in &sections {
        print(section, piped, &mut no_room, session);
    }
    no_room.say(&mut session.ui);
    super::aftermath::say_pending_tags(&store.pending()?, session);
    budgets::say(&budgets, session);
    Ok(exit)
}

/// The files of the working copy.
struct Files<'a> {
    /// What they hold, by name.
    loaded: &'a [Loaded],
    /// Those that cannot be read.
    unread: BTreeSet<PromptName>,
}

impl<'a> Files<'a> {
    fn new(loaded: &'a [Loaded], findings: &[Finding], store: &Store) -> Self {
        let mut files = Self {
            loaded,
            unread: BTreeSet::new(),
        };
        if findings.iter().any(Finding::is_error) {
            let all = store.list().files.into_iter().map(|file| file.name);
            files.unread = all.filter(|name| files.get(name).is_none()).collect();
        }
        files
    }

    fn get(&self, name: &PromptName) -> Option<&'a Loaded> {
        let at = self.loaded.binary_search_by(|prompt| prompt.name.cmp(name));
        at.ok().map(|at| &self.loaded[at])
    }
}

fn sections(
    args: &Args,
    store: &Store,
    overview: &Overview,
    files: &Files<'_>,
    session: &mut Session,
) -> Result<Vec<Section>, Failure> {
    let mut environments = store.settings().environments.clone();
    for states in overview.states.values() {
        for environment in states.keys() {
            if !environments.contains(environment) {
                environments.push(environment.clone());
            }
        }
    }
    if let Some(wanted) = &args.env {
        environments.retain(|environment| environment == wanted);
        // One that has nothing but pending releases.
        if environments.is_empty() {
            environments.push(wanted.clone());
        }
    }
    let pending = pending_versions(store)?;
    environments
        .into_iter()
        .map(|environment| section(environment, args, store, overview, files, &pending, session))
        .collect()
}

type PendingVersions = BTreeMap<(PromptName, Environment), Vec<Version>>;

fn pending_versions(store: &Store) -> Result<PendingVersions, Failure> {
    let mut places = BTreeSet::new();
    for entry in store.pending()? {
        if let TagName::Release {
            name, environment, ..
        } = entry.tag.name
        {
            places.insert((name, environment));
        }
    }
    let mut versions = PendingVersions::new();
    for (name, environment) in places {
        let releases = store.releases(&name, &environment)?;
        let held = releases
            .entries
            .iter()
            .filter(|entry| entry.pending)
            .map(|entry| entry.version);
        versions.insert((name, environment), held.collect());
    }
    Ok(versions)
}

fn section(
    environment: Environment,
    args: &Args,
    store: &Store,
    overview: &Overview,
    files: &Files<'_>,
    pending: &PendingVersions,
    session: &mut Session,
) -> Result<Section, Failure> {
    let mut names: BTreeSet<&PromptName> = overview
        .states
        .iter()
        .filter(|(_, states)| states.contains_key(&environment))
        .map(|(name, _)| name)
        .chain(
            overview
                .unsound
                .iter()
                .filter(|(_, place)| *place == environment)
                .map(|(name, _)| name),
        )
        .collect();
    let fetched = store.require_releases_of(&environment).is_ok();
    if args.at.time(session).is_none() {
        names.extend(
            files
                .loaded
                .iter()
                .filter(|prompt| !prompt.document.archived)
                .map(|prompt| &prompt.name),
        );
    }
    names.extend(
        pending
            .keys()
            .filter(|(_, place)| *place == environment)
            .map(|(name, _)| name),
    );
    let mut prompts = Vec::new();
    for name in names {
        let unsound = overview
            .unsound
            .contains(&(name.clone(), environment.clone()));
        let mut row = match args.at.time(session) {
            None => row_now(
                name,
                overview
                    .states
                    .get(name)
                    .and_then(|states| states.get(&environment)),
                files.get(name),
                files.unread.contains(name),
            ),
            Some(_) if unsound => row_now(name, None, None, false),
            Some(time) => row_at(store, name, &environment, time, session)?,
        };
        if unsound {
            row.problem = Some("unsound");
        } else if !fetched {
            row.problem = Some("not_fetched");
        }
        row.pending = pending
            .get(&(name.clone(), environment.clone()))
            .cloned()
            .unwrap_or_default();
        prompts.push(row);
    }
    if args.recent {
        // What was never released stands last, by its name.
        prompts.sort_by_key(|row| std::cmp::Reverse(row.when));
    }
    Ok(Section {
        name: environment,
        prompts,
    })
}

/// Where a prompt stands. `is_unread` says that its file is there and cannot be read.
fn row_now(
    name: &PromptName,
    state: Option<&State>,
    file: Option<&Loaded>,
    is_unread: bool,
) -> Row {
    let mut row = Row {
        name: name.clone(),
        active: None,
        ahead: None,
        behind: None,
        pending: Vec::new(),
        since: None,
        by: None,
        problem: None,
        when: None,
        note: "",
    };
    let mut live_digest = None;
    match state {
        Some(State::Live(active)) => {
            row.active = Some(active.version);
            row.by = Some(active.by.clone());
            row.when = Some(active.time);
            live_digest = Some(&active.digest);
        }
        Some(State::Unpublished { by, time, .. }) => {
            row.by = Some(by.clone());
            row.when = Some(*time);
            row.note = "unpublished";
        }
        Some(State::Never | State::NotFetched) | None => row.note = "never published",
    }
    row.since = row.when.map(json::time);
    match file {
        Some(file) if row.active.is_some_and(|active| active > file.version()) => {
            row.behind = Some(file.version());
            row.note = "the file is older";
        }
        Some(file) if Some(file.digest()) != live_digest => {
            row.ahead = Some(file.version());
            if row.ahead == row.active {
                row.note = "changed, not bumped";
            }
        }
        Some(_) => {}
        None if is_unread => row.note = "the file cannot be read",
        None if row.active.is_some() => row.note = "file deleted, still live",
        None => {}
    }
    row
}

fn row_at(
    store: &Store,
    name: &PromptName,
    environment: &Environment,
    time: jiff::Timestamp,
    session: &mut Session,
) -> Result<Row, Failure> {
    let releases = store.releases_at(name, environment)?;
    let notes = store.words_of(&releases.notes, name, environment);
    warn_all(session, &notes);
    let mut row = row_now(name, None, None, false);
    row.note = "not yet published";
    if let Some(entry) = releases.newest_at(time) {
        row.by = Some(entry.by.clone());
        row.when = Some(entry.time);
        row.since = Some(json::time(entry.time));
        if entry.action == crate::releases::Action::Unpublish {
            row.note = "unpublished";
        } else {
            row.active = Some(entry.version);
            row.note = "";
        }
    }
    Ok(row)
}

fn print(section: &Section, piped: bool, no_room: &mut NoRoom, session: &mut Session) {
    if !piped {
        let title = paint(session.ui.colors_out(), BOLD, section.name.as_str());
        session.ui.styled(format!("{title}\n"));
    }
    if section.prompts.is_empty() {
        session.ui.status("  no prompts");
    }
    let mut titles = vec!["name", "live", "ahead", "since", "by", "note"];
    // Beside "2 hours ago" stands the time that somebody else may ask for. Rows keep their columns.
    let mut spare = vec![3, 2];
    if !piped {
        titles.insert(4, "time");
        spare.insert(0, 4);
    }
    let mut table = Table::new(&titles).spare(&spare);
    // On a terminal, prompts that this environment never held are counted and not listed.
    let (shown, never): (Vec<&Row>, Vec<&Row>) = section.prompts.iter().partition(|row| {
        piped || row.when.is_some() || row.problem.is_some() || !row.pending.is_empty()
    });
    for row in shown {
        let version = |version: Option<Version>| {
            version.map_or_else(|| "-".to_owned(), |version| version.to_string())
        };
        let mut cells = vec![
            TableCell::from(row.name.as_str()),
            match row.active {
                Some(active) => TableCell::styled(active.to_string(), GOOD),
                None => TableCell::styled("-", DIM),
            },
            TableCell::styled(version(row.ahead), NOTE),
            TableCell::from(row.when.map_or_else(
                || "-".to_owned(),
                |then| when(&session.ui, session.now, then),
            )),
            TableCell::from(row.by.as_deref().unwrap_or("-")),
            TableCell::from(note(row)),
        ];
        if piped {
            cells.insert(0, TableCell::from(section.name.as_str()));
        } else {
            let time = row.when.map_or_else(|| "-".to_owned(), clock);
            cells.insert(4, TableCell::styled(time, DIM));
        }
        table.row(cells);
    }
    table.print_as_one_of(no_room, &mut session.ui);
    if !never.is_empty() {
        let names: Vec<&str> = never.iter().map(|row| row.name.as_str()).take(3).collect();
        let more = if never.len() > names.len() {
            ", …"
        } else {
            ""
        };
        let text = format!(
            "never published: {} ({}{more})",
            never.len(),
            names.join(", ")
        );
        let text = paint(session.ui.colors_out(), DIM, &text);
        session.ui.styled(format!("{text}\n"));
    }
    if !piped {
        session.ui.line("");
    }
}

fn note(row: &Row) -> String {
    if let Some(problem) = row.problem {
        return problem.replace('_', " ");
    }
    if row.pending.is_empty() {
        return row.note.to_owned();
    }
    let versions: Vec<String> = row.pending.iter().map(ToString::to_string).collect();
    format!("pending: {}", versions.join(", "))
}

//! `promptctl list`.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::common::{
    FormatArg, exit_of_list, live_cell, say_first_prompt, warn_all, warn_of_releases, when,
};
use super::out::OutArg;
use super::session::Session;
use super::shapes;
use super::typed::{Selection, Typed};
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{DIM, NOTE};
use crate::prompt::digest::Digest;
use crate::prompt::document::Part;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;
use crate::releases::{Overview, Store};

/// List all prompts
///
/// Without --env the files of the working copy are listed; with it, what is live there.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help json

Examples:
  promptctl list --search ticket
  promptctl list 'support/*'
  promptctl list --env production
  promptctl list --changed --format json")]
pub(super) struct Args {
    /// Only these: names, files, folder/ for all below it, or a pattern: `*` stops at `/`, `**` does
    /// not
    #[arg(value_name = "NAME", value_parser = super::typed::several, add = super::candidates::names())]
    names: Vec<Typed>,
    /// Only prompts whose name, title, description or messages hold TEXT
    #[arg(short, long, value_name = "TEXT")]
    search: Option<String>,
    /// Only this category
    #[arg(long)]
    category: Option<String>,
    /// Only prompts with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only prompts for this model; `gpt-5` finds `openai/gpt-5-mini` too
    #[arg(long, add = super::candidates::models())]
    model: Option<String>,
    /// Only prompts whose files differ from what is live in production, or in the environment of
    /// --env
    #[arg(long)]
    changed: bool,
    /// Only archived prompts, which are left out otherwise
    #[arg(long)]
    archived: bool,
    /// List what is live in ENV instead of the working copy
    #[arg(short, long, value_name = "ENV", add = super::candidates::environments())]
    env: Option<Environment>,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

#[derive(Debug, Serialize)]
struct Row {
    name: PromptName,
    title: Option<String>,
    description: Option<String>,
    version: Version,
    path: String,
    model: Option<String>,
    category: Option<String>,
    tags: Vec<String>,
    variant_of: Option<PromptName>,
    archived: bool,
    modified: bool,
    published: Vec<Version>,
    #[serde(rename = "environments", serialize_with = "as_environments")]
    live: Vec<(Environment, Version)>,
    #[serde(skip)]
    since: Option<Timestamp>,
}

fn as_environments<S: Serializer>(
    live: &[(Environment, Version)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    shapes::environments(live).serialize(serializer)
}

/// A prompt that was looked at.
struct Seen {
    name: PromptName,
    /// Its row, if it may be wanted.
    row: Option<Row>,
    /// The digest of the file's content, where it will be asked for.
    digest: Option<Digest>,
}

impl Seen {
    fn new(prompt: &Loaded, args: &Args, named: &Selection) -> Self {
        let row = args.wants(prompt, named).then(|| Row::new(prompt));
        let compares = args.changed && args.env.is_none() && row.is_some();
        Self {
            name: prompt.name.clone(),
            row,
            digest: compares.then(|| prompt.digest().clone()),
        }
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, _) = session.store()?;
    let named = Selection::new(&args.names, session);
    let see = |prompt: Loaded| Seen::new(&prompt, args, &named);
    let mut unreadable = false;
    let mut exit = Exit::Done;
    let (overview, seen) = match &args.env {
        None => {
            let (overview, (seen, findings)) =
                store.overview_beside(|| store.load_each(store.list(), see));
            let overview = overview?;
            warn_all(session, &findings);
            unreadable = !findings.is_empty();
            exit = exit_of_list(&findings);
            (overview, seen)
        }
        Some(environment) => {
            store.require_environment(environment)?;
            let overview = store.overview()?;
            let mut seen = live_in(&store, &overview, environment, session, see)?;
            if args.changed {
                add_digests_of_files(&store, &mut seen);
            }
            (overview, seen)
        }
    };
    warn_of_releases(&overview, &store, session);
    let none = seen.is_empty();
    if !unreadable {
        named.require(seen.iter().map(|it| &it.name), &store)?;
    }
    let rows = rows(seen, args, &overview);
    if json {
        session
            .ui
            .block(json::document(&serde_json::json!({ "prompts": rows })));
        return Ok(exit);
    }
    if rows.is_empty() {
        // The findings have said what is wrong with the prompts that there are.
        if !(unreadable && none) {
            say_nothing(args, none, &store, session);
        }
        return Ok(exit);
    }
    print(&rows, args, session);
    Ok(exit)
}

fn live_in(
    store: &Store,
    overview: &Overview,
    environment: &Environment,
    session: &mut Session,
    see: impl Fn(Loaded) -> Seen + Sync,
) -> Result<Vec<Seen>, Failure> {
    let is_live = |name: &PromptName| overview.live(name).any(|(live, _)| live == environment);
    let names: Vec<&PromptName> = overview
        .states
        .keys()
        .filter(|name| is_live(name))
        .collect();
    let mut seen = Vec::with_capacity(names.len());
    for prompt in store.each_live(&names, environment, overview, |prompt| prompt.map(&see))? {
        match prompt {
            Ok(prompt) => seen.push(prompt),
            Err(failure) => session.ui.warning(failure),
        }
    }
    Ok(seen)
}

fn add_digests_of_files(store: &Store, seen: &mut [Seen]) {
    // What cannot be loaded differs from what is live.
    let (digests, _) = store.load_each(store.list(), |prompt| {
        (prompt.name.clone(), prompt.digest().clone())
    });
    let mut digests: HashMap<PromptName, Digest> = digests.into_iter().collect();
    for prompt in seen {
        prompt.digest = digests.remove(&prompt.name);
    }
}

/// The rows of what is wanted. A prompt is a variant where its base is listed as well.
fn rows(seen: Vec<Seen>, args: &Args, overview: &Overview) -> Vec<Row> {
    let compared = args.env.clone().unwrap_or_else(Environment::production);
    let has_base = |prompt: &Seen| {
        let base = prompt.name.base();
        base.is_some_and(|base| seen.binary_search_by(|it| it.name.cmp(&base)).is_ok())
    };
    let has_base: Vec<bool> = seen.iter().map(has_base).collect();
    let mut rows = Vec::with_capacity(seen.len());
    for (prompt, has_base) in seen.into_iter().zip(has_base) {
        let Some(mut row) = prompt.row else { continue };
        if args.changed && !row.is_changed(prompt.digest.as_ref(), overview, &compared) {
            continue;
        }
        row.variant_of = row.variant_of.filter(|_| has_base);
        row.add_releases(overview, args.env.as_ref());
        rows.push(row);
    }
    rows
}

impl Args {
    /// Whether the prompt fits, but for --changed.
    fn wants(&self, prompt: &Loaded, named: &Selection) -> bool {
        let document = &prompt.document;
        let same = |wanted: &Option<String>, have: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| have.is_some_and(|have| have.eq_ignore_ascii_case(wanted)))
        };
        same(&self.category, document.category.as_deref())
            && self.tag.as_deref().is_none_or(|tag| {
                document
                    .tags
                    .iter()
                    .any(|have| have.eq_ignore_ascii_case(tag))
            })
            && self.model.as_deref().is_none_or(|model| {
                document
                    .model
                    .as_deref()
                    .is_some_and(|have| have.to_lowercase().contains(&model.to_lowercase()))
            })
            && self
                .search
                .as_deref()
                .is_none_or(|text| holds(prompt, text))
            && named.wants(&prompt.name)
            && (document.archived == self.archived || named.names(&prompt.name))
    }
}

/// Whether the prompt's name, title, description or message text holds `text`, in any case.
fn holds(prompt: &Loaded, text: &str) -> bool {
    let text = text.to_lowercase();
    let found = |have: &str| have.to_lowercase().contains(&text);
    let document = &prompt.document;
    found(prompt.name.as_str())
        || document.title.as_deref().is_some_and(found)
        || document.description.as_deref().is_some_and(found)
        || document
            .own_messages()
            .flat_map(|message| &message.parts)
            .any(|part| match part {
                Part::Text(text) => found(&text.value),
                Part::Image { .. } | Part::File { .. } => false,
            })
        || prompt.partials.values().any(|partial| found(&partial.text))
}

impl Row {
    /// What the prompt's file says.
    fn new(prompt: &Loaded) -> Self {
        let document = &prompt.document;
        Self {
            name: prompt.name.clone(),
            title: document.title.clone(),
            description: document.description.clone(),
            version: prompt.version(),
            path: prompt.path.clone(),
            model: document.model.clone(),
            category: document.category.clone(),
            tags: document.tags.clone(),
            variant_of: prompt.name.base(),
            archived: document.archived,
            modified: prompt.is_dirty(),
            published: Vec::new(),
            live: Vec::new(),
            since: None,
        }
    }

    /// Whether the file, which has this digest, differs from what is live in an environment.
    fn is_changed(
        &self,
        digest: Option<&Digest>,
        overview: &Overview,
        environment: &Environment,
    ) -> bool {
        let mut live = overview.live(&self.name);
        let active = live.find(|(have, _)| *have == environment);
        active.is_none_or(|(_, active)| Some(&active.digest) != digest)
    }

    /// What the tags say of the prompt.
    fn add_releases(&mut self, overview: &Overview, environment: Option<&Environment>) {
        for (have, active) in overview.live(&self.name) {
            self.live.push((have.clone(), active.version));
            if Some(have) == environment {
                self.since = Some(active.time);
            }
        }
        let published = overview.published.get(&self.name);
        self.published = published.cloned().unwrap_or_default();
    }
}

fn print(rows: &[Row], args: &Args, session: &mut Session) {
    let header = if args.env.is_some() {
        ["name", "version", "since", "model", "title"]
    } else {
        ["name", "version", "live", "model", "title"]
    };
    let mut table = Table::new(&header).flexible(&[2, 4]).spare(&[3, 4]);
    for row in rows {
        let version = if row.modified {
            TableCell::styled(format!("{} *", row.version), NOTE)
        } else {
            TableCell::from(row.version.to_string())
        };
        let live = match row.since.filter(|_| args.env.is_some()) {
            Some(since) => TableCell::from(when(&session.ui, session.now, since)),
            None => live_cell(
                row.live
                    .iter()
                    .map(|(environment, version)| (environment, *version)),
                row.version,
            ),
        };
        table.row(vec![
            TableCell::from(row.name.as_str()),
            version,
            live,
            TableCell::from(row.model.as_deref().unwrap_or("-")),
            TableCell::styled(row.title.as_deref().unwrap_or(""), DIM),
        ]);
    }
    table.print(&mut session.ui);
    if session.ui.out_is_terminal() && rows.iter().any(|row| row.modified) {
        session.ui.status("* changed and not committed");
    }
}

fn say_nothing(args: &Args, no_prompts: bool, store: &Store, session: &mut Session) {
    match &args.env {
        Some(environment) if no_prompts => session
            .ui
            .status(format!("nothing is live in {environment}")),
        _ if no_prompts => {
            session.ui.status("there are no prompts yet");
            say_first_prompt(store, session);
        }
        _ => session.ui.status("no prompt fits"),
    }
}

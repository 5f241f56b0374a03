//! `promptctl list`.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Session;
use super::common::{FormatArg, ago, live_cell, warn_all, warn_of_unknown_releases};
use super::shapes;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{DIM, NOTE};
use crate::prompt::document::Part;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;
use crate::store::{Loaded, Overview, Store};

/// List all prompts
///
/// Without --env the files of the working copy are listed; with it, what is live there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
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
    #[arg(long)]
    model: Option<String>,
    /// Only prompts that differ from what is live in production, or in the environment of --env
    #[arg(long)]
    changed: bool,
    /// Only archived prompts, which are left out otherwise
    #[arg(long)]
    archived: bool,
    /// List what is live in ENV instead of the working copy
    #[arg(short, long, value_name = "ENV", add = super::completions::environments())]
    env: Option<Environment>,
    #[command(flatten)]
    format: FormatArg,
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
    environments: Map<String, Value>,
    #[serde(skip)]
    live: Vec<(Environment, Version)>,
    #[serde(skip)]
    since: Option<Timestamp>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let (store, _) = session.store()?;
    let overview = store.overview()?;
    let mut unreadable = false;
    let loaded = match &args.env {
        None => {
            let (loaded, findings) = store.load_all();
            warn_all(session, &findings);
            unreadable = !findings.is_empty();
            loaded
        }
        Some(environment) => live_in(&store, &overview, environment, session)?,
    };
    for failure in &overview.failures {
        session.ui.warning(failure);
    }
    warn_of_unknown_releases(&store, session);
    let rows: Vec<Row> = loaded
        .iter()
        .filter(|prompt| args.wants(prompt, &overview))
        .map(|prompt| row(prompt, &loaded, &overview, args.env.as_ref()))
        .collect();
    if json {
        session
            .ui
            .line(json::document(&serde_json::json!({ "prompts": rows })));
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        // The findings have said what is wrong with the prompts that there are.
        if !(unreadable && loaded.is_empty()) {
            say_nothing(args, loaded.is_empty(), session);
        }
        return Ok(Exit::Done);
    }
    print(&rows, args, session);
    Ok(Exit::Done)
}

fn live_in(
    store: &Store,
    overview: &Overview,
    environment: &Environment,
    session: &mut Session,
) -> Result<Vec<Loaded>, Failure> {
    let mut loaded = Vec::new();
    for name in overview.states.keys() {
        if overview.live(name).any(|(live, _)| live == environment) {
            match store.load_active(name, environment) {
                Ok(prompt) => loaded.push(prompt),
                Err(failure) => session.ui.warning(failure),
            }
        }
    }
    Ok(loaded)
}

impl Args {
    fn wants(&self, prompt: &Loaded, overview: &Overview) -> bool {
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
            && document.archived == self.archived
            && (!self.changed || self.is_changed(prompt, overview))
    }

    fn is_changed(&self, prompt: &Loaded, overview: &Overview) -> bool {
        let wanted = self.env.clone().unwrap_or_else(Environment::production);
        match &self.env {
            // What is live never differs from itself: the question is whether the working copy is ahead.
            Some(_) => prompt.dirty,
            None => overview
                .live(&prompt.name)
                .find(|(environment, _)| **environment == wanted)
                .is_none_or(|(_, active)| active.digest != prompt.digest),
        }
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
            .messages
            .iter()
            .flat_map(|message| &message.parts)
            .any(|part| match part {
                Part::Text(text) => found(&text.value),
                Part::Image { .. } | Part::File { .. } => false,
            })
        || prompt.partials.values().any(|partial| found(&partial.text))
}

fn row(
    prompt: &Loaded,
    all: &[Loaded],
    overview: &Overview,
    environment: Option<&Environment>,
) -> Row {
    let document = &prompt.document;
    let live: Vec<(Environment, Version)> = overview
        .live(&prompt.name)
        .map(|(environment, active)| (environment.clone(), active.version))
        .collect();
    let exists = |base: &PromptName| all.binary_search_by(|other| other.name.cmp(base)).is_ok();
    Row {
        name: prompt.name.clone(),
        title: document.title.clone(),
        description: document.description.clone(),
        version: prompt.version(),
        path: prompt.path.clone(),
        model: document.model.clone(),
        category: document.category.clone(),
        tags: document.tags.clone(),
        variant_of: prompt.name.base().filter(exists),
        archived: document.archived,
        modified: prompt.dirty,
        published: overview
            .published
            .get(&prompt.name)
            .cloned()
            .unwrap_or_default(),
        environments: shapes::environments(&live),
        since: overview
            .live(&prompt.name)
            .find(|(have, _)| Some(*have) == environment)
            .map(|(_, active)| active.time),
        live,
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
            Some(since) => TableCell::from(ago(session.now, since)),
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

fn say_nothing(args: &Args, no_prompts: bool, session: &mut Session) {
    match &args.env {
        Some(environment) if no_prompts => session
            .ui
            .status(format!("nothing is live in {environment}")),
        _ if no_prompts => {
            session.ui.status("there are no prompts yet");
            session
                .ui
                .hint("promptctl new NAME makes one, promptctl seed adds the bundled ones");
        }
        _ => session.ui.status("no prompt fits"),
    }
}

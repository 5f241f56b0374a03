//! `promptctl show`.

use super::common::{
    AtArg, FetchedJson, FormatArg, in_environment, live_versions, say_age_of_view, short,
    variables_of, warn_all,
};
use super::load_at::load_at;
use super::out::OutArg;
use super::session::Session;
use super::shapes::{PromptJson, Several};
use super::typed::{Typed, expanded};
use serde::Serialize;

use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{BOLD, DIM, paint};
use crate::prompt::document::{Document, Entry, Part};
use crate::prompt::finding::Finding;
use crate::prompt::name::{Environment, nearest};
use crate::prompt::reference::Reference;
use crate::prompt::version::Version;
use crate::prompt::visible;
use crate::releases::Store;

/// Show prompts
///
/// REF is name (the working copy), name@v3, name@production or name@<git revision>, a folder/ for all
/// below it, or a pattern. Several stand one below the other; in JSON under `prompts`. With --used-by,
/// it is the name of a partial, and the prompts that include it are shown.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl show support/triage
  promptctl show support/triage@production --at 2026-11-17
  promptctl show 'support/*'
  promptctl show core/untrusted --used-by   # the prompts that include a partial")]
pub(super) struct Args {
    /// The prompts
    #[arg(value_name = "REF", required = true, value_parser = super::typed::several, add = super::candidates::references())]
    references: Vec<Typed>,
    /// What is live in ENV: `NAME --env staging` is `NAME@staging`
    #[arg(short, long, value_name = "ENV", conflicts_with = "used_by", add = super::candidates::environments())]
    env: Option<Environment>,
    /// Show the prompts that include the partial of this name, through partials too
    #[arg(long, conflicts_with = "at")]
    used_by: bool,
    #[command(flatten)]
    at: AtArg,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, _) = session.store()?;
    if args.used_by {
        let [Typed::One(partial)] = args.references.as_slice() else {
            return Err(Failure::usage("--used-by takes the name of one partial")
                .hint("promptctl show core/untrusted --used-by"));
        };
        return used_by(partial, &store, json, session);
    }
    let mut all = Vec::new();
    for reference in expanded(&args.references, &store, session)? {
        let reference = in_environment(&reference, args.env.as_ref())?;
        let loaded = load_at(&store, &reference, args.at.time(session), session)?;
        warn_all(session, &loaded.document.warnings);
        let live = live_versions(&store, &loaded.name).unwrap_or_default();
        all.push((reference, loaded, live));
    }
    let fetched = say_age_of_view(&store, session)?;
    if json {
        let shapes = all.iter().map(|(reference, loaded, live)| {
            let variables = variables_of(loaded);
            PromptJson::new(reference.to_string(), loaded, variables, live)
        });
        let mut prompts: Vec<PromptJson> = shapes.collect();
        let document = match (args.references.as_slice(), prompts.len()) {
            ([Typed::One(_)], 1) => json::document(&Fetched {
                prompt: prompts.remove(0),
                fetched,
            }),
            _ => json::document(&Fetched {
                prompt: Several { prompts },
                fetched,
            }),
        };
        session.ui.block(document);
        return Ok(Exit::Done);
    }
    for (at, (_, loaded, live)) in all.iter().enumerate() {
        if at > 0 {
            session.ui.line("");
        }
        show(loaded, live, session);
    }
    Ok(Exit::Done)
}

/// What is shown, and when the tags of the remote were last fetched; left out where there is no remote.
#[derive(Serialize)]
struct Fetched<T> {
    #[serde(flatten)]
    prompt: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched: Option<FetchedJson>,
}

fn show(loaded: &Loaded, live: &[(Environment, Version)], session: &mut Session) {
    let variables = variables_of(loaded);
    let colors = session.ui.colors_out();
    let title = loaded.document.title.as_deref().unwrap_or_default();
    let head = format!("{} {}", loaded.name, loaded.version());
    let head = format!("{}  {}", paint(colors, BOLD, &head), visible::line(title));
    session.ui.styled(format!("{}\n", head.trim_end()));
    if let Some(description) = &loaded.document.description {
        session.ui.view(description.trim_end());
    }
    session.ui.line("");
    for (label, value) in facts(loaded, live) {
        let label = paint(colors, DIM, &format!("{label:<12}"));
        session
            .ui
            .styled(format!("{label}{}\n", visible::line(&value)));
    }
    if !variables.is_empty() {
        session
            .ui
            .styled(format!("\n{}\n", paint(colors, BOLD, "Variables")));
        let mut table = Table::new(&["name", "type", "needed", "description"]);
        for variable in &variables {
            let needed = match (&variable.default, variable.required) {
                (Some(default), _) => format!("default {default}"),
                (None, true) => "required".to_owned(),
                (None, false) => "optional".to_owned(),
            };
            table.row(vec![
                TableCell::from(variable.name.as_str()),
                TableCell::from(variable.kind.as_deref().unwrap_or("any")),
                TableCell::from(needed),
                TableCell::from(variable.description.as_deref().unwrap_or("")),
            ]);
        }
        table.print(&mut session.ui);
    }
    show_messages(&loaded.document, colors, session);
    for (name, partial) in &loaded.partials {
        let name = format!("{{{{> {}}}}}", visible::line(name));
        session
            .ui
            .styled(format!("\n{}\n", paint(colors, BOLD, &name)));
        session.ui.view(partial.text.trim_end());
    }
}

/// The prompts that include a partial, as the working copy holds them.
fn used_by(
    reference: &Reference,
    store: &Store,
    json: bool,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let partial = reference.name.as_str();
    let listing = store.list();
    let Some(path) = listing.partials.get(partial).cloned() else {
        let failure = Failure::new(
            crate::prompt::code::MISSING_PARTIAL,
            format!("there is no partial `{partial}`"),
        );
        let known = listing.partials.keys().map(String::as_str);
        return Err(match nearest(partial, known) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint("`{{> name}}` is the file `_name.hbs` below a root"),
        });
    };
    let (loaded, unreadable) = store.load_listed(listing);
    let users: Vec<&Loaded> = loaded
        .iter()
        .filter(|prompt| prompt.partials.contains_key(partial))
        .collect();
    let is_unsure = unreadable.iter().any(Finding::is_error);
    if is_unsure {
        session.ui.warning(
            "some prompts cannot be read and are left out: promptctl validate tells which",
        );
    }
    if json {
        let names: Vec<&str> = users.iter().map(|prompt| prompt.name.as_str()).collect();
        let shape = serde_json::json!({"partial": partial, "path": path, "used_by": names});
        session.ui.block(json::document(&shape));
        return Ok(Exit::Done);
    }
    for prompt in &users {
        session.ui.line(&prompt.name);
    }
    if users.is_empty() {
        session
            .ui
            .status(format!("no prompt includes {{{{> {partial}}}}}"));
    }
    Ok(Exit::Done)
}

fn facts(loaded: &Loaded, live: &[(Environment, Version)]) -> Vec<(&'static str, String)> {
    let document = &loaded.document;
    let mut facts = vec![("file", loaded.path.clone())];
    facts.push(("digest", loaded.digest().short().to_owned()));
    let place = match (loaded.commit(), loaded.is_dirty()) {
        (_, true) => "changed and not committed".to_owned(),
        (Some(commit), false) => short(commit),
        (None, false) => "-".to_owned(),
    };
    facts.push(("commit", place));
    if loaded.is_unbumped() {
        facts.push((
            "",
            "the content changed since the version was made: promptctl bump".to_owned(),
        ));
    }
    if !live.is_empty() {
        let words: Vec<String> = live
            .iter()
            .map(|(environment, version)| format!("{environment} {version}"))
            .collect();
        facts.push(("live", words.join(", ")));
    }
    if document.archived {
        facts.push(("archived", "yes".to_owned()));
    }
    for (label, value) in [("model", &document.model), ("category", &document.category)] {
        if let Some(value) = value {
            facts.push((label, value.clone()));
        }
    }
    if !document.tags.is_empty() {
        facts.push(("tags", document.tags.join(", ")));
    }
    if !document.parameters.is_empty() {
        let words: Vec<String> = document
            .parameters
            .iter()
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        facts.push(("parameters", words.join(", ")));
    }
    if let Some(format) = document.response_format {
        facts.push(("answer", format.as_str().to_owned()));
    }
    if !document.test_data.is_empty() {
        facts.push(("cases", document.test_data.len().to_string()));
    }
    facts
}

fn show_messages(document: &Document, colors: bool, session: &mut Session) {
    for entry in &document.messages {
        let message = match entry {
            Entry::Message(message) => message,
            Entry::Placeholder(variable) => {
                let heading = paint(colors, BOLD, "placeholder");
                let name = visible::line(&variable.value);
                session.ui.styled(format!("\n{heading} {name}\n"));
                continue;
            }
        };
        let role = paint(colors, BOLD, message.role.as_str());
        session.ui.styled(format!("\n{role}\n"));
        for part in &message.parts {
            match part {
                Part::Text(text) => session.ui.view(text.value.trim_end()),
                Part::Image { source, .. } => {
                    session.ui.line(format!("[image {}]", source.text().value));
                }
                Part::File { source, .. } => {
                    session.ui.line(format!("[file {}]", source.text().value));
                }
            }
        }
    }
}

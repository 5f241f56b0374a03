//! `promptctl get`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::common::{AtArg, FormatArg, in_environment, variables_of, warn_all};
use super::load_at::load_at;
use super::out::OutArg;
use super::session::Session;
use super::shapes::Several;
use super::shapes::{PromptJson, inlined_messages};
use super::typed::{Typed, expanded};
use crate::error::{Exit, Failure};
use crate::execute::attachments;
use crate::files::Loaded;
use crate::output::json::{self, FindingJson};
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::rendered::Variable;
use crate::prompt::template::is_plain;
use crate::prompt::version::Version;
use crate::releases::{Changed, ReleaseWarning, State, Store, shared};

/// Print prompts, or all that are live, for programs
///
/// Text is the file of one prompt as it stands; JSON holds the file, its partials and its variables.
/// REF is also a folder/ for all below it, or a pattern. Several go with JSON, under `prompts`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 with --strict, if something about the releases is odd.
More: promptctl help services

Examples:
  promptctl get support/triage@production
  promptctl get support/triage@v2 --format json
  promptctl get support/ --env production --format json
  promptctl get --all --env production --format json -o snapshot.json")]
pub(super) struct Args {
    /// The prompts: name, name@v3, name@production or name@<git revision>
    #[arg(value_name = "REF", required_unless_present = "all", value_parser = super::typed::several, add = super::candidates::references())]
    references: Vec<Typed>,
    /// All prompts that are live in the environment
    #[arg(long, conflicts_with = "references")]
    all: bool,
    /// With --all, every published version of these prompts too: what `serve --snapshot` reads
    #[arg(long, requires = "all")]
    versions: bool,
    /// With JSON, `messages` too: those of the file with its partials in place
    ///
    /// A partial stays a tag, with its text under `partials`, where the text in its place would mean
    /// something else: with arguments or a block of its own, indented or within a line beside
    /// blocks.
    #[arg(long)]
    inline: bool,
    /// The environment of --all, production unless given; `NAME --env staging` is `NAME@staging`
    #[arg(short, long, value_name = "ENV", add = super::candidates::environments())]
    env: Option<Environment>,
    #[command(flatten)]
    at: AtArg,
    /// Exit with 3 where something about the releases is odd, such as a tag that was moved
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

#[derive(Serialize)]
struct Snapshot<'a> {
    environment: &'a Environment,
    prompts: Vec<PromptJson>,
    /// What people must know about the releases; left out where there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<FindingJson>,
    /// The published versions that are not live.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<Vec<PromptJson>>,
}

impl Args {
    fn exit(&self, warnings: &[Finding]) -> Exit {
        if self.strict && !warnings.is_empty() {
            Exit::Verdict
        } else {
            Exit::Done
        }
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, _) = session.store()?;
    let environment = args.env.clone().unwrap_or_else(Environment::production);
    if args.all {
        if !json {
            return Err(
                Failure::usage("--all prints a snapshot for programs").hint(format!(
                    "promptctl get --all --env {environment} --format json"
                )),
            );
        }
        return snapshot(&environment, args, &store, session);
    }
    let references = expanded(&args.references, &store, session)?;
    let references = references
        .iter()
        .map(|it| in_environment(it, args.env.as_ref()))
        .collect::<Result<Vec<_>, Failure>>()?;
    if !json {
        return text(args, &references, &store, session);
    }
    let mut prompts = Vec::with_capacity(references.len());
    let mut warnings = Vec::new();
    for reference in &references {
        let loaded = load_at(&store, reference, args.at.time(session), session)?;
        let live = super::common::live_versions(&store, &loaded.name).unwrap_or_default();
        prompts.push(shape(args, &store, &loaded, reference.to_string(), &live)?);
        warnings.extend(loaded.notices);
    }
    session.ui.block(match args.references.as_slice() {
        [Typed::One(_)] => json::document(&prompts[0]),
        _ => json::document(&Several { prompts }),
    });
    Ok(args.exit(&warnings))
}

/// Prints the file of the one prompt that is asked for.
fn text(
    args: &Args,
    references: &[Reference],
    store: &Store,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let [reference] = references else {
        if references.is_empty() {
            return Ok(Exit::Done);
        }
        let names: Vec<String> = references.iter().map(ToString::to_string).collect();
        return Err(
            Failure::usage("several prompts are printed as JSON: text is one file")
                .hint(format!("promptctl get {} --format json", names.join(" "))),
        );
    };
    if args.inline {
        return Err(
            Failure::usage("--inline goes with JSON: text is the file as it stands")
                .hint(format!("promptctl get {reference} --inline --format json")),
        );
    }
    let loaded = load_at(store, reference, args.at.time(session), session)?;
    session.ui.data(&loaded.text);
    Ok(args.exit(&loaded.notices))
}

/// Everything that is live, or a failure: a service must never start with half of its prompts.
fn snapshot(
    environment: &Environment,
    args: &Args,
    store: &Store,
    session: &mut Session,
) -> Result<Exit, Failure> {
    // A misspelt environment must not become an empty snapshot.
    store.require_environment(environment)?;
    store.require_releases_of(environment)?;
    let mut overview = store.overview()?;
    if let Some(failure) = overview.failures.drain(..).next() {
        return Err(failure);
    }
    let mut warnings: Vec<Finding> = Vec::new();
    for (name, place, note) in &overview.notes {
        if place == environment && !matches!(note, ReleaseWarning::Changed(_)) {
            warnings.extend(store.words_of(std::slice::from_ref(note), name, place));
        }
    }
    warnings.extend(overview.changed.iter().map(Changed::finding));
    warn_all(session, &warnings);
    let at = args.at.time(session);
    let is_wanted = |states: &BTreeMap<Environment, State>| {
        // What was live at a time need not be live now.
        states.contains_key(environment) && (at.is_some() || is_live(states, environment))
    };
    let wanted = overview.states.iter().filter(|(_, it)| is_wanted(it));
    let names: Vec<&PromptName> = wanted.map(|(name, _)| name).collect();
    let prompts = store.each_name(&names, |store, name| {
        let loaded = match at {
            None => store.load_live(name, environment, &overview)?,
            Some(time) => match store.load_active_at(name, environment, time) {
                Err(failure) if failure.code == Some(code::NOT_LIVE) => return Ok(None),
                loaded => loaded?,
            },
        };
        let live: Vec<_> = overview
            .live(name)
            .map(|(environment, active)| (environment.clone(), active.version))
            .collect();
        let reference = format!("{name}@{environment}");
        let mut read = vec![shape(args, store, &loaded, reference, &live)?];
        let others = overview.published.get(name).into_iter().flatten();
        for version in others.filter(|it| args.versions && **it != loaded.version()) {
            let reference = Reference {
                name: name.clone(),
                selector: Selector::Version(*version),
            };
            let loaded = store.load(&reference)?;
            read.push(shape(args, store, &loaded, reference.to_string(), &live)?);
        }
        Ok(Some(read))
    })?;
    let read: Vec<Vec<PromptJson>> = prompts
        .into_iter()
        .filter_map(Result::transpose)
        .collect::<Result<_, Failure>>()?;
    let mut ids: BTreeMap<&str, &PromptName> = BTreeMap::new();
    let told = warnings.len();
    for prompt in read.iter().filter_map(|one| one.first()) {
        let source = &prompt.document["source"];
        let id = source["id"]
            .as_str()
            .filter(|_| source["format"] == "openai");
        if let Some((other, id)) = id.and_then(|id| ids.insert(id, &prompt.name).zip(Some(id))) {
            warnings.push(shared(&prompt.name, other, environment, id));
        }
    }
    warn_all(session, &warnings[told..]);
    let mut prompts = Vec::with_capacity(read.len());
    let mut versions = Vec::new();
    for one in read {
        let mut one = one.into_iter();
        prompts.extend(one.next());
        versions.extend(one);
    }
    session.ui.block(json::document(&Snapshot {
        environment,
        prompts,
        warnings: warnings.iter().map(FindingJson::from).collect(),
        versions: args.versions.then_some(versions),
    }));
    Ok(args.exit(&warnings))
}

fn shape(
    args: &Args,
    store: &Store,
    loaded: &Loaded,
    reference: String,
    live: &[(Environment, Version)],
) -> Result<PromptJson, Failure> {
    let mut shape = PromptJson::new(reference, loaded, variables_of(loaded), live);
    shape.messages = args.inline.then(|| inlined_messages(loaded));
    if args.versions {
        shape.attachments = attachments(store, loaded)?;
        // What fills plain texts has texts to fill them with.
        let takes_text = shape.variables.iter().all(Variable::takes_text);
        shape.plain = Some(takes_text && is_plain(&loaded.document));
    }
    Ok(shape)
}

fn is_live(states: &BTreeMap<Environment, State>, environment: &Environment) -> bool {
    matches!(states.get(environment), Some(State::Live(_)))
}

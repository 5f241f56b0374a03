//! `promptctl get`.

use serde::Serialize;

use super::Session;
use super::common::{AtArg, EnvArg, FormatArg, variables_of};
use super::shapes::PromptJson;
use super::show::load_at;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::prompt::name::{Environment, nearest};
use crate::prompt::reference::Reference;

/// Print one prompt, or all that are live, for programs
///
/// Text is the file as it stands; JSON holds the file, its partials and its variables.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The prompt: name, name@v3, name@production or name@<git revision>
    #[arg(value_name = "REF", required_unless_present = "all", add = super::completions::references())]
    reference: Option<Reference>,
    /// All prompts that are live in the environment
    #[arg(long, conflicts_with = "reference")]
    all: bool,
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    at: AtArg,
    #[command(flatten)]
    format: FormatArg,
}

#[derive(Serialize)]
struct Snapshot<'a> {
    environment: &'a Environment,
    prompts: Vec<PromptJson>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let (store, _) = session.store()?;
    let Some(reference) = &args.reference else {
        if !json {
            return Err(
                Failure::usage("--all prints a snapshot for programs").hint(format!(
                    "promptctl get --all --env {} --format json",
                    args.env.env
                )),
            );
        }
        return snapshot(args, &store, session);
    };
    let loaded = load_at(&store, reference, args.at.at)?;
    if json {
        let live = super::common::live_versions(&store, &loaded.name).unwrap_or_default();
        let variables = variables_of(&loaded);
        session.ui.line(json::document(&PromptJson::new(
            reference.to_string(),
            &loaded,
            variables,
            &live,
        )));
    } else {
        session.ui.data(&loaded.text);
    }
    Ok(Exit::Done)
}

/// Everything that is live, or a failure: a service must never start with half of its prompts.
fn snapshot(
    args: &Args,
    store: &crate::store::Store,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let environment = &args.env.env;
    store.require_releases()?;
    let overview = store.overview()?;
    require_known(environment, store, &overview)?;
    if let Some(failure) = overview.failures.into_iter().next() {
        return Err(failure);
    }
    let mut prompts = Vec::new();
    for (name, states) in &overview.states {
        if !states.contains_key(environment) {
            continue;
        }
        let loaded = match args.at.at {
            None if overview_live(states, environment) => store.load_active(name, environment)?,
            None => continue,
            Some(time) => match store.load_active_at(name, environment, time) {
                Ok(loaded) => loaded,
                Err(failure) if failure.code == Some(crate::prompt::code::NOT_LIVE) => continue,
                Err(failure) => return Err(failure),
            },
        };
        let live: Vec<_> = states
            .iter()
            .filter_map(|(environment, state)| match state {
                crate::store::State::Live(active) => Some((environment.clone(), active.version)),
                _ => None,
            })
            .collect();
        let variables = variables_of(&loaded);
        prompts.push(PromptJson::new(
            format!("{name}@{environment}"),
            &loaded,
            variables,
            &live,
        ));
    }
    session.ui.line(json::document(&Snapshot {
        environment,
        prompts,
    }));
    Ok(Exit::Done)
}

/// A misspelt environment must not become an empty snapshot.
fn require_known(
    environment: &Environment,
    store: &crate::store::Store,
    overview: &crate::store::Overview,
) -> Result<(), Failure> {
    let released = overview.states.values().flat_map(|states| states.keys());
    let known: std::collections::BTreeSet<&str> = store
        .settings()
        .environments
        .iter()
        .chain(released)
        .map(Environment::as_str)
        .collect();
    if known.contains(environment.as_str()) {
        return Ok(());
    }
    let failure = Failure::new(
        crate::prompt::code::NOT_LIVE,
        format!("nothing was ever published to {environment}, and promptctl.yaml does not name it"),
    );
    Err(match nearest(environment.as_str(), known.iter().copied()) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint(format!(
            "the environments are {}",
            known.into_iter().collect::<Vec<_>>().join(", ")
        )),
    })
}

fn overview_live(
    states: &std::collections::BTreeMap<Environment, crate::store::State>,
    environment: &Environment,
) -> bool {
    matches!(states.get(environment), Some(crate::store::State::Live(_)))
}

//! Stored prompts of OpenAI's: asked for or read from saved answers, and written.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use futures_util::future::{Either, select};

use super::super::common::count;
use super::super::gate::Gate;
use super::super::release_args::require_environment;
use super::super::session::Session;
use super::args::Args;
use super::imported::{ImportedPrompts, Names};
use super::inputs::{Inputs, Wanted};
use super::save::{self, ImportResult, Prepared};
use super::{publish, show};
use crate::config::{Config, UserConfig};
use crate::error::{Exit, Failure};
use crate::execute::Caller;
use crate::execute::recover::{Keyed, KnownPrompt, Limits, Recovered, Recovery};
use crate::openai::client::{block_on, interrupted};
use crate::openai::prices::price_of;
use crate::openai::provider::DEFAULT_PROVIDER;
use crate::prompt::code;
use crate::releases::Store;

/// How often a call is sent again where the API is busy.
const RETRIES: u32 = 5;

pub(super) fn run(inputs: Inputs, args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    require_one_name(&inputs, args)?;
    let (store, config) = session.store()?;
    require_place(args, &store, &config)?;
    let is_set_up = store.config_text()?.is_some() || !store.list().files.is_empty();
    let asked = inputs
        .wanted
        .iter()
        .map(|wanted| wanted.wish.id.clone())
        .collect();
    let here = ImportedPrompts::read(&store, asked, Gate::new(&config, session))?;
    let mut prepared = Vec::new();
    for saved in inputs.saved {
        prepared.push(save::saved(saved, args, &here));
    }
    let mut calls = (0, 0);
    if !inputs.wanted.is_empty() {
        let wanted = with_what_is_here(inputs.wanted, &here, args);
        match ask(wanted, &mut prepared, (&here, &store), args, session)? {
            Fetched::Came(made) => calls = made,
            Fetched::Planned(exit) => {
                show::not_set_up(is_set_up, session);
                return Ok(exit);
            }
            Fetched::Ended(exit) => return Ok(exit),
        }
    }
    let json = args.format.is_json();
    if args.strict && prepared.iter().any(Prepared::is_lossy) {
        return Ok(refuse_all(prepared, calls, args, json, session));
    }
    let mut outcomes: Vec<ImportResult> = prepared
        .into_iter()
        .map(|prepared| prepared.write(args, &here, &store))
        .collect();
    if let Some(environment) = &args.publish {
        for kept in &mut outcomes {
            publish::publish(kept, environment, args, &store, &config, session);
        }
    }
    let is_written = outcomes.iter().any(|kept| !kept.made.is_empty());
    let exit = show::outcome(outcomes, calls, args, json, session);
    show::not_set_up(is_set_up || !is_written, session);
    Ok(exit)
}

fn require_one_name(inputs: &Inputs, args: &Args) -> Result<(), Failure> {
    let asked = inputs.wanted.iter().map(|wanted| wanted.wish.id.as_str());
    let saved = inputs
        .saved
        .iter()
        .filter_map(|saved| saved.echo.id.as_deref());
    let ids: BTreeSet<&str> = asked.chain(saved).collect();
    match args.name.is_some() && ids.len() > 1 {
        true => Err(Failure::usage("--name names one prompt, and several were given")
            .hint("import them one by one, or leave --name out: scan proposes names, and --into DIR puts them below a folder")),
        false => Ok(()),
    }
}

/// Checks that what comes can be written and published here, before anything is asked for.
fn require_place(args: &Args, store: &Store, config: &Config) -> Result<(), Failure> {
    store.require_working_copy()?;
    if let Some(environment) = args.publish.as_ref().filter(|_| !args.create_env) {
        let asks = !args.no_push && !args.dry_run;
        require_environment(environment, asks, store, config).map_err(with_own_option)?;
    }
    if !args.dry_run && !args.no_commit {
        store.require_identity()?;
    }
    Ok(())
}

/// What came of asking.
enum Fetched {
    /// Prompts, by this many calls.
    Came((usize, usize)),
    /// Only what would be asked was wanted.
    Planned(Exit),
    /// Nothing is to be written.
    Ended(Exit),
}

/// Asks for stored prompts, and adds what came to what is prepared.
fn ask(
    wanted: Vec<Wanted>,
    prepared: &mut Vec<Prepared>,
    (here, store): (&ImportedPrompts, &Store),
    args: &Args,
    session: &mut Session,
) -> Result<Fetched, Failure> {
    let json = args.format.is_json();
    if args.dry_run && args.offline {
        let exit = show::offline(&wanted, (here, store), args, json, session);
        return Ok(Fetched::Ended(exit));
    }
    let names: BTreeMap<String, Option<String>> = wanted
        .iter()
        .map(|wanted| (wanted.wish.id.clone(), wanted.name.clone()))
        .collect();
    let recovery = recovery(args, session)?;
    let wishes = wanted.into_iter().map(|wanted| wanted.wish).collect();
    let mut looked = wait(recovery.look(wishes))??;
    let mut taken = Names::default();
    for (wish, looked) in &mut looked {
        let proposed = names.get(&wish.id).and_then(Option::as_deref);
        if looked.is_ok()
            && let Err(failure) = taken.take(&wish.id, proposed, args, here, store)
        {
            *looked = Err(failure);
        }
    }
    if args.dry_run {
        let exit = show::plan(&looked, &names, here, args, json, session);
        return Ok(Fetched::Planned(exit));
    }
    let mut known = Vec::new();
    for (wish, looked) in looked {
        match looked {
            Ok(found) => known.push(found),
            Err(failure) => prepared.push(Prepared::failed(&wish.id, failure)),
        }
    }
    // What is known to be missing is known before anything is paid for.
    if args.strict && prepared.iter().any(Prepared::is_lossy) {
        let mut prepared = std::mem::take(prepared);
        prepared.extend(
            known
                .iter()
                .map(|known| Prepared::not_asked(&known.wish.id)),
        );
        let exit = refuse_all(prepared, recovery.calls(), args, json, session);
        return Ok(Fetched::Ended(exit));
    }
    show::silent(&known, session);
    if !known.is_empty() && !confirmed(&known, args, session) {
        session
            .ui
            .status("nothing was called that costs anything, and nothing was written");
        return Ok(Fetched::Ended(Exit::Failed));
    }
    let recovered: Vec<Recovered> = wait(async {
        let mut all = recovery.fetch(known).await;
        for recovered in all.iter_mut().filter(|_| args.prove) {
            recovery.prove(recovered).await;
        }
        all
    })?;
    for recovered in recovered {
        let name = names.get(&recovered.id).cloned().flatten();
        prepared.push(save::recovered(recovered, name.as_deref(), args));
    }
    Ok(Fetched::Came(recovery.calls()))
}

/// Shows why nothing is written, where all or nothing was wanted.
fn refuse_all(
    prepared: Vec<Prepared>,
    calls: (usize, usize),
    args: &Args,
    json: bool,
    session: &mut Session,
) -> Exit {
    let refused = prepared.into_iter().map(Prepared::refused).collect();
    show::outcome(refused, calls, args, json, session);
    Exit::Failed
}

/// The failure of an environment that is not there; where others name publish for a new one, this
/// command has the option itself.
fn with_own_option(mut failure: Failure) -> Failure {
    if failure.code != Some(code::UNKNOWN_ENVIRONMENT) {
        return failure;
    }
    failure.hints.pop();
    failure.hint(
        "to make a new one, add --create-env, or write it under `environments:` in promptctl.yaml",
    )
}

/// What is wanted, with the versions that are here already.
fn with_what_is_here(wanted: Vec<Wanted>, here: &ImportedPrompts, args: &Args) -> Vec<Wanted> {
    wanted
        .into_iter()
        .map(|mut wanted| {
            wanted.wish.have = here.versions_of(&wanted.wish.id, args.name.as_ref());
            let imported = here.imported(&wanted.wish.id, args.name.as_ref());
            wanted.wish.is_edited = imported.is_some_and(|imported| imported.is_edited);
            wanted
        })
        .collect()
}

fn recovery(args: &Args, session: &mut Session) -> Result<Recovery, Failure> {
    let user = UserConfig::read(session.environ.user_config.as_deref())?;
    let mut apis = Vec::new();
    for variable in &args.key_env {
        let api = user.api_with_key(DEFAULT_PROVIDER, variable, &session.environ);
        apis.push(api.map_err(without_key)?);
    }
    if apis.is_empty() {
        apis.push(
            user.api(DEFAULT_PROVIDER, &session.environ)
                .map_err(without_key)?,
        );
    }
    let mut keys = Vec::new();
    for api in apis {
        if let Some(client) = Caller::new(&api, None)?.client() {
            keys.push(Keyed {
                variable: api.key_variable,
                client: client.with_retries(RETRIES),
            });
        }
    }
    let own = user.own_prices(&session.environ)?;
    let now = session.now;
    let limits = Limits {
        which: args.version.clone().unwrap_or_default(),
        max_cost: args.max_cost,
        model: args.model.clone(),
    };
    let random = RandomState::new().build_hasher().finish();
    Ok(Recovery::new(keys, random, limits, move |model| {
        price_of(DEFAULT_PROVIDER, model, now, &own)
    }))
}

/// What else can be done without a key.
pub(super) fn without_key(failure: Failure) -> Failure {
    match failure.code {
        Some(code::NO_KEY) => failure
            .hint("the key must be of the project that the prompts belong to; --key-env VARIABLE takes it from another variable")
            .hint("saved answers are read without one: promptctl import answer.json"),
        _ => failure,
    }
}

/// Waits for the network, until Ctrl-C.
pub(super) fn wait<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let outcome = block_on(async {
        match select(std::pin::pin!(work), std::pin::pin!(interrupted())).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    })?;
    outcome.ok_or_else(|| Failure {
        code: None,
        exit: Exit::Interrupted,
        message: "interrupted: nothing was written".to_owned(),
        location: None,
        hints: Vec::new(),
        cause: None,
    })
}

/// Whether the person agrees to calls that cost something; who cannot be asked has agreed by
/// calling, up to `--max-cost`.
fn confirmed(known: &[KnownPrompt], args: &Args, session: &mut Session) -> bool {
    if args.yes || !session.ui.can_ask() {
        return true;
    }
    let calls = show::calls_to_come(known) + if args.prove { known.len() } else { 0 };
    let at_least = if known.iter().any(|known| known.found.is_none()) {
        "at least "
    } else {
        ""
    };
    let question = format!(
        "{}: {at_least}{} that OpenAI bills, each closed at its first event, {}. Go on?",
        count(known.len(), "prompt"),
        count(calls, "call"),
        show::at_most(args)
    );
    session.ui.confirm(&question)
}

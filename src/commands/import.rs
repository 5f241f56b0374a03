//! `promptctl import`.

mod draft;
pub(super) mod files;
mod imported;
mod inputs;
mod number;
mod publish;
mod record;
mod save;
mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use futures_util::future::{Either, select};

use super::common::{FormatArg, count};
use super::gate::Gate;
use super::session::Session;
use crate::config::UserConfig;
use crate::error::{Exit, Failure};
use crate::exchange::format::{FORMATS, Format};
use crate::execute::Caller;
use crate::execute::recover::{
    Keyed, KnownPrompt, Limits, Recovered, Recovery, RecoveryRequest, VersionSelection,
};
use crate::openai::client::{block_on, interrupted};
use crate::openai::prices::price_of;
use crate::openai::provider::DEFAULT_PROVIDER;
use crate::prompt::code;
use crate::prompt::name::{Environment, PromptName};
use crate::releases::Store;
use crate::scan::ValueKind;

use imported::{ImportedPrompts, Names};
use inputs::Wanted;
use save::{ImportResult, Prepared};

/// How often a call is sent again where the API is busy.
const RETRIES: u32 = 5;

/// Bring prompts of other tools here, and stored prompts of OpenAI's
///
/// Files of other tools become prompt files, in one commit; what a template or a file here cannot say
/// is reported with its place, or refused. Imported again, what changed in the source is merged into
/// what changed here. Nothing of a source is run, and nothing of the environment is read.
///
///   promptctl import prompts/                      all that is found there
///   promptctl import --from langfuse export.json   the format named
///
/// Stored prompts: OpenAI has no export. A call with a stored prompt is answered with the prompt's messages, filled
/// in: so each version is called once with a mark for every variable, the connection is closed at
/// the first event, before the model has answered, and the template is read off. It is rendered
/// again and compared before anything is written. Each version becomes one commit, under its number.
///
///   promptctl import pmpt_…                        one prompt
///   promptctl scan --ids --format json | promptctl import - --publish production
///   promptctl import answer.json                   a saved answer, offline
///
/// What it costs: one call a version, one a prompt and one a model; refused calls are free. --dry-run
/// asks only what is free. Run again it takes what is new, and what a killed run did not get to.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(after_long_help = "\
Exit codes: 3 if a prompt or a part of one did not come, or a limit was reached; 1 if none came.
More: promptctl help moving-in, stored-prompts

Examples:
  promptctl import genkit/prompts --into genkit  # a folder of Dotprompt files
  promptctl import chat.prompty --dry-run        # what would be written
  promptctl import pmpt_… --name support/reply   # one prompt
  promptctl import answer.json                   # a saved answer, offline
  promptctl scan --ids --format json | promptctl import - --publish production")]
pub(super) struct Args {
    /// Files and folders of other tools; or ids (pmpt_…), saved answers (FILE.json), and what
    /// `scan --ids --format json` printed (FILE, or `-` for standard input)
    #[arg(value_name = "SOURCE", required = true, value_hint = clap::ValueHint::AnyPath)]
    sources: Vec<String>,
    /// The format of the files; without it, what their names and forms say
    #[arg(long, value_name = "FORMAT", value_parser = FromArg::parser())]
    from: Option<FromArg>,
    /// The role of a text that names none
    #[arg(long, value_name = "ROLE", default_value = "user", value_parser = ["system", "developer", "user"])]
    role: String,
    /// Leave out what keeps blank lines of Jinja's and Nunjucks' blocks; what changes by that is told
    #[arg(long)]
    tidy: bool,
    /// Say with which commands the versions become live that labels and aliases name there; each label
    /// is the name of an environment, and nothing is published
    #[arg(long)]
    labels_as_environments: bool,
    /// Take the source's text where the prompt was edited here, too
    #[arg(long)]
    force: bool,
    /// The prompt's name here; without it, that of the file, scan's proposal or imported/…
    #[arg(long, value_name = "NAME")]
    name: Option<PromptName>,
    /// Put new prompts below this folder of names
    #[arg(long, value_name = "DIR")]
    into: Option<String>,
    /// Which versions: up to the current one and those that the code asks for, or `all`, `current`,
    /// `used` (current, and what the code asks for), or a number
    #[arg(long, value_name = "WHICH", value_parser = parse_which)]
    version: Option<VersionSelection>,
    /// A variable that the prompt has; more than once for more
    #[arg(long, value_name = "NAME")]
    var_name: Vec<String>,
    /// The variable of the environment that holds the key; more than once for the keys of several
    /// projects, tried in turn
    #[arg(long, value_name = "VARIABLE")]
    key_env: Vec<String>,
    /// Make the current version live in this environment, and tag the others
    #[arg(long, value_name = "ENV", add = super::completions::environments())]
    publish: Option<Environment>,
    /// With --publish: make the environment, where it is a new one
    #[arg(long, requires = "publish")]
    create_env: bool,
    /// With --publish: make the tags here and send them later with promptctl push
    #[arg(long, requires = "publish")]
    no_push: bool,
    /// The model that answers for one that is gone
    #[arg(long, value_name = "MODEL", add = super::completions::models())]
    model: Option<String>,
    /// Write settings that equal the API's own, too
    #[arg(long)]
    keep_defaults: bool,
    /// Stop before the calls could cost more, in US dollars, counted as if none was closed early;
    /// models whose price is not known are not counted, and 0 is no limit
    #[arg(long, value_name = "USD", default_value_t = 5.0)]
    max_cost: f64,
    /// Ask what is free, say what would be called, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// With --dry-run: ask nothing at all
    #[arg(long, requires = "dry_run")]
    offline: bool,
    /// One more call a prompt, with awkward values: proves that OpenAI changes none
    #[arg(long)]
    prove: bool,
    /// Write nothing unless every prompt comes whole
    #[arg(long)]
    strict: bool,
    /// Write the last version of each into its file, and do not commit
    #[arg(long, conflicts_with = "publish")]
    no_commit: bool,
    /// The message of the commits, and of the releases; without it, what was imported
    #[arg(short, long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    message: Option<String>,
    /// Do not ask before the calls that cost something
    #[arg(short, long)]
    yes: bool,
    /// Make the calls that show how the API behaves, with the first id, and write them to DIR,
    /// without secrets; nothing is imported
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, conflicts_with_all = ["publish", "dry_run"])]
    record_calls: Option<std::path::PathBuf>,
    #[command(flatten)]
    format: FormatArg,
}

fn parse_which(text: &str) -> Result<VersionSelection, String> {
    match text {
        "all" => Ok(VersionSelection::All),
        "current" => Ok(VersionSelection::Current),
        "used" => Ok(VersionSelection::Used),
        number => match number.trim_start_matches('v').parse() {
            Ok(number) if number > 0 => Ok(VersionSelection::One(number)),
            _ => Err("write all, current, used or a number".to_owned()),
        },
    }
}

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FromArg {
    /// Stored prompts, by their ids or from saved answers.
    Openai,
    /// Files.
    File(Format),
}

impl FromArg {
    fn parser() -> impl clap::builder::TypedValueParser<Value = Self> {
        use clap::builder::TypedValueParser as _;
        let names = std::iter::once("openai").chain(FORMATS.iter().map(|row| row.name));
        let names: Vec<&'static str> = names.collect();
        clap::builder::PossibleValuesParser::new(names)
            .map(|name| Format::find(&name).map_or(Self::Openai, Self::File))
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    if let Some(files) = files::find(args, session)? {
        return files::run(&files, args, session);
    }
    files::refuse_options_of_files(args)?;
    let inputs = inputs::read(args, session)?;
    if let Some(folder) = &args.record_calls {
        let first = inputs.wanted.first().ok_or_else(|| {
            Failure::usage("name the id of a stored prompt to make the calls with")
        })?;
        return record::run(first, args, folder, session);
    }
    let ids: BTreeSet<&str> = inputs
        .wanted
        .iter()
        .map(|wanted| wanted.wish.id.as_str())
        .chain(
            inputs
                .saved
                .iter()
                .filter_map(|saved| saved.echo.id.as_deref()),
        )
        .collect();
    if args.name.is_some() && ids.len() > 1 {
        return Err(Failure::usage("--name names one prompt, and several were given")
            .hint("import them one by one, or leave --name out: scan proposes names, and --into DIR puts them below a folder"));
    }
    let (store, config) = session.store()?;
    store.require_working_copy()?;
    if let Some(environment) = &args.publish {
        let asks = !args.no_push && !args.dry_run;
        if !args.create_env {
            super::release_args::require_environment(environment, asks, &store, &config)
                .map_err(with_own_option)?;
        }
    }
    if !args.dry_run && !args.no_commit {
        store.require_identity()?;
    }
    let is_set_up = store.config_text()?.is_some() || !store.list().files.is_empty();
    let asked = inputs
        .wanted
        .iter()
        .map(|wanted| wanted.wish.id.clone())
        .collect();
    let here = ImportedPrompts::read(&store, asked, Gate::new(&config, session))?;
    let mut prepared = Vec::new();
    let mut calls = (0, 0);
    for saved in inputs.saved {
        prepared.push(save::saved(saved, args, &here));
    }
    if !inputs.wanted.is_empty() {
        let wanted = with_what_is_here(inputs.wanted, &here, args);
        if args.dry_run && args.offline {
            return Ok(show::offline(&wanted, (&here, &store), args, json, session));
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
                && let Err(failure) = taken.take(&wish.id, proposed, args, &here, &store)
            {
                *looked = Err(failure);
            }
        }
        if args.dry_run {
            let exit = show::plan(&looked, &names, &here, args, json, session);
            show::not_set_up(is_set_up, session);
            return Ok(exit);
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
            prepared.extend(
                known
                    .iter()
                    .map(|known| Prepared::not_asked(&known.wish.id)),
            );
            return Ok(refuse_all(prepared, recovery.calls(), args, json, session));
        }
        show::silent(&known, session);
        if !known.is_empty() && !confirmed(&known, args, session) {
            session
                .ui
                .status("nothing was called that costs anything, and nothing was written");
            return Ok(Exit::Failed);
        }
        let recovered: Vec<Recovered> = wait(async {
            let mut all = recovery.fetch(known).await;
            for recovered in all.iter_mut().filter(|_| args.prove) {
                recovery.prove(recovered).await;
            }
            all
        })?;
        calls = recovery.calls();
        for recovered in recovered {
            let name = names.get(&recovered.id).cloned().flatten();
            prepared.push(save::recovered(recovered, name.as_deref(), args));
        }
    }
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
fn without_key(failure: Failure) -> Failure {
    match failure.code {
        Some(code::NO_KEY) => failure
            .hint("the key must be of the project that the prompts belong to; --key-env VARIABLE takes it from another variable")
            .hint("saved answers are read without one: promptctl import answer.json"),
        _ => failure,
    }
}

/// Waits for the network, until Ctrl-C.
fn wait<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
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

/// The variables of `--var-name`, added to what the code sends.
fn add_variables(wish: &mut RecoveryRequest, names: &[String]) {
    for name in names {
        wish.variables
            .entry(name.clone())
            .or_insert(ValueKind::Text);
    }
}

/// The inputs of one id, united.
fn unite(all: Vec<Wanted>) -> Vec<Wanted> {
    let mut order: Vec<String> = Vec::new();
    let mut by_id: BTreeMap<String, Wanted> = BTreeMap::new();
    for wanted in all {
        match by_id.get_mut(&wanted.wish.id) {
            Some(known) => {
                known.wish.pinned.extend(wanted.wish.pinned);
                for (name, kind) in wanted.wish.variables {
                    let before = known.wish.variables.entry(name).or_insert(kind);
                    *before = (*before).max(kind);
                }
                known.name = known.name.take().or(wanted.name);
            }
            None => {
                order.push(wanted.wish.id.clone());
                by_id.insert(wanted.wish.id.clone(), wanted);
            }
        }
    }
    order
        .into_iter()
        .filter_map(|id| by_id.remove(&id))
        .collect()
}

/// The numbers among versions as the code writes them.
fn numbers<'a>(versions: impl Iterator<Item = &'a str>) -> BTreeSet<u64> {
    versions
        .filter_map(|version| version.parse().ok())
        .filter(|version| *version > 0)
        .collect()
}

/// Whether the store has a prompt of this name.
fn has_prompt(store: &Store, name: &PromptName) -> bool {
    store
        .list()
        .files
        .iter()
        .any(|file| file.name.as_str().eq_ignore_ascii_case(name.as_str()))
}

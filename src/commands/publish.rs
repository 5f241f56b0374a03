//! `promptctl publish`.

mod all;
mod args;

use super::aftermath::{env_option, listed, print_changes, say_next, say_pending, say_unpushed};
use super::common::{ago_and_when, all_or_why_not, count, warn_all};
use super::gate::Gate;
use super::interrupt::ReleaseWatch;
use super::publishing::publish;
use super::release_args::{agree, require_environment};
use super::rules::branches_of;
use super::session::Session;
use super::typed::{Typed, expanded};
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::prompt::code::{self};
use crate::prompt::name::PromptName;
use crate::prompt::reference::{Reference, Selector};
use crate::releases::{Action, Change, Options, Release, Store, not_committed, require_bumped};

pub(super) use args::Args;

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.release.format.is_json();
    let (store, config) = args.release.store(session)?;
    // What can be said without the remote is said before it is asked.
    args.release.publish_options(&args.env, &store, &config)?;
    if !args.create_env {
        require_environment(&args.env.env, !args.release.no_push, &store, &config)?;
    }
    if args.all {
        return all::publish_all(args, &store, &config, json, session);
    }
    args.release.get_ready(&store);
    let references = expanded(&args.references, &store, session)?;
    let names: Vec<&PromptName> = references.iter().map(|it| &it.name).collect();
    let options = ask_and_check(args, &names, &store, &config)?;
    let mut changed = Vec::new();
    let mut wanted = Vec::new();
    let mut refused = Vec::new();
    for reference in references {
        // What a reference to a release means may change with the releases made before it.
        let loaded = match reference.selector {
            Selector::WorkingCopy => match store.load(&reference) {
                Ok(loaded) => Some(loaded),
                Err(failure) => {
                    refused.push(failure);
                    continue;
                }
            },
            Selector::Version(_) | Selector::Named(_) => None,
        };
        let state = match &loaded {
            Some(loaded) => release_state(loaded, &store, &options, session),
            None => ReleaseState::New,
        };
        match state {
            ReleaseState::OlderThanReleased(failure) if args.names(&reference) => {
                refused.push(failure);
            }
            ReleaseState::OlderThanReleased(failure) => session.ui.warning(failure.message),
            ReleaseState::Live => wanted.push((reference, loaded)),
            ReleaseState::New => {
                changed.push(reference.name.clone());
                wanted.push((reference, loaded));
            }
        }
    }
    all_or_why_not(refused.into_iter().map(Err::<(), _>), session)?;
    ask(args, &changed, session)?;
    let gate = Gate::new(&config, session);
    let names: Vec<PromptName> = wanted.iter().map(|(it, _)| it.name.clone()).collect();
    let interrupt = ReleaseWatch::new(&store);
    let mut changes = Vec::new();
    for (at, (reference, loaded)) in wanted.into_iter().enumerate() {
        if interrupt.came() {
            print_changes(&changes, json, args.release.dry_run, &store, session);
            return Err(stopped_at(at, &names, &interrupt, &store));
        }
        let loaded = loaded.map_or_else(|| store.load(&reference), Ok);
        let change = publish_one(&reference, loaded, args, &store, &options, &gate, session);
        match change {
            Ok(change) => changes.extend(change),
            // What was released stays released and is printed before the error.
            Err(failure) => {
                if !changes.is_empty() {
                    print_changes(&changes, json, args.release.dry_run, &store, session);
                }
                return Err(match interrupt.came() {
                    // A git that was stopped says nothing worth telling.
                    true => stopped_at(at, &names, &interrupt, &store),
                    false => failure,
                });
            }
        }
    }
    print_changes(&changes, json, args.release.dry_run, &store, session);
    say_unpushed(&changes, &options.rules, &store, session);
    if !args.release.dry_run {
        say_pending(&changes, &store, &options, session);
        say_next(&changes, &args.env.env, json, session);
    }
    Ok(Exit::Done)
}

/// That somebody stopped a publish before all prompts were released.
fn stopped_at(at: usize, names: &[PromptName], interrupt: &ReleaseWatch, store: &Store) -> Failure {
    let done = match (at, names) {
        (0, _) => "nothing was published".to_owned(),
        _ => format!("{} published", listed(&names[..at])),
    };
    let rest: Vec<&PromptName> = names.iter().skip(at).collect();
    interrupt.stopped(&done, &rest, store)
}

impl Args {
    /// Whether a prompt is named as itself, and not by a folder or a pattern alone.
    fn names(&self, reference: &Reference) -> bool {
        let is_it = |typed: &Typed| matches!(typed, Typed::One(one) if one == reference);
        self.references.iter().any(is_it)
    }
}

/// What a reference is to the releases of the environment.
enum ReleaseState {
    /// It changes what is live.
    New,
    /// It is live already.
    Live,
    /// The file has a version that was overtaken, rolled back or taken out there. Who says no version
    /// may not know it.
    OlderThanReleased(Failure),
}

fn release_state(
    loaded: &Loaded,
    store: &Store,
    options: &Options,
    session: &Session,
) -> ReleaseState {
    let (name, environment) = (&loaded.name, &options.environment);
    // What cannot be read is told when it is released.
    let Ok(releases) = store.releases(name, environment) else {
        return ReleaseState::New;
    };
    if loaded.is_dirty() {
        return ReleaseState::New;
    }
    let version = loaded.version();
    let was_released = |release: &Release| {
        release.action == Action::Publish && !release.pending && release.version >= version
    };
    let Some(newest) = releases.newest() else {
        return ReleaseState::New;
    };
    if newest.action != Action::Unpublish && newest.version == version {
        return ReleaseState::Live;
    }
    if !releases.entries.iter().any(was_released) {
        return ReleaseState::New;
    }
    let (by, live) = (&newest.by, newest.version);
    let when = ago_and_when(session.now, newest.time);
    let what = match newest.action {
        Action::Publish => format!(
            "{name} {live} is live in {environment}, above {version}, which the file has: {by} published it {when}"
        ),
        Action::Rollback => format!(
            "{name} {version} is not new in {environment}: {by} rolled it back to {live} {when}"
        ),
        Action::Unpublish => {
            format!("{name} {version} is not new in {environment}: {by} took the prompt out {when}")
        }
    };
    let why = match newest.has_own_message() {
        true => format!("{what}: {}", newest.message),
        false => what,
    };
    let option = env_option(environment);
    ReleaseState::OlderThanReleased(Failure::new(code::OLDER_THAN_RELEASED, why).hint(format!(
        "promptctl publish {name}@{version}{option} makes {version} live all the same"
    )))
}

/// Asks where a folder or a pattern may mean more than the person thinks.
fn ask(args: &Args, names: &[PromptName], session: &mut Session) -> Result<(), Failure> {
    let has_pattern = |typed: &Typed| matches!(typed, Typed::Pattern(_));
    let is_by_pattern = args.references.iter().any(has_pattern);
    if args.yes.yes || args.release.dry_run || !is_by_pattern || names.is_empty() {
        return Ok(());
    }
    let prompts = count(names.len(), "prompt");
    let (environment, names) = (&args.env.env, listed(names));
    agree(
        &format!("Publish {prompts} to {environment} ({names})?"),
        session,
    )
}

/// Fetches the tags of these prompts, the default branch and the branches of the rules, and reads the
/// rules as they are then: neither a rule nor a removed key of yesterday may decide.
fn ask_and_check(
    args: &Args,
    names: &[&PromptName],
    store: &Store,
    config: &Config,
) -> Result<Options, Failure> {
    let known = branches_of(store, config);
    store.ask_remote(names, &known, !args.release.no_push)?;
    let mut options = args.release.publish_options(&args.env, store, config)?;
    options.allowed.clone_from(&args.allow);
    let is_new = |branch: &&String| !known.contains(branch);
    if args.release.pushes(store)
        && !args.release.dry_run
        && options.rules.branches.iter().any(|it| is_new(&it))
    {
        store.ask_remote(names, &options.rules.branches, true)?;
    }
    Ok(options)
}

fn publish_one(
    reference: &Reference,
    loaded: Result<Loaded, Failure>,
    args: &Args,
    store: &Store,
    options: &Options,
    gate: &Gate,
    session: &mut Session,
) -> Result<Option<Change>, Failure> {
    let loaded = publishable(reference, loaded?, store, session)?;
    let name = loaded.name.clone();
    let version = loaded.version();
    let change = publish(store, loaded, options, gate, args.release.dry_run, session)?;
    if change.is_none() {
        session.ui.status(format!(
            "{name} {version} is live in {} already: nothing to do",
            options.environment
        ));
    }
    Ok(change)
}

/// The content that a reference names, checked to be committed and valid.
fn publishable(
    reference: &Reference,
    loaded: Loaded,
    store: &Store,
    session: &mut Session,
) -> Result<Loaded, Failure> {
    if !matches!(reference.selector, Selector::Version(_)) {
        store.require_one_file(&reference.name)?;
    }
    if reference.selector == Selector::WorkingCopy && loaded.is_dirty() {
        return Err(uncommitted(&loaded, store));
    }
    require_bumped(&loaded)?;
    warn_all(session, &loaded.document.warnings);
    Ok(loaded)
}

fn uncommitted(loaded: &Loaded, store: &Store) -> Failure {
    let failure = not_committed(loaded);
    match store.committed(&loaded.name) {
        Ok(Some(_)) => failure.hint(format!(
            "promptctl publish {}@HEAD publishes what is committed",
            loaded.name
        )),
        _ => failure,
    }
}

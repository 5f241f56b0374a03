//! `promptctl rollback`.

mod effect;

use jiff::SignedDuration;

use self::effect::{ComesBack, Effect, goes_and_comes};
use super::aftermath::listed;
use super::common::{EnvArg, ago, count, parse_version};
use super::in_turn::InTurn;
use super::release_args::{ReleaseArgs, YesArg, agree};
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::code;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::reference::Selector;
use crate::prompt::version::Version;
use crate::releases::{
    Action, Change, Options, Planned, Release, ReleaseRequest, RollbackTarget, State, Store,
};

const AFTER_HELP: &str = "\
Exit codes: 3 if somebody else has just rolled back, or nothing below counts as signed; 4 if the remote \
refuses the tag.
More: promptctl help releases

Examples:
  promptctl rollback support/triage -m \"Refuses refunds\"
  promptctl rollback support/triage v1 --dry-run
  promptctl rollback support/triage@v1
  promptctl rollback support/triage --undo v1   # for scripts: can be repeated";

/// A second rollback so soon may be the slip of somebody who saw no effect of the first.
const SOON: SignedDuration = SignedDuration::from_mins(10);

/// Make the version live again that was live before
///
/// A second rollback goes one further back, and never forward again. Nothing that was published is
/// lost: promptctl publish NAME@vN releases any version again. Where somebody else has rolled back
/// since this clone last looked, it asks before it goes one further; a script says --undo VERSION, which
/// can be repeated. On a terminal it also asks before it rolls back several prompts, or one for the
/// second time within ten minutes; Enter is no.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(super) struct Args {
    /// The prompts, each with the version to go back to, where it is further down: NAME@v1 or NAME v1
    #[arg(value_name = "NAME", required = true, value_parser = parse_word, add = super::candidates::references())]
    words: Vec<Word>,
    /// The version to go back to, of the one prompt that is named
    #[arg(long, value_name = "VERSION", value_parser = parse_version, conflicts_with_all = ["undo", "again"], add = super::candidates::versions())]
    to: Option<Version>,
    /// Go back only if this version is live; otherwise it is done already
    #[arg(long, value_name = "VERSION", value_parser = parse_version, conflicts_with = "again", add = super::candidates::versions())]
    undo: Option<Version>,
    /// Go one version further back, also where somebody else has just rolled back
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    yes: YesArg,
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    release: ReleaseArgs,
}

/// What stands between the options.
#[derive(Debug, Clone)]
enum Word {
    /// A prompt, perhaps with the version to go back to.
    Prompt(PromptName, Option<Version>),
    /// The version of the prompt before it. No prompt can have such a name.
    Version(Version),
}

fn parse_word(text: &str) -> Result<Word, String> {
    if let Ok(version) = parse_version(text) {
        return Ok(Word::Version(version));
    }
    let reference = super::typed::reference(text).map_err(|it| it.to_string())?;
    let version = match reference.selector {
        Selector::WorkingCopy => None,
        Selector::Version(version) => Some(version),
        Selector::Named(word) => Some(parse_version(&word).map_err(|_| {
            format!(
                "`@{word}` is no version: write {}@v1; --env says where",
                reference.name
            )
        })?),
    };
    Ok(Word::Prompt(reference.name, version))
}

impl Args {
    /// The prompts that are meant, each with where it goes.
    fn wanted(&self) -> Result<Vec<(&PromptName, RollbackTarget)>, Failure> {
        let mut wanted: Vec<(&PromptName, Option<Version>)> = Vec::new();
        for word in &self.words {
            match word {
                Word::Prompt(name, _) if wanted.iter().any(|(other, _)| *other == name) => {
                    return Err(Failure::usage(format!("{name} is named twice"))
                        .hint("--to says how far back it goes"));
                }
                Word::Prompt(name, version) => wanted.push((name, *version)),
                Word::Version(version) => match wanted.last_mut() {
                    Some((_, of_last @ None)) => *of_last = Some(*version),
                    Some((name, Some(other))) => {
                        return Err(Failure::usage(format!(
                            "{name} cannot go back to {other} and to {version}"
                        )));
                    }
                    None => {
                        return Err(Failure::usage(format!(
                            "{version} stands before the name of the prompt"
                        ))
                        .hint(format!("promptctl rollback NAME {version}")));
                    }
                },
            }
        }
        let of_one = match (self.to, self.undo) {
            (Some(_), _) => Some("--to"),
            (_, Some(_)) => Some("--undo"),
            _ => None,
        };
        if let Some(option) = of_one
            && let Some((name, version)) = wanted.last()
        {
            if wanted.len() > 1 {
                return Err(Failure::usage(format!("{option} is about one prompt"))
                    .hint("promptctl rollback ONE@v1 OTHER@v2 says a version for each"));
            }
            if let Some(version) = version {
                return Err(Failure::usage(format!(
                    "{name} goes back to {version} by its name already: leave {option} out"
                )));
            }
        }
        let back = |version: Option<Version>| match (version.or(self.to), self.undo) {
            (Some(version), _) => RollbackTarget::To(version),
            (None, Some(version)) => RollbackTarget::Undo(version),
            (None, None) => RollbackTarget::Below { again: self.again },
        };
        let wanted = wanted.into_iter();
        Ok(wanted
            .map(|(name, version)| (name, back(version)))
            .collect())
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.release.format.is_json();
    let wanted = args.wanted()?;
    let names: Vec<&PromptName> = wanted.iter().map(|(name, _)| *name).collect();
    let (store, config) = args.release.store(session)?;
    let options = args
        .release
        .options(&names, &args.env, &store, &config, session)?;
    let mut plans = Vec::new();
    let mut failures = Vec::new();
    for (name, back) in &wanted {
        match plan(name, *back, &store, &options, session) {
            Ok(Some(planned)) => plans.push(planned),
            Ok(None) => say_done(name, &args.env.env, &store, session)?,
            Err(failure) => failures.push(failure),
        }
    }
    if !failures.is_empty() {
        return Err(none_rolled_back(failures, &names, session));
    }
    let was_asked = ask(args, &wanted, &plans, session)?;
    let turns = InTurn {
        did: "rolled back",
        release: &args.release,
        store: &store,
        options: &options,
        is_one: names.len() == 1,
    };
    turns.run(plans, session, |planned, session| {
        let mut effect = Effect::new(&planned, was_asked || json, session);
        let change = make(args, planned, &mut effect, &store, &options, session)?;
        turns.tell(&change, session);
        effect.say(args.release.dry_run, session);
        Ok(change)
    })
}

/// Why nothing is rolled back. Each prompt has its own reason, and each is told: this clone has seen by
/// now what somebody else did to any of them, and would not say it again.
fn none_rolled_back(
    failures: Vec<Failure>,
    names: &[&PromptName],
    session: &mut Session,
) -> Failure {
    let exit = failures.first().map_or(Exit::Failed, |first| first.exit);
    let mut failures = failures.into_iter();
    let last = failures.next_back();
    for failure in failures {
        session.ui.failure(&failure);
    }
    let last = last.unwrap_or_else(|| Failure::usage("nothing was changed"));
    match names {
        [_] => last,
        _ => last.exit(exit).hint(format!(
            "none of them was rolled back: {}",
            listed(names.iter().copied())
        )),
    }
}

/// Makes the change, unless this is a dry run.
fn make(
    args: &Args,
    planned: Planned,
    effect: &mut Effect,
    store: &Store,
    options: &Options,
    session: &Session,
) -> Result<Change, Failure> {
    let change = planned.change().clone();
    if args.release.dry_run {
        effect.back = ComesBack::new(&change, store, session);
        return Ok(change);
    }
    let releasing = store.begin_release(planned, options)?;
    // Found out while git makes the tag.
    if !session.ui.is_quiet() {
        effect.back = ComesBack::new(&change, store, session);
    }
    releasing.finish()
}

/// Asks where a rollback may not be meant: of several prompts, or of one that has just been rolled back.
/// Says whether it showed what goes and what comes back.
fn ask(
    args: &Args,
    wanted: &[(&PromptName, RollbackTarget)],
    plans: &[Planned],
    session: &mut Session,
) -> Result<bool, Failure> {
    if args.yes.yes || args.release.dry_run || !session.ui.can_ask() {
        return Ok(false);
    }
    let environment = &args.env.env;
    let question = match plans {
        [] => return Ok(false),
        [planned] if wanted.len() == 1 => {
            // Who says a version or `--again` means it.
            let is_bare = matches!(wanted, [(_, RollbackTarget::Below { again: false })]);
            let again = planned
                .live()
                .filter(|live| is_bare && is_soon(live, session));
            let Some(live) = again else {
                return Ok(false);
            };
            format!(
                "{} rolled it back to {} {}. Roll it back once more?",
                live.by,
                live.version,
                ago(session.now, live.time)
            )
        }
        _ => format!(
            "Roll back {} in {environment}?",
            count(plans.len(), "prompt")
        ),
    };
    for planned in plans {
        session
            .ui
            .status_always(format!("{} in {environment}", planned.change().name));
        for line in goes_and_comes(planned, session) {
            session.ui.status_always(line);
        }
    }
    agree(&question, session)?;
    Ok(true)
}

fn is_soon(live: &Release, session: &Session) -> bool {
    live.action == Action::Rollback && session.now.duration_since(live.time) < SOON
}

/// Decides where the rollback of a prompt goes. On a terminal, what a script must say by an option is
/// asked.
fn plan(
    name: &PromptName,
    back: RollbackTarget,
    store: &Store,
    options: &Options,
    session: &mut Session,
) -> Result<Option<Planned>, Failure> {
    let plan = |back| store.plan(name, &ReleaseRequest::Rollback(back), options);
    let failure = match plan(back) {
        Ok(planned) => return Ok(planned),
        Err(failure) => failure,
    };
    if !session.ui.can_ask() {
        return Err(failure);
    }
    let (question, back) = match failure.code {
        Some(code::UNSEEN_ROLLBACK) => (
            "Go one version further back?".to_owned(),
            RollbackTarget::Below { again: true },
        ),
        Some(code::UNTRUSTED) => match store.unsigned_target(name, options)? {
            Some(version) => (
                format!("Roll back to {version} all the same?"),
                RollbackTarget::To(version),
            ),
            None => return Err(failure),
        },
        _ => return Err(failure),
    };
    session.ui.warning(&failure);
    if session.ui.confirm(&question) {
        plan(back)
    } else {
        Err(failure)
    }
}

/// That it is done already, with what is live.
fn say_done(
    name: &PromptName,
    environment: &Environment,
    store: &Store,
    session: &mut Session,
) -> Result<(), Failure> {
    let live = match store.state(name, environment)? {
        State::Live(active) => format!(
            "{name} {} is live in {environment} already ({} made release {}): nothing to do",
            active.version, active.by, active.number
        ),
        _ => format!("nothing of {name} is live in {environment}: nothing to do"),
    };
    session.ui.status(live);
    Ok(())
}

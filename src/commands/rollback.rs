//! `promptctl rollback`.

use super::common::EnvArg;
use super::publish::{ReleaseArgs, print_changes, say_pending};
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::openai::models::ends_on;
use crate::prompt::code;
use crate::prompt::diff::{Impact, Side, compare};
use crate::prompt::name::PromptName;
use crate::prompt::reference::Reference;
use crate::prompt::version::Version;
use crate::releases::{Change, Options, Planned, ReleaseRequest, RollbackTarget, State, Store};

/// How to roll back where promptctl is not at hand, and examples. Tests run both.
const AFTER_HELP: &str = "\
Without promptctl, git alone makes the same tag. Say for NAME and ENV what is meant, for VERSION the \
version to go back to, for LIVE the number of the newest release and for NEXT the one after it, for BELOW \
the number of the release that lay below VERSION's, or none:

    git fetch origin '+refs/tags/prompts/*:refs/promptctl/origin/prompts/*'
    digest=$(git tag -l --format='%(contents)' prompts/NAME/vVERSION | sed -n 's/^Digest: //p')
    git tag -a --cleanup=verbatim -F - prompts/NAME/ENV/NEXT 'prompts/NAME/vVERSION^{}' <<END
    Roll back by hand

    Prompt: NAME
    Version: VERSION
    Digest: $digest
    Environment: ENV
    Action: rollback
    Under: BELOW
    Previous: $(git rev-parse refs/promptctl/origin/prompts/NAME/ENV/LIVE)
    END
    git push origin refs/tags/prompts/NAME/ENV/NEXT

Without the line `Previous:` it goes live as well, and promptctl verify says that the chain is broken \
there.

Exit codes: 3 if somebody else has just rolled back, or nothing below counts as signed; 4 if the remote \
refuses the tag.
More: promptctl help releases

Examples:
  promptctl rollback support/triage -m \"Refuses refunds\"
  promptctl rollback support/triage --to v1 --dry-run
  promptctl rollback support/triage --undo v1   # for scripts: can be repeated";

/// Make the version live again that was live before
///
/// A second rollback goes one further back, and never forward again. Nothing that was published is
/// lost: promptctl publish NAME@vN releases any version again. Where somebody else has rolled back
/// since this clone last looked, it asks before it goes one further; a script says --undo VERSION, which
/// can be repeated.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(super) struct Args {
    /// The prompt
    #[arg(value_parser = super::typed::name, add = super::completions::names())]
    name: PromptName,
    /// The version to go back to, where it is further down
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["undo", "again"])]
    to: Option<Version>,
    /// Go back only if this version is live; otherwise it is done already
    #[arg(long, value_name = "VERSION", conflicts_with = "again")]
    undo: Option<Version>,
    /// Go one version further back, also where somebody else has just rolled back
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    release: ReleaseArgs,
}

impl Args {
    fn back(&self) -> RollbackTarget {
        match (self.to, self.undo) {
            (Some(version), _) => RollbackTarget::To(version),
            (None, Some(version)) => RollbackTarget::Undo(version),
            (None, None) => RollbackTarget::Below { again: self.again },
        }
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.release.format.is_json();
    let (store, config) = args.release.store(session)?;
    let options = args
        .release
        .options(&[&args.name], &args.env, &store, &config, session)?;
    let Some(planned) = plan(args, &store, &options, session)? else {
        say_done(args, &store, json, session)?;
        return Ok(Exit::Done);
    };
    let mut back = ComesBack::default();
    let change = if args.release.dry_run {
        back = ComesBack::new(planned.change(), &store, session);
        planned.change().clone()
    } else {
        let change = planned.change().clone();
        let releasing = store.begin_release(planned, &options)?;
        // Found out while git makes the tag.
        if !session.ui.is_quiet() {
            back = ComesBack::new(&change, &store, session);
        }
        releasing.finish()?
    };
    let changes = [change];
    print_changes(&changes, json, args.release.dry_run, &store, session);
    back.say(session);
    if !args.release.dry_run {
        say_pending(&changes, &store, &options, session);
    }
    Ok(Exit::Done)
}

/// Decides where the rollback goes. On a terminal, what a script must say by an option is asked.
fn plan(
    args: &Args,
    store: &Store,
    options: &Options,
    session: &mut Session,
) -> Result<Option<Planned>, Failure> {
    let plan = |back| store.plan(&args.name, &ReleaseRequest::Rollback(back), options);
    let failure = match plan(args.back()) {
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
        Some(code::UNTRUSTED) => match store.unsigned_target(&args.name, options)? {
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
fn say_done(args: &Args, store: &Store, json: bool, session: &mut Session) -> Result<(), Failure> {
    let (name, environment) = (&args.name, &args.env.env);
    let live = match store.state(name, environment)? {
        State::Live(active) => format!(
            "{name} {} is live in {environment} already ({} made release {}): nothing to do",
            active.version, active.by, active.number
        ),
        _ => format!("nothing of {name} is live in {environment}: nothing to do"),
    };
    session.ui.status(live);
    if json {
        print_changes(&[], json, args.release.dry_run, store, session);
    }
    Ok(())
}

/// The contract that callers meet again, and whether the model still answers. Nothing here can
/// fail the rollback.
#[derive(Default)]
struct ComesBack {
    contract: Vec<String>,
    model: Option<String>,
}

impl ComesBack {
    fn new(change: &Change, store: &Store, session: &Session) -> Self {
        let load = |version: Option<Version>| -> Option<Loaded> {
            store
                .load(&Reference::version(change.name.clone(), version?))
                .ok()
        };
        let Some(back) = load(change.to) else {
            return Self::default();
        };
        let contract = if session.ui.is_quiet() {
            Vec::new()
        } else {
            load(change.from).map_or_else(Vec::new, |gone| contract(&gone, &back))
        };
        Self {
            contract,
            model: ended_model(&back, session),
        }
    }

    fn say(self, session: &mut Session) {
        for line in self.contract {
            session.ui.status(line);
        }
        if let Some(warning) = self.model {
            session.ui.warning(warning);
        }
    }
}

fn contract(gone: &Loaded, back: &Loaded) -> Vec<String> {
    let [old, new] = [gone, back].map(|loaded| Side {
        document: &loaded.document,
        partials: &loaded.partials,
        variables: None,
    });
    compare(Some(old), Some(new))
        .contract
        .iter()
        .filter(|note| note.impact >= Impact::Behavior)
        .map(|note| format!("  {}: {}", note.impact.as_str(), note.message))
        .collect()
}

/// That the model of what comes back has ended, or ends soon.
fn ended_model(back: &Loaded, session: &Session) -> Option<String> {
    let model = back.document.model.as_deref()?;
    let name = model.rsplit_once('/').map_or(model, |(_, name)| name);
    let end = ends_on(name)?;
    let today = session.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let version = back.version();
    if end <= today {
        Some(format!("the model {model} of {version} ended on {end}"))
    } else if today.until(end).is_ok_and(|span| span.get_days() <= 60) {
        Some(format!("the model {model} of {version} ends on {end}"))
    } else {
        None
    }
}

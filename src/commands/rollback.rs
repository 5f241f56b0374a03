//! `promptctl rollback`.

use super::Session;
use super::common::EnvArg;
use super::publish::{ReleaseArgs, print_changes, say_pending};
use crate::error::{Exit, Failure};
use crate::openai::models::ends_on;
use crate::prompt::diff::{Impact, Side, compare};
use crate::prompt::name::PromptName;
use crate::prompt::reference::Reference;
use crate::prompt::version::Version;
use crate::store::{Change, Demand, Loaded, Store};

/// Make the version live again that was live before
///
/// A second rollback goes one further back, and never forward again. Nothing that was published is
/// lost: promptctl publish NAME@vN releases any version again.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The prompt
    #[arg(add = super::completions::names())]
    name: PromptName,
    /// The version to go back to, where it is further down
    #[arg(long, value_name = "VERSION")]
    to: Option<Version>,
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    release: ReleaseArgs,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.release.format.json(session);
    let (store, config) = args.release.store(session)?;
    let options = args.release.options(&args.env, &config);
    let planned = store.plan(&args.name, &Demand::Rollback(args.to), &options)?;
    let mut back = ComesBack::default();
    let change = match planned {
        None => None,
        Some(planned) if args.release.dry_run => {
            back = ComesBack::new(planned.change(), &store, session);
            Some(planned.change().clone())
        }
        Some(planned) => {
            let change = planned.change().clone();
            let releasing = store.begin_release(planned, &options)?;
            // Found out while git makes the tag.
            back = ComesBack::new(&change, &store, session);
            Some(releasing.finish()?)
        }
    };
    if let (None, Some(version)) = (&change, args.to) {
        session.ui.status(format!(
            "{} {version} is live in {} already: nothing to do",
            args.name, options.environment
        ));
    }
    let changes: Vec<Change> = change.into_iter().collect();
    print_changes(&changes, json, args.release.dry_run, &store, session);
    back.say(session);
    say_pending(&changes, &store, &options, session);
    Ok(Exit::Done)
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

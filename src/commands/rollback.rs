//! `promptctl rollback`.

use super::Session;
use super::common::EnvArg;
use super::publish::{ReleaseArgs, change, print_changes, say_pending};
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
    let (store, config) = session.store()?;
    args.release.get_ready(&store);
    let options = args.release.options(&args.env, &config);
    let change = change(
        &store,
        &args.name,
        &Demand::Rollback(args.to),
        &options,
        args.release.dry_run,
    )?;
    if let (None, Some(version)) = (&change, args.to) {
        session.ui.status(format!(
            "{} {version} is live in {} already: nothing to do",
            args.name, options.environment
        ));
    }
    let changes: Vec<Change> = change.into_iter().collect();
    print_changes(&changes, json, args.release.dry_run, &store, session);
    for change in &changes {
        say_what_comes_back(change, &store, session);
    }
    say_pending(&changes, &store, &options, session);
    Ok(Exit::Done)
}

/// The contract that callers meet again, and whether the model still answers. Nothing here can
/// fail the rollback.
fn say_what_comes_back(change: &Change, store: &Store, session: &mut Session) {
    let load = |version: Option<Version>| -> Option<Loaded> {
        store
            .load(&Reference::version(change.name.clone(), version?))
            .ok()
    };
    let Some(back) = load(change.to) else { return };
    if let Some(gone) = load(change.from.filter(|_| !session.ui.is_quiet())) {
        let diff = compare(
            Some(Side {
                document: &gone.document,
                partials: &gone.partials,
                variables: None,
            }),
            Some(Side {
                document: &back.document,
                partials: &back.partials,
                variables: None,
            }),
        );
        for note in diff
            .contract
            .iter()
            .filter(|note| note.impact >= Impact::Behavior)
        {
            session
                .ui
                .status(format!("  {}: {}", note.impact.as_str(), note.message));
        }
    }
    let Some(model) = &back.document.model else {
        return;
    };
    let name = model
        .rsplit_once('/')
        .map_or(model.as_str(), |(_, name)| name);
    if let Some(end) = ends_on(name) {
        let today = session.now.to_zoned(jiff::tz::TimeZone::UTC).date();
        if end <= today {
            session.ui.warning(format!(
                "the model {model} of {} ended on {end}",
                back.version()
            ));
        } else if today.until(end).is_ok_and(|span| span.get_days() <= 60) {
            session.ui.warning(format!(
                "the model {model} of {} ends on {end}",
                back.version()
            ));
        }
    }
}

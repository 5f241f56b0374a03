//! `promptctl fetch`.

use super::aftermath::say_pending_tags;
use super::common::FormatArg;
use super::interrupt::{Interrupt, stopped};
use super::plan::PlanArg;
use super::rules::branches_of;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::output::progress::Progress;
use crate::prompt::name::Environment;
use crate::releases::{Fetched, Tag};

/// Bring the tags that the remote has
///
/// Sets the clone up once, so that a plain git fetch does the same from then on. A tag that the remote
/// moved or dropped is reported, and what this clone saw first goes on counting until somebody accepts the
/// remote's word.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help releases

Examples:
  promptctl fetch
  promptctl fetch --dry-run          # what is new
  promptctl fetch --env production   # in a job: only what is live there")]
pub(super) struct Args {
    /// Only what is live in this environment: enough for get, render and run, and quick in a job
    #[arg(short, long, value_name = "ENV", conflicts_with = "accept", add = super::candidates::environments())]
    env: Vec<Environment>,
    /// Take the remote's word about these tags, which it moved or dropped
    #[arg(long, value_name = "TAG", num_args = 1..)]
    accept: Vec<String>,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, config) = session.store_and_remote()?;
    let store = match args.plan.dry_run {
        true => store.rehearsed()?,
        false => store,
    };
    let interrupt = Interrupt::watch();
    let waiting = Progress::waiting(&session.ui, "fetching the tags");
    let fetched = match args.env.as_slice() {
        [] => store.fetch(&branches_of(&store, &config)),
        environments => store.fetch_live(environments),
    };
    waiting.finish();
    let fetched = fetched.map_err(|failure| match interrupt.came() {
        // A git that was stopped says nothing worth telling.
        true => stopped("interrupted: the tags were not all fetched, and what came is sound")
            .hint("promptctl fetch brings the others"),
        false => failure,
    })?;
    if !args.env.is_empty() || args.accept.is_empty() {
        return print(&fetched, args, session);
    }
    let accepted = store.accept(&args.accept)?;
    if json {
        let tags: Vec<&str> = accepted.iter().map(|it| it.tag.as_str()).collect();
        let shape = serde_json::json!({ "remote": fetched.remote, "accepted": tags });
        session.ui.block(json::document(&shape));
    }
    for changed in &accepted {
        let tag = &changed.tag;
        let what = match &changed.now {
            Some(now) => now.as_str(),
            None => "deleted",
        };
        args.plan.say(
            format!("{tag} counts as {what} from now on"),
            format!("{tag} would count as {what}"),
            session,
        );
    }
    Ok(Exit::Done)
}

fn print(fetched: &Fetched, args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let remote = &fetched.remote;
    if args.format.is_json() {
        let pending = fetched.pending.iter().map(|entry| entry.tag.to_string());
        let gone = fetched.changed.iter().filter(|it| it.now.is_none());
        let moved = fetched.changed.iter().filter(|it| it.now.is_some());
        session.ui.block(json::document(&serde_json::json!({
            "remote": remote,
            "new": fetched.new,
            "gone": gone.map(|it| it.tag.as_str()).collect::<Vec<_>>(),
            "moved": moved.map(|it| it.tag.as_str()).collect::<Vec<_>>(),
            "refused": fetched.refused,
            "pending": pending.collect::<Vec<_>>(),
            "foreign": fetched.foreign.iter().map(Tag::to_string).collect::<Vec<_>>(),
        })));
        return Ok(Exit::Done);
    }
    match fetched.new.as_slice() {
        [] => session.ui.status(format!("{remote} has nothing new")),
        tags if args.plan.dry_run => {
            for tag in tags {
                session.ui.line(format!("would take {tag}"));
            }
        }
        [tag] => session.ui.status(format!("1 new tag from {remote}: {tag}")),
        tags => session
            .ui
            .status(format!("{} new tags from {remote}", tags.len())),
    }
    for changed in &fetched.changed {
        session.ui.finding(&changed.finding());
    }
    for tag in &fetched.refused {
        session.ui.warning(format!(
            "{remote} has the tag {tag}, and this clone could not take it in"
        ));
    }
    say_foreign(&fetched.foreign, session);
    say_pending_tags(&fetched.pending, session);
    Ok(Exit::Done)
}

/// Says which tags came from elsewhere.
fn say_foreign(foreign: &[Tag], session: &mut Session) {
    let Some(first) = foreign.first() else { return };
    let what = match foreign.len() {
        1 => format!("the tag {first} was"),
        count => format!("{count} tags, such as {first}, were"),
    };
    session.ui.warning(format!(
        "{what} not made in this clone, and the remote does not have it: it does not count"
    ));
    session.ui.hint("promptctl doctor names each with its cure");
}

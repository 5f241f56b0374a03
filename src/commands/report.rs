//! `promptctl report`.

mod sections;
mod steps;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::common::count;
use super::out::OutArg;
use super::session::Session;
use super::stats::ask::{Asked, ReadArgs, Wanted};
use super::stats::notes;
use crate::error::{Exit, Failure};
use crate::output::html::Page;
use crate::output::json::time;
use crate::prompt::name::PromptName;
use crate::record::costs::{Costs, costs};
use crate::record::groups::{Dimension, Groups, Value, read};
use crate::releases::{Evidence, Release, Store};

use steps::Steps;

/// Write a page about what the versions did in use
///
/// One HTML file that needs nothing beside it: no network, no script; light and dark, for a screen, a phone
/// and paper. It shows calls, cost and latency over time with releases and rollbacks on the axis, versions with
/// their intervals, the leaderboard, failures by error, where the money goes, and the evaluations that tags
/// hold. Beside each chart stands a table with its figures, which are those of stats.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help statistics

Examples:
  promptctl report -o report.html
  promptctl report --prompt support/ --since 2026-11-01 -o support.html")]
pub(super) struct Args {
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    _out: OutArg,
}

/// How sure the intervals are.
const LEVEL: f64 = 0.95;

/// All that a page is made of.
struct Found {
    versions: Groups,
    over_time: Groups,
    steps: Steps,
    costs: Costs,
    releases: Vec<Release>,
    evidence: Vec<Evidence>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    if session.ui.out_is_terminal() {
        return Err(
            Failure::usage("a page is for a browser, and this is a terminal")
                .hint("promptctl report -o report.html"),
        );
    }
    let asked = Asked {
        by: vec![Dimension::Prompt, Dimension::Version],
        values: Vec::new(),
        with_mix: false,
        zone: TimeZone::UTC,
    };
    let mut wanted = args.read.wanted(&asked, session)?;
    let found = found(&mut wanted, session)?;
    if found.versions.groups.is_empty() {
        args.read.require_known(&wanted)?;
    }
    let told = notes::notes(&found.versions);
    notes::say(&told, false, session);
    let calls = found
        .versions
        .groups
        .values()
        .map(|it| it.executions)
        .sum::<u64>();
    let span = match found.versions.span() {
        Some((first, last)) => format!("from {} to {}, in UTC", time(first), time(last)),
        None => "no executions".to_owned(),
    };
    let files = found.versions.sources.len();
    let mut lead = vec![
        format!("{} {span}", count(calls as usize, "call")),
        format!("made {} of {}", time(session.now), count(files, "file")),
    ];
    lead.extend(told.into_iter().map(|note| note.text));
    let page = Page {
        title: "What the versions did in use".to_owned(),
        lead,
        sections: sections::sections(&found, LEVEL),
    };
    let html = page.html();
    session.ui.write_data(|out| out.write_all(html.as_bytes()));
    Ok(Exit::Done)
}

fn found(wanted: &mut Wanted, session: &mut Session) -> Result<Found, Failure> {
    let kept = wanted.kept.clone();
    let versions = read(&wanted.logs, &wanted.question, kept.as_deref())?;
    let steps = Steps::of(versions.span());
    wanted.question.by = vec![steps.dimension().clone()];
    let over_time = read(&wanted.logs, &wanted.question, kept.as_deref())?;
    let costs = costs(&wanted.logs, &wanted.question)?;
    let names: BTreeSet<PromptName> = versions
        .groups
        .keys()
        .filter_map(|key| match key.first() {
            Some(Value::Text(name)) => name.parse().ok(),
            _ => None,
        })
        .collect();
    let (mut releases, mut evidence) = (Vec::new(), Vec::new());
    if let Some(store) = &wanted.store
        && let Err(failure) = told_by_tags(store, &names, &mut releases, &mut evidence)
    {
        // The figures are right without them.
        session
            .ui
            .warning(format!("releases and evaluations are not shown: {failure}"));
    }
    let is_in = |at: &Timestamp| {
        versions
            .span()
            .is_some_and(|(first, last)| *at >= first && *at <= last)
    };
    releases.retain(|it: &Release| is_in(&it.time));
    releases.sort_by_key(|it| it.time);
    Ok(Found {
        versions,
        over_time,
        steps,
        costs,
        releases,
        evidence,
    })
}

/// The releases and the evidence of these prompts.
fn told_by_tags(
    store: &Store,
    names: &BTreeSet<PromptName>,
    releases: &mut Vec<Release>,
    evidence: &mut Vec<Evidence>,
) -> Result<(), Failure> {
    store.require_releases()?;
    for name in names {
        for environment in store.environments_of(name)? {
            let entries = store.releases(name, &environment)?.entries;
            releases.extend(entries.into_iter().filter(|entry| !entry.pending));
        }
        evidence.extend(store.evidence(name)?.entries.into_iter().rev());
    }
    Ok(())
}

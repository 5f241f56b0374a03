//! `promptctl report`.

mod cells;
mod found;
mod money;
mod over_time;
mod sections;
mod steps;
mod versions;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::budgets::{self};
use super::common::count;
use super::measured::ask::{Breakdown, ReadArgs, Wanted};
use super::measured::notes;
use super::out::OutArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::html::Page;
use crate::output::json::time;
use crate::prompt::name::{Environment, PromptName};
use crate::record::costs::{costs_of, question};
use crate::record::groups::{Dimension, Groups, Question, Value, read, read_all};
use crate::releases::{Evidence, Release, Store};

use found::Found;
use steps::Steps;

/// Write a page about what the versions did in use
///
/// One HTML file that needs nothing beside it: no network, no script; light and dark, for a screen, a phone
/// and paper. It shows calls, cost, success, failures and latency over time with releases and rollbacks on
/// the axis, versions with their intervals, the leaderboard, failures by error, where the money goes, by model
/// too, and the evaluations that tags hold. Beside each chart stands a table with its figures, which are those of stats.
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

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    if session.ui.out_is_terminal() {
        return Err(
            Failure::usage("a page is for a browser, and this is a terminal")
                .hint("promptctl report -o report.html"),
        );
    }
    let breakdown = Breakdown {
        by: vec![Dimension::Prompt, Dimension::Version],
        values: Vec::new(),
        with_mix: false,
        zone: TimeZone::UTC,
    };
    let wanted = args.read.wanted(&breakdown, session)?;
    let found = found(&wanted, session)?;
    if found.versions.groups.is_empty() {
        args.read.require_known(&wanted)?;
    }
    let mut notes = notes::notes(&found.versions);
    for (place, groups) in [
        ("All charts over time", &found.over_time),
        ("Failures, Where the money goes", &found.costs.groups),
    ] {
        notes.extend(notes::unanswered(groups, &found.versions, place));
    }
    notes::say(&notes, false, session);
    let calls = found
        .versions
        .groups
        .values()
        .map(|it| it.executions)
        .sum::<u64>();
    let calls = count(calls as usize, "call");
    let span = match found.versions.span() {
        Some((first, last)) => {
            format!("{calls} from {} to {}, in UTC", time(first), time(last))
        }
        None => "no executions: none was recorded, or the options leave all out".to_owned(),
    };
    let files = found.versions.sources.len();
    let mut lead = vec![
        span,
        format!(
            "made {} of {}",
            time(Timestamp::from_second(session.now.as_second()).unwrap_or(session.now)),
            count(files, "file")
        ),
    ];
    lead.extend(notes.into_iter().map(|note| note.text));
    let page = Page {
        title: "What the versions did in use".to_owned(),
        lead,
        sections: sections::sections(&found, LEVEL),
    };
    let html = page.html();
    session.ui.write_data(|out| out.write_all(html.as_bytes()));
    Ok(Exit::Done)
}

fn found(wanted: &Wanted, session: &mut Session) -> Result<Found, Failure> {
    let kept = wanted.kept.clone();
    let spent = question(&wanted.question);
    let by_step = |step: &Dimension| Question {
        by: vec![step.clone(), Dimension::Model],
        ..wanted.question.clone()
    };
    // Most logs are shown by the day.
    let by_day = by_step(&Dimension::Day);
    let questions = [&wanted.question, &spent, &by_day];
    let mut answers = read_all(&wanted.logs, &questions, kept.as_deref())?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let (versions, costs, days) = (next(), costs_of(next()), next());
    let steps = Steps::of(versions.span());
    let by_model = match steps.dimension() {
        Dimension::Day => days,
        step => read(&wanted.logs, &by_step(step), kept.as_deref())?,
    };
    let (mut releases, mut evidence) = (Vec::new(), Vec::new());
    let environment = wanted.question.filter.environment.clone();
    let mut budgets = Vec::new();
    if let Some(store) = &wanted.store {
        let environment = environment.as_deref();
        let names = names(&versions);
        let found = of_tags(store, &names, environment, &mut releases, &mut evidence);
        if let Err(failure) = found {
            // The figures are right without them.
            session
                .ui
                .warning(format!("releases and evaluations are not shown: {failure}"));
        }
        // A log that was named has none: budgets are those of this repository.
        let (store, config) = session.store()?;
        budgets = budgets::today(&store, &config, session)?;
    }
    let is_in = |at: &Timestamp| {
        versions
            .span()
            .is_some_and(|(first, last)| *at >= first && *at <= last)
    };
    releases.retain(|it: &Release| is_in(&it.time));
    releases.sort_by_key(|it| it.time);
    evidence.sort_by_key(|it: &Evidence| std::cmp::Reverse(it.time));
    Ok(Found {
        versions,
        over_time: by_model.by_first(),
        by_model,
        steps,
        costs,
        releases,
        evidence,
        budgets,
        environment,
    })
}

/// The prompts that were called, as far as they can be prompts here.
fn names(versions: &Groups) -> BTreeSet<PromptName> {
    let names = versions.groups.keys().filter_map(|key| match key.first() {
        Some(Value::Text(name)) => name.parse().ok(),
        _ => None,
    });
    names.collect()
}

/// The releases of these prompts, in one environment or in all, and their evidence.
fn of_tags(
    store: &Store,
    names: &BTreeSet<PromptName>,
    wanted: Option<&str>,
    releases: &mut Vec<Release>,
    evidence: &mut Vec<Evidence>,
) -> Result<(), Failure> {
    store.require_releases()?;
    for name in names {
        let environments = store.environments_of(name)?.into_iter();
        let is_wanted = |it: &Environment| wanted.is_none_or(|wanted| it.to_string() == wanted);
        for environment in environments.filter(is_wanted) {
            let entries = store.releases(name, &environment)?.entries;
            releases.extend(entries.into_iter().filter(|entry| !entry.pending));
        }
        evidence.extend(store.evidence(name)?.entries.into_iter().rev());
    }
    Ok(())
}

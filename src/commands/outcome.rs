//! `promptctl outcome`.

use serde_json::json;

use super::common::{FormatArg, count};
use super::given_file::read_file;
use super::own_log::log;
use super::plan::PlanArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::record::backfill::{Settled, settle, settle_one};
use crate::record::entry::Outcome;
use crate::record::log::Log;
use crate::record::outcome_rows::outcomes;
use crate::record::possible::{MOST_FIGURE, can_be_added};

/// Tell what became of an execution
///
/// With `-` as the id, up to a million are read from standard input: JSON lines with `id`, `score`, `label`,
/// `metrics`, `time` and `note`, or a CSV table whose other columns are metrics. In place of `id` stands
/// `response_id`, or `label:KEY` for a label of the execution, such as the number of an order; one that several
/// executions have is refused, with their ids. All are checked before the first is kept. What is told of an
/// execution again counts in place of what was told before, if its time is not before it; one more than a day ahead
/// of now is refused. What the log has already, of the same time, or without a time and counting still, is not
/// recorded again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl outcome ID --score 0.9 --label win
  promptctl outcome ID --metric seconds=12.5 --note \"Sent to billing\"
  promptctl outcome - --dry-run < outcomes.csv
  printf 'label:order,label,profit\\nA-17,win,12.5\\n' | promptctl outcome -")]
pub(super) struct Args {
    /// The id of the execution, or its beginning; `-` reads many from standard input
    #[arg(value_name = "ID", add = super::candidates::executions())]
    id: String,
    /// How good it was
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = parse_score)]
    score: Option<f64>,
    /// What it was, in a word such as win
    #[arg(long)]
    label: Option<String>,
    /// A figure
    #[arg(long, value_name = "NAME=NUMBER", value_parser = parse_metric)]
    metric: Vec<(String, f64)>,
    /// What you say about it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

fn parse_score(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number: &f64| can_be_added(*number));
    number.ok_or_else(|| format!("write a number up to {MOST_FIGURE:e}, such as 0.9"))
}

fn parse_metric(text: &str) -> Result<(String, f64), String> {
    text.split_once('=')
        .and_then(|(name, number)| Some((name.to_owned(), number.parse::<f64>().ok()?)))
        .filter(|(name, number)| !name.is_empty() && can_be_added(*number))
        .ok_or_else(|| "write NAME=NUMBER, such as r_multiple=1.8".to_owned())
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, config) = args.plan.store(session)?;
    let log = log(&store, &config, session);
    let (settled, empty) = if args.id == "-" {
        many(args, &log, session)?
    } else {
        let outcome = one(args, &log, session)?;
        let is_dry = args.plan.dry_run;
        (settle_one(&log, outcome, session.now, is_dry)?, 0)
    };
    let Settled {
        outcomes,
        executions,
        replaced,
        already,
    } = settled;
    if empty > 0 {
        let (rows, are) = (
            count(empty as usize, "row"),
            if empty == 1 { "is" } else { "are" },
        );
        session.ui.status(format!(
            "{rows} without a score, label, metric or note {are} left out"
        ));
    }
    if json {
        session.ui.block(json::document(
            &json!({ "outcomes": outcomes, "replaced": replaced, "already": already }),
        ));
        return Ok(Exit::Done);
    }
    if !already.is_empty() {
        session
            .ui
            .status(in_log_already(already.len(), outcomes.len()));
    }
    let whom = match outcomes.as_slice() {
        [] => {
            if already.is_empty() && empty == 0 {
                session
                    .ui
                    .status("standard input has no outcome: nothing is recorded");
            }
            return Ok(Exit::Done);
        }
        [outcome] => outcome.outcome_of.clone(),
        _ => count(executions as usize, "execution"),
    };
    args.plan.say(
        format!("outcome recorded for {whom}"),
        format!("outcome would be recorded for {whom}"),
        session,
    );
    if replaced > 0 {
        let who = match outcomes.len() {
            1 => "it says".to_owned(),
            all => format!("{replaced} of {all} say"),
        };
        session.ui.status(format!(
            "{who} something else than was told before; the last by time counts"
        ));
    }
    Ok(Exit::Done)
}

/// That outcomes are not recorded again, beside so many that are.
fn in_log_already(known: usize, new: usize) -> String {
    match (known, new) {
        (1, 0) => "the log has this outcome already: nothing is recorded".to_owned(),
        (all, 0) => format!("the log has all {all} outcomes already: nothing is recorded"),
        (known, new) => format!(
            "the log has {known} of {} already",
            count(known + new, "outcome")
        ),
    }
}

fn one(args: &Args, log: &Log, session: &Session) -> Result<Outcome, Failure> {
    let is_empty = args.score.is_none()
        && args.label.is_none()
        && args.metric.is_empty()
        && args.note.is_none();
    if is_empty {
        return Err(Failure::usage("there is nothing to record")
            .hint("pass --score, --label, --metric or --note"));
    }
    let mut outcome = Outcome::new(log.find_id(&args.id)?, session.now);
    outcome.score = args.score;
    outcome.label.clone_from(&args.label);
    outcome.metrics = args.metric.iter().cloned().collect();
    outcome.note.clone_from(&args.note);
    Ok(outcome)
}

fn many(args: &Args, log: &Log, session: &Session) -> Result<(Settled, u64), Failure> {
    let is_one = args.score.is_some()
        || args.label.is_some()
        || args.note.is_some()
        || !args.metric.is_empty();
    if is_one {
        return Err(Failure::usage(
            "with `-` everything comes from standard input",
        ));
    }
    let told = outcomes(&read_file("-", session)?, session.now)?;
    let empty = told.empty;
    let settled = settle(log, told, session.now, args.plan.dry_run)?;
    Ok((settled, empty))
}

//! `promptctl log export` and `promptctl log prune`.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::common::{FormatArg, count};
use super::super::out::OutArg;
use super::super::own_log::{FilterArgs, parse_age};
use super::super::plan::PlanArg;
use super::super::session::Session;
use super::shape::{say_differing, warn_bad};
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::record::export;
use crate::record::log::{Log, Order, Query};

/// Write executions for other programs, the oldest first
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// In which form
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    format: ExportFormat,
    #[command(flatten)]
    _out: OutArg,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ExportFormat {
    /// A table with a header
    Csv,
    /// One JSON object per line, with its outcomes
    Jsonl,
    /// OpenTelemetry traces as OTLP/JSON, without variables and answers
    Otlp,
}

pub(super) fn export(args: &ExportArgs, log: &Log, session: &mut Session) -> Result<Exit, Failure> {
    let listing = log.list(&Query {
        filter: args.filter.filter(session.now),
        order: Order::OldestFirst,
        limit: None,
        is_short: args.format == ExportFormat::Otlp,
    })?;
    warn_bad(&listing.bad, session);
    say_differing(listing.differing, session);
    let (executions, now) = (&listing.executions, session.now);
    session.ui.write_data(|out| match args.format {
        ExportFormat::Csv => export::csv(executions, now, out),
        ExportFormat::Jsonl => export::jsonl(executions, out),
        ExportFormat::Otlp => writeln!(out, "{}", json::line(&export::otlp(executions))),
    });
    Ok(Exit::Done)
}

/// Take old executions out of the log, with their outcomes
///
/// Daily sums of them stay in `history.jsonl` beside the log, by prompt, version, environment, model and status:
/// `stats` counts them too, and says what they cannot answer, such as labels and fields of answers.
#[derive(Debug, clap::Args)]
pub(super) struct PruneArgs {
    /// How old: a number with h, d or w, such as 90d
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    older_than: SignedDuration,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn prune(args: &PruneArgs, log: &Log, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let cutoff = session
        .now
        .checked_sub(args.older_than)
        .unwrap_or(Timestamp::MIN);
    let pruned = log.prune(cutoff, session.now, args.plan.dry_run)?;
    if json {
        session.ui.block(json::document(&json!({
            "before": json::time(cutoff),
            "dry_run": args.plan.dry_run,
            "records": pruned.records,
            "outcomes": pruned.outcomes,
            "kept": pruned.kept,
            "bytes": pruned.bytes,
            "sums": pruned.sums,
            "impossible": pruned.impossible,
        })));
        return Ok(Exit::Done);
    }
    let words = |verb: &str| {
        format!(
            "{} records and {} outcomes {verb} ({} bytes); {} lines stay",
            pruned.records, pruned.outcomes, pruned.bytes, pruned.kept
        )
    };
    let (done, would) = (words("taken out"), words("would be taken out"));
    args.plan.say(done, would, session);
    if pruned.impossible > 0 {
        let old = count(pruned.impossible as usize, "old record");
        let stay = if pruned.impossible == 1 {
            "stays"
        } else {
            "stay"
        };
        session.ui.status(format!(
            "{old} {stay}: daily sums cannot hold a figure that no call has, such as a negative cost, of the call or of an outcome"
        ));
    }
    if pruned.sums > 0 {
        let sums = count(pruned.sums as usize, "daily sum");
        let place = log.history().display().to_string();
        args.plan.say(
            format!("{sums} of them kept in {place}, which `stats` counts too"),
            format!("{sums} of them would be kept in {place}"),
            session,
        );
    }
    Ok(Exit::Done)
}

//! `promptctl stats`.

mod alerts;
mod columns;
mod costs;
mod shape;

use std::str::FromStr;

use jiff::tz::TimeZone;
use serde_json::json;

use super::common::count;
use super::measured::ask::{self, Breakdown, ReadArgs, Wanted};
use super::measured::key::Row;
use super::measured::notes;
use super::out::OutArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::diff_markdown::inline;
use crate::output::json;
use crate::record::export::csv_line;
use crate::record::groups::{Condition, Dimension, Groups, Measure};

use columns::Columns;

/// Show calls, success, latency, cost and outcomes by version
///
/// Reads the execution log and its archives. A success is a call with status ok, of all but the
/// interrupted. Shares stand with Wilson's interval, means with that of Student's t, each call counted as
/// independent. Calls without a price are counted, and left out of the costs. Of several outcomes of an
/// execution the last by time counts, for each thing that it says. A score stands beside its coverage: the
/// share of executions with status ok that have an outcome.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if a condition of --fail-on holds.
More: promptctl help statistics

Examples:
  promptctl stats --prompt support/ --since 2026-11-01
  promptctl stats --by model,day --utc --format csv -o days.csv
  promptctl stats --by version --value /confidence --sort score
  promptctl stats --costs --since 30d
  promptctl stats --since 1h --fail-on 'success < 0.95' --fail-on 'calls < 1' || echo alert")]
pub(super) struct Args {
    #[command(flatten)]
    read: ReadArgs,
    /// Group by up to two of prompt, version, release, environment, model, variant, source, case, status, day,
    /// week, month, hour and label:KEY; `all` makes one group. Without it prompt,version, and with
    /// --fail-on all
    #[arg(long, value_name = "WHAT")]
    by: Option<By>,
    /// Days, weeks, months and hours of UTC; else those of this machine's clock
    #[arg(long)]
    utc: bool,
    /// Also show the field of the answers at this JSON pointer, such as /confidence
    #[arg(long, value_name = "POINTER", value_parser = parse_pointer)]
    value: Vec<String>,
    /// The highest first, by calls, success, invalid, errors, interrupted, fallbacks, p50, p90, p99, tokens, cost,
    /// cost_per_call, cost_per_win, unpriced, coverage, score, win, label:NAME, metric:NAME or a pointer
    #[arg(long, value_name = "FIGURE")]
    sort: Option<Measure>,
    /// With --sort the lowest first
    #[arg(long, requires = "sort")]
    ascending: bool,
    /// Show only the first so many groups
    #[arg(long, value_name = "COUNT")]
    top: Option<usize>,
    /// End with 3 where a figure of a group is beyond a limit with its whole interval: `success < 0.95`,
    /// `p90 > 2s`. `success.low < 0.95` fires already in doubt, `calls < 1` where nothing was called; with --by
    /// and --since, in what was called before too. At 99.9 % p90 needs 73 calls and p99 757, at 95 % 36 and 368
    #[arg(long, value_name = "CONDITION")]
    fail_on: Vec<Condition>,
    /// With --fail-on: below so many calls or outcomes a figure with an interval is too little to fire
    #[arg(long, value_name = "COUNT", default_value = "30")]
    min_calls: u64,
    /// Show where the money goes: prompts by cost, what the cache kept and what keeps it from more, requests that
    /// were sent again, answers cut off, and what the calls would cost with other models
    #[arg(long, conflicts_with_all = ["by", "value", "sort", "top", "fail_on", "level", "utc"])]
    costs: bool,
    /// How sure intervals are, in percent: 95, and 99.9 for --fail-on, since a job of every five minutes
    /// looks 288 times a day
    #[arg(long, value_name = "PERCENT", value_parser = ask::parse_level)]
    level: Option<f64>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    _out: OutArg,
}

/// How figures are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people; plain rows in a pipe
    Text,
    /// One JSON object for scripts
    Json,
    /// A table with a header, every figure in a column
    Csv,
    /// A table for a page
    Markdown,
}

/// What groups have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
struct By(Vec<Dimension>);

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self(Vec::new()));
        }
        let by: Vec<Dimension> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        match by.as_slice() {
            [one, other] if one == other => Err(format!("`{one}` is named twice")),
            [_] | [_, _] => Ok(Self(by)),
            _ => Err("at most two can be named".to_owned()),
        }
    }
}

fn parse_pointer(text: &str) -> Result<String, String> {
    match text.starts_with('/') {
        true => Ok(text.to_owned()),
        false => Err("a JSON pointer begins with `/`, such as /confidence".to_owned()),
    }
}

/// How sure intervals are where nobody says it: those that are shown, and those that fire.
const SHOWN: f64 = 0.95;
const FIRING: f64 = 0.999;

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    if args.costs {
        return costs::run(&args.read, args.format, session);
    }
    let breakdown = args.breakdown();
    let zone = breakdown.zone.clone();
    let wanted = args.read.wanted(&breakdown, session)?;
    if !args.fail_on.is_empty() {
        args.read.require_own_log(&wanted)?;
    }
    let groups = args.read.groups(&wanted)?;
    let mut notes = notes::notes(&groups);
    notes.extend(notes::covered(&groups));
    if groups.by.iter().any(Dimension::is_time) && !args.utc {
        let zone = zone.iana_name().unwrap_or("this machine's clock");
        notes.push(notes::Note::of(match zone {
            "UTC" | "Etc/UTC" => "days and hours are those of UTC".to_owned(),
            zone => format!("days and hours are those of {zone}; --utc takes those of UTC"),
        }));
    }
    notes.extend(notes::unknown(&groups, args.sort.as_ref()));
    let is_win = |it: &Measure| matches!(it, Measure::Win | Measure::CostPerWin);
    let asked = args.fail_on.iter().map(|it| &it.measure).chain(&args.sort);
    if args.read.is_win_named() || asked.into_iter().any(is_win) {
        notes.extend(notes::groups_without_win(&groups, args.read.win()));
    }
    let firing = args.level.unwrap_or(FIRING);
    let silent = match args.asks_for_silence(&wanted, firing) {
        true => wanted.gone_silent(&groups)?,
        false => Vec::new(),
    };
    let alerts = alerts::judge(&groups, &silent, &args.fail_on, args.min_calls, firing);
    let level = args.level.unwrap_or(SHOWN);
    let rows = rows(args, &groups, level);
    let is_empty = groups.groups.is_empty();
    notes::say(&notes, args.format == Format::Json, session);
    match args.format {
        Format::Json => {
            let shape = shape::shape(&groups, &rows, &alerts, &notes, level);
            session.ui.block(json::document(&shape));
        }
        Format::Csv => csv(&groups, &rows, level, session),
        _ if is_empty => ask::say_none(&args.read, &wanted, &[], session)?,
        Format::Markdown => markdown(&groups, &rows, level, session),
        Format::Text => Columns::new(&groups, level, true)
            .table(&rows, session)
            .print(&mut session.ui),
    }
    let cut = groups.groups.len() - rows.len();
    if cut > 0 {
        session
            .ui
            .status(format!("not shown: {}", count(cut, "more group")));
    }
    alerts::say(&alerts, args.min_calls, session);
    Ok(match alerts.iter().any(|alert| alert.is_fired()) {
        true => Exit::Verdict,
        false => Exit::Done,
    })
}

impl Args {
    /// Whether a condition holds for a group that is not called any more, and groups go by what stays the same.
    fn asks_for_silence(&self, wanted: &Wanted, level: f64) -> bool {
        let asked = &wanted.question;
        let is_time = asked.by.iter().any(Dimension::is_time);
        asked.filter.since.is_some()
            && !asked.by.is_empty()
            && !is_time
            && (self.fail_on.iter()).any(|it| alerts::fires_on_silence(it, self.min_calls, level))
    }

    /// What is asked, the fields of answers that conditions and the order name among it.
    fn breakdown(&self) -> Breakdown {
        let by = match (&self.by, self.fail_on.is_empty()) {
            (Some(By(by)), _) => by.clone(),
            (None, true) => vec![Dimension::Prompt, Dimension::Version],
            (None, false) => Vec::new(),
        };
        let mut values = self.value.clone();
        let conditions = self.fail_on.iter().map(|it| &it.measure);
        for measure in conditions.chain(&self.sort) {
            if let Measure::Answer(pointer) = measure
                && !values.contains(pointer)
            {
                values.push(pointer.clone());
            }
        }
        Breakdown {
            by,
            values,
            with_mix: false,
            zone: match self.utc {
                true => TimeZone::UTC,
                false => TimeZone::system(),
            },
        }
    }
}

/// The groups that are shown, in their order. What lacks the figure comes last.
fn rows<'g>(args: &Args, groups: &'g Groups, level: f64) -> Vec<Row<'g>> {
    let mut rows: Vec<Row<'g>> = groups.groups.iter().collect();
    let by_calls = args.top.map(|_| Measure::Calls);
    if let Some(measure) = args.sort.clone().or(by_calls) {
        let figure = |row: &Row<'g>| {
            let found = measure.of(row.1, &groups.values, level);
            found.map(|it| it.value)
        };
        rows.sort_by_cached_key(|row| {
            let value = figure(row).map(|value| if args.ascending { value } else { -value });
            Rank(value.unwrap_or(f64::INFINITY))
        });
    }
    rows.truncate(args.top.unwrap_or(usize::MAX));
    rows
}

/// A number that has an order.
#[derive(PartialEq)]
struct Rank(f64);

impl Eq for Rank {}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

fn csv(groups: &Groups, rows: &[Row<'_>], level: f64, session: &mut Session) {
    let (header, lines) = shape::flat(groups, rows, level);
    session.ui.write_data(|out| {
        let header: Vec<serde_json::Value> = header.iter().map(|name| json!(name)).collect();
        writeln!(out, "{}", csv_line(&header))?;
        lines
            .iter()
            .try_for_each(|line| writeln!(out, "{}", csv_line(line)))
    });
}

fn markdown(groups: &Groups, rows: &[Row<'_>], level: f64, session: &mut Session) {
    let columns = Columns::new(groups, level, false);
    let (header, lines) = columns.texts(rows);
    let foreign = groups.by.len();
    let line = |cells: &[String]| {
        let cells = cells
            .iter()
            .enumerate()
            .map(|(at, text)| match at < foreign {
                true => inline::cell(text),
                false => text.clone(),
            });
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    };
    let titles = header.iter().enumerate();
    let titles: Vec<String> = titles
        .map(|(at, title)| match columns.is_foreign(at) {
            true => inline::cell(title),
            false => title.clone(),
        })
        .collect();
    session.ui.line(format!("| {} |", titles.join(" | ")));
    let rule: Vec<&str> = (0..header.len())
        .map(|at| if at < foreign { "---" } else { "---:" })
        .collect();
    session.ui.line(format!("|{}|", rule.join("|")));
    for cells in lines {
        session.ui.line(line(&cells));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_go_by_up_to_two_things() {
        assert_eq!("all".parse(), Ok(By(Vec::new())));
        let by: By = "label:a b,version".parse().unwrap();
        assert_eq!(
            by.0,
            [Dimension::Label("a b".to_owned()), Dimension::Version]
        );
        for wrong in [
            "",
            "prompt,",
            "prompt,prompt",
            "prompt,version,day",
            "promt",
        ] {
            assert!(wrong.parse::<By>().is_err(), "{wrong}");
        }
    }
}

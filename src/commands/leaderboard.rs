//! `promptctl leaderboard`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::common::{FormatArg, warn_all};
use super::measured::ask::{Breakdown, ReadArgs, parse_level, say_none};
use super::measured::figures::shown;
use super::measured::key::{named, titled};
use super::measured::notes::{self, Note, notes as all_notes};
use super::out::OutArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::DIM;
use crate::record::groups::{
    Best, Board, Dimension, FEWEST_RANKED, Group, Groups, Measure, Place, Value, rank,
};

/// Rank versions, variants or prompts by what they did in use
///
/// The order is that of the lower ends of the intervals, so that few lucky calls do not come first; where the
/// lowest are the best, such as times, errors and what `--lowest` names, that of the upper ends. Whose
/// interval reaches the mean of the first shares its rank: they are not told apart. What has fewer than 30
/// calls or outcomes is listed apart. It describes what was used, at different times and for different
/// callers, and decides nothing: `eval --base` asks two versions the same.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help statistics

Examples:
  promptctl leaderboard --prompt support/triage
  promptctl leaderboard --category core --by prompt --metric score
  promptctl leaderboard --by variant --metric r_multiple --mature 7d
  promptctl leaderboard --by variant --metric drawdown --lowest")]
pub(super) struct Args {
    #[command(flatten)]
    read: ReadArgs,
    /// What is ranked
    #[arg(long, value_name = "WHAT", default_value = "version")]
    by: By,
    /// By what: success, score, win, label:NAME, coverage, or the name of a metric; and errors, invalid,
    /// interrupted, fallbacks, p50, p90, p99 or cost_per_call, of which the lowest are the best; success when
    /// left out, and win where --win says what that is
    #[arg(long, value_name = "FIGURE", value_parser = parse_metric)]
    metric: Option<Measure>,
    /// The lowest are the best, as of a metric that counts complaints
    #[arg(long)]
    lowest: bool,
    /// Only prompts of this category
    #[arg(long)]
    category: Option<String>,
    /// How sure intervals are, in percent
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = parse_level)]
    level: f64,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

/// What is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// Versions of prompts
    Version,
    /// Variants of prompts
    Variant,
    /// Whole prompts
    Prompt,
}

impl By {
    fn dimensions(self) -> Vec<Dimension> {
        match self {
            Self::Version => vec![Dimension::Prompt, Dimension::Version],
            Self::Variant => vec![Dimension::Prompt, Dimension::Variant],
            Self::Prompt => vec![Dimension::Prompt],
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Variant => "variant",
            Self::Prompt => "prompt",
        }
    }
}

impl Args {
    fn best(&self) -> Best {
        match self.lowest {
            true => Best::Lowest,
            false => self.metric().best(),
        }
    }

    fn metric(&self) -> Measure {
        let usual = match self.read.is_win_named() {
            true => Measure::Win,
            false => Measure::Success,
        };
        self.metric.clone().unwrap_or(usual)
    }
}

fn parse_metric(text: &str) -> Result<Measure, String> {
    let measure = text
        .parse()
        .unwrap_or_else(|_| Measure::Metric(text.to_owned()));
    match measure {
        Measure::Success
        | Measure::Score
        | Measure::Win
        | Measure::Coverage
        | Measure::Errors
        | Measure::Invalid
        | Measure::Interrupted
        | Measure::Fallbacks
        | Measure::Latency(_)
        | Measure::CostPerCall => Ok(measure),
        Measure::Label(_) | Measure::Metric(_) if !text.is_empty() => Ok(measure),
        _ => Err(
            "a rank goes by success, score, win, label:NAME, coverage, errors, invalid, interrupted, fallbacks, p50, p90, p99, cost_per_call or the name of a metric"
                .to_owned(),
        ),
    }
}

/// By how much what two groups had may differ before it is said.
const SAME_MIX: f64 = 0.2;

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let breakdown = Breakdown {
        by: args.by.dimensions(),
        values: Vec::new(),
        with_mix: true,
        zone: TimeZone::UTC,
    };
    let wanted = args.read.wanted(&breakdown, session)?;
    let mut groups = args.read.groups(&wanted)?;
    if let Some(category) = &args.category {
        let names = of_category(category, session)?;
        groups
            .groups
            .retain(|key, _| names.contains(&key[0].to_string()));
    }
    let metric = args.metric();
    let figures = groups.groups.iter().filter_map(|(key, group)| {
        let figure = metric.of(group, &[], args.level)?;
        Some((key.clone(), figure))
    });
    let board = rank(figures, FEWEST_RANKED, args.best());
    let is_json = args.format.is_json();
    let mut notes = all_notes(&groups);
    if metric.is_of_outcomes() {
        notes.extend(notes::covered(&groups));
    }
    notes.extend(apart(&board, &groups));
    if args.read.is_win_named() || metric == Measure::Win {
        notes.extend(notes::groups_without_win(&groups, args.read.win()));
    }
    notes::say(&notes, is_json, session);
    if is_json {
        let shape = shape(args, &board, &groups, &notes);
        session.ui.block(json::document(&shape));
        return Ok(Exit::Done);
    }
    if groups.groups.is_empty() {
        let category = args.category.as_ref().map(|it| format!("--category {it}"));
        say_none(&args.read, &wanted, category.as_slice(), session)?;
        return Ok(Exit::Done);
    }
    table(args, &board, &groups, session);
    say_rest(args, &board, &groups, session);
    Ok(Exit::Done)
}

/// The prompts of a category, in the working copy.
fn of_category(category: &str, session: &mut Session) -> Result<BTreeSet<String>, Failure> {
    let (store, _) = session.store()?;
    let mut names = BTreeSet::new();
    let mut known = BTreeSet::new();
    let (prompts, findings) = store.load_all();
    warn_all(session, &findings);
    for loaded in prompts {
        if let Some(of) = &loaded.document.category {
            if of == category {
                names.insert(loaded.name.to_string());
            }
            known.insert(of.clone());
        }
    }
    if names.is_empty() {
        let known: Vec<String> = known.into_iter().collect();
        let failure = Failure::usage(format!("no prompt has the category `{category}`"));
        return Err(match known.is_empty() {
            true => failure.hint("`category:` in a prompt file names one"),
            false => failure.hint(format!("the categories are {}", known.join(", "))),
        });
    }
    Ok(names)
}

fn table(args: &Args, board: &Board, groups: &Groups, session: &mut Session) {
    let metric = args.metric();
    let figure = metric.to_string();
    let mut titles = vec!["rank"];
    let by: Vec<String> = groups.by.iter().map(ToString::to_string).collect();
    titles.extend(by.iter().map(String::as_str));
    let figure = figure.strip_prefix("metric:").unwrap_or(&figure);
    titles.extend([figure, "low", "high", "n"]);
    let with_coverage = metric.is_of_outcomes();
    if with_coverage {
        titles.push("coverage");
    }
    titles.extend(["first used", "last used"]);
    let (first, last) = (1 + by.len(), titles.len() - 2);
    let numbers: Vec<usize> = (first..last).collect();
    let by_prompt = groups.by.iter().position(|by| *by == Dimension::Prompt);
    let mut table = Table::new(&titles)
        .right(&numbers)
        .flexible(&[])
        .whole(1 + by_prompt.unwrap_or(0))
        .spare(&[last, last + 1])
        .dropped(&[first + 2]);
    for place in board.rows.iter().chain(&board.too_few) {
        let mut cells = vec![TableCell::from(ranked(place))];
        let keys = groups.by.iter().zip(&place.key);
        cells.extend(keys.map(|(by, value)| TableCell::from(named(by, value))));
        let interval = place.figure.interval;
        let ends = [interval.map(|it| it.low), interval.map(|it| it.high)];
        cells.push(TableCell::from(shown(&metric, place.figure.value)));
        cells.extend(ends.map(|end| {
            TableCell::from(end.map_or_else(|| "-".to_owned(), |end| shown(&metric, end)))
        }));
        cells.push(TableCell::from(place.figure.n.to_string()));
        let group = groups.groups.get(&place.key);
        if with_coverage {
            let coverage = group.and_then(|it| Measure::Coverage.of(it, &[], args.level));
            cells.push(TableCell::from(coverage.map_or_else(
                || "-".to_owned(),
                |it| shown(&Measure::Coverage, it.value),
            )));
        }
        let used = group.map(|it| [it.first(), it.last()]);
        cells.extend(
            used.unwrap_or_default()
                .map(|time| TableCell::styled(day(time), DIM)),
        );
        table.row(cells);
    }
    table.print(&mut session.ui);
}

fn ranked(place: &Place) -> String {
    match (place.rank, place.is_tied) {
        (Some(rank), true) => format!("{rank}="),
        (Some(rank), false) => rank.to_string(),
        (None, _) => "too few".to_owned(),
    }
}

fn day(time: Option<Timestamp>) -> String {
    time.map_or_else(String::new, |time| time.strftime("%Y-%m-%d").to_string())
}

/// Says what the table cannot.
fn say_rest(args: &Args, board: &Board, groups: &Groups, session: &mut Session) {
    let without = groups.groups.len() - board.rows.len() - board.too_few.len();
    if without > 0 {
        session
            .ui
            .status(format!("{without} more have no {} at all", args.metric()));
    }
    if !board.too_few.is_empty() {
        let has_many = board
            .too_few
            .iter()
            .any(|place| place.figure.n >= FEWEST_RANKED);
        let more = match has_many {
            true => ", and what has too few for an interval,",
            false => "",
        };
        session.ui.status(format!(
            "too few: fewer than {FEWEST_RANKED}{more} are no ground for a rank"
        ));
    }
    if board.rows.iter().any(|place| place.is_tied) {
        session
            .ui
            .status("a rank with = is shared: those are not told apart");
    }
    session
        .ui
        .status("it describes what was used and decides nothing; each call counts as independent");
}

/// In what else the ranked differ from the first: when they were used, and for what.
fn apart(board: &Board, groups: &Groups) -> Vec<Note> {
    let mut said = Vec::new();
    let group = |place: &Place| groups.groups.get(&place.key);
    let Some((first, best)) = board.rows.first().and_then(|it| Some((it, group(it)?))) else {
        return said;
    };
    let title = |place: &Place| titled(&groups.by, &place.key);
    for place in &board.rows[1..] {
        let Some(other) = group(place) else { continue };
        if is_another_time(best, other) {
            said.push(Note::of(format!(
                "other times: {} was used from {} to {}, {} from {} to {}",
                title(first),
                day(best.first()),
                day(best.last()),
                title(place),
                day(other.first()),
                day(other.last())
            )));
        }
        if let Some((name, share)) = best.mix.differs(&other.mix)
            && share > SAME_MIX
        {
            said.push(Note::of(format!(
                "other calls: {} and {} differ in {name} for {:.0} % of theirs",
                title(first),
                title(place),
                share * 100.0
            )));
        }
    }
    said
}

/// Whether less than half of the shorter use lies within the other.
fn is_another_time(one: &Group, other: &Group) -> bool {
    let span = |group: &Group| {
        let ends = group.first().zip(group.last());
        ends.map(|(first, last)| (first.as_millisecond(), last.as_millisecond()))
    };
    let (Some((one_first, one_last)), Some((other_first, other_last))) = (span(one), span(other))
    else {
        return false;
    };
    let both = one_last.min(other_last) - one_first.max(other_first);
    let shorter = (one_last - one_first).min(other_last - other_first);
    both < 0 || 2 * both < shorter
}

fn shape(args: &Args, board: &Board, groups: &Groups, notes: &[Note]) -> Json {
    let row = |place: &Place| {
        let at = |wanted: Dimension| {
            let at = groups.by.iter().position(|it| *it == wanted)?;
            match place.key.get(at)? {
                Value::Number(number) => Some(json!(number)),
                Value::Missing => None,
                other => Some(json!(other.to_string())),
            }
        };
        let interval = place.figure.interval;
        let group = groups.groups.get(&place.key);
        let coverage = |group| Measure::Coverage.of(group, &[], args.level);
        json!({
            "rank": place.rank,
            "tied": place.is_tied,
            "prompt": at(Dimension::Prompt),
            "version": at(Dimension::Version),
            "variant": at(Dimension::Variant),
            "n": place.figure.n,
            "value": place.figure.value,
            "low": interval.map(|it| it.low),
            "high": interval.map(|it| it.high),
            "coverage": group.and_then(coverage).map(|it| it.value),
            "first_used": group.and_then(Group::first).map(json::time),
            "last_used": group.and_then(Group::last).map(json::time),
        })
    };
    json!({
        "by": args.by.word(),
        "figure": args.metric().to_string(),
        "best": match args.best() {
            Best::Highest => "highest",
            Best::Lowest => "lowest",
        },
        "level": args.level,
        "rows": board.rows.iter().map(row).collect::<Vec<_>>(),
        "too_few": board.too_few.iter().map(row).collect::<Vec<_>>(),
        "notes": notes.iter().map(|it| &it.text).collect::<Vec<_>>(),
    })
}

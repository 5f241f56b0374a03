//! `promptctl log`.

mod append;
mod shape;
mod show;
pub(super) mod trim;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::Duration;

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::common::{FormatArg, when};
use super::out::OutArg;
use super::own_log::{FilterArgs, OwnLog, own, require_environment};
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::calls::{SHORT_ID, dollars, end_of, short_id};
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{BAD, DIM, GOOD, NOTE, Ui};
use crate::prompt::visible;
use crate::record::entry::{Record, Source, Status};
use crate::record::filter::Filter;
use crate::record::log::{Execution, Item, Log, Order, Query};
use crate::releases::Store;
use shape::{say_differing, shape, warn_bad};

/// Read the execution log
///
/// Its subcommands show one record, follow the log, add to it, export and prune it.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_long_help = "\
More: promptctl help log

Examples:
  promptctl log --prompt support/ --since yesterday
  promptctl log show ID --rendered
  promptctl log tail -f
  promptctl log export --format csv -o calls.csv")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List executions, the newest first
    #[command(
        after_long_help = "Examples:\n  promptctl log list --status error --since 2026-11-01"
    )]
    List(ListArgs),
    /// Show one execution whole
    #[command(
        after_long_help = "Examples:\n  promptctl log show ID\n  promptctl log show ID --rendered   # the same messages again, from git"
    )]
    Show(show::Args),
    /// Show the newest executions, and with -f those to come
    #[command(after_long_help = "Examples:\n  promptctl log tail -n 3\n  promptctl log tail -f")]
    Tail(TailArgs),
    /// Append records that services made of their own calls, as JSON lines on standard input
    #[command(after_long_help = "Examples:\n  promptctl log append < calls.jsonl")]
    Append(append::Args),
    /// Write executions for other programs
    #[command(
        after_long_help = "Examples:\n  promptctl log export --format csv > calls.csv\n  promptctl log export --format otlp --prompt support/ > traces.json"
    )]
    Export(trim::ExportArgs),
    /// Take old executions out of the log
    #[command(after_long_help = "Examples:\n  promptctl log prune --older-than 90d --dry-run")]
    Prune(trim::PruneArgs),
    /// Print where the log is
    #[command(after_long_help = "Examples:\n  tail -n 1 \"$(promptctl log path)\"")]
    Path(PathArgs),
}

#[derive(Debug, clap::Args)]
struct PathArgs {
    #[command(flatten)]
    format: FormatArg,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// At most so many
    #[arg(short = 'n', long, value_name = "COUNT", default_value = "50")]
    limit: usize,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

#[derive(Debug, clap::Args)]
struct TailArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// So many of those that are there
    #[arg(short = 'n', long, value_name = "COUNT", default_value = "10")]
    lines: usize,
    /// Wait for more, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    format: FormatArg,
}

/// How often a followed log is looked at.
const LOOK: Duration = Duration::from_millis(200);

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, config) = session.store()?;
    let OwnLog { log, .. } = own(&store, &config, session);
    match &args.command {
        None => list(&args.list, &log, &store, session),
        Some(Command::List(args)) => list(args, &log, &store, session),
        Some(Command::Show(args)) => show::run(args, &log, &store, session),
        Some(Command::Tail(args)) => tail(args, &log, session),
        Some(Command::Append(args)) => append::run(args, &log, &store, &config, session),
        Some(Command::Export(args)) => trim::export(args, &log, session),
        Some(Command::Prune(args)) => trim::prune(args, &log, session),
        Some(Command::Path(args)) => {
            let path = log.path().display();
            if args.format.is_json() {
                let shape = json!({ "path": path.to_string() });
                session.ui.block(json::document(&shape));
            } else {
                session.ui.line(path);
            }
            Ok(Exit::Done)
        }
    }
}

fn list(args: &ListArgs, log: &Log, store: &Store, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let listing = log.list(&Query {
        filter: args.filter.filter(session.now),
        order: Order::NewestFirst,
        limit: Some(args.limit),
        is_short: !json,
    })?;
    warn_bad(&listing.bad, session);
    say_differing(listing.differing, session);
    if listing.executions.is_empty() {
        require_environment(&args.filter, store)?;
    }
    if json {
        let records: Vec<Value> = listing.executions.iter().map(shape).collect();
        session
            .ui
            .block(json::document(&json!({ "records": records })));
        return Ok(Exit::Done);
    }
    if listing.executions.is_empty() {
        session.ui.status("no executions");
        session
            .ui
            .hint("promptctl run REF --model echo makes one offline");
        return Ok(Exit::Done);
    }
    table(&listing.executions, session);
    Ok(Exit::Done)
}

fn table(executions: &[Execution], session: &mut Session) {
    let columns = [
        "id", "when", "prompt", "version", "status", "model", "tokens", "cost", "time",
    ];
    let ids = short_ids(executions, session);
    let mut table = Table::new(&columns)
        .right(&[6, 7, 8])
        .flexible(&[])
        .whole(2)
        .spare(&[8, 5, 6, 7]);
    for (execution, id) in executions.iter().zip(ids) {
        table.row(row(id, &execution.record, session.now, &session.ui));
    }
    table.print(&mut session.ui);
}

/// The ids as a list shows them: whole in a pipe, else the ends, as long as it takes to tell those of
/// this list apart.
fn short_ids<'a>(executions: &'a [Execution], session: &Session) -> Vec<&'a str> {
    let whole = executions.iter().map(|it| it.record.id.as_str());
    if session.ui.width().is_none() {
        return whole.collect();
    }
    let longest = whole.clone().map(str::len).max().unwrap_or(0);
    let ends = |length| whole.clone().map(move |id| end_of(id, length));
    let is_unique = |length: &usize| {
        let different: HashSet<&str> = ends(*length).collect();
        different.len() == executions.len()
    };
    let length = (SHORT_ID..longest).find(is_unique).unwrap_or(longest);
    ends(length.max(SHORT_ID)).collect()
}

/// Shows the end of the log, the oldest first, and follows it if that is wanted.
fn tail(args: &TailArgs, log: &Log, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let filter = args.filter.filter(session.now);
    let mut end = log.tail()?;
    let listing = log.list(&Query {
        filter: filter.clone(),
        order: Order::NewestFirst,
        limit: Some(args.lines),
        is_short: !json,
    })?;
    warn_bad(&listing.bad, session);
    say_differing(listing.differing, session);
    let mut executions = listing.executions;
    executions.reverse();
    if json {
        for execution in &executions {
            session.ui.line(json::line(&shape(execution)));
        }
    } else {
        table(&executions, session);
    }
    session.ui.flush();
    while args.follow && !session.ui.is_closed() {
        std::thread::sleep(LOOK);
        for item in log.follow(&mut end)? {
            if show_item(item, &filter, session).is_break() {
                break;
            }
        }
        session.ui.flush();
    }
    Ok(Exit::Done)
}

fn show_item(item: Item, filter: &Filter, session: &mut Session) -> ControlFlow<()> {
    match item {
        Item::Record(record) if !filter.means(&record) => {}
        Item::Record(record) => {
            let execution = Execution {
                record: *record,
                outcomes: Vec::new(),
            };
            if session.ui.json {
                session.ui.line(json::line(&shape(&execution)));
            } else {
                let now = session.environ.now.unwrap_or_else(Timestamp::now);
                let line = plain(&execution.record, now, &session.ui);
                session.ui.line(line);
            }
        }
        Item::Outcome(outcome) if session.ui.json => {
            session.ui.line(json::line(&outcome));
        }
        Item::Outcome(_) => {}
        Item::Bad(bad) => warn_bad(&[bad], session),
    }
    match session.ui.is_closed() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

/// A record in one line.
fn plain(record: &Record, now: Timestamp, ui: &Ui) -> String {
    let id = match ui.width() {
        Some(_) => short_id(&record.id),
        None => &record.id,
    };
    let cells = row(id, record, now, ui);
    let cells: Vec<Cow<'_, str>> = cells.iter().map(|it| visible::line(it.text())).collect();
    cells.join("\t")
}

/// A record as the rows of lists show it.
fn row(id: &str, record: &Record, now: Timestamp, ui: &Ui) -> Vec<TableCell> {
    let style = match record.status {
        Status::Ok => GOOD,
        Status::Interrupted => NOTE,
        Status::Error | Status::InvalidOutput => BAD,
    };
    let version = record
        .version
        .map_or_else(|| "-".to_owned(), |version| format!("v{version}"));
    let version = if record.dirty {
        format!("{version} *")
    } else {
        version
    };
    let or_dash = |text: Option<String>| TableCell::from(text.unwrap_or_else(|| "-".to_owned()));
    vec![
        TableCell::styled(id, DIM),
        TableCell::from(when(ui, now, record.time)),
        TableCell::from(record.prompt.as_str()),
        TableCell::from(version),
        TableCell::styled(status_of(record), style),
        or_dash(record.model.clone()),
        or_dash(record.usage.total_tokens.map(|count| count.to_string())),
        or_dash(record.cost_usd.map(dollars)),
        or_dash(record.duration_ms.map(|time| format!("{time} ms"))),
    ]
}

/// How an execution ended; a version here that answered for a stored prompt says so.
fn status_of(record: &Record) -> String {
    match record.source {
        Source::Fallback => format!("{}, fallback", record.status.as_str()),
        _ => record.status.as_str().to_owned(),
    }
}

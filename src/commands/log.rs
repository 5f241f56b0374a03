//! `promptctl log`.

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Session;
use super::common::{FormatArg, ago, parse_time};
use super::run::log;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{BAD, DIM, GOOD, NOTE, paint};
use crate::record::entry::{Record, Status};
use crate::record::filter::Filter;
use crate::record::log::{BadLine, Execution, Order, Query};

/// Read the execution log
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List executions, the newest first
    List(ListArgs),
    /// Show one execution whole
    Show(ShowArgs),
    /// Print where the log is
    Path,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only executions of this prompt; a name that ends in `/` means all below it
    #[arg(short, long, value_name = "NAME", add = super::completions::names())]
    prompt: Option<String>,
    /// Only this version, such as v3
    #[arg(long, value_name = "VERSION")]
    version: Option<crate::prompt::version::Version>,
    /// Only executions of what was live in ENV
    #[arg(short, long, value_name = "ENV", add = super::completions::environments())]
    env: Option<String>,
    /// Only this status: ok, error, invalid_output or interrupted
    #[arg(long, value_name = "STATUS", value_parser = parse_status, add = super::completions::one_of(["ok", "error", "invalid_output", "interrupted"]))]
    status: Option<Status>,
    /// Only this model
    #[arg(long)]
    model: Option<String>,
    /// Not before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Only executions with this label: KEY or KEY=VALUE
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,
    /// Only executions that cost at least so many US dollars
    #[arg(long, value_name = "USD")]
    min_cost: Option<f64>,
    /// At most so many
    #[arg(short = 'n', long, value_name = "COUNT", default_value = "50")]
    limit: usize,
    #[command(flatten)]
    format: FormatArg,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The id, or its beginning
    id: String,
    #[command(flatten)]
    format: FormatArg,
}

fn parse_status(text: &str) -> Result<Status, String> {
    Status::find(text)
        .ok_or_else(|| "a status is ok, error, invalid_output or interrupted".to_owned())
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    match &args.command {
        None => list(&args.list, session),
        Some(Command::List(args)) => list(args, session),
        Some(Command::Show(args)) => show(args, session),
        Some(Command::Path) => {
            let (store, _) = session.store()?;
            let path = log(&store, session).path().display().to_string();
            session.ui.line(path);
            Ok(Exit::Done)
        }
    }
}

fn list(args: &ListArgs, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let (store, _) = session.store()?;
    let listing = log(&store, session).list(&Query {
        filter: args.filter(),
        order: Order::NewestFirst,
        limit: Some(args.limit),
        is_short: !json,
    })?;
    warn_bad(&listing.bad, session);
    if json {
        let records: Vec<Value> = listing.executions.iter().map(shape).collect();
        session
            .ui
            .line(json::document(&json!({ "records": records })));
        return Ok(Exit::Done);
    }
    if listing.executions.is_empty() {
        session.ui.status("no executions");
        session
            .ui
            .hint("promptctl run REF --model echo makes one offline");
        return Ok(Exit::Done);
    }
    let piped = session.ui.width().is_none();
    let mut table = Table::new(&[
        "id", "when", "prompt", "version", "status", "model", "tokens", "cost", "time",
    ])
    .right(&[6, 7, 8])
    .flexible(&[2])
    .spare(&[8, 5]);
    for execution in &listing.executions {
        table.row(row(&execution.record, session.now, piped));
    }
    table.print(&mut session.ui);
    Ok(Exit::Done)
}

impl ListArgs {
    fn filter(&self) -> Filter {
        Filter {
            prompt: self.prompt.clone(),
            version: self.version.map(|version| version.number()),
            environment: self.env.clone(),
            status: self.status,
            model: self.model.clone(),
            since: self.since,
            until: self.until,
            labels: self
                .label
                .iter()
                .map(|label| match label.split_once('=') {
                    Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                    None => (label.clone(), None),
                })
                .collect(),
            min_cost: self.min_cost,
            ..Filter::default()
        }
    }
}

fn row(record: &Record, now: Timestamp, piped: bool) -> Vec<TableCell> {
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
        // People find an execution again by the beginning of its id.
        TableCell::styled(
            if piped {
                record.id.as_str()
            } else {
                record.id.get(..13).unwrap_or(&record.id)
            },
            DIM,
        ),
        TableCell::from(ago(now, record.time)),
        TableCell::from(record.prompt.as_str()),
        TableCell::from(version),
        TableCell::styled(record.status.as_str(), style),
        or_dash(record.model.clone()),
        or_dash(record.usage.total_tokens.map(|count| count.to_string())),
        or_dash(record.cost_usd.map(|cost| {
            format!("${cost:.5}")
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned()
        })),
        or_dash(record.duration_ms.map(|time| format!("{time} ms"))),
    ]
}

fn shape(execution: &Execution) -> Value {
    let mut value = serde_json::to_value(&execution.record).unwrap_or(Value::Null);
    if let Value::Object(map) = &mut value
        && !execution.outcomes.is_empty()
    {
        map.insert("outcomes".to_owned(), json!(execution.outcomes));
    }
    value
}

fn show(args: &ShowArgs, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let (store, _) = session.store()?;
    let execution = log(&store, session).find(&args.id)?;
    if json {
        session.ui.line(json::document(&shape(&execution)));
        return Ok(Exit::Done);
    }
    let colors = session.ui.colors_out();
    let Value::Object(fields) = shape(&execution) else {
        return Ok(Exit::Done);
    };
    for (key, value) in fields
        .iter()
        .filter(|(key, _)| *key != "output" && *key != "schema")
    {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            Value::Object(map) if map.is_empty() => continue,
            other => other.to_string(),
        };
        session.ui.line(format!(
            "{} {text}",
            paint(colors, DIM, &format!("{key:<13}"))
        ));
    }
    if let Some(output) = &execution.record.output {
        session.ui.line(format!("\n{}", output.trim_end()));
    }
    Ok(Exit::Done)
}

fn warn_bad(bad: &[BadLine], session: &mut Session) {
    if let Some(first) = bad.first() {
        session.ui.warning(format!(
            "{} lines of the log are not records; the first is {}:{}",
            bad.len(),
            first.path.display(),
            first.line
        ));
    }
}

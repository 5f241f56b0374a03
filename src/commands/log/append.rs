//! `promptctl log append`: records of calls that services made by themselves.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::common::{FormatArg, count};
use super::super::given_file::{read_file, shown};
use super::super::plan::PlanArg;
use super::super::session::Session;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::prompt::reference::Reference;
use crate::record::entry::Record;
use crate::record::id::id_of_line;
use crate::record::known::Already;
use crate::record::log::Log;
use crate::releases::Store;

/// Append records that services made of their own calls
///
/// Each line is a record as `log export --format jsonl` writes it; only `prompt` must be there:
/// {"prompt": "support/triage", "version": 3, "model": "gpt-5-mini", "duration_ms": 812, "cost_usd": 0.0012}.
/// `promptctl help log` lists the fields.
/// All lines are checked before the first is kept. What the configuration says of variables and
/// output holds for them too, and for what their errors say. A negative cost is refused. A record whose `id` the
/// log holds already is not appended again, nor is one that `log prune` took away and summed up. A line without an
/// `id` that has a `response_id`, or a `time` with parts of a second, gets an id by it, so that the same
/// call is known again.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file; standard input when left out
    #[arg(default_value = "-", value_hint = clap::ValueHint::FilePath)]
    file: String,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(
    args: &Args,
    log: &Log,
    store: &Store,
    config: &Config,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let text = read_file(&args.file, session)?;
    let place = shown(&args.file);
    let mut schemas = Schemas::new(store);
    let (mut records, mut has_ids) = (Vec::new(), false);
    // Equal lines are different calls.
    let mut above: HashMap<String, u32> = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let (mut record, line) =
            read(line, session).map_err(|failure| failure.at(format!("{place}:{}", number + 1)))?;
        if line.get("id").is_some() {
            has_ids = true;
        } else if let Some(first) = id_of_line(&line, record.time, 0) {
            let above = above.entry(first.clone()).or_default();
            record.id = match *above {
                0 => first,
                above => id_of_line(&line, record.time, above).unwrap_or(first),
            };
            *above += 1;
            has_ids = true;
        }
        let schema = schemas.of(&record.prompt);
        records.push(config.log.privacy.keep(record, schema));
    }
    let given = records.len();
    let already = if has_ids {
        log.append_new(&mut records, args.plan.dry_run)?
    } else {
        // A new id is nobody's.
        if !args.plan.dry_run {
            log.append_all(&records)?;
        }
        Already::default()
    };
    if json {
        let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
        session.ui.block(json::document(
            &json!({ "ids": ids, "already": already.ids }),
        ));
    } else {
        say_known(&already, given, session);
        let records = count(records.len(), "record");
        args.plan.say(
            format!("{records} appended"),
            format!("{records} would be appended"),
            session,
        );
    }
    Ok(Exit::Done)
}

/// Says which records are not new.
fn say_known(already: &Already, given: usize, session: &mut Session) {
    let given = count(given, "record");
    let are = |number: usize| if number == 1 { "is" } else { "are" };
    let listed = already.ids.len() - already.summed;
    if listed > 0 {
        let are = are(listed);
        session.ui.status(format!(
            "{listed} of {given} {are} in the log, or above, already"
        ));
    }
    if already.summed > 0 {
        let (number, are) = (already.summed, are(already.summed));
        session.ui.status(format!(
            "{number} of {given} {are} in the daily sums already, for `log prune` took them away"
        ));
    }
}

/// The record of a line, and what the line says.
fn read(line: &str, session: &Session) -> Result<(Record, Value), Failure> {
    let value: Value = serde_json::from_str(line).map_err(|error| {
        Failure::new(code::BAD_LOG_LINE, format!("the line is not JSON: {error}"))
    })?;
    let mut value = value;
    if let Value::Object(map) = &mut value {
        // `log export` adds the outcomes.
        map.shift_remove("outcomes");
    }
    let record = Record::external(&value, session.environ.now.unwrap_or(session.now))?;
    record
        .prompt
        .parse::<PromptName>()
        .map_err(|error| Failure::new(code::BAD_LOG_LINE, error.to_string()))?;
    Ok((record, value))
}

/// The input schemas of prompts, each looked up once.
struct Schemas<'a> {
    store: &'a Store,
    known: HashMap<String, Option<Value>>,
}

impl<'a> Schemas<'a> {
    fn new(store: &'a Store) -> Self {
        Self {
            store,
            known: HashMap::new(),
        }
    }

    fn of(&mut self, prompt: &str) -> Option<&Value> {
        let store = self.store;
        let schema = self.known.entry(prompt.to_owned()).or_insert_with(|| {
            let name = prompt.parse().ok()?;
            let loaded = store.load(&Reference::working_copy(name)).ok()?;
            loaded.document.input_schema
        });
        schema.as_ref()
    }
}

//! `promptctl cases list`.

use serde_json::{Value, json};

use super::super::common::{FormatArg, count, load_to_read};
use super::super::evaluation::unknown_case;
use super::super::out::OutArg;
use super::super::session::Session;
use crate::error::{Exit, Failure};
use crate::experiment::case::{Case, Suite};
use crate::experiment::result::cut;
use crate::experiment::{PromptFiles, Selection};
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::DIM;
use crate::prompt::name::PromptName;
use crate::prompt::reference::Reference;

/// List the cases of a prompt
///
/// Those of `testData:` first, then those of each dataset. What is long is cut: `cases show` has it
/// whole.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl cases list support/triage
  promptctl cases list support/triage --tag hostile --format json")]
pub(super) struct Args {
    /// The prompt
    #[arg(value_name = "NAME", value_parser = super::super::typed::name, add = super::super::candidates::names())]
    name: PromptName,
    /// Cases with this tag alone
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// This case alone, by its id; may be given several times
    #[arg(long = "case", value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, _) = session.store()?;
    let reference = Reference::working_copy(args.name.clone());
    let loaded = load_to_read(&store, &reference, session)?;
    let reading = Suite::read(&loaded, &PromptFiles::with_untracked(&store, &loaded));
    let suite = reading.suite;
    let selection = Selection {
        cases: args.ids.clone(),
        tags: args.tags.clone(),
    };
    let meant = selection.of(&suite).map_err(|it| unknown_case(&it))?;
    let cases = || meant.iter().map(|at| &suite.cases[*at]);
    if args.format.is_json() {
        let cases: Vec<Value> = cases().map(shape).collect();
        let shape = json!({ "name": args.name, "suite": suite.digest, "cases": cases });
        session.ui.block(json::document(&shape));
    } else if meant.is_empty() {
        session.ui.status(format!("{} has no cases", args.name));
        session
            .ui
            .hint("promptctl cases add adds one; promptctl help cases shows how they are written");
    } else {
        let mut table = Table::new(&["case", "tags", "expected", "variables", "place"])
            .flexible(&[3, 2])
            .spare(&[1]);
        cases().for_each(|case| table.row(row(case)));
        table.print(&mut session.ui);
    }
    let errors = reading.findings.iter().filter(|it| it.is_error()).count();
    if errors > 0 {
        session.ui.warning(format!(
            "{} in the cases: promptctl cases check {} tells them",
            count(errors, "error"),
            args.name
        ));
    }
    Ok(Exit::Done)
}

/// The tags of a case, and how it counts.
pub(super) fn marks(case: &Case) -> String {
    let mut words = case.tags.clone();
    let marks = [
        (case.required, "required"),
        (case.skip.is_some(), "skipped"),
    ];
    let marks = marks.iter().filter(|(holds, _)| *holds);
    words.extend(marks.map(|(_, word)| format!("({word})")));
    words.join(" ")
}

fn row(case: &Case) -> Vec<TableCell> {
    let or_dash = |text: String| match text.is_empty() {
        true => TableCell::from("-"),
        false => TableCell::from(text),
    };
    let variables = case.variables.get();
    let variables: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("{name}: {}", plain(value)))
        .collect();
    vec![
        TableCell::from(case.id.clone()),
        or_dash(marks(case)),
        or_dash(case.expected.as_ref().map(plain).unwrap_or_default()),
        or_dash(variables.join("; ")),
        TableCell::styled(format!("{}:{}", case.place.path, case.place.line), DIM),
    ]
}

/// A value in a table.
fn plain(value: &Value) -> String {
    const MOST: usize = 200;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    cut(&words.join(" "), MOST)
}

pub(super) fn shape(case: &Case) -> Value {
    json!({
        "id": case.id, "digest": case.digest, "tags": case.tags, "weight": case.weight,
        "group": case.group, "repeat": case.repeat, "required": case.required, "skip": case.skip,
        "rule": case.rule, "source": case.source.as_str(), "reviewed": case.reviewed, "note": case.note,
        "variables": *case.variables.get(), "expected": case.expected, "others": case.others,
        "path": &*case.place.path, "line": case.place.line, "column": case.place.column,
    })
}

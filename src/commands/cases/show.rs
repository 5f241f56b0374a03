//! `promptctl cases show`.

use serde_json::Value;

use super::super::common::{FormatArg, load_to_read};
use super::super::evaluation::unknown_case;
use super::super::out::OutArg;
use super::super::session::Session;
use super::list::{marks, shape};
use crate::error::{Exit, Failure};
use crate::experiment::case::{Case, Suite};
use crate::experiment::{PromptFiles, Selection};
use crate::output::json;
use crate::prompt::name::PromptName;
use crate::prompt::reference::Reference;
use crate::prompt::visible;

/// Show whole cases of a prompt
///
/// All that a case gives the prompt and says of itself, uncut.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl cases show support/triage question
  promptctl cases show support/triage question --format json")]
pub(super) struct Args {
    /// The prompt
    #[arg(value_name = "NAME", value_parser = super::super::typed::name, add = super::super::candidates::names())]
    name: PromptName,
    /// The case, by its id; may be given several times
    #[arg(value_name = "ID", required = true)]
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
    let suite = Suite::read(&loaded, &PromptFiles::with_untracked(&store, &loaded)).suite;
    let selection = Selection {
        cases: args.ids.clone(),
        tags: Vec::new(),
    };
    let meant = selection.of(&suite).map_err(|it| unknown_case(&it))?;
    let cases = meant.iter().map(|at| &suite.cases[*at]);
    if args.format.is_json() {
        let cases: Vec<Value> = cases.map(shape).collect();
        session.ui.block(json::document(&serde_json::json!({
            "name": args.name, "suite": suite.digest, "cases": cases,
        })));
        return Ok(Exit::Done);
    }
    let texts: Vec<String> = cases.map(whole).collect();
    session.ui.styled(texts.join("\n"));
    Ok(Exit::Done)
}

/// All of a case, a field a line; a text of several lines stands below its name.
fn whole(case: &Case) -> String {
    let mut text = format!(
        "case {}   {}:{}\n",
        visible::line(&case.id),
        visible::line(&case.place.path),
        case.place.line
    );
    let mut field = |name: &str, value: &str| {
        let name = visible::line(name);
        let value = value.trim_end();
        match value.contains('\n') {
            false => text.push_str(&format!("  {name}: {}\n", visible::line(value))),
            true => {
                text.push_str(&format!("  {name}:\n"));
                for line in value.lines() {
                    text.push_str(format!("    {}", visible::line(line)).trim_end());
                    text.push('\n');
                }
            }
        }
    };
    let mut value = |name: &str, value: &Value| match value {
        Value::String(text) => field(name, text),
        other => field(name, &json::pretty(other)),
    };
    for (name, it) in case.variables.get().iter().chain(&case.others) {
        value(name, it);
    }
    if let Some(expected) = &case.expected {
        value("expected", expected);
    }
    for evaluator in &case.evaluators {
        value("case.evaluators", &Value::Object(evaluator.clone()));
    }
    let mut words = |name: &str, words: Option<String>| {
        if let Some(words) = words.filter(|it| !it.is_empty()) {
            field(name, &words);
        }
    };
    words("case.tags", Some(marks(case)));
    words("case.skip", case.skip.clone());
    words("case.group", case.group.clone());
    words("case.repeat", case.repeat.map(|it| it.to_string()));
    let weight = (case.weight != 1.0).then(|| case.weight.to_string());
    words("case.weight", weight);
    words("case.rule", case.rule.clone());
    words("case.source", Some(case.source.as_str().to_owned()));
    words("case.note", case.note.clone());
    text
}

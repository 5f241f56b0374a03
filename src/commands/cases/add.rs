//! `promptctl cases add`.

use serde_json::{Value, json};

use super::super::common::{FormatArg, compile, warn_all};
use super::super::plan::PlanArg;
use super::super::prompt_args::value_of;
use super::super::session::Session;
use super::target::{Target, odd, too_alike, without_secrets};
use crate::error::{Exit, Failure};
use crate::experiment::case::Case;
use crate::output::json;
use crate::prompt::document::Object;
use crate::prompt::finding::{Finding, in_file};
use crate::prompt::name::PromptName;
use crate::prompt::quote::shell_word;
use crate::prompt::variables::{Check, VarArg, case_file, complete};

/// Add a case to a prompt
///
/// It goes to the last of the prompt's `datasets:`, else to `testData:` of its file; every line that
/// was there stays as it was. Nothing is committed: a case is no part of a version. A case that does
/// not fit the prompt, lacks a field that an evaluator asks for or contradicts another is refused, and so
/// is one with a secret.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl cases add support/triage --var ticket='It burns' --expected technical
  promptctl cases add support/triage --var ticket=@ticket.txt --expected billing --required")]
pub(super) struct Args {
    /// The prompt
    #[arg(value_name = "NAME", value_parser = super::super::typed::name, add = super::super::candidates::names())]
    name: PromptName,
    /// A variable: NAME=TEXT, NAME=@FILE, NAME=@@TEXT for a text that begins with @, NAME:=JSON
    #[arg(long = "var", value_name = "NAME=VALUE")]
    vars: Vec<VarArg>,
    /// What is expected of the answer
    #[arg(long, value_name = "TEXT")]
    expected: Option<String>,
    /// Another field, which evaluators ask for; written as for --var
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<VarArg>,
    /// Its id; without it, one made of its variables
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// A tag, such as smoke or hostile; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// What belongs together, such as the turns of one conversation
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// It has to pass, whatever the rate
    #[arg(long)]
    required: bool,
    /// A note for people
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Where it goes: one of the prompt's datasets, or testData
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    to: Option<String>,
    /// Write stars in place of a secret
    #[arg(long)]
    redact: bool,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, _) = args.plan.store(session)?;
    store.require_working_copy()?;
    let target = Target::new(&store, &args.name, args.to.as_deref())?;
    let mut case = args.variables(&target, session)?;
    if let Some(expected) = &args.expected {
        case.insert("expected".to_owned(), json!(expected));
    }
    for field in &args.fields {
        case.insert(field.name.clone(), value_of(field, session)?);
    }
    let about = args.about();
    if !about.is_empty() {
        case.insert(target.key()?.to_owned(), about.into());
    }
    without_secrets(&mut case, args.redact, &target.path)?;
    let added = target.with(std::slice::from_ref(&case))?;
    warn_all(session, &added.warnings);
    // It stands at the end of its file.
    let is_own = |it: &Case| *it.place.path == *target.path;
    let has_grown = added.suite.cases.len() > target.suite.cases.len();
    let new = added.suite.cases.iter().rposition(is_own);
    let new = new.filter(|_| has_grown);
    let Some(new) = new else {
        return Err(
            Failure::usage(format!("{} has this case already", args.name))
                .exit(Exit::Failed)
                .hint("nothing was written"),
        );
    };
    let odd_before = odd(&target.suite, &target.loaded);
    let is_new = |it: &Finding| !odd_before.iter().any(|old| old.message == it.message);
    for finding in odd(&added.suite, &target.loaded)
        .iter()
        .filter(|it| is_new(it))
    {
        session.ui.finding(finding);
    }
    for (at, finding) in too_alike(&added.suite) {
        if at == new {
            session.ui.finding(&finding);
        }
    }
    let (id, line) = {
        let case = &added.suite.cases[new];
        (case.id.clone(), case.place.line)
    };
    let cases = added.suite.cases.len();
    if !args.plan.dry_run {
        target.write(added)?;
    }
    if json {
        session.ui.block(json::document(&json!({
            "name": args.name, "case": id, "path": target.path, "line": line, "cases": cases,
            "dry_run": args.plan.dry_run,
        })));
        return Ok(Exit::Done);
    }
    args.plan.say(
        format!(
            "{}:{line}: the case {id} of {} was added",
            target.path, args.name
        ),
        format!(
            "{}:{line}: the case {id} of {} would be added",
            target.path, args.name
        ),
        session,
    );
    if !args.plan.dry_run {
        target.hint_to_add(session);
        let (name, id) = (shell_word(args.name.as_str()), shell_word(&id));
        session
            .ui
            .hint(format!("promptctl eval {name} --case {id} tries it"));
    }
    Ok(Exit::Done)
}

impl Args {
    /// The variables, as the case holds them.
    fn variables(&self, target: &Target<'_>, session: &Session) -> Result<Object, Failure> {
        let loaded = &target.loaded;
        let compiled = compile(loaded)?;
        let mut given = Object::new();
        for var in &self.vars {
            given.insert(var.name.clone(), value_of(var, session)?);
        }
        // A file is sent as a text.
        let meant = given.iter().map(|(name, value)| {
            let is_file = case_file(value).is_some();
            let value = if is_file { json!("") } else { value.clone() };
            (name.clone(), value)
        });
        let check = Check::default();
        let schema = loaded.document.input_schema.as_ref();
        let schema = schema.map(|schema| (schema, &check));
        let told =
            |findings| Failure::from(in_file(findings, &loaded.path)).hint("nothing was written");
        let (values, unknown) =
            complete(schema, compiled.variables(), meant.collect()).map_err(told)?;
        if let Some(finding) = unknown.into_iter().next() {
            return Err(Failure::new(finding.code, finding.message.clone())
                .at(loaded.path.clone())
                .hint(
                    finding
                        .help
                        .map_or_else(String::new, |help| crate::output::words::words(&help)),
                )
                .hint("--field NAME=VALUE is for what only evaluators see; nothing was written"));
        }
        // `5` of a number is one, and defaults stay where they are.
        for (name, value) in &mut given {
            if case_file(value).is_none()
                && let Some(read) = values.get(name)
            {
                value.clone_from(read);
            }
        }
        Ok(given)
    }

    /// What the case says of itself.
    fn about(&self) -> Object {
        let mut about = Object::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                about.insert(key.to_owned(), value);
            }
        };
        put("id", self.id.as_ref().map(|it| json!(it)));
        put("tags", (!self.tags.is_empty()).then(|| json!(self.tags)));
        put("group", self.group.as_ref().map(|it| json!(it)));
        put("required", self.required.then(|| json!(true)));
        put("note", self.note.as_ref().map(|it| json!(it)));
        about
    }
}

//! `promptctl cases from-log`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::common::{FormatArg, count, parse_version, variables_of, warn_all};
use super::super::moment::Moment;
use super::super::own_log::log;
use super::super::plan::PlanArg;
use super::super::session::Session;
use super::target::{Target, too_alike, without_secrets};
use crate::error::{Exit, Failure};
use crate::experiment::asks_for_expected;
use crate::output::calls::short_id;
use crate::output::json;
use crate::prompt::document::Object;
use crate::prompt::name::PromptName;
use crate::prompt::rendered::Variable;
use crate::prompt::version::Version;
use crate::record::entry::Status;
use crate::record::filter::Filter;
use crate::record::log::{Execution, Order, Query};
use crate::record::privacy::is_hash;

/// What becomes of an outcome's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LabelAs {
    /// It is what is expected of the answer
    Expected,
    /// It is what a person said of the answer: `case.human.label`
    Human,
}

/// Make cases of executions
///
/// Executions of the prompt in this machine's log become cases with the values that they had, the
/// newest first. The label of the last outcome is what is expected, or with --label-as human what a
/// person said. They say `source: log` and `reviewed: false`. What is a case already, or nearly one, is
/// left out, and so are values that the log does not hold whole. Where evaluators ask for `expected` and
/// there is no label, the case says `skip` until somebody writes it. Nothing is committed; a secret is
/// refused.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl cases from-log support/triage --since yesterday --dry-run
  promptctl cases from-log support/triage --status invalid_output --redact -L 5
  promptctl cases from-log support/triage --label win --score-below 0.5 --dry-run")]
pub(super) struct Args {
    /// The prompt
    #[arg(value_name = "NAME", value_parser = super::super::typed::name, add = super::super::candidates::names())]
    name: PromptName,
    /// Only this status: ok, error, invalid_output or interrupted
    #[arg(long, value_name = "STATUS", value_parser = super::super::own_log::parse_status)]
    status: Option<Status>,
    /// Only executions with this label: KEY or KEY=VALUE; KEY may be an outcome's label
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,
    /// Only executions whose last outcome has a lower score
    #[arg(long, value_name = "SCORE")]
    score_below: Option<f64>,
    /// Only this version, such as v3
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    version: Option<Version>,
    /// Not before this time: "2026-11-20 22:00", a date (its beginning), yesterday, 22:00 or 2h (ago)
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Before this time, written as for --since; a date means its end
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// At most so many cases
    #[arg(short = 'L', long, value_name = "COUNT", default_value = "20")]
    limit: usize,
    /// What the label of an outcome says
    #[arg(long, value_name = "WHAT", default_value = "expected")]
    label_as: LabelAs,
    /// Where they go: one of the prompt's datasets, or testData
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    to: Option<String>,
    /// Write stars in place of secrets
    #[arg(long)]
    redact: bool,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

/// How many executions were left out, by the reason.
#[derive(Default)]
struct LeftOut(Vec<(&'static str, usize)>);

impl LeftOut {
    fn add(&mut self, reason: &'static str) {
        match self.0.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, number)) => *number += 1,
            None => self.0.push((reason, 1)),
        }
    }

    fn json(&self) -> Object {
        let counts = self.0.iter();
        let counts = counts.map(|(reason, number)| ((*reason).to_owned(), json!(number)));
        counts.collect()
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, config) = args.plan.store(session)?;
    store.require_working_copy()?;
    let target = Target::new(&store, &args.name, args.to.as_deref())?;
    let listing = log(&store, &config, session).list(&Query {
        filter: args.filter(session),
        order: Order::NewestFirst,
        limit: None,
        is_short: false,
    })?;
    let key = target.key()?;
    let (cases, left_out) = args.cases(&listing.executions, &target, key, session.now)?;
    let added = target.with(&cases)?;
    warn_all(session, &added.warnings);
    if !args.plan.dry_run && !cases.is_empty() {
        target.write(added)?;
    }
    if args.format.is_json() {
        session.ui.block(json::document(&json!({
            "name": args.name, "path": target.path, "cases": cases, "left_out": left_out.json(),
            "dry_run": args.plan.dry_run,
        })));
        return Ok(Exit::Done);
    }
    if args.plan.dry_run {
        for case in &cases {
            session.ui.line(json::line(case));
        }
    }
    args.say(&cases, &left_out, &target, session);
    let open = cases.iter().filter(|case| is_skipped(case, key)).count();
    if open > 0 {
        hint_at_open(open, session);
    }
    if !cases.is_empty() && !args.plan.dry_run {
        target.hint_to_add(session);
        session.ui.hint(
            "nobody has reviewed them: read them, correct `expected`, and set `reviewed: true`",
        );
    }
    Ok(Exit::Done)
}

/// What is to be done with cases that lack what an evaluator asks for.
fn hint_at_open(open: usize, session: &mut Session) {
    let (verb, them) = match open {
        1 => ("lacks", "it"),
        _ => ("lack", "them"),
    };
    session.ui.hint(format!(
        "{} {verb} `expected`, which an evaluator asks for: `eval` skips {them} until you write `expected` and take out `skip`",
        count(open, "case")
    ));
}

/// Has a case wait for what is expected of its answer.
fn skip(case: &mut Object, key: &str) {
    if let Some(Value::Object(about)) = case.get_mut(key) {
        about.insert("skip".to_owned(), json!("expected is not written yet"));
    }
}

fn is_skipped(case: &Object, key: &str) -> bool {
    case.get(key)
        .is_some_and(|about| about.get("skip").is_some())
}

/// Whether a case gives the prompt what another gives it.
fn is_there(case: &Object, new: &[Object], target: &Target<'_>, variables: &[Variable]) -> bool {
    let own = values(case, variables);
    let old = target.suite.cases.iter();
    let old = old.map(|it| it.variables.get().into_owned());
    let new = new.iter().map(|it| values(it, variables));
    old.chain(new).any(|other| other == own)
}

fn values(case: &Object, variables: &[Variable]) -> Object {
    let entries = case.iter();
    let entries = entries.filter(|(name, _)| variables.iter().any(|it| it.name == **name));
    entries
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The cases without those that say nearly what another says.
fn distinct(
    cases: Vec<Object>,
    target: &Target<'_>,
    variables: &[Variable],
    left_out: &mut LeftOut,
) -> Result<Vec<Object>, Failure> {
    let suite = target.with(&cases)?.suite;
    let alike: Vec<_> = too_alike(&suite)
        .iter()
        .map(|(at, _)| suite.cases[*at].variables.get())
        .collect();
    let (out, kept): (Vec<Object>, Vec<Object>) = cases
        .into_iter()
        .partition(|case| alike.iter().any(|it| **it == values(case, variables)));
    out.iter()
        .for_each(|_| left_out.add("nearly a case already"));
    Ok(kept)
}

/// An execution in words.
fn of(execution: &Execution) -> String {
    format!("execution {}", short_id(&execution.record.id))
}

impl Args {
    /// The cases that these executions make, at most as many as are wanted, and what was left out.
    fn cases(
        &self,
        executions: &[Execution],
        target: &Target<'_>,
        key: &str,
        now: Timestamp,
    ) -> Result<(Vec<Object>, LeftOut), Failure> {
        let variables = variables_of(&target.loaded);
        let wants_expected = asks_for_expected(&target.suite);
        let mut left_out = LeftOut::default();
        let mut cases = Vec::new();
        for execution in executions.iter().filter(|it| self.is_scored(it, now)) {
            if cases.len() == self.limit {
                break;
            }
            match self.case(execution, &variables, key) {
                Ok(mut case) => {
                    if wants_expected && !case.contains_key("expected") {
                        skip(&mut case, key);
                    }
                    if is_there(&case, &cases, target, &variables) {
                        left_out.add("a case already");
                        continue;
                    }
                    without_secrets(&mut case, self.redact, &of(execution))?;
                    cases.push(case);
                }
                Err(reason) => left_out.add(reason),
            }
        }
        let cases = distinct(cases, target, &variables, &mut left_out)?;
        Ok((cases, left_out))
    }

    /// Says what was added, and what was left out.
    fn say(
        &self,
        cases: &[Object],
        left_out: &LeftOut,
        target: &Target<'_>,
        session: &mut Session,
    ) {
        let made = count(cases.len(), "case");
        let (path, name) = (&target.path, &self.name);
        session
            .ui
            .status(match (cases.is_empty(), self.plan.dry_run) {
                (true, _) => format!("no execution of {name} makes a new case"),
                (false, true) => format!("{made} would be added to {path}"),
                (false, false) => format!("{made} added to {path}"),
            });
        for (reason, number) in &left_out.0 {
            let executions = count(*number, "execution");
            session
                .ui
                .status(format!("left out: {executions} ({reason})"));
        }
    }

    fn filter(&self, session: &Session) -> Filter {
        let labels = self.label.iter().map(|label| match label.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (label.clone(), None),
        });
        Filter {
            prompt: Some(self.name.to_string()),
            version: self.version.map(Version::number),
            status: self.status,
            since: self.since.map(|since| since.begin(session.now)),
            until: self.until.map(|until| until.end(session.now)),
            labels: labels.collect(),
            ..Filter::default()
        }
    }

    fn is_scored(&self, execution: &Execution, now: Timestamp) -> bool {
        let score = execution
            .as_they_count(now)
            .iter()
            .rev()
            .find_map(|it| it.score);
        self.score_below
            .is_none_or(|limit| score.is_some_and(|score| score < limit))
    }

    /// The case of an execution, or why there is none.
    fn case(
        &self,
        execution: &Execution,
        variables: &[Variable],
        key: &str,
    ) -> Result<Object, &'static str> {
        let record = &execution.record;
        if record.overrides.user.is_some() || record.overrides.previous_response_id.is_some() {
            return Err("more was sent than the prompt");
        }
        let given = record.variables.as_ref().ok_or("the log has no values")?;
        let mut case = Object::new();
        for variable in variables {
            let value = given.get(&variable.name).filter(|value| !value.is_null());
            match value {
                Some(value) if is_hash(value) => return Err("the log has hashes of its values"),
                Some(value) if Some(value) != variable.default.as_ref() => {
                    case.insert(variable.name.clone(), value.clone());
                }
                None if variable.required => return Err("it lacks a variable of today"),
                Some(_) | None => {}
            }
        }
        let label = execution
            .outcomes
            .iter()
            .rev()
            .find_map(|it| it.label.clone());
        let mut about = Object::new();
        about.insert("source".to_owned(), json!("log"));
        about.insert("reviewed".to_owned(), json!(false));
        match (label, self.label_as) {
            (Some(label), LabelAs::Expected) => {
                case.insert("expected".to_owned(), json!(label));
            }
            (Some(label), LabelAs::Human) => {
                about.insert("human".to_owned(), json!({ "label": label }));
            }
            (None, _) => {}
        }
        about.insert("note".to_owned(), Value::from(of(execution)));
        case.insert(key.to_owned(), about.into());
        Ok(case)
    }
}

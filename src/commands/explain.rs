//! `promptctl explain`.

use serde_json::json;

use super::Session;
use super::common::FormatArg;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::output::ui::{BOLD, paint};
use crate::prompt::code::{Code, EXPLANATIONS, Explanation};
use crate::prompt::finding::Severity;
use crate::prompt::lint::{Rule, rule};
use crate::prompt::name::nearest;

/// Explain the code of an error or finding
///
/// Without a code, all are listed: P0xx is about files, P1xx about templates and variables, P2xx
/// about versions, releases and git, P3xx about models, the log and settings, P4xx about evaluators.
/// A code never changes its meaning. `lint:` in promptctl.yaml sets how severe some of them are;
/// each of these says so.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The code, such as P104; without one, all codes are listed
    #[arg(add = super::completions::one_of(EXPLANATIONS.iter().map(|explanation| explanation.code.as_str())))]
    code: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let wanted: Vec<&Explanation> = match &args.code {
        None => EXPLANATIONS.iter().collect(),
        Some(text) => vec![find(text)?.explanation()],
    };
    if json {
        let codes: Vec<_> = wanted
            .iter()
            .map(|entry| {
                json!({
                    "code": entry.code.as_str(),
                    "title": entry.title,
                    "text": entry.text,
                    "configurable": rule(entry.code).is_some(),
                })
            })
            .collect();
        session.ui.line(json::document(&json!({ "codes": codes })));
        return Ok(Exit::Done);
    }
    for entry in &wanted {
        let code = paint(session.ui.colors_out(), BOLD, entry.code.as_str());
        session.ui.line(format!("{code}  {}", entry.title));
        if args.code.is_some() {
            session.ui.line(format!("\n{}", entry.text));
            if let Some(rule) = rule(entry.code) {
                session.ui.line(format!("\n{}", configurable(rule)));
            }
        }
    }
    Ok(Exit::Done)
}

/// How severe a rule is, and how to change that.
fn configurable(rule: &Rule) -> String {
    let code = rule.code;
    let severity = match rule.severity {
        Some(Severity::Error) => "An error",
        Some(Severity::Warning) => "A warning",
        None => "An error or a warning",
    };
    format!(
        "{severity} unless promptctl.yaml says otherwise: `lint: {{{code}: error}}`, `warning` or `off`. A comment `# promptctl: allow {code}` allows it in one place."
    )
}

fn find(text: &str) -> Result<Code, Failure> {
    Code::find(text).ok_or_else(|| {
        let failure = Failure::usage(format!("there is no code {text}"));
        match nearest(text, EXPLANATIONS.iter().map(|entry| entry.code.as_str())) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint("promptctl explain lists all codes"),
        }
    })
}

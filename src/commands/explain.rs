//! `promptctl explain`.

use serde_json::json;

use super::common::FormatArg;
use super::out::OutArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::output::ui::{BOLD, paint};
use crate::prompt::code::{Code, DefaultLevel, EXPLANATIONS, Explanation};
use crate::prompt::diff::{RULES, Rule as ChangeRule};
use crate::prompt::name::nearest;

/// Explain the code of an error or finding
///
/// Without a code, all are listed: P0xx is about files, P1xx about templates and variables, P2xx
/// about versions, releases and git, P3xx about models, the log and settings, P4xx about evaluators.
/// A code never changes its meaning. `lint:` in promptctl.yaml sets how severe some of them are;
/// each of these says so. A rule of `promptctl diff` is named by its id, such as variable-removed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help errors

Examples:
  promptctl explain P206
  promptctl explain variable-removed
  promptctl explain --format json")]
pub(super) struct Args {
    /// The code, such as P104, or the id of a rule; without one, all codes are listed
    #[arg(add = super::candidates::one_of(names()))]
    code: Option<String>,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let named = args.code.as_deref().map(find).transpose()?;
    let wanted: Vec<&Explanation> = match named {
        None => EXPLANATIONS.iter().collect(),
        Some(Named::Code(code)) => vec![code.explanation()],
        Some(Named::Change(rule)) => {
            explain_change(rule, json, session);
            return Ok(Exit::Done);
        }
    };
    if json {
        let codes: Vec<_> = wanted
            .iter()
            .map(|entry| {
                json!({
                    "code": entry.code.as_str(),
                    "title": entry.title,
                    "text": entry.text,
                    "configurable": entry.level.is_rule(),
                })
            })
            .collect();
        session.ui.block(json::document(&json!({ "codes": codes })));
        return Ok(Exit::Done);
    }
    for entry in &wanted {
        let code = paint(session.ui.colors_out(), BOLD, entry.code.as_str());
        session.ui.styled(format!("{code}  {}\n", entry.title));
        if args.code.is_some() {
            session.ui.block(format!("\n{}", entry.text));
            if let Some(severity) = configurable(entry) {
                session.ui.block(format!("\n{severity}"));
            }
        }
    }
    Ok(Exit::Done)
}

/// How severe the findings of a rule are, and how to change that.
fn configurable(entry: &Explanation) -> Option<String> {
    let code = entry.code;
    let severity = match entry.level {
        DefaultLevel::Fixed => return None,
        DefaultLevel::Error => "An error",
        DefaultLevel::Warning => "A warning",
        DefaultLevel::Varies => "An error or a warning",
    };
    Some(format!(
        "{severity} unless promptctl.yaml says otherwise: `lint: {{{code}: error}}`, `warning` or `off`. A comment `# promptctl: allow {code}` allows it in one place."
    ))
}

/// What a rule of `promptctl diff` says.
fn explain_change(rule: &ChangeRule, json: bool, session: &mut Session) {
    if json {
        session.ui.block(json::document(&json!({ "rules": [{
            "id": rule.id,
            "impact": rule.impact,
            "when": rule.when,
            "example": rule.example,
        }] })));
        return;
    }
    let id = paint(session.ui.colors_out(), BOLD, rule.id);
    session.ui.styled(format!("{id}  {}\n", rule.when));
    session.ui.block(format!(
        "\nIts impact is {}. For example: {}.",
        rule.impact, rule.example
    ));
}

/// What can be explained.
enum Named {
    /// An error or a finding.
    Code(Code),
    /// A rule of a comparison.
    Change(&'static ChangeRule),
}

fn names() -> impl Iterator<Item = &'static str> {
    let codes = EXPLANATIONS.iter().map(|entry| entry.code.as_str());
    codes.chain(RULES.iter().map(|rule| rule.id))
}

fn find(text: &str) -> Result<Named, Failure> {
    let change = || RULES.iter().find(|rule| rule.id == text);
    let named = Code::find(text).map(Named::Code);
    named
        .or_else(|| change().map(Named::Change))
        .ok_or_else(|| {
            let failure = Failure::usage(format!("there is no code or rule {text}"));
            match nearest(text, names()) {
                Some(near) => failure.hint(format!("did you mean {near}?")),
                None => failure.hint("promptctl explain lists all codes"),
            }
        })
}

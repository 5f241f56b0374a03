//! `promptctl bump`.

use super::common::{FormatArg, load_to_change, warn_all, warn_of_passed};
use super::gate::Gate;
use super::numbering::{may_need_number, number};
use super::plan::PlanArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::FileChange;
use crate::output::json;
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;
use crate::prompt::version::Version;

/// Raise the version of prompts that were changed by hand
///
/// Without names, every prompt whose content no longer fits its `digest:` line is raised, and every
/// prompt without such a line whose content differs from HEAD. A change of a partial raises the
/// prompts that include it. Only the `version:` and `digest:` lines are touched; nothing is
/// committed. A file with a secret in it is given no number, and other errors are said.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help versions

Examples:
  promptctl bump
  promptctl bump --dry-run support/triage")]
pub(super) struct Args {
    /// The prompts
    #[arg(value_name = "NAME", value_parser = super::typed::name, add = super::candidates::names())]
    names: Vec<PromptName>,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, config) = args.plan.store(session)?;
    store.require_working_copy()?;
    let gate = Gate::new(&config, session);
    let mut is_partly_wrong = false;
    let loaded = if args.names.is_empty() {
        let (loaded, findings) = store.load_all();
        warn_all(session, &findings);
        is_partly_wrong = findings.iter().any(Finding::is_error);
        loaded
    } else {
        args.names
            .iter()
            .map(|name| load_to_change(&store, name))
            .collect::<Result<_, _>>()?
    };
    let mut changes = Vec::new();
    let mut bumped = Vec::new();
    for prompt in &loaded {
        if args.names.is_empty() && !may_need_number(prompt) {
            continue;
        }
        let numbered = number(&store, prompt)?;
        warn_of_passed(&prompt.name, numbered.passed, session);
        // An adopted file that nobody changed gets its lines only when it is named.
        let wanted = numbered.is_new || !args.names.is_empty();
        if wanted && numbered.text != prompt.text {
            gate.before_writing(&store, prompt, &prompt.path, session)?;
            bumped.push((
                prompt.name.clone(),
                prompt.document.version,
                numbered.version,
            ));
            changes.push(FileChange::Write {
                path: prompt.path.clone(),
                text: numbered.text,
            });
        }
    }
    if !args.plan.dry_run {
        store.write_files(&changes)?;
    }
    if !json && bumped.is_empty() && is_partly_wrong {
        // Whether a version fits is not known of what cannot be read.
        session
            .ui
            .status("nothing was bumped: see the errors above");
        return Ok(Exit::Verdict);
    }
    let paths: Vec<&str> = changes.iter().map(FileChange::path).collect();
    let is_new = !args.plan.dry_run && !store.untracked(&paths)?.is_empty();
    report(&bumped, json, is_new, &args.plan, session);
    Ok(if is_partly_wrong {
        Exit::Verdict
    } else {
        Exit::Done
    })
}

fn report(
    bumped: &[(PromptName, Option<Version>, Version)],
    json: bool,
    is_new: bool,
    plan: &PlanArg,
    session: &mut Session,
) {
    if json {
        let rows: Vec<_> = bumped
            .iter()
            .map(|(name, from, to)| serde_json::json!({"name": name, "from": from, "to": to}))
            .collect();
        session
            .ui
            .block(json::document(&serde_json::json!({ "bumped": rows })));
        return;
    }
    if bumped.is_empty() {
        session
            .ui
            .status("nothing to bump: every version fits its content");
        return;
    }
    let would = if plan.dry_run { "would become " } else { "" };
    for (name, from, to) in bumped {
        let line = match from {
            Some(from) if from != to => format!("{name} {would}{to} (was {from})"),
            Some(_) => format!("{name} {would}{to}, with its digest"),
            None => format!("{name} {would}{to}, numbered for the first time"),
        };
        plan.say(&line, &line, session);
    }
    if !plan.dry_run {
        session.ui.hint(match is_new {
            true => "commit the change: git add -A && git commit",
            false => "commit the change: git commit -a",
        });
    }
}

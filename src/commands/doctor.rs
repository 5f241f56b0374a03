//! `promptctl doctor`.

mod api;
mod log;
mod settings;

use super::common::{FormatArg, count};
use super::out::OutArg;
use super::session::Session;
use super::trouble::finding_of;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Severity};
use crate::releases::{Repair, Store};
use crate::setup::Setup;

/// 2026-12-01, when OpenAI's stored prompts are gone.
const STORED_PROMPTS_END: jiff::Timestamp = jiff::Timestamp::constant(1_796_083_200, 0);

/// Find what is unsound in the repository, and fix it
///
/// Looks at the settings, tags and releases, required signatures, the mirror of the remote, pending
/// tags, the clone, the prompt files and the execution log, and says for each problem what puts it
/// right. Exits with 3 if something does not work. The network is asked only with --online.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if something does not work.
More: promptctl help policy

Examples:
  promptctl doctor
  promptctl doctor --fix --dry-run
  promptctl doctor --online")]
pub(super) struct Args {
    /// Do what can be done without a decision: remove the locks that a killed promptctl left, write
    /// the commit-graph, set up the mirror, discard pending tags that lost, set torn lines of the log
    /// apart
    #[arg(long)]
    fix: bool,
    /// With --fix: say what would be done, and do nothing; then what is found as it is
    #[arg(short = 'n', long, requires = "fix")]
    dry_run: bool,
    /// Ask the remote for its tags, and the API for the models that the key may use
    #[arg(long)]
    online: bool,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let mut findings = Vec::new();
    let (store, config) = settings::open(session, &mut findings)?;
    let is_reported = !findings.is_empty();
    if args.dry_run {
        store.write_nothing();
        plan(&store, &config, session)?;
    } else if args.fix {
        fix(&store, &config, session)?;
    }
    findings.extend(settings::findings(&store, &config, is_reported)?);
    findings.extend(Setup::of(&store).troubles()?.iter().map(finding_of));
    findings.extend(store.shared_ids()?);
    findings.extend(files(&store, session));
    findings.extend(log::findings(&store, &config, session)?);
    if args.online {
        findings.extend(Setup::of(&store).troubles_online()?.iter().map(finding_of));
        findings.extend(api::findings(&store, session));
    }
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    let warnings = findings.len() - errors;
    if json {
        let shapes: Vec<json::FindingJson> = findings.iter().map(json::FindingJson::from).collect();
        session.ui.block(json::document(&serde_json::json!({
            "checked": store.list().files.len(), "errors": errors, "warnings": warnings, "findings": shapes,
        })));
    } else {
        for finding in &findings {
            session.ui.finding(finding);
        }
        if findings.is_empty() {
            session.ui.status("everything is sound");
        } else {
            session.ui.status(format!(
                "{}, {}",
                count(errors, "error"),
                count(warnings, "warning")
            ));
        }
    }
    Ok(if errors > 0 {
        Exit::Verdict
    } else {
        Exit::Done
    })
}

/// Says what can be done without a decision: data where no JSON is.
fn plan(store: &Store, config: &Config, session: &mut Session) -> Result<(), Failure> {
    let mut lines: Vec<String> = Setup::of(store)
        .troubles()?
        .iter()
        .filter(|trouble| trouble.repair.is_some())
        .map(|trouble| format!("would mend: {}", trouble.message))
        .collect();
    match log::torn(store, config, session)? {
        0 => {}
        torn => lines.push(format!(
            "would set {} of the log apart",
            count(torn, "torn line")
        )),
    }
    if lines.is_empty() {
        session
            .ui
            .status("there is nothing to fix without a decision");
    }
    for line in lines {
        match session.ui.json {
            true => session.ui.status(line),
            false => session.ui.line(line),
        }
    }
    Ok(())
}

/// Does what can be done without a decision.
fn fix(store: &Store, config: &Config, session: &mut Session) -> Result<(), Failure> {
    let before = Setup::of(store).troubles()?;
    let mut repairs: Vec<&Repair> = before
        .iter()
        .filter_map(|trouble| trouble.repair.as_ref())
        .collect();
    // What a killed run left stands in the way of all others.
    repairs.sort_by_key(|repair| !matches!(repair, Repair::RemoveLock(_)));
    for repair in repairs {
        Setup::of(store).repair(repair)?;
    }
    Setup::of(store).forget_dead_runs();
    let after = if before.iter().any(|trouble| trouble.repair.is_some()) {
        Setup::of(store).troubles()?.len()
    } else {
        before.len()
    };
    let (mut all, mut fixed) = (before.len(), before.len() - after.min(before.len()));
    let moved = log::set_apart(store, config, session)?;
    all += moved;
    fixed += moved;
    session
        .ui
        .status(format!("{fixed} of {} fixed", count(all, "trouble")));
    Ok(())
}

fn files(store: &Store, session: &Session) -> Vec<Finding> {
    let (loaded, mut findings) = store.load_all();
    for prompt in loaded.iter().filter(|prompt| prompt.is_unbumped()) {
        findings.push(
            Finding::error(
                code::NOT_BUMPED,
                format!(
                    "the content of {} changed and {} did not",
                    prompt.name,
                    prompt.version()
                ),
            )
            .in_file(&prompt.path)
            .at(prompt.document.span_of("digest"))
            .help(format!("promptctl bump {}", prompt.name)),
        );
    }
    let ended = session.now >= STORED_PROMPTS_END;
    for prompt in loaded.iter().filter(|prompt| !prompt.document.archived) {
        let stored = prompt.document.openai.as_ref();
        let has_id = stored.is_some_and(|stored| {
            stored.prompt_id.is_some()
                || stored
                    .environments
                    .values()
                    .any(|it| it.prompt_id.is_some())
        });
        if !has_id {
            continue;
        }
        let message = if ended {
            format!(
                "{} calls a stored prompt, and OpenAI ended those on 2026-11-30",
                prompt.name
            )
        } else {
            format!(
                "{} calls a stored prompt, which OpenAI ends on 2026-11-30",
                prompt.name
            )
        };
        let mut finding = Finding::new(code::STORED_CALL, message)
            .in_file(&prompt.path)
            .at(prompt.document.span_of("openai"))
            .help(format!("promptctl edit {} --unset openai", prompt.name));
        if ended {
            finding.severity = Severity::Error;
        }
        findings.push(finding);
    }
    findings
}

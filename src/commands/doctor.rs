//! `promptctl doctor`.

use super::Session;
use super::common::{FormatArg, count};
use super::run::log;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Severity};
use crate::record::log::Query;
use crate::store::{Store, Trouble};

/// Find what is unsound in the repository, and fix it
///
/// Looks at tags and releases, the mirror of the remote, pending tags, locks that were left, the
/// prompt files and the execution log. Exits with 3 if something does not work.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Do what can be done without a decision
    #[arg(long)]
    fix: bool,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let (store, config) = session.store()?;
    let mut troubles = store.troubles()?;
    if args.fix {
        for repair in troubles
            .iter()
            .filter_map(|trouble| trouble.repair.as_ref())
        {
            store.repair(repair)?;
        }
        let before = troubles.len();
        troubles = store.troubles()?;
        session.ui.status(format!(
            "{} of {before} troubles fixed",
            before - troubles.len().min(before)
        ));
    }
    let mut findings: Vec<Finding> = troubles.iter().map(finding).collect();
    findings.extend(files(&store));
    findings.extend(records(&store, &config, session)?);
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    let warnings = findings.len() - errors;
    if json {
        let shapes: Vec<json::FindingJson> = findings.iter().map(json::FindingJson::from).collect();
        session.ui.line(json::document(&serde_json::json!({
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

fn finding(trouble: &Trouble) -> Finding {
    let mut finding =
        Finding::error(trouble.code, trouble.message.clone()).help(trouble.fix.clone());
    if !trouble.is_error {
        finding.severity = Severity::Warning;
    }
    finding.path.clone_from(&trouble.place);
    finding
}

fn files(store: &Store) -> Vec<Finding> {
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
            .at(prompt.document.place("digest"))
            .help(format!("promptctl bump {}", prompt.name)),
        );
    }
    findings
}

fn records(store: &Store, config: &Config, session: &Session) -> Result<Vec<Finding>, Failure> {
    let log = log(store, config, session);
    let listing = log.list(&Query {
        is_short: true,
        ..Query::default()
    })?;
    Ok(listing
        .bad
        .iter()
        .map(|bad| {
            Finding::warning(
                code::BAD_LOG_LINE,
                format!("line {} of the execution log is not a record", bad.line),
            )
            .in_file(&bad.path.display().to_string())
            .help("the line is skipped; it was torn by a full disk or a killed process")
        })
        .collect())
}

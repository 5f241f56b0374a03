//! How an evaluation ends: what is printed, and the exit code.

use super::super::evaluation::report::Report;
use super::super::evaluation::{machine, markdown, text};
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::groups::EvalFormat;
use crate::error::Exit;
use crate::experiment::verdict::Verdict;
use std::path::Path;

pub(super) fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Pass => Exit::Done,
        Verdict::Fail | Verdict::Incomplete => Exit::Verdict,
    }
}

/// A path from the top of the repository.
pub(super) fn shown_path(path: &Path, ground: &RunContext) -> String {
    let below = path.strip_prefix(ground.store.top()).unwrap_or(path);
    below.display().to_string()
}

/// Prints a run in the format that is wanted.
pub(super) fn print(format: EvalFormat, report: &Report<'_>, session: &mut Session) {
    let ui = &mut session.ui;
    match format {
        EvalFormat::Text => {
            let shown = text::render(report, ui.width(), ui.colors_out());
            // What is foreign in it is escaped already.
            ui.styled(shown);
        }
        EvalFormat::Json => ui.block(crate::output::json::document(&report.json())),
        EvalFormat::Markdown => ui.data(markdown::render(report)),
        EvalFormat::Junit => ui.data(machine::junit(report)),
        EvalFormat::Github => ui.data(machine::github(report)),
    }
    if format == EvalFormat::Text && session.environ.is_github_actions {
        session.ui.data(machine::github(report));
    }
    session.ui.flush();
}

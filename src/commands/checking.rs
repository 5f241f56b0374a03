//! What is wrong with prompt files.

pub(super) mod check;
pub(super) mod contents;
pub(super) mod numbers;
mod partials;
pub(super) mod roots;
pub(super) mod wanted;

use super::common::count;
use super::session::Session;
use crate::error::Failure;
use crate::files::Staged;
use crate::output::report::{self, Report, ReportFormat};
use crate::output::snippet::fitted;
use crate::prompt::code::Code;
use crate::prompt::lint::Levels;
use crate::releases::{Step, Store, decide};

/// What is wrong with prompts that were loaded, such as those that are staged.
pub(super) struct Check(Report);

impl Check {
    /// Checks what is staged.
    pub(super) fn of(
        store: &Store,
        staged: Staged,
        levels: &Levels,
        session: &Session,
    ) -> Result<Self, Failure> {
        let today = session.today();
        check::loaded(store, staged, today, levels).map(Self)
    }

    /// The same without what has these codes.
    pub(super) fn without(mut self, codes: &[Code]) -> Self {
        self.0
            .findings
            .retain(|finding| !codes.contains(&finding.code));
        self
    }

    /// Whether something is an error.
    pub(super) fn has_errors(&self) -> bool {
        let step = Step::Check { strict: false };
        !decide(self.0.findings.clone(), step).stops.is_empty()
    }

    /// Shows everything, if there is anything.
    pub(super) fn show(&self, session: &mut Session) {
        let Self(checked) = self;
        let colors = session.ui.colors_out();
        let shown = report::render(ReportFormat::Text, checked, colors);
        session.ui.styled(fitted(&shown, session.ui.width()));
        session.ui.flush();
        if !checked.findings.is_empty() {
            session.ui.status(summary(checked));
        }
    }
}

/// `3 checked, 1 error, 2 warnings, 1 allowed`.
pub(super) fn summary(checked: &Report) -> String {
    let errors = checked.errors();
    let mut line = format!(
        "{} checked, {}, {}",
        checked.files.len(),
        count(errors, "error"),
        count(checked.warnings(), "warning")
    );
    let notes = checked.findings.len() - errors - checked.warnings();
    if notes > 0 {
        line.push_str(&format!(", {}", count(notes, "note")));
    }
    if checked.allowed > 0 {
        line.push_str(&format!(", {} allowed", checked.allowed));
    }
    line
}

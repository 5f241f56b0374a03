//! The gate in words: what the rules find in a content, and what to say where that stands in the way.

use jiff::civil::Date;

use super::checking::contents::check_content;
use super::numbering::NUMBERING;
use super::session::Session;
use crate::config::Config;
use crate::error::{Exit, Failure, MOST_TOLD};
use crate::files::{Loaded, Source};
use crate::prompt::code::{self, Code};
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::lint::Levels;
use crate::prompt::name::{Environment, PromptName};
use crate::releases::{Decision, Step, Store, can_be_let_through, decide};

/// What the rules are asked with.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    levels: Levels,
    today: Date,
}

impl Gate {
    pub(super) fn new(config: &Config, session: &Session) -> Self {
        Self {
            levels: config.lint.clone(),
            today: session.today(),
        }
    }

    /// What the rules find in a content that becomes live in an environment: what it attaches must be
    /// committed too, and no other prompt may answer for its id there.
    ///
    /// # Errors
    /// What is live there cannot be read.
    pub(super) fn check_release(
        &self,
        store: &Store,
        mut loaded: Loaded,
        environment: &Environment,
    ) -> Result<Vec<Finding>, Failure> {
        if let Some(commit) = loaded.commit() {
            loaded.source = Source::Commit(commit);
        }
        let mut findings = self.check_file(store, &loaded);
        findings.extend(store.shared_id(&loaded, environment)?);
        Ok(findings)
    }

    fn check_file(&self, store: &Store, loaded: &Loaded) -> Vec<Finding> {
        check_content(store, loaded, self.today, &self.levels)
    }

    /// What the rules find in a content that is to be numbered by the command.
    pub(super) fn find(&self, store: &Store, loaded: &Loaded) -> Vec<Finding> {
        let mut findings = self.check_file(store, loaded);
        findings.retain(|finding| !NUMBERING.contains(&finding.code));
        findings
    }

    /// Stops a command that would write a secret down, and says what else is wrong with the file.
    /// `shown` is where the person wrote it. Whether the file is without errors.
    ///
    /// # Errors
    /// The file holds a secret.
    pub(super) fn before_writing(
        &self,
        store: &Store,
        loaded: &Loaded,
        shown: &str,
        session: &mut Session,
    ) -> Result<bool, Failure> {
        let findings = self.check_writing(store, loaded, shown)?;
        for finding in &findings {
            session.ui.finding(finding);
        }
        Ok(!findings.iter().any(Finding::is_error))
    }

    /// What `before_writing` does, for a text that a person gives: it says the warnings too that the file did not
    /// have `before`.
    ///
    /// # Errors
    /// The file holds a secret.
    pub(super) fn before_making(
        &self,
        store: &Store,
        before: Option<&Loaded>,
        loaded: &Loaded,
        shown: &str,
        session: &mut Session,
    ) -> Result<bool, Failure> {
        let decision = self.judge_writing(store, loaded, shown)?;
        let known = before.map(|before| self.check_file(store, before));
        let known = known.unwrap_or_default();
        let is_known = |finding: &Finding| {
            let is_it = |it: &Finding| (it.code, &it.message) == (finding.code, &finding.message);
            known.iter().any(is_it)
        };
        for finding in &decision.others {
            let is_new = finding.severity == Severity::Warning && !is_known(finding);
            if finding.is_error() || is_new {
                session.ui.finding(finding);
            }
        }
        Ok(decision.passed().next().is_none())
    }

    /// Stops a command that would write a secret down, and says nothing: the command changes nothing of what else is
    /// wrong. The errors that do not stop it are given back.
    ///
    /// # Errors
    /// The file holds a secret.
    pub(super) fn check_writing(
        &self,
        store: &Store,
        loaded: &Loaded,
        shown: &str,
    ) -> Result<Vec<Finding>, Failure> {
        let decision = self.judge_writing(store, loaded, shown)?;
        Ok(decision.passed().cloned().collect())
    }

    fn judge_writing(
        &self,
        store: &Store,
        loaded: &Loaded,
        shown: &str,
    ) -> Result<Decision, Failure> {
        let mut findings = self.find(store, loaded);
        // Partials are written by nobody here.
        let is_own = |finding: &Finding| finding.path.as_deref() == Some(&loaded.path);
        findings.retain(|finding| is_own(finding) || finding.code != code::SECRET);
        for finding in findings.iter_mut().filter(|it| is_own(it)) {
            finding.path = Some(shown.to_owned());
        }
        let decision = decide(findings, Step::Write);
        if decision.stops.is_empty() {
            return Ok(decision);
        }
        Err(with_allow_hint(Failure::from(decision.stops))
            .hint("nothing was written")
            .exit(Exit::Verdict))
    }
}

/// How a person lets a code through that stops a release.
pub(super) fn parse_allowed(text: &str) -> Result<Code, String> {
    let code = Code::find(text).ok_or("promptctl explain lists the codes")?;
    if can_be_let_through(code) {
        return Ok(code);
    }
    Err(format!(
        "what it finds is allowed in the file, where a reviewer sees it: # promptctl: allow {code}"
    ))
}

/// Why a version does not become live.
pub(super) fn refused(decision: Decision, name: &PromptName) -> Failure {
    let mut stops = decision.stops;
    let is_secret = stops.iter().any(|it| it.code == code::SECRET);
    let more = stops.len().saturating_sub(MOST_TOLD);
    let stopping = stops.iter().map(|it| it.code);
    // What is let through already must be said again.
    let mut codes: Vec<Code> = stopping.chain(decision.let_through).collect();
    codes.sort_unstable();
    codes.dedup();
    stops.truncate(MOST_TOLD);
    let mut failure = Failure::from(stops).exit(Exit::Verdict);
    if more > 0 {
        failure = failure.hint(format!("and {more} more: promptctl validate {name}"));
    }
    if is_secret {
        return with_allow_hint(failure);
    }
    if codes.iter().all(|code| can_be_let_through(*code)) {
        let options: Vec<String> = codes.iter().map(|code| format!("--allow {code}")).collect();
        failure = failure.hint(format!(
            "promptctl publish {name} {} publishes it all the same, and the release says so",
            options.join(" ")
        ));
    }
    failure
}

fn with_allow_hint(failure: Failure) -> Failure {
    failure.hint(format!(
        "where it is no secret, a comment on its line or the one above allows it: # promptctl: allow {}",
        code::SECRET
    ))
}

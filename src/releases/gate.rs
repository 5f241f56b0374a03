//! The gate: which findings stand in the way of what is to be done.
//!
//! Findings come as facts and the verdict goes back as one: who asks turns it into words.
//! `rollback` and `unpublish` ask nothing of this.

use super::store::Store;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code::{self, Code};
use crate::prompt::finding::Finding;
use crate::prompt::name::Environment;
use crate::prompt::next::Next;
use crate::prompt::quote::shell_path;

/// What is to be done with a content.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// It is checked: every error counts, and with `strict` every warning that something is to be
    /// mended.
    Check {
        /// Whether warnings count too.
        strict: bool,
    },
    /// A command writes it down. Only a secret stops that, because git keeps it for ever.
    Write,
    /// It becomes live.
    Release {
        /// The codes of what is let through.
        allowed: &'a [Code],
        /// Whether this very content was released there before: how a rollback is undone, and a
        /// newer promptctl knows more rules.
        was_released: bool,
    },
}

/// What the gate decides.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What stands in the way; nothing where the step may be taken.
    pub stops: Vec<Finding>,
    /// The errors and warnings that do not.
    pub others: Vec<Finding>,
    /// The codes of the errors that were let through, each once.
    pub let_through: Vec<Code>,
}

impl Decision {
    /// The errors that do not stand in the way.
    pub fn passed(&self) -> impl Iterator<Item = &Finding> {
        self.others.iter().filter(|finding| finding.is_error())
    }
}

/// Whether errors with this code can be let through where a version becomes live. A secret cannot:
/// it is allowed in the file, where a reviewer sees it.
pub fn can_be_let_through(code: Code) -> bool {
    !may_be_secret(code)
}

/// Whether a finding tells of a secret, or of so much else that one could be among it.
fn may_be_secret(code: Code) -> bool {
    matches!(code, code::SECRET | code::MANY_FINDINGS)
}

/// Decides which of the findings stand in the way.
pub fn decide(findings: Vec<Finding>, step: Step<'_>) -> Decision {
    let mut decision = Decision::default();
    for finding in findings {
        let stops = match step {
            Step::Check { strict } => {
                finding.is_error() || (strict && !finding.is_note() && !is_news(finding.code))
            }
            Step::Write => finding.is_error() && may_be_secret(finding.code),
            Step::Release {
                allowed,
                was_released,
            } => {
                let stops = finding.is_error() && !was_released;
                let is_let_through =
                    can_be_let_through(finding.code) && allowed.contains(&finding.code);
                if stops && is_let_through && !decision.let_through.contains(&finding.code) {
                    decision.let_through.push(finding.code);
                }
                stops && !is_let_through
            }
        };
        if stops {
            decision.stops.push(finding);
        } else {
            decision.others.push(finding);
        }
    }
    decision
}

/// What a reviewer must know, and nothing that could be mended.
fn is_news(code: Code) -> bool {
    matches!(code, code::ROOTS_CHANGED | code::SETTINGS_CHANGED)
}

impl Store {
    /// Whether this very content was ever released to an environment.
    ///
    /// # Errors
    /// The tags are not in this clone.
    pub fn was_released(
        &self,
        loaded: &Loaded,
        environment: &Environment,
    ) -> Result<bool, Failure> {
        let releases = self.releases(&loaded.name, environment)?;
        Ok(releases.held(loaded.version(), loaded.digest()))
    }
}

/// Makes sure that a content may become a version: it is in use, and has a number of its own.
///
/// # Errors
/// `P228`: the prompt is archived. Or its content changed and its number did not.
pub fn require_bumped(loaded: &Loaded) -> Result<(), Failure> {
    let name = &loaded.name;
    if loaded.document.archived {
        let failure = Failure::new(code::ARCHIVED, format!("{name} is archived"));
        return Err(failure.hint(Next::Unarchive(name.clone())));
    }
    if loaded.is_unbumped() {
        let message = format!(
            "the content of {name} {} changed and its version did not",
            loaded.version()
        );
        let commit = format!("git commit -m \"…\" -- {}", shell_path(&loaded.path));
        return Err(Failure::new(code::NOT_BUMPED, message)
            .at(loaded.path.clone())
            .hint(Next::All(vec![Next::bump(name), Next::Git(commit)])));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        vec![
            Finding::error(code::SECRET, "a key"),
            Finding::error(code::PARAMETER_RANGE, "9"),
            Finding::error(code::PARAMETER_RANGE, "8"),
            Finding::warning(code::UNUSED_VARIABLE, "x"),
            Finding::warning(code::ROOTS_CHANGED, "roots"),
        ]
    }

    fn stops(step: Step<'_>) -> Vec<String> {
        let decision = decide(findings(), step);
        assert_eq!(decision.stops.len() + decision.others.len(), 5);
        decision
            .stops
            .iter()
            .map(|finding| finding.code.to_string())
            .collect()
    }

    #[test]
    fn a_check_counts_errors_and_if_strict_whatever_can_be_mended() {
        assert_eq!(
            stops(Step::Check { strict: false }),
            ["P026", "P025", "P025"]
        );
        assert_eq!(
            stops(Step::Check { strict: true }),
            ["P026", "P025", "P025", "P105"]
        );
    }

    #[test]
    fn nothing_but_a_secret_stops_a_file_from_being_written() {
        assert_eq!(stops(Step::Write), ["P026"]);
    }

    #[test]
    fn a_release_lets_through_what_is_allowed_and_never_a_secret() {
        let step = |allowed, was_released| Step::Release {
            allowed,
            was_released,
        };
        assert_eq!(stops(step(&[], false)), ["P026", "P025", "P025"]);
        let allowed = [code::PARAMETER_RANGE, code::SECRET, code::BAD_SCHEMA];
        assert_eq!(stops(step(&allowed, false)), ["P026"]);
        let decision = decide(findings(), step(&allowed, false));
        assert_eq!(decision.let_through, [code::PARAMETER_RANGE]);
        assert_eq!(decision.passed().count(), 2);
    }

    #[test]
    fn what_was_released_before_is_not_stopped_and_needs_no_leave() {
        let step = Step::Release {
            allowed: &[code::PARAMETER_RANGE],
            was_released: true,
        };
        assert_eq!(stops(step), [""; 0]);
        assert_eq!(decide(findings(), step).let_through, []);
    }
}

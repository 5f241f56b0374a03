//! How severe rules are, as configured.

use std::collections::BTreeMap;

use crate::prompt::code::Code;
use crate::prompt::finding::{Finding, Severity};

/// How severe a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The prompt is not valid.
    Error,
    /// It is said, and the prompt is valid.
    Warning,
    /// The rule is not applied.
    Off,
}

impl Level {
    /// The level with this name.
    pub fn find(text: &str) -> Option<Self> {
        Some(match text {
            "error" => Self::Error,
            "warning" => Self::Warning,
            "off" => Self::Off,
            _ => return None,
        })
    }
}

/// The configured levels, by code; others are as they come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    levels: BTreeMap<Code, Level>,
    with_notes: bool,
}

impl Levels {
    /// Sets the level of a rule; whether there is such a rule.
    pub fn set(&mut self, code: Code, level: Level) -> bool {
        let known = code.default_level().is_rule();
        if known {
            self.levels.insert(code, level);
        }
        known
    }

    /// The same levels, where notes are asked for.
    #[must_use]
    pub fn with_notes(mut self) -> Self {
        self.with_notes = true;
        self
    }

    /// Whether the rule with this code is applied.
    pub(super) fn is_on(&self, code: Code) -> bool {
        self.levels.get(&code) != Some(&Level::Off)
    }

    /// The finding with its configured severity, unless its rule is off, or it is a note and those
    /// are not asked for.
    pub(super) fn apply(&self, mut finding: Finding) -> Option<Finding> {
        match self.levels.get(&finding.code) {
            None => {}
            Some(Level::Off) => return None,
            Some(Level::Error) => finding.severity = Severity::Error,
            Some(Level::Warning) => finding.severity = Severity::Warning,
        }
        Some(finding).filter(|finding| self.with_notes || !finding.is_note())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::code;

    #[test]
    fn a_level_changes_a_rule_and_nothing_else() {
        let mut levels = Levels::default();
        assert!(levels.set(code::UNUSED_VARIABLE, Level::Error));
        assert!(levels.set(code::UNKNOWN_KEY, Level::Off));
        assert!(levels.set(code::SECRET, Level::Warning));
        let of = |finding: Finding| levels.apply(finding).map(|finding| finding.severity);
        assert_eq!(
            of(Finding::warning(code::UNUSED_VARIABLE, "")),
            Some(Severity::Error)
        );
        assert_eq!(of(Finding::warning(code::UNKNOWN_KEY, "")), None);
        assert_eq!(
            of(Finding::error(code::SECRET, "")),
            Some(Severity::Warning)
        );
        assert_eq!(
            of(Finding::warning(code::EMPTY_MESSAGE, "")),
            Some(Severity::Warning)
        );
    }

    #[test]
    fn what_breaks_a_prompt_cannot_be_configured() {
        let mut levels = Levels::default();
        for code in [
            code::YAML_SYNTAX,
            code::NOT_BUMPED,
            code::TEMPLATE_SYNTAX,
            code::NUMBER_TAKEN,
        ] {
            assert!(!levels.set(code, Level::Off), "{code}");
        }
    }
}

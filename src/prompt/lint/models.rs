//! The model: whether it exists, and until when.

use std::fmt;

use jiff::civil::Date;

use super::{Finding, Subject};
use crate::prompt::code;

/// What is known about a model; the core knows none by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelFacts {
    /// Whether OpenAI's API answers for it.
    pub is_openai: bool,
    /// Whether it is in the list of models; `None` where there is no list of that provider.
    pub is_listed: Option<bool>,
    /// The last day of its life, where that is announced.
    pub ends: Option<Date>,
    /// What it does with `temperature` and `reasoningEffort`.
    pub sampling: Sampling,
}

/// What a model does with `temperature` and `topP` on one side and `reasoningEffort` on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Nothing is known.
    #[default]
    Unknown,
    /// It takes sampling parameters, and does not reason.
    Free,
    /// It reasons, and refuses sampling parameters.
    Refused,
    /// It takes sampling parameters while it does not reason.
    WithoutReasoning,
}

/// How many days before the end of a model it is worth a warning.
const NOTICE: i32 = 180;

/// What is worth saying of the end of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelEnd {
    /// Its last day is over.
    Past(Date),
    /// It comes after so many days.
    Soon(Date, i32),
}

impl ModelEnd {
    /// What there is to say on a day of a model whose last day this is; the one rule for all who ask.
    pub fn seen(last: Date, today: Date) -> Option<Self> {
        match (last - today).get_days() {
            ..0 => Some(Self::Past(last)),
            left @ ..=NOTICE => Some(Self::Soon(last, left)),
            _ => None,
        }
    }
}

/// The end of the sentence about a model.
impl fmt::Display for ModelEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Past(last) => write!(f, "was shut down on {last}"),
            Self::Soon(last, 0) => write!(f, "ends on {last}, today"),
            Self::Soon(last, 1) => write!(f, "ends on {last}, tomorrow"),
            Self::Soon(last, days) => write!(f, "ends on {last}, in {days} days"),
        }
    }
}

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let (Some(model), Some(facts)) = (&subject.document.model, subject.model) else {
        return;
    };
    let place = subject.document.span_of("model");
    if facts.is_listed == Some(false) {
        findings.push(
            Finding::new(
                code::UNLISTED_MODEL,
                format!("OpenAI has no model `{model}` that promptctl knows"),
            )
            .at(place)
            .help("check the spelling; a model of another provider is written `provider/name`"),
        );
    }
    let Some(end) = facts
        .ends
        .and_then(|last| ModelEnd::seen(last, subject.today))
    else {
        return;
    };
    let message = format!("`{model}` {end}");
    let finding = match end {
        ModelEnd::Past(_) => Finding::error(code::MODEL_ENDS, message),
        ModelEnd::Soon(..) => Finding::warning(code::MODEL_ENDS, message),
    };
    findings.push(
        finding.at(place).help(
            "change `model:` to one that stays, and compare their answers before you publish",
        ),
    );
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::testing::found_with;
    use super::*;

    fn of(facts: ModelFacts) -> String {
        let text = "version: 1\nmodel: gpt-x\nmessages: [{role: user, content: Hi}]\n";
        found_with(text, &[], Some(facts))
    }

    fn ending(end: Date) -> ModelFacts {
        ModelFacts {
            ends: Some(end),
            ..ModelFacts::default()
        }
    }

    #[test]
    fn an_end_is_told_in_time_and_is_an_error_when_it_is_past() {
        insta::assert_snapshot!(
            [date(2026, 11, 19), date(2026, 11, 20), date(2026, 12, 20), date(2027, 11, 1)]
                .map(|end| of(ending(end))).join("\n"),
            @r"
        error P318 2:8 `gpt-x` was shut down on 2026-11-19
        warning P318 2:8 `gpt-x` ends on 2026-11-20, today
        warning P318 2:8 `gpt-x` ends on 2026-12-20, in 30 days
        "
        );
    }

    #[test]
    fn only_a_model_that_a_list_lacks_is_unknown() {
        let listed = |is_listed| ModelFacts {
            is_listed,
            ..ModelFacts::default()
        };
        assert_eq!(of(listed(Some(true))), "");
        assert_eq!(of(listed(None)), "");
        assert!(of(listed(Some(false))).contains("P319 2:8"));
    }
}

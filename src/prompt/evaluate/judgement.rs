//! What the evaluators of a case say about one answer, and what follows for the case.

use super::answer::{Answer, Output};
use super::{Evaluator, Object};

/// What an evaluator says about an output.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is good enough, or not.
    Decided {
        /// Whether it is.
        passed: bool,
        /// How good it is, from 0 to 1.
        score: f64,
        /// What was expected and what was got, where it failed; what a model said.
        reason: Option<String>,
    },
    /// It cannot be told: what it asks about is not known, or takes too long to find out.
    Undecided {
        /// Why.
        reason: String,
    },
    /// A model has to be asked.
    NeedsModel,
    /// The case has none of the tags that `when` names.
    NotAsked,
}

impl Verdict {
    pub(super) fn decided(passed: bool, score: f64, reason: Option<String>) -> Self {
        Self::Decided {
            passed,
            score,
            reason,
        }
    }

    /// Whether it passed, where that is decided.
    pub fn passed(&self) -> Option<bool> {
        match self {
            Self::Decided { passed, .. } => Some(*passed),
            _ => None,
        }
    }

    /// The score, where it is decided.
    pub fn score(&self) -> Option<f64> {
        match self {
            Self::Decided { score, .. } => Some(*score),
            _ => None,
        }
    }

    /// The reason, where there is one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Decided { reason, .. } => reason.as_deref(),
            Self::Undecided { reason } => Some(reason),
            Self::NeedsModel | Self::NotAsked => None,
        }
    }
}

/// One evaluator of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The evaluator's name.
    pub name: String,
    /// How much its score counts.
    pub weight: f64,
    /// Whether the case fails with it.
    pub required: bool,
    /// What it says.
    pub verdict: Verdict,
    at_least: Option<f64>,
}

impl Judged {
    /// Takes the score that a model, or a person, gave: it passes from `atLeast` on, and without that
    /// with any score above 0.
    pub fn settle(&mut self, score: f64, reason: Option<String>) {
        let passed = match self.at_least {
            // 0.3 may be held as 0.30000000000000004.
            Some(least) => score + 1e-9 >= least,
            None => score > 0.0,
        };
        self.verdict = Verdict::decided(passed, score, reason);
    }

    /// Takes the word of a model, or a person, who gave no score.
    pub fn decide(&mut self, passed: bool, reason: Option<String>) {
        self.verdict = Verdict::decided(passed, f64::from(u8::from(passed)), reason);
    }
}

/// What the evaluators of a case say about one answer, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseJudgement {
    /// One entry an evaluator.
    pub evaluators: Vec<Judged>,
}

impl CaseJudgement {
    /// Whether all required evaluators passed. None while one of them is undecided and none failed, and
    /// where no evaluator was asked at all.
    pub fn passed(&self) -> Option<bool> {
        self.asked().next()?;
        let required = self.asked().filter(|judged| judged.required);
        let mut passed = Some(true);
        for judged in required {
            match judged.verdict.passed() {
                Some(true) => {}
                Some(false) => return Some(false),
                None => passed = None,
            }
        }
        passed
    }

    /// The weighted mean of the scores; none while one is undecided, and where nothing has a weight.
    pub fn score(&self) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for judged in self.asked().filter(|judged| judged.weight > 0.0) {
            sum += judged.verdict.score()? * judged.weight;
            weights += judged.weight;
        }
        (weights > 0.0).then_some(sum / weights)
    }

    fn asked(&self) -> impl Iterator<Item = &Judged> {
        let evaluators = self.evaluators.iter();
        evaluators.filter(|judged| judged.verdict != Verdict::NotAsked)
    }
}

/// Judges an output as the answer to a case, by the evaluators of the prompt and those of the case.
/// `fields` are the fields of the case with the defaults of the input schema filled in.
///
/// Nothing goes wrong here: an evaluator that cannot work with the case, which
/// [`Evaluator::check_case`] tells before a model is asked, is undecided.
pub fn judge_case<'e>(
    evaluators: impl IntoIterator<Item = &'e Evaluator>,
    fields: &Object,
    tags: &[String],
    output: &Output<'_>,
) -> CaseJudgement {
    let answer = Answer::new(output);
    let judged = evaluators.into_iter().map(|evaluator| Judged {
        name: evaluator.name.clone(),
        weight: evaluator.weight,
        required: evaluator.required,
        verdict: evaluator.judge(fields, tags, &answer),
        at_least: evaluator.at_least,
    });
    CaseJudgement {
        evaluators: judged.collect(),
    }
}

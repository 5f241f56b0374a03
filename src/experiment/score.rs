//! From an answer to what the evaluators say of it.

use serde_json::Value;

use super::answer::Answered;
use super::case::{Case, Suite};
use super::given::Scores;
use super::result::{Mark, Status};
use crate::prompt::document::Object;
use crate::prompt::evaluate::{Verdict, evaluate};
use crate::prompt::finding::Finding;

/// Asks a model about an answer, for the evaluators that want one: the one place where a judge is
/// asked.
pub trait Judge {
    /// What the judge says of an answer to a case. What it cost stands in the mark's own answer.
    fn ask(
        &self,
        evaluator: &Object,
        case: &Case,
        answered: &Answered,
    ) -> impl Future<Output = Asked>;
}

/// What a judge said, and what asking it cost.
#[derive(Debug)]
pub struct Asked {
    /// What it said.
    pub mark: Mark,
    /// In US dollars; none where it is not known.
    pub cost: Option<f64>,
}

/// No judge: what wants one stays undecided.
#[derive(Debug, Clone, Copy)]
pub struct NoJudge;

impl Judge for NoJudge {
    async fn ask(&self, evaluator: &Object, _: &Case, _: &Answered) -> Asked {
        Asked {
            mark: Mark {
                reason: Some("no judge was asked, and --scores has no score of it".to_owned()),
                ..mark_of(evaluator)
            },
            cost: Some(0.0),
        }
    }
}

/// What the evaluators say of an answer.
#[derive(Debug, Default)]
pub struct Scored {
    /// Each of them.
    pub marks: Vec<Mark>,
    /// What asking judges cost; none where a part is not known.
    pub cost: Option<f64>,
}

impl Scored {
    /// What becomes of the case by this.
    pub fn status(&self) -> Status {
        let mut required = self.marks.iter().filter(|mark| mark.required).peekable();
        let has_any = required.peek().is_some();
        let passed: Vec<Option<bool>> = required.map(|mark| mark.passed).collect();
        match (
            has_any,
            passed.contains(&Some(false)),
            passed.contains(&None),
        ) {
            (_, true, _) => Status::Fail,
            (false, ..) | (_, _, true) => Status::Undecided,
            _ => Status::Pass,
        }
    }

    /// The weighted mean of the scores; none where one is not known.
    pub fn score(&self) -> Option<f64> {
        let scores: Option<Vec<f64>> = self.marks.iter().map(|mark| mark.score).collect();
        let scores = scores.filter(|scores| !scores.is_empty())?;
        Some(scores.iter().sum::<f64>() / scores.len() as f64)
    }
}

/// What stands before an evaluator has said anything.
pub fn mark_of(evaluator: &Object) -> Mark {
    let name = evaluator.get("name").and_then(Value::as_str);
    Mark {
        name: name.unwrap_or("without a name").to_owned(),
        passed: None,
        score: None,
        required: true,
        reason: None,
        judge: None,
        cached: false,
    }
}

/// Asks all evaluators of a case about an answer.
pub async fn score(
    (prompt, suite, schema): (&str, &Suite, Option<&Value>),
    (case, repeat): (&Case, u32),
    answered: &Answered,
    scores: Option<&Scores>,
    judge: &impl Judge,
) -> Scored {
    let fields = suite.fields(case);
    let mut scored = Scored {
        marks: Vec::new(),
        cost: Some(0.0),
    };
    for evaluator in suite.evaluators.iter().chain(&case.evaluators) {
        let mark = mark_of(evaluator);
        let said = evaluate(evaluator, &fields, &answered.output, schema);
        scored.marks.push(match said {
            Ok(Verdict::Pass) => Mark {
                passed: Some(true),
                score: Some(1.0),
                ..mark
            },
            Ok(Verdict::Fail { reason }) => Mark {
                passed: Some(false),
                score: Some(0.0),
                reason: Some(reason),
                ..mark
            },
            Ok(Verdict::NeedsModel) => {
                match scores.and_then(|it| it.of(prompt, &case.id, repeat, &mark.name)) {
                    Some(score) => score.onto(mark),
                    None => {
                        let asked = judge.ask(evaluator, case, answered).await;
                        scored.cost = scored.cost.zip(asked.cost).map(|(a, b)| a + b);
                        asked.mark
                    }
                }
            }
            Err(Finding { message, .. }) => Mark {
                reason: Some(message),
                ..mark
            },
        });
    }
    if let Some(scores) = scores {
        let more = scores.others(prompt, &case.id, repeat, &scored.marks);
        scored.marks.extend(more);
    }
    scored
}

//! From an answer to what the evaluators say of it.

use serde_json::Value;

use super::answer::Answered;
use super::case::Case;
use super::given::Scores;
use super::result::{Mark, Status};
use super::task::Task;
use crate::execute::Stop;
use crate::prompt::document::Object;
use crate::prompt::evaluate::{
    Ended, Evaluator, Judged, Output, ToolCall, Verdict, judge_case, prepare,
};
use crate::prompt::finding::Finding;

/// What a judge is asked about.
pub struct Question<'a> {
    /// The prompt; it renders the request again, where the judge wants it.
    pub task: &'a Task<'a>,
    /// The number of the case among those that are meant.
    pub at: usize,
    /// The number of the repeat.
    pub repeat: u32,
    /// What evaluators see as the case.
    pub fields: &'a Object,
    /// The answer.
    pub answered: &'a Answered,
}

/// Asks a model about an answer, for the evaluators that want one: the one place where a judge is
/// asked.
pub trait Judge {
    /// What the judge says.
    fn ask(
        &self,
        evaluator: &Evaluator,
        question: &Question<'_>,
    ) -> impl Future<Output = JudgeReply>;
}

/// What a judge answered, and what asking it took.
#[derive(Debug)]
pub struct JudgeReply {
    /// What it thinks of the answer.
    pub opinion: Opinion,
    /// Which judge that was.
    pub judge: Option<String>,
    /// Whether its answer was kept from before.
    pub cached: bool,
    /// Whether no labels of people have checked it.
    pub uncalibrated: bool,
    /// What its answer cost in US dollars when it was asked; none where that is not known.
    pub cost: Option<f64>,
    /// Why nothing more is to be asked.
    pub stop: Option<Stop>,
}

impl JudgeReply {
    /// That a judge could not decide, with nothing spent.
    pub fn undecided(why: impl Into<String>) -> Self {
        Self {
            opinion: Opinion::Undecided(why.into()),
            judge: None,
            cached: false,
            uncalibrated: false,
            cost: Some(0.0),
            stop: None,
        }
    }
}

/// What a judge thinks of an answer.
#[derive(Debug)]
pub enum Opinion {
    /// A score from 0 to 1, and why.
    Score(f64, Option<String>),
    /// It could not decide: why.
    Undecided(String),
}

/// What the evaluators say of an answer.
#[derive(Debug)]
pub struct Scored {
    /// Each of them that was asked.
    pub marks: Vec<Mark>,
    /// What asking judges cost, as far as it is known.
    pub cost: f64,
    /// Why nothing more is to be asked.
    pub stop: Option<Stop>,
}

impl Scored {
    /// What becomes of the case by this.
    pub fn status(&self) -> Status {
        let required = self.marks.iter().filter(|mark| mark.required);
        let passed: Vec<Option<bool>> = required.map(|mark| mark.passed).collect();
        if passed.contains(&Some(false)) {
            return Status::Fail;
        }
        match self.marks.is_empty() || passed.contains(&None) {
            true => Status::Undecided,
            false => Status::Pass,
        }
    }

    /// The weighted mean of the scores; none where one is not known.
    pub fn score(&self) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for mark in self.marks.iter().filter(|mark| mark.weight > 0.0) {
            sum += mark.score? * mark.weight;
            weights += mark.weight;
        }
        (weights > 0.0).then(|| sum / weights)
    }
}

/// The evaluators that a case adds, ready.
///
/// # Errors
/// `P401`: one cannot work.
pub fn own_evaluators(task: &Task<'_>, case: &Case) -> Result<Vec<Evaluator>, Finding> {
    prepare(&case.evaluators, task.schema).map_err(|finding| case.place.mark(finding))
}

/// What keeps the evaluators from working with a case, before there is an answer.
///
/// # Errors
/// `P401`: one cannot work, or the case lacks a field that one asks for.
pub fn check_case(task: &Task<'_>, case: &Case) -> Result<(), Finding> {
    let own = own_evaluators(task, case)?;
    let fields = task.suite.fields(case);
    let mut all = task.evaluators.iter().chain(&own);
    let mut check = |evaluator: &Evaluator| {
        evaluator.check_case(&fields, &case.tags)?;
        let model = evaluator.model().filter(|_| evaluator.asks(&case.tags));
        match model.and_then(|model| task.judges.by(model)) {
            Some(judge) => judge
                .check(&fields, true)
                .map_err(|finding| named(evaluator.name(), finding)),
            None => Ok(()),
        }
    };
    all.try_for_each(&mut check)
        .map_err(|finding| case.place.mark(finding))
}

fn named(evaluator: &str, finding: Finding) -> Finding {
    let message = format!("evaluator `{evaluator}`: {}", finding.message);
    Finding { message, ..finding }
}

/// Asks all evaluators of a case about an answer.
pub async fn score(
    task: &Task<'_>,
    (at, repeat): (usize, u32),
    answered: &Answered,
    scores: Option<&Scores>,
    judge: &impl Judge,
) -> Scored {
    let case = task.case(at);
    // What cannot work was told before anything was asked.
    let own = own_evaluators(task, case).unwrap_or_default();
    let fields = task.suite.fields(case);
    let tools: Vec<ToolCall> = answered.tools.iter().map(tool_call).collect();
    let output = Output {
        text: &answered.output,
        status: answered.status.into(),
        latency_ms: answered.latency_ms,
        cost_usd: answered.cost_usd,
        output_tokens: answered.usage.output_tokens,
        tools: &tools,
    };
    let all = || task.evaluators.iter().chain(&own);
    let judgement = judge_case(all(), &fields, &case.tags, &output);
    let question = Question {
        task,
        at,
        repeat,
        fields: &fields,
        answered,
    };
    let mut scored = Scored {
        marks: Vec::with_capacity(judgement.evaluators.len()),
        cost: 0.0,
        stop: None,
    };
    let whose = task.subject.whose();
    for (evaluator, mut judged) in all().zip(judgement.evaluators) {
        let mut reply = None;
        if judged.verdict == Verdict::NeedsModel {
            match scores.and_then(|it| it.of(whose, &case.id, repeat, &judged.name)) {
                Some(score) => score.settle(&mut judged),
                None => reply = Some(judge.ask(evaluator, &question).await),
            }
        }
        scored.take(judged, reply);
    }
    if let Some(scores) = scores {
        let more = scores.others(whose, &case.id, repeat, &scored.marks);
        scored.marks.extend(more);
    }
    scored
}

impl Scored {
    fn take(&mut self, mut judged: Judged, reply: Option<JudgeReply>) {
        let (mut judge, mut cached, mut uncalibrated, mut cost) = (None, false, false, None);
        if let Some(reply) = reply {
            if !reply.cached {
                self.cost += reply.cost.unwrap_or(0.0);
            }
            self.stop = self.stop.take().or(reply.stop);
            (judge, cached) = (reply.judge, reply.cached);
            (uncalibrated, cost) = (reply.uncalibrated, reply.cost);
            match reply.opinion {
                Opinion::Score(score, reason) => judged.settle(score, reason),
                Opinion::Undecided(reason) => judged.verdict = Verdict::Undecided { reason },
            }
        }
        if judged.verdict == Verdict::NotAsked {
            return;
        }
        self.marks.push(Mark {
            passed: judged.verdict.passed(),
            score: judged.verdict.score(),
            reason: judged.verdict.reason().map(str::to_owned),
            name: judged.name,
            weight: judged.weight,
            required: judged.required,
            cost_usd: cost.filter(|_| judge.is_some()),
            judge,
            cached,
            uncalibrated,
        });
    }
}

fn tool_call(tool: &super::answer::Tool) -> ToolCall {
    ToolCall {
        name: tool.name.clone(),
        arguments: serde_json::from_str(&tool.arguments)
            .unwrap_or_else(|_| Value::from(tool.arguments.as_str())),
    }
}

impl From<super::answer::AnswerStatus> for Ended {
    fn from(status: super::answer::AnswerStatus) -> Self {
        use super::answer::AnswerStatus as Status;
        match status {
            Status::Completed => Self::Completed,
            Status::Refused => Self::Refused,
            Status::Incomplete => Self::Incomplete,
        }
    }
}

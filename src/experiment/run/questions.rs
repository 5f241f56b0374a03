//! What judges would be asked, before anything is asked.

use std::collections::{BTreeMap, HashSet};

use super::super::cache::{Cache, Key};
use super::super::given::Scores;
use super::super::judge::{JudgeInput, JudgePrompt};
use super::super::score::own_evaluators;
use super::super::task::Task;
use super::plan::{Plan, Slot, Source};

/// The questions to one judge that a plan brings with it.
pub struct Questions<'t> {
    /// The number of the task.
    pub task: usize,
    /// Who is asked.
    pub judge: &'t JudgePrompt,
    /// How many questions a model has to answer, at most.
    pub calls: usize,
    /// How many the cache answers.
    pub cached: usize,
}

/// The questions to judges that a plan brings with it: one for each answer that is wanted, each
/// evaluator that looks at it, and no score speaks of.
pub fn questions<'t>(
    tasks: &'t [Task<'_>],
    plan: &Plan,
    (source, cache): (Source<'_>, Option<&Cache>),
    scores: Option<&Scores>,
) -> Vec<Questions<'t>> {
    let mut all: BTreeMap<(usize, usize), Questions<'t>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for (number, job) in plan.jobs.iter().enumerate() {
        let is_at_hand = number < plan.at_hand && !matches!(source, Source::Model);
        for slot in &job.slots {
            let task = &tasks[slot.task];
            if task.judges.is_empty() {
                continue;
            }
            let case = task.case(slot.case);
            let own = own_evaluators(task, case).unwrap_or_default();
            for evaluator in task.evaluators.iter().chain(&own) {
                let whose = task.subject.whose();
                let scores = scores.map(|it| it.of(whose, &case.id, slot.repeat, evaluator.name()));
                let model = evaluator.model().filter(|_| evaluator.asks(&case.tags));
                let judge = model.and_then(|model| task.judges.numbered(model));
                let Some((at, judge)) = judge.filter(|_| scores.flatten().is_none()) else {
                    continue;
                };
                let questions = all.entry((slot.task, at)).or_insert(Questions {
                    task: slot.task,
                    judge,
                    calls: 0,
                    cached: 0,
                });
                let key = is_at_hand
                    .then(|| question_key(task, slot, judge, job.key, (source, cache)))
                    .flatten();
                match key {
                    // The same is asked once.
                    Some(key) if !seen.insert(key) => questions.cached += 1,
                    Some(key) if cache.is_some_and(|cache| cache.has(&key)) => {
                        questions.cached += 1;
                    }
                    _ => questions.calls += 1,
                }
            }
        }
    }
    all.into_values().collect()
}

/// What the first question to a judge about an answer that is at hand is found by.
fn question_key(
    task: &Task<'_>,
    slot: &Slot,
    judge: &JudgePrompt,
    key: Option<Key>,
    (source, cache): (Source<'_>, Option<&Cache>),
) -> Option<Key> {
    let case = task.case(slot.case);
    let answered = match source {
        Source::Given(given) => given.get(task.subject.whose(), &case.id, slot.repeat)?,
        _ => cache?.get(&key?)?,
    };
    let (rendered, _) = task.request(slot.case).ok()?;
    let input = JudgeInput {
        fields: &task.suite.fields(case),
        completion: &answered.output,
        messages: Some(&rendered.messages),
    };
    let (_, request) = judge.request(&input).ok()?;
    Some(Key::new(judge.server.as_deref()?, &request.body, 1))
}

//! What is wanted of a run, and where it comes from.

use std::collections::{BTreeMap, HashMap};

use super::super::cache::{Cache, Key};
use super::super::case::Case;
use super::super::given::GivenAnswers;
use super::super::ready::ready;
use super::super::score::check_case;
use super::super::task::Task;
use crate::error::Failure;
use crate::prompt::document::Object;
use crate::prompt::finding::Finding;

/// Where answers come from.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// The cache, and the model for what it does not have.
    CacheThenModel,
    CacheAlone,
    /// The model, whatever the cache has.
    Model,
    /// A file.
    Given(&'a GivenAnswers),
}

/// What is asked for a case, the `repeat`th time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) task: usize,
    /// Among the cases of the task.
    pub(super) case: usize,
    pub(super) repeat: u32,
}

/// One answer that is wanted, for all whose request is the same.
pub(super) struct Job {
    pub(super) key: Option<Key>,
    pub(super) slots: Vec<Slot>,
}

/// All that is wanted, and where it comes from.
#[derive(Default)]
pub struct Plan {
    /// Those that are at hand first.
    pub(super) jobs: Vec<Job>,
    /// How many of them are at hand.
    pub(super) at_hand: usize,
    /// Those that cannot be had: no answer is in the file or the cache.
    pub(super) lacking: Vec<Slot>,
    /// Those whose file says that they are not asked.
    pub(super) skipped: Vec<Slot>,
    /// Those that no evaluator looks at: nothing is paid for what nothing can decide.
    pub(super) unjudged: Vec<Slot>,
}

impl Plan {
    /// Renders every case, and looks what is known already.
    ///
    /// # Errors
    /// A case cannot be rendered: nothing was sent then, and every such case is told with its place.
    pub fn new(
        tasks: &[Task<'_>],
        source: Source<'_>,
        cache: Option<&Cache>,
    ) -> Result<Self, Failure> {
        let mut plan = Self::default();
        let mut asked = Vec::new();
        let mut known = HashMap::new();
        let mut findings = Vec::new();
        for (number, task) in tasks.iter().enumerate() {
            let skipped = (0..task.cases.len()).filter(|at| task.case(*at).skip.is_some());
            plan.skipped.extend(skipped.map(|case| Slot {
                task: number,
                case,
                repeat: 1,
            }));
            // In their order, as they are rendered.
            let mut left = (0..task.cases.len()).filter(|at| task.case(*at).skip.is_none());
            let mut render = |case: &Case, values: Object| {
                let (_, request) = task.request_of(values)?;
                check_case(task, case).map_err(Failure::from)?;
                let at = left.find(|at| task.case(*at).id == case.id);
                let is_paid_for = !matches!(source, Source::Given(_));
                let is_unjudged = is_paid_for
                    && !task.asks_unjudged
                    && task.suite.judges_of(case).next().is_none();
                for repeat in 1..=task.repeats(case) {
                    let slot = Slot {
                        task: number,
                        case: at.unwrap_or_default(),
                        repeat,
                    };
                    if is_unjudged {
                        plan.unjudged.push(slot);
                        continue;
                    }
                    let key = task.server.as_deref();
                    let key = key.map(|server| match task.subject.again {
                        true => Key::again(server, &request.body, repeat),
                        false => Key::new(server, &request.body, repeat),
                    });
                    plan.place(
                        slot,
                        key,
                        (source, cache),
                        (task, case),
                        (&mut asked, &mut known),
                    );
                }
                Ok(())
            };
            findings.extend(ready(task.suite, task.files, &task.cases, &mut render));
        }
        if findings.iter().any(Finding::is_error) {
            findings.sort_by_key(|finding| !finding.is_error());
            return Err(Failure::from(findings).hint("nothing was sent"));
        }
        plan.at_hand = plan.jobs.len();
        match source {
            Source::CacheAlone => {
                let slots = asked.into_iter().flat_map(|job| job.slots);
                plan.lacking.extend(slots);
            }
            _ => plan.jobs.extend(asked),
        }
        Ok(plan)
    }

    /// Puts an answer that is wanted where it comes from.
    pub(super) fn place(
        &mut self,
        slot: Slot,
        key: Option<Key>,
        (source, cache): (Source<'_>, Option<&Cache>),
        (task, case): (&Task<'_>, &Case),
        (asked, known): (&mut Vec<Job>, &mut HashMap<Key, Known>),
    ) {
        let job = Job {
            key,
            slots: vec![slot],
        };
        match (source, key) {
            (Source::Given(given), _) => {
                match given.has(task.subject.whose(), &case.id, slot.repeat) {
                    true => self.jobs.push(Job { key: None, ..job }),
                    false => self.lacking.push(slot),
                }
            }
            (_, None) => asked.push(job),
            (_, Some(key)) => match known.get(&key) {
                // The same was asked for another case: one answer will do for both.
                Some(Known::AtHand(at)) => self.jobs[*at].slots.push(slot),
                Some(Known::ToAsk(at)) => asked[*at].slots.push(slot),
                None => {
                    let is_at_hand = !matches!(source, Source::Model)
                        && cache.is_some_and(|cache| cache.has(&key));
                    let place = match is_at_hand {
                        true => Known::AtHand(self.jobs.len()),
                        false => Known::ToAsk(asked.len()),
                    };
                    known.insert(key, place);
                    match is_at_hand {
                        true => self.jobs.push(job),
                        false => asked.push(job),
                    }
                }
            },
        }
    }

    /// How many answers are at hand.
    pub fn at_hand(&self) -> usize {
        self.jobs[..self.at_hand]
            .iter()
            .map(|it| it.slots.len())
            .sum()
    }

    /// How many calls are made, for how many answers.
    pub fn calls(&self) -> (usize, usize) {
        let calls = &self.jobs[self.at_hand..];
        (calls.len(), calls.iter().map(|it| it.slots.len()).sum())
    }

    /// How many answers are wanted and cannot be had.
    pub fn lacking(&self) -> usize {
        self.lacking.len()
    }

    /// The tasks that are asked something, each with how many calls, and its first case.
    pub fn asked(&self) -> BTreeMap<usize, (usize, usize)> {
        let mut asked = BTreeMap::new();
        for job in &self.jobs[self.at_hand..] {
            let slot = job.slots[0];
            asked.entry(slot.task).or_insert((0, slot.case)).0 += 1;
        }
        asked
    }

    /// How many results there will be.
    pub fn len(&self) -> usize {
        let jobs: usize = self.jobs.iter().map(|it| it.slots.len()).sum();
        jobs + self.lacking.len() + self.skipped.len() + self.unjudged.len()
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where an answer that is wanted twice comes from: its number in one of two lists.
pub(super) enum Known {
    AtHand(usize),
    ToAsk(usize),
}

//! Running cases: everything is rendered first, then what is not known is asked, many at once.

mod keep;
mod plan;
mod questions;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jiff::Timestamp;

use super::answer::Answered;
use super::cache::{Cache, Key};
use super::case::Case;
use super::given::Scores;
use super::result::{Line, LineAnswer, Results, Status};
use super::score::{Judge, score};
use super::task::Task;
use crate::error::{Exit, Failure};
use crate::execute::{
    Call, CallContext, Caller, Done, Ended, Executed, Gate, Pool, Rendered, Request, Stop, Worst,
};
use crate::openai::client::block_on;
use crate::openai::prices::OwnPrices;
use crate::prompt::code;
use crate::record::entry::{ErrorNote, Overrides};
use crate::record::log::Log;
use crate::record::privacy::Privacy;

pub(super) use keep::{Turn, claim, keep};
use plan::{Job, Slot};
pub use plan::{Plan, Source};
pub use questions::{Questions, questions};

/// What holds for all that is run.
pub struct RunSettings<'a> {
    /// The id of the run.
    pub run: &'a str,
    /// Where answers come from.
    pub source: Source<'a>,
    /// Where answers are kept.
    pub cache: Option<&'a Cache>,
    /// Where executions are recorded.
    pub log: Option<&'a Log>,
    /// What the log may keep.
    pub privacy: Privacy,
    /// The user's own prices.
    pub prices: &'a OwnPrices,
    /// Scores that other programs made.
    pub scores: Option<&'a Scores>,
    /// How many at once.
    pub pool: Pool,
    /// What lets calls begin.
    pub gate: &'a Gate<'a>,
    /// What a request of a prompt of this name may cost at its worst.
    pub worst: &'a dyn Fn(&Request, &str) -> Worst,
    /// Gives what sends a request.
    pub caller: &'a dyn Fn(&Request) -> Result<Rc<Caller>, Failure>,
    /// The time at which a call begins.
    pub clock: &'a dyn Fn() -> Timestamp,
}

/// What a run leaves behind beside its results.
#[derive(Debug)]
pub struct RunEnd {
    /// Why it ended early, and what it cost.
    pub ended: Ended,
    /// Why executions were not recorded, if one was not.
    pub unrecorded: Option<Failure>,
}

/// No results yet, with every case in its place.
pub fn empty_results(tasks: &[Task<'_>]) -> Vec<Results> {
    let results = tasks.iter().map(|task| {
        let mut results = Results::new(task.subject.clone());
        results.cases.reserve_exact(task.cases.len());
        (0..task.cases.len()).for_each(|at| results.declare(task.case(at)));
        results
    });
    results.collect()
}

/// Asks for all that is planned, and hands each result over as it comes: the number of its task, that
/// of its case there, and the line. An answer is in the cache before its result is handed over.
///
/// # Errors
/// `P307`: the system gives no means to wait for the network.
pub fn run(
    tasks: &[Task<'_>],
    plan: &Plan,
    terms: &RunSettings<'_>,
    judge: &impl Judge,
    on_line: &mut dyn FnMut(usize, usize, Line) -> Option<Stop>,
) -> Result<RunEnd, Failure> {
    let runner = Runner {
        tasks,
        terms,
        judge,
        lost: RefCell::default(),
        unrecorded: RefCell::default(),
    };
    for slot in &plan.skipped {
        let mut line = runner.line(slot);
        line.reason.clone_from(&runner.case(slot).skip);
        on_line(slot.task, slot.case, line);
    }
    let lacks = match terms.source {
        Source::Given(_) => "the file of answers has none for it",
        _ => "the cache has no answer, and no model was to be asked",
    };
    for slot in &plan.lacking {
        on_line(slot.task, slot.case, runner.missing(slot, lacks));
    }
    for slot in &plan.unjudged {
        on_line(
            slot.task,
            slot.case,
            runner.missing(slot, "no evaluator looks at it"),
        );
    }
    let mut is_done = vec![false; plan.jobs.len()];
    let ended = block_on(terms.pool.run(
        0..plan.jobs.len(),
        |index| runner.job(&plan.jobs[index]),
        &mut |index, done: JobDone| {
            is_done[index] = done.is_begun;
            let mut stop = done.stop;
            for (slot, line) in done.lines {
                let wanted = on_line(slot.task, slot.case, line);
                stop = stop.or(wanted);
            }
            Done {
                cost: done.cost,
                stop,
            }
        },
    ))?;
    let why = match &ended.stop {
        Some(Stop::MaxCost { .. } | Stop::UnknownCost) => {
            "the limit on the cost was reached".to_owned()
        }
        Some(Stop::Lasting(failure)) => failure.message.clone(),
        Some(Stop::Failed | Stop::Unwanted) | None => "not asked".to_owned(),
    };
    let left = plan
        .jobs
        .iter()
        .zip(is_done)
        .filter(|(_, is_done)| !is_done);
    for slot in left.flat_map(|(job, _)| &job.slots) {
        on_line(slot.task, slot.case, runner.missing(slot, &why));
    }
    Ok(RunEnd {
        ended,
        unrecorded: runner.unrecorded.into_inner(),
    })
}

struct Runner<'a, J> {
    tasks: &'a [Task<'a>],
    terms: &'a RunSettings<'a>,
    judge: &'a J,
    /// The tasks each further call of which would fail, with why.
    lost: RefCell<HashMap<usize, ErrorNote>>,
    unrecorded: RefCell<Option<Failure>>,
}

/// What came of a job.
struct JobDone {
    /// Whether there was room for its call.
    is_begun: bool,
    lines: Vec<(Slot, Line)>,
    /// As far as it is known.
    cost: f64,
    stop: Option<Stop>,
}

/// What came of asking.
struct Came {
    /// The answer or why there is none; nothing where it was not asked for.
    answered: Option<Result<Answered, ErrorNote>>,
    is_cached: bool,
    execution: Option<String>,
    /// As far as it is known.
    cost: f64,
    stop: Option<Stop>,
}

impl Came {
    fn known(answered: Answered) -> Self {
        Self {
            execution: answered.execution.clone(),
            answered: Some(Ok(answered)),
            is_cached: true,
            cost: 0.0,
            stop: None,
        }
    }

    fn failed(note: ErrorNote) -> Self {
        Self {
            answered: Some(Err(note)),
            is_cached: false,
            execution: None,
            cost: 0.0,
            stop: None,
        }
    }

    fn not_begun(stop: Stop) -> Self {
        Self {
            answered: None,
            is_cached: false,
            execution: None,
            cost: 0.0,
            stop: Some(stop),
        }
    }
}

impl<J: Judge> Runner<'_, J> {
    fn case(&self, slot: &Slot) -> &Case {
        self.tasks[slot.task].case(slot.case)
    }

    fn line(&self, slot: &Slot) -> Line {
        let task = &self.tasks[slot.task];
        let schema = task.loaded.document.input_schema.as_ref();
        let case = self.case(slot);
        task.subject.line(self.terms.run, case, slot.repeat, schema)
    }

    fn missing(&self, slot: &Slot, why: &str) -> Line {
        Line {
            missing: true,
            reason: Some(why.to_owned()),
            ..self.line(slot)
        }
    }

    async fn job(&self, job: &Job) -> JobDone {
        let first = &job.slots[0];
        let came = self.answer(first, job.key.as_ref()).await;
        let mut done = JobDone {
            is_begun: came.answered.is_some(),
            lines: Vec::new(),
            cost: came.cost,
            stop: came.stop,
        };
        let Some(answered) = came.answered else {
            return done;
        };
        let key = job.key.map(|key| key.to_string());
        for (number, slot) in job.slots.iter().enumerate() {
            let mut line = self.line(slot);
            line.execution.clone_from(&came.execution);
            match &answered {
                Err(note) => {
                    line.status = Status::Error;
                    line.error = Some(note.clone());
                }
                Ok(answered) => {
                    // An answer for several was paid for once.
                    let is_cached = came.is_cached || number > 0;
                    line.answer = Some(LineAnswer::of(answered, key.clone(), is_cached));
                    let (cost, stop) = self.judge_into(&mut line, slot, answered).await;
                    done.cost += cost;
                    done.stop = done.stop.or(stop);
                }
            }
            done.lines.push((*slot, line));
        }
        done
    }

    /// Has the evaluators look at an answer, and returns what that cost, and why nothing more is to be
    /// asked, if it is not.
    async fn judge_into(
        &self,
        line: &mut Line,
        slot: &Slot,
        answered: &Answered,
    ) -> (f64, Option<Stop>) {
        let task = &self.tasks[slot.task];
        let place = (slot.case, slot.repeat);
        let (scores, judge) = (self.terms.scores, self.judge);
        let scored = score(task, place, answered, scores, judge).await;
        line.status = scored.status();
        line.score = scored.score();
        if scored.marks.is_empty() {
            line.reason = Some("no evaluator looks at it".to_owned());
        }
        line.tools.clone_from(&answered.tools);
        line.output = Some(answered.output.clone());
        let told = (scored.cost, scored.stop);
        line.evaluators = scored.marks;
        told
    }

    /// The answer that is wanted: from the file, from the cache, or from the model.
    async fn answer(&self, slot: &Slot, key: Option<&Key>) -> Came {
        let case = self.case(slot);
        let task = &self.tasks[slot.task];
        if let Source::Given(given) = self.terms.source {
            return match given.get(task.subject.whose(), &case.id, slot.repeat) {
                Some(answered) => Came::known(answered),
                None => Came::failed(ErrorNote {
                    code: Some(code::BAD_INPUT.to_string()),
                    message: "the answer in the file has no text as its output".to_owned(),
                    reason: None,
                }),
            };
        }
        let is_fresh = matches!(self.terms.source, Source::Model);
        let kept = self.terms.cache.zip(key).filter(|_| !is_fresh);
        if let Some(answered) = kept.and_then(|(cache, key)| cache.get(key)) {
            return Came::known(answered);
        }
        if let Some(note) = self.lost.borrow().get(&slot.task) {
            return Came::failed(note.clone());
        }
        let ready = task.request(slot.case).and_then(|(rendered, request)| {
            let caller = (self.terms.caller)(&request)?;
            Ok((rendered, request, caller))
        });
        let (rendered, request, caller) = match ready {
            Ok(ready) => ready,
            Err(failure) => {
                let note = note_of(&failure);
                return Came {
                    stop: Some(Stop::Lasting(failure)),
                    ..Came::failed(note)
                };
            }
        };
        let turn = async {
            let kept = self.terms.cache.zip(key);
            let claim = match claim(kept, is_fresh).await {
                Turn::Kept(answered) => return Came::known(*answered),
                Turn::Ours(claim) => claim,
            };
            let prompt = task.subject.prompt.as_str();
            let entered = self
                .terms
                .gate
                .enter(|| (self.terms.worst)(&request, prompt));
            let pass = match entered.await {
                Ok(pass) => pass,
                Err(closed) => return Came::not_begun(closed.stop()),
            };
            let executed = self.ask(task, slot, (&rendered, &request), &caller).await;
            let stop = pass.settle(&executed);
            let came = self.take(executed, slot, key);
            // Who waits for the answer finds it now.
            drop(claim);
            Came {
                stop: came.stop.or(stop),
                ..came
            }
        };
        match is_echo(&request) {
            true => turn.await,
            false => self.terms.gate.watch(turn).await,
        }
    }

    async fn ask(
        &self,
        task: &Task<'_>,
        slot: &Slot,
        (rendered, request): (&Rendered, &Request),
        caller: &Caller,
    ) -> Executed {
        let labels = [
            ("eval".to_owned(), self.terms.run.to_owned()),
            ("repeat".to_owned(), slot.repeat.to_string()),
        ];
        let terms = CallContext {
            loaded: task.loaded,
            expected: task.expected,
            prices: self.terms.prices,
            privacy: self.terms.privacy,
            retry_invalid: 0,
            may_fall_back: false,
            variant: None,
            labels: labels.into(),
            overrides: Overrides {
                model: task.options.model.clone(),
                ..Overrides::default()
            },
        };
        let call = Call {
            terms: &terms,
            values: &rendered.values,
            request,
            case: Some(self.case(slot).id.clone()),
            now: (self.terms.clock)(),
        };
        call.execute(caller, &mut |_| {}).await
    }

    /// Keeps what was paid for, before anything else is done with it.
    fn take(&self, mut executed: Executed, slot: &Slot, key: Option<&Key>) -> Came {
        let (answered, trouble) = keep(self.terms, key, &executed);
        if let Some(failure) = trouble {
            self.unrecorded.borrow_mut().get_or_insert(failure);
        }
        let cost = executed.record.cost_usd.unwrap_or(0.0);
        let execution = Some(executed.record.id.clone());
        if let Some(answered) = answered {
            return Came {
                answered: Some(Ok(answered)),
                is_cached: false,
                execution,
                cost,
                stop: None,
            };
        }
        let note = executed.error.take().unwrap_or_else(|| ErrorNote {
            code: None,
            message: "no answer came".to_owned(),
            reason: None,
        });
        let failure = executed.failure.take();
        let is_interrupted = failure
            .as_ref()
            .is_some_and(|it| it.exit == Exit::Interrupted);
        let is_lasting = executed.is_lasting || is_interrupted;
        // Another prompt may ask a model that is known.
        let is_of_model = failure
            .as_ref()
            .is_some_and(|it| it.code == Some(code::UNKNOWN_MODEL));
        if is_of_model {
            self.lost.borrow_mut().insert(slot.task, note.clone());
        }
        Came {
            execution,
            cost,
            stop: failure
                .filter(|_| is_lasting && !is_of_model)
                .map(Stop::Lasting),
            ..Came::failed(note)
        }
    }
}

/// Whether the model `echo` answers.
pub fn is_echo(request: &Request) -> bool {
    let model = request.model.as_ref();
    model.is_some_and(|model| model.name == crate::openai::echo::MODEL)
}

fn note_of(failure: &Failure) -> ErrorNote {
    ErrorNote {
        code: failure.code.map(|code| code.to_string()),
        message: format!("{failure:#}"),
        reason: None,
    }
}

//! Running cases: everything is rendered first, then what is not known is asked, many at once.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use jiff::Timestamp;

use super::answer::Answered;
use super::cache::{Cache, Key};
use super::case::Case;
use super::given::{GivenAnswers, Scores};
use super::ready::ready;
use super::result::{Line, LineAnswer, Results, Status};
use super::score::{Judge, check_case, own_evaluators, score};
use super::task::Task;
use crate::error::{Exit, Failure};
use crate::execute::{Call, CallContext, Caller, Done, Ended, Executed, Pool, Request, Stop};
use crate::openai::client::block_on;
use crate::openai::prices::OwnPrices;
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::evaluate::Evaluator;
use crate::prompt::finding::Finding;
use crate::record::entry::{ErrorNote, Overrides};
use crate::record::log::Log;
use crate::record::privacy::Privacy;

/// Where answers come from.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// The cache, and the model for what it does not have.
    CacheThenModel,
    /// The cache alone.
    CacheAlone,
    /// The model, whatever the cache has.
    Model,
    /// A file.
    Given(&'a GivenAnswers),
}

/// What is asked for a case, the `repeat`th time.
#[derive(Debug, Clone, Copy)]
struct Slot {
    task: usize,
    /// Among the cases of the task.
    case: usize,
    repeat: u32,
}

/// One answer that is wanted, for all whose request is the same.
struct Job {
    key: Option<Key>,
    slots: Vec<Slot>,
}

/// All that is wanted, and where it comes from.
#[derive(Default)]
pub struct Plan {
    /// Those that are at hand first.
    jobs: Vec<Job>,
    /// How many of them are at hand.
    at_hand: usize,
    /// Those that cannot be had: no answer is in the file or the cache.
    lacking: Vec<Slot>,
    /// Those whose file says that they are not asked.
    skipped: Vec<Slot>,
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
                for repeat in 1..=task.repeats(case) {
                    let slot = Slot {
                        task: number,
                        case: at.unwrap_or_default(),
                        repeat,
                    };
                    let key = task.server.as_deref();
                    let key = key.map(|server| Key::new(server, &request.body, repeat));
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
    fn place(
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
                match given.has(&task.subject.prompt, &case.id, slot.repeat) {
                    true => self.jobs.push(Job { key: None, ..job }),
                    false => self.lacking.push(slot),
                }
            }
            (_, None) => asked.push(job),
            (_, Some(key)) => match known.get(&key) {
                // The same was asked for another case: one answer will do for both.
                Some(Known::AtHand(at)) => self.jobs[*at].slots.push(slot),
                Some(Known::Asked(at)) => asked[*at].slots.push(slot),
                None => {
                    let is_at_hand = !matches!(source, Source::Model)
                        && cache.is_some_and(|cache| cache.has(&key));
                    let place = match is_at_hand {
                        true => Known::AtHand(self.jobs.len()),
                        false => Known::Asked(asked.len()),
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
        jobs + self.lacking.len() + self.skipped.len()
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where an answer that is wanted twice comes from: its number in one of two lists.
enum Known {
    AtHand(usize),
    Asked(usize),
}

/// What holds for all that is run.
pub struct Terms<'a> {
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
    /// How many at once, and what they may cost.
    pub pool: Pool,
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
pub fn empty_results(tasks: &[Task<'_>], run: &str) -> Vec<Results> {
    let results = tasks.iter().map(|task| {
        let mut results = Results::new(task.subject.clone());
        for at in 0..task.cases.len() {
            results.declare(&task.subject.line(run, task.case(at), 1));
        }
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
    terms: &Terms<'_>,
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
        _ => "the cache has no answer, and --cached asks for none",
    };
    for slot in &plan.lacking {
        on_line(slot.task, slot.case, runner.missing(slot, lacks));
    }
    let mut is_done = vec![false; plan.jobs.len()];
    let ended = block_on(terms.pool.run(
        0..plan.jobs.len(),
        |index| runner.job(&plan.jobs[index]),
        &mut |index, done: JobDone| {
            is_done[index] = true;
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
        Some(Stop::MaxCost | Stop::UnknownCost) => "the limit on the cost was reached".to_owned(),
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
    terms: &'a Terms<'a>,
    judge: &'a J,
    /// The tasks each further call of which would fail, with why.
    lost: RefCell<HashMap<usize, ErrorNote>>,
    unrecorded: RefCell<Option<Failure>>,
}

/// What came of a job.
struct JobDone {
    lines: Vec<(Slot, Line)>,
    cost: Option<f64>,
    stop: Option<Stop>,
}

/// What came of asking.
struct Came {
    answered: Result<Answered, ErrorNote>,
    is_cached: bool,
    execution: Option<String>,
    cost: Option<f64>,
    stop: Option<Stop>,
}

impl Came {
    fn known(answered: Answered) -> Self {
        Self {
            execution: answered.execution.clone(),
            answered: Ok(answered),
            is_cached: true,
            cost: Some(0.0),
            stop: None,
        }
    }

    fn failed(note: ErrorNote) -> Self {
        Self {
            answered: Err(note),
            is_cached: false,
            execution: None,
            cost: Some(0.0),
            stop: None,
        }
    }
}

impl<J: Judge> Runner<'_, J> {
    fn case(&self, slot: &Slot) -> &Case {
        self.tasks[slot.task].case(slot.case)
    }

    fn line(&self, slot: &Slot) -> Line {
        let subject = &self.tasks[slot.task].subject;
        subject.line(self.terms.run, self.case(slot), slot.repeat)
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
            lines: Vec::new(),
            cost: came.cost,
            stop: came.stop,
        };
        let key = job.key.map(|key| key.to_string());
        for (number, slot) in job.slots.iter().enumerate() {
            let mut line = self.line(slot);
            line.execution.clone_from(&came.execution);
            match &came.answered {
                Err(note) => {
                    line.status = Status::Error;
                    line.error = Some(note.clone());
                }
                Ok(answered) => {
                    // An answer for several was paid for once.
                    let is_cached = came.is_cached || number > 0;
                    line.answer = Some(LineAnswer::of(answered, key.clone(), is_cached));
                    let cost = self.judge_into(&mut line, slot, answered).await;
                    done.cost = done.cost.zip(cost).map(|(a, b)| a + b);
                }
            }
            done.lines.push((*slot, line));
        }
        done
    }

    /// Has the evaluators look at an answer, and returns what that cost.
    async fn judge_into(&self, line: &mut Line, slot: &Slot, answered: &Answered) -> Option<f64> {
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
        let cost = scored.cost;
        line.evaluators = scored.marks;
        cost
    }

    /// The answer that is wanted: from the file, from the cache, or from the model.
    async fn answer(&self, slot: &Slot, key: Option<&Key>) -> Came {
        let case = self.case(slot);
        let task = &self.tasks[slot.task];
        if let Source::Given(given) = self.terms.source {
            return match given.get(&task.subject.prompt, &case.id, slot.repeat) {
                Some(answered) => Came::known(answered),
                None => Came::failed(ErrorNote {
                    code: Some(code::BAD_INPUT.to_string()),
                    message: "the answer in the file has no text as its output".to_owned(),
                }),
            };
        }
        let cache = self.terms.cache.zip(key);
        let is_fresh = matches!(self.terms.source, Source::Model);
        let kept = cache.filter(|_| !is_fresh);
        if let Some(answered) = kept.and_then(|(cache, key)| cache.get(key)) {
            return Came::known(answered);
        }
        if let Some(note) = self.lost.borrow().get(&slot.task) {
            return Came::failed(note.clone());
        }
        match self.ask(task, slot).await {
            Ok(executed) => self.take(executed, slot, cache),
            Err(failure) => {
                let note = note_of(&failure);
                Came {
                    stop: Some(Stop::Lasting(failure)),
                    ..Came::failed(note)
                }
            }
        }
    }

    async fn ask(&self, task: &Task<'_>, slot: &Slot) -> Result<Executed, Failure> {
        let (rendered, request) = task.request(slot.case)?;
        let caller = (self.terms.caller)(&request)?;
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
            request: &request,
            case: Some(self.case(slot).id.clone()),
            now: (self.terms.clock)(),
        };
        Ok(call.execute(&caller, &mut |_| {}).await)
    }

    /// Keeps what was paid for, before anything else is done with it.
    fn take(&self, mut executed: Executed, slot: &Slot, cache: Option<(&Cache, &Key)>) -> Came {
        let answered = Answered::of(&executed);
        if let (Some((cache, key)), Some(answered)) = (cache, &answered) {
            cache.put(key, answered);
        }
        if let Some(Err(failure)) = self.terms.log.map(|log| log.append(&executed.record)) {
            self.unrecorded.borrow_mut().get_or_insert(failure);
        }
        let cost = executed.record.cost_usd;
        let execution = Some(executed.record.id.clone());
        if let Some(answered) = answered {
            return Came {
                answered: Ok(answered),
                is_cached: false,
                execution,
                cost,
                stop: None,
            };
        }
        let note = executed.error.take().unwrap_or_else(|| ErrorNote {
            code: None,
            message: "no answer came".to_owned(),
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
            cost: cost.or(Some(0.0)),
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
    }
}

/// The evaluators of the tasks that ask a model and that no score answers, each at the place of its
/// prompt.
///
/// # Errors
/// `P401`: an evaluator of a case cannot work.
pub fn without_judge(tasks: &[Task<'_>], scores: Option<&Scores>) -> Result<Vec<Finding>, Finding> {
    let mut found = Vec::new();
    for task in tasks {
        let mut names: Vec<String> = Vec::new();
        let mut note = |evaluator: &Evaluator| {
            let name = evaluator.name();
            let is_scored = scores.is_some_and(|scores| scores.names(name));
            if evaluator.model().is_some() && !is_scored && !names.iter().any(|it| it == name) {
                names.push(name.to_owned());
            }
        };
        task.evaluators.iter().for_each(&mut note);
        for at in 0..task.cases.len() {
            own_evaluators(task, task.case(at))?
                .iter()
                .for_each(&mut note);
        }
        let prompt = &task.subject.prompt;
        found.extend(names.iter().map(|name| {
            let message = format!(
                "{prompt}: the evaluator `{name}` asks a model, which `eval` cannot do yet"
            );
            Finding::error(code::UNDECIDED, message).in_file(&task.loaded.path)
        }));
    }
    Ok(found)
}

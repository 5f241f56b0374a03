//! Asking judges. A call of a judge is a call: it is found in the cache, counts towards the limit on the
//! cost, and is recorded.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use futures_util::lock::Mutex;

use super::{JudgeInput, JudgePrompt, choice};
use crate::error::{Exit, Failure};
use crate::execute::{Call, CallContext, Closed, Rendered, Request, Stop};
use crate::experiment::answer::{AnswerStatus, Answered};
use crate::experiment::cache::Key;
use crate::experiment::run::{RunSettings, Source, Turn, claim, is_echo, keep};
use crate::experiment::score::{Judge, JudgeReply, Opinion, Question};
use crate::openai::echo;
use crate::prompt::evaluate::Evaluator;
use crate::record::entry::Overrides;

/// How often a judge is asked whose answer makes no choice.
const MOST_TRIES: u32 = 2;

/// Asks judges, under the terms of a run.
pub struct Panel<'a> {
    terms: &'a RunSettings<'a>,
    /// What was asked in this run: the same is asked once, also while the first answer is under way.
    asked: RefCell<HashMap<Key, Rc<Mutex<Option<Answered>>>>>,
    unrecorded: RefCell<Option<Failure>>,
}

/// What a judge chose.
#[derive(Debug)]
pub struct Chosen {
    /// The number of the choice, and why; or why there is none.
    pub choice: Result<(usize, Option<String>), String>,
    /// Whether nothing was asked for it.
    pub cached: bool,
    /// What it cost, when it was asked.
    pub cost: Option<f64>,
    /// The model that answered.
    pub model: Option<String>,
    /// Why nothing more is to be asked.
    pub stop: Option<Stop>,
}

impl Chosen {
    /// No choice, with nothing asked.
    pub fn nothing(why: impl Into<String>) -> Self {
        Self {
            choice: Err(why.into()),
            cached: true,
            cost: Some(0.0),
            model: None,
            stop: None,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Errand {
    /// The case whose answer is judged.
    pub case: Option<String>,
    /// The labels of the records.
    pub labels: BTreeMap<String, String>,
}

/// What came of one question.
struct Came {
    answered: Result<Answered, String>,
    cached: bool,
    cost: Option<f64>,
    stop: Option<Stop>,
}

impl Came {
    fn nothing(why: impl Into<String>) -> Self {
        Self {
            answered: Err(why.into()),
            cached: true,
            cost: Some(0.0),
            stop: None,
        }
    }
}

impl<'a> Panel<'a> {
    /// Nothing is asked yet.
    pub fn new(terms: &'a RunSettings<'a>) -> Self {
        Self {
            terms,
            asked: RefCell::default(),
            unrecorded: RefCell::default(),
        }
    }

    /// Why calls were not recorded, if one was not.
    pub fn into_unrecorded(self) -> Option<Failure> {
        self.unrecorded.into_inner()
    }

    /// Has a judge choose. One whose answer makes no choice is asked once more.
    pub async fn choose(
        &self,
        judge: &JudgePrompt,
        (rendered, request): (&Rendered, &Request),
        errand: &Errand,
    ) -> Chosen {
        let mut chosen = Chosen::nothing("the judge made no choice, twice");
        let (mut worth, mut spent) = (Some(0.0), Some(0.0));
        for number in 1..=MOST_TRIES {
            let came = self
                .answer(judge, (rendered, request), errand, number)
                .await;
            let sum = |a: Option<f64>| a.zip(came.cost).map(|(a, b)| a + b);
            worth = sum(worth);
            if !came.cached {
                spent = sum(spent);
                chosen.cached = false;
            }
            chosen.stop = came.stop;
            match came.answered {
                Err(why) => chosen.choice = Err(why),
                Ok(answered) => {
                    chosen.model.clone_from(&answered.model);
                    let read = choice::read(&answered.output, &judge.choices);
                    match (answered.status, read) {
                        (AnswerStatus::Refused, _) => {
                            chosen.choice = Err("the judge refused".to_owned());
                        }
                        (AnswerStatus::Incomplete, _) => {
                            chosen.choice =
                                Err("the judge's answer stopped before its end".to_owned());
                        }
                        (AnswerStatus::Completed, Some(read)) => chosen.choice = Ok(read),
                        (AnswerStatus::Completed, None) => continue,
                    }
                }
            }
            break;
        }
        chosen.cost = if chosen.cached { worth } else { spent };
        chosen
    }

    /// The answer to a question, asked for the `number`th time: from the cache, or from the model.
    async fn answer(
        &self,
        judge: &JudgePrompt,
        (rendered, request): (&Rendered, &Request),
        errand: &Errand,
        number: u32,
    ) -> Came {
        let Some(server) = &judge.server else {
            return Came::nothing(format!("the model `{}` cannot judge", echo::MODEL));
        };
        let key = Key::new(server, &request.body, number);
        let known = Rc::clone(self.asked.borrow_mut().entry(key).or_default());
        let mut known = known.lock().await;
        let kept = |answered: Answered| Came {
            cost: answered.cost_usd,
            answered: Ok(answered),
            cached: true,
            stop: None,
        };
        if let Some(answered) = &*known {
            return Came {
                // It was paid for with the first.
                cost: Some(0.0),
                ..kept(answered.clone())
            };
        }
        let is_fresh = matches!(self.terms.source, Source::Model);
        let cache = self.terms.cache.filter(|_| !is_fresh);
        if let Some(answered) = cache.and_then(|cache| cache.get(&key)) {
            *known = Some(answered.clone());
            return kept(answered);
        }
        match self.terms.source {
            Source::CacheAlone => {
                return Came::nothing(
                    "the cache has no answer of the judge, and no model was to be asked",
                );
            }
            Source::Given(_) => {
                return Came::nothing(
                    "the cache has no answer of the judge, and no score is given beside the answers",
                );
            }
            Source::CacheThenModel | Source::Model => {}
        }
        let turn = async {
            match claim(self.terms.cache.map(|cache| (cache, &key)), is_fresh).await {
                Turn::Kept(answered) => kept(*answered),
                Turn::Ours(_claim) => self.ask(judge, (rendered, request), errand, &key).await,
            }
        };
        let came = self.terms.gate.watch(turn).await;
        *known = came.answered.as_ref().ok().cloned();
        came
    }

    async fn ask(
        &self,
        judge: &JudgePrompt,
        (rendered, request): (&Rendered, &Request),
        errand: &Errand,
        key: &Key,
    ) -> Came {
        let caller = match (self.terms.caller)(request) {
            Ok(caller) => caller,
            Err(failure) => {
                return Came {
                    stop: Some(Stop::Lasting(failure)),
                    ..Came::nothing("the judge was not asked")
                };
            }
        };
        let name = judge.loaded.name.as_str();
        let entered = self.terms.gate.enter(|| (self.terms.worst)(request, name));
        let pass = match entered.await {
            Ok(pass) => pass,
            Err(closed) => {
                let why = match closed {
                    Closed::Cost { .. } => {
                        "the judge was not asked: the limit on the cost was reached"
                    }
                    Closed::Interrupted => "the judge was not asked: interrupted",
                };
                return Came {
                    stop: Some(closed.stop()),
                    ..Came::nothing(why)
                };
            }
        };
        let terms = CallContext {
            loaded: &judge.loaded,
            expected: &judge.expected,
            prices: self.terms.prices,
            privacy: self.terms.privacy,
            retry_invalid: 0,
            may_fall_back: false,
            variant: None,
            labels: errand.labels.clone(),
            overrides: Overrides::default(),
        };
        let call = Call {
            terms: &terms,
            values: &rendered.values,
            request,
            case: errand.case.clone(),
            now: (self.terms.clock)(),
        };
        let mut executed = call.execute(&caller, &mut |_| {}).await;
        let stop = pass.settle(&executed);
        let (answered, trouble) = keep(self.terms, Some(key), &executed);
        if let Some(failure) = trouble {
            self.unrecorded.borrow_mut().get_or_insert(failure);
        }
        let cost = executed.record.cost_usd;
        if let Some(answered) = answered {
            return Came {
                answered: Ok(answered),
                cached: false,
                cost,
                stop,
            };
        }
        let why = executed.error.take().map(|note| note.message);
        let why = why.unwrap_or_else(|| "nothing came".to_owned());
        let failure = executed.failure.take();
        let is_interrupted = failure
            .as_ref()
            .is_some_and(|it| it.exit == Exit::Interrupted);
        Came {
            answered: Err(format!("the judge did not answer: {why}")),
            cached: false,
            cost: cost.or(Some(0.0)),
            stop: failure
                .filter(|_| executed.is_lasting || is_interrupted)
                .map(Stop::Lasting)
                .or(stop),
        }
    }
}

impl Judge for Panel<'_> {
    async fn ask(&self, evaluator: &Evaluator, question: &Question<'_>) -> JudgeReply {
        let task = question.task;
        let judge = evaluator.model().and_then(|model| task.judges.by(model));
        let Some(judge) = judge else {
            return JudgeReply::undecided("its judge was not found");
        };
        let about = |reply: JudgeReply| JudgeReply {
            judge: Some(judge.name.clone()),
            uncalibrated: !judge.is_calibrated,
            ..reply
        };
        let undecided = |why: String| about(JudgeReply::undecided(why));
        let rendered = match task.request(question.at) {
            // Where the model `echo` answers, nothing is to be asked.
            Ok((_, request)) if is_echo(&request) && task.server.is_none() && !self.is_given() => {
                return undecided(format!(
                    "with the model `{}` no judge is asked",
                    echo::MODEL
                ));
            }
            Ok((rendered, _)) => rendered,
            Err(failure) => return undecided(failure.message),
        };
        let input = JudgeInput {
            fields: question.fields,
            completion: &question.answered.output,
            messages: Some(&rendered.messages),
        };
        let (rendered, request) = match judge.request(&input) {
            Ok(made) => made,
            Err(failure) => return undecided(failure.message),
        };
        let labels = [
            ("eval".to_owned(), self.terms.run.to_owned()),
            ("repeat".to_owned(), question.repeat.to_string()),
            ("judged".to_owned(), task.subject.prompt.clone()),
        ];
        let errand = Errand {
            case: Some(task.case(question.at).id.clone()),
            labels: labels.into(),
        };
        let chosen = self.choose(judge, (&rendered, &request), &errand).await;
        about(JudgeReply {
            opinion: match chosen.choice {
                Ok((number, reason)) => {
                    let choice = &judge.choices[number].choice;
                    let reason = match reason {
                        Some(reason) => format!("the judge chose {choice}: {reason}"),
                        None => format!("the judge chose {choice}"),
                    };
                    Opinion::Score(judge.score(number), Some(reason))
                }
                Err(why) => Opinion::Undecided(why),
            },
            judge: None,
            uncalibrated: false,
            cached: chosen.cached,
            cost: chosen.cost,
            stop: chosen.stop,
        })
    }
}

impl Panel<'_> {
    fn is_given(&self) -> bool {
        matches!(self.terms.source, Source::Given(_))
    }
}

//! Many calls at once.

use std::ops::ControlFlow;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;

use super::call::{Call, CallContext, Executed};
use super::caller::Caller;
use super::stored::{Request, StoredId};
use super::{Rendered, Renderer};
use crate::error::{Exit, Failure};
use crate::openai::client::block_on;
use crate::openai::request::RequestOptions;
use crate::prompt::document::{Document, Object};

/// One line of the inputs.
#[derive(Debug, Clone)]
pub struct Input {
    /// The case's id.
    pub case: String,
    /// The values given for the variables.
    pub values: Object,
}

/// Many calls of one prompt.
pub struct Batch<'a> {
    /// The prompt's templates.
    pub renderer: &'a Renderer<'a>,
    /// What holds for every call.
    pub terms: &'a CallContext<'a>,
    /// What sends them.
    pub caller: &'a Caller,
    /// What the caller adds to the file.
    pub options: &'a RequestOptions,
    /// The stored prompt to call, if one is.
    pub stored: Option<&'a StoredId>,
    /// The inputs.
    pub inputs: &'a [Input],
    /// How many calls are under way at once, at least 1.
    pub concurrency: usize,
    /// No call is begun once those before have cost so many US dollars.
    pub max_cost: Option<f64>,
    /// Whether no call is begun after one has failed.
    pub is_fail_fast: bool,
    /// The time at which a call begins.
    pub clock: &'a dyn Fn() -> Timestamp,
}

/// What holds for work of which many pieces are under way at once.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    /// How many pieces are under way at once, at least 1.
    pub concurrency: usize,
    /// No piece is begun once those before have cost so many US dollars.
    pub max_cost: Option<f64>,
}

/// What one piece of work came to.
#[derive(Debug)]
pub struct Done {
    /// What it cost in US dollars, where that is known.
    pub cost: Option<f64>,
    /// Why no further piece is begun.
    pub stop: Option<Stop>,
}

/// Why work ended before its last piece.
#[derive(Debug)]
pub enum Stop {
    /// The costs have reached the limit.
    MaxCost,
    /// A limit on the costs was given, and a call's cost is not known.
    UnknownCost,
    /// A call failed, and the batch was to stop then.
    Failed,
    /// A call failed as every further one would, or was interrupted.
    Lasting(Failure),
    /// Nobody wants the results any more.
    Unwanted,
}

/// How work ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Why it ended early, if it did.
    pub stop: Option<Stop>,
    /// What its calls cost together, in US dollars, as far as that is known.
    pub cost: f64,
}

/// Where work stands.
#[derive(Default)]
struct State {
    ended: Ended,
    /// The most that one piece has cost.
    dearest: f64,
}

impl Pool {
    /// Does the pieces of these numbers, and hands over what each came to, in any order.
    pub async fn run<T, F: Future<Output = T>>(
        &self,
        todo: impl IntoIterator<Item = usize>,
        begin: impl Fn(usize) -> F,
        on_done: &mut dyn FnMut(usize, T) -> Done,
    ) -> Ended {
        let mut state = State::default();
        let mut todo = todo.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.concurrency && self.may_begin(&state, running.len()) {
                let Some(index) = todo.next() else { break };
                let piece = begin(index);
                running.push(async move { (index, piece.await) });
            }
            let Some((index, outcome)) = running.next().await else {
                // Only now is it known that nothing under way leaves room for more.
                if state.ended.stop.is_none() && todo.next().is_some() {
                    state.ended.stop = Some(Stop::MaxCost);
                }
                return state.ended;
            };
            let done = on_done(index, outcome);
            self.note(&mut state, done);
        }
    }

    /// Whether one more piece may begin: what is under way may cost as much as the dearest so far.
    fn may_begin(&self, state: &State, running: usize) -> bool {
        if state.ended.stop.is_some() {
            return false;
        }
        let Some(most) = self.max_cost else {
            return true;
        };
        most > state.ended.cost + state.dearest * running as f64
    }

    fn note(&self, state: &mut State, done: Done) {
        let cost = done.cost.unwrap_or(0.0);
        state.ended.cost += cost;
        state.dearest = state.dearest.max(cost);
        let unknown = || {
            let is_unknown = self.max_cost.is_some() && done.cost.is_none();
            is_unknown.then_some(Stop::UnknownCost)
        };
        if let Some(stop) = done.stop.or_else(unknown) {
            state.ended.stop.get_or_insert(stop);
        }
    }
}

/// Calls the model for each of these inputs, given by their numbers, and hands over each result as
/// it comes, in any order.
///
/// # Errors
/// `P307`: the system gives no means to wait for the network.
pub fn run_batch(
    batch: &Batch<'_>,
    todo: &[usize],
    on_done: &mut dyn FnMut(usize, &Executed) -> ControlFlow<()>,
) -> Result<Ended, Failure> {
    block_on(batch.run(todo, on_done))
}

/// The request for an input, with the prompt rendered.
///
/// # Errors
/// The input lacks a variable or has one that does not fit.
pub fn request_for(
    renderer: &Renderer<'_>,
    document: &Document,
    options: &RequestOptions,
    stored: Option<&StoredId>,
    input: &Input,
) -> Result<(Rendered, Request), Failure> {
    let rendered = renderer.render(input.values.clone())?;
    let request = Request::new(document, &rendered, options, stored.cloned())?;
    Ok((rendered, request))
}

impl Batch<'_> {
    async fn run(
        &self,
        todo: &[usize],
        on_done: &mut dyn FnMut(usize, &Executed) -> ControlFlow<()>,
    ) -> Ended {
        let pool = Pool {
            concurrency: self.concurrency,
            max_cost: self.max_cost,
        };
        let begin = |index| self.one(index);
        pool.run(
            todo.iter().copied(),
            begin,
            &mut |index, outcome| match outcome {
                Ok(mut executed) => {
                    let flow = on_done(index, &executed);
                    self.done(&mut executed, flow)
                }
                Err(failure) => Done {
                    cost: Some(0.0),
                    stop: Some(Stop::Lasting(failure)),
                },
            },
        )
        .await
    }

    async fn one(&self, index: usize) -> Result<Executed, Failure> {
        let input = &self.inputs[index];
        let document = &self.terms.loaded.document;
        let (rendered, request) =
            request_for(self.renderer, document, self.options, self.stored, input)?;
        let call = Call {
            terms: self.terms,
            values: &rendered.values,
            request: &request,
            case: Some(input.case.clone()),
            now: (self.clock)(),
        };
        Ok(call.execute(self.caller, &mut |_| {}).await)
    }

    fn done(&self, executed: &mut Executed, flow: ControlFlow<()>) -> Done {
        let cost = executed.record.cost_usd;
        let failure = executed.failure.take();
        Done {
            cost: cost.or_else(|| failure.as_ref().map(|_| 0.0)),
            stop: match failure {
                Some(failure) if executed.is_lasting || failure.exit == Exit::Interrupted => {
                    Some(Stop::Lasting(failure))
                }
                Some(_) if self.is_fail_fast => Some(Stop::Failed),
                _ => flow.is_break().then_some(Stop::Unwanted),
            },
        }
    }
}

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

/// Why a batch ended before its last input.
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

/// How a batch ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Why it ended early, if it did.
    pub stop: Option<Stop>,
    /// What its calls cost together, in US dollars, as far as that is known.
    pub cost: f64,
}

/// Where a batch stands.
#[derive(Default)]
struct State {
    ended: Ended,
    /// The most that one call has cost.
    dearest: f64,
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
        let mut state = State::default();
        let mut todo = todo.iter().copied();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.concurrency && self.may_begin(&mut state, running.len()) {
                let Some(index) = todo.next() else { break };
                running.push(self.one(index));
            }
            let Some((index, outcome)) = running.next().await else {
                // Only now is it known that nothing under way leaves room for more.
                if todo.next().is_some() && state.ended.stop.is_none() {
                    state.ended.stop = Some(Stop::MaxCost);
                }
                return state.ended;
            };
            match outcome {
                Ok(mut executed) => {
                    let flow = on_done(index, &executed);
                    self.note(&mut state, &mut executed, flow);
                }
                Err(failure) => state.stop(Stop::Lasting(failure)),
            }
        }
    }

    async fn one(&self, index: usize) -> (usize, Result<Executed, Failure>) {
        let input = &self.inputs[index];
        let document = &self.terms.loaded.document;
        let made = request_for(self.renderer, document, self.options, self.stored, input);
        let (rendered, request) = match made {
            Ok(made) => made,
            Err(failure) => return (index, Err(failure)),
        };
        let call = Call {
            terms: self.terms,
            values: &rendered.values,
            request: &request,
            case: Some(input.case.clone()),
            now: (self.clock)(),
        };
        (index, Ok(call.execute(self.caller, &mut |_| {}).await))
    }

    /// Whether one more call may begin: what is under way may cost as much as the dearest so far.
    fn may_begin(&self, state: &mut State, running: usize) -> bool {
        if state.ended.stop.is_some() {
            return false;
        }
        let Some(most) = self.max_cost else {
            return true;
        };
        most > state.ended.cost + state.dearest * running as f64
    }

    fn note(&self, state: &mut State, executed: &mut Executed, flow: ControlFlow<()>) {
        let cost = executed.record.cost_usd;
        state.ended.cost += cost.unwrap_or(0.0);
        state.dearest = state.dearest.max(cost.unwrap_or(0.0));
        let is_interrupted = |failure: &Failure| failure.exit == Exit::Interrupted;
        match executed.failure.take() {
            Some(failure) if executed.is_lasting || is_interrupted(&failure) => {
                state.stop(Stop::Lasting(failure));
            }
            Some(_) if self.is_fail_fast => state.stop(Stop::Failed),
            _ if flow.is_break() => state.stop(Stop::Unwanted),
            None if self.max_cost.is_some() && cost.is_none() => state.stop(Stop::UnknownCost),
            _ => {}
        }
    }
}

impl State {
    fn stop(&mut self, stop: Stop) {
        self.ended.stop.get_or_insert(stop);
    }
}

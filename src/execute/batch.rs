//! Many calls at once.

use std::ops::ControlFlow;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;

use super::call::{Call, CallContext, Executed};
use super::caller::Caller;
use super::gate::{Closed, Gate, Stop};
use super::stored::{Request, StoredId};
use super::worst::Worst;
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
    pub inputs: &'a [Input],
    /// How many calls are under way at once, at least 1.
    pub concurrency: usize,
    /// What lets calls begin.
    pub gate: &'a Gate<'a>,
    /// What a request may cost at its worst.
    pub worst: &'a dyn Fn(&Request) -> Worst,
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
}

/// What one piece of work came to.
#[derive(Debug)]
pub struct Done {
    /// What it cost in US dollars, as far as that is known.
    pub cost: f64,
    /// Why no further piece is begun.
    pub stop: Option<Stop>,
}

/// How work ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Why it ended early, if it did.
    pub stop: Option<Stop>,
    /// What its calls cost together, in US dollars, as far as that is known.
    pub cost: f64,
}

impl Pool {
    /// Does the pieces of these numbers, and hands over what each came to, in any order.
    pub async fn run<T, F: Future<Output = T>>(
        &self,
        todo: impl IntoIterator<Item = usize>,
        begin: impl Fn(usize) -> F,
        on_done: &mut dyn FnMut(usize, T) -> Done,
    ) -> Ended {
        let mut ended = Ended::default();
        let mut todo = todo.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.concurrency && ended.stop.is_none() {
                let Some(index) = todo.next() else { break };
                let piece = begin(index);
                running.push(async move { (index, piece.await) });
            }
            let Some((index, outcome)) = running.next().await else {
                return ended;
            };
            let done = on_done(index, outcome);
            ended.cost += done.cost;
            if let Some(stop) = done.stop {
                ended.stop.get_or_insert(stop);
            }
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
        };
        let begin = |index| self.one(index);
        pool.run(
            todo.iter().copied(),
            begin,
            &mut |index, outcome| match outcome {
                Ok((mut executed, stop)) => {
                    let flow = on_done(index, &executed);
                    self.done(&mut executed, stop, flow)
                }
                Err(stop) => Done {
                    cost: 0.0,
                    stop: Some(stop),
                },
            },
        )
        .await
    }

    /// One call with why no further one may begin, or why this one did not.
    async fn one(&self, index: usize) -> Result<(Executed, Option<Stop>), Stop> {
        let input = &self.inputs[index];
        let document = &self.terms.loaded.document;
        let made = request_for(self.renderer, document, self.options, self.stored, input);
        let (rendered, request) = made.map_err(Stop::Lasting)?;
        let entered = self.gate.enter(|| (self.worst)(&request)).await;
        let pass = entered.map_err(Closed::stop)?;
        let call = Call {
            terms: self.terms,
            values: &rendered.values,
            request: &request,
            case: Some(input.case.clone()),
            now: (self.clock)(),
        };
        let mut unwatched = |_: &str| {};
        let executed = self.gate.watch(call.execute(self.caller, &mut unwatched));
        let executed = executed.await;
        let stop = pass.settle(&executed);
        Ok((executed, stop))
    }

    fn done(&self, executed: &mut Executed, stop: Option<Stop>, flow: ControlFlow<()>) -> Done {
        let failure = executed.failure.take();
        Done {
            cost: executed.record.cost_usd.unwrap_or(0.0),
            stop: match failure {
                Some(failure) if executed.is_lasting || failure.exit == Exit::Interrupted => {
                    Some(Stop::Lasting(failure))
                }
                Some(_) if self.is_fail_fast => Some(Stop::Failed),
                _ => stop.or(flow.is_break().then_some(Stop::Unwanted)),
            },
        }
    }
}

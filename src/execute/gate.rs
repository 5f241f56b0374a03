//! What lets calls begin: the limit on the cost, and whether somebody has pressed Ctrl-C.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};

use futures_util::future::{Either, select};

use super::call::Executed;
use super::worst::Worst;
use crate::error::{Exit, Failure};
use crate::openai::client::interrupted;

/// Why work ended before its last piece.
#[derive(Debug)]
pub enum Stop {
    /// A call may cost more than the limit on the costs leaves.
    MaxCost {
        /// What it may cost, in US dollars.
        worst: f64,
        /// What is left.
        left: f64,
    },
    /// A limit on the costs was given, and a call's cost is not known.
    UnknownCost,
    /// A call failed, and the batch was to stop then.
    Failed,
    /// A call failed as every further one would, or was interrupted.
    Lasting(Failure),
    /// Nobody wants the results any more.
    Unwanted,
}

impl Stop {
    /// Why a limit on the costs ended it, if one did, after so many US dollars were spent: in a
    /// sentence, and what to do next.
    pub fn of_cost(&self, spent: f64) -> Option<(String, &'static str)> {
        match self {
            Self::MaxCost { worst, left } => Some((
                format!(
                    "stopped at ${spent:.4}: the next call may cost ${worst:.6}, and the limit on the cost leaves ${:.6}",
                    left.max(0.0)
                ),
                "a call begins only if it fits at its worst: what it reads, and as many tokens as `maxTokens` lets it write, or as earlier calls did",
            )),
            Self::UnknownCost => Some((
                "stopped: what an answer cost is not known, so a limit on the cost cannot be kept"
                    .to_owned(),
                "a price file, named by PROMPTCTL_PRICES, can tell the price of the model; where the server counts no tokens, leave the limit out",
            )),
            Self::Failed | Self::Lasting(_) | Self::Unwanted => None,
        }
    }
}

/// What lets calls begin. With a limit, a call begins only if it fits at its worst beside what was
/// spent and what those under way may cost at their worst: so the limit is kept, as far as the worst
/// of a call is known.
pub struct Gate<'a> {
    most: Option<f64>,
    /// Says that calls under way are waited for: how many.
    tell: &'a dyn Fn(usize),
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// In US dollars; a call of unknown cost counts at its worst.
    spent: f64,
    /// What those under way may cost at their worst.
    held: f64,
    under_way: usize,
    /// The most that a call has cost.
    dearest: f64,
    closed: Option<Closed>,
    waiting: Vec<Waker>,
}

/// Why no call begins any more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Closed {
    /// This call may cost more at its worst than the limit leaves.
    Cost {
        /// What it may cost, in US dollars.
        worst: f64,
        /// What is left.
        left: f64,
    },
    /// Ctrl-C was pressed.
    Interrupted,
}

impl Closed {
    /// The same as the end of work.
    pub fn stop(self) -> Stop {
        match self {
            Self::Cost { worst, left } => Stop::MaxCost { worst, left },
            Self::Interrupted => {
                Stop::Lasting(Failure::usage("interrupted").exit(Exit::Interrupted))
            }
        }
    }
}

/// A call under way.
pub struct Pass<'g, 'a> {
    gate: &'g Gate<'a>,
    worst: f64,
    is_settled: bool,
}

impl<'a> Gate<'a> {
    /// A gate for calls that may cost so many US dollars together.
    pub fn new(most: Option<f64>) -> Self {
        Self {
            most,
            tell: &|_| {},
            state: RefCell::default(),
        }
    }

    /// The same gate that says it where calls under way are waited for.
    #[must_use]
    pub fn telling(self, tell: &'a dyn Fn(usize)) -> Self {
        Self { tell, ..self }
    }

    /// Lets a call begin, once there is room for it.
    ///
    /// # Errors
    /// Why it never begins.
    pub async fn enter(&self, worst: impl FnOnce() -> Worst) -> Result<Pass<'_, 'a>, Closed> {
        let worst = self.most.map(|most| (most, worst()));
        poll_fn(|context| {
            let mut state = self.state.borrow_mut();
            if let Some(closed) = state.closed {
                return Poll::Ready(Err(closed));
            }
            let mut cost = 0.0;
            if let Some((most, worst)) = worst {
                cost = match worst.is_guess {
                    true => worst.cost.max(state.dearest),
                    false => worst.cost,
                };
                let left = most - state.spent;
                if state.held + cost > left {
                    if state.under_way > 0 {
                        state.waiting.push(context.waker().clone());
                        return Poll::Pending;
                    }
                    let closed = Closed::Cost { worst: cost, left };
                    state.close(closed);
                    return Poll::Ready(Err(closed));
                }
            }
            state.held += cost;
            state.under_way += 1;
            Poll::Ready(Ok(Pass {
                gate: self,
                worst: cost,
                is_settled: false,
            }))
        })
        .await
    }

    /// Waits for work. Ctrl-C meanwhile keeps further calls from beginning, and the work goes on.
    pub async fn watch<T>(&self, work: impl Future<Output = T>) -> T {
        // Asked first: of work that ends at once it would never be seen.
        match select(pin!(interrupted()), pin!(work)).await {
            Either::Right((done, _)) => done,
            Either::Left(((), work)) => {
                let under_way = {
                    let mut state = self.state.borrow_mut();
                    let is_first = state.closed != Some(Closed::Interrupted);
                    state.close(Closed::Interrupted);
                    is_first.then_some(state.under_way)
                };
                if let Some(count) = under_way.filter(|count| *count > 0) {
                    (self.tell)(count);
                }
                work.await
            }
        }
    }

    fn settle(&self, worst: f64, cost: f64) {
        let mut state = self.state.borrow_mut();
        state.held = (state.held - worst).max(0.0);
        state.under_way -= 1;
        if state.under_way == 0 {
            // Without the noise of binary fractions.
            state.held = 0.0;
        }
        state.spent += cost;
        state.dearest = state.dearest.max(cost);
        state.wake();
    }
}

impl State {
    fn close(&mut self, closed: Closed) {
        self.closed = Some(closed);
        self.wake();
    }

    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

impl Pass<'_, '_> {
    /// Counts what a call cost, an attempt of which nobody knows whether it is paid for at its worst.
    /// Returns why no further call may begin, where that cannot be known any more.
    pub fn settle(mut self, executed: &Executed) -> Option<Stop> {
        self.is_settled = true;
        let cost = executed.record.cost_usd;
        let mut charged = cost.unwrap_or(0.0) + self.worst * f64::from(executed.unsure);
        let is_unknown = executed.is_whole() && cost.is_none();
        if is_unknown {
            charged += self.worst;
        }
        self.gate.settle(self.worst, charged);
        (is_unknown && self.gate.most.is_some()).then_some(Stop::UnknownCost)
    }
}

/// A call that was broken off may have to be paid for.
impl Drop for Pass<'_, '_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.gate.settle(self.worst, self.worst);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn sure(cost: f64) -> impl Fn() -> Worst {
        move || Worst {
            cost,
            is_guess: false,
        }
    }

    fn entered<'g, 'a>(gate: &'g Gate<'a>, cost: f64) -> Option<Result<Pass<'g, 'a>, Closed>> {
        gate.enter(sure(cost)).now_or_never()
    }

    #[test]
    fn what_is_under_way_counts_at_its_worst() {
        let gate = Gate::new(Some(1.0));
        let first = entered(&gate, 0.5).unwrap().unwrap();
        let second = entered(&gate, 0.5).unwrap().unwrap();
        assert!(entered(&gate, 0.1).is_none(), "it waits for the others");
        gate.settle(0.5, 0.1);
        std::mem::forget(first);
        let third = entered(&gate, 0.4).unwrap().unwrap();
        drop((second, third));
        // 0.1, and the two that were broken off at their worst.
        assert!(matches!(
            entered(&gate, 0.1),
            Some(Err(Closed::Cost { worst, left })) if worst == 0.1 && left.abs() < 1e-9
        ));
        assert!(matches!(entered(&gate, 0.0), Some(Err(_))), "it stays shut");
    }

    #[test]
    fn a_single_call_that_may_cost_more_than_the_limit_does_not_begin() {
        let gate = Gate::new(Some(0.05));
        assert!(matches!(entered(&gate, 60.0), Some(Err(_))));
        let open = Gate::new(None);
        assert!(matches!(entered(&open, 60.0), Some(Ok(_))));
    }

    #[test]
    fn a_guess_is_at_least_what_the_dearest_cost() {
        let gate = Gate::new(Some(1.0));
        drop(entered(&gate, 0.6).unwrap().unwrap());
        let guess = || Worst {
            cost: 0.1,
            is_guess: true,
        };
        let found = gate.enter(guess).now_or_never().unwrap();
        assert!(matches!(found, Err(Closed::Cost { worst, .. }) if worst == 0.6));
    }
}

//! `promptctl run --inputs`: many calls, their results in the order of the inputs.

mod results;

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::Value;

use super::super::common::warn_all;
use super::super::given_file::read_file;
use super::super::interrupt::waiting;
use super::super::session::Session;
use super::args::Args;
use super::{RunContext, result, tell_fallback};
use crate::error::{Exit, Failure};
use crate::execute::{
    Batch, Ended, Executed, Expected, Gate, Input, Renderer, Stop, Worst, request_for, run_batch,
};
use crate::openai::prices::warm_up;
use crate::openai::request::request_hash;
use crate::output::calls::dollars;
use crate::output::progress::Progress;
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::record::entry::{Source, Status};
use results::Results;

/// How a batch went.
#[derive(Default)]
struct Tally {
    good: usize,
    bad: usize,
    kept: usize,
    unpriced: usize,
    fallbacks: usize,
    cost: f64,
}

pub(super) fn run(
    args: &Args,
    inputs: &str,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let given = args.prompt.given(session)?;
    let (loaded, variant) = args.prompt.load(&ground.store, session)?;
    warn_all(session, &loaded.document.warnings);
    let renderer = Renderer::new(&ground.store, &loaded)?;
    let text = read_file(inputs, session)?;
    let inputs = read_inputs(inputs, &text, &given, &renderer)?;
    let expected = Expected::of(&loaded.document)?;
    let terms = args.terms(&loaded, variant, &expected, ground);
    let options = args.options();
    let stored = args.stored(&loaded, ground, session)?;
    let Some(first) = inputs.first() else {
        session.ui.status("no inputs");
        return Ok(Exit::Done);
    };
    // The provider and the model are the same for all.
    let make = |input: &Input| {
        request_for(
            &renderer,
            &loaded.document,
            &options,
            stored.as_ref(),
            input,
        )
        .map_err(|failure| failure.hint(format!("the input is {}", input.case)))
    };
    let (_, request) = make(first)?;
    if !args.is_echo(&loaded) {
        warm_up(request.provider());
    }
    ground.warn_of_end(&request, session);
    ground.check_budgets(&loaded.name, &request, args.no_log, session)?;
    let max_cost = ground.limit(args.many.max_cost);
    if let (Some(_), Some(model), None) = (max_cost, &request.model, &request.stored) {
        ground.require_price(model, session)?;
    }
    // Every input is rendered before the first is sent: a typing error costs nothing then.
    let hash = |input: &Input| Ok(request_hash(&make(input)?.1.body));
    let hashes = inputs
        .iter()
        .map(hash)
        .collect::<Result<Vec<_>, Failure>>()?;
    // Without a key no file is begun.
    let caller = ground.caller(&request, args.timeout.map(Duration::from_secs), session)?;
    let caller = caller.patient();
    let mut results = Results::open(
        args.many.output.as_deref(),
        args.many.resume,
        &hashes,
        session,
    )?;
    let todo = results.todo(inputs.len(), |index| inputs[index].case.clone());
    let clock_now = session.environ.now;
    let clock = move || clock_now.unwrap_or_else(jiff::Timestamp::now);
    let now = session.now;
    let progress = Progress::new(&session.ui, todo.len());
    let shared = RefCell::new(&mut *session);
    let tell = |calls| progress.pause(|| shared.borrow_mut().ui.status(waiting(calls)));
    let gate = Gate::new(max_cost).telling(&tell);
    let batch = Batch {
        renderer: &renderer,
        terms: &terms,
        caller: &caller,
        options: &options,
        stored: stored.as_ref(),
        inputs: &inputs,
        concurrency: usize::from(args.many.concurrency),
        gate: &gate,
        worst: &|request| Worst::of(request, || None, &ground.prices, now),
        is_fail_fast: args.many.fail_fast,
        clock: &clock,
    };
    let sent = send(
        args,
        &batch,
        &todo,
        &mut results,
        &progress,
        ground,
        &shared,
    );
    progress.finish();
    results.finish(session)?;
    let (ended, tally) = sent?;
    ground.warn_of_run(ended.cost, session);
    conclude(args, ended, &tally, inputs.len(), session)
}

/// Sends what is not answered yet.
fn send(
    args: &Args,
    batch: &Batch<'_>,
    todo: &[usize],
    results: &mut Results,
    progress: &Progress,
    ground: &RunContext,
    session: &RefCell<&mut Session>,
) -> Result<(Ended, Tally), Failure> {
    let mut tally = Tally {
        kept: batch.inputs.len() - todo.len(),
        ..Tally::default()
    };
    let mut broken = None;
    let mut on_done = |index: usize, executed: &Executed| {
        let session = &mut **session.borrow_mut();
        if !args.no_log {
            progress.pause(|| ground.append(&executed.record, session));
        }
        tally.count(executed, session, progress);
        progress.step(tally.words());
        let line = line_of(index, executed, batch);
        match results.put(index, &line, session) {
            Ok(()) if session.ui.is_closed() => ControlFlow::Break(()),
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                broken = Some(failure);
                ControlFlow::Break(())
            }
        }
    };
    let ended = run_batch(batch, todo, &mut on_done)?;
    match broken {
        Some(failure) => Err(failure),
        None => Ok((ended, tally)),
    }
}

impl Tally {
    /// What stands behind the bar.
    fn words(&self) -> String {
        match self.bad {
            0 => dollars(self.cost),
            bad => format!("{}, {bad} failed", dollars(self.cost)),
        }
    }

    fn count(&mut self, executed: &Executed, session: &mut Session, progress: &Progress) {
        let record = &executed.record;
        match record.status {
            Status::Ok => self.good += 1,
            _ => self.bad += 1,
        }
        self.cost += record.cost_usd.unwrap_or(0.0);
        self.unpriced +=
            usize::from(record.cost_usd.is_none() && record.usage.output_tokens.is_some());
        if record.source == Source::Fallback {
            if self.fallbacks == 0 {
                progress.pause(|| tell_fallback(executed, session));
            }
            self.fallbacks += 1;
        }
    }
}

fn conclude(
    args: &Args,
    ended: Ended,
    tally: &Tally,
    total: usize,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let mut words = format!("{} of {total} answered", tally.good + tally.kept);
    if tally.kept > 0 {
        words.push_str(&format!(", {} of them before", tally.kept));
    }
    if tally.bad > 0 {
        words.push_str(&format!(", {} failed", tally.bad));
    }
    session
        .ui
        .status(format!("{words}; cost ${:.4}", ended.cost));
    if tally.unpriced > 0 {
        session.ui.warning(format!(
            "no price is known for {} of the answers: their cost is recorded as unknown",
            tally.unpriced
        ));
    }
    let resume = match args.many.output {
        Some(_) => "--resume goes on where the batch stopped",
        None => "with --output FILE, a batch that stopped can be gone on with",
    };
    let stopped = |message: String| {
        Failure::new(code::BUDGET, message)
            .exit(Exit::Verdict)
            .hint(resume)
    };
    match ended.stop {
        Some(stop @ (Stop::MaxCost { .. } | Stop::UnknownCost)) => {
            let (words, hint) = stop.of_cost(ended.cost).unwrap_or_default();
            Err(stopped(words).hint(hint))
        }
        Some(Stop::Lasting(failure)) => Err(failure.hint(resume)),
        Some(Stop::Failed) => Ok(Exit::Verdict),
        Some(Stop::Unwanted) => Ok(Exit::Done),
        None if tally.bad > 0 => Ok(Exit::Verdict),
        None => Ok(Exit::Done),
    }
}

/// A line of the results, without its end.
fn line_of(index: usize, executed: &Executed, batch: &Batch<'_>) -> Value {
    let mut line = Object::new();
    line.insert(
        "schema".to_owned(),
        Value::from(crate::output::json::SCHEMA),
    );
    line.insert("index".to_owned(), Value::from(index));
    if let Value::Object(fields) = result::of(executed, batch.terms.loaded) {
        line.extend(fields);
    }
    Value::Object(line)
}

/// Reads the inputs: a JSON object of variables a line. `id` names the case, unless the prompt has
/// a variable of that name.
fn read_inputs(
    file: &str,
    text: &str,
    given: &Object,
    renderer: &Renderer<'_>,
) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() {
            continue;
        }
        let bad = |message: String| {
            Failure::new(code::BAD_INPUT, message)
                .at(format!("{file}:{number}"))
                .hint("each line is a JSON object of variables, such as {\"ticket\": \"…\"}")
        };
        let value: Value = serde_json::from_str(line)
            .map_err(|error| bad(format!("the input is not JSON: {error}")))?;
        let Value::Object(map) = value else {
            return Err(bad("the input is not a JSON object".to_owned()));
        };
        let mut values = given.clone();
        values.extend(map);
        let id = if renderer.asks_for("id") {
            None
        } else {
            values.shift_remove("id")
        };
        let case = match id {
            Some(Value::String(id)) => id,
            Some(id) => id.to_string(),
            None => number.to_string(),
        };
        inputs.push(Input { case, values });
    }
    Ok(inputs)
}

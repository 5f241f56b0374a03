//! What calls would be made, what they may cost and how long they may take.

use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::super::common::count;
use super::super::run_context::RunContext;
use super::super::session::Session;
use crate::error::{Exit, Failure};
use crate::execute::{UNKNOWN_OUTPUT, input_of, most_output, price};
use crate::experiment::judge::JudgePrompt;
use crate::experiment::run::is_echo;
use crate::experiment::task::Task;
use crate::openai::provider::ModelId;
use crate::openai::tokens;
use crate::output::json;
use crate::prompt::document::Part;
use crate::record::filter::Filter;
use crate::record::log::{Item, Order, Query};

/// How many executions of before are looked at.
const LOOKED_AT: usize = 200;

/// How many requests of a prompt are counted; the others are taken to be as long.
const COUNTED: usize = 20;

/// How long a call is taken to last where none was made yet, in milliseconds.
const USUAL: u64 = 2000;

/// What a prompt's calls may take.
pub(in crate::commands) struct Estimate {
    name: String,
    model: String,
    pub(in crate::commands) is_judge: bool,
    pub(in crate::commands) calls: usize,
    input_tokens: u64,
    output_tokens: u64,
    basis: &'static str,
    latency_ms: u64,
    pub(in crate::commands) cost: Option<f64>,
}

/// Shows what a judge would be asked about so many labels, of which the cache has so many. Nothing is
/// sent or written.
pub(in crate::commands) fn show_plan_of_judge(
    (judge, (labels, kept, calls)): (&JudgePrompt, (usize, usize, usize)),
    concurrency: usize,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let it = estimate_judge((judge, calls), ground, session)?;
    let seconds = seconds_of(std::slice::from_ref(&it), concurrency);
    if session.ui.json {
        session.ui.block(json::document(&json!({
            "dry_run": true,
            "labels": labels,
            "cached": kept,
            "calls": calls,
            "cost_usd": it.cost,
            "seconds": seconds,
        })));
        return Ok(Exit::Done);
    }
    session
        .ui
        .line(format!("{}, {kept} judged before", count(labels, "label")));
    if calls > 0 {
        session.ui.line(it.words());
        session.ui.line(format!("  about {} s", seconds.ceil()));
    }
    session.ui.status("nothing was sent");
    Ok(Exit::Done)
}

/// How long all calls may take, so many at once, in seconds.
pub(in crate::commands) fn seconds_of(estimates: &[Estimate], concurrency: usize) -> f64 {
    let calls = estimates.iter().filter(|it| it.calls > 0);
    let worked: u64 = calls
        .clone()
        .map(|it| it.latency_ms * it.calls as u64)
        .sum();
    let longest = calls.map(|it| it.latency_ms).max().unwrap_or(0);
    (worked as f64 / concurrency as f64).max(longest as f64) / 1e3
}

impl Estimate {
    pub(in crate::commands) fn words(&self) -> String {
        let cost = self.cost.map_or_else(
            || "of no known price".to_owned(),
            |it| format!("≈ ${it:.4}"),
        );
        format!(
            "  {}   {}   {} {cost}, {} tokens read and {} written each ({})",
            self.name,
            self.model,
            count(self.calls, "call"),
            self.input_tokens,
            self.output_tokens,
            self.basis
        )
    }
}

pub(in crate::commands) fn as_json(it: &Estimate) -> Value {
    json!({
        "name": it.name,
        "model": it.model,
        "calls": it.calls,
        "input_tokens": it.input_tokens,
        "output_tokens": it.output_tokens,
        "basis": it.basis,
        "latency_ms": it.latency_ms,
        "cost_usd": it.cost,
    })
}

/// What so many calls of a task may take.
pub(in crate::commands) fn estimate(
    task: &Task<'_>,
    calls: usize,
    ground: &RunContext,
    session: &Session,
) -> Result<Estimate, Failure> {
    let mut requests = Vec::new();
    let asked = (0..task.cases.len()).filter(|at| task.case(*at).skip.is_none());
    for case in asked.take(COUNTED) {
        requests.push(task.request(case)?.1);
    }
    let counted: u64 = requests.iter().map(|it| input_of(&it.body)).sum();
    let input_tokens = counted / requests.len().max(1) as u64;
    let name = task.loaded.name.as_str();
    let Earlier {
        output_tokens: before,
        latency_ms,
        ..
    } = earlier(name, &task.subject.model, ground, session)?;
    let most = requests.first().and_then(|it| most_output(&it.body));
    let (output_tokens, basis) = output_of(before, most);
    let each = requests
        .first()
        .and_then(|it| price(it, input_tokens, output_tokens, &ground.prices, session.now));
    Ok(Estimate {
        name: task.loaded.name.to_string(),
        model: task.subject.model.clone(),
        is_judge: false,
        calls,
        input_tokens,
        output_tokens,
        basis,
        latency_ms: match requests.first().is_some_and(is_echo) {
            true => 0,
            false => latency_ms.unwrap_or(USUAL),
        },
        cost: each.map(|each| each * calls as f64),
    })
}

/// How many tokens an answer is taken to have, and why.
fn output_of(before: Option<u64>, most: Option<u64>) -> (u64, &'static str) {
    match (before, most) {
        (Some(median), _) => (median, "the median of earlier executions"),
        (None, Some(most)) => (most, "maxTokens, as there is no earlier execution"),
        (None, None) => (
            UNKNOWN_OUTPUT,
            "a guess: no earlier execution, no maxTokens",
        ),
    }
}

/// What the questions to a judge may take: what it is told is known only with the answers.
pub(in crate::commands) fn estimate_judge(
    (judge, calls): (&JudgePrompt, usize),
    ground: &RunContext,
    session: &Session,
) -> Result<Estimate, Failure> {
    let document = &judge.loaded.document;
    let model = document.model.clone().unwrap_or_default();
    let name = judge.loaded.name.as_str();
    let before = earlier(name, &model, ground, session)?;
    let request = judge.asked()?;
    let most = most_output(&request.body);
    let (output_tokens, basis) = output_of(before.output_tokens, most);
    let texts = document.own_messages().flat_map(|message| &message.parts);
    let own: usize = texts
        .filter_map(|part| match part {
            Part::Text(text) => Some(tokens::count(&text.value)),
            _ => None,
        })
        .sum();
    let input_tokens = before.input_tokens.unwrap_or(own as u64 + UNKNOWN_OUTPUT);
    let each = price(
        &request,
        input_tokens,
        output_tokens,
        &ground.prices,
        session.now,
    );
    Ok(Estimate {
        name: name.to_owned(),
        model,
        is_judge: true,
        calls,
        input_tokens,
        output_tokens,
        basis,
        latency_ms: before.latency_ms.unwrap_or(USUAL),
        cost: each.map(|each| each * calls as f64),
    })
}

/// The medians of earlier executions.
pub(in crate::commands) struct Earlier {
    input_tokens: Option<u64>,
    pub(in crate::commands) output_tokens: Option<u64>,
    latency_ms: Option<u64>,
}

/// The medians of the earlier executions of a prompt with a model.
pub(in crate::commands) fn earlier(
    name: &str,
    model: &str,
    ground: &RunContext,
    session: &Session,
) -> Result<Earlier, Failure> {
    let model = ModelId::parse(model).ok().map(|it| it.name);
    let query = Query {
        filter: Filter {
            prompt: Some(name.to_owned()),
            model,
            ..Filter::default()
        },
        order: Order::NewestFirst,
        limit: None,
        is_short: true,
    };
    let (mut read, mut tokens, mut latencies) = (Vec::new(), Vec::new(), Vec::new());
    ground.log(session).visit(&query, &mut |item| {
        if let Item::Record(record) = item {
            read.extend(record.usage.input_tokens);
            tokens.extend(record.usage.output_tokens);
            latencies.extend(record.duration_ms);
        }
        match tokens.len() >= LOOKED_AT {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    Ok(Earlier {
        input_tokens: median(read),
        output_tokens: median(tokens),
        latency_ms: median(latencies),
    })
}

fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

//! `eval --dry-run`: what would be asked, and what that may cost.

use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::super::run::RunContext;
use super::super::session::Session;
use super::{Args, EvalFormat};
use crate::error::{Exit, Failure};
use crate::execute::Request;
use crate::experiment::run::{Plan, is_echo};
use crate::experiment::task::Task;
use crate::openai::prices::cost_usd;
use crate::openai::provider::ModelId;
use crate::openai::response::Usage;
use crate::openai::tokens;
use crate::output::json;
use crate::record::filter::Filter;
use crate::record::log::{Item, Order, Query};

/// How many executions of before are looked at.
const LOOKED_AT: usize = 200;

/// How many requests of a prompt are counted; the others are taken to be as long.
const COUNTED: usize = 20;

/// How many tokens an answer is taken to have where nothing says more.
const UNKNOWN: u64 = 500;

/// How long a call is taken to last where none was made yet, in milliseconds.
const USUAL: u64 = 2000;

/// What a prompt's calls may take.
struct Estimate {
    name: String,
    model: String,
    calls: usize,
    input_tokens: u64,
    output_tokens: u64,
    basis: &'static str,
    latency_ms: u64,
    cost: Option<f64>,
}

/// Shows what would be asked. Nothing is sent or written.
pub(super) fn show(
    args: &Args,
    tasks: &[Task<'_>],
    plan: &Plan,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let mut estimates = Vec::new();
    for (task, (calls, _)) in plan.asked() {
        estimates.push(estimate(&tasks[task], calls, ground, session)?);
    }
    let (calls, asked) = plan.calls();
    let cost: Option<f64> = estimates.iter().map(|it| it.cost).sum();
    let concurrency = usize::from(args.answers.concurrency);
    let worked: u64 = estimates
        .iter()
        .map(|it| it.latency_ms * it.calls as u64)
        .sum();
    let longest = estimates.iter().map(|it| it.latency_ms).max().unwrap_or(0);
    let seconds = (worked as f64 / concurrency as f64).max(longest as f64) / 1e3;
    let at_hand = plan.at_hand();
    if args.shown.format == EvalFormat::Json {
        let prompts: Vec<Value> = estimates.iter().map(as_json).collect();
        session.ui.line(json::document(&json!({
            "dry_run": true,
            "answers": at_hand + asked + plan.lacking(),
            "cached": at_hand,
            "calls": calls,
            "lacking": plan.lacking(),
            "cost_usd": cost,
            "seconds": seconds,
            "prompts": prompts,
        })));
        return Ok(Exit::Done);
    }
    let from = if args.answers.answers.is_some() {
        "in the file"
    } else {
        "cached"
    };
    let mut line = format!(
        "{} answers, {at_hand} {from}; {calls} calls",
        at_hand + asked + plan.lacking()
    );
    if plan.lacking() > 0 {
        line.push_str(&format!(", {} answers are not to be had", plan.lacking()));
    }
    if calls > 0 {
        match cost {
            Some(cost) => line.push_str(&format!(" ≈ ${cost:.4}")),
            None => line.push_str(", of no known price"),
        }
        line.push_str(&format!(", about {} s", seconds.ceil()));
    }
    session.ui.line(line);
    for it in estimates {
        let cost = it.cost.map_or_else(
            || "of no known price".to_owned(),
            |it| format!("≈ ${it:.4}"),
        );
        session.ui.line(format!(
            "  {}   {}   {} calls {cost}, {} tokens read and {} written each ({})",
            it.name, it.model, it.calls, it.input_tokens, it.output_tokens, it.basis
        ));
    }
    session.ui.status("nothing was sent");
    Ok(Exit::Done)
}

fn as_json(it: &Estimate) -> Value {
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

fn estimate(
    task: &Task<'_>,
    calls: usize,
    ground: &RunContext,
    session: &Session,
) -> Result<Estimate, Failure> {
    let mut requests = Vec::new();
    for case in 0..task.cases.len().min(COUNTED) {
        requests.push(task.request(case)?.1);
    }
    let counted: usize = requests
        .iter()
        .map(|it| tokens::count(&text_of(&it.body)))
        .sum();
    let input_tokens = (counted / requests.len().max(1)) as u64;
    let (before, latency_ms) = earlier(task, ground, session)?;
    let most = task.loaded.document.parameters.get("maxTokens");
    let (output_tokens, basis) = match (before, most.and_then(Value::as_u64)) {
        (Some(median), _) => (median, "the median of earlier executions"),
        (None, Some(most)) => (most, "maxTokens, as there is no earlier execution"),
        (None, None) => (UNKNOWN, "a guess: no earlier execution, no maxTokens"),
    };
    let each = requests
        .first()
        .and_then(|request| price(request, input_tokens, output_tokens, ground, session));
    Ok(Estimate {
        name: task.loaded.name.to_string(),
        model: task.subject.model.clone(),
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

fn price(
    request: &Request,
    input: u64,
    output: u64,
    ground: &RunContext,
    session: &Session,
) -> Option<f64> {
    let usage = Usage {
        input: Some(input),
        cached: Some(0),
        output: Some(output),
        ..Usage::default()
    };
    let model = request.model.as_ref()?;
    let tier = request.body.get("service_tier").and_then(Value::as_str);
    cost_usd(
        &model.provider,
        &model.name,
        tier,
        &usage,
        session.now,
        &ground.prices,
    )
}

/// The median of the tokens that earlier executions of the prompt wrote, and of how long they took.
fn earlier(
    task: &Task<'_>,
    ground: &RunContext,
    session: &Session,
) -> Result<(Option<u64>, Option<u64>), Failure> {
    let model = ModelId::parse(&task.subject.model).ok().map(|it| it.name);
    let query = Query {
        filter: Filter {
            prompt: Some(task.loaded.name.to_string()),
            model,
            ..Filter::default()
        },
        order: Order::NewestFirst,
        limit: None,
        is_short: true,
    };
    let (mut tokens, mut latencies) = (Vec::new(), Vec::new());
    ground.log(session).visit(&query, &mut |item| {
        if let Item::Record(record) = item {
            tokens.extend(record.usage.output_tokens);
            latencies.extend(record.duration_ms);
        }
        match tokens.len() >= LOOKED_AT {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    Ok((median(tokens), median(latencies)))
}

fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// All texts of a request: pictures are not counted.
fn text_of(body: &Value) -> String {
    fn collect(value: &Value, text: &mut String) {
        match value {
            Value::String(part) if !part.starts_with("data:") => {
                text.push_str(part);
                text.push('\n');
            }
            Value::Array(parts) => parts.iter().for_each(|part| collect(part, text)),
            Value::Object(parts) => parts.values().for_each(|part| collect(part, text)),
            _ => {}
        }
    }
    let mut text = String::new();
    for key in ["instructions", "input"] {
        collect(&body[key], &mut text);
    }
    text
}

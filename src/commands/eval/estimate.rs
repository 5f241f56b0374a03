//! `eval --dry-run`: what would be asked, and what that may cost.

use serde_json::{Value, json};

use super::super::common::count;
use super::super::evaluation::estimate::{as_json, estimate, estimate_judge, seconds_of};
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::EvalFormat;
use super::args::Args;
use crate::error::{Exit, Failure};
use crate::experiment::run::{Plan, Questions};
use crate::experiment::task::Task;
use crate::output::json;

/// Shows what would be asked. Nothing is sent or written.
pub(super) fn show(
    args: &Args,
    tasks: &[Task<'_>],
    (plan, questions): (&Plan, &[Questions<'_>]),
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let mut estimates = Vec::new();
    for (task, (calls, _)) in plan.asked() {
        estimates.push(estimate(&tasks[task], calls, ground, session)?);
    }
    let may_ask = !args.answers.cached && args.answers.answers.is_none();
    let is_asked = |it: &&Questions<'_>| it.calls > 0 && tasks[it.task].server.is_some();
    for asked in questions.iter().filter(|it| may_ask && is_asked(it)) {
        estimates.push(estimate_judge((asked.judge, asked.calls), ground, session)?);
    }
    let judged: usize = estimates
        .iter()
        .filter(|it| it.is_judge)
        .map(|it| it.calls)
        .sum();
    let (calls, asked) = plan.calls();
    let cost: Option<f64> = estimates.iter().map(|it| it.cost).sum();
    let seconds = seconds_of(&estimates, usize::from(args.answers.concurrency));
    let at_hand = plan.at_hand();
    if args.shown.format == EvalFormat::Json {
        let prompts: Vec<Value> = estimates.iter().map(as_json).collect();
        session.ui.block(json::document(&json!({
            "dry_run": true,
            "answers": at_hand + asked + plan.lacking(),
            "cached": at_hand,
            "calls": calls,
            "judge_calls": judged,
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
        "{}, {at_hand} {from}; {}",
        count(at_hand + asked + plan.lacking(), "answer"),
        count(calls, "call")
    );
    if judged > 0 {
        line.push_str(&format!(" and {judged} of judges"));
    }
    if plan.lacking() > 0 {
        let verb = if plan.lacking() == 1 { "is" } else { "are" };
        let lacking = count(plan.lacking(), "answer");
        line.push_str(&format!(", {lacking} {verb} not to be had"));
    }
    if calls + judged > 0 {
        match cost {
            Some(cost) => line.push_str(&format!(" ≈ ${cost:.4}")),
            None => line.push_str(", of no known price"),
        }
        line.push_str(&format!(", about {} s", seconds.ceil()));
    }
    session.ui.line(line);
    for it in estimates {
        session.ui.line(it.words());
    }
    session.ui.status("nothing was sent");
    Ok(Exit::Done)
}

//! What `budgets:` allow today, and what of it is spent.

use serde::Serialize;

use super::super::run_context::{for_nobody, log};
use super::super::session::Session;
use crate::config::Config;
use crate::error::Failure;
use crate::execute::{budget_states, spent_today};
use crate::output::calls::dollars;
use crate::prompt::visible;
use crate::releases::Store;

/// A budget of the day.
#[derive(Serialize)]
pub(in crate::commands) struct Budget {
    /// The prompt, or the folder, that it is for; null where it is for all.
    pub(in crate::commands) prompt: Option<String>,
    pub(in crate::commands) limit_usd: f64,
    pub(in crate::commands) spent_usd: f64,
    pub(in crate::commands) over: bool,
}

/// How the budgets of the day stand, by this machine's log.
pub(in crate::commands) fn today(
    store: &Store,
    config: &Config,
    session: &mut Session,
) -> Result<Vec<Budget>, Failure> {
    if config.budgets.per_day.is_none() && config.budgets.per_prompt.is_empty() {
        return Ok(Vec::new());
    }
    for failure in for_nobody(&config.budgets, store) {
        session.ui.warning(format!("{failure:#}"));
    }
    let spent = spent_today(&log(store, config, session), session.now)?;
    let budget_states = budget_states(&config.budgets, &spent).into_iter();
    let budgets = budget_states.map(|it| Budget {
        prompt: it.prompt.map(str::to_owned),
        limit_usd: it.limit,
        spent_usd: it.spent,
        over: it.is_over(),
    });
    Ok(budgets.collect())
}

/// Says them to a person.
pub(super) fn say(budgets: &[Budget], session: &mut Session) {
    for budget in budgets {
        let whom = match &budget.prompt {
            None => "all prompts".to_owned(),
            Some(prompt) => visible::line(prompt).into_owned(),
        };
        let (spent, limit) = (dollars(budget.spent_usd), dollars(budget.limit_usd));
        let text = format!("{spent} of {limit} for {whom}");
        match budget.over {
            true => session
                .ui
                .warning(format!("the budget of today is used up: {text}")),
            false => session.ui.status(format!("budget of today: {text}")),
        }
    }
}

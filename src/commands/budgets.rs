//! What `budgets:` allow today, and what of it is spent.

use serde::Serialize;

use super::own_log::log;
use super::session::Session;
use crate::config::{Budgets, CONFIG_FILE, Config};
use crate::error::Failure;
use crate::execute::{budget_states, spent_today};
use crate::output::calls::dollars;
use crate::prompt::code;
use crate::prompt::name::nearest;
use crate::prompt::visible;
use crate::releases::Store;

/// A budget of the day.
#[derive(Serialize)]
pub(super) struct Budget {
    /// The prompt, or the folder, that it is for; null where it is for all.
    pub(super) prompt: Option<String>,
    pub(super) limit_usd: f64,
    pub(super) spent_usd: f64,
    pub(super) over: bool,
}

/// How the budgets of the day stand, by this machine's log.
pub(super) fn today(
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
    if let Some(words) = spent.incomplete() {
        session.ui.warning(words);
    }
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

/// What is wrong with budgets for prompts that are not here.
pub(super) fn for_nobody(budgets: &Budgets, store: &Store) -> Vec<Failure> {
    let files = store.list().files;
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let is_known = |wanted: &str| {
        (names.iter())
            .any(|name| *name == wanted || wanted.ends_with('/') && name.starts_with(wanted))
    };
    let unknown = budgets.per_prompt.keys().filter(|name| !is_known(name));
    unknown
        .map(|name| {
            let message =
                format!("`budgets.perPrompt` has `{name}`, and no prompt here is called so");
            let failure = Failure::new(code::BAD_CONFIG, message).at(CONFIG_FILE);
            match nearest(name, names.iter().copied()) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint("name a prompt, or a folder such as support/"),
            }
        })
        .collect()
}

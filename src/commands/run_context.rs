//! What a call stands on: the repository, the user's own configuration, prices, budgets, the log.

use std::cell::Cell;
use std::time::Duration;

use super::budgets::for_nobody;
use super::model_list;
use super::own_log::{is_tracked, log};
use super::session::Session;
use crate::config::{Config, OnExceed, UserConfig};
use crate::error::{Exit, Failure};
use crate::execute::{
    Caller, Executed, Places, Request, StoredId, has_one, spent_today, stored_prompt, used_up,
};
use crate::files::Loaded;
use crate::openai::address::open_to_all;
use crate::openai::echo;
use crate::openai::prices::{OwnPrices, price_of};
use crate::openai::provider::ModelId;
use crate::prompt::code;
use crate::prompt::name::{Environment, PromptName};
use crate::record::entry::{Record, Source};
use crate::record::log::Log;
use crate::releases::Store;

/// What the calls of a run need: the prompt, the settings and the log.
pub(super) struct RunContext {
    /// The repository.
    pub(super) store: Store,
    /// Its configuration.
    pub(super) config: Config,
    /// The user's own configuration.
    pub(super) user: UserConfig,
    /// The user's own prices.
    pub(super) prices: OwnPrices,
    /// Whether it was said that git tracks the log.
    has_warned_of_log: Cell<bool>,
    has_checked_budgets: Cell<bool>,
}

impl RunContext {
    pub(super) fn new(session: &Session) -> Result<Self, Failure> {
        let (store, config) = session.store()?;
        let user = UserConfig::read(session.environ.user_config.as_deref())?;
        let prices = user.own_prices(&session.environ)?;
        Ok(Self {
            store,
            config,
            user,
            prices,
            has_warned_of_log: Cell::new(false),
            has_checked_budgets: Cell::new(false),
        })
    }

    /// The stored prompt that stands for a prompt, if one does.
    pub(super) fn stored(
        &self,
        loaded: &Loaded,
        session: &Session,
    ) -> Result<Option<StoredId>, Failure> {
        let environments: Vec<Environment> = self
            .config
            .environments
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let names = || -> Vec<PromptName> {
            let listing = self.store.list();
            listing.files.into_iter().map(|file| file.name).collect()
        };
        stored_prompt(
            loaded,
            &Places {
                variables: &session.environ.stored_prompts,
                environments: &environments,
                names: &names,
            },
        )
    }

    /// What sends the request.
    pub(super) fn caller(
        &self,
        request: &Request,
        timeout: Option<Duration>,
        session: &mut Session,
    ) -> Result<Caller, Failure> {
        if is_free(request) {
            return Ok(Caller::echo());
        }
        let api = self.user.api(request.provider(), &session.environ);
        let api = api.map_err(|failure| match failure.code {
            Some(code::NO_KEY) => failure.hint("--model echo answers offline"),
            _ => failure,
        })?;
        if let Some(warning) = open_to_all(&api.base_url) {
            session.ui.finding(&warning);
        }
        Caller::new(&api, timeout)
    }

    /// Keeps a record. The answer is paid for: that it cannot be recorded must not keep it from
    /// the user.
    pub(super) fn append(&self, record: &Record, session: &mut Session) {
        self.warn_of_log(session);
        if let Err(failure) = self.log(session).append(record) {
            session
                .ui
                .warning(format!("the execution was not recorded: {failure:#}"));
        }
    }

    /// Says, once, that git tracks the log: whoever gets the repository gets what was asked and answered.
    pub(super) fn warn_of_log(&self, session: &mut Session) {
        if self.has_warned_of_log.replace(true) || !is_tracked(&self.log(session), &self.store) {
            return;
        }
        session.ui.warning(
            "git tracks files in .promptctl, so that executions are recorded where a commit shows them to everybody",
        );
        session
            .ui
            .hint("git rm -r --cached .promptctl takes them out of git");
    }

    /// The execution log.
    pub(super) fn log(&self, session: &Session) -> Log {
        log(&self.store, &self.config, session)
    }

    /// Warns of a model that ends soon.
    pub(super) fn warn_of_end(&self, request: &Request, session: &mut Session) {
        let Some(model) = &request.model else {
            return;
        };
        if let Some(end) = model_list::end_of(model, session) {
            session.ui.warning(format!("{} {end}", model.name));
        }
    }

    /// Warns of a budget of the day that is used up, or refuses the call. One that costs nothing is never
    /// refused.
    pub(super) fn check_budgets(
        &self,
        name: &PromptName,
        request: &Request,
        is_unlogged: bool,
        session: &mut Session,
    ) -> Result<(), Failure> {
        if is_free(request) {
            return Ok(());
        }
        let budgets = &self.config.budgets;
        self.check_names_of_budgets(session)?;
        if is_unlogged && !budgets.is_empty() {
            session
                .ui
                .warning("with --no-log this call counts against no budget");
        }
        if !has_one(budgets, name) {
            return Ok(());
        }
        let log = self.log(session);
        let spent = spent_today(&log, session.now)?;
        let refused = |words: String| Failure::new(code::BUDGET, words).exit(Exit::Verdict);
        let limits = "`budgets:` in promptctl.yaml sets the limits";
        if let Some(words) = used_up(budgets, &spent, name) {
            let counted = "counted from this machine's log, since midnight in UTC";
            if budgets.on_exceed == OnExceed::Refuse {
                return Err(refused(words).hint(counted).hint(limits));
            }
            session.ui.warning(format!("{words} ({counted})"));
        }
        let unlogged = match is_unlogged {
            true => None,
            false => log.require_writable().err().map(|failure| Failure {
                code: Some(code::BUDGET),
                exit: Exit::Verdict,
                message: format!(
                    "the call would count against no budget: {}",
                    failure.message
                ),
                ..failure
            }),
        };
        let incomplete = (spent.incomplete()).map(|words| {
            refused(words)
                .hint("install that version here; promptctl log names the lines")
                .hint(limits)
        });
        for failure in incomplete.into_iter().chain(unlogged) {
            match budgets.on_exceed {
                OnExceed::Warn => session.ui.warning(format!("{failure:#}")),
                OnExceed::Refuse => return Err(failure),
            }
        }
        Ok(())
    }

    /// Says, once, that a budget is for a prompt that is not here: it would limit nothing.
    fn check_names_of_budgets(&self, session: &mut Session) -> Result<(), Failure> {
        let budgets = &self.config.budgets;
        if budgets.per_prompt.is_empty() || self.has_checked_budgets.replace(true) {
            return Ok(());
        }
        for failure in for_nobody(budgets, &self.store) {
            match budgets.on_exceed {
                OnExceed::Warn => session.ui.warning(format!("{failure:#}")),
                OnExceed::Refuse => return Err(failure),
            }
        }
        Ok(())
    }

    /// Refuses a model without a known price where a limit on the cost is to be kept.
    pub(super) fn require_price(&self, model: &ModelId, session: &Session) -> Result<(), Failure> {
        let (provider, name) = (&model.provider, &model.name);
        let is_echo = name == echo::MODEL;
        if is_echo || price_of(provider, name, session.now, &self.prices).is_some() {
            return Ok(());
        }
        Err(Failure::new(
            code::UNKNOWN_PRICE,
            format!("no price is known for {name}, so a limit on the cost cannot be kept"),
        )
        .hint("a price file, named by PROMPTCTL_PRICES, can tell it"))
    }

    /// The limit on the cost of one run: the one that is asked for, or the budget's where that is lower.
    pub(super) fn limit(&self, asked: Option<f64>) -> Option<f64> {
        let budgets = &self.config.budgets;
        let own = budgets
            .per_run
            .filter(|_| budgets.on_exceed == OnExceed::Refuse);
        asked.into_iter().chain(own).reduce(f64::min)
    }

    /// Says what is known only after a call.
    pub(super) fn tell_after(&self, executed: &Executed, session: &mut Session) {
        tell_fallback(executed, session);
        let record = &executed.record;
        match record.cost_usd {
            Some(cost) => self.warn_of_run(cost, session),
            None => warn_of_price(record, session),
        }
    }

    /// Warns of a run that cost more than its budget.
    pub(super) fn warn_of_run(&self, cost: f64, session: &mut Session) {
        if let Some(limit) = self.config.budgets.per_run.filter(|limit| cost > *limit) {
            session.ui.warning(format!(
                "the run cost ${cost:.4}, more than the budget of ${limit} a run"
            ));
        }
    }
}

/// Warns that no price is known, where tokens were counted.
pub(super) fn warn_of_price(record: &Record, session: &mut Session) {
    if record.usage.total_tokens.is_none() && record.usage.output_tokens.is_none() {
        return;
    }
    let model = record.model.as_deref().unwrap_or("the model");
    session.ui.warning(format!(
        "no price is known for {model}: the cost is recorded as unknown"
    ));
    session
        .ui
        .hint("a price file, named by PROMPTCTL_PRICES, can tell it");
}

/// Whether a request is answered here, and costs nothing.
fn is_free(request: &Request) -> bool {
    let model = request.model.as_ref();
    model.is_some_and(|it| it.name == echo::MODEL) && request.stored.is_none()
}

/// Says that the version here answered for a stored prompt that is gone.
pub(super) fn tell_fallback(executed: &Executed, session: &mut Session) {
    let record = &executed.record;
    let (Source::Fallback, Some(why)) = (record.source, &executed.fallback) else {
        return;
    };
    let version = record
        .version
        .map_or_else(String::new, |number| format!(" v{number}"));
    session.ui.warning(format!(
        "{}{version} from this repository answered: {why} OpenAI's stored prompts end on 2026-11-30",
        record.prompt
    ));
    session
        .ui
        .hint("remove `openai:` from the file, or pass --source local");
}

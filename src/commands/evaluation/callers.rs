//! What sends the requests of an evaluation.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::super::interrupt::waiting;
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::estimate::earlier;
use crate::error::Failure;
use crate::execute::{Caller, Gate, Pool, Request, Worst};
use crate::experiment::cache::Cache;
use crate::experiment::given::Scores;
use crate::experiment::judge::JudgePrompt;
use crate::experiment::run::{Plan, Questions, RunSettings, Source, is_echo};
use crate::experiment::task::Task;
use crate::openai::prices::warm_up;
use crate::output::progress::Progress;
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::record::id::new_id;

/// How questions are asked.
pub(in crate::commands) struct Asking<'a> {
    pub(in crate::commands) source: Source<'a>,
    pub(in crate::commands) cache: Option<&'a Cache>,
    pub(in crate::commands) scores: Option<&'a Scores>,
    pub(in crate::commands) max_cost: Option<f64>,
    /// How many calls are under way at once.
    pub(in crate::commands) concurrency: usize,
}

/// A prompt with a model.
type PromptModel = (String, Option<String>);

/// Makes what sends requests, once for each provider.
pub(in crate::commands) struct Callers<'a> {
    ground: &'a RunContext,
    session: RefCell<&'a mut Session>,
    made: RefCell<HashMap<(String, bool), Rc<Caller>>>,
    /// How many tokens answers of a prompt with a model usually have.
    usual: RefCell<HashMap<PromptModel, Option<u64>>>,
}

impl<'a> Callers<'a> {
    pub(in crate::commands) fn new(ground: &'a RunContext, session: &'a mut Session) -> Self {
        Self {
            ground,
            session: RefCell::new(session),
            made: RefCell::default(),
            usual: RefCell::default(),
        }
    }

    /// Looks before the first call whether there is a key, a price and a budget for all.
    pub(in crate::commands) fn prepare(
        &self,
        tasks: &[Task<'_>],
        plan: &Plan,
        max_cost: Option<f64>,
    ) -> Result<(), Failure> {
        for (task, (_, case)) in plan.asked() {
            let task = &tasks[task];
            let request = task.request(case)?.1;
            if !is_echo(&request) {
                warm_up(request.provider());
            }
            self.prepare_request(&request, &task.loaded.name, max_cost)?;
        }
        Ok(())
    }

    /// Looks before the first question whether there is a key, a price and a budget for all judges.
    pub(in crate::commands) fn prepare_judges(
        &self,
        tasks: &[Task<'_>],
        questions: &[Questions<'_>],
        max_cost: Option<f64>,
    ) -> Result<(), Failure> {
        for asked in questions.iter().filter(|it| it.calls > 0) {
            // Where the model `echo` answers, no judge is asked.
            if tasks[asked.task].server.is_some() {
                self.prepare_judge(asked.judge, max_cost)?;
            }
        }
        Ok(())
    }

    /// Looks whether there is a key, a price and a budget for one judge.
    pub(in crate::commands) fn prepare_judge(
        &self,
        judge: &JudgePrompt,
        max_cost: Option<f64>,
    ) -> Result<(), Failure> {
        let request = judge.asked()?;
        if is_echo(&request) {
            return Ok(());
        }
        warm_up(request.provider());
        self.prepare_request(&request, &judge.loaded.name, max_cost)
    }

    fn prepare_request(
        &self,
        request: &Request,
        prompt: &PromptName,
        max_cost: Option<f64>,
    ) -> Result<(), Failure> {
        self.of(request)?;
        let session = &mut **self.session.borrow_mut();
        self.ground.warn_of_log(session);
        if let (Some(_), Some(model)) = (max_cost, &request.model) {
            self.ground.require_price(model, session)?;
        }
        self.ground.warn_of_end(request, session);
        self.ground.check_budgets(prompt, request, false, session)
    }

    fn of(&self, request: &Request) -> Result<Rc<Caller>, Failure> {
        let key = (request.provider().to_owned(), is_echo(request));
        if let Some(caller) = self.made.borrow().get(&key) {
            return Ok(Rc::clone(caller));
        }
        let caller = self
            .ground
            .caller(request, None, &mut self.session.borrow_mut());
        let caller = caller.map_err(|failure| match failure.code {
            Some(code::NO_KEY) => failure.hint("--cached judges the answers that the cache has"),
            _ => failure,
        })?;
        let caller = Rc::new(caller.patient());
        self.made.borrow_mut().insert(key, Rc::clone(&caller));
        Ok(caller)
    }

    /// What a request of a prompt may cost at its worst.
    fn worst(&self, request: &Request, prompt: &str) -> Worst {
        let session = self.session.borrow();
        let usual = || {
            let model = request.model.as_ref().map(ToString::to_string);
            let key = (prompt.to_owned(), model);
            let known = self.usual.borrow().get(&key).copied();
            known.unwrap_or_else(|| {
                let model = key.1.as_deref().unwrap_or_default();
                let earlier = earlier(prompt, model, self.ground, &session).ok();
                let usual = earlier.and_then(|it| it.output_tokens);
                self.usual.borrow_mut().insert(key, usual);
                usual
            })
        };
        Worst::of(request, usual, &self.ground.prices, session.now)
    }

    /// Has a run of its own ask, under these terms.
    pub(in crate::commands) fn run<T>(
        &self,
        asking: &Asking<'_>,
        ask: impl FnOnce(&RunSettings<'_>) -> T,
    ) -> T {
        let fixed = self.session.borrow().environ.now;
        let clock = move || fixed.unwrap_or_else(jiff::Timestamp::now);
        let run = new_id(clock());
        let log = self.ground.log(&self.session.borrow());
        let tell = |calls| self.tell_waiting(calls);
        let gate = Gate::new(asking.max_cost).telling(&tell);
        ask(&RunSettings {
            run: &run,
            source: asking.source,
            cache: asking.cache,
            log: Some(&log),
            privacy: self.ground.config.log.privacy,
            prices: &self.ground.prices,
            scores: asking.scores,
            pool: Pool {
                concurrency: asking.concurrency,
            },
            gate: &gate,
            worst: &|request, prompt| self.worst(request, prompt),
            caller: &|request| self.of(request),
            clock: &clock,
        })
    }

    /// Says that calls under way are waited for.
    fn tell_waiting(&self, calls: usize) {
        self.session.borrow_mut().ui.status(waiting(calls));
    }

    /// Says why base cannot be asked once more.
    pub(in crate::commands) fn warn(&self, failure: &Failure) {
        let mut session = self.session.borrow_mut();
        session.ui.warning(format!(
            "what is compared with was not asked once more: {}",
            failure.message
        ));
    }

    pub(in crate::commands) fn progress(&self, plan: &Plan) -> Progress {
        Progress::new(&self.session.borrow().ui, plan.len())
    }

    pub(in crate::commands) fn into_session(self) -> &'a mut Session {
        self.session.into_inner()
    }
}

//! `promptctl bisect`.

mod args;
mod shown;
mod tried;

use std::collections::BTreeSet;

use serde_json::json;

use super::super::common::{count, load_to_read};
use super::super::evaluation::estimate::estimate;
use super::super::evaluation::{Asking, Callers, cache_of, server, unknown_case};
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::choose::Chosen;
use super::prepared::Prepared;
use super::results::early;
use crate::error::{Exit, Failure};
use crate::execute::Stop;
use crate::experiment::case::Suite;
use crate::experiment::judge::panel::Panel;
use crate::experiment::result::Subject;
use crate::experiment::run::{Plan, Source, questions, run as run_plan};
use crate::experiment::task::Task;
use crate::experiment::{PromptFiles, Selection};
use crate::files::Loaded;
use crate::openai::request::RequestOptions;
use crate::output::calls::dollars_in_all;
use crate::output::json;
use crate::prompt::code;
use crate::prompt::reference::Reference;
use shown::show;
use tried::{Tried, versions};

pub(in crate::commands) use args::Args;

/// Up to so many versions are all asked; of more, halves are.
const ASK_ALL: usize = 16;

/// How many calls are under way at once.
const CONCURRENCY: usize = 16;

pub(in crate::commands) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let ground = RunContext::new(session)?;
    let reference = Reference::working_copy(args.name.clone());
    let head = load_to_read(&ground.store, &reference, session)?;
    let mut tried = versions(&head, &ground)?;
    let (suite, owner) = find(args, &head, &tried, &ground)?;
    if owner.digest() != head.digest() {
        session.ui.status(format!(
            "the case is that of {}: the files here do not have it any more",
            owner.version()
        ));
    }
    let bisection = Bisection {
        args,
        ground: &ground,
        suite: &suite,
        owner: &owner,
        files: PromptFiles::of(&ground.store, &owner),
    };
    let last = tried.len() - 1;
    let all: Vec<usize> = match tried.len() <= ASK_ALL {
        true => (0..tried.len()).collect(),
        false => vec![0, last],
    };
    let mut spent = 0.0;
    let mut stopped = bisection.ask(&mut tried, &all, &mut spent, session)?;
    if args.plan.dry_run {
        return Ok(Exit::Done);
    }
    if tried.len() > ASK_ALL {
        let (mut low, mut high) = (0, last);
        // A version that cannot be asked tells nothing: another one is asked in its place.
        while stopped.is_none() && tried[low].passes().is_none() && low < high {
            low += 1;
            stopped = bisection.ask(&mut tried, &[low], &mut spent, session)?;
        }
        while stopped.is_none() && tried[high].passes().is_none() && low < high {
            high -= 1;
            stopped = bisection.ask(&mut tried, &[high], &mut spent, session)?;
        }
        let mut silent = BTreeSet::new();
        while stopped.is_none() && tried[low].passes() != tried[high].passes() {
            let open: Vec<usize> = (low + 1..high).filter(|at| !silent.contains(at)).collect();
            let Some(&middle) = open.get(open.len().saturating_sub(1) / 2) else {
                break;
            };
            stopped = bisection.ask(&mut tried, &[middle], &mut spent, session)?;
            match tried[middle].passes() {
                None => drop(silent.insert(middle)),
                passes if passes == tried[low].passes() => low = middle,
                _ => high = middle,
            }
        }
    }
    show(args, &suite.cases[0], &tried, spent, session);
    match stopped {
        Some(words) => Err(Failure::new(code::BUDGET_ENDED, words)
            .exit(Exit::Verdict)
            .hint("the same command with a higher --max-cost asks only for what is missing")),
        None => Ok(Exit::Done),
    }
}

/// The suite with the case alone, and the content that it belongs to: the files here, else the newest
/// version that has it.
fn find(
    args: &Args,
    head: &Loaded,
    tried: &[Tried],
    ground: &RunContext,
) -> Result<(Suite, Loaded), Failure> {
    let selection = Selection {
        cases: vec![args.case.clone()],
        tags: Vec::new(),
    };
    let past = tried.iter().rev().map(|it| &it.loaded);
    let mut missed = None;
    for loaded in std::iter::once(head).chain(past) {
        let reading = Suite::read(loaded, &PromptFiles::of(&ground.store, loaded));
        let suite = reading.suite;
        match selection.of(&suite) {
            Ok(found) => {
                let cases = found.iter().map(|at| suite.cases[*at].clone()).collect();
                return Ok((Suite { cases, ..suite }, loaded.clone()));
            }
            Err(no_such_case) => {
                missed.get_or_insert(no_such_case);
            }
        }
    }
    let missed = missed.map(|it| unknown_case(&it));
    Err(missed
        .unwrap_or_else(|| Failure::usage(format!("there is no case {}", args.case)))
        .hint(format!("promptctl cases list {} shows all", args.name)))
}

struct Bisection<'a> {
    args: &'a Args,
    ground: &'a RunContext,
    suite: &'a Suite,
    /// The content that the case belongs to.
    owner: &'a Loaded,
    files: PromptFiles<'a>,
}

impl Bisection<'_> {
    /// Asks these versions. Why it ended early, if it did.
    fn ask(
        &self,
        tried: &mut [Tried],
        which: &[usize],
        spent: &mut f64,
        session: &mut Session,
    ) -> Result<Option<String>, Failure> {
        let chosen: Vec<(usize, Chosen)> = which
            .iter()
            .map(|at| {
                let chosen = Chosen {
                    loaded: tried[*at].loaded.clone(),
                    suite: self.suite.clone(),
                    cases: vec![0],
                };
                (*at, chosen)
            })
            .collect();
        let mut prepared = Vec::new();
        for (at, chosen) in &chosen {
            match Prepared::new(chosen, Some(self.owner), self.ground, session) {
                Ok(ready) => prepared.push((*at, ready)),
                Err(failure) => tried[*at].reason = Some(failure.message),
            }
        }
        let cache = cache_of(self.ground, session);
        let source = match self.args.cached {
            true => Source::CacheAlone,
            false => Source::CacheThenModel,
        };
        let mut tasks = Vec::new();
        let mut numbers = Vec::new();
        for (at, prepared) in &prepared {
            let task = self.task(prepared, session)?;
            let tasks_alone = std::slice::from_ref(&task);
            // The case may not fit what a version of the past wanted.
            match Plan::new(tasks_alone, source, cache.as_ref()) {
                Ok(_) => {
                    tasks.push(task);
                    numbers.push(*at);
                }
                Err(failure) => tried[*at].reason = Some(failure.message),
            }
        }
        let plan = Plan::new(&tasks, source, cache.as_ref())?;
        if self.args.plan.dry_run {
            self.say_plan(&plan, &tasks, tried.len(), session)?;
            return Ok(None);
        }
        let limit = self.ground.limit(self.args.max_cost);
        let max_cost = limit.map(|limit| (limit - *spent).max(0.0));
        let callers = Callers::new(self.ground, session);
        callers.prepare(&tasks, &plan, max_cost)?;
        if !self.args.cached {
            let judging = questions(&tasks, &plan, (source, cache.as_ref()), None);
            callers.prepare_judges(&tasks, &judging, max_cost)?;
        }
        let asking = Asking {
            source,
            cache: cache.as_ref(),
            scores: None,
            max_cost,
            concurrency: CONCURRENCY,
        };
        let progress = callers.progress(&plan);
        let end = callers.run(&asking, |terms| {
            let panel = Panel::new(terms);
            run_plan(&tasks, &plan, terms, &panel, &mut |task, _, line| {
                let one = &mut tried[numbers[task]];
                progress.step(format!("{} answered", one.loaded.version()));
                one.take(line);
                None
            })
        })?;
        progress.finish();
        if let Some(cache) = &cache {
            cache.close();
        }
        *spent += end.ended.cost;
        let words = early(end.ended.stop.as_ref(), *spent);
        match end.ended.stop {
            Some(Stop::Lasting(failure)) => Err(failure),
            _ => Ok(words),
        }
    }

    fn task<'t>(
        &'t self,
        prepared: &'t Prepared<'t>,
        session: &Session,
    ) -> Result<Task<'t>, Failure> {
        let loaded = &prepared.chosen.loaded;
        let asked = self.args.model.as_ref().or(loaded.document.model.as_ref());
        Ok(Task {
            subject: Subject {
                prompt: loaded.name.to_string(),
                version: Some(loaded.version().number()),
                digest: loaded.digest().to_string(),
                suite: self.suite.digest.clone(),
                model: asked.cloned().unwrap_or_default(),
                repeat: self.args.repeat,
                min_pass_rate: None,
                path: loaded.path.clone(),
                base: None,
                again: false,
            },
            loaded,
            suite: self.suite,
            cases: vec![0],
            asks_unjudged: false,
            repeat: Some(self.args.repeat),
            evaluators: &prepared.evaluators,
            schema: prepared.schema,
            judges: &prepared.judges,
            renderer: &prepared.renderer,
            expected: &prepared.expected,
            files: &self.files,
            options: RequestOptions {
                model: self.args.model.clone(),
                ..RequestOptions::default()
            },
            server: server(asked, self.ground, session)?,
        })
    }

    fn say_plan(
        &self,
        plan: &Plan,
        tasks: &[Task<'_>],
        all: usize,
        session: &mut Session,
    ) -> Result<(), Failure> {
        let (calls, _) = plan.calls();
        let asked = tasks.len();
        let mut cost = Some(0.0);
        for (task, (calls, _)) in plan.asked() {
            let one = estimate(&tasks[task], calls, self.ground, session)?;
            cost = cost.zip(one.cost).map(|(sum, one)| sum + one);
        }
        if self.args.format.is_json() {
            session.ui.block(json::document(&json!({
                "dry_run": true, "case": self.suite.cases[0].id, "versions": all, "asked": asked,
                "repeat": self.args.repeat, "cached": plan.at_hand(), "calls": calls,
                "cost_usd": cost,
            })));
            return Ok(());
        }
        let price = match cost {
            _ if calls == 0 => String::new(),
            Some(cost) => format!(" ≈ {}", dollars_in_all(cost)),
            None => ", of no known price".to_owned(),
        };
        let words = format!(
            "{} × {} = {}, {} cached; {}{price}",
            count(asked, "version"),
            self.args.repeat,
            count(plan.len(), "answer"),
            plan.at_hand(),
            count(calls, "call")
        );
        session.ui.line(words);
        if all > ASK_ALL {
            session.ui.status(format!(
                "of {all} versions the first and the last are asked, and then halves between them"
            ));
        }
        Ok(())
    }
}

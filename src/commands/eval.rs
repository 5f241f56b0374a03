//! `promptctl eval`.

mod args;
mod base;
pub(super) mod bisect;
mod choose;
mod earlier;
mod ending;
mod estimate;
mod groups;
mod prepared;
mod record;
mod results;
mod tasks;

use std::io;
use std::time::Instant;

use super::evaluation::{Asking, Callers, cache_of, own_folder};
use super::run_context::RunContext;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::experiment::judge::panel::Panel;
use crate::experiment::result::SCHEMA;
use crate::experiment::run::{
    Plan, RunEnd, RunSettings, Source, empty_results, questions, run as run_plan,
};
use crate::experiment::runs::{Head, RunFile};
use crate::experiment::task::Task;
use crate::experiment::versus::Pairing;
use crate::prompt::hint::Hint;
use crate::record::log::OWN_FOLDER;
use base::BasePrepared;

use super::evaluation::outputs::Outputs;
use groups::{EvalFormat, Only};
use prepared::Prepared;
use record::{Record, Recorder};
use results::{Doing, Tally, finish};

pub(super) use args::Args;

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    run_cases(args, session).map_err(with_hints_of_cases)
}

/// A failure whose hints are for cases: their variables stand in them, and no option gives one.
fn with_hints_of_cases(mut failure: Failure) -> Failure {
    for hint in &mut failure.hints {
        let names = match &*hint {
            Hint::GiveValue(name) | Hint::GiveJson(name) | Hint::GiveMessages(name) => {
                std::slice::from_ref(name)
            }
            Hint::GiveValues(names) => names.as_slice(),
            _ => continue,
        };
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        *hint = Hint::Words(format!(
            "give the case a value for {}, or the variable a `default` in `input.schema`",
            names.join(", ")
        ));
    }
    failure
}

fn run_cases(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let ground = RunContext::new(session)?;
    if args.earlier.list {
        return earlier::list(&ground, session);
    }
    if args.earlier.clear_cache {
        return earlier::clear_cache(&ground, session);
    }
    if let Some(run) = &args.earlier.show {
        return earlier::show(run, args, &ground, session);
    }
    if args.rule.min_pass_rate == Some(0.0) {
        session
            .ui
            .warning("with --min-pass-rate 0 it passes where no case does");
    }
    let mut chosen = choose::prompts(args, &ground, session)?;
    let mut sides = base::sides(args, &mut chosen, &ground, session)?;
    let record = match args.record.record {
        true => Some(Record::begin((&mut chosen, &mut sides), args, &ground)?),
        false => None,
    };
    if chosen.is_empty() {
        return Ok(record.map_or(Exit::Done, |record| {
            nothing_left(&record, args, &ground, session)
        }));
    }
    let prepared: Vec<Prepared<'_>> = chosen
        .iter()
        .map(|chosen| Prepared::new(chosen, None, &ground, session))
        .collect::<Result<_, Failure>>()?;
    let mut tasks = tasks::tasks(&prepared, args, &ground, session)?;
    let recorder = record
        .as_ref()
        .map(|record| Recorder::new(record, &tasks, args));
    let bases: Vec<Option<BasePrepared<'_>>> = sides
        .iter()
        .map(|side| BasePrepared::new(side, &prepared[side.of()], &ground))
        .collect::<Result<_, Failure>>()?;
    let (compared, pairings) = base::pairings((&sides, &bases), &tasks, args, &ground, session)?;
    tasks.extend(compared);
    evaluate(args, &tasks, (pairings, recorder), &ground, session)
}

/// Everything was recorded before: nothing is asked.
fn nothing_left(record: &Record, args: &Args, ground: &RunContext, session: &mut Session) -> Exit {
    if args.shown.format == EvalFormat::Json {
        let shape = serde_json::json!({ "prompts": [], "evidence": record.shape(&ground.store) });
        session.ui.block(crate::output::json::document(&shape));
    }
    let (notices, exit) = record.told(&ground.store);
    for notice in notices {
        notice.say(session);
    }
    exit
}

/// Runs what was chosen, and shows what came of it.
fn evaluate(
    args: &Args,
    tasks: &[Task<'_>],
    (pairings, recorder): (Vec<Pairing>, Option<Recorder<'_>>),
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let given = choose::answers(args, session)?;
    let scores = choose::scores(args, session)?;
    let cache = cache_of(ground, session);
    let source = match &given {
        Some(given) => Source::Given(given),
        None if args.answers.cached => Source::CacheAlone,
        None if args.answers.fresh => Source::Model,
        None => Source::CacheThenModel,
    };
    let plan = Plan::new(tasks, source, cache.as_ref())?;
    let judging = questions(tasks, &plan, (source, cache.as_ref()), scores.as_ref());
    if args.answers.dry_run {
        return estimate::show(args, tasks, (&plan, &judging), ground, session);
    }
    let outputs = Outputs::open(&args.shown.outputs, session)?;
    let max_cost = ground.limit(args.answers.max_cost);
    let callers = Callers::new(ground, session);
    let may_ask = matches!(source, Source::CacheThenModel | Source::Model);
    callers.prepare(tasks, &plan, max_cost)?;
    if may_ask {
        callers.prepare_judges(tasks, &judging, max_cost)?;
    }
    let asking = Asking {
        source,
        cache: cache.as_ref(),
        scores: scores.as_ref(),
        max_cost,
        concurrency: usize::from(args.answers.concurrency),
    };
    let began = Instant::now();
    let ran = callers.run(&asking, |terms| {
        let head = Head {
            schema: SCHEMA,
            run: terms.run.to_owned(),
            started: (terms.clock)(),
            confident: args.rule.confident,
            allow_undecided: args.rule.allow_undecided,
            subjects: tasks.iter().map(|task| task.subject.clone()).collect(),
            cached: args.answers.cached,
            pairings,
            fail_on: args.base.fail_on.into(),
        };
        let mut doing = Doing {
            results: empty_results(tasks),
            file: match ground.store.is_brought(OWN_FOLDER) {
                true => Err(io::Error::other("git tracks files in .promptctl")),
                false => RunFile::create(&own_folder(&ground.store).join("evals"), &head),
            },
            privacy: ground.config.log.privacy,
            outputs,
            recorder,
            progress: callers.progress(&plan),
            tally: Tally::new(max_cost),
        };
        let panel = Panel::new(terms);
        let mut end = run_plan(tasks, &plan, terms, &panel, &mut |task, case, line| {
            doing.take(task, case, line)
        })?;
        end.unrecorded = end.unrecorded.or(panel.into_unrecorded());
        if end.ended.stop.is_none() {
            ask_again(
                tasks,
                (&head, &mut doing, &mut end),
                (&callers, terms, max_cost),
            )?;
        }
        Ok::<_, Failure>((head, doing, end))
    });
    let (head, doing, end) = ran?;
    let seconds = began.elapsed().as_secs_f64();
    if let Some(cache) = &cache {
        cache.close();
    }
    let session = callers.into_session();
    finish(
        args,
        (&head, doing, end),
        (cache.as_ref(), seconds),
        ground,
        session,
    )
}

/// Asks base once more, where its kept answers may flatter it.
fn ask_again(
    tasks: &[Task<'_>],
    (head, doing, end): (&Head, &mut Doing<'_>, &mut RunEnd),
    (callers, terms, max_cost): (&Callers<'_>, &RunSettings<'_>, Option<f64>),
) -> Result<(), Failure> {
    let source = terms.source;
    let again = base::asked_again(tasks, &head.pairings, &doing.results, source);
    if again.is_empty() {
        return Ok(());
    }
    let plan = Plan::new(&again, source, terms.cache)?;
    let judging = questions(&again, &plan, (source, terms.cache), terms.scores);
    let ready = callers.prepare(&again, &plan, max_cost);
    // Without a key it stays open whether head is worse.
    if let Err(failure) = ready.and_then(|()| callers.prepare_judges(&again, &judging, max_cost)) {
        callers.warn(&failure);
        return Ok(());
    }
    let before = doing.results.len();
    doing.results.extend(empty_results(&again));
    std::mem::replace(&mut doing.progress, callers.progress(&plan)).finish();
    let panel = Panel::new(terms);
    let more = run_plan(&again, &plan, terms, &panel, &mut |task, case, line| {
        doing.take(before + task, case, line)
    })?;
    end.ended.cost += more.ended.cost;
    end.ended.stop = more.ended.stop;
    let unrecorded = more.unrecorded.or(panel.into_unrecorded());
    end.unrecorded = end.unrecorded.take().or(unrecorded);
    Ok(())
}

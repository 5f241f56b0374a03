//! What takes the results of a run while they come, and how it ends.

use std::path::Path;

use super::super::evaluation::outputs::Outputs;
use super::super::evaluation::report::Report;
use super::super::evaluation::{budget_ended, over_budget};
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::args::Args;
use super::earlier;
use super::ending::{exit_of, print, shown_path};
use super::record::Recorder;
use crate::error::{Exit, Failure};
use crate::execute::Stop;
use crate::experiment::cache::Cache;
use crate::experiment::result::{Line, Results, Status};
use crate::experiment::run::RunEnd;
use crate::experiment::runs::{Foot, Head, RunFile};
use crate::output::progress::Progress;
use crate::record::privacy::{Keep, Privacy};

/// What takes the results while they come.
pub(super) struct Doing<'a> {
    pub(super) results: Vec<Results>,
    pub(super) recorder: Option<Recorder<'a>>,
    /// The file of the run, or why there is none.
    pub(super) file: std::io::Result<RunFile>,
    pub(super) privacy: Privacy,
    pub(super) outputs: Outputs,
    pub(super) progress: Progress,
    pub(super) tally: Tally,
}

impl Doing<'_> {
    pub(super) fn take(&mut self, task: usize, case: usize, line: Line) -> Option<Stop> {
        self.progress.step(self.tally.count(&line));
        let is_lost = !self.outputs.line(&line);
        if let Some(recorder) = &mut self.recorder {
            recorder.take(task, case, &line);
        }
        // What the log may not keep of an answer or of values, this file may not either.
        let mut kept = match self.privacy.output {
            Keep::Full => None,
            _ => Some(line.without_words()),
        };
        if self.privacy.variables != Keep::Full {
            kept.get_or_insert_with(|| line.clone()).input = None;
        }
        if let Ok(file) = &mut self.file
            && let Err(error) = file.line(kept.as_ref().unwrap_or(&line))
        {
            self.file = Err(error);
        }
        self.results[task].add(case, line);
        is_lost.then_some(Stop::Unwanted)
    }
}

/// What the words behind the bar say.
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) others: usize,
    pub(super) cached: usize,
    pub(super) spent: f64,
    pub(super) limit: Option<f64>,
}

impl Tally {
    pub(super) fn new(limit: Option<f64>) -> Self {
        Self {
            passed: 0,
            failed: 0,
            others: 0,
            cached: 0,
            spent: 0.0,
            limit,
        }
    }

    /// `31 pass 4 fail · $0.018 of $0.50 · 61 from cache`
    pub(super) fn count(&mut self, line: &Line) -> String {
        match line.status {
            Status::Pass => self.passed += 1,
            Status::Fail => self.failed += 1,
            Status::Undecided | Status::Error => self.others += 1,
            Status::Skipped => {}
        }
        if let Some(answer) = &line.answer {
            match answer.cached {
                true => self.cached += 1,
                false => self.spent += answer.cost_usd.unwrap_or(0.0),
            }
        }
        let judged = line.evaluators.iter().filter(|mark| !mark.cached);
        self.spent += judged.filter_map(|mark| mark.cost_usd).sum::<f64>();
        let mut words = format!("{} pass {} fail", self.passed, self.failed);
        if self.others > 0 {
            words.push_str(&format!(" {} without a verdict", self.others));
        }
        words.push_str(&format!(" · ${:.3}", self.spent));
        if let Some(limit) = self.limit {
            words.push_str(&format!(" of ${limit}"));
        }
        if self.cached > 0 {
            words.push_str(&format!(" · {} from cache", self.cached));
        }
        words
    }
}

/// Shows what came of a run, and says how it ends.
pub(super) fn finish(
    args: &Args,
    (head, doing, end): (&Head, Doing<'_>, RunEnd),
    (cache, seconds): (Option<&Cache>, f64),
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let Doing {
        results,
        file,
        outputs,
        recorder,
        progress,
        ..
    } = doing;
    progress.finish();
    let ended = early(end.ended.stop.as_ref(), end.ended.cost);
    let mut report = Report::new(head, &results, ended.as_deref(), Some(seconds));
    let is_cut_short = end.ended.stop.is_some();
    let came = recorder.map(|recorder| recorder.end(&report, is_cut_short, &ground.store));
    let (notices, recorded) = match came {
        Some(came) => {
            report.evidence = Some(came.shapes);
            (came.notices, came.exit)
        }
        None => (Vec::new(), Ok(Exit::Done)),
    };
    let kept = file.and_then(|file| {
        let path = file.path().to_owned();
        let foot = Foot {
            schema: head.schema,
            run: head.run.clone(),
            ended: session.environ.now.unwrap_or_else(jiff::Timestamp::now),
            verdict: report.verdict,
            counts: report.counts(),
            cost_usd: end.ended.cost,
        };
        file.end(&foot).map(|()| path)
    });
    print(args.shown.format, &report, session);
    outputs.finish(&report)?;
    if let Some(trouble) = cache.and_then(Cache::trouble) {
        session.ui.warning(format!(
            "answers could not be kept in {}, so they will be paid for again: {trouble}",
            shown_path(cache.map_or(Path::new(""), Cache::folder), ground)
        ));
    }
    if let Some(failure) = end.unrecorded {
        session
            .ui
            .warning(format!("executions were not recorded: {failure:#}"));
    }
    match kept {
        Ok(_) => session.ui.hint(format!(
            "promptctl eval --show {}",
            earlier::short(&head.run)
        )),
        Err(error) => session.ui.warning(format!("the run was not kept: {error}")),
    }
    for notice in notices {
        notice.say(session);
    }
    let spent = end.ended.cost;
    ground.warn_of_run(spent, session);
    match end.ended.stop {
        Some(Stop::Lasting(failure)) => Err(failure),
        Some(stop @ Stop::MaxCost { .. }) if args.answers.fresh => Err(budget_ended(&stop, spent)
            .hint("what was answered is kept: a higher --max-cost without --fresh asks only for what is missing")),
        Some(stop @ (Stop::MaxCost { .. } | Stop::UnknownCost)) => Err(over_budget(&stop, spent)),
        Some(Stop::Unwanted | Stop::Failed) | None => recorded.map(|recorded| match recorded {
            Exit::Done => exit_of(report.verdict),
            other => other,
        }),
    }
}

/// Why a run ended early, in a sentence.
pub(super) fn early(stop: Option<&Stop>, cost: f64) -> Option<String> {
    let stop = stop?;
    if let Some((words, _)) = stop.of_cost(cost) {
        return Some(words);
    }
    match stop {
        Stop::Lasting(failure) if failure.exit == Exit::Interrupted => {
            Some("interrupted: what was paid for is kept".to_owned())
        }
        Stop::Lasting(failure) => Some(format!("stopped: {}", failure.message)),
        Stop::MaxCost { .. } | Stop::UnknownCost | Stop::Failed | Stop::Unwanted => {
            Some("stopped".to_owned())
        }
    }
}

//! `eval --list`, `--show RUN` and `--clear-cache`.

use std::path::PathBuf;

use serde_json::json;

use super::super::common::{ago, count};
use super::super::run::RunContext;
use super::super::session::Session;
use super::outputs::Outputs;
use super::report::{Report, counted, dollars};
use super::{Args, cache_of, exit_of, own_folder, print};
use crate::error::{Exit, Failure};
use crate::experiment::runs::{glance, paths, read};
use crate::experiment::verdict::Verdict;
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{BAD, GOOD, NOTE};
use crate::prompt::code;

/// The beginning of a run's id that is shown: the time in it tells runs apart.
pub(super) fn short(run: &str) -> &str {
    run.get(..18).unwrap_or(run)
}

/// Lists the runs, the newest first.
pub(super) fn list(ground: &RunContext, session: &mut Session) -> Result<Exit, Failure> {
    let runs: Vec<_> = paths(&own_folder(ground).join("evals"))
        .iter()
        .rev()
        .filter_map(|path| glance(path).ok())
        .collect();
    if session.ui.json {
        let runs = runs.iter().map(|(head, foot)| {
            json!({
                "run": head.run,
                "started": json::time(head.started),
                "prompts": head.subjects.iter().map(|it| json!({
                    "name": it.prompt, "version": it.version, "model": it.model,
                })).collect::<Vec<_>>(),
                "counts": foot.as_ref().map(|it| it.counts),
                "cost_usd": foot.as_ref().map(|it| it.cost_usd),
                "verdict": foot.as_ref().map(|it| it.verdict),
            })
        });
        let runs: Vec<_> = runs.collect();
        session.ui.line(json::document(&json!({ "runs": runs })));
        return Ok(Exit::Done);
    }
    let mut table =
        Table::new(&["RUN", "WHEN", "PASSED", "COST", "VERDICT", "PROMPTS"]).spare(&[3, 1]);
    for (head, foot) in &runs {
        let mut names: Vec<&str> = head.subjects.iter().map(|it| it.prompt.as_str()).collect();
        names.dedup();
        let names = match names.as_slice() {
            [a, b, c, rest @ ..] if !rest.is_empty() => {
                format!("{a}, {b}, {c} and {} more", rest.len())
            }
            names => names.join(", "),
        };
        let (passed, cost, verdict) = match foot {
            Some(foot) => (
                counted(&foot.counts),
                dollars(foot.cost_usd),
                TableCell::styled(
                    foot.verdict.as_str(),
                    match foot.verdict {
                        Verdict::Pass => GOOD,
                        Verdict::Incomplete => NOTE,
                        Verdict::Fail => BAD,
                    },
                ),
            ),
            None => (
                "-".to_owned(),
                "-".to_owned(),
                TableCell::styled("cut short", NOTE),
            ),
        };
        table.row(vec![
            short(&head.run).into(),
            ago(session.now, head.started).into(),
            passed.into(),
            cost.into(),
            verdict,
            names.into(),
        ]);
    }
    if table.is_empty() {
        session
            .ui
            .status("no run is kept here; promptctl eval makes one");
    }
    table.print(&mut session.ui);
    Ok(Exit::Done)
}

/// Shows a run again.
pub(super) fn show(
    wanted: &str,
    args: &Args,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let all = paths(&own_folder(ground).join("evals"));
    let path = find(wanted, &all)?;
    let unreadable = |error: std::io::Error| {
        Failure::from_io(code::NOT_A_FILE, "the run could not be read", error)
            .at(path.display().to_string())
    };
    let run = read(&path).map_err(unreadable)?;
    let ended = match &run.foot {
        Some(_) => None,
        None => Some("the run was cut short, so this is not all"),
    };
    let mut outputs = Outputs::open(&args.shown.outputs, session)?;
    if outputs.wants_lines() {
        crate::experiment::runs::each_line(&path, &mut |line| {
            outputs.line(&line);
        })
        .map_err(unreadable)?;
    }
    let report = Report::new(&run.head, &run.results, ended, None);
    print(args.shown.format, &report, session);
    outputs.finish(&report)?;
    Ok(exit_of(report.verdict))
}

fn find(wanted: &str, all: &[PathBuf]) -> Result<PathBuf, Failure> {
    let missing = |message: String| {
        Failure::usage(message).hint("promptctl eval --list shows the runs that are kept here")
    };
    if wanted == "last" {
        let newest = all.last().cloned();
        return newest.ok_or_else(|| missing("no run is kept here".to_owned()));
    }
    let is_it = |path: &&PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        !wanted.is_empty() && name.starts_with(wanted)
    };
    let found: Vec<&PathBuf> = all.iter().filter(is_it).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(missing(format!("there is no run {wanted}"))),
        several => Err(missing(format!(
            "{} begin with {wanted}",
            count(several.len(), "run")
        ))),
    }
}

/// Forgets all answers.
pub(super) fn clear_cache(ground: &RunContext, session: &mut Session) -> Result<Exit, Failure> {
    let Some(cache) = cache_of(ground, session) else {
        session.ui.status("the settings switch the cache off");
        return Ok(Exit::Done);
    };
    let cleared = cache.clear().map_err(|error| {
        Failure::from_io(code::WRITE_FAILED, "the cache could not be cleared", error)
            .at(cache.folder().display().to_string())
    })?;
    session
        .ui
        .status(format!("{} forgotten", count(cleared, "answer")));
    Ok(Exit::Done)
}

//! `eval --list`, `--show RUN` and `--clear-cache`.

use std::time::SystemTime;

use serde_json::json;

use super::super::common::{ago, count};
use super::super::evaluation::find::find;
use super::super::evaluation::outputs::Outputs;
use super::super::evaluation::report::Report;
use super::super::evaluation::wording::counted;
use super::super::evaluation::{own_part, runs_folder};
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::args::Args;
use super::ending::{exit_of, print};
use super::record;
use crate::error::{Exit, Failure};
use crate::experiment::cache::Cache;
use crate::experiment::result::Subject;
use crate::experiment::runs::{Head, glance, paths, read};
use crate::experiment::verdict::Verdict;
use crate::output::calls::dollars_in_all;
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{BAD, GOOD, NOTE};
use crate::prompt::code;
use crate::prompt::visible;
use crate::releases::Evidence;

/// The beginning of a run's id that is shown: the time in it tells runs apart.
pub(super) fn short(run: &str) -> &str {
    run.get(..18).unwrap_or(run)
}

/// Lists the runs, the newest first.
pub(super) fn list(ground: &RunContext, session: &mut Session) -> Result<Exit, Failure> {
    let runs: Vec<_> = paths(&runs_folder(&ground.store)?)
        .iter()
        .rev()
        .filter_map(|path| glance(path).ok())
        .collect();
    let evidence = evidence(ground, session);
    if session.ui.json {
        let evidence: Vec<_> = evidence
            .iter()
            .map(|it| record::shape(it, &ground.store))
            .collect();
        let runs = runs.iter().map(|(head, foot)| {
            json!({
                "run": head.run,
                "started": json::time(head.started),
                "prompts": own(head).map(|it| json!({
                    "name": it.prompt, "version": it.version, "model": it.model,
                })).collect::<Vec<_>>(),
                "counts": foot.as_ref().map(|it| it.counts),
                "cost_usd": foot.as_ref().map(|it| it.cost_usd),
                "verdict": foot.as_ref().map(|it| it.verdict),
            })
        });
        let runs: Vec<_> = runs.collect();
        session.ui.block(json::document(
            &json!({ "runs": runs, "evidence": evidence }),
        ));
        return Ok(Exit::Done);
    }
    let mut table =
        Table::new(&["run", "when", "passed", "cost", "verdict", "prompts"]).spare(&[3, 1]);
    for (head, foot) in &runs {
        let mut names: Vec<&str> = own(head).map(|it| it.prompt.as_str()).collect();
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
                dollars_in_all(foot.cost_usd),
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
    if !evidence.is_empty() {
        if !runs.is_empty() {
            session.ui.line("");
        }
        table_of(&evidence, ground, session).print(&mut session.ui);
    }
    Ok(Exit::Done)
}

/// What a run is about, without what that is compared with.
fn own(head: &Head) -> impl Iterator<Item = &Subject> {
    head.subjects.iter().filter(|it| it.base.is_none())
}

/// The evidence that was recorded, by prompt, the newest first.
fn evidence(ground: &RunContext, session: &mut Session) -> Vec<Evidence> {
    let mut all = Vec::new();
    let names = ground.store.prompts_with_evidence().unwrap_or_default();
    for name in names {
        match ground.store.evidence(&name) {
            Ok(row) => all.extend(row.entries.into_iter().rev()),
            Err(failure) => {
                // Nothing was fetched, and that is so of all.
                session.ui.warning(&failure);
                break;
            }
        }
    }
    all
}

fn table_of(evidence: &[Evidence], ground: &RunContext, session: &Session) -> Table {
    let heads = [
        "evidence", "when", "passed", "verdict", "version", "model", "by",
    ];
    let mut table = Table::new(&heads).spare(&[6, 5, 1]);
    for it in evidence {
        let measured = &it.measured;
        let (word, style) = match measured.has_passed {
            true => (Verdict::Pass.as_str(), GOOD),
            false => (Verdict::Fail.as_str(), BAD),
        };
        let pending = if it.pending { ", not sent" } else { "" };
        table.row(vec![
            ground.store.tag(it.tag()).to_string().into(),
            ago(session.now, it.time).into(),
            format!("{} of {}", measured.passed.passed, measured.passed.of).into(),
            TableCell::styled(format!("{word}{pending}"), style),
            it.version.to_string().into(),
            visible::line(&measured.model).into_owned().into(),
            visible::line(&it.by).into_owned().into(),
        ]);
    }
    table
}

/// Shows a run again.
pub(super) fn show(
    wanted: &str,
    args: &Args,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let all = paths(&runs_folder(&ground.store)?);
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

/// Forgets all answers.
pub(super) fn clear_cache(ground: &RunContext, session: &mut Session) -> Result<Exit, Failure> {
    // Also what was kept before the settings switched it off.
    let folder = own_part(&ground.store, "cache", "so nothing in it is taken away")?;
    let now = SystemTime::from(session.now);
    let cache = Cache::new(folder, ground.config.cache.max_size, now);
    let cleared = cache.clear().map_err(|error| {
        Failure::from_io(code::WRITE_FAILED, "the cache could not be cleared", error)
            .at(cache.folder().display().to_string())
    })?;
    session
        .ui
        .status(format!("{} forgotten", count(cleared, "answer")));
    Ok(Exit::Done)
}

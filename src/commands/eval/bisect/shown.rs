//! What a bisection found, shown.

use serde_json::{Value, json};

use super::super::super::session::Session;
use super::args::{Args, MOST_REPEATS};
use super::tried::Tried;
use crate::experiment::case::Case;
use crate::output::calls::dollars_in_all;
use crate::output::json;
use crate::prompt::quote::shell_word;
use crate::prompt::version::Version;

/// Versions whose verdict is another than that of the version asked before.
fn changes(tried: &[Tried]) -> Vec<(&Tried, &Tried)> {
    let answered: Vec<&Tried> = tried.iter().filter(|it| it.asked > 0).collect();
    let pairs = answered.windows(2).map(|pair| (pair[0], pair[1]));
    pairs.filter(|(a, b)| a.passes() != b.passes()).collect()
}

pub(super) fn show(args: &Args, case: &Case, tried: &[Tried], spent: f64, session: &mut Session) {
    let (changed, unsure): (Vec<_>, Vec<_>) = changes(tried)
        .into_iter()
        .partition(|(before, after)| after.differs_from(before));
    let looked = tried
        .iter()
        .filter(|it| it.asked > 0 || it.reason.is_some());
    if args.format.is_json() {
        let versions: Vec<Value> = looked
            .map(|it| {
                json!({ "version": it.version(), "passed": it.passed, "asked": it.asked, "said": it.said, "reason": it.reason })
            })
            .collect();
        let changed: Vec<Version> = changed.iter().map(|(_, it)| it.version()).collect();
        session.ui.block(json::document(&json!({
            "name": args.name, "case": case.id, "repeat": args.repeat, "versions": versions,
            "changed_at": changed, "cost_usd": spent,
        })));
        return;
    }
    let ui = &mut session.ui;
    let row: Vec<String> = looked
        .clone()
        .map(|it| match it.asked {
            0 => format!("{} -", it.version()),
            _ => it.counted(),
        })
        .collect();
    ui.line(format!("{}  {}", args.name, case.id));
    ui.line(row.join(" · "));
    for (before, after) in &changed {
        let did = if after.passes() == Some(true) {
            "mended"
        } else {
            "broke"
        };
        let by = after
            .made
            .as_deref()
            .map_or_else(String::new, |made| format!(" ({made})"));
        ui.line(format!("{} {did} it{by}", after.version()));
        let failing = if after.passes() == Some(true) {
            before
        } else {
            after
        };
        if let Some(said) = &failing.said {
            ui.line(format!("  {} {said}", failing.version()));
        }
        let name = shell_word(args.name.as_str());
        ui.hint(format!(
            "promptctl diff {name}@{} {name}@{}",
            before.version(),
            after.version()
        ));
    }
    for (before, after) in &unsure {
        ui.line(format!(
            "can't tell whether {} changed it: it passes sometimes ({}, {})",
            after.version(),
            before.counted(),
            after.counted()
        ));
    }
    let is_known = tried.iter().any(|it| it.asked > 0);
    if changed.is_empty() && unsure.is_empty() && is_known {
        ui.status("no version that was asked differs from the one before");
    }
    for it in looked.filter(|it| it.asked == 0) {
        let reason = it.reason.as_deref().unwrap_or_default();
        ui.status(format!("{} could not be asked: {reason}", it.version()));
    }
    let split: Vec<String> = tried
        .iter()
        .filter(|it| it.passed > 0 && it.passed < it.asked)
        .map(|it| it.version().to_string())
        .collect();
    if !split.is_empty() {
        let verb = if split.len() == 1 { "passes" } else { "pass" };
        let words = format!("{} {verb} sometimes", split.join(", "));
        ui.status(match args.repeat {
            MOST_REPEATS => words,
            few => format!(
                "{words}: --repeat {} asks more often",
                (few * 3).min(MOST_REPEATS)
            ),
        });
    }
    ui.status(format!("{} spent", dollars_in_all(spent)));
}

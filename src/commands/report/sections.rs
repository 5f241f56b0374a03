//! What stands on the page.

use super::super::measured::figures::{shown, with_interval};
use super::cells::{columns, cut, whole};
use super::found::Found;
use super::money::{budgets, costs};
use super::over_time::Axis;
use super::versions::{named, versions};
use crate::output::html::{Cell, Rows, Section};
use crate::output::json::time;
use crate::record::groups::{FEWEST_RANKED, Measure, Place, rank};

pub(super) fn sections(found: &Found, level: f64) -> Vec<Section> {
    let mut sections = Vec::new();
    if found.versions.groups.is_empty() {
        return sections;
    }
    let axis = Axis::of(found);
    sections.push(axis.calls_and_cost(level));
    sections.push(axis.success_and_failures(level));
    sections.push(axis.latency());
    sections.push(versions(found, level));
    sections.push(leaderboard(found, level));
    sections.push(failures(found));
    sections.push(costs(found, &axis));
    sections.push(budgets(found));
    sections.push(evaluations(found));
    sections.retain(|section| section.tables.iter().any(|table| !table.rows.is_empty()));
    sections
}

fn leaderboard(found: &Found, level: f64) -> Section {
    let board_of = |measure: &Measure| {
        let figures = found
            .versions
            .groups
            .iter()
            .filter_map(|(key, group)| Some((key.clone(), measure.of(group, &[], level)?)));
        let board = rank(figures, FEWEST_RANKED, measure.best());
        let row = |place: &Place| {
            let (prompt, version) = named(&place.key);
            let rank = match (place.rank, place.is_tied) {
                (Some(rank), true) => format!("{rank}="),
                (Some(rank), false) => rank.to_string(),
                (None, _) => "too few".to_owned(),
            };
            let value = place.figure.value;
            let text = match place.figure.interval {
                Some(interval) => with_interval(measure, value, interval),
                None => shown(measure, value),
            };
            vec![
                rank.into(),
                prompt.into(),
                version.into(),
                Cell::figure(text, Some(value)),
                whole(place.figure.n),
            ]
        };
        Rows {
            caption: format!("By {measure}"),
            columns: columns(&["rank", "prompt", "version", &measure.to_string(), "n"]),
            rows: board.rows.iter().chain(&board.too_few).map(row).collect(),
        }
    };
    let mut notes = vec![
        "by the lower end of the interval; a rank with = is shared: those are not told apart. It describes what was used, at different times and for different callers, and decides nothing".to_owned(),
    ];
    let tables = [Measure::Success, Measure::Score, Measure::Win]
        .iter()
        .map(board_of);
    let tables: Vec<Rows> = tables.filter(|table| !table.rows.is_empty()).collect();
    Section {
        heading: "Leaderboard".to_owned(),
        charts: Vec::new(),
        tables: tables
            .into_iter()
            .map(|table| cut(table, &mut notes))
            .collect(),
        notes,
    }
}

fn failures(found: &Found) -> Section {
    let mut failures: Vec<(&String, &u64)> = found.costs.failures.iter().collect();
    failures.sort_by_key(|(code, calls)| (std::cmp::Reverse(**calls), *code));
    let all = found.costs.all.calls as f64;
    let rows = failures.into_iter().map(|(code, calls)| {
        let share = *calls as f64 / all;
        vec![
            code.as_str().into(),
            whole(*calls),
            Cell::figure(format!("{:.2} %", share * 100.0), Some(share)),
        ]
    });
    let mut notes = vec!["promptctl explain CODE says what a code means".to_owned()];
    let table = Rows {
        caption: "Calls that failed, by the code of the error".to_owned(),
        columns: columns(&["error", "calls", "of all calls"]),
        rows: rows.collect(),
    };
    Section {
        heading: "Failures".to_owned(),
        charts: Vec::new(),
        tables: vec![cut(table, &mut notes)],
        notes,
    }
}

fn evaluations(found: &Found) -> Section {
    let rows = found.evidence.iter().map(|it| {
        let passed = it.measured.passed;
        let verdict = if it.measured.has_passed {
            "pass"
        } else {
            "fail"
        };
        let pending = if it.pending { ", not sent" } else { "" };
        vec![
            it.name.to_string().into(),
            it.version.to_string().into(),
            Cell::figure(
                format!("{} of {}", passed.passed, passed.of),
                Some(passed.passed as f64 / passed.of as f64),
            ),
            format!("{verdict}{pending}").into(),
            it.measured.model.as_str().into(),
            it.by.as_str().into(),
            time(it.time).into(),
        ]
    });
    let mut notes = Vec::new();
    let table = Rows {
        caption: "Evaluations that tags hold, the newest first".to_owned(),
        columns: columns(&[
            "prompt", "version", "passed", "verdict", "model", "by", "when",
        ]),
        rows: rows.collect(),
    };
    Section {
        heading: "Evaluations".to_owned(),
        charts: Vec::new(),
        tables: vec![cut(table, &mut notes)],
        notes,
    }
}

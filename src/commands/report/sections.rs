//! What stands on the page.

use super::super::measured::figures::{shown, significant, with_interval};
use super::Found;
use super::cells::{columns, cut, figure, whole};
use super::versions::{named, versions};
use crate::output::calls::dollars;
use crate::output::chart::{self, Mark};
use crate::output::html::{Cell, Drawing, Rows, Section};
use crate::output::json::time;
use crate::record::costs::Spent;
use crate::record::groups::{FEWEST_RANKED, Group, Measure, Place, rank};
use crate::releases::Action;

/// So many releases are marked on the axis.
const MOST_MARKS: usize = 60;

pub(super) fn sections(found: &Found, level: f64) -> Vec<Section> {
    let mut sections = Vec::new();
    if found.versions.groups.is_empty() {
        return sections;
    }
    let marks = marks(found);
    sections.push(over_time(found, &marks, level));
    sections.push(latency(found, &marks));
    sections.push(versions(found, level));
    sections.push(leaderboard(found, level));
    sections.push(failures(found));
    sections.push(costs(found));
    sections.push(budgets(found));
    sections.push(evaluations(found));
    sections.retain(|section| section.tables.iter().any(|table| !table.rows.is_empty()));
    sections
}

/// The newest releases, where they stand on the axis; their numbers are those of the table.
fn marks(found: &Found) -> Vec<Mark> {
    let releases = found.releases.iter().enumerate();
    releases
        .rev()
        .take(MOST_MARKS)
        .map(|(at, release)| Mark {
            at: found.steps.place(release.time),
            number: at + 1,
            is_back: release.action != Action::Publish,
        })
        .collect()
}

fn over_time(found: &Found, marks: &[Mark], level: f64) -> Section {
    let names = found.steps.names();
    let groups = found.steps.groups(&found.over_time);
    let of = |value: fn(&Group) -> f64| -> Vec<f64> {
        groups
            .iter()
            .map(|group| group.map_or(0.0, value))
            .collect()
    };
    let word = found.steps.word();
    let calls = chart::bars(&names, &of(|it| it.executions as f64), marks, &|value| {
        significant(value)
    });
    let cost = of(|it| it.cost.sum().unwrap_or(0.0));
    let mut charts = vec![Drawing {
        title: format!("Calls by {word}; lines are releases, and those that took something back"),
        svg: calls,
    }];
    if cost.iter().any(|cost| *cost > 0.0) {
        charts.push(Drawing {
            title: format!("Cost by {word}, in US dollars, of the calls whose price is known"),
            svg: chart::bars(&names, &cost, marks, &dollars),
        });
    }
    let rows = names.iter().zip(&groups).filter_map(|(name, group)| {
        let group = (*group)?;
        Some(vec![
            name.as_str().into(),
            whole(group.executions),
            figure(&Measure::Success, group, level),
            figure(&Measure::Cost, group, level),
            whole(group.unpriced),
        ])
    });
    let mut notes = Vec::new();
    let figures = Rows {
        caption: format!("Calls, success and cost by {word}"),
        columns: columns(&[&word, "calls", "success", "cost", "without a price"]),
        rows: rows.collect(),
    };
    let releases = found.releases.iter().enumerate().rev();
    let releases = releases.map(|(at, release)| {
        vec![
            (at + 1).to_string().into(),
            time(release.time).into(),
            release.action.as_str().into(),
            release.name.to_string().into(),
            release.version.to_string().into(),
            release.environment.to_string().into(),
            release.by.as_str().into(),
            release.message.lines().next().unwrap_or_default().into(),
        ]
    });
    let releases = Rows {
        caption: "Releases, the newest first".to_owned(),
        columns: columns(&[
            "number",
            "when",
            "what",
            "prompt",
            "version",
            "environment",
            "by",
            "why",
        ]),
        rows: releases.collect(),
    };
    notes.push(match (&found.environment, releases.rows.is_empty()) {
        (None, true) => "no release in this time is known here".to_owned(),
        (Some(environment), true) => {
            format!("no release to {environment} in this time is known here")
        }
        (None, false) => {
            "releases to all environments are marked; --env shows one of them".to_owned()
        }
        (Some(environment), false) => format!("releases to {environment} alone are marked"),
    });
    let mut tables = vec![cut(figures, &mut notes)];
    if !releases.rows.is_empty() {
        tables.push(cut(releases, &mut notes));
    }
    Section {
        heading: "Calls and cost over time".to_owned(),
        notes,
        charts,
        tables,
    }
}

fn latency(found: &Found, marks: &[Mark]) -> Section {
    let names = found.steps.names();
    let groups = found.steps.groups(&found.over_time);
    let word = found.steps.word();
    let figures: Vec<Option<[f64; 3]>> = groups
        .iter()
        .map(|group| (*group)?.latency.figures([0.5, 0.9, 0.99]))
        .collect();
    let series = [("p50", 0), ("p90", 1), ("p99", 2)].map(|(name, at)| {
        let values = figures.iter().map(|it| it.map(|it| it[at]));
        (name, values.collect::<Vec<_>>())
    });
    let rows = names.iter().zip(&figures).filter_map(|(name, figures)| {
        let cell = |value: f64| Cell::figure(format!("{value:.0} ms"), Some(value));
        let [p50, p90, p99] = (*figures)?;
        Some(vec![name.as_str().into(), cell(p50), cell(p90), cell(p99)])
    });
    let table = Rows {
        caption: format!("Latency by {word}"),
        columns: columns(&[&word, "p50", "p90", "p99"]),
        rows: rows.collect(),
    };
    let mut notes = Vec::new();
    Section {
        heading: "Latency".to_owned(),
        charts: vec![Drawing {
            title: format!("Latency by {word}, in milliseconds: p50, p90 and p99"),
            svg: chart::lines(&names, &series, marks, &|value| significant(value)),
        }],
        tables: vec![cut(table, &mut notes)],
        notes,
    }
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

fn costs(found: &Found) -> Section {
    let cost = |spent: &Spent| match spent.cost.sum() {
        Some(sum) => Cell::figure(dollars(sum), Some(sum)),
        None => "-".into(),
    };
    let rows = found.costs.dearest().into_iter().map(|(name, it)| {
        let cached = it.all.cached_share();
        vec![
            name.as_str().into(),
            whole(it.all.calls),
            cost(&it.all),
            Cell::figure(
                cached.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0)),
                cached,
            ),
            whole(it.again.calls),
            cost(&it.again),
            whole(it.cut.calls),
            whole(it.all.unpriced()),
        ]
    });
    let mut notes = vec![
        "again: the same request was sent before; cut off: the answer ended at maxTokens. promptctl stats --costs has more".to_owned(),
    ];
    let table = Rows {
        caption: "Prompts by cost".to_owned(),
        columns: columns(&[
            "prompt",
            "calls",
            "cost",
            "input from the cache",
            "again",
            "cost of again",
            "cut off",
            "without a price",
        ]),
        rows: rows.collect(),
    };
    Section {
        heading: "Where the money goes".to_owned(),
        charts: Vec::new(),
        tables: vec![cut(table, &mut notes)],
        notes,
    }
}

fn budgets(found: &Found) -> Section {
    let cost = |sum: f64| Cell::figure(dollars(sum), Some(sum));
    let rows = found.budgets.iter().map(|it| {
        let whom = it.prompt.as_deref().unwrap_or("all prompts");
        let state = if it.over { "used up" } else { "within" };
        vec![
            whom.into(),
            cost(it.spent_usd),
            cost(it.limit_usd),
            state.into(),
        ]
    });
    let table = Rows {
        caption: "Budgets of the day on which this page was made".to_owned(),
        columns: columns(&["for", "spent", "of", "state"]),
        rows: rows.collect(),
    };
    let mut notes = vec![
        "of today, from midnight in UTC, whatever time the page shows; by this machine's log"
            .to_owned(),
    ];
    Section {
        heading: "Budgets".to_owned(),
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

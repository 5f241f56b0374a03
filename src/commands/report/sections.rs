//! What stands on the page.

use std::collections::BTreeSet;

use super::super::common::count;
use super::super::stats::notes::{shown, significant, with_interval};
use super::Found;
use crate::output::calls::dollars;
use crate::output::chart::{self, Mark, Range};
use crate::output::html::{Cell, Drawing, Rows, Section};
use crate::output::json::time;
use crate::record::costs::Spent;
use crate::record::groups::{FEWEST_RANKED, Group, Measure, Place, Value, rank};
use crate::releases::Action;

/// So many rows stand in a table, so that a page stays one that can be read and sent.
const MOST_ROWS: usize = 500;

/// So many versions stand in a chart.
const MOST_IN_CHART: usize = 40;

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

fn columns(titles: &[&str]) -> Vec<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

fn whole(number: u64) -> Cell {
    Cell::figure(number.to_string(), Some(number as f64))
}

/// A figure of a group, with its interval where it has one.
fn figure(measure: &Measure, group: &Group, level: f64) -> Cell {
    let Some(found) = measure.of(group, &[], level) else {
        return "-".into();
    };
    let text = match found.interval {
        Some(interval) if !matches!(measure, Measure::Latency(_) | Measure::CostPerCall) => {
            with_interval(measure, found.value, interval)
        }
        _ => shown(measure, found.value),
    };
    Cell::figure(text, Some(found.value))
}

/// A table that says how many rows it leaves out.
fn cut(mut table: Rows, notes: &mut Vec<String>) -> Rows {
    let more = table.rows.len().saturating_sub(MOST_ROWS);
    if more > 0 {
        notes.push(format!("not shown: {}", count(more, "more row")));
        table.rows.truncate(MOST_ROWS);
    }
    table
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

fn named(key: &[Value]) -> (String, String) {
    let prompt = key.first().map(ToString::to_string).unwrap_or_default();
    let version = match key.get(1) {
        Some(Value::Number(number)) => format!("v{number}"),
        _ => "-".to_owned(),
    };
    (prompt, version)
}

/// A version as a chart names it: with its prompt, where there are several.
fn label(key: &[Value], has_several: bool) -> String {
    /// So much of the name is shown.
    const LONGEST: usize = 24;
    let (prompt, version) = named(key);
    if !has_several {
        return version;
    }
    let length = prompt.chars().count();
    match length > LONGEST {
        true => {
            let end: String = prompt.chars().skip(length - LONGEST + 1).collect();
            format!("…{end} {version}")
        }
        false => format!("{prompt} {version}"),
    }
}

/// A figure of the newest versions with its intervals; none where no version has it.
fn of_versions(measure: &Measure, groups: &[(&Vec<Value>, &Group)], level: f64) -> Option<Drawing> {
    let prompts: BTreeSet<Option<&Value>> = groups.iter().map(|(key, _)| key.first()).collect();
    let mut ranges: Vec<Range> = (groups.iter())
        .filter_map(|(key, group)| {
            let figure = measure.of(group, &[], level)?;
            Some(Range {
                label: label(key, prompts.len() > 1),
                value: figure.value,
                ends: figure.interval.map(|it| (it.low, it.high)),
            })
        })
        .collect();
    let whose = match ranges.len() > MOST_IN_CHART {
        true => format!("the newest {MOST_IN_CHART} versions that have it"),
        false => "each version".to_owned(),
    };
    ranges.truncate(MOST_IN_CHART);
    let ends = |it: &Range| it.ends.unwrap_or((it.value, it.value));
    let low = ranges.iter().map(|it| ends(it).0).reduce(f64::min)?;
    let high = ranges.iter().map(|it| ends(it).1).reduce(f64::max)?;
    let (least, most) = match measure.is_share() {
        // To a tenth below, and a whole one at the end.
        true => ((low * 10.0 - 0.5).floor().max(0.0) / 10.0, 1.0),
        false if low < high => (low - (high - low) / 20.0, high + (high - low) / 20.0),
        false => (low - 0.5, high + 0.5),
    };
    let name = measure.to_string();
    let (first, rest) = name.split_at(1);
    Some(Drawing {
        title: format!(
            "{}{rest} of {whose} with its interval, the newest first",
            first.to_uppercase()
        ),
        svg: chart::ranges(&ranges, least, most, &|value| shown_at_axis(measure, value)),
    })
}

fn shown_at_axis(measure: &Measure, value: f64) -> String {
    match measure.is_share() {
        true => format!("{:.0} %", value * 100.0),
        false => significant(value),
    }
}

fn versions(found: &Found, level: f64) -> Section {
    let mut groups: Vec<(&Vec<Value>, &Group)> = found.versions.groups.iter().collect();
    let more = groups.len().saturating_sub(MOST_ROWS);
    if more > 0 {
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.executions));
        groups.truncate(MOST_ROWS);
    }
    // The newest is the one that was called last for the first time.
    groups.sort_by_key(|(key, group)| std::cmp::Reverse((group.first(), *key)));
    let rows = groups.iter().zip(1_u64..).map(|((key, group), number)| {
        let (prompt, version) = named(key);
        vec![
            number.to_string().into(),
            prompt.into(),
            version.into(),
            whole(group.executions),
            figure(&Measure::Success, group, level),
            figure(&Measure::Latency(50), group, level),
            figure(&Measure::Latency(90), group, level),
            figure(&Measure::Latency(99), group, level),
            figure(&Measure::Cost, group, level),
            figure(&Measure::CostPerCall, group, level),
            figure(&Measure::Coverage, group, level),
            figure(&Measure::Score, group, level),
            figure(&Measure::Win, group, level),
            figure(&Measure::Interrupted, group, level),
            group.last().map(time).unwrap_or_default().into(),
        ]
    });
    let table = Rows {
        caption: "Versions, the newest first".to_owned(),
        columns: columns(&[
            "number",
            "prompt",
            "version",
            "calls",
            "success",
            "p50",
            "p90",
            "p99",
            "cost",
            "per call",
            "coverage",
            "score",
            "win",
            "interrupted",
            "last used",
        ]),
        rows: rows.collect(),
    };
    let mut notes = vec![format!(
        "intervals are those of {:.0} %, each call counted as independent",
        level * 100.0
    )];
    if more > 0 {
        notes.push(format!(
            "not shown: {}, those with the fewest calls",
            count(more, "more version")
        ));
    }
    Section {
        heading: "What each version did".to_owned(),
        charts: [Measure::Success, Measure::Score, Measure::Win]
            .iter()
            .filter_map(|measure| of_versions(measure, &groups, level))
            .collect(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_shows_the_newest_versions_that_have_its_figure() {
        let key = |number: u64| vec![Value::Text("a".into()), Value::Number(number)];
        let groups: Vec<(Vec<Value>, Group)> = (0..60)
            .rev()
            .map(|number| {
                let mut group = Group::default();
                // The newest have no score yet.
                if number < 50 {
                    (0..5).for_each(|_| group.outcomes.score.push(0.5));
                }
                (key(number), group)
            })
            .collect();
        let all: Vec<(&Vec<Value>, &Group)> = groups.iter().map(|(key, it)| (key, it)).collect();
        let chart = of_versions(&Measure::Score, &all, 0.95).unwrap();
        assert!(
            chart.title.starts_with("Score of the newest 40 versions"),
            "{}",
            chart.title
        );
        assert!(
            chart.svg.contains("\nv49\n") && chart.svg.contains("\nv10\n"),
            "{}",
            chart.svg
        );
        assert!(!chart.svg.contains("\nv9\n"));
        let few = of_versions(&Measure::Score, &all[..20], 0.95).unwrap();
        assert!(
            few.title.starts_with("Score of each version"),
            "{}",
            few.title
        );
        assert!(of_versions(&Measure::Win, &all, 0.95).is_none());
    }
}

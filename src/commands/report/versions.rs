//! What each version did: its figures, and charts of them.

use std::collections::BTreeSet;

use super::super::common::count;
use super::super::measured::figures::significant;
use super::cells::{MOST_ROWS, columns, cut, figure, whole};
use super::found::Found;
use crate::output::chart::{self, Range};
use crate::output::html::{Drawing, Rows, Section};
use crate::output::json::time;
use crate::record::groups::{Group, Measure, Value};

/// So many versions stand in a chart.
const MOST_IN_CHART: usize = 40;

/// The prompt and the version of a row.
pub(super) fn named(key: &[Value]) -> (String, String) {
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

fn table(groups: &[(&Vec<Value>, &Group)], level: f64) -> Rows {
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
    Rows {
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
    }
}

pub(super) fn versions(found: &Found, level: f64) -> Section {
    let mut groups: Vec<(&Vec<Value>, &Group)> = found.versions.groups.iter().collect();
    let more = groups.len().saturating_sub(MOST_ROWS);
    if more > 0 {
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.executions));
        groups.truncate(MOST_ROWS);
    }
    // The newest is the one that was called last for the first time.
    groups.sort_by_key(|(key, group)| std::cmp::Reverse((group.first(), *key)));
    let table = table(&groups, level);
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

//! What was called over time, and how it went: charts with one axis.

use super::super::measured::figures::significant;
use super::cells::{columns, cut, figure, whole};
use super::found::Found;
use crate::output::calls::dollars;
use crate::output::chart::{self, Mark};
use crate::output::html::{Cell, Drawing, Rows, Section};
use crate::output::json::time;
use crate::record::groups::{Group, Measure};
use crate::releases::Action;

/// So many releases are marked on the axis.
const MOST_MARKS: usize = 60;

/// How calls end that are no success.
const FAILURES: [(&str, Measure); 3] = [
    ("errors", Measure::Errors),
    ("invalid", Measure::Invalid),
    ("interrupted", Measure::Interrupted),
];

/// The time axis with what stands on it.
pub(super) struct Axis<'f> {
    found: &'f Found,
    /// What a step is called: `day`.
    pub(super) word: String,
    pub(super) names: Vec<String>,
    /// The calls of each step that has any.
    groups: Vec<Option<&'f Group>>,
    pub(super) marks: Vec<Mark>,
}

impl<'f> Axis<'f> {
    pub(super) fn of(found: &'f Found) -> Self {
        Self {
            found,
            word: found.steps.word(),
            names: found.steps.names(),
            groups: found.steps.groups(&found.over_time),
            marks: marks(found),
        }
    }

    /// The steps that have calls, with their names.
    fn called(&self) -> impl Iterator<Item = (&str, &'f Group)> {
        let names = self.names.iter().zip(&self.groups);
        names.filter_map(|(name, group)| Some((name.as_str(), (*group)?)))
    }

    /// A chart of figures that some steps have; a line for each figure.
    pub(super) fn lines(
        &self,
        title: String,
        series: &[(&str, Vec<Option<f64>>)],
        written: chart::Written<'_>,
    ) -> Drawing {
        let svg = chart::lines(&self.names, series, &self.marks, written);
        Drawing { title, svg }
    }

    pub(super) fn calls_and_cost(&self, level: f64) -> Section {
        let of = |value: fn(&Group) -> f64| -> Vec<f64> {
            let values = self.groups.iter();
            values.map(|group| group.map_or(0.0, value)).collect()
        };
        let word = &self.word;
        let bars = |values: &[f64], written: chart::Written<'_>| {
            chart::bars(&self.names, values, &self.marks, written)
        };
        let mut charts = vec![Drawing {
            title: format!(
                "Calls by {word}; lines are releases, and those that took something back"
            ),
            svg: bars(&of(|it| it.executions as f64), &significant),
        }];
        let cost = of(|it| it.cost.sum().unwrap_or(0.0));
        if cost.iter().any(|cost| *cost > 0.0) {
            charts.push(Drawing {
                title: format!("Cost by {word}, in US dollars, of the calls whose price is known"),
                svg: bars(&cost, &dollars),
            });
        }
        let rows = self.called().map(|(name, group)| {
            vec![
                name.into(),
                whole(group.executions),
                figure(&Measure::Success, group, level),
                figure(&Measure::Cost, group, level),
                whole(group.unpriced),
            ]
        });
        let figures = Rows {
            caption: format!("Calls, success and cost by {word}"),
            columns: columns(&[word, "calls", "success", "cost", "without a price"]),
            rows: rows.collect(),
        };
        let releases = releases(self.found);
        let mut notes = vec![on_releases(self.found, releases.rows.is_empty())];
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

    pub(super) fn success_and_failures(&self, level: f64) -> Section {
        let word = &self.word;
        let of = |measure: &Measure| -> Vec<Option<f64>> {
            let groups = self.groups.iter();
            let values = groups.map(|group| Some(measure.of((*group)?, &[], level)?.value));
            values.collect()
        };
        let percent = |share: f64| format!("{} %", significant(share * 100.0));
        let mut charts = vec![self.lines(
            format!("Success by {word}: the share with status ok, of all but the interrupted"),
            &[("success", of(&Measure::Success))],
            &percent,
        )];
        let failures = FAILURES
            .each_ref()
            .map(|(name, measure)| (*name, of(measure)));
        let has_any = failures
            .iter()
            .flat_map(|(_, shares)| shares.iter().flatten());
        if has_any.copied().any(|share| share > 0.0) {
            charts.push(self.lines(
                format!("Failures by {word}: the shares of errors, invalid outputs and interrupted calls"),
                &failures,
                &percent,
            ));
        }
        let table = self.table_of_failures(level);
        let mut notes = Vec::new();
        Section {
            heading: "Success and failures over time".to_owned(),
            charts,
            tables: vec![cut(table, &mut notes)],
            notes,
        }
    }

    fn table_of_failures(&self, level: f64) -> Rows {
        let rows = self.called().map(|(name, group)| {
            let mut row = vec![
                name.into(),
                whole(group.executions),
                figure(&Measure::Success, group, level),
            ];
            let counts = [group.errors, group.invalid, group.interrupted].into_iter();
            let shares = FAILURES
                .iter()
                .map(|(_, measure)| figure(measure, group, level));
            row.extend(
                counts
                    .map(whole)
                    .zip(shares)
                    .flat_map(|(count, share)| [count, share]),
            );
            row
        });
        let mut titles = vec![self.word.as_str(), "calls", "success"];
        titles.extend(FAILURES.iter().flat_map(|(name, _)| [*name, "share"]));
        Rows {
            caption: format!("Success and failures by {}", self.word),
            columns: columns(&titles),
            rows: rows.collect(),
        }
    }

    pub(super) fn latency(&self) -> Section {
        let word = &self.word;
        let quantiles = |group: &Group| group.latency.figures([0.5, 0.9, 0.99]);
        let figures = self.groups.iter();
        let figures: Vec<Option<[f64; 3]>> =
            figures.map(|group| group.and_then(quantiles)).collect();
        let series = [("p50", 0), ("p90", 1), ("p99", 2)].map(|(name, at)| {
            let values = figures.iter().map(|it| it.map(|it| it[at]));
            (name, values.collect::<Vec<_>>())
        });
        let rows = self.called().filter_map(|(name, group)| {
            let cell = |value: f64| Cell::figure(format!("{value:.0} ms"), Some(value));
            let [p50, p90, p99] = quantiles(group)?;
            Some(vec![name.into(), cell(p50), cell(p90), cell(p99)])
        });
        let table = Rows {
            caption: format!("Latency by {word}"),
            columns: columns(&[word, "p50", "p90", "p99"]),
            rows: rows.collect(),
        };
        let title = format!("Latency by {word}, in milliseconds: p50, p90 and p99");
        let mut notes = Vec::new();
        Section {
            heading: "Latency".to_owned(),
            charts: vec![self.lines(title, &series, &significant)],
            tables: vec![cut(table, &mut notes)],
            notes,
        }
    }
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

fn releases(found: &Found) -> Rows {
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
    Rows {
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
    }
}

/// Whose releases are marked.
fn on_releases(found: &Found, is_none: bool) -> String {
    match (&found.environment, is_none) {
        (None, true) => "no release in this time is known here".to_owned(),
        (Some(environment), true) => {
            format!("no release to {environment} in this time is known here")
        }
        (None, false) => {
            "releases to all environments are marked; --env shows one of them".to_owned()
        }
        (Some(environment), false) => format!("releases to {environment} alone are marked"),
    }
}

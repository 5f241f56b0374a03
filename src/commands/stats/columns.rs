//! Figures as people read them, in columns.

use std::collections::BTreeSet;

use super::super::common::when;
use super::super::measured::figures::{shown, with_interval};
use super::super::measured::key::{Row, named};
use super::super::session::Session;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{BAD, DIM};
use crate::record::groups::{Dimension, Groups, Measure, Series};

/// How many steps the line of calls over time has.
const STEPS: i64 = 16;

/// The columns that some group has something for.
pub(super) struct Columns<'g> {
    groups: &'g Groups,
    level: f64,
    measures: Vec<Measure>,
    has_tokens: bool,
    /// Whether intervals and the line over time have room.
    is_wide: bool,
    step: i64,
}

impl<'g> Columns<'g> {
    pub(super) fn new(groups: &'g Groups, level: f64, is_wide: bool) -> Self {
        let all = || groups.groups.values();
        let mut measures = vec![
            Measure::Calls,
            Measure::Success,
            Measure::Latency(50),
            Measure::Latency(90),
            Measure::Latency(99),
            Measure::Cost,
            Measure::CostPerCall,
        ];
        if all().any(|group| group.fallbacks > 0) {
            measures.push(Measure::Fallbacks);
        }
        if all().any(|group| group.invalid > 0) {
            measures.push(Measure::Invalid);
        }
        if all().any(|group| group.interrupted > 0) {
            measures.push(Measure::Interrupted);
        }
        if all().any(|group| group.outcomes.count > 0) {
            measures.push(Measure::Coverage);
        }
        if all().any(|group| group.outcomes.score.n() > 0) {
            measures.push(Measure::Score);
        }
        if all().any(|group| group.outcomes.won > 0) {
            measures.extend([Measure::Win, Measure::CostPerWin]);
        }
        let metrics: BTreeSet<&String> = all()
            .flat_map(|group| group.outcomes.metrics.keys())
            .collect();
        measures.extend(
            metrics
                .into_iter()
                .map(|name| Measure::Metric(name.clone())),
        );
        measures.extend(
            groups
                .values
                .iter()
                .map(|pointer| Measure::Answer(pointer.clone())),
        );
        Self {
            groups,
            level,
            measures,
            has_tokens: all()
                .any(|group| group.tokens.input.is_some() || group.tokens.output.is_some()),
            is_wide,
            step: step_of(groups),
        }
    }

    /// Whether the title of a column is somebody else's word.
    pub(super) fn is_foreign(&self, at: usize) -> bool {
        let measure = at
            .checked_sub(self.groups.by.len())
            .and_then(|at| self.measures.get(at));
        match measure {
            Some(measure) => matches!(measure, Measure::Metric(_) | Measure::Answer(_)),
            None => matches!(self.groups.by.get(at), Some(Dimension::Label(_))),
        }
    }

    fn titles(&self) -> Vec<String> {
        let mut titles: Vec<String> = self.groups.by.iter().map(ToString::to_string).collect();
        for measure in &self.measures {
            titles.push(match measure {
                Measure::CostPerCall => "per call".to_owned(),
                Measure::CostPerWin => "per win".to_owned(),
                Measure::Metric(name) => name.clone(),
                other => other.to_string(),
            });
        }
        if self.has_tokens {
            titles.push("tokens in/out".to_owned());
        }
        titles.push("last used".to_owned());
        titles
    }

    fn cells(&self, (key, group): &Row<'_>, has_intervals: bool) -> Vec<String> {
        let keys = self.groups.by.iter().zip(key.iter());
        let mut cells: Vec<String> = keys.map(|(by, value)| named(by, value)).collect();
        for measure in &self.measures {
            let figure = measure.of(group, &self.groups.values, self.level);
            cells.push(figure.map_or_else(
                || "-".to_owned(),
                |figure| {
                    match figure
                        .interval
                        .filter(|_| has_intervals && is_doubtful(measure))
                    {
                        Some(interval) => with_interval(measure, figure.value, interval),
                        None => shown(measure, figure.value),
                    }
                },
            ));
        }
        if self.has_tokens {
            let short = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), compact);
            cells.push(format!(
                "{}/{}",
                short(group.tokens.input),
                short(group.tokens.output)
            ));
        }
        cells
    }

    /// The header and the cells as plain text.
    pub(super) fn texts(&self, rows: &[Row<'_>]) -> (Vec<String>, Vec<Vec<String>>) {
        let line = |row: &Row<'_>| {
            let mut cells = self.cells(row, true);
            cells.push(
                row.1
                    .last()
                    .map_or_else(String::new, crate::output::json::time),
            );
            cells
        };
        (self.titles(), rows.iter().map(line).collect())
    }

    /// The table of a terminal, or of a pipe. Intervals give way where times and costs have no room else.
    pub(super) fn table(&self, rows: &[Row<'_>], session: &Session) -> Table {
        let whole = self.table_with(rows, true, session);
        let Some(width) = session.ui.width() else {
            return whole;
        };
        if whole.fits_wanted(width) {
            return whole;
        }
        let plain = self.table_with(rows, false, session);
        match plain.shows_wanted(width) || !whole.fits(width) {
            true => plain,
            false => whole,
        }
    }

    /// The column of a figure.
    fn at(&self, wanted: &Measure) -> Option<usize> {
        let at = self.measures.iter().position(|it| it == wanted);
        at.map(|at| self.groups.by.len() + at)
    }

    /// What may be left out where the terminal is narrow: what says least comes first.
    fn spare(&self, has_line: bool) -> Vec<usize> {
        let last = self.last_used();
        let mut spare = vec![
            self.at(&Measure::Latency(90)),
            self.has_tokens.then_some(last - 1),
            self.at(&Measure::CostPerWin),
            self.at(&Measure::Interrupted),
            Some(last),
            self.at(&Measure::Latency(50)),
            self.at(&Measure::CostPerCall),
            self.at(&Measure::Fallbacks),
            self.at(&Measure::Invalid),
            has_line.then_some(last + 1),
            self.at(&Measure::Latency(99)),
        ];
        spare.extend(self.metrics().rev().map(|metric| self.at(metric)));
        spare.push(self.at(&Measure::Cost));
        spare.into_iter().flatten().collect()
    }

    fn metrics(&self) -> impl DoubleEndedIterator<Item = &Measure> {
        let is_metric = |it: &&Measure| matches!(it, Measure::Metric(_));
        self.measures.iter().filter(is_metric)
    }

    /// What a person looks for first, beside how often and how well.
    fn wanted(&self) -> Vec<usize> {
        let has_room = self.metrics().next().is_none();
        // A day stands in its row, whatever gives way for it.
        let is_day = self.groups.by.first().is_some_and(Dimension::is_time);
        let time = Some(Measure::Latency(99)).filter(|_| has_room && !is_day);
        let wanted = time.into_iter().chain([Measure::Cost]);
        wanted.filter_map(|measure| self.at(&measure)).collect()
    }

    /// The column that says when they were called last.
    fn last_used(&self) -> usize {
        self.groups.by.len() + self.measures.len() + usize::from(self.has_tokens)
    }

    fn table_with(&self, rows: &[Row<'_>], has_intervals: bool, session: &Session) -> Table {
        let mut titles = self.titles();
        // A row of its own for each day says already when calls were made.
        let is_by_time = self.groups.by.iter().any(Dimension::is_time);
        let has_line = self.is_wide && session.ui.width().is_some() && !is_by_time;
        if has_line {
            titles.push("over time".to_owned());
        }
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        let spare = self.spare(has_line);
        let numbers: Vec<usize> = (self.groups.by.len()..self.last_used()).collect();
        let mut table = Table::new(&titles)
            .right(&numbers)
            .flexible(&[])
            .spare(&spare)
            .wanted(&self.wanted())
            .elsewhere("--format csv");
        for row in rows {
            let mut cells: Vec<TableCell> = self
                .cells(row, has_intervals)
                .into_iter()
                .map(TableCell::from)
                .collect();
            let used = row.1.last();
            cells.push(TableCell::styled(
                used.map_or_else(String::new, |used| when(&session.ui, session.now, used)),
                DIM,
            ));
            if has_line {
                cells.push(TableCell::from(self.line(&row.1.series)));
            }
            if row.1.ok == 0
                && row.1.ended() > 0
                && let Some(success) = self.at(&Measure::Success)
            {
                let text = cells[success].text().to_owned();
                cells[success] = TableCell::styled(text, BAD);
            }
            table.row(cells);
        }
        table
    }

    /// Calls over time in one line, from the first of all groups to the last.
    fn line(&self, series: &Series) -> String {
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let Some((first, last)) = self.groups.span() else {
            return String::new();
        };
        let series = series.in_steps_of(self.step);
        let of = |time: jiff::Timestamp| time.as_millisecond().div_euclid(self.step);
        let most = series.counts.values().copied().max().unwrap_or(1).max(1);
        (of(first)..=of(last))
            .map(|at| match series.counts.get(&at) {
                None => '·',
                Some(count) => BARS[(count * 7 / most) as usize],
            })
            .collect()
    }
}

/// How long a step of the line of calls over time is, in milliseconds.
fn step_of(groups: &Groups) -> i64 {
    let Some((first, last)) = groups.span() else {
        return 1;
    };
    let span = last.as_millisecond() - first.as_millisecond();
    let steps = groups.groups.values().map(|group| group.series.step);
    let mut step = steps.max().unwrap_or(1);
    while span / step >= STEPS {
        step *= 2;
    }
    step
}

/// Whether a figure stands with its interval.
fn is_doubtful(measure: &Measure) -> bool {
    matches!(
        measure,
        Measure::Success | Measure::Score | Measure::Win | Measure::Metric(_) | Measure::Answer(_)
    )
}

/// A large number in few characters: `1.2k`, `34.5M`.
fn compact(count: u64) -> String {
    let units = [
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    // What is a whole one of the next unit once it is rounded is written with that.
    let unit = units.iter().find(|(size, _)| count >= size - size / 20_000);
    match unit {
        Some((size, unit)) => format!("{:.1}{unit}", count as f64 / *size as f64),
        None => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_count_has_a_thousand_of_its_unit() {
        for (count, text) in [
            (999, "999"),
            (1000, "1.0k"),
            (999_949, "999.9k"),
            (999_950, "1.0M"),
            (999_960, "1.0M"),
            (999_960_000, "1.0G"),
            (u64::MAX, "18446744.1T"),
        ] {
            assert_eq!(compact(count), text, "{count}");
        }
    }
}

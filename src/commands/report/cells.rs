//! Cells of the page's tables, and how long a table may be.

use super::super::common::count;
use super::super::measured::figures::{shown, with_interval};
use crate::output::html::{Cell, Rows};
use crate::record::groups::{Group, Measure};

/// So many rows stand in a table, so that a page stays one that can be read and sent.
pub(super) const MOST_ROWS: usize = 500;

pub(super) fn columns(titles: &[&str]) -> Vec<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

pub(super) fn whole(number: u64) -> Cell {
    Cell::figure(number.to_string(), Some(number as f64))
}

/// A figure of a group, with its interval where it has one.
pub(super) fn figure(measure: &Measure, group: &Group, level: f64) -> Cell {
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
pub(super) fn cut(mut table: Rows, notes: &mut Vec<String>) -> Rows {
    let more = table.rows.len().saturating_sub(MOST_ROWS);
    if more > 0 {
        notes.push(format!("not shown: {}", count(more, "more row")));
        table.rows.truncate(MOST_ROWS);
    }
    table
}

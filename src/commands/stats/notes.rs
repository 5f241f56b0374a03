//! What must be said beside figures.

use std::collections::BTreeMap;

use super::super::common::count;
use super::super::session::Session;
use super::key::named;
use crate::record::compare::SAME_COVERAGE;
use crate::record::groups::{Dimension, Group, Groups, MOST_NAMES, Measure, Skipped, Value};
use crate::statistics::Interval;

/// A sentence, and whether it warns of something that is not sound.
pub(in crate::commands) struct Note {
    pub(in crate::commands) text: String,
    is_warning: bool,
}

impl Note {
    /// A sentence that warns of nothing.
    pub(in crate::commands) fn of(text: String) -> Self {
        Self {
            text,
            is_warning: false,
        }
    }
}

/// Says them to a person. Beside JSON, which has them all, only what is not sound.
pub(in crate::commands) fn say(notes: &[Note], is_json: bool, session: &mut Session) {
    for note in notes {
        match note.is_warning {
            true => session.ui.warning(&note.text),
            false if is_json => {}
            false => session.ui.status(&note.text),
        }
    }
}

/// What must be said.
pub(in crate::commands) fn notes(groups: &Groups) -> Vec<Note> {
    let mut notes = Vec::new();
    of_lines(groups, &mut notes);
    if groups.was_wrong {
        notes.push(Note::of(
            "what was kept beside the log of an earlier reading did not fit it: all was read anew"
                .to_owned(),
        ));
    }
    of_past(groups, &mut notes);
    let mut say = |text: String| notes.push(Note::of(text));
    let met = groups.met;
    let backwards: u64 = groups.sources.iter().map(|it| it.backwards).sum();
    for (number, thing, what) in [
        (
            met.duplicates,
            "record",
            "in the logs more than once, and counted once",
        ),
        (
            met.replaced,
            "outcome",
            "replaced by another one of the same execution; the last by time counts",
        ),
        (
            met.summed,
            "record",
            "in a log again that `log prune` took away; their daily sums stand for them",
        ),
        (met.unknown, "outcome", "of executions that no log here has"),
        (met.ahead, "record", "dated more than a day ahead of now"),
        (
            backwards,
            "place",
            "where times go back by more than an hour, as after a clock was set; each execution counts at its own time",
        ),
    ] {
        if number > 0 {
            say(format!("{} {what}", count(number as usize, thing)));
        }
    }
    let sum = |of: fn(&Group) -> u64| groups.groups.values().map(of).sum::<u64>();
    let unpriced = sum(|it| it.unpriced);
    if unpriced > 0 {
        let all = sum(|it| it.executions);
        say(without_a_price(unpriced, all));
    }
    if groups.groups.values().any(|it| !it.latency.is_exact()) {
        say("latencies of more than 100,000 calls and of past sums are within 0.5 %".to_owned());
    }
    let is_beyond =
        |group: &Group| group.outcomes.beyond > 0 || group.answers.iter().any(|it| it.beyond > 0);
    if groups.groups.values().any(is_beyond) {
        say(format!(
            "of a group's labels, metrics and answers the first {MOST_NAMES} are told apart"
        ));
    }
    notes
}

/// That the costs are not those of all calls.
pub(super) fn without_a_price(unpriced: u64, all: u64) -> String {
    format!(
        "{unpriced} of {} {} no known price; costs are those of the others",
        count(all as usize, "call"),
        if unpriced == 1 { "has" } else { "have" }
    )
}

fn of_past(groups: &Groups, notes: &mut Vec<Note>) {
    let past = &groups.past;
    if past.executions > 0 {
        notes.push(Note::of(format!(
            "{} that `log prune` took away count too, by their daily sums",
            count(past.executions as usize, "execution")
        )));
    }
    for (why, number) in &past.left_out {
        notes.push(Note::of(left_out_for(why, *number)));
    }
    if past.repeated > 0 {
        notes.push(Note::of(format!(
            "{} in the past sums of several logs, as where one was copied, and counted once",
            count(past.repeated as usize, "execution")
        )));
    }
    if past.overlapping > 0 {
        notes.push(Note {
            text: format!(
                "{} twice: past sums of several logs have some executions in common and others not, as where one was copied and both were pruned",
                match past.overlapping {
                    1 => "1 execution counts".to_owned(),
                    more => format!("{more} executions count"),
                }
            ),
            is_warning: true,
        });
    }
    if past.bad > 0 {
        notes.push(Note {
            text: format!(
                "left out: {} of past sums that cannot be read",
                count(past.bad as usize, "line")
            ),
            is_warning: true,
        });
    }
}

fn left_out_for(why: &str, number: u64) -> String {
    format!(
        "left out: {} of which only daily sums are left: {why}",
        count(number as usize, "execution")
    )
}

/// What a part of a page leaves out of the log's past that the others do not.
pub(in crate::commands) fn left_out(part: &Groups, others: &Groups, place: &str) -> Vec<Note> {
    let of = |groups: &Groups| groups.past.left_out.values().sum::<u64>();
    if of(part) == of(others) {
        return Vec::new();
    }
    let own = part.past.left_out.iter();
    own.map(|(why, number)| Note::of(format!("{place}: {}", left_out_for(why, *number))))
        .collect()
}

fn of_lines(groups: &Groups, notes: &mut Vec<Note>) {
    for source in &groups.sources {
        for Skipped {
            reason,
            count: number,
            line,
            ..
        } in &source.skipped
        {
            let place = match line {
                0 => source.path.display().to_string(),
                line => format!("{}:{line}", source.path.display()),
            };
            let more = match number {
                1 => String::new(),
                number => format!(" ({number} lines)"),
            };
            notes.push(Note {
                text: format!("left out: {place}: {reason}{more}"),
                is_warning: true,
            });
        }
    }
}

/// Where more calls of some versions have outcomes than of others: what is said of those is no verdict.
pub(in crate::commands) fn covered(groups: &Groups) -> Vec<Note> {
    let is_version = |it: &Dimension| {
        matches!(
            it,
            Dimension::Version | Dimension::Variant | Dimension::Release
        )
    };
    let Some(at) = groups.by.iter().position(is_version) else {
        return Vec::new();
    };
    let mut rows: BTreeMap<Vec<&Value>, Vec<(&Value, f64)>> = BTreeMap::new();
    for (key, group) in &groups.groups {
        let others = key.iter().enumerate().filter(|(other, _)| *other != at);
        let others = others.map(|(_, value)| value).collect();
        if let Some(coverage) = group.coverage() {
            rows.entry(others).or_default().push((&key[at], coverage));
        }
    }
    let mut said = Vec::new();
    for (others, row) in rows {
        let low = row.iter().min_by(|one, other| one.1.total_cmp(&other.1));
        let high = row.iter().max_by(|one, other| one.1.total_cmp(&other.1));
        let (Some((version, low)), Some((other, high))) = (low, high) else {
            continue;
        };
        if high - low > SAME_COVERAGE {
            let of: String = others.iter().map(|it| format!(" of {it}")).collect();
            said.push(Note::of(format!(
                "no verdict between the {}s{of}: {:.0} % of the calls of {} have an outcome, and {:.0} % of those of {}; --mature leaves out the young ones",
                groups.by[at],
                low * 100.0,
                named(&groups.by[at], version),
                high * 100.0,
                named(&groups.by[at], other)
            )));
        }
    }
    said
}

/// A figure as people read it.
pub(in crate::commands) fn shown(measure: &Measure, value: f64) -> String {
    use crate::output::calls::dollars;
    match measure {
        Measure::Cost | Measure::CostPerCall | Measure::CostPerWin => dollars(value),
        Measure::Latency(_) => format!("{value:.0} ms"),
        _ if measure.is_share() => format!("{:.1} %", value * 100.0),
        _ if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
        _ => significant(value),
    }
}

/// A figure with its interval, to the digits that the interval leaves in no doubt: `94.3 % (93.1–95.3)`.
pub(in crate::commands) fn with_interval(
    measure: &Measure,
    value: f64,
    interval: Interval,
) -> String {
    let (times, unit) = match measure.is_share() {
        true => (100.0, " %"),
        false => (1.0, ""),
    };
    let [value, low, high] = [value, interval.low, interval.high].map(|it| it * times);
    let width = high - low;
    if width.is_nan() || width <= 0.0 {
        return format!("{}{unit}", significant(value));
    }
    let digits = usize::try_from(1 - width.log10().floor() as i32)
        .unwrap_or(0)
        .min(12);
    format!("{value:.digits$}{unit} ({low:.digits$}–{high:.digits$})")
}

/// A number with four digits that count.
pub(in crate::commands) fn significant(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let above = value.abs().log10().floor() as i32;
    let digits = usize::try_from(3 - above).unwrap_or(0).min(12);
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_says_how_many_digits_count() {
        let text = |measure: &Measure, value, low, high| {
            let level = 0.95;
            with_interval(measure, value, Interval { low, high, level })
        };
        let success = Measure::Success;
        assert_eq!(text(&success, 0.9429, 0.9312, 0.9528), "94.3 % (93.1–95.3)");
        assert_eq!(text(&success, 0.5194, 0.4477, 0.5903), "52 % (45–59)");
        let score = Measure::Score;
        assert_eq!(text(&score, 0.112, 0.0615, 0.1625), "0.11 (0.06–0.16)");
        assert_eq!(
            text(&score, 12_345.0, 10_000.0, 14_690.0),
            "12345 (10000–14690)"
        );
        assert_eq!(text(&score, 1.0, 1.0, 1.0), "1");
    }

    #[test]
    fn numbers_have_four_digits_that_count() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.123_456, "0.1235"),
            (-12.345_6, "-12.35"),
            (123_456.7, "123457"),
            (0.000_012, "0.000012"),
            (f64::INFINITY, "-"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(significant(value), text);
        }
    }
}

//! What must be said beside figures.

use std::collections::{BTreeMap, BTreeSet};

use super::super::common::count;
use super::super::session::Session;
use super::ask::{USUAL_LOSS, USUAL_WIN};
use super::key::named;
use crate::prompt::name::nearest;
use crate::record::compare::SAME_COVERAGE;
use crate::record::groups::{
    Answers, Dimension, Group, Groups, MOST_NAMES, Measure, Skipped, Value,
};

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
            "in the logs more than once, and counted once: as it stands first",
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
            met.ahead_outcomes,
            "outcome",
            "dated more than a day ahead of now; any other of the same execution counts in its place",
        ),
        (
            backwards,
            "place",
            "where times go back by more than an hour, as where older calls were appended or a clock was set; each execution counts at its own time",
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
pub(in crate::commands) fn without_a_price(unpriced: u64, all: u64) -> String {
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
    for (why, number) in &past.unanswered {
        notes.push(Note::of(unanswered_for(why, *number)));
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

fn unanswered_for(why: &str, number: u64) -> String {
    format!(
        "left out: {} of which only daily sums are left: {why}",
        count(number as usize, "execution")
    )
}

/// What a part of a page leaves out of the log's past that the others do not.
pub(in crate::commands) fn unanswered(part: &Groups, others: &Groups, place: &str) -> Vec<Note> {
    let of = |groups: &Groups| groups.past.unanswered.values().sum::<u64>();
    if of(part) == of(others) {
        return Vec::new();
    }
    let own = part.past.unanswered.iter();
    own.map(|(why, number)| Note::of(format!("{place}: {}", unanswered_for(why, *number))))
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

/// What is asked for by name and stands nowhere: fields of answers, and a figure of outcomes that groups are sorted
/// by.
pub(in crate::commands) fn unknown(groups: &Groups, sort: Option<&Measure>) -> Vec<Note> {
    let all = || groups.groups.values();
    let mut said = Vec::new();
    if groups.groups.is_empty() {
        return said;
    }
    for (at, pointer) in groups.values.iter().enumerate() {
        let mut of_all = all().filter_map(|it| it.answers.get(at));
        if of_all.all(|it| {
            *it == Answers {
                without: it.without,
                ..Answers::default()
            }
        }) {
            said.push(Note::of(format!("no answer has {pointer}")));
        }
    }
    let (kind, name, known): (_, _, BTreeSet<&String>) = match sort {
        Some(Measure::Metric(name)) => (
            "metric",
            name,
            all().flat_map(|it| it.outcomes.metrics.keys()).collect(),
        ),
        Some(Measure::Label(name)) => (
            "label",
            name,
            all().flat_map(|it| it.outcomes.labels.keys()).collect(),
        ),
        _ => return said,
    };
    if !known.contains(name) {
        let hint = nearest(name, known.iter().map(|it| it.as_str()));
        let hint = hint.map_or_else(String::new, |near| format!("; there is {near}"));
        said.push(Note::of(format!(
            "no outcome here has the {kind} {name}, and nothing is sorted by it{hint}"
        )));
    }
    said
}

/// That no outcome has the label that is a win; these have others.
pub(in crate::commands) fn without_win(win: &str, known: &BTreeSet<String>) -> Option<String> {
    // Where nobody names one, and outcomes are lost or have no label, it may be that nothing was won.
    let is_usual = win == USUAL_WIN;
    if is_usual && (known.is_empty() || known.contains(USUAL_LOSS)) {
        return None;
    }
    let labels: Vec<&str> = known.iter().map(String::as_str).collect();
    let meant = nearest(win, labels.iter().copied());
    let meant = meant.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    let have = match labels.as_slice() {
        [] => "none has a label".to_owned(),
        [only] => format!("the only label is {only}"),
        all => format!("the labels are {}", all.join(", ")),
    };
    let named = match is_usual {
        true => "; --win LABEL says which one is",
        false => "",
    };
    Some(format!(
        "no outcome here has the label {win}, so that none counts as a win: {have}{named}{meant}"
    ))
}

/// The same of groups.
pub(in crate::commands) fn groups_without_win(groups: &Groups, win: &str) -> Option<Note> {
    let all = || groups.groups.values();
    if groups.groups.is_empty() || all().any(|it| it.outcomes.won > 0) {
        return None;
    }
    let known = all().flat_map(|it| it.outcomes.labels.keys().cloned());
    without_win(win, &known.collect()).map(Note::of)
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
        // Its interval is not asked for, at whatever level.
        if let Some(coverage) = Measure::Coverage.of(group, &groups.values, 0.95) {
            rows.entry(others)
                .or_default()
                .push((&key[at], coverage.value));
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

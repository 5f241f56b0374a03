//! Past sums in the groups of a question, as far as they can answer it.

use jiff::tz::TimeZone;

use super::dimension::{Clock, Dimension, Value};
use super::figures::Group;
use super::found::{self, Groups};
use super::question::Question;
use super::tally::{MOST_GROUPS, too_many};
use crate::error::Failure;
use crate::record::brief::Brief;
use crate::record::entry::{Record, Status};
use crate::record::history::{DaySum, Known, Past, Summed};
use crate::record::outcomes::{MOST_NAMES, Outcomes};

/// Past sums, as far as they answer a question.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// Those that count.
    sums: Vec<DaySum>,
    /// The executions that sums stand for, whether those can answer the question or not: a record of one of
    /// them does not count, for what became of it went with it. Either a record counts, with its
    /// outcomes, or its sum, never half of both.
    pub(super) summed: Summed,
    /// What else is to be said of them.
    met: found::Past,
}

impl Sums {
    /// Those that answer this question, each once wherever it stands.
    pub(super) fn of(past: Past, question: &Question) -> Self {
        Self::choose(past, question, lacks(question))
    }

    /// None counts, since each execution is looked at.
    pub(super) fn none(past: Past, question: &Question) -> Self {
        Self::choose(
            past,
            question,
            Some("each call is looked at here".to_owned()),
        )
    }

    fn choose(past: Past, question: &Question, lacks: Option<String>) -> Self {
        let (mut chosen, mut all) = (Self::default(), Summed::default());
        chosen.met.bad = past.bad;
        for sum in past.sums {
            let why = match (judge(&sum, question), &lacks) {
                (Standing::Not, _) => continue,
                (_, Some(why)) => Some(why.clone()),
                (Standing::Unanswered(why), None) => Some(why),
                (Standing::Counts, None) => None,
            };
            match all.add(&sum) {
                Known::All => {
                    chosen.met.repeated += sum.executions;
                    continue;
                }
                Known::Some(number) => chosen.met.overlapping += number,
                Known::None => {}
            }
            match why {
                Some(why) => *chosen.met.unanswered.entry(why).or_default() += sum.executions,
                None => {
                    chosen.met.executions += sum.executions;
                    chosen.sums.push(sum);
                }
            }
        }
        // What somebody else may have written keeps no record from counting.
        if !question.without_past {
            chosen.summed = all;
        }
        chosen
    }
}

/// Adds sums to groups, and notes which cannot be asked so.
pub(super) fn add(groups: &mut Groups, sums: Sums, question: &Question) -> Result<(), Failure> {
    groups.past = sums.met;
    for sum in sums.sums {
        let key = question.by.iter().map(|by| value(by, &sum)).collect();
        let is_full = groups.groups.len() >= MOST_GROUPS;
        if is_full && !groups.groups.contains_key(&key) {
            return Err(too_many());
        }
        let fresh = || Group::new(question);
        let group = groups.groups.entry(key).or_insert_with(fresh);
        take(group, &sum, question);
    }
    Ok(())
}

fn take(group: &mut Group, sum: &DaySum, question: &Question) {
    group.executions += sum.executions;
    *group.of_status(sum.status) += sum.executions;
    group.fallbacks += sum.fallbacks;
    group.latency.merge(&sum.duration_ms.sketch());
    let tokens = &sum.tokens;
    group
        .tokens
        .take([tokens.input, tokens.cached, tokens.output, tokens.reasoning]);
    group.cost.merge(&sum.cost_usd.moments());
    group.unpriced += sum.executions.saturating_sub(sum.cost_usd.count);
    let (first, last) = (sum.first.as_millisecond(), sum.last.as_millisecond());
    let (begin, end) = group.times.unwrap_or((first, last));
    group.times = Some((begin.min(first), end.max(last)));
    group.series.add(first, sum.executions);
    take_outcomes(&mut group.outcomes, sum, &question.win);
    if question.with_mix {
        let kinds = [("model", &sum.model), ("environment", &sum.environment)];
        for (name, value) in kinds {
            if let Some(value) = value {
                group.mix.add(name, value, sum.executions);
            }
        }
    }
}

fn take_outcomes(outcomes: &mut Outcomes, sum: &DaySum, win: &str) {
    let found = &sum.outcomes;
    outcomes.count += found.count;
    if sum.status == Status::Ok {
        outcomes.of_ok += found.count;
    }
    outcomes.score.merge(&found.score.moments());
    let labelled: u64 = found.labels.values().map(|[count, _]| count).sum();
    outcomes.labelled += labelled.max(found.labelled);
    outcomes.beyond += found.beyond;
    match &found.labelled_cost_usd {
        Some(cost) => outcomes.labelled_cost.merge(&cost.moments()),
        None => outcomes.without_cost += labelled.max(found.labelled),
    }
    for (label, [count, priced]) in &found.labels {
        if label == win {
            outcomes.won += count;
            outcomes.won_priced += priced;
        }
        let has_room = outcomes.labels.len() < MOST_NAMES;
        match outcomes.labels.get_mut(label) {
            Some(known) => *known += count,
            None if has_room => drop(outcomes.labels.insert(label.clone(), *count)),
            None => outcomes.beyond += count,
        }
    }
    for (name, figures) in &found.metrics {
        let has_room = outcomes.metrics.len() < MOST_NAMES;
        match outcomes.metrics.get_mut(name) {
            Some(known) => known.merge(&figures.moments()),
            None if has_room => {
                outcomes.metrics.insert(name.clone(), figures.moments());
            }
            None => outcomes.beyond += figures.count,
        }
    }
}

/// Whether a sum counts.
enum Standing {
    Counts,
    /// The filter leaves all of it out.
    Not,
    /// The sum does not tell.
    Unanswered(String),
}

/// What past sums do not tell that a question asks for.
fn lacks(question: &Question) -> Option<String> {
    if question.without_past {
        return Some("somebody else may have written them, since git tracks them".to_owned());
    }
    let is_here = !is_utc(&question.zone);
    for by in &question.by {
        match by {
            Dimension::Prompt
            | Dimension::Version
            | Dimension::Environment
            | Dimension::Model
            | Dimension::Status => {}
            Dimension::Day | Dimension::Week | Dimension::Month => {
                if is_here {
                    return Some("their days are those of UTC".to_owned());
                }
            }
            other => return Some(format!("they tell no {other}")),
        }
    }
    let filter = &question.filter;
    let asked = [
        (!filter.labels.is_empty(), "they tell no labels"),
        (filter.id.is_some(), "they tell no ids"),
        (filter.source.is_some(), "they tell no source"),
        (
            filter.min_cost.is_some(),
            "they tell no cost of a single call",
        ),
        (!question.values.is_empty(), "they tell no answers"),
        (question.with_costs, "each call is looked at here"),
    ];
    let found = asked.into_iter().find(|(is_asked, _)| *is_asked);
    found.map(|(_, why)| why.to_owned())
}

fn is_utc(zone: &TimeZone) -> bool {
    *zone == TimeZone::UTC || matches!(zone.iana_name(), Some("UTC" | "Etc/UTC"))
}

fn judge(sum: &DaySum, question: &Question) -> Standing {
    let mut filter = question.filter.clone();
    let (since, until) = (filter.since.take(), filter.until.take());
    // What sums do not tell says nothing about which of them are meant.
    filter.labels.clear();
    (filter.id, filter.source, filter.min_cost) = (None, None, None);
    let mut record = Record::new(sum.prompt.clone(), sum.first);
    record.version = sum.version;
    record.environment.clone_from(&sum.environment);
    record.model.clone_from(&sum.model);
    record.status = sum.status;
    if !filter.matches(&Brief::of(&record)) {
        return Standing::Not;
    }
    let is_before = since.is_some_and(|since| sum.last < since);
    let is_after = until.is_some_and(|until| sum.first >= until);
    if is_before || is_after {
        return Standing::Not;
    }
    let is_whole =
        since.is_none_or(|since| sum.first >= since) && until.is_none_or(|until| sum.last < until);
    match is_whole {
        true => Standing::Counts,
        false => Standing::Unanswered("they tell of whole days only".to_owned()),
    }
}

fn value(by: &Dimension, sum: &DaySum) -> Value {
    let text = |text: &Option<String>| {
        text.as_deref()
            .map_or(Value::Missing, |text| Value::Text(text.into()))
    };
    match by {
        Dimension::Prompt => Value::Text(sum.prompt.as_str().into()),
        Dimension::Version => sum
            .version
            .map_or(Value::Missing, |number| Value::Number(number.into())),
        Dimension::Environment => text(&sum.environment),
        Dimension::Model => text(&sum.model),
        Dimension::Status => Value::Text(sum.status.as_str().into()),
        time if time.is_time() => {
            let mut clock = Clock::new(time, &TimeZone::UTC);
            Value::Text(clock.text(sum.first).into())
        }
        _ => Value::Missing,
    }
}

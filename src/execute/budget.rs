//! What was spent today, as this machine's log tells, against what may be spent.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::Budgets;
use crate::error::Failure;
use crate::prompt::name::PromptName;
use crate::record::entry::Record;
use crate::record::log::{Log, Since};

/// What was spent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    /// In US dollars, by prompt.
    costs: BTreeMap<String, f64>,
    /// How many records a newer version of promptctl wrote.
    newer: u64,
}

impl Spent {
    /// What all prompts cost.
    pub fn total(&self) -> f64 {
        self.costs.values().fold(0.0, |sum, cost| sum + cost)
    }

    /// What a prompt cost; a name that ends in `/` means all below it.
    pub fn of(&self, name: &str) -> f64 {
        let meant = self
            .costs
            .iter()
            .filter(|(prompt, _)| is_meant(name, prompt));
        meant.fold(0.0, |sum, (_, cost)| sum + cost)
    }

    /// Why it is not all that was spent, if it is not.
    pub fn incomplete(&self) -> Option<String> {
        let records = match self.newer {
            0 => return None,
            1 => "a record of today was".to_owned(),
            many => format!("{many} records of today were"),
        };
        Some(format!(
            "{records} written by a newer version of promptctl, so that what was spent today is not known"
        ))
    }

    /// Adds what a record cost beyond what is counted of it already.
    fn add(&mut self, record: &Record, counted: &mut f64) {
        // No call earns money: such a line was not written by promptctl.
        let cost = record.cost_usd.unwrap_or_default();
        if cost > *counted {
            *self.costs.entry(record.prompt.clone()).or_default() += cost - *counted;
            *counted = cost;
        }
    }
}

fn is_meant(name: &str, prompt: &str) -> bool {
    name == prompt || (name.ends_with('/') && prompt.starts_with(name))
}

/// Whether any budget of a day is for this prompt.
pub fn has_one(budgets: &Budgets, name: &PromptName) -> bool {
    let mut prompts = budgets.per_prompt.keys();
    budgets.per_day.is_some() || prompts.any(|prompt| is_meant(prompt, name.as_str()))
}

/// What was spent since midnight in UTC, by what this machine's log says. Unknown costs count as
/// nothing.
///
/// # Errors
/// The log cannot be read.
pub fn spent_today(log: &Log, now: Timestamp) -> Result<Spent, Failure> {
    let day = now.to_zoned(TimeZone::UTC);
    let midnight = day.start_of_day().map_or(now, |start| start.timestamp());
    let mut spent = Spent::default();
    // A log that was put together of others may have a call twice. Of two that differ the dearer one counts:
    // the other could make room.
    let mut counted: HashMap<String, f64> = HashMap::new();
    log.visit_since(midnight, &mut |found| match found {
        Since::Record(record) => {
            let counted = counted.entry(record.id.clone()).or_default();
            spent.add(&record, counted);
        }
        Since::Newer => spent.newer += 1,
    })?;
    for (prompt, cost) in log.pruned_costs(midnight)? {
        *spent.costs.entry(prompt).or_default() += cost;
    }
    Ok(spent)
}

/// A budget of the day, and what of it is spent.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetState<'b> {
    /// The prompt, or the folder, that it is for; none where it is for all.
    pub prompt: Option<&'b str>,
    /// What may be spent on a day, in US dollars.
    pub limit: f64,
    /// What was spent since midnight in UTC.
    pub spent: f64,
}

impl BudgetState<'_> {
    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.spent >= self.limit
    }
}

/// How all budgets of the day stand, the one for all prompts first.
pub fn budget_states<'b>(budgets: &'b Budgets, spent: &Spent) -> Vec<BudgetState<'b>> {
    let for_all = budgets.per_day.map(|limit| BudgetState {
        prompt: None,
        limit,
        spent: spent.total(),
    });
    let for_prompts = budgets
        .per_prompt
        .iter()
        .map(|(prompt, limit)| BudgetState {
            prompt: Some(prompt),
            limit: *limit,
            spent: spent.of(prompt),
        });
    for_all.into_iter().chain(for_prompts).collect()
}

/// The first budget of the day that is used up for this prompt, in words.
pub fn used_up(budgets: &Budgets, spent: &Spent, name: &PromptName) -> Option<String> {
    let told = |what: String, spent: f64, limit: f64| {
        (spent >= limit).then(|| {
            format!("the budget of ${limit} a day {what} is used up: ${spent:.4} were spent today")
        })
    };
    let for_prompts = budgets
        .per_prompt
        .iter()
        .filter(|(prompt, _)| is_meant(prompt, name.as_str()))
        .find_map(|(prompt, limit)| told(format!("for {prompt}"), spent.of(prompt), *limit));
    for_prompts.or_else(|| {
        let limit = budgets.per_day?;
        told("for all prompts".to_owned(), spent.total(), limit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::entry::Source;

    #[test]
    fn only_today_counts_and_late_records_of_services_hide_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path().join("executions.jsonl"));
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let add = |prompt: &str, time: &str, cost: Option<f64>, source: Source| {
            let mut record = Record::new(prompt, time.parse().unwrap());
            record.cost_usd = cost;
            record.source = source;
            log.append(&record).unwrap();
        };
        add("a", "2026-11-10T00:00:00Z", Some(100.0), Source::Local);
        add("a", "2026-11-19T23:59:59Z", Some(10.0), Source::Local);
        add("a", "2026-11-20T00:00:00Z", Some(0.5), Source::Local);
        let text = std::fs::read_to_string(log.path()).unwrap();
        let again = text.lines().last().unwrap();
        let cheaper = again.replace("0.5", "0.1");
        let twice = format!("{text}{again}\n{cheaper}\n");
        std::fs::write(log.path(), twice).unwrap();
        add("b/c", "2026-11-20T01:00:00Z", Some(0.25), Source::Local);
        add("b/c", "2026-11-20T02:00:00Z", None, Source::Local);
        add("b/c", "2026-11-20T03:00:00Z", Some(-9.0), Source::External);
        add("b/c", "2026-01-01T02:00:00Z", Some(7.0), Source::External);
        let spent = spent_today(&log, now).unwrap();
        assert_eq!(
            (spent.total(), spent.of("b/"), spent.of("b")),
            (0.75, 0.25, 0.0)
        );

        let mut budgets = Budgets {
            per_day: Some(0.8),
            ..Budgets::default()
        };
        let name: PromptName = "b/c".parse().unwrap();
        assert_eq!(used_up(&budgets, &spent, &name), None);
        budgets.per_prompt.insert("b/".to_owned(), 0.25);
        insta::assert_snapshot!(used_up(&budgets, &spent, &name).unwrap(), @"the budget of $0.25 a day for b/ is used up: $0.2500 were spent today");
        assert_eq!(used_up(&budgets, &spent, &"a".parse().unwrap()), None);
    }

    #[test]
    fn a_clock_that_was_set_back_hides_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path().join("executions.jsonl")).rotated_at(2_000_000);
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let called = |time: &str, cost: f64| {
            let mut record = Record::new("a", time.parse().unwrap());
            record.cost_usd = Some(cost);
            record.output = Some("x".repeat(1000));
            record
        };
        log.append(&called("2026-11-20T11:00:00Z", 0.5)).unwrap();
        // Of many calls while the clock stood at its beginning, and set aside meanwhile.
        let back: Vec<Record> = (0..1100)
            .map(|_| called("1970-01-01T00:00:00Z", 9.0))
            .collect();
        log.append_all(&back).unwrap();
        log.append_all(&back).unwrap();
        assert!(log.files().unwrap().len() > 1);
        assert_eq!(spent_today(&log, now).unwrap().total(), 0.5);
    }
}

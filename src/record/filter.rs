//! Which records of the log are meant.

use crate::prompt::pattern::Pattern;
use jiff::Timestamp;

use super::brief::{Brief, Text};
use super::entry::{Outcome, Record, Source, Status};

/// Which records are meant; what is `None` or empty leaves none out.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The id, or its beginning or its end.
    pub id: Option<String>,
    /// The name of the prompt; one that ends in `/` means all below it.
    pub prompt: Option<String>,
    /// The number of the version.
    pub version: Option<u32>,
    pub environment: Option<String>,
    /// How the execution ended.
    pub status: Option<Status>,
    /// Who rendered the prompt.
    pub source: Option<Source>,
    /// The model, with or without its provider and its date.
    pub model: Option<String>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Labels, with or without a value. One without a value is also met by an outcome's label.
    pub labels: Vec<(String, Option<String>)>,
    /// At least this many US dollars.
    pub min_cost: Option<f64>,
}

/// Whether a part of an id is all of it: a UUID as promptctl writes it.
pub(super) fn is_whole_id(part: &str) -> bool {
    part.len() == 36
}

impl Filter {
    /// Whether a record is meant, as far as the record itself tells.
    pub(super) fn matches(&self, record: &Brief<'_>) -> bool {
        self.id
            .as_ref()
            .is_none_or(|part| has_part(record.id.as_str(), part))
            && self
                .prompt
                .as_ref()
                .is_none_or(|prompt| is_prompt(prompt, record.prompt.as_str()))
            && self
                .version
                .is_none_or(|version| record.version == Some(version))
            && (self.environment.is_none()
                || self.environment.as_deref() == record.environment.map(Text::as_str))
            && self.status.is_none_or(|status| record.status == status)
            && self.source.is_none_or(|source| record.source == source)
            && self.model.as_ref().is_none_or(|model| {
                record
                    .model
                    .is_some_and(|given| is_model(model, given.as_str()))
            })
            && self.since.is_none_or(|since| record.time >= since)
            && self.until.is_none_or(|until| record.time < until)
            && self
                .min_cost
                .is_none_or(|least| record.cost_usd.is_some_and(|cost| cost >= least))
            && self.labels.iter().all(|(name, value)| {
                // Without a value, an outcome may still have it as its label.
                value.is_none() || record.label(name) == value.as_deref()
            })
    }

    /// The labels that a record lacks and an outcome of it may have.
    pub(super) fn lacking<'f>(&'f self, record: &Brief<'_>) -> Vec<&'f str> {
        let asked = self.labels.iter().filter(|(_, value)| value.is_none());
        let lacking = asked.filter(|(name, _)| record.label(name).is_none());
        lacking.map(|(name, _)| name.as_str()).collect()
    }

    /// Whether a record is meant that has no outcomes yet.
    pub fn means(&self, record: &Record) -> bool {
        self.matches(&Brief::of(record)) && self.matches_outcomes(record, &[])
    }

    /// Whether outcomes decide about records.
    pub(super) fn asks_for_outcomes(&self) -> bool {
        self.labels.iter().any(|(_, value)| value.is_none())
    }

    /// Whether a record is meant, now that its outcomes are known.
    pub(super) fn matches_outcomes(&self, record: &Record, outcomes: &[Outcome]) -> bool {
        self.lacking(&Brief::of(record)).into_iter().all(|name| {
            outcomes
                .iter()
                .any(|outcome| outcome.label.as_deref() == Some(name))
        })
    }
}

/// Whether an id begins or ends so: the beginning of an id is its time, and what tells two calls of a
/// batch apart is the end.
pub(super) fn has_part(id: &str, part: &str) -> bool {
    id.starts_with(part) || id.ends_with(part)
}

fn is_prompt(wanted: &str, given: &str) -> bool {
    wanted == given || (Pattern::is_one(wanted) && Pattern::new(wanted).fits_text(given))
}

fn is_model(wanted: &str, given: &str) -> bool {
    let bare = |model: &str| {
        model
            .split_once('/')
            .map_or(model.to_owned(), |(_, name)| name.to_owned())
    };
    if wanted == given {
        return true;
    }
    let (wanted, given) = (bare(wanted), bare(given));
    given.strip_prefix(&wanted).is_some_and(|rest| {
        // The API answers with the model's date.
        rest.is_empty()
            || rest
                .strip_prefix("-20")
                .is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut record = Record::new("support/triage", "2026-11-20T12:00:00Z".parse().unwrap());
        record.version = Some(3);
        record.environment = Some("production".to_owned());
        record.model = Some("gpt-5-mini-2025-08-07".to_owned());
        record.cost_usd = Some(0.5);
        record.labels.insert("team".to_owned(), "a".to_owned());
        record
    }

    fn meets(change: impl FnOnce(&mut Filter)) -> bool {
        let mut filter = Filter::default();
        change(&mut filter);
        filter.matches(&Brief::of(&record()))
    }

    #[test]
    fn each_field_leaves_out_what_is_not_meant() {
        let text = |text: &str| Some(text.to_owned());
        assert!(meets(|_| {}));
        assert!(meets(|it| it.prompt = text("support/triage")));
        assert!(meets(|it| it.prompt = text("support/")));
        assert!(!meets(|it| it.prompt = text("support")));
        assert!(meets(|it| it.prompt = text("support/*")));
        assert!(!meets(|it| it.prompt = text("*")));
        assert!(meets(|it| it.version = Some(3)) && !meets(|it| it.version = Some(4)));
        assert!(meets(|it| it.environment = text("production")));
        assert!(!meets(|it| it.environment = text("staging")));
        assert!(!meets(|it| it.status = Some(Status::Error)));
        assert!(!meets(|it| it.source = Some(Source::Openai)));
        assert!(meets(|it| it.min_cost = Some(0.5)) && !meets(|it| it.min_cost = Some(0.6)));
        let time = |text: &str| Some(text.parse().unwrap());
        assert!(meets(|it| it.since = time("2026-11-20T12:00:00Z")));
        assert!(!meets(|it| it.until = time("2026-11-20T12:00:00Z")));
    }

    #[test]
    fn a_model_is_met_with_its_date_and_without_its_provider() {
        for model in ["gpt-5-mini", "openai/gpt-5-mini", "gpt-5-mini-2025-08-07"] {
            assert!(meets(|it| it.model = Some(model.to_owned())), "{model}");
        }
        for model in ["gpt-5", "mini", "gpt-5-mini-2025"] {
            assert!(!meets(|it| it.model = Some(model.to_owned())), "{model}");
        }
    }

    #[test]
    fn a_label_is_met_by_its_value_its_name_or_an_outcome() {
        let label = |name: &str, value: Option<&str>| Filter {
            labels: vec![(name.to_owned(), value.map(str::to_owned))],
            ..Filter::default()
        };
        assert!(label("team", Some("a")).matches(&Brief::of(&record())));
        assert!(!label("team", Some("b")).matches(&Brief::of(&record())));
        assert!(label("team", None).matches_outcomes(&record(), &[]));
        assert!(!label("win", None).matches_outcomes(&record(), &[]));
        let mut outcome = Outcome::new("0", record().time);
        outcome.label = Some("win".to_owned());
        assert!(label("win", None).matches_outcomes(&record(), &[outcome]));
    }
}

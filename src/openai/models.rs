//! What the API offers, and when models end.

use jiff::civil::{Date, date};
use serde_json::Value;

use super::echo;
use super::prices::is_listed;
use super::provider::{DEFAULT_PROVIDER, ModelId};
use crate::prompt::lint::{ModelFacts, Sampling};

/// A model that the API offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name, such as `gpt-5-mini`.
    pub id: String,
    /// The last day of its life, where that is announced.
    pub shutdown_date: Option<Date>,
    /// Whose it is, such as `openai`.
    pub owned_by: Option<String>,
}

/// Endings that OpenAI has announced, as of 2026-11-20: the beginning of a model's name, and its
/// last day. The API's own `shutdown_date` wins over this table.
const ENDINGS: &[(&str, Date)] = &[
    ("gpt-4o", date(2027, 1, 14)),
    ("gpt-4.1", date(2027, 1, 14)),
];

/// Models that OpenAI has shut down, and their last days; snapshots of them, such as `-0613` or
/// `-2025-03-11`, too.
const ENDED: &[(&str, Date)] = &[
    ("ada", date(2024, 1, 4)),
    ("babbage", date(2024, 1, 4)),
    ("curie", date(2024, 1, 4)),
    ("davinci", date(2024, 1, 4)),
    ("text-ada", date(2024, 1, 4)),
    ("text-babbage", date(2024, 1, 4)),
    ("text-curie", date(2024, 1, 4)),
    ("text-davinci", date(2024, 1, 4)),
    ("code-davinci", date(2024, 1, 4)),
    ("gpt-4-vision-preview", date(2024, 12, 6)),
    ("gpt-4-1106-vision-preview", date(2024, 12, 6)),
    ("gpt-4-32k", date(2025, 6, 6)),
    ("gpt-4.5-preview", date(2025, 7, 14)),
    ("o1-preview", date(2025, 7, 28)),
    ("o1-mini", date(2025, 10, 27)),
    ("codex-mini-latest", date(2026, 1, 16)),
    ("chatgpt-4o-latest", date(2026, 2, 17)),
    ("computer-use-preview", date(2026, 7, 23)),
    ("gpt-4o-audio-preview", date(2026, 7, 23)),
    ("gpt-4o-mini-audio-preview", date(2026, 7, 23)),
    ("gpt-4o-search-preview", date(2026, 7, 23)),
    ("gpt-4o-mini-search-preview", date(2026, 7, 23)),
    ("gpt-5-chat-latest", date(2026, 7, 23)),
    ("gpt-5-codex", date(2026, 7, 23)),
    ("gpt-5.1-chat-latest", date(2026, 7, 23)),
    ("gpt-5.1-codex", date(2026, 7, 23)),
    ("gpt-5.1-codex-max", date(2026, 7, 23)),
    ("gpt-5.1-codex-mini", date(2026, 7, 23)),
    ("gpt-5.2-codex", date(2026, 7, 23)),
    ("o3-deep-research", date(2026, 7, 23)),
    ("o4-mini-deep-research", date(2026, 7, 23)),
    ("gpt-5.2-chat-latest", date(2026, 8, 10)),
    ("gpt-5.3-chat-latest", date(2026, 8, 10)),
    ("gpt-3.5", date(2026, 10, 23)),
    ("gpt-3.5-turbo", date(2026, 10, 23)),
    ("gpt-3.5-turbo-16k", date(2026, 10, 23)),
    ("gpt-3.5-turbo-instruct", date(2026, 10, 23)),
    ("gpt-4", date(2026, 10, 23)),
];

/// The last day of a model, also of one that has ended already, where promptctl knows it.
pub fn last_day(name: &str) -> Option<Date> {
    let is_snapshot = |rest: &str| {
        rest.is_empty() || rest.starts_with('-') && !rest.contains(|it: char| it.is_alphabetic())
    };
    let known = ENDED
        .iter()
        .find(|(model, _)| name.strip_prefix(model).is_some_and(is_snapshot));
    known.map(|(_, ends)| *ends).or_else(|| ends_on(name))
}

/// What stands in the names of models that speak, draw, search or judge, or are only for a trial.
const OTHER_WORK: [&str; 10] = [
    "audio",
    "embedding",
    "image",
    "moderation",
    "preview",
    "realtime",
    "safeguard",
    "search",
    "transcribe",
    "tts",
];

/// Whether a model takes texts and answers with texts, by its name.
pub fn is_for_texts(name: &str) -> bool {
    !OTHER_WORK.iter().any(|word| name.contains(word))
}

/// Reads the answer of `GET /models`, by name. `None` where it is not a list of models.
pub(super) fn read(list: &Value) -> Option<Vec<Model>> {
    let entries = list.get("data").unwrap_or(list).as_array()?;
    let mut models: Vec<Model> = entries.iter().filter_map(read_model).collect();
    models.sort_by(|a, b| a.id.cmp(&b.id));
    Some(models)
}

fn read_model(entry: &Value) -> Option<Model> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let id = text("id")?.to_owned();
    let announced = text("shutdown_date").and_then(|date| date.get(..10)?.parse().ok());
    Some(Model {
        shutdown_date: announced.or_else(|| ends_on(&id)),
        owned_by: text("owned_by").map(str::to_owned),
        id,
    })
}

/// The day on which a model ends, where promptctl knows it. `model` may carry a provider, a date
/// or be fine-tuned (`ft:gpt-4o-2024-08-06:acme::x`).
pub fn ends_on(model: &str) -> Option<Date> {
    let name = model.strip_prefix("openai/").unwrap_or(model);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let name = name.split(':').next().unwrap_or(name);
    ENDINGS
        .iter()
        .find(|(family, _)| {
            name.strip_prefix(family)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
        .map(|(_, day)| *day)
}

/// What is known about the model of a prompt file, for its rules.
pub fn facts(model: &str) -> ModelFacts {
    let Ok(id) = ModelId::parse(model) else {
        return ModelFacts::default();
    };
    let is_openai = id.provider == DEFAULT_PROVIDER && id.name != echo::MODEL;
    if !is_openai {
        return ModelFacts::default();
    }
    let base = base_name(&id.name);
    ModelFacts {
        is_openai,
        is_listed: is_listed(base),
        ends: ends_on(&id.name),
        sampling: sampling(base),
    }
}

/// The model that a fine-tuned one was made of; others as they are.
fn base_name(name: &str) -> &str {
    let tuned = name
        .strip_prefix("ft:")
        .and_then(|rest| rest.split(':').next());
    tuned.unwrap_or(name)
}

/// What a family of OpenAI's models does with `temperature` and `reasoningEffort`.
fn sampling(name: &str) -> Sampling {
    let is = |family: &str| {
        name.strip_prefix(family)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if ["chat", "search", "image", "audio", "realtime"]
        .iter()
        .any(|word| name.contains(word))
    {
        return Sampling::Unknown;
    }
    if ["o1", "o3", "o4", "gpt-5"].into_iter().any(is) || ["o3-mini", "o4-mini"].contains(&name) {
        return Sampling::Refused;
    }
    if ["gpt-3.5", "gpt-4", "gpt-4o", "gpt-4.1", "gpt-4.5"]
        .into_iter()
        .any(is)
    {
        return Sampling::Free;
    }
    if name.starts_with("gpt-5.") {
        return Sampling::WithoutReasoning;
    }
    Sampling::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn families_end_with_their_dated_and_fine_tuned_models() {
        let day = Some(date(2027, 1, 14));
        for model in [
            "gpt-4o",
            "gpt-4o-mini",
            "openai/gpt-4o-2024-08-06",
            "gpt-4.1-nano",
            "ft:gpt-4o-mini-2024-07-18:acme::x",
        ] {
            assert_eq!(ends_on(model), day, "{model}");
        }
        for model in [
            "gpt-5-mini",
            "gpt-4",
            "gpt-4.10",
            "gpt-4omega",
            "xai/gpt-4o",
            "",
        ] {
            assert_eq!(ends_on(model), None, "{model}");
        }
    }

    #[test]
    fn families_reason_or_do_not() {
        for (sampling_wanted, models) in [
            (
                Sampling::Refused,
                &[
                    "gpt-5",
                    "openai/gpt-5-mini-2025-08-07",
                    "o3",
                    "o4-mini",
                    "o1-preview",
                ][..],
            ),
            (Sampling::WithoutReasoning, &["gpt-5.1", "gpt-5.4-mini"]),
            (
                Sampling::Free,
                &[
                    "gpt-4o",
                    "gpt-4.1-nano",
                    "gpt-3.5-turbo",
                    "ft:gpt-4o-mini-2024-07-18:acme::x",
                ],
            ),
            (
                Sampling::Unknown,
                &["gpt-5-chat-latest", "gpt-9", "xai/grok-4", "echo", "o", ""],
            ),
        ] {
            for model in models {
                assert_eq!(facts(model).sampling, sampling_wanted, "{model}");
            }
        }
    }

    #[test]
    fn only_openai_has_a_list() {
        for model in [
            "gpt-5-mini",
            "openai/gpt-4o-2024-08-06",
            "ft:gpt-4o-2024-08-06:acme::x",
            "o3",
        ] {
            assert_eq!(facts(model).is_listed, Some(true), "{model}");
        }
        assert_eq!(facts("openai/gpt-5-mnii").is_listed, Some(false));
        for model in ["vllm/anything", "echo", "openai/echo"] {
            assert_eq!(facts(model), ModelFacts::default(), "{model}");
        }
    }

    #[test]
    fn a_model_has_ended_after_its_last_day_and_so_have_its_snapshots() {
        let has_ended = |name: &str, day| last_day(name).is_some_and(|ends| ends < day);
        let day = date(2026, 11, 22);
        for gone in [
            "ada",
            "babbage-002",
            "text-davinci-003",
            "gpt-4",
            "gpt-4-0613",
            "o1-preview-2024-09-12",
        ] {
            assert!(has_ended(gone, day), "{gone}");
        }
        for here in [
            "gpt-4o",
            "gpt-4-turbo",
            "gpt-4.1-nano",
            "gpt-5-mini",
            "o1",
            "text-embedding-ada-002",
        ] {
            assert!(!has_ended(here, day), "{here}");
        }
        assert!(has_ended("gpt-4o-mini", date(2027, 2, 1)));
        assert!(!has_ended("gpt-4", date(2026, 10, 1)));
    }

    #[test]
    fn a_list_is_read_leniently() {
        let list = json!({"object": "list", "data": [
            {"id": "gpt-5", "shutdown_date": null, "owned_by": "openai"},
            {"id": "gpt-4o", "shutdown_date": "2027-02-01"},
            {"id": "gpt-4.1"},
            {"object": "model"},
            7,
        ]});
        let models = read(&list).unwrap();
        let rows: Vec<_> = models
            .iter()
            .map(|model| (model.id.as_str(), model.shutdown_date))
            .collect();
        assert_eq!(
            rows,
            [
                ("gpt-4.1", Some(date(2027, 1, 14))),
                ("gpt-4o", Some(date(2027, 2, 1))),
                ("gpt-5", None),
            ]
        );
        assert!(read(&json!({"error": "no"})).is_none());
    }
}

//! Parameters out of their range, and those that a model refuses.

use serde_json::Value;

use super::{Finding, Sampling, Subject};
use crate::prompt::code;
use crate::prompt::name::nearest;

/// The numbers that OpenAI's API takes.
const RANGES: [(&str, f64, f64); 4] = [
    ("temperature", 0.0, 2.0),
    ("topP", 0.0, 1.0),
    ("frequencyPenalty", -2.0, 2.0),
    ("presencePenalty", -2.0, 2.0),
];

/// The fewest tokens that an answer may be limited to.
const MIN_TOKENS: u64 = 16;

/// The words that OpenAI's API takes.
const WORDS: [(&str, &[&str]); 2] = [
    (
        "reasoningEffort",
        &["none", "minimal", "low", "medium", "high", "xhigh"],
    ),
    ("verbosity", &["low", "medium", "high"]),
];

/// What the Chat Completions API knows and the Responses API does not.
const CHAT_ONLY: [&str; 4] = ["stop", "seed", "frequencyPenalty", "presencePenalty"];

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for (name, least, most) in RANGES {
        if let Some(number) = number(subject, name)
            && !(least..=most).contains(&number)
        {
            let message = format!("`{name}` is {number}, and goes from {least} to {most}");
            report(
                subject,
                name,
                Finding::error(code::PARAMETER_RANGE, message),
                "change the number, or leave it out",
                findings,
            );
        }
    }
    for (name, words) in WORDS {
        let given = subject
            .document
            .parameters
            .get(name)
            .and_then(Value::as_str);
        if let Some(given) = given.filter(|given| !words.contains(given)) {
            let meant = nearest(given, words.iter().copied())
                .map_or(String::new(), |word| format!("; `{word}` is meant"));
            let message = format!("`{name}: {given}` is not known{meant}");
            let help = format!("it is one of {}", words.join(", "));
            report(
                subject,
                name,
                Finding::error(code::PARAMETER_RANGE, message),
                &help,
                findings,
            );
        }
    }
    if subject.model.is_some_and(|model| model.is_openai) {
        check_openai(subject, findings);
    }
}

fn check_openai(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let parameters = &subject.document.parameters;
    if let Some(tokens) = parameters.get("maxTokens").and_then(Value::as_u64)
        && tokens < MIN_TOKENS
    {
        let message =
            format!("`maxTokens` is {tokens}, and OpenAI's API takes no less than {MIN_TOKENS}");
        report(
            subject,
            "maxTokens",
            Finding::error(code::PARAMETER_RANGE, message),
            "raise it",
            findings,
        );
    }
    for name in CHAT_ONLY
        .into_iter()
        .filter(|name| parameters.contains_key(*name))
    {
        let message = format!("the Responses API has no `{name}`");
        report(
            subject,
            name,
            Finding::warning(code::PARAMETER_REFUSED, message),
            "remove it: the API refuses it",
            findings,
        );
    }
    let Some(model) = &subject.document.model else {
        return;
    };
    let sampling = subject
        .model
        .map(|model| model.sampling)
        .unwrap_or_default();
    let effort = parameters.get("reasoningEffort").and_then(Value::as_str);
    let reasons = effort.is_some_and(|effort| effort != "none");
    let is_refused =
        sampling == Sampling::Refused || (sampling == Sampling::WithoutReasoning && reasons);
    for name in ["temperature", "topP"] {
        // 1 is what reasoning models do anyway, and they let it pass.
        if is_refused && number(subject, name).is_some_and(|number| number != 1.0) {
            let message = match sampling {
                Sampling::Refused => {
                    format!("`{model}` is a reasoning model and takes no `{name}`")
                }
                _ => format!(
                    "`{model}` takes no `{name}` while `reasoningEffort` is {}",
                    effort.unwrap_or_default()
                ),
            };
            let help = match sampling {
                Sampling::Refused => {
                    "remove it; `reasoningEffort` and `verbosity` steer this model"
                }
                _ => "remove it, or write `reasoningEffort: none`",
            };
            report(
                subject,
                name,
                Finding::error(code::PARAMETER_REFUSED, message),
                help,
                findings,
            );
        }
    }
    if sampling == Sampling::Free && parameters.contains_key("reasoningEffort") {
        let message = format!("`{model}` does not reason and takes no `reasoningEffort`");
        report(
            subject,
            "reasoningEffort",
            Finding::error(code::PARAMETER_REFUSED, message),
            "remove it",
            findings,
        );
    }
}

fn number(subject: &Subject<'_>, name: &str) -> Option<f64> {
    subject
        .document
        .parameters
        .get(name)
        .and_then(Value::as_f64)
}

/// Adds a finding at a parameter, however the file spells it.
fn report(
    subject: &Subject<'_>,
    name: &str,
    finding: Finding,
    help: &str,
    findings: &mut Vec<Finding>,
) {
    let mut spelt = String::new();
    for each in name.chars() {
        if each.is_ascii_uppercase() {
            spelt.push('_');
        }
        spelt.push(each.to_ascii_lowercase());
    }
    let places = subject.document.written.places();
    let mut parents = ["modelParameters", "model_parameters"].into_iter();
    let exact = parents.find_map(|parent| {
        let names = [
            name,
            spelt.as_str(),
            "maxCompletionTokens",
            "max_completion_tokens",
            "max_output_tokens",
        ];
        let names = if name == "maxTokens" {
            &names[..]
        } else {
            &names[..2]
        };
        names
            .iter()
            .find_map(|name| places.get(&format!("{parent}.{name}")).copied())
    });
    let place = exact.or_else(|| subject.document.place("modelParameters"));
    findings.push(finding.at(place).help(help));
}

#[cfg(test)]
mod tests {
    use super::super::ModelFacts;
    use super::super::testing::{found_after, found_with};
    use super::*;

    #[test]
    fn numbers_and_words_have_their_range() {
        insta::assert_snapshot!(
            found_after("model_parameters: {temperature: 2.5, top_p: -0.1, reasoningEffort: hihg, verbosity: loud}\n"),
            @r"
        error P025 3:33 `temperature` is 2.5, and goes from 0 to 2
        error P025 3:45 `topP` is -0.1, and goes from 0 to 1
        error P025 3:68 `reasoningEffort: hihg` is not known; `high` is meant
        error P025 3:85 `verbosity: loud` is not known
        "
        );
        assert_eq!(
            found_after("modelParameters: {temperature: 0, topP: 1, reasoningEffort: low}\n"),
            ""
        );
    }

    fn with(sampling: Sampling, parameters: &str) -> String {
        let facts = ModelFacts {
            is_openai: true,
            sampling,
            ..ModelFacts::default()
        };
        let text = format!(
            "version: 1\nmodel: m\nmessages: [{{role: user, content: Hi}}]\nmodelParameters: {{{parameters}}}\n"
        );
        found_with(&text, &[], Some(facts))
    }

    #[test]
    fn what_a_model_refuses_is_an_error() {
        insta::assert_snapshot!(
            [
                with(Sampling::Refused, "temperature: 0.2, topP: 1"),
                with(Sampling::WithoutReasoning, "temperature: 0.2, reasoningEffort: low"),
                with(Sampling::Free, "temperature: 0.2, reasoningEffort: low"),
                with(Sampling::Free, "max_tokens: 5, stop: END"),
            ].join("\n"),
            @r"
        error P322 4:32 `m` is a reasoning model and takes no `temperature`
        error P322 4:32 `m` takes no `temperature` while `reasoningEffort` is low
        error P322 4:54 `m` does not reason and takes no `reasoningEffort`
        error P025 4:31 `maxTokens` is 5, and OpenAI's API takes no less than 16
        warning P322 4:40 the Responses API has no `stop`
        "
        );
        for (sampling, parameters) in [
            (Sampling::Refused, "temperature: 1, reasoningEffort: low"),
            (Sampling::WithoutReasoning, "temperature: 0.2"),
            (
                Sampling::WithoutReasoning,
                "temperature: 0.2, reasoningEffort: none",
            ),
            (Sampling::Free, "temperature: 0.2"),
            (Sampling::Unknown, "temperature: 0.2, reasoningEffort: low"),
        ] {
            assert_eq!(with(sampling, parameters), "", "{parameters}");
        }
    }
}

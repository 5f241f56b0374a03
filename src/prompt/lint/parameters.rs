//! Parameters out of their range, and those that a model refuses: under `modelParameters` and where
//! `extraBody` says the same.

use serde_json::Value;

use super::{Finding, Sampling, Subject};
use crate::prompt::code;
use crate::prompt::name::nearest;
use crate::prompt::parameters::{MIN_TOKENS, range, request_path, words};

/// The parameters that the API has.
const SENT: [&str; 5] = [
    "temperature",
    "topP",
    "maxTokens",
    "reasoningEffort",
    "verbosity",
];

/// What the file says about a parameter, in one of two places.
struct ParameterSetting<'a> {
    /// The name, as the file has it: `topP` or `extraBody.top_p`.
    name: String,
    /// Where it stands.
    path: String,
    value: &'a Value,
}

/// What the file says about a parameter: under `modelParameters`, and in `extraBody`, which wins.
fn given<'a>(subject: &Subject<'a>, parameter: &str) -> Vec<ParameterSetting<'a>> {
    let document = subject.document;
    let own = document
        .parameters
        .get(parameter)
        .map(|value| ParameterSetting {
            name: parameter.to_owned(),
            path: format!("modelParameters.{parameter}"),
            value,
        });
    let place = request_path(parameter).unwrap_or_default();
    let mut keys = place.split('.');
    let first = keys.next().and_then(|first| document.extra_body.get(first));
    let extra = keys.try_fold(first, |value, key| Some(value?.get(key)));
    let extra = extra.flatten().map(|value| ParameterSetting {
        name: format!("extraBody.{place}"),
        path: format!("extraBody.{place}"),
        value,
    });
    own.into_iter().chain(extra).collect()
}

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for given in SENT.into_iter().flat_map(|name| {
        let given = given(subject, name).into_iter();
        given.map(move |given| (name, given))
    }) {
        let (name, given) = given;
        if let (Some((least, most)), Some(number)) = (range(name), given.value.as_f64())
            && !(least..=most).contains(&number)
        {
            let message = format!(
                "`{}` is {number}, and goes from {least} to {most}",
                given.name
            );
            let finding = Finding::new(code::PARAMETER_RANGE, message);
            report(
                subject,
                &given,
                finding,
                "change the number, or leave it out",
                findings,
            );
        }
        let words = words(name);
        let Some(word) = given.value.as_str().filter(|_| !words.is_empty()) else {
            continue;
        };
        if !words.contains(&word) {
            let meant = nearest(word, words.iter().copied())
                .map_or(String::new(), |word| format!("; `{word}` is meant"));
            let message = format!("`{}: {word}` is not known{meant}", given.name);
            let finding = Finding::new(code::PARAMETER_RANGE, message);
            let help = format!("it is one of {}", words.join(", "));
            report(subject, &given, finding, &help, findings);
        }
    }
    if subject.model.is_some_and(|model| model.is_openai) {
        check_openai(subject, findings);
    }
}

fn check_openai(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for given in given(subject, "maxTokens") {
        if let Some(tokens) = given.value.as_u64().filter(|tokens| *tokens < MIN_TOKENS) {
            let message = format!(
                "`{}` is {tokens}, and OpenAI's API takes no less than {MIN_TOKENS}",
                given.name
            );
            let finding = Finding::new(code::PARAMETER_RANGE, message);
            report(subject, &given, finding, "raise it", findings);
        }
    }
    let Some(model) = &subject.document.model else {
        return;
    };
    let sampling = subject
        .model
        .map(|model| model.sampling)
        .unwrap_or_default();
    let efforts = given(subject, "reasoningEffort");
    let effort = efforts.last().and_then(|given| given.value.as_str());
    let reasons = effort.is_some_and(|effort| effort != "none");
    let is_refused =
        sampling == Sampling::Refused || (sampling == Sampling::WithoutReasoning && reasons);
    for given in ["temperature", "topP"]
        .into_iter()
        .flat_map(|name| given(subject, name))
    {
        // 1 is what reasoning models do anyway, and they let it pass.
        let says_something = given.value.as_f64().is_some_and(|number| number != 1.0);
        if !is_refused || !says_something {
            continue;
        }
        let name = &given.name;
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
            Sampling::Refused => "remove it; `reasoningEffort` and `verbosity` steer this model",
            _ => "remove it, or write `reasoningEffort: none`",
        };
        let finding = Finding::error(code::PARAMETER_REFUSED, message);
        report(subject, &given, finding, help, findings);
    }
    for given in efforts
        .iter()
        .filter(|given| sampling == Sampling::Free && !given.value.is_null())
    {
        let message = format!("`{model}` does not reason and takes no `{}`", given.name);
        let finding = Finding::error(code::PARAMETER_REFUSED, message);
        report(subject, given, finding, "remove it", findings);
    }
}

/// Adds a finding at a parameter, however the file spells it.
fn report(
    subject: &Subject<'_>,
    given: &ParameterSetting<'_>,
    finding: Finding,
    help: &str,
    findings: &mut Vec<Finding>,
) {
    let place = subject.document.span_of(&given.path);
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
        for effort in words("reasoningEffort") {
            let text = format!(
                "modelParameters: {{temperature: 0, topP: 1, reasoningEffort: {effort}}}\n"
            );
            assert_eq!(found_after(&text), "", "{effort}");
        }
    }

    #[test]
    fn what_extra_body_says_of_a_parameter_is_checked_too() {
        insta::assert_snapshot!(
            [
                found_after("extraBody: {temperature: 3, reasoning: {effort: hihg}, text: {verbosity: low}}\n"),
                with(Sampling::Refused, "verbosity: low}\nextraBody: {top_p: 0.5"),
                with(Sampling::Free, "verbosity: low}\nextraBody: {max_output_tokens: 3, reasoning: {effort: low}"),
            ].join("\n"),
            @"
        error P025 3:26 `extraBody.temperature` is 3, and goes from 0 to 2
        error P025 3:49 `extraBody.reasoning.effort: hihg` is not known; `high` is meant
        error P322 5:20 `m` is a reasoning model and takes no `extraBody.top_p`
        error P025 5:32 `extraBody.max_output_tokens` is 3, and OpenAI's API takes no less than 16
        error P322 5:55 `m` does not reason and takes no `extraBody.reasoning.effort`
        "
        );
    }

    #[test]
    fn parameters_that_are_never_sent_are_told_for_every_model() {
        insta::assert_snapshot!(
            found_after("model: ollama/x\nmodelParameters: {frequency_penalty: 9, seed: 1}\n"),
            @"
        warning P325 4:19 the Responses API has no `frequencyPenalty`, `seed`; they are left out of the request
        "
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
        warning P325 4:34 the Responses API has no `stop`; it is left out of the request
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

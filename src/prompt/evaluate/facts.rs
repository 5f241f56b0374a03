//! `limits:`, `answer:` and `tools:`, checks of how the answer came about.

use serde_json::Value;

use super::answer::Ended;
use super::json::{compile, misfit};
use super::table::{Given, Outcome, Row, Takes, check, counted, expected, shared, unless};
use super::{Finding, cut};

pub(super) static LIMITS: [Row; 3] = [
    check(
        "latency",
        "took at most so long, such as `2s` or `500ms`; of a cached answer, the first time counts",
        Takes::Time,
        |given| {
            let most = milliseconds(given)?;
            Ok(Box::new(move |answer, _| match answer.output.latency_ms {
                None => Outcome::Unknown("how long the answer took is not known".to_owned()),
                Some(took) => unless(took as f64 <= most, || {
                    expected(
                        format!("at most {} s", most / 1000.0),
                        format!("{} s", took as f64 / 1000.0),
                    )
                }),
            }))
        },
    ),
    check(
        "cost",
        "cost at most so many dollars",
        Takes::Number,
        |given| {
            let most = given.value.as_f64().filter(|most| *most >= 0.0);
            let most = most.ok_or_else(|| {
                given.wrong(
                    "a number of dollars",
                    "Write it as `cost: 0.002`, without a sign.",
                )
            })?;
            Ok(Box::new(move |answer, _| match answer.output.cost_usd {
                None => Outcome::Unknown("what the answer cost is not known".to_owned()),
                // Prices are sums of parts: the last digit is noise.
                Some(cost) => unless(cost <= most * (1.0 + 1e-9), || {
                    expected(format!("at most ${most}"), format!("${cost}"))
                }),
            }))
        },
    ),
    check(
        "outputTokens",
        "had at most so many tokens, reasoning included",
        Takes::Count,
        |given| {
            let most = given.count()?;
            Ok(Box::new(move |answer, _| {
                match answer.output.output_tokens {
                    None => {
                        Outcome::Unknown("how many tokens the answer had is not known".to_owned())
                    }
                    Some(tokens) => unless(tokens <= most, || {
                        expected(format!("at most {}", counted(most, "token")), tokens)
                    }),
                }
            }))
        },
    ),
];

pub(super) static ANSWER: [Row; 1] = [check(
    "answer",
    "ended so, as the API says: `completed`, `refused` or `incomplete`",
    Takes::OneOf(&["completed", "refused", "incomplete"]),
    |given| {
        let wanted = given.word(&ENDS)?;
        Ok(Box::new(move |answer, _| {
            let ended = answer.output.status;
            unless(ended == wanted, || {
                let says = |ended: Ended| format!("{} answer", article(ended));
                expected(says(wanted), says(ended))
            })
        }))
    },
)];

const ENDS: [(&str, Ended); 3] = [
    ("completed", Ended::Completed),
    ("refused", Ended::Refused),
    ("incomplete", Ended::Incomplete),
];

fn article(ended: Ended) -> &'static str {
    match ended {
        Ended::Completed => "a completed",
        Ended::Refused => "a refused",
        Ended::Incomplete => "an incomplete",
    }
}

pub(super) static TOOLS: [Row; 3] = [
    shared(check(
        "called",
        "called this function, or all of these; `[]` asks for no call at all",
        Takes::TextOrTexts,
        |given| {
            let names = given.one_or_more()?;
            Ok(Box::new(move |answer, _| {
                let calls = answer.output.tools;
                if names.is_empty() {
                    return unless(calls.is_empty(), || {
                        expected(
                            "no call",
                            format!("a call of {}", names_of(calls.iter().map(|it| &it.name))),
                        )
                    });
                }
                let is_called = |name: &&String| calls.iter().any(|call| call.name == **name);
                unless(names.iter().all(|name| is_called(&name)), || {
                    let missing = names.iter().filter(|name| !is_called(name));
                    let wanted = format!("a call of {}", names_of(missing));
                    expected(
                        wanted,
                        if calls.is_empty() {
                            "none".to_owned()
                        } else {
                            names_of(calls.iter().map(|it| &it.name))
                        },
                    )
                })
            }))
        },
    )),
    check(
        "notCalled",
        "did not call this function, or any of these",
        Takes::TextOrTexts,
        |given| {
            let names = given.one_or_more()?;
            Ok(Box::new(move |answer, _| {
                let mut calls = answer.output.tools.iter();
                let found = calls.find(|call| names.contains(&call.name));
                found.map_or(Outcome::Passes, |call| {
                    let name = names_of([&call.name]);
                    Outcome::Fails(expected(format!("no call of {name}"), "one"))
                })
            }))
        },
    ),
    check(
        "arguments",
        "called functions with arguments that fit this schema: those that `called` names, or without it all",
        Takes::Schema,
        |given| {
            let validator = compile(given)?;
            let called = given.beside("called").map(|given| given.one_or_more());
            let called = called.transpose()?.unwrap_or_default();
            Ok(Box::new(move |answer, _| {
                let calls = answer.output.tools.iter();
                let mut calls = calls
                    .filter(|it| called.is_empty() || called.contains(&it.name))
                    .peekable();
                if calls.peek().is_none() {
                    return Outcome::Fails(expected("a call with arguments", "none"));
                }
                let misfits = calls.map(|call| match misfit(&validator, &call.arguments) {
                    Outcome::Fails(why) => {
                        Outcome::Fails(format!("the call of {} {why}", names_of([&call.name])))
                    }
                    other => other,
                });
                let mut misfits = misfits.filter(|outcome| *outcome != Outcome::Passes);
                misfits.next().unwrap_or(Outcome::Passes)
            }))
        },
    ),
];

fn names_of<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<_> = names
        .into_iter()
        .take(20)
        .map(|name| format!("`{}`", cut(name)))
        .collect();
    cut(&names.join(", "))
}

/// A time such as `2s`.
fn milliseconds(given: &Given<'_>) -> Result<f64, Finding> {
    let text = match given.value {
        Value::String(text) => text.trim(),
        _ => "",
    };
    let at = text.find(|it: char| !it.is_ascii_digit() && it != '.');
    let (number, unit) = text.split_at(at.unwrap_or(text.len()));
    let unit = match unit.trim_start() {
        "ms" => Some(1.0),
        "s" => Some(1_000.0),
        "m" => Some(60_000.0),
        _ => None,
    };
    let time = number
        .parse::<f64>()
        .ok()
        .zip(unit)
        .map(|(number, unit)| number * unit);
    time.filter(|time| time.is_finite()).ok_or_else(|| {
        given.wrong(
            "a time",
            "Write it with its unit, such as `2s`, `1.5s` or `500ms`.",
        )
    })
}

//! The trailers of evidence: what an evaluation measured, as a tag's message says it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::tag::{trailer_block, trailers_of};
use crate::prompt::evidence::{AgainstBase, Measured, Share};
use crate::prompt::judged::{Checked, JudgeNote};
use crate::prompt::visible;

/// How many tags of cases are told, and how long their names may be.
const MOST_TAGS: usize = 100;
const LONGEST_TAG: usize = 100;

/// How many judges are told.
const MOST_JUDGES: usize = 20;

/// The trailers, a line each.
pub(super) fn write(measured: &Measured) -> String {
    let Measured {
        suite,
        model,
        repeat,
        passed,
        required,
        hostile,
        undecided,
        tags,
        base,
        judges,
        cost,
        results,
        has_passed,
    } = measured;
    let mut text = format!(
        "Suite: {suite}\nModel: {}\nRepeat: {repeat}\nPassed: {passed}\nRequired: {required}\nHostile: {hostile}\nUndecided: {undecided}\n",
        one_line(model)
    );
    let mut told: Vec<_> = tags
        .iter()
        .filter(|(tag, _)| tag.len() <= LONGEST_TAG)
        .collect();
    // A tag that a rule names is one of many cases, and not the number of an order.
    told.sort_by_key(|(tag, share)| (Reverse(share.of), tag.as_str()));
    let told: BTreeMap<&str, String> = told
        .into_iter()
        .take(MOST_TAGS)
        .map(|(tag, share)| (tag.as_str(), share.to_string()))
        .collect();
    if !told.is_empty() {
        // JSON escapes what could end the line.
        let told = serde_json::to_string(&told).unwrap_or_default();
        text.push_str(&format!("Tags: {told}\n"));
    }
    if let Some(base) = base {
        text.push_str(&format!(
            "Base: v{} {} {}\nDifference: {:+.6} [{:+.6}, {:+.6}] p={:.6} worst={:+.6}\n",
            base.version,
            base.digest,
            base.passed,
            base.difference,
            base.low,
            base.high,
            base.p,
            base.worst
        ));
        if base.gone > 0 {
            text.push_str(&format!("Gone: {}\n", base.gone));
        }
    }
    for judge in judges.iter().take(MOST_JUDGES) {
        let is = |yes, word| if yes { word } else { "" };
        let checked = judge.checked.map(|it| format!(" {it}"));
        text.push_str(&format!(
            "Judge: {}{}{}{}\n",
            one_line(&judge.name),
            checked.unwrap_or_default(),
            is(judge.fault().is_some(), " uncalibrated"),
            is(judge.is_required, " required")
        ));
    }
    if judges.len() > MOST_JUDGES {
        // What is not told was not checked.
        text.push_str("Judge: others uncalibrated required\n");
    }
    let verdict = if *has_passed { "pass" } else { "fail" };
    text.push_str(&format!(
        "Cost: {cost:.6}\nResults: sha256:{results}\nVerdict: {verdict}\n"
    ));
    text
}

/// A foreign word as a part of one line.
fn one_line(text: &str) -> String {
    visible::line(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Reads them from a tag's message; none where one that decides is missing or cannot be read.
pub(super) fn read(message: &str) -> Option<Measured> {
    let mut measured = Measured::default();
    let mut wanted = WANTED.to_vec();
    let mut base = None;
    for (key, value) in trailers_of(trailer_block(message)) {
        if let Some(at) = wanted.iter().position(|it| *it == key) {
            wanted.swap_remove(at);
        } else if WANTED.contains(&key) {
            // Said twice, it says nothing.
            return None;
        }
        match key {
            "Suite" => measured.suite = hash(value)?,
            "Model" => measured.model = value.to_owned(),
            "Repeat" => measured.repeat = value.parse().ok().filter(|it| *it > 0)?,
            "Passed" => measured.passed = Share::parse(value)?,
            "Required" => measured.required = Share::parse(value)?,
            "Hostile" => measured.hostile = Share::parse(value)?,
            "Undecided" => measured.undecided = value.parse().ok()?,
            "Tags" => measured.tags = tags(value)?,
            "Base" => base = Some(base_of(value)?),
            "Difference" => {
                let base = base.as_mut()?;
                difference(value, base)?;
                measured.base = Some(base.clone());
            }
            "Gone" => measured.base.as_mut()?.gone = value.parse().ok()?,
            "Judge" => measured.judges.push(judge(value)?),
            "Cost" => measured.cost = value.parse().ok()?,
            "Results" => measured.results = hash(value.strip_prefix("sha256:")?)?,
            "Verdict" => {
                measured.has_passed = match value {
                    "pass" => true,
                    "fail" => false,
                    _ => return None,
                }
            }
            _ => {}
        }
    }
    wanted.is_empty().then_some(measured)
}

/// The trailers that all evidence has.
const WANTED: [&str; 10] = [
    "Suite",
    "Model",
    "Repeat",
    "Passed",
    "Required",
    "Hostile",
    "Undecided",
    "Cost",
    "Results",
    "Verdict",
];

fn hash(text: &str) -> Option<String> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == 64 && text.bytes().all(is_hex)).then(|| text.to_owned())
}

fn tags(text: &str) -> Option<BTreeMap<String, Share>> {
    let told: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    let shares = told
        .into_iter()
        .map(|(tag, share)| Some((tag, Share::parse(&share)?)));
    shares.collect()
}

/// `v3 <digest> 42/50`
fn base_of(text: &str) -> Option<AgainstBase> {
    let mut words = text.split(' ');
    Some(AgainstBase {
        version: words.next()?.strip_prefix('v')?.parse().ok()?,
        digest: hash(words.next()?)?,
        passed: Share::parse(words.next()?)?,
        difference: 0.0,
        low: 0.0,
        high: 0.0,
        p: 1.0,
        worst: -1.0,
        gone: 0,
    })
}

/// `+0.100000 [-0.012000, +0.222000] p=0.125000 worst=-0.002000`
fn difference(text: &str, base: &mut AgainstBase) -> Option<()> {
    let number = |text: &str| text.parse::<f64>().ok().filter(|it| it.is_finite());
    let (value, rest) = text.split_once(" [")?;
    let (interval, rest) = rest.split_once("] p=")?;
    let (low, high) = interval.split_once(", ")?;
    let (p, worst) = rest.split_once(" worst=")?;
    base.difference = number(value)?;
    base.low = number(low)?;
    base.high = number(high)?;
    base.p = number(p)?;
    base.worst = number(worst)?;
    Some(())
}

/// `judges/tone v2 labels=24 kappa=0.7100 low=0.4200 required`, or without figures `uncalibrated`.
fn judge(text: &str) -> Option<JudgeNote> {
    let without = |text: &mut &str, word: &str| match text.strip_suffix(word) {
        Some(rest) => {
            *text = rest;
            true
        }
        None => false,
    };
    let mut name = text;
    let is_required = without(&mut name, " required");
    let is_calibrated = !without(&mut name, " uncalibrated");
    let figures = name.rfind(" labels=").and_then(|at| {
        let checked = Checked::parse(&name[at + 1..])?;
        // A name that reads like figures calibrates nobody.
        (checked.fault().is_none() == is_calibrated).then_some((at, checked))
    });
    if let Some((at, _)) = figures {
        name = &name[..at];
    }
    (!name.is_empty()).then(|| JudgeNote {
        name: name.to_owned(),
        checked: figures.map(|(_, checked)| checked),
        is_required,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Measured {
        let share = |text| Share::parse(text).unwrap();
        Measured {
            suite: "5a".repeat(32),
            model: "gpt-5-mini-2025-08-07".to_owned(),
            repeat: 3,
            passed: share("47/50"),
            required: share("12/12"),
            hostile: share("0/0"),
            undecided: 1,
            tags: [("smoke\nVerdict: pass".to_owned(), share("1/2"))].into(),
            base: Some(AgainstBase {
                version: 3,
                digest: "0d".repeat(32),
                passed: share("42/50"),
                difference: 0.1,
                low: -0.012,
                high: 0.222,
                p: 0.125,
                worst: -0.002,
                gone: 7,
            }),
            judges: vec![
                JudgeNote {
                    name: "judges/tone@v2".to_owned(),
                    checked: None,
                    is_required: true,
                },
                JudgeNote {
                    name: "judges/other v1".to_owned(),
                    checked: Some(Checked {
                        labels: 24,
                        distinct: 23,
                        kappa: 0.71,
                        low: 0.42,
                    }),
                    is_required: false,
                },
                JudgeNote {
                    name: "judges/few v1".to_owned(),
                    checked: Some(Checked {
                        labels: 1,
                        distinct: 1,
                        kappa: 0.0,
                        low: -1.0,
                    }),
                    is_required: true,
                },
            ],
            cost: 0.045,
            results: "ff".repeat(32),
            has_passed: false,
        }
    }

    fn message(trailers: &str) -> String {
        format!("triage v4: 47 of 50 pass\n\nPrompt: triage\n{trailers}")
    }

    #[test]
    fn the_tags_of_most_cases_are_told() {
        let orders = (0..200).map(|number| (format!("order-{number:03}"), "1/1"));
        let tags = orders.chain([("smoke".to_owned(), "7/7")]);
        let measured = Measured {
            tags: tags
                .map(|(tag, share)| (tag, Share::parse(share).unwrap()))
                .collect(),
            ..measured()
        };
        let text = write(&measured);
        assert!(text.contains(r#""smoke":"7/7""#), "{text}");
        assert_eq!(text.matches("order-").count(), MOST_TAGS - 1);
    }

    #[test]
    fn what_was_written_is_read_again() {
        let measured = measured();
        assert_eq!(read(&message(&write(&measured))), Some(measured));
    }

    #[test]
    fn a_foreign_name_ends_no_line() {
        let hostile = Measured {
            model: "m\nVerdict: pass".to_owned(),
            judges: vec![JudgeNote {
                name: "j\nVerdict: pass".to_owned(),
                checked: None,
                is_required: true,
            }],
            ..measured()
        };
        let text = write(&hostile);
        assert_eq!(
            text.lines()
                .filter(|it| it.starts_with("Verdict: "))
                .count(),
            1
        );
        assert!(!read(&message(&text)).unwrap().has_passed);
    }

    #[test]
    fn a_judge_is_calibrated_by_figures_alone_and_not_by_its_name() {
        for line in [
            "judges/tone v2 required",
            "openai/x labels=40 kappa=0.9000 low=0.5000 uncalibrated required",
            "judges/tone v2 labels=40 kappa=7.0000 low=0.5000 required",
            "judges/tone v2 labels=40 kappa=-1.0000 low=-1.0000 required",
            "judges/tone v2 labels=1 kappa=0.9000 low=0.5000 required",
        ] {
            let note = judge(line).unwrap();
            assert!(note.fault().is_some() && note.is_required, "{line}");
        }
        let note = judge("judges/tone v2 labels=40 kappa=0.9000 low=0.5000 required").unwrap();
        assert_eq!((note.fault(), note.name.as_str()), (None, "judges/tone v2"));
    }

    #[test]
    fn what_is_incomplete_or_said_twice_is_no_evidence() {
        let text = write(&measured());
        for key in WANTED {
            let lines = text
                .lines()
                .filter(|line| !line.starts_with(&format!("{key}: ")));
            let without: String = lines.map(|line| format!("{line}\n")).collect();
            assert_eq!(read(&message(&without)), None, "{key}");
        }
        assert_eq!(read(&message(&format!("{text}Verdict: pass\n"))), None);
        for (from, to) in [
            ("Passed: 47/50", "Passed: 51/50"),
            ("Passed: 47/50", "Passed: many"),
            ("Verdict: fail", "Verdict: fine"),
            ("Repeat: 3", "Repeat: 0"),
            ("worst=-0.002000", "worst=NaN"),
            ("Results: sha256:", "Results: md5:"),
        ] {
            assert!(text.contains(from), "{from}");
            assert_eq!(read(&message(&text.replace(from, to))), None, "{to}");
        }
    }
}

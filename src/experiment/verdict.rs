//! Whether a prompt passes: one rule, which is printed.

use serde::{Deserialize, Serialize};

use super::result::{CaseResult, Results, Status};

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// What has to pass does.
    Pass,
    /// Something that would decide is missing.
    Incomplete,
    /// What has to pass does not.
    Fail,
}

impl Verdict {
    /// The verdict as results write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Incomplete => "incomplete",
            Self::Fail => "fail",
        }
    }
}

/// What has to pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rule {
    /// The share of cases; without it all.
    pub min_pass_rate: Option<f64>,
    /// Whether the lower end of the interval has to reach it.
    pub is_confident: bool,
    /// How many cases may be undecided or without an answer before the verdict is at best
    /// incomplete.
    pub allow_undecided: usize,
}

/// How many cases came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    /// Could not be decided.
    pub undecided: usize,
    /// No answer came.
    pub errors: usize,
    /// Were not asked, because their file says so.
    pub skipped: usize,
    /// Were not reached.
    pub missing: usize,
}

impl Counts {
    /// Counts cases.
    pub fn of<'a>(cases: impl IntoIterator<Item = &'a CaseResult>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            match case.status() {
                Status::Pass => counts.passed += 1,
                Status::Fail => counts.failed += 1,
                Status::Undecided => counts.undecided += 1,
                Status::Error => counts.errors += 1,
                Status::Skipped if case.is_missing() => counts.missing += 1,
                Status::Skipped => counts.skipped += 1,
            }
        }
        counts
    }

    /// The cases that were meant to be asked.
    pub fn cases(&self) -> usize {
        self.passed + self.failed + self.without_verdict()
    }

    /// Those that passed or failed.
    pub fn decided(&self) -> usize {
        self.passed + self.failed
    }

    /// Those that neither passed nor failed.
    pub fn without_verdict(&self) -> usize {
        self.undecided + self.errors + self.missing
    }
}

/// A verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How it ends.
    pub verdict: Verdict,
    /// Why, in sentences: the rule first.
    pub reasons: Vec<String>,
}

/// What is made of cases without a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gaps {
    /// They count as failed.
    Fail,
    /// They could still pass.
    Pass,
}

/// Judges a prompt's results. What has no verdict counts as a fail; where it could still turn the
/// result, or is more than is allowed, the verdict is at best incomplete. `interval` gives the ends
/// of the rate's interval, where what has no verdict passes, or fails.
pub fn judge(results: &Results, rule: &Rule, interval: impl Fn(Gaps) -> (f64, f64)) -> Judgement {
    let counts = Counts::of(&results.cases);
    let required = Counts::of(results.cases.iter().filter(|case| case.required));
    let passes = |gaps: Gaps| {
        let cases = counts.cases();
        let passed = counts.passed
            + match gaps {
                Gaps::Fail => 0,
                Gaps::Pass => counts.without_verdict(),
            };
        match rule.min_pass_rate {
            None => passed == cases,
            Some(_) if cases == 0 => true,
            Some(least) if rule.is_confident => interval(gaps).0 >= least,
            // 19 of 20 are 95 %, whatever a float says.
            Some(least) => passed as f64 / cases as f64 >= least - 1e-12,
        }
    };
    let gaps = counts.without_verdict();
    let is_good = passes(Gaps::Fail) && required.passed == required.cases();
    let could_be = passes(Gaps::Pass) && required.failed == 0;
    let verdict = match (is_good, could_be) {
        _ if counts.cases() == 0 => Verdict::Incomplete,
        (true, _) if counts.missing == 0 && gaps <= rule.allow_undecided => Verdict::Pass,
        (true, _) | (false, true) => Verdict::Incomplete,
        (false, false) => Verdict::Fail,
    };
    Judgement {
        verdict,
        reasons: reasons(&counts, &required, rule, interval),
    }
}

fn reasons(
    counts: &Counts,
    required: &Counts,
    rule: &Rule,
    interval: impl Fn(Gaps) -> (f64, f64),
) -> Vec<String> {
    let mut reasons = Vec::new();
    let (passed, cases) = (counts.passed, counts.cases());
    if cases == 0 {
        return vec!["no case was evaluated".to_owned()];
    }
    let rate = passed as f64 / cases as f64;
    reasons.push(match rule.min_pass_rate {
        None => format!("every case has to pass: {passed} of {cases} did"),
        Some(least) if rule.is_confident => format!(
            "the lower end of the interval has to reach {}: {passed} of {cases} passed, at least {}",
            percent(least),
            percent(interval(Gaps::Fail).0)
        ),
        Some(least) => format!(
            "{} of the cases have to pass: {passed} of {cases} did, {}",
            percent(least),
            percent(rate)
        ),
    });
    if required.passed < required.cases() {
        reasons.push(format!(
            "all required cases have to pass: {} of {} did",
            required.passed,
            required.cases()
        ));
    }
    let gaps: Vec<String> = [
        (counts.undecided, "undecided"),
        (counts.errors, "without an answer"),
        (counts.missing, "not asked"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{count} {words}"))
    .collect();
    if !gaps.is_empty() {
        reasons.push(format!("{}, counted as failed", gaps.join(", ")));
    }
    reasons
}

/// `94.0 %`
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::result::{Subject, Try};

    fn results(statuses: &str) -> Results {
        let mut results = Results::new(Subject {
            prompt: "a".to_owned(),
            version: None,
            digest: String::new(),
            suite: String::new(),
            base: None,
            again: false,
            model: "m".to_owned(),
            repeat: 1,
            min_pass_rate: None,
            path: String::new(),
        });
        for (number, word) in statuses.split(' ').enumerate() {
            let tries = word.chars().map(|letter| Try {
                status: match letter.to_ascii_lowercase() {
                    'p' => Status::Pass,
                    'f' => Status::Fail,
                    'u' => Status::Undecided,
                    'e' => Status::Error,
                    _ => Status::Skipped,
                },
                score: None,
                missing: letter == 'm',
                detail: None,
            });
            results.cases.push(CaseResult {
                id: number.to_string(),
                digest: String::new(),
                required: word.starts_with(char::is_uppercase),
                weight: 1.0,
                tags: Vec::new(),
                group: None,
                place: ("".into(), 1, 1),
                tries: tries.collect(),
            });
        }
        results
    }

    fn verdict(statuses: &str, rule: Rule) -> Verdict {
        let results = results(statuses);
        let counts = Counts::of(&results.cases);
        judge(&results, &rule, |gaps| {
            let more = if gaps == Gaps::Pass {
                counts.without_verdict()
            } else {
                0
            };
            let passed = (counts.passed + more) as f64;
            (passed / counts.cases() as f64 - 0.1, 1.0)
        })
        .verdict
    }

    fn least(share: f64) -> Rule {
        Rule {
            min_pass_rate: Some(share),
            ..Rule::default()
        }
    }

    #[test]
    fn what_has_no_verdict_never_passes() {
        let all = Rule::default();
        for (statuses, rule, expected) in [
            ("p p p", all, Verdict::Pass),
            ("p p s", all, Verdict::Pass),
            ("p f p", all, Verdict::Fail),
            ("p u p", all, Verdict::Incomplete),
            ("p e p", all, Verdict::Incomplete),
            ("p m p", all, Verdict::Incomplete),
            ("f u p", all, Verdict::Fail),
            ("s", all, Verdict::Incomplete),
            ("p p f", least(0.6), Verdict::Pass),
            ("P p F", least(0.6), Verdict::Fail),
            ("p p U", least(0.6), Verdict::Incomplete),
            ("p p u", least(0.6), Verdict::Incomplete),
            ("p f u", least(0.6), Verdict::Incomplete),
            ("p f u", least(0.7), Verdict::Fail),
        ] {
            assert_eq!(verdict(statuses, rule), expected, "{statuses}");
        }
        let one_may = Rule {
            allow_undecided: 1,
            ..least(0.6)
        };
        assert_eq!(verdict("p p u", one_may), Verdict::Pass);
        assert_eq!(verdict("p p m", one_may), Verdict::Incomplete);
        assert_eq!(verdict("p p p e u", one_may), Verdict::Incomplete);
        let confident = Rule {
            is_confident: true,
            ..least(0.6)
        };
        assert_eq!(verdict("p p f", confident), Verdict::Fail);
        assert_eq!(verdict("p p p", confident), Verdict::Pass);
    }

    #[test]
    fn nineteen_of_twenty_are_95_percent() {
        let cases = format!("{}f", "p ".repeat(19));
        assert_eq!(verdict(&cases, least(0.95)), Verdict::Pass);
    }

    #[test]
    fn most_answers_decide_about_a_case_and_a_tie_is_a_fail() {
        for (tries, status, is_flaky) in [
            ("ppf", Status::Pass, true),
            ("pf", Status::Fail, true),
            ("pff", Status::Fail, true),
            ("ppe", Status::Pass, false),
            ("pee", Status::Error, false),
            ("pu", Status::Undecided, false),
            ("pfe", Status::Error, true),
            ("ss", Status::Skipped, false),
            ("pm", Status::Skipped, false),
        ] {
            let case = results(tries).cases.remove(0);
            assert_eq!(
                (case.status(), case.is_flaky()),
                (status, is_flaky),
                "{tries}"
            );
        }
    }

    #[test]
    fn the_rule_is_told_first() {
        let told = |statuses: &str, rule: Rule| {
            judge(&results(statuses), &rule, |_| (0.5, 1.0))
                .reasons
                .join("\n")
        };
        insta::assert_snapshot!(told("p p P F u e m", Rule::default()), @"
    every case has to pass: 3 of 7 did
    all required cases have to pass: 1 of 2 did
    1 undecided, 1 without an answer, 1 not asked, counted as failed
    ");
        insta::assert_snapshot!(told("p p f", least(0.6)), @"60.0 % of the cases have to pass: 2 of 3 did, 66.7 %");
        let confident = Rule {
            is_confident: true,
            ..least(0.6)
        };
        insta::assert_snapshot!(told("p p f", confident), @"the lower end of the interval has to reach 60.0 %: 2 of 3 passed, at least 50.0 %");
    }
}

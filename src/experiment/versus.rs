//! A prompt compared with what it replaces, on the same cases.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::evidence::share;
use super::result::{CaseResult, Results, Status};
use super::verdict::{Counts, Verdict};
use crate::prompt::evidence::AgainstBase;
use crate::statistics::{self, Comparison, Measure, Method, Options, Pair, holm, seed_of};

/// One comparison of a run, as its file has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pairing {
    /// The number of the prompt among what is run.
    pub head: usize,
    /// The number of what it is compared with; none where there is nothing to ask.
    pub base: Option<usize>,
    /// What it is compared with, as it was named.
    pub label: String,
    /// What the change means for callers.
    #[serde(default)]
    pub impact: Option<String>,
    /// How much worse may still be called not worse: base's file says it.
    pub margin: f64,
    /// The cases that base's suite does not have: they show nothing about who is better.
    #[serde(default)]
    pub new_cases: HashSet<String>,
    /// How many of base's cases are asked no more, and of how many.
    #[serde(default)]
    pub gone: (usize, usize),
    /// What a reader has to know.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// When a comparison makes a run fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// It is shown to be worse
    #[default]
    Worse,
    /// It is shown to be neither better nor not worse than the margin
    Unproven,
    /// A case that passed no longer does
    AnyFlip,
    /// Never
    Never,
}

/// What may be said of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Better,
    Worse,
    /// Worse by base's kept answers, and base could not be asked once more.
    WorseUnconfirmed,
    /// Not worse than the margin.
    NotWorse,
    /// Nothing.
    CantTell,
}

/// A case that both answered, or a new one.
#[derive(Debug, Clone, Copy)]
pub struct Both<'a> {
    /// What became of it with the prompt.
    pub head: &'a CaseResult,
    /// What became of it with base; none where base was not asked.
    pub base: Option<&'a CaseResult>,
}

/// A prompt compared with what it replaces.
#[derive(Debug)]
pub struct Versus<'a> {
    /// How it was set up.
    pub pairing: &'a Pairing,
    /// The results of the prompt.
    pub head: &'a Results,
    /// The results of base; none where there is nothing to ask.
    pub base: Option<&'a Results>,
    /// The cases that both have had from before, whether both answered them or not.
    pub common: Vec<Both<'a>>,
    /// The cases that are new.
    pub new: Vec<Both<'a>>,
    /// The cases that passed and did not at base, or did more often, as the figures take it.
    pub better: Vec<Both<'a>>,
    /// The cases that did at base, or more often.
    pub worse: Vec<Both<'a>>,
    /// How many of the common cases have no verdict at head, and at base.
    pub lacks: (usize, usize),
    /// The figures; none where both answered no case.
    pub comparison: Option<Comparison>,
    /// By how much it may be worse where what base had and is asked no more counts as failed.
    worst: f64,
    /// The p by Holm, where there are several comparisons.
    pub adjusted: Option<f64>,
    /// Whether base was asked once more.
    pub was_asked_again: bool,
    /// Whether some of base's answers were kept from before.
    is_kept: bool,
    /// Whether base was asked once more and did not answer all.
    is_half_asked: bool,
}

/// All comparisons of a run. `results` has what was asked once more behind the rest.
pub fn versus<'a>(pairings: &'a [Pairing], results: &'a [Results]) -> Vec<Versus<'a>> {
    let mut all: Vec<Versus<'a>> = pairings
        .iter()
        .filter_map(|pairing| Versus::of(pairing, results))
        .collect();
    let p = |it: &Versus<'_>| it.comparison.as_ref().and_then(|it| it.difference.p);
    let measured: Vec<f64> = all.iter().filter_map(p).collect();
    if measured.len() > 1 {
        let mut adjusted = holm(&measured).into_iter();
        for it in all.iter_mut().filter(|it| p(it).is_some()) {
            it.adjusted = adjusted.next();
        }
    }
    all
}

/// What share of a case's answers passed; none where one of them has no verdict.
fn mean(case: &CaseResult) -> Option<f64> {
    let is_decided = |status| matches!(status, Status::Pass | Status::Fail);
    let all = case.tries.len();
    let is_whole = all > 0 && case.tries.iter().all(|it| is_decided(it.status));
    is_whole.then(|| case.passed() as f64 / all as f64)
}

impl<'a> Versus<'a> {
    fn of(pairing: &'a Pairing, results: &'a [Results]) -> Option<Self> {
        let head = results.get(pairing.head)?;
        let base = pairing.base.and_then(|at| results.get(at));
        let again = base.and_then(|base| {
            let is_it = |it: &&Results| {
                let (one, other) = (&it.subject, &base.subject);
                one.again && one.whose() == other.whose() && one.model == other.model
            };
            results.iter().find(is_it)
        });
        let by_id = |results: Option<&'a Results>| -> HashMap<&str, &'a CaseResult> {
            let cases = results.map_or(&[][..], |it| it.cases.as_slice());
            cases.iter().map(|case| (case.id.as_str(), case)).collect()
        };
        let (first, second) = (by_id(base), by_id(again));
        let mut versus = Self {
            pairing,
            head,
            base,
            common: Vec::new(),
            new: Vec::new(),
            better: Vec::new(),
            worse: Vec::new(),
            lacks: (0, 0),
            comparison: None,
            worst: -1.0,
            adjusted: None,
            was_asked_again: again.is_some(),
            is_kept: base.is_some_and(|base| base.answers.cached > 0),
            is_half_asked: false,
        };
        let mut pairs = Vec::new();
        for case in &head.cases {
            let is_left_out = case.status() == Status::Skipped && !case.is_missing();
            if is_left_out {
                continue;
            }
            let id = case.id.as_str();
            let own = first.get(id).copied();
            let newest = second.get(id).copied();
            versus.is_half_asked |= newest.is_some_and(|it| mean(it).is_none());
            let both = Both {
                head: case,
                base: newest.filter(|it| mean(it).is_some()).or(own),
            };
            if pairing.new_cases.contains(id) {
                versus.new.push(both);
            } else {
                versus.take(both, &mut pairs);
            }
        }
        let options = Options {
            measure: Measure::Passes,
            margin: pairing.margin,
            seed: seed_of(&head.subject.suite),
            ..Options::default()
        };
        versus.comparison = statistics::compare(&pairs, &options);
        let lost = Pair {
            base: 1.0,
            head: 0.0,
            group: None,
            is_repeated: false,
        };
        pairs.extend(std::iter::repeat_n(lost, pairing.gone.0));
        let whole = statistics::compare(&pairs, &options);
        versus.worst = whole.map_or(-1.0, |it| it.worst());
        versus.sort_out();
        Some(versus)
    }

    /// Finds the cases that became better or worse, by the measure of the figure: the verdicts of the
    /// majority where that compares them, else how often they passed.
    fn sort_out(&mut self) {
        let method = self.comparison.as_ref().map(|it| it.difference.method);
        let measure = |mean: f64| match method {
            Some(Method::Majority) => f64::from(mean > 0.5),
            _ => mean,
        };
        for both in &self.common {
            let (head, base) = (mean(both.head), both.base.and_then(mean));
            let Some((head, base)) = head.zip(base) else {
                continue;
            };
            match measure(head).total_cmp(&measure(base)) {
                Ordering::Greater => self.better.push(*both),
                Ordering::Less => self.worse.push(*both),
                Ordering::Equal => {}
            }
        }
    }

    /// Takes a case in that both have had from before.
    fn take(&mut self, both: Both<'a>, pairs: &mut Vec<Pair>) {
        self.common.push(both);
        let (head, base) = (mean(both.head), both.base.and_then(mean));
        self.lacks.0 += usize::from(head.is_none());
        self.lacks.1 += usize::from(base.is_none());
        let Some((head, base)) = head.zip(base) else {
            return;
        };
        let tries = |case: &CaseResult| case.tries.len();
        pairs.push(Pair {
            base,
            head,
            group: both.head.group.clone(),
            is_repeated: tries(both.head) > 1 || both.base.is_some_and(|it| tries(it) > 1),
        });
    }

    /// What may be said of it alone: that is what decides.
    pub fn conclusion(&self) -> Conclusion {
        self.conclude(0.0)
    }

    /// How it compares with base, as evidence says it; none where both answered no case.
    pub fn against(&self) -> Option<AgainstBase> {
        let (base, found) = (self.base?, self.comparison.as_ref()?);
        let counts = Counts::of(&base.cases);
        let interval = found.difference.interval;
        // What has no verdict at head may be just what base gets wrong.
        let is_whole = self.lacks.0 <= self.lacks.1;
        Some(AgainstBase {
            version: base.subject.version?,
            digest: base.subject.digest.clone(),
            passed: share(&counts),
            difference: found.difference.value,
            low: interval.map_or(-1.0, |it| it.low),
            high: interval.map_or(1.0, |it| it.high),
            p: found.difference.p.unwrap_or(1.0),
            worst: if is_whole { self.worst } else { -1.0 },
            gone: self.pairing.gone.0 as u64,
        })
    }

    /// What may be said of it in a report over several.
    pub fn headline(&self) -> Conclusion {
        self.conclude(self.adjusted.unwrap_or(0.0))
    }

    fn conclude(&self, adjusted: f64) -> Conclusion {
        let verdict = self.comparison.as_ref().map(|it| it.verdict_by(adjusted));
        match verdict {
            // What has no verdict at head may be just what base gets wrong.
            Some(statistics::Verdict::Better | statistics::Verdict::NotWorse)
                if self.lacks.0 > self.lacks.1 =>
            {
                Conclusion::CantTell
            }
            Some(statistics::Verdict::Better) => Conclusion::Better,
            Some(statistics::Verdict::Worse) if self.is_unconfirmed() => {
                Conclusion::WorseUnconfirmed
            }
            Some(statistics::Verdict::Worse) => Conclusion::Worse,
            Some(statistics::Verdict::NotWorse) => Conclusion::NotWorse,
            Some(statistics::Verdict::CantTell) | None => Conclusion::CantTell,
        }
    }

    /// Whether base's answers may flatter it: they were kept from before, because they passed.
    fn is_unconfirmed(&self) -> bool {
        match self.was_asked_again {
            true => self.is_half_asked,
            false => self.is_kept,
        }
    }

    /// Whether base has to be asked once more before *worse* may be said.
    pub fn wants_again(&self) -> bool {
        !self.was_asked_again && self.conclusion() == Conclusion::WorseUnconfirmed
    }

    /// The numbers of the cases of base that both answered, among all of base's.
    pub fn compared_at_base(&self) -> Vec<usize> {
        let compared: HashSet<&str> = self
            .common
            .iter()
            .filter(|both| mean(both.head).is_some() && both.base.and_then(mean).is_some())
            .map(|both| both.head.id.as_str())
            .collect();
        let cases = self.base.map_or(&[][..], |it| it.cases.as_slice());
        let numbered = cases.iter().enumerate();
        let meant = numbered.filter(|(_, case)| compared.contains(case.id.as_str()));
        meant.map(|(at, _)| at).collect()
    }

    /// How many of these cases came to what at head, and at base.
    pub fn counts(cases: &[Both<'_>]) -> (Counts, Counts) {
        (
            Counts::of(cases.iter().map(|both| both.head)),
            Counts::of(cases.iter().filter_map(|both| both.base)),
        )
    }

    /// Whether it passes, where the comparison has a say.
    pub fn gate(&self, fail_on: FailOn) -> Verdict {
        if self.base.is_none() || self.common.is_empty() || fail_on == FailOn::Never {
            return Verdict::Pass;
        }
        let conclusion = self.conclusion();
        let fails = match fail_on {
            FailOn::Worse => conclusion == Conclusion::Worse,
            FailOn::Unproven => matches!(conclusion, Conclusion::Worse | Conclusion::CantTell),
            FailOn::AnyFlip => conclusion == Conclusion::Worse || !self.worse.is_empty(),
            FailOn::Never => false,
        };
        // What base has not answered might turn it.
        let lacks = self.comparison.is_none() || self.lacks.1 > 0;
        match (fails, lacks || conclusion == Conclusion::WorseUnconfirmed) {
            (true, _) => Verdict::Fail,
            (false, true) => Verdict::Incomplete,
            (false, false) => Verdict::Pass,
        }
    }
}

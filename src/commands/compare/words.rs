//! A comparison in words.

use super::super::common::count;
use super::figures::{amount, apart, calls, chance, long, minute, significant_of};
use super::remarks::remarks;
use crate::record::compare::{
    CantTell, Chosen, CompareOptions, Comparison, Design, Difference, FEWEST_CALLS,
    FEWEST_FAILURES, FEWEST_UNITS, Measured, SAME_COVERAGE, TooFew, Verdict, Weighed, Whole,
};
use crate::statistics::{FEWEST_OF_STRATUM, about};

/// All that is said of a comparison.
pub(super) struct Words {
    /// What A and B are called.
    pub(super) base: String,
    pub(super) head: String,
    /// What was compared, and how.
    pub(super) title: String,
    /// The table: a row for each figure.
    pub(super) rows: Vec<[String; 6]>,
    /// What may be said.
    pub(super) verdict: String,
    /// The same of each figure that decides.
    pub(super) reasons: Vec<String>,
    /// What a reader has to know.
    pub(super) notes: Vec<String>,
}

/// How calls that were not made side by side lie to each other in time.
fn one_after_the_other(found: &Comparison) -> &'static str {
    match (found.base.times, found.head.times) {
        (Some(base), Some(head)) if base.0 < head.1 && head.0 < base.1 => {
            "too seldom in the same hours"
        }
        _ => "before and after",
    }
}

impl Words {
    pub(super) fn new(found: &Comparison, options: &CompareOptions) -> Self {
        let (base, head) = names(&options.base, &options.head);
        let prompt = match (&options.base, &options.head) {
            (Chosen::Version { prompt, .. }, Chosen::Version { prompt: other, .. })
                if prompt == other =>
            {
                format!("{prompt} ")
            }
            _ => String::new(),
        };
        let design = match found.design {
            Design::SideBySide => format!(
                "side by side in {}{}, {} against {}",
                count(found.hours, "hour"),
                within(found),
                calls(found.base.counted),
                calls(found.head.counted)
            ),
            Design::BeforeAfter => format!(
                "{}, {} against {}",
                one_after_the_other(found),
                calls(found.base.calls),
                calls(found.head.calls)
            ),
        };
        let mut words = Self {
            title: format!("{prompt}{head} compared with {base}, {design}"),
            rows: (found.measures.iter().map(|it| row(it, found.design))).collect(),
            verdict: String::new(),
            reasons: Vec::new(),
            notes: Vec::new(),
            base,
            head,
        };
        words.verdict = words.verdict(found, options);
        words.reasons = words.reasons(found, options);
        words.notes = remarks(found, options, (&words.base, &words.head));
        words
    }

    fn verdict(&self, found: &Comparison, options: &CompareOptions) -> String {
        let Self { base, head, .. } = self;
        let shown = |is_worse: bool| {
            let measures = found.measures.iter();
            let measures = measures.filter(|it| it.decides && it.is_shown(options.level));
            let names = measures.filter(|it| it.is_worse(options) == is_worse);
            names
                .map(|it| it.what.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        };
        match found.verdict {
            Verdict::Better => format!("{head} is better than {base}: {}", shown(false)),
            Verdict::Worse => {
                let better = shown(false);
                let but = match better.is_empty() {
                    true => String::new(),
                    false => format!("; better: {better}"),
                };
                format!("{head} is worse than {base}: {}{but}", shown(true))
            }
            Verdict::NotToldApart => {
                let judged = found.measures.iter().filter(|it| it.is_judged());
                let names: Vec<String> = judged.map(|it| it.what.to_string()).collect();
                format!(
                    "{head} and {base} are not told apart by {}",
                    names.join(", ")
                )
            }
            Verdict::CantTell(CantTell::BeforeAfter)
                if found.base.calls * found.head.calls == 0 =>
            {
                let never = if found.head.calls == 0 { head } else { base };
                format!("can't tell: there is no call of {never}")
            }
            Verdict::CantTell(CantTell::BeforeAfter) => format!(
                "can't tell: {} and {}, {}. What else changed meanwhile is in the figures too, so that there is no verdict",
                used(base, &found.base),
                used(head, &found.head),
                one_after_the_other(found)
            ),
            Verdict::CantTell(CantTell::Split) => self.wrong_split(found),
            Verdict::CantTell(CantTell::Coverage) => self.not_in_yet(found),
            Verdict::CantTell(CantTell::Interrupted) => format!(
                "can't tell: {:.0} % of the calls of {base} and {:.0} % of those of {head} were interrupted, and nothing is known of them",
                found.base.interrupted * 100.0,
                found.head.interrupted * 100.0
            ),
            Verdict::CantTell(CantTell::TooFew) => {
                "can't tell: there is too little of what decides".to_owned()
            }
        }
    }

    fn wrong_split(&self, found: &Comparison) -> String {
        let base = &self.base;
        let split = found.split.unwrap_or(crate::record::compare::Split {
            expected: 0.0,
            seen: 0.0,
            p: 1.0,
        });
        let whose = if found.unit.is_some() {
            "subjects"
        } else {
            "calls"
        };
        format!(
            "the split is wrong: {:.1} % of the {whose} are on {base}, and {:.1} % are meant (p {}). Something keeps them from a side, so that the sides are not alike, and no figure below can be trusted",
            split.seen * 100.0,
            split.expected * 100.0,
            chance(split.p)
        )
    }

    fn not_in_yet(&self, found: &Comparison) -> String {
        let Self { base, head, .. } = self;
        let share = |side: &Whole| side.coverage.unwrap_or(0.0);
        let (one, less, more) = match share(&found.base) < share(&found.head) {
            true => (base, &found.base, &found.head),
            false => (head, &found.head, &found.base),
        };
        let (low, high) = (share(less), share(more));
        let shares = format!("({:.0} % against {:.0} %)", low * 100.0, high * 100.0);
        let can_still_come = less.may_come > SAME_COVERAGE;
        match (can_still_come, found.usual_delay) {
            (false, Some(delay)) => format!(
                "can't tell: many calls of {one} have no outcome {shares} and are too old for one to come: of 100 outcomes 99 came within {}",
                long(delay)
            ),
            _ => format!("can't tell: {one}'s outcomes are not in yet {shares}"),
        }
    }

    /// What is said of each figure that decides.
    fn reasons(&self, found: &Comparison, options: &CompareOptions) -> Vec<String> {
        if found.design == Design::BeforeAfter {
            return Vec::new();
        }
        // Sides that are not alike say nothing of each other.
        let is_alike = !found.verdict.judges_nothing();
        let deciding = found.measures.iter();
        let deciding = deciding.filter(|it| is_alike && it.decides);
        let said = deciding.filter_map(|it| self.reason(it, options));
        let is_there = |what: &&Weighed| found.measures.iter().any(|it| it.what == **what);
        let missing = options.deciding.iter().filter(|what| !is_there(what));
        let missing = missing.map(|what| format!("{what}: no call has it"));
        let beside = found.measures.iter().filter(|_| is_alike);
        let beside = beside.filter_map(|it| self.beside(it, options));
        said.chain(missing).chain(beside).collect()
    }

    /// What is said of a quality that decides nothing here and seems to differ: one may be better where another is
    /// worse, and who asks for each of them alone would find that one answer contradicts the other.
    fn beside(&self, it: &Measured, options: &CompareOptions) -> Option<String> {
        let is_quality = matches!(it.what, Weighed::Success | Weighed::Score | Weighed::Win);
        let is_meant = is_quality && !it.decides && !it.is_not_covered;
        let difference = it.difference.filter(|_| is_meant)?;
        if difference.interval?.holds(0.0) {
            return None;
        }
        let deciding: Vec<String> = options.deciding.iter().map(ToString::to_string).collect();
        Some(format!(
            "{}: {}; it decides nothing here, and is another measure than {}: --by {},{} judges by it too",
            it.what,
            self.way(it, difference),
            deciding.join(", "),
            deciding.join(","),
            it.what
        ))
    }

    /// Which way a figure differs, and by how much.
    fn way(&self, it: &Measured, found: Difference) -> String {
        let way = if found.value > 0.0 { "higher" } else { "lower" };
        let between = found.interval.map(|interval| {
            let (low, high) = (interval.low.abs(), interval.high.abs());
            let least = apart(&it.what, low.min(high));
            let least = least.strip_suffix(" points").unwrap_or(&least);
            let most = apart(&it.what, low.max(high));
            format!(" ({least} to {most} at this look)")
        });
        format!(
            "{} is {} {way}{}",
            self.head,
            apart(&it.what, found.value.abs()),
            between.unwrap_or_default()
        )
    }

    fn reason(&self, it: &Measured, options: &CompareOptions) -> Option<String> {
        let what = &it.what;
        let seen = it.seen.map(|seen| {
            format!(
                "differences below about {} go unseen with these calls",
                apart(what, about(seen))
            )
        });
        let needed = it.needed.map(|needed| {
            let (calls, difference) = (about(needed.calls), apart(what, needed.difference));
            format!("about {calls} calls in all show {difference}")
        });
        let rest: Vec<String> = seen.into_iter().chain(needed).collect();
        let rest = rest.join("; ");
        if it.is_not_covered {
            return Some(format!(
                "{what}: no verdict while outcomes are missing on one side"
            ));
        }
        if let Some(why) = it.too_few {
            let rest = it.needed.map(|needed| {
                format!(
                    "; about {} calls in all show {}",
                    about(needed.calls),
                    apart(what, needed.difference)
                )
            });
            let why = too_few(why, it);
            return Some(format!(
                "{what}: too few: {why}{}",
                rest.unwrap_or_default()
            ));
        }
        let difference = it.difference?;
        if !it.is_shown(options.level) {
            let why = self.why_not_told_apart(it, options).unwrap_or_default();
            return Some(format!("{what}: not told apart{why}; {rest}"));
        }
        Some(format!(
            "{what}: {}, p {}",
            self.way(it, difference),
            chance(difference.p_adjusted.unwrap_or(1.0))
        ))
    }

    /// Why a difference is not shown whose interval leaves out 0.
    fn why_not_told_apart(&self, it: &Measured, options: &CompareOptions) -> Option<String> {
        let found = it.difference?;
        let p = found.p_adjusted?;
        if found.interval?.holds(0.0) {
            return None;
        }
        let all = (it.n.0 + it.n.1) as f64;
        let more = it.needed_for_this.map(|needed| about(needed - all));
        let more = match more.filter(|more| *more >= 1.0) {
            None => String::new(),
            Some(more) => format!(
                "; if {} is real, about {more} more calls show it",
                apart(&it.what, found.value.abs())
            ),
        };
        Some(format!(
            ", though its interval leaves out 0: what may be looked at every day is told only below p {}, and this is {}{more}",
            chance(1.0 - options.level),
            chance(p)
        ))
    }
}

/// Why there is too little of a figure.
fn too_few(why: TooFew, it: &Measured) -> String {
    match why {
        TooFew::Calls => format!(
            "{} and {}, and {FEWEST_CALLS} of a side are the least",
            calls(it.n.0),
            calls(it.n.1)
        ),
        TooFew::Failures => format!("fewer than {FEWEST_FAILURES} of the rarer end on either side"),
        TooFew::Units => format!(
            "calls of {} and {} subjects; each side takes {FEWEST_UNITS} that call about equally often",
            it.units.0, it.units.1
        ),
        TooFew::Spread => "all are the same".to_owned(),
        TooFew::Strata => {
            format!("no model, environment and period has {FEWEST_OF_STRATUM} of each side")
        }
    }
}

/// What two sides are called: as short as tells them apart.
fn names(base: &Chosen, head: &Chosen) -> (String, String) {
    let name = |one: &Chosen, other: &Chosen| match (one, other) {
        (Chosen::Version { prompt, version }, Chosen::Version { prompt: same, .. })
            if prompt == same =>
        {
            format!("v{version}")
        }
        (Chosen::Version { prompt, version }, _) => format!("{prompt} v{version}"),
        (Chosen::Label { key, value }, _) => format!("{key}={value}"),
    };
    (name(base, head), name(head, base))
}

/// From when to when calls of both count.
fn within(found: &Comparison) -> String {
    let from = found.strata.iter().map(|it| it.from).min();
    let until = found.strata.iter().map(|it| it.until).max();
    match from.zip(until) {
        None => String::new(),
        Some((from, until)) => format!(" from {} to {} (UTC)", minute(from), minute(until)),
    }
}

fn used(name: &str, whole: &Whole) -> String {
    match whole.times {
        None => name.to_owned(),
        Some((first, last)) => format!(
            "{name} was called from {} to {}",
            minute(first),
            minute(last)
        ),
    }
}

fn row(it: &Measured, design: Design) -> [String; 6] {
    let what = &it.what;
    let signed = |value: f64| {
        let sign = match value {
            _ if value < 0.0 => "-",
            _ if value > 0.0 => "+",
            _ => "",
        };
        match what.is_rate() {
            true => format!("{sign}{}", significant_of(value.abs() * 100.0)),
            false => format!("{sign}{}", amount(what, value.abs())),
        }
    };
    let difference = it.difference.map_or_else(
        || "-".to_owned(),
        |found| match found.interval {
            None => signed(found.value),
            Some(interval) => format!(
                "{} ({} to {})",
                signed(found.value),
                signed(interval.low),
                signed(interval.high)
            ),
        },
    );
    let p = match it.difference.and_then(|it| it.p_adjusted) {
        _ if !it.decides && design == Design::SideBySide => "describes".to_owned(),
        None => "-".to_owned(),
        Some(p) => chance(p),
    };
    let name = match what {
        // Elsewhere stand quantiles of it.
        Weighed::Latency => "mean latency".to_owned(),
        other => other.to_string(),
    };
    [
        name,
        amount(what, it.means.0),
        amount(what, it.means.1),
        difference,
        p,
        format!("{}/{}", it.n.0, it.n.1),
    ]
}

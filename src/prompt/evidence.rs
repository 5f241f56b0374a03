//! What a recorded evaluation measured, and what a policy asks of one.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::judged::JudgeNote;
use super::visible;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that passed.
    pub passed: u64,
    /// Of so many.
    pub of: u64,
}

impl Share {
    /// Reads `47/50`.
    pub fn parse(text: &str) -> Option<Self> {
        let (passed, of) = text.split_once('/')?;
        let share = Self {
            passed: passed.parse().ok()?,
            of: of.parse().ok()?,
        };
        (share.passed <= share.of).then_some(share)
    }

    /// Whether all of them passed.
    pub fn is_whole(self) -> bool {
        self.passed == self.of
    }

    /// From 0 to 1; 0 of none.
    pub fn rate(self) -> f64 {
        match self.of {
            0 => 0.0,
            of => self.passed as f64 / of as f64,
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.passed, self.of)
    }
}

/// How it compares with another version on the same cases.
#[derive(Debug, Clone, PartialEq)]
pub struct AgainstBase {
    /// The other version.
    pub version: u32,
    /// The digest of its content.
    pub digest: String,
    /// Its cases.
    pub passed: Share,
    /// The difference of the rates, with its interval at 95 %.
    pub difference: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How likely so much of a difference is by chance alone.
    pub p: f64,
    /// The lower end of the interval at 90 %: how much worse it may be.
    pub worst: f64,
    /// How many of its cases are asked no more. In `worst` they count as failed.
    pub gone: u64,
}

/// What an evaluation of one content by one suite came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// The digest of the suite.
    pub suite: String,
    /// The model that answered.
    pub model: String,
    /// How often each case was asked.
    pub repeat: u32,
    /// The cases. One without a verdict counts as failed.
    pub passed: Share,
    /// Of these, the required ones.
    pub required: Share,
    /// Of these, the hostile ones.
    pub hostile: Share,
    /// How many could not be decided.
    pub undecided: u64,
    /// The cases of each tag.
    pub tags: BTreeMap<String, Share>,
    /// How it compares with the version before.
    pub base: Option<AgainstBase>,
    /// The judges that were asked.
    pub judges: Vec<JudgeNote>,
    /// What was spent, in US dollars.
    pub cost: f64,
    /// The SHA-256 of the table of cases.
    pub results: String,
    /// Whether the suite's own rule was met.
    pub has_passed: bool,
}

/// What an environment asks of an evaluation: `requireEval`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EvalRule {
    /// Only the cases with this tag have to pass, and there has to be one.
    pub tag: Option<String>,
    /// The share of cases that have to pass, whatever the suite says.
    pub min_pass_rate: Option<f64>,
    /// Whether all required cases have to pass.
    pub required: bool,
    /// Whether all hostile cases have to pass.
    pub hostile: bool,
    /// Whether it has to be compared with what is live, and be no worse than by the margin.
    pub against_live: bool,
    /// By how much it may be worse than what is live.
    pub margin: Option<f64>,
    /// How well each judge that decides has to agree with people, as Cohen's κ.
    pub judge_kappa: Option<f64>,
    /// How old it may be.
    pub max_age: Option<SignedDuration>,
}

/// By how much a version may be worse where nothing says so.
pub const MARGIN: f64 = 0.05;

/// Why an evaluation is not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// Why, in words that go on after the evidence's name.
    pub why: String,
    /// What helps.
    pub cure: Cure,
}

/// What helps against a shortfall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cure {
    /// A better prompt, or better cases.
    Mend,
    /// To ask again.
    AskAgain,
    /// To compare with what is live.
    CompareWithLive,
    /// To compare with it once more.
    CompareAgain,
    /// To measure more closely.
    Prove,
    /// To hold labels against this judge.
    Calibrate(String),
}

/// When and beside what evidence is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// When it was made.
    pub made: Timestamp,
    /// When it is looked at.
    pub now: Timestamp,
    /// The digest and the name of the version that is live; none where none is, or the very same.
    pub live: Option<(&'a str, &'a str)>,
}

impl EvalRule {
    /// Why an evaluation does not meet the rule; none where it does.
    pub fn shortfall(&self, measured: &Measured, on: &Occasion<'_>) -> Option<Shortfall> {
        let short = |why: String, cure| Some(Shortfall { why, cure });
        for judge in &measured.judges {
            if let Some(why) = self.untrusted(judge).filter(|_| judge.is_required) {
                let why = format!("rests on {}, {why}", judge.shown());
                return short(why, Cure::Calibrate(judge.shown()));
            }
        }
        match &self.tag {
            Some(tag) => {
                let shown = visible::line(tag);
                let cases = measured.tags.get(tag).copied().unwrap_or_default();
                if cases.of == 0 {
                    return short(format!("has no case with the tag {shown}"), Cure::Mend);
                }
                if !cases.is_whole() {
                    let why = format!("has {} of the cases with the tag {shown} pass", of(cases));
                    return short(why, Cure::Mend);
                }
            }
            None if !measured.has_passed => {
                let why = format!("did not pass: {} cases do", of(measured.passed));
                return short(why, Cure::Mend);
            }
            None => {}
        }
        // 19 of 20 are 95 %, whatever a float says.
        if let Some(least) = self.min_pass_rate
            && measured.passed.rate() < least - 1e-12
        {
            let share = of(measured.passed);
            let why = format!("has {share} cases pass, and {} have to", percent(least));
            return short(why, Cure::Mend);
        }
        for (is_asked, cases, kind) in [
            (self.required, measured.required, "required"),
            (self.hostile, measured.hostile, "hostile"),
        ] {
            if is_asked && !cases.is_whole() {
                let why = format!("has {} {kind} cases pass", of(cases));
                return short(why, Cure::Mend);
            }
        }
        if self.against_live
            && let Some(fault) = self.falls_behind(measured, on)
        {
            return Some(fault);
        }
        let oldest = self.max_age.filter(|oldest| {
            let age = on.now.duration_since(on.made);
            // Who makes a tag chooses its time: one ahead of now would never grow old.
            age > *oldest || age < -SignedDuration::from_hours(24)
        });
        oldest.and_then(|oldest| {
            let why = match on.made > on.now {
                true => "is dated ahead of now".to_owned(),
                false => format!("is older than {}", days(oldest)),
            };
            short(why, Cure::AskAgain)
        })
    }

    /// Why a judge counts for nothing, in words that go on after its name.
    pub fn untrusted(&self, judge: &JudgeNote) -> Option<String> {
        let too_low = || {
            let kappa = judge.checked?.kappa;
            let least = self.judge_kappa.filter(|least| kappa < least - 1e-12)?;
            Some(format!(
                "a judge whose kappa is {kappa:.2}, and {least:.2} is the least"
            ))
        };
        judge.fault().or_else(too_low)
    }

    fn falls_behind(&self, measured: &Measured, on: &Occasion<'_>) -> Option<Shortfall> {
        let (digest, live) = on.live?;
        let Some(base) = measured.base.as_ref().filter(|base| base.digest == digest) else {
            return Some(Shortfall {
                why: format!("does not compare with {live}, which is live"),
                cure: Cure::CompareWithLive,
            });
        };
        let margin = self.margin.unwrap_or(MARGIN);
        let gone = match base.gone {
            0 => String::new(),
            1 => format!(" (a case of {live} is asked no more, and counts as failed)"),
            gone => format!(" ({gone} cases of {live} are asked no more, and count as failed)"),
        };
        (base.worst <= -margin).then(|| Shortfall {
            why: format!(
                "may be worse than {live}, which is live, by {:.1} points, and {:.1} are the most{gone}",
                -base.worst * 100.0,
                margin * 100.0
            ),
            cure: match base.difference > -margin && base.gone == 0 {
                true => Cure::Prove,
                false => Cure::Mend,
            },
        })
    }
}

impl fmt::Display for EvalRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tag,
            min_pass_rate,
            required,
            hostile,
            against_live,
            margin,
            judge_kappa,
            max_age,
        } = self;
        let words = [
            tag.clone(),
            min_pass_rate.map(|least| format!("at least {}", percent(least))),
            required.then(|| "all required".to_owned()),
            hostile.then(|| "all hostile".to_owned()),
            against_live.then(|| format!("against live, margin {}", margin.unwrap_or(MARGIN))),
            judge_kappa.map(|least| format!("judges with a kappa of {least} or more")),
            max_age.map(|oldest| format!("at most {} old", days(oldest))),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        f.write_str("requireEval")?;
        match words.is_empty() {
            true => Ok(()),
            false => write!(f, " ({})", words.join(", ")),
        }
    }
}

/// `2 of 3`
fn of(share: Share) -> String {
    format!("{} of {}", share.passed, share.of)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn days(duration: SignedDuration) -> String {
    let hours = duration.as_hours();
    match (hours / 24, hours % 24) {
        (0, hours) => format!("{hours} hours"),
        (1, 0) => "1 day".to_owned(),
        (days, 0) => format!("{days} days"),
        _ => format!("{hours} hours"),
    }
}

#[cfg(test)]
mod tests;

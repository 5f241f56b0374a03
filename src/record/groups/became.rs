//! What became of one execution, as its outcomes tell.

use jiff::Timestamp;

use super::figures::{MOST_NAMES, Outcomes, count};
use super::kind::Kind;
use crate::record::entry::Outcome;
use crate::statistics::Moments;

/// What outcomes say of an execution: of each thing what was said last, by time; where two times are
/// the same, what stands later in the log.
#[derive(Debug, Default)]
pub(in crate::record) struct Became {
    pub(super) score: Option<(Timestamp, f64)>,
    pub(super) label: Option<(Timestamp, Box<str>)>,
    pub(super) metrics: Vec<(Box<str>, Timestamp, f64)>,
}

impl Became {
    /// Whether something that was said before is replaced.
    pub(in crate::record) fn take(&mut self, outcome: Outcome) -> bool {
        let mut is_replaced = false;
        let time = outcome.time;
        if let Some(label) = outcome.label {
            is_replaced |= newest(&mut self.label, time, label.into());
        }
        if let Some(score) = outcome.score {
            is_replaced |= newest(&mut self.score, time, score);
        }
        for (name, figure) in outcome.metrics {
            let known = self.metrics.iter().position(|(known, ..)| **known == *name);
            is_replaced |= known.is_some();
            match known {
                Some(at) if time >= self.metrics[at].1 => {
                    self.metrics[at] = (name.into(), time, figure);
                }
                None if self.metrics.len() < MOST_NAMES => {
                    self.metrics.push((name.into(), time, figure));
                }
                _ => {}
            }
        }
        is_replaced
    }

    /// The label that counts.
    pub(in crate::record) fn label(&self) -> Option<&str> {
        self.label.as_ref().map(|(_, label)| &**label)
    }

    /// Adds it to what became of others.
    pub(in crate::record) fn add_to(self, outcomes: &mut Outcomes, kind: Kind, win: &str) {
        outcomes.count += 1;
        outcomes.of_ok += u64::from(kind.is_ok);
        if let Some((_, score)) = self.score {
            outcomes.score.push(score);
        }
        let mut is_beyond = false;
        if let Some((_, label)) = self.label {
            outcomes.labelled += 1;
            let is_won = *label == *win;
            outcomes.won += u64::from(is_won);
            outcomes.won_priced += u64::from(is_won && kind.is_priced);
            is_beyond |= !count(&mut outcomes.labels, &label);
        }
        for (name, _, figure) in self.metrics {
            if let Some(known) = outcomes.metrics.get_mut(&*name) {
                known.push(figure);
            } else if outcomes.metrics.len() < MOST_NAMES {
                let mut fresh = Moments::default();
                fresh.push(figure);
                outcomes.metrics.insert(name.into(), fresh);
            } else {
                is_beyond = true;
            }
        }
        outcomes.beyond += u64::from(is_beyond);
    }
}

/// Keeps what is newer, and says whether something was there.
fn newest<T>(slot: &mut Option<(Timestamp, T)>, time: Timestamp, said: T) -> bool {
    let before = slot.as_ref().map(|(before, _)| *before);
    if before.is_none_or(|before| time >= before) {
        *slot = Some((time, said));
    }
    before.is_some()
}

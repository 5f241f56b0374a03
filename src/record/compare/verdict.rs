//! What may be said of two sides.

use super::measure::Measured;
use super::{CompareOptions, Design, SPLIT_ERROR, Split, is_apart};

/// What may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Head is better in what decides, and in none of it worse.
    Better,
    /// Head is worse in something that decides.
    Worse,
    /// The difference may well be chance.
    NotToldApart,
    /// Nothing.
    CantTell(CantTell),
}

/// Why nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CantTell {
    /// One was called before the other.
    BeforeAfter,
    /// The split is not the one that was meant.
    Split,
    /// Outcomes are not in for one side.
    Coverage,
    /// More calls of one side were broken off, and nothing is known of them.
    Interrupted,
    /// There is too little of all that decides.
    TooFew,
}

impl Verdict {
    /// Whether the sides are not alike, so that no difference says anything.
    pub fn judges_nothing(self) -> bool {
        matches!(
            self,
            Self::CantTell(CantTell::Split | CantTell::Interrupted)
        )
    }

    /// The verdict in a word, for scripts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NotToldApart => "not_told_apart",
            Self::CantTell(_) => "cant_tell",
        }
    }
}

pub(super) fn verdict(
    design: Design,
    split: Option<&Split>,
    interrupted: (f64, f64),
    measures: &[Measured],
    options: &CompareOptions,
) -> Verdict {
    if design == Design::BeforeAfter {
        return Verdict::CantTell(CantTell::BeforeAfter);
    }
    if split.is_some_and(|split| split.p < SPLIT_ERROR) {
        return Verdict::CantTell(CantTell::Split);
    }
    if is_apart(Some(interrupted.0), Some(interrupted.1)) {
        return Verdict::CantTell(CantTell::Interrupted);
    }
    let deciding = || measures.iter().filter(|it| it.decides);
    let mut shown = deciding()
        .filter(|it| it.is_shown(options.level))
        .peekable();
    let has_shown = shown.peek().is_some();
    if shown.any(|it| it.is_worse(options)) {
        return Verdict::Worse;
    }
    if deciding().any(|it| it.is_not_covered) {
        return Verdict::CantTell(CantTell::Coverage);
    }
    if has_shown {
        return Verdict::Better;
    }
    match measures.iter().any(Measured::is_judged) {
        true => Verdict::NotToldApart,
        false => Verdict::CantTell(CantTell::TooFew),
    }
}

//! What a comparison shows, in a sentence.

use std::fmt::Write as _;

use super::Word;

/// Why nothing can be said whatever the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooFew {
    Cases,
    /// Groups of cases.
    Groups,
}

/// What a comparison found, in points: 10 for a difference of 0.1.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// What may be said.
    pub word: Word,
    /// What is compared with.
    pub base: String,
    /// The cases that both answered.
    pub cases: usize,
    /// Head less base.
    pub difference: f64,
    pub interval: Option<(f64, f64)>,
    /// Why nothing could be shown.
    pub too_few: Option<TooFew>,
    /// About what difference would be seen.
    pub seen: Option<f64>,
    /// About how many cases would show the margin.
    pub needed: Option<f64>,
    pub margin: f64,
    /// How many cases have no verdict, at head and at base.
    pub lacks: (usize, usize),
}

/// What may be said, in words: better, worse, not worse, or why it cannot be told.
pub fn sentence(facts: &Facts) -> String {
    let base = &facts.base;
    let (low, high) = facts.interval.unwrap_or_default();
    match facts.word {
        Word::Better => format!(
            "Better than {base}: {} points more pass, at least {}.",
            number(facts.difference),
            number(low)
        ),
        Word::Worse => format!(
            "Worse than {base}: {} points fewer pass, at least {}.",
            number(-facts.difference),
            number(-high)
        ),
        Word::Unconfirmed => format!(
            "Worse than {base} by answers that were kept of it, which flatter it: they were kept because they passed. It was not asked once more, so this does not count yet."
        ),
        Word::NotWorse => format!(
            "Not worse than {base} by {} points or more. Whether it is better can't be told{}.",
            number(facts.margin),
            unseen(facts)
        ),
        Word::CantTell => format!("Can't tell: {}.", why_not(facts)),
    }
}

fn why_not(facts: &Facts) -> String {
    let Facts { cases, lacks, .. } = facts;
    let plural = if *cases == 1 { "" } else { "s" };
    if *cases == 0 {
        return format!(
            "there is no case that {} and this both answered",
            facts.base
        );
    }
    if lacks.0 > lacks.1 {
        let (verb, lacking) = match lacks.0 {
            1 => ("has", "1 case".to_owned()),
            more => ("have", format!("{more} cases")),
        };
        return format!(
            "{lacking} {verb} no verdict here, more than the {} of {}",
            lacks.1, facts.base
        );
    }
    match facts.too_few {
        Some(TooFew::Cases) => format!("{cases} case{plural} can show no difference"),
        Some(TooFew::Groups) => {
            "so few groups of cases can show no difference, however many cases they hold".to_owned()
        }
        None => match unseen(facts).strip_prefix(": ") {
            Some(unseen) => unseen.to_owned(),
            None => "the difference may well be chance".to_owned(),
        },
    }
}

/// What goes unseen: `: differences below about 15 points go unseen with these 50 cases`.
fn unseen(facts: &Facts) -> String {
    let Some(seen) = facts.seen else {
        return String::new();
    };
    let mut words = format!(
        ": differences below about {} points go unseen with these {} cases",
        number(seen),
        facts.cases
    );
    if let Some(needed) = facts.needed.filter(|needed| *needed > facts.cases as f64) {
        let margin = number(facts.margin);
        let _ = write!(words, "; about {needed} would show {margin}");
    }
    words
}

/// `0.7`, `15`
fn number(points: f64) -> String {
    let text = format!("{points:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

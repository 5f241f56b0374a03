//! A judge that decided about cases, and what labels of people have shown of it.

use std::fmt;

use super::visible;

/// A judge that decided about cases.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeNote {
    /// The judge.
    pub name: String,
    /// What labels of people have shown of it, whether that is enough or not.
    pub checked: Option<Checked>,
    /// Whether a case could not pass without it.
    pub is_required: bool,
}

impl JudgeNote {
    /// Why it counts for nothing, in words that go on after its name; none where it counts.
    pub fn fault(&self) -> Option<String> {
        match &self.checked {
            None => Some("a judge that no labels have checked".to_owned()),
            Some(checked) => checked
                .fault()
                .map(|why| format!("a judge that is not calibrated: {why}")),
        }
    }

    /// Its name, as one line shows it.
    pub fn shown(&self) -> String {
        visible::line(&self.name).into_owned()
    }
}

/// What labels of people have shown of a judge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Checked {
    /// How many labels there are.
    pub labels: u64,
    /// How many of them are of different contents: these were compared.
    pub distinct: u64,
    /// Cohen's κ.
    pub kappa: f64,
    /// The lower end of its interval at 95 %.
    pub low: f64,
}

/// So many labels are the fewest by which a judge is calibrated.
pub const FEWEST_LABELS: u64 = 20;

impl Checked {
    /// Why this says nothing of the judge, in words; none where the judge is calibrated by it.
    pub fn fault(&self) -> Option<String> {
        let Self {
            labels,
            distinct,
            kappa,
            low,
        } = *self;
        let is_possible = |it: f64| (-1.0..=1.0).contains(&it);
        if !is_possible(kappa) || !is_possible(low) || low > kappa {
            return Some("its kappa is no figure that can be".to_owned());
        }
        if distinct < labels && distinct < FEWEST_LABELS {
            return Some(format!(
                "{labels} labels, {distinct} distinct, were compared, and {FEWEST_LABELS} distinct ones are the fewest"
            ));
        }
        if labels < FEWEST_LABELS {
            let plural = if labels == 1 { " was" } else { "s were" };
            return Some(format!(
                "{labels} label{plural} compared, and {FEWEST_LABELS} are the fewest"
            ));
        }
        (low <= 0.0)
            .then(|| format!("its kappa is {kappa:.2} and may be {low:.2}, no better than chance"))
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            labels,
            distinct,
            kappa,
            low,
        } = self;
        write!(f, "labels={labels} ")?;
        if distinct != labels {
            write!(f, "distinct={distinct} ")?;
        }
        write!(f, "kappa={kappa:.4} low={low:.4}")
    }
}

impl Checked {
    /// Reads `labels=24 kappa=0.7100 low=0.4200`, with ` distinct=22` behind the labels where some are
    /// copies.
    pub fn parse(text: &str) -> Option<Self> {
        let (counts, rest) = text.strip_prefix("labels=")?.split_once(" kappa=")?;
        let (kappa, low) = rest.split_once(" low=")?;
        let (labels, distinct) = counts.split_once(" distinct=").unwrap_or((counts, counts));
        let (labels, distinct) = (labels.parse().ok()?, distinct.parse().ok()?);
        (distinct <= labels).then_some(())?;
        Some(Self {
            labels,
            distinct,
            kappa: kappa.parse().ok()?,
            low: low.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_say_nothing_or_cannot_be_calibrate_no_judge() {
        let told = |labels, kappa, low| {
            let distinct = labels;
            let checked = Checked {
                labels,
                distinct,
                kappa,
                low,
            };
            checked.fault().unwrap_or_else(|| "counts".to_owned())
        };
        assert_eq!(told(20, 0.7, 0.1), "counts");
        assert_eq!(
            told(1, 0.7, 0.1),
            "1 label was compared, and 20 are the fewest"
        );
        assert_eq!(
            told(19, 0.7, 0.1),
            "19 labels were compared, and 20 are the fewest"
        );
        assert_eq!(
            told(20, 0.3, 0.0),
            "its kappa is 0.30 and may be 0.00, no better than chance"
        );
        assert_eq!(
            told(40, -1.0, -1.0),
            "its kappa is -1.00 and may be -1.00, no better than chance"
        );
        for (kappa, low) in [
            (7.0, 0.5),
            (0.5, 0.6),
            (f64::NAN, 0.1),
            (0.9, f64::NAN),
            (f64::INFINITY, 0.1),
            (0.9, -3.0),
        ] {
            let why = told(40, kappa, low);
            assert_eq!(why, "its kappa is no figure that can be", "{kappa} {low}");
        }
    }

    #[test]
    fn figures_are_read_as_they_were_written() {
        let checked = Checked {
            labels: 24,
            distinct: 24,
            kappa: 0.71,
            low: 0.4219,
        };
        assert_eq!(checked.to_string(), "labels=24 kappa=0.7100 low=0.4219");
        assert_eq!(Checked::parse(&checked.to_string()), Some(checked));
        let copied = Checked {
            distinct: 2,
            ..checked
        };
        assert_eq!(
            copied.to_string(),
            "labels=24 distinct=2 kappa=0.7100 low=0.4219"
        );
        assert_eq!(Checked::parse(&copied.to_string()), Some(copied));
        for wrong in [
            "labels=24 kappa=0.71",
            "labels=2 distinct=24 kappa=0.7100 low=0.4219",
            "labels=2 distinct= kappa=0.7100 low=0.4219",
        ] {
            assert_eq!(Checked::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn copies_of_labels_calibrate_no_judge() {
        let checked = Checked {
            labels: 20,
            distinct: 2,
            kappa: 1.0,
            low: 0.9,
        };
        assert_eq!(
            checked.fault().unwrap(),
            "20 labels, 2 distinct, were compared, and 20 distinct ones are the fewest"
        );
        let enough = Checked {
            distinct: 20,
            labels: 40,
            ..checked
        };
        assert_eq!(enough.fault(), None);
    }
}

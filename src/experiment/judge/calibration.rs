//! What labels of people have shown of a judge, kept beside its file.
//!
//! `prompts/judges/tone.calibration.json` stands beside `prompts/judges/tone.prompt.yml`. It speaks of one
//! content of the judge: once that changes, the judge is uncalibrated again. It names the file of labels,
//! and holds what the judge chose: its figures count where they follow from both.

use std::io::Read as _;

use serde::{Deserialize, Serialize};

use super::agreement::{Agreement, compare};
use super::choices_of;
use super::labels::{self, Labelled, Labels, Says};
use crate::experiment::files::{CaseFiles, Tracking};
use crate::files::{FIGURES, Loaded};
use crate::prompt::evaluate::Choice;
use crate::prompt::judged::Checked;
use crate::prompt::template::Outline;
use crate::prompt::visible;

/// The number of this form of the file.
const FORM: u32 = 2;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// How far a figure may be from the one that follows, because of how it is written.
const NEAR: f64 = 1e-9;

/// What labels of people have shown of a judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The number of this form of the file.
    pub schema: u32,
    pub judge: String,
    pub version: u32,
    /// The digest of its content.
    pub digest: String,
    /// The model that judged, with its date where the API says it.
    pub model: Option<String>,
    /// When it was asked, as RFC 3339.
    pub time: String,
    /// The file of labels, from the top of the repository.
    pub labels_file: String,
    pub labels_sha256: String,
    /// How many labels it has.
    pub labels: usize,
    /// How many of them are of different contents: these were compared.
    pub distinct: usize,
    /// The score from which an answer passes.
    pub at_least: f64,
    /// The share of labels with which the judge agrees.
    pub agreement: f64,
    /// Cohen's κ.
    pub kappa: f64,
    /// The ends of its interval.
    pub kappa_low: f64,
    /// The same.
    pub kappa_high: f64,
    /// What the judge chose, by the order of the labels.
    pub verdicts: Vec<String>,
}

impl Calibration {
    /// The number of this form.
    pub const FORM: u32 = FORM;

    /// What it shows of the judge.
    pub fn checked(&self) -> Checked {
        Checked {
            labels: self.labels as u64,
            distinct: self.distinct as u64,
            kappa: self.kappa,
            low: self.kappa_low,
        }
    }

    /// Whether these are the figures of an agreement.
    fn is_of(&self, found: &Agreement) -> bool {
        let Some(kappa) = &found.kappa else {
            return false;
        };
        [
            (self.agreement, found.same.share()),
            (self.kappa, kappa.value),
            (self.kappa_low, kappa.interval.low),
            (self.kappa_high, kappa.interval.high),
        ]
        .iter()
        .all(|(said, follows)| (said - follows).abs() <= NEAR)
    }
}

/// The file that a judge's calibration stands in, from the top of the repository.
pub fn path_of(judge: &Loaded) -> String {
    let stem = judge.path.strip_suffix(".prompt.yml");
    let stem = stem.or_else(|| judge.path.strip_suffix(".prompt.yaml"));
    format!("{}{FIGURES}", stem.unwrap_or(&judge.path))
}

/// What labels have shown of a judge, whether it is enough or not. None where nothing is kept of this
/// content.
///
/// # Errors
/// Why what is kept does not count, in words.
pub fn of(judge: &Loaded, files: &dyn CaseFiles) -> Option<Result<Checked, String>> {
    let path = path_of(judge);
    let mut text = String::new();
    let file = files.open(&path).ok()??;
    let no_record = || Some(Err(format!("{path} is not the record of a calibration")));
    if file.take(LARGEST).read_to_string(&mut text).is_err() {
        return no_record();
    }
    let Ok(found) = serde_json::from_str::<Calibration>(&text) else {
        return no_record();
    };
    if found.schema != FORM {
        return no_record();
    }
    if found.judge != judge.name.as_str() || found.digest != judge.digest().as_str() {
        return None;
    }
    Some(prove(&found, &path, (judge, files)).map(|()| found.checked()))
}

/// Looks whether the figures follow from the labels and from what the judge chose.
fn prove(
    found: &Calibration,
    path: &str,
    (judge, files): (&Loaded, &dyn CaseFiles),
) -> Result<(), String> {
    let file = &found.labels_file;
    let shown = visible::line(file).into_owned();
    let open = || match files.open(file) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(format!("{path} names {shown}, which is not there")),
        Err(finding) => Err(format!("{path} names {shown}: {}", finding.message)),
    };
    let hash = labels::hash(&mut open()?).map_err(|error| format!("{shown}: {error}"))?;
    if hash != found.labels_sha256 {
        return Err(format!("{path} is of other labels than {shown} has now"));
    }
    if files.tracking(file) != Tracking::Tracked {
        return Err(format!("{path} names {shown}, which git does not track"));
    }
    let document = &judge.document;
    let choices = choices_of(document).map_err(|finding| finding.message)?;
    let outline = Outline::new(document, &judge.partials);
    let outline = outline.map_err(|_| "its templates cannot be read".to_owned())?;
    let labelled = Labelled {
        name: judge.name.as_str(),
        choices: &choices,
        variables: outline.variables(),
    };
    let read = labels::read(file, &mut open()?, labelled).map_err(|findings| {
        let first = findings.first().map(|it| it.message.as_str());
        format!("{shown}: {}", first.unwrap_or("it cannot be read"))
    })?;
    let Labels { distinct, count } = &read;
    if (found.labels, found.distinct) != (*count, distinct.len()) {
        return Err(format!(
            "{path} says {} labels, {} distinct, and {shown} has {count}, {} distinct",
            found.labels,
            found.distinct,
            distinct.len()
        ));
    }
    let pairs = pairs(found, &read, &choices).ok_or_else(|| {
        format!(
            "{path} has not one choice of the judge for each of the {} distinct labels",
            distinct.len()
        )
    })?;
    match found.is_of(&compare(&pairs, &choices, found.at_least)) {
        true => Ok(()),
        false => Err(format!(
            "the figures of {path} do not follow from its verdicts and the labels of {shown}"
        )),
    }
}

/// Each label with what the judge chose; none where these are not as many, or no choices.
fn pairs(found: &Calibration, read: &Labels, choices: &[Choice]) -> Option<Vec<(Says, usize)>> {
    if found.verdicts.len() != read.distinct.len() {
        return None;
    }
    let number = |verdict: &String| choices.iter().position(|it| it.choice == *verdict);
    let both = read.distinct.iter().zip(&found.verdicts);
    both.map(|(label, verdict)| Some((label.says, number(verdict)?)))
        .collect()
}

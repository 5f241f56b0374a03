//! What labels of people have shown of a judge, kept beside its file.
//!
//! `prompts/judges/tone.calibration.json` stands beside `prompts/judges/tone.prompt.yml`. It speaks of one
//! content of the judge: once that changes, the judge is uncalibrated again.

use std::io::Read as _;

use serde::{Deserialize, Serialize};

use crate::experiment::files::CaseFiles;
use crate::files::{FIGURES, Loaded};
use crate::prompt::judged::Checked;

/// The number of this form of the file.
const FORM: u32 = 1;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// What labels of people have shown of a judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The number of this form of the file.
    pub schema: u32,
    /// The judge.
    pub judge: String,
    /// Its version.
    pub version: u32,
    /// The digest of its content.
    pub digest: String,
    /// The model that judged, with its date where the API says it.
    pub model: Option<String>,
    /// When it was asked, as RFC 3339.
    pub time: String,
    /// How many labels were compared.
    pub labels: usize,
    /// SHA-256 of the file of labels.
    pub labels_sha256: String,
    /// The share of labels with which the judge agrees.
    pub agreement: f64,
    /// Cohen's κ.
    pub kappa: f64,
    /// The ends of its interval.
    pub kappa_low: f64,
    /// The same.
    pub kappa_high: f64,
}

impl Calibration {
    /// The number of this form.
    pub const FORM: u32 = FORM;

    /// What it shows of the judge.
    pub fn checked(&self) -> Checked {
        Checked {
            labels: self.labels as u64,
            kappa: self.kappa,
            low: self.kappa_low,
        }
    }
}

/// The file that a judge's calibration stands in, from the top of the repository.
pub fn path_of(judge: &Loaded) -> String {
    let stem = judge.path.strip_suffix(".prompt.yml");
    let stem = stem.or_else(|| judge.path.strip_suffix(".prompt.yaml"));
    format!("{}{FIGURES}", stem.unwrap_or(&judge.path))
}

/// The calibration of a judge, as it is, whether it is enough or not. What cannot be read or is no
/// record of this tool, is of something else or of another content, is none.
pub fn of(judge: &Loaded, files: &dyn CaseFiles) -> Option<Calibration> {
    let mut text = String::new();
    let file = files.open(&path_of(judge)).ok()??;
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    let found: Calibration = serde_json::from_str(&text).ok()?;
    let is_meant = found.schema == FORM
        && found.judge == judge.name.as_str()
        && found.digest == judge.digest().as_str()
        && is_hash(&found.labels_sha256)
        && (0.0..=1.0).contains(&found.agreement)
        && (found.kappa..=1.0).contains(&found.kappa_high);
    is_meant.then_some(found)
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

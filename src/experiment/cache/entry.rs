//! The file of an answer that is kept.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest as _, Sha256};

use super::Key;
use crate::experiment::answer::Answered;

/// The number of this form of a file.
const FORM: u32 = 2;

/// What a file holds.
#[derive(Serialize, Deserialize)]
struct Entry<A> {
    schema: u32,
    key: String,
    /// SHA-256 over the key and the answer as they are written, so that nobody's edit passes for what
    /// a model said.
    sum: String,
    answer: A,
}

/// What an answer is written as.
pub(super) fn write(key: &Key, answer: &Answered) -> serde_json::Result<Vec<u8>> {
    let answer = to_raw_value(answer)?;
    let key = key.to_string();
    serde_json::to_vec(&Entry {
        schema: FORM,
        sum: sum(&key, &answer),
        key,
        answer,
    })
}

/// The answer of a file; none where it was not written so for this key.
pub(super) fn read(bytes: &[u8], key: &Key) -> Option<Answered> {
    let entry: Entry<&RawValue> = serde_json::from_slice(bytes).ok()?;
    let is_meant = entry.schema == FORM
        && entry.key == key.to_string()
        && entry.sum == sum(&entry.key, entry.answer);
    is_meant
        .then(|| serde_json::from_str(entry.answer.get()).ok())
        .flatten()
}

fn sum(key: &str, answer: &RawValue) -> String {
    let mut sum = Sha256::new();
    sum.update(key);
    sum.update(answer.get());
    let bytes = sum.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

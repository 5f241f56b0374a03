//! A version of a prompt, and what is known of it.

use std::collections::BTreeMap;

use super::super::super::run_context::RunContext;
use crate::error::Failure;
use crate::experiment::result::{Line, Status, cut};
use crate::files::Loaded;
use crate::prompt::version::Version;
use crate::prompt::visible;
use crate::statistics::fisher;

/// What is likelier than this among versions that do not differ is noise.
const NOISE: f64 = 0.05;

/// How much of what the evaluators said is shown, in characters.
const SHOWN: usize = 200;

/// A version, and what is known of it.
pub(super) struct Tried {
    pub(super) loaded: Loaded,
    /// When it was made, by whom, and what they said.
    pub(super) made: Option<String>,
    pub(super) passed: u32,
    pub(super) asked: u32,
    /// What the evaluators said of an answer that did not pass.
    pub(super) said: Option<String>,
    /// Why it cannot be asked.
    pub(super) reason: Option<String>,
}

impl Tried {
    pub(super) fn version(&self) -> Version {
        self.loaded.version()
    }

    /// Whether most answers passed; none where nothing was answered.
    pub(super) fn passes(&self) -> Option<bool> {
        (self.asked > 0).then(|| self.passed * 2 > self.asked)
    }

    /// Whether the difference to the one before is no chance: all against none, or beyond noise.
    pub(super) fn differs_from(&self, before: &Self) -> bool {
        let is_all = |it: &Self| it.passed == it.asked;
        let is_split = |one: &Self, other: &Self| is_all(one) && other.passed == 0;
        let sample = |it: &Self| (u64::from(it.passed), u64::from(it.asked));
        is_split(self, before)
            || is_split(before, self)
            || fisher(sample(self), sample(before)) < NOISE
    }

    /// Takes what came of an answer.
    pub(super) fn take(&mut self, line: Line) {
        match line.status {
            _ if line.missing => {}
            Status::Pass | Status::Fail => {
                self.asked += 1;
                self.passed += u32::from(line.status == Status::Pass);
                if line.status == Status::Fail && self.said.is_none() {
                    self.said = said_of(&line);
                }
            }
            Status::Undecided | Status::Error | Status::Skipped => {
                let error = line.error.map(|error| error.message);
                self.reason = error.or(line.reason).or(self.reason.take());
            }
        }
    }

    /// `v3 1/3`
    pub(super) fn counted(&self) -> String {
        format!("{} {}/{}", self.version(), self.passed, self.asked)
    }
}

/// All versions, the first first; that of the files too, where it is not committed.
pub(super) fn versions(head: &Loaded, ground: &RunContext) -> Result<Vec<Tried>, Failure> {
    let mut all = BTreeMap::new();
    let new = |loaded: Loaded, made: Option<String>| Tried {
        loaded,
        made,
        passed: 0,
        asked: 0,
        said: None,
        reason: None,
    };
    for entry in ground.store.history(&head.name)? {
        if let Some(loaded) = entry.loaded {
            let day = entry.time.strftime("%Y-%m-%d");
            let made = format!("{day}, {}: {}", entry.author, entry.message);
            all.entry(entry.version).or_insert(new(*loaded, Some(made)));
        }
    }
    let is_known = all
        .values()
        .any(|it: &Tried| it.loaded.digest() == head.digest());
    if !is_known {
        all.insert(head.version(), new(head.clone(), None));
    }
    Ok(all.into_values().collect())
}

/// What the evaluators say of an answer that did not pass.
fn said_of(line: &Line) -> Option<String> {
    let failed = line.evaluators.iter().filter(|it| it.passed == Some(false));
    let said: Vec<String> = failed
        .map(|mark| match &mark.reason {
            Some(reason) => format!("{}: {reason}", mark.name),
            None => mark.name.clone(),
        })
        .collect();
    let said = visible::line(&said.join("; ")).into_owned();
    (!said.is_empty()).then(|| cut(&said, SHOWN))
}

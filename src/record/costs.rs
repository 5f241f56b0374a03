//! Where the money goes: by prompt and model, what was asked again, and what was cut off.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::brief::head_end;
use super::entry::{ErrorNote, Status, Usage};
use super::groups::{Groups, Question, rows};
use super::log::Log;
use crate::error::Failure;
use crate::prompt::code;
use crate::statistics::{Moments, seed_of};

/// The word of the API for an answer that was cut off at the most tokens that it may have.
const CUT: &str = "max_output_tokens";

/// Calls, their tokens, and what they cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    /// How many calls.
    pub calls: u64,
    /// What those cost whose price is known, in US dollars.
    pub cost: Moments,
    /// Those whose tokens are known.
    pub counted: u64,
    /// The tokens of these: read, of those from the cache, of those written to it, and written.
    pub tokens: [u64; 4],
}

/// What a prompt cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PromptCosts {
    /// All of its calls.
    pub all: Spent,
    /// Calls with a request that was sent before.
    pub again: Spent,
    /// Calls whose request is known.
    pub hashed: u64,
    /// Calls whose answer was cut off at the most tokens that it may have.
    pub cut: Spent,
}

/// What calls cost.
#[derive(Debug, Default)]
pub struct Costs {
    /// By prompt.
    pub prompts: BTreeMap<String, PromptCosts>,
    /// By model.
    pub models: BTreeMap<String, Spent>,
    /// Of all.
    pub all: Spent,
    /// Calls that failed, by the code of the error, or how they ended where it has none.
    pub failures: BTreeMap<String, u64>,
    /// What was read and met on the way.
    pub groups: Groups,
}

impl Spent {
    fn take(&mut self, usage: &Usage, cost: Option<f64>) {
        self.calls += 1;
        if let Some(cost) = cost {
            self.cost.push(cost);
        }
        if let (Some(input), Some(output)) = (usage.input_tokens, usage.output_tokens) {
            self.counted += 1;
            let cached = usage.cached_tokens.unwrap_or(0).min(input);
            let written = usage.cache_write_tokens.unwrap_or(0).min(input - cached);
            for (sum, more) in self.tokens.iter_mut().zip([input, cached, written, output]) {
                *sum = sum.saturating_add(more);
            }
        }
    }

    /// The share of the input that came from the cache.
    pub fn cached_share(&self) -> Option<f64> {
        (self.tokens[0] > 0).then(|| self.tokens[1] as f64 / self.tokens[0] as f64)
    }

    /// Those whose price is not known.
    pub fn unpriced(&self) -> u64 {
        self.calls - self.cost.n()
    }
}

/// What is needed of a record beside its figures.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    request_hash: Option<String>,
    #[serde(default)]
    sent_hash: Option<String>,
    #[serde(default)]
    sent: Vec<String>,
    #[serde(default)]
    error: Option<ErrorNote>,
}

impl Asked {
    fn read(line: &[u8]) -> Self {
        let head = head_end(line).map(|end| [&line[..end], b"}"].concat());
        let text = head.as_deref().unwrap_or(line);
        serde_json::from_slice(text).unwrap_or_default()
    }

    /// The hash of the whole request, with what a caller added.
    fn hash(&self) -> Option<u64> {
        let own = self.request_hash.as_deref();
        let own = own.filter(|_| self.sent.is_empty());
        self.sent_hash.as_deref().or(own).map(seed_of)
    }

    /// Why a call failed, in a word.
    fn failure(&self, status: Status) -> Option<Box<str>> {
        if matches!(status, Status::Ok | Status::Interrupted) {
            return None;
        }
        let code = self.error.as_ref().and_then(|note| note.code.as_deref());
        Some(code.unwrap_or(status.as_str()).into())
    }

    fn is_cut(&self) -> bool {
        let is_incomplete =
            |note: &&ErrorNote| note.code.as_deref() == Some(code::INCOMPLETE.as_str());
        let error = self.error.as_ref().filter(is_incomplete);
        error.is_some_and(|note| note.message.ends_with(CUT))
    }
}

/// An execution.
struct Call {
    prompt: Box<str>,
    model: Option<Box<str>>,
    usage: Usage,
    cost: Option<f64>,
    hash: Option<u64>,
    is_cut: bool,
    failure: Option<Box<str>>,
}

/// Reads logs and adds up what calls cost.
///
/// # Errors
/// A file is there and cannot be read.
pub fn costs(logs: &[Log], question: &Question) -> Result<Costs, Failure> {
    let read = rows(logs, question, &|record, line| {
        let asked = Asked::read(line);
        Some(Call {
            prompt: record.prompt.into(),
            model: record.model.map(Into::into),
            usage: record.usage,
            cost: record.cost_usd,
            hash: asked.hash(),
            is_cut: asked.is_cut(),
            failure: asked.failure(record.status),
        })
    })?;
    let mut costs = Costs {
        groups: read.groups,
        ..Costs::default()
    };
    let mut known = HashSet::new();
    for row in read.rows {
        let Call {
            prompt,
            model,
            usage,
            cost,
            hash,
            is_cut,
            failure,
        } = row.of;
        if let Some(failure) = failure {
            *costs.failures.entry(failure.into()).or_default() += 1;
        }
        costs.all.take(&usage, cost);
        let model = model.as_deref().unwrap_or("-");
        if !costs.models.contains_key(model) {
            costs.models.insert(model.to_owned(), Spent::default());
        }
        if let Some(spent) = costs.models.get_mut(model) {
            spent.take(&usage, cost);
        }
        if !costs.prompts.contains_key(&*prompt) {
            let fresh = PromptCosts::default();
            costs.prompts.insert((*prompt).to_owned(), fresh);
        }
        let Some(of_prompt) = costs.prompts.get_mut(&*prompt) else {
            continue;
        };
        of_prompt.all.take(&usage, cost);
        of_prompt.hashed += u64::from(hash.is_some());
        if hash.is_some_and(|hash| !known.insert(hash)) {
            of_prompt.again.take(&usage, cost);
        }
        if is_cut {
            of_prompt.cut.take(&usage, cost);
        }
    }
    Ok(costs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Asked {
        Asked::read(text.as_bytes())
    }

    #[test]
    fn a_request_with_what_a_caller_added_is_another_than_the_prompts_own() {
        let own = asked(r#"{"request_hash":"a"}"#).hash();
        assert_eq!(own, Some(seed_of("a")));
        let added = asked(r#"{"request_hash":"a","sent":["user"],"sent_hash":"b"}"#);
        assert_eq!(added.hash(), Some(seed_of("b")));
        assert_eq!(
            asked(r#"{"request_hash":"a","sent":["user"]}"#).hash(),
            None
        );
        assert_eq!(asked("{}").hash(), None);
    }

    #[test]
    fn only_an_answer_at_the_most_tokens_is_cut_off() {
        let error = |code: &str, reason: &str| {
            asked(&format!(
                r#"{{"error":{{"code":"{code}","message":"the answer is incomplete: {reason}"}}}}"#
            ))
        };
        assert!(error("P313", "max_output_tokens").is_cut());
        assert!(!error("P313", "content_filter").is_cut());
        assert!(!error("P311", "max_output_tokens").is_cut());
    }
}

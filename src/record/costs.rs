//! Where the money goes: by prompt and model, what was asked again, and what was cut off.

use std::collections::BTreeMap;
use std::path::Path;

use super::groups::{Dimension, Groups, Question, Value, read};
use super::log::Log;
use crate::error::Failure;

pub use super::groups::spent::{PromptCosts, Spent};

/// What calls cost.
#[derive(Debug, Default)]
pub struct Costs {
    /// By prompt.
    pub prompts: BTreeMap<String, PromptCosts>,
    /// By model; none where records name none.
    pub models: BTreeMap<Option<String>, Spent>,
    /// Of all.
    pub all: Spent,
    /// Calls that failed, by the code of the error, or how they ended where it has none.
    pub failures: BTreeMap<String, u64>,
    /// What was read and met on the way.
    pub groups: Groups,
}

impl Costs {
    /// The prompts, the dearest first.
    pub fn dearest(&self) -> Vec<(&String, &PromptCosts)> {
        let mut prompts: Vec<(&String, &PromptCosts)> = self.prompts.iter().collect();
        let cost = |it: &PromptCosts| it.all.cost.sum().unwrap_or(-1.0);
        prompts.sort_by(|one, other| {
            cost(other.1)
                .total_cmp(&cost(one.1))
                .then(one.0.cmp(other.0))
        });
        prompts
    }
}

/// What is asked of logs so that [`costs_of`] can say where the money went, of these executions.
pub fn question(like: &Question) -> Question {
    Question {
        by: vec![Dimension::Prompt, Dimension::Model],
        values: Vec::new(),
        with_mix: false,
        with_costs: true,
        ..like.clone()
    }
}

/// Reads logs and adds up what calls cost.
///
/// # Errors
/// See [`read`].
pub fn costs(logs: &[Log], like: &Question, kept: Option<&Path>) -> Result<Costs, Failure> {
    Ok(costs_of(read(logs, &question(like), kept)?))
}

/// Where the money went, by the answer to [`question()`].
pub fn costs_of(mut groups: Groups) -> Costs {
    let found = std::mem::take(&mut groups.groups);
    let mut costs = Costs {
        groups,
        ..Costs::default()
    };
    for (key, group) in found {
        let Some(of_group) = group.costs else {
            continue;
        };
        let mut names = key.into_iter();
        let prompt = names.next().map(|value| value.to_string());
        let model = match names.next() {
            None | Some(Value::Missing) => None,
            Some(model) => Some(model.to_string()),
        };
        costs.all.merge(&of_group.all);
        for (failure, count) in &of_group.failures {
            *costs.failures.entry(failure.clone()).or_default() += count;
        }
        costs.models.entry(model).or_default().merge(&of_group.all);
        let prompt = costs.prompts.entry(prompt.unwrap_or_default());
        prompt.or_default().merge(&of_group);
    }
    costs
}

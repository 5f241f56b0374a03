//! Calls by model, however its provider is written: `openai/gpt-5-mini` is `gpt-5-mini`.

use std::collections::BTreeMap;

use crate::openai::provider::DEFAULT_PROVIDER;
use crate::record::costs::{Costs, Spent};

/// Calls by the model that they asked; none where records name none.
pub(in crate::commands) type ByModel = BTreeMap<Option<String>, Spent>;

/// A model without the provider that is meant where none is named.
pub(in crate::commands) fn bare(model: &str) -> &str {
    match model.split_once('/') {
        Some((DEFAULT_PROVIDER, name)) => name,
        _ => model,
    }
}

/// The calls of each model.
pub(in crate::commands) fn by_model(found: &Costs) -> ByModel {
    let mut models = ByModel::new();
    for (model, spent) in &found.models {
        let bare = model.as_deref().map(|model| bare(model).to_owned());
        models.entry(bare).or_default().merge(spent);
    }
    models
}

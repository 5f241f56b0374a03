//! The lists of models that were fetched, as the cache keeps them, and when a model ends.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::session::Session;
use crate::openai::models::facts;
use crate::openai::provider::ModelId;
use crate::output::json;
use crate::prompt::lint::ModelEnd;

/// A list as the cache keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Cached {
    pub(super) schema: u32,
    pub(super) fetched: Timestamp,
    pub(super) base_url: String,
    pub(super) models: Vec<CachedModel>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CachedModel {
    pub(super) id: String,
    pub(super) shutdown_date: Option<Date>,
    pub(super) owned_by: Option<String>,
}

fn cache_path(provider: &str, session: &Session) -> Option<PathBuf> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let name = provider.chars().all(is_plain).then_some(provider)?;
    let folder = session.environ.cache.as_ref()?;
    Some(folder.join(format!("models-{name}.json")))
}

pub(super) fn read_cache(provider: &str, session: &Session) -> Option<Cached> {
    let text = std::fs::read(cache_path(provider, session)?).ok()?;
    let cached: Cached = serde_json::from_slice(&text).ok()?;
    (cached.schema == json::SCHEMA).then_some(cached)
}

pub(super) fn write_cache(provider: &str, list: &Cached, session: &Session) -> std::io::Result<()> {
    let Some(path) = cache_path(provider, session) else {
        return Ok(());
    };
    let folder = path.parent().unwrap_or(&path);
    std::fs::create_dir_all(folder)?;
    let fresh = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&fresh, list)?;
    fresh.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// The last day of a model's life, by the list that was last fetched, else by what promptctl knows.
pub(super) fn end_of(model: &ModelId, session: &Session) -> Option<ModelEnd> {
    let cached = read_cache(&model.provider, session)
        .and_then(|list| list.models.into_iter().find(|it| it.id == model.name));
    let last = match cached {
        Some(found) => found.shutdown_date,
        None => facts(&model.to_string()).ends,
    };
    ModelEnd::seen(last?, session.today())
}

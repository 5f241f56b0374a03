//! What a reviewer wants to know beside the changes.

use std::collections::BTreeMap;

use super::super::validate::check;
use super::{Pair, Session};
use crate::config::{Config, UserConfig};
use crate::error::Failure;
use crate::openai::prices::{OwnPrices, cost_usd};
use crate::openai::provider::DEFAULT_PROVIDER;
use crate::openai::response::Usage;
use crate::openai::tokens;
use crate::output::diff_beside::ChangedPartial;
use crate::prompt::finding::Finding;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::size::{OwnText, Size, SizeChange, common_prefix, own_text};
use crate::store::{Loaded, State, Store};

/// How the size of each prompt changed.
pub(super) fn sizes(
    pairs: &[Pair],
    session: &Session,
) -> Result<BTreeMap<PromptName, SizeChange>, Failure> {
    let user = UserConfig::read(session.environ.user_config.as_deref())?;
    let prices = user.own_prices(&session.environ)?;
    let size = |loaded: &Loaded, own: &OwnText| {
        let tokens = tokens::count(&own.text);
        Size {
            tokens,
            prefix_tokens: tokens::count(&own.prefix),
            cost_usd: cost_of(loaded, tokens, &prices, session),
        }
    };
    let change = |pair: &Pair| {
        let own = |side: &Option<Loaded>| {
            side.as_ref()
                .map(|loaded| own_text(&loaded.document, &loaded.partials))
                .unwrap_or_default()
        };
        let (old, new) = (own(&pair.before), own(&pair.after));
        SizeChange {
            before: pair.before.as_ref().map(|loaded| size(loaded, &old)),
            after: pair.after.as_ref().map(|loaded| size(loaded, &new)),
            kept_tokens: tokens::count(common_prefix(&old.prefix, &new.prefix)),
        }
    };
    Ok(pairs
        .iter()
        .filter_map(|pair| Some((pair.any()?.name.clone(), change(pair))))
        .collect())
}

/// What so many tokens of input cost with the prompt's model, at today's price.
fn cost_of(loaded: &Loaded, tokens: usize, own: &OwnPrices, session: &Session) -> Option<f64> {
    let model = loaded.document.model.as_deref()?;
    let (provider, model) = model.split_once('/').unwrap_or((DEFAULT_PROVIDER, model));
    let usage = Usage {
        input: u64::try_from(tokens).ok(),
        cached: Some(0),
        output: Some(0),
        ..Usage::default()
    };
    cost_usd(provider, model, None, &usage, session.now, own)
}

/// What the rules find in the new contents.
pub(super) fn findings(
    pairs: &[Pair],
    store: &Store,
    config: &Config,
    session: &Session,
) -> Result<Vec<Finding>, Failure> {
    let today = session.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let after = pairs.iter().filter_map(|pair| pair.after.clone()).collect();
    check::loaded(store, after, Vec::new(), today, &config.lint).map(|checked| checked.findings)
}

/// What `publish` would do to each prompt once the new contents are merged.
pub(super) fn releases(
    pairs: &[Pair],
    store: &Store,
    config: &Config,
) -> Result<BTreeMap<PromptName, String>, Failure> {
    let production = Environment::production();
    if !config
        .environments
        .iter()
        .any(|(name, _)| *name == production)
    {
        return Ok(BTreeMap::new());
    }
    let mut releases = BTreeMap::new();
    for pair in pairs {
        let Some(any) = pair.any() else { continue };
        // Tags that are not sound are told by doctor, and by publish itself.
        let state = store.state(&any.name, &production).ok();
        releases.insert(any.name.clone(), release(pair, state.as_ref(), &production));
    }
    Ok(releases)
}

fn release(pair: &Pair, state: Option<&State>, environment: &Environment) -> String {
    let live = match state {
        Some(State::Live(live)) => Some(live),
        Some(State::NotFetched) => return "not known here: promptctl fetch".to_owned(),
        None => return "not known: promptctl doctor".to_owned(),
        Some(State::Never | State::Unpublished { .. }) => None,
    };
    let Some(after) = &pair.after else {
        return match live {
            Some(live) => format!("leave {} live in {environment}", live.version),
            None => "do nothing".to_owned(),
        };
    };
    let version = after.version();
    let is_same_number =
        |other: &Loaded| other.version() == version && other.digest() != after.digest();
    if after.is_unbumped() || pair.before.as_ref().is_some_and(is_same_number) {
        return format!("refuse: {version} was not raised");
    }
    if after.document.archived {
        return "refuse: it is archived".to_owned();
    }
    match live {
        None if pair.renamed_from().is_some() => {
            format!(
                "make {version} live in {environment} under the new name; the old one stays live until it is unpublished"
            )
        }
        Some(live) if live.digest == *after.digest() => {
            format!("do nothing: {} is live", live.version)
        }
        Some(live) => format!(
            "make {version} live in {environment} instead of {}",
            live.version
        ),
        None => format!("make {version} live in {environment}"),
    }
}

/// The partials whose text differs, and the prompts that include them.
pub(super) fn changed_partials(before: &[Loaded], after: &[Loaded]) -> Vec<ChangedPartial> {
    let texts = |prompts: &[Loaded]| -> BTreeMap<String, String> {
        let partials = prompts.iter().flat_map(|prompt| prompt.partials.values());
        partials
            .map(|partial| (partial.path.clone(), partial.text.clone()))
            .collect()
    };
    let (old, new) = (texts(before), texts(after));
    let changed = new
        .iter()
        .filter(|(path, text)| old.get(*path).is_some_and(|old| old != *text));
    changed
        .map(|(path, _)| {
            let includes = |prompt: &&Loaded| {
                let mut paths = prompt.partials.values().map(|partial| &partial.path);
                paths.any(|included| included == path)
            };
            ChangedPartial {
                path: path.clone(),
                used_by: after
                    .iter()
                    .filter(includes)
                    .map(|prompt| prompt.name.to_string())
                    .collect(),
            }
        })
        .collect()
}

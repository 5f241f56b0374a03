//! What a reviewer wants to know beside the changes.

use std::collections::{BTreeMap, BTreeSet};

use super::super::checking::check;
use super::super::rules::rules_of;
use super::super::session::Session;
use super::pair::Pair;
use crate::config::{Config, UserConfig};
use crate::error::Failure;
use crate::files::{Loaded, PartialChange, Staged};
use crate::openai::prices::{OwnPrices, cost_usd};
use crate::openai::provider::DEFAULT_PROVIDER;
use crate::openai::response::Usage;
use crate::openai::tokens;
use crate::output::diff_review::{Allowed, ChangedPartial, Raise};
use crate::output::suggestion::Suggestion;
use crate::prompt::code;
use crate::prompt::diff::{Change, Side, Status, WordDiff, compare};
use crate::prompt::finding::Finding;
use crate::prompt::lint::newly_allowed;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::secrets::blot;
use crate::prompt::size::{OwnText, Size, SizeChange, common_prefix, own_text};
use crate::releases::{Rules, State, Step, Store, decide};

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

/// What the rules find in the new contents, and in partials that no prompt includes.
pub(super) fn findings(
    pairs: &[Pair],
    lone: Vec<PartialChange>,
    store: &Store,
    config: &Config,
    session: &Session,
) -> Result<Vec<Finding>, Failure> {
    let today = session.today();
    let after = Staged {
        prompts: pairs.iter().filter_map(|pair| pair.after.clone()).collect(),
        partials: (lone.into_iter())
            .filter_map(|partial| Some((partial.path, partial.after?)))
            .collect(),
        ..Staged::default()
    };
    let checked = check::loaded(store, after, today, &config.lint)?;
    let mut findings = checked.findings;
    for pair in pairs.iter().filter(|pair| pair.is_unraised()) {
        // Where the file's own digest tells of it, the rules do.
        if let Some(after) = pair.after.as_ref().filter(|after| !after.is_unbumped()) {
            let message = format!("the content changed, and {} did not", after.version());
            let finding = Finding::error(code::NOT_BUMPED, message).in_file(&after.path);
            findings.push(finding.at(after.document.span_of("version")));
        }
    }
    Ok(findings)
}

/// The lines that raise the versions which were not raised.
pub(super) fn raises(
    pairs: &[Pair],
    store: &Store,
) -> Result<BTreeMap<PromptName, Raise>, Failure> {
    let mut raises = BTreeMap::new();
    for pair in pairs.iter().filter(|pair| pair.is_unraised()) {
        let Some(after) = &pair.after else { continue };
        let before = pair.before.as_ref().map(Loaded::version);
        let highest = before.max(Some(after.version()));
        let version = store.numbers(&after.name)?.next(highest)?;
        let digest = after.digest().short();
        let suggestion = pair
            .before
            .as_ref()
            .and_then(|before| Suggestion::new(version, digest, &before.text, &after.text));
        let raise = Raise {
            path: after.path.clone(),
            version,
            digest: digest.to_owned(),
            suggestion,
        };
        raises.insert(after.name.clone(), raise);
    }
    Ok(raises)
}

/// What comments in the new files and partials allow that those in the old ones did not.
pub(super) fn allowed(pairs: &[Pair], lone: &[PartialChange]) -> Vec<Allowed> {
    let texts = |side: &Option<Loaded>| -> BTreeMap<String, String> {
        let loaded = side.iter();
        loaded
            .flat_map(|loaded| {
                let partials = loaded.partials.values();
                let partials = partials.map(|partial| (partial.path.clone(), partial.text.clone()));
                partials.chain([(loaded.path.clone(), loaded.text.clone())])
            })
            .collect()
    };
    let mut allowed = BTreeMap::new();
    for pair in pairs {
        let mut old = texts(&pair.before);
        if let (Some(before), Some(after)) = (&pair.before, &pair.after) {
            // A prompt that was renamed is the same file.
            old.insert(after.path.clone(), before.text.clone());
        }
        for (path, text) in texts(&pair.after) {
            for (at, code) in newly_allowed(&path, old.get(&path).map(String::as_str), &text) {
                allowed.insert((path.clone(), at, code), ());
            }
        }
    }
    for partial in lone {
        let after = partial.after.as_deref().unwrap_or_default();
        for (at, code) in newly_allowed(&partial.path, partial.before.as_deref(), after) {
            allowed.insert((partial.path.clone(), at, code), ());
        }
    }
    let allowed = allowed.into_keys().map(|(path, at, code)| Allowed {
        place: format!("{path}:{}", at.line),
        code,
    });
    allowed.collect()
}

/// Of the prompts that include one of these partials, what changed in their own files.
pub(super) fn own_changes(
    pairs: &[Pair],
    partials: &[ChangedPartial],
) -> BTreeMap<PromptName, Vec<Change>> {
    let mut own = BTreeMap::new();
    for pair in pairs {
        let (Some(before), Some(after)) = (&pair.before, &pair.after) else {
            continue;
        };
        let mut included = after.partials.values().map(|partial| &partial.path);
        if !included.any(|path| partials.iter().any(|changed| changed.path == *path)) {
            continue;
        }
        let mut texts = before.partials.clone();
        texts.extend(after.partials.clone());
        let side = |loaded| Side {
            document: loaded,
            partials: &texts,
            variables: None,
        };
        let diff = compare(Some(side(&before.document)), Some(side(&after.document)));
        let [old, new] = &pair.attachments;
        let changes = diff.with_attachments(old, new).changes;
        own.insert(after.name.clone(), changes);
    }
    own
}

/// What `publish` would do to each prompt once the new contents are merged.
pub(super) fn releases(
    pairs: &[Pair],
    findings: &[Finding],
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
    // Rules that cannot be read are among the findings.
    let rules = rules_of(&production, store, config).ok();
    let mut releases = BTreeMap::new();
    for pair in pairs {
        let Some(any) = pair.any() else { continue };
        // Tags that are not sound are reported by doctor, and by publish itself.
        let state = store.state(&any.name, &production).ok();
        let old = pair.renamed_from();
        let old = old.and_then(|old| store.state(old, &production).ok());
        let words = match release(pair, state.as_ref(), old.as_ref(), &production) {
            Would::Publish(words) => match stopped(pair, findings, store, &production) {
                Some(refused) => refused,
                None => evidence(pair, words, rules.as_ref(), store, &production),
            },
            Would::Not(words) => words,
        };
        releases.insert(any.name.clone(), words);
    }
    Ok(releases)
}

/// What `publish` would do, in words.
enum Would {
    /// It would make the version live, if the gate lets it.
    Publish(String),
    /// It would not get as far.
    Not(String),
}

/// What stops the new content from being published, if the gate says so.
fn stopped(
    pair: &Pair,
    findings: &[Finding],
    store: &Store,
    environment: &Environment,
) -> Option<String> {
    let after = pair.after.as_ref()?;
    let is_of_it = |finding: &&Finding| {
        let mut paths = after.partials.values().map(|partial| &partial.path);
        let path = finding.path.as_ref();
        path == Some(&after.path) || paths.any(|partial| path == Some(partial))
    };
    let decision = decide(
        findings.iter().filter(is_of_it).cloned().collect(),
        Step::Release {
            allowed: &[],
            was_released: store.was_released(after, environment).unwrap_or_default(),
        },
    );
    let mut codes: Vec<&str> = decision.stops.iter().map(|it| it.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    (!codes.is_empty()).then(|| format!("refuse: {}", codes.join(", ")))
}

/// What `publish` would do, with the evidence for it where the environment requires some.
fn evidence(
    pair: &Pair,
    words: String,
    rules: Option<&Rules>,
    store: &Store,
    environment: &Environment,
) -> String {
    let (Some(rules), Some(after)) = (rules, &pair.after) else {
        return words;
    };
    if rules.evaluations.is_empty() {
        return words;
    }
    // Its cases are reviewed here, before a branch has them.
    let rules = Rules {
        branches: Vec::new(),
        ..rules.clone()
    };
    match store.check_evidence_of(after, environment, &rules, false) {
        Ok(Some(evidence)) => format!(
            "{words}; {} shows that it passes",
            store.tag(evidence.tag())
        ),
        Ok(None) => words,
        Err(failure) => {
            let code = failure.code.map_or("", |code| code.as_str());
            format!("refuse: {code} because {}", failure.message)
        }
    }
}

/// What `publish` would do, where this is live and, of a prompt that was renamed, that under the old name.
fn release(
    pair: &Pair,
    state: Option<&State>,
    old: Option<&State>,
    environment: &Environment,
) -> Would {
    let live = match state {
        Some(State::Live(live)) => Some(live),
        Some(State::NotFetched) => {
            return Would::Not("not known here: promptctl fetch".to_owned());
        }
        None => return Would::Not("not known: promptctl doctor".to_owned()),
        Some(State::Never | State::Unpublished { .. }) => None,
    };
    let Some(after) = &pair.after else {
        return Would::Not(match live {
            Some(live) => format!("leave {} live in {environment}", live.version),
            None => "do nothing".to_owned(),
        });
    };
    let version = after.version();
    if pair.is_unraised() {
        return Would::Not(format!("refuse: {version} was not raised"));
    }
    if after.document.archived {
        return Would::Not("refuse: it is archived".to_owned());
    }
    match live {
        None if matches!(old, Some(State::Live(_))) => Would::Publish(format!(
            "make {version} live in {environment} under the new name; the old one stays live until it is unpublished"
        )),
        Some(live) if live.digest == *after.digest() => {
            Would::Not(format!("do nothing: {} is live", live.version))
        }
        Some(live) => Would::Publish(format!(
            "make {version} live in {environment} instead of {}",
            live.version
        )),
        None => Would::Publish(format!("make {version} live in {environment}")),
    }
}

/// The partials that differ and are part of no prompt that differs.
pub(super) fn lone_partials(
    mut changed: Vec<PartialChange>,
    before: &[Loaded],
    after: &[Loaded],
) -> Vec<PartialChange> {
    let prompts = before.iter().chain(after);
    let included: BTreeSet<&str> = prompts
        .flat_map(|prompt| prompt.partials.values())
        .map(|partial| partial.path.as_str())
        .collect();
    changed.retain(|partial| !included.contains(partial.path.as_str()));
    changed
}

/// A partial that no prompt includes, as the page for a reviewer tells of it.
pub(super) fn changed_alone(change: &PartialChange) -> ChangedPartial {
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    ChangedPartial {
        path: change.path.clone(),
        status: match (before, after) {
            (None, _) => Status::Added,
            (_, None) => Status::Removed,
            _ => Status::Changed,
        },
        // What no prompt uses need not be read word by word where it is a secret.
        words: Some(WordDiff::new(
            &blot(before.unwrap_or_default()),
            &blot(after.unwrap_or_default()),
        )),
        used_by: Vec::new(),
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
            let words = old.get(path).zip(new.get(path));
            ChangedPartial {
                path: path.clone(),
                status: Status::Changed,
                words: words.map(|(old, new)| WordDiff::new(old, new)),
                used_by: after
                    .iter()
                    .filter(includes)
                    .map(|prompt| prompt.name.to_string())
                    .collect(),
            }
        })
        .collect()
}

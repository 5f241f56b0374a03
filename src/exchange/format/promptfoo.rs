//! promptfoo: a configuration with prompts, providers, tests and assertions. Nothing of it is run.

mod assertion;
mod cases;
mod chat;
mod options;
mod prompts;
pub(super) mod providers;
mod references;
pub(super) mod rubric;
mod table;
mod values;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use self::cases::tests;
use self::chat::messages;
use self::prompts::{Wanted, config_name, prompts};
use self::providers::providers;
use self::references::{Resolved, resolve};
use super::draft::{Draft, refused};
use super::{Foreign, Refused, Source};
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::{Finding, Span};

/// The most that the cases of all prompts together may be, in bytes: each prompt has them all.
const MAX_CASES: usize = 50_000_000;

pub(super) fn read(source: &Source<'_>) -> Result<Vec<Result<Foreign, Refused>>, Finding> {
    let located = parse_located(source.text)?;
    let Some(config) = located.value.as_object() else {
        return Err(refused(
            Some(Span::point(1, 1)),
            "this is no configuration of promptfoo",
            "it has `prompts:` and `providers:`",
        ));
    };
    let resolved = resolve(config);
    let config = &resolved.config;
    let stem = config_name(source);
    let mut wanted = Vec::new();
    prompts(config.get("prompts"), &located, source, &stem, &mut wanted);
    if wanted.is_empty() {
        return Err(refused(
            located.place("prompts"),
            "the configuration names no prompts",
            "write them below `prompts:`",
        ));
    }
    if let [only] = wanted.as_mut_slice()
        && let Some((before, label)) = only.name.rsplit_once('/')
        // The label that our own export gives says nothing more.
        && (label == "prompt-1" || before == stem && label == stem.rsplit('/').next().unwrap_or_default())
    {
        only.name.clone_from(&stem);
    }
    name_apart(&mut wanted);
    let shared = shared(&resolved, &located, source);
    let cases = serde_json::to_string(&shared.test_data).map_or(0, |text| text.len());
    if wanted.len() * cases > MAX_CASES {
        return Err(refused(
            located.place("tests"),
            format!(
                "each of its {} prompts would have all of its tests, which makes more than {} MB of prompt files",
                wanted.len(),
                MAX_CASES / 1_000_000
            ),
            "keep fewer prompts or tests in one configuration",
        ));
    }
    Ok(wanted
        .into_iter()
        .map(|wanted| {
            let name = wanted.name.clone();
            one(wanted, shared.clone(), config, &located).map_err(|why| Refused {
                name,
                version: None,
                why: Box::new(why),
            })
        })
        .collect())
}

/// Gives a number to prompts of one name: two files in different folders are two prompts.
fn name_apart(wanted: &mut [Wanted]) {
    let mut taken = BTreeSet::new();
    for one in wanted {
        let own = one.name.clone();
        let mut number = 1;
        while !taken.insert(one.name.to_lowercase()) {
            number += 1;
            one.name = format!("{own}-{number}");
        }
    }
}

/// What all prompts of a configuration have.
fn shared(resolved: &Resolved, located: &Located, source: &Source<'_>) -> Draft {
    let config = &resolved.config;
    let description = config.get("description").and_then(Value::as_str);
    let mut draft = Draft {
        description: description.map(str::to_owned),
        ..Draft::new(source)
    };
    providers(config, located, source, &mut draft);
    tests(config, located, source, &mut draft);
    draft.say_counts();
    for key in &resolved.beside {
        let message = format!("`{key}` beside a `$ref` to what is no map: left out");
        draft.lose(code::SOURCE_DROPPED, None, message);
    }
    for (key, value) in config {
        let at = located.place(key);
        let message = format!("the key `{key}` has no counterpart here: left out");
        match (key.as_str(), value) {
            ("prompts" | "providers" | "targets" | "tests" | "defaultTest" | "$schema", _)
            | ("description", Value::String(_)) => {}
            (key, _) if resolved.named.contains(key) => {}
            ("tags", Value::Object(tags)) => {
                let tag = |(key, value): (&String, &Value)| match value {
                    Value::String(text) => format!("{key}={text}"),
                    other => format!("{key}={other}"),
                };
                draft.tags = tags.iter().map(tag).collect();
            }
            ("metadata", Value::Object(map)) if map.keys().all(|key| key == "promptctl") => {}
            // How tests are run, and where their results go.
            ("evaluateOptions" | "outputPath" | "sharing" | "metadata", _) => {
                draft.note(code::SOURCE_DROPPED, at, message);
            }
            _ => draft.lose(code::SOURCE_DROPPED, at, message),
        }
    }
    draft
}

fn one(
    wanted: Wanted,
    mut draft: Draft,
    config: &Map<String, Value>,
    located: &Located,
) -> Result<Foreign, Finding> {
    let text = wanted.text?;
    for (key, at) in wanted.others {
        let message = format!("`{key}` of a prompt has no counterpart here: left out");
        draft.lose(code::SOURCE_DROPPED, at, message);
    }
    let path = match &config.get("prompts") {
        Some(Value::Array(items)) => {
            let is_map = wanted
                .path
                .strip_prefix("prompts[")
                .and_then(|rest| rest.trim_end_matches(']').parse::<usize>().ok());
            match is_map.and_then(|index| items.get(index)) {
                Some(Value::Object(map)) if map.contains_key("raw") => {
                    format!("{}.raw", wanted.path)
                }
                _ => wanted.path.clone(),
            }
        }
        _ => wanted.path.clone(),
    };
    let place = |part: Span| match &text.file {
        Some(_) => Some(part.below(text.start)),
        None => located.place_in(&path, part),
    };
    draft.file.clone_from(&text.file);
    messages(&text, &place, &mut draft).map_err(|mut why| {
        if why.path.is_none() {
            why.path.clone_from(&text.file);
        }
        why
    })?;
    draft.file = None;
    let block = config.get("metadata").and_then(|it| it.get("promptctl"));
    draft.keep_block(block, located.place("metadata.promptctl"));
    draft.finish(wanted.name)
}

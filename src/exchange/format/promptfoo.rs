//! promptfoo: a configuration with prompts, providers, tests and assertions. Nothing of it is run.

mod assertion;
mod cases;
mod prompts;
mod providers;

use serde_json::{Map, Value};

use self::cases::tests;
use self::prompts::{Wanted, config_name, messages, prompts};
use self::providers::providers;
use super::draft::{Draft, refused};
use super::{Foreign, Refused, Source};
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::{Finding, Span};

pub(super) fn read(source: &Source<'_>) -> Result<Vec<Result<Foreign, Refused>>, Finding> {
    let located = parse_located(source.text)?;
    let Some(config) = located.value.as_object() else {
        return Err(refused(
            Some(Span::point(1, 1)),
            "this is no configuration of promptfoo",
            "it has `prompts:` and `providers:`",
        ));
    };
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
        && only.name.ends_with("/prompt-1")
    {
        only.name.clone_from(&stem);
    }
    Ok(wanted
        .into_iter()
        .map(|wanted| {
            let name = wanted.name.clone();
            one(wanted, config, &located, source).map_err(|why| Refused {
                name,
                version: None,
                why: Box::new(why),
            })
        })
        .collect())
}

fn one(
    wanted: Wanted,
    config: &Map<String, Value>,
    located: &Located,
    source: &Source<'_>,
) -> Result<Foreign, Finding> {
    let (text, file) = wanted.text?;
    let description = config.get("description").and_then(Value::as_str);
    let mut draft = Draft {
        description: description.map(str::to_owned),
        ..Draft::new(source)
    };
    providers(config, located, source, &mut draft);
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
    let place = |part: Span| match &file {
        Some(_) => Some(part),
        None => located.place_in(&path, part),
    };
    messages(&text, place, &mut draft).map_err(|mut why| {
        if why.path.is_none() {
            why.path.clone_from(&file);
        }
        why
    })?;
    tests(config, located, source, &mut draft);
    for key in config.keys() {
        let known = [
            "prompts",
            "providers",
            "targets",
            "tests",
            "defaultTest",
            "description",
            "$schema",
            "evaluateOptions",
            "outputPath",
            "sharing",
            "metadata",
            "tags",
        ];
        if !known.contains(&key.as_str()) {
            draft.lose(
                code::SOURCE_DROPPED,
                located.place(key),
                format!("the key `{key}` has no counterpart here: left out"),
            );
        }
    }
    if let Some(Value::Object(own)) = config.get("metadata").and_then(|it| it.get("promptctl")) {
        draft.take_own(own);
    }
    draft.finish(wanted.name)
}

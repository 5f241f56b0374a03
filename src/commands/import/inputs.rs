//! What is to be imported: ids, what scan printed, saved answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::given_file::{read_file, shown};
use super::super::session::Session;
use super::args::Args;
use super::unknown::unknown_format;
use crate::error::Failure;
use crate::exchange::stored::{Echo, NoEcho, response_of};
use crate::execute::recover::RecoveryRequest;
use crate::prompt::code;
use crate::prompt::json;
use crate::prompt::name::PromptName;
use crate::prompt::reference::Reference;
use crate::scan::{ValueKind, ids};

/// How stored prompts are named.
const STORED: &str = "stored prompts of OpenAI's are named by ids (pmpt_…), saved answers of the API, or what `promptctl scan --ids --format json` prints";

/// A stored prompt that is to be asked for.
pub(super) struct Wanted {
    pub(super) wish: RecoveryRequest,
    /// The name that scan proposes.
    pub(super) name: Option<String>,
}

/// An answer that somebody saved.
pub(super) struct Saved {
    pub(super) file: String,
    pub(super) echo: Echo,
}

#[derive(Default)]
pub(super) struct Inputs {
    pub(super) wanted: Vec<Wanted>,
    pub(super) saved: Vec<Saved>,
}

pub(super) fn read(args: &Args, session: &mut Session) -> Result<Inputs, Failure> {
    let mut wanted = Vec::new();
    let mut saved = Vec::new();
    for source in &args.sources {
        if source.starts_with(ids::START) {
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if !source.bytes().all(is_word) || source.len() == ids::START.len() {
                return Err(Failure::usage(format!(
                    "{source} is not the id of a stored prompt"
                )));
            }
            wanted.push(Wanted {
                wish: RecoveryRequest {
                    id: source.clone(),
                    ..RecoveryRequest::default()
                },
                name: None,
            });
            continue;
        }
        let shown = shown(source);
        let text =
            read_file(source, session).map_err(|failure| no_source(failure, source, session))?;
        let value = json::parse(text.trim_start_matches('\u{feff}')).map_err(|why| {
            if why.is_twice {
                return Failure::from(why.finding().in_file(shown));
            }
            Failure::new(
                code::BAD_INPUT,
                format!("{shown} is not JSON: {}", why.reason),
            )
            .at(format!("{shown}:{}:{}", why.at.line, why.at.column))
            .hint(STORED)
        })?;
        match value.get("findings").and_then(Value::as_array) {
            Some(findings) => {
                let before = wanted.len();
                wanted.extend(findings.iter().filter_map(wanted_from_finding));
                if wanted.len() == before {
                    session
                        .ui
                        .warning(format!("{shown} names no stored prompt"));
                }
            }
            None => {
                let is_answer = args.from.is_some() || source == "-" || holds_answer(&value);
                if !is_answer {
                    return Err(unknown_format(source).hint(STORED));
                }
                saved.push(read_saved_answer(shown, &value)?);
            }
        }
    }
    let mut wanted = unite(wanted);
    for wanted in &mut wanted {
        add_variables(&mut wanted.wish, &args.var_name);
    }
    // The versions of one prompt in their order, whatever the order of the files.
    saved.sort_by_key(|saved| {
        let version = saved
            .echo
            .version
            .as_deref()
            .and_then(|version| version.parse::<u64>().ok());
        (saved.echo.id.clone(), version)
    });
    Ok(Inputs { wanted, saved })
}

/// What to name instead of a source that is none: the id, for the name of a prompt.
fn no_source(failure: Failure, source: &str, session: &Session) -> Failure {
    let load = |name: PromptName| {
        let (store, _) = session.store().ok()?;
        store.load(&Reference::working_copy(name)).ok()
    };
    let Some(loaded) = source.parse().ok().and_then(load) else {
        return failure
            .hint("import takes files and folders of other tools: promptctl help moving-in")
            .hint(STORED);
    };
    let came_from = loaded.document.source.as_ref();
    match came_from.and_then(|source| source.stored_id()) {
        Some(id) => failure.hint(format!(
            "{source} is a prompt here: promptctl import {id} brings what is new of it"
        )),
        None => failure.hint(format!(
            "{source} is a prompt here, which did not come from OpenAI; import takes ids (pmpt_…)"
        )),
    }
}

/// One finding of scan; none for a stand-in.
fn wanted_from_finding(finding: &Value) -> Option<Wanted> {
    let stored = finding.get("stored")?;
    let id = stored.get("id")?.as_str()?;
    let is_id = id.starts_with(ids::START)
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_id || stored.get("placeholder").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let list = |key: &str| {
        stored
            .get(key)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    let variables = list("variables").iter().filter_map(|variable| {
        let name = variable.get("name")?.as_str()?;
        let kind = variable
            .get("kind")
            .and_then(Value::as_str)
            .and_then(ValueKind::parse);
        Some((name.to_owned(), kind.unwrap_or(ValueKind::Text)))
    });
    let versions = list("versions").iter().chain(stored.get("version"));
    Some(Wanted {
        wish: RecoveryRequest {
            id: id.to_owned(),
            pinned: numbers(versions.filter_map(Value::as_str)),
            variables: variables.collect(),
            ..RecoveryRequest::default()
        },
        name: finding
            .get("name")
            .and_then(Value::as_str)
            .map(str::to_owned),
    })
}

/// An answer as it came, out of what `--record-calls` writes.
fn bare(value: &Value) -> &Value {
    value
        .get("response")
        .filter(|it| it.get("response").is_some())
        .unwrap_or(value)
}

fn holds_answer(value: &Value) -> bool {
    response_of(bare(value)).is_some()
}

fn read_saved_answer(shown: &str, value: &Value) -> Result<Saved, Failure> {
    let value = bare(value);
    let hint = "save what the API answers to a call with the stored prompt: `promptctl help stored-prompts` has the command";
    let bad = |message: String| {
        Failure::new(code::BAD_INPUT, message)
            .at(shown.to_owned())
            .hint(hint)
    };
    if response_of(value).is_none() {
        return Err(bad(format!(
            "{shown} is neither an answer of the API nor what scan prints"
        )));
    }
    let echo = Echo::read(value).map_err(|why| match why {
        NoEcho::NotAnAnswer => bad(format!("{shown} is no answer of the API")),
        NoEcho::NoInstructions => bad(format!(
            "{shown} does not hold the messages of a stored prompt"
        )),
        NoEcho::Unreadable(what) => {
            Failure::new(code::NOT_TRANSLATABLE, format!("{shown}: {what}")).at(shown.to_owned())
        }
    })?;
    if echo.id.is_none() {
        return Err(bad(format!(
            "{shown} was not answered for a stored prompt: it has no `prompt.id`"
        )));
    }
    Ok(Saved {
        file: shown.to_owned(),
        echo,
    })
}

/// The variables of `--var-name`, added to what the code sends.
fn add_variables(wish: &mut RecoveryRequest, names: &[String]) {
    for name in names {
        wish.variables
            .entry(name.clone())
            .or_insert(ValueKind::Text);
    }
}

/// The inputs of one id, united.
fn unite(all: Vec<Wanted>) -> Vec<Wanted> {
    let mut order: Vec<String> = Vec::new();
    let mut by_id: BTreeMap<String, Wanted> = BTreeMap::new();
    for wanted in all {
        match by_id.get_mut(&wanted.wish.id) {
            Some(known) => {
                known.wish.pinned.extend(wanted.wish.pinned);
                for (name, kind) in wanted.wish.variables {
                    let before = known.wish.variables.entry(name).or_insert(kind);
                    *before = (*before).max(kind);
                }
                known.name = known.name.take().or(wanted.name);
            }
            None => {
                order.push(wanted.wish.id.clone());
                by_id.insert(wanted.wish.id.clone(), wanted);
            }
        }
    }
    order
        .into_iter()
        .filter_map(|id| by_id.remove(&id))
        .collect()
}

/// The numbers among versions as the code writes them.
fn numbers<'a>(versions: impl Iterator<Item = &'a str>) -> BTreeSet<u64> {
    versions
        .filter_map(|version| version.parse().ok())
        .filter(|version| *version > 0)
        .collect()
}

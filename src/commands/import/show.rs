//! What will be done, and what became of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::common::count;
use super::super::session::Session;
use super::args::Args;
use super::imported::{ImportedPrompts, Names};
use super::inputs::Wanted;
use super::save::ImportResult;
use crate::error::{Exit, Failure};
use crate::execute::recover::{KnownPrompt, Missing, RecoveryRequest};
use crate::output::json::{self, FailureJson};
use crate::releases::Store;

/// How many calls that cost something are to come, as far as can be known.
pub(super) fn calls_to_come(known: &[KnownPrompt]) -> usize {
    // One for each prompt, one for each version, one for a model at least.
    let versions: usize = known
        .iter()
        .map(|known| {
            versions_to_come(&known.wish, known.found.as_deref())
                .len()
                .max(1)
        })
        .sum();
    known.len() + versions + 1
}

fn versions_to_come(wish: &RecoveryRequest, found: Option<&[u64]>) -> Vec<u64> {
    let last = wish.have.last().copied().unwrap_or(0);
    let found = found
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(|version| *version > last);
    found.collect()
}

/// What all calls may cost.
pub(super) fn at_most(args: &Args) -> String {
    match args.max_cost {
        max if max > 0.0 => format!("at most {max} USD (--max-cost)"),
        _ => "without a limit of the cost (--max-cost 0)".to_owned(),
    }
}

/// Says that a repository lacks what `init` writes.
pub(super) fn not_set_up(is_set_up: bool, session: &mut Session) {
    if !is_set_up {
        session.ui.hint("this repository is not set up for prompts yet: promptctl init writes its settings and the schema for editors");
    }
}

pub(super) fn offline(
    wanted: &[Wanted],
    (here, store): (&ImportedPrompts, &Store),
    args: &Args,
    json: bool,
    session: &mut Session,
) -> Exit {
    let mut prompts = Vec::new();
    let mut taken = Names::default();
    let mut failed = 0;
    for wanted in wanted {
        let proposed = wanted.name.as_deref();
        let in_the_way = taken
            .take(&wanted.wish.id, proposed, args, here, store)
            .err();
        failed += usize::from(in_the_way.is_some());
        let name = name_of(&wanted.wish.id, wanted.name.as_deref(), here, args);
        prompts.push(json!({
            "id": wanted.wish.id,
            "name": name,
            "pinned": wanted.wish.pinned,
            "variables": wanted.wish.variables.keys().collect::<Vec<_>>(),
            "have": wanted.wish.have,
            "error": in_the_way.as_ref().map(|failure| &failure.message),
        }));
        if !json {
            let pinned = words(wanted.wish.pinned.iter());
            let variables: Vec<&str> = wanted.wish.variables.keys().map(String::as_str).collect();
            session.ui.line(format!("{}  {name}", wanted.wish.id));
            session.ui.line(format!(
                "  the code asks for versions: {}",
                or_none(&pinned)
            ));
            session.ui.line(format!(
                "  the code sends variables: {}",
                or_none(&variables.join(", "))
            ));
            if let Some(failure) = &in_the_way {
                session.ui.failure(failure);
            }
        }
    }
    if json {
        session.ui.block(json::document(
            &json!({ "from": "openai", "dry_run": true, "prompts": prompts }),
        ));
    }
    session.ui.status(format!(
        "{}; nothing was asked{}",
        count(wanted.len(), "prompt"),
        and_failed(failed)
    ));
    exit_of_plan(failed)
}

fn exit_of_plan(failed: usize) -> Exit {
    if failed > 0 {
        Exit::Verdict
    } else {
        Exit::Done
    }
}

/// The end of the last line, where not all went well.
fn and_failed(failed: usize) -> String {
    match failed {
        0 => String::new(),
        failed => format!("; {failed} failed"),
    }
}

fn name_of(id: &str, proposed: Option<&str>, here: &ImportedPrompts, args: &Args) -> String {
    here.name_for(id, proposed, args)
        .map_or_else(|_| "-".to_owned(), |name| name.to_string())
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn words<'a>(numbers: impl Iterator<Item = &'a u64>) -> String {
    numbers
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Says what would be called.
pub(super) fn plan(
    looked: &[(RecoveryRequest, Result<KnownPrompt, Failure>)],
    names: &BTreeMap<String, Option<String>>,
    here: &ImportedPrompts,
    args: &Args,
    json: bool,
    session: &mut Session,
) -> Exit {
    let mut prompts = Vec::new();
    let mut calls = 0;
    let mut is_least = false;
    let mut failed = 0;
    for (wish, known) in looked {
        let name = name_of(
            &wish.id,
            names.get(&wish.id).and_then(Option::as_deref),
            here,
            args,
        );
        let known = match known {
            Ok(known) => known,
            Err(failure) => {
                failed += 1;
                if !json {
                    session.ui.failure(failure);
                }
                prompts.push(json!({ "id": wish.id, "name": name, "error": failure.message }));
                continue;
            }
        };
        let versions = versions_to_come(wish, known.found.as_deref());
        is_least |= known.found.is_none();
        let own = 1 + versions.len().max(usize::from(known.found.is_none()));
        let own = own + usize::from(args.prove && own > 1);
        calls += own;
        prompts.push(json!({
            "id": wish.id,
            "name": name,
            "found": known.found,
            "have": wish.have,
            "calls": own,
        }));
        if !json {
            let found = match &known.found {
                Some(found) => format!("versions {}", or_none(&words(found.iter()))),
                None => "versions are not known before the first call".to_owned(),
            };
            session.ui.line(format!("{}  {name}", wish.id));
            session.ui.line(format!(
                "  {found}; here already: {}",
                or_none(&words(wish.have.iter()))
            ));
        }
    }
    if json {
        session.ui.block(json::document(&json!({
            "from": "openai", "dry_run": true, "prompts": prompts, "calls": calls, "at_least": is_least,
            "max_cost_usd": (args.max_cost > 0.0).then_some(args.max_cost),
        })));
    }
    let least = if is_least { "at least " } else { "" };
    let would = match calls {
        0 => "no call would be made".to_owned(),
        calls => format!(
            "{least}{} that OpenAI bills would be made, and one a model, {}",
            count(calls, "call"),
            at_most(args)
        ),
    };
    let last = format!("{would}; nothing was changed{}", and_failed(failed));
    match json {
        true => session.ui.status(last),
        false => session.ui.line(last),
    }
    exit_of_plan(failed)
}

/// Says once what becomes of variables that no call site names.
pub(super) fn silent(known: &[KnownPrompt], session: &mut Session) {
    if known.iter().any(|known| known.missing == Missing::Silent) {
        session.ui.warning("the API does not say when a variable is missing: one that no call site names is lost here. Name those that you know of with --var-name");
    }
}

/// Shows what became of all prompts; how the command ends.
pub(super) fn outcome(
    outcomes: Vec<ImportResult>,
    calls: (usize, usize),
    args: &Args,
    json: bool,
    session: &mut Session,
) -> Exit {
    if json {
        let prompts: Vec<Value> = outcomes.iter().map(shape).collect();
        session.ui.block(json::document(&json!({
            "from": "openai",
            "prompts": prompts,
            "calls": { "paid": calls.0, "refused": calls.1 },
        })));
    }
    let mut made = 0;
    for kept in &outcomes {
        made += kept.made.len();
        if !json {
            tell(kept, args, session);
        }
    }
    let failed = outcomes
        .iter()
        .filter(|kept| kept.failure.is_some())
        .count();
    let good = outcomes
        .iter()
        .filter(|kept| kept.failure.is_none() || !kept.made.is_empty())
        .count();
    let mut said = Vec::new();
    if good > 0 {
        said.push(format!(
            "{} of {} here",
            count(made, "new version"),
            count(good, "prompt")
        ));
    }
    if calls != (0, 0) {
        said.push(format!(
            "{} that OpenAI bills, {} refused without cost",
            count(calls.0, "call"),
            calls.1
        ));
    }
    if failed > 0 {
        said.push(format!("{failed} failed"));
    }
    if calls != (0, 0) || (failed > 0 && outcomes.len() > 1) {
        session.ui.status(said.join("; "));
    }
    let is_failed = failed > 0;
    let is_lost = outcomes
        .iter()
        .any(|kept| kept.lost.iter().any(|(_, lost)| !lost.is_note));
    let is_there = outcomes
        .iter()
        .any(|kept| !kept.made.is_empty() || kept.failure.is_none());
    match (is_failed, is_lost) {
        (true, _) if !is_there => {
            // A limit that was reached is a verdict, as a budget is.
            let failures = || outcomes.iter().filter_map(|kept| kept.failure.as_ref());
            let is_verdict = failures().all(|failure| failure.exit == Exit::Verdict);
            if is_verdict {
                Exit::Verdict
            } else {
                Exit::Failed
            }
        }
        (true, _) | (_, true) => Exit::Verdict,
        _ => Exit::Done,
    }
}

fn action(kept: &ImportResult) -> &'static str {
    match (kept.made.is_empty(), kept.was_here, kept.failure.is_some()) {
        (true, _, true) => "refused",
        (true, _, false) => "unchanged",
        (false, true, _) => "updated",
        (false, false, _) => "created",
    }
}

fn shape(kept: &ImportResult) -> Value {
    let versions: Vec<Value> = kept
        .made
        .iter()
        .map(|(version, theirs)| json!({ "version": version, "source_versions": theirs }))
        .collect();
    let lost: Vec<Value> = kept
        .lost
        .iter()
        .map(|(version, lost)| json!({ "code": lost.code.as_str(), "source_version": version, "message": lost.message, "note": lost.is_note }))
        .collect();
    json!({
        "id": kept.id,
        "name": kept.name.as_ref().map(ToString::to_string),
        "path": kept.path,
        "action": action(kept),
        "version": kept.made.last().map(|(version, _)| version),
        "versions": versions,
        "source": { "format": "openai", "id": kept.id, "current": kept.current.map(|it| it.to_string()), "project": kept.project },
        "gaps": kept.gaps,
        "higher": kept.higher,
        "published": kept.published,
        "proven": kept.is_proven,
        "lost": lost,
        "error": kept.failure.as_ref().map(FailureJson::from),
    })
}

fn tell(kept: &ImportResult, args: &Args, session: &mut Session) {
    let name = kept
        .name
        .as_ref()
        .map_or_else(|| kept.id.clone(), ToString::to_string);
    match (kept.made.first(), kept.made.last()) {
        (Some((first, _)), Some((last, _))) => {
            let range = if first == last {
                first.to_string()
            } else {
                format!("{first} to {last}")
            };
            let current = kept.current.map_or_else(String::new, |current| {
                format!(" (OpenAI's current one is {current})")
            });
            session
                .ui
                .status(format!("{name} {range} made from {}{current}", kept.id));
        }
        _ if kept.failure.is_none() && args.dry_run => session
            .ui
            .line(format!("{name} would be written from {}", kept.id)),
        _ if kept.failure.is_none() => session.ui.status(format!(
            "{name} is up to date with {}: nothing to do",
            kept.id
        )),
        _ => {}
    }
    if args.no_commit && !kept.made.is_empty() {
        let path = kept.path.as_deref().unwrap_or_default();
        session.ui.status(format!(
            "  written to {path}, not committed; without --no-commit every version becomes a commit"
        ));
    }
    if kept.is_proven {
        session
            .ui
            .status("  proven with awkward values: OpenAI changes none");
    }
    if !kept.gaps.is_empty() {
        session.ui.status(format!(
            "  OpenAI has no version {}: the number stays free",
            words(kept.gaps.iter())
        ));
    }
    if !kept.higher.is_empty() {
        session.ui.warning(format!(
            "{name}: OpenAI has later versions than its current one ({}), which were not taken",
            words(kept.higher.iter())
        ));
        session.ui.hint(format!(
            "promptctl import {} --version all takes them; the next publish --all would release the last of them",
            kept.id
        ));
    }
    // What holds for several versions is said once.
    let mut said: Vec<(&str, Vec<&str>)> = Vec::new();
    for (version, lost) in &kept.lost {
        let version = version.as_deref().unwrap_or("-");
        match said
            .iter_mut()
            .find(|(message, _)| *message == lost.message)
        {
            Some((_, versions)) => versions.push(version),
            None => said.push((&lost.message, vec![version])),
        }
    }
    for (message, versions) in said {
        let code = kept
            .lost
            .iter()
            .find(|(_, lost)| lost.message == message)
            .map(|(_, lost)| (lost.code, lost.is_note));
        let which = match versions.as_slice() {
            ["-", ..] => "note".to_owned(),
            versions => format!("OpenAI's version {}", versions.join(", ")),
        };
        match code {
            Some((code, false)) => session
                .ui
                .warning(format!("{name}, {which}: {message} [{code}]")),
            Some((_, true)) => session.ui.status(format!("  {which}: {message}")),
            None => {}
        }
    }
    if let Some(version) = kept.published {
        let environment = args
            .publish
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        session
            .ui
            .status(format!("{name} {version} published to {environment}"));
    }
    if let Some(failure) = &kept.failure {
        session.ui.failure(failure);
    }
}

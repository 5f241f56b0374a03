//! A file that our own export wrote, and that may have been changed since. What stands under
//! `promptctl` counts where the rest of the file is still what the export writes for it; what somebody
//! changed there counts instead, and is named.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::draft::is_prompt;
use super::export::outside;
use super::{Foreign, Format, Ours, Source};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Severity};

/// The most entries of a list that are written one by one to see what becomes of each.
const MAX_ALONE: usize = 1_000;

/// The prompt that the file stands for now.
pub(super) fn settled(mut foreign: Foreign, format: Format, source: &Source<'_>) -> Foreign {
    let Some(ours) = foreign.ours.take() else {
        return foreign;
    };
    let Ours { block, mut with } = *ours;
    let written = |file: &Map<String, Value>| {
        let partials = with.partials.clone();
        let whole = Foreign {
            file: file.clone(),
            partials,
            ..Foreign::default()
        };
        outside(format, &whole, source.is_tidy)
    };
    let Some(base) = written(&with.file) else {
        report(
            Severity::Warning,
            "what stands under `promptctl` cannot be compared with the rest of the file: left out",
            &mut foreign.lost,
        );
        return foreign;
    };
    if base.file == foreign.file {
        // What it says in another way is written down as it is.
        let is_known = |lost: &Finding| base.lost.iter().any(|it| it.message == lost.message);
        with.lost.retain(|lost| !is_known(lost));
        foreign.file = with.file;
        foreign.lost = with.lost;
        return foreign;
    }
    for lost in with.lost {
        if !foreign.lost.iter().any(|it| it.message == lost.message) {
            foreign.lost.push(lost);
        }
    }
    let (file, cut) = merged([&base.file, &foreign.file, &with.file], &written);
    for key in block.keys() {
        let name = match key.as_str() {
            "inputSchema" => "input",
            key => key,
        };
        let (was, is) = (base.file.get(name), foreign.file.get(name));
        if was != is {
            let message = format!(
                "`promptctl.{key}` is older than the rest of the file, which was changed since it was exported: the rest counts"
            );
            let severity = match cut.contains(name) {
                true => Severity::Warning,
                false => Severity::Note,
            };
            report(severity, &message, &mut foreign.lost);
        }
    }
    match is_prompt(&file, &foreign.partials) {
        true => foreign.file = file,
        false => report(
            Severity::Warning,
            "what stands under `promptctl` does not fit the rest of the file, which was changed since it was exported: left out",
            &mut foreign.lost,
        ),
    }
    foreign
}

/// The file as it was exported, as it says now and as it was written down, in one; and the keys of
/// which something that was written down is gone.
fn merged(
    [base, now, own]: [&Map<String, Value>; 3],
    written: &dyn Fn(&Map<String, Value>) -> Option<Foreign>,
) -> (Map<String, Value>, BTreeSet<String>) {
    let mut file = Map::new();
    let mut cut = BTreeSet::new();
    let more = now.keys().filter(|key| !own.contains_key(*key));
    for key in own.keys().chain(more) {
        let three = Three {
            base: base.get(key),
            now: now.get(key),
            own: own.get(key),
        };
        let (value, is_clean) = match key.as_str() {
            "messages" | "testData" | "evaluators" => {
                three.list(|base, all| alone(key, all, base, own, written))
            }
            _ => three.merged(),
        };
        let has_parts = |value: &Value| value.is_object() || value.is_array();
        let is_whole = is_clean && three.own.is_some_and(has_parts);
        if three.own != three.base && !is_whole {
            cut.insert(key.clone());
        }
        file.extend(value.map(|value| (key.clone(), value)));
    }
    (file, cut)
}

fn report(severity: Severity, message: &str, lost: &mut Vec<Finding>) {
    let mut finding = Finding::error(code::SOURCE_CHANGED, message);
    finding.severity = severity;
    lost.push(finding);
}

/// The entries that the format says for each of ours; none where that cannot be told.
fn alone(
    key: &str,
    own: &[Value],
    base: &[Value],
    whole: &Map<String, Value>,
    written: &dyn Fn(&Map<String, Value>) -> Option<Foreign>,
) -> Option<Vec<Vec<Value>>> {
    // An evaluator may be several assertions there, or none; a message or a case is itself.
    if own == base || key != "evaluators" && own.len() == base.len() {
        return Some(base.iter().map(|entry| vec![entry.clone()]).collect());
    }
    if key == "messages" || own.len() > MAX_ALONE {
        return None;
    }
    let mut left = base.to_vec();
    let one = |entry: &Value| {
        let mut file = whole.clone();
        file.retain(|key, _| !["testData", "evaluators"].contains(&key.as_str()));
        file.insert(key.to_owned(), Value::from(vec![entry.clone()]));
        let mut said = entries(written(&file)?.file.get(key)).to_vec();
        // What it would say alone may be left out beside others.
        said.retain(|entry| {
            let at = left.iter().position(|it| it == entry);
            at.map(|at| left.remove(at)).is_some()
        });
        Some(said)
    };
    own.iter().map(one).collect()
}

fn entries(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A part of a prompt: as the format says what was exported, as the file says it now, and as it was
/// written down under `promptctl`.
#[derive(Clone, Copy)]
struct Three<'v> {
    base: Option<&'v Value>,
    now: Option<&'v Value>,
    own: Option<&'v Value>,
}

impl Three<'_> {
    /// The value, and whether each change in the file has its place in ours.
    fn merged(self) -> (Option<Value>, bool) {
        if self.base == self.now {
            return (self.own.cloned(), true);
        }
        match (self.base, self.now, self.own) {
            (Some(Value::Object(base)), Some(Value::Object(now)), Some(Value::Object(own))) => {
                let mut is_clean = true;
                let mut merged = Map::new();
                let more = now.keys().filter(|key| !own.contains_key(*key));
                for key in own.keys().chain(more) {
                    let below = Three {
                        base: base.get(key),
                        now: now.get(key),
                        own: own.get(key),
                    };
                    let (value, is_below) = below.merged();
                    is_clean &= is_below;
                    merged.extend(value.map(|value| (key.clone(), value)));
                }
                is_clean &= base
                    .keys()
                    .all(|key| own.contains_key(key) || now.contains_key(key));
                (Some(Value::Object(merged)), is_clean)
            }
            (Some(Value::Array(base)), Some(Value::Array(now)), Some(Value::Array(own))) => {
                match [base, now, own]
                    .iter()
                    .all(|all| all.iter().all(Value::is_string))
                {
                    true => {
                        let stays = |it: &&Value| now.contains(it) || !base.contains(it);
                        let is_new = |it: &&Value| !base.contains(it) && !own.contains(it);
                        let kept = own.iter().filter(stays);
                        let all = kept.chain(now.iter().filter(is_new)).cloned();
                        (Some(all.collect()), true)
                    }
                    false => (self.now.cloned(), own == base),
                }
            }
            (Some(_), now, None) => (now.cloned(), false),
            (_, now, _) => (now.cloned(), true),
        }
    }

    /// A list by its entries, and whether nothing of ours is gone that nobody took out; `said` tells
    /// what the format says for each of ours.
    fn list(
        self,
        said: impl FnOnce(&[Value], &[Value]) -> Option<Vec<Vec<Value>>>,
    ) -> (Option<Value>, bool) {
        if self.base == self.now {
            return (self.own.cloned(), true);
        }
        let [base, now, own] = [self.base, self.now, self.own].map(entries);
        let Some(said) = said(base, own) else {
            return (self.now.cloned(), false);
        };
        let mut has_gone = false;
        let mut is_taken = vec![false; now.len()];
        // Ours that still stand there, by their places.
        let mut kept: Vec<Option<Vec<usize>>> = Vec::new();
        for said in &said {
            let mut places = Vec::new();
            for entry in said {
                let free =
                    |at: &usize| !is_taken[*at] && !places.contains(at) && now[*at] == *entry;
                places.extend((0..now.len()).find(free));
            }
            let is_whole = places.len() == said.len();
            if is_whole {
                places.iter().for_each(|at| is_taken[*at] = true);
            }
            kept.push(is_whole.then_some(places));
        }
        let mut merged: Vec<(usize, Value)> = Vec::new();
        let mut last = 0;
        for ((entry, said), kept) in own.iter().zip(&said).zip(kept) {
            if let Some(places) = kept {
                last = places.first().copied().unwrap_or(last);
                merged.push((last, entry.clone()));
                continue;
            }
            // The entry at its place is the same one, changed.
            let changed = || {
                let [before] = said.as_slice() else {
                    return None;
                };
                let at = base.iter().position(|it| it == before)?;
                let is_there = base.len() == now.len() && !is_taken[at];
                let three = Three {
                    base: Some(before),
                    now: Some(now.get(at).filter(|_| is_there)?),
                    own: Some(entry),
                };
                match three.merged() {
                    (Some(value), true) => Some((at, value)),
                    _ => None,
                }
            };
            match changed() {
                Some((at, value)) => {
                    is_taken[at] = true;
                    last = at;
                    merged.push((at, value));
                }
                None => has_gone |= said.as_slice() != std::slice::from_ref(entry),
            }
        }
        let new: Vec<usize> = (0..now.len()).filter(|at| !is_taken[*at]).collect();
        // What was only taken out was meant to go.
        let is_clean = !has_gone || new.is_empty();
        merged.extend(new.into_iter().map(|at| (at, now[at].clone())));
        merged.sort_by_key(|(at, _)| *at);
        let merged: Vec<Value> = merged.into_iter().map(|(_, value)| value).collect();
        (
            (!merged.is_empty()).then_some(Value::Array(merged)),
            is_clean,
        )
    }
}

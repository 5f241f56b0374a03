//! What was read as files of this repository: new, merged into what is here, or up to date.

use std::collections::BTreeMap;

use super::super::gate::Gate;
use super::incoming::{Action, FileResult, Incoming, Options};
use super::planner::Planner;
use crate::error::Failure;
use crate::files::FileChange;
use crate::prompt::code;
use crate::releases::Store;

/// Changes that become one commit.
struct Step {
    changes: Vec<FileChange>,
    message: String,
    /// The results that it writes.
    results: Vec<usize>,
}

/// All that is to be done.
pub(in crate::commands) struct Plan {
    results: Vec<FileResult>,
    steps: Vec<Step>,
}

/// Plans what becomes of all that was read. Nothing is written.
pub(in crate::commands) fn plan(
    all: Vec<Incoming>,
    options: &Options<'_>,
    store: &Store,
    gate: &Gate,
) -> Plan {
    let mut planner = Planner::new(options, store, gate);
    let mut plan = Plan {
        results: Vec::new(),
        steps: Vec::new(),
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for read in &all {
        if let Ok(foreign) = &read.prompt {
            *counts.entry(foreign.name.clone()).or_default() += 1;
            planner.names.ask(&foreign.name, read);
        }
    }
    let mut written: Vec<Written> = Vec::new();
    for read in all {
        let mut result = FileResult {
            source: read.source,
            format: read.format,
            is_guessed: read.is_guessed,
            source_version: None,
            source_digest: read.digest,
            stands: read.stands,
            name: read.stem,
            path: None,
            action: Action::Refused,
            version: None,
            labels: Vec::new(),
            text: None,
            lost: Vec::new(),
            failure: None,
        };
        let index = plan.results.len();
        match read.prompt {
            Err(refused) => {
                result.name.clone_from(&refused.name);
                result.source_version = refused.version;
                let mut why = *refused.why;
                why.path.get_or_insert_with(|| result.source.clone());
                planner.fail(&result.source, &refused.name);
                result.failure = Some(Failure::from(why));
            }
            Ok(foreign) => {
                let is_of_several = counts.get(&foreign.name).is_some_and(|count| *count > 1);
                result.source_version = foreign.version;
                result.labels.clone_from(&foreign.labels);
                let own = foreign.name.clone();
                let made = Made {
                    author: foreign.author.clone(),
                    time: foreign.made.clone(),
                    message: foreign.message.clone(),
                };
                match planner.one(foreign, &mut result) {
                    Ok(changes) if changes.is_empty() => {}
                    Ok(changes) => written.push(Written {
                        index,
                        changes,
                        is_apart: is_of_several || made.message.is_some(),
                        made,
                    }),
                    Err(failure) => {
                        planner.fail(&result.source, &own);
                        result.action = Action::Refused;
                        result.text = None;
                        result.failure = Some(failure);
                    }
                }
            }
        }
        plan.results.push(result);
    }
    written.retain(|one| plan.keep(one.index, &planner));
    plan.steps(written, options);
    plan
}

/// A prompt that is to be written.
struct Written {
    /// Its result.
    index: usize,
    changes: Vec<FileChange>,
    made: Made,
    /// Whether it is a commit of its own: other versions of it come along, or it was given a message.
    is_apart: bool,
}

/// How a version was made there.
struct Made {
    author: Option<String>,
    time: Option<String>,
    message: Option<String>,
}

impl Made {
    /// Who made it there, and when, each behind a comma.
    fn said(&self) -> String {
        let author = self.author.iter().map(|author| format!(", by {author}"));
        let time = self.time.iter().map(|time| format!(", {time}"));
        author.chain(time).collect()
    }
}

/// The message of one commit for all that has none of its own.
fn message(options: &Options<'_>, results: &[FileResult], written: &[(usize, Made)]) -> String {
    if let Some(message) = options.message {
        return message.to_owned();
    }
    let lines: Vec<String> = written
        .iter()
        .map(|(index, made)| {
            let FileResult {
                name,
                source,
                source_version,
                ..
            } = &results[*index];
            let version = source_version.filter(|_| !made.said().is_empty());
            let version = version.map_or(String::new(), |it| format!(", version {it} there"));
            format!("{name} from {source}{version}{}", made.said())
        })
        .collect();
    match lines.as_slice() {
        [only] => format!("Import {only}"),
        several => format!(
            "Import {} prompts from files\n\n- {}\n",
            several.len(),
            several.join("\n- ")
        ),
    }
}

fn version_message(options: &Options<'_>, result: &FileResult, made: &Made) -> String {
    let number = result
        .version
        .map(|version| version.to_string())
        .unwrap_or_default();
    let usual = format!("Import {} {number} from {}", result.name, result.source);
    let own = options.message.map(str::to_owned);
    let mut parts: Vec<String> = own.into_iter().chain(made.message.clone()).collect();
    if parts.is_empty() {
        parts.push(usual);
    }
    if let Some(version) = result.source_version {
        parts.push(format!("Version {version} there{}.", made.said()));
    }
    parts.join("\n\n")
}

impl Plan {
    /// Whether a prompt is written; if not, its result says why.
    fn keep(&mut self, index: usize, planner: &Planner<'_>) -> bool {
        let result = &mut self.results[index];
        let Some(failure) = planner.refusal(&result.name) else {
            return true;
        };
        result.action = Action::Refused;
        result.version = None;
        result.text = None;
        result.failure = Some(failure);
        false
    }

    /// Makes the commits: one for each version of several, and one for all else.
    fn steps(&mut self, written: Vec<Written>, options: &Options<'_>) {
        let mut together = Vec::new();
        let mut last: BTreeMap<String, FileChange> = BTreeMap::new();
        for one in written {
            if one.is_apart && !options.no_commit {
                let result = &self.results[one.index];
                self.steps.push(Step {
                    changes: one.changes,
                    message: version_message(options, result, &one.made),
                    results: vec![one.index],
                });
                continue;
            }
            // A file holds one version: the last.
            let changes = one.changes.into_iter();
            last.extend(changes.map(|change| (change.path().to_owned(), change)));
            together.push((one.index, one.made));
        }
        if !last.is_empty() {
            let step = Step {
                changes: last.into_values().collect(),
                message: message(options, &self.results, &together),
                results: together.into_iter().map(|(index, _)| index).collect(),
            };
            self.steps.insert(0, step);
        }
    }

    /// How many commits it makes.
    pub(in crate::commands) fn commits(&self, options: &Options<'_>) -> usize {
        match options.no_commit {
            true => 0,
            false => self.steps.len(),
        }
    }

    pub(in crate::commands) fn results(&self) -> impl Iterator<Item = &FileResult> {
        self.results.iter()
    }

    /// The same with nothing written, since something would be lost.
    pub(in crate::commands) fn refuse_all(mut self) -> Vec<FileResult> {
        for result in &mut self.results {
            if result.failure.is_some() || result.action == Action::Unchanged {
                continue;
            }
            let message = match result.is_lossy() {
                true => format!(
                    "{}: something would be lost, so nothing was written (--strict)",
                    result.name
                ),
                false => format!(
                    "{}: not written, because another one did not come whole (--strict)",
                    result.name
                ),
            };
            result.action = Action::Refused;
            result.failure = Some(Failure::new(code::NOT_WHOLE, message).hint(
                "without --strict what can be is written, and what was left out is reported",
            ));
        }
        self.results
    }

    /// Does it; what failed on the way, too.
    pub(in crate::commands) fn write(
        mut self,
        options: &Options<'_>,
        store: &Store,
    ) -> (Vec<FileResult>, Option<Failure>) {
        if options.dry_run {
            return (self.results, None);
        }
        let mut steps = std::mem::take(&mut self.steps).into_iter();
        while let Some(step) = steps.next() {
            let written = match options.no_commit {
                true => store.write_files(&step.changes),
                false => store.commit(&step.changes, &step.message).map(drop),
            };
            if let Err(failure) = written {
                let left = step
                    .results
                    .into_iter()
                    .chain(steps.flat_map(|step| step.results));
                for index in left {
                    self.results[index].action = Action::Refused;
                    self.results[index].version = None;
                }
                return (self.results, Some(failure));
            }
        }
        (self.results, None)
    }
}

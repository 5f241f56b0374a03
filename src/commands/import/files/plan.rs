//! What was read as files of this repository: new, merged into what is here, or up to date.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::super::super::gate::Gate;
use super::super::{Args, has_prompt};
use super::Read;
use crate::error::Failure;
use crate::exchange::format::Foreign;
use crate::exchange::write::yaml_file;
use crate::files::{FileChange, Loaded};
use crate::prompt::code;
use crate::prompt::digest::digest;
use crate::prompt::edit::set_version;
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::lint::check_text;
use crate::prompt::merge::{Marks, Sides, merge};
use crate::prompt::name::{PromptName, partial_path};
use crate::prompt::reference::Reference;
use crate::prompt::template::{Partial, Partials};
use crate::prompt::version::Version;
use crate::releases::Store;

/// What becomes of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Created,
    Updated,
    Unchanged,
    Refused,
}

impl Action {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// What became of one version of one prompt.
#[derive(Debug)]
pub(super) struct FileResult {
    /// The file that it came from.
    pub(super) source: String,
    pub(super) format: &'static str,
    pub(super) is_guessed: bool,
    pub(super) source_version: Option<u64>,
    pub(super) name: String,
    pub(super) path: Option<String>,
    pub(super) action: Action,
    pub(super) version: Option<Version>,
    /// The text that is written.
    pub(super) text: Option<String>,
    pub(super) lost: Vec<Finding>,
    pub(super) failure: Option<Failure>,
}

impl FileResult {
    /// Whether all of it came.
    pub(super) fn is_whole(&self) -> bool {
        self.failure.is_none() && !self.is_lossy()
    }

    pub(super) fn is_lossy(&self) -> bool {
        self.lost.iter().any(|lost| lost.severity != Severity::Note)
    }
}

/// Changes that become one commit.
struct Step {
    changes: Vec<FileChange>,
    message: String,
    /// The results that it writes.
    results: Vec<usize>,
}

/// All that is to be done.
pub(super) struct Plan {
    results: Vec<FileResult>,
    steps: Vec<Step>,
}

/// A prompt as it stands while the plan is made.
struct Here {
    text: String,
    loaded: Option<Loaded>,
}

/// Plans what becomes of all that was read. Nothing is written.
pub(super) fn plan(all: Vec<Read<'_>>, args: &Args, store: &Store, gate: &Gate) -> Plan {
    let mut planner = Planner {
        args,
        store,
        gate,
        names: BTreeMap::new(),
        partials: BTreeMap::new(),
        here: BTreeMap::new(),
        numbers: BTreeMap::new(),
        failed: BTreeSet::new(),
    };
    let mut plan = Plan {
        results: Vec::new(),
        steps: Vec::new(),
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for read in &all {
        if let Ok(foreign) = &read.prompt {
            *counts.entry(foreign.name.clone()).or_default() += 1;
        }
    }
    let mut together = Step {
        changes: Vec::new(),
        message: String::new(),
        results: Vec::new(),
    };
    for read in all {
        let mut result = FileResult {
            source: read.file.shown.clone(),
            format: read
                .file
                .content
                .as_ref()
                .map_or("-", |(format, _)| format.row().name),
            is_guessed: read.file.is_guessed,
            source_version: None,
            name: read.file.stem.clone(),
            path: None,
            action: Action::Refused,
            version: None,
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
                planner.failed.insert(refused.name);
                result.failure = Some(Failure::from(why));
            }
            Ok(foreign) => {
                let is_of_several = counts.get(&foreign.name).is_some_and(|count| *count > 1);
                result.source_version = foreign.version;
                let own = foreign.name.clone();
                let author = foreign.author.clone();
                match planner.one(foreign, &mut result) {
                    Ok(changes) if changes.is_empty() => {}
                    Ok(changes) if is_of_several && !args.no_commit => plan.steps.push(Step {
                        changes,
                        message: version_message(args, &result, author.as_deref()),
                        results: vec![index],
                    }),
                    Ok(changes) => {
                        // A file holds one version: the last.
                        let is_same =
                            |old: &FileChange| changes.iter().any(|new| new.path() == old.path());
                        together.changes.retain(|old| !is_same(old));
                        together.changes.extend(changes);
                        together.results.push(index);
                    }
                    Err(failure) => {
                        planner.failed.insert(own);
                        result.action = Action::Refused;
                        result.text = None;
                        result.failure = Some(failure);
                    }
                }
            }
        }
        plan.results.push(result);
    }
    if !together.changes.is_empty() {
        together.message = message(args, &plan.results, &together.results);
        plan.steps.insert(0, together);
    }
    plan
}

fn message(args: &Args, results: &[FileResult], written: &[usize]) -> String {
    if let Some(message) = &args.message {
        return message.clone();
    }
    let written: Vec<&FileResult> = written.iter().map(|index| &results[*index]).collect();
    match written.as_slice() {
        [only] => format!("Import {} from {}", only.name, only.source),
        several => format!(
            "Import {} prompts from files\n\n{}",
            several.len(),
            several
                .iter()
                .map(|one| format!("- {} from {}\n", one.name, one.source))
                .collect::<String>()
        ),
    }
}

fn version_message(args: &Args, result: &FileResult, author: Option<&str>) -> String {
    let number = result
        .version
        .map(|version| version.to_string())
        .unwrap_or_default();
    let usual = format!("Import {} {number} from {}", result.name, result.source);
    let mut message = args.message.clone().unwrap_or(usual);
    if let Some(version) = result.source_version {
        let by = author
            .map(|author| format!(", by {author}"))
            .unwrap_or_default();
        message.push_str(&format!("\n\nVersion {version} there{by}."));
    }
    message
}

impl Plan {
    pub(super) fn results(&self) -> impl Iterator<Item = &FileResult> {
        self.results.iter()
    }

    /// The same with nothing written, since something would be lost.
    pub(super) fn refuse_all(mut self) -> Vec<FileResult> {
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
    pub(super) fn write(
        mut self,
        args: &Args,
        store: &Store,
    ) -> (Vec<FileResult>, Option<Failure>) {
        if args.dry_run {
            return (self.results, None);
        }
        let mut steps = std::mem::take(&mut self.steps).into_iter();
        while let Some(step) = steps.next() {
            let written = match args.no_commit {
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

struct Planner<'p> {
    args: &'p Args,
    store: &'p Store,
    gate: &'p Gate,
    /// The names that were given out, in small letters, each with its source.
    names: BTreeMap<String, (String, String)>,
    /// The partials that are to be written, by their paths.
    partials: BTreeMap<String, String>,
    /// The prompts that earlier versions were planned for.
    here: BTreeMap<PromptName, Here>,
    numbers: BTreeMap<PromptName, Version>,
    /// Those of which a version was refused: later ones would stand on a gap.
    failed: BTreeSet<String>,
}

impl Planner<'_> {
    fn one(
        &mut self,
        foreign: Foreign,
        result: &mut FileResult,
    ) -> Result<Vec<FileChange>, Failure> {
        let own = foreign.name.clone();
        let name = self.name(&own, result)?;
        name.as_str().clone_into(&mut result.name);
        let path = self.store.path_for(&name);
        result.path = Some(path.clone());
        result.lost = foreign.lost.clone();
        for lost in &mut result.lost {
            lost.path.get_or_insert_with(|| result.source.clone());
        }
        if self.failed.contains(&own) {
            return Err(Failure::new(
                code::NOT_WHOLE,
                format!("{name}: not written, because an earlier version of it was refused"),
            )
            .hint("mend that version in the source, and import again"));
        }
        let (mut changes, partials) = self.partials(&foreign)?;
        let text = self.draft(&foreign, &name, &path, result, &partials)?;
        let theirs = self.loaded(&name, &path, text, &partials)?;
        let planned = self.here.remove(&name);
        let before = match planned {
            Some(here) => Some(here),
            None => self.before(&name, &path, result)?,
        };
        let text = match before {
            None => {
                let number = self.number(&name, foreign.version)?;
                result.action = Action::Created;
                numbered(&theirs, number, &path)?
            }
            Some(here) => {
                let source = here
                    .loaded
                    .as_ref()
                    .and_then(|loaded| loaded.document.source.as_ref());
                let last = source.and_then(|source| source.versions.last()?.parse::<u64>().ok());
                let is_known = foreign
                    .version
                    .zip(last)
                    .is_some_and(|(theirs, last)| theirs <= last);
                let is_same = source.and_then(|source| source.digest.as_deref())
                    == Some(theirs.digest().short());
                if is_known
                    || (is_same && foreign.version.is_none_or(|version| Some(version) == last))
                {
                    result.action = Action::Unchanged;
                    result.version = here.loaded.as_ref().map(Loaded::version);
                    result.lost.clear();
                    self.here.insert(name, here);
                    return Ok(Vec::new());
                }
                result.action = Action::Updated;
                let number = self.number(&name, foreign.version)?;
                self.merged(&here, &theirs, &name, &path, number)?
            }
        };
        let loaded = self.loaded(&name, &path, text.clone(), &partials)?;
        self.gate.check_writing(self.store, &loaded, &path)?;
        result.version = Some(loaded.version());
        result.text = Some(text.clone());
        changes.push(FileChange::Write {
            path,
            text: text.clone(),
        });
        for change in &changes {
            if let FileChange::Write { path, text } = change
                && path.ends_with(".hbs")
            {
                self.partials.insert(path.clone(), text.clone());
            }
        }
        self.numbers.insert(name.clone(), loaded.version());
        self.here.insert(
            name,
            Here {
                text,
                loaded: Some(loaded),
            },
        );
        Ok(changes)
    }

    /// The name that a prompt gets; each once.
    fn name(&mut self, own: &str, result: &FileResult) -> Result<PromptName, Failure> {
        let name = match &self.args.name {
            Some(name) => name.clone(),
            None => {
                let clean = clean(own);
                let name = match &self.args.into {
                    Some(folder) => format!("{}/{clean}", folder.trim_matches('/')),
                    None => clean,
                };
                PromptName::from_str(&name).map_err(|error| {
                    Failure::new(
                        code::NEEDS_NAME,
                        format!("{own} cannot be named {name}: {error}"),
                    )
                    .at(result.source.clone())
                    .hint("--name NAME names the prompt")
                })?
            }
        };
        let mine = (result.source.clone(), own.to_owned());
        let taken = self
            .names
            .entry(name.as_str().to_lowercase())
            .or_insert_with(|| mine.clone());
        if *taken != mine {
            return Err(Failure::new(
                code::EXISTS,
                format!("{own} would be named {name}, as the one of {} is", taken.0),
            )
            .at(result.source.clone())
            .hint("import it by itself: --name NAME gives it another name"));
        }
        Ok(name)
    }

    /// The partials that come with it: what is to be written, and all as the templates see them.
    fn partials(&self, foreign: &Foreign) -> Result<(Vec<FileChange>, Partials), Failure> {
        let mut changes = Vec::new();
        let mut partials = Partials::new();
        for (name, text) in &foreign.partials {
            let below = partial_path(name).ok_or_else(|| {
                Failure::new(
                    code::NEEDS_NAME,
                    format!("a partial cannot be named {name}"),
                )
                .hint("rename it in the source")
            })?;
            let path = self.store.path_below_root(&below);
            let is_clear = check_text(text)
                .into_iter()
                .all(|finding| finding.code != code::SECRET);
            if !is_clear {
                return Err(Failure::new(
                    code::SECRET,
                    format!("the partial {name} holds a secret"),
                )
                .hint("revoke it, take it out of the source, and import again"));
            }
            let there = match self.partials.get(&path) {
                Some(text) => Some(text.clone()),
                None => self.store.read_text(&path)?,
            };
            match there {
                Some(there) if there == *text => {}
                Some(_) => {
                    return Err(Failure::new(code::EXISTS, format!("the partial {name} exists, with another text"))
                        .at(path)
                        .hint("--into DIR puts what is imported, with its partials, below a folder of its own"));
                }
                None => changes.push(FileChange::Write {
                    path: path.clone(),
                    text: text.clone(),
                }),
            }
            let partial = Partial {
                text: text.clone(),
                path,
            };
            partials.insert(name.clone(), partial);
        }
        Ok((changes, partials))
    }

    /// The text of the file, without number and digest.
    fn draft(
        &self,
        foreign: &Foreign,
        name: &PromptName,
        path: &str,
        result: &FileResult,
        partials: &Partials,
    ) -> Result<String, Failure> {
        let plain = yaml_file(&foreign.file);
        let loaded = self.loaded(name, path, plain, partials)?;
        let mut source = Map::new();
        source.insert("format".to_owned(), json!(result.format));
        source.insert("path".to_owned(), json!(result.source));
        if let Some(version) = foreign.version {
            source.insert("version".to_owned(), json!(version.to_string()));
        }
        source.insert("digest".to_owned(), json!(loaded.digest().short()));
        let mut file = foreign.file.clone();
        file.insert("source".to_owned(), Value::Object(source));
        Ok(yaml_file(&file))
    }

    fn loaded(
        &self,
        name: &PromptName,
        path: &str,
        text: String,
        partials: &Partials,
    ) -> Result<Loaded, Failure> {
        let mut loaded = self.store.with_new_text(name, path, text)?;
        loaded.partials.extend(partials.clone());
        Ok(loaded)
    }

    /// What is here under that name already, if it came from the same file.
    fn before(
        &self,
        name: &PromptName,
        path: &str,
        result: &FileResult,
    ) -> Result<Option<Here>, Failure> {
        let reference = Reference::working_copy(name.clone());
        let loaded = match self.store.load(&reference) {
            Err(failure)
                if failure.code == Some(code::UNKNOWN_PROMPT) && !has_prompt(self.store, name) =>
            {
                return self.in_the_way(path).map(|()| None);
            }
            Err(failure) => return Err(failure),
            Ok(loaded) => loaded,
        };
        let source = loaded.document.source.as_ref();
        let is_ours = source.is_some_and(|source| {
            source.format.as_deref() == Some(result.format)
                && source.path.as_deref() == Some(result.source.as_str())
        });
        if !is_ours {
            return Err(Failure::new(
                code::EXISTS,
                format!(
                    "a prompt named {name} exists, and it did not come from {}",
                    result.source
                ),
            )
            .at(loaded.path)
            .hint("--name NAME gives it another name, --into DIR a folder"));
        }
        if loaded.is_dirty() {
            return Err(Failure::new(code::EDITED_HERE, format!("{name} has changes that are not committed, and what is imported would be written over them"))
                .at(loaded.path)
                .hint("commit them or put them away (git stash), then import again"));
        }
        Ok(Some(Here {
            text: loaded.text.clone(),
            loaded: Some(loaded),
        }))
    }

    /// Fails where a file stands in the place of a folder.
    fn in_the_way(&self, path: &str) -> Result<(), Failure> {
        for (end, _) in path.match_indices('/') {
            let folder = &path[..end];
            let is_file = std::fs::symlink_metadata(self.store.top().join(folder))
                .is_ok_and(|data| !data.is_dir());
            if is_file {
                return Err(Failure::new(
                    code::WRITE_FAILED,
                    format!("{folder} is no folder, and {path} needs one of that name"),
                )
                .at(folder)
                .hint("--name NAME gives it another name, --into DIR a folder"));
            }
        }
        Ok(())
    }

    /// The number of the next version: theirs where it is free.
    fn number(&self, name: &PromptName, theirs: Option<u64>) -> Result<Version, Failure> {
        let taken = self.store.numbers(name)?.highest();
        let highest = self.numbers.get(name).copied().max(taken);
        let next = match highest {
            None => Version::FIRST,
            Some(highest) => highest.next().ok_or_else(|| {
                Failure::new(
                    code::NO_NUMBER_LEFT,
                    format!("{name} has {highest}, and there is no number after it"),
                )
                .hint("--name NAME imports it under another name")
            })?,
        };
        let theirs = theirs
            .and_then(|it| u32::try_from(it).ok())
            .and_then(Version::new);
        Ok(theirs.filter(|theirs| *theirs >= next).unwrap_or(next))
    }

    /// Theirs merged into ours, from what was imported last.
    fn merged(
        &self,
        here: &Here,
        theirs: &Loaded,
        name: &PromptName,
        path: &str,
        number: Version,
    ) -> Result<String, Failure> {
        let their_text = numbered(theirs, number, path)?;
        if self.args.force {
            return Ok(their_text);
        }
        let imported = here
            .loaded
            .as_ref()
            .and_then(|loaded| loaded.document.source.as_ref()?.digest.clone())
            .unwrap_or_default();
        let base = match &here.loaded {
            Some(loaded) if loaded.digest().short() == imported => Some(here.text.clone()),
            _ => self
                .store
                .history(name)?
                .into_iter()
                .filter_map(|entry| entry.loaded)
                .find(|loaded| loaded.digest().short() == imported)
                .map(|loaded| loaded.text.clone()),
        };
        let edited = || {
            Failure::new(code::EDITED_HERE, format!("{name} was edited here since it was imported, and its source changed, too"))
                .at(path)
                .hint("--force takes the source's text; --name NAME brings it beside this one, to compare")
        };
        let base = base.ok_or_else(edited)?;
        let sides = Sides {
            base: &base,
            ours: &here.text,
            theirs: &their_text,
        };
        let marks = Marks {
            size: 7,
            ours: "here",
            theirs: "the source",
        };
        let partials = &theirs.partials;
        let merged = merge(sides, None, marks, &|_, document| {
            digest(document, partials)
        });
        let merged = merged.map_err(|_| edited())?;
        if !merged.conflicts.is_empty() {
            return Err(edited().hint(format!("both changed {}", merged.conflicts.join(", "))));
        }
        let loaded = self.loaded(name, path, merged.text, partials)?;
        numbered(&loaded, number, path)
    }
}

/// The text with its number and digest.
fn numbered(loaded: &Loaded, number: Version, path: &str) -> Result<String, Failure> {
    set_version(&loaded.text, number, loaded.digest().short())
        .map_err(|error| Failure::from(error.finding().in_file(path)))
}

/// A name of letters, digits, `_` and `-`, whatever the source calls it.
fn clean(own: &str) -> String {
    let segment = |segment: &str| {
        let mut out = String::new();
        for letter in segment.chars() {
            match letter {
                letter if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.') => {
                    out.push(letter);
                }
                _ if out.ends_with('-') => {}
                _ => out.push('-'),
            }
        }
        out.trim_matches(['-', '.']).to_owned()
    };
    let path = Path::new(own).to_string_lossy().replace('\\', "/");
    let all: Vec<String> = path
        .split('/')
        .map(segment)
        .filter(|it| !it.is_empty())
        .collect();
    all.join("/")
}

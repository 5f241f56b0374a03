//! One prompt of another place against what is here: its number, its text, and what was changed on both sides.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::gate::Gate;
use super::incoming::{Action, FileResult, Options, Stands};
use super::names::{Names, same_but_for_case};
use super::number;
use crate::error::Failure;
use crate::exchange::format::Foreign;
use crate::exchange::write::yaml_file;
use crate::files::{FileChange, Loaded, PromptFile};
use crate::prompt::code;
use crate::prompt::digest::digest;
use crate::prompt::document;
use crate::prompt::edit::set_version;
use crate::prompt::lint::check_text;
use crate::prompt::merge::{Marks, Sides, merge};
use crate::prompt::name::{PromptName, partial_path};
use crate::prompt::reference::Reference;
use crate::prompt::template::{Partial, Partials};
use crate::prompt::version::Version;
use crate::releases::Store;

/// A prompt as it stands while the plan is made.
struct Here {
    text: String,
    loaded: Loaded,
    /// What came last, where that was in this plan.
    planned: Option<String>,
}

pub(in crate::commands) struct Planner<'p> {
    options: &'p Options<'p>,
    store: &'p Store,
    gate: &'p Gate,
    pub(super) names: Names<'p>,
    /// The partials that are to be written, by their paths.
    partials: BTreeMap<String, String>,
    /// The prompts that earlier versions were planned for.
    here: BTreeMap<PromptName, Here>,
    numbers: BTreeMap<PromptName, Version>,
    /// Those of which a version was refused, by their sources and names there: later ones would stand
    /// on a gap.
    failed: BTreeSet<(String, String)>,
    /// What the files of prompts hold that is not committed: left by a run that was stopped if it is
    /// what is planned, else somebody's work.
    unsaved: BTreeMap<PromptName, String>,
}

impl<'p> Planner<'p> {
    pub(in crate::commands) fn new(
        options: &'p Options<'p>,
        store: &'p Store,
        gate: &'p Gate,
    ) -> Self {
        Self {
            options,
            store,
            gate,
            names: Names::new(options),
            partials: BTreeMap::new(),
            here: BTreeMap::new(),
            numbers: BTreeMap::new(),
            failed: BTreeSet::new(),
            unsaved: BTreeMap::new(),
        }
    }

    /// Notes that a version of a prompt was refused.
    pub(super) fn fail(&mut self, source: &str, own: &str) {
        self.failed.insert((source.to_owned(), own.to_owned()));
    }

    /// Why this prompt must not be written, where somebody's work would be lost by that.
    pub(in crate::commands) fn refusal(&self, name: &str) -> Option<Failure> {
        let (name, _) = self.unsaved.iter().find(|(it, _)| it.as_str() == name)?;
        let message = format!(
            "{name} has changes that are not committed, and what is imported would be written over them"
        );
        Some(
            Failure::new(code::EDITED_HERE, message)
                .at(self.store.path_for(name))
                .hint("commit them or put them away (git stash), then import again"),
        )
    }

    /// What becomes of one prompt: the changes, none where it is up to date.
    pub(in crate::commands) fn one(
        &mut self,
        foreign: Foreign,
        result: &mut FileResult,
    ) -> Result<Vec<FileChange>, Failure> {
        let own = foreign.name.clone();
        let name = self.names.of(&own, result)?;
        name.as_str().clone_into(&mut result.name);
        let path = self.store.path_for(&name);
        result.path = Some(path.clone());
        result.lost = foreign.lost.clone();
        for lost in &mut result.lost {
            lost.path.get_or_insert_with(|| result.source.clone());
        }
        if self.failed.contains(&(result.source.clone(), own)) {
            return Err(Failure::new(
                code::NOT_WHOLE,
                format!("{name}: not written, because an earlier version of it was refused"),
            )
            .hint("mend that version in the source, and import again"));
        }
        let (mut changes, partials) = self.partials(&foreign)?;
        let text = Self::draft(&foreign, result);
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
            Some(here) => match self.again(&here, &foreign, &theirs, result)? {
                Some(text) => text,
                None => {
                    self.here.insert(name, here);
                    return Ok(Vec::new());
                }
            },
        };
        let loaded = self.loaded(&name, &path, text.clone(), &partials)?;
        self.gate.check_writing(self.store, &loaded, &path)?;
        if self.unsaved.get(&name) == Some(&text) {
            self.unsaved.remove(&name);
        }
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
                loaded,
                planned: Some(theirs.text),
            },
        );
        Ok(changes)
    }

    /// What becomes of a prompt that is here; nothing where it is up to date.
    fn again(
        &self,
        here: &Here,
        foreign: &Foreign,
        theirs: &Loaded,
        result: &mut FileResult,
    ) -> Result<Option<String>, Failure> {
        let name = &theirs.name;
        let source = here.loaded.document.source.as_ref();
        let last = source.and_then(|source| source.versions.last()?.parse::<u64>().ok());
        let is_known = foreign
            .version
            .zip(last)
            .is_some_and(|(theirs, last)| theirs <= last);
        let base = self.base(here, theirs, name)?;
        let is_same = base
            .as_deref()
            .is_some_and(|base| says(base) == says(&theirs.text));
        if is_known || (is_same && foreign.version.is_none_or(|version| Some(version) == last)) {
            result.action = Action::Unchanged;
            // Which number an earlier one has here is for the history to say.
            let is_last = foreign.version.is_none() || foreign.version == last;
            result.version = is_last.then(|| here.loaded.version());
            result.lost.clear();
            return Ok(None);
        }
        result.action = Action::Updated;
        let path = self.store.path_for(name);
        self.merged(here, base, theirs, name, &path, foreign.version)
            .map(Some)
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
                Some(there) if there != *text => {
                    return Err(Failure::new(code::EXISTS, format!("the partial {name} exists, with another text"))
                        .at(path)
                        .hint("--into DIR puts what is imported, with its partials, below a folder of its own"));
                }
                // One that is here may not be committed yet.
                _ => changes.push(FileChange::Write {
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
    fn draft(foreign: &Foreign, result: &FileResult) -> String {
        let mut source = Map::new();
        source.insert("format".to_owned(), json!(result.format));
        source.insert("path".to_owned(), json!(result.source));
        if let Some(Stands {
            mark, line, commit, ..
        }) = &result.stands
        {
            source.insert("place".to_owned(), json!(mark));
            source.insert("line".to_owned(), json!(line));
            source.extend(
                commit
                    .iter()
                    .map(|commit| ("commit".to_owned(), json!(commit))),
            );
        }
        if let Some(version) = foreign.version {
            source.insert("version".to_owned(), json!(version.to_string()));
        }
        source.insert("digest".to_owned(), json!(result.source_digest));
        let mut file = foreign.file.clone();
        file.insert("source".to_owned(), Value::Object(source));
        yaml_file(&file)
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

    /// What is here under that name already, as it was committed last, if it came from the same file.
    fn before(
        &mut self,
        name: &PromptName,
        path: &str,
        result: &FileResult,
    ) -> Result<Option<Here>, Failure> {
        let reference = Reference::working_copy(name.clone());
        let loaded = match self.store.load(&reference) {
            Err(failure) if failure.code == Some(code::UNKNOWN_PROMPT) => {
                return match same_but_for_case(self.store, name) {
                    None => self.in_the_way(path).map(|()| None),
                    Some(file) => Err(self.clash(name, &file)),
                };
            }
            Err(failure) => return Err(failure),
            Ok(loaded) => loaded,
        };
        self.must_be_ours(&loaded, result)?;
        let loaded = match loaded.is_dirty() {
            false => loaded,
            true => {
                self.unsaved.insert(name.clone(), loaded.text);
                match self.store.committed(name)? {
                    None => return Ok(None),
                    Some(committed) => committed,
                }
            }
        };
        self.must_be_ours(&loaded, result)?;
        Ok(Some(Here {
            text: loaded.text.clone(),
            loaded,
            planned: None,
        }))
    }

    /// Fails where a prompt that is here came from somewhere else.
    fn must_be_ours(&self, loaded: &Loaded, result: &FileResult) -> Result<(), Failure> {
        let source = loaded.document.source.as_ref();
        let is_ours = source.is_some_and(|source| {
            source.format.as_deref() == Some(result.format)
                && (source.path.as_deref())
                    .is_some_and(|path| self.is_same_file(path, &result.source))
                && match &result.stands {
                    Some(stands) => {
                        source.place.is_some() && stands.known.as_ref() == Some(&loaded.name)
                    }
                    None => source.place.is_none(),
                }
        });
        if is_ours {
            return Ok(());
        }
        let message = format!(
            "a prompt named {} exists, and it did not come from {}",
            loaded.name, result.source
        );
        Err(Failure::new(code::EXISTS, message)
            .at(loaded.path.clone())
            .hint(self.names.other_place()))
    }

    /// Whether both are paths of one file; earlier versions noted them as they were typed.
    fn is_same_file(&self, noted: &str, path: &str) -> bool {
        let real = |path: &str| self.store.top().join(path).canonicalize().ok();
        noted == path || real(noted).is_some_and(|noted| real(path) == Some(noted))
    }

    /// Some disks hold only one of two names that differ only in case.
    fn clash(&self, name: &PromptName, file: &PromptFile) -> Failure {
        let message = format!(
            "{name} and {}, which is here, differ only in case, and macOS and Windows hold only one of them",
            file.name
        );
        Failure::new(code::NAME_CLASH, message)
            .at(file.path.clone())
            .hint(self.names.other_place())
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
                .hint(self.names.other_place()));
            }
        }
        Ok(())
    }

    /// The number of the next version: theirs where it is free.
    fn number(&self, name: &PromptName, theirs: Option<u64>) -> Result<Version, Failure> {
        let taken = self.store.numbers(name)?.highest();
        let highest = self.numbers.get(name).copied().max(taken);
        number::next(name, highest, theirs)
    }

    /// What was written when it came last; none where no commit here has it.
    fn base(
        &self,
        here: &Here,
        theirs: &Loaded,
        name: &PromptName,
    ) -> Result<Option<String>, Failure> {
        if here.planned.is_some() {
            return Ok(here.planned.clone());
        }
        if says(&here.text) == says(&theirs.text) {
            return Ok(Some(here.text.clone()));
        }
        let source = here.loaded.document.source.as_ref();
        let held = self.store.history(name)?.into_iter();
        let held = held.filter_map(|entry| entry.loaded);
        let same = held.take_while(|loaded| loaded.document.source.as_ref() == source);
        Ok(same.last().map(|loaded| loaded.text.clone()))
    }

    /// Theirs merged into ours, from what was imported last.
    fn merged(
        &self,
        here: &Here,
        base: Option<String>,
        theirs: &Loaded,
        name: &PromptName,
        path: &str,
        version: Option<u64>,
    ) -> Result<String, Failure> {
        if self.options.force {
            let number = self.number_of(here, theirs, name, version)?;
            return numbered(theirs, number, path);
        }
        let edited = || {
            Failure::new(code::EDITED_HERE, format!("{name} was edited here since it was imported, and its source changed, too"))
                .at(path)
                .hint("--force takes the source's text; --name NAME brings it beside this one, to compare")
        };
        let base = base.ok_or_else(edited)?;
        let their_text = numbered(theirs, self.number(name, version)?, path)?;
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
        let number = self.number_of(here, &loaded, name, version)?;
        numbered(&loaded, number, path)
    }

    /// The number of what is written over what is here: where the content is the same, the one it has.
    fn number_of(
        &self,
        here: &Here,
        new: &Loaded,
        name: &PromptName,
        version: Option<u64>,
    ) -> Result<Version, Failure> {
        match new.digest() == here.loaded.digest() && version.is_none() {
            true => Ok(here.loaded.version()),
            false => self.number(name, version),
        }
    }
}

/// What a file says, without its number and where it came from.
fn says(text: &str) -> Option<Value> {
    let mut value = document::parse_value(text).ok()?;
    let keys = value.as_object_mut()?;
    for key in ["version", "digest", "source"] {
        keys.remove(key);
    }
    Some(value)
}

/// The text with its number and digest.
fn numbered(loaded: &Loaded, number: Version, path: &str) -> Result<String, Failure> {
    set_version(&loaded.text, number, loaded.digest().short())
        .map_err(|error| Failure::from(error.finding().in_file(path)))
}

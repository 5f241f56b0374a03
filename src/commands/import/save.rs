//! From what came to files, commits and tags.

use super::super::importing::number;
use super::args::Args;
use super::draft::{Draft, from_fetched, from_saved};
use super::imported::{ImportedPrompts, in_the_way, is_in_the_way};
use super::inputs::Saved;
use crate::error::Failure;
use crate::exchange::Lost;
use crate::exchange::write::Origin;
use crate::execute::recover::Recovered;
use crate::files::FileChange;
use crate::prompt::code;
use crate::prompt::edit::set_version;
use crate::prompt::name::PromptName;
use crate::prompt::reference::Reference;
use crate::prompt::version::Version;
use crate::releases::Store;

/// What became of one prompt.
pub(super) struct ImportResult {
    pub(super) id: String,
    pub(super) name: Option<PromptName>,
    pub(super) path: Option<String>,
    /// The versions made here, each with those at OpenAI that it holds.
    pub(super) made: Vec<(Version, Vec<String>)>,
    /// Whether the prompt was here before.
    pub(super) was_here: bool,
    pub(super) current: Option<u64>,
    pub(super) project: Option<String>,
    pub(super) gaps: Vec<u64>,
    pub(super) higher: Vec<u64>,
    pub(super) lost: Vec<(Option<String>, Lost)>,
    /// The version that was made live.
    pub(super) published: Option<Version>,
    /// Whether awkward values were tried at OpenAI.
    pub(super) is_proven: bool,
    pub(super) failure: Option<Failure>,
}

impl ImportResult {
    /// One of which nothing is known yet.
    fn of(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: None,
            path: None,
            made: Vec::new(),
            was_here: false,
            current: None,
            project: None,
            gaps: Vec::new(),
            higher: Vec::new(),
            lost: Vec::new(),
            published: None,
            is_proven: false,
            failure: None,
        }
    }

    pub(super) fn failed(id: &str, failure: Failure) -> Self {
        Self {
            failure: Some(failure),
            ..Self::of(id)
        }
    }

    /// Says what is here of a prompt that the limit of the cost cut short.
    fn tell_what_is_kept(&mut self) {
        let Some(mut failure) = self.failure.take() else {
            return;
        };
        if failure.code == Some(code::COST_LIMIT) {
            failure = match self.made.last() {
                Some((version, _)) => failure.hint(format!(
                    "what is here up to {version} is whole; the same command goes on from there"
                )),
                None => failure.hint("nothing of it was written"),
            };
        }
        self.failure = Some(failure);
    }
}

/// A prompt with the versions that are to be written.
pub(super) struct Prepared {
    pub(super) kept: ImportResult,
    drafts: Vec<Draft>,
    /// Versions that are new and were not asked for, since the prompt was edited here.
    unasked: Vec<u64>,
    proposed: Option<String>,
}

impl Prepared {
    pub(super) fn failed(id: &str, failure: Failure) -> Self {
        Self {
            kept: ImportResult::failed(id, failure),
            ..Self::not_asked(id)
        }
    }

    /// One that could be asked for and was not.
    pub(super) fn not_asked(id: &str) -> Self {
        Self {
            kept: ImportResult::of(id),
            drafts: Vec::new(),
            unasked: Vec::new(),
            proposed: None,
        }
    }

    /// Whether it did not come whole.
    pub(super) fn is_lossy(&self) -> bool {
        let mut lost = self.drafts.iter().flat_map(|draft| &draft.lost);
        self.kept.failure.is_some() || lost.any(|lost| !lost.is_note)
    }

    /// The same, not written because something did not come whole.
    pub(super) fn refused(mut self) -> ImportResult {
        let is_own = self.is_lossy();
        for draft in &self.drafts {
            let label = draft.versions.first().cloned();
            self.kept
                .lost
                .extend(draft.lost.iter().map(|lost| (label.clone(), lost.clone())));
        }
        let id = &self.kept.id;
        let message = match is_own {
            true => format!("{id}: something would be lost, so nothing was written (--strict)"),
            false => {
                format!("{id}: not written, because another one did not come whole (--strict)")
            }
        };
        self.kept.failure.get_or_insert_with(|| {
            Failure::new(code::NOT_WHOLE, message)
                .hint("without --strict what can be is written, and what was left out is reported")
        });
        self.kept
    }

    pub(super) fn write(self, args: &Args, here: &ImportedPrompts, store: &Store) -> ImportResult {
        let Self {
            mut kept,
            drafts,
            unasked,
            proposed,
        } = self;
        let outcome = here
            .name_for(&kept.id, proposed.as_deref(), args)
            .and_then(|name| {
                kept.name = Some(name.clone());
                kept.path = Some(store.path_for(&name));
                if !unasked.is_empty() {
                    kept.was_here = true;
                    return Err(edited_here(&name, &kept.id, &unasked));
                }
                write(united(drafts), &name, args, here, store, &mut kept)
            });
        if let Err(failure) = outcome {
            kept.failure = Some(failure);
        }
        kept.tell_what_is_kept();
        kept
    }
}

/// What was fetched of one prompt.
pub(super) fn recovered(recovered: Recovered, proposed: Option<&str>, args: &Args) -> Prepared {
    let mut kept = ImportResult {
        current: recovered.current,
        project: recovered.project.clone(),
        gaps: recovered.gaps,
        higher: recovered.higher,
        failure: recovered.failure,
        ..ImportResult::of(&recovered.id)
    };
    let origin = Origin {
        id: recovered.id.clone(),
        current: recovered.current.map(|current| current.to_string()),
        project: recovered.project,
        ..Origin::default()
    };
    let mut drafts = Vec::new();
    for fetched in &recovered.versions {
        match from_fetched(
            fetched,
            &recovered.variables,
            origin.clone(),
            args.keep_defaults,
        ) {
            Ok(draft) => drafts.push(draft),
            // The versions below are sound, those above would stand on a gap that nobody sees.
            Err(failure) => {
                kept.failure = Some(failure);
                // What the proof shows of one version holds for all.
                if fetched.proof.is_some() {
                    drafts.clear();
                }
                break;
            }
        }
    }
    kept.is_proven = drafts.iter().any(|draft| draft.is_proven);
    Prepared {
        kept,
        drafts,
        unasked: recovered.unasked,
        proposed: proposed.map(str::to_owned),
    }
}

/// A saved answer.
pub(super) fn saved(saved: Saved, args: &Args, here: &ImportedPrompts) -> Prepared {
    let id = saved.echo.id.clone().unwrap_or_default();
    let origin = Origin {
        id: id.clone(),
        ..Origin::default()
    };
    match from_saved(&saved.echo, origin, args.keep_defaults) {
        Err(failure) => Prepared::failed(&id, failure.at(saved.file)),
        Ok(draft) => {
            let kept = ImportResult::of(&id);
            let have = here.versions_of(&id, args.name.as_ref());
            let versions: Vec<u64> = draft
                .versions
                .iter()
                .filter_map(|version| version.parse().ok())
                .collect();
            let is_here = versions.iter().any(|version| have.contains(version));
            let drafts = if is_here { Vec::new() } else { vec![draft] };
            Prepared {
                kept,
                drafts,
                unasked: Vec::new(),
                proposed: None,
            }
        }
    }
}

fn edited_here(name: &PromptName, id: &str, theirs: &[u64]) -> Failure {
    let theirs: Vec<String> = theirs.iter().map(ToString::to_string).collect();
    let theirs = theirs.join(", ");
    Failure::new(
        code::EDITED_HERE,
        format!("{name} was edited here since it was imported; OpenAI has version {theirs} now, which was not written"),
    )
    .hint(format!(
        "promptctl import {id} --name {name}-openai brings theirs beside it, to compare"
    ))
}

/// Neighbours with one content are one version.
fn united(drafts: Vec<Draft>) -> Vec<Draft> {
    let mut all: Vec<Draft> = Vec::new();
    for draft in drafts {
        match all.last_mut() {
            Some(last) if last.digest == draft.digest => last.versions.extend(draft.versions),
            _ => all.push(draft),
        }
    }
    all
}

fn write(
    drafts: Vec<Draft>,
    name: &PromptName,
    args: &Args,
    here: &ImportedPrompts,
    store: &Store,
    kept: &mut ImportResult,
) -> Result<(), Failure> {
    let imported = here.imported(&kept.id, Some(name));
    kept.was_here = imported.is_some();
    if drafts.is_empty() {
        return Ok(());
    }
    match imported {
        Some(imported) if imported.is_edited => {
            let theirs = drafts.iter().flat_map(|draft| &draft.versions);
            let theirs: Vec<u64> = theirs.filter_map(|version| version.parse().ok()).collect();
            return Err(edited_here(name, &kept.id, &theirs));
        }
        Some(_) => {}
        None if is_in_the_way(store, name, &kept.id) => return Err(in_the_way(name, &kept.id)),
        None => {}
    }
    for draft in &drafts {
        let label = draft.versions.first().cloned();
        kept.lost
            .extend(draft.lost.iter().map(|lost| (label.clone(), lost.clone())));
    }
    if let Some(other) = here.other(&kept.id, name) {
        kept.lost.push((
            None,
            Lost {
                code: code::SOURCE_CHANGED,
                message: format!("{other} has the same id: only one of the two may be live where callers ask by the id"),
                is_note: true,
            },
        ));
    }
    let path = store.path_for(name);
    for draft in &drafts {
        let loaded = store.with_new_text(name, &path, draft.text())?;
        let checked = here.gate.check_writing(store, &loaded, &path);
        checked.map_err(|failure| {
            let versions = draft.versions.join(", ");
            failure.hint(format!(
                "it stands in version {versions} at OpenAI: revoke it and take it out there, then import again"
            ))
        })?;
    }
    if args.dry_run {
        return Ok(());
    }
    let numbered = numbered(drafts, name, &path, store)?;
    refuse_unsaved(&numbered, name, &kept.id, store)?;
    let last = numbered.len().saturating_sub(1);
    for (index, (number, draft, text)) in numbered.into_iter().enumerate() {
        let change = FileChange::Write {
            path: path.clone(),
            text,
        };
        if args.no_commit {
            // A file holds one version.
            if index == last {
                store.write_files(&[change])?;
                kept.made.push((number, draft.versions));
            }
            continue;
        }
        let versions = draft.versions.join(", ");
        let subject = match &args.message {
            Some(message) => message.clone(),
            None => format!("Import {name} {number} from OpenAI"),
        };
        let message = format!(
            "{subject}\n\nStored prompt {}, version {versions}.",
            kept.id
        );
        store.commit(&[change], &message)?;
        kept.made.push((number, draft.versions));
    }
    Ok(())
}

/// The drafts with their numbers and the texts of their files.
fn numbered(
    drafts: Vec<Draft>,
    name: &PromptName,
    path: &str,
    store: &Store,
) -> Result<Vec<(Version, Draft, String)>, Failure> {
    let mut highest = store.numbers(name)?.highest();
    let mut all = Vec::new();
    for draft in drafts {
        let theirs = draft.versions.first();
        let theirs = theirs.and_then(|version| version.parse().ok());
        let number = number::next(name, highest, theirs).map_err(|failure| failure.at(path))?;
        let text = set_version(&draft.text(), number, draft.digest.short())
            .map_err(|error| Failure::from(error.finding().in_file(path)))?;
        highest = Some(number);
        all.push((number, draft, text));
    }
    Ok(all)
}

/// Fails where the file holds what nobody committed, and what a run of this command that was
/// stopped did not leave.
fn refuse_unsaved(
    numbered: &[(Version, Draft, String)],
    name: &PromptName,
    id: &str,
    store: &Store,
) -> Result<(), Failure> {
    let Ok(loaded) = store.load(&Reference::working_copy(name.clone())) else {
        return Ok(());
    };
    let is_ours = numbered.iter().any(|(_, _, text)| *text == loaded.text);
    if !loaded.is_dirty() || is_ours {
        return Ok(());
    }
    Err(Failure::new(
        code::EDITED_HERE,
        format!("{name} has changes that are not committed, and what OpenAI has would be written over them"),
    )
    .at(loaded.path.clone())
    .hint(format!(
        "commit them or put them away (git stash), then promptctl import {id} again"
    )))
}

//! From what came to files, commits and tags.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::super::Session;
use super::super::gate::Gate;
use super::super::publish::publish as publish_content;
use super::super::rules::{branches_of, rules_of};
use super::draft::{Draft, of_fetched, of_saved};
use super::inputs::Saved;
use super::{Args, has_prompt};
use crate::config::Config;
use crate::error::Failure;
use crate::exchange::Lost;
use crate::exchange::write::Origin;
use crate::execute::recover::Recovered;
use crate::prompt::code;
use crate::prompt::edit::set_version;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;
use crate::store::{Before, FileChange, Loaded, Options, Signing, Store};

/// What became of one prompt.
pub(super) struct Kept {
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
    pub(super) failure: Option<Failure>,
}

impl Kept {
    pub(super) fn failed(id: &str, failure: Failure) -> Self {
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
            failure: Some(failure),
        }
    }
}

/// The imported prompts that are here, by their ids at OpenAI.
pub(super) struct Here {
    by_id: BTreeMap<String, Vec<Imported>>,
    /// All names that are here.
    names: BTreeSet<String>,
    /// All ids that are asked for.
    asked: BTreeSet<String>,
    gate: Gate,
}

struct Imported {
    name: PromptName,
    /// The versions at OpenAI that are committed.
    versions: BTreeSet<u64>,
    /// Whether the file was edited since.
    is_edited: bool,
}

impl Here {
    pub(super) fn read(
        store: &Store,
        asked: BTreeSet<String>,
        gate: Gate,
    ) -> Result<Self, Failure> {
        let names = store
            .list()
            .files
            .iter()
            .map(|file| file.name.to_string())
            .collect();
        let (all, _) = store.load_all();
        let mut by_id = BTreeMap::new();
        for loaded in all {
            let Some(source) = &loaded.document.source else {
                continue;
            };
            let Some(id) = source.stored_id() else {
                continue;
            };
            let mut versions = BTreeSet::new();
            for entry in store.history(&loaded.name)? {
                let of_entry = entry
                    .loaded
                    .as_ref()
                    .and_then(|loaded| loaded.document.source.as_ref());
                let of_id = of_entry.filter(|source| source.stored_id() == Some(id));
                versions.extend(
                    of_id
                        .iter()
                        .flat_map(|source| &source.versions)
                        .filter_map(|version| version.parse::<u64>().ok()),
                );
            }
            let is_edited = source.digest.as_deref() != Some(loaded.digest().short());
            let imported: &mut Vec<Imported> = by_id.entry(id.to_owned()).or_default();
            imported.push(Imported {
                name: loaded.name.clone(),
                versions,
                is_edited,
            });
        }
        Ok(Self {
            by_id,
            names,
            asked,
            gate,
        })
    }

    /// What is here of an id: under the name that was asked for, else under any.
    fn imported(&self, id: &str, name: Option<&PromptName>) -> Option<&Imported> {
        let all = self.by_id.get(id)?;
        match name {
            Some(name) => all.iter().find(|imported| imported.name == *name),
            None => all.first(),
        }
    }

    pub(super) fn versions_of(&self, id: &str, name: Option<&PromptName>) -> BTreeSet<u64> {
        self.imported(id, name)
            .map(|imported| imported.versions.clone())
            .unwrap_or_default()
    }

    /// Another prompt that has this id, too.
    fn other(&self, id: &str, name: &PromptName) -> Option<&PromptName> {
        let mut all = self.by_id.get(id)?.iter().map(|imported| &imported.name);
        all.find(|other| *other != name)
    }

    /// A name of the first digits of an id, of more where another prompt has them.
    fn free_name(&self, id: &str) -> String {
        let digits = id.trim_start_matches("pmpt_");
        let named = |length: usize| {
            let part: String = digits.chars().take(length).collect();
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            format!("imported/{}{part}", if is_number { "p" } else { "" })
        };
        let others = self.asked.iter().filter(|other| *other != id);
        let is_taken = |name: &String| {
            let part = name.trim_start_matches("imported/").trim_start_matches('p');
            self.names.contains(name)
                || others
                    .clone()
                    .any(|other| other.trim_start_matches("pmpt_").starts_with(part))
        };
        [8, 16, 24]
            .into_iter()
            .map(named)
            .find(|name| !is_taken(name))
            .unwrap_or_else(|| named(usize::MAX))
    }

    /// The name that a prompt has or gets.
    pub(super) fn name_for(
        &self,
        id: &str,
        proposed: Option<&str>,
        args: &Args,
    ) -> Result<PromptName, Failure> {
        if let Some(name) = &args.name {
            return Ok(name.clone());
        }
        if let Some(imported) = self.imported(id, None) {
            return Ok(imported.name.clone());
        }
        let own = proposed.map_or_else(|| self.free_name(id), str::to_owned);
        let name = match &args.into {
            Some(folder) => format!(
                "{}/{}",
                folder.trim_matches('/'),
                own.trim_start_matches("imported/")
            ),
            None => own,
        };
        PromptName::from_str(&name).map_err(|error| {
            Failure::new(
                code::NEEDS_NAME,
                format!("{id} cannot be named {name}: {error}"),
            )
            .hint("--name NAME names the prompt")
        })
    }
}

/// Writes what was fetched of one prompt.
pub(super) fn recovered(
    recovered: Recovered,
    proposed: Option<&str>,
    args: &Args,
    here: &Here,
    store: &Store,
) -> Kept {
    let mut kept = Kept {
        current: recovered.current,
        project: recovered.project.clone(),
        gaps: recovered.gaps,
        higher: recovered.higher,
        failure: recovered.failure,
        ..Kept::failed(&recovered.id, Failure::usage(""))
    };
    let origin = Origin {
        id: recovered.id.clone(),
        current: recovered.current.map(|current| current.to_string()),
        project: recovered.project,
        ..Origin::default()
    };
    let mut drafts = Vec::new();
    for fetched in &recovered.versions {
        match of_fetched(
            fetched,
            &recovered.variables,
            origin.clone(),
            args.keep_defaults,
        ) {
            Ok(draft) => drafts.push(draft),
            // The versions below are sound, those above would stand on a gap that nobody sees.
            Err(failure) => {
                kept.failure = Some(failure);
                break;
            }
        }
    }
    keep(drafts, proposed, args, here, store, &mut kept);
    kept
}

/// Writes a saved answer.
pub(super) fn saved(saved: Saved, args: &Args, here: &Here, store: &Store) -> Kept {
    let id = saved.echo.id.clone().unwrap_or_default();
    let origin = Origin {
        id: id.clone(),
        ..Origin::default()
    };
    match of_saved(&saved.echo, origin, args.keep_defaults) {
        Err(failure) => Kept::failed(&id, failure.at(saved.file)),
        Ok(draft) => {
            let mut kept = Kept::failed(&id, Failure::usage(""));
            kept.failure = None;
            let have = here.versions_of(&id, args.name.as_ref());
            let versions: Vec<u64> = draft
                .versions
                .iter()
                .filter_map(|version| version.parse().ok())
                .collect();
            let is_here = versions.iter().any(|version| have.contains(version));
            let drafts = if is_here { Vec::new() } else { vec![draft] };
            keep(drafts, None, args, here, store, &mut kept);
            kept
        }
    }
}

fn keep(
    drafts: Vec<Draft>,
    proposed: Option<&str>,
    args: &Args,
    here: &Here,
    store: &Store,
    kept: &mut Kept,
) {
    let outcome = here.name_for(&kept.id, proposed, args).and_then(|name| {
        kept.name = Some(name.clone());
        kept.path = Some(store.path_for(&name));
        write(united(drafts), &name, args, here, store, kept)
    });
    if let Err(failure) = outcome {
        kept.failure = Some(failure);
    }
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
    here: &Here,
    store: &Store,
    kept: &mut Kept,
) -> Result<(), Failure> {
    let imported = here.imported(&kept.id, Some(name));
    kept.was_here = imported.is_some();
    if drafts.is_empty() {
        return Ok(());
    }
    match imported {
        Some(imported) if imported.is_edited => {
            let theirs: Vec<&str> = drafts
                .iter()
                .flat_map(|draft| &draft.versions)
                .map(String::as_str)
                .collect();
            return Err(Failure::new(
                code::EDITED_HERE,
                format!("{name} was edited here since it was imported; OpenAI has version {} now, which was not written", theirs.join(", ")),
            )
            .hint(format!("promptctl import {} --name {name}-openai brings theirs beside it, to compare", kept.id)));
        }
        Some(_) => {}
        None if is_in_the_way(store, name, &kept.id) => {
            return Err(Failure::new(
                code::EXISTS,
                format!("a prompt named {name} exists, and it is not {}", kept.id),
            )
            .hint(format!(
                "promptctl import {} --name NAME gives it another name",
                kept.id
            )));
        }
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
        let checked = here.gate.of_writing(store, &loaded, &path);
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
    let mut highest = store.numbers(name)?.highest();
    for draft in drafts {
        let theirs = draft
            .versions
            .first()
            .and_then(|version| version.parse().ok())
            .and_then(Version::new);
        let next = match highest {
            None => Version::FIRST,
            Some(highest) => highest.next().ok_or_else(|| {
                Failure::new(
                    code::NO_NUMBER_LEFT,
                    format!("{name} has {highest}, and there is no number after it"),
                )
                .at(path.clone())
                .hint("promptctl import ID --name OTHER brings the versions under another name")
            })?,
        };
        let number = theirs.filter(|theirs| *theirs >= next).unwrap_or(next);
        let text = set_version(&draft.text(), number, draft.digest.short())
            .map_err(|error| Failure::from(error.finding().in_file(&path)))?;
        let change = FileChange {
            path: path.clone(),
            text,
        };
        let versions = draft.versions.join(", ");
        let message = format!(
            "Import {name} {number} from OpenAI\n\nStored prompt {}, version {versions}.",
            kept.id
        );
        store.commit(&[change], &message)?;
        highest = Some(number);
        kept.made.push((number, draft.versions));
    }
    Ok(())
}

/// Whether another prompt has the name: not what a killed run of this command left uncommitted.
fn is_in_the_way(store: &Store, name: &PromptName, id: &str) -> bool {
    let reference = crate::prompt::reference::Reference::working_copy(name.clone());
    match store.load(&reference) {
        Ok(loaded) => {
            loaded
                .document
                .source
                .as_ref()
                .and_then(|source| source.stored_id())
                != Some(id)
        }
        Err(_) => has_prompt(store, name),
    }
}

/// Tags all versions of a prompt and makes the current one live.
pub(super) fn publish(
    kept: &mut Kept,
    environment: &Environment,
    args: &Args,
    store: &Store,
    config: &Config,
    session: &mut Session,
) {
    let (Some(name), None) = (kept.name.clone(), &kept.failure) else {
        return;
    };
    match try_publish(kept, &name, environment, args, store, config, session) {
        Ok(published) => kept.published = published,
        Err(failure) => kept.failure = Some(failure),
    }
}

fn try_publish(
    kept: &Kept,
    name: &PromptName,
    environment: &Environment,
    args: &Args,
    store: &Store,
    config: &Config,
    session: &mut Session,
) -> Result<Option<Version>, Failure> {
    let versions: Vec<Loaded> = store
        .history(name)?
        .into_iter()
        .filter_map(|entry| entry.loaded.map(|loaded| *loaded))
        .filter(|loaded| {
            loaded
                .document
                .source
                .as_ref()
                .and_then(|source| source.stored_id())
                == Some(&kept.id)
        })
        .collect();
    let current = kept.current.map(|current| current.to_string());
    // A later edit keeps the key: the first version that holds it is the one that was imported.
    let is_current = |loaded: &&Loaded| {
        let source = loaded.document.source.as_ref();
        source.is_some_and(|source| {
            current
                .as_ref()
                .is_none_or(|current| source.versions.contains(current))
        })
    };
    let live = match &current {
        Some(_) => versions
            .iter()
            .filter(is_current)
            .min_by_key(|loaded| loaded.version()),
        None => versions.iter().max_by_key(|loaded| loaded.version()),
    };
    let Some(live) = live.cloned() else {
        return Err(Failure::new(
            code::NOT_RECOVERED,
            format!("{name}: OpenAI's current version is not here, so nothing was published"),
        )
        .hint("promptctl import ID --version current brings it"));
    };
    let push = !args.no_push;
    let others: Vec<Loaded> = versions
        .into_iter()
        .filter(|loaded| loaded.version() != live.version())
        .filter(|loaded| {
            loaded
                .document
                .source
                .as_ref()
                .and_then(|source| source.digest.as_deref())
                == Some(loaded.digest().short())
        })
        .collect();
    if push && store.has_remote() {
        store.fetch_all(&branches_of(store, config))?;
    }
    store.tag_versions(&others, push)?;
    let rules = rules_of(environment, store, config)?;
    let options = Options {
        environment: environment.clone(),
        message: None,
        push,
        before: Before::default(),
        allowed: Vec::new(),
        signing: if rules.signers.is_some() {
            Signing::Required
        } else {
            Signing::AsSetUp
        },
        rules,
    };
    let version = live.version();
    // What was released here since is not undone.
    let highest = store.highest_released(name, environment)?;
    if highest.is_some_and(|highest| highest > version) {
        session.ui.warning(format!("{name}: a later version than {version} was released to {environment} already; left as it is"));
        return Ok(None);
    }
    let gate = Gate::new(config, session);
    let made = publish_content(store, live, &options, &gate, false, session)?;
    Ok(made.and_then(|made| made.to))
}

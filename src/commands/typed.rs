//! What a person types for prompts: a name, a file as the shell completes it, a folder, or a pattern.

use std::path::{Component, Path, PathBuf};

use super::candidates;
use crate::config::Environ;
use crate::error::Failure;
use crate::files::PromptFile;
use crate::prompt::name::{BadName, PromptName, SUFFIXES};
use crate::prompt::pattern::Pattern;
use crate::prompt::quote::{in_quotes, shell_word};
use crate::prompt::reference::{BadReference, Reference};
use crate::releases::Store;

/// Why a text does not name one prompt.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOne {
    #[error(transparent)]
    Name(#[from] BadName),
    #[error(transparent)]
    Reference(#[from] BadReference),
    /// It is a folder or a pattern.
    #[error(
        "names are wanted here, and no pattern or folder; promptctl list {} shows the prompts that fit",
        pattern_word(.0)
    )]
    Several(String),
}

impl NotOne {
    /// Fails where a text means all prompts that fit.
    pub(super) fn check(text: &str) -> Result<(), Self> {
        match Pattern::is_one(text) {
            true => Err(Self::Several(text.to_owned())),
            false => Ok(()),
        }
    }
}

/// A pattern for a shell, which must not expand it.
fn pattern_word(pattern: &str) -> String {
    match pattern.contains(['*', '?']) {
        true => in_quotes(pattern),
        false => shell_word(pattern),
    }
}

/// A name, which may be given as the file of the prompt.
pub(super) fn name(text: &str) -> Result<PromptName, NotOne> {
    NotOne::check(text)?;
    Ok(placed(text)?.name)
}

/// A reference whose name may be given as the file of the prompt.
pub(super) fn reference(text: &str) -> Result<Reference, NotOne> {
    let Some((path, selector)) = text.split_once('@') else {
        return Ok(Reference::working_copy(name(text)?));
    };
    if text.parse::<Reference>().is_ok() && !may_be_path(path) {
        return Ok(text.parse()?);
    }
    Ok(format!("{}@{selector}", name(path)?).parse()?)
}

/// A name, and the root that was typed before it.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) name: PromptName,
    pub(super) root: Option<String>,
}

/// A name that may be given as a file, which need not exist.
pub(super) fn placed(text: &str) -> Result<Placed, BadName> {
    let by_name = |name| Placed { name, root: None };
    let parsed = text.parse::<PromptName>();
    if !may_be_path(text) {
        return parsed.map(by_name);
    }
    let Some(place) = Place::here() else {
        return without_suffix(text).parse().map(by_name);
    };
    let is_file = has_suffix(text);
    if let Ok(name) = &parsed
        && !is_file
        && place.store.knows(name)
    {
        return parsed.map(by_name);
    }
    match place.below_root(text) {
        Some((root, below)) => {
            let name = without_suffix(&below).parse::<PromptName>();
            let is_meant = is_file
                || parsed.is_err()
                || place.types_root(text, &root)
                || name.as_ref().is_ok_and(|name| place.store.knows(name));
            match name {
                Ok(name) if is_meant => Ok(Placed {
                    name,
                    root: Some(root),
                }),
                Err(error) if parsed.is_err() => Err(error),
                _ => parsed.map(by_name),
            }
        }
        None => without_suffix(text).parse().map(by_name),
    }
}

/// The name, folder or pattern of prompts in the log: what is no name there fits none.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the parser of an argument can fail"
)]
pub(super) fn logged(text: &str) -> Result<String, std::convert::Infallible> {
    if !Pattern::is_one(text) {
        return Ok(name(text).map_or_else(|_| text.to_owned(), |name| name.to_string()));
    }
    let below = Place::here().and_then(|place| {
        let (root, below) = place.below_root(text)?;
        let slash = if text.ends_with('/') { "/" } else { "" };
        let is_typed = place.types_root(text, &root);
        is_typed.then(|| without_suffix(&format!("{below}{slash}")).to_owned())
    });
    Ok(below.unwrap_or_else(|| text.to_owned()))
}

/// Whether a text can be the path of a prompt, by its look or by what stands on the disk.
fn may_be_path(text: &str) -> bool {
    if has_suffix(text) {
        return true;
    }
    let Ok(here) = Environ::current_dir() else {
        return false;
    };
    let is_file = |base: &Path| {
        SUFFIXES
            .iter()
            .any(|suffix| base.join(format!("{text}{suffix}")).is_file())
    };
    let folder = text.split(['/', std::path::MAIN_SEPARATOR]).next();
    let in_folder = text.contains(['/', std::path::MAIN_SEPARATOR])
        && folder.is_some_and(|first| here.join(first).is_dir());
    in_folder || is_file(&here)
}

fn has_suffix(text: &str) -> bool {
    SUFFIXES.iter().any(|suffix| text.ends_with(suffix))
}

fn without_suffix(text: &str) -> &str {
    let mut suffixes = SUFFIXES.iter();
    suffixes
        .find_map(|suffix| text.strip_suffix(suffix))
        .unwrap_or(text)
}

/// Where a person stands, and the repository that is meant.
struct Place {
    here: PathBuf,
    top: PathBuf,
    store: Store,
}

impl Place {
    fn here() -> Option<Self> {
        let store = candidates::store()?;
        Some(Self {
            here: Environ::current_dir().ok()?.canonicalize().ok()?,
            top: store.top().canonicalize().ok()?,
            store,
        })
    }

    /// A path as one below the top of the repository, `.` and `..` resolved.
    fn below_top(&self, text: &str) -> Option<String> {
        let mut full = PathBuf::new();
        // A folder that is reached by a link is the folder itself.
        let given = self.here.join(text);
        let given = match (
            given.parent().and_then(|it| it.canonicalize().ok()),
            given.file_name(),
        ) {
            (Some(folder), Some(file)) => folder.join(file),
            _ => given,
        };
        for part in given.components() {
            match part {
                Component::ParentDir => drop(full.pop()),
                Component::CurDir => {}
                part => full.push(part),
            }
        }
        let below = full.strip_prefix(&self.top).ok()?;
        let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
        Some(parts?.join("/"))
    }

    /// The root that a path lies below, the deepest of them, and what follows it.
    fn below_root(&self, text: &str) -> Option<(String, String)> {
        let path = self.below_top(text)?;
        let below = |root: &String| {
            let below = match root.as_str() {
                "" | "." => Some(path.as_str()),
                root => path.strip_prefix(root)?.strip_prefix('/'),
            };
            Some((root.clone(), below?.to_owned()))
        };
        let roots = self.store.settings().roots.iter();
        roots
            .filter_map(below)
            .max_by_key(|(root, _)| if root == "." { 0 } else { root.len() })
    }

    /// Whether a person who stands above a root typed it.
    fn types_root(&self, text: &str, root: &str) -> bool {
        let here = self.here.strip_prefix(&self.top);
        let is_above = here.is_ok_and(|here| Path::new(root).starts_with(here));
        is_above && text.contains('/') && !matches!(root, "" | ".")
    }
}

/// One of several prompts that are named: one, or all that fit.
#[derive(Debug, Clone)]
pub(super) enum Typed {
    /// One prompt.
    One(Reference),
    /// A folder or a pattern.
    Pattern(String),
    /// A partial, which a shell puts into what it makes of a pattern.
    Partial(String),
}

/// Reads one of several.
pub(super) fn several(text: &str) -> Result<Typed, NotOne> {
    if Pattern::is_one(text) {
        return Ok(Typed::Pattern(text.to_owned()));
    }
    if text.ends_with(".hbs") {
        return Ok(Typed::Partial(text.to_owned()));
    }
    let is_folder = || Environ::current_dir().is_ok_and(|here| here.join(text).is_dir());
    let is_name = || {
        let parsed = text.parse::<PromptName>();
        let store = candidates::store();
        parsed.is_ok_and(|name| store.is_some_and(|store| store.knows(&name)))
    };
    if is_folder() && !is_name() {
        return Ok(Typed::Pattern(format!("{text}/")));
    }
    reference(text).map(Typed::One)
}

/// The prompts that are named; all where none is.
#[derive(Debug, Default)]
pub(super) struct Selection {
    names: Vec<PromptName>,
    patterns: Vec<(String, Vec<Pattern>)>,
}

impl Selection {
    /// What the arguments name; partials are passed over, and that is said.
    pub(super) fn new(typed: &[Typed], session: &mut super::session::Session) -> Self {
        let mut selection = Self::default();
        for typed in typed {
            match typed {
                Typed::One(reference) => selection.names.push(reference.name.clone()),
                Typed::Pattern(text) => selection.patterns.push((text.clone(), readings(text))),
                Typed::Partial(path) => session
                    .ui
                    .status(format!("{path} is a partial and no prompt: passed over")),
            }
        }
        selection
    }

    /// Whether everything is meant.
    pub(super) fn is_all(&self) -> bool {
        self.names.is_empty() && self.patterns.is_empty()
    }

    /// Whether a prompt is named as itself.
    pub(super) fn names(&self, name: &PromptName) -> bool {
        self.names.contains(name)
    }

    /// Whether a prompt is meant.
    pub(super) fn wants(&self, name: &PromptName) -> bool {
        self.is_all()
            || self.names(name)
            || self
                .patterns
                .iter()
                .any(|(_, readings)| fits(readings, name))
    }

    /// Whether a folder or a pattern is among them.
    pub(super) fn has_pattern(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// The prompts that are named, and those of `known` that fit a pattern, sorted.
    ///
    /// # Errors
    /// A pattern fits none of them.
    pub(super) fn among<'a>(
        self,
        known: impl Iterator<Item = &'a PromptName> + Clone,
    ) -> Result<Vec<PromptName>, Failure> {
        let mut names = self.names;
        for (text, readings) in &self.patterns {
            let before = names.len();
            names.extend(known.clone().filter(|name| fits(readings, name)).cloned());
            if names.len() == before {
                return Err(no_match(text));
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Fails where a name or a pattern means none of these prompts.
    pub(super) fn require<'a>(
        &self,
        known: impl Iterator<Item = &'a PromptName> + Clone,
        store: &Store,
    ) -> Result<(), Failure> {
        for name in &self.names {
            if !known.clone().any(|it| it == name) {
                return Err(store.unknown_prompt(name));
            }
        }
        let is_empty = |readings: &[Pattern]| !known.clone().any(|name| fits(readings, name));
        match self.patterns.iter().find(|(_, it)| is_empty(it)) {
            Some((text, _)) => Err(no_match(text)),
            None => Ok(()),
        }
    }
}

fn fits(readings: &[Pattern], name: &PromptName) -> bool {
    readings.iter().any(|pattern| pattern.fits(name))
}

/// The prompts that are named, patterns as the prompts of the working copy that fit them and are not
/// archived.
///
/// # Errors
/// A pattern fits no prompt.
pub(super) fn expanded(
    typed: &[Typed],
    store: &Store,
    session: &mut super::session::Session,
) -> Result<Vec<Reference>, Failure> {
    let mut references: Vec<Reference> = Vec::new();
    for typed in typed {
        match typed {
            Typed::One(reference) => references.push(reference.clone()),
            Typed::Partial(path) => session
                .ui
                .status(format!("{path} is a partial and no prompt: passed over")),
            Typed::Pattern(text) => {
                for file in fitting(text, store)? {
                    let reference = Reference::working_copy(file.name);
                    if !references.contains(&reference) {
                        references.push(reference);
                    }
                }
            }
        }
    }
    Ok(references)
}

/// The files of the prompts that fit a pattern and are not archived.
///
/// # Errors
/// Nothing does.
pub(super) fn fitting(text: &str, store: &Store) -> Result<Vec<PromptFile>, Failure> {
    let readings = readings(text);
    let mut files = store.list().files;
    files.retain(|file| fits(&readings, &file.name));
    files.retain(|file| {
        let loaded = store.load(&Reference::working_copy(file.name.clone()));
        // What cannot be read is told by the command.
        loaded.map_or(true, |loaded| !loaded.document.archived)
    });
    match files.as_slice() {
        [] => Err(no_match(text)),
        _ => Ok(files),
    }
}

/// A pattern as one of names, and as one of paths from where the person stands.
fn readings(text: &str) -> Vec<Pattern> {
    let plain = without_suffix(text.strip_prefix("./").unwrap_or(text));
    let mut readings = vec![Pattern::new(plain)];
    if let Some(place) = Place::here() {
        let slash = if text.ends_with('/') { "/" } else { "" };
        match place.below_root(text) {
            Some((_, below)) => {
                readings.push(Pattern::new(without_suffix(&format!("{below}{slash}"))));
            }
            // A folder that is a root, or holds one: all below.
            None if !slash.is_empty() => {
                let path = place.below_top(text);
                let mut roots = place.store.settings().roots.iter();
                let holds = |path: &String| roots.any(|root| Path::new(root).starts_with(path));
                if path.as_ref().is_some_and(holds) {
                    readings.push(Pattern::new("**"));
                }
            }
            None => {}
        }
    }
    readings
}

/// That a pattern fits nothing.
fn no_match(text: &str) -> Failure {
    Failure::usage(format!("no prompt fits {}", in_quotes(text)))
        .hint("`*` stops at `/`, `**` does not; promptctl list shows the names")
}

//! Which files the arguments name.

use std::path::Path;

use super::super::session::Session;
use super::super::typed::{fitting, name};
use crate::config::CONFIG_FILE;
use crate::error::Failure;
use crate::files::{Listing, Loaded};
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::prompt::pattern::Pattern;
use crate::releases::Store;

/// What the arguments name.
pub(in crate::commands) struct Wanted {
    names: Vec<PromptName>,
    /// The files that have these names, so that one which cannot be read is known too.
    files: Vec<String>,
    places: Vec<String>,
}

impl Wanted {
    /// `is_live` tells of names that have no file any more.
    pub(in crate::commands) fn new(
        paths: &[String],
        is_live: impl Fn(&PromptName) -> bool,
        store: &Store,
        session: &Session,
    ) -> Result<Self, Failure> {
        let mut wanted = Self {
            names: Vec::new(),
            files: Vec::new(),
            places: Vec::new(),
        };
        for path in paths {
            let full = session.directory.join(path);
            // A link is named by its own place, not by what it points to.
            if full.symlink_metadata().is_ok() {
                wanted.places.push(below_top(&full, store.top())?);
            } else if Pattern::is_one(path) {
                for file in fitting(path, store)? {
                    wanted.files.push(file.path);
                    wanted.names.push(file.name);
                }
            } else if let Ok(name) = name(path) {
                let listing = store.list();
                let files = listing.files.into_iter().filter(|file| file.name == name);
                let files: Vec<String> = files.map(|file| file.path).collect();
                if files.is_empty() && !is_live(&name) {
                    return Err(store.unknown_prompt(&name));
                }
                wanted.files.extend(files);
                wanted.names.push(name);
            } else {
                return Err(Failure::new(
                    code::UNKNOWN_PROMPT,
                    format!("{path} is neither a file nor the name of a prompt"),
                ));
            }
        }
        Ok(wanted)
    }

    /// The names that were asked for.
    pub(in crate::commands) fn names(&self) -> &[PromptName] {
        &self.names
    }

    /// Whether everything is wanted.
    pub(in crate::commands) fn is_all(&self) -> bool {
        self.names.is_empty() && self.places.is_empty()
    }

    /// Whether a file is wanted by its path.
    pub(in crate::commands) fn path(&self, path: &str) -> bool {
        self.is_all()
            || self.files.iter().any(|file| file == path)
            || self.places.iter().any(|place| is_below(path, place))
    }

    /// Whether a prompt is wanted: itself, or as one that includes a partial which is named.
    pub(in crate::commands) fn prompt(&self, prompt: &Loaded) -> bool {
        let mut partials = prompt.partials.values();
        self.file(&prompt.name, &prompt.path)
            || partials.any(|partial| self.places.contains(&partial.path))
    }

    /// Whether a prompt's file is wanted, which may be one that cannot be read.
    pub(in crate::commands) fn file(&self, name: &PromptName, path: &str) -> bool {
        self.names.contains(name) || self.path(path)
    }

    /// Fails where a file or folder that was named holds no prompt.
    pub(in crate::commands) fn require(&self, listings: &[&Listing]) -> Result<(), Failure> {
        let holds = |listing: &Listing, place: &str| {
            let prompts = listing.files.iter().map(|file| &file.path);
            let found = listing.findings.iter();
            let found = found.filter_map(|finding| finding.path.as_ref());
            let mut known = prompts.chain(listing.partials.values()).chain(found);
            known.any(|path| is_below(path, place))
        };
        let is_empty = |place: &&String| {
            !place.is_empty()
                && *place != CONFIG_FILE
                && !listings.iter().any(|listing| holds(listing, place))
        };
        match self.places.iter().find(is_empty) {
            Some(place) => Err(Failure::new(
                code::UNKNOWN_PROMPT,
                format!("{place} holds no prompt below the roots"),
            )
            .hint("`roots:` in promptctl.yaml names the folders that hold prompts")),
            None => Ok(()),
        }
    }
}

/// Whether a path is a place or stands below it.
fn is_below(path: &str, place: &str) -> bool {
    place.is_empty()
        || path
            .strip_prefix(place)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path as one from the top of the repository.
///
/// # Errors
/// It is not in it.
pub(in crate::commands) fn below_top(path: &Path, top: &Path) -> Result<String, Failure> {
    let outside = || {
        Failure::new(
            code::OUTSIDE_ROOT,
            format!("{} is not in this repository", path.display()),
        )
    };
    let is_link = path.symlink_metadata().is_ok_and(|data| data.is_symlink());
    let full = match (is_link, path.parent(), path.file_name()) {
        (true, Some(folder), Some(file)) => folder.canonicalize().map(|folder| folder.join(file)),
        _ => path.canonicalize(),
    };
    let full = full.map_err(|_| outside())?;
    let top = top.canonicalize().map_err(|_| outside())?;
    let below = full.strip_prefix(&top).map_err(|_| outside())?;
    let parts: Vec<String> = below
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    Ok(parts.join("/"))
}

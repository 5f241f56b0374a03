//! Which files the arguments name.

use std::path::Path;

use super::super::Session;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::store::{Loaded, Store};

/// What the arguments name.
pub(super) struct Wanted {
    names: Vec<PromptName>,
    places: Vec<String>,
}

impl Wanted {
    pub(super) fn new(paths: &[String], store: &Store, session: &Session) -> Result<Self, Failure> {
        let mut wanted = Self {
            names: Vec::new(),
            places: Vec::new(),
        };
        for path in paths {
            let full = session.directory.join(path);
            // A link is named by its own place, not by what it points to.
            if full.symlink_metadata().is_ok() {
                wanted.places.push(below_top(&full, store.top())?);
            } else if let Ok(name) = path.parse::<PromptName>() {
                if !store.list().files.iter().any(|file| file.name == name) {
                    return Err(store.unknown_prompt(&name));
                }
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

    /// Whether everything is wanted.
    pub(super) fn is_all(&self) -> bool {
        self.names.is_empty() && self.places.is_empty()
    }

    /// Whether a file is wanted by its path.
    pub(super) fn path(&self, path: &str) -> bool {
        let below = |place: &String| {
            place.is_empty()
                || path == place
                || path
                    .strip_prefix(place.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        self.is_all() || self.places.iter().any(below)
    }

    /// Whether a prompt is wanted.
    pub(super) fn prompt(&self, prompt: &Loaded) -> bool {
        self.names.contains(&prompt.name) || self.path(&prompt.path)
    }

    /// Whether a prompt's file is wanted, which may be one that cannot be read.
    pub(super) fn file(&self, name: &PromptName, path: &str) -> bool {
        self.names.contains(name) || self.path(path)
    }

    /// Fails where a file that was named is no prompt.
    pub(super) fn used(&self, checked: usize) -> Result<(), Failure> {
        match self.places.first() {
            Some(place) if checked == 0 => Err(Failure::new(
                code::UNKNOWN_PROMPT,
                format!("{place} holds no prompt below the roots"),
            )
            .hint("`roots:` in promptctl.yaml names the folders that hold prompts")),
            _ => Ok(()),
        }
    }
}

fn below_top(path: &Path, top: &Path) -> Result<String, Failure> {
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

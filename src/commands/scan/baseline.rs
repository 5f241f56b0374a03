//! The ids that are known: a file that is committed, so that a reviewer sees what was let pass.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::session::Session;
use super::keys::{Keys, top_of};
use super::lift::text_digest;
use super::prompts::Lifted;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::quote::shell_path;
use crate::scan::entry::Entry;
use crate::scan::found::FoundPrompt;
use crate::scan::ids;

/// The file, at the top of the repository; without one, where the command runs.
pub(super) const NAME: &str = ".promptctl-baseline";

/// How every baseline begins that promptctl wrote.
pub(super) const START: &str =
    "# Ids of stored prompts that `promptctl scan --ids --fail` lets pass";

const HEAD: &str = "\
: an id and its file on each line.
# `promptctl scan --ids --write-baseline` writes the list again.
";

/// The same where it lists prompts in code, too.
const HEAD_WITH_CODE: &str = "\
: an id and its file on each line;
# and prompts in code that `promptctl scan --fail` lets pass: `code:`, the function and which prompt in it, `=` and a digest of its text.
# `promptctl scan --write-baseline` writes the list again.
";

/// What begins the name of a prompt in code.
const CODE: &str = "code:";

/// What is known, by id and file.
pub(super) struct Baseline {
    /// The file as a person would write it.
    pub(super) shown: String,
    file: PathBuf,
    /// Paths of the scan as the file writes them.
    keys: Keys,
    known: BTreeSet<(String, String)>,
}

impl Baseline {
    pub(super) fn read(
        named: Option<&Path>,
        must_be_there: bool,
        session: &Session,
    ) -> Result<Self, Failure> {
        let directory = session.directory.clone();
        let file = match named {
            Some(named) => directory.join(named),
            None => top_of(session).join(NAME),
        };
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => &directory,
        };
        let keys = Keys::below(folder, session);
        let shown = match named {
            Some(named) => named.display().to_string(),
            None => NAME.to_owned(),
        };
        let known = match read_whole(&file, named.is_some()) {
            Ok(text) => lines(&text, &shown)?,
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound
                    && (named.is_none() || !must_be_there) =>
            {
                BTreeSet::new()
            }
            Err(error) => {
                return Err(Failure::from_io(
                    code::BAD_BASELINE,
                    format!("the baseline {shown} could not be read"),
                    error,
                )
                .at(shown.clone())
                .hint(format!(
                    "promptctl scan --ids --write-baseline --baseline {} writes it",
                    shell_path(&shown)
                )));
            }
        };
        Ok(Self {
            shown,
            file,
            keys,
            known,
        })
    }

    /// Whether this file is a baseline, whose ids are in no use: this one, or one that begins as they
    /// all do.
    pub(super) fn is_own(&self, path: &Path, begins: &[u8]) -> bool {
        let is_named = || {
            path.file_name().is_some_and(|name| name == NAME)
                || path.file_name() == self.file.file_name()
                    && fs::canonicalize(path).ok() == fs::canonicalize(&self.file).ok()
        };
        begins.starts_with(START.as_bytes()) || is_named()
    }

    /// Marks the places that are known.
    pub(super) fn mark(&self, entries: &mut [Entry]) {
        for entry in entries {
            for spot in entry.spots.iter_mut().filter(|spot| !spot.is_read) {
                let key = (entry.id.clone(), self.keys.of(&spot.path));
                spot.is_known = self.known.contains(&key);
            }
        }
    }

    /// Marks the prompts in code that are known: those that were lifted by their places, because
    /// another text than that of the file is told anyway.
    pub(super) fn mark_prompts(&self, prompts: &mut [(String, FoundPrompt)], lifted: &Lifted) {
        let places: BTreeSet<(&str, &str)> = self
            .known
            .iter()
            .filter(|(id, _)| id.starts_with(CODE))
            .map(|(id, file)| (place_of(id), file.as_str()))
            .collect();
        for (path, prompt) in prompts {
            let is_lifted = lifted.contains_key(&(path.clone(), prompt.mark()));
            let file = self.keys.of(path);
            let ids = [place(prompt), place_and_text(prompt)];
            prompt.is_known = ids
                .into_iter()
                .any(|id| self.known.contains(&(id, file.clone())))
                || (is_lifted && places.contains(&(place(prompt).as_str(), file.as_str())));
        }
    }

    /// What is in use below these paths, beside what was known elsewhere; without `prompts`, only ids
    /// were looked for.
    pub(super) fn to_write(
        &self,
        entries: &[Entry],
        prompts: Option<&[(String, FoundPrompt)]>,
        roots: &[PathBuf],
    ) -> BTreeSet<(String, String)> {
        let roots: Vec<String> = match roots {
            [] => vec![self.keys.of(".")],
            roots => roots
                .iter()
                .map(|root| self.keys.of(&root.to_string_lossy()))
                .collect(),
        };
        let is_below = |path: &str| {
            roots.iter().any(|root| {
                root.is_empty()
                    || path
                        .strip_prefix(root.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let mut known: BTreeSet<(String, String)> = self
            .known
            .iter()
            .filter(|(id, path)| !is_below(path) || (prompts.is_none() && id.starts_with(CODE)))
            .cloned()
            .collect();
        for (path, prompt) in prompts.unwrap_or_default() {
            let key = self.keys.of(path);
            if !prompt.is_allowed && !key.contains(char::is_control) {
                known.insert((place_and_text(prompt), key));
            }
        }
        for entry in entries.iter().filter(|entry| !entry.is_placeholder) {
            for spot in entry
                .spots
                .iter()
                .filter(|spot| !spot.is_read && !spot.is_allowed)
            {
                let key = self.keys.of(&spot.path);
                // A line for each file: a name that would break it stays a finding.
                if !key.contains(char::is_control) {
                    known.insert((entry.id.clone(), key));
                }
            }
        }
        known
    }

    /// Writes these as known.
    pub(super) fn write(&self, known: &BTreeSet<(String, String)>) -> Result<(), Failure> {
        let has_code = known.iter().any(|(id, _)| id.starts_with(CODE));
        let head = if has_code { HEAD_WITH_CODE } else { HEAD };
        let mut text = format!("{START}{head}");
        for (id, path) in known {
            text.push_str(&format!("{id} {path}\n"));
        }
        let failed = |error: std::io::Error| {
            Failure::from_io(
                code::WRITE_FAILED,
                format!("{} could not be written", self.shown),
                error,
            )
            .at(self.shown.clone())
        };
        let fresh = tempfile::NamedTempFile::new_in(self.keys.root()).map_err(failed)?;
        fs::write(fresh.path(), text).map_err(failed)?;
        readable(fresh.path()).map_err(failed)?;
        fresh
            .persist(&self.file)
            .map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// A temporary file is private; this one is committed.
#[cfg(unix)]
fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The text of a baseline. It may come with a pull request: a pipe or a device is none, and a link only where
/// a person names it.
fn read_whole(path: &Path, is_named: bool) -> std::io::Result<String> {
    let data = match is_named {
        true => fs::metadata(path)?,
        false => fs::symlink_metadata(path)?,
    };
    if !data.is_file() {
        let message = "it is not a regular file";
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            message,
        ));
    }
    fs::read_to_string(path)
}

/// A prompt in code by its place, as baselines were written that let any text pass there.
fn place(prompt: &FoundPrompt) -> String {
    format!("{CODE}{}", prompt.mark())
}

/// The place of a line.
fn place_of(id: &str) -> &str {
    let end = id.rfind('#').and_then(|at| Some(at + id[at..].find('=')?));
    &id[..end.unwrap_or(id.len())]
}

/// A prompt in code by its place and its text: another text there is new.
fn place_and_text(prompt: &FoundPrompt) -> String {
    format!("{}={}", place(prompt), text_digest(prompt))
}

fn lines(text: &str, shown: &str) -> Result<BTreeSet<(String, String)>, Failure> {
    let mut known = BTreeSet::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once(' ') {
            Some((id, path))
                if (id.starts_with(ids::START) || id.starts_with(CODE)) && !path.is_empty() =>
            {
                known.insert((id.to_owned(), path.to_owned()));
            }
            _ => {
                return Err(Failure::new(
                    code::BAD_BASELINE,
                    format!("line {} of {shown} is not an id and a file", index + 1),
                )
                .at(format!("{shown}:{}:1", index + 1))
                .hint("write `pmpt_… src/app.py`, or take the line out"));
            }
        }
    }
    Ok(known)
}

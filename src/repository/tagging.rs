//! Making tag objects, and references to them, as two steps.
//!
//! `git tag` makes an object and a reference at once, but a release must not be seen before the
//! remote has accepted it. So `git tag` runs in a scratch repository that shares this one's
//! objects: identity and signing are the user's, and the reference stays in the scratch.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::handle::Repository;
use super::id::ObjectId;
use super::process::{TagError, write_failure};
use super::scratch::private_folder;
use super::tagger::{NewTag, Tagger};
use crate::error::Failure;

/// How old a scratch repository must be before it counts as left behind by a process that died.
const ABANDONED: Duration = Duration::from_secs(600);

/// What the names of scratch repositories and half-written files begin with.
pub(crate) const SCRATCH: &str = "scratch-";

impl Repository {
    /// The folder for what is not finished: in the repository, where no listing sees it. What dead
    /// processes left there is removed.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn scratch_folder(&self) -> Result<PathBuf, Failure> {
        let common = self.repo.commondir();
        let common = fs::canonicalize(common).map_err(|error| write_failure(common, error))?;
        let folder = common.join("promptctl");
        fs::create_dir_all(&folder).map_err(|error| write_failure(&folder, error))?;
        remove_abandoned(&folder);
        Ok(folder)
    }

    /// Writes the objects of annotated tags, signed where git is set up to sign, and no references.
    /// A `tagger` writes them in process.
    ///
    /// # Errors
    /// No identity, no key to sign with, or a repository that cannot be written.
    pub(crate) fn write_tags(
        &self,
        tags: &[NewTag],
        tagger: Option<&Tagger>,
    ) -> Result<Vec<ObjectId>, Failure> {
        let written = tagger.and_then(|tagger| {
            tags.iter()
                .map(|tag| self.write_plain_tag(tag, tagger))
                .collect()
        });
        match written {
            Some(written) => Ok(written),
            None => Ok(self.write_tags_with_git(tags, None)?),
        }
    }

    /// The same by git itself: signed where that is said, else where git is set up to sign.
    pub(crate) fn write_tags_with_git(
        &self,
        tags: &[NewTag],
        signed: Option<bool>,
    ) -> Result<Vec<ObjectId>, TagError> {
        let common = fs::canonicalize(self.repo.commondir())
            .map_err(|error| write_failure(self.repo.commondir(), error))?;
        let folder = self.scratch_folder()?;
        let scratch = private_folder(SCRATCH, Some(&folder))
            .map_err(|error| write_failure(&folder, error))?;
        self.prepare(scratch.path())?;
        tags.iter()
            .map(|tag| self.write_tag(scratch.path(), &common.join("objects"), tag, signed))
            .collect()
    }

    fn prepare(&self, scratch: &Path) -> Result<(), Failure> {
        // What the repository says of identity and signing, its conditional includes resolved here.
        let output = self
            .git()
            .args([
                "config",
                "-z",
                "--get-regexp",
                r"^(user|author|committer|tag|gpg)\.",
            ])
            .run()?;
        let mut config = String::from("[core]\n\trepositoryformatversion = 0\n\tbare = true\n");
        for entry in output.out.split('\0').filter(|entry| !entry.is_empty()) {
            let (key, value) = entry.split_once('\n').unwrap_or((entry, "true"));
            config.push_str(&config_lines(key, value));
        }
        let write = |name: &str, text: &str| {
            let path = scratch.join(name);
            fs::write(&path, text).map_err(|error| write_failure(&path, error))
        };
        write("config", &config)?;
        write("HEAD", "ref: refs/heads/none\n")?;
        let refs = scratch.join("refs");
        fs::create_dir(&refs).map_err(|error| write_failure(&refs, error))
    }

    fn write_tag(
        &self,
        scratch: &Path,
        objects: &Path,
        tag: &NewTag,
        signed: Option<bool>,
    ) -> Result<ObjectId, TagError> {
        let sign = signed.map(|wanted| if wanted { "--sign" } else { "--no-sign" });
        let output = self
            .git()
            .in_scratch(scratch, objects)
            .args(["tag", "-a", "--cleanup=verbatim", "-F", "-"])
            .args(sign)
            .arg("--end-of-options")
            .arg(&tag.name)
            .arg(tag.commit.to_string())
            .input(tag.message.as_bytes())
            .run()?;
        if !output.ok {
            return Err(TagError::of(&output.err));
        }
        let path: PathBuf = scratch.join("refs/tags").join(&tag.name);
        let id = fs::read_to_string(&path).map_err(|error| write_failure(&path, error))?;
        let id = ObjectId::parse(id.trim());
        id.ok_or_else(|| TagError::of("the tag that git wrote names no object"))
    }
}

/// A key such as `gpg.ssh.allowedsignersfile` and its value as lines of a configuration file.
pub(crate) fn config_lines(key: &str, value: &str) -> String {
    let Some((section, name)) = key.rsplit_once('.') else {
        return String::new();
    };
    let quote = |text: &str| {
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    };
    let header = match section.split_once('.') {
        Some((section, sub)) => format!("[{section} \"{}\"]", quote(sub)),
        None => format!("[{section}]"),
    };
    format!("{header}\n\t{name} = \"{}\"\n", quote(value))
}

fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let old = entry
            .metadata()
            .and_then(|data| data.modified())
            .ok()
            .and_then(|time| time.elapsed().ok())
            .is_some_and(|age| age > ABANDONED);
        if old && entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            // Another process may be removing it too.
            drop(match entry.path() {
                path if path.is_dir() => fs::remove_dir_all(path),
                path => fs::remove_file(path),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_way_into_a_configuration_file() {
        assert_eq!(
            config_lines("user.name", "A \"B\" \\"),
            "[user]\n\tname = \"A \\\"B\\\" \\\\\"\n"
        );
        assert_eq!(
            config_lines("gpg.ssh.program", "x"),
            "[gpg \"ssh\"]\n\tprogram = \"x\"\n"
        );
    }
}

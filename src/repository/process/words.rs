//! What git's words mean, and what to do about them.

use std::path::Path;
use std::time::Duration;

use super::output::{GitOutput, LOCK_PATIENCE};
use crate::error::{Exit, Failure};
use crate::prompt::code;
use crate::prompt::next::Next;
use crate::prompt::quote::{shell_path, shell_word};

/// What git said, as facts.
impl GitOutput {
    /// Whether another process holds a lock.
    pub(crate) fn met_a_lock(&self) -> bool {
        !self.ok && is_lock_message(&self.err)
    }

    /// Whether a reference of that name is there already.
    pub(crate) fn found_the_ref(&self) -> bool {
        !self.ok && self.err.contains("already exists")
    }

    /// Whether the remote takes no atomic pushes.
    pub(crate) fn lacks_atomic(&self) -> bool {
        !self.ok && self.err.contains("does not support --atomic")
    }

    /// Whether a commit of single files was refused because a merge or rebase goes on.
    pub(crate) fn met_a_merge(&self) -> bool {
        !self.ok && self.err.contains("cannot do a partial commit during")
    }

    /// Whether git has found that the remote has no such reference.
    pub(crate) fn is_missing(&self, reference: &str) -> bool {
        let line = format!("couldn't find remote ref {reference}");
        self.err.lines().any(|output| output.ends_with(&line))
    }

    /// Whether what was verified has a signature of OpenPGP.
    pub(crate) fn speaks_of_openpgp(&self) -> bool {
        self.err.contains("[GNUPG:]")
    }

    /// Whether what was verified has no signature.
    pub(crate) fn found_no_signature(&self) -> bool {
        self.err.contains("no signature found")
    }
}

/// Why references were not changed.
pub(crate) enum RefsError {
    /// One that was to be new is there.
    Exists(Failure),
    /// Anything else.
    Other(Failure),
}

impl From<RefsError> for Failure {
    fn from(error: RefsError) -> Self {
        let (RefsError::Exists(failure) | RefsError::Other(failure)) = error;
        failure
    }
}

/// Why the object of a tag was not written.
pub(crate) struct TagError {
    pub(crate) failure: Failure,
    /// What git and gpg gave as the reason, where it is nothing that we know.
    pub(crate) why: Option<String>,
}

impl TagError {
    pub(crate) fn of(err: &str) -> Self {
        let error = GitError::read(err);
        let is_unknown = matches!(error, GitError::Other { .. });
        let why = is_unknown.then(|| words_of_signing(err));
        let failure = error.into();
        Self { failure, why }
    }
}

impl From<Failure> for TagError {
    fn from(failure: Failure) -> Self {
        Self { failure, why: None }
    }
}

impl From<TagError> for Failure {
    fn from(error: TagError) -> Self {
        error.failure
    }
}

pub(crate) fn is_lock_message(err: &str) -> bool {
    err.contains(".lock': File exists")
        || err.contains("could not lock config file")
        || err.contains("cannot lock ref")
            && !err.contains("reference already exists")
            && !err.contains("is at ")
            && !err.contains("Permission denied")
}

/// Whether another process changed a reference between git's look at it and its own change.
pub(crate) fn has_moved(err: &str) -> bool {
    err.contains("cannot lock ref")
        && (err.contains("is at ") || err.contains("reference already exists"))
}

pub(crate) fn lock_path(err: &str) -> Option<String> {
    let end = err.find(".lock'")? + ".lock".len();
    let start = err[..end].rfind('\'')? + 1;
    Some(err[start..end].to_owned())
}

pub(crate) fn age_of(path: &str) -> Duration {
    std::fs::metadata(path)
        .and_then(|data| data.modified())
        .ok()
        .and_then(|time| time.elapsed().ok())
        .unwrap_or_default()
}

/// What git's words say went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GitError {
    /// Another process holds a lock; the lock's path, where git names it.
    Locked { path: Option<String>, words: String },
    /// git does not know who commits.
    NoIdentity,
    /// The repository at this path belongs to another user.
    UnsafeOwner { path: String },
    /// The disk is full.
    DiskFull,
    /// The files are not writable.
    NotWritable { words: String },
    /// Anything else.
    Other { words: String },
}

impl GitError {
    /// Reads what git wrote.
    pub(crate) fn read(err: &str) -> Self {
        let words = words_of(err);
        let has = |needles: &[&str]| needles.iter().any(|needle| err.contains(needle));
        if is_lock_message(err) {
            let path = lock_path(err);
            Self::Locked { path, words }
        } else if has(&[
            "Please tell me who you are",
            "empty ident name",
            "unable to auto-detect email",
            "no email was given",
        ]) {
            Self::NoIdentity
        } else if has(&["dubious ownership"]) {
            let path = err.split('\'').nth(1).unwrap_or(".").to_owned();
            Self::UnsafeOwner { path }
        } else if has(&["No space left on device"]) {
            Self::DiskFull
        } else if has(&["Read-only file system", "insufficient permission"])
            || has(&["Permission denied"]) && !has(&["publickey"])
        {
            Self::NotWritable { words }
        } else {
            Self::Other { words }
        }
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        match error {
            GitError::Locked { path, words } => locked(path, &words),
            GitError::NoIdentity => Self::new(code::NO_IDENTITY, "git does not know who you are")
                .hint("git config --global user.name \"Your Name\"")
                .hint("git config --global user.email \"you@example.com\""),
            GitError::UnsafeOwner { path } => Self::new(
                code::UNSAFE_OWNER,
                format!("the repository at {path} belongs to another user"),
            )
            .hint(format!(
                "git config --global --add safe.directory {}",
                shell_word(&path)
            )),
            GitError::DiskFull => Self::new(code::WRITE_FAILED, "the disk is full")
                .hint("free some space, then run the same command again"),
            GitError::NotWritable { words } => Self::new(
                code::WRITE_FAILED,
                format!("the repository could not be written: {words}"),
            )
            .hint("check who owns the files below the repository's .git folder, and whether the disk is mounted read-only"),
            GitError::Other { words } => {
                Self::new(code::GIT_FAILED, format!("git failed: {words}"))
                    .hint(Next::Doctor.that("looks for what is wrong with this clone"))
            }
        }
    }
}

/// What git's words mean, and what to do about them.
pub(crate) fn explain(err: &str) -> Failure {
    GitError::read(err).into()
}

fn locked(path: Option<String>, words: &str) -> Failure {
    match path {
        Some(path) => {
            let age = age_of(&path).as_secs();
            Failure::new(
                if age > LOCK_PATIENCE.as_secs() {
                    code::STALE_LOCK
                } else {
                    code::LOCKED
                },
                format!("git's lock {path} is there ({age} s old): a git that works here holds it, or one that was stopped left it"),
            )
            .hint(Next::Repair.that("removes it where a promptctl that was killed left it"))
            .hint(format!(
                "if no git process is running, remove it: rm {}",
                shell_path(&path)
            ))
            .hint("nothing is lost: once it is gone, run the same command again")
        }
        None => Failure::new(
            code::LOCKED,
            format!("git could not lock a reference: {words}"),
        )
        .hint("another process is writing the same tags: try again"),
    }
}

/// git's message in one line, without its prefixes and advice.
pub(crate) fn words_of(err: &str) -> String {
    joined(lines_of(err))
}

/// What git and gpg say beside the reason.
const NOISE: [&str; 5] = [
    "[GNUPG:]",
    "unable to sign the tag",
    "gpg failed to sign the data:",
    "gpg: directory",
    "gpg: keybox",
];

/// What git said about signing, without what is meant for programs.
fn words_of_signing(err: &str) -> String {
    let is_noise = |line: &&str| NOISE.iter().any(|noise| line.starts_with(noise));
    joined(lines_of(err).filter(|line| !is_noise(line)))
}

fn lines_of(err: &str) -> impl Iterator<Item = &str> {
    err.lines()
        .map(|line| {
            line.trim()
                .trim_start_matches("fatal: ")
                .trim_start_matches("error: ")
        })
        .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
        // Where git keeps the message of a tag that it could not sign is of no use: we have it.
        .filter(|line| !line.starts_with("The tag message has been left in"))
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines: Vec<&str> = lines.collect();
    if lines.is_empty() {
        "it gave no reason".to_owned()
    } else {
        lines.join("; ")
    }
}

/// A failure to write that the operating system reported.
pub(crate) fn write_failure(path: &Path, error: std::io::Error) -> Failure {
    let kind = error.kind();
    let message = format!("{} could not be written", path.display());
    let failure = Failure::from_io(code::WRITE_FAILED, message, error);
    match kind {
        std::io::ErrorKind::StorageFull => {
            failure.hint("free some space, then run the same command again")
        }
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            failure.hint("check who owns the file, and whether the disk is mounted read-only")
        }
        _ => failure,
    }
}

/// The exit code of a refusal by a remote.
pub(crate) fn refused(message: String) -> Failure {
    Failure::new(code::REMOTE_REFUSED, message).exit(Exit::Denied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_for_programs_is_left_out() {
        let error = TagError::of(
            "error: gpg failed to sign the data:\ngpg: no key\n[GNUPG:] FAILURE sign 17\nerror: unable to sign the tag\nThe tag message has been left in x\n",
        );
        assert_eq!(error.why.as_deref(), Some("gpg: no key"));
        assert!(TagError::of("fatal: empty ident name").why.is_none());
    }
}

//! When this clone last asked the remote for all of its tags: how old its view of what is live may be.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use jiff::Timestamp;

use super::store::Store;
use crate::error::Failure;

/// How old a clone's view of its remote is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastFetch {
    /// There is no remote: this clone itself is the truth.
    NoRemote,
    /// Nothing tells when, if ever.
    Unknown,
    /// Then.
    At(Timestamp),
}

impl Store {
    /// Notes that all tags were asked for now.
    pub(crate) fn note_fetched(&self) {
        let write = || -> std::io::Result<()> {
            let Some(path) = self.note_of_fetch() else {
                return Ok(());
            };
            let folder = path.parent().unwrap_or(&path);
            fs::create_dir_all(folder)?;
            let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
            writeln!(fresh, "{}", self.settings.now.as_second())?;
            fresh.persist(&path)?;
            Ok(())
        };
        // A disk that cannot be written is no reason to fail: the view is only said to be older.
        drop(write());
    }

    /// When this clone last asked the remote for all of its tags, itself or by a plain `git fetch`.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn last_fetch(&self) -> Result<LastFetch, Failure> {
        if !self.has_remote() {
            return Ok(LastFetch::NoRemote);
        }
        let own = self.note_of_fetch().and_then(|path| {
            let seconds = fs::read_to_string(path).ok()?.trim().parse().ok()?;
            Timestamp::from_second(seconds).ok()
        });
        let newest = own.max(self.fetched_by_git_since(own)?);
        Ok(newest.map_or(LastFetch::Unknown, LastFetch::At))
    }

    /// When a plain `git fetch` brought the whole mirror, if that was later than `own`. What git wrote down
    /// of its last fetch holds every tag then, and fewer where a person named a branch.
    fn fetched_by_git_since(&self, own: Option<Timestamp>) -> Result<Option<Timestamp>, Failure> {
        let path = self.common_dir().join("FETCH_HEAD");
        let modified = fs::metadata(&path).and_then(|it| it.modified()).ok();
        let seconds = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let seconds = seconds.and_then(|it| i64::try_from(it.as_secs()).ok());
        let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        if time <= own {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let begin = format!("\ttag '{}", self.settings.prefix);
        let named = text.lines().filter(|line| line.contains(&begin)).count();
        let mut mirrored = 0;
        self.each_ref(&self.true_space().base, |_, _| {
            mirrored += 1;
            true
        })?;
        let is_whole = !text.is_empty() && named >= mirrored;
        Ok(time.filter(|_| is_whole))
    }

    /// The file that says when; none without a remote.
    fn note_of_fetch(&self) -> Option<PathBuf> {
        let remote = self.settings.remote.as_deref()?;
        let prefix = self.settings.prefix.replace('/', "%");
        Some(
            self.memory()
                .join("fetched")
                .join(remote)
                .join(format!("at-{prefix}")),
        )
    }
}

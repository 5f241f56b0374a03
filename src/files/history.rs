//! The commits that changed a prompt, and which version each of them holds.

use jiff::Timestamp;

use super::load::Loaded;
use super::prompts::Prompts;
use super::work_tree::join_root;
use crate::error::Failure;
use crate::prompt::name::PromptName;
use crate::prompt::version::Version;
use crate::repository::ObjectId;

/// A commit that changed a prompt.
#[derive(Clone)]
pub(crate) struct LogLine {
    pub(crate) commit: ObjectId,
    pub(crate) author: String,
    pub(crate) time: Timestamp,
    /// The first line of its message.
    pub(crate) message: String,
}

/// What commits hold of a version.
pub(crate) enum Committed {
    /// No file with this number.
    Never,
    /// The number, and none with the content that its `digest:` line names: it was changed, and the
    /// number was not.
    Unbumped,
    Held(Box<Loaded>),
}

impl Prompts {
    /// The paths at which a prompt can stand.
    pub(crate) fn possible_paths(&self, name: &PromptName) -> Vec<String> {
        self.roots
            .iter()
            .flat_map(|root| name.paths().map(|below| join_root(root, &below)))
            .collect()
    }

    /// The paths whose history is a prompt's: with one root, that of HEAD's file. git's
    /// commit-graph helps with one path and not with several.
    pub(crate) fn followed_paths(&self, name: &PromptName) -> Vec<String> {
        let mut paths = self.possible_paths(name);
        if self.roots.len() > 1 {
            return paths;
        }
        let tree = self.head_commit().and_then(|head| self.commit_tree(head));
        let held = tree.and_then(|tree| paths.iter().position(|path| tree.blob_id(path).is_some()));
        match held {
            Some(at) => vec![paths.swap_remove(at)],
            None => paths,
        }
    }

    /// The commits reachable from `revisions` that changed one of `paths`, newest first.
    pub(crate) fn log(
        &self,
        revisions: &[&str],
        paths: &[String],
    ) -> Result<Vec<LogLine>, Failure> {
        let mut lines = Vec::new();
        self.each_log_line(revisions, paths, |line| lines.push(line))?;
        Ok(lines)
    }

    /// Calls `see` with each of these commits as soon as git has found it, while git looks on.
    pub(crate) fn each_log_line(
        &self,
        revisions: &[&str],
        paths: &[String],
        mut see: impl FnMut(LogLine),
    ) -> Result<(), Failure> {
        self.git()
            .args(["log", "-z", "--format=%H%x1f%an%x1f%at%x1f%s"])
            .arg("--end-of-options")
            .args(revisions)
            .paths(paths)
            .each_entry(|entry| {
                let mut fields = entry.trim_start_matches('\n').split('\u{1f}');
                let mut line = || {
                    Some(LogLine {
                        commit: ObjectId::parse(fields.next()?)?,
                        author: fields.next()?.to_owned(),
                        time: Timestamp::from_second(fields.next()?.parse().ok()?).ok()?,
                        message: fields.next()?.to_owned(),
                    })
                };
                line().into_iter().for_each(&mut see);
            })
    }

    /// The version that a commit's file of the prompt has; `None` where there is no file, or none that loads.
    pub(crate) fn version_at(&self, commit: ObjectId, name: &PromptName) -> Option<Version> {
        self.number_at(commit, name).map(|(version, _)| version)
    }

    /// The same with what the `digest:` line says.
    pub(crate) fn number_at(
        &self,
        commit: ObjectId,
        name: &PromptName,
    ) -> Option<(Version, Option<String>)> {
        let tree = self.commit_tree(commit)?;
        let blob = self
            .possible_paths(name)
            .into_iter()
            .find_map(|path| tree.blob_id(&path))?;
        let text = String::from_utf8(self.blob(blob).ok()?).ok()?;
        crate::prompt::document::parse(&text)
            .ok()
            .map(|document| (document.version_or_first(), document.digest))
    }

    /// A version of a prompt as the commits reachable from HEAD hold it: the newest of them whose
    /// content is what its `digest:` line says, where it has one.
    ///
    /// # Errors
    /// History cannot be read, or no file with the number is valid.
    pub(crate) fn committed_version(
        &self,
        name: &PromptName,
        version: Version,
    ) -> Result<Committed, Failure> {
        let mut found = Committed::Never;
        let mut fault = None;
        // Whether this commit ends the search.
        let mut is_it = |commit: ObjectId| {
            if self.version_at(commit, name) != Some(version) {
                return false;
            }
            match self.load_at(commit, name) {
                Ok(Some(loaded)) if !loaded.is_unbumped() => {
                    found = Committed::Held(Box::new(loaded));
                    return true;
                }
                Ok(Some(_)) => found = Committed::Unbumped,
                Ok(None) => {}
                Err(findings) => fault = fault.take().or(Some(findings)),
            }
            false
        };
        if let Some(head) = self.head_commit()
            && !is_it(head)
        {
            let lines = self.log(&["HEAD"], &self.possible_paths(name))?;
            let mut commits = lines.into_iter().map(|line| line.commit);
            commits.any(|commit| commit != head && is_it(commit));
        }
        match (&found, fault) {
            (Committed::Never, Some(findings)) => Err(findings.into()),
            _ => Ok(found),
        }
    }

    /// Whether git knows a commit by this name.
    pub fn is_revision(&self, text: &str) -> bool {
        self.revision(text).is_some()
    }

    /// The prompt as HEAD holds it.
    ///
    /// # Errors
    /// HEAD's file is not valid.
    pub fn committed(&self, name: &PromptName) -> Result<Option<Loaded>, Failure> {
        match self.head_commit() {
            Some(head) => self.load_at(head, name).map_err(Failure::from),
            None => Ok(None),
        }
    }
}

//! Tags that no reference names any more, and that git still has: what puts a lost one back.

use super::store::Store;
use super::tag::{TagContent, TagName};
use crate::prompt::next::Next;
use crate::repository::ObjectId;

impl Store {
    /// The object that a tag had before it was lost, if git still has exactly one that is sound:
    /// of several, nobody can say which was published.
    pub(crate) fn lost_object(&self, tag: &TagName) -> Option<ObjectId> {
        let own = self.ref_target(&self.local_space().reference(tag));
        if self.local_space() != self.true_space()
            && let Some(own) = own
            && self.is_good(own, tag)
        {
            return Some(own);
        }
        let output = self
            .git()
            .args(["fsck", "--unreachable", "--no-reflogs", "--no-progress"])
            .args(["--connectivity-only"])
            .run()
            .ok()?;
        let mut found = output
            .out
            .lines()
            .filter_map(|line| ObjectId::parse(line.strip_prefix("unreachable tag ")?))
            .filter(|object| self.is_named(*object, tag) && self.is_good(*object, tag));
        let only = found.next()?;
        found.next().is_none().then_some(only)
    }

    fn is_named(&self, object: ObjectId, tag: &TagName) -> bool {
        let object = self.tag_object(object).ok();
        let content = object.as_deref().and_then(TagContent::parse);
        content.is_some_and(|content| {
            content.name.strip_prefix(&self.settings.prefix) == Some(&tag.to_string())
        })
    }

    /// Whether an object is the tag that it says it is, and its commit holds what it says.
    fn is_good(&self, object: ObjectId, tag: &TagName) -> bool {
        let Ok((commit, trailers)) = self.tag_target(object, tag) else {
            return false;
        };
        let loaded = self.load_at(commit, &trailers.prompt).ok().flatten();
        loaded.is_some_and(|loaded| {
            *loaded.digest() == trailers.digest && loaded.version() == trailers.version
        })
    }

    /// The command that puts a tag back in the place that counts.
    pub(crate) fn restore(&self, tag: &TagName, object: ObjectId) -> Next {
        let full = format!("{}{tag}", self.settings.prefix);
        if self.local_space() == self.true_space() {
            return Next::Git(format!("git update-ref refs/tags/{full} {object}"));
        }
        let remote = self.settings.remote.as_deref().unwrap_or("origin");
        let is_there = self.ref_target(&self.true_space().reference(tag)).is_some();
        let force = if is_there { "--force " } else { "" };
        let push = format!("git push {force}{remote} {object}:refs/tags/{full}");
        Next::All(vec![Next::Git(push), Next::Fetch])
    }

    /// The command that takes a tag away which `promptctl` did not make.
    pub(crate) fn take_away(&self, tag: &TagName) -> Next {
        let full = format!("{}{tag}", self.settings.prefix);
        let local = self.ref_target(&self.local_space().reference(tag));
        let delete = Next::Git(format!("git tag -d {full}"));
        if self.local_space() == self.true_space() {
            return delete;
        }
        let remote = self.settings.remote.as_deref().unwrap_or("origin");
        let theirs = self.ref_target(&self.true_space().reference(tag));
        let there = Next::Git(format!("git push {remote} --delete refs/tags/{full}"));
        let here = (local.is_some() && local == theirs).then_some(delete);
        let steps = [there].into_iter().chain(here);
        Next::All(steps.chain([Next::Accept(full)]).collect())
    }

    /// The command that brings what a partial clone left out; `None` where it left nothing out.
    pub(crate) fn fill(&self) -> Option<Next> {
        let remote = self.settings.remote.as_deref()?;
        let key = format!("remote.{remote}.partialclonefilter");
        self.config_value(&key).map(|_| {
            Next::Git(format!(
                "git fetch --refetch --no-filter {remote} && git config --unset {key}"
            ))
        })
    }
}

//! Writing tag objects without starting git for each, where git would do nothing more than that.
//!
//! Signing, shared permissions and the like are git's business: where any of them is set up,
//! `git tag` does the work. References are always git's: a process that is killed while it holds
//! their locks leaves them behind, and git is not killed with us.

use super::handle::Repository;
use super::id::ObjectId;

/// Settings that make a tag more than an object and a reference, unless they are off.
const BEYOND: [&str; 6] = [
    "tag.gpgsign",
    "tag.forcesignannotated",
    "core.sharedrepository",
    "core.fsync",
    "core.fsyncmethod",
    "core.fsyncobjectfiles",
];

/// A tag to make.
#[derive(Clone)]
pub(crate) struct NewTag {
    /// Its name with the prefix, without `refs/tags/`.
    pub(crate) name: String,
    /// The commit that it names.
    pub(crate) commit: ObjectId,
    /// Its message with trailers.
    pub(crate) message: String,
}

/// Who tags, in a repository where tags can be made in process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tagger {
    /// Name, address, time and zone as a tag object has them.
    line: String,
}

impl Repository {
    /// Who tags; `None` where writing the tag takes git itself, or where git does not know who.
    pub(crate) fn tagger(&self) -> Option<Tagger> {
        plain_tagger(&self.settings_and_identity()?)
    }

    /// Writes the object of an annotated tag; `None` if that failed, and git may say why.
    pub(crate) fn write_plain_tag(&self, tag: &NewTag, tagger: &Tagger) -> Option<ObjectId> {
        let NewTag {
            name,
            commit,
            message,
        } = tag;
        let line = &tagger.line;
        let object =
            format!("object {commit}\ntype commit\ntag {name}\ntagger {line}\n\n{message}");
        self.write_tag_object(&object)
    }
}

/// Reads what `git var -l` says: the settings, then who commits.
fn plain_tagger(output: &str) -> Option<Tagger> {
    let is_off = |value: &str| matches!(value, "" | "false" | "no" | "off" | "0");
    let is_beyond = |line: &str| {
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        BEYOND.contains(&key) && !is_off(value)
    };
    if output.lines().any(is_beyond) {
        return None;
    }
    // Without both, git would guess the one from the machine, or refuse to.
    let is_set = |name: &str| {
        output.lines().any(|line| {
            let value = ["user.", "committer."]
                .iter()
                .find_map(|section| line.strip_prefix(section))
                .and_then(|rest| rest.strip_prefix(name)?.strip_prefix('='));
            value.is_some_and(|value| !value.trim().is_empty())
        })
    };
    if !is_set("name") || !is_set("email") {
        return None;
    }
    let line = output
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("GIT_COMMITTER_IDENT="))?;
    let (name, rest) = line.split_once(" <")?;
    let (address, time) = rest.split_once("> ")?;
    let is_whole = !name.trim().is_empty() && !address.trim().is_empty() && !time.is_empty();
    is_whole.then(|| Tagger {
        line: line.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::plain_tagger;

    const IDENTITY: &str = "user.name=Ada\nuser.email=ada@example.com\n";
    const LINE: &str = "GIT_COMMITTER_IDENT=Ada <ada@example.com> 1700000000 +0100\n";

    fn line(settings: &str) -> Option<String> {
        plain_tagger(&format!("{IDENTITY}{settings}{LINE}")).map(|tagger| tagger.line)
    }

    #[test]
    fn who_tags_is_what_git_says() {
        let ada = Some("Ada <ada@example.com> 1700000000 +0100".to_owned());
        assert_eq!(line(""), ada);
        assert_eq!(line("tag.gpgsign=false\ncore.fsync=\n"), ada);
    }

    #[test]
    fn what_git_does_beyond_a_tag_is_left_to_git() {
        for settings in [
            "tag.gpgsign=true\n",
            "tag.gpgsign\n",
            "tag.gpgsign=1\ntag.gpgsign=false\n",
            "tag.forcesignannotated=yes\n",
            "core.sharedrepository=group\n",
            "core.fsync=all\n",
        ] {
            assert_eq!(line(settings), None, "{settings}");
        }
    }

    #[test]
    fn an_identity_that_git_would_have_to_guess_is_left_to_git() {
        for said in [
            LINE,
            "user.name=Ada\nGIT_COMMITTER_IDENT=Ada <root@machine> 1700000000 +0000\n",
            "user.name=\nuser.email=ada@example.com\nGIT_COMMITTER_IDENT= <ada@example.com> 1 +0000\n",
        ] {
            assert_eq!(plain_tagger(said), None, "{said}");
        }
    }
}

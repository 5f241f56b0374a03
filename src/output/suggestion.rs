//! The change of a file that a host offers to commit with one click.

use serde::Serialize;
use similar::TextDiff;

use crate::prompt::version::Version;

/// How the comment begins that offers one, so that it is found again.
pub const MARKER: &str = "<!-- promptctl raise -->";

/// How many lines a host shows on either side of what changed.
const CONTEXT: usize = 3;

/// The two lines that raise a version, in place of those that stand there. Line numbers begin at 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The first of the lines, in the new file.
    pub line: usize,
    /// The same line in the old file.
    pub old_line: usize,
    /// How many lines are replaced.
    pub lines: usize,
    /// What takes their place, without the last line break.
    pub text: String,
}

impl Suggestion {
    /// What writes this number and this beginning of a digest into the new text; none where it needs more than its two lines, or where the
    /// difference does not show them: a host takes a suggestion on lines that it shows.
    pub fn new(number: Version, content: &str, before: &str, after: &str) -> Option<Self> {
        let lines: Vec<&str> = after.split('\n').collect();
        let only = |key: &str| {
            let is_key = |line: &&str| line.strip_prefix(key).is_some_and(|it| it.starts_with(':'));
            let at = lines.iter().position(is_key)?;
            let value = lines[at][key.len() + 1..].trim_start_matches(' ');
            // A comment, a carriage return or a second key would be lost.
            let is_plain = !value.is_empty() && value.chars().all(|it| it.is_ascii_alphanumeric());
            let is_alone = !lines[at + 1..].iter().any(is_key);
            (is_plain && is_alone).then_some(at)
        };
        let (version, digest) = (only("version")?, only("digest")?);
        if version.abs_diff(digest) != 1 {
            return None;
        }
        let first = version.min(digest);
        let mut texts = [
            format!("version: {}", number.number()),
            format!("digest: {content}"),
        ];
        if digest < version {
            texts.reverse();
        }
        let difference = TextDiff::from_lines(before, after);
        let shown = difference.grouped_ops(CONTEXT);
        // What did not change stands in both files: no other line has the same number in the old one.
        let same = shown.iter().flatten().find_map(|op| {
            let (old, new) = (op.old_range(), op.new_range());
            let is_whole = new.contains(&first) && new.contains(&(first + 1));
            (is_whole && op.tag() == similar::DiffTag::Equal).then(|| old.start + first - new.start)
        })?;
        Some(Self {
            line: first + 1,
            old_line: same + 1,
            lines: 2,
            text: texts.join("\n"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(before: &str, after: &str) -> Option<Suggestion> {
        Suggestion::new(Version::new(4).unwrap(), "bbbbbbbbbbbb", before, after)
    }

    /// `name`, the two lines at the places of `head`, so many lines, and a content.
    fn file(head: &str, between: usize, content: &str) -> String {
        format!(
            "name: a\n{head}{}content: {content}\n",
            "# -\n".repeat(between)
        )
    }

    const HEAD: &str = "version: 3\ndigest: aaaaaaaaaaaa\n";

    fn suggested(head: &str, between: usize) -> Option<Suggestion> {
        let old = format!("description: old\n{}", file(HEAD, between, "old"));
        raised(&old, &file(head, between, "new"))
    }

    #[test]
    fn two_lines_take_the_place_of_two_that_are_shown() {
        let suggestion = Suggestion {
            line: 2,
            old_line: 3,
            lines: 2,
            text: "version: 4\ndigest: bbbbbbbbbbbb".to_owned(),
        };
        assert_eq!(suggested(HEAD, 0), Some(suggestion.clone()));
        assert_eq!(suggested(HEAD, 60), Some(suggestion));
        let old = file(HEAD, 1, "old");
        for (between, is_shown) in [(0, true), (1, true), (2, false), (60, false)] {
            let (old, new) = (file(HEAD, between, "old"), file(HEAD, between, "new"));
            let found = raised(&old, &new);
            assert_eq!(found.is_some(), is_shown, "{between}");
        }
        let turned = "digest: aaaaaaaaaaaa\nversion: 3\n";
        let new = old.replace(HEAD, turned).replace("old", "new");
        let found = raised(&old.replace(HEAD, turned), &new);
        assert_eq!(found.unwrap().text, "digest: bbbbbbbbbbbb\nversion: 4");
    }

    #[test]
    fn nothing_that_a_person_wrote_is_lost() {
        for head in [
            "version: 3 # of May\ndigest: aaaaaaaaaaaa\n",
            "version: 3\ndigest: aaaaaaaaaaaa # of May\n",
            "version: 3\r\ndigest: aaaaaaaaaaaa\r\n",
            "version: 3\n# of May\ndigest: aaaaaaaaaaaa\n",
            "version: 3\n",
            "digest: aaaaaaaaaaaa\n",
            "",
            "version: 3\ndigest: aaaaaaaaaaaa\nversion: 3\n",
        ] {
            let (old, new) = (file(head, 0, "old"), file(head, 0, "new"));
            assert_eq!(raised(&old, &new), None, "{head:?}");
        }
    }
}

//! Prompt files merged by what they say: two edits of different fields never stand in each other's
//! way, the numbering never conflicts, and what does conflict is marked as git marks it.

mod lines;
mod list;
mod number;
mod text;
mod value;

use std::fmt;

use serde_json::{Map, Value};

use self::number::{Number, Side};
use self::text::{mark, stamp, write};
use self::value::{Conflict, Three, Walk};
use super::digest::Digest;
use super::document::node::Kind;
use super::document::spelling::spelt;
use super::document::yaml::parse_tree;
use super::document::{Document, Object, parse};
use super::edit::{EditError, Step};
use super::version::Version;

/// The three texts of a merge.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// What both sides began with; empty where they had no such file.
    pub base: &'a str,
    /// The current branch's.
    pub ours: &'a str,
    /// The other branch's.
    pub theirs: &'a str,
}

/// How conflicts are marked.
#[derive(Debug, Clone, Copy)]
pub struct Marks<'a> {
    /// How many signs a marker has; git's usual number is 7.
    pub size: usize,
    /// What stands behind the marker of our side.
    pub ours: &'a str,
    /// What stands behind the marker of their side.
    pub theirs: &'a str,
}

/// Whose content a document is: each side has its own partials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeSide {
    /// The current branch's.
    Ours,
    /// The other branch's.
    Theirs,
    /// The merge's.
    Merged,
}

/// A merged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// Its text; with markers where there are conflicts.
    pub text: String,
    /// Its version, where one of the sides was numbered.
    pub version: Option<Version>,
    /// The fields that both sides changed, each in its own way.
    pub conflicts: Vec<String>,
}

/// The files cannot be merged by what they say: one is no prompt, or an edit was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the files cannot be merged by their fields")]
pub struct Unmergeable;

impl From<EditError> for Unmergeable {
    fn from(_: EditError) -> Self {
        Self
    }
}

/// Merges what two sides made of a prompt file.
///
/// If the merged content is that of one side, it keeps that side's version; else it gets the
/// number above both and above `published`, the highest that is known to be taken. `content` gives
/// the digest of a document with its partials.
///
/// # Errors
/// A side is not a valid prompt, or uses YAML that cannot be edited line by line.
pub fn merge(
    sides: Sides<'_>,
    published: Option<Version>,
    marks: Marks<'_>,
    content: &dyn Fn(MergeSide, &Document) -> Digest,
) -> Result<Merged, Unmergeable> {
    let [base, ours, theirs] = [
        File::read(sides.base)?,
        File::read(sides.ours)?,
        File::read(sides.theirs)?,
    ];
    let mut walk = Walk::default();
    let [base_value, our_value, their_value] =
        [&base, &ours, &theirs].map(|file| Value::Object(file.fields.clone()));
    let both = walk.merge(Three {
        base: Some(&base_value),
        ours: Some(&our_value),
        theirs: Some(&their_value),
    });
    let (Some(as_ours), Some(as_theirs)) = (both.ours, both.theirs) else {
        return Err(Unmergeable);
    };
    let number = numbered(
        [&base, &ours, &theirs],
        [&as_ours, &as_theirs],
        published,
        content,
    )?;
    let stamped = |text: &str| stamp(text, &number);
    let by_line = || {
        let [base, ours, theirs] = [
            stamped(sides.base).ok()?,
            stamped(sides.ours).ok()?,
            stamped(sides.theirs).ok()?,
        ];
        let chunks = lines::merge_lines(&base, &ours, &theirs);
        let texts = [true, false].map(|is_ours| lines::resolved(&chunks, is_ours));
        let says = |text: &str, value: &Value| {
            File::read(text).is_ok_and(|file| Some(&file.fields) == value.as_object())
        };
        let is_right = says(&texts[0], &as_ours) && says(&texts[1], &as_theirs);
        is_right.then_some(texts)
    };
    let by_field = || -> Result<[String; 2], Unmergeable> {
        let ours = write(&stamped(sides.ours)?, &our_value, &as_ours)?;
        let theirs = write(&ours, &as_ours, &as_theirs)?;
        Ok([ours, theirs])
    };
    // Lines keep the comments and the styles of both sides, but know less.
    let texts = by_line().map_or_else(by_field, Ok)?;
    let text = if walk.conflicts.is_empty() {
        let [text, _] = texts;
        text
    } else {
        mark(&texts, &walk.conflicts, marks)?
    };
    Ok(Merged {
        text,
        version: number.version,
        conflicts: walk.conflicts.iter().map(ToString::to_string).collect(),
    })
}

/// The number that the merged content has.
fn numbered(
    files: [&File; 3],
    merged: [&Value; 2],
    published: Option<Version>,
    content: &dyn Fn(MergeSide, &Document) -> Digest,
) -> Result<Number, Unmergeable> {
    let [base, ours, theirs] = files;
    let side = |file: &File, whose| Side {
        version: file.version,
        digest: file.digest.clone(),
        content: file.document.as_ref().map(|it| content(whose, it)),
    };
    let (ours, theirs) = (side(ours, MergeSide::Ours), side(theirs, MergeSide::Theirs));
    let base = side(base, MergeSide::Ours);
    if ours.content.is_none() || theirs.content.is_none() {
        return Err(Unmergeable);
    }
    // What is marked may still be content that both agree on, with titles that they do not.
    let [as_ours, as_theirs] = merged.map(|value| parse(&value.to_string()).ok());
    let digests = [&as_ours, &as_theirs]
        .map(|document| document.as_ref().map(|it| content(MergeSide::Merged, it)));
    let [Some(digest), Some(other)] = digests else {
        return Err(Unmergeable);
    };
    Number::of(
        &base,
        &ours,
        &theirs,
        (digest == other).then_some(&digest),
        published,
    )
    .ok_or(Unmergeable)
}

/// A file, its numbering apart from its fields.
struct File {
    /// What it says, under the usual spelling of each key.
    fields: Object,
    version: Option<Version>,
    digest: Option<String>,
    /// None for an empty file, and one that is no valid prompt.
    document: Option<Document>,
}

impl File {
    fn read(text: &str) -> Result<Self, Unmergeable> {
        let tree = parse_tree(text).map_err(|_| Unmergeable)?;
        if tree.has_unknown_tags {
            return Err(Unmergeable);
        }
        let entries = match tree.root.to_value() {
            Value::Object(entries) => entries,
            Value::Null if matches!(tree.root.kind, Kind::Null) => Map::new(),
            _ => return Err(Unmergeable),
        };
        let mut fields = spelt(entries).ok_or(Unmergeable)?;
        let number = fields.shift_remove("version").and_then(|it| it.as_u64());
        let number = number.and_then(|number| u32::try_from(number).ok());
        let document = parse(text).ok();
        let line = fields.shift_remove("digest").is_some();
        Ok(Self {
            fields,
            version: number.and_then(Version::new),
            digest: document
                .as_ref()
                .and_then(|document| document.digest.clone())
                .filter(|_| line),
            document,
        })
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.path.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if at == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// Merges a text that is no prompt, such as a partial, by line; `None` if both sides changed the same.
pub fn merge_text(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let chunks = lines::merge_lines(base, ours, theirs);
    let is_merged = |chunk: &lines::Chunk| matches!(chunk, lines::Chunk::Merged(_));
    let is_clean = chunks.iter().all(is_merged);
    is_clean.then(|| lines::resolved(&chunks, true))
}

/// The two sides of a text in which conflicts are marked; `None` if there are no marks.
pub fn marked_sides(text: &str) -> Option<[String; 2]> {
    let mut sides = [String::new(), String::new()];
    // Which side a line is of: both, ours, what both began with, theirs.
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        let mark = line.get(..7).unwrap_or_default();
        place = match (mark, place) {
            ("<<<<<<<", 0) => 1,
            ("|||||||", 1) => 2,
            ("=======", 1 | 2) => 3,
            (">>>>>>>", 3) => 0,
            (_, place) => {
                if place < 2 {
                    sides[0].push_str(line);
                }
                if place == 0 || place == 3 {
                    sides[1].push_str(line);
                }
                continue;
            }
        };
    }
    (sides[0] != sides[1] && place == 0).then_some(sides)
}

/// Two texts as one, with marks around the lines that differ.
pub fn mark_lines(ours: &str, theirs: &str, marks: Marks<'_>) -> Option<String> {
    mark(&[ours.to_owned(), theirs.to_owned()], &[], marks).ok()
}

#[cfg(test)]
mod tests;

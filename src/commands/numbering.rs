//! Numbers for changed content, for `bump`, `edit`, `validate --fix` and git's hooks; a new prompt gets its first in
//! `making`.

use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code::{self, Code};
use crate::prompt::edit::{EditError, Step, remove, set_version};
use crate::prompt::version::Version;
use crate::releases::Store;

/// What a bump puts right.
pub(super) const NUMBERING: [Code; 4] = [
    code::NOT_BUMPED,
    code::NOT_NUMBERED,
    code::NUMBER_TAKEN,
    code::CONTESTED_NUMBER,
];

/// A prompt's text with the number that its content must have.
pub(super) struct Numbered {
    /// The file's new text.
    pub(super) text: String,
    /// The number.
    pub(super) version: Version,
    /// Whether the content is new, so that it was given a number of its own.
    pub(super) is_new: bool,
    /// The last number there is, where it is taken and was passed over.
    pub(super) passed: Option<Version>,
}

/// Whether a look at git's history is worth its time: most prompts of a large repository are unchanged.
pub(super) fn may_need_number(prompt: &Loaded) -> bool {
    match prompt.document.digest {
        Some(_) => prompt.is_unbumped(),
        None => prompt.is_dirty(),
    }
}

/// Gives a prompt's content its number: the one it has if the content is as committed or the
/// number is its own and new, else one more than any that is taken.
pub(super) fn number(store: &Store, prompt: &Loaded) -> Result<Numbered, Failure> {
    let own = prompt.version();
    let committed = store.committed(&prompt.name).ok().flatten();
    let fits_line = prompt.document.digest.as_deref() == Some(prompt.digest().short());
    let as_committed = committed.as_ref().is_some_and(|committed| {
        committed.digest() == prompt.digest() && committed.version() == own
    });
    // The line fits, and yet somebody else published the number first.
    let is_taken = store.is_taken(prompt);
    let is_sound = !is_taken && (fits_line || (as_committed && prompt.document.digest.is_none()));
    let (version, is_new, passed) = if is_sound {
        (own, false, None)
    } else {
        let numbers = store.numbers(&prompt.name)?;
        let passed = numbers.passes_over();
        let is_behind = numbers.taken.contains(&own)
            || numbers
                .taken
                .iter()
                .rev()
                .find(|taken| Some(**taken) != passed)
                .is_some_and(|highest| own <= *highest);
        match is_behind {
            true => {
                let next = numbers.next(Some(own));
                let next = next.map_err(|failure| failure.at(prompt.path.clone()))?;
                (next, true, passed)
            }
            false => (own, true, passed),
        }
    };
    let text = if is_sound && fits_line {
        prompt.text.clone()
    } else {
        set_version(&prompt.text, version, prompt.digest().short())
            .map_err(|error| edit_failure(&prompt.path, &error))?
    };
    let text = match is_new {
        true => without_origin(text, prompt),
        false => text,
    };
    Ok(Numbered {
        text,
        version,
        is_new,
        passed,
    })
}

/// An edit that cannot be made.
pub(super) fn edit_failure(path: &str, error: &EditError) -> Failure {
    let failure = Failure::new(
        code::INVALID_PROMPT,
        format!("the file could not be changed: {error}"),
    )
    .at(path);
    match error {
        EditError::SeveralMessages { .. } => failure.hint("name one of them by its path"),
        _ => failure.hint("change it by hand, then run promptctl bump"),
    }
}

/// The text of a new content without the versions elsewhere that had the old one: it is none of
/// them, and whoever pins one of those means the old content.
fn without_origin(mut text: String, prompt: &Loaded) -> String {
    let source = prompt.document.source.as_ref();
    if source.is_none_or(|source| source.versions.is_empty()) {
        return text;
    }
    for key in ["version", "versions"] {
        let path = ["source", key].map(|key| Step::Key(key.to_owned()));
        // Of the two, a file has one.
        if let Ok(without) = remove(&text, &path) {
            text = without;
        }
    }
    text
}

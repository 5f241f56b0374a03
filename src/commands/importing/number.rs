//! The number that an imported version gets.

use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::prompt::version::Version;

/// The number after the highest one that was taken; theirs where it is free.
pub(in crate::commands) fn next(
    name: &PromptName,
    highest: Option<Version>,
    theirs: Option<u64>,
) -> Result<Version, Failure> {
    let next = match highest {
        None => Version::FIRST,
        Some(highest) => highest.next().ok_or_else(|| {
            Failure::new(
                code::NO_NUMBER_LEFT,
                format!("{name} has {highest}, and there is no number after it"),
            )
            .hint("--name NAME imports it under another name")
        })?,
    };
    let theirs = theirs
        .and_then(|it| u32::try_from(it).ok())
        .and_then(Version::new);
    Ok(theirs.filter(|theirs| *theirs >= next).unwrap_or(next))
}

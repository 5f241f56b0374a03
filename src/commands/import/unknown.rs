//! A source of which nothing says what it is.

use crate::error::Failure;
use crate::exchange::format::FORMATS;
use crate::prompt::code;

/// A file of which neither name nor form says what it is.
pub(super) fn unknown_format(source: &str) -> Failure {
    let all: Vec<&str> = FORMATS.iter().map(|row| row.name).collect();
    Failure::new(
        code::UNKNOWN_FORMAT,
        format!("{source} is of no format that is known by its name or form"),
    )
    .at(source.to_owned())
    .hint(format!("name it: --from {}", all.join(", ")))
}

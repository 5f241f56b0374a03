//! Files that are named on the command line.

use std::io::Read as _;
use std::path::Path;

use super::session::Session;
use crate::error::Failure;
use crate::prompt::code;

/// A file as messages name it; `-` is standard input.
pub(super) fn shown(file: &str) -> &str {
    match file {
        "-" => "standard input",
        file => file,
    }
}

/// A link may lead to any file of this machine, and a repository of somebody else's may hold it.
pub(super) fn refuse_link(source: &str, path: &Path, hint: &str) -> Result<(), Failure> {
    match std::fs::symlink_metadata(path).is_ok_and(|data| data.is_symlink()) {
        false => Ok(()),
        true => Err(Failure::new(
            code::NOT_A_FILE,
            format!("{source} is a link, and links are not followed"),
        )
        .at(source.to_owned())
        .hint(hint.to_owned())),
    }
}

/// The text of a file named on the command line; `-` is standard input.
pub(super) fn read_file(file: &str, session: &Session) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if file == "-" {
        std::io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(session.directory.join(file)).map(|read| bytes = read)
    };
    let name = shown(file);
    read.map_err(|error| {
        Failure::from_io(code::NOT_A_FILE, format!("{name} could not be read"), error)
    })?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::new(code::NOT_UTF8, format!("{name} is not UTF-8 text")))
}

/// The text of a file as a value: the end of a single line is no part of it.
pub(super) fn read_text(file: &str, session: &Session) -> Result<String, Failure> {
    let mut text = read_file(file, session)?;
    if text.ends_with('\n') && text.lines().count() == 1 {
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
    }
    Ok(text)
}

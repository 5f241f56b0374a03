//! Files and folders that cannot be used, as findings.

use std::io;

use super::ignored::is_ignore_file;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::{SUFFIXES, partial_of_path};

/// A prompt file whose path makes no name.
pub(super) fn bad_name(path: &str, why: &str) -> Finding {
    Finding::error(code::BAD_NAME, why)
        .in_file(path)
        .help("rename the file: git mv keeps its history")
}

pub(super) fn not_regular(path: &str, is_link: bool) -> Finding {
    if is_link {
        Finding::error(code::OUTSIDE_ROOT, format!("{path} is a symbolic link"))
            .in_file(path)
            .help("put the file itself there: a link means something else in every clone")
    } else {
        Finding::error(code::NOT_A_FILE, format!("{path} is not a regular file"))
            .in_file(path)
            .help("rename it, or put a file there: its name ends like that of a prompt")
    }
}

/// What stands in the place of a folder that holds prompts.
pub(super) fn no_folder(root: &str, is_link: bool) -> Finding {
    if is_link {
        Finding::error(
            code::OUTSIDE_ROOT,
            format!("{root} is a link that leads to no folder of the repository"),
        )
        .in_file(root)
        .help("put the folder itself there: nothing below it can be read")
    } else {
        Finding::error(code::NOT_A_FILE, format!("{root} is not a folder"))
            .in_file(root)
            .help("it holds the prompts; `roots:` in promptctl.yaml names another")
    }
}

/// The folder of which a finding says that it cannot be read, so that nobody knows its prompts.
pub fn hidden_folder(finding: &Finding) -> Option<&str> {
    let path = finding.path.as_deref().filter(|_| finding.is_error())?;
    let (folder, last) = path.rsplit_once('/').unwrap_or((".", path));
    match finding.code {
        code::OUTSIDE_ROOT | code::NOT_A_FILE if is_ignore_file(last) => Some(folder),
        code::OUTSIDE_ROOT | code::NOT_A_FILE => {
            let is_file = SUFFIXES.iter().any(|suffix| path.ends_with(suffix));
            (!is_file && partial_of_path(last).is_none()).then_some(path)
        }
        _ => None,
    }
}

pub(super) fn outside(path: &str) -> Finding {
    Finding::error(
        code::OUTSIDE_ROOT,
        format!("{path} leads out of the repository"),
    )
    .in_file(path)
    .help("prompts, partials and attachments must stand inside the repository")
}

pub(super) fn unreadable(path: &str, error: &io::Error) -> Finding {
    Finding::error(
        code::NOT_A_FILE,
        format!("{path} could not be read: {error}"),
    )
    .in_file(path)
}

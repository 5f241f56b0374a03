//! The person's editor, on a copy of a file.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::{code, document};
use crate::releases::Store;
use crate::repository::private_folder;

/// How the folder of a draft begins.
const DRAFT: &str = "promptctl-";

/// The editor that is opened: promptctl's own, or the one that git would open. Without a terminal
/// only one that somebody chose: git's last resort waits for a person.
///
/// # Errors
/// There is none.
pub(super) fn editor(store: &Store, session: &Session) -> Result<String, Failure> {
    if let Some(editor) = &session.environ.editor {
        return Ok(editor.clone());
    }
    let is_chosen = session.environ.has_editor_for_git || store.has_own_editor();
    let editor = match is_chosen || session.ui.can_ask() {
        true => store.editor()?,
        false => None,
    };
    editor.ok_or_else(|| {
        Failure::usage("no editor is set")
            .hint("export EDITOR=vim, or use --set KEY=VALUE or --file FILE")
    })
}

/// Lets the user change a copy of a text that belongs at `path`; what they wrote is never lost.
/// `None` where the editor was closed without a change.
///
/// # Errors
/// The editor failed, or what was written is not a prompt.
pub(super) fn in_editor(
    text: &str,
    path: &str,
    editor: &str,
    session: &mut Session,
) -> Result<Option<String>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::from_io(code::WRITE_FAILED, "the draft could not be written", error)
    };
    let folder = private_folder(DRAFT, None).map_err(failed)?;
    let file = file_name(path);
    let draft = folder.path().join(file);
    write_draft(&draft, text).map_err(failed)?;
    loop {
        open(editor, &draft)?;
        let written = std::fs::read_to_string(&draft).map_err(failed)?;
        if written == text {
            return Ok(None);
        }
        let Err(findings) = document::parse(&written) else {
            return Ok(Some(written));
        };
        for finding in &findings {
            session.ui.finding(&finding.clone().in_file(path));
        }
        if !session
            .ui
            .confirm("The file is not valid. Open the editor again?")
        {
            let kept = folder.keep().join(file);
            return Err(Failure::new(
                code::INVALID_PROMPT,
                "the file is not valid and was not saved",
            )
            .hint(format!("your draft is {}", kept.display())));
        }
    }
}

/// What is said where the editor was closed without a change, as `git commit` does.
pub(super) fn unchanged() -> Failure {
    Failure::usage("the editor was closed without a change: nothing was done").exit(Exit::Failed)
}

/// The failure with the place where what a person wrote in the editor is kept.
pub(super) fn with_draft(failure: Failure, path: &str, text: &str) -> Failure {
    let Ok(folder) = private_folder(DRAFT, None) else {
        return failure;
    };
    let draft = folder.path().join(file_name(path));
    if write_draft(&draft, text).is_err() {
        return failure;
    }
    let kept = folder.keep().join(file_name(path));
    failure.hint(format!("your draft is {}", kept.display()))
}

/// Writes a draft that nobody else may read: it may never be published.
fn write_draft(draft: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(draft)?.write_all(text.as_bytes())
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or("draft.prompt.yml")
}

fn open(editor: &str, file: &Path) -> Result<(), Failure> {
    // An editor is a command line, as it is for git: `code --wait`.
    let status = if cfg!(windows) {
        Command::new("cmd").args(["/C", editor]).arg(file).status()
    } else {
        Command::new("sh")
            .args(["-c", &format!("{editor} \"$@\""), editor])
            .arg(file)
            .status()
    };
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(
            code::WRITE_FAILED,
            format!("the editor `{editor}` failed: {status}"),
        )
        .hint("nothing was changed")),
        Err(error) => Err(Failure::from_io(
            code::WRITE_FAILED,
            format!("the editor `{editor}` could not be started"),
            error,
        )),
    }
}

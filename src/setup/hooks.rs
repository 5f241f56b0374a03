//! git's hooks of this clone.

use std::fs;
use std::path::{Path, PathBuf};

use super::clone::Setup;
use super::drivers::shell_word;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::repository::write_failure;

/// The hooks, by their names in git, and what each does.
const HOOKS: [(&str, &str); 2] = [
    (
        "pre-commit",
        "checks the prompts of a commit, and raises their versions",
    ),
    (
        "pre-merge-commit",
        "stops a merge whose prompts need a new version",
    ),
];

/// What every version of the hook says, by which it is known.
const MARK: &str = "# Written by promptctl init --hooks";

/// A hook that was looked at, and not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedHook {
    /// The file.
    pub path: PathBuf,
    text: String,
}

impl Setup<'_> {
    /// The hooks that are missing: those that do not stand already, and of which no other calls
    /// promptctl.
    ///
    /// # Errors
    /// Another hook stands there, or the hooks' folder belongs to other repositories too.
    pub fn missing_hooks(&self, program: &Path) -> Result<Vec<PlannedHook>, Failure> {
        let output = self
            .git_with_hooks()
            .args(["rev-parse", "--git-path", "hooks"])
            .read()?;
        let folder = self.top().join(output.trim_end_matches(['\n', '\r']));
        if !self.is_own(&folder) {
            let [(name, _), _] = HOOKS;
            return Err(Failure::new(
                code::IN_THE_WAY,
                "git takes its hooks from a folder that other repositories use too",
            )
            .at(folder.display().to_string())
            .hint(format!(
                "core.hooksPath says so; add this line to its {name}: {}",
                call(name)
            ))
            .hint(
                "or give this repository hooks of its own: git config core.hooksPath .githooks",
            ));
        }
        let mut missing = Vec::new();
        for (name, what) in HOOKS {
            let planned = PlannedHook {
                path: folder.join(name),
                text: script(name, what, program),
            };
            if !is_there(&planned, name)? {
                missing.push(planned);
            }
        }
        Ok(missing)
    }

    /// Writes a hook.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_hook(&self, hook: &PlannedHook) -> Result<(), Failure> {
        let path = &hook.path;
        let folder = path.parent().unwrap_or(self.top());
        let written = fs::create_dir_all(folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(folder))
            .and_then(|mut file| {
                std::io::Write::write_all(&mut file, hook.text.as_bytes())?;
                make_executable(file.as_file())?;
                file.persist(path).map(drop).map_err(|error| error.error)
            });
        written.map_err(|error| write_failure(path, error))
    }

    /// Whether a folder, which may not exist yet, belongs to this repository alone.
    fn is_own(&self, folder: &Path) -> bool {
        let existing = folder.ancestors().find_map(|it| fs::canonicalize(it).ok());
        let homes = [self.common_dir(), self.git_dir(), self.top()];
        let mut homes = homes.into_iter().filter_map(|it| fs::canonicalize(it).ok());
        existing.is_some_and(|folder| homes.any(|home| folder.starts_with(home)))
    }
}

/// What a hook of somebody else says that calls promptctl by itself.
fn call(hook: &str) -> String {
    format!("promptctl hook {hook}")
}

/// Whether a hook needs not be written.
fn is_there(planned: &PlannedHook, name: &str) -> Result<bool, Failure> {
    let own = match fs::read(&planned.path) {
        Ok(own) => String::from_utf8_lossy(&own).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(write_failure(&planned.path, error)),
    };
    if own.contains(MARK) {
        return Ok(own == planned.text);
    }
    if own.contains(&call(name)) {
        return Ok(true);
    }
    let failure = Failure::new(code::IN_THE_WAY, format!("a {name} hook exists already"))
        .at(planned.path.display().to_string());
    Err(if own.contains("pre-commit.com") {
        failure.hint(Hint::AddToPreCommit)
    } else {
        failure.hint(format!("add this line to it: {}", call(name)))
    })
}

/// The hook looks for the program where it was when it was made, if it is not on the path. Without
/// it, nothing is in the way of a commit: CI checks what was pushed.
fn script(name: &str, what: &str, program: &Path) -> String {
    let program = shell_word(program);
    format!(
        "#!/bin/sh
{MARK}: {what}.
# --no-verify leaves it out once; without this file it is gone.
git diff --cached --quiet -- '*.prompt.yml' '*.prompt.yaml' '*.hbs' && exit 0
for promptctl in promptctl {program}; do
    command -v \"$promptctl\" >/dev/null 2>&1 && exec \"$promptctl\" hook {name}
done
echo 'promptctl was not found, so the prompts of this commit are not checked: see its README' >&2
"
    )
}

#[cfg(unix)]
fn make_executable(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
fn make_executable(_: &fs::File) -> std::io::Result<()> {
    Ok(())
}

//! How git is set up to compare and to merge prompt files: attributes, which are committed, and
//! this clone's own configuration, which cannot be.

use std::path::Path;

use super::clone::Setup;
use crate::error::Failure;
use crate::files::join_root;
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::prompt::name::SUFFIXES;
use crate::prompt::quote::in_quotes;
use crate::repository::Git;

/// The file that says which driver compares and merges which files.
pub const ATTRIBUTES: &str = ".gitattributes";

/// The name of the drivers in git's configuration.
const DRIVER: &str = "promptctl";

/// What every command of ours says, by which it is known.
const CALL: &str = "p=promptctl;";

impl Setup<'_> {
    /// The lines of `.gitattributes` that are missing for the prompt files of these roots.
    ///
    /// # Errors
    /// Another driver is set for these files.
    pub fn missing_attributes(&self, roots: &[String]) -> Result<Vec<String>, Failure> {
        let text = self.read_text(ATTRIBUTES)?.unwrap_or_default();
        let mut missing = Vec::new();
        for root in roots {
            for suffix in SUFFIXES {
                let line = format!("{} diff={DRIVER} merge={DRIVER}", pattern(root, suffix));
                if text.lines().any(|own| own.trim() == line) {
                    continue;
                }
                if !self.is_attributed(root, suffix)? {
                    missing.push(line);
                }
            }
        }
        Ok(missing)
    }

    /// Whether git takes the drivers for such files already.
    fn is_attributed(&self, root: &str, suffix: &str) -> Result<bool, Failure> {
        let path = join_root(root, &format!("x{suffix}"));
        let output = self
            .git()
            .args(["check-attr", "-z", "diff", "merge", "--", &path])
            .read()?;
        let fields: Vec<&str> = output.split('\0').collect();
        let mut is_set = true;
        for entry in fields.chunks_exact(3) {
            match entry[2] {
                DRIVER => {}
                "unspecified" => is_set = false,
                other => {
                    let (attribute, value) = (entry[1], other);
                    return Err(Failure::new(
                        code::IN_THE_WAY,
                        format!("the prompt files have {attribute}={value} already"),
                    )
                    .at(ATTRIBUTES)
                    .hint(Hint::RemoveAttribute {
                        attribute: attribute.to_owned(),
                        path,
                        file: ATTRIBUTES,
                    }));
                }
            }
        }
        Ok(is_set)
    }

    /// Fails where git's configuration has drivers of this name that are somebody else's.
    ///
    /// # Errors
    /// It has.
    pub fn check_drivers(&self, program: &Path) -> Result<(), Failure> {
        self.missing_settings(program).map(drop)
    }

    /// Sets this clone up to call `program` as the drivers. Returns whether anything was missing.
    ///
    /// # Errors
    /// A driver of this name is somebody else's, or the configuration cannot be written.
    pub fn configure_drivers(&self, program: &Path) -> Result<bool, Failure> {
        let missing = self.missing_settings(program)?;
        for (key, value) in &missing {
            Git::read_when_unlocked(|| {
                self.git()
                    .args(["config", "--local", "--end-of-options", key, value])
            })?;
        }
        Ok(!missing.is_empty())
    }

    /// Whether git does not know all of the drivers yet.
    ///
    /// # Errors
    /// Another program's settings are in the way.
    pub fn lacks_drivers(&self, program: &Path) -> Result<bool, Failure> {
        self.missing_settings(program)
            .map(|missing| !missing.is_empty())
    }

    fn missing_settings(&self, program: &Path) -> Result<Vec<(String, String)>, Failure> {
        let mut missing = Vec::new();
        for (key, value) in settings(program) {
            match self.config_value(&key) {
                Some(own) if own == value => {}
                Some(own) if is_command(&key) && !own.contains(CALL) => {
                    return Err(Failure::new(
                        code::IN_THE_WAY,
                        format!("git's configuration has {key} already, and not from promptctl"),
                    )
                    .at(format!("git config --show-origin {key}"))
                    .hint(format!(
                        "git config --unset {key} removes it; then run the same command again"
                    )));
                }
                _ => missing.push((key, value)),
            }
        }
        Ok(missing)
    }
}

/// The pattern of the prompt files below a root.
fn pattern(root: &str, suffix: &str) -> String {
    if root == "." || root.is_empty() {
        return format!("*{suffix}");
    }
    let mut escaped = String::from("/");
    for char in root.chars() {
        if "*?[\\".contains(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    let pattern = format!("{escaped}/**/*{suffix}");
    if pattern.contains([' ', '"', '\t']) || !pattern.is_ascii() {
        let quoted = pattern.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{quoted}\"")
    } else {
        pattern
    }
}

/// A path as a word of the shell that git starts, on Windows too.
pub(crate) fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) {
        text.trim_start_matches(r"\\?\").replace('\\', "/")
    } else {
        text.into_owned()
    };
    in_quotes(&text)
}

/// Whether a key holds a command, rather than words.
fn is_command(key: &str) -> bool {
    !key.ends_with(".name") && !key.ends_with(".xfuncname")
}

/// The keys of git's configuration. Each line works without the program too: git shows and merges
/// lines then, as it does in a clone that was never set up.
fn settings(program: &Path) -> Vec<(String, String)> {
    let word = shell_word(program);
    let find = format!("{CALL} command -v \"$p\" >/dev/null 2>&1 || p={word}");
    let entries = [
        (
            "diff.promptctl.command",
            format!(
                "f() {{ [ -z \"$GIT_DIFF_TOOL$GIT_DIFFTOOL_EXTCMD\" ] || exec git difftool--helper \"$@\"; [ \"${{GIT_DIFF_PATH_COUNTER:-1}}\" = 1 ] || echo; {find}; \"$p\" driver diff -- \"$@\" || git diff --no-index --no-ext-diff --no-textconv -- \"$2\" \"$5\" || :; }}; f"
            ),
        ),
        (
            "diff.promptctl.textconv",
            format!(
                "f() {{ {find}; \"$p\" driver textconv -- \"$1\" 2>/dev/null || cat \"$1\"; }}; f"
            ),
        ),
        ("diff.promptctl.xfuncname", "^[^ ].*:$".to_owned()),
        (
            "difftool.promptctl.cmd",
            format!("{find}; \"$p\" driver tool -- \"$LOCAL\" \"$REMOTE\" \"$MERGED\""),
        ),
        (
            "merge.promptctl.name",
            "promptctl: merges prompts by their fields".to_owned(),
        ),
        (
            "merge.promptctl.driver",
            format!(
                "f() {{ {find}; \"$p\" driver merge -- \"$@\"; s=$?; [ $s -gt 1 ] || return $s; git merge-file --marker-size=\"$4\" \"$2\" \"$1\" \"$3\"; }}; f %O %A %B %L %P %S %X %Y"
            ),
        ),
    ];
    entries.map(|(key, value)| (key.to_owned(), value)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_the_prompts_of_a_root() {
        assert_eq!(
            pattern("prompts", ".prompt.yml"),
            "/prompts/**/*.prompt.yml"
        );
        assert_eq!(pattern(".", ".prompt.yml"), "*.prompt.yml");
        assert_eq!(
            pattern("a [b]", ".prompt.yml"),
            r#""/a \\[b]/**/*.prompt.yml""#
        );
    }

    #[test]
    fn a_program_is_one_word_of_a_shell() {
        assert_eq!(
            shell_word(Path::new("/opt/it's here/x")),
            r"'/opt/it'\''s here/x'"
        );
    }
}

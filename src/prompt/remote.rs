//! The name of a remote, which stands in references, in keys of git's configuration and in its
//! arguments.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// The name of a remote, such as `origin`: no path, no URL, no option, no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteName(String);

/// Why a text cannot be the name of a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotARemoteName(pub &'static str);

impl fmt::Display for NotARemoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for RemoteName {
    type Err = NotARemoteName;

    fn from_str(text: &str) -> Result<Self, NotARemoteName> {
        let is_fine = |char: char| char.is_alphanumeric() || "-_.+".contains(char);
        let fault = if text.is_empty() {
            "it is empty"
        } else if text.starts_with('-') {
            "it begins with a dash, as an option does"
        } else if text.contains(['/', '\\', ':']) {
            "it is a path or an address, and not a name"
        } else if text
            .chars()
            .any(|char| char.is_whitespace() || char.is_control())
        {
            "it holds a blank or a control character"
        } else if !text.chars().all(is_fine) {
            "a name is made of letters, digits, `-`, `_`, `.` and `+`"
        } else if text.starts_with('.') || text.ends_with('.') || text.contains("..") {
            "a name neither begins nor ends with a dot, and has no two in a row"
        } else if text.to_ascii_lowercase().ends_with(".lock") {
            "it ends with .lock"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(NotARemoteName(fault))
    }
}

impl Deref for RemoteName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RemoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_paths_addresses_and_patterns_are_no_names() {
        for text in [
            "",
            "-x",
            "--upload-pack=touch$IFS./pwned;false",
            "tools/fake",
            "./fake",
            "..",
            ".",
            "a..b",
            ".hidden",
            "a b",
            "a\nb",
            "a\tb",
            "a\u{7f}",
            "ext::sh -c x",
            "git@host:repo.git",
            "C:\\repo",
            "ori*",
            "ori[g]in",
            "a~1",
            "a^",
            "a?",
            "$(x)",
            "a;b",
            "a\"b",
            "a'b",
            "a@{u}",
            "x.lock",
            "x.LOCK",
        ] {
            assert!(text.parse::<RemoteName>().is_err(), "{text:?}");
        }
        for text in [
            "origin", "upstream", "my-fork", "a.b", "x_1", "größe", "a+b",
        ] {
            assert_eq!(&*text.parse::<RemoteName>().unwrap(), text);
        }
    }
}

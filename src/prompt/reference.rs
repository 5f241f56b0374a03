//! References: how a command names a prompt, and which of its contents.

use std::fmt;
use std::str::FromStr;

use super::name::{BadName, PromptName};
use super::version::Version;

/// `name`, `name@v3`, `name@production` or `name@<git revision>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The prompt.
    pub name: PromptName,
    /// Which of its contents.
    pub selector: Selector,
}

/// What follows the `@` of a reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// Nothing: the file in the working copy.
    WorkingCopy,
    /// `@v3`.
    Version(Version),
    /// `@production`, or a git revision: an environment of that name wins.
    Named(String),
}

impl Reference {
    /// The prompt's file in the working copy.
    pub fn working_copy(name: PromptName) -> Self {
        Self {
            name,
            selector: Selector::WorkingCopy,
        }
    }

    /// This version of the prompt.
    pub fn version(name: PromptName, version: Version) -> Self {
        Self {
            name,
            selector: Selector::Version(version),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.selector {
            Selector::WorkingCopy => write!(f, "{}", self.name),
            Selector::Version(version) => write!(f, "{}@{version}", self.name),
            Selector::Named(text) => write!(f, "{}@{text}", self.name),
        }
    }
}

impl FromStr for Reference {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((name, selector)) = text.split_once('@') else {
            return Ok(Self::working_copy(text.parse()?));
        };
        let name = name.parse()?;
        if selector.is_empty() {
            return Err(BadReference::EmptySelector(text.to_owned()));
        }
        let selector = match selector.parse() {
            Ok(version) => Selector::Version(version),
            Err(_) => Selector::Named(selector.to_owned()),
        };
        Ok(Self { name, selector })
    }
}

/// The text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReference {
    /// What stands before the `@` is not a name.
    #[error(transparent)]
    Name(#[from] BadName),
    /// Nothing follows the `@`.
    #[error(
        "nothing follows the `@` of `{0}`: write a version such as `@v3`, an environment or a git revision"
    )]
    EmptySelector(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_prints_as_it_was_read() {
        for text in [
            "support/triage",
            "a@v3",
            "a@production",
            "a@HEAD~2",
            "a@main@{yesterday}",
            "a@v03",
        ] {
            assert_eq!(
                text.parse::<Reference>()
                    .map(|it| it.to_string())
                    .as_deref(),
                Ok(text)
            );
        }
        assert!("a@".parse::<Reference>().is_err());
        assert!("@v3".parse::<Reference>().is_err());
    }
}

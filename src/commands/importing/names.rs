//! The names that imported prompts get.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use super::incoming::{FileResult, Options};
use super::lifted::{LiftedPrompt, lifted};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::releases::Store;

/// The names of one import, each given once.
pub(super) struct Names<'p> {
    options: &'p Options<'p>,
    store: &'p Store,
    /// What was given out, in small letters, with the file it went to and the name that it has there.
    given: BTreeMap<String, (String, String)>,
    /// The prompts that stood in code, by their files and places.
    lifted: Option<BTreeMap<(String, String), LiftedPrompt>>,
}

impl<'p> Names<'p> {
    pub(super) fn new(options: &'p Options<'p>, store: &'p Store) -> Self {
        Self {
            options,
            store,
            given: BTreeMap::new(),
            lifted: None,
        }
    }

    /// The name that a prompt gets.
    pub(super) fn of(&mut self, own: &str, result: &FileResult) -> Result<PromptName, Failure> {
        let name = match (self.options.name, self.known_place(result)) {
            (Some(name), _) => name.clone(),
            (None, Some(known)) => known,
            (None, None) => {
                let clean = clean(own);
                let name = match self.options.into {
                    Some(folder) => format!("{}/{clean}", folder.trim_matches('/')),
                    None => clean,
                };
                PromptName::from_str(&name).map_err(|error| {
                    Failure::new(
                        code::NEEDS_NAME,
                        format!("{own} cannot be named {name}: {error}"),
                    )
                    .at(result.source.clone())
                    .hint("--name NAME names the prompt")
                })?
            }
        };
        let mine = (result.source.clone(), own.to_owned());
        let taken = self
            .given
            .entry(name.as_str().to_lowercase())
            .or_insert_with(|| mine.clone());
        if *taken != mine {
            return Err(Failure::new(
                code::EXISTS,
                format!("{own} would be named {name}, as the one of {} is", taken.0),
            )
            .at(result.source.clone())
            .hint("import it by itself: --name NAME gives it another name"));
        }
        Ok(name)
    }

    /// The prompt that was lifted from there before, whatever its name is now.
    fn known_place(&mut self, result: &FileResult) -> Option<PromptName> {
        let mark = result.stands.as_ref()?.mark.clone();
        let lifted = self.lifted.get_or_insert_with(|| lifted(self.store));
        let known = lifted.get(&(result.source.clone(), mark))?;
        Some(known.name.clone())
    }

    /// How it gets a place of its own.
    pub(super) fn other_place(&self) -> &'static str {
        match self.lifted {
            // The name of a prompt in code is made of where it stands.
            Some(_) => {
                "--into DIR puts it into a folder; promptctl mv moves the prompt that is there"
            }
            None => "--name NAME gives it another name, --into DIR a folder",
        }
    }
}

/// A name of letters, digits, `_` and `-`, whatever the source calls it.
fn clean(own: &str) -> String {
    let segment = |segment: &str| {
        let mut out = String::new();
        for letter in segment.chars() {
            match letter {
                letter if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.') => {
                    out.push(letter);
                }
                _ if out.ends_with('-') => {}
                _ => out.push('-'),
            }
        }
        out.trim_matches(['-', '.']).to_owned()
    };
    let path = Path::new(own).to_string_lossy().replace('\\', "/");
    let all: Vec<String> = path
        .split('/')
        .map(segment)
        .filter(|it| !it.is_empty())
        .collect();
    all.join("/")
}

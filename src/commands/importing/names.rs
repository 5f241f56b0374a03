//! The names that imported prompts get.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use super::incoming::{FileResult, Incoming, Options, Stands};
use crate::error::Failure;
use crate::files::PromptFile;
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::releases::Store;

/// The names of one import, each given once.
pub(super) struct Names<'p> {
    options: &'p Options<'p>,
    /// Who asks for a name, in small letters.
    asked: BTreeMap<String, BTreeSet<Asked>>,
    /// Whether those that ask stand in code.
    is_code: bool,
}

/// A prompt that asks for a name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    source: String,
    /// What it is called there.
    own: String,
    name: String,
}

impl<'p> Names<'p> {
    pub(super) fn new(options: &'p Options<'p>) -> Self {
        Self {
            options,
            asked: BTreeMap::new(),
            is_code: false,
        }
    }

    /// Notes which name a prompt is going to ask for: of two that ask for one, neither gets it.
    pub(super) fn ask(&mut self, own: &str, read: &Incoming) {
        self.is_code |= read.stands.is_some();
        if let Ok(name) = self.wanted(own, &read.source, read.stands.as_ref()) {
            let all = self.asked.entry(name.as_str().to_lowercase()).or_default();
            all.insert(Asked {
                source: read.source.clone(),
                own: own.to_owned(),
                name: name.as_str().to_owned(),
            });
        }
    }

    /// The name that a prompt gets.
    pub(super) fn of(&self, own: &str, result: &FileResult) -> Result<PromptName, Failure> {
        let name = self.wanted(own, &result.source, result.stands.as_ref())?;
        let asked = self.asked.get(&name.as_str().to_lowercase());
        match asked.filter(|all| all.len() > 1) {
            Some(all) => Err(clash(all)),
            None => Ok(name),
        }
    }

    fn wanted(
        &self,
        own: &str,
        source: &str,
        stands: Option<&Stands>,
    ) -> Result<PromptName, Failure> {
        let known = stands.and_then(|stands| stands.known.as_ref());
        match self.options.name.or(known) {
            Some(name) => Ok(name.clone()),
            None => {
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
                    .at(source.to_owned())
                    .hint("--name NAME names the prompt")
                })
            }
        }
    }

    /// How it gets a place of its own.
    pub(super) fn other_place(&self) -> &'static str {
        match self.is_code {
            // The name of a prompt in code is made of where it stands.
            true => "--into DIR puts it into a folder; promptctl mv moves the prompt that is there",
            false => "--name NAME gives it another name, --into DIR a folder",
        }
    }
}

/// The file of a prompt of this name, or of one that differs from it only in case.
pub(in crate::commands) fn same_but_for_case(
    store: &Store,
    name: &PromptName,
) -> Option<PromptFile> {
    let files = store.list().files.into_iter();
    let is_same = |file: &PromptFile| file.name.as_str().eq_ignore_ascii_case(name.as_str());
    files.into_iter().find(is_same)
}

/// Says of all that ask for one name that none gets it, in the same words for each.
fn clash(all: &BTreeSet<Asked>) -> Failure {
    let sources: BTreeSet<&str> = all.iter().map(|it| it.source.as_str()).collect();
    let names: BTreeSet<&str> = all.iter().map(|it| it.name.as_str()).collect();
    let who = match sources.first() {
        Some(source) if sources.len() == 1 => {
            let own: BTreeSet<&str> = all.iter().map(|it| it.own.as_str()).collect();
            format!("{} of {source}", listed(&own))
        }
        _ => listed(&sources),
    };
    let how = match names.len() {
        1 => format!(
            "would {} be named",
            if all.len() == 2 { "both" } else { "all" }
        ),
        _ => "would be named".to_owned(),
    };
    let only_case = match names.len() {
        1 => "",
        _ => ", which differ only in case, and macOS and Windows hold only one of them",
    };
    let message = format!("{who} {how} {}{only_case}", listed(&names));
    Failure::new(code::EXISTS, message).hint(
        "import them one by one: --name NAME gives one another name, --into DIR puts it into a folder",
    )
}

/// `a, b and c`, the first of many.
fn listed(all: &BTreeSet<&str>) -> String {
    const MOST: usize = 5;
    let mut shown: Vec<&str> = all.iter().copied().take(MOST).collect();
    let more = format!("{} more", all.len().saturating_sub(MOST));
    if all.len() > MOST {
        shown.push(&more);
    }
    match shown.as_slice() {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        only => only.concat(),
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

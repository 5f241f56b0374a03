//! Words that other tools have for our commands. None of them acts: it is answered with the line that
//! does what may be meant.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::globals::WITH_VALUE;
use crate::error::Failure;
use crate::help;
use crate::prompt::quote::shell_word;

/// A word, the commands that may be meant by it, and for each what it is about where there are several.
type Synonym = (&'static str, &'static [(&'static str, &'static str)]);

/// All of them. `release` is one letter from `releases`, `test` may cost money, `delete` has two meanings:
/// so a word is an answer and never a second name.
const SYNONYMS: &[Synonym] = &[
    ("undo", &[("rollback", "")]),
    ("revert", &[("rollback", "")]),
    ("deploy", &[("publish", "")]),
    ("release", &[("publish", "")]),
    ("promote", &[("publish", "")]),
    ("delete", REMOVE),
    ("rm", REMOVE),
    ("remove", REMOVE),
    ("lint", &[("validate", "")]),
    ("check", &[("validate", "")]),
    (
        "test",
        &[
            ("validate", "offline"),
            ("run", "a call to the model, which costs"),
            ("eval", "the cases, judged: calls that cost"),
        ],
    ),
    ("ls", &[("list", "")]),
    ("search", &[("list --search", "")]),
    ("find", &[("list --search", "")]),
    ("cat", &[("show", "")]),
    ("view", &[("show", "")]),
    ("info", &[("show", "")]),
    ("blame", &[("history", "")]),
    ("versions", &[("history", "")]),
    (
        "tag",
        &[
            ("publish", "makes the tags of a release"),
            ("releases", "lists them"),
        ],
    ),
    (
        "checkout",
        &[
            ("show", "an older version to look at: NAME@v1"),
            ("rollback", "an older version live again"),
        ],
    ),
    (
        "restore",
        &[
            ("rollback", "what was live before"),
            ("unarchive", "a file that is out of use"),
        ],
    ),
    ("pull", &[("fetch", "")]),
    ("live", &[("status", "")]),
    ("who", &[("status", "")]),
    ("rename", &[("mv", "")]),
    ("move", &[("mv", "")]),
    ("create", &[("new", "")]),
    ("add", &[("new", "")]),
    ("update", &[("edit", "")]),
    ("set", &[("edit", "")]),
    ("preview", &[("render", "")]),
    ("call", &[("run", "")]),
    ("exec", &[("run", "")]),
];

const REMOVE: &[(&str, &str)] = &[
    ("archive", "the file goes out of use"),
    ("unpublish", "it is live no more"),
];

/// What else may be meant, and by which line.
fn beside(word: &str) -> Option<String> {
    let other = match word {
        "pull" => "git pull brings the files of the prompts",
        "undo" => "what a rollback took away comes back with promptctl publish NAME@v3",
        "who" | "live" => "promptctl releases NAME shows who released what, and why",
        _ => "",
    };
    if !other.is_empty() {
        return Some(other.to_owned());
    }
    let topic = help::topic(word)?;
    Some(format!(
        "there is a help topic: promptctl help {}",
        topic.name
    ))
}

/// The answer to a command line whose command is one of these words; none where the error is another.
pub(super) fn answer(error: &clap::Error, arguments: &[OsString]) -> Option<Failure> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let ContextValue::String(word) = error.get(ContextKind::InvalidSubcommand)? else {
        return None;
    };
    let (word, meanings) = SYNONYMS.iter().find(|(synonym, _)| synonym == word)?;
    let line = |command: &str| line(arguments, word, command);
    let failure = match meanings {
        [(command, _)] => {
            Failure::usage(format!("`{word}` is `{command}` here: {}", line(command)))
        }
        several => {
            let words: Vec<String> = several
                .iter()
                .map(|(command, about)| format!("`{command}` ({about})"))
                .collect();
            let failure = Failure::usage(format!("`{word}` is {} here", words.join(" or ")));
            several
                .iter()
                .fold(failure, |failure, (command, _)| failure.hint(line(command)))
        }
    };
    Some(match beside(word) {
        Some(other) => failure.hint(other),
        None => failure,
    })
}

/// What the person typed, quoted for a shell, with the command in the place of the word.
fn line(arguments: &[OsString], word: &str, command: &str) -> String {
    let mut is_value = false;
    let at = arguments.iter().enumerate().skip(1).find(|(_, given)| {
        let was_value = std::mem::replace(
            &mut is_value,
            WITH_VALUE.iter().any(|option| given == option),
        );
        !was_value && *given == word
    });
    let at = at.map(|(at, _)| at);
    let words = arguments.iter().enumerate().skip(1);
    let words = words.map(|(here, given)| match Some(here) == at {
        true => command.to_owned(),
        false => shell_word(&given.to_string_lossy()),
    });
    let words: Vec<String> = words.collect();
    format!("promptctl {}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_synonym_is_a_command_and_each_names_commands() {
        let line = super::super::command_line();
        for (word, meanings) in SYNONYMS {
            assert!(line.find_subcommand(word).is_none(), "{word}");
            for (command, about) in *meanings {
                let command = command.split(' ').next().unwrap();
                assert!(line.find_subcommand(command).is_some(), "{command}");
                assert_eq!(about.is_empty(), meanings.len() == 1, "{word}");
            }
        }
    }
}

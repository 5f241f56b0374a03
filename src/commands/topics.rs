//! `promptctl help TOPIC`: what is longer than the help of one command.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::globals::Globals;
use crate::error::Failure;
use crate::help::{self, TOPICS, Topic};
use crate::output::markdown::without_marks;
use crate::output::page::page;
use crate::output::ui::Ui;
use crate::prompt::name::nearest;
use crate::prompt::quote::shell_word;

/// The topic or file that these words ask for.
///
/// # Errors
/// The topic has no code in the language that was asked for.
pub(super) fn asked(words: &[&OsStr]) -> Option<Result<&'static Topic, Failure>> {
    let words: Option<Vec<&str>> = words.iter().map(|it| it.to_str()).collect();
    let words = words?;
    let ["help", topic @ ..] = words.as_slice() else {
        return None;
    };
    Some(help::asked(topic)?.map_err(Failure::usage))
}

/// Shows a topic: set for the width of a terminal, and in a pipe as it is written. A file is always
/// shown as it is.
pub(super) fn show(topic: &Topic, ui: &mut Ui) {
    if help::topic(topic.name).is_none() {
        return ui.data(topic.text);
    }
    match ui.width() {
        Some(width) => {
            let page = page(topic.text, width, ui.colors_out());
            ui.styled(page);
        }
        None => ui.data(without_marks(topic.text)),
    }
}

/// The line for a name that stands where the command takes none.
fn of_a_name(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let command = Globals::read(arguments)?.words.first()?.to_str()?;
    let kind = match command {
        "log" => ContextKind::InvalidSubcommand,
        "verify" => ContextKind::InvalidArg,
        _ => return None,
    };
    let Some(ContextValue::String(word)) = error.get(kind) else {
        return None;
    };
    if word.starts_with('-') {
        return None;
    }
    Some(match command {
        "log" => format!(
            "promptctl log --prompt {} shows the executions of a prompt",
            shell_word(word)
        ),
        _ => "verify proves all that is live; --env ENV keeps to one environment".to_owned(),
    })
}

/// Says what may be meant: the topic by a word that is no command, `--format json` by `--json`.
pub(super) fn suggest(error: &mut clap::Error, arguments: &[OsString], commands: &[&str]) {
    let is = |place: usize, word: &str| arguments.get(place).is_some_and(|it| it == word);
    let unknown = error.get(ContextKind::InvalidArg);
    let is_json = matches!(unknown, Some(ContextValue::String(word)) if word == "--json");
    let tip = if error.kind() == ErrorKind::UnknownArgument && is_json {
        Some("--format json prints one JSON object")
    } else if error.kind() == ErrorKind::MissingRequiredArgument && is(1, "get") {
        Some(
            "promptctl get NAME prints one prompt, promptctl get --all --format json all that are live",
        )
    } else {
        None
    };
    let tip = tip
        .map(str::to_owned)
        .or_else(|| of_a_name(error, arguments));
    if let Some(tip) = tip {
        error.remove(ContextKind::SuggestedArg);
        let tips = vec![clap::builder::StyledStr::from(tip)];
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
        return;
    }
    if error.kind() != ErrorKind::InvalidSubcommand {
        return;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let is_of_help = is(1, "help");
    let tip = if let Some(topic) = near_topic(word) {
        if topic == word {
            error.remove(ContextKind::SuggestedSubcommand);
        }
        format!("there is a help topic: promptctl help {topic}")
    } else if !is_of_help {
        return;
    } else if let Some(command) = nearest(word, commands.iter().copied()) {
        format!("there is a command: promptctl help {command}")
    } else {
        "promptctl help lists the commands and the topics".to_owned()
    };
    let tips = vec![clap::builder::StyledStr::from(tip)];
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
}

/// The topic that is meant: by a slip, or by its beginning (`policies`, `moving`).
fn near_topic(word: &str) -> Option<&'static str> {
    let names = || TOPICS.iter().map(|topic| topic.name);
    let begins_alike = |name: &&str| {
        let alike = |(one, other): &(char, char)| one == other;
        let same = name.chars().zip(word.chars()).take_while(alike).count();
        same >= 4 && same + 3 >= word.len()
    };
    nearest(word, names()).or_else(|| names().find(begins_alike))
}

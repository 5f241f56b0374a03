//! `promptctl help TOPIC`: what is longer than the help of one command.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::help::{self, TOPICS, Topic};
use crate::output::markdown::without_marks;
use crate::output::page::page;
use crate::output::ui::Ui;
use crate::prompt::name::nearest;

/// The topic or file that these arguments ask for.
pub(super) fn asked(arguments: &[OsString]) -> Option<&'static Topic> {
    let [_, help, name] = arguments else {
        return None;
    };
    if help != "help" {
        return None;
    }
    let name = name.to_str()?;
    help::topic(name).or_else(|| help::file(name))
}

/// The list of topics, as it stands in the help.
pub(super) fn listed() -> String {
    let mut text = "Topics (promptctl help TOPIC):\n".to_owned();
    for topic in TOPICS {
        text.push_str(&format!("  {:<15} {}\n", topic.name, topic.about));
    }
    text
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

/// Names the topic that may be meant by a word that is no command.
pub(super) fn suggest(error: &mut clap::Error) {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let Some(topic) = nearest(word, TOPICS.iter().map(|topic| topic.name)) else {
        return;
    };
    if topic == word {
        error.remove(ContextKind::SuggestedSubcommand);
    }
    let tip = format!("there is a help topic: promptctl help {topic}");
    let tips = vec![clap::builder::StyledStr::from(tip)];
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
}

//! Prompts in code as they are shown: to people, and as findings.

use std::collections::{BTreeMap, BTreeSet};

use super::super::common::count;
use super::super::session::Session;
use super::scanned::Scanned;
use crate::exchange::format::code as from_code;
use crate::output::ui::{BOLD, paint};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::name::PromptName;
use crate::prompt::visible;
use crate::scan::found::{Cell, Content, FoundMessage, FoundPrompt, Piece, Stands, Syntax, Unread};

/// How much of a message is shown.
const LONGEST_SHOWN: usize = 96;

/// Prompts in code with their files.
pub(super) type Prompts = [(String, FoundPrompt)];

/// The prompts that were lifted already, by their files and places.
pub(super) type Lifted = BTreeMap<(String, String), Known>;

/// Calls of which a text could not be read, with their files.
pub(super) type UnreadCalls = [(String, Unread)];

/// A prompt that was lifted.
pub(super) struct Known {
    pub(super) name: PromptName,
    /// Whether the code has said something else since.
    pub(super) has_changed: bool,
}

/// The prompt that one in code was lifted as.
pub(super) fn known<'l>(path: &str, prompt: &FoundPrompt, lifted: &'l Lifted) -> Option<&'l Known> {
    lifted.get(&(path.to_owned(), prompt.mark()))
}

/// Whether a prompt in code has changed since it was lifted, and no comment allows that.
pub(super) fn has_changed((path, prompt): &(String, FoundPrompt), lifted: &Lifted) -> bool {
    !prompt.is_allowed && known(path, prompt, lifted).is_some_and(|known| known.has_changed)
}

/// A place as people read it: with the cell of a notebook.
fn place_of(path: &str, at: Span, cell: Option<Cell>) -> String {
    match cell {
        Some(cell) => format!(
            "{} (cell {}, line {})",
            place(path, at),
            cell.number,
            cell.line
        ),
        None => place(path, at),
    }
}

/// What a call sends and nobody could read, as notes.
pub(super) fn notes(unread: &UnreadCalls) -> Vec<Finding> {
    let told = unread.iter().filter(|(_, call)| !call.is_allowed);
    told.map(|(path, call)| {
        let what = call.what.join("`, `");
        let message = match call.why() {
            Some(why) => format!("this file {why}: calls in it may be left out"),
            None => {
                let why: String = call.lost.iter().map(|why| format!("; {why}")).collect();
                format!(
                    "`{}` sends what cannot be read here: `{what}`{why}",
                    call.call
                )
            }
        };
        Finding::note(code::UNREAD_CALL, visible::line(&message))
            .in_file(path)
            .at(call.at)
            .help("look at it by hand: a prompt may stand behind it")
    })
    .collect()
}

/// The new ones as findings, and those that changed since they were lifted.
pub(super) fn findings(prompts: &Prompts, lifted: &Lifted, paths: &str) -> Vec<Finding> {
    let told = prompts
        .iter()
        .filter(|prompt| prompt.1.is_new() || has_changed(prompt, lifted));
    told.map(|(path, prompt)| {
        let name = prompt.name.as_deref().unwrap_or_default();
        let place = match (&prompt.place, prompt.cell) {
            (Some(place), _) => format!(" in {place}"),
            (None, Some(cell)) => format!(" in cell {}", cell.number),
            (None, None) => String::new(),
        };
        let message = format!(
            "a prompt stands in source code{place}: {}",
            preview(prompt).unwrap_or_default()
        );
        let finding = Finding::warning(code::PROMPT_IN_CODE, visible::line(&message))
            .in_file(path)
            .at(prompt.at);
        match known(path, prompt, lifted) {
            Some(Known {
                name: known,
                has_changed: true,
            }) => {
                let message = format!("the text{place} has changed since it was lifted as {known}");
                Finding::warning(code::CHANGED_IN_CODE, visible::line(&message))
                    .in_file(path)
                    .at(prompt.at)
                    .help(format!(
                        "promptctl scan{paths} --lift --only {name} merges the change into the file"
                    ))
            }
            Some(Known { name: known, .. }) => finding.help(format!(
                "it was lifted as {known}: let the code read it from there"
            )),
            None if prompt.is_shallow() => finding.help(
                "promptctl new NAME makes a prompt file: in this language --lift writes none",
            ),
            None => finding.help(format!(
                "promptctl scan{paths} --lift --only {name} writes it as a prompt file"
            )),
        }
    })
    .collect()
}

/// The beginning of what the first message says.
fn preview(prompt: &FoundPrompt) -> Option<String> {
    let texts = prompt
        .messages
        .iter()
        .filter_map(|message| match &message.content {
            Content::Text(pieces) => Some(shown(pieces, prompt.syntax)),
            Content::Placeholder(_) => None,
        });
    texts
        .max_by_key(|text| text.len().min(40))
        .map(|text| cut(&text, 60))
}

fn shown(pieces: &[Piece], syntax: Syntax) -> String {
    let plain = || {
        let pieces = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(name) => format!("{{{{{name}}}}}"),
        });
        pieces.collect()
    };
    let all = match syntax {
        Syntax::Plain => plain(),
        _ => from_code::template(pieces, syntax).unwrap_or_else(|_| plain()),
    };
    all.split_whitespace().collect::<Vec<&str>>().join(" ")
}

fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
    }
}

pub(super) fn text(prompts: &Prompts, lifted: &Lifted, only_new: bool, session: &mut Session) {
    let colors = session.ui.colors_out();
    let marks_new = prompts.iter().any(|(_, prompt)| !prompt.is_new());
    let is_told = |prompt: &&(String, FoundPrompt)| {
        !only_new || prompt.1.is_new() || has_changed(prompt, lifted)
    };
    for (path, prompt) in prompts.iter().filter(is_told) {
        let name = prompt.name.as_deref().unwrap_or_default();
        let place = place_of(path, prompt.at, prompt.cell);
        let title = paint(colors, BOLD, name);
        let about = about(path, prompt, lifted, marks_new);
        let about = visible::line(&about);
        let line = format!("{title}  {}  {about}", visible::line(&place));
        session.ui.title(&line);
        let width = prompt
            .messages
            .iter()
            .map(|message| role(message).len())
            .max();
        for message in &prompt.messages {
            let said = match &message.content {
                Content::Text(pieces) => cut(&shown(pieces, prompt.syntax), LONGEST_SHOWN),
                Content::Placeholder(name) => {
                    format!("the messages of {}", expression(message, name))
                }
            };
            let line = format!("  {:<2$}  {}", role(message), said, width.unwrap_or(0));
            session.ui.sentence(None, line);
        }
        for lost in &prompt.lost {
            session.ui.sentence(None, format!("  note: {lost}"));
        }
        for doubt in &prompt.doubts {
            let line = format!("  not lifted: line {}: {}", doubt.line, doubt.why);
            session.ui.sentence(None, line);
        }
        session.ui.line("");
    }
}

/// What the code says in the place of messages.
fn expression<'m>(message: &'m FoundMessage, name: &'m str) -> &'m str {
    let said = message.variables.first().map(|it| it.expression.as_str());
    said.unwrap_or(name)
}

/// The calls of which a text could not be read.
pub(super) fn unread(unread: &UnreadCalls, session: &mut Session) {
    let told: Vec<_> = unread.iter().filter(|(_, call)| !call.is_allowed).collect();
    for (path, call) in &told {
        let what = call.what.join(", ");
        let said = match call.why() {
            Some(why) => format!("this file {why}: calls in it may be left out"),
            None => format!("{} sends {}", call.call, cut(&what, LONGEST_SHOWN)),
        };
        let line = format!("{}  not read: {said}", place_of(path, call.at, call.cell));
        session.ui.sentence(None, line);
        for lost in &call.lost {
            session.ui.sentence(None, format!("  note: {lost}"));
        }
    }
    if !told.is_empty() {
        session.ui.line("");
    }
}

/// How many of them there are.
pub(super) fn unread_summary(unread: &UnreadCalls, session: &mut Session) {
    let told = || unread.iter().filter(|(_, call)| !call.is_allowed);
    let open = told().filter(|(_, call)| call.why().is_none()).count();
    let left = told().count() - open;
    if left > 0 {
        session.ui.status(format!(
            "{} not read in full; --fail lets them pass (promptctl explain P525)",
            count(left, "file")
        ));
    }
    if open > 0 {
        session.ui.status(format!(
            "{} to models with a text that could not be read; --fail lets them pass (promptctl explain P525)",
            count(open, "call")
        ));
    }
}

fn place(path: &str, at: Span) -> String {
    format!("{path}:{}:{}", at.line, at.column)
}

fn role(message: &FoundMessage) -> &str {
    match message.content {
        Content::Placeholder(_) => "…",
        Content::Text(_) => message.role,
    }
}

fn about(path: &str, prompt: &FoundPrompt, lifted: &Lifted, marks_new: bool) -> String {
    let mut words = vec![match (prompt.kind.as_str(), prompt.sdk) {
        ("sent", Some(sdk)) => format!("sent by {sdk}"),
        (kind, _) => kind.to_owned(),
    }];
    if let Some(model) = from_code::model(prompt) {
        words.push(format!("to {model}"));
    }
    let mut notes = Vec::new();
    match prompt.stands {
        Stands::InCall => {}
        Stands::Answer => notes.push("answered by a function".to_owned()),
        Stands::Given => notes.push("given to a function that sends it".to_owned()),
        Stands::Choice => notes.push("one that the code chooses between".to_owned()),
        Stands::Elsewhere => notes.push("from another file".to_owned()),
    }
    if prompt.is_shallow() {
        notes.push("shallow".to_owned());
    }
    if let Some(known) = known(path, prompt, lifted) {
        let since = if known.has_changed {
            ", and changed in the code since"
        } else {
            ""
        };
        notes.push(format!("lifted here as {}{since}", known.name));
    }
    if prompt.is_allowed {
        notes.push("allowed".to_owned());
    } else if prompt.is_known {
        notes.push("in the baseline".to_owned());
    } else if marks_new {
        notes.push("new".to_owned());
    }
    let mut about = words.join(" ");
    for note in notes {
        about.push_str("; ");
        about.push_str(&note);
    }
    about
}

pub(super) fn summary(
    (prompts, unread): (&Prompts, &UnreadCalls),
    scanned: &Scanned,
    all: bool,
    paths: &str,
    session: &mut Session,
) {
    let files = count(scanned.files, "file");
    unread_summary(unread, session);
    if prompts.is_empty() {
        session
            .ui
            .status(format!("no prompt in the code of {files}"));
        if !all {
            session.ui.hint(
                "--all takes what is less surely a prompt by its name, --tests looks into tests",
            );
        }
        return;
    }
    let holding: BTreeSet<&str> = prompts.iter().map(|(path, _)| path.as_str()).collect();
    let new = prompts.iter().filter(|(_, prompt)| prompt.is_new()).count();
    let new = match new {
        new if new == prompts.len() => String::new(),
        0 => "; none is new".to_owned(),
        1 => "; 1 is new".to_owned(),
        new => format!("; {new} are new"),
    };
    session.ui.status(format!(
        "{} in the code of {} ({files} read, {} parsed){new}",
        count(prompts.len(), "prompt"),
        count(holding.len(), "file"),
        scanned.parsed,
    ));
    session.ui.hint(format!(
        "promptctl scan{paths} --lift writes them as prompt files, and prints the code that takes their place"
    ));
}

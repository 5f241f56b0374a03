//! Prompts in code as prompt files, and the code that takes their place.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::super::common::count;
use super::super::gate::Gate;
use super::super::importing::incoming::{Action, Incoming, Options, Stands as StandsAt};
use super::super::importing::plan::plan;
use super::super::importing::{short_digest, show};
use super::super::session::Session;
use super::args::Args;
use super::keys::Keys;
use super::prompts::{self, Lifted};
use super::replace;
use super::scanned::All;
use crate::error::{Exit, Failure};
use crate::exchange::format::Refused;
use crate::exchange::format::code as from_code;
use crate::output::ui::{BOLD, paint};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::visible;
use crate::scan::found::{Content, FoundPrompt};

pub(super) fn lift(
    all: All,
    lifted: &Lifted,
    args: &Args,
    keys: &Keys,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let All {
        mut prompts,
        mut unread,
        scanned,
        ..
    } = all;
    if !args.only.is_empty() {
        let is_named = |prompt: &FoundPrompt, name: &str| prompt.name.as_deref() == Some(name);
        for name in &args.only {
            if !prompts.iter().any(|(_, it)| is_named(it, name.as_str())) {
                return Err(
                    Failure::usage(format!("scan proposes no prompt named {name}"))
                        .hint("without --lift it lists the names"),
                );
            }
        }
        prompts.retain(|(_, it)| args.only.iter().any(|name| is_named(it, name.as_str())));
    }
    prompts.retain(|(_, prompt)| !prompt.is_allowed);
    // Who names prompts wants to know of these alone.
    unread.retain(|(_, call)| args.only.is_empty() && !call.is_allowed);
    if prompts.is_empty() {
        prompts::unread(&unread, session);
        prompts::unread_summary(&unread, session);
        session.ui.status(format!(
            "no prompt in the code of {}: nothing to do",
            count(scanned.files, "file")
        ));
        return Ok(Exit::Done);
    }
    let (store, config) = session.store()?;
    store.require_working_copy()?;
    let options = Options {
        name: None,
        into: args.into.as_deref(),
        force: args.force,
        no_commit: args.no_commit,
        dry_run: args.dry_run,
        message: args.message.as_deref(),
    };
    if !options.dry_run && !options.no_commit {
        store.require_identity()?;
    }
    if options.dry_run {
        store.write_nothing();
    }
    let top = store.top().to_owned();
    let directory = session.directory.clone();
    let commit = store.head_commit().map(|commit| commit.to_string());
    let incoming = |(path, prompt): &(String, FoundPrompt)| {
        let is_here = directory.join(path).starts_with(&top);
        Incoming {
            source: keys.of(path),
            format: from_code::FORMAT,
            is_guessed: false,
            stem: prompt.name.clone().unwrap_or_default(),
            digest: digest(prompt),
            stands: Some(StandsAt {
                mark: prompt.whole_mark(),
                known: prompts::known(path, prompt, lifted).map(|known| known.name.clone()),
                line: prompt.at.line,
                commit: commit.clone().filter(|_| is_here),
            }),
            prompt: sure(prompt)
                .and_then(from_code::read)
                .map_err(|why| Refused {
                    name: prompt.name.clone().unwrap_or_default(),
                    version: None,
                    why: Box::new(why),
                }),
        }
    };
    let all = prompts.iter().map(incoming).collect();
    let gate = Gate::new(&config, session);
    let plan = plan(all, &options, &store, &gate);
    let commits = plan.commits(&options);
    let (results, failure) = plan.write(&options, &store);
    let mut exit = show::results(&results, commits, &options, session);
    if let Some(failure) = failure {
        return Err(failure);
    }
    if show::is_any_invalid(&results, &store, &gate, show::Origin::Code, session) {
        exit = match exit {
            Exit::Done => Exit::Verdict,
            other => other,
        };
    }
    let mut is_first = true;
    for ((path, prompt), result) in prompts.iter().zip(&results) {
        if result.action != Action::Refused {
            replacement(path, prompt, &result.name, is_first, session);
            is_first = false;
        }
    }
    if !is_first && !unread.is_empty() {
        session.ui.line("");
    }
    prompts::unread(&unread, session);
    prompts::unread_summary(&unread, session);
    if !is_first {
        let written = prompts.iter().zip(&results);
        let written = written.filter(|(_, result)| result.action != Action::Refused);
        let values: BTreeSet<&str> = written
            .flat_map(|((_, prompt), _)| replace::as_they_are(prompt))
            .collect();
        if !values.is_empty() {
            session.ui.hint(format!(
                "values go into the text as JSON writes them. The printed code gives these as they are: {}. Give what is no text, such as a date or a list, as f\"{{x}}\" or `${{x}}`",
                few(&values)
            ));
        }
        session.ui.hint(
            "publish them, then write the file that the code reads: promptctl help services; or ask a gateway: promptctl help serve",
        );
    }
    Ok(exit)
}

/// The first of some expressions of code, and how many more there are.
fn few(all: &BTreeSet<&str>) -> String {
    const MOST: usize = 6;
    let shown: Vec<String> = all.iter().take(MOST).map(|it| format!("`{it}`")).collect();
    match all.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A prompt of which it is sure what the program sends.
fn sure(prompt: &FoundPrompt) -> Result<&FoundPrompt, Finding> {
    let Some(first) = prompt.doubts.first() else {
        return Ok(prompt);
    };
    let more = match prompt.doubts.len() - 1 {
        0 => String::new(),
        more => format!(", and {}", count(more, "more reason")),
    };
    let why = visible::line(&first.why).into_owned();
    let message = format!("it is not sure what the program sends: {why}{more}");
    Err(Finding::error(code::DOUBTFUL_TEXT, message)
        .help("set the text in one place, or write the prompt by hand; scan lists all reasons")
        .at(Span::point(first.line, 1)))
}

/// The digest of what the code says: the texts, the model and its settings.
pub(super) fn digest(prompt: &FoundPrompt) -> String {
    let mut bytes = texts(prompt);
    if let Some(model) = &prompt.model {
        bytes.update([1]);
        bytes.update(model);
    }
    for (name, value) in &prompt.parameters {
        bytes.update([2]);
        bytes.update(format!("{name}={value}"));
    }
    short_digest(bytes)
}

/// The digest of the texts alone.
pub(super) fn text_digest(prompt: &FoundPrompt) -> String {
    short_digest(texts(prompt))
}

fn texts(prompt: &FoundPrompt) -> Sha256 {
    let mut bytes = Sha256::new();
    for message in &prompt.messages {
        bytes.update(message.role);
        match &message.content {
            Content::Placeholder(name) => bytes.update(name),
            Content::Text(pieces) => {
                let text = from_code::template(pieces, prompt.syntax).unwrap_or_default();
                bytes.update(text);
            }
        }
        bytes.update([0]);
    }
    bytes
}

/// Prints the code that takes the place of a prompt.
fn replacement(
    path: &str,
    prompt: &FoundPrompt,
    name: &str,
    is_first: bool,
    session: &mut Session,
) {
    let colors = session.ui.colors_out();
    if !is_first {
        session.ui.line("");
    }
    let title = paint(colors, BOLD, name);
    let place = match prompt.cell {
        Some(cell) => format!(
            "{path}:{} (cell {}, line {})",
            prompt.call_line,
            cell.number,
            (cell.line + prompt.call_line).saturating_sub(prompt.at.line)
        ),
        None => format!("{path}:{}", prompt.call_line),
    };
    let place = visible::line(&place);
    session.ui.styled(format!("{title}  in place of {place}\n"));
    for line in replace::lines(prompt, name) {
        session.ui.line(visible::line(&format!("  {line}")));
    }
}

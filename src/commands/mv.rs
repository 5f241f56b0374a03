//! `promptctl mv`.

use std::collections::BTreeSet;

use serde_json::json;

use super::common::{FormatArg, live_versions, warn_of_unknown_releases};
use super::plan::PlanArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::{FileChange, Listing, Loaded};
use crate::output::json;
use crate::prompt::code;
use crate::prompt::document::{Attachment, Part};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::version::Version;
use crate::releases::{Store, uncommitted};

/// Give a prompt another name
///
/// The file and those of its variants move in one commit; version and content stay. To git and to
/// callers the new name is a new prompt: what is live stays live under the old name until it is
/// unpublished, and mv ends with the lines that do that.
///
/// A partial is not moved: its name is content of every prompt that includes it. Rename it with
/// git mv, change the includes, and let promptctl bump give those prompts their next version.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl mv support/triage support/routing
  promptctl mv --dry-run support/triage support/routing")]
pub(super) struct Args {
    /// The prompt
    #[arg(value_name = "OLD", value_parser = super::typed::name, add = super::candidates::names())]
    old: PromptName,
    /// What it shall be called
    #[arg(value_name = "NEW", value_parser = super::typed::name)]
    new: PromptName,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Where a file stands, where it goes, and what it holds.
struct FileMove {
    from: String,
    to: String,
    text: String,
}

/// A prompt, or a variant of it, that moves.
struct Move {
    from: PromptName,
    to: PromptName,
    version: Version,
    digest: String,
    file: FileMove,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let is_json = args.format.is_json();
    let (store, _) = args.plan.store(session)?;
    store.require_working_copy()?;
    let moves = moves(args, &store)?;
    if moves.is_empty() {
        if is_json {
            print_json(&[], &[], session);
        } else {
            session.ui.status(format!(
                "{} was moved to {} already: nothing to do",
                args.old, args.new
            ));
        }
        return Ok(Exit::Done);
    }
    warn_of_unknown_releases(&store, session);
    let usual = format!("Move {} to {}", args.old, args.new);
    let message = args.message.as_deref().unwrap_or(&usual);
    let changes: Vec<FileChange> = moves
        .iter()
        .map(|one| FileChange::Rename {
            from: one.file.from.clone(),
            to: one.file.to.clone(),
            text: one.file.text.clone(),
        })
        .collect();
    args.plan.write(&store, &changes, Some(message))?;
    let live: Vec<(&Move, Environment, Version)> = moves
        .iter()
        .flat_map(|one| {
            // Tags that are not sound are reported by doctor.
            let live = live_versions(&store, &one.from).unwrap_or_default();
            live.into_iter()
                .map(move |(environment, version)| (one, environment, version))
        })
        .collect();
    if is_json {
        print_json(&moves, &live, session);
    } else {
        print(args, &moves, &live, session);
    }
    Ok(Exit::Done)
}

fn print(
    args: &Args,
    moves: &[Move],
    live: &[(&Move, Environment, Version)],
    session: &mut Session,
) {
    for one in moves {
        let Move {
            from,
            to,
            version,
            file,
            ..
        } = one;
        args.plan.say(
            format!("{from} is {to} now: {version}, {}", file.to),
            format!("{} → {}", file.from, file.to),
            session,
        );
    }
    for (one, environment, version) in live {
        let Move { from, to, .. } = one;
        session.ui.warning(format!(
            "{version} stays live in {environment} under {from}, where callers ask for it"
        ));
        session.ui.hint(format!(
            "promptctl publish {to} --env {environment} makes it live under its new name"
        ));
        session.ui.hint(format!(
            "promptctl unpublish {from} --env {environment} ends the old one, once nobody asks for it"
        ));
    }
}

fn print_json(moves: &[Move], live: &[(&Move, Environment, Version)], session: &mut Session) {
    let moved: Vec<_> = moves
        .iter()
        .map(|one| {
            json!({
                "from": one.from, "to": one.to, "version": one.version, "digest": one.digest,
                "from_path": one.file.from, "to_path": one.file.to,
            })
        })
        .collect();
    let live: Vec<_> = live
        .iter()
        .map(|(one, environment, version)| {
            json!({ "name": one.from, "environment": environment, "version": version })
        })
        .collect();
    session
        .ui
        .block(json::document(&json!({ "moved": moved, "live": live })));
}

/// What moves: the prompt and its variants. Nothing where that was done before.
fn moves(args: &Args, store: &Store) -> Result<Vec<Move>, Failure> {
    let Args { old, new, .. } = args;
    if old == new {
        return Err(Failure::usage(format!("{old} has that name")));
    }
    if old.as_str().to_lowercase() == new.as_str().to_lowercase() {
        return Err(differ_in_case(old, new));
    }
    let listing = store.list();
    let mut moves = Vec::new();
    for (from, to) in names(args, &listing)? {
        moves.extend(one_move(args, store, &listing, from, to)?);
    }
    Ok(moves)
}

/// The old and the new names of the prompt and its variants, whichever of them are there.
fn names(args: &Args, listing: &Listing) -> Result<Vec<(PromptName, PromptName)>, Failure> {
    let Args { old, new, .. } = args;
    let suffix = |name: &PromptName| {
        let rest = [old, new]
            .into_iter()
            .find_map(|base| name.as_str().strip_prefix(base.as_str()))?;
        rest.starts_with('.').then(|| rest.to_owned())
    };
    let suffixes: BTreeSet<String> = listing
        .files
        .iter()
        .filter_map(|file| suffix(&file.name))
        .collect();
    let mut names = vec![(old.clone(), new.clone())];
    for suffix in suffixes {
        let name = |base: &PromptName| {
            let parsed: Result<PromptName, _> = format!("{base}{suffix}").parse();
            parsed.map_err(|error| Failure::usage(error.to_string()))
        };
        names.push((name(old)?, name(new)?));
    }
    Ok(names)
}

fn one_move(
    args: &Args,
    store: &Store,
    listing: &Listing,
    from: PromptName,
    to: PromptName,
) -> Result<Option<Move>, Failure> {
    let is_variant = from != args.old;
    let here = listing.files.iter().find(|file| file.name == from);
    let there = store.committed(&to)?;
    let Some(committed) = store.committed(&from)? else {
        return match (here, there) {
            (Some(file), _) => {
                let message = format!("{from} was never committed");
                Err(uncommitted(message, &[&file.path], None).hint("nothing was moved"))
            }
            (None, Some(there)) if !is_variant && was_moved(store, &from, &there) => Ok(None),
            (None, Some(_)) if is_variant && store.committed(&args.old)?.is_none() => Ok(None),
            (None, _) if is_variant => Err(exists(&to, "a variant that")),
            (None, _) => Err(store.unknown_prompt(&from)),
        };
    };
    store.require_one_file(&from)?;
    if let Some(there) = &there {
        let what = match there.document.archived {
            true => "an archived prompt that",
            false => "a prompt that",
        };
        return Err(exists(&to, what));
    }
    let file = FileMove {
        to: new_path(&committed, &to),
        from: committed.path.clone(),
        text: String::new(),
    };
    refuse_clash(listing, &to, &file)?;
    let text = sound_text(store, &committed, &file)?;
    refuse_attachments(&committed, &file)?;
    let moved = store.with_new_text(&to, &file.to, text.clone())?;
    if store.is_taken(&moved) {
        let version = moved.version();
        return Err(Failure::new(
            code::NUMBER_TAKEN,
            format!("{to} {version} was published before with other content, by a prompt that had that name"),
        )
        .hint(format!("choose another name; promptctl releases {to} shows what was live")));
    }
    Ok(Some(Move {
        version: committed.version(),
        digest: committed.digest().as_str().to_owned(),
        file: FileMove { text, ..file },
        from,
        to,
    }))
}

/// The path of the same file under another name: in the same root, with the same ending.
fn new_path(committed: &Loaded, to: &PromptName) -> String {
    let path = &committed.path;
    let name = committed.name.as_str();
    let at = path.rfind(name).unwrap_or_default();
    format!("{}{to}{}", &path[..at], &path[at + name.len()..])
}

/// What the file holds, where it is as HEAD has it. A run that was killed may have written the new
/// file, and may have removed the old one.
fn sound_text(store: &Store, committed: &Loaded, file: &FileMove) -> Result<String, Failure> {
    let is_as_committed =
        |text: &String| text.replace("\r\n", "\n") == committed.text.replace("\r\n", "\n");
    let (old, new) = (store.read_text(&file.from)?, store.read_text(&file.to)?);
    match (old, new) {
        (Some(old), None) if is_as_committed(&old) => Ok(old),
        (Some(old), Some(new)) if old == new && is_as_committed(&old) => Ok(old),
        (None, Some(new)) if is_as_committed(&new) => Ok(new),
        (Some(_), Some(_)) => Err(Failure::new(code::EXISTS, format!("{} exists", file.to))
            .hint("it was never committed: move it away, or choose another name")),
        _ => {
            let message = format!("{} has changes that are not committed", committed.name);
            Err(uncommitted(message, &[&file.from], None).hint("nothing was moved"))
        }
    }
}

fn refuse_clash(listing: &Listing, to: &PromptName, file: &FileMove) -> Result<(), Failure> {
    let lower = to.as_str().to_lowercase();
    let other = listing
        .files
        .iter()
        .find(|other| other.name.as_str().to_lowercase() == lower && other.path != file.to);
    match other {
        Some(other) if other.name == *to => Err(exists(to, "a prompt that")),
        Some(other) => Err(differ_in_case(&other.name, to)),
        None => Ok(()),
    }
}

/// What a prompt attaches is found from its folder.
fn refuse_attachments(committed: &Loaded, file: &FileMove) -> Result<(), Failure> {
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let mut parts = committed
        .document
        .own_messages()
        .flat_map(|message| &message.parts);
    let path = parts.find_map(|part| match part {
        Part::Image {
            source: Attachment::Path(text),
            ..
        }
        | Part::File {
            source: Attachment::Path(text),
            ..
        } => Some(&text.value),
        _ => None,
    });
    match path {
        Some(path) if folder(&file.from) != folder(&file.to) => Err(Failure::new(
            code::BAD_ATTACHMENT,
            format!("{} attaches {path}, which is found from the folder of its file", committed.name),
        )
        .at(file.from.clone())
        .hint("choose a name in the same folder; another path is other content, and so a new version: promptctl new NEW --from OLD")),
        _ => Ok(()),
    }
}

/// Whether the last commit was this move.
fn was_moved(store: &Store, from: &PromptName, there: &Loaded) -> bool {
    let before = Reference {
        name: from.clone(),
        selector: Selector::Named("HEAD~1".to_owned()),
    };
    store
        .load(&before)
        .is_ok_and(|before| before.digest() == there.digest())
}

fn differ_in_case(one: &PromptName, other: &PromptName) -> Failure {
    Failure::new(
        code::NAME_CLASH,
        format!("{one} and {other} differ only in case"),
    )
    .hint("one of them would be lost on macOS and Windows: choose another name")
}

fn exists(name: &PromptName, what: &str) -> Failure {
    Failure::new(code::EXISTS, format!("there is {what} is called {name}"))
        .hint("choose another name; nothing was moved")
}

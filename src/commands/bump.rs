//! `promptctl bump`, and the numbering that `edit` and `new` share.

use super::Session;
use super::common::{FormatArg, load_to_change, warn_all, warn_of_passed};
use super::edit::edit_failure;
use super::gate::Gate;
use crate::error::{Exit, Failure};
use crate::files::{FileChange, Loaded};
use crate::output::json;
use crate::prompt::code::{self, Code};
use crate::prompt::edit::set_version;
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;
use crate::prompt::version::Version;
use crate::releases::Store;

/// Raise the version of prompts that were changed by hand
///
/// Without names, every prompt whose content no longer fits its `digest:` line is raised, and every
/// prompt without such a line whose content differs from HEAD. A change of a partial raises the
/// prompts that include it. Only the `version:` and `digest:` lines are touched; nothing is
/// committed. A file with a secret in it is given no number, and other errors are said.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The prompts
    #[arg(value_name = "NAME", add = super::completions::names())]
    names: Vec<PromptName>,
    /// Say what would change, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    format: FormatArg,
}

/// What a bump puts right.
pub(super) const NUMBERING: [Code; 4] = [
    code::NOT_BUMPED,
    code::NOT_NUMBERED,
    code::NUMBER_TAKEN,
    code::CONTESTED_NUMBER,
];

/// A prompt's text with the number that its content must have.
pub(super) struct Numbered {
    /// The file's new text.
    pub(super) text: String,
    /// The number.
    pub(super) version: Version,
    /// Whether the content is new, so that it was given a number of its own.
    pub(super) is_new: bool,
    /// The last number there is, where it is taken and was passed over.
    pub(super) passed: Option<Version>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let (store, config) = session.store()?;
    store.require_working_copy()?;
    let gate = Gate::new(&config, session);
    let mut is_partly_wrong = false;
    let loaded = if args.names.is_empty() {
        let (loaded, findings) = store.load_all();
        warn_all(session, &findings);
        is_partly_wrong = findings.iter().any(Finding::is_error);
        loaded
    } else {
        args.names
            .iter()
            .map(|name| load_to_change(&store, name))
            .collect::<Result<_, _>>()?
    };
    let mut changes = Vec::new();
    let mut bumped = Vec::new();
    for prompt in &loaded {
        if args.names.is_empty() && !may_need_number(prompt) {
            continue;
        }
        let numbered = number(&store, prompt)?;
        warn_of_passed(&prompt.name, numbered.passed, session);
        // An adopted file that nobody changed gets its lines only when it is named.
        let wanted = numbered.is_new || !args.names.is_empty();
        if wanted && numbered.text != prompt.text {
            gate.before_writing(&store, prompt, &prompt.path, session)?;
            bumped.push((
                prompt.name.clone(),
                prompt.document.version,
                numbered.version,
            ));
            changes.push(FileChange::Write {
                path: prompt.path.clone(),
                text: numbered.text,
            });
        }
    }
    if !args.dry_run {
        store.write_files(&changes)?;
    }
    report(&bumped, json, args.dry_run, session);
    Ok(if is_partly_wrong {
        Exit::Verdict
    } else {
        Exit::Done
    })
}

/// Whether a look at git's history is worth its time: most prompts of a large repository are unchanged.
pub(super) fn may_need_number(prompt: &Loaded) -> bool {
    match prompt.document.digest {
        Some(_) => prompt.is_unbumped(),
        None => prompt.dirty,
    }
}

fn report(
    bumped: &[(PromptName, Option<Version>, Version)],
    json: bool,
    dry_run: bool,
    session: &mut Session,
) {
    if json {
        let rows: Vec<_> = bumped
            .iter()
            .map(|(name, from, to)| serde_json::json!({"name": name, "from": from, "to": to}))
            .collect();
        session
            .ui
            .line(json::document(&serde_json::json!({ "bumped": rows })));
        return;
    }
    if bumped.is_empty() {
        session
            .ui
            .status("nothing to bump: every version fits its content");
        return;
    }
    let would = if dry_run { "would become " } else { "" };
    for (name, from, to) in bumped {
        match from {
            Some(from) if from != to => session
                .ui
                .status(format!("{name} {would}{to} (was {from})")),
            Some(_) => session
                .ui
                .status(format!("{name} {would}{to}, with its digest")),
            None => session
                .ui
                .status(format!("{name} {would}{to}, numbered for the first time")),
        }
    }
    if !dry_run {
        session.ui.hint("commit the change: git commit -a");
    }
}

/// Gives a prompt's content its number: the one it has if the content is as committed or the
/// number is its own and new, else one more than any that is taken.
pub(super) fn number(store: &Store, prompt: &Loaded) -> Result<Numbered, Failure> {
    let own = prompt.version();
    let committed = store.committed(&prompt.name).ok().flatten();
    let fits_line = prompt.document.digest.as_deref() == Some(prompt.digest().short());
    let as_committed = committed.as_ref().is_some_and(|committed| {
        committed.digest() == prompt.digest() && committed.version() == own
    });
    // The line fits, and yet somebody else published the number first.
    let is_taken = store.is_taken(prompt);
    let is_sound = !is_taken && (fits_line || (as_committed && prompt.document.digest.is_none()));
    let (version, is_new, passed) = if is_sound {
        (own, false, None)
    } else {
        let numbers = store.numbers(&prompt.name)?;
        let passed = numbers.passes_over();
        let is_behind = numbers.taken.contains(&own)
            || numbers
                .taken
                .iter()
                .rev()
                .find(|taken| Some(**taken) != passed)
                .is_some_and(|highest| own <= *highest);
        match is_behind {
            true => {
                let next = numbers.next(Some(own));
                let next = next.map_err(|failure| failure.at(prompt.path.clone()))?;
                (next, true, passed)
            }
            false => (own, true, passed),
        }
    };
    let text = if is_sound && fits_line {
        prompt.text.clone()
    } else {
        set_version(&prompt.text, version, prompt.digest().short())
            .map_err(|error| edit_failure(&prompt.path, &error))?
    };
    Ok(Numbered {
        text,
        version,
        is_new,
        passed,
    })
}

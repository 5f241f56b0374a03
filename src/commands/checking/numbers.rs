//! Whether a version's number is the right one for its content, as git tells it.

use crate::error::Failure;
use crate::files::{Base, Loaded};
use crate::prompt::code;
use crate::prompt::digest::Digest;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::name::PromptName;
use crate::prompt::quote::shell_word;
use crate::prompt::version::Version;
use crate::releases::{Store, VersionTags};

/// What must be known of a prompt to judge its number.
#[derive(Debug)]
pub(in crate::commands) struct Numbered {
    name: PromptName,
    path: String,
    version: Version,
    digest: Digest,
    has_digest_line: bool,
    is_unbumped: bool,
    is_dirty: bool,
    at: Option<Span>,
}

impl Numbered {
    pub(in crate::commands) fn of(prompt: &Loaded) -> Self {
        let document = &prompt.document;
        Self {
            name: prompt.name.clone(),
            path: prompt.path.clone(),
            version: prompt.version(),
            digest: prompt.digest().clone(),
            has_digest_line: document.digest.is_some(),
            is_unbumped: prompt.is_unbumped(),
            is_dirty: prompt.is_dirty(),
            at: document
                .span_of("version")
                .or_else(|| document.span_of("messages")),
        }
    }
}

/// What is wrong with the number of a prompt whose `digest:` line, if it has one, fits.
///
/// # Errors
/// The references or the history cannot be read.
pub(in crate::commands) fn check(
    store: &Store,
    tags: &VersionTags,
    prompt: &Numbered,
    base: Option<&Base>,
) -> Result<Option<Finding>, Failure> {
    if prompt.is_unbumped {
        return Ok(None);
    }
    let version = prompt.version;
    if store
        .tagged_digest(tags, &prompt.name, version)?
        .is_some_and(|published| published != prompt.digest)
    {
        let message = format!("{version} was published with other content");
        return wrong(
            store,
            prompt,
            None,
            base,
            Finding::error(code::NUMBER_TAKEN, message),
        )
        .map(Some);
    }
    if let Some(base) = base {
        let found = since(store, prompt, base)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    if prompt.is_dirty {
        return against_head(store, prompt);
    }
    Ok(None)
}

/// Against where the branch began, and against what the other branch holds now.
fn since(store: &Store, prompt: &Numbered, base: &Base) -> Result<Option<Finding>, Failure> {
    let version = prompt.version;
    let before = store.load_before(base, &prompt.name);
    if before
        .as_ref()
        .is_some_and(|before| *before.digest() == prompt.digest)
    {
        return Ok(None);
    }
    let tip = store.load_tip(base, &prompt.name);
    let moved = tip.filter(|tip| {
        before
            .as_ref()
            .is_none_or(|before| before.digest() != tip.digest())
            && *tip.digest() != prompt.digest
    });
    if let Some(tip) = moved.filter(|tip| version <= tip.version()) {
        let message = format!(
            "the other branch holds {} with other content",
            tip.version()
        );
        return wrong(
            store,
            prompt,
            Some(tip.version()),
            Some(base),
            Finding::error(code::CONTESTED_NUMBER, message),
        )
        .map(Some);
    }
    match before.filter(|before| version <= before.version()) {
        Some(_) => {
            let message =
                format!("the content changed since the branch began, and {version} did not");
            wrong(
                store,
                prompt,
                None,
                Some(base),
                Finding::error(code::NOT_BUMPED, message),
            )
            .map(Some)
        }
        None => Ok(None),
    }
}

/// Against what is committed.
fn against_head(store: &Store, prompt: &Numbered) -> Result<Option<Finding>, Failure> {
    let version = prompt.version;
    let committed = store.committed(&prompt.name).ok().flatten();
    let Some(committed) = committed
        .filter(|committed| *committed.digest() != prompt.digest && version <= committed.version())
    else {
        return Ok(None);
    };
    let finding = if prompt.has_digest_line {
        Finding::error(
            code::CONTESTED_NUMBER,
            format!("{} is committed with other content", committed.version()),
        )
    } else {
        Finding::error(
            code::NOT_BUMPED,
            format!("the content changed and {version} did not"),
        )
    };
    wrong(store, prompt, None, None, finding).map(Some)
}

/// The finding with its place and the number to use.
fn wrong(
    store: &Store,
    prompt: &Numbered,
    above: Option<Version>,
    base: Option<&Base>,
    finding: Finding,
) -> Result<Finding, Failure> {
    let next = next(store, prompt, above)?;
    // Without the base, the command would not see what is wrong.
    let base = base.map_or(String::new(), |base| {
        format!(" --base {}", shell_word(&base.revision))
    });
    Ok(finding.in_file(&prompt.path).at(prompt.at).help(format!(
        "use {next}: promptctl validate{base} --fix {} writes it",
        prompt.name
    )))
}

/// The first number that nobody took.
///
/// # Errors
/// The references or the history cannot be read.
pub(in crate::commands) fn next(
    store: &Store,
    prompt: &Numbered,
    above: Option<Version>,
) -> Result<Version, Failure> {
    let own = above.max(Some(prompt.version));
    let numbers = store.numbers(&prompt.name)?;
    numbers
        .next(own)
        .map_err(|failure| failure.at(prompt.path.clone()))
}

/// A warning where the number stands far above the highest one that has a tag, or that the file had
/// before.
pub(in crate::commands) fn leap(
    store: &Store,
    tags: &VersionTags,
    prompt: &Numbered,
    base: Option<&Base>,
) -> Option<Finding> {
    let tagged = tags.highest(&prompt.name);
    if !prompt.version.leaps(tagged) {
        return None;
    }
    let before = match base {
        Some(base) => store.load_before(base, &prompt.name),
        None if prompt.is_dirty => store.committed(&prompt.name).ok().flatten(),
        None => None,
    };
    let highest = tagged.max(before.map(|before| before.version()));
    prompt.version.leaps(highest).then(|| {
        let than = match highest {
            Some(highest) => format!("the highest before is {highest}"),
            None => "there is none before".to_owned(),
        };
        let message = format!("{} is far above: {than}", prompt.version);
        Finding::new(code::NUMBER_LEAP, message)
            .in_file(&prompt.path)
            .at(prompt.at)
            .help("write the next number, or allow it with a comment: # promptctl: allow P036")
    })
}

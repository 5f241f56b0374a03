//! `validate --fix`: what can be mended without judgement.

use super::super::numbering::edit_failure;
use super::super::numbering::number;
use super::super::session::Session;
use super::numbers::{self, Numbered};
use super::wanted::Wanted;
use crate::error::Failure;
use crate::experiment::PromptFiles;
use crate::experiment::case::Suite;
use crate::files::{Base, FileChange, Loaded};
use crate::prompt::code;
use crate::prompt::edit::{Step, set, set_version};
use crate::prompt::lint::{even_line_ends, respell, rewrite};
use crate::prompt::template::Compiled;
use crate::prompt::variables::input_schema;
use crate::releases::{Store, VersionTags};

/// What is mended.
pub(super) struct Fix<'a> {
    /// Names, files, folders or patterns; without any, all prompts.
    pub(super) paths: &'a [String],
    /// What versions have to be above of.
    pub(super) base: Option<&'a Base>,
    /// Whether schemas are written.
    pub(super) schema: bool,
}

/// Mends the files, and says what was done, a line each. Nothing is committed.
pub(super) fn fix(
    what: &Fix<'_>,
    store: &Store,
    session: &Session,
) -> Result<Vec<String>, Failure> {
    store.require_working_copy()?;
    let base = what.base;
    let wanted = Wanted::new(what.paths, |_| false, store, session)?;
    let mut told = texts(store, &wanted)?;
    let (mut loaded, _) = store.load_all();
    if placeholders(store, &wanted, &loaded, &mut told)? {
        (loaded, _) = store.load_all();
    }
    if what.schema && schemas(store, &wanted, &loaded, &mut told)? {
        (loaded, _) = store.load_all();
    }
    let tags = store.version_tags()?;
    let mut changes = Vec::new();
    for prompt in loaded.iter().filter(|prompt| wanted.prompt(prompt)) {
        // A number says that the content is good to be used.
        if Compiled::new(&prompt.document, &prompt.partials).is_err() {
            continue;
        }
        let Some(text) = numbered(store, &tags, prompt, base)? else {
            continue;
        };
        let version = crate::prompt::document::parse(&text)
            .ok()
            .and_then(|document| document.version);
        let version = version.unwrap_or_else(|| prompt.version());
        told.push(format!("fixed {}: it is {version} now", prompt.path));
        changes.push(FileChange::Write {
            path: prompt.path.clone(),
            text,
        });
    }
    store.write_files(&changes)?;
    Ok(told)
}

/// Placeholders of other dialects that can mean nothing but a variable. Whether there were any.
fn placeholders(
    store: &Store,
    wanted: &Wanted,
    loaded: &[Loaded],
    told: &mut Vec<String>,
) -> Result<bool, Failure> {
    let mut changes = Vec::new();
    for prompt in loaded.iter().filter(|prompt| wanted.prompt(prompt)) {
        let Some(text) = rewrite(&prompt.text, &prompt.document, &prompt.partials) else {
            continue;
        };
        let path = prompt.path.clone();
        told.push(format!("fixed {path}: its placeholders are Handlebars"));
        changes.push(FileChange::Write { path, text });
    }
    store.write_files(&changes)?;
    Ok(!changes.is_empty())
}

/// `input.schema` of prompts that declare none. Whether there were any.
fn schemas(
    store: &Store,
    wanted: &Wanted,
    loaded: &[Loaded],
    told: &mut Vec<String>,
) -> Result<bool, Failure> {
    let path = ["input", "schema"].map(|key| Step::Key(key.to_owned()));
    let mut changes = Vec::new();
    for prompt in loaded.iter().filter(|prompt| wanted.prompt(prompt)) {
        // A dataset that cannot be read is reported, and the other cases tell what they can.
        let suite = Suite::read(prompt, &PromptFiles::of(store, prompt)).suite;
        let cases = suite.cases.iter().map(|case| &case.variables);
        let Some(schema) = input_schema(&prompt.document, &prompt.partials, cases) else {
            continue;
        };
        let file = prompt.path.clone();
        let text = match set(&prompt.text, &path, &schema) {
            Ok(text) => text,
            Err(error) => return Err(edit_failure(&file, &error)),
        };
        told.push(format!("fixed {file}: it declares its variables"));
        changes.push(FileChange::Write { path: file, text });
    }
    store.write_files(&changes)?;
    Ok(!changes.is_empty())
}

/// Keys and line ends, also of files that cannot be used yet.
fn texts(store: &Store, wanted: &Wanted) -> Result<Vec<String>, Failure> {
    let listing = store.list();
    let prompts = listing
        .files
        .iter()
        .filter(|file| wanted.file(&file.name, &file.path))
        .map(|file| (&file.path, true));
    let partials = listing
        .partials
        .values()
        .filter(|path| wanted.path(path))
        .map(|path| (path, false));
    let mut told = Vec::new();
    let mut changes = Vec::new();
    for (path, is_prompt) in prompts.chain(partials) {
        // What cannot be read is reported, not mended.
        let Ok(Some(text)) = store.read_text(path) else {
            continue;
        };
        let mut done = Vec::new();
        let mut mended = text;
        if let Some(even) = even_line_ends(&mended) {
            mended = even;
            done.push("its lines end alike");
        }
        if let Some(spelt) = is_prompt.then(|| respell(&mended)).flatten() {
            mended = spelt;
            done.push("its keys are spelt right");
        }
        if !done.is_empty() {
            told.push(format!("fixed {path}: {}", done.join(", and ")));
            changes.push(FileChange::Write {
                path: path.clone(),
                text: mended,
            });
        }
    }
    store.write_files(&changes)?;
    Ok(told)
}

/// The text with the right number, if it has not got it.
fn numbered(
    store: &Store,
    tags: &VersionTags,
    prompt: &Loaded,
    base: Option<&Base>,
) -> Result<Option<String>, Failure> {
    let with = |version| {
        set_version(&prompt.text, version, prompt.digest().short())
            .map_err(|error| edit_failure(&prompt.path, &error))
    };
    if prompt.is_unbumped() {
        let numbered = number(store, prompt)?;
        return Ok(Some(numbered.text).filter(|text| *text != prompt.text));
    }
    if let Some(finding) = numbers::check(store, tags, &Numbered::of(prompt), base)? {
        let tip = base.and_then(|base| store.load_tip(base, &prompt.name));
        let above = tip
            .filter(|_| finding.code == code::CONTESTED_NUMBER)
            .map(|tip| tip.version());
        return with(numbers::next(store, &Numbered::of(prompt), above)?).map(Some);
    }
    match prompt.document.version {
        Some(_) => Ok(None),
        None => with(prompt.version()).map(Some),
    }
}

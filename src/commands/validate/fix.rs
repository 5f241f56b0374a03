//! `validate --fix`: what can be mended without judgement.

use std::collections::BTreeMap;

use super::super::checking::numbers::{self, Numbered};
use super::super::checking::wanted::Wanted;
use super::super::numbering::edit_failure;
use super::super::numbering::number;
use super::super::session::Session;
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

/// What is to be mended.
pub(super) struct Fix<'a> {
    /// Names, files, folders or patterns; without any, all prompts.
    pub(super) paths: &'a [String],
    /// What versions have to be above of.
    pub(super) base: Option<&'a Base>,
    /// Whether schemas are written.
    pub(super) schema: bool,
}

/// What is mended, by the files: the new text, and what is right then.
#[derive(Default)]
pub(super) struct Mended {
    files: BTreeMap<String, (String, Vec<String>)>,
}

impl Mended {
    /// What is done to the files.
    pub(super) fn changes(&self) -> Vec<FileChange> {
        let change = |(path, (text, _)): (&String, &(String, Vec<String>))| FileChange::Write {
            path: path.clone(),
            text: text.clone(),
        };
        self.files.iter().map(change).collect()
    }

    /// What is mended: a file, and what of it.
    pub(super) fn mended(&self) -> impl Iterator<Item = (&str, String)> {
        let files = self.files.iter();
        files.map(|(path, (_, what))| (path.as_str(), what.join(", ")))
    }

    fn add(&mut self, path: &str, text: String, what: impl Into<String>) {
        let (now, all) = self.files.entry(path.to_owned()).or_default();
        *now = text;
        all.push(what.into());
    }
}

/// Finds what can be mended, and writes nothing. Each step sees what the one before it makes of the
/// files.
pub(super) fn fix(what: &Fix<'_>, store: &Store, session: &Session) -> Result<Mended, Failure> {
    store.require_working_copy()?;
    let wanted = Wanted::new(what.paths, |_| false, store, session)?;
    let mut mended = Mended::default();
    let mut loaded = texts(store, &wanted, &mut mended);
    loaded.retain(|prompt| wanted.prompt(prompt));
    placeholders(store, &mut loaded, &mut mended);
    if what.schema {
        schemas(store, &mut loaded, &mut mended)?;
    }
    let tags = store.version_tags()?;
    for prompt in &loaded {
        // A number says that the content is good to be used.
        if Compiled::new(&prompt.document, &prompt.partials).is_err() {
            continue;
        }
        let Some(text) = numbered(store, &tags, prompt, what.base)? else {
            continue;
        };
        let version = crate::prompt::document::parse(&text)
            .ok()
            .and_then(|document| document.version);
        let version = version.unwrap_or_else(|| prompt.version());
        mended.add(&prompt.path, text, format!("it is {version}"));
    }
    Ok(mended)
}

/// Placeholders of other dialects that can mean nothing but a variable.
fn placeholders(store: &Store, loaded: &mut [Loaded], mended: &mut Mended) {
    for prompt in loaded {
        let Some(text) = rewrite(&prompt.text, &prompt.document, &prompt.partials) else {
            continue;
        };
        if let Ok(after) = store.with_text(prompt, text.clone()) {
            mended.add(&prompt.path, text, "its placeholders are Handlebars");
            *prompt = after;
        }
    }
}

/// `input.schema` of prompts that declare none.
fn schemas(store: &Store, loaded: &mut [Loaded], mended: &mut Mended) -> Result<(), Failure> {
    let path = ["input", "schema"].map(|key| Step::Key(key.to_owned()));
    for prompt in loaded {
        // A dataset that cannot be read is reported, and the other cases tell what they can.
        let suite = Suite::read(prompt, &PromptFiles::of(store, prompt)).suite;
        let cases = suite.cases.iter().map(|case| case.variables.get());
        let cases: Vec<_> = cases.collect();
        let cases = cases.iter().map(AsRef::as_ref);
        let Some(schema) = input_schema(&prompt.document, &prompt.partials, cases) else {
            continue;
        };
        let text = set(&prompt.text, &path, &schema)
            .map_err(|error| edit_failure(&prompt.path, &error))?;
        let after = store.with_text(prompt, text.clone())?;
        mended.add(&prompt.path, text, "its variables are declared");
        *prompt = after;
    }
    Ok(())
}

/// Keys and line ends, also of files that cannot be used yet. The prompts, as they are then.
fn texts(store: &Store, wanted: &Wanted, mended: &mut Mended) -> Vec<Loaded> {
    let listing = store.list();
    let prompts = listing
        .files
        .iter()
        .filter(|file| wanted.file(&file.name, &file.path))
        .map(|file| (&file.path, Some(&file.name)));
    let partials = listing
        .partials
        .values()
        .filter(|path| wanted.path(path))
        .map(|path| (path, None));
    let mut changed = Vec::new();
    for (path, name) in prompts.chain(partials) {
        // What cannot be read is reported, not mended.
        let Ok(Some(mut text)) = store.read_text(path) else {
            continue;
        };
        let mut done = Vec::new();
        if let Some(even) = even_line_ends(&text) {
            text = even;
            done.push("its lines end alike");
        }
        if let Some(spelt) = name.and_then(|_| respell(&text)) {
            text = spelt;
            done.push("its keys are spelt right");
        }
        if done.is_empty() {
            continue;
        }
        if let Some(name) = name {
            changed.extend(store.with_new_text(name, path, text.clone()));
        }
        mended.add(path, text, done.join(", and "));
    }
    let (mut loaded, _) = store.load_all();
    loaded.retain(|prompt| changed.iter().all(|it| it.path != prompt.path));
    loaded.extend(changed);
    loaded.sort_by(|one, other| one.name.cmp(&other.name));
    loaded
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

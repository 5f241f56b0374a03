//! Making a prompt of a text, as `promptctl new` and `promptctl generate` do.

use super::common::warn_of_passed;
use super::gate::Gate;
use super::numbering::edit_failure;
use super::plan::PlanArg;
use super::session::Session;
use super::typed::Placed;
use crate::config::Config;
use crate::error::Failure;
use crate::files::{FileChange, join_root};
use crate::prompt::edit::set_version;
use crate::prompt::finding::in_file;
use crate::prompt::hint::Hint;
use crate::prompt::name::PromptName;
use crate::prompt::quote::shell_path;
use crate::prompt::reference::Reference;
use crate::prompt::template::Compiled;
use crate::prompt::version::Version;
use crate::prompt::{code, document};
use crate::releases::Store;

/// The model of a prompt that is made of plain text.
pub(super) const DEFAULT_MODEL: &str = "openai/gpt-5-mini";

/// The file of a prompt that does not exist yet.
pub(super) fn place_of(placed: &Placed, store: &Store) -> String {
    match &placed.root {
        Some(root) => join_root(root, &placed.name.paths()[0]),
        None => store.path_for(&placed.name),
    }
}

/// A prompt that is to be made.
pub(super) struct Making<'a> {
    pub(super) name: &'a PromptName,
    pub(super) path: &'a str,
    /// Where what is wrong with it stands for whoever wrote it.
    pub(super) shown: &'a str,
    /// Whether that is a file of theirs.
    pub(super) is_by_file: bool,
    /// The commit's message.
    pub(super) message: Option<&'a str>,
    pub(super) no_commit: bool,
    pub(super) plan: &'a PlanArg,
}

/// A prompt that was made.
pub(super) struct Made {
    pub(super) version: Version,
    pub(super) digest: String,
    pub(super) commit: Option<String>,
    /// Whether it is without errors.
    is_sound: bool,
}

impl Making<'_> {
    /// Numbers a text and writes it, or commits it.
    ///
    /// # Errors
    /// It is no prompt, a secret stands in it, or a prompt has its name.
    pub(super) fn make(
        &self,
        store: &Store,
        config: &Config,
        text: String,
        session: &mut Session,
    ) -> Result<Made, Failure> {
        let Self {
            name, path, shown, ..
        } = self;
        let refused = |findings| Failure::from(in_file(findings, shown));
        document::parse(&text).map_err(|findings| {
            let failure = refused(findings);
            let is_text = self.is_by_file && failure.code == Some(code::YAML_SYNTAX);
            match is_text && ![".yml", ".yaml"].iter().any(|it| shown.ends_with(it)) {
                true => failure.hint(Hint::TextAlone),
                false => failure,
            }
        })?;
        let loaded = store.with_new_text(name, path, text)?;
        Compiled::new(&loaded.document, &loaded.partials).map_err(refused)?;
        // The number and the digest are those of the new prompt, not of the one that it was copied from.
        let numbers = store.numbers(name)?;
        let version = numbers.next(None)?;
        let text = set_version(&loaded.text, version, loaded.digest().short())
            .map_err(|error| edit_failure(path, &error))?;
        refuse_existing(name, store, &text)?;
        let gate = Gate::new(config, session);
        // What is wrong is told by the lines of the file that the person has before them.
        let written = store.with_new_text(name, path, text.clone())?;
        let checked = if self.is_by_file { &loaded } else { &written };
        let is_sound = gate.before_making(store, None, checked, shown, session)?;
        let change = FileChange::Write {
            path: (*path).to_owned(),
            text,
        };
        let usual = format!("Add {name}");
        let message = self.message.unwrap_or(&usual);
        let message = (!self.no_commit).then_some(message);
        let commit = self.plan.write(store, &[change], message)?;
        warn_of_passed(name, numbers.passes_over(), session);
        Ok(Made {
            version,
            digest: loaded.digest().as_str().to_owned(),
            commit,
            is_sound,
        })
    }

    /// Says what was made.
    pub(super) fn say(&self, made: &Made, session: &mut Session) {
        let (name, version, path) = (self.name, made.version, self.path);
        self.plan.say(
            format!("{name} {version} made: {path}"),
            format!("{name} {version} would be made: {path}"),
            session,
        );
    }

    /// Says what is next.
    pub(super) fn say_next(&self, made: &Made, session: &mut Session) {
        if self.no_commit {
            session.ui.hint(format!(
                "change it, then: git add {0} && git commit -- {0}",
                shell_path(self.path)
            ));
        } else if made.is_sound {
            session
                .ui
                .hint(format!("promptctl publish {} makes it live", self.name));
        } else {
            session.ui.hint(format!(
                "it is kept with what is wrong: promptctl edit {} mends it, and until then publish refuses it",
                self.name
            ));
        }
    }
}

/// Where there are several roots and none was typed: that another could have been meant.
pub(super) fn say_other_roots(
    placed: &Placed,
    command: &str,
    store: &Store,
    session: &mut Session,
) {
    let Some((own, others)) = store.settings().roots.split_first() else {
        return;
    };
    if placed.root.is_none() && !others.is_empty() {
        let others: Vec<String> = others
            .iter()
            .map(|root| join_root(root, placed.name.as_str()))
            .collect();
        session.ui.hint(format!(
            "new prompts go to {own}/; promptctl {command} {} puts it elsewhere",
            others.join(" or ")
        ));
    }
}

/// A prompt that exists is refused, unless it is what a killed run of the same command left behind.
pub(super) fn refuse_existing(name: &PromptName, store: &Store, text: &str) -> Result<(), Failure> {
    let existing = store.load(&Reference::working_copy(name.clone()));
    match existing {
        Err(failure) if failure.code == Some(code::UNKNOWN_PROMPT) => refuse_clash(name, store),
        Ok(loaded) if loaded.text == text && loaded.is_dirty() => Ok(()),
        _ => Err(
            Failure::new(code::EXISTS, format!("a prompt named {name} exists"))
                .hint(format!("promptctl edit {name} makes its next version")),
        ),
    }
}

fn refuse_clash(name: &PromptName, store: &Store) -> Result<(), Failure> {
    let lower = name.as_str().to_lowercase();
    let listing = store.list();
    match listing
        .files
        .iter()
        .find(|file| file.name.as_str().to_lowercase() == lower)
    {
        Some(file) => Err(Failure::new(
            code::NAME_CLASH,
            format!("{name} and {} differ only in case", file.name),
        )
        .hint("one of them would be lost on macOS and Windows: choose another name")),
        None => Ok(()),
    }
}

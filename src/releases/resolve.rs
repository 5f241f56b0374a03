//! References: from `name`, `name@v3`, `name@production` or `name@<revision>` to a prompt, and what
//! to say where there is none.

use jiff::Timestamp;

use super::environments::near;
use super::namespace::Mirror;
use super::release::{Overview, State};
use super::store::Store;
use super::tag::{Action, TagName};
use crate::error::{Exit, Failure};
use crate::files::{Committed, Loaded};
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::{Back, Next, VersionChoice};
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::version::Version;

impl Store {
    /// The prompt that a reference names.
    ///
    /// # Errors
    /// There is no such prompt, version, environment or revision, nothing is live there, or the
    /// file is not valid.
    pub fn load(&self, reference: &Reference) -> Result<Loaded, Failure> {
        match &reference.selector {
            Selector::WorkingCopy => self.load_working_copy(&reference.name),
            Selector::Version(version) => self.load_version(&reference.name, *version),
            Selector::Named(text) => self.load_named(&reference.name, text),
        }
    }

    fn load_version(&self, name: &PromptName, version: Version) -> Result<Loaded, Failure> {
        let tag = TagName::Version {
            name: name.clone(),
            version,
        };
        if let Some(found) = self.version_tag(&tag)? {
            let loaded = self
                .load_at(found.commit, name)
                .map_err(Failure::from)?
                .ok_or_else(|| self.tag_without_file(&tag))?;
            if *loaded.digest() != found.trailers.digest || loaded.version() != version {
                return Err(Failure::new(
                    code::RELEASE_MISMATCH,
                    format!(
                        "the tag {}{tag} does not hold the content that its message names",
                        self.settings.prefix
                    ),
                )
                .hint(Hint::sentence([
                    "the tag was made or moved by hand: ".into(),
                    Next::Doctor.into(),
                    " tells what is wrong".into(),
                ])));
            }
            return Ok(loaded);
        }
        match self.committed_version(name, version)? {
            Committed::Held(loaded) => Ok(*loaded),
            Committed::Unbumped => Err(self.unbumped_version(name, version)),
            Committed::Never => Err(self.unknown_version(name, version)),
        }
    }

    /// That commits have the number of a version, and another content.
    fn unbumped_version(&self, name: &PromptName, version: Version) -> Failure {
        let failure = Failure::new(
            code::NOT_BUMPED,
            format!(
                "no commit here holds {name} {version}: where a file has this number, its content was changed and its number was not"
            ),
        );
        let failure = if self.settings.remote.is_some() && !self.knows_releases() {
            failure.hint(Next::Fetch.that("brings the version, if it was published"))
        } else {
            failure
        };
        failure.hint(Next::bump(name).that("gives what the file says now a number of its own"))
    }

    fn tag_without_file(&self, tag: &TagName) -> Failure {
        Failure::new(
            code::RELEASE_MISMATCH,
            format!("the commit of the tag {}{tag} does not hold the prompt's file", self.settings.prefix),
        )
        .hint("was the prompt published under another root? `roots:` in promptctl.yaml must name that folder")
    }

    fn load_named(&self, name: &PromptName, text: &str) -> Result<Loaded, Failure> {
        if let Ok(environment) = text.parse::<Environment>()
            && self.knows_environment(&environment)
        {
            return self.load_active(name, &environment);
        }
        let Some(commit) = self.revision(text) else {
            return Err(self.unknown_word(name, text));
        };
        self.load_at(commit, name)
            .map_err(Failure::from)?
            .ok_or_else(|| {
                Failure::new(
                    code::UNKNOWN_PROMPT,
                    format!("{text} does not hold a prompt named {name}"),
                )
                .hint(Next::History(name.clone()).that("shows the commits that do"))
            })
    }

    /// That a word after `@` means nothing.
    fn unknown_word(&self, name: &PromptName, text: &str) -> Failure {
        let near =
            near(text, &self.environments()).map(|near| format!("did you mean {name}@{near}?"));
        if self.mirror() != Mirror::Whole && text.parse::<Environment>().is_ok() {
            let failure = Failure::new(
                code::NOT_FETCHED,
                format!("`{text}` is not known here; the releases are not fetched"),
            )
            .hint(Next::Fetch);
            return near.into_iter().fold(failure, Failure::hint);
        }
        Failure::new(
            code::UNKNOWN_REVISION,
            format!("`{text}` is neither a version, an environment nor a git revision"),
        )
        .exit(Exit::Usage)
        .hint(near.map_or_else(
            || {
                Hint::sentence([
                    Next::History(name.clone()).into(),
                    " shows the versions, ".into(),
                    Next::Status.into(),
                    " the environments".into(),
                ])
            },
            Hint::from,
        ))
    }

    /// The prompt as it is live in an environment.
    ///
    /// # Errors
    /// Nothing is live there, or its tags are not sound.
    pub fn load_active(
        &self,
        name: &PromptName,
        environment: &Environment,
    ) -> Result<Loaded, Failure> {
        let (state, notes) = self.state_and_notes(name, environment)?;
        let mut loaded = self.load_state(name, environment, &state)?;
        loaded.notices = self.words_of(&notes, name, environment);
        Ok(loaded)
    }

    /// The same where it is known already what is live.
    ///
    /// # Errors
    /// As [`Store::load_active`].
    pub fn load_live(
        &self,
        name: &PromptName,
        environment: &Environment,
        overview: &Overview,
    ) -> Result<Loaded, Failure> {
        let states = overview.states.get(name);
        match states.and_then(|states| states.get(environment)) {
            Some(state) => self.load_state(name, environment, state),
            None => self.load_active(name, environment),
        }
    }

    fn load_state(
        &self,
        name: &PromptName,
        environment: &Environment,
        state: &State,
    ) -> Result<Loaded, Failure> {
        let State::Live(active) = state else {
            return Err(self.not_live(name, environment, state));
        };
        let commit = active.commit;
        let mut loaded = self
            .load_at(commit, name)
            .map_err(Failure::from)?
            .ok_or_else(|| {
                self.tag_without_file(&TagName::Release {
                    name: name.clone(),
                    environment: environment.clone(),
                    number: active.number,
                })
            })?;
        if *loaded.digest() != active.digest {
            return Err(Failure::new(
                code::RELEASE_MISMATCH,
                format!(
                    "release {} of {name} in {environment} does not hold the content that it names",
                    active.number
                ),
            )
            .hint(Next::Doctor.that("tells what is wrong")));
        }
        loaded.environment = Some(environment.clone());
        Ok(loaded)
    }

    /// The prompt as it was live in an environment at a time.
    ///
    /// # Errors
    /// Nothing was live then, or the tags are not sound.
    pub fn load_active_at(
        &self,
        name: &PromptName,
        environment: &Environment,
        time: Timestamp,
    ) -> Result<Loaded, Failure> {
        let releases = self.releases_at(name, environment)?;
        if releases.entries.is_empty() {
            return self.load_active(name, environment);
        }
        let live = releases
            .newest_at(time)
            .filter(|entry| entry.action != Action::Unpublish)
            .ok_or_else(|| {
                // The end of a day is a time with nine nines behind the point.
                let time = time.strftime("%Y-%m-%dT%H:%M:%SZ");
                Failure::new(
                    code::NOT_LIVE,
                    format!("{name} was not live in {environment} at {time}"),
                )
                .hint(Next::releases_of(name, environment))
            })?;
        let commit = live.commit;
        let mut loaded = match self.load_at(commit, name).map_err(Failure::from)? {
            Some(loaded) if *loaded.digest() == live.digest => loaded,
            _ => self.load_version(name, live.version)?,
        };
        loaded.environment = Some(environment.clone());
        loaded.notices = self.words_of(&releases.notes, name, environment);
        Ok(loaded)
    }

    /// Fails where this clone cannot know what is live, because it has not fetched the tags.
    ///
    /// # Errors
    /// The remote's tags were not fetched.
    pub fn require_releases(&self) -> Result<(), Failure> {
        if self.knows_releases() {
            Ok(())
        } else {
            Err(self.not_fetched())
        }
    }

    /// Fails where this clone cannot know what is live in an environment.
    ///
    /// # Errors
    /// The remote's tags were not fetched.
    pub fn require_releases_of(&self, environment: &Environment) -> Result<(), Failure> {
        if self.knows_releases_of(environment) {
            Ok(())
        } else {
            Err(self.not_fetched())
        }
    }

    pub(super) fn not_fetched(&self) -> Failure {
        let Some(remote) = self.settings.remote.as_deref() else {
            return self.no_remote();
        };
        let what = match self.mirror() {
            Mirror::Partial(known) => {
                let known: Vec<&str> = known.iter().map(Environment::as_str).collect();
                format!(
                    "this clone has fetched only what is live in {} from {remote}",
                    known.join(", ")
                )
            }
            _ => format!("this clone has not fetched the releases of {remote}"),
        };
        Failure::new(code::NOT_FETCHED, what).hint(Next::Fetch)
    }

    fn not_live(&self, name: &PromptName, environment: &Environment, state: &State) -> Failure {
        match state {
            State::NotFetched => self.not_fetched(),
            State::Unpublished { by, number, .. } => Failure::new(
                code::NOT_LIVE,
                format!(
                    "{name} is not live in {environment}: {by} unpublished it (release {number})"
                ),
            )
            .hint(Next::roll_back(name, environment, Back::Once).that("brings it back")),
            State::Never | State::Live(_) => {
                let failure = Failure::new(
                    code::NOT_LIVE,
                    format!("{name} was never published to {environment}"),
                );
                if self.knows(name) {
                    failure.hint(Next::publish(name, VersionChoice::OfFile, environment))
                } else {
                    self.unknown_prompt(name)
                }
            }
        }
    }

    fn unknown_version(&self, name: &PromptName, version: Version) -> Failure {
        if self.settings.remote.is_some() && !self.knows_releases() && self.is_shallow() {
            return Failure::new(
                code::NOT_FETCHED,
                format!(
                    "{name} {version} is not in this shallow clone, and its tags were not fetched"
                ),
            )
            .hint(Next::Fetch);
        }
        if !self.knows(name) {
            return self.unknown_prompt(name);
        }
        Failure::new(code::UNKNOWN_VERSION, format!("{name} has no {version}"))
            .hint(Next::History(name.clone()).that("shows its versions"))
    }
}

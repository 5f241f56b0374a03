//! Which environments there are: those that the settings declare and those that something was ever
//! released to. Any other is a slip of the pen.

use std::collections::BTreeSet;

use super::namespace::Mirror;
use super::store::Store;
use super::tag::TagName;
use crate::error::{Exit, Failure};
use crate::prompt::code;
use crate::prompt::name::{Environment, nearest};
use crate::prompt::next::Next;

impl Store {
    /// Whether the settings declare an environment, or something was released to it. A declared one
    /// costs no look at the tags.
    pub fn knows_environment(&self, environment: &Environment) -> bool {
        self.settings.environments.contains(environment)
            || self.is_used(environment)
            || self.is_pending(environment)
    }

    /// Fails where an environment is neither declared nor used.
    ///
    /// # Errors
    /// - `P257`: nobody knows it.
    /// - `P217`: this clone has not fetched the releases, so it cannot tell.
    pub fn require_environment(&self, environment: &Environment) -> Result<(), Failure> {
        if self.knows_environment(environment) {
            return Ok(());
        }
        Err(match self.mirror() {
            Mirror::Whole => self.unknown_environment(environment, self.used_environments()),
            _ => self.environment_not_fetched(environment),
        })
    }

    /// The declared environments, and those that something was released to, as far as this clone knows.
    pub fn environments(&self) -> BTreeSet<Environment> {
        let mut known = self.used_environments();
        known.extend(self.settings.environments.iter().cloned());
        known
    }

    /// That nobody knows an environment, with those that may be meant.
    pub(super) fn unknown_environment(
        &self,
        environment: &Environment,
        used: BTreeSet<Environment>,
    ) -> Failure {
        let mut known = used;
        known.extend(self.settings.environments.iter().cloned());
        let failure = Failure::new(
            code::UNKNOWN_ENVIRONMENT,
            format!(
                "there is no environment {environment}: promptctl.yaml does not declare it, and nothing was ever released to it"
            ),
        )
        .exit(Exit::Usage);
        let failure = match near(environment.as_str(), &known) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => {
                let known: Vec<&str> = known.iter().map(Environment::as_str).collect();
                failure.hint(format!("the environments are {}", known.join(", ")))
            }
        };
        failure.hint(
            Next::PublishToNew(environment.clone())
                .after("to make a new one, write it under `environments:` in promptctl.yaml, or "),
        )
    }

    fn environment_not_fetched(&self, environment: &Environment) -> Failure {
        // Of several remotes, one must be chosen before anything can be fetched.
        let not_fetched = self.not_fetched();
        if not_fetched.code != Some(code::NOT_FETCHED) {
            return not_fetched;
        }
        let failure = Failure::new(
            code::NOT_FETCHED,
            format!(
                "the environment {environment} is not known here; the releases are not fetched"
            ),
        )
        .hint(Next::Fetch);
        match near(environment.as_str(), &self.environments()) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure,
        }
    }

    /// The environments that something was released to, as far as this clone knows.
    fn used_environments(&self) -> BTreeSet<Environment> {
        let mut used = BTreeSet::new();
        // Tags come in order, so that those of one row follow each other.
        let mut row = String::new();
        drop(self.each_ref(&self.true_space().base, |tag, _| {
            let is_new = tag.rsplit_once('/').is_some_and(|(below, _)| below != row);
            if is_new && let Some(TagName::Release { environment, .. }) = TagName::parse(tag) {
                row.clear();
                row.push_str(tag.rsplit_once('/').map_or("", |(below, _)| below));
                used.insert(environment);
            }
            true
        }));
        used
    }

    fn is_used(&self, environment: &Environment) -> bool {
        let middle = format!("/{environment}/");
        let mut found = false;
        // What cannot be read names no environment.
        drop(self.each_ref(&self.true_space().base, |tag, object| {
            let release = tag.contains(&middle).then(|| TagName::parse(tag)).flatten();
            let is_of_it = |it: &TagName| {
                matches!(it, TagName::Release { environment: other, .. } if other == environment)
            };
            // A tag that says nothing is no release.
            found = release
                .filter(is_of_it)
                .is_some_and(|it| self.tag_trailers(object, &it).is_ok());
            !found
        }));
        found
    }

    /// Whether this clone made a release there that it has not sent yet.
    fn is_pending(&self, environment: &Environment) -> bool {
        let is_there = |tag: &TagName| matches!(tag, TagName::Release { environment: other, .. } if other == environment);
        self.has_remote()
            && self.pending().is_ok_and(|pending| {
                pending
                    .iter()
                    .any(|entry| !entry.lost && is_there(&entry.tag.name))
            })
    }
}

/// The environment that a misspelt or shortened one may mean.
pub(super) fn near<'a>(wanted: &str, known: &'a BTreeSet<Environment>) -> Option<&'a str> {
    let is_part = |name: &str| {
        let rest = wanted.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with('-'))
    };
    // `staging-eu` stands beside `staging`.
    let mut names = known
        .iter()
        .map(Environment::as_str)
        .filter(|name| !is_part(name));
    nearest(wanted, names.clone()).or_else(|| names.find(|name| is_short_for(wanted, name)))
}

/// Whether a word begins a name, as `prod` does, or would but for its last letter, as `prodd`.
fn is_short_for(wanted: &str, name: &str) -> bool {
    let same = wanted.bytes().zip(name.bytes());
    let same = same.take_while(|(a, b)| a == b).count();
    same == wanted.len() || (same >= 3 && same + 1 == wanted.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_for_a_name_or_nearly_it_is_meant() {
        let known: BTreeSet<Environment> = ["production", "staging", "qa"]
            .map(|name| name.parse().unwrap())
            .into();
        for (wanted, meant) in [
            ("prod", Some("production")),
            ("prodd", Some("production")),
            ("prodution", Some("production")),
            ("stagign", Some("staging")),
            ("stage", Some("staging")),
            ("staging-eu", None),
            ("preview", None),
            ("qx", Some("qa")),
            ("canary", None),
        ] {
            assert_eq!(near(wanted, &known), meant, "{wanted}");
        }
    }
}

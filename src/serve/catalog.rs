//! What is live, by name and by id: from what a caller asks for to a prompt.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::problem::Problem;
use super::request::PromptRequest;
use crate::error::Failure;
use crate::execute::Prepared;
use crate::prompt::code;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;
use crate::releases::shared;

/// What one environment holds.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) prompts: Prompts,
    /// The names of the prompts by the ids of the stored prompts that they stand for.
    ids: HashMap<String, PromptName>,
}

/// The prompts of an environment by their names.
pub(super) type Prompts = BTreeMap<PromptName, Arc<Prepared>>;

/// Another id of a prompt in an environment, besides that of its file.
pub(super) type OtherId<'a> =
    &'a dyn Fn(&Environment, &Prepared) -> Result<Option<String>, Failure>;

/// What is live in all environments, at one moment.
#[derive(Debug)]
pub(super) struct Catalog {
    /// The id of this snapshot, sent as `promptctl-snapshot`.
    pub(super) id: String,
    /// The environment that is served where a caller names none.
    pub(super) environment: Environment,
    live: BTreeMap<Environment, Live>,
    /// The versions of each prompt that have a tag.
    published: BTreeMap<PromptName, BTreeSet<Version>>,
}

/// Whether a caller that pins a version gets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PinPolicy {
    /// That very version
    #[default]
    Exact,
    /// What is live, so that a rollback reaches callers that pin
    Live,
}

/// What a call resolves to.
#[derive(Debug, Clone)]
pub(super) enum Resolved {
    /// A prompt that is live.
    Live {
        prompt: Arc<Prepared>,
        environment: Environment,
        /// The version that was asked for and not given.
        instead_of: Option<String>,
    },
    /// A published version that is still to be read.
    Version(PromptName, Version),
    /// The lowest of these versions that was imported from this version of the stored prompt.
    Imported {
        name: PromptName,
        id: String,
        number: u32,
        candidates: Vec<Version>,
    },
}

impl Catalog {
    pub(super) fn new(
        id: String,
        environment: Environment,
        live: BTreeMap<Environment, Prompts>,
        published: BTreeMap<PromptName, BTreeSet<Version>>,
        other_ids: OtherId<'_>,
    ) -> Result<Self, Failure> {
        let live = live
            .into_iter()
            .map(|(environment, prompts)| {
                let ids = ids(&environment, &prompts, other_ids)?;
                Ok((environment, Live { prompts, ids }))
            })
            .collect::<Result<_, Failure>>()?;
        Ok(Self {
            id,
            environment,
            live,
            published,
        })
    }

    /// What an environment holds.
    pub(super) fn live(&self, environment: &Environment) -> Option<&Live> {
        self.live.get(environment)
    }

    /// The prompts that are served where a caller names no environment.
    pub(super) fn served(&self) -> impl Iterator<Item = (&PromptName, &Arc<Prepared>)> {
        self.live
            .get(&self.environment)
            .into_iter()
            .flat_map(|live| &live.prompts)
    }

    /// Whether a version of a prompt is published.
    pub(super) fn is_published(&self, name: &PromptName, version: Version) -> bool {
        let published = self.published.get(name);
        published.is_some_and(|versions| versions.contains(&version))
    }

    /// The prompts of all environments.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Prepared>> {
        self.live.values().flat_map(|live| live.prompts.values())
    }

    /// The live version of a prompt in each environment.
    pub(super) fn environments(&self, name: &PromptName) -> Vec<(Environment, Version)> {
        let of = |(environment, live): (&Environment, &Live)| {
            let prompt = live.prompts.get(name)?;
            Some((environment.clone(), prompt.loaded.version()))
        };
        self.live.iter().filter_map(of).collect()
    }

    /// What a call asks for.
    ///
    /// # Errors
    /// There is no such prompt, it is not live, or there is no such version.
    pub(super) fn resolve(
        &self,
        asked: &PromptRequest,
        pinned: PinPolicy,
    ) -> Result<Resolved, Problem> {
        let version = asked.version.as_deref();
        // `staging` is what is live there.
        let environment = version
            .and_then(|text| text.parse::<Environment>().ok())
            .filter(|it| self.live.contains_key(it));
        let environment = environment.as_ref().unwrap_or(&self.environment);
        let is_environment = version.is_some_and(|text| text == environment.as_str());
        let (name, prompt) = self.find(&asked.id, environment)?;
        let live = |instead_of: Option<&str>| Resolved::Live {
            prompt: Arc::clone(prompt),
            environment: environment.clone(),
            instead_of: instead_of.map(str::to_owned),
        };
        let Some(version) = version.filter(|_| !is_environment) else {
            return Ok(live(None));
        };
        let number: u32 = version.parse().map_err(|_| {
            let names: Vec<&str> = self.live.keys().map(Environment::as_str).collect();
            unknown_version(asked, version).hint(format!(
                "a version is a number, or one of the environments: {}",
                names.join(", ")
            ))
        })?;
        if pinned == PinPolicy::Live {
            return Ok(live(Some(version)));
        }
        let published = self.published.get(name).cloned().unwrap_or_default();
        let origin = prompt
            .origin
            .as_ref()
            .filter(|origin| origin.id == asked.id);
        if asked.id == name.as_str() || (origin.is_none() && !asked.id.starts_with("pmpt_")) {
            let version = Version::new(number).filter(|it| published.contains(it));
            let version = version.ok_or_else(|| {
                unknown_version(asked, &number.to_string()).hint(match published.last() {
                    Some(last) if number > 0 => format!(
                        "{last} is the newest that is published: promptctl publish {name}@v{number}"
                    ),
                    _ => format!("promptctl history {name} shows the versions"),
                })
            })?;
            if prompt.loaded.version() == version {
                return Ok(live(None));
            }
            return Ok(Resolved::Version(name.clone(), version));
        }
        Ok(Resolved::Imported {
            name: name.clone(),
            id: asked.id.clone(),
            number,
            candidates: published.into_iter().collect(),
        })
    }

    fn find(
        &self,
        id: &str,
        environment: &Environment,
    ) -> Result<(&PromptName, &Arc<Prepared>), Problem> {
        let find_in = |live: &Live| {
            let name = live.ids.get(id).cloned();
            name.or_else(|| id.parse::<PromptName>().ok())
        };
        let here = self.live.get(environment);
        let found = here.and_then(|live| {
            let name = find_in(live)?;
            live.prompts.get_key_value(&name)
        });
        if let Some(found) = found {
            return Ok(found);
        }
        let elsewhere: Vec<&str> = self
            .live
            .iter()
            .filter(|(_, live)| find_in(live).is_some_and(|name| live.prompts.contains_key(&name)))
            .map(|(environment, _)| environment.as_str())
            .collect();
        let name = self
            .live
            .values()
            .find_map(|live| live.ids.get(id).cloned());
        let name = name.or_else(|| {
            id.parse()
                .ok()
                .filter(|name| self.published.contains_key(name))
        });
        let Some(name) = name else {
            return Err(Problem::unknown_prompt(id, true));
        };
        let problem = Problem::new(
            404,
            Some("prompt_not_live"),
            format!("Prompt with id '{id}' is not live in {environment}."),
        )
        .param("prompt.id")
        .own(code::NOT_LIVE);
        let problem = match elsewhere.as_slice() {
            [] => problem,
            places => problem.hint(format!("it is live in {}", places.join(", "))),
        };
        Err(problem.hint(format!("promptctl publish {name} --env {environment}")))
    }
}

/// A version that was never published.
pub(super) fn unknown_version(asked: &PromptRequest, version: &str) -> Problem {
    Problem::new(
        404,
        Some("prompt_version_not_found"),
        format!("Version '{version}' of prompt '{}' not found.", asked.id),
    )
    .param("prompt.version")
    .own(code::UNKNOWN_VERSION)
}

/// The ids by which prompts are called. One id for two prompts would be a guess at each call.
fn ids(
    environment: &Environment,
    prompts: &Prompts,
    other: OtherId<'_>,
) -> Result<HashMap<String, PromptName>, Failure> {
    let mut ids: HashMap<String, PromptName> = HashMap::new();
    for (name, prompt) in prompts {
        let own = prompt.origin.as_ref().map(|origin| origin.id.clone());
        for id in own.into_iter().chain(other(environment, prompt)?) {
            match ids.insert(id.clone(), name.clone()) {
                Some(before) if before != *name => {
                    return Err(shared(name, &before, environment, &id).into());
                }
                _ => {}
            }
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Loaded;
    use crate::prompt::document::{Object, parse};
    use crate::prompt::template::Partials;

    fn prompt(name: &str, version: u32, source: &str) -> Arc<Prepared> {
        let text = format!(
            "version: {version}\nmodel: m\n{source}\nmessages: [{{role: user, content: hi}}]\n"
        );
        let loaded = Loaded::from_snapshot(
            name.parse().unwrap(),
            format!("prompts/{name}.prompt.yml"),
            (None, String::new()),
            text.clone(),
            (parse(&text).unwrap(), Partials::new()),
        );
        Arc::new(Prepared::with_attachments(loaded, BTreeMap::new()).unwrap())
    }

    fn catalog(
        live: &[(&str, Arc<Prepared>)],
        published: &[(&str, &[u32])],
    ) -> Result<Catalog, Failure> {
        let mut by: BTreeMap<Environment, BTreeMap<PromptName, Arc<Prepared>>> = BTreeMap::new();
        by.insert(Environment::production(), BTreeMap::new());
        for (environment, prompt) in live {
            let of = by.entry(environment.parse().unwrap()).or_default();
            of.insert(prompt.loaded.name.clone(), Arc::clone(prompt));
        }
        let published = published
            .iter()
            .map(|(name, versions)| {
                let versions = versions.iter().filter_map(|it| Version::new(*it)).collect();
                (name.parse().unwrap(), versions)
            })
            .collect();
        Catalog::new(
            "x".to_owned(),
            Environment::production(),
            by,
            published,
            &|_, _| Ok(None),
        )
    }

    const IMPORTED: &str = "source: {format: openai, id: pmpt_1, version: '6'}";

    fn resolve(catalog: &Catalog, id: &str, version: Option<&str>, pinned: PinPolicy) -> String {
        let asked = PromptRequest {
            id: id.to_owned(),
            version: version.map(str::to_owned),
            variables: Object::new(),
        };
        match catalog.resolve(&asked, pinned) {
            Ok(Resolved::Live {
                prompt,
                environment,
                instead_of,
            }) => format!(
                "{} {} in {environment}{}",
                prompt.loaded.name,
                prompt.loaded.version(),
                instead_of.map_or_else(String::new, |it| format!(" instead of {it}"))
            ),
            Ok(Resolved::Version(name, version)) => format!("{name}@{version}"),
            Ok(Resolved::Imported {
                name,
                id,
                number,
                candidates,
            }) => {
                format!("{name} from {id} {number} among {}", candidates.len())
            }
            Err(problem) => format!("{} {}", problem.status, problem.reason()),
        }
    }

    #[test]
    fn a_call_gets_what_is_live_where_it_asks() {
        let catalog = catalog(
            &[
                ("production", prompt("a", 3, IMPORTED)),
                ("staging", prompt("a", 5, IMPORTED)),
                ("staging", prompt("b", 1, "")),
            ],
            &[("a", &[1, 3, 5]), ("b", &[1]), ("c", &[1])],
        )
        .unwrap();
        for (id, version, expected) in [
            ("pmpt_1", None, "a v3 in production"),
            ("a", None, "a v3 in production"),
            ("a", Some("production"), "a v3 in production"),
            ("pmpt_1", Some("staging"), "a v5 in staging"),
            ("a", Some("1"), "a@v1"),
            ("a", Some("3"), "a v3 in production"),
            ("a", Some("2"), "404 prompt_version_not_found"),
            ("a", Some("0"), "404 prompt_version_not_found"),
            ("a", Some("latest"), "404 prompt_version_not_found"),
            ("pmpt_1", Some("6"), "a from pmpt_1 6 among 3"),
            ("b", None, "404 prompt_not_live"),
            ("b", Some("1"), "404 prompt_not_live"),
            ("c", None, "404 prompt_not_live"),
            ("d", None, "404 not_found"),
            ("pmpt_2", None, "404 not_found"),
            ("../a", None, "404 not_found"),
        ] {
            assert_eq!(
                resolve(&catalog, id, version, PinPolicy::Exact),
                expected,
                "{id} {version:?}"
            );
        }
        assert_eq!(
            resolve(&catalog, "pmpt_1", Some("6"), PinPolicy::Live),
            "a v3 in production instead of 6"
        );
    }

    #[test]
    fn two_prompts_with_one_id_are_refused() {
        let failure = catalog(
            &[
                ("production", prompt("a", 1, IMPORTED)),
                ("production", prompt("b", 1, IMPORTED)),
            ],
            &[],
        )
        .unwrap_err();
        assert_eq!(failure.code, Some(code::SHARED_ID));
        insta::assert_snapshot!(failure.message, @"b and a both answer for pmpt_1 in production, and a gateway would have to guess");
        // The same id in two environments is one prompt seen twice.
        assert!(
            catalog(
                &[
                    ("production", prompt("a", 1, IMPORTED)),
                    ("staging", prompt("b", 1, IMPORTED))
                ],
                &[]
            )
            .is_ok()
        );
    }
}

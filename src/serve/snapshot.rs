//! Snapshots: what is live, read from git or from a file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::catalog::{Catalog, Prompts};
use crate::error::Failure;
use crate::execute::{Places, Prepared, stored_prompt_in};
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::document::{Object, parse};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::template::{Partial, Partials};
use crate::prompt::version::Version;
use crate::releases::{State, Store};

/// The largest snapshot, in bytes.
const MAX_SNAPSHOT: u64 = 512_000_000;

/// Opens the repository, with its configuration as it is now.
pub type Open = Arc<dyn Fn() -> Result<Store, Failure> + Send + Sync>;

/// Where prompts come from.
#[derive(Clone)]
pub enum Source {
    /// A repository.
    Git {
        open: Open,
        /// The program and arguments that bring what the remote has; none where there is no remote.
        fetch: Option<Vec<std::ffi::OsString>>,
    },
    /// A file that `get --all --versions` printed.
    File(PathBuf),
}

/// A snapshot, with what `--snapshot` knows beyond what is live.
pub(super) struct Snapshot {
    pub(super) catalog: Catalog,
    /// The published versions that are not live, where they need not be read from git.
    pub(super) versions: HashMap<(PromptName, Version), Arc<Prepared>>,
}

/// What snapshots are made for.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) environment: Environment,
    /// `OPENAI_PROMPT_ID_…`.
    pub(super) stored_prompts: BTreeMap<String, String>,
}

type Live = BTreeMap<Environment, Prompts>;
type Published = BTreeMap<PromptName, BTreeSet<Version>>;

impl Source {
    /// Reads what is live now. `None` where it is what it was before.
    ///
    /// # Errors
    /// The repository or the file cannot be read, or what is live is not sound.
    pub(super) fn read(
        &self,
        wanted: &Wanted,
        before: Option<&Snapshot>,
    ) -> Result<Option<Snapshot>, Failure> {
        match self {
            Self::Git { open, .. } => load_from_git(&open()?, wanted, before),
            Self::File(path) => load_from_file(path, wanted, before),
        }
    }

    /// A published version that is not live.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn version(&self, name: &PromptName, version: Version) -> Result<Prepared, Failure> {
        match self {
            Self::Git { open, .. } => {
                let store = open()?;
                let loaded = store.load(&Reference {
                    name: name.clone(),
                    selector: Selector::Version(version),
                })?;
                Prepared::new(&store, loaded)
            }
            Self::File(_) => Err(Failure::new(
                code::UNKNOWN_VERSION,
                format!("the snapshot does not hold {name}@{version}"),
            )
            .hint("promptctl get --all --versions --format json makes one that does")),
        }
    }
}

fn load_from_git(
    store: &Store,
    wanted: &Wanted,
    before: Option<&Snapshot>,
) -> Result<Option<Snapshot>, Failure> {
    store.require_releases()?;
    let mut overview = store.overview()?;
    if let Some(failure) = overview.failures.drain(..).next() {
        return Err(failure);
    }
    let mut environments: BTreeSet<Environment> =
        store.settings().environments.iter().cloned().collect();
    environments.insert(wanted.environment.clone());
    environments.extend(
        overview
            .states
            .values()
            .flat_map(|states| states.keys().cloned()),
    );
    let active = |environment: &Environment| {
        let live =
            overview
                .states
                .iter()
                .filter_map(|(name, states)| match states.get(environment) {
                    Some(State::Live(active)) => {
                        Some((name.clone(), (active.version, active.digest.to_string())))
                    }
                    _ => None,
                });
        live.collect::<BTreeMap<PromptName, (Version, String)>>()
    };
    let wanted_live: BTreeMap<Environment, BTreeMap<PromptName, (Version, String)>> = environments
        .into_iter()
        .map(|environment| {
            let active = active(&environment);
            (environment, active)
        })
        .collect();
    let published: Published = overview
        .published
        .iter()
        .map(|(name, versions)| (name.clone(), versions.iter().copied().collect()))
        .collect();
    let id = id_of(&wanted_live, &published);
    if before.is_some_and(|before| before.catalog.id == id) {
        return Ok(None);
    }
    // What is live in two environments, or was live before, is read once.
    let mut known: HashMap<(PromptName, String), Arc<Prepared>> = HashMap::new();
    for prompt in before.into_iter().flat_map(|before| before.catalog.all()) {
        let key = (
            prompt.loaded.name.clone(),
            prompt.loaded.digest().to_string(),
        );
        known.insert(key, Arc::clone(prompt));
    }
    let mut live = Live::new();
    for (environment, wanted) in wanted_live {
        let missing: Vec<&PromptName> = wanted
            .iter()
            .filter(|(name, (_, digest))| !known.contains_key(&((*name).clone(), digest.clone())))
            .map(|(name, _)| name)
            .collect();
        let read = store.each_name(&missing, |store, name| {
            Prepared::new(store, store.load_active(name, &environment)?)
        })?;
        for prompt in read {
            let prompt = prompt?;
            let key = (
                prompt.loaded.name.clone(),
                prompt.loaded.digest().to_string(),
            );
            known.insert(key, Arc::new(prompt));
        }
        let prompts = wanted.into_iter().filter_map(|(name, (_, digest))| {
            let prompt = known.get(&(name.clone(), digest))?;
            Some((name, Arc::clone(prompt)))
        });
        live.insert(environment, prompts.collect());
    }
    let catalog = catalog(id, wanted, live, published)?;
    Ok(Some(Snapshot {
        catalog,
        versions: HashMap::new(),
    }))
}

fn catalog(
    id: String,
    wanted: &Wanted,
    live: Live,
    published: Published,
) -> Result<Catalog, Failure> {
    let environments: Vec<Environment> = live.keys().cloned().collect();
    let names: Vec<PromptName> = live
        .values()
        .flat_map(|prompts| prompts.keys().cloned())
        .collect();
    let names = || names.clone();
    let places = Places {
        variables: &wanted.stored_prompts,
        environments: &environments,
        names: &names,
    };
    let other = |environment: &Environment, prompt: &Prepared| {
        let stored = stored_prompt_in(&prompt.loaded, Some(environment), &places)?;
        Ok(stored.map(|stored| stored.id))
    };
    Catalog::new(id, wanted.environment.clone(), live, published, &other)
}

/// What tells a snapshot from others, in twelve digits.
fn id_of(
    live: &BTreeMap<Environment, BTreeMap<PromptName, (Version, String)>>,
    published: &Published,
) -> String {
    let mut hash = Sha256::new();
    for (environment, prompts) in live {
        for (name, (version, digest)) in prompts {
            hash.update(format!("{environment} {name} {version} {digest}\n"));
        }
    }
    for (name, versions) in published {
        for version in versions {
            hash.update(format!("{name} {version}\n"));
        }
    }
    short_hex(&hash.finalize())
}

fn short_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn load_from_file(
    path: &Path,
    wanted: &Wanted,
    before: Option<&Snapshot>,
) -> Result<Option<Snapshot>, Failure> {
    let bad = |message: String| {
        Failure::new(code::BAD_SNAPSHOT, message)
            .at(path.display().to_string())
            .hint("promptctl get --all --versions --env production --format json > prompts.json makes one")
    };
    let bytes = content(path).map_err(|why| bad(format!("the snapshot cannot be read: {why}")))?;
    let id = short_hex(&Sha256::digest(&bytes));
    if before.is_some_and(|before| before.catalog.id == id) {
        return Ok(None);
    }
    // Entry by entry: as values all together would take ten times the room of the text.
    let snapshot: BTreeMap<String, &RawValue> = serde_json::from_slice(&bytes)
        .map_err(|error| bad(format!("the snapshot is not JSON: {error}")))?;
    let field =
        |key: &str| -> Option<Value> { serde_json::from_str(snapshot.get(key)?.get()).ok() };
    if field("schema") != Some(Value::from(1)) {
        return Err(bad(
            "the snapshot is of a version that is not known".to_owned()
        ));
    }
    let environment: Environment = field("environment")
        .and_then(|it| it.as_str()?.parse().ok())
        .ok_or_else(|| bad("the snapshot names no environment".to_owned()))?;
    if environment != wanted.environment {
        return Err(bad(format!(
            "the snapshot is of {environment}, and {} is served",
            wanted.environment
        ))
        .hint(format!("serve it with --env {environment}")));
    }
    let list = |key: &str| -> Option<Vec<&RawValue>> {
        serde_json::from_str(snapshot.get(key)?.get()).ok()
    };
    let read = |entries: Vec<&RawValue>| {
        let entry = |entry: &RawValue| {
            let entry: Value = serde_json::from_str(entry.get())
                .map_err(|error| bad(format!("the snapshot is not JSON: {error}")))?;
            prompt_of(&entry).map_err(&bad)
        };
        let read = entries.into_iter().map(entry);
        read.collect::<Result<Vec<Arc<Prepared>>, Failure>>()
    };
    let Some(live) = list("prompts") else {
        return Err(bad("the snapshot has no list of prompts".to_owned()));
    };
    let mut published = Published::new();
    let mut versions = HashMap::new();
    let mut prompts = BTreeMap::new();
    for prompt in read(live)? {
        let loaded = &prompt.loaded;
        published
            .entry(loaded.name.clone())
            .or_default()
            .insert(loaded.version());
        prompts.insert(loaded.name.clone(), prompt);
    }
    for prompt in read(list("versions").unwrap_or_default())? {
        let (name, version) = (prompt.loaded.name.clone(), prompt.loaded.version());
        published.entry(name.clone()).or_default().insert(version);
        versions.insert((name, version), prompt);
    }
    let catalog = catalog(id, wanted, Live::from([(environment, prompts)]), published)?;
    Ok(Some(Snapshot { catalog, versions }))
}

/// The content of a regular file that is no larger than a snapshot may be: a device may never end.
fn content(path: &Path) -> Result<Vec<u8>, String> {
    let told = |error: io::Error| error.to_string();
    // Opening a pipe waits for its writer, so it is not opened.
    let data = fs::metadata(path).map_err(told)?;
    if !data.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let too_large = || "it is larger than 512 MB".to_owned();
    if data.len() > MAX_SNAPSHOT {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(told)?;
    let read = file.take(MAX_SNAPSHOT + 1).read_to_end(&mut bytes);
    match read.map_err(told)? as u64 {
        0..=MAX_SNAPSHOT => Ok(bytes),
        // It grew meanwhile.
        _ => Err(too_large()),
    }
}

/// One prompt of a snapshot, its content compared with its digest.
fn prompt_of(entry: &Value) -> Result<Arc<Prepared>, String> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let name: PromptName = text("name")
        .and_then(|text| text.parse().ok())
        .ok_or("a prompt of the snapshot has no name")?;
    let lacks = |key: &str| format!("{name} lacks `{key}`");
    let path = text("path").ok_or_else(|| lacks("path"))?;
    let document = entry.get("document").ok_or_else(|| lacks("document"))?;
    // JSON is YAML.
    let source = document.to_string();
    let document = parse(&source).map_err(|findings| {
        let first = findings
            .first()
            .map_or("it is not valid", |finding| finding.message.as_str());
        format!("{name}: {first}")
    })?;
    let partials = entry.get("partials").and_then(Value::as_array);
    let partials: Partials = partials
        .into_iter()
        .flatten()
        .filter_map(|partial| {
            let name = partial.get("name")?.as_str()?;
            let text = partial.get("text")?.as_str()?.to_owned();
            Some((
                name.to_owned(),
                Partial {
                    text,
                    path: format!("_{name}.hbs"),
                },
            ))
        })
        .collect();
    let attachments: &Object = &entry
        .get("attachments")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let attachments = attachments
        .iter()
        .filter_map(|(path, url)| Some((path.clone(), url.as_str()?.to_owned())))
        .collect();
    let place = (
        text("commit").map(str::to_owned),
        text("blob").unwrap_or_default().to_owned(),
    );
    let loaded = Loaded::from_snapshot(
        name.clone(),
        path.to_owned(),
        place,
        source,
        (document, partials),
    );
    if Some(loaded.digest().as_str()) != text("digest") {
        return Err(format!("the content of {name} is not what its digest says"));
    }
    Prepared::with_attachments(loaded, attachments)
        .map(Arc::new)
        .map_err(|failure| format!("{name}: {}", failure.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wanted() -> Wanted {
        Wanted {
            environment: Environment::production(),
            stored_prompts: BTreeMap::new(),
        }
    }

    fn read(text: &str) -> Result<Option<Snapshot>, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prompts.json");
        std::fs::write(&path, text).unwrap();
        load_from_file(&path, &wanted(), None)
    }

    #[test]
    fn a_device_or_a_file_without_end_is_no_snapshot() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large.json");
        let file = fs::File::create(&large).unwrap();
        file.set_len(MAX_SNAPSHOT + 1).unwrap();
        let no_file = "the snapshot cannot be read: it is not a regular file";
        let mut wrong = vec![(folder.path().to_owned(), no_file)];
        wrong.push((
            large,
            "the snapshot cannot be read: it is larger than 512 MB",
        ));
        let device = Path::new("/dev/full");
        if device.exists() {
            wrong.push((device.to_owned(), no_file));
        }
        for (path, message) in wrong {
            let failure = load_from_file(&path, &wanted(), None).err().unwrap();
            assert_eq!(failure.code, Some(code::BAD_SNAPSHOT));
            assert_eq!(failure.message, message);
        }
    }

    #[test]
    fn a_file_that_is_no_snapshot_is_told_by_what_is_wrong() {
        let digest = "0".repeat(64);
        let prompt = |document: Value| {
            json!({"schema": 1, "environment": "production", "prompts": [
                {"name": "a", "path": "prompts/a.prompt.yml", "blob": "", "digest": digest, "document": document}
            ]})
        };
        let messages = json!({"messages": [{"role": "user", "content": "hi"}]});
        let refused = [
            "{".to_owned(),
            json!({"schema": 2}).to_string(),
            json!({"schema": 1}).to_string(),
            json!({"schema": 1, "environment": "staging", "prompts": []}).to_string(),
            json!({"schema": 1, "environment": "production"}).to_string(),
            prompt(messages).to_string(),
            prompt(json!({})).to_string(),
        ]
        .map(|text| {
            let failure = read(&text).err().unwrap();
            assert_eq!(failure.code, Some(code::BAD_SNAPSHOT), "{text}");
            failure.message
        });
        insta::assert_snapshot!(refused.join("\n"), @"
    the snapshot is not JSON: EOF while parsing an object at line 1 column 1
    the snapshot is of a version that is not known
    the snapshot names no environment
    the snapshot is of staging, and production is served
    the snapshot has no list of prompts
    the content of a is not what its digest says
    a: the prompt has no messages
    ");
        assert!(
            read(&json!({"schema": 1, "environment": "production", "prompts": []}).to_string())
                .unwrap()
                .is_some()
        );
    }
}

//! Settings: flags over environment over files over defaults, resolved once.
//!
//! This is the only place that reads the environment. What decides where a secret goes comes from
//! the user's own configuration or the environment, never from the repository.

mod changes;
mod environ;
mod limits;
mod policy;
mod user;

use std::path::Path;

use serde_json::Value;

use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::code::Code;
use crate::prompt::document::parse_value;
use crate::prompt::hint::Hint;
use crate::prompt::lint::{Level, Levels};
use crate::prompt::name::{Environment, nearest};
use crate::prompt::remote::RemoteName;

pub use changes::Change;
pub use environ::Environ;
pub use limits::{Budgets, CacheConfig, LogConfig, OnExceed};
pub use policy::{Policy, read_share};
pub use user::{Api, CallerKey, KeySource, ProviderConfig, UserConfig};

pub use crate::prompt::CONFIG_FILE;

/// What `promptctl.yaml` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `roots:`, the folders that hold prompts.
    pub roots: Vec<String>,
    /// The one of them that the file names first: new prompts go there.
    pub first_root: String,
    /// `tagPrefix:`, what the names of all tags begin with.
    pub tag_prefix: String,
    /// `remote:`, the remote that says what is live.
    pub remote: Option<RemoteName>,
    /// `environments:`, in the order of the file.
    pub environments: Vec<(Environment, Policy)>,
    /// `allowedSigners:`, the file of the keys whose signatures count.
    pub allowed_signers: Option<String>,
    /// `log:`.
    pub log: LogConfig,
    /// `budgets:`.
    pub budgets: Budgets,
    /// `cache:`.
    pub cache: CacheConfig,
    /// `lint:`, how severe rules are.
    pub lint: Levels,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            roots: vec!["prompts".to_owned()],
            first_root: "prompts".to_owned(),
            tag_prefix: "prompts/".to_owned(),
            remote: None,
            environments: vec![(Environment::production(), Policy::default())],
            allowed_signers: None,
            log: LogConfig::default(),
            budgets: Budgets::default(),
            cache: CacheConfig::default(),
            lint: Levels::default(),
        }
    }
}

const KEYS: [&str; 9] = [
    "roots",
    "tagPrefix",
    "remote",
    "environments",
    "allowedSigners",
    "log",
    "budgets",
    "cache",
    "lint",
];

/// Keys that only the user's own configuration may have: they decide where a secret goes, or run a program.
const USER_KEYS: [&str; 5] = [
    "providers",
    "apiKeyCommand",
    "baseUrl",
    "apiKeyVariable",
    "prices",
];

impl Config {
    /// Reads the configuration at the top of a repository; the defaults where there is none.
    ///
    /// # Errors
    /// The file cannot be read, or says something that cannot be.
    pub fn in_repository(top: &Path) -> Result<Self, Failure> {
        let path = top.join(CONFIG_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::from_io(
                code::BAD_CONFIG,
                format!("{CONFIG_FILE} could not be read"),
                error,
            )
            .at(CONFIG_FILE)),
        }
    }

    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// It is not YAML, or says something that cannot be.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        if is_blank(text) {
            return Ok(Self::default());
        }
        let value = parse_value(text).map_err(|finding| {
            let mut failure = Failure::from(finding.in_file(CONFIG_FILE));
            failure.code = Some(code::BAD_CONFIG);
            failure
        })?;
        let mut config = Self::default();
        let Value::Object(map) = value else {
            return Err(bad(
                "the configuration is not a map",
                "write `roots: [prompts]`, for example",
            ));
        };
        for (key, value) in &map {
            config.set(key, value).map_err(|mut failure| {
                failure.location = failure.location.map(|place| match line_of(text, key) {
                    Some(line) => format!("{place}:{line}"),
                    None => place,
                });
                failure
            })?;
        }
        Ok(config)
    }

    /// The folders that a configuration file names, whatever else it says: one of another time may
    /// hold keys that are not known here.
    ///
    /// # Errors
    /// It is not YAML, or its `roots` cannot be.
    pub fn roots_of(text: &str) -> Result<Vec<String>, Failure> {
        if is_blank(text) {
            return Ok(Self::default().roots);
        }
        let value =
            parse_value(text).map_err(|finding| Failure::from(finding.in_file(CONFIG_FILE)))?;
        match value.get("roots") {
            Some(value) => roots(value).map(deepest_first),
            None => Ok(Self::default().roots),
        }
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), Failure> {
        match key {
            "roots" => {
                let listed = roots(value)?;
                self.first_root.clone_from(&listed[0]);
                self.roots = deepest_first(listed);
            }
            "tagPrefix" => self.tag_prefix = tag_prefix(value)?,
            "remote" => self.remote = Some(remote(value)?),
            "environments" => self.environments = policy::environments(value)?,
            "allowedSigners" => self.allowed_signers = Some(text(key, value)?),
            "log" => self.log = limits::log(value)?,
            "budgets" => self.budgets = limits::budgets(value)?,
            "cache" => self.cache = limits::cache(value)?,
            "lint" => self.lint = lint(value)?,
            key if USER_KEYS.contains(&key) => {
                return Err(bad(
                    format!("`{key}` may not stand in {CONFIG_FILE}"),
                    "it decides where a secret goes, so it belongs to your own configuration, which no pull request can change",
                ));
            }
            _ => return Err(unknown(key, &KEYS)),
        }
        Ok(())
    }
}

/// Whether a configuration file says nothing.
fn is_blank(text: &str) -> bool {
    text.lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

fn bad(message: impl Into<String>, hint: impl Into<Hint>) -> Failure {
    Failure::new(code::BAD_CONFIG, message)
        .at(CONFIG_FILE)
        .hint(hint)
}

fn unknown(key: &str, known: &[&'static str]) -> Failure {
    let hint = match nearest(key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys are {}", known.join(", ")),
    };
    bad(format!("`{key}` is not a key of the configuration"), hint)
}

fn text(key: &str, value: &Value) -> Result<String, Failure> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| bad(format!("`{key}` wants text"), format!("write {key}: \"…\"")))
}

/// The line on which a key of the outermost map stands.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let is_it = |line: &str| {
        let rest = line.trim_start_matches(['"', '\'']).strip_prefix(key);
        rest.is_some_and(|rest| {
            rest.trim_start_matches(['"', '\''])
                .trim_start()
                .starts_with(':')
        })
    };
    text.lines().position(is_it).map(|at| at + 1)
}

fn remote(value: &Value) -> Result<RemoteName, Failure> {
    let name = text("remote", value)?;
    name.parse().map_err(|fault| {
        bad(
            format!("`remote` is not the name of a remote: {fault}"),
            "write the name that `git remote` shows, such as `remote: origin`",
        )
    })
}

/// The folders in the order of the file; at least one.
fn roots(value: &Value) -> Result<Vec<String>, Failure> {
    let list = match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(list) => list
            .iter()
            .map(|entry| text("roots", entry))
            .collect::<Result<_, _>>()?,
        _ => {
            return Err(bad(
                "`roots` wants a list of folders",
                "write `roots: [prompts]`",
            ));
        }
    };
    let mut roots = Vec::new();
    for root in list {
        let clean = root.trim_end_matches('/').trim_start_matches("./");
        let clean = if clean.is_empty() { "." } else { clean };
        let leaves = clean.starts_with('/')
            || clean.contains(['\\', ':'])
            || clean.split('/').any(|part| part == ".." || part == ".git");
        if leaves {
            return Err(bad(
                format!("the root `{root}` leads out of the repository"),
                "roots are folders below the top of the repository",
            ));
        }
        roots.push(clean.to_owned());
    }
    if roots.is_empty() {
        return Err(bad("`roots` is empty", "write `roots: [prompts]`"));
    }
    Ok(roots)
}

/// The same in the order in which they are asked: a prompt belongs to the deepest root that holds it.
fn deepest_first(mut roots: Vec<String>) -> Vec<String> {
    roots.sort_by_key(|root| {
        std::cmp::Reverse(if root == "." {
            0
        } else {
            root.split('/').count()
        })
    });
    roots.dedup();
    roots
}

fn tag_prefix(value: &Value) -> Result<String, Failure> {
    let prefix = text("tagPrefix", value)?;
    let prefix = format!("{}/", prefix.trim_end_matches('/'));
    let fine = prefix.trim_end_matches('/').split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('-')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    });
    if fine {
        Ok(prefix)
    } else {
        Err(bad(
            "`tagPrefix` is not a prefix of tags",
            "letters, digits, `-` and `_`, joined by `/`, such as `prompts/`",
        ))
    }
}

fn lint(value: &Value) -> Result<Levels, Failure> {
    let example = "write `lint: {P105: error, P115: off}`";
    let Value::Object(map) = value else {
        return Err(bad("`lint` wants a map of codes", example));
    };
    let mut levels = Levels::default();
    for (name, value) in map {
        let code = Code::find(name)
            .ok_or_else(|| bad(format!("`lint.{name}` is not a code"), Hint::FindCode))?;
        let level = value
            .as_str()
            .and_then(Level::find)
            .ok_or_else(|| bad(format!("`lint.{name}` is error, warning or off"), example))?;
        if !levels.set(code, level) {
            return Err(bad(
                format!("{code} cannot be configured"),
                Hint::Explain(code),
            ));
        }
    }
    Ok(levels)
}

//! Settings: flags over environment over files over defaults, resolved once.
//!
//! This is the only place that reads the environment. What decides where a secret goes comes from
//! the user's own configuration or the environment, never from the repository.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Failure;
use crate::openai::key::ApiKey;
use crate::prompt::code;
use crate::prompt::code::Code;
use crate::prompt::document::parse_value;
use crate::prompt::lint::{Level, Levels};
use crate::prompt::name::{Environment, nearest};
use crate::record::privacy::{Keep, Privacy};

/// The repository's configuration file, at its top.
pub const FILE_NAME: &str = "promptctl.yaml";

/// What the process was started with.
#[derive(Debug, Clone, Default)]
pub struct Environ {
    /// `PROMPTCTL_EDITOR`, `GIT_EDITOR`, `VISUAL` or `EDITOR`.
    pub editor: Option<String>,
    /// Whether `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// Whether `TERM` is `dumb`.
    pub dumb_terminal: bool,
    /// `COLUMNS`, the width of the terminal.
    pub columns: Option<usize>,
    /// `PROMPTCTL_WIDTH`, a width for which tables are laid out also in a pipe.
    pub width: Option<usize>,
    /// `OPENAI_API_KEY`.
    pub openai_api_key: Option<ApiKey>,
    /// `OPENAI_BASE_URL`.
    pub openai_base_url: Option<String>,
    /// `OPENAI_ORG_ID`.
    pub openai_org_id: Option<String>,
    /// `OPENAI_PROJECT_ID`.
    pub openai_project_id: Option<String>,
    /// `SSL_CERT_FILE`, own roots of trust.
    pub ssl_cert_file: Option<PathBuf>,
    /// `PROMPTCTL_LOG`, another place for the execution log.
    pub log: Option<PathBuf>,
    /// `PROMPTCTL_CONFIG`, or `promptctl/config.yaml` in the user's configuration folder.
    pub user_config: Option<PathBuf>,
    /// `GITHUB_ACTIONS`, whether this is a job of GitHub's.
    pub is_github_actions: bool,
    /// `GITHUB_BASE_REF` or `CI_MERGE_REQUEST_TARGET_BRANCH_NAME`, the branch that a pull request
    /// goes to.
    pub base_branch: Option<String>,
    /// `PROMPTCTL_NOW`, a time that stands for now, for tests and demonstrations.
    pub now: Option<jiff::Timestamp>,
}

impl Environ {
    /// Reads the environment of this process.
    #[allow(clippy::disallowed_methods)]
    pub fn read() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let path = |name: &str| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let config_home = path("XDG_CONFIG_HOME")
            .or_else(|| path("APPDATA"))
            .or_else(|| path("HOME").map(|home| home.join(".config")));
        Self {
            editor: ["PROMPTCTL_EDITOR", "GIT_EDITOR", "VISUAL", "EDITOR"]
                .into_iter()
                .find_map(text),
            no_color: text("NO_COLOR").is_some(),
            dumb_terminal: text("TERM").as_deref() == Some("dumb"),
            columns: text("COLUMNS").and_then(|value| value.parse().ok()),
            width: text("PROMPTCTL_WIDTH").and_then(|value| value.parse().ok()),
            openai_api_key: key_in("OPENAI_API_KEY"),
            openai_base_url: text("OPENAI_BASE_URL"),
            openai_org_id: text("OPENAI_ORG_ID"),
            openai_project_id: text("OPENAI_PROJECT_ID"),
            ssl_cert_file: path("SSL_CERT_FILE"),
            log: path("PROMPTCTL_LOG"),
            user_config: path("PROMPTCTL_CONFIG")
                .or_else(|| config_home.map(|home| home.join("promptctl/config.yaml"))),
            is_github_actions: text("GITHUB_ACTIONS").as_deref() == Some("true"),
            base_branch: ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"]
                .into_iter()
                .find_map(text),
            now: text("PROMPTCTL_NOW").and_then(|value| value.parse().ok()),
        }
    }

    /// The folder that the process was started in.
    ///
    /// # Errors
    /// It was removed.
    pub fn current_dir() -> Result<PathBuf, Failure> {
        env::current_dir().map_err(|error| {
            Failure::new(
                code::NO_REPOSITORY,
                format!("the current folder cannot be used: {error}"),
            )
            .hint("cd into a folder that exists, or name one with -C DIR")
        })
    }

    /// The arguments of this process.
    pub fn arguments() -> Vec<OsString> {
        env::args_os().collect()
    }

    /// The path of the running program, which `demo` starts as a person would.
    ///
    /// # Errors
    /// The system cannot tell.
    pub fn program() -> Result<PathBuf, Failure> {
        env::current_exe().map_err(|error| {
            Failure::new(
                code::NO_REPOSITORY,
                format!("the path of this program is not known: {error}"),
            )
        })
    }
}

/// What `promptctl.yaml` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `roots:`, the folders that hold prompts.
    pub roots: Vec<String>,
    /// `tagPrefix:`, what the names of all tags begin with.
    pub tag_prefix: String,
    /// `remote:`, the remote that says what is live.
    pub remote: Option<String>,
    /// `environments:`, in the order of the file.
    pub environments: Vec<(Environment, Policy)>,
    /// `log:`.
    pub log: Privacy,
    /// `lint:`, how severe rules are.
    pub lint: Levels,
}

/// What must hold before something is released to an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// `requireBranch:`, the branch that must hold what is published.
    pub require_branch: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            roots: vec!["prompts".to_owned()],
            tag_prefix: "prompts/".to_owned(),
            remote: None,
            environments: vec![(Environment::production(), Policy::default())],
            log: Privacy::default(),
            lint: Levels::default(),
        }
    }
}

const KEYS: [&str; 6] = [
    "roots",
    "tagPrefix",
    "remote",
    "environments",
    "log",
    "lint",
];

/// Keys that only the user's own configuration may have: they decide where a secret goes, or run a program.
const USER_KEYS: [&str; 4] = ["providers", "apiKeyCommand", "baseUrl", "apiKeyVariable"];

impl Config {
    /// Reads the configuration at the top of a repository; the defaults where there is none.
    ///
    /// # Errors
    /// The file cannot be read, or says something that cannot be.
    pub fn of_repository(top: &Path) -> Result<Self, Failure> {
        let path = top.join(FILE_NAME);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::new(
                code::BAD_CONFIG,
                format!("{FILE_NAME} could not be read: {error}"),
            )
            .at(FILE_NAME)),
        }
    }

    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// It is not YAML, or says something that cannot be.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        if text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        {
            return Ok(Self::default());
        }
        let value = parse_value(text).map_err(|finding| {
            let mut failure = Failure::from(finding.in_file(FILE_NAME));
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
            config.set(key, value)?;
        }
        Ok(config)
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), Failure> {
        match key {
            "roots" => self.roots = roots(value)?,
            "tagPrefix" => self.tag_prefix = tag_prefix(value)?,
            "remote" => self.remote = Some(text(key, value)?),
            "environments" => self.environments = environments(value)?,
            "log" => self.log = log(value)?,
            "lint" => self.lint = lint(value)?,
            key if USER_KEYS.contains(&key) => {
                return Err(bad(
                    format!("`{key}` may not stand in {FILE_NAME}"),
                    "it decides where a secret goes, so it belongs to your own configuration, which no pull request can change",
                ));
            }
            _ => return Err(unknown(key, &KEYS)),
        }
        Ok(())
    }

    /// The policy of an environment.
    pub fn policy(&self, environment: &Environment) -> Policy {
        self.environments
            .iter()
            .find(|(name, _)| name == environment)
            .map(|(_, policy)| policy.clone())
            .unwrap_or_default()
    }
}

fn bad(message: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure::new(code::BAD_CONFIG, message)
        .at(FILE_NAME)
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
    // A prompt belongs to the deepest root that holds it.
    roots.sort_by_key(|root| {
        std::cmp::Reverse(if root == "." {
            0
        } else {
            root.split('/').count()
        })
    });
    roots.dedup();
    if roots.is_empty() {
        return Err(bad("`roots` is empty", "write `roots: [prompts]`"));
    }
    Ok(roots)
}

fn tag_prefix(value: &Value) -> Result<String, Failure> {
    let prefix = text("tagPrefix", value)?;
    let prefix = format!("{}/", prefix.trim_end_matches('/'));
    let fine = prefix.trim_end_matches('/').split('/').all(|part| {
        !part.is_empty()
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

fn environments(value: &Value) -> Result<Vec<(Environment, Policy)>, Failure> {
    let named: Vec<(&str, &Value)> = match value {
        Value::Array(list) => list
            .iter()
            .filter_map(|entry| Some((entry.as_str()?, &Value::Null)))
            .collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, policy)| (name.as_str(), policy))
            .collect(),
        _ => {
            return Err(bad(
                "`environments` wants a list or a map",
                "write `environments: {production: {requireBranch: main}}`",
            ));
        }
    };
    let mut environments = Vec::new();
    for (name, settings) in named {
        let environment = name.parse::<Environment>().map_err(|error| {
            bad(
                error.to_string(),
                "environments are named like `production` or `staging-eu`",
            )
        })?;
        environments.push((environment, policy(settings)?));
    }
    if environments.is_empty() {
        return Err(bad(
            "`environments` is empty",
            "leave it out for `production` alone",
        ));
    }
    Ok(environments)
}

fn policy(value: &Value) -> Result<Policy, Failure> {
    let mut policy = Policy::default();
    let map = match value {
        Value::Null => return Ok(policy),
        Value::Object(map) => map,
        _ => {
            return Err(bad(
                "an environment's settings are a map",
                "write `production: {requireBranch: main}`",
            ));
        }
    };
    for (key, value) in map {
        match key.as_str() {
            "requireBranch" => policy.require_branch = Some(text(key, value)?),
            // A rule that would be ignored is worse than none.
            "requireSigned" | "requireEval" | "from" => {
                return Err(bad(
                    format!("`{key}` cannot be honoured by this version of promptctl"),
                    "remove it, or use a version that checks it: nothing is released under a rule that is not checked",
                ));
            }
            _ => return Err(unknown(key, &["requireBranch"])),
        }
    }
    Ok(policy)
}

fn log(value: &Value) -> Result<Privacy, Failure> {
    let mut privacy = Privacy::default();
    let Value::Object(map) = value else {
        return Err(bad("`log` wants a map", "write `log: {variables: hash}`"));
    };
    for (key, value) in map {
        let keep = value.as_str().and_then(Keep::find).ok_or_else(|| {
            bad(
                format!("`log.{key}` is full, hash or none"),
                "write `log: {variables: hash}`",
            )
        })?;
        match key.as_str() {
            "variables" => privacy.variables = keep,
            "output" => privacy.output = keep,
            _ => return Err(unknown(key, &["variables", "output"])),
        }
    }
    Ok(privacy)
}

fn lint(value: &Value) -> Result<Levels, Failure> {
    let example = "write `lint: {P105: error, P115: off}`";
    let Value::Object(map) = value else {
        return Err(bad("`lint` wants a map of codes", example));
    };
    let mut levels = Levels::default();
    for (name, value) in map {
        let code = Code::find(name).ok_or_else(|| {
            bad(
                format!("`lint.{name}` is not a code"),
                "promptctl explain lists the codes",
            )
        })?;
        let level = value
            .as_str()
            .and_then(Level::find)
            .ok_or_else(|| bad(format!("`lint.{name}` is error, warning or off"), example))?;
        if !levels.set(code, level) {
            return Err(bad(
                format!("{code} cannot be configured"),
                format!("it names what keeps a prompt from being used: promptctl explain {code}"),
            ));
        }
    }
    Ok(levels)
}

/// What the user's own configuration says: providers of models, which the repository may not name.
#[derive(Debug, Clone, Default)]
pub struct UserConfig {
    /// `providers:`, by the prefix of a model.
    pub providers: BTreeMap<String, ProviderConfig>,
}

/// A server of models.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// `baseUrl:`.
    pub base_url: String,
    /// The key itself, read from the variable that `apiKeyVariable:` names.
    pub api_key: Option<ApiKey>,
}

impl UserConfig {
    /// Reads the user's own configuration; empty where there is none.
    ///
    /// # Errors
    /// The file cannot be read, or says something that cannot be.
    pub fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::new(
                code::BAD_CONFIG,
                format!("{} could not be read: {error}", path.display()),
            )),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        let place = path.display().to_string();
        let bad = |message: String| {
            Failure::new(code::BAD_CONFIG, message)
                .at(place.clone())
                .hint("providers: {xai: {baseUrl: \"https://api.x.ai/v1\", apiKeyVariable: XAI_API_KEY}}")
        };
        let value = parse_value(text).map_err(|finding| bad(finding.message))?;
        let mut config = Self::default();
        let providers = match &value {
            Value::Null => return Ok(config),
            Value::Object(map) => {
                if let Some(other) = map.keys().find(|key| *key != "providers") {
                    return Err(bad(format!("`{other}` is not a key of your configuration")));
                }
                map.get("providers").and_then(Value::as_object)
            }
            _ => None,
        };
        let providers = providers.ok_or_else(|| bad("`providers` wants a map".to_owned()))?;
        for (name, settings) in providers {
            let get = |key: &str| settings.get(key).and_then(Value::as_str).map(str::to_owned);
            let base_url = get("baseUrl")
                .ok_or_else(|| bad(format!("the provider {name} has no `baseUrl`")))?;
            let api_key = get("apiKeyVariable").and_then(|variable| key_in(&variable));
            config
                .providers
                .insert(name.clone(), ProviderConfig { base_url, api_key });
        }
        Ok(config)
    }
}

/// The key in an environment variable; none where it is empty or cannot be a key.
#[allow(clippy::disallowed_methods)]
fn key_in(variable: &str) -> Option<ApiKey> {
    env::var(variable)
        .ok()
        .and_then(|value| ApiKey::new(&value).ok())
}

//! The user's own configuration: what decides where a secret goes, which no repository may say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::environ::{Environ, key_in, text_in};
use crate::error::{Exit, Failure};
use crate::openai::address::host_of;
use crate::openai::key::ApiKey;
use crate::openai::prices::OwnPrices;
use crate::openai::provider::DEFAULT_PROVIDER;
use crate::prompt::code;
use crate::prompt::document::parse_value;
use crate::prompt::name::nearest;

const OPENAI_URL: &str = "https://api.openai.com/v1";

const EXAMPLE: &str =
    "providers: {xai: {baseUrl: \"https://api.x.ai/v1\", apiKeyVariable: XAI_API_KEY}}";

/// What the user's own configuration says.
#[derive(Debug, Clone, Default)]
pub struct UserConfig {
    /// `providers:`, by the prefix of a model.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// `prices:`, a file of the user's own prices.
    pub prices: Option<PathBuf>,
    /// `timeout:`, how long a call may take in all.
    pub timeout: Option<Duration>,
    /// `serve.keys:`, the keys of those who call through the gateway.
    pub caller_keys: Vec<CallerKey>,
}

/// A key that callers of the gateway may have. The key itself is not known, only its hash.
#[derive(Debug, Clone, PartialEq)]
pub struct CallerKey {
    /// Who has it.
    pub name: String,
    /// SHA-256 of the key.
    pub sha256: [u8; 32],
    /// What it may: `call`, `read`, `forward`.
    pub may: Vec<String>,
}

/// A server of models.
#[derive(Debug, Clone, Default)]
pub struct ProviderConfig {
    /// `baseUrl:`; only `openai` has one without it.
    pub base_url: Option<String>,
    /// `apiKeyVariable:`, the variable that holds the key.
    pub key_variable: Option<String>,
    /// `apiKeyCommand:`, a shell command that prints the key.
    pub key_command: Option<String>,
}

/// Where an API is, and how to get at its key.
#[derive(Debug, Clone)]
pub struct Api {
    /// The provider that it stands for.
    pub provider: String,
    /// Such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key, or how to get it.
    pub key: KeySource,
    /// The variable that a key is expected in.
    pub key_variable: String,
    /// The header `OpenAI-Organization`; only OpenAI gets it.
    pub organization: Option<String>,
    /// The header `OpenAI-Project`; only OpenAI gets it.
    pub project: Option<String>,
    /// `SSL_CERT_FILE`.
    pub ssl_cert_file: Option<PathBuf>,
    /// How long a call may take in all, where the user says so.
    pub timeout: Option<Duration>,
}

/// A key, or how to get it.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// There is none.
    Absent,
    /// The key itself.
    Key(ApiKey),
    /// A shell command that prints it.
    Command(String),
}

impl UserConfig {
    /// Reads the user's own configuration; empty where there is none.
    ///
    /// # Errors
    /// `P226`: the file cannot be read, or says something that cannot be.
    pub fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::from_io(
                code::BAD_CONFIG,
                "your configuration could not be read",
                error,
            )
            .at(path.display().to_string())),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        Self::parse_text(text, path.parent().unwrap_or(Path::new(".")))
            .map_err(|failure| failure.at(path.display().to_string()))
    }

    fn parse_text(text: &str, folder: &Path) -> Result<Self, Failure> {
        if text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        {
            return Ok(Self::default());
        }
        let value = parse_value(text).map_err(|finding| bad(finding.message))?;
        let Value::Object(map) = value else {
            return Err(bad("your configuration is not a map"));
        };
        let mut config = Self::default();
        for (key, value) in &map {
            match key.as_str() {
                "providers" => config.providers = providers(value)?,
                "prices" => config.prices = Some(folder.join(text_of(key, value)?)),
                "timeout" => config.timeout = Some(timeout(value)?),
                "serve" => config.caller_keys = caller_keys(value)?,
                _ => {
                    let known = ["providers", "prices", "timeout", "serve"];
                    return Err(unknown(key, "your configuration", &known));
                }
            }
        }
        Ok(config)
    }

    /// The user's own prices: from the file that `PROMPTCTL_PRICES` names, or `prices:`.
    ///
    /// # Errors
    /// `P226`: the file cannot be read or is not valid.
    pub fn own_prices(&self, environ: &Environ) -> Result<OwnPrices, Failure> {
        match environ.prices.as_ref().or(self.prices.as_ref()) {
            Some(path) => OwnPrices::load(path),
            None => Ok(OwnPrices::default()),
        }
    }

    /// Where the API of a provider is: from the environment (`OPENAI_BASE_URL`, or `XAI_BASE_URL`
    /// for the provider `xai`), else from this configuration.
    ///
    /// # Errors
    /// - `P310`: the provider is not mapped; the hint holds the lines to add.
    /// - `P226`: the base URL is not one, or holds a password.
    /// - `P301`: the key cannot be one, or OpenAI's is missing.
    pub fn api(&self, provider: &str, environ: &Environ) -> Result<Api, Failure> {
        let is_openai = provider == DEFAULT_PROVIDER;
        let configured = self.providers.get(provider).cloned().unwrap_or_default();
        let base_url = self.base_url(provider, environ)?;
        let key_variable = configured
            .key_variable
            .unwrap_or_else(|| variable(provider, "API_KEY"));
        let key = match (key_in(&key_variable)?, configured.key_command) {
            (Some(key), _) => KeySource::Key(key),
            (None, Some(command)) => KeySource::Command(command),
            (None, None) if is_openai => return Err(no_key(&key_variable)),
            (None, None) => KeySource::Absent,
        };
        Ok(Api {
            provider: provider.to_owned(),
            base_url,
            key,
            key_variable,
            organization: environ.openai_org_id.clone().filter(|_| is_openai),
            project: environ.openai_project_id.clone().filter(|_| is_openai),
            ssl_cert_file: environ.ssl_cert_file.clone(),
            timeout: self.timeout,
        })
    }

    /// The same API with the key of another variable of the environment.
    ///
    /// # Errors
    /// `P301`: the variable is empty or cannot hold a key.
    pub fn api_with_key(
        &self,
        provider: &str,
        key_variable: &str,
        environ: &Environ,
    ) -> Result<Api, Failure> {
        let key = key_in(key_variable)?.ok_or_else(|| no_key(key_variable))?;
        let mut config = self.clone();
        let provider_config = config.providers.entry(provider.to_owned()).or_default();
        provider_config.key_variable = Some(key_variable.to_owned());
        Ok(Api {
            key: KeySource::Key(key),
            // The key says which project is meant.
            project: None,
            ..config.api(provider, environ)?
        })
    }

    /// The address and the key's variable of a provider, for showing a request without a key.
    ///
    /// # Errors
    /// - `P310`: the provider is not mapped.
    /// - `P226`: the base URL is not one, or holds a password.
    pub fn address(&self, provider: &str, environ: &Environ) -> Result<(String, String), Failure> {
        let configured = self.providers.get(provider);
        let key_variable = configured
            .and_then(|it| it.key_variable.clone())
            .unwrap_or_else(|| variable(provider, "API_KEY"));
        Ok((self.base_url(provider, environ)?, key_variable))
    }

    fn base_url(&self, provider: &str, environ: &Environ) -> Result<String, Failure> {
        let is_openai = provider == DEFAULT_PROVIDER;
        let base_url = if is_openai {
            environ.openai_base_url.clone()
        } else {
            text_in(&variable(provider, "BASE_URL"))
        };
        let configured = self.providers.get(provider);
        let base_url = base_url
            .or_else(|| configured?.base_url.clone())
            .or_else(|| is_openai.then(|| OPENAI_URL.to_owned()))
            .ok_or_else(|| unmapped(provider, environ))?;
        host_of(&base_url)?;
        Ok(base_url.trim().to_owned())
    }
}

/// `timeout: 300`, in whole seconds up to a day.
fn timeout(value: &Value) -> Result<Duration, Failure> {
    value
        .as_u64()
        .filter(|seconds| (1..=86_400).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| {
            let message = "`timeout` wants a number of seconds from 1 to 86400";
            Failure::new(code::BAD_CONFIG, message).hint("write `timeout: 300`")
        })
}

/// `XAI_API_KEY` for the provider `xai`.
fn variable(provider: &str, ending: &str) -> String {
    let name: String = provider
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    format!("{name}_{ending}")
}

fn no_key(variable: &str) -> Failure {
    Failure::new(code::NO_KEY, format!("no API key: {variable} is not set"))
        .exit(Exit::Denied)
        .hint(format!("export {variable}=…"))
}

fn unmapped(provider: &str, environ: &Environ) -> Failure {
    let file = environ.user_config.as_ref().map_or_else(
        || "promptctl/config.yaml".to_owned(),
        |path| path.display().to_string(),
    );
    let key = variable(provider, "API_KEY");
    let url = variable(provider, "BASE_URL");
    Failure::new(
        code::UNKNOWN_PROVIDER,
        format!("the provider {provider} is not configured"),
    )
    .hint(format!(
        "add to {file}: providers: {{{provider}: {{baseUrl: \"https://…/v1\", apiKeyVariable: {key}}}}}"
    ))
    .hint(format!("or export {url}=https://…/v1 and {key}=…"))
    .hint("the repository may not say where a key is sent, so this belongs to your own configuration")
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(code::BAD_CONFIG, message).hint(EXAMPLE)
}

fn unknown(key: &str, of: &str, known: &[&'static str]) -> Failure {
    let failure = Failure::new(code::BAD_CONFIG, format!("`{key}` is not a key of {of}"));
    match nearest(key, known.iter().copied()) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(format!("the keys are {}", known.join(", "))),
    }
}

fn text_of(key: &str, value: &Value) -> Result<String, Failure> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| bad(format!("`{key}` wants text")))
}

/// `serve: {keys: [{name: web, sha256: …, may: [call]}]}`.
fn caller_keys(value: &Value) -> Result<Vec<CallerKey>, Failure> {
    const EXAMPLE: &str = "write `serve: {keys: [{name: web, sha256: …, may: [call]}]}`; printf %s KEY | sha256sum gives the hash";
    let wrong = |what: String| Failure::new(code::BAD_CONFIG, what).hint(EXAMPLE);
    let list = value.get("keys").and_then(Value::as_array);
    let Some(list) = list.filter(|_| value.as_object().is_some_and(|map| map.len() == 1)) else {
        return Err(wrong("`serve` wants a map with `keys`".to_owned()));
    };
    list.iter()
        .map(|entry| {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
            let name = text("name");
            let is_plain = !name.is_empty() && !name.contains(char::is_control);
            if !is_plain {
                return Err(wrong("a key of `serve.keys` has no `name`".to_owned()));
            }
            for key in entry.as_object().into_iter().flat_map(|map| map.keys()) {
                if !["name", "email", "sha256", "may"].contains(&key.as_str()) {
                    return Err(unknown(
                        key,
                        &format!("the key {name}"),
                        &["name", "email", "sha256", "may"],
                    ));
                }
            }
            let sha256 = bytes_of(text("sha256")).ok_or_else(|| {
                wrong(format!(
                    "the key {name} has no `sha256` of 64 hexadecimal digits"
                ))
            })?;
            let may = entry.get("may").and_then(Value::as_array);
            let may: Vec<String> = may
                .into_iter()
                .flatten()
                .filter_map(|right| Some(right.as_str()?.to_owned()))
                .collect();
            let is_known = |it: &String| ["call", "read", "forward"].contains(&it.as_str());
            if may.is_empty() || may.iter().any(|it| !is_known(it)) {
                return Err(wrong(format!(
                    "`may` of the key {name} is a list of call, read and forward"
                )));
            }
            Ok(CallerKey {
                name: name.to_owned(),
                sha256,
                may,
            })
        })
        .collect()
}

fn bytes_of(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let is_hex = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    for (at, byte) in bytes.iter_mut().enumerate().filter(|_| is_hex) {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    is_hex.then_some(bytes)
}

fn providers(value: &Value) -> Result<BTreeMap<String, ProviderConfig>, Failure> {
    let Value::Object(map) = value else {
        return Err(bad("`providers` wants a map"));
    };
    map.iter()
        .map(|(name, settings)| Ok((name.clone(), provider(name, settings)?)))
        .collect()
}

fn provider(name: &str, settings: &Value) -> Result<ProviderConfig, Failure> {
    let Value::Object(map) = settings else {
        return Err(bad(format!("the provider {name} wants a map")));
    };
    let mut config = ProviderConfig::default();
    for (key, value) in map {
        let slot = match key.as_str() {
            "baseUrl" => &mut config.base_url,
            "apiKeyVariable" => &mut config.key_variable,
            "apiKeyCommand" => &mut config.key_command,
            "apiKey" => {
                return Err(bad(format!("the provider {name} holds a key")).hint(
                    "a key in a file is copied too easily: name its variable, or a command that prints it",
                ));
            }
            _ => {
                return Err(unknown(
                    key,
                    &format!("the provider {name}"),
                    &["baseUrl", "apiKeyVariable", "apiKeyCommand"],
                ));
            }
        };
        *slot = Some(text_of(key, value)?);
    }
    if config.base_url.is_none() && name != DEFAULT_PROVIDER {
        return Err(bad(format!("the provider {name} has no `baseUrl`")));
    }
    Ok(config)
}

#[cfg(test)]
mod tests;

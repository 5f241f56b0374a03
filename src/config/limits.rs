//! `budgets:`, `cache:` and `log:` of the repository's configuration.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{bad, unknown};
use crate::error::Failure;
use crate::prompt::name::PromptName;
use crate::record::privacy::{Keep, Privacy};

/// `log:`, what the execution log keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LogConfig {
    /// `variables:` and `output:`.
    pub privacy: Privacy,
    /// `maxSize:`, the size in bytes from which the log is set aside as an archive.
    pub max_size: Option<u64>,
}

/// `cache:`, the answers that `eval` keeps so as not to pay for them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheConfig {
    /// `true` or `false`, where the file says so.
    pub wanted: Option<bool>,
    /// `maxSize:`, in bytes.
    pub max_size: u64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            wanted: None,
            max_size: 500_000_000,
        }
    }
}

impl CacheConfig {
    /// Whether answers are kept. Where the log may not keep them as they are, neither may the cache,
    /// unless the file says `cache: true`.
    pub fn is_on(&self, log: &LogConfig) -> bool {
        self.wanted.unwrap_or(log.privacy.output == Keep::Full)
    }
}

/// `budgets:`, what may be spent, in US dollars.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Budgets {
    /// `perRun:`, for one run: a call with what is asked again, or a whole batch.
    pub per_run: Option<f64>,
    /// `perDay:`, for all prompts on a day in UTC.
    pub per_day: Option<f64>,
    /// `perPrompt:`, for a prompt on a day in UTC; a name that ends in `/` means all below it.
    pub per_prompt: BTreeMap<String, f64>,
    /// `onExceed:`, what happens then.
    pub on_exceed: OnExceed,
}

/// What happens when a budget is used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnExceed {
    /// A warning.
    #[default]
    Warn,
    /// Nothing is sent.
    Refuse,
}

impl Budgets {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.per_run.is_none() && self.per_day.is_none() && self.per_prompt.is_empty()
    }
}

pub(super) fn log(value: &Value) -> Result<LogConfig, Failure> {
    let mut log = LogConfig::default();
    let Value::Object(map) = value else {
        return Err(bad("`log` wants a map", "write `log: {variables: hash}`"));
    };
    for (key, value) in map {
        match key.as_str() {
            "variables" => log.privacy.variables = keep(key, value)?,
            "output" => log.privacy.output = keep(key, value)?,
            "maxSize" => log.max_size = Some(size("log", value)?),
            _ => return Err(unknown(key, &["variables", "output", "maxSize"])),
        }
    }
    Ok(log)
}

fn keep(key: &str, value: &Value) -> Result<Keep, Failure> {
    value.as_str().and_then(Keep::find).ok_or_else(|| {
        bad(
            format!("`log.{key}` is full, hash or none"),
            "write `log: {variables: hash}`",
        )
    })
}

pub(super) fn cache(value: &Value) -> Result<CacheConfig, Failure> {
    let mut cache = CacheConfig::default();
    let map = match value {
        Value::Bool(wanted) => {
            cache.wanted = Some(*wanted);
            return Ok(cache);
        }
        Value::Object(map) => map,
        _ => {
            return Err(bad(
                "`cache` is true, false or a map",
                "write `cache: {maxSize: 500MB}`, or `cache: false`",
            ));
        }
    };
    for (key, value) in map {
        match key.as_str() {
            "maxSize" => cache.max_size = size("cache", value)?,
            _ => return Err(unknown(key, &["maxSize"])),
        }
    }
    Ok(cache)
}

/// A size in bytes: a number, or a text such as `50MB`.
fn size(outer: &str, value: &Value) -> Result<u64, Failure> {
    const UNITS: [(&str, u64); 4] = [
        ("KB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let of_text = |text: &str| {
        let text = text.trim().to_ascii_uppercase();
        let (number, unit) = UNITS
            .iter()
            .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)))
            .unwrap_or((&text, 1));
        number.trim().parse::<u64>().ok()?.checked_mul(unit)
    };
    let bytes = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => of_text(text),
        _ => None,
    };
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| {
        bad(
            format!("`{outer}.maxSize` is not a size"),
            format!("write `{outer}: {{maxSize: 50MB}}`"),
        )
    })
}

pub(super) fn budgets(value: &Value) -> Result<Budgets, Failure> {
    const KEYS: [&str; 4] = ["perRun", "perDay", "perPrompt", "onExceed"];
    let Value::Object(map) = value else {
        return Err(bad("`budgets` wants a map", "write `budgets: {perDay: 5}`"));
    };
    let mut budgets = Budgets::default();
    for (key, value) in map {
        match key.as_str() {
            "perRun" => budgets.per_run = Some(dollars(key, value)?),
            "perDay" => budgets.per_day = Some(dollars(key, value)?),
            "perPrompt" => budgets.per_prompt = per_prompt(value)?,
            "onExceed" => budgets.on_exceed = on_exceed(value)?,
            _ => return Err(unknown(key, &KEYS)),
        }
    }
    Ok(budgets)
}

fn per_prompt(value: &Value) -> Result<BTreeMap<String, f64>, Failure> {
    let Value::Object(map) = value else {
        return Err(bad(
            "`budgets.perPrompt` wants a map",
            "write `perPrompt: {support/triage: 1}`",
        ));
    };
    map.iter()
        .map(|(name, value)| {
            let prompt = name.strip_suffix('/').unwrap_or(name);
            if let Err(error) = prompt.parse::<PromptName>() {
                return Err(bad(
                    format!(
                        "`budgets.perPrompt` has `{name}`, which is no name of a prompt: {error}"
                    ),
                    "name a prompt, or a folder such as support/",
                ));
            }
            Ok((name.clone(), dollars(name, value)?))
        })
        .collect()
}

fn dollars(key: &str, value: &Value) -> Result<f64, Failure> {
    value
        .as_f64()
        .filter(|amount| *amount >= 0.0)
        .ok_or_else(|| {
            bad(
                format!("the budget `{key}` is not an amount"),
                "write US dollars as a number, such as 0.10",
            )
        })
}

fn on_exceed(value: &Value) -> Result<OnExceed, Failure> {
    match value.as_str() {
        Some("warn") => Ok(OnExceed::Warn),
        Some("refuse") => Ok(OnExceed::Refuse),
        _ => Err(bad(
            "`budgets.onExceed` is warn or refuse",
            "leave it out for warn",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn budgets_and_sizes_are_read() {
        let config = Config::parse(
            "log: {maxSize: 50 MB, output: hash}\nbudgets: {perRun: 0.1, perDay: 5, perPrompt: {support/triage: 1}, onExceed: refuse}\n",
        )
        .unwrap();
        assert_eq!(config.log.max_size, Some(50_000_000));
        assert_eq!(config.log.privacy.output, Keep::Hash);
        assert_eq!(config.budgets.per_run, Some(0.1));
        assert_eq!(config.budgets.per_prompt["support/triage"], 1.0);
        assert_eq!(config.budgets.on_exceed, OnExceed::Refuse);
    }

    #[test]
    fn answers_that_the_log_may_not_keep_are_not_cached_unless_asked_for() {
        for (text, is_on) in [
            ("log: {variables: none}", true),
            ("log: {output: hash}", false),
            ("log: {output: none}\ncache: {maxSize: 1GB}", false),
            ("log: {output: none}\ncache: true", true),
            ("cache: false", false),
        ] {
            let config = Config::parse(text).unwrap();
            assert_eq!(config.cache.is_on(&config.log), is_on, "{text}");
        }
        let config = Config::parse("cache: {maxSize: 2 MB}").unwrap();
        assert_eq!(config.cache.max_size, 2_000_000);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for text in [
            "cache: maybe",
            "cache: {maxSize: 0}",
            "cache: {size: 5}",
            "log: {maxSize: big}",
            "log: {maxSize: 0}",
            "log: {output: some}",
            "budgets: {perDay: -1}",
            "budgets: {perDay: five}",
            "budgets: {per_day: 5}",
            "budgets: {onExceed: stop}",
            "budgets: 5",
        ] {
            assert!(Config::parse(text).is_err(), "{text}");
        }
    }
}

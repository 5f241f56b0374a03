//! Release policies: what `environments:` says of each environment.
//!
//! What a policy wants is read here and judged only where something is published, so that nothing
//! that is wrong with one stands in the way of a rollback.

mod evaluation;

pub use evaluation::read_share;

use std::fmt;

use serde_json::Value;

use super::{Config, bad, text, unknown};
use crate::error::Failure;
use crate::prompt::evidence::EvalRule;
use crate::prompt::hint::Hint;
use crate::prompt::name::{Environment, nearest};

/// What must hold before something is released to an environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// `requireBranch:`, the branch that must hold what is published.
    pub require_branch: Option<String>,
    /// `requireSigned:`, whether releases must be signed by a key of `allowedSigners:`.
    pub require_signed: bool,
    /// `requireEval:`, what a recorded evaluation of this very content must show.
    pub require_eval: Option<EvalRule>,
    /// `from:`, the environment in which a version must be live before it is released here.
    pub from: Option<Environment>,
    /// What of it cannot be read, such as a rule of a newer version, and what to do about it.
    pub unreadable: Option<(String, Hint)>,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            require_branch,
            require_signed,
            require_eval,
            from,
            unreadable,
        } = self;
        let rules = [
            require_branch
                .as_ref()
                .map(|it| format!("requireBranch {it}")),
            require_signed.then(|| "requireSigned".to_owned()),
            require_eval.as_ref().map(EvalRule::to_string),
            from.as_ref().map(|from| format!("from {from}")),
            unreadable.as_ref().map(|(message, _)| message.clone()),
        ];
        let rules: Vec<String> = rules.into_iter().flatten().collect();
        match rules.is_empty() {
            true => f.write_str("no rules"),
            false => f.write_str(&rules.join(", ")),
        }
    }
}

/// How the value of a rule is read.
type Read = fn(&mut Policy, &str, &Value) -> Result<(), Failure>;

/// The rules, by the keys that they have in the file.
const RULES: [(&str, Read); 4] = [
    ("requireBranch", |policy, key, value| {
        policy.require_branch = Some(text(key, value)?);
        Ok(())
    }),
    ("requireSigned", |policy, key, value| {
        policy.require_signed = flag(key, value)?;
        Ok(())
    }),
    ("requireEval", |policy, _, value| {
        policy.require_eval = evaluation::rule(value)?;
        Ok(())
    }),
    ("from", |policy, key, value| {
        policy.from = Some(environment(&text(key, value)?)?);
        Ok(())
    }),
];

impl Config {
    /// The policy of an environment.
    pub fn policy(&self, environment: &Environment) -> Policy {
        self.environments
            .iter()
            .find(|(name, _)| name == environment)
            .map(|(_, policy)| policy.clone())
            .unwrap_or_default()
    }

    /// Why nothing can be published under the policy of an environment, as far as the
    /// configuration itself tells.
    pub fn policy_faults(&self, environment: &Environment) -> Vec<Failure> {
        let Policy {
            // Whether the branch is here is asked of the repository.
            require_branch: _,
            require_signed,
            // What it asks is judged of a content.
            require_eval: _,
            from,
            unreadable,
        } = self.policy(environment);
        let mut faults = Vec::new();
        if let Some((message, hint)) = unreadable {
            faults.push(bad(format!("{environment}: {message}"), hint));
        }
        if require_signed && self.allowed_signers.is_none() {
            faults.push(bad(
                format!("`requireSigned` of {environment} needs the keys whose signatures count"),
                "write `allowedSigners: allowed_signers`, a file in the repository with a line for each person: ada@example.com ssh-ed25519 AAAA…",
            ));
        }
        if let Some(path) = &self.allowed_signers
            && leaves(path)
        {
            faults.push(bad(
                format!("`allowedSigners` leads out of the repository: {path}"),
                "name a file of the repository, so that a change of it is reviewed",
            ));
        }
        if let Some(from) = &from {
            let is_known = self.environments.iter().any(|(name, _)| name == from);
            if from == environment {
                faults.push(bad(
                    format!("`from` of {environment} names {environment} itself"),
                    "name the environment that a version passes through before, such as staging",
                ));
            } else if !is_known {
                let known = self.environments.iter().map(|(name, _)| name.as_str());
                let near = nearest(from.as_str(), known);
                faults.push(bad(
                    format!("`from` of {environment} names {from}, which is no environment here"),
                    match near {
                        Some(near) => format!("did you mean {near}?"),
                        None => format!(
                            "write {from} under `environments:` too, or name one that stands there"
                        ),
                    },
                ));
            }
        }
        faults
    }
}

/// Whether a path can lead out of the repository.
fn leaves(path: &str) -> bool {
    path.starts_with('/')
        || path.contains(['\\', ':', '\0'])
        || path
            .split('/')
            .any(|part| matches!(part, ".." | "." | "" | ".git"))
}

pub(super) fn environments(value: &Value) -> Result<Vec<(Environment, Policy)>, Failure> {
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
        environments.push((environment(name)?, policy(settings)));
    }
    if environments.is_empty() {
        return Err(bad(
            "`environments` is empty",
            "leave it out for `production` alone",
        ));
    }
    Ok(environments)
}

fn environment(name: &str) -> Result<Environment, Failure> {
    name.parse::<Environment>().map_err(|error| {
        bad(
            error.to_string(),
            "environments are named like `production` or `staging-eu`",
        )
    })
}

/// The policy as far as it can be read. What cannot be read is reported where the policy is asked for: it
/// must not stop the commands that ask nothing of it.
fn policy(value: &Value) -> Policy {
    let mut policy = Policy::default();
    match value {
        Value::Null => {}
        Value::Object(map) => {
            for (key, value) in map {
                if let Err(failure) = policy.set(key, value) {
                    policy.note(failure);
                }
            }
        }
        _ => policy.note(bad(
            "the settings of an environment are a map",
            "write `production: {requireBranch: main}`",
        )),
    }
    policy
}

impl Policy {
    /// Keeps the first thing that cannot be read.
    fn note(&mut self, failure: Failure) {
        let hint = failure.hints.into_iter().next().unwrap_or_default();
        self.unreadable.get_or_insert((failure.message, hint));
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), Failure> {
        match RULES.iter().find(|(name, _)| *name == key) {
            Some((_, read)) => read(self, key, value),
            None => Err(unknown(key, &RULES.map(|(name, _)| name))),
        }
    }
}

fn flag(key: &str, value: &Value) -> Result<bool, Failure> {
    value.as_bool().ok_or_else(|| {
        bad(
            format!("`{key}` is true or false"),
            format!("write {key}: true"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_signers_stays_in_the_repository() {
        for path in [
            "../keys",
            "/etc/keys",
            "a/../../b",
            ".git/keys",
            "C:keys",
            "",
            "a//b",
        ] {
            assert!(leaves(path), "{path}");
        }
        for path in ["allowed_signers", ".github/allowed_signers"] {
            assert!(!leaves(path), "{path}");
        }
    }

    /// A rule without a row would be one that nobody can ask for.
    #[test]
    fn every_rule_has_a_row_and_is_told() {
        let value = |key: &str| match key {
            "requireSigned" => "true",
            _ => "main",
        };
        let rules = RULES.map(|(key, _)| format!("{key}: {}", value(key)));
        let text = format!("environments:\n  production: {{{}}}\n", rules.join(", "));
        let policy = Config::parse(&text)
            .unwrap()
            .policy(&"production".parse().unwrap());
        let told = policy.to_string();
        let Policy {
            require_branch,
            require_signed,
            require_eval,
            from,
            unreadable,
        } = policy;
        let is_set = [
            require_branch.is_some(),
            require_signed,
            require_eval.is_some(),
            from.is_some(),
        ];
        assert_eq!((is_set, unreadable), ([true; RULES.len()], None));
        assert!(RULES.iter().all(|(key, _)| told.contains(key)), "{told}");
    }

    #[test]
    fn what_is_wrong_with_a_policy_is_told_of_its_environment_alone() {
        let config = Config::parse(
            "environments:\n  staging: {}\n  production: {requireSigned: true, requireEval: smoke, from: elsewhere, newRule: 1}\n",
        )
        .unwrap();
        let faults = |name: &str| config.policy_faults(&name.parse().unwrap()).len();
        assert_eq!((faults("staging"), faults("production")), (0, 3));
    }
}

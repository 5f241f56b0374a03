//! What a branch changes of the settings that decide what is live and who may release.

use std::fmt::Display;

use super::{Config, Policy, line_of};
use crate::prompt::name::Environment;

/// One setting that is another than before.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// The key of `promptctl.yaml`.
    pub key: &'static str,
    /// What was and what is.
    pub message: String,
}

impl Config {
    /// What is another than in `before` of the settings that releases and checks depend on.
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut add = |key, message| changes.push(Change { key, message });
        if self.remote != before.remote {
            let words = both(before.remote.as_ref(), self.remote.as_ref());
            add(
                "remote",
                format!("`remote`, which says what is live, {words}"),
            );
        }
        if self.tag_prefix != before.tag_prefix {
            let words = both(Some(&before.tag_prefix), Some(&self.tag_prefix));
            add(
                "tagPrefix",
                format!("`tagPrefix`, below which all releases are looked for, {words}"),
            );
        }
        if self.allowed_signers != before.allowed_signers {
            let (old, new) = (&before.allowed_signers, &self.allowed_signers);
            let words = both(old.as_ref(), new.as_ref());
            add(
                "allowedSigners",
                format!("`allowedSigners`, whose signatures count, {words}"),
            );
        }
        if self.lint != before.lint {
            add(
                "lint",
                "`lint`, how severe the rules are, changed".to_owned(),
            );
        }
        if self.log != before.log {
            add(
                "log",
                "`log`, what is kept of each call, changed".to_owned(),
            );
        }
        if self.budgets != before.budgets {
            add(
                "budgets",
                "`budgets`, what may be spent, changed".to_owned(),
            );
        }
        let old = &before.environments;
        for (environment, policy) in &self.environments {
            let words = match of(old, environment) {
                None => format!("the environment {environment} is new, with {policy}"),
                Some(was) if was != policy => {
                    format!("the policy of {environment} was {was} and is {policy}")
                }
                Some(_) => continue,
            };
            add("environments", words);
        }
        for (environment, _) in old {
            if of(&self.environments, environment).is_none() {
                let words = format!("the environment {environment} is no longer declared");
                add("environments", words);
            }
        }
        changes
    }

    /// The line of a settings file on which a key stands.
    pub fn line_of(text: &str, key: &str) -> Option<usize> {
        line_of(text, key)
    }
}

fn of<'a>(all: &'a [(Environment, Policy)], wanted: &Environment) -> Option<&'a Policy> {
    let found = all.iter().find(|(name, _)| name == wanted);
    found.map(|(_, policy)| policy)
}

fn both(before: Option<impl Display>, after: Option<impl Display>) -> String {
    let word = |value: Option<String>| value.unwrap_or_else(|| "not set".to_owned());
    let before = word(before.map(|it| it.to_string()));
    let after = word(after.map(|it| it.to_string()));
    format!("was {before} and is {after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(before: &str, after: &str) -> String {
        let [before, after] = [before, after].map(|text| Config::parse(text).unwrap());
        let changes = after.changes_since(&before);
        let lines: Vec<String> = changes.into_iter().map(|it| it.message).collect();
        lines.join("\n")
    }

    #[test]
    fn what_decides_about_releases_is_told_and_nothing_else() {
        insta::assert_snapshot!(
            changes(
                "environments: {production: {requireBranch: main, requireSigned: true}, staging: {}}\nallowedSigners: keys\nroots: [a]\n",
                "environments: {production: {requireSigned: true}, qa: {from: production}}\nremote: fork\ntagPrefix: other/\nlint: {P026: off}\nroots: [b]\nlog: {output: none}\nbudgets: {perDay: 5}\n",
            ),
            @"
    `remote`, which says what is live, was not set and is fork
    `tagPrefix`, below which all releases are looked for, was prompts/ and is other/
    `allowedSigners`, whose signatures count, was keys and is not set
    `lint`, how severe the rules are, changed
    `log`, what is kept of each call, changed
    `budgets`, what may be spent, changed
    the policy of production was requireBranch main, requireSigned and is requireSigned
    the environment qa is new, with from production
    the environment staging is no longer declared
    "
        );
        assert_eq!(
            changes("", "environments: {production: {}}\n# a comment\n"),
            ""
        );
    }
}

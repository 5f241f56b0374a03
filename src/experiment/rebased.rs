//! The cases of one version of a prompt, for another version to answer.

use std::collections::{BTreeSet, HashSet};

use serde_json::json;

use super::case::{Case, Suite};
use crate::prompt::digest::digest_of;
use crate::prompt::document::Object;

impl Suite {
    /// The same cases for another version of the prompt, which asks for other variables: evaluators
    /// see what they saw, and the template gets what it asks for.
    #[must_use]
    pub fn rebased(&self, asks_for: &dyn Fn(&str) -> bool) -> Self {
        let mut suite = self.clone();
        for case in &mut suite.cases {
            let is_asked = case.variables.names().all(asks_for);
            if is_asked && !case.others.keys().any(|name| asks_for(name)) {
                continue;
            }
            let written = case.variables.get().into_owned().into_iter();
            let written = written.chain(std::mem::take(&mut case.others));
            let (variables, others): (Object, Object) =
                written.partition(|(name, _)| asks_for(name));
            case.files
                .retain(|file| variables.contains_key(&file.variable));
            (case.variables, case.others) = (variables.into(), others);
        }
        suite
    }

    /// The digests of the cases that are asked, as they are written.
    pub fn asked(&self) -> BTreeSet<String> {
        let asked = self.cases.iter().filter(|case| case.skip.is_none());
        asked.map(Case::written).collect()
    }

    /// How many cases that `base` asks are asked no more: they are gone or skipped, or ask or expect
    /// something else.
    pub fn gone_since(&self, base: &Self) -> usize {
        base.asked().difference(&self.asked()).count()
    }

    /// The ids of the cases that `base` does not have: what is asked, or what is expected, is new. A
    /// field that only one of the two prompts has as a variable makes no new case.
    pub fn new_since(&self, base: &Self) -> HashSet<String> {
        let known: HashSet<(&str, String)> = base
            .cases
            .iter()
            .map(|case| (case.id.as_str(), case.content()))
            .collect();
        let written: HashSet<String> = base.cases.iter().map(Case::written).collect();
        let is_known = |case: &&Case| {
            known.contains(&(case.id.as_str(), case.content())) || written.contains(&case.written())
        };
        self.cases
            .iter()
            .filter(|case| !is_known(case))
            .map(|case| case.id.clone())
            .collect()
    }
}

impl Case {
    /// SHA-256 over a case as it is written, whatever of it is a variable of the prompt.
    fn written(&self) -> String {
        let variables = self.variables.get();
        let fields: Object = variables
            .iter()
            .chain(&self.others)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let files: Object = self
            .files
            .iter()
            .map(|file| (file.variable.clone(), file.sha256.clone().into()))
            .collect();
        let whole = json!({
            "fields": fields,
            "files": files,
            "expected": self.expected,
            "evaluators": self.evaluators,
        });
        digest_of(whole).to_string()
    }
}

//! The cases of one version of a prompt, for another version to answer.

use std::collections::HashSet;

use super::case::Suite;
use crate::prompt::document::Object;

impl Suite {
    /// The same cases for another version of the prompt, which asks for other variables: evaluators
    /// see what they saw, and the template gets what it asks for.
    #[must_use]
    pub fn rebased(&self, asks_for: &dyn Fn(&str) -> bool) -> Self {
        let mut suite = self.clone();
        for case in &mut suite.cases {
            let written = std::mem::take(&mut case.variables)
                .into_iter()
                .chain(std::mem::take(&mut case.others));
            let (variables, others): (Object, Object) =
                written.partition(|(name, _)| asks_for(name));
            case.files
                .retain(|file| variables.contains_key(&file.variable));
            (case.variables, case.others) = (variables, others);
        }
        suite
    }

    /// The ids of the cases that `base` does not have: what is asked, or what is expected, is new.
    pub fn new_since(&self, base: &Self) -> HashSet<String> {
        let known: HashSet<(&str, String)> = base
            .cases
            .iter()
            .map(|case| (case.id.as_str(), case.content()))
            .collect();
        self.cases
            .iter()
            .filter(|case| !known.contains(&(case.id.as_str(), case.content())))
            .map(|case| case.id.clone())
            .collect()
    }
}

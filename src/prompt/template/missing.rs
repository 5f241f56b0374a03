//! What is said about a variable without a value.

use super::path::{Path, Start};
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::finding::Finding;
use crate::prompt::name::nearest;

/// Why a path has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It was not given, and a condition may ask for it.
    Optional,
    /// It was not given, and should have been or is not declared.
    Wrong,
    /// It was given as null.
    Null,
    /// `@index` outside of a loop, or a name like it that does not exist.
    NoLoop,
    /// More `../` than there are contexts.
    Outside,
}

/// A path without a value, with what is known about it.
pub(super) struct Missing<'a> {
    pub(super) path: &'a Path,
    pub(super) absence: Absence,
    /// Whether a condition asked for it.
    pub(super) is_condition: bool,
    /// Whether names are looked up in something else than the variables.
    pub(super) is_nested: bool,
    /// All variables.
    pub(super) all: Option<&'a Object>,
}

impl Missing<'_> {
    /// The error for it.
    pub(super) fn finding(&self) -> Finding {
        let raw = &self.path.raw;
        let message = match self.absence {
            Absence::Null => format!("`{raw}` has no value: null was given"),
            Absence::NoLoop => format!("`{raw}` has no value here"),
            Absence::Outside => format!("`{raw}` leads out of the template"),
            Absence::Optional | Absence::Wrong => format!("`{raw}` has no value"),
        };
        Finding::error(code::MISSING_VARIABLE, message)
            .help(self.help())
            .about(raw)
    }

    fn help(&self) -> String {
        match self.absence {
            Absence::NoLoop => {
                return "`@index`, `@key`, `@first` and `@last` have values inside `{{#each}}`"
                    .to_owned();
            }
            Absence::Outside => return "remove a `../`, or begin with `@root.`".to_owned(),
            Absence::Null => {
                return format!(
                    "give a value, or write `{{{{default {} \"…\"}}}}`",
                    self.path.raw
                );
            }
            Absence::Optional | Absence::Wrong => {}
        }
        let segments = &self.path.segments;
        let Some(name) = segments.first() else {
            return "give a value for it".to_owned();
        };
        let is_known = |key: &str| self.all.is_some_and(|all| all.contains_key(key));
        let is_plain = self.path.start == Start::Name && self.path.up == 0;
        if self.is_nested && is_plain && is_known(name) {
            return format!(
                "inside `{{{{#each}}}}` and `{{{{#with}}}}` names are looked up in the item: write `{{{{@root.{}}}}}`",
                segments.join(".")
            );
        }
        let given = self.all.into_iter().flat_map(|all| all.keys());
        let near = nearest(name, given.map(String::as_str)).filter(|near| near != name);
        if let Some(near) = near {
            return format!("`{near}` was given; is it meant?");
        }
        if self.is_condition {
            return format!(
                "pass a value for `{name}`, or declare it in `input.schema.properties` and leave it out of `required`"
            );
        }
        if segments.len() > 1 && is_known(name) {
            return format!("the value given for `{name}` lacks it");
        }
        format!(
            "pass a value for `{name}`, give it a `default` in `input.schema`, or write `{{{{default {} \"…\"}}}}`",
            self.path.raw
        )
    }
}

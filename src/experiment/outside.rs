//! Cases that expect what the schema of the answer does not allow.

use std::collections::BTreeSet;

use serde_json::Value;

use super::case::{Case, Suite};
use super::found::Found;
use super::result::cut;
use crate::prompt::code;
use crate::prompt::document::Document;
use crate::prompt::finding::Finding;
use crate::prompt::name::nearest;

/// How much of a word is shown, in characters.
const SHOWN: usize = 40;

/// Warnings about cases whose `expected` is a word that the field of the answer cannot have. Which
/// field is meant is told by the cases: it has a word that one of them expects, or nearly does. A map
/// is looked at by its keys.
pub fn outside_enum(suite: &Suite, document: &Document) -> Vec<Finding> {
    let fields = enums(document);
    let expected = || suite.cases.iter().filter_map(|case| case.expected.as_ref());
    let words: BTreeSet<&str> = expected().filter_map(Value::as_str).collect();
    let is_meant = |(_, allowed): &&(&str, Vec<&str>)| {
        let is_allowed = |word: &&str| allowed.contains(word) || near(word, allowed).is_some();
        words.iter().any(is_allowed)
    };
    let meant: Vec<_> = fields.iter().filter(is_meant).collect();
    let mut found = Found::default();
    for case in &suite.cases {
        match &case.expected {
            Some(Value::String(word)) => {
                let is_allowed = |(_, allowed): &&(&str, Vec<&str>)| allowed.contains(&&**word);
                if let Some((field, allowed)) = meant.first()
                    && !meant.iter().copied().any(|it| is_allowed(&it))
                {
                    found.push(case.place.mark(outside(case, word, field, allowed)));
                }
            }
            Some(Value::Object(map)) => {
                for (field, allowed) in &fields {
                    let word = map.get(*field).and_then(Value::as_str);
                    if let Some(word) = word.filter(|word| !allowed.contains(word)) {
                        found.push(case.place.mark(outside(case, word, field, allowed)));
                    }
                }
            }
            _ => {}
        }
    }
    found.finish()
}

/// The fields of the answer that have one of some words, each with the words.
pub fn enums(document: &Document) -> Vec<(&str, Vec<&str>)> {
    let schema = document.json_schema.as_ref();
    let properties = schema
        .and_then(|it| it.get("schema")?.get("properties")?.as_object())
        .into_iter()
        .flatten();
    let words = properties.filter_map(|(name, field)| {
        let words = field.get("enum")?.as_array()?.iter();
        Some((name.as_str(), words.filter_map(Value::as_str).collect()))
    });
    words.collect()
}

fn near<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let same = allowed.iter().find(|it| it.eq_ignore_ascii_case(word));
    same.copied()
        .or_else(|| nearest(word, allowed.iter().copied()))
}

fn outside(case: &Case, word: &str, field: &str, allowed: &[&str]) -> Finding {
    let message = format!(
        "the case `{}` expects `{}`, which `{field}` of the answer cannot be",
        case.id,
        cut(word, SHOWN)
    );
    let help = match near(word, allowed) {
        Some(near) => format!("is `{near}` meant?"),
        None => format!("the schema allows {}", cut(&allowed.join(", "), 5 * SHOWN)),
    };
    Finding::warning(code::CASE_VARIABLES, message).help(help)
}

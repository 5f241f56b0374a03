//! How one JSON value became another, by path.

use std::collections::HashMap;

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::ChangeKind;
use super::words::{WordDiff, id};
use crate::prompt::document::Object;

/// Values nested deeper than this are compared as a whole.
const MAX_DEPTH: usize = 64;

/// Texts from this many characters on are compared by word.
const LONG_TEXT: usize = 60;

/// What happened to the value at a path.
pub(super) struct Difference {
    pub(super) path: String,
    pub(super) kind: ChangeKind,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    pub(super) words: Option<WordDiff>,
}

/// The path of `key` below `path`: `path.key`, or `path["key"]` where a plain key would mislead.
pub(super) fn join(path: &str, key: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '$' | '/');
    if key.is_empty() || !key.chars().all(is_plain) {
        format!("{path}[{}]", Value::from(key))
    } else if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Compares two values, either of which may be missing.
pub(super) fn differences(
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(path, before, after, 0, &mut found);
    found
}

/// Compares two objects by key; a missing one is like an empty one.
pub(super) fn object_differences(
    path: &str,
    before: Option<Object>,
    after: Option<Object>,
) -> Vec<Difference> {
    let mut found = Vec::new();
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    objects(path, &before, &after, 0, &mut found);
    found
}

fn walk(
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    depth: usize,
    found: &mut Vec<Difference>,
) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) if depth < MAX_DEPTH => {
            objects(path, before, after, depth, found);
        }
        (Some(Value::Array(before)), Some(Value::Array(after)))
            if depth < MAX_DEPTH && before.iter().chain(after).any(Value::is_object) =>
        {
            arrays(path, before, after, depth, found);
        }
        (None, None) => {}
        (before, after) => found.push(Difference {
            path: path.to_owned(),
            kind: ChangeKind::of(before, after),
            before: before.cloned(),
            after: after.cloned(),
            words: long_texts(before, after),
        }),
    }
}

fn objects(path: &str, before: &Object, after: &Object, depth: usize, found: &mut Vec<Difference>) {
    for (key, value) in before {
        walk(
            &join(path, key),
            Some(value),
            after.get(key),
            depth + 1,
            found,
        );
    }
    for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        walk(&join(path, key), None, Some(value), depth + 1, found);
    }
}

/// Compares lists of objects: equal ones are matched first, so that one inserted in front does not
/// make all later ones look changed.
fn arrays(
    path: &str,
    before: &[Value],
    after: &[Value],
    depth: usize,
    found: &mut Vec<Difference>,
) {
    let mut ids = HashMap::new();
    let mut number = |values: &[Value]| -> Vec<u32> {
        values
            .iter()
            .map(|value| id(&mut ids, value.to_string()))
            .collect()
    };
    let (old, new) = (number(before), number(after));
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (old, new) = (op.old_range(), op.new_range());
        for at in 0..old.len().max(new.len()) {
            let (from, to) = (old.start + at, new.start + at);
            let before = old.contains(&from).then(|| &before[from]);
            let after = new.contains(&to).then(|| &after[to]);
            let index = if after.is_some() { to } else { from };
            walk(&format!("{path}[{index}]"), before, after, depth + 1, found);
        }
    }
}

fn long_texts(before: Option<&Value>, after: Option<&Value>) -> Option<WordDiff> {
    let (before, after) = (before?.as_str()?, after?.as_str()?);
    let is_long = |text: &str| text.contains('\n') || text.chars().nth(LONG_TEXT).is_some();
    (is_long(before) || is_long(after)).then(|| WordDiff::new(before, after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(before: &Value, after: &Value) -> Vec<String> {
        differences("x", Some(before), Some(after))
            .into_iter()
            .map(|difference| format!("{:?} {}", difference.kind, difference.path))
            .collect()
    }

    #[test]
    fn paths_name_what_changed_and_nothing_else() {
        assert_eq!(
            paths(
                &json!({"a": 1, "b": {"c": [1, 2]}, "d.e": 1}),
                &json!({"b": {"c": [1, 3]}, "d.e": 2, "f": null})
            ),
            [
                "Removed x.a",
                "Changed x.b.c",
                "Changed x[\"d.e\"]",
                "Added x.f"
            ]
        );
        assert_eq!(
            paths(&json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1})),
            [""; 0]
        );
    }

    #[test]
    fn an_inserted_element_does_not_change_the_others() {
        let (a, b, c) = (json!({"t": "a"}), json!({"t": "b"}), json!({"t": "c"}));
        assert_eq!(paths(&json!([a, b]), &json!([c, a, b])), ["Added x[0]"]);
        assert_eq!(paths(&json!([a, b]), &json!([a, c])), ["Changed x[1].t"]);
        assert_eq!(paths(&json!([a, b]), &json!([b])), ["Removed x[0]"]);
    }
}

//! How one JSON value became another, by path.

use serde_json::Value;

use super::ChangeKind;
use super::align::{Budget, align, numbers};
use super::words::WordDiff;
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
    budget: &mut Budget,
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Vec<Difference> {
    let mut walk = Walk::new(budget);
    walk.values(path, (before, after), 0);
    walk.found
}

/// Compares two objects by key; a missing one is like an empty one.
pub(super) fn object_differences(
    budget: &mut Budget,
    path: &str,
    before: Option<Object>,
    after: Option<Object>,
) -> Vec<Difference> {
    let mut walk = Walk::new(budget);
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    walk.objects(path, (&before, &after), 0);
    walk.found
}

/// What was found so far, and what may still be spent on comparing texts.
struct Walk<'b> {
    found: Vec<Difference>,
    budget: &'b mut Budget,
}

impl<'b> Walk<'b> {
    fn new(budget: &'b mut Budget) -> Self {
        Self {
            found: Vec::new(),
            budget,
        }
    }

    fn values(&mut self, path: &str, pair: (Option<&Value>, Option<&Value>), depth: usize) {
        match pair {
            (None, None) => {}
            (Some(before), Some(after)) if before == after => {}
            (Some(Value::Object(before)), Some(Value::Object(after))) if depth < MAX_DEPTH => {
                self.objects(path, (before, after), depth);
            }
            (Some(Value::Array(before)), Some(Value::Array(after)))
                if depth < MAX_DEPTH && before.iter().chain(after).any(Value::is_object) =>
            {
                self.arrays(path, (before, after), depth);
            }
            (before, after) => {
                let words = self.words(before, after);
                self.found.push(Difference {
                    path: path.to_owned(),
                    kind: ChangeKind::of(before, after),
                    before: before.cloned(),
                    after: after.cloned(),
                    words,
                });
            }
        }
    }

    fn objects(&mut self, path: &str, (before, after): (&Object, &Object), depth: usize) {
        for (key, value) in before {
            self.values(&join(path, key), (Some(value), after.get(key)), depth + 1);
        }
        for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            self.values(&join(path, key), (None, Some(value)), depth + 1);
        }
    }

    /// Compares lists of objects: equal ones are matched first, so that one inserted in front does
    /// not make all later ones look changed.
    fn arrays(&mut self, path: &str, (before, after): (&[Value], &[Value]), depth: usize) {
        let key = Value::to_string;
        let (old, new) = numbers(before.iter().map(key), after.iter().map(key));
        let stretches = align(&old, &new, &mut Budget::default());
        for stretch in stretches.into_iter().filter(|stretch| !stretch.is_same) {
            let (old, new) = (stretch.old, stretch.new);
            for at in 0..old.len().max(new.len()) {
                let (from, to) = (old.start + at, new.start + at);
                let before = old.contains(&from).then(|| &before[from]);
                let after = new.contains(&to).then(|| &after[to]);
                let index = if after.is_some() { to } else { from };
                self.values(&format!("{path}[{index}]"), (before, after), depth + 1);
            }
        }
    }

    fn words(&mut self, before: Option<&Value>, after: Option<&Value>) -> Option<WordDiff> {
        let (before, after) = (before?.as_str()?, after?.as_str()?);
        let is_long = |text: &str| text.contains('\n') || text.chars().nth(LONG_TEXT).is_some();
        (is_long(before) || is_long(after)).then(|| WordDiff::within(self.budget, before, after))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(before: &Value, after: &Value) -> Vec<String> {
        differences(&mut Budget::default(), "x", Some(before), Some(after))
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

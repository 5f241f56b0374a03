//! Types, sets of values and constraints: what one place of a schema accepts by itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::keywords::{BOUNDS, EXACT, VALUES};
use super::view::View;
use super::{LimitKind, SchemaChange, short};

/// How the limits of one place moved, and the keywords that say so.
pub(super) fn compare(
    before: &View<'_>,
    after: &View<'_>,
) -> Vec<(SchemaChange, Vec<&'static str>)> {
    let whole = |ways, detail: &str| {
        let what = shift(LimitKind::Type, ways, detail.to_owned());
        vec![(what, Vec::new())]
    };
    match (before.is_never, after.is_never) {
        (true, true) => return Vec::new(),
        (true, false) => return whole((false, true), "it is allowed now"),
        (false, true) => return whole((true, false), "it is not allowed any more"),
        (false, false) => {}
    }
    let mut found = Vec::new();
    found.extend(values(before, after).map(|what| (what, VALUES.to_vec())));
    for (keyword, is_lower) in BOUNDS {
        found.extend(bound(keyword, *is_lower, before, after).map(|what| (what, vec![*keyword])));
    }
    for keyword in EXACT {
        found.extend(exact(keyword, before, after).map(|what| (what, vec![*keyword])));
    }
    found
}

fn shift(what: LimitKind, (narrower, wider): (bool, bool), detail: String) -> SchemaChange {
    SchemaChange::Shift {
        what,
        narrower,
        wider,
        detail,
    }
}

/// Compares the types, and the sets of values where there are some.
fn values(before: &View<'_>, after: &View<'_>) -> Option<SchemaChange> {
    let (old_types, new_types) = (before.types(), after.types());
    match (before.values(), after.values()) {
        (None, None) if old_types == new_types => None,
        (None, None) => Some(shift(
            LimitKind::Type,
            (
                !old_types.is_subset(&new_types),
                !new_types.is_subset(&old_types),
            ),
            format!(
                "its type was {} and is {}",
                before.describe_type(),
                after.describe_type()
            ),
        )),
        (None, Some(values)) => Some(shift(
            LimitKind::Enum,
            (true, !new_types.is_subset(&old_types)),
            format!("it must now be {}", list(&values)),
        )),
        (Some(values), None) => Some(shift(
            LimitKind::Enum,
            (!old_types.is_subset(&new_types), true),
            format!("it need no longer be {}", list(&values)),
        )),
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => {
            let gone: BTreeSet<_> = old.difference(&new).cloned().collect();
            let come: BTreeSet<_> = new.difference(&old).cloned().collect();
            let detail = match (gone.is_empty(), come.is_empty()) {
                (false, true) => format!("it can't be {} any more", list(&gone)),
                (true, _) => format!("it may now also be {}", list(&come)),
                _ => format!(
                    "it can't be {} any more, and may be {}",
                    list(&gone),
                    list(&come)
                ),
            };
            Some(shift(
                LimitKind::Enum,
                (!gone.is_empty(), !come.is_empty()),
                detail,
            ))
        }
    }
}

/// Up to five values, and how many more there are.
fn list(values: &BTreeSet<String>) -> String {
    let shown: Vec<String> = values
        .iter()
        .take(5)
        .map(|value| format!("`{}`", crate::prompt::diff::quote(value)))
        .collect();
    match values.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn bound(
    keyword: &'static str,
    is_lower: bool,
    before: &View<'_>,
    after: &View<'_>,
) -> Option<SchemaChange> {
    let limit = |view: &View<'_>| {
        // A lower bound of 0 on a length or a count is none.
        let value = view.keyword(keyword).cloned();
        value.filter(|value| {
            !(is_lower && keyword.ends_with(['h', 's']) && value.as_u64() == Some(0))
        })
    };
    let (old, new) = (limit(before), limit(after));
    if old == new {
        return None;
    }
    let ways = match (&old, &new) {
        (None, Some(_)) => (true, false),
        (Some(_), None) => (false, true),
        (Some(old), Some(new)) => match (old.as_f64(), new.as_f64()) {
            (Some(old), Some(new)) if (new > old) == is_lower => (true, false),
            (Some(_), Some(_)) => (false, true),
            // Older drafts write `true` here, which says something about another keyword.
            _ => (true, true),
        },
        (None, None) => return None,
    };
    Some(shift(
        LimitKind::Constraint,
        ways,
        change(keyword, old.as_ref(), new.as_ref()),
    ))
}

fn exact(keyword: &'static str, before: &View<'_>, after: &View<'_>) -> Option<SchemaChange> {
    let limit = |view: &View<'_>| {
        view.keyword(keyword)
            .cloned()
            .filter(|value| *value != Value::Bool(false))
    };
    let (old, new) = (limit(before), limit(after));
    if old == new {
        return None;
    }
    // Another value both refuses some that were accepted and accepts some that were refused.
    let ways = (new.is_some(), old.is_some());
    Some(shift(
        LimitKind::Constraint,
        ways,
        change(keyword, old.as_ref(), new.as_ref()),
    ))
}

fn change(keyword: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    match (before, after) {
        (None, Some(after)) => format!("`{keyword}: {}` was added", short(after)),
        (Some(before), None) => format!("`{keyword}: {}` is gone", short(before)),
        (before, after) => {
            let show = |value: Option<&Value>| value.map(short).unwrap_or_default();
            format!(
                "`{keyword}` was `{}` and is `{}`",
                show(before),
                show(after)
            )
        }
    }
}

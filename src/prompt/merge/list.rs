//! How the items of lists belong together, for a merge item by item.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::prompt::diff::align::{Budget, align, id};

/// The items of lists whose order means nothing: those that neither side removed, then those that
/// either added, sorted, so that it does not matter which side is which. `None` if an item is no
/// text or stands twice.
pub(super) fn union(base: &[Value], ours: &[Value], theirs: &[Value]) -> Option<Vec<Value>> {
    let [base, ours, theirs] = [base, ours, theirs].map(texts);
    let (base, ours, theirs) = (base?, ours?, theirs?);
    let kept = base
        .iter()
        .filter(|item| ours.contains(*item) && theirs.contains(*item));
    let added: BTreeSet<&&str> = ours
        .iter()
        .chain(&theirs)
        .filter(|item| !base.contains(*item))
        .collect();
    Some(kept.chain(added).map(|item| Value::from(*item)).collect())
}

fn texts(items: &[Value]) -> Option<Vec<&str>> {
    let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
    texts.filter(|texts| texts.iter().collect::<BTreeSet<_>>().len() == texts.len())
}

/// The items that a side has behind the base's item before `place`, and the base does not.
pub(super) fn added<'a>(matched: &[Option<usize>], side: &'a [Value], place: usize) -> &'a [Value] {
    // Behind an item that the side removed, what it added was merged with the one before.
    if place > 0 && matched[place - 1].is_none() {
        return &[];
    }
    let start = match place {
        0 => 0,
        place => matched[place - 1].map_or(0, |at| at + 1),
    };
    let end = matched[place..].iter().flatten().next();
    &side[start..end.copied().unwrap_or(side.len())]
}

/// For each item of the base, its place on a side, in rising order: equal items, then in the
/// stretches between those that are alike.
pub(super) fn matched(base: &[Value], side: &[Value]) -> Vec<Option<usize>> {
    let mut ids = HashMap::new();
    let [old, new] = [base, side].map(|items| {
        let numbers = items.iter().map(|item| id(&mut ids, item.to_string()));
        numbers.collect::<Vec<u32>>()
    });
    let mut places = vec![None; base.len()];
    for stretch in align(&old, &new, &mut Budget::default()) {
        let is_paired = stretch.is_same || stretch.old.len() == stretch.new.len();
        let mut free = stretch.new.clone();
        for at in stretch.old {
            let is_it = |place: &usize| is_paired || is_alike(&base[at], &side[*place]);
            if let Some(place) = free.clone().find(is_it) {
                places[at] = Some(place);
                free.start = place + 1;
            }
        }
    }
    places
}

/// Whether one item may have become the other.
fn is_alike(a: &Value, b: &Value) -> bool {
    let (Value::Object(a), Value::Object(b)) = (a, b) else {
        return false;
    };
    for key in ["role", "placeholder", "name"] {
        if let (Some(a), Some(b)) = (a.get(key), b.get(key)) {
            return a == b;
        }
    }
    let same = a.iter().filter(|(key, value)| b.get(*key) == Some(value));
    2 * same.count() >= a.len().max(b.len())
}

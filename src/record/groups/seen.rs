//! The ids that were met in one reading, and what is known of each.

use std::collections::HashMap;

use super::counted::Counted;
use crate::record::id::{Id, IdPlaces};

/// Ids with what is known of each. Those of a log rise with its times, nearly: what is higher than all
/// before it is new without looking for it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    rising: Vec<(Id, Counted)>,
    others: HashMap<Id, Counted, IdPlaces>,
}

impl Seen {
    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.rising.reserve(more);
    }

    /// Takes an id in, and says whether it is new; what is known of another one stays.
    pub(super) fn insert(&mut self, id: Id, row: Counted) -> bool {
        // All others are lower than one that rises was when they came.
        if self.rising.last().is_none_or(|(last, _)| *last < id) {
            self.rising.push((id, row));
            return true;
        }
        if self.place(id).is_some() || self.others.contains_key(&id) {
            return false;
        }
        self.others.insert(id, row);
        true
    }

    /// What is known of an id.
    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Counted> {
        match self.place(id) {
            Some(at) => self.rising.get_mut(at).map(|(_, row)| row),
            None => self.others.get_mut(&id),
        }
    }

    /// Whether an id is known.
    pub(super) fn contains(&self, id: Id) -> bool {
        self.place(id).is_some() || self.others.contains_key(&id)
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Id, Counted)> {
        let others = self.others.iter().map(|(id, row)| (*id, *row));
        self.rising.iter().copied().chain(others)
    }

    /// Where an id stands among those that rise. What calls that ended together began is near the end.
    fn place(&self, id: Id) -> Option<usize> {
        let (mut from, mut step) = (self.rising.len(), 8);
        while from > 0 && self.rising[from - 1].0 >= id {
            from = from.saturating_sub(step);
            step *= 2;
        }
        let found = self.rising[from..].binary_search_by_key(&id, |(known, _)| *known);
        found.ok().map(|at| from + at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::record::outcomes::Kind;

    proptest! {
        #[test]
        fn an_id_is_known_once_whatever_the_order(ids in proptest::collection::vec(0..60_u64, 0..80)) {
            let mut seen = Seen::default();
            let mut known = BTreeMap::new();
            for (number, id) in (0..).zip(ids) {
                let (id, row) = (Id([id, 0]), Counted::new(number, Kind { cost: Some(0.5), is_ok: true }));
                prop_assert_eq!(seen.contains(id), known.contains_key(&id));
                prop_assert_eq!(seen.insert(id, row), !known.contains_key(&id));
                known.entry(id).or_insert(row);
            }
            for (id, row) in &known {
                prop_assert_eq!(seen.get_mut(*id).map(|it| *it), Some(*row));
            }
            let all: BTreeMap<Id, Counted> = seen.iter().collect();
            prop_assert_eq!(all, known);
        }
    }
}

//! What two sequences have in common, in bounded time and on a bounded stack.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Longer sequences (old and new together) are cut at what both have exactly once: the search
/// between takes more than linear time, and its recursion grows with the length.
const MAX_SEARCHED: usize = 50_000;

/// A stretch of two sequences, by places in each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::prompt) struct Stretch {
    pub(in crate::prompt) old: Range<usize>,
    pub(in crate::prompt) new: Range<usize>,
    pub(in crate::prompt) is_same: bool,
}

/// How much may still be searched; what comes after counts as replaced as a whole. It is counted
/// in elements rather than seconds, so that the same input always gives the same answer.
#[derive(Debug)]
pub(in crate::prompt) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(400_000)
    }
}

impl Budget {
    fn take(&mut self, count: usize) -> bool {
        let left = self.0.checked_sub(count);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// Numbers for things to compare: equal things have equal numbers.
pub(super) fn numbers<K: Hash + Eq>(
    old: impl IntoIterator<Item = K>,
    new: impl IntoIterator<Item = K>,
) -> (Vec<u32>, Vec<u32>) {
    let mut ids = HashMap::new();
    let mut number = |key: K| id(&mut ids, key);
    let old = old.into_iter().map(&mut number).collect();
    (old, new.into_iter().map(number).collect())
}

/// The number of `key`, counted in the order of first sight.
pub(in crate::prompt) fn id<K: Hash + Eq>(ids: &mut HashMap<K, u32>, key: K) -> u32 {
    let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    *ids.entry(key).or_insert(next)
}

/// Lays two sequences beside each other. The stretches cover both, the same and the changed by
/// turns.
pub(in crate::prompt) fn align(old: &[u32], new: &[u32], budget: &mut Budget) -> Vec<Stretch> {
    let same = |(a, b): &(&u32, &u32)| a == b;
    let head = old.iter().zip(new).take_while(same).count();
    let backwards = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = backwards.take_while(same).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let mut alignment = Alignment {
        old,
        new,
        stretches: Vec::new(),
    };
    alignment.push(0..head, 0..head, true);
    if old_end + new_end - 2 * head <= MAX_SEARCHED {
        alignment.search(head..old_end, head..new_end, budget);
    } else {
        alignment.anchor(head..old_end, head..new_end, budget);
    }
    alignment.push(old_end..old.len(), new_end..new.len(), true);
    alignment.stretches
}

struct Alignment<'a> {
    old: &'a [u32],
    new: &'a [u32],
    stretches: Vec<Stretch>,
}

impl Alignment<'_> {
    fn push(&mut self, old: Range<usize>, new: Range<usize>, is_same: bool) {
        if old.is_empty() && new.is_empty() {
            return;
        }
        match self.stretches.last_mut() {
            Some(last) if last.is_same == is_same => {
                (last.old.end, last.new.end) = (old.end, new.end);
            }
            _ => self.stretches.push(Stretch { old, new, is_same }),
        }
    }

    /// Finds what two ranges have in common.
    fn search(&mut self, old: Range<usize>, new: Range<usize>, budget: &mut Budget) {
        let length = old.len() + new.len();
        if old.is_empty() || new.is_empty() || length > MAX_SEARCHED || !budget.take(length) {
            return self.push(old, new, false);
        }
        let ops = capture_diff_slices(
            Algorithm::Myers,
            &self.old[old.clone()],
            &self.new[new.clone()],
        );
        let shift = |range: Range<usize>, by: usize| range.start + by..range.end + by;
        for op in ops {
            let is_same = matches!(op, DiffOp::Equal { .. });
            self.push(
                shift(op.old_range(), old.start),
                shift(op.new_range(), new.start),
                is_same,
            );
        }
    }

    /// Finds what both ranges have exactly once, and searches between.
    fn anchor(&mut self, old: Range<usize>, new: Range<usize>, budget: &mut Budget) {
        let mut seen: HashMap<u32, (Times, Times)> = HashMap::new();
        for at in old.clone() {
            seen.entry(self.old[at]).or_default().0.see(at);
        }
        for at in new.clone() {
            seen.entry(self.new[at]).or_default().1.see(at);
        }
        let mut pairs: Vec<(usize, usize)> = seen
            .into_values()
            .filter_map(|times| Some((times.0.once()?, times.1.once()?)))
            .collect();
        pairs.sort_unstable();
        let places: Vec<usize> = pairs.iter().map(|pair| pair.1).collect();
        let kept = longest_rising(&places);
        let (mut from, mut to) = (old.start, new.start);
        for ((old, new), _) in pairs.into_iter().zip(kept).filter(|(_, is_kept)| *is_kept) {
            self.search(from..old, to..new, budget);
            self.push(old..old + 1, new..new + 1, true);
            (from, to) = (old + 1, new + 1);
        }
        self.search(from..old.end, to..new.end, budget);
    }
}

/// Whether and where something was seen.
#[derive(Default)]
enum Times {
    #[default]
    Never,
    Once(usize),
    Often,
}

impl Times {
    fn see(&mut self, at: usize) {
        *self = match self {
            Self::Never => Self::Once(at),
            _ => Self::Often,
        };
    }

    fn once(&self) -> Option<usize> {
        match self {
            Self::Once(at) => Some(*at),
            _ => None,
        }
    }
}

/// Marks a longest subsequence of rising numbers.
pub(super) fn longest_rising(numbers: &[usize]) -> Vec<bool> {
    // `ends[n]` is the place of the smallest number that ends a row of n + 1.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous = vec![None; numbers.len()];
    for (at, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|&end| numbers[end] < *number);
        previous[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut marked = vec![false; numbers.len()];
    let mut at = ends.last().copied();
    while let Some(place) = at {
        marked[place] = true;
        at = previous[place];
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that the stretches cover both sides and that the same is the same.
    fn checked(old: &[u32], new: &[u32]) -> Vec<Stretch> {
        let stretches = align(old, new, &mut Budget::default());
        let (mut from, mut to) = (0, 0);
        for stretch in &stretches {
            assert_eq!((stretch.old.start, stretch.new.start), (from, to));
            assert_eq!(
                stretch.is_same,
                old[stretch.old.clone()] == new[stretch.new.clone()]
            );
            (from, to) = (stretch.old.end, stretch.new.end);
        }
        assert_eq!((from, to), (old.len(), new.len()));
        stretches
    }

    #[test]
    fn long_sequences_are_cut_at_what_is_unique() {
        let old: Vec<u32> = (0..200_000).collect();
        let mut new = old.clone();
        new[10] = u32::MAX;
        new.remove(150_000);
        new.insert(70_000, 7);
        let changed = checked(&old, &new)
            .into_iter()
            .filter(|stretch| !stretch.is_same)
            .count();
        assert_eq!(changed, 3);
    }

    #[test]
    fn long_sequences_without_anything_unique_end_too() {
        let numbers = |seed: u32| -> Vec<u32> {
            let next =
                |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
            std::iter::successors(Some(seed), next)
                .map(|state| state >> 31)
                .take(300_000)
                .collect()
        };
        checked(&numbers(1), &numbers(2));
        // So does what is just short enough to be searched, on a small stack.
        let (old, new) = (numbers(3)[..25_000].to_vec(), numbers(4)[..25_000].to_vec());
        let search = std::thread::Builder::new()
            .stack_size(1 << 20)
            .spawn(move || checked(&old, &new).len());
        assert!(search.expect("a thread").join().expect("no overflow") > 2);
    }

    #[test]
    fn the_most_that_rises_is_marked() {
        let marked = longest_rising(&[5, 1, 2, 9, 3, 4, 0]);
        assert_eq!(marked, [false, true, true, false, true, true, false]);
    }
}

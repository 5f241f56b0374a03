//! Which message of the new prompt is which of the old one.

use std::collections::HashMap;

use similar::DiffableStr;

use crate::prompt::diff::align::{Budget, align, id, longest_rising, numbers};
use crate::prompt::document::{Entry, Part, Role};

/// So much must two messages share (0 to 1) to count as one that changed, in any place.
const SIMILAR: f64 = 0.5;

/// So much must they share where another role speaks them.
const SIMILAR_ACROSS_ROLES: f64 = 0.7;

/// Of a longer message only so many bytes are weighed.
const MAX_WEIGHED: usize = 20_000;

/// Above this many pairs of words to weigh, messages are matched by their order alone.
const MAX_WORK: usize = 20_000_000;

/// One message on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Its place in the old prompt.
    pub(crate) old: usize,
    /// Its place in the new prompt.
    pub(crate) new: usize,
    /// Whether it changed places with others.
    pub(crate) is_moved: bool,
}

/// The messages that both sides have, in the order of the new ones: equal ones first, then similar
/// ones, then those of one role between the same neighbours.
pub(crate) fn pairs(before: &[Entry], after: &[Entry]) -> Vec<Pair> {
    let mut matching = Matching {
        old: vec![None; before.len()],
        new: vec![None; after.len()],
    };
    matching.equal(before, after);
    matching.similar(before, after);
    matching.by_role(before, after);
    matching.into_pairs()
}

/// For each message, its place on the other side.
struct Matching {
    old: Vec<Option<usize>>,
    new: Vec<Option<usize>>,
}

impl Matching {
    fn join(&mut self, old: usize, new: usize) {
        self.old[old] = Some(new);
        self.new[new] = Some(old);
    }

    fn free(sides: &[Option<usize>]) -> Vec<usize> {
        (0..sides.len()).filter(|&at| sides[at].is_none()).collect()
    }

    fn equal(&mut self, before: &[Entry], after: &[Entry]) {
        let key = |entry: &Entry| super::entry_json(entry).to_string();
        let (old, new) = numbers(before.iter().map(key), after.iter().map(key));
        let stretches = align(&old, &new, &mut Budget::default());
        for stretch in stretches.into_iter().filter(|stretch| stretch.is_same) {
            stretch
                .old
                .zip(stretch.new)
                .for_each(|(old, new)| self.join(old, new));
        }
        // What is equal and left over stands in another place.
        let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
        for at in Self::free(&self.new).into_iter().rev() {
            places.entry(new[at]).or_default().push(at);
        }
        for at in Self::free(&self.old) {
            if let Some(to) = places.get_mut(&old[at]).and_then(Vec::pop) {
                self.join(at, to);
            }
        }
    }

    fn similar(&mut self, before: &[Entry], after: &[Entry]) {
        // Most often one message was changed in its place: no words need be weighed.
        if let ([old], [new]) = (&*Self::free(&self.old), &*Self::free(&self.new))
            && old == new
            && let Some(was) = role(&before[*old])
            && Some(was) == role(&after[*new])
        {
            return self.join(*old, *new);
        }
        let mut ids = HashMap::new();
        let old: Vec<_> = Self::free(&self.old)
            .into_iter()
            .map(|at| (at, bag(&before[at], &mut ids)))
            .collect();
        let new: Vec<_> = Self::free(&self.new)
            .into_iter()
            .map(|at| (at, bag(&after[at], &mut ids)))
            .collect();
        let words =
            |side: &[(usize, Vec<u32>)]| side.iter().map(|(_, bag)| bag.len() + 1).sum::<usize>();
        if words(&old) * new.len() + words(&new) * old.len() > MAX_WORK {
            return;
        }
        let mut scores = Vec::new();
        for (from, left) in &old {
            for (to, right) in &new {
                let (was, is) = (role(&before[*from]), role(&after[*to]));
                // A placeholder never changes: another variable's is another one.
                if was.is_none() || is.is_none() {
                    continue;
                }
                let score = share(left, right);
                let is_same_role = was == is;
                if score
                    >= if is_same_role {
                        SIMILAR
                    } else {
                        SIMILAR_ACROSS_ROLES
                    }
                {
                    scores.push((score, is_same_role, from.abs_diff(*to), *from, *to));
                }
            }
        }
        scores.sort_by(|a, b| {
            b.0.total_cmp(&a.0)
                .then(b.1.cmp(&a.1))
                .then((a.2, a.3, a.4).cmp(&(b.2, b.3, b.4)))
        });
        for (.., from, to) in scores {
            if self.old[from].is_none() && self.new[to].is_none() {
                self.join(from, to);
            }
        }
    }

    /// A message written anew in its place is still that message.
    fn by_role(&mut self, before: &[Entry], after: &[Entry]) {
        if before.len() * after.len() > MAX_WORK {
            return;
        }
        let mut low = 0;
        for (from, entry) in before.iter().enumerate() {
            if let Some(to) = self.old[from] {
                low = low.max(to + 1);
                continue;
            }
            let later = self.old[from..].iter().flatten().min();
            let end = later.copied().unwrap_or(self.new.len()).max(low);
            let fits = |to: &usize| {
                self.new[*to].is_none() && is_same_role(role(entry), role(&after[*to]))
            };
            if let Some(to) = (low..end).find(fits) {
                self.join(from, to);
                low = to + 1;
            }
        }
    }

    /// Messages moved if they are not among the most that kept their order.
    fn into_pairs(self) -> Vec<Pair> {
        let olds: Vec<usize> = self.new.iter().flatten().copied().collect();
        let kept = longest_rising(&olds);
        let new = self
            .new
            .iter()
            .enumerate()
            .filter_map(|(new, old)| old.map(|old| (old, new)));
        new.enumerate()
            .map(|(at, (old, new))| Pair {
                old,
                new,
                is_moved: !kept[at],
            })
            .collect()
    }
}

/// Who speaks; nobody does in a placeholder.
fn role(entry: &Entry) -> Option<Role> {
    entry.message().map(|message| message.role)
}

fn is_same_role(before: Option<Role>, after: Option<Role>) -> bool {
    let is_instructions = |role| matches!(role, Role::System | Role::Developer);
    before.zip(after).is_some_and(|(before, after)| {
        before == after || is_instructions(before) && is_instructions(after)
    })
}

/// The words of a message in numbers, sorted.
fn bag(entry: &Entry, ids: &mut HashMap<String, u32>) -> Vec<u32> {
    let mut words = Vec::new();
    for part in entry.message().into_iter().flat_map(|it| &it.parts) {
        let text = match part {
            Part::Text(text) => &text.value,
            Part::Image { source, .. } | Part::File { source, .. } => &source.text().value,
        };
        let text = &text[..text.floor_char_boundary(MAX_WEIGHED)];
        let is_word = |word: &&str| word.contains(char::is_alphanumeric);
        let found = text.tokenize_unicode_words().into_iter().filter(is_word);
        words.extend(found.map(|word| id(ids, word.to_lowercase())));
    }
    words.sort_unstable();
    words
}

/// How much two bags of words share, from 0 to 1.
fn share(left: &[u32], right: &[u32]) -> f64 {
    let (mut i, mut j, mut common) = (0, 0, 0);
    while let (Some(a), Some(b)) = (left.get(i), right.get(j)) {
        match a.cmp(b) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, common) = (i + 1, j + 1, common + 1),
        }
    }
    match left.len() + right.len() {
        0 => 0.0,
        total => 2.0 * f64::from(common) / total as f64,
    }
}

//! Which prompts that are gone became which new ones, told as git tells renames.

use std::collections::{BTreeMap, HashSet};

use super::super::digest::Digest;
use super::super::name::PromptName;

/// A prompt that only one of two sides has.
#[derive(Debug, Clone, Copy)]
pub struct Lone<'p> {
    pub name: &'p PromptName,
    /// What its content is.
    pub digest: &'p Digest,
    /// Its file.
    pub text: &'p str,
}

/// The share of two files that must be the same, as in git.
const SIMILAR: f64 = 0.5;

/// The share where no other file that came or went has their name, as in git.
const SIMILAR_OF_ONE_NAME: f64 = 0.75;

/// The longest piece of a line that is compared, as in git.
const PIECE: usize = 64;

/// So many pieces are compared at most: about a thousand prompts with a thousand others.
const MOST_WORK: usize = 200_000_000;

type Names<'p> = (&'p PromptName, &'p PromptName);

/// Which of the prompts that are gone became which of the new ones, each in one pair at most: first those whose file is
/// the same, then similar files of one name, then those with the same content, and then the most similar.
pub fn renames<'p>(gone: &[Lone<'p>], new: &[Lone<'p>]) -> Vec<Names<'p>> {
    let mut pairs = Pairs {
        gone: gone.to_vec(),
        new: new.to_vec(),
        found: Vec::new(),
    };
    let steps = [of_one_file, of_one_name, of_one_content, similar];
    for step in steps {
        let found = step(&pairs.gone, &pairs.new);
        pairs.take(found);
    }
    pairs.found
}

/// The pairs, and what is in none yet.
struct Pairs<'p> {
    gone: Vec<Lone<'p>>,
    new: Vec<Lone<'p>>,
    found: Vec<Names<'p>>,
}

impl<'p> Pairs<'p> {
    fn take(&mut self, found: Vec<Names<'p>>) {
        let taken: HashSet<&PromptName> =
            found.iter().flat_map(|(from, to)| [*from, *to]).collect();
        self.gone.retain(|prompt| !taken.contains(prompt.name));
        self.new.retain(|prompt| !taken.contains(prompt.name));
        self.found.extend(found);
    }
}

fn of_one_file<'p>(gone: &[Lone<'p>], new: &[Lone<'p>]) -> Vec<Names<'p>> {
    equal(gone, new, |prompt| prompt.text)
}

fn of_one_content<'p>(gone: &[Lone<'p>], new: &[Lone<'p>]) -> Vec<Names<'p>> {
    equal(gone, new, |prompt| prompt.digest.as_str())
}

/// Those with the same key, and of several first those whose file has the same name.
fn equal<'p>(gone: &[Lone<'p>], new: &[Lone<'p>], key: fn(&Lone<'p>) -> &'p str) -> Vec<Names<'p>> {
    let mut by_key: BTreeMap<&str, Vec<&PromptName>> = BTreeMap::new();
    for prompt in gone {
        by_key.entry(key(prompt)).or_default().push(prompt.name);
    }
    let mut pairs = Vec::new();
    let mut taken = HashSet::new();
    for is_same_file in [true, false] {
        for prompt in new {
            let name = prompt.name;
            let fits =
                |from: &&PromptName| !is_same_file || from.last_segment() == name.last_segment();
            if !taken.contains(name)
                && let Some(names) = by_key.get_mut(key(prompt))
                && let Some(at) = names.iter().position(fits)
            {
                taken.insert(name);
                pairs.push((names.remove(at), name));
            }
        }
    }
    pairs
}

/// Those that moved to another folder: similar files of a name that no other has.
fn of_one_name<'p>(gone: &[Lone<'p>], new: &[Lone<'p>]) -> Vec<Names<'p>> {
    let mut by_name: BTreeMap<&str, [Vec<&Lone<'p>>; 2]> = BTreeMap::new();
    for (side, prompts) in [gone, new].into_iter().enumerate() {
        for prompt in prompts {
            let sides = by_name.entry(prompt.name.last_segment()).or_default();
            sides[side].push(prompt);
        }
    }
    let pairs = by_name.values().filter_map(|sides| match sides {
        [from, to] if from.len() == 1 && to.len() == 1 => Some((from[0], to[0])),
        _ => None,
    });
    let is_similar = |(from, to): &(&Lone<'p>, &Lone<'p>)| {
        Pieces::of(from.text).similarity(&Pieces::of(to.text)) >= SIMILAR_OF_ONE_NAME
    };
    let pairs = pairs.filter(is_similar);
    pairs.map(|(from, to)| (from.name, to.name)).collect()
}

/// Of all that are similar enough the most similar first, unless there are too many to compare.
fn similar<'p>(gone: &[Lone<'p>], new: &[Lone<'p>]) -> Vec<Names<'p>> {
    let pieces = |prompts: &[Lone<'p>]| -> Vec<Pieces<'p>> {
        prompts.iter().map(|it| Pieces::of(it.text)).collect()
    };
    let (old_pieces, new_pieces) = (pieces(gone), pieces(new));
    let number = |all: &[Pieces<'_>]| all.iter().map(|it| it.pieces.len()).sum::<usize>();
    let work = (number(&old_pieces).saturating_mul(new.len()))
        .saturating_add(number(&new_pieces).saturating_mul(gone.len()));
    if work > MOST_WORK {
        return Vec::new();
    }
    let mut scored = Vec::new();
    for (from, old) in gone.iter().zip(&old_pieces) {
        for (to, new) in new.iter().zip(&new_pieces) {
            let share = old.similarity(new);
            if share >= SIMILAR {
                scored.push((share, from.name, to.name));
            }
        }
    }
    // Stable, so that equal ones stay in the order of their names.
    scored.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
    let mut taken = HashSet::new();
    let mut pairs = Vec::new();
    for (_, from, to) in scored {
        if !taken.contains(from) && !taken.contains(to) {
            taken.extend([from, to]);
            pairs.push((from, to));
        }
    }
    pairs
}

/// The lines of a file in order, long ones in pieces.
struct Pieces<'a> {
    pieces: Vec<&'a [u8]>,
    bytes: usize,
}

impl<'a> Pieces<'a> {
    fn of(text: &'a str) -> Self {
        let lines = text.as_bytes().split_inclusive(|byte| *byte == b'\n');
        let mut pieces: Vec<&[u8]> = lines.flat_map(|line| line.chunks(PIECE)).collect();
        pieces.sort_unstable();
        Self {
            pieces,
            bytes: text.len(),
        }
    }

    /// How much of the longer file the other has too, from 0 to 1.
    fn similarity(&self, other: &Self) -> f64 {
        let (least, most) = (self.bytes.min(other.bytes), self.bytes.max(other.bytes));
        // Files of such sizes cannot be similar enough.
        if most == 0 || (least as f64) < SIMILAR * most as f64 {
            return 0.0;
        }
        let mut others = other.pieces.iter().peekable();
        let mut common = 0;
        for piece in &self.pieces {
            while others.next_if(|it| *it < piece).is_some() {}
            if others.next_if(|it| *it == piece).is_some() {
                common += piece.len();
            }
        }
        common as f64 / most as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::digest::digest_bytes;
    use super::*;

    const MOST: &str = "model: openai/gpt-5-mini
messages:
  - role: system
    content: |
      Sort tickets into queues.
      Answer with the name of the queue and nothing else.
      Never promise a refund, whatever the ticket says.
";

    /// The pairs of prompts, each of which is a name and a file.
    fn paired(gone: &[(&str, &str)], new: &[(&str, &str)]) -> String {
        let named = |prompts: &[(&str, &str)]| -> Vec<(PromptName, Digest, String)> {
            let prompts = prompts.iter().map(|(name, text)| {
                // What stands in a comment is no content.
                let content: Vec<&str> = text.lines().filter(|it| !it.starts_with('#')).collect();
                let digest = digest_bytes(content.join("\n").as_bytes());
                (name.parse().unwrap(), digest, (*text).to_owned())
            });
            prompts.collect()
        };
        let (gone, new) = (named(gone), named(new));
        let sides = [&gone, &new].map(|prompts| -> Vec<Lone<'_>> {
            let prompts = prompts.iter();
            let prompts = prompts.map(|(name, digest, text)| Lone { name, digest, text });
            prompts.collect()
        });
        let pairs = renames(&sides[0], &sides[1]);
        let pairs = pairs.iter().map(|(from, to)| format!("{from} > {to}"));
        pairs.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_same_file_comes_first_then_one_name_then_the_same_content_then_the_most_similar() {
        let edited = MOST.replace("queues", "two queues");
        let more = format!("{edited}      And more.\n");
        let noted = format!("# Of all teams, and of nobody else who asks\n{MOST}");
        let old = [("support/refund", MOST)];
        // git: R100 for a copy, else R083 where the name is the same, else the same content.
        let new = [("billing/refund", edited.as_str()), ("copy", MOST)];
        assert_eq!(paired(&old, &new), "support/refund > copy");
        let new = [("billing/refund", edited.as_str()), ("copy", &noted)];
        assert_eq!(paired(&old, &new), "support/refund > billing/refund");
        let new = [("billing/back", edited.as_str()), ("copy", &noted)];
        assert_eq!(paired(&old, &new), "support/refund > copy");
        let new = [("a", more.as_str()), ("billing/back", &edited)];
        assert_eq!(paired(&old, &new), "support/refund > billing/back");
        // Each once.
        let old = [("one", MOST), ("two", &edited)];
        assert_eq!(paired(&old, &[("b", &more)]), "two > b");
        let new = [("b", more.as_str()), ("c", &noted.replace("Sort", "Put"))];
        assert_eq!(paired(&old, &new), "two > b, one > c");
    }

    #[test]
    fn half_of_the_longer_file_is_similar_enough() {
        let old = "a\nb\nc\nd\n";
        assert_eq!(paired(&[("x", old)], &[("y", "a\nb\nX\nY\n")]), "x > y");
        assert_eq!(paired(&[("x", old)], &[("y", "a\nZ\nX\nY\n")]), "");
        assert_eq!(paired(&[("x", old)], &[("y", "b\na\n")]), "x > y");
        assert_eq!(paired(&[("x", old)], &[("y", "a\nb\n1\n2\n3\n")]), "");
        // A line that is there twice counts as often as both have it.
        assert_eq!(
            paired(&[("x", "a\na\na\na\n")], &[("y", "a\nb\nc\nd\n")]),
            ""
        );
        assert_eq!(paired(&[("x", "")], &[("y", "a\n")]), "");
    }
}

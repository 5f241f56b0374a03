//! Which prompts in code were lifted before: known by their texts, and then by their places.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;

use super::super::importing::{LiftedPrompt, lifted};
use super::super::session::Session;
use super::keys::Keys;
use super::lift::{digest, text_digest};
use super::prompts::{Known, Lifted};
use crate::scan::found::FoundPrompt;

/// What was lifted, by the files of the code.
type Before = BTreeMap<String, Vec<LiftedPrompt>>;

/// Those of the prompts that were lifted already. All get names of their own.
pub(super) fn look(
    prompts: &mut [(String, FoundPrompt)],
    keys: &Keys,
    session: &Session,
) -> Lifted {
    let before = before(prompts, keys, session);
    let mut known = Lifted::new();
    let mut files: BTreeMap<&str, Vec<&FoundPrompt>> = BTreeMap::new();
    for (path, prompt) in prompts.iter() {
        files.entry(path).or_default().push(prompt);
    }
    for (path, found) in files {
        let Some(lifted) = before.get(&keys.of(path)) else {
            continue;
        };
        let code = || fs::read_to_string(session.directory.join(path)).unwrap_or_default();
        let mut file = File::new(&found, lifted);
        file.by_text();
        file.by_place(&code);
        for (prompt, lifted) in found.iter().zip(file.pairs()) {
            known.extend(lifted.map(|it| ((path.to_owned(), prompt.mark()), it)));
        }
    }
    name_all(prompts, &known, &before, keys);
    known
}

fn before(prompts: &[(String, FoundPrompt)], keys: &Keys, session: &Session) -> Before {
    let mut before = Before::new();
    let Some((store, _)) = session.store().ok().filter(|_| !prompts.is_empty()) else {
        return before;
    };
    let found: BTreeSet<String> = prompts.iter().map(|(path, _)| keys.of(path)).collect();
    for lifted in lifted(&store) {
        // Earlier versions noted paths as they were typed.
        let file = match found.contains(&lifted.path) {
            true => lifted.path.clone(),
            false => keys.of(&store.top().join(&lifted.path).to_string_lossy()),
        };
        before.entry(file).or_default().push(lifted);
    }
    before
}

/// The prompts of a file, and what was lifted from it.
struct File<'f> {
    lifted: &'f [LiftedPrompt],
    digests: Vec<[String; 2]>,
    /// Where each stands, as that is noted now and as it was before.
    marks: Vec<[String; 2]>,
    /// What each was lifted as, and whether it says something else now.
    known: Vec<Option<(usize, bool)>>,
    /// Those of the lifted that were found again.
    is_taken: Vec<bool>,
}

impl<'f> File<'f> {
    fn new(found: &'f [&'f FoundPrompt], lifted: &'f [LiftedPrompt]) -> Self {
        Self {
            lifted,
            // What was lifted before models counted goes by the text alone.
            digests: found
                .iter()
                .map(|it| [digest(it), text_digest(it)])
                .collect(),
            marks: found
                .iter()
                .map(|it| [it.whole_mark(), it.mark()])
                .collect(),
            known: vec![None; found.len()],
            is_taken: vec![false; lifted.len()],
        }
    }

    fn pairs(self) -> impl Iterator<Item = Option<Known>> + use<'f> {
        self.known.into_iter().map(|known| {
            let (lifted, has_changed) = known?;
            Some(Known {
                name: self.lifted[lifted].name.clone(),
                has_changed,
            })
        })
    }

    /// Finds what says the same as then: first where it was, then in the same function, then anywhere.
    fn by_text(&mut self) {
        self.same_text(|mark| mark);
        self.same_text(|mark| split(mark).0);
        self.same_text(|_| "");
    }

    fn same_text(&mut self, part: fn(&str) -> &str) {
        let mut left: HashMap<(&str, &str), VecDeque<usize>> = HashMap::new();
        for (index, lifted) in self.lifted.iter().enumerate() {
            if let (Some(digest), false) = (&lifted.digest, self.is_taken[index]) {
                let key = (digest.as_str(), part(&lifted.place));
                left.entry(key).or_default().push_back(index);
            }
        }
        for (index, marks) in self.marks.iter().enumerate() {
            if self.known[index].is_some() {
                continue;
            }
            let digests = &self.digests[index];
            let mut keys = marks
                .iter()
                .flat_map(|mark| digests.iter().map(|it| (it.as_str(), part(mark))));
            let same = keys.find_map(|key| left.get_mut(&key)?.pop_front());
            if let Some(same) = same {
                self.known[index] = Some((same, false));
                self.is_taken[same] = true;
            }
        }
    }

    /// Finds what says something else now, where a place leaves no choice.
    fn by_place(&mut self, code: &dyn Fn() -> String) {
        if self.known.iter().all(Option::is_some) || self.is_taken.iter().all(|it| *it) {
            return;
        }
        let code = code().replace("\\\"", "\"");
        let is_read: Vec<bool> = self
            .lifted
            .iter()
            .map(|it| reads(&code, it.name.as_str()))
            .collect();
        // Earlier versions noted no class.
        for which in [0, 1] {
            self.same_place(which, &is_read);
        }
    }

    fn same_place(&mut self, which: usize, is_read: &[bool]) {
        let mut places: BTreeMap<&str, Place> = BTreeMap::new();
        for (index, marks) in self.marks.iter().enumerate() {
            let (place, number) = split(&marks[which]);
            let at = places.entry(place).or_default();
            match self.known[index] {
                None => at.found.push((number, index)),
                Some((lifted, _)) if split(&self.lifted[lifted].place).0 == place => {
                    at.known.push((number, split(&self.lifted[lifted].place).1));
                }
                Some(_) => {}
            }
        }
        for (index, lifted) in self.lifted.iter().enumerate() {
            let (place, number) = split(&lifted.place);
            if let Some(at) = places.get_mut(place)
                && !self.is_taken[index]
                && !is_read[index]
            {
                at.lifted.push((number, index));
            }
        }
        for (found, lifted) in places.into_values().filter_map(Place::sure).flatten() {
            let has_changed = self.lifted[lifted].digest.is_some();
            self.known[found] = Some((lifted, has_changed));
            self.is_taken[lifted] = true;
        }
    }
}

/// What is left of one place: numbers there, and which they are.
#[derive(Default)]
struct Place {
    found: Vec<(usize, usize)>,
    lifted: Vec<(usize, usize)>,
    /// The numbers, now and then, of those that are known.
    known: Vec<(usize, usize)>,
}

impl Place {
    /// Which is which, if there is only one way for it: as many as then, in the order of then.
    fn sure(mut self) -> Option<Vec<(usize, usize)>> {
        self.found.sort_unstable();
        self.lifted.sort_unstable();
        let is_twice = self.lifted.windows(2).any(|two| two[0].0 == two[1].0);
        if self.found.len() != self.lifted.len() || is_twice {
            return None;
        }
        let pairs = self.found.iter().zip(&self.lifted);
        let mut order = self.known;
        order.extend(pairs.clone().map(|(found, lifted)| (found.0, lifted.0)));
        order.sort_unstable();
        let is_in_order = order.windows(2).all(|two| two[0].1 <= two[1].1);
        is_in_order.then(|| pairs.map(|(found, lifted)| (found.1, lifted.1)).collect())
    }
}

/// A place and the number there.
fn split(mark: &str) -> (&str, usize) {
    let place = mark.trim_end_matches(|it: char| it.is_ascii_digit());
    (place, mark[place.len()..].parse().unwrap_or_default())
}

/// Whether code reads a prompt from its file, as the printed code does.
fn reads(code: &str, name: &str) -> bool {
    let is_read = |quote: &str| {
        let quoted = format!("{quote}{name}{quote}");
        let ends = ["[", "get(", "id: ", "\"id\": "];
        let mut places = code.match_indices(&quoted);
        places.any(|(at, _)| ends.iter().any(|end| code[..at].ends_with(end)))
    };
    ["\"", "'", "`"].into_iter().any(is_read)
}

/// Gives every prompt a name of its own: where that fits, the one that it was lifted as, and no other
/// that something of its file was lifted as.
fn name_all(prompts: &mut [(String, FoundPrompt)], known: &Lifted, before: &Before, keys: &Keys) {
    let mut taken = BTreeSet::new();
    let mut left = Vec::new();
    for (path, prompt) in prompts {
        let own = prompt.name.take().unwrap_or_else(|| "prompt".to_owned());
        let same = known.get(&(path.clone(), prompt.mark()));
        let same = same.and_then(|known| end_of(known.name.as_str(), &own));
        match same.filter(|name| is_numbered(name, &own) && taken.insert(name.to_lowercase())) {
            Some(name) => prompt.name = Some(name.to_owned()),
            None => left.push((path, prompt, own)),
        }
    }
    for (path, prompt, own) in left {
        let lifted = before.get(&keys.of(path)).map_or(&[][..], Vec::as_slice);
        let others: BTreeSet<String> = lifted
            .iter()
            .filter_map(|it| Some(end_of(it.name.as_str(), &own)?.to_lowercase()))
            .collect();
        let mut free = own.clone();
        let mut number = 2;
        while others.contains(&free.to_lowercase()) || !taken.insert(free.to_lowercase()) {
            free = format!("{own}-{number}");
            number += 1;
        }
        prompt.name = Some(free);
    }
}

/// As many parts of the end of a name as another has: `--into` puts folders before those.
fn end_of<'n>(name: &'n str, other: &str) -> Option<&'n str> {
    let parts = other.matches('/').count();
    match name.rmatch_indices('/').nth(parts) {
        Some((at, _)) => Some(&name[at + 1..]),
        None => (name.matches('/').count() == parts).then_some(name),
    }
}

/// Whether a name is another, or that with a number.
fn is_numbered(name: &str, other: &str) -> bool {
    name.strip_prefix(other).is_some_and(|rest| {
        let digits = rest.strip_prefix('-');
        rest.is_empty()
            || digits.is_some_and(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()))
    })
}

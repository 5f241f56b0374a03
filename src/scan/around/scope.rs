//! How far a name reaches: two functions that each call something `variables` do not mean the same.

use std::ops::Range;

use super::super::lex::{Kind, NONE};
use super::{Assigned, Item, MOST_USES, Source};

/// Words before a block whose names are read from outside of it.
const OPEN_BLOCKS: &[&str] = &[
    "class",
    "interface",
    "object",
    "struct",
    "enum",
    "namespace",
    "module",
    "impl",
    "trait",
];

impl<'a> Source<'a> {
    /// Where a name is used as the value that it was given last before a token.
    pub(super) fn uses_of(&self, name: &str, value: usize) -> Vec<usize> {
        let uses = self.uses(name);
        let all = self.constants().get(name);
        let Some(&own) = all.and_then(|all| all.iter().rfind(|(declared, _)| *declared <= value))
        else {
            return uses;
        };
        let is_use = |used: usize| match self.is_plain(used) {
            false => true,
            true if self.is_assignment(own) => self.seen_from(name, used).contains(&own),
            // A key of a map, which may have been taken out under its own name.
            true => self.seen_from(name, used).is_empty(),
        };
        uses.into_iter().filter(|&used| is_use(used)).collect()
    }

    /// The places that give a name the values that it may have where it is used: those of the
    /// innermost function or block that gives it any.
    pub(super) fn seen_from(&self, name: &str, used: usize) -> Vec<Assigned> {
        let Some(all) = self.constants().get(name) else {
            return Vec::new();
        };
        if !self.is_plain(used) {
            return all.clone();
        }
        let near = all.partition_point(|(declared, _)| *declared <= used);
        let near = near.saturating_sub(MOST_USES)..(near + MOST_USES).min(all.len());
        let assigned: Vec<(Option<Range<usize>>, Assigned)> = all[near]
            .iter()
            .filter(|&&place| self.is_assignment(place))
            .map(|&place| (self.reach(place.0), place))
            .collect();
        let declared: Vec<&Range<usize>> = assigned
            .iter()
            .filter_map(|(reach, _)| reach.as_ref())
            .collect();
        // What is given to a name that was declared before reaches as far as that.
        let reach_of = |reach: &Option<Range<usize>>, place: Assigned| {
            reach.clone().unwrap_or_else(|| {
                let around = declared.iter().filter(|reach| reach.contains(&place.0));
                let nearest = around.min_by_key(|reach| reach.len());
                nearest.map_or(0..self.tokens.len(), |reach| (*reach).clone())
            })
        };
        let mut seen: Vec<(usize, Assigned)> = assigned
            .iter()
            .map(|(reach, place)| (reach_of(reach, *place), *place))
            .filter(|(reach, _)| reach.contains(&used))
            .map(|(reach, place)| (reach.len(), place))
            .collect();
        let innermost = seen.iter().map(|(length, _)| *length).min();
        seen.retain(|(length, _)| Some(*length) == innermost);
        seen.into_iter().map(|(_, place)| place).collect()
    }

    /// Whether a name means the same in two places.
    pub(super) fn is_same(&self, name: &str, one: usize, other: usize) -> bool {
        let (first, second) = (self.seen_from(name, one), self.seen_from(name, other));
        // A parameter is given no value here: it means the same in its own function.
        first == second && (!first.is_empty() || self.function_of(one) == self.function_of(other))
    }

    /// Whether a token is a name in code that stands for itself, and no field of something.
    fn is_plain(&self, used: usize) -> bool {
        self.kind(used) == Some(Kind::Word)
            && self.language.is_pure_code()
            && used
                .checked_sub(1)
                .is_none_or(|before| self.tokens[before].kind != Kind::Mark(b'.'))
    }

    /// Whether a name is given its value by `=`, and not as the key of a map or an argument.
    fn is_assignment(&self, (name, value): Assigned) -> bool {
        let sign = (name..value)
            .rev()
            .find(|&at| self.tokens[at].kind != Kind::Line);
        let parent = self.tokens[name].parent;
        self.tokens[name].kind == Kind::Word
            && sign.is_some_and(|at| self.tokens[at].kind == Kind::Mark(b'='))
            && (parent == NONE || self.tokens[parent].kind == Kind::Open(b'{'))
    }

    /// The tokens from which a name is seen that is declared here; none where it is declared
    /// elsewhere.
    fn reach(&self, name: usize) -> Option<Range<usize>> {
        let whole = 0..self.tokens.len();
        if self.language.is_indented() {
            return Some(self.function_of(name).unwrap_or(whole));
        }
        // `const x = …`, `String x = …`, `x := …`; `var` may be read from outside of its block.
        let word = name
            .checked_sub(1)
            .filter(|&before| self.tokens[before].kind == Kind::Word);
        let is_short = self
            .tokens
            .get(name + 1)
            .is_some_and(|sign| sign.kind == Kind::Mark(b'=') && sign.end - sign.start == 2);
        if !is_short && word.is_none_or(|before| self.word(before) == "var") {
            return None;
        }
        let mut open = self.tokens[name].parent;
        while open != NONE && self.spend(1) {
            if self.tokens[open].kind == Kind::Open(b'{') {
                return Some(match self.is_read_from_outside(open) {
                    true => whole,
                    false => open..self.end_of(open),
                });
            }
            open = self.tokens[open].parent;
        }
        Some(whole)
    }

    /// Whether what looks like an item of a map is a statement of a block, such as `const id = …;`.
    pub(super) fn is_statement(&self, open: usize, key: usize, item: &Item) -> bool {
        let sign = (key..item.value.start)
            .rev()
            .find(|&at| self.tokens[at].kind != Kind::Line);
        let is_declared = key
            .checked_sub(1)
            .is_some_and(|before| self.tokens[before].kind == Kind::Word);
        self.tokens[open].kind == Kind::Open(b'{')
            && self.language.is_pure_code()
            && sign.is_some_and(|at| self.tokens[at].kind == Kind::Mark(b'='))
            && (self.language.is_script() || is_declared)
    }

    fn is_read_from_outside(&self, open: usize) -> bool {
        let head = (open.saturating_sub(20)..open).rev();
        let mut head = head.take_while(|&at| {
            !matches!(
                self.tokens[at].kind,
                Kind::Line | Kind::Mark(b';') | Kind::Open(b'{') | Kind::Close(b'{')
            )
        });
        head.any(|at| self.tokens[at].kind == Kind::Word && OPEN_BLOCKS.contains(&self.word(at)))
    }

    /// The innermost function around a token, in languages that indent them.
    fn function_of(&self, token: usize) -> Option<Range<usize>> {
        if !self.language.is_indented() {
            return None;
        }
        let all = self.functions();
        // They begin in order, and lie in each other or side by side.
        let before = all.partition_point(|function| function.start <= token);
        let mut around = all[..before].iter().rev().take(MOST_USES);
        around
            .find(|function| function.contains(&token) && self.spend(1))
            .cloned()
    }

    /// Where functions begin and end: a line with `def`, to the next that stands as far out.
    fn functions(&self) -> &[Range<usize>] {
        self.functions.get_or_init(|| {
            let mut found: Vec<Range<usize>> = Vec::new();
            let mut open: Vec<(usize, usize)> = Vec::new();
            for index in 0..self.tokens.len() {
                let token = &self.tokens[index];
                let begins_line = index == 0 || self.tokens[index - 1].kind == Kind::Line;
                let is_code = matches!(token.kind, Kind::Word | Kind::Text);
                if !begins_line || !is_code || token.parent != NONE {
                    continue;
                }
                let line = self.line_of(token.start);
                let start = line
                    .checked_sub(2)
                    .map_or(0, |before| self.lines[before] + 1);
                let column = token.start - start;
                while let Some(&(at, _)) = open.last().filter(|(_, depth)| column <= *depth) {
                    found[at].end = index;
                    open.pop();
                }
                let word = self.word(index);
                let is_function = word == "def"
                    || word == "async"
                        && self.kind(index + 1) == Some(Kind::Word)
                        && self.word(index + 1) == "def";
                if is_function {
                    open.push((found.len(), column));
                    found.push(index..self.tokens.len());
                }
            }
            found
        })
    }
}

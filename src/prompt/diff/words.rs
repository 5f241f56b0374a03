//! How one text became another, word by word, with moved passages recognised.
//!
//! The work is bounded by size alone, never by a clock, so that the same two texts always give
//! the same answer: sentences and lines are compared first, and words only where they differ.

mod moves;
mod units;

use std::ops::Range;

use super::align::{Budget, Stretch, align, numbers};
use moves::Moves;
use units::Units;

/// Above this many bytes, old and new together, a changed passage counts as replaced as a whole.
const MAX_PASSAGE: usize = 400_000;

/// How one text became another. Its pieces, in order, hold both texts whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordDiff {
    /// The pieces, in reading order; neighbours differ in kind.
    pub pieces: Vec<Piece>,
}

/// A stretch of text and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What became of it.
    pub kind: PieceKind,
    /// The text; never empty.
    pub text: String,
}

/// What became of a stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PieceKind {
    /// It stayed.
    Same,
    /// Only the old text has it.
    Removed,
    /// Only the new text has it.
    Added,
    /// It stood here in the old text and stands elsewhere in the new one.
    MovedAway,
    /// It stands here in the new text and stood elsewhere in the old one.
    MovedHere,
}

impl PieceKind {
    /// Whether the old text has it.
    pub fn is_before(self) -> bool {
        matches!(self, Self::Same | Self::Removed | Self::MovedAway)
    }

    /// Whether the new text has it.
    pub fn is_after(self) -> bool {
        matches!(self, Self::Same | Self::Added | Self::MovedHere)
    }
}

impl WordDiff {
    /// Compares two texts.
    pub fn new(before: &str, after: &str) -> Self {
        Self::within(&mut Budget::default(), before, after)
    }

    /// Compares two texts with what is left of a budget; without any, what differs is replaced.
    pub(super) fn within(budget: &mut Budget, before: &str, after: &str) -> Self {
        let mut writer = Writer {
            pieces: Vec::new(),
            budget,
        };
        let (before, after, rest) = writer.common_start(before, after, |char| char == '\n');
        passages(before, after, &mut writer);
        writer.push(PieceKind::Same, rest);
        Self {
            pieces: writer.pieces,
        }
    }

    /// The old text.
    pub fn before(&self) -> String {
        self.text(PieceKind::is_before)
    }

    /// The new text.
    pub fn after(&self) -> String {
        self.text(PieceKind::is_after)
    }

    /// Whether every word is still there and only its place changed.
    pub fn is_only_moved(&self) -> bool {
        let mut is_moved = false;
        let is_kept = self.pieces.iter().all(|piece| match piece.kind {
            PieceKind::Same => true,
            PieceKind::MovedAway | PieceKind::MovedHere => {
                is_moved = true;
                true
            }
            PieceKind::Removed | PieceKind::Added => piece.text.trim().is_empty(),
        });
        is_kept && is_moved
    }

    fn text(&self, wanted: fn(PieceKind) -> bool) -> String {
        let pieces = self.pieces.iter().filter(|piece| wanted(piece.kind));
        pieces.map(|piece| piece.text.as_str()).collect()
    }
}

/// Joins neighbours of one kind.
struct Writer<'b> {
    pieces: Vec<Piece>,
    budget: &'b mut Budget,
}

impl Writer<'_> {
    fn push(&mut self, kind: PieceKind, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(last) if last.kind == kind => last.text.push_str(text),
            _ => self.pieces.push(Piece {
                kind,
                text: text.to_owned(),
            }),
        }
    }

    /// Writes what both texts begin with, and gives what lies between that and their common end,
    /// and that end. Both are cut back to the last of these borders.
    fn common_start<'a>(
        &mut self,
        before: &'a str,
        after: &'a str,
        is_border: fn(char) -> bool,
    ) -> (&'a str, &'a str, &'a str) {
        if before == after {
            self.push(PieceKind::Same, before);
            return ("", "", "");
        }
        let same = |(a, b): &(u8, u8)| a == b;
        let start = before.bytes().zip(after.bytes()).take_while(same).count();
        let start = before[..before.floor_char_boundary(start)].rfind(is_border);
        let start = start.map_or(0, |at| before.ceil_char_boundary(at + 1));
        let (head, before) = before.split_at(start);
        let after = &after[head.len()..];
        self.push(PieceKind::Same, head);
        let backwards = before.bytes().rev().zip(after.bytes().rev());
        let end = before.ceil_char_boundary(before.len() - backwards.take_while(same).count());
        let border = before[end..].find(is_border);
        let end = border.map_or(before.len(), |at| before.ceil_char_boundary(end + at + 1));
        let (before, rest) = before.split_at(end);
        (before, &after[..after.len() - rest.len()], rest)
    }
}

/// Compares by sentence and line, finds what moved, and goes into words where that is not enough.
fn passages(before: &str, after: &str, writer: &mut Writer<'_>) {
    let (old, new) = (Units::sentences(before), Units::sentences(after));
    let stretches = compare(&old, &new, writer.budget);
    let stretches: Vec<Stretch> = stretches
        .into_iter()
        .flat_map(|stretch| stayed(stretch, &old, &new, writer.budget))
        .collect();
    let moves = Moves::find(&old, &new, &stretches);
    for stretch in stretches {
        if stretch.is_same {
            let (old, new) = (old.slice(stretch.old), new.slice(stretch.new));
            // What stayed may have been indented or have lost its line end.
            words(old, new, writer);
        } else {
            let old = runs(&old, stretch.old, &moves.away);
            let new = runs(&new, stretch.new, &moves.here);
            hunk(&old, &new, writer);
        }
    }
}

/// Cuts a changed stretch at the passages that stayed in their order and differ only in the blanks
/// around them: those did not move, whatever came or went beside them.
fn stayed(stretch: Stretch, old: &Units<'_>, new: &Units<'_>, budget: &mut Budget) -> Vec<Stretch> {
    if stretch.is_same || stretch.old.is_empty() || stretch.new.is_empty() {
        return vec![stretch];
    }
    let (from, to) = (stretch.old.start, stretch.new.start);
    let trimmed = |units: &Units<'_>, range: Range<usize>| -> Vec<String> {
        let units = range.map(|at| units.slice(at..at + 1).trim().to_owned());
        units.collect()
    };
    let (before, after) = (trimmed(old, stretch.old), trimmed(new, stretch.new));
    let (olds, news) = numbers(&before, &after);
    let is_blank = |range: &Range<usize>| before[range.clone()].iter().all(String::is_empty);
    let mut parts: Vec<Stretch> = Vec::new();
    for mut part in align(&olds, &news, budget) {
        part.is_same &= !is_blank(&part.old);
        part.old = part.old.start + from..part.old.end + from;
        part.new = part.new.start + to..part.new.end + to;
        match parts.last_mut() {
            Some(last) if !last.is_same && !part.is_same => {
                (last.old.end, last.new.end) = (part.old.end, part.new.end);
            }
            _ => parts.push(part),
        }
    }
    parts
}

/// Writes one changed passage: its plain runs side by side, its moved runs in their places.
fn hunk(old: &[Run<'_>], new: &[Run<'_>], writer: &mut Writer<'_>) {
    for at in 0..old.len().max(new.len()) {
        let old = old.get(at).copied().unwrap_or_default();
        let new = new.get(at).copied().unwrap_or_default();
        words(old.plain, new.plain, writer);
        writer.push(PieceKind::MovedAway, old.moved);
        writer.push(PieceKind::MovedHere, new.moved);
    }
}

/// A stretch of text that did not move, and the moved stretch behind it.
#[derive(Debug, Clone, Copy, Default)]
struct Run<'a> {
    plain: &'a str,
    moved: &'a str,
}

fn runs<'a>(units: &Units<'a>, range: Range<usize>, moved: &[bool]) -> Vec<Run<'a>> {
    let mut runs = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let middle = (at..range.end).find(|&i| moved[i]).unwrap_or(range.end);
        let end = (middle..range.end)
            .find(|&i| !moved[i])
            .unwrap_or(range.end);
        runs.push(Run {
            plain: units.slice(at..middle),
            moved: units.slice(middle..end),
        });
        at = end;
    }
    runs
}

/// Compares the units of two texts.
fn compare(old: &Units<'_>, new: &Units<'_>, budget: &mut Budget) -> Vec<Stretch> {
    let (old, new) = numbers(old.iter(), new.iter());
    align(&old, &new, budget)
}

/// Compares one changed passage word by word, if it is not too long for that.
fn words(before: &str, after: &str, writer: &mut Writer<'_>) {
    let (before, after, rest) = if before.len() + after.len() <= MAX_PASSAGE {
        (before, after, "")
    } else {
        writer.common_start(before, after, char::is_whitespace)
    };
    let is_small =
        !before.is_empty() && !after.is_empty() && before.len() + after.len() <= MAX_PASSAGE;
    let (old, new) = if is_small {
        (Units::words(before), Units::words(after))
    } else {
        (Units::whole(before), Units::whole(after))
    };
    let stretches = compare(&old, &new, writer.budget);
    for stretch in readable(stretches, &old, &new) {
        if stretch.is_same {
            writer.push(PieceKind::Same, old.slice(stretch.old));
        } else {
            writer.push(PieceKind::Removed, old.slice(stretch.old));
            writer.push(PieceKind::Added, new.slice(stretch.new));
        }
    }
    writer.push(PieceKind::Same, rest);
}

/// Joins changes that only a few small words keep apart: a sentence written anew is easier to
/// read as one change than as a dozen around every `the`.
fn readable(stretches: Vec<Stretch>, old: &Units<'_>, new: &Units<'_>) -> Vec<Stretch> {
    let mut joined: Vec<Stretch> = Vec::new();
    let weight = |stretch: &Stretch| {
        let (old, new) = (
            old.slice(stretch.old.clone()),
            new.slice(stretch.new.clone()),
        );
        old.len().max(new.len())
    };
    for mut stretch in stretches {
        while let [.., left, middle] = joined.as_slice()
            && !stretch.is_same
            && is_filler(
                old.slice(middle.old.clone()),
                weight(left).min(weight(&stretch)),
            )
        {
            (stretch.old.start, stretch.new.start) = (left.old.start, left.new.start);
            joined.truncate(joined.len() - 2);
        }
        joined.push(stretch);
    }
    joined
}

/// Whether what stayed between two changes is too little, beside them, to be shown as staying.
fn is_filler(text: &str, around: usize) -> bool {
    let length = text.trim().len();
    // The cheap look comes first: long stretches are asked about again and again.
    length < around
        && (length * 2 < around || !text.contains(char::is_alphanumeric))
        && !text.contains('\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The old words in `[-…-]`, the new in `{+…+}`, what moved in `<…<` and `>…>`.
    fn marked(before: &str, after: &str) -> String {
        let diff = WordDiff::new(before, after);
        assert_eq!(
            (diff.before().as_str(), diff.after().as_str()),
            (before, after)
        );
        let mark = |piece: &Piece| match piece.kind {
            PieceKind::Same => piece.text.clone(),
            PieceKind::Removed => format!("[-{}-]", piece.text),
            PieceKind::Added => format!("{{+{}+}}", piece.text),
            PieceKind::MovedAway => format!("<{}<", piece.text),
            PieceKind::MovedHere => format!(">{}>", piece.text),
        };
        diff.pieces.iter().map(mark).collect()
    }

    #[test]
    fn one_word_of_three_hundred_is_one_word() {
        let words: Vec<String> = (0..300).map(|n| format!("word{n}")).collect();
        let before = words.join(" ");
        let after = before.replace("word150 ", "other ");
        let diff = WordDiff::new(&before, &after);
        let changed: Vec<_> = diff
            .pieces
            .iter()
            .filter(|piece| piece.kind != PieceKind::Same)
            .collect();
        assert_eq!(changed.len(), 2);
        assert_eq!(
            (changed[0].text.as_str(), changed[1].text.as_str()),
            ("word150", "other")
        );
    }

    #[test]
    fn words_are_what_people_call_words() {
        assert_eq!(
            marked("Answer in one word.", "Answer in two words."),
            "Answer in [-one word-]{+two words+}."
        );
        assert_eq!(
            marked("Be {{tone}} now", "Be {{mood}} now"),
            "Be {{[-tone-]{+mood+}}} now"
        );
        assert_eq!(marked("a b", "a  b"), "a[- -]{+  +}b");
        assert_eq!(marked("don't stop", "do stop"), "[-don't-]{+do+} stop");
        assert_eq!(marked("", "new"), "{+new+}");
    }

    #[test]
    fn chinese_and_japanese_characters_are_words() {
        assert_eq!(
            marked("请用中文回答问题", "请用英文回答问题"),
            "请用[-中-]{+英+}文回答问题"
        );
    }

    #[test]
    fn a_sentence_written_anew_is_one_change() {
        assert_eq!(
            marked(
                "Refuse the angry customer politely.",
                "Welcome the happy visitor warmly."
            ),
            "[-Refuse the angry customer politely-]{+Welcome the happy visitor warmly+}."
        );
    }

    #[test]
    fn a_paragraph_that_moved_is_shown_as_moved() {
        let (a, b, c) = (
            "Always answer in the language of the customer.\n",
            "Never promise a refund before it is approved.\n",
            "Close every reply with the ticket number.\n",
        );
        assert_eq!(
            marked(&format!("{a}{b}{c}"), &format!("{b}{c}{a}")),
            format!("<{a}<{b}{c}>{a}>")
        );
        let diff = WordDiff::new(&format!("{a}{b}{c}"), &format!("{c}{a}{b}"));
        assert!(diff.is_only_moved());
        // Sentences move inside a line too, and the last line needs no line end to be recognised.
        let diff = WordDiff::new(
            "Be kind to every customer. Ask for the number. Stop.",
            "Ask for the number. Stop. Be kind to every customer.",
        );
        assert!(
            diff.pieces
                .iter()
                .any(|piece| piece.kind == PieceKind::MovedHere)
        );
    }

    #[test]
    fn a_line_that_stays_is_not_moved_when_the_next_one_goes_or_it_is_indented() {
        assert_eq!(
            marked(
                "Answer in the language of the customer.\nClose with the ticket number please.",
                "Answer in the language of the customer."
            ),
            "Answer in the language of the customer.[-\nClose with the ticket number please.-]"
        );
        assert_eq!(
            marked(
                "Do this:\n- keep the number in sight\n- sign with the team's name\n",
                "Do this:\n  - keep the number in sight\n  - sign with the team's name\n"
            ),
            "Do this:\n{+  +}- keep the number in sight\n{+  +}- sign with the team's name\n"
        );
        assert_eq!(
            marked(
                "Cite the handbook by its page. Be kind to every customer.",
                "Be kind to every customer. Cite the handbook by its page."
            ),
            ">Be kind to every customer. >Cite the handbook by its page.[- -]<Be kind to every customer.<"
        );
    }

    #[test]
    fn a_few_common_words_do_not_move() {
        let diff = WordDiff::new("yes\nno\nmaybe so\n", "maybe so\nno\nyes\n");
        assert!(
            !diff
                .pieces
                .iter()
                .any(|piece| piece.kind == PieceKind::MovedHere)
        );
    }

    #[test]
    fn a_moved_block_takes_its_blank_lines_along_and_edits_beside_it_stay_edits() {
        let block = "# Tone\n\nBe calm and brief in every answer.\n\n";
        let rest = "Cite the handbook.\nName the page and the date of it.\nKeep the number in sight.\nSign with the team's name.\nSend it.\n";
        assert_eq!(
            marked(
                &format!("Read it twice.\n{block}{rest}"),
                &format!("Read it thrice.\n{rest}{block}")
            ),
            format!("Read it [-twice-]{{+thrice+}}.\n<{block}<{rest}>{block}>")
        );
    }

    #[test]
    fn huge_texts_end_quickly_and_lose_nothing() {
        let mut state = 1u64;
        let mut text = |count: usize, words: u64, ends: &[&str]| -> String {
            let mut next = |below: u64| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % below
            };
            let word = |_| format!("w{}{}", next(words), ends[next(ends.len() as u64) as usize]);
            (0..count).map(word).collect()
        };
        // Sentences that all differ, two lines over and over, one long line, one long word.
        let (many, other) = (
            text(60_000, 5_000, &[" ", " ", " ", ". ", "\n"]),
            text(60_000, 5_000, &[" ", ". ", "\n"]),
        );
        let (lines, rest) = (text(150_000, 2, &["\n"]), text(150_000, 2, &["\n"]));
        let (line, long) = (text(60_000, 5_000, &[" "]), "x".repeat(2_000_000));
        let pairs = [
            (&many, &other),
            (&lines, &rest),
            (&line, &many),
            (&long, &line),
            (&long, &long),
        ];
        for (before, after) in pairs {
            let diff = WordDiff::new(before, after);
            assert!(diff.before() == *before && diff.after() == *after);
        }
    }

    #[test]
    fn one_edit_in_a_huge_line_is_still_one_edit() {
        let line: String = (0..200_000).map(|n| format!("word{n} ")).collect();
        let after = line.replace("word100000 ", "other ");
        let diff = WordDiff::new(&line, &after);
        let added: Vec<&str> = diff
            .pieces
            .iter()
            .filter(|piece| piece.kind == PieceKind::Added)
            .map(|piece| piece.text.as_str())
            .collect();
        assert_eq!(added, ["other"]);
    }

    proptest! {
        #[test]
        fn the_pieces_hold_both_texts(before in text(), after in text()) {
            let diff = WordDiff::new(&before, &after);
            prop_assert_eq!(diff.before(), before);
            prop_assert_eq!(diff.after(), after);
            for pair in diff.pieces.windows(2) {
                prop_assert!(pair[0].kind != pair[1].kind && !pair[0].text.is_empty());
            }
        }
    }

    /// Texts that share words, so that most pairs have something in common.
    fn text() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            "[abc]{1,2}",
            Just("one two three four. ".to_owned()),
            Just("请用".to_owned()),
            Just("\n".to_owned()),
            Just("\r\n".to_owned()),
            Just(" ".to_owned()),
            Just("👩‍👩‍👧".to_owned()),
            Just("e\u{301}".to_owned()),
            "\\PC{0,3}",
        ];
        proptest::collection::vec(word, 0..24).prop_map(|words| words.concat())
    }
}

//! How alike two texts are, from 0 to 1.
//!
//! Each is what its well-known program computes, for texts in English to the last digit: `f1` SQuAD's,
//! `rouge1` and `rougeL` those of `rouge_score` (the F-measure, no stemmer), `bleu` that of sacrebleu
//! for one sentence (tokenizer `13a`, smoothing `exp`). Beyond them, a letter of a script that is written
//! without blanks is a word of its own, and letters beyond ASCII are letters.
//!
//! What compares every letter with every letter is done 64 at a time, and given up where it would
//! take longer than [`MOST_STEPS`].

use std::collections::HashMap;
use std::hash::Hash;

/// A way to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    Levenshtein,
    F1,
    Rouge1,
    RougeL,
    Bleu,
}

impl Metric {
    pub(super) const ALL: [Self; 5] = [
        Self::Levenshtein,
        Self::F1,
        Self::Rouge1,
        Self::RougeL,
        Self::Bleu,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Levenshtein => "levenshtein",
            Self::F1 => "f1",
            Self::Rouge1 => "rouge1",
            Self::RougeL => "rougeL",
            Self::Bleu => "bleu",
        }
    }
}

/// So many times 64 pairs are compared at most: about a fifth of a second.
const MOST_STEPS: usize = 64_000_000;

/// How alike `text` is to `like`; none where that takes too long to tell.
pub(super) fn similarity(metric: Metric, like: &str, text: &str) -> Option<f64> {
    Some(match metric {
        Metric::Levenshtein => {
            let longest = like.chars().count().max(text.chars().count());
            let edits = edits(like, text)?;
            1.0 - ratio(edits, longest)
        }
        Metric::F1 => {
            let (like, text) = (squad_words(like), squad_words(text));
            match (like.is_empty(), text.is_empty()) {
                (true, true) => 1.0,
                _ => f_measure(shared(&like, &text), like.len(), text.len()),
            }
        }
        Metric::Rouge1 => {
            let (like, text) = (words(like), words(text));
            f_measure(shared(&like, &text), like.len(), text.len())
        }
        Metric::RougeL => {
            let (like, text) = (words(like), words(text));
            f_measure(common(&like, &text)?, like.len(), text.len())
        }
        Metric::Bleu => bleu(&bleu_words(like), &bleu_words(text)),
    })
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64
}

fn f_measure(shared: usize, like: usize, text: usize) -> f64 {
    let (precision, recall) = (ratio(shared, text), ratio(shared, like));
    if precision + recall == 0.0 {
        return 0.0;
    }
    2.0 * precision * recall / (precision + recall)
}

/// How many letters of `a` have to be added, left out or changed to make `b` of it; none where that
/// takes too long to tell.
pub(super) fn edits(a: &str, b: &str) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (a, b) = differing(&a, &b);
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return Some(long.len());
    }
    let (short, long, kinds) = numbered(short, long)?;
    Some(levenshtein(&short, &long, kinds))
}

/// The two without what they begin and end with alike.
fn differing<'a, T: PartialEq>(a: &'a [T], b: &'a [T]) -> (&'a [T], &'a [T]) {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..], &b[start..]);
    let ends = a.iter().rev().zip(b.iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    (&a[..a.len() - end], &b[..b.len() - end])
}

/// Both as numbers, of which those of `short` are below the count; none where comparing takes too long.
fn numbered<T: Eq + Hash>(short: &[T], long: &[T]) -> Option<(Vec<usize>, Vec<usize>, usize)> {
    let steps = short.len().div_ceil(64).checked_mul(long.len())?;
    if steps > MOST_STEPS {
        return None;
    }
    let mut numbers: HashMap<&T, usize> = HashMap::new();
    let count_up = |item| {
        let next = numbers.len();
        *numbers.entry(item).or_insert(next)
    };
    let short: Vec<usize> = short.iter().map(count_up).collect();
    let kinds = numbers.len();
    // What `short` has not is like nothing in it.
    let long = long
        .iter()
        .map(|item| numbers.get(item).copied().unwrap_or(kinds));
    Some((short, long.collect(), kinds))
}

/// Myers' algorithm of bit vectors, in blocks of 64 rows (Hyyrö 2003).
fn levenshtein(short: &[usize], long: &[usize], kinds: usize) -> usize {
    let mut places = vec![0_u64; kinds + 1];
    // How much the last row done so far grows or falls from one column to the next.
    let mut steps = vec![1_i8; long.len()];
    for block in short.chunks(64) {
        for (row, &item) in block.iter().enumerate() {
            places[item] |= 1 << row;
        }
        let last = 1_u64 << (block.len() - 1);
        let (mut up, mut down) = (!0_u64, 0_u64);
        for (step, &item) in steps.iter_mut().zip(long) {
            let falls = u64::from(*step < 0);
            let grows = u64::from(*step > 0);
            let equal = places[item];
            let vertical = equal | down;
            let equal = equal | falls;
            let horizontal = ((equal & up).wrapping_add(up) ^ up) | equal;
            let mut plus = down | !(horizontal | up);
            let mut minus = up & horizontal;
            *step = i8::from(plus & last != 0) - i8::from(minus & last != 0);
            plus = plus << 1 | grows;
            minus = minus << 1 | falls;
            up = minus | !(vertical | plus);
            down = plus & vertical;
        }
        for &item in block {
            places[item] = 0;
        }
    }
    let change: i64 = steps.iter().map(|&step| i64::from(step)).sum();
    usize::try_from(short.len() as i64 + change).unwrap_or_default()
}

/// How many items the longest row has that stands in both in this order, with others between; none
/// where that takes too long to tell.
fn common<T: Eq + Hash>(a: &[T], b: &[T]) -> Option<usize> {
    let whole = a.len();
    let (a, b) = differing(a, b);
    let alike = whole - a.len();
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let (short, long, kinds) = numbered(short, long)?;
    let mut places = vec![0_u64; kinds + 1];
    let mut carries = vec![false; long.len()];
    let mut length = 0;
    for block in short.chunks(64) {
        for (row, &item) in block.iter().enumerate() {
            places[item] |= 1 << row;
        }
        let mut free = !0_u64;
        for (carry, &item) in carries.iter_mut().zip(&long) {
            let matches = free & places[item];
            let (sum, first) = free.overflowing_add(matches);
            let (sum, second) = sum.overflowing_add(u64::from(*carry));
            *carry = first || second;
            free = sum | (free & !places[item]);
        }
        let rows = !0_u64 >> (64 - block.len());
        length += (!free & rows).count_ones() as usize;
        for &item in block {
            places[item] = 0;
        }
    }
    Some(alike + length)
}

/// How many words both have, each as often as in the one that has it less often.
fn shared<T: Eq + Hash>(
    like: impl IntoIterator<Item = T>,
    text: impl IntoIterator<Item = T>,
) -> usize {
    let mut left: HashMap<T, usize> = HashMap::new();
    for word in like {
        *left.entry(word).or_default() += 1;
    }
    let mut shared = 0;
    for word in text {
        if let Some(count) = left.get_mut(&word).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    shared
}

/// Whether a letter is a word of its own: scripts without blanks between words.
fn is_word(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// The words of a text in which `write` has put blanks between them.
fn written(text: &str, write: impl Fn(char, &mut String)) -> Vec<String> {
    let mut spaced = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_word(letter) {
            spaced.extend([' ', letter, ' ']);
        } else {
            write(letter, &mut spaced);
        }
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// Letters and digits in lower case; all else stands between words.
fn words(text: &str) -> Vec<String> {
    written(&text.to_lowercase(), |letter, spaced| {
        spaced.push(if letter.is_alphanumeric() {
            letter
        } else {
            ' '
        });
    })
}

/// In lower case, without punctuation and articles.
fn squad_words(text: &str) -> Vec<String> {
    let mut words = written(&text.to_lowercase(), |letter, spaced| {
        if !letter.is_ascii_punctuation() {
            spaced.push(letter);
        }
    });
    words.retain(|word| !["a", "an", "the"].contains(&word.as_str()));
    words
}

/// Punctuation apart, but for points and commas inside numbers.
fn bleu_words(text: &str) -> Vec<String> {
    let text = text.trim_end().replace("<skipped>", "");
    let text = text.replace("-\n", "");
    let names = [
        ("&quot;", "\""),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ];
    let text = names
        .iter()
        .fold(text, |text, (name, letter)| text.replace(name, letter));
    let mut spaced = String::with_capacity(text.len() * 2);
    spaced.push(' ');
    for letter in text.chars() {
        let stays = matches!(letter, '\'' | ',' | '-' | '.');
        if (letter.is_ascii_punctuation() && !stays) || is_word(letter) {
            spaced.extend([' ', letter, ' ']);
        } else {
            spaced.push(letter);
        }
    }
    spaced.push(' ');
    let is_point = |letter| matches!(letter, '.' | ',');
    let text = apart(
        &spaced,
        |a, b| !a.is_ascii_digit() && is_point(b),
        ["", " ", " "],
    );
    let text = apart(
        &text,
        |a, b| is_point(a) && !b.is_ascii_digit(),
        [" ", " ", ""],
    );
    let text = apart(&text, |a, b| a.is_ascii_digit() && b == '-', ["", " ", " "]);
    text.split_whitespace().map(str::to_owned).collect()
}

/// The text with blanks before, between and after pairs of letters; a letter is in one pair only.
fn apart(text: &str, is_pair: impl Fn(char, char) -> bool, blanks: [&str; 3]) -> String {
    let mut spaced = String::with_capacity(text.len() + text.len() / 4);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let Some(next) = letters.next_if(|next| is_pair(letter, *next)) else {
            spaced.push(letter);
            continue;
        };
        let [before, between, after] = blanks;
        spaced.push_str(before);
        spaced.push(letter);
        spaced.push_str(between);
        spaced.push(next);
        spaced.push_str(after);
    }
    spaced
}

/// The geometric mean of how many of the runs of one to four words `like` has too, less where `text` is
/// shorter.
fn bleu(like: &[String], text: &[String]) -> f64 {
    if text.is_empty() {
        return 0.0;
    }
    let runs = |n: usize| {
        let all = (text.len() + 1).saturating_sub(n);
        (shared(like.windows(n), text.windows(n)), all)
    };
    let counts: Vec<(usize, usize)> = (1..=4).map(runs).filter(|(_, all)| *all > 0).collect();
    if counts.iter().all(|(known, _)| *known == 0) {
        return 0.0;
    }
    let mut smoothing = 1.0;
    let logs = counts.iter().map(|(known, all)| match known {
        0 => {
            smoothing *= 2.0;
            -f64::ln(smoothing * *all as f64)
        }
        _ => f64::ln(ratio(*known, *all)),
    });
    let mean = logs.sum::<f64>() / counts.len() as f64;
    let brevity = f64::min(0.0, 1.0 - like.len() as f64 / text.len() as f64);
    f64::exp(mean + brevity).min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By sacrebleu 2.6.0 (`BLEU(effective_order=True).sentence_score`), rouge_score 0.1.2 and the script
    /// of SQuAD 1.1: f1, rouge1, rougeL, bleu.
    const KNOWN: [(&str, &str, [f64; 4]); 9] = [
        (
            "The cat sat on the mat.",
            "The cat sat on a mat.",
            [1.0, 0.833333333, 0.833333333, 0.488923022],
        ),
        (
            "Your refund of $1,234.50 was sent on 3-4 May.",
            "A refund of $1,234.50 was sent.",
            [0.714285714, 0.7, 0.7, 0.378486986],
        ),
        (
            "to be or not to be",
            "be to not or be to",
            [1.0, 1.0, 0.5, 0.127033187],
        ),
        ("yes", "no", [0.0, 0.0, 0.0, 0.0]),
        (
            "It's over, isn't it?",
            "it is over",
            [0.571428571, 0.444444444, 0.444444444, 0.127536679],
        ),
        ("a b c d e f g", "a b c d e f g", [1.0, 1.0, 1.0, 1.0]),
        (
            "one two three four five",
            "one two four three five six seven eight",
            [0.769230769, 0.769230769, 0.615384615, 0.138880952],
        ),
        ("x & y < z", "x &amp; y &lt; z", [0.75, 0.75, 0.75, 1.0]),
        (
            "short",
            "short and then much longer than the other one",
            [0.222222222, 0.2, 0.2, 0.04767707],
        ),
    ];

    #[test]
    fn the_figures_are_those_of_the_programs_people_know() {
        for (like, text, known) in KNOWN {
            let metrics = [Metric::F1, Metric::Rouge1, Metric::RougeL, Metric::Bleu];
            for (metric, known) in metrics.into_iter().zip(known) {
                let found = similarity(metric, like, text).unwrap();
                let name = metric.name();
                assert!(
                    (found - known).abs() < 1e-8,
                    "{name} {like:?} {text:?}: {found}, not {known}"
                );
            }
        }
    }

    #[test]
    fn empty_texts() {
        for metric in Metric::ALL {
            let of = |like, text| similarity(metric, like, text).unwrap();
            assert_eq!(of("b", ""), 0.0, "{}", metric.name());
            assert!((0.0..=1.0).contains(&of("", "")), "{}", metric.name());
        }
    }

    /// Row by row, as a book has it.
    fn common_by_table(a: &[char], b: &[char]) -> usize {
        let mut above = vec![0; b.len() + 1];
        for x in a {
            let mut row = vec![0; b.len() + 1];
            for (at, y) in b.iter().enumerate() {
                row[at + 1] = if x == y {
                    above[at] + 1
                } else {
                    row[at].max(above[at + 1])
                };
            }
            above = row;
        }
        above[b.len()]
    }

    proptest! {
        #[test]
        fn edits_are_those_of_the_table(a in "[ab猫 ]{0,200}", b in "[abc猫]{0,200}") {
            prop_assert_eq!(edits(&a, &b), Some(strsim::levenshtein(&a, &b)));
        }

        #[test]
        fn the_longest_common_row_is_that_of_the_table(a in "[abcd]{0,200}", b in "[abce]{0,200}") {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(common(&a, &b), Some(common_by_table(&a, &b)));
        }

        #[test]
        fn likeness_lies_between_0_and_1_and_is_1_with_itself(like in ".{1,40}", text in ".{0,40}") {
            for metric in Metric::ALL {
                let found = similarity(metric, &like, &text).unwrap();
                prop_assert!((0.0..=1.0).contains(&found), "{} {}", metric.name(), found);
            }
            prop_assert_eq!(similarity(Metric::Levenshtein, &like, &like), Some(1.0));
        }
    }
}

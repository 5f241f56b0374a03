//! Text broken at words.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// A line of text as lines of at most this width. A word that is longer is cut into pieces.
pub fn wrapped(text: &str, width: Option<usize>) -> Vec<String> {
    const NARROWEST: usize = 20;
    let Some(width) = width else {
        return vec![text.to_owned()];
    };
    let width = width.max(NARROWEST);
    let mut lines = vec![String::new()];
    let mut column = 0;
    for word in text.split(' ') {
        if column > 0 && column + 1 + word.width() > width {
            lines.push(String::new());
            column = 0;
        }
        if column > 0 {
            push(&mut lines, " ");
            column += 1;
        }
        for char in word.chars() {
            let wide = char.width().unwrap_or(0);
            if column + wide > width {
                lines.push(String::new());
                column = 0;
            }
            push(&mut lines, char.encode_utf8(&mut [0; 4]));
            column += wide;
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

/// A line that a terminal of this width shows without breaking a word: what does not fit goes on below,
/// farther in than it began. Its blanks and its colours stay, and a word that is longer than a line, such as
/// a path, stays whole.
pub fn hung(line: &str, width: usize) -> String {
    const INDENT: usize = 4;
    if shown_width(line) <= width {
        return line.to_owned();
    }
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    let (mut out, mut column) = (" ".repeat(indent), indent);
    let mut blanks = 0;
    for word in text.split(' ') {
        let wide = shown_width(word);
        if wide == 0 && word.is_empty() {
            blanks += 1;
            continue;
        }
        if blanks > 0 && column + blanks + wide > width && column > indent + INDENT {
            out.push('\n');
            out.push_str(&" ".repeat(indent + INDENT));
            column = indent + INDENT;
        } else {
            out.push_str(&" ".repeat(blanks));
            column += blanks;
        }
        out.push_str(word);
        column += wide;
        blanks = 1;
    }
    out
}

/// How many columns a text takes, without the colours that it has of ours.
fn shown_width(text: &str) -> usize {
    let mut pieces = text.split("\u{1b}[");
    let plain = pieces.next().map_or(0, str::width);
    let coloured = pieces.map(|piece| {
        piece
            .split_once('m')
            .map_or(piece, |(_, text)| text)
            .width()
    });
    plain + coloured.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_does_not_fit_goes_on_below_and_farther_in() {
        let line = "  \u{1b}[1mwin\u{1b}[0m   it is so and not otherwise";
        assert_eq!(hung(line, 80), line);
        assert_eq!(
            hung(line, 20),
            "  \u{1b}[1mwin\u{1b}[0m   it is so and\n      not otherwise"
        );
    }

    proptest! {
        #[test]
        fn no_word_is_broken_and_none_is_lost(line in " {0,6}[a-zé]{1,9}( {1,3}[a-zé]{1,9}){0,12}", width in 20_usize..60) {
            let hung = hung(&line, width);
            prop_assert!(hung.split_whitespace().eq(line.split_whitespace()));
            prop_assert!(hung.lines().all(|line| line.width() <= width), "{}", hung);
        }
    }
}

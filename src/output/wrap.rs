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

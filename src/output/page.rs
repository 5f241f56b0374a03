//! A help topic on a terminal: headings, emphasis, code and tables within its width.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::markdown::{Block, Inline, TextStyle, blocks};
use super::table::{Table, TableCell};
use super::ui::{BOLD, HINT, paint};

/// The widest that a text is comfortable to read.
const WIDEST: usize = 100;

/// The blanks before a block of code.
const CODE_INDENT: usize = 2;

/// A Markdown text as a page for a terminal of this width.
pub fn page(text: &str, width: usize, colors: bool) -> String {
    let width = width.min(WIDEST);
    let mut out = String::new();
    let mut was_item = false;
    for block in blocks(text) {
        let is_item = matches!(&block, Block::Text { mark: Some(_), .. });
        // The items of a list stand close together.
        let is_close = out.is_empty() || (was_item && is_item);
        if !is_close {
            out.push('\n');
        }
        was_item = is_item;
        match block {
            Block::Heading { level, text } => out.push_str(&heading(level, &text, colors)),
            Block::Text { depth, mark, text } => {
                let (first, rest) = indents(depth, mark.as_deref());
                out.push_str(&wrapped(&text, &first, &rest, width, colors));
            }
            Block::Code { depth, text } => {
                let indent = " ".repeat(depth * 2 + CODE_INDENT);
                for line in text.lines() {
                    out.push_str(format!("{indent}{}", paint(colors, HINT, line)).trim_end());
                    out.push('\n');
                }
            }
            Block::Table { header, rows } => {
                out.push_str(&table(&header, rows, width, colors));
                out.push('\n');
            }
        }
    }
    out
}

fn heading(level: usize, text: &Inline, colors: bool) -> String {
    let text = plain(text);
    let style = if level == 1 { BOLD.underline() } else { BOLD };
    match colors {
        true => format!("{}\n", paint(true, style, &text)),
        false => format!("{} {text}\n", "#".repeat(level)),
    }
}

/// What stands before the first line of a paragraph or item, and before its other lines.
fn indents(depth: usize, mark: Option<&str>) -> (String, String) {
    let outer = " ".repeat(depth.saturating_sub(1) * 2);
    match mark {
        Some(mark) => {
            let rest = format!("{outer}{}", " ".repeat(mark.len() + 1));
            (format!("{outer}{mark} "), rest)
        }
        None if depth > 0 => (format!("{outer}  "), format!("{outer}  ")),
        None => (String::new(), String::new()),
    }
}

fn style(voice: TextStyle) -> Option<Style> {
    match voice {
        TextStyle::Plain => None,
        TextStyle::Strong => Some(BOLD),
        TextStyle::Emphasis => Some(Style::new().underline()),
        TextStyle::Code => Some(HINT),
    }
}

/// A piece as it is read without colours: code stands in backticks.
fn marked(voice: TextStyle, text: &str) -> String {
    match voice {
        TextStyle::Code => format!("`{text}`"),
        _ => text.to_owned(),
    }
}

/// A word: its pieces, and its width.
#[derive(Default)]
struct Word {
    text: String,
    width: usize,
}

impl Word {
    fn push(&mut self, voice: TextStyle, text: &str, colors: bool) {
        self.width += text.width();
        match style(voice).filter(|_| colors) {
            Some(style) => self.text.push_str(&paint(true, style, text)),
            None => self.text.push_str(text),
        }
    }
}

fn words(text: &Inline, colors: bool) -> Vec<Word> {
    let mut words = vec![Word::default()];
    for (voice, piece) in text {
        let piece = match colors {
            true => piece.clone(),
            false => marked(*voice, piece),
        };
        for (at, part) in piece.split(' ').enumerate() {
            if at > 0 {
                words.push(Word::default());
            }
            if let Some(word) = words.last_mut()
                && !part.is_empty()
            {
                word.push(*voice, part, colors);
            }
        }
    }
    words.retain(|word| word.width > 0);
    words
}

fn wrapped(text: &Inline, first: &str, rest: &str, width: usize, colors: bool) -> String {
    let mut out = first.to_owned();
    let mut column = first.width();
    let mut is_fresh = true;
    for word in words(text, colors) {
        if !is_fresh && column + 1 + word.width > width {
            out.push('\n');
            out.push_str(rest);
            column = rest.width();
            is_fresh = true;
        }
        if !is_fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(&word.text);
        column += word.width;
        is_fresh = false;
    }
    out.push('\n');
    out
}

/// A table that fits the width.
pub(super) fn table(
    header: &[Inline],
    rows: Vec<Vec<Inline>>,
    width: usize,
    colors: bool,
) -> String {
    let titles: Vec<String> = header.iter().map(plain).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let first_fits = rows
        .iter()
        .filter_map(|row| row.first())
        .all(|cell| text_of(cell).width() <= width / 3);
    // Names in the first column are not broken, where there is room.
    let flexible: Vec<usize> = (usize::from(first_fits)..titles.len()).collect();
    let mut table = Table::new(&titles).flexible(&flexible);
    for row in rows {
        table.row(row.iter().map(|cell| shown(cell, colors)).collect());
    }
    table.fitted(width, colors)
}

/// A cell. A cell of a table has one style.
fn shown(cell: &Inline, colors: bool) -> TableCell {
    match cell.as_slice() {
        [(voice, text)] if colors => match style(*voice) {
            Some(style) => TableCell::styled(text.as_str(), style),
            None => text.as_str().into(),
        },
        _ => text_of(cell).into(),
    }
}

fn plain(text: &Inline) -> String {
    text.iter().map(|(_, piece)| piece.as_str()).collect()
}

/// The text of a cell, in which blanks of code that count are seen: a table closes them up.
fn text_of(text: &Inline) -> String {
    text.iter()
        .map(|(voice, piece)| match voice {
            TextStyle::Code => marked(*voice, &piece.replace("  ", "␣␣")),
            _ => piece.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Policy

A rule of an **environment** that `publish` keeps, and that no rollback is refused by.

- one, which is long enough for a second line of the item
  - two

| key | means |
|---|---|
| `requireBranch` | this branch holds the same name, version and content |

```yaml
environments: {}
```
";

    #[test]
    fn a_page_stays_within_its_width() {
        insta::assert_snapshot!(page(TEXT, 40, false), @"
    # Policy

    A rule of an environment that `publish`
    keeps, and that no rollback is refused
    by.

    - one, which is long enough for a second
      line of the item
      - two

    KEY              MEANS
    `requireBranch`  this branch holds the
                     same name, version and
                     content

      environments: {}
    ");
        for width in [20, 40, 80, 200] {
            for colors in [false, true] {
                let plain = anstyle_free(&page(TEXT, width, colors));
                assert!(
                    plain
                        .lines()
                        .all(|line| line.width() <= width.clamp(28, 100)),
                    "{width}\n{plain}"
                );
            }
        }
    }

    #[test]
    fn blanks_of_code_in_a_table_are_not_lost() {
        let page = page("| a |\n|---|\n| `x` is `  ada` |\n", 40, true);
        assert!(page.contains("`␣␣ada`"), "{page}");
    }

    #[test]
    fn emphasis_and_code_are_coloured() {
        let page = page(TEXT, 80, true);
        for piece in [
            "\u{1b}[1menvironment",
            "\u{1b}[36mpublish",
            "\u{1b}[1m\u{1b}[4mPolicy",
        ] {
            assert!(page.contains(piece), "{page:?}");
        }
        assert!(!page.contains('#') && !page.contains("`publish`"));
    }

    fn anstyle_free(text: &str) -> String {
        regex::Regex::new("\u{1b}\\[[0-9;]*m")
            .unwrap()
            .replace_all(text, "")
            .into_owned()
    }
}

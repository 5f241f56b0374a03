//! Tables that fit the terminal, and plain rows in a pipe.

mod printed;
mod stacked;
mod widths;

use std::borrow::Cow;

use anstyle::Style;
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub use self::printed::NoRoom;
use super::ui::paint;
use crate::prompt::visible;

/// Rows under a header.
#[derive(Clone)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<TableCell>>,
    right: Vec<usize>,
    flexible: Vec<usize>,
    spare: Vec<usize>,
    /// Left out where a word would be cut otherwise.
    dropped: Vec<usize>,
    /// The column that a person types from: it is never cut.
    whole: Option<usize>,
    /// For these the column that is never cut stands on a line of its own.
    wanted: Vec<usize>,
    /// Where all columns are shown.
    elsewhere: &'static str,
}

/// How far the other columns stand in where the one that is never cut has a line of its own.
const INDENT: usize = 2;

/// The width below which a broken text is no longer readable.
const READABLE: usize = 24;

/// No column becomes narrower than this to make room for others.
const NARROWEST: usize = 8;

/// The blanks between two columns.
const GAP: usize = 2;

/// A cell: its text, and its style on a terminal.
#[derive(Debug, Clone, Default)]
pub struct TableCell {
    text: String,
    style: Option<Style>,
}

impl TableCell {
    /// A cell in a style.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self {
            text: text.into(),
            style: Some(style),
        }
    }
}

impl TableCell {
    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl<T: Into<String>> From<T> for TableCell {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            style: None,
        }
    }
}

impl Table {
    /// An empty table.
    pub fn new(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|&title| title.to_owned()).collect(),
            rows: Vec::new(),
            right: Vec::new(),
            flexible: vec![header.len().saturating_sub(1)],
            spare: Vec::new(),
            dropped: Vec::new(),
            whole: Some(0),
            wanted: Vec::new(),
            elsewhere: "--format json",
        }
    }

    /// The same table with another column than the first that is never cut.
    #[must_use]
    pub fn whole(mut self, column: usize) -> Self {
        self.whole = Some(column);
        self
    }

    /// The same table with numbers in these columns, which stand to the right.
    #[must_use]
    pub fn right(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
        self
    }

    /// The same table whose texts may be broken in these columns instead of in the last.
    #[must_use]
    pub fn flexible(mut self, columns: &[usize]) -> Self {
        self.flexible = columns.to_vec();
        self
    }

    /// The same table that leaves these columns out, one after the other, where the terminal is too
    /// narrow for all.
    #[must_use]
    pub fn spare(mut self, columns: &[usize]) -> Self {
        self.spare = columns.to_vec();
        self
    }

    /// The same table that leaves these columns out too, where a word of another would be cut.
    #[must_use]
    pub fn dropped(mut self, columns: &[usize]) -> Self {
        self.dropped = columns.to_vec();
        self
    }

    /// The same table that gives the column that is never cut a line of its own where these have no room else.
    #[must_use]
    pub fn wanted(mut self, columns: &[usize]) -> Self {
        self.wanted = columns.to_vec();
        self
    }

    /// The same table, all columns of which are shown by something else than `--format json`.
    #[must_use]
    pub fn elsewhere(mut self, place: &'static str) -> Self {
        self.elsewhere = place;
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<TableCell>) {
        self.rows.push(cells);
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether all that may not be left out has room in this width, nothing broken or cut.
    pub fn fits(&self, width: usize) -> bool {
        self.fits_with(width, &[])
    }

    fn fits_with(&self, width: usize, more: &[usize]) -> bool {
        let spared = self.spared();
        let is_kept = |at: &usize| !spared.contains(at) || more.contains(at);
        let kept = (0..self.header.len()).filter(is_kept);
        let needed: usize = kept.map(|at| GAP + self.least(at)).sum();
        needed.saturating_sub(GAP) <= width
    }

    pub(super) fn fitted(self, width: usize, colors: bool) -> String {
        match self.stacked_by(width) {
            Some(whole) => self.stacked(whole, width, colors),
            None => (self.without_spare(width).lines(width, colors).concat()).join("\n"),
        }
    }

    /// The other columns.
    fn without(&self, column: usize) -> Self {
        let others: Vec<usize> = (0..self.header.len()).filter(|at| *at != column).collect();
        let mut rest = self.clone();
        rest.keep(&others);
        rest
    }

    /// The table without the columns that find no room.
    fn without_spare(&self, width: usize) -> Self {
        let left_out = self.left_out(width);
        let kept: Vec<usize> = (0..self.header.len())
            .filter(|at| !left_out.contains(at))
            .collect();
        let mut narrow = self.clone();
        narrow.keep(&kept);
        while narrow.cuts_a_word(width)
            && let Some(column) = narrow.dropped.first().copied()
        {
            narrow = narrow.without(column);
        }
        narrow
    }

    /// The lines of the header, and of each row.
    fn lines(mut self, width: usize, colors: bool) -> Vec<Vec<String>> {
        let widths = self.widths(width);
        let height = |texts: &mut dyn Iterator<Item = String>| -> usize {
            let texts = texts.zip(&widths);
            let heights = texts.map(|(text, width)| wrapped(&text, *width).lines().count());
            heights.max().unwrap_or(1).max(1)
        };
        let mut heights = vec![height(&mut self.header.iter().map(|it| it.to_uppercase()))];
        for row in &self.rows {
            heights.push(height(&mut row.iter().map(|cell| one_line(&cell.text))));
        }
        let mut table = comfy_table::Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        if colors {
            table.enforce_styling();
        }
        table.set_header(self.header.iter().zip(&widths).map(|(title, width)| {
            let cell = Cell::new(wrapped(&title.to_uppercase(), *width));
            if colors {
                cell.add_attribute(Attribute::Dim)
            } else {
                cell
            }
        }));
        let columns = self.header.len();
        for row in std::mem::take(&mut self.rows) {
            let cells = row.into_iter().zip(&widths);
            table.add_row(cells.map(|(cell, width)| styled(cell, *width, colors)));
        }
        for (at, column) in table.column_iter_mut().enumerate() {
            let padding = if at + 1 == columns { (0, 0) } else { (0, 2) };
            column.set_padding(padding);
            if self.right.contains(&at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut lines = table.lines().map(|line| line.trim_end().to_owned());
        let heights = heights.into_iter();
        heights
            .map(|height| lines.by_ref().take(height).collect())
            .collect()
    }
}

impl Table {
    /// Keeps only these columns.
    fn keep(&mut self, columns: &[usize]) {
        let moved = |places: &[usize]| -> Vec<usize> {
            places
                .iter()
                .filter_map(|place| columns.iter().position(|column| column == place))
                .collect()
        };
        self.header = columns.iter().map(|at| self.header[*at].clone()).collect();
        self.spare = moved(&self.spare);
        self.dropped = moved(&self.dropped);
        self.wanted = moved(&self.wanted);
        self.whole = self.whole.and_then(|it| moved(&[it]).first().copied());
        self.right = moved(&self.right);
        self.flexible = moved(&self.flexible);
        for row in &mut self.rows {
            *row = columns
                .iter()
                .map(|at| row.get(*at).cloned().unwrap_or_default())
                .collect();
        }
    }
}

fn styled(cell: TableCell, width: usize, colors: bool) -> Cell {
    let mut out = Cell::new(wrapped(&one_line(&cell.text), width));
    let Some(style) = cell.style.filter(|_| colors) else {
        return out;
    };
    if let Some(anstyle::Color::Ansi(color)) = style.get_fg_color() {
        out = out.fg(match color {
            anstyle::AnsiColor::Green => comfy_table::Color::DarkGreen,
            anstyle::AnsiColor::Yellow => comfy_table::Color::DarkYellow,
            anstyle::AnsiColor::Red => comfy_table::Color::DarkRed,
            anstyle::AnsiColor::Cyan => comfy_table::Color::DarkCyan,
            _ => comfy_table::Color::Reset,
        });
    }
    let effects = style.get_effects();
    if effects.contains(anstyle::Effects::BOLD) {
        out = out.add_attribute(Attribute::Bold);
    }
    if effects.contains(anstyle::Effects::DIMMED) {
        out = out.add_attribute(Attribute::Dim);
    }
    out
}

/// The text in lines of at most this width, broken between words; a longer word is cut, and the cut is
/// seen.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let word = cut(word, width);
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&word),
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word.into_owned()),
        }
    }
    lines.join("\n")
}

/// A word of at most this width. Of a path the end says most, of anything else the beginning.
fn cut(word: &str, width: usize) -> Cow<'_, str> {
    if word.width() <= width {
        return Cow::Borrowed(word);
    }
    let room = width.saturating_sub(1);
    let mut used = 0;
    let mut fits = |char: &char| {
        used += char.width().unwrap_or(0);
        used <= room
    };
    if word.contains('/') {
        let end: Vec<char> = word.chars().rev().take_while(&mut fits).collect();
        return Cow::Owned(format!("…{}", end.into_iter().rev().collect::<String>()));
    }
    Cow::Owned(format!(
        "{}…",
        word.chars().take_while(&mut fits).collect::<String>()
    ))
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    visible::line(&words.join(" ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["name", "commit", "by", "message"]).spare(&[1, 2]);
        for (name, message) in [
            (
                "support/triage",
                "Approved by everybody who was asked about it",
            ),
            ("a", "日本語"),
        ] {
            table.row(vec![
                name.into(),
                "0123456789ab".into(),
                "Ada Lovelace".into(),
                message.into(),
            ]);
        }
        table
    }

    #[test]
    fn a_wide_terminal_shows_all() {
        insta::assert_snapshot!(table().fitted(100, false), @r"
        NAME            COMMIT        BY            MESSAGE
        support/triage  0123456789ab  Ada Lovelace  Approved by everybody who was asked about it
        a               0123456789ab  Ada Lovelace  日本語
        ");
    }

    #[test]
    fn the_columns_that_find_no_room_are_named_at_every_width() {
        for width in 1..120 {
            let hidden = table().hidden(width);
            let text = table().fitted(width, false);
            for title in ["name", "commit", "by", "message"] {
                let is_shown = text.contains(&title.to_uppercase());
                // What is cut is not left out.
                let is_cut = text.contains('…');
                assert!(
                    is_shown || is_cut || hidden.contains(&title.to_owned()),
                    "{width} {title}\n{text}"
                );
                assert!(
                    !is_shown || !hidden.contains(&title.to_owned()),
                    "{width} {title}\n{text}"
                );
            }
        }
        assert_eq!(table().hidden(120), [""; 0]);
        assert!(!table().hidden(44).is_empty());
    }

    #[test]
    fn an_empty_column_goes_before_a_full_one_and_is_not_named() {
        let mut table = Table::new(&["name", "live", "ahead", "by", "note"]).spare(&[3, 2]);
        for name in ["support/triage", "support/refund"] {
            let cells = [name, "v1", "-", "Ada Lovelace", ""];
            table.row(cells.map(TableCell::from).to_vec());
        }
        insta::assert_snapshot!(table.clone().fitted(44, false), @"
        NAME            LIVE  AHEAD  BY
        support/triage  v1    -      Ada Lovelace
        support/refund  v1    -      Ada Lovelace
        ");
        insta::assert_snapshot!(table.clone().fitted(34, false), @"
        NAME            LIVE  BY
        support/triage  v1    Ada Lovelace
        support/refund  v1    Ada Lovelace
        ");
        assert_eq!(table.hidden(34), [""; 0]);
        assert_eq!(table.hidden(30), ["by"]);
    }

    #[test]
    fn no_word_is_broken_and_what_is_cut_is_seen() {
        let mut table = Table::new(&["prompt", "live", "by"]).flexible(&[1]);
        table.row(vec![
            "content/newsletter/generator".into(),
            "production v12, staging v13".into(),
            "Ada Lovelace".into(),
        ]);
        insta::assert_snapshot!(table.fitted(44, false), @"
    PROMPT
      LIVE                         BY
    content/newsletter/generator
      production v12, staging v13  Ada Lovelace
    ");
    }

    #[test]
    fn what_a_person_types_is_never_cut() {
        let mut table = Table::new(&["name", "live", "by"]).spare(&[2]);
        for version in ["v1", "v2"] {
            let live = format!("production {version}");
            let name = "content/newsletter/generator";
            table.row(vec![name.into(), live.into(), "Ada Lovelace".into()]);
        }
        insta::assert_snapshot!(table.fitted(30, false), @"
    NAME
      LIVE           BY
    content/newsletter/generator
      production v1  Ada Lovelace
      production v2  Ada Lovelace
    ");
    }

    #[test]
    fn a_narrow_one_leaves_columns_out_and_breaks_only_texts() {
        insta::assert_snapshot!(table().fitted(60, false), @r"
        NAME            BY            MESSAGE
        support/triage  Ada Lovelace  Approved by everybody who was
                                      asked about it
        a               Ada Lovelace  日本語
        ");
        insta::assert_snapshot!(table().fitted(44, false), @r"
        NAME            MESSAGE
        support/triage  Approved by everybody who
                        was asked about it
        a               日本語
        ");
    }
}

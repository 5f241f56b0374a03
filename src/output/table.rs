//! Tables that fit the terminal, and plain rows in a pipe.

use anstyle::Style;
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement};

use unicode_width::UnicodeWidthStr;

use super::ui::Ui;
use crate::prompt::visible;

/// Rows under a header.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<TableCell>>,
    right: Vec<usize>,
    flexible: Vec<usize>,
    spare: Vec<usize>,
}

/// The width below which a broken text is no longer readable.
const READABLE: usize = 24;

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
        }
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

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<TableCell>) {
        self.rows.push(cells);
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Prints the table: fitted to a terminal with its header, tab-separated without one in a pipe.
    pub fn print(self, ui: &mut Ui) {
        if self.rows.is_empty() {
            return;
        }
        match ui.width() {
            Some(width) => {
                let colors = ui.colors_out();
                let text = self.fitted(width, colors);
                ui.styled(format!("{text}\n"));
            }
            None => {
                for row in &self.rows {
                    let cells: Vec<String> = row.iter().map(|cell| one_line(&cell.text)).collect();
                    ui.line(cells.join("\t"));
                }
            }
        }
    }

    /// The columns that are left out for a terminal of this width.
    fn left_out(&self, width: usize) -> Vec<usize> {
        let natural: Vec<usize> = (0..self.header.len()).map(|at| self.natural(at)).collect();
        let needs = |left_out: &[usize]| -> usize {
            let kept = (0..natural.len()).filter(|at| !left_out.contains(at));
            kept.map(|at| {
                GAP + if self.flexible.contains(&at) {
                    natural[at].min(READABLE)
                } else {
                    natural[at]
                }
            })
            .sum::<usize>()
            .saturating_sub(GAP)
        };
        let mut left_out = Vec::new();
        for column in &self.spare {
            if needs(&left_out) <= width {
                break;
            }
            left_out.push(*column);
        }
        left_out
    }

    /// The width that a column would have with room enough.
    fn natural(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| one_line(&cell.text).width())
            .chain(self.header.get(column).map(|title| title.width()))
            .max()
            .unwrap_or(0)
    }

    pub(super) fn fitted(mut self, width: usize, colors: bool) -> String {
        let left_out = self.left_out(width);
        let kept: Vec<usize> = (0..self.header.len())
            .filter(|at| !left_out.contains(at))
            .collect();
        let fixed: usize = kept
            .iter()
            .filter(|at| !self.flexible.contains(at))
            .map(|at| self.natural(*at) + GAP)
            .sum();
        // Where even the names do not fit, everything may be broken.
        let is_too_narrow = fixed + READABLE / 2 > width;
        self.keep(&kept);
        let mut table = comfy_table::Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX));
        if colors {
            table.enforce_styling();
        }
        table.set_header(self.header.iter().map(|title| {
            let cell = Cell::new(title.to_uppercase());
            if colors {
                cell.add_attribute(Attribute::Dim)
            } else {
                cell
            }
        }));
        let columns = self.header.len();
        for row in std::mem::take(&mut self.rows) {
            table.add_row(row.into_iter().map(|cell| styled(cell, colors)));
        }
        for (at, column) in table.column_iter_mut().enumerate() {
            let padding = if at + 1 == columns { (0, 0) } else { (0, 2) };
            column.set_padding(padding);
            if self.right.contains(&at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            // Names, numbers and ids are never broken: half of one is of no use.
            if !is_too_narrow && !self.flexible.contains(&at) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
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

fn styled(cell: TableCell, colors: bool) -> Cell {
    let mut out = Cell::new(one_line(&cell.text));
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

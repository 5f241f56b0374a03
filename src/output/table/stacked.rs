//! A table whose column that is never cut has lines of its own.

use anstyle::Style;

use super::{INDENT, Table, TableCell, one_line, paint};

impl Table {
    /// Whether what is wanted has room beside it.
    pub fn fits_wanted(&self, width: usize) -> bool {
        self.fits_with(width, &self.wanted)
    }

    /// Whether what is wanted has room, if need be below the column that is never cut.
    pub fn shows_wanted(&self, width: usize) -> bool {
        self.fits_wanted(width)
            || self
                .stacked_by(width)
                .is_some_and(|whole| self.fits_below(whole, width))
    }

    fn fits_below(&self, whole: usize, width: usize) -> bool {
        self.without(whole)
            .fits_wanted(width.saturating_sub(INDENT))
    }

    /// The column that has a line of its own, where there is no room beside it for itself, or for what is wanted.
    pub(super) fn stacked_by(&self, width: usize) -> Option<usize> {
        let whole = self.whole.filter(|it| !self.flexible.contains(it))?;
        let is_cut = || !self.without_spare(width).shows_whole(width);
        let helps = || !self.fits_wanted(width) && self.fits_below(whole, width);
        ((!self.wanted.is_empty() && helps()) || is_cut()).then_some(whole)
    }

    /// What a person types on a line of its own, once for the rows that follow each other, and the other
    /// columns below it.
    pub(super) fn stacked(self, whole: usize, width: usize, colors: bool) -> String {
        let names = self.rows.iter().map(|row| row.get(whole).cloned());
        let names: Vec<TableCell> = names.map(Option::unwrap_or_default).collect();
        let title = self.header.get(whole).cloned().unwrap_or_default();
        let rest = self.without(whole);
        let room = width.saturating_sub(INDENT);
        let mut rows = rest.without_spare(room).lines(room, colors).into_iter();
        let dim = Style::new().dimmed();
        let mut lines = vec![paint(colors, dim, &title.to_uppercase())];
        let indented = |line: String| format!("{:INDENT$}{line}", "");
        lines.extend(rows.next().into_iter().flatten().map(indented));
        let mut last = None;
        for (name, row) in names.iter().zip(rows) {
            if last != Some(&name.text) {
                let text = one_line(&name.text);
                lines.push(
                    name.style
                        .map_or(text.clone(), |it| paint(colors, it, &text)),
                );
            }
            lines.extend(row.into_iter().map(indented));
            last = Some(&name.text);
        }
        lines.join("\n")
    }
}

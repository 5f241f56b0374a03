//! How wide each column of a table becomes.

use unicode_width::UnicodeWidthStr;

use super::{GAP, NARROWEST, READABLE, Table, one_line};

impl Table {
    /// The columns that are left out for a terminal of this width.
    pub(super) fn left_out(&self, width: usize) -> Vec<usize> {
        let needs = |left_out: &[usize]| -> usize {
            let kept = (0..self.header.len()).filter(|at| !left_out.contains(at));
            let needed = kept.map(|at| GAP + self.least(at)).sum::<usize>();
            needed.saturating_sub(GAP)
        };
        let mut left_out = Vec::new();
        for column in self.spared() {
            if needs(&left_out) <= width {
                break;
            }
            left_out.push(column);
        }
        left_out
    }

    /// The columns that may be left out, one after the other: those without a word, those of nothing but dashes, and
    /// the others.
    pub(super) fn spared(&self) -> Vec<usize> {
        let may_go = |at: &usize| Some(*at) != self.whole && !self.wanted.contains(at);
        let columns = (0..self.header.len()).filter(may_go);
        let mut spared: Vec<usize> = columns.filter(|at| self.has_only(*at, &[""])).collect();
        let rest = self.spare.iter().filter(|at| !spared.contains(at));
        let (empty, full): (Vec<usize>, Vec<usize>) = rest.partition(|at| self.is_empty_in(**at));
        spared.extend(empty.into_iter().chain(full));
        spared
    }

    /// Whether a column says nothing in any row.
    pub(super) fn is_empty_in(&self, column: usize) -> bool {
        self.has_only(column, &["", "-"])
    }

    fn has_only(&self, column: usize, texts: &[&str]) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.all(|cell| texts.contains(&cell.text.trim()))
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

    /// The width that a column wants at least: a text wants what is readable, and its longest word.
    pub(super) fn least(&self, column: usize) -> usize {
        let natural = self.natural(column);
        if !self.flexible.contains(&column) {
            return natural;
        }
        natural.min(READABLE.max(self.longest_word(column).min(2 * READABLE)))
    }

    pub(super) fn longest_word(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let texts = cells.map(|cell| one_line(&cell.text));
        let title = self.header.get(column).cloned().unwrap_or_default();
        texts
            .chain([title])
            .flat_map(|text| text.split(' ').map(UnicodeWidthStr::width).max())
            .max()
            .unwrap_or(0)
    }

    /// How wide each column becomes: texts share what the others leave, and where even the least does
    /// not fit, the widest gives way.
    pub(super) fn widths(&self, width: usize) -> Vec<usize> {
        let columns = self.header.len();
        let mut widths: Vec<usize> = (0..columns).map(|at| self.least(at)).collect();
        let room = width.saturating_sub(GAP * columns.saturating_sub(1));
        let over = |widths: &[usize]| widths.iter().sum::<usize>().saturating_sub(room);
        // A text in more lines is better than a name that is cut.
        for at in &self.flexible {
            let more = over(&widths);
            if let Some(width) = widths.get_mut(*at) {
                let word = self.longest_word(*at).max(NARROWEST);
                *width = width.saturating_sub(more).max(word.min(*width));
            }
        }
        while over(&widths) > 0 {
            let Some(widest) = widths
                .iter_mut()
                .max()
                .filter(|widest| **widest > NARROWEST)
            else {
                break;
            };
            *widest -= 1;
        }
        let mut left = room.saturating_sub(widths.iter().sum());
        for (at, width) in widths.iter_mut().enumerate() {
            let more = self.natural(at).saturating_sub(*width).min(left);
            if self.flexible.contains(&at) {
                *width += more;
                left -= more;
            }
        }
        widths
    }

    /// Whether a word finds no room in a column beside the one that is never cut.
    pub(super) fn cuts_a_word(&self, width: usize) -> bool {
        let widths = self.widths(width);
        let mut columns = widths.iter().enumerate();
        columns.any(|(at, width)| Some(at) != self.whole && *width < self.longest_word(at))
    }

    /// Whether the column that is never cut has the room that it needs.
    pub(super) fn shows_whole(&self, width: usize) -> bool {
        let widths = self.widths(width);
        let is_whole = |at: usize| widths.get(at) >= Some(&self.natural(at));
        widths.len() < 2 || self.whole.is_none_or(is_whole)
    }
}

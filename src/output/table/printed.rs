//! A table that is printed, and which of its columns found no room.

use super::{INDENT, Table, one_line};
use crate::output::ui::Ui;

/// The columns of one or several tables that find no room.
#[derive(Debug, Default)]
pub struct NoRoom {
    titles: Vec<String>,
    elsewhere: &'static str,
}

impl NoRoom {
    fn add(&mut self, titles: Vec<String>, elsewhere: &'static str) {
        self.elsewhere = elsewhere;
        for title in titles {
            if !self.titles.contains(&title) {
                self.titles.push(title);
            }
        }
    }

    /// Says which they are, and where they stand.
    pub fn say(self, ui: &mut Ui) {
        if !self.titles.is_empty() {
            let (titles, place) = (one_line(&self.titles.join(", ")), self.elsewhere);
            ui.status(format!("no room for {titles}; {place} has all columns"));
        }
    }
}

impl Table {
    /// Prints the table: fitted to a terminal with its header, tab-separated without one in a pipe. Then it says
    /// which columns found no room.
    pub fn print(self, ui: &mut Ui) {
        let mut no_room = NoRoom::default();
        self.print_as_one_of(&mut no_room, ui);
        no_room.say(ui);
    }

    /// The same for one of several tables, after which it is said once which columns found no room.
    pub fn print_as_one_of(self, no_room: &mut NoRoom, ui: &mut Ui) {
        if self.rows.is_empty() {
            return;
        }
        match ui.width() {
            Some(width) => {
                let colors = ui.colors_out();
                no_room.add(self.hidden(width), self.elsewhere);
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

    /// The titles of the columns that say something and find no room.
    pub(super) fn hidden(&self, width: usize) -> Vec<String> {
        let shown = match self.stacked_by(width) {
            Some(whole) => {
                let rest = self.without(whole);
                let mut shown = rest.without_spare(width.saturating_sub(INDENT)).header;
                shown.extend(self.header.get(whole).cloned());
                shown
            }
            None => self.without_spare(width).header,
        };
        let titles = self.header.iter().enumerate();
        let hidden = titles.filter(|(at, title)| !shown.contains(title) && !self.is_empty_in(*at));
        hidden.map(|(_, title)| title.clone()).collect()
    }
}

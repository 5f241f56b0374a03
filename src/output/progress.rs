//! A bar that shows how far a long work is, on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::ui::Ui;

/// A bar on standard error; nothing where that is no terminal or quiet is wanted.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for so many steps.
    pub fn new(ui: &Ui, steps: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        let template = "{bar:30} {pos}/{len} {elapsed} {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        if ui.shows_progress() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        Self { bar }
    }

    /// One step is done; the words stand behind the bar.
    pub fn step(&self, words: String) {
        self.bar.set_message(words);
        self.bar.inc(1);
    }

    /// Takes the bar away while something else is written.
    pub fn pause<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}

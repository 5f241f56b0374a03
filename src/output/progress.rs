//! How far a long work is, on a terminal.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::ui::Ui;

/// What is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the sign of life moves.
const TICK: Duration = Duration::from_millis(120);

/// A bar on standard error, once the work has taken a second; nothing where that is no terminal or
/// quiet is wanted.
pub struct Progress {
    bar: ProgressBar,
    /// Dropped with the bar, so that one which was never needed is never shown.
    _done: Sender<()>,
}

impl Progress {
    /// A bar for so many steps, with the time that is left.
    pub fn new(ui: &Ui, steps: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        Self::styled(ui, bar, "{bar:30} {pos}/{len} {eta} left {msg}")
    }

    /// A sign of life for work that nobody can count.
    pub fn waiting(ui: &Ui, words: impl Into<String>) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_message(words.into());
        Self::styled(ui, bar, "{spinner} {msg} {elapsed}")
    }

    fn styled(ui: &Ui, bar: ProgressBar, template: &str) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        let (done, is_done) = channel();
        if ui.shows_progress() {
            let bar = bar.clone();
            std::thread::spawn(move || {
                if is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.enable_steady_tick(TICK);
                }
            });
        }
        Self { bar, _done: done }
    }

    /// One step is done; the words stand behind the bar.
    pub fn step(&self, words: String) {
        self.step_by(1, words);
    }

    /// So many steps are done.
    pub fn step_by(&self, steps: usize, words: String) {
        self.bar.set_message(words);
        self.bar.inc(steps as u64);
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

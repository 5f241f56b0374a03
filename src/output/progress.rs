//! How far a long work is, on a terminal.

use std::io::{self, Write as _};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

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
        let plain = ui.says_progress().then(|| bar.clone());
        let mut progress = Self::styled(ui, bar, "{bar:30} {pos}/{len} {eta} left {msg}");
        if let Some(bar) = plain {
            let (done, is_done) = channel();
            progress._done = done;
            std::thread::spawn(move || print_lines(&bar, &is_done));
        }
        progress
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

/// Where nobody sees a bar, says how far the work is, a line at a time.
fn print_lines(bar: &ProgressBar, is_done: &std::sync::mpsc::Receiver<()>) {
    let began = Instant::now();
    let mut last = Progressed::default();
    while is_done.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
        let now = Progressed {
            steps: bar.position(),
            seconds: began.elapsed().as_secs(),
        };
        let all = bar.length().unwrap_or(0);
        if now.is_due(last, all) {
            last = now;
            // Who reads it no more is not told.
            drop(writeln!(
                io::stderr(),
                "{} of {all}  {}",
                now.steps,
                bar.message()
            ));
        }
    }
}

/// How far a work was when a line said so.
#[derive(Debug, Clone, Copy, Default)]
struct Progressed {
    steps: u64,
    seconds: u64,
}

impl Progressed {
    /// Whether there is enough to say again: a tenth more is done and ten seconds have passed, or half a
    /// minute has.
    fn is_due(self, last: Self, all: u64) -> bool {
        let passed = self.seconds - last.seconds;
        let is_more = 10 * (self.steps - last.steps) >= all.max(1);
        passed >= 30 || passed >= 10 && is_more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_for_a_tenth_or_half_a_minute_and_never_in_the_first_seconds() {
        let last = Progressed::default();
        for (steps, seconds, is_due) in [
            (0, 5, false),
            (90, 9, false),
            (10, 10, true),
            (9, 10, false),
            (9, 29, false),
            (0, 30, true),
        ] {
            assert_eq!(
                Progressed { steps, seconds }.is_due(last, 100),
                is_due,
                "{steps} {seconds}"
            );
        }
    }
}

//! What is said to a person, on standard error: what happened, warnings, errors, findings and questions.

use std::fmt::Display;
use std::io::{self, Write as _};

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::super::json;
use super::super::words::words;
use super::super::wrap::wrapped;
use super::{BAD, DIM, HINT, NOTE, Out, Ui, paint};
use crate::error::Failure;
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::visible;

impl Ui {
    /// Whether only data, warnings and errors are printed.
    pub fn is_quiet(&self) -> bool {
        self.settings.quiet
    }

    /// Says what happened. `--quiet` silences it.
    pub fn status(&mut self, text: impl Display) {
        if !self.settings.quiet {
            self.say(None, text);
        }
    }

    /// Says what an option asked for. `--quiet` does not silence it.
    pub fn status_always(&mut self, text: impl Display) {
        self.say(None, text);
    }

    /// Warns, with what caused it. `--quiet` does not silence it.
    pub fn warning(&mut self, text: impl Display) {
        self.say(Some((NOTE, "warning")), format!("{text:#}"));
    }

    /// Says what to do next. `--quiet` silences it.
    pub fn hint(&mut self, text: impl Display) {
        if !self.settings.quiet {
            self.say(Some((HINT, "hint")), text);
        }
    }

    fn say(&mut self, label: Option<(Style, &str)>, text: impl Display) {
        // What was printed before must stand before.
        self.flush();
        let colors = self.colors(self.err_is_terminal);
        let text = text.to_string();
        let text = visible::line(&text);
        let (word, label) = match label {
            None => (0, String::new()),
            Some((style, word)) => (word.len() + 2, format!("{}: ", paint(colors, style, word))),
        };
        let text = self.broken(&text, word);
        self.say_line(&format!("{label}{text}\n"));
    }

    /// Text that stands behind so many columns, broken at words where a terminal shows it. No line but
    /// the first begins at its edge.
    fn broken(&self, text: &str, behind: usize) -> String {
        const INDENT: usize = 4;
        let is_line = |width: &usize| behind + text.width() <= *width;
        match self.err_width().filter(|width| !is_line(width)) {
            None => text.to_owned(),
            Some(width) => {
                // The first line has less room or more than the others.
                let blank = "\u{a0}".repeat(behind.saturating_sub(INDENT));
                let lines = wrapped(
                    &format!("{blank}{text}"),
                    Some(width.saturating_sub(INDENT)),
                );
                let first = lines
                    .first()
                    .map_or("", |it| it.trim_start_matches('\u{a0}'));
                let others = lines.iter().skip(1);
                let others = others.map(|it| format!("\n{}{it}", " ".repeat(INDENT)));
                format!("{first}{}", others.collect::<String>())
            }
        }
    }

    /// The width of the terminal that messages go to.
    fn err_width(&self) -> Option<usize> {
        if !self.err_is_terminal {
            return None;
        }
        let columns = self.settings.width.or(self.settings.columns);
        columns.or_else(|| {
            terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0))
        })
    }

    /// Says a line: to the pager, where one shows what stands before it.
    fn say_line(&mut self, line: &str) {
        // Nobody listens; there is nowhere to say so.
        drop(match &mut self.out {
            Out::Paged(paged) if self.err_is_terminal => paged.write_all(line.as_bytes()),
            _ => self.err.write_all(line.as_bytes()),
        });
    }

    /// Shows what looks wrong with a prompt.
    pub fn finding(&mut self, finding: &Finding) {
        let (style, word) = match finding.severity {
            Severity::Error => (BAD, "error"),
            Severity::Warning => (NOTE, "warning"),
            Severity::Note => (DIM, "note"),
        };
        let label = format!("{word}[{}]", finding.code);
        self.say(Some((style, &label)), &finding.message);
        if let Some(location) = finding.location() {
            self.say_below("at", &location);
        }
        if let Some(help) = &finding.help {
            self.say_below("help", &words(help));
        }
    }

    fn say_below(&mut self, label: &str, text: &str) {
        let colors = self.colors(self.err_is_terminal);
        let text = self.broken(&visible::line(text), label.len() + 4);
        let label = paint(colors, HINT, &format!("{label}:"));
        self.say_line(&format!("  {label} {text}\n"));
    }

    /// Shows an error, as text or as the JSON object that scripts read.
    pub fn failure(&mut self, failure: &Failure) {
        // An error stands where the person looks when the pager is gone.
        self.end_paging();
        self.flush();
        if self.json {
            let line = format!("{}\n", json::failure(failure));
            drop(self.err.write_all(line.as_bytes()));
            return;
        }
        let label = match failure.code {
            Some(code) => format!("error[{code}]"),
            None => "error".to_owned(),
        };
        self.say(Some((BAD, &label)), &failure.message);
        if let Some(location) = &failure.location {
            self.say_below("at", location);
        }
        for cause in failure.causes() {
            // What other programs say may have several lines: each stands behind the label.
            for part in cause.lines().filter(|part| !part.trim().is_empty()) {
                self.say_below("caused by", part);
            }
        }
        for hint in &failure.hints {
            self.say_below("hint", &words(hint));
        }
    }

    /// Asks a yes-or-no question; the answer is no where nobody can answer.
    pub fn confirm(&mut self, question: &str) -> bool {
        if !self.can_ask() {
            return false;
        }
        self.end_paging();
        drop(write!(self.err, "{} [y/N] ", visible::line(question)));
        drop(self.err.flush());
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok()
            && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }
}

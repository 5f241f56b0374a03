//! A prompt compared with what it replaces: one section, for terminals and for pull requests.

mod sentence;

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

pub use self::sentence::{Facts, TooFew, sentence};
use super::diff_lines::{Line, layout};
use super::diff_markdown::inline::{cell, code, escape, line, message};
use super::ui::{BAD, BOLD, DIM, GOOD, NOTE, paint};
use super::wrap::wrapped;
use crate::prompt::diff::WordDiff;
use crate::prompt::visible;

/// Of a worse case's answer so many lines are shown.
const LINES: usize = 12;

/// Answers are cut to about this width around their changes.
const WIDTH: usize = 110;

/// How many ids of cases are named.
const MOST_NAMED: usize = 20;

/// How many worse cases are shown.
const MOST_SHOWN: usize = 20;

/// What may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Better,
    Worse,
    /// Worse by answers that flatter base.
    Unconfirmed,
    /// Not worse than the margin.
    NotWorse,
    /// Nothing.
    CantTell,
}

/// A row of the table.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// What it tells.
    pub label: String,
    /// A cell for each base, and the last for head.
    pub cells: Vec<String>,
    /// What changed since each base; empty where nothing is said.
    pub changes: Vec<String>,
}

/// A case that passed less often than at base.
#[derive(Debug, Clone)]
pub struct WorseCase {
    pub id: String,
    /// Since which base.
    pub since: Option<String>,
    /// Where it stands.
    pub place: String,
    /// Why it does not pass.
    pub reason: String,
    /// What base answered.
    pub before: Option<String>,
    /// What is answered now.
    pub after: Option<String>,
}

/// A prompt compared with what it replaces.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// `support/triage v3 → v4 (behavior)`
    pub title: String,
    /// `50 cases, 1 answer each   gpt-5-mini`
    pub subtitle: String,
    /// How many cases passed, in words.
    pub passed: String,
    /// The names of the columns: each base, and head.
    pub columns: Vec<String>,
    /// The table.
    pub rows: Vec<Row>,
    /// Cases that pass more often.
    pub better: Vec<String>,
    /// Cases that pass less often.
    pub worse: Vec<WorseCase>,
    /// Whether anything is flaky, in words.
    pub flaky: String,
    /// What may be said of each comparison.
    pub sentences: Vec<(Word, String)>,
    /// What a reader has to know.
    pub notes: Vec<String>,
}

impl Section {
    /// Shows the section in lines of this width, where one is given.
    pub fn text(&self, width: Option<usize>, colors: bool) -> String {
        let mut out = String::new();
        let title = visible::line(&self.title).into_owned();
        let subtitle = visible::line(&self.subtitle).into_owned();
        let is_wide = width.is_some_and(|it| title.width() + 3 + subtitle.width() > it);
        let shown = paint(colors, BOLD, &title);
        let _ = match is_wide {
            true => writeln!(out, "{shown}\n  {subtitle}\n"),
            false => writeln!(out, "{shown}   {subtitle}\n"),
        };
        self.table(width, &mut out);
        if !self.better.is_empty() || !self.worse.is_empty() {
            out.push('\n');
        }
        if !self.better.is_empty() {
            let label = format!("better ({})", self.better.len());
            beside(
                &label,
                colors.then_some(GOOD),
                &named(&self.better),
                13,
                width,
                &mut out,
            );
        }
        for (at, case) in self.worse.iter().take(MOST_SHOWN).enumerate() {
            let label = match at {
                0 => format!("worse ({})", self.worse.len()),
                _ => String::new(),
            };
            let since = case.since.as_ref().map(|it| format!(" (since {it})"));
            let words = format!("{}{}   {}", case.id, since.unwrap_or_default(), case.reason);
            beside(&label, colors.then_some(BAD), &words, 13, width, &mut out);
        }
        if self.worse.len() > MOST_SHOWN {
            let more = format!("and {} more", self.worse.len() - MOST_SHOWN);
            beside("", None, &more, 13, width, &mut out);
        }
        if !self.flaky.is_empty() {
            beside(
                "flaky",
                colors.then_some(NOTE),
                &self.flaky,
                13,
                width,
                &mut out,
            );
        }
        if !self.sentences.is_empty() || !self.notes.is_empty() {
            out.push('\n');
        }
        for (word, sentence) in &self.sentences {
            for part in wrapped(&visible::line(sentence), width) {
                let _ = writeln!(out, "{}", paint(colors, style(*word), &part));
            }
        }
        for note in &self.notes {
            beside("note", colors.then_some(DIM), note, 6, width, &mut out);
        }
        out
    }

    fn table(&self, width: Option<usize>, out: &mut String) {
        if self.columns.is_empty() {
            return;
        }
        let empty = String::new();
        let titles = self.columns.iter();
        let bases = self.columns.len().saturating_sub(1);
        let changes: Vec<String> = match bases {
            0 => Vec::new(),
            1 => vec!["change".to_owned()],
            _ => titles
                .clone()
                .take(bases)
                .map(|base| format!("change from {base}"))
                .collect(),
        };
        let heads = Row {
            label: String::new(),
            cells: titles.cloned().collect(),
            changes: changes.clone(),
        };
        let rows: Vec<&Row> = std::iter::once(&heads).chain(&self.rows).collect();
        let most = |texts: &mut dyn Iterator<Item = &str>| {
            texts.map(|it| visible::line(it).width()).max().unwrap_or(0)
        };
        let label = most(&mut rows.iter().map(|row| row.label.as_str())) + 2;
        let cells: Vec<usize> = (0..self.columns.len())
            .map(|at| {
                most(
                    &mut rows
                        .iter()
                        .map(|row| row.cells.get(at).unwrap_or(&empty).as_str()),
                )
            })
            .map(|wide| wide + 2)
            .collect();
        let last: Vec<usize> = (0..changes.len())
            .map(|at| {
                most(
                    &mut rows
                        .iter()
                        .map(|row| row.changes.get(at).unwrap_or(&empty).as_str()),
                )
            })
            .map(|wide| wide + 2)
            .collect();
        let table = label + cells.iter().sum::<usize>();
        if width.is_some_and(|width| table > width + 2) {
            self.stacked(&changes, width, out);
            return;
        }
        let fits = width.is_none_or(|width| table + last.iter().sum::<usize>() <= width + 2);
        let pad = |text: &str, room: usize| {
            let text = visible::line(text);
            let blanks = room.saturating_sub(text.width());
            format!("{text}{}", " ".repeat(blanks))
        };
        let mut below: &[String] = &[];
        for (number, row) in rows.iter().enumerate() {
            // A narrow terminal has what changed below the figures.
            if !row.label.is_empty() {
                changes_below(&mut below, &changes, width, out);
            }
            let mut line = pad(&row.label, label);
            for (cell, room) in row.cells.iter().zip(&cells) {
                line.push_str(&pad(cell, *room));
            }
            if fits {
                for (change, room) in row.changes.iter().zip(&last) {
                    line.push_str(&pad(change, *room));
                }
            }
            let _ = writeln!(out, "{}", line.trim_end());
            if !fits && number > 0 && !row.changes.is_empty() {
                below = &row.changes;
            }
        }
        changes_below(&mut below, &changes, width, out);
    }

    /// The table where the terminal is too narrow for it: what each side has, below each other.
    fn stacked(&self, changes: &[String], width: Option<usize>, out: &mut String) {
        let titles = self.columns.iter().chain(changes);
        let room = titles
            .map(|it| visible::line(it).width())
            .max()
            .unwrap_or(0)
            + 4;
        for row in &self.rows {
            if !row.label.is_empty() {
                let _ = writeln!(out, "{}", visible::line(&row.label));
            }
            let cells = self.columns.iter().zip(&row.cells);
            let changes = changes.iter().zip(&row.changes);
            for (title, text) in cells.chain(changes).filter(|(_, text)| !text.is_empty()) {
                beside(
                    &format!("  {}", visible::line(title)),
                    None,
                    text,
                    room,
                    width,
                    out,
                );
            }
        }
    }

    /// The section for a pull request, in at most about `room` UTF-16 units: worse cases are left
    /// out from the end.
    pub fn markdown(&self, room: usize) -> String {
        let mut out = format!("#### {}\n\n", message(&self.title));
        if self.columns.is_empty() {
            let _ = writeln!(out, "- {} passed", message(&self.passed));
        } else {
            let bases = self.columns.len() - 1;
            let mut titles = vec![String::new()];
            titles.extend(self.columns.iter().map(|it| cell(it)));
            titles.extend(self.columns.iter().take(bases).map(|base| match bases {
                1 => "change".to_owned(),
                _ => format!("change from {}", cell(base)),
            }));
            let _ = writeln!(out, "| {} |", titles.join(" | "));
            let _ = writeln!(out, "|{}", " --- |".repeat(titles.len()));
            for row in &self.rows {
                // Figures alone: nothing of them is foreign.
                let cells = row.cells.iter().chain(&row.changes).cloned();
                let mut cells: Vec<String> =
                    std::iter::once(cell(&row.label)).chain(cells).collect();
                cells.resize(titles.len(), String::new());
                let _ = writeln!(out, "| {} |", cells.join(" | "));
            }
            out.push('\n');
        }
        for (word, sentence) in &self.sentences {
            let _ = writeln!(out, "{} {}\n", sign(*word), message(sentence));
        }
        for note in &self.notes {
            let _ = writeln!(out, "- {}", message(note));
        }
        let better = match self.better.len() {
            0 => String::new(),
            count => {
                let named = self.better.iter().take(MOST_NAMED).map(|id| code(id));
                let named: Vec<String> = named.collect();
                let more = match count - named.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!("\nbetter ({count}): {}{more}\n", named.join(", "))
            }
        };
        let units = |text: &str| text.encode_utf16().count();
        let mut left = room.saturating_sub(units(&out) + units(&better) + 100);
        for (at, case) in self.worse.iter().enumerate() {
            let part = worse(case);
            if at >= MOST_SHOWN || units(&part) > left {
                let _ = writeln!(out, "\nand {} more that are worse", self.worse.len() - at);
                break;
            }
            left -= units(&part);
            out.push_str(&part);
        }
        out.push_str(&better);
        if !self.flaky.is_empty() && !self.columns.is_empty() {
            let _ = writeln!(out, "\nflaky: {}", message(&self.flaky));
        }
        out
    }
}

/// What changed since each base, in lines of their own.
fn changes_below(
    changes: &mut &[String],
    titles: &[String],
    width: Option<usize>,
    out: &mut String,
) {
    for (change, title) in std::mem::take(changes).iter().zip(titles) {
        if !change.is_empty() {
            let label = format!("  {title}");
            beside(&label, None, change, label.width() + 2, width, out);
        }
    }
}

/// A worse case, folded: why, and what changed in its answer.
fn worse(case: &WorseCase) -> String {
    let since = case.since.as_ref().map(|it| format!(" since {}", code(it)));
    let mut out = format!(
        "\n<details>\n<summary>worse: <code>{}</code></summary>\n\n- {}{}\n- {}\n",
        escape(&visible::line(&case.id)),
        code(&case.place),
        since.unwrap_or_default(),
        message(&case.reason),
    );
    if case.before.is_some() || case.after.is_some() {
        let text = |side: &Option<String>| side.clone().unwrap_or_default();
        let words = WordDiff::new(&text(&case.before), &text(&case.after));
        let lines: Vec<Line> = layout(&words, WIDTH, LINES);
        let lines: Vec<String> = lines.iter().map(|it| line(it, false)).collect();
        let _ = writeln!(out, "\n<pre>{}</pre>", lines.join("\n"));
    }
    out.push_str("\n</details>\n");
    out
}

fn style(word: Word) -> anstyle::Style {
    match word {
        Word::Better => GOOD,
        Word::Worse => BAD,
        Word::Unconfirmed | Word::NotWorse | Word::CantTell => BOLD,
    }
}

fn sign(word: Word) -> &'static str {
    match word {
        Word::Better => "🟢",
        Word::Worse => "🔴",
        Word::Unconfirmed => "⚠️",
        Word::NotWorse => "🔵",
        Word::CantTell => "⚪",
    }
}

fn named(ids: &[String]) -> String {
    let more = match ids.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", ids[..ids.len().min(MOST_NAMED)].join(", "))
}

/// Text behind a label, its lines below each other.
fn beside(
    label: &str,
    style: Option<anstyle::Style>,
    text: &str,
    room: usize,
    width: Option<usize>,
    out: &mut String,
) {
    let padding = " ".repeat(room.saturating_sub(label.width()).max(1));
    let indent = label.width() + padding.len();
    let text = visible::line(text);
    let lines = wrapped(&text, width.map(|it| it.saturating_sub(indent)));
    let label = match style {
        Some(style) => paint(true, style, label),
        None => label.to_owned(),
    };
    for (at, line) in lines.iter().enumerate() {
        let line = match at {
            0 => format!("{label}{padding}{line}"),
            _ => format!("{}{line}", " ".repeat(indent)),
        };
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

//! A comparison for a pull request, in GitHub's Markdown.
//!
//! Texts of prompts are written by whoever opened the pull request, so none of them is read as
//! Markdown or HTML: all stands in code spans, or in `<pre>` with every `<` and `&` escaped, where
//! neither a mention nor a link comes alive.

use std::fmt::Write;

use super::diff_lines::layout;
use super::diff_review::{self, Allowed, ChangedPartial, Raise, ReviewInfo, is_of_settings};
use super::diff_text::{callers_notes, count, versions};
use crate::prompt::diff::{ContractNote, Impact, PromptDiff, Status};
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;

mod details;
pub mod inline;

use details::details;
use inline::{cell, code, line, message, plain};

/// The first line: by it a bot finds its comment again.
pub const MARKER: &str = "<!-- promptctl diff -->";

/// How long a comment may be on GitHub, in UTF-16 units, less some room.
pub const LIMIT: usize = 65_000;

/// Lines of text are cut to about this width around their changes.
const WIDTH: usize = 110;

/// Of the text of one field so many lines are shown, and so many if that is too much.
const LINES: &[usize] = &[80, 12];

/// Of a text that no model sees, such as test data, so many lines are shown.
const MAX_LINES_UNSEEN: usize = 6;

/// Of one prompt so many changes are shown.
const MAX_CHANGES: usize = 60;

/// Of the prompts that include a partial so many are named.
const MAX_NAMES: usize = 40;

/// So much room is kept for the line that says what was cut.
const ROOM_FOR_CUT: usize = 400;

/// With less room than this no more words are shown.
const ROOM_FOR_WORDS: usize = 1_000;

/// With less room than this no more changes are listed.
const ROOM_FOR_FIELDS: usize = 200;

/// Writes what changed in these prompts, the worst first, in at most `limit` UTF-16 units (at least
/// 1,000). The same prompts give the same text.
pub fn render(diffs: &[(PromptName, PromptDiff)], review: &ReviewInfo, limit: usize) -> String {
    let mut diffs: Vec<_> = diffs
        .iter()
        .filter(|(_, diff)| diff.status != Status::Unchanged)
        .collect();
    diffs.sort_by(|a, b| b.1.impact.cmp(&a.1.impact).then(a.0.cmp(&b.0)));
    let mut page = Page {
        text: format!("{MARKER}\n"),
        room: limit.max(1_000) - MARKER.len() - 1 - ROOM_FOR_CUT,
        review,
    };
    page.push(&format!("### Prompts: {}\n", headline(&diffs, review)));
    let errors = page.errors();
    page.raises();
    let settings = page.settings();
    let rows = page.table(&diffs);
    let notes = page.notes(&diffs);
    let compared = page.evaluation();
    let findings = errors + settings + page.allowed() + page.warnings();
    let partials = page.partials();
    let words = page.details(&diffs);
    page.text
        .push_str(&cut([rows, notes, compared, findings, partials, words]));
    page.text
}

/// The errors first, then what the changes mean.
fn headline(diffs: &[&(PromptName, PromptDiff)], review: &ReviewInfo) -> String {
    let errors = review.findings.iter().filter(|finding| finding.is_error());
    let errors = match errors.count() {
        0 => None,
        1 => Some("❌ 1 error".to_owned()),
        errors => Some(format!("❌ {errors} errors")),
    };
    let changes = (!diffs.is_empty()).then(|| headline_of(diffs));
    let settings = review.findings.iter().any(is_of_settings);
    let settings = settings.then(|| "⚙️ settings changed".to_owned());
    let allowed = match review.allowed.len() {
        0 => None,
        1 => Some("⚠️ a comment allows what a rule finds".to_owned()),
        comments => Some(format!("⚠️ {comments} comments allow what rules find")),
    };
    let evaluation = review.evaluation.as_ref().and_then(|it| it.alarm);
    let evaluation = evaluation.map(str::to_owned);
    let parts = [errors, evaluation, changes, settings, allowed];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    // Of what changes no prompt, only where there is nothing else.
    match (parts.is_empty(), review.partials.len()) {
        (false, _) => parts.join("; "),
        (true, 1) => "⚪ a partial that no prompt includes".to_owned(),
        (true, partials @ 2..) => format!("⚪ {partials} partials that no prompt includes"),
        (true, 0) if review.findings.is_empty() => "nothing changed".to_owned(),
        (true, 0) => "⚠️ see the warnings".to_owned(),
    }
}

fn headline_of(diffs: &[&(PromptName, PromptDiff)]) -> String {
    let worst = diffs
        .iter()
        .map(|(_, diff)| diff.impact)
        .max()
        .unwrap_or_default();
    let is_new = |diff: &PromptDiff| diff.status == Status::Added;
    let new = diffs.iter().filter(|(_, diff)| is_new(diff)).count();
    if worst == Impact::None && new > 0 {
        let prompts = if new == 1 { "prompt" } else { "prompts" };
        let others = match diffs.len() - new {
            0 => "",
            _ => ", and nothing that a model or a caller sees changed in the others",
        };
        return format!("🟢 {new} new {prompts}{others}");
    }
    let said = match worst {
        Impact::Breaking => "callers may break",
        Impact::Behavior => "the model may answer otherwise",
        Impact::Wording => "only words changed",
        Impact::None => "nothing that a model or a caller sees changed",
    };
    let counted = match diffs.len() {
        0 | 1 => String::new(),
        _ => format!(" ({})", count(diffs.iter().map(|(_, diff)| diff))),
    };
    format!("{}, {said}{counted}", badge(worst))
}

fn badge(impact: Impact) -> String {
    let sign = match impact {
        Impact::Breaking => "🔴",
        Impact::Behavior => "🟠",
        Impact::Wording => "🔵",
        Impact::None => "⚪",
    };
    format!("{sign} {impact}")
}

/// What was left out, in one line, or nothing.
fn cut([rows, notes, compared, findings, partials, words]: [usize; 6]) -> String {
    let parts = [
        (rows, "rows of the table"),
        (notes, "notes for callers"),
        (compared, "evaluated prompts"),
        (findings, "findings"),
        (partials, "partials"),
        (words, "prompts in words"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(
            "\n**Cut** to stay below the size of a comment: {} left out. `promptctl diff` shows all of it.\n",
            parts.join(", ")
        ),
    }
}

/// A text that does not outgrow its room.
struct Page<'b> {
    text: String,
    room: usize,
    review: &'b ReviewInfo,
}

impl Page<'_> {
    /// Adds a part if there is room for the whole of it.
    fn push(&mut self, part: &str) -> bool {
        let length = part.encode_utf16().count();
        if length > self.room {
            return false;
        }
        self.room -= length;
        self.text.push_str(part);
        true
    }

    /// Adds parts to at most this share of the room, and says how many were left out.
    fn push_some(&mut self, parts: &[String], room: usize) -> usize {
        let mut left = room.min(self.room);
        for (at, part) in parts.iter().enumerate() {
            let length = part.encode_utf16().count();
            if length > left || !self.push(part) {
                return parts.len() - at;
            }
            left -= length;
        }
        0
    }

    fn table(&mut self, diffs: &[&(PromptName, PromptDiff)]) -> usize {
        let review = self.review;
        if diffs.is_empty() && review.unreadable.is_empty() {
            return 0;
        }
        let (sizes, releases) = (&review.sizes, &review.releases);
        let mut titles = vec!["Prompt", "Change", "Impact", "Versions"];
        if !sizes.is_empty() {
            titles.push("Tokens");
        }
        if !releases.is_empty() {
            titles.push("`publish` would");
        }
        let lines = "| --- ".repeat(titles.len());
        self.push(&format!("\n| {} |\n{lines}|\n", titles.join(" | ")));
        let unreadable = review.unreadable.iter().map(|path| {
            let path = code(path).replace('|', "\\|");
            let rest = "| ".repeat(titles.len() - 3);
            format!("| {path} | cannot be read | ❌ error {rest}|\n")
        });
        let row = |(name, diff): &&(PromptName, PromptDiff)| {
            let change = match (diff.status, &diff.from_name) {
                (Status::Added, _) => "new".to_owned(),
                (Status::Renamed, Some(from)) => format!("renamed from `{from}`"),
                (status, _) => status.as_str().to_owned(),
            };
            let mut cells = vec![
                format!("`{name}`"),
                change,
                match diff.status {
                    Status::Added if diff.impact == Impact::None => "🟢 new".to_owned(),
                    _ => badge(diff.impact),
                },
                versions(diff),
            ];
            if !sizes.is_empty() {
                cells.push(sizes.get(name).map(diff_review::tokens).unwrap_or_default());
            }
            if !releases.is_empty() {
                cells.push(
                    releases
                        .get(name)
                        .map(|words| cell(words))
                        .unwrap_or_default(),
                );
            }
            format!("| {} |\n", cells.join(" | "))
        };
        let rows: Vec<String> = unreadable.chain(diffs.iter().map(row)).collect();
        self.push_some(&rows, self.room / 3)
    }

    fn notes(&mut self, diffs: &[&(PromptName, PromptDiff)]) -> usize {
        let note = |(name, diff): &&(PromptName, PromptDiff)| {
            let one = |note: &ContractNote| {
                format!(
                    "- `{name}`: {}: {}\n",
                    badge(note.impact),
                    message(&note.message)
                )
            };
            callers_notes(diff).map(one).collect::<Vec<_>>()
        };
        let notes: Vec<String> = diffs.iter().flat_map(note).collect();
        self.section("For callers", &notes, 2)
    }

    /// Adds what an evaluation found, in at most half of the room, each prompt in its share of it.
    fn evaluation(&mut self) -> usize {
        let Some(evaluation) = &self.review.evaluation else {
            return 0;
        };
        let mut text = format!("\n#### Evaluation: {}\n\n", evaluation.title);
        for said in &evaluation.said {
            let _ = writeln!(text, "- {}", message(said));
        }
        self.push(&text);
        let sections = &evaluation.sections;
        let mut left = self.room / 2;
        for (at, section) in sections.iter().enumerate() {
            let share = left / (sections.len() - at);
            let part = format!("\n{}", section.markdown(share));
            let length = part.encode_utf16().count();
            if length > left || !self.push(&part) {
                return sections.len() - at;
            }
            left -= length;
        }
        0
    }

    /// Adds what keeps the prompts from being used.
    fn errors(&mut self) -> usize {
        let errors = self.review.findings.iter();
        let errors = errors.filter(|finding| finding.is_error());
        let lines: Vec<String> = errors.map(|error| finding("❌", error)).collect();
        self.section("Errors", &lines, 3)
    }

    /// Adds what changed in the settings.
    fn settings(&mut self) -> usize {
        let shown = self.review.findings.iter();
        let shown = shown.filter(|finding| is_of_settings(finding));
        let lines: Vec<String> = shown.map(|it| finding("⚙️", it)).collect();
        self.section("Settings that take effect when this is merged", &lines, 4)
    }

    /// Adds what else the rules find.
    fn warnings(&mut self) -> usize {
        let found = self.review.findings.iter();
        let warnings = found.filter(|finding| !finding.is_error() && !is_of_settings(finding));
        let lines: Vec<String> = warnings.map(|warning| finding("⚠️", warning)).collect();
        self.section("Warnings", &lines, 3)
    }

    /// Adds what comments allow from now on.
    fn allowed(&mut self) -> usize {
        let line = |allowed: &Allowed| {
            let (place, rule) = (code(&allowed.place), allowed.code);
            format!(
                "- {place} allows {rule}, {}\n",
                plain(rule.explanation().title)
            )
        };
        let lines: Vec<String> = self.review.allowed.iter().map(line).collect();
        self.section("Comments that allow what a rule finds", &lines, 4)
    }

    /// Adds the lines that raise versions, to be pasted.
    fn raises(&mut self) {
        let raises = &self.review.raises;
        if raises.is_empty() {
            return;
        }
        let paste = |raise: &Raise| {
            format!(
                "- {}:\n\n  ```yaml\n  version: {}\n  digest: {}\n  ```\n",
                code(&raise.path),
                raise.version.number(),
                raise.digest
            )
        };
        let mut lines: Vec<String> = raises.values().map(paste).collect();
        lines.push("\nOr `promptctl bump` in a clone, which writes them all.\n".to_owned());
        self.section("To raise the version, write these two lines", &lines, 4);
    }

    /// Adds what changed in partials, once, with who includes them.
    fn partials(&mut self) -> usize {
        let partials = self.review.partials.iter();
        let lines: Vec<String> = partials.map(partial).collect();
        self.section("Changed partials", &lines, 3)
    }

    /// Adds a list under a title, in a share of the room, and says how much was left out.
    fn section(&mut self, title: &str, lines: &[String], share: usize) -> usize {
        if lines.is_empty() || !self.push(&format!("\n#### {title}\n\n")) {
            return lines.len();
        }
        self.push_some(lines, self.room / share)
    }

    /// Adds the folded words of each prompt, in short where there is no room for all.
    fn details(&mut self, diffs: &[&(PromptName, PromptDiff)]) -> usize {
        let review = self.review;
        let shown = diffs.iter().filter_map(|(name, diff)| {
            // What comes from a partial is shown there.
            let changes = review.own_changes.get(name).unwrap_or(&diff.changes);
            let is_shown = diff.status != Status::Removed && !changes.is_empty();
            is_shown.then_some((name, changes))
        });
        let mut missing = 0;
        for (name, changes) in shown {
            let tries = if self.room > ROOM_FOR_WORDS {
                LINES
            } else {
                &[]
            };
            if tries
                .iter()
                .any(|lines| self.push(&details(name, changes, self.review, *lines)))
            {
                continue;
            }
            missing += 1;
            if self.room > ROOM_FOR_FIELDS {
                self.push(&details(name, changes, self.review, 0));
            }
        }
        missing
    }
}

/// What a rule finds, in one line.
fn finding(sign: &str, finding: &Finding) -> String {
    let place = finding.location().map(|place| format!(" {}", code(&place)));
    let place = place.unwrap_or_default();
    let words = message(&finding.message);
    format!("- {sign} {}{place}: {words}\n", finding.code)
}

/// A partial that changed: the prompts that include it, and its words, folded.
fn partial(partial: &ChangedPartial) -> String {
    let names = partial.used_by.iter().take(MAX_NAMES);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let more = match partial.used_by.len().saturating_sub(MAX_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let path = code(&partial.path);
    let mut text = match names.is_empty() {
        true => {
            let what = match partial.status {
                Status::Added => "new, ",
                Status::Removed => "removed, ",
                Status::Changed | Status::Unchanged | Status::Renamed => "",
            };
            format!("- {path}: {what}no prompt includes it\n")
        }
        false => format!("- {path}: part of {}{more}\n", names.join(", ")),
    };
    if let Some(words) = &partial.words {
        let lines = layout(words, WIDTH, LINES[0]);
        let lines: Vec<String> = lines.iter().map(|it| line(it, false)).collect();
        let lines = lines.join("\n");
        let _ = writeln!(
            text,
            "\n<details>\n<summary>What changed in it</summary>\n\n<pre>{lines}</pre>\n\n</details>\n"
        );
    }
    text
}

#[cfg(test)]
mod tests;

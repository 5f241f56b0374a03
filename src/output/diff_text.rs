//! A comparison for a terminal.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::diff_lines::{Line, Span, cut, layout, role, short, visible, words};
use super::diff_review::{self, ReviewInfo};
use crate::prompt::diff::{
    Change, ChangeKind, ContractNote, Impact, PieceKind, PromptDiff, Status,
};
use crate::prompt::name::PromptName;
use crate::prompt::size::SizeChange;

/// Of the text of one field so many lines are shown.
const MAX_LINES: usize = 400;

/// Of a text that no model sees, such as test data, so many lines are shown.
const MAX_LINES_UNSEEN: usize = 6;

/// So many changes are shown that no model sees.
const MAX_UNSEEN: usize = 12;

/// How many changes of what an evaluation demands are shown beside those.
const MAX_NAMED: usize = 60;

/// Of a message that came or went as a whole so many lines are shown.
const MAX_WHOLE: usize = 12;

/// How a comparison is written.
#[derive(Debug, Clone, Copy)]
pub struct TextOptions {
    /// Whether words are coloured; without it they are marked `[-old-]` and `{+new+}`.
    pub color: bool,
    /// The width of the terminal in characters.
    pub width: usize,
}

/// Writes what changed in these prompts, one after the other, and a count of several.
///
/// # Errors
/// Those of the writer.
pub fn write(
    out: &mut dyn Write,
    diffs: &[(PromptName, PromptDiff)],
    review: &ReviewInfo,
    options: TextOptions,
) -> fmt::Result {
    let mut pen = StyledWriter { out, options };
    for (at, (name, diff)) in diffs.iter().enumerate() {
        if at > 0 {
            pen.out.write_char('\n')?;
        }
        pen.prompt(name, diff)?;
        if let Some(size) = review.sizes.get(name) {
            pen.size(size)?;
        }
    }
    match diffs.len() {
        0 | 1 => Ok(()),
        _ => writeln!(pen.out, "\n{}", count(diffs.iter().map(|(_, diff)| diff))),
    }
}

/// What [`write()`] writes.
pub fn render(
    diffs: &[(PromptName, PromptDiff)],
    review: &ReviewInfo,
    options: TextOptions,
) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, diffs, review, options);
    text
}

/// How many prompts there are of each impact, and how many are new.
pub(super) fn count<'a>(diffs: impl Iterator<Item = &'a PromptDiff>) -> String {
    let mut counts = [
        Some(Impact::Breaking),
        Some(Impact::Behavior),
        Some(Impact::Wording),
        Some(Impact::None),
        None,
    ]
    .map(|impact| (impact, 0));
    let mut total = 0;
    for diff in diffs {
        total += 1;
        counts
            .iter_mut()
            .filter(|(impact, _)| *impact == impact_of(diff))
            .for_each(|(_, of)| *of += 1);
    }
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(impact, count)| format!("{count} {}", impact.map_or("new", Impact::as_str)))
        .collect();
    format!("{total} prompts: {}", counts.join(", "))
}

/// The impact of a change; of a prompt that is new and breaks nothing there is none to speak of.
fn impact_of(diff: &PromptDiff) -> Option<Impact> {
    let is_new = diff.status == Status::Added && diff.impact == Impact::None;
    (!is_new).then_some(diff.impact)
}

/// The versions of a prompt, such as `v1 → v3`.
pub(super) fn versions(diff: &PromptDiff) -> String {
    match (diff.from_version, diff.to_version) {
        (Some(from), Some(to)) if from != to => format!("{from} → {to}"),
        (from, to) => to
            .or(from)
            .map(|version| version.to_string())
            .unwrap_or_default(),
    }
}

/// What callers must know, beyond that a prompt is new.
pub(super) fn callers_notes(diff: &PromptDiff) -> impl Iterator<Item = &ContractNote> {
    let notes = diff.contract.iter();
    notes.filter(|note| diff.status != Status::Added || note.impact > Impact::None)
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

fn impact_style(impact: Impact) -> Style {
    match impact {
        Impact::Breaking => AnsiColor::Red.on_default().bold(),
        Impact::Behavior => AnsiColor::Yellow.on_default(),
        Impact::Wording => AnsiColor::Cyan.on_default(),
        Impact::None => DIM,
    }
}

struct StyledWriter<'o> {
    out: &'o mut dyn Write,
    options: TextOptions,
}

impl StyledWriter<'_> {
    /// The text in a style, or as it is.
    fn styled(&self, style: Style, text: &str) -> String {
        match self.options.color {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }

    fn prompt(&mut self, name: &PromptName, diff: &PromptDiff) -> fmt::Result {
        let mut head = format!("{}  {}", self.styled(BOLD, name.as_str()), versions(diff));
        match diff.status {
            Status::Added => head.push_str("  new"),
            Status::Removed => head.push_str("  removed"),
            Status::Unchanged => return writeln!(self.out, "{head}  unchanged"),
            Status::Changed => {}
            Status::Renamed => {
                let from = diff.from_name.as_deref().unwrap_or_default();
                head.push_str(&format!("  renamed from {from}"));
            }
        }
        if let Some(impact) = impact_of(diff) {
            head.push_str("  ");
            head.push_str(&self.styled(impact_style(impact), impact.as_str()));
        }
        writeln!(self.out, "{head}")?;
        // What a removed prompt held is in its file's history.
        if diff.status != Status::Removed {
            self.changes(diff)?;
        }
        self.contract(&callers_notes(diff).collect::<Vec<_>>())
    }

    fn size(&mut self, size: &SizeChange) -> fmt::Result {
        let cost = diff_review::cost(size).map(|cost| format!(", {cost}"));
        let tokens = diff_review::tokens(size);
        writeln!(
            self.out,
            "  its own text: about {tokens} tokens{}",
            cost.unwrap_or_default()
        )?;
        match diff_review::cache(size) {
            Some(cache) => writeln!(self.out, "  {cache}"),
            None => Ok(()),
        }
    }

    /// What a model or a caller sees in full; of the rest, such as test data, the first few.
    fn changes(&mut self, diff: &PromptDiff) -> fmt::Result {
        let (mut unseen, mut named, mut left_out) = (0, 0, 0);
        for change in &diff.changes {
            let is_unseen = change.impact == Impact::None && diff.status == Status::Changed;
            let is_named = change.loosens_evaluation() && named < MAX_NAMED;
            named += usize::from(is_named);
            unseen += usize::from(is_unseen && !is_named);
            if is_unseen && !is_named && unseen > MAX_UNSEEN {
                left_out += 1;
            } else {
                self.change(change)?;
            }
        }
        match left_out {
            0 => Ok(()),
            1 => writeln!(self.out, "  … and 1 more change that no model sees"),
            more => writeln!(self.out, "  … and {more} more changes that no model sees"),
        }
    }

    fn change(&mut self, change: &Change) -> fmt::Result {
        let path = visible(&change.path);
        if let Some(words) = words(change) {
            let most = match change.words {
                Some(_) if change.impact > Impact::None => MAX_LINES,
                Some(_) => MAX_LINES_UNSEEN,
                None => MAX_WHOLE,
            };
            writeln!(self.out, "  {path}:{}", Self::remark(change))?;
            let width = self.options.width.saturating_sub(4).max(40);
            return layout(&words, width, most)
                .iter()
                .try_for_each(|line| self.line(line));
        }
        let room = self
            .options
            .width
            .saturating_sub(path.chars().count() + 8)
            .max(40);
        let show = |value: &Option<Value>, room| {
            value
                .as_ref()
                .map(|value| short(value, room))
                .unwrap_or_default()
        };
        let (before, after) = (
            show(&change.before, room / 2),
            show(&change.after, room / 2),
        );
        let (old, new) = (AnsiColor::Red.on_default(), AnsiColor::Green.on_default());
        let said = match change.kind {
            ChangeKind::Moved => format!("moved from {before}"),
            ChangeKind::Added => format!("{} (new)", self.styled(new, &show(&change.after, room))),
            ChangeKind::Removed => format!(
                "{} (removed)",
                self.styled(old, &show(&change.before, room))
            ),
            ChangeKind::Changed => format!(
                "{} → {}",
                self.styled(old, &before),
                self.styled(new, &after)
            ),
        };
        writeln!(self.out, "  {path}: {said}")
    }

    /// What the path alone does not say about a text.
    fn remark(change: &Change) -> String {
        let role = role(change)
            .map(|role| format!(" {role},"))
            .unwrap_or_default();
        match change.kind {
            ChangeKind::Added => format!("{role} new"),
            ChangeKind::Removed => format!("{role} removed"),
            ChangeKind::Changed | ChangeKind::Moved => String::new(),
        }
    }

    fn line(&mut self, line: &Line) -> fmt::Result {
        let text = match line {
            Line::Hidden(_) => self.styled(DIM, "…"),
            Line::Cut(count) => self.styled(DIM, &cut(*count)),
            Line::Shown(spans) => spans.iter().map(|span| self.span(span)).collect(),
        };
        match text.is_empty() {
            true => self.out.write_char('\n'),
            false => writeln!(self.out, "    {text}"),
        }
    }

    fn span(&self, span: &Span) -> String {
        let Span { kind, text } = span;
        let (open, close, style) = match kind {
            PieceKind::Same => return text.clone(),
            PieceKind::Removed => ("[-", "-]", AnsiColor::Red.on_default()),
            PieceKind::Added => ("{+", "+}", AnsiColor::Green.on_default()),
            PieceKind::MovedAway => ("[moved away: ", "]", AnsiColor::Magenta.on_default()),
            PieceKind::MovedHere => ("[moved here: ", "]", AnsiColor::Magenta.on_default()),
        };
        let is_moved = matches!(kind, PieceKind::MovedAway | PieceKind::MovedHere);
        if !self.options.color || is_moved {
            return self.styled(style, &format!("{open}{text}{close}"));
        }
        // A blank has no colour.
        let is_blank = text.trim().is_empty();
        self.styled(
            style,
            &if is_blank {
                text.replace(' ', "·")
            } else {
                text.clone()
            },
        )
    }

    fn contract(&mut self, notes: &[&ContractNote]) -> fmt::Result {
        if notes.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "  {}", self.styled(BOLD, "for callers:"))?;
        for note in notes {
            let impact = self.styled(impact_style(note.impact), &format!("{:<8}", note.impact));
            let room = self.options.width.saturating_sub(14).max(40);
            let message = wrap(&visible(&note.message), room).join("\n              ");
            writeln!(self.out, "    {impact}  {message}")?;
        }
        Ok(())
    }
}

/// The text in lines of at most `width` columns, as far as its words allow.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().map(|line| line.width() + word.width() + 1);
        match lines.last_mut() {
            Some(last) if last.is_empty() || line.is_some_and(|line| line <= width) => {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::diff::{
        compare,
        tests::support::{Owned, base, diff, with},
    };
    use serde_json::json;

    const PLAIN: TextOptions = TextOptions {
        color: false,
        width: 80,
    };

    fn name(name: &str) -> PromptName {
        name.parse().expect("a name")
    }

    #[test]
    fn a_changed_prompt_reads_from_the_versions_to_the_callers() {
        let after = with(
            base(),
            &[
                ("/version", json!(4)),
                ("/model", json!("openai/gpt-5")),
                ("/modelParameters/maxTokens", json!(600)),
                ("/modelParameters/topP", json!(0.9)),
                ("/extraBody/store", Value::Null),
                ("/input/schema/properties/ticket/maxLength", json!(200)),
                (
                    "/messages/0/content",
                    json!(
                        "{{> tone}}\nYou sort the tickets of a bank into queues. Answer in {{locale}} with two sentences.\nNever promise a refund before it is approved."
                    ),
                ),
                (
                    "/messages/-",
                    json!({"role": "user", "content": "Now the next ticket, please.\nBe quick."}),
                ),
                (
                    "/partials/tone",
                    json!("Be warm and brief in every answer."),
                ),
            ],
        );
        insta::assert_snapshot!(render(&[(name("support/triage"), diff(&base(), &after))], &ReviewInfo::default(), PLAIN), @"
        support/triage  v3 → v4  breaking
          model: openai/gpt-5-mini → openai/gpt-5
          modelParameters.maxTokens: 800 → 600
          modelParameters.topP: 0.9 (new)
          input.schema.properties.ticket.maxLength: 500 → 200
          extraBody.store: false (removed)
          messages[0].content:
            Be [-kind-]{+warm+} and brief in every [-answer.-][-⏎-]
            [-You-]{+answer.You+} sort the tickets of a bank into queues. Answer in {{locale}} with [-one sentence-]{+two sentences+}.
            Never promise a refund before it is approved.
          messages[4]: user, new
            {+Now the next ticket, please.+}
            {+Be quick.+}
          for callers:
            breaking  variable `ticket`: `maxLength` was `500` and is `200`
        ");
    }

    #[test]
    fn several_prompts_are_counted() {
        let side = Owned::new(
            json!({"version": 1, "model": "gpt-5", "messages": [{"role": "user", "content": "Hi\nthere"}]}),
        );
        let text = render(
            &[
                (name("daily"), compare(None, Some(side.side()))),
                (name("old"), compare(Some(side.side()), None)),
                (name("same"), compare(Some(side.side()), Some(side.side()))),
            ],
            &ReviewInfo::default(),
            PLAIN,
        );
        insta::assert_snapshot!(text, @"
        daily  v1  new
          model: gpt-5 (new)
          messages[0]: user, new
            {+Hi+}
            {+there+}

        old  v1  removed  breaking
          for callers:
            breaking  the prompt is gone: callers that read its file get an error; what
                      is live of it stays live until it is unpublished

        same  v1  unchanged

        3 prompts: 1 breaking, 1 none, 1 new
        ");
    }

    #[test]
    fn colours_take_the_place_of_brackets_and_hostile_text_stays_text() {
        let before = json!({"messages": [{"role": "user", "content": "be kind"}]});
        let after = json!({"messages": [{"role": "user", "content": "be \u{1b}[2J brief"}]});
        let text = render(
            &[(name("a"), diff(&before, &after))],
            &ReviewInfo::default(),
            TextOptions {
                color: true,
                width: 80,
            },
        );
        insta::assert_snapshot!(text.replace('\u{1b}', "^"), @r"
        ^[1ma^[0m  v1  ^[36mwording^[0m
          messages[0].content:
            be ^[31mkind^[0m^[32m\u{1b}[2J brief^[0m
        ");
    }

    #[test]
    fn messages_wrap_behind_their_impact() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("verylongword", 3), ["verylongword"]);
    }
}

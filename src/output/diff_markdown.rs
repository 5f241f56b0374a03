//! A comparison for a pull request, in GitHub's Markdown.
//!
//! Texts of prompts are written by whoever opened the pull request, so none of them is read as
//! Markdown or HTML: values stand in code spans, texts in `<pre>` with every `<` and `&` escaped,
//! where neither a mention nor a link comes alive.

use std::fmt::Write;

use serde_json::Value;

use super::diff_lines::{self, Line, Span, layout, role, short, visible, words};
use super::diff_text::{callers_notes, count, versions};
use crate::prompt::diff::{
    Change, ChangeKind, ContractNote, Impact, PieceKind, PromptDiff, Status,
};
use crate::prompt::name::PromptName;

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

/// So much room is kept for the line that says what was cut.
const ROOM_FOR_CUT: usize = 400;

/// With less room than this no more words are shown.
const ROOM_FOR_WORDS: usize = 1_000;

/// With less room than this no more changes are listed.
const ROOM_FOR_FIELDS: usize = 200;

/// Writes what changed in these prompts, the worst first, in at most `limit` UTF-16 units (at least
/// 1,000). The same prompts give the same text.
pub fn render(diffs: &[(PromptName, PromptDiff)], limit: usize) -> String {
    let mut diffs: Vec<_> = diffs
        .iter()
        .filter(|(_, diff)| diff.status != Status::Unchanged)
        .collect();
    diffs.sort_by(|a, b| b.1.impact.cmp(&a.1.impact).then(a.0.cmp(&b.0)));
    let mut page = Page {
        text: format!("{MARKER}\n"),
        room: limit.max(1_000) - MARKER.len() - 1 - ROOM_FOR_CUT,
    };
    if diffs.is_empty() {
        page.push("### Prompts: nothing changed\n");
        return page.text;
    }
    page.push(&format!("### Prompts: {}\n\n", headline(&diffs)));
    let rows = page.table(&diffs);
    let notes = page.notes(&diffs);
    let words = page.details(&diffs);
    page.text.push_str(&cut([rows, notes, words]));
    page.text
}

fn headline(diffs: &[&(PromptName, PromptDiff)]) -> String {
    let worst = diffs
        .iter()
        .map(|(_, diff)| diff.impact)
        .max()
        .unwrap_or_default();
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
fn cut([rows, notes, words]: [usize; 3]) -> String {
    let parts = [
        (rows, "rows of the table"),
        (notes, "notes for callers"),
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
struct Page {
    text: String,
    room: usize,
}

impl Page {
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
        self.push("| Prompt | Change | Impact | Versions |\n| --- | --- | --- | --- |\n");
        let row = |(name, diff): &&(PromptName, PromptDiff)| {
            let change = if diff.status == Status::Added {
                "new"
            } else {
                diff.status.as_str()
            };
            format!(
                "| `{name}` | {change} | {} | {} |\n",
                badge(diff.impact),
                versions(diff)
            )
        };
        let rows: Vec<String> = diffs.iter().map(row).collect();
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
        if notes.is_empty() || !self.push("\n#### For callers\n\n") {
            return notes.len();
        }
        self.push_some(&notes, self.room / 2)
    }

    /// Adds the folded words of each prompt, in short where there is no room for all.
    fn details(&mut self, diffs: &[&(PromptName, PromptDiff)]) -> usize {
        let told = diffs
            .iter()
            .filter(|(_, diff)| diff.status != Status::Removed && !diff.changes.is_empty());
        let mut missing = 0;
        for (name, diff) in told {
            let tries = if self.room > ROOM_FOR_WORDS {
                LINES
            } else {
                &[]
            };
            if tries
                .iter()
                .any(|lines| self.push(&details(name, diff, *lines)))
            {
                continue;
            }
            missing += 1;
            if self.room > ROOM_FOR_FIELDS {
                self.push(&details(name, diff, 0));
            }
        }
        missing
    }
}

/// One prompt, folded.
fn details(name: &PromptName, diff: &PromptDiff, lines: usize) -> String {
    let changes = match diff.changes.len() {
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    };
    let mut text = format!("\n<details>\n<summary><code>{name}</code>: {changes}</summary>\n\n");
    for change in diff.changes.iter().take(MAX_CHANGES) {
        field(change, lines, &mut text);
    }
    if let Some(more @ 1..) = diff.changes.len().checked_sub(MAX_CHANGES) {
        let _ = writeln!(text, "- … and {more} more");
    }
    text.truncate(text.trim_end().len());
    text.push_str("\n\n</details>\n");
    text
}

/// One change: a line of a list, and its words below.
fn field(change: &Change, lines: usize, text: &mut String) {
    let path = code(&change.path);
    if let Some(words) = words(change) {
        let role = role(change)
            .map(|role| format!(" {role},"))
            .unwrap_or_default();
        let kind = match change.kind {
            ChangeKind::Added => "new",
            ChangeKind::Removed => "removed",
            ChangeKind::Moved => "text moved",
            ChangeKind::Changed => "text changed",
        };
        let _ = writeln!(text, "- {path}:{role} {kind}");
        let most = match change.impact {
            Impact::None => lines.min(MAX_LINES_UNSEEN),
            _ => lines,
        };
        if most > 0 {
            let lines: Vec<String> = layout(&words, WIDTH, most).iter().map(line).collect();
            let _ = writeln!(text, "\n<pre>{}</pre>\n", lines.join("\n"));
        }
        return;
    }
    let show = |value: &Option<Value>| {
        value
            .as_ref()
            .map(|value| code(&short(value, 200)))
            .unwrap_or_default()
    };
    let (before, after) = (show(&change.before), show(&change.after));
    let _ = match change.kind {
        ChangeKind::Moved => writeln!(text, "- {path}: moved from {before}"),
        ChangeKind::Added => writeln!(text, "- {path}: new, {after}"),
        ChangeKind::Removed => writeln!(text, "- {path}: removed, was {before}"),
        ChangeKind::Changed => writeln!(text, "- {path}: {before} → {after}"),
    };
}

/// A line inside `<pre>`.
fn line(line: &Line) -> String {
    match line {
        Line::Hidden(_) => "…".to_owned(),
        Line::Cut(count) => diff_lines::cut(*count),
        Line::Shown(spans) => spans.iter().map(span).collect(),
    }
}

fn span(span: &Span) -> String {
    let text = escape(&span.text);
    match span.kind {
        PieceKind::Same => text,
        PieceKind::Removed => format!("<del>{text}</del>"),
        PieceKind::Added => format!("<ins><b>{text}</b></ins>"),
        PieceKind::MovedAway => format!("<i>[moved away: {text}]</i>"),
        PieceKind::MovedHere => format!("<i>[moved here: {text}]</i>"),
    }
}

/// Text between HTML tags.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A code span that holds any text on one line.
fn code(text: &str) -> String {
    let text = visible(text).replace(['\n', '\r'], " ");
    let mut longest = 0;
    let mut run = 0;
    for char in text.chars() {
        run = if char == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let needs_room = text.is_empty() || text.starts_with('`') || text.ends_with('`');
    let room = if needs_room { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}")
}

/// A message whose names stand between backticks: those become code, the rest plain text.
fn message(message: &str) -> String {
    let part = |(at, part): (usize, &str)| match at % 2 {
        1 => code(part),
        _ => plain(part),
    };
    message.split('`').enumerate().map(part).collect()
}

/// Text in which Markdown finds nothing to do.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for char in visible(text).chars() {
        match char {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '@' => plain.push_str("&#64;"),
            '#' => plain.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '!' => {
                plain.push('\\');
                plain.push(char);
            }
            char => plain.push(char),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::prompt::diff::tests::support::{base, diff, with};

    fn name(name: &str) -> PromptName {
        name.parse().expect("a name")
    }

    #[test]
    fn a_comment_has_a_headline_a_table_notes_and_folded_words() {
        let after = with(
            base(),
            &[
                ("/version", json!(4)),
                ("/modelParameters/maxTokens", json!(600)),
                ("/input/schema/properties/ticket/maxLength", json!(200)),
                (
                    "/messages/0/content",
                    json!(
                        "{{> tone}}\nYou sort the tickets of a bank into queues. Answer in {{locale}} with two sentences.\nNever promise a refund before it is approved."
                    ),
                ),
            ],
        );
        let worded = with(base(), &[("/description", json!("Sorts."))]);
        let diffs = [
            (name("daily"), diff(&base(), &worded)),
            (name("support/triage"), diff(&base(), &after)),
            (name("same"), diff(&base(), &base())),
        ];
        insta::assert_snapshot!(render(&diffs, LIMIT), @r"
        <!-- promptctl diff -->
        ### Prompts: 🔴 breaking, callers may break (2 prompts: 1 breaking, 1 none)

        | Prompt | Change | Impact | Versions |
        | --- | --- | --- | --- |
        | `support/triage` | changed | 🔴 breaking | v3 → v4 |
        | `daily` | changed | ⚪ none | v3 |

        #### For callers

        - `support/triage`: 🔴 breaking: variable `ticket`: `maxLength` was `500` and is `200`

        <details>
        <summary><code>support/triage</code>: 3 changes</summary>

        - `modelParameters.maxTokens`: `800` → `600`
        - `input.schema.properties.ticket.maxLength`: `500` → `200`
        - `messages[0].content`: text changed

        <pre>{{&gt; tone}}
        You sort the tickets of a bank into queues. Answer in {{locale}} with <del>one sentence</del><ins><b>two sentences</b></ins>.
        Never promise a refund before it is approved.</pre>

        </details>

        <details>
        <summary><code>daily</code>: 1 change</summary>

        - `description`: `Sorts tickets.` → `Sorts.`

        </details>
        ");
    }

    #[test]
    fn nothing_in_a_prompt_becomes_markdown_or_html() {
        let evil = "</pre></details><script>x</script> ``` @admins [a](http://b) | ~~x~~ \u{202e}";
        let before = json!({"messages": [{"role": "user", "content": "x"}]});
        let after = json!({
            evil: evil, "model": evil,
            "messages": [{"role": "user", "content": format!("{evil}\n\n# Title\n{evil}")}],
            "input": {"schema": {"type": "object", "required": ["`x` </details> @me"], "properties": {"`x` </details> @me": {"enum": [evil]}}}},
            "variables": [],
        });
        let before = with(before, &[("/variables", json!([]))]);
        let text = render(&[(name("a"), diff(&before, &after))], LIMIT);
        let bare = without_code(&text);
        assert_eq!(bare.matches("</details>").count(), 1);
        for evil in ["<script", "@admins", "@me", "](http", "~~x~~", "\u{202e}"] {
            assert!(!bare.contains(evil), "{evil} in {bare}");
        }
        insta::assert_snapshot!(text, @r#"
        <!-- promptctl diff -->
        ### Prompts: 🔴 breaking, callers may break

        | Prompt | Change | Impact | Versions |
        | --- | --- | --- | --- |
        | `a` | changed | 🔴 breaking | v1 |

        #### For callers

        - `a`: 🔴 breaking: variable `["'x' </details> @me"]` is new and required: callers must pass it

        <details>
        <summary><code>a</code>: 4 changes</summary>

        - `model`: new

        <pre><ins><b>&lt;/pre&gt;&lt;/details&gt;&lt;script&gt;x&lt;/script&gt; ``` @admins [a](http://b) | ~~x~~ &lt;U+202E&gt;</b></ins></pre>

        - `input.schema`: new, ````{"type":"object","required":["`x` </details> @me"],"properties":{"`x` </details> @me":{"enum":["</pre></details><script>x</script> ``` @admins [a](http://b) | ~~x~~ <U+202E>"]}}}````
        - `messages[0].content`: text changed

        <pre><del>x</del><ins><b>&lt;/pre&gt;&lt;/details&gt;&lt;script&gt;x&lt;/script&gt; ``` @admins [a](http://b) | ~~x~~ &lt;U+202E&gt;</b></ins><ins><b>⏎</b></ins>
        <ins><b>⏎</b></ins>
        <ins><b># Title</b></ins>
        <ins><b>&lt;/pre&gt;&lt;/details&gt;&lt;script&gt;x&lt;/script&gt; ``` @admins [a](http://b) | ~~x~~ &lt;U+202E&gt;</b></ins></pre>

        - ````["</pre></details><script>x</script> ``` @admins [a](http://b) | ~~x~~ <U+202E>"]````: new

        <pre><ins><b>&lt;/pre&gt;&lt;/details&gt;&lt;script&gt;x&lt;/script&gt; ``` @admins [a](http://b) | ~~x~~ &lt;U+202E&gt;</b></ins></pre>

        </details>
        "#);
    }

    /// What Markdown and HTML would read: all but `<pre>` and code spans.
    fn without_code(text: &str) -> String {
        let mut bare = String::new();
        for (at, part) in text.split("<pre>").enumerate() {
            let (pre, rest) = part.split_once("</pre>").unwrap_or(("", part));
            assert!(
                at == 0
                    || !pre
                        .replace("<del>", "")
                        .replace("</del>", "")
                        .replace("<ins><b>", "")
                        .replace("</b></ins>", "")
                        .contains(['<', '>'])
            );
            let mut rest = rest;
            while let Some(start) = rest.find('`') {
                let run = rest[start..]
                    .chars()
                    .take_while(|char| *char == '`')
                    .count();
                let fence = "`".repeat(run);
                let inner = &rest[start + run..];
                let end = inner.match_indices(&fence).find(|(at, _)| {
                    !inner[..*at].ends_with('`') && !inner[at + run..].starts_with('`')
                });
                bare.push_str(&rest[..start]);
                rest = end.map_or("", |(at, _)| &inner[at + run..]);
            }
            bare.push_str(rest);
        }
        bare
    }

    #[test]
    fn a_comment_never_outgrows_its_limit_and_says_what_was_cut() {
        let long = |word: &str| format!("{word} 👩 请 <b> and so on and so forth\n").repeat(300);
        let one = json!({"messages": [{"role": "user", "content": long("old")}]});
        let two = json!({"model": "x", "messages": [{"role": "user", "content": long("new")}]});
        let changed = diff(&one, &two);
        for (count, limit) in [(1, 2_000), (40, LIMIT), (3_000, LIMIT), (3_000, 1_000)] {
            let diffs: Vec<_> = (0..count)
                .map(|at| (name(&format!("p{at}")), changed.clone()))
                .collect();
            let text = render(&diffs, limit);
            assert!(
                text.encode_utf16().count() <= limit,
                "{count} prompts in {limit}"
            );
            let says_cut = text.contains("**Cut**") || text.contains("… and 288 more lines");
            assert!(
                text.starts_with(MARKER) && says_cut,
                "{count} prompts in {limit}"
            );
            assert_eq!(text, render(&diffs, limit));
        }
    }

    #[test]
    fn nothing_changed_is_said() {
        insta::assert_snapshot!(render(&[], LIMIT), @r"
        <!-- promptctl diff -->
        ### Prompts: nothing changed
        ");
    }

    #[test]
    fn code_spans_hold_any_text() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(code(""), "`  `");
    }
}

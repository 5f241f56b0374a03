//! Messages in languages without a grammar, by what stands around a text. Marked as such: what is
//! filled in is not told from what is written.

use std::sync::LazyLock;

use regex::Regex;

use super::{Confidence, Content, FoundKind, FoundMessage, FoundPrompt, literal};
use super::{Piece, Stands, Syntax};
use crate::prompt::finding::Span;

/// A quoted text; what stands before it says whether it is raw.
const TEXT: &str = r##"(?:@|\$)?(?P<text>"""(?s:.*?)"""|r#+"(?s:.*?)"#|r?"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*')"##;

/// The most prompts of one file.
const MOST: usize = 1_000;

/// Those of scripts, where a backtick may be escaped, and those of other languages.
static PATTERNS: LazyLock<[Vec<Regex>; 2]> = LazyLock::new(|| {
    let script = TEXT.replace("`[^`]*`", r"`(?:[^`\\]|\\(?s:.))*`");
    [patterns(&script), patterns(TEXT)]
});

fn patterns(quoted: &str) -> Vec<Regex> {
    let role = r#"(?i:role)["']?\s*(?:=>|:|=|,|\()\s*[\w.:"'(]*?(?P<role>(?i:system|developer|user))["'\w]*\)?"#;
    let content = r#"["']?(?i:content|text)["']?\s*(?:=>|:|=|,|\()\s*(?:[\w.:&]+\()?"#;
    [
        format!(r"{role}[\s,;).]{{1,40}}(?:[\w.]+\()?{content}{quoted}"),
        format!(r"\b(?P<role>System|Developer|User|Human)(?:Chat|Prompt)?Message(?:Content)?(?:::|\.)?\w*\s*\(\s*{quoted}"),
        format!(r"\bCreate(?P<role>System|User)Message\s*\(\s*{quoted}"),
        format!(r"\bMessage::(?P<role>system|user)\s*\(\s*{quoted}"),
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
}

/// What a quoted text says. Between backticks nothing is escaped but in scripts.
fn said(quoted: &str, is_script: bool) -> String {
    let raw = quoted.trim_start_matches('r').trim_matches('#');
    let is_raw = quoted.starts_with('r') || (quoted.starts_with('`') && !is_script);
    let mark = if raw.starts_with("\"\"\"") { 3 } else { 1 };
    let inner = raw
        .get(mark..raw.len().saturating_sub(mark))
        .unwrap_or_default();
    match is_raw || mark == 3 {
        true => inner.to_owned(),
        false => literal::script(inner).0,
    }
}

/// Whether a file is worth reading: nearly every one ends here.
pub(super) fn may_hold(bytes: &[u8]) -> bool {
    ["role", "Role", "Message"]
        .iter()
        .any(|word| memchr::memmem::find(bytes, word.as_bytes()).is_some())
}

pub(super) fn find(text: &str, is_script: bool) -> Vec<FoundPrompt> {
    let mut found: Vec<(usize, FoundPrompt)> = Vec::new();
    let [script, other] = &*PATTERNS;
    for pattern in if is_script { script } else { other } {
        for hit in pattern.captures_iter(text).take(MOST) {
            let (Some(role), Some(quoted)) = (hit.name("role"), hit.name("text")) else {
                continue;
            };
            if found.iter().any(|(at, _)| *at == quoted.start()) {
                continue;
            }
            let role = match role.as_str().to_ascii_lowercase().as_str() {
                "system" => "system",
                "developer" => "developer",
                _ => "user",
            };
            let content = said(quoted.as_str(), is_script);
            let words = content.split_whitespace().count();
            let least = if role == "user" { 6 } else { 2 };
            let is_prose = content.chars().any(char::is_alphabetic);
            if words < least || !is_prose {
                continue;
            }
            let at = Span::from_range(text, quoted.range());
            let end_line = at.line + quoted.as_str().matches('\n').count();
            let message = FoundMessage {
                role,
                content: Content::Text(vec![Piece::Text(content)]),
                line: at.line,
                end_line,
                variables: Vec::new(),
            };
            found.push((
                quoted.start(),
                FoundPrompt {
                    kind: FoundKind::Message,
                    stands: Stands::InCall,
                    is_list: false,
                    confidence: Confidence::Low,
                    at,
                    cell: None,
                    end_line,
                    call_line: at.line,
                    sdk: None,
                    call: Vec::new(),
                    language: None,
                    name: None,
                    place: super::super::name::function_before(text, quoted.start()),
                    around: None,
                    ordinal: 0,
                    model: None,
                    parameters: Vec::new(),
                    kept: Vec::new(),
                    bound: Vec::new(),
                    taken: Vec::new(),
                    set: None,
                    imports: Vec::new(),
                    messages: vec![message],
                    syntax: Syntax::Plain,
                    lost: vec![
                        "read without a syntax tree: what the code fills in stands as text"
                            .to_owned(),
                    ],
                    doubts: Vec::new(),
                    settable: Vec::new(),
                    is_allowed: false,
                    is_known: false,
                },
            ));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, prompt)| prompt).collect()
}

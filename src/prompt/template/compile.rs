//! From text to tree: the checks that give good messages first, then the parser.

use std::borrow::Cow;
use std::collections::HashSet;

use handlebars::Template;

use super::build::{BRACES, Builder};
use super::outline::outline;
use super::scan::{Kind, Scan, Tag, check_limits, quoted, scan};
use super::tree::{Body, Node};
use super::{Source, jinja};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};

/// A template as a tree, for those who say it in another language. Tags that stand alone on their
/// lines have taken those away.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parsed(text: &str) -> Result<Body, Finding> {
    let (body, findings) = compile(text, 0, &Source::Partial(String::new()), false);
    match findings.into_iter().find(Finding::is_error) {
        Some(finding) => Err(finding),
        None => Ok(body),
    }
}

/// Parses the text of the source with this number. The findings have their place inside the
/// text; without an error among them there is a body.
pub(super) fn compile(
    text: &str,
    source: usize,
    origin: &Source,
    is_outline: bool,
) -> (Body, Vec<Finding>) {
    let plain = |text: String| Body {
        nodes: vec![Node::Text(text)],
        inlines: Vec::new(),
        source,
    };
    let scan = scan(text);
    if let Err(finding) = check_limits(text, &scan) {
        return (Body::default(), vec![finding]);
    }
    let mut findings: Vec<Finding> = jinja::statements(text, &scan.tags).into_iter().collect();
    if scan.tags.is_empty() && scan.unclosed.is_none() {
        return (plain(text.replace("\\{{", "{{")), findings);
    }
    let partial_ends = check_structure(&scan, origin, &mut findings);
    for tag in &scan.tags {
        findings.extend(check_tag(tag));
    }
    if findings.iter().any(Finding::is_error) {
        return (Body::default(), findings);
    }
    if is_outline && let Some(body) = outline(text, &scan.tags, source) {
        return (body, findings);
    }
    let source_text = normalised(text, &scan.tags, &partial_ends);
    let template = match Template::compile(&source_text) {
        Ok(template) => template,
        Err(error) => {
            findings.extend(syntax_errors(text, &scan.tags, &error));
            return (Body::default(), findings);
        }
    };
    let mut builder = Builder {
        text,
        source,
        tags: scan.tags.iter().copied().collect(),
        findings,
    };
    match builder.body(template) {
        Ok(body) if builder.tags.is_empty() => (body, builder.findings),
        _ => {
            let at = builder.tags.front().map(|tag| tag.at);
            let finding = Finding::error(
                code::TEMPLATE_SYNTAX,
                "the template cannot be understood here",
            );
            builder.findings.push(finding.at(at).help(BRACES));
            (Body::default(), builder.findings)
        }
    }
}

/// Checks that blocks open and close in pairs; returns which tags close partial blocks.
fn check_structure(
    scan: &Scan<'_>,
    origin: &Source,
    findings: &mut Vec<Finding>,
) -> HashSet<usize> {
    let mut open: Vec<(&Tag<'_>, bool)> = Vec::new();
    let mut partial_ends = HashSet::new();
    let mut report = |message: String, at: Span, help: String| {
        findings.push(
            Finding::error(code::TEMPLATE_SYNTAX, message)
                .at(at)
                .help(help),
        );
    };
    for (index, tag) in scan.tags.iter().enumerate() {
        match tag.kind {
            Kind::Open | Kind::PartialOpen | Kind::InlineOpen => open.push((tag, false)),
            Kind::Else | Kind::ElseIf => match open.last_mut() {
                Some((block, has_else)) if block.kind == Kind::Open && !*has_else => {
                    *has_else = tag.kind == Kind::Else;
                }
                Some((block, true)) => {
                    let help = format!("an `{{{{else}}}}` of `{}` stands before it", opening(block));
                    report("an `{{else}}` follows the last `{{else}}`".to_owned(), tag.at, help);
                }
                _ => report(
                    "`{{else}}` or `{{^}}` stands outside of a block".to_owned(),
                    tag.at,
                    "it belongs between `{{#if x}}` and `{{/if}}`; for the opposite write `{{#unless x}}`".to_owned(),
                ),
            },
            Kind::Close => match open.pop() {
                None => {
                    let message = format!("`{{{{/{}}}}}` closes nothing", tag.inner);
                    report(message, tag.at, "remove it, or open the block before".to_owned());
                }
                Some((block, _)) if closes(block, tag) => {
                    if block.kind == Kind::PartialOpen {
                        partial_ends.insert(index);
                    }
                }
                Some((block, _)) => {
                    let message = format!("`{{{{/{}}}}}` closes `{}` of line {}", tag.inner, opening(block), origin.locate(block.at).1.line);
                    report(message, tag.at, format!("`{{{{/{}}}}}` is expected", closing_name(block)));
                }
            },
            _ => {}
        }
    }
    if let Some((at, close)) = scan.unclosed {
        let message = format!("`{{{{` is never closed: `{close}` is missing");
        report(message, at, format!("close the tag, or {BRACES}"));
        return partial_ends;
    }
    for (block, _) in open {
        let message = format!("`{}` is never closed", opening(block));
        report(
            message,
            block.at,
            format!("end the block with `{{{{/{}}}}}`", closing_name(block)),
        );
    }
    partial_ends
}

/// A block's tag as it is shown in a message.
fn opening(block: &Tag<'_>) -> String {
    let sign = match block.kind {
        Kind::PartialOpen => ">",
        Kind::InlineOpen => "*",
        _ => "",
    };
    format!("{{{{#{sign}{}}}}}", closing_name(block))
}

fn closing_name<'t>(block: &'t Tag<'_>) -> &'t str {
    match block.kind {
        Kind::PartialOpen => block.partial_name().unwrap_or_default(),
        _ => block.word(),
    }
}

fn closes(block: &Tag<'_>, close: &Tag<'_>) -> bool {
    let name = quoted(close.inner).unwrap_or(close.inner);
    let may_be_empty = block.kind != Kind::Open;
    name == closing_name(block) || (may_be_empty && name.is_empty())
}

/// What is wrong with a tag that the parser would misunderstand or describe badly.
fn check_tag(tag: &Tag<'_>) -> Option<Finding> {
    let syntax = |message: &str| {
        Finding::error(code::TEMPLATE_SYNTAX, message)
            .at(tag.at)
            .help(BRACES)
    };
    if tag.kind != Kind::Print {
        return None;
    }
    if tag.inner.is_empty() {
        return Some(syntax("the tag is empty"));
    }
    // `style={{ padding: 4 }}`: the parser would take `padding:` for a helper.
    if tag.word().ends_with(':') {
        return Some(syntax(&format!(
            "{} is not a Handlebars expression",
            shown(tag.inner)
        )));
    }
    jinja::expression(tag.inner).map(|finding| finding.at(tag.at))
}

/// The inside of a tag, cut to a length that fits into a message.
fn shown(inner: &str) -> String {
    let line = inner.lines().next().unwrap_or_default();
    if line.len() == inner.len() && line.chars().count() <= 40 {
        return format!("`{{{{{inner}}}}}`");
    }
    format!("`{{{{{}…}}}}`", line.chars().take(40).collect::<String>())
}

/// The text as the parser understands it: it lacks some spellings that people use.
fn normalised<'t>(text: &'t str, tags: &[Tag<'t>], partial_ends: &HashSet<usize>) -> Cow<'t, str> {
    let mut result = String::new();
    let mut copied = 0;
    for (index, tag) in tags.iter().enumerate() {
        let replaced = if partial_ends.contains(&index) {
            Some("/".to_owned())
        } else {
            normalised_tag(tag)
        };
        if let Some(inner) = replaced {
            result.push_str(&text[copied..tag.start]);
            result.push_str(&rebuilt(&text[tag.start..tag.end], &inner));
            copied = tag.end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    result.push_str(&text[copied..]);
    Cow::Owned(result)
}

/// Another inside for a tag that the parser would not understand as it stands.
fn normalised_tag(tag: &Tag<'_>) -> Option<String> {
    match tag.kind {
        Kind::Print => {
            // Go writes `{{.input}}`, Mustache `{{.}}` for the item.
            if let Some(name) = tag.inner.strip_prefix('.') {
                let is_name =
                    name.starts_with(|first: char| first.is_alphanumeric() || first == '_');
                return match name {
                    "" => Some("this".to_owned()),
                    _ if is_name => Some(name.to_owned()),
                    _ => None,
                };
            }
            // The parser takes a name such as `elsewhere` for `else where`.
            let is_name = tag.inner.starts_with("else") && !tag.inner.contains(char::is_whitespace);
            is_name.then(|| format!("./{}", tag.inner))
        }
        Kind::Partial | Kind::PartialOpen => {
            let name = quoted(tag.inner)
                .filter(|name| tag.inner.starts_with('"') && !name.contains('\''))?;
            let sign = if tag.kind == Kind::Partial { ">" } else { "#>" };
            Some(format!("{sign} '{name}'{}", &tag.inner[name.len() + 2..]))
        }
        _ => None,
    }
}

/// A tag with another inside; the signs that remove blanks outside stay.
fn rebuilt(tag: &str, inner: &str) -> String {
    let body = tag.trim_start_matches('{').trim_end_matches('}').trim();
    let left = if body.starts_with('~') { "~" } else { "" };
    let right = if body.len() > 1 && body.ends_with('~') {
        "~"
    } else {
        ""
    };
    format!("{{{{{left}{inner}{right}}}}}")
}

/// What the parser refused, tag by tag, because its own message names the wrong place.
fn syntax_errors(text: &str, tags: &[Tag<'_>], error: &handlebars::TemplateError) -> Vec<Finding> {
    let wrong: Vec<Finding> = tags
        .iter()
        .filter(|tag| !parses(text, tag))
        .map(|tag| {
            let message = format!("{} is not a Handlebars expression", shown(tag.inner));
            Finding::error(code::TEMPLATE_SYNTAX, message).at(tag.at).help(format!(
                "a tag holds a name such as `user.name` or a helper such as `upper name`; {BRACES}"
            ))
        })
        .collect();
    if !wrong.is_empty() {
        return wrong;
    }
    let at = error.pos().map(|(line, column)| Span::point(line, column));
    vec![
        Finding::error(code::TEMPLATE_SYNTAX, error.reason().to_string())
            .at(at)
            .help(BRACES),
    ]
}

/// Whether the parser takes this tag on its own.
fn parses(text: &str, tag: &Tag<'_>) -> bool {
    let whole = &text[tag.start..tag.end];
    let whole = normalised_tag(tag).map_or(Cow::Borrowed(whole), |inner| {
        Cow::Owned(rebuilt(whole, &inner))
    });
    let sample = match tag.kind {
        Kind::Comment | Kind::Else | Kind::Close => return true,
        Kind::Print | Kind::Partial | Kind::Decorator | Kind::Raw => whole.into_owned(),
        Kind::Open => format!("{whole}{{{{/{}}}}}", tag.word()),
        Kind::PartialOpen => format!("{whole}{{{{/}}}}"),
        Kind::InlineOpen => format!("{whole}{{{{/{}}}}}", tag.word()),
        Kind::ElseIf => format!("{{{{#if x}}}}{whole}{{{{/if}}}}"),
    };
    Template::compile(&sample).is_ok()
}

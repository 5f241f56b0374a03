//! Jinja that was left in a template, and how Handlebars says the same.

use memchr::memmem;

use super::helpers;
use super::scan::Tag;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::hint::Hint;

/// The words of Jinja that steer a template. Others, such as Django's `url`, stand in prompts
/// as examples of code.
const STATEMENTS: &[(&str, &str)] = &[
    ("if", "`{{#if x}}`"),
    ("elif", "`{{else if x}}`"),
    ("else", "`{{else}}`"),
    ("endif", "`{{/if}}`"),
    ("for", "`{{#each xs}}`"),
    ("endfor", "`{{/each}}`"),
    ("set", "a variable that the caller gives"),
    ("include", "`{{> name}}`"),
    ("raw", "`{{{{raw}}}}`"),
];

/// A warning at the first Jinja statement or comment of a text that is not inside a tag.
pub(super) fn statements(text: &str, tags: &[Tag<'_>]) -> Option<Finding> {
    for at in memmem::find_iter(text.as_bytes(), "{%") {
        let from = at + 2;
        let inner = text[from..].trim_start_matches(['-', '+']).trim_start();
        let word = inner
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let known = STATEMENTS.iter().find(|(name, _)| *name == word);
        let Some((name, instead)) =
            known.filter(|_| is_outside(at, tags) && closes(&text[from..], "%}"))
        else {
            continue;
        };
        let message = format!("`{{% {name} %}}` is Jinja and goes to the model as it stands");
        let warning = Finding::new(code::JINJA, message).at(up_to(text, at, "%}"));
        return Some(warning.help(format!("Handlebars writes {instead}")));
    }
    let at = memmem::find(text.as_bytes(), b"{# ")
        .filter(|at| is_outside(*at, tags) && closes(&text[*at..], " #}"))?;
    let message = "`{# … #}` is a Jinja comment and goes to the model as it stands";
    let warning = Finding::new(code::JINJA, message).at(up_to(text, at, "#}"));
    Some(warning.help("Handlebars writes `{{! … }}`"))
}

/// What begins at `at` and goes on to `close`.
fn up_to(text: &str, at: usize, close: &str) -> Span {
    let end = text[at..].find(close).map_or(at, |end| at + end);
    Span::from_range(text, at..end + close.len())
}

/// Whether `close` follows on the same line, and soon.
fn closes(text: &str, close: &str) -> bool {
    let near = &text[..text.floor_char_boundary(300)];
    near.split('\n')
        .next()
        .is_some_and(|line| line.contains(close))
}

fn is_outside(at: usize, tags: &[Tag<'_>]) -> bool {
    let before = tags.partition_point(|tag| tag.start <= at);
    before == 0 || tags[before - 1].end <= at
}

/// What Jinja's filters are called here.
const FILTERS: &[(&str, &str)] = &[
    ("tojson", "json"),
    ("count", "length"),
    ("capitalize", "title"),
    ("d", "default"),
];

/// The error for a tag that holds a Jinja expression, such as `x | upper` or `a if b else c`.
pub(super) fn expression(inner: &str) -> Option<Finding> {
    if let Some((value, filter)) = inner.split_once('|') {
        let is_block_param = value.trim_end().ends_with(" as");
        let is_quoted = value.contains(['"', '\'']);
        let name: String = filter
            .trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if is_block_param || is_quoted || name.is_empty() {
            return None;
        }
        let meant = FILTERS
            .iter()
            .find(|(jinja, _)| *jinja == name)
            .map_or(name.as_str(), |(_, helper)| *helper);
        let arguments = filter.trim_start()[name.len()..].trim();
        let arguments = arguments
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .map_or("", |(inside, _)| inside);
        let help = if helpers::find(meant).is_some() {
            let gap = if arguments.is_empty() { "" } else { " " };
            let written = format!("{{{{{meant} {}{gap}{arguments}}}}}", value.trim());
            format!("Handlebars writes `{written}`").into()
        } else {
            Hint::HelperForFilter
        };
        return Some(
            Finding::error(
                code::TEMPLATE_SYNTAX,
                format!("`| {name}` is a Jinja filter"),
            )
            .help(help),
        );
    }
    let (value, rest) = inner.split_once(" if ")?;
    let (condition, other) = rest.split_once(" else ")?;
    let other = other.trim();
    Some(
        Finding::error(code::TEMPLATE_SYNTAX, "`x if y else z` is Jinja").help(format!(
            "Handlebars writes `{{{{#if {}}}}}{{{{{}}}}}{{{{else}}}}{other}{{{{/if}}}}`",
            condition.trim(),
            value.trim()
        )),
    )
}

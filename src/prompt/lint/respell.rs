//! What can be mended in a text without judgement: misspelt keys, and mixed line ends.

use std::ops::Range;

use super::text::line_ends;
use crate::prompt::document::keys::{
    INPUT, Known, Lookup, MESSAGE, OPENAI, OPENAI_ENVIRONMENT, PARAMETERS, PART, TOP, look_up,
};
use crate::prompt::document::node::{Key, Kind, Node};
use crate::prompt::document::yaml::parse_tree;

/// The text with every key that is nearly a known one spelt right; none where no key is, or where
/// the right key stands in the same map already. All else stays as it was.
pub fn respell(text: &str) -> Option<String> {
    let tree = parse_tree(text).ok()?;
    let mut slips = Vec::new();
    top(&tree.root, &mut slips);
    slips.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut spelt = text.to_owned();
    for (span, meant) in &slips {
        // The bytes of a quoted key hold its quotes.
        let written = spelt.get(span.clone())?;
        let quote = written
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        let new = quote.map_or((*meant).to_owned(), |quote| {
            format!("{quote}{meant}{quote}")
        });
        spelt.replace_range(span.clone(), &new);
    }
    let before = tree.root.to_value();
    let after = parse_tree(&spelt).ok()?.root.to_value();
    // The same values in the same order, or nothing was understood.
    let is_sound = !slips.is_empty() && values(&before) == values(&after);
    is_sound.then_some(spelt)
}

type Slips = Vec<(Range<usize>, &'static str)>;

/// The entries of a map, its slips noted.
fn entries<'n>(node: &'n Node, known: &[Known], slips: &mut Slips) -> &'n [(Key, Node)] {
    let Kind::Map(entries) = &node.kind else {
        return &[];
    };
    if node.is_alias {
        return entries;
    }
    for (key, _) in entries {
        let Lookup::Misspelt(meant) = look_up(&key.text, known) else {
            continue;
        };
        let is_taken = entries.iter().any(|(other, _)| {
            other.at != key.at && means(&other.text, known) == means(meant, known)
        });
        if !is_taken {
            slips.push((key.span.clone(), meant));
        }
    }
    entries
}

/// The known key that a key is, or nearly is.
fn means(text: &str, known: &[Known]) -> Option<&'static str> {
    match look_up(text, known) {
        Lookup::Known(name) => Some(name),
        Lookup::Misspelt(name) => match look_up(name, known) {
            Lookup::Known(name) => Some(name),
            _ => None,
        },
        Lookup::Unknown => None,
    }
}

fn top(root: &Node, slips: &mut Slips) {
    for (key, node) in entries(root, TOP, slips) {
        match means(&key.text, TOP) {
            Some("modelParameters") => drop(entries(node, PARAMETERS, slips)),
            Some("input") => drop(entries(node, INPUT, slips)),
            Some("messages") => items(node)
                .iter()
                .for_each(|message| one_message(message, slips)),
            Some("openai") => stored(node, slips),
            _ => {}
        }
    }
}

fn one_message(message: &Node, slips: &mut Slips) {
    for (key, content) in entries(message, MESSAGE, slips) {
        if means(&key.text, MESSAGE) == Some("content") {
            for part in items(content) {
                entries(part, PART, slips);
            }
        }
    }
}

fn stored(node: &Node, slips: &mut Slips) {
    for (key, inner) in entries(node, OPENAI, slips) {
        if means(&key.text, OPENAI) == Some("environments")
            && let Kind::Map(environments) = &inner.kind
        {
            for (_, environment) in environments {
                entries(environment, OPENAI_ENVIRONMENT, slips);
            }
        }
    }
}

fn items(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::List(items) => items,
        _ => &[],
    }
}

/// The values without the keys of maps.
fn values(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Array(items) => items.iter().map(values).collect(),
        Value::Object(map) => map.values().map(values).collect(),
        other => other.clone(),
    }
}

/// The text with all line ends like most of them; none where they are alike already, or where a
/// `\r` stands alone, which is a line end of its own to some.
pub fn even_line_ends(text: &str) -> Option<String> {
    let (windows, plain) = line_ends(text);
    let is_alone = memchr::memchr_iter(b'\r', text.as_bytes()).count() > windows;
    if windows == 0 || plain == 0 || is_alone {
        return None;
    }
    let unix = text.replace("\r\n", "\n");
    Some(if windows > plain {
        unix.replace('\n', "\r\n")
    } else {
        unix
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_spelt_right_and_nothing_else_changes() {
        let text = "nmae: a # a comment\n\"modelParamters\": {temprature: 1, 'max_token': 2}\nmesages:\n  - rol: user\n    contnet: |\n      mesages: Hi\n";
        insta::assert_snapshot!(respell(text).unwrap_or_default(), @r#"
        name: a # a comment
        "modelParameters": {temperature: 1, 'maxTokens': 2}
        messages:
          - role: user
            content: |
              mesages: Hi
        "#);
    }

    #[test]
    fn what_would_stand_twice_is_left() {
        assert_eq!(respell("mesages: []\nmessages: []\n"), None);
        assert_eq!(respell("name: a\nauthor: b\n"), None);
        assert_eq!(respell("[\n"), None);
    }

    #[test]
    fn line_ends_follow_the_majority() {
        assert_eq!(even_line_ends("a\r\nb\nc\n").as_deref(), Some("a\nb\nc\n"));
        assert_eq!(
            even_line_ends("a\r\nb\r\nc\n").as_deref(),
            Some("a\r\nb\r\nc\r\n")
        );
        assert_eq!(even_line_ends("a\r\n"), None);
        assert_eq!(even_line_ends("a\n"), None);
        assert_eq!(even_line_ends("a\r\r\nb\n"), None);
    }
}

//! The YAML that people write, read from the parser's events.
//!
//! A prompt file is nearly always maps, lists and plain scalars. Those are read here in half of
//! the time that serde needs; anchors, aliases, tags, odd scalars, every mistake and every limit
//! are left to serde-saphyr, which decides what a file means and what is wrong with it. What is
//! read here is what it would have read: the tests hold the two together.

use std::borrow::Cow;
use std::collections::HashSet;

use granit_parser::{Event, Parser, ScalarStyle, Span as Extent, StrInput};
use serde_json::Number;

use super::super::finding::length;
use super::Span;
use super::node::{Key, Kind, MAX_DEPTH, MAX_NODES, Node};

/// The size of a map from which on a set finds its repeated keys faster than a look at each.
const MANY_KEYS: usize = 16;

/// The tree of a text; none where the text needs the whole reader.
pub(super) fn read(text: &str) -> Option<Node> {
    let options = granit_parser::options! { emit_comments: false };
    let mut reader = Reader {
        text,
        parser: Parser::new_from_str_with_options(text, options),
        nodes: 0,
    };
    while !matches!(reader.next()?.0, Event::DocumentStart(..)) {}
    let (event, span) = reader.next()?;
    let root = reader.node(event, span, 1)?;
    let ends = matches!(reader.next()?.0, Event::DocumentEnd)
        && matches!(reader.next()?.0, Event::StreamEnd);
    ends.then_some(root)
}

struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(Event<'a>, Extent)> {
        self.parser.next()?.ok()
    }

    /// The node that begins with `event`, `depth` levels deep.
    fn node(&mut self, event: Event<'a>, span: Extent, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES / 2 {
            return None;
        }
        let kind = match event {
            Event::Scalar(text, ScalarStyle::Plain, 0, None) => plain_scalar(text)?,
            Event::Scalar(text, _, 0, None) => Kind::Text(text.into_owned()),
            Event::SequenceStart(_, 0, None) if depth < MAX_DEPTH => self.list(depth)?,
            Event::MappingStart(_, 0, None) if depth < MAX_DEPTH => self.map(depth)?,
            _ => return None,
        };
        let mut node = Node {
            kind,
            at: position(&span),
            span: span.byte_range()?,
            is_alias: false,
        };
        node.at = node.measured(self.text);
        Some(node)
    }

    fn list(&mut self, depth: usize) -> Option<Kind> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Some(Kind::List(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Option<Kind> {
        let mut entries = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => break,
                (Event::Scalar(text, style, 0, None), span) => key(self.text, text, style, &span)?,
                _ => return None,
            };
            let (event, span) = self.next()?;
            entries.push((key, self.node(event, span, depth + 1)?));
        }
        (!has_repeated_key(&entries)).then_some(Kind::Map(entries))
    }
}

fn key(source: &str, text: Cow<'_, str>, style: ScalarStyle, span: &Extent) -> Option<Key> {
    let text = match style {
        // A merge key, or one that is no text.
        ScalarStyle::Plain => match plain_scalar(text)? {
            Kind::Text(text) if text != "<<" => text,
            _ => return None,
        },
        _ => text.into_owned(),
    };
    let bytes = span.byte_range()?;
    Some(Key {
        text,
        at: Span {
            length: length(source, bytes.clone()),
            ..position(span)
        },
        span: bytes,
    })
}

fn has_repeated_key(entries: &[(Key, Node)]) -> bool {
    if entries.len() < MANY_KEYS {
        let stood_before = |(at, (key, _)): (usize, &(Key, Node))| {
            entries[..at]
                .iter()
                .any(|(before, _)| before.text == key.text)
        };
        return entries.iter().enumerate().any(stood_before);
    }
    let mut seen = HashSet::with_capacity(entries.len());
    entries.iter().any(|(key, _)| !seen.insert(&key.text))
}

/// What a scalar without quotes is; none where that takes more than a look.
fn plain_scalar(text: Cow<'_, str>) -> Option<Kind> {
    match text.as_ref() {
        "" | "~" | "null" => return Some(Kind::Null),
        "true" => return Some(Kind::Bool(true)),
        "false" => return Some(Kind::Bool(false)),
        _ => {}
    }
    let is_word = ["null", "true", "false"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    let begins_as_text = text.chars().next().is_some_and(char::is_alphabetic);
    if !is_word && (begins_as_text || !could_be_number(&text)) {
        return Some(Kind::Text(text.into_owned()));
    }
    number(&text)
}

/// Whether such a text can be a number in any notation. A digest, `9f3c2a1b77e0`, never is.
fn could_be_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let has_base = ["0x", "0X", "0o", "0O", "0b", "0B"]
        .iter()
        .any(|base| digits.starts_with(base));
    let fits = |byte: u8| byte.is_ascii_digit() || b"+-._eE".contains(&byte);
    let is_special = digits.starts_with('.');
    has_base || is_special || text.bytes().all(fits)
}

/// A whole number or a fraction, written plainly. Up to 15 digits are exact in every reader.
fn number(text: &str) -> Option<Kind> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_plain = text.len() <= 15
        && (digits.len() == 1 || !digits.starts_with('0'))
        && [digits, fraction.unwrap_or("0")].into_iter().all(is_digits);
    if !is_plain {
        return None;
    }
    let number = match fraction {
        Some(_) => Number::from_f64(text.parse().ok()?)?,
        None if digits.len() < whole.len() => Number::from(text.parse::<i64>().ok()?),
        None => Number::from(text.parse::<u64>().ok()?),
    };
    Some(Kind::Number(number))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn position(span: &Extent) -> Span {
    Span::point(span.start.line().max(1), span.start.col() + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::yaml::read_with_serde;
    use super::*;

    /// Whether the text was read here, and then as serde-saphyr reads it.
    fn agrees(text: &str) -> bool {
        let Some(node) = read(text) else { return false };
        assert_eq!(Some(node), read_with_serde(text, true).ok(), "{text}");
        true
    }

    #[test]
    fn a_usual_prompt_is_read_here() {
        for text in [
            include_str!("../../../prompts/trading/daily-chart-analysis.prompt.yml"),
            include_str!("../../../prompts/core/readme-update-generator.prompt.yml"),
        ] {
            assert!(agrees(text));
            assert!(agrees(&text.replace('\n', "\r\n")));
            assert!(agrees(&format!("\u{feff}{text}")));
        }
    }

    #[test]
    fn what_takes_more_than_a_look_is_left_to_the_whole_reader() {
        for text in [
            "",
            "a: 1\na: 2\n",
            "a: &x 1\nb: *x\n",
            "a: !!str 1\n",
            "<<: {a: 1}\n",
            "1: a\n",
            "~: a\n",
            "[a]: b\n",
            "a: 012\n",
            "a: 1e3\n",
            "a: -012\n",
            "a: .inf\n",
            "a: 9007199254740993\n",
            "a: 2024-01-01\n",
            "a: Null\n",
            "a: b\n---\nc: d\n",
            "a: {b: 1, c}}\n",
            "a: \"b\n",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_quoted_merge_key_is_a_key_like_others() {
        for text in ["'<<': {a: 1}\n", "{\"<<\": a, b: c}\n"] {
            assert!(agrees(text), "{text}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_seen_in_large_maps_too() {
        let map = |keys: usize| -> String { (0..keys).map(|key| format!("k{key}: x\n")).collect() };
        for keys in [2, 15, 16, 17, 100] {
            assert!(agrees(&map(keys)));
            assert_eq!(read(&format!("{}k0: y\n", map(keys))), None);
        }
    }

    fn scalar() -> impl Strategy<Value = String> {
        const WORDS: &[&str] = &[
            "a",
            "b c",
            "true",
            "True",
            "no",
            "null",
            "NULL",
            "~",
            "",
            "0",
            "7",
            "12",
            "012",
            "0.5",
            "00.5",
            "1.",
            ".5",
            "1.5e3",
            "-1",
            "+1",
            "1_0",
            "0x1f",
            "0o7",
            "0b1",
            ".inf",
            ".NaN",
            "inf",
            "nan",
            "123456789012345",
            "1234567890123456",
            "123456789012.34",
            "2024-01-01",
            "1 2",
            "é",
            "中文",
            "'it''s'",
            "'7'",
            "\"\\u00e9\\n\"",
            "\"\"",
            "a#b",
            "a # b",
            "a:b",
            "*a",
            "&a b",
            "!t x",
            "!!str 1",
            "<<",
            "=",
            "{a: b}",
            "[a, , b]",
            "{{a}}",
            "? a",
        ];
        proptest::sample::select(WORDS).prop_map(str::to_owned)
    }

    /// A text of nested maps and lists, mostly valid.
    fn document() -> impl Strategy<Value = String> {
        const BLOCKS: &[&str] = &[
            "|\n  x\n\n  y",
            "|-\n  x\n   z\n",
            ">+\n  x\n  y\n\n",
            "|2\n   x",
        ];
        let block = proptest::sample::select(BLOCKS).prop_map(str::to_owned);
        let indented = |text: &str| text.replace('\n', "\n  ");
        let leaf = prop_oneof![6 => scalar(), 1 => block];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let value = prop_oneof![
                2 => inner.clone(),
                1 => inner.clone().prop_map(move |text| format!("\n  {}", indented(&text))),
            ];
            let map = proptest::collection::vec((scalar(), value.clone()), 1..4);
            let list = proptest::collection::vec(value.clone(), 1..4);
            let flow = proptest::collection::vec((scalar(), scalar()), 0..4);
            prop_oneof![
                3 => map.prop_map(|entries| lines(entries.iter().map(|(key, it)| format!("{key}: {it}")))),
                2 => list.prop_map(|items| lines(items.iter().map(|it| format!("- {it}")))),
                1 => flow.prop_map(|entries| {
                    let entries: Vec<String> = entries.iter().map(|(key, it)| format!("{key}: {it}")).collect();
                    format!("{{{}}}", entries.join(", "))
                }),
            ]
        })
    }

    fn lines(lines: impl Iterator<Item = String>) -> String {
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_texts_tried_are_read_here_often_enough() {
        use proptest::strategy::ValueTree;
        use proptest::test_runner::TestRunner;

        let mut runner = TestRunner::deterministic();
        let mut texts = (0..400).map(|_| document().new_tree(&mut runner).unwrap().current());
        let read = texts.by_ref().filter(|text| read(text).is_some()).count();
        assert!(read > 40, "{read} of 400");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn documents_mean_what_serde_makes_of_them(text in document()) {
            agrees(&text);
        }

        #[test]
        fn any_text_means_what_serde_makes_of_it(text in "[-a \\n:\\[\\]{},&*|><='\"#!~\\t\u{e9}0-9%?@.]{0,60}") {
            agrees(&text);
        }

        #[test]
        fn numbers_mean_what_serde_makes_of_them(text in "-?[0-9]{1,9}[.]?[0-9]{0,8}|[-+0-9a-fxo._E]{1,14}|[0-9a-f]{12}") {
            agrees(&text);
        }
    }
}

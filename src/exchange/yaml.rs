//! Values as YAML, laid out as a person would write a prompt file.

use serde_json::{Map, Value};

use crate::prompt::edit::{block, fits_block, is_printable};

/// Words that YAML readers take for something else than text.
const NOT_TEXT: &[&str] = &[
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf",
];

/// The entries of a map, each on lines of its own.
pub(super) fn entries(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (key, value) in map {
        out.push_str(&" ".repeat(indent));
        out.push_str(&scalar(key));
        out.push(':');
        below(value, indent, out);
    }
}

/// A value after its key or its dash.
fn below(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if map.is_empty() => out.push_str(" {}\n"),
        Value::Array(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Object(map) => {
            out.push('\n');
            entries(map, indent + 2, out);
        }
        Value::Array(items) if items.iter().all(is_short) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            out.push_str(&format!(" [{}]\n", items.join(", ")));
        }
        Value::Array(items) => {
            out.push('\n');
            for item in items {
                out.push_str(&" ".repeat(indent + 2));
                out.push('-');
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        let mut text = String::new();
                        entries(map, indent + 4, &mut text);
                        out.push(' ');
                        out.push_str(text.trim_start_matches(' '));
                    }
                    other => below(other, indent + 2, out),
                }
            }
        }
        Value::String(text) => string(text, indent, out),
        other => out.push_str(&format!(" {other}\n")),
    }
}

fn is_short(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() < 40,
        Value::Object(_) | Value::Array(_) => false,
        _ => true,
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A text: its lines as they are where that is exact, else in quotes.
fn string(text: &str, indent: usize, out: &mut String) {
    match fits_block(text) {
        true => block(out, text, indent + 2),
        false => out.push_str(&format!(" {}", scalar(text))),
    }
    out.push('\n');
}

/// A text on one line.
fn scalar(text: &str) -> String {
    let is_word = |letter: char| {
        letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '/' | '.' | ' ' | '$')
    };
    let is_plain = text
        .starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '$')
        && !text.ends_with(' ')
        && text.len() < 80
        && text.chars().all(is_word)
        && !text.contains(" -")
        && !NOT_TEXT.contains(&text.to_ascii_lowercase().as_str());
    if is_plain {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if is_printable(letter) => out.push(letter),
            letter => {
                let code = u32::from(letter);
                out.push_str(&format!("\\u{code:04x}"));
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::document::parse_value;
    use proptest::prelude::*;

    fn round(text: &str) -> Value {
        let mut map = Map::new();
        map.insert("a".to_owned(), Value::from(text));
        let list = vec![
            Value::from(text),
            serde_json::json!({ "x": text, "y": [text] }),
        ];
        map.insert("list".to_owned(), Value::from(list));
        let mut out = String::new();
        entries(&map, 0, &mut out);
        assert_eq!(parse_value(&out).unwrap(), Value::Object(map), "{out}");
        parse_value(&out).unwrap()
    }

    #[test]
    fn texts_come_back_as_they_were() {
        for text in [
            "",
            " ",
            "a",
            "a\n",
            "a\n\n",
            "a\n\n\nb\n\n\n",
            "\na",
            " a\nb",
            "a\n b\n",
            "a \nb ",
            "a\n\tb",
            "a\r\nb",
            "a\u{0}b\u{85}\u{2028}",
            "true",
            "012",
            "- a",
            "a: b",
            "a #b",
            "\u{feff}x\ny",
            "é\nß",
            "a\n \nb",
            "a\n ",
            "\"'\\",
            "{{x}}\n{{y}}",
            "#\n#",
            "a\n---\nb",
            "x\n...\n",
        ] {
            round(text);
        }
    }

    #[test]
    fn lines_stay_lines_whatever_blanks_they_have() {
        for (text, written) in [
            ("a\n  \nb", "a: |-\n  a\n    \n  b\n"),
            ("  a\nb\n", "a: |2\n    a\n  b\n"),
            ("\na\n\tb", "a: |-\n\n  a\n  \tb\n"),
        ] {
            let mut out = String::new();
            let map = Map::from_iter([("a".to_owned(), Value::from(text))]);
            entries(&map, 0, &mut out);
            assert_eq!(out, written);
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in "[a-c \\n\\t\\r:#'\"\\\\{}|>-]{0,24}|\\PC{0,12}") {
            round(&text);
        }
    }
}

//! A prompt as plain lines, for git to compare: one line a value, by its path, and the text of a
//! message as it is written. Layout, comments, the order of keys and their spelling leave no trace.

use serde_json::Value;

use super::diff_lines::visible;
use crate::prompt::document::spelling::{in_order, spelt};
use crate::prompt::document::{Object, parse_value};
use crate::prompt::merge::{Marks, mark_lines, marked_sides};

/// The lines of a prompt file, also of one in which conflicts are marked; `None` if the text is not
/// one map of YAML.
pub fn render(text: &str) -> Option<String> {
    if let Some([ours, theirs]) = marked_sides(text) {
        let marks = Marks {
            size: 7,
            ours: "ours",
            theirs: "theirs",
        };
        return mark_lines(&whole(&ours)?, &whole(&theirs)?, marks);
    }
    whole(text)
}

/// The lines of a file without conflicts.
fn whole(text: &str) -> Option<String> {
    let Ok(Value::Object(fields)) = parse_value(text) else {
        return None;
    };
    let mut lines = Lines::default();
    let mut fields = in_order(spelt(fields)?);
    // It says nothing that the content does not.
    fields.shift_remove("digest");
    for (key, value) in &fields {
        match (key.as_str(), value) {
            ("messages", Value::Array(messages)) => {
                messages.iter().for_each(|message| lines.message(message));
            }
            _ => lines.value(key, value),
        }
    }
    Some(lines.text)
}

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    /// A message is headed by its role alone, so that one that comes first does not change the rest.
    fn message(&mut self, message: &Value) {
        let role = message.get("role").and_then(Value::as_str);
        if let Some(Value::String(variable)) = message.get("placeholder") {
            return self.line("placeholder", variable);
        }
        let (Some(role), Some(fields)) = (role, message.as_object()) else {
            return self.value("messages[]", message);
        };
        let heading = format!("{} message", visible(role));
        match fields.get("content") {
            Some(Value::String(text)) => self.long(&heading, text),
            Some(content) => self.value(&heading, content),
            None => {}
        }
        for (key, value) in fields {
            if key != "role" && key != "content" {
                self.value(&join(&heading, key), value);
            }
        }
    }

    fn value(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(fields) if !fields.is_empty() => self.map(path, fields),
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{path}[{index}]"), item);
                }
            }
            Value::String(text) if text.contains('\n') => self.long(path, text),
            Value::String(text) if !text.is_empty() => self.line(path, text),
            Value::Array(items) if !items.is_empty() => {
                let items: Vec<String> = items.iter().map(short).collect();
                self.line(path, &items.join(", "));
            }
            other => self.line(path, &other.to_string()),
        }
    }

    fn map(&mut self, path: &str, fields: &Object) {
        for (key, value) in fields {
            self.value(&join(path, key), value);
        }
    }

    fn line(&mut self, path: &str, text: &str) {
        self.push(&format!("{path}: {}", visible(text)));
    }

    /// A text below its heading; only headings end in a colon, which git shows beside a change.
    fn long(&mut self, heading: &str, text: &str) {
        self.push("");
        self.push(&format!("{heading}:"));
        for line in text.lines() {
            self.push(&format!("    {}", visible(line)));
        }
        self.push("");
    }

    fn push(&mut self, line: &str) {
        // One blank line parts two texts.
        if line.is_empty() && (self.text.is_empty() || self.text.ends_with("\n\n")) {
            return;
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

fn join(path: &str, key: &str) -> String {
    format!("{path}.{}", visible(key))
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_value_and_texts_as_they_are() {
        let text = "\
# a comment
messages:
  - {role: system, content: \"You sort.\\n\\nBe kind.\"}
  - role: user
    content:
      - {type: text, text: Hello}
      - type: image
        url: https://example.com/x.png
digest: 9f3c2a1b77e0
version: 3
tags: [a, b]
model_parameters: {max_tokens: 800}
mine: {x: []}
name: \"a\\e[31m\"
";
        insta::assert_snapshot!(render(text).unwrap_or_default(), @r"
        name: a\u{1b}[31m
        version: 3
        tags: a, b
        modelParameters.maxTokens: 800

        system message:
            You sort.

            Be kind.

        user message[0].type: text
        user message[0].text: Hello
        user message[1].type: image
        user message[1].url: https://example.com/x.png
        mine.x: []
        ");
    }

    #[test]
    fn layout_leaves_no_trace() {
        let one = "model: a\nmodelParameters: {topP: 1}\nmessages: [{role: user, content: Hi}]\n";
        let other = "# why\nmessages:\n- role: user\n  content: 'Hi'\nmodelParameters:\n  top_p: 1\nmodel: \"a\"\n";
        assert_eq!(render(one), render(other));
        assert_eq!(render("a: ["), None);
        assert_eq!(render("- a"), None);
        assert_eq!(render(""), None);
    }
}

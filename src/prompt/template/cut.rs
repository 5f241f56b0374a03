//! Pictures and files among the values: a text is cut where it prints one.

use serde_json::Value;

use crate::prompt::document::Object;
use crate::prompt::rendered::RenderedPart;

/// The marks that may stand for a picture, in a plane of Unicode that is for private use.
const MARKS: std::ops::RangeInclusive<char> = '\u{10_ff00}'..='\u{10_fffd}';

/// The part that a value is, if it is a picture or a file of the Responses API.
pub(super) fn attachment(value: &Value) -> Option<&Object> {
    let part = value.as_object()?;
    let kind = part.get("type")?.as_str()?;
    matches!(kind, "input_image" | "input_file").then_some(part)
}

/// The pictures and files that one rendering printed.
pub(super) struct Cuts<'r> {
    values: &'r Value,
    /// Whether the text that is rendered now may be cut.
    pub(super) may_cut: bool,
    /// What stands around the number of a part in the text: nothing that the values hold.
    mark: Option<char>,
    found: Vec<Object>,
}

impl<'r> Cuts<'r> {
    pub(super) fn new(values: &'r Value) -> Self {
        Self {
            values,
            may_cut: false,
            mark: None,
            found: Vec::new(),
        }
    }

    /// Leaves a mark for a part.
    pub(super) fn put(&mut self, part: &Object, out: &mut String) {
        let mark = *self.mark.get_or_insert_with(|| unused(self.values));
        out.push_str(&format!("{mark}{}{mark}", self.found.len()));
        self.found.push(part.clone());
    }

    /// The text, cut at its marks. Empty texts beside a cut are left out.
    pub(super) fn parts(&mut self, text: String) -> Vec<RenderedPart> {
        let Some(mark) = self.mark.filter(|mark| text.contains(*mark)) else {
            return vec![RenderedPart::Text(text)];
        };
        let mut parts = Vec::new();
        let mut before = String::new();
        let mut rest = text.as_str();
        while let Some((text, after)) = rest.split_once(mark) {
            before.push_str(text);
            let found = after.split_once(mark).and_then(|(number, after)| {
                let part = self.found.get(number.parse::<usize>().ok()?)?;
                Some((part, after))
            });
            let Some((part, after)) = found else {
                before.push(mark);
                rest = after;
                continue;
            };
            if !before.is_empty() {
                parts.push(RenderedPart::Text(std::mem::take(&mut before)));
            }
            parts.push(RenderedPart::Given(part.clone()));
            rest = after;
        }
        before.push_str(rest);
        if !before.is_empty() {
            parts.push(RenderedPart::Text(before));
        }
        parts
    }
}

/// A mark that no value holds.
fn unused(values: &Value) -> char {
    let text = values.to_string();
    let mut marks = MARKS;
    marks
        .find(|mark| !text.contains(*mark))
        .unwrap_or(*MARKS.start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::document::parse;
    use crate::prompt::finding::Finding;
    use crate::prompt::rendered::RenderedMessage;
    use crate::prompt::template::{Compiled, Partials};
    use serde_json::json;

    fn render(role: &str, template: &str, values: Value) -> Result<RenderedMessage, Finding> {
        let content = json!(template).to_string();
        let text = format!("model: m\nmessages: [{{role: {role}, content: {content}}}]\n");
        let compiled = Compiled::new(&parse(&text).unwrap(), &Partials::new()).unwrap();
        let mut messages = compiled.render(values.as_object().unwrap())?;
        Ok(messages.remove(0))
    }

    fn image() -> Value {
        json!({"type": "input_image", "image_url": "https://x/a.png", "detail": "auto"})
    }

    fn file() -> Value {
        json!({"type": "input_file", "file_id": "file_1"})
    }

    #[test]
    fn a_text_is_cut_at_its_pictures_and_files() {
        let message = render(
            "user",
            "Look: {{picture}}\nAnd: {{paper}}{{picture}}{{#each more}}{{this}}{{/each}}.",
            json!({"picture": image(), "paper": file(), "more": [file()]}),
        )
        .unwrap();
        assert!(!message.is_plain);
        assert_eq!(
            message.to_json()["content"],
            json!([
                {"type": "text", "text": "Look: "}, image(),
                {"type": "text", "text": "\nAnd: "}, file(), image(), file(),
                {"type": "text", "text": "."},
            ])
        );
        let alone = render("user", "{{picture}}", json!({"picture": image()})).unwrap();
        assert_eq!(alone.to_json()["content"], json!([image()]));
    }

    #[test]
    fn a_text_without_a_picture_stays_one_text() {
        for (value, text) in [
            (json!("a"), "a"),
            (json!({"type": "x"}), "{\"type\":\"x\"}"),
        ] {
            let message = render("user", "{{x}}", json!({ "x": value })).unwrap();
            assert!(message.is_plain);
            assert_eq!(message.text(), text);
        }
        let used = render("user", "{{x.file_id}}", json!({"x": file()})).unwrap();
        assert_eq!(used.text(), "file_1", "its keys are values as any others");
    }

    #[test]
    fn what_a_value_holds_is_never_taken_for_a_mark() {
        let hostile = "\u{10ff00}0\u{10ff00}";
        let message = render(
            "user",
            "{{text}}{{picture}}",
            json!({"text": hostile, "picture": image()}),
        )
        .unwrap();
        assert_eq!(
            message.to_json()["content"],
            json!([{"type": "text", "text": hostile}, image()])
        );
    }

    #[test]
    fn a_picture_is_refused_where_only_text_can_stand() {
        for role in ["system", "developer", "assistant"] {
            let finding = render(role, "a {{x}}", json!({"x": image()})).unwrap_err();
            assert_eq!(finding.code, crate::prompt::code::BAD_PART);
        }
    }
}

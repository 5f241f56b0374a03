//! Examples, written out between a beginning and an end.

use serde_json::Value;

use super::super::draft::refused;
use super::Reader;
use crate::prompt::finding::Finding;

/// The most that examples may be as text: a template here has at most that.
const MAX_EXAMPLES: usize = 1_000_000;

impl Reader<'_> {
    /// Examples written out between a beginning and an end.
    pub(super) fn few_shot(&mut self, kwargs: &Value, path: &str) -> Result<(), Finding> {
        let at = self.located.place(path);
        let (Some(Value::Array(examples)), Some(example)) =
            (kwargs.get("examples"), kwargs.get("example_prompt"))
        else {
            return Err(refused(
                at,
                "its examples are chosen by a program",
                "write the examples down",
            ));
        };
        let inner = example.get("kwargs").unwrap_or(example);
        let template = inner
            .get("template")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let is_known = |it: &Value| {
            let format = it.get("template_format").and_then(Value::as_str);
            matches!(format, None | Some("f-string"))
        };
        if !is_known(inner) || !is_known(kwargs) {
            return Err(refused(
                at,
                "its examples are written out by a template that is no f-string",
                "write the examples out in the text",
            ));
        }
        let separator = kwargs
            .get("example_separator")
            .and_then(Value::as_str)
            .unwrap_or("\n\n");
        let mut parts = Vec::new();
        let mut length = 0;
        let part = |key: &str| {
            kwargs
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        parts.extend(part("prefix"));
        for row in examples {
            let text = written_out(template, row);
            length += text.len();
            if length > MAX_EXAMPLES {
                return Err(refused(
                    at,
                    "its examples, written out, are larger than 1 MB",
                    "keep fewer of them",
                ));
            }
            parts.push(text);
        }
        parts.extend(part("suffix"));
        let text = self.text(&parts.join(separator), kwargs, path)?;
        self.draft.message("user", text);
        Ok(())
    }
}

/// An example: its values in the place of their names. They are text in the template that follows, and
/// two braces are one of the text.
fn written_out(template: &str, row: &Value) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let value = rest.strip_prefix('{').and_then(|inner| {
            let (name, behind) = inner.split_once('}')?;
            Some((row.get(name)?, behind))
        });
        match value {
            _ if rest.starts_with("{{") || rest.starts_with("}}") => {
                out.push_str(&rest[..2]);
                rest = &rest[2..];
            }
            Some((value, behind)) => {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                out.push_str(&value.replace('{', "{{").replace('}', "}}"));
                rest = behind;
            }
            None => {
                out.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

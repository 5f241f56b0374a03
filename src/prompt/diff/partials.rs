//! Which partials a prompt includes, directly and through others.

use std::collections::BTreeMap;

use crate::prompt::document::{Message, Part};
use crate::prompt::template::Partials;

/// The texts of the partials that these messages include, by name.
pub(super) fn included<'a>(
    messages: &'a [Message],
    partials: &'a Partials,
) -> BTreeMap<&'a str, &'a str> {
    let mut found = BTreeMap::new();
    let mut waiting: Vec<&str> = messages
        .iter()
        .flat_map(|message| &message.parts)
        .flat_map(texts)
        .collect();
    while let Some(text) = waiting.pop() {
        for name in names(text) {
            if let Some((name, partial)) = partials.get_key_value(name)
                && found.insert(name.as_str(), partial.text.as_str()).is_none()
            {
                waiting.push(&partial.text);
            }
        }
    }
    found
}

fn texts(part: &Part) -> Vec<&str> {
    match part {
        Part::Text(text) => vec![text.value.as_str()],
        Part::Image { source, .. } => vec![source.text().value.as_str()],
        Part::File { source, filename } => {
            let name = filename.as_ref().map(|name| name.value.as_str());
            std::iter::once(source.text().value.as_str())
                .chain(name)
                .collect()
        }
    }
}

/// The names of the partials that a template names: `{{> name}}` and `{{#> name}}`, outside
/// comments.
fn names(template: &str) -> impl Iterator<Item = &str> {
    let mut rest = template;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find("{{")?;
            let tag = rest[start + 2..].trim_start_matches(['{', '~']);
            if let Some(comment) = tag.strip_prefix('!') {
                let (body, end) = match comment.strip_prefix("--") {
                    Some(body) => (body, "--"),
                    None => (comment, "}}"),
                };
                rest = body.find(end).map_or("", |at| &body[at + end.len()..]);
                continue;
            }
            rest = tag;
            let tag = tag.trim_start().trim_start_matches('#').trim_start();
            let Some(name) = tag.strip_prefix('>') else {
                continue;
            };
            let name = name.trim_start();
            let end = name.find(|char: char| char.is_whitespace() || matches!(char, '}' | '~'));
            let name = name[..end.unwrap_or(name.len())].trim_matches(['"', '\'', '[', ']']);
            return Some(name);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partials_are_found_in_every_spelling_and_not_in_comments() {
        let template = "{{> tone}} {{~>support/refund ~}} {{#> frame title=\"x\"}}{{/frame}} \
            {{! > no }} {{!-- {{> none}} --}} {{> \"quoted\"}} {{name}} {{ {";
        let found: Vec<&str> = names(template).collect();
        assert_eq!(found, ["tone", "support/refund", "frame", "quoted"]);
    }
}

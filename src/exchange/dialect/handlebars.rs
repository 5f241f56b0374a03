//! Templates of ours, as far as other languages can say them: text and variables.

use std::ops::Range;

use super::Mistake;
use super::tree::{Expr, Key, Node};

/// Reads a template of ours.
///
/// # Errors
/// The first tag that is no variable.
pub fn read(text: &str) -> Result<Vec<Node>, Mistake> {
    let mut nodes = Vec::new();
    let mut plain = String::new();
    let mut from = 0;
    let mut at = 0;
    let mut trims = false;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        let slashes = text[from..start]
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'\\')
            .count();
        let before = &text[from..start];
        let before = if std::mem::take(&mut trims) {
            before.trim_start()
        } else {
            before
        };
        if slashes == 1 {
            // An escaped sign is text, four braces as one.
            let braces = if text[start..].starts_with("{{{{") {
                4
            } else {
                2
            };
            plain.push_str(before.strip_suffix('\\').unwrap_or(before));
            plain.push_str(&text[start..start + braces]);
            from = start + braces;
            at = from;
            continue;
        }
        plain.push_str(match slashes {
            0 => before,
            _ => before.strip_suffix('\\').unwrap_or(before),
        });
        let is_comment = text[start..]
            .trim_start_matches(['{', '~'])
            .starts_with("!--");
        let close = if is_comment { "--" } else { "}}" };
        let Some(length) = text[start + 2..].find(close) else {
            return Err(Mistake::new(
                start..start + 2,
                "a tag that is never closed",
                "close it",
            ));
        };
        let mut end = start + 2 + length;
        end += text[end..].find("}}").map_or(0, |at| at + 2);
        let raw = &text[start..end];
        let is_triple = raw.starts_with("{{{") && text[end..].starts_with('}');
        let whole = if is_triple { &text[start..=end] } else { raw };
        end = start + whole.len();
        let inner = whole.trim_start_matches('{').trim_end_matches('}');
        if inner.starts_with('~') {
            plain.truncate(plain.trim_end().len());
        }
        trims = inner.ends_with('~');
        let inner = inner.trim_matches('~').trim();
        if let Some(comment) = inner.strip_prefix('!') {
            let line = plain.rsplit('\n').next().unwrap_or_default();
            let is_alone = line.trim().is_empty()
                && text[end..]
                    .split('\n')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .is_empty();
            if is_alone && !comment.is_empty() {
                return Err(refused(start..end, "a comment on a line of its own"));
            }
            if is_alone {
                plain.truncate(plain.len() - line.len());
                end += text[end..].find('\n').map_or(text.len() - end, |at| at + 1);
            }
        } else {
            nodes.push(Node::Text(std::mem::take(&mut plain)));
            nodes.push(Node::Print(variable(
                inner.trim_start_matches('&').trim(),
                start..end,
            )?));
        }
        from = end;
        at = end;
    }
    let rest = &text[from..];
    plain.push_str(if trims { rest.trim_start() } else { rest });
    nodes.push(Node::Text(plain));
    Ok(super::tree::tidy(nodes))
}

fn refused(at: Range<usize>, what: &str) -> Mistake {
    Mistake::new(
        at,
        format!("{what} cannot be said there"),
        "export it to dotprompt, which is Handlebars, or take it out",
    )
}

fn variable(inner: &str, at: Range<usize>) -> Result<Expr, Mistake> {
    let mut parts = inner.split('.');
    let name = parts.next().unwrap_or_default();
    let keys: Vec<Key> = parts.map(|key| Key::Name(key.to_owned())).collect();
    let is_fine = super::is_name(name)
        && !super::WORDS.contains(&name)
        && keys
            .iter()
            .all(|key| matches!(key, Key::Name(key) if super::is_name(key)));
    match is_fine {
        true => Ok(Expr::Path(name.to_owned(), keys)),
        false => Err(refused(at, &format!("`{{{{{inner}}}}}`"))),
    }
}

/// A text and variables in another language.
///
/// # Errors
/// What that language has no way to say.
pub fn write(nodes: &[Node], dialect: super::Dialect) -> Result<String, String> {
    use super::Dialect;
    let mut out = String::new();
    for node in nodes {
        match node {
            Node::Text(text) => match dialect {
                Dialect::FString => out.push_str(&text.replace('{', "{{").replace('}', "}}")),
                Dialect::Jinja | Dialect::Nunjucks => jinja_text(text, &mut out)?,
                _ => out.push_str(text),
            },
            Node::Print(Expr::Path(name, keys)) => {
                let keys: Vec<&str> = keys
                    .iter()
                    .filter_map(|key| match key {
                        Key::Name(key) => Some(key.as_str()),
                        Key::Index(_) => None,
                    })
                    .collect();
                let path = std::iter::once(name.as_str())
                    .chain(keys.iter().copied())
                    .collect::<Vec<_>>()
                    .join(".");
                match dialect {
                    Dialect::FString | Dialect::Langfuse if !keys.is_empty() => {
                        return Err(format!("`{{{{{path}}}}}` reaches into a variable"));
                    }
                    Dialect::FString => out.push_str(&format!("{{{name}}}")),
                    // A brace before a tag would be a part of it.
                    _ if out.ends_with('{') => {
                        return Err(format!("the brace before `{{{{{path}}}}}`"));
                    }
                    _ => out.push_str(&format!("{{{{{path}}}}}")),
                }
            }
            _ => return Err("a block".to_owned()),
        }
    }
    Ok(out)
}

fn jinja_text(text: &str, out: &mut String) -> Result<(), String> {
    let is_plain =
        !["{{", "{%", "{#"].iter().any(|sign| text.contains(sign)) && !text.ends_with('{');
    if is_plain {
        out.push_str(text);
        return Ok(());
    }
    if text.contains("endraw") {
        return Err("the word `endraw` beside braces".to_owned());
    }
    out.push_str(&format!("{{% raw %}}{text}{{% endraw %}}"));
    Ok(())
}

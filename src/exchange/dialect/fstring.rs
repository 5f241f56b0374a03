//! Python's `str.format`, as LangChain uses it: `{x}`, and `{{` for a brace.

use super::tree::{Expr, Node, Template};
use super::{Mistake, variable};

pub(super) fn read(text: &str) -> Result<Template, Mistake> {
    let mut nodes = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['{', '}']) {
        let start = at + found;
        plain.push_str(&text[at..start]);
        let rest = &text[start..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            plain.push_str(&rest[..1]);
            at = start + 2;
            continue;
        }
        let end = rest.find('}').filter(|_| rest.starts_with('{'));
        let Some(end) = end else {
            return Err(Mistake::new(
                start..start + 1,
                format!("a single `{}`", &rest[..1]),
                "write it twice where it is text: the template's own language refuses it, too",
            ));
        };
        let inner = &rest[1..end];
        let place = start..start + end + 1;
        if let Some(sign) = inner.find([':', '!']) {
            return Err(Mistake::new(
                place,
                format!(
                    "the format `{}` has no counterpart in a template here",
                    &inner[sign..]
                ),
                "format the value in the program that fills the template",
            ));
        }
        if inner.contains(['.', '[', '{']) {
            return Err(Mistake::new(
                place,
                format!("`{{{inner}}}` reaches into a value"),
                "give what it reaches for as a variable of its own",
            ));
        }
        nodes.push(Node::Text(std::mem::take(&mut plain)));
        nodes.push(Node::Print(Expr::Path(variable(inner, place)?, Vec::new())));
        at = start + end + 1;
    }
    plain.push_str(&text[at..]);
    nodes.push(Node::Text(plain));
    Ok(Template {
        nodes,
        notes: Vec::new(),
    })
}

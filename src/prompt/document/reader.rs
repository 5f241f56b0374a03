//! Reading values out of a tree of nodes, and collecting what is wrong with them.

use super::super::code::{self, Code};
use super::keys::{Known, Lookup, look_up};
use super::node::{Key, Kind, Node};
use super::{Finding, Origin, Span, Text};
use crate::prompt::hint::Hint;

/// The file that is read, and what was found wrong with it so far.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// The file.
    pub(super) source: &'a str,
    /// Errors and warnings.
    pub(super) findings: Vec<Finding>,
}

/// One value of the file: its path, its key if it has one, and the value.
#[derive(Debug, Clone)]
pub(super) struct Field<'n> {
    /// The path, such as `messages[0].content`.
    pub(super) path: String,
    /// The key in front of the value; none for the items of a list.
    pub(super) key: Option<&'n Key>,
    /// The value.
    pub(super) node: &'n Node,
}

impl<'n> Field<'n> {
    /// The place that a reader looks for: the value, or its key where the value begins further down.
    pub(super) fn span(&self) -> Span {
        value_span(self.key, self.node)
    }

    /// The value of `key` inside this one, with its path.
    pub(super) fn child(&self, key: &'n Key, node: &'n Node) -> Self {
        Self {
            path: format!("{}.{}", self.path, key.text),
            key: Some(key),
            node,
        }
    }

    /// The item at `index` inside this list, with its path.
    pub(super) fn item(&self, index: usize, node: &'n Node) -> Self {
        Self {
            path: format!("{}[{index}]", self.path),
            key: None,
            node,
        }
    }
}

/// The place of a value: the value's own, or its key's where the value begins further down.
pub(super) fn value_span(key: Option<&Key>, node: &Node) -> Span {
    key.filter(|key| key.at.line != node.at.line)
        .map_or(node.at, |key| key.at)
}

/// The known entries of one map, by their canonical keys.
#[derive(Debug)]
pub(super) struct Fields<'n>(Vec<(&'static str, Field<'n>)>);

impl<'n> Fields<'n> {
    /// The value of `key`, unless it is missing or empty.
    pub(super) fn get(&self, key: &str) -> Option<&Field<'n>> {
        self.0
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, field)| field)
    }
}

impl Reader<'_> {
    /// Adds an error at `at`.
    pub(super) fn error(&mut self, code: Code, at: Span, message: String, help: impl Into<Hint>) {
        let finding = Finding::error(code, message).at(at).help(help);
        self.findings.push(finding);
    }

    /// Adds a warning at `at`.
    pub(super) fn warn(&mut self, code: Code, at: Span, message: String, help: impl Into<Hint>) {
        let finding = Finding::warning(code, message).at(at).help(help);
        self.findings.push(finding);
    }

    /// Adds the error that `field` is not what the file format wants there.
    pub(super) fn wrong_type(&mut self, field: &Field<'_>, wants: &str) {
        let is = match field.node.kind {
            Kind::Bool(_) | Kind::Number(_) => field.node.raw(self.source),
            _ => field.node.noun(),
        };
        let message = format!("`{}` wants {wants}, this is {is}", field.path);
        let help = match &field.node.kind {
            Kind::Text(text) if wants.contains("number") => match text.trim().parse::<f64>() {
                Ok(_) => "remove the quotes",
                Err(_) => "write a number there, or remove the line",
            },
            Kind::Map(_) if wants.contains("a list") => "begin each item with `- `",
            Kind::Map(_) if wants.contains("text") => "quote a text that begins with `{`",
            _ => "change the value, or remove the line",
        };
        self.error(code::WRONG_TYPE, field.span(), message, help);
    }

    /// The entries of the map `field`; none, with an error, if it is something else.
    pub(super) fn map<'n>(&mut self, field: &Field<'n>) -> Option<&'n [(Key, Node)]> {
        match &field.node.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Null => None,
            _ => {
                self.wrong_type(field, "a map");
                None
            }
        }
    }

    /// The items of the list `field`; none, with an error, if it is something else.
    pub(super) fn list<'n>(&mut self, field: &Field<'n>) -> Vec<Field<'n>> {
        match &field.node.kind {
            Kind::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, node)| field.item(index, node))
                .collect(),
            Kind::Null => Vec::new(),
            _ => {
                self.wrong_type(field, "a list");
                Vec::new()
            }
        }
    }

    /// The text of a scalar; numbers and booleans as they are written.
    pub(super) fn text(&mut self, field: &Field<'_>) -> Option<String> {
        match &field.node.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Bool(_) | Kind::Number(_) | Kind::NotFinite(_) => {
                Some(field.node.raw(self.source).to_owned())
            }
            Kind::Null => None,
            Kind::List(_) | Kind::Map(_) => {
                self.wrong_type(field, "a text");
                None
            }
        }
    }

    /// The text of a scalar and where it stands.
    pub(super) fn located_text(&mut self, field: &Field<'_>) -> Option<Text> {
        let value = self.text(field)?;
        let origin = origin(self.source, field, &value);
        Some(Text { value, origin })
    }

    /// The known entries of the map `parent`, which is the whole file where it is `None`. Entries
    /// that are empty are left out, unknown ones warned about, and slips are errors.
    pub(super) fn fields<'n>(
        &mut self,
        parent: Option<&Field<'n>>,
        entries: &'n [(Key, Node)],
        known: &[Known],
    ) -> Fields<'n> {
        let mut fields: Vec<(&'static str, Field<'n>)> = Vec::new();
        for (key, node) in entries {
            let field = Field {
                path: parent.map_or_else(
                    || key.text.clone(),
                    |parent| format!("{}.{}", parent.path, key.text),
                ),
                key: Some(key),
                node,
            };
            match look_up(&key.text, known) {
                Lookup::Known(_) if matches!(node.kind, Kind::Null) => {}
                Lookup::Known(name) if fields.iter().any(|(other, _)| *other == name) => {
                    self.twice(code::DUPLICATE_KEY, key, name);
                }
                Lookup::Known(name) => fields.push((name, field)),
                Lookup::Misspelt(meant) => self.misspelt(key, meant),
                Lookup::Unknown => self.unknown(&field.path, key),
            }
        }
        Fields(fields)
    }

    /// Adds the error that `key` repeats `name` in another spelling.
    pub(super) fn twice(&mut self, code: Code, key: &Key, name: &str) {
        let message = format!("`{}` is `{name}` once more", key.text);
        self.error(code, key.at, message, "remove one of the two lines");
    }

    /// Adds the error that `key` is a slip of the key `meant`.
    pub(super) fn misspelt(&mut self, key: &Key, meant: &str) {
        let message = format!("`{}` is not a key; `{meant}` is meant", key.text);
        let help =
            format!("write `{meant}`; if it is a key of your own, choose a name that differs more");
        let finding = Finding::error(code::MISSPELT_KEY, message).at(key.at);
        self.findings.push(finding.help(help).about(meant));
    }

    /// Adds the warning that `key` has no effect.
    pub(super) fn unknown(&mut self, path: &str, key: &Key) {
        let message = format!("`{path}` is not a key that promptctl knows; it has no effect");
        let help = "put a field of the API request under `extraBody`";
        self.warn(code::UNKNOWN_KEY, key.at, message, help);
    }
}

/// Where the text of `field` stands.
pub(super) fn origin(source: &str, field: &Field<'_>, value: &str) -> Origin {
    let node = field.node;
    let block = if value.trim_matches('\n').is_empty() {
        None
    } else {
        block_header(source, field)
    };
    let mut start = node.at;
    let quoted = source[..]
        .get(node.span.start..)
        .is_some_and(|rest| rest.starts_with(['"', '\'']));
    // A place inside a quoted text counts from behind the quote.
    if quoted && !node.is_alias && block.is_none() && matches!(node.kind, Kind::Text(_)) {
        start.column += 1;
        start.length = start.length.saturating_sub(2).max(1);
    }
    Origin {
        path: field.path.clone(),
        start,
        block: block.and_then(|header| header.literal),
    }
}

/// The header of a block scalar.
struct BlockHeader {
    /// The first line of the text and its indentation; none where lines are folded.
    literal: Option<(usize, usize)>,
}

/// The `|` or `>` in front of the text of `field`, if there is one.
fn block_header(source: &str, field: &Field<'_>) -> Option<BlockHeader> {
    let text_start = field.node.span.start;
    let before = source.get(..text_start)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let indent = text_start - line_start;
    if !before[line_start..].bytes().all(|byte| byte == b' ') {
        return None;
    }
    let from = match field.key.filter(|_| !field.node.is_alias) {
        Some(key) => key.span.end,
        None => last_line_start(&before[..line_start]),
    };
    let sign = header_sign(before, from.min(line_start))?;
    let lines_to_text = before[sign..].matches('\n').count();
    let text_line = if field.node.is_alias {
        before.matches('\n').count() + 1
    } else {
        field.node.at.line
    };
    let literal = before[sign..].starts_with('|');
    Some(BlockHeader {
        literal: literal.then_some((text_line - lines_to_text + 1, indent)),
    })
}

/// Where the last line of `text` that is not blank begins.
fn last_line_start(text: &str) -> usize {
    text.trim_end().rfind('\n').map_or(0, |at| at + 1)
}

/// The offset of the `|` or `>` that follows `from`, behind `:`, `-`, a tag, an anchor and comments.
fn header_sign(text: &str, from: usize) -> Option<usize> {
    let mut rest = text.get(from..)?;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ':', '-', '?']);
        let skip_to = match rest.chars().next()? {
            '|' | '>' => return Some(text.len() - rest.len()),
            '#' => rest.find('\n')?,
            '&' | '!' => rest.find([' ', '\t', '\n'])?,
            _ => {
                // The key of an entry that an alias repeats: its value follows the last `: `.
                let line = &rest[..rest.find('\n')?];
                line.rfind(": ")?
            }
        };
        rest = &rest[skip_to..];
    }
}

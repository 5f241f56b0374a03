//! YAML with places: one strict parse into a tree whose nodes know where they stand.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_yaml::{Error, Location, MessageFormatter, Options, Spanned, UserMessageFormatter};

use super::super::code;
use super::mistakes;
use super::node::{Key, Kind, MAX_DEPTH, MAX_NODES, Node};
use super::plain;
use super::reader::value_span;
use super::{Finding, Span};
use crate::prompt::hint::Hint;

/// The largest file read, in bytes.
pub(in crate::prompt) const MAX_BYTES: usize = 10 * 1024 * 1024;

/// The most values that aliases may repeat.
const MAX_REPEATED: usize = 100_000;

/// Reads any YAML text, as strictly as a prompt file; an empty text is null.
///
/// # Errors
/// The text is not YAML, or goes past a limit.
pub fn parse_value(text: &str) -> Result<Value, Finding> {
    check_size(text)?;
    let node: Node = read(text, true).map_err(|error| finding(&error, text))?;
    Ok(node.to_value())
}

/// One item of a list in a YAML text, with its place and those of its keys.
#[derive(Debug)]
pub struct Item {
    pub value: Value,
    /// Where it begins.
    pub at: Span,
    /// Where the values of its keys stand, and those of their keys: `case.id`.
    pub places: Vec<(String, Span)>,
}

/// Reads a YAML text that is a list, as strictly as a prompt file; an empty text is an empty list.
///
/// # Errors
/// The text is not YAML, goes past a limit, or is no list.
pub fn parse_items(text: &str) -> Result<Vec<Item>, Finding> {
    check_size(text)?;
    let root: Node = read(text, true).map_err(|error| finding(&error, text))?;
    match root.kind {
        Kind::Null => Ok(Vec::new()),
        Kind::List(items) => Ok(items.into_iter().map(item).collect()),
        _ => {
            let message = format!("a list of cases is wanted, this is {}", root.noun());
            Err(Finding::error(code::WRONG_TYPE, message)
                .at(root.at)
                .help("begin each case with `- `"))
        }
    }
}

fn item(node: Node) -> Item {
    let mut places = Vec::new();
    if let Kind::Map(entries) = &node.kind {
        for (key, value) in entries {
            places.push((key.text.clone(), value_span(Some(key), value)));
            if let Kind::Map(inner) = &value.kind {
                let inner = inner.iter().map(|(name, value)| {
                    let path = format!("{}.{}", key.text, name.text);
                    (path, value_span(Some(name), value))
                });
                places.extend(inner);
            }
        }
    }
    Item {
        value: node.to_value(),
        at: node.at,
        places,
    }
}

/// A file read into a tree.
#[derive(Debug)]
pub(in crate::prompt) struct Tree {
    /// The outermost value.
    pub(in crate::prompt) root: Node,
    /// Whether the file has tags that are not known, such as `!include`.
    pub(in crate::prompt) has_unknown_tags: bool,
}

/// Reads a YAML text with its places; an empty text is null. Tags that are not known are ignored,
/// because other tools read such prompt files too.
///
/// # Errors
/// The text is not YAML, or goes past a limit.
pub(in crate::prompt) fn parse_tree(text: &str) -> Result<Tree, Finding> {
    check_size(text)?;
    let (root, has_unknown_tags) = match read(text, true) {
        Err(Error::UnsupportedTag { .. }) => (read(text, false), true),
        result => (result, false),
    };
    let root = root.map_err(|error| finding(&error, text))?;
    Ok(Tree {
        root,
        has_unknown_tags,
    })
}

fn check_size(text: &str) -> Result<(), Finding> {
    if text.len() <= MAX_BYTES {
        return Ok(());
    }
    let size = text.len().div_ceil(1024 * 1024);
    Err(
        Finding::error(code::TOO_LARGE, format!("the file has {size} MB"))
            .help("a file may hold 10 MB: move test data into a dataset file"),
    )
}

fn read(text: &str, strict_tags: bool) -> Result<Node, Error> {
    match plain::read(text) {
        Some(node) => Ok(node),
        None => read_with_serde(text, strict_tags),
    }
}

pub(super) fn read_with_serde(text: &str, strict_tags: bool) -> Result<Node, Error> {
    let mut node: Node = serde_yaml::from_str_with_options(text, options(strict_tags))?;
    node.complete(text);
    Ok(node)
}

fn options(strict_tags: bool) -> Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            flow_nesting_limit: MAX_DEPTH,
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 3 * MAX_NODES,
            max_documents: 2,
            max_total_scalar_bytes: 2 * MAX_BYTES,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: MAX_REPEATED,
        },
        // With them, 33 lines of comment before one entry would be an error.
        emit_comments: false,
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: strict_tags,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self {
            kind: spanned.value,
            at: position(&spanned.referenced),
            span: bytes(&spanned.defined),
            is_alias: spanned.referenced != spanned.defined,
        })
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<String>::deserialize(deserializer)?;
        Ok(Self {
            text: spanned.value,
            at: position(&spanned.referenced),
            span: bytes(&spanned.referenced),
        })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
        Ok(
            Number::from_f64(value)
                .map_or_else(|| Kind::NotFinite(value.to_string()), Kind::Number),
        )
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key()? {
            entries.push((key, access.next_value()?));
        }
        Ok(Kind::Map(entries))
    }
}

fn position(location: &Location) -> Span {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
    Span {
        line: count(location.line()),
        column: count(location.column()),
        length: count(location.span().len()),
    }
}

fn bytes(location: &Location) -> Range<usize> {
    let number = |number: Option<u64>| number.and_then(|it| usize::try_from(it).ok());
    let start = number(location.span().byte_offset()).unwrap_or(0);
    let length = number(location.span().byte_len()).unwrap_or(0);
    start..start.saturating_add(length)
}

/// The parser's error in our words.
fn finding(error: &Error, text: &str) -> Finding {
    let error = match error.without_snippet() {
        Error::AliasError { error, .. } => error,
        other => other,
    };
    let at = error
        .location()
        .filter(|location| *location != Location::UNKNOWN)
        .map(|location| position(&location));
    let mut finding = words(error).at(at);
    // Where it is one of the common mistakes, the lines tell it better than the parser.
    let is_rough = finding.help.is_none() || matches!(error, Error::Unexpected { .. });
    if finding.code == code::YAML_SYNTAX && is_rough {
        let help = mistakes::help(text, &finding);
        finding = finding.help(help.map_or(Hint::LookAround, |help| printable(&help).into()));
    }
    finding
}

fn words(error: &Error) -> Finding {
    let syntax = |message: &str| Finding::error(code::YAML_SYNTAX, message);
    match error {
        Error::DuplicateMappingKey { key, .. } => duplicate(key.as_deref()),
        Error::MergeKeyNotAllowed { .. } => syntax("merge keys (`<<`) are not read")
            .help("write the keys out, or repeat a whole value with an alias"),
        Error::UnsupportedTag { tag, .. } => syntax(&format!("the tag `{tag}` is not known"))
            .help("remove it, or quote the value if it is text"),
        Error::MultipleDocuments { .. } => syntax("a second document begins here")
            .help("a file holds one document: remove what follows `---` or `...`"),
        Error::UnknownAnchor { .. } => {
            syntax("the alias has no anchor before it").help("quote the value if its `*` is text")
        }
        Error::Unexpected { expected, .. } if expected.contains("string") => {
            syntax("a key is a list or a map")
        }
        Error::NullIntoString { .. } => syntax("a key is empty").help("write a key before the `:`"),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => too_complex("the file goes past a limit"),
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            too_complex("an alias stands inside its own anchor")
        }
        other => {
            let message = UserMessageFormatter.format_message(other);
            if message.contains("recursion limit") {
                return too_complex("the file is nested too deeply");
            }
            syntax(&printable(&message))
        }
    }
}

fn duplicate(key: Option<&str>) -> Finding {
    let message = key.map_or_else(
        || "a key stands twice in this map".to_owned(),
        |key| format!("`{}` stands twice in this map", printable(key)),
    );
    let is_item = key.is_some_and(|key| key.starts_with('-'));
    Finding::error(code::DUPLICATE_KEY, message).help(match is_item {
        true => "write a blank after the dash that begins an item",
        false => "remove one of the two lines",
    })
}

fn too_complex(message: &str) -> Finding {
    Finding::error(code::TOO_COMPLEX, message).help(format!(
        "at most {MAX_DEPTH} levels and {MAX_NODES} values are read, {MAX_REPEATED} of them by aliases"
    ))
}

/// The text with its control characters escaped, so that a file cannot write to a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|each| {
            let escaped = each.is_control().then(|| each.escape_default());
            let plain = escaped.is_none().then_some(each);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

#[cfg(test)]
mod tests;

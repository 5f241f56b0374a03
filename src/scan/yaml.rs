//! What stands around an id in YAML, where indentation says what belongs together.

use std::collections::BTreeMap;

use super::around::{Role, is_variable, role};
use super::{ApiKind, Call, IdPlace, ValueKind};

/// How many lines are read in each direction.
const FARTHEST: usize = 400;

/// A line that is `key: value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line<'a> {
    indent: usize,
    key: &'a str,
    value: &'a str,
}

/// The entry that an id is the value of.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    key: &'a str,
    /// The entries of the same map, with the entries below each.
    beside: Vec<(Line<'a>, Vec<Line<'a>>)>,
    /// The key that the map is the value of.
    parent: Option<&'a str>,
    /// The keys of the map that the parent stands in.
    around: Vec<&'a str>,
}

/// The entry whose value is the id at this byte; none where the id stands in something longer.
pub(super) fn entry_at(text: &str, at: usize) -> Option<Entry<'_>> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    let whole = text.get(start..end).filter(|line| line.len() < 1_000)?;
    let own = read(whole)?;
    if !own.value.starts_with("pmpt_") {
        return None;
    }
    let before: Vec<&str> = text[..start].lines().rev().take(FARTHEST).collect();
    let after = text[end..].lines().skip(1).take(FARTHEST);
    let mut beside: Vec<(Line<'_>, Vec<Line<'_>>)> = Vec::new();
    let mut below: Vec<Line<'_>> = Vec::new();
    let mut parent = None;
    let mut around = Vec::new();
    let mut rest = before.into_iter();
    let mut begins_item = whole.trim_start().starts_with("- ");
    for line in rest.by_ref() {
        if is_blank(line) {
            continue;
        }
        let indent = indent_of(line);
        let Some(found) = read(line) else {
            if indent < own.indent {
                break;
            }
            continue;
        };
        if found.indent < own.indent {
            parent = Some(found);
            break;
        }
        if begins_item {
            continue;
        }
        if found.indent == own.indent {
            below.reverse();
            beside.push((found, std::mem::take(&mut below)));
            begins_item = line.trim_start().starts_with("- ");
        } else {
            below.push(found);
        }
    }
    if let Some(parent) = parent {
        for line in rest.filter(|line| !is_blank(line)) {
            match read(line) {
                Some(found) if found.indent == parent.indent => around.push(found.key),
                Some(found) if found.indent < parent.indent => break,
                _ => {}
            }
        }
    }
    beside.push((own, Vec::new()));
    let mut is_past_map = false;
    for line in after.filter(|line| !is_blank(line)) {
        let Some(found) = read(line) else {
            if indent_of(line) < own.indent {
                is_past_map = true;
            }
            continue;
        };
        let begins_item = line.trim_start().starts_with("- ");
        if found.indent < own.indent || (found.indent == own.indent && begins_item) {
            is_past_map = true;
        }
        match parent {
            _ if !is_past_map && found.indent == own.indent => beside.push((found, Vec::new())),
            _ if !is_past_map => {
                if let Some((_, below)) = beside.last_mut() {
                    below.push(found);
                }
            }
            Some(parent) if found.indent == parent.indent && !begins_item => around.push(found.key),
            Some(parent) if found.indent > parent.indent => {}
            _ => break,
        }
    }
    Some(Entry {
        key: own.key,
        beside,
        parent: parent.map(|parent| parent.key),
        around,
    })
}

fn is_blank(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '-']).len()
}

fn read(line: &str) -> Option<Line<'_>> {
    let line = line.get(..line.floor_char_boundary(line.len().min(1_000)))?;
    let indent = indent_of(line);
    let (key, value) = line[indent..].split_once(':')?;
    let key = key.trim().trim_matches(['"', '\'']);
    if key.is_empty() || !(value.is_empty() || value.starts_with([' ', '\r'])) {
        return None;
    }
    let value = value.split(" #").next().unwrap_or(value).trim();
    Some(Line {
        indent,
        key,
        value: value.trim_matches(['"', '\'']),
    })
}

impl Entry<'_> {
    /// Whether promptctl wrote the id, to say where a prompt came from.
    pub(super) fn is_source(&self) -> bool {
        let is_openai =
            |(line, _): &(Line<'_>, Vec<Line<'_>>)| line.key == "format" && line.value == "openai";
        self.parent == Some("source") && self.beside.iter().any(is_openai)
    }

    /// Fills in what stands around the id.
    pub(super) fn tell(&self, place: &mut IdPlace) {
        if is_variable(self.key) {
            place.variable = Some(self.key.to_owned());
        }
        if self.key == "value" {
            let name = self.beside.iter().find(|(line, _)| line.key == "name");
            place.variable = name
                .map(|(line, _)| line.value.to_owned())
                .filter(|name| is_variable(name));
        }
        place.name = match role(self.key) {
            Role::Id => self
                .parent
                .filter(|parent| !matches!(*parent, "prompt" | "openai"))
                .map(str::to_owned),
            _ => Some(self.key.to_owned()),
        };
        if role(self.key) != Role::Id {
            return;
        }
        let mut call = Call {
            line: place.at.line,
            ..Call::default()
        };
        for (line, below) in &self.beside {
            match role(line.key) {
                Role::Version if !line.value.is_empty() => {
                    call.version = Some(line.value.to_owned());
                }
                Role::Variables => call.variables = variables(line.value, below),
                _ => {}
            }
        }
        if self.parent == Some("prompt") {
            call.beside = self.around.iter().map(|key| (*key).to_owned()).collect();
            if self
                .around
                .iter()
                .any(|key| matches!(*key, "custom_id" | "session"))
            {
                call.surface = if self.around.contains(&"session") {
                    ApiKind::Realtime
                } else {
                    ApiKind::Batch
                };
            }
        }
        place.calls.push(call);
    }
}

/// The variables of a block, or of a map in braces.
fn variables(value: &str, below: &[Line<'_>]) -> BTreeMap<String, ValueKind> {
    let kind_of = |text: &str| match text {
        text if text.contains("input_image") => ValueKind::Image,
        text if text.contains("input_file") => ValueKind::File,
        _ => ValueKind::Text,
    };
    if let Some(inner) = value.strip_prefix('{') {
        let names = inner.trim_end_matches('}').split(',');
        return names
            .filter_map(|entry| {
                let (name, value) = entry.split_once(':')?;
                Some((
                    name.trim().trim_matches(['"', '\'']).to_owned(),
                    kind_of(value),
                ))
            })
            .collect();
    }
    let Some(indent) = below.first().map(|line| line.indent) else {
        return BTreeMap::new();
    };
    let mut found: BTreeMap<String, ValueKind> = BTreeMap::new();
    let mut last = None;
    for line in below {
        if line.indent == indent {
            found.insert(line.key.to_owned(), kind_of(line.value));
            last = Some(line.key);
        } else if line.key == "type"
            && let Some(name) = last
        {
            found.insert(name.to_owned(), kind_of(line.value));
        }
    }
    found
}

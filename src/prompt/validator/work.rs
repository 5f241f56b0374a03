//! How much work a schema asks for.
//!
//! The count follows the schema as an evaluator does, and takes every branch. What is referred to
//! is counted once for each value it is held against and then remembered, so that the count itself
//! is small where the work is not.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::{Finding, every_map, too_complex};
use crate::prompt::document::Object;

/// The most steps for one value.
const MAX_STEPS: u64 = 5_000_000;

/// The most steps for which every misfit is reported.
pub(super) const MAX_LISTED: u64 = 50_000;

/// The most steps that a schema may ask for at one place of a value, whatever the value.
const MAX_IN_PLACE: u64 = 50_000;

/// How deep schemas may lie inside each other, references followed.
const MAX_DEPTH: usize = 150;

/// What a pattern that looks around or back may cost in one text.
const FANCY_PATTERN: u64 = 500;

/// Keywords whose schema is held against the same value.
const IN_PLACE: [&str; 4] = ["not", "if", "then", "else"];
/// The same for lists of schemas.
const IN_PLACE_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// The same for maps of schemas.
const IN_PLACE_MAPS: [&str; 2] = ["dependentSchemas", "dependencies"];

/// Refuses a schema that asks for too much at some place, or for work without an end.
pub(super) fn check(schema: &Value) -> Result<(), Finding> {
    let mut count = Count::new(schema, MAX_IN_PLACE);
    let mut spent: u64 = 0;
    for map in every_map(schema) {
        // Each place has its limit; what was counted before is known.
        count.map(map, schema, None, 0)?;
        spent = spent.saturating_add(count.visits);
        count.visits = 0;
        if spent > MAX_STEPS {
            return Err(too_complex("the schema is too large"));
        }
    }
    Ok(())
}

/// How many steps it takes at most to hold a value against a schema.
///
/// # Errors
/// More than there may be.
pub(super) fn of(schema: &Value, value: &Value) -> Result<u64, Finding> {
    let load = Count::new(schema, MAX_STEPS).schema(schema, schema, Some(value), 0)?;
    Ok(load.steps)
}

/// What a schema asks for: so many steps, and so many levels below it.
#[derive(Clone, Copy, Default)]
struct Load {
    steps: u64,
    levels: usize,
}

impl Load {
    fn of(steps: u64) -> Self {
        Self { steps, levels: 0 }
    }

    /// Both together.
    fn and(self, other: Self) -> Self {
        Self {
            steps: self.steps.saturating_add(other.steps),
            levels: self.levels.max(other.levels),
        }
    }

    fn times(self, factor: u64) -> Self {
        Self {
            steps: self.steps.saturating_mul(factor),
            ..self
        }
    }
}

/// What is known of a schema that was referred to, held against a value.
#[derive(Clone, Copy)]
enum Known {
    Open,
    Load(Load),
}

type Place = (*const Value, *const Object);

struct Count<'s> {
    most: u64,
    /// How many schemas were looked at by the count itself.
    visits: u64,
    known: HashMap<(*const Value, *const Object), Known>,
    anchors: HashMap<&'s str, Vec<&'s Object>>,
    root: &'s Value,
}

impl<'s> Count<'s> {
    fn new(root: &'s Value, most: u64) -> Self {
        Self {
            most,
            visits: 0,
            known: HashMap::new(),
            anchors: HashMap::new(),
            root,
        }
    }

    /// The steps of a schema; `value` is none where only what every value meets is counted.
    fn schema(
        &mut self,
        schema: &'s Value,
        resource: &'s Value,
        value: Option<&Value>,
        depth: usize,
    ) -> Result<Load, Finding> {
        match schema {
            Value::Object(map) => self.map(map, own_resource(schema, resource), value, depth),
            _ => self.enough(Load::of(1)),
        }
    }

    fn map(
        &mut self,
        map: &'s Object,
        resource: &'s Value,
        value: Option<&Value>,
        depth: usize,
    ) -> Result<Load, Finding> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        self.visits += 1;
        self.enough(Load::of(self.visits))?;
        let depth = depth + 1;
        let mut load = Load::of(map.len() as u64);
        for (keyword, inner) in map {
            let more = match keyword.as_str() {
                "$ref" | "$dynamicRef" | "$recursiveRef" => {
                    self.reference(map, inner, resource, value, depth)?
                }
                word if IN_PLACE.contains(&word) => self.schema(inner, resource, value, depth)?,
                word if IN_PLACE_LISTS.contains(&word) => self.all(
                    inner.as_array().into_iter().flatten(),
                    resource,
                    value,
                    depth,
                )?,
                word if IN_PLACE_MAPS.contains(&word) => {
                    let inner = inner.as_object().into_iter().flatten();
                    self.all(inner.map(|(_, inner)| inner), resource, value, depth)?
                }
                _ => match value {
                    Some(value) => self.keyword(keyword, map, resource, value, depth)?,
                    None => Load::default(),
                },
            };
            load = self.enough(load.and(more))?;
        }
        // What was looked at already is found out again by looking at the neighbours once more.
        if map.contains_key("unevaluatedProperties") || map.contains_key("unevaluatedItems") {
            load = self.enough(load.times(2))?;
        }
        load.levels += 1;
        Ok(load)
    }

    fn all<'i>(
        &mut self,
        schemas: impl Iterator<Item = &'s Value>,
        resource: &'s Value,
        value: Option<&'i Value>,
        depth: usize,
    ) -> Result<Load, Finding> {
        let mut load = Load::default();
        for schema in schemas {
            let more = self.schema(schema, resource, value, depth)?;
            load = self.enough(load.and(more))?;
        }
        Ok(load)
    }

    /// The steps of what a reference leads to. More than one schema may be meant by a name; all
    /// are counted.
    fn reference(
        &mut self,
        from: &Object,
        target: &Value,
        resource: &'s Value,
        value: Option<&Value>,
        depth: usize,
    ) -> Result<Load, Finding> {
        let target = target.as_str().unwrap_or_default();
        let name = target.strip_prefix('#').unwrap_or(target);
        let found: Vec<(&'s Object, &'s Value)> = if name.is_empty() || name.starts_with('/') {
            // In a file with ids inside, the same path may mean another place.
            let places = [resource, self.root].map(|from| at_pointer(from, name));
            let mut places: Vec<_> = places.into_iter().flatten().collect();
            places.dedup_by(|a, b| std::ptr::eq(a.0, b.0));
            places
        } else {
            let root = self.root;
            self.named(name).iter().map(|map| (*map, root)).collect()
        };
        let mut load = Load::of(1);
        for (map, resource) in found {
            // The library takes no notice of a schema that is nothing but itself.
            if std::ptr::eq(map, from) {
                continue;
            }
            let key: Place = (
                value.map_or(std::ptr::null(), std::ptr::from_ref),
                std::ptr::from_ref(map),
            );
            let more = match self.known.get(&key) {
                Some(Known::Load(load)) if depth + load.levels > MAX_DEPTH => {
                    return Err(too_deep());
                }
                Some(Known::Load(load)) => *load,
                Some(Known::Open) => {
                    return Err(too_complex(format!(
                        "`{target}` refers to itself without an end"
                    )));
                }
                None => {
                    self.known.insert(key, Known::Open);
                    let load = self.map(map, resource, value, depth)?;
                    self.known.insert(key, Known::Load(load));
                    load
                }
            };
            load = self.enough(load.and(more))?;
        }
        Ok(load)
    }

    /// The schemas that carry a name.
    fn named(&mut self, name: &str) -> Vec<&'s Object> {
        if self.anchors.is_empty() {
            for map in every_map(self.root) {
                for key in ["$anchor", "$dynamicAnchor", "$id", "id"] {
                    if let Some(own) = map.get(key).and_then(Value::as_str) {
                        let own = own.strip_prefix('#').unwrap_or(own);
                        self.anchors.entry(own).or_default().push(map);
                    }
                }
            }
        }
        self.anchors.get(name).cloned().unwrap_or_default()
    }

    /// The steps of a keyword that looks at the value, or into it.
    fn keyword(
        &mut self,
        keyword: &str,
        map: &'s Object,
        resource: &'s Value,
        value: &Value,
        depth: usize,
    ) -> Result<Load, Finding> {
        let Some(inner) = map.get(keyword) else {
            return Ok(Load::default());
        };
        let mut load = Load::default();
        match (keyword, value) {
            ("properties", Value::Object(values)) => {
                for (name, schema) in inner.as_object().into_iter().flatten() {
                    if let Some(value) = values.get(name) {
                        let more = self.schema(schema, resource, Some(value), depth)?;
                        load = self.enough(load.and(more))?;
                    }
                }
            }
            ("patternProperties", Value::Object(values)) => {
                for (pattern, schema) in inner.as_object().into_iter().flatten() {
                    for (key, value) in values {
                        let more = self.schema(schema, resource, Some(value), depth)?;
                        let more = more.and(Load::of(matching(pattern, key.len())));
                        load = self.enough(load.and(more))?;
                    }
                }
            }
            ("additionalProperties" | "unevaluatedProperties", Value::Object(values)) => {
                let named = map.get("properties").and_then(Value::as_object);
                let others = values
                    .iter()
                    .filter(|(key, _)| named.is_none_or(|named| !named.contains_key(*key)));
                for (_, value) in others {
                    let more = self.schema(inner, resource, Some(value), depth)?;
                    load = self.enough(load.and(more))?;
                }
            }
            ("propertyNames", Value::Object(values)) => {
                let longest = values.keys().map(String::len).max().unwrap_or_default();
                let name = Value::String("n".repeat(longest));
                let mut count = Count::new(self.root, self.most);
                let more = count.schema(inner, resource, Some(&name), depth)?;
                self.visits += count.visits;
                load = self.enough(more.times(values.len() as u64))?;
            }
            ("items" | "prefixItems", Value::Array(values)) if inner.is_array() => {
                let schemas = inner.as_array().into_iter().flatten();
                for (schema, value) in schemas.zip(values) {
                    let more = self.schema(schema, resource, Some(value), depth)?;
                    load = self.enough(load.and(more))?;
                }
            }
            (
                "items" | "additionalItems" | "unevaluatedItems" | "contains",
                Value::Array(values),
            ) => {
                for value in values {
                    let more = self.schema(inner, resource, Some(value), depth)?;
                    load = self.enough(load.and(more))?;
                }
            }
            ("enum", _) => {
                let choices = inner.as_array().map_or(0, Vec::len) as u64;
                let each = match value {
                    Value::Array(_) | Value::Object(_) => size(value, 1_000),
                    _ => 1,
                };
                load = Load::of(choices.saturating_mul(each));
            }
            ("const" | "uniqueItems", _) => {
                load = Load::of(size(value, 1_000_000).saturating_mul(2));
            }
            ("pattern", Value::String(text)) => {
                load = Load::of(matching(inner.as_str().unwrap_or_default(), text.len()));
            }
            ("format", Value::String(text)) => {
                let heavy = inner.as_str() == Some("regex");
                let more = if heavy { 20_000 } else { 0 };
                load = Load::of(text.len() as u64 / 16 + more);
            }
            (
                "contentMediaType" | "contentEncoding" | "minLength" | "maxLength",
                Value::String(text),
            ) => {
                load = Load::of(text.len() as u64 / 16);
            }
            _ => {}
        }
        self.enough(load)
    }

    fn enough(&self, load: Load) -> Result<Load, Finding> {
        if load.steps <= self.most {
            return Ok(load);
        }
        Err(too_complex(if self.most == MAX_IN_PLACE {
            "the alternatives and references of the schema multiply to more than it may have"
                .to_owned()
        } else {
            format!("it takes more than {MAX_STEPS} steps to hold the value against the schema")
        }))
    }
}

fn too_deep() -> Finding {
    too_complex(format!(
        "the schema nests deeper than {MAX_DEPTH} levels where its references are followed"
    ))
}

/// The steps of a pattern in a text of so many bytes.
fn matching(pattern: &str, length: usize) -> u64 {
    let is_fancy = ["(?=", "(?!", "(?<", "\\1", "\\2", "\\k"]
        .iter()
        .any(|mark| pattern.contains(mark));
    let each = if is_fancy { FANCY_PATTERN } else { 1 };
    each.saturating_add(length as u64 / 16)
}

/// How many values a value consists of, counted up to a limit.
fn size(value: &Value, most: u64) -> u64 {
    let mut pending = vec![value];
    let mut count = 0;
    while let Some(next) = pending.pop() {
        count += 1;
        if count >= most {
            break;
        }
        match next {
            Value::Array(items) => pending.extend(items),
            Value::Object(map) => pending.extend(map.values()),
            Value::String(text) => count += text.len() as u64 / 64,
            _ => {}
        }
    }
    count
}

/// The schema that references inside another count from: itself where it has an id of its own.
fn own_resource<'s>(schema: &'s Value, resource: &'s Value) -> &'s Value {
    let id = schema.get("$id").or_else(|| schema.get("id"));
    match id.and_then(Value::as_str) {
        Some(id) if !id.starts_with('#') => schema,
        _ => resource,
    }
}

/// The map under a pointer, and the resource that it lies in.
fn at_pointer<'s>(from: &'s Value, pointer: &str) -> Option<(&'s Object, &'s Value)> {
    let (mut at, mut resource) = (from, from);
    for token in pointer.split('/').skip(1) {
        let token = decoded(token);
        at = match at {
            Value::Object(map) => map.get(token.as_ref())?,
            Value::Array(items) => items.get(token.parse::<usize>().ok()?)?,
            _ => return None,
        };
        resource = own_resource(at, resource);
    }
    Some((at.as_object()?, resource))
}

/// A part of a pointer as it is meant: `%24defs` and `a~1b`.
fn decoded(token: &str) -> Cow<'_, str> {
    if !token.contains(['%', '~']) {
        return Cow::Borrowed(token);
    }
    let bytes = token.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = token.get(at + 1..at + 3);
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                plain.push(byte);
                at += 3;
            }
            _ => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    let plain = String::from_utf8_lossy(&plain);
    Cow::Owned(plain.replace("~1", "/").replace("~0", "~"))
}

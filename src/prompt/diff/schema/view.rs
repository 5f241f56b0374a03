//! A schema laid flat: what it says in one place, with `$ref` and `allOf` resolved and one view
//! for each alternative.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{ANYTHING, MAX_NESTING, Root, Spot, keywords};
use crate::prompt::diff::value::join;
use crate::prompt::document::Object;

/// More alternatives than this are not compared one by one.
const MAX_ALTERNATIVES: usize = 48;

/// Keywords that say nothing about the values.
const NOTES: &[&str] = &[
    "title",
    "description",
    "default",
    "examples",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
    "$schema",
    "$id",
    "id",
    "$anchor",
    "$defs",
    "definitions",
];

/// Keywords that are laid flat.
const STRUCTURE: &[&str] = &["$ref", "allOf", "anyOf", "oneOf", "properties", "required"];

/// Keywords that are followed.
const FOLLOWED: &[&str] = &[
    "items",
    "prefixItems",
    "additionalItems",
    "additionalProperties",
    "unevaluatedProperties",
];

/// The names of all types. A `number` that may be whole is also an `integer`.
const TYPES: [&str; 7] = [
    "array", "boolean", "integer", "null", "number", "object", "string",
];

/// All alternatives of a schema.
pub(super) struct Alternatives<'a> {
    pub(super) views: Vec<View<'a>>,
    /// Whether exactly one may fit.
    is_one_of: bool,
}

/// One alternative of a schema.
#[derive(Debug, Clone, Default)]
pub(super) struct View<'a> {
    /// Whether it accepts nothing.
    pub(super) is_never: bool,
    pub(super) properties: BTreeMap<&'a str, Spot<'a>>,
    /// The names of required properties, and the path of the list that says so.
    pub(super) required: BTreeMap<&'a str, String>,
    keywords: BTreeMap<&'a str, Spot<'a>>,
    /// Whether properties come from several places, where `additionalProperties` sees only its own.
    is_mixed: bool,
    /// The one type that is meant of several.
    only_type: Option<&'static str>,
}

impl<'a> Alternatives<'a> {
    /// Lays a schema flat; the error says why it can't be done.
    pub(super) fn of(spot: &Spot<'a>, root: Root<'a>) -> Result<Self, String> {
        let mut flat = Self {
            views: vec![View::default()],
            is_one_of: false,
        };
        flat.add(spot, root, 0)?;
        match flat.views.iter().any(|view| view.is_mixed && view.closes()) {
            true => Err(
                "`additionalProperties` stands beside `$ref`, `allOf` or alternatives".to_owned(),
            ),
            false => {
                flat.views.iter_mut().for_each(View::add_unlisted);
                Ok(flat)
            }
        }
    }

    fn add(&mut self, spot: &Spot<'a>, root: Root<'a>, nesting: usize) -> Result<(), String> {
        if nesting > MAX_NESTING {
            return Err("its `$ref`s lead too deep or in a circle".to_owned());
        }
        // References that lead to the same again multiply before they are deep.
        match root.left.get().checked_sub(self.views.len().max(1)) {
            Some(left) => root.left.set(left),
            None => return Err("its references and alternatives are too many".to_owned()),
        }
        let object = match spot.schema {
            Value::Bool(accepts) => {
                self.views
                    .iter_mut()
                    .for_each(|view| view.is_never |= !accepts);
                return Ok(());
            }
            Value::Object(object) => object,
            _ => return Err("a schema is neither a map nor a boolean".to_owned()),
        };
        for view in &mut self.views {
            view.absorb(object, &spot.at)?;
        }
        if let Some(target) = object.get("$ref") {
            self.add(&root.resolve(target)?, root, nesting + 1)?;
        }
        for branch in branches(object, "allOf", &spot.at)? {
            self.add(&branch, root, nesting + 1)?;
        }
        for keyword in ["anyOf", "oneOf"] {
            self.split(&branches(object, keyword, &spot.at)?, root, nesting)?;
            self.is_one_of |= keyword == "oneOf" && object.contains_key(keyword);
        }
        Ok(())
    }

    /// Makes one view for each of the branches out of every view so far.
    fn split(
        &mut self,
        branches: &[Spot<'a>],
        root: Root<'a>,
        nesting: usize,
    ) -> Result<(), String> {
        if branches.is_empty() {
            return Ok(());
        }
        let mut views = Vec::new();
        for branch in branches {
            let mut one = Self {
                views: self.views.clone(),
                is_one_of: false,
            };
            one.add(branch, root, nesting + 1)?;
            views.append(&mut one.views);
            self.is_one_of |= one.is_one_of;
            if views.len() > MAX_ALTERNATIVES {
                return Err(format!("it has more than {MAX_ALTERNATIVES} alternatives"));
            }
        }
        self.views = views;
        Ok(())
    }

    /// The same with one view for each type where a view lists several.
    pub(super) fn by_type(&self) -> Self {
        let views = self.views.iter().flat_map(View::by_type).collect();
        Self {
            views,
            is_one_of: self.is_one_of,
        }
    }

    /// Whether it makes no difference that exactly one alternative may fit.
    pub(super) fn is_decidable(&self) -> bool {
        let apart = |(at, view): (usize, &View<'a>)| {
            self.views[at + 1..]
                .iter()
                .all(|other| view.is_disjoint(other))
        };
        !self.is_one_of || self.views.iter().enumerate().all(apart)
    }
}

/// The schemas listed by a keyword.
fn branches<'a>(object: &'a Object, keyword: &str, at: &str) -> Result<Vec<Spot<'a>>, String> {
    let Some(list) = object.get(keyword) else {
        return Ok(Vec::new());
    };
    let list = list.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| format!("`{keyword}` is no list of schemas"))?;
    let spot = |(index, schema)| Spot {
        schema,
        at: format!("{at}.{keyword}[{index}]"),
    };
    Ok(list.iter().enumerate().map(spot).collect())
}

impl<'a> View<'a> {
    /// Takes in what a schema says by itself.
    fn absorb(&mut self, object: &'a Object, at: &str) -> Result<(), String> {
        let (had, closed) = (!self.properties.is_empty(), self.closes());
        for (key, value) in object {
            let below = join(at, key);
            match key.as_str() {
                "properties" => self.absorb_properties(value, &below)?,
                "required" => self.absorb_required(value, &below)?,
                note if NOTES.contains(&note) || note.starts_with("x-") => {}
                structure if STRUCTURE.contains(&structure) => {}
                keyword => match self.keywords.get(keyword) {
                    Some(known) if known.schema != value => {
                        return Err(format!("`{}` is said twice", super::super::quote(keyword)));
                    }
                    _ => drop(self.keywords.insert(
                        keyword,
                        Spot {
                            schema: value,
                            at: below,
                        },
                    )),
                },
            }
        }
        let has = object.contains_key("properties");
        self.is_mixed |=
            had && (has || closes(object.get("additionalProperties"))) || closed && has;
        Ok(())
    }

    fn absorb_properties(&mut self, value: &'a Value, at: &str) -> Result<(), String> {
        let properties = value.as_object().ok_or("`properties` is no map")?;
        for (name, schema) in properties {
            let spot = Spot {
                schema,
                at: join(at, name),
            };
            match self.properties.insert(name, spot) {
                Some(known) if known.schema != schema => {
                    return Err(format!(
                        "property `{}` is described twice",
                        super::super::quote(name)
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn absorb_required(&mut self, value: &'a Value, at: &str) -> Result<(), String> {
        for name in value.as_array().ok_or("`required` is no list")? {
            let name = name
                .as_str()
                .ok_or("`required` lists something else than names")?;
            self.required.entry(name).or_insert_with(|| at.to_owned());
        }
        Ok(())
    }

    /// Takes in the required properties that `properties` does not list: what they may be is said by
    /// the schema of all that it does not list.
    fn add_unlisted(&mut self) {
        let schema = self.unnamed().schema;
        for (name, at) in &self.required {
            self.properties.entry(name).or_insert_with(|| Spot {
                schema,
                at: at.clone(),
            });
        }
    }

    /// Whether nothing but `required` names a property.
    pub(super) fn is_unlisted(&self, name: &str) -> bool {
        let listed = self.properties.get(name).map(|spot| &spot.at);
        listed.is_some() && listed == self.required.get(name)
    }

    fn closes(&self) -> bool {
        closes(self.keyword("additionalProperties"))
    }

    pub(super) fn keyword(&self, keyword: &str) -> Option<&'a Value> {
        self.keywords.get(keyword).map(|spot| spot.schema)
    }

    /// The path of a keyword in the file.
    pub(super) fn at(&self, keyword: &str) -> Option<String> {
        self.keywords.get(keyword).map(|spot| spot.at.clone())
    }

    /// The keywords whose meaning is not known here.
    pub(super) fn other_keywords(&self) -> impl Iterator<Item = &'a str> + '_ {
        let is_known = |keyword: &str| keywords::knows(keyword) || FOLLOWED.contains(&keyword);
        self.keywords
            .keys()
            .copied()
            .filter(move |keyword| !is_known(keyword))
    }

    fn spot(&self, keyword: &str) -> Spot<'a> {
        let spot = self.keywords.get(keyword).cloned();
        spot.unwrap_or_else(|| Spot::new(&ANYTHING, keyword))
    }

    /// What properties may be that the schema does not name.
    pub(super) fn unnamed(&self) -> Spot<'a> {
        let keyword = ["additionalProperties", "unevaluatedProperties"]
            .into_iter()
            .find(|keyword| self.keywords.contains_key(keyword));
        self.spot(keyword.unwrap_or("additionalProperties"))
    }

    /// What the items of a list may be, behind the first ones.
    pub(super) fn items(&self) -> Spot<'a> {
        match self.keyword("items") {
            Some(Value::Array(_)) => self.spot("additionalItems"),
            _ => self.spot("items"),
        }
    }

    /// What the first items of a list may be, one by one.
    pub(super) fn first_items(&self) -> Vec<Spot<'a>> {
        let keyword = match self.keyword("items") {
            Some(Value::Array(_)) => "items",
            _ => "prefixItems",
        };
        let spot = self.spot(keyword);
        let items = spot.schema.as_array().into_iter().flatten().enumerate();
        items
            .map(|(index, schema)| Spot {
                schema,
                at: format!("{}[{index}]", spot.at),
            })
            .collect()
    }

    /// The paths that say something about a property: its schema, and whether it is required.
    pub(super) fn property_at(&self, name: &str) -> Vec<String> {
        let schema = self.properties.get(name).map(|spot| &spot.at);
        schema
            .into_iter()
            .chain(self.required.get(name).filter(|_| !self.is_unlisted(name)))
            .cloned()
            .collect()
    }

    /// The values listed by `enum` or `const`, as JSON.
    pub(super) fn values(&self) -> Option<BTreeSet<String>> {
        let list = match (self.keyword("const"), self.keyword("enum")) {
            (Some(value), _) => std::slice::from_ref(value),
            (None, Some(Value::Array(list))) => list,
            _ => return None,
        };
        Some(list.iter().map(Value::to_string).collect())
    }

    /// The types of the values, an `integer` beside every `number`.
    pub(super) fn types(&self) -> BTreeSet<&'a str> {
        if let Some(only) = self.only_type {
            return spread(only).collect();
        }
        match (
            self.keyword("type"),
            self.keyword("const"),
            self.keyword("enum"),
        ) {
            (Some(Value::String(name)), ..) => spread(name).collect(),
            (Some(Value::Array(names)), ..) => names
                .iter()
                .filter_map(Value::as_str)
                .flat_map(spread)
                .collect(),
            (_, Some(value), _) => type_of(value).collect(),
            (_, _, Some(Value::Array(values))) => values.iter().flat_map(type_of).collect(),
            _ => TYPES.into_iter().collect(),
        }
    }

    fn by_type(&self) -> Vec<Self> {
        let names = match self.keyword("type") {
            Some(Value::Array(names)) if names.len() > 1 && self.values().is_none() => names,
            _ => return vec![self.clone()],
        };
        let known = |name: &Value| TYPES.into_iter().find(|known| name.as_str() == Some(known));
        let only = |only| Self {
            only_type: Some(only),
            ..self.clone()
        };
        names.iter().filter_map(known).map(only).collect()
    }

    /// Whether no value fits both.
    pub(super) fn is_disjoint(&self, other: &Self) -> bool {
        let apart = |a: &Option<BTreeSet<String>>, b: &Option<BTreeSet<String>>| matches!((a, b), (Some(a), Some(b)) if a.is_disjoint(b));
        if self.is_never || other.is_never || self.types().is_disjoint(&other.types()) {
            return true;
        }
        if apart(&self.values(), &other.values()) {
            return true;
        }
        let is_object = |view: &Self| view.types().iter().all(|name| *name == "object");
        let marks = |name: &&'a str| {
            self.required.contains_key(*name)
                && other.required.contains_key(*name)
                && apart(&self.mark(name), &other.mark(name))
        };
        is_object(self) && is_object(other) && self.properties.keys().any(marks)
    }

    /// The values of a property that tells alternatives apart.
    fn mark(&self, property: &str) -> Option<BTreeSet<String>> {
        let schema = self.properties.get(property)?.schema;
        match (schema.get("const"), schema.get("enum")) {
            (Some(value), _) => Some(BTreeSet::from([value.to_string()])),
            (None, Some(Value::Array(values))) => {
                Some(values.iter().map(Value::to_string).collect())
            }
            _ => None,
        }
    }

    /// The alternative in few words.
    pub(super) fn describe(&self) -> String {
        let mark = |(name, _): (&&'a str, _)| {
            let values = self.mark(name).filter(|values| values.len() == 1)?;
            let value = values.into_iter().next()?;
            Some(format!(
                "{} with `{}: {}`",
                self.describe_type(),
                super::super::quote(name),
                super::super::quote(&value)
            ))
        };
        let marked = self.properties.iter().find_map(mark);
        marked.unwrap_or_else(|| self.describe_type())
    }

    /// The types in few words.
    pub(super) fn describe_type(&self) -> String {
        let types = self.types();
        if types.len() == TYPES.len() {
            return "anything".to_owned();
        }
        let is_implied = |name: &&str| **name == *"integer" && types.contains("number");
        let names = types.iter().copied().filter(|name| !is_implied(name));
        let names: Vec<String> = names
            .map(|name| format!("`{}`", super::super::quote(name)))
            .collect();
        match names.is_empty() {
            true => "nothing".to_owned(),
            false => names.join(" or "),
        }
    }
}

/// Whether `additionalProperties` refuses some.
fn closes(additional: Option<&Value>) -> bool {
    additional.is_some_and(|value| *value != Value::Bool(true))
}

/// A type, and the type that it includes.
fn spread(name: &str) -> impl Iterator<Item = &str> {
    let included = (name == "number").then_some("integer");
    std::iter::once(name).chain(included)
}

fn type_of(value: &Value) -> impl Iterator<Item = &'static str> {
    std::iter::once(match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    })
}

//! Templates: Handlebars, strict about missing variables.
//!
//! The `handlebars` crate parses; what it parses is checked and filled in here, because a prompt
//! needs guarantees that the crate's renderer does not give: a variable without a value is an
//! error wherever it stands, every error has its place in the file, and every input ends.
//!
//! - Nothing is escaped, and a value that holds `{{` is not expanded again.
//! - `{{x}}` prints texts, numbers and booleans as they are, lists and maps as compact JSON.
//! - A variable may be absent only in `{{default x "y"}}`, and as the condition of `{{#if}}`,
//!   `{{#unless}}`, `{{#each}}` and `{{#with}}` (also inside `and`, `or` and `not`) when the input
//!   schema declares it and does not require it. For a key inside a variable, such as
//!   `user.nick`, it is also enough that the schema lists no keys for `user`.
//! - Null counts as absent where text is wanted, and is false in a condition.
//! - False are: null, false, 0, and the empty text, list and map.
//! - `{{title}}` is always a variable; a helper has arguments.
//! - `@key` of a list is the index. `../` leaves `each`, `with` and a partial that was given
//!   values; `{{#if}}` opens no context.

mod budget;
mod build;
mod check;
mod compile;
mod compiler;
mod cut;
mod effective;
mod foreign;
mod helpers;
mod item;
mod jinja;
mod missing;
mod outline;
mod path;
mod plainness;
mod render;
mod scan;
pub(in crate::prompt) mod schema;
mod scope;
pub mod tree;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use self::check::Checker;
use self::compiler::{Compiler, Source};
use self::render::Renderer;
use self::schema::Schema;
use self::tree::{Body, Node};
use super::document::{Document, Object, Part, Role, Text};
use super::finding::{Finding, Span};
use super::placeholder;
use super::rendered::{MessageOrigin, RenderedAttachment, RenderedMessage, RenderedPart, Variable};
use super::weight::weight;

pub use self::build::BRACES;
pub use self::compile::parsed;
pub use self::effective::{Effective, effective, inlined, literals};
pub use self::foreign::{Foreign, foreign};
pub use self::helpers::{EXAMPLE_VALUES, HELPERS, Helper};
pub use self::plainness::{is_plain, is_plain_text};
pub use self::scan::{Inclusion, inclusions};

/// Partials by name, with all that they include themselves.
pub type Partials = BTreeMap<String, Partial>;

/// A shared fragment of templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial {
    /// The template.
    pub text: String,
    /// The file that holds it, for messages.
    pub path: String,
}

/// All partials that the templates of a document include, also through each other.
///
/// `read` gives the partial of a name, if there is one. Those that are missing are left out, and
/// each is read once, so that a circle ends.
///
/// # Errors
/// The first error of `read`.
pub fn gather<E>(
    document: &Document,
    mut read: impl FnMut(&str) -> Result<Option<Partial>, E>,
) -> Result<Partials, E> {
    let mut partials = Partials::new();
    let mut seen = BTreeSet::new();
    let mut wanted: Vec<Inclusion> = texts(document)
        .flat_map(|text| inclusions(&text.value))
        .collect();
    while let Some(inclusion) = wanted.pop() {
        if !seen.insert(inclusion.name.clone()) {
            continue;
        }
        if let Some(partial) = read(&inclusion.name)? {
            wanted.extend(inclusions(&partial.text));
            partials.insert(inclusion.name, partial);
        }
    }
    Ok(partials)
}

/// All texts of a document that are templates, in order.
fn texts(document: &Document) -> impl Iterator<Item = &Text> {
    document
        .own_messages()
        .flat_map(|message| &message.parts)
        .flat_map(|part| {
            let (first, second) = match part {
                Part::Text(text) => (text, None),
                Part::Image { source, .. } => (source.text(), None),
                Part::File { source, filename } => (source.text(), filename.as_ref()),
            };
            std::iter::once(first).chain(second)
        })
}

/// A place where a template uses a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The variable, such as `user`.
    pub name: String,
    /// What the template says, such as `user.name`.
    pub text: String,
    /// The partial's file; `None` in the prompt itself.
    pub path: Option<String>,
    /// The place in the file.
    pub position: Span,
    /// Whether rendering gets past this place without a value.
    pub is_guarded: bool,
    /// Whether the value itself is printed here, and no part of it.
    pub is_printed: bool,
    /// Whether a placeholder for messages uses it.
    pub is_placeholder: bool,
}

/// The templates of a prompt, parsed and checked.
#[derive(Debug)]
pub struct Compiled {
    messages: Vec<CompiledEntry>,
    partials: BTreeMap<String, Body>,
    sources: Vec<Source>,
    schema: Option<Value>,
    variables: Vec<Variable>,
    uses: Vec<Use>,
    warnings: Vec<Finding>,
}

#[derive(Debug)]
enum CompiledEntry {
    Message(CompiledMessage),
    Placeholder(Text),
}

#[derive(Debug)]
struct CompiledMessage {
    role: Role,
    is_plain: bool,
    parts: Vec<CompiledPart>,
}

#[derive(Debug)]
enum CompiledPart {
    Text(Body),
    Image(CompiledAttachment, Option<String>),
    File(CompiledAttachment, Option<Body>),
}

#[derive(Debug)]
struct CompiledAttachment {
    body: Body,
    make: fn(String) -> RenderedAttachment,
}

/// What is known of a prompt's templates without values: the same as [`Compiled`] knows, sooner.
#[derive(Debug)]
pub struct Outline(Compiled);

impl Outline {
    /// Checks every template of a document with its partials.
    ///
    /// # Errors
    /// The same findings as [`Compiled::new`].
    pub fn new(document: &Document, partials: &Partials) -> Result<Self, Vec<Finding>> {
        let compiler = Compiler {
            is_outline: true,
            ..Compiler::default()
        };
        Compiled::by(compiler, document, partials).map(Self)
    }

    /// See [`Compiled::variables`].
    pub fn variables(&self) -> &[Variable] {
        self.0.variables()
    }

    /// See [`Compiled::uses`].
    pub fn uses(&self) -> &[Use] {
        self.0.uses()
    }

    /// See [`Compiled::undeclared`].
    pub fn undeclared(&self) -> Vec<&Use> {
        self.0.undeclared()
    }

    /// See [`Compiled::unused`].
    pub fn unused(&self) -> Vec<&str> {
        self.0.unused()
    }

    /// See [`Compiled::warnings`].
    pub fn warnings(&self) -> &[Finding] {
        self.0.warnings()
    }
}

impl Compiled {
    /// Parses and checks every template of a document with its partials.
    ///
    /// # Errors
    /// All that is wrong, in the order of the files, warnings among them: syntax, missing and
    /// circular partials, unknown helpers, Jinja, and what is too large or too deep.
    pub fn new(document: &Document, partials: &Partials) -> Result<Self, Vec<Finding>> {
        Self::by(Compiler::default(), document, partials)
    }

    fn by(
        mut compiler: Compiler,
        document: &Document,
        partials: &Partials,
    ) -> Result<Self, Vec<Finding>> {
        let entries = document.messages.iter();
        let messages: Vec<CompiledEntry> = entries.map(|entry| compiler.entry(entry)).collect();
        let partials = compiler.partials(document, partials);
        let Compiler {
            sources,
            mut findings,
            ..
        } = compiler;

        let schema = document.input_schema.as_ref().map(Schema::new);
        let mut checker = Checker::new(&partials, &sources, schema);
        for entry in &messages {
            match entry {
                CompiledEntry::Message(message) => {
                    message.bodies().for_each(|body| checker.body(body));
                }
                CompiledEntry::Placeholder(variable) => checker.uses.push(Use::of(variable)),
            }
        }
        let Checker {
            uses,
            findings: more,
            ..
        } = checker;
        findings.extend(more);
        findings.sort_by(|a, b| (&a.path, a.span).cmp(&(&b.path, b.span)));
        if findings.iter().any(Finding::is_error) {
            return Err(findings);
        }
        Ok(Self {
            variables: variables(&uses, schema),
            messages,
            partials,
            sources,
            schema: document.input_schema.clone(),
            uses,
            warnings: findings,
        })
    }

    /// The variables that the templates use, in the order of their first use, then those that
    /// only the input schema declares.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Every use of a variable, in the order in which a reader meets it.
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// The first use of each variable that the input schema does not declare, if the schema
    /// declares any. What a placeholder stands for is always wanted there: nobody could tell its
    /// form otherwise.
    pub fn undeclared(&self) -> Vec<&Use> {
        let declared: HashSet<&str> = self.declared().into_iter().collect();
        let mut seen = BTreeSet::new();
        self.uses
            .iter()
            .filter(|one| one.is_placeholder || !declared.is_empty())
            .filter(|one| !declared.contains(one.name.as_str()))
            .filter(|one| seen.insert(one.name.as_str()))
            .collect()
    }

    /// The variables that the input schema declares and no template uses.
    pub fn unused(&self) -> Vec<&str> {
        let mut declared = self.declared();
        let used: HashSet<&str> = self.uses.iter().map(|one| one.name.as_str()).collect();
        declared.retain(|name| !used.contains(name));
        declared
    }

    fn declared(&self) -> Vec<&str> {
        let schema = self.schema.as_ref().map(Schema::new);
        schema
            .into_iter()
            .flat_map(Schema::properties)
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The names of the partials that the templates include from files, in order.
    pub fn partials(&self) -> impl Iterator<Item = &str> {
        self.partials.keys().map(String::as_str)
    }

    /// What looks wrong and does not stop the prompt from being used.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// Fills the templates in. `values` holds all values, defaults among them.
    ///
    /// # Errors
    /// A variable has no value, a helper cannot use its arguments, the text becomes too long, or a
    /// placeholder's variable holds something other than messages.
    pub fn render(&self, values: &Object) -> Result<Vec<RenderedMessage>, Finding> {
        let values = Value::Object(values.clone());
        let schema = self.schema.as_ref().map(Schema::new);
        let mut renderer = Renderer::new(&self.partials, &self.sources, &values, schema);
        let mut rendered = Vec::with_capacity(self.messages.len());
        for entry in &self.messages {
            match entry {
                CompiledEntry::Message(message) => rendered.push(message.render(&mut renderer)?),
                CompiledEntry::Placeholder(variable) => {
                    let at = Some(variable.origin.start);
                    let value = &values[&variable.value];
                    renderer.takes(value, &variable.origin)?;
                    rendered.extend(
                        placeholder::messages(&variable.value, value).map_err(|it| it.at(at))?,
                    );
                }
            }
        }
        Ok(rendered)
    }
}

impl Use {
    /// That of a placeholder, which takes what is absent for no messages.
    fn of(variable: &Text) -> Self {
        Self {
            name: variable.value.clone(),
            text: variable.value.clone(),
            path: None,
            position: variable.origin.start,
            is_guarded: true,
            is_printed: false,
            is_placeholder: true,
        }
    }
}

impl CompiledMessage {
    fn bodies(&self) -> impl Iterator<Item = &Body> {
        self.parts.iter().flat_map(|part| {
            let (first, second) = match part {
                CompiledPart::Text(body) => (body, None),
                CompiledPart::Image(source, _) => (&source.body, None),
                CompiledPart::File(source, name) => (&source.body, name.as_ref()),
            };
            std::iter::once(first).chain(second)
        })
    }

    fn render<'r>(&'r self, renderer: &mut Renderer<'r>) -> Result<RenderedMessage, Finding> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part {
                CompiledPart::Text(body) if self.role == Role::User => {
                    parts.extend(renderer.parts(body)?);
                }
                part => parts.push(part.render(renderer)?),
            }
        }
        let is_whole = matches!(parts.as_slice(), [RenderedPart::Text(_)]);
        Ok(RenderedMessage {
            role: self.role,
            is_plain: self.is_plain && is_whole,
            parts,
            stands: if self.is_fixed() {
                MessageOrigin::Fixed
            } else {
                MessageOrigin::Filled
            },
        })
    }

    /// Whether no value changes it.
    fn is_fixed(&self) -> bool {
        let mut nodes = self.bodies().flat_map(|body| &body.nodes);
        nodes.all(|node| matches!(node, Node::Text(_)))
    }
}

impl CompiledPart {
    fn render<'r>(&'r self, renderer: &mut Renderer<'r>) -> Result<RenderedPart, Finding> {
        Ok(match self {
            Self::Text(body) => RenderedPart::Text(renderer.text(body)?),
            Self::Image(source, detail) => RenderedPart::Image {
                source: (source.make)(renderer.text(&source.body)?),
                detail: detail.clone(),
            },
            Self::File(source, name) => RenderedPart::File {
                source: (source.make)(renderer.text(&source.body)?),
                filename: name.as_ref().map(|name| renderer.text(name)).transpose()?,
            },
        })
    }
}

/// The most that the defaults of all variables may take where they are shown, in bytes.
const MAX_DEFAULTS: usize = 10_000_000;

/// The variables used and declared.
fn variables(uses: &[Use], schema: Option<Schema<'_>>) -> Vec<Variable> {
    let used = uses.iter().map(|one| one.name.as_str());
    let declared = schema
        .into_iter()
        .flat_map(Schema::properties)
        .map(|(name, _)| name.as_str());
    let mut seen = BTreeSet::new();
    let needed: BTreeSet<&str> = uses
        .iter()
        .filter(|one| !one.is_guarded)
        .map(|one| one.name.as_str())
        .collect();
    let listed: HashSet<&str> = schema.map(Schema::required).unwrap_or_default();
    let mut left = MAX_DEFAULTS;
    used.chain(declared)
        .filter(|name| seen.insert(*name))
        .map(|name| {
            let property = schema.and_then(|schema| schema.property(name));
            let default = property.and_then(Schema::default);
            let is_required = listed.contains(name);
            // Many references may lead to one large default: it is known, and not shown each time.
            let shown = default.filter(|default| {
                let rest = left.checked_sub(weight(default, left));
                left = rest.unwrap_or_default();
                rest.is_some()
            });
            Variable {
                name: name.to_owned(),
                required: default.is_none() && (is_required || needed.contains(name)),
                kind: property.and_then(Schema::kind),
                default: shown.cloned(),
                description: property.and_then(Schema::description),
            }
        })
        .collect()
}

//! Functions that send what they are given, as other files call them.

use std::sync::LazyLock;

use regex::bytes::Regex;
use tree_sitter::Node;

use super::Gatherer;
use super::flow::makes_objects;
use super::replaced::Through;
use super::sending::{Far, Sending, Taken};
use super::together::Part;
use crate::scan::found::facts::Scope;
use crate::scan::found::language::Language;
use crate::scan::found::sinks;
use crate::scan::found::syntax::{Call, Expr, Parameter, value_of};
use crate::scan::found::value::Remark;
use crate::scan::found::{Confidence, FoundKind, Settable, Stands, Syntax};

/// A function that sends what it is given, as other files call it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrapper {
    /// What it is called: the class, where it makes the object of one.
    function: String,
    /// The class that it is a method of.
    class: Option<String>,
    /// Whether it, or its class, is what the file gives without a name.
    is_default: bool,
    /// Whether the file has it from another one by an import, and does not say that it gives it on.
    is_imported: bool,
    given: Vec<Given>,
    sdk: Option<&'static str>,
    syntax: Syntax,
    floor: usize,
    kind: FoundKind,
    confidence: Confidence,
    far: Far,
    /// Why it may do something else.
    doubts: Vec<String>,
}

/// A parameter that is sent.
#[derive(Debug, Clone, PartialEq)]
struct Given {
    parameter: String,
    place: Option<usize>,
    key: Option<String>,
    taken: Taken,
    /// What is sent where callers do not give it.
    default: Option<String>,
}

impl Wrapper {
    /// Whether a file may call it, by the words in it; or give it on, where others import that file.
    pub fn may_be_used_in(&self, bytes: &[u8], gives_on: bool) -> bool {
        let has = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
        let is_called = match self.class {
            // `client.ask(…)`, `client["ask"](…)`
            Some(_) => ['.', '"', '\'']
                .iter()
                .any(|mark| has(&format!("{mark}{}", self.function))),
            None => self.is_default || has(&self.function),
        };
        let is_named = self.is_default || has(self.head()) || has("import *");
        is_named && is_called || gives_on && (is_named || has("export *"))
    }

    /// Whether a file of this name gives it to others: what is imported, a file that stands for its
    /// folder does.
    pub fn is_given_by(&self, path: &str) -> bool {
        !self.is_imported || stands_for_folder(path)
    }

    /// What a file gives that another one names: the class, or the function itself.
    fn head(&self) -> &str {
        self.class.as_ref().unwrap_or(&self.function)
    }

    /// Whether it is what another file names so.
    fn is_named(&self, item: &str) -> bool {
        self.head() == item || (self.is_default && item == "default")
    }
}

/// Whether a file stands for the folder that it is in.
pub fn stands_for_folder(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    file == "__init__.py" || file.starts_with("index.")
}

/// What the modules that a file imports send of what they are given: asked by the name of a module.
pub type Wrappers<'w> = &'w dyn Fn(&str) -> Vec<Wrapper>;

impl<'t> Gatherer<'_, 't> {
    /// Remembers that what callers give here is sent, where another file may call it.
    pub(super) fn note_wrapper(
        &mut self,
        function: usize,
        given: &[(Parameter<'t>, Taken)],
        sending: &Sending<'t>,
    ) {
        let scope = &self.facts.scopes[function];
        let class = self.facts.class_of(function);
        let outer = &self.facts.scopes[class.unwrap_or(function)];
        let (Some(name), Some(head), Some(node), 0) =
            (scope.name, outer.name, outer.node, outer.parent)
        else {
            return;
        };
        let far = sending.far.clone().unwrap_or_else(|| Far {
            model: value_of(&sending.settings, sinks::MODEL_KEYS)
                .and_then(|given| self.reader.model(given)),
            parameters: sinks::SETTINGS
                .iter()
                .filter_map(|key| {
                    let given = value_of(&sending.settings, &[key])?;
                    Some(((*key).to_owned(), self.reader.setting(given)?))
                })
                .collect(),
        });
        let is_default = node
            .parent()
            .is_some_and(|above| self.file.word(above).starts_with("export default"));
        let given = given.iter().map(|(parameter, taken)| Given {
            parameter: parameter.name.to_owned(),
            place: parameter.place,
            key: parameter.key.map(str::to_owned),
            taken: *taken,
            default: parameter.default.and_then(|it| self.reader.exact(it)),
        });
        let is_method = class.is_some() && !makes_objects(name);
        let own = self.replaced(function);
        let doubts = self.through.unsure.iter().chain(&own);
        let wrapper = Wrapper {
            function: if is_method { name } else { head }.to_owned(),
            class: is_method.then(|| head.to_owned()),
            is_default,
            is_imported: false,
            given: given.collect(),
            sdk: sending.sdk,
            syntax: sending.syntax,
            floor: sending.floor,
            kind: sending.kind,
            confidence: sending.confidence,
            far,
            doubts: doubts.map(|it| it.words.clone()).collect(),
        };
        if !self.wrappers.contains(&wrapper) {
            self.wrappers.push(wrapper);
        }
    }

    /// What is given to functions of other files that send it.
    pub(super) fn far_calls(&mut self, known: Wrappers<'_>) {
        let classes = self.far_classes(known);
        for node in &self.facts.calls {
            let Some(call) = self.file.call(*node) else {
                continue;
            };
            if let Some((module, item)) = self.origin(call.callee) {
                for wrapper in known(&module) {
                    if wrapper.class.is_none() && wrapper.is_named(&item) {
                        self.far_call(*node, &call, &wrapper, &module);
                    }
                }
            }
            for (class, module, wrapper) in &classes {
                if self.is_method(&call, class, wrapper) {
                    self.far_call(*node, &call, wrapper, module);
                }
            }
        }
        self.pass_on(known);
    }

    /// The classes that the file takes from others, as it calls them, with the modules that give them
    /// and what they send.
    fn far_classes(&self, known: Wrappers<'_>) -> Vec<(String, &'t str, Wrapper)> {
        let mut all = Vec::new();
        for (name, origin) in &self.facts.origins {
            for wrapper in known(origin.module) {
                let class = match origin.item {
                    Some(item) if wrapper.is_named(item) => (*name).to_owned(),
                    None => wrapper.head().to_owned(),
                    Some(_) => continue,
                };
                all.push((class, origin.module, wrapper));
            }
        }
        all
    }

    /// Whether a call is that of a method of a class from another file, by its name; or makes an object
    /// of a class of this file that is made from that one.
    fn is_method(&self, call: &Call<'t>, class: &str, wrapper: &Wrapper) -> bool {
        let is_below = || {
            let scope = self.facts.scope_at(call.callee.start_byte());
            let around = std::iter::successors(Some(scope), |scope| {
                (*scope > 0).then(|| self.facts.scopes[*scope].parent)
            });
            let mut classes = around.filter(|it| self.facts.scopes[*it].is_class);
            let node = classes.next().and_then(|it| self.facts.scopes[it].node);
            node.is_some_and(|node| self.file.bases(node).contains(&class))
        };
        let Expr::Member(object, method) = self.file.expr(call.callee) else {
            // `super("You are …")`
            return wrapper.class.is_none() && self.file.word(call.callee) == "super" && is_below();
        };
        if wrapper.class.is_none() {
            return makes_objects(method) && is_below();
        }
        let word = self.file.word(object);
        let is_own = self.file.traits().own_objects.contains(&word) || word.starts_with("super");
        method == wrapper.function
            && match is_own {
                true => is_below(),
                false => self.may_be_of(object, class),
            }
    }

    /// Whether an object may be of a class: the code does not say that it is of another one.
    fn may_be_of(&self, object: Node<'t>, class: &str) -> bool {
        let mut made = object;
        if let Expr::Name(name) = self.file.expr(object) {
            if self.facts.origins.contains_key(name)
                && self.reader.names.is_from_outside(name, object.start_byte())
            {
                return name == class;
            }
            match self.reader.names.bound(name, object) {
                Some(bound) => made = bound.value,
                None => return true,
            }
        }
        let Expr::Call(call) = self.file.expr(made) else {
            return true;
        };
        let path = self.file.path(call.callee);
        let Some(maker) = path.last().filter(|it| it.starts_with(char::is_uppercase)) else {
            return true;
        };
        let is_below = |scope: &Scope<'t>| {
            let bases = scope.node.map(|node| self.file.bases(node));
            scope.is_class
                && scope.name == Some(*maker)
                && bases.is_some_and(|it| it.contains(&class))
        };
        *maker == class || self.facts.scopes.iter().any(is_below)
    }

    /// What the file gives on that other files send: `from .llm import ask`, `export * from "./llm"`.
    fn pass_on(&mut self, known: Wrappers<'_>) {
        let imported = self.facts.origins.iter();
        let imported = imported.map(|(name, origin)| (*name, *origin, true));
        let given = self.facts.given_on.iter();
        let given = given.map(|(name, origin)| (*name, *origin, false));
        let mut all = Vec::new();
        for (name, origin, is_imported) in imported.chain(given) {
            let Some(item) = origin.item else { continue };
            let wrappers = known(origin.module).into_iter();
            all.extend(wrappers.filter_map(|wrapper| {
                let is_all = item == "*";
                (is_all || wrapper.is_named(item)).then(|| {
                    let mut wrapper = wrapper;
                    wrapper.is_imported = is_imported;
                    if !is_all {
                        wrapper.is_default = name == "default";
                        *wrapper.class.as_mut().unwrap_or(&mut wrapper.function) = name.to_owned();
                    }
                    wrapper
                })
            }));
        }
        for wrapper in all {
            if !self.wrappers.contains(&wrapper) {
                self.wrappers.push(wrapper);
            }
        }
    }

    fn far_call(&mut self, node: Node<'t>, call: &Call<'t>, wrapper: &Wrapper, module: &str) {
        let doubts = wrapper.doubts.iter();
        let unsure = doubts.map(|why| Remark::new(node, format!("`{}`: {why}", wrapper.function)));
        self.through = Through {
            unsure: unsure.collect(),
            relied: vec![Settable {
                name: wrapper.function.clone(),
                owner: wrapper.class.clone(),
                module: Some(module.to_owned()),
                line: node.start_position().row + 1,
            }],
        };
        let sending = Sending {
            sdk: wrapper.sdk,
            syntax: wrapper.syntax,
            floor: wrapper.floor,
            kind: wrapper.kind,
            confidence: wrapper.confidence,
            settings: Vec::new(),
            far: Some(wrapper.far.clone()),
        };
        let given = wrapper.given.iter().map(|it| {
            let sought = (it.parameter.as_str(), it.place, it.key.as_deref());
            self.argument(&call.arguments, sought)
        });
        let given: Vec<Option<Node<'t>>> = given.collect();
        match (wrapper.given.as_slice(), given.as_slice()) {
            ([one], [given]) => {
                if let Some(given) = given {
                    self.land(*given, Stands::Given, one.taken, &sending, 1);
                }
            }
            (all, _) => {
                let parts = all.iter().zip(given).map(|(it, given)| Part {
                    taken: it.taken,
                    given,
                    default: it.default.clone(),
                });
                self.land_together(node, parts.collect(), &sending, 1);
            }
        }
        self.through = Through::default();
    }
}

/// What names modules in scripts: `from "m"`, `require("m")`.
static SCRIPT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = regex::bytes::RegexBuilder::new(
        r#"\b(?:from|(?:require|import)\s*\()\s*["']([^"'\n]+)["']"#,
    )
    .unicode(false)
    .build();
    pattern.ok()
});

/// The modules that a file may import, by a cheap look at it.
pub(in crate::scan::found) fn imported_modules(bytes: &[u8], language: Language) -> Vec<String> {
    let word = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !language.traits().has_packages {
        let all = SCRIPT.as_ref().map(|it| it.captures_iter(bytes));
        return all.into_iter().flatten().map(|it| word(&it[1])).collect();
    }
    let mut all = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
        let line = bytes[at..end].trim_ascii_start();
        let start = end - line.len();
        at = end + 1;
        if let Some(names) = line.strip_prefix(b"import ") {
            let first = |name: &str| name.split_whitespace().next().map(str::to_owned);
            all.extend(word(names).split(',').filter_map(first));
        } else if line.starts_with(b"from ")
            && let Some(import) = memchr::memmem::find(line, b" import ")
        {
            let module = word(line["from ".len()..import.max("from ".len())].trim_ascii());
            let items = start + import + " import ".len();
            // Several lines, in brackets.
            let items = match memchr::memchr(b'(', &bytes[items..end]) {
                None => &bytes[items..end],
                Some(open) => {
                    let inside = &bytes[items + open + 1..];
                    &inside[..memchr::memchr(b')', inside).unwrap_or(inside.len())]
                }
            };
            let dot = if module.ends_with('.') { "" } else { "." };
            for item in word(items).split([',', '\n']) {
                let item = item.split_whitespace().next().unwrap_or_default();
                if !item.is_empty() && !item.starts_with('#') {
                    all.push(format!("{module}{dot}{item}"));
                }
            }
            all.push(module);
        }
    }
    all
}

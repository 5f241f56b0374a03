//! Functions that send what they are given, as other files call them.

use std::sync::LazyLock;

use regex::bytes::Regex;
use tree_sitter::Node;

use super::Gatherer;
use super::sending::{Far, Sending, Taken};
use crate::scan::found::language::Language;
use crate::scan::found::sinks;
use crate::scan::found::syntax::{Parameter, value_of};
use crate::scan::found::{Confidence, FoundKind, Stands, Syntax};

/// A parameter of a function that a call sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrapper {
    function: String,
    /// Whether it is what the file gives without a name.
    is_default: bool,
    parameter: String,
    place: Option<usize>,
    key: Option<String>,
    taken: Taken,
    sdk: Option<&'static str>,
    syntax: Syntax,
    floor: usize,
    kind: FoundKind,
    confidence: Confidence,
    far: Far,
}

impl Wrapper {
    /// Whether a file says its name, or may give it another one.
    pub fn may_be_called_in(&self, bytes: &[u8]) -> bool {
        self.is_default || memchr::memmem::find(bytes, self.function.as_bytes()).is_some()
    }
}

/// What the modules that a file imports send of what they are given: asked by the name of a module.
pub type Wrappers<'w> = &'w dyn Fn(&str) -> Vec<Wrapper>;

impl<'t> Gatherer<'_, 't> {
    /// Remembers that what callers give here is sent, where another file may call it.
    pub(super) fn note_wrapper(
        &mut self,
        function: usize,
        parameter: &Parameter<'t>,
        taken: Taken,
        sending: &Sending<'t>,
    ) {
        let scope = &self.facts.scopes[function];
        let (Some(name), Some(node), 0) = (scope.name, scope.node, scope.parent) else {
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
        let wrapper = Wrapper {
            function: name.to_owned(),
            is_default,
            parameter: parameter.name.to_owned(),
            place: parameter.place,
            key: parameter.key.map(str::to_owned),
            taken,
            sdk: sending.sdk,
            syntax: sending.syntax,
            floor: sending.floor,
            kind: sending.kind,
            confidence: sending.confidence,
            far,
        };
        if !self.wrappers.contains(&wrapper) {
            self.wrappers.push(wrapper);
        }
    }

    /// What is given to functions of other files that send it.
    pub(super) fn far_calls(&mut self, known: Wrappers<'_>) {
        for node in &self.facts.calls {
            let Some(call) = self.file.call(*node) else {
                continue;
            };
            let Some((module, item)) = self.origin(call.callee) else {
                continue;
            };
            let of_module = known(&module);
            let is_it = |it: &&Wrapper| it.function == item || (it.is_default && item == "default");
            for wrapper in of_module.iter().filter(is_it) {
                let given = self.argument(
                    &call.arguments,
                    (
                        wrapper.parameter.as_str(),
                        wrapper.place,
                        wrapper.key.as_deref(),
                    ),
                );
                if let Some(given) = given {
                    self.far_call(given, wrapper);
                }
            }
        }
    }

    fn far_call(&mut self, given: Node<'t>, wrapper: &Wrapper) {
        let sending = Sending {
            sdk: wrapper.sdk,
            syntax: wrapper.syntax,
            floor: wrapper.floor,
            kind: wrapper.kind,
            confidence: wrapper.confidence,
            settings: Vec::new(),
            far: Some(wrapper.far.clone()),
        };
        self.land(given, Stands::Given, wrapper.taken, &sending, 1);
    }
}

/// What names modules in scripts: `from "m"`.
static SCRIPT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = regex::bytes::RegexBuilder::new(r#"\bfrom\s*["']([^"'\n]+)["']"#)
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

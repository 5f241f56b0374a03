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

/// What names modules: `from m import a, b`, `import m`, `from "m"`.
struct Imports {
    from: Regex,
    whole: Regex,
    script: Regex,
}

static IMPORTS: LazyLock<Option<Imports>> = LazyLock::new(|| {
    Some(Imports {
        from: Regex::new(
            r"(?m)^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(?:\(([^)]*)\)|([^\n]*))",
        )
        .ok()?,
        whole: Regex::new(r"(?m)^[ \t]*import[ \t]+([\w., \t]+)").ok()?,
        script: Regex::new(r#"\bfrom\s*["']([^"'\n]+)["']"#).ok()?,
    })
});

/// The modules that a file may import, by a cheap look at it.
pub(in crate::scan::found) fn imported_modules(bytes: &[u8], language: Language) -> Vec<String> {
    let Some(imports) = IMPORTS.as_ref() else {
        return Vec::new();
    };
    let word = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut all = Vec::new();
    if !language.traits().has_packages {
        all.extend(imports.script.captures_iter(bytes).map(|it| word(&it[1])));
        return all;
    }
    for found in imports.from.captures_iter(bytes) {
        let module = word(&found[1]);
        let dot = if module.ends_with('.') { "" } else { "." };
        let items = found.get(2).or(found.get(3)).map(|it| word(it.as_bytes()));
        for item in items.unwrap_or_default().split([',', '\n']) {
            let item = item.split_whitespace().next().unwrap_or_default();
            if !item.is_empty() && !item.starts_with('#') {
                all.push(format!("{module}{dot}{item}"));
            }
        }
        all.push(module);
    }
    for found in imports.whole.captures_iter(bytes) {
        let names = word(&found[1]);
        let first = |name: &str| name.split_whitespace().next().map(str::to_owned);
        all.extend(names.split(',').filter_map(first));
    }
    all
}

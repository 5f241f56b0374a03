//! The languages that are parsed, and all in which they differ.
//!
//! One row each: a language that leaves a question open does not compile. By hand besides: the kinds
//! of nodes, which `syntax`, `facts` and `names` name (a test holds that a grammar has each), the
//! words of the sieve, and the names of libraries and calls in `sinks`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::num::NonZeroU16;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use tree_sitter::{Node, ParseOptions, Parser, Tree};

use super::modules;

/// How many steps of the parser a byte may take, beside a fixed number: real code takes less than
/// one in a hundred, hostile text takes any number.
const CHECKS_A_BYTE: usize = 1;
const FEWEST_CHECKS: usize = 20_000;

/// How many indentations a file may have that differ. The grammar of Python keeps those that are open
/// in 1,024 bytes, two each, beside what it keeps of texts: with more it ends the program.
const MOST_INDENTATIONS: usize = 350;

/// A language that is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Python,
    /// JavaScript, with markup or without.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// TypeScript with markup.
    Tsx,
}

/// How texts are written between quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// With prefixes, in three quotes or one: `rf"…{x}"`.
    Python,
    /// In quotes and in backticks: `…${x}`.
    Script,
}

/// What `dedent` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dedent {
    /// What `textwrap.dedent` does: the margin goes, the line ends stay.
    Textwrap,
    /// What the tags of several libraries do, as far as they agree.
    Tags,
}

/// What the kinds of nodes and their fields are called, by their numbers: a node that is asked spells
/// its own each time.
pub(super) struct Spelled {
    kinds: Vec<&'static str>,
    fields: Vec<&'static str>,
    /// The fields by their names, in the order of those.
    ids: Vec<(&'static str, u16)>,
}

impl Spelled {
    fn of(grammar: &tree_sitter::Language) -> Self {
        let kinds = 0..u16::try_from(grammar.node_kind_count()).unwrap_or(u16::MAX);
        let fields = 0..=u16::try_from(grammar.field_count()).unwrap_or(u16::MAX);
        let field = |id| grammar.field_name_for_id(id).unwrap_or_default();
        let mut ids: Vec<(&'static str, u16)> = fields.clone().map(|id| (field(id), id)).collect();
        ids.sort_unstable();
        Self {
            ids,
            kinds: kinds
                .map(|id| grammar.node_kind_for_id(id).unwrap_or_default())
                .collect(),
            fields: fields.map(field).collect(),
        }
    }

    pub(super) fn kind(&self, node: Node<'_>) -> &'static str {
        match self.kinds.get(usize::from(node.kind_id())) {
            Some(kind) => kind,
            // What could not be parsed has a number of its own.
            None => node.kind(),
        }
    }

    /// The part of a node that is called so.
    pub(super) fn child<'t>(&self, node: Node<'t>, field: &str) -> Option<Node<'t>> {
        let index = self
            .ids
            .binary_search_by_key(&field, |(name, _)| name)
            .ok()?;
        node.child_by_field_id(self.ids[index].1)
    }

    /// What a node is called that is this field of the one around it.
    pub(super) fn field(&self, id: Option<NonZeroU16>) -> Option<&'static str> {
        self.fields.get(usize::from(id?.get())).copied()
    }
}

/// Whether a word is what methods of some language call their object.
pub fn is_own_object(word: &str) -> bool {
    [&PYTHON, &TSX]
        .iter()
        .any(|traits| traits.own_objects.contains(&word))
}

/// All in which languages that are parsed differ.
pub(super) struct Traits {
    grammar: fn() -> tree_sitter::Language,
    pub(super) spelled: &'static LazyLock<Spelled>,
    /// Whether indentation says what belongs together.
    is_indented: bool,
    /// How lines begin that are comments.
    pub(super) comments: &'static [&'static str],
    pub(super) quotes: Quotes,
    pub(super) dedent: Dedent,
    /// The functions that do so, each with the modules that give it.
    pub(super) dedents: &'static [(&'static str, &'static [&'static str])],
    /// What methods take away from the ends of a text.
    pub(super) is_blank: fn(char) -> bool,
    /// The files that a module may be which one in a folder imports.
    pub(super) modules: fn(&str, &str) -> Vec<String>,
    /// Whether other files can give the names of a module other values.
    pub(super) modules_are_open: bool,
    /// Whether what a module gives may be a module.
    pub(super) has_packages: bool,
    /// Whether `%` fills a text in.
    pub(super) fills_in_by_percent: bool,
    /// Whether `format` of a text fills it in.
    pub(super) fills_in_by_format: bool,
    /// Whether `+` puts lists together.
    pub(super) adds_lists: bool,
    /// Whether `join` is a method of what stands between.
    pub(super) joins_by_separator: bool,
    /// Whether `replace` takes all places, and what it puts there as it stands.
    pub(super) replaces_all: bool,
    /// Whether arguments have names, none of which may be given twice.
    pub(super) names_arguments: bool,
    /// Whether a name in the place of a key is the key.
    pub(super) keys_are_names: bool,
    /// Whether blocks have names of their own.
    pub(super) has_block_scopes: bool,
    /// Whether functions do not see the names of the class that they stand in.
    pub(super) hides_class_names: bool,
    /// Whether a class is a scope of what is declared in it, however that is declared.
    pub(super) classes_are_scopes: bool,
    /// Whether a name is declared by giving it a value.
    pub(super) assigning_declares: bool,
    /// Whether a name that has no value yet ends the program.
    pub(super) needs_values: bool,
    /// The words by which a method names its object where it lists what it is given.
    pub(super) own_objects: &'static [&'static str],
    /// Whether a member with a type is what callers give.
    pub(super) has_typed_fields: bool,
    /// Whether letters that look like others are those, in names.
    pub(super) folds_names: bool,
    /// Whether `with` changes what names mean.
    pub(super) has_dynamic_with: bool,
}

static PYTHON: Traits = Traits {
    grammar: || tree_sitter_python::LANGUAGE.into(),
    spelled: {
        static SPELLED: LazyLock<Spelled> =
            LazyLock::new(|| Spelled::of(&tree_sitter_python::LANGUAGE.into()));
        &SPELLED
    },
    is_indented: true,
    comments: &["#"],
    quotes: Quotes::Python,
    dedent: Dedent::Textwrap,
    dedents: &[("dedent", &["textwrap"])],
    is_blank: |letter| letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter),
    modules: modules::of_python,
    modules_are_open: true,
    has_packages: true,
    fills_in_by_percent: true,
    fills_in_by_format: true,
    adds_lists: true,
    joins_by_separator: true,
    replaces_all: true,
    names_arguments: true,
    keys_are_names: false,
    has_block_scopes: false,
    hides_class_names: true,
    classes_are_scopes: true,
    assigning_declares: true,
    needs_values: true,
    own_objects: &["self", "cls"],
    has_typed_fields: true,
    folds_names: true,
    has_dynamic_with: false,
};

const TYPESCRIPT: Traits = Traits {
    grammar: || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    spelled: {
        static SPELLED: LazyLock<Spelled> =
            LazyLock::new(|| Spelled::of(&tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into()));
        &SPELLED
    },
    is_indented: false,
    comments: &["//", "*", "/*"],
    quotes: Quotes::Script,
    dedent: Dedent::Tags,
    dedents: &[
        ("dedent", &["dedent", "ts-dedent", "dedent-js"]),
        ("stripIndent", &["common-tags", "strip-indent"]),
        ("outdent", &["outdent"]),
    ],
    is_blank: |letter| (letter.is_whitespace() && letter != '\u{85}') || letter == '\u{feff}',
    modules: modules::of_script,
    modules_are_open: false,
    has_packages: false,
    fills_in_by_percent: false,
    fills_in_by_format: false,
    adds_lists: false,
    joins_by_separator: false,
    replaces_all: false,
    names_arguments: false,
    keys_are_names: true,
    has_block_scopes: true,
    hides_class_names: false,
    classes_are_scopes: false,
    assigning_declares: false,
    needs_values: false,
    own_objects: &["this"],
    has_typed_fields: false,
    folds_names: false,
    has_dynamic_with: true,
};

/// Its grammar reads JavaScript, too.
static TSX: Traits = Traits {
    grammar: || tree_sitter_typescript::LANGUAGE_TSX.into(),
    spelled: {
        static SPELLED: LazyLock<Spelled> =
            LazyLock::new(|| Spelled::of(&tree_sitter_typescript::LANGUAGE_TSX.into()));
        &SPELLED
    },
    ..TYPESCRIPT
};

impl Language {
    /// In what it differs.
    pub(super) fn traits(self) -> &'static Traits {
        match self {
            Self::Python => &PYTHON,
            Self::TypeScript => &TYPESCRIPT,
            Self::JavaScript | Self::Tsx => &TSX,
        }
    }

    /// The tree of a text.
    ///
    /// # Errors
    /// Why there is none, in words that follow the name of the file.
    pub(super) fn parse(self, text: &str) -> Result<Tree, &'static str> {
        const MORE: &str = "takes more work to parse than code does";
        let mut parser = Parser::new();
        let is_known = parser.set_language(&(self.traits().grammar)());
        is_known.map_err(|_| "is of a language that cannot be parsed")?;
        let bytes = text.as_bytes();
        if self.traits().is_indented && indentations(bytes) > MOST_INDENTATIONS {
            return Err("is indented deeper than is followed");
        }
        let calm = if self.traits().is_indented {
            calm(bytes).ok_or(MORE)?
        } else {
            Cow::Borrowed(bytes)
        };
        let bytes = calm.as_ref();
        let mut left = FEWEST_CHECKS + bytes.len() * CHECKS_A_BYTE;
        let mut check = |_: &tree_sitter::ParseState| match left.checked_sub(1) {
            Some(less) => {
                left = less;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        };
        let options = ParseOptions::new().progress_callback(&mut check);
        let mut read = |at: usize, _| bytes.get(at..).unwrap_or_default();
        let tree = parser.parse_with_options(&mut read, None, Some(options));
        tree.ok_or(MORE)
    }
}

/// So many lines of comments may follow each other, before the grammar takes long: it looks at all that
/// are left for each of them.
const FEW_COMMENTS: usize = 200;
const MOST_COMMENTS: usize = 5_000;

/// The text without most lines of a very long comment, whose places stay as they are; none where too
/// many would be left.
fn calm(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut calm = Cow::Borrowed(bytes);
    let (mut run, mut kept, mut at) = (0, 0, 0);
    for line in bytes.split_inclusive(|it| *it == b'\n') {
        let start = at;
        at += line.len();
        let inside = line.trim_ascii();
        if !inside.starts_with(b"#") {
            if !inside.is_empty() {
                (run, kept) = (0, 0);
            }
            continue;
        }
        run += 1;
        // In a text it is no comment, and what ends the text stays.
        let is_plain = !inside.iter().any(|it| b"\"'{}\\".contains(it))
            && memchr::memmem::find(inside, b"promptctl").is_none();
        if run <= FEW_COMMENTS || !is_plain {
            kept += 1;
            if kept > MOST_COMMENTS {
                return None;
            }
        } else {
            let end = start + line.trim_ascii_end().len();
            calm.to_mut()[start..end].fill(b' ');
        }
    }
    Some(calm)
}

/// How many indentations of a text differ: no fewer than are open at once, whatever stands in texts
/// and brackets. Blanks count as the grammar counts them.
fn indentations(bytes: &[u8]) -> usize {
    let mut all = HashSet::new();
    let mut at = 0;
    while let Some(end) = memchr::memchr(b'\n', &bytes[at..]) {
        at += end + 1;
        let mut width = 0_usize;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b' ' => width += 1,
                b'\t' => width += 8,
                b'\r' | b'\x0c' => width = 0,
                // A line that goes on.
                b'\\' if bytes[at + 1..].starts_with(b"\n") => at += 1,
                b'\\' if bytes[at + 1..].starts_with(b"\r\n") => at += 2,
                _ => break,
            }
            at += 1;
        }
        all.insert(width);
    }
    all.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_as_long_as_a_file_keeps_its_places() {
        let lines = |line: &str, count: usize| format!("{line}\n").repeat(count);
        let text = format!("x = 1\n{}y = 2\n", lines("  # ü", 1000));
        let calm = calm(text.as_bytes()).unwrap();
        assert_eq!(calm.len(), text.len());
        assert!(calm.ends_with(b"\n      \ny = 2\n"));
        assert_eq!(calm.iter().filter(|it| **it == b'#').count(), FEW_COMMENTS);
        let tree = Language::Python.parse(&text).unwrap();
        assert_eq!(tree.root_node().end_position().row, 1002);
        // What may end a text stays, and is parsed as far as that is quick.
        assert!(Language::Python.parse(&lines("# it's", 1000)).is_ok());
        assert!(Language::Python.parse(&lines("# it's", 6000)).is_err());
    }

    #[test]
    fn every_kind_of_node_that_is_named_is_one_of_a_grammar() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scan/found");
        let files = [
            "facts.rs",
            "syntax.rs",
            "syntax/around.rs",
            "syntax/function.rs",
            "syntax/text.rs",
            "names.rs",
            "names/collect.rs",
            "names/flows.rs",
            "names/sure.rs",
            "names/uses.rs",
        ];
        let grammars: Vec<tree_sitter::Language> =
            [&PYTHON, &TYPESCRIPT, &TSX].map(|it| (it.grammar)()).into();
        let is_known = |word: &str| {
            grammars.iter().any(|grammar| {
                grammar.id_for_node_kind(word, true) > 0
                    || grammar.field_id_for_name(word).is_some()
            })
        };
        let quoted = regex::Regex::new("\"([a-z]+(?:_[a-z]+)+)\"").unwrap();
        let mut seen = 0;
        let mut unknown = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            for found in quoted.captures_iter(&text) {
                seen += 1;
                // A call that a test of that file makes.
                if !is_known(&found[1]) && &found[1] != "generate_content" {
                    unknown.push(format!("{file}: {}", &found[1]));
                }
            }
        }
        assert!(seen > 50, "{seen}");
        assert_eq!(unknown, Vec::<String>::new());
    }
}

//! Classes of other files that are made from one, and may give its objects another text.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::targets::object_of;

/// How much of the head of a class is read.
const LONGEST_HEAD: usize = 2_000;

/// Bases that give nothing.
const EMPTY_BASES: [&str; 4] = ["object", "ABC", "Generic", "Protocol"];

/// A class of a file, or another name that a file has for one.
pub(super) struct Class {
    /// The file, by its number.
    file: usize,
    name: String,
    bases: Vec<String>,
    /// What is sought that it gives its objects.
    gives: BTreeSet<String>,
    is_alias: bool,
}

/// The classes of some files that are made from others, and what they give.
pub(super) struct Classes {
    files: Vec<String>,
    all: Vec<Class>,
    /// Which of them are called so, are made from one that is, and give what is called so.
    named: HashMap<String, Vec<usize>>,
    below: HashMap<String, Vec<usize>>,
    giving: HashMap<String, Vec<usize>>,
}

impl Classes {
    /// Those that were found in some files.
    pub(super) fn of(files: Vec<String>, all: Vec<Class>) -> Self {
        let mut classes = Self {
            files,
            all,
            named: HashMap::new(),
            below: HashMap::new(),
            giving: HashMap::new(),
        };
        for (index, class) in classes.all.iter().enumerate() {
            classes
                .named
                .entry(class.name.clone())
                .or_default()
                .push(index);
            for base in &class.bases {
                classes.below.entry(base.clone()).or_default().push(index);
            }
            for item in &class.gives {
                classes.giving.entry(item.clone()).or_default().push(index);
            }
        }
        classes
    }

    /// The file with a class that is made from this one, or that such a class is made from besides,
    /// and gives this. What the file of the class itself says is known.
    pub(super) fn other(
        &self,
        (owner, module): (&str, &str),
        item: &str,
        home: &str,
    ) -> Option<&str> {
        let giving = self.giving.get(item).into_iter().flatten();
        let giving = giving.map(|index| &self.all[*index]);
        let giving: Vec<&Class> = giving.filter(|it| self.files[it.file] != home).collect();
        if giving.is_empty() {
            return None;
        }
        let below = self.made_from((owner, module), home);
        let mut others: BTreeSet<&str> = below.clone();
        let mut left: Vec<&str> = below.into_iter().collect();
        while let Some(name) = left.pop() {
            for class in self.those(&self.named, name) {
                let bases = class.bases.iter().map(String::as_str);
                for base in bases.filter(|it| *it != owner && !EMPTY_BASES.contains(it)) {
                    if others.insert(base) {
                        left.push(base);
                    }
                }
            }
        }
        let found = giving
            .into_iter()
            .find(|class| others.contains(class.name.as_str()));
        found.map(|class| self.files[class.file].as_str())
    }

    /// The names of the classes that are made from one of a module, in any way.
    pub(super) fn made_from<'c>(
        &'c self,
        (owner, module): (&'c str, &'c str),
        home: &str,
    ) -> BTreeSet<&'c str> {
        let mut known = BTreeSet::new();
        let mut left = vec![owner, module];
        // A file that has another class of that name means its own.
        let means_another = |class: &Class| {
            let is_other =
                |it: &Class| it.file == class.file && !it.is_alias && !std::ptr::eq(it, class);
            self.files[class.file] != home && self.those(&self.named, owner).any(is_other)
        };
        while let Some(name) = left.pop() {
            for class in self.those(&self.below, name) {
                let is_made = match name {
                    name if name == owner => !means_another(class),
                    // `import Base from "./agent"`
                    name if name == module => class.is_alias,
                    _ => true,
                };
                let is_itself = class.name == owner && self.files[class.file] == home;
                if is_made && !is_itself && known.insert(class.name.as_str()) {
                    left.push(&class.name);
                }
            }
        }
        known
    }

    fn those<'c>(
        &'c self,
        index: &'c HashMap<String, Vec<usize>>,
        name: &str,
    ) -> impl Iterator<Item = &'c Class> {
        let all = index.get(name).into_iter().flatten();
        all.map(|index| &self.all[*index])
    }
}

/// Which classes are looked for in files.
pub(super) struct Search {
    owners: BTreeSet<String>,
    items: Regex,
    aliases: Regex,
    /// `{ Agent: Base } = require("./agent")`
    taken: Regex,
}

impl Search {
    /// Those that give something of `items` to objects of `owners`; none where there is nothing to give.
    pub(super) fn of<'n>(
        owners: &BTreeSet<String>,
        items: impl Iterator<Item = &'n String>,
    ) -> Option<Self> {
        let items: BTreeSet<String> = items.map(|it| regex::escape(it)).collect();
        if owners.is_empty() || items.is_empty() {
            return None;
        }
        let items = items.into_iter().collect::<Vec<String>>().join("|");
        let regex = |pattern: &str| {
            let mut builder = RegexBuilder::new(pattern);
            let builder = builder.multi_line(true).size_limit(100 << 20);
            builder.unicode(false).build().ok()
        };
        Some(Self {
            owners: owners.clone(),
            items: regex(&format!(r"\b(?:{items})\b"))?,
            aliases: regex(
                r#"\bimport\s+(?P<given>[\w$]+)\s*(?:,[^\n]{0,200}?)?\bfrom\s*["'](?:[^"'\n]{0,200}/)?(?P<module>[\w$-]+)(?:\.[cm]?[jt]sx?)?["']|(?P<base>\b[\w$]+)\s+as\s+(?P<name>[\w$]+)|(?P<to>\b[\w$]+)[ \t]*(?::[^=\n]{0,200})?=[ \t]*(?:[\w$]+\.)*(?P<of>[A-Za-z_$][\w$]*)[ \t]*;?[ \t]*(?:(?:#|//).*)?$"#,
            )?,
            taken: regex(r"(?P<base>\b[\w$]+)\s*:\s*(?P<name>[\w$]+)")?,
        })
    }

    /// The classes of a file with what they are made from.
    pub(super) fn classes(&self, file: usize, bytes: &[u8]) -> Vec<Class> {
        let heads = heads(bytes);
        let gives_any = !heads.is_empty() && self.items.is_match(bytes);
        let mut all = Vec::new();
        for (index, (indent, at)) in heads.iter().enumerate() {
            let Some((name, bases)) = head(&bytes[*at..]) else {
                continue;
            };
            let mut gives_items = BTreeSet::new();
            if gives_any {
                let mut below = heads[index + 1..].iter();
                let end = below.find(|(other, _)| other <= indent);
                let body = &bytes[*at..end.map_or(bytes.len(), |(_, end)| *end)];
                let given = self.items.find_iter(body);
                let given = given.filter(|hit| gives(body, hit.range()));
                gives_items.extend(given.map(|it| word(it.as_bytes())));
            }
            // There are many, and most are made of nothing and give nothing that is sought.
            if !bases.is_empty() || !gives_items.is_empty() || self.owners.contains(&name) {
                all.push(Class {
                    file,
                    name,
                    bases,
                    gives: gives_items,
                    is_alias: false,
                });
            }
        }
        all.extend(self.renamed(bytes).map(|(base, name)| Class {
            file,
            name,
            bases: vec![base],
            gives: BTreeSet::new(),
            is_alias: true,
        }));
        all
    }

    /// Other names that a file has for classes, which begin with a capital letter on one side at least.
    fn renamed(&self, bytes: &[u8]) -> impl Iterator<Item = (String, String)> {
        let pair = |hit: &Captures<'_>| {
            let either = |names: &[&str]| names.iter().find_map(|it| hit.name(it));
            let base = either(&["base", "module", "of"])?;
            let name = either(&["name", "given", "to"])?;
            let is_class = |word: &[u8]| {
                let first = word.iter().find(|it| **it != b'_');
                first.is_some_and(u8::is_ascii_uppercase)
            };
            let (base, name) = (base.as_bytes(), name.as_bytes());
            (base != name && (is_class(base) || is_class(name))).then(|| (word(base), word(name)))
        };
        let mut all: Vec<(String, String)> = self
            .aliases
            .captures_iter(bytes)
            .filter_map(|hit| pair(&hit))
            .collect();
        for at in memchr::memmem::find_iter(bytes, b"require(") {
            let start = at.saturating_sub(LONGEST_HEAD);
            let before = &bytes[start..at];
            let open = before
                .iter()
                .rposition(|it| *it == b'{')
                .unwrap_or(before.len());
            let taken = self.taken.captures_iter(&before[open..]);
            all.extend(taken.filter_map(|hit| pair(&hit)));
        }
        all.into_iter()
    }
}

/// Whether a class gives its objects what stands here under a name: not where it only reads it.
fn gives(body: &[u8], name: Range<usize>) -> bool {
    // A line of a packed file may be as long as the file, and hold the name a thousand times.
    let from = name.start.saturating_sub(LONGEST_HEAD);
    let before = body[from..name.start].trim_ascii_end();
    if before.ends_with(b".") {
        return object_of(body, name).is_some();
    }
    let after = &body[name.end..body.len().min(name.end + LONGEST_HEAD)];
    let after = after.trim_ascii_start();
    let marks = after
        .iter()
        .take_while(|it| b"?!\"'`]".contains(it))
        .count();
    let after = after[marks..].trim_ascii_start();
    let operators = after.iter().take_while(|it| b"-+|&*".contains(it)).count();
    let is_set = after.get(operators) == Some(&b'=')
        && !matches!(after.get(operators + 1), Some(b'=' | b'>'));
    let statement = before
        .rsplit(|it| matches!(it, b'\n' | b';' | b'{' | b'}'))
        .next();
    let statement = statement.unwrap_or_default().trim_ascii_start();
    let is_bound = [&b"for "[..], b"from ", b"import ", b"with "]
        .iter()
        .any(|word| statement.starts_with(word));
    let line = after.split(|it| *it == b'\n').next().unwrap_or_default();
    is_set
        || is_bound
        || after.starts_with(b":")
        || after.starts_with(b"(")
        || (after.starts_with(b",") && line.contains(&b'='))
}

/// Where the words stand that begin classes: how far the line is indented, and what stands behind.
fn heads(bytes: &[u8]) -> Vec<(usize, usize)> {
    const WORD: &[u8] = b"class";
    let is_word = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'$');
    let begins = |at: usize| {
        let before = &bytes[at.saturating_sub(LONGEST_HEAD)..at];
        // In packed code a statement ends within the line.
        let parts = before.rsplitn(2, |it| matches!(it, b'\n' | b';' | b'{' | b'}'));
        let before = parts.into_iter().next().unwrap_or_default();
        let is_code = |it: &u8| is_word(it) || b" \t@.()=<>:,[]".contains(it);
        let indent = before.iter().take_while(|it| b" \t".contains(it)).count();
        let is_alone =
            !before.last().is_some_and(is_word) && !bytes.get(at + WORD.len()).is_some_and(is_word);
        (is_alone && before.iter().all(is_code)).then_some((indent, at + WORD.len()))
    };
    memchr::memmem::find_iter(bytes, WORD)
        .filter_map(begins)
        .collect()
}

fn word(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What stands behind the parameters of a class's type (`[T]`, `<T extends { a: string }>`), or behind a
/// line that goes on.
fn behind_parameters(rest: &str) -> &str {
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('\\').map_or(rest, str::trim_start);
    if !rest.starts_with(['[', '<']) {
        return rest;
    }
    let mut open = 0_usize;
    let end = rest.find(|it| {
        open += usize::from(matches!(it, '[' | '<'));
        open -= usize::from(matches!(it, ']' | '>'));
        open == 0
    });
    end.map_or(rest, |end| &rest[end + 1..])
}

/// The name of a class and the words of what it is made from, of what stands behind `class`.
fn head(body: &[u8]) -> Option<(String, Vec<String>)> {
    let text = String::from_utf8_lossy(&body[..body.len().min(LONGEST_HEAD)]);
    let is_word = |it: char| it.is_alphanumeric() || matches!(it, '_' | '$');
    let text = text.trim_start();
    let end = text.find(|it| !is_word(it)).unwrap_or(text.len());
    // A class without a name begins with `extends`.
    let end = if &text[..end] == "extends" { 0 } else { end };
    let (name, rest) = text.split_at(end);
    let rest = behind_parameters(rest);
    let head = match rest.trim_start().strip_prefix('(') {
        // Up to the bracket that closes it.
        Some(inside) => {
            let mut open = 1_usize;
            let end = inside.find(|it| {
                open += usize::from(matches!(it, '(' | '['));
                open -= usize::from(matches!(it, ')' | ']'));
                open == 0
            });
            &inside[..end?]
        }
        None => {
            let (head, _) = rest.split_once('{').unwrap_or_default();
            head.split_once("extends").map_or("", |(_, bases)| bases)
        }
    };
    let head = head.split("implements").next().unwrap_or_default();
    let bases = head.split(|it| !is_word(it)).filter(|it| !it.is_empty());
    Some((name.to_owned(), bases.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_read_with_what_it_is_made_from_and_gives() {
        let items = ["TONE".to_owned(), "rules".to_owned()];
        let search = Search::of(&BTreeSet::from(["A".to_owned()]), items.iter()).unwrap();
        let shown = |text: &str| {
            let all = search.classes(0, text.as_bytes()).into_iter();
            let shown = all.map(|it| {
                let gives: Vec<String> = it.gives.into_iter().collect();
                format!("{}({}) {}", it.name, it.bases.join(" "), gives.join(" "))
            });
            shown.collect::<Vec<String>>().join(", ")
        };
        for (text, expected) in [
            ("class A(B):\n    TONE = 'x'\n", "A(B) TONE"),
            (
                "class A(m.B, metaclass=M):\n    TONE: str = 'x'\n",
                "A(m B metaclass M) TONE",
            ),
            ("class A(\n    B,\n):\n    x = TONE\n", "A(B) , x(TONE) "),
            (
                "class A(B):\n    def rules(self):\n        return self.rules()\n",
                "A(B) rules",
            ),
            (
                "class A(B):\n    def f(self):\n        self.TONE = 'x'\n",
                "A(B) TONE",
            ),
            (
                "class A(B):\n    def f(self):\n        return self.TONE == 'x'\n",
                "A(B) ",
            ),
            (
                "class A(B): pass\nclass C:\n    TONE = 1\n",
                "A(B) , C() TONE",
            ),
            (
                "export default class A<T> extends m.B<T> implements I {\n  TONE = 'x';\n}",
                "A(m B T) TONE",
            ),
            (
                "const A = class extends B { static rules() {} }",
                "(B) rules",
            ),
            (
                "class A extends B { get TONE() { return 'x' } }",
                "A(B) TONE",
            ),
            ("class A extends B { f() { return this.rules() } }", "A(B) "),
            ("class A(B): TONE = 'x'\n", "A(B) TONE"),
            ("class A(B):\n    TONE, x = 'x', 1\n", "A(B) TONE"),
            ("class A(B):\n    x = TONE = 'x'\n", "A(B) TONE"),
            ("class A(B):\n    from texts import TONE\n", "A(B) TONE"),
            ("class A(B):\n    if x: TONE = 'x'\n", "A(B) TONE"),
            (
                "class A(B):\n    def f(self):\n        self.TONE, x = 'x', 1\n",
                "A(B) TONE",
            ),
            ("class A[T](B):\n    TONE = 'x'\n", "A(B) TONE"),
            ("class A \\\n    (B):\n    TONE = 'x'\n", "A(B) TONE"),
            (
                "class A<T extends { a: string }> extends B { TONE = 'x' }",
                "A(B) TONE",
            ),
            ("class A extends B { @Input() TONE = 'x' }", "A(B) TONE"),
            (
                "class A extends B { constructor(public TONE = 'x') {} }",
                "A(B) TONE",
            ),
            ("class A extends B { 'TONE' = 'x' }", "A(B) TONE"),
            ("x = () => class extends B { TONE = 'x' }", "(B) TONE"),
            (
                "Base = m.B\nclass A(Base):\n    TONE = 1\n",
                "A(Base) TONE, Base(B) ",
            ),
            ("import C from './b.js';\n", "C(b) "),
            ("const { B: C } = require('./b');\n", "C(B) "),
            (
                "from a import B as C\nclass A(C):\n    TONE = 1\n",
                "A(C) TONE, C(B) ",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}

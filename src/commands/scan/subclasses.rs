//! Classes of other files that are made from one, and may give its objects another text.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::class_heads::{ANYTHING, LONGEST_HEAD, Patterns, gives, heads, word};
use super::keys::module_of;
use crate::scan::found::Language;

/// Bases that give nothing.
const EMPTY_BASES: [&str; 4] = ["object", "ABC", "Generic", "Protocol"];

/// A class of a file, or another name that a file has for one.
pub(super) struct Class {
    /// The file, by its number.
    file: usize,
    name: String,
    bases: Vec<String>,
    /// What is sought that it gives its objects.
    gives: Arc<BTreeSet<String>>,
    is_alias: bool,
}

impl Class {
    /// Whether it is made from what a call answers, and so perhaps from any class.
    fn is_of_anything(&self) -> bool {
        self.bases.iter().any(|base| base == ANYTHING)
    }
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
            for item in class.gives.iter() {
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
            .find(|class| others.contains(class.name.as_str()) || class.is_of_anything());
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
    heads: Patterns,
    items: Regex,
    aliases: Regex,
    /// `{ Agent: Base } = require("./agent")`
    taken: Regex,
    /// `export default Agent`
    default: Regex,
}

impl Search {
    /// Those that give something of `items` to objects of `owners`; none where there is nothing to give.
    pub(super) fn of<'n>(
        owners: &BTreeSet<String>,
        items: impl Iterator<Item = &'n String>,
    ) -> Result<Option<Self>, regex::Error> {
        let items: BTreeSet<String> = items.map(|it| regex::escape(it)).collect();
        if owners.is_empty() || items.is_empty() {
            return Ok(None);
        }
        let items = items.into_iter().collect::<Vec<String>>().join("|");
        let regex = |pattern: &str| {
            let mut builder = RegexBuilder::new(pattern);
            let builder = builder.multi_line(true).size_limit(100 << 20);
            builder.unicode(false).build()
        };
        Ok(Some(Self {
            owners: owners.clone(),
            heads: Patterns::new()?,
            items: regex(&format!(r"\b(?:{items})\b"))?,
            aliases: regex(
                r#"\bimport\s+(?P<given>[\w$]+)\s*(?:,[^\n]{0,200}?)?\bfrom\s*["'](?:[^"'\n]{0,200}/)?(?P<module>[\w$-]+)(?:\.[cm]?[jt]sx?)?["']|(?P<base>\b[\w$]+)\s+as\s+(?P<name>[\w$]+)|(?P<to>\b[\w$]+)[ \t]*(?::[^=\n]{0,200})?=[ \t]*(?:[\w$]+\.)*(?P<of>[A-Za-z_$][\w$]*)[ \t]*;?[ \t]*(?:(?:#|//).*)?$"#,
            )?,
            taken: regex(r"(?P<base>\b[\w$]+)\s*:\s*(?P<name>[\w$]+)")?,
            default: regex(
                r"\b(?:export\s+default|module\.exports\s*=)\s+(?:(?:abstract\s+)?class\s+)?(?P<name>[A-Z][\w$]*)",
            )?,
        }))
    }

    /// The classes of a file with what they are made from.
    pub(super) fn classes(&self, (file, key): (usize, &str), bytes: &[u8]) -> Vec<Class> {
        let module = module_of(key);
        let is_python = Language::of(key) == Some(Language::Python);
        let heads = heads(&self.heads, bytes, module, is_python);
        let mut given: Vec<(usize, String)> = Vec::new();
        if !heads.is_empty() {
            let hits = self.items.find_iter(bytes);
            let hits = hits.filter(|hit| gives(bytes, hit.range()));
            given.extend(hits.map(|it| (it.start(), word(it.as_bytes()))));
        }
        let mut given = Given::of(given, bytes.len());
        let mut all = Vec::new();
        let alias = |name: String, base: String| Class {
            file,
            name,
            bases: vec![base],
            gives: Arc::default(),
            is_alias: true,
        };
        for head in heads {
            let gives = given.inside(head.body);
            // There are many, and most are made of nothing and give nothing that is sought.
            if head.bases.is_empty() && gives.is_empty() && !self.owners.contains(&head.name) {
                continue;
            }
            // `class A extends mixed(Base)`: what the function answers with.
            let function = head.function.filter(|_| !head.name.is_empty());
            all.extend(function.map(|function| alias(function, head.name.clone())));
            all.push(Class {
                file,
                name: head.name,
                bases: head.bases,
                gives,
                is_alias: false,
            });
        }
        let renamed = self.renamed(bytes);
        all.extend(renamed.map(|(base, name)| alias(name, base)));
        let default = self.default.captures_iter(bytes);
        all.extend(default.map(|hit| alias(module.to_owned(), word(&hit["name"]))));
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

/// What is given in a file, and where.
struct Given {
    all: Vec<(usize, String)>,
    /// Where each is given last, from the end.
    last: Vec<(usize, String)>,
    /// What is given up to the end, by how many that are: packed code has many classes without an end.
    open: HashMap<usize, Arc<BTreeSet<String>>>,
    length: usize,
}

impl Given {
    fn of(all: Vec<(usize, String)>, length: usize) -> Self {
        let mut seen = BTreeSet::new();
        let backwards = all.iter().rev();
        let last = backwards.filter(|(_, item)| seen.insert(item)).cloned();
        Self {
            last: last.collect(),
            open: HashMap::new(),
            all,
            length,
        }
    }

    fn inside(&mut self, body: Range<usize>) -> Arc<BTreeSet<String>> {
        let own = |all: &[(usize, String)]| all.iter().map(|(_, item)| item.clone()).collect();
        if body.end < self.length {
            let at = |end: usize| self.all.partition_point(|(at, _)| *at < end);
            return Arc::new(own(&self.all[at(body.start)..at(body.end)]));
        }
        let count = self.last.partition_point(|(at, _)| *at >= body.start);
        let open = self.open.entry(count);
        Arc::clone(open.or_insert_with(|| Arc::new(own(&self.last[..count]))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_classes_without_an_end_share_what_they_give() {
        let items = ["TONE".to_owned()];
        let search = Search::of(&BTreeSet::from(["A".to_owned()]), items.iter());
        let search = search.unwrap().unwrap();
        let text = "class A1 extends B1{m(){}};x.TONE=1;TONE=2;".repeat(100);
        let all = search.classes((0, "a.js"), text.as_bytes());
        let is_shared = |it: &Class| Arc::ptr_eq(&it.gives, &all[1].gives);
        assert!(all.len() == 100 && all.iter().skip(1).all(is_shared));
    }

    #[test]
    fn a_class_is_read_with_what_it_is_made_from_and_gives() {
        let items = ["TONE".to_owned(), "rules".to_owned()];
        let search = Search::of(&BTreeSet::from(["A".to_owned()]), items.iter())
            .unwrap()
            .unwrap();
        let shown = |text: &str| {
            let is_script = ["extends", "const ", "export", "{ B: C }", "from './"];
            let key = match is_script.iter().any(|it| text.contains(it)) {
                true => "a.ts",
                false => "a.py",
            };
            let all = search.classes((0, key), text.as_bytes()).into_iter();
            let shown = all.map(|it| {
                let gives: Vec<String> = it.gives.iter().cloned().collect();
                format!("{}({}) {}", it.name, it.bases.join(" "), gives.join(" "))
            });
            shown.collect::<Vec<String>>().join(", ")
        };
        let mut wrong = Vec::new();
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
                "A(m B T) TONE, a(A) ",
            ),
            (
                "const A = class extends B { static rules() {} }",
                "A(B) rules",
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
            ("x = () => class extends B { TONE = 'x' }", "x(B) TONE"),
            ("export default class extends B { TONE = 1 }", "a(B) TONE"),
            ("export default class A extends B {}", "A(B) , a(A) "),
            ("export default B;\n", "a(B) "),
            (
                "class A(B,  # ( note\n        C):\n    TONE = 1\n",
                "A(B C) TONE",
            ),
            (
                "class A /* { */ extends /* ( */ B { // C\n TONE = 1 }",
                "A(B) TONE",
            ),
            (
                "class A extends B{m(){class C{}}TONE=1}",
                "A(B) TONE, C() TONE",
            ),
            ("var x=f(!0,class A extends B{}),y=1;TONE=1", "A(B) TONE"),
            ("A = type('X', (B,), {'TONE': 1})\n", "X(A) , A(B) TONE"),
            ("A = type('A', all, given)\n", "A(all given () "),
            ("class A(make()):\n    TONE = 1\n", "A(make () TONE"),
            (
                "def mixed(b):\n    class A(b):\n        TONE = 1\n    return A\n",
                "mixed(A) , A(b) TONE",
            ),
            (
                "const mixed = (b) => class extends b { TONE = 1 };",
                "mixed(b) TONE",
            ),
            (
                "function mixed(b) { return class extends b { TONE = 1 } }",
                "mixed(b) TONE",
            ),
            (
                "Base = m.B\nclass A(Base):\n    TONE = 1\n",
                "A(Base) TONE, Base(B) ",
            ),
            ("import C from './b.js';\n", "C(b) "),
            (
                "class A(B, table='#orders)'):\n    TONE = 1\n",
                "A(B table) TONE",
            ),
            (
                "class A extends mix('http://x', B) {\n TONE = 1 }",
                "A(mix B () TONE",
            ),
            (
                "class A extends mix('/*', B) {\n TONE = 1 }",
                "A(mix B () TONE",
            ),
            (
                "class A extends mix(/'/, B) {\n TONE = 1 }",
                "A(mix B () TONE",
            ),
            (
                "class A(B, x=f(1):\n    TONE = 1\n",
                "A(B x f 1 TONE 1 () TONE",
            ),
            (
                "class A(B):\n    def f(self): self.TONE: str = 'x'\n",
                "A(B) TONE",
            ),
            (
                "class A(B):\n    def f(self): x = 1; self.TONE: str = 'x'\n",
                "A(B) TONE",
            ),
            ("class A(B):\n    (TONE) = 'x'\n", "A(B) TONE"),
            (
                "class A(B):\n    def f(self): return g(self.TONE)\n",
                "A(B) ",
            ),
            (
                "class A(B):\n    '''\nclass C: text\n    '''\n    TONE = 'x'\n",
                "A(B) TONE, C() TONE",
            ),
            (
                "class A extends B {\n  x = `\nclass C {\n`;\n  TONE = 'x' }",
                "A(B) TONE, C() TONE",
            ),
            ("const { B: C } = require('./b');\n", "C(B) "),
            (
                "from a import B as C\nclass A(C):\n    TONE = 1\n",
                "A(C) TONE, C(B) ",
            ),
        ] {
            let shown = shown(text);
            if shown != expected {
                wrong.push(format!("{text}: {shown}"));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }
}

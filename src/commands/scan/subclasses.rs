//! Classes of other files that are made from one, and may give its objects another text.

use std::collections::{BTreeSet, HashMap};

use regex::bytes::{Regex, RegexBuilder};

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
    pub(super) fn other(&self, owner: &str, item: &str, home: &str) -> Option<&str> {
        let giving = self.giving.get(item).into_iter().flatten();
        let giving = giving.map(|index| &self.all[*index]);
        let giving: Vec<&Class> = giving.filter(|it| self.files[it.file] != home).collect();
        if giving.is_empty() {
            return None;
        }
        let below = self.made_from(owner, home);
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

    /// The names of the classes that are made from one, in any way.
    fn made_from<'c>(&'c self, owner: &'c str, home: &str) -> BTreeSet<&'c str> {
        let mut known = BTreeSet::new();
        let mut left = vec![owner];
        // A file that has another class of that name means its own.
        let means_another = |class: &Class| {
            let mut own = self.those(&self.named, owner);
            self.files[class.file] != home && own.any(|it| it.file == class.file && !it.is_alias)
        };
        while let Some(name) = left.pop() {
            for class in self.those(&self.below, name) {
                let is_made = name != owner || !means_another(class);
                if is_made && class.name != owner && known.insert(class.name.as_str()) {
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
    gives: Regex,
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
            items: regex(&items)?,
            gives: regex(&format!(
                r"(?:^|[{{;])[ \t]*(?:(?:public|private|protected|static|readonly|override|declare|abstract|async|def|get|set)[ \t]+)*[*#]?(?P<field>{items})\b[?!]?[ \t]*(?::|\(|=(?:[^=>]|$))|\b(?:self|this|cls)[ \t]*\.[ \t]*#?(?P<own>{items})\b[ \t]*(?::[^=\n]*)?[-+|&?]*=(?:[^=]|$)"
            ))?,
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
            let mut gives = BTreeSet::new();
            if gives_any {
                let mut below = heads[index + 1..].iter();
                let end = below.find(|(other, _)| other <= indent);
                let body = &bytes[*at..end.map_or(bytes.len(), |(_, end)| *end)];
                let given = self.gives.captures_iter(body);
                let given = given.filter_map(|hit| hit.name("field").or(hit.name("own")));
                gives.extend(given.map(|it| word(it.as_bytes())));
            }
            // There are many, and most are made of nothing and give nothing that is sought.
            if !bases.is_empty() || !gives.is_empty() || self.owners.contains(&name) {
                all.push(Class {
                    file,
                    name,
                    bases,
                    gives,
                    is_alias: false,
                });
            }
        }
        if !all.is_empty() {
            all.extend(renamed(bytes).map(|(base, name)| Class {
                file,
                name,
                bases: vec![base],
                gives: BTreeSet::new(),
                is_alias: true,
            }));
        }
        all
    }
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
        let is_code = |it: &u8| is_word(it) || b" \t@.()=".contains(it);
        let indent = before.iter().take_while(|it| b" \t".contains(it)).count();
        let is_alone =
            !before.last().is_some_and(is_word) && !bytes.get(at + WORD.len()).is_some_and(is_word);
        (is_alone && before.iter().all(is_code)).then_some((indent, at + WORD.len()))
    };
    memchr::memmem::find_iter(bytes, WORD)
        .filter_map(begins)
        .collect()
}

/// Other names that a file has for what it imports.
fn renamed(bytes: &[u8]) -> impl Iterator<Item = (String, String)> {
    const AS: &[u8] = b" as ";
    let is_word = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'$');
    memchr::memmem::find_iter(bytes, AS).filter_map(move |at| {
        let before = bytes[..at].trim_ascii_end();
        let base = before.iter().rev().take_while(|it| is_word(it)).count();
        let after = bytes[at + AS.len()..].trim_ascii_start();
        let name = after.iter().take_while(|it| is_word(it)).count();
        let names = (word(&before[before.len() - base..]), word(&after[..name]));
        (base > 0 && name > 0).then_some(names)
    })
}

fn word(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
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
            let head = rest.split('{').next().unwrap_or_default();
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
            ("class A(\n    B,\n):\n    x = TONE\n", "A(B) "),
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
            (
                "from a import B as C\nclass A(C):\n    TONE = 1\n",
                "A(C) TONE, C(B) ",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}

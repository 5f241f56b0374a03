//! The languages of code: how files of each are called, and how they are read.

use super::language::Language;

/// How much of a first line is read that names a program.
const LONGEST_FIRST_LINE: usize = 200;

#[derive(Debug, PartialEq, Eq)]
pub struct CodeLanguage {
    /// What it is asked for by.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// How names of its files end, and how those are read.
    endings: &'static [(&'static str, Reading)],
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As a syntax tree.
    Parsed(Language),
    /// The code of its cells as one.
    Notebook,
    /// By its words.
    Words,
    /// By its words, where backticks may be escaped.
    ScriptWords,
}

const fn code(
    name: &'static str,
    title: &'static str,
    endings: &'static [(&'static str, Reading)],
) -> CodeLanguage {
    CodeLanguage {
        name,
        title,
        endings,
    }
}

use Language::{JavaScript, Python, Tsx, TypeScript};
use Reading::{Notebook, Parsed, ScriptWords, Words};

/// All languages that are read.
pub const LANGUAGES: &[CodeLanguage] = &[
    code(
        "py",
        "Python",
        &[
            ("py", Parsed(Python)),
            ("pyw", Parsed(Python)),
            ("ipynb", Notebook),
        ],
    ),
    code(
        "js",
        "JavaScript",
        &[
            ("js", Parsed(JavaScript)),
            ("jsx", Parsed(JavaScript)),
            ("mjs", Parsed(JavaScript)),
            ("cjs", Parsed(JavaScript)),
        ],
    ),
    code(
        "ts",
        "TypeScript",
        &[
            ("ts", Parsed(TypeScript)),
            ("tsx", Parsed(Tsx)),
            ("mts", Parsed(TypeScript)),
            ("cts", Parsed(TypeScript)),
        ],
    ),
    code("go", "Go", &[("go", Words)]),
    code("java", "Java", &[("java", Words)]),
    code("kt", "Kotlin", &[("kt", Words), ("kts", Words)]),
    code("cs", "C#", &[("cs", Words)]),
    code("rs", "Rust", &[("rs", Words)]),
    code("rb", "Ruby", &[("rb", Words)]),
    code("php", "PHP", &[("php", Words)]),
    code("swift", "Swift", &[("swift", Words)]),
    code("scala", "Scala", &[("scala", Words)]),
    code("dart", "Dart", &[("dart", Words)]),
    code("ex", "Elixir", &[("ex", Words), ("exs", Words)]),
    code("vue", "Vue", &[("vue", ScriptWords)]),
    code("svelte", "Svelte", &[("svelte", ScriptWords)]),
];

impl CodeLanguage {
    /// The language that is asked for by this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        LANGUAGES.iter().find(|language| language.name == name)
    }

    /// Whether a file is of the language.
    pub fn is_of(&self, path: &str, bytes: &[u8]) -> bool {
        match reading(path) {
            Some(_) => self.reading(path).is_some(),
            None => {
                let by_line = reading_of(path, bytes);
                let mut own = self.endings.iter().map(|(_, reading)| *reading);
                own.any(|own| Some(own) == by_line)
            }
        }
    }

    fn reading(&self, path: &str) -> Option<Reading> {
        let (_, ending) = path.rsplit_once('.')?;
        let mut endings = self.endings.iter();
        endings
            .find(|(known, _)| known.eq_ignore_ascii_case(ending))
            .map(|(_, reading)| *reading)
    }
}

/// How files end that say of which types things are, and do nothing.
const DECLARATIONS: [&str; 4] = [".pyi", ".d.ts", ".d.mts", ".d.cts"];

/// How a file of this name is read; none where it is no code.
pub(super) fn reading(path: &str) -> Option<Reading> {
    let ends_with = |ending: &&str| {
        let start = path.len().checked_sub(ending.len());
        start
            .and_then(|start| path.get(start..))
            .is_some_and(|it| it.eq_ignore_ascii_case(ending))
    };
    if DECLARATIONS.iter().any(ends_with) {
        return None;
    }
    LANGUAGES.iter().find_map(|language| language.reading(path))
}

/// How a file is read, by its name, or by its first line where the name does not end in anything.
pub(super) fn reading_of(path: &str, bytes: &[u8]) -> Option<Reading> {
    reading(path).or_else(|| {
        let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let line = bytes.strip_prefix(b"#!").filter(|_| !file.contains('.'))?;
        let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
        by_program(&String::from_utf8_lossy(
            &line[..end.min(LONGEST_FIRST_LINE)],
        ))
    })
}

/// How a file is read that this program runs: `/usr/bin/env -S python3 -u`.
fn by_program(line: &str) -> Option<Reading> {
    let mut words = line.split(|it: char| it.is_whitespace() || it == '/');
    // uv runs such a script by Python.
    let has = |wanted: &str| words.clone().any(|word| word == wanted);
    if has("uv") && (has("--script") || has("-s")) {
        return Some(Parsed(Python));
    }
    words.find_map(|word| match word {
        "node" | "nodejs" => Some(Parsed(JavaScript)),
        "deno" | "bun" | "tsx" | "ts-node" => Some(Parsed(TypeScript)),
        word => {
            let version = word.strip_prefix("python")?;
            let is_number = |it: char| it.is_ascii_digit() || it == '.';
            version.chars().all(is_number).then_some(Parsed(Python))
        }
    })
}

impl Language {
    /// The language of a file of this name.
    pub fn of(path: &str) -> Option<Self> {
        match reading(path)? {
            Reading::Parsed(language) => Some(language),
            Reading::Notebook => Some(Self::Python),
            Reading::Words | Reading::ScriptWords => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_languages_share_an_ending_or_a_name() {
        let mut endings: Vec<&str> = LANGUAGES
            .iter()
            .flat_map(|language| language.endings.iter().map(|(ending, _)| *ending))
            .collect();
        let mut names: Vec<&str> = LANGUAGES.iter().map(|language| language.name).collect();
        for all in [&mut endings, &mut names] {
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count);
        }
    }

    #[test]
    fn a_script_without_an_ending_is_of_the_language_that_runs_it() {
        for (path, line, expected) in [
            ("bin/ask", "#!/usr/bin/env python3\n", Some(Parsed(Python))),
            ("ask", "#!/usr/bin/python3.12 -u", Some(Parsed(Python))),
            (
                "ask",
                "#!/usr/bin/env -S uv run python\n",
                Some(Parsed(Python)),
            ),
            (
                "ask",
                "#!/usr/bin/env -S uv run --script\n",
                Some(Parsed(Python)),
            ),
            ("ask", "#!/usr/bin/env node\n", Some(Parsed(JavaScript))),
            (
                "ask",
                "#!/usr/bin/env -S deno run\n",
                Some(Parsed(TypeScript)),
            ),
            ("ask", "#!/bin/sh\npython3 x", None),
            ("ask", "#!/usr/bin/env pythonista\n", None),
            ("ask.txt", "#!/usr/bin/env python3\n", None),
            ("ask", "print(1)", None),
        ] {
            assert_eq!(reading_of(path, line.as_bytes()), expected, "{path} {line}");
        }
        let python = b"#!/usr/bin/env python3\n";
        let is_of = |name: &str| CodeLanguage::named(name).unwrap().is_of("bin/ask", python);
        assert!(is_of("py") && !is_of("ts"));
    }

    #[test]
    fn what_only_says_types_is_no_code() {
        for path in ["a.pyi", "A.D.TS", "a.d.ts", "lib/a.d.mts", "a.txt", "py"] {
            assert_eq!(reading(path), None, "{path}");
        }
        assert_eq!(Language::of("a/b.d.x.ts"), Some(Language::TypeScript));
        assert_eq!(Language::of("A/B.PY"), Some(Language::Python));
    }
}

//! The code of notebooks, as one text in which every line has the number that it has in the file.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Cell, Language};

/// Why the code of a notebook is not read, in words that follow the name of the file.
const NO_NOTEBOOK: &str = "is no notebook of today's format, and is not read";
const OTHER_LANGUAGE: &str = "is a notebook in a language that is not parsed";

/// Magic words of a cell that runs the rest of it as code.
const HARMLESS: &[&str] = &["time", "timeit", "capture", "prun", "memit"];

#[derive(Deserialize)]
struct Notebook<'n> {
    #[serde(borrow)]
    cells: Vec<RawCell<'n>>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct RawCell<'n> {
    cell_type: String,
    #[serde(borrow)]
    source: Option<&'n RawValue>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    kernelspec: About,
    #[serde(default)]
    language_info: About,
}

#[derive(Default, Deserialize)]
struct About {
    #[serde(default)]
    name: String,
    #[serde(default)]
    language: String,
}

/// The code of a notebook.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) language: Language,
    /// All cells of code, one below the other; magic lines are left out.
    pub(super) text: String,
    /// How much of that is code.
    pub(super) length: usize,
    /// The first line of each cell, and which cell of the notebook it is.
    starts: Vec<(usize, usize)>,
}

impl Code {
    /// # Errors
    /// Why it is not read, in words that follow the name of the file.
    pub(super) fn of(file: &str) -> Result<Self, &'static str> {
        let notebook: Notebook<'_> = serde_json::from_str(file).map_err(|_| NO_NOTEBOOK)?;
        let mut code = Self {
            language: notebook.metadata.language().ok_or(OTHER_LANGUAGE)?,
            text: String::new(),
            length: 0,
            starts: Vec::new(),
        };
        let mut place = Place {
            file,
            at: 0,
            line: 1,
        };
        let mut line = 1;
        for (index, cell) in notebook.cells.iter().enumerate() {
            let Some(source) = cell.source.filter(|_| cell.cell_type == "code") else {
                continue;
            };
            let pieces = pieces(source, &mut place).ok_or(NO_NOTEBOOK)?;
            let Some((first, _)) = pieces.first() else {
                continue;
            };
            code.starts.push((line.max(*first), index + 1));
            let whole: String = pieces.iter().map(|(_, piece)| piece.as_str()).collect();
            let mut kept = match code.language {
                Language::Python => without_magic(&whole),
                _ => {
                    let lines = whole.split_inclusive('\n');
                    lines.map(|line| Some(Cow::Borrowed(line))).collect()
                }
            }
            .into_iter();
            for (at, piece) in &pieces {
                // Several lines of one piece stand below each other.
                while line < *at {
                    code.text.push('\n');
                    line += 1;
                }
                for _ in piece.split_inclusive('\n') {
                    let text = kept.next().flatten().unwrap_or(Cow::Borrowed("\n"));
                    code.text.push_str(&text);
                    code.length += text.len();
                    line += usize::from(text.ends_with('\n'));
                }
            }
            if !code.text.ends_with('\n') {
                code.text.push('\n');
                line += 1;
            }
        }
        Ok(code)
    }

    /// The cell that a line of the file stands in.
    pub(super) fn cell(&self, line: usize) -> Option<Cell> {
        let index = self.starts.partition_point(|(start, _)| *start <= line);
        let (start, number) = *self.starts.get(index.checked_sub(1)?)?;
        Some(Cell {
            number,
            line: line - start + 1,
        })
    }
}

impl Metadata {
    /// The language of the cells: without a word of it, that of most notebooks.
    fn language(&self) -> Option<Language> {
        let said = [
            &self.language_info.name,
            &self.kernelspec.language,
            &self.kernelspec.name,
        ];
        let name = said.into_iter().find(|name| !name.is_empty());
        match name.map_or("python", |it| it.as_str()).to_ascii_lowercase() {
            name if name.contains("python") => Some(Language::Python),
            name if name == "typescript" || name == "deno" => Some(Language::TypeScript),
            name if name == "javascript" => Some(Language::JavaScript),
            _ => None,
        }
    }
}

/// A place in a file, which moves on.
struct Place<'n> {
    file: &'n str,
    at: usize,
    line: usize,
}

impl Place<'_> {
    /// The line at which a part of the file begins that stands behind the last.
    fn line_of(&mut self, part: &str) -> usize {
        let at = part.as_ptr() as usize - self.file.as_ptr() as usize;
        let between = self.file.as_bytes().get(self.at..at).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', between).count();
        self.at = self.at.max(at);
        self.line
    }
}

/// The texts of a cell, each with its line: one for each line of code, or one for all.
fn pieces(source: &RawValue, place: &mut Place<'_>) -> Option<Vec<(usize, String)>> {
    let source = source.get();
    let parts: Vec<&RawValue> = match source.starts_with('[') {
        true => serde_json::from_str(source).ok()?,
        false => {
            return Some(vec![(
                place.line_of(source),
                serde_json::from_str(source).ok()?,
            )]);
        }
    };
    let mut pieces = Vec::new();
    for part in parts {
        let line = place.line_of(part.get());
        pieces.push((line, serde_json::from_str(part.get()).ok()?));
    }
    Some(pieces)
}

/// The lines of a cell as Python knows them. What a magic line sets is set by a call, what it runs as code
/// is code, and what may set any name imports all of something; other magic lines are none.
fn without_magic(cell: &str) -> Vec<Option<Cow<'_, str>>> {
    let mut lines = cell.split_inclusive('\n').map(Some);
    let first = cell.lines().map(str::trim).find(|line| !line.is_empty());
    let mut head = None;
    if let Some(magic) = first.and_then(|line| line.strip_prefix("%%")) {
        let mut words = magic.split_whitespace();
        let word = words.next().unwrap_or_default();
        let sets = words.any(|it| !it.starts_with('-')) && word == "capture"
            || magic.contains("--out")
            || magic.contains("--err")
            || magic.contains("<<");
        head = sets.then_some(SETS_ANY);
        if !HARMLESS.contains(&word) {
            let begin = std::iter::once(head.map(Cow::Borrowed));
            return begin.chain(lines.skip(1).map(|_| None)).collect();
        }
    }
    let mut inside = Inside::default();
    let read: Vec<_> = lines
        .by_ref()
        .flatten()
        .map(|line| {
            if !inside.is_open() && is_magic(line.trim()) {
                return match line.trim_start().starts_with("%%") {
                    true => head.take().map(Cow::Borrowed),
                    false => magic_as_code(line),
                };
            }
            inside.read(line);
            Some(Cow::Borrowed(line))
        })
        .collect();
    match inside.quotes {
        // Python runs nothing of such a cell, and it must not take the next ones with it.
        Some(_) => read.iter().map(|_| None).collect(),
        None => read,
    }
}

/// What stands for a magic line that may set any name.
const SETS_ANY: &str = "from magic import *\n";

/// Magic words of a line that set nothing.
const SETS_NOTHING: &[&str] = &[
    "pip",
    "conda",
    "mamba",
    "uv",
    "load_ext",
    "reload_ext",
    "matplotlib",
    "autoreload",
    "config",
    "env",
    "set_env",
    "cd",
    "ls",
    "pwd",
    "who",
    "whos",
    "history",
    "lsmagic",
    "magic",
    "pinfo",
    "precision",
];

/// A magic line in the words of Python; none where nothing of it can matter.
fn magic_as_code(line: &str) -> Option<Cow<'_, str>> {
    let (code, end) = match line.strip_suffix('\n') {
        Some(code) => (code, "\n"),
        None => (line, ""),
    };
    let indent = &code[..code.len() - code.trim_start().len()];
    // `%time x = ask()` runs what stands behind it.
    let run = |magic: &str| {
        let (word, rest) = magic.split_once(char::is_whitespace)?;
        let is_code = HARMLESS.contains(&word) && !rest.trim_start().starts_with('-');
        is_code.then(|| rest.trim_start().to_owned())
    };
    let text = if let Some(magic) = code.trim().strip_prefix('%') {
        let word = magic.split_whitespace().next().unwrap_or_default();
        match run(magic) {
            Some(rest) => rest,
            None if SETS_NOTHING.contains(&word) || HARMLESS.contains(&word) => return None,
            None => SETS_ANY.trim_end().to_owned(),
        }
    } else if let Some((names, value)) = code.split_once('=') {
        let names = names.trim();
        match value.trim().strip_prefix('%').and_then(run) {
            Some(rest) => format!("{names} = {rest}"),
            None => format!("{names} = magic()"),
        }
    } else {
        return None;
    };
    Some(Cow::Owned(format!("{indent}{text}{end}")))
}

/// Whether a line that begins a statement is for the notebook: `%pip install x`, `files = !ls`.
fn is_magic(line: &str) -> bool {
    let given = line.split_once('=').map(|(name, value)| {
        let is_name = |it: char| it.is_alphanumeric() || matches!(it, '_' | ',' | ' ');
        name.chars().all(is_name) && value.trim_start().starts_with(['!', '%'])
    });
    line.starts_with(['%', '!', '?']) || line.ends_with('?') || given == Some(true)
}

/// What is open at the end of a line: brackets, and a text in three quotes.
#[derive(Default)]
struct Inside {
    brackets: usize,
    quotes: Option<&'static str>,
    goes_on: bool,
}

impl Inside {
    fn is_open(&self) -> bool {
        self.brackets > 0 || self.quotes.is_some() || self.goes_on
    }

    fn read(&mut self, line: &str) {
        let mut rest = line.trim_end_matches(['\r', '\n']);
        self.goes_on = false;
        while !rest.is_empty() {
            if let Some(quotes) = self.quotes {
                match rest.find([quotes.as_bytes()[0] as char, '\\']) {
                    Some(at) if rest[at..].starts_with('\\') => rest = behind(rest, at + 2),
                    Some(at) if rest[at..].starts_with(quotes) => {
                        self.quotes = None;
                        rest = behind(rest, at + 3);
                    }
                    Some(at) => rest = behind(rest, at + 1),
                    None => return,
                }
                continue;
            }
            let first = rest.as_bytes()[0];
            let long = ["\"\"\"", "'''"]
                .into_iter()
                .find(|it| rest.starts_with(it));
            match (first, long) {
                (_, Some(quotes)) => {
                    self.quotes = Some(quotes);
                    rest = behind(rest, 3);
                    continue;
                }
                (b'"' | b'\'', None) => {
                    rest = behind(rest, 1 + end_of_text(&rest[1..], first));
                    continue;
                }
                (b'(' | b'[' | b'{', _) => self.brackets += 1,
                (b')' | b']' | b'}', _) => self.brackets = self.brackets.saturating_sub(1),
                (b'#', _) => return,
                (b'\\', _) if rest.len() == 1 => self.goes_on = true,
                _ => {}
            }
            rest = behind(rest, 1);
        }
    }
}

/// What stands behind so many bytes, at the next letter.
fn behind(text: &str, at: usize) -> &str {
    &text[text.ceil_char_boundary(at.min(text.len()))..]
}

/// How long a text is that ends with this quote, or with its line.
fn end_of_text(text: &str, quote: u8) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == quote && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notebook(cells: &str) -> String {
        format!("{{\n \"cells\": [\n{cells}\n ],\n \"metadata\": {{}}\n}}\n")
    }

    #[test]
    fn lines_of_code_keep_their_numbers_and_magic_ones_are_left_out() {
        let cells = r##"  {"cell_type": "markdown", "source": ["You are\n", "prose"]},
  {"cell_type": "code", "metadata": {}, "outputs": [], "source": [
    "%pip install openai\n",
    "files = !ls\n",
    "text = \"\"\"\n",
    "!important\n",
    "\"\"\"\n",
    "x = (1\n",
    "  % 2)\n",
    "x?"
  ]},
  {"cell_type": "code", "source": ["%%bash\n", "echo 'hello'"]},
  {"cell_type": "code", "source": "%%time\na = 'it''s # no'\n!b"}"##;
        let code = Code::of(&notebook(cells)).unwrap();
        let lines: Vec<(usize, &str)> = code
            .text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.is_empty())
            .map(|(index, line)| (index + 1, line))
            .collect();
        assert_eq!(
            lines,
            [
                (6, "files = magic()"),
                (7, "text = \"\"\""),
                (8, "!important"),
                (9, "\"\"\""),
                (10, "x = (1"),
                (11, "  % 2)"),
                (17, "a = 'it''s # no'"),
            ]
        );
        let cell = |line| code.cell(line).map(|it| (it.number, it.line));
        assert_eq!(cell(2), None);
        assert_eq!(cell(7), Some((2, 3)));
        assert_eq!(cell(17), Some((4, 2)));
    }

    #[test]
    fn what_a_magic_line_sets_or_runs_is_code() {
        let shown = |cell: &str| -> String {
            let lines = without_magic(cell).into_iter();
            lines
                .map(|line| line.unwrap_or(Cow::Borrowed("-\n")))
                .collect()
        };
        for (cell, code) in [
            ("S, T = !cat x\n", "S, T = magic()\n"),
            ("  S = %sx ls\n", "  S = magic()\n"),
            ("r = %time ask(x)\n", "r = ask(x)\n"),
            ("%time r = ask(x)\n", "r = ask(x)\n"),
            ("%timeit -n 10 ask(x)\n", "-\n"),
            ("%pip install x\n", "-\n"),
            ("%run -i set.py\n", "from magic import *\n"),
            ("%store -r S\n", "from magic import *\n"),
            ("%%capture S\nx = 1\n", "from magic import *\nx = 1\n"),
            ("%%bash --out S\necho x\n", "from magic import *\n-\n"),
            ("x = \"\"\"never closed\n", "-\n"),
        ] {
            assert_eq!(shown(cell), code, "{cell}");
        }
    }

    #[test]
    fn what_is_no_notebook_of_a_known_language_is_said() {
        for text in ["", "{}", "[]", "{\"cells\": 1}", "{\"worksheets\": []}"] {
            assert_eq!(Code::of(text).unwrap_err(), NO_NOTEBOOK, "{text}");
        }
        let of = |about: &str| {
            let text = format!("{{\"cells\": [], \"metadata\": {{{about}}}}}");
            Code::of(&text).map(|code| code.language)
        };
        assert_eq!(of(""), Ok(Language::Python));
        assert_eq!(
            of("\"kernelspec\": {\"name\": \"deno\"}"),
            Ok(Language::TypeScript)
        );
        assert_eq!(
            of("\"language_info\": {\"name\": \"R\"}"),
            Err(OTHER_LANGUAGE)
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config {
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn any_cell_keeps_the_number_of_its_lines(cell in "[ -~\n\"'\\\\#%!(é]{0,60}") {
            let lines = without_magic(&cell);
            proptest::prop_assert_eq!(lines.len(), cell.split_inclusive('\n').count());
        }
    }
}

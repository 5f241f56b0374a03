//! The code of notebooks, as one text in which every line has the number that it has in the file.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Cell, Language, sieve};
use magic::{other_language, without_magic};

mod magic;

/// Why the code of a notebook is not read, in words that follow the name of the file.
pub(super) const NO_NOTEBOOK: &str = "is no notebook with cells, and is not read";
const OTHER_LANGUAGE: &str = "is a notebook in a language that is not parsed";

#[derive(Deserialize)]
struct Notebook<'n> {
    #[serde(borrow)]
    cells: Option<Vec<RawCell<'n>>>,
    /// Where cells stood up to 2015.
    #[serde(borrow, default)]
    worksheets: Vec<Worksheet<'n>>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Worksheet<'n> {
    #[serde(borrow)]
    cells: Vec<RawCell<'n>>,
}

#[derive(Deserialize)]
struct RawCell<'n> {
    cell_type: String,
    /// `input` up to 2015.
    #[serde(borrow, alias = "input")]
    source: Option<&'n RawValue>,
}

impl<'n> Notebook<'n> {
    /// All its cells; none where it has no place for any.
    fn cells(self) -> Option<Vec<RawCell<'n>>> {
        if self.cells.is_none() && self.worksheets.is_empty() {
            return None;
        }
        let sheets = self.worksheets.into_iter().flat_map(|sheet| sheet.cells);
        Some(self.cells.into_iter().flatten().chain(sheets).collect())
    }
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
    /// The lines of cells in another language that may send something, and why they are not read.
    pub(super) others: Vec<(usize, String)>,
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
            others: Vec::new(),
        };
        let cells = notebook.cells().ok_or(NO_NOTEBOOK)?;
        let mut place = Place {
            file,
            at: 0,
            line: 1,
        };
        let mut line = 1;
        for (index, cell) in cells.iter().enumerate() {
            let Some(source) = cell.source.filter(|_| cell.cell_type == "code") else {
                continue;
            };
            let pieces = pieces(source, &mut place).ok_or(NO_NOTEBOOK)?;
            let Some((first, _)) = pieces.first() else {
                continue;
            };
            code.starts.push((line.max(*first), index + 1));
            let whole: String = pieces.iter().map(|(_, piece)| piece.as_str()).collect();
            if let Some(magic) =
                other_language(&whole).filter(|_| sieve::may_send(whole.as_bytes()))
            {
                let why = format!("holds a cell of `{magic}`, which is not read");
                code.others.push((line.max(*first), why));
            }
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
    fn old_notebooks_are_read_and_cells_of_other_languages_are_said() {
        let old = r#"{"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [
  {"cell_type": "code", "language": "python", "input": ["a = 1\n", "b = 2"]}
]}]}"#;
        let code = Code::of(old).unwrap();
        assert_eq!(code.text.trim(), "a = 1\nb = 2");
        let cells = r##"  {"cell_type": "code", "source": ["%%javascript\n",
    "client.responses.create(x)"]},
  {"cell_type": "code", "source": ["%%writefile a.py\n",
    "client.responses.create(x)"]},
  {"cell_type": "code", "source": ["%%bash\n",
    "echo 'hello'"]},
  {"cell_type": "code", "source": ["%%time\n",
    "client.responses.create(x)"]}"##;
        let code = Code::of(&notebook(cells)).unwrap();
        let others: Vec<String> = code
            .others
            .iter()
            .map(|(line, why)| format!("{line} {why}"))
            .collect();
        assert_eq!(
            others,
            [
                "3 holds a cell of `%%javascript`, which is not read",
                "5 holds a cell of `%%writefile`, which is not read",
            ]
        );
    }

    #[test]
    fn what_is_no_notebook_of_a_known_language_is_said() {
        for text in [
            "",
            "{}",
            "[]",
            "{\"cells\": 1}",
            "{\"worksheets\": []}",
            "\0",
        ] {
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
}

//! Tables: RFC 4180, with a header.

use std::io::BufRead;
use std::ops::Range;

use serde_json::Value;

use super::lines::{Line, Lines};
use super::{
    Columns, Entry, Go, Take, bad, is_pointer, only_a_pointer, too_large, unreadable, utf8, within,
};
use crate::prompt::document::Object;
use crate::prompt::finding::{Finding, Span};

/// Reads a table: each row is a case.
pub(super) fn table(reader: &mut dyn BufRead, columns: Columns<'_>, take: &mut Take<'_>) -> Go {
    let mut rows = Rows::of(reader);
    let header = match rows.next() {
        Ok(Some(row)) => row.cells().and_then(|cells| header(&row, &cells, columns)),
        Ok(None) => return Go::Continue(()),
        Err(finding) => Err(finding),
    };
    let header = match header {
        Ok(header) => header,
        Err(finding) => return take(Err(finding)),
    };
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Go::Continue(()),
            // What follows an open quotation mark cannot be told from what is inside.
            Err(finding) => return take(Err(finding)),
        };
        let cells = match row.cells().and_then(|cells| row.of(&header, cells)) {
            Ok(cells) => cells,
            Err(finding) => {
                take(Err(finding))?;
                continue;
            }
        };
        let value = match case(&row, &header, &cells, columns) {
            Ok(fields) => Value::Object(fields),
            Err(finding) => {
                take(Err(finding))?;
                continue;
            }
        };
        let place = |path: &str| {
            let at = header.iter().position(|column| column.name == path);
            match at.and_then(|at| cells.get(at)) {
                Some(cell) => row.span(&cell.range),
                None => Span::point(row.first, 1),
            }
        };
        take(Ok(Entry {
            value,
            place: &place,
        }))?;
    }
}

/// The names of the columns of a table.
pub(in crate::experiment) fn header_of(text: &str) -> Result<Vec<String>, Finding> {
    let mut bytes = text.as_bytes();
    let mut rows = Rows::of(&mut bytes);
    let Some(row) = rows.next()? else {
        return Ok(Vec::new());
    };
    let cells = row.cells()?;
    let columns = Columns {
        meta: "case",
        variables: &[],
    };
    let header = header(&row, &cells, columns)?;
    Ok(header.into_iter().map(|column| column.name).collect())
}

/// The rows of a file: lines, several where a cell in quotation marks has several.
struct Rows<'a> {
    lines: Lines<'a>,
    buffer: Vec<u8>,
    first: usize,
    /// How many quotation marks the row has so far.
    marks: usize,
}

impl<'a> Rows<'a> {
    fn of(reader: &'a mut dyn BufRead) -> Self {
        Self {
            lines: Lines::new(reader),
            buffer: Vec::new(),
            first: 0,
            marks: 0,
        }
    }

    fn next(&mut self) -> Result<Option<Row<'_>>, Finding> {
        self.buffer.clear();
        self.marks = 0;
        loop {
            let before = self.buffer.len();
            let line = self.lines.next(&mut self.buffer);
            if before == 0 {
                self.first = self.lines.number;
            }
            let added = &self.buffer[before..];
            self.marks += added.iter().filter(|byte| **byte == b'"').count();
            match line.map_err(|error| unreadable(&error))? {
                Line::Whole => {}
                Line::End if before == 0 => return Ok(None),
                Line::End => return Err(self.open("a quotation mark is not closed")),
                Line::TooLong => return Err(self.too_long()),
            }
            if before == 0 && added.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                self.buffer.clear();
                continue;
            }
            // A mark that is meant is written twice, so that they are even where a row ends.
            if self.marks.is_multiple_of(2) {
                break;
            }
        }
        let text = utf8(&self.buffer, self.first)?;
        let text = match self.first {
            1 => text.trim_start_matches('\u{feff}'),
            _ => text,
        };
        if self.first == 1 && is_pointer(text) {
            return Err(only_a_pointer());
        }
        Ok(Some(Row {
            text: text.trim_end_matches(['\r', '\n']),
            first: self.first,
        }))
    }

    fn too_long(&self) -> Finding {
        match self.marks.is_multiple_of(2) {
            true => too_large(self.first),
            false => self.open("a case may have 1 MB, or a quotation mark is not closed"),
        }
    }

    /// A finding at the quotation mark that is still open.
    fn open(&self, message: &str) -> Finding {
        let text = String::from_utf8_lossy(&self.buffer);
        let at = text.rfind('"').unwrap_or_default();
        let at = Span::from_range(&text, at..at + 1);
        bad(message)
            .at(within(Span::point(self.first, 1), at))
            .help("inside of quotation marks, one that is meant is written twice")
    }
}

/// A row as it is written.
struct Row<'t> {
    text: &'t str,
    /// Its first line.
    first: usize,
}

/// A cell of a row.
struct Cell {
    /// What it says.
    text: String,
    /// Where it stands in the row, its quotation marks included.
    range: Range<usize>,
    is_quoted: bool,
}

impl Row<'_> {
    fn span(&self, range: &Range<usize>) -> Span {
        let span = Span::from_range(self.text, range.clone());
        within(Span::point(self.first, 1), span)
    }

    fn cells(&self) -> Result<Vec<Cell>, Finding> {
        let mut cells = Vec::new();
        let mut at = 0;
        loop {
            let cell = self.cell(at)?;
            at = cell.range.end;
            cells.push(cell);
            if !self.text[at..].starts_with(',') {
                return Ok(cells);
            }
            at += 1;
        }
    }

    fn cell(&self, start: usize) -> Result<Cell, Finding> {
        let rest = &self.text[start..];
        let Some(inner) = rest.strip_prefix('"') else {
            let length = rest.find(',').unwrap_or(rest.len());
            let written = &rest[..length];
            if let Some(mark) = written.find('"') {
                let at = start + mark;
                return Err(
                    bad("a quotation mark stands in a cell that has none around it")
                        .at(self.span(&(at..at + 1)))
                        .help("put the cell in quotation marks, and write each one inside twice"),
                );
            }
            return Ok(Cell {
                text: written.to_owned(),
                range: start..start + length,
                is_quoted: false,
            });
        };
        let mut text = String::new();
        let mut rest = inner;
        // The marks of a row are even, so the last one closes.
        while let Some((before, after)) = rest.split_once('"') {
            text.push_str(before);
            rest = after;
            match rest.strip_prefix('"') {
                Some(more) => {
                    text.push('"');
                    rest = more;
                }
                None => break,
            }
        }
        let end = self.text.len() - rest.len();
        if !rest.is_empty() && !rest.starts_with(',') {
            return Err(bad("text stands behind the closing quotation mark of a cell")
                .at(self.span(&(end..end + 1)))
                .help("cells are separated by commas; inside of quotation marks, one that is meant is written twice"));
        }
        if text.contains('\r') {
            text = text.replace("\r\n", "\n");
        }
        Ok(Cell {
            text,
            range: start..end,
            is_quoted: true,
        })
    }

    /// The cells, if they are as many as the columns.
    fn of(&self, header: &[Column], cells: Vec<Cell>) -> Result<Vec<Cell>, Finding> {
        if cells.len() == header.len() {
            return Ok(cells);
        }
        let at = match cells.get(header.len()) {
            Some(more) => self.span(&more.range),
            None => Span::point(self.first, 1),
        };
        let count = match cells.len() {
            1 => "one cell".to_owned(),
            more => format!("{more} cells"),
        };
        let message = format!("the row has {count}, and the header {}", header.len());
        Err(bad(message)
            .at(at)
            .help("put a cell that holds a comma in quotation marks"))
    }
}

/// A column of the table.
struct Column {
    /// Such as `ticket` or `case.id`.
    name: String,
    holds: Holds,
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// Text; an empty cell is an empty text.
    Text,
    /// Text; an empty cell is left out.
    SomeText,
    /// Texts with `;` between them.
    Texts,
    /// JSON; an empty cell is left out.
    Json,
}

fn header(row: &Row<'_>, cells: &[Cell], columns: Columns<'_>) -> Result<Vec<Column>, Finding> {
    let mut header: Vec<Column> = Vec::new();
    for cell in cells {
        let name = cell.text.trim().to_owned();
        let wrong = |message: String, help: &str| {
            let finding = bad(message).at(row.span(&cell.range));
            Err(finding.help(help))
        };
        if name.is_empty() {
            return wrong(
                "a column has no name".to_owned(),
                "the first line names the columns: ticket,expected,case.id",
            );
        }
        if cells.len() == 1 && name.contains([';', '\t']) {
            return wrong(
                "the columns are not separated by commas".to_owned(),
                "save the table with commas between its cells",
            );
        }
        if header.iter().any(|column| column.name == name) {
            return wrong(
                format!("two columns are called `{name}`"),
                "give each a name of its own",
            );
        }
        if name.starts_with("__") {
            return wrong(
                format!("`{name}` is a column of promptfoo's, whose meaning is not guessed"),
                "write what is expected into a column `expected`, and what it means into the evaluators",
            );
        }
        let holds = holds(&name, columns);
        header.push(Column { name, holds });
    }
    Ok(header)
}

fn holds(name: &str, columns: Columns<'_>) -> Holds {
    let meta = name
        .strip_prefix(columns.meta)
        .and_then(|rest| rest.strip_prefix('.'));
    match meta {
        Some("tags") => Holds::Texts,
        Some("weight" | "repeat" | "required" | "reviewed" | "evaluators" | "human") => Holds::Json,
        Some(_) => Holds::SomeText,
        None => {
            let mut variables = columns.variables.iter();
            match variables.find(|variable| variable.name == name) {
                Some(variable) if !variable.takes_text() => Holds::Json,
                Some(_) => Holds::Text,
                None => Holds::SomeText,
            }
        }
    }
}

/// The fields of a row.
fn case(
    row: &Row<'_>,
    header: &[Column],
    cells: &[Cell],
    columns: Columns<'_>,
) -> Result<Object, Finding> {
    let mut fields = Object::new();
    let mut meta = Object::new();
    for (column, cell) in header.iter().zip(cells) {
        let is_left_out = cell.text.is_empty() && !cell.is_quoted;
        let value = match column.holds {
            Holds::Text => Value::from(cell.text.as_str()),
            _ if is_left_out => continue,
            Holds::SomeText => Value::from(cell.text.as_str()),
            Holds::Texts => {
                let texts = cell.text.split(';').map(str::trim);
                texts.filter(|text| !text.is_empty()).collect()
            }
            Holds::Json => json(row, column, cell)?,
        };
        let key = column
            .name
            .strip_prefix(columns.meta)
            .and_then(|rest| rest.strip_prefix('.'));
        match key {
            Some(key) => meta.insert(key.to_owned(), value),
            None => fields.insert(column.name.clone(), value),
        };
    }
    if !meta.is_empty() {
        fields.insert(columns.meta.to_owned(), Value::Object(meta));
    }
    Ok(fields)
}

fn json(row: &Row<'_>, column: &Column, cell: &Cell) -> Result<Value, Finding> {
    let text = cell.text.trim();
    // Spreadsheets write them so.
    let text = match text {
        "TRUE" | "True" => "true",
        "FALSE" | "False" => "false",
        text => text,
    };
    serde_json::from_str(text).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        bad(format!("`{}` is not JSON: {reason}", column.name))
            .at(row.span(&cell.range))
            .help("a column whose variable is no text holds JSON: 3, true, [\"a\"], {\"a\": 1}; put quotation marks around the cell, and write each one inside twice")
    })
}

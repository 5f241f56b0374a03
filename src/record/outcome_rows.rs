//! Outcomes from text: JSON lines or a table.

use std::collections::BTreeMap;

use csv::StringRecord;
use jiff::Timestamp;
use serde_json::Value;

use super::entry::Outcome;
use super::possible::{MOST_FIGURE, can_be_added, is_ahead};
use crate::error::Failure;
use crate::prompt::code;

/// The keys of a line that names an outcome.
const KEYS: &str =
    "`id`, `response_id` or `label:KEY`, and `time`, `score`, `label`, `metrics` and `note`";

/// Where the text comes from.
const PLACE: &str = "standard input";

/// Whose outcome it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExecutionKey {
    /// The execution with this id.
    Id(String),
    /// The one whose answer has this id at the API.
    Response(String),
    /// The one that has this value of a label.
    Label(String, String),
}

/// An outcome as it was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The line that it stands on.
    pub line: usize,
    /// Whose it is.
    pub whose: ExecutionKey,
    /// What it says; of which execution is left open.
    pub outcome: Outcome,
    /// Whether it says when that was; else it is said now.
    pub is_dated: bool,
}

impl Entry {
    /// Where it stands, for people.
    pub fn place(&self) -> String {
        format!("{PLACE}:{}", self.line)
    }
}

/// All that was told.
#[derive(Debug, Default, PartialEq)]
pub struct OutcomeRows {
    /// The outcomes, in their order.
    pub entries: Vec<Entry>,
    /// How many lines say nothing of their execution, as where its outcome is not in yet.
    pub empty: u64,
}

impl OutcomeRows {
    fn take(&mut self, entry: Entry) {
        let it = &entry.outcome;
        let is_empty =
            it.score.is_none() && it.label.is_none() && it.note.is_none() && it.metrics.is_empty();
        match is_empty {
            true => self.empty += 1,
            false => self.entries.push(entry),
        }
    }
}

/// Reads outcomes: JSON lines where the text begins with `{`, else a table (RFC 4180) whose columns
/// besides those of `KEYS` are metrics. An outcome without a time gets `now`.
///
/// # Errors
/// `P323`: the first line that is wrong, with its column.
pub fn outcomes(text: &str, now: Timestamp) -> Result<OutcomeRows, Failure> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        parse_lines(text, now)
    } else {
        parse_table(text, now)
    }
}

fn bad(line: usize, column: usize, message: impl Into<String>) -> Failure {
    Failure::new(code::BAD_INPUT, message).at(format!("{PLACE}:{line}:{column}"))
}

/// What one line or row says, name by name.
struct Reader {
    now: Timestamp,
    whose: Vec<ExecutionKey>,
    outcome: Outcome,
    is_dated: bool,
}

/// What is wrong with a value.
type Wrong = String;

impl Reader {
    fn new(now: Timestamp) -> Self {
        Self {
            now,
            whose: Vec::new(),
            outcome: Outcome::new("", now),
            is_dated: false,
        }
    }

    /// Takes in what names the execution; false where the name is another one.
    fn names(&mut self, name: &str, value: &str) -> Result<bool, Wrong> {
        let whose = match name {
            "id" | "outcome_of" => ExecutionKey::Id(value.to_ascii_lowercase()),
            "response_id" => ExecutionKey::Response(value.to_owned()),
            _ => match name.strip_prefix("label:") {
                Some(key) if !key.is_empty() => {
                    ExecutionKey::Label(key.to_owned(), value.to_owned())
                }
                _ => return Ok(false),
            },
        };
        if value.is_empty() {
            return Err(format!("`{name}` is empty"));
        }
        self.whose.push(whose);
        Ok(true)
    }

    fn time(&mut self, text: &str) -> Result<(), Wrong> {
        let time = text
            .parse()
            .map_err(|_| format!("`time` is not a time such as 2026-11-20T12:00:00Z: {text}"))?;
        if is_ahead(time, self.now) {
            return Err(format!(
                "`time` is when it was told, and this is more than a day ahead of now: {text}"
            ));
        }
        self.outcome.time = time;
        self.is_dated = true;
        Ok(())
    }

    fn entry(self, line: usize) -> Result<Entry, Wrong> {
        let mut whose = self.whose.into_iter();
        match (whose.next(), whose.next()) {
            (Some(whose), None) => Ok(Entry {
                line,
                whose,
                outcome: self.outcome,
                is_dated: self.is_dated,
            }),
            (None, _) => Err(
                "`id`, the id of the execution, is missing; `response_id` or `label:KEY` would do too"
                    .to_owned(),
            ),
            (Some(_), Some(_)) => Err(
                "several keys say whose outcome it is: keep `id`, `response_id` or one `label:KEY`"
                    .to_owned(),
            ),
        }
    }
}

fn parse_lines(text: &str, now: Timestamp) -> Result<OutcomeRows, Failure> {
    let mut told = OutcomeRows::default();
    for (at, line) in text.lines().enumerate() {
        if !line.trim().is_empty() {
            told.take(parse_json(at + 1, line, now)?);
        }
    }
    Ok(told)
}

/// The column in which a key of a JSON object stands, counted in characters.
fn column_of(line: &str, key: &str) -> usize {
    let quoted = serde_json::to_string(key).unwrap_or_default();
    let before = line.find(&quoted).map_or("", |at| &line[..at]);
    before.chars().count() + 1
}

fn parse_json(number: usize, line: &str, now: Timestamp) -> Result<Entry, Failure> {
    let value: Value = serde_json::from_str(line).map_err(|error| {
        let column = error.column().max(1);
        bad(number, column, format!("the line is not JSON: {error}"))
    })?;
    let Value::Object(map) = value else {
        return Err(bad(number, 1, "the line is not a JSON object"));
    };
    let mut reader = Reader::new(now);
    for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        take_json(&mut reader, key, value).map_err(|(message, hint)| {
            let failure = bad(number, column_of(line, key), message);
            match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })?;
    }
    reader
        .entry(number)
        .map_err(|message| bad(number, 1, message))
}

/// A figure that can be added up.
fn in_range(name: &str, figure: f64) -> Result<f64, (Wrong, Option<String>)> {
    match can_be_added(figure) {
        true => Ok(figure),
        false => Err((format!("`{name}` is beyond {MOST_FIGURE:e}"), None)),
    }
}

fn take_json(reader: &mut Reader, key: &str, value: &Value) -> Result<(), (Wrong, Option<String>)> {
    let wrong = || (format!("`{key}` has a value of the wrong type"), None);
    let plain = |message: Wrong| (message, None);
    let text = || value.as_str().ok_or_else(wrong);
    match key {
        "schema" => {}
        "time" => reader.time(text()?).map_err(plain)?,
        "score" => reader.outcome.score = Some(in_range(key, value.as_f64().ok_or_else(wrong)?)?),
        "label" => reader.outcome.label = Some(text()?.to_owned()),
        "note" => reader.outcome.note = Some(text()?.to_owned()),
        "metrics" => {
            for (name, value) in value.as_object().ok_or_else(wrong)? {
                let figure = in_range(name, value.as_f64().ok_or_else(wrong)?)?;
                reader.outcome.metrics.insert(name.clone(), figure);
            }
        }
        _ => {
            let number = value.as_number().map(ToString::to_string);
            let named = match (value.as_str(), number) {
                (Some(text), _) => reader.names(key, text),
                (None, Some(number)) if key.starts_with("label:") => reader.names(key, &number),
                _ => reader.names(key, "?").and_then(|is_named| match is_named {
                    true => Err(format!("`{key}` has a value of the wrong type")),
                    false => Ok(false),
                }),
            };
            if !named.map_err(plain)? {
                return Err((
                    format!("`{key}` is not a key of an outcome"),
                    Some(format!("the keys are {KEYS}; put figures under `metrics`")),
                ));
            }
        }
    }
    Ok(())
}

fn parse_table(text: &str, now: Timestamp) -> Result<OutcomeRows, Failure> {
    let mut told = OutcomeRows::default();
    let mut header: Option<Vec<String>> = None;
    each_row(text, &mut |line, written, row| {
        let Some(header) = &header else {
            let names: Vec<String> = row.iter().map(|name| name.trim().to_owned()).collect();
            check_header(&names, line, written)?;
            header = Some(names);
            return Ok(());
        };
        if row.len() != header.len() {
            let message = format!(
                "the row has {} cells, and the header {}",
                row.len(),
                header.len()
            );
            return Err(bad(line, 1, message));
        }
        let mut reader = Reader::new(now);
        for (at, (name, cell)) in header.iter().zip(row).enumerate() {
            take_cell(&mut reader, name, cell.trim()).map_err(|message| {
                let (down, column) = place_of(written, at);
                bad(line + down, column, message)
            })?;
        }
        told.take(
            reader
                .entry(line)
                .map_err(|message| bad(line, 1, message))?,
        );
        Ok(())
    })?;
    Ok(told)
}

/// Finds what makes a table none of outcomes before its first row.
fn check_header(names: &[String], line: usize, written: &str) -> Result<(), Failure> {
    let is_key = |name: &String| {
        matches!(name.as_str(), "id" | "outcome_of" | "response_id")
            || name
                .strip_prefix("label:")
                .is_some_and(|key| !key.is_empty())
    };
    if let [name] = names
        && let Some(mark) = [';', '\t'].into_iter().find(|it| name.contains(*it))
    {
        let mark = if mark == '\t' { "a tab" } else { "`;`" };
        let message = format!("the cells of the table are parted by {mark}");
        return Err(bad(line, 1, message).hint("part them by commas, as RFC 4180 has it"));
    }
    if !names.iter().any(is_key) {
        return Err(bad(line, 1, "the table has no column `id`")
            .hint("`response_id` or `label:KEY`, such as label:order, would do too"));
    }
    let mut seen = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        let (_, column) = place_of(written, at);
        if name.is_empty() {
            return Err(bad(line, column, "a column has no name"));
        }
        if seen.insert(name, at).is_some() {
            return Err(bad(line, column, format!("two columns are named `{name}`")));
        }
    }
    Ok(())
}

fn take_cell(reader: &mut Reader, name: &str, cell: &str) -> Result<(), Wrong> {
    if cell.is_empty() {
        return Ok(());
    }
    let figure = || {
        let figure = cell.parse::<f64>().ok().filter(|figure| figure.is_finite());
        let figure = figure.ok_or_else(|| format!("`{name}` is not a number: {cell}"))?;
        in_range(name, figure).map_err(|(wrong, _)| wrong)
    };
    match name {
        "schema" => {}
        "time" => reader.time(cell)?,
        "score" => reader.outcome.score = Some(figure()?),
        "label" => reader.outcome.label = Some(cell.to_owned()),
        "note" => reader.outcome.note = Some(cell.to_owned()),
        _ if reader.names(name, cell)? => {}
        _ => drop(reader.outcome.metrics.insert(name.to_owned(), figure()?)),
    }
    Ok(())
}

/// Where a cell of a row stands: how many lines below its first, and in which column.
fn place_of(written: &str, cell: usize) -> (usize, usize) {
    let (mut cells, mut down, mut column, mut is_quoted) = (0, 0, 1, false);
    for character in written.chars() {
        if cells == cell {
            break;
        }
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells += 1,
            _ => {}
        }
        column += 1;
        if character == '\n' {
            (down, column) = (down + 1, 1);
        }
    }
    (down, column)
}

/// What is done with a row: the line that it begins on, how it is written, and its cells.
type TakeRow<'t> = dyn FnMut(usize, &str, &StringRecord) -> Result<(), Failure> + 't;

/// Hands over the rows of a table; empty lines are none.
fn each_row(text: &str, take: &mut TakeRow<'_>) -> Result<(), Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut row = StringRecord::new();
    let (mut line, mut start) = (1, 0);
    loop {
        let more = reader.read_record(&mut row);
        let end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
        let written = &text[start..end];
        let cells = written.trim_start_matches(['\r', '\n']);
        let lines = |text: &str| memchr::memchr_iter(b'\n', text.as_bytes()).count();
        let begins = line + lines(written) - lines(cells);
        if !more.map_err(|error| bad(begins, 1, error.to_string()))? {
            return Ok(());
        }
        // Inside of quotation marks, one that is meant is written twice.
        if end == text.len() && cells.matches('"').count() % 2 == 1 {
            return Err(bad(begins, 1, "a quotation mark is not closed"));
        }
        take(begins, cells, &row)?;
        (line, start) = (line + lines(written), end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn strip(told: OutcomeRows) -> Vec<(ExecutionKey, Outcome)> {
        told.entries
            .into_iter()
            .map(|it| (it.whose, it.outcome))
            .collect()
    }

    #[test]
    fn lines_and_tables_say_the_same() {
        let lines = "{\"id\":\"a\",\"score\":0.9,\"metrics\":{\"r\":1.8}}\n\n{\"id\":\"b\",\"label\":\"win\",\"note\":\"x, \\\"y\\\"\\nz\"}\n";
        let table = "id,score,label,r,note\r\na,0.9,,1.8,\r\n\r\nb,,win,,\"x, \"\"y\"\"\nz\"";
        let read = outcomes(lines, now()).unwrap();
        assert_eq!(read.entries[1].line, 3);
        let tabled = outcomes(table, now()).unwrap();
        assert_eq!(tabled.entries[1].line, 4);
        assert_eq!(strip(read), strip(tabled));
        assert_eq!(outcomes("", now()).unwrap(), OutcomeRows::default());
    }

    #[test]
    fn an_execution_is_named_by_its_id_its_answer_or_a_label() {
        let lines = "{\"response_id\":\"resp_1\",\"score\":1,\"time\":\"2026-11-01T00:00:00Z\"}\n{\"label:order\":17,\"label\":\"win\"}\n";
        let read = strip(outcomes(lines, now()).unwrap());
        assert_eq!(read[0].0, ExecutionKey::Response("resp_1".to_owned()));
        assert_eq!(read[0].1.time.to_string(), "2026-11-01T00:00:00Z");
        assert_eq!(
            read[1].0,
            ExecutionKey::Label("order".to_owned(), "17".to_owned())
        );
        let table = "label:order,label,profit\nA-1,win,3\nA-2,,\n";
        let read = outcomes(table, now()).unwrap();
        assert_eq!((read.entries.len(), read.empty), (1, 1));
    }

    #[test]
    fn what_is_wrong_says_the_line_and_the_column() {
        for (text, place, part) in [
            ("{\"id\":\"a\"}\n{", "2:1", "not JSON"),
            ("{\"score\":1}", "1:1", "`id`"),
            ("{\"id\":\"a\",\"r\":1}", "1:11", "`r` is not a key"),
            ("{\"id\":\"a\",\"score\":\"1\"}", "1:11", "wrong type"),
            ("{\"id\":7,\"score\":1}", "1:2", "wrong type"),
            ("{\"id\":\"\",\"score\":1}", "1:2", "is empty"),
            ("{\"id\":\"a\",\"score\":1e999}", "1:23", "not JSON"),
            ("{\"id\":\"a\",\"score\":1e308}", "1:11", "beyond 1e15"),
            ("id,r\na,-1e16", "2:3", "`r` is beyond 1e15"),
            (
                "{\"id\":\"a\",\"response_id\":\"b\",\"score\":1}",
                "1:1",
                "several keys",
            ),
            ("score\n1", "1:1", "no column `id`"),
            ("id,score,score\na,1,2", "1:10", "two columns"),
            ("id,,score\na,1,2", "1:4", "no name"),
            ("id,score\na", "2:1", "1 cells"),
            ("id,note,score\na,é,high", "2:5", "not a number"),
            ("id,note,score\na,\"é\nx\",high", "3:4", "not a number"),
            ("id,score\na,inf", "2:3", "not a number"),
            ("id,time\na,monday", "2:3", "`time`"),
            ("id,score\na,\"1", "2:1", "not closed"),
        ] {
            let failure = outcomes(text, now()).unwrap_err();
            assert!(failure.message.contains(part), "{}", failure.message);
            let place = format!("standard input:{place}");
            assert_eq!(failure.location.as_deref(), Some(&*place), "{text}");
        }
    }
}

//! Tables. Of tests: a row each, and columns whose names begin with `__` for what is expected. Of
//! prompts: a row each, with columns for its text and its label.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::prompt::finding::Span;

/// The assertions that a cell may begin with, without `not-`.
const KINDS: [&str; 58] = [
    "answer-relevance",
    "bleu",
    "classifier",
    "contains",
    "contains-all",
    "contains-any",
    "contains-html",
    "contains-json",
    "contains-sql",
    "contains-xml",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "conversation-relevance",
    "cost",
    "equals",
    "factuality",
    "finish-reason",
    "g-eval",
    "gleu",
    "guardrails",
    "icontains",
    "icontains-all",
    "icontains-any",
    "is-html",
    "is-json",
    "is-refusal",
    "is-sql",
    "is-valid-function-call",
    "is-valid-openai-function-call",
    "is-valid-openai-tools-call",
    "is-xml",
    "javascript",
    "latency",
    "levenshtein",
    "llm-rubric",
    "meteor",
    "model-graded-closedqa",
    "model-graded-factuality",
    "moderation",
    "perplexity",
    "perplexity-score",
    "pi",
    "python",
    "regex",
    "rouge-n",
    "ruby",
    "search-rubric",
    "similar",
    "skill-used",
    "starts-with",
    "tool-call-f1",
    "trace-error-spans",
    "trace-span-count",
    "trace-span-duration",
    "trajectory",
    "webhook",
    "word-count",
];

/// What a cell may begin with that means an assertion of another name.
const OTHERS: [(&str, &str); 5] = [
    ("fn:", "javascript"),
    ("eval:", "javascript"),
    ("grade:", "llm-rubric"),
    ("javascript:", "javascript"),
    ("python:", "python"),
];

/// The limit of an assertion that names none.
const THRESHOLD: f64 = 0.75;

/// The tests of a table, one more than `most` at most.
pub(super) fn tests(text: &str, most: usize) -> Result<Vec<Value>, String> {
    let (header, rows) = rows(text, most)?;
    Ok(rows
        .iter()
        .map(|row| test(header.iter().zip(row).map(|(key, cell)| (&**key, &**cell))))
        .collect())
}

/// A prompt of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) label: Option<String>,
    /// Where the text begins in a file of texts.
    pub(super) start: Span,
}

impl Row {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            label: None,
            start: Span::point(1, 1),
        }
    }
}

/// The prompts of a table, one more than `most` at most, and the columns that say something else of
/// them. A table of one column has a prompt on each line.
pub(super) fn prompts(text: &str, most: usize) -> Result<(Vec<Row>, Vec<String>), String> {
    let text = text.trim_start_matches('\u{feff}');
    let is_table = text.contains(char::from(delimiter(text)));
    let Some((header, rows)) = is_table.then(|| rows(text, most).ok()).flatten() else {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let is_header =
            |(at, line): &(usize, &str)| *at == 0 && line.eq_ignore_ascii_case("prompt");
        let prompts = lines.enumerate().filter(|it| !is_header(it)).take(most + 1);
        return Ok((
            prompts.map(|(_, line)| Row::new(line)).collect(),
            Vec::new(),
        ));
    };
    let column = |name: &str| header.iter().position(|it| it.eq_ignore_ascii_case(name));
    let Some(prompt) = column("prompt") else {
        return Err("it has no column `prompt`".to_owned());
    };
    let label = column("label");
    let is_other = |(at, _): &(usize, &String)| *at != prompt && Some(*at) != label;
    let others = header.iter().enumerate().filter(is_other);
    let others = others.map(|(_, name)| name.clone()).collect();
    let said = |row: &[String], at: usize| row.get(at).filter(|it| !it.is_empty()).cloned();
    let row = |row: &Vec<String>| {
        let text = said(row, prompt)?;
        let label = label.and_then(|at| said(row, at));
        Some(Row {
            label,
            ..Row::new(&text)
        })
    };
    Ok((rows.iter().filter_map(row).collect(), others))
}

/// The header of a table and its rows, one more than `most` at most.
fn rows(text: &str, most: usize) -> Result<(Vec<String>, Vec<Vec<String>>), String> {
    let text = text.trim_start_matches('\u{feff}');
    // Lines may also end as on an old Mac.
    let text = match text.contains('\n') {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.replace('\r', "\n")),
    };
    let mut rows = records(&text, char::from(delimiter(&text))).into_iter();
    let (_, header) = rows.next().unwrap_or_default();
    let mut all = Vec::new();
    for (line, row) in rows.take(most + 1) {
        if row.len() != header.len() {
            let (cells, columns) = (row.len(), header.len());
            return Err(format!(
                "the row at line {line} has {cells} cells, and the header {columns}"
            ));
        }
        all.push(row);
    }
    Ok((header, all))
}

/// The rows of a table with the lines at which they begin, as promptfoo reads them: blanks around a cell are
/// left out, and those in quotes are not.
fn records(text: &str, delimiter: char) -> Vec<(usize, Vec<String>)> {
    let mut rows = Vec::new();
    let (mut row, mut cell) = (Vec::new(), Cell::default());
    let (mut line, mut start) = (1, 1);
    let mut letters = text.chars().chain(['\n']).peekable();
    while let Some(letter) = letters.next() {
        let is_last = letters.peek().is_none();
        line += usize::from(letter == '\n');
        if cell.is_open && !is_last {
            match letter {
                '"' if letters.next_if_eq(&'"').is_none() => cell.close(),
                letter => cell.text.push(letter),
            }
        } else if letter == '"' && cell.may_open() {
            cell = Cell::opened();
        } else if letter == delimiter || letter == '\n' {
            let is_quoted = cell.quoted.is_some() || cell.is_open;
            row.push(std::mem::take(&mut cell).finish());
            if letter == '\n' {
                let row = std::mem::take(&mut row);
                let is_empty = !is_quoted && row == [""];
                rows.extend((!is_empty).then_some((start, row)));
                start = line;
            }
        } else {
            cell.text.push(letter);
        }
    }
    rows
}

/// A cell that is read.
#[derive(Default)]
struct Cell {
    text: String,
    /// Whether a quote is not closed yet.
    is_open: bool,
    /// How much of the text stood in quotes.
    quoted: Option<usize>,
}

impl Cell {
    fn opened() -> Self {
        Self {
            is_open: true,
            ..Self::default()
        }
    }

    fn may_open(&self) -> bool {
        self.quoted.is_none() && self.text.trim().is_empty()
    }

    fn close(&mut self) {
        self.is_open = false;
        self.quoted = Some(self.text.len());
    }

    fn finish(mut self) -> String {
        match self.quoted {
            None => self.text.trim().to_owned(),
            Some(quoted) => {
                let end = self.text.trim_end().len().max(quoted);
                self.text.truncate(end);
                self.text
            }
        }
    }
}

/// What parts the cells: a comma, or what the header has in its place. promptfoo is told by a
/// variable, which the file does not hold.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let others = [b';', b'\t'].into_iter();
    let mut others = others.filter(|it| header.contains(char::from(*it)));
    others
        .next()
        .filter(|_| !header.contains(','))
        .unwrap_or(b',')
}

/// A row as a test.
fn test<'r>(cells: impl Iterator<Item = (&'r str, &'r str)>) -> Value {
    let (mut test, mut vars, mut metadata) = (Map::new(), Map::new(), Map::new());
    let mut asserts = Vec::new();
    let mut about: Vec<(usize, String, Value)> = Vec::new();
    let mut metric = None;
    for (key, cell) in cells {
        let is_empty = cell.is_empty();
        if let Some(rest) = key.strip_prefix("__config:__expected") {
            let (number, name) = rest.split_once(':').unwrap_or((rest, ""));
            let at = number.parse::<usize>().map_or(0, |it| it.saturating_sub(1));
            if !is_empty {
                about.push((at, name.to_owned(), limit(cell)));
            }
        } else if let Some(name) = key.strip_prefix("__metadata:") {
            let value = match name.ends_with("[]") {
                true => parts(cell).into_iter().map(Value::from).collect(),
                false => json!(cell),
            };
            if !is_empty {
                metadata.insert(name.trim_end_matches("[]").to_owned(), value);
            }
        } else if key.starts_with("__expected") {
            asserts.extend((!is_empty).then(|| assertion(cell)));
        } else if key == "__metric" {
            metric = Some(cell).filter(|_| !is_empty);
        } else if let Some(name) = key.strip_prefix("__") {
            // What is no part of a case here is named by the one who reads the test.
            let name = match name {
                "description" => name,
                _ => key,
            };
            if !is_empty {
                test.insert(name.to_owned(), json!(cell));
            }
        } else {
            vars.insert(key.to_owned(), json!(cell));
        }
    }
    for (at, name, value) in about {
        if let Some(assert) = asserts.get_mut(at) {
            assert[name] = value;
        }
    }
    if let Some(metric) = metric {
        for assert in &mut asserts {
            assert["metric"] = json!(metric);
        }
    }
    test.insert("vars".to_owned(), Value::Object(vars));
    if !asserts.is_empty() {
        test.insert("assert".to_owned(), Value::Array(asserts));
    }
    if !metadata.is_empty() {
        test.insert("metadata".to_owned(), Value::Object(metadata));
    }
    Value::Object(test)
}

/// The parts of a list, whose commas may be escaped.
fn parts(cell: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = cell.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, parts.last_mut()) {
            ('\\', Some(part)) if letters.peek() == Some(&',') => {
                part.extend(letters.next());
            }
            (',', _) => parts.push(String::new()),
            (letter, Some(part)) => part.push(letter),
            (_, None) => {}
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

/// What a cell expects: `kind(limit):value`, or a text that the answer is to equal.
fn assertion(cell: &str) -> Value {
    for (start, kind) in OTHERS {
        if let Some(value) = cell.strip_prefix(start) {
            return json!({ "type": kind, "value": value.trim() });
        }
    }
    if let Some(file) = cell.strip_prefix("file://")
        && [".py", ".js", ".ts"]
            .iter()
            .any(|ending| file.ends_with(ending) || file.contains(&format!("{ending}:")))
    {
        return json!({ "type": "javascript", "value": cell });
    }
    let (head, value) = match cell.split_once(':') {
        Some((head, value)) => (head, Some(value)),
        None => (cell, None),
    };
    let (kind, given) = match head.strip_suffix(')').and_then(|it| it.split_once('(')) {
        Some((kind, number)) => (kind, number.parse::<f64>().ok()),
        None => (head, None),
    };
    let plain = kind.strip_prefix("not-").unwrap_or(kind);
    if !KINDS.contains(&plain) || (head != kind && given.is_none()) {
        return json!({ "type": "equals", "value": cell });
    }
    let mut assert = json!({ "type": kind });
    if let Some(value) = value {
        assert["value"] = match plain.ends_with("-any") || plain.ends_with("-all") {
            true => value.split(',').map(|it| json!(it.trim())).collect(),
            false => json!(value.trim()),
        };
    }
    match (plain, given) {
        ("levenshtein", given) => {
            assert["threshold"] = number(given.unwrap_or(THRESHOLD).floor());
        }
        ("cost" | "latency", given) => assert["threshold"] = number(given.unwrap_or(THRESHOLD)),
        (_, Some(given)) => assert["threshold"] = number(given),
        (_, None) => {}
    }
    assert
}

/// A cell that is a number, else its text.
fn limit(cell: &str) -> Value {
    cell.parse::<f64>().map_or_else(|_| json!(cell), number)
}

/// A number, whole where it is one.
fn number(value: f64) -> Value {
    match serde_json::from_str(&value.to_string()) {
        Ok(number @ Value::Number(_)) => number,
        _ => json!(value),
    }
}

#[cfg(test)]
mod tests_of_tables {
    use super::*;

    #[test]
    fn a_comma_of_a_list_may_be_escaped() {
        assert_eq!(parts("a\\, b, c"), ["a, b", "c"]);
        assert_eq!(parts("a"), ["a"]);
    }

    #[test]
    fn lines_end_as_on_an_old_mac_too() {
        let found = tests("a,b\r1,2\r3,4\r", 9).unwrap();
        assert_eq!(found[1]["vars"], json!({"a": "3", "b": "4"}));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn blanks_in_quotes_belong_to_a_cell() {
        let text = "a,b\r\n x , \"  y \"\r\n\n\"1\n\"\"2\"\" \",3\"4\n\"\",\"open\n";
        let row = |line, cells: [&str; 2]| (line, cells.map(str::to_owned).to_vec());
        assert_eq!(
            records(text, ','),
            [
                row(1, ["a", "b"]),
                row(2, ["x", "  y "]),
                row(4, ["1\n\"2\" ", "3\"4"]),
                row(6, ["", "open"]),
            ]
        );
    }

    #[test]
    fn a_cell_is_an_assertion_or_a_text() {
        for (cell, wanted) in [
            ("Paris", json!({ "type": "equals", "value": "Paris" })),
            ("a: b", json!({ "type": "equals", "value": "a: b" })),
            ("is-json", json!({ "type": "is-json" })),
            (
                "contains:x: y",
                json!({ "type": "contains", "value": "x: y" }),
            ),
            (
                "not-contains-any:a, b",
                json!({ "type": "not-contains-any", "value": ["a", "b"] }),
            ),
            (
                "latency(500)",
                json!({ "type": "latency", "threshold": 500 }),
            ),
            (
                "similar(0.8):x",
                json!({ "type": "similar", "value": "x", "threshold": 0.8 }),
            ),
            (
                "levenshtein:x",
                json!({ "type": "levenshtein", "value": "x", "threshold": 0 }),
            ),
            (
                "grade: kind",
                json!({ "type": "llm-rubric", "value": "kind" }),
            ),
            (
                "contains: Paris",
                json!({ "type": "contains", "value": "Paris" }),
            ),
            (
                "tool-call-f1:x",
                json!({ "type": "tool-call-f1", "value": "x" }),
            ),
            ("fn:x", json!({ "type": "javascript", "value": "x" })),
            (
                "contains(x):y",
                json!({ "type": "equals", "value": "contains(x):y" }),
            ),
        ] {
            assert_eq!(assertion(cell), wanted, "{cell}");
        }
    }

    #[test]
    fn columns_are_variables_but_for_those_with_two_lines() {
        let text = "\u{feff}a, b ,__expected,__expected2,__metric,__description,__metadata:k,__metadata:l[],__config:__expected2:weight,__prefix\n\
            \"x, y\",{{z}},one,contains:two,m,first,v,\"p, q\",2,pre\n\n,,,,,,,,,\n";
        assert_eq!(
            tests(text, 10).unwrap(),
            [
                json!({
                    "description": "first", "__prefix": "pre", "vars": { "a": "x, y", "b": "{{z}}" },
                    "assert": [
                        { "type": "equals", "value": "one", "metric": "m" },
                        { "type": "contains", "value": "two", "weight": 2, "metric": "m" },
                    ],
                    "metadata": { "k": "v", "l": ["p", "q"] },
                }),
                json!({ "vars": { "a": "", "b": "" } }),
            ]
        );
        assert_eq!(tests("a\n1\n2\n3\n", 1).unwrap().len(), 2);
        assert!(
            tests("a,b\n1\n", 1)
                .unwrap_err()
                .contains("line 2 has 1 cells")
        );
    }
}

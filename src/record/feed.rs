//! Outcomes from text: JSON lines or a table.

use jiff::Timestamp;
use serde_json::Value;

use super::entry::Outcome;
use crate::error::Failure;
use crate::prompt::code;

/// The keys of a line that names an outcome.
const KEYS: &str = "`id`, `score`, `label`, `metrics` and `note`";

/// Reads outcomes, with the number of the line of each: JSON lines where the text begins with
/// `{`, else a table (RFC 4180) whose columns besides `id`, `score`, `label` and `note` are
/// metrics. An outcome without a time gets `now`.
///
/// # Errors
/// `P323`: the first line that is wrong.
pub fn outcomes(text: &str, now: Timestamp) -> Result<Vec<(usize, Outcome)>, Failure> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        parse_lines(text, now)
    } else {
        parse_table(text, now)
    }
}

fn bad(line: usize, message: impl Into<String>) -> Failure {
    Failure::new(code::BAD_INPUT, message).at(format!("line {line}"))
}

fn parse_lines(text: &str, now: Timestamp) -> Result<Vec<(usize, Outcome)>, Failure> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| Ok((number, parse_json(number, line, now)?)))
        .collect()
}

fn parse_json(number: usize, line: &str, now: Timestamp) -> Result<Outcome, Failure> {
    let value: Value = serde_json::from_str(line)
        .map_err(|error| bad(number, format!("the line is not JSON: {error}")))?;
    let Value::Object(map) = value else {
        return Err(bad(number, "the line is not a JSON object"));
    };
    let id = map
        .get("id")
        .or(map.get("outcome_of"))
        .and_then(Value::as_str);
    let id = id.ok_or_else(|| bad(number, "`id`, the id of the execution, is missing"))?;
    let mut outcome = Outcome::new(id, now);
    for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        let wrong = || bad(number, format!("`{key}` has a value of the wrong type"));
        let text = || value.as_str().map(str::to_owned).ok_or_else(wrong);
        match key.as_str() {
            "id" | "outcome_of" | "schema" => {}
            "time" => outcome.time = text()?.parse().map_err(|_| wrong())?,
            "score" => outcome.score = Some(value.as_f64().ok_or_else(wrong)?),
            "label" => outcome.label = Some(text()?),
            "note" => outcome.note = Some(text()?),
            "metrics" => {
                for (name, value) in value.as_object().ok_or_else(wrong)? {
                    let figure = value.as_f64().ok_or_else(wrong)?;
                    outcome.metrics.insert(name.clone(), figure);
                }
            }
            _ => {
                return Err(bad(number, format!("`{key}` is not a key of an outcome"))
                    .hint(format!("the keys are {KEYS}; put figures under `metrics`")));
            }
        }
    }
    Ok(outcome)
}

fn parse_table(text: &str, now: Timestamp) -> Result<Vec<(usize, Outcome)>, Failure> {
    let mut rows = table(text)?.into_iter();
    let Some((_, header)) = rows.next() else {
        return Ok(Vec::new());
    };
    let is_id = |name: &String| matches!(name.trim(), "id" | "outcome_of");
    let id_at = header
        .iter()
        .position(is_id)
        .ok_or_else(|| bad(1, "the table has no column `id`"))?;
    rows.map(|(number, row)| {
        if row.len() != header.len() {
            let message = format!(
                "the row has {} cells, and the header {}",
                row.len(),
                header.len()
            );
            return Err(bad(number, message));
        }
        let mut outcome = Outcome::new(row[id_at].trim(), now);
        for (name, cell) in header.iter().zip(&row) {
            set(&mut outcome, name.trim(), cell.trim(), number)?;
        }
        Ok((number, outcome))
    })
    .collect()
}

fn set(outcome: &mut Outcome, name: &str, cell: &str, number: usize) -> Result<(), Failure> {
    if cell.is_empty() {
        return Ok(());
    }
    let figure = || {
        let figure = cell.parse::<f64>().ok().filter(|figure| figure.is_finite());
        figure.ok_or_else(|| bad(number, format!("`{name}` is not a number: {cell}")))
    };
    match name {
        "id" | "outcome_of" => {}
        "score" => outcome.score = Some(figure()?),
        "label" => outcome.label = Some(cell.to_owned()),
        "note" => outcome.note = Some(cell.to_owned()),
        _ => drop(outcome.metrics.insert(name.to_owned(), figure()?)),
    }
    Ok(())
}

/// The rows of a table with the number of the line that each begins on; empty lines are none.
fn table(text: &str) -> Result<Vec<(usize, Vec<String>)>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut row = csv::StringRecord::new();
    let (mut line, mut start) = (1, 0);
    loop {
        let more = reader.read_record(&mut row);
        let end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
        let written = &text[start..end];
        let cells = written.trim_start_matches(['\r', '\n']);
        let lines = |text: &str| text.matches('\n').count();
        let begins = line + lines(written) - lines(cells);
        if !more.map_err(|error| bad(begins, error.to_string()))? {
            return Ok(rows);
        }
        // Inside of quotation marks, one that is meant is written twice.
        if cells.matches('"').count() % 2 == 1 && end == text.len() {
            return Err(bad(begins, "a quotation mark is not closed"));
        }
        rows.push((begins, row.iter().map(str::to_owned).collect()));
        (line, start) = (line + lines(written), end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn lines_and_tables_say_the_same() {
        let lines = "{\"id\":\"a\",\"score\":0.9,\"metrics\":{\"r\":1.8}}\n\n{\"id\":\"b\",\"label\":\"win\",\"note\":\"x, \\\"y\\\"\\nz\"}\n";
        let table = "id,score,label,r,note\r\na,0.9,,1.8,\r\n\r\nb,,win,,\"x, \"\"y\"\"\nz\"";
        let strip = |list: Vec<(usize, Outcome)>| -> Vec<Outcome> {
            list.into_iter().map(|(_, outcome)| outcome).collect()
        };
        let read = outcomes(lines, now()).unwrap();
        assert_eq!(read[1].0, 3);
        let tabled = outcomes(table, now()).unwrap();
        assert_eq!(tabled[1].0, 4);
        assert_eq!(strip(read), strip(tabled));
        assert_eq!(outcomes("", now()).unwrap(), []);
    }

    #[test]
    fn what_is_wrong_says_the_line() {
        for (text, line, part) in [
            ("{\"id\":\"a\"}\n{", "line 2", "not JSON"),
            ("{\"score\":1}", "line 1", "`id`"),
            ("{\"id\":\"a\",\"r\":1}", "line 1", "`r` is not a key"),
            ("{\"id\":\"a\",\"score\":\"1\"}", "line 1", "wrong type"),
            ("score\n1", "line 1", "no column `id`"),
            ("id,score\na", "line 2", "1 cells"),
            ("id,score\na,high", "line 2", "not a number"),
            ("id,score\na,\"1", "line 2", "not closed"),
        ] {
            let failure = outcomes(text, now()).unwrap_err();
            assert!(failure.message.contains(part), "{}", failure.message);
            assert_eq!(failure.location.as_deref(), Some(line));
        }
    }
}

//! Sources in JSON.

use serde_json::Value;

use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::Finding;
use crate::prompt::json::{self, NotJson};

/// A JSON text with the places of its values, where they can be told.
pub(super) fn read(text: &str) -> Result<Located, Finding> {
    let value = json::parse(without_mark(text)).map_err(|why| broken(&why))?;
    Ok(match parse_located(text) {
        Ok(located) if located.value == value => located,
        _ => Located::without_places(value),
    })
}

/// What a text says of its form: whatever stands twice in it is refused once it is read.
pub(super) fn form(text: &str) -> Result<Value, Finding> {
    let text = without_mark(text);
    serde_json::from_str(text).map_err(|error| broken(&NotJson::of(&error, text)))
}

fn without_mark(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

fn broken(why: &NotJson) -> Finding {
    match why.is_twice {
        true => why.finding(),
        false => why.finding().help("export it once more"),
    }
}

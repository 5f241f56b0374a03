//! How a call is named to a person: its id and its cost.

/// How many of an id's digits are shown at least.
pub const SHORT_ID: usize = 8;

/// So many of the last digits of an id. The beginnings are the same for all calls of a batch: they are
/// the time.
pub fn end_of(id: &str, length: usize) -> &str {
    let from = id.char_indices().rev().nth(length.saturating_sub(1));
    let end = from.map_or(id, |(at, _)| &id[at..]);
    // A dash says nothing.
    end.strip_prefix('-').unwrap_or(end)
}

/// An id as one line names it.
pub fn short_id(id: &str) -> &str {
    end_of(id, SHORT_ID)
}

/// What calls cost together: `$0.0450`.
pub fn dollars_in_all(amount: f64) -> String {
    format!("${amount:.4}")
}

/// What a call cost.
pub fn dollars(cost: f64) -> String {
    let text = format!("${cost:.5}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

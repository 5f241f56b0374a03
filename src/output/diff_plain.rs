//! Lines that differ, as git shows them: for files that are no prompts, and for changes that no
//! model sees.

use similar::TextDiff;

use super::ui::{BAD, BOLD, GOOD, NOTE, paint};
use crate::prompt::visible;

/// So many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// The lines of a file that changed; a side that is missing has no such file.
pub fn render(path: &str, before: Option<&str>, after: Option<&str>, color: bool) -> String {
    let name = |side: &str, text: Option<&str>| match text {
        Some(_) => format!("{side}/{}", visible::line(path)),
        None => "/dev/null".to_owned(),
    };
    let side = |text: Option<&str>| visible::text(text.unwrap_or_default()).into_owned();
    let (old, new) = (side(before), side(after));
    let diff = TextDiff::from_lines(&old, &new);
    let text = diff
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&name("a", before), &name("b", after))
        .to_string();
    let styled = |line: &str| {
        let (body, end) = match line.strip_suffix('\n') {
            Some(body) => (body, "\n"),
            None => (line, ""),
        };
        let style = match body.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => BOLD,
            [b'+', ..] => GOOD,
            [b'-', ..] => BAD,
            [b'@', ..] => NOTE,
            _ => return line.to_owned(),
        };
        format!("{}{end}", paint(color, style, body))
    };
    text.split_inclusive('\n').map(styled).collect()
}

//! What a file says of itself: what its comments allow, and how it is encoded.

use std::collections::BTreeSet;

use super::endings::Reading;

/// Why the letters of a file may be others than those that were read, and the line that shows it.
pub(super) fn other_encoding(path: &str, text: &str) -> Option<(usize, String)> {
    // PEP 263: a comment in the first two lines says how a file of Python is encoded.
    if path.ends_with(".py") {
        let comments = text.lines().take(2).enumerate();
        let comments = comments.filter(|(_, line)| line.trim_start().starts_with('#'));
        for (index, line) in comments {
            let said = line.split_once("coding").map(|(_, rest)| rest);
            let Some(name) = said.and_then(|rest| rest.strip_prefix([':', '='])) else {
                continue;
            };
            let is_of_name =
                |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            let name: String = name
                .trim_start()
                .chars()
                .take_while(|it| is_of_name(*it))
                .collect();
            let plain = name.to_ascii_lowercase().replace('_', "-");
            if !["utf-8", "utf8", "ascii", "us-ascii"].contains(&plain.as_str()) {
                return Some((
                    index + 1,
                    format!("the file says that it is encoded in {name}"),
                ));
            }
        }
    }
    let at = text.find(char::REPLACEMENT_CHARACTER)?;
    let line = 1 + text[..at].matches('\n').count();
    Some((line, "the file is not UTF-8 there".to_owned()))
}

/// The lines on which comments allow a prompt in code: P510 that of the comment, P514 and P525 the
/// next as well where the comment has a line of its own. A text that says so allows nothing, least of all itself.
pub(super) fn allowed_lines(
    how: Option<Reading>,
    text: &str,
    codes: &[(&str, usize)],
) -> BTreeSet<usize> {
    const ALLOWS: &str = "promptctl: allow ";
    let mut allowed = BTreeSet::new();
    if !text.contains(ALLOWS) {
        return allowed;
    }
    let tree = match how {
        Some(Reading::Parsed(language)) => language.parse(text).ok(),
        _ => None,
    };
    let is_comment = |at: usize, before: &str| match &tree {
        Some(tree) => {
            let node = tree.root_node().descendant_for_byte_range(at, at + 1);
            node.is_some_and(|node| node.kind() == "comment")
        }
        None => COMMENTS
            .iter()
            .any(|mark| before.trim_end().ends_with(mark)),
    };
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if let Some((before, rest)) = line.split_once(ALLOWS)
            && is_comment(start + before.len(), before)
        {
            // Behind code it is said of that line alone.
            let is_alone = COMMENTS
                .iter()
                .any(|mark| line.trim_start().starts_with(mark));
            for (_, below) in codes.iter().filter(|(code, _)| rest.starts_with(code)) {
                let below = if is_alone { *below } else { 0 };
                allowed.extend(index + 1..=index + 1 + below);
            }
        }
        start += line.len();
    }
    allowed
}

/// How comments begin in languages that are not parsed.
const COMMENTS: [&str; 7] = ["#", "//", "/*", "*", "--", ";", "<!--"];

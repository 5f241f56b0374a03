//! What the rules of the architecture read in a file: its code, its texts and the paths that it names.

/// The text without `/* … */`.
fn without_blocks(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    // At the start of a line: elsewhere it may stand in a text.
    while let Some(at) = rest.find("/*") {
        let is_first = rest[..at]
            .rsplit('\n')
            .next()
            .is_some_and(|line| line.trim().is_empty());
        let end = rest[at..].find("*/").filter(|_| is_first);
        out.push_str(&rest[..at]);
        match end {
            Some(end) => rest = &rest[at + end + 2..],
            None => {
                out.push_str("/*");
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The code of a file without comments, and what in it is for tests alone.
///
/// An item ends on the line that is indented as its first one is and closes it, as rustfmt has it.
pub(super) fn own_code(text: &str) -> (String, String) {
    let (mut own, mut tests) = (String::new(), String::new());
    let mut end_of_item: Option<String> = None;
    let mut is_marked = false;
    let text = without_blocks(text);
    for line in text.lines() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        if let Some(end) = &end_of_item {
            tests.extend([line, "\n"]);
            if line.starts_with(end.as_str()) {
                end_of_item = None;
            }
            continue;
        }
        if code.starts_with("//") {
            continue;
        }
        if code == "#[cfg(test)]" || code.starts_with("#[cfg(all(test,") {
            is_marked = true;
            continue;
        }
        if is_marked {
            tests.extend([line, "\n"]);
            if code.starts_with("#[") {
                continue;
            }
            is_marked = false;
            let is_whole = code.ends_with(';') || code.ends_with('}') || code.ends_with(',');
            let close = if code.ends_with('[') { "]" } else { "}" };
            end_of_item = (!is_whole).then(|| format!("{indent}{close}"));
            continue;
        }
        own.extend([line, "\n"]);
    }
    assert!(end_of_item.is_none(), "an item of tests that never ends");
    (own, tests)
}

/// The paths from `crate`, `super` or `self` that some code names, those of a group each for itself.
pub(super) fn named_paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    let roots = ["crate::", "super::", "self::"];
    let mut starts: Vec<usize> = roots
        .iter()
        .flat_map(|root| code.match_indices(root).map(|(at, _)| at))
        .collect();
    starts.sort_unstable();
    let mut read_to = 0;
    for at in starts {
        let before = code[..at].chars().next_back();
        if at >= read_to && !before.is_some_and(|char| char == ':' || is_part(char)) {
            let rest = path_at(&code[at..], &mut Vec::new(), &mut found);
            read_to = code.len() - rest.len();
        }
    }
    found
}

/// Reads one path, or a group of them; what is left after it.
fn path_at<'c>(code: &'c str, above: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'c str {
    let depth = above.len();
    let mut rest = code;
    loop {
        rest = rest.trim_start();
        if let Some(mut list) = rest.strip_prefix('{') {
            loop {
                list = list.trim_start().trim_start_matches(',').trim_start();
                match list.strip_prefix('}') {
                    Some(after) => {
                        rest = after;
                        break;
                    }
                    None if list.is_empty() => return list,
                    None => {
                        let after = path_at(list, above, found);
                        // `as other`, `*`
                        let end = after.find([',', '}']).unwrap_or(after.len());
                        list = &after[end..];
                    }
                }
            }
            break;
        }
        let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_');
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        if !word.is_empty() {
            above.push(word.to_owned());
        }
        rest = after;
        match after.strip_prefix("::") {
            Some(below) if !word.is_empty() => rest = below,
            _ => {
                found.push(above.clone());
                break;
            }
        }
    }
    above.truncate(depth);
    rest
}

/// The texts in quotes that some code holds.
pub(super) fn quoted(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '\'']) {
        let (before, from) = rest.split_at(at);
        if let Some(char) = from.strip_prefix('\'') {
            // A character, or else a lifetime.
            let is_escaped = char.starts_with('\\');
            let width = char.chars().next().map_or(0, char::len_utf8);
            rest = match char[width..].starts_with('\'') && !is_escaped {
                true => &char[width + 1..],
                false if is_escaped => char[2..].split_once('\'').map_or("", |(_, rest)| rest),
                false => char,
            };
            continue;
        }
        let hashes = before.len() - before.trim_end_matches('#').len();
        let is_raw = before[..before.len() - hashes].ends_with('r');
        let text = &from[1..];
        let end = match is_raw {
            true => text.find(&format!("\"{}", "#".repeat(hashes))).unwrap(),
            false => {
                let mut is_escaped = false;
                let is_end = |(_, char): &(usize, char)| {
                    let ends = *char == '"' && !is_escaped;
                    is_escaped = *char == '\\' && !is_escaped;
                    ends
                };
                text.char_indices().find(is_end).unwrap().0
            }
        };
        found.push(text[..end].to_owned());
        rest = &text[end + 1..];
    }
    found
}

#[test]
fn what_stands_after_a_module_of_tests_is_read() {
    let file = "\
use crate::error;

#[cfg(test)]
#[allow(dead_code)]
pub(crate) mod tests {
    fn inner() {
        let there = git2::Oid::zero();
    }
}

/* rusqlite is only spoken of
   here */

#[cfg(test)]
const NAMES: [&str; 1] = [
    rustls,
];
const REAL: git2::Oid = git2::Oid::zero();

#[cfg(test)]
mod more;

struct Store {
    #[cfg(test)]
    only_here: reqwest::Client,
    // hyper is only spoken of
    kept: bool,
}

impl Store {
    #[cfg(test)]
    fn planted() {
        tokio::spawn();
    }

    fn real() {
        git2::Repository::open();
    }
}
";
    let (own, tests) = own_code(file);
    assert_eq!(
        own,
        "\
use crate::error;




const REAL: git2::Oid = git2::Oid::zero();


struct Store {
    kept: bool,
}

impl Store {

    fn real() {
        git2::Repository::open();
    }
}
"
    );
    assert!(
        tests.contains("let there") && tests.contains("tokio::spawn") && tests.contains("rustls")
    );
}

#[test]
fn each_path_of_a_group_is_read() {
    let shown = |code: &str| -> Vec<String> {
        let paths = named_paths(code).into_iter();
        paths.map(|path| path.join("::")).collect()
    };
    assert_eq!(
        shown(
            "use crate::{files, releases::{self, Store as Kept, plan::{a, b}}, error};\n\
             pub use self::infer;\nuse super::{one, super::two};\ncrate::error::Failure::new(crate::x)"
        ),
        [
            "crate::files",
            "crate::releases::self",
            "crate::releases::Store",
            "crate::releases::plan::a",
            "crate::releases::plan::b",
            "crate::error",
            "self::infer",
            "super::one",
            "super::super::two",
            "crate::error::Failure::new",
            "crate::x",
        ]
    );
}

//! Cases that stand in each other's way.

use std::collections::HashMap;

use super::case::Case;
use super::found::Found;
use crate::prompt::code;
use crate::prompt::digest::SHORT;
use crate::prompt::finding::{Finding, Severity};

/// Gives cases without an id of their own that share their variables, and differ in what is expected
/// of them, ids by that too: each its own, in whatever order they stand.
pub(super) fn tell_apart(cases: &mut [Case]) {
    let mut by_digest: HashMap<&str, Vec<usize>> = HashMap::with_capacity(cases.len());
    for (index, case) in cases.iter().enumerate() {
        if case.digest.starts_with(&case.id) {
            by_digest.entry(&case.digest).or_default().push(index);
        }
    }
    let shared = by_digest.into_values().filter(|group| group.len() > 1);
    let shared: Vec<Vec<usize>> = shared.collect();
    for group in shared {
        let contents: Vec<String> = group.iter().map(|at| cases[*at].content()).collect();
        if contents.iter().all(|content| *content == contents[0]) {
            continue;
        }
        for (at, content) in group.into_iter().zip(contents) {
            content[..SHORT].clone_into(&mut cases[at].id);
        }
    }
}

/// Tells of cases that stand in each other's way; the numbers of those that are there already.
/// `contradicted` is how severe it is that two ask the same and expect something else.
pub(super) fn doubles(cases: &[Case], contradicted: Severity, found: &mut Found) -> Vec<usize> {
    let mut doubles = Vec::new();
    let mut by_id: HashMap<&str, &Case> = HashMap::with_capacity(cases.len());
    let mut by_digest: HashMap<&str, &Case> = HashMap::with_capacity(cases.len());
    for (index, case) in cases.iter().enumerate() {
        let twin = by_digest.get(case.digest.as_str()).copied();
        let contradicts = twin.filter(|twin| {
            twin.expected.is_some() && case.expected.is_some() && twin.expected != case.expected
        });
        let namesake = by_id.get(case.id.as_str()).copied();
        if let Some(first) = namesake.filter(|first| is_same(first, case)) {
            found.push(case.place.mark(same(first, case)));
            doubles.push(index);
            continue;
        }
        if let Some(first) = contradicts {
            let mut finding = contradiction(first, case);
            finding.severity = contradicted;
            found.push(case.place.mark(finding));
        } else if let Some(first) = namesake {
            found.push(case.place.mark(two_of_one_id(first, case)));
        }
        by_id.entry(&case.id).or_insert(case);
        by_digest.entry(&case.digest).or_insert(case);
    }
    doubles
}

/// Where a case stands, for a message.
fn stands(case: &Case) -> String {
    format!("{}:{}", case.place.path, case.place.line)
}

/// Whether two cases are one, wherever they stand.
fn is_same(a: &Case, b: &Case) -> bool {
    a.whole() == b.whole()
}

fn same(first: &Case, case: &Case) -> Finding {
    let message = format!(
        "the case `{}` is that of {} once more: it is asked once",
        case.id,
        stands(first)
    );
    Finding::warning(code::SAME_CASE, message).help("remove one of the two")
}

fn two_of_one_id(first: &Case, case: &Case) -> Finding {
    let id = &case.id;
    let message = format!(
        "two cases have the id `{id}`: the first is {}",
        stands(first)
    );
    Finding::error(code::SAME_CASE, message).help("give each a `case.id` of its own, or remove one")
}

fn contradiction(first: &Case, case: &Case) -> Finding {
    let message = format!(
        "the case asks what that of {} asks, and expects something else",
        stands(first)
    );
    debug_assert_eq!(first.digest, case.digest);
    Finding::error(code::CONTRADICTORY_CASES, message)
        .help("an answer that passes one fails the other: correct `expected`, or remove one")
}

//! Each list is kept in one table: what a table says is said nowhere else.

use promptctl::prompt::code::{EXPLANATIONS, Standing};

use super::architecture::sources;

/// The names that the table of codes gives them, such as `UNUSED_VARIABLE`, by code.
fn names_of_codes() -> Vec<(&'static str, String)> {
    let files = sources("src/prompt");
    let (_, table) = files.iter().find(|(path, _)| path == "code.rs").unwrap();
    let name = |code: &str| {
        let (before, _) = table.split_once(&format!(" = \"{code}\",")).unwrap();
        before.split_whitespace().last().unwrap().to_owned()
    };
    let codes = EXPLANATIONS.iter().map(|entry| entry.code.as_str());
    codes.map(|code| (code, name(code))).collect()
}

/// `Finding::new` takes the level from the table, so that there are not two that differ.
#[test]
fn no_rule_repeats_the_level_that_the_table_of_codes_gives_it() {
    let names = names_of_codes();
    let mut repeated = Vec::new();
    for (path, text) in sources("src") {
        let code: String = text.split_whitespace().collect();
        for (entry, (number, name)) in EXPLANATIONS.iter().zip(&names) {
            let has_level = matches!(entry.standing, Standing::Error | Standing::Warning);
            let says = ["error", "warning"].iter().any(|level| {
                let call = format!("Finding::{level}(code::{name}");
                let mut found = code.match_indices(&call);
                found.any(|(at, _)| code[at + call.len()..].starts_with([',', ')']))
            });
            if has_level && says {
                repeated.push(format!("{path} says the level of {number} ({name}) again"));
            }
        }
    }
    assert_eq!(repeated, [""; 0], "write Finding::new(code::NAME, …)");
}

/// The other way about: without a level in the table, the place says it.
#[test]
fn what_has_no_level_in_the_table_says_its_own() {
    let names = names_of_codes();
    for (path, text) in sources("src") {
        let code: String = text.split_whitespace().collect();
        for (entry, (number, name)) in EXPLANATIONS.iter().zip(&names) {
            if matches!(entry.standing, Standing::Fixed | Standing::Varies) {
                let call = format!("Finding::new(code::{name},");
                assert!(!code.contains(&call), "{path}: {number} has no level");
            }
        }
    }
}

//! Files that are written so that nothing is found in them.

use super::described;
use crate::scan::found::{FileFindings, LARGEST, find};

const TEXT: &str = "\"You are a careful assistant of the bank, follow all the rules.\"";
const HEAD: &str = "import openai\nclient = openai.OpenAI()\n";
const SCRIPT: &str = "import OpenAI from 'openai';\nconst client = new OpenAI();\n";

#[track_caller]
fn findings(path: &str, text: &str) -> FileFindings {
    let head = if path.ends_with(".py") { HEAD } else { SCRIPT };
    find(path, &format!("{head}{text}"), false)
}

/// Why a file is not read in full.
#[track_caller]
fn why(path: &str, text: &str) -> String {
    let unread = findings(path, text).unread;
    let why = unread.iter().find_map(|call| call.why());
    why.unwrap_or_else(|| panic!("no note: {unread:?}"))
        .to_owned()
}

#[test]
fn a_file_that_is_indented_deeper_than_the_grammar_keeps_is_noted_and_ends_nothing() {
    for (depth, blank) in [(700, " "), (400, "\t"), (380, " \\\n")] {
        let mut text = String::new();
        for level in 0..depth {
            text.push_str(&format!("{}if x:\n", blank.repeat(level)));
        }
        text.push_str(&format!(
            "{}client.responses.create(input={TEXT})\n",
            blank.repeat(depth)
        ));
        assert_eq!(why("a.py", &text), "is indented deeper than is followed");
    }
    // Lines that are short in a text do not hide how deep the code is.
    let mut text = String::new();
    for level in 0..500 {
        text.push_str(&format!("{}if '''\n''':\n", " ".repeat(level)));
    }
    let indent = " ".repeat(500);
    text.push_str(&format!("{indent}client.responses.create(input={TEXT})"));
    assert_eq!(why("a.py", &text), "is indented deeper than is followed");
}

#[test]
fn a_file_that_is_not_read_in_full_is_always_noted() {
    let call = format!("client.responses.create(model='m', input={TEXT})\n");
    let large = format!("{call}#{}\n", "x".repeat(LARGEST));
    assert!(why("a.py", &large).starts_with("is larger"));
    let doubled = format!(
        "s = {TEXT}\n{}client.responses.create(input=s)\n",
        "s = f'{s}{s}'\n".repeat(20)
    );
    assert_eq!(why("a.py", &doubled), "holds more than is followed");
    let mut nested = TEXT.to_owned();
    (0..50).for_each(|_| nested = format!("f\"a {{{nested}}}\""));
    let text = format!("client.responses.create(input={nested})");
    assert_eq!(why("a.py", &text), "holds more than is followed");
    let nested = format!("{}{TEXT}{}", "`a ${".repeat(100), "}`".repeat(100));
    let text = format!("client.responses.create({{ input: {nested} }});");
    assert_eq!(why("a.ts", &text), "holds more than is followed");
    let chain = format!(
        "x{};\nclient.responses.create({{ input: {TEXT} }});",
        ".a()".repeat(100_000)
    );
    assert_eq!(why("a.js", &chain), "holds more than is followed");
}

#[test]
fn values_alone_between_quotes_are_no_text_that_was_read() {
    let unread = findings(
        "a.py",
        "def f(x):\n    client.responses.create(input=f'{x}')",
    )
    .unread;
    assert_eq!(unread.len(), 1);
    assert_eq!(unread[0].what, ["x"]);
}

#[test]
fn a_nul_hides_nothing_and_what_stands_beside_it_is_not_lifted() {
    for text in [
        format!("client.responses.create({{ input: {TEXT} }});\n// \0"),
        format!("// \0\nclient.responses.create({{ input: {TEXT} }});\n"),
    ] {
        let found = findings("a.js", &text).prompts;
        assert_eq!(found.len(), 1, "{text}");
        assert!(described(&found[0]).contains("You are a careful assistant"));
        assert_eq!(found[0].doubts.len(), 1);
    }
}

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
fn letters_that_may_be_others_are_not_lifted() {
    let call = format!("client.responses.create(instructions={TEXT}, input=q)");
    for text in [
        format!("# -*- coding: latin-1 -*-\n{call}"),
        format!("#!/usr/bin/python\n# coding=cp1252\n{call}"),
        format!("{call}\n# caf\u{fffd}"),
    ] {
        let found = find("a.py", &format!("{text}\n{HEAD}"), false).prompts;
        assert!(
            found.iter().all(|it| !it.doubts.is_empty()) && !found.is_empty(),
            "{text}"
        );
    }
    let text = format!("# -*- coding: UTF-8 -*-\n{HEAD}{call}");
    assert_eq!(find("a.py", &text, false).prompts[0].doubts, []);
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

#[test]
fn a_call_on_a_known_client_is_found_by_any_name_and_with_any_role() {
    for (path, text) in [
        (
            "a.py",
            "def f(role):\n    client.chat.completions.create(messages=[{'role': role, 'content': S}])",
        ),
        (
            "a.ts",
            "function f(r) { client.chat.completions.create({ messages: [{ role: r, content: S }] }); }",
        ),
        (
            "a.py",
            "def f(m):\n    client.chat.completions.create(messages=[{**m, 'content': S}])",
        ),
        (
            "a.ts",
            "function f(x) { client.chat.completions.create({ messages: [{ ...x, content: S }] }); }",
        ),
        ("a.py", "r = client.responses\nr.create(input=S)"),
        ("a.py", "go = client.responses.create\ngo(input=S)"),
        (
            "a.ts",
            "const go = client.responses.create;\ngo({ input: S });",
        ),
        (
            "a.py",
            "class A:\n    def __init__(self):\n        self.go = client.responses.create\n    def f(self):\n        self.go(input=S)",
        ),
        (
            "a.ts",
            "const p = { model: 'm' };\np.input = S;\nclient.responses.create(p);",
        ),
        (
            "a.ts",
            "const p = {};\np.input = S;\nconst create = client.responses.create;\ncreate(p);",
        ),
        ("a.ts", "client['responses'].create({ input: S });"),
        ("a.ts", "client['responses']['create']({ input: S });"),
        (
            "a.py",
            "from litellm import completion as go\ndef f(r):\n    go(messages=[{'role': r, 'content': S}])",
        ),
        (
            "a.py",
            "from langchain_core.messages import SystemMessage as SM\nf([SM(content=S)])",
        ),
        (
            "a.ts",
            "import { generateText as go } from 'ai';\ngo({ prompt: S });",
        ),
    ] {
        let found = findings(
            path,
            &text
                .replace('S', "\u{1}")
                .replace("\u{1}M", "SM")
                .replace("\u{1}ystem", "System")
                .replace('\u{1}', TEXT),
        )
        .prompts;
        let is_it = |it: &String| it.contains("You are a careful assistant");
        assert!(found.iter().map(described).any(|it| is_it(&it)), "{text}");
    }
}

/// What is found is doubted, or the good text is not in it at all.
#[track_caller]
fn doubted(path: &str, text: &str) {
    let all = findings(path, &text.replace("$", TEXT)).prompts;
    assert!(!all.is_empty(), "nothing in {text}");
    for prompt in all {
        assert!(!prompt.doubts.is_empty(), "{}: {text}", described(&prompt));
    }
}

#[test]
fn what_may_be_changed_on_the_way_is_not_lifted() {
    for text in [
        "d = {'role': 'system', 'content': $}\nm = [d]\nbad(d)\nclient.chat.completions.create(messages=m)",
        "def flip(f):\n    return f\n@flip\ndef ask(s):\n    client.responses.create(instructions=s)\nask($)",
        "def flip(f):\n    return f\n@flip\ndef text():\n    return $\nclient.responses.create(instructions=text())",
        "sys = $\n\u{17f}ys = 'x'\nclient.responses.create(instructions=sys)",
        "m = [{'role': 'system', 'content': $}]\nclient.chat.completions.create(messages=m[1:])",
        "m = [{'role': 'system', 'content': $}]\nclient.chat.completions.create(messages=sorted(m))",
        "client.chat.completions.create(messages=[{'role': 'system', 'content': $}] * 2)",
    ] {
        doubted("a.py", text);
    }
    for text in [
        "let sys = $;\n\\u0073ys = 'x';\nclient.responses.create({ instructions: sys });",
        "const m = [{ role: 'system', content: $ }];\nclient.chat.completions.create({ messages: m.slice(1) });",
        "const m = [{ role: 'system', content: $ }];\nclient.chat.completions.create({ messages: m.map(it => it) });",
        "const m = [{ role: 'system', content: $ }];\nclient.chat.completions.create({ messages: m.reverse() });",
    ] {
        doubted("a.ts", text);
    }
    let rules = "RULES = [$]\ndef add(text):\n    RULES.append(text)\n";
    let rules = rules.replace('$', TEXT);
    let ask = "def ask(q):\n    client.responses.create(instructions='\\n'.join(RULES), input=q)";
    let found = findings("a.py", &format!("{rules}{ask}")).prompts;
    let mut found = found.iter();
    assert!(!found.any(|it| it.doubts.is_empty() && it.says_something()));
    let gaps = "client.responses.create({ input: ['You are', , 'kind and good'].join() });";
    assert_eq!(findings("a.ts", gaps).unread.len(), 1);
    let spread = format!(
        "D = {{'role': 'system', 'content': 'x'}}\nclient.chat.completions.create(messages=[{{**D, 'content': {TEXT}}}])"
    );
    let found = findings("a.py", &spread).prompts;
    assert!(
        found
            .iter()
            .map(described)
            .any(|it| it.contains("system You are a careful"))
    );
    for (path, text) in [
        (
            "a.py",
            "from .util import dedent\nclient.responses.create(instructions=dedent($), input=q)",
        ),
        (
            "a.py",
            "from mytools import cleandoc\nclient.responses.create(instructions=cleandoc($), input=q)",
        ),
        (
            "a.ts",
            "import { dedent } from './mine';\nclient.responses.create({ instructions: dedent($), input: q });",
        ),
    ] {
        let found = findings(path, &text.replace('$', TEXT));
        let is_sure = found
            .prompts
            .iter()
            .any(|it| it.doubts.is_empty() && it.says_something());
        assert!(!is_sure, "{text}");
    }
    let twice = "try:\n    from a import X\nexcept ImportError:\n    from b import X\nclient.responses.create(instructions=X, input='Sort this ticket now')";
    let found = findings("a.py", twice).prompts;
    assert_eq!(found[0].imports, []);
}

#[test]
fn a_role_that_a_caller_gives_is_read_there_or_doubted() {
    let ask = "def ask(sys, role='user'):\n    client.chat.completions.create(messages=[{'role': role, 'content': sys}])\n";
    for (call, expected) in [
        ("ask($, role='system')", "system"),
        ("ask($, 'developer')", "developer"),
        ("ask($)", "user"),
    ] {
        let found = findings("a.py", &format!("{ask}{}", call.replace('$', TEXT))).prompts;
        assert_eq!(found.len(), 1, "{call}");
        assert_eq!(found[0].messages[0].role, expected, "{call}");
        assert_eq!(found[0].doubts, [], "{call}");
    }
    doubted("a.py", &format!("{ask}ask($, role=other())"));
    doubted("a.py", &format!("{ask}ask($, **more)"));
}

//! Texts that reach a call through functions, and calls of which nothing can be read.

use super::described;
use crate::scan::found::{FileFindings, find};

const PYTHON: &str = "from openai import OpenAI\nclient = OpenAI()\n";
const SCRIPT: &str = "import OpenAI from 'openai';\nconst client = new OpenAI();\n";

fn read(path: &str, text: &str) -> FileFindings {
    let head = match path.ends_with(".py") {
        true => PYTHON,
        false => SCRIPT,
    };
    find(path, &format!("{head}{text}"), false)
}

/// What is said, with where it stands: one line a prompt, without kind and library.
#[track_caller]
fn says(path: &str, text: &str, expected: &[&str]) {
    let found = read(path, text);
    let all: Vec<String> = found
        .prompts
        .iter()
        .map(|prompt| {
            let stands = prompt.stands.as_str();
            let whole = described(prompt);
            let said = whole.split_once(" | ").map_or("", |(_, said)| said);
            format!("{stands}: {said}")
        })
        .collect();
    assert_eq!(all, expected, "{text}");
}

fn unread(path: &str, text: &str) -> Vec<String> {
    let all = read(path, text).unread.into_iter();
    all.map(|call| format!("{} {}: {}", call.at.line, call.call, call.what.join(", ")))
        .collect()
}

#[test]
fn what_a_function_of_the_file_answers_is_found() {
    for (path, text, expected) in [
        (
            "a.py",
            "def build(article):\n    return [{'role': 'system', 'content': 'You sum up'}, {'role': 'user', 'content': f'Article: {article}'}]\nclient.chat.completions.create(model='m', messages=build(a))",
            vec!["answer: system You sum up | user Article: <article>"],
        ),
        (
            "a.py",
            "class Desk:\n    def _text(self, q):\n        if q:\n            return f'Sort this: {q}'\n        return 'Say hello'\n    async def ask(self, q):\n        await client.responses.create(model='m', input=self._text(q))",
            vec!["answer: user Sort this: <q>", "answer: user Say hello"],
        ),
        (
            "a.py",
            "def persona():\n    return 'You are kind'\ndef f(q):\n    text = persona()\n    client.responses.create(instructions=text, input=q)",
            vec!["answer: system You are kind"],
        ),
        (
            "a.py",
            "def rules():\n    return 'Be very brief'\nclient.responses.create(instructions=f'You are kind. {rules()}')",
            vec![
                "answer: system Be very brief",
                "call: system You are kind. <value_1>",
            ],
        ),
        (
            "a.py",
            "def message():\n    return {'role': 'system', 'content': 'You are kind'}\nclient.chat.completions.create(messages=[message(), {'role': 'user', 'content': q}])",
            vec!["answer: system You are kind"],
        ),
        (
            "a.ts",
            "const build = (article: string) => [{ role: 'system' as const, content: 'You sum up' }, { role: 'user' as const, content: `Article: ${article}` }];\nclient.chat.completions.create({ model: 'm', messages: build(a) });",
            vec!["answer: system You sum up | user Article: <article>"],
        ),
        (
            "a.ts",
            "function text(q: string) { return `Sort this: ${q}`; }\nclient.responses.create({ model: 'm', input: text(q) });",
            vec!["answer: user Sort this: <q>"],
        ),
    ] {
        says(path, text, &expected);
        assert_eq!(unread(path, text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_is_given_to_a_function_that_sends_it_is_found() {
    for (path, text, expected) in [
        (
            "a.py",
            "def ask(content):\n    return client.responses.create(model='m', input=content)\nask('You are kind')\nask(f'Translate: {t}')\nask(t)",
            vec!["given: user You are kind", "given: user Translate: <t>"],
        ),
        (
            "a.py",
            "def _send(messages, n=1):\n    return client.chat.completions.create(model='m', messages=messages)\ndef ask(system, q):\n    return _send(messages=[{'role': 'system', 'content': system}, {'role': 'user', 'content': q}])\nask(q=x, system='You are kind')",
            vec!["given: system You are kind | user <x>"],
        ),
        (
            "a.py",
            "class Bot:\n    def __init__(self, system):\n        self.system = system\n    def ask(self, q):\n        return client.responses.create(instructions=self.system, input=q)\nBot('You are kind').ask(x)",
            vec!["given: system You are kind"],
        ),
        (
            "a.ts",
            "const ask = async ({ system, q }: Ask) => client.responses.create({ instructions: system, input: q });\nask({ system: 'You are kind', q });",
            vec!["given: system You are kind | user <q>"],
        ),
    ] {
        says(path, text, &expected);
    }
    // What is a part of a text, or comes after other messages, is what callers fill in.
    says(
        "a.py",
        "def ask(history):\n    return client.chat.completions.create(messages=[{'role': 'system', 'content': 'You are kind'}, *history])\nask([{'role': 'user', 'content': 'Hi'}])",
        &["call: system You are kind |  *history"],
    );
    says(
        "a.py",
        "def ask(topic):\n    return client.responses.create(input=f'Tell me of {topic}')\nask('The cats of the old town by the sea')",
        &["call: user Tell me of <topic>"],
    );
}

#[test]
fn what_another_file_gives_is_not_dropped_on_its_way_through_a_function() {
    for (path, text, expected) in [
        (
            "a.py",
            "from texts import TONE\ndef ask(system, q):\n    return client.responses.create(instructions=system, input=q)\nask(TONE, f'Escalate this: {x}')\nask('You are kind', q)\nask(q=y, system=TONE)",
            vec!["8 ask: TONE"],
        ),
        (
            "a.py",
            "from texts import TONE\ndef rules(x):\n    if x:\n        return TONE\n    return 'You are kind'\nclient.responses.create(instructions=rules(x), input=q)",
            vec!["6 rules: TONE"],
        ),
        (
            "a.py",
            "from texts import TONE\ndef _send(messages):\n    return client.chat.completions.create(messages=messages)\ndef ask(s, q):\n    return _send([{'role': 'system', 'content': s}, {'role': 'user', 'content': q}])\nask(TONE, q)",
            vec!["8 ask: TONE"],
        ),
        (
            "a.ts",
            "import { TONE } from './texts';\nasync function ask(system: string, q: string) { return client.responses.create({ instructions: system, input: q }); }\nask(TONE, q);",
            vec!["5 ask: TONE"],
        ),
    ] {
        let all = read(path, text).unread;
        assert!(all.iter().all(|it| it.instead.is_some()), "{text}");
        assert_eq!(unread(path, text), expected, "{text}");
    }
    // A system text that is no constant is noted beside those that are read.
    let text = "def ask(system, q):\n    return client.responses.create(instructions=system, input=q)\nask('You are kind', q)\nask(db.load('x'), q)";
    assert_eq!(unread("a.py", text), ["6 ask: db.load('x')"]);
}

#[test]
fn what_a_function_is_given_is_counted_as_its_language_does() {
    for (path, text, expected) in [
        // Behind what takes all others, only a name gives it.
        (
            "a.py",
            "def ask(*parts: str, system=None):\n    return client.responses.create(instructions=system, input=q)\nask('Not this one', 'Nor this one')\nask('x', system='You are kind')",
            vec!["given: system You are kind"],
        ),
        (
            "a.py",
            "class Desk:\n    def ask(self: 'Desk', system: str):\n        return client.responses.create(instructions=system, input=q)\ndesk.ask('You are kind')",
            vec!["given: system You are kind"],
        ),
        (
            "a.ts",
            "function ask(this: Desk, system: string) { return client.responses.create({ instructions: system, input: q }); }\nask('You are kind');",
            vec!["given: system You are kind"],
        ),
        (
            "a.ts",
            "function ask(self: string, system: string) { return client.responses.create({ instructions: system, input: q }); }\nask(x, 'You are kind');",
            vec!["given: system You are kind"],
        ),
    ] {
        says(path, text, &expected);
    }
}

#[test]
fn a_comment_allows_a_call_that_cannot_be_read_and_no_prompt() {
    let text = "# promptctl: allow P525\nclient.responses.create(input=x)\n# promptctl: allow P525\nclient.responses.create(instructions='You are kind')";
    let found = read("a.py", text);
    assert!(found.unread[0].is_allowed);
    assert!(!found.prompts[0].is_allowed);
}

#[test]
fn what_a_function_answers_goes_with_the_settings_of_the_call_and_a_place_of_its_own() {
    let found = read(
        "a.py",
        "def build(x):\n    return f'Sort this: {x}'\ndef f(x):\n    client.responses.create(model='m', temperature=0, instructions='Be kind', input='Hi')\n    client.responses.create(model='m', input=build(x))",
    );
    let marks: Vec<String> = found.prompts.iter().map(|it| it.mark()).collect();
    assert_eq!(marks, ["build#answer1", "f#1"]);
    assert_eq!(found.prompts[0].model.as_deref(), Some("m"));
    assert_eq!(found.prompts[0].call_line, 4);
}

#[test]
fn hostile_functions_end() {
    for text in [
        "def a(x):\n    return b(x)\ndef b(x):\n    return a(x)\nclient.responses.create(input=a(1))".to_owned(),
        "def a(x):\n    client.responses.create(input=x)\n    a(x)\na(a)".to_owned(),
        format!(
            "{}client.responses.create(input=f0(x))",
            (0..3_000)
                .map(|n| format!("def f{n}(x):\n    return f{}(x) or f{}(x)\n", n + 1, n + 2))
                .collect::<String>()
        ),
    ] {
        read("a.py", &text);
    }
}

#[test]
fn what_a_known_call_sends_and_nobody_can_read_is_noted() {
    for (path, text, expected) in [
        (
            "a.py",
            "from other import build\nclient.responses.create(model='m', input=build(x))",
            "4 client.responses.create: build(x)",
        ),
        (
            "a.py",
            "def ask(content):\n    return client.responses.create(input=content)",
            "4 client.responses.create: content",
        ),
        (
            "a.py",
            "client.chat.completions.create(**request)",
            "3 client.chat.completions.create: request",
        ),
        (
            "a.py",
            "client.responses.create(instructions=db.load('x'), input='Say hello to them')",
            "3 client.responses.create: db.load('x')",
        ),
        (
            "a.ts",
            "client.chat.completions.create(body);",
            "3 client.chat.completions.create: body",
        ),
    ] {
        assert_eq!(unread(path, text), [expected], "{text}");
    }
    for text in [
        "client.responses.create(instructions='You are kind', input=q)",
        "client.responses.create(prompt={'id': 'pmpt_1'})",
        "twilio.messages.create(body=text, to=number)",
        "client.embeddings.create(input=text)",
    ] {
        assert_eq!(unread("a.py", text), Vec::<String>::new(), "{text}");
    }
    let allowed = read(
        "a.py",
        "# promptctl: allow P514\nclient.responses.create(input=q)",
    );
    assert!(allowed.unread[0].is_allowed);
}

#[test]
fn what_the_code_chooses_between_is_no_guess() {
    let text = "def f(a):\n    client.responses.create(instructions='You are kind' if a else 'You are very brief', input=q)";
    says(
        "a.py",
        text,
        &[
            "call: system You are very brief | user <q>",
            "choice: system You are kind",
        ],
    );
    assert_eq!(read("a.py", text).prompts[0].doubts.len(), 1);
    let text = "client.chat.completions.create({ messages: a ? [{ role: 'system', content: 'You are kind' }] : [{ role: 'system', content: 'You are brief' }] });";
    says(
        "a.ts",
        text,
        &["call: system You are kind", "call: system You are brief"],
    );
    assert_eq!(read("a.ts", text).prompts[0].doubts.len(), 1);
}

#[test]
fn what_extra_body_gives_in_the_place_of_a_text_is_doubted() {
    let doubts = |extra: &str| {
        let text = format!(
            "client.responses.create(model='m', instructions='You are kind', extra_body={extra})"
        );
        read("a.py", &text).prompts[0].doubts.len()
    };
    assert_eq!(doubts("{'top_k': 5}"), 0);
    assert_eq!(doubts("None"), 0);
    assert_eq!(doubts("{'instructions': 'Be rude'}"), 1);
    assert_eq!(doubts("{'temperature': 2}"), 1);
    assert_eq!(doubts("more"), 1);
}

#[test]
fn literals_that_percent_fills_in_are_text() {
    says(
        "a.py",
        "client.responses.create(input='Sort %s and %d of %s' % ('this', 3, x))",
        &["call: user Sort this and 3 of <x>"],
    );
}

#[test]
fn a_text_of_another_file_is_waited_for_beside_what_callers_give() {
    let found = read(
        "a.py",
        "from texts import S\ndef send(m):\n    client.chat.completions.create(messages=[{'role': 'system', 'content': S}, *m])\nsend([{'role': 'user', 'content': f'Chat: {q}'}])",
    );
    assert_eq!(found.prompts.len(), 1);
    let mut prompt = *found.unread[0].instead.clone().unwrap();
    assert!(!prompt.says_something());
    let imported = prompt.imports[0].clone();
    assert_eq!(
        (imported.module.as_str(), imported.item.as_str()),
        ("texts", "S")
    );
    prompt.fill(&imported, "You are kind");
    assert_eq!(
        described(&prompt),
        "sent openai | system You are kind |  *m"
    );
}

#[test]
fn a_prompt_that_goes_through_another_function_is_found() {
    says(
        "a.ts",
        "const toLF = (s: string) => s.replace(/\\r/g, '');\nclient.responses.create({ instructions: toLF(`You are a clerk of ${x}`), input: q });",
        &["given: system You are a clerk of <x>"],
    );
    says(
        "a.py",
        "from other import clean\ndef f(q):\n    system = clean('You are a clerk')\n    client.responses.create(instructions=system, input=load('of the prompts'))",
        &["given: system You are a clerk"],
    );
}

#[test]
fn messages_of_other_libraries_are_known_by_their_makers() {
    says(
        "a.ts",
        "const messages = [vscode.LanguageModelChatMessage.User(`You are a clerk of ${x} and answer`)];",
        &["call: user You are a clerk of <x> and answer"],
    );
    says(
        "a.py",
        "m = [ChatMessage.from_system('You are kind'), ChatMessage.from_user('Sort the ticket below into a queue')]",
        &[
            "call: system You are kind",
            "call: user Sort the ticket below into a queue",
        ],
    );
}

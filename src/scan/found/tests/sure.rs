//! What is lifted is what the program sends, or it is not lifted.

use super::{described, only};
use crate::scan::found::{FoundPrompt, find};

const PYTHON: &str = "import openai\nclient = openai.OpenAI()\n";
const SCRIPT: &str = "import OpenAI from 'openai';\nconst client = new OpenAI();\n";

/// The first prompt of a program.
#[track_caller]
fn first(path: &str, text: &str) -> FoundPrompt {
    let head = if path.ends_with(".py") {
        PYTHON
    } else {
        SCRIPT
    };
    let found = find(path, &format!("{head}{text}"), false).prompts;
    found
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("nothing in {text}"))
}

/// What is not found is not lifted either.
#[track_caller]
fn doubtful(path: &str, texts: &[&str]) {
    for text in texts {
        let head = if path.ends_with(".py") {
            PYTHON
        } else {
            SCRIPT
        };
        let found = find(path, &format!("{head}{text}"), false).prompts;
        for prompt in found {
            assert!(!prompt.doubts.is_empty(), "{}: {text}", described(&prompt));
        }
    }
}

#[track_caller]
fn sure(path: &str, texts: &[(&str, &str)]) {
    for (text, expected) in texts {
        let prompt = first(path, text);
        assert_eq!(prompt.doubts, [], "{text}");
        let whole = described(&prompt);
        let said = whole.split_once(" | ").map_or("", |(_, said)| said);
        assert_eq!(said, *expected, "{text}");
    }
}

#[test]
fn a_text_that_a_loop_or_an_operator_changes_is_not_lifted() {
    doubtful(
        "a.py",
        &[
            "def f(xs):\n    text = ''\n    for x in xs:\n        text += f'You are {x} and kind'\n    client.responses.create(instructions=text)",
            "def f():\n    s = 'You are kind'\n    s *= 2\n    client.responses.create(instructions=s)",
            "def f(q):\n    s = 'You are kind'\n    if q: s = 'Be brief now'\n    client.responses.create(instructions=s)",
            "def f(q):\n    s = 'You are kind'\n    while q:\n        client.responses.create(instructions=s)\n        s += ' and brief'",
            "s = 'You are kind'\ns = 'Be brief now'\ndef f():\n    client.responses.create(instructions=s)",
        ],
    );
    doubtful(
        "a.ts",
        &[
            "function f(q) { let s = 'You are kind'; s ||= q; client.responses.create({ instructions: s }); }",
            "function f(q) { let s = 'You are kind'; s &&= q; client.responses.create({ instructions: s }); }",
            "function f(q) { let s = 'You are kind'; s ??= q; client.responses.create({ instructions: s }); }",
            "function f(q) { let s = 'You are kind'; for (s of q) { client.responses.create({ instructions: s }); } }",
            "function f(q) { let s = 'You are kind'; if (q) s = 'Be brief now'; client.responses.create({ instructions: s }); }",
        ],
    );
}

#[test]
fn a_name_that_something_else_may_bind_is_not_lifted() {
    doubtful(
        "a.py",
        &[
            "def f(xs):\n    s = 'You are kind'\n    for s in xs: pass\n    client.responses.create(instructions=s)",
            "def f(c):\n    s = 'You are kind'\n    with c() as s: pass\n    client.responses.create(instructions=s)",
            "def f(g):\n    s = 'You are kind'\n    try: g()\n    except E as s: pass\n    client.responses.create(instructions=s)",
            "def f(q):\n    s = 'You are kind'\n    match q:\n        case s: pass\n    client.responses.create(instructions=s)",
            "def f(q):\n    s = 'You are kind'\n    if (s := q): pass\n    client.responses.create(instructions=s)",
            "def f(q):\n    s = 'You are kind'\n    s, t = q\n    client.responses.create(instructions=s)",
            "def f():\n    s = 'You are kind'\n    def g():\n        nonlocal s\n        s = 'x'\n    g()\n    client.responses.create(instructions=s)",
            "S = 'You are kind'\ndef g():\n    global S\n    S = 'x'\ndef f():\n    client.responses.create(instructions=S)",
            "def f(s='You are a kind helper of all'):\n    client.responses.create(instructions=s)",
            "class D:\n    p = 'You are kind'\n    def f(self):\n        client.responses.create(instructions=self.p)\nd = D()\nd.p = 'x'",
            "class D:\n    p: str = 'You are kind'\n    def f(self):\n        client.responses.create(instructions=self.p)",
            "class D:\n    p = 'You are kind'\nclass E(B):\n    def f(self):\n        client.responses.create(instructions=self.p)",
            "M = {'k': 'You are kind'}\nM['k'] = 'x'\ndef f():\n    client.responses.create(instructions=M['k'])",
            "def f(q):\n    t = f'You are {q} and kind'\n    q = 'x'\n    client.responses.create(instructions=t)",
            "def f(xs):\n    for x in xs:\n        t = f'You are {x} and kind'\n    def g(x):\n        client.responses.create(instructions=t)",
        ],
    );
    doubtful(
        "a.ts",
        &[
            "let s = 'You are kind'; const g = () => { s = 'x'; }; function f() { client.responses.create({ instructions: s }); }",
            "function f(q) { let s = 'You are kind'; [s] = q; client.responses.create({ instructions: s }); }",
            "class D { p = 'You are kind'; f() { client.responses.create({ instructions: this.p }); } }\nnew D().p = 'x';",
        ],
    );
}

#[test]
fn a_name_that_can_be_written_in_two_ways_is_not_followed_and_others_are() {
    let text = |name: &str| {
        format!(
            "def f(c):\n    s = 'You are kind'\n    {name} = 1\n    client.responses.create(instructions=s, store=c.{name})"
        )
    };
    for name in ["größe", "naïve_łódź", "имя", "名前", "이름", "ονομα"] {
        sure("a.py", &[(&text(name), "system You are kind")]);
    }
    for name in ["ſ", "e\u{301}", "ﬁle", "ｓ", "𝐬"] {
        doubtful("a.py", &[&text(name)]);
    }
}

#[test]
fn names_of_other_scopes_change_nothing() {
    sure(
        "a.py",
        &[
            (
                "def f(xs):\n    s = 'You are kind'\n    w = [s for s in xs]\n    g = lambda s: s + 'x'\n    client.responses.create(instructions=s)",
                "system You are kind",
            ),
            (
                "S = 'You are kind'\ndef g(S):\n    S = 'x'\ndef f():\n    client.responses.create(instructions=S)",
                "system You are kind",
            ),
            (
                "def f(q):\n    s = 'You are '\n    s += f'{q} '\n    s += 'and kind'\n    client.responses.create(instructions=s)",
                "system You are <q> and kind",
            ),
        ],
    );
    sure(
        "a.ts",
        &[(
            "const s = 'You are kind'; function f() { { let s = 'x'; s += 'y'; } client.responses.create({ instructions: s }); }",
            "system You are kind",
        )],
    );
}

#[test]
fn what_is_put_together_comes_as_the_program_does_it() {
    let chain = format!(
        "client.responses.create(instructions={}'end')",
        "'go on ' + ".repeat(60)
    );
    let chained = format!("system {}end", "go on ".repeat(60));
    sure(
        "a.py",
        &[
            (&chain, &chained),
            (
                "client.responses.create(instructions=f'You know {x=} and {y!r}')",
                "system You know <x> and <y>",
            ),
            (
                "client.responses.create(**{'instructions': 'You are kind', 'instructions': 'You are brief'})",
                "system You are brief",
            ),
            (
                "client.chat.completions.create(messages=[{'role': 'system', 'content': 'You are kind'}] + history + [{'role': 'user', 'content': f'Ask {len(q)}'}, make(q)])",
                "system You are kind |  *history | user Ask <value_1> |  *value_2",
            ),
            (
                "def f(q):\n    params = {'instructions': 'You are kind'}\n    client.responses.create(**params, input=q)",
                "system You are kind | user <q>",
            ),
        ],
    );
    sure(
        "a.ts",
        &[
            (
                "client.responses.create({ instructions: 1 + 2 + 'of you are kind' })",
                "system <value_1>of you are kind",
            ),
            (
                "f([{ role: 'system', content: `You are ${a()}` }, { role: 'user', content: `Now say ${b()} to all` }])",
                "system You are <value_1> | user Now say <value_2> to all",
            ),
        ],
    );
    let prompt = first(
        "a.ts",
        "client.responses.create({ instructions: 1 + 2 + 'of you are kind' })",
    );
    assert_eq!(prompt.messages[0].variables[0].expression, "1 + 2");
    let prompt = first(
        "a.py",
        "client.responses.create(instructions=f'You know {x=}')",
    );
    assert_eq!(prompt.messages[0].variables[0].expression, "f\"{x=}\"");
}

#[test]
fn a_text_that_is_not_understood_is_not_lifted() {
    doubtful(
        "a.py",
        &[
            "client.responses.create(instructions='You are kind \\N{EM DASH} or not')",
            "client.responses.create(instructions='You are kind \\ud83d')",
            "client.responses.create(instructions='You are kind\\r')",
            "client.responses.create(instructions='You are {} kind {'.format(x))",
            "def f(m):\n    messages = [{'role': 'system', 'content': 'You are kind'}]\n    mend(messages)\n    client.chat.completions.create(messages=messages)",
        ],
    );
    doubtful(
        "a.ts",
        &[
            "client.responses.create({ instructions: 'You are kind \\ud83d' })",
            "client.responses.create({ instructions: 'You are kind', ...rest })",
            "client.chat.completions.create({ messages: [{ role: 'system', content: 'You are kind', ...rest }] })",
        ],
    );
}

#[test]
fn what_says_itself_what_is_sent_is_not_lifted() {
    let post = |body: &str| {
        format!("fetch('https://api.openai.com/v1/responses', {{ method: 'POST', body: {body} }})")
    };
    let body = "{ model: 'gpt-5', input: 'Tell me of all cats' }";
    for odd in [
        &*format!("JSON.stringify({body}, hide)"),
        &format!("JSON.stringify({body}, ['model'])"),
        "JSON.stringify({ toJSON() { return {}; }, model: 'gpt-5', input: 'Tell me of all cats' })",
        "JSON.stringify({ toJSON: other, model: 'gpt-5', input: 'Tell me of all cats' })",
    ] {
        assert_eq!(first("a.js", &post(odd)).doubts.len(), 1, "{odd}");
    }
    let indented = post(&format!("JSON.stringify({body}, null, 2)"));
    let written = post(&format!("JSON.stringify({body})"));
    let said = "user Tell me of all cats";
    sure("a.js", &[(&*indented, said), (&*written, said)]);
    doubtful(
        "a.ts",
        &[
            "client.responses.create({ toJSON() { return x; }, input: 'Tell me of all cats' })",
            "client.chat.completions.create({ messages: [{ toJSON: f, role: 'user', content: 'Tell me of all cats' }] })",
        ],
    );
    let address = "requests.post('https://api.openai.com/v1/responses', data=json.dumps({'model': 'm', 'input': 'Tell me of all cats'}OPTION))";
    doubtful("a.py", &[&address.replace("OPTION", ", cls=Encoder")]);
    sure(
        "a.py",
        &[(&address.replace("OPTION", ", default=str"), said)],
    );
}

const CLASS: &str = "class Client:\n    def ask(self, rules, q):\n        return client.responses.create(instructions=rules, input=q)\n    def rules(self):\n        return 'You are a wise clerk'\n    def go(self, q):\n        return client.responses.create(instructions=self.rules(), input=q)\nClient().ask('You are a kind clerk', 'x')\n";

#[test]
fn what_is_given_to_or_answered_by_a_function_that_may_be_another_is_not_lifted() {
    let two = |text: &str| {
        let found = find("a.py", &format!("{PYTHON}{text}"), false).prompts;
        let doubts = found.iter().map(|it| match it.doubts.as_slice() {
            [] => "sure".to_owned(),
            [first, ..] => first.why.clone(),
        });
        doubts.collect::<Vec<String>>().join("; ")
    };
    assert_eq!(two(CLASS), "sure; sure");
    let own = "setattr(desk, name, 1)\nclass Other:\n    def __init__(self):\n        self.rules = 1\n        setattr(self, 'x', 1)\n";
    assert_eq!(two(&format!("{CLASS}{own}")), "sure; sure");
    for (more, expected) in [
        (
            "Client.ask = other",
            "sure; `ask` is given another value in its file",
        ),
        (
            "Client.rules = lambda self: 'x'",
            "`rules` is given another value in its file; sure",
        ),
        (
            "setattr(Client, 'rules', other)",
            "`rules` may be set by its name; `ask` may be set by its name",
        ),
        (
            "setattr(desk, 'ask', other)",
            "sure; `ask` is given another value in its file",
        ),
        (
            "class Night(Client):\n    def rules(self):\n        return q",
            "`rules` may be another one in a class that is made from its own; sure",
        ),
    ] {
        assert_eq!(two(&format!("{CLASS}{more}\n")), expected, "{more}");
    }
    let decorated = CLASS.replace("    def rules", "    @swap\n    def rules");
    let changes = "`@swap` may change what the function takes or answers";
    assert_eq!(two(&decorated), format!("{changes}; sure"));
    let again = CLASS.replace("    def rules", "    @again\n    def rules");
    assert_eq!(two(&format!("again = retry(3)\n{again}")), "sure; sure");
    let decorated = format!("@swap\n{CLASS}");
    assert_eq!(two(&decorated), format!("{changes}; {changes}"));
    assert_eq!(two(&format!("@dataclass\n{CLASS}")), "sure; sure");
    let ask = "def ask(rules):\n    return client.responses.create(instructions=rules)\nMORE\nask('You are a kind clerk')\n";
    for (more, expected) in [
        (
            "ask = retry(ask)",
            "`ask` is given another value in its file",
        ),
        ("from others import *", "`ask` may come from `import *`"),
        ("pass", "sure"),
    ] {
        assert_eq!(two(&ask.replace("MORE", more)), expected, "{more}");
    }
    doubtful(
        "a.js",
        &[
            "class A { rules() { return 'You are a wise clerk'; } go(q) { return client.responses.create({ instructions: this.rules(), input: q }); } }\nObject.assign(A.prototype, { rules() {} });",
            "class A { rules() { return 'You are a wise clerk'; } go(q) { return client.responses.create({ instructions: this.rules(), input: q }); } }\nA.prototype.rules = other;",
        ],
    );
    sure(
        "a.js",
        &[(
            "class A { rules() { return 'You are a wise clerk'; } go(q) { return client.responses.create({ instructions: this.rules(), input: q }); } }\nconst x = Object.assign({}, y);",
            "system You are a wise clerk",
        )],
    );
}

#[test]
fn a_text_is_filled_in_by_several_values() {
    sure(
        "a.py",
        &[(
            "client.responses.create(input='The price is %.2f on %s' % (x, d))",
            "user The price is <x> on <d>",
        )],
    );
}

#[test]
fn what_the_code_chooses_is_not_guessed() {
    for (text, expected) in [
        (
            "client.responses.create(instructions='You are kind' if q else 'Be brief')",
            "the code chooses between texts",
        ),
        (
            "client.responses.create(instructions=q or 'You are kind')",
            "the code may take something else than this text",
        ),
    ] {
        let doubts = first("a.py", text).doubts;
        assert_eq!((doubts[0].line, doubts[0].why.as_str()), (3, expected));
    }
}

#[test]
fn what_surely_reaches_a_model_is_found_however_short() {
    for (path, text, expected) in [
        (
            "a.js",
            "const OpenAI = require('openai');\nnew Agent({ instructions: 'You are kind' })",
            "sent openai | system You are kind",
        ),
        (
            "a.py",
            "import openai\nclient.responses.create(input=f'Translate: {q}')",
            "sent openai | user Translate: <q>",
        ),
        (
            "a.go",
            "m := Message{Role: \"system\", Content: `You are \\n kind`}",
            "message - | system You are \\n kind",
        ),
        (
            "a.rs",
            "json!({\"role\": \"system\", \"content\": r#\"You are \"kind\"\"#})",
            "message - | system You are \"kind\"",
        ),
        (
            "a.vue",
            "x = { role: \"system\", content: `You are \\`kind\\` now` }",
            "message - | system You are `kind` now",
        ),
    ] {
        only(path, text, expected);
    }
    assert!(!find("a.go", "x := 1", false).is_parsed);
    assert!(
        find(
            "a.py",
            "client.responses.create(instructions='You are kind')",
            false
        )
        .is_parsed
    );
}

//! What is lifted is what the program sends, whatever its other files say; and what cannot be read
//! is noted.

use insta::assert_snapshot;

use crate::env::TestEnv;

const HEAD: &str = "from openai import OpenAI\nclient = OpenAI()\n";

#[test]
fn what_a_class_of_another_file_overrides_is_not_lifted() {
    let env = TestEnv::new();
    let repo = env.repo();
    let class = |name: &str, member: &str| {
        format!(
            "{HEAD}class {name}:\n    {member} = 'You are a kind clerk'\n    def ask(self, q):\n        return client.responses.create(instructions=self.{member}, input=q)\n"
        )
    };
    repo.write("desk.py", class("Desk", "TONE"));
    repo.write("bar.py", class("Bar", "RULES"));
    repo.write("hall.py", class("Hall", "TEXT"));
    repo.write("shop.py", class("Shop", "WORDS"));
    repo.write(
        "night.py",
        "from desk import Desk as Base\nclass Night(Base):\n    pass\n",
    );
    repo.write(
        "late.py",
        "from night import Night\nclass Late(Night):\n    TONE = 'x'\n",
    );
    repo.write(
        "mixed.py",
        "from bar import Bar\nfrom extra import Extra\nclass Mixed(Extra, Bar):\n    pass\n",
    );
    repo.write(
        "extra.py",
        "class Extra:\n    def __init__(self):\n        self.RULES = 'x'\n",
    );
    // Another class of that name, and a member of another class.
    repo.write(
        "other.py",
        "class Hall:\n    pass\nclass Small(Hall):\n    TEXT = 'x'\n",
    );
    repo.write("use.py", "from shop import Shop\nclass Own:\n    WORDS = 'x'\nclass Sub(Shop):\n    def go(self):\n        return self.WORDS\n");
    assert_snapshot!(repo.run("promptctl scan --lift --dry-run --no-commit").stderr, @"
    error[P524]: it is not sure what the program sends: `RULES` may be given another value by a class in extra.py
      at: bar.py:6:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `TONE` may be given another value by a class in late.py
      at: desk.py:6:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    2 prompts to be written; 2 prompts refused
    hint: publish them, then write the file that the code reads: promptctl help services; or ask a gateway: promptctl help serve
    ");
}

#[test]
fn a_class_overrides_however_it_is_written() {
    let env = TestEnv::new();
    let repo = env.repo();
    for name in ["Calm", "Kind", "Wise", "Fair"] {
        let file = name.to_lowercase();
        repo.write(&format!("{file}.js"), format!("import OpenAI from 'openai';\nconst client = new OpenAI();\nexport class {name} {{\n  {file}Text = 'You are a {file} clerk';\n  ask(q) {{ return client.responses.create({{ instructions: this.{file}Text, input: q }}); }}\n}}\n"));
    }
    for name in ["Slow", "Late", "Free", "Sure"] {
        let file = name.to_lowercase();
        repo.write(&format!("{file}.py"), format!("{HEAD}class {name}:\n    {file}_text = 'You are a {file} clerk'\n    def ask(self, q):\n        return client.responses.create(instructions=self.{file}_text, input=q)\n"));
    }
    repo.write(
        "a.js",
        "import { Calm } from './calm.js';\nexport default class extends Calm {}\n",
    );
    repo.write("b.js", "import A from './a.js';\nconst B = class extends A {};\nclass C extends B { calmText = 'x'; }\n");
    repo.write(
        "c.js",
        "import{Kind as t}from\"./kind.js\";class e extends t{m(){class n{}}kindText=\"x\"}\n",
    );
    repo.write("d.js", "import { Wise } from './wise.js';\nimport { mixed } from './e.js';\nexport class D extends mixed(Wise) {}\n");
    repo.write(
        "e.js",
        "export const mixed = (base) => class extends base { wiseText = 'x'; };\n",
    );
    repo.write(
        "f.py",
        "from slow import Slow\nclass F(Slow,  # ( a note\n        object):\n    slow_text = 'x'\n",
    );
    repo.write(
        "g.py",
        "from late import Late\nG = type('G', (Late,), {'late_text': 'x'})\n",
    );
    repo.write("h.py", "from free import Free\ndef made():\n    return Free\nclass H(made()):\n    free_text = 'x'\n");
    repo.write(
        "i.py",
        "from sure import Sure\nclass I(Sure):\n    other_text = 'x'\n",
    );
    assert_snapshot!(repo.run("promptctl scan --lift --dry-run --no-commit").stderr, @"
    error[P524]: it is not sure what the program sends: `calmText` may be given another value by a class in b.js
      at: calm.js:5:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `free_text` may be given another value by a class in h.py
      at: free.py:6:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `kindText` may be given another value by a class in c.js
      at: kind.js:5:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `late_text` may be given another value by a class in g.py
      at: late.py:6:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `slow_text` may be given another value by a class in f.py
      at: slow.py:6:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `wiseText` may be given another value by a class in e.js
      at: wise.js:5:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    2 prompts to be written; 6 prompts refused
    hint: publish them, then write the file that the code reads: promptctl help services; or ask a gateway: promptctl help serve
    ");
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed_where_it_is_named() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "in/A.PY",
        format!("{HEAD}client.responses.create(instructions='You are a kind clerk', input=q)\n"),
    );
    std::os::unix::fs::symlink("in", repo.dir.join("link")).unwrap();
    assert_snapshot!(repo.run("promptctl scan link"), @"
    error[P017]: link is a link, and links are not followed
      at: link
      hint: name the file or the folder itself
    [exit 1]
    ");
    assert_snapshot!(repo.run("promptctl scan in"), @"
    a  in/A.PY:3:38  sent by openai
      system  You are a kind clerk
      user    {{q}}

    --- stderr
    1 prompt in the code of 1 file (1 file read, 1 parsed)
    hint: promptctl scan in --lift writes them as prompt files, and prints the code that takes their place
    ");
}

#[test]
fn what_another_file_puts_in_the_place_of_a_function_is_not_lifted() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "m.py",
        format!(
            "{HEAD}class Client:\n    def ask(self, rules, q):\n        return client.responses.create(instructions=rules, input=q)\n@swap\ndef say(rules):\n    return client.responses.create(instructions=rules)\ndef tell(rules):\n    return client.responses.create(instructions=rules)\ndef send(rules):\n    return client.responses.create(instructions=rules)\n"
        ),
    );
    repo.write(
        "use.py",
        "from m import Client, say, tell, send\ndef go():\n    Client().ask('You are a kind clerk', 'x')\n    say('You are a wise clerk')\n    tell('You are a fair clerk')\n    send('You are a calm clerk')\n",
    );
    repo.write(
        "patch.py",
        "import m\nm.Client.ask = other\nm.tell = other\n",
    );
    repo.write(
        "web/p.js",
        "import OpenAI from 'openai';\nconst client = new OpenAI();\nexport const p = { A: 'You are a kind web', B: 'You are a wise web', C: 'You are a fair web', D: 'You are a calm web' };\nexport const a = (q) => client.responses.create({ instructions: p.A, input: q });\nexport const b = (q) => client.responses.create({ instructions: p.B, input: q });\nexport const c = (q) => client.responses.create({ instructions: p.C, input: q });\nexport const d = (q) => client.responses.create({ instructions: p.D, input: q });\n",
    );
    repo.write(
        "web/set.js",
        "import { p } from './p.js';\n[p.A] = all;\n({\n  x: p.B,\n} = all);\nfor (p.C of all) {}\nconst { y = p.D } = all;\n",
    );
    assert_snapshot!(repo.run("promptctl scan --lift --dry-run --no-commit").stderr, @"
    error[P524]: it is not sure what the program sends: `ask` may be given another value in patch.py
      at: use.py:3:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `say`: `@swap` may change what the function takes or answers
      at: use.py:4:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `tell` may be given another value in patch.py
      at: use.py:5:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `A` may be given another value in web/set.js
      at: web/p.js:4:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `B` may be given another value in web/set.js
      at: web/p.js:5:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    error[P524]: it is not sure what the program sends: `C` may be given another value in web/set.js
      at: web/p.js:6:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    2 prompts to be written; 6 prompts refused
    4 calls to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    hint: publish them, then write the file that the code reads: promptctl help services; or ask a gateway: promptctl help serve
    ");
}

#[test]
fn the_file_that_is_imported_is_the_one_that_the_language_takes() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("a.py", "S = 'You are a file'\n");
    repo.write("a/__init__.py", "S = 'You are a package'\n");
    repo.write("b.py", "T = 'You are behind'\nfrom a import *\n");
    let ask = "client.responses.create(instructions=NAME, input='Say hello to all of them')\n";
    repo.write(
        "use.py",
        format!(
            "{HEAD}from a import S\nfrom b import T\n{}{}",
            ask.replace("NAME", "S"),
            ask.replace("NAME", "T")
        ),
    );
    repo.write("web/p.js", "export const S = 'You are plain';\n");
    repo.write("web/p.ts", "export const S: string = 'You are typed';\n");
    repo.write("web/q.js", "export const S = 'You are both';\n");
    repo.write("web/q.ts", "export const S: string = 'You are both';\n");
    for name in ["p", "q"] {
        repo.write(
            &format!("web/use-{name}.js"),
            format!(
                "import OpenAI from 'openai';\nimport {{ S }} from './{name}';\nnew OpenAI().responses.create({{ instructions: S, input: 'Say hello to all of them' }});\n"
            ),
        );
    }
    assert_snapshot!(repo.run("promptctl scan"), @"
    use  use.py:5:47  sent by openai
      system  You are a package
      user    Say hello to all of them

    use-2  use.py:6:47  sent by openai
      system  {{T}}
      user    Say hello to all of them
      note: line 6: `T` comes from b.py, which may have it from `import *` behind it: it stays a value

    use-p  web/use-p.js:3:57  sent by openai
      system  {{S}}
      user    Say hello to all of them
      note: line 3: `S` comes from `./p`, which may be web/p.ts or web/p.js: it stays a value

    use-q  web/use-q.js:3:57  sent by openai
      system  You are both
      user    Say hello to all of them

    use.py:6:1  not read: client.responses.create sends T
    web/use-p.js:3:1  not read: OpenAI.responses.create sends S

    --- stderr
    2 calls to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    4 prompts in the code of 3 files (13 files read, 3 parsed)
    hint: promptctl scan --lift writes them as prompt files, and prints the code that takes their place
    ");
}

#[test]
fn a_text_of_another_file_that_is_a_template_or_filled_in_is_found_or_noted() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "texts.py",
        "RULES = 'You are a clerk of {town}'\nASK = 'Sum up this article: {x}'\nCOST = 'It costs {x:.2f}, and {{this}}: {}'\nTELL = 'Tell {{him}} of {} and {}'\n",
    );
    repo.write(
        "chain.py",
        "from langchain_core.prompts import ChatPromptTemplate, PromptTemplate\nfrom texts import ASK, RULES\nfrom gone import LOST\none = PromptTemplate.from_template(ASK)\ntwo = ChatPromptTemplate.from_messages([('system', RULES), ('user', '{x}')])\nthree = PromptTemplate.from_template(LOST)\n",
    );
    repo.write(
        "desk.py",
        format!(
            "{HEAD}import texts\nfrom texts import ASK, COST\ndef one(x):\n    content = ASK.format(x=x.strip())\n    return client.chat.completions.create(messages=[{{'role': 'system', 'content': 'You are a kind clerk'}}, {{'role': 'user', 'content': content}}])\ndef two(x, y):\n    return client.responses.create(instructions=texts.TELL.format(x, y[0]))\ndef three(x):\n    text = COST.format(x, x=x)\n    return client.responses.create(instructions='You are a kind clerk', input=text)\ndef four(x):\n    text = ASK.format(x=x)\n    x = 'other'\n    return client.responses.create(instructions='You are a kind clerk', input=text)\ndef five(x):\n    text = 'Please: ' + ASK\n    return client.responses.create(instructions='You are a kind clerk', input=text)\n"
        ),
    );
    assert_snapshot!(repo.run("promptctl scan chain.py desk.py"), @"
    chain  chain.py:4:7  sent by langchain; from another file
      user  Sum up this article: {{x}}

    chain-2  chain.py:5:69  sent by langchain; from another file
      system  You are a clerk of {{town}}
      user    {{x}}

    desk/one  desk.py:7:83  sent by openai
      system  You are a kind clerk
      user    Sum up this article: {{x}}

    desk/two  desk.py:9:12  sent by openai; from another file
      system  Tell {him} of {{x}} and {{value_2}}

    desk/three  desk.py:12:49  sent by openai
      system  You are a kind clerk
      user    {{text}}
      note: line 12: the text `COST` of texts.py is filled in, or added to, by the code: what comes of it stays a value

    desk/four  desk.py:16:49  sent by openai
      system  You are a kind clerk
      user    {{text}}
      note: line 16: the text `ASK` of texts.py is filled in, or added to, by the code: what comes of it stays a value

    desk/five  desk.py:19:49  sent by openai
      system  You are a kind clerk
      user    Please: Sum up this article: {x}

    chain.py:6:9  not read: PromptTemplate.from_template sends LOST
      note: line 6: `LOST` comes from `gone`, which is no file here that is read: it stays a value

    --- stderr
    1 call to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    7 prompts in the code of 2 files (2 files read, 2 parsed)
    hint: promptctl scan chain.py desk.py --lift writes them as prompt files, and prints the code that takes their place
    ");
}

#[test]
fn what_a_notebook_holds_and_is_not_read_is_noted() {
    let env = TestEnv::new();
    let repo = env.repo();
    let call = "client.responses.create(instructions='You are a kind clerk', input=x)";
    let cell = |lines: &str| format!("{{\"cell_type\": \"code\", \"source\": [{lines}]}}");
    let cells = [
        cell(&format!("\"%%javascript\\n\", \"{call}\"")),
        cell(&format!("\"%timeit -n 10 {call}\"")),
    ];
    repo.write(
        "cells.ipynb",
        format!(
            "{{\"metadata\": {{}}, \"cells\": [\n{}]}}",
            cells.join(",\n")
        ),
    );
    repo.write(
        "old.ipynb",
        format!("{{\"nbformat\": 3, \"worksheets\": [{{\"cells\": [{{\"cell_type\": \"code\", \"input\": [\"{call}\"]}}]}}]}}"),
    );
    repo.write("none.ipynb", "{\"metadata\": {}}");
    repo.write("empty.ipynb", "");
    repo.write("nul.ipynb", "{\"cells\": [\0]}");
    assert_snapshot!(repo.run("promptctl scan"), @"
    cells  cells.ipynb:4:1 (cell 2, line 1)  sent by openai
      system  You are a kind clerk
      user    {{x}}

    old  old.ipynb:1:1 (cell 1, line 1)  sent by openai
      system  You are a kind clerk
      user    {{x}}

    cells.ipynb:2:1 (cell 1, line 1)  not read: this file holds a cell of `%%javascript`, which is not read: calls in it may be left out
    empty.ipynb:1:1  not read: this file is no notebook with cells, and is not read: calls in it may be left out
    none.ipynb:1:1  not read: this file is no notebook with cells, and is not read: calls in it may be left out
    nul.ipynb:1:1  not read: this file is no notebook with cells, and is not read: calls in it may be left out

    --- stderr
    4 files not read in full; --fail lets them pass (promptctl explain P525)
    2 prompts in the code of 2 files (8 files read, 2 parsed)
    hint: promptctl scan --lift writes them as prompt files, and prints the code that takes their place
    ");
    let unread = repo.json("promptctl scan cells.ipynb --format json")["unread"].clone();
    assert_eq!(unread[0]["cell"]["number"], 1);
    // The cell that the printed code belongs to.
    let lifted = repo.ok("promptctl scan cells.ipynb --lift --dry-run");
    assert!(
        lifted.contains("in place of cells.ipynb:4 (cell 2, line 1)"),
        "{lifted}"
    );
}

#[test]
fn the_code_that_lift_printed_is_no_call_that_cannot_be_read() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "desk.py",
        r#"from openai import OpenAI
import anthropic
from live_prompts import Prompts

prompts = Prompts("prompts.json")
client = OpenAI()


def sort(x):
    return client.responses.create(**prompts["desk/sort"].request(x=x))


def served(x):
    return client.responses.create(prompt={"id": "desk/sort", "variables": {"x": x}})


def chat(x):
    messages = prompts["desk/chat"].render(history=x)
    return client.chat.completions.create(messages=messages, model="gpt-5")


def apart(x):
    system, *messages = prompts["desk/apart"].render(x=x)
    return anthropic.Anthropic().messages.create(system=system["content"], messages=messages, model="m")


def said(x):
    text = prompts["desk/said"].render()[0]["content"]
    return client.responses.create(input=text)


def answer(x):
    return prompts["desk/answer"].render(x=x)[0]["content"]


def rest(x):
    return client.responses.create(input=answer(x), model="gpt-5")
"#,
    );
    repo.write(
        "web.mjs",
        r#"import OpenAI from "openai";
import { Prompts } from "./prompts.mjs";
import { streamText } from "ai";
const prompts = new Prompts("prompts.json");
const client = new OpenAI();
export const sort = (x) => client.responses.create(prompts.get("web/sort").request({ x }));
export function chat(x) {
  const messages = prompts.get("web/chat").render({ x });
  return streamText({ messages });
}
export function said(x) {
  const text = prompts.get("web/said").render()[0].content;
  return streamText({ system: text });
}
export function apart(x) {
  const [system, ...messages] = prompts.get("web/apart").render();
  return client.messages.create({ system: system.content, messages });
}
// What is rendered by something else.
export const other = (x) => client.responses.create(pages.get("web/sort").request({ x }));
"#,
    );
    assert_snapshot!(repo.run("promptctl scan"), @r#"
    web.mjs:20:29  not read: client.responses.create sends pages.get("web/sort").request({ x })

    --- stderr
    1 call to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    no prompt in the code of 5 files
    hint: --all takes what is less surely a prompt by its name, --tests looks into tests
    "#);
}

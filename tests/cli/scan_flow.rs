//! Prompts that reach a call through functions and other files, and what cannot be read.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::{Shell, TestEnv};

const DESK: &str = r#"from openai import OpenAI

from . import texts
from .texts import SYSTEM, made
from .others import rules

client = OpenAI()


def build(article):
    return [
        {"role": "system", "content": "You sum up"},
        {"role": "user", "content": f"Article: {article}"},
    ]


def sum_up(article):
    return client.chat.completions.create(model="gpt-5", messages=build(article))


def ask(text):
    return client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": text}])


def greet(name):
    return ask(f"Say hello to {name}")


def sort(ticket):
    return client.responses.create(model="gpt-5", instructions=SYSTEM, input=ticket)


def mend(ticket):
    return client.responses.create(model="gpt-5", instructions=texts.MEND, input=f"Ticket: {ticket}")


def odd(ticket):
    return client.responses.create(model="gpt-5", instructions=made, input=f"Ticket of {ticket}")


def rest(ticket):
    return client.responses.create(model="gpt-5", input=rules(ticket))
"#;

const TEXTS: &str = "SYSTEM = \"You sort tickets\"\nMEND = (\n    \"You mend \"\n    \"what broke\"\n)\nmade = SYSTEM + str(1 + 1)\n";

#[test]
fn what_reaches_a_call_by_functions_and_files_is_found_and_the_rest_is_noted() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("src/desk.py", DESK);
    repo.write("src/texts.py", TEXTS);
    assert_snapshot!(repo.run("promptctl scan"), @"
    desk/build  src/desk.py:12:39  sent by openai to gpt-5; answered by a function
      system  You sum up
      user    Article: {{article}}

    desk/greet  src/desk.py:26:16  sent by openai to gpt-5; given to a function that sends it
      user  Say hello to {{name}}

    desk/sort  src/desk.py:30:12  sent by openai to gpt-5; from another file
      system  You sort tickets
      user    {{ticket}}

    desk/mend  src/desk.py:34:82  sent by openai to gpt-5
      system  You mend what broke
      user    Ticket: {{ticket}}

    desk/odd  src/desk.py:38:76  sent by openai to gpt-5
      system  {{made}}
      user    Ticket of {{ticket}}
      note: line 38: `made` comes from src/texts.py, which makes it of several parts: it stays a value

    src/desk.py:38:12  not read: client.responses.create sends made
    src/desk.py:42:12  not read: client.responses.create sends rules(ticket)

    --- stderr
    2 calls to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    5 prompts in the code of 1 file (5 files read, 1 parsed)
    hint: promptctl scan --lift writes them as prompt files, and prints the code that takes their place
    ");
    let shown = repo.json("promptctl scan --format json");
    assert_eq!(
        shown["unread"],
        json!([
            {"path": "src/desk.py", "line": 38, "column": 12, "cell": null, "call": "client.responses.create", "what": ["made"], "lost": [], "why": null, "allowed": false},
            {"path": "src/desk.py", "line": 42, "column": 12, "cell": null, "call": "client.responses.create", "what": ["rules(ticket)"], "lost": [], "why": null, "allowed": false}
        ])
    );
    let sarif: Value = serde_json::from_str(&repo.ok("promptctl scan --format sarif")).unwrap();
    let notes: Vec<&Value> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["level"] == "note")
        .collect();
    assert_eq!(notes.len(), 2);
    assert_eq!(notes[0]["ruleId"], "P525");
}

#[test]
fn a_call_that_cannot_be_read_does_not_fail_and_is_said() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "a.py",
        "import openai\ndef ask(text):\n    return openai.responses.create(input=text)\n",
    );
    assert_snapshot!(repo.run("promptctl scan --fail"), @"
    a.py:3:12  not read: openai.responses.create sends text

    --- stderr
    1 call to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    no prompt in the code of 4 files
    hint: --all takes what is less surely a prompt by its name, --tests looks into tests
    ");
    repo.write(
        "a.py",
        "import openai\ndef ask(text):\n    # promptctl: allow P514\n    return openai.responses.create(input=text)\n",
    );
    assert_snapshot!(repo.run("promptctl scan --fail"), @"
    no prompt in the code of 4 files
    hint: --all takes what is less surely a prompt by its name, --tests looks into tests
    ");
}

#[test]
fn the_printed_code_takes_the_place_of_an_answer_and_overwrites_no_parameter() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("src/desk.py", DESK);
    repo.write("src/texts.py", TEXTS);
    repo.write(
        "say.ts",
        "import OpenAI from 'openai';\nexport async function say(client: OpenAI, text: string) {\n  return client.chat.completions.create({ model: 'gpt-5', messages: [{ role: 'user', content: `Say ${text} to them` }] });\n}\n",
    );
    assert_snapshot!(repo.run("promptctl scan --lift"), @r#"
    say  in place of say.ts:3
      import { Prompts } from "./prompts.mjs";
      const prompts = new Prompts("prompts.json");
      const promptText = prompts.get("say").render({ text })[0].content;

    desk/build  in place of src/desk.py:11
      from live_prompts import Prompts
      prompts = Prompts("prompts.json")
      return prompts["desk/build"].render(article=article)

    desk/greet  in place of src/desk.py:26
      from live_prompts import Prompts
      prompts = Prompts("prompts.json")
      prompts["desk/greet"].render(name=name)[0]["content"]

    desk/sort  in place of src/desk.py:30
      from live_prompts import Prompts
      prompts = Prompts("prompts.json")
      client.responses.create(**prompts["desk/sort"].request(ticket=ticket))
      # or through the gateway: client.responses.create(prompt={"id": "desk/sort", "variables": {"ticket": ticket}})

    desk/mend  in place of src/desk.py:34
      from live_prompts import Prompts
      prompts = Prompts("prompts.json")
      client.responses.create(**prompts["desk/mend"].request(ticket=ticket))
      # or through the gateway: client.responses.create(prompt={"id": "desk/mend", "variables": {"ticket": ticket}})

    desk/odd  in place of src/desk.py:38
      from live_prompts import Prompts
      prompts = Prompts("prompts.json")
      client.responses.create(**prompts["desk/odd"].request(made=made, ticket=ticket))
      # or through the gateway: client.responses.create(prompt={"id": "desk/odd", "variables": {"made": made, "ticket": ticket}})

    src/desk.py:38:12  not read: client.responses.create sends made
    src/desk.py:42:12  not read: client.responses.create sends rules(ticket)

    --- stderr
    say v1 made from say.ts (code)
    desk/build v1 made from src/desk.py (code)
    desk/greet v1 made from src/desk.py (code)
    desk/sort v1 made from src/desk.py (code)
    desk/mend v1 made from src/desk.py (code)
    desk/odd v1 made from src/desk.py (code)
    warning[P503]: line 38: `made` comes from src/texts.py, which makes it of several parts: it stays a value
      at: src/desk.py:38:76
    6 prompts written; 1 not whole
    2 calls to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    hint: values go into the text as JSON writes them. The printed code gives these as they are: `article`, `name`, `text`, `ticket`. Give what is no text, such as a date or a list, as f"{x}" or `${x}`
    hint: publish them, then write the file that the code reads: promptctl help services; or ask a gateway: promptctl help serve
    [exit 3]
    "#);
}

#[test]
fn lifted_files_that_validate_refuses_are_named() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "a.py",
        "from openai import OpenAI\ndef f(client):\n    client.responses.create(model='gpt-5-mini', temperature=0.2, instructions='You are kind')\n",
    );
    assert_snapshot!(repo.run("promptctl scan --lift"), @r#"
    a/f  in place of a.py:3
      from live_prompts import Prompts
      prompts = Prompts("prompts.json")
      client.responses.create(**prompts["a/f"].request())
      # or through the gateway: client.responses.create(prompt={"id": "a/f"})
    --- stderr
    a/f v1 made from a.py (code)
    error[P322]: `gpt-5-mini` is a reasoning model and takes no `temperature`
      at: prompts/a/f.prompt.yml:5:16
      help: remove it; `reasoningEffort` and `verbosity` steer this model
    hint: the files say what the code sends, and promptctl validate refuses them: mend the code and lift again, or edit the files
    hint: publish them, then write the file that the code reads: promptctl help services; or ask a gateway: promptctl help serve
    [exit 3]
    "#);
    assert_eq!(repo.run("promptctl validate").code, Some(3));
}

#[test]
fn code_that_changed_since_it_was_lifted_is_told_and_fails() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "a.py",
        "from openai import OpenAI\ndef sort(client):\n    client.responses.create(model='gpt-5', instructions='You are kind')\n",
    );
    repo.ok("promptctl scan --lift");
    repo.ok("promptctl scan --write-baseline");
    assert_eq!(repo.run("promptctl scan --fail").code, Some(0));
    repo.replace("a.py", "'You are kind'", "'You are brief'");
    assert_snapshot!(repo.run("promptctl scan --fail"), @"
    a/sort  a.py:3:57  sent by openai to gpt-5; lifted here as a/sort, and changed in the code since; in the baseline
      system  You are brief

    --- stderr
    1 prompt in the code of 1 file (5 files read, 1 parsed); none is new
    hint: promptctl scan --lift writes them as prompt files, and prints the code that takes their place
    --fail: 1 lifted prompt changed in the code since, so that file and code disagree
    hint: promptctl scan --lift merges what changed into the files
    [exit 3]
    ");
    let shown = repo.json("promptctl scan --format json");
    assert_eq!(shown["findings"][0]["changed"], true);
    assert!(repo.ok("promptctl scan --format github").contains("P526"));
    repo.ok("promptctl scan --lift");
    assert_eq!(repo.run("promptctl scan --fail").code, Some(0));
}

const LLM: &str = "from openai import OpenAI\nclient = OpenAI()\ndef ask(system, q):\n    return client.responses.create(model='gpt-5', temperature=0.5, instructions=system, input=q)\n";

/// What scan finds: the file, the line, the model and the first text of each.
fn found(shell: &Shell, command: &str) -> Vec<String> {
    let shown = shell.json(command);
    let all = shown["findings"].as_array().unwrap().iter();
    all.map(|it| {
        let all = it["messages"].as_array().unwrap().iter();
        let texts = all.map(|it| it["content"].as_str().unwrap_or("…").trim());
        format!(
            "{}:{} {} {}",
            it["path"].as_str().unwrap(),
            it["line"],
            it["model"].as_str().unwrap_or("-"),
            texts.collect::<Vec<_>>().join(" / ")
        )
    })
    .collect()
}

#[test]
fn what_is_given_to_a_function_of_another_file_that_sends_it_is_found() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("app/llm.py", LLM);
    repo.write("app/texts.py", "TONE = 'Be very brief'\n");
    repo.write(
        "app/desk.py",
        "from .llm import ask\nfrom .texts import TONE\ndef sort(x):\n    return ask('You are kind', f'Sort this: {x}')\ndef tone(x):\n    return ask(TONE, x)\n",
    );
    repo.write(
        "app/hop.py",
        "from . import llm\ndef kind(q):\n    return llm.ask(q=q, system='You are a hop')\ndef again(rules):\n    return llm.ask(rules, 'Go on with it')\n",
    );
    repo.write(
        "main.py",
        "import app.hop\napp.hop.again('You are far away')\n",
    );
    repo.write(
        "web/llm.ts",
        "import OpenAI from 'openai';\nconst client = new OpenAI();\nexport default async function ask(q: string) { return client.responses.create({ model: 'gpt-5', input: q }); }\nexport const say = async ({ rules }: Say) => client.responses.create({ model: 'gpt-5', instructions: rules, input: '-' });\n",
    );
    repo.write(
        "web/desk.ts",
        "import complete, { say } from './llm';\nimport * as all from './llm.js';\ncomplete(`Translate this: ${x}`);\nsay({ rules: 'You are a web' });\nall.say({ rules: 'You are a star' });\n",
    );
    // Another function of that name.
    repo.write(
        "other.py",
        "from elsewhere import ask\nask('You are nobody', 'x')\n",
    );
    let all = [
        "app/desk.py:4 gpt-5 You are kind / Sort this: {{x}}",
        "app/desk.py:6 gpt-5 Be very brief / {{x}}",
        "app/hop.py:3 gpt-5 You are a hop / {{q}}",
        "app/hop.py:5 gpt-5 {{rules}} / Go on with it",
        "main.py:2 gpt-5 You are far away",
        "web/desk.ts:3 gpt-5 Translate this: {{x}}",
        "web/desk.ts:4 gpt-5 You are a web",
        "web/desk.ts:5 gpt-5 You are a star",
    ];
    assert_eq!(found(&repo, "promptctl scan --format json"), all);
    assert_eq!(repo.run("promptctl scan --fail").code, Some(3));
    // A part of the code says the same of its files.
    assert_eq!(
        found(&repo, "promptctl scan app/desk.py --format json"),
        all[..2]
    );
}

#[test]
fn methods_and_what_files_give_on_are_followed() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "app/llm.py",
        "from openai import OpenAI\nclass Client:\n    def __init__(self, system):\n        self.system = system\n        self.client = OpenAI()\n    def ask(self, text):\n        return self.client.responses.create(model='gpt-5', input=text)\n    def sort(self, x):\n        return self.client.responses.create(model='gpt-5', instructions=self.system, input=x)\n",
    );
    repo.write("app/texts.py", "TONE = 'Be very brief'\n");
    repo.write(
        "app/__init__.py",
        "from .llm import Client\nfrom .texts import TONE\n",
    );
    repo.write(
        "main.py",
        "import requests\nfrom app import Client, TONE\nfrom shop import Shop\nClient('You are kind').ask('Say hello to them')\nClient(TONE).sort(x)\nother.ask('You are not far')\nrequests.ask('You are no client')\ndesk = Shop()\ndesk.ask('You are no client')\n",
    );
    repo.write(
        "app/desk.py",
        "from .llm import Client as Base\nclass Desk(Base):\n    def __init__(self):\n        super().__init__('You are a desk')\n    def go(self):\n        return self.ask('Sum it up in a line')\nclass Other:\n    def go(self):\n        return self.ask('Not this one at all')\n",
    );
    repo.write(
        "web/texts.js",
        "const KIND = 'You are a web';\nmodule.exports = { KIND, BRIEF: 'Be brief on the web' };\n",
    );
    repo.write(
        "web/index.js",
        "export { KIND as SOFT, BRIEF } from './texts';\nexport * from './llm';\n",
    );
    repo.write(
        "web/llm.js",
        "const { OpenAI } = require('openai');\nconst client = new OpenAI();\nasync function ask(q) { return client.responses.create({ model: 'gpt-5', input: q }); }\nmodule.exports = { ask };\n",
    );
    repo.write(
        "web/a.js",
        "const { OpenAI } = require('openai');\nconst client = new OpenAI();\nconst { KIND: kind } = require('./texts');\nconst all = require('./texts.js');\nclient.responses.create({ instructions: kind, input: x });\nclient.responses.create({ instructions: all.BRIEF, input: x });\n",
    );
    repo.write(
        "web/b.ts",
        "import { SOFT, ask } from '.';\nimport OpenAI from 'openai';\nnew OpenAI().responses.create({ instructions: SOFT, input: x });\nask(`Translate this: ${x}`);\n",
    );
    repo.write(
        "web/c.js",
        "const llm = require('./llm');\nllm.ask('Sum it up on the web');\n",
    );
    assert_snapshot!(found(&repo, "promptctl scan --format json").join("\n"), @"
    app/desk.py:4 gpt-5 You are a desk
    app/desk.py:6 gpt-5 Sum it up in a line
    main.py:4 gpt-5 You are kind
    main.py:4 gpt-5 Say hello to them
    main.py:5 gpt-5 Be very brief
    main.py:6 gpt-5 You are not far
    web/a.js:5 - You are a web / {{x}}
    web/a.js:6 - Be brief on the web / {{x}}
    web/b.ts:3 - You are a web / {{x}}
    web/b.ts:4 gpt-5 Translate this: {{x}}
    web/c.js:2 gpt-5 Sum it up on the web
    ");
}

#[test]
fn what_a_wrapper_is_given_for_one_call_is_one_prompt() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "desk.py",
        "from openai import OpenAI\nclient = OpenAI()\ndef ask(system, user, history=()):\n    return client.chat.completions.create(model='gpt-5', messages=[{'role': 'system', 'content': system}, *history, {'role': 'user', 'content': user}])\ndef sort(x):\n    return ask('You are kind', f'Sort this: {x}')\ndef polite(text):\n    return ask(user=text, system='You are polite')\npolite('Say thanks to all of them')\ndef tell(q, rules='You are usual'):\n    return client.responses.create(model='gpt-5', instructions=rules, input=q)\ntell('Tell them what it costs', rules='You are exact')\n",
    );
    assert_snapshot!(repo.run("promptctl scan"), @"
    desk/sort  desk.py:6:16  sent by openai to gpt-5; given to a function that sends it
      system  You are kind
      user    Sort this: {{x}}

    desk/polite  desk.py:8:34  sent by openai to gpt-5; given to a function that sends it
      system  You are polite
      user    {{text}}

    desk  desk.py:9:8  sent by openai to gpt-5; given to a function that sends it
      user  Say thanks to all of them

    rules  desk.py:10:19  sent by openai to gpt-5
      system  You are usual
      user    {{q}}
      not lifted: line 11: `rules` is a parameter: callers may give another value

    desk-2  desk.py:12:39  sent by openai to gpt-5; given to a function that sends it
      system  You are exact
      user    Tell them what it costs

    --- stderr
    5 prompts in the code of 1 file (4 files read, 1 parsed)
    hint: promptctl scan --lift writes them as prompt files, and prints the code that takes their place
    ");
    assert_snapshot!(repo.run("promptctl scan --lift --only desk/sort --dry-run"), @r#"
    desk/sort v1 would be made from desk.py (code)
      prompts/desk/sort.prompt.yml
        version: 1
        digest: xxxxxxxxxxxx
        model: gpt-5
        input:
          schema:
            type: object
            required: [x]
            properties:
              x: {}
        messages:
          - role: system
            content: You are kind
          - role: user
            content: "Sort this: {{x}}"
        source:
          format: code
          path: desk.py
          place: "sort#given1"
          line: 6
          commit: "<id>"
          digest: "xxxxxxxxxxxx"
    desk/sort  in place of desk.py:6
      from live_prompts import Prompts
      prompts = Prompts("prompts.json")
      prompts["desk/sort"].render(x=x)[0]["content"]  # system
      prompts["desk/sort"].render(x=x)[1]["content"]  # user
    --- stderr
    hint: values go into the text as JSON writes them. The printed code gives these as they are: `x`. Give what is no text, such as a date or a list, as f"{x}" or `${x}`
    hint: publish them, then write the file that the code reads: promptctl help services; or ask a gateway: promptctl help serve
    "#);
}

#[test]
fn a_model_or_a_setting_that_changed_since_it_was_lifted_fails() {
    let env = TestEnv::new();
    let repo = env.repo();
    let code = "from openai import OpenAI\ndef sort(client):\n    client.responses.create(model='gpt-4o', temperature=0.2, instructions='You are kind')\n";
    repo.write("a.py", code);
    repo.ok("promptctl scan --lift");
    repo.ok("promptctl scan --write-baseline");
    assert_eq!(repo.run("promptctl scan --fail").code, Some(0));
    for (before, after) in [
        ("gpt-4o", "gpt-4.1"),
        ("0.2", "0.3"),
        (" temperature=0.2,", ""),
    ] {
        repo.write("a.py", code.replace(before, after));
        let run = repo.run("promptctl scan --fail");
        assert_eq!(run.code, Some(3), "{before}");
        assert!(repo.ok("promptctl scan --format github").contains("P526"));
    }
    repo.ok("promptctl scan --lift");
    assert_eq!(repo.run("promptctl scan --fail").code, Some(0));
}

#[test]
fn another_text_in_a_place_of_the_baseline_is_new() {
    let env = TestEnv::new();
    let repo = env.repo();
    let code = "from openai import OpenAI\ndef sort(client):\n    client.responses.create(instructions='You are kind')\n";
    repo.write("a.py", code);
    repo.ok("promptctl scan --write-baseline");
    assert_eq!(repo.run("promptctl scan --fail").code, Some(0));
    repo.write("a.py", code.replace("kind", "rude"));
    assert_eq!(repo.run("promptctl scan --fail").code, Some(3));
    // A baseline of before goes by the place.
    repo.write(".promptctl-baseline", "code:sort#1 a.py\n");
    assert_eq!(repo.run("promptctl scan --fail").code, Some(0));
}

#[test]
fn a_part_of_the_code_and_a_subfolder_say_the_same_as_the_whole() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("src/texts.py", "TONE = 'Be very brief'\n");
    let code = "from openai import OpenAI\nfrom src.texts import TONE\ndef sort(client, x):\n    client.responses.create(model='gpt-5', instructions=TONE, input=f'Sort this: {x}')\n";
    repo.write("src/desk.py", code);
    repo.ok("promptctl scan --lift");
    for command in [
        "promptctl scan",
        "promptctl scan src/desk.py",
        "promptctl scan ./src",
    ] {
        let shown = repo.json(&format!("{command} --format json"));
        assert_eq!(shown["findings"][0]["changed"], false, "{command}");
        assert_eq!(shown["findings"][0]["lost"], json!([]), "{command}");
    }
    repo.ok("promptctl scan --write-baseline");
    let below = repo.cd("src");
    for command in [
        "promptctl scan --fail",
        "promptctl scan ../src/desk.py --fail",
    ] {
        assert_eq!(below.run(command).code, Some(0), "{command}");
    }
    repo.replace("src/desk.py", "Sort this", "Order this");
    for (shell, command) in [
        (&below, "promptctl scan --format github"),
        (&below, "promptctl scan desk.py --format github"),
        (&repo, "promptctl scan src/desk.py --format github"),
    ] {
        assert!(shell.ok(command).contains("P526"), "{command}");
    }
    // Lifted from there, it is the same prompt.
    let run = below.run("promptctl scan --lift");
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(repo.run("promptctl scan").code, Some(0));
    assert_eq!(
        repo.json("promptctl scan --format json")["findings"][0]["changed"],
        false
    );
}

#[test]
fn a_file_that_is_not_read_in_full_is_noted_in_every_format() {
    let env = TestEnv::new();
    let repo = env.repo();
    let call = "import OpenAI from 'openai';\nconst client = new OpenAI();\nclient.responses.create({ model: 'gpt-5', input: 'You sum up what people wrote' });\n";
    repo.write("nul.js", format!("{call}// \0"));
    repo.write("large.js", format!("{call}//{}\n", "x".repeat(1 << 20)));
    let nuls = "\0".repeat(900);
    repo.write("nuls.js", format!("{call}// {nuls}"));
    let shown = repo.ok("promptctl scan");
    assert!(
        shown.contains("not read: this file is larger than a megabyte"),
        "{shown}"
    );
    assert!(shown.contains("You sum up what people wrote"), "{shown}");
    let all = repo.json("promptctl scan --format json");
    let unread = all["unread"].as_array().unwrap();
    let why: Vec<&Value> = unread.iter().map(|it| &it["why"]).collect();
    assert_eq!(
        why,
        [
            &json!("is larger than a megabyte, and is not parsed"),
            &json!("holds many NUL characters, and is not parsed"),
        ]
    );
    assert_eq!(all["unread"][0]["call"], Value::Null);
    let sarif: Value = serde_json::from_str(&repo.ok("promptctl scan --format sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let notes = results.iter().filter(|it| it["ruleId"] == "P525");
    assert_eq!(notes.count(), 2);
}

#[test]
fn a_constant_of_a_module_that_any_file_sets_stays_a_value() {
    let env = TestEnv::new();
    let repo = env.repo();
    let call = |name: &str| {
        format!("client.responses.create(instructions={name}, input='Sort the ticket of today')\n")
    };
    repo.write("conf2.py", "TWO = 'You sort tickets by day'\n");
    repo.write("conf3.py", "THREE = 'You sort tickets by size'\n");
    repo.write("conf4.py", "FOUR = 'You sort tickets by name'\n");
    let head = "from openai import OpenAI\nfrom conf2 import TWO\nfrom conf3 import THREE\nfrom conf4 import FOUR\nclient = OpenAI()\n";
    let calls: String = ["TWO", "THREE", "FOUR"].into_iter().map(call).collect();
    repo.write("desk.py", format!("{head}{calls}"));
    repo.write(
        "evil.py",
        "import conf2, conf3\nconf2.TWO = 'x'\nsetattr(conf3, 'THREE', 'x')\n",
    );
    let shown = repo.ok("promptctl scan desk.py conf2.py conf3.py conf4.py evil.py");
    for name in ["by day", "by size"] {
        assert!(!shown.contains(name), "{shown}");
    }
    assert!(shown.contains("You sort tickets by name"), "{shown}");
    assert!(
        shown.contains("`TWO` of `conf2` may be given another value in evil.py"),
        "{shown}"
    );
    // Also where no text is left to show beside it.
    repo.write(
        "alone.py",
        "from openai import OpenAI\nfrom conf2 import TWO\nclient = OpenAI()\nclient.responses.create(instructions=TWO, input=x)\n",
    );
    assert_snapshot!(repo.play("promptctl scan alone.py conf2.py evil.py"), @"
    $ promptctl scan alone.py conf2.py evil.py
    alone.py:4:1  not read: client.responses.create sends TWO, x
      note: line 4: `TWO` of `conf2` may be given another value in evil.py: it stays a value

    --- stderr
    1 call to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    no prompt in the code of 3 files
    hint: --all takes what is less surely a prompt by its name, --tests looks into tests
    ");
}

/// What a scan says of each prompt: its text, and why it is not lifted.
fn doubts(shell: &Shell, command: &str) -> Vec<String> {
    let shown = shell.json(command);
    let all = shown["findings"].as_array().unwrap().iter();
    all.map(|it| {
        let why = it["doubts"].as_array().unwrap().iter();
        let why: Vec<&str> = why.map(|it| it["why"].as_str().unwrap()).collect();
        format!(
            "{}: {}",
            it["messages"][0]["content"].as_str().unwrap(),
            why.join("; ")
        )
    })
    .collect()
}

#[test]
fn what_another_file_sets_is_not_lifted_from_its_own() {
    let env = TestEnv::new();
    let repo = env.repo();
    let import = "from openai import OpenAI\nclient = OpenAI()\n";
    let ask = |name: &str| {
        format!("def ask(x):\n    return client.responses.create(instructions={name}, input=x)\n")
    };
    for (file, text) in [
        ("one", "SYSTEM = 'You sort by one'\n"),
        ("two", "RULES = 'You sort by two'\n"),
        ("three", "STYLE = 'You sort by three'\n"),
        ("four", "ALL = {'kind': 'You sort by four'}\n"),
        ("five", "class Five:\n    TONE = 'You sort by five'\n"),
        ("six", "def made():\n    return 'You sort by six'\n"),
        ("seven", "BEST = 'You sort by seven'\n"),
        ("eight", "LAST = 'You sort by eight'\n"),
        (
            "nine",
            "NINE = 'You sort by nine'\nask = client.responses.create(instructions=NINE)\n",
        ),
        ("ten", "text = 'You sort by ten'\n"),
    ] {
        let name = match file {
            "four" => "ALL['kind']",
            "five" => "Five.TONE",
            "six" => "made()",
            _ => text.split(' ').next().unwrap(),
        };
        let end = if file == "nine" {
            String::new()
        } else {
            ask(name)
        };
        repo.write(&format!("{file}.py"), format!("{import}{text}{end}"));
    }
    repo.write(
        "web.ts",
        "import OpenAI from 'openai';\nconst client = new OpenAI();\nexport const desk = { rules: 'You sort by web' };\nconst SYSTEM = 'You sort by sea';\nexport const ask = (x: string) => client.responses.create({ instructions: desk.rules, input: x });\nexport const say = (x: string) => client.responses.create({ instructions: SYSTEM, input: x });\n",
    );
    repo.write(
        "main.py",
        "import one as c, two, three as d, four, sys\nfrom five import Five\nimport six, nine, ten\nc.SYSTEM = 'x'\nsetattr(two, 'RULES', 'x')\nfor key in given:\n    setattr(d, key, 'x')\nfour.ALL['kind'] = 'x'\nFive.TONE = 'x'\nsix.made = lambda: 'x'\nsys.modules['seven'].BEST = 'x'\nnine.NINE = 'x'\nbook.text = 'x'\nself.LAST = 'x'\n",
    );
    repo.write(
        "main.ts",
        "import { desk } from './web';\ndesk.rules = 'x';\n",
    );
    repo.write("tests/test_eight.py", "import eight\neight.LAST = 'x'\n");
    assert_snapshot!(doubts(&repo, "promptctl scan --format json").join("\n"), @"
    You sort by eight: 
    You sort by five: `TONE` may be given another value in main.py
    You sort by four: `kind` may be given another value in main.py
    You sort by nine: 
    You sort by one: `SYSTEM` may be given another value in main.py
    You sort by seven: `BEST` may be given another value in main.py
    You sort by six: `made` may be given another value in main.py
    You sort by ten: 
    You sort by three: `STYLE` may be given another value in main.py
    You sort by two: `RULES` may be given another value in main.py
    You sort by web: `rules` may be given another value in main.ts
    You sort by sea:
    ");
    let run = repo.run("promptctl scan one.py --lift");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.to_string().contains("P524"), "{run}");
    // Its tests are part of what is looked at.
    let shown = doubts(&repo, "promptctl scan eight.py --tests --format json");
    assert_eq!(
        shown,
        ["You sort by eight: `LAST` may be given another value in tests/test_eight.py"]
    );
}

#[test]
fn a_caller_that_gives_another_role_changes_what_was_lifted() {
    let env = TestEnv::new();
    let repo = env.repo();
    let code = |role: &str| {
        format!(
            "from openai import OpenAI\nclient = OpenAI()\ndef ask(sys, role='user'):\n    return client.chat.completions.create(model='gpt-5', messages=[{{'role': role, 'content': sys}}])\nask('You sort the tickets of the day', role='{role}')\n"
        )
    };
    repo.write("desk.py", code("system"));
    repo.ok("promptctl scan --lift");
    assert!(
        !repo
            .ok("promptctl scan --format sarif")
            .contains("P526\",\"level")
    );
    repo.write("desk.py", code("user"));
    let sarif: Value = serde_json::from_str(&repo.ok("promptctl scan --format sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|it| it["ruleId"] == "P526"), "{sarif}");
}

#[test]
fn what_cannot_be_read_is_said_by_lift_too() {
    let env = TestEnv::new();
    let repo = env.repo();
    let ask = "openai.responses.create(instructions=texts().title)";
    let allowed = "# promptctl: allow P525";
    repo.write(
        "calls.py",
        format!("import openai\n{ask}\n{allowed}\n{ask}\n"),
    );
    assert_snapshot!(repo.run("promptctl scan calls.py --lift"), @"
    calls.py:2:1  not read: openai.responses.create sends texts().title

    --- stderr
    1 call to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    no prompt in the code of 1 file: nothing to do
    ");
    repo.write(
        "kind.py",
        "import openai\ndef ask():\n    return openai.responses.create(instructions='You are kind')\n",
    );
    // Who names a prompt is told of that one.
    let run = repo.run("promptctl scan --lift --dry-run --only kind/ask");
    assert!(!run.stdout.contains("not read"), "{run}");
}

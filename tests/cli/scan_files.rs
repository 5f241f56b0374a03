//! Prompts in notebooks, in scripts without an ending, and in requests that no library sends.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::TestEnv;

const NOTEBOOK: &str = r##"{
 "cells": [
  {"cell_type": "markdown", "source": ["You are a notebook"]},
  {"cell_type": "code", "outputs": [], "source": [
    "%pip install openai\n",
    "from openai import OpenAI\n",
    "client = OpenAI()\n",
    "SYSTEM = \"You sort by cells\"\n",
    "client.responses.create(model=\"gpt-5\", instructions=\"You sort \\\"here\\\"\", input=x)"
  ]},
  {"cell_type": "code", "outputs": [], "source": [
    "!ls\n",
    "client.responses.create(model=\"gpt-5\", instructions=SYSTEM, input=x)\n",
    "client.responses.create(model=\"gpt-5\", instructions=load(), input=x)"
  ]}
 ],
 "metadata": {"language_info": {"name": "python"}}
}
"##;

#[test]
fn cells_of_a_notebook_are_read_and_said() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("desk.ipynb", NOTEBOOK);
    assert_snapshot!(repo.run("promptctl scan"), @r#"
    desk  desk.ipynb:8:1 (cell 2, line 4)  sent by openai to gpt-5
      system  You sort by cells
      user    {{x}}
      not lifted: line 8: the text stands in another cell than the call, and cells run in any order

    desk-2  desk.ipynb:9:1 (cell 2, line 5)  sent by openai to gpt-5
      system  You sort "here"
      user    {{x}}

    desk.ipynb:14:1 (cell 3, line 3)  not read: client.responses.create sends load(), x

    --- stderr
    1 call to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    2 prompts in the code of 1 file (4 files read, 1 parsed)
    hint: promptctl scan --lift writes them as prompt files, and prints the code that takes their place
    "#);
    let shown = repo.json("promptctl scan --lang py --format json");
    assert_eq!(
        shown["findings"][0]["cell"],
        json!({"number": 2, "line": 4})
    );
    assert_eq!(shown["unread"][0]["cell"], json!({"number": 3, "line": 3}));
    assert_snapshot!(repo.run("promptctl scan --lift --dry-run"), @r#"
    desk-2 v1 would be made from desk.ipynb (code)
      prompts/desk-2.prompt.yml
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
            content: "You sort \"here\""
          - role: user
            content: "{{x}}"
        source:
          format: code
          path: desk.ipynb
          place: "-#1"
          line: 9
          commit: "<id>"
          digest: "xxxxxxxxxxxx"
    desk-2  in place of desk.ipynb:9 (cell 2, line 5)
      from live_prompts import Prompts
      prompts = Prompts("prompts.json")
      client.responses.create(**prompts["desk-2"].request(x=x))
      # or through the gateway: client.responses.create(prompt={"id": "desk-2", "variables": {"x": x}})

    desk.ipynb:14:1 (cell 3, line 3)  not read: client.responses.create sends load(), x

    --- stderr
    error[P524]: it is not sure what the program sends: the text stands in another cell than the call, and cells run in any order
      at: desk.ipynb:8:1
      hint: set the text in one place, or write the prompt by hand; scan lists all reasons
    1 prompt to be written; 1 prompt refused
    1 call to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    hint: publish them, then write the file that the code reads: promptctl help services; or ask a gateway: promptctl help serve
    [exit 3]
    "#);
    let annotations = repo.ok("promptctl scan --format github");
    let said = "a prompt stands in source code in cell 2: You sort by cells";
    assert!(annotations.contains(said), "{annotations}");
    // What is no notebook is not passed over.
    repo.write("torn.ipynb", &NOTEBOOK[..500]);
    repo.write("other.ipynb", "{\"cells\": [");
    let shown = repo.json("promptctl scan torn.ipynb other.ipynb --format json");
    let why: Vec<&Value> = shown["unread"].as_array().unwrap().iter().collect();
    assert_eq!(why.len(), 2, "{shown}");
    assert_eq!(why[0]["why"], "is no notebook with cells, and is not read");
}

#[test]
fn scripts_are_known_by_their_first_line() {
    let env = TestEnv::new();
    let repo = env.repo();
    let python = "from openai import OpenAI\nfrom llm import ask\nOpenAI().responses.create(model='gpt-5', instructions='You are a script', input=x)\nask('Say hello to the script')\n";
    repo.write("ask", format!("#!/usr/bin/env python3\n{python}"));
    repo.write("ask.pyw", python.replace("a script", "a window"));
    repo.write("other", python);
    repo.write(
        "llm.py",
        "def ask(q):\n    return client.responses.create(model='gpt-5', input=q)\n",
    );
    let script = "import OpenAI from 'openai';\nnew OpenAI().responses.create({ model: 'gpt-5', instructions: 'You are a NAME', input: x });\n";
    repo.write("run", format!("#!/usr/bin/env -S deno run -A\n{script}"));
    for ending in ["mts", "cts", "mjs", "cjs"] {
        repo.write(&format!("web.{ending}"), script.replace("NAME", ending));
    }
    let found = |command: &str| {
        let shown = repo.json(command);
        let all = shown["findings"].as_array().unwrap().iter();
        let all = all.map(|it| {
            let text = it["messages"][0]["content"].as_str().unwrap();
            format!("{} {text}", it["path"].as_str().unwrap())
        });
        all.collect::<Vec<String>>().join("\n")
    };
    assert_snapshot!(found("promptctl scan --format json"), @"
    ask You are a script
    ask Say hello to the script
    ask.pyw You are a window
    ask.pyw Say hello to the script
    run You are a NAME
    web.cjs You are a cjs
    web.cts You are a cts
    web.mjs You are a mjs
    web.mts You are a mts
    ");
    assert_snapshot!(found("promptctl scan --lang py --format json"), @"
    ask You are a script
    ask Say hello to the script
    ask.pyw You are a window
    ask.pyw Say hello to the script
    ");
}

#[test]
fn what_is_sent_to_the_address_of_a_model_is_found() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "desk.py",
        r#"import json, requests, httpx
URL = "https://api.openai.com/v1/responses"
def sort(x):
    return requests.post(URL, headers=head, json={"model": "gpt-5", "instructions": "You sort tickets", "input": x})
def sum_up(x):
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": f"Sum up: {x}"}]}
    return httpx.post(f"{BASE}/v1/chat/completions", content=json.dumps(body).encode())
def kind(x):
    return session.post(base, json={"model": MODEL, "system": "You are kind", "messages": x})
def vectors(x):
    return requests.post("https://api.openai.com/v1/embeddings", json={"model": "m", "input": "You are no prompt at all"})
def shop(x):
    return requests.post("https://shop.example/orders", json={"input": "You are no prompt at all"})
def gemini(x):
    return requests.post(f"https://generativelanguage.googleapis.com/v1beta/models/{m}:generateContent", json={"systemInstruction": {"parts": [{"text": "You are a star"}]}, "contents": [{"parts": [{"text": f"Say it: {x}"}]}]})
@app.post("/v1/responses")
def served(x):
    return requests.get("https://api.openai.com/v1/responses/list")
def placed(x):
    return requests.post("https://api.openai.com/v1/responses", json.dumps({"instructions": "You stand second", "input": x}))
def whole(body):
    return requests.post("https://api.anthropic.com/v1/messages", json=body)
"#,
    );
    repo.write(
        "web.ts",
        "export const sort = (x: string) => fetch('https://api.openai.com/v1/responses', { method: 'POST', body: JSON.stringify({ model: 'gpt-5', instructions: 'You sort on the web', input: x }) });\nexport const ask = (x: string) => axios.post(`${host}/api/generate`, { model: 'llama', prompt: `Answer this: ${x}` }, { headers });\n",
    );
    assert_snapshot!(repo.run("promptctl scan"), @"
    desk/sort  desk.py:4:85  sent by openai to gpt-5
      system  You sort tickets
      user    {{x}}

    desk/sum-up  desk.py:6:72  sent by openai to gpt-5
      user  Sum up: {{x}}

    desk/kind  desk.py:9:63  sent
      system  You are kind
      …       the messages of x
      note: line 9: the model is left to the code: `MODEL`

    desk/gemini  desk.py:15:153  sent by google
      system  You are a star
      user    Say it: {{x}}

    desk/placed  desk.py:20:93  sent by openai
      system  You stand second
      user    {{x}}

    web/sort  web.ts:1:152  sent by openai to gpt-5
      system  You sort on the web
      user    {{x}}

    web/ask  web.ts:2:96  sent by ollama to ollama/llama
      user  Answer this: {{x}}

    desk.py:22:12  not read: requests.post sends body

    --- stderr
    1 call to models with a text that could not be read; --fail lets them pass (promptctl explain P525)
    7 prompts in the code of 2 files (5 files read, 2 parsed)
    hint: promptctl scan --lift writes them as prompt files, and prints the code that takes their place
    ");
}

#[test]
fn what_llamaindex_is_given_is_found() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "desk.py",
        r#"from llama_index.core.llms import ChatMessage, MessageRole
from llama_index.llms.openai import OpenAI
from llama_index.core.agent import ReActAgent
llm = OpenAI(model="gpt-5", system_prompt="You are usual")
def sort(x):
    return llm.chat([ChatMessage(role="system", content="You sort tickets"), ChatMessage(role=MessageRole.USER, content=x)])
def sum_up(x):
    return llm.complete(f"Sum up for me: {x}")
def done(task):
    return task.complete("yes")
agent = ReActAgent.from_tools(tools, context="none", system_prompt="You are an agent")
"#,
    );
    let shown = repo.json("promptctl scan --format json");
    let all = shown["findings"].as_array().unwrap().iter();
    let texts = all.map(|it| {
        let texts = it["messages"].as_array().unwrap().iter();
        let texts: Vec<&str> = texts.map(|it| it["content"].as_str().unwrap()).collect();
        texts.join(" / ")
    });
    assert_snapshot!(texts.collect::<Vec<String>>().join("\n"), @"
    You are usual
    You sort tickets / {{x}}
    Sum up for me: {{x}}
    You are an agent
    ");
}

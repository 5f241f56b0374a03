//! `- placeholder: history`: a variable whose messages stand among those of the file.

use insta::assert_snapshot;
use serde_json::json;

use crate::env::{Shell, TestEnv};

const CHAT: &str = "\
model: openai/gpt-5-mini
input:
  schema:
    type: object
    required: [message]
    properties:
      message: {type: string}
      history: {type: array, items: {type: object, required: [role, content]}}
messages:
  - role: system
    content: Be brief.
  - placeholder: history
  - role: user
    content: \"{{message}}\"
";

fn chat(env: &TestEnv) -> Shell {
    let repo = env.repo();
    repo.add("chat", CHAT);
    repo
}

#[test]
fn its_messages_stand_in_place_and_are_no_templates() {
    let env = TestEnv::new();
    let repo = chat(&env);
    repo.write(
        "values.yaml",
        "message: And now?\nhistory:\n  - {role: user, content: 'Hi {{message}}'}\n  - {role: assistant, content: '{{> gone}}'}\n",
    );
    assert_snapshot!(repo.play(
        "promptctl validate
         promptctl render chat --vars values.yaml
         promptctl render chat --vars values.yaml --format request
         promptctl render chat --var message=Hi"
    ), @r#"
    $ promptctl validate
    1 checked, 0 errors, 0 warnings
    $ promptctl render chat --vars values.yaml
    system:
    Be brief.

    user:
    Hi {{message}}

    assistant:
    {{> gone}}

    user:
    And now?
    $ promptctl render chat --vars values.yaml --format request
    {
      "model": "gpt-5-mini",
      "instructions": "Be brief.",
      "input": [
        {
          "role": "user",
          "content": "Hi {{message}}"
        },
        {
          "role": "assistant",
          "content": "{{> gone}}"
        },
        {
          "role": "user",
          "content": "And now?"
        }
      ]
    }
    $ promptctl render chat --var message=Hi
    system:
    Be brief.

    user:
    Hi
    "#);
    let rendered = repo.json("promptctl render chat --vars values.yaml --format json");
    assert_eq!(
        rendered["messages"][2],
        json!({"role": "assistant", "content": "{{> gone}}"})
    );
    assert_snapshot!(repo.play("promptctl show chat"), @"
    $ promptctl show chat
    chat v1

    file        prompts/chat.prompt.yml
    digest      xxxxxxxxxxxx
    commit      xxxxxxxxxxxx
    model       openai/gpt-5-mini

    Variables
    history	array	optional	
    message	string	required	

    system
    Be brief.

    placeholder history

    user
    {{message}}
    ");
    let got = repo.json("promptctl get chat --inline --format json");
    assert_eq!(got["messages"][1], json!({"placeholder": "history"}));
    assert_eq!(got["variables"][1]["name"], "message");
}

#[test]
fn what_is_no_list_of_messages_is_refused_with_what_to_pass() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add(
        "chat",
        &CHAT.replace(
            "{type: array, items: {type: object, required: [role, content]}}",
            "{}",
        ),
    );
    repo.write("many.json", {
        let many = vec![json!({"role": "user", "content": "Hi"}); 10_000];
        json!({"message": "Hi", "history": many}).to_string()
    });
    assert_snapshot!(repo.play(
        r#"promptctl render chat --var message=Hi --var history=Hello
         promptctl render chat --var message=Hi --var 'history:=[{"role":"tool","content":"a"}]'
         promptctl render chat --var message=Hi --var 'history:=[{"role":"user","content":"a","x":1}]'"#
    ), @r#"
    $ promptctl render chat --var message=Hi --var history=Hello
    error[P343]: `history` must be a list of messages, and "Hello" was given
      at: prompts/chat.prompt.yml:14:18
      hint: pass `--var 'history:=[{"role": "user", "content": "…"}]'`, or a file of values with `--vars`
    [exit 1]
    $ promptctl render chat --var message=Hi --var 'history:=[{"role":"tool","content":"a"}]'
    error[P343]: `history[0].role` is "tool", which is no role
      at: prompts/chat.prompt.yml:14:18
      hint: roles are system, developer, user and assistant
    [exit 1]
    $ promptctl render chat --var message=Hi --var 'history:=[{"role":"user","content":"a","x":1}]'
    error[P343]: `history[0]` may not hold "x"
      at: prompts/chat.prompt.yml:14:18
      hint: a message is {role: user, content: …}, and holds nothing else
    [exit 1]
    "#);
    let rendered = repo.json("promptctl render chat --vars many.json --format json");
    assert_eq!(rendered["messages"].as_array().unwrap().len(), 10_002);
}

#[test]
fn mistakes_are_told_with_their_place() {
    let env = TestEnv::new();
    let repo = env.repo();
    let undeclared = CHAT.replace(
        "      history: {type: array, items: {type: object, required: [role, content]}}\n",
        "",
    );
    repo.write("prompts/a.prompt.yml", undeclared);
    repo.write(
        "prompts/b.prompt.yml",
        CHAT.replace(
            "{type: array, items: {type: object, required: [role, content]}}",
            "{type: string}",
        ),
    );
    repo.write(
        "prompts/c.prompt.yml",
        CHAT.replace("placeholder: history", "placeholder: \"{{history}}\""),
    );
    repo.git("add prompts");
    assert_snapshot!(repo.play("promptctl validate"), @r#"
    $ promptctl validate
    warning[P030]: the file has no `version:`, so that its changes go unnoticed
     --> prompts/a.prompt.yml
      = help: promptctl validate --fix writes `version:` and `digest:`

    error[P104]: `history` is not declared in `input.schema`
      --> prompts/a.prompt.yml:11:18
       |
    11 |   - placeholder: history
       |                  ^^^^^^^
       = help: add it below `input.schema.properties`: `history: {type: array, items: {type: object, required: [role, content], properties: {role: {enum: [user, assistant]}}}}`

    warning[P030]: the file has no `version:`, so that its changes go unnoticed
     --> prompts/b.prompt.yml
      = help: promptctl validate --fix writes `version:` and `digest:`

    error[P342]: `history` is declared as string, and a placeholder wants a list of messages
     --> prompts/b.prompt.yml:8:7
      |
    8 |       history: {type: string}
      |       ^^^^^^^
      = help: declare it as `history: {type: array, items: {type: object, required: [role, content], properties: {role: {enum: [user, assistant]}}}}`

    error[P342]: `messages[1].placeholder` does not name a variable
      --> prompts/c.prompt.yml:12:18
       |
    12 |   - placeholder: "{{history}}"
       |                  ^^^^^^^^^^^^^
       = help: name a variable that is a list of messages, as in `- placeholder: history`

    --- stderr
    3 checked, 3 errors, 2 warnings
    [exit 3]
    "#);
}

#[test]
fn a_diff_tells_that_it_came() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add(
        "chat",
        &CHAT.replace("  - placeholder: history\n", "").replace(
            "      history: {type: array, items: {type: object, required: [role, content]}}\n",
            "",
        ),
    );
    repo.write("prompts/chat.prompt.yml", CHAT);
    assert_snapshot!(repo.play("promptctl diff"), @r#"
    $ promptctl diff
    chat  v1  behavior
      input.schema.properties.history: {"type":"array","items":{"type":"object","required":["role","… (new)
      messages[1]: placeholder, new
        {+history+}
      for callers:
        none      variable `history` is new and optional
    "#);
}

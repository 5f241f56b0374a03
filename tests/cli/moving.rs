//! `import` and `export` of files: prompts of other tools, in and out again.

use insta::assert_snapshot;

use crate::env::{Shell, TestEnv, skipped, top};

const PROMPTY: &str = "\
---
name: Basic
model:
  id: gpt-4o
  provider: azure
  connection: {kind: key, apiKey: '${env:SECRET_KEY}'}
  options: {temperature: 0.7, maxOutputTokens: 100, topK: 4}
inputs:
  - {name: firstName, kind: string, example: Jane}
  - {name: chat, kind: thread}
  - {name: question, kind: string}
---
system:
You help {{firstName}}.
{% if tips %}
- {{ tips | join(', ') }}
{% endif %}

{{chat}}

user:
{{question}} costs {{'{'}}1}
";

const DOTPROMPT: &str = "\
# Copyright

---
model: googleai/gemini-2.5-flash
config: {maxOutputTokens: 50, stopSequences: [END]}
input:
  schema:
    name: string, who it is
    tone?: string
    items(array): string
  default: {tone: kind}
output:
  schema: {answer: string}
---
{{role \"system\"}}Be {{tone}}.
{{#ifEquals tone \"kind\"}}Smile.{{/ifEquals}}
{{> rules}}
{{role \"user\"}}
{{#each items}}
- {{this}}
{{/each}}
{{media url=photo}}
I am {{name}}.
";

const LANGFUSE: &str = r#"[
  {"name": "movie critic", "version": 2, "type": "chat", "labels": ["production"], "tags": ["films"],
   "config": {"model": "gpt-4o", "temperature": 0.5, "languages": ["en"]},
   "prompt": [{"role": "system", "content": "{\"json\": {{\n} {{level}}"}, {"type": "placeholder", "name": "history"}, {"role": "user", "content": "{{movie}}?"}]},
  {"name": "movie critic", "version": 1, "type": "text", "createdBy": "ada", "config": {}, "prompt": "Do you like {{movie}}?"}
]"#;

const PROMPTFOO: &str = "\
description: Tweets
prompts:
  - label: tweet
    raw: 'Write a tweet about {{topic}}{% if tone %} ({{ tone | upper }}){% endif %}.'
  - file://chat.json
  - file://make.js
providers:
  - {id: 'openai:chat:gpt-4o-mini', config: {temperature: 0.2, apiKey: sk-no}}
  - openai:gpt-4o
defaultTest:
  assert: [{type: icontains, value: '#'}, {type: javascript, value: output.length < 280}]
tests:
  - vars: {topic: [birds, bees]}
    assert: [{type: contains, value: '{{topic}}'}, {type: latency, threshold: 900}]
";

const LANGCHAIN: &str = r#"{"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "chat", "ChatPromptTemplate"], "kwargs": {
  "input_variables": ["text"], "messages": [
    {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "chat", "SystemMessagePromptTemplate"], "kwargs": {"prompt": {"kwargs": {"template": "Say {{x}}.", "template_format": "f-string"}}}},
    {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "chat", "MessagesPlaceholder"], "kwargs": {"variable_name": "history"}},
    {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "chat", "HumanMessagePromptTemplate"], "kwargs": {"prompt": {"kwargs": {"template": "{text}", "template_format": "f-string"}}}}]}}"#;

const KERNEL: &str = "\
name: Story
template: |
  <message role=\"system\">Tell a story in {{$style}}.</message>
  <message role=\"user\">{{$topic}}</message>
template_format: semantic-kernel
input_variables:
  - {name: style, description: The style, default: prose}
  - {name: topic, is_required: true}
execution_settings:
  default: {temperature: 0.6, max_tokens: 90}
";

fn start(env: &TestEnv) -> Shell {
    let repo = env.repo();
    repo.ok("git commit --quiet --allow-empty --message start");
    repo
}

#[test]
fn a_file_of_prompty_comes_with_its_losses_by_line() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("basic.prompty", PROMPTY);
    assert_snapshot!(repo.play("
        promptctl import basic.prompty
        cat prompts/basic.prompt.yml
        git log --oneline -1 --format=%s
        promptctl import basic.prompty
        promptctl import basic.prompty --name other --strict
        promptctl validate
    "), @r#"
    $ promptctl import basic.prompty
    basic v1 made from basic.prompty, which looks like prompty
    warning[P502]: the setting `topK` has no counterpart here: left out
      at: basic.prompty:7:53
    [exit 3]
    $ cat prompts/basic.prompt.yml
    name: Basic
    version: 1
    digest: xxxxxxxxxxxx
    model: gpt-4o
    modelParameters:
      temperature: 0.7
      maxTokens: 100
    input:
      schema:
        type: object
        required: [firstName, question]
        properties:
          firstName:
            type: string
          question:
            type: string
          chat:
            type: array
            items:
              type: object
              required: [role, content]
              properties:
                role:
                  enum: [user, assistant]
          tips: {}
    messages:
      - role: system
        content: |-
          You help {{firstName}}.
          {{#if tips}}{{!}}
          - {{join tips ", "}}
          {{/if}}{{!}}
      - placeholder: chat
      - role: user
        content: "{{question}} costs {1}"
    testData:
      - firstName: Jane
    source:
      format: prompty
      path: basic.prompty
      digest: xxxxxxxxxxxx
    $ git log --oneline -1 --format=%s
    Import basic from basic.prompty
    $ promptctl import basic.prompty
    basic is up to date with basic.prompty: nothing to do
    $ promptctl import basic.prompty --name other --strict
    warning[P502]: the setting `topK` has no counterpart here: left out
      at: basic.prompty:7:53
    error[P512]: other: something would be lost, so nothing was written (--strict)
      hint: without --strict what can be is written, and what was left out is reported
    [exit 1]
    $ promptctl validate
    warning[P318]: `gpt-4o` ends on 2027-01-14, in 72 days
     --> prompts/basic.prompt.yml:4:8
      |
    4 | model: gpt-4o
      |        ^^^^^^
      = help: change `model:` to one that stays, and compare their answers before you publish

    warning[P114]: no case of `testData` gives `question`
      --> prompts/basic.prompt.yml:36:1
       |
    36 | testData:
       | ^^^^^^^^
       = help: add `question:` to the case, or give the variable a `default` in `input.schema`

    --- stderr
    1 checked, 0 errors, 2 warnings
    "#);
}

#[test]
fn a_template_that_cannot_be_said_here_is_not_written() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "a.prompty",
        "---\nname: A\n---\nuser:\n{% for k, v in map.items() %}{{k}}{% endfor %}\n",
    );
    repo.write(
        "b.prompty",
        "---\nname: B\n---\nsystem:\n{% if x %}\nuser:\nHi\n{% endif %}\n",
    );
    repo.write("c.j2", "Add {{ a + b }}\n");
    repo.write("d.prompt", "{{#if x}}{{role \"user\"}}Hi{{/if}}");
    repo.write("e.bin", "what is this");
    repo.write("f.prompty", "---\nname: [\n---\n");
    repo.write("twice/x.prompty", "user:\nHi\n");
    repo.write("twice/x.prompt", "Hi");
    assert_snapshot!(repo.play("
        promptctl import a.prompty
        promptctl import b.prompty
        promptctl import c.j2
        promptctl import d.prompt
        promptctl import e.bin
        promptctl import f.prompty
        promptctl import twice
        promptctl import . pmpt_0123456789abcdef
        promptctl import c.j2 --prove
        git status --short prompts
    "), @"
    $ promptctl import a.prompty
    error[P501]: a loop over keys and values has no counterpart in a template here
      at: a.prompty:5:1
      hint: give the variable as a list of maps, and name their keys in the body
    [exit 1]
    $ promptctl import b.prompty
    error[P501]: a message begins or ends inside this block, and messages here stand side by side
      at: b.prompty:5:1
      hint: take the role out of the block, or give the messages as a list: an input of the kind `thread`
    [exit 1]
    $ promptctl import c.j2
    error[P501]: `+` has no counterpart in a template here
      at: c.j2:1:10
      hint: compute it in the program that fills the template, and give the result as a variable
    [exit 1]
    $ promptctl import d.prompt
    error[P501]: a role stands inside `{{#if}}`, and messages here stand side by side
      at: d.prompt:1:10
      hint: take it out of the block, or give the messages as a list: `- placeholder: history`
    [exit 1]
    $ promptctl import e.bin
    error[P521]: e.bin is of no format that is known by its name or form
      at: e.bin
      hint: name it: --from dotprompt, prompty, langfuse, promptfoo, langchain, semantic-kernel, mlflow, humanloop, text, jinja
    [exit 1]
    $ promptctl import f.prompty
    error[P001]: unclosed bracket '['
      at: f.prompty:2:7
      hint: close the `[` that opens on line 2
    [exit 1]
    $ promptctl import twice
    x v1 made from twice/x.prompt, which looks like dotprompt
    error[P224]: x would be named x, as the one of twice/x.prompt is
      at: twice/x.prompty
      hint: import it by itself: --name NAME gives it another name
    1 prompt written; 1 prompt refused
    [exit 3]
    $ promptctl import . pmpt_0123456789abcdef
    error: stored prompts of OpenAI's and files of other tools are imported apart
      hint: call promptctl import once for each
    [exit 2]
    $ promptctl import c.j2 --prove
    error: --prove is for stored prompts of OpenAI's, and these are files
      hint: leave it out
    [exit 2]
    $ git status --short prompts
    ");
}

#[test]
fn dotprompt_brings_its_partials_and_goes_out_again() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("gk/hello.prompt", DOTPROMPT);
    repo.write("gk/_rules.prompt", "{{!-- a licence --}}\nNever lie.\n");
    assert_snapshot!(repo.play("
        promptctl import gk --into gk
        cat prompts/gk/hello.prompt.yml
        cat prompts/gk/_rules.hbs
        promptctl render gk/hello --var name=Ada --var tone=kind --var 'items:=[\"a\",\"b\"]' --var photo=https://x.example/a.png
        promptctl export gk/hello --to dotprompt --out out
        cat out/gk/hello.prompt
    "), @r#"
    $ promptctl import gk --into gk
    gk/hello v1 made from gk/hello.prompt, which looks like dotprompt
    $ cat prompts/gk/hello.prompt.yml
    version: 1
    digest: xxxxxxxxxxxx
    model: googleai/gemini-2.5-flash
    modelParameters:
      maxTokens: 50
      stop: [END]
    input:
      schema:
        type: object
        required: [name, items, photo]
        properties:
          name:
            type: string
            description: who it is
          tone:
            type: [string, "null"]
            default: kind
          items:
            type: array
            items:
              type: string
          photo: {}
        additionalProperties: false
    responseFormat: json_schema
    jsonSchema:
      name: output
      schema:
        type: object
        required: [answer]
        properties:
          answer:
            type: string
        additionalProperties: false
    messages:
      - role: system
        content: |
          Be {{tone}}.
          {{#if (eq tone "kind")}}Smile.{{/if}}
          {{> gk/rules}}
      - role: user
        content:
          - type: text
            text: |

              {{#each items}}
              - {{this}}
              {{/each}}
          - type: image
            url: "{{photo}}"
          - type: text
            text: |-

              I am {{name}}.
    source:
      format: dotprompt
      path: gk/hello.prompt
      digest: "xxxxxxxxxxxx"
    $ cat prompts/gk/_rules.hbs
    Never lie.
    $ promptctl render gk/hello --var name=Ada --var tone=kind --var 'items:=["a","b"]' --var photo=https://x.example/a.png
    system:
    Be kind.
    Smile.
    Never lie.

    user:

    - a
    - b
    [image https://x.example/a.png]

    I am Ada.
    --- stderr
    warning[P325]: the Responses API has no `stop`; it is left out of the request
      at: prompts/gk/hello.prompt.yml:6:3
      help: remove what is never sent
    $ promptctl export gk/hello --to dotprompt --out out
    gk/hello written to out/gk/hello.prompt
    gk/hello written to out/gk/_rules.prompt
    $ cat out/gk/hello.prompt
    ---
    model: googleai/gemini-2.5-flash
    config:
      maxOutputTokens: 50
      stopSequences: [END]
    input:
      schema:
        type: object
        required: [name, items, photo]
        properties:
          name:
            type: string
            description: who it is
          tone:
            type: [string, "null"]
            default: kind
          items:
            type: array
            items:
              type: string
          photo: {}
        additionalProperties: false
      default:
        tone: kind
    output:
      format: json
      schema:
        type: object
        required: [answer]
        properties:
          answer:
            type: string
        additionalProperties: false
    ---
    {{role "system"~}}
    Be {{tone}}.
    {{#ifEquals tone "kind"}}Smile.{{/ifEquals}}
    {{> gk/rules}}
    {{role "user"}}
    {{#each items}}
    - {{this}}
    {{/each}}
    {{media url=photo}}
    I am {{name}}.
    "#);
}

#[test]
fn what_dotprompt_leaves_to_its_program_is_kept_or_told() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "a.prompt",
        "{{role \"system\" purpose=\"rules\"}}Count {{@state.count}}, status {{@state.status}}.\n\
         {{role \"user\"}}{{#ifEquals a b}}same{{else}}other{{/ifEquals}}{{media url=url contentType=kind}}",
    );
    let shown: serde_json::Value =
        serde_json::from_str(&repo.run("promptctl import a.prompt --format json").stdout).unwrap();
    let lost = shown["prompts"][0]["lost"].to_string();
    for wanted in [
        "`purpose=\\\"rules\\\"` of a role is for the program",
        "callers say by `kind`",
        "`@state` is the variable `state` here",
    ] {
        assert!(lost.contains(wanted), "{wanted}: {lost}");
    }
    // What the context lacks prints nothing, and null is a value to compare.
    let given = "--var 'state:={\"count\":2}' --var 'a:=null' --var url=https://x.example/a.png";
    let said = repo.ok(&format!("promptctl render a {given} --var 'b:=null'"));
    assert!(
        said.contains("Count 2, status .") && said.contains("same"),
        "{said}"
    );
    let said = repo.ok(&format!("promptctl render a {given} --var 'b:=0'"));
    assert!(said.contains("other"), "{said}");
    let run = repo.run("promptctl render a --var url=x --var a=1");
    assert!(run.stderr.contains("`b` has no value"), "{run}");
}

#[test]
fn the_versions_of_langfuse_become_commits_in_their_order() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("export.json", LANGFUSE);
    assert_snapshot!(repo.play("
        promptctl import export.json
        git log --format=%B -2
        cat prompts/movie-critic.prompt.yml
        promptctl import export.json
    "), @r#"
    $ promptctl import export.json
    movie-critic v1 made from export.json, which looks like langfuse
    movie-critic v2 updated from export.json, which looks like langfuse
    warning[P502]: the setting `languages` has no counterpart here: left out
      at: export.json:3:54
    2 prompts written; 1 not whole
    [exit 3]
    $ git log --format=%B -2
    Import movie-critic v2 from export.json

    Version 2 there.

    Import movie-critic v1 from export.json

    Version 1 there, by ada.

    $ cat prompts/movie-critic.prompt.yml
    version: 2
    digest: xxxxxxxxxxxx
    tags: [films]
    model: gpt-4o
    modelParameters:
      temperature: 0.5
    input:
      schema:
        type: object
        required: [level, movie]
        properties:
          history:
            type: array
            items:
              type: object
              required: [role, content]
              properties:
                role:
                  enum: [user, assistant]
          level:
            type: string
          movie:
            type: string
    messages:
      - role: system
        content: |-
          {"json": \{{
          } {{level}}
      - placeholder: history
      - role: user
        content: "{{movie}}?"
    source:
      format: langfuse
      path: export.json
      version: "2"
      digest: "xxxxxxxxxxxx"
    $ promptctl import export.json
    movie-critic is up to date with export.json: nothing to do
    movie-critic is up to date with export.json: nothing to do
    2 prompts up to date
    "#);
}

#[test]
fn promptfoo_langchain_and_semantic_kernel_come() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("foo/promptfooconfig.yaml", PROMPTFOO);
    repo.write("foo/chat.json", r#"[{"role": "system", "content": "Be {{tone}}"}, {"role": "user", "content": "{{topic}}"}]"#);
    repo.write("chain.json", LANGCHAIN);
    repo.write("story.yaml", KERNEL);
    assert_snapshot!(repo.play("
        promptctl import foo --into foo
        cat prompts/foo/promptfoo/tweet.prompt.yml
        promptctl import chain.json
        promptctl import story.yaml
        cat prompts/chain.prompt.yml prompts/story.prompt.yml
    "), @r##"
    $ promptctl import foo --into foo
    foo/promptfoo/tweet v1 made from foo/promptfooconfig.yaml, which looks like promptfoo
    warning[P502]: the assertion `javascript` has no counterpart here: left out
      at: foo/promptfooconfig.yaml:11:43
    foo/promptfoo/chat v1 made from foo/promptfooconfig.yaml, which looks like promptfoo
    warning[P502]: the assertion `javascript` has no counterpart here: left out
      at: foo/promptfooconfig.yaml:11:43
    error[P501]: make.js is a program that makes the prompt, and programs are not run
      at: foo/promptfooconfig.yaml:6:5
      hint: write down what it makes, as text
    2 prompts written; 1 prompt refused; 2 not whole
    [exit 3]
    $ cat prompts/foo/promptfoo/tweet.prompt.yml
    description: Tweets
    version: 1
    digest: xxxxxxxxxxxx
    model: openai/gpt-4o-mini
    modelParameters:
      temperature: 0.2
    input:
      schema:
        type: object
        required: [topic]
        properties:
          topic: {}
          tone: {}
    messages:
      - role: user
        content: "Write a tweet about {{topic}}{{#if tone}} ({{upper tone}}){{/if}}."
    testData:
      - topic: birds
        case:
          evaluators:
            - name: contains
              string:
                contains: "{{topic}}"
                caseSensitive: true
            - name: latency
              limits:
                latency: "900ms"
      - topic: bees
        case:
          evaluators:
            - name: contains
              string:
                contains: "{{topic}}"
                caseSensitive: true
            - name: latency
              limits:
                latency: "900ms"
    evaluators:
      - name: icontains
        string:
          contains: "#"
    source:
      format: promptfoo
      path: foo/promptfooconfig.yaml
      digest: xxxxxxxxxxxx
    $ promptctl import chain.json
    chain v1 made from chain.json, which looks like langchain
    $ promptctl import story.yaml
    story v1 made from story.yaml, which looks like semantic-kernel
    $ cat prompts/chain.prompt.yml prompts/story.prompt.yml
    version: 1
    digest: xxxxxxxxxxxx
    input:
      schema:
        type: object
        required: [text]
        properties:
          history:
            type: array
            items:
              type: object
              required: [role, content]
              properties:
                role:
                  enum: [user, assistant]
          text:
            type: string
    messages:
      - role: system
        content: "Say {x}."
      - placeholder: history
      - role: user
        content: "{{text}}"
    source:
      format: langchain
      path: chain.json
      digest: "xxxxxxxxxxxx"
    name: Story
    version: 1
    digest: xxxxxxxxxxxx
    modelParameters:
      temperature: 0.6
      maxTokens: 90
    input:
      schema:
        type: object
        required: [topic]
        properties:
          style:
            description: The style
            default: prose
          topic: {}
    messages:
      - role: system
        content: "Tell a story in {{style}}."
      - role: user
        content: "{{topic}}"
    source:
      format: semantic-kernel
      path: story.yaml
      digest: xxxxxxxxxxxx
    "##);
}

#[test]
fn what_changed_in_the_source_is_merged_into_what_changed_here() {
    let env = TestEnv::new();
    let repo = start(&env);
    let source = |system: &str, user: &str| {
        format!("---\nname: A\nmodel: gpt-4o\n---\nsystem:\n{system}\n\nuser:\n{user}\n")
    };
    repo.write("a.prompty", source("Be kind.", "Hi"));
    repo.ok("promptctl import a.prompty");
    repo.ok("promptctl edit a --set model=openai/gpt-5-mini");
    repo.write("a.prompty", source("Be brief.", "Hi"));
    let run = repo.run("promptctl import a.prompty");
    assert_eq!(run.code, Some(0), "{run}");
    let file = repo.read("prompts/a.prompt.yml");
    assert!(
        file.contains("Be brief.")
            && file.contains("model: openai/gpt-5-mini")
            && file.contains("version: 3"),
        "{file}"
    );
    // Both changed the same.
    repo.ok("promptctl edit a --set model=openai/gpt-5");
    repo.write(
        "a.prompty",
        source("Be brief.", "Hi").replace("gpt-4o", "gpt-4.1"),
    );
    let run = repo.run("promptctl import a.prompty");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("error[P508]") && run.stderr.contains("--force"),
        "{run}"
    );
    repo.ok("promptctl import a.prompty --force");
    assert!(repo.read("prompts/a.prompt.yml").contains("model: gpt-4.1"));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed_and_secrets_do_not_come() {
    let env = TestEnv::new();
    let repo = start(&env);
    let key = format!("AKIA{}", "Q7RK2MWZ3XBT4VNC");
    repo.write("outside/secret.prompt", "A secret text");
    repo.write("in/a.prompt", "{{> leak}}");
    repo.write("in/b.prompty", format!("user:\nUse {key}\n"));
    std::os::unix::fs::symlink("../outside/secret.prompt", repo.dir.join("in/_leak.prompt"))
        .unwrap();
    std::os::unix::fs::symlink("../outside", repo.dir.join("in/folder")).unwrap();
    let run = repo.run("promptctl import in");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("outside of the folder"), "{run}");
    assert!(
        run.stderr.contains("error[P026]") && !run.stderr.contains(&key),
        "{run}"
    );
    assert!(!run.stderr.contains("secret.prompt"), "{run}");
    assert_eq!(repo.git("log --format=%s -1").trim(), "start");
}

#[test]
fn what_a_format_cannot_say_is_refused_or_listed() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.add("p", "model: openai/gpt-5-mini\nmessages:\n  - role: user\n    content: |\n      {{#if x}}a{{/if}}\n      {{upper y}}\n");
    assert_snapshot!(repo.play("
        promptctl export p --to langfuse
        promptctl export p --to dotprompt
        promptctl export p --to dotprompt --lossy --out out
        promptctl export p --to nothing
    "), @"
    $ promptctl export p --to langfuse
    error[P522]: p cannot be said in langfuse: `{{#if}}` cannot be said there
      at: prompts/p.prompt.yml:6:5
      hint: --lossy leaves it out and lists it; --to dotprompt keeps Handlebars, --to json everything
    [exit 1]
    $ promptctl export p --to dotprompt
    error[P522]: p cannot be said in dotprompt: the helper `upper`: Dotprompt has none of that name
      at: prompts/p.prompt.yml:6:5
      hint: --lossy leaves it out and lists it; --to dotprompt keeps Handlebars, --to json everything
    [exit 1]
    $ promptctl export p --to dotprompt --lossy --out out
    p written to out/p.prompt
    warning[P522]: the helper `upper`: Dotprompt has none of that name: left out
      at: prompts/p.prompt.yml:6:5
    [exit 3]
    $ promptctl export p --to nothing
    error: invalid value 'nothing' for '--to <FORMAT>'
      [possible values: dotprompt, prompty, langfuse, promptfoo, langchain, json]

    For more information, try '--help'.
    [exit 2]
    ");
}

/// Real files of other people, where they stand beside this project: each comes or is refused, and
/// what comes goes out and in again as the same prompt.
#[test]
fn every_file_of_other_tools_comes_or_is_refused_and_goes_out_again() {
    let corpus = top().join("../shared/corpus/import");
    if !corpus.is_dir() {
        skipped("there is no ../shared/corpus/import, so no files of other tools are tried");
        return;
    }
    let env = TestEnv::new();
    let repo = start(&env);
    for (format, least) in [("dotprompt", 38), ("prompty", 79)] {
        let folder = corpus.join(format);
        let line = format!(
            "promptctl import {} --into {format} --format json",
            folder.display()
        );
        let run = repo.run(&line);
        let shown: serde_json::Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
        let prompts = shown["prompts"].as_array().unwrap();
        let created = prompts
            .iter()
            .filter(|it| it["action"] == "created")
            .count();
        assert!(created >= least, "{format}: {created}");
        for prompt in prompts.iter().filter(|it| it["action"] == "refused") {
            assert!(!prompt["error"]["location"].is_null(), "{prompt}");
        }
    }
    let run = repo.run("promptctl export --all --to dotprompt --out out --format json");
    let shown: serde_json::Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    let files = shown["files"].as_array().unwrap();
    let out = files.iter().filter(|it| it["error"].is_null()).count();
    assert!(out * 100 >= files.len() * 90, "{out} of {}", files.len());
}

#[test]
fn new_test_data_in_the_source_comes_without_a_new_version() {
    let env = TestEnv::new();
    let repo = start(&env);
    let file = |case: &str| {
        format!(
            "---\nname: Hi\nmodel:\n  api: chat\nsample:\n  who: {case}\n---\nsystem:\nGreet {{{{who}}}}.\n"
        )
    };
    repo.write("hi.prompty", file("Ada"));
    repo.run("promptctl import hi.prompty");
    let first = repo.read("prompts/hi.prompt.yml");
    repo.write("hi.prompty", file("Bo"));
    let run = repo.run("promptctl import hi.prompty");
    assert!(
        run.stderr.contains("hi v1 updated from hi.prompty"),
        "{run}"
    );
    let second = repo.read("prompts/hi.prompt.yml");
    assert!(
        second.contains("who: Bo") && second.contains("version: 1\n"),
        "{second}"
    );
    let digest = |text: &str| {
        text.lines()
            .rev()
            .find_map(|line| line.strip_prefix("  digest: ").map(str::to_owned))
    };
    assert_ne!(digest(&first), digest(&second));
    let run = repo.run("promptctl import hi.prompty");
    assert!(run.stderr.contains("up to date"), "{run}");
}

const MLFLOW: &str = r#"{"model_versions": [
  {"name": "triage", "version": "2", "aliases": ["production", "to review"], "description": "Shorter", "tags": [
    {"key": "mlflow.prompt.is_prompt", "value": "true"},
    {"key": "_mlflow_prompt_type", "value": "chat"},
    {"key": "_mlflow_prompt_model_config", "value": "{\"provider\": \"openai\", \"model_name\": \"gpt-4o\", \"max_tokens\": 90, \"top_k\": 3}"},
    {"key": "team", "value": "support"},
    {"key": "mlflow.prompt.text", "value": "[{\"role\": \"system\", \"content\": \"Sort {{{ ticket }}} or {{#if x}}\"}, {\"role\": \"user\", \"content\": \"{{ticket}}\"}]"}]},
  {"name": "triage", "version": "1", "tags": [{"key": "mlflow.prompt.text", "value": "{% if vip %}Dear {% endif %}{{ ticket }}"}]}
]}"#;

const HUMANLOOP: &str = "\
---
model: gpt-4o
temperature: 0.7
max_tokens: -1
stop: null
other: {}
provider: openai
endpoint: chat
tools: [{name: find, description: Finds, parameters: {type: object, properties: {}}}]
max_iterations: 5
---

<system>
You know {{topic}}. Use <b> and {{ x y }}.
</system>

<user>
See:
<image url=\"{{photo}}\" detail=\"low\" />
</user>
";

#[test]
fn mlflow_and_humanloop_come_and_go_out_again() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("in/registry.json", MLFLOW);
    repo.write("in/song.prompt", HUMANLOOP);
    repo.write("in/package.json", "{\"name\": \"x\", \"version\": \"1\"}");
    assert_snapshot!(repo.play("
        promptctl import in --labels-as-environments
        cat prompts/triage.prompt.yml prompts/song.prompt.yml
        promptctl validate
        promptctl render song --var topic=x --var photo=https://x.example/a.png
        promptctl render triage --var ticket=lost
        promptctl import in
    "), @r#"
    $ promptctl import in --labels-as-environments
    promptctl publish triage@v2 --env production
    --- stderr
    triage v1 made from in/registry.json, which looks like mlflow
    triage v2 updated from in/registry.json, which looks like mlflow
    warning[P502]: the setting `top_k` has no counterpart here: left out
      at: in/registry.json:2:3
    song v1 made from in/song.prompt, which looks like humanloop
    warning[P502]: the setting `max_iterations` has no counterpart here: left out
      at: in/song.prompt:10:1
    3 prompts written; 2 not whole
    warning: triage: the label to review cannot be the name of an environment
    To make live here what is live there; nothing was published:
    [exit 3]
    $ cat prompts/triage.prompt.yml prompts/song.prompt.yml
    description: Shorter
    version: 2
    digest: xxxxxxxxxxxx
    model: openai/gpt-4o
    modelParameters:
      maxTokens: 90
    input:
      schema:
        type: object
        required: [ticket]
        properties:
          ticket:
            type: string
    messages:
      - role: system
        content: "Sort { {{~ticket}}} or \\{{#if x}}"
      - role: user
        content: "{{ticket}}"
    source:
      format: mlflow
      path: in/registry.json
      version: "2"
      digest: "xxxxxxxxxxxx"
    version: 1
    digest: xxxxxxxxxxxx
    model: openai/gpt-4o
    modelParameters:
      temperature: 0.7
    input:
      schema:
        type: object
        required: [topic, photo]
        properties:
          topic:
            type: string
          photo:
            type: string
    messages:
      - role: system
        content: "You know {{topic}}. Use <b> and \\{{ x y }}."
      - role: user
        content:
          - type: text
            text: "See:"
          - type: image
            url: "{{photo}}"
            detail: low
    extraBody:
      tools:
        - type: function
          name: find
          description: Finds
          parameters:
            type: object
            properties: {}
    source:
      format: humanloop
      path: in/song.prompt
      digest: "xxxxxxxxxxxx"
    $ promptctl validate
    warning[P318]: `openai/gpt-4o` ends on 2027-01-14, in 72 days
     --> prompts/song.prompt.yml:3:8
      |
    3 | model: openai/gpt-4o
      |        ^^^^^^^^^^^^^
      = help: change `model:` to one that stays, and compare their answers before you publish

    warning[P318]: `openai/gpt-4o` ends on 2027-01-14, in 72 days
     --> prompts/triage.prompt.yml:4:8
      |
    4 | model: openai/gpt-4o
      |        ^^^^^^^^^^^^^
      = help: change `model:` to one that stays, and compare their answers before you publish

    --- stderr
    2 checked, 0 errors, 2 warnings
    $ promptctl render song --var topic=x --var photo=https://x.example/a.png
    system:
    You know x. Use <b> and {{ x y }}.

    user:
    See:
    [image https://x.example/a.png]
    $ promptctl render triage --var ticket=lost
    system:
    Sort {lost} or {{#if x}}

    user:
    lost
    $ promptctl import in
    triage is up to date with in/registry.json: nothing to do
    triage is up to date with in/registry.json: nothing to do
    song is up to date with in/song.prompt: nothing to do
    3 prompts up to date
    "#);
    for (name, target) in [
        ("song", "langchain"),
        ("song", "promptfoo"),
        ("triage", "prompty"),
        ("triage", "dotprompt"),
    ] {
        there_and_back(&repo, name, target);
    }
}

/// Exports a prompt, imports what was written under another name, and compares the digests.
#[track_caller]
fn there_and_back(repo: &Shell, name: &str, target: &str) {
    let folder = format!("out/{target}");
    repo.ok(&format!(
        "promptctl export {name} --to {target} --out {folder} --force"
    ));
    let files = repo.ok(&format!("find {folder} -type f -path '*{name}*'"));
    let file = files.lines().find(|line| !line.contains("/_")).unwrap();
    let back = format!("back/{target}/{}", name.replace('/', "-"));
    let run = repo.run(&format!("promptctl import {file} --name {back}"));
    assert_eq!(run.code, Some(0), "{run}");
    let digest =
        |name: &str| repo.json(&format!("promptctl show {name} --format json"))["digest"].clone();
    assert_eq!(digest(name), digest(&back), "{name} {target}");
}

#[test]
fn each_format_walks_in_and_out_and_in_again() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "gk/hello.prompt",
        DOTPROMPT.replace("{{> rules}}", "Never lie."),
    );
    repo.write(
        "chat.prompty",
        PROMPTY
            .replace("{{'{'}}", "")
            .replace("${env:SECRET_KEY}", "none"),
    );
    repo.write("export.json", LANGFUSE);
    repo.write(
        "foo/promptfooconfig.yaml",
        PROMPTFOO.replace("  - file://chat.json\n  - file://make.js\n", ""),
    );
    repo.write("chain.json", LANGCHAIN);
    repo.write("story.yaml", KERNEL);
    repo.write("note.md", "# A note\n\nSay ${input:what} of {{x}}.\n");
    repo.write(
        "loop.j2",
        "{% for x in xs %}\n- {{ x | upper }}{% if not loop.last %},{% endif %}\n{% endfor %}\n",
    );
    for (file, name, target) in [
        ("gk/hello.prompt", "hello", "dotprompt"),
        ("chat.prompty", "chat", "prompty"),
        ("export.json", "movie-critic", "langfuse"),
        ("foo/promptfooconfig.yaml", "promptfoo/tweet", "promptfoo"),
        ("chain.json", "chain", "langchain"),
        ("story.yaml", "story", "langchain"),
        ("note.md", "note", "dotprompt"),
        ("loop.j2", "loop", "prompty"),
        ("loop.j2", "loop", "langchain"),
    ] {
        if !repo.exists(&format!("prompts/{name}.prompt.yml")) {
            let run = repo.run(&format!("promptctl import {file}"));
            assert!(matches!(run.code, Some(0 | 3)), "{run}");
            let run = repo.run(&format!("promptctl validate {name}"));
            assert_eq!(run.code, Some(0), "{run}");
        }
        there_and_back(&repo, name, target);
    }
    let said = repo.ok("promptctl render loop --var 'xs:=[\"a\",\"b\"]' --format json");
    assert!(said.contains(r#""content": "\n- A,\n\n- B\n""#), "{said}");
}

#[test]
fn tidy_templates_lose_blank_lines_and_say_so() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("a.j2", "Hello\n{% if x %}\nA\n{% endif %}\nB\n");
    let run = repo.run("promptctl import a.j2 --tidy");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stderr.contains(
            "2 lines of which a tag is all, and which print as blank lines there, are gone"
        ),
        "{run}"
    );
    let file = repo.read("prompts/a.prompt.yml");
    assert!(
        file.contains("      Hello\n      {{#if x}}\n      A\n      {{/if}}\n      B"),
        "{file}"
    );
    repo.ok("promptctl import a.j2 --name b");
    assert!(repo.read("prompts/b.prompt.yml").contains("{{#if x}}{{!}}"));
    let run = repo.run("promptctl import pmpt_0123456789abcdef --tidy");
    assert_eq!(run.code, Some(2), "{run}");
}

#[test]
fn what_cannot_be_a_prompt_is_refused_and_leaves_everything_as_it_was() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("utf16.prompt", [0xff, 0xfe, b'H', 0, b'i', 0]);
    repo.write("binary.prompty", [0, 159, 146, 150]);
    repo.write(
        "either.prompt",
        "---\nmodel: gpt-4o\n---\n<user>\nHi\n</user>\n",
    );
    repo.write("broken.yaml", "template: 'a\nb'\n  c: d\n");
    repo.write("circle/a.prompt", "{{> one}}");
    repo.write("circle/_one.prompt", "1 {{> two}}");
    repo.write("circle/_two.prompt", "2 {{> one}}");
    repo.write("huge.prompt", vec![b'x'; 11 * 1024 * 1024]);
    repo.write("folder/huge.prompt", vec![b'x'; 11 * 1024 * 1024]);
    repo.write("folder/either.prompt", "<user>\nHi\n</user>\n");
    repo.write("folder/utf16.prompt", [0xff, 0xfe, b'H', 0]);
    assert_snapshot!(repo.play("
        promptctl import utf16.prompt
        promptctl import binary.prompty
        promptctl import either.prompt
        promptctl import broken.yaml
        promptctl import circle
        promptctl import huge.prompt
        promptctl import folder
        git status --short prompts
        git log --format=%s
    "), @"
    $ promptctl import utf16.prompt
    error[P008]: utf16.prompt is not UTF-8 text
      at: utf16.prompt
      hint: save it as UTF-8
    [exit 1]
    $ promptctl import binary.prompty
    error[P008]: binary.prompty is not UTF-8 text
      at: binary.prompty
      hint: save it as UTF-8
    [exit 1]
    $ promptctl import either.prompt
    error[P521]: it could be of several formats: dotprompt, humanloop
      at: either.prompt
      hint: name the one that is meant: --from dotprompt
    [exit 1]
    $ promptctl import broken.yaml
    error[P001]: invalid indentation in multiline quoted scalar
      at: broken.yaml:2:1
      hint: close the quote ' that opens on line 1; a text of several lines goes after `|`, indented
      hint: a file of another kind is named by its format: --from FORMAT
    [exit 1]
    $ promptctl import circle
    error[P501]: no prompt file can be made of it: partials include each other: one → two → one
      at: circle/a.prompt
      hint: change it in the source
    [exit 1]
    $ promptctl import huge.prompt
    error[P009]: huge.prompt: the file has 11 MB, and 10 MB are read
      at: huge.prompt
      hint: take what is not a prompt out of it
    [exit 1]
    $ promptctl import folder
    error[P521]: it could be of several formats: dotprompt, humanloop
      at: folder/either.prompt
      hint: name the one that is meant: --from dotprompt
    error[P009]: it has 11 MB, and 10 MB are read
      at: folder/huge.prompt
      hint: take what is not a prompt out of it
    error[P008]: the file is not UTF-8 text
      at: folder/utf16.prompt
      hint: save it as UTF-8
    3 prompts refused
    [exit 1]
    $ git status --short prompts
    $ git log --format=%s
    start
    Set up promptctl
    ");
}

#[test]
fn programs_of_a_source_are_never_run_and_its_secrets_never_copied() {
    let env = TestEnv::new();
    let repo = start(&env);
    let repo = repo.with("SECRET_KEY", "value-of-the-secret");
    for (file, text) in [
        (
            "promptfooconfig.yaml",
            "prompts: [file://p.js, file://p.py, 'Hi {{x}}']\nproviders: [{id: 'exec:touch ran', config: {apiKey: sk-1}}, file://q.py]\ntests: file://t.py\ndefaultTest: {assert: [{type: javascript, value: 'file://a.js'}]}\n",
        ),
        ("p.js", "require('fs').writeFileSync('ran', '')"),
        ("p.py", "open('ran', 'w')"),
        ("q.py", "open('ran', 'w')"),
        ("t.py", "open('ran', 'w')"),
        ("a.js", "require('fs').writeFileSync('ran', '')"),
        (
            "s.prompty",
            "---\nname: S\nmodel: {id: '${env:SECRET_KEY}', connection: {apiKey: '${env:SECRET_KEY}'}, options: {temperature: '${env:SECRET_KEY}'}}\ninputs: {a: '${env:SECRET_KEY}', b: '${file:/etc/hostname}'}\n---\nuser:\n{{a}} {{b}}\n",
        ),
        (
            "c.json",
            r#"{"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "prompt", "PromptTemplate"], "kwargs": {"template": "{a} {b}", "partial_variables": {"a": {"lc": 1, "type": "secret", "id": ["SECRET_KEY"]}}}}"#,
        ),
        ("j.j2", "{{ cycler.__init__.__globals__ }}"),
    ] {
        repo.write(&format!("in/{file}"), text);
    }
    let run = repo.run("promptctl import in --format json");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(!repo.exists("ran") && !repo.exists("in/ran"));
    let written = repo.ok("grep -r '' prompts") + &run.stdout;
    for secret in ["value-of-the-secret", "sk-1"] {
        assert!(!written.contains(secret), "{secret}");
    }
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    assert!(host.trim().is_empty() || !written.contains(&format!("\"{}\"", host.trim())));
}

//! `import` and `export` of files: prompts of other tools, in and out again.

use insta::assert_snapshot;
use serde_json::Value;

use crate::env::{Shell, TestEnv, skipped, top};

pub(super) const PROMPTY: &str = "\
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

pub(super) const DOTPROMPT: &str = "\
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

pub(super) const LANGFUSE: &str = r#"[
  {"name": "movie critic", "version": 2, "type": "chat", "labels": ["production"], "tags": ["films"],
   "config": {"model": "gpt-4o", "temperature": 0.5, "languages": ["en"]},
   "prompt": [{"role": "system", "content": "{\"json\": {{\n} {{level}}"}, {"type": "placeholder", "name": "history"}, {"role": "user", "content": "{{movie}}?"}]},
  {"name": "movie critic", "version": 1, "type": "text", "createdBy": "ada", "config": {}, "prompt": "Do you like {{movie}}?"}
]"#;

pub(super) const PROMPTFOO: &str = "\
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

pub(super) const LANGCHAIN: &str = r#"{"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "chat", "ChatPromptTemplate"], "kwargs": {
  "input_variables": ["text"], "messages": [
    {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "chat", "SystemMessagePromptTemplate"], "kwargs": {"prompt": {"kwargs": {"template": "Say {{x}}.", "template_format": "f-string"}}}},
    {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "chat", "MessagesPlaceholder"], "kwargs": {"variable_name": "history"}},
    {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "chat", "HumanMessagePromptTemplate"], "kwargs": {"prompt": {"kwargs": {"template": "{text}", "template_format": "f-string"}}}}]}}"#;

pub(super) const KERNEL: &str = "\
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

pub(super) fn start(env: &TestEnv) -> Shell {
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
    warning[P502]: `model.connection.apiKey` comes from the environment (`SECRET_KEY`), which is not read: left out
      at: basic.prompty:6:27
    warning[P502]: the setting `topK` has no counterpart here: left out
      at: basic.prompty:7:53
    note[P503]: true, null, lists, maps and numbers such as 1e20 print as in JSON here, and as Python writes them there
      at: basic.prompty:16:3
    note[P503]: what is left out prints nothing there, and here is an error; must be given: `firstName`, `question`
      at: basic.prompty
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
    warning[P502]: `model.connection.apiKey` comes from the environment (`SECRET_KEY`), which is not read: left out
      at: basic.prompty:6:27
    warning[P502]: the setting `topK` has no counterpart here: left out
      at: basic.prompty:7:53
    note[P503]: true, null, lists, maps and numbers such as 1e20 print as in JSON here, and as Python writes them there
      at: basic.prompty:16:3
    note[P503]: what is left out prints nothing there, and here is an error; must be given: `firstName`, `question`
      at: basic.prompty
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
    error[P224]: twice/x.prompt and twice/x.prompty would both be named x
      hint: import them one by one: --name NAME gives one another name, --into DIR puts it into a folder
    2 prompts refused
    [exit 1]
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
    note[P503]: what is left out prints nothing there, and here is an error; must be given: `photo`
      at: gk/hello.prompt
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
    2 commits: each version of several has one of its own, and so has each prompt that came with a commit message
    labels say there what is live (production), and make nothing live here
    hint: --labels-as-environments prints the commands that make the same versions live here
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
    note[P503]: a prompt has one model here, the first; the other providers: openai:gpt-4o
      at: foo/promptfooconfig.yaml:7:1
    warning[P502]: the assertion `javascript` has no counterpart here: left out
      at: foo/promptfooconfig.yaml:11:43
    note[P503]: null, lists, maps and numbers such as 1.0 print as in JSON here, and as JavaScript writes them there
      at: foo/promptfooconfig.yaml:14:14
    note[P503]: a list or map counts as a condition there even when it is empty, and not here
      at: foo/promptfooconfig.yaml:4:40
    foo/promptfoo/chat v1 made from foo/promptfooconfig.yaml, which looks like promptfoo
    error[P501]: make.js is a program that makes the prompt, and programs are not run
      at: foo/promptfooconfig.yaml:6:5
      hint: write down what it makes, as text
    2 prompts written; 1 prompt refused; 2 not whole
    error[P114]: no case of `testData` gives `tone`
      at: prompts/foo/promptfoo/chat.prompt.yml:19:1
      help: add `tone:` to the case, or give the variable a `default` in `input.schema`
    hint: the files say what the source says, and promptctl validate refuses them: mend the source and import again, or edit the files
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
    error[P522]: p cannot be said in langfuse: the whole of message 1 (user), as the helper `upper` in it cannot be said there
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
    // All that is refused is refused for what it is: no template here can say it.
    for (format, least) in [
        ("dotprompt", 38),
        ("prompty", 79),
        ("langfuse", 5),
        ("promptfoo", 31),
        ("langchain", 15),
        ("semantic-kernel", 41),
    ] {
        let folder = corpus.join(format).display().to_string();
        let prompts = of_import(&repo, &format!("{folder} --into {format} --no-commit"));
        let is_created = |it: &&Value| it["action"] == "created";
        let created = prompts.iter().filter(is_created).count();
        assert!(created >= least, "{format}: {created}");
        for prompt in prompts.iter().filter(|it| it["action"] == "refused") {
            assert!(!prompt["error"]["location"].is_null(), "{prompt}");
        }
    }
    // Of what is here, at least these of a hundred can be said there.
    for (target, least) in [
        ("dotprompt", 90),
        ("prompty", 95),
        ("langfuse", 85),
        ("promptfoo", 90),
        ("langchain", 90),
    ] {
        out_and_in(&repo, target, least);
    }
}

/// The prompts of an import's report.
fn of_import(repo: &Shell, arguments: &str) -> Vec<Value> {
    let run = repo.run(&format!("promptctl import {arguments} --format json"));
    let shown: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    shown["prompts"].as_array().unwrap().clone()
}

/// Exports all that a format can say, and imports it into another repository: the same names, the same
/// digests.
fn out_and_in(repo: &Shell, target: &str, least: usize) {
    let run = repo.run(&format!(
        "promptctl export --all --to {target} --out out/{target} --format json"
    ));
    let shown: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    let files = shown["files"].as_array().unwrap();
    let names = files.iter().filter(|it| it["error"].is_null());
    let names: Vec<&str> = names.map(|it| it["name"].as_str().unwrap()).collect();
    assert!(
        names.len() * 100 >= files.len() * least,
        "{target}: {} of {}",
        names.len(),
        files.len()
    );
    let env = TestEnv::new();
    let there = start(&env);
    let folder = repo.dir.join("out").join(target);
    let back = of_import(
        &there,
        &format!("{} --from {target} --no-commit", folder.display()),
    );
    let digest = |shell: &Shell, name: &str| {
        let text = shell.read(&format!("prompts/{name}.prompt.yml"));
        let line = text.lines().find(|line| line.starts_with("digest:"));
        line.unwrap().to_owned()
    };
    let mut wrong = Vec::new();
    for name in names {
        let came = back
            .iter()
            .find(|it| it["name"] == name && it["action"] == "created");
        match came {
            Some(_) if digest(repo, name) == digest(&there, name) => {}
            _ => wrong.push(format!("{target} {name}: {came:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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

//! `import` and `export`: files of each format in, rendered, out and in again.

use insta::assert_snapshot;

use super::moving::{DOTPROMPT, KERNEL, LANGCHAIN, LANGFUSE, PROMPTFOO, PROMPTY, start};
use crate::env::{Shell, TestEnv};

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
    note[P503]: true, null, lists, maps and numbers such as 1e20 print as in JSON here, and as Python writes them there
      at: in/registry.json:8:3
    triage v2 updated from in/registry.json, which looks like mlflow
    warning[P502]: the setting `top_k` has no counterpart here: left out
      at: in/registry.json:2:3
    song v1 made from in/song.prompt, which looks like humanloop
    warning[P502]: the setting `max_iterations` has no counterpart here: left out
      at: in/song.prompt:10:1
    3 prompts written; 2 not whole
    3 commits: each version of several has one of its own, and so has each prompt that came with a commit message
    warning: triage: the label to review cannot be the name of an environment
    To make live here what is live there; nothing was published:
    [exit 3]
    $ cat prompts/triage.prompt.yml prompts/song.prompt.yml
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
     --> prompts/triage.prompt.yml:3:8
      |
    3 | model: openai/gpt-4o
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
fn pictures_of_promptfoo_keep_how_they_are_sent() {
    let env = TestEnv::new();
    let repo = start(&env);
    let source = r#"{"type": "base64", "media_type": "image/png", "data": "{{photo}}"}"#;
    repo.write(
        "promptfooconfig.yaml",
        "prompts: [file://c.json]\nproviders: [anthropic:messages:claude-x]\n",
    );
    repo.write("c.json", format!(
        r#"[{{"role": "user", "content": [{{"type": "image", "source": {source}}}, {{"type": "image_url", "image_url": {{"url": "{{{{url}}}}", "detail": "low"}}}}]}}]"#
    ));
    repo.ok("promptctl import promptfooconfig.yaml --name c");
    let file = repo.read("prompts/c.prompt.yml");
    assert!(
        file.contains("url: data:image/png;base64,{{photo}}\n      - type: image\n        url: \"{{url}}\"\n        detail: low\n")
            || file.contains("url: \"data:image/png;base64,{{photo}}\"\n      - type: image\n        url: \"{{url}}\"\n        detail: low\n"),
        "{file}"
    );
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

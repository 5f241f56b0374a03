//! What `import` and `export` cannot say there or here: named as far as it goes, and no further.

use insta::assert_snapshot;
use serde_json::Value;

use super::moving::start;
use crate::env::TestEnv;

const BLOCKS: &str = r##"messages:
  - role: system
    content: |
      You help. {{#if urgent}}Answer {{who}} at once.{{/if}} Be kind.
  - role: system
    content: "First {{#each rules}}- {{this}}{{else}}none{{/each}} last"
  - role: system
    content: "{{#if quiet}}Whisper.{{/if}}"
  - role: user
    content:
      - {type: text, text: "{{upper name}} asks"}
      - {type: text, text: "{{question}}"}
input:
  schema:
    type: object
    properties: {urgent: {type: boolean}, who: {type: string}, rules: {type: array, items: {type: string}}, quiet: {type: boolean}}
"##;

#[test]
fn an_export_loses_no_more_text_than_it_says() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.add("p", BLOCKS);
    assert_snapshot!(repo.play("
        promptctl export p --to langfuse
        promptctl export p --to langfuse --lossy
        promptctl export p --to prompty --lossy --out out
    "), @r#"
    $ promptctl export p --to langfuse
    error[P522]: p cannot be said in langfuse: the block `{{#if urgent}}` of message 1 (system) with its text (Answer … at once.), which cannot be said there
      at: prompts/p.prompt.yml:5:5
      hint: also prompts/p.prompt.yml:8:14: the whole of message 2 (system), as `{{#each}}` in it cannot be said there
      hint: also prompts/p.prompt.yml:10:14: the whole of message 3 (system), as `{{#if}}` in it cannot be said there
      hint: also prompts/p.prompt.yml:13:9: the whole of part 1 of message 4 (user), as the helper `upper` in it cannot be said there
      hint: --lossy leaves it out and lists it; --to dotprompt keeps Handlebars, --to json everything
    [exit 1]
    $ promptctl export p --to langfuse --lossy
    [
      {
        "name": "p",
        "type": "chat",
        "prompt": [
          {
            "type": "chatmessage",
            "role": "system",
            "content": "You help.  Be kind.\n"
          },
          {
            "type": "chatmessage",
            "role": "user",
            "content": "{{question}}"
          }
        ],
        "config": {},
        "tags": [],
        "labels": []
      }
    ]
    --- stderr
    warning[P522]: the block `{{#if urgent}}` of message 1 (system) with its text (Answer … at once.), which cannot be said there: left out
      at: prompts/p.prompt.yml:5:5
    warning[P522]: the whole of message 2 (system), as `{{#each}}` in it cannot be said there: left out
      at: prompts/p.prompt.yml:8:14
    warning[P522]: the whole of message 3 (system), as `{{#if}}` in it cannot be said there: left out
      at: prompts/p.prompt.yml:10:14
    warning[P522]: the whole of part 1 of message 4 (user), as the helper `upper` in it cannot be said there: left out
      at: prompts/p.prompt.yml:13:9
    [exit 3]
    $ promptctl export p --to prompty --lossy --out out
    p written to out/p.prompty
    note[P522]: true, null, lists, maps and numbers such as 1e20 print as in JSON here, and as Python writes them there
      at: prompts/p.prompt.yml:8:14
    note[P522]: line ends around a message are taken away there; they come back here
      at: prompts/p.prompt.yml
    "#);
    let run = repo.run("promptctl export p --to langfuse --lossy --format json");
    let shown: Value = serde_json::from_str(&run.stdout).unwrap();
    let text: Value = serde_json::from_str(shown["files"][0]["text"].as_str().unwrap()).unwrap();
    let messages: Vec<&str> = text[0]["prompt"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(messages, ["You help.  Be kind.\n", "{{question}}"]);
}

#[test]
fn a_prompt_that_langfuse_puts_together_goes_out_as_one() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "l.json",
        r#"[{"name": "tone", "version": 1, "type": "text", "prompt": "Be kind."},
            {"name": "hello", "version": 1, "type": "chat", "prompt": [
              {"role": "system", "content": "@@@langfusePrompt:name=tone|version=1@@@"},
              {"role": "user", "content": "A: @@@langfusePrompt:name=tone|version=1@@@ {{x}}"}]}]"#,
    );
    repo.ok("promptctl import l.json");
    let run = repo.run("promptctl export hello --to langfuse");
    let out: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    assert_eq!(out[0]["prompt"][0]["content"], "Be kind.", "{run}");
    assert_eq!(out[0]["prompt"][1]["content"], "A: Be kind. {{x}}");
}

#[test]
fn a_file_that_is_asked_for_and_broken_is_not_passed_over() {
    let env = TestEnv::new();
    let repo = start(&env);
    let good = r#"[{"name": "good", "version": 1, "type": "text", "prompt": "Hi", "config": {}}]"#;
    repo.write("in/good.json", good);
    repo.write("in/broken.json", r#"[{"name": "b", "prompt": "Hi""#);
    repo.write("in/data.json", "{ // a comment\n}");
    repo.write(
        "in/LOUD.JSON",
        r#"[{"name": "loud", "version": 1, "type": "text", "prompt": "Hi", "config": {}}]"#,
    );
    assert_snapshot!(repo.play("
        promptctl import in --from langfuse --dry-run --into x
        promptctl import in/broken.json --from langfuse
        promptctl import in/LOUD.JSON
        promptctl import in --from text
    "), @r#"
    $ promptctl import in --from langfuse --dry-run --into x
    x/loud v1 would be made from in/LOUD.JSON (langfuse)
      prompts/x/loud.prompt.yml
        version: 1
        digest: xxxxxxxxxxxx
        messages:
          - role: user
            content: Hi
        source:
          format: langfuse
          path: in/LOUD.JSON
          version: "1"
          digest: "xxxxxxxxxxxx"
    x/good v1 would be made from in/good.json (langfuse)
      prompts/x/good.prompt.yml
        version: 1
        digest: xxxxxxxxxxxx
        messages:
          - role: user
            content: Hi
        source:
          format: langfuse
          path: in/good.json
          version: "1"
          digest: xxxxxxxxxxxx
    --- stderr
    error[P323]: this is not JSON: EOF while parsing an object
      at: in/broken.json:1:29
      hint: export it once more
    2 prompts to be written; 1 prompt refused
    [exit 3]
    $ promptctl import in/broken.json --from langfuse
    error[P323]: this is not JSON: EOF while parsing an object
      at: in/broken.json:1:29
      hint: export it once more
    [exit 1]
    $ promptctl import in/LOUD.JSON
    loud v1 made from in/LOUD.JSON, which looks like langfuse
    $ promptctl import in --from text
    error[P323]: in holds no prompts of the format text
      at: in
      hint: it is known by *.txt, *.md, *.prompt.md
    [exit 1]
    "#);
}

#[test]
fn chats_and_tests_of_promptfoo_lose_nothing_without_a_word() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "chat.json",
        r#"{"model": "zq", "messages": [{"role": "system", "name": "zq", "content": "Be kind."}, {"role": "user", "content": [
            {"type": "text", "text": "{{x}}", "cache_control": {"type": "ephemeral"}},
            {"type": "image_url", "image_url": {"url": "https://x.example/a.png", "format": "zq"}, "alt": "zq"}]}]}"#,
    );
    let config = "\
prompts: [file://chat.json]
providers:
  - openai:gpt-5-mini: {config: {seed: 1}, transform: zq}
targets: [openai:gpt-4o]
tests:
  - {description: nothing given, metadata: {area: zq}}
  - {description: twice, vars: {x: a}}
  - {description: twice, vars: {x: b}}
";
    repo.write("promptfooconfig.yaml", config);
    let run = repo.run("promptctl import promptfooconfig.yaml");
    assert_snapshot!(run, @"
    promptfoo/chat v1 made from promptfooconfig.yaml, which looks like promptfoo
    warning[P502]: `targets` beside `providers`: left out
      at: promptfooconfig.yaml:4:1
    warning[P502]: `transform` of a provider has no counterpart here: left out
      at: promptfooconfig.yaml:3:5
    warning[P502]: a test without variables and assertions is no case here: left out
      at: promptfooconfig.yaml:6:5
    note[P503]: the description `twice` is no id for the case, or names another one: it is the case's `note`
      at: promptfooconfig.yaml:8:5
    warning[P502]: `model` of a chat has no counterpart here: left out
      at: chat.json:1:1
    warning[P502]: `name` of a message has no counterpart here: left out
      at: chat.json:1:30
    warning[P502]: `cache_control` of a part of a message has no counterpart here: left out
      at: chat.json:1:87
    note[P503]: null, lists, maps and numbers such as 1.0 print as in JSON here, and as JavaScript writes them there
      at: chat.json:2:39
    warning[P502]: `alt` of a part of a message has no counterpart here: left out
      at: chat.json:1:87
    warning[P502]: `format` of a picture has no counterpart here: left out
      at: chat.json:1:87
    [exit 3]
    ");
}

#[test]
fn examples_of_langchain_are_written_out_in_one_pass() {
    let env = TestEnv::new();
    let repo = start(&env);
    let prompt = |template: &str, format: &str| {
        serde_json::json!({
            "_type": "few_shot", "input_variables": ["q"], "prefix": "Answer.", "suffix": "Q: {q}", "example_separator": "\n",
            "example_prompt": {"_type": "prompt", "input_variables": ["a", "b"], "template": template, "template_format": format},
            "examples": [{"a": "what is {b}", "b": "{a} 42"}],
        })
        .to_string()
    };
    repo.write("a.json", prompt("Q: {a} A: {b} {{a}} {{{b}}}", "f-string"));
    repo.ok("promptctl import a.json");
    let file: Value = serde_yaml::from_str(&repo.read("prompts/a.prompt.yml")).unwrap();
    assert_eq!(
        file["messages"][0]["content"],
        "Answer.\nQ: what is {b} A: {a} 42 {a} \\{{a} 42}\nQ: {{q}}"
    );
    repo.write("b.json", prompt("Q: {{a}}", "mustache"));
    let run = repo.run("promptctl import b.json");
    assert!(
        run.stderr.contains("a template that is no f-string"),
        "{run}"
    );
}

#[test]
fn a_template_that_may_say_something_else_here_is_told_of_by_the_real_import() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "a.j2",
        "{% for s in settings %}{{ s }}{% endfor %}{% if x == 1 %}one{% endif %}",
    );
    assert_snapshot!(repo.run("promptctl import a.j2"), @"
    a v1 made from a.j2, which looks like jinja
    note[P503]: a loop over `settings` goes over its values here where it is a map, and over its keys there
      at: a.j2:1:1
    note[P503]: true, null, lists, maps and numbers such as 1e20 print as in JSON here, and as Python writes them there
      at: a.j2:1:24
    warning[P503]: `==` takes true for 1 and false for 0 there, and not here
      at: a.j2:1:51
    [exit 3]
    ");
}

#[test]
fn an_import_says_that_what_it_wrote_will_not_validate() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "a.prompt",
        "---\nmodel: openai/gpt-5-mini\nconfig: {temperature: 0.2}\n---\nHi\n",
    );
    assert_snapshot!(repo.run("promptctl import a.prompt"), @"
    a v1 made from a.prompt, which looks like dotprompt
    error[P322]: `openai/gpt-5-mini` is a reasoning model and takes no `temperature`
      at: prompts/a.prompt.yml:5:16
      help: remove it; `reasoningEffort` and `verbosity` steer this model
    hint: the files say what the source says, and promptctl validate refuses them: mend the source and import again, or edit the files
    [exit 3]
    ");
}

#[test]
fn each_value_from_the_environment_is_named_on_a_line_of_its_own() {
    let env = TestEnv::new();
    let repo = start(&env);
    let head = "\
---
name: A
model:
  api: chat
  configuration:
    type: azure_openai
    azure_deployment: ${env:DEPLOYMENT:gpt-4o}
    azure_endpoint: ${env:AZURE_OPENAI_ENDPOINT}
    api_key: ${env:KEY:sk-hidden}
  parameters: {seed: '${env:SEED:1}'}
---
user:
Hi
";
    repo.write("a.prompty", head);
    let run = repo.run("promptctl import a.prompty");
    assert!(!run.to_string().contains("sk-hidden"), "{run}");
    assert_snapshot!(run, @"
    a v1 made from a.prompty, which looks like prompty
    warning[P502]: the model's name, `model.configuration.azure_deployment`, comes from the environment (`DEPLOYMENT`, else `gpt-4o`), which is not read: left out
      at: a.prompty:7:5
    warning[P502]: `model.configuration.azure_endpoint` comes from the environment (`AZURE_OPENAI_ENDPOINT`), which is not read: left out
      at: a.prompty:8:5
    warning[P502]: `model.configuration.api_key` comes from the environment (`KEY`), which is not read: left out
      at: a.prompty:9:5
    warning[P502]: the setting `seed` comes from the environment (`SEED`, else `1`), which is not read: left out
      at: a.prompty:10:16
    [exit 3]
    ");
}

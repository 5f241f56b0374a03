//! What `import` names a prompt, whose text it takes, and what it says of the versions it brings.

use insta::assert_snapshot;

use super::moving::start;
use crate::env::TestEnv;

#[test]
fn promptfoo_brings_the_names_back_that_went_out() {
    let env = TestEnv::new();
    let repo = start(&env);
    let file = |model: &str| format!("{model}messages:\n  - role: user\n    content: Hi\n");
    repo.write("prompts/a/hi.prompt.yml", file(""));
    repo.write("prompts/top.prompt.yml", file("model: openai/gpt-5\n"));
    assert_snapshot!(repo.play("
        promptctl export --all --to promptfoo --out x
        promptctl export a/hi --to promptfoo --dry-run
        promptctl export a/hi --to promptfoo --format json
        rm -r prompts
        promptctl import x
        cat prompts/a/hi.prompt.yml
    "), @r#"
    $ promptctl export --all --to promptfoo --out x
    a/hi written to x/a/hi.promptfooconfig.yaml
    note[P522]: the prompt names no model, and promptfoo needs one: `openai:chat:gpt-5-mini` stands there under `providers:`, for you to change
      at: prompts/a/hi.prompt.yml
    top written to x/top.promptfooconfig.yaml
    $ promptctl export a/hi --to promptfoo --dry-run
    prompts:
      - label: hi
        raw: Hi
    providers:
      - id: "openai:chat:gpt-5-mini"
    metadata:
      promptctl:
        model: null
    --- stderr
    note[P522]: the prompt names no model, and promptfoo needs one: `openai:chat:gpt-5-mini` stands there under `providers:`, for you to change
      at: prompts/a/hi.prompt.yml
    $ promptctl export a/hi --to promptfoo --format json
    {
      "schema": 1,
      "to": "promptfoo",
      "dry_run": false,
      "files": [
        {
          "name": "a/hi",
          "path": "a/hi.promptfooconfig.yaml",
          "paths": [
            "a/hi.promptfooconfig.yaml"
          ],
          "text": "prompts:\n  - label: hi\n    raw: Hi\nproviders:\n  - id: \"openai:chat:gpt-5-mini\"\nmetadata:\n  promptctl:\n    model: null\n",
          "lost": [
            {
              "code": "P522",
              "severity": "note",
              "path": "prompts/a/hi.prompt.yml",
              "line": null,
              "column": null,
              "message": "the prompt names no model, and promptfoo needs one: `openai:chat:gpt-5-mini` stands there under `providers:`, for you to change",
              "help": null
            }
          ],
          "error": null
        }
      ]
    }
    $ rm -r prompts
    $ promptctl import x
    a/hi v1 made from x/a/hi.promptfooconfig.yaml, which looks like promptfoo
    top v1 made from x/top.promptfooconfig.yaml, which looks like promptfoo
    2 prompts written
    $ cat prompts/a/hi.prompt.yml
    version: 1
    digest: xxxxxxxxxxxx
    messages:
      - role: user
        content: Hi
    source:
      format: promptfoo
      path: x/a/hi.promptfooconfig.yaml
      digest: "xxxxxxxxxxxx"
    "#);
}

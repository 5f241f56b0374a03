//! What `import` names a prompt, whose text it takes, and what it says of the versions it brings.

use insta::assert_snapshot;
use serde_json::json;

use super::moving::start;
use crate::env::TestEnv;

#[test]
fn of_two_sources_for_one_name_nothing_is_written() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("s/a/p.prompt", "One");
    repo.write("s/b/p.prompt", "Two");
    repo.write("s/c/q.prompt", "{{#if x}}{{role \"user\"}}{{/if}}");
    repo.write("s/d/q.prompt", "Three");
    repo.write(
        "two.json",
        r#"[{"name": "m n", "prompt": "One"}, {"name": "m-n", "prompt": "Two"}]"#,
    );
    assert_snapshot!(repo.play("
        promptctl import s/a/p.prompt s/b/p.prompt
        promptctl import s/a/p.prompt s/b/p.prompt --name other
        promptctl import s/c/q.prompt s/d/q.prompt
        promptctl import two.json
        git log --format=%s
        promptctl import s
    "), @"
    $ promptctl import s/a/p.prompt s/b/p.prompt
    error[P224]: s/a/p.prompt and s/b/p.prompt would both be named p
      hint: import them one by one: --name NAME gives one another name, --into DIR puts it into a folder
    2 prompts refused
    [exit 1]
    $ promptctl import s/a/p.prompt s/b/p.prompt --name other
    error[P224]: s/a/p.prompt and s/b/p.prompt would both be named other
      hint: import them one by one: --name NAME gives one another name, --into DIR puts it into a folder
    2 prompts refused
    [exit 1]
    $ promptctl import s/c/q.prompt s/d/q.prompt
    error[P501]: a role stands inside `{{#if}}`, and messages here stand side by side
      at: s/c/q.prompt:1:10
      hint: take it out of the block, or give the messages as a list: `- placeholder: history`
    q v1 made from s/d/q.prompt, which looks like dotprompt
    1 prompt written; 1 prompt refused
    [exit 3]
    $ promptctl import two.json
    error[P224]: m n and m-n of two.json would both be named m-n
      hint: import them one by one: --name NAME gives one another name, --into DIR puts it into a folder
    2 prompts refused
    [exit 1]
    $ git log --format=%s
    Import q from s/d/q.prompt
    start
    Set up promptctl
    $ promptctl import s
    a/p v1 made from s/a/p.prompt, which looks like dotprompt
    b/p v1 made from s/b/p.prompt, which looks like dotprompt
    error[P501]: a role stands inside `{{#if}}`, and messages here stand side by side
      at: s/c/q.prompt:1:10
      hint: take it out of the block, or give the messages as a list: `- placeholder: history`
    d/q v1 made from s/d/q.prompt, which looks like dotprompt
    3 prompts written; 1 prompt refused
    [exit 3]
    ");
}

#[cfg(unix)]
#[test]
fn a_link_that_is_named_is_not_followed() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("outside/secret.json", "{}");
    repo.write("outside/secret.prompt", "A secret text");
    let link = |to: &str, from: &str| {
        std::os::unix::fs::symlink(to, repo.dir.join(from)).unwrap();
    };
    link("outside/secret.prompt", "link.prompt");
    link("outside/secret.json", "answer.json");
    link("outside", "folder");
    assert_snapshot!(repo.play("
        promptctl import link.prompt
        promptctl import link.prompt --from text
        promptctl import answer.json --from openai
        promptctl import folder
        git log --format=%s
    "), @"
    $ promptctl import link.prompt
    error[P017]: link.prompt is a link, and links are not followed
      at: link.prompt
      hint: name the file or the folder itself; `-` reads standard input
    [exit 1]
    $ promptctl import link.prompt --from text
    error[P017]: link.prompt is a link, and links are not followed
      at: link.prompt
      hint: name the file or the folder itself; `-` reads standard input
    [exit 1]
    $ promptctl import answer.json --from openai
    error[P017]: answer.json is a link, and links are not followed
      at: answer.json
      hint: name the file or the folder itself; `-` reads standard input
    [exit 1]
    $ promptctl import folder
    error[P017]: folder is a link, and links are not followed
      at: folder
      hint: name the file or the folder itself; `-` reads standard input
    [exit 1]
    $ git log --format=%s
    start
    Set up promptctl
    ");
}

#[test]
fn what_is_no_source_is_told_of_files_and_of_stored_prompts() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("x.json", "{\"prompt\": \"x\"}\n");
    repo.write("a.prompt", "<system>\nhi\n</system>\n");
    assert_snapshot!(repo.play("
        promptctl import nope
        promptctl import x.json
        promptctl import x.json --from openai
        promptctl import a.prompt
    "), @"
    $ promptctl import nope
    error[P017]: nope could not be read: No such file or directory (os error 2)
      hint: import takes files and folders of other tools: promptctl help moving-in
      hint: stored prompts of OpenAI's are named by ids (pmpt_…), saved answers of the API, or what `promptctl scan --ids --format json` prints
    [exit 1]
    $ promptctl import x.json
    error[P521]: x.json is of no format that is known by its name or form
      at: x.json
      hint: name it: --from dotprompt, prompty, langfuse, promptfoo, langchain, semantic-kernel, mlflow, humanloop, text, jinja
      hint: stored prompts of OpenAI's are named by ids (pmpt_…), saved answers of the API, or what `promptctl scan --ids --format json` prints
    [exit 1]
    $ promptctl import x.json --from openai
    error[P323]: x.json is neither an answer of the API nor what scan prints
      at: x.json
      hint: save what the API answers to a call with the stored prompt: `promptctl help stored-prompts` has the command
    [exit 1]
    $ promptctl import a.prompt
    error[P521]: it could be of several formats: dotprompt, humanloop
      at: a.prompt
      hint: name the one that is meant: --from dotprompt or --from humanloop
    [exit 1]
    ");
}

#[test]
fn semantic_kernel_names_a_prompt_by_its_folder() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("all/one/skprompt.txt", "One");
    repo.write("all/two/skprompt.txt", "Two");
    repo.write("all/three/long-skprompt.txt", "Three {{$x}}");
    repo.write("all/four/skprompt.txt", "{{call.it}}");
    assert_snapshot!(repo.play("
        promptctl import all/one all/two/skprompt.txt
        promptctl import all --into all
    "), @"
    $ promptctl import all/one all/two/skprompt.txt
    one v1 made from all/one/skprompt.txt, which looks like semantic-kernel
    two v1 made from all/two/skprompt.txt, which looks like semantic-kernel
    2 prompts written
    $ promptctl import all --into all
    error[P501]: the call of the function `call.it` has no counterpart in a template here
      at: all/four/skprompt.txt:1:1
      hint: call it in the program that fills the template, and give the result as a variable
    all/one v1 made from all/one/skprompt.txt, which looks like semantic-kernel
    all/three/long v1 made from all/three/long-skprompt.txt, which looks like semantic-kernel
    note[P503]: what is left out prints nothing there, and here is an error; must be given: `x`
      at: all/three/long-skprompt.txt
    all/two v1 made from all/two/skprompt.txt, which looks like semantic-kernel
    3 prompts written; 1 prompt refused
    [exit 3]
    ");
    assert_snapshot!(repo.cd("all/two").play("
        promptctl import skprompt.txt --into here
    "), @"
    $ promptctl import skprompt.txt --into here
    here/two v1 made from all/two/skprompt.txt, which looks like semantic-kernel
    ");
}

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

#[test]
fn what_was_said_of_a_version_there_is_said_by_its_commit() {
    let env = TestEnv::new();
    let repo = start(&env);
    let key = format!("AKIA{}", "Q7RK2MWZ3XBT4VNC");
    repo.write(
        "langfuse.json",
        format!(
            r#"[{{"name": "p", "version": 1, "prompt": "One", "commitMessage": "first\r\n\nof all", "createdAt": "2026-01-01"}},
 {{"name": "p", "version": 3, "prompt": "Three", "commitMessage": "warmer", "createdBy": "Bob", "labels": ["production", "latest"]}},
 {{"name": "q", "version": 7, "prompt": "Alone", "commitMessage": "alone", "labels": ["staging"]}},
 {{"name": "r", "version": 1, "prompt": "Silent", "commitMessage": "with {key}"}}]"#
        ),
    );
    repo.write(
        "mlflow.json",
        r#"[{"name": "m", "version": 1, "template": "One", "commit_message": "kinder"}]"#,
    );
    assert_snapshot!(repo.play("
        promptctl import langfuse.json
        git log --format=%s%n%b -4
        grep description prompts/p.prompt.yml
        promptctl import langfuse.json
        promptctl import mlflow.json --message 'As in the registry'
        git log --format=%B -1
    "), @"
    $ promptctl import langfuse.json
    p v1 made from langfuse.json, which looks like langfuse
    p v3 updated from langfuse.json, which looks like langfuse
    q v7 made from langfuse.json, which looks like langfuse
    r v1 made from langfuse.json, which looks like langfuse
    warning[P026]: `commitMessage` holds a secret: left out
      at: langfuse.json:4:50
    4 prompts written; 1 not whole
    4 commits: each version of several has one of its own, and so has each prompt that came with a commit message
    labels say there what is live (production, staging), and make nothing live here
    hint: --labels-as-environments prints the commands that make the same versions live here
    [exit 3]
    $ git log --format=%s%n%b -4
    alone
    Version 7 there.

    warmer
    Version 3 there, by Bob.

    first
    of all

    Version 1 there, 2026-01-01.

    Import r from langfuse.json

    $ grep description prompts/p.prompt.yml
    [exit 1]
    $ promptctl import langfuse.json
    p is up to date with langfuse.json: nothing to do
    p is up to date with langfuse.json: nothing to do
    q is up to date with langfuse.json: nothing to do
    r is up to date with langfuse.json: nothing to do
    4 prompts up to date
    $ promptctl import mlflow.json --message 'As in the registry'
    m v1 made from mlflow.json, which looks like mlflow
    $ git log --format=%B -1
    As in the registry

    kinder

    Version 1 there.
    ");
}

#[test]
fn a_description_goes_out_to_langfuse_and_comes_back() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "prompts/p.prompt.yml",
        "description: What it is for\nmodel: openai/gpt-5\nmessages:\n  - role: user\n    content: Hi\n",
    );
    assert_snapshot!(repo.play("
        promptctl export p --to langfuse --out out
        promptctl import out/p.json --name q
        head -4 prompts/q.prompt.yml
        git log --format=%s -1
    "), @"
    $ promptctl export p --to langfuse --out out
    p written to out/p.json
    $ promptctl import out/p.json --name q
    q v1 made from out/p.json, which looks like langfuse
    $ head -4 prompts/q.prompt.yml
    description: What it is for
    version: 1
    digest: xxxxxxxxxxxx
    model: openai/gpt-5
    $ git log --format=%s -1
    Import q from out/p.json
    ");
}

#[test]
fn a_version_waits_for_an_earlier_one_however_its_number_is_written() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "mlflow.json",
        r#"[{"name": "a", "version": 1, "template": "{% macro m() %}{% endmacro %}"},
 {"name": "a", "version": "2.0", "template": "Two"}, {"name": "a", "version": "next", "template": "Next"},
 {"name": "b", "version": 1.0, "template": "One"}, {"name": "b", "version": "2", "template": "Two"},
 {"name": "b", "version": "next", "template": "Next"}]"#,
    );
    assert_snapshot!(repo.play("
        promptctl import mlflow.json
        git log --format=%s%n%b
        cat prompts/b.prompt.yml
    "), @r#"
    $ promptctl import mlflow.json
    error[P501]: `{% macro %}` has no counterpart in a template here
      at: mlflow.json:1:43
      hint: compute it in the program that fills the template, and give the result as a variable
    error[P512]: a: not written, because an earlier version of it was refused
      hint: mend that version in the source, and import again
    warning[P503]: its version "next" is no number that a version here can have: it gets the next one
      at: mlflow.json:2:68
    b v1 made from mlflow.json, which looks like mlflow
    b v2 updated from mlflow.json, which looks like mlflow
    b v3 updated from mlflow.json, which looks like mlflow
    warning[P503]: its version "next" is no number that a version here can have: it gets the next one
      at: mlflow.json:4:16
    3 prompts written; 3 prompts refused; 1 not whole
    3 commits: each version of several has one of its own, and so has each prompt that came with a commit message
    [exit 3]
    $ git log --format=%s%n%b
    Import b v3 from mlflow.json

    Import b v2 from mlflow.json
    Version 2 there.

    Import b v1 from mlflow.json
    Version 1 there.

    start

    Set up promptctl

    $ cat prompts/b.prompt.yml
    version: 3
    digest: xxxxxxxxxxxx
    messages:
      - role: user
        content: Next
    source:
      format: mlflow
      path: mlflow.json
      digest: "xxxxxxxxxxxx"
    "#);
}

#[test]
fn a_version_that_stands_twice_in_the_same_words_comes_once_with_all_labels() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "langfuse.json",
        r#"[{"name": "p", "version": 4, "prompt": "Hi {{x}}", "labels": ["staging"], "createdBy": "Bob", "createdAt": "2026-01-01T10:00:00.000Z"},
 {"name": "p", "version": 4, "prompt": "Hi {{x}}", "labels": ["production", "staging"], "createdBy": "Eve", "createdAt": 4, "tags": ["t"]},
 {"name": "q", "version": 1, "prompt": "Hi {{x}}", "createdBy": "Bob", "createdAt": "2026-01-01T10:00:00.000Z"}]"#,
    );
    assert_snapshot!(repo.play("
        promptctl import langfuse.json
        grep -A1 tags prompts/p.prompt.yml
        git log --format=%B -1
        promptctl import langfuse.json --into only --labels-as-environments
    "), @"
    $ promptctl import langfuse.json
    p v4 made from langfuse.json, which looks like langfuse
    note[P503]: version 4 stands in the file 2 times with the same text: it is taken once, with all labels and tags; of `createdAt`, `createdBy` the first counts
      at: langfuse.json:1:2
    q v1 made from langfuse.json, which looks like langfuse
    2 prompts written
    labels say there what is live (production, staging), and make nothing live here
    hint: --labels-as-environments prints the commands that make the same versions live here
    $ grep -A1 tags prompts/p.prompt.yml
    tags: [t]
    input:
    $ git log --format=%B -1
    Import 2 prompts from files

    - p from langfuse.json, version 4 there, by Bob, 2026-01-01T10:00:00.000Z
    - q from langfuse.json, version 1 there, by Bob, 2026-01-01T10:00:00.000Z

    $ promptctl import langfuse.json --into only --labels-as-environments
    promptctl publish only/p@v4 --env staging --create-env
    promptctl publish only/p@v4 --env production
    --- stderr
    only/p v4 made from langfuse.json, which looks like langfuse
    note[P503]: version 4 stands in the file 2 times with the same text: it is taken once, with all labels and tags; of `createdAt`, `createdBy` the first counts
      at: langfuse.json:1:2
    only/q v1 made from langfuse.json, which looks like langfuse
    2 prompts written
    To make live here what is live there; nothing was published:
    ");
}

#[test]
fn who_made_a_prompt_in_langsmith_stands_in_the_commit() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "hook.json",
        json!({
            "prompt_name": "p", "created_by": "Jane", "created_at": "2026-01-01T00:00:00Z",
            "manifest": { "_type": "prompt", "template": "Hi {x}", "input_variables": ["x"] },
        })
        .to_string(),
    );
    repo.ok("promptctl import hook.json");
    assert_eq!(
        repo.ok("git log --format=%s -1").trim(),
        "Import p from hook.json, by Jane, 2026-01-01T00:00:00Z"
    );
}

#[test]
fn names_that_differ_only_in_case_are_refused_once_with_both_files() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("w.prompt", "Small\n");
    repo.write("b/W.prompt", "Large\n");
    assert_snapshot!(repo.play("
        promptctl import w.prompt b/W.prompt
        promptctl import b/W.prompt
        promptctl import w.prompt
        promptctl import w.prompt --name other
    "), @"
    $ promptctl import w.prompt b/W.prompt
    error[P224]: b/W.prompt and w.prompt would be named W and w, which differ only in case, and macOS and Windows hold only one of them
      hint: import them one by one: --name NAME gives one another name, --into DIR puts it into a folder
    2 prompts refused
    [exit 1]
    $ promptctl import b/W.prompt
    W v1 made from b/W.prompt, which looks like dotprompt
    $ promptctl import w.prompt
    error[P012]: w and W, which is here, differ only in case, and macOS and Windows hold only one of them
      at: prompts/W.prompt.yml
      hint: --name NAME gives it another name, --into DIR a folder
    [exit 1]
    $ promptctl import w.prompt --name other
    other v1 made from w.prompt, which looks like dotprompt
    ");
}

//! `import` of what is broken, hostile or too large: refused with its place, and nothing is changed.

use insta::assert_snapshot;

use super::moving::start;
use crate::env::TestEnv;

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
      at: utf16.prompt:1:1
      hint: save it as UTF-8
    [exit 1]
    $ promptctl import binary.prompty
    error[P008]: binary.prompty is not UTF-8 text
      at: binary.prompty:1:2
      hint: save it as UTF-8
    [exit 1]
    $ promptctl import either.prompt
    error[P521]: it could be of several formats: dotprompt, humanloop
      at: either.prompt
      hint: name the one that is meant: --from dotprompt or --from humanloop
    [exit 1]
    $ promptctl import broken.yaml
    error[P001]: invalid indentation in multiline quoted scalar
      at: broken.yaml:2:1
      hint: close the quote ' that opens on line 1; a text of several lines goes after `|`, indented
      hint: a file of another kind is named by its format: --from FORMAT
    [exit 1]
    $ promptctl import circle
    error[P501]: no prompt file can be made of it: partials include each other: one → two → one
      at: circle/a.prompt:1:1
      hint: change it in the source
    [exit 1]
    $ promptctl import huge.prompt
    error[P009]: huge.prompt has more than 10 MB, and 10 MB are read
      at: huge.prompt
      hint: take what is not a prompt out of it
    [exit 1]
    $ promptctl import folder
    error[P521]: it could be of several formats: dotprompt, humanloop
      at: folder/either.prompt
      hint: name the one that is meant: --from dotprompt or --from humanloop
    error[P009]: it has 11 MB, and 10 MB are read
      at: folder/huge.prompt
      hint: take what is not a prompt out of it
    error[P008]: the file is not UTF-8 text
      at: folder/utf16.prompt:1:1
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

#[test]
fn what_stands_twice_in_a_source_is_not_decided_by_its_order() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "langfuse.json",
        r#"[{"name": "a", "version": 1, "prompt": "one"},
 {"name": "a", "version": 2, "prompt": "two"},
 {"name": "a", "version": 2, "prompt": "zwei"},
 {"name": "a", "version": 3, "prompt": "three"},
 {"name": "b", "version": 1, "prompt": "same", "updatedAt": "then"},
 {"name": "b", "version": 1, "prompt": "same", "updatedAt": "now"}]"#,
    );
    repo.write(
        "mlflow.json",
        r#"[{"name": "m", "version": "1", "template": "one"}, {"name": "m", "version": 1, "template": "uno"}]"#,
    );
    repo.write(
        "page.json",
        r#"{"model_versions": [{"name": "n", "version": "1", "template": "one"}], "next_page_token": "abc"}"#,
    );
    repo.write(
        "keys/langfuse.json",
        "{\"name\": \"k\", \"version\": 1,\n \"prompt\": \"a\", \"prompt\": \"b\"}",
    );
    repo.write(
        "keys/langchain.json",
        r#"{"_type": "prompt", "template": "a", "template": "b", "input_variables": []}"#,
    );
    repo.write(
        "keys/sk/config.json",
        r#"{"description": "a", "description": "b"}"#,
    );
    repo.write("keys/sk/skprompt.txt", "Hi");
    repo.write("answer.json", r#"{"findings": [], "findings": []}"#);
    assert_snapshot!(repo.play("
        promptctl import langfuse.json
        promptctl import mlflow.json
        promptctl import page.json --from mlflow
        promptctl import keys
        promptctl import keys/langfuse.json
        promptctl import answer.json
        git log --format=%s
    "), @"
    $ promptctl import langfuse.json
    a v1 made from langfuse.json, which looks like langfuse
    error[P501]: version 2 of a stands in the file more than once, and they differ
      at: langfuse.json:2:2
      hint: keep the one that is right
    error[P501]: version 2 of a stands in the file more than once, and they differ
      at: langfuse.json:3:2
      hint: keep the one that is right
    error[P512]: a: not written, because an earlier version of it was refused
      hint: mend that version in the source, and import again
    b v1 made from langfuse.json, which looks like langfuse
    note[P503]: version 1 stands in the file 2 times with the same text: it is taken once, with all labels and tags; of `updatedAt` the first counts
      at: langfuse.json:5:2
    2 prompts written; 3 prompts refused
    2 commits: each version of several has one of its own, and so has each prompt that came with a commit message
    [exit 3]
    $ promptctl import mlflow.json
    error[P501]: version 1 of m stands in the file more than once, and they differ
      at: mlflow.json:1:2
      hint: keep the one that is right
    error[P501]: version 1 of m stands in the file more than once, and they differ
      at: mlflow.json:1:52
      hint: keep the one that is right
    2 prompts refused
    [exit 1]
    $ promptctl import page.json --from mlflow
    error[P501]: a page of an answer, of which others are missing
      at: page.json:1:72
      hint: ask for all versions, and put those of all pages into one list `model_versions`
    [exit 1]
    $ promptctl import keys
    error[P002]: the key `template` stands twice in one map
      at: keys/langchain.json:1:38
      hint: take one of the two out
    error[P002]: the key `prompt` stands twice in one map
      at: keys/langfuse.json:2:17
      hint: take one of the two out
    error[P002]: the key `description` stands twice in one map
      at: keys/sk/config.json:1:22
      hint: take one of the two out
    3 prompts refused
    [exit 1]
    $ promptctl import keys/langfuse.json
    error[P002]: the key `prompt` stands twice in one map
      at: keys/langfuse.json:2:17
      hint: take one of the two out
    [exit 1]
    $ promptctl import answer.json
    error[P002]: the key `findings` stands twice in one map
      at: answer.json:1:18
      hint: take one of the two out
    [exit 1]
    $ git log --format=%s
    Import a v1 from langfuse.json
    Import b from langfuse.json
    start
    Set up promptctl
    ");
}

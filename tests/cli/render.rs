//! `render`: variables in, messages out; variants, attachments, and what is missing.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv};

#[test]
fn as_text_as_json_and_as_the_request() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl render support/triage --var ticket='I was charged twice'
         promptctl render support/triage --var ticket=Help --format json
         promptctl render support/triage --var ticket=Help --format request"
    ), @r#"
    $ promptctl render support/triage --var ticket='I was charged twice'
    system:
    You sort support tickets. Answer in en.
    Say which queue the ticket belongs to: billing or tech.

    user:
    I was charged twice
    $ promptctl render support/triage --var ticket=Help --format json
    {
      "schema": 1,
      "name": "support/triage",
      "version": 1,
      "model": "openai/gpt-5-mini",
      "messages": [
        {
          "role": "system",
          "content": "You sort support tickets. Answer in en.\nSay which queue the ticket belongs to: billing or tech.\n"
        },
        {
          "role": "user",
          "content": "Help"
        }
      ],
      "parameters": {
        "maxTokens": 800
      },
      "variables": {
        "ticket": "Help",
        "locale": "en"
      },
      "request_hash": "<id>"
    }
    $ promptctl render support/triage --var ticket=Help --format request
    {
      "model": "gpt-5-mini",
      "instructions": "You sort support tickets. Answer in en.\nSay which queue the ticket belongs to: billing or tech.\n",
      "input": [
        {
          "role": "user",
          "content": "Help"
        }
      ],
      "max_output_tokens": 800
    }
    "#);
}

#[test]
fn values_come_in_many_forms() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("all", "model: openai/gpt-5-mini\nmessages:\n- role: user\n  content: \"{{text}}|{{file}}|{{at}}|{{#each list}}{{this}},{{/each}}|{{n}}\"\n");
    repo.write("value.txt", "from a file");
    repo.write(
        "vars.json",
        r#"{"text": "from json", "n": 1, "list": ["x"]}"#,
    );
    repo.write("vars.yaml", "text: from yaml\nn: 2\n");
    assert_snapshot!(repo.play(
        "promptctl render all --var text=a=b --var file=@value.txt --var at=@@home --var list:=[1,2] --var n:=3.5
         promptctl render all --vars vars.json --var file=f --var at=a
         promptctl render all --vars vars.json --vars vars.yaml --var file=f --var at=a
         promptctl render all --vars vars.json --vars vars.yaml --var file=f --var at=a --var text=later"
    ), @"
    $ promptctl render all --var text=a=b --var file=@value.txt --var at=@@home --var list:=[1,2] --var n:=3.5
    user:
    a=b|from a file|@home|1,2,|3.5
    $ promptctl render all --vars vars.json --var file=f --var at=a
    user:
    from json|f|a|x,|1
    $ promptctl render all --vars vars.json --vars vars.yaml --var file=f --var at=a
    user:
    from yaml|f|a|x,|2
    $ promptctl render all --vars vars.json --vars vars.yaml --var file=f --var at=a --var text=later
    user:
    later|f|a|x,|2
    ");
    let run = repo.run_with(
        "promptctl render all --vars - --var file=f --var at=a",
        "text: piped\nlist: []\nn: 0\n",
    );
    assert_snapshot!(run, @"
    user:
    piped|f|a||0
    ");
    assert_snapshot!(repo.play(
        "promptctl render all --var text
         promptctl render all --var text=@nowhere.txt
         promptctl render all --var text:={
         promptctl render all --vars nowhere.yaml
         promptctl render all --vars value.txt"
    ), @"
    $ promptctl render all --var text
    error: invalid value 'text' for '--var <NAME=VALUE>': `text` is not `name=value`; `name=@file` takes the text of a file, `name:=json` numbers, lists and maps

    For more information, try '--help'.
    [exit 2]
    $ promptctl render all --var text=@nowhere.txt
    error[P017]: nowhere.txt could not be read: No such file or directory (os error 2)
    [exit 1]
    $ promptctl render all --var text:={
    error: invalid value 'text:={' for '--var <NAME=VALUE>': the value of `text` is not JSON: EOF while parsing an object at line 1 column 1; write `text=…` for plain text

    For more information, try '--help'.
    [exit 2]
    $ promptctl render all --vars nowhere.yaml
    error[P017]: nowhere.yaml could not be read: No such file or directory (os error 2)
    [exit 1]
    $ promptctl render all --vars value.txt
    error: value.txt does not hold a map of variables
      hint: write one `name: value` a line
    [exit 2]
    ");
}

#[test]
fn what_is_missing_wrong_or_unknown() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add(
        "typed",
        &TRIAGE
            .replace(
                "locale: {type: string, default: en}",
                "locale: {enum: [en, fr], default: en}\n      count: {type: integer, minimum: 1}",
            )
            .replace("{{ticket}}", "{{ticket}} {{#if count}}{{count}}{{/if}}"),
    );
    assert_snapshot!(repo.play(
        "promptctl render typed
         promptctl render typed --format json
         promptctl render typed --var ticket=a --var locale=de
         promptctl render typed --var ticket=a --var count=many
         promptctl render typed --var ticket=a --var count=0
         promptctl render typed --var ticket=a --var count=3
         promptctl render typed --var ticket=a --var locle=fr
         promptctl render typed --var tickett=a --var locle=fr
         promptctl render typed --var ticket:=null"
    ), @r#"
    $ promptctl render typed
    error[P102]: `ticket` has no value
      at: prompts/typed.prompt.yml:24:15
      hint: pass `--var ticket=…`, or give it a `default` in `input.schema`
    [exit 1]
    $ promptctl render typed --format json
    {"schema":1,"error":{"code":"P102","message":"`ticket` has no value","location":"prompts/typed.prompt.yml:24:15","hints":["pass `--var ticket=…`, or give it a `default` in `input.schema`"],"causes":[]}}
    [exit 1]
    $ promptctl render typed --var ticket=a --var locale=de
    error[P103]: `locale` must be one of ["en","fr"], and "de" was given
      at: prompts/typed.prompt.yml
      hint: `input.schema` in the prompt file says what is allowed
    [exit 1]
    $ promptctl render typed --var ticket=a --var count=many
    error[P103]: `count` must be an integer, and "many" was given
      at: prompts/typed.prompt.yml
      hint: pass `--var count:=…` with the value as JSON
    [exit 1]
    $ promptctl render typed --var ticket=a --var count=0
    error[P103]: `count` does not fit: 0 is less than the minimum of 1
      at: prompts/typed.prompt.yml
      hint: `input.schema` in the prompt file says what is allowed
    [exit 1]
    $ promptctl render typed --var ticket=a --var count=3
    system:
    You sort support tickets. Answer in en.
    Say which queue the ticket belongs to: billing or tech.

    user:
    a 3
    $ promptctl render typed --var ticket=a --var locle=fr
    system:
    You sort support tickets. Answer in en.
    Say which queue the ticket belongs to: billing or tech.

    user:
    a 
    --- stderr
    warning[P113]: the prompt has no variable `locle`
      help: `locale` is meant
    $ promptctl render typed --var tickett=a --var locle=fr
    error[P102]: `ticket` has no value
      at: prompts/typed.prompt.yml:24:15
      hint: `locle` was given: did you mean `locale`?
      hint: `tickett` was given: did you mean `ticket`?
      hint: pass `--var ticket=…`, or give it a `default` in `input.schema`
    [exit 1]
    $ promptctl render typed --var ticket:=null
    error[P102]: `ticket` has no value
      at: prompts/typed.prompt.yml:24:15
      hint: pass `--var ticket=…`, or give it a `default` in `input.schema`
    [exit 1]
    "#);
}

#[test]
fn values_are_never_expanded_again_and_nothing_is_escaped() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("greeting", SMALL);
    assert_eq!(
        repo.ok("promptctl render greeting --var name='{{name}} <b>&amp;</b>'"),
        "user:\nHello {{name}} <b>&amp;</b>\n"
    );
}

#[test]
fn a_message_with_escapes_for_a_terminal_is_made_harmless_in_errors() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("greeting", SMALL);
    let run = repo.run("promptctl render greeting --var name=x --var \u{1b}[31mred=1");
    assert!(!run.stderr.contains('\u{1b}'), "{run}");
}

fn variants(env: &TestEnv) -> Shell {
    let repo = env.repo();
    for (name, text) in [
        ("daily", "plain"),
        ("daily.zh", "zh"),
        ("daily.momentum", "momentum"),
        ("daily.momentum.zh", "momentum zh"),
    ] {
        repo.add(name, &SMALL.replace("Hello {{name}}", text));
    }
    repo
}

#[test]
fn the_most_special_variant_that_exists_is_taken() {
    let env = TestEnv::new();
    let repo = variants(&env);
    assert_snapshot!(repo.play(
        "promptctl render daily
         promptctl render daily --variant momentum --variant zh
         promptctl render daily --variant zh --variant momentum
         promptctl render daily --variant momentum --variant fr
         promptctl render daily --variant fr --variant zh
         promptctl render daily --variant fr
         promptctl render nobody --variant zh
         promptctl render daily --variant v3"
    ), @"
    $ promptctl render daily
    user:
    plain
    $ promptctl render daily --variant momentum --variant zh
    user:
    momentum zh
    --- stderr
    taken: daily.momentum.zh
    $ promptctl render daily --variant zh --variant momentum
    user:
    zh
    --- stderr
    taken: daily.zh
    $ promptctl render daily --variant momentum --variant fr
    user:
    momentum
    --- stderr
    taken: daily.momentum
    $ promptctl render daily --variant fr --variant zh
    user:
    zh
    --- stderr
    taken: daily.zh
    $ promptctl render daily --variant fr
    user:
    plain
    --- stderr
    taken: daily
    $ promptctl render nobody --variant zh
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
    [exit 1]
    $ promptctl render daily --variant v3
    error: `daily.v3` cannot be a name: a segment may not look like a version, which is written NAME@v3
    [exit 2]
    ");
}

#[test]
fn in_an_environment_the_variant_must_be_active_there() {
    let env = TestEnv::new();
    let repo = variants(&env);
    repo.ok("promptctl publish daily daily.zh daily.momentum.zh");
    assert_snapshot!(repo.play(
        "promptctl render daily@production --variant momentum --variant zh
         promptctl unpublish daily.momentum.zh
         promptctl render daily@production --variant momentum --variant zh
         promptctl render daily@production --variant momentum
         promptctl unpublish daily
         promptctl render daily@production --variant momentum"
    ), @"
    $ promptctl render daily@production --variant momentum --variant zh
    user:
    momentum zh
    --- stderr
    taken: daily.momentum.zh@production
    $ promptctl unpublish daily.momentum.zh
    daily.momentum.zh unpublished from production (was v1)
    live in production now: nothing of daily.momentum.zh; a service with a snapshot has v1 until it is deployed again
    hint: to undo it: promptctl rollback daily.momentum.zh
    $ promptctl render daily@production --variant momentum --variant zh
    user:
    zh
    --- stderr
    taken: daily.zh@production
    $ promptctl render daily@production --variant momentum
    user:
    plain
    --- stderr
    taken: daily@production
    $ promptctl unpublish daily
    daily unpublished from production (was v1)
    live in production now: nothing of daily; a service with a snapshot has v1 until it is deployed again
    hint: to undo it: promptctl rollback daily
    $ promptctl render daily@production --variant momentum
    error[P203]: daily is not live in production: Ada unpublished it (release 2)
      hint: promptctl rollback daily --env production brings it back
    [exit 1]
    ");
}

#[test]
fn attachments() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/charts/small.png", b"\x89PNG\r\n\x1a\n\0\0");
    repo.git("add prompts/charts");
    let prompt = |source: &str| {
        format!(
            "model: openai/gpt-5-mini\nmessages:\n- role: user\n  content:\n  - {{type: text, text: Look}}\n  - {{type: image, {source}, detail: low}}\n  - {{type: file, fileId: file-1}}\n"
        )
    };
    repo.add("inside", &prompt("path: charts/small.png"));
    repo.add("url", &prompt("url: \"{{chart}}\""));
    assert_snapshot!(repo.play(
        "promptctl render inside
         promptctl render inside --format json
         promptctl render url --var chart=https://example.com/a.png
         promptctl render url --var chart=@prompts/charts/small.png"
    ), @r#"
    $ promptctl render inside
    user:
    Look
    [image image/png, 10 bytes]
    [file file-1]
    $ promptctl render inside --format json
    {
      "schema": 1,
      "name": "inside",
      "version": 1,
      "model": "openai/gpt-5-mini",
      "messages": [
        {
          "role": "user",
          "content": [
            {
              "type": "text",
              "text": "Look"
            },
            {
              "type": "image",
              "url": "data:image/png;base64,iVBORw0KGgoAAA==",
              "detail": "low"
            },
            {
              "type": "file",
              "fileId": "file-1"
            }
          ]
        }
      ],
      "parameters": {},
      "variables": {},
      "request_hash": "<id>"
    }
    $ promptctl render url --var chart=https://example.com/a.png
    user:
    Look
    [image https://example.com/a.png]
    [file file-1]
    $ promptctl render url --var chart=@prompts/charts/small.png
    user:
    Look
    [image image/png, 10 bytes]
    [file file-1]
    "#);
    repo.write("../outside.png", "x");
    for path in [
        "../../outside.png",
        "/etc/passwd",
        "charts/nothing.png",
        "charts",
    ] {
        repo.write("prompts/bad.prompt.yml", prompt(&format!("path: {path}")));
        let run = repo.fails("promptctl render bad");
        assert!(
            ["P013", "P017", "P018"]
                .iter()
                .any(|code| run.stderr.contains(code)),
            "{path}: {run}"
        );
        assert!(run.stderr.contains(path), "{path}: {run}");
    }
}

#[test]
fn what_git_does_not_track_is_never_attached() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(".gitignore", ".env\nsecrets/\n");
    repo.write(".env", "TOKEN=hunter2");
    repo.write("prompts/secrets/key.txt", "hunter2");
    repo.write("prompts/notes.txt", "hunter2");
    let prompt = |path: &str| {
        format!(
            "model: openai/gpt-5-mini\nmessages:\n- role: user\n  content:\n  - {{type: file, path: {path}}}\n"
        )
    };
    for path in ["../.env", "secrets/key.txt", "notes.txt", "../.GIT/config"] {
        repo.write("prompts/bad.prompt.yml", prompt(path));
        for line in [
            "promptctl render bad --format json",
            "promptctl run bad --dry-run",
        ] {
            let run = repo.fails(line);
            assert!(!run.stdout.contains("data:"), "{path}: {run}");
        }
    }
    repo.write("prompts/bad.prompt.yml", prompt("../.env"));
    assert_snapshot!(repo.run("promptctl render bad"), @r"
    error[P018]: .env is not tracked by git, so it is not attached
      at: prompts/bad.prompt.yml
      hint: git ignores it, so it may hold what nobody else shall see: give its text with --var NAME=@FILE
    [exit 1]
    ");
    repo.write("prompts/bad.prompt.yml", prompt("notes.txt"));
    repo.git("add prompts/notes.txt");
    repo.ok("promptctl render bad");
}

#[test]
fn an_attachment_of_a_release_is_that_of_its_commit() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/note.txt", "old");
    repo.git("add --all");
    repo.git("commit --quiet --message Note");
    repo.add("reader", "model: openai/gpt-5-mini\nmessages:\n- role: user\n  content:\n  - {type: file, path: note.txt}\n");
    repo.ok("promptctl publish reader");
    repo.write("prompts/note.txt", "newer");
    let url = |reference: &str| {
        let rendered = repo.json(&format!("promptctl render {reference} --format json"));
        rendered["messages"][0]["content"][0].clone()
    };
    assert_ne!(url("reader"), url("reader@production"));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_repository_is_refused() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("../outside.txt", "secret");
    repo.add("greeting", SMALL);
    std::os::unix::fs::symlink("../../outside.txt", repo.dir.join("prompts/link.txt")).unwrap();
    repo.write("prompts/bad.prompt.yml", "model: openai/gpt-5-mini\nmessages:\n- role: user\n  content:\n  - {type: file, path: link.txt}\n");
    let run = repo.fails("promptctl render bad");
    assert!(!run.stderr.contains("secret"), "{run}");
    assert_snapshot!(run, @"
    error[P013]: prompts/link.txt is a symbolic link
      at: prompts/link.txt
      hint: put the file itself there: a link means something else in every clone
    [exit 1]
    ");
}

#[test]
fn a_topic_lists_the_helpers() {
    let env = TestEnv::new();
    let help = env.root().ok("promptctl help templates");
    for helper in [
        "default",
        "trend_label",
        "signal_label",
        "currency",
        "indent",
        "truncate",
    ] {
        assert!(help.contains(helper), "{helper}");
    }
}

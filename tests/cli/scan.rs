//! `scan --ids`: over real trees, with git and without.

use insta::assert_snapshot;

use crate::env::{Shell, TestEnv};

const A: &str = "pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn tree(shell: &Shell) {
    shell.write("src/app.py", format!("TRIAGE = \"{A}\"\n\ndef sort(t):\n    return client.responses.create(\n        prompt={{\"id\": TRIAGE, \"version\": \"6\", \"variables\": {{\"ticket\": t}}}},\n        input=[],\n        max_output_tokens=2048,\n    )\n"));
    shell.write("src/talk.ts", "const id = process.env.TALK_PROMPT_ID;\nclient.realtime.clientSecrets.create({ session: { type: 'realtime', prompt: { id, variables: { photo: { type: 'input_image', image_url: u } } } } });\n");
    shell.write(
        ".env",
        format!("OPENAI_API_KEY=sk-secret\nTALK_PROMPT_ID={B}\n"),
    );
    shell.write("README.md", "Set `pmpt_123` first.\n");
    shell.write("ignored/b.py", format!("X = '{B}'\n"));
    shell.write(".gitignore", ".env\nignored/\n");
    shell.write("image.bin", [b"\0\x01".as_slice(), A.as_bytes()].concat());
}

#[test]
fn ids_are_found_with_what_calls_them() {
    let env = TestEnv::new();
    let repo = env.repo();
    tree(&repo);
    assert_snapshot!(repo.run("promptctl scan --ids"), @"
    pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  talk
      current version  photo (image)
      .env:2:16  sets TALK_PROMPT_ID
      src/talk.ts:1:24  reads TALK_PROMPT_ID; sent in line 2; beside prompt: type; realtime: not covered by serve

    pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  triage
      version 6  ticket
      src/app.py:1:11  sent in line 5; beside prompt: input: [], max_output_tokens

    pmpt_123  a stand-in, not an id of OpenAI's
      README.md:1:6

    --- stderr
    2 stored prompts in 3 places of 3 files (7 files read), and 1 stand-in
    warning: realtime sessions and batches (1 place) are not covered by serve: put the text there yourself before 2026-11-30
    hint: promptctl scan --ids --format json | promptctl import - brings them here, until 2026-11-30
    ");
    assert_snapshot!(repo.run("promptctl scan --ids src --format github --fail"), @"
    ::warning file=src/app.py,line=1,col=11,title=P510::pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is a stored prompt at OpenAI, which ends on 2026-11-30%0Ahelp: promptctl scan --ids src --format json | promptctl import -
    --- stderr
    --fail: 1 stored prompt in 1 place that neither a comment nor .promptctl-baseline allows
    hint: `promptctl: allow P510` in a comment of the line allows one, promptctl scan --ids src --write-baseline all of today
    [exit 3]
    ");
    let shown = repo.json("promptctl scan --ids --format json");
    assert_eq!(shown["findings"][1]["stored"]["versions"][0], "6");
    assert_eq!(
        shown["findings"][0]["places"][1]["calls"][0]["served"],
        false
    );
    assert!(!shown.to_string().contains("sk-secret"));
}

#[test]
fn what_git_tracks_is_read_although_it_is_ignored() {
    let env = TestEnv::new();
    let repo = env.repo();
    tree(&repo);
    repo.ok("git add --force ignored/b.py");
    assert!(repo.ok("promptctl scan --ids").contains("ignored/b.py:1:6"));
    assert!(
        repo.ok("promptctl scan --ids ignored/b.py")
            .contains("ignored/b.py:1:6")
    );
}

#[test]
fn a_folder_without_git_is_scanned_by_its_ignore_rules() {
    let env = TestEnv::new();
    let folder = env.root().cd("tmp");
    tree(&folder);
    let text = folder.ok("promptctl scan --ids .");
    assert!(
        text.contains("src/app.py:1:11") && text.contains(".env:2:16"),
        "{text}"
    );
    assert!(!text.contains("ignored/"), "{text}");
    assert_snapshot!(folder.run("promptctl scan --ids nowhere"), @"
    error: there is no nowhere
      hint: name a file or a folder that exists
    [exit 2]
    ");
}

#[test]
fn fail_is_for_ids_in_use_that_no_line_allows() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("a.py", "X = 'pmpt_123'\n");
    assert_eq!(repo.run("promptctl scan --ids --fail").code, Some(0));
    repo.write("b.py", format!("X = '{A}'  # promptctl: allow P510\n"));
    assert_eq!(repo.run("promptctl scan --ids --fail").code, Some(0));
    repo.write("c.py", format!("X = '{A}'\n"));
    assert_eq!(repo.run("promptctl scan --ids --fail").code, Some(3));
}

/// It may come with a pull request, and a device has no end.
#[cfg(unix)]
#[test]
fn a_baseline_that_is_a_link_is_refused() {
    let env = TestEnv::new();
    let repo = env.repo();
    tree(&repo);
    repo.ok("ln -s /dev/zero .promptctl-baseline");
    assert_snapshot!(repo.run("promptctl scan --ids src --fail"), @"
    error[P511]: the baseline .promptctl-baseline could not be read
      at: .promptctl-baseline
      caused by: it is not a regular file
      hint: promptctl scan --ids --write-baseline --baseline .promptctl-baseline writes it
    [exit 1]
    ");
}

#[test]
fn the_baseline_lets_pass_what_was_there_and_nothing_new() {
    let env = TestEnv::new();
    let repo = env.repo();
    tree(&repo);
    assert_snapshot!(repo.run("promptctl scan --ids src --fail"), @"
    pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  triage
      version 6  ticket
      src/app.py:1:11  sent in line 5; beside prompt: input: [], max_output_tokens

    --- stderr
    1 stored prompt in 1 place of 1 file (2 files read)
    hint: promptctl scan --ids src --format json | promptctl import - brings them here, until 2026-11-30
    --fail: 1 stored prompt in 1 place that neither a comment nor .promptctl-baseline allows
    hint: `promptctl: allow P510` in a comment of the line allows one, promptctl scan --ids src --write-baseline all of today
    [exit 3]
    ");
    repo.ok("promptctl scan --ids --write-baseline");
    assert_snapshot!(repo.read(".promptctl-baseline"), @"
    # Ids of stored prompts that `promptctl scan --ids --fail` lets pass: an id and its file on each line.
    # `promptctl scan --ids --write-baseline` writes the list again.
    pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa src/app.py
    pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb .env
    ");
    assert_eq!(repo.run("promptctl scan --ids --fail").code, Some(0));
    // From any folder, and in annotations too; the list itself is in no use.
    assert_eq!(
        repo.cd("src").run("promptctl scan --ids --fail").code,
        Some(0)
    );
    assert_eq!(repo.ok("promptctl scan --ids --format github"), "");
    let shown = repo.json("promptctl scan --ids --format json");
    assert_eq!(shown["findings"][0]["places"][0]["known"], true);
    assert!(
        repo.ok("promptctl scan --ids src")
            .contains("in the baseline")
    );
    // Lines may move; another file, and another id, are new.
    repo.write(
        "src/app.py",
        format!("# moved\n\n{}", repo.read("src/app.py")),
    );
    assert_eq!(repo.run("promptctl scan --ids --fail").code, Some(0));
    repo.write("src/new.py", format!("X = '{A}'\n"));
    assert_snapshot!(repo.run("promptctl scan --ids --fail --format github"), @"
    ::warning file=src/new.py,line=1,col=6,title=P510::pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is a stored prompt at OpenAI, which ends on 2026-11-30%0Ahelp: promptctl scan --ids --format json | promptctl import -
    --- stderr
    --fail: 1 stored prompt in 1 place that neither a comment nor .promptctl-baseline allows
    hint: `promptctl: allow P510` in a comment of the line allows one, promptctl scan --ids --write-baseline all of today
    [exit 3]
    ");
    repo.write("src/new.py", "");
    repo.write("src/app.py", format!("X = '{B}'\n"));
    assert_eq!(repo.run("promptctl scan --ids --fail").code, Some(3));
    // What was not looked at stays.
    repo.ok("promptctl scan --ids src --write-baseline");
    let text = repo.read(".promptctl-baseline");
    assert!(
        text.contains(&format!("{B} .env\n")) && text.contains(&format!("{B} src/app.py\n")),
        "{text}"
    );
    assert!(!text.contains(A), "{text}");
    repo.write(".promptctl-baseline", "# mine\n\npmpt_1\n");
    assert_snapshot!(repo.play("
        promptctl scan --ids --fail
        promptctl scan --ids --baseline nowhere.txt
    "), @"
    $ promptctl scan --ids --fail
    error[P511]: line 3 of .promptctl-baseline is not an id and a file
      at: .promptctl-baseline:3:1
      hint: write `pmpt_… src/app.py`, or take the line out
    [exit 1]
    $ promptctl scan --ids --baseline nowhere.txt
    error[P511]: the baseline nowhere.txt could not be read: No such file or directory (os error 2)
      at: nowhere.txt
      hint: promptctl scan --ids --write-baseline --baseline nowhere.txt writes it
    [exit 1]
    ");
}

#[test]
fn a_baseline_is_kept_where_there_is_no_git() {
    let env = TestEnv::new();
    let folder = env.root().cd("tmp");
    folder.write("a.py", format!("X = '{A}'\n"));
    folder.ok("promptctl scan --ids --write-baseline");
    assert_eq!(folder.run("promptctl scan --ids --fail").code, Some(0));
    folder.ok("promptctl scan --ids --write-baseline --baseline known.txt");
    assert_eq!(folder.read("known.txt"), folder.read(".promptctl-baseline"));
    assert_eq!(
        folder
            .run("promptctl scan --ids --fail --baseline known.txt")
            .code,
        Some(0)
    );
}

#[test]
fn a_baseline_is_no_place_whatever_it_is_called() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("src/a.py", format!("X = '{A}'\n"));
    repo.write("ci/mine.txt", format!("{A} ../src/a.py\n"));
    repo.ok("promptctl scan --ids --write-baseline");
    repo.ok("promptctl scan --ids --write-baseline --baseline ci/known.txt");
    for (folder, line) in [
        (
            ".",
            "promptctl scan --ids --fail --baseline ./ci/../ci/known.txt",
        ),
        ("src", "promptctl scan --ids .. --fail"),
        (
            "ci",
            "promptctl scan --ids .. --fail --baseline ../ci/known.txt",
        ),
    ] {
        let run = repo.cd(folder).run(line);
        // The list that somebody wrote by hand, under another name, is a file as any other.
        assert!(run.stderr.contains("in 2 places of 2 files"), "{run}");
        assert!(!run.stdout.contains("known.txt"), "{run}");
    }
    let run = repo.run("promptctl scan --ids --fail --baseline ci/mine.txt");
    assert!(
        run.stderr.contains("in 1 place of 1 file") && !run.stdout.contains("mine.txt"),
        "{run}"
    );
}

#[test]
fn what_is_new_comes_first_and_what_was_imported_is_told() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("a.py", format!("X = '{A}'\n"));
    repo.ok("promptctl scan --ids --write-baseline");
    repo.write("b.py", format!("X = '{B}'\n"));
    repo.write("c.py", "no id\n");
    repo.add("triage", &format!("model: openai/gpt-5-mini\nmessages: [{{role: user, content: Hi}}]\nsource:\n  format: openai\n  id: {A}\n"));
    repo.ok("promptctl publish --quiet triage");
    let snapshot = repo.ok("promptctl get --all --versions --env production --format json");
    repo.write("service/prompts.json", snapshot);
    assert_snapshot!(repo.run("promptctl scan --ids --fail"), @"
    pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  x-2
      b.py:1:6  new

    --- stderr
    2 stored prompts in 2 places of 2 files (8 files read); 1 place is new
    hint: promptctl scan --ids --format json | promptctl import - brings them here, until 2026-11-30
    --fail: 1 stored prompt in 1 place that neither a comment nor .promptctl-baseline allows
    hint: `promptctl: allow P510` in a comment of the line allows one, promptctl scan --ids --write-baseline all of today
    [exit 3]
    ");
    let whole = repo.ok("promptctl scan --ids");
    let place = |what: &str| whole.find(what).unwrap();
    assert!(
        place("b.py:1:6  new") < place("a.py:1:6  in the baseline"),
        "{whole}"
    );
    assert!(whole.contains("imported here as triage"), "{whole}");
    let shown = repo.json("promptctl scan --ids --format json");
    assert_eq!(shown["findings"][0]["imported"], "triage");
    assert_eq!(shown["findings"][1]["imported"], serde_json::Value::Null);
    assert_eq!(shown["findings"][0]["places"][0]["new"], false);
    assert_eq!(shown["findings"][1]["places"][0]["new"], true);
    repo.write("b.py", "");
    // All of it is here: there is nothing to bring.
    assert_snapshot!(repo.run("promptctl scan --ids --fail"), @"1 stored prompt in 1 place of 1 file (8 files read); none is new");
}

#[test]
fn the_next_step_keeps_the_paths_that_were_given() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("my app/it's.py", format!("X = '{A}'\n"));
    let output = repo
        .command("promptctl")
        .args(["scan", "--ids", "my app"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(
            "hint: promptctl scan --ids 'my app' --format json | promptctl import - brings"
        ),
        "{said}"
    );
}

#[test]
fn names_of_files_and_variables_cannot_start_a_line() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "a.py",
        format!("f(prompt={{'id': '{A}', 'variables': {{'x\u{1b}[2J': 1}}}})\n"),
    );
    if cfg!(unix) {
        repo.write("b\n::error::x.py", format!("X = '{B}'\n"));
    }
    for format in ["text", "github"] {
        let text = repo.ok(&format!("promptctl scan --ids --format {format}"));
        assert!(
            !text.contains('\u{1b}') && !text.lines().any(|line| line.starts_with("::error")),
            "{text}"
        );
    }
}

#[test]
fn the_topic_is_printed_and_listed() {
    let env = TestEnv::new();
    let topic = env.root().ok("promptctl help stored-prompts");
    assert!(
        topic.starts_with("# The way out of OpenAI's stored prompts\n"),
        "{topic}"
    );
    assert!(env.root().ok("promptctl help").contains("stored-prompts"));
    assert!(
        env.root()
            .ok("promptctl help publish")
            .contains("Make a version live")
    );
    assert_eq!(env.root().run("promptctl help nothing").code, Some(2));
}

#[test]
fn a_prompt_that_calls_a_stored_one_is_an_error_of_doctor_from_december_on() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("p", "model: openai/gpt-5-mini\nmessages:\n  - role: user\n    content: Hi\nopenai:\n  promptId: pmpt_1\n");
    assert_snapshot!(repo.run("promptctl doctor"), @"
    warning[P520]: p calls a stored prompt, which OpenAI ends on 2026-11-30
      at: prompts/p.prompt.yml:7:1
      help: promptctl edit p --unset openai
    0 errors, 1 warning
    ");
    assert_snapshot!(repo.at("2026-12-01T00:00:00Z").run("promptctl doctor"), @"
    error[P520]: p calls a stored prompt, and OpenAI ended those on 2026-11-30
      at: prompts/p.prompt.yml:7:1
      help: promptctl edit p --unset openai
    1 error, 0 warnings
    [exit 3]
    ");
    repo.ok("promptctl edit p --unset openai");
    assert_eq!(
        repo.at("2026-12-01T00:00:00Z").run("promptctl doctor").code,
        Some(0)
    );
}

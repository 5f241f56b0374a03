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
      versions   OpenAI's current one
      variables  photo (image)
      .env:2:16  sets TALK_PROMPT_ID
      src/talk.ts:1:24  reads TALK_PROMPT_ID; sent in line 2; beside prompt: type; realtime: not covered by serve

    pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  triage
      versions   6
      variables  ticket
      src/app.py:1:11  sent in line 5; beside prompt: input: [], max_output_tokens

    pmpt_123  a stand-in, not an id of OpenAI's
      README.md:1:6

    --- stderr
    2 stored prompts in 3 places of 7 files, and 1 stand-in
    warning: realtime sessions and batches (1 place) are not covered by serve: put the text there yourself before 2026-11-30
    hint: promptctl scan --ids --format json | promptctl import - brings them here, until 2026-11-30
    ");
    assert_snapshot!(repo.run("promptctl scan --ids src --format github --fail"), @"
    ::warning file=src/app.py,line=1,col=11,title=P510::pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is a stored prompt at OpenAI, which ends on 2026-11-30%0Ahelp: promptctl scan --ids --format json | promptctl import -
    --- stderr
    1 stored prompt in use: --fail
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
    assert_snapshot!(folder.run("promptctl scan"), @"
    error: the following required arguments were not provided:
      --ids

    Usage: promptctl scan --ids [PATH]...

    For more information, try '--help'.
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

//! Bad input gets a finding, never a crash, and soon.

use std::fs;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::formats;
use crate::env::TestEnv;

#[test]
fn every_kind_of_bad_file_is_a_finding() {
    let env = TestEnv::new();
    let repo = env.repo();
    let write = |name: &str, bytes: &[u8]| repo.write(&format!("prompts/{name}.prompt.yml"), bytes);
    let deep = "- ".repeat(10_000);
    let bomb: String = (1..30)
        .map(|level| format!("l{level}: &l{level} [*l{0},*l{0},*l{0},*l{0}]\n", level - 1))
        .collect();
    write("alias", format!("l0: &l0 x\n{bomb}").as_bytes());
    write("binary", b"\x00\x01\x02\x03");
    write(
        "brace",
        b"version: 1\nmessages: [{role: user, content: \"{{\"}]\n",
    );
    write(
        "one-brace",
        b"version: 1\nmessages: [{role: user, content: \"{\"}]\n",
    );
    write("deep", deep.as_bytes());
    write("empty", b"");
    write("flow", "[".repeat(10_000).as_bytes());
    write("large", &vec![b'a'; 50 * 1024 * 1024]);
    write("latin", b"name: caf\xe9\n");
    write("list", b"- a\n");
    fs::create_dir_all(repo.dir.join("prompts/folder.prompt.yml")).unwrap();
    repo.write("../outside.yml", "messages: []\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(
        "../../outside.yml",
        repo.dir.join("prompts/link.prompt.yml"),
    )
    .unwrap();
    let begun = Instant::now();
    insta::assert_snapshot!(repo.findings(""), @r"
    error P010 prompts/alias.prompt.yml:1:9 the file goes past a limit
    error P001 prompts/binary.prompt.yml:1:1 unexpected character: `\u{0}'
    error P101 prompts/brace.prompt.yml:2:35 `{{` is never closed: `}}` is missing
    error P010 prompts/deep.prompt.yml:1:81 the file goes past a limit
    error P006 prompts/empty.prompt.yml the file is empty
    error P010 prompts/flow.prompt.yml:1:41 the file is nested too deeply
    error P017 prompts/folder.prompt.yml prompts/folder.prompt.yml is not a regular file
    error P009 prompts/large.prompt.yml the file has 50 MB
    error P008 prompts/latin.prompt.yml:1:10 prompts/latin.prompt.yml is not UTF-8 text
    error P013 prompts/link.prompt.yml prompts/link.prompt.yml is a symbolic link
    error P005 prompts/list.prompt.yml:1:1 a prompt file is a map, this is a list
    ");
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    // The text report marks lines of all of them without harm.
    let said = repo.run("promptctl validate");
    assert_eq!(said.code, Some(3));
    assert!(said.stdout.len() < 20_000, "{}", said.stdout.len());
}

/// One run over many files: a process for each would take minutes.
#[test]
fn three_hundred_random_files_end_in_findings() {
    let env = TestEnv::new();
    let repo = env.repo();
    let piece = prop_oneof![
        "[a-z]{1,8}: ",
        "[ \\n\\t]{1,4}",
        "- ",
        "\\{\\{[#/>!a-z. ]{0,8}\\}{0,2}",
        "[\\[\\]{}|>&*!%@`'\"#,?:-]{1,3}",
        "messages:\\n",
        "role: user\\n",
        "content: \\|\\n    ",
        "# promptctl: allow P[0-9]{0,3}\\n",
        "version: [0-9]{1,12}\\n",
        "\\PC{1,6}",
        "[\\u{200b}\\u{202e}\\r\\u{0}]",
    ];
    let file = prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat());
    let mut runner = TestRunner::deterministic();
    for index in 0..300 {
        let text = file.new_tree(&mut runner).unwrap().current();
        let kind = if index % 5 == 0 {
            format!("prompts/_p{index}.hbs")
        } else {
            format!("prompts/p{index}.prompt.yml")
        };
        repo.write(&kind, text);
    }
    for format in formats() {
        let said = repo.run(&format!("promptctl validate --format {format}"));
        assert_eq!(said.code, Some(3), "{format}: {}", said.stderr);
        assert!(
            !said.stderr.contains("panicked"),
            "{format}: {}",
            said.stderr
        );
    }
    assert_eq!(repo.run("promptctl validate --fix").code, Some(3));
}

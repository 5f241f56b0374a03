//! git that is missing, fails, or works in a folder that is gone.

use insta::assert_snapshot;

use crate::env::{SMALL, TestEnv};

#[test]
fn what_git_cannot_do_is_said_in_its_own_words() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/a.prompt.yml", SMALL);
    repo.git("add -A");
    repo.git("commit -qm Add");
    repo.write("prompts/b.prompt.yml", SMALL);
    repo.write(".git/index", "no index");
    assert_snapshot!(repo.play("promptctl bump b"), @"
    $ promptctl bump b
    error[P237]: git failed: $ROOT/repo/.git/index: index file smaller than expected
      hint: promptctl doctor looks for what is wrong with this clone
    [exit 1]
    ");
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_gone_is_named() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("gone/keep", "");
    let repo = repo.with("PROMPTCTL", env!("CARGO_BIN_EXE_promptctl"));
    let lines = "sh -c 'cd gone && rm -r ../gone && \"$PROMPTCTL\" list'";
    assert_snapshot!(repo.play(lines), @r#"
    $ sh -c 'cd gone && rm -r ../gone && "$PROMPTCTL" list'
    error[P236]: the current folder cannot be used: No such file or directory (os error 2)
      hint: cd into a folder that exists, or name one with -C DIR
    [exit 1]
    "#);
}

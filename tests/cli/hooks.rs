//! `init --hooks`, and what the hook does when git commits.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TestEnv, hook};

const FILE: &str = "prompts/support/triage.prompt.yml";

/// A repository with `support/triage` v1 and the hook.
fn with_hook(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.ok("promptctl init --quiet --hooks");
    repo
}

fn version(repo: &Shell, reference: &str) -> u64 {
    let shown = repo.json(&format!("promptctl show {reference} --format json"));
    shown["version"].as_u64().unwrap()
}

#[test]
fn the_hook_is_installed_once() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl init --hooks
         promptctl init --hooks
         git status --porcelain"
    ), @"
    $ promptctl init --hooks
    wrote .git/hooks/pre-commit
    wrote .git/hooks/pre-merge-commit
    $ promptctl init --hooks
    everything is set up already: nothing to do
    $ git status --porcelain
    ");
    assert_eq!(repo.refs(), before);
    // An older one of ours is renewed.
    let own = repo.read(".git/hooks/pre-commit");
    repo.write(".git/hooks/pre-commit", own.replace("*.hbs", "*.old"));
    assert_snapshot!(repo.play("promptctl init --hooks"), @"
    $ promptctl init --hooks
    wrote .git/hooks/pre-commit
    ");
    assert_eq!(repo.read(".git/hooks/pre-commit"), own);
}

#[test]
fn what_was_changed_is_raised_and_staged() {
    let env = TestEnv::new();
    let repo = with_hook(&env);
    repo.replace(FILE, "800  ", "600  ");
    assert_snapshot!(repo.play(
        "git commit --all --message Shorter
         git status --porcelain
         git show --no-ext-diff --format=%s"
    ), @"
    $ git commit --all --message Shorter
    [main 9eae5e5] Shorter
     1 file changed, 3 insertions(+), 3 deletions(-)
    --- stderr
    support/triage v2 (was v1), staged
    $ git status --porcelain
    $ git show --no-ext-diff --format=%s
    Shorter

    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -1,12 +1,12 @@
     name: Support triage
     description: Sorts an incoming ticket.   # for the support team
    -version: 1
    -digest: xxxxxxxxxxxx
    +version: 2
    +digest: xxxxxxxxxxxx
     tags: [tickets]
     category: support
     model: openai/gpt-5-mini
     modelParameters:
    -  maxTokens: 800        # room for the draft
    +  maxTokens: 600        # room for the draft
     input:
       schema:
         type: object
    ");
    assert_eq!(version(&repo, "support/triage@HEAD"), 2);
    // A title is no new version, and other files start nothing.
    repo.replace(FILE, "name: Support triage", "name: Triage");
    repo.write("note.txt", "x");
    repo.git("add --all");
    assert_eq!(repo.run("git commit --quiet --message Title").stderr, "");
    assert_eq!(version(&repo, "support/triage@HEAD"), 2);
}

#[test]
fn a_new_file_gets_its_first_number() {
    let env = TestEnv::new();
    let repo = with_hook(&env);
    repo.write("prompts/small.prompt.yml", SMALL);
    repo.git("add --all");
    assert_snapshot!(repo.play("git commit --quiet --message Small"), @"
    $ git commit --quiet --message Small
    small v1, numbered for the first time, staged
    ");
    assert!(
        repo.git("show HEAD:prompts/small.prompt.yml")
            .starts_with("version: 1\ndigest: ")
    );
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn only_what_is_staged_counts() {
    let env = TestEnv::new();
    let repo = with_hook(&env);
    repo.replace(FILE, "800  ", "600  ");
    repo.git("add --all");
    repo.replace(FILE, "Answer in", "Reply in");
    let (staged, own) = (repo.git("diff --cached"), repo.read(FILE));
    assert_snapshot!(repo.play("git commit --quiet --message Shorter"), @"
    $ git commit --quiet --message Shorter
    error[P207]: the content of support/triage changed and its version did not
      at: prompts/support/triage.prompt.yml
      hint: the file has changes beside those that are staged, which a bump would mix
      hint: stage all of it: promptctl bump support/triage && git add prompts/support/triage.prompt.yml
      hint: or put the rest aside: git stash --keep-index, commit, git stash pop
    [exit 1]
    ");
    assert_eq!(repo.git("diff --cached"), staged);
    assert_eq!(repo.read(FILE), own);
    assert_eq!(repo.git("rev-list --count HEAD"), "2");
    // What the message says to do.
    repo.git("stash --quiet --keep-index");
    repo.ok("git commit --quiet --message Shorter");
    assert_eq!(version(&repo, "support/triage@HEAD"), 2);
    assert_eq!(repo.git("status --porcelain"), "");
    // A prompt that is wrong in the working copy alone is in nobody's way.
    repo.write("note.txt", "x");
    repo.git("add note.txt");
    repo.replace(FILE, "messages:", "mesages:");
    repo.ok("git commit --quiet --message Note");
}

#[test]
fn errors_stop_the_commit() {
    let env = TestEnv::new();
    let repo = with_hook(&env);
    repo.replace(FILE, "{{ticket}}", "{{tiket}}");
    repo.replace(FILE, "- role: user", "- role: usr");
    assert_snapshot!(repo.play("git commit --all --message Wrong"), @"
    $ git commit --all --message Wrong
    error[P007]: `usr` is not a role; `user` is meant
      --> prompts/support/triage.prompt.yml:22:11
       |
    22 |   - role: usr
       |           ^^^
       = help: roles are system, developer, user and assistant

    1 checked, 1 error, 0 warnings
    hint: nothing was committed; git commit --no-verify leaves this check out
    [exit 1]
    ");
    assert_eq!(repo.git("rev-list --count HEAD"), "2");
    assert_eq!(version(&repo, "support/triage@HEAD"), 1);
    repo.ok("git commit --quiet --all --no-verify --message Wrong");
}

#[test]
fn a_partial_raises_those_who_include_it() {
    let env = TestEnv::new();
    let repo = with_hook(&env);
    repo.add("small", SMALL);
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.replace(FILE, "You sort", "{{> tone}}\n      You sort");
    repo.git("add --all");
    repo.ok("git commit --quiet --message Partial");
    repo.write("prompts/_tone.hbs", "Be very kind.\n");
    assert_snapshot!(repo.play(
        "git commit --quiet --all --message Kinder
         git show --stat --format=%s
         git status --porcelain"
    ), @"
    $ git commit --quiet --all --message Kinder
    support/triage v3 (was v2), staged
    $ git show --stat --format=%s
    Kinder

     prompts/_tone.hbs                 | 2 +-
     prompts/support/triage.prompt.yml | 4 ++--
     2 files changed, 3 insertions(+), 3 deletions(-)
    $ git status --porcelain
    ");
    repo.git("rm --quiet prompts/_tone.hbs");
    assert_snapshot!(repo.play("git commit --message Gone"), @"
    $ git commit --message Gone
    error[P106]: there is no partial `tone`
      --> prompts/support/triage.prompt.yml:20:7
       |
    20 |       {{> tone}}
       |       ^^^^^^^^^^
       = help: make the file `_tone.hbs` below a root

    1 checked, 1 error, 0 warnings
    hint: nothing was committed; git commit --no-verify leaves this check out
    [exit 1]
    ");
}

#[test]
fn a_commit_of_named_files_is_told_to_bump_first() {
    let env = TestEnv::new();
    let repo = with_hook(&env);
    repo.replace(FILE, "800  ", "600  ");
    assert_snapshot!(repo.play("git commit --message Shorter prompts/support/triage.prompt.yml"), @"
    $ git commit --message Shorter prompts/support/triage.prompt.yml
    error[P207]: the content of support/triage changed and its version did not
      at: prompts/support/triage.prompt.yml
      hint: git commit with paths, or --only, leaves no room to do it here: promptctl bump support/triage, then commit again
    [exit 1]
    ");
    assert_eq!(repo.git("diff --cached --name-only"), "");
    repo.ok("promptctl bump --quiet support/triage");
    repo.ok("git commit --quiet --message Shorter prompts/support/triage.prompt.yml");
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn the_commands_that_commit_are_not_in_their_own_way() {
    let env = TestEnv::new();
    let repo = with_hook(&env);
    repo.add("small", SMALL);
    repo.ok("promptctl edit small --set modelParameters.maxTokens=50 -m Short");
    assert_eq!(version(&repo, "small@HEAD"), 2);
    repo.ok("promptctl seed core --quiet");
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn the_first_commit_an_amended_one_and_a_worktree() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet repo");
    let repo = env.root().cd("repo");
    repo.ok("promptctl init --quiet --hooks");
    repo.write("prompts/small.prompt.yml", SMALL);
    repo.git("add --all");
    repo.ok("git commit --quiet --amend --message First");
    assert_eq!(version(&repo, "small@HEAD"), 1);
    repo.git("worktree add --quiet ../tree");
    let tree = env.root().cd("tree");
    assert_snapshot!(tree.play("promptctl init --hooks"), @"
    $ promptctl init --hooks
    everything is set up already: nothing to do
    ");
    tree.replace("prompts/small.prompt.yml", "Hello", "Hi");
    tree.cd("prompts")
        .ok("git commit --quiet --all --message Hi");
    assert_eq!(version(&tree, "small@HEAD"), 2);
    assert_eq!(tree.git("status --porcelain"), "");
}

#[test]
fn hooks_of_somebody_else_are_left_alone() {
    let env = TestEnv::new();
    let repo = env.triage();
    hook(&repo, ".git/hooks/pre-commit", "exit 0");
    assert_snapshot!(repo.play("promptctl init --hooks"), @"
    $ promptctl init --hooks
    error[P330]: a pre-commit hook exists already
      at: $ROOT/repo/.git/hooks/pre-commit
      hint: add this line to it: promptctl hook pre-commit
    [exit 1]
    ");
    hook(
        &repo,
        ".git/hooks/pre-commit",
        "# File generated by pre-commit: https://pre-commit.com",
    );
    let run = repo.fails("promptctl init --hooks --diff-driver");
    assert!(run.stderr.contains(".pre-commit-config.yaml"), "{run}");
    // Nothing else was done either.
    assert!(!repo.exists(".gitattributes"));
    assert_eq!(
        repo.git("config --list --name-only")
            .matches("promptctl")
            .count(),
        0
    );
    // One that calls promptctl by itself is enough.
    hook(
        &repo,
        ".git/hooks/pre-commit",
        "promptctl hook pre-commit || exit 1",
    );
    assert_snapshot!(repo.play("promptctl init --hooks"), @"
    $ promptctl init --hooks
    wrote .git/hooks/pre-merge-commit
    ");
}

#[test]
fn hooks_path_is_respected() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("config core.hooksPath .githooks");
    assert_snapshot!(repo.play(
        "promptctl init --hooks
         git status --porcelain"
    ), @"
    $ promptctl init --hooks
    wrote .githooks/pre-commit
    wrote .githooks/pre-merge-commit
    $ git status --porcelain
    ?? .githooks/
    ");
    repo.git("config core.hooksPath ../shared-hooks");
    assert_snapshot!(repo.play("promptctl init --hooks"), @"
    $ promptctl init --hooks
    error[P330]: git takes its hooks from a folder that other repositories use too
      at: $ROOT/repo/../shared-hooks
      hint: core.hooksPath says so; add this line to its pre-commit: promptctl hook pre-commit
      hint: or give this repository hooks of its own: git config core.hooksPath .githooks
    [exit 1]
    ");
    assert!(!env.root().exists("shared-hooks"));
}

#[test]
fn without_the_program_nothing_is_in_the_way() {
    let env = TestEnv::new();
    let repo = with_hook(&env);
    let own = repo.read(".git/hooks/pre-commit");
    let program = env!("CARGO_BIN_EXE_promptctl").replace('\\', "/");
    hook(
        &repo,
        ".git/hooks/pre-commit",
        &own.replace(&program, "/gone/promptctl"),
    );
    repo.replace(FILE, "800  ", "600  ");
    assert_snapshot!(repo.play("git commit --quiet --all --message Shorter"), @"
    $ git commit --quiet --all --message Shorter
    promptctl was not found, so the prompts of this commit are not checked: see its README
    ");
    assert_eq!(repo.git("rev-list --count HEAD"), "3");
}

#[test]
fn outside_of_a_hook_it_can_be_tried() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play("promptctl hook pre-commit"), @"$ promptctl hook pre-commit");
    repo.replace(FILE, "800  ", "600  ");
    repo.git("add --all");
    assert_snapshot!(repo.play(
        "promptctl hook pre-commit
         promptctl hook pre-commit
         git status --porcelain"
    ), @"
    $ promptctl hook pre-commit
    support/triage v2 (was v1), staged
    $ promptctl hook pre-commit
    $ git status --porcelain
    M  prompts/support/triage.prompt.yml
    ");
}

#[test]
fn a_merge_that_makes_new_content_is_stopped_and_finished_by_a_commit() {
    let env = TestEnv::new();
    let repo = with_hook(&env);
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.replace(FILE, "You sort", "{{> tone}}\n      You sort");
    repo.git("add --all");
    repo.ok("git commit --quiet --message Partial");
    // One side changes the partial alone, the other the prompt: git merges them by itself.
    repo.git("switch --quiet --create other");
    repo.replace(FILE, "800  ", "600  ");
    repo.ok("git commit --quiet --all --message Shorter");
    repo.git("switch --quiet main");
    repo.write("prompts/_tone.hbs", "Be very kind.\n");
    repo.git("add --all");
    repo.ok("git commit --quiet --no-verify --message Kinder");
    assert_snapshot!(repo.play(
        "git merge --no-edit other
         git commit --no-edit
         git status --porcelain
         promptctl validate"
    ), @"
    $ git merge --no-edit other
    error[P207]: the content of support/triage changed and its version did not
      hint: each side is sound by itself, but the two make new content together
      hint: git commit finishes the merge, and raises what needs it
    Not committing merge; use 'git commit' to complete the merge.
    [exit 1]
    $ git commit --no-edit
    [main 3eb1969] Merge branch 'other'
    --- stderr
    support/triage v4 (was v3), staged
    $ git status --porcelain
    $ promptctl validate
    1 checked, 0 errors, 0 warnings
    ");
    // v3 is the other side's.
    assert_eq!(version(&repo, "support/triage@HEAD"), 4);
    assert_eq!(repo.git("rev-list --parents -1 HEAD").split(' ').count(), 3);
    // A merge that needs nothing is made.
    repo.git("switch --quiet --create third main~1");
    repo.write("note.txt", "x");
    repo.git("add --all");
    repo.ok("git commit --quiet --message Note");
    repo.ok("git merge --quiet --no-edit main");
}

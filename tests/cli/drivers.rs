//! `init --diff-driver`: what git itself shows then.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv};

const FILE: &str = "prompts/support/triage.prompt.yml";

/// A repository with `support/triage` v1 and the drivers.
pub(crate) fn with_drivers(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.ok("promptctl init --quiet --diff-driver");
    repo
}

#[test]
fn the_attributes_are_committed_and_the_drivers_are_this_clones() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("note.txt", "mine");
    repo.git("add note.txt");
    assert_snapshot!(repo.play(
        "promptctl init --diff-driver
         git show --stat --format=%s
         cat .gitattributes
         git status --short
         promptctl init --diff-driver"
    ), @"
    $ promptctl init --diff-driver
    wrote .gitattributes
    git diff, log -p, difftool and merge know prompts in this clone from now on
    hint: git keeps its drivers in each clone: promptctl init --diff-driver sets up the others
    $ git show --stat --format=%s
    Set up promptctl

     .gitattributes | 3 +++
     1 file changed, 3 insertions(+)
    $ cat .gitattributes
    # promptctl: how git compares and merges prompts
    /prompts/**/*.prompt.yml diff=promptctl merge=promptctl
    /prompts/**/*.prompt.yaml diff=promptctl merge=promptctl
    $ git status --short
    A  note.txt
    $ promptctl init --diff-driver
    everything is set up already: nothing to do
    ");
    let before = repo.refs();
    // Another clone has the attributes, and merges as git does until it is set up.
    env.root().ok("git clone --quiet repo second");
    let second = env.root().cd("second");
    assert_snapshot!(second.play("promptctl init --diff-driver"), @"
    $ promptctl init --diff-driver
    git fetch brings the tags of releases from now on
    git diff, log -p, difftool and merge know prompts in this clone from now on
    hint: git keeps its drivers in each clone: promptctl init --diff-driver sets up the others
    ");
    assert_eq!(second.git("rev-parse HEAD"), repo.git("rev-parse HEAD"));
    assert_eq!(repo.refs(), before);
}

#[test]
fn git_diff_shows_words_and_what_they_mean() {
    let env = TestEnv::new();
    let repo = with_drivers(&env);
    repo.add("small", SMALL);
    repo.replace(FILE, "800  ", "600  ");
    repo.replace(FILE, "Answer in", "Answer kindly in");
    repo.replace(FILE, "required: [ticket]", "required: [ticket, locale]");
    repo.replace("prompts/small.prompt.yml", "Hello", "Hi");
    repo.write("plain.txt", "a\n");
    repo.git("add --intent-to-add plain.txt");
    assert_snapshot!(repo.play("git diff"), @r#"
    $ git diff
    diff --git a/plain.txt b/plain.txt
    new file mode 100644
    index xxxxxxx..xxxxxxx
    --- /dev/null
    +++ b/plain.txt
    @@ -0,0 +1 @@
    +a
    small  v1  wording
      messages[0].content:
        [-Hello-]{+Hi+} {{name}}

    support/triage  v1  behavior
      modelParameters.maxTokens: 800 → 600
      input.schema.required: ["ticket"] → ["ticket","locale"]
      messages[0].content:
        You sort support tickets. Answer {+kindly +}in {{locale}}.
        Say which queue the ticket belongs to: billing or tech.
    "#);
    // What other commands read stays a patch.
    repo.git("add --all");
    assert_snapshot!(repo.play("git diff --cached --stat"), @"
    $ git diff --cached --stat
     plain.txt                         | 1 +
     prompts/small.prompt.yml          | 2 +-
     prompts/support/triage.prompt.yml | 6 +++---
     3 files changed, 5 insertions(+), 4 deletions(-)
    ");
    repo.git("commit --quiet --message Words");
    assert!(
        repo.git("format-patch -1 --stdout")
            .contains("-  maxTokens: 800")
    );
}

#[test]
fn git_log_shows_the_lines_of_what_a_prompt_says() {
    let env = TestEnv::new();
    let repo = with_drivers(&env);
    repo.next_version("support/triage", "Answer in", "Answer kindly in");
    assert_snapshot!(repo.play("git log -p -1 --format=%s"), @"
    $ git log -p -1 --format=%s
    Change

    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -1,6 +1,6 @@
     name: Support triage
     description: Sorts an incoming ticket.
    -version: 1
    +version: 2
     category: support
     tags: tickets
     model: openai/gpt-5-mini
    @@ -12,7 +12,7 @@
     input.schema.properties.locale.default: en
     
     system message:
    -    You sort support tickets. Answer in {{locale}}.
    +    You sort support tickets. Answer kindly in {{locale}}.
         Say which queue the ticket belongs to: billing or tech.
     
     user message:
    ");
    assert_eq!(
        repo.git("show --format=%s"),
        repo.git("log -p -1 --format=%s")
    );
    // Another order and other quotes are no change.
    let text = repo.read(FILE);
    let (head, tail) = text.split_once("model: openai/gpt-5-mini\n").unwrap();
    repo.write(
        FILE,
        format!("{head}{tail}model: 'openai/gpt-5-mini' # moved\n"),
    );
    repo.git("commit --quiet --all --message Layout");
    assert_eq!(repo.git("log -p -1 --format=%s"), "Layout");
    assert!(
        repo.git("show --no-textconv")
            .contains("+model: 'openai/gpt-5-mini' # moved")
    );
}

#[test]
fn git_difftool_shows_the_same_unless_another_tool_is_asked_for() {
    let env = TestEnv::new();
    let repo = with_drivers(&env);
    repo.replace(FILE, "800  ", "600  ");
    let by_diff = repo.ok("git diff");
    assert_eq!(repo.ok("git difftool"), by_diff);
    assert_eq!(
        repo.ok("git difftool --no-prompt --tool promptctl"),
        by_diff
    );
    repo.git("config difftool.mine.cmd 'echo mine $MERGED'");
    assert_eq!(
        repo.git("difftool --no-prompt --tool mine"),
        format!("mine {FILE}")
    );
    assert!(
        repo.git("difftool --no-prompt --extcmd echo")
            .contains(FILE)
    );
}

#[test]
fn files_that_come_go_move_or_are_no_prompts() {
    let env = TestEnv::new();
    let repo = with_drivers(&env);
    repo.add("small", SMALL);
    repo.git("mv prompts/small.prompt.yml prompts/tiny.prompt.yml");
    repo.replace("prompts/tiny.prompt.yml", "Hello", "Hi");
    repo.write("prompts/new.prompt.yml", SMALL);
    repo.write("prompts/broken.prompt.yml", "messages: [\n");
    repo.git("rm --quiet prompts/support/triage.prompt.yml");
    repo.git("add --all");
    assert_snapshot!(repo.play("git diff --cached --find-renames=20%"), @"
    $ git diff --cached --find-renames=20%
    --- /dev/null
    +++ b/prompts/broken.prompt.yml
    @@ -0,0 +1 @@
    +messages: [

    new  v1  new
      model: openai/gpt-5-mini (new)
      messages[0]: user, new
        {+Hello {{name}}+}

    support/triage  v1  removed  breaking
      for callers:
        breaking  the prompt is gone: callers that read its file get an error; what is live of it stays
                  live until it is unpublished

    prompts/small.prompt.yml renamed to prompts/tiny.prompt.yml
    tiny  v1  wording
      messages[0].content:
        [-Hello-]{+Hi+} {{name}}
    ");
    repo.git("commit --quiet --message All");
    repo.replace("prompts/broken.prompt.yml", "[", "{");
    assert_snapshot!(repo.play("git diff"), @"
    $ git diff
    --- a/prompts/broken.prompt.yml
    +++ b/prompts/broken.prompt.yml
    @@ -1 +1 @@
    -messages: [
    +messages: {
    ");
    // A change that no model sees is shown as git would show it.
    repo.git("checkout --quiet .");
    repo.replace("prompts/tiny.prompt.yml", "model:", "# why\nmodel:");
    assert_snapshot!(repo.play("git diff"), @"
    $ git diff
    --- a/prompts/tiny.prompt.yml
    +++ b/prompts/tiny.prompt.yml
    @@ -1,5 +1,6 @@
     version: 1
     digest: xxxxxxxxxxxx
    +# why
     model: openai/gpt-5-mini
     messages:
       - role: user
    ");
}

#[test]
fn settings_of_somebody_else_are_left_alone() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.refs();
    repo.git("config merge.promptctl.driver 'mine %A'");
    assert_snapshot!(repo.play("promptctl init --diff-driver"), @"
    $ promptctl init --diff-driver
    error[P330]: git's configuration has merge.promptctl.driver already, and not from promptctl
      at: git config --show-origin merge.promptctl.driver
      hint: git config --unset merge.promptctl.driver removes it; then run the same command again
    [exit 1]
    ");
    repo.git("config --unset merge.promptctl.driver");
    repo.write(".gitattributes", "*.yml diff=yaml");
    assert_snapshot!(repo.play("promptctl init --diff-driver"), @"
    $ promptctl init --diff-driver
    error[P330]: the prompt files have diff=yaml already
      at: .gitattributes
      hint: git check-attr diff prompts/x.prompt.yml tells; remove that attribute from .gitattributes or .git/info/attributes, or leave --diff-driver out
    [exit 1]
    ");
    assert_eq!(
        repo.git("config --list --name-only")
            .matches("promptctl")
            .count(),
        0
    );
    assert_eq!(repo.refs(), before);
    // Attributes of another kind stay.
    repo.write(".gitattributes", "*.yml text eol=lf");
    repo.ok("promptctl init --quiet --diff-driver");
    assert!(
        repo.read(".gitattributes")
            .starts_with("*.yml text eol=lf\n# promptctl")
    );
}

#[test]
fn roots_of_another_name_and_worktrees() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet repo");
    let repo = env.root().cd("repo");
    repo.write("promptctl.yaml", "roots: ['my prompts', src/a]\n");
    repo.write("my prompts/deep/x.prompt.yml", TRIAGE);
    repo.git("add --all");
    repo.git("commit --quiet --message First");
    repo.ok("promptctl init --quiet --diff-driver");
    assert_eq!(
        repo.git("check-attr diff merge -- 'my prompts/deep/x.prompt.yml' src/a/y.prompt.yaml z.prompt.yml"),
        "my prompts/deep/x.prompt.yml: diff: promptctl\nmy prompts/deep/x.prompt.yml: merge: promptctl\n\
         src/a/y.prompt.yaml: diff: promptctl\nsrc/a/y.prompt.yaml: merge: promptctl\n\
         z.prompt.yml: diff: unspecified\nz.prompt.yml: merge: unspecified"
    );
    repo.git("worktree add --quiet ../tree");
    let tree = env.root().cd("tree");
    assert_snapshot!(tree.play("promptctl init --diff-driver"), @"
    $ promptctl init --diff-driver
    everything is set up already: nothing to do
    ");
    tree.replace("my prompts/deep/x.prompt.yml", "800  ", "600  ");
    assert!(tree.cd("my prompts").git("diff").contains("800 → 600"));
}

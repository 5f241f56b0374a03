//! `init`: a fresh repository, one that exists, and one whose prompts stand anywhere.

use insta::assert_snapshot;

use crate::env::{SMALL, TRIAGE, TestEnv};

#[test]
fn a_fresh_repository() {
    let env = TestEnv::new();
    assert_snapshot!(env.root().play("promptctl init team-prompts"), @"
    $ promptctl init team-prompts
    made a git repository in team-prompts
    wrote promptctl.yaml
    wrote prompts/prompt.schema.json
    wrote .gitignore
    hint: promptctl new NAME makes a prompt, promptctl seed adds the bundled ones
    ");
    let repo = env.root().cd("team-prompts");
    assert_snapshot!(repo.play(
        "git log --format='%s by %an' --name-status
         git status --porcelain
         cat promptctl.yaml .gitignore"
    ), @"
    $ git log --format='%s by %an' --name-status
    Set up promptctl by Ada

    A	.gitignore
    A	promptctl.yaml
    A	prompts/prompt.schema.json
    $ git status --porcelain
    $ cat promptctl.yaml .gitignore
    # Settings of promptctl for this repository. All of them may be left out.

    # The folders that hold prompts.
    roots: [prompts]

    # Where a version can be live, and what must hold before one is.
    environments:
      production: {}
    # promptctl: the execution log
    /.promptctl/
    ");
    let schema: serde_json::Value =
        serde_json::from_str(&repo.read("prompts/prompt.schema.json")).unwrap();
    assert_eq!(schema, repo.json("promptctl schema"));
}

#[test]
fn twice_changes_nothing() {
    let env = TestEnv::new();
    let repo = env.repo();
    let before = repo.refs();
    assert_snapshot!(repo.play("promptctl init"), @"
    $ promptctl init
    everything is set up already: nothing to do
    hint: promptctl new NAME makes a prompt, promptctl seed adds the bundled ones
    ");
    assert_eq!(repo.refs(), before);
}

#[test]
fn an_existing_repository_keeps_what_it_has() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet repo");
    let repo = env.root().cd("repo");
    repo.write(".gitignore", "target");
    repo.write("staged.txt", "not promptctl's");
    repo.git("add --all");
    repo.git("commit --quiet --message First");
    repo.git("tag v1.0.0");
    repo.write("staged.txt", "changed");
    repo.git("add staged.txt");
    assert_snapshot!(repo.play(
        "promptctl init
         git show --name-status --format=%s
         git status --short
         cat .gitignore"
    ), @"
    $ promptctl init
    wrote promptctl.yaml
    wrote prompts/prompt.schema.json
    wrote .gitignore
    hint: promptctl new NAME makes a prompt, promptctl seed adds the bundled ones
    hint: this repository has tags of its own: give git describe --exclude 'prompts/*' from now on
    $ git show --name-status --format=%s
    Set up promptctl

    M	.gitignore
    A	promptctl.yaml
    A	prompts/prompt.schema.json
    $ git status --short
    M  staged.txt
    $ cat .gitignore
    target
    # promptctl: the execution log
    /.promptctl/
    ");
}

#[test]
fn from_a_folder_below_the_top_is_set_up() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet repo");
    let repo = env.root().cd("repo");
    repo.write("deep/note.txt", "-");
    repo.cd("deep").ok("promptctl init");
    assert!(repo.exists("promptctl.yaml"));
    assert!(!repo.exists("deep/promptctl.yaml"));
}

#[test]
fn a_clone_is_set_up_to_mirror_its_remote() {
    let env = TestEnv::new();
    env.with_origin();
    let bob = env.clone_of_origin("Bob");
    assert_snapshot!(bob.play(
        "promptctl init
         promptctl init
         git config --get-all remote.origin.fetch"
    ), @"
    $ promptctl init
    git fetch brings the tags of releases from now on
    $ promptctl init
    everything is set up already: nothing to do
    $ git config --get-all remote.origin.fetch
    +refs/heads/*:refs/remotes/origin/*
    +refs/tags/prompts/*:refs/promptctl/origin/prompts/*
    ");
}

/// A repository with prompts made for GitHub Models, anywhere in it.
fn foreign(env: &TestEnv) -> crate::env::Shell {
    env.root().ok("git init --quiet repo");
    let repo = env.root().cd("repo");
    repo.write(".github/prompts/summary.prompt.yml", SMALL);
    repo.write("services/mail/prompts/reply.prompt.yaml", TRIAGE);
    repo.write("services/mail/prompts/deep/sort.prompt.yml", SMALL);
    repo.write("target/ignored.prompt.yml", SMALL);
    repo.write(".gitignore", "target\n");
    repo.git("add --all");
    repo.git("commit --quiet --message 'Made for GitHub Models'");
    repo
}

#[test]
fn adopting_shows_the_plan_first() {
    let env = TestEnv::new();
    let repo = foreign(&env);
    let before = repo.refs();
    assert_snapshot!(repo.play("promptctl init --adopt"), @"
    $ promptctl init --adopt
    deep/sort	services/mail/prompts/deep/sort.prompt.yml
    reply	services/mail/prompts/reply.prompt.yaml
    summary	.github/prompts/summary.prompt.yml
    --- stderr
    3 prompt files found, below .github/prompts, services/mail/prompts
    promptctl.yaml would say roots: [.github/prompts, services/mail/prompts]; the prompt files stay as they are
    hint: promptctl init --adopt --yes does it
    ");
    assert_eq!(repo.refs(), before);
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn adopting_makes_them_prompts_and_leaves_them_as_they_are() {
    let env = TestEnv::new();
    let repo = foreign(&env);
    let text = repo.read("services/mail/prompts/reply.prompt.yaml");
    assert_snapshot!(repo.play(
        "promptctl init --adopt --yes
         git show --name-status --format=%s
         cat promptctl.yaml
         promptctl list
         promptctl validate
         promptctl publish --all
         promptctl edit reply --set modelParameters.maxTokens=600
         promptctl publish reply
         promptctl rollback reply
         promptctl history reply"
    ), @"
    $ promptctl init --adopt --yes
    deep/sort	services/mail/prompts/deep/sort.prompt.yml
    reply	services/mail/prompts/reply.prompt.yaml
    summary	.github/prompts/summary.prompt.yml
    --- stderr
    3 prompt files found, below .github/prompts, services/mail/prompts
    promptctl.yaml would say roots: [.github/prompts, services/mail/prompts]; the prompt files stay as they are
    wrote promptctl.yaml
    wrote .github/prompts/prompt.schema.json
    wrote .gitignore
    $ git show --name-status --format=%s
    Set up promptctl

    A	.github/prompts/prompt.schema.json
    M	.gitignore
    A	promptctl.yaml
    $ cat promptctl.yaml
    # Settings of promptctl for this repository. All of them may be left out.

    # The folders that hold prompts.
    roots: [.github/prompts, services/mail/prompts]

    # Where a version can be live, and what must hold before one is.
    environments:
      production: {}
    $ promptctl list
    deep/sort	v1	-	openai/gpt-5-mini	
    reply	v1	-	openai/gpt-5-mini	Support triage
    summary	v1	-	openai/gpt-5-mini	
    $ promptctl validate
    warning[P030]: the file has no `version:`, so that its changes go unnoticed
     --> .github/prompts/summary.prompt.yml
      = help: promptctl validate --fix writes `version:` and `digest:`

    warning[P030]: the file has no `version:`, so that its changes go unnoticed
     --> services/mail/prompts/deep/sort.prompt.yml
      = help: promptctl validate --fix writes `version:` and `digest:`

    warning[P030]: the file has no `version:`, so that its changes go unnoticed
     --> services/mail/prompts/reply.prompt.yaml
      = help: promptctl validate --fix writes `version:` and `digest:`

    --- stderr
    3 checked, 0 errors, 3 warnings
    $ promptctl publish --all
    deep/sort v1 published to production
    reply v1 published to production
    summary v1 published to production
    $ promptctl edit reply --set modelParameters.maxTokens=600
    reply  v1 → v2  behavior
      modelParameters.maxTokens: 800 → 600
    --- stderr
    reply is v2 now
    hint: promptctl publish reply makes it live
    $ promptctl publish reply
    reply v2 published to production (was v1)
    $ promptctl rollback reply
    reply rolled back to v1 in production (was v2)
      goes:       v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: reply v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish reply@v2
    $ promptctl history reply
    v2	published	behavior	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Edit reply
    v1	live in production	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Made for GitHub Models
    ");
    assert_eq!(
        repo.git("show HEAD~1:services/mail/prompts/reply.prompt.yaml")
            .trim_end(),
        text.trim_end()
    );
    let seeded = repo.play("promptctl seed --quiet core\npromptctl list --search chat\npromptctl render core/chat-assistant --var message=Hi");
    assert!(seeded.contains("core/chat-assistant\tv1"), "{seeded}");
}

#[test]
fn files_that_git_does_not_hold_yet_are_told() {
    let env = TestEnv::new();
    let repo = foreign(&env);
    repo.write(".github/prompts/it's new.prompt.yml", SMALL);
    repo.write(".github/prompts/new.prompt.yml", SMALL);
    repo.write(".github/prompts/staged.prompt.yaml", SMALL);
    repo.git("add .github/prompts/staged.prompt.yaml");
    assert_snapshot!(repo.play(
        "promptctl init --adopt
         promptctl init --adopt --yes"
    ), @r#"
    $ promptctl init --adopt
    deep/sort	services/mail/prompts/deep/sort.prompt.yml
    new	.github/prompts/new.prompt.yml
    reply	services/mail/prompts/reply.prompt.yaml
    staged	.github/prompts/staged.prompt.yaml
    summary	.github/prompts/summary.prompt.yml
    --- stderr
    5 prompt files found, below .github/prompts, services/mail/prompts
    warning: .github/prompts/it's new.prompt.yml cannot be named: it has a blank; names are made of letters, digits, `_` and `-`
    hint: rename it: git mv '.github/prompts/it'\''s new.prompt.yml' .github/prompts/it-s-new.prompt.yml
    not committed yet, and left so: 2 of them
    promptctl.yaml would say roots: [.github/prompts, services/mail/prompts]; the prompt files stay as they are
    hint: promptctl init --adopt --yes does it
    $ promptctl init --adopt --yes
    deep/sort	services/mail/prompts/deep/sort.prompt.yml
    new	.github/prompts/new.prompt.yml
    reply	services/mail/prompts/reply.prompt.yaml
    staged	.github/prompts/staged.prompt.yaml
    summary	.github/prompts/summary.prompt.yml
    --- stderr
    5 prompt files found, below .github/prompts, services/mail/prompts
    warning: .github/prompts/it's new.prompt.yml cannot be named: it has a blank; names are made of letters, digits, `_` and `-`
    hint: rename it: git mv '.github/prompts/it'\''s new.prompt.yml' .github/prompts/it-s-new.prompt.yml
    not committed yet, and left so: 2 of them
    promptctl.yaml would say roots: [.github/prompts, services/mail/prompts]; the prompt files stay as they are
    wrote promptctl.yaml
    wrote .github/prompts/prompt.schema.json
    wrote .gitignore
    hint: publish takes what is committed, and these prompts are not: git add -- .github/prompts/new.prompt.yml .github/prompts/staged.prompt.yaml && git commit -m "Add prompts"
    "#);
    let run = repo.run("promptctl init --adopt --yes");
    let command = run.stderr.split_once("are not: ").unwrap().1.trim();
    let output = repo.command("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        repo.git("status --porcelain"),
        "?? \".github/prompts/it's new.prompt.yml\""
    );
    assert!(
        !repo
            .run("promptctl init --adopt --yes")
            .stderr
            .contains("git add")
    );
    // Many are named by what their names end in.
    for number in 0..9 {
        repo.write(
            &format!("services/mail/prompts/p{number}.prompt.yml"),
            SMALL,
        );
    }
    let run = repo.run("promptctl init --adopt --yes");
    assert!(
        run.stderr.contains(" git add -- ':/*.prompt.yml' && "),
        "{run}"
    );
}

#[test]
fn without_adopting_they_are_pointed_out() {
    let env = TestEnv::new();
    let repo = foreign(&env);
    assert_snapshot!(repo.play("promptctl init"), @"
    $ promptctl init
    wrote promptctl.yaml
    wrote prompts/prompt.schema.json
    wrote .gitignore
    hint: prompt files stand elsewhere in this repository (3): promptctl init --adopt shows how to take them over
    ");
}

#[test]
fn files_at_the_top_make_the_top_a_root() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet repo");
    let repo = env.root().cd("repo");
    repo.write("hello.prompt.yml", SMALL);
    repo.write("evals/hello.prompt.yml", SMALL);
    repo.git("add --all");
    repo.git("commit --quiet --message First");
    assert_snapshot!(repo.play(
        "promptctl init --adopt --yes
         promptctl list
         promptctl new other/one --user Hello
         git show --name-only --format=%s"
    ), @"
    $ promptctl init --adopt --yes
    evals/hello	evals/hello.prompt.yml
    hello	hello.prompt.yml
    --- stderr
    2 prompt files found, below .
    promptctl.yaml would say roots: [.]; the prompt files stay as they are
    wrote promptctl.yaml
    wrote prompt.schema.json
    wrote .gitignore
    $ promptctl list
    evals/hello	v1	-	openai/gpt-5-mini	
    hello	v1	-	openai/gpt-5-mini	
    $ promptctl new other/one --user Hello
    other/one v1 made: other/one.prompt.yml
    hint: promptctl publish other/one makes it live
    $ git show --name-only --format=%s
    Add other/one

    other/one.prompt.yml
    ");
}

#[test]
fn a_file_that_cannot_have_a_name_is_told() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet repo");
    let repo = env.root().cd("repo");
    repo.write("prompts/v3.prompt.yml", SMALL);
    repo.write("prompts/two words.prompt.yml", SMALL);
    repo.write("prompts/good.prompt.yml", SMALL);
    repo.git("add --all");
    repo.git("commit --quiet --message First");
    assert_snapshot!(repo.play("promptctl init --adopt --yes"), @"
    $ promptctl init --adopt --yes
    good	prompts/good.prompt.yml
    --- stderr
    1 prompt file found, below prompts
    warning: prompts/two words.prompt.yml cannot be named: it has a blank; names are made of letters, digits, `_` and `-`
    hint: rename it: git mv 'prompts/two words.prompt.yml' prompts/two-words.prompt.yml
    warning: prompts/v3.prompt.yml cannot be named: a segment may not look like a version, which is written NAME@v3
    hint: rename it: git mv prompts/v3.prompt.yml …
    promptctl.yaml would say roots: [prompts]; the prompt files stay as they are
    wrote promptctl.yaml
    wrote prompts/prompt.schema.json
    wrote .gitignore
    ");
    assert_snapshot!(repo.play("promptctl validate"), @"
    $ promptctl validate
    warning[P030]: the file has no `version:`, so that its changes go unnoticed
     --> prompts/good.prompt.yml
      = help: promptctl validate --fix writes `version:` and `digest:`

    error[P011]: `two words` cannot be a name: segments are made of letters, digits, `_` and `-`
     --> prompts/two words.prompt.yml
      = help: rename the file: git mv keeps its history

    error[P011]: `v3` cannot be a name: a segment may not look like a version, which is written NAME@v3
     --> prompts/v3.prompt.yml
      = help: rename the file: git mv keeps its history

    --- stderr
    3 checked, 2 errors, 1 warning
    [exit 3]
    ");
}

#[test]
fn a_broken_configuration_is_told_before_anything_is_written() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet repo");
    let repo = env.root().cd("repo");
    for (text, _) in [
        ("rots: [prompts]\n", 0),
        ("roots: [../elsewhere]\n", 0),
        ("apiKeyCommand: cat\n", 0),
        ("environments: {v3: {}}\n", 0),
        ("environments: {production: {requireSigned: true}}\n", 0),
        ("roots: [\n", 0),
    ] {
        repo.write("promptctl.yaml", text);
        let run = repo.fails("promptctl init");
        assert!(run.stderr.contains("error[P226]"), "{run}");
        assert!(run.stderr.contains("promptctl.yaml"), "{run}");
    }
    assert!(!repo.exists(".gitignore"));
    repo.write("promptctl.yaml", "rots: [prompts]\n");
    assert_snapshot!(repo.play("promptctl init"), @"
    $ promptctl init
    error[P226]: `rots` is not a key of the configuration
      at: promptctl.yaml:1
      hint: did you mean `roots`?
    [exit 1]
    ");
    repo.write(
        "promptctl.yaml",
        "providers: {evil: {baseUrl: https://evil.example}}\n",
    );
    assert_snapshot!(repo.play("promptctl list"), @"
    $ promptctl list
    error[P226]: `providers` may not stand in promptctl.yaml
      at: promptctl.yaml:1
      hint: it decides where a secret goes, so it belongs to your own configuration, which no pull request can change
    [exit 1]
    ");
}

#[test]
fn without_an_identity_nothing_is_left_behind() {
    let env = TestEnv::new();
    let root = env.root();
    root.write("home/.gitconfig", "[user]\n\tuseConfigOnly = true\n");
    root.write("here/note.txt", "mine");
    assert_snapshot!(root.play(
        "promptctl init deep/repo
         promptctl -C here init"
    ), @r#"
    $ promptctl init deep/repo
    error[P222]: git does not know who you are
      hint: git config --global user.name "Your Name"
      hint: git config --global user.email "you@example.com"
    [exit 1]
    $ promptctl -C here init
    error[P222]: git does not know who you are
      hint: git config --global user.name "Your Name"
      hint: git config --global user.email "you@example.com"
    [exit 1]
    "#);
    assert!(!root.exists("deep"));
    assert!(!root.exists("here/.git"));
}

#[test]
fn adopting_is_no_dead_end_where_a_configuration_stands_already() {
    let env = TestEnv::new();
    let repo = foreign(&env);
    repo.ok("promptctl init --quiet");
    assert_snapshot!(repo.play(
        "promptctl init --adopt
         promptctl init --adopt --yes
         cat promptctl.yaml
         promptctl list
         promptctl init --adopt --yes
         promptctl new first --user Hello"
    ), @r#"
    $ promptctl init --adopt
    deep/sort	services/mail/prompts/deep/sort.prompt.yml
    reply	services/mail/prompts/reply.prompt.yaml
    summary	.github/prompts/summary.prompt.yml
    --- stderr
    3 prompt files found, below prompts, .github/prompts, services/mail/prompts
    promptctl.yaml would get the roots .github/prompts, services/mail/prompts; the prompt files stay as they are
    hint: promptctl init --adopt --yes does it
    $ promptctl init --adopt --yes
    deep/sort	services/mail/prompts/deep/sort.prompt.yml
    reply	services/mail/prompts/reply.prompt.yaml
    summary	.github/prompts/summary.prompt.yml
    --- stderr
    3 prompt files found, below prompts, .github/prompts, services/mail/prompts
    promptctl.yaml would get the roots .github/prompts, services/mail/prompts; the prompt files stay as they are
    wrote promptctl.yaml
    $ cat promptctl.yaml
    # Settings of promptctl for this repository. All of them may be left out.

    # The folders that hold prompts.
    roots: [prompts, ".github/prompts", services/mail/prompts]

    # Where a version can be live, and what must hold before one is.
    environments:
      production: {}
    $ promptctl list
    deep/sort	v1	-	openai/gpt-5-mini	
    reply	v1	-	openai/gpt-5-mini	Support triage
    summary	v1	-	openai/gpt-5-mini	
    $ promptctl init --adopt --yes
    deep/sort	services/mail/prompts/deep/sort.prompt.yml
    reply	services/mail/prompts/reply.prompt.yaml
    summary	.github/prompts/summary.prompt.yml
    --- stderr
    3 prompt files found, below services/mail/prompts, .github/prompts, prompts
    promptctl.yaml exists and stays as it is
    everything is set up already: nothing to do
    $ promptctl new first --user Hello
    first v1 made: prompts/first.prompt.yml
    hint: new prompts go to services/mail/prompts/; promptctl new .github/prompts/first or prompts/first puts it elsewhere
    hint: promptctl publish first makes it live
    "#);
    // The user's own list gets them too, and a line that cannot be added to is told.
    repo.write(
        "promptctl.yaml",
        "# ours\nroots: # all\n  - lib   # the library\nlint: {P105: error}\n",
    );
    repo.ok("promptctl init --adopt --yes");
    assert_snapshot!(repo.read("promptctl.yaml"), @r#"
    # ours
    roots: # all
      - lib   # the library
      - prompts
      - ".github/prompts"
      - services/mail/prompts
    lint: {P105: error}
    "#);
    repo.write("promptctl.yaml", "roots: !!seq [lib]\n");
    let run = repo.fails("promptctl init --adopt --yes");
    assert!(
        run.stderr
            .contains("run the same command again: roots: [lib, "),
        "{run}"
    );
    assert_eq!(repo.read("promptctl.yaml"), "roots: !!seq [lib]\n");
}

#[test]
fn the_top_is_no_root_of_files_that_it_cannot_name() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet repo");
    let repo = env.root().cd("repo");
    repo.write(".github/prompts/summary.prompt.yml", SMALL);
    repo.write(".github/prompts/Release Notes.prompt.yml", SMALL);
    repo.write("ai/summary.prompt.yml", SMALL);
    repo.write("ai/x.prompt.yml", SMALL);
    repo.git("add --all");
    repo.git("commit --quiet --message First");
    assert_snapshot!(repo.play(
        "promptctl init --adopt --yes
         promptctl list"
    ), @"
    $ promptctl init --adopt --yes
    ai/summary	ai/summary.prompt.yml
    ai/x	ai/x.prompt.yml
    summary	.github/prompts/summary.prompt.yml
    --- stderr
    3 prompt files found, below .github/prompts, .
    warning: .github/prompts/Release Notes.prompt.yml cannot be named: it has a blank; names are made of letters, digits, `_` and `-`
    hint: rename it: git mv '.github/prompts/Release Notes.prompt.yml' .github/prompts/Release-Notes.prompt.yml
    promptctl.yaml would say roots: [.github/prompts, .]; the prompt files stay as they are
    wrote promptctl.yaml
    wrote prompt.schema.json
    wrote .gitignore
    $ promptctl list
    ai/summary	v1	-	openai/gpt-5-mini	
    ai/x	v1	-	openai/gpt-5-mini	
    summary	v1	-	openai/gpt-5-mini	
    --- stderr
    error[P011]: `Release Notes` cannot be a name: segments are made of letters, digits, `_` and `-`
      at: .github/prompts/Release Notes.prompt.yml
      help: rename the file: git mv keeps its history
    ");
}

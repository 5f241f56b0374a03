//! git set up in other ways than usual: line ends, prefixes, remotes, hooks, folders.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv, hook};

const FILE: &str = "prompts/support/triage.prompt.yml";

#[test]
fn line_ends_that_git_converts_are_no_change() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    env.root()
        .ok("git clone --quiet --config core.autocrlf=true origin.git windows");
    let windows = env.root().cd("windows").person("Wim");
    assert!(windows.read(FILE).contains("\r\n"));
    assert_snapshot!(windows.play(
        "promptctl fetch --quiet
         promptctl list
         promptctl status
         promptctl validate
         promptctl bump
         promptctl diff
         promptctl publish support/triage"
    ), @"
    $ promptctl fetch --quiet
    $ promptctl list
    support/triage	v1	production v1	openai/gpt-5-mini	Support triage
    $ promptctl status
    production	support/triage	v1	-	2026-11-03T11:00:00Z	Ada	
    $ promptctl validate
    1 checked, 0 errors, 0 warnings
    $ promptctl bump
    nothing to bump: every version fits its content
    $ promptctl diff
    HEAD and the working copy do not differ
    $ promptctl publish support/triage
    support/triage v1 is live in production already: nothing to do
    ");
    windows.ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    assert_eq!(windows.git("status --porcelain"), "");
    let committed = windows.ok("git cat-file blob HEAD:prompts/support/triage.prompt.yml");
    assert!(!committed.contains('\r'), "{committed}");
    assert!(
        !windows.read(FILE).replace("\r\n", "").contains('\n'),
        "the file keeps its line ends"
    );
    windows.ok("promptctl publish support/triage");
}

#[test]
fn another_prefix_for_tags() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.write("promptctl.yaml", "tagPrefix: llm/prompts/\n");
    ada.git("commit --quiet --all --message Prefix");
    ada.git("push --quiet");
    ada.ok("promptctl publish support/triage");
    assert_snapshot!(env.root().cd("origin.git").tags(), @"
    llm/prompts/support/triage/production/1
    llm/prompts/support/triage/v1
    ");
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl unpublish support/triage");
    ada.git("fetch --quiet");
    assert_eq!(
        ada.fails("promptctl get support/triage@production --format json")
            .error()["code"],
        "P203"
    );
}

#[test]
fn the_only_remote_is_the_truth_whatever_its_name() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.git("remote rename origin upstream");
    ada.ok("promptctl publish support/triage");
    assert_eq!(env.root().cd("origin.git").tags(), ada.tags());
    ada.git("fetch --quiet");
    assert_eq!(
        ada.json("promptctl get support/triage@production --format json")["version"],
        1
    );
}

#[test]
fn pending_tags_that_git_sent_are_confirmed_by_a_fetch() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl fetch");
    ada.ok("promptctl publish support/triage --no-push");
    ada.git("push --quiet origin --tags");
    ada.git("fetch --quiet");
    assert_snapshot!(ada.play(
        "promptctl status
         promptctl push"
    ), @"
    $ promptctl status
    production	support/triage	v1	-	2026-11-03T11:00:00Z	Ada	
    $ promptctl push
    nothing to send: the remote has every tag that was made here
    ");
}

#[test]
fn a_version_of_another_branch_is_published_by_its_revision() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("switch --quiet --create topic");
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo.git("switch --quiet main");
    assert_snapshot!(repo.play("promptctl publish support/triage@topic"), @"
    $ promptctl publish support/triage@topic
    support/triage v2 published to production
    ");
    assert_eq!(
        repo.git("rev-parse prompts/support/triage/v2^{commit}"),
        repo.git("rev-parse topic")
    );
}

#[test]
fn inside_of_a_hook() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    let program = env!("CARGO_BIN_EXE_promptctl");
    hook(
        &repo,
        ".git/hooks/pre-commit",
        &format!(
            "'{program}' validate --quiet && '{program}' get support/triage@production > ../seen"
        ),
    );
    repo.write("deep/note.txt", "-");
    repo.git("add deep/note.txt");
    repo.cd("deep").git("commit --quiet --message Note");
    assert!(repo.read("../seen").contains("version: 1"));
    repo.replace(FILE, "Answer in", "Reply in");
    let refused = repo.fails("git commit --quiet --all --message Unbumped");
    assert!(format!("{refused}").contains("P207"), "{refused}");
    // In a worktree git tells hooks its own places.
    repo.git("checkout --quiet .");
    repo.git("worktree add --quiet -b topic ../tree");
    let tree = env.root().cd("tree");
    tree.ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    assert_eq!(tree.git("log -1 --format=%s"), "Edit support/triage");
}

#[test]
fn a_repository_inside_of_the_repository_is_another_one() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("git init --quiet prompts/vendor");
    repo.write("prompts/vendor/other.prompt.yml", SMALL);
    assert_snapshot!(repo.play("promptctl list"), @"
    $ promptctl list
    support/triage	v1	-	openai/gpt-5-mini	Support triage
    ");
}

#[test]
fn folders_with_blanks_and_letters_of_other_languages() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet --bare 'o r i g i n.git'");
    env.root()
        .ok("git clone --quiet 'o r i g i n.git' 'Meine Prompts ü 提示'");
    let repo = env.root().cd("Meine Prompts ü 提示");
    repo.ok("promptctl init --quiet");
    repo.add("support/triage", TRIAGE);
    repo.ok("promptctl publish support/triage -m 'Größe: 提示'");
    repo.ok("promptctl edit support/triage --set 'description=Größe 提示'");
    assert_eq!(
        repo.json("promptctl releases support/triage --format json")["releases"][0]["message"],
        "Größe: 提示"
    );
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn messages_are_taken_as_they_are() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("config commit.verbose true");
    repo.git("config commit.cleanup scissors");
    let run = repo
        .line("promptctl publish support/triage -m")
        .arg("# not a comment\n\nPrompt: another/name\nVersion: 9")
        .output()
        .unwrap();
    assert!(run.status.success());
    let release = &repo.json("promptctl releases support/triage --format json")["releases"][0];
    assert_eq!(release["version"], 1);
    assert!(
        release["message"]
            .as_str()
            .unwrap()
            .starts_with("# not a comment"),
        "{release}"
    );
    repo.ok("promptctl edit support/triage --set model=openai/gpt-5 -m '# kept'");
    assert_eq!(repo.git("log -1 --format=%s"), "# kept");
}

#[test]
fn a_merge_in_progress_is_told() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("switch --quiet --create topic");
    repo.write("note.txt", "theirs");
    repo.git("add note.txt");
    repo.git("commit --quiet --message Theirs");
    repo.git("switch --quiet main");
    repo.write("note.txt", "ours");
    repo.git("add note.txt");
    repo.git("commit --quiet --message Ours");
    repo.fails("git merge topic");
    let before = repo.read(FILE);
    assert_snapshot!(repo.play("promptctl edit support/triage --set model=openai/gpt-5"), @"
    $ promptctl edit support/triage --set model=openai/gpt-5
    error[P239]: a merge or rebase is in progress, and git makes no commit of single files then
      hint: finish it with git merge --continue (or --abort), then run the same command again
    [exit 1]
    ");
    assert_eq!(repo.read(FILE), before);
}

#[test]
fn a_configuration_of_git_that_is_unusual() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    for setting in [
        "push.followTags true",
        "push.default nothing",
        "fetch.prune true",
        "fetch.pruneTags true",
        "tag.sort -creatordate",
        "log.showSignature true",
        "color.ui always",
        "core.quotePath false",
        "status.short true",
        "diff.noprefix true",
        "core.pager less",
        "remote.origin.tagOpt --tags",
    ] {
        ada.git(&format!("config {setting}"));
    }
    ada.ok("promptctl publish support/triage");
    ada.next_version("support/triage", "Answer in", "Reply in");
    ada.ok("promptctl publish support/triage");
    ada.git("fetch --quiet");
    assert_snapshot!(ada.play(
        "promptctl history support/triage
         promptctl rollback support/triage
         promptctl status
         promptctl doctor"
    ), @"
    $ promptctl history support/triage
    v2	live in production	wording	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v1	published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add support/triage
    $ promptctl rollback support/triage
    support/triage rolled back to v1 in production (was v2), and the remote has it
      goes:       v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v2
    $ promptctl status
    production	support/triage	v1	v2	2026-11-03T11:00:00Z	Ada	
    $ promptctl doctor
    everything is sound
    ");
}

#[test]
fn two_files_of_one_name() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(
        "prompts/support/triage.prompt.yaml",
        SMALL.replace("Hello", "Twin"),
    );
    repo.git("add --all");
    repo.git("commit --quiet --message Twin");
    let (refs, text) = (repo.refs(), repo.read("prompts/support/triage.prompt.yml"));
    // What reads takes one, and says so.
    assert_snapshot!(repo.play(
        "promptctl render support/triage --var ticket=Twice
         promptctl diff support/triage"
    ), @"
    $ promptctl render support/triage --var ticket=Twice
    system:
    You sort support tickets. Answer in en.
    Say which queue the ticket belongs to: billing or tech.

    user:
    Twice
    --- stderr
    warning[P012]: prompts/support/triage.prompt.yml and prompts/support/triage.prompt.yaml have the same name
      at: prompts/support/triage.prompt.yml
      help: only the first is read: rename or remove one of them with git mv or git rm
    $ promptctl diff support/triage
    warning[P012]: prompts/support/triage.prompt.yml and prompts/support/triage.prompt.yaml have the same name
      at: prompts/support/triage.prompt.yml
      help: only the first is read: rename or remove one of them with git mv or git rm
    support/triage@HEAD and support/triage do not differ
    ");
    for line in [
        "show support/triage",
        "get support/triage",
        "run support/triage --var ticket=a --model echo",
    ] {
        let run = repo.run(&format!("promptctl {line}"));
        assert_eq!(run.code, Some(0), "{run}");
        assert!(run.stderr.contains("warning[P012]"), "{run}");
    }
    // What changes or releases one refuses.
    assert_snapshot!(repo.play(
        "promptctl edit support/triage --set description=x
         promptctl publish support/triage
         promptctl publish support/triage@HEAD
         promptctl publish --all"
    ), @"
    $ promptctl edit support/triage --set description=x
    error[P012]: prompts/support/triage.prompt.yml and prompts/support/triage.prompt.yaml have the same name
      hint: rename or remove one of them with git mv or git rm; nothing was changed
    [exit 1]
    $ promptctl publish support/triage
    error[P012]: prompts/support/triage.prompt.yml and prompts/support/triage.prompt.yaml have the same name
      hint: rename or remove one of them with git mv or git rm; nothing was changed
    [exit 1]
    $ promptctl publish support/triage@HEAD
    error[P012]: prompts/support/triage.prompt.yml and prompts/support/triage.prompt.yaml have the same name
      hint: rename or remove one of them with git mv or git rm; nothing was changed
    [exit 1]
    $ promptctl publish --all
    error[P012]: prompts/support/triage.prompt.yaml and prompts/support/triage.prompt.yml have the same name
      at: prompts/support/triage.prompt.yml
      help: rename one of them
    error[P012]: prompts/support/triage.prompt.yaml and prompts/support/triage.prompt.yml have the same name
      hint: rename or remove one of them with git mv or git rm; nothing was changed
    warning: support/triage was not published
    [exit 3]
    ");
    for line in ["bump support/triage", "archive support/triage"] {
        let run = repo.fails(&format!("promptctl {line}"));
        assert!(run.stderr.contains("error[P012]"), "{run}");
    }
    assert_eq!(
        (repo.refs(), repo.read("prompts/support/triage.prompt.yml")),
        (refs, text)
    );
    // A version that is a tag has one file.
    repo.git("rm --quiet prompts/support/triage.prompt.yaml");
    repo.git("commit --quiet --message Gone");
    repo.ok("promptctl publish support/triage");
    repo.write("prompts/support/triage.prompt.yaml", SMALL);
    repo.ok("promptctl publish support/triage@v1 --env staging --create-env");
}

/// What a hook of one repository says of its index is not said of another.
#[cfg(unix)]
#[test]
fn a_hook_that_works_on_another_repository_leaves_its_own_index_out() {
    let env = TestEnv::new();
    let repo = env.triage();
    env.root().ok("promptctl init --quiet other");
    let other = env.root().cd("other");
    other.add("greeting", SMALL);
    let program = env!("CARGO_BIN_EXE_promptctl");
    hook(
        &repo,
        ".git/hooks/pre-commit",
        &format!("'{program}' -C ../other edit greeting --set description=hooked"),
    );
    repo.write("note.txt", "-");
    repo.git("add note.txt");
    repo.git("commit --quiet --message Note -- note.txt");
    assert_eq!(other.git("log -1 --format=%s"), "Edit greeting");
    assert_eq!(
        other.git("show --name-only --format= HEAD"),
        "prompts/greeting.prompt.yml"
    );
    assert_eq!(other.git("status --porcelain"), "");
    assert_eq!(repo.git("show --name-only --format= HEAD"), "note.txt");
    assert_eq!(repo.git("status --porcelain"), "");
}

/// Folders that a person names for git hold here too.
#[test]
fn a_repository_whose_files_stand_elsewhere_is_opened_as_git_opens_it() {
    let env = TestEnv::new();
    let root = env.root();
    root.ok("git init --quiet --separate-git-dir=store.git tree");
    let tree = root.cd("tree");
    tree.ok("promptctl init --quiet");
    tree.add("support/triage", TRIAGE);
    tree.ok("promptctl publish support/triage");
    let elsewhere = root
        .with("GIT_DIR", root.dir.join("store.git"))
        .with("GIT_WORK_TREE", "tree");
    assert_eq!(elsewhere.ok("promptctl list"), tree.ok("promptctl list"));
    elsewhere.ok("promptctl edit support/triage --set description=x");
    assert_eq!(tree.git("status --porcelain"), "");
    // A worktree and a submodule have a file for their `.git`.
    tree.git("worktree add --quiet ../second");
    assert_eq!(
        root.cd("second").ok("promptctl list"),
        tree.ok("promptctl list")
    );
    root.cd("second")
        .ok("promptctl edit support/triage --set description=y");
    root.ok("git init --quiet super");
    let over = root.cd("super");
    over.git("submodule --quiet add ../store.git sub");
    over.cd("sub").ok("promptctl fetch");
    assert_eq!(
        over.cd("sub/prompts").ok("promptctl list"),
        tree.ok("promptctl list")
    );
}

#[test]
fn prompts_in_a_folder_that_cannot_be_read_are_not_gone() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    std::fs::rename(repo.dir.join("prompts"), repo.dir.join("aside")).unwrap();
    let said = |repo: &Shell| {
        for line in [
            "promptctl list",
            "promptctl list --format json",
            "promptctl status",
            "promptctl get support/triage",
            "promptctl show support/triage",
            "promptctl render support/triage",
            "promptctl bump support/triage",
        ] {
            let run = repo.run(line);
            assert_eq!(run.code, Some(1), "{run}");
            assert!(run.stderr.contains("error[P01"), "{run}");
            assert!(!run.stderr.contains("no prompt"), "{run}");
        }
        for line in [
            "promptctl validate",
            "promptctl bump",
            "promptctl publish --all",
        ] {
            let run = repo.run(line);
            assert_eq!(run.code, Some(3), "{run}");
            assert!(!run.stderr.contains("every version fits"), "{run}");
        }
        let run = repo.run("promptctl diff --exit-code");
        assert_eq!(run.code, Some(3), "{run}");
        assert!(!run.stdout.contains("removed"), "{run}");
        // What is live is known all the same.
        let status = repo.run("promptctl status");
        assert!(status.stdout.contains("support/triage"), "{status}");
        repo.ok("promptctl get support/triage@production");
    };
    // A file in the place of the folder.
    repo.write("prompts", "moved\n");
    said(&repo);
    assert_snapshot!(repo.play("promptctl list\npromptctl get support/triage\npromptctl bump"), @"
    $ promptctl list
    error[P017]: prompts is not a folder
      at: prompts
      help: it holds the prompts; `roots:` in promptctl.yaml names another
    [exit 1]
    $ promptctl get support/triage
    error[P017]: prompts is not a folder
      at: prompts
      hint: it holds the prompts; `roots:` in promptctl.yaml names another
    [exit 1]
    $ promptctl bump
    error[P017]: prompts is not a folder
      at: prompts
      help: it holds the prompts; `roots:` in promptctl.yaml names another
    nothing was bumped: see the errors above
    [exit 3]
    ");
    std::fs::remove_file(repo.dir.join("prompts")).unwrap();
    // A folder that is not there holds none.
    assert_eq!(repo.run("promptctl list").code, Some(0));
    #[cfg(unix)]
    {
        // A link that leads to itself.
        std::os::unix::fs::symlink("prompts", repo.dir.join("prompts")).unwrap();
        said(&repo);
        std::fs::remove_file(repo.dir.join("prompts")).unwrap();
        // A link out of the repository.
        std::os::unix::fs::symlink(env.root().dir, repo.dir.join("prompts")).unwrap();
        said(&repo);
    }
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_not_empty() {
    use std::os::unix::fs::PermissionsExt as _;
    let env = TestEnv::new();
    let repo = env.triage();
    let folder = repo.dir.join("prompts/support");
    let allow = |mode| {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(0o000);
    if std::fs::read_dir(&folder).is_ok() {
        allow(0o755);
        return crate::env::skipped("root reads every folder");
    }
    let runs =
        ["list", "status", "get support/triage"].map(|it| repo.run(&format!("promptctl {it}")));
    allow(0o755);
    for run in runs {
        assert_eq!(run.code, Some(1), "{run}");
        assert!(
            run.stderr.contains("prompts/support could not be read"),
            "{run}"
        );
    }
}

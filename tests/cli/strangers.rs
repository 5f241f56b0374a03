//! What a stranger puts into a repository runs no program, and is taken for nothing else.

use std::fs;

use insta::assert_snapshot;

use super::dry_run::{same, tree};
use super::policy::{keys, require_signatures, sign_as};
use crate::env::{SMALL, Shell, TestEnv, executable};

/// Lays a folder of plain files out as a bare repository that runs programs in every way it can.
fn trap(shell: &Shell, folder: &str) {
    shell.ok(&format!("git init --quiet --bare {folder}"));
    let fake = shell.cd(folder);
    let program = shell.dir.join("../snap.sh").display().to_string();
    executable(
        shell,
        "../snap.sh",
        "#!/bin/sh\ntouch \"$(dirname \"$0\")/pwned\"\nexit 1\n",
    );
    for (key, value) in [
        ("core.bare", "false"),
        ("core.worktree", "."),
        ("core.fsmonitor", &program),
        ("core.sshCommand", &program),
        ("core.editor", &program),
        ("gpg.program", &program),
        ("tag.gpgSign", "true"),
        ("remote.origin.url", "."),
        ("remote.origin.uploadpack", &program),
        ("remote.origin.receivepack", &program),
        ("credential.helper", &format!("!{program}")),
    ] {
        fake.command("git")
            .args(["config", "--file", "config", key, value])
            .status()
            .unwrap();
    }
    for hook in [
        "pre-commit",
        "post-commit",
        "reference-transaction",
        "pre-push",
        "pre-receive",
        "update",
        "post-index-change",
    ] {
        executable(
            &fake,
            &format!("hooks/{hook}"),
            &format!("#!/bin/sh\nexec {program}\n"),
        );
    }
    fake.write("prompts/x.prompt.yml", SMALL);
}

const IN_A_TRAP: [&str; 14] = [
    "list",
    "status",
    "fetch",
    "push",
    "publish x",
    "publish --all",
    "rollback x",
    "new other --file ../../small.yml",
    "edit x --set model=openai/gpt-5",
    "bump",
    "history x",
    "validate",
    "verify",
    "doctor --fix --online",
];

#[cfg(unix)]
#[test]
fn a_folder_that_is_laid_out_as_a_bare_repository_runs_nothing() {
    let env = TestEnv::new();
    let outer = env.triage();
    trap(&outer, "tools/fake");
    outer.write("small.yml", SMALL);
    let pwned = env.root().dir.join("pwned");
    // It is a trap: git itself falls into it.
    outer.cd("tools/fake").run("git status");
    assert!(pwned.exists(), "the trap does not snap");
    fs::remove_file(&pwned).unwrap();
    for folder in ["tools/fake", "tools/fake/prompts"] {
        for line in IN_A_TRAP {
            let run = outer.cd(folder).run(&format!("promptctl {line}"));
            assert!(!pwned.exists(), "{folder} $ promptctl {line}\n{run}");
        }
    }
    // The repository around it is the one that is meant.
    assert_snapshot!(outer.cd("tools/fake").play("promptctl list"), @"
    $ promptctl list
    other	v1	production v1	openai/gpt-5-mini	
    support/triage	v1	production v1	openai/gpt-5-mini	Support triage
    ");
    // Alone it is none.
    let root = env.root();
    root.write("lonely/note.txt", "-");
    let lonely = root.cd("lonely");
    trap(&lonely, "fake");
    fs::remove_dir_all(env.root().dir.join("repo/.git")).unwrap();
    let alone = lonely.cd("fake");
    let before = tree(&lonely.dir);
    for line in IN_A_TRAP {
        let run = alone.fails(&format!("promptctl {line}"));
        assert!(
            run.stderr.contains("error[P219]"),
            "$ promptctl {line}\n{run}"
        );
        assert!(!pwned.exists(), "$ promptctl {line}\n{run}");
    }
    same(&before, &tree(&lonely.dir), "a refused command");
    assert_snapshot!(alone.play("promptctl list"), @"
    $ promptctl list
    error[P219]: $ROOT/lonely/fake is laid out as a bare repository, and one that is only found is not used: its settings may be a stranger's
      hint: if it is yours, name it: promptctl -C $ROOT/lonely/fake …
    [exit 1]
    ");
    // Only a word of the person opens it.
    lonely.ok("git init --quiet --bare true.git");
    lonely.ok("promptctl -C true.git list");
    lonely.with("GIT_DIR", "true.git").ok("promptctl list");
    lonely.cd("true.git").fails("promptctl list");
    assert_eq!(
        lonely
            .with("GIT_DIR", "nowhere")
            .fails("promptctl list")
            .code,
        Some(1)
    );
}

/// What may stand in `remote:` that is no remote of the clone.
const REMOTES: [&str; 9] = [
    "--upload-pack=touch$IFS./pwned;false",
    "--receive-pack=touch pwned;false",
    "-x",
    "tools/fake",
    "./tools/fake",
    "a b",
    "ext::sh -c touch% pwned",
    "git@localhost:x.git",
    "nowhere",
];

const WITH_A_REMOTE: [&str; 18] = [
    "init",
    "fetch",
    "push",
    "push support/triage",
    "publish support/triage",
    "publish support/triage --dry-run",
    "publish support/triage --no-push",
    "publish --all",
    "publish --all --dry-run",
    "rollback support/triage",
    "rollback support/triage --dry-run",
    "rollback support/triage --no-push",
    "unpublish support/triage",
    "unpublish support/triage --dry-run",
    "verify",
    "status",
    "releases support/triage",
    "init --diff-driver",
];

#[cfg(unix)]
#[test]
fn a_remote_of_the_settings_that_is_none_is_refused_before_anything_is_done() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    trap(&ada, "tools/fake");
    let pwned = [env.root().dir.join("pwned"), ada.dir.join("pwned")];
    for remote in REMOTES {
        ada.write("promptctl.yaml", format!("# Ours.\nremote: '{remote}'\n"));
        let before = tree(&env.root().dir);
        for line in WITH_A_REMOTE {
            let run = ada.fails(&format!("promptctl {line}"));
            assert!(
                run.stderr.contains("error[P226]"),
                "remote: {remote}\n$ promptctl {line}\n{run}"
            );
            assert!(run.stderr.contains("at: promptctl.yaml"), "{run}");
            assert!(run.stderr.contains("hint: "), "{run}");
        }
        same(&before, &tree(&env.root().dir), remote);
        assert!(!pwned.iter().any(|path| path.exists()), "{remote}");
    }
    ada.write("promptctl.yaml", "roots: [prompts]\nremote: 'a b'\n");
    assert_snapshot!(ada.play("promptctl fetch"), @"
    $ promptctl fetch
    error[P226]: `remote` is not the name of a remote: it holds a blank or a control character
      at: promptctl.yaml:2
      hint: write the name that `git remote` shows, such as `remote: origin`
    [exit 1]
    ");
    // What needs no remote goes on where the name is merely unknown here.
    ada.write("promptctl.yaml", "remote: upstream\n");
    ada.ok("promptctl list");
    ada.ok("promptctl validate");
    // Nothing that this clone has is taken for what that remote says.
    let run = ada.fails("promptctl get support/triage@production");
    assert!(run.stderr.contains("error[P217]"), "{run}");
    // A new repository has no remote at all.
    let root = env.root();
    root.write("fresh/promptctl.yaml", "remote: '--upload-pack=x'\n");
    for name in ["--upload-pack=x", "origin"] {
        root.write("fresh/promptctl.yaml", format!("remote: '{name}'\n"));
        let run = root.cd("fresh").fails("promptctl init");
        assert!(run.stderr.contains("error[P226]"), "{run}");
        assert!(!root.exists("fresh/.git"), "{run}");
    }
}

#[test]
fn a_remote_whose_name_is_a_path_is_not_taken_because_it_is_the_only_one() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.git("remote rename origin team/prompts");
    assert_snapshot!(ada.play("promptctl status"), @"
    $ promptctl status
    error[P226]: the only remote of this clone is called `team/prompts`, and promptctl cannot use that name: it is a path or an address, and not a name
      hint: git remote rename team/prompts origin
    [exit 1]
    ");
}

/// A dash in front of all that a file, a tag or a person can say.
#[test]
fn nothing_that_begins_with_a_dash_becomes_an_option() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish --quiet support/triage");
    let pwned = |what: &str| {
        for place in ["", "ada/", "ada/prompts/", "origin.git/"] {
            for name in ["pwned", "./pwned"] {
                assert!(!env.root().exists(&format!("{place}{name}")), "{what}");
            }
        }
    };
    for dash in [
        "--upload-pack=touch${IFS}pwned",
        "--output=pwned",
        "-x",
        "--exec=touch pwned",
        "--help",
    ] {
        for settings in [
            format!("environments: {{production: {{requireBranch: '{dash}'}}}}\n"),
            format!("tagPrefix: '{dash}'\n"),
            format!("roots: ['{dash}']\n"),
            format!("roots: ['{dash}', prompts]\n"),
            format!(
                "allowedSigners: '{dash}'\nenvironments: {{production: {{requireSigned: true}}}}\n"
            ),
            format!("remote: '{dash}'\n"),
            format!("environments: ['{dash}']\n"),
            format!("environments: {{production: {{from: '{dash}'}}}}\n"),
        ] {
            ada.write("promptctl.yaml", &settings);
            for line in [
                "list",
                "status",
                "validate",
                "publish support/triage",
                "bump",
                "fetch",
                "doctor",
                "history support/triage",
                "edit support/triage --set description=x",
            ] {
                let run = ada.run(&format!("promptctl {line}"));
                assert!(
                    !run.stderr.contains("usage: git"),
                    "{settings}$ promptctl {line}\n{run}"
                );
                pwned(&format!("{settings}$ promptctl {line}\n{run}"));
            }
            ada.git("checkout --quiet --force origin/main -- .");
        }
        for line in [
            ["validate", "--base", dash],
            ["diff", dash, "HEAD"],
            ["show", &format!("support/triage@{dash}"), "--quiet"],
            ["publish", &format!("support/triage@{dash}"), "--quiet"],
            ["publish", "support/triage", &format!("--message={dash}")],
            ["publish", "support/triage", &format!("--env={dash}")],
            [
                "edit",
                "support/triage",
                &format!("--set=description={dash}"),
            ],
            ["edit", "support/triage", &format!("--message={dash}")],
            ["new", "other", &format!("--file={dash}")],
            ["history", &format!("--={dash}"), "support/triage"],
        ] {
            // Whoever types this option of promptctl's own means it.
            if line[0] == "diff" && dash.starts_with("--output=") {
                continue;
            }
            let output = ada.command("promptctl").args(line).output().unwrap();
            let run = crate::env::Run::new(&ada, &line.join(" "), &output);
            assert!(
                !run.stderr.contains("usage: git"),
                "$ promptctl {line:?}\n{run}"
            );
            pwned(&format!("$ promptctl {line:?}\n{run}"));
        }
    }
    // A commit's message is a message, whatever it begins with.
    let line = [
        "edit",
        "support/triage",
        "--set=model=openai/gpt-5",
        "--message=--amend",
    ];
    assert!(
        ada.command("promptctl")
            .args(line)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(ada.git("log -1 --format=%s"), "--amend");
    let line = ["publish", "support/triage", "--message=--delete"];
    assert!(
        ada.command("promptctl")
            .args(line)
            .status()
            .unwrap()
            .success()
    );
    assert!(ada.tags().contains("production/2"));
    // A root that begins with a dash is a folder, and its files are files.
    ada.write("promptctl.yaml", "roots: ['-x']\n");
    ada.write("-x/a.prompt.yml", SMALL);
    ada.ok("promptctl edit a --set description=x");
    assert_eq!(
        ada.git("show --name-only --format= HEAD"),
        "-x/a.prompt.yml"
    );
    assert_snapshot!(ada.play("promptctl list"), @"
    $ promptctl list
    a	v1	-	openai/gpt-5-mini	
    ");
}

#[test]
fn a_path_is_never_a_pattern() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("promptctl.yaml", "roots: ['[ab]*']\n");
    repo.write("[ab]*/one.prompt.yml", SMALL);
    repo.write("aa/secret.txt", "-");
    repo.ok("promptctl edit one --set description=x");
    assert_eq!(
        repo.git("show --name-only --format= HEAD"),
        "[ab]*/one.prompt.yml"
    );
    assert_eq!(repo.git("ls-files aa"), "");
    repo.ok("promptctl history one");
    repo.ok("promptctl edit one --set description=y");
    repo.write("bb/other.txt", "-");
    repo.git("add bb aa");
    repo.ok("promptctl edit one --set description=z");
    assert_eq!(
        repo.git("show --name-only --format= HEAD"),
        "[ab]*/one.prompt.yml"
    );
}

#[test]
fn a_replacement_does_not_make_an_unsigned_release_proven() {
    let env = TestEnv::new();
    let repo = env.triage();
    if keys(&repo, &["ada"]).is_none() {
        return;
    }
    repo.ok("promptctl publish support/triage --quiet");
    require_signatures(&repo, &["ada"]);
    let unsigned = repo.git("rev-parse prompts/support/triage/production/1");
    let run = repo.run("promptctl verify");
    assert_eq!(run.code, Some(3), "{run}");
    // The same tag, signed, stands in its place.
    sign_as(&repo, "ada");
    let message =
        repo.ok("git tag --list --format=%(contents) prompts/support/triage/production/1");
    repo.git("tag -d prompts/support/triage/production/1");
    let tagged = repo
        .command("git")
        .args(["tag", "-s", "--cleanup=verbatim", "-m", &message])
        .args([
            "prompts/support/triage/production/1",
            "prompts/support/triage/v1^{commit}",
        ])
        .status()
        .unwrap();
    assert!(tagged.success());
    let signed = repo.git("rev-parse prompts/support/triage/production/1");
    repo.git(&format!(
        "update-ref refs/tags/prompts/support/triage/production/1 {unsigned}"
    ));
    repo.git(&format!("replace -f {unsigned} {signed}"));
    repo.git("config gpg.ssh.allowedSignersFile allowed_signers");
    // git takes one for the other.
    repo.git("verify-tag prompts/support/triage/production/1");
    let run = repo.run("promptctl verify");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stdout.contains("is not signed") || run.stderr.contains("is not signed"),
        "{run}"
    );
}

#[test]
fn a_hint_holds_no_command_of_somebody_else() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.write(
        "promptctl.yaml",
        "allowedSigners: 'x; touch pwned'\nenvironments: {production: {requireSigned: true}}\n",
    );
    ada.git("commit --quiet --all --message Policy");
    assert_snapshot!(ada.play("promptctl publish support/triage"), @r#"
    $ promptctl publish support/triage
    error[P243]: `allowedSigners` names x; touch pwned, which HEAD does not hold
      at: HEAD:x; touch pwned
      hint: git add 'x; touch pwned' && git commit -m "Allowed signers" -- 'x; touch pwned'
    [exit 3]
    "#);
    ada.write(
        "promptctl.yaml",
        "environments: {production: {requireBranch: 'a`touch pwned`'}}\n",
    );
    ada.git("commit --quiet --all --message Policy");
    assert_snapshot!(ada.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P208]: the branch a`touch pwned`, which `requireBranch` names, is not in this clone
      hint: git fetch origin
      hint: if it is called otherwise, `requireBranch` in promptctl.yaml must say so
    [exit 3]
    ");
    ada.git("config --replace-all remote.origin.fetch +refs/heads/main:refs/remotes/origin/main");
    let run = ada.fails("promptctl publish support/triage");
    assert!(
        run.stderr.contains(
            "hint: git fetch origin '+refs/heads/a`touch pwned`:refs/remotes/origin/a`touch pwned`'"
        ),
        "{run}"
    );
    ada.write("promptctl.yaml", "roots: ['a $(touch pwned)']\n");
    ada.git("commit --quiet --all --message Roots");
    ada.write("a $(touch pwned)/x.prompt.yml", SMALL);
    assert_snapshot!(ada.play("promptctl publish x"), @r#"
    $ promptctl publish x
    error[P204]: x has changes that are not committed
      at: a $(touch pwned)/x.prompt.yml
      hint: git add 'a $(touch pwned)/x.prompt.yml' && git commit -m "…" -- 'a $(touch pwned)/x.prompt.yml'
    [exit 1]
    "#);
}

#[test]
fn a_relative_folder_for_settings_is_ignored() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("here/promptctl/config.yaml", "nonsense: [\n");
    let line = "promptctl run support/triage --var ticket=x --model echo";
    repo.with("XDG_CONFIG_HOME", "here").ok(line);
    let absolute = repo.dir.join("here");
    repo.with("XDG_CONFIG_HOME", absolute).fails(line);
}

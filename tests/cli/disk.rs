//! A disk that is full or read-only, and locks that others hold or left behind.

use std::time::{Duration, SystemTime};

use crate::env::{Shell, TRIAGE, TestEnv, executable, skipped};

const FILE: &str = "prompts/support/triage.prompt.yml";

/// A small file system in memory that is unmounted when the test is over.
struct SmallDisk {
    root: Shell,
}

impl SmallDisk {
    fn mount(env: &TestEnv) -> Option<Self> {
        let root = env.root();
        root.write("disk/.keep", "");
        let mounted = root
            .command("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs", "disk"])
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            Some(Self { root })
        } else {
            skipped(
                "no small disk can be mounted here, so a full and a read-only one are not seen",
            );
            None
        }
    }

    fn repo(&self) -> Shell {
        let disk = self.root.cd("disk");
        disk.ok("promptctl init --quiet repo");
        let repo = disk.cd("repo");
        repo.add("support/triage", TRIAGE);
        repo.ok("promptctl publish support/triage");
        repo
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(
            self.root
                .command("umount")
                .args(["--lazy", "disk"])
                .output(),
        );
    }
}

#[test]
fn a_full_disk_changes_nothing() {
    let env = TestEnv::new();
    let Some(disk) = SmallDisk::mount(&env) else {
        return;
    };
    let repo = disk.repo();
    let (refs, text) = (repo.refs(), repo.read(FILE));
    // Everything that is left is taken, down to the last block.
    drop(std::fs::write(repo.dir.join("../filler"), vec![0; 4 << 20]));
    for line in [
        "edit support/triage --set modelParameters.maxTokens=600",
        "publish support/triage --env staging --create-env",
        "new other --user Hello",
        "seed",
        "unpublish support/triage",
    ] {
        let run = repo.fails(&format!("promptctl {line}"));
        assert!(run.stderr.contains("error[P223]"), "{line}: {run}");
        assert!(run.stderr.contains("hint: "), "{line}: {run}");
        assert_eq!(repo.refs(), refs, "{line}");
        assert_eq!(repo.read(FILE), text, "{line}");
    }
    assert_eq!(
        repo.json("promptctl get support/triage@production --format json")["version"],
        1
    );
    std::fs::remove_file(repo.dir.join("../filler")).unwrap();
    assert_eq!(repo.git("status --porcelain"), "");
    repo.git("fsck --strict");
    repo.ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    repo.ok("promptctl publish support/triage");
    repo.ok("promptctl rollback support/triage");
}

#[test]
fn a_read_only_repository_is_read() {
    let env = TestEnv::new();
    let Some(disk) = SmallDisk::mount(&env) else {
        return;
    };
    let repo = disk.repo();
    let remounted = env
        .root()
        .command("mount")
        .args(["-o", "remount,ro", "disk"])
        .output()
        .unwrap();
    assert!(remounted.status.success());
    assert_eq!(
        repo.json("promptctl get support/triage@production --format json")["version"],
        1
    );
    for line in [
        "list",
        "status",
        "history support/triage",
        "validate",
        "render support/triage --var ticket=a",
    ] {
        repo.ok(&format!("promptctl {line}"));
    }
    for line in [
        "edit support/triage --set modelParameters.maxTokens=600",
        "publish support/triage --env staging --create-env",
        "rollback support/triage --no-push",
        "unpublish support/triage",
        "new other --user Hello",
    ] {
        let run = repo.fails(&format!("promptctl {line}"));
        let told = run.stderr.contains("error[P223]") || run.stderr.contains("error[P213]");
        assert!(told && run.stderr.contains("hint: "), "{line}: {run}");
    }
    // The answer of a call is paid for: it is shown although it cannot be recorded.
    let run = repo.run("promptctl run support/triage --var ticket=Help --model echo");
    assert_eq!(
        (run.stdout.as_str(), run.code),
        ("Help\n", Some(0)),
        "{run}"
    );
    assert!(run.stderr.contains("was not recorded"), "{run}");
}

/// Makes a lock that a process left behind a minute ago.
fn left_behind(repo: &Shell, path: &str) {
    repo.write(path, "");
    let file = std::fs::File::options()
        .write(true)
        .open(repo.dir.join(path))
        .unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60))
        .unwrap();
}

#[test]
fn a_lock_that_was_left_is_named_with_what_to_do() {
    let env = TestEnv::new();
    let repo = env.triage();
    let (refs, text) = (repo.refs(), repo.read(FILE));
    for (lock, line) in [
        (
            ".git/index.lock",
            "edit support/triage --set modelParameters.maxTokens=600",
        ),
        (".git/index.lock", "new other --user Hello"),
        (
            ".git/HEAD.lock",
            "edit support/triage --set modelParameters.maxTokens=600",
        ),
        (
            ".git/refs/tags/prompts/support/triage/v1.lock",
            "publish support/triage",
        ),
        (
            ".git/refs/tags/prompts/support/triage/production/1.lock",
            "publish support/triage",
        ),
    ] {
        left_behind(&repo, lock);
        let run = repo.fails(&format!("promptctl {line}"));
        assert!(run.stderr.contains("error[P230]"), "{lock}: {run}");
        assert!(
            run.stderr
                .contains("hint: if no git process is running, remove it: rm "),
            "{lock}: {run}"
        );
        assert!(run.stderr.contains(lock), "{lock}: {run}");
        assert_eq!(
            (repo.refs(), repo.read(FILE)),
            (refs.clone(), text.clone()),
            "{lock}"
        );
        std::fs::remove_file(repo.dir.join(lock)).unwrap();
        assert_eq!(repo.git("status --porcelain"), "", "{lock}");
    }
    repo.ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    repo.ok("promptctl publish support/triage");
}

#[test]
fn reading_asks_for_no_lock() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    for lock in [
        ".git/index.lock",
        ".git/packed-refs.lock",
        ".git/config.lock",
        ".git/HEAD.lock",
    ] {
        left_behind(&repo, lock);
    }
    for line in [
        "list",
        "status",
        "get support/triage@production",
        "history support/triage",
        "diff",
        "validate",
        "bump",
    ] {
        repo.ok(&format!("promptctl {line}"));
    }
}

/// A lock that is given up while `edit` waits for it: by the second `git commit` that it starts.
#[cfg(unix)]
#[test]
fn a_lock_that_is_held_for_a_moment_is_waited_for() {
    let env = TestEnv::new();
    let repo = env.triage();
    let real = repo.ok("sh -c 'command -v git'");
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *' commit '*)\n  if [ -e '{0}/waited' ]; then rm -f '{0}/repo/.git/index.lock'; fi\n  touch '{0}/waited';;\nesac\nexec {1} \"$@\"\n",
        env.root().dir.display(),
        real.trim()
    );
    executable(&repo, "../bin/git", &script);
    repo.write(".git/index.lock", "");
    let path = format!(
        "{}:{}",
        repo.dir.join("../bin").display(),
        repo.ok("printenv PATH").trim()
    );
    repo.with("PATH", path)
        .ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    assert_eq!(repo.git("status --porcelain"), "");
}

//! A dry run writes nothing, in `.git` neither.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::env::TestEnv;

/// Every file below a folder with its bytes: two folders with the same are the same.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        files.insert(format!("{}/", next.display()), Vec::new());
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(
                    path.display().to_string(),
                    fs::read(&path).unwrap_or_default(),
                );
            }
        }
    }
    files
}

#[track_caller]
pub(crate) fn same(
    before: &BTreeMap<String, Vec<u8>>,
    after: &BTreeMap<String, Vec<u8>>,
    what: &str,
) {
    let differs = |(path, bytes): &(&String, &Vec<u8>)| after.get(*path) != Some(*bytes);
    let gone: Vec<_> = before
        .iter()
        .filter(differs)
        .map(|(path, _)| path)
        .collect();
    let new: Vec<_> = after
        .keys()
        .filter(|path| !before.contains_key(*path))
        .collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "{what}: changed {gone:?}, new {new:?}"
    );
}

/// `--dry-run` of each command that has it, in a clone that has not even fetched.
#[test]
fn a_dry_run_writes_nothing_anywhere() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish --quiet support/triage");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.ok("promptctl publish --quiet support/triage");
    ada.next_version("support/triage", "maxTokens: 600", "maxTokens: 500");
    ada.git("push --quiet");
    let bob = env.clone_of_origin("Bob");
    ada.ok("promptctl run support/triage --var ticket=x --model echo");
    bob.replace(
        "prompts/support/triage.prompt.yml",
        "maxTokens: 500",
        "maxTokens: 400",
    );
    env.root().ok("cp -r ada kim");
    let kim = env.root().cd("kim");
    kim.replace(
        "prompts/support/triage.prompt.yml",
        "maxTokens: 500",
        "maxTokens: 400",
    );
    kim.with("GIT_DIR", ".git").git("remote prune origin");
    for shell in [&bob, &kim] {
        for line in [
            "publish support/triage@HEAD --dry-run",
            "publish --all --dry-run",
            "publish support/triage@HEAD --dry-run --no-push",
            "publish support/triage@v1 --dry-run --env staging --create-env",
            "rollback support/triage --dry-run",
            "rollback support/triage --dry-run --no-push",
            "unpublish support/triage --dry-run",
            "unpublish support/triage --dry-run --no-push",
            "seed -n",
            "bump -n",
            "init -n --hooks --diff-driver --github",
            "init -n --adopt",
            "new other -n --from support/triage",
            "edit support/triage -n --set modelParameters.maxTokens=1",
            "archive support/triage -n",
            "unarchive support/triage -n",
            "mv support/triage support/routing -n",
            "fetch -n",
            "fetch -n --env production",
            "push -n",
            "validate --fix -n",
            "doctor --fix -n",
            "scan --ids --write-baseline -n",
            "scan --lift -n",
            "outcome - -n",
            "log append -n",
            "run support/triage --var ticket=x --dry-run",
            "log prune --older-than 0d --dry-run",
        ] {
            // git may note what it learnt of files whose time is the present.
            shell.run("git status");
            let before = tree(&env.root().dir);
            let run = shell.run(&format!("promptctl {line}"));
            assert!(!run.stderr.contains("P226"), "{run}");
            assert_ne!(run.code, Some(2), "{run}");
            same(
                &before,
                &tree(&env.root().dir),
                &format!("$ promptctl {line}\n{run}"),
            );
        }
    }
    // It says what would happen all the same, of what the remote has now.
    assert_snapshot!(bob.play(
        "promptctl publish support/triage@HEAD --dry-run
         promptctl rollback support/triage --dry-run"
    ), @"
    $ promptctl publish support/triage@HEAD --dry-run
    support/triage v3 would be published to production (was v2)
      would make the tag prompts/support/triage/v3
      would make the tag prompts/support/triage/production/3
    $ promptctl rollback support/triage --dry-run
    support/triage would be rolled back to v1 in production (was v2)
      would make the tag prompts/support/triage/production/3
      goes:       v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    ");
}

//! `doctor`: each fault is made with git, the fix that is printed is run, and all is sound again.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, SystemTime};

use insta::assert_snapshot;

use super::policy::{keys, require_signatures, sign_as};
use crate::env::{Shell, TestEnv};

const FILE: &str = "prompts/support/triage.prompt.yml";
const LOG: &str = ".promptctl/executions.jsonl";

/// Forgets what no reference names any more.
fn prune(repo: &Shell) {
    repo.git("reflog expire --expire=now --all");
    repo.git("prune --expire=now");
}

/// Moves a tag to another commit, with the message that it had.
fn move_tag(repo: &Shell, tag: &str, commit: &str) {
    let message = repo.git(&format!("tag --list --format=%(contents) {tag}"));
    repo.write("../message", message);
    repo.git(&format!(
        "tag --force --annotate --cleanup=verbatim --file ../message {tag} {commit}"
    ));
}

/// Runs `doctor`, then the fixes that it prints; returns the findings' codes and the fixes.
#[track_caller]
fn treat(repo: &Shell, doctor: &str) -> (Vec<String>, Vec<String>) {
    let told = repo.json(&format!("{doctor} --format json"));
    let text = |finding: &serde_json::Value, key: &str| {
        finding[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key}: {finding}"))
            .to_owned()
    };
    let findings = told["findings"].as_array().unwrap();
    let codes = findings
        .iter()
        .map(|finding| text(finding, "code"))
        .collect();
    let mut fixes: Vec<String> = findings
        .iter()
        .map(|finding| text(finding, "help"))
        .collect();
    // What mends several things is run once.
    let mut seen = BTreeSet::new();
    fixes.retain(|fix| seen.insert(fix.clone()));
    for command in fixes.iter().flat_map(|fix| fix.split(" && ")) {
        repo.ok(command);
    }
    (codes, fixes)
}

/// Makes a fault, and proves that its fix puts it right.
#[track_caller]
fn cure(repo: &Shell, doctor: &str, code: &str, fix: &str) {
    let (codes, fixes) = treat(repo, doctor);
    assert!(codes.iter().any(|it| it == code), "{code}: {codes:?}");
    assert!(fixes.iter().any(|it| it.contains(fix)), "{fix}: {fixes:?}");
    let after = repo.run(doctor);
    assert_eq!(
        after.stderr, "everything is sound\n",
        "{code} {fixes:?}: {after}"
    );
}

#[cfg(unix)]
#[test]
fn every_fault_of_a_repository_is_put_right_by_the_fix_that_is_printed() {
    type Fault = fn(&Shell);
    let faults: &[(&str, &str, Fault)] = &[
        ("P209", "git update-ref", |repo| {
            repo.git("tag --delete prompts/support/triage/production/2");
        }),
        ("P210", "git tag -d", |repo| {
            repo.git("tag prompts/support/triage/production/4");
        }),
        ("P210", "git update-ref", |repo| {
            repo.git("tag --force prompts/support/triage/production/2");
        }),
        ("P210", "git tag -d", |repo| {
            repo.git("tag --annotate --message 'By hand' prompts/support/triage/v9");
        }),
        // An earlier release under another number would make its version live again.
        ("P210", "git tag -d", |repo| {
            let first = repo.git("rev-parse refs/tags/prompts/support/triage/production/1");
            repo.git(&format!(
                "update-ref refs/tags/prompts/support/triage/production/4 {first}"
            ));
        }),
        ("P211", "git update-ref", |repo| {
            repo.git("tag --delete prompts/support/triage/v3");
        }),
        ("P211", "git update-ref", |repo| {
            repo.git("tag --delete prompts/support/triage/v2");
        }),
        ("P211", "promptctl publish support/triage@v3", |repo| {
            repo.git("tag --delete prompts/support/triage/v3");
            prune(repo);
        }),
        ("P211", "git update-ref", |repo| {
            move_tag(repo, "prompts/support/triage/v3", "HEAD~1");
        }),
        (
            "P211",
            "git tag -d prompts/support/triage/v3 && promptctl publish",
            |repo| {
                move_tag(repo, "prompts/support/triage/v3", "HEAD~1");
                prune(repo);
            },
        ),
        ("P210", "git update-ref", |repo| {
            move_tag(repo, "prompts/support/triage/production/3", "HEAD~1");
        }),
        ("P210", "git tag -d", |repo| {
            move_tag(repo, "prompts/support/triage/production/3", "HEAD~1");
            prune(repo);
        }),
        ("P206", "promptctl bump", |repo| {
            repo.next_version("support/triage", "maxTokens: 400", "maxTokens: 200");
            repo.replace(FILE, "version: 4", "version: 3");
            repo.git("commit --quiet --all --message 'The same number'");
        }),
        // A file that says nothing of its number.
        ("P206", "promptctl bump", |repo| {
            let text = repo.read(FILE);
            let lines = text
                .lines()
                .filter(|line| !line.starts_with("digest:"))
                .map(|line| format!("{line}\n"));
            repo.write(FILE, lines.collect::<String>().replace("400", "200"));
            repo.git("commit --quiet --all --message 'Without a digest'");
        }),
        ("P207", "promptctl bump", |repo| {
            repo.replace(FILE, "maxTokens: 400", "maxTokens: 200");
        }),
        ("P201", "promptctl unpublish", |repo| {
            repo.git(&format!("rm --quiet {FILE}"));
            repo.git("commit --quiet --message Gone");
        }),
        ("P226", "git checkout HEAD -- promptctl.yaml", |repo| {
            repo.write("promptctl.yaml", "rots: [prompts]\n");
        }),
        ("P226", "git commit", |repo| {
            repo.write("promptctl.yaml", "roots: [\n");
            repo.git("commit --quiet --all --message Broken");
        }),
        ("P208", "git branch release", |repo| {
            repo.write(
                "promptctl.yaml",
                "environments: {production: {requireBranch: release}}\n",
            );
        }),
        ("P230", "rm ", |repo| {
            let lock = repo.dir.join(".git/refs/tags/prompts.lock");
            let old = SystemTime::now() - Duration::from_secs(7200);
            let file = fs::File::create(lock).unwrap();
            file.set_modified(old).unwrap();
        }),
        ("P320", "promptctl doctor --fix", |repo| {
            repo.ok("promptctl run support/triage --var ticket=one --model echo");
            let text = repo.read(LOG);
            repo.write(LOG, format!("{}\n{text}", &text[..text.len() / 2]));
        }),
    ];
    let env = TestEnv::new();
    let sound = env.triage();
    sound.publish_versions(3);
    for (at, (code, fix, fault)) in faults.iter().enumerate() {
        env.root().ok(&format!("cp -R repo {at}"));
        let repo = env.root().cd(&at.to_string());
        assert_eq!(repo.run("promptctl doctor").stderr, "everything is sound\n");
        fault(&repo);
        cure(&repo, "promptctl doctor", code, fix);
    }
}

#[test]
fn every_fault_of_a_clone_is_put_right_by_the_fix_that_is_printed() {
    type Fault = fn(&Shell, &Shell);
    const ONLINE: &str = "promptctl doctor --online";
    let faults: &[(&str, &str, &str, Fault)] = &[
        ("promptctl doctor", "P218", "promptctl push", |ada, _| {
            ada.ok("promptctl unpublish support/triage --no-push");
        }),
        (
            "promptctl doctor",
            "P218",
            "promptctl doctor --fix",
            |ada, bob| {
                ada.ok("promptctl unpublish support/triage --no-push");
                bob.ok("promptctl unpublish support/triage");
                ada.ok("promptctl fetch");
            },
        ),
        // A tag that was deleted at the remote is put back from this clone.
        ("promptctl doctor", "P244", "git push origin", |ada, bob| {
            bob.git("push --quiet origin --delete refs/tags/prompts/support/triage/production/2");
            ada.ok("promptctl fetch");
        }),
        ("promptctl doctor", "P244", "git push origin", |ada, bob| {
            bob.git("push --quiet origin --delete refs/tags/prompts/support/triage/production/2");
            ada.ok("promptctl fetch");
            ada.git("tag --delete prompts/support/triage/production/2");
        }),
        ("promptctl doctor", "P244", "promptctl fetch", |ada, _| {
            ada.git("update-ref -d refs/promptctl/origin/prompts/support/triage/production/2");
            ada.git("tag --delete prompts/support/triage/production/2");
            prune(ada);
        }),
        (
            "promptctl doctor",
            "P244",
            "git push --force origin",
            |ada, bob| {
                bob.git("fetch --quiet --tags");
                move_tag(bob, "prompts/support/triage/v4", "HEAD~1");
                bob.git("push --quiet --force origin refs/tags/prompts/support/triage/v4");
                ada.ok("promptctl fetch");
            },
        ),
        (
            "promptctl doctor",
            "P210",
            "git push origin --delete",
            |ada, bob| {
                bob.git("tag prompts/support/triage/production/4");
                bob.git("push --quiet origin refs/tags/prompts/support/triage/production/4");
                ada.ok("promptctl fetch");
            },
        ),
        (ONLINE, "P217", "promptctl fetch", |_, bob| {
            bob.ok("promptctl unpublish support/triage");
        }),
        (ONLINE, "P244", "git push origin", |_, bob| {
            bob.git("push --quiet origin --delete refs/tags/prompts/support/triage/production/3");
        }),
        (ONLINE, "P244", "git push --force origin", |_, bob| {
            bob.git("fetch --quiet --tags");
            move_tag(bob, "prompts/support/triage/v4", "HEAD~1");
            bob.git("push --quiet --force origin refs/tags/prompts/support/triage/v4");
        }),
    ];
    let sound = TestEnv::new();
    let ada = sound.with_origin();
    // A model that answers without the network.
    ada.replace(FILE, "openai/gpt-5-mini", "echo");
    ada.ok("promptctl bump --quiet support/triage");
    ada.git("commit --quiet --all --message Offline");
    ada.publish_versions(3);
    ada.git("push --quiet origin main");
    sound.clone_of_origin("Bob").ok("promptctl fetch");
    for (doctor, code, fix, fault) in faults {
        let env = sound.copy(&["ada", "bob"]);
        let ada = env.root().cd("ada");
        assert_eq!(ada.run(doctor).stderr, "everything is sound\n");
        fault(&ada, &env.root().cd("bob").person("Bob"));
        cure(&ada, doctor, code, fix);
    }
}

#[test]
fn every_kind_of_clone_is_completed_by_the_fix_that_is_printed() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.publish_versions(3);
    ada.git("push --quiet origin main");
    env.root()
        .cd("origin.git")
        .git("config uploadpack.allowFilter true");
    let url = format!("file://{}/origin.git", env.root().dir.display());
    for (options, code, fix) in [
        ("", "P217", "promptctl fetch"),
        ("--no-tags", "P217", "promptctl fetch"),
        ("--single-branch", "P217", "promptctl fetch"),
        ("--filter=blob:none", "P229", "git fetch --refetch"),
        ("--depth 1", "P229", "git fetch --unshallow origin"),
        (
            "--depth 1 --no-tags",
            "P229",
            "git fetch --unshallow origin",
        ),
    ] {
        env.root()
            .ok(&format!("git clone --quiet {options} {url} ci"));
        let ci = env.root().cd("ci");
        cure(&ci, "promptctl doctor", code, fix);
        assert_eq!(
            ci.json("promptctl get support/triage@production --format json")["version"],
            3
        );
        fs::remove_dir_all(&ci.dir).unwrap();
    }
}

#[test]
fn a_missing_signature_is_put_right_by_the_fix_that_is_printed() {
    let env = TestEnv::new();
    let repo = env.triage();
    if keys(&repo, &["ada"]).is_none() {
        return;
    }
    repo.publish_versions(3);
    require_signatures(&repo, &["ada"]);
    sign_as(&repo, "ada");
    cure(
        &repo,
        "promptctl doctor",
        "P240",
        "promptctl publish support/triage@v3 --env production",
    );
    // The list was taken out of the repository, and lies there still.
    repo.git("rm --quiet --cached allowed_signers");
    repo.git("commit --quiet --message 'By mistake'");
    cure(&repo, "promptctl doctor", "P243", "git add allowed_signers");
}

#[test]
fn a_commit_graph_must_know_the_paths() {
    let env = TestEnv::new();
    let repo = env.triage();
    let mut stream = String::new();
    for number in 0..1001 {
        stream.push_str("commit refs/heads/main\n");
        stream.push_str("committer Ada <ada@example.com> 1700000000 +0000\n");
        let from = if number == 0 {
            "from refs/heads/main^0\n"
        } else {
            ""
        };
        stream.push_str(&format!("data 1\n.\n{from}\n"));
    }
    let run = repo.run_with("git fast-import --quiet", stream);
    assert_eq!(run.code, Some(0), "{run}");
    cure(&repo, "promptctl doctor", "P233", "git commit-graph write");
    // `git gc` writes one without them, in one file or in several.
    let without = |write: &str| {
        drop(fs::remove_dir_all(
            repo.dir.join(".git/objects/info/commit-graphs"),
        ));
        drop(fs::remove_file(
            repo.dir.join(".git/objects/info/commit-graph"),
        ));
        repo.git(&format!(
            "commit-graph write --reachable --no-changed-paths {write}"
        ));
    };
    without("");
    assert_snapshot!(repo.play("promptctl doctor --fix"), @"
    $ promptctl doctor --fix
    1 of 1 trouble fixed
    everything is sound
    ");
    without("--split=replace");
    cure(&repo, "promptctl doctor", "P233", "git commit-graph write");
    without("");
    repo.git("commit-graph write --reachable --changed-paths --split=replace");
    assert_eq!(repo.run("promptctl doctor").stderr, "everything is sound\n");
}

#[test]
fn broken_settings_do_not_hide_the_rest() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.publish_versions(3);
    repo.write("promptctl.yaml", "rots: [prompts]\n");
    repo.git("tag --delete prompts/support/triage/production/2");
    assert_snapshot!(repo.play("promptctl doctor"), @"
    $ promptctl doctor
    error[P226]: `rots` is not a key of the configuration; did you mean `roots`?
      at: promptctl.yaml:1
      help: git checkout HEAD -- promptctl.yaml
    warning[P209]: release 2 of support/triage in production is missing
      at: prompts/support/triage/production/2
      help: git update-ref refs/tags/prompts/support/triage/production/2 <id>
    1 error, 1 warning
    [exit 3]
    ");
    repo.write(
        "promptctl.yaml",
        "remote: upstream\nenvironments: {production: {requireEval: 3, requireSigned: true, from: production}}\n",
    );
    assert_snapshot!(repo.play("promptctl doctor"), @"
    $ promptctl doctor
    error[P226]: `remote` names upstream, which is not a remote of this clone
      at: promptctl.yaml
      help: git remote add upstream URL
    error[P226]: production: `requireEval` is true, the tag of the cases that have to pass, or a map
      at: promptctl.yaml
      help: write requireEval: true, or requireEval: {minPassRate: 0.95, hostile: all, maxAge: 30d}
    error[P226]: `requireSigned` of production needs the keys whose signatures count
      at: promptctl.yaml
      help: write `allowedSigners: allowed_signers`, a file in the repository with a line for each person: ada@example.com ssh-ed25519 AAAA…
    error[P226]: `from` of production names production itself
      at: promptctl.yaml
      help: name the environment that a version passes through before, such as staging
    4 errors, 0 warnings
    [exit 3]
    ");
}

#[test]
fn lines_of_a_newer_version_stay_where_they_are() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl run support/triage --var ticket=one --model echo");
    let text = repo.read(LOG);
    let id = text.split('"').skip_while(|it| *it != "id").nth(2).unwrap();
    let newer = text
        .replace("\"schema\":1", "\"schema\":2")
        .replace(id, "01970000-0000-7000-8000-000000000001");
    let log = format!("{text}{newer}{{\"schema\":3,\"batch\":[1,2]}}\n");
    repo.write(LOG, &log);
    assert_snapshot!(repo.play(
        "promptctl doctor
         promptctl doctor --fix --quiet"
    ), @"
    $ promptctl doctor
    warning[P340]: line 2 of the execution log has schema 2, and this version knows 1
      at: $ROOT/repo/.promptctl/executions.jsonl
      help: read it with the version of promptctl that wrote it, or a newer one
    warning[P340]: line 3 of the execution log has schema 3, and this version knows 1
      at: $ROOT/repo/.promptctl/executions.jsonl
      help: read it with the version of promptctl that wrote it, or a newer one
    0 errors, 2 warnings
    $ promptctl doctor --fix --quiet
    warning[P340]: line 2 of the execution log has schema 2, and this version knows 1
      at: $ROOT/repo/.promptctl/executions.jsonl
      help: read it with the version of promptctl that wrote it, or a newer one
    warning[P340]: line 3 of the execution log has schema 3, and this version knows 1
      at: $ROOT/repo/.promptctl/executions.jsonl
      help: read it with the version of promptctl that wrote it, or a newer one
    ");
    assert_eq!(repo.read(LOG), log);
}

#[test]
fn plain_doctor_asks_nobody() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.publish_versions(3);
    ada.git("remote set-url origin https://example.invalid/x.git");
    let ada = ada.with("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    assert_eq!(ada.run("promptctl doctor").stderr, "everything is sound\n");
}

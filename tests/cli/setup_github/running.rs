//! The workflow's steps, run as GitHub runs them.

use super::*;
use std::fs;

/// A pull request of this repository that changes a prompt and not its version.
fn unraised(env: &TestEnv) -> Shell {
    let ada = with_workflow(env);
    ada.git("switch --quiet --create topic");
    ada.replace("prompts/support/triage.prompt.yml", "800  ", "600  ");
    // What `validate --fix` would rewrite is none of this job's.
    ada.replace("prompts/support/triage.prompt.yml", "locale:", "locale :");
    ada.git("commit --quiet --all --message Shorter");
    ada.git("push --quiet origin topic");
    let commit = ada.git("rev-parse HEAD");
    env.root().write("output.txt", "");
    job(env, &ada)
        .with("BRANCH", "topic")
        .with("COMMIT", commit.trim())
        .with("STARTS_WORKFLOWS", "false")
}

#[test]
fn who_edits_in_the_browser_gets_the_version_raised_and_the_commit_checked() {
    if cfg!(windows) {
        return skipped("the steps are for the runners with Linux");
    }
    let env = TestEnv::new();
    let job_of_ada = unraised(&env);
    let root = env.root();
    let runs = steps("raise", &job_of_ada);
    assert!(runs.iter().all(|run| run.code == Some(0)), "{}", runs[0]);
    let tip = root.git("--git-dir origin.git rev-parse topic");
    assert_eq!(root.read("output.txt"), format!("commit={tip}\n"));
    let text = root.git("--git-dir origin.git show topic:prompts/support/triage.prompt.yml");
    assert!(text.contains("\nversion: 2\n"), "{text}");
    let changed = root.git("--git-dir origin.git diff --numstat topic~1 topic");
    assert_eq!(changed, "2\t2\tprompts/support/triage.prompt.yml");
    assert_eq!(
        root.git("--git-dir origin.git log --format=%s main..topic"),
        "Raise the versions of changed prompts\nShorter"
    );
    // The check takes that commit, and its verdict stands on it.
    let job = job_of_ada
        .with("COMMIT", tip.trim())
        .with("STATE", "success");
    let runs = steps("check", &job);
    assert!(runs.iter().all(|run| run.code == Some(0)), "{}", runs[0]);
    let asked = root.read("gh.txt");
    let told = asked.lines().last().unwrap().replace(tip.trim(), "TIP");
    assert_snapshot!(told, @"api --silent --method POST repos/team/prompts/statuses/TIP --field context=Check --field state=success --field description=promptctl validate --field target_url=https://github.com/team/prompts/actions/runs/9");
    // A second time there is nothing to raise.
    root.write("output.txt", "");
    steps("raise", &job_of_ada);
    assert_eq!(root.read("output.txt"), "");
    assert_eq!(root.git("--git-dir origin.git rev-parse topic"), tip);
}

#[test]
fn no_version_is_raised_on_a_branch_that_moved_and_a_token_of_ones_own_starts_workflows() {
    if cfg!(windows) {
        return skipped("the steps are for the runners with Linux");
    }
    let env = TestEnv::new();
    let job = unraised(&env);
    let root = env.root();
    let bob = env.clone_of_origin("Bob");
    bob.git("switch --quiet topic");
    bob.git("commit --quiet --allow-empty --message Moved");
    bob.git("push --quiet origin topic");
    let tip = root.git("--git-dir origin.git rev-parse topic");
    let runs = steps("raise", &job);
    let said = runs.last().unwrap();
    assert!(
        said.code == Some(0) && said.stdout.contains("::notice::the branch moved"),
        "{said}"
    );
    assert_eq!(root.git("--git-dir origin.git rev-parse topic"), tip);
    assert_eq!(root.read("output.txt"), "");

    let env = TestEnv::new();
    let job = unraised(&env).with("STARTS_WORKFLOWS", "true");
    steps("raise", &job);
    assert_eq!(env.root().read("output.txt"), "");
    assert_eq!(
        env.root()
            .git("--git-dir origin.git rev-list --count main..topic"),
        "2"
    );
}

#[test]
fn a_pull_request_is_checked_and_gets_one_comment() {
    if cfg!(windows) {
        return skipped("the steps are for the runners with Linux");
    }
    let env = TestEnv::new();
    let ada = with_workflow(&env);
    let root = env.root();
    ada.git("switch --quiet --create topic");
    let job = job(&env, &ada);
    // Nothing changed: no comment.
    let runs = steps("check", &job);
    assert!(runs.iter().all(|run| run.code == Some(0)), "{}", runs[0]);
    assert_eq!(root.read("gh.txt").lines().count(), 2);
    assert!(root.read("summary.md").contains("nothing changed"));
    // The first comment, with the file's text as its body.
    ada.next_version("support/triage", "800  ", "600  ");
    steps("check", &job);
    assert_snapshot!(root.read("gh.txt").lines().last().unwrap().replace(&*root.dir.to_string_lossy(), "$ROOT"), @"api --silent --method POST repos/team/prompts/issues/5/comments --field body=@$ROOT/temp/prompts.md");
    assert!(root.read("summary.md").contains("600"));
    assert!(
        root.read("temp/prompts.md")
            .starts_with("<!-- promptctl diff -->\n")
    );
    // The next time it is that comment, also when there is nothing to say any more.
    root.write("gh.txt.known", "");
    steps("check", &job);
    let asked = root.read("gh.txt");
    assert!(
        asked
            .lines()
            .last()
            .unwrap()
            .contains("--method PATCH repos/team/prompts/issues/comments/77 "),
        "{asked}"
    );
    ada.git("reset --quiet --hard main");
    steps("check", &job);
    assert_eq!(root.read("gh.txt").matches("PATCH").count(), 2);
    // From a fork: the summary has to do, and the job passes.
    root.write("gh.txt.refused", "");
    let runs = steps("check", &job);
    assert_snapshot!(runs.last().unwrap(), @"::notice::the comment could not be written; the summary of this job has it");
}

#[test]
fn a_version_that_was_not_raised_is_suggested_where_its_lines_are_shown() {
    if cfg!(windows) {
        return skipped("the steps are for the runners with Linux");
    }
    let env = TestEnv::new();
    let root = env.root();
    let jq = root.command("jq").arg("--version").output();
    if !jq.is_ok_and(|output| output.status.success()) {
        return skipped("there is no jq, which GitHub's runners have");
    }
    let ada = with_workflow(&env);
    ada.git("switch --quiet --create topic");
    let suggested = |name: &str| {
        ada.git(&format!("commit --quiet --all --message {name}"));
        root.write("gh.txt", "");
        let job = job(&env, &ada).with("COMMIT", ada.git("rev-parse HEAD").trim());
        let script = workflow(&job)["jobs"]["check"]["steps"]
            .as_array()
            .unwrap()
            .iter()
            .find(|step| step["name"] == "Suggest the versions to raise")
            .unwrap()["run"]
            .clone();
        let output = job
            .command("bash")
            .args(["-e", "-c", script.as_str().unwrap()])
            .output();
        let run = Run::new(&job, "", &output.unwrap());
        assert_eq!(run.code, Some(0), "{run}");
        let asked = root.read("gh.txt");
        let tip = ada.git("rev-parse HEAD");
        format!("{run}{}", asked.replace(tip.trim(), "TIP"))
    };
    let asked = |name: &str| {
        suggested(name)
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let file = "prompts/support/triage.prompt.yml";
    // The content is far below the two lines: GitHub does not show them.
    ada.replace(file, "800  ", "600  ");
    assert_eq!(asked("far"), [""; 0]);
    // The title stands beside them.
    ada.replace(file, "Support triage", "Triage");
    assert_snapshot!(suggested("near"), @r#"
    api --paginate repos/team/prompts/pulls/5/comments --jq .[] | select(.user.login == "github-actions[bot]" and .line != null and (.body | startswith("<!-- promptctl raise -->"))) | {id, path, start_line, line, body}
    api --silent --method POST repos/team/prompts/pulls/5/comments --input -
    {"path":"prompts/support/triage.prompt.yml","side":"RIGHT","start_side":"RIGHT","start_line":3,"line":4,"body":"<!-- promptctl raise -->\nThe content changed, so its version rises:\n\n```suggestion\nversion: 2\ndigest: b2af38d563bb\n```","commit_id":"TIP"}
    "#);
    // What is there already is left as it is, and what does not fit the content any more goes.
    let there = |id: u32, digest: &str| {
        let body = format!(
            "<!-- promptctl raise -->\nThe content changed, so its version rises:\n\n```suggestion\nversion: 2\ndigest: {digest}\n```"
        );
        let line = json!({"id": id, "path": file, "start_line": 3, "line": 4, "body": body});
        root.write("gh.txt.suggested", format!("{line}\n"));
    };
    there(71, "b2af38d563bb");
    ada.replace(file, "Sorts an", "Sorts one");
    assert_eq!(asked("same"), [""; 0]);
    ada.replace(file, "600  ", "500  ");
    assert_eq!(
        asked("newer")[..2],
        [
            "api --silent --method DELETE repos/team/prompts/pulls/comments/71",
            "api --silent --method POST repos/team/prompts/pulls/5/comments --input -"
        ]
    );
    ada.replace(file, "500  ", "800  ");
    assert_eq!(
        asked("taken-back"),
        ["api --silent --method DELETE repos/team/prompts/pulls/comments/71"]
    );
    fs::remove_file(root.dir.join("gh.txt.suggested")).unwrap();
    ada.replace(file, "800  ", "500  ");
    ada.git("commit --quiet --all --message again");
    // What it offers is what `bump` writes.
    ada.ok("promptctl bump");
    assert_snapshot!(ada.git("diff --unified=0 -- prompts"), @"
    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index f1904cb..cea3774 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -3,2 +3,2 @@ description: Sorts one incoming ticket.   # for the support team
    -version: 1
    -digest: f066701586d5
    +version: 2
    +digest: 688c8d083b5c
    ");
    assert_eq!(asked("raised"), [""; 0]);
}

#[test]
fn a_pull_request_is_evaluated_and_a_fork_without_a_key_says_what_it_lacks() {
    if cfg!(windows) {
        return skipped("the steps are for the runners with Linux");
    }
    let env = TestEnv::new();
    let ada = with_workflow(&env);
    let root = env.root();
    let server = Server::answering(|request| {
        let is_new = request.json()["input"].to_string().contains("Which queue");
        Reply::answer(if is_new { "billing" } else { "it depends" })
    });
    let cases: String = (0..12)
        .map(|at| format!("  - {{ticket: t{at}, expected: billing}}\n"))
        .collect();
    let text = format!(
        "model: openai/gpt-5-mini\nmessages: [{{role: user, content: \"Sort {{{{ticket}}}}\"}}]\ntestData:\n{cases}eval: {{minPassRate: 0.5}}\nevaluators:\n  - {{name: right queue, string: {{contains: \"{{{{expected}}}}\"}}}}\n"
    );
    ada.add("sort", &text);
    ada.git("push --quiet origin main");
    ada.git("switch --quiet --create topic");
    ada.next_version("sort", "Sort {{", "Which queue, {{");
    let job = job(&env, &ada)
        .with("MAX_COST", "0.50")
        .with("OPENAI_API_KEY", "")
        .with("OPENAI_BASE_URL", server.url());
    // From a fork: nothing is asked, the check fails, and the reason is told.
    let fork = steps("check", &job);
    let last = fork.last().unwrap();
    assert_eq!(last.code, Some(3), "{last}");
    assert!(
        last.stdout.contains("a maintainer's run is needed"),
        "{last}"
    );
    assert!(server.requests().is_empty());
    let page = ada.ok("promptctl diff origin/main...HEAD --format markdown --eval last");
    assert!(
        page.contains("⚠️ the evaluation is incomplete")
            && page.contains("somebody who has a key has to run it"),
        "{page}"
    );
    // A maintainer's: the comment says which version is better.
    let later = job.at("2026-11-03T13:00:00Z").with("OPENAI_API_KEY", KEY);
    let runs = steps("check", &later);
    assert!(
        runs.iter().all(|run| run.code == Some(0)),
        "{}",
        runs.last().unwrap()
    );
    assert_eq!(server.requests().len(), 24);
    let page = root.read("temp/prompts.md");
    assert!(
        page.contains("#### Evaluation: ✅ pass")
            && page.contains("🟢 Better than v1: 100 points more pass"),
        "{page}"
    );
    assert!(
        root.read("gh.txt")
            .lines()
            .last()
            .unwrap()
            .contains("--method POST")
    );
    // Results that came with the branch were written by whoever wrote the branch.
    ada.git("add --force .promptctl/evals");
    let page = ada.ok("promptctl diff origin/main...HEAD --format markdown --eval last");
    assert!(
        page.contains("### Prompts: ❌ the runs are not to be trusted;")
            && page.contains("#### Evaluation: ❌ not to be trusted")
            && !page.contains("Better than v1"),
        "{page}"
    );
}

#[test]
fn a_prompt_that_is_not_raised_fails_the_check() {
    if cfg!(windows) {
        return skipped("the steps are for the runners with Linux");
    }
    let env = TestEnv::new();
    let ada = with_workflow(&env);
    ada.git("switch --quiet --create topic");
    ada.replace("prompts/support/triage.prompt.yml", "800  ", "600  ");
    ada.git("commit --quiet --all --message Shorter");
    let runs = steps("check", &job(&env, &ada));
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[1].code, Some(3));
    assert!(runs[1].stdout.contains("::error "), "{}", runs[1]);
}

#[test]
fn what_is_merged_is_published_and_late_jobs_do_no_harm() {
    if cfg!(windows) {
        return skipped("the steps are for the runners with Linux");
    }
    let env = TestEnv::new();
    let ada = with_workflow(&env);
    let published = |runs: &[Run]| runs.last().unwrap().to_string();
    env.root().write("gh.txt.approved", "");
    assert_snapshot!(published(&steps("publish", &job(&env, &ada))), @"support/triage v1 published to production, and the remote has it");
    ada.add("small", SMALL);
    ada.git("push --quiet origin main");
    ada.git("switch --quiet --detach main~1");
    ada.next_version("support/triage", "800  ", "600  ");
    assert_snapshot!(published(&steps("publish", &job(&env, &ada))), @"
    support/triage v2 published to production (was v1), and the remote has it
    warning: the commit xxxxxxxxxxxx of support/triage is on no branch of the remote that this clone knows
    hint: git push sends the branch, or git fetch, where somebody did; `requireBranch` in promptctl.yaml makes it a rule
    ");
    ada.git("switch --quiet --detach main");
    assert_snapshot!(published(&steps("publish", &job(&env, &ada))), @"
    warning: support/triage v2 is live in production, above v1, which the file has: it stays live
    hint: promptctl rollback support/triage --env production --to v1, if what was reverted shall go
    small v1 published to production, and the remote has it
    ");
    assert_snapshot!(env.root().git("--git-dir origin.git tag"), @"
    prompts/small/production/1
    prompts/small/v1
    prompts/support/triage/production/1
    prompts/support/triage/production/2
    prompts/support/triage/v1
    prompts/support/triage/v2
    ");
}

/// The action, with a `curl` that answers from a folder.
fn install(env: &TestEnv, version: &str, binary: &str) -> Run {
    let root = env.root();
    executable(
        &root,
        "bin/curl",
        "#!/bin/sh\nfor last; do :; done\nwhile [ $# -gt 1 ]; do\n\
         case $1 in --output) out=$2 ;; --write-out) echo 'https://github.com/p/p/releases/tag/v9.9.9' ;; esac\n\
         shift\ndone\n[ \"$out\" = /dev/null ] || cp \"$RELEASES/${last##*/}\" \"$out\"\n",
    );
    for file in ["path.txt", "output.txt"] {
        root.write(file, "");
    }
    let mut path = root.dir.join("bin").into_os_string();
    path.push(":/usr/local/bin:/usr/bin:/bin");
    let shell = root
        .with("PATH", path)
        .with("RELEASES", root.dir.join("releases"))
        .with("RUNNER_TEMP", root.dir.join("temp"))
        .with("RUNNER_OS", "Linux")
        .with("RUNNER_ARCH", "X64")
        .with("GITHUB_PATH", root.dir.join("path.txt"))
        .with("GITHUB_OUTPUT", root.dir.join("output.txt"))
        .with("VERSION", version)
        .with("BINARY", binary)
        .with("REPOSITORY", "p/p");
    let script = top().join(".github/actions/promptctl/install.sh");
    let output = shell.command("bash").arg(script).output().unwrap();
    Run::new(&shell, "install.sh", &output)
}

#[test]
fn the_action_installs_what_its_checksum_fits() {
    if !cfg!(target_os = "linux") {
        return skipped("the archive is made as on Linux");
    }
    let env = TestEnv::new();
    let root = env.root();
    let name = "promptctl-v9.9.9-x86_64-unknown-linux-musl";
    executable(
        &root,
        &format!("{name}/promptctl"),
        "#!/bin/sh\necho promptctl 9.9.9\n",
    );
    root.write("releases/other", "");
    root.ok(&format!("tar -czf releases/{name}.tar.gz {name}"));
    let sums = root
        .cd("releases")
        .ok(&format!("sha256sum other {name}.tar.gz"));
    root.write("releases/SHA256SUMS", &sums);
    for version in ["v9.9.9", "9.9.9", "latest"] {
        let run = install(&env, version, "");
        assert_eq!(run.to_string(), "promptctl 9.9.9 is on the path\n");
        assert_eq!(
            root.read("path.txt"),
            format!("{}/temp/promptctl/bin\n", root.dir.display())
        );
        assert_eq!(root.read("output.txt"), "version=9.9.9\n");
    }
    let archive = fs::read(root.dir.join(format!("releases/{name}.tar.gz"))).unwrap();
    root.write(
        &format!("releases/{name}.tar.gz"),
        [&archive[..], b"x"].concat(),
    );
    assert_snapshot!(install(&env, "v9.9.9", ""), @"
    promptctl-v9.9.9-x86_64-unknown-linux-musl.tar.gz: FAILED
    ::error title=promptctl::promptctl-v9.9.9-x86_64-unknown-linux-musl.tar.gz is not what SHA256SUMS says: nothing was installed
    --- stderr
    sha256sum: WARNING: 1 computed checksum did NOT match
    [exit 1]
    ");
    assert!(!root.exists("temp/promptctl/bin/promptctl"));
    root.write("releases/SHA256SUMS", "");
    assert_snapshot!(install(&env, "v9.9.9", ""), @"
    ::error title=promptctl::SHA256SUMS of v9.9.9 does not name promptctl-v9.9.9-x86_64-unknown-linux-musl.tar.gz
    [exit 1]
    ");
    assert_snapshot!(install(&env, "main; rm -rf", ""), @"
    ::error title=promptctl::main; rm -rf is not a version: write one such as v0.1.0, or latest
    [exit 1]
    ");
    assert_snapshot!(install(&env, "v1.0.0", ""), @"
    ::error title=promptctl::promptctl-v1.0.0-x86_64-unknown-linux-musl.tar.gz of v1.0.0 could not be fetched: https://github.com/p/p/releases lists what there is
    --- stderr
    cp: cannot stat '$ROOT/releases/promptctl-v1.0.0-x86_64-unknown-linux-musl.tar.gz': No such file or directory
    [exit 1]
    ");
    assert_snapshot!(install(&env, "latest", "nowhere"), @"
    ::error title=promptctl::there is no file nowhere: build promptctl before this step
    [exit 1]
    ");
    let built = format!("{}/{name}/promptctl", root.dir.display());
    assert_eq!(install(&env, "latest", &built).code, Some(0));
}

//! Repositories of every shape: shallow, bare, detached, unborn, worktrees, subdirectories, and
//! formats that cannot be read.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv};

/// A remote with two releases of `support/triage`, as a CI job would clone it.
fn released(env: &TestEnv) -> Shell {
    let ada = env.with_origin();
    ada.publish_versions(2);
    ada
}

fn cloned(env: &TestEnv, options: &str) -> Shell {
    let url = format!("file://{}/origin.git", env.root().dir.display());
    env.root()
        .ok(&format!("git clone --quiet {options} {url} ci"));
    env.root().cd("ci").person("CI")
}

#[test]
fn a_shallow_clone_without_tags_reads_and_validates() {
    let env = TestEnv::new();
    released(&env);
    let ci = cloned(&env, "--depth 1 --no-tags");
    assert_snapshot!(ci.play(
        "promptctl validate
         promptctl list
         promptctl render support/triage --var ticket=Help
         promptctl seed --check core
         promptctl get support/triage@production
         promptctl rollback support/triage --no-push
         promptctl get support/triage@v1
         promptctl get --all --format json
         promptctl releases support/triage
         promptctl status
         promptctl doctor"
    ), @r#"
    $ promptctl validate
    1 checked, 0 errors, 0 warnings
    $ promptctl list
    support/triage	v2	-	openai/gpt-5-mini	Support triage
    --- stderr
    warning: this clone has not fetched the releases of origin
    hint: promptctl fetch
    $ promptctl render support/triage --var ticket=Help
    system:
    You sort support tickets. Answer in en.
    Say which queue the ticket belongs to: billing or tech.

    user:
    Help
    $ promptctl seed --check core
    missing prompts/core/_untrusted.hbs
    missing prompts/core/answer-with-citations.prompt.yml
    missing prompts/core/auto-issue-generator.prompt.yml
    missing prompts/core/chat-assistant.prompt.yml
    missing prompts/core/code-review.prompt.yml
    missing prompts/core/data-extraction.prompt.yml
    missing prompts/core/documentation-generator.prompt.yml
    missing prompts/core/feedback-issue-creator.prompt.yml
    missing prompts/core/readme-update-generator.prompt.yml
    missing prompts/core/sub-issue-generator.prompt.yml
    missing prompts/core/summary.prompt.yml
    missing prompts/core/support-triage.prompt.yml
    [exit 3]
    $ promptctl get support/triage@production
    error[P217]: this clone has not fetched the releases of origin
      hint: promptctl fetch
    [exit 1]
    $ promptctl rollback support/triage --no-push
    error[P217]: this clone has not fetched the releases of origin
      hint: promptctl fetch
    [exit 1]
    $ promptctl get support/triage@v1
    error[P217]: support/triage v1 is not in this shallow clone, and its tags were not fetched
      hint: promptctl fetch
    [exit 1]
    $ promptctl get --all --format json
    {"schema":1,"error":{"code":"P217","message":"this clone has not fetched the releases of origin","location":null,"hints":["promptctl fetch"],"causes":[]}}
    [exit 1]
    $ promptctl releases support/triage
    error[P217]: this clone has not fetched the releases of origin
      hint: promptctl fetch
    [exit 1]
    $ promptctl status
    production	support/triage	-	v2	-	-	not fetched
    --- stderr
    warning: this clone has not fetched the releases of origin
    hint: promptctl fetch
    $ promptctl doctor
    warning[P217]: git fetch does not bring the tags of origin into their mirror
      help: promptctl fetch
    error[P217]: this clone has not fetched the releases of origin
      help: promptctl fetch
    warning[P229]: the clone is shallow: the history before its cut is not here
      help: git fetch --unshallow origin
    1 error, 2 warnings
    [exit 3]
    "#);
}

#[test]
fn not_fetched_and_never_published_are_different() {
    let env = TestEnv::new();
    released(&env);
    let ci = cloned(&env, "--depth 1 --no-tags");
    ci.add("greeting", SMALL);
    assert_eq!(
        ci.fails("promptctl get support/triage@production --format json")
            .error()["code"],
        "P217"
    );
    assert_snapshot!(ci.play(
        "promptctl fetch
         promptctl get greeting@production
         promptctl releases support/triage
         promptctl render support/triage@v1 --var ticket=Help
         promptctl doctor"
    ), @"
    $ promptctl fetch
    4 new tags from origin
    $ promptctl get greeting@production
    error[P203]: greeting was never published to production
      hint: promptctl publish greeting --env production
    [exit 1]
    $ promptctl releases support/triage
    2	production	v2	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    $ promptctl render support/triage@v1 --var ticket=Help
    system:
    You sort support tickets. Answer in en.
    Say which queue the ticket belongs to: billing or tech.

    user:
    Help
    $ promptctl doctor
    warning[P229]: the clone is shallow: the history before its cut is not here
      help: git fetch --unshallow origin
    0 errors, 1 warning
    ");
    assert!(ci.exists(".git/shallow"), "the clone stays shallow");
    assert_eq!(ci.git("rev-list --count HEAD~1"), "1");
}

#[test]
fn a_shallow_clone_publishes_and_rolls_back() {
    let env = TestEnv::new();
    let ada = released(&env);
    ada.next_version("support/triage", "maxTokens: 600", "maxTokens: 400");
    ada.ok("git push --quiet");
    let ci = cloned(&env, "--depth 1 --no-tags");
    assert_snapshot!(ci.play(
        "promptctl publish --all
         promptctl rollback support/triage"
    ), @"
    $ promptctl publish --all
    support/triage v3 published to production (was v2), and the remote has it
    $ promptctl rollback support/triage
    support/triage rolled back to v2 in production (was v3), and the remote has it
      goes:       v3, published by CI 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v2; a service with a snapshot has v3 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v3
    ");
    ada.git("fetch --quiet");
    assert_eq!(
        ada.json("promptctl get support/triage@production --format json")["version"],
        2
    );
    env.root().cd("origin.git").git("fsck --strict");
}

#[test]
fn a_shallow_clone_numbers_from_what_it_knows() {
    let env = TestEnv::new();
    released(&env);
    let ci = cloned(&env, "--depth 1 --no-tags");
    ci.replace(
        "prompts/support/triage.prompt.yml",
        "maxTokens: 600",
        "maxTokens: 500",
    );
    assert_snapshot!(ci.play("promptctl bump"), @"
    $ promptctl bump
    support/triage v3 (was v2)
    hint: commit the change: git commit -a
    ");
}

#[test]
fn a_bare_clone_is_read() {
    let env = TestEnv::new();
    released(&env);
    env.root()
        .ok("git clone --quiet --bare origin.git bare.git");
    let bare = env.root().cd("bare.git");
    bare.ok("promptctl -C . fetch");
    assert_snapshot!(bare.play(
        "promptctl -C . list
         promptctl -C . releases support/triage
         promptctl -C . history support/triage
         promptctl -C . render support/triage@v1 --var ticket=Help
         promptctl -C . validate
         promptctl -C . edit support/triage --set model=openai/gpt-5
         promptctl -C . new other
         promptctl -C . seed
         promptctl -C . bump"
    ), @"
    $ promptctl -C . list
    support/triage	v2	production v2	openai/gpt-5-mini	Support triage
    $ promptctl -C . releases support/triage
    2	production	v2	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    $ promptctl -C . history support/triage
    v2	live in production	behavior	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Change
    v1	published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add support/triage
    $ promptctl -C . render support/triage@v1 --var ticket=Help
    system:
    You sort support tickets. Answer in en.
    Say which queue the ticket belongs to: billing or tech.

    user:
    Help
    $ promptctl -C . validate
    1 checked, 0 errors, 0 warnings
    $ promptctl -C . edit support/triage --set model=openai/gpt-5
    error[P219]: this repository is bare: it has no files to change
      hint: make a clone, change the prompt there and push
    [exit 1]
    $ promptctl -C . new other
    error[P219]: this repository is bare: it has no files to change
      hint: make a clone, change the prompt there and push
    [exit 1]
    $ promptctl -C . seed
    error[P219]: this repository is bare: it has no files to change
      hint: make a clone, change the prompt there and push
    [exit 1]
    $ promptctl -C . bump
    error[P219]: this repository is bare: it has no files to change
      hint: make a clone, change the prompt there and push
    [exit 1]
    ");
    assert_eq!(
        bare.json("promptctl -C . get support/triage --format json")["version"],
        2
    );
    assert_eq!(
        bare.json("promptctl -C . get support/triage@production --format json")["version"],
        2
    );
}

#[test]
fn a_detached_head_commits_and_says_nothing_wrong() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("checkout --quiet --detach");
    repo.ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    assert_eq!(repo.git("rev-parse HEAD~1"), repo.git("rev-parse main"));
    repo.ok("promptctl publish support/triage");
    assert_eq!(
        repo.json("promptctl get support/triage@production --format json")["version"],
        2
    );
}

#[test]
fn an_unborn_head_reads_and_makes_the_first_commit() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet repo");
    let repo = env.root().cd("repo");
    assert_snapshot!(repo.play(
        "promptctl list
         promptctl status
         promptctl history nobody
         promptctl doctor
         promptctl bump"
    ), @"
    $ promptctl list
    there are no prompts yet
    hint: promptctl new NAME makes one, promptctl seed adds the bundled ones
    $ promptctl status
      no prompts
    $ promptctl history nobody
    error[P201]: there is no prompt named nobody
      hint: there are no prompts below prompts: promptctl new nobody makes one
    [exit 1]
    $ promptctl doctor
    everything is sound
    $ promptctl bump
    nothing to bump: every version fits its content
    ");
    repo.write("prompts/greeting.prompt.yml", SMALL);
    assert_snapshot!(repo.play(
        "promptctl list
         promptctl publish greeting
         promptctl history greeting
         promptctl get greeting@HEAD"
    ), @r#"
    $ promptctl list
    greeting	v1 *	-	openai/gpt-5-mini	
    $ promptctl publish greeting
    error[P204]: greeting has changes that are not committed
      at: prompts/greeting.prompt.yml
      hint: git add prompts/greeting.prompt.yml && git commit -m "…" -- prompts/greeting.prompt.yml
    [exit 1]
    $ promptctl history greeting
    error[P204]: greeting was never committed
      at: prompts/greeting.prompt.yml
      hint: git add prompts/greeting.prompt.yml && git commit -- prompts/greeting.prompt.yml
    [exit 1]
    $ promptctl get greeting@HEAD
    error[P225]: `HEAD` is neither a version, an environment nor a git revision
      hint: promptctl history greeting shows the versions, promptctl status the environments
    [exit 2]
    "#);
    repo.write("../triage.yml", TRIAGE);
    assert_snapshot!(repo.play(
        "promptctl new support/triage --file ../triage.yml
         git log --name-only --format=%s
         git status --short"
    ), @"
    $ promptctl new support/triage --file ../triage.yml
    support/triage v1 made: prompts/support/triage.prompt.yml
    hint: promptctl publish support/triage makes it live
    $ git log --name-only --format=%s
    Add support/triage

    prompts/support/triage.prompt.yml
    $ git status --short
    ?? prompts/greeting.prompt.yml
    ");
}

#[test]
fn a_subdirectory_and_another_folder_by_name() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("deep/er/note.txt", "-");
    let below = repo.cd("deep/er");
    below.write("ticket.txt", "Help");
    assert_eq!(
        below.ok("promptctl render support/triage --var ticket=@ticket.txt"),
        repo.ok("promptctl render support/triage --var ticket=Help")
    );
    below.ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    below.ok("promptctl publish support/triage");
    assert_eq!(
        env.root()
            .json("promptctl -C repo get support/triage@production --format json")["version"],
        2
    );
    below.write("greeting.yml", SMALL);
    below.ok("promptctl new greeting --file greeting.yml");
    assert!(repo.exists("prompts/greeting.prompt.yml"));
    assert_snapshot!(env.root().play("promptctl -C nowhere list"), @"
    $ promptctl -C nowhere list
    error: nowhere is not a folder
    [exit 2]
    ");
}

#[test]
fn a_worktree_shares_versions_and_releases() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    repo.git("worktree add --quiet -b topic ../tree");
    let tree = env.root().cd("tree");
    tree.ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    tree.ok("promptctl publish support/triage");
    assert_eq!(
        repo.json("promptctl get support/triage@production --format json")["version"],
        2
    );
    assert_eq!(
        repo.json("promptctl get support/triage --format json")["version"],
        1
    );
    tree.ok("promptctl rollback support/triage");
    assert_eq!(
        tree.git("log --format=%s main..topic"),
        "Edit support/triage"
    );
    assert_eq!(
        repo.git("status --porcelain") + &tree.git("status --porcelain"),
        ""
    );
}

#[test]
fn outside_of_any_repository() {
    let env = TestEnv::new();
    assert_snapshot!(env.root().play(
        "promptctl list
         promptctl publish support/triage
         promptctl get support/triage --format json"
    ), @r#"
    $ promptctl list
    error[P219]: $ROOT is not inside a git repository
      hint: promptctl init makes a repository of prompts here; -C DIR names another folder
    [exit 1]
    $ promptctl publish support/triage
    error[P219]: $ROOT is not inside a git repository
      hint: promptctl init makes a repository of prompts here; -C DIR names another folder
    [exit 1]
    $ promptctl get support/triage --format json
    {"schema":1,"error":{"code":"P219","message":"$ROOT is not inside a git repository","location":null,"hints":["promptctl init makes a repository of prompts here; -C DIR names another folder"],"causes":[]}}
    [exit 1]
    "#);
    env.root().write("home/.gitconfig", "");
    let nobody = env.root().with("PATH", "/nowhere");
    assert_snapshot!(nobody.play("promptctl init repo"), @"
    $ promptctl init repo
    error[P235]: the `git` program was not found
      hint: install git 2.31 or newer, and make sure that it is on the PATH
    [exit 1]
    ");
}

#[test]
fn a_partial_clone_works_or_is_explained() {
    let env = TestEnv::new();
    released(&env);
    env.root()
        .cd("origin.git")
        .git("config uploadpack.allowFilter true");
    let ci = cloned(&env, "--filter=blob:none");
    assert_snapshot!(ci.play("promptctl list"), @"
    $ promptctl list
    support/triage	v2	-	openai/gpt-5-mini	Support triage
    --- stderr
    warning: this clone has not fetched the releases of origin
    hint: promptctl fetch
    ");
}

#[cfg(unix)]
#[test]
fn a_repository_of_another_user_is_explained() {
    use std::os::unix::fs::{MetadataExt as _, chown};

    let env = TestEnv::new();
    let repo = env.triage();
    let me = std::fs::metadata(&repo.dir).unwrap().uid();
    if me != 0
        || chown(&repo.dir, Some(12345), None).is_err()
        || chown(repo.dir.join(".git"), Some(12345), None).is_err()
    {
        crate::env::skipped("only root can give a repository to another user");
        return;
    }
    assert_snapshot!(repo.play("promptctl list"), @"
    $ promptctl list
    error[P227]: the repository at $ROOT/repo belongs to another user
      hint: git config --global --add safe.directory $ROOT/repo
    [exit 1]
    ");
    repo.ok("git config --global --add safe.directory $ROOT/repo"
        .replace("$ROOT", &env.root().dir.to_string_lossy())
        .as_str());
    repo.ok("promptctl list");
}

#[test]
fn a_number_names_no_content_that_was_not_given_it() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let file = "prompts/support/triage.prompt.yml";
    ada.ok("promptctl publish support/triage");
    ada.replace(file, "Answer in", "Never reviewed, answer in");
    ada.git("commit --quiet --all --message Sneaky");
    ada.git("push --quiet");
    // Nobody fetched the tag here.
    let ci = cloned(&env, "--no-tags");
    let first = ci.git("rev-parse HEAD~1");
    let got = ci.json("promptctl get support/triage@v1 --format json");
    assert_eq!(got["commit"], first.trim());
    let rendered = ci.ok("promptctl render support/triage@v1 --var ticket=Help");
    assert!(!rendered.contains("Never reviewed"), "{rendered}");
    let history = ci.json("promptctl history support/triage --format json");
    assert_eq!(history["versions"][0]["commit"], first.trim());
    assert_eq!(history["versions"][0]["digest"], got["digest"]);
    // The version that was bumped can be named although its number was edited under once more.
    let ada = env.clone_of_origin("Eve");
    ada.ok("promptctl bump support/triage");
    ada.git("commit --quiet --all --message Bumped");
    ada.replace(file, "maxTokens: 800", "maxTokens: 1");
    ada.git("commit --quiet --all --message Again");
    ada.git("push --quiet");
    ada.ok("promptctl publish support/triage@v2");
    assert_eq!(
        ada.json("promptctl get support/triage@production --format json")["commit"],
        ada.git("rev-parse HEAD~1").trim()
    );
}

#[test]
fn a_number_that_no_content_fits_is_refused() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let file = "prompts/support/triage.prompt.yml";
    ada.replace(file, "Answer in", "Reply in");
    ada.git("commit --quiet --all --amend --message Both");
    ada.git("push --quiet --force");
    let ci = cloned(&env, "--no-tags");
    assert_snapshot!(ci.play(
        "promptctl get support/triage@v1
         promptctl render support/triage@v1 --var ticket=Help
         promptctl history support/triage"
    ), @"
    $ promptctl get support/triage@v1
    error[P207]: no commit here holds support/triage v1: where a file has this number, its content was changed and its number was not
      hint: promptctl fetch brings the version, if it was published
      hint: promptctl bump support/triage gives what the file says now a number of its own
    [exit 1]
    $ promptctl render support/triage@v1 --var ticket=Help
    error[P207]: no commit here holds support/triage v1: where a file has this number, its content was changed and its number was not
      hint: promptctl fetch brings the version, if it was published
      hint: promptctl bump support/triage gives what the file says now a number of its own
    [exit 1]
    $ promptctl history support/triage
    v1	not published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Both
    --- stderr
    warning: this clone has not fetched the releases of origin
    hint: promptctl fetch
    warning: no commit here holds support/triage v1: where a file has this number, its content was changed and its number was not
    hint: promptctl bump support/triage gives what the file says now a number of its own
    ");
}

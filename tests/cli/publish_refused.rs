//! What `publish` refuses, with the command that puts it right.

use insta::assert_snapshot;

use crate::env::{SMALL, TestEnv};

const FILE: &str = "prompts/support/triage.prompt.yml";

#[test]
fn uncommitted_changes_are_refused() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(
        FILE,
        repo.read(FILE)
            .replace("600", "700")
            .replace("kindly", "")
            .replace("en}", "de}"),
    );
    let before = repo.refs();
    assert_snapshot!(repo.play("promptctl publish support/triage"), @r#"
    $ promptctl publish support/triage
    error[P204]: support/triage has changes that are not committed
      at: prompts/support/triage.prompt.yml
      hint: promptctl bump support/triage && git add prompts/support/triage.prompt.yml && git commit -m "…" -- prompts/support/triage.prompt.yml
      hint: promptctl publish support/triage@HEAD publishes what is committed
    [exit 1]
    "#);
    repo.ok("promptctl bump");
    assert_snapshot!(repo.play("promptctl publish support/triage"), @r#"
    $ promptctl publish support/triage
    error[P204]: support/triage has changes that are not committed
      at: prompts/support/triage.prompt.yml
      hint: git add prompts/support/triage.prompt.yml && git commit -m "…" -- prompts/support/triage.prompt.yml
      hint: promptctl publish support/triage@HEAD publishes what is committed
    [exit 1]
    "#);
    assert_eq!(repo.refs(), before);
    // What is committed can be published whatever the working copy holds.
    assert_snapshot!(repo.play("promptctl publish support/triage@HEAD"), @"
    $ promptctl publish support/triage@HEAD
    support/triage v1 published to production
    ");
}

#[test]
fn a_file_that_was_never_committed_is_refused() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/greeting.prompt.yml", SMALL);
    assert_snapshot!(repo.play("promptctl publish greeting"), @r#"
    $ promptctl publish greeting
    error[P204]: greeting has changes that are not committed
      at: prompts/greeting.prompt.yml
      hint: git add prompts/greeting.prompt.yml && git commit -m "…" -- prompts/greeting.prompt.yml
    [exit 1]
    "#);
    assert_eq!(repo.tags(), "");
}

#[test]
fn an_uncommitted_partial_counts_as_a_change_of_the_prompt() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.git("add --all");
    repo.git("commit --quiet --message Tone");
    repo.add(
        "greeting",
        &SMALL
            .replace("Hello", "\"{{> tone}} Hello")
            .replace("{{name}}", "{{name}}\""),
    );
    repo.write("prompts/_tone.hbs", "Be brief.\n");
    assert_snapshot!(repo.play("promptctl publish greeting"), @r#"
    $ promptctl publish greeting
    error[P204]: greeting has changes that are not committed
      at: prompts/greeting.prompt.yml
      hint: promptctl bump greeting && git add prompts/greeting.prompt.yml prompts/_tone.hbs && git commit -m "…" -- prompts/greeting.prompt.yml prompts/_tone.hbs
      hint: promptctl publish greeting@HEAD publishes what is committed
    [exit 1]
    "#);
    assert_eq!(repo.tags(), "");
}

#[test]
fn content_that_changed_without_a_number_is_refused() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.replace(FILE, "maxTokens: 800", "maxTokens: 600");
    repo.git("commit --quiet --all --message Unbumped");
    assert_snapshot!(repo.play("promptctl publish support/triage"), @r#"
    $ promptctl publish support/triage
    error[P207]: the content of support/triage v1 changed and its version did not
      at: prompts/support/triage.prompt.yml
      hint: promptctl bump support/triage && git commit -m "…" -- prompts/support/triage.prompt.yml
    [exit 1]
    "#);
    assert_eq!(repo.tags(), "");
}

#[test]
fn a_number_that_was_published_with_other_content_is_refused() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    let text = repo.read(FILE);
    let digest = text
        .lines()
        .find(|line| line.starts_with("digest:"))
        .unwrap()
        .to_owned();
    repo.write(
        FILE,
        text.replace(&digest, "")
            .replace("maxTokens: 800", "maxTokens: 600"),
    );
    repo.git("commit --quiet --all --message 'The same number, other content'");
    let before = repo.refs();
    assert_snapshot!(repo.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P206]: support/triage v1 was published with other content (xxxxxxxxxxxx there, xxxxxxxxxxxx here)
      hint: promptctl bump support/triage gives the new content the next number
    [exit 1]
    ");
    assert_eq!(repo.refs(), before);
}

#[test]
fn what_is_not_valid_is_refused() {
    let env = TestEnv::new();
    let repo = env.repo();
    for (name, text) in [
        ("template", SMALL.replace("{{name}}", "{{#if name}}")),
        ("partial", SMALL.replace("{{name}}", "{{> nowhere}}")),
        ("yaml", "messages: [\n".to_owned()),
        ("key", SMALL.replace("messages", "mesages")),
    ] {
        repo.write(&format!("prompts/{name}.prompt.yml"), text);
    }
    repo.git("add --all");
    repo.git("commit --quiet --message Broken");
    assert_snapshot!(repo.play(
        "promptctl publish template
         promptctl publish partial
         promptctl publish yaml
         promptctl publish key
         promptctl publish nobody"
    ), @"
    $ promptctl publish template
    error[P101]: `{{#if}}` is never closed
      at: prompts/template.prompt.yml:4:20
      hint: end the block with `{{/if}}`
      hint: promptctl publish template --allow P101 publishes it all the same, and the release says so
    [exit 3]
    $ promptctl publish partial
    error[P106]: there is no partial `nowhere`
      at: prompts/partial.prompt.yml:4:20
      hint: make the file `_nowhere.hbs` below a root
      hint: promptctl publish partial --allow P106 publishes it all the same, and the release says so
    [exit 3]
    $ promptctl publish yaml
    error[P001]: unclosed bracket '['
      at: prompts/yaml.prompt.yml:1:11
      hint: close the `[` that opens on line 1
    [exit 1]
    $ promptctl publish key
    error[P004]: `mesages` is not a key; `messages` is meant
      at: prompts/key.prompt.yml:2:1
      hint: write `messages`; if it is a key of your own, choose a name that differs more
    [exit 1]
    $ promptctl publish nobody
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
    [exit 1]
    ");
    assert_eq!(repo.tags(), "");
}

#[test]
fn an_archived_prompt_is_refused() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl archive support/triage");
    assert_snapshot!(repo.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P228]: support/triage is archived
      hint: promptctl unarchive support/triage
    [exit 1]
    ");
}

#[test]
fn unknown_things_are_told_with_what_is_near() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl publish support/triag
         promptctl publish support/triage@v7
         promptctl publish support/triage@nowhere
         promptctl publish support/triage --env Production
         promptctl publish support/triage --env v3
         promptctl publish"
    ), @"
    $ promptctl publish support/triag
    error[P201]: there is no prompt named support/triag
      hint: did you mean support/triage?
    [exit 1]
    $ promptctl publish support/triage@v7
    error[P202]: support/triage has no v7
      hint: promptctl history support/triage shows its versions
    [exit 1]
    $ promptctl publish support/triage@nowhere
    error[P225]: `nowhere` is neither a version, an environment nor a git revision
      hint: promptctl history support/triage shows the versions, promptctl status the environments
    [exit 2]
    $ promptctl publish support/triage --env Production
    error: invalid value 'Production' for '--env <ENV>': `Production` cannot be a name: an environment begins with a small letter

    For more information, try '--help'.
    [exit 2]
    $ promptctl publish support/triage --env v3
    error: invalid value 'v3' for '--env <ENV>': `v3` cannot be a name: an environment may not look like a version

    For more information, try '--help'.
    [exit 2]
    $ promptctl publish
    error: the following required arguments were not provided:
      <REF>...

    Usage: promptctl publish <REF>...

    For more information, try '--help'.
    [exit 2]
    ");
    assert_eq!(repo.tags(), "");
}

#[test]
fn a_required_branch_is_met_by_content_not_by_commit() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(
        "promptctl.yaml",
        "environments: {production: {requireBranch: main}}\n",
    );
    repo.git("commit --quiet --all --message Policy");
    repo.git("switch --quiet --create topic");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    assert_snapshot!(repo.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P208]: support/triage v2 is not on main, which production requires
      hint: merge it into main, then git fetch and publish again
    [exit 3]
    ");
    assert_eq!(repo.tags(), "");
    // A squash merge makes another commit with the same content.
    repo.git("switch --quiet main");
    repo.git("merge --quiet --squash topic");
    repo.git("commit --quiet --message Squashed");
    repo.git("switch --quiet topic");
    assert_snapshot!(repo.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    support/triage v2 published to production
    ");
    // No policy stands in the way of a rollback.
    repo.git("switch --quiet --create elsewhere");
    repo.ok("promptctl publish support/triage@v1");
    repo.git("branch --quiet --move main other");
    repo.ok("promptctl rollback support/triage");
    repo.ok("promptctl unpublish support/triage");
}

#[test]
fn a_required_branch_that_exists_nowhere_is_told() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(
        "promptctl.yaml",
        "environments: {production: {requireBranch: release}}\n",
    );
    repo.git("commit --quiet --all --message Policy");
    assert_snapshot!(repo.play(
        "promptctl publish support/triage
         git branch release
         promptctl publish support/triage"
    ), @"
    $ promptctl publish support/triage
    error[P208]: the branch release, which `requireBranch` names, is not in this clone
      hint: git branch release
      hint: if it is called otherwise, `requireBranch` in promptctl.yaml must say so
    [exit 3]
    $ git branch release
    $ promptctl publish support/triage
    support/triage v1 published to production
    ");
}

#[test]
fn a_required_branch_is_fetched_before_it_decides() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.write(
        "promptctl.yaml",
        "environments: {production: {requireBranch: release}}\n",
    );
    ada.git("commit --quiet --all --message Policy");
    ada.git("push --quiet origin main");
    let bob = env.clone_of_origin("Bob");
    // The branch that the remote does not have decides nothing.
    let refused = bob.fails("promptctl publish support/triage --format json");
    assert_eq!(refused.error()["code"], "P208");
    ada.git("push --quiet origin main:release");
    let url = format!("file://{}/origin.git", env.root().dir.display());
    env.root().ok(&format!(
        "git clone --quiet --single-branch --branch main {url} ci"
    ));
    let ci = env.root().cd("ci").person("CI");
    assert_snapshot!(ci.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    support/triage v1 published to production, and the remote has it
    ");
    // Nor does one that it had yesterday.
    ada.git("push --quiet origin :release");
    ci.ok("promptctl rollback support/triage --undo v9");
    ci.ok("promptctl unpublish support/triage");
    let refused = ci.fails("promptctl publish support/triage@v1 --format json");
    assert_eq!(refused.error()["code"], "P208");
}

#[test]
fn without_an_identity_the_two_commands_are_named() {
    let env = TestEnv::new();
    let repo = env.triage();
    env.root()
        .write("home/.gitconfig", "[user]\n\tuseConfigOnly = true\n");
    assert_snapshot!(repo.play(
        "promptctl publish support/triage
         promptctl edit support/triage --set model=openai/gpt-5"
    ), @r#"
    $ promptctl publish support/triage
    error[P222]: git does not know who you are
      hint: git config --global user.name "Your Name"
      hint: git config --global user.email "you@example.com"
    [exit 1]
    $ promptctl edit support/triage --set model=openai/gpt-5
    error[P222]: git does not know who you are
      hint: git config --global user.name "Your Name"
      hint: git config --global user.email "you@example.com"
    [exit 1]
    "#);
    assert_eq!(repo.tags(), "");
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn an_environment_that_is_nearly_another_is_refused() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage --env staging --create-env");
    assert_snapshot!(repo.play(
        "promptctl publish support/triage --env stagign
         promptctl publish support/triage --env prod
         promptctl publish support/triage --env staging-eu --create-env"
    ), @"
    $ promptctl publish support/triage --env stagign
    error[P257]: there is no environment stagign: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: did you mean staging?
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env stagign --create-env
    [exit 2]
    $ promptctl publish support/triage --env prod
    error[P257]: there is no environment prod: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: did you mean production?
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env prod --create-env
    [exit 2]
    $ promptctl publish support/triage --env staging-eu --create-env
    support/triage v1 published to staging-eu
    ");
    // Whoever asks for what is live there must not be given the working copy.
    let beside = repo.run("promptctl get support/triage --env staging");
    let behind = repo.run("promptctl get support/triage@staging");
    assert_eq!(beside.to_string(), behind.to_string());
}

//! `archive` and `unarchive`: out of use and back, without a new number.

use insta::assert_snapshot;

use crate::env::TestEnv;

#[test]
fn out_of_use_and_back() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    let text = repo.read("prompts/support/triage.prompt.yml");
    assert_snapshot!(repo.play(
        "promptctl archive support/triage -m 'Replaced by routing'
         git show --format=%s -U0 -- prompts
         promptctl list
         promptctl list --archived
         promptctl archive support/triage
         promptctl get --all --format json --env staging
         promptctl publish --all --env staging --create-env
         promptctl unarchive support/triage
         promptctl unarchive support/triage
         promptctl list
         git log --format=%s
         git status --short"
    ), @r#"
    $ promptctl archive support/triage -m 'Replaced by routing'
    support/triage archived
    warning: v1 is still live in production
    hint: promptctl unpublish support/triage
    $ git show --format=%s -U0 -- prompts
    Replaced by routing

    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -5,0 +6 @@ tags: [tickets]
    +archived: true
    $ promptctl list
    no prompt fits
    $ promptctl list --archived
    support/triage	v1	production v1	openai/gpt-5-mini	Support triage
    $ promptctl archive support/triage
    support/triage is archived already: nothing to do
    $ promptctl get --all --format json --env staging
    {"schema":1,"error":{"code":"P257","message":"there is no environment staging: promptctl.yaml does not declare it, and nothing was ever released to it","location":null,"hints":["the environments are production","to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env staging --create-env"],"causes":[]}}
    [exit 2]
    $ promptctl publish --all --env staging --create-env
    nothing to publish: no version is above those released in staging
    $ promptctl unarchive support/triage
    support/triage is in use again
    $ promptctl unarchive support/triage
    support/triage is not archived: nothing to do
    $ promptctl list
    support/triage	v1	production v1	openai/gpt-5-mini	Support triage
    $ git log --format=%s
    Unarchive support/triage
    Replaced by routing
    Add support/triage
    Set up promptctl
    $ git status --short
    "#);
    assert_eq!(repo.read("prompts/support/triage.prompt.yml"), text);
}

#[test]
fn a_run_that_was_killed_before_its_commit_is_completed() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl archive support/triage");
    let archived = repo.read("prompts/support/triage.prompt.yml");
    repo.git("reset --quiet --hard HEAD~1");
    repo.write("prompts/support/triage.prompt.yml", archived);
    repo.ok("promptctl archive support/triage");
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn unknown_prompts() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl archive support/triagee
         promptctl unarchive nobody"
    ), @"
    $ promptctl archive support/triagee
    error[P201]: there is no prompt named support/triagee
      hint: did you mean support/triage?
    [exit 1]
    $ promptctl unarchive nobody
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
    [exit 1]
    ");
}

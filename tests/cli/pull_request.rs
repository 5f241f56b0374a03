//! One pull request from its first commit to the proof of what is live, as git and a host see it.

use insta::assert_snapshot;

use super::setup_github::{job, steps};
use crate::env::{Shell, TRIAGE, TestEnv, skipped};

const FILE: &str = "prompts/support/triage.prompt.yml";

/// The release policy of this story.
const SETTINGS: &str = "environments:\n  production:\n    requireBranch: main\n";

/// A clone of `origin.git` that works as the README advises, with `support/triage` v1 live.
fn ada(env: &TestEnv) -> Shell {
    let root = env.root();
    root.git("init --quiet --bare origin.git");
    root.git("clone --quiet origin.git ada");
    let ada = root.cd("ada");
    ada.ok("promptctl init --quiet");
    ada.write("promptctl.yaml", SETTINGS);
    ada.git("commit --quiet --all --message Policy");
    ada.ok("promptctl init --quiet --hooks --diff-driver --github");
    ada.add("support/triage", TRIAGE);
    ada.git("push --quiet origin main");
    ada.ok("promptctl publish --quiet support/triage");
    ada
}

/// What a job of the pull request has: the newest commit of the branch, and no more.
fn shallow_clone(env: &TestEnv) -> Shell {
    let root = env.root();
    let origin = format!("file://{}/origin.git", root.dir.display());
    root.git(&format!(
        "clone --quiet --depth 1 --branch topic {origin} ci"
    ));
    root.cd("ci").with("GITHUB_BASE_REF", "main")
}

/// What follows a mark on its line.
#[track_caller]
fn after<'t>(text: &'t str, mark: &str) -> &'t str {
    let (_, rest) = text.split_once(mark).unwrap();
    rest.lines().next().unwrap()
}

#[test]
fn a_pull_request_from_its_first_commit_to_the_proof() {
    if cfg!(windows) {
        return skipped("the publish job is for the runners with Linux");
    }
    let env = TestEnv::new();
    let ada = ada(&env);

    // Ada edits on a branch; the hook raises the version.
    ada.git("switch --quiet --create topic");
    ada.replace(FILE, "required: [ticket]", "required: [ticket, locale]");
    ada.replace(FILE, ", default: en}", "}");
    assert_snapshot!(ada.play(
        "git commit --quiet --all --message 'Callers say the language'
         git push --quiet origin topic
         git status --porcelain"
    ), @"
    $ git commit --quiet --all --message 'Callers say the language'
    support/triage v2 (was v1), staged
    $ git push --quiet origin topic
    $ git status --porcelain
    ");

    // The job's clone is shallow, and is told what to fetch.
    let ci = shallow_clone(&env);
    let shallow = ci.fails("promptctl validate --base");
    assert_snapshot!(shallow, @"
    error[P229]: this clone does not have origin/main
      hint: git fetch --no-tags --unshallow origin +refs/heads/main:refs/remotes/origin/main
    [exit 1]
    ");
    ci.ok(after(&shallow.stderr, "hint: "));
    assert_snapshot!(ci.play("promptctl validate --base"), @"
    $ promptctl validate --base
    1 checked, 0 errors, 0 warnings
    ");
    // The comment says what the change means for callers.
    assert_snapshot!(ci.ok("promptctl diff origin/main...HEAD --format markdown"), @r#"
    <!-- promptctl diff -->
    ### Prompts: 🔴 breaking, callers may break

    | Prompt | Change | Impact | Versions | Tokens | `publish` would |
    | --- | --- | --- | --- | --- | --- |
    | `support/triage` | changed | 🔴 breaking | v1 → v2 | 24 | not known here: promptctl fetch |

    #### For callers

    - `support/triage`: 🔴 breaking: variable `locale` was optional and is required
    - `support/triage`: 🟠 behavior: the default of variable `locale` was `"en"` and is none

    <details>
    <summary><code>support/triage</code>: 2 changes</summary>

    - `input.schema.required`: `["ticket"]` → `["ticket","locale"]`
    - `input.schema.properties.locale.default`: removed, was `en`

    </details>
    "#);

    // Meanwhile Bob made another v2 on main.
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl init --quiet");
    bob.ok("promptctl edit --quiet support/triage --set modelParameters.maxTokens=600 -m Shorter");
    bob.git("push --quiet origin main");
    ci.git("fetch --quiet origin +refs/heads/main:refs/remotes/origin/main");
    assert_snapshot!(ci.play("promptctl validate --base"), @"
    $ promptctl validate --base
    error[P234]: the other branch holds v2 with other content
     --> prompts/support/triage.prompt.yml:3:10
      |
    3 | version: 2
      |          ^
      = help: use v3: promptctl validate --base origin/main --fix support/triage writes it

    --- stderr
    1 checked, 1 error, 0 warnings
    [exit 3]
    ");

    // The number could be mended by the command that is printed.
    let clash = ci.fails("promptctl validate --base").stdout;
    let fix = after(&clash, "use v3: ").strip_suffix(" writes it");
    assert_snapshot!(ci.play(&format!("{}\npromptctl validate --base", fix.unwrap())), @"
    $ promptctl validate --base origin/main --fix support/triage
    fixed prompts/support/triage.prompt.yml: it is v3
    1 checked, 0 errors, 0 warnings
    $ promptctl validate --base
    1 checked, 0 errors, 0 warnings
    ");
    ci.git("restore .");

    // His clone has no driver: git sees two lines that both sides changed.
    assert_snapshot!(bob.play(
        "git merge origin/topic
         git diff --diff-filter=U
         promptctl validate
         git merge --abort"
    ), @"
    $ git merge origin/topic
    Auto-merging prompts/support/triage.prompt.yml
    CONFLICT (content): Merge conflict in prompts/support/triage.prompt.yml
    Automatic merge failed; fix conflicts and then commit the result.
    [exit 1]
    $ git diff --diff-filter=U
    diff --cc prompts/support/triage.prompt.yml
    index 64a6abb,xxxxxxx..xxxxxxx
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@@ -1,7 -1,7 +1,11 @@@
      name: Support triage
      description: Sorts an incoming ticket.   # for the support team
      version: 2
    ++<<<<<<< HEAD
     +digest: xxxxxxxxxxxx
    ++=======
    + digest: xxxxxxxxxxxx
    ++>>>>>>> origin/topic
      tags: [tickets]
      category: support
      model: openai/gpt-5-mini
    $ promptctl validate
    error[P001]: git marked a conflict here
     --> prompts/support/triage.prompt.yml:4:1
      |
    4 | <<<<<<< HEAD
      | ^^^^^^^^^^^^
      = help: keep what is right of both sides and remove the three marks

    --- stderr
    1 checked, 1 error, 0 warnings
    [exit 3]
    $ git merge --abort
    ");

    // Ada's has it: both edits, under the next number.
    assert_snapshot!(ada.play(
        "git fetch --quiet
         git merge --no-edit origin/main
         git diff --no-ext-diff --no-textconv --unified=0 origin/main HEAD
         git push --quiet origin topic"
    ), @"
    $ git fetch --quiet
    $ git merge --no-edit origin/main
    Auto-merging prompts/support/triage.prompt.yml
    Merge made by the 'ort' strategy.
     prompts/support/triage.prompt.yml | 6 +++---
     1 file changed, 3 insertions(+), 3 deletions(-)
    $ git diff --no-ext-diff --no-textconv --unified=0 origin/main HEAD
    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -3,2 +3,2 @@
    -version: 2
    -digest: xxxxxxxxxxxx
    +version: 3
    +digest: xxxxxxxxxxxx
    @@ -13 +13 @@ input:
    -    required: [ticket]
    +    required: [ticket, locale]
    @@ -16 +16 @@ input:
    -      locale: {type: string, default: en}
    +      locale: {type: string}
    $ git push --quiet origin topic
    ");
    ci.git("pull --quiet origin topic");
    ci.ok("promptctl fetch --quiet");
    assert_snapshot!(ci.play("promptctl validate --base"), @"
    $ promptctl validate --base
    1 checked, 0 errors, 0 warnings
    ");
    assert_snapshot!(ci.ok("promptctl diff origin/main...HEAD --format markdown"), @r#"
    <!-- promptctl diff -->
    ### Prompts: 🔴 breaking, callers may break

    | Prompt | Change | Impact | Versions | Tokens | `publish` would |
    | --- | --- | --- | --- | --- | --- |
    | `support/triage` | changed | 🔴 breaking | v2 → v3 | 24 | make v3 live in production instead of v1 |

    #### For callers

    - `support/triage`: 🔴 breaking: variable `locale` was optional and is required
    - `support/triage`: 🟠 behavior: the default of variable `locale` was `"en"` and is none

    <details>
    <summary><code>support/triage</code>: 2 changes</summary>

    - `input.schema.required`: `["ticket"]` → `["ticket","locale"]`
    - `input.schema.properties.locale.default`: removed, was `en`

    </details>
    "#);

    // A version that main does not hold is not released.
    assert_snapshot!(ada.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P208]: support/triage v3 is not on main, which production requires
      hint: merge it into main, then git fetch and publish again
    [exit 3]
    ");

    // The pull request is merged, as a host does it, and the job publishes.
    ada.git("switch --quiet main");
    ada.git("merge --quiet --no-ff --no-edit topic");
    ada.git("push --quiet origin main");
    env.root().git("clone --quiet origin.git publisher");
    let runs = steps(
        "publish-production",
        &job(&env, &env.root().cd("publisher")),
    );
    let runs: String = runs.iter().map(ToString::to_string).collect();
    assert_snapshot!(runs, @"
    1 checked, 0 errors, 0 warnings
    support/triage v3 published to production (was v1), and the remote has it
    ");

    // Bob sees it after a plain fetch, and can prove it.
    bob.git("fetch --quiet");
    assert_snapshot!(bob.play(
        "promptctl status
         promptctl releases support/triage
         git tag --list"
    ), @"
    $ promptctl status
    production	support/triage	v3	-	2026-11-03T11:00:00Z	github-actions[bot]	the file is older
    $ promptctl releases support/triage
    2	production	v3	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	github-actions[bot]	Merged as abc, run by ada
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    $ git tag --list
    prompts/support/triage/production/1
    prompts/support/triage/production/2
    prompts/support/triage/v1
    prompts/support/triage/v3
    ");
    bob.git("merge --quiet --ff-only origin/main");
    assert_snapshot!(bob.play(
        "promptctl verify --env production
         promptctl doctor
         promptctl validate --strict
         promptctl render support/triage@production --var ticket=Twice"
    ), @"
    $ promptctl verify --env production
    production	support/triage	v3	2	xxxxxxxxxxxx	-	whole	2026-11-03	sound
    --- stderr
    1 active version sound
    no environment requires signatures, so nothing proves who released what: see requireSigned
    by the rules of origin/main (xxxxxxxxxxxx) and HEAD (xxxxxxxxxxxx)
    not seen here: tags that were removed before this clone first fetched them (column since)
    $ promptctl doctor
    everything is sound
    $ promptctl validate --strict
    1 checked, 0 errors, 0 warnings
    $ promptctl render support/triage@production --var ticket=Twice
    error[P102]: `locale` has no value
      at: prompts/support/triage.prompt.yml:20:43
      hint: pass `--var locale=…`, or give it a `default` in `input.schema`
    [exit 1]
    ");
}

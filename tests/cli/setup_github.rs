//! `init --github`: the workflow that it writes, its steps run as GitHub would run them, and the
//! action that installs the program.

use std::fs;

use insta::assert_snapshot;
use promptctl::prompt::document::parse_value;
use serde_json::{Value, json};

use crate::env::{Run, SMALL, Shell, TRIAGE, TestEnv, executable, skipped, top};
use crate::server::{KEY, Reply, Server};

mod running;

const WORKFLOW: &str = ".github/workflows/promptctl.yml";

fn workflow(repo: &Shell) -> Value {
    parse_value(&repo.read(WORKFLOW)).unwrap()
}

/// A clone of `origin.git` with the workflow.
fn with_workflow(env: &TestEnv) -> Shell {
    let ada = env.with_origin();
    ada.ok("promptctl init --quiet --github --env production");
    ada.git("push --quiet origin main");
    ada
}

/// The environment of a job of GitHub's: a folder with this program and a `gh` that notes what it
/// is asked.
pub(crate) fn job(env: &TestEnv, repo: &Shell) -> Shell {
    let root = env.root();
    let program = env!("CARGO_BIN_EXE_promptctl");
    executable(
        &root,
        "bin/promptctl",
        &format!("#!/bin/sh\nexec '{program}' \"$@\"\n"),
    );
    executable(
        &root,
        "bin/gh",
        "#!/bin/sh\necho \"$*\" >>\"$GH_NOTES\"\ncase \"$*\" in\n\
         *environments/production*) [ ! -f \"$GH_NOTES.approved\" ] || echo required_reviewers ;;\n\
         *--input*) cat >>\"$GH_NOTES\" ;;\n\
         *pulls/5/comments*) cat \"$GH_NOTES.suggested\" 2>/dev/null || true ;;\n\
         *--paginate*) [ ! -f \"$GH_NOTES.known\" ] || echo 77 ;;\n\
         *) [ ! -f \"$GH_NOTES.refused\" ] || exit 1 ;;\nesac\n",
    );
    root.write("temp/note", "");
    let mut path = root.dir.join("bin").into_os_string();
    path.push(":");
    let own = repo
        .command("sh")
        .get_envs()
        .find_map(|(name, value)| (name == "PATH").then(|| value.unwrap().to_owned()));
    path.push(own.unwrap());
    repo.with("PATH", path)
        .with("GITHUB_ACTIONS", "true")
        .with("GITHUB_BASE_REF", "main")
        .with("GITHUB_REPOSITORY", "team/prompts")
        .with("GITHUB_SHA", "abc")
        .with("GITHUB_ACTOR", "ada")
        .with("GITHUB_STEP_SUMMARY", root.dir.join("summary.md"))
        .with("RUNNER_TEMP", root.dir.join("temp"))
        .with("GH_NOTES", root.dir.join("gh.txt"))
        .with("GH_TOKEN", "t")
        .with("GITHUB_OUTPUT", root.dir.join("output.txt"))
        .with("GITHUB_SERVER_URL", "https://github.com")
        .with("GITHUB_RUN_ID", "9")
        .with("PULL_REQUEST", "5")
        .with("TOKEN", "t")
}

/// Runs the steps of a job that run commands, as GitHub does, until one fails.
pub(crate) fn steps(name: &str, job: &Shell) -> Vec<Run> {
    let workflow = workflow(job);
    let mut runs = Vec::new();
    for step in workflow["jobs"][name]["steps"].as_array().unwrap() {
        let Some(script) = step["run"].as_str() else {
            continue;
        };
        let is_of_raised = step["if"]
            .as_str()
            .is_some_and(|when| when.contains("needs.raise"));
        if is_of_raised && !job.is_set("STATE") {
            continue;
        }
        let is_of_eval = step["if"]
            .as_str()
            .is_some_and(|when| when.contains("vars.PROMPTCTL_EVAL"));
        if is_of_eval && !job.is_set("MAX_COST") {
            continue;
        }
        let output = job.command("bash").args(["-e", "-c", script]).output();
        runs.push(Run::new(job, script, &output.unwrap()));
        if runs.last().unwrap().code != Some(0) {
            break;
        }
    }
    runs
}

#[test]
fn the_workflow_is_written_once() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl init --github
         git show --name-status --format=%s
         promptctl init --github
         git switch --quiet --create topic
         promptctl init --github
         cat .github/workflows/promptctl.yml"
    ), @r#"
    $ promptctl init --github
    wrote .github/workflows/promptctl.yml
    you publish to production by hand
    hint: push .github/workflows/promptctl.yml: GitHub runs it from then on
    $ git show --name-status --format=%s
    Set up promptctl

    A	.github/workflows/promptctl.yml
    $ promptctl init --github
    everything is set up already: nothing to do
    $ git switch --quiet --create topic
    $ promptctl init --github
    everything is set up already: nothing to do
    $ cat .github/workflows/promptctl.yml
    # Checks the prompts of every pull request. You publish to production by hand:
    # Actions, Prompts, Run workflow, or promptctl publish --env production.
    # Written by promptctl init --github. It is yours now: change it as you like.
    # As long as nobody changes it, the same command brings it up to date: xxxxxxxxxxxx
    name: Prompts

    on:
      pull_request: # always, so that the check can be required: it says at once where no prompt changed
      push:
        branches: [main]
        paths: # nothing is published where no prompt changed
          - "prompts/**"
          - "promptctl.yaml"
          - ".github/workflows/promptctl.yml"
      workflow_dispatch:

    permissions:
      contents: read

    jobs:
      # For who edits in the browser: raises the versions that a pull request did not raise, by a commit
      # on its branch. Asked for by the variable PROMPTCTL_RAISE of the repository (Settings, Secrets and
      # variables, Actions, Variables): set it to true. Never for a fork.
      raise:
        name: Raise versions
        if: >-
          github.event_name == 'pull_request' && vars.PROMPTCTL_RAISE == 'true' &&
          github.event.pull_request.head.repo.full_name == github.repository
        runs-on: ubuntu-latest
        timeout-minutes: 10
        permissions:
          contents: write # to push the commit
        concurrency:
          group: promptctl-raise-${{ github.event.pull_request.number }}
          cancel-in-progress: false
        outputs:
          commit: ${{ steps.raise.outputs.commit }}
        steps:
          - uses: actions/checkout@<id> # v7.0.1
            with:
              ref: ${{ github.event.pull_request.head.sha }}
              fetch-depth: 0
              persist-credentials: false
          - uses: promptctl/promptctl/.github/actions/promptctl@v0.1.0
            with:
              version: v0.1.0
          - id: raise
            name: Raise the versions
            env:
              TOKEN: ${{ secrets.PROMPTCTL_TOKEN || github.token }}
              STARTS_WORKFLOWS: ${{ secrets.PROMPTCTL_TOKEN != '' }}
              BRANCH: ${{ github.event.pull_request.head.ref }}
              COMMIT: ${{ github.event.pull_request.head.sha }}
            run: |
              # Nothing but the two lines of a version. What else is wrong is for the check to say.
              promptctl bump || true
              if git diff --quiet; then
                echo "every version fits its content"
                exit 0
              fi
              git config user.name "github-actions[bot]"
              git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
              git commit --quiet --all --message "Raise the versions of changed prompts"
              # The token is for this one push. If the branch moved meanwhile, nothing happens.
              export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraheader
              export GIT_CONFIG_VALUE_0="Authorization: Basic $(printf 'x-access-token:%s' "$TOKEN" | base64 | tr -d '\n')"
              if ! git push --quiet --force-with-lease="refs/heads/$BRANCH:$COMMIT" origin "HEAD:refs/heads/$BRANCH"; then
                echo "::notice::the branch moved or cannot be pushed to, so no version was raised"
                exit 0
              fi
              # A commit that GitHub's own token pushed starts no workflow: the check below takes it. One
              # that PROMPTCTL_TOKEN pushed starts its own.
              if [ "$STARTS_WORKFLOWS" != true ]; then
                echo "commit=$(git rev-parse HEAD)" >> "$GITHUB_OUTPUT"
              fi

      check:
        name: Check
        needs: raise
        if: ${{ !cancelled() && github.event_name == 'pull_request' }}
        runs-on: ubuntu-latest
        timeout-minutes: 10
        permissions:
          contents: read
          pull-requests: write # for one comment
          statuses: write # on the commit that raised versions, which starts no workflow of its own
        concurrency: # so that two pushes do not write two comments
          group: promptctl-check-${{ github.event.pull_request.number }}
          cancel-in-progress: true
        steps:
          - uses: actions/checkout@<id> # v7.0.1
            with:
              ref: ${{ needs.raise.outputs.commit }} # empty: the pull request, merged
              fetch-depth: 0 # the branch is compared with where it began
              persist-credentials: false
          - uses: promptctl/promptctl/.github/actions/promptctl@v0.1.0
            with:
              version: v0.1.0
          - name: Fetch what is live
            env:
              TOKEN: ${{ github.token }}
            run: |
              # The token is for this one step: nothing of it stays in the checkout.
              export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraheader
              export GIT_CONFIG_VALUE_0="Authorization: Basic $(printf 'x-access-token:%s' "$TOKEN" | base64 | tr -d '\n')"
              promptctl fetch --env production
          - name: Validate
            run: promptctl validate --base
          # Compares the prompts that change with what they replace, on their cases. Asked for by the
          # variable PROMPTCTL_EVAL of the repository: what a run may cost in US dollars, such as 0.50. The
          # secret OPENAI_API_KEY pays. A fork has none: there the answers that are kept are judged.
          - name: Take the answers of before
            if: ${{ vars.PROMPTCTL_EVAL != '' }}
            uses: actions/cache/restore@<id> # v4.3.0
            with:
              path: .promptctl/cache
              key: promptctl-eval-${{ github.run_id }}-${{ github.run_attempt }}
              restore-keys: promptctl-eval-
          - id: evaluate
            name: Evaluate
            if: ${{ vars.PROMPTCTL_EVAL != '' }}
            env:
              MAX_COST: ${{ vars.PROMPTCTL_EVAL }}
              OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}
            run: |
              cached=()
              if [ -z "$OPENAI_API_KEY" ]; then
                echo "::notice::there is no OPENAI_API_KEY here: no model is asked, and a maintainer's run is needed for what is not kept"
                unset OPENAI_API_KEY
                cached=(--cached)
              fi
              promptctl eval --base "origin/$GITHUB_BASE_REF" --max-cost "$MAX_COST" "${cached[@]}"
          - name: Keep the answers
            if: ${{ always() && steps.evaluate.outcome != 'skipped' }}
            uses: actions/cache/save@<id> # v4.3.0
            with:
              path: .promptctl/cache
              key: promptctl-eval-${{ github.run_id }}-${{ github.run_attempt }}
          # Where the pull request shows the two lines of a version that was not raised, one click commits
          # what they should be: GitHub takes no suggestion on lines that it does not show.
          - name: Suggest the versions to raise
            if: ${{ !cancelled() && vars.PROMPTCTL_RAISE != 'true' }}
            env:
              GH_TOKEN: ${{ github.token }}
              PULL_REQUEST: ${{ github.event.pull_request.number }}
              COMMIT: ${{ github.event.pull_request.head.sha }}
            run: |
              wanted="$RUNNER_TEMP/wanted.jsonl"
              ours="$RUNNER_TEMP/ours.jsonl"
              promptctl diff "origin/$GITHUB_BASE_REF...$COMMIT" --format json |
                jq --compact-output '.raises[] | select(.suggestion) | .suggestion as $it | {
                  path, side: "RIGHT", start_side: "RIGHT",
                  start_line: $it.line, line: ($it.line + $it.lines - 1),
                  body: "<!-- promptctl raise -->\nThe content changed, so its version rises:\n\n```suggestion\n\($it.text)\n```"
                }' > "$wanted"
              comments="repos/$GITHUB_REPOSITORY/pulls"
              own='.[] | select(.user.login == "github-actions[bot]" and .line != null and (.body | startswith("<!-- promptctl raise -->"))) | {id, path, start_line, line, body}'
              if ! gh api --paginate "$comments/$PULL_REQUEST/comments" --jq "$own" > "$ours"; then
                echo "::notice::the comments could not be read, so nothing is suggested"
                exit 0
              fi
              # One that does not fit any more goes: a click would commit it.
              fits='[.path, .start_line, .line, .body] as $it | any($others[]; [.path, .start_line, .line, .body] == $it)'
              for id in $(jq --raw-output --slurpfile others "$wanted" "select($fits | not) | .id" "$ours"); do
                gh api --silent --method DELETE "$comments/comments/$id" ||
                  echo "::notice::a suggestion that does not fit any more could not be deleted"
              done
              jq --compact-output --slurp --slurpfile others "$ours" --arg commit "$COMMIT" \
                "[.[] | select($fits | not)][:10][] | . + {commit_id: \$commit}" "$wanted" |
                while IFS= read -r comment; do
                  gh api --silent --method POST "$comments/$PULL_REQUEST/comments" --input - <<< "$comment" ||
                    echo "::notice::nothing could be suggested; the summary of this job has the lines"
                done
          - name: Show what changes
            if: ${{ !cancelled() }}
            env:
              GH_TOKEN: ${{ github.token }}
              PULL_REQUEST: ${{ github.event.pull_request.number }}
            run: |
              page="$RUNNER_TEMP/prompts.md"
              difference=0
              promptctl diff "origin/$GITHUB_BASE_REF...HEAD" --format markdown --eval last --exit-code > "$page" || difference=$?
              if [ "$difference" != 0 ] && [ "$difference" != 3 ]; then
                exit "$difference"
              fi
              cat "$page" >> "$GITHUB_STEP_SUMMARY"
              # One comment, known by the line that it begins with. The token of a pull request from a
              # fork may not comment: then the summary has to do.
              comments="repos/$GITHUB_REPOSITORY/issues"
              own='.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("<!-- promptctl diff -->"))) | .id'
              if ! known=$(gh api --paginate "$comments/$PULL_REQUEST/comments" --jq "$own"); then
                echo "::notice::the comments could not be read; the summary of this job has it"
                exit 0
              fi
              known=${known%%$'\n'*}
              if [ -n "$known" ]; then
                gh api --silent --method PATCH "$comments/comments/$known" --field "body=@$page" ||
                  echo "::notice::the comment could not be written; the summary of this job has it"
              elif [ "$difference" = 3 ]; then
                gh api --silent --method POST "$comments/$PULL_REQUEST/comments" --field "body=@$page" ||
                  echo "::notice::no comment could be written; the summary of this job has it"
              fi
          - name: Report on the commit that raised versions
            if: ${{ !cancelled() && needs.raise.outputs.commit != '' }}
            env:
              GH_TOKEN: ${{ github.token }}
              COMMIT: ${{ needs.raise.outputs.commit }}
              STATE: ${{ job.status }}
            run: |
              # By the name of this job, so that a check which is required passes there too.
              gh api --silent --method POST "repos/$GITHUB_REPOSITORY/statuses/$COMMIT" \
                --field context=Check --field "state=$STATE" --field "description=promptctl validate" \
                --field "target_url=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"

      publish-production:
        name: Publish to production
        if: github.event_name == 'workflow_dispatch' && github.ref_name == github.event.repository.default_branch
        runs-on: ubuntu-latest
        timeout-minutes: 10
        environment: production
        permissions:
          contents: write # to push the tags of releases
        concurrency: # one at a time; of those that wait, the newest publishes all
          group: promptctl-publish
          cancel-in-progress: false
        steps:
          - uses: actions/checkout@<id> # v7.0.1
            with:
              fetch-depth: 0
              persist-credentials: false
          - uses: promptctl/promptctl/.github/actions/promptctl@v0.1.0
            with:
              version: v0.1.0
          - name: Validate
            run: promptctl validate
          # What `requireEval` of promptctl.yaml asks for: evaluates what differs from what is live, and
          # records what came of it as a tag. Asked for by the variable PROMPTCTL_EVAL of the repository,
          # as above; the secret OPENAI_API_KEY pays.
          - name: Take the answers of before
            if: ${{ vars.PROMPTCTL_EVAL != '' }}
            uses: actions/cache/restore@<id> # v4.3.0
            with:
              path: .promptctl/cache
              key: promptctl-eval-${{ github.run_id }}-${{ github.run_attempt }}
              restore-keys: promptctl-eval-
          - id: record
            name: Record evaluations
            if: ${{ vars.PROMPTCTL_EVAL != '' }}
            env:
              MAX_COST: ${{ vars.PROMPTCTL_EVAL }}
              OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}
              TOKEN: ${{ github.token }}
            run: |
              if [ -z "$OPENAI_API_KEY" ]; then
                echo "::notice::there is no OPENAI_API_KEY here, so no evaluation is recorded"
                exit 0
              fi
              git config user.name "github-actions[bot]"
              git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
              export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraheader
              export GIT_CONFIG_VALUE_0="Authorization: Basic $(printf 'x-access-token:%s' "$TOKEN" | base64 | tr -d '\n')"
              promptctl fetch --env production
              # What does not pass, or costs more, is for the next step to refuse, where that is a rule.
              promptctl eval --record --base live --max-cost "$MAX_COST" ||
                echo "::warning::not every evaluation passed and was recorded"
          - name: Keep the answers
            if: ${{ always() && steps.record.outcome != 'skipped' }}
            uses: actions/cache/save@<id> # v4.3.0
            with:
              path: .promptctl/cache
              key: promptctl-eval-${{ github.run_id }}-${{ github.run_attempt }}
          - name: Publish
            env:
              TOKEN: ${{ github.token }}
            run: |
              git config user.name "github-actions[bot]"
              git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
              export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraheader
              export GIT_CONFIG_VALUE_0="Authorization: Basic $(printf 'x-access-token:%s' "$TOKEN" | base64 | tr -d '\n')"
              promptctl publish --all --env production -m "Merged as $GITHUB_SHA, run by $GITHUB_ACTOR"
    "#);
}

#[test]
fn a_workflow_that_was_changed_is_left_alone() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(WORKFLOW, "name: Mine\n");
    let before = repo.refs();
    assert_snapshot!(repo.play("promptctl init --github --hooks --diff-driver"), @"
    $ promptctl init --github --hooks --diff-driver
    error[P330]: .github/workflows/promptctl.yml exists, and is not what this command writes
      at: .github/workflows/promptctl.yml
      hint: they differ first where the file says `name: Mine` and this command would write `# Checks the prompts of every pull request. You publish to production by hand:`
      hint: to compare: git mv it to another name, run the same command again, then keep what you like of both
    [exit 1]
    ");
    assert_eq!(repo.read(WORKFLOW), "name: Mine\n");
    assert_eq!(repo.refs(), before);
    assert!(!repo.exists(".gitattributes") && !repo.exists(".git/hooks/pre-commit"));
}

#[test]
fn branch_and_environment_are_those_of_the_repository() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.write("promptctl.yaml", "environments: {staging: {}, live: {}}\n");
    ada.git("commit --quiet --all --message Environments");
    ada.git("switch --quiet --create 'topic,1'");
    ada.git("push --quiet --all origin");
    let bob = env.clone_of_origin("Bob");
    bob.git("switch --quiet topic,1");
    bob.ok("promptctl init --quiet --github");
    let written = workflow(&bob);
    assert_eq!(
        written["on"]["push"]["branches"],
        serde_json::json!(["main"])
    );
    assert!(bob.read(WORKFLOW).contains("--all --env staging -m"));
    assert!(!bob.read(WORKFLOW).contains("--env production"));
    // Without a remote it is the branch at hand, in quotes where YAML wants them.
    ada.git("remote remove origin");
    ada.ok("promptctl init --quiet --github");
    assert_eq!(
        workflow(&ada)["on"]["push"]["branches"],
        serde_json::json!(["topic,1"])
    );
}

#[test]
fn nothing_that_a_stranger_writes_is_run() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl init --quiet --github --env production");
    let workflow = workflow(&repo);
    assert_eq!(
        workflow["permissions"],
        serde_json::json!({"contents": "read"})
    );
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        assert!(job["timeout-minutes"].is_number(), "{name}");
        for step in job["steps"].as_array().unwrap() {
            let script = step["run"].as_str().unwrap_or_default();
            assert!(!script.contains("${{"), "{script}");
        }
    }
    let publish = &workflow["jobs"]["publish"];
    assert_eq!(publish["concurrency"]["cancel-in-progress"], false);
    assert_eq!(
        publish["permissions"],
        serde_json::json!({"contents": "write", "actions": "read"})
    );
    assert_eq!(publish["if"], "github.event_name == 'push'");
    assert_eq!(publish["environment"], "production");
    let paths = workflow["on"]["push"]["paths"].as_array().unwrap();
    assert!(paths.contains(&"prompts/**".into()) && paths.contains(&"promptctl.yaml".into()));
    // Versions are raised where somebody asked for it, and never for a fork.
    let raise = workflow["jobs"]["raise"]["if"].as_str().unwrap();
    for condition in [
        "vars.PROMPTCTL_RAISE == 'true'",
        "github.event.pull_request.head.repo.full_name == github.repository",
    ] {
        assert!(raise.contains(condition), "{raise}");
    }
}

#[test]
fn production_is_published_to_by_hand_or_after_an_approval() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl init --quiet --github");
    let by_hand = workflow(&repo);
    assert!(by_hand["jobs"]["publish"].is_null());
    let when = by_hand["jobs"]["publish-production"]["if"]
        .as_str()
        .unwrap();
    assert!(
        when.starts_with("github.event_name == 'workflow_dispatch'"),
        "{when}"
    );
    if cfg!(windows) {
        return skipped("the steps are for the runners with Linux");
    }
    let env = TestEnv::new();
    let ada = with_workflow(&env);
    let runs = steps("publish", &job(&env, &ada));
    assert_snapshot!(runs.last().unwrap(), @"
    ::error::nobody is asked before production: add required reviewers to it (Settings, Environments)
    [exit 1]
    ");
    assert_eq!(runs.len(), 1);
}

#[test]
fn another_action_and_environment_are_taken_and_wrong_ones_are_named() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl init --github --env prodd
         promptctl init --github --action nothing
         promptctl init --env production"
    ), @"
    $ promptctl init --github --env prodd
    error[P257]: there is no environment prodd: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: did you mean production?
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env prodd --create-env
    [exit 2]
    $ promptctl init --github --action nothing
    error: nothing names no action
      hint: write OWNER/REPO@REF or OWNER/REPO/PATH@REF, the repository at GitHub that holds promptctl, and a tag or a commit of it
    [exit 2]
    $ promptctl init --env production
    error: --env says where --github and --gitlab publish to
      hint: promptctl init --github --env staging
    [exit 2]
    ");
    assert_eq!(repo.refs(), before);
    repo.ok("promptctl init --quiet --github --action team/promptctl@0123456789abcdef");
    let written = repo.read(WORKFLOW);
    let uses = "uses: team/promptctl/.github/actions/promptctl@0123456789abcdef\n";
    assert_eq!(written.matches(uses).count(), 3, "{written}");
}

#[test]
fn every_action_of_others_is_pinned_by_commit() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl init --quiet --github");
    let folder = top().join(".github/workflows");
    let own = fs::read_dir(folder)
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let texts: Vec<String> = own.chain([repo.read(WORKFLOW)]).collect();
    let lines = texts.iter().flat_map(|text| text.lines());
    let uses = lines.filter_map(|line| {
        line.trim_start()
            .trim_start_matches("- ")
            .strip_prefix("uses: ")
    });
    let home = env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://github.com/");
    for action in uses.filter(|action| !action.starts_with("./") && !action.starts_with(home)) {
        let (_, reference) = action.split_once('@').unwrap();
        let commit: String = reference
            .chars()
            .take_while(char::is_ascii_hexdigit)
            .collect();
        assert!(commit.len() == 40 && reference.contains(" # v"), "{action}");
    }
}

#[test]
fn the_action_and_the_workflow_name_one_repository() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("support/triage", TRIAGE);
    repo.ok("promptctl init --quiet --github");
    let read = |path: &str| parse_value(&fs::read_to_string(top().join(path)).unwrap()).unwrap();
    let action = read(".github/actions/promptctl/action.yml");
    let repository = action["inputs"]["repository"]["default"].as_str().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        env!("CARGO_PKG_REPOSITORY"),
        format!("https://github.com/{repository}")
    );
    let uses = format!("{repository}/.github/actions/promptctl@v{version}");
    assert_eq!(
        repo.read(WORKFLOW)
            .matches(&format!("uses: {uses}\n"))
            .count(),
        3
    );
    // The archives are named as the release names them.
    let release = fs::read_to_string(top().join(".github/workflows/release.yml")).unwrap();
    let install = fs::read_to_string(top().join(".github/actions/promptctl/install.sh")).unwrap();
    for target in install
        .lines()
        .filter_map(|line| Some(line.split_once("target=")?.1.split_once(" ;;")?.0))
    {
        assert!(
            target == "\"\"" || release.contains(&format!("target: {target}}}")),
            "{target}"
        );
    }
    assert!(release.contains("name=\"promptctl-$GITHUB_REF_NAME-$TARGET\""));
}

#[test]
fn an_action_is_an_owner_a_repository_and_a_reference() {
    let env = TestEnv::new();
    let repo = env.triage();
    for bad in [
        "../x@y",
        "./x@y",
        "x@y",
        "a/../b@v1",
        "a//b@v1",
        "/a/b@v1",
        "a/b/@v1",
        "a/b@",
        "a/b",
        "a/b@../v1",
        "a/b@v1@v2",
        "-a/b@v1",
        "a/b@-v1",
        "a b/c@v1",
        "a/b@v1#x",
        "a/b/./c@v1",
    ] {
        let run = repo.run(&format!("promptctl init --github '--action={bad}'"));
        assert_eq!(run.code, Some(2), "{bad}: {run}");
        assert!(!repo.exists(WORKFLOW), "{bad}");
    }
    repo.ok("promptctl init --quiet --github --action a/b/c.d@feature/x");
    assert!(repo.read(WORKFLOW).contains("uses: a/b/c.d@feature/x"));
}

#[test]
fn what_the_command_wrote_and_nobody_changed_is_brought_up_to_date() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(
        "promptctl.yaml",
        "environments: {staging: {}, production: {}}\n",
    );
    repo.git("commit --quiet --all --message Environments");
    for (host, file) in [
        ("--github", WORKFLOW),
        ("--gitlab", ".gitlab/promptctl.yml"),
    ] {
        let line = |rest: &str| format!("promptctl init {host} {rest}");
        repo.ok(&line("--env staging"));
        let first = repo.read(file);
        let run = repo.ran(&line("--env production"));
        assert!(run.stderr.contains(&format!("wrote {file}\n")), "{run}");
        let second = repo.read(file);
        assert_ne!(first, second);
        // Written by hand as another version would have, with its line ends.
        repo.write(file, first.replace('\n', "\r\n"));
        repo.ok(&line("--env production"));
        assert_eq!(repo.read(file), second);
        let refs = repo.refs();
        repo.ok(&line("--env production"));
        assert_eq!(repo.refs(), refs);
        // One word of a person's, and it is theirs.
        let own = first
            .replace("fetch-depth: 0", "fetch-depth: 1")
            .replace("GIT_STRATEGY: clone", "GIT_STRATEGY: fetch");
        repo.write(file, &own);
        let run = repo.run(&line("--env staging"));
        assert_eq!(run.code, Some(1), "{run}");
        assert!(
            run.stderr.contains("they differ first where the file says"),
            "{run}"
        );
        assert_eq!(repo.read(file), own);
    }
}

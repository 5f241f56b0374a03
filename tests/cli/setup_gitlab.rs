//! `init --gitlab`: the jobs that it writes, and their scripts run as GitLab would run them.

use insta::assert_snapshot;
use promptctl::prompt::document::parse_value;
use serde_json::{Value, json};

use crate::env::{Run, Shell, TestEnv, executable, skipped};

const JOBS: &str = ".gitlab/promptctl.yml";

fn jobs(repo: &Shell) -> Value {
    parse_value(&repo.read(JOBS)).unwrap()
}

#[test]
fn the_jobs_are_written_once_and_included() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(
        "promptctl.yaml",
        "environments: {staging: {}, production: {}}\n",
    );
    repo.git("commit --quiet --all --message Environments");
    assert_snapshot!(repo.play(
        "promptctl init --gitlab
         git show --name-status --format=%s
         cat .gitlab-ci.yml
         promptctl init --gitlab
         cat .gitlab/promptctl.yml"
    ), @r#"
    $ promptctl init --gitlab
    wrote .gitlab/promptctl.yml
    wrote .gitlab-ci.yml
    what is merged goes to staging, you publish to production by hand
    hint: push .gitlab/promptctl.yml: GitLab runs it from then on; its first lines say which token it wants
    $ git show --name-status --format=%s
    Set up promptctl

    A	.gitlab-ci.yml
    A	.gitlab/promptctl.yml
    $ cat .gitlab-ci.yml
    include:
      - local: .gitlab/promptctl.yml
    $ promptctl init --gitlab
    everything is set up already: nothing to do
    $ cat .gitlab/promptctl.yml
    # Checks the prompts of every merge request, and publishes to staging what was merged. You publish to production by hand:
    # the job of the pipeline that waits for you, or promptctl publish --env production.
    # Written by promptctl init --gitlab. It is yours now: change it as you like.
    # As long as nobody changes it, the same command brings it up to date: xxxxxxxxxxxx
    #
    # PROMPTCTL_TOKEN (Settings, CI/CD, Variables; masked) is an access token of the project with the
    # scopes api and write_repository: it writes the comment and pushes the tags of releases. Protect
    # it, and let merge requests have it only where their authors may have it: without it they are
    # checked, and the page is kept as an artifact.
    #
    # PROMPTCTL_EVAL is what an evaluation may cost in US dollars, such as 0.50; without it none is made: of
    # a merge request, and of what was merged, recorded for `requireEval`. OPENAI_API_KEY (masked) pays.

    .promptctl:
      image: alpine:3.22
      variables:
        GIT_DEPTH: "0" # the branch is compared with where it began
        GIT_STRATEGY: clone
      before_script:
        - |
          # In the shell of the image: what is added here comes too late to run this.
          apk add --no-cache --quiet curl git jq tar
          case "$(uname -m)" in
            x86_64) target=x86_64-unknown-linux-musl ;;
            *) target=aarch64-unknown-linux-musl ;;
          esac
          name="promptctl-v0.1.0-$target"
          mkdir -p "$HOME/promptctl"
          cd "$HOME/promptctl"
          curl --fail --silent --show-error --location --remote-name "https://github.com/promptctl/promptctl/releases/download/v0.1.0/$name.tar.gz"
          curl --fail --silent --show-error --location --remote-name "https://github.com/promptctl/promptctl/releases/download/v0.1.0/SHA256SUMS"
          grep "  $name.tar.gz\$" SHA256SUMS | sha256sum -c -
          tar -xzf "$name.tar.gz"
          export PATH="$HOME/promptctl/$name:$PATH"
          cd "$CI_PROJECT_DIR"
          # The address without the token of the job; each git below is given the one that it needs.
          git remote set-url origin "$CI_SERVER_URL/$CI_PROJECT_PATH.git"
          with_token() {
            local token="$1"
            shift
            GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraheader \
            GIT_CONFIG_VALUE_0="Authorization: Basic $(printf '%s' "$token" | base64 | tr -d '\n')" \
              "$@"
          }

    prompts:check:
      extends: .promptctl
      rules:
        - if: $CI_PIPELINE_SOURCE == "merge_request_event"
      script:
        - |
          own="gitlab-ci-token:$CI_JOB_TOKEN"
          branch="$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"
          with_token "$own" git fetch --quiet --no-tags origin "+refs/heads/$branch:refs/remotes/origin/$branch"
          with_token "$own" promptctl fetch --env production
          # Everything is written beside the checkout, and what is kept copied into it: a merge request may
          # have put a link in its place.
          made=$(mktemp -d)
          keep() {
            rm -rf "./$1"
            cp "$made/$1" "./$1"
          }
          verdict=0
          promptctl validate --base --format gitlab > "$made/gl-code-quality-report.json" || verdict=$?
          keep gl-code-quality-report.json
          promptctl validate --base || true
          # Compares the prompts that change with what they replace, on their cases. Asked for by the
          # variable PROMPTCTL_EVAL: what a run may cost in US dollars, such as 0.50. OPENAI_API_KEY pays;
          # without it the answers that are kept are judged.
          if [ -n "${PROMPTCTL_EVAL:-}" ] && [ "$verdict" = 0 ]; then
            set --
            if [ -z "${OPENAI_API_KEY:-}" ]; then
              echo "there is no OPENAI_API_KEY here: no model is asked, and a maintainer's run is needed for what is not kept"
              set -- --cached
            fi
            promptctl eval --base "origin/$branch" --max-cost "$PROMPTCTL_EVAL" "$@" || verdict=$?
          fi
          difference=0
          promptctl diff "origin/$branch...HEAD" --format markdown --eval last --exit-code > "$made/prompts.md" || difference=$?
          if [ "$difference" != 0 ] && [ "$difference" != 3 ]; then
            exit "$difference"
          fi
          keep prompts.md
          # One note, and one suggestion for each file. Ours are known by their author and by the line that
          # they begin with: anybody may write that line.
          request="$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID"
          ask() {
            curl --fail --silent --show-error --header "PRIVATE-TOKEN: $PROMPTCTL_TOKEN" "$@"
          }
          our_notes() {
            local me page found
            me=$(ask "$CI_API_V4_URL/user" | jq '.id | numbers') && [ -n "$me" ] || return 1
            page=0
            while page=$((page + 1)); do
              found=$(ask "$request/notes?per_page=100&page=$page") || return 1
              [ "$(printf '%s' "$found" | jq length)" != 0 ] || return 0
              printf '%s' "$found" | jq --compact-output --argjson me "$me" '.[]
                | select(.author.id == $me and .resolved != true)
                | {id, path: .position.new_path, line: .position.new_line, body}' || return 1
            done
          }
          # Where the merge request shows the two lines of a version that was not raised, one click commits
          # what they should be: GitLab takes no suggestion on lines that it does not show.
          suggest() {
            local fits refs stale id note
            promptctl diff "origin/$branch...${CI_MERGE_REQUEST_SOURCE_BRANCH_SHA:-$CI_COMMIT_SHA}" --format json > "$made/diff" || return 1
            jq --compact-output '.raises[] | select(.suggestion) | .suggestion as $it | {
              path, line: $it.line, old_line: $it.old_line,
              body: "<!-- promptctl raise -->\nThe content changed, so its version rises:\n\n```suggestion:-0+\($it.lines - 1)\n\($it.text)\n```"
            }' "$made/diff" > "$made/wanted" || return 1
            # One that does not fit any more goes: a click would commit it.
            fits='[.path, .line, .body] as $it | any($others[]; [.path, .line, .body] == $it)'
            stale=$(jq --raw-output --slurpfile others "$made/wanted" \
              "select(.body | startswith(\"<!-- promptctl raise -->\")) | select($fits | not) | .id" "$made/ours") || return 1
            for id in $stale; do
              ask --output /dev/null --request DELETE "$request/notes/$id" || return 1
            done
            [ -s "$made/wanted" ] || return 0
            refs=$(ask "$request" | jq --compact-output .diff_refs) || return 1
            jq --compact-output --slurp --slurpfile others "$made/ours" --argjson refs "$refs" "
              [.[] | select($fits | not)][:10][] | {body, position: (\$refs + {position_type: \"text\",
                old_path: .path, new_path: .path, old_line, new_line: .line})}" "$made/wanted" > "$made/notes" || return 1
            while IFS= read -r note; do
              ask --output /dev/null --request POST --header "Content-Type: application/json" \
                --data "$note" "$request/discussions" || return 1
            done < "$made/notes"
          }
          if [ -z "${PROMPTCTL_TOKEN:-}" ]; then
            echo "no PROMPTCTL_TOKEN here, so no comment; the artifact prompts.md has it"
          elif ! our_notes > "$made/ours"; then
            echo "the comments could not be read; the artifact prompts.md has it"
          else
            suggest || echo "nothing could be suggested; the artifact prompts.md has the lines"
            known=$(jq --raw-output --slurp '[.[] | select(.body | startswith("<!-- promptctl diff -->")) | .id][0] // empty' "$made/ours")
            if [ -n "$known" ]; then
              ask --output /dev/null --request PUT --data-urlencode "body@$made/prompts.md" "$request/notes/$known" ||
                echo "the comment could not be written; the artifact prompts.md has it"
            elif [ "$difference" = 3 ]; then
              ask --output /dev/null --request POST --data-urlencode "body@$made/prompts.md" "$request/notes" ||
                echo "no comment could be written; the artifact prompts.md has it"
            fi
          fi
          exit "$verdict"
      cache: # a merge request has its own: nobody else can write answers into it
        key: promptctl-eval-$CI_MERGE_REQUEST_IID
        paths: [.promptctl/cache]
        when: always
      artifacts:
        when: always
        paths: [prompts.md]
        reports:
          codequality: gl-code-quality-report.json

    prompts:publish:staging:
      extends: .promptctl
      rules:
        - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
          changes: # nothing is published where no prompt changed
            - "prompts/**/*"
            - "promptctl.yaml"
            - ".gitlab/promptctl.yml"
      environment:
        name: staging
      resource_group: promptctl-publish # one at a time
      script:
        - |
          promptctl validate
          git config user.name "$GITLAB_USER_NAME"
          git config user.email "$GITLAB_USER_EMAIL"
          with_token "oauth2:$PROMPTCTL_TOKEN" promptctl fetch --env staging
          # What `requireEval` of promptctl.yaml asks for: evaluates what differs from what is live, and
          # records what came of it as a tag. What does not pass, or costs more, is refused below, where
          # that is a rule.
          if [ -n "${PROMPTCTL_EVAL:-}" ] && [ -n "${OPENAI_API_KEY:-}" ]; then
            with_token "oauth2:$PROMPTCTL_TOKEN" promptctl eval --record --base @staging --max-cost "$PROMPTCTL_EVAL" ||
              echo "not every evaluation passed and was recorded"
          fi
          with_token "oauth2:$PROMPTCTL_TOKEN" promptctl publish --all --env staging -m "Merged as $CI_COMMIT_SHA"
      cache: # GitLab keeps those of protected branches apart
        key: promptctl-eval-publish
        paths: [.promptctl/cache]
        when: always

    prompts:publish:production:
      extends: .promptctl
      rules:
        - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
          changes: # nothing is published where no prompt changed
            - "prompts/**/*"
            - "promptctl.yaml"
            - ".gitlab/promptctl.yml"
          when: manual # whoever may deploy to the environment starts it
          allow_failure: true
      environment:
        name: production
      resource_group: promptctl-publish # one at a time
      script:
        - |
          promptctl validate
          git config user.name "$GITLAB_USER_NAME"
          git config user.email "$GITLAB_USER_EMAIL"
          with_token "oauth2:$PROMPTCTL_TOKEN" promptctl fetch --env production
          # What `requireEval` of promptctl.yaml asks for: evaluates what differs from what is live, and
          # records what came of it as a tag. What does not pass, or costs more, is refused below, where
          # that is a rule.
          if [ -n "${PROMPTCTL_EVAL:-}" ] && [ -n "${OPENAI_API_KEY:-}" ]; then
            with_token "oauth2:$PROMPTCTL_TOKEN" promptctl eval --record --base live --max-cost "$PROMPTCTL_EVAL" ||
              echo "not every evaluation passed and was recorded"
          fi
          with_token "oauth2:$PROMPTCTL_TOKEN" promptctl publish --all --env production -m "Merged as $CI_COMMIT_SHA"
      cache: # GitLab keeps those of protected branches apart
        key: promptctl-eval-publish
        paths: [.promptctl/cache]
        when: always
    "#);
    let jobs = jobs(&repo);
    let production = &jobs["prompts:publish:production"];
    assert_eq!(production["rules"][0]["when"], "manual");
    assert_eq!(production["environment"], json!({"name": "production"}));
    assert!(jobs["prompts:publish:staging"]["rules"][0]["when"].is_null());
}

#[test]
fn jobs_that_stand_there_are_left_alone_and_the_line_to_add_is_named() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(".gitlab-ci.yml", "build:\n  script: [make]\n");
    repo.git("add --all");
    repo.git("commit --quiet --message Jobs");
    assert_snapshot!(repo.play("promptctl init --gitlab"), @"
    $ promptctl init --gitlab
    wrote .gitlab/promptctl.yml
    you publish to production by hand
    hint: push .gitlab/promptctl.yml: GitLab runs it from then on; its first lines say which token it wants
    hint: add to .gitlab-ci.yml, under include: - local: .gitlab/promptctl.yml
    ");
    assert_eq!(repo.read(".gitlab-ci.yml"), "build:\n  script: [make]\n");
}

/// Runs a job's script with the functions that come before it, as GitLab does.
pub(crate) fn script(name: &str, job: &Shell) -> Run {
    let jobs = jobs(job);
    let text = |part: &Value| part[0].as_str().unwrap().to_owned();
    let before = text(&jobs[".promptctl"]["before_script"]);
    // What installs the program is left out, as it stands on the path already.
    let (_, functions) = before.split_once("cd \"$CI_PROJECT_DIR\"\n").unwrap();
    let all = format!("set -e\n{functions}{}", text(&jobs[name]["script"]));
    let output = job.command("sh").args(["-c", &all]).output();
    Run::new(job, &all, &output.unwrap())
}

/// The surroundings of a job: this program, and a `curl` that notes what it is asked.
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
        "bin/curl",
        "#!/bin/sh
printf '%s\\n' \"$*\" >>\"$NOTES\"
case \"$*\" in
  *'/user') echo '{\"id\": 8}' ;;
  *'&page=1') cat \"$NOTES.first\" 2>/dev/null || echo '[]' ;;
  *'&page=2') cat \"$NOTES.second\" 2>/dev/null || echo '[]' ;;
  *per_page*) echo '[]' ;;
  *merge_requests/5) echo '{\"diff_refs\": {\"base_sha\": \"b\", \"start_sha\": \"s\", \"head_sha\": \"h\"}}' ;;
esac
",
    );
    let mut path = root.dir.join("bin").into_os_string();
    path.push(":");
    let own = repo
        .command("sh")
        .get_envs()
        .find_map(|(name, value)| (name == "PATH").then(|| value.unwrap().to_owned()));
    path.push(own.unwrap());
    let server = format!("file://{}", root.dir.display());
    repo.with("PATH", path)
        .with("CI_SERVER_URL", server)
        .with("CI_PROJECT_PATH", "origin")
        .with("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
        .with("CI_JOB_TOKEN", "t")
        .with("CI_API_V4_URL", "https://gitlab.example/api/v4")
        .with("CI_PROJECT_ID", "3")
        .with("CI_MERGE_REQUEST_IID", "5")
        .with("CI_COMMIT_SHA", "abc")
        .with("GITLAB_USER_NAME", "Ada")
        .with("GITLAB_USER_EMAIL", "ada@example.com")
        .with("NOTES", root.dir.join("curl.txt"))
        .with("PROMPTCTL_TOKEN", "secret")
}

#[test]
fn a_merge_request_is_checked_and_gets_one_comment() {
    if cfg!(windows) {
        return skipped("the scripts are for the runners with Linux");
    }
    let env = TestEnv::new();
    let root = env.root();
    let jq = root.command("jq").arg("--version").output();
    if !jq.is_ok_and(|output| output.status.success()) {
        return skipped("there is no jq, which the job installs");
    }
    let ada = env.with_origin();
    ada.ok("promptctl init --quiet --gitlab");
    ada.git("push --quiet origin main");
    ada.git("switch --quiet --create topic");
    ada.replace("prompts/support/triage.prompt.yml", "800  ", "600  ");
    ada.git("commit --quiet --all --message Shorter");
    let job = job(&env, &ada);
    // The version was not raised: the job fails, and the comment says what to write.
    let run = script("prompts:check", &job);
    assert_eq!(run.code, Some(3), "{run}");
    assert!(ada.read("prompts.md").contains("version: 2\n"));
    let report: Value = serde_json::from_str(&ada.read("gl-code-quality-report.json")).unwrap();
    assert_eq!(report[0]["check_name"], "P207");
    let asked = root.read("curl.txt");
    assert!(
        asked.lines().last().unwrap().contains("--request POST"),
        "{asked}"
    );
    // A stranger's note that begins with the same line is not ours, and ours may stand on another page.
    let note = |id: u32, author: u32, body: &str| json!({"id": id, "author": {"id": author}, "body": body});
    let mark = "<!-- promptctl diff -->\n";
    let first = json!([note(70, 9, mark), note(71, 8, "Hello")]);
    root.write("curl.txt.first", first.to_string());
    script("prompts:check", &job);
    let asked = root.read("curl.txt");
    assert!(
        asked.lines().last().unwrap().contains("--request POST"),
        "{asked}"
    );
    ada.ok("promptctl bump");
    ada.git("commit --quiet --all --message Raised");
    let second = json!([note(76, 9, mark), note(77, 8, mark)]);
    root.write("curl.txt.second", second.to_string());
    let run = script("prompts:check", &job);
    assert_eq!(run.code, Some(0), "{run}");
    let asked = root.read("curl.txt");
    let last = asked.lines().last().unwrap();
    assert!(
        last.contains("--request PUT") && last.ends_with("/merge_requests/5/notes/77"),
        "{last}"
    );
    // Without the token the page is an artifact.
    let run = script("prompts:check", &job.without("PROMPTCTL_TOKEN"));
    assert!(
        run.code == Some(0) && run.stdout.contains("no PROMPTCTL_TOKEN here"),
        "{run}"
    );
}

#[test]
fn a_version_that_was_not_raised_is_suggested_where_its_lines_are_shown() {
    if cfg!(windows) {
        return skipped("the scripts are for the runners with Linux");
    }
    let env = TestEnv::new();
    let root = env.root();
    let jq = root.command("jq").arg("--version").output();
    if !jq.is_ok_and(|output| output.status.success()) {
        return skipped("there is no jq, which the job installs");
    }
    let ada = env.with_origin();
    ada.ok("promptctl init --quiet --gitlab");
    ada.git("push --quiet origin main");
    ada.git("switch --quiet --create topic");
    let file = "prompts/support/triage.prompt.yml";
    ada.replace(file, "Support triage", "Triage");
    ada.replace(file, "800  ", "600  ");
    ada.git("commit --quiet --all --message Shorter");
    let tip = ada.git("rev-parse HEAD");
    let job = job(&env, &ada).with("CI_COMMIT_SHA", tip.trim());
    let asked = || {
        root.write("curl.txt", "");
        assert_eq!(script("prompts:check", &job).code, Some(3));
        let asked = root.read("curl.txt");
        let asked = asked
            .lines()
            .filter(|line| line.contains("/discussions") || line.contains("--request DELETE"));
        asked.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_snapshot!(asked().join("\n"), @r#"--fail --silent --show-error --header PRIVATE-TOKEN: secret --output /dev/null --request POST --header Content-Type: application/json --data {"body":"<!-- promptctl raise -->\nThe content changed, so its version rises:\n\n```suggestion:-0+1\nversion: 2\ndigest: b2af38d563bb\n```","position":{"base_sha":"b","start_sha":"s","head_sha":"h","position_type":"text","old_path":"prompts/support/triage.prompt.yml","new_path":"prompts/support/triage.prompt.yml","old_line":3,"new_line":3}} https://gitlab.example/api/v4/projects/3/merge_requests/5/discussions"#);
    // Once it stands there it is left alone, unless it was taken up or does not fit any more.
    let note = |id: u32, line: u32, is_resolved: bool| {
        let body = "<!-- promptctl raise -->\nThe content changed, so its version rises:\n\n```suggestion:-0+1\nversion: 2\ndigest: b2af38d563bb\n```";
        json!({"id": id, "author": {"id": 8}, "body": body, "resolved": is_resolved,
            "position": {"new_path": file, "new_line": line}})
    };
    root.write("curl.txt.first", json!([note(70, 3, true)]).to_string());
    assert_eq!(asked().len(), 1);
    root.write("curl.txt.first", json!([note(70, 3, false)]).to_string());
    assert_eq!(asked(), [""; 0]);
    let notes = json!([note(70, 3, false), note(71, 77, false)]);
    root.write("curl.txt.first", notes.to_string());
    let asked = asked();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].ends_with(
            "--request DELETE https://gitlab.example/api/v4/projects/3/merge_requests/5/notes/71"
        ),
        "{asked:?}"
    );
}

#[test]
#[cfg(unix)]
fn a_link_in_the_place_of_a_report_is_not_written_through() {
    let env = TestEnv::new();
    let root = env.root();
    let jq = root.command("jq").arg("--version").output();
    if !jq.is_ok_and(|output| output.status.success()) {
        return skipped("there is no jq, which the job installs");
    }
    let ada = env.with_origin();
    ada.ok("promptctl init --quiet --gitlab");
    ada.git("push --quiet origin main");
    ada.git("switch --quiet --create topic");
    root.write("victim", "whole");
    root.write("other", "whole");
    let victim = root.dir.join("victim");
    ada.ok(&format!("ln -s {} prompts.md", victim.display()));
    let other = root.dir.join("other");
    ada.ok(&format!(
        "ln -s {} gl-code-quality-report.json",
        other.display()
    ));
    ada.git("add prompts.md gl-code-quality-report.json");
    ada.git("commit --quiet --message Links");
    let run = script("prompts:check", &job(&env, &ada));
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(root.read("victim"), "whole");
    assert_eq!(root.read("other"), "whole");
    assert!(
        ada.read("prompts.md")
            .starts_with("<!-- promptctl diff -->")
    );
}

#[test]
fn what_is_merged_is_published() {
    if cfg!(windows) {
        return skipped("the scripts are for the runners with Linux");
    }
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl init --quiet --gitlab");
    ada.git("push --quiet origin main");
    let run = script("prompts:publish:production", &job(&env, &ada));
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(
        env.root().git("--git-dir origin.git tag"),
        "prompts/support/triage/production/1\nprompts/support/triage/v1"
    );
}

/// GitLab's own schema of its files, as `check-jsonschema` from PyPI carries it.
#[test]
fn the_jobs_are_what_the_schema_of_gitlab_allows() {
    let env = TestEnv::new();
    let repo = env.triage();
    let line = format!("check-jsonschema --builtin-schema vendor.gitlab-ci .gitlab-ci.yml {JOBS}");
    for environments in [
        "{staging: {}, production: {}}",
        "{production: {}}",
        "{live: {}}",
    ] {
        repo.write("promptctl.yaml", format!("environments: {environments}\n"));
        repo.ok("promptctl init --quiet --gitlab");
        if repo.line(&line).output().is_err() {
            return skipped("check-jsonschema is not here, which carries GitLab's schema");
        }
        let run = repo.run(&line);
        assert_eq!(run.code, Some(0), "{run}");
    }
}

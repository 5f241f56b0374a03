//! `mv`: another name, with the same version and content.

use insta::assert_snapshot;

use super::dry_run::{same, tree};
use crate::env::{SMALL, Shell, TestEnv};

const OLD: &str = "prompts/support/triage.prompt.yml";
const NEW: &str = "prompts/care/routing.prompt.yml";

#[test]
fn a_prompt_and_its_variants_move_in_one_commit_and_stay_live_under_the_old_name() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("support/triage.fr", SMALL);
    repo.ok("promptctl publish --quiet support/triage support/triage.fr");
    let text = repo.read(OLD);
    assert_snapshot!(repo.play(
        "promptctl mv --dry-run support/triage care/routing
         git status --short
         promptctl mv support/triage care/routing
         git show --format=%s --name-status -M100%
         git status --short
         promptctl list
         promptctl validate
         promptctl publish care/routing
         promptctl status
         promptctl unpublish support/triage
         promptctl mv support/triage care/routing
         promptctl mv nothing else"
    ), @"
    $ promptctl mv --dry-run support/triage care/routing
    prompts/support/triage.prompt.yml → prompts/care/routing.prompt.yml
    prompts/support/triage.fr.prompt.yml → prompts/care/routing.fr.prompt.yml
    --- stderr
    warning: v1 stays live in production under support/triage, where callers ask for it
    hint: promptctl publish care/routing --env production makes it live under its new name
    hint: promptctl unpublish support/triage --env production ends the old one, once nobody asks for it
    warning: v1 stays live in production under support/triage.fr, where callers ask for it
    hint: promptctl publish care/routing.fr --env production makes it live under its new name
    hint: promptctl unpublish support/triage.fr --env production ends the old one, once nobody asks for it
    $ git status --short
    $ promptctl mv support/triage care/routing
    support/triage is care/routing now: v1, prompts/care/routing.prompt.yml
    support/triage.fr is care/routing.fr now: v1, prompts/care/routing.fr.prompt.yml
    warning: v1 stays live in production under support/triage, where callers ask for it
    hint: promptctl publish care/routing --env production makes it live under its new name
    hint: promptctl unpublish support/triage --env production ends the old one, once nobody asks for it
    warning: v1 stays live in production under support/triage.fr, where callers ask for it
    hint: promptctl publish care/routing.fr --env production makes it live under its new name
    hint: promptctl unpublish support/triage.fr --env production ends the old one, once nobody asks for it
    $ git show --format=%s --name-status -M100%
    Move support/triage to care/routing

    R100	prompts/support/triage.fr.prompt.yml	prompts/care/routing.fr.prompt.yml
    R100	prompts/support/triage.prompt.yml	prompts/care/routing.prompt.yml
    $ git status --short
    $ promptctl list
    care/routing	v1	-	openai/gpt-5-mini	Support triage
    care/routing.fr	v1	-	openai/gpt-5-mini	
    $ promptctl validate
    2 checked, 0 errors, 0 warnings
    $ promptctl publish care/routing
    care/routing v1 published to production
    $ promptctl status
    production	care/routing	v1	-	2026-11-03T11:00:00Z	Ada	
    production	care/routing.fr	-	v1	-	-	never published
    production	support/triage	v1	-	2026-11-03T11:00:00Z	Ada	file deleted, still live
    production	support/triage.fr	v1	-	2026-11-03T11:00:00Z	Ada	file deleted, still live
    $ promptctl unpublish support/triage
    support/triage unpublished from production (was v1)
    live in production now: nothing of support/triage; a service with a snapshot has v1 until it is deployed again
    hint: to undo it: promptctl rollback support/triage
    $ promptctl mv support/triage care/routing
    support/triage was moved to care/routing already: nothing to do
    $ promptctl mv nothing else
    error[P201]: there is no prompt named nothing
      hint: promptctl list shows all prompts
    [exit 1]
    ");
    assert_eq!(repo.read(NEW), text);
    assert!(!repo.exists("prompts/support"));
}

#[test]
fn json_says_what_moved_and_what_stays_live() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish --quiet support/triage");
    let below = repo.cd("prompts/support");
    assert_snapshot!(below.ok("promptctl mv support/triage support/routing -m 'Say what it does' --format json"), @r#"
    {
      "schema": 1,
      "moved": [
        {
          "from": "support/triage",
          "to": "support/routing",
          "version": 1,
          "digest": "f066701586d5e11036aba2d21d90abf0176b9c9383f4e05d4b39c578e7f29fbd",
          "from_path": "prompts/support/triage.prompt.yml",
          "to_path": "prompts/support/routing.prompt.yml"
        }
      ],
      "live": [
        {
          "name": "support/triage",
          "environment": "production",
          "version": 1
        }
      ]
    }
    "#);
    assert_eq!(repo.git("log -1 --format=%s"), "Say what it does");
}

/// What is refused leaves everything as it was.
#[test]
fn what_would_clash_or_lose_something_is_refused() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("other", SMALL);
    repo.add("gone", SMALL);
    repo.ok("promptctl publish --quiet gone");
    repo.ok("promptctl archive other --quiet");
    repo.ok("git rm -q prompts/gone.prompt.yml");
    repo.ok("git commit -qm Remove");
    repo.write("prompts/fresh.prompt.yml", SMALL);
    let (head, tags) = (repo.git("rev-parse HEAD"), repo.refs());
    assert_snapshot!(repo.play(
        "promptctl mv support/triage other
         promptctl mv support/triage Other
         promptctl mv support/triage support/Triage
         promptctl mv support/triage support/triage
         promptctl mv support/triage gone
         promptctl mv support/triage fresh
         promptctl mv fresh better
         promptctl mv support/triage v3"
    ), @r#"
    $ promptctl mv support/triage other
    error[P224]: there is an archived prompt that is called other
      hint: choose another name; nothing was moved
    [exit 1]
    $ promptctl mv support/triage Other
    error[P012]: other and Other differ only in case
      hint: one of them would be lost on macOS and Windows: choose another name
    [exit 1]
    $ promptctl mv support/triage support/Triage
    error[P012]: support/triage and support/Triage differ only in case
      hint: one of them would be lost on macOS and Windows: choose another name
    [exit 1]
    $ promptctl mv support/triage support/triage
    error: support/triage has that name
    [exit 2]
    $ promptctl mv support/triage gone
    error[P206]: gone v1 was published before with other content, by a prompt that had that name
      hint: choose another name; promptctl releases gone shows what was live
    [exit 1]
    $ promptctl mv support/triage fresh
    error[P224]: prompts/fresh.prompt.yml exists
      hint: it was never committed: move it away, or choose another name
    [exit 1]
    $ promptctl mv fresh better
    error[P204]: fresh was never committed
      at: prompts/fresh.prompt.yml
      hint: git add prompts/fresh.prompt.yml && git commit -m "…" -- prompts/fresh.prompt.yml
      hint: nothing was moved
    [exit 1]
    $ promptctl mv support/triage v3
    error: invalid value 'v3' for '<NEW>': `v3` cannot be a name: a segment may not look like a version, which is written NAME@v3

    For more information, try '--help'.
    [exit 2]
    "#);
    repo.replace(OLD, "maxTokens: 800", "maxTokens: 700");
    assert_snapshot!(repo.fails("promptctl mv support/triage care/routing"), @r#"
    error[P204]: support/triage has changes that are not committed
      at: prompts/support/triage.prompt.yml
      hint: git add prompts/support/triage.prompt.yml && git commit -m "…" -- prompts/support/triage.prompt.yml
      hint: nothing was moved
    [exit 1]
    "#);
    assert_eq!((repo.git("rev-parse HEAD"), repo.refs()), (head, tags));
    assert!(repo.exists(OLD) && !repo.exists(NEW));
}

#[test]
fn what_a_prompt_attaches_is_not_lost() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/a/dot.png", [0x89, b'P']);
    repo.git("add prompts/a/dot.png");
    repo.add(
        "a/see",
        "model: m\nmessages:\n- role: user\n  content:\n  - {type: image, path: dot.png}\n",
    );
    assert_snapshot!(repo.fails("promptctl mv a/see b/see"), @"
    error[P018]: a/see attaches dot.png, which is found from the folder of its file
      at: prompts/a/see.prompt.yml
      hint: choose a name in the same folder; another path is other content, and so a new version: promptctl new NEW --from OLD
    [exit 1]
    ");
    repo.ok("promptctl mv a/see a/look");
}

/// Whatever a kill left: both files, or only the new one.
#[test]
fn a_move_that_was_killed_is_completed() {
    let left = |leave: &dyn Fn(&Shell)| {
        let env = TestEnv::new();
        let repo = env.triage();
        repo.add("support/triage.fr", SMALL);
        let text = repo.read(OLD);
        repo.write(NEW, &text);
        leave(&repo);
        repo.ok("promptctl mv support/triage care/routing");
        assert_eq!(repo.git("status --short"), "");
        assert_eq!(repo.read(NEW), text);
        assert!(!repo.exists(OLD) && repo.exists("prompts/care/routing.fr.prompt.yml"));
        let again = repo.run("promptctl mv support/triage care/routing");
        assert!(again.stderr.contains("already"), "{again}");
    };
    left(&|_| {});
    left(&|repo| drop(repo.git("add --intent-to-add prompts/care")));
    left(&|repo| std::fs::remove_file(repo.dir.join(OLD)).unwrap());
    left(&|repo| {
        std::fs::remove_file(repo.dir.join(OLD)).unwrap();
        repo.git("add -A");
    });
}

#[test]
fn a_commit_that_is_refused_moves_nothing() {
    let env = TestEnv::new();
    let repo = env.triage();
    crate::env::hook(&repo, ".git/hooks/pre-commit", "exit 1");
    repo.fails("promptctl mv support/triage care/routing");
    assert!(repo.exists(OLD) && !repo.exists(NEW));
    assert_eq!(repo.git("status --short"), "");
}

#[test]
fn a_rename_is_one_entry_of_a_comparison() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("branch base");
    repo.ok("promptctl mv support/triage care/routing");
    assert_snapshot!(repo.play(
        "promptctl diff base...HEAD
         promptctl diff base...HEAD --format markdown
         promptctl diff base HEAD --format json"
    ), @r#"
    $ promptctl diff base...HEAD
    care/routing  v1  renamed from support/triage  breaking
      for callers:
        breaking  `support/triage` is called something else now: callers must ask for the new name
    $ promptctl diff base...HEAD --format markdown
    <!-- promptctl diff -->
    ### Prompts: 🔴 breaking, callers may break

    | Prompt | Change | Impact | Versions | Tokens | `publish` would |
    | --- | --- | --- | --- | --- | --- |
    | `care/routing` | renamed from `support/triage` | 🔴 breaking | v1 | 24 | make v1 live in production |

    #### For callers

    - `care/routing`: 🔴 breaking: `support/triage` is called something else now: callers must ask for the new name
    $ promptctl diff base HEAD --format json
    {
      "schema": 1,
      "from": "base",
      "to": "HEAD",
      "impact": "breaking",
      "prompts": [
        {
          "name": "care/routing",
          "status": "renamed",
          "from_name": "support/triage",
          "from_version": 1,
          "to_version": 1,
          "impact": "breaking",
          "changes": [],
          "contract": [
            {
              "impact": "breaking",
              "message": "`support/triage` is called something else now: callers must ask for the new name"
            }
          ]
        }
      ],
      "partials": [],
      "findings": [],
      "allowed": [],
      "raises": []
    }
    "#);
    repo.ok("git mv prompts/care/routing.prompt.yml prompts/other.prompt.yml");
    assert_snapshot!(repo.play("promptctl diff
         promptctl diff other"), @"
    $ promptctl diff
    other  v1  renamed from care/routing  breaking
      for callers:
        breaking  `care/routing` is called something else now: callers must ask for the new name
    $ promptctl diff other
    other  v1  renamed from care/routing  breaking
      for callers:
        breaking  `care/routing` is called something else now: callers must ask for the new name
    ");
    // What was edited too is shown.
    repo.replace(
        "prompts/other.prompt.yml",
        "maxTokens: 800",
        "maxTokens: 700",
    );
    assert_snapshot!(repo.play("promptctl diff"), @"
    $ promptctl diff
    other  v1  renamed from care/routing  breaking
      modelParameters.maxTokens: 800 → 700
      for callers:
        breaking  `care/routing` is called something else now: callers must ask for the new name
    ");
}

#[test]
fn a_rename_with_an_edit_shows_the_edit() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish --quiet support/triage");
    repo.git("branch base");
    repo.ok("promptctl mv support/triage care/triage");
    repo.replace("prompts/care/triage.prompt.yml", "Answer in", "Reply in");
    repo.ok("promptctl bump care/triage");
    repo.git("commit --quiet --all --message Edited");
    // A new prompt that is nothing like it.
    repo.add("greeting", SMALL);
    let told = repo.git("diff -M --name-status base HEAD");
    assert!(
        told.contains("prompts/care/triage.prompt.yml") && told.starts_with("R0"),
        "{told}"
    );
    assert_snapshot!(repo.play(
        "promptctl diff base...HEAD
         promptctl diff base...HEAD --format markdown"
    ), @"
    $ promptctl diff base...HEAD
    care/triage  v1 → v2  renamed from support/triage  breaking
      messages[0].content:
        You sort support tickets. [-Answer-]{+Reply+} in {{locale}}.
        Say which queue the ticket belongs to: billing or tech.
      for callers:
        breaking  `support/triage` is called something else now: callers must ask for the new name

    greeting  v1  new
      model: openai/gpt-5-mini (new)
      messages[0]: user, new
        {+Hello {{name}}+}

    2 prompts: 1 breaking, 1 new
    $ promptctl diff base...HEAD --format markdown
    <!-- promptctl diff -->
    ### Prompts: 🔴 breaking, callers may break (2 prompts: 1 breaking, 1 new)

    | Prompt | Change | Impact | Versions | Tokens | `publish` would |
    | --- | --- | --- | --- | --- | --- |
    | `care/triage` | renamed from `support/triage` | 🔴 breaking | v1 → v2 | 24 | make v2 live in production under the new name; the old one stays live until it is unpublished |
    | `greeting` | new | 🟢 new | v1 | 4 | make v1 live in production |

    #### For callers

    - `care/triage`: 🔴 breaking: `support/triage` is called something else now: callers must ask for the new name

    <details>
    <summary><code>care/triage</code>: 1 change</summary>

    - `messages[0].content`: text changed

    <pre>You sort support tickets. <del>Answer</del><ins><b>Reply</b></ins> in {{locale}}.
    Say which queue the ticket belongs to: billing or tech.</pre>

    </details>

    <details>
    <summary><code>greeting</code>: 2 changes</summary>

    - `model`: new, `openai/gpt-5-mini`
    - `messages[0]`: user, new

    <pre>Hello {{name}}</pre>

    </details>
    ");
    let json = repo.json("promptctl diff base HEAD --format json");
    let moved = &json["prompts"][0];
    assert_eq!(
        (
            &moved["status"],
            &moved["from_name"],
            &moved["changes"][0]["path"]
        ),
        (
            &"renamed".into(),
            &"support/triage".into(),
            &"messages[0].content".into()
        ),
        "{json}"
    );
    // What is nothing like it is another prompt; its number need not go on.
    repo.write("prompts/care/triage.prompt.yml", SMALL);
    let other = repo.run("promptctl diff base --format markdown");
    assert!(
        other.stdout.contains("| `support/triage` | removed |")
            && !other.stdout.contains("renamed"),
        "{other}"
    );
}

#[test]
fn a_rename_by_hand_may_begin_its_numbers_again() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("branch base");
    repo.ok("git mv prompts/support/triage.prompt.yml prompts/sorting.prompt.yml");
    let path = "prompts/sorting.prompt.yml";
    repo.replace(path, "Answer in", "Reply in");
    let text = repo.read(path);
    let text: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("digest:"))
        .collect();
    repo.write(path, text.join("\n") + "\n");
    let page = repo.ok("promptctl diff base --format markdown");
    assert!(page.contains("renamed from `support/triage`"), "{page}");
    assert!(
        !page.contains("not raised") && !page.contains("did not"),
        "{page}"
    );
}

#[test]
fn a_dry_run_of_a_move_writes_nothing() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish --quiet support/triage");
    let bob = env.clone_of_origin("Bob");
    for shell in [&ada, &bob] {
        shell.run("git status");
        let before = tree(&env.root().dir);
        let run = shell.run("promptctl mv support/triage care/routing --dry-run");
        assert_eq!(run.code, Some(0), "{run}");
        same(&before, &tree(&env.root().dir), &run.to_string());
    }
}

//! What a reviewer is told beside the changes themselves.

use insta::assert_snapshot;
use serde_json::Value;

use crate::env::{SMALL, Shell, TestEnv};

/// A branch on which a partial changed, and a prompt that does not include it.
fn branch(env: &TestEnv) -> Shell {
    let repo = env.repo();
    repo.write("prompts/_tone.hbs", "Be kind and brief.\n");
    repo.git("add --all");
    repo.git("commit --quiet --message Tone");
    let with_tone = SMALL
        .replace("content: Hello", "content: \"{{> tone}} Hello")
        .replace("{{name}}", "{{name}}\"");
    repo.add("one", &with_tone);
    repo.add("two", &with_tone);
    repo.add("other", SMALL);
    repo.ok("promptctl publish one two other");
    repo.git("switch --quiet --create topic");
    repo.write("prompts/_tone.hbs", "Be kind and precise.\n");
    repo
}

#[test]
fn a_comment_says_what_publish_would_do_and_who_includes_a_partial() {
    let env = TestEnv::new();
    let repo = branch(&env);
    repo.git("commit --quiet --all --message Precise");
    // The version was not raised yet.
    let before = repo.ok("promptctl diff main...topic --format markdown");
    assert!(before.contains("| refuse: v1 was not raised |"), "{before}");
    repo.ok("promptctl bump");
    repo.git("commit --quiet --all --message Raised");
    assert_snapshot!(repo.ok("promptctl diff main...topic --format markdown"), @"
    <!-- promptctl diff -->
    ### Prompts: 🔵 wording, only words changed (2 prompts: 2 wording)

    | Prompt | Change | Impact | Versions | Tokens | `publish` would |
    | --- | --- | --- | --- | --- | --- |
    | `one` | changed | 🔵 wording | v1 → v2 | 9 | make v2 live in production instead of v1 |
    | `two` | changed | 🔵 wording | v1 → v2 | 9 | make v2 live in production instead of v1 |

    #### Changed partials

    - `prompts/_tone.hbs`: part of `one`, `two`

    <details>
    <summary>What changed in it</summary>

    <pre>Be kind and <del>brief</del><ins><b>precise</b></ins>.</pre>

    </details>
    ");
    // What is said twice is the same.
    assert_eq!(
        repo.ok("promptctl diff main...topic --format markdown"),
        repo.ok("promptctl diff main...topic --format markdown")
    );
}

#[test]
fn a_text_that_moves_into_a_partial_changes_nothing_for_the_model() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("one", "model: openai/gpt-5-mini\nmessages:\n  - role: system\n    content: |\n      Be kind.\n      Never lie.\n");
    repo.write("prompts/_rules.hbs", "Never lie.\n");
    repo.replace("prompts/one.prompt.yml", "Never lie.", "{{> rules}}");
    repo.git("add --all");
    assert_snapshot!(repo.play("promptctl diff --fail-on wording"), @r#"
    $ promptctl diff --fail-on wording
    one  v1  none
      partials: [] → ["rules"]
    "#);
}

#[test]
fn a_job_fails_from_an_impact_on() {
    let env = TestEnv::new();
    let repo = branch(&env);
    repo.ok("promptctl bump");
    repo.git("commit --quiet --all --message Raised");
    let code = |line: &str| repo.run(line).code;
    assert_eq!(
        code("promptctl diff main...topic --fail-on wording"),
        Some(3)
    );
    assert_eq!(
        code("promptctl diff main...topic --fail-on behavior"),
        Some(0)
    );
    assert_eq!(
        code("promptctl diff main...topic --fail-on breaking"),
        Some(0)
    );
    // What cannot be read is told, counts as the worst, and is not called removed.
    repo.write("prompts/other.prompt.yml", "messages: [\n");
    repo.git("commit --quiet --all --message Broken");
    let run = repo.run("promptctl diff main...topic --fail-on breaking");
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("prompts/other.prompt.yml"), "{run}");
    assert!(!run.stdout.contains("removed"), "{run}");
    let comment = repo.ok("promptctl diff main...topic --format markdown");
    assert!(
        comment.contains("- ❌ P001 `prompts/other.prompt.yml:"),
        "{comment}"
    );
}

#[test]
fn sizes_and_costs_are_told_where_they_are_asked_for() {
    let env = TestEnv::new();
    let repo = env.repo();
    let rules = "Never promise what the policy does not say.\n      ".repeat(150);
    let prompt = |first: &str| {
        format!(
            "model: openai/gpt-5-mini\nmessages:\n  - role: system\n    content: |\n      {first}\n      {rules}\n  - role: user\n    content: \"{{{{ticket}}}}\"\n"
        )
    };
    repo.add("one", &prompt("Be kind."));
    repo.write("prompts/one.prompt.yml", prompt("Answer in {{locale}}."));
    assert_snapshot!(repo.ok("promptctl diff --cost").lines().rev().take(2).collect::<Vec<_>>().join("\n"), @"
    nothing is cached any more: a value stands after about 5 tokens, and caching takes 1024
    its own text: about 1357 tokens
    ");
    let report = repo.json("promptctl diff --cost --format json");
    let size = &report["prompts"][0]["size"];
    assert_eq!(size["breaks_cache"], Value::Bool(true), "{size}");
    assert!(
        size["before"]["prefix_tokens"].as_u64() > Some(1_024),
        "{size}"
    );
    assert!(size["after"]["cost_usd"].as_f64() > Some(0.0), "{size}");
    let report = repo.json("promptctl diff --format json");
    assert_eq!(report["prompts"][0].get("size"), None);
}

#[test]
fn the_working_copy_and_partials_of_partials_are_followed() {
    let env = TestEnv::new();
    let repo = branch(&env);
    repo.write("prompts/_deep.hbs", "{{> tone}}");
    repo.write(
        "prompts/three.prompt.yml",
        SMALL
            .replace("Hello", "'{{> deep}} Hello")
            .replace("{{name}}", "{{name}}'"),
    );
    repo.write("prompts/_tone.hbs", "Be kind and brief.\n");
    repo.git("add --all");
    repo.git("commit --quiet --message Three");
    repo.write("prompts/_tone.hbs", "Be honest.\n");
    let report = repo.json("promptctl diff --format json");
    let names: Vec<&str> = report["prompts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|prompt| prompt["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["one", "three", "two"]);
    assert_eq!(
        report["partials"],
        serde_json::json!([
            {"path": "prompts/_tone.hbs", "status": "changed", "used_by": ["one", "three", "two"]}
        ])
    );
    repo.git("commit --quiet --all --message Honest");
    assert_eq!(
        repo.json("promptctl diff HEAD~1 HEAD --format json")["partials"],
        report["partials"]
    );
}

#[test]
fn a_shallow_clone_is_told_what_to_fetch() {
    let env = TestEnv::new();
    let repo = branch(&env);
    repo.ok("promptctl bump");
    repo.git("commit --quiet --all --message Raised");
    let root = env.root();
    let origin = format!("file://{}/repo", root.dir.display());
    root.git(&format!(
        "clone --quiet --depth 1 --branch topic {origin} ci"
    ));
    let ci = root.cd("ci");
    let run = ci.fails("promptctl diff origin/main...HEAD --format markdown");
    assert_snapshot!(run, @"
    error[P229]: this clone does not have origin/main
      hint: git fetch --no-tags --unshallow origin +refs/heads/main:refs/remotes/origin/main
    [exit 1]
    ");
    let (_, fix) = run.stderr.split_once("hint: ").unwrap();
    ci.ok(fix.lines().next().unwrap());
    let comment = ci.ok("promptctl diff origin/main...HEAD --format markdown");
    assert!(comment.contains("(2 prompts: 2 wording)"), "{comment}");
}

/// What GitHub's own renderer makes of a comment; none where it is not installed.
fn rendered(markdown: &str) -> Option<String> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let extensions = [
        "autolink",
        "table",
        "strikethrough",
        "tasklist",
        "footnotes",
    ];
    let mut renderer = Command::new("cmark-gfm")
        .arg("--unsafe")
        .args(extensions.iter().flat_map(|it| ["--extension", it]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut page = renderer.stdin.take().unwrap();
    page.write_all(markdown.as_bytes()).unwrap();
    drop(page);
    let output = renderer.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A page without its `<code>` and `<pre>`: where GitHub looks for what it can bring alive.
fn searched(page: &str) -> String {
    let mut left = page.to_owned();
    for tag in ["pre", "code"] {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        let mut rest = String::new();
        for (at, part) in left.split(&open).enumerate() {
            let after = part.split_once(&close).map_or(part, |(_, after)| after);
            rest.push_str(if at == 0 { part } else { after });
        }
        left = rest;
    }
    left
}

#[test]
fn nothing_in_a_comment_mentions_links_or_runs() {
    let live = "@octocat @org/team #12 GH-12 org/repo#12 0123456789abcdef0123456789abcdef01234567 \
        https://evil.example www.evil.example me@evil.example <img src=x> <!-- [x](y) ![z](y) `#1` ``@b`` \
        |@c| ~~d~~ **e** [^1] </pre>@f</code>@g</details> &#64;h";
    let Some(page) = rendered(live) else {
        return crate::env::skipped("cmark-gfm is not installed, so comments are not rendered");
    };
    assert!(page.contains("<a href"), "the renderer finds links: {page}");
    let env = TestEnv::new();
    let repo = env.repo();
    let quoted = serde_json::to_string(live).unwrap();
    repo.add("one", SMALL);
    repo.git("switch --quiet --create topic");
    let hostile = format!(
        "name: {quoted}\ndescription: {quoted}\ntags: [{quoted}]\nmodel: {quoted}\n{quoted}: 1\n\
         input: {{schema: {{type: object, required: [{quoted}], properties: {{{quoted}: {{enum: [{quoted}]}}, name: {{type: string}}}}}}}}\n\
         jsonSchema: {{name: x, schema: {{type: object, properties: {{{quoted}: {{type: string}}}}}}}}\n\
         messages:\n  - role: user\n    content: {quoted}\n  - role: assistant\n    content: \"Hello {{{{name}}}}\"\n"
    );
    repo.write("prompts/one.prompt.yml", hostile);
    repo.git("commit --quiet --all --message Hostile");
    for line in [
        "promptctl diff main...topic --format markdown",
        "promptctl diff one@topic one@main --format markdown",
    ] {
        let comment = repo.run(line).stdout;
        assert!(comment.contains("octocat"), "{comment}");
        let page = searched(&rendered(&comment).unwrap());
        for alive in [
            "@", "#1", "GH-", "://", "www.", "0123456", "<a ", "<img", "octocat", "evil", "<em",
            "<sup",
        ] {
            assert!(!page.contains(alive), "{alive} in {page}\n{comment}");
        }
        assert_eq!(
            page.matches("<details>").count(),
            page.matches("</details>").count()
        );
    }
}

#[test]
fn what_cannot_be_read_is_an_error_in_the_headline_and_a_row_of_the_comment() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("one", SMALL);
    repo.git("switch --quiet --create topic");
    repo.write("prompts/one.prompt.yml", "mesages: []\n");
    repo.git("commit --quiet --all --message Broken");
    assert_snapshot!(repo.ok("promptctl diff main...topic --format markdown"), @"
    <!-- promptctl diff -->
    ### Prompts: ❌ 1 error

    #### Errors

    - ❌ P004 `prompts/one.prompt.yml:1:1`: `mesages` is not a key; `messages` is meant

    | Prompt | Change | Impact | Versions |
    | --- | --- | --- | --- |
    | `prompts/one.prompt.yml` | cannot be read | ❌ error | |
    ");
    assert_eq!(
        repo.run("promptctl diff main...topic --exit-code").code,
        Some(3)
    );
    assert_snapshot!(repo.ok("promptctl diff main...topic"), @"prompts/one.prompt.yml  cannot be read");
    let json = repo.json("promptctl diff main...topic --format json");
    assert_eq!(json["findings"][0]["path"], "prompts/one.prompt.yml");
}

#[test]
fn a_comment_gives_the_two_lines_that_raise_a_version() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("switch --quiet --create topic");
    repo.replace(
        "prompts/support/triage.prompt.yml",
        "maxTokens: 800",
        "maxTokens: 600",
    );
    repo.git("commit --quiet --all --message Shorter");
    let page = repo.ok("promptctl diff main...topic --format markdown");
    assert_snapshot!(page, @"
    <!-- promptctl diff -->
    ### Prompts: ❌ 1 error; 🟠 behavior, the model may answer otherwise

    #### Errors

    - ❌ P207 `prompts/support/triage.prompt.yml:4:9`: the content changed and v1 did not

    #### To raise the version, write these two lines

    - `prompts/support/triage.prompt.yml`:

      ```yaml
      version: 2
      digest: b2af38d563bb
      ```

    Or `promptctl bump` in a clone, which writes them all.

    | Prompt | Change | Impact | Versions | Tokens | `publish` would |
    | --- | --- | --- | --- | --- | --- |
    | `support/triage` | changed | 🟠 behavior | v1 | 24 | refuse: v1 was not raised |

    <details>
    <summary><code>support/triage</code>: 1 change</summary>

    - `modelParameters.maxTokens`: `800` → `600`

    </details>
    ");
    // Pasted, they are right.
    let line = |key: &str| {
        let mut lines = page.lines().map(str::trim);
        lines.find(|line| line.starts_with(key)).unwrap().to_owned()
    };
    let file = "prompts/support/triage.prompt.yml";
    let mut text = repo.read(file);
    for key in ["version: ", "digest: "] {
        let old = text
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap()
            .to_owned();
        text = text.replace(&old, &line(key));
    }
    repo.write(file, text);
    repo.git("commit --quiet --all --message Pasted");
    repo.ok("promptctl validate --base main");
}

#[test]
fn a_comment_tells_of_rules_that_are_allowed_and_of_settings() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("switch --quiet --create topic");
    repo.write("promptctl.yaml", "environments: {production: {}}\nlint: {P026: off}\nlog: {output: none}\nbudgets: {perDay: 5}\n");
    repo.git("commit --quiet --all --message Settings");
    assert_snapshot!(repo.ok("promptctl diff main...topic --format markdown"), @"
    <!-- promptctl diff -->
    ### Prompts: ⚙️ settings changed

    #### Settings that take effect when this is merged

    - ⚙️ P258 `promptctl.yaml:2:1`: `lint`, how severe the rules are, changed
    - ⚙️ P258 `promptctl.yaml:3:1`: `log`, what is kept of each call, changed
    - ⚙️ P258 `promptctl.yaml:4:1`: `budgets`, what may be spent, changed
    ");
    assert_eq!(
        repo.run("promptctl diff main...topic --exit-code").code,
        Some(3)
    );
    let file = "prompts/support/triage.prompt.yml";
    let text = repo.read(file);
    repo.write(file, format!("# promptctl: allow P105\n{text}"));
    repo.git("commit --quiet --all --message Allowed");
    let page = repo.ok("promptctl diff topic~1 topic --format markdown");
    assert!(
        page.contains("### Prompts: ⚠️ a comment allows what a rule finds\n"),
        "{page}"
    );
    assert_eq!(
        repo.run("promptctl diff topic~1 topic --exit-code").code,
        Some(3)
    );
    assert_snapshot!(repo.ok("promptctl diff topic~1 topic"), @"prompts/support/triage.prompt.yml:1  allows P105, a declared variable that the template does not use");
    assert!(page.contains("#### Comments that allow what a rule finds\n\n- `prompts/support/triage.prompt.yml:1` allows P105, "), "{page}");
}

#[test]
fn a_new_prompt_is_told_as_new_and_its_text_is_text() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("switch --quiet --create topic");
    repo.add("fresh", "messages:\n  - role: system\n    content: |\n      Be kind to every customer.\n      Close with the number.\n");
    let page = repo.ok("promptctl diff main...topic --format markdown");
    assert!(page.contains("### Prompts: 🟢 1 new prompt\n"), "{page}");
    assert!(
        page.contains("<pre>Be kind to every customer.\nClose with the number.</pre>"),
        "{page}"
    );
    assert!(!page.contains("nothing that a model"), "{page}");
}

/// A prompt that attaches a picture, committed on main, and a branch on which only the picture is
/// another.
fn with_picture(env: &TestEnv) -> Shell {
    let repo = env.repo();
    repo.write("prompts/shot.png", [0x89, b'P', b'N', b'G', 0, 1]);
    repo.git("add --all");
    repo.git("commit --quiet --message Picture");
    repo.add("look", "messages:\n  - role: user\n    content:\n      - {type: text, text: What is this?}\n      - {type: image, path: shot.png}\n");
    repo.add("other", SMALL);
    repo.git("switch --quiet --create topic");
    repo
}

#[test]
fn a_changed_attachment_is_told_and_its_prompt_checked() {
    let env = TestEnv::new();
    let repo = with_picture(&env);
    assert_snapshot!(repo.play("promptctl validate --base main\npromptctl diff\npromptctl diff main topic"), @"
    $ promptctl validate --base main
    0 checked, 0 errors, 0 warnings
    $ promptctl diff
    HEAD and the working copy do not differ
    $ promptctl diff main topic
    main and topic do not differ
    ");
    repo.write("prompts/shot.png", [0x89, b'P', b'N', b'G', 0, 2]);
    assert_snapshot!(repo.play("promptctl validate --base main\npromptctl diff\npromptctl diff look"), @r#"
    $ promptctl validate --base main
    1 checked, 0 errors, 0 warnings
    $ promptctl diff
    look  v1  behavior
      attachments["prompts/shot.png"]: sha256 xxxxxxxxxxxx → sha256 xxxxxxxxxxxx
    $ promptctl diff look
    look  v1  behavior
      attachments["prompts/shot.png"]: sha256 xxxxxxxxxxxx → sha256 xxxxxxxxxxxx
    "#);
    repo.git("commit --quiet --all --message Picture");
    assert_snapshot!(repo.ok("promptctl diff main...topic"), @r#"
    look  v1  behavior
      attachments["prompts/shot.png"]: sha256 09824c6bec84 → sha256 19ed57bd9488
    "#);
    assert_eq!(
        repo.run("promptctl diff main...topic --exit-code").code,
        Some(3)
    );
    repo.git("rm --quiet prompts/shot.png");
    repo.git("commit --quiet --message Gone");
    assert_snapshot!(repo.play("promptctl validate --base main\npromptctl diff main...topic"), @r#"
    $ promptctl validate --base main
    error[P018]: there is no file prompts/shot.png to attach
     --> prompts/look.prompt.yml:7:29
      |
    7 |       - {type: image, path: shot.png}
      |                             ^^^^^^^^

    --- stderr
    1 checked, 1 error, 0 warnings
    [exit 3]
    $ promptctl diff main...topic
    look  v1  behavior
      attachments["prompts/shot.png"]: sha256 xxxxxxxxxxxx (removed)
    "#);
}

/// The page for a reviewer of what is committed on `topic`, and what `diff` says in JSON.
fn reviewed(repo: &Shell) -> (String, Value) {
    repo.git("add --all");
    repo.git("commit --quiet --message Changed");
    let page = repo.ok("promptctl diff main...topic --format markdown");
    assert!(!page.contains("nothing changed"), "{page}");
    assert_eq!(
        repo.run("promptctl diff main...topic --exit-code").code,
        Some(3)
    );
    (page, repo.json("promptctl diff main...topic --format json"))
}

#[test]
fn a_key_that_is_added_to_the_signers_is_named_to_the_reviewer() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("promptctl.yaml", "allowedSigners: keys/signers\n");
    let line = |who: &str, key: &str| format!("{who}@example.com ssh-ed25519 {key}\n");
    let (ada, bob, eve) = (
        line("ada", "AAAA1"),
        line("bob", "AAAA2"),
        line("eve", "AAAA3"),
    );
    repo.write("keys/signers", format!("# who may release\n{ada}{bob}"));
    repo.git("add --all");
    repo.git("commit --quiet --message Signers");
    repo.git("switch --quiet --create topic");
    // Moved, and with other comments, they are the same keys.
    repo.write("promptctl.yaml", "allowedSigners: keys/signers\n# moved\n");
    repo.write("keys/signers", format!("{bob}\n# again\n{ada}"));
    repo.git("commit --quiet --all --message Order");
    assert_eq!(
        repo.run("promptctl diff main...topic --exit-code").code,
        Some(0)
    );
    repo.write("keys/signers", format!("{ada}# x\n{eve}"));
    let (page, json) = reviewed(&repo);
    assert_snapshot!(page, @"
    <!-- promptctl diff -->
    ### Prompts: ⚙️ settings changed

    #### Settings that take effect when this is merged

    - ⚙️ P258 `keys/signers:3:1`: what this key signs counts from then on: `eve@example.com ssh-ed25519 AAAA3`
    - ⚙️ P258 `keys/signers`: what this key signed counts no more: `bob@example.com ssh-ed25519 AAAA2`
    ");
    assert_eq!(json["findings"][0]["path"], "keys/signers");
    assert_snapshot!(repo.ran("promptctl validate --base main").to_string(), @"
    warning[P258]: what this key signs counts from then on: `eve@example.com ssh-ed25519 AAAA3`
     --> keys/signers:3:1
      |
    3 | eve@example.com ssh-ed25519 AAAA3
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: it takes effect when the branch is merged: a reviewer should want it

    warning[P258]: what this key signed counts no more: `bob@example.com ssh-ed25519 AAAA2`
     --> keys/signers
      = help: it takes effect when the branch is merged: a reviewer should want it

    --- stderr
    0 checked, 0 errors, 2 warnings
    ");
    // Another file with the same keys is a setting and no other key; without the list, all went.
    repo.git("mv keys/signers keys/others");
    repo.write("promptctl.yaml", "allowedSigners: keys/others\n");
    repo.git("commit --quiet --all --message Renamed");
    let page = repo.ok("promptctl diff topic~1 topic --format markdown");
    assert!(
        page.contains("was `keys/signers` and is `keys/others`"),
        "{page}"
    );
    assert!(!page.contains("this key"), "{page}");
}

#[test]
fn what_cannot_be_a_prompt_is_shown_to_the_reviewer() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("other", SMALL);
    repo.git("switch --quiet --create topic");
    // A name that no prompt can have.
    repo.write("prompts/no name.prompt.yml", SMALL);
    // A folder in the place of a file.
    std::fs::remove_file(repo.dir.join("prompts/other.prompt.yml")).unwrap();
    repo.write("prompts/other.prompt.yml/deep/x.prompt.yml", SMALL);
    // A second file of one name.
    repo.write("prompts/support/triage.prompt.yaml", SMALL);
    let working = repo.run("promptctl diff --exit-code");
    assert_eq!(working.code, Some(3), "{working}");
    let (page, json) = reviewed(&repo);
    assert_snapshot!(page, @"
    <!-- promptctl diff -->
    ### Prompts: ❌ 3 errors

    #### Errors

    - ❌ P011 `prompts/no name.prompt.yml`: `no name` cannot be a name: segments are made of letters, digits, `_` and `-`
    - ❌ P017 `prompts/other.prompt.yml`: `prompts/other.prompt.yml` is not a regular file
    - ❌ P011 `prompts/other.prompt.yml/deep/x.prompt.yml`: `other.prompt.yml/deep/x` cannot be a name: only its last segment may have a `.variant` suffix

    | Prompt | Change | Impact | Versions |
    | --- | --- | --- | --- |
    | `prompts/no name.prompt.yml` | cannot be read | ❌ error | |
    | `prompts/other.prompt.yml` | cannot be read | ❌ error | |
    | `prompts/other.prompt.yml/deep/x.prompt.yml` | cannot be read | ❌ error | |

    #### Warnings

    - ⚠️ P012 `prompts/support/triage.prompt.yml`: `prompts/support/triage.prompt.yml` and `prompts/support/triage.prompt.yaml` have the same name
    ");
    let findings = json["findings"].as_array().unwrap();
    let codes: Vec<&str> = findings
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    assert!(
        ["P011", "P012", "P017"]
            .iter()
            .all(|code| codes.contains(code)),
        "{codes:?}"
    );
    for path in ["prompts/no name.prompt.yml", "prompts/other.prompt.yml"] {
        assert!(working.stderr.contains(path), "{working}");
    }
    // What was so before is nobody's news.
    repo.write("prompts/new.prompt.yml", SMALL);
    repo.git("add --all");
    repo.git("commit --quiet --message More");
    let later = repo.ok("promptctl diff topic~1 topic --format markdown");
    assert!(!later.contains("P01"), "{later}");
    repo.write("prompts/newer.prompt.yml", SMALL);
    let later = repo.ran("promptctl diff");
    assert!(!later.to_string().contains("P01"), "{later}");
}

#[cfg(unix)]
#[test]
fn a_prompt_that_becomes_a_link_is_shown_to_the_reviewer() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("switch --quiet --create topic");
    let link = |to: &str, path: &str| {
        std::os::unix::fs::symlink(to, repo.dir.join(path)).unwrap();
    };
    link("support/triage.prompt.yml", "prompts/linked.prompt.yml");
    let (page, _) = reviewed(&repo);
    assert!(
        page.contains("- ❌ P013 `prompts/linked.prompt.yml`"),
        "{page}"
    );
    // The folder of all prompts too.
    repo.git("mv prompts elsewhere");
    link("elsewhere", "prompts");
    let (page, _) = reviewed(&repo);
    assert!(page.contains("- ❌ P013 `prompts`: "), "{page}");
    assert!(!page.contains("removed"), "{page}");
}

#[test]
fn a_partial_that_no_prompt_includes_is_shown_with_what_it_allows() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("switch --quiet --create topic");
    let key = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
    repo.write(
        "prompts/_extra.hbs",
        format!("{{{{!-- promptctl: allow P026 --}}}}\nUse {key} for now.\n"),
    );
    let working = repo.run("promptctl diff --exit-code");
    assert_eq!(working.code, Some(3), "{working}");
    let (page, json) = reviewed(&repo);
    assert_snapshot!(page, @"
    <!-- promptctl diff -->
    ### Prompts: ⚠️ a comment allows what a rule finds

    #### Comments that allow what a rule finds

    - `prompts/_extra.hbs:1` allows P026, a secret in the text

    #### Changed partials

    - `prompts/_extra.hbs`: new, no prompt includes it

    <details>
    <summary>What changed in it</summary>

    <pre><ins><b>{{!-- promptctl: allow P026 --}}</b></ins>
    <ins><b>Use ghp_************************************ for now.</b></ins></pre>

    </details>
    ");
    assert_eq!(json["partials"][0]["status"], "added");
    assert_eq!(json["allowed"][0]["code"], "P026");
    // Without the comment it is an error, and it is told that the file went.
    repo.write("prompts/_extra.hbs", format!("Use {key} for now.\n"));
    let (page, _) = reviewed(&repo);
    assert!(
        page.contains("- ❌ P026 `prompts/_extra.hbs:1:5`"),
        "{page}"
    );
    repo.git("rm --quiet prompts/_extra.hbs");
    repo.git("commit --quiet --message Gone");
    let page = repo.ok("promptctl diff topic~1 topic --format markdown");
    assert!(
        page.contains("`prompts/_extra.hbs`: removed, no prompt includes it"),
        "{page}"
    );
}

#[test]
fn of_many_prompts_that_include_a_partial_some_are_named_and_all_are_counted() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    let with_tone = SMALL.replace("content: Hello", "content: \"{{> tone}} Hello");
    let with_tone = with_tone.replace("{{name}}", "{{name}}\"");
    for at in 10..25 {
        repo.write(&format!("prompts/p{at}.prompt.yml"), &with_tone);
    }
    repo.git("add --all");
    repo.git("commit --quiet --message Tone");
    repo.git("switch --quiet --create topic");
    repo.write("prompts/_tone.hbs", "Be brief.\n");
    repo.git("commit --quiet --all --message Brief");
    let run = repo.run("promptctl validate --base main");
    let line = "prompts/_tone.hbs changed, and is part of 15 prompts: p10, p11, p12, p13, p14, p15, p16, p17, p18, p19 and 5 more\n";
    assert!(run.stderr.contains(line), "{run}");
    let run = repo.run("promptctl diff main...topic");
    assert!(run.stderr.contains(line), "{run}");
    let json = repo.json("promptctl diff main...topic --format json");
    assert_eq!(json["partials"][0]["used_by"].as_array().unwrap().len(), 15);
}

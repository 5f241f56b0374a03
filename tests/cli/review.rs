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
        serde_json::json!([{"path": "prompts/_tone.hbs", "used_by": ["one", "three", "two"]}])
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

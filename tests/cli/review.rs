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
    <summary><code>one</code>: 1 change</summary>

    - `messages[0].content`: text changed

    <pre>Be kind and <del>brief</del><ins><b>precise</b></ins>.
     Hello {{name}}</pre>

    </details>

    <details>
    <summary><code>two</code>: 1 change</summary>

    - `messages[0].content`: text changed

    <pre>Be kind and <del>brief</del><ins><b>precise</b></ins>.
     Hello {{name}}</pre>

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

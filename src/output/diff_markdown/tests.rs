use serde_json::json;

use super::*;
use crate::prompt::diff::tests::support::{base, diff, with};

fn name(name: &str) -> PromptName {
    name.parse().expect("a name")
}

#[test]
fn a_comment_has_a_headline_a_table_notes_and_folded_words() {
    let after = with(
        base(),
        &[
            ("/version", json!(4)),
            ("/modelParameters/maxTokens", json!(600)),
            ("/input/schema/properties/ticket/maxLength", json!(200)),
            (
                "/messages/0/content",
                json!(
                    "{{> tone}}\nYou sort the tickets of a bank into queues. Answer in {{locale}} with two sentences.\nNever promise a refund before it is approved."
                ),
            ),
        ],
    );
    let worded = with(base(), &[("/description", json!("Sorts."))]);
    let diffs = [
        (name("daily"), diff(&base(), &worded)),
        (name("support/triage"), diff(&base(), &after)),
        (name("same"), diff(&base(), &base())),
    ];
    insta::assert_snapshot!(render(&diffs, &ReviewInfo::default(), LIMIT), @"
    <!-- promptctl diff -->
    ### Prompts: 🔴 breaking, callers may break (2 prompts: 1 breaking, 1 none)

    | Prompt | Change | Impact | Versions |
    | --- | --- | --- | --- |
    | `support/triage` | changed | 🔴 breaking | v3 → v4 |
    | `daily` | changed | ⚪ none | v3 |

    #### For callers

    - `support/triage`: 🔴 breaking: variable `ticket`: `maxLength` was `500` and is `200`

    <details>
    <summary><code>support/triage</code>: 3 changes</summary>

    - `modelParameters.maxTokens`: `800` → `600`
    - `input.schema.properties.ticket.maxLength`: `500` → `200`
    - `messages[0].content`: text changed

    <pre>Be kind and brief in every answer.
    You sort the tickets of a bank into queues. Answer in {{locale}} with <del>one sentence</del><ins><b>two sentences</b></ins>.
    Never promise a refund before it is approved.</pre>

    </details>

    <details>
    <summary><code>daily</code>: 1 change</summary>

    - `description`: `Sorts tickets.` → `Sorts.`

    </details>
    ");
}

#[test]
fn nothing_in_a_prompt_becomes_markdown_or_html() {
    let evil = "</pre></details><script>x</script> ``` @admins [a](http://b) | ~~x~~ \u{202e}";
    let before = json!({"messages": [{"role": "user", "content": "x"}]});
    let after = json!({
        evil: evil, "model": evil,
        "messages": [{"role": "user", "content": format!("{evil}\n\n# Title\n{evil}")}],
        "input": {"schema": {"type": "object", "required": ["`x` </details> @me"], "properties": {"`x` </details> @me": {"enum": [evil]}}}},
        "variables": [],
    });
    let before = with(before, &[("/variables", json!([]))]);
    let text = render(
        &[(name("a"), diff(&before, &after))],
        &ReviewInfo::default(),
        LIMIT,
    );
    let bare = without_code(&text);
    assert_eq!(bare.matches("</details>").count(), 1);
    for evil in ["<script", "@admins", "@me", "](http", "~~x~~", "\u{202e}"] {
        assert!(!bare.contains(evil), "{evil} in {bare}");
    }
    insta::assert_snapshot!(text, @r#"
    <!-- promptctl diff -->
    ### Prompts: 🔴 breaking, callers may break

    | Prompt | Change | Impact | Versions |
    | --- | --- | --- | --- |
    | `a` | changed | 🔴 breaking | v1 |

    #### For callers

    - `a`: 🔴 breaking: variable `["'x' </details> @me"]` is new and required: callers must pass it

    <details>
    <summary><code>a</code>: 4 changes</summary>

    - `model`: new

    <pre>&lt;/pre&gt;&lt;/details&gt;&lt;script&gt;x&lt;/script&gt; ``` @admins [a](http://b) | ~~x~~ \u{202e}</pre>

    - `input.schema`: new, ````{"type":"object","required":["`x` </details> @me"],"properties":{"`x` </details> @me":{"enum":["</pre></details><script>x</script> ``` @admins [a](http://b) | ~~x~~ \u{202e}"]}}}````
    - `messages[0].content`: text changed

    <pre><del>x</del><ins><b>&lt;/pre&gt;&lt;/details&gt;&lt;script&gt;x&lt;/script&gt; ``` @admins [a](http://b) | ~~x~~ \u{202e}</b></ins><ins><b>⏎</b></ins>
    <ins><b>⏎</b></ins>
    <ins><b># Title</b></ins>
    <ins><b>&lt;/pre&gt;&lt;/details&gt;&lt;script&gt;x&lt;/script&gt; ``` @admins [a](http://b) | ~~x~~ \u{202e}</b></ins></pre>

    - ````["</pre></details><script>x</script> ``` @admins [a](http://b) | ~~x~~ \u{202e}"]````: new

    <pre>&lt;/pre&gt;&lt;/details&gt;&lt;script&gt;x&lt;/script&gt; ``` @admins [a](http://b) | ~~x~~ \u{202e}</pre>

    </details>
    "#);
}

/// What Markdown and HTML would read: all but `<pre>` and code spans.
fn without_code(text: &str) -> String {
    let mut bare = String::new();
    for (at, part) in text.split("<pre>").enumerate() {
        let (pre, rest) = part.split_once("</pre>").unwrap_or(("", part));
        assert!(
            at == 0
                || !pre
                    .replace("<del>", "")
                    .replace("</del>", "")
                    .replace("<ins><b>", "")
                    .replace("</b></ins>", "")
                    .contains(['<', '>'])
        );
        let mut rest = rest;
        while let Some(start) = rest.find('`') {
            let run = rest[start..]
                .chars()
                .take_while(|char| *char == '`')
                .count();
            let fence = "`".repeat(run);
            let inner = &rest[start + run..];
            let end = inner.match_indices(&fence).find(|(at, _)| {
                !inner[..*at].ends_with('`') && !inner[at + run..].starts_with('`')
            });
            bare.push_str(&rest[..start]);
            rest = end.map_or("", |(at, _)| &inner[at + run..]);
        }
        bare.push_str(rest);
    }
    bare
}

#[test]
fn a_comment_never_outgrows_its_limit_and_says_what_was_cut() {
    let long = |word: &str| format!("{word} 👩 请 <b> and so on and so forth\n").repeat(300);
    let one = json!({"messages": [{"role": "user", "content": long("old")}]});
    let two = json!({"model": "x", "messages": [{"role": "user", "content": long("new")}]});
    let changed = diff(&one, &two);
    for (count, limit) in [(1, 2_000), (40, LIMIT), (3_000, LIMIT), (3_000, 1_000)] {
        let diffs: Vec<_> = (0..count)
            .map(|at| (name(&format!("p{at}")), changed.clone()))
            .collect();
        let text = render(&diffs, &ReviewInfo::default(), limit);
        assert!(
            text.encode_utf16().count() <= limit,
            "{count} prompts in {limit}"
        );
        let says_cut = text.contains("**Cut**") || text.contains("… and 288 more lines");
        assert!(
            text.starts_with(MARKER) && says_cut,
            "{count} prompts in {limit}"
        );
        assert_eq!(text, render(&diffs, &ReviewInfo::default(), limit));
    }
}

#[test]
fn nothing_changed_is_said() {
    insta::assert_snapshot!(render(&[], &ReviewInfo::default(), LIMIT), @r"
    <!-- promptctl diff -->
    ### Prompts: nothing changed
    ");
}

#[test]
fn code_spans_hold_any_text() {
    assert_eq!(code("a"), "`a`");
    assert_eq!(code("a`b``c"), "```a`b``c```");
    assert_eq!(code("`a`"), "`` `a` ``");
    assert_eq!(code(""), "`  `");
}

#[test]
fn only_words_and_numbers_stand_outside_of_code() {
    for inert in [
        "callers must pass it, or not (yet).",
        "was 500 and is 1,000: +20%",
        "make v2 live in production instead of v1",
        "a well-known word: it's so…",
    ] {
        assert_eq!(plain(inert), inert);
    }
    assert_eq!(plain("+$0.0215 per call"), "+\\$0.0215 per call");
    for (foreign, shown) in [
        ("@admins", "`@admins`"),
        ("ask @admins now", "ask `@admins` now"),
        ("see #12 org/x#1 GH-1 now", "see `#12 org/x#1 GH-1` now"),
        (
            "a https://x.y www.x.y a@b.c",
            "a `https://x.y www.x.y a@b.c`",
        ),
        (
            "at deadbeef 1234567 0a1b2c3",
            "at `deadbeef 1234567 0a1b2c3`",
        ),
        (
            "*a* _b_ :tada: $x$ <b> ![x](y)",
            "`*a* _b_ :tada: $x$ <b> ![x](y)`",
        ),
    ] {
        assert_eq!(plain(foreign), shown);
    }
    assert_eq!(message("`a`@admins `b`"), "`a` `@admins` `b`");
    assert_eq!(message("a` @admins `b"), "a` @admins `b");
    assert_eq!(message("one ` @admins"), "one ` @admins`");
    assert_eq!(cell("a|b"), "`a\\|b`");
}

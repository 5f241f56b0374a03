//! What people read of a comparison: the comment, the table, the topic.

use super::*;

#[test]
fn the_comment_of_a_pull_request_tells_what_an_evaluation_found() {
    let env = TestEnv::new();
    let mut all = rows(0..30, 'p', 'p');
    all.extend(rows(30..40, 'p', 'f'));
    let repo = answered(&env, &all);
    let line = "promptctl diff main...HEAD --format markdown";
    let without = repo.ok(line);
    let with = format!("{line} --eval last");
    assert_eq!(repo.ok(&with), without, "no run is kept");
    repo.run("promptctl eval --base main --answers answers.jsonl --quiet");
    let page = repo.ok(&with);
    assert_snapshot!(page.lines().take(32).collect::<Vec<_>>().join("\n"), @r#"
    <!-- promptctl diff -->
    ### Prompts: ❌ the evaluation fails; 🔵 wording, only words changed

    | Prompt | Change | Impact | Versions | Tokens | `publish` would |
    | --- | --- | --- | --- | --- | --- |
    | `triage` | changed | 🔵 wording | v1 → v2 | 4 → 6 | make v2 live in production |

    #### Evaluation: ❌ fail

    - 50.0 % of the cases have to pass: 30 of 40 did, 75.0 %
    - Worse than v1: 25 points fewer pass, at least 11.1.
    - triage v2: 30 of 40 cases pass
    - \$0.0000 spent

    #### triage  v1 → v2 (wording)

    |  | v1 | v2 | change |
    | --- | --- | --- | --- |
    | passed | 40 of 40 | 30 of 40 | -25.0 points (-40.2 to -11.1)   p 0.0020 |
    |  | 100.0 % (91-100) | 75.0 % (60-86) |  |

    🔴 Worse than v1: 25 points fewer pass, at least 11.1.


    <details>
    <summary>worse: <code>c30</code></summary>

    - `prompts/triage.prompt.yml:35`
    - right queue: expected to contain "billing", got "I need more details: which account is it?"

    <pre><del>billing</del><ins><b>I need more details: which account is it?</b></ins></pre>
    "#);
    // By the same function as the page of `eval` itself.
    let own = repo
        .run("promptctl eval --show last --format markdown")
        .stdout;
    let table = own
        .lines()
        .find(|line| line.starts_with("| passed"))
        .unwrap();
    assert!(page.contains(table));
    // What was found out about another content says nothing of this one.
    repo.replace("prompts/triage.prompt.yml", "Sort well", "Sort better");
    repo.git("commit --quiet --all --message Again");
    let other = repo.ok(&with);
    assert!(
        other.contains("⚠️ the evaluation is incomplete")
            && other.contains("triage v2 has no result: the run is of other contents")
            && !other.contains("Worse than v1"),
        "{other}"
    );
    // Nor does one of a part of the cases, or of another model.
    repo.ok("git reset --quiet --hard HEAD~1");
    let later = repo.at("2026-12-03T13:00:00Z");
    let run = later.run("promptctl eval triage --case c37 --model openai/echo");
    let page = repo.ok(&with);
    assert!(
        page.contains("and only 1 of 40 were asked")
            && page.contains("answered by `openai/echo`, where the file names"),
        "{run}\n{page}"
    );
    assert_eq!(
        repo.run("promptctl diff main...HEAD --eval last").code,
        Some(2)
    );
}

#[test]
fn a_comment_over_an_evaluation_of_long_answers_keeps_its_size() {
    let env = TestEnv::new();
    let repo = answered(&env, &rows(0..200, 'p', 'f'));
    let long = "long words of an answer | ".repeat(400);
    let lines = repo
        .read("answers.jsonl")
        .replace("I need more details", &long);
    repo.write("answers.jsonl", lines);
    repo.run("promptctl eval --base main --answers answers.jsonl --quiet -o own.md");
    let page = repo.ok("promptctl diff main...HEAD --format markdown --eval last");
    for page in [page, repo.read("own.md")] {
        let size = page.encode_utf16().count();
        assert!((5_000..65_000).contains(&size), "{size}");
        assert_eq!(
            page.matches("<details>").count(),
            page.matches("</details>").count()
        );
        assert!(page.contains("Worse than v1"));
    }
}

#[test]
fn a_pull_request_sees_the_words_of_worse_cases_and_nothing_of_them_comes_alive() {
    let env = TestEnv::new();
    let repo = answered(&env, &rows(0..12, 'p', 'f'));
    let hostile =
        "</pre></details> @team [x](http://evil) ``` <script> | I need \u{1b}[31mmore\nbilling no";
    let lines = repo.read("answers.jsonl").replace(
        "I need more details: which account is it?",
        serde_json::to_string(&hostile.replace("billing", "bil ling"))
            .unwrap()
            .trim_matches('"'),
    );
    repo.write("answers.jsonl", lines);
    let run = repo.run("promptctl eval --base main --answers answers.jsonl --format markdown");
    let page = run.stdout;
    assert!(!page.contains('\u{1b}'));
    let short: Vec<&str> = page.lines().take(36).collect();
    assert_snapshot!(short.join("\n"), @r#"
    ### Evaluation: ❌ fail

    | prompt | model | passed | rate | score | latency | verdict |
    |---|---|---|---|---|---|---|
    | triage v2 | `openai/gpt-5-mini` | 0 of 12 | 0.0 % (0.0 to 24.2) | 0.00 | - | ❌ fail |

    - 50.0 % of the cases have to pass: 0 of 12 did, 0.0 %
    - Worse than v1: 100 points fewer pass, at least 65.7.
    - $0.0000 spent

    #### triage  v1 → v2 (wording)

    |  | v1 | v2 | change |
    | --- | --- | --- | --- |
    | passed | 12 of 12 | 0 of 12 | -100.0 points (-100.0 to -65.7)   p 0.0005 |
    |  | 100.0 % (76-100) | 0.0 % (0-24) |  |

    🔴 Worse than v1: 100 points fewer pass, at least 65.7.


    <details>
    <summary>worse: <code>c00</code></summary>

    - `prompts/triage.prompt.yml:5`
    - right queue: expected to contain "billing", got "`</pre></details> @team [x](http://evil)` `  ` ` <script> | I need \u001b[31mmore\nbil ling no"`

    <pre><del>billing</del><ins><b>&lt;/pre&gt;&lt;/details&gt; @team [x](http://evil) ``` &lt;script&gt; | I need \u{1b}[31mmore</b></ins><ins><b>⏎</b></ins>
    <ins><b>bil ling no</b></ins></pre>

    </details>

    <details>
    <summary>worse: <code>c01</code></summary>

    - `prompts/triage.prompt.yml:6`
    - right queue: expected to contain "billing", got "`</pre></details> @team [x](http://evil)` `  ` ` <script> | I need \u001b[31mmore\nbil ling no"`
    "#);
}

/// The cases of the topic: those that head gets right and base does not have names, and so has the
/// one that head loses.
fn story() -> (String, Vec<(String, char, char)>) {
    const BETTER: [&str; 6] = [
        "refund-eur",
        "double-charge",
        "locale-de",
        "vat-id",
        "late-parcel",
        "angry-caps",
    ];
    let (mut texts, mut answered) = (String::new(), Vec::new());
    for at in 0..50 {
        let (id, base, head) = match at {
            41..47 => (BETTER[at - 41].to_owned(), 'f', 'p'),
            47 => ("empty-ticket".to_owned(), 'p', 'f'),
            48.. => (format!("case-{at}"), 'f', 'f'),
            _ => (format!("case-{at:02}"), 'p', 'p'),
        };
        let more = match at {
            0..12 => ", required: true",
            12..18 => ", tags: [hostile]",
            _ => "",
        };
        texts.push_str(&format!(
            "  - {{ticket: t{at}, expected: billing, case: {{id: {id}{more}}}}}\n"
        ));
        answered.push((id, base, head));
    }
    (texts, answered)
}

#[test]
fn the_topic_shows_what_the_command_prints() {
    let env = TestEnv::new();
    let repo = env.repo();
    let (texts, answered) = story();
    let version = |number: u32, more: &str| {
        let text = prompt("Which queue?", &texts, "eval: {minPassRate: 0.9}\n");
        format!("version: {number}\n{more}{text}")
    };
    let path = "prompts/support/triage.prompt.yml";
    repo.write(path, version(3, ""));
    repo.git("add .");
    repo.git("commit --quiet --message Triage");
    repo.git("switch --quiet --create topic");
    repo.write(path, version(4, "modelParameters: {maxTokens: 300}\n"));
    given(&repo, &answered);
    let shorter = repo
        .read("answers.jsonl")
        .replace(": which account is it?", "");
    repo.write("answers.jsonl", shorter);
    let line = "promptctl eval support/triage --base main --answers answers.jsonl --quiet";
    let run = repo.with("PROMPTCTL_WIDTH", "90").run(line);
    let topic = std::fs::read_to_string(crate::env::top().join("src/help/evaluation.md")).unwrap();
    let shown = format!("```text\n$ {line}\n{}```\n", run.stdout);
    assert!(topic.contains(&shown), "{shown}");
}

#[test]
fn better_and_worse_are_listed_by_the_measure_of_the_figure() {
    let env = TestEnv::new();
    // All pass by most of their answers, two of them 2 of 3 times at base.
    let before = prompt("Which queue?", &cases(0..8, ""), "");
    let after = prompt("Which queue, please?", &cases(0..8, ""), "");
    let repo = branch(&env, &before, &after);
    let mut lines = String::new();
    for (at, base) in (0..8).flat_map(|at| [(at, true), (at, false)]) {
        for repeat in 1..=3 {
            let fails = at < 2 && base && repeat == 3;
            let output = if fails { "no idea" } else { "billing" };
            let side = if base { "\"base\": \"main\", " } else { "" };
            lines.push_str(&format!(
                "{{{side}\"case\": \"c{at:02}\", \"repeat\": {repeat}, \"output\": \"{output}\"}}\n"
            ));
        }
    }
    repo.write("answers.jsonl", lines);
    let run =
        repo.run("promptctl eval triage --base main --answers answers.jsonl --repeat 3 --quiet");
    assert!(run.stdout.contains("+0.0 points"), "{run}");
    assert!(!run.stdout.contains("better ("), "{run}");
}

#[test]
fn several_bases_have_a_column_each() {
    let env = TestEnv::new();
    let server = server(|text, _| !text.starts_with("Sort t"));
    let repo = online(&reworded(&env, 6), &server);
    repo.write(
        "prompts/triage.prompt.yml",
        format!(
            "version: 3\n{}",
            prompt("Sort very well:", &cases(0..6, ""), EVAL)
        ),
    );
    let run = repo.run("promptctl eval triage --base v1 --base HEAD --base main --quiet");
    assert_snapshot!(told(&run), @"
    triage  v1, v2 → v3   6 cases, 1 answer each   gpt-5-mini-2025-08-07

                 v1            v2                v3                change from v1                                            change from v2
    passed       0 of 6        6 of 6            6 of 6            +100.0 points (+44.8 to +100.0)   p 0.031, by Holm 0.062  +0.0 points (-39.0 to +39.0)   p 1.00, by Holm 1.00
                 0.0 % (0-39)  100.0 % (61-100)  100.0 % (61-100)
    latency p50  <t>
    cost/1000    $0.4050       $0.4050           $0.4050           +0 %                                                      +0 %

    better (6)   c00 (since v1), c01 (since v1), c02 (since v1), c03 (since v1), c04 (since v1), c05 (since v1)
    flaky        none measured: --repeat 3 would tell

    Better than v1: 100 points more pass, at least 44.8. Among all comparisons of this report it may be chance.
    Can't tell against v2: differences below about 96 points go unseen with these 6 cases; about 160 would show 5.

    better: none; worse: none (by Holm over 2 comparisons)

    pass   $0.0073 spent, <t> s
        figures in brackets are intervals at 95 %
        50.0 % of the cases have to pass: 6 of 6 did, 100.0 %
    ");
}

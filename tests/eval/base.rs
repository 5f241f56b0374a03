//! `eval --base`: which version is better, and how sure is that.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{newest_run, steady, told};
use crate::env::{Shell, TestEnv};
use crate::server::{KEY, Reply, Server};

mod shown;

/// A prompt with cases, each of which says its own number.
fn prompt(words: &str, cases: &str, eval: &str) -> String {
    format!(
        "model: openai/gpt-5-mini\nmessages: [{{role: user, content: \"{words} {{{{ticket}}}}\"}}]\ntestData:\n{cases}{eval}evaluators:\n  - {{name: right queue, string: {{contains: \"{{{{expected}}}}\"}}}}\n"
    )
}

fn cases(ids: std::ops::Range<usize>, more: &str) -> String {
    ids.map(|at| {
        format!("  - {{ticket: t{at}, expected: billing, case: {{id: c{at:02}{more}}}}}\n")
    })
    .collect()
}

/// A repository whose branch `topic` changes the prompt `triage` of `main`.
fn branch(env: &TestEnv, before: &str, after: &str) -> Shell {
    let repo = env.repo();
    repo.add("triage", before);
    repo.git("switch --quiet --create topic");
    let bumped = format!("version: 2\n{after}");
    repo.write("prompts/triage.prompt.yml", bumped);
    repo.git("commit --quiet --all --message Reword");
    repo
}

/// A file of answers: whether each case passes at base and at head; `-` has no answer.
fn answers(repo: &Shell, verdicts: &[(&str, char, char)]) {
    let mut lines = String::new();
    for (case, base, head) in verdicts {
        for (side, verdict) in [(Some("main"), base), (None, head)] {
            let output = match verdict {
                'p' => "billing",
                'f' => "I need more details: which account is it?",
                _ => continue,
            };
            let mut line = json!({"case": case, "output": output});
            if let Some(side) = side {
                line["base"] = side.into();
            }
            lines.push_str(&format!("{line}\n"));
        }
    }
    repo.write("answers.jsonl", lines);
}

fn rows(ids: std::ops::Range<usize>, base: char, head: char) -> Vec<(String, char, char)> {
    ids.map(|at| (format!("c{at:02}"), base, head)).collect()
}

fn given(repo: &Shell, rows: &[(String, char, char)]) {
    let rows: Vec<(&str, char, char)> = rows
        .iter()
        .map(|(id, a, b)| (id.as_str(), *a, *b))
        .collect();
    answers(repo, &rows);
}

const EVAL: &str = "eval: {minPassRate: 0.5}\n";

/// A repository, and what base and head answer to its cases.
fn answered(env: &TestEnv, rows: &[(String, char, char)]) -> Shell {
    let cases = cases(0..rows.len(), "");
    let repo = branch(
        env,
        &prompt("Sort", &cases, EVAL),
        &prompt("Sort well:", &cases, EVAL),
    );
    given(&repo, rows);
    repo
}

fn comparison(repo: &Shell, line: &str) -> Value {
    let run = repo.run(&format!("promptctl eval --base main --format json {line}"));
    let json: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    json["prompts"][0]["comparisons"][0].clone()
}

#[test]
fn a_prompt_is_compared_with_what_it_replaces_at_every_width() {
    let env = TestEnv::new();
    let mut all = rows(0..41, 'p', 'p');
    all.extend(rows(41..47, 'f', 'p'));
    all.extend(rows(47..48, 'p', 'f'));
    all.extend(rows(48..50, 'f', 'f'));
    let repo = answered(&env, &all);
    let mut shown = String::new();
    for width in ["60", "100", "200"] {
        let repo = repo.with("PROMPTCTL_WIDTH", width);
        let run = repo.run("promptctl eval --base main --answers answers.jsonl --quiet");
        assert_eq!(run.code, Some(0), "{run}");
        for line in run.stdout.lines() {
            assert!(line.chars().count() <= width.parse().unwrap(), "{line}");
        }
        shown.push_str(&format!("{width}\n{}\n", told(&run)));
    }
    assert_snapshot!(shown, @r#"
    60
    triage  v1 → v2 (wording)
      50 cases, 1 answer each   openai/gpt-5-mini

            v1              v2
    passed  42 of 50        47 of 50
            84.0 % (71-92)  94.0 % (84-98)
      change  +10.0 points (-1.2 to +22.2)   p 0.13

    better (6)   c41, c42, c43, c44, c45, c46
    worse (1)    c47   right queue: expected to contain
                 "billing", got "I need more details: which
                 account is it?"
    flaky        none measured: --repeat 3 would tell

    Not worse than v1 by 5 points or more. Whether it is better
    can't be told: differences below about 15 points go unseen
    with these 50 cases; about 440 would show 5.

    did not pass either (2)
      fail  c48   prompts/triage.prompt.yml:53:5
        because   right queue: expected to contain "billing",
                  got "I need more details: which account is
                  it?"
        asked     t48
        expected  billing
        got       I need more details: which account is it?
      fail  c49   prompts/triage.prompt.yml:54:5
        because   right queue: expected to contain "billing",
                  got "I need more details: which account is
                  it?"
        asked     t49
        expected  billing
        got       I need more details: which account is it?

    pass   $0.0000 spent
        figures in brackets are intervals at 95 %
        50.0 % of the cases have to pass: 47 of 50 did, 94.0 %

    100
    triage  v1 → v2 (wording)   50 cases, 1 answer each   openai/gpt-5-mini

            v1              v2              change
    passed  42 of 50        47 of 50        +10.0 points (-1.2 to +22.2)   p 0.13
            84.0 % (71-92)  94.0 % (84-98)

    better (6)   c41, c42, c43, c44, c45, c46
    worse (1)    c47   right queue: expected to contain "billing", got "I need more details: which
                 account is it?"
    flaky        none measured: --repeat 3 would tell

    Not worse than v1 by 5 points or more. Whether it is better can't be told: differences below about
    15 points go unseen with these 50 cases; about 440 would show 5.

    did not pass either (2)
      fail  c48   prompts/triage.prompt.yml:53:5
        because   right queue: expected to contain "billing", got "I need more details: which account is
                  it?"
        asked     t48
        expected  billing
        got       I need more details: which account is it?
      fail  c49   prompts/triage.prompt.yml:54:5
        because   right queue: expected to contain "billing", got "I need more details: which account is
                  it?"
        asked     t49
        expected  billing
        got       I need more details: which account is it?

    pass   $0.0000 spent
        figures in brackets are intervals at 95 %
        50.0 % of the cases have to pass: 47 of 50 did, 94.0 %

    200
    triage  v1 → v2 (wording)   50 cases, 1 answer each   openai/gpt-5-mini

            v1              v2              change
    passed  42 of 50        47 of 50        +10.0 points (-1.2 to +22.2)   p 0.13
            84.0 % (71-92)  94.0 % (84-98)

    better (6)   c41, c42, c43, c44, c45, c46
    worse (1)    c47   right queue: expected to contain "billing", got "I need more details: which account is it?"
    flaky        none measured: --repeat 3 would tell

    Not worse than v1 by 5 points or more. Whether it is better can't be told: differences below about 15 points go unseen with these 50 cases; about 440 would show 5.

    did not pass either (2)
      fail  c48   prompts/triage.prompt.yml:53:5
        because   right queue: expected to contain "billing", got "I need more details: which account is it?"
        asked     t48
        expected  billing
        got       I need more details: which account is it?
      fail  c49   prompts/triage.prompt.yml:54:5
        because   right queue: expected to contain "billing", got "I need more details: which account is it?"
        asked     t49
        expected  billing
        got       I need more details: which account is it?

    pass   $0.0000 spent
        figures in brackets are intervals at 95 %
        50.0 % of the cases have to pass: 47 of 50 did, 94.0 %
    "#);
}

#[test]
fn added_cases_that_base_fails_never_make_it_better() {
    let env = TestEnv::new();
    let repo = branch(
        &env,
        &prompt("Sort", &cases(0..10, ""), EVAL),
        &prompt("Sort well:", &cases(0..30, ""), EVAL),
    );
    let mut all = rows(0..10, 'p', 'p');
    all.extend(rows(10..30, 'f', 'p'));
    given(&repo, &all);
    let found = comparison(&repo, "--answers answers.jsonl");
    assert_ne!(found["verdict"], "better", "{found}");
    assert_eq!(
        (&found["pairs"], &found["new_cases"]["head"]["passed"]),
        (&10.into(), &20.into())
    );
    assert_eq!(found["new_cases"]["base"]["passed"], 0);
    assert_eq!(found["better"], json!([]));
}

#[test]
fn a_case_whose_expectation_the_branch_changed_is_a_new_one() {
    let env = TestEnv::new();
    let before = cases(0..20, "").replace("expected: billing", "expected: tech");
    let repo = branch(
        &env,
        &prompt("Sort", &before, EVAL),
        &prompt("Sort well:", &cases(0..20, ""), EVAL),
    );
    given(&repo, &rows(0..20, 'f', 'p'));
    let found = comparison(&repo, "--answers answers.jsonl");
    assert_eq!(found["verdict"], "cant_tell", "{found}");
    assert_eq!(found["new_cases"]["head"]["cases"], 20);
}

#[test]
fn a_head_that_has_no_answer_to_what_base_fails_is_never_better() {
    let env = TestEnv::new();
    let mut all = rows(0..20, 'p', 'p');
    all.extend(rows(20..30, 'f', '-'));
    all.extend(rows(30..40, 'f', 'p'));
    let repo = answered(&env, &all);
    let found = comparison(&repo, "--answers answers.jsonl");
    assert_eq!(found["verdict"], "cant_tell", "{found}");
    assert_eq!(found["lacking"], json!({"head": 10, "base": 0}));
    assert_snapshot!(found["sentence"].as_str().unwrap(), @"Can't tell: 10 cases have no verdict here, more than the 0 of v1.");
}

#[test]
fn five_cases_can_show_no_difference() {
    let env = TestEnv::new();
    let repo = answered(&env, &rows(0..5, 'p', 'f'));
    let found = comparison(&repo, "--answers answers.jsonl");
    assert_snapshot!(found["sentence"].as_str().unwrap(), @"Can't tell: 5 cases can show no difference.");
    assert_eq!(found["verdict"], "cant_tell");
}

#[test]
fn few_groups_can_show_no_difference() {
    let env = TestEnv::new();
    // Groups of 1, 1, 2, 4 and 12 cases.
    let sizes = [1, 1, 2, 4, 12];
    let mut texts = String::new();
    let mut at = 0;
    for (group, size) in sizes.iter().enumerate() {
        texts.push_str(&cases(at..at + size, &format!(", group: g{group}")));
        at += size;
    }
    let repo = branch(
        &env,
        &prompt("Sort", &texts, EVAL),
        &prompt("Sort well:", &texts, EVAL),
    );
    given(&repo, &rows(0..20, 'f', 'p'));
    let found = comparison(&repo, "--answers answers.jsonl");
    assert_eq!(found["verdict"], "cant_tell", "{found}");
    assert_snapshot!(found["sentence"].as_str().unwrap(), @"Can't tell: so few groups of cases can show no difference, however many cases they hold.");
}

#[test]
fn worse_fails_unless_it_may_not() {
    let env = TestEnv::new();
    let mut all = rows(0..30, 'p', 'p');
    all.extend(rows(30..40, 'p', 'f'));
    let repo = answered(&env, &all);
    let line = "promptctl eval --base main --answers answers.jsonl --quiet";
    assert_snapshot!(told(&repo.run(line)), @r#"
    triage  v1 → v2 (wording)   40 cases, 1 answer each   openai/gpt-5-mini

            v1                v2              change
    passed  40 of 40          30 of 40        -25.0 points (-40.2 to -11.1)   p 0.0020
            100.0 % (91-100)  75.0 % (60-86)

    worse (10)   c30   right queue: expected to contain "billing", got "I need more details: which account is it?"
                 c31   right queue: expected to contain "billing", got "I need more details: which account is it?"
                 c32   right queue: expected to contain "billing", got "I need more details: which account is it?"
                 c33   right queue: expected to contain "billing", got "I need more details: which account is it?"
                 c34   right queue: expected to contain "billing", got "I need more details: which account is it?"
                 c35   right queue: expected to contain "billing", got "I need more details: which account is it?"
                 c36   right queue: expected to contain "billing", got "I need more details: which account is it?"
                 c37   right queue: expected to contain "billing", got "I need more details: which account is it?"
                 c38   right queue: expected to contain "billing", got "I need more details: which account is it?"
                 c39   right queue: expected to contain "billing", got "I need more details: which account is it?"
    flaky        none measured: --repeat 3 would tell

    Worse than v1: 25 points fewer pass, at least 11.1.

    fail   $0.0000 spent
        figures in brackets are intervals at 95 %
        50.0 % of the cases have to pass: 30 of 40 did, 75.0 %
        Worse than v1: 25 points fewer pass, at least 11.1.
    [exit 3]
    "#);
    assert_eq!(repo.run(&format!("{line} --fail-on never")).code, Some(0));
    // One case less is no more than chance, and yet a flip.
    let mut all = rows(0..39, 'p', 'p');
    all.extend(rows(39..40, 'p', 'f'));
    given(&repo, &all);
    assert_eq!(repo.run(line).code, Some(0));
    assert_eq!(
        repo.run(&format!("{line} --fail-on any-flip")).code,
        Some(3)
    );
    assert_snapshot!(told(&repo.run(&format!("{line} --fail-on unproven"))), @r#"
    triage  v1 → v2 (wording)   40 cases, 1 answer each   openai/gpt-5-mini

            v1                v2               change
    passed  40 of 40          39 of 40         -2.5 points (-12.9 to +6.5)   p 1.00
            100.0 % (91-100)  97.5 % (87-100)

    worse (1)    c39   right queue: expected to contain "billing", got "I need more details: which account is it?"
    flaky        none measured: --repeat 3 would tell

    Can't tell: differences below about 18 points go unseen with these 40 cases; about 160 would show 5.

    fail   $0.0000 spent
        figures in brackets are intervals at 95 %
        50.0 % of the cases have to pass: 39 of 40 did, 97.5 %
        it is not shown to be better, or not worse (--fail-on unproven)
    [exit 3]
    "#);
}

#[test]
fn the_margin_is_that_of_base() {
    let env = TestEnv::new();
    let texts = cases(0..40, "");
    let repo = branch(
        &env,
        &prompt("Sort", &texts, EVAL),
        &prompt(
            "Sort well:",
            &texts,
            "eval: {minPassRate: 0.5, margin: 0.9}\n",
        ),
    );
    let mut all = rows(0..36, 'p', 'p');
    all.extend(rows(36..40, 'p', 'f'));
    given(&repo, &all);
    let found = comparison(&repo, "--answers answers.jsonl");
    assert_eq!(
        (&found["margin"], &found["verdict"]),
        (&0.05.into(), &"cant_tell".into())
    );
}

/// A server that answers by what the prompt says.
fn server(answer: impl Fn(&str, usize) -> bool + Send + Sync + 'static) -> Server {
    let asked = std::sync::Mutex::new(std::collections::HashMap::<String, usize>::new());
    Server::answering(move |request| {
        let text = request.ticket();
        let mut asked = asked.lock().unwrap();
        let times = asked.entry(text.clone()).or_default();
        *times += 1;
        Reply::answer(match answer(&text, *times) {
            true => "billing",
            false => "which account?",
        })
    })
}

fn online(repo: &Shell, server: &Server) -> Shell {
    repo.with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", server.url())
}

fn reworded(env: &TestEnv, count: usize) -> Shell {
    let texts = cases(0..count, "");
    branch(
        env,
        &prompt("Sort", &texts, EVAL),
        &prompt("Sort well:", &texts, EVAL),
    )
}

#[test]
fn kept_answers_of_base_are_asked_once_more_before_worse_is_said() {
    let env = TestEnv::new();
    // Base passes every time but the second: what was kept flatters it.
    let server = server(|text, times| text.starts_with("Sort t") && times == 1);
    let repo = online(&reworded(&env, 20), &server);
    repo.git("switch --quiet main");
    let run = repo.run("promptctl eval triage --quiet");
    assert_eq!(server.requests().len(), 20, "{run}");
    repo.git("switch --quiet topic");
    let found = comparison(&repo, "");
    assert_eq!(
        (&found["verdict"], &found["base"]["asked_again"]),
        (&"cant_tell".into(), &true.into()),
        "{found}"
    );
    assert_eq!(server.requests().len(), 60);
    // The next push pays nothing, and says the same; so does the run when it is shown again.
    let again = comparison(&repo, "");
    assert_eq!(again["difference"], found["difference"]);
    assert_eq!(server.requests().len(), 60);
    let shown = repo.run("promptctl eval --show last --format json");
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["prompts"][0]["comparisons"][0], again);
    assert!(newest_run(&repo).iter().any(|line| line["again"] == true));
}

#[test]
fn worse_by_kept_answers_alone_is_incomplete() {
    let env = TestEnv::new();
    let server = server(|text, _| text.starts_with("Sort t"));
    let repo = online(&reworded(&env, 20), &server);
    repo.run("promptctl eval --base main --quiet");
    assert_eq!(server.requests().len(), 40);
    let run = repo
        .without("OPENAI_API_KEY")
        .run("promptctl eval --base main --cached --quiet");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stdout.contains("which flatter it"), "{run}");
    let run = repo.run("promptctl eval --base main --quiet");
    assert_eq!(server.requests().len(), 60);
    assert!(run.stdout.contains("Worse than v1"), "{run}");
}

#[test]
fn only_prompts_that_differ_are_evaluated() {
    let env = TestEnv::new();
    let server = server(|_, _| true);
    let repo = env.repo();
    for name in ["same", "suite", "words"] {
        repo.add(name, &prompt(name, &cases(0..6, ""), ""));
    }
    let repo = online(&repo, &server);
    repo.git("switch --quiet --create topic");
    assert_snapshot!(repo.run("promptctl eval --base main"), @"no prompt with cases differs from main");
    repo.replace(
        "prompts/suite.prompt.yml",
        "expected: billing, case: {id: c05",
        "expected: bill, case: {id: c05",
    );
    repo.replace(
        "prompts/words.prompt.yml",
        "content: \"words",
        "content: \"word",
    );
    repo.write(
        "prompts/new.prompt.yml",
        prompt("new", &cases(0..6, ""), ""),
    );
    let run = repo.run("promptctl eval --base main --quiet");
    assert_snapshot!(told(&run), @"
    new v1   6 cases, 1 answer each   gpt-5-mini-2025-08-07
    passed       6 of 6   100.0 % (61.0 to 100.0)
    right queue  6 of 6
    latency      <t> s median, <t> s at the 95th percentile
    cost         $0.4050 for 1000 answers
    note  new: main does not have it, so there is nothing to compare with
    pass   every case has to pass: 6 of 6 did

    suite v1   6 cases, 1 answer each   gpt-5-mini-2025-08-07
    passed       6 of 6   100.0 % (61.0 to 100.0)
    right queue  6 of 6
    latency      <t> s median, <t> s at the 95th percentile
    cost         $0.4050 for 1000 answers
    note  1 of v1's 6 cases is gone, skipped or changed: that counts as failed where a release has to be no worse than what is live
    note  only the suite changed: the prompt is as at main, and so are its answers
    pass   every case has to pass: 6 of 6 did

    words  main → v1 (wording)   6 cases, 1 answer each   gpt-5-mini-2025-08-07

                 main              v1                change
    passed       6 of 6            6 of 6            +0.0 points (-39.0 to +39.0)   p 1.00
                 100.0 % (61-100)  100.0 % (61-100)
    latency p50  <t>
    cost/1000    $0.4050           $0.4050           +0 %
    flaky        none measured: --repeat 3 would tell

    Can't tell: differences below about 96 points go unseen with these 6 cases; about 160 would show 5.
    pass   every case has to pass: 6 of 6 did

    new v1    6 of 6  score 1.00  $0.0024   pass
    suite v1  6 of 6  score 1.00  $0.0024   pass
    words v1  6 of 6  score 1.00  $0.0024   pass

    pass   $0.0097 spent, <t> s
        figures in brackets are intervals at 95 %
    ");
    let texts: Vec<String> = server
        .requests()
        .iter()
        .map(crate::server::Request::ticket)
        .collect();
    let asked = |word: &str| texts.iter().filter(|text| text.starts_with(word)).count();
    assert_eq!(
        [
            asked("same"),
            asked("suite"),
            asked("word "),
            asked("words"),
            asked("new")
        ],
        [0, 6, 6, 6, 6]
    );
}

#[test]
fn a_base_that_asks_for_other_variables_is_asked_what_it_can() {
    let env = TestEnv::new();
    let texts = cases(0..6, "").replace("ticket:", "locale: de, ticket:");
    let repo = branch(
        &env,
        &prompt("Sort", &texts, EVAL),
        &prompt("Sort {{locale}}", &texts, EVAL),
    );
    let server = server(|_, _| true);
    let repo = online(&repo, &server);
    let run = repo.run("promptctl eval --base main --quiet");
    assert_eq!((run.code, server.requests().len()), (Some(0), 12), "{run}");
    // The other way round base wants a variable that the cases no longer have.
    repo.git("switch --quiet main");
    let gone = texts.replace("locale: de, ", "");
    repo.write(
        "prompts/triage.prompt.yml",
        format!("version: 3\n{}", prompt("Sort", &gone, EVAL)),
    );
    let run = repo.run("promptctl eval triage --base topic --base triage@topic --quiet");
    assert_snapshot!(steady(&run.stdout), @"
    triage  v2 → v3 (breaking)   6 cases, 1 answer each   gpt-5-mini-2025-08-07

                 v2  v3       change
    new cases    -   6 of 6
    latency p50  <t>
    cost/1000    -   $0.4050
    flaky        none measured: --repeat 3 would tell

    Can't tell: there is no case that v2 and this both answered.
    note  6 of v1's 6 cases are gone, skipped or changed: that counts as failed where a release has to be no worse than what is live
    note  only the suite changed: the prompt is as at topic, and so are its answers
    note  6 of v2's 6 cases are gone, skipped or changed: that counts as failed where a release has to be no worse than what is live
    note  6 cases cannot be asked of triage@topic: `locale` has no value

    pass   $0.0000 spent, $0.0024 saved by 6 cached answers, <t> s
        figures in brackets are intervals at 95 %
        50.0 % of the cases have to pass: 6 of 6 did, 100.0 %
    ");
}

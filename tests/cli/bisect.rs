//! `bisect`: which version broke a case.

use insta::assert_snapshot;
use serde_json::json;

use crate::env::{Shell, TestEnv};
use crate::server::{Reply, Server};

const PROMPT: &str = "\
model: openai/gpt-5-mini
messages:
  - role: system
    content: Rules 1.
  - role: user
    content: '{{ticket}}'
testData:
  - ticket: I was charged twice
    expected: billing
    case: {id: double}
evaluators:
  - name: right queue
    string: {equals: '{{expected}}'}
";

/// A prompt with so many versions, whose rules say their number.
fn versions(repo: &Shell, count: usize) {
    repo.write("prompts/triage.prompt.yml", PROMPT);
    repo.ok("promptctl validate --fix --quiet");
    repo.git("add -A");
    repo.git("commit -qm 'Rules 1'");
    for number in 2..=count {
        repo.replace(
            "prompts/triage.prompt.yml",
            &format!("Rules {}.", number - 1),
            &format!("Rules {number}."),
        );
        repo.ok("promptctl bump --quiet");
        repo.git(&format!("commit -qam 'Rules {number}'"));
    }
}

/// Answers rightly where the rules have a number that is meant.
fn answering(right: impl Fn(usize) -> bool + Send + Sync + 'static) -> Server {
    Server::answering(move |request| {
        let body = request.json().to_string();
        let number = body.split_once("Rules ").unwrap().1;
        let number = number.split('.').next().unwrap().parse().unwrap();
        Reply::answer(if right(number) { "billing" } else { "no idea" })
    })
}

#[test]
fn the_version_that_broke_a_case_is_found_and_asked_once() {
    let env = TestEnv::new();
    let server = answering(|number| number <= 2 || number == 5);
    let repo = server.repo(&env);
    versions(&repo, 5);
    assert_snapshot!(repo.play(
        "promptctl bisect triage --case double --dry-run
         promptctl bisect triage --case double
         promptctl bisect triage --case doubel
         promptctl bisect triage --case double --cached --format json"
    ), @r#"
    $ promptctl bisect triage --case double --dry-run
    5 versions × 3 = 15 answers, 0 cached; 15 calls ≈ $0.0150
    $ promptctl bisect triage --case double
    triage  double
    v1 3/3 · v2 3/3 · v3 0/3 · v4 0/3 · v5 3/3
    v3 broke it (2026-11-03, Ada: Rules 3)
      v3 right queue: expected "billing", got "no idea"
    v5 mended it (2026-11-03, Ada: Rules 5)
      v4 right queue: expected "billing", got "no idea"
    --- stderr
    hint: promptctl diff triage@v2 triage@v3
    hint: promptctl diff triage@v4 triage@v5
    $0.0061 spent
    $ promptctl bisect triage --case doubel
    error: there is no case `doubel`
      hint: did you mean double?
      hint: promptctl cases list triage shows all
    [exit 2]
    $ promptctl bisect triage --case double --cached --format json
    {
      "schema": 1,
      "name": "triage",
      "case": "double",
      "repeat": 3,
      "versions": [
        {
          "version": 1,
          "passed": 3,
          "asked": 3,
          "said": null,
          "reason": null
        },
        {
          "version": 2,
          "passed": 3,
          "asked": 3,
          "said": null,
          "reason": null
        },
        {
          "version": 3,
          "passed": 0,
          "asked": 3,
          "said": "right queue: expected \"billing\", got \"no idea\"",
          "reason": null
        },
        {
          "version": 4,
          "passed": 0,
          "asked": 3,
          "said": "right queue: expected \"billing\", got \"no idea\"",
          "reason": null
        },
        {
          "version": 5,
          "passed": 3,
          "asked": 3,
          "said": null,
          "reason": null
        }
      ],
      "changed_at": [
        3,
        5
      ],
      "cost_usd": 0.0
    }
    "#);
    assert_eq!(server.requests().len(), 15);
    let records = repo.json("promptctl log --format json -n 100")["records"].clone();
    assert_eq!(records.as_array().unwrap().len(), 15);
    assert_eq!(records[0]["case"], "double");
}

#[test]
fn of_many_versions_halves_are_asked() {
    let env = TestEnv::new();
    let server = answering(|number| number < 13);
    let repo = server.repo(&env);
    versions(&repo, 20);
    assert_snapshot!(repo.play("promptctl bisect triage --case double --repeat 1"), @r#"
    $ promptctl bisect triage --case double --repeat 1
    triage  double
    v1 1/1 · v10 1/1 · v12 1/1 · v13 0/1 · v15 0/1 · v20 0/1
    v13 broke it (2026-11-03, Ada: Rules 13)
      v13 right queue: expected "billing", got "no idea"
    --- stderr
    hint: promptctl diff triage@v12 triage@v13
    $0.0024 spent
    "#);
    assert!(server.requests().len() <= 7, "{}", server.requests().len());
}

#[test]
fn a_version_that_cannot_be_asked_is_not_blamed() {
    let env = TestEnv::new();
    let server = answering(|number| number < 13);
    let repo = server.repo(&env);
    versions(&repo, 9);
    let file = "prompts/triage.prompt.yml";
    for number in 10..=20 {
        let before = repo.read(file);
        let (head, tail) = before.split_once("Rules ").unwrap();
        let (_, tail) = tail.split_once('.').unwrap();
        let tail = tail.replace(" {{gone}}", "");
        let asks = if number == 10 { " {{gone}}" } else { "" };
        repo.write(file, format!("{head}Rules {number}.{asks}{tail}"));
        repo.ok("promptctl bump --quiet");
        repo.git(&format!("commit -qam 'Rules {number}'"));
    }
    assert_snapshot!(repo.play("promptctl bisect triage --case double --repeat 1"), @r#"
    $ promptctl bisect triage --case double --repeat 1
    triage  double
    v1 1/1 · v10 - · v11 1/1 · v12 1/1 · v13 0/1 · v15 0/1 · v20 0/1
    v13 broke it (2026-11-03, Ada: Rules 13)
      v13 right queue: expected "billing", got "no idea"
    --- stderr
    hint: promptctl diff triage@v12 triage@v13
    v10 could not be asked: case `double`: `gone` has no value
    $0.0024 spent
    "#);
}

#[test]
fn a_case_that_is_gone_is_taken_from_the_past_and_a_version_that_cannot_take_it_is_told() {
    let env = TestEnv::new();
    let server = answering(|number| number != 3);
    let repo = server.repo(&env);
    versions(&repo, 2);
    repo.write(
        "datasets/old.jsonl",
        "{\"ticket\": \"Old one\", \"expected\": \"billing\", \"case\": {\"id\": \"old\"}}\n",
    );
    let path = "prompts/triage.prompt.yml";
    repo.write(path, repo.read(path) + "datasets: [datasets/old.jsonl]\n");
    repo.git("add -A");
    repo.git("commit -qm Dataset");
    repo.replace(path, "Rules 2.", "Rules 3.");
    repo.ok("promptctl bump --quiet");
    repo.git("commit -qam 'Rules 3'");
    repo.replace(path, "datasets: [datasets/old.jsonl]\n", "");
    repo.replace(path, "Rules 3.", "Rules 4. {{order}}");
    repo.ok("promptctl bump --quiet");
    repo.git("rm -q datasets/old.jsonl");
    repo.git("commit -qam 'Rules 4'");
    assert_snapshot!(repo.play("promptctl bisect triage --case old --repeat 1"), @r#"
    $ promptctl bisect triage --case old --repeat 1
    triage  old
    v1 1/1 · v2 1/1 · v3 0/1 · v4 -
    v3 broke it (2026-11-03, Ada: Rules 3)
      v3 right queue: expected "billing", got "no idea"
    --- stderr
    the case is that of v3: the files here do not have it any more
    hint: promptctl diff triage@v2 triage@v3
    v4 could not be asked: case `old`: `order` has no value
    $0.0012 spent
    "#);
}

#[test]
fn a_limit_on_the_cost_ends_it() {
    let env = TestEnv::new();
    let server = answering(|_| true);
    let repo = server.repo(&env);
    versions(&repo, 3);
    let run = repo.fails("promptctl bisect triage --case double --max-cost 0 --format json");
    assert_eq!(run.code, Some(3), "{run}");
    assert_eq!(server.requests().len(), 0);
    let run = repo.run("promptctl bisect triage --case double --cached --format json");
    let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(shown["changed_at"], json!([]));
}

#[test]
fn what_may_be_noise_is_blamed_on_no_version() {
    let env = TestEnv::new();
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::answering(move |request| {
        let is_second = request.json().to_string().contains("Rules 2.");
        let count = || asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let is_right = !is_second || count() == 0;
        Reply::answer(if is_right { "billing" } else { "no idea" })
    });
    let repo = server.repo(&env);
    versions(&repo, 2);
    assert_snapshot!(repo.play("promptctl bisect triage --case double"), @"
    $ promptctl bisect triage --case double
    triage  double
    v1 3/3 · v2 1/3
    can't tell whether v2 changed it: it passes sometimes (v1 3/3, v2 1/3)
    --- stderr
    v2 passes sometimes: --repeat 9 asks more often
    $0.0024 spent
    ");
}

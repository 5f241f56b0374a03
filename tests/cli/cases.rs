//! `cases`: added to files surgically, listed, checked, and made of executions.

use insta::assert_snapshot;
use serde_json::json;

use crate::env::{Shell, TestEnv};

const PROMPT: &str = "\
name: Triage   # for people
model: openai/gpt-5-mini
input:
  schema:
    type: object
    required: [ticket]
    properties:
      ticket: {type: string}
      urgency: {type: integer, default: 1}
jsonSchema:
  name: triage
  strict: true
  schema: {type: object, required: [queue], properties: {queue: {type: string, enum: [billing, technical, other]}}, additionalProperties: false}
messages:
  - role: user
    content: '{{ticket}} {{urgency}}'
testData:
  # the first
  - ticket: I was charged twice for the order of March
    expected: billing
    case: {id: double, tags: [smoke]}

evaluators:
  - name: right queue
    json: {path: /queue, equals: '{{expected}}'}
";

fn triage(env: &TestEnv, datasets: &str) -> Shell {
    let repo = env.repo();
    repo.write("prompts/triage.prompt.yml", format!("{PROMPT}{datasets}"));
    // A dataset may still be missing.
    repo.run("promptctl validate --fix");
    repo.git("add -A");
    repo.git("commit -qm Add");
    repo
}

#[test]
fn a_case_is_added_below_the_others_and_tried() {
    let env = TestEnv::new();
    let repo = triage(&env, "");
    assert_snapshot!(repo.play(
        "promptctl cases add triage --var ticket='It crashed' --var urgency=3 --expected technical --tag edge --tag smoke --dry-run
         promptctl cases add triage --var ticket='It crashed' --var urgency=3 --expected technical --tag edge --tag smoke
         git diff -U1
         promptctl cases add triage --var ticket='It crashed' --var urgency=3 --expected technical
         promptctl cases add triage --var ticket='It crashed' --var urgency=3 --expected billing --id no
         promptctl cases add triage --var ticket=Other --expected other --id double
         promptctl cases add triage --expected other
         promptctl cases add triage --var ticket=x --var urgency=soon
         promptctl cases add triage --var tiket=x
         promptctl cases add triage --var ticket=x --to datasets/no.jsonl
         promptctl cases add triage --var ticket='I was charged twice for the order of march!' --expected billing --id again
         promptctl cases list triage
         promptctl cases list triage --tag edge --format json
         promptctl cases list triage --tag nobody
         promptctl cases check
         promptctl cases check triage --format json"
    ), @r#"
    $ promptctl cases add triage --var ticket='It crashed' --var urgency=3 --expected technical --tag edge --tag smoke --dry-run
    prompts/triage.prompt.yml:24: the case xxxxxxxxxxxx of triage would be added
    $ promptctl cases add triage --var ticket='It crashed' --var urgency=3 --expected technical --tag edge --tag smoke
    prompts/triage.prompt.yml:24: the case xxxxxxxxxxxx of triage was added
    hint: promptctl eval triage --case xxxxxxxxxxxx tries it
    $ git diff -U1
    diff --git a/prompts/triage.prompt.yml b/prompts/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/triage.prompt.yml
    +++ b/prompts/triage.prompt.yml
    @@ -23,2 +23,9 @@ testData:
         case: {id: double, tags: [smoke]}
    +  - ticket: It crashed
    +    urgency: 3
    +    expected: technical
    +    case:
    +      tags:
    +        - edge
    +        - smoke
     
    $ promptctl cases add triage --var ticket='It crashed' --var urgency=3 --expected technical
    error[P402]: two cases have the id `xxxxxxxxxxxx`: the first is prompts/triage.prompt.yml:24
      at: prompts/triage.prompt.yml:31:5
      hint: give each a `case.id` of its own, or remove one
      hint: nothing was written
    [exit 1]
    $ promptctl cases add triage --var ticket='It crashed' --var urgency=3 --expected billing --id no
    error[P403]: the case asks what that of prompts/triage.prompt.yml:24 asks, and expects something else
      at: prompts/triage.prompt.yml:31:5
      hint: an answer that passes one fails the other: correct `expected`, or remove one
      hint: nothing was written
    [exit 1]
    $ promptctl cases add triage --var ticket=Other --expected other --id double
    error[P402]: two cases have the id `double`: the first is prompts/triage.prompt.yml:21
      at: prompts/triage.prompt.yml:31:5
      hint: give each a `case.id` of its own, or remove one
      hint: nothing was written
    [exit 1]
    $ promptctl cases add triage --expected other
    error[P102]: `ticket` has no value
      at: prompts/triage.prompt.yml
      hint: pass `--var ticket=…`, or give it a `default` in `input.schema`
      hint: nothing was written
    [exit 1]
    $ promptctl cases add triage --var ticket=x --var urgency=soon
    error[P103]: `urgency` must be an integer, and "soon" was given
      at: prompts/triage.prompt.yml
      hint: pass `--var urgency:=…` with the value as JSON
      hint: nothing was written
    [exit 1]
    $ promptctl cases add triage --var tiket=x
    error[P102]: `ticket` has no value
      at: prompts/triage.prompt.yml
      hint: pass `--var ticket=…`, or give it a `default` in `input.schema`
      hint: also prompts/triage.prompt.yml: `tiket` was given: did you mean `ticket`?
      hint: nothing was written
    [exit 1]
    $ promptctl cases add triage --var ticket=x --to datasets/no.jsonl
    error: triage does not read datasets/no.jsonl
      hint: `datasets: [datasets/no.jsonl]` in prompts/triage.prompt.yml makes it a dataset; --to testData adds to the file itself
    [exit 2]
    $ promptctl cases add triage --var ticket='I was charged twice for the order of march!' --expected billing --id again
    warning[P411]: the case `again` says nearly what `double` says (prompts/triage.prompt.yml:21), and expects the same
      at: prompts/triage.prompt.yml:31:5
      help: remove one, or make it ask something else
    prompts/triage.prompt.yml:31: the case again of triage was added
    hint: promptctl eval triage --case again tries it
    $ promptctl cases list triage
    double	smoke	billing	ticket: I was charged twice for the order of March	prompts/triage.prompt.yml:21
    xxxxxxxxxxxx	edge smoke	technical	ticket: It crashed; urgency: 3	prompts/triage.prompt.yml:24
    again	-	billing	ticket: I was charged twice for the order of march!	prompts/triage.prompt.yml:31
    $ promptctl cases list triage --tag edge --format json
    {
      "schema": 1,
      "name": "triage",
      "suite": "<id>",
      "cases": [
        {
          "id": "xxxxxxxxxxxx",
          "digest": "<id>",
          "tags": [
            "edge",
            "smoke"
          ],
          "weight": 1.0,
          "group": null,
          "repeat": null,
          "required": false,
          "skip": null,
          "rule": null,
          "source": "human",
          "reviewed": false,
          "note": null,
          "variables": {
            "ticket": "It crashed",
            "urgency": 3
          },
          "expected": "technical",
          "others": {},
          "path": "prompts/triage.prompt.yml",
          "line": 24,
          "column": 5
        }
      ]
    }
    $ promptctl cases list triage --tag nobody
    error: no case has the tag `nobody`
    [exit 2]
    $ promptctl cases check
    triage: 3 cases
      tags: smoke 2, edge 1
      expected: billing 2, technical 1
      no case expects: other
    --- stderr
    warning[P411]: the case `again` says nearly what `double` says (prompts/triage.prompt.yml:21), and expects the same
      at: prompts/triage.prompt.yml:31:5
      help: remove one, or make it ask something else
    $ promptctl cases check triage --format json
    {
      "schema": 1,
      "prompts": [
        {
          "name": "triage",
          "cases": 3,
          "tags": {
            "edge": 1,
            "smoke": 2
          },
          "expected": {
            "billing": 2,
            "technical": 1
          },
          "unexpected": [
            "other"
          ],
          "unreviewed": 0,
          "findings": [
            {
              "code": "P411",
              "severity": "warning",
              "path": "prompts/triage.prompt.yml",
              "line": 31,
              "column": 5,
              "message": "the case `again` says nearly what `double` says (prompts/triage.prompt.yml:21), and expects the same",
              "help": "remove one, or make it ask something else"
            }
          ]
        }
      ]
    }
    "#);
    // A case is no part of a version.
    assert_eq!(
        repo.json("promptctl show triage --format json")["version"],
        1
    );
    assert_eq!(repo.git("log --oneline").lines().count(), 2);
}

#[test]
fn a_case_goes_to_the_dataset_and_makes_it() {
    let env = TestEnv::new();
    let repo = triage(&env, "datasets: [datasets/a.csv, datasets/b.jsonl]\n");
    repo.write(
        "datasets/a.csv",
        "ticket,expected,case.id\r\nHello,other,hello\r\n",
    );
    repo.ok("promptctl cases add triage --var ticket='New, \"quoted\"' --expected billing --id new --to datasets/a.csv");
    assert_eq!(
        repo.read("datasets/a.csv"),
        "ticket,expected,case.id\r\nHello,other,hello\r\n\"New, \"\"quoted\"\"\",billing,new\r\n"
    );
    let run =
        repo.fails("promptctl cases add triage --var ticket=More --tag x --to datasets/a.csv");
    assert!(run.stderr.contains("no column `case.tags`"), "{run}");
    let added =
        repo.json("promptctl cases add triage --var ticket=Last --expected other --format json");
    assert_eq!(
        (&added["path"], &added["line"], &added["cases"]),
        (&json!("datasets/b.jsonl"), &json!(1), &json!(4))
    );
    repo.ok("promptctl cases add triage --var ticket=Own --expected other --to testData");
    assert!(
        repo.read("prompts/triage.prompt.yml")
            .contains("- ticket: Own")
    );
    let listed = repo.json("promptctl cases list triage --format json");
    assert_eq!(listed["cases"].as_array().unwrap().len(), 5);
}

#[test]
fn a_secret_is_refused_in_a_case_or_blotted_out() {
    let env = TestEnv::new();
    let repo = triage(&env, "");
    let key = format!("ghp_{}", "q7Rk2mWz9XbT4vNc8LpHs3JdYf6GaEuQ1oZi");
    let before = repo.read("prompts/triage.prompt.yml");
    let run = repo.fails(&format!(
        "promptctl cases add triage --var ticket='Use {key}.' --expected other"
    ));
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stderr.contains("P026") && !run.stderr.contains(&key),
        "{run}"
    );
    assert_eq!(repo.read("prompts/triage.prompt.yml"), before);
    repo.ok(&format!(
        "promptctl cases add triage --var ticket='Use {key}.' --expected other --redact"
    ));
    let after = repo.read("prompts/triage.prompt.yml");
    assert!(
        after.contains("ghp_****") && !after.contains(&key),
        "{after}"
    );
    repo.run(&format!(
        "promptctl run triage --var ticket='Take {key} now.' --model echo"
    ));
    let run = repo.fails("promptctl cases from-log triage");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stderr.contains("P026") && !run.stderr.contains(&key),
        "{run}"
    );
    repo.ok("promptctl cases from-log triage --redact");
    assert!(!repo.read("prompts/triage.prompt.yml").contains(&key));
}

#[test]
fn executions_become_cases_with_what_was_said_of_them() {
    let env = TestEnv::new();
    let repo = triage(&env, "datasets: [datasets/log.jsonl]\n");
    for line in [
        "promptctl run triage --var ticket='I was charged twice for the order of March' --model echo",
        "promptctl run triage --var ticket='The app does not start' --var urgency=3 --model echo",
        "promptctl run triage --var ticket='The app does not start!' --var urgency=3 --model echo",
        "promptctl run triage --var ticket='More was sent' --user Hello --model echo",
        "promptctl run triage --var ticket='Bad one' --model echo",
    ] {
        repo.run(line);
    }
    let log = repo.json("promptctl log --format json");
    let id = |text: &str| {
        let records = log["records"].as_array().unwrap().iter();
        let found = records.clone().find(|it| it["variables"]["ticket"] == text);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    repo.ok(&format!(
        "promptctl outcome {} --label technical --score 1",
        id("The app does not start")
    ));
    repo.ok(&format!(
        "promptctl outcome {} --label other --score 0.2",
        id("Bad one")
    ));
    let ids = regex::Regex::new("execution [0-9a-f]{8}").unwrap();
    let steady = |text: &str| ids.replace_all(text, "execution <id-end>").into_owned();
    let played = repo.play(
        "promptctl cases from-log triage --dry-run
         promptctl cases from-log triage --score-below 0.5 --label-as human
         promptctl cases from-log triage
         promptctl cases from-log triage
         promptctl cases list triage
         git add datasets
         promptctl validate",
    );
    assert_snapshot!(steady(&played), @r#"
    $ promptctl cases from-log triage --dry-run
    {"ticket":"Bad one","expected":"other","case":{"source":"log","reviewed":false,"note":"execution <id-end>"}}
    {"ticket":"The app does not start!","urgency":3,"case":{"source":"log","reviewed":false,"note":"execution <id-end>","skip":"expected is not written yet"}}
    {"ticket":"The app does not start","urgency":3,"expected":"technical","case":{"source":"log","reviewed":false,"note":"execution <id-end>"}}
    --- stderr
    3 cases would be added to datasets/log.jsonl
    left out: 1 execution (more was sent than the prompt)
    left out: 1 execution (a case already)
    hint: 1 case lacks `expected`, which an evaluator asks for: `eval` skips it until you write `expected` and take out `skip`
    $ promptctl cases from-log triage --score-below 0.5 --label-as human
    1 case added to datasets/log.jsonl
    hint: 1 case lacks `expected`, which an evaluator asks for: `eval` skips it until you write `expected` and take out `skip`
    hint: git add datasets/log.jsonl: `eval` reads only datasets that git has
    hint: nobody has reviewed them: read them, correct `expected`, and set `reviewed: true`
    $ promptctl cases from-log triage
    2 cases added to datasets/log.jsonl
    left out: 2 executions (a case already)
    left out: 1 execution (more was sent than the prompt)
    hint: 1 case lacks `expected`, which an evaluator asks for: `eval` skips it until you write `expected` and take out `skip`
    hint: git add datasets/log.jsonl: `eval` reads only datasets that git has
    hint: nobody has reviewed them: read them, correct `expected`, and set `reviewed: true`
    $ promptctl cases from-log triage
    no execution of triage makes a new case
    left out: 4 executions (a case already)
    left out: 1 execution (more was sent than the prompt)
    $ promptctl cases list triage
    double	smoke	billing	ticket: I was charged twice for the order of March	prompts/triage.prompt.yml:21
    xxxxxxxxxxxx	(skipped)	-	ticket: Bad one	datasets/log.jsonl:1
    xxxxxxxxxxxx	(skipped)	-	ticket: The app does not start!; urgency: 3	datasets/log.jsonl:2
    xxxxxxxxxxxx	-	technical	ticket: The app does not start; urgency: 3	datasets/log.jsonl:3
    $ git add datasets
    $ promptctl validate
    1 checked, 0 errors, 0 warnings
    "#);
    assert_snapshot!(steady(&repo.read("datasets/log.jsonl")), @r#"
    {"ticket":"Bad one","case":{"source":"log","reviewed":false,"human":{"label":"other"},"note":"execution <id-end>","skip":"expected is not written yet"}}
    {"ticket":"The app does not start!","urgency":3,"case":{"source":"log","reviewed":false,"note":"execution <id-end>","skip":"expected is not written yet"}}
    {"ticket":"The app does not start","urgency":3,"expected":"technical","case":{"source":"log","reviewed":false,"note":"execution <id-end>"}}
    "#);
}

#[test]
fn what_the_log_does_not_hold_whole_is_left_out() {
    let env = TestEnv::new();
    let repo = triage(&env, "");
    repo.write("promptctl.yaml", "log: {variables: hash}\n");
    repo.run("promptctl run triage --var ticket=Hashed --model echo");
    let run = repo.run("promptctl cases from-log triage --format json");
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout
            .contains("\"the log has hashes of its values\": 1"),
        "{run}"
    );
    repo.write("promptctl.yaml", "log: {variables: none}\n");
    repo.run("promptctl run triage --var ticket=None --model echo");
    let run = repo.run("promptctl cases from-log triage");
    assert!(run.stderr.contains("the log has no values"), "{run}");
    assert!(!repo.read("prompts/triage.prompt.yml").contains("sha256:"));
}

#[test]
fn what_eval_refuses_is_no_warning_where_cases_are_added_and_checked() {
    let env = TestEnv::new();
    let repo = triage(&env, "datasets: [datasets/more.csv]\n");
    repo.write("datasets/more.csv", "ticket,expected\nIt burns,technical\n");
    let added = repo.play(
        "promptctl cases add triage --var ticket='It crashed'
         promptctl cases add triage --var ticket='It crashed' --expected technical --tag edge
         promptctl cases check",
    );
    repo.write("datasets/more.csv", "tickt,expectd\nIt burns,technical\n");
    repo.git("add datasets");
    let checked = repo.play(
        "promptctl cases add triage --var ticket='It crashed' --expected technical
         promptctl cases check
         promptctl eval triage --model echo",
    );
    assert_snapshot!([added, checked].join("\n"), @"
    $ promptctl cases add triage --var ticket='It crashed'
    error[P401]: evaluator `right queue` asks for `expected`, which the case `xxxxxxxxxxxx` lacks
      at: datasets/more.csv:3:1
      hint: give the case `expected` (`--expected TEXT` of `promptctl cases add`), or the evaluator `when: {tags: [...]}`, so that it looks only at cases with such a tag
      hint: nothing was written
    [exit 1]
    $ promptctl cases add triage --var ticket='It crashed' --expected technical --tag edge
    error[P407]: the table has no column `case.tags`
      at: datasets/more.csv
      hint: `--to testData` adds it to the prompt's own file; or add the column to the first line and a comma to every other; its columns are ticket, expected
      hint: nothing was written
    [exit 1]
    $ promptctl cases check
    triage: 2 cases
      tags: smoke 1
      expected: billing 1, technical 1
      no case expects: other

    $ promptctl cases add triage --var ticket='It crashed' --expected technical
    error[P114]: the case lacks `ticket`
      at: datasets/more.csv:2:1
      hint: add `ticket` to the case, or give the variable a `default` in `input.schema`
      hint: promptctl cases check triage tells all; nothing was written
    [exit 1]
    $ promptctl cases check
    triage: 2 cases
      tags: smoke 1
      expected: billing 1
      no case expects: technical, other
    --- stderr
    error[P114]: the case lacks `ticket`
      at: datasets/more.csv:2:1
      help: add `ticket` to the case, or give the variable a `default` in `input.schema`
    error[P401]: evaluator `right queue` asks for `expected`, which the case `xxxxxxxxxxxx` lacks
      at: datasets/more.csv:2:1
      help: the case has `expectd`: is `expected` meant? Else give the case `expected` (`--expected TEXT` of `promptctl cases add`), or the evaluator `when: {tags: [...]}`, so that it looks only at cases with such a tag
    [exit 3]
    $ promptctl eval triage --model echo
    error[P114]: the case lacks `ticket`
      at: datasets/more.csv:2:1
      hint: add `ticket` to the case, or give the variable a `default` in `input.schema`
      hint: also datasets/more.csv:2:1: evaluator `right queue` asks for `expected`, which the case `xxxxxxxxxxxx` lacks
      hint: nothing was sent
    [exit 1]
    ");
}

#[test]
fn cases_that_contradict_their_like_or_the_answers_schema_are_told_first() {
    let env = TestEnv::new();
    let repo = triage(&env, "datasets: [datasets/more.jsonl]\n");
    repo.write("datasets/more.jsonl", "");
    assert_snapshot!(repo.play(
        "promptctl cases add triage --var ticket='i was charged twice for the order of march!' --expected technical
         promptctl cases add triage --var ticket='It burns' --expected tecnical
         promptctl cases check"
    ), @"
    $ promptctl cases add triage --var ticket='i was charged twice for the order of march!' --expected technical
    warning[P411]: the case `xxxxxxxxxxxx` expects `technical`, and `double` (prompts/triage.prompt.yml:21) expects `billing`: they differ in nothing but capitals and punctuation
      at: datasets/more.jsonl:1:1
      help: correct `expected` of one of them, or remove it
    datasets/more.jsonl:1: the case xxxxxxxxxxxx of triage was added
    hint: git add datasets/more.jsonl: `eval` reads only datasets that git has
    hint: promptctl eval triage --case xxxxxxxxxxxx tries it
    $ promptctl cases add triage --var ticket='It burns' --expected tecnical
    warning[P114]: the case `xxxxxxxxxxxx` expects `tecnical`, which `queue` of the answer cannot be
      at: datasets/more.jsonl:2:1
      help: is `technical` meant?
    datasets/more.jsonl:2: the case xxxxxxxxxxxx of triage was added
    hint: git add datasets/more.jsonl: `eval` reads only datasets that git has
    hint: promptctl eval triage --case xxxxxxxxxxxx tries it
    $ promptctl cases check
    triage: 3 cases
      tags: smoke 1
      expected: billing 1, technical 1, tecnical 1
      no case expects: other
    --- stderr
    warning[P411]: the case `xxxxxxxxxxxx` expects `technical`, and `double` (prompts/triage.prompt.yml:21) expects `billing`: they differ in nothing but capitals and punctuation
      at: datasets/more.jsonl:1:1
      help: correct `expected` of one of them, or remove it
    warning[P114]: the case `xxxxxxxxxxxx` expects `tecnical`, which `queue` of the answer cannot be
      at: datasets/more.jsonl:2:1
      help: is `technical` meant?
    ");
}

#[test]
fn what_a_list_cuts_says_so_and_one_case_is_shown_whole() {
    let env = TestEnv::new();
    let repo = env.repo();
    let long = "word ".repeat(100);
    repo.write(
        "prompts/triage.prompt.yml",
        format!(
            "model: openai/gpt-5-mini\nmessages: [{{role: user, content: '{{{{ticket}}}}'}}]\ntestData:\n  - ticket: \"{long}end\"\n    expected: billing\n    case: {{id: long, tags: [edge], required: true, weight: 2, note: as told, evaluators: [{{name: own, string: {{contains: a}}}}]}}\n  - ticket: \"first\\n\\e[31msecond\"\n    kind: {{of: [a, b]}}\n    case: {{id: lines}}\nevaluators: [{{name: right, string: {{contains: x}}}}]\n"
        ),
    );
    let list = repo.ok("promptctl cases list triage");
    assert!(list.contains("word …"), "{list}");
    assert!(!list.contains("end"), "{list}");
    let shown = repo.ok("promptctl cases show triage long");
    assert!(shown.contains(&format!("ticket: {long}end\n")), "{shown}");
    assert_snapshot!(shown.replace(&long, "word … "), @r#"
    case long   prompts/triage.prompt.yml:4
      ticket: word … end
      expected: billing
      case.evaluators:
        {
          "name": "own",
          "string": {
            "contains": "a"
          }
        }
      case.tags: edge (required)
      case.weight: 2
      case.source: human
      case.note: as told
    "#);
    assert_snapshot!(repo.run("promptctl cases show triage lines"), @r#"
    case lines   prompts/triage.prompt.yml:7
      ticket:
        first
        \u{1b}[31msecond
      kind:
        {
          "of": [
            "a",
            "b"
          ]
        }
      case.source: human
    "#);
    let shape = repo.json("promptctl cases show triage lines long --format json");
    let listed = repo.json("promptctl cases list triage --format json");
    assert_eq!(shape["cases"].as_array().unwrap().len(), 2);
    assert_eq!(shape["cases"], listed["cases"]);
    assert_snapshot!(repo.run("promptctl cases show triage none"), @"
    error: there is no case `none`
    [exit 2]
    ");
}

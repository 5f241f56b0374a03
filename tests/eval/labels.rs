//! `judge`: a judge against labels of people.

use super::judges::{TONE, is_judge, verdict};
use super::*;

/// A judge that takes answers with `!` for warm and those with `.` for fair.
fn tone() -> Server {
    Server::answering(|request| {
        assert!(is_judge(request));
        let said = request.json()["input"][0]["content"]
            .as_str()
            .unwrap()
            .to_owned();
        match said.contains('!') {
            true => verdict("warm"),
            false if said.contains('?') => Reply::answer("hm"),
            false => verdict("cold"),
        }
    })
}

fn judge(server: &Server, env: &TestEnv) -> Shell {
    let repo = env
        .repo()
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", server.url());
    repo.add("judges/tone", TONE);
    repo
}

const LABELS: &str = "\
input,completion,label
Hi,Hello there!,warm
Hi,Yes.,cold
Hi,What a day!,fair
Bye,No.,cold
Bye,Farewell!,warm
Bye,Goodbye.,warm
";

#[test]
fn a_judge_is_compared_with_labels_and_what_differs_is_shown() {
    let server = tone();
    let env = TestEnv::new();
    let repo = judge(&server, &env);
    repo.write("labels.csv", LABELS);
    assert_snapshot!(repo.run("promptctl judge judges/tone --labels labels.csv --concurrency 1"), @"
    judges/tone v1   6 labels   gpt-5-mini-2025-08-07
    agrees       4 of 6   66.7 % (30.0 to 90.3)
    kappa        0.55 (-0.31 to 0.90), with quadratic weights
    sensitivity  3 of 4   75.0 % (30.1 to 95.4)   of what people pass, the judge passes
    specificity  2 of 2   100.0 % (34.2 to 100.0)   of what people fail, the judge fails
    passes       from 0.50 on: fair, warm

    to read (2)
      people say fair, the judge warm   labels.csv:4
        because  It says so.
        answer   What a day!
      people say warm, the judge cold   labels.csv:7
        because  It says so.
        answer   Goodbye.

    $0.0024 spent
    --- stderr
    hint: these figures do not calibrate the judge: 6 labels were compared, and 20 are the fewest
    ");
    assert_eq!(server.requests().len(), 6);
    // The same again is not paid for again.
    let again = repo.json("promptctl judge judges/tone --labels labels.csv --format json");
    assert_eq!(server.requests().len(), 6);
    assert_eq!(again["cost_usd"], 0.0);
    assert_eq!(
        again["table"],
        serde_json::json!([[2, 0, 0], [0, 0, 1], [1, 0, 2]])
    );
    assert_eq!(again["kappa"]["weights"], "quadratic");
    assert_eq!(again["disagreements"][1]["line"], 7);
    assert_eq!(records(&repo)[0]["prompt"], "judges/tone");

    repo.write(
        "labels.jsonl",
        "{\"input\":\"Hi\",\"completion\":\"Hello there!\",\"label\":\"pass\"}\n{\"input\":\"Hi\",\"completion\":\"Yes.\",\"case\":{\"human\":{\"tone\":false}}}\n{\"input\":\"Hi\",\"completion\":\"Eh?\",\"label\":\"fail\"}\n",
    );
    assert_snapshot!(repo.run("promptctl judge judges/tone --labels labels.jsonl --at-least 75%"), @"
    judges/tone v1   3 labels   gpt-5-mini-2025-08-07
    agrees       2 of 2   100.0 % (34.2 to 100.0)
    kappa        1.00 (-0.32 to 1.00)
    sensitivity  1 of 1   100.0 % (20.7 to 100.0)   of what people pass, the judge passes
    specificity  1 of 1   100.0 % (20.7 to 100.0)   of what people fail, the judge fails
    undecided    1
    passes       from 0.75 on: warm

    to read (1)
      people say fail, the judge nothing   labels.jsonl:3
        because  the judge made no choice, twice
        answer   Eh?

    $0.0008 spent
    --- stderr
    hint: these figures do not calibrate the judge: 3 labels were compared, and 20 are the fewest
    ");
    // All of them are known by now.
    assert_snapshot!(repo.play("promptctl judge judges/tone --labels labels.jsonl --dry-run
         promptctl judge judges/tone --labels labels.jsonl --dry-run --fresh"), @"
    $ promptctl judge judges/tone --labels labels.jsonl --dry-run
    3 labels, 3 judged before
    --- stderr
    nothing was sent
    $ promptctl judge judges/tone --labels labels.jsonl --dry-run --fresh
    3 labels, 0 judged before
      judges/tone   openai/gpt-5-mini   3 calls ≈ $0.0014, 1000 tokens read and 100 written each (the median of earlier executions)
      about 1 s
    --- stderr
    nothing was sent
    ");
    let refused = repo.run("promptctl judge judges/tone --labels labels.jsonl --record --quiet");
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(
        refused.stderr.contains("error[P405]: nothing was recorded"),
        "{refused}"
    );
}

/// A prompt that the judge judges.
const REPLY: &str = "model: openai/gpt-5-mini\nmessages: [{role: user, content: '{{ticket}}'}]\ntestData: [{ticket: Hi}]\nevaluators: [{name: tone, uses: judges/tone, atLeast: 0.5}]\n";

/// A server that greets, and whose judge takes what has `!` for warm.
pub(super) fn greeting() -> Server {
    Server::answering(|request| match is_judge(request) {
        true => match request.json()["input"].to_string().contains('!') {
            true => verdict("warm"),
            false => verdict("cold"),
        },
        false => Reply::answer("Hello!"),
    })
}

/// 24 labels, with all of which the judge agrees.
pub(super) fn many_labels() -> String {
    let lines = (0..12).map(|at| format!("Hi,Hello {at}!,warm\nHi,No {at}.,cold\n"));
    format!("input,completion,label\n{}", lines.collect::<String>())
}

#[test]
fn figures_that_say_nothing_leave_a_judge_uncalibrated_and_gate_nothing() {
    let server = greeting();
    let env = TestEnv::new();
    let repo = judge(&server, &env);
    repo.add("reply", REPLY);
    repo.write("labels.csv", LABELS);
    repo.write("many.csv", many_labels());
    repo.write(
        "promptctl.yaml",
        "environments: {production: {requireEval: true}}\n",
    );
    repo.git("add --all");
    repo.git("commit --quiet --message Policy");
    let kept = "prompts/judges/tone.calibration.json";
    assert_snapshot!(repo.run("promptctl judge judges/tone --labels labels.csv --record --format json").stderr, @"
    kept in prompts/judges/tone.calibration.json
    warning: judges/tone v1 stays uncalibrated: 6 labels were compared, and 20 are the fewest
    hint: git add prompts/judges/tone.calibration.json labels.csv
    ");
    repo.git("add --all");
    repo.git("commit --quiet --message Calibrated");
    let refused = |what: &str| {
        let run = repo.run("promptctl eval reply --format json");
        let run: Value = serde_json::from_str(&run.stdout).unwrap();
        let mark = &run["prompts"][0]["evaluators"][0]["uncalibrated"];
        assert_eq!(mark, true, "{what}");
    };
    refused("6 labels");
    repo.ok("promptctl eval reply --record");
    assert_snapshot!(repo.run("promptctl publish reply"), @r#"
    error[P409]: production requires an evaluation of reply v1, and prompts/reply/_eval/1 rests on judges/tone v1, a judge that is not calibrated: 6 labels were compared, and 20 are the fewest
      hint: promptctl judge judges/tone --labels FILE --record, with 20 labels or more; commit FILE and what it keeps
      hint: promptctl eval reply --record --fresh -m "the judge was calibrated"
      hint: or make its evaluator `required: false`
    [exit 3]
    "#);
    let tag = repo.git("cat-file tag prompts/reply/_eval/1");
    assert!(
        tag.contains("\nJudge: judges/tone v1 labels=6 kappa="),
        "{tag}"
    );
    let mut forged: Value = serde_json::from_str(&repo.read(kept)).unwrap();
    forged["labels"] = 40.into();
    for (key, value) in [
        ("kappa", serde_json::json!(7)),
        ("kappa", serde_json::json!(-1)),
        ("kappa_low", serde_json::json!(-0.1)),
        ("kappa_high", serde_json::json!(2)),
        ("agreement", serde_json::json!(1.5)),
        ("labels", serde_json::json!(1)),
        ("labels_sha256", serde_json::json!("00")),
        ("labels_file", serde_json::json!("/etc/hostname")),
        ("labels_file", serde_json::json!("../labels.csv")),
        ("verdicts", serde_json::json!(["warm"])),
        ("verdicts", serde_json::json!("warm")),
        ("schema", serde_json::json!(1)),
    ] {
        let mut file = forged.clone();
        file["kappa_low"] = 0.2.into();
        file[key] = value;
        repo.write(kept, file.to_string());
        refused(&file.to_string());
    }
    repo.ok("promptctl judge judges/tone --labels many.csv --record");
    repo.git("commit --quiet --all --message Calibrated");
    repo.ok("promptctl eval reply --record --fresh -m 'the judge was calibrated'");
    repo.ok("promptctl publish reply");
    let tag = repo.git("cat-file tag prompts/reply/_eval/2");
    assert!(
        tag.contains("\nJudge: judges/tone v1 labels=24 kappa=1.0000 low=0."),
        "{tag}"
    );
    repo.ok("promptctl verify --env production");
}

#[test]
fn a_judge_is_calibrated_until_its_content_changes() {
    let server = greeting();
    let env = TestEnv::new();
    let repo = judge(&server, &env);
    repo.add("reply", REPLY);
    let is_uncalibrated = || {
        let run = repo.json("promptctl eval reply --format json");
        run["prompts"][0]["evaluators"][0]["uncalibrated"].clone()
    };
    assert_eq!(is_uncalibrated(), true);
    repo.write("labels.csv", many_labels());
    let run = repo.run("promptctl judge judges/tone --labels labels.csv --record --format json");
    assert_snapshot!(run.stderr, @r"
    kept in prompts/judges/tone.calibration.json
    hint: git add prompts/judges/tone.calibration.json labels.csv
    ");
    repo.git("add labels.csv");
    let kept: Value =
        serde_json::from_str(&repo.read("prompts/judges/tone.calibration.json")).unwrap();
    assert_eq!(
        (&kept["judge"], &kept["labels"]),
        (&"judges/tone".into(), &24.into())
    );
    assert_eq!(is_uncalibrated(), false);
    assert_eq!(repo.run("promptctl validate").code, Some(0));
    repo.ok("promptctl edit judges/tone --set messages[0].content=Warm?");
    assert_eq!(is_uncalibrated(), true, "another content was not checked");
    let run = repo.run("promptctl judge judges/tone@v1 --labels labels.csv --record");
    assert_eq!(run.code, Some(2), "{run}");
}

#[test]
fn copies_of_two_labels_are_two_labels_and_calibrate_no_judge() {
    let server = greeting();
    let env = TestEnv::new();
    let repo = judge(&server, &env);
    let two = "Hi,Hello!,warm,x\nHi,No.,cold,x\n".repeat(9);
    // What the judge is not told makes no other label.
    let text = format!("input,completion,label,by\n{two}Hi,Hello!,warm,ada\nHi,No.,cold,bob\n");
    repo.write("labels.csv", text);
    assert_snapshot!(repo.run("promptctl judge judges/tone --labels labels.csv --record"), @"
    judges/tone v1   20 labels, 2 distinct   gpt-5-mini-2025-08-07
    agrees       2 of 2   100.0 % (34.2 to 100.0)
    kappa        1.00 (-0.32 to 1.00), with quadratic weights
    sensitivity  1 of 1   100.0 % (20.7 to 100.0)   of what people pass, the judge passes
    specificity  1 of 1   100.0 % (20.7 to 100.0)   of what people fail, the judge fails
    passes       from 0.50 on: fair, warm

    $0.0008 spent
    --- stderr
    kept in prompts/judges/tone.calibration.json
    warning: judges/tone v1 stays uncalibrated: 20 labels, 2 distinct, were compared, and 20 distinct ones are the fewest
    hint: git add prompts/judges/tone.calibration.json labels.csv
    ");
    assert_eq!(server.requests().len(), 2);
    let told = repo.json("promptctl judge judges/tone --labels labels.csv --format json");
    assert_eq!(
        (&told["labels"], &told["distinct"]),
        (&20.into(), &2.into())
    );
    repo.write(
        "labels.csv",
        "input,completion,label\nHi,No.,cold\nHi,Hello!,warm\nHi,No.,fair\n",
    );
    assert_snapshot!(repo.run("promptctl judge judges/tone --labels labels.csv"), @"
    error[P323]: the answer is labelled on line 2 too, and otherwise
      at: labels.csv:4:1
      hint: keep the label that people agree on, or neither
      hint: nothing was sent
    [exit 1]
    ");
    repo.write(
        "labels.json",
        r#"[{"input":"a","completion":"b","label":"warm"},{"input":"b","completion":"b","label":"cold"}]"#,
    );
    let told = repo.json("promptctl judge judges/tone --labels labels.json --format json");
    assert_eq!((&told["labels"], &told["distinct"]), (&2.into(), &2.into()));
}

#[test]
fn figures_count_where_they_follow_from_tracked_labels_and_kept_verdicts() {
    let server = greeting();
    let env = TestEnv::new();
    let repo = judge(&server, &env);
    repo.add("reply", REPLY);
    repo.write("labels/tone.csv", many_labels());
    let kept = "prompts/judges/tone.calibration.json";
    repo.ok("promptctl judge judges/tone --labels labels/tone.csv --record");
    let sound = repo.read(kept);
    let doubt = |what: &str| {
        let run = repo.run("promptctl eval reply --format json");
        let shape: Value = serde_json::from_str(&run.stdout).unwrap();
        let mark = &shape["prompts"][0]["evaluators"][0]["uncalibrated"];
        let mut lines = run.stderr.lines().map(str::trim);
        let line = lines
            .find(|line| line.contains("P418"))
            .unwrap_or("nothing");
        assert_eq!(*mark == true, line != "nothing", "{run}");
        format!("{what}: {line}")
    };
    let mut told = vec![doubt("not added")];
    repo.git("add --all");
    repo.git("commit --quiet --message Calibrated");
    told.push(doubt("committed"));
    let forged = |what: &str, change: &dyn Fn(&mut Value)| {
        let mut file: Value = serde_json::from_str(&sound).unwrap();
        change(&mut file);
        repo.write(kept, file.to_string());
        doubt(what)
    };
    told.push(forged("another kappa", &|it| it["kappa"] = 0.9.into()));
    told.push(forged("another end", &|it| it["kappa_low"] = 0.9.into()));
    told.push(forged("another verdict", &|it| {
        it["verdicts"][0] = "cold".into();
    }));
    told.push(forged("no choice", &|it| it["verdicts"][0] = "hot".into()));
    told.push(forged("more labels", &|it| it["labels"] = 48.into()));
    told.push(forged("more distinct", &|it| it["distinct"] = 25.into()));
    told.push(forged("another file", &|it| {
        it["labels_file"] = "labels/gone.csv".into();
    }));
    told.push(forged("no file", &|it| {
        it["labels_file"] = "../x.csv".into();
    }));
    told.push(forged("no record", &|it| it["verdicts"] = 1.into()));
    repo.write(kept, &sound);
    repo.write("labels/tone.csv", many_labels().replace("\n", "\r\n"));
    told.push(doubt("other line ends"));
    repo.write("labels/tone.csv", many_labels() + "Hi,Well.,cold\n");
    told.push(doubt("another label"));
    assert_snapshot!(told.join("\n"), @"
    not added: warning[P418]: judges/tone counts as uncalibrated: prompts/judges/tone.calibration.json names labels/tone.csv, which git does not track
    committed: nothing
    another kappa: warning[P418]: judges/tone counts as uncalibrated: the figures of prompts/judges/tone.calibration.json do not follow from its verdicts and the labels of labels/tone.csv
    another end: warning[P418]: judges/tone counts as uncalibrated: the figures of prompts/judges/tone.calibration.json do not follow from its verdicts and the labels of labels/tone.csv
    another verdict: warning[P418]: judges/tone counts as uncalibrated: the figures of prompts/judges/tone.calibration.json do not follow from its verdicts and the labels of labels/tone.csv
    no choice: warning[P418]: judges/tone counts as uncalibrated: prompts/judges/tone.calibration.json has not one choice of the judge for each of the 24 distinct labels
    more labels: warning[P418]: judges/tone counts as uncalibrated: prompts/judges/tone.calibration.json says 48 labels, 24 distinct, and labels/tone.csv has 24, 24 distinct
    more distinct: warning[P418]: judges/tone counts as uncalibrated: prompts/judges/tone.calibration.json says 24 labels, 25 distinct, and labels/tone.csv has 24, 24 distinct
    another file: warning[P418]: judges/tone counts as uncalibrated: prompts/judges/tone.calibration.json names labels/gone.csv, which is not there
    no file: warning[P418]: judges/tone counts as uncalibrated: prompts/judges/tone.calibration.json names ../x.csv: ../x.csv leads out of the repository
    no record: warning[P418]: judges/tone counts as uncalibrated: prompts/judges/tone.calibration.json is not the record of a calibration
    other line ends: nothing
    another label: warning[P418]: judges/tone counts as uncalibrated: prompts/judges/tone.calibration.json is of other labels than labels/tone.csv has now
    ");
}

#[test]
fn a_judge_goes_live_by_labels_that_its_commit_has() {
    let server = greeting();
    let env = TestEnv::new();
    let repo = judge(&server, &env);
    repo.write("labels.csv", many_labels());
    repo.write(
        "promptctl.yaml",
        "environments: {production: {requireEval: true}}\n",
    );
    repo.ok("promptctl judge judges/tone --labels labels.csv --record");
    repo.git("add promptctl.yaml prompts");
    repo.git("commit --quiet --message Figures");
    // The file is here, and no commit has it.
    assert_snapshot!(repo.run("promptctl publish judges/tone"), @"
    error[P409]: production requires an evaluation of judges/tone v1, which is a judge whose figures do not count: prompts/judges/tone.calibration.json names labels.csv, which is not there
      at: prompts/judges/tone.prompt.yml
      hint: promptctl judge judges/tone --labels FILE --record, with 20 labels or more; commit FILE and what it keeps
    [exit 3]
    ");
    repo.git("add --all");
    repo.git("commit --quiet --message Labels");
    repo.ok("promptctl publish judges/tone");
    repo.ok("promptctl verify --env production");
}

#[test]
fn figures_name_labels_that_others_can_have() {
    let server = greeting();
    let env = TestEnv::new();
    let repo = judge(&server, &env);
    repo.write("../labels.csv", many_labels());
    repo.write(".gitignore", "mine/\n");
    repo.write("mine/labels.csv", many_labels());
    assert_snapshot!(repo.play("promptctl judge judges/tone --labels ../labels.csv --record
         promptctl judge judges/tone --labels mine/labels.csv --record"), @"
    $ promptctl judge judges/tone --labels ../labels.csv --record
    error[P013]: $ROOT/repo/../labels.csv is not in this repository
      hint: --record names the file of labels: copy it into the repository
    [exit 1]
    $ promptctl judge judges/tone --labels mine/labels.csv --record
    error: --record names the file of labels, and git ignores mine/labels.csv
      hint: keep the labels where git does not ignore them
    [exit 2]
    ");
    assert!(server.requests().is_empty());
}

#[test]
fn labels_that_cannot_be_used_are_named_by_line_and_nothing_is_sent() {
    let server = tone();
    let env = TestEnv::new();
    let repo = judge(&server, &env);
    repo.write(
        "labels.jsonl",
        "{\"completion\": \"a\", \"label\": \"hot\"}\n{\"completion\": \"a\"}\n{\"label\": \"warm\"}\n[]\n{\n",
    );
    assert_snapshot!(repo.run("promptctl judge judges/tone --labels labels.jsonl"), @r#"
    error[P323]: "hot" is none of the judge's choices
      at: labels.jsonl:1:30
      hint: write one of cold, fair, warm, or `pass` or `fail` in all lines
      hint: also labels.jsonl:2:1: the line has no label
      hint: also labels.jsonl:3:1: the line has no `completion`, the answer that was labelled
      hint: also labels.jsonl:4:1: a case is a map of fields, this is a list
      hint: also labels.jsonl:5:1: the case is not valid JSON: EOF while parsing an object
      hint: nothing was sent
    [exit 1]
    "#);
    repo.write("labels.csv", "completion,label\na,warm\n");
    assert_snapshot!(repo.run("promptctl judge judges/tone --labels labels.csv"), @"
    error[P401]: the judge judges/tone asks for `input`, which the case lacks
      at: labels.csv:2
      hint: give the case `input`, or take another judge
      hint: nothing was sent
    [exit 1]
    ");
    repo.write("mixed.csv", "input,completion,label\nx,a,warm\nx,b,pass\n");
    assert_snapshot!(repo.run("promptctl judge judges/tone --labels mixed.csv"), @"
    error[P323]: some labels are choices of the judge, and others say pass or fail
      at: mixed.csv:3:1
      hint: write all of them in one of the two ways
      hint: nothing was sent
    [exit 1]
    ");
    repo.write("empty.jsonl", "");
    assert_snapshot!(repo.run("promptctl judge judges/tone --labels empty.jsonl"), @"
    error[P323]: the file has no labels
      at: empty.jsonl
      hint: nothing was sent
    [exit 1]
    ");
    assert_snapshot!(repo.run("promptctl judge judges/none --labels mixed.csv"), @"
    error[P201]: there is no judge judges/none
      hint: promptctl seed judges adds some to start from
      hint: `judges/default` judges by `criteria` of the case, without being added
    [exit 1]
    ");
    repo.add("judges/triage", crate::server::SORTER);
    assert_snapshot!(repo.run("promptctl judge judges/triage --labels mixed.csv"), @"
    error[P401]: judges/triage is no judge: its schema must have `reason` and, after it, `choice`, and nothing else
      at: prompts/judges/triage.prompt.yml:8:1
      hint: a judge has `jsonSchema: {name: verdict, strict: true, schema: {type: object, required: [reason, choice], additionalProperties: false, properties: {reason: {type: string}, choice: {enum: [bad, fair, good]}}}}`, with the choices from the worst to the best
    [exit 1]
    ");
    assert!(server.requests().is_empty());
}

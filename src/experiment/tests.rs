use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::{Value, json};

use super::case::{CaseSource, Suite};
use super::*;
use crate::files::Loaded;
use crate::prompt::document::parse;
use crate::prompt::finding::Finding;
use crate::prompt::template::Partials;

mod datasets;
mod properties;

/// Files that stand nowhere.
#[derive(Default)]
pub(super) struct Made {
    files: BTreeMap<String, Vec<u8>>,
    ignored: Vec<&'static str>,
}

impl Made {
    pub(super) fn with(mut self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.files.insert(path.to_owned(), text.as_ref().to_vec());
        self
    }
}

impl CaseFiles for Made {
    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + '_>>, Finding> {
        let file = self.files.get(path);
        Ok(file.map(|bytes| Box::new(bytes.as_slice()) as Box<dyn BufRead>))
    }

    fn beside(&self, asker: &str, path: &str) -> Result<(String, Vec<u8>), Finding> {
        let folder = asker.rsplit_once('/').map_or("", |(folder, _)| folder);
        let full = format!("{folder}/{path}");
        let full = full.trim_start_matches('/');
        match self.files.get(full) {
            Some(bytes) => Ok((full.to_owned(), bytes.clone())),
            None => Err(Finding::error(
                crate::prompt::code::BAD_ATTACHMENT,
                format!("there is no file {full} to attach"),
            )),
        }
    }

    fn tracking(&self, path: &str) -> Tracking {
        match self.ignored.contains(&path) {
            true => Tracking::Ignored,
            false => Tracking::Tracked,
        }
    }

    fn judge(
        &self,
        _: &crate::prompt::reference::Reference,
    ) -> Result<Option<Loaded>, crate::error::Failure> {
        Ok(None)
    }
}

pub(super) fn loaded(text: &str) -> Loaded {
    let document = parse(text).unwrap_or_else(|found| panic!("{found:?}"));
    Loaded::from_snapshot(
        "a".parse().unwrap(),
        "prompts/a.prompt.yml".to_owned(),
        (None, String::new()),
        text.to_owned(),
        (document, Partials::new()),
    )
}

/// A prompt that asks for `ticket`, and what follows.
pub(super) fn prompt(rest: &str) -> Loaded {
    loaded(&format!(
        "version: 1\nmessages: [{{role: user, content: '{{{{ticket}}}}'}}]\n{rest}"
    ))
}

pub(super) fn read(rest: &str, files: &Made) -> Reading {
    Suite::read(&prompt(rest), files)
}

pub(super) fn told(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        format!(
            "{} {} {} {}",
            finding.severity.as_str(),
            finding.code,
            finding.location().unwrap_or_default(),
            finding.message
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What is wrong with a suite.
pub(super) fn found(rest: &str, files: &Made) -> String {
    told(&read(rest, files).findings)
}

const JUDGED: &str = "evaluators: [{name: e, string: {contains: '{{expected}}'}}]\n";

#[test]
fn a_case_is_read_whole_and_keeps_its_place() {
    let rest = "evaluators: [{name: e, string: {minLength: 1}}]
testData:
  - ticket: I was charged twice
    expected: billing
    kind: plain
    case:
      id: double-charge
      tags: [smoke, money]
      weight: 2.5
      group: ada
      repeat: 3
      required: true
      evaluators: [{name: own, string: {minLength: 3}}]
      skip: not today
      rule: names the queue
      source: generated
      reviewed: true
      human: {e: pass}
      note: from the mail of May
  - {ticket: 'null', expected: null}
eval: {repeat: 2, minPassRate: 0.9, margin: 0.1, judge: judges/kind}
";
    let Reading { suite, findings } = read(rest, &Made::default());
    assert_eq!(told(&findings), "");
    let case = &suite.cases[0];
    assert_eq!(case.id, "double-charge");
    assert_eq!(
        Value::from(case.variables.get().into_owned()),
        json!({"ticket": "I was charged twice"})
    );
    assert_eq!(case.expected, Some(json!("billing")));
    assert_eq!(Value::from(case.others.clone()), json!({"kind": "plain"}));
    assert_eq!(case.tags, ["smoke", "money"]);
    assert_eq!(
        (case.weight, case.repeat, suite.repeats(case)),
        (2.5, Some(3), 3)
    );
    assert_eq!(case.group.as_deref(), Some("ada"));
    assert!(case.required && case.reviewed);
    assert_eq!(suite.judges_of(case).count(), 2);
    assert_eq!(case.skip.as_deref(), Some("not today"));
    assert_eq!(case.rule.as_deref(), Some("names the queue"));
    assert_eq!(case.source, CaseSource::Generated);
    assert_eq!(case.note.as_deref(), Some("from the mail of May"));
    assert_eq!(
        (&*case.place.path, case.place.line, case.place.column),
        ("prompts/a.prompt.yml", 5, 5)
    );
    assert_eq!(
        Value::from(suite.fields(case)),
        json!({"ticket": "I was charged twice", "kind": "plain", "expected": "billing"})
    );

    let second = &suite.cases[1];
    assert_eq!(second.id, second.digest[..12]);
    assert_eq!((second.expected.as_ref(), suite.repeats(second)), (None, 2));
    assert_eq!(
        (
            suite.repeat,
            suite.min_pass_rate,
            suite.margin,
            suite.judge.as_deref()
        ),
        (2, Some(0.9), 0.1, Some("judges/kind"))
    );
}

#[test]
fn what_a_case_says_of_itself_is_checked_where_it_stands() {
    let rest = format!(
        "{JUDGED}testData:
  - {{ticket: a, expected: b, case: {{id: [1], tags: {{a: b}}, weight: 0, repeat: 0, required: 'yes'}}}}
  - ticket: b
    expected: b
    case:
      source: dream
      evaluators: [{{name: x}}]
      wieght: 2
      colour: red
  - {{ticket: c, expected: b, case: upper}}
  - {{ticket: d, expected: b, case: {{id: ' a'}}}}
"
    );
    insta::assert_snapshot!(found(&rest, &Made::default()), @"
    error P005 prompts/a.prompt.yml:5:41 `case.id` wants a text
    error P005 prompts/a.prompt.yml:5:52 `case.tags` wants a list of texts
    error P005 prompts/a.prompt.yml:5:68 `case.weight` wants a number above 0, at most a million
    error P005 prompts/a.prompt.yml:5:79 `case.repeat` wants a whole number from 1 to 1000
    error P005 prompts/a.prompt.yml:5:92 `case.required` wants true or false
    error P401 prompts/a.prompt.yml:10:19 evaluator `x`: it has nothing to check
    error P005 prompts/a.prompt.yml:9:15 `case.source` wants human, generated or log
    error P004 prompts/a.prompt.yml:11:15 `case.wieght` is not a key; `weight` is meant
    warning P003 prompts/a.prompt.yml:12:15 `case.colour` is not a key that promptctl knows; it has no effect
    error P005 prompts/a.prompt.yml:13:36 `case` holds what a case says of itself: a map
    error P005 prompts/a.prompt.yml:14:41 `case.id` wants a text of one line, at most 200 characters long, without blanks around it
    ");
}

#[test]
fn a_variable_called_case_moves_the_metadata() {
    let text = "version: 1\nmessages: [{role: user, content: 'Write {{case}}'}]\ntestData:\n  - {case: upper, $case: {id: up}}\n  - {case: {a: b}}\n";
    let reading = Suite::read(&loaded(text), &NoFiles);
    assert_eq!(reading.suite.cases[0].id, "up");
    assert_eq!(reading.suite.cases[0].variables.get()["case"], "upper");
    assert_eq!(
        reading.suite.cases[1].variables.get()["case"],
        json!({"a": "b"})
    );
}

#[test]
fn cases_in_each_others_way_are_told() {
    let rest = format!(
        "{JUDGED}testData:
  - {{ticket: one, expected: a, case: {{id: x}}}}
  - {{ticket: two, expected: a, case: {{id: x}}}}
  - {{ticket: one, expected: b}}
  - {{ticket: three, expected: a}}
  - {{expected: a, ticket: three}}
  - {{ticket: three, expected: a, case: {{tags: [t]}}}}
"
    );
    insta::assert_snapshot!(found(&rest, &Made::default()), @"
    error P402 prompts/a.prompt.yml:6:5 two cases have the id `x`: the first is prompts/a.prompt.yml:5
    warning P403 prompts/a.prompt.yml:7:5 the case asks what that of prompts/a.prompt.yml:5 asks, and expects something else
    warning P402 prompts/a.prompt.yml:9:5 the case `cf36c69fd3c5` is that of prompts/a.prompt.yml:8 once more: it is asked once
    error P402 prompts/a.prompt.yml:10:5 two cases have the id `cf36c69fd3c5`: the first is prompts/a.prompt.yml:8
    ");
    let suite = read(&rest, &Made::default()).suite;
    let ids: Vec<&str> = suite.cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids.len(), 5, "{ids:?}");
    let meant = found(&format!("{rest}eval: {{repeat: 1}}\n"), &Made::default());
    assert!(meant.contains("error P403"), "{meant}");
}

#[test]
fn cases_that_only_expect_something_else_have_ids_of_their_own_in_any_order() {
    let ids = |cases: [&str; 3]| -> Vec<String> {
        let rest = format!("testData:\n  - {}\n", cases.join("\n  - "));
        let reading = read(&rest, &Made::default());
        assert!(!reading.findings.iter().any(Finding::is_error));
        let ids = reading.suite.cases.into_iter().map(|case| case.id);
        ids.collect()
    };
    let [a, b, c] = ["{ticket: a, n: 1}", "{ticket: a, n: 2}", "{ticket: b}"];
    let (one, other) = (ids([a, b, c]), ids([c, b, a]));
    assert_eq!(
        [&one[0], &one[1], &one[2]],
        [&other[2], &other[1], &other[0]]
    );
    assert_ne!(one[0], one[1]);
}

#[test]
fn a_case_in_two_datasets_is_asked_once_and_said() {
    let files = Made::default()
        .with("a.jsonl", "{\"ticket\": \"one\", \"expected\": \"a\"}\n")
        .with("b.csv", "ticket,expected\none,a\ntwo,a\n");
    let rest = format!("{JUDGED}datasets: [a.jsonl, b.csv]\n");
    let Reading { suite, findings } = read(&rest, &files);
    insta::assert_snapshot!(told(&findings), @"warning P402 b.csv:2:1 the case `b744c8be7f5b` is that of a.jsonl:1 once more: it is asked once");
    assert_eq!(suite.cases.len(), 2);
}

#[test]
fn cases_that_nothing_judges_are_told() {
    let cases = "testData: [{ticket: a, case: {id: a}}, {ticket: b, case: {id: b, tags: [t]}}]\n";
    let when = "evaluators: [{name: e, string: {minLength: 1}, when: {tags: [t]}}]\n";
    let none = found(cases, &Made::default());
    let meant = found(&format!("{cases}eval: {{repeat: 2}}\n"), &Made::default());
    let some = found(&format!("{cases}{when}"), &Made::default());
    insta::assert_snapshot!([none, meant, some].join("\n"), @"
    note P406 prompts/a.prompt.yml:3:11 the prompt has cases and no evaluators: no answer can pass or fail
    warning P406 prompts/a.prompt.yml:3:11 the prompt has cases and no evaluators: no answer can pass or fail
    warning P406 prompts/a.prompt.yml:3:12 no evaluator looks at the case `a`
    ");
}

#[test]
fn a_field_that_an_evaluator_asks_for_and_some_cases_lack_is_told_once() {
    let cases = "testData: [{ticket: a, expected: b}, {ticket: c, expectd: d}, {ticket: e}]\n";
    insta::assert_snapshot!(found(&format!("{JUDGED}{cases}"), &Made::default()), @"error P401 prompts/a.prompt.yml:4:38 evaluator `e` asks for `expected`, which the case `bc3defeb7695` lacks, and another case too");
}

#[test]
fn neither_the_place_of_a_case_nor_its_order_of_keys_makes_another() {
    let digest = |rest: &str| read(rest, &Made::default()).suite;
    let one = digest("testData: [{ticket: a, n: 1, expected: x}]\n");
    let moved = digest(
        "# more\n\ntestData:\n  - expected: x\n    n: 1.0\n    ticket: a\n    case: {note: n}\n",
    );
    assert_eq!(one.cases[0].id, moved.cases[0].id);
    assert_eq!(one.cases[0].content(), moved.cases[0].content());
    assert_eq!(one.digest, moved.digest);
    for other in [
        "testData: [{ticket: b, n: 1, expected: x}]\n",
        "testData: [{ticket: a, n: 2, expected: x}]\n",
        "testData: [{ticket: a, n: 1, expected: y}]\n",
        "testData: [{ticket: a, n: 1, expected: x, case: {tags: [t]}}]\n",
        "testData: [{ticket: a, n: 1, expected: x}]\neval: {margin: 0.1}\n",
        "testData: [{ticket: a, n: 1, expected: x}]\nevaluators: [{name: e, string: {minLength: 1}}]\n",
    ] {
        assert_ne!(one.digest, digest(other).digest, "{other}");
    }
    let expects_more = digest("testData: [{ticket: a, n: 1, expected: y}]\n");
    assert_eq!(one.cases[0].id, expects_more.cases[0].id);
    assert_ne!(one.cases[0].content(), expects_more.cases[0].content());
}

#[test]
fn a_file_is_read_where_it_is_named_and_its_bytes_make_the_case() {
    let cases =
        "testData: [{ticket: {file: charts/a.png}, case: {id: x}}, {ticket: {file: gone.png}}]\n";
    let files = |bytes: &str| Made::default().with("prompts/charts/a.png", bytes);
    insta::assert_snapshot!(found(cases, &files("one")), @"
    error P018 prompts/a.prompt.yml:3:68 there is no file prompts/gone.png to attach
    note P406 prompts/a.prompt.yml:3:11 the prompt has cases and no evaluators: no answer can pass or fail
    ");
    let case = |bytes: &str| read(cases, &files(bytes)).suite.cases.remove(0);
    let (one, two) = (case("one"), case("two"));
    assert_ne!(one.digest, two.digest);
    assert_eq!(
        one.variables.get()["ticket"],
        json!({"file": "charts/a.png"})
    );
    assert_eq!(
        (one.files[0].variable.as_str(), one.files[0].path.as_str()),
        ("ticket", "prompts/charts/a.png")
    );
    let made = values(&one, &files("one")).unwrap();
    assert_eq!(made["ticket"], "data:image/png;base64,b25l");
    let changed = values(&one, &files("two")).unwrap_err();
    insta::assert_snapshot!(told(&[changed]), @"error P018 prompts/a.prompt.yml:3:12 prompts/charts/a.png was changed while the cases were run");
}

#[test]
fn an_object_with_a_key_file_is_an_object_where_the_schema_says_so() {
    let text = "version: 1\nmessages: [{role: user, content: '{{a.file}}'}]\ninput: {schema: {properties: {a: {type: object}}}}\ntestData: [{a: {file: x.png}}]\n";
    let reading = Suite::read(&loaded(text), &NoFiles);
    assert!(reading.suite.cases[0].files.is_empty());
    assert!(!reading.findings.iter().any(Finding::is_error));
}

#[test]
fn every_case_is_rendered_before_anything_is_sent() {
    let rest = format!(
        "{JUDGED}testData:
  - {{ticket: a, expected: x, case: {{id: good}}}}
  - {{expected: x, case: {{id: bare}}}}
  - {{expected: x, case: {{id: skipped, skip: later}}}}
  - {{ticket: b, case: {{id: mute}}}}
"
    );
    let prompt = prompt(&rest);
    let suite = Suite::read(&prompt, &NoFiles).suite;
    let compiled =
        crate::prompt::template::Compiled::new(&prompt.document, &prompt.partials).unwrap();
    let mut seen = Vec::new();
    let mut render = |case: &case::Case, values| {
        seen.push(case.id.clone());
        crate::prompt::variables::complete(None, compiled.variables(), values)
            .map(drop)
            .map_err(crate::error::Failure::from)
    };
    let found = ready(&suite, &NoFiles, &[0, 1, 2, 3], &mut render);
    assert_eq!(seen, ["good", "bare", "mute"]);
    insta::assert_snapshot!(told(&found), @"error P102 prompts/a.prompt.yml:6:5 case `bare`: `ticket` has no value");
}

#[test]
fn cases_that_say_nearly_the_same_are_told() {
    let long = "The parcel that I ordered two weeks ago has still not come and nobody answers my mails about it, please tell me where it is now";
    let rest = format!(
        "testData:
  - {{ticket: '{long}', case: {{id: first}}}}
  - {{ticket: '{long}!', case: {{id: again}}}}
  - {{ticket: '{long}, Ada', case: {{id: signed}}}}
  - {{ticket: '{long} 7', case: {{id: number}}}}
  - {{ticket: '{long}?', expected: x, case: {{id: expects}}}}
  - {{ticket: 'HELLO you', case: {{id: loud}}}}
  - {{ticket: 'hello, you', case: {{id: quiet}}}}
  - {{ticket: 'hello me', case: {{id: other}}}}
"
    );
    let suite = read(&rest, &Made::default()).suite;
    insta::assert_snapshot!(told(&near_duplicates(&suite)), @"
    warning P411 prompts/a.prompt.yml:5:5 the case `again` says nearly what `first` says (prompts/a.prompt.yml:4), and expects the same
    warning P411 prompts/a.prompt.yml:6:5 the case `signed` says nearly what `first` says (prompts/a.prompt.yml:4), and expects the same
    warning P411 prompts/a.prompt.yml:10:5 the case `quiet` says nearly what `loud` says (prompts/a.prompt.yml:9), and expects the same
    ");
}

#[test]
fn cases_are_chosen_by_id_and_tag() {
    let rest = "testData:
  - {ticket: a, case: {id: double-charge, tags: [smoke, money]}}
  - {ticket: b, case: {id: double-check, tags: [money]}}
  - {ticket: c, case: {id: late, tags: [smoke]}}
";
    let suite = read(rest, &Made::default()).suite;
    let choose = |cases: &[&str], tags: &[&str]| {
        let owned = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        let selection = Selection {
            cases: owned(cases),
            tags: owned(tags),
        };
        selection.of(&suite).map_err(|error| error.to_string())
    };
    assert_eq!(choose(&[], &[]), Ok(vec![0, 1, 2]));
    assert_eq!(choose(&["late", "double-charge"], &[]), Ok(vec![0, 2]));
    assert_eq!(choose(&["la"], &[]), Ok(vec![2]));
    assert_eq!(choose(&[], &["money"]), Ok(vec![0, 1]));
    assert_eq!(choose(&["double-charge", "late"], &["money"]), Ok(vec![0]));
    assert_eq!(
        choose(&["double"], &[]),
        Err("several cases begin with `double`: double-charge, double-check".to_owned())
    );
    assert_eq!(
        choose(&["lat "], &[]),
        Err("there is no case `lat `".to_owned())
    );
    assert_eq!(
        choose(&[], &["smok"]),
        Err("no case has the tag `smok`".to_owned())
    );
}

#[test]
fn what_no_case_of_the_file_has_is_told_of_the_evaluator() {
    let cases = "testData: [{ticket: a, expectd: b}, {ticket: c}]\n";
    insta::assert_snapshot!(found(&format!("{JUDGED}{cases}"), &Made::default()), @"error P401 prompts/a.prompt.yml:3:14 evaluator `e`: no case of `testData` has a field `expected`");
}

#[test]
fn a_case_that_is_skipped_is_asked_for_nothing() {
    let cases = "testData: [{ticket: a, expected: b}, {ticket: c, case: {skip: later}}]\n";
    insta::assert_snapshot!(found(&format!("{JUDGED}{cases}"), &Made::default()), @"");
}

#[test]
fn cases_that_differ_in_signs_and_expect_something_else_are_told() {
    let of = |rest: &str| told(&near_contradictions(&read(rest, &Made::default()).suite));
    let cases = "testData:
  - {ticket: 'I was charged twice!', expected: billing}
  - {ticket: 'i was charged twice', expected: Billing}
  - {ticket: 'I was charged 3 times', expected: technical}
  - {ticket: 'I was charged often', expected: technical}
  - {ticket: 'I was charged twice.'}
";
    insta::assert_snapshot!(of(cases), @"warning P411 prompts/a.prompt.yml:5:5 the case `dbcb97f0131f` expects `Billing`, and `a9da63a275e4` (prompts/a.prompt.yml:4) expects `billing`: they differ in nothing but capitals and punctuation");
}

#[test]
fn a_case_that_expects_what_the_answer_cannot_be_is_told() {
    let schema = "jsonSchema: {name: a, schema: {type: object, properties: {queue: {type: string, enum: [billing, technical]}, why: {type: string}}}}\n";
    let of = |rest: &str| {
        let prompt = prompt(&format!("{schema}{rest}"));
        let suite = Suite::read(&prompt, &Made::default()).suite;
        told(&outside_enum(&suite, &prompt.document))
    };
    let typo = of("testData: [{ticket: a, expected: Billing}, {ticket: b, expected: technical}]\n");
    let map = of("testData: [{ticket: a, expected: {queue: bill, why: x}}]\n");
    // What is expected is no word of the field.
    let free = of("testData: [{ticket: a, expected: 'charged twice in March'}]\n");
    insta::assert_snapshot!([typo, map, free].join("\n"), @"
    warning P114 prompts/a.prompt.yml:4:12 the case `9dc85c3556b8` expects `Billing`, which `queue` of the answer cannot be
    warning P114 prompts/a.prompt.yml:4:12 the case `9dc85c3556b8` expects `bill`, which `queue` of the answer cannot be
    ");
}

#[test]
fn what_a_sensitive_variable_holds_is_no_part_of_a_case_in_short() {
    let schema = json!({"properties": {
        "ticket": {"type": "string", "x-sensitive": true}, "locale": {"type": "string"},
    }});
    let of = |rest: &str| read(rest, &Made::default()).suite.cases.remove(0);
    let one = of("testData: [{ticket: my card is 4111}]\n");
    assert_eq!(one.in_short(None).as_deref(), Some("my card is 4111"));
    assert_eq!(one.in_short(Some(&schema)).as_deref(), Some("(sensitive)"));
    let prompt = loaded(
        "version: 1\nmessages: [{role: user, content: '{{ticket}} {{locale}}'}]\ntestData: [{ticket: my card, locale: en}]\n",
    );
    let two = Suite::read(&prompt, &Made::default()).suite.cases.remove(0);
    let shown = two.in_short(Some(&schema)).unwrap();
    assert!(
        !shown.contains("card") && shown.contains("locale: en"),
        "{shown}"
    );
}

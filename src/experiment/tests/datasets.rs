//! The formats of datasets, and what is wrong with them.

use super::*;

/// What is wrong with a dataset of this name and text.
fn of(name: &str, text: impl AsRef<[u8]>) -> String {
    let files = Made::default().with(name, text);
    found(&format!("{JUDGED}datasets: [{name}]\n"), &files)
}

/// The cases of a dataset, each as its fields.
fn cases(name: &str, text: impl AsRef<[u8]>) -> Vec<String> {
    let files = Made::default().with(name, text);
    let Reading { suite, findings } = read(&format!("{JUDGED}datasets: [{name}]\n"), &files);
    assert_eq!(told(&findings), "");
    let shown = suite.cases.iter().map(|case| {
        let fields = Value::from(suite.fields(case));
        format!(
            "{} {:?} {}:{} {fields}",
            case.id, case.tags, case.place.line, case.place.column
        )
    });
    shown.collect()
}

#[test]
fn every_format_says_the_same() {
    let lines = "\u{feff}{\"ticket\": \"a, \\\"b\\\"\\nc\", \"expected\": \"x\", \"case\": {\"id\": \"1\", \"tags\": [\"s\", \"t\"]}}\r\n\r\n  {\"ticket\": \"\", \"expected\": \"y\"}";
    let list = "\u{feff}[\n  {\"ticket\": \"a, \\\"b\\\"\\nc\", \"expected\": \"x\", \"case\": {\"id\": \"1\", \"tags\": [\"s\", \"t\"]}}\n,\n  {\"ticket\": \"\", \"expected\": \"y\"}\n]\n";
    let yaml = "- ticket: \"a, \\\"b\\\"\\nc\"\n  expected: x\n  case: {id: 1, tags: [s, t]}\n- ticket: ''\n  expected: y\n";
    let table = "\u{feff}ticket,expected,case.id,case.tags\r\n\"a, \"\"b\"\"\r\nc\",x,1,s; t\r\n\r\n,y,,\r\n";
    let read = [
        ("d.jsonl", lines),
        ("d.json", list),
        ("d.yaml", yaml),
        ("d.csv", table),
    ]
    .map(|(name, text)| cases(name, text));
    insta::assert_debug_snapshot!(read[0], @r#"
    [
        "1 [\"s\", \"t\"] 1:1 {\"ticket\":\"a, \\\"b\\\"\\nc\",\"expected\":\"x\"}",
        "e30fdf557af5 [] 3:3 {\"ticket\":\"\",\"expected\":\"y\"}",
    ]
    "#);
    insta::assert_debug_snapshot!(read[3], @r#"
    [
        "1 [\"s\", \"t\"] 2:1 {\"ticket\":\"a, \\\"b\\\"\\nc\",\"expected\":\"x\"}",
        "e30fdf557af5 [] 5:1 {\"ticket\":\"\",\"expected\":\"y\"}",
    ]
    "#);
    let without_place = |cases: &[String]| -> Vec<String> {
        let place = regex::Regex::new(r" \d+:\d+ ").unwrap();
        let cases = cases.iter();
        cases
            .map(|case| place.replace(case, " ").into_owned())
            .collect()
    };
    for other in &read[1..] {
        assert_eq!(without_place(other), without_place(&read[0]));
    }
    for (name, text) in [
        ("d.jsonl", ""),
        ("d.json", " "),
        ("d.json", "[]"),
        ("d.yaml", "# none\n"),
        ("d.csv", "ticket\n"),
        ("d.csv", ""),
    ] {
        assert_eq!(cases(name, text), [""; 0], "{name}");
    }
}

#[test]
fn cells_are_what_the_schema_says() {
    let text = "version: 1\nmessages: [{role: user, content: '{{a}}{{n}}{{b}}{{l}}{{o.x}}{{t}}'}]\ninput: {schema: {properties: {n: {type: number}, b: {type: boolean}, l: {type: array}, o: {type: object}, t: {type: [string, number]}}}}\ndatasets: [d.csv]\n";
    let table = "a,n,b,l,o,t,case.weight,case.required\n007,1.5,TRUE,\"[1, \"\"x\"\"]\",\"{\"\"x\"\": 2}\",8,2,true\nnull,,false,[],{},true,,\n";
    let files = Made::default().with("d.csv", table);
    let Reading { suite, findings } = Suite::read(&loaded(text), &files);
    let read: Vec<Value> = suite
        .cases
        .iter()
        .map(|case| case.variables.get().into_owned().into())
        .collect();
    assert_eq!(
        read[0],
        json!({"a": "007", "n": 1.5, "b": true, "l": [1, "x"], "o": {"x": 2}, "t": "8"})
    );
    assert_eq!(
        read[1],
        json!({"a": "null", "b": false, "l": [], "o": {}, "t": "true"})
    );
    assert_eq!(
        (suite.cases[0].weight, suite.cases[0].required),
        (2.0, true)
    );
    insta::assert_snapshot!(told(&findings), @"
    warning P114 d.csv:3:1 the case lacks `n`
    note P406 d.csv:2:1 the prompt has cases and no evaluators: no answer can pass or fail
    ");
}

#[test]
fn what_is_wrong_with_a_dataset_has_its_place() {
    let found = [
        (
            "d.jsonl",
            "{\"ticket\": \"a\", \"expected\": \"b\"}\n{\"ticket\": \"\u{e9}\u{e9}\", }\n[1]\n",
        ),
        ("d.jsonl", "[\n{\"ticket\": \"a\"}\n]\n"),
        (
            "d.jsonl",
            "{\"ticket\": \"a\", \"expected\": 1, \"ticket\": \"b\"}\n",
        ),
        (
            "d.jsonl",
            "{\"ticket\": \"a\", \"expected\": 1, \"case\": {\"tags\": [], \"weight\": -1}}\n",
        ),
        (
            "d.jsonl",
            "{\"ticket\": \"a\", \"expected\": 1} {\"ticket\": \"b\"}\n",
        ),
        (
            "d.jsonl",
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
        ),
        (
            "d.json",
            "[{\"ticket\": \"a\", \"expected\": 1},\n  {\"ticket\": \"b\" \"x\"}]",
        ),
        ("d.json", "[{\"ticket\": \"a\", \"expected\": 1},\n]"),
        ("d.json", "[{\"ticket\": \"a\", \"expected\": 1}"),
        ("d.json", "[{\"ticket\": \"a\", \"expected\": 1"),
        (
            "d.json",
            "[{\"ticket\": \"a\", \"expected\": 1} {\"ticket\": \"b\"}]",
        ),
        ("d.json", "[{\"ticket\": \"a\", \"expected\": 1}] []"),
        ("d.json", "{\"cases\": []}"),
        (
            "d.yaml",
            "- {ticket: a, expected: 1}\n- {ticket: b, expected: 1\n",
        ),
        ("d.yaml", "ticket: a\n"),
        (
            "d.yaml",
            "- ticket: a\n  expected: 1\n  case:\n    id: a\n    weight: no\n- one\n",
        ),
        ("d.csv", "ticket,expected\na,b,c\nd\n"),
        ("d.csv", "ticket,expected\na,\"b\nc,d\n"),
        ("d.csv", "ticket,expected\nit is 5\" wide, say \"so\",b\n"),
        ("d.csv", "ticket,expected\n\"a\"b,c\n"),
        ("d.csv", "ticket,expected,ticket\n"),
        ("d.csv", "ticket,,expected\n"),
        ("d.csv", "ticket;expected\na;b\n"),
        ("d.csv", "ticket,__expected\na,contains:b\n"),
        ("d.csv", "ticket,expected,case.weight\na,b,heavy\nc,d,-1\n"),
        ("d.csv", "expected\nb\n"),
        ("d.txt", "a"),
    ]
    .map(|(name, text)| format!("{name} {text:?}\n{}", of(name, text)));
    insta::assert_snapshot!(found.join("\n\n"), @r#"
    d.jsonl "{\"ticket\": \"a\", \"expected\": \"b\"}\n{\"ticket\": \"éé\", }\n[1]\n"
    error P407 d.jsonl:2:18 the case is not valid JSON: trailing comma
    error P407 d.jsonl:3:1 a case is a map of fields, this is a list

    d.jsonl "[\n{\"ticket\": \"a\"}\n]\n"
    error P407 d.jsonl:1:1 the case is not valid JSON: EOF while parsing a list
    error P407 d.jsonl:3:1 the case is not valid JSON: expected value
    error P401 d.jsonl:2:1 evaluator `e` asks for `expected`, which the case `9dc85c3556b8` lacks

    d.jsonl "{\"ticket\": \"a\", \"expected\": 1, \"ticket\": \"b\"}\n"
    error P407 d.jsonl:1:32 the case is not valid JSON: the key `ticket` stands twice

    d.jsonl "{\"ticket\": \"a\", \"expected\": 1, \"case\": {\"tags\": [], \"weight\": -1}}\n"
    error P005 d.jsonl:1:63 `case.weight` wants a number above 0, at most a million

    d.jsonl "{\"ticket\": \"a\", \"expected\": 1} {\"ticket\": \"b\"}\n"
    error P407 d.jsonl:1:32 the case is not valid JSON: trailing characters

    d.jsonl "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"
    error P407 d.jsonl:1:1 git LFS has not brought the dataset: this is only its pointer

    d.json "[{\"ticket\": \"a\", \"expected\": 1},\n  {\"ticket\": \"b\" \"x\"}]"
    error P407 d.json:2:18 the case is not valid JSON: expected `,` or `}`

    d.json "[{\"ticket\": \"a\", \"expected\": 1},\n]"
    error P407 d.json:2:1 the dataset is not valid JSON: a case is missing after the comma

    d.json "[{\"ticket\": \"a\", \"expected\": 1}"
    error P407 d.json:1:32 the dataset is not valid JSON: the list is not closed

    d.json "[{\"ticket\": \"a\", \"expected\": 1"
    error P407 d.json:1:31 the dataset is not valid JSON: the last case is not closed

    d.json "[{\"ticket\": \"a\", \"expected\": 1} {\"ticket\": \"b\"}]"
    error P407 d.json:1:33 the case is not valid JSON: trailing characters

    d.json "[{\"ticket\": \"a\", \"expected\": 1}] []"
    error P407 d.json:1:34 the dataset is not valid JSON: something stands behind the list

    d.json "{\"cases\": []}"
    error P407 d.json:1:1 the dataset is not valid JSON: a list of cases is wanted here

    d.yaml "- {ticket: a, expected: 1}\n- {ticket: b, expected: 1\n"
    error P407 d.yaml:2:3 unclosed bracket '{'

    d.yaml "ticket: a\n"
    error P407 d.yaml:1:1 a list of cases is wanted, this is a map

    d.yaml "- ticket: a\n  expected: 1\n  case:\n    id: a\n    weight: no\n- one\n"
    error P005 d.yaml:5:13 `case.weight` wants a number above 0, at most a million
    error P407 d.yaml:6:3 a case is a map of fields, this is a text

    d.csv "ticket,expected\na,b,c\nd\n"
    error P407 d.csv:2:5 the row has 3 cells, and the header 2
    error P407 d.csv:3:1 the row has one cell, and the header 2

    d.csv "ticket,expected\na,\"b\nc,d\n"
    error P407 d.csv:2:3 a quotation mark is not closed

    d.csv "ticket,expected\nit is 5\" wide, say \"so\",b\n"
    error P407 d.csv:2:23 a quotation mark is not closed

    d.csv "ticket,expected\n\"a\"b,c\n"
    error P407 d.csv:2:4 text stands behind the closing quotation mark of a cell

    d.csv "ticket,expected,ticket\n"
    error P407 d.csv:1:17 two columns are called `ticket`

    d.csv "ticket,,expected\n"
    error P407 d.csv:1:8 a column has no name

    d.csv "ticket;expected\na;b\n"
    error P407 d.csv:1:1 the columns are not separated by commas

    d.csv "ticket,__expected\na,contains:b\n"
    error P407 d.csv:1:8 `__expected` is a column of promptfoo's, whose meaning is not guessed

    d.csv "ticket,expected,case.weight\na,b,heavy\nc,d,-1\n"
    error P407 d.csv:2:5 `case.weight` is not JSON: expected value
    error P005 d.csv:3:5 `case.weight` wants a number above 0, at most a million

    d.csv "expected\nb\n"
    error P114 d.csv:2:1 the case lacks `ticket`

    d.txt "a"
    error P407 prompts/a.prompt.yml:4:12 d.txt is in no format of datasets
    "#);
}

#[test]
fn a_dataset_that_is_no_text_has_the_place_of_its_first_byte_that_is_none() {
    for (name, text) in [
        (
            "d.jsonl",
            b"{\"ticket\": \"a\", \"expected\": 1}\n{\"ticket\": \"\xff\"}\n".as_slice(),
        ),
        ("d.csv", b"ticket,expected\n\xc3\xa9\xff,b\n"),
        (
            "d.json",
            b"[{\"ticket\": \"a\", \"expected\": 1},\n {\"ticket\": \"\xff\"}]",
        ),
        ("d.yaml", b"- ticket: a\n  expected: 1\n- ticket: \xff\n"),
    ] {
        let found = of(name, text);
        assert!(found.contains("is not UTF-8 text"), "{name}: {found}");
        let line = if name == "d.yaml" { ":3:11" } else { ":2:" };
        assert!(found.contains(line), "{name}: {found}");
    }
}

#[test]
fn a_dataset_that_is_not_there_is_told_in_the_prompt() {
    let rest = format!("{JUDGED}datasets:\n  - here.jsonl\n  - gone.jsonl\n");
    let mut files =
        Made::default().with("here.jsonl", "{\"ticket\": \"a\", \"expected\": \"b\"}\n");
    files.ignored = vec!["here.jsonl"];
    insta::assert_snapshot!(found(&rest, &files), @"
    error P407 prompts/a.prompt.yml:5:5 git ignores the dataset here.jsonl, so it is not read
    error P407 prompts/a.prompt.yml:6:5 there is no dataset gone.jsonl
    ");
}

#[test]
fn what_is_too_large_is_refused_without_being_held() {
    let long = "x".repeat(1 << 20);
    for (name, text) in [
        (
            "d.jsonl",
            format!(
                "{{\"ticket\": \"a\", \"expected\": 1}}\n{{\"ticket\": \"{long}\"}}\n{{\"ticket\": 1\n"
            ),
        ),
        (
            "d.json",
            format!("[{{\"ticket\": \"a\", \"expected\": 1}},\n{{\"ticket\": \"{long}\"}}]"),
        ),
        (
            "d.yaml",
            format!("- {{ticket: a, expected: 1}}\n- {{ticket: {long}, expected: 1}}\n"),
        ),
        ("d.csv", format!("ticket,expected\na,b\n{long},b\n")),
    ] {
        let found = of(name, text);
        assert!(found.contains("a case may have 1 MB"), "{name}: {found}");
        assert!(
            found.contains(":2:1 ") || found.contains(":3:1 ") || found.contains(":2:3 "),
            "{name}: {found}"
        );
        assert_eq!(
            found.contains(":3:12"),
            name == "d.jsonl",
            "what follows is read: {found}"
        );
    }
    let open = format!("ticket,expected\n\"{}", "line\n".repeat(1 << 18));
    let found = of("d.csv", open);
    assert!(
        found.contains("2:1") && found.contains("is not closed"),
        "{found}"
    );
}

#[test]
fn of_many_findings_some_are_told_and_the_rest_counted() {
    let text = "{\n".repeat(500);
    let found = of("d.jsonl", text);
    assert_eq!(found.lines().count(), 20, "{found}");
    assert!(found.ends_with("more like this)"), "{found}");
}

#[test]
fn the_topic_names_every_column_of_a_table_of_cases() {
    let topic = include_str!("../../help/cases.md");
    let named: Vec<&str> = topic
        .split("`case:` holds what the case says of itself: ")
        .nth(1)
        .and_then(|rest| rest.split(". In a CSV file").next())
        .map(|names| names.split(',').map(|it| it.trim().trim_matches('`')))
        .unwrap()
        .collect();
    assert_eq!(named, super::super::entry::KEYS);
    let example = topic.split("```text\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let shown = [
        r#"double-charge ["smoke", "money"] 2:1 {"ticket":"I was charged twice","expected":"billing"}"#,
        r#"crash [] 3:1 {"ticket":"The app crashes, again","expected":"tech"}"#,
    ];
    assert_eq!(cases("d.csv", example), shown);
    // Each of the columns is read, the ones that hold JSON as that.
    let held = topic.split("`;` stands between tags. ").nth(1).unwrap();
    let held = held.split(" hold\nJSON").next().unwrap();
    for key in super::super::entry::KEYS {
        let is_json = held.contains(&format!("`case.{key}`"));
        let cell = match key {
            "evaluators" => r#""[{""name"": ""a"", ""string"": {""contains"": ""b""}}]""#,
            "human" => r#""{""tone"": ""fair""}""#,
            "required" | "reviewed" => "true",
            "weight" | "repeat" => "2",
            "source" => "log",
            _ => "x",
        };
        assert_eq!(is_json, !["x", "log"].contains(&cell), "{key}");
        let text = "version: 1\nmessages: [{role: user, content: '{{ticket}}'}]\ndatasets: [d.csv]\nevaluators: [{name: a, string: {contains: b}}]\n";
        let table = format!("ticket,case.{key}\na,{cell}\n");
        let files = Made::default().with("d.csv", &table);
        let Reading { findings, .. } = Suite::read(&loaded(text), &files);
        assert_eq!(told(&findings), "", "{key}");
    }
}

//! What each helper does.

use super::*;

fn value() -> Value {
    json!({
        "name": "ada lovelace", "text": "  a\n\n b  ", "long": "Überlängen sind schlecht", "xs": ["a", 1, {"k": 2}], "none": [],
        "map": {"k": 1, "l": [2]}, "null": null, "n": 1234.5, "neg": -1234.567, "big": 18446744073709551615u64, "zero": 0, "share": 0.123,
        "yes": true, "digits": "3.14159", "day": "2026-11-20", "time": "2026-11-20T23:30:00-02:00", "unix": 1700000000, "half": 1.005, "it": "don't stop",
    })
}

#[test]
fn each_helper_does_what_it_says() {
    let table = [
        ("default gone \"x\"", "x"),
        ("default name \"x\"", "ada lovelace"),
        ("default null gone 3", "3"),
        ("default zero 3", "0"),
        ("json map", "{\"k\":1,\"l\":[2]}"),
        ("json name", "\"ada lovelace\""),
        ("json null", "null"),
        (
            "json map pretty=true",
            "{\n  \"k\": 1,\n  \"l\": [\n    2\n  ]\n}",
        ),
        ("json xs indent=1", "[\n \"a\",\n 1,\n {\n  \"k\": 2\n }\n]"),
        ("upper name", "ADA LOVELACE"),
        ("upper \"ß\"", "SS"),
        ("lower \"ÄB\"", "äb"),
        ("title name", "Ada Lovelace"),
        ("title it", "Don't Stop"),
        ("upper yes", "TRUE"),
        ("trim text", "a\n\n b"),
        ("indent text 2", "    a\n\n   b  "),
        ("indent \"a\" spaces=1", " a"),
        ("truncate long 10", "Überlänge…"),
        ("truncate long length=4 ellipsis=\"..\"", "Üb.."),
        ("truncate name 100", "ada lovelace"),
        ("truncate name 12", "ada lovelace"),
        ("truncate name 5", "ada…"),
        ("truncate name 0", ""),
        ("truncate name 1 ellipsis=\"...\"", "."),
        ("join xs", "a, 1, {\"k\":2}"),
        ("join xs \"; \"", "a; 1; {\"k\":2}"),
        ("join xs separator=\"\\n\"", "a\n1\n{\"k\":2}"),
        ("join none", ""),
        ("first xs", "a"),
        ("last xs", "{\"k\":2}"),
        ("length xs", "3"),
        ("length map", "2"),
        ("length \"äöü\"", "3"),
        ("lookup xs 1", "1"),
        ("lookup map \"k\"", "1"),
        ("lookup (last xs) \"k\"", "2"),
        ("round n", "1235"),
        ("round neg 1", "-1234.6"),
        ("round half digits=2", "1.01"),
        ("round digits 2", "3.14"),
        ("round big", "18446744073709551615"),
        ("round -0.4", "0"),
        ("round 0.5", "1"),
        ("round -2.5", "-3"),
        ("round 99.95 1", "100.0"),
        ("abs neg", "1234.567"),
        ("abs -3", "3"),
        ("abs zero", "0"),
        ("abs big", "18446744073709551615"),
        ("percent share", "12.3%"),
        ("percent share 0", "12%"),
        ("percent 0.5", "50.0%"),
        ("percent -0.12345 digits=2", "-12.35%"),
        ("percent 1", "100.0%"),
        ("percent 0.0004", "0.0%"),
        ("currency n", "$1,234.50"),
        ("currency neg \"EUR\"", "-€1,234.57"),
        ("currency n code=\"CHF\"", "CHF 1,234.50"),
        ("currency n symbol=\"¤\" digits=0 thousands=\"'\"", "¤1'235"),
        ("currency 1234567 \"JPY\"", "¥1,234,567"),
        ("currency 0.5", "$0.50"),
        ("currency 999.999", "$1,000.00"),
        ("date day", "2026-11-20"),
        ("date day \"%d %B %Y\"", "20 November 2026"),
        ("date time", "2026-11-21"),
        ("date time tz=\"America/New_York\"", "2026-11-20"),
        ("date unix format=\"%Y\"", "2023"),
        ("date \"20261120\"", "2026-11-20"),
        ("date \"1700000000\"", "2023-11-14"),
        ("datetime time", "2026-11-21 01:30:00 UTC"),
        (
            "datetime unix tz=\"Europe/Berlin\"",
            "2023-11-14 23:13:20 CET",
        ),
        (
            "datetime \"2026-07-01T12:00:00\" tz=\"Europe/Berlin\" format=\"%H:%M %:z\"",
            "12:00 +02:00",
        ),
        ("datetime 0.5 \"%T%.3f\"", "00:00:00.500"),
        ("trend_label n", "up"),
        ("trend_label neg", "down"),
        ("trend_label zero", "flat"),
        ("trend_label -0.1 threshold=0.2", "flat"),
        ("trend_label 1 up=\"↑\"", "↑"),
        ("trend_label \"-2\"", "down"),
        ("signal_label 0.5", "buy"),
        ("signal_label 0.2", "hold"),
        ("signal_label -1", "sell"),
        ("signal_label 70 buy=80 sell=20", "hold"),
        ("signal_label 90 buy=80 sell=20 buy_label=\"LONG\"", "LONG"),
        ("eq zero 0.0", "true"),
        ("eq name \"x\"", "false"),
        ("eq null null", "true"),
        ("eq map map", "true"),
        ("eq big 18446744073709551614", "false"),
        ("ne name \"x\"", "true"),
        ("gt n 3", "true"),
        ("gt \"10\" 9", "true"),
        ("gt \"b\" \"a\"", "true"),
        ("gte 3 3.0", "true"),
        ("lt 2 3", "true"),
        ("lte 4 3", "false"),
        ("and yes name", "true"),
        ("and zero gone", "false"),
        ("or none zero", "false"),
        ("or name gone", "true"),
        ("not zero", "true"),
        ("not (gt n 3)", "false"),
    ];
    for (call, expected) in table {
        assert_eq!(
            render(&format!("{{{{{call}}}}}"), value()).as_deref(),
            Ok(expected),
            "{call}"
        );
    }
}

#[test]
fn each_helper_says_what_it_wants() {
    let table = [
        ("upper xs", "`upper` wants a text, and a list was given"),
        ("title map", "`title` wants a text, and a map was given"),
        (
            "join name",
            "`join` wants a list, and the text \"ada lovelace\" was given",
        ),
        (
            "join xs 3",
            "`join` wants a text for `separator`, and 3 was given",
        ),
        (
            "first none",
            "`first` wants a list with items, and an empty one was given",
        ),
        (
            "last name",
            "`last` wants a list, and the text \"ada lovelace\" was given",
        ),
        (
            "length n",
            "`length` wants a list, a map or a text, and 1234.5 was given",
        ),
        ("lookup xs 9", "`lookup` finds nothing under 9"),
        (
            "lookup name 1",
            "`lookup` wants a list or a map, and the text \"ada lovelace\" was given",
        ),
        (
            "round name",
            "`round` wants a number, and the text \"ada lovelace\" was given",
        ),
        (
            "round n digits=-1",
            "`round` wants a whole number from 0 to 20 for `digits`, and -1 was given",
        ),
        ("abs yes", "`abs` wants a number, and true was given"),
        (
            "percent xs",
            "`percent` wants a number, and a list was given",
        ),
        (
            "currency name",
            "`currency` wants a number, and the text \"ada lovelace\" was given",
        ),
        (
            "currency n 5",
            "`currency` wants a text for `code`, and 5 was given",
        ),
        (
            "date name",
            "`date` wants a date such as 2026-11-20, a moment such as 2026-11-20T12:00:00Z or seconds since 1970, and the text \"ada lovelace\" was given",
        ),
        (
            "date day tz=\"Mars/Base\"",
            "`date` knows no time zone \"Mars/Base\"; a name is like \"Europe/Berlin\"",
        ),
        (
            "datetime 99999999999999",
            "`datetime` wants a date such as 2026-11-20, a moment such as 2026-11-20T12:00:00Z or seconds since 1970, and 99999999999999 was given",
        ),
        (
            "trend_label name",
            "`trend_label` wants a number, and the text \"ada lovelace\" was given",
        ),
        (
            "trend_label n threshold=\"x\"",
            "`trend_label` wants a number for `threshold`, and the text \"x\" was given",
        ),
        (
            "signal_label n buy=1 sell=2",
            "`signal_label` wants `sell` below `buy`, and 2 is not below 1",
        ),
        (
            "gt n \"x\"",
            "`gt` compares two numbers or two texts, and 1234.5 and the text \"x\" were given",
        ),
        (
            "lt xs 1",
            "`lt` compares two numbers or two texts, and a list and 1 were given",
        ),
        ("indent name", "`indent` wants `spaces=`, a whole number"),
        (
            "indent name 5000",
            "`indent` wants a whole number from 0 to 1000 for `spaces`, and 5000 was given",
        ),
        (
            "truncate name \"x\"",
            "`truncate` wants a whole number from 0 to 18446744073709551615 for `length`, and the text \"x\" was given",
        ),
        (
            "json map pretty=1",
            "`json` wants true or false for `pretty`, and 1 was given",
        ),
    ];
    for (call, expected) in table {
        let error = error(&format!("{{{{{call}}}}}"), value());
        let message = error
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("P112 10:5: "));
        assert_eq!(message, Some(expected), "{call}: {error}");
    }
}

#[test]
fn a_bad_format_is_an_error() {
    assert!(
        error("{{date \"2026-11-20\" \"%J\"}}", json!({})).contains("cannot use the format \"%J\"")
    );
}

#[test]
fn every_helper_has_an_example_that_renders_as_it_says() {
    let values: Value = serde_json::from_str(EXAMPLE_VALUES).unwrap();
    for helper in HELPERS {
        let (name, example) = (helper.name, helper.example);
        assert!(
            example.starts_with(&format!("{{{{{name} ")),
            "{name}: {example}"
        );
        let rendered = render(example, values.clone());
        assert_eq!(rendered.as_deref(), Ok(helper.result), "{example}");
    }
}

#[test]
fn every_helper_is_listed_once_with_what_it_does() {
    assert!(HELPERS.iter().all(|helper| helper.doc.len() > 10));
    let mut names: Vec<_> = HELPERS.iter().map(|helper| helper.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), HELPERS.len());
}

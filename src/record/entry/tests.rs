use super::*;
use crate::record::id::id_of_line;
use serde_json::json;

fn now() -> Timestamp {
    "2026-11-20T12:00:00.123456Z".parse().unwrap()
}

#[test]
fn a_record_is_written_with_its_long_fields_last() {
    let mut record = Record::new("support/triage", now());
    record.id = "0".to_owned();
    record.version = Some(3);
    record.labels.insert("team".to_owned(), "a".to_owned());
    record.usage.input_tokens = Some(7);
    record.variables = json!({"ticket": "x"}).as_object().cloned();
    record.output = Some("billing".to_owned());
    insta::assert_snapshot!(serde_json::to_string(&record).unwrap(), @r#"{"schema":1,"id":"0","time":"2026-11-20T12:00:00.123Z","prompt":"support/triage","version":3,"digest":null,"commit":null,"blob":null,"dirty":false,"environment":null,"variant":null,"source":"local","model":null,"status":"ok","duration_ms":null,"attempts":1,"usage":{"input_tokens":7,"cached_tokens":null,"output_tokens":null,"reasoning_tokens":null,"total_tokens":null},"cost_usd":null,"response_id":null,"request_id":null,"request_hash":null,"case":null,"labels":{"team":"a"},"fallback":null,"error":null,"variables":{"ticket":"x"},"output":"billing"}"#);
}

#[test]
fn an_outcome_is_written_whole() {
    let mut outcome = Outcome::new("0", now());
    outcome.score = Some(0.9);
    outcome.metrics.insert("r_multiple".to_owned(), 1.8);
    insta::assert_snapshot!(serde_json::to_string(&outcome).unwrap(), @r#"{"schema":1,"outcome_of":"0","time":"2026-11-20T12:00:00.123Z","score":0.9,"label":null,"metrics":{"r_multiple":1.8},"note":null}"#);
}

#[test]
fn a_record_reads_back_as_it_was_written() {
    let mut record = Record::new("a", "2026-11-20T12:00:00.123Z".parse().unwrap());
    record.status = Status::InvalidOutput;
    record.error = Some(ErrorNote {
        code: Some("P311".to_owned()),
        message: "no\nJSON".to_owned(),
        reason: None,
    });
    record.cost_usd = Some(0.000_42);
    let text = serde_json::to_string(&record).unwrap();
    assert!(!text.contains('\n'));
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
}

#[test]
fn each_word_is_found_as_it_is_written() {
    assert!(
        Source::ALL
            .iter()
            .all(|it| Source::find(it.as_str()) == Some(*it))
    );
    assert!(
        Status::ALL
            .iter()
            .all(|it| Status::find(it.as_str()) == Some(*it))
    );
    assert_eq!((Source::find("Local"), Status::find("")), (None, None));
}

#[test]
fn ids_sort_by_their_time() {
    let later = "2026-11-20T12:00:00.124456Z".parse().unwrap();
    let (first, second) = (new_id(now()), new_id(later));
    assert!(first < second, "{first} {second}");
    assert_ne!(new_id(now()), new_id(now()));
    assert_eq!(uuid::Uuid::parse_str(&first).unwrap().get_version_num(), 7);
}

#[test]
fn the_record_of_a_service_is_checked_and_completed() {
    let record = Record::external(
        &json!({"prompt": "a", "source": "local", "model": "m", "usage": {"input_tokens": 1}}),
        now(),
    )
    .unwrap();
    assert_eq!(record.source, Source::External);
    assert_eq!(
        (record.status, record.time),
        (Status::Ok, "2026-11-20T12:00:00.123Z".parse().unwrap())
    );
    assert_eq!(record.usage.input_tokens, Some(1));

    for (line, part) in [
        (json!([]), "object"),
        (json!({"model": "m"}), "lacks `prompt`"),
        (
            json!({"prompt": "a", "modle": "m"}),
            "`modle` is not a field",
        ),
        (
            json!({"prompt": "a", "version": "3"}),
            "`version` of a record cannot be \"3\"",
        ),
        (
            json!({"prompt": "a", "time": "yesterday"}),
            "`time` of a record cannot be \"yesterday\"",
        ),
        (
            json!({"prompt": "a", "status": "done"}),
            "`status` of a record cannot be \"done\"",
        ),
        (json!({"prompt": "a", "schema": 2}), "`schema` is 2"),
        (
            json!({"prompt": "a", "cost_usd": -0.01}),
            "`cost_usd` is negative",
        ),
    ] {
        let failure = Record::external(&line, now()).unwrap_err();
        assert!(
            failure.message.contains(part),
            "{line}: {}",
            failure.message
        );
    }
}

#[test]
fn a_field_that_is_no_field_is_told_from_those_that_are() {
    let hints = |key: &str| {
        let line = json!({"prompt": "a", key: 1});
        let failure = Record::external(&line, now()).unwrap_err();
        format!("{:?}", failure.hints)
    };
    assert!(hints("modle").contains("did you mean `model`?"));
    let all = hints("cost");
    for field in names_of::<Record>() {
        assert!(all.contains(field), "{field}: {all}");
    }
}

#[test]
fn a_record_that_was_exported_can_be_taken_in_with_every_field() {
    let line = json!({"prompt": "a", "overrides": {"model": "m"}, "tool_calls": [{"name": "f"}],
        "sent": ["user"], "sent_hash": "x"});
    let record = Record::external(&line, now()).unwrap();
    let taken = serde_json::to_value(&record).unwrap();
    for field in ["overrides", "tool_calls", "sent", "sent_hash"] {
        assert_eq!(taken[field], line[field]);
    }
}

#[test]
fn every_field_of_a_record_stands_in_the_topic_of_the_log() {
    let topic = include_str!("../../help/log.md");
    let (_, table) = topic.split_once("| field | is |\n|---|---|\n").unwrap();
    let rows = table.lines().map_while(|line| line.strip_prefix("| "));
    let (mut told, mut meanings) = (Vec::new(), String::new());
    for row in rows {
        let (names, meaning) = row.split_once(" | ").unwrap();
        told.extend(names.split(", ").map(|name| name.trim_matches('`')));
        meanings += meaning;
    }
    told.sort_unstable();
    let mut fields = names_of::<Record>().to_vec();
    fields.sort_unstable();
    assert_eq!(told, fields);
    let inner = [
        names_of::<Usage>(),
        names_of::<ErrorNote>(),
        names_of::<Overrides>(),
    ]
    .concat();
    let words = Status::ALL.iter().map(|it| it.as_str());
    for name in inner.into_iter().chain(words) {
        assert!(meanings.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn a_line_has_the_same_id_whenever_it_is_read() {
    let ids = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let times = ["2026-11-20T12:00:00Z", "2026-11-21T12:00:00.5Z"];
        times.map(|now| {
            let record = Record::external(&line, now.parse().unwrap()).unwrap();
            [0, 1].map(|above| id_of_line(&line, record.time, above))
        })
    };
    for (line, is_counted) in [
        (
            r#"{"prompt": "a", "time": "2026-11-01T10:00:00.123Z"}"#,
            true,
        ),
        (
            r#"{"prompt": "a", "time": "2026-11-01T10:00:00.000Z"}"#,
            true,
        ),
        (
            r#"{"prompt": "a", "time": "2026-11-01T10:00:00Z", "response_id": "resp_1"}"#,
            false,
        ),
        (r#"{"prompt": "a", "response_id": "resp_1"}"#, false),
    ] {
        let [today, tomorrow] = ids(line);
        assert_eq!(today, tomorrow, "{line}");
        assert!(today[0].is_some(), "{line}");
        // Equal lines are different calls, but for one answer.
        assert_eq!(today[0] != today[1], is_counted, "{line}");
    }
    let more = r#"{"cost_usd": 0.1, "response_id": "resp_1", "prompt": "a"}"#;
    assert_eq!(
        ids(more),
        ids(r#"{"prompt": "a", "response_id": "resp_1"}"#)
    );
    for line in [
        r#"{"prompt": "a"}"#,
        r#"{"prompt": "a", "response_id": ""}"#,
        r#"{"prompt": "a", "time": "2026-11-01T10:00:00Z"}"#,
    ] {
        assert_eq!(ids(line), [[None, None], [None, None]], "{line}");
    }
}

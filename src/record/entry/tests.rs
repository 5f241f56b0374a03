use super::*;
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
    assert_eq!(Uuid::parse_str(&first).unwrap().get_version_num(), 7);
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
        (json!({"prompt": "a", "version": "3"}), "not valid"),
        (json!({"prompt": "a", "time": "yesterday"}), "RFC 3339"),
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

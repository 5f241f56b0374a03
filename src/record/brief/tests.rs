use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::record::entry::ErrorNote;

fn read(line: &str) -> Option<Brief<'_>> {
    Brief::read(line.as_bytes())
}

fn word() -> BoxedStrategy<String> {
    prop_oneof!["[a-zé/\"\\\\\n ]{0,8}", "[a-z0-9]{1,12}"].boxed()
}

prop_compose! {
    fn record()(
        (time, prompt, version) in (-62_000_000_000_000i64..250_000_000_000_000, word(), proptest::option::of(any::<u32>())),
        (environment, variant, model, case) in (proptest::option::of("[a-z]{1,4}"), proptest::option::of("[a-z]{1,4}"), proptest::option::of("[a-z]{1,4}"), proptest::option::of("[a-z]{1,4}")),
        (source, status) in (0..4usize, 0..4usize),
        (duration_ms, tokens, cost_usd) in (proptest::option::of(any::<u64>()), proptest::option::of(any::<u64>()), proptest::option::of(0.0..9.0f64)),
        labels in proptest::collection::btree_map("[a-z]{1,3}", word(), 0..3),
        (error, sent, reason) in (proptest::option::of(word()), proptest::collection::vec(word(), 0..3), proptest::option::of(word())),
        (request_hash, sent_hash) in (proptest::option::of("[a-f0-9]{1,8}"), proptest::option::of("[a-f0-9]{1,8}")),
    ) -> Record {
        let mut record = Record::new(prompt, Timestamp::from_millisecond(time).unwrap());
        record.version = version;
        record.environment = environment;
        record.variant = variant;
        record.model = model;
        record.case = case;
        record.source = Source::ALL[source];
        record.status = Status::ALL[status];
        record.duration_ms = duration_ms;
        record.usage.input_tokens = tokens;
        record.usage.cache_write_tokens = tokens;
        record.cost_usd = cost_usd;
        record.labels = labels;
        record.sent = sent;
        (record.request_hash, record.sent_hash) = (request_hash, sent_hash);
        record.error = error.map(|message| ErrorNote {
            message,
            reason,
            code: None
        });
        record
    }
}

proptest! {
    #[test]
    fn a_line_says_shortly_what_it_says_at_length(record in record()) {
        let line = serde_json::to_string(&record).unwrap();
        let whole: Record = serde_json::from_str(&line).unwrap();
        match read(&line) {
            Some(found) => prop_assert_eq!(found, Brief::of(&whole)),
            // What is escaped, and numbers of twenty digits, are left to the other reader.
            None => prop_assert!(line.contains('\\') || line.bytes().filter(u8::is_ascii_digit).count() > 40),
        }
    }

    #[test]
    fn what_no_reader_takes_is_taken_by_neither(record in record(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut line = serde_json::to_vec(&record).unwrap();
        let at = at.index(line.len());
        line[at] = byte;
        let found = Brief::read(&line);
        if let Some(found) = found {
            // Behind the head nothing is looked at.
            let head = head_end(&line).unwrap();
            let whole = [&line[..head], b"}"].concat();
            let whole: Record = serde_json::from_slice(&whole).unwrap();
            prop_assert_eq!(found, Brief::of(&whole));
        }
    }
}

#[test]
fn a_plain_line_is_read_without_another_reader() {
    let mut record = Record::new(
        "support/triage",
        "2024-02-29T23:59:59.999Z".parse().unwrap(),
    );
    record.labels.insert("team".to_owned(), "a".to_owned());
    record.labels.insert("user".to_owned(), String::new());
    record.variables = json!({"x": "\"variables\":"}).as_object().cloned();
    let line = serde_json::to_string(&record).unwrap();
    let found = read(&line).unwrap();
    assert_eq!(found, Brief::of(&record));
    assert_eq!((found.label("user"), found.label("tea")), (Some(""), None));
    assert_eq!(read(&line[..line.len() - 1]), None);
}

#[test]
fn a_request_with_what_a_caller_added_is_another_than_the_prompts_own() {
    let mut record = Record::new("a", "2024-02-29T23:59:59.999Z".parse().unwrap());
    record.request_hash = Some("own".to_owned());
    assert_eq!(Brief::of(&record).request, Some("own".into()));
    record.sent = vec!["user".to_owned()];
    assert_eq!(Brief::of(&record).request, None);
    record.sent_hash = Some("added".to_owned());
    assert_eq!(Brief::of(&record).request, Some("added".into()));
}

#[test]
fn the_first_line_of_a_text_is_read_as_it_is_alone() {
    let mut record = Record::new("support/triage", jiff::Timestamp::UNIX_EPOCH);
    let mut line = serde_json::to_string(&record).unwrap();
    let text = format!("{line}\n{line}\n");
    let (brief, first) = Brief::first(text.as_bytes()).unwrap();
    assert_eq!(first, line.as_bytes());
    assert_eq!(Some(brief), read(&line));
    // Torn in its fields, or behind them, or between a figure and what follows.
    for at in [40, line.len() - 3] {
        let torn = format!("{}\n{line}\n", &line[..at]);
        assert_eq!(Brief::first(torn.as_bytes()), None, "{at}");
    }
    let torn = text.replacen("\"cost_usd\":null,", "\"cost_usd\":1e3\n,", 1);
    assert_eq!(Brief::first(torn.as_bytes()), None);
    record.error = Some(ErrorNote {
        message: "no".to_owned(),
        ..ErrorNote::default()
    });
    line = serde_json::to_string(&record).unwrap();
    assert_eq!(Brief::first(line.as_bytes()), None);
    assert!(read(&line).is_some());
}

#[test]
fn a_figure_is_possible_up_to_its_limit_and_taken_out_beyond() {
    type Change = fn(&mut Record);
    let cases: [(Change, Option<Impossible>); 9] = [
        (|_| {}, None),
        (|it| it.cost_usd = Some(0.0), None),
        (|it| it.cost_usd = Some(1e6), None),
        (|it| it.duration_ms = Some(31_622_400_000), None),
        (|it| it.usage.output_tokens = Some(1_000_000_000_000), None),
        (
            |it| it.cost_usd = Some(-1e-9),
            Some(Impossible::NegativeCost),
        ),
        (
            |it| it.cost_usd = Some(1e308),
            Some(Impossible::TooMuch("cost_usd", 1e6)),
        ),
        (
            |it| it.duration_ms = Some(31_622_400_001),
            Some(Impossible::TooMuch("duration_ms", 31_622_400_000.0)),
        ),
        (
            |it| it.usage.output_tokens = Some(u64::MAX),
            Some(Impossible::TooMuch("output_tokens", 1e12)),
        ),
    ];
    for (change, expected) in cases {
        let mut record = Record::new("a", jiff::Timestamp::UNIX_EPOCH);
        change(&mut record);
        assert_eq!(record.impossible(), expected);
        let mut brief = Brief::of(&record);
        assert_eq!(brief.take_out_impossible(), expected);
        assert_eq!(brief.take_out_impossible(), None, "{expected:?}");
    }
}

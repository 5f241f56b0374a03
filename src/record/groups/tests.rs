//! Whole logs to figures.

mod kept;

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::prompt::code;
use crate::record::entry::{Outcome, Record, Status};
use crate::record::filter::Filter;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
}

fn question(by: &[&str]) -> Question {
    Question {
        filter: Filter::default(),
        by: by.iter().map(|name| name.parse().unwrap()).collect(),
        values: Vec::new(),
        win: "win".to_owned(),
        with_mix: false,
        with_costs: false,
        zone: TimeZone::UTC,
        releases: Releases::new(),
        without_past: false,
        now: at(1_000_000),
    }
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn log(&self, name: &str, lines: &str) -> Log {
        let path = self.folder.path().join(name);
        std::fs::write(&path, lines).unwrap();
        Log::at(path)
    }
}

fn line(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap() + "\n"
}

fn record(number: i64, version: u32) -> Record {
    let mut record = Record::new("a", at(number));
    record.id = format!("id-{number}");
    record.version = Some(version);
    record.duration_ms = Some(100 + number as u64);
    record
}

fn outcome_line(number: i64, minute: i64, say: impl FnOnce(&mut Outcome)) -> String {
    let mut outcome = Outcome::new(format!("id-{number}"), at(minute));
    say(&mut outcome);
    line(&outcome)
}

fn only(groups: &Groups) -> &Group {
    assert_eq!(groups.groups.len(), 1, "{:?}", groups.groups.keys());
    groups.groups.values().next().unwrap()
}

#[test]
fn what_is_odd_in_logs_is_counted_and_the_figures_are_right() {
    let place = Place::new();
    let mut one = String::new();
    for number in 0..10 {
        one += &line(&record(number, 1 + number as u32 % 2));
    }
    // The clock is set back, and the machine goes on.
    one += &line(&record(-1_000, 1));
    one += &outcome_line(3, 5, |it| it.label = Some("win".to_owned()));
    one += "\n{\"schema\":1,\"id\":\"torn\n{\"schema\":2,\"id\":\"newer\"}\n{\"schema\":2}\n\0\0\n";
    // Another machine's log has some of the same records, and one of its own.
    let mut other: String = (5..10).map(|number| line(&record(number, 2))).collect();
    other += &line(&record(11, 2));
    other += &line(&record(2_000_000, 2));
    other += &outcome_line(77, 5, |it| it.score = Some(1.0));
    let logs = [
        place.log("one.jsonl", &one),
        place.log("other.jsonl", &other),
        place.log("one.jsonl", &one),
    ];
    let found = read(&logs, &question(&["version"]), None).unwrap();
    let counts: Vec<_> = found
        .groups
        .iter()
        .map(|(key, it)| (key[0].to_string(), it.executions))
        .collect();
    assert_eq!(counts, [("1".to_owned(), 6), ("2".to_owned(), 7)]);
    let met = Met {
        duplicates: 5,
        unknown: 1,
        replaced: 0,
        summed: 0,
        ahead: 1,
        ahead_outcomes: 0,
    };
    assert_eq!(found.met, met);
    let [one, other] = &found.sources[..] else {
        panic!("{:?}", found.sources)
    };
    assert_eq!(
        (one.lines, other.lines, one.backwards, other.backwards),
        (17, 8, 1, 0)
    );
    let skipped: Vec<_> = one
        .skipped
        .iter()
        .map(|it| (it.line, it.count, it.newer_schema))
        .collect();
    // The first took longer than any call, which does not count.
    let bad = [(14, 1, None), (15, 2, Some(2)), (17, 1, None)];
    assert_eq!(skipped, [&[(11, 1, None)], &bad[..]].concat());
    let won = &found.groups[&vec![Value::Number(2)]].outcomes;
    assert_eq!((won.count, won.won, won.won_priced), (1, 1, 0));
}

#[test]
fn the_last_outcome_by_time_wins_wherever_it_stands() {
    let place = Place::new();
    let score = |number, minute, score| outcome_line(number, minute, |it| it.score = Some(score));
    let profit = |minute, profit: f64| {
        outcome_line(1, minute, |it| {
            it.metrics.insert("profit".to_owned(), profit);
        })
    };
    // An outcome may stand before its execution, as where two logs are put together.
    let text = score(1, 9, 0.5)
        + &line(&record(1, 1))
        + &score(1, 8, 0.1)
        + &profit(7, 3.0)
        + &profit(7, 4.0)
        + &line(&record(2, 1))
        + &score(2, 3, 1.0);
    let found = read(&[place.log("log.jsonl", &text)], &question(&[]), None).unwrap();
    let outcomes = &only(&found).outcomes;
    assert_eq!(outcomes.count, 2);
    assert_eq!(outcomes.score.sum(), Some(1.5));
    assert_eq!(outcomes.metrics["profit"].sum(), Some(4.0));
    assert_eq!(found.met.replaced, 2);
}

#[test]
fn a_price_that_is_not_known_is_counted_and_never_0() {
    let place = Place::new();
    let mut text = String::new();
    for (number, cost) in [(0, Some(0.5)), (1, None), (2, Some(1.5)), (3, None)] {
        let mut priced = record(number, 1);
        priced.cost_usd = cost;
        text += &line(&priced);
        text += &outcome_line(number, 9, |it| it.label = Some("win".to_owned()));
    }
    let found = read(&[place.log("log.jsonl", &text)], &question(&[]), None).unwrap();
    let group = only(&found);
    assert_eq!(
        (group.cost.sum(), group.cost.mean(), group.unpriced),
        (Some(2.0), Some(1.0), 2)
    );
    assert_eq!(group.cost_per_win(), Some(1.0));
    let text = line(&record(9, 1));
    let found = read(&[place.log("log.jsonl", &text)], &question(&[]), None).unwrap();
    assert_eq!(
        (only(&found).cost.sum(), only(&found).cost_per_win()),
        (None, None)
    );
}

#[test]
fn what_calls_cost_whose_outcome_has_not_come_stands_in_no_cost_of_a_win() {
    let place = Place::new();
    let mut text = String::new();
    for (number, cost, label) in [
        (0, 1.0, Some("win")),
        (1, 3.0, Some("loss")),
        (2, 100.0, None),
    ] {
        let mut priced = record(number, 1);
        priced.cost_usd = Some(cost);
        text += &line(&priced);
        text += &outcome_line(number, 9, |it| {
            it.score = Some(0.5);
            it.label = label.map(str::to_owned);
        });
    }
    let found = read(&[place.log("log.jsonl", &text)], &question(&[]), None).unwrap();
    let group = only(&found);
    assert_eq!(
        (group.cost.sum(), group.cost_per_win()),
        (Some(104.0), Some(4.0))
    );
}

#[test]
fn an_outcome_of_a_time_to_come_counts_only_while_no_other_does() {
    let tomorrow = 1_000_000 + 24 * 60;
    let told = |number, minute, label: &str| {
        outcome_line(number, minute, |it| it.label = Some(label.to_owned()))
    };
    let place = Place::new();
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]] {
        let lines = [
            line(&record(0, 1)) + &line(&record(1, 1)) + &line(&record(2, 1)),
            told(0, tomorrow + 1, "win"),
            told(0, 9, "loss"),
            told(1, tomorrow + 1, "win"),
            // As a clock that goes wrong by less.
            told(2, tomorrow, "loss"),
        ];
        let text: String = order.iter().map(|at| lines[*at].as_str()).collect();
        let found = read(&[place.log("log.jsonl", &text)], &question(&[]), None).unwrap();
        let labels = &only(&found).outcomes.labels;
        assert_eq!(
            labels
                .iter()
                .map(|(label, count)| (label.as_str(), *count))
                .collect::<Vec<_>>(),
            [("loss", 2), ("win", 1)]
        );
        assert_eq!((found.met.ahead_outcomes, found.met.replaced), (2, 1));
    }
}

#[test]
fn what_is_said_again_replaces_nothing() {
    let place = Place::new();
    let said = outcome_line(0, 9, |it| {
        it.label = Some("win".to_owned());
        it.metrics.insert("r".to_owned(), 1.5);
    });
    let text = line(&record(0, 1)) + &said + &said.replace(&at(9).to_string(), &at(10).to_string());
    let found = read(&[place.log("log.jsonl", &text)], &question(&[]), None).unwrap();
    assert_eq!((only(&found).outcomes.count, found.met.replaced), (1, 0));
}

#[test]
fn several_questions_at_once_are_answered_as_each_alone() {
    let place = Place::new();
    let mut text = String::new();
    for number in 0..60 {
        let mut record = record(number * 60, 1 + number as u32 % 3);
        record.prompt = ["a", "b"][number as usize % 2].to_owned();
        record.model = (number % 3 > 0).then(|| format!("m{}", number % 3));
        record.cost_usd = (number % 4 > 0).then_some(number as f64);
        record.request_hash = Some(format!("request {}", number % 7));
        text += &line(&record);
        if number % 5 > 0 {
            let label = ["win", "loss"][number as usize % 2];
            text += &outcome_line(number * 60, 5_000, |it| it.label = Some(label.to_owned()));
        }
    }
    let again: String = text.lines().take(20).map(|it| format!("{it}\n")).collect();
    let logs = [place.log("log.jsonl", &(text + &again))];
    let labelled = Filter {
        labels: vec![("win".to_owned(), None)],
        ..Filter::default()
    };
    for filter in [Filter::default(), labelled] {
        let ask = |by: &[&str], with_costs| Question {
            filter: filter.clone(),
            with_costs,
            ..question(by)
        };
        let questions = [
            ask(&["prompt", "version"], false),
            ask(&["prompt", "model"], true),
            ask(&["day", "model"], false),
            ask(&["model", "day"], false),
            ask(&[], true),
        ];
        let at_once = read_all(&logs, &questions.each_ref(), None).unwrap();
        assert_eq!(at_once.len(), questions.len());
        for (question, at_once) in questions.iter().zip(at_once) {
            let alone = read(&logs, question, None).unwrap();
            assert!(!alone.groups.is_empty());
            assert_eq!(at_once.groups, alone.groups);
            assert_eq!((at_once.met, at_once.sources), (alone.met, alone.sources));
        }
    }
}

#[test]
fn an_outcome_of_what_the_filter_leaves_out_is_not_unknown() {
    let place = Place::new();
    let text =
        line(&record(1, 1)) + &line(&record(2, 2)) + &outcome_line(1, 9, |it| it.score = Some(1.0));
    let mut question = question(&["version"]);
    question.filter.version = Some(2);
    let found = read(&[place.log("log.jsonl", &text)], &question, None).unwrap();
    assert_eq!(found.met.unknown, 0);
    assert_eq!(only(&found).outcomes.count, 0);
}

#[test]
fn a_label_of_the_filter_is_met_by_any_outcome_and_the_last_one_counts() {
    let place = Place::new();
    let label = |number, minute, label: &str| {
        outcome_line(number, minute, |it| it.label = Some(label.to_owned()))
    };
    let text = label(1, 3, "checked")
        + &line(&record(1, 1))
        + &label(1, 4, "win")
        + &line(&record(2, 1))
        + &label(2, 5, "win");
    let mut question = question(&["version"]);
    question.filter.labels = vec![("checked".to_owned(), None)];
    let found = read(&[place.log("log.jsonl", &text)], &question, None).unwrap();
    let group = only(&found);
    assert_eq!((group.executions, group.outcomes.won), (1, 1));
    assert_eq!(group.outcomes.labels.len(), 1);
}

#[test]
fn a_field_of_the_answers_is_a_number_or_a_word() {
    let place = Place::new();
    let mut text = String::new();
    for (number, output) in [
        (1, "{\"a\":{\"b\":0.5},\"c\":true}"),
        (2, "{\"a\":{\"b\":1.5}}"),
        (3, "no"),
    ] {
        let mut answered = record(number, 1);
        answered.output = Some(output.to_owned());
        text += &line(&answered);
    }
    let mut question = question(&[]);
    question.values = vec!["/a/b".to_owned(), "/c".to_owned()];
    let found = read(&[place.log("log.jsonl", &text)], &question, None).unwrap();
    let [numbers, words] = &only(&found).answers[..] else {
        panic!()
    };
    assert_eq!((numbers.numbers.mean(), numbers.without), (Some(1.0), 1));
    assert_eq!((words.words.get("true"), words.without), (Some(&1), 2));
}

#[test]
fn a_release_is_the_one_that_was_live_when_the_call_was_made() {
    let place = Place::new();
    let mut text = String::new();
    for (number, environment) in [
        (1, Some("production")),
        (5, Some("production")),
        (6, None),
        (9, Some("staging")),
    ] {
        let mut placed = record(number, 1);
        placed.environment = environment.map(str::to_owned);
        text += &line(&placed);
    }
    let mut question = question(&["release"]);
    let of = |environment: &str| ("a".to_owned(), environment.to_owned());
    question
        .releases
        .insert(of("production"), vec![(at(0), 1), (at(5), 2)]);
    question.releases.insert(of("staging"), vec![(at(10), 1)]);
    let found = read(&[place.log("log.jsonl", &text)], &question, None).unwrap();
    let counts: Vec<_> = found
        .groups
        .iter()
        .map(|(key, it)| (key[0].to_string(), it.executions))
        .collect();
    let expected = [("production/1", 1), ("production/2", 1), ("-", 2)];
    assert_eq!(counts, expected.map(|(key, count)| (key.to_owned(), count)));
}

#[test]
fn a_large_log_gives_what_its_pieces_give() {
    let place = Place::new();
    let mut text = String::new();
    let mut sums = std::collections::BTreeMap::new();
    for number in 0..40_000_i64 {
        let mut record = record(number, 1 + (number % 7) as u32);
        record.id = format!("id-{}", number % 39_000);
        record.output = Some("x".repeat(100));
        record.status = if number % 3 == 0 {
            Status::Error
        } else {
            Status::Ok
        };
        record.cost_usd = Some(0.001);
        if number < 39_000 {
            let sum = sums.entry(number % 7).or_insert((0, 0));
            sum.0 += 1;
            sum.1 += i32::from(number % 3 != 0);
        }
        text += &line(&record);
    }
    write!(text, "{{\"schema\":1,\"id\":\"to").unwrap();
    let log = place.log("log.jsonl", &text);
    assert!(text.len() > 9 << 20, "{}", text.len());
    let found = read(std::slice::from_ref(&log), &question(&["version"]), None).unwrap();
    let counts: Vec<_> = found
        .groups
        .values()
        .map(|it| (it.executions, it.ok as i32))
        .collect();
    assert_eq!(counts, sums.into_values().collect::<Vec<_>>());
    assert_eq!(found.met.duplicates, 1000);
    assert_eq!(
        (found.sources[0].lines, found.sources[0].skipped[0].line),
        (40_001, 40_001)
    );
    let again = read(&[log], &question(&["version"]), None).unwrap();
    assert!(again.groups == found.groups && again.sources == found.sources);
}

#[test]
fn archives_are_read_and_a_damaged_one_is_said() {
    let place = Place::new();
    let log = Log::at(place.folder.path().join("executions.jsonl")).rotated_at(2_000);
    for number in 0..20 {
        log.append(&record(number, 1)).unwrap();
    }
    let found = read(std::slice::from_ref(&log), &question(&[]), None).unwrap();
    assert_eq!(only(&found).executions, 20);
    assert!(found.sources.len() > 2, "{:?}", found.sources);
    let archive = Log::at(place.folder.path().join("executions.1.jsonl.gz"));
    let both = read(&[archive.clone(), log.clone()], &question(&[]), None).unwrap();
    assert_eq!((only(&both).executions, both.met.duplicates), (20, 0));
    let packed = std::fs::read(archive.path()).unwrap();
    std::fs::write(archive.path(), &packed[..packed.len() / 2]).unwrap();
    let found = read(&[log], &question(&[]), None).unwrap();
    assert!(only(&found).executions < 20);
    assert!(
        found.sources[0].skipped[0].reason.contains("damaged"),
        "{:?}",
        found.sources[0]
    );
}

#[test]
fn more_groups_than_can_be_held_are_refused() {
    let place = Place::new();
    let text: String = (0..=MOST_GROUPS as i64)
        .map(|number| line(&record(number, number as u32)))
        .collect();
    let failure = read(
        &[place.log("log.jsonl", &text)],
        &question(&["version"]),
        None,
    )
    .unwrap_err();
    assert_eq!(failure.code, Some(code::TOO_MANY_GROUPS));
}

use std::fs;
use std::sync::Barrier;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::record::entry::{Outcome, Record, Status};
use crate::record::filter::Filter;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

pub(super) fn record(second: i64, prompt: &str) -> Record {
    let mut record = Record::new(prompt, at(second));
    record.variables = json!({"n": second}).as_object().cloned();
    record.output = Some(format!("output {second}"));
    record
}

pub(super) struct Place {
    _folder: tempfile::TempDir,
    pub(super) log: Log,
}

pub(super) fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::at(folder.path().join(".promptctl/executions.jsonl"));
    Place {
        _folder: folder,
        log,
    }
}

fn filled(count: i64) -> (Place, Vec<Record>) {
    let place = place();
    let records: Vec<_> = (0..count).map(|second| record(second, "a")).collect();
    place.log.append_all(&records).unwrap();
    (place, records)
}

fn outputs(listing: &Listing) -> Vec<&str> {
    let records = listing.executions.iter().map(|it| &it.record);
    records
        .map(|it| it.output.as_deref().unwrap_or_default())
        .collect()
}

pub(super) fn newest(limit: usize) -> Query {
    Query {
        order: Order::NewestFirst,
        limit: Some(limit),
        ..Query::default()
    }
}

#[test]
fn a_record_comes_back_as_it_was_appended() {
    let place = place();
    let record = record(0, "support/triage");
    place.log.append(&record).unwrap();
    let listing = place.log.list(&Query::default()).unwrap();
    assert!(listing.bad.is_empty());
    let found = &listing.executions[0].record;
    assert_eq!(
        (&found.id, &found.output, &found.variables),
        (&record.id, &record.output, &record.variables)
    );
    let folder = place.log.path().parent().unwrap();
    assert_eq!(
        fs::read_to_string(folder.join(".gitignore")).unwrap(),
        "*\n"
    );
}

#[test]
fn a_log_that_does_not_exist_is_empty() {
    let place = place();
    assert!(
        place
            .log
            .list(&Query::default())
            .unwrap()
            .executions
            .is_empty()
    );
    let failure = place.log.find("0").unwrap_err();
    assert_eq!(failure.code, Some(code::UNKNOWN_EXECUTION));
    let mut tail = place.log.tail().unwrap();
    assert!(place.log.follow(&mut tail).unwrap().is_empty());
    assert!(!place.log.path().exists(), "reading makes nothing");
}

#[test]
fn many_writers_tear_and_lose_nothing() {
    const WRITERS: i64 = 8;
    const EACH: i64 = 50;
    let place = place();
    let barrier = Barrier::new(WRITERS as usize);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let log = Log::at(place.log.path());
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                for number in 0..EACH {
                    let mut record = record(number, &format!("w{writer}"));
                    // From a few bytes to more than one page and one pipe buffer.
                    record.output = Some("x".repeat(1 << (number % 18)));
                    log.append(&record).unwrap();
                }
            });
        }
    });
    let listing = place.log.list(&Query::default()).unwrap();
    assert_eq!(listing.bad, []);
    assert_eq!(listing.executions.len() as i64, WRITERS * EACH);
    for writer in 0..WRITERS {
        let name = format!("w{writer}");
        let of_writer = listing
            .executions
            .iter()
            .filter(|it| it.record.prompt == name);
        let times: Vec<_> = of_writer.map(|it| it.record.time).collect();
        assert_eq!(
            times,
            (0..EACH).map(at).collect::<Vec<_>>(),
            "in the order written"
        );
    }
}

#[test]
fn a_torn_line_is_set_apart_and_told() {
    let (place, records) = filled(2);
    let text = fs::read_to_string(place.log.path()).unwrap();
    for cut in [1, 40, 300] {
        fs::write(place.log.path(), &text[..text.len() - cut]).unwrap();
        place.log.append(&record(9, "a")).unwrap();
        let listing = place.log.list(&Query::default()).unwrap();
        let is_only_its_end = cut == 1;
        let expected: &[&str] = if is_only_its_end {
            &["output 0", "output 1", "output 9"]
        } else {
            &["output 0", "output 9"]
        };
        assert_eq!(outputs(&listing), expected, "cut by {cut}");
        if !is_only_its_end {
            let bad = &listing.bad[0];
            assert_eq!((listing.bad.len(), bad.line), (1, 2));
            assert_eq!(
                bad.reason,
                "the line is torn: its writer was stopped in the middle"
            );
        }
    }
    assert_eq!(records.len(), 2);
}

#[test]
fn what_is_not_a_record_is_skipped_and_told_with_its_line() {
    let (place, records) = filled(1);
    let good = fs::read_to_string(place.log.path()).unwrap();
    let text = format!("{{\"a\":1}}\n\n{good}not json\r\n\0\0\0\n{good}[]\n");
    fs::write(place.log.path(), text).unwrap();
    for order in [Order::OldestFirst, Order::NewestFirst] {
        let query = Query {
            order,
            ..Query::default()
        };
        let listing = place.log.list(&query).unwrap();
        // It stands there twice, and is listed once.
        assert_eq!(listing.executions.len(), 1);
        let lines: Vec<_> = listing.bad.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [1, 4, 5, 7]);
        let finding = crate::prompt::finding::Finding::from(&listing.bad[1]);
        assert_eq!(finding.code, code::BAD_LOG_LINE);
        assert!(
            finding
                .location()
                .unwrap()
                .ends_with("executions.jsonl:4:1")
        );
        assert_eq!(finding.message, "skipped: the line is not JSON");
    }
    assert_eq!(records.len(), 1);
}

#[test]
fn the_newest_come_first_when_asked_for() {
    let (place, _) = filled(600);
    let listing = place.log.list(&newest(3)).unwrap();
    assert_eq!(
        outputs(&listing),
        ["output 599", "output 598", "output 597"]
    );
    let oldest = Query {
        limit: Some(2),
        ..Query::default()
    };
    assert_eq!(
        outputs(&place.log.list(&oldest).unwrap()),
        ["output 0", "output 1"]
    );
}

#[test]
fn a_short_reading_leaves_the_long_fields_out() {
    let (place, records) = filled(1);
    let query = Query {
        is_short: true,
        ..Query::default()
    };
    let listing = place.log.list(&query).unwrap();
    let found = &listing.executions[0].record;
    assert_eq!((&found.variables, &found.output), (&None, &None));
    assert_eq!(found.id, records[0].id);
}

#[test]
fn texts_that_look_like_long_fields_change_nothing() {
    let place = place();
    let mut tricky = record(0, "a");
    tricky.labels.insert("variables".to_owned(), "x".to_owned());
    tricky
        .labels
        .insert("a".to_owned(), r#"","variables":{}"#.to_owned());
    tricky.variables = json!({"variables": {"variables": 1}, "output": ",\"variables\":"})
        .as_object()
        .cloned();
    place.log.append(&tricky).unwrap();
    let found = place.log.find(&tricky.id).unwrap().0.record;
    assert_eq!(
        (found.labels, found.variables),
        (tricky.labels, tricky.variables)
    );
}

#[test]
fn the_order_of_fields_does_not_matter_to_a_reader() {
    let (place, records) = filled(1);
    let value = serde_json::to_value(&records[0]).unwrap();
    let object = value.as_object().unwrap();
    let reversed: serde_json::Map<_, _> = object.clone().into_iter().rev().collect();
    fs::write(place.log.path(), format!("{}\n", json!(reversed))).unwrap();
    let found = place.log.find(&records[0].id[..20]).unwrap().0;
    assert_eq!(found.record.output, records[0].output);
}

#[test]
fn outcomes_are_joined_to_their_executions() {
    let (place, records) = filled(2);
    for (index, label) in [(1, "loss"), (0, "win"), (1, "win")] {
        let mut outcome = Outcome::new(&records[index].id, at(60));
        outcome.label = Some(label.to_owned());
        place.log.append(&outcome).unwrap();
    }
    for order in [Order::OldestFirst, Order::NewestFirst] {
        let query = Query {
            order,
            ..Query::default()
        };
        let listing = place.log.list(&query).unwrap();
        let of_second = listing
            .executions
            .iter()
            .find(|it| it.record.id == records[1].id);
        let labels: Vec<_> = of_second
            .unwrap()
            .outcomes
            .iter()
            .map(|it| it.label.as_deref())
            .collect();
        assert_eq!(labels, [Some("loss"), Some("win")], "the oldest first");

        let filter = Filter {
            labels: vec![("loss".to_owned(), None)],
            ..Filter::default()
        };
        let query = Query {
            order,
            filter,
            limit: Some(1),
            ..Query::default()
        };
        assert_eq!(outputs(&place.log.list(&query).unwrap()), ["output 1"]);
    }
    assert_eq!(place.log.find(&records[1].id).unwrap().0.outcomes.len(), 2);
}

#[test]
fn an_execution_is_found_by_the_beginning_of_its_id() {
    let (place, records) = filled(3);
    let found = place.log.find(&records[1].id.to_uppercase()).unwrap().0;
    assert_eq!(found.record.id, records[1].id);
    let failure = place.log.find("0").unwrap_err();
    assert_eq!(
        failure.message,
        "3 executions have ids that begin or end with `0`"
    );
    assert!(crate::output::words::words(&failure.hints[0]).contains(&records[0].id));
    for unknown in ["ffff", ""] {
        let failure = place.log.find(unknown).unwrap_err();
        assert_eq!(failure.code, Some(code::UNKNOWN_EXECUTION), "{unknown}");
    }
}

#[test]
fn a_filter_reads_only_what_is_meant() {
    let place = place();
    let mut wrong = record(0, "a");
    wrong.status = Status::Error;
    place
        .log
        .append_all(&[wrong, record(1, "a"), record(2, "b")])
        .unwrap();
    let filter = Filter {
        status: Some(Status::Error),
        ..Filter::default()
    };
    let query = Query {
        filter,
        ..Query::default()
    };
    assert_eq!(outputs(&place.log.list(&query).unwrap()), ["output 0"]);
}

#[test]
fn a_follower_sees_whole_lines_only() {
    let (place, _) = filled(1);
    let mut tail = place.log.tail().unwrap();
    assert!(place.log.follow(&mut tail).unwrap().is_empty());

    let text = serde_json::to_string(&record(5, "b")).unwrap();
    let mut file = OpenOptions::new()
        .append(true)
        .open(place.log.path())
        .unwrap();
    file.write_all(&text.as_bytes()[..50]).unwrap();
    assert!(place.log.follow(&mut tail).unwrap().is_empty());
    file.write_all(&text.as_bytes()[50..]).unwrap();
    file.write_all(b"\n").unwrap();
    let items = place.log.follow(&mut tail).unwrap();
    assert!(
        matches!(&items[..], [Item::Record(it)] if it.prompt == "b"),
        "{items:?}"
    );

    // Rotated: first what was left of the old file, then the new one, however long it is.
    let log = place.log.clone().rotated_at(1);
    place.log.append(&record(6, "c")).unwrap();
    log.append_all(&[record(7, "d"), record(8, "e"), record(9, "f")])
        .unwrap();
    let items = log.follow(&mut tail).unwrap();
    let names = items.iter().map(|it| match it {
        Item::Record(it) => it.prompt.as_str(),
        _ => "?",
    });
    assert_eq!(names.collect::<Vec<_>>(), ["c", "d", "e", "f"]);
    assert!(log.follow(&mut tail).unwrap().is_empty());
}

#[test]
fn what_was_swapped_while_waiting_is_not_written_to() {
    let (place, _) = filled(1);
    let old = place.log.open_locked().unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| place.log.append(&record(7, "a")));
        // Whether the writer waits already or not, it must end in the new file.
        let fresh = place.log.path().with_extension("new");
        fs::write(&fresh, "").unwrap();
        fs::rename(&fresh, place.log.path()).unwrap();
        drop(old);
        writer.join().unwrap().unwrap();
    });
    assert_eq!(
        outputs(&place.log.list(&Query::default()).unwrap()),
        ["output 7"]
    );
}

#[cfg(unix)]
#[test]
fn a_log_that_cannot_be_written_is_an_error() {
    let (place, _) = filled(1);
    let folder = place.log.path().parent().unwrap().to_path_buf();
    let is_file = Log::at(place.log.path().join("executions.jsonl"));
    let is_folder = Log::at(&folder);
    let link = folder.join("link.jsonl");
    std::os::unix::fs::symlink(place.log.path(), &link).unwrap();
    for log in [is_file, is_folder, Log::at(link)] {
        let failure = log.append(&record(1, "a")).unwrap_err();
        assert_eq!(failure.code, Some(code::WRITE_FAILED));
        assert!(failure.location.is_some());
    }
    assert_eq!(
        place.log.list(&Query::default()).unwrap().executions.len(),
        1
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let failure = Log::at("/dev/full").append(&record(1, "a")).unwrap_err();
    assert_eq!(
        failure.message,
        "the disk is full: the execution log was not written"
    );
    assert_eq!(failure.code, Some(code::WRITE_FAILED));
}

#[test]
fn half_a_record_is_cut_off_again() {
    let (place, _) = filled(1);
    let before = fs::read(place.log.path()).unwrap();
    let mut held = place.log.open_locked().unwrap();
    held.file.write_all(b"half a rec").unwrap();
    place.log.cut_back(&held.file, before.len() as u64).unwrap();
    drop(held);
    assert_eq!(fs::read(place.log.path()).unwrap(), before);
}

#[test]
fn the_lock_of_writers_keeps_nobody_from_reading() {
    let (place, _) = filled(1);
    let lock = place.log.path().with_extension("jsonl.lock");
    assert_eq!(fs::metadata(&lock).unwrap().len(), 0, "nobody reads it");
    // A writer of an earlier version locks the log itself.
    let old = fs::OpenOptions::new()
        .append(true)
        .open(place.log.path())
        .unwrap();
    if cfg!(unix) {
        old.lock().unwrap();
    }
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| place.log.append(&record(7, "a")));
        (&old).write_all(b"{\"schema\":2}\n").unwrap();
        drop(old);
        writer.join().unwrap().unwrap();
    });
    let text = fs::read_to_string(place.log.path()).unwrap();
    assert_eq!(text.lines().count(), 3);
    if cfg!(unix) {
        assert!(
            text.lines().nth(1).unwrap().contains("\"schema\":2"),
            "{text}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_log_in_a_folder_that_cannot_be_written_to_is_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let (place, _) = filled(1);
    let folder = place.log.path().parent().unwrap();
    fs::remove_file(place.log.path().with_extension("jsonl.lock")).unwrap();
    let mode = |mode| fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    let appended = place.log.append(&record(7, "a"));
    mode(0o755);
    appended.unwrap();
}

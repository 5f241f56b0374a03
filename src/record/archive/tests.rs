use std::io::Seek as _;

use jiff::Timestamp;

use super::*;
use crate::record::log::Order;
use crate::record::log::newest::latest_in;
use crate::record::log::read::Part;
use crate::record::prune::Pruned;

/// A log with one record in it, and this as its first archive.
fn with_archive(packed: &[u8]) -> (tempfile::TempDir, Log) {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::at(folder.path().join("executions.jsonl"));
    log.append(&record(1)).unwrap();
    fs::write(folder.path().join("executions.1.jsonl.gz"), packed).unwrap();
    (folder, log)
}

fn zip(text: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for part in text {
        encoder.write_all(&part).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn an_archive_that_unpacks_to_too_much_is_not_read() {
    let bomb = zip(std::iter::repeat_n(vec![b' '; 1 << 20], 80));
    let file = tempfile::tempfile().unwrap();
    (&file).write_all(&bomb).unwrap();
    (&file).rewind().unwrap();
    let unpacked = unpack(file).unwrap();
    assert_eq!(unpacked.length, 0);
    assert!(unpacked.damage.unwrap().contains("far more"));
    for order in [Order::OldestFirst, Order::NewestFirst] {
        let (_folder, log) = with_archive(&bomb);
        let query = Query {
            order,
            ..Query::default()
        };
        let listing = log.list(&query).unwrap();
        assert_eq!(listing.executions.len(), 1);
        assert!(listing.bad[0].reason.contains("far more"));
    }
}

#[test]
fn an_archive_larger_than_memory_should_hold_is_read_from_either_end() {
    let line = |second: i64| {
        let mut record = record(second);
        // No two alike, so that it does not look like a bomb.
        let output = (0..40_000).map(|at| ((at * second * 7_919) % 9_973).to_string());
        record.output = Some(output.collect());
        let mut line = serde_json::to_vec(&record).unwrap();
        line.push(b'\n');
        line
    };
    let count = 1 + (IN_MEMORY as i64) / 100_000;
    let packed = zip((1..=count).map(line));
    for order in [Order::OldestFirst, Order::NewestFirst] {
        let (_folder, log) = with_archive(&packed);
        assert_eq!(times(&log, order).len() as i64, count + 1);
    }
}

#[cfg(unix)]
#[test]
fn a_device_or_a_pipe_is_neither_a_log_nor_an_archive() {
    let (folder, log) = with_archive(b"");
    let archive = folder.path().join("executions.1.jsonl.gz");
    fs::remove_file(&archive).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &archive).unwrap();
    let failure = log.list(&Query::default()).unwrap_err();
    assert!(
        format!("{failure:?}").contains("not a regular file"),
        "{failure:?}"
    );
    fs::remove_file(&archive).unwrap();

    fs::remove_file(log.path()).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(log.path())
        .status();
    assert!(made.unwrap().success());
    for failure in [
        log.list(&Query::default()).unwrap_err(),
        log.append(&record(1)).unwrap_err(),
        log.tail().map(drop).unwrap_err(),
    ] {
        assert!(
            format!("{failure:?}").contains("not a regular file"),
            "{failure:?}"
        );
    }
}
use crate::record::entry::{Outcome, Record};
use crate::record::log::Query;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn record(second: i64) -> Record {
    let mut record = Record::new("a", at(second));
    record.output = Some("x".repeat(500));
    record
}

fn times(log: &Log, order: Order) -> Vec<i64> {
    let query = Query {
        order,
        ..Query::default()
    };
    let listing = log.list(&query).unwrap();
    assert_eq!(listing.bad, []);
    let records = listing.executions.iter().map(|it| &it.record);
    records
        .map(|it| it.time.as_second() - 1_795_000_000)
        .collect()
}

fn names(log: &Log) -> Vec<String> {
    let folder = log.path().parent().unwrap();
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    names.sort();
    names
}

/// A log of ten records in archives of a few.
fn rotated() -> (tempfile::TempDir, Log) {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::at(folder.path().join("executions.jsonl")).rotated_at(4600);
    for second in 0..10 {
        log.append(&record(second)).unwrap();
    }
    (folder, log)
}

#[test]
fn the_newest_are_found_in_archives_and_an_older_one_is_not_unpacked() {
    let (folder, log) = rotated();
    // What another machine did before and after.
    for second in [3, 20, -5] {
        log.append(&record(second)).unwrap();
    }
    log.set_aside().unwrap();
    log.pack_archives().unwrap();
    (30..32).for_each(|second| log.append(&record(second)).unwrap());
    let newest = |limit| {
        let query = Query {
            order: Order::NewestFirst,
            limit: Some(limit),
            ..Query::default()
        };
        let found = log.list(&query).unwrap().executions.into_iter();
        found
            .map(|it| it.record.time.as_second() - at(0).as_second())
            .collect::<Vec<_>>()
    };
    assert_eq!(newest(5), [31, 30, 20, 9, 8]);
    let latest = |name: &str| {
        let part = Part::open_at(&folder.path().join(name)).unwrap();
        latest_in(&part).map(|time| time.as_second() - at(0).as_second())
    };
    assert_eq!(latest("executions.3.jsonl.gz"), Some(20));
    assert_eq!(latest("executions.jsonl"), None);
    // Damaged behind its head, it is not looked into where nothing of it can be asked for.
    let path = folder.path().join("executions.1.jsonl.gz");
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    assert_eq!(newest(3), [31, 30, 20]);
}

#[test]
fn a_rotated_log_reads_as_one() {
    let (_folder, log) = rotated();
    assert_eq!(
        names(&log),
        [
            "executions.1.jsonl.gz",
            "executions.2.jsonl.gz",
            "executions.jsonl"
        ]
    );
    let forwards: Vec<_> = (0..10).collect();
    let backwards: Vec<_> = (0..10).rev().collect();
    assert_eq!(times(&log, Order::OldestFirst), forwards);
    assert_eq!(times(&log, Order::NewestFirst), backwards);
    let first = log
        .list(&Query::default())
        .unwrap()
        .executions
        .remove(0)
        .record;
    log.append(&Outcome::new(&first.id, at(60))).unwrap();
    assert_eq!(log.find(&first.id).unwrap().0.outcomes.len(), 1);
}

#[test]
fn a_killed_rotation_is_completed_by_the_next() {
    let (_folder, log) = rotated();
    log.set_aside().unwrap();
    assert!(names(&log).contains(&"executions.3.jsonl".to_owned()));
    assert_eq!(
        times(&log, Order::OldestFirst).len(),
        10,
        "nothing is lost or told twice"
    );
    // Killed after the compressed file was made, and before the other was removed.
    let (_, plain) = log.archives().unwrap().pop_last().unwrap();
    fs::write(plain.with_extension("jsonl.gz"), "half").unwrap();
    assert_eq!(times(&log, Order::OldestFirst).len(), 10);
    log.pack_archives().unwrap();
    assert!(!plain.exists());
    assert_eq!(times(&log, Order::OldestFirst).len(), 10);
}

#[test]
fn writers_at_once_rotate_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("executions.jsonl");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let log = Log::at(path).rotated_at(8000);
                for number in 0..25 {
                    log.append(&record(writer * 100 + number)).unwrap();
                }
            });
        }
    });
    let mut seen = times(&Log::at(&path), Order::OldestFirst);
    seen.sort_unstable();
    let expected: Vec<i64> = (0..4)
        .flat_map(|it| (0..25).map(move |n| it * 100 + n))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_broken_archive_is_told_and_the_rest_is_read() {
    let (_folder, log) = rotated();
    let first = log.archives().unwrap().remove(&1).unwrap();
    let bytes = fs::read(&first).unwrap();
    fs::write(&first, &bytes[..bytes.len() / 2]).unwrap();
    let listing = log.list(&Query::default()).unwrap();
    assert!(
        listing.bad.iter().any(|bad| bad.reason.contains("archive")),
        "{:?}",
        listing.bad
    );
    assert!(listing.executions.iter().any(|it| it.record.time == at(9)));
}

#[test]
fn pruning_takes_old_records_and_their_outcomes() {
    let (_folder, log) = rotated();
    let ids: Vec<_> = log.list(&Query::default()).unwrap().executions;
    log.append(&Outcome::new(&ids[2].record.id, at(60)))
        .unwrap();
    log.append(&Outcome::new(&ids[8].record.id, at(60)))
        .unwrap();

    let before = names(&log);
    let planned = log.prune(at(7), at(1_000), true).unwrap();
    assert_eq!(names(&log), before);
    assert_eq!(
        times(&log, Order::OldestFirst).len(),
        10,
        "a plan changes nothing"
    );

    let pruned = log.prune(at(7), at(1_000), false).unwrap();
    assert_eq!(pruned, planned);
    assert_eq!((pruned.records, pruned.outcomes, pruned.kept), (7, 1, 4));
    assert_eq!(times(&log, Order::OldestFirst), [7, 8, 9]);
    assert!(!names(&log).contains(&"executions.1.jsonl.gz".to_owned()));
    assert_eq!(log.find(&ids[8].record.id).unwrap().0.outcomes.len(), 1);
    assert_eq!(
        log.prune(at(7), at(1_000), false).unwrap().bytes,
        0,
        "done is done"
    );
    log.append(&record(20)).unwrap();
    assert_eq!(times(&log, Order::OldestFirst), [7, 8, 9, 20]);
}

#[test]
fn pruning_keeps_what_it_cannot_judge() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::at(folder.path().join("log"));
    assert_eq!(
        log.prune(at(0), at(1_000), false).unwrap(),
        Pruned::default()
    );
    assert!(!log.path().exists());
    log.append(&record(0)).unwrap();
    fs::OpenOptions::new()
        .append(true)
        .open(log.path())
        .unwrap()
        .write_all(b"{\"torn")
        .unwrap();
    let pruned = log.prune(at(5), at(1_000), false).unwrap();
    assert_eq!((pruned.records, pruned.kept), (1, 1));
    assert_eq!(fs::read_to_string(log.path()).unwrap(), "{\"torn\n");
}

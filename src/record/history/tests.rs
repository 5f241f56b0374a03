use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::record::log::Query;
use crate::statistics::Sketch;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
}

fn record(minute: i64) -> Record {
    let mut record = Record::new("a", at(minute));
    record.duration_ms = Some(100 + minute as u64);
    record.cost_usd = Some(0.5);
    record
}

fn log() -> (tempfile::TempDir, Log) {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::at(folder.path().join("executions.jsonl"));
    for minute in 0..10 {
        log.append(&record(minute)).unwrap();
    }
    (folder, log)
}

/// How many executions there are, in the log and before it.
fn all(log: &Log) -> u64 {
    let past = log.past().read().unwrap();
    assert_eq!(past.bad, 0);
    let before: u64 = past.sums.iter().map(|sum| sum.executions).sum();
    before + log.list(&Query::default()).unwrap().executions.len() as u64
}

/// Prunes as far as until the log was swapped, or just before, and is killed there.
fn kill(log: &Log, is_swapped: bool) {
    let mut sums = Adding::default();
    let all = log.list(&Query::default()).unwrap().executions;
    let (gone, kept) = all.split_at(7);
    gone.iter().for_each(|it| sums.take(&it.record, None));
    let killed = catch_unwind(AssertUnwindSafe(|| {
        log.past().add(log.path(), sums, || {
            if is_swapped {
                fs::remove_file(log.path()).unwrap();
                kept.iter().for_each(|it| log.append(&it.record).unwrap());
            }
            panic!("killed");
        })
    }));
    assert!(killed.is_err());
    assert!(log.past().note.exists());
}

#[test]
fn a_prune_that_is_killed_counts_nothing_twice_and_loses_nothing() {
    for is_swapped in [false, true] {
        let (_folder, log) = log();
        kill(&log, is_swapped);
        assert_eq!(all(&log), 10, "{is_swapped}");
        log.append(&record(20)).unwrap();
        assert_eq!(all(&log), 11, "{is_swapped}");
        // The next one completes it, or does it all.
        log.prune(at(7), at(1_000), false).unwrap();
        assert!(!log.past().note.exists());
        assert_eq!(all(&log), 11, "{is_swapped}");
        assert_eq!(log.past().read().unwrap().sums[0].executions, 7);
    }
}

#[test]
fn a_history_that_is_torn_in_the_middle_of_a_prune_is_written_anew() {
    let (_folder, log) = log();
    log.prune(at(2), at(1_000), false).unwrap();
    kill(&log, true);
    let history = log.past();
    let note = history.noted().unwrap().unwrap();
    let mut text = fs::read(&history.file).unwrap();
    text.extend_from_slice(&note.lines.as_bytes()[..note.lines.len() / 2]);
    fs::write(&history.file, text).unwrap();
    assert_eq!(all(&log), 10);
    history.recover().unwrap();
    assert_eq!((all(&log), log.past().note.exists()), (10, false));
}

#[test]
fn a_log_that_is_set_aside_after_a_kill_is_counted_once() {
    for is_swapped in [false, true] {
        let (_folder, log) = log();
        kill(&log, is_swapped);
        let rotating = log.clone().rotated_at(1);
        rotating.append(&record(20)).unwrap();
        assert_eq!(all(&log), 11, "{is_swapped}");
    }
}

#[test]
fn the_sums_are_those_of_the_executions() {
    let (_folder, log) = log();
    log.prune(at(10), at(1_000), false).unwrap();
    let past = log.past().read().unwrap();
    let [sum] = &past.sums[..] else {
        panic!("{past:?}")
    };
    let cost = sum.cost_usd.moments();
    assert_eq!(
        (cost.n(), cost.sum(), cost.variance()),
        (10, Some(5.0), Some(0.0))
    );
    assert_eq!((sum.first, sum.last), (at(0), at(9)));
    let mut latency = Quantiles::default();
    latency.merge(&sum.duration_ms.sketch());
    let [median] = latency.figures([0.5]).unwrap();
    assert!((median / 104.5 - 1.0).abs() < 0.006, "{median}");
    assert_eq!(log.history().file_name().unwrap(), "history.jsonl");
}

#[test]
fn a_line_that_is_not_sound_makes_no_figure() {
    for latency in [
        Latency {
            first: i32::MAX,
            counts: vec![1],
            least: Some(1.0),
            most: Some(1.0),
        },
        Latency {
            first: 0,
            counts: vec![u64::MAX, 2],
            least: Some(1.0),
            most: Some(1.0),
        },
        Latency {
            first: 0,
            counts: vec![1],
            least: Some(2.0),
            most: Some(1.0),
        },
    ] {
        assert_eq!(latency.sketch(), Sketch::default());
    }
}

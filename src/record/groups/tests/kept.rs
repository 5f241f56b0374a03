//! What is kept beside a log.

use std::fs::{File, OpenOptions};

use super::*;

/// A log that is worth a cache, and the folder of the cache.
fn large(place: &Place) -> (Log, std::path::PathBuf) {
    let mut text = String::new();
    for number in 0..5_000 {
        let mut record = record(number, 1 + (number % 3) as u32);
        record.id = format!("0193a2b4-0000-7000-8000-{number:012}");
        record.cost_usd = Some(0.001 * (number % 7) as f64);
        record.output = Some("x".repeat(2_000));
        text += &line(&record);
        if number % 2 == 0 {
            text += &of_large(number, 6_000, |it| it.score = Some(number as f64 / 10.0));
        }
    }
    (
        place.log("log.jsonl", &text),
        place.folder.path().join("kept"),
    )
}

fn of_large(number: i64, minute: i64, say: impl FnOnce(&mut Outcome)) -> String {
    let mut outcome = Outcome::new(format!("0193a2b4-0000-7000-8000-{number:012}"), at(minute));
    say(&mut outcome);
    line(&outcome)
}

fn append(log: &Log, text: &str) {
    let mut whole = std::fs::read(log.path()).unwrap();
    whole.extend_from_slice(text.as_bytes());
    std::fs::write(log.path(), whole).unwrap();
}

/// Reads with what is kept, which must give what reading everything gives; whether it was wrong.
#[track_caller]
fn same(log: &Log, kept: &Path) -> bool {
    let logs = std::slice::from_ref(log);
    let question = question(&["prompt", "version"]);
    let found = read(logs, &question, Some(kept)).unwrap();
    let all = read(logs, &question, None).unwrap();
    assert_eq!(found.met, all.met);
    assert_eq!(found.sources, all.sources);
    for (key, group) in &all.groups {
        let mut found = found.groups[key].clone();
        // The order of what is kept is another one, and means nothing.
        assert_eq!(
            found.latency.figures([0.1, 0.5, 0.99]),
            group.latency.figures([0.1, 0.5, 0.99])
        );
        found.latency = group.latency.clone();
        assert!(found == *group, "{key:?}");
    }
    assert_eq!(found.groups.len(), all.groups.len());
    found.was_wrong
}

fn kept_file(kept: &Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(kept)
        .unwrap()
        .map(|it| it.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| !path.ends_with(".gitignore")).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.swap_remove(0)
}

#[test]
fn an_edit_that_leaves_the_size_as_it_was_is_noticed() {
    let place = Place::new();
    let (log, kept) = large(&place);
    assert!(!same(&log, &kept));
    let text = std::fs::read_to_string(log.path()).unwrap();
    let middle = text.len() / 2 + text[text.len() / 2..].find("\"cost_usd\":0.00").unwrap();
    let edited = text[..middle].to_owned() + &text[middle..].replacen("0.00", "9.00", 1);
    assert_eq!(edited.len(), text.len());
    // As editors do: a new file in its place, which has the old one's time, and the old file with a new time.
    let before = std::fs::metadata(log.path()).unwrap().modified().unwrap();
    let other = place.folder.path().join("other");
    std::fs::write(&other, &edited).unwrap();
    File::open(&other).unwrap().set_modified(before).unwrap();
    if cfg!(unix) {
        std::fs::rename(&other, log.path()).unwrap();
        assert!(same(&log, &kept));
    }
    std::fs::write(log.path(), &text).unwrap();
    let later = before + std::time::Duration::from_secs(1);
    let file = OpenOptions::new().append(true).open(log.path()).unwrap();
    file.set_modified(later).unwrap();
    assert!(same(&log, &kept));
}

#[test]
fn what_is_kept_beside_a_log_gives_what_the_log_gives() {
    let place = Place::new();
    let (log, kept) = large(&place);
    assert!(!same(&log, &kept));
    let written = std::fs::metadata(kept_file(&kept))
        .unwrap()
        .modified()
        .unwrap();
    // New executions, one that is there already, outcomes of old and new ones and of none, and what is torn.
    let mut more = String::new();
    for number in [5_000, 5_001, 17] {
        let mut record = record(number, 4);
        record.id = format!("0193a2b4-0000-7000-8000-{number:012}");
        more += &line(&record);
    }
    more += &of_large(1, 7_000, |it| {
        it.score = Some(0.25);
        it.label = Some("win".to_owned());
    });
    more += &of_large(5_001, 7_000, |it| it.label = Some("win".to_owned()));
    more += &of_large(9_999, 7_000, |it| it.score = Some(1.0));
    append(&log, &(more + "{\"schema\":1,\"id\":\"to\n"));
    assert!(!same(&log, &kept));
    let again = std::fs::metadata(kept_file(&kept))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(written, again, "it was read, and not made anew");
    // What was added up already is replaced: an outcome, and an execution that an outcome named before.
    append(&log, &of_large(2, 7_001, |it| it.score = Some(0.0)));
    assert!(!same(&log, &kept));
    let mut record = record(9_999, 1);
    record.id = "0193a2b4-0000-7000-8000-000000009999".to_owned();
    append(&log, &line(&record));
    assert!(!same(&log, &kept));
    std::fs::remove_dir_all(&kept).unwrap();
    assert!(!same(&log, &kept));
}

#[test]
fn what_is_kept_is_used_and_reads_only_what_is_new() {
    let place = Place::new();
    let (log, kept) = large(&place);
    let logs = std::slice::from_ref(&log);
    let count = || {
        let found = read(logs, &question(&[]), Some(&kept)).unwrap();
        only(&found).executions
    };
    assert_eq!(count(), 5_000);
    // Where no hash looks, a record is spoiled: who reads everything sees it.
    let mut text = std::fs::read(log.path()).unwrap();
    let at = text.len() / 15 * 3 + 100_000;
    let start = at + memchr::memchr(b'\n', &text[at..]).unwrap();
    text[start + 1] = b'#';
    std::fs::write(log.path(), &text).unwrap();
    assert_eq!(count(), 5_000);
    let all = read(logs, &question(&[]), None).unwrap();
    assert_eq!(all.sources[0].skipped.len(), 1);
}

#[test]
fn what_is_kept_and_wrong_is_noticed() {
    let place = Place::new();
    let (log, kept) = large(&place);
    assert!(!same(&log, &kept));
    let whole = std::fs::read(kept_file(&kept)).unwrap();
    for at in [0, 9, 30, 45, 5_000, whole.len() / 2] {
        let mut spoiled = whole.clone();
        spoiled[at] ^= 1;
        std::fs::write(kept_file(&kept), spoiled).unwrap();
        // Ids are looked at only where a new line asks for one.
        let is_read = at < whole.len() / 2;
        assert_eq!(same(&log, &kept), is_read, "{at}");
        std::fs::write(kept_file(&kept), &whole).unwrap();
    }
    std::fs::write(kept_file(&kept), &whole[..whole.len() - 1]).unwrap();
    assert!(same(&log, &kept));
    // Ids that are spoiled are found when they are asked for, and everything is read.
    let mut spoiled = whole.clone();
    let ids = whole.len() - 5_000 * 20;
    spoiled[ids..].iter_mut().for_each(|byte| *byte ^= 1);
    std::fs::write(kept_file(&kept), spoiled).unwrap();
    append(&log, &of_large(1, 7_000, |it| it.score = Some(0.25)));
    same(&log, &kept);
    // Another log of this name: pruned, and longer again.
    let text = std::fs::read_to_string(log.path()).unwrap();
    let half = &text[text.len() / 2..];
    let half = &half[half.find('\n').unwrap() + 1..];
    std::fs::write(log.path(), half.repeat(3)).unwrap();
    assert!(same(&log, &kept));
}

#[test]
fn a_question_that_moves_with_the_clock_keeps_nothing() {
    let place = Place::new();
    let (log, kept) = large(&place);
    let mut moving = question(&[]);
    moving.filter.since = Some(at(10));
    read(std::slice::from_ref(&log), &moving, Some(&kept)).unwrap();
    assert!(!kept.exists());
}

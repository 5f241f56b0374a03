use serde_json::json;

use super::super::tests::{Place, newest, place, record};
use crate::record::entry::{Outcome, Record, Status};
use crate::record::filter::Filter;
use crate::record::log::{Order, Query};

/// A record as promptctl writes it, at a place of the log that its time does not tell.
fn mixed(seconds: &[i64]) -> (Place, Vec<String>) {
    let place = place();
    let records: Vec<_> = seconds.iter().map(|it| record(*it, "a")).collect();
    place.log.append_all(&records).unwrap();
    let mut order: Vec<(i64, usize)> = seconds.iter().copied().zip(0..).collect();
    order.sort_by(|one, other| other.cmp(one));
    let ids = order.into_iter().map(|(_, at)| records[at].id.clone());
    (place, ids.collect())
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(60))]
    #[test]
    fn the_newest_are_those_that_began_last_whatever_the_order_of_the_lines(
        seconds in proptest::collection::vec(-3..9_i64, 0..30),
        limit in 0..12_usize,
    ) {
        let (place, mut ids) = mixed(&seconds);
        ids.truncate(limit);
        let listing = place.log.list(&newest(limit)).unwrap();
        let found: Vec<_> = listing.executions.into_iter().map(|it| it.record.id).collect();
        proptest::prop_assert_eq!(found, ids);
    }
}

#[test]
fn of_two_records_of_an_execution_the_first_decides_whether_it_is_listed() {
    let place = place();
    let again = |first: &Record, second: i64, status: Status| {
        let mut again = first.clone();
        again.time = record(second, "a").time;
        again.status = status;
        again
    };
    let records: Vec<Record> = (0..6).map(|it| record(it, "a")).collect();
    place.log.append_all(&records).unwrap();
    // Of a later time, of a status that is asked for, and a copy.
    let (late, failed) = (
        again(&records[0], 60, Status::Ok),
        again(&records[5], 5, Status::Error),
    );
    place
        .log
        .append_all(&[late, failed, records[4].clone()])
        .unwrap();
    let listed = |query: &Query| {
        let listing = place.log.list(query).unwrap();
        let ids = listing.executions.into_iter().map(|it| it.record.id);
        let at = |id: String| records.iter().position(|it| it.id == id).unwrap();
        (ids.map(at).collect::<Vec<_>>(), listing.differing)
    };
    assert_eq!(listed(&newest(2)), (vec![5, 4], 1));
    assert_eq!(listed(&newest(9)), (vec![5, 4, 3, 2, 1, 0], 2));
    for order in [Order::OldestFirst, Order::NewestFirst] {
        let of = |filter| Query {
            filter,
            order,
            ..Query::default()
        };
        let wrong = Filter {
            status: Some(Status::Error),
            ..Filter::default()
        };
        assert!(listed(&of(wrong)).0.is_empty());
        let late = Filter {
            since: Some(records[5].time),
            ..Filter::default()
        };
        assert_eq!(listed(&of(late)).0, [5]);
    }
}

#[test]
fn an_execution_whose_later_record_gives_way_is_listed_by_its_first() {
    let place = place();
    let (first, other) = (record(10, "a"), record(5, "a"));
    let mut again = first.clone();
    again.time = record(1, "a").time;
    let lines = [first.clone(), other, again];
    place.log.append_all(&lines).unwrap();
    let listing = place.log.list(&newest(1)).unwrap();
    assert_eq!(listing.executions[0].record, first);
}

#[test]
fn a_filter_of_labels_loses_no_outcome_of_an_execution_that_stands_twice() {
    let place = place();
    let first = record(1, "a");
    let labelled = |label: &str| {
        let line = json!({"schema": 1, "outcome_of": first.id, "time": first.time, "label": label});
        serde_json::from_value::<Outcome>(line).unwrap()
    };
    place.log.append(&first).unwrap();
    place.log.append_all(&[labelled("win")]).unwrap();
    place.log.append(&first).unwrap();
    place.log.append_all(&[labelled("lose")]).unwrap();
    let query = Query {
        filter: Filter {
            labels: vec![("win".to_owned(), None)],
            ..Filter::default()
        },
        ..newest(5)
    };
    let listing = place.log.list(&query).unwrap();
    assert_eq!(listing.executions[0].outcomes.len(), 2);
}

#[test]
fn the_newest_of_two_logs_in_one_are_found_far_behind_the_end() {
    // Of one machine, and after it of another that was used before; each larger than what is read at once.
    let seconds: Vec<i64> = (4000..8000).chain(0..4000).collect();
    let (place, ids) = mixed(&seconds);
    assert!(place.log.path().metadata().unwrap().len() > 2 << 20);
    let listing = place.log.list(&newest(20)).unwrap();
    let found: Vec<_> = listing
        .executions
        .into_iter()
        .map(|it| it.record.id)
        .collect();
    assert_eq!(found, ids[..20]);
}

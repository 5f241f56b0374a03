use super::super::tests::{Place, newest, place, record};

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

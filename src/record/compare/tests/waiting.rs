//! What is not known of a side: outcomes that are not in, and calls that were broken off.

use super::*;

#[test]
fn outcomes_of_winners_only_are_no_verdict() {
    let mut random = Pcg::new(1);
    let mut calls = Vec::new();
    for number in 0..100 {
        calls.extend(hour(number, 10, 10, |is_head, time| {
            let is_won = coin(&mut random, 0.5);
            Call {
                // Head's losses have no outcome.
                ending: won(is_won).filter(|_| is_won || !is_head),
                ..call(is_head, time, true)
            }
        }));
    }
    let found = found(calls);
    assert_eq!(found.verdict, Verdict::CantTell(CantTell::Coverage));
    let win = measure(&found, &Weighed::Win);
    assert!(win.means.1 > 0.99 && win.difference.unwrap().p.is_none());
}

#[test]
fn calls_of_one_side_that_are_broken_off_are_no_success() {
    let mut random = Pcg::new(6);
    let mut calls = Vec::new();
    for number in 0..100 {
        calls.extend(hour(number, 10, 10, |is_head, time| {
            let fails = coin(&mut random, 0.1);
            let status = match (fails, is_head) {
                (false, _) => Status::Ok,
                (true, false) => Status::Error,
                // Its callers gave up before it failed.
                (true, true) => Status::Interrupted,
            };
            Call {
                status,
                ..call(is_head, time, true)
            }
        }));
    }
    let found = found(calls);
    assert_eq!(found.verdict, Verdict::CantTell(CantTell::Interrupted));
    assert!(found.head.interrupted > 0.05 && found.base.interrupted == 0.0);
}

#[test]
fn calls_that_failed_are_not_waited_for_to_have_an_outcome() {
    let mut random = Pcg::new(3);
    let mut calls = Vec::new();
    for number in 0..100 {
        calls.extend(hour(number, 10, 10, |is_head, time| {
            let is_ok = coin(&mut random, if is_head { 0.8 } else { 0.98 });
            let is_won = coin(&mut random, 0.5);
            Call {
                // Nobody acts on an answer that never came.
                ending: won(is_won).filter(|_| is_ok),
                ..call(is_head, time, is_ok)
            }
        }));
    }
    let found = found(calls);
    assert_eq!(
        (found.base.coverage, found.head.coverage),
        (Some(1.0), Some(1.0))
    );
    assert_eq!(found.verdict, Verdict::Worse);
    assert!(
        measure(&found, &Weighed::Win)
            .difference
            .unwrap()
            .p
            .is_some()
    );
}

#[test]
fn a_side_of_which_no_outcome_can_come_is_worse_and_not_waited_for() {
    let mut calls = Vec::new();
    for number in 0..30 {
        calls.extend(hour(number, 10, 10, |is_head, time| Call {
            ending: won(true).filter(|_| !is_head),
            ..call(is_head, time, !is_head)
        }));
    }
    let found = found(calls);
    assert_eq!(
        (found.base.coverage, found.head.coverage),
        (Some(1.0), None)
    );
    assert_eq!(found.verdict, Verdict::Worse);
}

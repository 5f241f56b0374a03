//! What one side alone called decides nothing.

use super::*;

/// Fifty hours of both in production, with outcomes.
fn in_production() -> Vec<Call> {
    let mut random = Pcg::new(11);
    let hours = (0..50).flat_map(|number| {
        hour(number, 20, 20, |is_head, time| Call {
            ending: won(coin(&mut random, 0.5)),
            ..call(is_head, time, coin(&mut random, 0.9))
        })
    });
    hours.collect()
}

/// What base alone called in the same hours, as `like` has it.
fn of_base_alone(like: impl Fn(Call) -> Call) -> Vec<Call> {
    let hours = (0..50).flat_map(|number| {
        hour(number, 10, 0, |is_head, time| {
            like(call(is_head, time, false))
        })
    });
    hours.collect()
}

#[test]
fn what_one_side_alone_called_decides_neither_split_nor_coverage_nor_counts() {
    let options = CompareOptions {
        share: Some((50.0, 50.0)),
        ..options()
    };
    let alone = weighed(in_production(), &options);
    assert_eq!(alone.verdict, Verdict::NotToldApart);
    let staging = |it: Call| Call {
        environment: 3,
        ..it
    };
    let other_model = |it: Call| Call { model: 1, ..it };
    for more in [of_base_alone(staging), of_base_alone(other_model)] {
        for tries in [0, 4] {
            let mut calls = in_production();
            calls.extend(more.clone());
            // Somebody tries the other version there: that is no split of it.
            let tried = more.iter().skip(100).take(tries).map(|it| Call {
                is_head: true,
                ..it.clone()
            });
            calls.extend(tried);
            let found = weighed(calls, &options);
            assert_eq!(found.verdict, alone.verdict, "{:?}", found.split);
            assert_eq!(found.split, alone.split);
            assert_eq!(found.strata, alone.strata);
            assert_eq!(found.measures, alone.measures);
            assert_eq!(found.changed, []);
            let of = |it: &Whole| (it.counted, it.coverage);
            assert_eq!(of(&found.base), of(&alone.base));
            assert_eq!(of(&found.head), of(&alone.head));
            assert_eq!(found.head.outside_strata, tries as u64);
            // But for the ends, which are cut to the time of both.
            assert!(found.base.outside_strata > 495, "{:?}", found.base);
        }
    }
}

#[test]
fn hours_in_which_one_side_was_called_elsewhere_only_are_no_hours_of_both() {
    let mut calls = in_production();
    for number in 50..60 {
        calls.extend(hour(number, 20, 20, |is_head, time| Call {
            environment: if is_head { 2 } else { 3 },
            ..call(is_head, time, true)
        }));
    }
    let found = found(calls);
    assert_eq!(found.hours, 50);
    let (base, head) = (found.base.outside_strata, found.head.outside_strata);
    assert!(base > 195 && head > 195, "{base}, {head}");
    assert_eq!(found.strata.len(), 1);
}

#[test]
fn sides_that_were_never_called_in_the_same_place_are_not_judged() {
    let calls = (0..50).flat_map(|number| {
        hour(number, 30, 10, |is_head, time| Call {
            environment: if is_head { 3 } else { 2 },
            ending: won(true).filter(|_| is_head),
            ..call(is_head, time, true)
        })
    });
    let options = CompareOptions {
        share: Some((50.0, 50.0)),
        ..options()
    };
    let found = weighed(calls.collect(), &options);
    assert_eq!(found.design, Design::SideBySide);
    assert_eq!(found.verdict, Verdict::CantTell(CantTell::TooFew));
    assert_eq!(found.split, None);
    assert_eq!(
        measure(&found, &Weighed::Success).too_few,
        Some(TooFew::Strata)
    );
}

#[test]
fn a_side_that_was_hardly_called_is_still_a_wrong_split() {
    let calls = (0..50).flat_map(|number| {
        hour(number, 20, usize::from(number < 4), |is_head, time| {
            call(is_head, time, true)
        })
    });
    let options = CompareOptions {
        share: Some((50.0, 50.0)),
        ..options()
    };
    let found = weighed(calls.collect(), &options);
    assert_eq!(found.verdict, Verdict::CantTell(CantTell::Split));
}

#[test]
fn what_a_figure_leaves_out_is_in_none_of_its_counts_nor_its_spread() {
    let mut calls = Vec::new();
    for number in 0..50 {
        calls.extend(hour(number, 20, 20, |is_head, time| Call {
            duration: Some(1000.0 + (time / 1000 % 7) as f64),
            ..call(is_head, time, true)
        }));
    }
    // In staging all of base have a duration, and of head hardly any.
    let mut noisy = Pcg::new(5);
    for number in 0..50 {
        calls.extend(hour(number, 5, 5, |is_head, time| Call {
            environment: 3,
            status: Status::Interrupted,
            duration: (!is_head).then(|| f64::from(noisy.below(1_000_000))),
            ..call(is_head, time, true)
        }));
    }
    let all = found(calls.clone());
    calls.retain(|it| it.environment == 2);
    let some = found(calls);
    let seen = |it: &Comparison| measure(it, &Weighed::Latency).seen.unwrap();
    assert_eq!(seen(&all), seen(&some));
    let left_out = measure(&all, &Weighed::Latency).outside_strata;
    assert!(left_out > 245, "{left_out}");

    // A stratum of failures that one side alone has is none of the rarer end.
    let value = |is_head, stratum, value| Seen {
        is_head,
        stratum,
        unit: None,
        value,
    };
    let mut seen: Vec<Seen> = (0..400).map(|at| value(at % 2 == 0, 0, 1.0)).collect();
    seen.extend((0..50).map(|_| value(false, 1, 0.0)));
    let arms = arms(seen.into_iter()).unwrap();
    assert_eq!((arms.base.zeros, arms.head.zeros), ((0, 200), (0, 200)));
    let shown = judge_counts(&Weighed::Success, &arms, false, &options());
    assert_eq!(shown.too_few, Some(TooFew::Failures));
}

//! Traps that were planted, and what is said of them.

mod left_out;
mod waiting;

use rayon::prelude::*;

use super::calls::{Call, Calls, Names};
use super::measure::{Measured, judge_counts};
use super::*;
use crate::record::entry::Status;
use crate::record::groups::Ending;
use crate::statistics::{Pcg, Seen, arms};

const HOUR: i64 = 3_600_000;

/// A Monday, at midnight.
const MONDAY: i64 = 1_793_577_600_000;

const NAMES: [(&str, &str); 4] = [
    ("model", "gpt-5-mini-2025-08-07"),
    ("model", "gpt-5-2025-08-07"),
    ("environment", "production"),
    ("label market", "EU"),
];

fn call(is_head: bool, time: i64, is_ok: bool) -> Call {
    Call {
        is_head,
        time,
        model: 0,
        environment: 2,
        unit: None,
        status: if is_ok { Status::Ok } else { Status::Error },
        duration: None,
        tokens: None,
        cost: None,
        labels: Box::default(),
        ending: None,
    }
}

fn won(is_won: bool) -> Option<Ending> {
    Some(Ending {
        label: Some(if is_won { "win" } else { "loss" }.into()),
        ..Ending::default()
    })
}

fn options() -> CompareOptions {
    let version = |version| Chosen::Version {
        prompt: "support/triage".to_owned(),
        version,
    };
    CompareOptions {
        base: version(3),
        head: version(4),
        unit: Unit::Subject,
        win: "win".to_owned(),
        deciding: Vec::new(),
        lower: Vec::new(),
        share: None,
        margin: None,
        level: 0.95,
    }
}

fn found(calls: Vec<Call>) -> Comparison {
    weighed(calls, &options())
}

fn weighed(calls: Vec<Call>, options: &CompareOptions) -> Comparison {
    let calls = Calls {
        calls,
        names: Names::of(&NAMES),
        unit: None,
        of_both: 0,
        groups: Groups::default(),
    };
    let now = Timestamp::from_millisecond(MONDAY + 1000 * HOUR).unwrap();
    weigh(calls, now, options)
}

fn measure(found: &Comparison, what: &Weighed) -> Measured {
    let measured = found.measures.iter().find(|it| it.what == *what);
    measured.unwrap().clone()
}

fn coin(random: &mut Pcg, chance: f64) -> bool {
    random.share() < chance
}

/// Calls of both sides, spread over an hour.
fn hour(
    number: i64,
    base: usize,
    head: usize,
    mut made: impl FnMut(bool, i64) -> Call,
) -> Vec<Call> {
    let all = base + head;
    let side = |at: usize| (at + 1) * head / all > at * head / all;
    let step = HOUR / all as i64;
    let time = |at: usize| MONDAY + number * HOUR + at as i64 * step;
    (0..all).map(|at| made(side(at), time(at))).collect()
}

#[test]
fn the_table_of_simpson_is_read_within_its_strata() {
    // Charig 1986: the treatment that is better for small stones and for large ones is worse in all.
    let table = [
        (0, false, 234, 270),
        (0, true, 81, 87),
        (1, false, 55, 80),
        (1, true, 192, 263),
    ];
    let mut calls = Vec::new();
    for (model, is_head, passed, of) in table {
        for number in 0..of {
            let time = MONDAY + number * 40 * 60_000 % (100 * HOUR);
            calls.push(Call {
                model,
                ..call(is_head, time, number < passed)
            });
        }
    }
    let found = found(calls);
    let success = measure(&found, &Weighed::Success);
    assert!(success.plain.1 < success.plain.0, "{:?}", success.plain);
    let difference = success.difference.unwrap();
    assert!(difference.value > 0.03, "{difference:?}");
    assert!(success.means.1 > success.means.0);
    assert_ne!(found.verdict, Verdict::Worse);
    let models = found.strata.iter().filter_map(|it| it.model.as_deref());
    assert!(models.clone().any(|it| it == NAMES[0].1) && models.clone().any(|it| it == NAMES[1].1));
}

#[test]
fn four_hundred_users_of_1_to_40_calls_in_equal_arms_are_not_told_apart() {
    let apart = |seed: u64, has_units: bool| {
        let mut random = Pcg::new(seed);
        let mut seen = Vec::new();
        for unit in 0..400 {
            // Some are mostly served well, and some mostly not.
            let chance = if coin(&mut random, 0.8) { 0.98 } else { 0.5 };
            for _ in 0..=random.below(40) {
                seen.push(Seen {
                    is_head: unit % 2 == 0,
                    stratum: 0,
                    unit: has_units.then_some(unit),
                    value: f64::from(u8::from(coin(&mut random, chance))),
                });
            }
        }
        let arms = arms(seen.into_iter()).unwrap();
        let shown = judge_counts(&Weighed::Success, &arms, has_units, &options());
        shown.difference.unwrap().p.is_some_and(|p| p < 0.05)
    };
    let share = |has_units: bool, tries: u64| {
        let tried = (0..tries).into_par_iter();
        let apart = tried.filter(|seed| apart(*seed, has_units));
        apart.count() as f64 / tries as f64
    };
    let by_user = share(true, 1000);
    assert!(by_user <= 0.07, "{by_user}");
    // Each call counted as independent, the trap works.
    let by_call = share(false, 300);
    assert!(by_call > 0.07, "{by_call}");
}

#[test]
fn looking_100_times_at_equal_arms_tells_them_apart_in_at_most_a_twentieth() {
    for chance in [0.9, 0.98] {
        let apart = |seed: &u64| {
            let mut random = Pcg::new(*seed);
            let mut passed = [0_u64; 2];
            (1..=100).any(|look| {
                for side in &mut passed {
                    *side += (0..30).filter(|_| coin(&mut random, chance)).count() as u64;
                }
                let arms = counted(passed, 30 * look);
                let shown = judge_counts(&Weighed::Success, &arms, false, &options());
                shown.difference.unwrap().p.is_some_and(|p| p < 0.05)
            })
        };
        let share = (0..300_u64).into_par_iter().filter(apart).count() as f64 / 300.0;
        assert!(share <= 0.05, "{chance}: {share}");
    }
}

/// Two sides that passed so often of `n`, in one stratum.
fn counted(passed: [u64; 2], n: u64) -> crate::statistics::Arms {
    let side = |passed: u64| Side {
        n,
        units: n,
        effective: n as f64,
        mean: passed as f64 / n as f64,
        plain: passed as f64 / n as f64,
        spread: 0.0,
        zeros: (n - passed, passed),
    };
    let [base, head] = passed.map(side);
    let spread = |it: &Side| it.mean * (1.0 - it.mean) / (n - 1) as f64;
    let variance = spread(&base) + spread(&head);
    crate::statistics::Arms {
        base,
        head,
        difference: head.mean - base.mean,
        variance,
        independent: variance,
        strata: 1,
        outside_strata: 0,
        on_both: 0,
    }
}

#[test]
fn as_many_calls_as_are_said_to_be_needed_show_the_difference_in_80_percent() {
    let first = judge_counts(
        &Weighed::Success,
        &counted([900, 900], 1000),
        false,
        &options(),
    );
    let needed = first.needed.unwrap();
    assert_eq!(needed.difference, 0.02);
    let n = (needed.calls / 2.0) as u64;
    let shown = |seed: &u64| {
        let mut random = Pcg::new(*seed);
        let mut passed = |chance| (0..n).filter(|_| coin(&mut random, chance)).count() as u64;
        let arms = counted([passed(0.91), passed(0.89)], n);
        let shown = judge_counts(&Weighed::Success, &arms, false, &options());
        shown.difference.unwrap().p.is_some_and(|p| p < 0.05)
    };
    let share = (0..200_u64).into_par_iter().filter(shown).count() as f64 / 200.0;
    assert!((0.72..0.88).contains(&share), "{share} of {n}");
}

/// Ten days in which head's share grows and everything gets worse, for both alike.
fn growing(seed: u64, is_by_steps: bool) -> Vec<Call> {
    let mut random = Pcg::new(seed);
    let mut calls = Vec::new();
    for number in 0..240_i64 {
        let done = match is_by_steps {
            true => number / 24 * 24,
            false => number,
        } as f64
            / 240.0;
        let chance = 0.97 - 0.25 * done;
        let head = (40.0 * (0.05 + 0.9 * done)) as usize;
        calls.extend(hour(number, 40 - head, head, |is_head, time| {
            call(is_head, time, coin(&mut random, chance))
        }));
    }
    calls
}

#[test]
fn a_share_that_grows_while_all_gets_worse_is_no_difference() {
    for is_by_steps in [true, false] {
        let apart = (0..20_u64).into_par_iter().filter(|seed| {
            let found = found(growing(*seed, is_by_steps));
            let success = measure(&found, &Weighed::Success);
            // Over all it looks like a lot.
            assert!(
                success.plain.1 - success.plain.0 < -0.04,
                "{:?}",
                success.plain
            );
            assert!(found.strata.len() > 3, "{}", found.strata.len());
            matches!(found.verdict, Verdict::Better | Verdict::Worse)
        });
        let apart = apart.count();
        assert!(apart <= 1, "{is_by_steps}: {apart} of 20");
    }
}

#[test]
fn figures_that_only_describe_do_not_hide_one_that_decides() {
    let (mut done, mut random) = ([0_u32; 2], Pcg::new(5));
    let mut calls = Vec::new();
    // Of base 3.4 % fail, of head 13.3 %.
    for number in 0..26 {
        calls.extend(hour(number, 10, 10, |is_head, time| {
            let number = &mut done[usize::from(is_head)];
            *number += 1;
            let every = if is_head { 15 } else { 30 };
            let is_failed = *number % every == 0 || is_head && *number % every == 7;
            let mut noise = || Some(f64::from(random.below(1000)));
            Call {
                duration: noise(),
                tokens: noise(),
                cost: noise(),
                ..call(is_head, time, !is_failed)
            }
        }));
    }
    let found = found(calls);
    assert_eq!(found.verdict, Verdict::Worse, "{:?}", found.measures);
    let p = |what| measure(&found, &what).difference.unwrap();
    let success = p(Weighed::Success);
    assert_eq!(success.p, success.p_adjusted);
    assert!(success.p.unwrap() > 0.0125, "{success:?}");
    for what in [Weighed::Latency, Weighed::Tokens, Weighed::Cost] {
        let described = p(what);
        assert_eq!((described.p, described.p_adjusted), (None, None));
        assert!(described.interval.is_some());
    }
}

#[test]
fn monday_against_sunday_is_one_after_the_other() {
    let mut calls = Vec::new();
    for number in -24..24 {
        let is_head = number >= 0;
        let sides = if is_head { (0, 50) } else { (50, 0) };
        calls.extend(hour(number, sides.0, sides.1, |is_head, time| {
            call(is_head, time, is_head || time % 3 > 0)
        }));
    }
    let found = found(calls);
    assert_eq!(found.design, Design::BeforeAfter);
    assert_eq!(found.verdict, Verdict::CantTell(CantTell::BeforeAfter));
    assert!(
        found.changed.contains(&("day of the week".to_owned(), 1.0)),
        "{:?}",
        found.changed
    );
    let success = measure(&found, &Weighed::Success).difference.unwrap();
    assert_eq!((success.p, success.interval), (None, None));
}

#[test]
fn a_release_in_the_middle_of_an_hour_is_one_after_the_other() {
    let mut calls = Vec::new();
    for number in 0..20 {
        for minute in 0..60 {
            let time = MONDAY + number * HOUR + minute * 60_000;
            calls.push(call(number * 60 + minute >= 630, time, true));
        }
    }
    assert_eq!(found(calls.clone()).design, Design::BeforeAfter);
    // While machines are exchanged, both are called for some minutes: those are side by side, and few.
    for call in &mut calls {
        let minute = (call.time - MONDAY) / 60_000;
        if (620..640).contains(&minute) {
            call.is_head = minute % 2 == 0;
        }
    }
    let found = found(calls);
    assert_eq!((found.design, found.hours), (Design::BeforeAfter, 1));
}

#[test]
fn a_split_of_another_share_than_meant_is_said_and_judges_nothing() {
    let mut options = options();
    options.share = Some((50.0, 50.0));
    let calls = |base, head| {
        let hours = (0..20).flat_map(|number| {
            hour(number, base, head, |is_head, time| {
                call(is_head, time, !is_head)
            })
        });
        hours.collect::<Vec<_>>()
    };
    let found = weighed(calls(30, 20), &options);
    assert_eq!(found.verdict, Verdict::CantTell(CantTell::Split));
    let split = found.split.unwrap();
    assert!(
        (split.seen - 0.6).abs() < 0.01 && split.expected == 0.5,
        "{split:?}"
    );
    // scipy: chisquare([600, 400]).pvalue, which is erfc(sqrt(20))
    let p = split_p((600, 400), (50.0, 50.0));
    assert!((p - 2.539_628_589_470_39e-10).abs() < 1e-18, "{p}");
    assert_eq!(weighed(calls(25, 25), &options).verdict, Verdict::Worse);
}

#[test]
fn a_breakdown_is_seen_though_base_never_failed() {
    let calls = (0..20).flat_map(|number| {
        hour(number, 20, 20, |is_head, time| {
            call(is_head, time, !is_head || time % 10 > 0)
        })
    });
    let found = found(calls.collect());
    assert_eq!(found.verdict, Verdict::Worse);
    let calls =
        (0..20).flat_map(|number| hour(number, 20, 20, |is_head, time| call(is_head, time, true)));
    let found = super::tests::found(calls.collect());
    assert_eq!(found.verdict, Verdict::CantTell(CantTell::TooFew));
    assert_eq!(
        measure(&found, &Weighed::Success).too_few,
        Some(TooFew::Failures)
    );
}

#[test]
fn versions_that_ask_different_models_are_compared_with_them() {
    let mut random = Pcg::new(7);
    let calls = (0..20).flat_map(|number| {
        hour(number, 20, 20, |is_head, time| Call {
            model: u32::from(is_head),
            ..call(is_head, time, coin(&mut random, 0.9))
        })
    });
    let found = found(calls.collect());
    assert_eq!(found.verdict, Verdict::NotToldApart);
    assert_eq!(found.strata[0].model, None);
    assert_eq!(found.changed, [("model".to_owned(), 1.0)]);
}

#[test]
fn latency_decides_where_it_is_asked_to_and_less_of_it_is_better() {
    let mut random = Pcg::new(7);
    let mut calls = Vec::new();
    for number in 0..20 {
        calls.extend(hour(number, 20, 20, |is_head, time| Call {
            duration: Some(if is_head { 900.0 } else { 1000.0 } + f64::from(random.below(100))),
            ..call(is_head, time, true)
        }));
    }
    assert_eq!(
        found(calls.clone()).verdict,
        Verdict::CantTell(CantTell::TooFew)
    );
    let mut options = options();
    options.deciding = vec![Weighed::Latency];
    assert_eq!(weighed(calls.clone(), &options).verdict, Verdict::Better);
    for call in &mut calls {
        call.is_head = !call.is_head;
    }
    assert_eq!(weighed(calls, &options).verdict, Verdict::Worse);
}

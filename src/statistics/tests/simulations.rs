//! What is said of versions that differ as planted, or not at all.

use crate::statistics::*;

/// An answer passes with this chance.
fn coin(random: &mut Pcg, chance: f64) -> f64 {
    f64::from(u8::from(random.share() < chance))
}

/// A chance from Beta(4.5, 0.5), whose mean is 0.9: of ten squared normal values, the share of nine.
fn chance(random: &mut Pcg) -> f64 {
    let mut exponential = || -2.0 * (1.0 - random.share()).ln();
    let [a, b, c, d, e] = std::array::from_fn(|_| exponential());
    let angle = random.share() * std::f64::consts::TAU;
    let one = e * angle.cos().powi(2);
    (a + b + c + d + e - one) / (a + b + c + d + e)
}

fn pair(base: f64, head: f64) -> Pair {
    Pair {
        base,
        head,
        group: None,
        is_repeated: false,
    }
}

fn verdict(pairs: &[Pair], options: &Options) -> Verdict {
    compare(pairs, options).unwrap().verdict()
}

/// The share of suites of which *better* or *worse* is said.
fn told_apart(suites: u64, made: impl Fn(&mut Pcg) -> Vec<Pair>, options: &Options) -> f64 {
    let is_told = |suite: &u64| {
        let pairs = made(&mut Pcg::new(*suite));
        let options = Options {
            seed: *suite,
            ..*options
        };
        matches!(verdict(&pairs, &options), Verdict::Better | Verdict::Worse)
    };
    (0..suites).filter(is_told).count() as f64 / suites as f64
}

#[test]
fn two_versions_that_say_the_same_are_told_apart_in_at_most_a_twentieth() {
    let suite = |random: &mut Pcg| {
        let mut case = |_| {
            let chance = chance(random);
            pair(coin(random, chance), coin(random, chance))
        };
        (0..50).map(&mut case).collect::<Vec<_>>()
    };
    let share = told_apart(1000, suite, &Options::default());
    assert!(share <= 0.05, "{share}");

    let pairs: Vec<Pair> = (0..200)
        .flat_map(|seed| suite(&mut Pcg::new(seed)))
        .collect();
    let mean = pairs.iter().map(|pair| pair.base).sum::<f64>() / pairs.len() as f64;
    assert!((mean - 0.9).abs() < 0.01, "{mean}");
}

#[test]
fn so_it_is_with_repeats() {
    let suite = |random: &mut Pcg| {
        let case = |_| {
            let chance = chance(random);
            let mut three = || (0..3).map(|_| coin(random, chance)).sum::<f64>() / 3.0;
            Pair {
                is_repeated: true,
                ..pair(three(), three())
            }
        };
        (0..30).map(case).collect::<Vec<_>>()
    };
    let share = told_apart(1000, suite, &Options::default());
    assert!(share <= 0.05, "{share}");
}

#[test]
fn so_it_is_with_groups_that_stand_and_fall_together() {
    // All cases of a group have one answer from each side, so that a test of cases would find in
    // 60 cases what 15 groups do not hold.
    let suite = |random: &mut Pcg| {
        let mut pairs = Vec::new();
        for group in 0..15 {
            let chance = 0.2 + 0.6 * random.share();
            let (base, head) = (coin(random, chance), coin(random, chance));
            pairs.extend((0..4).map(|_| Pair {
                group: Some(group.to_string()),
                ..pair(base, head)
            }));
        }
        pairs
    };
    let share = told_apart(1000, suite, &Options::default());
    assert!(share <= 0.05, "{share}");
    let alone = |random: &mut Pcg| {
        let mut pairs = suite(random);
        pairs.iter_mut().for_each(|pair| pair.group = None);
        pairs
    };
    let share = told_apart(1000, alone, &Options::default());
    assert!(share > 0.15, "{share}: the groups are no trap");
}

#[test]
fn so_it_is_with_scores() {
    let suite = |random: &mut Pcg| {
        let case = |_| pair(random.share(), random.share());
        (0..20).map(case).collect::<Vec<_>>()
    };
    let options = Options {
        measure: Measure::Scores,
        ..Options::default()
    };
    let share = told_apart(500, suite, &options);
    assert!(share <= 0.05, "{share}");
}

#[test]
fn a_drop_of_20_points_is_found_in_200_cases() {
    let found = (0..300).filter(|&seed| {
        let mut random = Pcg::new(seed);
        let case = |_| pair(coin(&mut random, 0.9), coin(&mut random, 0.7));
        let pairs: Vec<Pair> = (0..200).map(case).collect();
        verdict(&pairs, &Options::default()) == Verdict::Worse
    });
    let share = found.count() as f64 / 300.0;
    assert!(share >= 0.95, "{share}");
}

#[test]
fn what_the_mde_says_would_be_seen_is_seen_in_80_percent() {
    let found = (0..400).filter(|&seed| {
        let mut random = Pcg::new(seed);
        // 14.9717 points of 50 cases, all to one side.
        let case = |_| pair(coin(&mut random, 0.149717), 1.0);
        let pairs: Vec<Pair> = (0..50)
            .map(case)
            .map(|it| pair(1.0 - it.base, it.head))
            .collect();
        verdict(&pairs, &Options::default()) == Verdict::Better
    });
    let share = found.count() as f64 / 400.0;
    assert!((0.7..0.9).contains(&share), "{share}");
}

#[test]
fn looking_100_times_at_equal_arms_tells_them_apart_in_at_most_a_twentieth() {
    let looks = |seed: &u64| {
        let mut random = Pcg::new(*seed);
        let mut test = Msprt::new(0.02);
        let (mut base, mut head) = (0.0, 0.0);
        for look in 1..=100 {
            for _ in 0..20 {
                base += coin(&mut random, 0.9);
                head += coin(&mut random, 0.9);
            }
            let n = f64::from(look * 20);
            let spread = |passed: f64| passed / n * (1.0 - passed / n) / n;
            if n >= 100.0 {
                test.look((head - base) / n, spread(head) + spread(base));
            }
        }
        test.p() < 0.05
    };
    let share = (0..300).filter(looks).count() as f64 / 300.0;
    assert!(share <= 0.05, "{share}");
}

#[test]
fn groups_of_1_1_2_4_and_12_are_too_few_to_tell() {
    let mut pairs = Vec::new();
    for (group, size) in [1, 1, 2, 4, 12].into_iter().enumerate() {
        pairs.extend((0..size).map(|_| Pair {
            group: Some(group.to_string()),
            ..pair(0.0, 1.0)
        }));
    }
    let found = compare(&pairs, &Options::default()).unwrap();
    assert_eq!(found.limit, Some(Limit::TooFewGroups));
    assert_eq!(found.verdict(), Verdict::CantTell);
    assert_eq!((found.difference.interval, found.mde), (None, None));
    assert_eq!(found.difference.p, Some(0.0625));
    assert_eq!(found.difference.method, Method::GroupFlips);
}

#[test]
fn five_cases_can_show_no_difference() {
    for size in 1..=5 {
        let found = compare(&vec![pair(0.0, 1.0); size], &Options::default()).unwrap();
        assert_eq!(found.limit, Some(Limit::TooFewCases));
        assert_eq!((found.verdict(), found.mde), (Verdict::CantTell, None));
        assert!(!found.not_worse(1.0));
        let is_shown = found.difference.interval.is_some();
        assert_eq!(
            (is_shown, found.difference.p.is_some()),
            (size == 5, size == 5)
        );
    }
    let found = compare(&vec![pair(0.0, 1.0); 6], &Options::default()).unwrap();
    assert_eq!((found.verdict(), found.limit), (Verdict::Better, None));
    assert_eq!(compare(&[], &Options::default()), None);
}

#[test]
fn an_interval_without_0_is_not_enough_and_neither_is_p() {
    // 5 of 50 to one side: the interval begins at 0.7 points, p is 0.0625.
    let mut pairs = vec![pair(1.0, 1.0); 45];
    pairs.extend(vec![pair(0.0, 1.0); 5]);
    let found = compare(&pairs, &Options::default()).unwrap();
    assert!(found.difference.interval.unwrap().low > 0.0);
    assert_eq!(found.difference.p, Some(0.0625));
    assert_eq!(found.verdict(), Verdict::NotWorse);
    // One more, and p is 0.03125; with Holm's, in a report over two, it is not enough.
    pairs.push(pair(0.0, 1.0));
    let found = compare(&pairs, &Options::default()).unwrap();
    assert_eq!(found.verdict(), Verdict::Better);
    assert_eq!(found.verdict_by(0.0625), Verdict::NotWorse);
}

#[test]
fn what_the_example_shows_comes_out() {
    let mut pairs = vec![pair(1.0, 1.0); 41];
    pairs.extend(vec![pair(0.0, 1.0); 6]);
    pairs.push(pair(1.0, 0.0));
    pairs.extend(vec![pair(0.0, 0.0); 2]);
    let found = compare(&pairs, &Options::default()).unwrap();
    let interval = found.difference.interval.unwrap();
    assert_eq!(
        format!("{:+.3} {:+.3}", interval.low, interval.high),
        "-0.012 +0.222"
    );
    assert_eq!(found.difference.p, Some(0.125));
    assert_eq!(found.cases_needed, Some(438));
    assert_eq!(about(found.mde.unwrap()), 0.15);
    // Its lower end at 90 % is +0.76 points.
    assert!(found.not_worse(0.05) && found.not_worse(-0.0075) && !found.not_worse(-0.0076));
    assert_eq!(found.verdict(), Verdict::NotWorse);
}

#[test]
fn few_repeated_cases_that_differ_go_by_the_majority_and_a_tie_fails() {
    let repeated = |base: f64, head: f64| Pair {
        is_repeated: true,
        ..pair(base, head)
    };
    let mut pairs = vec![repeated(1.0, 1.0); 20];
    pairs.extend(vec![repeated(0.5, 1.0); 9]);
    let found = compare(&pairs, &Options::default()).unwrap();
    assert_eq!(found.difference.method, Method::Majority);
    assert_eq!(found.difference.value, 9.0 / 29.0);
    pairs.push(repeated(0.5, 1.0));
    let found = compare(&pairs, &Options::default()).unwrap();
    assert_eq!(found.difference.method, Method::SignFlips);
    assert_eq!(found.difference.value, 5.0 / 30.0);
    // Scores have no majority.
    let options = Options {
        measure: Measure::Scores,
        ..Options::default()
    };
    let found = compare(&pairs[..29], &options).unwrap();
    assert_eq!(found.difference.method, Method::SignFlips);
}

#[test]
fn scores_that_do_not_differ_prove_no_more_than_passes() {
    let options = Options {
        measure: Measure::Scores,
        ..Options::default()
    };
    for (size, is_said) in [(20, false), (50, false), (60, true)] {
        let scores = compare(&vec![pair(0.8, 0.8); size], &options).unwrap();
        let passes = compare(&vec![pair(1.0, 1.0); size], &Options::default()).unwrap();
        assert_eq!(scores.not_worse(0.05), is_said, "{size}");
        assert_eq!(passes.not_worse(0.05), is_said, "{size}");
        let (one, other) = (scores.difference.interval, passes.difference.interval);
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!((one.low - other.low).abs() < 1e-9 && (one.high - other.high).abs() < 1e-9);
        assert_eq!(scores.mde, passes.mde);
    }
}

#[test]
fn rounding_makes_no_difference() {
    // 0.1 + 0.2 against 0.3, as a mean of scores.
    let head = (0.1 + 0.2) / 2.0;
    let found = compare(&vec![pair(0.3 / 2.0, head); 30], &Options::default()).unwrap();
    assert_eq!((found.differing, found.difference.p), (0, Some(1.0)));
    let group = |at: usize| Some((at / 3).to_string());
    let values = [(0.0, 0.1), (0.0, 0.2), (0.3, 0.0)];
    let pairs: Vec<Pair> = (0..60)
        .map(|at| Pair {
            group: group(at),
            ..pair(values[at % 3].0, values[at % 3].1)
        })
        .collect();
    let found = compare(&pairs, &Options::default()).unwrap();
    assert_eq!((found.differing, found.difference.p), (60, Some(1.0)));
    assert_eq!(found.verdict(), Verdict::CantTell);
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    let mut random = Pcg::new(3);
    let case = |_| pair(random.share(), random.share());
    let pairs: Vec<Pair> = (0..40).map(case).collect();
    let at = |seed: u64| {
        compare(
            &pairs,
            &Options {
                seed,
                ..Options::default()
            },
        )
        .unwrap()
    };
    assert_eq!(at(5), at(5));
    assert_ne!(at(5).difference.p, at(6).difference.p);
}

#[test]
fn intervals_of_kappa_hold_that_of_a_good_judge() {
    // 85 % are to pass; the judge passes 99 % of these, and fails 97 % of the others.
    let chances = [0.8415, 0.85, 0.8545];
    let labels = |random: &mut Pcg, n: u64| {
        let mut counts = [0_u64; 4];
        for _ in 0..n {
            let share = random.share();
            counts[chances.iter().filter(|&&end| end <= share).count()] += 1;
        }
        let [both_pass, only_human, only_judge, both_fail] = counts;
        Labels {
            both_pass,
            only_human,
            only_judge,
            both_fail,
        }
    };
    let mut random = Pcg::new(1);
    let truth = labels(&mut random, 200_000).kappa(0.95).unwrap().value;
    for n in [20, 50] {
        let found: Vec<Kappa> = (0..1000)
            .filter_map(|_| labels(&mut random, n).kappa(0.95))
            .collect();
        let share = |holds: &dyn Fn(&&Kappa) -> bool| {
            found.iter().filter(holds).count() as f64 / found.len() as f64
        };
        let held = share(&|kappa| kappa.interval.holds(truth));
        assert!((0.92..1.0).contains(&held), "{n}: {held}");
        // What is common instead.
        let common = share(&|kappa| (kappa.value - truth).abs() <= 1.96 * kappa.se);
        assert!(common < 0.6, "{n}: {common}");
    }
}

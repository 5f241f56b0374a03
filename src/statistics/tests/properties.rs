//! What must hold whatever goes in.

use proptest::prelude::*;

use crate::statistics::distribution::{t, t_beyond, z};
use crate::statistics::*;

fn counts() -> impl Strategy<Value = Count> {
    (1..400_u64).prop_flat_map(|of| (0..=of).prop_map(move |passed| Count { passed, of }))
}

/// Pairs of pass shares of up to three answers, or of scores, some of them in groups.
fn pairs() -> impl Strategy<Value = Vec<Pair>> {
    (1..=3_u8, any::<bool>(), any::<bool>()).prop_flat_map(|(repeat, is_grouped, is_score)| {
        let mean = move || match is_score {
            true => (0.0..1.0).boxed(),
            false => (0..=repeat)
                .prop_map(move |passed| f64::from(passed) / f64::from(repeat))
                .boxed(),
        };
        let group = proptest::option::of(0..12_u8);
        let pair = (mean(), mean(), group).prop_map(move |(base, head, group)| Pair {
            base,
            head,
            group: group.filter(|_| is_grouped).map(|group| group.to_string()),
            is_repeated: repeat > 1,
        });
        proptest::collection::vec(pair, 1..40)
    })
}

fn swapped(pairs: &[Pair]) -> Vec<Pair> {
    let swap = |pair: &Pair| Pair {
        base: pair.head,
        head: pair.base,
        ..pair.clone()
    };
    pairs.iter().map(swap).collect()
}

fn is_close(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn quantiles_of_values_that_come_one_by_one_are_those_of_the_sorted_ones(
        values in proptest::collection::vec(0.0..1e6, 1..200),
        shares in [0.0..=1.0, 0.0..=1.0, 0.0..=1.0],
    ) {
        let mut shares = shares;
        shares.sort_by(f64::total_cmp);
        let (mut exact, mut sketch) = (Quantiles::default(), Sketch::default());
        for value in &values {
            exact.push(*value);
            sketch.push(*value);
        }
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        let expected = shares.map(|q| quantile(&sorted, q).unwrap());
        prop_assert_eq!(exact.figures(shares).unwrap(), expected);
        let sketch = Sketch::from_bits(&sketch.to_bits()).unwrap();
        for (found, expected) in Quantiles::Close(sketch).figures(shares).unwrap().into_iter().zip(expected) {
            prop_assert!((found - expected).abs() <= OFF * expected * 1.000_001 + 1e-6, "{} for {}", found, expected);
        }
    }

    #[test]
    fn values_that_are_put_in_order_now_and_then_are_the_same_values(
        values in proptest::collection::vec((0..40_u32, proptest::bool::weighted(0.1)), 1..80),
        kept in 0..80_usize,
    ) {
        let mut now_and_then = Quantiles::default();
        for (at, (value, is_time)) in values.iter().enumerate() {
            now_and_then.push(f64::from(*value));
            if *is_time || at == kept {
                now_and_then.sort();
            }
            if at == kept && let Quantiles::Exact(values) = &now_and_then {
                now_and_then = Quantiles::Exact(Values::of_runs(values.runs().to_vec()).unwrap());
            }
        }
        let mut sorted: Vec<f64> = values.iter().map(|(value, _)| f64::from(*value)).collect();
        sorted.sort_by(f64::total_cmp);
        let shares = [0.0, 0.1, 0.5, 0.99, 1.0];
        let expected = Some(shares.map(|q| quantile(&sorted, q).unwrap()));
        prop_assert_eq!(now_and_then.figures(shares), expected);
        now_and_then.sort();
        prop_assert_eq!(now_and_then.figures(shares), expected);
        prop_assert_eq!(now_and_then.n(), sorted.len() as u64);
    }

    #[test]
    fn intervals_of_shares_hold_them_and_are_symmetric(count in counts(), other in counts()) {
        let found = wilson(count, 0.95).unwrap();
        prop_assert!(found.holds(count.share()) && found.low >= 0.0 && found.high <= 1.0);
        let failed = Count { passed: count.of - count.passed, ..count };
        let mirrored = wilson(failed, 0.95).unwrap();
        prop_assert!(is_close(found.low, 1.0 - mirrored.high), "{found:?} {mirrored:?}");
        let wider = wilson(count, 0.99).unwrap();
        prop_assert!(wider.low <= found.low && found.high <= wider.high);

        let found = newcombe_unpaired(count, other, 0.95).unwrap();
        prop_assert!(found.holds(count.share() - other.share()));
        let back = newcombe_unpaired(other, count, 0.95).unwrap();
        prop_assert!(is_close(found.low, -back.high) && is_close(found.high, -back.low));
    }

    #[test]
    fn intervals_of_pairs_hold_the_difference(cells in proptest::array::uniform4(0..60_u64)) {
        let [both, only_head, only_base, neither] = cells;
        prop_assume!(cells.iter().sum::<u64>() > 0);
        let table = PassTable { both, only_head, only_base, neither };
        let back = PassTable { only_head: only_base, only_base: only_head, ..table };
        let found = newcombe_paired(&table, 0.95).unwrap();
        prop_assert!(found.holds(table.difference()));
        prop_assert!(found.low >= -1.0 - 1e-9 && found.high <= 1.0 + 1e-9, "{found:?}");
        let mirrored = newcombe_paired(&back, 0.95).unwrap();
        prop_assert!(is_close(found.low, -mirrored.high) && is_close(found.high, -mirrored.low));
    }

    #[test]
    fn comparing_the_other_way_round_says_the_opposite(pairs in pairs(), scores in any::<bool>()) {
        let measure = if scores { Measure::Scores } else { Measure::Passes };
        let options = Options { measure, seed: 11, ..Options::default() };
        let found = compare(&pairs, &options).unwrap();
        let back = compare(&swapped(&pairs), &options).unwrap();
        let (one, other) = (found.difference, back.difference);
        prop_assert_eq!(one.method, other.method);
        prop_assert!(is_close(one.value, -other.value));
        prop_assert_eq!(found.limit, back.limit);
        prop_assert_eq!(one.interval.is_some(), other.interval.is_some());
        if let (Some(one), Some(other)) = (one.interval, other.interval) {
            prop_assert!(one.holds(found.difference.value), "{one:?}");
            prop_assert!(is_close(one.low, -other.high) && is_close(one.high, -other.low));
        }
        prop_assert_eq!(one.p, other.p);
        prop_assert!(one.p.is_none_or(|p| (0.0..=1.0).contains(&p)));
        let decided = match found.verdict() {
            Verdict::Better => Some(Verdict::Worse),
            Verdict::Worse => Some(Verdict::Better),
            Verdict::NotWorse | Verdict::CantTell => None,
        };
        match decided {
            Some(opposite) => prop_assert_eq!(back.verdict(), opposite),
            None => prop_assert!(!matches!(back.verdict(), Verdict::Better | Verdict::Worse)),
        }
        // What is not worse by a little is not worse by more.
        prop_assert!(!found.not_worse(0.05) || found.not_worse(0.1));
        prop_assert!(found.verdict() != Verdict::Better || found.not_worse(0.0));
    }

    #[test]
    fn the_order_of_cases_changes_nothing(pairs in pairs()) {
        let mut turned = pairs.clone();
        turned.reverse();
        let one = compare(&pairs, &Options::default()).unwrap();
        let other = compare(&turned, &Options::default()).unwrap();
        prop_assert!(is_close(one.difference.value, other.difference.value));
        prop_assert_eq!(one.difference.p, other.difference.p);
        prop_assert_eq!(one.mde.is_some(), other.mde.is_some());
        prop_assert!(is_close(one.mde.unwrap_or(0.0), other.mde.unwrap_or(0.0)));
    }

    #[test]
    fn holm_keeps_the_order_and_only_raises(p in proptest::collection::vec(0.0..=1.0_f64, 0..12)) {
        let adjusted = holm(&p);
        for (at, own) in p.iter().enumerate() {
            prop_assert!(*own <= adjusted[at] && adjusted[at] <= 1.0);
            prop_assert!(adjusted[at] <= (own * p.len() as f64).min(1.0) + 1e-12);
            for (other, its) in p.iter().enumerate() {
                prop_assert!(own > its || adjusted[at] <= adjusted[other]);
            }
        }
    }

    #[test]
    fn flips_of_whole_numbers_are_counted_right(values in proptest::collection::vec(-9..=9_i32, 0..10)) {
        let sum = values.iter().sum::<i32>().abs();
        let flips = 0..1_u32 << values.len();
        let far = flips.clone().filter(|bits| {
            let flip = |(at, value): (usize, &i32)| if bits >> at & 1 == 1 { -value } else { *value };
            values.iter().enumerate().map(flip).sum::<i32>().abs() >= sum
        });
        let expected = far.count() as f64 / flips.len() as f64;
        // Tenths, so that rounding is there to be seen through.
        let tenths: Vec<f64> = values.iter().map(|&value| f64::from(value) / 10.0).collect();
        prop_assert!(is_close(sign_flips(&tenths, 0), expected));
    }

    #[test]
    fn quantiles_lie_between_the_values(mut values in proptest::collection::vec(-1e3..1e3_f64, 1..200), q in 0.0..=1.0_f64) {
        values.sort_by(f64::total_cmp);
        let found = quantile(&values, q).unwrap();
        prop_assert!(values[0] <= found && found <= values[values.len() - 1]);
        if let Some((low, high)) = quantile_ranks(values.len(), q, 0.95) {
            prop_assert!(1 <= low && low <= high && high <= values.len());
            prop_assert!(quantile_interval(&values, q, 0.95).unwrap().holds(found));
        }
    }

    #[test]
    fn bootstrap_intervals_scale(values in proptest::collection::vec(0.1..9.0_f64, 5..7), seed in any::<u64>()) {
        let Some(found) = bca_mean(&values, 0.95, seed) else { return Ok(()) };
        let ten: Vec<f64> = values.iter().map(|value| 16.0 * value).collect();
        let scaled = bca_mean(&ten, 0.95, seed).unwrap();
        prop_assert!((16.0 * found.low - scaled.low).abs() < 1e-6);
        prop_assert!((16.0 * found.high - scaled.high).abs() < 1e-6);
    }

    #[test]
    fn kappas_stay_on_their_scale(cells in proptest::array::uniform9(0..9_u64), quadratic in any::<bool>()) {
        let table: Vec<Vec<u64>> = cells.chunks(3).map(<[u64]>::to_vec).collect();
        let turned: Vec<Vec<u64>> = (0..3).map(|at| table.iter().map(|row| row[at]).collect()).collect();
        let weights = if quadratic { Weights::Quadratic } else { Weights::Same };
        if let Some(found) = kappa(&table, weights, 0.95) {
            prop_assert!(found.interval.holds(found.value) && found.value <= 1.0 + 1e-12);
            let back = kappa(&turned, weights, 0.95).unwrap();
            prop_assert!(is_close(found.value, back.value) && is_close(found.interval.low, back.interval.low));
        }
    }

    #[test]
    fn t_leads_there_and_back(level in 0.5..0.9999_f64, exponent in 0.0..8.0_f64) {
        // Off once were 894 degrees at a level of 0.594, and 889,148 degrees at one of 0.880.
        let degrees = 10_f64.powf(exponent);
        let end = t(level, degrees);
        prop_assert!((t_beyond(end, degrees) - (1.0 - level)).abs() < 1e-9, "{degrees} {end}");
        prop_assert!(end >= z(level) - 1e-6, "{degrees} {end}");
    }

    #[test]
    fn more_cases_show_less(discordance in 0.0..=1.0_f64, n in 6..500_u32) {
        let at = |n: u32| mde_of_change(f64::from(n), discordance, 0.95).unwrap();
        let (here, more) = (at(n), at(2 * n));
        prop_assert!(more <= here + 1e-9 && here <= 1.0);
        if n >= 20 {
            let needed = cases_for_change(here, discordance, 0.95).unwrap();
            prop_assert!((needed - f64::from(n)).abs() < 1e-3, "{n} {needed}");
        }
    }
}

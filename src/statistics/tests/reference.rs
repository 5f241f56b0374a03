//! Figures of others, to 1e-6 (distributions closer). Made by scipy 1.17.1, statsmodels 0.15.0 and
//! scikit-learn 1.9.1; what made each stands beside it.

use crate::statistics::distribution::{
    binomial_at_most, normal_at_most, normal_quantile, t, t_beyond,
};
use crate::statistics::*;

const HEAD: [f64; 10] = [0.9, 0.7, 1.0, 0.4, 0.8, 0.85, 0.95, 0.6, 0.75, 0.5];
const BASE: [f64; 10] = [0.8, 0.75, 0.9, 0.3, 0.85, 0.8, 0.9, 0.4, 0.7, 0.45];
const TWENTY: [f64; 20] = [
    0.9, 0.7, 1.0, 0.4, 0.8, 0.85, 0.95, 0.6, 0.75, 0.5, 0.2, 0.9, 0.3, 0.65, 0.55, 1.0, 0.45, 0.7,
    0.85, 0.6,
];
const CLUSTERS: [u8; 20] = [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4];

#[track_caller]
pub(super) fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-6, "{found} for {expected}");
}

#[track_caller]
pub(super) fn spans(found: Interval, low: f64, high: f64) {
    close(found.low, low);
    close(found.high, high);
}

#[track_caller]
pub(super) fn near(found: f64, expected: f64, relative: f64) {
    let off = (found / expected - 1.0).abs();
    assert!(off <= relative, "{found} for {expected}: {off:e}");
}

pub(super) fn count(passed: u64, of: u64) -> Count {
    Count { passed, of }
}

fn table(both: u64, only_head: u64, only_base: u64, neither: u64) -> PassTable {
    PassTable {
        both,
        only_head,
        only_base,
        neither,
    }
}

/// `st.norm.ppf`, `st.norm.cdf`, `st.t.ppf(1 - (1 - level) / 2, df)`, `2 * st.t.sf(x, df)`
#[test]
fn normal_and_t() {
    near(normal_quantile(0.975), 1.959963984540054, 1e-12);
    near(normal_quantile(0.8), 0.8416212335729143, 1e-12);
    near(normal_quantile(1e-10), -6.361340902404056, 1e-12);
    near(normal_quantile(0.999999), 4.753424308817087, 1e-12);
    near(normal_at_most(-3.5), 0.00023262907903552502, 1e-9);
    near(normal_at_most(1.2), 0.8849303297782918, 1e-9);
    for (level, degrees, expected) in [
        (0.95, 1.0, 12.706204736174694),
        (0.95, 2.5, 3.5746548420036817),
        (0.95, 4.0, 2.7764451051977934),
        (0.95, 9.0, 2.262157162798205),
        (0.9, 49.0, 1.6765508926168535),
        (0.95, 199.0, 1.9719565442517533),
        (0.95, 9_999.0, 1.960201263621357),
        (0.95, 1e6, 1.959966356814107),
        (0.999, 3.0, 12.923978636687961),
        (0.5, 30.0, 0.6827556933212927),
        (0.99, 123_456.5, 2.575869128257694),
        (0.95, 1_001.0, 1.9623367052808798),
        (0.999, 1_001.0, 3.3002728760660403),
    ] {
        near(t(level, degrees), expected, 1e-9);
    }
    for (value, degrees, expected) in [
        (2.571429, 9.0, 0.030117110701595277),
        (0.1, 4.0, 0.9251558409394532),
        (12.0, 3.0, 0.0012450158007893362),
        (1.96, 1e6, 0.04999606758526985),
        (5.0, 1e8, 5.733041101267264e-7),
        (40.0, 10.0, 2.2808577430857535e-12),
    ] {
        near(t_beyond(value, degrees), expected, 1e-9);
    }
}

/// `st.binom.cdf(k, n, p)`
#[test]
fn binomial_tails_far_beyond_what_a_continued_fraction_of_141_steps_can() {
    for (k, n, p, expected) in [
        (0, 6, 0.5, 0.015625),
        (40, 100, 0.5, 0.028443966820490444),
        (3, 15, 0.476, 0.027272310859096885),
        (9_990, 10_000, 0.999, 0.5421328760209828),
        (12, 10_000, 0.001, 0.7916513294452172),
        (500_100, 1_000_000, 0.5, 0.5796507066821627),
        (499_000, 1_000_000, 0.5, 0.0228041499326948),
        (989_800, 1_000_000, 0.99, 0.022742497360527417),
    ] {
        near(binomial_at_most(k, n, p), expected, 1e-8);
    }
    assert_eq!(binomial_at_most(5, 5, 0.3), 1.0);
    assert_eq!(binomial_at_most(0, 9, 1.0), 0.0);
    assert_eq!(binomial_at_most(0, 9, 0.0), 1.0);
}

/// `proportion_confint(x, n, method="wilson")`
#[test]
fn wilson_intervals() {
    for (passed, of, low, high) in [
        (17, 20, 0.639581, 0.947631),
        (5, 5, 0.565518, 1.0),
        (0, 12, 0.0, 0.242494),
        (99, 100, 0.945514, 0.998233),
    ] {
        spans(wilson(count(passed, of), 0.95).unwrap(), low, high);
    }
    assert_eq!(wilson(count(0, 0), 0.95), None);
}

/// The formula of the row, by numpy: `G = n.sum()**2/(n**2).sum()`,
/// `deff = C/(C-1)*((x-p*n)**2).sum()/n.sum()**2/(p*(1-p)/n.sum())`, `proportion_confint(p*m, m,
/// method="wilson")` with `m = n.sum()/max(1, deff)`.
#[test]
fn wilson_intervals_of_groups() {
    let groups = |passed: &[u64], of: &[u64]| -> Vec<Count> {
        passed.iter().zip(of).map(|(&p, &n)| count(p, n)).collect()
    };
    let found = wilson_grouped(&groups(&[4, 0, 3, 5, 1, 6], &[4, 4, 4, 5, 5, 6]), 0.95);
    spans(found.unwrap(), 0.325059, 0.902477);
    // All pass: as many cases as effective groups, 400 / 72.
    let found = wilson_grouped(&groups(&[4, 4, 4, 2, 2, 4], &[4, 4, 4, 2, 2, 4]), 0.95);
    spans(found.unwrap(), 0.591204, 1.0);
    // Groups that are less alike than chance would have them are worth no more than their cases.
    let found = wilson_grouped(&groups(&[1; 10], &[2; 10]), 0.95);
    spans(found.unwrap(), 0.299298, 0.700702);
    // 400 / 166 effective groups.
    let of = [1, 1, 2, 4, 12];
    assert_eq!(wilson_grouped(&groups(&of, &of), 0.95), None);
    assert_eq!(wilson_grouped(&[], 0.95), None);
}

/// `mcnemar([[_, b], [c, _]], exact=True).pvalue`
#[test]
fn mcnemar_exact() {
    for (one, other, expected) in [
        (2, 10, 0.03857421875),
        (0, 6, 0.03125),
        (9, 21, 0.042773945257067694),
        (40, 60, 0.05688793364098089),
        (5, 0, 0.0625),
        (3, 3, 1.0),
        (0, 0, 1.0),
        (4000, 4300, 0.001029736761268162),
    ] {
        near(mcnemar(one, other), expected, 1e-10);
        assert_eq!(mcnemar(one, other), mcnemar(other, one));
    }
    assert_eq!(least_differing(0.05), 6);
    assert_eq!(least_differing(0.01), 8);
}

/// Newcombe 1998, method 10; the last, at 90 %, is the bound of "not worse".
#[test]
fn newcombe_for_pairs() {
    for (cells, value, low, high) in [
        (table(36, 12, 2, 0), 0.2, 0.056930, 0.340428),
        (table(70, 12, 5, 13), 0.07, -0.012797, 0.153597),
        (table(18, 0, 2, 0), -0.1, -0.301034, 0.076535),
    ] {
        close(cells.difference(), value);
        spans(newcombe_paired(&cells, 0.95).unwrap(), low, high);
    }
    let found = newcombe_paired(&table(41, 6, 1, 2), 0.9).unwrap();
    close(found.low, 0.007588);
    assert_eq!(newcombe_paired(&PassTable::default(), 0.95), None);
}

/// `confint_proportions_2indep(x1, n1, x2, n2, method="newcomb")`
#[test]
fn newcombe_for_two_samples() {
    for (head, base, low, high) in [
        (count(56, 70), count(48, 80), 0.052431, 0.333873),
        (count(9, 10), count(3, 10), 0.170523, 0.809018),
        (count(950, 1000), count(88, 100), 0.017702, 0.149018),
    ] {
        let found = newcombe_unpaired(head, base, 0.95).unwrap();
        spans(found, low, high);
        let swapped = newcombe_unpaired(base, head, 0.95).unwrap();
        spans(swapped, -high, -low);
    }
    assert_eq!(newcombe_unpaired(count(1, 2), count(0, 0), 0.95), None);
}

/// `st.t.interval(.95, n - 1, x.mean(), st.sem(x))`, `st.ttest_rel(head, base)`,
/// `st.ttest_ind(head, other, equal_var=False)`
#[test]
fn means_by_t() {
    let found = mean(&HEAD, 0.95).unwrap();
    close(found.value, 0.745);
    close(found.se.unwrap(), 0.062115);
    spans(found.interval.unwrap(), 0.604485, 0.885515);

    let differences: Vec<f64> = HEAD.iter().zip(BASE).map(|(h, b)| h - b).collect();
    let found = paired_t(&differences, 0.95).unwrap();
    close(found.difference, 0.06);
    close(found.t, 2.571429);
    close(found.p, 0.030117);
    spans(found.interval, 0.007216, 0.112784);

    let found = welch(&HEAD, &BASE[..6], 0.95).unwrap();
    close(found.t, 0.107388);
    close(found.degrees, 9.757395);
    close(found.p, 0.916657);
    spans(found.interval, -0.231218, 0.254551);

    assert_eq!(mean(&[], 0.95), None);
    assert_eq!(mean(&[0.5], 0.95).unwrap().interval, None);
    assert_eq!(paired_t(&[0.1], 0.95), None);
    assert_eq!(paired_t(&[0.0; 9], 0.95), None);
    assert_eq!(welch(&[1.0; 3], &[1.0; 3], 0.95), None);
}

/// `sm.OLS(x, np.ones(20)).fit(cov_type="cluster", cov_kwds={"groups": g}, use_t=True)`, and with
/// `st.t.ppf(.975, G - 1)` for G = n.sum()**2 / (n**2).sum() = 400 / 84.
#[test]
fn clustered_means() {
    let values: Vec<(f64, u8)> = TWENTY.into_iter().zip(CLUSTERS).collect();
    let found = clustered(&values).unwrap();
    close(found.mean, 0.6825);
    close(found.se, 0.058962);
    assert_eq!(found.groups, 5);
    close(found.effective, 4.761905);
    let interval = mean_interval(found.mean, found.se, 4.0, 0.95);
    spans(interval, 0.518796, 0.846204);
    let interval = mean_interval(found.mean, found.se, found.effective - 1.0, 0.95);
    spans(interval, 0.514628, 0.850372);
    // So few groups get no interval.
    assert_eq!(grouped_mean(&values, 0.95).unwrap().interval, None);

    // Groups of one are independent values.
    let alone: Vec<(f64, usize)> = HEAD.into_iter().zip(0..).collect();
    let found = grouped_mean(&alone, 0.95).unwrap().interval.unwrap();
    spans(found, 0.604485, 0.885515);
}

/// `st.ttest_1samp(d, 0)` over the means of 8 cases with 3 answers each.
#[test]
fn repeats_by_t() {
    let third = 1.0 / 3.0;
    let found = paired_t(&[third, 0.0, third, -third, 0.0, third, third, 0.0], 0.95).unwrap();
    close(found.difference, 0.125);
    close(found.t, 1.425573);
    close(found.p, 0.197022);
    spans(found.interval, -0.082340, 0.332340);
}

/// All 1,024 flips, by hand.
#[test]
fn sign_flips_of_ten() {
    let differences: Vec<f64> = HEAD.iter().zip(BASE).map(|(h, b)| h - b).collect();
    close(sign_flips(&differences, 0), 0.048828);
    assert_eq!(sign_flips(&[1.0; 6], 0), 0.03125);
    assert_eq!(sign_flips(&[], 0), 1.0);
    assert_eq!(sign_flips(&[0.0; 30], 0), 1.0);
}

/// numpy: `np.quantile(x, q)`; the ranks by `st.binom.cdf` over all of them.
#[test]
fn quantiles_and_their_ranks() {
    let mut sorted = TWENTY;
    sorted.sort_by(f64::total_cmp);
    for (q, expected) in [
        (0.5, 0.7),
        (0.9, 0.955),
        (0.33, 0.6),
        (0.0, 0.2),
        (1.0, 1.0),
    ] {
        close(quantile(&sorted, q).unwrap(), expected);
    }
    assert_eq!(quantile(&[], 0.5), None);
    for (n, q, expected) in [
        (0, 0.5, None),
        (5, 0.5, None),
        (6, 0.5, Some((1, 6))),
        (20, 0.5, Some((6, 15))),
        (100, 0.9, Some((84, 96))),
        (367, 0.99, None),
        (368, 0.99, Some((360, 368))),
        (400, 0.99, Some((392, 400))),
        (1000, 0.95, Some((936, 964))),
    ] {
        assert_eq!(quantile_ranks(n, q, 0.95), expected, "{n} {q}");
    }
    spans(quantile_interval(&sorted, 0.5, 0.95).unwrap(), 0.55, 0.85);
}

/// All 3,125 samples by hand; the others by `st.bootstrap(..., method="BCa", random_state=1)` with
/// 200,000 and 400,000 samples, so that they agree in two or three digits.
#[test]
fn bca_intervals() {
    let found = bca_mean(&[0.2, 0.5, 0.9, 1.0, 0.4], 0.95, 0).unwrap();
    spans(found, 0.34, 0.86);
    let found = bca_mean(&TWENTY, 0.95, 7).unwrap();
    assert!((found.low - 0.575).abs() < 0.006, "{found:?}");
    assert!((found.high - 0.7725).abs() < 0.006, "{found:?}");
    let head = [
        812., 900., 1200., 640., 720., 1500., 980., 1100., 860., 930.,
    ];
    let base = [
        700., 950., 1000., 600., 800., 1100., 900., 1000., 870., 800.,
    ];
    let rows: Vec<(f64, f64)> = head.into_iter().zip(base).collect();
    let found = bca_ratio(&rows, 0.95, 7).unwrap();
    assert!((found.low - 1.029977).abs() < 0.005, "{found:?}");
    assert!((found.high - 1.207257).abs() < 0.005, "{found:?}");
    assert_eq!(bca_ratio(&rows, 0.95, 7), Some(found));

    assert_eq!(bca_mean(&HEAD[..4], 0.95, 0), None);
    assert_eq!(bca_ratio(&[(1.0, 0.0); 9], 0.95, 0), None);
    spans(bca_mean(&[0.5; 9], 0.95, 0).unwrap(), 0.5, 0.5);
}

/// `multipletests(p, method="holm")[1]`
#[test]
fn holm_adjusted() {
    let found = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (found, expected) in found.into_iter().zip([0.03, 0.06, 0.06, 0.02]) {
        close(found, expected);
    }
    assert_eq!(holm(&[0.7, 0.8]), [1.0, 1.0]);
    assert_eq!(holm(&[]), [0.0; 0]);
}

/// Connor 1987, normal quantiles, and `st.binom.sf(5, n, d)`.
#[test]
fn what_could_be_seen() {
    close(cases_for_change(0.1, 0.2, 0.95).unwrap(), 154.598570);
    assert_eq!(cases_for_change(0.05, 0.14, 0.95).unwrap().ceil(), 438.0);
    close(mde_of_change(50.0, 0.14, 0.95).unwrap(), 0.149717);
    for (n, expected) in [(50, 0.150), (100, 0.088), (200, 0.062), (500, 0.040)] {
        let found = mde_of_change(f64::from(n), 0.1, 0.95).unwrap();
        assert!((found - expected).abs() < 5.1e-4, "{n}: {found}");
    }
    for (n, expected) in [(50, 0.173), (100, 0.124), (200, 0.088), (500, 0.056)] {
        let found = mde_of_change(f64::from(n), 0.2, 0.95).unwrap();
        assert!((found - expected).abs() < 5.1e-4, "{n}: {found}");
    }
    for (n, expected) in [(6, 0.963), (8, 0.801), (10, 0.673), (15, 0.476)] {
        let found = mde_of_change(f64::from(n), 0.1, 0.95).unwrap();
        assert!((found - expected).abs() < 5.1e-4, "{n}: {found}");
    }
    assert_eq!(about(mde_of_change(20.0, 0.1, 0.95).unwrap()), 0.35);
    assert_eq!(mde_of_change(5.0, 0.1, 0.95), None);
    close(mde_of_spread(0.5 / 200_f64.sqrt(), 0.95), 0.099051);
    close(cases_for_spread(0.05, 0.5, 0.95).unwrap(), 784.887973);
    // Connor says 14; the exact test needs one more.
    assert_eq!(cases_for_change(0.5, 0.1, 0.95), Some(15.0));
    assert_eq!(cases_for_change(1.0, 0.1, 0.95), Some(6.0));
    assert_eq!(cases_for_change(0.0, 0.1, 0.95), None);
    assert_eq!(cases_for_spread(0.0, 0.1, 0.95), None);
    assert_eq!(about(438.0), 440.0);
    assert_eq!(about(0.149717), 0.15);
    assert_eq!(about(15.4), 15.0);
    assert_eq!(about(0.0), 0.0);
}

/// `cohen_kappa_score` of scikit-learn, and `cohens_kappa(table, wt=…)` of statsmodels, whose
/// `std_kappa` is this standard error.
#[test]
fn kappas() {
    let labels = Labels {
        both_pass: 35,
        only_human: 5,
        only_judge: 6,
        both_fail: 14,
    };
    let found = labels.kappa(0.95).unwrap();
    close(found.value, 0.582278);
    close(found.se, 0.112252);
    assert_eq!(labels.sensitivity(), count(35, 40));
    assert_eq!(labels.specificity(), count(14, 20));
    assert_eq!(labels.agreement(), count(49, 60));

    let scale = [
        vec![20, 3, 1, 0],
        vec![4, 15, 5, 1],
        vec![0, 6, 18, 4],
        vec![0, 1, 3, 19],
    ];
    let found = kappa(&scale, Weights::Quadratic, 0.95).unwrap();
    close(found.value, 0.845833);
    close(found.se, 0.035556);
    let found = kappa(&scale, Weights::Same, 0.95).unwrap();
    close(found.value, 0.626218);
    close(found.se, 0.060176);

    // Ten labels that all agree prove little, though the standard error is 0.
    let found = kappa(&[vec![5, 0], vec![0, 5]], Weights::Same, 0.95).unwrap();
    assert_eq!((found.value, found.interval.high), (1.0, 1.0));
    close(found.interval.low, 0.444934);

    assert_eq!(kappa(&[vec![9, 0], vec![0, 0]], Weights::Same, 0.95), None);
    assert_eq!(kappa(&[vec![9]], Weights::Quadratic, 0.95), None);
    assert_eq!(kappa(&[vec![9, 1], vec![2]], Weights::Same, 0.95), None);
    assert_eq!(kappa(&[], Weights::Same, 0.95), None);
}

//! Figures of what comes one by one, and of strata: held against other programs.

use super::reference::{close, count, near, spans};
use crate::statistics::*;

/// Λ as an integral over the mixture: `integrate.quad(lambda th: norm.pdf(d, th, V**.5) *
/// norm.pdf(th, 0, .2), -2, 2)[0] / norm.pdf(d, 0, V**.5)` with V = .5 / n.
#[test]
fn looking_after_every_call() {
    let differences = [
        0.9, -0.3, 0.8, 0.2, 1.1, 0.4, -0.6, 1.3, 0.7, 0.1, 0.5, 1.0, -0.2, 0.9, 0.6, 0.3,
    ];
    let mut test = Msprt::new(0.2);
    let mut sum = 0.0;
    let mut ratios = Vec::new();
    for (difference, n) in differences.into_iter().zip(1..) {
        sum += difference;
        ratios.push(test.look(sum / f64::from(n), 0.5 / f64::from(n)));
    }
    close(ratios[0], 1.021753);
    close(ratios[6], 1.103150);
    close(ratios[15], 5.302949);
    close(test.p(), 0.188574);
    // p never rises again.
    test.look(0.0, 0.001);
    close(test.p(), 0.188574);
    assert_eq!(test.look(0.3, 0.0), 1.0);
    // The row of the paper: Λ 11.359081 gives p 0.088035.
    close(1.0 / 11.359081, 0.088035);
}

/// `(w * (x1/n1 - x2/n2)).sum() / w.sum()` with `w = n1*n2/(n1+n2)`, and the root of the variance.
#[test]
fn a_change_of_the_mixture_is_no_difference() {
    let stratum = |base: Count, head: Count| Stratum {
        base: base.into(),
        head: head.into(),
    };
    let (base, head) = (count(720 + 475, 900 + 500), count(80 + 475, 100 + 500));
    close(head.share() - base.share(), 0.071429);
    let found = mantel_haenszel(&[
        stratum(count(720, 900), count(80, 100)),
        stratum(count(475, 500), count(475, 500)),
    ]);
    close(found.unwrap().difference, 0.0);

    let found = mantel_haenszel(&[
        stratum(count(720, 900), count(80, 100)),
        stratum(count(30, 55), count(40, 50)),
        stratum(count(5, 14), count(12, 15)),
        stratum(count(5, 14), count(0, 0)),
    ]);
    let found = found.unwrap();
    close(found.difference, 0.079992);
    close(found.variance.sqrt(), 0.037220);
    assert_eq!(mantel_haenszel(&[]), None);
}

/// Chen et al. 2021.
#[test]
fn several_tries() {
    close(pass_any(3, 10, 5).unwrap(), 0.916667);
    close(pass_any(2, 5, 3).unwrap(), 0.9);
    close(pass_all(3, 4, 2).unwrap(), 0.5);
    assert_eq!(pass_all(1, 4, 2), Some(0.0));
    assert_eq!(pass_any(4, 4, 4), Some(1.0));
    for (passed, tries, k) in [(1, 4, 0), (1, 4, 5), (5, 4, 1)] {
        assert_eq!(pass_any(passed, tries, k), None);
        assert_eq!(pass_all(passed, tries, k), None);
    }
}

/// The first numbers of `pcg32-demo` of the C library.
#[test]
fn the_generator_is_the_one_of_the_paper() {
    let mut random = Pcg::with_stream(42, 54);
    let found: [u32; 6] = std::array::from_fn(|_| random.bits());
    let expected = [
        0xa15c_02b7,
        0x7b47_f409,
        0xba1d_3330,
        0x83d2_f293,
        0xbfa4_784b,
        0xcbed_606e,
    ];
    assert_eq!(found, expected);
    // FNV-1a of "foobar", by its authors.
    assert_eq!(seed_of("foobar"), 0x8594_4171_f739_67e8);
}

/// `x = [((i * 7919) % 1009) / 10 for i in range(1000)]`: `x.sum()`, `x.mean()`, `x.var(ddof=1)`,
/// `st.t.interval(level, 999, loc=x.mean(), scale=st.sem(x))`, `np.quantile(x, [.5, .9, .99])`
#[test]
fn values_that_come_one_by_one() {
    let values = (0..1000_u32).map(|i| f64::from((i * 7919) % 1009) / 10.0);
    let (mut moments, mut quantiles) = (Moments::default(), Quantiles::default());
    for value in values {
        moments.push(value);
        quantiles.push(value);
    }
    close(moments.sum().unwrap(), 50_467.8);
    close(moments.mean().unwrap(), 50.467_8);
    close(moments.variance().unwrap(), 849.750_833_993_993_9);
    spans(
        moments.interval(0.95).unwrap(),
        48.658_875_755_013_75,
        52.276_724_244_986_255,
    );
    spans(
        moments.interval(0.999).unwrap(),
        47.425_526_711_061_88,
        53.510_073_288_938_16,
    );
    let found = quantiles.figures([0.5, 0.9, 0.99]).unwrap();
    found
        .iter()
        .zip([50.55, 90.71, 99.801])
        .for_each(|(found, expected)| close(*found, expected));
}

/// `y = [(i * 48271 % 2147483647) % 90001 + 1 for i in range(150000)]`: `np.quantile(y, [.5, .9, .99])`
#[test]
fn more_values_than_are_kept_are_within_half_a_percent() {
    let mut quantiles = Quantiles::default();
    for i in 0..150_000_u64 {
        assert_eq!(quantiles.is_exact(), i <= EXACT as u64);
        quantiles.push((i * 48_271 % 2_147_483_647 % 90_001 + 1) as f64);
    }
    let found = quantiles.figures([0.5, 0.9, 0.99]).unwrap();
    for (found, expected) in found.into_iter().zip([44_999.5, 81_000.1, 89_101.01]) {
        near(found, expected, OFF);
    }
}

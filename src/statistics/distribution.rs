//! The distributions that the methods rest on, from `statrs`.

use std::f64::consts::PI;

use statrs::function::beta::{beta_reg, inv_beta_reg};
use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::ln_gamma;

/// From so many degrees on, t is a normal value with a correction: the inverse of the incomplete beta
/// function is wrong in the 5th digit at 100,000 degrees, and in the 2nd at ten times as many.
const ALMOST_NORMAL: f64 = 1000.0;

/// The value below which a standard normal one lies with probability `p`.
pub(super) fn normal_quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p)
}

/// The probability that a standard normal value is at most `x`.
pub(super) fn normal_at_most(x: f64) -> f64 {
    erfc(-x / std::f64::consts::SQRT_2) / 2.0
}

/// The half width of an interval of `level`, in standard errors, for known spread.
pub(super) fn z(level: f64) -> f64 {
    normal_quantile(level.midpoint(1.0))
}

/// The half width of an interval of `level`, in standard errors, for a spread known with `degrees`
/// of freedom; where these are many, by Fisher's expansion (Abramowitz and Stegun 26.7.5).
pub(super) fn t(level: f64, degrees: f64) -> f64 {
    if degrees > ALMOST_NORMAL {
        let z = z(level);
        let first = (z.powi(3) + z) / 4.0;
        let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
        let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
        return z + (first + (second + third / degrees) / degrees) / degrees;
    }
    let x = inv_beta_reg(degrees / 2.0, 0.5, 1.0 - level);
    let mut end = (degrees * (1.0 - x) / x).sqrt();
    // The inverse stops too early for some; two steps of Newton's method end what it began.
    for _ in 0..2 {
        end += (t_beyond(end, degrees) - (1.0 - level)) / (2.0 * t_density(end, degrees));
    }
    end
}

fn t_density(value: f64, degrees: f64) -> f64 {
    let half = f64::midpoint(degrees, 1.0);
    let height = ln_gamma(half) - ln_gamma(degrees / 2.0) - (degrees * PI).ln() / 2.0;
    (height - half * (value * value / degrees).ln_1p()).exp()
}

/// The probability that t is as far from 0 as `value`, or farther, on both sides together.
pub(super) fn t_beyond(value: f64, degrees: f64) -> f64 {
    if degrees > ALMOST_NORMAL {
        // Hill 1970, Algorithm 395. `beta_reg` takes the difference of logarithms of the gamma function,
        // which leaves 8 digits at 900,000 degrees.
        let (a, square) = (degrees - 0.5, value * value / degrees);
        let (b, y) = (48.0 * a * a, a * square.ln_1p());
        let first = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b);
        return 2.0 * normal_at_most(-((first + y + 3.0) / b + 1.0) * y.sqrt());
    }
    beta_reg(degrees / 2.0, 0.5, degrees / (degrees + value * value))
}

/// The probability of at most `k` successes in `n` tries of chance `p`.
///
/// Summed from the inner end of the smaller tail: the continued fraction of the incomplete beta
/// function is cut off after 141 steps, which is too few from about 100,000 tries on.
pub(super) fn binomial_at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    let (tries, odds) = (n as f64, p / (1.0 - p));
    let is_lower = (k as f64) < p * tries;
    let first = if is_lower { k } else { k + 1 } as f64;
    let mut term = (ln_gamma(tries + 1.0) - ln_gamma(first + 1.0) - ln_gamma(tries - first + 1.0)
        + first * p.ln()
        + (tries - first) * (-p).ln_1p())
    .exp();
    let (mut at, mut sum) = (first, 0.0);
    while term > sum * 1e-18 {
        sum += term;
        if is_lower {
            term *= at / ((tries - at + 1.0) * odds);
            at -= 1.0;
        } else {
            term *= (tries - at) * odds / (at + 1.0);
            at += 1.0;
        }
    }
    if is_lower { sum } else { 1.0 - sum }.clamp(0.0, 1.0)
}

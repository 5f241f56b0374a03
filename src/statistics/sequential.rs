//! Looking more than once.

use super::distribution::normal_quantile;
use super::power::POWER;

/// A test that may be looked at after every call: the mixture sequential probability ratio test
/// (Johari et al. 2019), with a normal mixture of variance τ² around no difference.
///
/// Its p is below α at any look with a chance of at most α, where nothing differs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Msprt {
    /// τ², in the square of the difference's unit; fixed before the first look.
    tau2: f64,
    p: f64,
}

impl Msprt {
    /// A test before its first look. `tau` is the size of differences to expect: 0.02 for rates.
    pub fn new(tau: f64) -> Self {
        Self {
            tau2: tau * tau,
            p: 1.0,
        }
    }

    /// Looks at a difference whose own variance is `variance`, as of now: σ²/n for n differences of
    /// variance σ². Returns Λ, by which the data speak for a difference.
    ///
    /// A variance of 0 (nothing varied yet) says nothing, and is passed over with a Λ of 1.
    pub fn look(&mut self, difference: f64, variance: f64) -> f64 {
        if variance.is_nan() || variance <= 0.0 {
            return 1.0;
        }
        let both = variance + self.tau2;
        let exponent = self.tau2 * difference * difference / (2.0 * variance * both);
        let ratio = (variance / both).sqrt() * exponent.exp();
        self.p = self.p.min(1.0 / ratio);
        ratio
    }

    /// The smallest 1/Λ of all looks so far, at most 1.
    pub fn p(&self) -> f64 {
        self.p
    }

    /// The smallest difference that 80 % of such tests show at one look with a p below 1 − `level`,
    /// where the difference has this variance.
    pub fn least_shown(tau: f64, variance: f64, level: f64) -> f64 {
        let (tau2, both) = (tau * tau, variance + tau * tau);
        let wanted = -(1.0 - level).ln() + (both / variance).ln() / 2.0;
        let shown = (2.0 * variance * both / tau2 * wanted).sqrt();
        shown + normal_quantile(POWER) * variance.sqrt()
    }

    /// The largest variance with which 80 % of such tests show this difference, above 0, at one look.
    pub fn variance_to_show(tau: f64, difference: f64, level: f64) -> f64 {
        let (mut low, mut high) = (-60.0_f64, 0.0_f64);
        for _ in 0..80 {
            let middle = low.midpoint(high);
            let variance = difference * difference * middle.exp();
            match Self::least_shown(tau, variance, level) <= difference {
                true => low = middle,
                false => high = middle,
            }
        }
        difference * difference * low.exp()
    }
}

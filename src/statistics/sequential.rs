//! Looking more than once.

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
}

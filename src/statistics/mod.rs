//! Figures: intervals, tests, what could be seen. Pure, and no other room is known here.
//!
//! Shares, rates and scores are numbers from 0 to 1, and so are probabilities and levels (0.95 for
//! an interval of 95 %). A difference is that of head less base, so that what is above 0 speaks for
//! head. All chance comes from a seed: the same input gives the same figures.
//!
//! Each method names its source; `tests/` holds it to figures of scipy, statsmodels and
//! scikit-learn.

mod agreement;
mod arms;
mod bootstrap;
mod compare;
mod distribution;
mod exact;
mod flips;
mod holm;
mod mean;
mod moments;
mod power;
mod proportion;
mod quantile;
mod quantiles;
mod random;
mod sequential;
mod split;
mod strata;
mod tries;

#[cfg(test)]
mod tests;

pub use agreement::{Kappa, Labels, Weights, kappa};
pub use arms::{Arms, FEWEST_OF_STRATUM, Seen, Side, arms, is_enough};
pub use bootstrap::{RESAMPLES, bca_mean, bca_ratio};
pub use compare::{
    Comparison, Difference, Limit, Measure, Method, Options, Pair, Verdict, compare,
};
pub use exact::{fisher, least_differing, mcnemar};
pub use flips::{EXACT_FLIPS, FLIPS, sign_flips};
pub use holm::holm;
pub use mean::{
    Clustered, FEWEST_GROUPS, Mean, Test, clustered, effective_groups, grouped_mean, mean,
    mean_interval, paired_t, welch,
};
pub use moments::Moments;
pub use power::{
    POWER, about, cases_for_change, cases_for_spread, mde_of_change, mde_of_few, mde_of_spread,
};
pub use proportion::{
    Count, PassTable, newcombe_paired, newcombe_unpaired, square_and_add, wilson, wilson_grouped,
    wilson_share,
};
pub use quantile::{quantile, quantile_interval, quantile_needs, quantile_ranks};
pub use quantiles::{EXACT, OFF, Quantiles, Sketch, Values};
pub use random::{Pcg, seed_of};
pub use sequential::Msprt;
pub use split::{periods, split_p};
pub use strata::{Arm, Pooled, Stratum, mantel_haenszel};
pub use tries::{pass_all, pass_any};

/// Below so many values, cases or effective groups counts are shown, and no interval.
pub const FEWEST: usize = 5;

/// What holds the true figure in `level` of all samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// How often such intervals hold the true figure: 0.95 for 95 %.
    pub level: f64,
}

impl Interval {
    /// Whether `value` lies in it, the ends too.
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

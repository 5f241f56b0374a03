//! Several tries at one case.

/// pass@k: the chance that at least one of `k` tries passes, where `passed` of `tries` did
/// (Chen et al. 2021, unbiased). None where `k` is 0 or more than were made.
pub fn pass_any(passed: u64, tries: u64, k: u64) -> Option<f64> {
    let failed = tries.checked_sub(passed)?;
    Some(1.0 - pass_all(failed, tries, k)?)
}

/// pass^k: the chance that all of `k` tries pass, where `passed` of `tries` did. None where `k` is
/// 0 or more than were made.
pub fn pass_all(passed: u64, tries: u64, k: u64) -> Option<f64> {
    if k == 0 || k > tries || passed > tries {
        return None;
    }
    let chance = |at: u64| passed.saturating_sub(at) as f64 / (tries - at) as f64;
    Some((0..k).map(chance).product())
}

//! Figures as people read them.

use crate::output::calls::dollars;
use crate::record::groups::Measure;
use crate::statistics::Interval;

/// A figure as people read it.
pub(in crate::commands) fn shown(measure: &Measure, value: f64) -> String {
    match measure {
        Measure::Cost | Measure::CostPerCall | Measure::CostPerWin => dollars(value),
        Measure::Latency(_) => format!("{value:.0} ms"),
        _ if measure.is_share() => format!("{:.1} %", value * 100.0),
        _ if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
        _ => significant(value),
    }
}

/// A figure with its interval, to the digits that the interval leaves in no doubt: `94.3 % (93.1–95.3)`.
pub(in crate::commands) fn with_interval(
    measure: &Measure,
    value: f64,
    interval: Interval,
) -> String {
    let (times, unit) = match measure.is_share() {
        true => (100.0, " %"),
        false => (1.0, ""),
    };
    let [value, low, high] = [value, interval.low, interval.high].map(|it| it * times);
    let width = high - low;
    if width.is_nan() || width <= 0.0 {
        return format!("{}{unit}", significant(value));
    }
    let digits = usize::try_from(1 - width.log10().floor() as i32)
        .unwrap_or(0)
        .min(12);
    format!("{value:.digits$}{unit} ({low:.digits$}–{high:.digits$})")
}

/// A number with four digits that count.
pub(in crate::commands) fn significant(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let above = value.abs().log10().floor() as i32;
    let digits = usize::try_from(3 - above).unwrap_or(0).min(12);
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_says_how_many_digits_count() {
        let text = |measure: &Measure, value, low, high| {
            let level = 0.95;
            with_interval(measure, value, Interval { low, high, level })
        };
        let success = Measure::Success;
        assert_eq!(text(&success, 0.9429, 0.9312, 0.9528), "94.3 % (93.1–95.3)");
        assert_eq!(text(&success, 0.5194, 0.4477, 0.5903), "52 % (45–59)");
        let score = Measure::Score;
        assert_eq!(text(&score, 0.112, 0.0615, 0.1625), "0.11 (0.06–0.16)");
        assert_eq!(
            text(&score, 12_345.0, 10_000.0, 14_690.0),
            "12345 (10000–14690)"
        );
        assert_eq!(text(&score, 1.0, 1.0, 1.0), "1");
    }

    #[test]
    fn numbers_have_four_digits_that_count() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.123_456, "0.1235"),
            (-12.345_6, "-12.35"),
            (123_456.7, "123457"),
            (0.000_012, "0.000012"),
            (f64::INFINITY, "-"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(significant(value), text);
        }
    }
}

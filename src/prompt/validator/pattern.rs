//! How large the patterns of a schema become once they are compiled: `(\p{L}{1,999}){1,999}` is
//! short.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Finding, every_map, too_complex};

/// The most that all patterns together may weigh, in bytes, by estimate.
const MAX_WEIGHT: u64 = 60_000_000;

/// What a pattern weighs at least, and what its parts do.
const PATTERN: u64 = 8_000;
const UNICODE_CLASS: u64 = 60_000;
const WIDE_CLASS: u64 = 3_000;
const LETTER: u64 = 100;

/// What the patterns of a schema weigh together once they are compiled, about.
pub(super) fn all(schema: &Value) -> u64 {
    let weights = patterns(schema).into_iter();
    weights.fold(0, |total, pattern| {
        total.saturating_add(weight(pattern).saturating_add(PATTERN))
    })
}

fn patterns(schema: &Value) -> BTreeSet<&str> {
    let mut patterns = BTreeSet::new();
    for map in every_map(schema) {
        patterns.extend(map.get("pattern").and_then(Value::as_str));
        let keys = map.get("patternProperties").and_then(Value::as_object);
        patterns.extend(keys.into_iter().flatten().map(|(key, _)| key.as_str()));
    }
    patterns
}

/// Refuses a schema whose patterns would take too much memory.
pub(super) fn check(schema: &Value) -> Result<(), Finding> {
    let mut total: u64 = 0;
    for pattern in patterns(schema) {
        let own = weight(pattern).saturating_add(PATTERN);
        total = total.saturating_add(own);
        if total > MAX_WEIGHT {
            let what = if own > MAX_WEIGHT / 2 {
                let start: String = pattern.chars().take(60).collect();
                format!("the pattern `{start}` is too large when its repetitions are written out")
            } else {
                "the schema has too many or too large patterns".to_owned()
            };
            return Err(too_complex(what));
        }
    }
    Ok(())
}

/// What a pattern weighs once it is compiled, about.
pub(super) fn weight(pattern: &str) -> u64 {
    // What the open groups weigh so far, and the last thing in each, which a count repeats.
    let mut groups: Vec<(u64, u64)> = vec![(0, 0)];
    let mut letters = pattern.chars().peekable();
    let mut in_class: Option<u64> = None;
    while let Some(letter) = letters.next() {
        let atom = match letter {
            '\\' => match letters.next() {
                Some('p' | 'P') => UNICODE_CLASS,
                Some('D' | 'S' | 'W') => WIDE_CLASS,
                _ => LETTER,
            },
            '.' if in_class.is_none() => WIDE_CLASS,
            '[' if in_class.is_none() => {
                let is_negated = letters.next_if_eq(&'^').is_some();
                in_class = Some(if is_negated { WIDE_CLASS } else { LETTER });
                continue;
            }
            ']' if in_class.is_some() => in_class.take().unwrap_or_default(),
            '(' if in_class.is_none() => {
                groups.push((0, 0));
                continue;
            }
            ')' if in_class.is_none() && groups.len() > 1 => {
                let (sum, last) = groups.pop().unwrap_or_default();
                sum.saturating_add(last)
            }
            '{' if in_class.is_none() => {
                let count: String =
                    std::iter::from_fn(|| letters.next_if(|it| *it != '}')).collect();
                letters.next();
                let most = count
                    .split(',')
                    .filter_map(|number| number.trim().parse::<u64>().ok())
                    .max();
                if let (Some(most), Some((_, last))) = (most, groups.last_mut()) {
                    *last = last.saturating_mul(most.max(1));
                }
                continue;
            }
            _ => LETTER,
        };
        if let Some(class) = &mut in_class {
            *class = class.saturating_add(if atom == LETTER { 8 } else { atom });
        } else if let Some((sum, last)) = groups.last_mut() {
            *sum = sum.saturating_add(*last);
            *last = atom;
        }
    }
    let all = groups.iter();
    all.fold(0, |total: u64, (sum, last)| {
        total.saturating_add(*sum).saturating_add(*last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn repetitions_multiply() {
        assert_eq!(weight("^abc$"), 500);
        assert_eq!(weight("a{10}"), 1_000);
        assert_eq!(weight("((a{10}){10}b){3,10}"), 101_000);
        assert_eq!(weight("[a-z]{2,}"), 248);
        assert!(weight("(((a{999}){999}){999}){999}){999}") > MAX_WEIGHT);
        assert_eq!(weight("("), 0);
        assert_eq!(weight("]{)}["), 100);
    }

    #[test]
    fn a_pattern_that_is_short_and_becomes_large_is_refused() {
        let refused = |schema: Value| check(&schema).expect_err("too large").message;
        insta::assert_snapshot!(
            refused(json!({"properties": {"a": {"pattern": "^(\\p{L}{1,99}){1,99}$"}}})),
            @"the pattern `^(\\p{L}{1,99}){1,99}$` is too large when its repetitions are written out"
        );
        let many: serde_json::Map<String, Value> = (0..9_000)
            .map(|at| (format!("^a{at}"), json!({})))
            .collect();
        insta::assert_snapshot!(
            refused(json!({"patternProperties": many})),
            @"the schema has too many or too large patterns"
        );
        assert!(check(&json!({"pattern": "^[A-Za-z0-9_.-]{1,500}$"})).is_ok());
        assert!(check(&json!({"enum": [{"pattern": "(a{999}){999}{999}"}]})).is_ok());
    }
}

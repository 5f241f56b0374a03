//! `any:`, several checks of which one must pass.

use serde_json::Value;

use super::{KINDS, Kind, Shape, one_of};
use crate::prompt::evaluate::answer::Answer;
use crate::prompt::evaluate::fill::Fields;
use crate::prompt::evaluate::table::Outcome;
use crate::prompt::evaluate::{Finding, bad, cut, shown};

/// The checks of `any:`.
pub(super) fn checks(value: &Value, schema: Option<&Value>) -> Result<Vec<Kind>, Finding> {
    const HELP: &str = "Write it as `any: [{string: {equals: \"yes\"}}, {number: {near: 1}}]`.";
    let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
        return Err(bad(format!(
            "`any` must be a list of checks, not {}",
            shown(value)
        ))
        .help(HELP));
    };
    let item = |(index, item): (usize, &Value)| {
        let in_it = |mut finding: Finding| {
            finding.message = format!("`any[{index}]`: {}", finding.message);
            finding
        };
        let map = item.as_object();
        let map = map.ok_or_else(|| in_it(bad("it must be a map").help(HELP)))?;
        if let Some(key) = map
            .keys()
            .find(|key| KINDS.iter().all(|kind| kind.name != **key))
        {
            return Err(in_it(bad(format!("`{}` is no check", cut(key))).help(HELP)));
        }
        let (row, value) = one_of(map).map_err(in_it)?;
        if row.asks_model || row.shape == Shape::List {
            return Err(in_it(
                bad(format!("`{}` cannot stand in `any`", row.name))
                    .help("It holds checks that are decided without a model, one deep."),
            ));
        }
        Kind::new(row, value, schema).map_err(in_it)
    };
    items.iter().enumerate().map(item).collect()
}

/// The best that one of the checks says.
pub(super) fn run(
    kinds: &[Kind],
    fields: Fields<'_>,
    answer: &Answer<'_>,
) -> Result<Outcome, Finding> {
    let mut best: Option<f64> = None;
    let mut unknown = None;
    let (mut highest, mut reasons) = (0.0, Vec::new());
    for kind in kinds {
        match kind.run(fields, answer)? {
            Some(Outcome::Passes) => return Ok(Outcome::Passes),
            Some(Outcome::Scores(score, None)) => {
                best = Some(best.map_or(score, |it| it.max(score)));
            }
            Some(Outcome::Scores(score, Some(reason))) => {
                highest = f64::max(highest, score);
                reasons.push(reason);
            }
            Some(Outcome::Fails(reason)) => reasons.push(reason),
            Some(Outcome::Unknown(reason)) => unknown = Some(reason),
            None => {}
        }
    }
    if let Some(score) = best {
        return Ok(Outcome::Scores(score, None));
    }
    if let Some(reason) = unknown {
        return Ok(Outcome::Unknown(reason));
    }
    let more = reasons.len().saturating_sub(3);
    let mut told = reasons
        .into_iter()
        .take(3)
        .collect::<Vec<_>>()
        .join("; or ");
    if more > 0 {
        told.push_str(&format!("; or {more} more"));
    }
    Ok(Outcome::Scores(highest, Some(told)))
}

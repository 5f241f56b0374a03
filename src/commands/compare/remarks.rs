//! What a reader of a comparison has to know.

use super::super::common::count;
use super::super::measured::notes::without_win;
use super::figures::{amount, calls};
use crate::record::compare::{CompareOptions, Comparison, Design, Whole};
use crate::statistics::FEWEST_OF_STRATUM;

/// What a reader has to know, of sides that are called so.
pub(super) fn remarks(
    found: &Comparison,
    options: &CompareOptions,
    (base, head): (&str, &str),
) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(known) = &found.without_win {
        notes.extend(without_win(&options.win, known));
    }
    if found.of_both > 0 {
        notes.push(format!(
            "{} fit both sides, and count on none",
            calls(found.of_both)
        ));
    }
    if found.design == Design::SideBySide {
        notes_of_left_out(found, (base, head), &mut notes);
        notes_of_units(found, &mut notes);
        notes_of_strata(found, options, &mut notes);
    }
    if options.share.is_some() && found.split.is_none() {
        notes.push(
            "the split was not checked: --share needs calls of both side by side, with the same model and environment"
                .to_owned(),
        );
    }
    for (what, share) in &found.changed {
        notes.push(format!(
            "{base} and {head} differ in {what} for {:.0} % of their calls",
            share * 100.0
        ));
    }
    notes
}

/// Which calls count on neither side.
fn notes_of_left_out(found: &Comparison, (base, head): (&str, &str), notes: &mut Vec<String>) {
    let alone = |it: &Whole| it.calls - it.counted - it.outside_strata;
    let alone = alone(&found.base) + alone(&found.head);
    if alone > 0 {
        notes.push(format!(
            "{} of times when only one side was called do not count",
            calls(alone)
        ));
    }
    let of_one = match found.unit.is_some() {
        true => ", or those of one subject alone",
        false => "",
    };
    let too_few = format!(
        "with their model, in their environment and period, a side has fewer than {FEWEST_OF_STRATUM}{of_one}"
    );
    for (name, side) in [(base, &found.base), (head, &found.head)] {
        if side.outside_strata > 0 {
            notes.push(format!(
                "left out: {} of {name}: {too_few}",
                calls(side.outside_strata)
            ));
        }
    }
    for it in found.measures.iter().filter(|it| it.outside_strata > 0) {
        notes.push(format!(
            "{} leaves out {} more: {too_few}",
            it.what,
            count(it.outside_strata as usize, "value")
        ));
    }
}

fn notes_of_units(found: &Comparison, notes: &mut Vec<String>) {
    let Some(unit) = &found.unit else {
        notes.push(
            "each call counted as independent; if users call often, this is too sure: --unit label:KEY names who called"
                .to_owned(),
        );
        return;
    };
    let most = found.measures.first();
    let units = most.map_or((0, 0), |it| it.units);
    let effect = most.and_then(|it| it.difference?.effect);
    let effect = effect.map_or_else(String::new, |effect| {
        format!("; the variance is {effect:.1} times that of independent calls")
    });
    notes.push(format!("by {unit}: {} and {}{effect}", units.0, units.1));
    if found.without_unit > 0 {
        notes.push(format!(
            "{} lack the label {unit}; each counts as one of its own",
            calls(found.without_unit)
        ));
    }
    if found.on_both > 0 {
        notes.push(format!("{} of {unit} are on both sides", found.on_both));
    }
}

/// What was compared within, and what p and the intervals mean.
fn notes_of_strata(found: &Comparison, options: &CompareOptions, notes: &mut Vec<String>) {
    if found.strata.len() > 1 {
        notes.push(format!(
            "compared within {} strata of model, environment and period in which the split stayed the same",
            found.strata.len()
        ));
    }
    let turned = found.measures.iter().filter(|it| {
        let within = it.difference.map_or(0.0, |it| it.value);
        within * (it.plain.1 - it.plain.0) < 0.0 && it.is_shown(options.level)
    });
    for it in turned {
        notes.push(format!(
            "{} over all calls would say the opposite, {} against {}: the strata differ, and so does how often each side was called in them",
            it.what,
            amount(&it.what, it.plain.1),
            amount(&it.what, it.plain.0)
        ));
    }
    let tested = found.measures.iter();
    let tested = tested.filter(|it| it.difference.is_some_and(|it| it.p.is_some()));
    let tested = tested.count();
    if tested > 0 {
        notes.push(format!(
            "p holds however often somebody looks, over the {}; intervals are those of this look",
            match tested {
                1 => "figure that decides".to_owned(),
                more => format!("{more} figures that decide"),
            }
        ));
    }
    if found.measures.iter().any(|it| !it.decides) {
        notes.push(
            "what only describes has an interval and no p; --by names what decides".to_owned(),
        );
    }
}

//! Where the money goes, by prompt and model, and the budgets.

use std::collections::BTreeMap;

use super::super::common::count;
use super::super::measured::models::{bare, by_model};
use super::cells::{columns, cut, whole};
use super::found::Found;
use super::over_time::Axis;
use crate::output::calls::dollars;
use crate::output::chart::MOST_LINES;
use crate::output::html::{Cell, Drawing, Rows, Section};
use crate::prompt::visible;
use crate::record::costs::Spent;
use crate::record::groups::Value;

/// What the models beyond those that are told apart are called together.
const OTHERS: &str = "others";

/// Of calls whose records name no model.
const NO_MODEL: &str = "no model";

fn dollars_of(sum: Option<f64>) -> Cell {
    match sum {
        Some(sum) => Cell::figure(dollars(sum), Some(sum)),
        None => "-".into(),
    }
}

fn percent_of(share: Option<f64>) -> Cell {
    let text = share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0));
    Cell::figure(text, share)
}

pub(super) fn costs(found: &Found, axis: &Axis<'_>) -> Section {
    let mut notes = vec![
        "again: the same request was sent before; cut off: the answer ended at maxTokens. promptctl stats --costs has more".to_owned(),
    ];
    let mut tables = vec![
        cut(prompts(found), &mut notes),
        cut(models(found), &mut notes),
    ];
    let over_time = ModelsOverTime::of(found, axis);
    let charts: Vec<Drawing> = over_time.chart(axis).into_iter().collect();
    if !charts.is_empty() {
        tables.push(cut(over_time.table(axis), &mut notes));
        notes.extend(over_time.note());
    }
    Section {
        heading: "Where the money goes".to_owned(),
        charts,
        tables,
        notes,
    }
}

fn prompts(found: &Found) -> Rows {
    let cost = |spent: &Spent| dollars_of(spent.cost.sum());
    let rows = found.costs.dearest().into_iter().map(|(name, it)| {
        vec![
            name.as_str().into(),
            whole(it.all.calls),
            cost(&it.all),
            percent_of(it.all.cached_share()),
            whole(it.again.calls),
            cost(&it.again),
            whole(it.cut.calls),
            whole(it.all.unpriced()),
        ]
    });
    Rows {
        caption: "Prompts by cost".to_owned(),
        columns: columns(&[
            "prompt",
            "calls",
            "cost",
            "input from the cache",
            "again",
            "cost of again",
            "cut off",
            "without a price",
        ]),
        rows: rows.collect(),
    }
}

/// The models, the dearest first.
fn dearest(found: &Found) -> Vec<(Option<String>, Spent)> {
    let mut models: Vec<(Option<String>, Spent)> = by_model(&found.costs).into_iter().collect();
    let cost = |it: &Spent| it.cost.sum().unwrap_or(-1.0);
    models.sort_by(|one, other| {
        (cost(&other.1).total_cmp(&cost(&one.1))).then_with(|| one.0.cmp(&other.0))
    });
    models
}

fn models(found: &Found) -> Rows {
    let all = found.costs.all.cost.sum().filter(|all| *all > 0.0);
    let rows = dearest(found).into_iter().map(|(model, it)| {
        let cost = it.cost.sum();
        vec![
            model.as_deref().unwrap_or(NO_MODEL).into(),
            whole(it.calls),
            dollars_of(cost),
            percent_of(cost.zip(all).map(|(cost, all)| cost / all)),
            whole(it.unpriced()),
        ]
    });
    Rows {
        caption: "Models by cost".to_owned(),
        columns: columns(&["model", "calls", "cost", "share", "without a price"]),
        rows: rows.collect(),
    }
}

/// What the dearest models cost in each step, and all others together.
struct ModelsOverTime {
    /// What they are called, and what they cost in each step; nothing where they were not called.
    lines: Vec<(String, Vec<Option<f64>>)>,
    /// How many models the others are.
    others: usize,
}

impl ModelsOverTime {
    fn of(found: &Found, axis: &Axis<'_>) -> Self {
        let cost = |it: &Spent| it.cost.sum().is_some_and(|sum| sum > 0.0);
        let models = dearest(found).into_iter().filter(|(_, it)| cost(it));
        let models: Vec<Option<String>> = models.map(|(model, _)| model).collect();
        let shown = models.len().min(MOST_LINES);
        let names = models[..shown].iter();
        let names = names.map(|model| model.as_deref().unwrap_or(NO_MODEL).to_owned());
        let others = models.len() - shown;
        let names = names.chain((others > 0).then(|| OTHERS.to_owned()));
        let nothing = vec![None; axis.names.len()];
        let mut lines: Vec<(String, Vec<Option<f64>>)> =
            names.map(|name| (name, nothing.clone())).collect();
        let line_of: BTreeMap<Option<&str>, usize> = (models.iter().enumerate())
            .map(|(at, model)| (model.as_deref(), at.min(shown)))
            .collect();
        let steps = axis.names.iter().zip(0..);
        let steps: BTreeMap<&str, usize> = steps.map(|(name, at)| (&**name, at)).collect();
        for (key, group) in &found.by_model.groups {
            let [Value::Text(step), model] = key.as_slice() else {
                continue;
            };
            let model = match model {
                Value::Missing => None,
                model => Some(model.to_string()),
            };
            let line = line_of.get(&model.as_deref().map(bare));
            let cost = group.cost.sum();
            if let (Some(line), Some(at), Some(cost)) = (line, steps.get(&**step), cost) {
                *lines[*line].1[*at].get_or_insert(0.0) += cost;
            }
        }
        Self { lines, others }
    }

    fn chart(&self, axis: &Axis<'_>) -> Option<Drawing> {
        /// So much of a name is shown.
        const LONGEST: usize = 20;
        let name_of = |name: &str| -> String {
            let name = visible::line(name);
            match name.chars().count() > LONGEST {
                true => name.chars().take(LONGEST - 1).chain(['…']).collect(),
                false => name.into_owned(),
            }
        };
        let names: Vec<String> = self.lines.iter().map(|(name, _)| name_of(name)).collect();
        let values = self.lines.iter().map(|(_, values)| values.clone());
        let series: Vec<(&str, Vec<Option<f64>>)> =
            names.iter().map(String::as_str).zip(values).collect();
        let title = format!(
            "Cost by {} and model, in US dollars, of the calls whose price is known",
            axis.word
        );
        (!series.is_empty()).then(|| axis.lines(title, &series, &dollars))
    }

    fn table(&self, axis: &Axis<'_>) -> Rows {
        let mut titles = vec![axis.word.as_str()];
        titles.extend(self.lines.iter().map(|(name, _)| name.as_str()));
        let row = |(at, step): (usize, &String)| {
            let costs = self.lines.iter().map(|(_, values)| values[at]);
            let has_any = costs.clone().any(|cost| cost.is_some());
            let cells = std::iter::once(step.as_str().into()).chain(costs.map(dollars_of));
            has_any.then(|| cells.collect())
        };
        Rows {
            caption: format!("Cost by {} and model", axis.word),
            columns: columns(&titles),
            rows: axis.names.iter().enumerate().filter_map(row).collect(),
        }
    }

    /// Who the others are.
    fn note(&self) -> Option<String> {
        let what = count(self.others, "model");
        let is_told = self.others > 0;
        is_told.then(|| format!("{OTHERS}: {what} that cost less, by the table above"))
    }
}

pub(super) fn budgets(found: &Found) -> Section {
    let cost = |sum: f64| Cell::figure(dollars(sum), Some(sum));
    let rows = found.budgets.iter().map(|it| {
        let whom = it.prompt.as_deref().unwrap_or("all prompts");
        let state = if it.over { "used up" } else { "within" };
        vec![
            whom.into(),
            cost(it.spent_usd),
            cost(it.limit_usd),
            state.into(),
        ]
    });
    let table = Rows {
        caption: "Budgets of the day on which this page was made".to_owned(),
        columns: columns(&["for", "spent", "of", "state"]),
        rows: rows.collect(),
    };
    let mut notes = vec![
        "of today, from midnight in UTC, whatever time the page shows; by this machine's log"
            .to_owned(),
    ];
    Section {
        heading: "Budgets".to_owned(),
        charts: Vec::new(),
        tables: vec![cut(table, &mut notes)],
        notes,
    }
}

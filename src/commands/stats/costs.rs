//! `--costs`: where the money goes.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::super::common::count;
use super::super::measured::ask::{Breakdown, ReadArgs, say_none};
use super::super::measured::models::{ByModel, by_model};
use super::super::measured::notes;
use super::super::session::Session;
use super::Format;
use crate::config::UserConfig;
use crate::error::{Exit, Failure};
use crate::openai::models::{is_for_texts, last_day};
use crate::openai::prices::{OwnPrices, listed, price_of};
use crate::openai::provider::DEFAULT_PROVIDER;
use crate::openai::tokens;
use crate::output::calls::dollars;
use crate::output::diff_markdown::inline;
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{BOLD, paint};
use crate::prompt::size::own_text;
use crate::record::costs::{Costs, Spent, costs};
use crate::releases::Store;

/// So many models are shown to a person, beside those that were asked.
const MOST_MODELS: usize = 12;

/// Text of a prompt, in tokens.
struct Text {
    /// What stands before the first variable: the provider's cache may keep it.
    before: usize,
    /// What stands behind it, and is the same for all calls all the same.
    behind: usize,
}

/// A part of what is shown.
struct Part {
    title: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

pub(super) fn run(read: &ReadArgs, format: Format, session: &mut Session) -> Result<Exit, Failure> {
    if format == Format::Csv {
        return Err(
            Failure::usage("--costs has several tables, and CSV holds one")
                .hint("--format json has them all"),
        );
    }
    let breakdown = Breakdown {
        by: Vec::new(),
        values: Vec::new(),
        with_mix: false,
        zone: TimeZone::UTC,
    };
    let wanted = read.wanted(&breakdown, session)?;
    let found = costs(&wanted.logs, &wanted.question, wanted.kept.as_deref())?;
    if found.all.calls == 0 {
        read.require_known(&wanted)?;
    }
    let texts = match &wanted.store {
        Some(store) => texts(store, &found),
        None => BTreeMap::new(),
    };
    let user = UserConfig::read(session.environ.user_config.as_deref())?;
    let own = user.own_prices(&session.environ)?;
    let models = by_model(&found);
    let others = others(&found, &models, &own, session);
    let notes = notes::notes(&found.groups);
    notes::say(&notes, format == Format::Json, session);
    match format {
        Format::Json => {
            let shape = shape(&found, &models, &texts, &others, &notes);
            session.ui.block(json::document(&shape));
        }
        _ if found.all.calls == 0 => say_none(read, &wanted, &[], session)?,
        _ => {
            for (at, part) in parts(&found, &models, &texts, &others).iter().enumerate() {
                if at > 0 {
                    session.ui.line("");
                }
                print(part, format == Format::Markdown, session);
            }
            say(&found, &models, session);
        }
    }
    Ok(Exit::Done)
}

/// How much of each prompt's text stands where, as its file here has it.
fn texts(store: &Store, found: &Costs) -> BTreeMap<String, Text> {
    let (prompts, _) = store.load_all();
    let used = prompts.into_iter().filter_map(|loaded| {
        let name = loaded.name.to_string();
        let own = found
            .prompts
            .contains_key(&name)
            .then(|| own_text(&loaded.document, &loaded.partials))?;
        let before = tokens::count(&own.prefix);
        let behind = tokens::count(&own.text).saturating_sub(before);
        Some((name, Text { before, behind }))
    });
    used.collect()
}

/// What all calls whose tokens are known would cost with each model that has a price, answers texts today and whose
/// end is not announced, the cheapest first. One that was asked is among them whatever it is.
fn others(found: &Costs, used: &ByModel, own: &OwnPrices, session: &Session) -> Vec<(String, f64)> {
    let mut models = listed(DEFAULT_PROVIDER);
    models.retain(|model| is_for_texts(model) && last_day(model).is_none());
    models.extend(used.keys().flatten().cloned());
    models.sort();
    models.dedup();
    let [input, cached, written, output] = found.all.tokens.map(|it| it as f64);
    let mut costs: Vec<(String, f64)> = models
        .into_iter()
        .filter_map(|model| {
            let (provider, name) = model.split_once('/').unwrap_or((DEFAULT_PROVIDER, &model));
            let price = price_of(provider, name, session.now, own)?;
            let cost = (input - cached - written) * price.input
                + cached * price.cached.unwrap_or(price.input)
                + written * price.cache_write.unwrap_or(price.input)
                + output * price.output;
            Some((model, cost / 1_000_000.0))
        })
        .filter(|_| found.all.counted > 0)
        .collect();
    costs.sort_by(|one, other| one.1.total_cmp(&other.1).then_with(|| one.0.cmp(&other.0)));
    costs
}

fn money(spent: &Spent) -> String {
    spent.cost.sum().map_or_else(|| "-".to_owned(), dollars)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

fn parts(
    found: &Costs,
    models: &ByModel,
    texts: &BTreeMap<String, Text>,
    others: &[(String, f64)],
) -> [Part; 2] {
    [of_prompts(found, texts), of_models(models, others)]
}

fn of_prompts(found: &Costs, texts: &BTreeMap<String, Text>) -> Part {
    let all = found.all.cost.sum().unwrap_or(0.0);
    let prompts = found.dearest().into_iter().map(|(name, it)| {
        let share = it.all.cost.sum().filter(|_| all > 0.0).map(|sum| sum / all);
        let text = texts.get(name);
        vec![
            name.clone(),
            it.all.calls.to_string(),
            money(&it.all),
            percent(share),
            percent(it.all.cached_share()),
            text.map_or_else(
                || "-".to_owned(),
                |it| format!("{}/{}", it.before, it.behind),
            ),
            it.again.calls.to_string(),
            money(&it.again),
            it.cut.calls.to_string(),
        ]
    });
    Part {
        title: "prompts, the dearest first",
        columns: &[
            "prompt",
            "calls",
            "cost",
            "share",
            "cached",
            "text before/behind",
            "again",
            "cost of again",
            "cut off",
        ],
        rows: prompts.collect(),
    }
}

fn of_models(models: &ByModel, others: &[(String, f64)]) -> Part {
    let used = |model: &str| models.get(&Some(model.to_owned()));
    let (known, rest): (Vec<_>, Vec<_>) =
        others.iter().partition(|(model, _)| used(model).is_some());
    // Those that were asked come first, by what they cost, whether today's price is known or not.
    let would = |model: &str| {
        known
            .iter()
            .find(|(it, _)| it == model)
            .map(|(_, cost)| *cost)
    };
    let mut asked: Vec<(&str, Option<f64>)> = (models.keys().flatten())
        .map(|model| (model.as_str(), would(model)))
        .collect();
    let cost_of = |model: &str| used(model).and_then(|it| it.cost.sum()).unwrap_or(-1.0);
    asked.sort_by(|one, other| {
        let by_would = || (one.1.unwrap_or(f64::MAX)).total_cmp(&other.1.unwrap_or(f64::MAX));
        cost_of(other.0)
            .total_cmp(&cost_of(one.0))
            .then_with(by_would)
    });
    let rest = rest.into_iter().take(MOST_MODELS);
    asked.extend(rest.map(|(model, cost)| (model.as_str(), Some(*cost))));
    let models = asked.into_iter().map(|(model, cost)| {
        let own = used(model);
        vec![
            model.to_owned(),
            cost.map_or_else(|| "-".to_owned(), dollars),
            own.map_or_else(|| "-".to_owned(), |it| it.calls.to_string()),
            own.map_or_else(|| "-".to_owned(), money),
        ]
    });
    Part {
        title: "all calls with another model, at today's prices",
        columns: &["model", "would cost", "calls", "cost"],
        rows: models.collect(),
    }
}

fn print(part: &Part, is_markdown: bool, session: &mut Session) {
    if part.rows.is_empty() {
        return;
    }
    if is_markdown {
        session.ui.line(format!("#### {}", part.title));
        session.ui.line("");
        session.ui.line(format!("| {} |", part.columns.join(" | ")));
        session
            .ui
            .line(format!("|---|{}", "---:|".repeat(part.columns.len() - 1)));
        for row in &part.rows {
            let cells = row.iter().enumerate();
            // The name alone is foreign.
            let cells = cells.map(|(at, text)| {
                if at == 0 {
                    inline::cell(text)
                } else {
                    text.clone()
                }
            });
            session
                .ui
                .line(format!("| {} |", cells.collect::<Vec<_>>().join(" | ")));
        }
        return;
    }
    let colors = session.ui.colors_out();
    if session.ui.width().is_some() {
        session
            .ui
            .styled(format!("{}\n", paint(colors, BOLD, part.title)));
    } else {
        // One of several tables in a pipe is known by its header.
        session.ui.line(part.columns.join("\t"));
    }
    let numbers: Vec<usize> = (1..part.columns.len()).collect();
    let mut table = Table::new(part.columns)
        .right(&numbers)
        .flexible(&[])
        .spare(&[3, 8, 5]);
    for row in &part.rows {
        table.row(
            row.iter()
                .map(|cell| TableCell::from(cell.clone()))
                .collect(),
        );
    }
    table.print(&mut session.ui);
}

/// Says what the tables mean, and what they cannot know.
fn say(found: &Costs, models: &ByModel, session: &mut Session) {
    let unpriced = found.all.unpriced();
    if unpriced > 0 {
        session
            .ui
            .status(notes::without_a_price(unpriced, found.all.calls));
    }
    if let Some(unnamed) = models.get(&None) {
        session.ui.status(format!(
            "{} in no row of the models, for their records name none: `model` does, in what `log append` reads",
            match unnamed.calls {
                1 => "1 call stands".to_owned(),
                calls => format!("{calls} calls stand"),
            }
        ));
    }
    let hashed: u64 = found.prompts.values().map(|it| it.hashed).sum();
    if hashed < found.all.calls {
        session.ui.status(format!(
            "of {} it is not known what they asked, and whether they asked it again",
            count((found.all.calls - hashed) as usize, "call")
        ));
    }
    for line in [
        "text before/behind: tokens of the file here before the first variable, which a provider's cache can keep, and behind it, which it cannot",
        "again: the same request was sent before; cut off: the answer ended at maxTokens",
        "another model may write more or less than these calls did, and prices by length or tier are not in it",
    ] {
        session.ui.status(line);
    }
}

fn shape(
    found: &Costs,
    models: &ByModel,
    texts: &BTreeMap<String, Text>,
    others: &[(String, f64)],
    notes: &[notes::Note],
) -> Json {
    let spent = |it: &Spent| {
        json!({
            "calls": it.calls,
            "cost_usd": it.cost.sum(),
            "unpriced": it.unpriced(),
            "tokens": {"input": it.tokens[0], "cached": it.tokens[1], "output": it.tokens[3]},
            "cached_share": it.cached_share(),
        })
    };
    let prompts = found.dearest().into_iter().map(|(name, it)| {
        json!({
            "prompt": name,
            "spent": spent(&it.all),
            "text": texts.get(name).map(|it| json!({"before": it.before, "behind": it.behind})),
            "again": spent(&it.again),
            "unknown_requests": it.all.calls - it.hashed,
            "cut_off": spent(&it.cut),
        })
    });
    let models = models.iter();
    let models = models.map(|(model, it)| json!({"model": model, "spent": spent(it)}));
    let others = others.iter();
    let others = others.map(|(model, cost)| json!({"model": model, "cost_usd": cost}));
    json!({
        "spent": spent(&found.all),
        "prompts": prompts.collect::<Vec<_>>(),
        "models": models.collect::<Vec<_>>(),
        "would_cost": others.collect::<Vec<_>>(),
        "notes": notes.iter().map(|it| &it.text).collect::<Vec<_>>(),
    })
}

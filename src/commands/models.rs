//! `promptctl models`, and when a model ends.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::common::{FormatArg, ago};
use super::model_list::{Cached, CachedModel, read_cache, write_cache};
use super::out::OutArg;
use super::session::Session;
use crate::config::UserConfig;
use crate::error::{Exit, Failure};
use crate::execute::Caller;
use crate::openai::address::open_to_all;
use crate::openai::client::block_on;
use crate::openai::models::{Model, facts};
use crate::openai::prices::{OwnPrices, Price, listed, price_of};
use crate::openai::provider::DEFAULT_PROVIDER;
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::NOTE;
use crate::prompt::code;

/// How long a list is taken from the cache without asking again, in seconds.
const FRESH: i64 = 24 * 60 * 60;

/// List the models that the API offers, with price and end
///
/// The list is kept for a day. Prices are in US dollars for a million tokens. Without a key it is
/// what promptctl knows by itself.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl models
  promptctl models --refresh --format json")]
pub(super) struct Args {
    /// The provider, the part of a model before `/`
    #[arg(default_value = DEFAULT_PROVIDER)]
    provider: String,
    /// Ask the API, however new the list is
    #[arg(long)]
    refresh: bool,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

/// What is shown.
#[derive(Debug)]
struct List {
    /// When the API was asked; none where it was not.
    fetched: Option<Timestamp>,
    models: Vec<CachedModel>,
}

impl From<Cached> for List {
    fn from(cached: Cached) -> Self {
        Self {
            fetched: Some(cached.fetched),
            models: cached.models,
        }
    }
}

impl List {
    /// What is built in; none for a provider of which nothing is.
    fn built_in(provider: &str) -> Option<Self> {
        let model = |id: String| CachedModel {
            shutdown_date: facts(&format!("{provider}/{id}")).ends,
            owned_by: None,
            id,
        };
        let models: Vec<CachedModel> = listed(provider).into_iter().map(model).collect();
        (!models.is_empty()).then_some(Self {
            fetched: None,
            models,
        })
    }
}

impl From<Model> for CachedModel {
    fn from(model: Model) -> Self {
        Self {
            id: model.id,
            shutdown_date: model.shutdown_date,
            owned_by: model.owned_by,
        }
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let user = UserConfig::read(session.environ.user_config.as_deref())?;
    let prices = user.own_prices(&session.environ)?;
    let list = list(args, &user, session)?;
    if json {
        let models: Vec<Value> = list
            .models
            .iter()
            .map(|model| shape(model, args, session, &prices))
            .collect();
        session.ui.block(json::document(&json!({
            "provider": args.provider,
            "fetched": list.fetched.map(json::time),
            "models": models,
        })));
        return Ok(Exit::Done);
    }
    if list.models.is_empty() {
        session.ui.status("the API offers no models");
    }
    let mut table = Table::new(&["model", "input", "cached", "output", "ends"])
        .right(&[1, 2, 3])
        .spare(&[4, 2]);
    for model in &list.models {
        let price = price_of(&args.provider, &model.id, session.now, &prices);
        table.row(row(model, price));
    }
    table.print(&mut session.ui);
    Ok(Exit::Done)
}

fn row(model: &CachedModel, price: Option<Price>) -> Vec<TableCell> {
    let dollars = |amount: Option<f64>| {
        TableCell::from(amount.map_or_else(|| "-".to_owned(), |amount| format!("${amount}")))
    };
    vec![
        TableCell::from(model.id.as_str()),
        dollars(price.map(|it| it.input)),
        dollars(price.and_then(|it| it.cached)),
        dollars(price.map(|it| it.output)),
        match model.shutdown_date {
            Some(day) => TableCell::styled(day.to_string(), NOTE),
            None => TableCell::from("-"),
        },
    ]
}

fn shape(model: &CachedModel, args: &Args, session: &Session, prices: &OwnPrices) -> Value {
    let price = price_of(&args.provider, &model.id, session.now, prices);
    json!({
        "id": model.id,
        "owned_by": model.owned_by,
        "shutdown_date": model.shutdown_date,
        "price": price.map(|it| json!({ "input": it.input, "cached": it.cached, "output": it.output })),
    })
}

/// The list: from the cache while it is new, from the API, or from the cache again where the API
/// cannot be asked; without a key, what is built in.
fn list(args: &Args, user: &UserConfig, session: &mut Session) -> Result<List, Failure> {
    let address = user.address(&args.provider, &session.environ)?;
    let cached = read_cache(&args.provider, session).filter(|it| it.base_url == address.0);
    let is_fresh = |it: &Cached| session.now.as_second() - it.fetched.as_second() < FRESH;
    if let Some(cached) = cached.as_ref().filter(|it| !args.refresh && is_fresh(it)) {
        let age = ago(session.now, cached.fetched);
        session
            .ui
            .status(format!("as of {age}; --refresh asks again"));
    }
    match cached {
        Some(cached) if !args.refresh && is_fresh(&cached) => Ok(cached.into()),
        cached => match fetch(args, user, session) {
            Ok(list) => Ok(list.into()),
            Err(failure) => {
                let old = cached.filter(|_| !args.refresh);
                let has_no_key = failure.code == Some(code::NO_KEY) && !args.refresh;
                if let (None, true) = (&old, has_no_key)
                    && let Some(list) = List::built_in(&args.provider)
                {
                    session.ui.status(
                        "without a key: the models that promptctl knows by itself; with one, those that the API offers",
                    );
                    return Ok(list);
                }
                let old = old.ok_or(failure)?;
                let age = ago(session.now, old.fetched);
                session
                    .ui
                    .warning(format!("the API could not be asked; this is as of {age}"));
                Ok(old.into())
            }
        },
    }
}

fn fetch(args: &Args, user: &UserConfig, session: &mut Session) -> Result<Cached, Failure> {
    let api = user.api(&args.provider, &session.environ);
    let api = api.map_err(|failure| match failure.code {
        Some(code::NO_KEY) => failure
            .hint("the list comes from the API; without --refresh, promptctl models shows what is built in"),
        _ => failure,
    })?;
    if let Some(warning) = open_to_all(&api.base_url) {
        session.ui.finding(&warning);
    }
    let caller = Caller::new(&api, None)?;
    let Some(client) = caller.client() else {
        return Err(Failure::new(
            code::UNKNOWN_PROVIDER,
            "this provider has no list of models",
        ));
    };
    let models = block_on(client.models())??;
    let list = Cached {
        schema: json::SCHEMA,
        fetched: session.now,
        base_url: api.base_url,
        models: models.into_iter().map(CachedModel::from).collect(),
    };
    if let Err(error) = write_cache(&args.provider, &list, session) {
        session
            .ui
            .warning(format!("the list could not be kept: {error}"));
    }
    Ok(list)
}

//! What a call cost: dated prices, and the user's own over them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use genai_prices::{Calculator, PriceRequest, Usage as PricedUsage, UsageKey};
use jiff::Timestamp;
use serde_json::Value;

use super::echo;
use super::provider::DEFAULT_PROVIDER;
use super::response::Usage;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::document::parse_value;

/// The prices of one model, in US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Tokens read.
    pub input: f64,
    /// Tokens read from the cache; the price of `input` when left out.
    pub cached: Option<f64>,
    /// Tokens written to the cache; the price of `input` when left out.
    pub cache_write: Option<f64>,
    /// Tokens written.
    pub output: f64,
}

/// The user's own prices, by model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnPrices(BTreeMap<String, Price>);

impl OwnPrices {
    /// Reads a price file: YAML or JSON, a map from a model (with or without its provider) to
    /// `{input, cached, cache_write, output}` in US dollars for a million tokens.
    ///
    /// # Errors
    /// `P226`: the file cannot be read or says something else.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(code::BAD_CONFIG, "the price file could not be read")
                .at(path.display().to_string())
                .caused_by(error)
        })?;
        Self::parse(&text).map_err(|failure| failure.at(path.display().to_string()))
    }

    /// Reads the text of a price file. See [`load`](Self::load).
    ///
    /// # Errors
    /// `P226`: the text says something else.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let value = if text.trim_start().starts_with('{') {
            serde_json::from_str(text)
                .map_err(|error| bad_prices("the price file is not JSON").caused_by(error))?
        } else {
            parse_value(text).map_err(Failure::from)?
        };
        let Value::Object(models) = value else {
            return Err(bad_prices("the price file is not a map of models"));
        };
        let prices = models
            .iter()
            .map(|(model, price)| Ok((model.clone(), read_price(model, price)?)));
        Ok(Self(prices.collect::<Result<_, Failure>>()?))
    }

    /// The price of a model, first by `provider/name`, then by its name.
    fn of(&self, provider: &str, model: &str) -> Option<&Price> {
        self.0
            .get(&format!("{provider}/{model}"))
            .or_else(|| self.0.get(model))
            .or_else(|| self.0.get(undated(model)?))
    }
}

fn bad_prices(message: impl Into<String>) -> Failure {
    Failure::new(code::BAD_CONFIG, message).hint(
        "write `model: {input: 0.25, cached: 0.025, output: 2}`, US dollars for a million tokens",
    )
}

fn read_price(model: &str, price: &Value) -> Result<Price, Failure> {
    let Value::Object(fields) = price else {
        return Err(bad_prices(format!("the price of `{model}` is not a map")));
    };
    const KNOWN: [&str; 4] = ["input", "cached", "cache_write", "output"];
    if let Some(key) = fields.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(bad_prices(format!(
            "the price of `{model}` has an unknown key, `{key}`"
        )));
    }
    let number = |key: &str| match fields.get(key) {
        None => Ok(None),
        Some(value) => value
            .as_f64()
            .filter(|number| *number >= 0.0)
            .map(Some)
            .ok_or_else(|| bad_prices(format!("`{key}` of `{model}` is not a price"))),
    };
    let needed = |key: &str| {
        number(key)?.ok_or_else(|| bad_prices(format!("the price of `{model}` lacks `{key}`")))
    };
    Ok(Price {
        input: needed("input")?,
        cached: number("cached")?,
        cache_write: number("cache_write")?,
        output: needed("output")?,
    })
}

/// `gpt-5-mini` for `gpt-5-mini-2025-08-07`: the API answers with the date.
fn undated(model: &str) -> Option<&str> {
    let at = model.len().checked_sub(11)?;
    let date = model.get(at..)?.strip_prefix('-')?;
    date.parse::<jiff::civil::Date>().ok()?;
    Some(&model[..at])
}

/// OpenAI's part of the table: reading the whole of it takes 30 ms, which a short call would feel.
static OPENAI: LazyLock<Option<Calculator>> =
    LazyLock::new(|| Calculator::from_json(include_bytes!("prices/openai.json")).ok());

fn table(provider: &str) -> &'static Calculator {
    match &*OPENAI {
        Some(table) if provider == DEFAULT_PROVIDER => table,
        _ => Calculator::bundled(),
    }
}

/// Reads the prices of a provider on a thread of its own, so that they are at hand when the answer
/// comes.
pub fn warm_up(provider: &str) {
    let provider = provider.to_owned();
    // Without the thread they are read when they are needed.
    drop(
        std::thread::Builder::new()
            .name("prices".to_owned())
            .spawn(move || {
                table(&provider);
            }),
    );
}

/// The models of a provider that the table has a price for, by name; without those that stand for what
/// was made of them.
pub fn listed(provider: &str) -> Vec<String> {
    let providers = table(provider).providers();
    let models = providers
        .filter(|it| it.id() == provider)
        .flat_map(|it| it.models().map(|model| model.id().to_owned()));
    let is_one = |model: &String| {
        !model.starts_with("ft:") && !model.ends_with('-') && is_priced(provider, model)
    };
    let mut models: Vec<String> = models.filter(is_one).collect();
    models.sort_unstable();
    models
}

fn is_priced(provider: &str, model: &str) -> bool {
    let usage = PricedUsage::from([(UsageKey::INPUT_TOKENS, 1000.0)]);
    total(&PriceRequest::new(model, &usage).with_provider_id(provider)).is_some()
}

/// Whether OpenAI's part of the table has a model; `None` where the table cannot be read.
pub(super) fn is_listed(model: &str) -> Option<bool> {
    let table = OPENAI.as_ref()?;
    let usage = PricedUsage::default();
    let request = PriceRequest::new(model, &usage).with_provider_id(DEFAULT_PROVIDER);
    Some(table.calculate(&request).is_ok())
}

/// What a call cost in US dollars, or `None` where that is not known: an unknown model or tier, a
/// fine-tuned model, or a server that does not count tokens. Never 0 for want of a price; only
/// the model `echo` is free.
///
/// `provider`, `model` and `service_tier` are those that answered, `at` is the time of the call.
pub fn cost_usd(
    provider: &str,
    model: &str,
    service_tier: Option<&str>,
    usage: &Usage,
    at: Timestamp,
    own: &OwnPrices,
) -> Option<f64> {
    if model == echo::MODEL {
        return Some(0.0);
    }
    let (input, output) = (usage.input?, usage.output?);
    if let Some(price) = own.of(provider, model) {
        return Some(own_cost(price, usage, input, output));
    }
    // A fine-tuned model may be billed otherwise than its base.
    if model.starts_with("ft:") || model.contains(".ft-") {
        return None;
    }
    let mut counted = PricedUsage::from([
        (UsageKey::INPUT_TOKENS, input as f64),
        (UsageKey::OUTPUT_TOKENS, output as f64),
    ]);
    if let Some(cached) = usage.cached {
        counted.insert(UsageKey::CACHE_READ_TOKENS, cached as f64);
    }
    if let Some(written) = usage.cache_write {
        counted.insert(UsageKey::CACHE_WRITE_TOKENS, written as f64);
    }
    let request = PriceRequest::new(model, &counted)
        .with_provider_id(provider)
        .with_timestamp(std::time::SystemTime::from(at));
    let standard = total(&request)?;
    match service_tier {
        None | Some("default" | "standard" | "auto") => Some(standard),
        Some(tier) => {
            let tiered = total(&request.with_price_context("service_tier", tier))?;
            // The table answers with the standard price where it does not know the tier.
            (tiered != standard).then_some(tiered)
        }
    }
}

fn total(request: &PriceRequest<'_>) -> Option<f64> {
    let table = table(request.provider_id.unwrap_or(DEFAULT_PROVIDER));
    let price = table.calculate(request).ok()?.total_price;
    let is_used = request.usage.iter().any(|(_, count)| count > 0.0);
    // Models without a price in the table would come out at 0.
    (price > 0.0 || !is_used).then_some(price)
}

fn own_cost(price: &Price, usage: &Usage, input: u64, output: u64) -> f64 {
    let cached = usage.cached.unwrap_or(0).min(input);
    let written = usage.cache_write.unwrap_or(0).min(input - cached);
    let plain = input - cached - written;
    let millionths = plain as f64 * price.input
        + cached as f64 * price.cached.unwrap_or(price.input)
        + written as f64 * price.cache_write.unwrap_or(price.input)
        + output as f64 * price.output;
    millionths / 1_000_000.0
}

/// The prices of a model of OpenAI's or of another provider, for a list, at a time.
pub fn price_of(provider: &str, model: &str, at: Timestamp, own: &OwnPrices) -> Option<Price> {
    if let Some(price) = own.of(provider, model) {
        return Some(*price);
    }
    // Small enough to stay in the first tier of prices that grow with the input.
    const TOKENS: u64 = 1000;
    let cost = |usage: Usage| {
        let cost = cost_usd(provider, model, None, &usage, at, own)?;
        // Rounded to what a price list says: a hundredth of a cent for a million tokens.
        Some((cost * (1_000_000.0 / TOKENS as f64) * 10_000.0).round() / 10_000.0)
    };
    let usage = |input, cached, output| Usage {
        input: Some(input),
        cached: Some(cached),
        output: Some(output),
        ..Usage::default()
    };
    Some(Price {
        input: cost(usage(TOKENS, 0, 0))?,
        cached: cost(usage(TOKENS, TOKENS, 0)),
        cache_write: None,
        output: cost(usage(0, 0, TOKENS))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn usage(input: u64, cached: u64, output: u64) -> Usage {
        Usage {
            input: Some(input),
            cached: Some(cached),
            output: Some(output),
            total: Some(input + output),
            ..Usage::default()
        }
    }

    fn cost(model: &str, tier: Option<&str>, usage: &Usage) -> Option<f64> {
        cost_usd("openai", model, tier, usage, at(), &OwnPrices::default())
    }

    #[test]
    fn known_models_have_a_price_by_tier_and_cache() {
        let million = usage(1_000_000, 0, 1_000_000);
        assert_eq!(cost("gpt-5-mini-2025-08-07", None, &million), Some(2.25));
        assert_eq!(cost("gpt-5-mini", Some("default"), &million), Some(2.25));
        assert_eq!(cost("gpt-5-mini", Some("flex"), &million), Some(1.125));
        let cached = usage(1_000_000, 1_000_000, 0);
        assert_eq!(cost("gpt-5-mini", None, &cached), Some(0.025));
    }

    #[test]
    fn the_part_of_openai_says_what_the_whole_table_says() {
        let whole = Calculator::bundled();
        let part = OPENAI.as_ref().unwrap();
        let provider = whole
            .find_provider(Some(DEFAULT_PROVIDER), None)
            .unwrap()
            .unwrap();
        let counted = PricedUsage::from([
            (UsageKey::INPUT_TOKENS, 300_000.0),
            (UsageKey::CACHE_READ_TOKENS, 1_000.0),
            (UsageKey::OUTPUT_TOKENS, 7_000.0),
        ]);
        for model in provider.models() {
            for time in ["2025-01-01T00:00:00Z", "2026-11-20T12:00:00Z"] {
                for tier in ["default", "flex", "priority"] {
                    let time: Timestamp = time.parse().unwrap();
                    let request = PriceRequest::new(model.id(), &counted)
                        .with_provider_id(DEFAULT_PROVIDER)
                        .with_timestamp(std::time::SystemTime::from(time))
                        .with_price_context("service_tier", tier);
                    let of = |table: &Calculator| {
                        table.calculate(&request).map(|it| it.total_price).ok()
                    };
                    assert_eq!(
                        of(part),
                        of(whole),
                        "{} {tier}: copy the part anew",
                        model.id()
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_unknown_is_not_free() {
        let some = usage(10, 0, 10);
        for model in [
            "no-such-model",
            "ft:gpt-4o-2024-08-06:acme::x",
            "omni-moderation-latest",
            "",
        ] {
            assert_eq!(cost(model, None, &some), None, "{model}");
        }
        assert_eq!(
            cost("gpt-5-mini", Some("scale"), &some),
            None,
            "an unknown tier"
        );
        assert_eq!(
            cost("gpt-5-mini", None, &Usage::default()),
            None,
            "no count"
        );
        let own = OwnPrices::default();
        assert_eq!(
            cost_usd("my-server", "gpt-5-mini", None, &some, at(), &own),
            None
        );
        assert_eq!(
            cost("gpt-5-mini", None, &usage(1, 5, 1)),
            None,
            "more cached than read"
        );
    }

    #[test]
    fn the_users_own_prices_win() {
        let own = OwnPrices::parse(
            "gpt-5-mini: {input: 1, cached: 0.5, output: 10}\nvllm/llama: {input: 0.1, output: 0.1}\n",
        )
        .or_else(|_| {
            OwnPrices::parse(r#"{"gpt-5-mini": {"input": 1, "cached": 0.5, "output": 10}, "vllm/llama": {"input": 0.1, "output": 0.1}}"#)
        })
        .unwrap();
        let usage = usage(2_000_000, 1_000_000, 1_000_000);
        let cost = |provider, model| cost_usd(provider, model, Some("scale"), &usage, at(), &own);
        assert_eq!(cost("openai", "gpt-5-mini"), Some(11.5));
        assert_eq!(cost("openai", "gpt-5-mini-2025-08-07"), Some(11.5));
        assert_eq!(cost("vllm", "llama"), Some(0.3));
        assert_eq!(cost("openai", "llama"), None);
    }

    #[test]
    fn a_wrong_price_file_says_where() {
        let refused = [
            "{\"m\": 3}",
            "{\"m\": {\"input\": 1}}",
            "{\"m\": {\"input\": -1, \"output\": 1}}",
            "{\"m\": {\"in\": 1, \"output\": 1}}",
            "{",
        ]
        .map(|text| {
            let failure = OwnPrices::parse(text).unwrap_err();
            assert_eq!(failure.code, Some(code::BAD_CONFIG));
            failure.message
        });
        insta::assert_snapshot!(refused.join("\n"), @"
    the price of `m` is not a map
    the price of `m` lacks `output`
    `input` of `m` is not a price
    the price of `m` has an unknown key, `in`
    the price file is not JSON
    ");
    }

    #[test]
    fn a_list_shows_the_price_of_a_million_tokens() {
        let price = price_of("openai", "gpt-5-mini", at(), &OwnPrices::default()).unwrap();
        assert_eq!(
            (price.input, price.cached, price.output),
            (0.25, Some(0.025), 2.0)
        );
        assert_eq!(
            price_of("openai", "no-such", at(), &OwnPrices::default()),
            None
        );
    }
}

//! Bringing stored prompts to light: which requests are made, and what their answers mean.

mod proof;
mod refusal;
mod versions;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::lock::Mutex;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;

use crate::error::{Exit, Failure};
use crate::exchange::request;
use crate::exchange::sentinel::{Nonce, Sentinels};
use crate::exchange::stored::Echo;
use crate::openai::client::{Client, Opening};
use crate::openai::fault::CallError;
use crate::openai::prices::Price;
use crate::openai::tokens;
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::scan::ValueKind;
use refusal::{Refusal, Signature};

pub use versions::{Fetched, Recovered};

/// How many prompts are asked about at once.
const AT_ONCE: usize = 4;

/// How many tokens a model is taken to answer where nothing limits it.
const TOKENS_OF_AN_ANSWER: f64 = 2_000.0;

/// Which versions are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum VersionSelection {
    /// All up to the current one, and those that the code asks for.
    #[default]
    UpToCurrent,
    /// Those above the current one, too.
    All,
    /// The current one.
    Current,
    /// The current one, and those that the code asks for.
    Used,
    One(u64),
}

/// A stored prompt that is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryRequest {
    pub id: String,
    /// The versions that the code asks for.
    pub pinned: BTreeSet<u64>,
    /// The variables that the code sends.
    pub variables: BTreeMap<String, ValueKind>,
    /// The versions that are here already.
    pub have: BTreeSet<u64>,
    /// Whether it was edited here since, so that no new version can be written over it.
    pub is_edited: bool,
}

/// A key, by the variable that holds it, with a client that uses it.
pub struct Keyed {
    pub variable: String,
    pub client: Client,
}

/// What limits the calls.
#[derive(Clone, Default)]
pub struct Limits {
    /// Which versions are wanted.
    pub which: VersionSelection,
    /// The most that all calls may cost, in US dollars.
    pub max_cost: f64,
    /// The model instead of one that is gone.
    pub model: Option<String>,
}

/// What is known of a prompt before anything was paid.
pub struct KnownPrompt {
    /// The prompt.
    pub wish: RecoveryRequest,
    /// The key that may see it.
    key: usize,
    /// What the API says of a version that is not there, and of one that is; none where it cannot
    /// be asked without paying.
    probe: Option<Probe>,
    /// The versions that a question without cost found; none where it cannot.
    pub found: Option<Vec<u64>>,
    /// Whether the question without cost looks at variables, and how a missing one is answered.
    pub missing: Missing,
}

/// What a question without cost tells about versions.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Probe {
    missing: Signature,
}

/// What the API does about a variable that is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It refuses the call.
    Refused,
    /// It says nothing.
    Silent,
    /// That cannot be asked without paying.
    Unknown,
}

/// Tells the price of a model.
type Prices = Box<dyn Fn(&str) -> Option<Price>>;

/// Asks the API about stored prompts.
pub struct Recovery {
    keys: Vec<Keyed>,
    nonce: Nonce,
    limits: Limits,
    price_of: Prices,
    /// Calls that a model began to answer.
    paid: Cell<usize>,
    /// Calls that were refused.
    refused: Cell<usize>,
    /// What all calls cost at most.
    spent: Cell<f64>,
    /// Answers of models without a prompt.
    controls: Mutex<BTreeMap<String, Value>>,
}

/// Why a call brought nothing.
enum RequestError {
    /// The API refused it.
    Refused(Refusal),
    Failed(Failure),
}

impl Recovery {
    /// Asks with these keys, in turn.
    pub fn new(
        keys: Vec<Keyed>,
        random: u64,
        limits: Limits,
        price_of: impl Fn(&str) -> Option<Price> + 'static,
    ) -> Self {
        Self {
            keys,
            nonce: Nonce::new(random),
            limits,
            price_of: Box::new(price_of),
            paid: Cell::new(0),
            refused: Cell::new(0),
            spent: Cell::new(0.0),
            controls: Mutex::new(BTreeMap::new()),
        }
    }

    /// How many calls a model began to answer, and how many were refused before.
    pub fn calls(&self) -> (usize, usize) {
        (self.paid.get(), self.refused.get())
    }

    /// What all calls cost at most, in US dollars.
    pub fn at_most(&self) -> f64 {
        self.spent.get()
    }

    /// Looks at all prompts without paying, a few at a time; in the order of the wishes.
    ///
    /// # Errors
    /// What keeps any prompt from being asked for: the key is refused, nobody answers, or a gateway
    /// does.
    pub async fn look(
        &self,
        wishes: Vec<RecoveryRequest>,
    ) -> Result<Vec<(RecoveryRequest, Result<KnownPrompt, Failure>)>, Failure> {
        if let Some(first) = self.keys.first() {
            first.client.refuse_gateway().await?;
        }
        let mut looked = stream::iter(wishes)
            .map(|wish| async move { (wish.clone(), self.calibrate(wish).await) })
            .buffered(AT_ONCE);
        let mut all = Vec::new();
        while let Some((wish, found)) = looked.next().await {
            match found {
                Err(failure) if is_of_all(&failure) => return Err(failure),
                found => all.push((wish, found)),
            }
        }
        Ok(all)
    }

    /// Fetches the versions of prompts, a few prompts at a time; in the order given. Then each
    /// model is asked once without a prompt.
    pub async fn fetch(&self, known: Vec<KnownPrompt>) -> Vec<Recovered> {
        let mut all: Vec<Recovered> = stream::iter(known)
            .map(|known| self.recover(known))
            .buffered(AT_ONCE)
            .collect()
            .await;
        for recovered in &mut all {
            for index in 0..recovered.versions.len() {
                let model = recovered.versions[index]
                    .echo
                    .model
                    .clone()
                    .unwrap_or_default();
                match self.control(recovered.key, &model).await {
                    Ok(control) => recovered.versions[index].control = control,
                    Err(failure) => {
                        // What may be the model's own default is not written.
                        recovered.versions.truncate(index);
                        recovered.failure.get_or_insert(failure);
                        break;
                    }
                }
            }
        }
        all
    }

    /// The answer of a model without a prompt, asked for once.
    async fn control(&self, key: usize, model: &str) -> Result<Value, Failure> {
        // Who comes second waits for the answer of the first.
        let mut controls = self.controls.lock().await;
        if let Some(known) = controls.get(model) {
            return Ok(known.clone());
        }
        let cost = self.cost(Some(model), 20, None);
        match self.ask(key, &request::control(model), cost).await {
            Ok(opening) => {
                controls.insert(model.to_owned(), opening.response.clone());
                Ok(opening.response)
            }
            Err(RequestError::Failed(failure)) => Err(failure),
            Err(RequestError::Refused(refusal)) => Err(not_recovered(&format!(
                "the API does not answer for the model {model} alone: {}",
                refusal.error.message
            ))),
        }
    }

    /// One request, counted.
    async fn ask(&self, key: usize, body: &Value, cost: f64) -> Result<Opening, RequestError> {
        if self.limits.max_cost > 0.0 && self.spent.get() + cost > self.limits.max_cost {
            return Err(RequestError::Failed(
                Failure::new(
                    code::COST_LIMIT,
                    format!(
                        "the next call could bring the cost above {} USD",
                        self.limits.max_cost
                    ),
                )
                .exit(Exit::Verdict)
                .hint(Hint::RaiseLimit((4.0 * self.limits.max_cost).to_string())),
            ));
        }
        match self.keys[key].client.opening(body).await {
            Ok(opening) => {
                self.paid.set(self.paid.get() + 1);
                self.spent.set(self.spent.get() + cost);
                Ok(opening)
            }
            Err(error) => Err(self.unanswered(*error)),
        }
    }

    /// What a call may cost at most, as if the model answered in full.
    fn cost(&self, model: Option<&str>, tokens_in: usize, tokens_out: Option<u64>) -> f64 {
        let Some(price) = model.and_then(|model| (self.price_of)(model)) else {
            return 0.0;
        };
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let out = tokens_out.map_or(TOKENS_OF_AN_ANSWER, |tokens| tokens as f64);
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let tokens_in = tokens_in as f64;
        (tokens_in * price.input + out * price.output) / 1e6
    }

    fn unanswered(&self, error: CallError) -> RequestError {
        match (error.status, &error.api) {
            (Some(status @ 400..=499), Some(api)) if status != 429 && status != 408 => {
                self.refused.set(self.refused.get() + 1);
                let error = api.clone();
                RequestError::Refused(Refusal { status, error })
            }
            _ => RequestError::Failed(error.into()),
        }
    }

    /// A question that is refused in any case; what the API says.
    async fn probe(
        &self,
        key: usize,
        id: &str,
        version: Option<&str>,
        sentinels: &Sentinels,
        without: &BTreeSet<String>,
    ) -> Result<Refusal, RequestError> {
        let body = request::probe(request::request(id, version, sentinels, without));
        match self.ask(key, &body, 0.0).await {
            Err(RequestError::Refused(refusal)) => Ok(refusal),
            Err(failed) => Err(failed),
            Ok(_) => Err(RequestError::Failed(
                not_recovered("the server answers without looking for the previous response, so that nothing can be asked without paying")
                    .hint("check OPENAI_BASE_URL: the server must be OpenAI's API itself"),
            )),
        }
    }

    /// Finds the key that may see the prompt, and what can be asked without paying.
    async fn calibrate(&self, wish: RecoveryRequest) -> Result<KnownPrompt, Failure> {
        let sentinels = Sentinels::new(&self.nonce, wish.variables.keys().map(String::as_str));
        let none = BTreeSet::new();
        let made_up = format!(
            "pmpt_{}{}{}{}",
            self.nonce.as_str(),
            self.nonce.as_str(),
            self.nonce.as_str(),
            self.nonce.as_str()
        );
        for key in 0..self.keys.len() {
            let unknown = self
                .probe(key, &made_up, None, &Sentinels::default(), &none)
                .await;
            let unknown = self.answered(unknown, key)?;
            let known = self.probe(key, &wish.id, None, &sentinels, &none).await;
            let known = self.answered(known, key)?;
            // Where even an id that nobody has is not missed, a real call tells.
            if known.is_unknown_prompt() && unknown.is_unknown_prompt() {
                continue;
            }
            let missing = self
                .probe(key, &wish.id, Some(request::NO_VERSION), &sentinels, &none)
                .await;
            let missing = self.answered(missing, key)?.signature();
            let probe = (missing != known.signature()).then_some(Probe { missing });
            let missing = self.how_missing(key, &wish, &sentinels).await;
            let mut known = KnownPrompt {
                wish,
                key,
                probe,
                found: None,
                missing,
            };
            known.found = self.find_free(&known, &sentinels).await?;
            return Ok(known);
        }
        let failure = Failure::new(
            code::NOT_STORED,
            format!("{}: not found, or it belongs to another project", wish.id),
        );
        Err(failure.hint(Hint::NameKey))
    }

    /// What becomes of a variable that is not sent.
    async fn how_missing(
        &self,
        key: usize,
        wish: &RecoveryRequest,
        sentinels: &Sentinels,
    ) -> Missing {
        let Some(first) = wish.variables.keys().next() else {
            return Missing::Unknown;
        };
        let odd = Sentinels::new(&self.nonce, ["promptctl_no_such_variable"]);
        let nothing = BTreeSet::new();
        let looks = match self.probe(key, &wish.id, None, &odd, &nothing).await {
            Ok(refusal) => !refusal.error.is_previous_response(),
            Err(_) => false,
        };
        if !looks {
            return Missing::Unknown;
        }
        let without = BTreeSet::from([first.clone()]);
        match self.probe(key, &wish.id, None, sentinels, &without).await {
            Ok(refusal) if refusal.is_of_missing_variables() => Missing::Refused,
            Ok(refusal) if refusal.error.is_previous_response() => Missing::Silent,
            _ => Missing::Unknown,
        }
    }

    /// The versions that there are, where they can be asked for without paying.
    async fn find_free(
        &self,
        known: &KnownPrompt,
        sentinels: &Sentinels,
    ) -> Result<Option<Vec<u64>>, Failure> {
        let Some(probe) = &known.probe else {
            return Ok(None);
        };
        if matches!(
            self.limits.which,
            VersionSelection::One(_) | VersionSelection::Current
        ) {
            return Ok(Some(Vec::new()));
        }
        let none = BTreeSet::new();
        let last_pinned = known.wish.pinned.last().copied().unwrap_or(0);
        let mut found = Vec::new();
        let mut missing = 0;
        let mut version = 1;
        while missing < versions::MISSING_IN_A_ROW || version <= last_pinned.min(versions::HIGHEST)
        {
            let answer = self
                .probe(
                    known.key,
                    &known.wish.id,
                    Some(&version.to_string()),
                    sentinels,
                    &none,
                )
                .await;
            let refusal = self.answered(answer, known.key)?;
            if refusal.signature() == probe.missing {
                missing += 1;
            } else {
                missing = 0;
                found.push(version);
            }
            version += 1;
            if version > versions::HIGHEST {
                break;
            }
        }
        Ok(Some(found))
    }

    fn answered(
        &self,
        answer: Result<Refusal, RequestError>,
        key: usize,
    ) -> Result<Refusal, Failure> {
        match answer {
            Ok(refusal) if refusal.is_of_key() => Err(Failure::new(
                code::KEY_REFUSED,
                format!(
                    "the API refused the key in {}: {}",
                    self.keys[key].variable, refusal.error.message
                ),
            )
            .exit(Exit::Denied)
            .hint("check the key, its project and what it is allowed to do")),
            Ok(refusal) => Ok(refusal),
            Err(RequestError::Refused(refusal)) => Err(not_recovered(&refusal.error.message)),
            Err(RequestError::Failed(failure)) => Err(failure),
        }
    }
}

/// Whether a failure of one prompt is that of any other.
fn is_of_all(failure: &Failure) -> bool {
    let codes = [
        code::KEY_REFUSED,
        code::GATEWAY_ASKED,
        code::API_UNREACHABLE,
    ];
    failure.code.is_some_and(|code| codes.contains(&code))
}

fn not_recovered(message: &str) -> Failure {
    Failure::new(code::NOT_RECOVERED, message.to_owned())
}

/// How many tokens an answer's messages are.
fn tokens_of(echo: &Echo) -> usize {
    echo.texts().map(tokens::count).sum()
}

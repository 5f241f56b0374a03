//! What all requests share.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::address::Addresses;
use super::auth::Failures;
use super::call::CallSettings;
use super::catalog::{PinPolicy, Resolved, unknown_version};
use super::connection::Connections;
use super::metrics::{Metrics, Now};
use super::prepared_cache::PreparedCache;
use super::problem::{Problem, clipped_to};
use super::redact::redacted;
use super::request::PromptRequest;
use super::snapshot::Snapshot;
use super::{Settings, Unknown};
use crate::execute::{CompiledPrompt, Prepared};
use crate::openai::key::Mask;
use crate::openai::prices::cost_usd;
use crate::openai::response::Answer;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;
use crate::prompt::visible;
use crate::record::entry::{Outcome, Record};

/// How many pinned versions are kept ready.
const MOST_PINS: usize = 1000;
/// The day on which OpenAI's stored prompts have ended, in seconds since 1970.
const STORED_PROMPTS_END: i64 = 1_796_083_200;

/// What the gateway says to whoever runs it, in the order in which it happened.
pub enum GatewayEvent {
    /// It listens here, and tells figures there.
    Ready(std::net::SocketAddr, Option<std::net::SocketAddr>),
    /// Something that a person should know.
    Status(String),
    /// Something that is wrong and does not stop it.
    Warning(crate::error::Failure),
    /// A call that ended. The hashes of what was sent are still to be made.
    Call(Box<Ended>),
    /// What became of executions.
    Outcomes(Vec<Outcome>),
    /// A line for each request.
    Access(String),
}

/// A command to the thread that refreshes.
pub(super) enum Order {
    /// Refresh now.
    Now,
    End,
}

/// A call that ended.
pub struct Ended {
    /// The record, without its hashes.
    pub record: Record,
    /// The prompt's own part of the request, where records are kept.
    pub own: Option<Value>,
    /// The whole request, where the caller added something.
    pub sent: Option<Value>,
}

/// What all requests share.
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) terms: CallSettings,
    pub(super) http: reqwest::Client,
    pub(super) addresses: Addresses,
    snapshot: RwLock<Arc<Snapshot>>,
    /// When the snapshot was last known to be current.
    pub(super) checked: Mutex<Instant>,
    pins: Mutex<Pins>,
    warmth: Mutex<PreparedCache>,
    pub(super) metrics: Mutex<Metrics>,
    pub(super) failures: Mutex<Failures>,
    notes: SyncSender<GatewayEvent>,
    pub(super) refresh: Mutex<Sender<Order>>,
    pub(super) connections: Connections,
    /// Whether the gateway is about to end.
    pub(super) is_draining: AtomicBool,
    /// Ends the calls under way.
    pub(super) cut: tokio::sync::watch::Sender<bool>,
    /// The bytes of all bodies that are held.
    pub(super) held: AtomicUsize,
    /// The calls under way.
    pub(super) calls: AtomicUsize,
    pub(super) streams: AtomicUsize,
    pub(super) most_calls: usize,
    /// How many commands may read the repository at once.
    pub(super) readers: tokio::sync::Semaphore,
    /// The executions of this process, which outcomes may name before the log holds them.
    recent: Mutex<Recent>,
    /// The ids and versions that were sent on, as they were reported.
    forwarded: Mutex<HashSet<String>>,
}

/// The newest executions by their ids and those of their answers.
#[derive(Default)]
struct Recent {
    by_id: HashMap<Trace, Uuid>,
    order: VecDeque<Trace>,
}

/// What is remembered of an id, whose length others choose: the beginning of its hash.
type Trace = [u8; 16];

fn trace(id: &str) -> Trace {
    let mut trace = Trace::default();
    let length = trace.len();
    trace.copy_from_slice(&Sha256::digest(id)[..length]);
    trace
}

impl Recent {
    fn put(&mut self, execution: &str, answer: Option<&str>) {
        let Ok(id) = Uuid::parse_str(execution) else {
            return;
        };
        for key in std::iter::once(execution).chain(answer).map(trace) {
            self.by_id.insert(key, id);
            self.order.push_back(key);
        }
        while self.order.len() > MOST_RECENT {
            if let Some(oldest) = self.order.pop_front() {
                self.by_id.remove(&oldest);
            }
        }
    }

    fn get(&self, id: &str) -> Option<String> {
        self.by_id.get(&trace(id)).map(Uuid::to_string)
    }
}

/// How many commands read the repository at once.
const READERS: usize = 4;
/// How many executions are remembered for outcomes.
const MOST_RECENT: usize = 100_000;

/// Published versions that are not live, kept while they are used.
#[derive(Default)]
struct Pins {
    clock: u64,
    prompts: HashMap<(PromptName, Version), (u64, Arc<Prepared>)>,
}

impl Pins {
    fn get(&mut self, key: &(PromptName, Version)) -> Option<Arc<Prepared>> {
        self.clock += 1;
        let (used, prompt) = self.prompts.get_mut(key)?;
        *used = self.clock;
        Some(Arc::clone(prompt))
    }

    fn put(&mut self, key: (PromptName, Version), prompt: &Arc<Prepared>) {
        self.clock += 1;
        if self.prompts.len() >= MOST_PINS {
            let oldest = self.prompts.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.prompts.remove(&key);
            }
        }
        self.prompts.insert(key, (self.clock, Arc::clone(prompt)));
    }
}

/// What was found for a call.
pub(super) struct ResolvedPrompt {
    pub(super) prompt: Arc<Prepared>,
    pub(super) environment: Environment,
    pub(super) snapshot: String,
    pub(super) note: Option<String>,
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(super) fn new(
        settings: Settings,
        http: reqwest::Client,
        snapshot: Snapshot,
        notes: SyncSender<GatewayEvent>,
        refresh: Sender<Order>,
        most_calls: usize,
    ) -> Self {
        Self {
            terms: CallSettings {
                provider: settings.provider.clone(),
                stored_turns: settings.stored_turns,
                privacy: settings.privacy,
                has_echo: settings.has_echo,
                keeps_calls: settings.keeps_calls,
            },
            addresses: Addresses::new(&settings.upstream.base_url),
            settings,
            http,
            snapshot: RwLock::new(Arc::new(snapshot)),
            checked: Mutex::new(Instant::now()),
            pins: Mutex::default(),
            warmth: Mutex::default(),
            metrics: Mutex::default(),
            failures: Mutex::default(),
            notes,
            refresh: Mutex::new(refresh),
            connections: Connections::default(),
            is_draining: AtomicBool::new(false),
            cut: tokio::sync::watch::Sender::new(false),
            held: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            streams: AtomicUsize::new(0),
            most_calls,
            readers: tokio::sync::Semaphore::new(READERS),
            recent: Mutex::default(),
            forwarded: Mutex::default(),
        }
    }

    /// Whether calls are made with a key of this gateway's own, which callers must not learn.
    pub(super) fn hides_keys(&self) -> bool {
        self.settings.upstream.key.is_some() && self.settings.auth != super::auth::Auth::Pass
    }

    /// What covers this gateway's own key in answers of the API.
    pub(super) fn mask(&self) -> Option<Mask> {
        let key = self.settings.upstream.key.as_ref();
        key.filter(|_| self.hides_keys())?.mask()
    }

    /// Words of the API without keys, for the log and for errors.
    pub(super) fn without_keys(&self, text: &str) -> String {
        let key = self.settings.upstream.key.as_ref();
        redacted(&key.map_or_else(|| text.to_owned(), |key| key.redact(text)))
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves another snapshot from now on.
    pub(super) fn swap(&self, snapshot: Snapshot) {
        *self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.settings.now.unwrap_or_else(Timestamp::now)
    }

    /// Says something; it is dropped where nobody takes it in time.
    pub(super) fn say(&self, note: GatewayEvent) {
        if let Err(TrySendError::Full(_)) = self.notes.try_send(note) {
            locked(&self.metrics).records_dropped += 1;
        }
    }

    /// Says once that a call of an id or version went on to the API, so that a person sees when the
    /// last one is imported.
    pub(super) fn tell_forwarded(&self, asked: &PromptRequest) {
        /// More are not reported: they may be anybody's inventions.
        const MOST: usize = 1_000;
        const LONGEST: usize = 200;
        let version = asked.version.as_ref().map(|it| format!(", version {it}"));
        let which = format!("{}{}", asked.id, version.unwrap_or_default());
        let which = clipped_to(which, LONGEST);
        let mut told = locked(&self.forwarded);
        if told.len() < MOST && told.insert(which.clone()) {
            drop(told);
            let which = visible::line(&which);
            self.say(GatewayEvent::Status(format!(
                "{which} is not here, and was sent on to the API"
            )));
        }
    }

    /// Whether calls of unknown ids go on to the API. Once the API knows none they do not.
    pub(super) fn forwards_unknown(&self) -> bool {
        self.settings.unknown == Unknown::Forward && self.now().as_second() < STORED_PROMPTS_END
    }

    /// The prompt that a call asks for.
    ///
    /// # Errors
    /// There is no such prompt or version, or it cannot be read.
    pub(super) async fn find(
        self: &Arc<Self>,
        asked: &PromptRequest,
    ) -> Result<ResolvedPrompt, Problem> {
        let snapshot = self.snapshot();
        let id = snapshot.catalog.id.clone();
        let pinned = |prompt: Arc<Prepared>| ResolvedPrompt {
            prompt,
            environment: snapshot.catalog.environment.clone(),
            snapshot: id.clone(),
            note: None,
        };
        match snapshot.catalog.resolve(asked, self.settings.pinned)? {
            Resolved::Live {
                prompt,
                environment,
                instead_of,
            } => Ok(ResolvedPrompt {
                note: instead_of
                    .map(|it| format!("version {it} was asked for, and what is live was given")),
                prompt,
                environment,
                snapshot: id,
            }),
            Resolved::Version(name, version) => {
                Ok(pinned(self.version(&snapshot, &name, version).await?))
            }
            Resolved::Imported {
                name,
                id,
                number,
                candidates,
            } => {
                for version in candidates {
                    let prompt = self.version(&snapshot, &name, version).await?;
                    let origin = prompt.origin.as_ref().filter(|it| it.id == id);
                    if origin.is_some_and(|it| it.versions.contains(&number)) {
                        return Ok(pinned(prompt));
                    }
                }
                Err(unknown_version(asked, &number.to_string()).hint(format!(
                    "`promptctl import {id} --version {number}` brings it, and `promptctl publish {name}@vN` publishes what came"
                )))
            }
        }
    }

    async fn version(
        self: &Arc<Self>,
        snapshot: &Snapshot,
        name: &PromptName,
        version: Version,
    ) -> Result<Arc<Prepared>, Problem> {
        let key = (name.clone(), version);
        if let Some(prompt) = snapshot.versions.get(&key) {
            return Ok(Arc::clone(prompt));
        }
        let mut live = snapshot.catalog.all();
        let is_wanted =
            |it: &&Arc<Prepared>| it.loaded.name == *name && it.loaded.version() == version;
        if let Some(prompt) = live.find(is_wanted) {
            return Ok(Arc::clone(prompt));
        }
        if let Some(prompt) = locked(&self.pins).get(&key) {
            return Ok(prompt);
        }
        let state = Arc::clone(self);
        let (name, version) = key.clone();
        let read =
            tokio::task::spawn_blocking(move || state.settings.source.version(&name, version));
        let prompt = match read.await {
            Ok(Ok(prompt)) => Arc::new(prompt),
            Ok(Err(failure)) => {
                return Err(
                    Problem::from_failure(500, Some("prompt_unreadable"), &failure)
                        .param("prompt.version"),
                );
            }
            Err(_) => return Err(Problem::new(500, None, "The version could not be read.")),
        };
        locked(&self.pins).put(key, &prompt);
        Ok(prompt)
    }

    /// What a call needs of a prompt.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) async fn warm(
        &self,
        prompt: &Arc<Prepared>,
    ) -> Result<Arc<CompiledPrompt>, Problem> {
        if let Some(warm) = prompt.if_warm() {
            return Ok(warm);
        }
        let cold = Arc::clone(prompt);
        // The other calls do not wait for it.
        let warm = match tokio::task::spawn_blocking(move || cold.warm()).await {
            Ok(Ok(warm)) => warm,
            Ok(Err(failure)) => {
                return Err(
                    Problem::from_failure(500, Some("prompt_unreadable"), &failure).param("prompt"),
                );
            }
            Err(_) => return Err(Problem::new(500, None, "The prompt could not be read.")),
        };
        locked(&self.warmth).hold(prompt, &warm);
        Ok(warm)
    }

    /// Completes the record of a call with its answer and keeps it.
    pub(super) fn end(&self, mut ended: Ended, answer: Option<Answer>) {
        let record = &mut ended.record;
        if let Some(answer) = answer {
            let model = answer.model.clone().or_else(|| record.model.clone());
            record.model.clone_from(&model);
            record.response_id = answer.response_id;
            record.usage = crate::execute::usage_of(&answer.usage);
            record.cost_usd = cost_usd(
                &self.settings.provider,
                model.as_deref().unwrap_or_default(),
                answer.service_tier.as_deref(),
                &answer.usage,
                record.time,
                &self.settings.prices,
            )
            .map(crate::execute::rounded);
            if self.settings.keeps_calls {
                // An answer may repeat the key that it was asked with.
                record.output = Some(match &self.settings.upstream.key {
                    Some(key) => key.redact(&answer.text),
                    None => answer.text,
                });
            }
            let tokens = [
                ("input", answer.usage.input),
                ("cached", answer.usage.cached),
                ("output", answer.usage.output),
                ("reasoning", answer.usage.reasoning),
            ];
            locked(&self.metrics).count_usage(&record.prompt, &tokens, record.cost_usd);
        }
        let answer = record.response_id.as_deref();
        locked(&self.recent).put(&record.id, answer);
        if self.settings.keeps_calls {
            ended.record = self.terms.privacy.keep(ended.record, None);
            self.say(GatewayEvent::Call(Box::new(ended)));
        }
    }

    /// The execution of this id, or with an answer of this id, if it was made here lately.
    pub(super) fn execution(&self, id: &str) -> Option<String> {
        locked(&self.recent).get(id)
    }

    pub(super) fn figures(&self) -> String {
        let snapshot = self.snapshot();
        locked(&self.metrics).text(&Now {
            active_streams: self.streams.load(Ordering::Relaxed),
            connections: self.connections.count(),
            snapshot_age: self.snapshot_age(),
            snapshot: &snapshot.catalog.id,
            prompts: snapshot.catalog.served().count(),
        })
    }

    pub(super) fn snapshot_age(&self) -> Duration {
        locked(&self.checked).elapsed()
    }

    /// Whether the pinned version or the live one is given, for the readers.
    pub(super) fn pinned(&self) -> PinPolicy {
        self.settings.pinned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::id::new_id;

    #[test]
    fn executions_are_found_by_both_ids_until_others_take_their_place() {
        let mut recent = Recent::default();
        let first = new_id(Timestamp::UNIX_EPOCH);
        recent.put(&first, Some("resp_first"));
        assert_eq!(recent.get(&first).as_ref(), Some(&first));
        assert_eq!(recent.get("resp_first").as_ref(), Some(&first));
        assert_eq!(recent.get("resp_other"), None);
        for number in 0..MOST_RECENT / 2 {
            let id = new_id(Timestamp::UNIX_EPOCH);
            recent.put(&id, Some(&format!("resp_{number}")));
        }
        assert_eq!(recent.get(&first), None);
        assert_eq!(recent.get("resp_first"), None);
        assert!(recent.get("resp_0").is_some());
        assert_eq!(recent.by_id.len(), MOST_RECENT);
    }
}

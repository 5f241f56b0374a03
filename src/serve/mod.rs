//! The gateway: it answers the Responses API for callers that send `prompt: {id, version,
//! variables}`, and passes on everything else.
//!
//! Pure: what a call asks for (`ask`), which prompt that is (`catalog`), the values of its
//! variables (`given`), the request that is sent (`call`, `merge`), and what the answer says
//! of the prompt (`echo`, `events`). Around it: `server` takes connections, `route` finds
//! who answers, `proxy` asks the API, `refresh` keeps the `snapshot` current.
//!
//! A call never waits for git, the log or the terminal: a thread of its own reads what is live, and
//! what is to be kept or said goes as a [`GatewayEvent`] to the thread that started the gateway.

mod address;
mod answer;
mod auth;
mod body;
mod call;
mod catalog;
mod connection;
mod count_guard;
mod echo;
mod events;
mod finish;
mod flow;
mod head;
mod merge;
mod metrics;
mod offline;
mod outcomes;
mod prepared_cache;
mod problem;
mod proxy;
mod reads;
mod redact;
mod refresh;
mod request;
mod route;
mod server;
mod snapshot;
mod state;
mod upstream;
mod variables;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::Value;

use crate::error::Failure;
use crate::files::Loaded;
use crate::openai;
use crate::openai::prices::OwnPrices;
use crate::prompt::code;
use crate::prompt::name::Environment;
use crate::prompt::rendered::Variable;
use crate::prompt::version::Version;
use crate::record::log::Log;
use crate::record::privacy::Privacy;

pub use auth::Auth;
pub use call::StoredTurns;
pub use catalog::PinPolicy;
pub use refresh::fetch_first as fetch;
pub use snapshot::{Open, Source};
pub use state::{Ended, GatewayEvent};

use snapshot::Wanted;
use state::Order;
use state::State;

/// How many notes wait at most; those that find no room are dropped and counted.
const MOST_NOTES: usize = 10_000;
/// The most connections and calls, where the system gives enough files.
const MOST_CONNECTIONS: usize = 2048;
const MOST_CALLS: usize = 1024;
/// Files that are open besides connections.
const OTHER_FILES: usize = 64;

/// What becomes of a call whose id no prompt has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Unknown {
    /// An error
    #[default]
    Reject,
    /// It goes on to the API as it came, until OpenAI's stored prompts end
    Forward,
}

/// The JSON of a prompt, as `get` prints it.
pub type Shape = fn(String, &Loaded, Vec<Variable>, &[(Environment, Version)]) -> Value;

/// How the gateway is run.
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// A second address, where metrics are answered without a key.
    pub listen_for_figures: Option<SocketAddr>,
    /// What is served where a caller names no environment.
    pub environment: Environment,
    /// Where prompts come from.
    pub source: Source,
    /// The API that calls go on to.
    pub upstream: openai::client::Settings,
    /// The provider of that API.
    pub provider: String,
    /// Who is asked for a key.
    pub auth: Auth,
    /// Whether prompts may be read.
    pub has_reads: bool,
    /// Names of this gateway, besides those of this machine.
    pub hosts: Vec<String>,
    /// The sites whose pages may read.
    pub origins: Vec<String>,
    /// What becomes of unknown ids.
    pub unknown: Unknown,
    /// Whether pins are exact.
    pub pinned: PinPolicy,
    /// What is sent of stored turns.
    pub stored_turns: StoredTurns,
    /// Whether answers say what OpenAI's say of the prompt.
    pub has_echo: bool,
    /// Whether a line is printed for each request.
    pub has_access_log: bool,
    /// How often what is live is looked for.
    pub fetch_every: Duration,
    /// How old a snapshot may be for the gateway to be ready.
    pub max_stale: Option<Duration>,
    /// How long it is served on after the signal to end.
    pub drain: Duration,
    /// How long calls may take after that.
    pub grace: Duration,
    /// What the log may keep.
    pub privacy: Privacy,
    /// The user's own prices.
    pub prices: OwnPrices,
    /// Whether somebody keeps the records of calls: [`GatewayEvent::Call`].
    pub keeps_calls: bool,
    /// Where executions are looked up for outcomes.
    pub log: Option<Log>,
    /// This program, as it reads the repository.
    pub program: Option<Vec<OsString>>,
    /// `OPENAI_PROMPT_ID_…`.
    pub stored_prompts: BTreeMap<String, String>,
    /// The JSON of a prompt.
    pub shape: Shape,
    /// A time that stands for now.
    pub now: Option<Timestamp>,
    /// The headers that go on where callers have keys of this gateway.
    own_headers: Vec<(HeaderName, HeaderValue)>,
}

/// The settings without a default; the others of [`Settings`] have one.
pub struct RequiredSettings {
    /// See [`Settings::listen`].
    pub listen: SocketAddr,
    /// See [`Settings::environment`].
    pub environment: Environment,
    /// See [`Settings::source`].
    pub source: Source,
    /// See [`Settings::upstream`].
    pub upstream: openai::client::Settings,
    /// See [`Settings::provider`].
    pub provider: String,
    /// See [`Settings::auth`].
    pub auth: Auth,
    /// See [`Settings::shape`].
    pub shape: Shape,
}

impl Settings {
    /// Settings with the defaults of the command.
    pub fn new(given: RequiredSettings) -> Self {
        Self {
            listen: given.listen,
            listen_for_figures: None,
            environment: given.environment,
            source: given.source,
            upstream: given.upstream,
            provider: given.provider,
            auth: given.auth,
            has_reads: true,
            hosts: Vec::new(),
            origins: Vec::new(),
            unknown: Unknown::default(),
            pinned: PinPolicy::default(),
            stored_turns: StoredTurns::default(),
            has_echo: true,
            has_access_log: false,
            fetch_every: Duration::from_secs(15),
            max_stale: None,
            drain: Duration::from_secs(5),
            grace: Duration::from_secs(300),
            privacy: Privacy::default(),
            prices: OwnPrices::default(),
            keeps_calls: true,
            log: None,
            program: None,
            stored_prompts: BTreeMap::new(),
            shape: given.shape,
            now: None,
            own_headers: Vec::new(),
        }
    }

    /// The host of the API, for messages.
    fn upstream_host(&self) -> &str {
        let url = self.upstream.base_url.as_str();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split(['/', '?']).next().unwrap_or_default()
    }

    fn headers_of_key(&self) -> Vec<(HeaderName, HeaderValue)> {
        let upstream = &self.upstream;
        let pairs = [
            (
                "authorization",
                upstream.key.as_ref().map(|key| key.bearer()),
            ),
            ("openai-organization", upstream.organization.clone()),
            ("openai-project", upstream.project.clone()),
        ];
        let header = |(name, text): (&'static str, Option<String>)| {
            let mut value = HeaderValue::try_from(text?).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::from_static(name), value))
        };
        pairs.into_iter().filter_map(header).collect()
    }
}

/// Says what of the live prompts is left out of every request, where `before` had not the same
/// content.
fn tell_of_unsent(state: &State, before: Option<&snapshot::Snapshot>) {
    let now = state.snapshot();
    let told: BTreeMap<_, _> = before
        .into_iter()
        .flat_map(|before| before.catalog.served())
        .collect();
    for (name, prompt) in now.catalog.served() {
        let was = told.get(name);
        if was.is_some_and(|was| was.loaded.digest() == prompt.loaded.digest()) {
            continue;
        }
        let unsent = prompt.loaded.document.warnings.iter();
        for finding in unsent.filter(|it| it.code == code::UNSENT_PARAMETER) {
            let place = &prompt.loaded.path;
            let finding = finding.clone().in_file(place);
            state.say(GatewayEvent::Warning(Failure::from(finding)));
        }
    }
}

/// Serves until a signal ends it. What is to be said and kept is handed to `hear`, in this thread.
///
/// # Errors
/// - `P350`, `P353` and what `get --all` tells: there is no snapshot to begin with.
/// - `P351`: the address cannot be listened on.
pub fn run(mut settings: Settings, hear: &mut dyn FnMut(GatewayEvent)) -> Result<(), Failure> {
    settings.own_headers = settings.headers_of_key();
    let wanted = Wanted {
        environment: settings.environment.clone(),
        stored_prompts: settings.stored_prompts.clone(),
    };
    let http = openai::client::http(&settings.upstream)?;
    let Some(snapshot) = settings.source.read(&wanted, None)? else {
        return Ok(());
    };
    let listener = listen(settings.listen)?;
    let address = listener.local_addr().unwrap_or(settings.listen);
    settings.listen = address;
    let figures = settings.listen_for_figures.map(listen).transpose()?;
    let figures_at = figures.as_ref().and_then(|it| it.local_addr().ok());
    settings.listen_for_figures = figures_at;
    let (connections, calls) = limits();
    let (notes, heard) = sync_channel(MOST_NOTES);
    let (order, orders) = channel();
    let state = Arc::new(State::new(
        settings,
        http,
        snapshot,
        notes,
        order.clone(),
        calls,
    ));
    if calls < MOST_CALLS {
        state.say(GatewayEvent::Status(format!("the system's limit of open files leaves room for {connections} connections and {calls} calls")));
    }
    state.say(GatewayEvent::Ready(address, figures_at));
    tell_of_unsent(&state, None);
    tell_of_turns(&state);
    let refresher = Arc::clone(&state);
    let refreshing = thread::spawn(move || refresh::run(&refresher, &wanted, &orders));
    let serving = thread::spawn(move || {
        let listeners = (listener, figures);
        let ended =
            openai::client::block_on(server::serve(Arc::clone(&state), listeners, connections));
        drop(order.send(Order::End));
        drop(refreshing.join());
        ended
    });
    for note in heard {
        hear(note);
    }
    let unstarted = || Failure::new(code::CANNOT_LISTEN, "the gateway ended by itself");
    match serving.join() {
        Ok(ended) => ended?.map_err(|error| unstarted().caused_by(error)),
        Err(_) => Err(unstarted()),
    }
}

/// Says which prompts bring turns of their own: a conversation that is stored at the API keeps them,
/// and gets them again with each call.
fn tell_of_turns(state: &State) {
    let snapshot = state.snapshot();
    let names: Vec<&str> = snapshot
        .catalog
        .served()
        .filter(|(_, prompt)| prompt.has_turns)
        .map(|(name, _)| name.as_str())
        .collect();
    let Some(first) = names
        .first()
        .filter(|_| state.settings.stored_turns == StoredTurns::Again)
    else {
        return;
    };
    let others = match names.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    state.say(GatewayEvent::Status(format!(
        "{first}{others} bring turns of their own, which are sent again with each `previous_response_id`; see --stored-turns"
    )));
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let failed = |error: std::io::Error| {
        Failure::from_io(
            code::CANNOT_LISTEN,
            format!("{address} cannot be listened on"),
            error,
        )
        .hint(
            "--listen names another address, such as 127.0.0.1:8378; port 0 takes any that is free",
        )
    };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// How many connections and calls the system has files for; its soft limit is raised first.
#[cfg(unix)]
fn limits() -> (usize, usize) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it cannot be raised, it is as it was.
    let _ = setrlimit(Resource::Nofile, limit);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    fitting(usize::try_from(files).unwrap_or(usize::MAX))
}

#[cfg(not(unix))]
fn limits() -> (usize, usize) {
    (MOST_CONNECTIONS, MOST_CALLS)
}

/// A call has two connections, a resting caller one.
fn fitting(files: usize) -> (usize, usize) {
    let files = files.saturating_sub(OTHER_FILES);
    let calls = (files / 3).clamp(1, MOST_CALLS);
    let connections = files.saturating_sub(calls).clamp(1, MOST_CONNECTIONS);
    (connections, calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_fit_the_files_that_there_are() {
        assert_eq!(fitting(usize::MAX), (MOST_CONNECTIONS, MOST_CALLS));
        let (connections, calls) = fitting(1024);
        assert!(
            connections + calls + OTHER_FILES <= 1024,
            "{connections} {calls}"
        );
        assert!(calls > 100);
        assert_eq!(fitting(0), (1, 1));
    }
}

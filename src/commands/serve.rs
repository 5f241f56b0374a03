//! `promptctl serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::own_log::log;
use super::session::Session;
use super::shapes::PromptJson;
use crate::config::{Config, Environ, LogConfig, UserConfig};
use crate::error::{Exit, Failure};
use crate::execute::settings_of;
use crate::openai::client;
use crate::openai::prices::warm_up;
use crate::openai::request::request_hash;
use crate::output::words::words;
use crate::prompt::code;
use crate::prompt::name::Environment;
use crate::record::log::Log;
use crate::releases::{Settings as StoreSettings, Store};
use crate::serve::{
    self, Auth, GatewayEvent, PinPolicy, RequiredSettings, Settings, Source, StoredTurns, Unknown,
};

/// Answer calls that name a prompt by its id
///
/// For services that call `client.responses.create(prompt={"id": "pmpt_…", "version": "6",
/// "variables": {…}})`: set OPENAI_BASE_URL to http://127.0.0.1:8377/v1 and change no line of code.
/// A call that names a prompt is rendered here, from what is live in the environment, and sent to
/// the API as an ordinary request; everything else below /v1/ is passed on byte for byte.
///
/// An id is that of the stored prompt that a prompt was imported from, or the prompt's name.
/// `version` is left out for what is live, a number for a published version, or the name of an
/// environment. `promptctl help serve` tells more: keys, deployment, figures, what differs.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help serve

Examples:
  promptctl serve
  promptctl serve --env staging --listen 127.0.0.1:9000
  promptctl serve --snapshot prompts.json --log -   # without git, records to standard output
  promptctl serve --unknown-prompts forward         # while prompts are still being imported")]
pub(super) struct Args {
    /// Where to listen. Port 0 takes any that is free; the URL is then the first line of standard
    /// output, also with --quiet
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8377")]
    listen: SocketAddr,
    /// The environment whose prompts are served
    #[arg(short, long, value_name = "ENV", default_value = "production", add = super::candidates::environments())]
    env: Environment,
    /// Serve this file instead of a repository: what `get --all --versions --format json` prints.
    /// It is read again when it changes
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    snapshot: Option<PathBuf>,
    /// How often to fetch what the remote has, or to look at the file; such as 15s or 500ms
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = parse_time)]
    fetch_every: Duration,
    /// Not ready any more once nothing was heard of the remote for so long
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    max_stale: Option<Duration>,
    /// What becomes of calls whose id no prompt has
    #[arg(long, value_name = "WHAT", default_value = "reject")]
    unknown_prompts: Unknown,
    /// What callers get that pin a version
    #[arg(long, value_name = "WHAT", default_value = "exact")]
    pinned: PinPolicy,
    /// What is sent of a prompt's own turns with `previous_response_id`
    #[arg(long, value_name = "WHAT", default_value = "again")]
    stored_turns: StoredTurns,
    /// Leave `instructions` and `prompt` of the answer as the API says them
    #[arg(long)]
    no_echo: bool,
    #[command(flatten)]
    upstream: UpstreamArgs,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    life: LifeArgs,
}

/// The API behind the gateway.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The API")]
struct UpstreamArgs {
    /// The API that calls go on to, instead of OPENAI_BASE_URL or OpenAI's own
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// The provider of that API, as models and your own configuration name it
    #[arg(long, value_name = "NAME", default_value = "openai")]
    provider: String,
    /// How long the API may be silent
    #[arg(long, value_name = "TIME", default_value = "900s", value_parser = parse_time)]
    timeout: Duration,
}

/// Who may call.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Access")]
struct AccessArgs {
    /// `pass` hands the callers' own keys on; `keys` asks for those of `serve.keys` in your own
    /// configuration, and uses the API's key of this machine
    #[arg(long, value_name = "HOW", default_value = "pass")]
    auth: AuthArg,
    /// Listen where others can connect, with `--auth pass`: whoever has a key of the API can call
    /// every prompt
    #[arg(long)]
    public_pass_through: bool,
    /// A name by which callers reach this gateway, besides localhost
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// A site whose pages may read prompts, such as https://tools.example.com
    #[arg(long, value_name = "URL")]
    allow_origin: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum AuthArg {
    /// The callers' own keys of the API
    Pass,
    /// Keys of this gateway
    Keys,
}

/// Logs, and the end.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Logs and the end")]
struct LifeArgs {
    /// Where records of calls go; `-` is standard output
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    log: Option<String>,
    /// Keep no records
    #[arg(long, conflicts_with = "log")]
    no_log: bool,
    /// Say each request on standard error: method, path, status, prompt, execution, name of the key,
    /// time, and no more
    #[arg(long)]
    access_log: bool,
    /// Where to tell figures at /metrics without a key, such as 127.0.0.1:9377; `/healthz` and
    /// `/readyz` are answered there too
    #[arg(long, value_name = "ADDR")]
    metrics_listen: Option<SocketAddr>,
    /// After the signal to end, how long to serve on while balancers look away
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_time)]
    drain: Duration,
    /// How long calls may take after that
    #[arg(long, value_name = "TIME", default_value = "300s", value_parser = parse_time)]
    grace: Duration,
}

/// A time such as `15s`, `500ms`, `5m` or `1h`.
fn parse_time(text: &str) -> Result<Duration, String> {
    let at = text
        .find(|it: char| !it.is_ascii_digit() && it != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let seconds = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("write a time such as 15s, 500ms or 5m".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "write a time such as 15s, 500ms or 5m".to_owned())?;
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|time| *time <= Duration::from_secs(7 * 24 * 3600))
        .ok_or_else(|| "a time is a week at most".to_owned())
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    args.refuse_exposed()?;
    let user = UserConfig::read(session.environ.user_config.as_deref())?;
    let (source, config) = args.source(session)?;
    let mut settings = Settings::new(RequiredSettings {
        listen: args.listen,
        environment: args.env.clone(),
        source,
        upstream: args.upstream(&user, session)?,
        provider: args.upstream.provider.clone(),
        auth: args.auth(&user)?,
        shape: |reference, loaded, variables, live| {
            let shape = PromptJson::new(reference, loaded, variables, live);
            serde_json::to_value(shape).unwrap_or(Value::Null)
        },
    });
    let log = args.log(&config, session)?;
    // Hashes would take long beside the rest of a call.
    settings.keeps_calls = !args.life.no_log;
    settings.log = log.clone();
    settings.prices = user.own_prices(&session.environ)?;
    settings.privacy = config.log.privacy;
    settings.has_reads = args.listen.ip().is_loopback() || args.access.auth == AuthArg::Keys;
    settings.hosts.clone_from(&args.access.host);
    settings.origins.clone_from(&args.access.allow_origin);
    settings.unknown = args.unknown_prompts;
    settings.pinned = args.pinned;
    settings.stored_turns = args.stored_turns;
    settings.has_echo = !args.no_echo;
    settings.has_access_log = args.life.access_log;
    settings.listen_for_figures = args.life.metrics_listen;
    settings.fetch_every = args.fetch_every.max(Duration::from_millis(100));
    settings.max_stale = args.max_stale;
    settings.drain = args.life.drain;
    settings.grace = args.life.grace;
    settings
        .stored_prompts
        .clone_from(&session.environ.stored_prompts);
    settings.now = session.environ.now;
    if args.snapshot.is_none() {
        settings.program = Some(args.program(session, &[])?);
    }
    warm_up(&args.upstream.provider);
    let place = Reporter {
        upstream: settings.upstream.base_url.clone(),
        environment: args.env.clone(),
        auth: args.access.auth,
        to_stdout: args.life.log.as_deref() == Some("-"),
        is_any_port: args.listen.port() == 0,
        log,
    };
    let mut is_failing = false;
    serve::run(settings, &mut |note| {
        place.hear(note, &mut is_failing, session);
    })?;
    Ok(Exit::Done)
}

impl Args {
    /// Whoever reaches a gateway that asks for no key of its own can use what it knows.
    fn refuse_exposed(&self) -> Result<(), Failure> {
        let is_open = self.access.auth == AuthArg::Pass && !self.access.public_pass_through;
        if self.listen.ip().is_loopback() || !is_open {
            return Ok(());
        }
        Err(Failure::new(
            code::EXPOSED,
            format!("{} can be reached by others, and nobody would be asked for a key", self.listen),
        )
        .hint("--auth keys asks every caller for a key of `serve.keys` in your own configuration")
        .hint("--public-pass-through is for a container whose callers bring their own keys of the API; prompts cannot be read then")
        .hint("a sidecar listens on 127.0.0.1 and needs neither"))
    }

    fn source(&self, session: &Session) -> Result<(Source, Config), Failure> {
        if let Some(file) = &self.snapshot {
            let config = Config::in_repository(&session.directory)?;
            return Ok((Source::File(session.directory.join(file)), config));
        }
        let (mut store, config) = session.store()?;
        if store.has_remote() && store.require_releases().is_err() {
            // A fresh clone, as a container has it, brings the releases before it serves them. Where
            // nobody can be asked for a password, nobody waits for it either.
            match session.ui.can_ask() {
                true => drop(store.fetch_all(&[])?),
                false => serve::fetch(&self.program(session, &["--quiet", "fetch"])?)?,
            }
            // Another process may have brought them.
            store = session.store()?.0;
        }
        store.require_releases()?;
        store.require_environment(&self.env)?;
        let fetch = match store.settings().remote {
            Some(_) => Some(self.program(session, &["--quiet", "fetch"])?),
            None => None,
        };
        let (start, settings) = (session.start(), store.settings().clone());
        let open = move || {
            let store = Store::open(&start)?;
            // The configuration may change while the gateway runs; what a fetch asks for does not.
            store.with_settings(StoreSettings {
                unattended: true,
                ..settings.clone()
            })
        };
        let open = Arc::new(open);
        Ok((Source::Git { open, fetch }, config))
    }

    /// This program in this folder, with these arguments.
    fn program(
        &self,
        session: &Session,
        arguments: &[&str],
    ) -> Result<Vec<std::ffi::OsString>, Failure> {
        let mut line = vec![
            Environ::program()?.into_os_string(),
            "-C".into(),
            session.directory.clone().into(),
        ];
        line.extend(arguments.iter().map(Into::into));
        Ok(line)
    }

    fn upstream(&self, user: &UserConfig, session: &Session) -> Result<client::Settings, Failure> {
        let provider = &self.upstream.provider;
        let mut settings = match self.access.auth {
            AuthArg::Keys => settings_of(&user.api(provider, &session.environ)?)?,
            AuthArg::Pass => {
                let base_url = match &self.upstream.upstream {
                    Some(url) => url.clone(),
                    None => user.address(provider, &session.environ)?.0,
                };
                let mut settings = client::Settings::new(base_url);
                settings
                    .ssl_cert_file
                    .clone_from(&session.environ.ssl_cert_file);
                settings
            }
        };
        if let Some(url) = &self.upstream.upstream {
            settings.base_url.clone_from(url);
        }
        settings.timeout = self.upstream.timeout;
        refuse_loop(&settings.base_url, self.listen)?;
        Ok(settings)
    }

    fn auth(&self, user: &UserConfig) -> Result<Auth, Failure> {
        match self.access.auth {
            AuthArg::Pass => Ok(Auth::Pass),
            AuthArg::Keys if user.caller_keys.is_empty() => Err(Failure::new(
                code::BAD_CONFIG,
                "--auth keys wants keys, and your own configuration has none",
            )
            .hint("add to promptctl/config.yaml: serve: {keys: [{name: web, sha256: …, may: [call]}]}")
            .hint("printf %s KEY | sha256sum gives the hash of a key")),
            AuthArg::Keys => Ok(Auth::Keys(user.caller_keys.clone())),
        }
    }

    fn log(&self, config: &Config, session: &Session) -> Result<Option<Log>, Failure> {
        if self.life.no_log || self.life.log.as_deref() == Some("-") {
            return Ok(None);
        }
        if let Some(path) = &self.life.log {
            return Ok(Some(rotated(
                Log::at(session.directory.join(path)),
                &config.log,
            )));
        }
        if self.snapshot.is_none() {
            let (store, config) = session.store()?;
            return Ok(Some(log(&store, &config, session)));
        }
        let path = session.environ.log.clone();
        let path = path.unwrap_or_else(|| session.directory.join(".promptctl/executions.jsonl"));
        Ok(Some(rotated(Log::at(path), &config.log)))
    }
}

fn rotated(log: Log, config: &LogConfig) -> Log {
    match config.max_size {
        Some(bytes) => log.rotated_at(bytes),
        None => log,
    }
}

/// `OPENAI_BASE_URL` is how callers are led here; led by it, the gateway would call itself.
fn refuse_loop(url: &str, listen: SocketAddr) -> Result<(), Failure> {
    let rest = url.trim().strip_prefix("http://").unwrap_or_default();
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost"
        || host
            .parse()
            .is_ok_and(|it: std::net::IpAddr| it.is_loopback());
    if is_here && port.parse() == Ok(listen.port()) && listen.port() != 0 {
        return Err(Failure::usage(format!("calls would go on to {url}, which is this gateway"))
            .hint("OPENAI_BASE_URL is set for its callers: start it with --upstream https://api.openai.com/v1"));
    }
    Ok(())
}

/// What is said, and where records go.
struct Reporter {
    upstream: String,
    environment: Environment,
    auth: AuthArg,
    to_stdout: bool,
    /// Whether the address was left to the system.
    is_any_port: bool,
    log: Option<Log>,
}

impl Reporter {
    fn hear(&self, note: GatewayEvent, is_failing: &mut bool, session: &mut Session) {
        match note {
            GatewayEvent::Ready(address, figures) => self.greet((address, figures), session),
            GatewayEvent::Status(text) => session.ui.status(text),
            GatewayEvent::Access(text) => session.ui.status_always(text),
            GatewayEvent::Warning(failure) => {
                session.ui.warning(&failure);
                for hint in &failure.hints {
                    session.ui.hint(words(hint));
                }
            }
            GatewayEvent::Call(ended) => {
                let mut record = ended.record;
                record.request_hash = ended.own.as_ref().map(request_hash);
                record.sent_hash = ended.sent.as_ref().map(request_hash);
                self.keep(&[record], is_failing, session);
            }
            GatewayEvent::Outcomes(outcomes) => self.keep(&outcomes, is_failing, session),
        }
    }

    fn keep<T: serde::Serialize>(&self, lines: &[T], is_failing: &mut bool, session: &mut Session) {
        if self.to_stdout {
            for line in lines {
                session.ui.line(crate::output::json::line(line));
            }
            session.ui.flush();
            return;
        }
        let Some(log) = &self.log else { return };
        match log.append_all(lines) {
            Ok(()) => *is_failing = false,
            // Once is enough; callers have their answers all the same.
            Err(_) if *is_failing => {}
            Err(failure) => {
                *is_failing = true;
                session
                    .ui
                    .warning(format!("calls are not recorded: {failure}"));
            }
        }
    }

    fn greet(&self, (address, figures): (SocketAddr, Option<SocketAddr>), session: &mut Session) {
        if self.is_any_port && (session.ui.is_quiet() || !session.ui.out_is_terminal()) {
            // Which one it was, a script reads here; a person reads the line below.
            session.ui.line(format!("http://{address}/v1"));
            session.ui.flush();
        }
        let keys = match self.auth {
            AuthArg::Pass => "with the callers' own keys",
            AuthArg::Keys => "with the key of this machine",
        };
        session.ui.status(format!(
            "serving {} at http://{address}/v1; calls go on to {} {keys}",
            self.environment, self.upstream
        ));
        if let Some(figures) = figures {
            session
                .ui
                .status(format!("figures are at http://{figures}/metrics"));
        }
        if session.ui.can_ask() {
            session.ui.hint(format!(
                "OPENAI_BASE_URL=http://{address}/v1 leads a service here"
            ));
        }
    }
}

#[cfg(test)]
mod tests;

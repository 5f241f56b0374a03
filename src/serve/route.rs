//! From a request to who answers it, and who may ask.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, ORIGIN, UPGRADE};
use hyper::{Method, Request, Response, StatusCode};

use super::answer::{error_response, problem_response, text};
use super::auth::{Auth, Permission};
use super::body::{GuardedBody, Outgoing};
use super::connection::Connection;
use super::head;
use super::outcomes;
use super::problem::{Problem, clipped_to};
use super::proxy::{self, CallResponse};
use super::reads;
use super::state::{GatewayEvent, State, locked};

/// How much of a path is printed.
const LONGEST_PATH: usize = 300;

/// The kind of figures, as Prometheus knows it.
const FIGURES: &str = "text/plain; version=0.0.4";

/// Answers a request, whatever comes of it.
pub(super) async fn answer(
    state: Arc<State>,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Response<Outgoing> {
    let started = Instant::now();
    let busy = connection.begin();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let said = match route(&state, &connection, request).await {
        Ok(said) => said,
        Err(problem) => {
            locked(&state.metrics).count_rejected(problem.reason());
            CallResponse::from(problem_response(&problem))
        }
    };
    let status = said.response.status().as_u16();
    locked(&state.metrics).count_request(&said.prompt, &said.version, status);
    let line = state.settings.has_access_log.then(|| {
        let prompt = match said.prompt.is_empty() {
            true => "-".to_owned(),
            false => format!("{}@v{}", said.prompt, said.version),
        };
        let or_none = |text: &str| match text.is_empty() {
            true => "-".to_owned(),
            false => text.to_owned(),
        };
        let (execution, caller) = (or_none(&said.execution), or_none(&said.caller));
        let path = clipped_to(path, LONGEST_PATH);
        format!("{method} {path} {status} {prompt} {execution} {caller}")
    });
    let last = Last {
        _busy: busy,
        state,
        started,
        line,
    };
    said.response.map(|body| {
        use http_body_util::BodyExt as _;
        GuardedBody::new(body, last).boxed_unsync()
    })
}

/// Answers at the address of figures, where nothing else is answered and no key is needed.
pub(super) fn figures(
    state: &State,
    connection: &Arc<Connection>,
    request: &Request<Incoming>,
) -> Response<Outgoing> {
    let busy = connection.begin();
    let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_ours = || {
        // A page of another site can lead a browser to this machine.
        let listen = state.settings.listen_for_figures;
        check_host(state, listen, request.headers())
    };
    let answered = match request.uri().path() {
        "/healthz" if is_get => text(StatusCode::OK, "ok\n"),
        "/readyz" if is_get => readiness(state),
        "/metrics" if is_get => {
            match head::check(request, has_body(request)).and_then(|()| is_ours()) {
                Ok(()) => error_response(StatusCode::OK, FIGURES, state.figures()),
                Err(problem) => problem_response(&problem),
            }
        }
        _ => text(StatusCode::NOT_FOUND, "figures are at /metrics\n"),
    };
    answered.map(|body| {
        use http_body_util::BodyExt as _;
        GuardedBody::new(body, busy).boxed_unsync()
    })
}

/// What happens when the last byte has gone.
struct Last {
    _busy: super::connection::Busy,
    state: Arc<State>,
    started: Instant,
    line: Option<String>,
}

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            let took = self.started.elapsed().as_millis();
            self.state
                .say(GatewayEvent::Access(format!("{line} {took} ms")));
        }
    }
}

async fn route(
    state: &Arc<State>,
    connection: &Connection,
    request: Request<Incoming>,
) -> Result<CallResponse, Problem> {
    let path = request.uri().path();
    head::check(&request, has_body(&request))?;
    let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
    match path {
        // A kubelet sends the pod's address as the host, and no key.
        "/healthz" if is_get => return Ok(text(StatusCode::OK, "ok\n").into()),
        "/readyz" if is_get => return Ok(readiness(state).into()),
        _ => {}
    }
    check_host(state, Some(state.settings.listen), request.headers())?;
    check_origin(state, request.headers(), is_get)?;
    if request.headers().contains_key(UPGRADE) {
        return Err(Problem::new(
            501,
            Some("upgrade_unsupported"),
            "Web sockets are not passed on.",
        )
        .hint("set `OPENAI_BASE_URL` for calls over HTTP alone; realtime goes to the API itself"));
    }
    let is_post = request.method() == Method::POST;
    let wanted = right_for(path, is_post);
    let Some(right) = wanted else {
        return Err(Problem::new(
            404,
            None,
            format!("Nothing is served at {}.", path.escape_debug()),
        )
        .hint("the API is below /v1: set the base URL to http://HOST:PORT/v1"));
    };
    let key = check_key(state, connection, request.headers(), right)?;
    if right == Permission::Read && !state.settings.has_reads {
        return Err(Problem::new(
            403,
            Some("insufficient_permissions"),
            "Prompts are read with a key only, where others reach the gateway.",
        )
        .hint("start it with `--auth keys`"));
    }
    let caller = key.clone().unwrap_or_default();
    let said: CallResponse = match path {
        "/metrics" => error_response(StatusCode::OK, FIGURES, state.figures()).into(),
        "/v1/responses" if is_post => proxy::call(state, request, key).await?.covered(state),
        "/v1/outcomes" if is_post => outcomes::take(state, request).await?.into(),
        _ if right == Permission::Read => reads::answer(state, request).await?.into(),
        _ => proxy::forward(state, request).await?.covered(state),
    };
    Ok(CallResponse { caller, ..said })
}

/// What a path asks for; none where nothing is.
fn right_for(path: &str, is_post: bool) -> Option<Permission> {
    let is_below = |start: &str| {
        let rest = path.strip_prefix(start);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if is_below("/v1/prompts")
        || path == "/v1/snapshot"
        || path == "/metrics"
        || path == reads::LITELLM
    {
        return Some(Permission::Read);
    }
    let is_call = ["/v1/responses", "/v1/conversations", "/v1/models"]
        .into_iter()
        .any(is_below);
    if is_call || path == "/v1/outcomes" && is_post {
        return Some(Permission::Call);
    }
    is_below("/v1").then_some(Permission::Forward)
}

fn readiness(state: &State) -> Response<Outgoing> {
    if state.is_draining.load(Ordering::Relaxed) {
        return text(StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    let is_stale = state
        .settings
        .max_stale
        .is_some_and(|most| state.snapshot_age() > most);
    match is_stale {
        true => text(StatusCode::SERVICE_UNAVAILABLE, "the snapshot is too old\n"),
        false => text(StatusCode::OK, "ready\n"),
    }
}

/// The host of an authority, without its port.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// A page of another site can lead a browser here by a name of its own.
fn check_host(
    state: &State,
    listen: Option<SocketAddr>,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let settings = &state.settings;
    if settings.hosts.is_empty() && listen.is_none_or(|it| !it.ip().is_loopback()) {
        return Ok(());
    }
    let host = headers
        .get(HOST)
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    let host = host_of(host);
    if is_loopback(host)
        || settings
            .hosts
            .iter()
            .any(|it| it.eq_ignore_ascii_case(host))
    {
        return Ok(());
    }
    Err(Problem::new(
        421,
        Some("wrong_host"),
        format!("This gateway is not called {}.", host.escape_debug()),
    )
    .hint("`--host NAME` allows a name"))
}

fn check_origin(state: &State, headers: &HeaderMap, is_get: bool) -> Result<(), Problem> {
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let own = headers
        .get(HOST)
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    let is_own = origin
        .split_once("://")
        .is_some_and(|(_, authority)| authority == own);
    let is_allowed = is_get && state.settings.origins.iter().any(|it| it == origin);
    match is_own || is_allowed {
        true => Ok(()),
        false => Err(Problem::new(
            403,
            Some("foreign_origin"),
            "Pages of other sites may not call this gateway.",
        )
        .hint("`--allow-origin URL` lets the pages of a site read")),
    }
}

fn check_key(
    state: &State,
    connection: &Connection,
    headers: &HeaderMap,
    right: Permission,
) -> Result<Option<String>, Problem> {
    if state.settings.auth == Auth::Pass {
        return Ok(None);
    }
    let token = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let token = token
        .and_then(|it| it.strip_prefix("Bearer "))
        .map(str::trim);
    let checked = state.settings.auth.check(token, right);
    // Who has a right key gets in: behind a balancer all callers have one address.
    if token.is_some() && checked.as_ref().is_err_and(|problem| problem.status == 401) {
        let now = Instant::now();
        let mut failures = locked(&state.failures);
        if failures.is_blocked(connection.peer, now) {
            return Err(Problem::new(
                429,
                Some("too_many_failures"),
                "Too many wrong keys came from this address.",
            )
            .retry_after(60));
        }
        failures.add(connection.peer, now);
    }
    checked.map(|name| name.map(str::to_owned))
}

fn has_body(request: &Request<Incoming>) -> bool {
    use hyper::body::Body as _;
    !request.body().is_end_stream()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_asks_for_one_right() {
        for (path, right) in [
            ("/v1/responses", Some(Permission::Call)),
            ("/v1/responses/resp_1/cancel", Some(Permission::Call)),
            ("/v1/models", Some(Permission::Call)),
            ("/v1/conversations/c/items", Some(Permission::Call)),
            ("/v1/outcomes", Some(Permission::Call)),
            ("/v1/files", Some(Permission::Forward)),
            ("/v1/responsesx", Some(Permission::Forward)),
            ("/v1/chat/completions", Some(Permission::Forward)),
            ("/v1/prompts", Some(Permission::Read)),
            ("/v1/prompts/a/-/render", Some(Permission::Read)),
            ("/v1/snapshot", Some(Permission::Read)),
            ("/metrics", Some(Permission::Read)),
            ("/v2/responses", None),
            ("/", None),
            ("/admin/refresh", None),
        ] {
            assert_eq!(right_for(path, true), right, "{path}");
        }
    }

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        for (authority, is_own) in [
            ("localhost:8377", true),
            ("127.0.0.1:8377", true),
            ("127.9.9.9", true),
            ("[::1]:8377", true),
            ("evil.example:8377", false),
            ("localhost.evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(host_of(authority)), is_own, "{authority}");
        }
    }
}

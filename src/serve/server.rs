//! Listening: connections in, until it is time to end.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::connection::{Connection, Watched};
use super::route;
use super::state::Order;
use super::state::{GatewayEvent, State, locked};

/// How many bytes and lines the head of a request may have.
const LARGEST_HEAD: usize = 64 * 1024;
const MOST_HEADERS: usize = 100;
/// How often is looked for connections that rest.
const LOOK: Duration = Duration::from_secs(1);
/// How long the last bytes may take to go.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// Serves until a signal ends it.
pub(super) async fn serve(
    state: Arc<State>,
    (listener, figures): (TcpListener, Option<TcpListener>),
    most_connections: usize,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let figures = figures.map(tokio::net::TcpListener::from_std).transpose()?;
    let mut signals = Signals::new()?;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut drained = pin!(pending_sleep());
    let mut is_draining = false;
    loop {
        tokio::select! {
            (accepted, door) = accept(&listener, figures.as_ref()) => match accepted {
                Ok((stream, peer)) => {
                    // Without this each event of a stream would wait for the one before to be confirmed.
                    drop(stream.set_nodelay(true));
                    if state.connections.count() >= most_connections && !state.connections.make_room() {
                        continue;
                    }
                    let connection = state.connections.add(peer.ip());
                    tokio::spawn(attend(Arc::clone(&state), stream, connection, door));
                }
                // No file is left, or the caller has gone: the next one may do better.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            _ = look.tick() => state.connections.close_stale(Instant::now()),
            signal = signals.next() => {
                if signal == Signal::Refresh {
                    drop(locked(&state.refresh).send(Order::Now));
                    continue;
                }
                if is_draining {
                    return Ok(());
                }
                is_draining = true;
                state.is_draining.store(true, Ordering::Relaxed);
                state.say(GatewayEvent::Status("draining; once more ends it at once".to_owned()));
                drained.set(Box::pin(tokio::time::sleep(state.settings.drain)));
            }
            () = &mut drained, if is_draining => break,
        }
    }
    drop((listener, figures));
    end(&state, &mut signals).await;
    Ok(())
}

/// By which address a caller came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Calls,
    Figures,
}

async fn accept(
    calls: &tokio::net::TcpListener,
    figures: Option<&tokio::net::TcpListener>,
) -> (std::io::Result<(TcpStream, SocketAddr)>, Door) {
    let Some(figures) = figures else {
        return (calls.accept().await, Door::Calls);
    };
    tokio::select! {
        accepted = calls.accept() => (accepted, Door::Calls),
        accepted = figures.accept() => (accepted, Door::Figures),
    }
}

fn pending_sleep() -> std::pin::Pin<Box<tokio::time::Sleep>> {
    Box::pin(tokio::time::sleep(Duration::from_secs(u64::from(u32::MAX))))
}

/// Waits for the calls under way, as long as they may take.
async fn end(state: &State, signals: &mut Signals) {
    let until = tokio::time::Instant::now() + state.settings.grace;
    let step = Duration::from_millis(20);
    state.connections.leave();
    while state.connections.busy() > 0 && tokio::time::Instant::now() < until {
        tokio::select! {
            () = tokio::time::sleep(step) => state.connections.leave(),
            signal = signals.next() => if signal == Signal::End {
                break;
            },
        }
    }
    // Those that are still under way are reported, and their records kept.
    let _ = state.cut.send(true);
    let last = tokio::time::Instant::now() + LAST_BYTES;
    while state.connections.count() > 0 && tokio::time::Instant::now() < last {
        state.connections.leave();
        tokio::time::sleep(step).await;
    }
}

async fn attend(state: Arc<State>, stream: TcpStream, connection: Arc<Connection>, door: Door) {
    let io = TokioIo::new(Watched {
        stream,
        connection: Arc::clone(&connection),
    });
    let service = service_fn(|request| {
        let (state, connection) = (Arc::clone(&state), Arc::clone(&connection));
        async move {
            Ok::<_, Infallible>(match door {
                Door::Calls => route::answer(state, connection, request).await,
                Door::Figures => route::figures(&state, &connection, &request),
            })
        }
    });
    let served = http1::Builder::new()
        .max_buf_size(LARGEST_HEAD)
        .max_header_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        // Heads and rests have limits of their own, which tell them apart.
        .header_read_timeout(None)
        .serve_connection(io, service);
    let mut served = pin!(served);
    loop {
        tokio::select! {
            // What went wrong with a connection is nobody's business but the caller's.
            _ = served.as_mut() => break,
            () = connection.cut.notified() => break,
            () = connection.leave.notified() => served.as_mut().graceful_shutdown(),
        }
    }
    state.connections.remove(&connection);
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(unix), allow(dead_code, reason = "nothing asks for it there"))]
enum Signal {
    End,
    Refresh,
}

/// The signals that end or refresh the gateway.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::End,
            _ = self.interrupt.recv() => Signal::End,
            _ = self.hang_up.recv() => Signal::Refresh,
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) -> Signal {
        crate::openai::client::interrupted().await;
        Signal::End
    }
}

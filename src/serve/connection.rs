//! Connections: which are idle, since when, and how they are closed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// How long a connection may rest between two requests: longer than the balancers of clouds do.
const REST: Duration = Duration::from_secs(75);
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(10);

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) peer: IpAddr,
    number: u64,
    state: Mutex<ConnectionState>,
    /// Ends the connection, whatever it does.
    pub(super) cut: Notify,
    /// Ends it after the request that is under way.
    pub(super) leave: Notify,
}

#[derive(Debug)]
struct ConnectionState {
    /// Requests under way.
    busy: u32,
    since: Instant,
    /// Whether the beginning of a request has come.
    is_begun: bool,
}

impl Connection {
    fn with<T>(&self, change: impl FnOnce(&mut ConnectionState) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn bytes_came(&self) {
        self.with(|state| {
            if state.busy == 0 && !state.is_begun {
                state.is_begun = true;
                state.since = Instant::now();
            }
        });
    }

    /// A request has begun; it ends when what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.with(|state| {
            state.busy += 1;
            state.is_begun = false;
        });
        Busy(Arc::clone(self))
    }

    /// How long nothing was asked, if nothing is.
    fn rest(&self, now: Instant) -> Option<(Duration, bool)> {
        self.with(|state| {
            (state.busy == 0).then(|| (now.saturating_duration_since(state.since), state.is_begun))
        })
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Busy(Arc<Connection>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.with(|state| {
            state.busy = state.busy.saturating_sub(1);
            state.since = Instant::now();
        });
    }
}

#[derive(Debug, Default)]
pub(super) struct Connections {
    open: Mutex<(u64, HashMap<u64, Arc<Connection>>)>,
}

impl Connections {
    fn with<T>(&self, change: impl FnOnce(&mut (u64, HashMap<u64, Arc<Connection>>)) -> T) -> T {
        change(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn count(&self) -> usize {
        self.with(|(_, open)| open.len())
    }

    /// How many requests are under way.
    pub(super) fn busy(&self) -> usize {
        let now = Instant::now();
        self.with(|(_, open)| open.values().filter(|it| it.rest(now).is_none()).count())
    }

    pub(super) fn add(&self, peer: IpAddr) -> Arc<Connection> {
        self.with(|(next, open)| {
            *next += 1;
            let connection = Arc::new(Connection {
                peer,
                number: *next,
                state: Mutex::new(ConnectionState {
                    busy: 0,
                    since: Instant::now(),
                    is_begun: false,
                }),
                cut: Notify::new(),
                leave: Notify::new(),
            });
            open.insert(*next, Arc::clone(&connection));
            connection
        })
    }

    pub(super) fn remove(&self, connection: &Connection) {
        self.with(|(_, open)| open.remove(&connection.number));
    }

    /// Closes the connection that has rested longest. Whether there was one.
    pub(super) fn make_room(&self) -> bool {
        let now = Instant::now();
        self.with(|(_, open)| {
            let resting = open.values().filter_map(|it| Some((it.rest(now)?.0, it)));
            let longest = resting.max_by_key(|(rest, it)| (*rest, std::cmp::Reverse(it.number)));
            let Some(number) = longest.map(|(_, it)| it.number) else {
                return false;
            };
            // Forgotten at once, so that the next one is another.
            if let Some(connection) = open.remove(&number) {
                connection.cut.notify_one();
            }
            true
        })
    }

    /// Closes the connections that rest too long, or take too long to say what they want.
    pub(super) fn close_stale(&self, now: Instant) {
        self.with(|(_, open)| {
            for connection in open.values() {
                let limit = |is_begun: bool| if is_begun { HEAD } else { REST };
                if connection
                    .rest(now)
                    .is_some_and(|(rest, is_begun)| rest >= limit(is_begun))
                {
                    connection.cut.notify_one();
                }
            }
        });
    }

    /// Asks all to end after the request that is under way.
    pub(super) fn leave(&self) {
        self.with(|(_, open)| open.values().for_each(|it| it.leave.notify_one()));
    }
}

/// The stream of a connection, which notes that bytes came.
pub(super) struct Watched {
    pub(super) stream: TcpStream,
    pub(super) connection: Arc<Connection>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.connection.bytes_came();
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn room_is_made_by_the_connection_that_rests_longest() {
        let connections = Connections::default();
        let first = connections.add(PEER);
        let busy = first.begin();
        let second = connections.add(PEER);
        let _third = connections.add(PEER);
        assert_eq!(connections.busy(), 1);
        assert!(connections.make_room());
        assert_eq!(connections.count(), 2);
        assert!(!connections.with(|(_, open)| open.contains_key(&second.number)));
        assert!(connections.make_room());
        assert!(!connections.make_room(), "the busy one stays");
        drop(busy);
        assert!(connections.make_room());
    }

    #[test]
    fn a_head_that_does_not_come_and_a_long_rest_end_a_connection() {
        let connections = Connections::default();
        let now = Instant::now();
        let is_cut = |connection: &Connection| {
            use futures_util::FutureExt as _;
            connection.cut.notified().now_or_never().is_some()
        };
        let resting = connections.add(PEER);
        let slow = connections.add(PEER);
        slow.bytes_came();
        let busy = connections.add(PEER);
        let _busy = busy.begin();
        connections.close_stale(now + Duration::from_secs(5));
        assert!(![&resting, &slow, &busy].into_iter().any(|it| is_cut(it)));
        connections.close_stale(now + Duration::from_secs(11));
        assert!(is_cut(&slow) && !is_cut(&resting) && !is_cut(&busy));
        connections.close_stale(now + Duration::from_secs(76));
        assert!(is_cut(&resting) && !is_cut(&busy));
    }
}

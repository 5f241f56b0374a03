//! Keeping the snapshot current, beside the calls: what the remote has is fetched, and what is live
//! is read again where that changed. Whatever goes wrong, the last good snapshot is served.

use std::ffi::OsString;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::snapshot::{Snapshot, Source, Wanted};
use super::state::{GatewayEvent, Order, State, locked};
use crate::error::Failure;
use crate::prompt::code;

/// How long a fetch may take.
const FETCH_LIMIT: Duration = Duration::from_secs(30);
/// The longest wait after failures.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// How often is looked whether a fetch has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Fetches once, before there is anything to serve.
///
/// # Errors
/// The remote cannot be reached, or does not answer in time.
pub fn fetch_first(line: &[OsString]) -> Result<(), Failure> {
    let (_nobody, orders) = std::sync::mpsc::channel();
    match fetch(line, &orders, FETCH_LIMIT) {
        Err(Ended::Failed(failure)) => Err(failure),
        Ok(()) | Err(Ended::Shutdown) => Ok(()),
    }
}

/// Refreshes until the gateway ends.
pub(super) fn run(state: &Arc<State>, wanted: &Wanted, orders: &Receiver<Order>) {
    let mut failures = 0;
    // The first snapshot was read from what this clone knew.
    let mut wait = match &state.settings.source {
        Source::Git { fetch: Some(_), .. } => Duration::ZERO,
        _ => every(state, failures),
    };
    loop {
        match orders.recv_timeout(wait) {
            Ok(Order::Now) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => return,
        }
        match refresh(state, wanted, orders) {
            Ok(Some(snapshot)) => {
                let (count, id) = (
                    snapshot.catalog.served().count(),
                    snapshot.catalog.id.clone(),
                );
                let before = state.snapshot();
                state.swap(snapshot);
                super::tell_of_unsent(state, Some(&before));
                state.say(GatewayEvent::Status(format!(
                    "snapshot {id}: {count} prompts are live in {}",
                    wanted.environment
                )));
                failures = 0;
            }
            Ok(None) => failures = 0,
            Err(Ended::Shutdown) => return,
            Err(Ended::Failed(failure)) => {
                // Once is enough: the figures tell the rest.
                if failures == 0 {
                    state.say(GatewayEvent::Warning(
                        failure.hint("the last good snapshot is served until this is mended"),
                    ));
                }
                failures += 1;
                locked(&state.metrics).fetch_failures += 1;
            }
        }
        if failures == 0 {
            *locked(&state.checked) = Instant::now();
        }
        wait = every(state, failures);
    }
}

/// How long to wait: a little more or less each time, so that replicas do not ask at once.
fn every(state: &State, failures: u32) -> Duration {
    let base = state.settings.fetch_every;
    let base = match failures {
        0 => base,
        _ => (base * 2u32.saturating_pow(failures.min(10))).min(LONGEST_WAIT.max(base)),
    };
    let random = uuid::Uuid::now_v7().as_bytes()[15];
    base.mul_f64(0.9 + 0.2 * f64::from(random) / 255.0)
}

enum Ended {
    /// The gateway ends.
    Shutdown,
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn refresh(
    state: &State,
    wanted: &Wanted,
    orders: &Receiver<Order>,
) -> Result<Option<Snapshot>, Ended> {
    let source = &state.settings.source;
    // A remote that is gone does not keep what this clone knows from being served.
    let fetched = match source {
        Source::Git {
            fetch: Some(line), ..
        } => fetch(line, orders, FETCH_LIMIT),
        _ => Ok(()),
    };
    if let Err(Ended::Shutdown) = fetched {
        return Err(Ended::Shutdown);
    }
    let read = source.read(wanted, Some(&state.snapshot()))?;
    match (read, fetched) {
        (Some(snapshot), _) => Ok(Some(snapshot)),
        (None, Ok(())) => Ok(None),
        (None, Err(ended)) => Err(ended),
    }
}

fn fetch(line: &[OsString], orders: &Receiver<Order>, limit: Duration) -> Result<(), Ended> {
    let failed = |message: String| {
        Failure::new(code::REMOTE_UNREACHABLE, message).hint("promptctl fetch says more")
    };
    let Some((program, arguments)) = line.split_first() else {
        return Ok(());
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // git starts other programs; all of them end together.
        command.process_group(0);
    }
    let mut child = command
        .spawn()
        .map_err(|error| failed(format!("the fetch could not be started: {error}")))?;
    // What it says is short; a full pipe would only make it late.
    let until = Instant::now() + limit;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() >= until => {
                end(&mut child);
                return Err(failed(format!(
                    "the remote did not answer within {} seconds",
                    limit.as_secs()
                ))
                .into());
            }
            Ok(None) => {}
            Err(error) => return Err(failed(format!("the fetch was lost: {error}")).into()),
        }
        match orders.recv_timeout(LOOK) {
            Ok(Order::Now) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => {
                end(&mut child);
                return Err(Ended::Shutdown);
            }
        }
    };
    if status.success() {
        return Ok(());
    }
    let mut said = String::new();
    if let Some(mut err) = child.stderr.take() {
        use std::io::Read as _;
        let mut bytes = Vec::new();
        // The first lines say what is wrong.
        drop(err.by_ref().take(4096).read_to_end(&mut bytes));
        said = String::from_utf8_lossy(&bytes).into_owned();
    }
    let first = said
        .lines()
        .map(|line| line.trim_start_matches("error: "))
        .find(|line| !line.is_empty());
    Err(failed(
        first
            .unwrap_or("the fetch failed without a word")
            .to_owned(),
    )
    .into())
}

fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(id) = i32::try_from(child.id())
        && let Some(group) = rustix::process::Pid::from_raw(id)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    drop(child.kill());
    drop(child.wait());
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn line(script: &str) -> Vec<OsString> {
        ["sh", "-c", script].map(OsString::from).to_vec()
    }

    #[test]
    fn a_fetch_that_hangs_is_ended_with_all_that_it_started() {
        let (_keep, orders) = channel();
        // The pipe of the shell's child would stay open if only the shell ended.
        let hangs = line("sleep 100000 & wait");
        let ended = fetch(&hangs, &orders, Duration::from_millis(50));
        let Err(Ended::Failed(failure)) = ended else {
            panic!("it did not fail");
        };
        assert_eq!(failure.code, Some(code::REMOTE_UNREACHABLE));
        insta::assert_snapshot!(failure.message, @"the remote did not answer within 0 seconds");
    }

    #[test]
    fn a_gateway_that_ends_does_not_wait_for_a_fetch() {
        let (orders, told) = channel();
        orders.send(Order::End).unwrap();
        let ended = fetch(&line("sleep 100000"), &told, FETCH_LIMIT);
        assert!(matches!(ended, Err(Ended::Shutdown)));
    }

    #[test]
    fn what_a_fetch_says_first_is_what_is_wrong() {
        let (_keep, orders) = channel();
        let fails = line("echo 'error: no such remote' >&2; exit 1");
        let Err(Ended::Failed(failure)) = fetch(&fails, &orders, FETCH_LIMIT) else {
            panic!("it did not fail");
        };
        assert_eq!(failure.message, "no such remote");
        assert!(fetch(&line("true"), &orders, FETCH_LIMIT).is_ok());
    }
}
